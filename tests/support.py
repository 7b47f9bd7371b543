"""What several tests of recorded runs share: small models, numbers, comparisons."""

import os
import subprocess
import sys
import textwrap

import keras
import numpy as np
from keras import layers, ops

from helpers.engine.files import COURSE

RANDOM = np.random.default_rng(0)
FEW = {"batch_size": None}
MANY = {"batch_size": 1}  # as many batches as rows: from nine on compiled


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


def unchanged(before, model, first=None):
    for old, new in zip(before, variables_of(model)[:first], strict=True):
        np.testing.assert_array_equal(old, new)


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


# Models and comparisons of whole dicts of outputs


def images(count, rows=32, columns=32, channels=3):
    return RANDOM.random((count, rows, columns, channels), dtype="float32")


def idiom(model, inputs, training=False):
    """Keras's own way: one sub-model whose output is a dict."""
    outputs = {layer.name: layer.output for layer in model.layers}
    sub_model = keras.Model(getattr(model, "input", model.inputs[0]), outputs)
    return {
        name: keras.tree.map_structure(np.asarray, output)
        for name, output in sub_model(inputs, training=training).items()
    }


def assert_equal(outputs, expected):
    """The same names in the same order, the same numbers within 1e-6 of their scale."""
    assert list(outputs) == list(expected)
    for name, array in expected.items():
        scale = max(1, np.abs(array).max())
        np.testing.assert_allclose(outputs[name], array, atol=1e-6 * scale, rtol=0)


def without_inputs(model, outputs):
    sources = {x.name for x in model.inputs}
    return {name: array for name, array in outputs.items() if name not in sources}


class Subclassed(keras.Model):
    """A model of which Keras knows no graph."""

    def __init__(self):
        super().__init__()
        self.first = layers.Dense(4, name="first")
        self.inner = keras.Sequential([layers.Dense(3, name="deep")], name="inner")
        self.dropout = layers.Dropout(0.5, name="dropout")

    def call(self, x, training=False):
        x = self.dropout(self.first(x), training=training)
        return self.inner(x) + self.inner(x[:, ::-1])


def branching_model():
    """Two inputs, branches that meet, two outputs."""
    left, right = keras.Input((8, 8, 3), name="left"), keras.Input((5,), name="right")
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(left)
    pooled = layers.GlobalAveragePooling2D(name="pooled")(x)
    dense = layers.Dense(4, name="dense")(right)
    together = layers.Concatenate(name="together")([pooled, dense])
    y = layers.Dense(2, name="first_output")(together)
    z = layers.Add(name="second_output")([pooled, dense])
    return keras.Model([left, right], [y, z], name="branching")


def nested_model():
    """Functional in functional in functional, a Sequential inside, one used twice."""
    x = keras.Input((6,), name="innermost_input")
    innermost = keras.Model(x, layers.Dense(5, name="deepest")(x), name="innermost")
    x = keras.Input((6,), name="inner_input")
    y = layers.Dense(6, activation="tanh", name="dense")(innermost(x))
    sequential = keras.Sequential(
        [keras.Input((6,)), layers.Dense(6, name="only")], name="sequential"
    )
    inner = keras.Model(x, sequential(y), name="inner")
    x = keras.Input((6,), name="outer_input")
    y = layers.Dense(3, name="last")(inner(inner(x)))
    return keras.Model(x, y, name="outer")


def run(code, *arguments):
    """Run Python code in a process of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=COURSE,
        env={**os.environ, "PYTHONPATH": str(COURSE)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
