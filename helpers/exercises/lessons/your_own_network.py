"""Guesses of the lesson Your own network."""

import numpy as np

from ...datasets import cat_photograph
from ...extraction import layer_outputs
from ...networks import trained_cifar10_cnn
from ..exercise import Exercise

EXERCISES, GUESSES = {}, {}


def surest_range():
    """Tell for which of three ranges of pixels the network is surest."""
    picture = cat_photograph()
    ranges = np.stack([picture, picture / 255, picture / 127.5 - 1])
    answers = layer_outputs(trained_cifar10_cnn(), ranges, -1)["dense_1"]
    return ("first", "second", "third")[answers.max(axis=1).argmax()]


GUESSES["A"] = Exercise(
    surest_range,
    "Pixels that are 255 times as large make sums before softmax that are about as many "
    "times as large: one class gets nearly all. To be sure is not to be right, and no "
    "message tells: all three have the right shape, and Keras checks no more than that.",
    second="It is the range that the network was trained with. But to be right and to be "
    "sure are two things.",
    third="These pixels are twice as far apart as in training; in the first line they are "
    "255 times as far.",
)
