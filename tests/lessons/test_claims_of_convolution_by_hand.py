"""What lesson 02 says of convolutions holds for Keras, not only for its own numbers."""

import keras
import numpy as np
import pytest
from keras.layers import Conv2D, MaxPooling2D

from helpers.by_hand import explain
from helpers.datasets import cat_photograph
from helpers.exercises.exercise import find
from helpers.extraction import layer_outputs
from helpers.networks import trained_cifar10_cnn


@pytest.fixture(scope="module")
def network():
    return trained_cifar10_cnn()


@pytest.fixture(scope="module")
def cat():
    return cat_photograph()[np.newaxis] / 255


@pytest.mark.parametrize("n", [5, 13, 32, 65])
@pytest.mark.parametrize("k", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_rule_gives_the_places_of_convolutions_and_poolings(n, k, stride):
    places = (n - k) // stride + 1
    for layer in (Conv2D(1, k, strides=stride), MaxPooling2D(k, strides=stride)):
        assert layer.compute_output_shape((None, n, n, 1))[1:3] == (places, places)
    assert MaxPooling2D(k).strides == (k, k)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_padding_same_with_stride_1_keeps_the_size(k):
    layer = Conv2D(1, k, padding="same", use_bias=False, kernel_initializer="ones")
    map_of_ones = np.asarray(layer(np.ones((1, 7, 8, 1), "float32")))[0, :, :, 0]
    assert map_of_ones.shape == (7, 8)
    assert map_of_ones.max() == k * k and map_of_ones[-1, -1] < k * k  # zeros around


def test_keras_makes_the_five_sizes_of_exercise_4():
    layers = [
        Conv2D(8, 5, strides=2),
        MaxPooling2D(2),
        Conv2D(16, 3, padding="same"),
        MaxPooling2D(2),
        Conv2D(16, 3),
    ]
    shape, rows = (None, 65, 65, 3), []
    for layer in layers:
        shape = layer.compute_output_shape(shape)
        rows.append(shape[1])
    assert rows == find("convolution_by_hand.sizes", "EXERCISES").right()


def test_keras_does_not_flip_the_kernel():
    layer = Conv2D(1, 2, use_bias=False)
    layer.build((None, 2, 2, 1))
    layer.set_weights([np.array([[1.0, 2], [3, 4]]).reshape(2, 2, 1, 1)])
    patch = np.array([[1.0, 10], [100, 1000]], "float32").reshape(1, 2, 2, 1)
    assert np.asarray(layer(patch)).item() == 4321


def test_what_moves_in_the_picture_moves_in_the_map(network, cat):
    moved = np.roll(cat, 1, axis=2)
    before, after = (
        layer_outputs(network, x, "conv2d")["conv2d"] for x in (cat, moved)
    )
    assert np.allclose(after[:, :, 2:], before[:, :, 1:-1], atol=1e-6)


def test_the_frame_holds_all_that_counts_and_no_more(network, cat):
    """Each of its four sides changes some channel, the row beside it none."""
    outputs = layer_outputs(network, cat)["conv2d_2"][0, 1, 2]

    def changed(rows, columns):
        x = cat.copy()
        x[0, rows, columns] = 1 - x[0, rows, columns]
        after = layer_outputs(network, x, "conv2d_2")["conv2d_2"][0, 1, 2]
        return (np.abs(after - outputs) > 1e-5).any()

    rows, columns = slice(4, 22), slice(8, 26)
    assert all(changed(row, columns) for row in (4, 21))
    assert all(changed(rows, column) for column in (8, 25))
    assert not any(changed(row, slice(None)) for row in (3, 22))
    assert not any(changed(slice(None), column) for column in (7, 26))


def test_only_the_last_of_13_rows_notices_the_last_row_of_the_picture(network, cat):
    changed = cat.copy()
    changed[0, -1] = 1
    before, after = (
        layer_outputs(network, x, "conv2d_1")["conv2d_1"] for x in (cat, changed)
    )
    differs = (np.abs(before - after) > 1e-5).any(axis=(0, 2, 3))
    assert np.flatnonzero(differs).tolist() == [12]


def test_two_neighbours_share_14_columns(network, cat):
    first, second = (
        explain(network, cat, "conv2d_2", (0, 1, column, 0)).receptive_field[1]
        for column in (1, 2)
    )
    assert second.start - first.start == 4
    assert first.stop - second.start == 14


def test_the_table_holds_the_products_farthest_from_0(network, cat):
    explanation = explain(network, cat, "conv2d_1", (0, 7, 9, 60))
    sizes = np.sort(np.abs(explanation.products), axis=None)[::-1]
    printed = [line.split() for line in str(explanation).splitlines()[2:14]]
    shown = [abs(float(line[-1])) for line in printed]
    assert np.allclose(shown, sizes[:12], atol=6e-4)
    assert explanation.products.size == 288


def test_five_layers_of_the_network_are_those_of_the_list(network):
    kinds = [(type(one), one) for one in network.layers[:5]]
    assert [kind for kind, _ in kinds] == [Conv2D, MaxPooling2D] * 2 + [Conv2D]
    for kind, layer in kinds:
        size = layer.kernel_size if kind is Conv2D else layer.pool_size
        want = ((3, 3), (1, 1)) if kind is Conv2D else ((2, 2), (2, 2))
        assert (size, layer.strides) == want
    assert keras.layers.MaxPooling2D().pool_size == (2, 2)
