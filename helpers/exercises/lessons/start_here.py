"""Exercises, predictions and quiz of the lesson Start here."""

from ...extraction import layer_outputs
from ...networks import dense_network
from ..exercise import Exercise, Question
from ..shared import dense_weights

EXERCISES = {}

EXERCISES["hidden_outputs"] = Exercise(
    right=lambda: layer_outputs(dense_network(), [[1, 0, 0]])["hidden"].size,
    why="Each unit of a Dense layer gives one number per row.",
    mistakes={
        "That is the number of inputs; the question is about the hidden layer.": (
            lambda: dense_weights()[0].shape[0]
        ),
        "That is the output layer; the question is about the hidden layer.": (
            lambda: dense_weights()[2].shape[1]
        ),
        "That is the number of weights in the kernel; count the outputs.": (
            lambda: dense_weights()[0].size
        ),
        "That is the number of parameters, bias included; count the outputs.": (
            lambda: dense_weights()[0].size + dense_weights()[1].size
        ),
        "That is the number of rows given in; count the numbers given out.": lambda: 1,
    },
)

PREDICTIONS = {}


def number_of(layer, row):
    """Return the first number that a layer of the Dense network gives out for a row."""
    return layer_outputs(dense_network(), [row])[layer][0, 0]


PREDICTIONS["A"] = Exercise(
    right=lambda: number_of("hidden", [0, 0, 0]),
    why="Whatever the weights are, each is multiplied by 0, and the products add up to 0.",
    mistakes={
        "Three inputs arrive at the unit, but it adds up products, not inputs.": (
            lambda: dense_weights()[0].shape[0]
        ),
        "Right for each of the four units; the question is about one of them.": (
            lambda: [0] * dense_weights()[0].shape[1]
        ),
        "That is what the output layer gives; the question is about the hidden one.": (
            lambda: number_of("output", [0, 0, 0])
        ),
    },
)

QUIZ = [
    Question(
        'What does `layer_outputs(network, inputs)["hidden"]` hold?',
        right="What the units of the layer `hidden` give out",
        why="One number for each unit, for each row of inputs.",
        wrong={
            "The weights on the lines that lead to `hidden`": "Weights belong to the "
            "network and are the same for all inputs; outputs change with the inputs.",
            "What the network as a whole gives out": "That is under the name of the last "
            'layer, "output".',
        },
    ),
    Question(
        "You leave an exercise open and run the cells below it. What happens?",
        right="The lesson goes on: no cell needs your answer.",
        why="A lesson can be read without solving anything.",
        wrong={
            "The next cell stops and shows an error.": "An open exercise prints one line "
            "that says so, and nothing stops.",
            "The solution is filled in in your place.": "A solution cell runs on its own; "
            "your dots stay where they are.",
        },
    ),
]
