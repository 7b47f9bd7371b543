"""Exercises and predictions of the lesson CIFAR-10 feature maps."""

from functools import cache

import numpy as np

from ...extraction import layer_outputs
from ...networks import cifar10_cnn
from ..exercise import Exercise
from ..shared import cat_outputs, dead_in, network

EXERCISES, PREDICTIONS = {}, {}


def dead_among_16(trained):
    """Return those of the first 16 channels that are dead for the cat."""
    return {channel for channel in dead_in(cat_outputs(trained)) if channel < 16}


def brightness(row=3, column=1, count=14, low=None, **which):
    """Return how bright a value of channel 13 is, on its own scale and on a shared one."""
    maps = cat_outputs(**which)["conv2d_2"][0]
    pair = []
    for scale in (maps[:, :, 13], maps[:, :, :count]):
        lowest = scale.min() if low is None else low
        pair.append((maps[row, column, 13] - lowest) / (scale.max() - lowest))
    return pair


@cache
def edge_answers(trained=True, bright=0.8, dark=0.2, scale=1, reduce=np.max):
    """Return one number for each channel of ``conv2d``, for both edges and the cat."""
    vertical = np.full((32, 32, 3), bright)
    vertical[:, 16:] = dark
    edges = np.stack([vertical, vertical.swapaxes(0, 1)]) * scale
    maps = layer_outputs(network(trained), edges, "conv2d")["conv2d"]
    return reduce(np.concatenate([maps, cat_outputs()["conv2d"]]), axis=(1, 2))


def answers_most(by=0, rank=0, **which):
    """Return a channel chosen by one of the pictures, and its number for both edges."""
    numbers = edge_answers(**which)
    channel = np.argsort(-numbers[by])[rank]
    return [channel, *numbers[:2, channel]]


EXERCISES["count"] = Exercise(
    lambda: cat_outputs()["max_pooling2d_1"].size,
    "6 rows times 6 columns times 64 channels.",
    lambda: cat_outputs()["max_pooling2d_1"][..., :16].size,
    "That is 16 channels, as many as the grid shows; the layer has more.",
    lambda: cat_outputs()["max_pooling2d_1"].shape[-1],
    "That is the number of channels; each is a map of several numbers.",
    lambda: cat_outputs()["max_pooling2d_1"][0, :, :, 0].size,
    "That is one map; there is one for each channel.",
    lambda: cat_outputs()["max_pooling2d"].size,
    "That is max_pooling2d, the first pooling.",
    lambda: cat_outputs()["conv2d_1"].size,
    "That is conv2d_1, one layer earlier.",
    lambda: cat_outputs()["conv2d_2"].size,
    "That is conv2d_2, one layer later.",
    lambda: cifar10_cnn().get_layer("max_pooling2d_1").count_params(),
    "That is the number of its weights; count its outputs.",
)

EXERCISES["one_channel"] = Exercise(
    lambda: cat_outputs()["max_pooling2d"][0, :, :, 5],
    "One picture, all rows, all columns, one channel.",
    lambda: cat_outputs(raw=True)["max_pooling2d"][0, :, :, 5],
    "The network got raw pixels from 0 to 255; it was trained on pixels / 255.",
    lambda: cat_outputs()["conv2d"][0, :, :, 5],
    "This is conv2d, the layer before pooling.",
    lambda: cat_outputs(trained=False)["max_pooling2d"][0, :, :, 5],
    "This comes from the untrained network.",
    lambda: cat_outputs()["max_pooling2d"][0, :, :, 4],
    "This is 0 everywhere, as channel 4 is; channel 5 is not dead and has the index 5.",
    lambda: cat_outputs(trained=False, raw=True)["max_pooling2d"][0, :, :, 5],
    "This comes from the untrained network, and from raw pixels.",
    lambda: cat_outputs()["max_pooling2d"][0, 5],
    "This is row 5 of every map; the channel is the last axis.",
)

EXERCISES["dead_maps"] = Exercise(
    lambda: len(dead_in(cat_outputs())),
    "ReLU has cut everything these channels computed for this picture.",
    lambda: len(dead_in(cat_outputs(trained=False))),
    "That is the untrained network.",
    lambda: len(dead_in(cat_outputs(raw=True))),
    "That is with raw pixels from 0 to 255.",
    lambda: (cat_outputs()["conv2d_2"] == 0).sum(),
    "That counts the numbers that are zero; a map is dead when all of its numbers are.",
    lambda: (cat_outputs()["conv2d_2"] == 0).any(axis=(0, 1, 2)).sum(),
    "That counts the maps with any zero; a map is dead when all of its numbers are.",
    lambda: 64 - len(dead_in(cat_outputs())),
    "That counts the maps that are not dead.",
    lambda: len(dead_among_16(trained=True)),
    "So many are dead among the first 16 maps, and in conv2d; count all 64 of conv2d_2.",
    lambda: len(dead_among_16(trained=False)),
    "That is the untrained network's count among the first 16 maps.",
)

