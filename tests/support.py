"""What several tests of recorded runs share: small models, numbers, comparisons."""

import keras
import numpy as np
import pytest
from keras import layers, ops

RANDOM = np.random.default_rng(0)
FEW = {"batch_size": None}
MANY = {"batch_size": 1}  # as many batches as rows: from nine on compiled


@pytest.fixture(autouse=True)
def same_weights_every_time():
    keras.utils.set_random_seed(0)


def floats(*shape):
    return RANDOM.normal(size=shape).astype("float32")


def whole(highest, *shape):
    return RANDOM.integers(0, highest, shape)


def same(found, expected):
    """The same shape, the same numbers within 1e-6 of their scale."""
    expected = np.asarray(expected)
    assert found.shape == expected.shape
    scale = max(1, np.abs(expected).max()) if expected.dtype.kind == "f" else 1
    np.testing.assert_allclose(found, expected, atol=2e-6 * scale, rtol=0)


def by_keras(model, x):
    """Keras's own way, for what ``model.layers`` lists: ``{name: output or outputs}``."""
    inner = [one for one in model.layers if not is_input(one)]
    source = getattr(model, "input", model.inputs[0])  # a Sequential has no .input
    read = keras.Model(source, {one.name: one.output for one in inner})
    return read(x)


def is_input(layer):
    return isinstance(layer, layers.InputLayer)


def sequential(shape, *stack, dtype=None):
    return keras.Sequential([keras.Input(shape, dtype=dtype), *stack])


def functional(shape, run, dtype=None, **options):
    x = keras.Input(shape, dtype=dtype)
    return keras.Model(x, run(x), **options)


def one_line(caught):
    return len(str(caught.value).splitlines()) == 1 and "\x1b" not in str(caught.value)


class Makes(keras.Layer):
    """Gives out what a function makes of its input."""

    def __init__(self, function, **options):
        super().__init__(**options)
        self.function = function

    def call(self, x):
        return self.function(x)


def variables_of(model):
    return [v.numpy() for v in model.variables]


def chain():
    return sequential(
        (6,),
        layers.Dense(5, activation="relu", name="a"),
        layers.Dense(4, name="b"),
        layers.Dense(3, name="c"),
    )


SHIFT = {"by": 0.5}


def bonus_of():
    """Has an attribute that layers read."""


bonus_of.share = 0.25


class Plain:
    """An object that Keras knows nothing of."""

    def __init__(self, gain):
        self.gain = gain


class Block(keras.Layer):
    """Everything that Python lets a layer of one's own depend on."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.dense = layers.Dense(units, activation="tanh", name="dense")
        self.scale, self.flags = 1.0, {"twice": False, "deep": {"minus": 0.0}}
        self.parts = [Plain(1.0), Plain(2.0)]
        self.plain = Plain(Plain(1.5))

    def build(self, shape):
        self.dense.build(shape)

    def call(self, x):
        for _ in range(2 if self.flags["twice"] else 1):
            x = self.dense(x) * self.scale
        x = x * self.parts[0].gain + self.plain.gain.gain - self.flags["deep"]["minus"]
        return x + SHIFT["by"] + self.bonus(x)

    def bonus(self, x):
        return x * bonus_of.share


class Positions(keras.Layer):
    """Looks positions up, as (steps, width) or (1, steps, width)."""

    def __init__(self, ahead=(), **options):
        super().__init__(**options)
        self.ahead = ahead
        self.table = layers.Embedding(30, 3, name="table")

    def call(self, x):
        places = ops.arange(ops.shape(x)[1])
        return x + self.table(ops.reshape(places, (*self.ahead, -1)))
