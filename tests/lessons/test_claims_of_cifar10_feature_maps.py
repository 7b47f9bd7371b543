"""What the lesson on CIFAR-10's feature maps says and does not show, for more seeds."""

import re

import keras
import nbformat
import numpy as np
import pytest
from lesson_files import text

from helpers.by_hand import relu
from helpers.datasets import cat_photograph, load_cifar10
from helpers.engine.files import NOTEBOOKS
from helpers.exercises.exercise import find
from helpers.extraction import layer_outputs
from helpers.networks import cifar10_cnn, trained_cifar10_cnn

CAT = cat_photograph()[np.newaxis]


@pytest.fixture(scope="module")
def lesson():
    path = NOTEBOOKS / "03_cifar10_feature_maps.ipynb"
    return " ".join(text(nbformat.read(path, as_version=4)).split())


@pytest.fixture(scope="module", params=range(10))
def untrained(request):
    return cifar10_cnn(request.param)


@pytest.fixture(scope="module")
def of_the_cat():
    return layer_outputs(trained_cifar10_cnn(), CAT / 255)


def test_of_any_seed_about_half_of_the_maps_are_silent(untrained):
    """Guess A: most maps have sums of one sign, since their patches are alike."""
    found = layer_outputs(untrained, CAT, ["max_pooling2d_1", "conv2d_2"])
    maps, before = found["conv2d_2"], found["max_pooling2d_1"][0]
    silent = (maps == 0).all(axis=(0, 1, 2)).sum()
    positive = (maps > 0).all(axis=(0, 1, 2)).sum()
    assert 19 <= silent <= 34 and 17 <= positive <= 30 and silent + positive >= 46
    places = np.ndindex(4, 4)
    patches = np.array([before[i : i + 3, j : j + 3].ravel() for i, j in places])
    patches /= np.linalg.norm(patches, axis=1, keepdims=True)
    assert (patches @ patches.T).min() > 0.9


def test_untrained_networks_are_right_as_often_as_chance():
    _, (images, labels) = load_cifar10()
    right = 0
    for seed in range(10):
        found = layer_outputs(cifar10_cnn(seed), images[:60] / 255, "dense_1")
        right += (found["dense_1"].argmax(axis=1) == labels[:60, 0]).sum()
    assert 30 < right < 90  # of 600


def test_raw_pixels_make_the_sums_before_softmax_255_times_larger(untrained):
    raw, scaled = (
        layer_outputs(untrained, images, "dense_1", before_activation=True)["dense_1"]
        for images in (CAT, CAT / 255)
    )
    np.testing.assert_allclose(raw / 255, scaled, atol=1e-5)


def test_raw_pixels_make_one_class_much_more_probable(untrained):
    raw, scaled = (
        layer_outputs(untrained, images, "dense_1")["dense_1"].max()
        for images in (CAT, CAT / 255)
    )
    assert scaled < 0.15 and raw > 0.6  # of the lesson's seed 1.000


def test_raw_pixels_change_the_maps_and_the_answer_of_the_trained_network(of_the_cat):
    """The quiz: its biases are not 0."""
    raw = layer_outputs(trained_cifar10_cnn(), CAT)
    zeros, other_zeros = of_the_cat["conv2d_2"] == 0, raw["conv2d_2"] == 0
    assert (zeros != other_zeros).any()
    assert of_the_cat["dense_1"].argmax() != raw["dense_1"].argmax()


def test_the_line_of_the_post_raises_an_error(lesson):
    assert "`model.input` raises an error on Keras 3" in lesson
    for model in (cifar10_cnn(), keras.Sequential([keras.layers.Conv2D(4, 3)])):
        with pytest.raises(AttributeError, match="has never been called"):
            _ = model.input


def test_a_sub_model_outputs_what_the_layers_do_after_training():
    """The quiz: it shares them."""
    network = cifar10_cnn()
    middle = network.get_layer("conv2d_2")
    sub_model = keras.Model(network.inputs[0], middle.output)
    network.set_weights(trained_cifar10_cnn().get_weights())
    expected = layer_outputs(trained_cifar10_cnn(), CAT / 255, "conv2d_2")["conv2d_2"]
    found = sub_model.predict(CAT / 255, verbose=0)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_each_convolution_outputs_less_than_the_one_before(lesson):
    layers = [x for x in cifar10_cnn().layers if isinstance(x, keras.layers.Conv2D)]
    first, second, third = (int(np.prod(layer.output.shape[1:])) for layer in layers)
    assert first > second > third
    assert f"{first:,} numbers, then {second:,}, then {third:,}." in lesson


