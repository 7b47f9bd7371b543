"""Exercises and guesses of the lesson When extraction fails."""

from functools import cache

import keras
import numpy as np

from ... import by_hand
from ...datasets import cat_photograph
from ...extraction import layer_outputs
from ...networks import dense_network
from ..exercise import Exercise
from ..shared import (
    dense_weights,
    hidden_outputs,
    hidden_sums,
    network,
    output_sums,
    predictions,
)

EXERCISES, GUESSES = {}, {}

TWO_ROWS = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
NESTED_ROW = np.array([20.0, -10.0, 5.0])
FIRST_ROW = np.array([1.0, 0.0, 0.0])
CONVOLUTIONS, NETWORKS = 3, 3
FACTOR = 3  # by which the colleague multiplies the hidden kernel


def channels_last(picture):
    """Return a picture whose channels stood first."""
    return picture.transpose(1, 2, 0)


def mended(mend=channels_last, scale=255, trained=True, layer="dense_1"):
    """Return what a CNN gives for the cat with its channels first, mended."""
    batch = mend(cat_photograph().transpose(2, 0, 1))[np.newaxis] / scale
    return layer_outputs(network(trained), batch)[layer][0]


def colleague_outputs(kernel_factor=FACTOR, last_factor=100, row=FIRST_ROW):
    """Return what the changed Dense network of `older_reader` gives for one row."""
    return last_factor * predictions(kernel_factor * np.asarray(row))


EXERCISES["two_faults"] = Exercise(
    lambda: hidden_outputs(TWO_ROWS),
    "`inputs[0]` at one end, a layer's `.output` at the other.",
    lambda: predictions(TWO_ROWS),
    "This is the output layer; in a Sequential, layers[0] is the hidden layer.",
    lambda: hidden_sums(TWO_ROWS),
    "These are the sums before ReLU; a layer's .output has its activation in it.",
    lambda: hidden_outputs(TWO_ROWS).T,
    "Rows and columns are swapped: one row for each input, one column for each unit.",
    lambda: hidden_outputs(np.eye(3)),
    "These are three rows, those of np.eye(3); give the model `rows`.",
    lambda: dense_weights()[0],
    "That is the hidden layer's kernel; call a model on `rows`.",
    lambda: TWO_ROWS,
    "These are the rows themselves; call the mended model on them.",
    lambda: by_hand.softmax(hidden_sums(TWO_ROWS)),
    "Softmax was applied to the hidden layer's sums; its activation is ReLU.",
)

EXERCISES["name_of_the_last"] = Exercise(
    lambda: CONVOLUTIONS * NETWORKS - 1,
    "Nine layers share one count, and the first of them has no number.",
    lambda: CONVOLUTIONS * NETWORKS,
    "That counts the layers; the first one is conv2d, without a number, and the second "
    "is conv2d_1.",
    lambda: CONVOLUTIONS - 1,
    "That is how it would be if each network counted anew; the count goes on.",
    lambda: CONVOLUTIONS * (NETWORKS - 1),
    "That is the first layer of the third network.",
    lambda: CONVOLUTIONS * NETWORKS - 2,
    "That is the last layer but one of the third network.",
    lambda: CONVOLUTIONS * (NETWORKS - 1) - 1,
    "That is the last layer of the second network.",
    lambda: CONVOLUTIONS * (NETWORKS + 1) - 1,
    "That is three too many. Is it a fourth network, or was one built before these (call "
    "clear_session first)? Input layers have a count of their own.",
    lambda: CONVOLUTIONS,
    "That is where the second network begins.",
    lambda: CONVOLUTIONS * NETWORKS + 1,
    "That is two too many. The first layer is conv2d, without a number, the second "
    "conv2d_1.",
    lambda: CONVOLUTIONS * (NETWORKS + 2) - 1,
    "The count went on from two networks that were built before: call clear_session first.",
    lambda: CONVOLUTIONS * 2 * NETWORKS - 1,
    "The count went on from three networks that were built before: call clear_session "
    "first, each time.",
)

