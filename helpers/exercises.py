"""Exercises that answer back: ``check(name, answer)``.

An exercise is a function that computes the right answer, and for each plausible
mistake a function that makes that mistake. Nothing is stored: an answer that equals
what a mistake gives is diagnosed as that mistake.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import keras
import numpy as np
from keras.layers import MaxPooling2D

from helpers import by_hand
from helpers.datasets import cat_photograph, shapes
from helpers.extraction import layer_outputs
from helpers.networks import cifar10_cnn, dense_network, trained_cifar10_cnn
from helpers.statistics import dead_channels


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
    if answer is None:
        return ": not yet. The answer is None: nothing was assigned to it."
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
    return f": not yet. {difference(given, expected)}"


def difference(given, expected):
    """Say how an answer that no known mistake explains differs from the right one."""
    got = f"Expected the shape {expected.shape}, got {given.shape}."
    if not expected.shape:
        got = f"Expected one number, got an array of shape {given.shape}."
    if given.shape != expected.shape:
        if given.size == expected.size and same(
            given.reshape(expected.shape), expected
        ):
            return f"The numbers are right, the axes are not. {got}"
        return got
    if not np.isfinite(given).all():
        return "The answer contains NaN or infinity."
    if np.allclose(given, expected, rtol=0, atol=6e-3):
        return "That is close: give three decimals."
    wrong = int((~np.isclose(given, expected, rtol=1e-3, atol=1e-3)).sum())
    if given.size == 1:
        return "It is another number."
    return f"The shape is right; of {given.size} numbers, {wrong} differ."


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
        "That is the number of parameters, bias included; count the outputs.": (
            lambda: dense_weights()[0].size + dense_weights()[1].size
        ),
        "That is the number of rows given in; count the numbers given out.": lambda: 1,
    },
)


# 1. Dense by hand

SECOND_ROW = np.array([0.0, 1.0, 0.0])
BOTH = np.array([1.0, 1.0, 0.0])
NEW_ROW = np.array([2.0, 1.0, 0.5])
SCORES = np.array([2.0, 1.0, 0.0])


def hidden_sums(row):
    """Return the hidden layer's sums, before ReLU, for one row."""
    kernel, bias = dense_weights()[:2]
    return row @ kernel + bias


def hidden_outputs(row):
    """Return the hidden layer's outputs, after ReLU, for one row."""
    return by_hand.relu(hidden_sums(row))


def predictions(row):
    """Return what the whole network gives out for one row."""
    return by_hand.softmax(output_sums(hidden_outputs(row)))


def output_sums(hidden):
    """Return the output layer's sums, before softmax, for one row of hidden outputs."""
    kernel, bias = dense_weights()[2:]
    return hidden @ kernel + bias


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


# 4. CIFAR-10 feature maps


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


# 5. Every layer at once


@cache
def shape_outputs():
    """Return every layer's output of the trained network for 500 generated shapes."""
    pictures, _ = shapes(500, seed=5)
    return layer_outputs(trained_cifar10_cnn(), pictures / np.float32(255))


def dead_in(outputs, layer="conv2d_2"):
    """Return the numbers of a layer's channels that are zero everywhere, as a set."""
    return set(dead_channels(outputs[layer]).tolist())


EXERCISES["5.1"] = Exercise(
    right=lambda: max(
        cat_outputs()[layer].max() for layer in ("max_pooling2d", "max_pooling2d_1")
    ),
    why="The layers are chosen by their class; the larger of two maxima counts.",
    mistakes={
        "That is the first of the two pooling layers alone.": (
            lambda: cat_outputs()["max_pooling2d"].max()
        ),
        "There are two layers; the answer is the larger of the two.": (
            lambda: [
                cat_outputs()[layer].max()
                for layer in ("max_pooling2d", "max_pooling2d_1")
            ]
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
    right=lambda: len(dead_in(cat_outputs()) - dead_in(shape_outputs())),
    why="These channels wait for something the cat does not have.",
    mistakes={
        "That is what is dead for the 500 pictures and not for the cat: the other way "
        "round.": (lambda: len(dead_in(shape_outputs()) - dead_in(cat_outputs()))),
        "That is how many are dead for the cat.": (lambda: len(dead_in(cat_outputs()))),
        "That is how many are dead for all 500 pictures.": (
            lambda: len(dead_in(shape_outputs()))
        ),
        "That counts the channels that live for the 500 pictures, those included "
        "that live for the cat.": (lambda: 64 - len(dead_in(shape_outputs()))),
        "That is conv2d, the first layer; the question is about conv2d_2.": (
            lambda: len(
                dead_in(cat_outputs(), "conv2d") - dead_in(shape_outputs(), "conv2d")
            )
        ),
    },
)

EXERCISES["5.3"] = Exercise(
    right=lambda: (shape_outputs()["dense"] == 0).mean(),
    why="The mean of true and false is the share of true.",
    mistakes={
        "The table rounds; compute the share to three decimals.": (
            lambda: (shape_outputs()["dense"] == 0).mean().round(2)
        ),
        "That is the table's number, rounded and in percent; compute a number from 0 "
        "to 1.": lambda: 100 * (shape_outputs()["dense"] == 0).mean().round(2),
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
    right=lambda: cat_outputs()["conv2d_2"].mean(axis=(0, 1, 2)).argmax(),
    why="No grid with a scale for each map could have told it.",
    mistakes={
        "That is the channel with the largest single value; the question is about the "
        "mean.": lambda: cat_outputs()["conv2d_2"].max(axis=(0, 1, 2)).argmax(),
        "That is the strongest of the first 16 channels; there are 64.": (
            lambda: cat_outputs()["conv2d_2"][..., :16].mean(axis=(0, 1, 2)).argmax()
        ),
        "That is the mean itself; the question is about the channel's number.": (
            lambda: cat_outputs()["conv2d_2"].mean(axis=(0, 1, 2)).max()
        ),
        "That counts from 1; channels are counted from 0.": (
            lambda: cat_outputs()["conv2d_2"].mean(axis=(0, 1, 2)).argmax() + 1
        ),
        "That is a position in the flattened array; take the mean of each channel "
        "first.": lambda: cat_outputs()["conv2d_2"].argmax(),
    },
)


# 8. When extraction fails

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
