"""Exercises and guesses of the lesson When extraction fails."""

from functools import cache

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from ... import by_hand
from ...networks import dense_network
from ..exercise import Exercise
from ..functions import FunctionExercise
from ..shared import hidden_outputs, output_sums, predictions

EXERCISES, GUESSES = {}, {}

FIRST_ROW = np.array([1.0, 0.0, 0.0])
FACTOR = 3  # by which the colleague multiplies the hidden kernel


def with_random_weights(model, random, width=1.0):
    """Return a model whose weights are random, and the same each time."""
    weights = model.get_weights()
    model.set_weights([random.normal(0, width, one.shape).round(1) for one in weights])
    return model


# --- one prediction, and the maps that lead to it


def picture_cases():
    """Return networks with two convolutions, the name of one of them, and pictures."""
    random = np.random.default_rng(4)
    cases = []
    for name, functional, *shape in [
        ("second", False, 2, 6, 6, 3),
        ("first", False, 3, 5, 4, 1),
        ("second", True, 2, 4, 6, 3),
        ("first", False, 4, 4, 4, 2),
    ]:
        rows, columns, channels = shape[1:]
        parts = [
            layers.Conv2D(4, 3, padding="same", activation="relu", name="first"),
            layers.Conv2D(3, 3, padding="same", activation="relu", name="second"),
            layers.Flatten(name="flat"),
            layers.Dense(3, name="classes"),
        ]
        model = keras.Sequential([keras.Input((rows, columns, channels)), *parts])
        if functional:
            model = keras.Model(model.inputs[0], model.outputs[0])
        cases.append(
            (with_random_weights(model, random), name, random.random(shape).round(1))
        )
    return cases


def two_ends(model, name):
    """Return a model that ends at a layer and at the predictions."""
    ends = [model.get_layer(name).output, model.outputs[0]]
    return keras.Model(model.inputs[0], ends)


def gradients_of(take, over=(1, 2), by=tf.reduce_mean):
    """Return a function: the mean gradient of what is taken from the predictions."""

    def weights(model, name, images):
        with tf.GradientTape() as tape:
            maps, found = two_ends(model, name)(images)
            taken = take(found)
        return by(tape.gradient(taken, maps), axis=over)

    return weights


largest_gradients = gradients_of(lambda found: tf.reduce_max(found, axis=1))


def channel_weights(model, name, images):
    """Return how fast the largest prediction changes with each map, on average."""
    return largest_gradients(model, name, images)


EXERCISES["channel_weights"] = FunctionExercise(
    channel_weights,
    "A `Sequential` keeps its ends in the lists `inputs` and `outputs`, with or without a "
    "record.",
    gradients_of(lambda found: tf.reduce_max(found, axis=0)),
    "The largest was taken over the images, not over the classes. If you wrote "
    "`model.outputs`: that is a list, take `model.outputs[0]`.",
    gradients_of(lambda found: tf.reduce_max(found)),
    "Only the largest prediction of all images was taken: each image has one of its own.",
    gradients_of(lambda found: tf.reduce_sum(found, axis=1)),
    "The predictions of all classes were added; the function takes the largest.",
    gradients_of(lambda found: tf.reduce_mean(found, axis=1)),
    "This is the mean of the predictions; the function takes the largest.",
    gradients_of(lambda found: found[:, 0]),
    "This is the prediction of class 0; the function takes the largest.",
    gradients_of(lambda found: tf.reduce_min(found, axis=1)),
    "This is the smallest prediction; the function takes the largest.",
    gradients_of(lambda found: tf.reduce_max(found, axis=1), by=tf.reduce_sum),
    "These are sums over rows and columns; the function takes the mean.",
    gradients_of(lambda found: tf.reduce_max(found, axis=1), over=(0, 1, 2)),
    "The mean runs over the images, too: keep one row for each image.",
    lambda model, name, images: ops.mean(two_ends(model, name)(images)[0], axis=(1, 2)),
    "These are the means of the maps; the function takes those of the gradient.",
    lambda model, name, images: two_ends(model, name)(images)[1],
    "These are the predictions; return the mean gradient for each channel.",
    cases=picture_cases,
    allowed=("keras", "tensorflow"),
)


