"""Exercises and predictions of the lesson Start here."""

from ...extraction import layer_outputs
from ...networks import dense_network
from ..exercise import Exercise
from ..shared import dense_weights

EXERCISES, PREDICTIONS = {}, {}

EXERCISES["hidden_outputs"] = Exercise(
    lambda: layer_outputs(dense_network(), [[1, 0, 0]])["hidden"].size,
    "Each unit of a Dense layer gives one number per row.",
    lambda: dense_weights()[0].shape[0],
    "That is the number of inputs; the question is about the hidden layer.",
    lambda: dense_weights()[2].shape[1],
    "That is the output layer; the question is about the hidden layer.",
    lambda: dense_weights()[0].size,
    "That is the number of weights in the kernel; count the outputs.",
    lambda: dense_weights()[0].size + dense_weights()[1].size,
    "That is the number of parameters, bias included; count the outputs.",
    lambda: 1,
    "That is the number of rows given in; count the numbers given out.",
)


def number_of(layer, row):
    """Return the first number that a layer of the Dense network gives out for a row."""
    return layer_outputs(dense_network(), [row])[layer][0, 0]


PREDICTIONS["A"] = Exercise(
    lambda: number_of("hidden", [0, 0, 0]),
    "Whatever the weights are, each is multiplied by 0, and the products add up to 0.",
    lambda: dense_weights()[0].shape[0],
    "Three inputs arrive at the unit, but it adds up products, not inputs.",
    lambda: [0] * dense_weights()[0].shape[1],
    "Right for each of the four units; the question is about one of them.",
    lambda: number_of("output", [0, 0, 0]),
    "That is what the output layer gives; the question is about the hidden one.",
)
