"""Exercises and predictions of the lesson Every layer at once."""

from functools import cache

import numpy as np

from ...datasets import shapes
from ...extraction import layer_outputs
from ...networks import trained_cifar10_cnn
from ..exercise import Exercise
from ..shared import cat_outputs, dead_in, network

EXERCISES, PREDICTIONS = {}, {}

CONVOLUTIONS = "conv2d", "conv2d_1", "conv2d_2"


def shape_outputs(*layers):
    """Return layers' outputs of the trained network for 500 generated shapes."""
    pictures, _ = shapes(500, seed=5)
    return layer_outputs(trained_cifar10_cnn(), pictures / np.float32(255), layers)


@cache  # of all layers' outputs, 100 MB, what is asked for again
def dense_for_shapes():
    return shape_outputs("dense")["dense"]


@cache
def dead_for_shapes(layer="conv2d_2"):
    return dead_in(shape_outputs(layer), layer)


def largest_values(*layers, outputs=None):
    """Return the largest value of each layer for the cat, by default of the Conv2D ones."""
    outputs = outputs or cat_outputs()
    return [outputs[layer].max() for layer in layers or CONVOLUTIONS]


def come_to_life(layer):
    """Return the channels dead for the cat, but not for the 500 shapes, in order."""
    return sorted(dead_in(cat_outputs(), layer) - dead_for_shapes(layer))


def strongest(outputs=None, layer="conv2d_2", count=64, by=np.mean, of=np.mean):
    """Return the channel that is largest by one statistic, and another one of it."""
    maps = (outputs or cat_outputs())[layer][..., :count]
    channel = by(maps, axis=(0, 1, 2)).argmax()
    return [channel, of(maps[..., channel])]


@cache
def way_back(class_rank=0, choose=np.argmax, count="products", trained=True):
    """Walk from a class back to a unit of ``dense`` and to a number of ``flatten``.

    ``count`` says what is compared: ``"products"``, ``"values"`` or ``"weights"``.
    """
    outputs = cat_outputs(trained)
    unit = np.argsort(-outputs["dense_1"][0])[class_rank]
    way = []
    for layer, before in [("dense_1", "dense"), ("dense", "flatten")]:
        weights = network(trained).get_layer(layer).get_weights()[0][:, unit]
        values = outputs[before][0]
        numbers = {"values": values, "weights": weights, "products": values * weights}
        unit = choose(numbers[count])
        way.append(unit)
    return way


def at_the_place(unit, number, shape=(4, 4, 64), order=(0, 1, 2)):
    """Return the unit, and row, column and channel of a number of ``flatten``."""
    place = np.unravel_index(number, shape)
    return [unit, *(place[i] for i in order)]


EXERCISES["largest_values"] = Exercise(
    largest_values,
    "The layers are chosen by their class and come in the model's order.",
    lambda: largest_values("max_pooling2d", "max_pooling2d_1"),
    "There are three Conv2D layers, these are two: the first two, or the pooling "
    "behind them, which keeps the largest value.",
    lambda: max(largest_values()),
    "That is the largest value of all three; give one for each of them.",
    lambda: largest_values(*cat_outputs()),
    "These are all eight layers; choose the Conv2D layers by their class.",
    lambda: largest_values(outputs=cat_outputs(raw=True)),
    "These are raw pixels from 0 to 255; the network wants pixels / 255.",
    lambda: [cat_outputs()[layer].mean() for layer in CONVOLUTIONS],
    "These are the means; the question is about the largest values.",
)

EXERCISES["come_to_life"] = Exercise(
    lambda: come_to_life("conv2d_2"),
    "These channels wait for something the cat does not have.",
    lambda: sorted(dead_for_shapes() - dead_in(cat_outputs())),
    "There are some. There is none in conv2d_1, and none the other way round.",
    lambda: sorted(dead_in(cat_outputs())),
    "Those are all that are dead for the cat.",
    lambda: sorted(dead_for_shapes()),
    "Those are all that are dead for the 500 pictures.",
    lambda: sorted(set(range(64)) - dead_for_shapes()),
    "Those are all that live for the 500 pictures, those included that live for the cat.",
    lambda: len(come_to_life("conv2d_2")),
    "That is how many there are; the question is which.",
    lambda: come_to_life("conv2d"),
    "That is conv2d, the first layer; the question is about conv2d_2.",
)