def means_of(take, layer=None):
    """Return a function that computes something from the maps of a layer."""

    def compute(model, name, images):
        maps, found = two_ends(model, layer or name)(images)
        return take(np.asarray(maps), np.asarray(found))

    return compute


def mean_maps(model, name, images):
    """Return the mean of each map of a layer, a row for each image."""
    means = ops.mean(model.get_layer(name).output, axis=(1, 2))
    return keras.Model(model.inputs[0], means)(images)


EXERCISES["mean_maps"] = FunctionExercise(
    mean_maps,
    "A KerasTensor goes into layers and functions of `keras.ops`; numbers go into any "
    "function.",
    means_of(lambda maps, found: maps.mean(axis=(2, 3))),
    "These are means over columns and channels: rows and columns are axes 1 and 2.",
    means_of(lambda maps, found: maps.mean(axis=(0, 1, 2))),
    "The mean runs over the images, too: keep one row for each image.",
    means_of(lambda maps, found: maps.mean(axis=(1, 2, 3))),
    "The mean runs over the channels, too: keep one number for each channel.",
    means_of(lambda maps, found: maps.mean()),
    "That is the mean of all numbers together: give the axes, rows and columns.",
    means_of(lambda maps, found: maps.mean(axis=-1)),
    "This is the mean of all channels at each place; rows and columns are axes 1 and 2.",
    means_of(lambda maps, found: maps.mean(axis=2)),
    "This is the mean over columns alone; rows are axis 1.",
    lambda model, name, images: images.mean(axis=(1, 2)),
    "These are the means of the images: end at the layer `name`.",
    lambda model, name, images: ops.mean(
        keras.Model(model.inputs[0], model.get_layer(name).input)(images), axis=(1, 2)
    ),
    "These are the means of what goes into the layer: take its `.output`.",
    means_of(lambda maps, found: maps.mean(axis=1)),
    "This is the mean over rows alone; columns are axis 2.",
    means_of(lambda maps, found: maps.mean(axis=(1, 2), keepdims=True)),
    "The means are right, but rows and columns are still there, with length 1: leave "
    "`keepdims` out.",
    means_of(lambda maps, found: maps.sum(axis=(1, 2))),
    "These are sums; divide by the number of places, or take the mean.",
    means_of(lambda maps, found: maps.max(axis=(1, 2))),
    "These are the largest values of the maps; the function takes the mean.",
    means_of(lambda maps, found: maps),
    "These are the maps themselves; take the mean over rows and columns.",
    means_of(lambda maps, found: found),
    "These are the model's predictions; end at the layer `name`.",
    means_of(lambda maps, found: maps.mean(axis=(1, 2)), "first"),
    "That is always the first convolution: take the layer `name`.",
    means_of(lambda maps, found: maps.mean(axis=(1, 2)), "second"),
    "That is always the second convolution: take the layer `name`.",
    cases=picture_cases,
    allowed=("keras", "tensorflow"),
)


# --- a layer inside a nested model


def nested_cases():
    """Return models with a model inside, its name, that of a layer in it, and rows."""
    random = np.random.default_rng(3)
    cases = []
    for name, before, of_class, after, size in [
        ("hidden", "scale and subtract", "functional", 0, 3),
        ("last", "subtract", "functional", 1, 2),
        ("hidden", "scale", "sequential", 1, 4),
        ("hidden", "", "functional", 2, 2),
        ("last", "scale and subtract", "sequential", 0, 1),
    ]:
        part = keras.Sequential([
            keras.Input((3,)),
            layers.Dense(4, activation="relu", name="hidden"),
            layers.Dense(2, activation="relu", name="last"),
            layers.Dense(2, name="scores"),
        ], name="inner")  # fmt: skip
        if of_class == "functional":
            part = keras.Model(part.inputs[0], part.outputs[0], name="inner")
        x = reaches = keras.Input((3,), name="x")
        if "scale" in before:
            reaches = layers.Rescaling(0.5, name="scale")(reaches)
        if "subtract" in before:
            reaches = reaches - 1
        scores = part(reaches)
        for _ in range(after):
            scores = layers.Dense(2)(scores)
        model = keras.Model(x, scores)
        rows = random.normal(0, 2, (size, 3)).round(1)
        cases.append((with_random_weights(model, random), "inner", name, rows))
    return cases


