"""Predictions of the lesson Your own network."""

import numpy as np

from ...datasets import cat_photograph
from ...extraction import layer_outputs
from ...networks import trained_cifar10_cnn
from ..exercise import Exercise

EXERCISES, PREDICTIONS = {}, {}


def some_range_stops():
    """Tell whether a network refuses one of three ranges of pixels."""
    network, picture = trained_cifar10_cnn(), cat_photograph()
    for pixels in (picture, picture / 255, picture / 127.5 - 1):
        try:
            layer_outputs(network, pixels[np.newaxis], -1)
        except ValueError:
            return "yes"
    return "no"


PREDICTIONS["A"] = Exercise(
    some_range_stops,
    "All three have the right shape, and Keras checks no more than that.",
    yes="A wrong shape would stop. A wrong range gives numbers like any other.",
)
