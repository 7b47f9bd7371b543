"""Exercises, predictions and quiz of lesson 01: Dense by hand."""

import numpy as np

from helpers import by_hand
from helpers.exercises.exercise import Exercise
from helpers.exercises.shared import (
    dense_weights,
    hidden_outputs,
    hidden_sums,
    output_sums,
    predictions,
)

EXERCISES = {}

SECOND_ROW = np.array([0.0, 1.0, 0.0])
BOTH = np.array([1.0, 1.0, 0.0])
NEW_ROW = np.array([2.0, 1.0, 0.5])
SCORES = np.array([2.0, 1.0, 0.0])


EXERCISES["1.1"] = Exercise(
    right=lambda: hidden_sums(SECOND_ROW),
    why="The only 1 in the row picks out the second row of the kernel.",
    mistakes={
        "This is after ReLU; the question asks for the sums before it.": (
            lambda: hidden_outputs(SECOND_ROW)
        ),
        "This is a column of the kernel: each row of the kernel belongs to one "
        "input, each column to one unit.": (lambda: dense_weights()[0][:, 1]),
        "This is the first row of the kernel. Counting starts at 0: "
        "the second row is kernel[1].": (lambda: dense_weights()[0][0]),
        "This is the third row of the kernel. Counting starts at 0: "
        "the second row is kernel[1].": (lambda: dense_weights()[0][2]),
    },
)

EXERCISES["1.2"] = Exercise(
    right=lambda: hidden_outputs(BOTH),
    why="Add first, then cut: ReLU acts on the sum, not on its terms.",
    mistakes={
        "This is before ReLU: negative values are still there.": (
            lambda: hidden_sums(BOTH)
        ),
        "ReLU came before the sum. A negative term still counts in the sum; only the "
        "sum is cut.": (lambda: by_hand.relu(dense_weights()[0][:2]).sum(axis=0)),
        "This belongs to [1, 0, 0]: the second input is 1 as well.": (
            lambda: by_hand.relu(hidden_sums(np.array([1.0, 0.0, 0.0])))
        ),
        "This belongs to [0, 1, 0]: the first input is 1 as well.": (
            lambda: hidden_outputs(SECOND_ROW)
        ),
        "This is the mean of the two kernel rows; a Dense layer adds them.": (
            lambda: by_hand.relu(hidden_sums(BOTH / 2))
        ),
    },
)

EXERCISES["1.3"] = Exercise(
    right=lambda: by_hand.softmax(SCORES),
    why="Exponentials, divided by their sum; the three numbers add up to 1.",
    mistakes={
        "These are the exponentials; now divide each by their sum.": (
            lambda: np.exp(SCORES)
        ),
        "The scores were divided by their sum without the exponential.": (
            lambda: SCORES / SCORES.sum()
        ),
        "The exponentials were divided by the largest of them, not by their sum.": (
            lambda: np.exp(SCORES) / np.exp(SCORES).max()
        ),
        "The order is turned: the largest sum gets the largest share.": (
            lambda: by_hand.softmax(SCORES)[::-1]
        ),
        "These are powers of 2; the exponential is a power of e, np.exp.": (
            lambda: 2**SCORES / (2**SCORES).sum()
        ),
    },
)

EXERCISES["1.4"] = Exercise(
    right=lambda: predictions(NEW_ROW),
    why="Multiply, add, cut; multiply, add, share out: the whole network.",
    mistakes={
        "ReLU is missing between the two layers.": (
            lambda: by_hand.softmax(output_sums(hidden_sums(NEW_ROW)))
        ),
        "This is before softmax: the two numbers do not add up to 1.": (
            lambda: output_sums(hidden_outputs(NEW_ROW))
        ),
        "The order of the two numbers is turned.": (lambda: predictions(NEW_ROW)[::-1]),
        "The output layer got ReLU before softmax; it has softmax alone.": (
            lambda: by_hand.softmax(by_hand.relu(output_sums(hidden_outputs(NEW_ROW))))
        ),
        "The hidden layer got softmax; its activation is ReLU.": (
            lambda: by_hand.softmax(output_sums(by_hand.softmax(hidden_sums(NEW_ROW))))
        ),
        "This is the hidden layer's output; the output layer is still to come.": (
            lambda: hidden_outputs(NEW_ROW)
        ),
    },
)

PREDICTIONS = {}

QUIZ = []
