"""Exercises, predictions and quiz of lesson 04: CIFAR-10 feature maps."""

from helpers.exercises.exercise import Exercise
from helpers.exercises.shared import cat_outputs
from helpers.networks import cifar10_cnn
from helpers.statistics import dead_channels

EXERCISES = {}


def number_dead(maps):
    """Count the channels that are zero at every position."""
    return len(dead_channels(maps))


EXERCISES["4.1"] = Exercise(
    right=lambda: cat_outputs()["conv2d_2"].size,
    why="4 rows times 4 columns times 64 channels.",
    mistakes={
        "That is 16 channels, as many as the grid shows; the layer has more.": (
            lambda: cat_outputs()["conv2d_2"][..., :16].size
        ),
        "That is the number of channels; each is a map of several numbers.": (
            lambda: cat_outputs()["conv2d_2"].shape[-1]
        ),
        "That is one map; there is one for each channel.": (
            lambda: cat_outputs()["conv2d_2"][0, :, :, 0].size
        ),
        "That is conv2d, the first convolution.": (
            lambda: cat_outputs()["conv2d"].size
        ),
        "That is max_pooling2d_1, one layer earlier.": (
            lambda: cat_outputs()["max_pooling2d_1"].size
        ),
        "That is the number of weights of the layer; count its outputs.": (
            lambda: cifar10_cnn().get_layer("conv2d_2").count_params()
        ),
    },
)

EXERCISES["4.2"] = Exercise(
    right=lambda: cat_outputs()["max_pooling2d"][0, :, :, 5],
    why="One picture, all rows, all columns, one channel.",
    mistakes={
        "The network got raw pixels from 0 to 255; it was trained on pixels / 255.": (
            lambda: cat_outputs(raw=True)["max_pooling2d"][0, :, :, 5]
        ),
        "This is conv2d, the layer before pooling.": (
            lambda: cat_outputs()["conv2d"][0, :, :, 5]
        ),
        "This comes from the untrained network.": (
            lambda: cat_outputs(trained=False)["max_pooling2d"][0, :, :, 5]
        ),
        "Rows and columns are swapped.": (
            lambda: cat_outputs()["max_pooling2d"][0, :, :, 5].T
        ),
        "This is channel 4. Counting starts at 0: channel 5 has the index 5.": (
            lambda: cat_outputs()["max_pooling2d"][0, :, :, 4]
        ),
        "This comes from the untrained network, and from raw pixels.": (
            lambda: cat_outputs(trained=False, raw=True)["max_pooling2d"][0, :, :, 5]
        ),
        "The batch axis is still there: index the picture with 0.": (
            lambda: cat_outputs()["max_pooling2d"][..., 5]
        ),
        "This is row 5 of every map; the channel is the last axis.": (
            lambda: cat_outputs()["max_pooling2d"][0, 5]
        ),
    },
)

EXERCISES["4.3"] = Exercise(
    right=lambda: number_dead(cat_outputs()["conv2d_2"]),
    why="ReLU has cut everything these channels computed for this picture.",
    mistakes={
        "That is the untrained network.": (
            lambda: number_dead(cat_outputs(trained=False)["conv2d_2"])
        ),
        "That is with raw pixels from 0 to 255.": (
            lambda: number_dead(cat_outputs(raw=True)["conv2d_2"])
        ),
        "That counts the numbers that are zero; a map is dead when all of its numbers "
        "are.": (lambda: (cat_outputs()["conv2d_2"] == 0).sum()),
        "That counts the maps with any zero; a map is dead when all of its numbers are.": (
            lambda: (cat_outputs()["conv2d_2"] == 0).any(axis=(0, 1, 2)).sum()
        ),
        "That counts the maps that are not dead.": (
            lambda: 64 - number_dead(cat_outputs()["conv2d_2"])
        ),
        "That counts among the first 16 maps alone.": (
            lambda: number_dead(cat_outputs()["conv2d_2"][..., :16])
        ),
        "That is the untrained network's count among the first 16 maps.": (
            lambda: number_dead(cat_outputs(trained=False)["conv2d_2"][..., :16])
        ),
    },
)

PREDICTIONS = {}

QUIZ = []
