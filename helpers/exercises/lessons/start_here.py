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
    "Each unit of a Dense layer gives one number per row.",
    lambda: dense_weights()[0].shape[0],
    "That is the number of inputs; the question is about the hidden layer.",
    lambda: dense_weights()[2].shape[1],
    "The output layer gives so many, and so many hidden outputs are not 0; a 0 is a "
    "number, too.",
    lambda: outputs([1, 0, 0])["hidden"].size + outputs([1, 0, 0])["output"].size,
    "That is the hidden layer and the output layer together.",
    lambda: dense_weights()[0].size + dense_weights()[2].size,
    "That is the number of lines, the weights; count the circles of the hidden layer.",
    lambda: outputs([1, 0, 0])["hidden"].shape,
    "That is the shape, rows and units; the question is about one row.",
    lambda: outputs([1, 0, 0])["hidden"][0],
    "Those are the numbers themselves; the question is how many they are.",
    lambda: outputs([1, 0, 0])["hidden"],
    "Those are the numbers themselves, in a row; how many are they?",
    lambda: outputs([1, 0, 0])["hidden"].sum(),
    "That is what the numbers add up to; count them.",
    lambda: dense_weights()[0].size,
    "That is the number of weights in the kernel; count the outputs.",
    lambda: dense_weights()[0].size + dense_weights()[1].size,
    "That is the number of parameters, bias included; count the outputs.",
    lambda: 1,
    "That is the number of rows given in; count the numbers given out.",
)


GUESSES["A"] = Exercise(
    lambda: outputs([-1, 0, 0])["hidden"][0, 3],
    "All sums change their signs, that of unit 3 to -0.113. A unit of this layer gives "
    "out 0 in place of a negative sum.",
    lambda: -outputs([1, 0, 0])["hidden"][0, 3],
    "That is its sum, but not what it gives out.",
    lambda: outputs([1, 0, 0])["hidden"][0, 3],
    "The sign of an input counts: each weight multiplies it.",
    lambda: outputs([1, 0, 0])["hidden"][0, 3] - 2,
    "The input falls by 2, but a weight multiplies it on its way.",
    lambda: outputs([-1, 0, 0])["hidden"][0],
    "Right for all four units; the question is about one of them.",
)
