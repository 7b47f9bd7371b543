"""What the lesson Your own network says, beyond what its cells print."""

import keras
import numpy as np
import pytest

from helpers.by_hand import explain
from helpers.datasets import CIFAR10_CLASSES, drawn_digits, drawn_pictures
from helpers.extraction import layer_outputs
from helpers.networks import digit_network, trained_cifar10_cnn
from helpers.own_inputs import Preparation

SCALE = np.float32(255)


def probabilities(pictures):
    return layer_outputs(trained_cifar10_cnn(), pictures, -1)["dense_1"]


def test_pixels_of_0_to_255_get_the_highest_probability_for_nearly_every_picture():
    pictures = drawn_pictures(300)[0].astype("float32")
    ranges = pictures, pictures / SCALE, pictures / np.float32(127.5) - 1
    highest = np.stack([probabilities(one).max(axis=1) for one in ranges])
    assert (highest[0] == highest.max(axis=0)).mean() > 0.98
    assert np.median(highest[0]) > 0.9999


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
def test_most_blocks_of_mobilenet_add_their_input_and_late_ones_see_everything():
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
