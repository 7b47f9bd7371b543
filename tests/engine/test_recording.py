"""A recorded run is Keras's own run: whatever the sizes, the changes, the state.

What is right is always Keras itself: ``model(x)``, ``predict``, sub-models, layers
called by hand. What is opened inside Keras's layers is in ``test_opened.py``.
"""

from contextlib import contextmanager

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers, ops
from support import (
    FEW,
    MANY,
    RANDOM,
    SHIFT,
    Block,
    Makes,
    Plain,
    Positions,
    bonus_of,
    by_keras,
    floats,
    functional,
    same,
    sequential,
    whole,
)

from helpers.by_hand import hand_check
from helpers.extraction import layer_outputs

# Sizes that are left open -------------------------------------------------------------


def attention_of(x):
    y = layers.Dense(4, name="dense")(x)
    y = layers.Attention(name="attention")([y, x])
    return layers.GlobalMaxPooling1D(name="pool")(y)


def hourglass(x):
    y = layers.Conv2D(4, 3, strides=2, padding="same", name="down")(x)
    y = layers.UpSampling2D(2, interpolation="bilinear", name="up")(y)
    y = layers.Concatenate(name="both")([x, y])
    y = layers.Resizing(4, 6, name="resized")(y)
    return layers.GlobalAveragePooling2D(name="mean")(y)


OPEN_SEQUENCES = {
    "a tagger": lambda: sequential(
        (None, 4),
        layers.Masking(),
        layers.Bidirectional(layers.GRU(3, return_sequences=True)),
        layers.TimeDistributed(layers.Dense(2)),
    ),
    "a masked LSTM": lambda: sequential((None, 4), layers.Masking(), layers.LSTM(3)),
    "words": lambda: sequential(
        (None,),
        layers.Embedding(9, 4, mask_zero=True),
        layers.LSTM(3, return_sequences=True),
        layers.TimeDistributed(layers.Dense(2)),
        layers.GlobalAveragePooling1D(),
    ),
    "convolutions": lambda: sequential(
        (None, 4),
        layers.Conv1D(3, 3, padding="causal"),
        layers.MaxPooling1D(2, padding="same"),
        layers.UpSampling1D(3),
        layers.GlobalMaxPooling1D(),
    ),
    "attention": lambda: functional((None, 4), attention_of),
    "a TimeDistributed model": lambda: sequential(
        (None, 4),
        layers.TimeDistributed(sequential((4,), layers.Dense(3), layers.Dense(2))),
        layers.SimpleRNN(2),
    ),
}


