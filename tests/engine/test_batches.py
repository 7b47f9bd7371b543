"""How many inputs are cut into batches, and the outputs of batches joined again."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from support import RANDOM, assert_equal, branching_model, images

from helpers.extraction import layer_outputs
from helpers.networks import dense_network


class Batches(keras.utils.PyDataset):
    def __init__(self, x):
        super().__init__()
        self.x = x

    def __len__(self):
        return 3

    def __getitem__(self, i):
        return self.x[4 * i : 4 * i + 4], np.zeros(4)


@pytest.mark.parametrize(
    "stream",
    [
        lambda x: tf.data.Dataset.from_tensor_slices(x).batch(4),
        lambda x: tf.data.Dataset.from_tensor_slices((x, x[:, 0])).batch(4),
        lambda x: (x[i : i + 4] for i in range(0, 10, 4)),
        lambda x: ((x[i : i + 4], None) for i in range(0, 10, 4)),
        lambda x: iter([x[:1], x[1:]]),
        Batches,
    ],
)
@pytest.mark.parametrize("to_files", [False, True])
def test_streams_of_batches(stream, to_files, tmp_path):
    model, x = dense_network(), RANDOM.random((10, 3), dtype="float32")
    out = tmp_path / "outputs" if to_files else None
    assert_equal(layer_outputs(model, stream(x), out=out), layer_outputs(model, x))


def test_streams_for_several_inputs():
    model = branching_model()
    left, right = images(6, 8, 8), RANDOM.random((6, 5), dtype="float32")
    expected = layer_outputs(model, [left, right])
    dataset = tf.data.Dataset.from_tensor_slices
    for stream in (
        dataset(((left, right), np.zeros(6))).batch(4),
        dataset({"left": left, "right": right}).batch(4),
        iter([((left[:3], right[:3]),), ([left[3:], right[3:]], None)]),
    ):
        assert_equal(layer_outputs(model, stream), expected)


class Counting(keras.Layer):
    """Counts how often Keras runs its Python code."""

    count = 0

    def call(self, x):
        self.count += 1
        return x * 2


def test_many_batches_are_compiled_and_few_are_not():
    """By counting: eight batches of one shape, three of a recurrent network."""
    layer = Counting(name="counting")
    plain = keras.Sequential([keras.Input((3,)), layer])
    x = keras.Input((2, 3))
    recurrent = keras.Model(x, layer(layers.LSTM(3)(x)))
    for model, shape, limit in (plain, (3,), 8), (recurrent, (2, 3), 3):
        for batches in (1, limit - 1, limit, limit + 1, 30):
            x = RANDOM.random((4 * batches, *shape), dtype="float32")
            layer.count = 0
            output = layer_outputs(model, x, batch_size=4)["counting"]
            np.testing.assert_allclose(output, model(x), atol=1e-6)
            counted, probes = layer.count - 1, int(batches > 1)
            assert counted == (batches if batches < limit else 1) + probes
        layer.count = 0
        layer_outputs(model, (x[i : i + 2] for i in range(0, 60, 2)))
        assert layer.count == limit + 2  # eager until then, one probe, one trace


class Rows(keras.Layer):
    """Notes how many rows come at a time."""

    def call(self, x):
        self.came.append(x.shape[0])
        return x * 2


def test_256_inputs_are_one_batch_and_more_are_batches_of_128():
    layer = Rows(name="rows")
    layer.came = []
    model = keras.Sequential([keras.Input((3,)), layer])
    for rows, came in [(1, [1]), (256, [256]), (257, [1, 128, 128, 1])]:
        layer.came.clear()
        assert layer_outputs(model, np.ones((rows, 3)))["rows"].shape == (rows, 3)
        assert (
            layer.came == came
        )  # of several batches, one row tells where the rows are


def test_a_batch_size_that_keras_notes_binds_nobody():
    noted = keras.Sequential(
        [keras.Input((3,), batch_size=4), layers.Dense(2, name="dense")]
    )
    called = keras.Sequential([layers.Dense(2, name="dense")])
    called(np.ones((4, 3)))
    for model in (noted, called):
        for count in (1, 4, 6, 8):
            x = RANDOM.random((count, 3), dtype="float32")
            output = layer_outputs(model, x)["dense"]
            np.testing.assert_allclose(output, model(x), atol=1e-6)


def test_layers_with_a_state_get_the_batches_they_were_made_for():
    model = keras.Sequential(
        [keras.Input((3, 2), batch_size=4), layers.GRU(5, stateful=True, name="gru")]
    )
    x = RANDOM.random((8, 3, 2), dtype="float32")
    assert layer_outputs(model, x)["gru"].shape == (8, 5)


def test_outputs_that_cannot_be_joined():
    x = keras.Input((3,))
    mean = layers.Lambda(lambda x: ops.mean(x, axis=0), name="mean")
    model = keras.Model(x, mean(x))
    inputs = RANDOM.random((5, 3))
    assert layer_outputs(model, inputs)["mean"].shape == (3,)
    for wanted in "mean", 1, layers.Lambda:
        with pytest.raises(
            ValueError, match="mean cannot.* an array .* Raise batch_si"
        ):
            layer_outputs(model, inputs, wanted, batch_size=4)
    with pytest.warns(
        UserWarning, match="mean is left out: it outputs an array .*Raise"
    ):
        assert layer_outputs(model, inputs, batch_size=4) == {}
    model = keras.Sequential([keras.Input((None, 3)), layers.Dense(2, name="dense")])
    with pytest.raises(
        ValueError, match=r"dense outputs shape \(5, 2\) .* and \(6, 2\)"
    ):
        layer_outputs(model, iter([np.ones((1, 5, 3)), np.ones((1, 6, 3))]))


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, "32", True, False])
def test_batch_sizes_that_are_refused(batch_size):
    with pytest.raises(ValueError, match="batch_size must be a positive integer, but"):
        layer_outputs(dense_network(), np.eye(3), batch_size=batch_size)


@pytest.mark.parametrize(("seconds_a_batch", "shown"), [(0.01, False), (1, True)])
def test_a_progress_bar_only_for_what_lasts(
    seconds_a_batch, shown, capsys, monkeypatch
):
    clock = [0.0]
    monkeypatch.delenv("LAYERS_QUIET")
    monkeypatch.setattr("tqdm.std.time", lambda: clock[0])

    def batches():
        for _ in range(8):
            clock[0] += seconds_a_batch
            yield np.eye(3)

    layer_outputs(dense_network(), batches())
    output, errors = capsys.readouterr()
    assert ("24it" in output) is shown
    assert shown or output == ""
    assert errors == ""
