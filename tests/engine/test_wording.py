"""What is said when a model cannot run, or is none, in one line."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from support import (
    MANY,
    Subclassed,
    chain,
    floats,
    functional,
    one_line,
    sequential,
    whole,
)

from helpers.by_hand import hand_check
from helpers.extraction import LayerReader, layer_outputs
from helpers.networks import dense_network

# Errors while it runs -----------------------------------------------------------------


def table(x):
    return layers.Flatten()(layers.Embedding(10, 3, name="table")(x))


def wrong_index(rows=40, at=35):
    x = whole(10, rows, 5)
    x[at, 2] = 10
    return functional((5,), table, dtype="int32"), x


WAYS = {
    "few": lambda model, x: layer_outputs(model, x),
    "cut": lambda model, x: layer_outputs(model, x, batch_size=10),
    "many": lambda model, x: layer_outputs(model, x, batch_size=4),
    "stream": lambda model, x: layer_outputs(model, iter(x[:, None])),
    "tensors": lambda model, x: layer_outputs(model, x, tensors=True),
    "by hand": hand_check,
    "reader": lambda model, x: LayerReader(model)(x),
}


@pytest.mark.parametrize(
    "way",
    WAYS.values(),
    ids=WAYS,
)
def test_an_index_outside_of_a_table(way):
    with pytest.raises(ValueError, match="'table' says: .* a table of 10") as caught:
        way(*wrong_index())
    assert one_line(caught)


class Refuses(keras.Layer):
    def __init__(self, error, **options):
        super().__init__(**options)
        self.error, self.now = error, False

    def call(self, x):
        if self.now:
            raise self.error
        return x


@pytest.mark.parametrize(
    "error",
    [
        ValueError("first\nsecond"),
        TypeError("\x1b[1mbold\x1b[0m"),
        AssertionError("not so"),
        ZeroDivisionError(),
        RuntimeError("a" * 300),
    ],
    ids=lambda x: type(x).__name__,
)
@pytest.mark.parametrize("deep", [False, True])
def test_an_error_of_a_layer_of_one_s_own(error, deep):
    layer = Refuses(error, name="refuses")
    model = sequential((6,), layers.Dense(3), layer, layers.Dense(2))
    if deep:
        model = sequential((6,), model)
    layer.now = True
    for options in ({}, {"batch_size": 1}):
        with pytest.raises(
            ValueError, match="its layer '(.*/)?refuses' says"
        ) as caught:
            layer_outputs(model, floats(9, 6), **options)
        assert one_line(caught)


class Wide(keras.Model):
    def __init__(self, width):
        super().__init__(name="wide")
        self.dense, self.width = layers.Dense(3, name="dense"), width
        self.out = layers.Dense(2, name="out")

    def call(self, x):
        return self.out(ops.reshape(self.dense(x), (-1, self.width)))


@pytest.mark.parametrize("options", [{}, MANY], ids=["few", "many"])
def test_shapes_that_do_not_fit_within(options):
    model = Wide(3)
    model(floats(2, 6))
    with pytest.raises(ValueError, match="its layer 'dense' says") as caught:
        layer_outputs(model, floats(9, 5), **options)
    assert one_line(caught)
    model.width = 4
    with pytest.raises(ValueError, match="wide cannot be run") as caught:
        layer_outputs(model, floats(9, 6), **options)
    assert one_line(caught)


def test_a_part_that_is_not_built_is_refused_in_one_line():
    class Grows(keras.Model):
        def __init__(self):
            super().__init__()
            self.late, self.use = layers.Dense(3, name="late"), False

        def build(self, shape):
            pass

        def call(self, x):
            return self.late(x) if self.use else x

    model, x = Grows(), floats(2, 6)
    model(x)
    model.use = True
    with pytest.raises(ValueError, match="Its layer late is not built") as caught:
        layer_outputs(model, x)
    assert one_line(caught)


@pytest.mark.parametrize("at", [0, 1, 10])
@pytest.mark.parametrize(
    "error", [KeyError("k\nk"), OSError("gone"), StopAsyncIteration()]
)
def test_an_error_of_a_generator_is_handed_on(error, at, tmp_path):
    def batches():
        for i in range(12):
            if i == at:
                raise error
            yield floats(2, 6)

    with pytest.raises(type(error)) as caught:
        layer_outputs(chain(), batches(), out=tmp_path)
    assert caught.value is error
    assert not list(tmp_path.iterdir())


# What is no model that runs -----------------------------------------------------------


class Trained(keras.Model):
    def __init__(self, **parts):
        super().__init__(name="trained")
        for name, part in parts.items():
            setattr(self, name, part)

    def train_step(self, data):
        return {"loss": 0.0}


KINDS = {
    "VAE": ("encoder", "decoder"),
    "GAN": ("generator", "discriminator"),
    "CycleGAN": ("gen_G", "gen_F", "disc_X", "disc_Y"),
}


@pytest.mark.parametrize("parts", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("way", [layer_outputs, hand_check], ids=lambda f: f.__name__)
@pytest.mark.parametrize("fitted", [False, True])
def test_a_model_without_call_is_told_its_parts(parts, way, fitted):
    model = Trained(**{name: chain() for name in parts})
    x = floats(4, 6)
    if fitted:
        model.compile("sgd")
        model.fit(x, verbose=0)
    with pytest.raises(ValueError, match="has no call of its own") as caught:
        way(model, x)
    assert one_line(caught)
    assert all(name in str(caught.value) for name in parts)
    way(getattr(model, parts[0]), x)


def test_a_saved_folder_and_what_comes_out_of_it(tmp_path):
    folder = str(tmp_path / "saved")
    chain().export(folder, verbose=False)
    for model in (folder, tmp_path / "saved", tf.saved_model.load(folder)):
        with pytest.raises(TypeError, match="keras.layers.TFSMLayer") as caught:
            layer_outputs(model, floats(2, 6))
        assert one_line(caught)
    layer = layers.TFSMLayer(folder, call_endpoint="serve")
    with pytest.raises(TypeError, match=r"keras.Sequential\(\[keras.Input"):
        layer_outputs(layer, floats(2, 6))
    with pytest.raises(TypeError, match="load_model"):
        layer_outputs("model.keras", floats(2, 6))


def test_a_model_of_keras_2():
    kind = type("Sequential", (), {"__module__": "tf_keras.src.engine.sequential"})
    with pytest.raises(TypeError, match="a model of Keras 2") as caught:
        layer_outputs(kind(), floats(2, 6))
    assert one_line(caught)


# What is no model that can be run ----------------------------------------------------


@pytest.mark.parametrize(
    ("model", "error", "words"),
    [
        ("model.keras", TypeError, r"got builtins.str. Write keras.models.load_model"),
        (None, TypeError, "must be a keras.Model, but got builtins.NoneType"),
        (Subclassed, TypeError, r"class Subclassed.*Write Subclassed\(\)"),
        (
            layers.Dense(2),
            TypeError,
            r"Dense. Write keras.Sequential\(\[keras.Inp",
        ),
        (keras.Sequential(), ValueError, r"not built.*model\(inputs\).*keras.Input"),
        (keras.Sequential([layers.Dense(2)]), ValueError, r"put keras.Input\(shape\)"),
        (Subclassed(), ValueError, r"not built.*Write model\(inputs\) once\.$"),
    ],
)
def test_models_that_are_refused(model, error, words):
    with pytest.raises(error, match=words):
        layer_outputs(model, np.eye(3))


def test_another_backend_is_refused_in_words(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match="on jax here.*'KERAS_BACKEND'. = 'tensorf"):
        layer_outputs(dense_network(), np.eye(3))