EXERCISES["share_of_zeros"] = Exercise(
    lambda: (dense_for_shapes() == 0).mean(),
    "The mean of true and false is the share of true.",
    lambda: (dense_for_shapes() == 0).mean().round(2),
    "The table rounds; compute the share to three decimals.",
    lambda: (cat_outputs()["dense"] == 0).mean(),
    "That is the share for the cat alone.",
    lambda: (dense_for_shapes() != 0).mean(),
    "That is the share of values that are not 0.",
    lambda: (dense_for_shapes() == 0).sum(),
    "That is a count; divide it by the number of values.",
    lambda: (dense_for_shapes() == 0).all(axis=0).mean(),
    "That is the share of units that are dead; count single values.",
)

EXERCISES["largest_mean"] = Exercise(
    strongest,
    "No grid with a scale for each map could have told it.",
    lambda: strongest(by=np.max, of=np.max),
    "That is the channel with the largest single value, and that value; the question "
    "is about the mean.",
    lambda: strongest(by=np.max),
    "That is the mean of the channel with the largest single value; another channel "
    "has a larger mean.",
    lambda: strongest(of=np.max),
    "That is a channel's largest value in place of its mean.",
    lambda: strongest(of=np.sum),
    "That is the sum of the channel's numbers; divide it by how many they are.",
    lambda: strongest(count=16),
    "That is the strongest of the first 16 channels; there are 64.",
    lambda: strongest(layer="conv2d"),
    "That is conv2d, the first convolution; the question is about conv2d_2.",
    lambda: strongest(layer="conv2d_1"),
    "That is conv2d_1, the second convolution; the question is about conv2d_2.",
    lambda: strongest(shape_outputs("conv2d_2")),
    "That is for the 500 pictures; the question is about the cat.",
    lambda: strongest(cat_outputs(raw=True)),
    "These are raw pixels from 0 to 255; the network wants pixels / 255.",
)

EXERCISES["way_back"] = Exercise(
    lambda: at_the_place(*way_back()),
    "Each step asks which product is the largest: value times weight, with its sign. "
    "Flatten computes nothing; it says where its number stood.",
    lambda: at_the_place(*way_back(choose=lambda numbers: abs(numbers).argmax())),
    "On the way you took the largest product without its sign: a negative one takes "
    "away, however large.",
    lambda: at_the_place(*way_back(class_rank=1)),
    "Unit 0 has the largest value; it adds most to the second most probable class.",
    lambda: at_the_place(*way_back(count="values")),
    "These are the largest values; what a value adds is the product with its weight.",
    lambda: at_the_place(*way_back(count="weights")),
    "These have the largest weights; what a weight adds is the product with its value.",
    lambda: at_the_place(*way_back(), (64, 4, 4), order=(1, 2, 0)),
    "The number of flatten was read channel by channel; Flatten writes row by row, in "
    "each column by column, and all channels of a pixel side by side.",
    lambda: at_the_place(*way_back(), order=(2, 0, 1)),
    "The order is the unit, then row, column, channel.",
    lambda: at_the_place(*way_back(), order=(1, 0, 2)),
    "Row and column are swapped.",
    lambda: at_the_place(*way_back(trained=False)),
    "This comes from the untrained network.",
    way_back,
    "That is the unit and the number of flatten; give the row, the column and the "
    "channel where it stands.",
)


def compared_with_one():
    """Say how the dead channels of many pictures compare with those of one."""
    one, many = len(dead_in(cat_outputs())), len(dead_for_shapes())
    return "as many" if many == one else "more" if many > one else "fewer"


def own_scales():
    """Return the first 16 maps of conv2d for the cat, each on its own scale, 0 to 1."""
    maps = cat_outputs()["conv2d"][0, ..., :16]
    lowest, highest = maps.min(axis=(0, 1)), maps.max(axis=(0, 1))
    return (maps - lowest) / np.where(highest > lowest, highest - lowest, 1)


PREDICTIONS["A"] = Exercise(
    compared_with_one,
    "To be silent for 500 pictures is harder than to be silent for one.",
    lambda: "as many",
    "Some channels wait for something that this cat does not have.",
    more="More pictures bring more zeros, but one value above 0 is enough to live.",
)

PREDICTIONS["B"] = Exercise(
    lambda: cat_outputs()["conv2d"][..., :16].max(axis=(0, 1, 2)).argmax(),
    "The first grid cannot tell: on its own scale every map that is not dead has a "
    "white spot.",
    lambda: own_scales().mean(axis=(0, 1)).argmax(),
    "That map looks brightest overall; its largest value is not the largest.",
    lambda: (own_scales() > 0.5).sum(axis=(0, 1)).argmax(),
    "That map has the most bright pixels; its largest value is not the largest.",
)
