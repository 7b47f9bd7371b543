"""NumPy's functions against numbers written down here."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from networks_to_try import keras_activations, pictures

from helpers import by_hand
from helpers.engine.files import COURSE

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


def test_by_hand_needs_neither_tensorflow_nor_keras():
    code = (
        "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
        "from helpers.by_hand import conv2d, explain, forward, hand_check, relu\n"
        "import helpers.by_hand.explanation; assert relu(-1) == 0\n"
        "extra = {'tqdm', 'pooch', 'PIL', 'matplotlib'} & set(sys.modules)\n"
        "assert not extra, extra"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=COURSE, check=True)