def reader_of(model, inner, name):
    """Return a model from the start of a nested model to one of its layers."""
    part = model.get_layer(inner)
    return keras.Model(part.inputs[0], part.get_layer(name).output)


def reaching(model, inner, rows, among="operations", steps=1):
    """Return what reaches a nested model: the output of what stands before it."""
    parts = getattr(model, among)
    before = parts[max(0, parts.index(model.get_layer(inner)) - steps)]
    return keras.Model(model.inputs[0], before.output)(rows)


def inside(model, inner, name, rows):
    """Return the outputs of a layer inside the nested model ``inner``."""
    return reader_of(model, inner, name)(reaching(model, inner, rows))


def kernel_and_bias_of(model, inner, name):
    """Return kernel and bias of a layer inside a nested model."""
    return model.get_layer(inner).get_layer(name).get_weights()


def sums_inside(model, inner, name, rows):
    """Return the sums of a layer inside a nested model, before its ReLU."""
    part = model.get_layer(inner)
    kernel, bias = kernel_and_bias_of(model, inner, name)
    first = keras.Model(part.inputs[0], part.get_layer(name).input)
    return first(reaching(model, inner, rows)) @ kernel + bias


EXERCISES["inside"] = FunctionExercise(
    inside,
    "One sub-model inside, called on the tensor that reaches the nested model: now every "
    "walk ends at the inputs of the whole.",
    lambda model, inner, name, rows: reader_of(model, inner, name)(rows),
    "The rows went into the nested model as they are. What stands before it was skipped: "
    "call your sub-model on the tensor that reaches it.",
    lambda model, inner, name, rows: reader_of(model, inner, name)(
        reaching(model, inner, rows, "layers")
    ),
    "An operation without a layer was skipped, because `model.layers` does not list it: "
    "look for what stands before the nested model in `model.operations`.",
    lambda model, inner, name, rows: reader_of(model, inner, name)(
        reaching(model, inner, rows, steps=2)
    ),
    "The last operation before the nested model was skipped: take its output.",
    lambda model, inner, name, rows: model.get_layer(inner)(
        reaching(model, inner, rows)
    ),
    "This is what the nested model returns at its end: stop at its layer `name`.",
    lambda model, inner, name, rows: reaching(model, inner, rows),
    "This is what reaches the nested model: call your sub-model on it.",
    lambda model, inner, name, rows: model(rows),
    "This is what the whole model returns: stop at the layer `name`.",
    lambda model, inner, name, rows: reader_of(model, inner, "hidden")(
        reaching(model, inner, rows)
    ),
    "That is always the layer `hidden`: take the layer `name`.",
    lambda model, inner, name, rows: reader_of(model, inner, "last")(
        reaching(model, inner, rows)
    ),
    "That is always the layer `last`: take the layer `name`.",
    sums_inside,
    "These are the sums before ReLU: a layer's `.output` has its activation in it.",
    lambda model, inner, name, rows: inside(model, inner, name, rows)[:1],
    "Only the first row came back: return a row for each of `rows`.",
    cases=nested_cases,
    allowed=("keras", "tensorflow"),
)


# --- a sub-model that is older than a change


def colleague_outputs(kernel_factor=FACTOR, last_factor=100, row=FIRST_ROW):
    """Return what the changed Dense network of `older_reader` returns for one row."""
    return last_factor * predictions(kernel_factor * np.asarray(row))


