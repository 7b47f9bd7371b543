"""Which layers are meant, and what is said of those that are not there."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from support import images, nested_model

from helpers.extraction import layer_outputs
from helpers.networks import cifar10_cnn


def test_layers_are_chosen_by_name_index_object_class_or_a_mix():
    model, x = cifar10_cnn(), images(2)
    everything = layer_outputs(model, x)
    for wanted, names in [
        ("conv2d_2", ["conv2d_2"]),
        (["dense", "conv2d"], ["conv2d", "dense"]),
        (0, ["conv2d"]),
        (-1, ["dense_1"]),
        (np.int64(4), ["conv2d_2"]),
        (range(2), ["conv2d", "max_pooling2d"]),
        (np.array([5, 1]), ["max_pooling2d", "flatten"]),
        (model.get_layer("flatten"), ["flatten"]),
        (layers.MaxPooling2D, ["max_pooling2d", "max_pooling2d_1"]),
        ({layers.Dense, "conv2d"}, ["conv2d", "dense", "dense_1"]),
        ((7, "dense_1", model.layers[7], layers.Dense), ["dense", "dense_1"]),
        (layers.InputLayer, ["images"]),
        (["images", "dense"], ["images", "dense"]),
        (keras.Layer, ["images", *everything]),
    ]:
        outputs = layer_outputs(model, x, wanted)
        assert list(outputs) == names, wanted
        for name in names:
            expected = x if name == "images" else everything[name]
            np.testing.assert_allclose(outputs[name], expected, atol=1e-6)


def test_layers_inside_nested_models_are_chosen_too():
    model, x = nested_model(), np.eye(6)
    deepest = model.get_layer("inner").get_layer("innermost").get_layer("deepest")
    both = ["inner/innermost/deepest", "inner:1/innermost/deepest"]
    for wanted, names in [
        ("inner/innermost/deepest", both),
        ("inner:1/innermost/deepest", both[1:]),
        (deepest, both),
        (keras.Sequential, ["inner/sequential", "inner:1/sequential"]),
        (0, ["outer_input"]),
        ("inner/inner_input", ["inner/inner_input", "inner:1/inner_input"]),
    ]:
        assert list(layer_outputs(model, x, wanted)) == names
    inputs = layer_outputs(model, x, ["inner", "inner/inner_input"])
    np.testing.assert_array_equal(inputs["inner:1/inner_input"], inputs["inner"])


def test_only_what_is_asked_for_is_computed():
    class Fails(keras.Layer):
        def call(self, x):
            return tf.numpy_function(self.fail, [x], tf.float32, stateful=False)

        def compute_output_shape(self, shape):
            return shape

        def fail(self, x):
            raise AssertionError("computed")

    x = keras.Input((3,))
    y = layers.Dense(3, name="wanted")(x)
    model = keras.Model(x, Fails(name="unwanted")(y))
    for rows in 3, 3000:  # eager, compiled
        assert list(layer_outputs(model, np.ones((rows, 3)), "wanted")) == ["wanted"]
    with pytest.raises(ValueError, match="layer 'unwanted' .*says: computed"):
        layer_outputs(model, np.eye(3), "unwanted")


@pytest.mark.parametrize(
    ("wanted", "error", "words"),
    [
        ("conv2d2", ValueError, "no layer 'conv2d2'. Did you mean 'conv2d_2' or"),
        (
            "convolution",
            ValueError,
            r"no layer 'convolution'.*list\(layer_outputs\(model, inputs\)\)",
        ),
        ("", ValueError, "no layer ''. Its layers are 'images', 'conv2d'"),
        (8, ValueError, "no layer 8: its 8 layers are 0 to 7"),
        (-9, ValueError, "no layer -9: its 8 layers are 0 to 7"),
        (layers.LSTM, ValueError, "no layer of class LSTM; it has Conv2D, Dense, Fl"),
        (layers.Dense(3, name="dense"), ValueError, "This Dense layer 'dense' is not"),
        ([], ValueError, "layers is empty"),
        (["dense", "dence"], ValueError, "no layer 'dence'. Did you mean 'dense'"),
        (1.5, TypeError, "names, indices, layers or layer classes, but got 1.5"),
        (True, TypeError, "but got True"),
        ([int], TypeError, "but got <class 'int'>"),
    ],
)
def test_layers_that_are_refused(wanted, error, words):
    with pytest.raises(error, match=words):
        layer_outputs(cifar10_cnn(), images(1), wanted)


def test_an_inner_name_alone_is_answered_with_the_full_one():
    with pytest.raises(ValueError, match="mean 'inner/dense' or 'inner:1/dense'"):
        layer_outputs(nested_model(), np.eye(6), "dense")


# Models that have such a layer, and do not call it ------------------------------------


class Optional(keras.Model):
    """A model that calls its second layer only if told to."""

    def __init__(self):
        super().__init__()
        self.first = layers.Dense(4, name="first")
        self.second = layers.Dense(4, name="second")
        self.both = False

    def build(self, shape):
        self.first.build(shape)

    def call(self, x):
        return self.second(self.first(x)) if self.both else self.first(x)


def test_a_layer_that_is_never_called():
    model = Optional()
    model(np.ones((2, 6)))
    with pytest.raises(ValueError, match="does not call its layer 1, second"):
        layer_outputs(model, np.ones((2, 6)), 1)


def test_a_part_that_is_not_built():
    model = Optional()
    model(np.ones((2, 6)))
    model.both = True
    words = r"Its layer second is not built.*model\(inputs\)"
    with pytest.raises(ValueError, match=words):
        layer_outputs(model, np.ones((2, 6)))
    assert not model.second.built