EXERCISES["brightness"] = Exercise(
    brightness,
    "The value is the same; the scale decides how bright it looks.",
    lambda: brightness(low=0),
    "The smallest number of the map is black, and it is not 0 in this map.",
    lambda: cat_outputs()["conv2d_2"][0, 3, 1, [13, 13]],
    "That is the number itself, twice; a grid shows where it lies on a scale.",
    lambda: brightness(row=1, column=3),
    "Row and column are swapped: row 3, column 1.",
    lambda: [brightness()[0]] * 2,
    "Both are on the map's own scale; the second scale is that of all 14 maps.",
    lambda: brightness(count=64),
    "The second scale is that of the 14 maps drawn, without the others of the 64.",
    lambda: brightness(raw=True),
    "The network got raw pixels from 0 to 255; it was trained on pixels / 255.",
    lambda: brightness(trained=False),
    "This comes from the untrained network.",
)

EXERCISES["edge_channel"] = Exercise(
    answers_most,
    "Bright on the left, dark on the right is what this filter weighs; where up and "
    "down differ, its sums almost cancel.",
    lambda: answers_most(by=1),
    "This channel answers most to the horizontal edge; the question starts from the "
    "vertical one.",
    lambda: answers_most(rank=1),
    "This channel answers to the vertical edge, too, but another one answers more.",
    lambda: answers_most(by=2),
    "This channel answers most to the cat; choose the picture of the vertical edge.",
    lambda: answers_most(trained=False),
    "This comes from the untrained network.",
    lambda: answers_most(bright=0.2, dark=0.8),
    "The edge is the other way round: it is bright on the left.",
    lambda: answers_most(scale=1 / 255),
    "The edges have pixels from 0 to 1 already; they were divided by 255 once more.",
    lambda: answers_most(reduce=np.mean),
    "These are means; the question is about the largest values.",
    lambda: np.array(answers_most())[[0, 2, 1]],
    "The order is the vertical edge first, then the horizontal one.",
)


def shrinks(times=1):
    """Return how many times smaller raw pixels' maps get if the pixels are / 255."""
    raw, scaled = (cat_outputs(False, raw)["conv2d_2"].max() for raw in (True, False))
    return (raw / scaled) ** times


def still_dead():
    """Say how many of the first 16 channels dead before training are dead after it."""
    before, after = dead_among_16(trained=False), dead_among_16(trained=True)
    if before <= after:
        return "all"
    return "some" if before & after else "none"


PREDICTIONS["A"] = Exercise(
    lambda: "no",
    "Each map has 4 rows and 4 columns: 16 numbers are too few for a cat.",
    yes="The grid draws the maps as large as the picture, but they are not as fine.",
)

PREDICTIONS["B"] = Exercise(
    lambda: "yes",
    "These maps have 30 rows and 30 columns, and even random filters keep edges and "
    "bright areas in place. Some maps hold no more than a few bright dots.",
    no="A filter without training still answers to what its patch shows, and each "
    "patch answers at its own place.",
)

PREDICTIONS["C"] = Exercise(
    shrinks,
    "Sums without biases shrink as their inputs do, ReLU and pooling pass the factor "
    "on, and each layer hands it to the next.",
    lambda: 1,
    "No layer brings its outputs back to a size of its own.",
    lambda: shrinks(times=3),
    "Three layers hand the factor on; they do not each add one.",
    lambda: shrinks(times=1 / 3),
    "The factor is not shared out among the three layers.",
)

PREDICTIONS["D"] = Exercise(
    lambda: "no",
    "Keras counts the layers of one kind in a session, whatever network they are in.",
    yes="The count belongs to the session and not to the network.",
)

PREDICTIONS["E"] = Exercise(
    still_dead,
    "Training changes every kernel: some channels have come to life, some are dead "
    "still, and some have died.",
    all="A channel's random weights are where training begins and not where it ends.",
    none="Training makes the loss smaller; it does not ask each channel to answer to "
    "each picture.",
)
