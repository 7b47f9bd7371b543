"""Every form that inputs may have, and each refusal with the line that mends it."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from support import (
    RANDOM,
    assert_equal,
    branching_model,
    idiom,
    images,
    run,
    without_inputs,
)

from helpers.extraction import layer_outputs
from helpers.networks import cifar10_cnn, dense_network

# Forms --------------------------------------------------------------------------------


def test_several_inputs_in_every_arrangement():
    model = branching_model()
    left, right = images(7, 8, 8), RANDOM.random((7, 5), dtype="float32")
    expected = without_inputs(model, idiom(model, [left, right]))
    for inputs in (
        [left, right],
        (left, right),
        {"right": right, "left": left},
        [tf.constant(left), right.tolist()],
    ):
        assert_equal(layer_outputs(model, inputs, batch_size=3), expected)


@pytest.mark.parametrize("arrange", [dict, list])
def test_model_whose_inputs_are_a_dict(arrange):
    sources = {"b": keras.Input((2,), name="b"), "a": keras.Input((3,), name="a")}
    y = layers.Concatenate(name="together")([sources["b"], sources["a"]])
    model = keras.Model(arrange(sources) if arrange is dict else [*sources.values()], y)
    b, a = RANDOM.random((4, 2)), RANDOM.random((4, 3))
    together = layer_outputs(model, {"a": a, "b": b})["together"]
    np.testing.assert_allclose(together, np.hstack([b, a]), atol=1e-6)


class SumOrFirst(keras.Layer):
    def call(self, x, y=None):
        return x if y is None else x + y

    def compute_output_spec(self, x, y=None):
        return keras.KerasTensor(x.shape, x.dtype)


def test_an_optional_input():
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b", optional=True)
    model, x = keras.Model([a, b], SumOrFirst(name="sum")(a, b)), np.eye(3)
    for inputs, factor in ([x, None], 1), ({"a": x, "b": None}, 1), ([x, x], 2):
        for batch_size in None, 2, 1:
            outputs = layer_outputs(model, inputs, batch_size=batch_size)
            np.testing.assert_array_equal(outputs["sum"], factor * x)
    with pytest.raises(TypeError, match=r"inputs\['a'\] is a NoneType"):
        layer_outputs(model, [None, x])
    with pytest.raises(TypeError, match=r"inputs\['a'\] is a NoneType"):
        layer_outputs(model, [None, None])


def test_inputs_in_nested_structures():
    a, b, c = (keras.Input((2,), name=name) for name in ("a", "b", "one"))
    model = keras.Model(
        {"pair": [b, a], "one": c},
        layers.Concatenate(name="together")([a, b, c]),
    )
    x = RANDOM.random((3, 4, 2))
    outputs = layer_outputs(model, {"pair": [x[0], x[1]], "one": x[2]})
    expected = np.hstack([x[1], x[0], x[2]])
    np.testing.assert_allclose(outputs["together"], expected, atol=1e-6)


def test_text_goes_in():
    lookup = layers.StringLookup(vocabulary=["cat", "dog"], name="lookup")
    words = keras.Input((2,), dtype="string", name="words")
    model = keras.Model(words, lookup(words))
    outputs = layer_outputs(model, [["dog", "cat"], ["cow", "dog"]])
    assert outputs["lookup"].tolist() == [[2, 1], [0, 2]]


def test_pictures_of_whole_numbers_are_cast_as_keras_does():
    model = cifar10_cnn()
    pixels = RANDOM.integers(0, 256, (3, 32, 32, 3), dtype="uint8")
    outputs = layer_outputs(model, pixels, "conv2d")["conv2d"]
    expected = idiom(model, pixels.astype("float32"))["conv2d"]
    np.testing.assert_allclose(outputs, expected, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize(
    "form",
    [list, np.ndarray.tolist, tf.constant, np.asfortranarray, ops.convert_to_tensor],
)
def test_every_form_of_the_same_inputs(form):
    x = RANDOM.random((4, 3), dtype="float32")
    assert_equal(
        layer_outputs(dense_network(), form(x)), layer_outputs(dense_network(), x)
    )
    assert_equal(layer_outputs(dense_network(), [x]), layer_outputs(dense_network(), x))


def test_a_square_of_numbers_is_a_batch_of_rows():
    model = keras.Sequential([keras.Input((28,)), layers.Dense(2, name="dense")])
    assert layer_outputs(model, np.ones((28, 28)))["dense"].shape == (28, 2)


# Refusals, word for word --------------------------------------------------------------


def grey_model():
    return keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(name="flatten")])


def flat_model():
    return keras.Sequential([keras.Input((784,)), layers.Dense(2, name="dense")])


def channels_first_model():
    return keras.Sequential([keras.Input((3, 32, 32)), layers.Flatten(name="flatten")])


@pytest.mark.parametrize(
    ("make", "shape", "line"),
    [
        (cifar10_cnn, (32, 32, 3), "the batch axis is missing. Write {}[np.newaxis]"),
        (grey_model, (28, 28, 1), "the batch axis is missing. Write {}[np.newaxis]"),
        (grey_model, (5, 28, 28), "channel axis is missing. Write {}[..., np.newaxis]"),
        (grey_model, (28, 28), "are missing. Write {}[np.newaxis, ..., np.newaxis]"),
        (grey_model, (5, 28, 28, 3), "Write {}.mean(axis=-1, keepdims=True)"),
        (cifar10_cnn, (5, 3, 32, 32), "Write {}.transpose(0, 2, 3, 1)"),
        (cifar10_cnn, (3, 32, 32), "Write {}.transpose(1, 2, 0)[np.newaxis]"),
        (cifar10_cnn, (5, 32, 32), "Write {}[..., np.newaxis].repeat(3, axis=-1)"),
        (cifar10_cnn, (5, 32, 32, 1), "Write {}.repeat(3, axis=-1)"),
        (cifar10_cnn, (5, 32, 32, 4), "a channel too many. Write {}[..., :3]"),
        (cifar10_cnn, (5, 32, 32, 3, 1), "a channel axis too many. Write {}[..., 0]"),
        (cifar10_cnn, (1, 5, 32, 32, 3), "a batch axis too many. Write {}[0]"),
        (dense_network, (3,), "the batch axis is missing. Write {}[np.newaxis]"),
        (flat_model, (5, 28, 28), "not flattened. Write {}.reshape(-1, 784)"),
        (channels_first_model, (5, 32, 32, 3), "Write {}.transpose(0, 3, 1, 2)"),
        (cifar10_cnn, (5, 64, 64, 3), "where None is the number of inputs"),
        (dense_network, (5, 4), "where None is the number of inputs"),
        (dense_network, (), "inputs has shape ()"),
    ],
)
def test_wrong_shapes(make, shape, line):
    model, inputs = make(), np.ones(shape, "float32")
    with pytest.raises(ValueError, match=re.escape(line.format("inputs"))) as error:
        layer_outputs(model, inputs)
    assert f"inputs has shape {shape}" in str(error.value)
    assert str(model.inputs[0].shape) in str(error.value)
    written = re.search(r"Write (.*)\.$", str(error.value))
    if written:  # the line that is shown does mend it
        layer_outputs(model, eval(written[1], {"np": np, "inputs": inputs}))


@pytest.mark.parametrize(
    ("inputs", "error", "words"),
    [
        (np.array([["1", "2", "3"]]), TypeError, r"is text.*astype\('float32'\)"),
        ("picture.png", TypeError, "is text"),
        ([[1, 2, None]], TypeError, "dtype object, .* comes of None"),
        (
            [[1, 2, 3], [4, 5]],
            TypeError,
            "a list of 2, which NumPy .* give all one shape",
        ),
        (
            keras.Input((3,)),
            TypeError,
            r"one KerasTensor of shape \(None, 3\).*no numbers",
        ),
        (tf.sparse.eye(3), TypeError, "inputs is one SparseTensor of shape"),
        (np.ones((2, 3), complex), TypeError, r"inputs.real or np.abs\(inputs\)"),
        (np.array([["2020-01-01"] * 3], "M8[D]"), TypeError, "dtype datetime64"),
        (None, TypeError, "inputs is a NoneType. Pass an array of numbers"),
        (np.ones((0, 3)), ValueError, r"inputs is empty: shape \(0, 3\)"),
        ([], ValueError, "inputs is empty"),
        (iter([]), ValueError, "no batch"),
        (iter([np.ones(3)]), ValueError, "batch axis is missing.*dataset.batch"),
        (
            {"rows": np.eye(3)},
            ValueError,
            "takes 1 inputs, inputs, but .* dict of rows",
        ),
        (
            tf.data.Dataset.from_tensors(np.eye(3)).repeat(),
            ValueError,
            r"never ends. Write dataset.take\(batches\)",
        ),
    ],
)
def test_inputs_that_are_refused(inputs, error, words):
    with pytest.raises(error, match=words):
        layer_outputs(dense_network(), inputs)


def test_fractions_are_not_cut_off():
    words = keras.Input((2,), dtype="int32", name="words")
    model = keras.Model(words, layers.Embedding(10, 3, name="embedding")(words))
    with pytest.raises(TypeError, match=r"takes whole numbers.*astype\('int32'\)"):
        layer_outputs(model, [[0.5, 1.5]])
    assert layer_outputs(model, [[1, 2]])["embedding"].shape == (1, 2, 3)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (
            np.ones((2, 8, 8, 3)),
            "branching takes 2 inputs, left, right.*one ndarray of",
        ),
        ([np.ones((2, 8, 8, 3))], "list of 1"),
        ({"left": 1, "middle": 2}, "dict of left, middle.*{'left': ..., 'right': ...}"),
        (
            [np.ones((2, 8, 8, 3)), np.ones((3, 5))],
            r"'left'\] has 2, .*'right'\] has 3",
        ),
        ([np.ones((2, 8, 8, 3)), np.ones((2, 6))], r"inputs\['right'\] has shape"),
        (iter([(np.ones((2, 8, 8, 3)), np.ones(2))]), "batch is one ndarray of shape"),
    ],
)
def test_several_inputs_that_are_refused(inputs, words):
    with pytest.raises(ValueError, match=words):
        layer_outputs(branching_model(), inputs)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
def test_nan_and_infinity_are_reported(value):
    x = np.ones((10, 3))
    x[[6, 8], [1, 0]] = value
    shown = str(np.float32(np.inf if value == 1e39 else value))
    words = (
        rf"The input inputs holds NaN or infinity 2 times, first {shown} at \(6, 1\)"
    )
    for inputs, batch_size in [(x, 256), (x, 4), (iter([x[:5], x[5:]]), 256)]:
        with pytest.warns(UserWarning, match=words) as warned:
            outputs = layer_outputs(dense_network(), inputs, batch_size=batch_size)
        assert len(warned) == 1
        assert warned[0].filename == __file__
        assert np.isfinite(outputs["output"][:6]).all()


def test_checking_needs_neither_tensorflow_nor_keras():
    code = """
        import sys
        import helpers.engine.inputs, helpers.engine.storage
        print({"tensorflow", "keras"} & set(sys.modules))
    """
    assert run(code).strip() == "set()"