EXERCISES["channels_first"] = Exercise(
    mended,
    "`transpose` puts the axes in order and leaves each pixel whole.",
    lambda: mended(lambda x: x.reshape(32, 32, 3)),
    "`reshape` made the shape fit and mixed up the pixels; use transpose.",
    lambda: mended(lambda x: x.T),
    "Rows and columns are swapped, so the cat lies on its side: `.T` turns all axes "
    "around.",
    lambda: mended(scale=1),
    "The network got raw pixels from 0 to 255; it was trained on pixels / 255.",
    lambda: mended(lambda x: x.transpose(1, 2, 0) / 127.5 - 1, scale=1),
    "The pixels went in from -1 to 1; the network was trained on pixels / 255.",
    lambda: mended(scale=255**2),
    "The pixels were divided by 255 twice: almost black.",
    lambda: mended(lambda x: x.reshape(32, 32, 3), scale=1),
    "`reshape` mixed up the pixels, and they are raw, from 0 to 255.",
    lambda: mended(trained=False),
    "That is the untrained network; `trained` is the one asked for.",
    lambda: mended(lambda x: x.reshape(32, 32, 3), trained=False),
    "`reshape` mixed up the pixels, and the network is the untrained one.",
    lambda: mended(lambda x: x.T, trained=False),
    "`.T` swapped rows and columns, and the network is the untrained one.",
    lambda: mended(scale=127.5),
    "The pixels go from 0 to 2; the network was trained on pixels / 255.",
    lambda: mended(lambda x: channels_last(x)[:, :, ::-1]),
    "The colours are in reverse order, blue first; transpose leaves them in order.",
    lambda: mended(lambda x: channels_last(x)[:, ::-1]),
    "Left and right are exchanged; transpose leaves each row as it is.",
    lambda: mended(lambda x: channels_last(x)[::-1]),
    "The cat stands on its head; transpose leaves the rows in order.",
    lambda: np.log(mended()),
    "These are logarithms; the network gives the probabilities.",
    lambda: mended(layer="dense"),
    "That is the layer before the last; `dense_1` gives the ten probabilities.",
    lambda: mended().argmax(),
    "That is the number of the class; give all ten probabilities.",
    lambda: mended(scale=1, trained=False),
    "That is the untrained network, with raw pixels; take `trained`, pixels / 255.",
)

EXERCISES["nested"] = Exercise(
    lambda: hidden_outputs(NESTED_ROW / 10),
    "The row passes `scale` before it reaches `inner`.",
    lambda: hidden_outputs(NESTED_ROW),
    "The row went into inner as it is; inside outer, scale divides it by 10.",
    lambda: hidden_outputs(NESTED_ROW / 100),
    "The row was divided by 10 twice; outer does it by itself.",
    lambda: hidden_outputs(10 * NESTED_ROW),
    "The row was multiplied by 10; Rescaling(0.1) makes it ten times smaller.",
    lambda: hidden_outputs(NESTED_ROW / 10 - 1),
    "That is the model `other`, which subtracts 1; the question is about `outer`.",
    lambda: hidden_outputs(np.eye(3) / 10),
    "These are the rows of np.eye(3), as in the cell above; give it `row`.",
    lambda: hidden_outputs(FIRST_ROW / 10),
    "That is the first row of np.eye(3), as in the cell above; give it `row`.",
    lambda: hidden_outputs(abs(NESTED_ROW) / 10),
    "The minus of -10 is lost.",
    lambda: hidden_sums(NESTED_ROW),
    "This is before ReLU, and the row went into inner as it is; scale comes first.",
    lambda: predictions(NESTED_ROW),
    "This is the end of inner, and the row went into it as it is; hidden is its first "
    "layer, scale comes before.",
    lambda: by_hand.softmax(hidden_sums(NESTED_ROW / 10)),
    "Softmax was applied to the sums; the activation of hidden is ReLU.",
    lambda: hidden_sums(NESTED_ROW / 10),
    "This is before ReLU; the activation belongs to the layer.",
    lambda: predictions(NESTED_ROW / 10),
    "This is what inner gives out at its end; hidden is its first layer.",
    lambda: NESTED_ROW / 10,
    "This is the output of scale, the row that reaches inner.",
)

EXERCISES["older_reader"] = Exercise(
    colleague_outputs,
    "New weights reach an old sub-model, new layers do not.",
    lambda: colleague_outputs(last_factor=1),
    "This is what reader gives. It has the new kernel, but not the new layer.",
    lambda: colleague_outputs(kernel_factor=1),
    "The new layer is there, but the kernel is the old one; it was multiplied by 3.",
    lambda: colleague_outputs(kernel_factor=1, last_factor=1),
    "This is the network before both changes.",
    lambda: colleague_outputs(last_factor=FACTOR),
    "The new layer multiplies by 100; 3 is the factor of the kernel.",
    lambda: colleague_outputs(last_factor=100 * FACTOR),
    "The outputs were multiplied by 3 as well; only the kernel is.",
    lambda: colleague_outputs(last_factor=100**2),
    "The outputs were multiplied by 100 twice: the network does it by itself.",
    lambda: colleague_outputs(kernel_factor=FACTOR**2),
    "The kernel or the row was multiplied by 3 once more. The cell's first lines build "
    "the network anew: run them all.",
    lambda: colleague_outputs(kernel_factor=FACTOR**3),
    "The kernel was multiplied by 3 three times. The cell's first lines build the network "
    "anew: run them all.",
    lambda: colleague_outputs(kernel_factor=0),
    "That is what comes of a row or a kernel of zeros; the row is [1, 0, 0].",
    lambda: colleague_outputs(row=[0, 1, 0]),
    "That is the row [0, 1, 0]; the question has [1, 0, 0].",
    lambda: colleague_outputs(row=[0, 0, 1]),
    "That is the row [0, 0, 1]; the question has [1, 0, 0].",
    lambda: colleague_outputs(row=[1, 1, 1]),
    "That is the row [1, 1, 1]; the question has [1, 0, 0].",
    lambda: colleague_outputs(row=np.eye(3)),
    "These are three rows, those of np.eye(3); one row is asked for, [1, 0, 0].",
    lambda: by_hand.softmax(100 * output_sums(hidden_outputs(FACTOR * FIRST_ROW))),
    "One unit gets all: the sums are far too large. Did the 100 come before softmax?",
    lambda: hidden_outputs(FACTOR * FIRST_ROW),
    "That is the hidden layer; the question is what the network gives at its end.",
    lambda: output_sums(hidden_outputs(FACTOR * FIRST_ROW)),
    "These are the sums before softmax, and before the new layer.",
)


