"""NumPy's numbers against numbers written down here, and against Keras's layers."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from helpers import by_hand
from helpers.by_hand import forward, hand_check, relative_difference
from helpers.extraction import layer_outputs
from helpers.networks import (
    cifar10_cnn,
    dense_answer_key,
    dense_network,
    trained_cifar10_cnn,
)

ROOT = Path(__file__).resolve().parent.parent.parent
layers = keras.layers


def pictures(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def randomize(model, seed=0):
    """Give every weight a value that is neither 0 nor 1, variances a positive one."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        fan_in = max(np.prod(weight.shape[:-1]), 1)
        values = random.normal(size=weight.shape) / np.sqrt(fan_in)
        if weight.name in ("gamma", "moving_variance", "variance"):
            values = random.uniform(0.5, 1.5, weight.shape)
        elif len(weight.shape) == 1:
            values = random.uniform(-0.5, 0.5, weight.shape)
        if "float" in weight.dtype:
            weight.assign(values)
    return model


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


# --------------------------------------------------- numbers that can be seen at once

PICTURE = np.arange(9.0).reshape(1, 3, 3, 1)


def test_dense_adds_products_and_bias():
    x, kernel = np.array([[1.0, 2.0]]), np.array([[3.0, 0.0], [4.0, -1.0]])
    np.testing.assert_array_equal(by_hand.dense(x, kernel), [[11, -2]])
    np.testing.assert_array_equal(by_hand.dense(x, kernel, [1, 2]), [[12, 0]])


def test_conv2d_is_a_correlation_of_every_patch():
    kernel = np.array([[1.0, 0.0], [0.0, 10.0]]).reshape(2, 2, 1, 1)
    y = by_hand.conv2d(PICTURE, kernel, np.array([0.5]))
    np.testing.assert_array_equal(y[0, :, :, 0], [[40.5, 51.5], [73.5, 84.5]])


def test_conv2d_same_puts_the_odd_row_and_column_at_the_end():
    y = by_hand.conv2d(PICTURE, np.ones((2, 2, 1, 1)), padding="same")
    expected = [[8, 12, 7], [20, 24, 13], [13, 15, 8]]
    np.testing.assert_array_equal(y[0, :, :, 0], expected)


def test_conv2d_strides_and_dilation():
    ones = np.ones((2, 2, 1, 1))
    np.testing.assert_array_equal(by_hand.conv2d(PICTURE, ones, strides=2), [[[[8]]]])
    dilated = by_hand.conv2d(PICTURE, ones, dilation_rate=2)
    np.testing.assert_array_equal(dilated, [[[[0 + 2 + 6 + 8]]]])


def test_conv2d_groups_see_their_own_channels():
    x = np.array([1.0, 10.0, 100.0, 1000.0]).reshape(1, 1, 1, 4)
    y = by_hand.conv2d(x, np.ones((1, 1, 2, 4)), groups=2)
    np.testing.assert_array_equal(y[0, 0, 0], [11, 11, 1100, 1100])


def test_depthwise_and_separable_conv2d():
    x = np.array([1.0, 10.0]).reshape(1, 1, 1, 2)
    depthwise = np.array([[2.0, 3.0], [4.0, 5.0]]).reshape(1, 1, 2, 2)
    y = by_hand.depthwise_conv2d(x, depthwise, np.array([0, 0, 0, 7]))
    np.testing.assert_array_equal(y[0, 0, 0], [2, 3, 40, 57])
    pointwise = np.array([1.0, -1.0, 0.0, 2.0]).reshape(1, 1, 4, 1)
    y = by_hand.separable_conv2d(x, depthwise, pointwise)
    np.testing.assert_array_equal(y, [[[[2 - 3 + 100]]]])


def test_pooling():
    x = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0], [-7.0, -8.0, -9.0]])
    x = x.reshape(1, 3, 3, 1)
    np.testing.assert_array_equal(by_hand.max_pool2d(x), [[[[5]]]])
    np.testing.assert_array_equal(by_hand.average_pool2d(x), [[[[2]]]])
    same = by_hand.max_pool2d(x, padding="same")[0, :, :, 0]
    np.testing.assert_array_equal(same, [[5, 3], [-7, -9]])  # the edge is not a 0
    same = by_hand.average_pool2d(x, padding="same")[0, :, :, 0]
    np.testing.assert_array_equal(same, [[2, -1.5], [-7.5, -9]])
    each = by_hand.max_pool2d(x, pool_size=2, strides=1)[0, :, :, 0]
    np.testing.assert_array_equal(each, [[5, 5], [5, 5]])
    np.testing.assert_array_equal(by_hand.global_max_pool2d(x), [[5]])
    np.testing.assert_allclose(by_hand.global_average_pool2d(x), [[-19 / 9]])


