"""Exercises that answer back: ``check(name, answer)``.

An exercise is a function that computes the right answer, and for each plausible
mistake a function that makes that mistake. Nothing is stored: an answer that equals
what a mistake gives is diagnosed as that mistake.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from helpers import by_hand
from helpers.datasets import cat_photograph, shapes
from helpers.extraction import layer_outputs
from helpers.networks import cifar10_cnn, dense_network, trained_cifar10_cnn
from helpers.statistics import layer_statistics


class Exercise(NamedTuple):
    """The right answer, why it is right, and what goes wrong."""

    right: Callable
    why: str
    mistakes: dict[str, Callable]


EXERCISES = {}


def check(name, answer):
    """Say whether an answer is right, and if not, what went wrong.

    Prints one or two sentences; never raises on an answer, whatever it is, and
    never shows the right one.

    Arguments:
        name: number of the exercise, such as ``"1.2"``.
        answer: number, list, NumPy array or tensor; ``...`` while it is open.
            Three decimals are exact enough.

    Raises:
        ValueError: there is no exercise of that name.

    Example:
        >>> check("0.1", ...)
        Exercise 0.1 is open: replace the ... and run the cell again.
    """
    if name not in EXERCISES:
        raise ValueError(
            f"There is no exercise {name!r}. There are: {', '.join(EXERCISES)}."
        )
    print(f"Exercise {name}{verdict(EXERCISES[name], answer)}")


def verdict(exercise, answer):
    """Return the sentence that `check` prints behind the exercise's number."""
    if answer is ...:
        return " is open: replace the ... and run the cell again."
    try:
        given = np.asarray(answer, dtype="float64")
    except Exception:  # whatever a learner's object does when it is read
        kind = type(answer).__name__
        return f": not yet. {kind} is not a number or an array of numbers."
    expected = computed(exercise.right)
    if same(given, expected):
        return f": right. {exercise.why}"
    for sentence, mistake in exercise.mistakes.items():
        if same(given, computed(mistake)):
            return f": not yet. {sentence}"
    if given.shape != expected.shape:
        return (
            f": not yet. Expected the shape {expected.shape}, got {given.shape}."
            if expected.shape
            else f": not yet. Expected one number, got an array of shape {given.shape}."
        )
    if not np.isfinite(given).all():
        return ": not yet. The answer contains NaN or infinity."
    wrong = int((~np.isclose(given, expected, rtol=1e-3, atol=1e-3)).sum())
    if given.size == 1:
        return ": not yet. It is another number."
    return f": not yet. The shape is right; {wrong} of {given.size} numbers are not."


@cache
def computed(answer):
    """Return what an exercise's function gives, computed once."""
    return np.asarray(answer(), dtype="float64")


def same(given, expected):
    """Tell whether two arrays have one shape and equal numbers, to three decimals."""
    return given.shape == expected.shape and np.allclose(
        given, expected, rtol=1e-3, atol=1e-3
    )


@cache
def dense_weights():
    """Return kernel and bias of both layers of the Dense network."""
    return dense_network().get_weights()


# 0. Start here


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
    },
)


# 1. Dense by hand

SECOND_ROW = np.array([0.0, 1.0, 0.0])
BOTH = np.array([1.0, 1.0, 0.0])
NEW_ROW = np.array([2.0, -1.0, 0.5])
SCORES = np.array([2.0, 1.0, 0.0])


def hidden_sums(row):
    """Return the hidden layer's sums, before ReLU, for one row."""
    kernel, bias = dense_weights()[:2]
    return row @ kernel + bias


def output_sums(hidden):
    """Return the output layer's sums, before softmax, for one row of hidden outputs."""
    kernel, bias = dense_weights()[2:]
    return hidden @ kernel + bias


EXERCISES["1.1"] = Exercise(
    right=lambda: hidden_sums(SECOND_ROW),
    why="The only 1 in the row picks out the second row of the kernel.",
    mistakes={
        "This is after ReLU; the question asks for the sums before it.": (
            lambda: by_hand.relu(hidden_sums(SECOND_ROW))
        ),
        "This is a column of the kernel: each row of the kernel belongs to one "
        "input, each column to one unit.": (lambda: dense_weights()[0][:, 1]),
        "This is the first row of the kernel. Counting starts at 0: "
        "the second row is kernel[1].": (lambda: dense_weights()[0][0]),
        "This is the third row of the kernel. Counting starts at 0: "
        "the second row is kernel[1].": (lambda: dense_weights()[0][2]),
        "The numbers are right, but there is one axis too many: take the row out "
        "of its batch with [0].": (lambda: hidden_sums(SECOND_ROW)[np.newaxis]),
    },
)

EXERCISES["1.2"] = Exercise(
    right=lambda: by_hand.relu(hidden_sums(BOTH)),
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
            lambda: by_hand.relu(hidden_sums(SECOND_ROW))
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
        "The signs are turned: the largest score gets the largest share.": (
            lambda: by_hand.softmax(-SCORES)
        ),
        "These are powers of 2; the exponential is a power of e, np.exp.": (
            lambda: 2**SCORES / (2**SCORES).sum()
        ),
    },
)