def test_many_first_maps_of_random_filters_show_the_picture(untrained):
    maps = layer_outputs(untrained, CAT, "conv2d")["conv2d"]
    assert ((maps > 0).mean(axis=(0, 1, 2)) > 0.2).sum() > 10


def test_the_trained_networks_began_with_the_same_random_numbers():
    """What is left of them is found again; nothing of another seed's is."""
    for optimizer in ("sgd", "adam"):
        trained = trained_cifar10_cnn(optimizer)
        for seed in range(10):
            kernels = [
                np.ravel(network.get_layer("conv2d_2").get_weights()[0])
                for network in (cifar10_cnn(seed), trained)
            ]
            assert (np.corrcoef(kernels)[0, 1] > 0.2) == (seed == 0)


def test_training_changed_every_filter_of_the_layer():
    """Guess E."""
    before, after = (
        network.get_layer("conv2d_2").get_weights()[0]
        for network in (cifar10_cnn(), trained_cifar10_cnn())
    )
    assert (np.abs(after - before).max(axis=(0, 1, 2)) > 0.01).all()


def test_of_the_channels_silent_before_training_two_still_are(of_the_cat):
    """Guess E."""
    before = layer_outputs(cifar10_cnn(), CAT, "conv2d_2")["conv2d_2"]
    before, after = (
        set(np.flatnonzero((maps[..., :16] == 0).all(axis=(0, 1, 2))))
        for maps in (before, of_the_cat["conv2d_2"])
    )
    assert len(before) == 10 and len(before & after) == 2 and len(after - before) == 1
    assert "two are still silent" in find("cifar10_feature_maps.E", "GUESSES").why


def test_most_maps_are_dark_on_the_scale_of_all(of_the_cat):
    largest = of_the_cat["conv2d_2"][..., :16].max(axis=(0, 1, 2))
    assert (largest < largest.max() / 2).sum() > 10


def test_where_pixels_are_equal_a_channel_multiplies_them_by_the_sum_of_its_weights(
    lesson,
):
    network = trained_cifar10_cnn()
    kernels, biases = network.get_layer("conv2d").get_weights()
    weights = kernels.sum(axis=(0, 1, 2))
    for pixel in (0.8, 0.2):
        maps = layer_outputs(network, np.full((1, 32, 32, 3), pixel), "conv2d")
        expected = np.broadcast_to(relu(pixel * weights + biases), (1, 30, 30, 32))
        np.testing.assert_allclose(maps["conv2d"], expected, atol=1e-5)
    bright, weight, bias, value = map(
        float, re.search(r"(0\.8) × (\S+) − (\S+) = (0\.\d+)\.", lesson).groups()
    )
    assert [weight, -bias] == [round(float(one[15]), 3) for one in (weights, biases)]
    assert round(bright * weight - bias, 3) == value
    assert biases[2] > 0.9 and weights[2] < 0 and abs(weights[30]) < 0.03


def test_the_filter_of_the_horizontal_edge_compares_above_with_below():
    kernel = trained_cifar10_cnn().get_layer("conv2d").get_weights()[0][..., 23]
    rows, columns = kernel.sum(axis=(1, 2)), kernel.sum(axis=(0, 2))
    assert min(rows[:2]) > 2 and rows[2] < -5 and abs(columns).max() < 1


def test_where_the_scales_of_brightness_start(of_the_cat):
    maps = of_the_cat["max_pooling2d"][0]
    own, shared = maps[:, :, 7].min(), maps[:, :, [7, 3]].min()
    why = find("cifar10_feature_maps.brightness", "EXERCISES").why
    assert f"own at {own:.3f}, the shared one at {shared:.0f}. " in why
    assert maps[:, :, 7].max() == maps[:, :, [7, 3]].max()
