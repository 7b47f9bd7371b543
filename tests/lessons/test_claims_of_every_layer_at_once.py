"""What the lesson Every layer at once says, beyond what its cells print."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from helpers.by_hand import explain
from helpers.datasets import (
    CIFAR10_CLASSES,
    cat_photograph,
    drawn_pictures,
    load_cifar10,
    shapes,
)
from helpers.engine.files import COURSE, NOTEBOOKS
from helpers.exercises.exercise import find
from helpers.extraction import layer_outputs
from helpers.networks import trained_cifar10_cnn
from helpers.statistics import dead_channels

ARRAYS = os.environ.get("LAYERS_TEST_CIFAR10")
MAKER = COURSE.parent / "shared" / "cifar10" / "expand.py"
SCALE = np.float32(255)


@pytest.fixture(scope="module")
def outputs():
    return layer_outputs(trained_cifar10_cnn(), cat_photograph()[np.newaxis] / SCALE)


def kernel(name):
    return trained_cifar10_cnn().get_layer(name).get_weights()[0]


def test_layers_are_computed_once_and_none_after_the_last_one_chosen():
    calls = []

    @keras.saving.register_keras_serializable("claims")
    class Counted(keras.layers.Layer):
        def call(self, x):
            calls.append(self.name)
            return x

    layers = [Counted(name="first"), Counted(name="second"), Counted(name="third")]
    model = keras.Sequential([keras.Input((2,)), *layers])
    calls.clear()
    layer_outputs(model, np.zeros((1, 2)), "second")
    assert set(calls) == {"first", "second"}
    wanted = {layer.name: layer.output for layer in model.layers}
    all_layers = keras.Model(model.inputs[0], wanted)
    calls.clear()
    assert list(all_layers(np.zeros((1, 2)))) == calls == ["first", "second", "third"]


def test_what_the_lesson_counts(outputs):
    lesson = (NOTEBOOKS / "04_every_layer_at_once.ipynb").read_text(encoding="utf-8")
    network = trained_cifar10_cnn()
    assert f"with {network.count_params():,} parameters" in lesson
    bytes_each = outputs["conv2d"][0].nbytes
    assert (
        f"50,000 pictures this layer would take {50_000 * bytes_each / 1e9:.1f} GB"
        in (lesson)
    )
    truck = outputs["dense_1"][0, CIFAR10_CLASSES.index("truck")]
    assert CIFAR10_CLASSES.index("truck") == 9
    assert f"class 9, gets a probability of {truck:.3f}" in lesson


def test_all_sums_of_channel_9_are_negative():
    cat = cat_photograph()[np.newaxis] / SCALE
    sums = layer_outputs(trained_cifar10_cnn(), cat, 0, before_activation=True)
    assert sums["conv2d"][..., 9].max() < 0


def test_networks_of_the_task_have_an_input_layer_or_a_layer_for_training_alone():
    cases = find("every_layer_at_once.output_of", "EXERCISES").cases()
    for kind in (keras.layers.InputLayer, keras.layers.Dropout):
        counted = sum(
            any(isinstance(one, kind) for one in network.layers)
            for network, *_ in cases
        )
        assert 2 <= counted < len(cases)


def test_shapes_wake_every_channel_and_emoji_do_not():
    network = trained_cifar10_cnn()
    found = layer_outputs(network, shapes(500, seed=5)[0] / SCALE)
    assert not any(len(dead_channels(y)) for y in found.values())
    emoji = layer_outputs(network, drawn_pictures(500)[0] / SCALE, "conv2d")["conv2d"]
    assert len(dead_channels(emoji)) > 0


def test_shapes_divided_by_float32_take_half_the_memory():
    pictures, _ = shapes(5)
    assert (pictures / SCALE).dtype == "float32"
    assert (pictures / 255).nbytes == 2 * (pictures / SCALE).nbytes


def test_emoji_do_not_wake_the_exhibits_dead_channels_either():
    pictures = shapes(500, seed=5)[0], drawn_pictures(500)[0]
    dead = [
        dead_channels(
            layer_outputs(trained_cifar10_cnn("adam"), x / SCALE, 4)["conv2d_2"]
        )
        for x in pictures
    ]
    assert len(dead[0]) == 31 and np.array_equal(*dead)


@pytest.mark.slow
@pytest.mark.skipif(
    not (ARRAYS or MAKER.exists()), reason="LAYERS_TEST_CIFAR10 is not set"
)
def test_two_training_pictures_wake_one_of_the_dead_channels(tmp_path, monkeypatch):
    arrays = Path(ARRAYS or tmp_path / "cifar10.npz").resolve()
    if not ARRAYS:
        subprocess.run([sys.executable, MAKER, arrays], check=True)
    monkeypatch.setenv("LAYERS_CIFAR10", str(arrays))
    (x_train, _), _ = load_cifar10()
    exhibit, found = trained_cifar10_cnn("adam"), []
    few = shapes(500, seed=5)[0] / SCALE
    dead = dead_channels(layer_outputs(exhibit, few, "conv2d_2")["conv2d_2"])
    for i in range(0, len(x_train), 1000):
        x = x_train[i : i + 1000] / SCALE
        maps = layer_outputs(exhibit, x, "conv2d_2")["conv2d_2"][..., dead]
        found += [(i + at[0], dead[at[3]], maps[tuple(at)]) for at in np.argwhere(maps)]
    assert [one[:2] for one in found] == [(18611, 56), (40960, 56)]
    assert max(one[2] for one in found) < 0.1


def test_one_map_looks_brightest_and_another_has_the_largest_value(outputs):
    maps = outputs["conv2d"][0, ..., :16]
    bright = (maps > maps.max(axis=(0, 1)) / 2).sum(axis=(0, 1))
    assert bright.argmax() == 7 and maps.max(axis=(0, 1)).argmax() == 5


def test_filters_respond_to_the_edges_that_the_lesson_names():
    colours = kernel("conv2d")
    mean = colours.mean(axis=2)
    columns, rows = mean.sum(axis=0), mean.sum(axis=1)
    assert columns[0, 5] < 0 < columns[2, 5] and columns[2, 30] < 0 < columns[0, 30]
    assert rows[0, 13] < 0 < rows[2, 13]
    red, green, _ = colours[..., 27].sum(axis=(0, 1))
    assert red > 1 and green < -1
    assert abs(mean[..., 27]).max() < 0.1 < abs(colours[..., 27]).max() / 2


def test_one_unit_raises_another_class_more_and_the_tenth_decides_most(outputs):
    products = outputs["dense"][0][:, np.newaxis] * kernel("dense_1")
    cat, deer = CIFAR10_CLASSES.index("cat"), CIFAR10_CLASSES.index("deer")
    assert outputs["dense_1"][0].argsort()[::-1][:2].tolist() == [cat, deer]
    assert deer == 4
    ahead = products[:, cat] - products[:, deer]
    assert products[24, deer] > products[24, cat] > 0
    assert abs(products[:, cat]).argsort()[::-1].tolist().index(40) == 9
    assert (
        ahead.argmax() == abs(ahead).argmax() == 40
        and products[40, deer] < 0 < products[40, cat]
    )
    assert products[:, cat].argmax() == 2


def test_the_second_pooling_leaves_out_what_sees_the_last_rows():
    network, images = trained_cifar10_cnn(), cat_photograph()[np.newaxis] / SCALE
    assert network.get_layer("conv2d_1").output.shape[1] == 13
    for name, position, last in [
        ("conv2d_1", (0, 12, 12, 0), 32),
        ("conv2d_1", (0, 11, 11, 0), 30),
        ("dense_1", (0, 3), 30),
    ]:
        rows, columns, *_ = explain(network, images, name, position).receptive_field
        assert rows.stop == columns.stop == last


def test_feature_map_is_called_as_often_as_said():
    counted = sum(
        one.filters * one.kernel.shape[2]
        for one in trained_cifar10_cnn().layers
        if isinstance(one, keras.layers.Conv2D)
    )
    assert counted == 6240
