"""`forward` on whole networks: Keras's names, order and numbers, or what is not known."""

import keras
import numpy as np
import pytest
from keras import layers
from networks_to_try import Doubled, branches, one_layer, pictures, randomize

from helpers.by_hand import forward, hand_check, relative_difference
from helpers.extraction import layer_outputs
from helpers.networks import (
    cifar10_cnn,
    dense_answer_key,
    dense_network,
    trained_cifar10_cnn,
)


def assert_same_outputs(model, inputs):
    expected, found = layer_outputs(model, inputs), forward(model, inputs)
    assert list(found) == list(expected)
    for name, y in found.items():
        assert y.shape == expected[name].shape, name
        assert relative_difference(y, expected[name]) < 1e-5, name


def test_first_walkthroughs_digits():
    outputs, key = forward(dense_network(), np.eye(3)), dense_answer_key()
    np.testing.assert_allclose(outputs["hidden"], key["hidden"], atol=1e-6, rtol=0)
    np.testing.assert_allclose(outputs["output"], key["output"], atol=1e-6, rtol=0)


@pytest.mark.parametrize("network", [cifar10_cnn, trained_cifar10_cnn])
def test_second_walkthroughs_network(network):
    assert_same_outputs(network(), pictures(3, 32, 32, 3))


def test_branches_sharing_nesting_and_arithmetic():
    inputs = [pictures(2, 6, 6, 4, seed=i) for i in range(2)]
    model = branches()
    assert_same_outputs(model, inputs)
    assert_same_outputs(model, dict(zip(("left", "right"), inputs)))
    names = list(forward(model, inputs))
    for name in ("shared:1", "inner:1/conv", "inner:1", "fork/inner/norm", "fork/a"):
        assert name in names


def test_a_model_loaded_from_disk(tmp_path):
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, "tanh", name="dense")])
    x = keras.Input((4,))
    y = layers.Add()([inner(x), inner(inner(x))]) * 3
    randomize(keras.Model(x, y)).save(tmp_path / "model.keras")
    assert_same_outputs(
        keras.models.load_model(tmp_path / "model.keras"), pictures(2, 4)
    )


@pytest.mark.skipif(keras.__version__ >= "3.16", reason="there the layer has its way")
def test_training_is_for_the_model_to_say():
    model = one_layer(layers.Dropout(0.5), 30, training=True)
    assert_same_outputs(model, pictures(2, 30))


class Training(keras.Model):
    """Drops numbers and takes the batch's mean whenever it is called."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(4)
        self.drop, self.norm = layers.Dropout(0.5), layers.BatchNormalization()

    def call(self, x):
        return self.norm(self.drop(self.dense(x), training=True), training=True)


def test_layers_that_are_told_to_train_are_not_known_by_hand():
    """NumPy cannot draw what was dropped; that is no fault of Keras."""
    model, x = Training(), pictures(3, 5)
    model(x)
    verdicts = [row[-1] for row in hand_check(model, x).rows]
    assert verdicts == ["equal", "unknown", "unknown"]


def test_forward_leaves_the_model_alone():
    model = branches()
    nodes = [len(layer._inbound_nodes) for layer in model.layers]
    forward(model, [pictures(2, 6, 6, 4)] * 2)
    assert [len(layer._inbound_nodes) for layer in model.layers] == nodes


class Own(keras.Model):
    def call(self, x):
        return x


def relu(x):
    return x + 1


@pytest.mark.parametrize(
    "model, words",
    [
        (
            one_layer(layers.Conv1DTranspose(2, 3, name="c"), 8, 3),
            r"'c' \(Conv1DTranspose\).*known are",
        ),
        (one_layer(Doubled(2, name="d"), 3), r"'d' \(Doubled\).*a call of its own"),
        (one_layer(layers.Dense(2, relu, name="r"), 3), "not one of keras.activations"),
        (
            one_layer(layers.Softmax(name="s"), 3, mask=keras.ops.ones((1, 3))),
            "when it is called with mask",
        ),
        (
            one_layer(layers.UpSampling2D(2, interpolation="bicubic"), 4, 4, 1),
            "with interpolation 'bicubic'",
        ),
        (one_layer(layers.Lambda(abs, name="l"), 3), r"The layer 'l' \(Lambda\)"),
        (one_layer(layers.Normalization(invert=True, name="n"), 4), "with invert True"),
        (
            one_layer(layers.Dense(2, layers.BatchNormalization(), name="b"), 3),
            "not one of keras.activations",
        ),
    ],
    ids=lambda value: "" if isinstance(value, str) else value.layers[1].name,
)
def test_forward_says_which_layer_is_not_known(model, words):
    with pytest.raises(ValueError, match=words):
        forward(model, np.ones((1, *model.inputs[0].shape[1:]), "float32"))


def test_forward_says_which_operation_is_not_known():
    x = keras.Input((3,))
    model = keras.Model(x, layers.Dense(2)(keras.ops.sin(x)))
    with pytest.raises(ValueError, match=r"operation 'sin\w*' \(Sin\) is not known"):
        forward(model, np.ones((1, 3)))


def test_text_is_not_computed_by_hand():
    x = keras.Input((1,), dtype="string", name="words")
    model = keras.Model(x, layers.StringLookup(vocabulary=["a", "b"])(x))
    with pytest.raises(
        ValueError, match=r"'string_lookup\w*' \(StringLookup\) is not known"
    ):
        forward(model, np.array([["a"], ["b"]]))


@pytest.mark.parametrize("function", [forward, hand_check])
@pytest.mark.parametrize(
    "model, inputs, error, words",
    [
        (dense_network(), np.ones((3, 4)), ValueError, r"\(3, 4\)"),
        (cifar10_cnn(), np.ones((32, 32, 3)), ValueError, r"inputs\[np.newaxis\]"),
        (dense_network(), [["a", "b", "c"]], TypeError, "text"),
        ("model.keras", np.eye(3), TypeError, "builtins.str"),
        (Own(), np.eye(3), ValueError, "own is not built"),
        (
            keras.Sequential([layers.Dense(2)]),
            np.eye(3),
            ValueError,
            "no weights. Write",
        ),
    ],
    ids=["shape", "batch axis", "text", "path", "subclassed", "unbuilt"],
)
def test_bad_models_and_inputs(function, model, inputs, error, words):
    with pytest.raises(error, match=words):
        function(model, inputs)
