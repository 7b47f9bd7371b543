"""Every known layer, with random weights, against Keras's."""

import keras
import numpy as np
import pytest
from keras import layers
from networks_to_try import (
    CONVOLUTIONS,
    LAYERS_TO_TRY,
    MERGING,
    OTHER_LAYERS_TO_TRY,
    STEPS_LAST,
    TOKENS,
    cases,
    channels_last_and_first,
    embedding,
    keras_activations,
    pictures,
    randomize,
)

from helpers import by_hand
from helpers.by_hand import forward, relative_difference


def assert_layer_is_known(layer, *inputs):
    """Hold one layer, with random weights, against Keras."""
    symbols = [keras.Input(x.shape[1:]) for x in inputs]
    given, x = (symbols, list(inputs)) if len(inputs) > 1 else (symbols[0], inputs[0])
    model = randomize(keras.Model(given, layer(given)))
    expected = np.asarray(model(x, training=False))
    (y,) = forward(model, x).values()
    assert y.dtype == "float64"
    assert y.shape == expected.shape
    assert np.abs(expected).max() > 0
    assert relative_difference(y, expected) < 1e-5


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("kernel_size", [1, 2, (3, 2), 5])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"strides": 2},
        {"strides": (1, 3)},
        {"dilation_rate": 2},
        {"dilation_rate": (1, 2)},
        {"groups": 2},
        {"groups": 4, "strides": 2},
        {"use_bias": False},
        {"activation": "softmax"},
    ],
    ids=str,
)
def test_conv2d(padding, kernel_size, options):
    layer = layers.Conv2D(8, kernel_size, padding=padding, **options)
    assert_layer_is_known(layer, pictures(2, 11, 10, 4))


@pytest.mark.parametrize("padding", ["valid", "same", "causal"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"strides": 3},
        {"dilation_rate": 2, "kernel_size": 2},
        {"groups": 2, "activation": "softmax"},
        {"use_bias": False, "kernel_size": 1},
    ],
    ids=str,
)
def test_conv1d(padding, options):
    layer = layers.Conv1D(6, **{"kernel_size": 3, "padding": padding, **options})
    assert_layer_is_known(layer, pictures(2, 11, 4))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [None, 1, 2])
@pytest.mark.parametrize("kind", ["MaxPooling1D", "AveragePooling1D"])
def test_pooling_of_steps(kind, strides, padding):
    layer = getattr(layers, kind)(3, strides, padding)
    assert_layer_is_known(layer, pictures(2, 8, 3) - 3)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("kind", ["DepthwiseConv2D", "SeparableConv2D"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"strides": 2},
        {"dilation_rate": 2},
        {"depth_multiplier": 3, "activation": "relu6"},
        {"use_bias": False},
    ],
    ids=str,
)
def test_depthwise_and_separable(padding, kind, options):
    filters = {"filters": 5} if kind == "SeparableConv2D" else {}
    layer = getattr(layers, kind)(
        kernel_size=(3, 2), padding=padding, **filters, **options
    )
    assert_layer_is_known(layer, pictures(2, 9, 8, 4))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [None, 1, 2, (3, 1)])
@pytest.mark.parametrize("pool_size", [1, 2, (3, 2)])
@pytest.mark.parametrize("kind", ["MaxPooling2D", "AveragePooling2D"])
def test_pooling_layers(kind, pool_size, strides, padding):
    layer = getattr(layers, kind)(pool_size, strides, padding)
    assert_layer_is_known(layer, pictures(2, 7, 8, 3) - 3)


@pytest.mark.parametrize("kind, options", cases(LAYERS_TO_TRY), ids=str)
def test_layer(kind, options):
    assert_layer_is_known(getattr(layers, kind)(**options), pictures(2, 5, 6, 3))


@pytest.mark.parametrize("kind, case", cases(OTHER_LAYERS_TO_TRY), ids=str)
def test_layer_of_other_inputs(kind, case):
    shape, options = case
    assert_layer_is_known(getattr(layers, kind)(**options), pictures(2, *shape))


