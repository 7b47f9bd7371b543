"""The course on CIFAR-10's own arrays, where they are.

    LAYERS_TEST_CIFAR10=path/to/cifar10.npz pytest -m slow tests/lessons/test_cifar10.py

The file is an ``.npz`` of the four arrays, or the original archive. Without it, a program
beside the course may make the arrays: see the README of the tests.
"""

import os
import subprocess
import sys
from pathlib import Path

import keras
import nbformat
import numpy as np
import pytest
from lesson_files import with_answers
from rerun import execute

from helpers.datasets import CIFAR10_CLASSES, load_cifar10, shapes
from helpers.engine.files import COURSE, NOTEBOOKS
from helpers.extraction import layer_outputs
from helpers.networks import cifar10_cnn, trained_cifar10_cnn
from helpers.statistics import dead_channels

ARRAYS = os.environ.get("LAYERS_TEST_CIFAR10")
MAKER = COURSE.parent / "shared" / "cifar10" / "expand.py"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (ARRAYS or MAKER.exists()), reason="LAYERS_TEST_CIFAR10 is not set"
    ),
]


@pytest.fixture(scope="module")
def arrays(tmp_path_factory):
    if ARRAYS:
        return Path(ARRAYS).resolve()
    made = tmp_path_factory.mktemp("cifar10") / "cifar10.npz"
    subprocess.run([sys.executable, MAKER, made], check=True)
    return made


@pytest.fixture
def cifar10(arrays, monkeypatch):
    monkeypatch.setenv("LAYERS_CIFAR10", str(arrays))
    return load_cifar10()


def test_arrays_are_cifar10s(cifar10):
    (x_train, y_train), (x_test, y_test) = cifar10
    assert x_train.shape == (50_000, 32, 32, 3) and x_test.shape == (10_000, 32, 32, 3)
    assert np.bincount(y_train.ravel()).tolist() == [5_000] * 10
    assert np.bincount(y_test.ravel()).tolist() == [1_000] * 10
    assert CIFAR10_CLASSES[y_test[0, 0]] == "cat"


def test_shipped_weights_reach_their_accuracy(cifar10):
    _, (x_test, y_test) = cifar10
    readme = (COURSE / "data/README.md").read_text(encoding="utf-8")
    lesson = (NOTEBOOKS / "04_every_layer_at_once.ipynb").read_text(encoding="utf-8")
    for optimizer, said in {"sgd": "test pictures: ", "adam": "With Adam: "}.items():
        network = trained_cifar10_cnn(optimizer)
        outputs = layer_outputs(network, x_test / np.float32(255), "dense_1")
        accuracy = (outputs["dense_1"].argmax(axis=1) == y_test[:, 0]).mean()
        assert accuracy >= 0.74
        assert f"{said}{accuracy:.4f}" in readme and f"{accuracy:.3f}" in lesson


def test_what_every_layer_at_once_says_of_dead_channels(cifar10):
    _, (x_test, _) = cifar10
    drawings, _ = shapes(500, seed=5)
    networks = {
        "start": cifar10_cnn(),
        "network": trained_cifar10_cnn(),
        "exhibit": trained_cifar10_cnn("adam"),
    }
    dead = {}
    for name, network in networks.items():
        for i in range(0, len(x_test), 1000):  # of all at once the maps take 1.6 GB
            images = x_test[i : i + 1000] / np.float32(255)
            for layer, maps in layer_outputs(
                network, images, keras.layers.Conv2D
            ).items():
                found = dead.setdefault((name, layer), np.arange(maps.shape[-1]))
                dead[name, layer] = np.intersect1d(found, dead_channels(maps))
    assert {key for key, channels in dead.items() if len(channels)} == {
        ("exhibit", "conv2d"),
        ("exhibit", "conv2d_1"),
        ("exhibit", "conv2d_2"),
    }
    drawn = layer_outputs(networks["exhibit"], drawings / np.float32(255), "conv2d_2")
    np.testing.assert_array_equal(
        dead["exhibit", "conv2d_2"], dead_channels(drawn["conv2d_2"])
    )
    assert len(dead["exhibit", "conv2d_2"]) == 31


def run(name, proof):
    """Run a solved lesson, a cell of assertions behind it; return what it prints."""
    path = NOTEBOOKS / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = with_answers(notebook)
    notebook.cells.append(nbformat.v4.new_code_cell(proof))
    execute(notebook, path.parent)
    outputs = [o for c in notebook.cells for o in c.get("outputs", [])]
    assert not [o for o in outputs if o.get("name") == "stderr"]
    shown = [o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs]
    printed = " ".join("".join(shown).split())
    solutions = [c for c in notebook.cells if c.source.startswith("# @title Solution")]
    assert printed.count("✓ Right. ") == len(solutions) >= 4
    assert "stand in" not in printed
    return printed


def test_cifar10_feature_maps_shows_cifar10s_cat_and_its_maps(cifar10):
    printed = run(
        "03_cifar10_feature_maps",
        "assert not cifar10.is_stand_in\n"
        "assert np.array_equal(image, x_test[0]) and y_test[0] == 3\n"
        "assert output.shape == (1, 4, 4, 64)\n"
        "was, is_now = ((one[..., :16] == 0).all(axis=(0, 1, 2)) "
        "for one in (output, outputs['conv2d_2']))\n"
        "assert (was & is_now).sum() == 2 and (is_now & ~was).sum() == 1\n",
    )
    _, (x_test, _) = cifar10
    low, high = x_test[0].min(), x_test[0].max()
    assert f"3 channels of uint8, values from {low} to {high}." in printed
    assert "conv2d_2: 16 of 64 channels, 4 rows by 4 columns each." in printed
    assert " cat 0.9" in printed


def test_using_layer_outputs_says_what_cifar10_gives(cifar10):
    run(
        "07_using_layer_outputs",
        "assert not cifar10.is_stand_in\n"
        "assert list(trained.values()) == sorted(trained.values())\n"
        "assert all(trained[name] > untrained[name] for name in names)\n"
        "told = [trained[n].round(2) for n in ('pixels', 'conv2d_2', 'dense', 'dense_1')]\n"
        "assert told == [0.33, 0.68, 0.77, 0.79] and abs(own - trained['dense_1']) < 0.03\n"
        "assert hits[0] <= 1 and hits[1] >= 4\n",
    )
    lesson = nbformat.read(NOTEBOOKS / "07_using_layer_outputs.ipynb", as_version=4)
    text = " ".join(" ".join(cell.source.split()) for cell in lesson.cells)
    shown = (
        "0.33 for pixels, 0.68 for `conv2d_2`, 0.77 for `dense` and 0.79 for `dense_1`"
    )
    assert f"gave {shown}" in text


def test_what_the_network_uses_says_the_same_of_cifar10(cifar10):
    printed = run(
        "08_what_the_network_uses",
        "assert shares.max() < 0.2 and together > 3 * shares[weak].max()\n"
        "assert readable(parts['used']) < readable(parts['rest'])\n"
        "assert (grad_cam(network, images[:100], 'conv2d_2', predicted[:100])"
        ".reshape(100, 16).argmax(axis=1) == falls_most).sum() < 50 < right\n",
    )
    assert "predicted classes that change: 0 " in printed
