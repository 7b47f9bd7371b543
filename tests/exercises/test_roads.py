"""What is said about an answer is true by whichever road it was reached."""

import numpy as np
import pytest
from asked import EXERCISES

from helpers.by_hand import relu
from helpers.datasets import CIFAR10_CLASSES, cat_photograph
from helpers.exercises.checking import verdict
from helpers.exercises.lessons import convolution_by_hand, every_layer_at_once
from helpers.exercises.shared import cat_outputs, dead_in, network
from helpers.extraction import layer_outputs
from helpers.statistics import dead_channels


def patch_of_the_cell_above():
    kernel, bias = network().get_layer("conv2d").get_weights()
    patch = cat_photograph()[19:22, 18:21, :, np.newaxis] / 255
    return relu((patch * kernel).sum(axis=(0, 1, 2)) + bias)[[21, 29]]  # both are 0


def shares(row, column):
    products = convolution_by_hand.products(row, column)[2].sum(axis=(0, 1))
    return [products.argmax(), products.argmin()]


def from_the_unit_with_the_largest_value():
    unit = cat_outputs()["dense"][0].argmax()
    weights = network().get_layer("dense").get_weights()[0][:, unit]
    place = (cat_outputs()["flatten"][0] * weights).argmax()
    return [unit, *np.unravel_index(place, (4, 4, 64))]


def divided_twice():
    outputs = layer_outputs(network(), cat_photograph()[np.newaxis] / 255**2)
    return outputs["max_pooling2d"][0, :, :, 11]


def place_among_the_dead():
    dead = dead_channels(cat_outputs(trained=False)["conv2d_1"])
    values = cat_outputs()["conv2d_1"].max(axis=(0, 1, 2))[dead]
    return [values.argmax(), values.max()]


@pytest.mark.parametrize(
    ("name", "road", "words"),
    [
        (
            "convolution_by_hand.two_filters",
            patch_of_the_cell_above,
            "The first of two",
        ),
        (
            "convolution_by_hand.largest_share",
            lambda: shares(8, 7),
            "That is right for other patches, such as the one at row 9, column 7",
        ),
        (
            "every_layer_at_once.way_back",
            from_the_unit_with_the_largest_value,
            "Unit 24 has the largest value, and without its sign the largest product",
        ),
        (
            "every_layer_at_once.come_to_life",
            lambda: every_layer_at_once.come_to_life("conv2d_1"),
            "There are some. The list is empty if you take the two in the other order, or",
        ),
        (
            "every_layer_at_once.largest_mean",
            lambda: [21, cat_outputs()["conv2d_1"][..., 21].sum()],
            "That is the sum of the channel's numbers",
        ),
        (
            "cifar10_feature_maps.one_channel",
            divided_twice,
            "This is 0 everywhere, as channel 10 is; channel 11 is not silent",
        ),
        (
            "cifar10_feature_maps.dead_maps",
            lambda: len(dead_in(cat_outputs(), "max_pooling2d")),
            "That is conv2d, or the pooling behind it",
        ),
        (
            "cifar10_feature_maps.dead_maps",
            lambda: len(dead_in(cat_outputs(trained=False), "conv2d")),
            "That is max_pooling2d_1, or conv2d with raw pixels or without training",
        ),
        (
            "cifar10_feature_maps.dead_maps",
            lambda: len(dead_in(cat_outputs(raw=True), "conv2d")),
            "That is max_pooling2d_1, or conv2d with raw pixels or without training",
        ),
        (
            "when_extraction_fails.older_reader",
            lambda: [0, 1],
            "One unit gets all: the sums are far too large.",
        ),
        (
            "what_training_changes.come_to_life",
            place_among_the_dead,
            "The value is right; the first number is a place in the list of silent",
        ),
        (
            "dense_by_hand.whole_network",
            lambda: [0, 0.990],
            "The output layer got ReLU in",
        ),
    ],
)
def test_what_is_said_holds_on_another_road(name, road, words):
    assert verdict(EXERCISES[name], road()).startswith(f"Not yet. {words}")


def test_what_the_sentences_tell_of_the_network_is_true():
    kernel = network().get_layer("dense_1").get_weights()[0]
    values, best = cat_outputs()["dense"][0], cat_outputs()["dense_1"][0].argmax()
    products = values * kernel[:, CIFAR10_CLASSES.index("truck")]
    assert values.argmax() == abs(products).argmax() == 24 and products[24] < 0
    assert CIFAR10_CLASSES[best] == "cat"
    dead = dead_in(cat_outputs(), "max_pooling2d")
    assert 10 in dead and 11 not in dead
    assert cat_outputs()["max_pooling2d"][..., 7].min() > 0.2
    assert shares(7, 9) == [6, 14] and shares(9, 7) == [6, 12]
