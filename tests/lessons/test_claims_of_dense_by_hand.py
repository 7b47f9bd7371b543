"""What lessons 00 and 01 say beside their cells' outputs is so."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.errors import expected_warning
from helpers.exercises.checking import verdict
from helpers.exercises.exercise import find
from helpers.networks import dense_network, seeded_glorot_uniform

ROWS = np.eye(3, dtype="float32")


def numbers(sentence):
    return [float(x) for x in re.findall(r"-?\d+\.\d+", sentence)]


def test_the_reasons_tell_the_numbers_of_the_network():
    kernel = dense_network().get_layer("hidden").kernel.numpy()
    at_the_start, loss = kernel[1:, 1] * [1, -1]
    assert numbers(find("start_here.A", "GUESSES").why) == [-kernel[0, 3].round(3)]
    why = numbers(find("dense_by_hand.last_step", "EXERCISES").why)
    assert why == [at_the_start.round(3), loss.round(3), 0.9]
    assert 0.8 < at_the_start / loss < 0.85  # also with the slider's own distance, 0.05


@pytest.mark.parametrize("other", [np.mean, lambda x, **_: x[:, :1]])
def test_softmax_has_to_subtract_the_largest_sum_and_no_other(other):
    def softmax(x):
        powers = np.exp(x - other(x, axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)

    told = verdict(find("dense_by_hand.softmax", "EXERCISES"), softmax)
    assert "not the largest sum" in told


def test_a_layer_has_its_kernel_once_it_is_in_a_model_with_inputs():
    layer = keras.layers.Dense(4)
    assert not layer.built
    keras.Sequential([keras.Input((3,)), layer])
    assert layer.kernel.shape == (3, 4) and not layer.bias.numpy().any()


def test_the_walkthroughs_input_layer_warns():
    with expected_warning(UserWarning, "Argument `input_shape` is deprecated."):
        keras.layers.InputLayer(input_shape=(3,))


def test_compile_changes_no_output():
    compiled, network = dense_network(), dense_network()
    compiled.compile(loss="mse", optimizer="Adam")
    assert (compiled.predict(ROWS, verbose=0) == network.predict(ROWS, verbose=0)).all()


def test_a_sub_model_follows_the_kernel_that_it_shares():
    network = dense_network()
    layer = network.get_layer("hidden")
    hidden_model = keras.Model(network.inputs[0], layer.output)
    before = hidden_model.predict(ROWS, verbose=0), hidden_model(ROWS).numpy()
    layer.kernel.assign(2 * layer.kernel)
    after = hidden_model.predict(ROWS, verbose=0), hidden_model(ROWS).numpy()
    assert all((2 * one == other).all() for one, other in zip(before, after))
    assert after[0].max() > 0


@pytest.mark.parametrize("shift", [5, 1000])
def test_what_is_added_to_all_sums_leaves_softmax_as_it_is(shift):
    sums = np.array([[-0.091, 0.089], [3, -1]], "float32")
    shares = keras.activations.softmax(sums).numpy()
    shifted = keras.activations.softmax(sums + np.float32(shift)).numpy()
    np.testing.assert_allclose(shares, shifted, atol=1e-4)


def test_a_power_of_e_ends_where_float32_does():
    with np.errstate(over="ignore"):
        powers = np.exp(np.array([88.7, 88.8], "float32"))
    assert np.isfinite(powers).tolist() == [True, False]


def kernels_from(initializer):
    """Two kernels, each made by a new initializer after the same seed was set."""
    found = []
    for _ in range(2):
        tf.random.set_seed(0)
        found.append(np.asarray(initializer()((3, 4))))
    return found


def test_only_the_courses_initializer_obeys_tensorflows_seed():
    one, other = kernels_from(lambda: seeded_glorot_uniform)
    assert (one == other).all() and one[0, 0].round(6) == np.float32(-0.385187)
    one, other = kernels_from(keras.initializers.GlorotUniform)
    assert not (one == other).any()
