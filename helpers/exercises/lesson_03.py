"""Exercises, predictions and quiz of lesson 03: Convolution by hand."""

from functools import cache

import keras
import numpy as np
from keras.layers import MaxPooling2D

from helpers import by_hand
from helpers.datasets import cat_photograph
from helpers.exercises.exercise import Exercise
from helpers.networks import cifar10_cnn, trained_cifar10_cnn

EXERCISES = {}

EDGE = np.array([[-1, 0, 1]] * 3)
BRIGHT_LEFT = np.array([[9, 9, 9, 0, 0, 0]] * 5)
TO_POOL = np.array([[1, 5, 2, 0, 7], [3, 4, 8, 6, 9]])

EXERCISES["3.1"] = Exercise(
    right=lambda: (BRIGHT_LEFT[0:3, 1:4] * EDGE).sum(),
    why="Bright times -1, dark times 1: an edge the other way round is negative.",
    mistakes={
        "Right size, wrong sign: the left column of the patch counts -1.": (
            lambda: -(BRIGHT_LEFT[0:3, 1:4] * EDGE).sum()
        ),
        "ReLU is not applied here; the sum may be negative.": (
            lambda: by_hand.relu((BRIGHT_LEFT[0:3, 1:4] * EDGE).sum())
        ),
        "This is one row of the patch; all three rows go into the sum.": (
            lambda: (BRIGHT_LEFT[0, 1:4] * EDGE[0]).sum()
        ),
        "This is the sum of the patch without the kernel.": (
            lambda: BRIGHT_LEFT[0:3, 1:4].sum()
        ),
    },
)


@cache
def two_values(row, column, filters=(10, 0), bias=1, scale=255, relu=True, turn=1):
    """Compute one value each of two maps of ``conv2d`` for the cat photograph."""
    kernel, biases = trained_cifar10_cnn().get_layer("conv2d").get_weights()
    patch = cat_photograph()[row : row + 3, column : column + 3, :, np.newaxis] / scale
    sums = (patch[::turn, ::turn] * kernel).sum(axis=(0, 1, 2)) + bias * biases
    return (by_hand.relu(sums) if relu else sums)[list(filters)]


EXERCISES["3.2"] = Exercise(
    right=lambda: two_values(20, 5),
    why="27 products and a bias each, and what is left of them after ReLU.",
    mistakes={
        "This is before ReLU: a negative value is still there.": (
            lambda: two_values(20, 5, relu=False)
        ),
        "The bias is missing.": lambda: two_values(20, 5, bias=0),
        "These are raw pixels from 0 to 255; the network wants pixels / 255.": (
            lambda: two_values(20, 5, scale=1)
        ),
        "The patch starts one row and one column too early: value (20, 5) looks at "
        "rows 20 to 22 and columns 5 to 7.": lambda: two_values(19, 4),
        "Rows and columns are swapped.": lambda: two_values(5, 20),
        "The order is filter 10, then filter 0.": lambda: two_values(20, 5, (0, 10)),
        "The patch is turned; Keras multiplies it as it is.": (
            lambda: two_values(20, 5, turn=-1)
        ),
    },
)

EXERCISES["3.3"] = Exercise(
    right=lambda: by_hand.average_pool2d(TO_POOL.reshape(1, 2, 5, 1))[0, 0, :, 0],
    why="The mean of four numbers each; the fifth column is dropped here as well.",
    mistakes={
        "These are the largest numbers: that is max pooling.": (
            lambda: by_hand.max_pool2d(TO_POOL.reshape(1, 2, 5, 1))[0, 0, :, 0]
        ),
        "These are the sums; divide each by 4.": (
            lambda: TO_POOL[:, :4].reshape(2, 2, 2).sum(axis=(0, 2))
        ),
        "These are the means of columns; a square has two of them.": (
            lambda: TO_POOL.mean(axis=0)
        ),
        "These are the means of the two rows; a square has 2 rows and 2 columns.": (
            lambda: TO_POOL.mean(axis=1)
        ),
        "The last column is left over and dropped: there are two squares.": (
            lambda: [TO_POOL[:, i : i + 2].mean() for i in (0, 2, 4)]
        ),
    },
)


def sizes(start, shrink=2, pool=lambda size: size // 2):
    """Return the five sizes of the CIFAR-10 network's maps for a picture's size."""
    first = start - shrink
    second = pool(first) - shrink
    third = pool(second) - shrink
    return [first, pool(first), second, pool(second), third]


EXERCISES["3.4"] = Exercise(
    right=lambda: sizes(64),
    why="Two off for each convolution, half and rounded down for each pooling.",
    mistakes={
        "Pooling rounds down: squares of 2 fit 14 times into 29.": (
            lambda: sizes(64, pool=lambda size: -(-size // 2))
        ),
        "A patch of 3 has two places fewer than there are pixels, not three.": (
            lambda: sizes(64, shrink=3)
        ),
        "Without padding, a convolution takes away 2 rows and 2 columns.": (
            lambda: sizes(64, shrink=0)
        ),
        "These are the sizes for a picture of 32 rows.": lambda: sizes(32),
        "The picture itself is not one of the five; the last layer is missing.": (
            lambda: [64, *sizes(64)[:4]]
        ),
        "Leave out the 64 itself: one size for each of the five layers.": (
            lambda: [64, *sizes(64)]
        ),
        "There are no half pixels: pooling rounds down.": (
            lambda: sizes(64, pool=lambda size: size / 2)
        ),
    },
)


@cache
def field_height(layers):
    """Return how many rows of the picture one value behind so many layers looks at.

    The layers are the CIFAR-10 network's first five and a third pooling behind them.
    """
    chosen = [*cifar10_cnn().layers[:5], MaxPooling2D(2, name="third")][:layers]
    model = keras.Sequential([keras.Input((32, 32, 3)), *chosen])
    image = np.zeros((1, 32, 32, 3))
    field = by_hand.explain(model, image, chosen[-1].name, (0, 0, 0, 0)).receptive_field
    return field[0].stop - field[0].start


EXERCISES["3.5"] = Exercise(
    right=lambda: field_height(6),
    why="18 pixels, and one step of 4 more: pooling looks at two neighbours.",
    mistakes={
        "That is conv2d_2, the layer before.": lambda: field_height(5),
        "That is max_pooling2d_1, the second pooling; add a third.": (
            lambda: field_height(4)
        ),
        "Two neighbours overlap: the second adds one step, not a whole field.": (
            lambda: 2 * field_height(5)
        ),
        "The step is 4 in this place: neighbours are 4 pixels apart.": (
            lambda: field_height(5) + 1
        ),
        "That would be another convolution, which reaches two steps further.": (
            lambda: field_height(5) + 2 * 4
        ),
    },
)

PREDICTIONS = {}

QUIZ = []
