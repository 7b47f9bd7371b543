"""Exercises and guesses of the lesson Every layer at once."""

from functools import cache

import keras
import numpy as np

from ...datasets import CIFAR10_CLASSES, cat_photograph, shapes
from ...extraction import layer_outputs
from ...networks import trained_cifar10_cnn
from ...statistics import dead_channels
from ..exercise import Exercise
from ..functions import FunctionExercise
from ..shared import cat_outputs, dead_in, network

EXERCISES, GUESSES = {}, {}


def shape_outputs(*layers, optimizer="sgd"):
    """Return layers' outputs of a trained network for 500 generated shapes."""
    pictures, _ = shapes(500, seed=5)
    network = trained_cifar10_cnn(optimizer)
    return layer_outputs(network, pictures / np.float32(255), layers)


@cache  # of all layers' outputs, 100 MB, what is asked for again
def dead_for_shapes(layer="conv2d_2", optimizer="sgd"):
    return dead_in(shape_outputs(layer, optimizer=optimizer), layer)


@cache
def exhibit_outputs():
    """Return every layer's output for the cat, of the network that Adam trained."""
    image = cat_photograph()[np.newaxis] / 255
    return layer_outputs(trained_cifar10_cnn("adam"), image)


def silent(layer="conv2d_2"):
    """Return the exhibit's channels that are 0 for the cat."""
    return dead_in(exhibit_outputs(), layer)


def dead(layer="conv2d_2"):
    """Return the exhibit's channels that are 0 for the 500 shapes."""
    return dead_for_shapes(layer, "adam")


def come_to_life(layer="conv2d_2"):
    """Return the exhibit's channels silent for the cat, but not for the shapes."""
    return sorted(silent(layer) - dead(layer))


def strongest(outputs=None, layer="conv2d_1", count=64, by=np.mean, of=np.mean):
    """Return the channel that is largest by one statistic, and another one of it."""
    maps = (outputs or cat_outputs())[layer][..., :count]
    channel = by(maps, axis=(0, 1, 2)).argmax()
    return [channel, of(maps[..., channel])]


@cache
def way_back(name="truck", choose=np.argmax, count="products", trained=True):
    """Walk from a class back to a unit of ``dense`` and to a number of ``flatten``.

    ``count`` says what is compared: ``"products"``, ``"values"`` or ``"weights"``.
    """
    outputs = cat_outputs(trained)
    unit, way = CIFAR10_CLASSES.index(name), []
    for layer, before in [("dense_1", "dense"), ("dense", "flatten")]:
        weights = network(trained).get_layer(layer).get_weights()[0][:, unit]
        values = outputs[before][0]
        numbers = {"values": values, "weights": weights, "products": values * weights}
        unit = choose(numbers[count])
        way.append(unit)
    return way


def at_the_place(unit, number, shape=(4, 4, 64), order=(0, 1, 2)):
    """Return the unit, and row, column and channel of a number of ``flatten``."""
    place = np.unravel_index(number, shape)
    return [unit, *(place[i] for i in order)]


def outputs_in_order(network, pictures):
    """Return the outputs of a network's layers, which stand in a row, by their names."""
    outputs = {}
    for layer in network.layers:
        if not isinstance(layer, keras.layers.InputLayer):
            pictures = layer(pictures)
        outputs[layer.name] = np.asarray(pictures)
    return outputs


def output_of(network, name, pictures):
    """Return the output of one layer."""
    return outputs_in_order(network, pictures)[name]


def output_beside(steps):
    """Return a function that gives the output of a layer before or behind the right one."""

    def choose(network, name, pictures):
        outputs = outputs_in_order(network, pictures)
        return [*outputs.values()][[*outputs].index(name) + steps]

    return choose


def output_at(place):
    """Return a function that gives the output of the layer at one place, always."""
    return lambda network, name, pictures: output_of(
        network, network.layers[place].name, pictures
    )