def sequences(model, rows, steps):
    if len(model.input_shape) == 2:
        return whole(9, rows, steps)
    x = floats(rows, steps, 4)
    x[:, steps // 2 + 1 :] *= RANDOM.integers(0, 2, (rows, 1, 1))  # some end early
    return x


@pytest.mark.parametrize("rows", [1, 5, 9], ids=["one row", "as many as steps", "more"])
@pytest.mark.parametrize("make", OPEN_SEQUENCES.values(), ids=OPEN_SEQUENCES)
def test_sequences_of_any_length(make, rows):
    model = make()
    for steps in (5, 3):
        x = sequences(model, rows, steps)
        outputs = layer_outputs(model, x)
        for name, expected in by_keras(model, x).items():
            same(outputs[name], expected)


@pytest.mark.parametrize("make", OPEN_SEQUENCES.values(), ids=OPEN_SEQUENCES)
def test_sequences_of_any_length_in_many_batches(make):
    model = make()
    x = sequences(model, 10, 5)
    outputs = layer_outputs(model, x, **MANY)
    for name, expected in by_keras(model, x).items():
        same(outputs[name], expected)


@pytest.mark.parametrize("rows", [1, 8])
@pytest.mark.parametrize("options", [FEW, {"batch_size": 4}], ids=["few", "cut"])
def test_pictures_of_any_size(rows, options):
    model = functional((None, None, 3), hourglass)
    for size in [(8, 8), (6, 10)]:
        x = floats(rows, *size, 3)
        outputs = layer_outputs(model, x, **options)
        for name, expected in by_keras(model, x).items():
            same(outputs[name], expected)


def test_a_stream_whose_batches_differ_in_length():
    model = OPEN_SEQUENCES["words"]()
    lengths = [3, 7, 5, *[6] * 10, 4]  # six steps come often enough to be compiled
    batches = [whole(9, 1 + i % 3, steps) for i, steps in enumerate(lengths)]
    last = model.layers[-1].name
    outputs = layer_outputs(model, iter(batches), last)
    same(outputs[last], np.concatenate([model(x) for x in batches]))
    with pytest.raises(ValueError, match="Give all inputs one shape") as caught:
        layer_outputs(model, iter(batches))
    assert len(str(caught.value).splitlines()) == 1


# A change between two calls -----------------------------------------------------------


def of_everything():
    """A network in which much can be changed."""
    inner = sequential((4,), layers.Dense(4, activation="elu", name="deep"))
    inner.name = "inner"
    return keras.Sequential(
        [
            keras.Input((9, 9, 2)),
            layers.Rescaling(0.5, name="rescaling"),
            layers.Conv2D(4, 3, padding="same", bias_initializer="ones", name="conv"),
            layers.LeakyReLU(0.2, name="leaky"),
            layers.BatchNormalization(name="batch_norm"),
            layers.AveragePooling2D(2, name="pool"),
            layers.ReLU(name="relu"),
            layers.GlobalAveragePooling2D(name="mean"),
            layers.Normalization(name="normalization"),
            Block(4, name="block"),
            inner,
            layers.LayerNormalization(name="layer_norm"),
            layers.Dense(3, activation="softmax", name="dense"),
        ]
    )


def change(name, setting, value):
    return lambda model: setattr(model.get_layer(name), setting, value)


def new_weights(model):
    model.set_weights([w + 0.1 for w in model.get_weights()])


def assigned(model):
    model.get_layer("conv").kernel.assign_add(floats(3, 3, 2, 4))


def trained(model):
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(floats(8, 9, 9, 2), whole(3, 8), verbose=0)


def statistics(model):
    model.get_layer("normalization").adapt(floats(50, 4) * 3 + 1)


def with_lora(layer):
    layer.enable_lora(2)
    layer.lora_kernel_b.assign(np.ones(layer.lora_kernel_b.shape))


def in_block(**settings):
    def do(model):
        for name, value in settings.items():
            setattr(model.get_layer("block"), name, value)

    return do


def one_layer_more(model):
    model.add(layers.Dense(2, name="more"))


def one_layer_less(model):
    model.pop()


def flag(model):
    model.get_layer("block").flags["twice"] = True


def deep_flag(model):
    model.get_layer("block").flags["deep"]["minus"] = 3.0


def in_a_list(model):
    model.get_layer("block").parts[0].gain = -2.0


def in_a_plain_object(model):
    model.get_layer("block").plain.gain.gain = -1.0


def in_a_global(model):
    SHIFT["by"] = 4.0


def of_a_function(model):
    bonus_of.share = 2.0


def another_call(model):
    model.get_layer("block").bonus = lambda x: x * 5


def deep_activation(model):
    model.get_layer("block").dense.activation = ops.relu


def nested_activation(model):
    model.get_layer("inner").get_layer("deep").activation = ops.square


def in_half_precision(model):
    model.get_layer("dense").dtype_policy = keras.DTypePolicy("mixed_float16")


def frozen(model):
    model.get_layer("batch_norm").trainable = False


CHANGES = {
    "weights assigned": assigned,
    "all weights set": new_weights,
    "trained": trained,
    "adapted": statistics,
    "LoRA": lambda model: with_lora(model.get_layer("dense")),
    "LoRA in a block": lambda model: with_lora(model.get_layer("block").dense),
    "int8": lambda model: model.get_layer("dense").quantize("int8"),
    "int8 in a block": lambda model: model.get_layer("block").dense.quantize("int8"),
    "scale": change("rescaling", "scale", 2.0),
    "slope": change("leaky", "negative_slope", 0.7),
    "largest value": change("relu", "max_value", 0.1),
    "epsilon of a batch": change("batch_norm", "epsilon", 0.5),
    "epsilon of a layer": change("layer_norm", "epsilon", 0.5),
    "strides": change("conv", "strides", (2, 2)),
    "padding": change("conv", "padding", "valid"),
    "dilation": change("conv", "dilation_rate", (2, 2)),
    "pool size": change("pool", "pool_size", (3, 3)),
    "no bias": change("conv", "use_bias", False),
    "activation": change("dense", "activation", ops.sigmoid),
    "activation in a block": deep_activation,
    "activation in a model": nested_activation,
    "frozen": frozen,
    "half precision": in_half_precision,
    "own attribute": in_block(scale=-3.0),
    "own object": in_block(plain=Plain(Plain(7.0))),
    "own flag": flag,
    "own deep flag": deep_flag,
    "in a list": in_a_list,
    "in a plain object": in_a_plain_object,
    "in a global": in_a_global,
    "function's attribute": of_a_function,
    "another function": another_call,
    "one layer more": one_layer_more,
    "one layer less": one_layer_less,
}


@contextmanager
def globals_kept():
    try:
        yield
    finally:
        SHIFT["by"], bonus_of.share = 0.5, 0.25


def follows(model, x, **options):
    """Whether each layer's output is what Keras computes layer by layer, by hand."""
    outputs = layer_outputs(model, x, **options)
    half = any(one.compute_dtype == "float16" for one in model.layers)
    y = model.layers[0](x)
    for layer in model.layers:
        y = y if layer is model.layers[0] else layer(y)
        if half and layer.name == "dense":  # compiled sums round differently there
            np.testing.assert_allclose(outputs["dense"], y, atol=2e-3)
        else:
            same(outputs[layer.name], np.asarray(y, "float32"))
    same(list(outputs.values())[-1], np.asarray(model(x), "float32"))


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_is_followed(name):
    model, x = of_everything(), floats(3, 9, 9, 2)
    with globals_kept():
        follows(model, x)
        before = np.asarray(model(x))
        CHANGES[name](model)
        after = np.asarray(model(x))
        assert name == "frozen" or not np.array_equal(before, after)
        follows(model, x)
        follows(model, x)
        assert name == "no bias" or hand_check(model, x).equal


def test_by_hand_heeds_a_bias_switched_off():
    model, x = of_everything(), floats(2, 9, 9, 2)
    CHANGES["no bias"](model)
    assert hand_check(model, x).equal


# int8 cuts a batch by its largest number, and layers that come and go must be there
APART = {
    "int8",
    "int8 in a block",
    "one layer more",
    "one layer less",
    "half precision",
}
TOGETHER = sorted(set(CHANGES) - APART - {"trained", "LoRA in a block"})


@settings(max_examples=6, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from(TOGETHER), min_size=1, max_size=4, unique=True))
def test_changes_are_followed_in_many_batches(names):
    keras.utils.set_random_seed(0)
    model, x = of_everything(), floats(10, 9, 9, 2)
    with globals_kept():
        for name in names:
            layer_outputs(model, x, **MANY)
            CHANGES[name](model)
        follows(model, x, **MANY)


