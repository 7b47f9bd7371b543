"""`load_own_model` of a file that Keras 2 wrote computes what Keras 2 computes."""

import json

import h5py
import keras
import numpy as np
import old_files
import pytest
import tensorflow as tf
import tf_keras
from old_networks import (
    NETWORKS,
    REFUSED,
    inputs_of,
    network,
    of_two,
    with_random_weights,
)

from helpers.extraction import layer_outputs
from helpers.own_model import load_own_model

pytestmark = [
    pytest.mark.keras_2,
    pytest.mark.filterwarnings(
        "ignore::UserWarning:tf_keras",
        "ignore:You are saving your model as an HDF5 file",
        "ignore:.*np.object:FutureWarning",
    ),
]


def same(found, expected, digits=1e-5):
    found, expected = (tf.nest.flatten(one) for one in (found, expected))
    assert len(found) == len(expected)
    for one, other in zip(found, expected):
        one, other = np.asarray(one), np.asarray(other)
        assert one.shape == other.shape and one.dtype == other.dtype
        np.testing.assert_allclose(one, other, atol=digits * abs(other).max(), rtol=0)


def opened(path):
    keras.backend.clear_session()
    return load_own_model(path)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_file_gives_the_numbers_of_keras_2(name, tmp_path):
    model = network(name)
    x = inputs_of(model)
    expected = model(x, training=False)
    for write in old_files.FILES:
        loaded = opened(write(model, tmp_path))
        same(loaded(x, training=False), expected, 1e-2 if "16" in name else 1e-5)


@pytest.mark.parametrize("name", REFUSED)
def test_what_keras_3_has_no_layer_for_is_refused(name, tmp_path):
    function, said = REFUSED[name]
    model = of_two(function)
    for write in old_files.FILES:
        with pytest.raises(ValueError, match=said):
            opened(write(model, tmp_path))


@pytest.mark.parametrize("name", ["merged_masks", "encoder_and_decoder"])
def test_layers_that_heed_masks_as_keras_2_did_are_read_like_any_other(name, tmp_path):
    model = network(name)
    loaded = opened(old_files.as_archive(model, tmp_path))
    outputs = layer_outputs(loaded, inputs_of(model))
    for layer in model.layers[2:]:
        if layer.name in outputs:  # one with states has a name for each
            read = tf_keras.Model(model.inputs, layer.output)
            same(outputs[layer.name], read(inputs_of(model)))


# --- HDF5 as versions before Keras 2.5 wrote it -----------------------------------------


def with_config(path, change):
    """Change the description in an HDF5 file, and leave out who wrote it."""
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        file.attrs["model_config"] = json.dumps(change(config)).encode()
        del file.attrs["keras_version"]
    return path


def only_layers(config):
    """Until Keras 2.2.2 a Sequential was the list of its layers, and had no InputLayer."""
    first, *others = config["config"]["layers"]
    others[0]["config"]["batch_input_shape"] = first["config"]["batch_input_shape"]
    return {"class_name": "Sequential", "config": others}


def model_in_words_of_2_0(config):
    return {**config, "class_name": "Model"}


STACK = ["Dense", "Conv2D", "LSTM", "Masking", "preprocessing", "names with a slash"]


@pytest.mark.parametrize("name", STACK)
def test_a_sequential_may_be_a_list_of_layers(name, tmp_path):
    model = network(name)
    path = with_config(old_files.as_hdf5(model, tmp_path), only_layers)
    same(opened(path)(inputs_of(model)), model(inputs_of(model)))


@pytest.mark.parametrize("name", ["shared", "several_of_each", "random 3"])
def test_a_functional_model_may_be_called_model(name, tmp_path):
    model = network(name)
    path = with_config(old_files.as_hdf5(model, tmp_path), model_in_words_of_2_0)
    same(opened(path)(inputs_of(model)), model(inputs_of(model)))


def without(*settings):
    """Leave settings out of the last layer, as versions did that did not have them."""

    def change(config):
        layer = config["config"]["layers"][-1]["config"]
        for name in settings:
            del layer[name]
        return config

    return change


@pytest.mark.parametrize(
    "layer, unknown",
    [
        (tf_keras.layers.GRU(3, reset_after=False), ["reset_after", "time_major"]),
        (tf_keras.layers.Conv1D(3, 2), ["groups"]),
        (tf_keras.layers.UpSampling1D(2), []),
        (tf_keras.layers.GlobalMaxPooling1D(), ["keepdims"]),
        (tf_keras.layers.MaxPooling1D(2), ["data_format"]),
        (tf_keras.layers.ReLU(), ["negative_slope", "threshold"]),
    ],
    ids=lambda one: getattr(one, "name", None),
)
def test_settings_that_an_older_version_did_not_have(layer, unknown, tmp_path):
    model = tf_keras.Sequential([tf_keras.Input((7, 3)), layer])
    model = with_random_weights(model)
    path = with_config(old_files.as_hdf5(model, tmp_path), without(*unknown))
    same(opened(path)(inputs_of(model)), model(inputs_of(model)))


def test_an_initializer_with_a_normal_distribution(tmp_path):
    def change(config):
        given = {"scale": 2.0, "mode": "fan_in", "distribution": "normal", "seed": None}
        layer = config["config"]["layers"][-1]["config"]
        layer["kernel_initializer"] = {"class_name": "VarianceScaling", "config": given}
        return config

    model = network("Dense")
    path = with_config(old_files.as_hdf5(model, tmp_path), change)
    same(opened(path)(inputs_of(model)), model(inputs_of(model)))


@pytest.mark.parametrize("name, now", [("log_softmax_v2", "log_softmax")])
def test_activations_by_the_names_of_tensorflow(name, now, tmp_path):
    def change(config):
        config["config"]["layers"][-1]["config"]["activation"] = name
        return config

    model = tf_keras.Sequential([tf_keras.Input((6,)), tf_keras.layers.Dense(3, now)])
    path = with_config(old_files.as_hdf5(model, tmp_path), change)
    same(opened(path)(inputs_of(model)), model(inputs_of(model)))