def output_cases():
    """Return networks, names of layers in them, and pictures."""
    layers = keras.layers
    random = np.random.default_rng(0)

    def picture_layer(filters, name):
        return layers.Conv2D(filters, 3, padding="same", activation="relu", name=name)

    chains = {
        ("second", 2, 6, 6, 3): [
            picture_layer(4, "first"),
            picture_layer(3, "second"),
            layers.Flatten(name="flat"),
            layers.Dense(5, name="classes"),
        ],
        ("second", 1, 5, 4, 3): [
            picture_layer(3, "first"),
            layers.MaxPooling2D(name="pool"),
            picture_layer(3, "second"),
            layers.Dropout(0.5, seed=1, name="drop"),
            layers.Flatten(name="flat"),
            layers.Dense(4, activation="softmax", name="classes"),
        ],
        ("norm", 3, 4, 6, 1): [
            picture_layer(2, "second"),
            layers.BatchNormalization(name="norm"),
            picture_layer(3, "third"),
            layers.Flatten(name="flat"),
            layers.Dense(4, name="classes"),
        ],
        ("hidden", 4, 3, 3, 2): [
            layers.Flatten(name="flat"),
            layers.Dense(6, activation="relu", name="first"),
            layers.Dropout(0.5, seed=1, name="drop"),
            layers.Dense(6, activation="tanh", name="hidden"),
            layers.Dense(6, name="more"),
            layers.Dense(2, activation="softmax", name="classes"),
        ],
        ("classes", 2, 5, 5, 2): [
            picture_layer(3, "first"),
            layers.GlobalAveragePooling2D(name="means"),
            layers.Dense(3, activation="softmax", name="classes"),
        ],
        ("first", 1, 4, 4, 3): [
            picture_layer(3, "first"),
            picture_layer(2, "second"),
            layers.Flatten(name="flat"),
            layers.Dense(2, name="classes"),
        ],
    }
    cases = []
    for i, ((name, count, *size), chain) in enumerate(chains.items()):
        network = keras.Sequential([keras.Input(size), *chain], name="network")
        if i % 2:  # as a functional model
            network = keras.Model(network.inputs[0], network.outputs[0], name="network")
        for weight in network.weights:
            lowest = 0.5 if weight.name == "moving_variance" else -0.5
            weight.assign(random.uniform(lowest, 1, weight.shape))
        cases.append((network, name, random.random((count, *size))))
    return cases


EXERCISES["output_of"] = FunctionExercise(
    output_of,
    "A sub-model ends where you say, and shares the layers up to there.",
    output_at(-1),
    "That is the output of the whole network, whatever the name: the sub-model ends at "
    "network.get_layer(name).output.",
    output_beside(-1),
    "That is the input of the layer, the output of the one before.",
    output_beside(1),
    "That is the output of the layer behind the one named.",
    lambda network, name, pictures: network.get_layer(name)(pictures),
    "The layer was called on the pictures; its input is the output of the layer before.",
    lambda network, name, pictures: network.get_layer(name).get_weights()[0],
    "Those are the layer's weights, its kernel; return its output for the pictures.",
    lambda network, name, pictures: output_of(network, name, pictures[:1]),
    "That is the output for the first picture only; there may be several.",
    lambda network, name, pictures: output_of(network, name, pictures)[0],
    "That is the output for the first picture, without the batch axis: leave out [0].",
    lambda network, name, pictures: output_of(network, name, pictures)[-1],
    "That is the output for the last picture only; there may be several.",
    output_at(0),
    "That is the first layer's output, whatever the name.",
    output_at(1),
    "That is the output of network.layers[1], whatever the name.",
    output_at(2),
    "That is the output of network.layers[2], whatever the name.",
    output_at(-2),
    "That is the output of the last layer but one, whatever the name.",
    lambda network, name, pictures: output_of(network, name, pictures / 255),
    "The pictures were divided by 255; pass them to the network as they are.",
    lambda network, name, pictures: output_of(network, name, pictures).mean(axis=0),
    "That is the mean over the pictures; return the output for each of them.",
    lambda network, name, pictures: output_of(network, name, pictures).shape,
    "That is the shape; return the numbers.",
    cases=output_cases,
    allowed=("keras", "tensorflow"),
)