def test_embedding_looks_rows_up():
    model = embedding()
    table = model.get_layer("embedding").embeddings.numpy()
    y = forward(model, TOKENS)["embedding"]
    assert y.dtype == "float64" and (y == table[TOKENS]).all()
    assert relative_difference(y, model(TOKENS)) < 1e-7


@pytest.mark.parametrize("kind", MERGING)
def test_merging_layers(kind):
    xs = [pictures(2, 4, 5, 3, seed=i) for i in range(2 if kind == "Subtract" else 3)]
    assert_layer_is_known(getattr(layers, kind)(), *xs)


@pytest.mark.parametrize("kind", ["Add", "Multiply", "Maximum"])
def test_merging_broadcasts(kind):
    layer = getattr(layers, kind)
    assert_layer_is_known(layer(), pictures(2, 4, 5, 3), pictures(2, 1, 1, 3))
    assert_layer_is_known(layer(), pictures(2, 4, 3), pictures(2, 3))


@pytest.mark.parametrize("axis", [1, 2, 3, -1])
def test_concatenate_along_any_axis(axis):
    xs = [pictures(2, 4, 4, 4, seed=i) for i in range(2)]
    assert_layer_is_known(layers.Concatenate(axis=axis), *xs)


def test_every_known_layer_is_tried():
    tried = {"Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Activation"}
    tried |= {"MaxPooling2D", "AveragePooling2D", *MERGING, *LAYERS_TO_TRY}
    tried |= {"Conv1D", "MaxPooling1D", "AveragePooling1D", "Embedding"}
    tried |= set(OTHER_LAYERS_TO_TRY)
    assert tried == set(by_hand.KINDS)


@pytest.mark.parametrize("name", keras_activations())
def test_activation(name):
    x = np.linspace(-8, 8, 34, dtype="float32").reshape(1, 34)
    assert_layer_is_known(layers.Activation(name), x)
    assert_layer_is_known(layers.Dense(6, activation=name), pictures(2, 7))


@pytest.mark.parametrize(
    "activation", [layers.LeakyReLU(0.3), layers.ReLU(max_value=1.0), layers.Softmax()]
)
def test_a_layer_as_activation(activation):
    assert_layer_is_known(layers.Dense(4, activation=activation), pictures(2, 5))


@pytest.mark.parametrize(
    "layer",
    [
        layers.MaxPooling2D(2, data_format="channels_first"),
        layers.AveragePooling2D(3, padding="same", data_format="channels_first"),
        layers.GlobalAveragePooling2D(data_format="channels_first"),
        layers.GlobalMaxPooling2D(keepdims=True, data_format="channels_first"),
        layers.Flatten(data_format="channels_first"),
        layers.ZeroPadding2D((1, 2), data_format="channels_first"),
        layers.Cropping2D((1, 2), data_format="channels_first"),
        layers.UpSampling2D((1, 2), data_format="channels_first"),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_channels_first(layer):
    assert_layer_is_known(layer, pictures(2, 4, 8, 7))


@pytest.mark.parametrize("layer", STEPS_LAST, ids=lambda layer: type(layer).__name__)
def test_steps_with_channels_first(layer):
    assert_layer_is_known(layer, pictures(2, 4, 8))


@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_convolutions_with_channels_first(kind):
    """Not held against Keras: on a CPU it refuses most, and computes groups wrongly."""
    last, first, x = channels_last_and_first(kind)
    y, z = (
        by_hand.compute(model.get_layer("conv"), one)
        for model, one in [(last, x), (first, np.moveaxis(x, -1, 1))]
    )
    np.testing.assert_allclose(np.moveaxis(z, 1, -1), y, rtol=1e-12)


def test_subclass_of_a_known_layer_without_a_call_of_its_own():
    class Wide(layers.Dense):
        def __init__(self, **kwargs):
            super().__init__(5, **kwargs)

    assert_layer_is_known(Wide(activation="relu"), pictures(2, 3))
