"""What the lesson What training changes says, beyond what its cells print."""

import re
import subprocess
import sys
from functools import cache

import keras
import nbformat
import numpy as np
import pytest
import tensorflow as tf
from lesson_files import code_cells

from helpers.datasets import SHAPE_CLASSES, cat_photograph, drawn_pictures, shapes
from helpers.engine.files import COURSE, NOTEBOOKS
from helpers.extraction import layer_outputs
from helpers.networks import DATA, cifar10_cnn, trained_cifar10_cnn
from helpers.statistics import dead_channels

NOTEBOOK = NOTEBOOKS / "05_what_training_changes.ipynb"
USED = (
    "import numpy",
    "shapes(1500)",
    "import keras\n",
    "def new_network",
    "def loss_and",
)
SCALE = np.float32(255)
NETWORKS = {"before": cifar10_cnn, "after": trained_cifar10_cnn}
NETWORKS["exhibit"] = lambda: trained_cifar10_cnn("adam")


@cache
def lesson(seed=0, dtype="float64"):
    """Run the lesson's cells of pictures, network and loss; return their names."""
    cells = code_cells(nbformat.read(NOTEBOOK, as_version=4))[1:]
    names = {}
    for part in USED:
        (source,) = [cell.source for cell in cells if part in cell.source]
        source = source.replace("seed(0)", f"seed({seed})")
        exec(source.replace("float64", dtype), names)
    return names


@cache
def training(seed=0, dtype="float64", noise=0.0):
    """Train as the lesson does; return network, maps of the ring, loss and accuracy.

    ``noise`` is what another computer might change in the first weights.
    """
    made = lesson(seed, dtype)
    network, random = made["new_network"](), np.random.default_rng(0)
    changed = [
        w + w * noise * random.normal(size=w.shape) for w in network.get_weights()
    ]
    network.set_weights(changed)
    network.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    filmed = [layer_outputs(network, made["x_test"][:1], "conv2d_1")["conv2d_1"][0]]
    for _ in range(6):
        network.fit(made["x_train"], made["y_train"], batch_size=24, verbose=0)
        film = layer_outputs(network, made["x_test"][:1], "conv2d_1")
        filmed.append(film["conv2d_1"][0])
    return network, filmed


def of_one_class(maps, labels):
    top = maps.max(axis=(1, 2)).argsort(axis=0)[-8:]
    return (labels[top] == labels[top[0]]).all(axis=0).sum()


def measured(made, network, part="test"):
    return made["loss_and_accuracy"](network, made[f"x_{part}"], made[f"y_{part}"])


def zeros(network, pictures):
    return layer_outputs(network, pictures, "conv2d_2")["conv2d_2"] == 0


@pytest.fixture(scope="module")
def cat():
    return cat_photograph()[np.newaxis] / SCALE


def test_loss_and_accuracy_are_those_of_keras():
    made, network = lesson(), lesson()["new_network"]()
    network.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    told = network.evaluate(made["x_test"], made["y_test"], verbose=0)
    np.testing.assert_allclose(told, measured(made, network), atol=1e-5)
    assert np.bincount(made["y_test"]).tolist() == [50] * 10


def test_the_walkthroughs_loss_is_the_same_for_labels_of_ten_numbers():
    labels = np.array([3, 0])
    rows = np.random.default_rng(0).dirichlet(np.ones(10), size=2).astype("float32")
    sparse = keras.losses.SparseCategoricalCrossentropy()(labels, rows)
    other = keras.losses.CategoricalCrossentropy()(np.eye(10)[labels], rows)
    assert np.isclose(sparse, other, atol=1e-6)


def test_sums_of_the_cat_move_down_in_training(cat):
    means = [
        layer_outputs(make(), cat, "conv2d_2", before_activation=True)[
            "conv2d_2"
        ].mean()
        for make in list(NETWORKS.values())[:2]
    ]
    np.testing.assert_allclose(means, [-0.004, -0.812], atol=5e-4)


