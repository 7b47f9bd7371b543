"""The exercises of When extraction fails, right and wrong as learners answer them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from asked import ALL, FUNCTIONS, GUESSES
from learner import cell

from helpers.by_hand import softmax
from helpers.exercises.checking import OPEN, verdict
from helpers.exercises.guesses import opinion
from helpers.extraction import layer_outputs
from helpers.networks import dense_network

TOPIC = "when_extraction_fails"
MODULES = {"keras": keras, "tf": tf, "layer_outputs": layer_outputs}
RIGHT = {
    "channel_weights": [
        """
        def f(model, name, images):
            both = keras.Model(model.inputs, [model.get_layer(name).output, *model.outputs])
            with tf.GradientTape() as tape:
                maps, predictions = both([images])
                largest = tf.reduce_max(predictions, axis=1)
            return tf.reduce_mean(tape.gradient(largest, maps), axis=(1, 2))
        """,
        """
        def f(model, name, images):
            layer = model.get_layer(name)
            both = keras.Model(model.inputs[0], [layer.output, model.layers[-1].output])
            with tf.GradientTape() as tape:
                maps, predictions = both(images)
                largest = tf.reduce_max(predictions, axis=1)
            return tape.gradient(largest, maps).numpy().mean(axis=(1, 2))
        """,
    ],
    "mean_maps": [
        """
        def f(model, name, images):
            maps = model.get_layer(name).output
            means = keras.layers.GlobalAveragePooling2D()(maps)
            return keras.Model(model.inputs[0], means)(images)
        """,
        """
        def f(model, name, images):
            reader = keras.Model(model.inputs[0], model.get_layer(name).output)
            return tf.reduce_mean(reader(images), axis=(1, 2))
        """,
        """
        def f(model, name, images):
            reader = keras.Model(model.inputs[0], model.get_layer(name).output)
            return reader.predict(images, verbose=0).mean(axis=(1, 2))
        """,
        """
        def f(model, name, images):
            mean = keras.layers.Lambda(lambda maps: tf.reduce_mean(maps, axis=(1, 2)))
            means = mean(model.get_layer(name).output)
            return keras.Model(model.inputs[0], means)(images)
        """,
    ],
    "inside": [
        """
        def f(model, inner, name, rows):
            part = model.get_layer(inner)
            reader = keras.Model(part.inputs[0], part.get_layer(name).output)
            names = [operation.name for operation in model.operations]
            before = model.operations[names.index(inner) - 1].output
            return reader(keras.Model(model.inputs[0], before)(rows))
        """,
        """
        def f(model, inner, name, rows):
            values = rows
            for operation in model.operations[1:]:
                if operation.name == inner:
                    break
                minus = [1] if type(operation).__name__ == "Subtract" else []
                values = operation(values, *minus)
            for layer in model.get_layer(inner).layers:
                if type(layer) is keras.layers.InputLayer:
                    continue
                values = layer(values)
                if layer.name == name:
                    return values
        """,
    ],
}
AS_SHOWN = {  # the functions whose tracebacks the lesson shows
    "channel_weights": (
        "largest = None",
        "keras.Model(model.inputs, [model.get_layer(name).output, model.output])",
        "It was called with model of 4 layers (Conv2D,",
    ),
    "mean_maps": (
        "maps = model.get_layer(name).output",
        "keras.Model(model.inputs[0], tf.reduce_mean(maps, axis=(1, 2)))(images)",
        "It was called with",
    ),
    "inside": (
        "layer = model.get_layer(inner).get_layer(name)",
        "keras.Model(model.inputs[0], layer.output)(rows)",
        "It was called with",
    ),
}
NUMBERS = {  # wrong answers to 10.4
    "changed([1, 0, 0], times=1)[0]": "This is what `reader` returns. It has the new",
    "changed([1, 0, 0], factor=1)[0]": "The new layer is there, but the kernel is the old",
    "changed([1, 0, 0], factor=1, times=1)[0]": "This is the network before both changes.",
    "changed([1, 0, 0], changes=2)[0]": "The kernel or the row was multiplied by 3 once",
    "changed([1, 0, 0], changes=3)[0]": "The kernel was multiplied by 3 three times.",
    "changed([1, 0, 0], times=3)[0]": "The new layer multiplies by 100; 3 is the factor",
    "changed([1, 0, 0], times=300)[0]": "The outputs were multiplied by 3 as well; only",
    "changed([1, 0, 0], times=10_000)[0]": "The outputs were multiplied by 100 twice: the",
    "changed([0, 1, 0])[0]": "That is the row [0, 1, 0]; the question has [1, 0, 0].",
    "changed([0, 0, 1])[0]": "That is the row [0, 0, 1]; the question has [1, 0, 0].",
    "changed([1, 1, 1])[0]": "That is the row [1, 1, 1]; the question has [1, 0, 0].",
    "changed(np.eye(3))": "These are three rows, those of np.eye(3); the question",
    "changed([3, 0, 0])[0]": "The kernel or the row was multiplied by 3 once more.",
    "changed([0, 0, 0])[0]": "That is the result for a row or a kernel of zeros; the",
    "changed([1, 0, 0])": "The numbers are right, but the batch axis or another",
    "changed([1, 0, 0])[0, ::-1]": "The numbers are right, in reverse order: which one",
    "changed([1, 0, 0]).round()[0]": "The decimals are missing: give two or three.",
    "hidden([[3, 0, 0]])[0]": "That is the hidden layer; the question is what the",
    "hidden([[3, 0, 0]])[0] @ weights[2]": "These are the sums before softmax",
    "softmax(100 * hidden([[3, 0, 0]])[0] @ weights[2])": "One unit gets all: the",
    "[0, 1]": "One unit gets all: the sums are far too large.",
    "layer_outputs(network, [[1, 0, 0]])": "This is a dict: choose the output of one layer",
    "network": "This is a model; call it on data.",
}


def exercise(name):
    return FUNCTIONS[f"{TOPIC}.{name}"]


def said(name, source):
    return verdict(exercise(name), cell(source, **MODULES)["f"])


@pytest.mark.parametrize(
    ("name", "source"), [(name, one) for name, ways in RIGHT.items() for one in ways]
)
def test_right_function_passes_however_it_is_written(name, source):
    assert said(name, source) == f"Right. {exercise(name).why}"


@pytest.mark.parametrize("name", RIGHT)
def test_stub_is_open(name):
    names = ", ".join(exercise(name).names)
    assert said(name, f"def f({names}):\n    return ...") == OPEN


@pytest.mark.parametrize("name", AS_SHOWN)
def test_the_function_as_it_was_is_told_where_it_stops(name):
    first, last, words = AS_SHOWN[name]
    names = ", ".join(exercise(name).names)
    told = said(name, f"def f({names}):\n    {first}\n    return {last}")
    assert told.startswith(f"Not yet. {words}") and "It stops with" in told, told


@pytest.mark.parametrize("name", ["mean_maps", "inside"])
def test_the_function_is_not_to_call_the_courses_own(name):
    names = ", ".join(exercise(name).names)
    told = said(
        name,
        f"def f({names}):\n"
        f"    outputs = layer_outputs(model, {exercise(name).names[-1]})\n"
        f"    return next(iter(outputs.values()))",
    )
    assert "It calls the course's own layer_outputs" in told


def test_the_list_of_outputs_is_told():
    """The likeliest slip: `model.outputs`, since `model.inputs` worked."""
    told = said(
        "channel_weights",
        """
        def f(model, name, images):
            both = keras.Model(model.inputs, [model.get_layer(name).output, model.outputs])
            with tf.GradientTape() as tape:
                maps, predictions = both([images])
                largest = tf.reduce_max(predictions, axis=1)
            return tf.reduce_mean(tape.gradient(largest, maps), axis=(1, 2))
        """,
    )
    assert told.startswith("Not yet. The largest was taken over the images")


def test_calling_the_model_silences_the_message_and_leaves_no_gradient():
    told = said(
        "channel_weights",
        """
        def f(model, name, images):
            model(model.inputs[0])
            ends = [model.get_layer(name).output, model.output]
            both = keras.Model(model.inputs[0], ends)
            with tf.GradientTape() as tape:
                maps, predictions = both(images)
                largest = tf.reduce_max(predictions, axis=1)
            return tf.reduce_mean(tape.gradient(largest, maps), axis=(1, 2))
        """,
    )
    assert "It stops with ValueError (Attempt to convert a value (None)" in told


INSIDE = {  # a tensor that is called what reaches the nested model: what is said
    "model.operations[-2].output": "It is right for model of 3 layers (InputLayer, ",
    "model.operations[-3].output": "It is right for",
    "model.operations[1].output": "It",
    "model.operations[model.operations.index(part)].output": "It",
    "model.inputs[0]": "The rows went into the nested model as they are.",
    "model.layers[model.layers.index(part) - 1].output": "An operation without a layer",
}


@pytest.mark.parametrize("tensor", INSIDE)
def test_a_place_that_only_some_models_have_is_not_right(tensor):
    told = said(
        "inside",
        f"""
        def f(model, inner, name, rows):
            part = model.get_layer(inner)
            reader = keras.Model(part.inputs[0], part.get_layer(name).output)
            return keras.Model(model.inputs[0], reader({tensor}))(rows)
        """,
    )
    assert told.startswith(f"Not yet. {INSIDE[tensor]}"), told


MEANS = {  # a layer's tensor or numbers, and axes: what is said
    "ops.mean(layer.input, axis=(1, 2))": "These are the means of what goes into",
    "ops.mean(model.inputs[0], axis=(1, 2))": "These are the means of the images",
    "ops.mean(layer.output, axis=2)": "This is the mean over columns alone",
    "ops.mean(layer.output, axis=1)": "This is the mean over rows alone",
}


@pytest.mark.parametrize("means", MEANS)
def test_means_of_something_else_hear_of_what(means):
    told = said(
        "mean_maps",
        f"""
        def f(model, name, images):
            layer, ops = model.get_layer(name), keras.ops
            return keras.Model(model.inputs[0], {means})(images)
        """,
    )
    assert told.startswith(f"Not yet. {MEANS[means]}"), told


def test_inner_models_differ_in_kind_and_in_what_stands_around_them():
    before, after = [], set()
    for model, inner, *_ in exercise("inside").cases():
        place = model.operations.index(model.get_layer(inner))
        before.append([type(one).__name__ for one in model.operations[1:place]])
        after.add(len(model.operations) - place - 1)
    assert [] in before and ["Subtract"] in before and ["Rescaling"] in before
    assert after == {0, 1, 2}
    kinds = {type(case[0].get_layer("inner")) for case in exercise("inside").cases()}
    assert len(kinds) == 2


def names_of_10_4():
    network = dense_network()

    def hidden(x):
        return layer_outputs(network, x)["hidden"]

    def changed(row, factor=3, times=100, changes=1):
        model = dense_network()
        kernel = model.get_layer("hidden").kernel
        for _ in range(changes):
            kernel.assign(factor * kernel)
        return times * model(np.atleast_2d(row)).numpy()

    weights = network.get_weights()
    return {**locals(), **MODULES, "np": np, "softmax": softmax}


@pytest.mark.parametrize("answer", NUMBERS)
def test_a_likely_slip_hears_what_it_is(answer):
    told = verdict(ALL[f"{TOPIC}.older_reader"], eval(answer, names_of_10_4()))
    assert told.startswith(f"Not yet. {NUMBERS[answer]}"), told


SHAPES = {  # guesses of 10.C
    "[28, 2]": "As you expected.",
    "[1, 2]": "Not what you expected. That would be one row for one picture;",
    "[2]": "Not what you expected. The batch axis is always there,",
    "[28, 28]": "Not what you expected. The second axis is the layer's: it has 2 units.",
    "[2, 28]": "Not what you expected. The first axis is the batch axis;",
}


@pytest.mark.parametrize("guess", SHAPES)
def test_a_guessed_shape_hears_what_it_is(guess):
    told = opinion(GUESSES[f"{TOPIC}.C"], eval(guess))
    assert told.startswith(SHAPES[guess]), told
