"""What lesson 08 says of the network holds for other pictures than those it shows."""

from functools import cache

import keras
import numpy as np
import pytest

from helpers.by_hand import dense, relu
from helpers.datasets import CIFAR10_CLASSES, cat_photograph, drawn_pictures
from helpers.engine.middles import middles
from helpers.extraction import layer_outputs
from helpers.heat_maps import grad_cam
from helpers.networks import trained_cifar10_cnn
from helpers.probes import probe


@cache
def network():
    return trained_cifar10_cnn()


SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 10))]


@pytest.fixture(scope="module", params=SEEDS)
def read(request):
    """Pictures, and what three layers output for them."""
    pictures, _ = drawn_pictures(600, seed=request.param, part="test")
    pictures = pictures / np.float32(255)
    names = ["conv2d_2", "dense", "dense_1"]
    return pictures, layer_outputs(network(), pictures, names, batch_size=600)


def scores(maps):
    hidden_weights, weights = (
        network().get_layer(name).get_weights() for name in ("dense", "dense_1")
    )
    return dense(relu(dense(maps.reshape(len(maps), -1), *hidden_weights)), *weights)


def test_no_single_channel_decides_most_predictions(read):
    maps, predicted = read[1]["conv2d_2"][:300], read[1]["dense_1"][:300].argmax(axis=1)

    def changed(keep):
        return (scores(maps * keep).argmax(axis=1) != predicted).mean()

    shares = np.array([changed(1 - row) for row in np.eye(64)])
    weak = np.argsort(shares)[:32]
    assert shares.max() < 0.25
    assert changed(1 - np.isin(np.arange(64), weak)) > 3 * shares[weak].max()


def along(columns, hidden):
    """Return what outputs have along the directions of some columns."""
    directions, _ = np.linalg.qr(columns)
    return hidden @ directions @ directions.T


def test_what_the_last_layer_does_not_use_tells_more_of_the_brightness(read):
    """Yet direction for direction it tells less: there are 54 of them, not 10."""
    pictures, outputs = read
    brightness, hidden = pictures.mean(axis=(1, 2, 3)), outputs["dense"]
    kernel, bias = network().get_layer("dense_1").get_weights()
    used = along(kernel, hidden)

    def readable(part):
        told = probe(part[:400], brightness[:400]).scores(part[400:])
        return np.corrcoef(told, brightness[400:])[0, 1]

    rest = readable(hidden - used)
    assert readable(used) + 0.05 < rest <= readable(hidden) + 0.03
    np.testing.assert_allclose(used @ kernel, hidden @ kernel, atol=1e-4)
    np.testing.assert_allclose((hidden - used) @ kernel, 0, atol=1e-4)
    samples = [np.random.default_rng(seed).normal(size=(64, 10)) for seed in range(10)]
    found = [readable(along(columns, hidden)) for columns in samples]
    assert 0.35 < np.mean(found) < readable(used) - 0.05 and max(found) < rest


def test_directions_removed_one_after_the_other_partly_come_back(read):
    kernel, _ = network().get_layer("dense_1").get_weights()
    left = read[1]["dense"]
    for column in kernel.T:
        left = left - np.outer(left @ column, column) / (column @ column)
    assert abs(left @ kernel[:, -1]).max() < 1e-3 < 0.1 < abs(left @ kernel[:, 0]).max()
    assert np.linalg.matrix_rank(kernel) == 10


@pytest.fixture(scope="module")
def lost(read):
    """How far each score falls without a place, ``(places, pictures, classes)``."""
    maps, places = read[1]["conv2d_2"][:100], 1 - np.eye(16).reshape(16, 4, 4, 1)
    return scores(maps) - np.array([scores(maps * one) for one in places])


def test_grad_cam_loses_the_place_and_gradient_times_map_keeps_it(read, lost):
    predicted, rows = read[1]["dense_1"][:100].argmax(axis=1), np.arange(100)
    costs_most, right = lost[:, rows, predicted].argmax(axis=0), {}
    for mean in (True, False):
        heats = grad_cam(network(), read[0][:100], "conv2d_2", predicted, mean=mean)
        hottest = heats.reshape(100, 16).argmax(axis=1)
        right[mean] = (hottest == costs_most).sum()
    assert 10 < right[True] < 40 and 70 < right[False] < 95


def test_most_empty_maps_hide_a_place_that_raises_the_score(read, lost):
    lowest = scores(read[1]["conv2d_2"][:100]).argmin(axis=1)
    heats = grad_cam(network(), read[0][:100], "conv2d_2", lowest)
    empty = ~heats.any(axis=(1, 2))
    most = lost[:, np.arange(100), lowest].max(axis=0)[empty]
    assert 10 < empty.sum() < 40 and (most > 0.05).mean() > 0.6


def test_the_last_two_rows_and_columns_change_no_prediction(read):
    pictures, outputs = read
    damaged = pictures[:50].copy()
    damaged[:, 30:] = np.random.default_rng(0).random((50, 2, 32, 3))
    damaged[:, :, 30:] = 0
    found = layer_outputs(network(), damaged, "dense_1")["dense_1"]
    np.testing.assert_allclose(found, outputs["dense_1"][:50], atol=1e-6)
    damaged[:, 29] = 1 - damaged[:, 29]
    found = layer_outputs(network(), damaged, "dense_1")["dense_1"]
    assert abs(found - outputs["dense_1"][:50]).max() > 1e-3


def test_where_the_means_of_maps_are_taken_both_heats_are_one():
    base = network()
    x = base.get_layer("conv2d_2").output
    y = keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(x))
    model = keras.Model(base.inputs[0], y)
    pictures, _ = drawn_pictures(5)
    heats = [
        grad_cam(model, pictures / np.float32(255), "conv2d_2", 1, mean=mean)
        for mean in (True, False)
    ]
    np.testing.assert_allclose(*heats, atol=1e-5)
    assert heats[0].any()


def test_the_unit_against_cat_lowers_cat_and_raises_deer():
    photograph = cat_photograph()[np.newaxis] / np.float32(255)
    hidden = layer_outputs(network(), photograph, "dense")["dense"][0]
    products = hidden[48] * network().get_layer("dense_1").get_weights()[0][48]
    cat, deer = (products[CIFAR10_CLASSES.index(name)] for name in ("cat", "deer"))
    assert -0.1 < cat < 0 and deer > 0.5 and deer == products.max()


def test_the_middles_of_the_fields_are_those_that_the_quiz_names():
    rows, columns = middles(network(), np.zeros((1, 32, 32, 3)), "conv2d_2")
    assert rows.tolist() == columns.tolist() == [8.5, 12.5, 16.5, 20.5]
    assert abs(rows - [3.5, 11.5, 19.5, 27.5]).max() == 7  # squares of 8 pixels