def test_new_zeros_come_from_dead_channels_in_the_exhibit_alone(cat):
    drawn = drawn_pictures(500)[0] / SCALE
    before = zeros(cifar10_cnn(), cat).mean(axis=(0, 1, 2))
    shares = {}
    for name in ("after", "exhibit"):
        network = NETWORKS[name]()
        dead = dead_channels(layer_outputs(network, drawn, "conv2d_2")["conv2d_2"])
        rise = zeros(network, cat).mean(axis=(0, 1, 2)) - before
        shares[name] = len(dead), rise[dead].sum() / rise.sum()
    assert shares["after"] == (0, 0)
    assert shares["exhibit"][0] == 31 and round(shares["exhibit"][1], 2) == 0.85


@pytest.mark.parametrize("layer", ["conv2d", "conv2d_1", "conv2d_2"])
def test_most_filters_are_nearest_to_their_own_start(layer):
    """They are what the training began with, and not those of another seed."""
    rows = []
    for name in ("before", "after"):
        kernel = NETWORKS[name]().get_layer(layer).kernel.numpy()
        row = kernel.reshape(-1, kernel.shape[-1])
        rows.append(row / np.linalg.norm(row, axis=0))
    nearest = (rows[0].T @ rows[1]).argmax(axis=0)
    assert (nearest == range(nearest.size)).mean() > 0.8


def test_all_filters_but_two_of_the_first_layer_become_stronger():
    before, after = (
        np.sqrt(
            (NETWORKS[name]().get_layer("conv2d").kernel.numpy() ** 2).sum((0, 1, 2))
        )
        for name in ("before", "after")
    )
    assert np.flatnonzero(after < before).tolist() == [10, 28]


def test_the_silent_channel_that_comes_to_life_was_not_dead():
    many = layer_outputs(cifar10_cnn(), shapes(500)[0] / SCALE, "conv2d_1")["conv2d_1"]
    assert many[..., 11].max() > 0


def test_weights_are_read_as_the_lesson_says(monkeypatch):
    """They lie where the script was told to write them, not beside the notebook."""
    text = NOTEBOOK.read_text(encoding="utf-8").replace('\\"', '"')
    weights = 'np.load(f"{folder}/cifar10_cnn.weights.npz")'
    line = f"start.set_weights(list({weights}.values()))"
    assert line in text
    start = cifar10_cnn()
    monkeypatch.chdir(NOTEBOOKS)
    exec(line, {"np": np, "start": start, "folder": DATA})
    for read, shipped in zip(start.get_weights(), trained_cifar10_cnn().get_weights()):
        np.testing.assert_array_equal(read, shipped)


def test_shipped_weights_took_the_epochs_and_minutes_that_are_said():
    text = NOTEBOOK.read_text(encoding="utf-8")
    epochs, minutes = re.search(r"took (\d+) epochs, (\d+) minutes", text).groups()
    last = (DATA / "cifar10_cnn.log").read_text(encoding="utf-8").splitlines()[-2]
    epoch, seconds = re.search(r"epoch +(\d+) .* (\d+) s ", last).groups()
    assert (epoch, round(int(seconds) / 60)) == (epochs, int(minutes))


@pytest.mark.slow
def test_training_script_stops_without_cifar10(tmp_path):
    script = COURSE / "data" / "train_cifar10_cnn.py"
    done = subprocess.run(
        [sys.executable, script, "--folder", tmp_path], capture_output=True, text=True
    )
    assert done.returncode == 1 and "Nothing was trained" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_film_shows_what_is_said_of_its_four_channels():
    _, filmed = training()
    first, last = filmed[0].max(axis=(0, 1)), filmed[-1].max(axis=(0, 1))
    assert (filmed[0][..., 0] > 0).mean() > 0.5 > 0.1 > (filmed[-1][..., 0] > 0).mean()
    assert first[12] == 0 and last[12] > 0
    places = {
        one: np.unravel_index(filmed[-1][..., one].argmax(), (13, 13)) for one in (4, 8)
    }
    assert places[4][1] >= 10 and 4 <= places[4][0] <= 9  # the right side of the ring
    assert places[8][0] <= 4 and 4 <= places[8][1] <= 9  # its top


