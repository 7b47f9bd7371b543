"""Guesses of the lesson Your own network."""

import numpy as np

from ...datasets import cat_photograph
from ...extraction import layer_outputs
from ...networks import trained_cifar10_cnn
from ..exercise import Exercise

EXERCISES, GUESSES = {}, {}


def most_probable_range():
    """Tell for which of three ranges of pixels the highest probability comes out."""
    picture = cat_photograph()
    ranges = np.stack([picture, picture / 255, picture / 127.5 - 1])
    probabilities = layer_outputs(trained_cifar10_cnn(), ranges, -1)["dense_1"]
    return ("first", "second", "third")[probabilities.max(axis=1).argmax()]


GUESSES["A"] = Exercise(
    most_probable_range,
    "Pixels that are 255 times as large make the scores far larger: for the course's cat, "
    "the largest is 177 instead of 5, and softmax gives nearly everything to its class. A "
    "high probability is not a right class. And no message appears: all three have the "
    "right shape, and Keras does not check the range.",
    second="It is the range that the network was trained with. But a high probability and "
    "a right class are two things.",
    third="These pixels are twice as far apart as in training; those of the first line are "
    "255 times as far apart.",
)
