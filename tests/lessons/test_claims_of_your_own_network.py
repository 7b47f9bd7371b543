"""What the lesson Your own network says, beyond what its cells print."""

import keras
import nbformat
import numpy as np
import pytest
from lesson_files import code_cells, text

from helpers import pretrained
from helpers.by_hand import explain
from helpers.datasets import (
    CIFAR10_CLASSES,
    cat_photograph,
    drawn_digits,
    drawn_pictures,
)
from helpers.engine.files import NOTEBOOKS
from helpers.exercises.exercise import find
from helpers.extraction import layer_outputs
from helpers.networks import digit_network, trained_cifar10_cnn
from helpers.own_inputs import Preparation

SCALE = np.float32(255)
PATH = NOTEBOOKS / "11_your_own_network.ipynb"


@pytest.fixture(scope="module")
def lesson():
    return " ".join(text(nbformat.read(PATH, as_version=4)).split())


def probabilities(pictures):
    return layer_outputs(trained_cifar10_cnn(), pictures, -1)["dense_1"]


def test_pixels_of_0_to_255_get_the_highest_probability_for_nearly_every_picture():
    pictures = drawn_pictures(300)[0].astype("float32")
    ranges = pictures, pictures / SCALE, pictures / np.float32(127.5) - 1
    highest = np.stack([probabilities(one).max(axis=1) for one in ranges])
    assert (highest[0] == highest.max(axis=0)).mean() > 0.98
    assert np.median(highest[0]) > 0.9999


def test_raw_pixels_make_the_scores_far_larger():
    cat = cat_photograph()[np.newaxis]
    raw, scaled = (
        layer_outputs(trained_cifar10_cnn(), x, -1, before_activation=True)["dense_1"]
        for x in (cat, cat / SCALE)
    )
    why = find("your_own_network.A", "GUESSES").why
    assert f"the largest is {raw.max():.0f} instead of {scaled.max():.0f}, " in why


def test_the_weights_of_mobilenet_have_the_size_that_the_lesson_says(lesson):
    assert f"its weights once, {pretrained.WEIGHTS_BYTES / 1e6:.1f} MB." in lesson


def test_a_shorter_bill_makes_the_chinstrap_an_adelie(lesson):
    """The network of section 7, as its cells make and train it."""
    assert "Near 46 mm the predicted class becomes Adelie." in lesson
    names = {"np": np, "keras": keras, "Dense": keras.layers.Dense}
    cells = [cell.source for cell in code_cells(nbformat.read(PATH, as_version=4))]
    [first] = (i for i, cell in enumerate(cells) if "table = penguins()" in cell)
    [last] = (i for i, cell in enumerate(cells) if "sorter.fit(" in cell)
    for cell in cells[first : last + 1]:
        exec(cell, names)
    table, kept_back = names["table"], names["kept_back"]
    rows, labels = table.rows[kept_back], table.labels[kept_back]
    row = np.flatnonzero(labels == 1)[0]
    assert row == 5 and rows[row, 0] > 50
    bills = np.repeat(rows[[row]], 3, axis=0)
    bills[1:, 0] = 46.5, 45.5
    found = layer_outputs(names["sorter"], bills)
    assert found["species"].argmax(axis=1).tolist() == [1, 1, 0]
    hidden = found["hidden"]
    assert hidden[2, 2] < hidden[0, 2] / 2 and hidden[0, 1] == 0 < hidden[2, 1]
    found = layer_outputs(names["sorter"], rows)["hidden"]
    means = np.stack([found[labels == i].mean(axis=0) for i in range(3)])
    assert (means.max(axis=0) > 1).tolist() == [True, True, True, False]  # unit 3
    assert np.median(means[means.argmax(axis=0)[:3], [0, 1, 2]]) > 3


@pytest.mark.parametrize("seed", range(10))
def test_random_pixels_get_a_class_with_a_high_probability(seed):
    noise = np.random.default_rng(seed).integers(0, 256, (1, 32, 32, 3))
    found = probabilities(noise / SCALE)[0]
    assert found.max() > 0.5 and CIFAR10_CLASSES[found.argmax()] in ("frog", "bird")


def test_without_scaling_the_right_class_gets_less_where_the_network_is_wrong():
    digits, labels = drawn_digits()
    network, of_right = digit_network(), []
    for scaling in ("{}", "{} / 255"):
        prepare = Preparation(scaling, inverted=True)
        batch = np.stack([prepare(one, network.input_shape) for one in digits])
        [found] = layer_outputs(network, batch, -1).values()
        wrong = found.argmax(axis=1) != labels
        assert wrong.sum() == 2
        of_right.append(found[wrong, labels[wrong]].max())
    assert of_right[0] < 0.01 < of_right[1]


def test_every_tenth_digit_is_right_by_guessing():
    _, labels = drawn_digits()
    assert np.bincount(labels).tolist() == [5] * 10


@pytest.mark.slow
def test_most_blocks_of_mobilenet_add_their_input_and_late_ones_see_everything(
    lesson,
):
    pictures = keras.Input((224, 224, 3))
    model = keras.applications.MobileNetV2(input_tensor=pictures, weights=None)
    layers = [layer.name for layer in model.layers]
    blocks = [name for name in layers if name.endswith("_project")]
    added = [name for name in layers if name.endswith("_add")]
    assert len(added) == 10 > len(blocks) / 2
    scaling = (keras.layers.Rescaling, keras.layers.Normalization)
    assert not any(isinstance(layer, scaling) for layer in model.layers)
    x = np.random.default_rng(0).random((1, 224, 224, 3))
    y = layer_outputs(model, x, "block_16_expand")["block_16_expand"]
    position = np.unravel_index(y.argmax(), y.shape)
    rows, columns, *_ = explain(model, x, "block_16_expand", position).receptive_field
    assert (rows, columns) == (slice(0, 224), slice(0, 224))
    field = explain(model, x, "block_6_expand", (0, 14, 14, 0)).receptive_field
    assert [one.stop - one.start for one in field[:2]] == [59, 59]
    assert "At most 59×59 of the 224×224 pixels." in lesson
    relus = [one for one in model.layers if isinstance(one, keras.layers.ReLU)]
    assert all(relu.max_value == 6 for relu in relus)
    assert "This `ReLU` also replaces what is above 6 by 6." in lesson
