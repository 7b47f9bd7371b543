"""Exercises, predictions and quiz of lesson 05: Every layer at once."""

from functools import cache

import numpy as np

from helpers.datasets import shapes
from helpers.exercises.exercise import Exercise
from helpers.exercises.shared import (
    cat_outputs,
)
from helpers.extraction import layer_outputs
from helpers.networks import trained_cifar10_cnn
from helpers.statistics import dead_channels

EXERCISES = {}


@cache
def shape_outputs():
    """Return every layer's output of the trained network for 500 generated shapes."""
    pictures, _ = shapes(500, seed=5)
    return layer_outputs(trained_cifar10_cnn(), pictures / np.float32(255))


def dead_in(outputs, layer="conv2d_2"):
    """Return the numbers of a layer's channels that are zero everywhere, as a set."""
    return set(dead_channels(outputs[layer]).tolist())


EXERCISES["5.1"] = Exercise(
    right=lambda: max(
        cat_outputs()[layer].max() for layer in ("max_pooling2d", "max_pooling2d_1")
    ),
    why="The layers are chosen by their class; the larger of two maxima counts.",
    mistakes={
        "That is the first of the two pooling layers alone.": (
            lambda: cat_outputs()["max_pooling2d"].max()
        ),
        "There are two layers; the answer is the larger of the two.": (
            lambda: [
                cat_outputs()[layer].max()
                for layer in ("max_pooling2d", "max_pooling2d_1")
            ]
        ),
        "That is the largest value of all layers.": (
            lambda: max(values.max() for values in cat_outputs().values())
        ),
        "These are raw pixels from 0 to 255; the network wants pixels / 255.": (
            lambda: max(
                cat_outputs(raw=True)[layer].max()
                for layer in ("max_pooling2d", "max_pooling2d_1")
            )
        ),
        "That is conv2d_2, the last of the convolutions.": (
            lambda: cat_outputs()["conv2d_2"].max()
        ),
    },
)

EXERCISES["5.2"] = Exercise(
    right=lambda: len(dead_in(cat_outputs()) - dead_in(shape_outputs())),
    why="These channels wait for something the cat does not have.",
    mistakes={
        "That is what is dead for the 500 pictures and not for the cat: the other way "
        "round.": (lambda: len(dead_in(shape_outputs()) - dead_in(cat_outputs()))),
        "That is how many are dead for the cat.": (lambda: len(dead_in(cat_outputs()))),
        "That is how many are dead for all 500 pictures.": (
            lambda: len(dead_in(shape_outputs()))
        ),
        "That counts the channels that live for the 500 pictures, those included "
        "that live for the cat.": (lambda: 64 - len(dead_in(shape_outputs()))),
        "That is conv2d, the first layer; the question is about conv2d_2.": (
            lambda: len(
                dead_in(cat_outputs(), "conv2d") - dead_in(shape_outputs(), "conv2d")
            )
        ),
    },
)

EXERCISES["5.3"] = Exercise(
    right=lambda: (shape_outputs()["dense"] == 0).mean(),
    why="The mean of true and false is the share of true.",
    mistakes={
        "The table rounds; compute the share to three decimals.": (
            lambda: (shape_outputs()["dense"] == 0).mean().round(2)
        ),
        "That is the table's number, rounded and in percent; compute a number from 0 "
        "to 1.": lambda: 100 * (shape_outputs()["dense"] == 0).mean().round(2),
        "That is the share for the cat alone.": (
            lambda: (cat_outputs()["dense"] == 0).mean()
        ),
        "That is the share of values that are not 0.": (
            lambda: (shape_outputs()["dense"] != 0).mean()
        ),
        "That is in percent; the answer is a number from 0 to 1.": (
            lambda: 100 * (shape_outputs()["dense"] == 0).mean()
        ),
        "That is a count; divide it by the number of values.": (
            lambda: (shape_outputs()["dense"] == 0).sum()
        ),
        "That is the share of units that are dead; count single values.": (
            lambda: (shape_outputs()["dense"] == 0).all(axis=0).mean()
        ),
    },
)

EXERCISES["5.4"] = Exercise(
    right=lambda: cat_outputs()["conv2d_2"].mean(axis=(0, 1, 2)).argmax(),
    why="No grid with a scale for each map could have told it.",
    mistakes={
        "That is the channel with the largest single value; the question is about the "
        "mean.": lambda: cat_outputs()["conv2d_2"].max(axis=(0, 1, 2)).argmax(),
        "That is the strongest of the first 16 channels; there are 64.": (
            lambda: cat_outputs()["conv2d_2"][..., :16].mean(axis=(0, 1, 2)).argmax()
        ),
        "That is the mean itself; the question is about the channel's number.": (
            lambda: cat_outputs()["conv2d_2"].mean(axis=(0, 1, 2)).max()
        ),
        "That counts from 1; channels are counted from 0.": (
            lambda: cat_outputs()["conv2d_2"].mean(axis=(0, 1, 2)).argmax() + 1
        ),
        "That is a position in the flattened array; take the mean of each channel "
        "first.": lambda: cat_outputs()["conv2d_2"].argmax(),
    },
)

PREDICTIONS = {}

QUIZ = []
