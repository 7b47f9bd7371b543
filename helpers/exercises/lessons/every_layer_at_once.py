"""Exercises, predictions and quiz of the lesson Every layer at once."""

from functools import cache

import numpy as np

from ...datasets import shapes
from ...extraction import layer_outputs
from ...networks import cifar10_cnn, trained_cifar10_cnn
from ...statistics import dead_channels
from ..exercise import Exercise, Question
from ..shared import cat_outputs

EXERCISES = {}


def shape_outputs(*layers):
    """Return layers' outputs of the trained network for 500 generated shapes."""
    pictures, _ = shapes(500, seed=5)
    return layer_outputs(trained_cifar10_cnn(), pictures / np.float32(255), layers)


@cache  # of all layers' outputs, 100 MB, what is asked for again
def dense_for_shapes():
    return shape_outputs("dense")["dense"]


@cache
def dead_for_shapes(layer="conv2d_2"):
    return dead_in(shape_outputs(layer), layer)


def dead_in(outputs, layer="conv2d_2"):
    """Return the numbers of a layer's channels that are zero everywhere, as a set."""
    return set(dead_channels(outputs[layer]).tolist())


CONVOLUTIONS = "conv2d", "conv2d_1", "conv2d_2"


def largest_values(*layers, outputs=None):
    """Return the largest value of each layer for the cat, by default of the Conv2D ones."""
    outputs = outputs or cat_outputs()
    return [outputs[layer].max() for layer in layers or CONVOLUTIONS]


def come_to_life(layer):
    """Return the channels dead for the cat, but not for the 500 shapes, in order."""
    return sorted(dead_in(cat_outputs(), layer) - dead_for_shapes(layer))


EXERCISES["largest_values"] = Exercise(
    right=largest_values,
    why="The layers are chosen by their class and come in the model's order.",
    mistakes={
        "There are three Conv2D layers, these are two: the first two, or the pooling "
        "behind them, which keeps the largest value.": (
            lambda: largest_values("max_pooling2d", "max_pooling2d_1")
        ),
        "That is the largest value of all three; give one for each of them.": (
            lambda: max(largest_values())
        ),
        "These are all eight layers; choose the Conv2D layers by their class.": (
            lambda: largest_values(*cat_outputs())
        ),
        "These are raw pixels from 0 to 255; the network wants pixels / 255.": (
            lambda: largest_values(outputs=cat_outputs(raw=True))
        ),
        "These are the means; the question is about the largest values.": (
            lambda: [cat_outputs()[layer].mean() for layer in CONVOLUTIONS]
        ),
        "The order is the model's: the first convolution comes first.": (
            lambda: largest_values()[::-1]
        ),
    },
)

EXERCISES["come_to_life"] = Exercise(
    right=lambda: come_to_life("conv2d_2"),
    why="These channels wait for something the cat does not have.",
    mistakes={
        "That is what is dead for the 500 pictures and not for the cat: the other way "
        "round.": lambda: sorted(dead_for_shapes() - dead_in(cat_outputs())),
        "Those are all that are dead for the cat.": (
            lambda: sorted(dead_in(cat_outputs()))
        ),
        "Those are all that are dead for the 500 pictures.": (
            lambda: sorted(dead_for_shapes())
        ),
        "Those are all that live for the 500 pictures, those included that live for the "
        "cat.": lambda: sorted(set(range(64)) - dead_for_shapes()),
        "That is how many there are; the question is which.": (
            lambda: len(come_to_life("conv2d_2"))
        ),
        "That is conv2d, the first layer; the question is about conv2d_2.": (
            lambda: come_to_life("conv2d")
        ),
        "Channels are counted from 0; this counts from 1.": (
            lambda: [channel + 1 for channel in come_to_life("conv2d_2")]
        ),
    },
)

EXERCISES["share_of_zeros"] = Exercise(
    right=lambda: (dense_for_shapes() == 0).mean(),
    why="The mean of true and false is the share of true.",
    mistakes={
        "The table rounds; compute the share to three decimals.": (
            lambda: (dense_for_shapes() == 0).mean().round(2)
        ),
        "That is the table's number, rounded and in percent; compute a number from 0 "
        "to 1.": lambda: 100 * (dense_for_shapes() == 0).mean().round(2),
        "That is the share for the cat alone.": (
            lambda: (cat_outputs()["dense"] == 0).mean()
        ),
        "That is the share of values that are not 0.": (
            lambda: (dense_for_shapes() != 0).mean()
        ),
        "That is in percent; the answer is a number from 0 to 1.": (
            lambda: 100 * (dense_for_shapes() == 0).mean()
        ),
        "That is a count; divide it by the number of values.": (
            lambda: (dense_for_shapes() == 0).sum()
        ),
        "That is the share of units that are dead; count single values.": (
            lambda: (dense_for_shapes() == 0).all(axis=0).mean()
        ),
    },
)