EXERCISES["1.4"] = Exercise(
    right=lambda: by_hand.softmax(output_sums(by_hand.relu(hidden_sums(NEW_ROW)))),
    why="Multiply, add, cut; multiply, add, share out: the whole network.",
    mistakes={
        "ReLU is missing between the two layers.": (
            lambda: by_hand.softmax(output_sums(hidden_sums(NEW_ROW)))
        ),
        "This is before softmax: the two numbers do not add up to 1.": (
            lambda: output_sums(by_hand.relu(hidden_sums(NEW_ROW)))
        ),
        "The hidden layer got softmax; its activation is ReLU.": (
            lambda: by_hand.softmax(output_sums(by_hand.softmax(hidden_sums(NEW_ROW))))
        ),
        "This is the hidden layer's output; the output layer is still to come.": (
            lambda: by_hand.relu(hidden_sums(NEW_ROW))
        ),
        "The numbers are right, but there is one axis too many: take the row out "
        "of its batch with [0].": (
            lambda: by_hand.softmax(output_sums(by_hand.relu(hidden_sums(NEW_ROW))))[
                np.newaxis
            ]
        ),
    },
)


# 3. Convolution by hand


@cache
def cat_outputs(trained=True, raw=False):
    """Return every layer's output for the cat photograph."""
    network = trained_cifar10_cnn() if trained else cifar10_cnn()
    image = cat_photograph()[np.newaxis]
    return layer_outputs(network, image if raw else image / 255)


EDGE = np.array([[-1, 0, 1]] * 3)
BRIGHT_LEFT = np.array([[9, 9, 9, 0, 0, 0]] * 5)
TO_POOL = np.array([[1, 5, 2, 0, 7], [3, 4, 8, 6, 9]])

