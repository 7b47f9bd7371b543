"""What is said about an answer is true by whichever road it was reached."""

import numpy as np
import pytest
from asked import EXERCISES

from helpers.by_hand import relu
from helpers.datasets import cat_photograph
from helpers.exercises.checking import verdict
from helpers.exercises.lessons import convolution_by_hand, every_layer_at_once
from helpers.exercises.shared import cat_outputs, dead_in, network
from helpers.extraction import layer_outputs
from helpers.statistics import dead_channels


def patch_of_the_cell_above():
    kernel, bias = network().get_layer("conv2d").get_weights()
    patch = cat_photograph()[19:22, 18:21, :, np.newaxis] / 255
    return relu((patch * kernel).sum(axis=(0, 1, 2)) + bias)[[10, 13]]  # both are 0


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
    return outputs["max_pooling2d"][0, :, :, 5]


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
            lambda: shares(5, 6),
            "These channels have the largest and the smallest weights in all; multiply by "
            "the patch, which starts at row 6 and column 7.",
        ),
        (
            "convolution_by_hand.largest_share",
            lambda: shares(6, 8),
            "Channel 31 takes most away in patches around this one",
        ),
        (
            "every_layer_at_once.way_back",
            from_the_unit_with_the_largest_value,
            "Unit 0 has the largest value; it adds most to the second most probable class",
        ),
        (
            "every_layer_at_once.come_to_life",
            lambda: every_layer_at_once.come_to_life("conv2d_1"),
            "There are some. There is none in conv2d_1, and none the other way round.",
        ),
        (
            "every_layer_at_once.largest_mean",
            lambda: [27, cat_outputs()["conv2d_2"][..., 27].sum()],
            "That is the sum of the channel's numbers",
        ),
        (
            "cifar10_feature_maps.one_channel",
            divided_twice,
            "This is 0 everywhere, as channel 4 is; channel 5 is not dead",
        ),
        (
            "cifar10_feature_maps.dead_maps",
            lambda: len(dead_in(cat_outputs(), "conv2d")),
            "So many are dead among the first 16 maps, and in conv2d; count all 64",
        ),
        (
            "when_extraction_fails.older_reader",
            lambda: [0, 1],
            "One unit gets all: the sums are far too large.",
        ),
        (
            "what_training_changes.come_to_life",
            place_among_the_dead,
            "The value is right; the first number is a place in the list of dead channels",
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
    second = np.argsort(-cat_outputs()["dense_1"][0])[1]
    assert cat_outputs()["dense"][0].argmax() == 0
    assert (cat_outputs()["dense"][0] * kernel[:, second]).argmax() == 0
    dead = dead_in(cat_outputs(), "max_pooling2d")
    assert 4 in dead and 5 not in dead
    assert sum(channel < 16 for channel in dead_in(cat_outputs())) == 6
    beside = [shares(row, column) for row in (5, 6, 7) for column in (6, 7, 8)]
    assert shares(7, 6) == [7, 31] and sum(channel == 31 for _, channel in beside) > 4
