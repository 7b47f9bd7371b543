"""Exercises, predictions and quiz of lesson 00: Start here."""

from helpers.exercises.exercise import Exercise
from helpers.exercises.shared import dense_weights
from helpers.extraction import layer_outputs
from helpers.networks import dense_network

EXERCISES = {}

EXERCISES["0.1"] = Exercise(
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

QUIZ = []