def strongest(
    outputs=None, layer="conv2d_2", count=64, by=np.mean, of=np.mean, first=0
):
    """Return the channel that is largest by one statistic, and another one of it."""
    maps = (outputs or cat_outputs())[layer][..., :count]
    channel = by(maps, axis=(0, 1, 2)).argmax()
    return [channel + first, of(maps[..., channel])]


EXERCISES["largest_mean"] = Exercise(
    right=strongest,
    why="No grid with a scale for each map could have told it.",
    mistakes={
        "That is the channel with the largest single value, and that value; the question "
        "is about the mean.": lambda: strongest(by=np.max, of=np.max),
        "That is the mean of the channel with the largest single value; another channel "
        "has a larger mean.": lambda: strongest(by=np.max),
        "That is a channel's largest value in place of its mean.": lambda: strongest(
            of=np.max
        ),
        "That is the strongest of the first 16 channels; there are 64.": (
            lambda: strongest(count=16)
        ),
        "That is conv2d, the first convolution; the question is about conv2d_2.": (
            lambda: strongest(layer="conv2d")
        ),
        "That is conv2d_1, the second convolution; the question is about conv2d_2.": (
            lambda: strongest(layer="conv2d_1")
        ),
        "That is for the 500 pictures; the question is about the cat.": (
            lambda: strongest(shape_outputs("conv2d_2"))
        ),
        "These are raw pixels from 0 to 255; the network wants pixels / 255.": (
            lambda: strongest(cat_outputs(raw=True))
        ),
        "That counts from 1; channels are counted from 0.": lambda: strongest(first=1),
        "The order is the channel first, then its mean.": lambda: strongest()[::-1],
        "That is the mean alone; name the channel as well.": lambda: strongest()[1],
        "That is the channel alone; give its mean as well.": lambda: strongest()[0],
    },
)


def largest(numbers):
    """Return the place of the largest number."""
    return numbers.argmax()


def largest_size(numbers):
    """Return the place of the largest number, whatever its sign."""
    return abs(numbers).argmax()


@cache
def way_back(class_rank=0, choose=largest, count="products", trained=True):
    """Walk from a class back to a unit of ``dense`` and to a number of ``flatten``.

    ``count`` says what is compared: ``"products"``, ``"values"`` or ``"weights"``.
    """
    network = trained_cifar10_cnn() if trained else cifar10_cnn()
    outputs = cat_outputs(trained)
    unit = np.argsort(-outputs["dense_1"][0])[class_rank]
    way = []
    for layer, before in [("dense_1", "dense"), ("dense", "flatten")]:
        weights = network.get_layer(layer).get_weights()[0][:, unit]
        values = outputs[before][0]
        numbers = {"values": values, "weights": weights, "products": values * weights}
        unit = choose(numbers[count])
        way.append(unit)
    return way


def at_the_place(unit, number, shape=(4, 4, 64), order=(0, 1, 2), first=0):
    """Return the unit, and row, column and channel of a number of ``flatten``."""
    place = np.unravel_index(number, shape)
    return [unit + first, *(place[i] + first for i in order)]


EXERCISES["way_back"] = Exercise(
    right=lambda: at_the_place(*way_back()),
    why="Each step asks which product is the largest: value times weight, with its sign. "
    "Flatten computes nothing; it says where its number stood.",
    mistakes={
        "On the way you took the largest product without its sign: a negative one takes "
        "away, however large.": lambda: at_the_place(*way_back(choose=largest_size)),
        "This starts from the second most probable class.": (
            lambda: at_the_place(*way_back(class_rank=1))
        ),
        "These are the largest values; what a value adds is the product with its weight.": (
            lambda: at_the_place(*way_back(count="values"))
        ),
        "These have the largest weights; what a weight adds is the product with its "
        "value.": lambda: at_the_place(*way_back(count="weights")),
        "The number of flatten was read channel by channel; Flatten writes row by row, "
        "in each column by column, and all channels of a pixel side by side.": (
            lambda: at_the_place(*way_back(), (64, 4, 4), order=(1, 2, 0))
        ),
        "The order is the unit, then row, column, channel.": (
            lambda: at_the_place(*way_back(), order=(2, 0, 1))
        ),
        "Row and column are swapped.": (
            lambda: at_the_place(*way_back(), order=(1, 0, 2))
        ),
        "This counts from 1; units, rows, columns and channels are counted from 0.": (
            lambda: at_the_place(*way_back(), first=1)
        ),
        "This comes from the untrained network.": (
            lambda: at_the_place(*way_back(trained=False))
        ),
        "That is the unit and the number of flatten; give the row, the column and the "
        "channel where it stands.": way_back,
    },
)