EXERCISES["come_to_life"] = Exercise(
    come_to_life,
    "One picture cannot show that a channel is dead: these two respond to other pictures.",
    lambda: sorted(dead() - silent()),
    "There are some. The list is empty if you take the two in the other order, or if you "
    "take conv2d_1.",
    lambda: sorted(silent()),
    "Those are all channels that are silent for the cat.",
    lambda: sorted(dead()),
    "Those are all channels that are dead for the 500 pictures.",
    lambda: sorted(set(range(64)) - dead()),
    "Those are all channels that respond to one of the 500 pictures, also those that "
    "respond to the cat.",
    lambda: len(come_to_life()),
    "That is how many there are; the question is which.",
    lambda: come_to_life("conv2d"),
    "That is conv2d, the first layer; the question is about conv2d_2.",
    lambda: [len(silent()), len(dead())],
    "These are the two counts; which channels are in the first list only?",
    lambda: len(silent()),
    "That is how many are silent for the cat; which of them are not dead?",
    lambda: len(dead()),
    "That is how many are dead for the 500 pictures; which are silent for the cat only?",
    lambda: np.searchsorted(sorted(silent()), come_to_life()),
    "These are positions in the list of silent channels; give the channel numbers at these "
    "positions.",
    lambda: np.isin(range(64), come_to_life()),
    "This is true or false for each channel; np.flatnonzero returns the numbers of those "
    "that are true.",
    lambda: ~np.isin(sorted(silent()), sorted(dead())),
    "This is true or false for each channel that is silent for the cat; give the numbers "
    "of those that are true.",
    lambda: come_to_life("flatten"),
    "That is flatten, which has 1,024 numbers and no maps; the question is about conv2d_2.",
    lambda: come_to_life("dense"),
    "That is dense; the question is about conv2d_2.",
    lambda: sorted(set(range(64)) - silent()),
    "Those are all channels that respond to the cat.",
    lambda: sorted(dead_in(cat_outputs()) - dead()),
    "Two networks are mixed: `outputs` are those of `network`. Read the cat's outputs of "
    "the exhibit.",
    lambda: sorted(dead_in(cat_outputs())),
    "Those are silent for the cat in `network`; the question is about the exhibit.",
    lambda: sorted(dead_in(cat_outputs(trained=False))),
    "Those are silent for the cat in the untrained network.",
)


def output_with_dead(random, shape, dead, silent=slice(0)):
    """Return a layer's output in which some channels are dead and others nearly so.

    Channel 1 is alive at one place only, and little; 2 and 4 are never above 0, 3 adds up
    to 0.
    ``silent`` indexes what else is 0, such as a whole picture.
    """
    values = random.normal(size=shape) * (random.random(shape) < 0.6)
    values[silent] = 0
    columns = values.reshape(-1, shape[-1])
    columns[:, [*dead, 1, 3]] = 0
    columns[-1, 1], columns[0, 3] = 0.01, 1
    columns[-1, 3] = -1
    columns[:, 2] = -abs(columns[:, 2])
    columns[0, 4], columns[1:, 4] = -1, -abs(columns[1:, 4]) - 1
    return values


def dead_cases():
    """Return outputs of layers with maps and with units, most of them before ReLU."""
    random = np.random.default_rng(0)
    maps, units = (3, 4, 5, 7), (6, 8)
    cases = [output_with_dead(random, maps, [5, 6])]
    cases += [output_with_dead(random, units, [0, 6])]
    cases += [output_with_dead(random, (2, 5, 3, 8), [0], np.s_[:, 2])]
    cases += [output_with_dead(random, (2, 3, 4, 6), [])]
    cases += [output_with_dead(random, (1, 3, 3, 9), [7, 8])]
    cases += [np.maximum(0, output_with_dead(random, maps, [5], 1))]
    cases += [np.rint(3 * output_with_dead(random, units, [5, 7])).astype(int)]
    cases += [cases[0].astype("float32"), np.zeros((2, 3, 3, 5))]
    return [(values,) for values in cases]


def numbers_where(condition):
    """Return a function that gives the channels whose numbers meet a condition."""

    def choose(values):
        columns = values.reshape(-1, values.shape[-1])
        return np.flatnonzero(condition(columns))

    return choose


