"""States, random numbers and losses: carried from batch to batch, then as they were."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from support import (
    MANY,
    Makes,
    Plain,
    Positions,
    floats,
    same,
    sequential,
    unchanged,
    variables_of,
)

from helpers.by_hand import explain, hand_check
from helpers.extraction import layer_outputs

# State --------------------------------------------------------------------------------


def stateful(kind, size, *ahead):
    x = keras.Input(batch_shape=(size, 4, 3))
    y = x
    for layer in ahead:
        y = layer(y)
    return keras.Model(x, kind(2, stateful=True, name="rnn")(y))


@pytest.mark.parametrize(
    "kind, size, as_stream",
    [
        (layers.SimpleRNN, 1, False),
        (layers.SimpleRNN, 4, True),
        (layers.LSTM, 1, True),
        (layers.LSTM, 2, False),
        (layers.GRU, 2, True),
        (layers.GRU, 4, False),
    ],
)
def test_a_state_goes_on_from_batch_to_batch(kind, size, as_stream):
    model, x = stateful(kind, size), floats(size * 5, 4, 3)
    model.predict(x[:size], batch_size=size, verbose=0)  # not from zero
    before = variables_of(model)
    batches = [x[i : i + size] for i in range(0, len(x), size)]
    found = layer_outputs(model, iter(batches) if as_stream else x)["rnn"]
    unchanged(before, model)
    same(found, model.predict(x, batch_size=size, verbose=0))


@pytest.mark.parametrize("size", [1, 2, 4])
def test_positions_before_a_state_come_once(size):
    model = stateful(layers.GRU, size, Positions(name="positions"))
    found = layer_outputs(model, floats(size * 3, 4, 3))["positions/table"]
    assert found.shape == (4, 3)


def random_model():
    return sequential(
        (6,),
        layers.GaussianNoise(0.5, name="noise"),
        layers.BatchNormalization(name="batch_norm"),
        Makes(lambda x: x + 0, name="own"),
        layers.Dropout(0.5, name="dropout"),
    )


@pytest.mark.parametrize("rows", [3, 10])
def test_random_numbers_go_on_as_in_a_twin(rows):
    x, twins = floats(rows, 6), []
    for _ in range(2):
        keras.utils.set_random_seed(1)
        twins.append(random_model())
    one, other = twins
    for _ in range(2):
        found = layer_outputs(one, x, training=True, **MANY)["dropout"]
        moving = one.get_layer("batch_norm").moving_mean.numpy()
        for row in range(rows):
            same(found[row : row + 1], other(x[row : row + 1], training=True))
        assert not moving.any()  # only the twin's has moved


class Draws(keras.Layer):
    """Draws also in inference, as a VAE does."""

    def __init__(self, seed=None, **options):
        super().__init__(**options)
        self.seed = seed and keras.random.SeedGenerator(seed)

    def call(self, x):
        return x + keras.random.normal(ops.shape(x), seed=self.seed)


DRAWING = {
    "own seeds": lambda: sequential((6,), layers.Dense(6), Draws(3, name="last")),
    "Keras's seed": lambda: sequential((6,), layers.Dense(6), Draws(name="last")),
    "pictures": lambda: sequential(
        (8, 8, 3), layers.RandomFlip(seed=1), layers.RandomRotation(0.2, name="last")
    ),
}


@pytest.mark.parametrize("size", [None, 1, 4])
@pytest.mark.parametrize("make", DRAWING.values(), ids=DRAWING)
def test_drawn_numbers_are_those_of_a_twin(make, size):
    found, training = [], make is DRAWING["pictures"]
    x = np.ones((10, *make().input_shape[1:]), "float32")
    batches = [x[i : i + (size or 10)] for i in range(0, 10, size or 10)]
    for ours in (True, False):
        keras.utils.clear_session()  # Keras's own seed begins anew
        keras.utils.set_random_seed(2)
        model = make()
        for _ in range(2):
            if ours:
                options = {"training": training, "batch_size": size}
                found.append(layer_outputs(model, x, "last", **options)["last"])
            else:
                outputs = [model(one, training=training) for one in batches]
                same(found.pop(0), np.concatenate(outputs))
    assert not found


class CountsWeights(keras.Layer):
    """Counts its calls in a weight, and gives out the number."""

    def build(self, shape):
        self.number = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, x):
        self.number.assign_add(1.0)
        return 0 * x + self.number


@pytest.mark.parametrize("size", [1, 3, 10])
def test_what_a_batch_assigns_reaches_the_next_and_no_further(size):
    model = sequential((6,), CountsWeights(name="count"))
    model.layers[0].number.assign(4)
    found = layer_outputs(model, floats(10, 6), batch_size=size)["count"][:, 0]
    np.testing.assert_array_equal(found, 5 + np.arange(10) // size)
    assert float(model.layers[0].number) == 4


class Counts(keras.Layer):
    """Counts its calls in variables, kept where somebody may keep them."""

    def __init__(self, place, **options):
        super().__init__(**options)
        self.place = place
        count = tf.Variable(0.0, trainable=False)
        self.kept = {
            "attribute": count,
            "list": [count],
            "dict": {"count": count},
            "object": Plain(count),
        }[place]

    @property
    def count(self):
        kept = self.kept
        if isinstance(kept, list):
            return kept[0]
        return kept["count"] if self.place == "dict" else getattr(kept, "gain", kept)

    def call(self, x):
        self.count.assign_add(1.0)
        return x * 1.0


@pytest.mark.parametrize(
    "way",
    [
        lambda model, x: layer_outputs(model, x),
        lambda model, x: layer_outputs(model, x, **MANY),
        hand_check,
    ],
    ids=["few", "many", "by hand"],
)
def test_a_bare_variable_stays(way):
    model = sequential((6,), Counts("attribute"), layers.Dense(2))
    count, x = model.layers[0].count, floats(10, 6)
    count.assign(5.0)
    way(model, x)
    assert float(count) == 5
    model(x)
    assert float(count) == 6


@pytest.mark.parametrize("place", ["list", "dict", "object"])
def test_a_bare_variable_stays_wherever_it_is(place):
    model, x = sequential((6,), Counts(place)), floats(2, 6)
    model.layers[0].count.assign(5.0)
    layer_outputs(model, x)
    assert float(model.layers[0].count) == 5


def test_losses_stay():
    model = sequential((6,), layers.Dense(2, activity_regularizer="l2"))
    model(floats(3, 6))
    before = [float(one) for one in model.losses]
    layer_outputs(model, floats(5, 6))
    assert [float(one) for one in model.losses] == before


class Compiled(keras.Layer):
    """Its ``call`` is compiled by TensorFlow."""

    def __init__(self, **options):
        super().__init__(**options)
        self.inner = layers.BatchNormalization(name="inner", momentum=0.5)

    def build(self, shape):
        self.inner.build(shape)

    @tf.function
    def call(self, x, training=False):
        return self.inner(x, training=training)


class Around(keras.Model):
    """A model with a method that is compiled."""

    def __init__(self):
        super().__init__()
        self.inner = layers.BatchNormalization(name="inner", momentum=0.5)

    @tf.function
    def forward(self, x, training):
        return self.inner(x, training=training)

    def call(self, x, training=False):
        return self.forward(x, training)


def compiled_by_hand():
    model = sequential((6,), layers.BatchNormalization(momentum=0.5))
    model.layers[0].call = tf.function(model.layers[0].call)
    return model


@pytest.mark.parametrize(
    "make",
    [
        lambda: sequential((6,), Compiled()),
        Around,
        compiled_by_hand,
    ],
    ids=["layer", "model", "by hand"],
)
def test_averages_still_move_afterwards(make):
    model, x = make(), floats(4, 6) + 3
    model(x)
    layer_outputs(model, x, training=True)
    mean = model.non_trainable_variables[0]
    assert not mean.numpy().any()
    model(x, training=True)
    np.testing.assert_allclose(mean, x.mean(0) / 2, atol=1e-5)


def test_one_number_of_a_model_with_a_state_for_several():
    model, x = stateful(layers.GRU, 2), floats(2, 4, 3)
    words = "state for 2 inputs at a time.*batch_shape=\\(1, ...\\)"
    with pytest.raises(ValueError, match=words):
        explain(model, x, model.layers[-1].name, (1, 0))
    assert hand_check(model, x).equal
