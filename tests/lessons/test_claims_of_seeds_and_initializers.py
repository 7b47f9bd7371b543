"""What lesson 06 says of seeds, limits and float32, over seeds and in Keras itself."""

import os
import random
import subprocess
import sys
from itertools import pairwise

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.by_hand import relu
from helpers.engine.files import COURSE
from helpers.networks import seeded_glorot_uniform

GLOROT, HE = np.sqrt(6 / (100 + 100)), np.sqrt(6 / 100)
SEEDS = range(10)


def layers_of(limit, seed, activation=lambda sums: sums, count=10):
    """Return the outputs of Dense layers of 100 units, the input first."""
    rng = np.random.default_rng(seed)
    x = [rng.normal(size=(200, 100))]
    for _ in range(count):
        x.append(activation(x[-1] @ rng.uniform(-limit, limit, (100, 100))))
    return x


@pytest.mark.parametrize("factor", [0.5, 1, 2])
def test_a_layer_multiplies_the_variance_by_fan_in_and_a_third_of_limit_squared(factor):
    limit = factor * GLOROT
    ratios = [
        after.var() / before.var()
        for seed in SEEDS
        for before, after in pairwise(layers_of(limit, seed))
    ]
    assert np.mean(ratios) == pytest.approx(100 * limit**2 / 3, rel=0.03)


@pytest.mark.parametrize("seed", SEEDS)
def test_he_keeps_more_of_the_spread_than_glorot_where_relu_cuts(seed):
    glorot, he = (layers_of(limit, seed, relu) for limit in (GLOROT, HE))
    assert he[-1].std() > 20 * glorot[-1].std()
    assert 0.4 < (glorot[1] == 0).mean() < 0.6  # about half of the sums


def test_he_keeps_the_mean_of_the_squares():
    runs = [layers_of(HE, seed, relu) for seed in SEEDS]
    means = [(rows**2).mean() for run in runs for rows in run]
    assert np.mean(means) == pytest.approx(1, rel=0.1)
    assert all(0 < run[-1].mean() and run[-1].std() < 1 for run in runs)


@pytest.mark.parametrize("seed", SEEDS)
def test_ten_times_too_small_is_almost_0_after_20_layers(seed):
    assert np.abs(layers_of(GLOROT / 10, seed, count=20)[-1]).max() < 1e-15


def test_keras_has_he_s_limit_under_this_name():
    kernel = np.asarray(keras.initializers.get("he_uniform")((100, 50)))
    assert 0.98 * HE < np.abs(kernel).max() <= HE


def test_the_function_of_lesson_01_samples_as_the_lesson_does():
    tf.random.set_seed(0)
    ours = [np.asarray(seeded_glorot_uniform(shape)) for shape in ((3, 4), (4, 2))]
    tf.random.set_seed(0)
    for kernel in ours:
        limit = np.sqrt(6 / sum(kernel.shape))
        with tf.device("CPU:0"):
            again = tf.random.uniform(kernel.shape, -limit, limit).numpy()
        assert np.array_equal(kernel, again)


# ---------------------------------------------------------------- which call sets what


def dropped():
    """Return what a new Dropout layer keeps of 100 ones."""
    return np.asarray(keras.layers.Dropout(0.5)(np.ones((1, 100)), training=True))


def shuffled():
    """Return the weight after one epoch from 0: it depends on the order of the rows."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.set_weights([np.zeros((1, 1))])
    model.compile("sgd", "mse")
    x = np.arange(20)[:, np.newaxis] / 20
    model.fit(x, x**2, batch_size=1, verbose=0)
    return model.get_weights()[0]


SOURCES = {
    "tf.random": lambda: tf.random.uniform((5,)).numpy(),
    "shuffling": shuffled,
    "np.random": lambda: np.random.uniform(size=5),  # noqa: NPY002
    "default_rng": lambda: np.random.default_rng().uniform(size=5),
    "random": lambda: [random.random() for _ in range(5)],
    "keras.random": lambda: np.asarray(keras.random.uniform((5,))),
    "Dropout": dropped,
    "initializer": lambda: np.asarray(keras.initializers.GlorotUniform()((3, 4))),
}
DECIDES = {
    tf.random.set_seed: {"tf.random", "shuffling"},
    np.random.seed: {"np.random"},
    keras.utils.set_random_seed: set(SOURCES) - {"default_rng"},
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("set_seed", DECIDES, ids=lambda call: call.__name__)
def test_each_call_decides_what_the_lesson_says(set_seed, source):
    found = []
    for other_seed in (1, 2):
        keras.utils.set_random_seed(other_seed)  # what the call does not reach differs
        set_seed(0)
        found.append(SOURCES[source]())
    assert np.array_equal(*found) == (source in DECIDES[set_seed])


def test_tensorflow_promises_the_same_on_cpu_and_gpu_for_one_version():
    """Keras's initializers call this function; `tf.random.uniform` has no such words."""
    told = " ".join(tf.random.stateless_uniform.__doc__.split())
    assert "(and between CPU and GPU), but may change between versions" in told
    assert "GPU" not in tf.random.uniform.__doc__ + tf.random.set_seed.__doc__


# ---------------------------------------------------------------- float32, oneDNN


def test_float32_has_every_whole_number_up_to_2_to_the_24():
    whole = np.arange(2**24 - 1000, 2**24 + 1)
    assert np.array_equal(whole.astype("float32").astype(int), whole)
    for start, distance in ((2**24, 2), (2**25, 4), (100_000_000, 8)):
        some = np.arange(start, start + 80)
        kept = np.unique(some.astype("float32").astype(int))
        assert set(np.diff(kept)) == {distance}
    assert np.float32(2**24 + 1) == 2**24  # halfway, rounded down


def test_two_samples_after_a_seed_begin_alike_whatever_their_shapes():
    """What guess A says of kernels that change places."""
    samples = []
    for shapes in ([(3, 4), (4, 2)], [(4, 2), (3, 4)]):
        tf.random.set_seed(0)
        samples.append(
            [tf.random.uniform(shape).numpy().ravel()[:8] for shape in shapes]
        )
    assert np.array_equal(*samples)


TRAINING = """
import sys
import keras, numpy as np
from keras.layers import Conv2D, Dense, Flatten, MaxPooling2D
from helpers.datasets import shapes

keras.utils.set_random_seed(int(sys.argv[1]))
layers = [keras.Input((32, 32, 3))]
for filters in (8, 16, 32):
    layers += [Conv2D(filters, 3, activation="relu"), MaxPooling2D()]
model = keras.Sequential([*layers, Flatten(), Dense(10, "softmax")])
model.compile(keras.optimizers.Adam(0.004), "sparse_categorical_crossentropy")
x, y = shapes(1200)
model.fit(x.astype("float32") / 255, y, batch_size=24, epochs=6, verbose=0)
np.save(sys.argv[2], np.concatenate([w.ravel() for w in model.get_weights()]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 3])  # 3 moves them least: 0.080 of seeds 0 to 9
def test_onednn_moves_some_weight_by_more_than_a_twentieth(seed, tmp_path):
    weights = []
    for switch in "01":
        file = tmp_path / f"{switch}.npy"
        names = {"TF_ENABLE_ONEDNN_OPTS": switch, "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [sys.executable, "-c", TRAINING, str(seed), file]
        subprocess.run(command, env=os.environ | names, cwd=COURSE, check=True)
        weights.append(np.load(file))
    moved = np.abs(weights[1] - weights[0]).max()
    if moved == 0:
        pytest.skip("TensorFlow has no oneDNN here.")
    assert moved > 0.05