def text_model(layer):
    return keras.Sequential([keras.Input((1,), dtype="string"), layer])


LOOKUPS = {
    "set": lambda layer: layer.set_vocabulary(["c", "b", "a"]),
    "adapted": lambda layer: layer.adapt(np.array(["b", "b", "c"])),
}


@pytest.mark.parametrize("new", LOOKUPS.values(), ids=LOOKUPS)
@pytest.mark.parametrize("options", [FEW, MANY], ids=["few", "many"])
@pytest.mark.parametrize("kind", [layers.StringLookup, layers.TextVectorization])
def test_another_vocabulary_is_followed(kind, options, new):
    model = text_model(kind(name="words"))
    model.layers[0].adapt(np.array(["a", "a", "b"]))
    x = np.array([["a"], ["b"], ["c"], ["d"]] * 3)
    for _ in range(2):
        found = layer_outputs(model, x, **options)["words"]
        np.testing.assert_array_equal(found, model(tf.constant(x)))
        new(model.layers[0])


def test_another_table_of_integers_is_followed():
    layer = layers.IntegerLookup(vocabulary=[5, 7], output_mode="multi_hot")
    model = sequential((2,), layer, dtype="int64")
    x = np.array([[5, 7], [7, 9]])
    for vocabulary in ([5, 7], [9, 7]):
        layer.set_vocabulary(vocabulary)
        same(layer_outputs(model, x)[layer.name], model(x))


@pytest.mark.parametrize("rate", [0.2, 0.8])
def test_another_rate_is_followed_in_training(rate):
    twins = []
    for _ in range(2):
        dropout = layers.Dropout(0.5, seed=3, name="dropout")
        twins.append(sequential((50,), dropout))
    x = np.ones((4, 50), "float32")
    for one in (0.5, rate):
        for model in twins:
            model.layers[0].rate = one
        found = layer_outputs(twins[0], x, training=True)["dropout"]
        np.testing.assert_array_equal(found, twins[1](x, training=True))