EXERCISES["3.1"] = Exercise(
    right=lambda: (BRIGHT_LEFT[0:3, 1:4] * EDGE).sum(),
    why="Bright times -1, dark times 1: an edge the other way round is negative.",
    mistakes={
        "This is the patch of the first picture, dark on the left.": (
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
def one_value(row, column, channel=10, bias=True, scale=255, corner=0):
    """Compute one value of ``conv2d`` for the cat photograph."""
    kernel, biases = trained_cifar10_cnn().get_layer("conv2d").get_weights()
    row, column = row - corner, column - corner
    patch = cat_photograph()[row : row + 3, column : column + 3] / scale
    total = (patch * kernel[..., channel]).sum() + bias * biases[channel]
    return by_hand.relu(total)


EXERCISES["3.2"] = Exercise(
    right=lambda: one_value(20, 5),
    why="27 products and a bias, and what is left of them after ReLU.",
    mistakes={
        "The bias is missing.": lambda: one_value(20, 5, bias=False),
        "These are raw pixels from 0 to 255; the network wants pixels / 255.": (
            lambda: one_value(20, 5, scale=1)
        ),
        "The patch starts one row and one column too early: value (20, 5) looks at "
        "rows 20 to 22 and columns 5 to 7.": lambda: one_value(20, 5, corner=1),
        "Rows and columns are swapped.": lambda: one_value(5, 20),
        "This is channel 7, as in the example; the question is about channel 10.": (
            lambda: one_value(20, 5, channel=7)
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
    },
)


def field_height(layer, position):
    """Return how many rows of the picture one value of a layer looks at."""
    image = cat_photograph()[np.newaxis] / 255
    rows, _ = by_hand.explain(cifar10_cnn(), image, layer, position).receptive_field
    return rows.stop - rows.start


EXERCISES["3.5"] = Exercise(
    right=lambda: field_height("max_pooling2d_1", (0, 2, 2, 0)),
    why="8 pixels, and one step of 2 more: pooling looks at two neighbours.",
    mistakes={
        "That is conv2d_1, the layer before.": (
            lambda: field_height("conv2d_1", (0, 2, 2, 0))
        ),
        "That is conv2d_2, the layer after.": (
            lambda: field_height("conv2d_2", (0, 1, 1, 0))
        ),
        "That is the first pooling, max_pooling2d.": (
            lambda: field_height("max_pooling2d", (0, 2, 2, 0))
        ),
        "That is the number of values that pooling looks at; count pixels.": lambda: 2,
    },
)


# 4. CIFAR-10 feature maps


def dead_maps(maps):
    """Count the channels that are zero at every position."""
    return int((maps == 0).all(axis=(0, 1, 2)).sum())


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
        "The batch axis is still there: index the picture with 0.": (
            lambda: cat_outputs()["max_pooling2d"][..., 5]
        ),
        "This is row 5 of every map; the channel is the last axis.": (
            lambda: cat_outputs()["max_pooling2d"][0, 5]
        ),
    },
)

EXERCISES["4.3"] = Exercise(
    right=lambda: dead_maps(cat_outputs()["conv2d_2"]),
    why="These channels found nothing to answer to in this picture.",
    mistakes={
        "That is the untrained network.": (
            lambda: dead_maps(cat_outputs(trained=False)["conv2d_2"])
        ),
        "That is with raw pixels from 0 to 255.": (
            lambda: dead_maps(cat_outputs(raw=True)["conv2d_2"])
        ),
        "That counts the numbers that are zero; a map is dead when all of its numbers "
        "are.": (lambda: (cat_outputs()["conv2d_2"] == 0).sum()),
        "That counts the maps with any zero; a map is dead when all of its numbers are.": (
            lambda: (cat_outputs()["conv2d_2"] == 0).any(axis=(0, 1, 2)).sum()
        ),
        "That counts the maps that are not dead.": (
            lambda: 64 - dead_maps(cat_outputs()["conv2d_2"])
        ),
        "That counts among the first 16 maps alone.": (
            lambda: dead_maps(cat_outputs()["conv2d_2"][..., :16])
        ),
    },
)


# 5. Every layer at once


@cache
def shape_outputs():
    """Return every layer's output of the trained network for 500 generated shapes."""
    pictures, _ = shapes(500, seed=5)
    return layer_outputs(trained_cifar10_cnn(), pictures / np.float32(255))


def dead_channels(outputs, layer="conv2d_2"):
    """Return the numbers of a layer's channels that are zero everywhere, as a set."""
    return set(layer_statistics(outputs)[layer].dead.tolist())


EXERCISES["5.1"] = Exercise(
    right=lambda: max(
        cat_outputs()[layer].max() for layer in ("max_pooling2d", "max_pooling2d_1")
    ),
    why="The layers are chosen by their class; the larger of two maxima counts.",
    mistakes={
        "That is the first of the two pooling layers alone.": (
            lambda: cat_outputs()["max_pooling2d"].max()
        ),
        "That is the largest value of all layers.": (
            lambda: max(values.max() for values in cat_outputs().values())
        ),
        "These are raw pixels from 0 to 255; the network wants pixels / 255.": (
            lambda: max(
                cat_outputs(raw=True)[layer].max()
                for layer in ("max_pooling2d", "max_pooling2d_1")
            )
        ),
        "That is conv2d_2, the last of the convolutions.": (
            lambda: cat_outputs()["conv2d_2"].max()
        ),
    },
)

EXERCISES["5.2"] = Exercise(
    right=lambda: len(dead_channels(cat_outputs()) - dead_channels(shape_outputs())),
    why="These channels wait for something the cat does not have.",
    mistakes={
        "That is how many are dead for the cat.": (
            lambda: len(dead_channels(cat_outputs()))
        ),
        "That is how many are dead for all 500 pictures.": (
            lambda: len(dead_channels(shape_outputs()))
        ),
        "That counts the channels that live for the 500 pictures, those included "
        "that live for the cat.": (lambda: 64 - len(dead_channels(shape_outputs()))),
        "That is another layer: the question is about conv2d_2.": (
            lambda: len(
                dead_channels(cat_outputs(), "conv2d_1")
                - dead_channels(shape_outputs(), "conv2d_1")
            )
        ),
    },
)

EXERCISES["5.3"] = Exercise(
    right=lambda: (shape_outputs()["dense"] == 0).mean(),
    why="The mean of true and false is the share of true.",
    mistakes={
        "That is the share for the cat alone.": (
            lambda: (cat_outputs()["dense"] == 0).mean()
        ),
        "That is the share of values that are not 0.": (
            lambda: (shape_outputs()["dense"] != 0).mean()
        ),
        "That is in percent; the answer is a number from 0 to 1.": (
            lambda: 100 * (shape_outputs()["dense"] == 0).mean()
        ),
        "That is a count; divide it by the number of values.": (
            lambda: (shape_outputs()["dense"] == 0).sum()
        ),
        "That is the share of units that are dead; count single values.": (
            lambda: (shape_outputs()["dense"] == 0).all(axis=0).mean()
        ),
    },
)

EXERCISES["5.4"] = Exercise(
    right=lambda: cat_outputs()["conv2d"].max(axis=(0, 1, 2)).argmax(),
    why="One scale for all maps is needed to see it, or the numbers themselves.",
    mistakes={
        "That is the channel with the largest mean; the question is about the largest "
        "value.": lambda: cat_outputs()["conv2d"].mean(axis=(0, 1, 2)).argmax(),
        "That is the strongest of the 16 channels in the grid; there are 32.": (
            lambda: cat_outputs()["conv2d"][..., :16].max(axis=(0, 1, 2)).argmax()
        ),
        "That is the value itself; the question is about the channel's number.": (
            lambda: cat_outputs()["conv2d"].max()
        ),
        "That counts from 1; channels are counted from 0.": (
            lambda: cat_outputs()["conv2d"].max(axis=(0, 1, 2)).argmax() + 1
        ),
        "That is a position in the flattened array; take the maximum of each channel "
        "first.": lambda: cat_outputs()["conv2d"].argmax(),
    },
)