def test_max_pool2d_of_integers_keeps_them():
    x = np.full((1, 3, 3, 1), -5)
    y = by_hand.max_pool2d(x, padding="same")
    assert y.dtype == x.dtype and (y == -5).all()


def test_normalizations():
    x = np.array([[1.0, 3.0]])
    y = by_hand.batch_normalization(x, [1, 1], [4, 1], [2, 1], [0, 5], epsilon=0)
    np.testing.assert_array_equal(y, [[0, 7]])
    y = by_hand.layer_normalization(x, [2, 2], [0, 5], epsilon=0)
    np.testing.assert_array_equal(y, [[-2, 7]])
    y = by_hand.layer_normalization(x, epsilon=3)
    np.testing.assert_array_equal(y, [[-0.5, 0.5]])


def test_shapes_and_edges():
    x = np.arange(8).reshape(1, 2, 2, 2)
    np.testing.assert_array_equal(by_hand.flatten(x), [range(8)])
    np.testing.assert_array_equal(by_hand.reshape(x, (-1, 4))[0, 1], [4, 5, 6, 7])
    padded = by_hand.zero_padding2d(x, ((1, 0), (0, 2)))
    assert padded.shape == (1, 3, 4, 2) and padded.sum() == x.sum()
    np.testing.assert_array_equal(padded[0, 1:, :2], x[0])
    np.testing.assert_array_equal(by_hand.cropping2d(padded, ((1, 0), (0, 2))), x)
    larger = by_hand.up_sampling2d(x, (2, 1))[0, :, :, 0]
    np.testing.assert_array_equal(larger, [[0, 2], [0, 2], [4, 6], [4, 6]])
    y = by_hand.up_sampling2d(np.array([0.0, 4.0]).reshape(1, 1, 2, 1), 2, "bilinear")
    np.testing.assert_array_equal(y[0, 1, :, 0], [0, 1, 3, 4])
    np.testing.assert_array_equal(by_hand.rescaling(x, 2, 1).ravel(), range(1, 16, 2))