def output_since():
    """Tell what gives a Sequential model an `.output`: predict, or a call on an Input."""
    network = dense_network()
    network.predict(TWO_ROWS, verbose=0)
    if hasattr(network, "output"):
        return "predict"
    network(keras.Input((3,)))
    return "call" if hasattr(network, "output") else "neither"


def index_of_first_layer():
    """Return the index that a Sequential's first layer has in a functional model."""
    network = dense_network()
    functional = keras.Model(network.inputs[0], network.outputs[0], name="functional")
    return functional.layers.index(network.layers[0])


def in_place_after_reshape():
    """Tell how many numbers `reshape` leaves where they are in a picture."""
    picture = cat_photograph()
    share = (picture.transpose(2, 0, 1).reshape(picture.shape) == picture).mean()
    return "few" if share < 0.1 else "third" if share < 0.5 else "all"


@cache
def twin_sums():
    """Return what a shared layer's `.output` is, and both sums of section 4.2."""
    shared = keras.layers.Dense(1, kernel_initializer="ones", name="shared")
    a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
    first, second = shared(a), shared(b)
    twin = keras.Model([a, b], [shared.output, first, second], name="twin")
    inputs = [np.array([[1, 2]]), np.array([[30, 40]])]
    return [float(np.asarray(sums)[0, 0]) for sums in twin(inputs)]


def first_of_a_list():
    """Return the shape of `outputs[0]` where the list of outputs has one element."""
    network = dense_network()
    hidden = network.get_layer("hidden").output
    return keras.Model(network.inputs[0], [hidden], name="as_list")(np.eye(3))[0].shape


GUESSES["A"] = Exercise(
    output_since,
    "Called means here: called on a `keras.Input`, which leaves a record. Numbers "
    "leave none.",
    predict="The message does sound as if running the model once were enough.",
    neither="The attribute is not gone for good, it waits for a record.",
)

GUESSES["B"] = Exercise(
    lambda: 2 * CONVOLUTIONS - 1,
    "The count goes on for the whole session: conv2d, conv2d_1 and so on, whichever "
    "network a layer belongs to.",
    lambda: CONVOLUTIONS - 1,
    "That is the first network's last layer; the second does not count anew.",
    lambda: 2 * CONVOLUTIONS,
    "That counts the layers; the first of them has no number.",
    lambda: CONVOLUTIONS,
    "That is where the second network begins.",
)

GUESSES["C"] = Exercise(
    index_of_first_layer,
    "A functional model counts its InputLayer; a Sequential leaves it out.",
    lambda: 0,
    "They do hold the same layers, but one of them lists another one before these.",
    lambda: CONVOLUTIONS,
    "That is the number in its name; an index is its place in the list.",
    lambda: -1,
    "An index from the end would be another one: the first layer is not the last.",
)

GUESSES["D"] = Exercise(
    lambda: "neither",
    "28 rows of 28 numbers are a batch like any other. To the five pictures Keras has "
    "added a last axis.",
    first="A picture of 28×28 is also a table of 28 rows, and Keras cannot tell.",
    second="Keras does not insist on a last axis of length 1; it adds one.",
    both="Keras is stricter about lengths than about the number of axes.",
)

GUESSES["E"] = Exercise(
    in_place_after_reshape,
    "These are the same numbers, almost all of them in another place. No message says so.",
    all="The shape is right, and so is each number, but not where it stands.",
    third="No channel stays: `reshape` reads on through the rows of the red one, and deals "
    "them out as red, green, blue.",
)

GUESSES["F"] = Exercise(
    lambda: twin_sums()[0],
    "`.output` belongs to the layer's first call, without a word about the second.",
    lambda: twin_sums()[2],
    "That is the second call, 30 + 40.",
    lambda: twin_sums()[1] + twin_sums()[2],
    "The sums of both calls are not added up: each call is an output of its own.",
    lambda: twin_sums()[1] - twin_sums()[2],
    "That is the whole model's output, the first sum minus the second.",
)

GUESSES["G"] = Exercise(
    first_of_a_list,
    "A list of one output comes back without its list, so `[0]` takes the first row.",
    lambda: [3, *first_of_a_list()],
    "That would be so if a list came back, as it does for several outputs.",
    lambda: [3],
    "That is one column: the rows come first.",
    lambda: [1, *first_of_a_list()],
    "The first row is there, but without the batch axis.",
)

GUESSES["H"] = Exercise(
    lambda: "weights",
    "Both hold the same layers, so new weights are in both. Which layers the sub-model "
    "has was settled when it was made.",
    layer="The layer is new in the network alone; the weights are those of shared layers.",
    both="The new layer is not among those that the sub-model was made of.",
    neither="Nothing was copied when the sub-model was made: the layers are shared.",
)