# Outputs without a row for each input -------------------------------------------------


class Beside(keras.Model):
    """Computes something beside its answer."""

    def __init__(self, function):
        super().__init__(name="beside")
        self.dense = layers.Dense(3, name="dense")
        self.other = Makes(function, name="other")

    def call(self, x):
        y = self.dense(x)
        self.other(y)
        return y


ODD = {  # {what it is: (function, whether batches of it can be joined)}
    "a scalar": (lambda y: ops.sum(y), False),
    "a mean over the batch": (lambda y: ops.mean(y, 0), False),
    "a mean of one row": (lambda y: ops.mean(y, 0, keepdims=True), False),
    "similarities": (
        lambda y: ops.matmul(ops.mean(y, 1), ops.transpose(ops.mean(y, 1))),
        False,
    ),
    "time first": (lambda y: ops.transpose(y, (1, 0, 2)), True),
    "rows and steps in one": (lambda y: ops.reshape(y, (-1, 3)), True),
    "width first, rows last": (lambda y: ops.transpose(y, (2, 1, 0)), True),
    "a constant": (lambda y: ops.ones((4, 3)), True),
}


@pytest.mark.parametrize("ahead", [(), (1,)], ids=["steps", "one, steps"])
@pytest.mark.parametrize("steps", [4, 5])
@pytest.mark.parametrize("rows", [4, 9, 40])
def test_positions_come_once(ahead, steps, rows, tmp_path):
    model = functional((steps, 3), Positions(ahead, name="positions"))
    x = floats(rows, steps, 3)
    table = np.asarray(model.layers[1].table.embeddings)[:steps]
    expected = table.reshape(*ahead, steps, 3)
    stream = tf.data.Dataset.from_tensor_slices(x).batch(4)
    for outputs in (
        layer_outputs(model, x),
        layer_outputs(model, x, batch_size=4),
        layer_outputs(model, stream),
        layer_outputs(model, stream, out=tmp_path),
        layer_outputs(model, x, "positions/table", batch_size=4),
    ):
        same(outputs["positions/table"], expected)
        if "positions" in outputs:
            same(outputs["positions"], model(x))


@pytest.mark.parametrize("function, joined", ODD.values(), ids=ODD)
@pytest.mark.parametrize("rows, size", [(8, 4), (7, 5), (3, 1)])
def test_outputs_without_a_row_for_each(function, joined, rows, size):
    model, x = Beside(function), floats(rows, 4, 5)
    model(x)
    expected = function(model.dense(x))
    same(layer_outputs(model, x)["other"], expected)
    if joined:
        same(layer_outputs(model, x, batch_size=size)["other"], expected)
        return
    with pytest.warns(UserWarning, match="beside|other is left out"):
        outputs = layer_outputs(model, x, batch_size=size)
    assert list(outputs) == ["dense"]
    same(outputs["dense"], model(x))
    with pytest.raises(ValueError, match="other cannot be told") as caught:
        layer_outputs(model, x, "other", batch_size=size)
    assert len(str(caught.value).splitlines()) == 1


def test_two_views_of_all_rows():
    model, x = Beside(lambda y: ops.concatenate([y, -y], 0)), floats(8, 4, 5)
    y = model(x)
    expected = np.concatenate([y, -y])
    same(layer_outputs(model, x)["other"], expected)
    try:
        found = layer_outputs(model, x, "other", batch_size=4)["other"]
    except ValueError:  # that it cannot be joined would be right too
        return
    same(found, expected)


@pytest.mark.parametrize("kind", ["time first", "rows and steps in one"])
def test_odd_axes_go_into_files_and_through_streams(kind, tmp_path):
    function, _ = ODD[kind]
    model, x = Beside(function), floats(10, 4, 5)
    model(x)
    for rows in (3, 4):  # as many as steps, and another number
        batches = [x[i : i + rows] for i in range(0, 10, rows)]
        found = layer_outputs(model, iter(batches), out=tmp_path / str(rows))
        same(found["other"], function(model.dense(x)))
        same(np.load(tmp_path / str(rows) / "other.npy"), function(model.dense(x)))