def test_softmax_survives_large_scores():
    np.testing.assert_array_equal(by_hand.softmax(np.array([1e4, 0.0])), [1, 0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_functions_keep_the_dtype(dtype):
    x = pictures(1, 4, 4, 2).astype(dtype)
    ones = np.ones((2, 2, 2, 2), dtype)
    channel = np.ones(2, dtype)
    results = [
        by_hand.dense(x, np.ones((2, 3), dtype), np.ones(3, dtype)),
        by_hand.conv2d(x, ones, channel, padding="same"),
        by_hand.depthwise_conv2d(x, ones),
        by_hand.separable_conv2d(x, ones, np.ones((1, 1, 4, 3), dtype)),
        by_hand.max_pool2d(x),
        by_hand.average_pool2d(x, padding="same"),
        by_hand.global_average_pool2d(x),
        by_hand.global_max_pool2d(x),
        by_hand.batch_normalization(x, channel, channel, channel, channel),
        by_hand.layer_normalization(x, channel, channel),
        by_hand.up_sampling2d(x, 3, "bilinear"),
        by_hand.rescaling(x, 1 / 255, 0.5),
        by_hand.zero_padding2d(x),
    ]
    results += [function(x) for function in by_hand.ACTIVATIONS.values()]
    assert {y.dtype for y in results} == {np.dtype(dtype)}


def test_functions_do_not_change_their_arguments():
    x, kernel = pictures(1, 4, 4, 2), pictures(3, 3, 2, 2, seed=1)
    before = x.copy(), kernel.copy()
    for padding in ("valid", "same"):
        by_hand.conv2d(x, kernel, padding=padding)
        by_hand.max_pool2d(x, padding=padding)
    by_hand.flatten(x)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(kernel, before[1])


# ------------------------------------------------------------------ bad arguments


@pytest.mark.parametrize(
    "call, words",
    [
        (
            lambda: by_hand.dense([[1.0]], np.ones((2, 3))),
            r"\(1, 1\), the kernel \(2, 3\)",
        ),
        (lambda: by_hand.dense(1.0, np.ones((2, 3))), r"shape \(rows, inputs\)"),
        (
            lambda: by_hand.dense(np.ones((1, 2)), np.ones((2, 3)), np.ones(2)),
            r"shape \(3,\); the bias has shape \(2,\)",
        ),
        (
            lambda: by_hand.conv2d(np.ones((32, 32, 3)), np.ones((3, 3, 3, 1))),
            r"\(32, 32, 3\).*x\[np.newaxis\]",
        ),
        (
            lambda: by_hand.max_pool2d(np.ones((8, 8))),
            r"one picture of one channel write x\[np.newaxis, ..., np.newaxis\]",
        ),
        (
            lambda: by_hand.conv2d(np.ones((1, 4, 4, 3)), np.ones((3, 3, 1, 1))),
            "x has 3 channels, but a kernel .* needs 1",
        ),
        (
            lambda: by_hand.conv2d(np.ones((1, 4, 4, 3)), np.ones((3, 3, 3))),
            r"kernel of shape \(kernel rows, .*not of shape \(3, 3, 3\)",
        ),
        (
            lambda: by_hand.conv2d(PICTURE, np.ones((5, 5, 1, 1))),
            "window of 5×5 does not fit into pictures of 3×3",
        ),
        (
            lambda: by_hand.conv2d(PICTURE, np.ones((1, 1, 1, 1)), padding="full"),
            'padding is "valid" or "same", not \'full\'',
        ),
        (
            lambda: by_hand.depthwise_conv2d(PICTURE, np.ones((1, 1, 2, 1))),
            "x has 1 channels, the kernel .* is for 2",
        ),
        (
            lambda: by_hand.up_sampling2d(PICTURE, 2, "bicubic"),
            "not 'bicubic'",
        ),
        (lambda: by_hand.flatten(3), "single number"),
    ],
)
def test_bad_shapes_get_one_clear_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# ------------------------------------------------------------ against Keras's layers


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


LAYERS_TO_TRY = {
    "GlobalAveragePooling2D": [{}, {"keepdims": True}],
    "GlobalMaxPooling2D": [{}, {"keepdims": True}],
    "BatchNormalization": [{}, {"scale": False}, {"center": False}, {"axis": 1}],
    "LayerNormalization": [
        {},
        {"axis": (1, 3)},
        {"axis": [2, 3], "epsilon": 0.1},
        {"scale": False},
        {"center": False},
    ],
    "GroupNormalization": [
        {"groups": 3},
        {"groups": 1, "epsilon": 0.1},
        {"groups": 2, "axis": 2, "scale": False},
        {"groups": -1, "center": False},
    ],
    "Normalization": [{}, {"axis": (1, 3)}, {"mean": 2.0, "variance": 3.0}],
    "Rescaling": [{"scale": 0.3, "offset": -1}, {"scale": [1.0, 2.0, 3.0]}],
    "Flatten": [{}],
    "Reshape": [{"target_shape": (-1,)}, {"target_shape": (3, -1, 2)}],
    "Permute": [{"dims": (3, 1, 2)}],
    "ZeroPadding2D": [{}, {"padding": (0, 2)}, {"padding": ((1, 0), (2, 3))}],
    "Cropping2D": [{"cropping": ((1, 0), (2, 1))}],
    "UpSampling2D": [
        {},
        {"size": (1, 3)},
        {"interpolation": "bilinear"},
        {"size": (3, 4), "interpolation": "bilinear"},
    ],
    "Dense": [{"units": 4}, {"units": 4, "use_bias": False, "activation": "elu"}],
    "ReLU": [
        {},
        {"max_value": 0.5},
        {"negative_slope": 0.1},
        {"threshold": 0.3},
        {"max_value": 1.0, "negative_slope": 0.2, "threshold": 0.5},
    ],
    "LeakyReLU": [{}, {"negative_slope": 0.1}],
    "PReLU": [{}, {"shared_axes": [1, 2]}],
    "ELU": [{}, {"alpha": 0.5}],
    "Softmax": [{}, {"axis": 1}, {"axis": [1, 2]}],
    "Dropout": [{"rate": 0.5}],
    "SpatialDropout2D": [{"rate": 0.5}],
    "AlphaDropout": [{"rate": 0.5}],
    "GaussianDropout": [{"rate": 0.5}],
    "GaussianNoise": [{"stddev": 0.5}],
    "ActivityRegularization": [{}],
    "Identity": [{}],
    "RandomBrightness": [{"factor": 0.5}],
    "RandomContrast": [{"factor": 0.5}],
    "RandomFlip": [{}],
    "RandomRotation": [{"factor": 0.5}],
    "RandomTranslation": [{"height_factor": 0.5, "width_factor": 0.5}],
    "RandomZoom": [{"height_factor": 0.5}],
}


# Layers that take other inputs than pictures: (shape of the inputs, options).
OTHER_LAYERS_TO_TRY = {
    "GlobalAveragePooling1D": [((5, 3), {}), ((5, 3), {"keepdims": True})],
    "GlobalMaxPooling1D": [((5, 3), {}), ((5, 3), {"keepdims": True})],
    "ZeroPadding1D": [((5, 3), {}), ((5, 3), {"padding": (0, 2)})],
    "Cropping1D": [((5, 3), {}), ((5, 3), {"cropping": (2, 0)})],
    "UpSampling1D": [((5, 3), {}), ((5, 3), {"size": 3})],
    "RepeatVector": [((4,), {"n": 3})],
    "SpatialDropout1D": [((5, 3), {"rate": 0.5})],
    "SpatialDropout3D": [((2, 3, 4, 2), {"rate": 0.5})],
    "GroupNormalization": [((6,), {"groups": 2}), ((5, 4), {"groups": 2})],
    "LayerNormalization": [((5, 4), {}), ((5, 4), {"axis": 1})],
    "Dense": [((5, 4), {"units": 3}), ((2, 3, 4, 2), {"units": 3})],
}


def cases(table):
    return [(kind, case) for kind, several in table.items() for case in several]


@pytest.mark.parametrize("kind, options", cases(LAYERS_TO_TRY), ids=str)
def test_layer(kind, options):
    assert_layer_is_known(getattr(layers, kind)(**options), pictures(2, 5, 6, 3))


@pytest.mark.parametrize("kind, case", cases(OTHER_LAYERS_TO_TRY), ids=str)
def test_layer_of_other_inputs(kind, case):
    shape, options = case
    assert_layer_is_known(getattr(layers, kind)(**options), pictures(2, *shape))


TOKENS = np.array([[0, 3, 2, 3], [5, 4, 1, 0]])


def embedding():
    return randomize(one_layer(layers.Embedding(6, 3, name="embedding"), 4))


def test_embedding_looks_rows_up():
    model = embedding()
    table = model.get_layer("embedding").embeddings.numpy()
    y = forward(model, TOKENS)["embedding"]
    assert y.dtype == "float64" and (y == table[TOKENS]).all()
    assert relative_difference(y, model(TOKENS)) < 1e-7


@pytest.mark.parametrize("network", ["Sequential", "functional"])
def test_a_layer_that_heeds_a_mask_is_not_known_with_one(network):
    parts = [
        layers.Embedding(6, 3, mask_zero=True, name="embedding"),
        layers.Dropout(0.5, name="drop"),
        layers.GlobalAveragePooling1D(name="mean"),
    ]
    model = keras.Sequential([keras.Input((4,)), *parts])
    if network == "functional":
        x = y = keras.Input((4,))
        for layer in parts:
            y = layer(y)
        model = keras.Model(x, y)
    check = hand_check(model, TOKENS)
    assert check.equal and check.unknown == ["mean"]


MERGING = "Add Subtract Multiply Average Maximum Minimum Concatenate".split()


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


def keras_activations():
    """The names that a Keras layer takes for its activation, without arguments."""
    names = {name for name in dir(keras.activations) if name[0] != "_"}
    names -= {"get", "serialize", "deserialize"}
    names -= {"threshold"}  # it has no defaults
    return sorted(names - {"sparsemax"})  # Keras's does not add up to 1


@pytest.mark.parametrize("name", keras_activations())
def test_activation(name):
    x = np.linspace(-8, 8, 34, dtype="float32").reshape(1, 34)
    assert_layer_is_known(layers.Activation(name), x)
    assert_layer_is_known(layers.Dense(6, activation=name), pictures(2, 7))


def test_activations_hold_at_their_corners():
    for name in keras_activations():
        function = getattr(keras.activations, name)
        x = np.array([[-3, -1, -0.5, 0, 0.5, 1, 3, 6, -50, 50]], "float32")
        expected, y = np.asarray(function(x)), by_hand.ACTIVATIONS[function.__name__](x)
        np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6, err_msg=name)


def test_sparsemax_adds_up_to_1():
    x = pictures(20, 5)
    y = by_hand.sparsemax(x)
    np.testing.assert_allclose(y.sum(axis=-1), 1, rtol=1e-6)
    assert (y == 0).any()
    np.testing.assert_array_equal(by_hand.sparsemax(x.T, axis=0), y.T)
    one_survives = np.array([[3, 0.5, 1]], "float32")
    expected = np.asarray(keras.activations.sparsemax(one_survives))
    np.testing.assert_allclose(by_hand.sparsemax(one_survives), expected)


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


STEPS_LAST = [
    layers.MaxPooling1D(2, data_format="channels_first"),
    layers.AveragePooling1D(3, 2, "same", data_format="channels_first"),
    layers.GlobalAveragePooling1D(data_format="channels_first"),
    layers.GlobalMaxPooling1D(keepdims=True, data_format="channels_first"),
    layers.ZeroPadding1D((1, 2), data_format="channels_first"),
]


@pytest.mark.parametrize("layer", STEPS_LAST, ids=lambda layer: type(layer).__name__)
def test_steps_with_channels_first(layer):
    assert_layer_is_known(layer, pictures(2, 4, 8))


CONVOLUTIONS = {
    "Conv1D": {"filters": 4, "kernel_size": 3},
    "causal Conv1D": {"filters": 4, "kernel_size": 2, "padding": "causal"},
    "Conv2D": {"filters": 4},
    "grouped Conv2D": {"filters": 6, "groups": 2},
    "DepthwiseConv2D": {"depth_multiplier": 2},
    "SeparableConv2D": {"filters": 4, "depth_multiplier": 2},
}


def channels_last_and_first(kind):
    """Two models with the same weights, one for each order of the axes."""
    layer, options = getattr(layers, kind.split()[-1]), CONVOLUTIONS[kind]
    options = {"kernel_size": (3, 2), "padding": "same", "name": "conv"} | options
    shape = (6, 4) if "1D" in kind else (6, 7, 4)
    last = randomize(one_layer(layer(**options), *shape))
    first = layer(**options, data_format="channels_first")
    first = one_layer(first, shape[-1], *shape[:-1])
    first.set_weights(last.get_weights())
    return last, first, pictures(2, *shape)


@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_convolutions_with_channels_first(kind):
    """Not held against Keras: on a CPU it refuses most, and computes groups wrongly."""
    last, first, x = channels_last_and_first(kind)
    y, z = (
        by_hand.compute(model.get_layer("conv"), one)
        for model, one in [(last, x), (first, np.moveaxis(x, -1, 1))]
    )
    np.testing.assert_allclose(np.moveaxis(z, 1, -1), y, rtol=1e-12)


# ------------------------------------------------------------------- whole networks


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


def branches():
    """A model with nearly everything a graph can do."""
    inner = keras.Sequential(
        [
            keras.Input((6, 6, 4)),
            layers.Conv2D(4, 3, padding="same", name="conv"),
            layers.BatchNormalization(name="norm"),
        ],
        name="inner",
    )
    x = keras.Input((6, 6, 4))
    fork = keras.Model(
        x, {"b": inner(x), "a": layers.ReLU(name="relu")(x)}, name="fork"
    )
    left, right = (
        keras.Input((6, 6, 4), name="left"),
        keras.Input((6, 6, 4), name="right"),
    )
    shared = layers.DepthwiseConv2D(3, padding="same", name="shared")
    x, y = inner(shared(left)), inner(shared(right))
    z = fork(x + 2 * y - x / 3)
    z = layers.Concatenate(name="join")([z["a"], -z["b"], x * y])
    z = layers.GlobalAveragePooling2D(name="mean")(z)
    scores = layers.Dense(3, activation="softmax", name="scores")(z)
    return randomize(keras.Model([left, right], [scores, z], name="branches"))


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


def test_subclass_of_a_known_layer_without_a_call_of_its_own():
    class Wide(layers.Dense):
        def __init__(self, **kwargs):
            super().__init__(5, **kwargs)

    assert_layer_is_known(Wide(activation="relu"), pictures(2, 3))


def test_training_is_for_the_model_to_say():
    model = one_layer(layers.Dropout(0.5), 30, training=True)
    assert_same_outputs(model, pictures(2, 30))


def test_forward_leaves_the_model_alone():
    model = branches()
    nodes = [len(layer._inbound_nodes) for layer in model.layers]
    forward(model, [pictures(2, 6, 6, 4)] * 2)
    assert [len(layer._inbound_nodes) for layer in model.layers] == nodes


def one_layer(layer, *shape, **options):
    x = keras.Input(shape)
    return keras.Model(x, layer(x, **options), name="model")


class Doubled(layers.Dense):
    def call(self, x):
        return 2 * super().call(x)


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


# --------------------------------------------------------------------- hand_check


def test_hand_check_shows_one_line_a_layer():
    check = hand_check(cifar10_cnn(), pictures(2, 32, 32, 3))
    expected = """\
layer            class         output shape     parameters  difference  verdict
conv2d           Conv2D        (2, 30, 30, 32)         896     < 1e-05  equal
max_pooling2d    MaxPooling2D  (2, 15, 15, 32)           0     < 1e-05  equal
conv2d_1         Conv2D        (2, 13, 13, 64)      18,496     < 1e-05  equal
max_pooling2d_1  MaxPooling2D  (2, 6, 6, 64)             0     < 1e-05  equal
conv2d_2         Conv2D        (2, 4, 4, 64)        36,928     < 1e-05  equal
flatten          Flatten       (2, 1024)                 0     < 1e-05  equal
dense            Dense         (2, 64)              65,600     < 1e-05  equal
dense_1          Dense         (2, 10)                 650     < 1e-05  equal
8 of 8 layers are equal."""
    assert str(check) == repr(check) == expected
    assert check.equal is True
    assert check.differing == check.unknown == []


def test_hand_check_goes_on_behind_what_it_does_not_know():
    keras.utils.clear_session()  # operations are numbered: sin, sin_1
    x = keras.Input((4, 3), name="x")
    y, state = layers.GRU(3, return_state=True, name="gru")(x)
    y = layers.Dense(3, activation="relu", name="before")(keras.ops.sin(y))
    y = Doubled(3, name="own")(y[:, 1:])
    y = layers.Add(name="after")([y, state])
    check = hand_check(keras.Model(x, y, name="model"), pictures(2, 4, 3))
    expected = """\
layer     class    output shape  parameters  difference  verdict
gru/0     GRU      (2, 3)                72              unknown
gru/1     GRU      (2, 3)                72              unknown
sin       Sin      (2, 3)                 0              unknown
before    Dense    (2, 3)                12     < 1e-05  equal from Keras's input
get_item  GetItem  (2, 2)                 0              unknown
own       Doubled  (2, 3)                 9              unknown
after     Add      (2, 3)                 0     < 1e-05  equal from Keras's input
2 of 7 layers are equal, 5 not known by hand."""
    assert str(check) == expected
    assert check.equal and not check.differing
    assert check.unknown == ["gru/0", "gru/1", "sin", "get_item", "own"]


@pytest.mark.parametrize("as_dict", [False, True])
def test_hand_check_goes_on_behind_a_layer_of_several_parts(as_dict):
    class Parts(layers.Layer):
        def __init__(self):
            super().__init__(name="parts")
            self.one, self.two = (
                layers.Dense(3, name="one"),
                layers.Dense(3, name="two"),
            )

        def build(self, shape):
            self.one.build(shape)
            self.two.build(shape)

        def call(self, x):
            y = [self.two(x), self.one(x)]
            return {"one": y[1], "two": y[0]} if as_dict else y

    x = keras.Input((4,))
    y = Parts()(x)
    first, second = [y["two"], y["one"]] if as_dict else y
    y = layers.Subtract(name="difference")([first, second])
    check = hand_check(randomize(keras.Model(x, y)), pictures(5, 4))
    names = ["parts/two", "parts/one"]  # as they are called
    names += ["parts/one:1", "parts/two:1"] if as_dict else ["parts/0", "parts/1"]
    assert [row[0] for row in check.rows] == [*names, "difference"]
    assert {row[-1] for row in check.rows} == {"equal"}


def test_hand_check_tells_a_wrong_layer_and_how_wrong_it_is(monkeypatch):
    def half(layer, x):
        return by_hand.dense(x, layer.kernel) / 2

    wrong = dataclasses.replace(by_hand.KINDS["Dense"], function=half)
    monkeypatch.setitem(by_hand.KINDS, "Dense", wrong)
    model = one_layer(layers.Dense(2, use_bias=False, name="dense"), 3)
    check = hand_check(model, np.eye(3))
    assert not check.equal and check.differing == ["dense"]
    header, line, summary = str(check).splitlines()
    assert line.split() == ["dense", "Dense", "(3,", "2)", "6", "5.0e-01", "differs"]
    assert summary == "0 of 1 layers are equal, 1 differ."


def test_hand_check_allows_for_half_precision_and_takes_a_tolerance():
    policy = keras.DTypePolicy("mixed_float16")
    model = one_layer(layers.Dense(8, dtype=policy, name="dense"), 32)
    assert "< 1e-02  equal" in str(hand_check(model, pictures(4, 32)))
    assert hand_check(model, pictures(4, 32), tolerance=1e-5).differing == ["dense"]


@pytest.mark.filterwarnings("ignore:.*NaN or infinity")
def test_infinity_and_nan_are_equal_to_themselves():
    x = np.array([[np.nan, 1, 2], [np.inf, 0, 0], [1, 2, 3]], "float32")
    assert "2 of 2 layers are equal." in str(hand_check(dense_network(), x))


def test_relative_difference():
    assert relative_difference([1, 2], [1, 2]) == 0
    assert relative_difference([0, 0], [0, 0]) == 0
    assert relative_difference([1, 4], [1, 3]) == 0.25
    assert relative_difference([np.nan, np.inf, 1], [np.nan, np.inf, 2]) == 0.5
    assert not relative_difference([np.nan], [1]) <= 1


def test_by_hand_needs_neither_tensorflow_nor_keras():
    code = (
        "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
        "from helpers.by_hand import conv2d, explain, forward, hand_check, relu\n"
        "import helpers.by_hand.explanation; assert relu(-1) == 0\n"
        "extra = {'tqdm', 'pooch', 'PIL', 'matplotlib'} & set(sys.modules)\n"
        "assert not extra, extra"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, check=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MobileNetV2", "ResNet50"])
def test_hand_check_knows_every_layer_of_known_networks(name):
    model = getattr(keras.applications, name)(
        weights=None, input_shape=(64, 64, 3), classes=10
    )
    *_, summary = str(hand_check(randomize(model), pictures(2, 64, 64, 3))).splitlines()
    count = len(model.layers) - 1  # the InputLayer is not checked
    assert summary == f"{count} of {count} layers are equal."


@pytest.mark.parametrize(
    ("layer", "setting"),
    [
        (layers.Conv2D(3, 2), "use_bias"),
        (layers.DepthwiseConv2D(2), "use_bias"),
        (layers.SeparableConv2D(3, 2), "use_bias"),
        (layers.Dense(3), "use_bias"),
        (layers.BatchNormalization(), "scale"),
        (layers.BatchNormalization(), "center"),
        (layers.GroupNormalization(1), "scale"),
        (layers.LayerNormalization(), "scale"),
        (layers.LayerNormalization(), "center"),
        (layers.GroupNormalization(1), "center"),
    ],
    ids=lambda x: x if isinstance(x, str) else type(x).__name__,
)
def test_a_setting_that_is_switched_off_afterwards(layer, setting):
    """As Keras does: some kinds heed it, some have looked at it once."""
    model, x = randomize(one_layer(layer, 4, 5, 2)), pictures(2, 4, 5, 2)
    setattr(layer, setting, False)
    assert hand_check(model, x).equal
    position = (1, 1, 1, 1)
    (y,) = layer_outputs(model, x).values()
    value = by_hand.explain(model, x, layer.name, position).value
    assert value == pytest.approx(y[position], abs=1e-5)