EXERCISES["older_reader"] = Exercise(
    colleague_outputs,
    "New weights reach an old sub-model, new layers do not.",
    lambda: colleague_outputs(last_factor=1),
    "This is what `reader` returns. It has the new kernel, but not the new layer.",
    lambda: colleague_outputs(kernel_factor=1),
    "The new layer is there, but the kernel is the old one; it was multiplied by 3.",
    lambda: colleague_outputs(kernel_factor=1, last_factor=1),
    "This is the network before both changes.",
    lambda: colleague_outputs(last_factor=FACTOR),
    "The new layer multiplies by 100; 3 is the factor of the kernel.",
    lambda: colleague_outputs(last_factor=100 * FACTOR),
    "The outputs were multiplied by 3 as well; only the kernel is.",
    lambda: colleague_outputs(last_factor=100**2),
    "The outputs were multiplied by 100 twice: the network itself does it once.",
    lambda: colleague_outputs(kernel_factor=FACTOR**2),
    "The kernel or the row was multiplied by 3 once more. The cell's first lines build "
    "the network anew: run them all.",
    lambda: colleague_outputs(kernel_factor=FACTOR**3),
    "The kernel was multiplied by 3 three times. The cell's first lines build the network "
    "anew: run them all.",
    lambda: colleague_outputs(kernel_factor=0),
    "That is the result for a row or a kernel of zeros; the row is [1, 0, 0].",
    lambda: colleague_outputs(row=[0, 1, 0]),
    "That is the row [0, 1, 0]; the question has [1, 0, 0].",
    lambda: colleague_outputs(row=[0, 0, 1]),
    "That is the row [0, 0, 1]; the question has [1, 0, 0].",
    lambda: colleague_outputs(row=[1, 1, 1]),
    "That is the row [1, 1, 1]; the question has [1, 0, 0].",
    lambda: colleague_outputs(row=np.eye(3)),
    "These are three rows, those of np.eye(3); the question has one, [1, 0, 0].",
    lambda: by_hand.softmax(100 * output_sums(hidden_outputs(FACTOR * FIRST_ROW))),
    "One unit gets all: the sums are far too large. Did the 100 come before softmax?",
    lambda: hidden_outputs(FACTOR * FIRST_ROW),
    "That is the hidden layer; the question is what the network returns at its end.",
    lambda: output_sums(hidden_outputs(FACTOR * FIRST_ROW)),
    "These are the sums before softmax, and before the new layer.",
)


# --- guesses


def output_since():
    """Tell what gives a Sequential model an `.output`: predict, or a call on an Input."""
    network = dense_network()
    network.predict(np.eye(3), verbose=0)
    if hasattr(network, "output"):
        return "predict"
    network(keras.Input((3,)))
    return "call" if hasattr(network, "output") else "neither"


@cache
def twin_sums():
    """Return what a shared layer's `.output` is, and what its two calls return."""
    shared = layers.Dense(1, kernel_initializer="ones", name="shared")
    a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
    first, second = shared(a), shared(b)
    twin = keras.Model([a, b], [shared.output, first, second], name="twin")
    inputs = [np.array([[1, 2]]), np.array([[30, 40]])]
    return [float(np.asarray(sums)[0, 0]) for sums in twin(inputs)]


def shape_for_one_picture():
    """Return the shape of what a network for rows of 28 returns for one 28×28 picture."""
    flat = keras.Sequential([keras.Input((28,)), layers.Dense(2, name="dense")])
    return flat(np.zeros((28, 28))).shape


GUESSES["A"] = Exercise(
    output_since,
    "Only a call on a `keras.Input` leaves a record. Numbers leave none.",
    predict="The message does sound as if running the model once were enough.",
    neither="The attribute exists in Keras 3, too: it waits for a record.",
)

GUESSES["B"] = Exercise(
    lambda: twin_sums()[0],
    "`.output` is the output in the layer's first record, and no message says that there "
    "is a second.",
    lambda: twin_sums()[2],
    "That is the second call, 30 + 40.",
    lambda: twin_sums()[1] + twin_sums()[2],
    "The two calls are not added: each has a record of its own.",
    lambda: twin_sums()[1] - twin_sums()[2],
    "That is the whole model's output, the first sum minus the second.",
)

GUESSES["C"] = Exercise(
    shape_for_one_picture,
    "Keras took the 28 rows of one picture for 28 inputs, and no message says so.",
    lambda: [1, shape_for_one_picture()[1]],
    "That would be one row for one picture; but no axis says that this is one picture.",
    lambda: shape_for_one_picture()[1:],
    "The batch axis is always there, and here it comes from the picture's rows.",
    lambda: [28, 28],
    "The second axis is the layer's: it has 2 units.",
    lambda: [2, 28],
    "The first axis is the batch axis; that of the layer's units is the last.",
)
