"""Exercises, predictions and quiz of lesson 08: When extraction fails."""

import numpy as np

from helpers import by_hand
from helpers.datasets import cat_photograph
from helpers.exercises.exercise import Exercise
from helpers.exercises.shared import hidden_sums, output_sums
from helpers.extraction import layer_outputs
from helpers.networks import cifar10_cnn, trained_cifar10_cnn

EXERCISES = {}

TWO_ROWS = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
NESTED_ROW = np.array([20.0, -10.0, 5.0])
FIRST_ROW = np.array([1.0, 0.0, 0.0])


def channels_first_probabilities(mend, scale=255, network=trained_cifar10_cnn):
    """Return what a CNN gives for the cat with its channels first, mended."""
    channels_first = cat_photograph().transpose(2, 0, 1)
    batch = mend(channels_first)[np.newaxis] / scale
    return layer_outputs(network(), batch)["dense_1"][0]


def colleague_outputs(kernel_factor=10, last_factor=100):
    """Return what the changed Dense network of exercise 8.5 gives for one row."""
    hidden = by_hand.relu(hidden_sums(kernel_factor * FIRST_ROW))
    return last_factor * by_hand.softmax(output_sums(hidden))


EXERCISES["8.1"] = Exercise(
    right=lambda: by_hand.relu(hidden_sums(TWO_ROWS)),
    why="`inputs[0]` at one end, a layer's `.output` at the other.",
    mistakes={
        "This is the output layer; in a Sequential, layers[0] is the hidden layer.": (
            lambda: by_hand.softmax(output_sums(by_hand.relu(hidden_sums(TWO_ROWS))))
        ),
        "This is the first row alone; give both.": (
            lambda: by_hand.relu(hidden_sums(TWO_ROWS[0]))
        ),
        "These are the sums before ReLU; a layer's .output has its activation in it.": (
            lambda: hidden_sums(TWO_ROWS)
        ),
        "Rows and columns are swapped: one row for each input, one column for each unit.": (
            lambda: by_hand.relu(hidden_sums(TWO_ROWS)).T
        ),
        "These are the rows in the other order.": (
            lambda: by_hand.relu(hidden_sums(TWO_ROWS[::-1]))
        ),
    },
)

CONVOLUTIONS, NETWORKS = 3, 3

EXERCISES["8.2"] = Exercise(
    right=lambda: CONVOLUTIONS * NETWORKS - 1,
    why="Nine layers share one count, and the first of them has no number.",
    mistakes={
        "That counts the layers; the first one is conv2d, without a number, and the "
        "second is conv2d_1.": lambda: CONVOLUTIONS * NETWORKS,
        "That is how it would be if each network counted anew; the count goes on.": (
            lambda: CONVOLUTIONS - 1
        ),
        "That is the first layer of the third network.": (
            lambda: CONVOLUTIONS * (NETWORKS - 1)
        ),
        "That is the last layer of the second network.": (
            lambda: CONVOLUTIONS * (NETWORKS - 1) - 1
        ),
        "That is the fourth network, or one was built before these three: call "
        "clear_session first.": lambda: CONVOLUTIONS * (NETWORKS + 1) - 1,
        "The count went on from two networks that were built before: call "
        "clear_session first.": lambda: CONVOLUTIONS * (NETWORKS + 2) - 1,
        "The count went on from three networks that were built before: call "
        "clear_session first, each time.": lambda: CONVOLUTIONS * 2 * NETWORKS - 1,
    },
)

EXERCISES["8.3"] = Exercise(
    right=lambda: channels_first_probabilities(lambda x: x.transpose(1, 2, 0)),
    why="`transpose` puts the axes in order and leaves each pixel whole.",
    mistakes={
        "`reshape` made the shape fit and mixed up the pixels; use transpose.": (
            lambda: channels_first_probabilities(lambda x: x.reshape(32, 32, 3))
        ),
        "Rows and columns are swapped, so the cat lies on its side: `.T` turns all axes "
        "around.": lambda: channels_first_probabilities(lambda x: x.T),
        "The network got raw pixels from 0 to 255; it was trained on pixels / 255.": (
            lambda: channels_first_probabilities(lambda x: x.transpose(1, 2, 0), 1)
        ),
        "`reshape` mixed up the pixels, and they are raw, from 0 to 255.": (
            lambda: channels_first_probabilities(lambda x: x.reshape(32, 32, 3), 1)
        ),
        "`.T` swapped rows and columns, and the pixels are raw, from 0 to 255.": (
            lambda: channels_first_probabilities(lambda x: x.T, 1)
        ),
        "That is the untrained network; `trained` is the one asked for.": (
            lambda: channels_first_probabilities(
                lambda x: x.transpose(1, 2, 0), network=cifar10_cnn
            )
        ),
        "That is the untrained network, with raw pixels; take `trained`, pixels / 255.": (
            lambda: channels_first_probabilities(
                lambda x: x.transpose(1, 2, 0), 1, cifar10_cnn
            )
        ),
        "The numbers are right, but the batch axis is still there: index with [0].": (
            lambda: channels_first_probabilities(lambda x: x.transpose(1, 2, 0))[None]
        ),
    },
)

EXERCISES["8.4"] = Exercise(
    right=lambda: by_hand.relu(hidden_sums(NESTED_ROW / 10)),
    why="The row passes `scale` before it reaches `inner`.",
    mistakes={
        "The row went into inner as it is; inside outer, scale divides it by 10.": (
            lambda: by_hand.relu(hidden_sums(NESTED_ROW))
        ),
        "The row was divided by 10 twice; outer does it by itself.": (
            lambda: by_hand.relu(hidden_sums(NESTED_ROW / 100))
        ),
        "This is before ReLU; the activation belongs to the layer.": (
            lambda: hidden_sums(NESTED_ROW / 10)
        ),
        "This is what inner gives out at its end; hidden is its first layer.": (
            lambda: by_hand.softmax(
                output_sums(by_hand.relu(hidden_sums(NESTED_ROW / 10)))
            )
        ),
        "This is the output of scale, the row that reaches inner.": (
            lambda: NESTED_ROW / 10
        ),
        "The numbers are right, but the batch axis is still there: index with [0].": (
            lambda: by_hand.relu(hidden_sums(NESTED_ROW / 10))[np.newaxis]
        ),
    },
)

EXERCISES["8.5"] = Exercise(
    right=colleague_outputs,
    why="New weights reach an old sub-model, new layers do not.",
    mistakes={
        "This is what reader gives. It has the new kernel, but not the new layer.": (
            lambda: colleague_outputs(last_factor=1)
        ),
        "The new layer is there, but the kernel is the old one; it was multiplied by "
        "10.": lambda: colleague_outputs(kernel_factor=1),
        "This is the network before both changes.": (
            lambda: colleague_outputs(kernel_factor=1, last_factor=1)
        ),
        "The factor 100 came before softmax; the new layer stands behind it.": (
            lambda: by_hand.softmax(
                100 * output_sums(by_hand.relu(hidden_sums(10 * FIRST_ROW)))
            )
        ),
        "The numbers are right, but the batch axis is still there: index with [0].": (
            lambda: colleague_outputs()[np.newaxis]
        ),
    },
)

PREDICTIONS = {}

QUIZ = []