EXERCISES["dead_channels"] = FunctionExercise(
    dead_channels,
    "It looks at every axis but the last, so it works for maps and for units.",
    numbers_where(lambda columns: (columns == 0).any(axis=0)),
    "Those are 0 somewhere; a dead channel is 0 everywhere.",
    lambda values: dead_channels(values[:1]),
    "Those are 0 for the first picture; a dead channel is 0 for all of them.",
    lambda values: np.isin(np.arange(values.shape[-1]), dead_channels(values)),
    "These are true or false for each channel; `np.flatnonzero` gives the numbers of those "
    "that are true.",
    lambda values: len(dead_channels(values)),
    "That is how many there are; the question is which.",
    lambda values: np.zeros(0),
    "No channel is found; a dead one is 0 at every position, for every picture.",
    numbers_where(lambda columns: columns.any(axis=0)),
    "Those are the channels that are not dead.",
    numbers_where(lambda columns: columns.sum(axis=0) == 0),
    "The numbers of those add up to 0, as 1 and -1 do; look at each number.",
    numbers_where(lambda columns: columns.max(axis=0) == 0),
    "The largest number of those is 0; but they have negative numbers, which are not 0.",
    numbers_where(lambda columns: columns.max(axis=0) <= 0),
    "Those have no number above 0; but a negative number is not 0.",
    numbers_where(lambda columns: columns.min(axis=0) == 0),
    "The smallest number of those is 0; others of them may be above 0.",
    numbers_where(lambda columns: (abs(columns) < 0.1).all(axis=0)),
    "Those are nearly 0 everywhere; a dead channel is exactly 0, and 0.01 is not.",
    lambda values: dead_channels(values.T),
    "Those are pictures for which everything is 0; the channels are on the last axis.",
    lambda values: dead_channels(np.moveaxis(values, 1, -1)),
    "Those are rows of the maps; the channels are on the last axis.",
    lambda values: np.flatnonzero((values == 0).all(axis=(0, 1, 2))),
    "It is right for maps, but not for units, which have two axes: use all axes but the "
    "last, however many there are.",
    lambda values: np.flatnonzero((values == 0).all(axis=(1, 2))),
    "This asks about each picture separately; a dead channel is 0 for all of them. And "
    "units have only two axes.",
    lambda values: np.flatnonzero((values == 0).all(axis=0)),
    "It is right for units, but maps have rows and columns as well: use all axes but the "
    "last.",
    lambda values: dead_channels(values[..., :-1]),
    "The last channel is missing: where does the loop end?",
    lambda values: dead_channels(values) + 1,
    "Each number is one too large: counting starts at 0.",
    cases=dead_cases,
)

EXERCISES["largest_mean"] = Exercise(
    strongest,
    "A grid with a scale for each map cannot show it: there each map's largest value is "
    "white.",
    lambda: strongest(by=np.max, of=np.max),
    "That is the channel with the largest single value, and that value; the question "
    "is about the mean.",
    lambda: strongest(by=np.max),
    "That is the mean of the channel with the largest single value; a different channel "
    "has a larger mean.",
    lambda: strongest(of=np.max),
    "That is a channel's largest value in place of its mean.",
    lambda: strongest(of=np.sum),
    "That is the sum of the channel's numbers; divide it by how many there are.",
    lambda: strongest(count=16),
    "That is the largest mean of the first 16 channels; there are 64.",
    lambda: strongest(layer="conv2d"),
    "That is conv2d, the first convolution; the question is about conv2d_1.",
    lambda: strongest(layer="conv2d_2"),
    "That is conv2d_2, the third convolution; the question is about conv2d_1.",
    lambda: strongest(shape_outputs("conv2d_1")),
    "That is for the 500 pictures; the question is about the cat.",
    lambda: strongest(cat_outputs(raw=True)),
    "These are raw pixels from 0 to 255; the network was trained on pixels / 255.",
    lambda: strongest(cat_outputs(trained=False)),
    "This comes from the untrained network.",
    lambda: strongest(exhibit_outputs()),
    "This comes from the exhibit; the question is about `network`.",
    lambda: strongest(layer="max_pooling2d_1"),
    "That is max_pooling2d_1, the layer behind; the question is about conv2d_1.",
    lambda: strongest(by=np.std, of=np.std),
    "That is the spread, the standard deviation; the question is about the mean.",
    lambda: strongest(of=np.median),
    "That is the channel's median; give its mean.",
    lambda: strongest()[::-1],
    "The channel comes first, then its mean.",
    lambda: [strongest()[0], cat_outputs()["conv2d_1"].mean()],
    "The channel is right. The second number is the mean of the whole layer; give the "
    "mean of the channel.",
    lambda: cat_outputs()["conv2d_1"].mean(axis=(0, 1, 2)),
    "These are the means of all 64 channels; which one is the largest?",
    lambda: np.argsort(-cat_outputs()["conv2d_1"].mean(axis=(0, 1, 2)))[:2],
    "These are the two channels with the largest means; give one channel and its mean.",
    lambda: strongest()[0],
    "That is the channel; give a list of the channel and its mean.",
    lambda: strongest()[1],
    "That is the mean; give a list of the channel and its mean.",
)