def test_before_training_the_chosen_channel_responds_to_a_colour():
    made = lesson()
    maps = layer_outputs(made["new_network"](), made["x_test"], "conv2d_2")
    maps = maps["conv2d_2"][..., 4]
    for i in maps.max(axis=(1, 2)).argsort()[-8:]:
        row, column = np.unravel_index(maps[i].argmax(), maps[i].shape)
        seen = made["x_test"][i, 4 * row : 4 * row + 18, 4 * column : 4 * column + 18]
        red, green, blue = np.moveaxis(seen, -1, 0)
        assert ((red > green + 0.2) & (blue > green + 0.1)).mean() > 0.49


@pytest.mark.slow
def test_the_chosen_channel_responds_to_a_direction():
    made, (network, _) = lesson(), training()
    stripes = made["x_test"][made["y_test"] == SHAPE_CLASSES.index("diagonal stripes")]
    means = []
    for pictures in (stripes, stripes[:, :, ::-1]):
        maps = layer_outputs(network, pictures, "conv2d_2")["conv2d_2"][..., 4]
        means.append(maps.max(axis=(1, 2)).mean().round(2))
    assert means == [3.19, 1.32]


@pytest.mark.slow
def test_weights_of_a_dead_channel_have_the_gradient_0():
    made, (network, _) = lesson(), training()
    layer, x = network.get_layer("conv2d_2"), made["x_train"]
    dead = dead_channels(layer_outputs(network, x, layer.name)[layer.name])
    with tf.GradientTape() as tape:
        loss = keras.losses.sparse_categorical_crossentropy(made["y_train"], network(x))
    gradient = tape.gradient(loss, layer.kernel.value).numpy()
    assert len(dead) > 0 and not gradient[..., dead].any()
    assert np.delete(gradient, dead, axis=-1).any(axis=(0, 1, 2)).all()


@pytest.mark.slow
def test_in_double_precision_another_computer_prints_the_same():
    """In single precision the differences grow until they can be seen."""
    moved = {}
    for dtype, noise in {"float32": 1e-7, "float64": 1e-15}.items():
        nets = [training(0, dtype, one)[0].get_weights() for one in (0.0, noise)]
        moved[dtype] = max(np.abs(a - b).max() for a, b in zip(*nets))
    assert moved["float64"] < 1e-6 and moved["float32"] > 0.01


@pytest.mark.slow
def test_what_is_said_holds_for_ten_seeds():
    before, after, dead, died, further = [], [], [], 0, []
    for seed in range(10):
        made, (network, filmed) = lesson(seed), training(seed)
        new = made["new_network"]()
        loss, accuracy = measured(made, new)
        assert round(accuracy, 1) == 0.1 and abs(loss - np.log(10)) < 0.04
        assert abs(loss - measured(made, new, "train")[0]) < 0.02
        further.append(measured(made, network)[0] - measured(made, network, "valid")[0])
        assert measured(made, network)[0] > measured(made, network, "train")[0] + 0.03
        assert measured(made, network)[1] > 0.8
        changes = [np.abs(filmed[i + 3] - filmed[i]).mean() for i in (0, 3)]
        assert changes[0] > 1.5 * changes[1]
        maps = [layer_outputs(n, made["x_test"])["conv2d_2"] for n in (new, network)]
        before.append(of_one_class(maps[0], made["y_test"]))
        after.append(of_one_class(maps[1], made["y_test"]))
        dead.append(len(dead_channels(maps[1])))
        died += len(np.setdiff1d(dead_channels(maps[1]), dead_channels(maps[0]))) > 0
    assert min(further) < 0 < max(further) and abs(np.mean(further)) < 0.03
    assert max(before) <= 1 and (min(after), max(after)) == (2, 15)
    assert (min(dead), max(dead)) == (2, 10) and died >= 9
