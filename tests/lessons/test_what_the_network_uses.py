"""What lesson 08 says of the network holds for other pictures than those it shows."""

from functools import cache

import keras
import numpy as np
import pytest

from helpers.by_hand import dense, relu
from helpers.datasets import drawn_pictures
from helpers.extraction import layer_outputs
from helpers.heat_maps import grad_cam
from helpers.networks import trained_cifar10_cnn
from helpers.probes import probe


@cache
def network():
    return trained_cifar10_cnn()


@pytest.fixture(scope="module", params=range(10))
def read(request):
    """Pictures, and what three layers give out for them."""
    pictures, _ = drawn_pictures(600, seed=request.param, part="test")
    pictures = pictures / np.float32(255)
    names = ["conv2d_2", "dense", "dense_1"]
    return pictures, layer_outputs(network(), pictures, names, batch_size=600)


def scores(maps):
    hidden_weights, weights = (
        network().get_layer(name).get_weights() for name in ("dense", "dense_1")
    )
    return dense(relu(dense(maps.reshape(len(maps), -1), *hidden_weights)), *weights)


def test_no_single_channel_carries_the_answers(read):
    maps, answers = read[1]["conv2d_2"][:300], read[1]["dense_1"][:300].argmax(axis=1)

    def changed(keep):
        return (scores(maps * keep).argmax(axis=1) != answers).mean()

    shares = np.array([changed(1 - row) for row in np.eye(64)])
    weak = np.argsort(shares)[:32]
    assert shares.max() < 0.25
    assert changed(1 - np.isin(np.arange(64), weak)) > 3 * shares[weak].max()


def test_what_the_last_layer_does_not_use_tells_more_of_the_brightness(read):
    pictures, outputs = read
    brightness, hidden = pictures.mean(axis=(1, 2, 3)), outputs["dense"]
    kernel, bias = network().get_layer("dense_1").get_weights()
    seen, _ = np.linalg.qr(kernel)
    used = hidden @ seen @ seen.T
    found = {}
    for name, part in {"all": hidden, "used": used, "rest": hidden - used}.items():
        told = probe(part[:400], brightness[:400]).scores(part[400:])
        found[name] = np.corrcoef(told, brightness[400:])[0, 1]
    assert found["used"] + 0.05 < found["rest"] <= found["all"] + 0.03
    np.testing.assert_allclose(used @ kernel, hidden @ kernel, atol=1e-4)
    np.testing.assert_allclose((hidden - used) @ kernel, 0, atol=1e-4)


def test_grad_cam_loses_the_place_and_gradient_times_map_keeps_it(read):
    pictures, maps = read[0][:100], read[1]["conv2d_2"][:100]
    answers, rows = read[1]["dense_1"][:100].argmax(axis=1), np.arange(100)
    places = 1 - np.eye(16).reshape(16, 4, 4, 1)
    falls = [
        scores(maps)[rows, answers] - scores(maps * one)[rows, answers]
        for one in places
    ]
    right = {}
    for mean in (True, False):
        heats = grad_cam(network(), pictures, "conv2d_2", answers, mean=mean)
        hottest = heats.reshape(100, 16).argmax(axis=1)
        right[mean] = (hottest == np.argmax(falls, axis=0)).sum()
    assert right[True] < 50 < 70 < right[False]


def test_the_last_two_rows_and_columns_reach_no_answer(read):
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