EXERCISES["way_back"] = Exercise(
    lambda: at_the_place(*way_back()),
    "Each time it is the largest product that counts: value times weight, with its sign. "
    "Flatten computes nothing; it only puts the numbers of the maps in a row.",
    lambda: at_the_place(*way_back(choose=lambda numbers: abs(numbers).argmax())),
    "Unit 24 has the largest value, and without its sign the largest product; but that "
    "product is negative here: it lowers the score.",
    lambda: at_the_place(*way_back("cat")),
    "That is the way back from the cat, the predicted class; here it is the truck.",
    lambda: at_the_place(*way_back(count="values")),
    "These have the largest values; what a value adds is its product with the weight.",
    lambda: at_the_place(*way_back(count="weights")),
    "These have the largest weights; what a weight adds is its product with the value.",
    lambda: at_the_place(way_back()[0], cat_outputs()["flatten"].argmax()),
    "The unit is right. The other three belong to the largest value of flatten; what a "
    "value adds is its product with the weight.",
    lambda: at_the_place(*way_back())[1:],
    "That is the position; the unit of dense comes before it.",
    lambda: np.array(at_the_place(*way_back()))[[1, 2, 3, 0]],
    "The unit comes first, then row, column and channel.",
    lambda: way_back()[0],
    "That is the unit of dense; give row, column and channel as well.",
    lambda: at_the_place(*way_back(), (64, 4, 4), order=(1, 2, 0)),
    "The number of flatten was read channel by channel; Flatten goes row by row, in each "
    "row column by column, and keeps all channels of a position together.",
    lambda: at_the_place(*way_back(), order=(2, 0, 1)),
    "The order is the unit, then row, column, channel.",
    lambda: at_the_place(*way_back(), order=(1, 0, 2)),
    "Row and column are swapped.",
    lambda: at_the_place(*way_back(trained=False)),
    "This comes from the untrained network.",
    way_back,
    "That is the unit and the number of flatten; give the row, the column and the "
    "channel of that number.",
)


def compared_with_one():
    """Say how the dead channels of many pictures compare with those of one."""
    one, many = len(dead_in(cat_outputs())), len(dead_for_shapes())
    return "as many" if many == one else "more" if many > one else "fewer"


def own_scales():
    """Return the first 16 maps of conv2d for the cat, each on its own scale, 0 to 1."""
    maps = cat_outputs()["conv2d"][0, ..., :16]
    lowest, highest = maps.min(axis=(0, 1)), maps.max(axis=(0, 1))
    return (maps - lowest) / np.where(highest > lowest, highest - lowest, 1)


GUESSES["A"] = Exercise(
    compared_with_one,
    "A channel that is dead for 500 pictures is 0 for each of them, and one value above 0 "
    "is enough to be alive.",
    lambda: "as many",
    "The channels that are silent for this cat may respond to other pictures.",
    more="More pictures bring more zeros, but one value above 0 is enough to be alive.",
)

GUESSES["B"] = Exercise(
    lambda: cat_outputs()["conv2d"][..., :16].max(axis=(0, 1, 2)).argmax(),
    "The first grid cannot show it: on its own scale, every map that is not silent has a "
    "white spot.",
    lambda: own_scales().mean(axis=(0, 1)).argmax(),
    "That map has the most bright pixels in the first grid, but channel 5 has a larger "
    "value.",
)
