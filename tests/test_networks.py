"""Both networks are the walkthroughs', number for number."""

import hashlib
import random
import re
import shutil

import keras
import numpy as np
import pytest

from helpers.engine import files
from helpers.engine.files import DATA
from helpers.networks import (
    cifar10_cnn,
    dense_answer_key,
    dense_network,
    trained_cifar10_cnn,
)

ROWS = np.eye(3, dtype="float32")


def test_dense_network_lands_on_the_walkthroughs_digits():
    model, key = dense_network(), dense_answer_key()
    hidden = keras.Model(model.inputs[0], model.get_layer("hidden").output)
    found = {
        "kernel": model.get_layer("hidden").kernel.numpy(),
        "hidden": hidden(ROWS).numpy(),
        "output": model(ROWS).numpy(),
    }
    assert found.keys() == key.keys()
    for name, values in found.items():
        np.testing.assert_allclose(values, key[name], atol=1e-6, rtol=0)


def test_dense_network_is_the_same_whatever_came_before():
    keras.utils.set_random_seed(99)
    first = dense_network().get_weights()
    keras.initializers.GlorotUniform()((3, 3))
    for a, b in zip(first, dense_network().get_weights()):
        np.testing.assert_array_equal(a, b)


def test_cnn_is_the_walkthroughs():
    model = cifar10_cnn()
    assert model.count_params() == 122_570
    assert [layer.output.shape[1:] for layer in model.layers] == [
        (30, 30, 32),
        (15, 15, 32),
        (13, 13, 64),
        (6, 6, 64),
        (4, 4, 64),
        (1024,),
        (64,),
        (10,),
    ]
    assert [layer.name for layer in cifar10_cnn().layers] == [
        "conv2d",
        "max_pooling2d",
        "conv2d_1",
        "max_pooling2d_1",
        "conv2d_2",
        "flatten",
        "dense",
        "dense_1",
    ]


def test_cnn_seed_decides_all_kernels_and_nothing_else():
    state = random.getstate()
    first, again, other = cifar10_cnn(), cifar10_cnn(), cifar10_cnn(seed=1)
    assert random.getstate() == state  # Keras draws its seeds from there
    for a, b, c in zip(first.weights, again.weights, other.weights):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
        if a.name == "kernel":
            assert not np.isclose(a.numpy(), c.numpy()).all()
    kernels = [w.numpy().ravel()[:9] for w in first.weights if w.name == "kernel"]
    assert len({tuple(k / np.abs(k).max()) for k in kernels}) == 5


OF_OPTIMIZER = {"sgd": "cifar10_cnn", "adam": "cifar10_cnn_adam"}


@pytest.mark.parametrize("name", OF_OPTIMIZER.values())
def test_shipped_weights_are_small_whole_and_hold_no_optimizer(name):
    path = DATA / f"{name}.weights.npz"
    assert path.stat().st_size < 1_000_000
    with np.load(path, allow_pickle=False) as arrays:
        assert sum(arrays[name].size for name in arrays) == 122_570
        assert all(np.isfinite(arrays[name]).all() for name in arrays)
    log = (DATA / f"{name}.log").read_text(encoding="utf-8")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert digest in log
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    assert digest in readme
    reached = re.findall(r"test loss .* accuracy ([\d.]+)", log)[-1]
    assert reached in readme


@pytest.mark.parametrize(("optimizer", "name"), OF_OPTIMIZER.items())
def test_shipped_weights_are_the_models(optimizer, name):
    model = trained_cifar10_cnn(optimizer)
    with np.load(DATA / f"{name}.weights.npz") as arrays:
        for layer in model.layers:
            for weight in layer.weights:
                stored = arrays[f"{layer.name}/{weight.name}"]
                np.testing.assert_array_equal(weight.numpy(), stored)


def test_the_log_says_what_the_course_says_of_the_weights():
    """No channel is dead on all test pictures, and 8 of 10 pictures are right."""
    log = (DATA / "cifar10_cnn.log").read_text(encoding="utf-8")
    accuracy, dead = re.findall(r"accuracy ([\d.]+)\s+\d+ s  dead (.+)", log)[-1]
    assert float(accuracy) >= 0.8 and dead == "[0, 0, 0]"


def test_weights_of_another_optimizer_are_not_there():
    with pytest.raises(ValueError, match="with 'adamw', only with 'sgd' and 'adam'"):
        trained_cifar10_cnn("adamw")


def test_one_changed_weight_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "DATA", tmp_path)
    with pytest.raises(FileNotFoundError, match="Get the course's folder as a whole"):
        trained_cifar10_cnn()
    data = DATA / "cifar10_cnn.weights.npz"
    arrays = dict(np.load(data))
    arrays["dense_1/bias"][3] += 1e-3
    np.savez(tmp_path / data.name, **arrays)
    with pytest.raises(ValueError, match="is not the file that the course ships"):
        trained_cifar10_cnn()
    shutil.copy(data, tmp_path)
    trained_cifar10_cnn()