PREDICTIONS = {}


def compared_with_one():
    """Say how the dead channels of many pictures compare with those of one."""
    one, many = len(dead_in(cat_outputs())), len(dead_for_shapes())
    return "as many" if many == one else "more" if many > one else "fewer"


PREDICTIONS["A"] = Exercise(
    right=compared_with_one,
    why="To be silent for 500 pictures is harder than to be silent for one.",
    mistakes={
        "More pictures bring more zeros, but one value above 0 is enough to live.": (
            lambda: "more"
        ),
        "Some channels wait for something that this cat does not have.": (
            lambda: "as many"
        ),
    },
)


def own_scales():
    """Return the first 16 maps of conv2d for the cat, each on its own scale, 0 to 1."""
    maps = cat_outputs()["conv2d"][0, ..., :16]
    lowest, highest = maps.min(axis=(0, 1)), maps.max(axis=(0, 1))
    return (maps - lowest) / np.where(highest > lowest, highest - lowest, 1)


PREDICTIONS["B"] = Exercise(
    right=lambda: cat_outputs()["conv2d"][..., :16].max(axis=(0, 1, 2)).argmax(),
    why="The first grid cannot tell: on its own scale every map that is not dead has a "
    "white spot.",
    mistakes={
        "That map looks brightest overall; its largest value is not the largest.": (
            lambda: own_scales().mean(axis=(0, 1)).argmax()
        ),
        "That map has the most bright pixels; its largest value is not the largest.": (
            lambda: (own_scales() > 0.5).sum(axis=(0, 1)).argmax()
        ),
    },
)

QUIZ = [
    Question(
        "You ask `layer_outputs` for `max_pooling2d_1`, the fourth of eight layers. "
        "Which layers are computed?",
        right="The first four, and only the fourth is handed out",
        why="A layer needs the output of the one before; nothing after it is needed.",
        wrong={
            "That one alone, since no other was asked for": "Its input is the output of "
            "`conv2d_1`, which has to be computed first.",
            "All eight, and seven of them are thrown away": "What comes after the last "
            "layer you ask for is not computed.",
            "The last five, from that one to the prediction": "The other way round: what "
            "comes before it is needed.",
        },
    ),
    Question(
        "From one picture to many, the share of zeros in a layer goes up, and the number "
        "of dead channels goes down. How can that be?",
        right="Zeros are counted one by one, dead channels as a whole.",
        why="A channel with a single value above 0 is alive, with all its zeros.",
        wrong={
            "It cannot: fewer dead channels mean fewer zeros.": "The channels that live "
            "can be 0 nearly everywhere.",
            "The table rounds; the exact shares do not go up.": "They do: compare the "
            "two tables for `conv2d_2`.",
            "ReLU cuts more when a batch holds more pictures.": "ReLU looks at one number "
            "at a time and knows no batch.",
        },
    ),
    Question(
        "A channel gives 0 for every picture. Why does training no longer change its "
        "weights?",
        right="A small change of them changes none of its outputs.",
        why="The sums stay below 0, so ReLU gives 0 as before, and training has nothing to "
        "go by.",
        wrong={
            "They have become 0 and stay there, as 0 times x is 0.": "The weights are not "
            "0; the sums they make are below 0.",
            "Keras switches channels off that give many zeros.": "Keras changes whatever a "
            "training step finds reason to change.",
            "The other channels do its work, so none is left.": "Training does not hand "
            "out work; it follows the error.",
        },
    ),
    Question(
        "Two pictures give grids that look the same. Each map has its own scale. What can "
        "still differ?",
        right="How large the numbers in the maps are",
        why="A scale for each map takes the size away and keeps the pattern.",
        wrong={
            "Which of the maps that are drawn are dead": "Dead maps are crossed out, so "
            "the grids would look different.",
            "Where each map has its largest number": "There it is white, so the grids "
            "would look different.",
            "Nothing: pictures that look alike are alike": "The sentence under the grid "
            "gives smallest and largest number: compare those.",
        },
    ),
    Question(
        "`hand_check` finds all layers of a network equal. What do you know?",
        right="Its outputs follow from inputs and weights as computed.",
        why="Keras and NumPy went from the same numbers to the same numbers.",
        wrong={
            "It predicts the right class for these pictures.": "An untrained network "
            "passes as well: its arithmetic is right.",
            "Training has found the best weights there are.": "Where the weights come "
            "from plays no part in the check.",
            "Keras and NumPy add up in the same order.": "They need not; that is why "
            "equal means: within 1e-05.",
        },
    ),
]
