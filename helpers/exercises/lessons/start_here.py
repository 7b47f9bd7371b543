"""Exercises and guesses of the lesson Start here."""

from ...extraction import layer_outputs
from ...networks import dense_network
from ..exercise import Exercise
from ..shared import dense_weights

EXERCISES, GUESSES = {}, {}


def outputs(row):
    """Return both layers' outputs of the Dense network for one row."""
    return layer_outputs(dense_network(), [row])


EXERCISES["hidden_outputs"] = Exercise(
    lambda: outputs([1, 0, 0])["hidden"].size,
    "Each of the four units outputs one number for a row.",
    lambda: dense_weights()[0].shape[0],
    "That is the number of inputs; the question is about the hidden layer.",
    lambda: dense_weights()[2].shape[1],
    "The output layer has that many units, and that many hidden outputs are not 0; but a "
    "0 is a number, too.",
    lambda: outputs([1, 0, 0])["hidden"].size + outputs([1, 0, 0])["output"].size,
    "That is the hidden layer and the output layer together.",
    lambda: sum(dense_weights()[0].shape) + dense_weights()[2].shape[1],
    "That is the number of all circles, the inputs included; count those in the middle.",
    lambda: dense_weights()[0].size + dense_weights()[2].size,
    "That is the number of lines, the weights; count the circles of the hidden layer.",
    lambda: outputs([1, 0, 0])["hidden"].shape,
    "That is the shape, rows and units; how many numbers are in one row?",
    lambda: outputs([1, 0, 0])["hidden"][0],
    "Those are the numbers themselves; the question is how many there are.",
    lambda: outputs([1, 0, 0])["hidden"],
    "Those are the numbers themselves, in a row; how many are there?",
    lambda: outputs([1, 0, 0])["hidden"].sum(),
    "That is the sum of the numbers; how many are there?",
    lambda: dense_weights()[0].size,
    "That is the number of lines from the inputs, the weights; count the circles.",
    lambda: dense_weights()[0].size + dense_weights()[1].size,
    "That is the number of weights and biases; count the outputs.",
    lambda: 1,
    "That is the number of rows; count the numbers in the row.",
)


GUESSES["A"] = Exercise(
    lambda: outputs([-1, 0, 0])["hidden"][0, 3],
    "All sums change their sign; the sum of unit 3 is now -0.113. A unit of this layer "
    "outputs 0 in place of a negative sum.",
    lambda: -outputs([1, 0, 0])["hidden"][0, 3],
    "That is its sum, but not its output.",
    lambda: outputs([1, 0, 0])["hidden"][0, 3],
    "The sign of an input counts: each weight multiplies it.",
    lambda: outputs([1, 0, 0])["hidden"][0, 3] - 2,
    "The input falls by 2, but a weight multiplies it first.",
    lambda: outputs([-1, 0, 0])["hidden"][0],
    "Right for all four units; the question is about one of them.",
)
