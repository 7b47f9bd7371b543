"""`helpers.extraction` against Keras's own idiom, and its every refusal in words."""

import doctest
import gc
import os
import re
import subprocess
import sys
import textwrap
import threading
import weakref
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from helpers import extraction
from helpers.engine import inputs as checking
from helpers.engine import storage
from helpers.extraction import layer_outputs
from helpers.networks import cifar10_cnn, dense_network

ROOT = Path(__file__).resolve().parent.parent.parent
RANDOM = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def same_weights_every_time():
    keras.utils.set_random_seed(0)


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


@keras.saving.register_keras_serializable("tests")
class Block(keras.Layer):
    """A layer of one's own, with a layer inside."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.units = units
        self.dense = layers.Dense(units, name="dense")

    def build(self, shape):
        self.dense.build(shape)

    def call(self, x):
        return x + self.dense(x)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


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


# The same numbers as Keras's own way ---------------------------------------------------


@pytest.mark.parametrize("count", [1, 3, 256, 300])
def test_course_networks(count):
    for model, x in [
        (dense_network(), RANDOM.random((count, 3), dtype="float32")),
        (cifar10_cnn(), images(count)),
    ]:
        outputs = layer_outputs(model, x)
        assert_equal(outputs, idiom(model, x))
        assert all(output.dtype == np.float32 for output in outputs.values())
        np.testing.assert_allclose(outputs[model.layers[-1].name], model(x), atol=1e-6)


def test_source_digits():
    outputs = layer_outputs(dense_network(), [[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    hidden = [
        [0.0, 0.0, 0.0655309, 0.1134268],
        [0.0, 0.5699866, 0.0, 0.9223561],
        [0.36428273, 0.0, 0.38850498, 0.30073535],
    ]
    softmax = [
        [0.45516008, 0.5448399],
        [0.18469977, 0.8153002],
        [0.4541021, 0.5458979],
    ]
    np.testing.assert_allclose(outputs["hidden"], hidden, atol=1e-6)
    np.testing.assert_allclose(outputs["output"], softmax, atol=1e-6)


def test_several_inputs_in_every_arrangement():
    model = branching_model()
    left, right = images(7, 8, 8), RANDOM.random((7, 5), dtype="float32")
    expected = without_inputs(model, idiom(model, [left, right]))
    for inputs in (
        [left, right],
        (left, right),
        {"right": right, "left": left},
        [tf.constant(left), right.tolist()],
    ):
        assert_equal(layer_outputs(model, inputs, batch_size=3), expected)


@pytest.mark.parametrize("arrange", [dict, list])
def test_model_whose_inputs_are_a_dict(arrange):
    sources = {"b": keras.Input((2,), name="b"), "a": keras.Input((3,), name="a")}
    y = layers.Concatenate(name="together")([sources["b"], sources["a"]])
    model = keras.Model(arrange(sources) if arrange is dict else [*sources.values()], y)
    b, a = RANDOM.random((4, 2)), RANDOM.random((4, 3))
    together = layer_outputs(model, {"a": a, "b": b})["together"]
    np.testing.assert_allclose(together, np.hstack([b, a]), atol=1e-6)


def test_inputs_in_nested_structures():
    a, b, c = (keras.Input((2,), name=name) for name in ("a", "b", "one"))
    model = keras.Model(
        {"pair": [b, a], "one": c},
        layers.Concatenate(name="together")([a, b, c]),
    )
    x = RANDOM.random((3, 4, 2))
    outputs = layer_outputs(model, {"pair": [x[0], x[1]], "one": x[2]})
    expected = np.hstack([x[1], x[0], x[2]])
    np.testing.assert_allclose(outputs["together"], expected, atol=1e-6)


def test_nested_models_at_any_depth():
    model, x = nested_model(), RANDOM.random((4, 6), dtype="float32")
    outputs = layer_outputs(model, x)
    inner = ["innermost/deepest", "innermost", "dense", "sequential/only", "sequential"]
    assert list(outputs) == [
        *(f"inner/{name}" for name in inner),
        "inner",
        *(f"inner:1/{name}" for name in inner),
        "inner:1",
        "last",
    ]
    # Keras cannot name these outputs, but run one after the other its layers give them
    inner = model.get_layer("inner")
    for reached, call in (x, "inner"), (outputs["inner"], "inner:1"):
        deepest = inner.get_layer("innermost").get_layer("deepest")(reached)
        dense = inner.get_layer("dense")(deepest)
        only = inner.get_layer("sequential").get_layer("only")(dense)
        for name, expected in {
            f"{call}/innermost/deepest": deepest,
            f"{call}/innermost": deepest,
            f"{call}/dense": dense,
            f"{call}/sequential/only": only,
            call: only,
        }.items():
            np.testing.assert_allclose(outputs[name], expected, atol=1e-6)
    np.testing.assert_allclose(outputs["last"], model(x), atol=1e-6)


def test_shared_layer_gives_every_call():
    x = keras.Input((4,), name="x")
    shared = layers.Dense(4, name="shared")
    between = layers.Activation("tanh", name="between")
    model = keras.Model(x, layers.Add(name="sum")([shared(between(shared(x))), x]))
    batch = RANDOM.random((3, 4), dtype="float32")
    outputs = layer_outputs(model, batch)
    assert set(outputs) == {"shared", "shared:1", "between", "sum"}
    np.testing.assert_allclose(outputs["shared"], shared(batch), atol=1e-6)
    second = shared(between(shared(batch)))
    np.testing.assert_allclose(outputs["shared:1"], second, atol=1e-6)
    assert list(layer_outputs(model, batch, "shared")) == ["shared", "shared:1"]
    assert list(layer_outputs(model, batch, shared)) == ["shared", "shared:1"]
    assert list(layer_outputs(model, batch, "shared:1")) == ["shared:1"]


def test_a_mask_reaches_the_layers_behind():
    words = keras.Input((5,), dtype="int32", name="words")
    x = layers.Embedding(10, 3, "uniform", mask_zero=True, name="embedding")(words)
    x = layers.LSTM(4, return_sequences=True, name="sequences")(x)
    model = keras.Model(words, layers.LSTM(4, name="last")(x))
    model.set_weights([10 * weight for weight in model.get_weights()])
    batch = np.array([[1, 2, 3, 0, 0], [4, 0, 0, 0, 0]])
    outputs = layer_outputs(model, batch)
    np.testing.assert_allclose(outputs["last"], model(batch), atol=1e-6)
    unmasked = layers.LSTM(4)
    unmasked.build((None, 5, 4))
    unmasked.set_weights(model.get_layer("last").get_weights())
    assert np.abs(unmasked(outputs["sequences"]) - outputs["last"]).max() > 1e-3


def test_layers_with_several_outputs():
    x = keras.Input((5, 3), name="x")
    y, *states = layers.LSTM(2, return_state=True, name="lstm")(x)
    model = keras.Model(x, layers.Concatenate(name="together")([y, *states]))
    batch = RANDOM.random((4, 5, 3), dtype="float32")
    outputs = layer_outputs(model, batch)
    assert list(outputs) == ["lstm/0", "lstm/1", "lstm/2", "together"]
    for i, expected in enumerate(model.get_layer("lstm")(batch)):
        np.testing.assert_allclose(outputs[f"lstm/{i}"], expected, atol=1e-6)
    assert list(layer_outputs(model, batch, "lstm")) == ["lstm/0", "lstm/1", "lstm/2"]
    assert list(layer_outputs(model, batch, "lstm/2")) == ["lstm/2"]


def test_nested_model_with_named_outputs():
    x = keras.Input((3,))
    heads = {"a": layers.Dense(1, name="one")(x), "b": layers.Dense(2, name="two")(x)}
    inner = keras.Model(x, heads, name="inner")
    x = keras.Input((3,))
    y = inner(x)
    model = keras.Model(x, layers.Concatenate(name="both")([y["a"], y["b"]]))
    outputs = layer_outputs(model, np.eye(3))
    expected = {"inner/one", "inner/two", "inner/a", "inner/b", "both"}
    assert set(outputs) == expected
    np.testing.assert_array_equal(outputs["inner/a"], outputs["inner/one"])


def test_layers_of_one_s_own_are_opened_and_keras_s_are_not():
    model = keras.Sequential(
        [
            keras.Input((4, 3)),
            Block(3, name="block"),
            layers.TimeDistributed(layers.Dense(2), name="each_step"),
            layers.Bidirectional(layers.GRU(2), name="both_ways"),
        ]
    )
    outputs = layer_outputs(model, RANDOM.random((2, 4, 3)))
    assert list(outputs) == ["block/dense", "block", "each_step", "both_ways"]


def test_loaded_from_disk(tmp_path):
    x = RANDOM.random((4, 6), dtype="float32")
    model = nested_model()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_equal(layer_outputs(loaded, x), layer_outputs(model, x))


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "bfloat16"])
def test_half_precision_comes_back_as_float32(policy):
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, dtype=policy, name="conv"),
            layers.Flatten(dtype=policy, name="flatten"),
            layers.Dense(2, dtype="float32", name="dense"),
        ]
    )
    x = images(5, 8, 8)
    outputs = layer_outputs(model, x)
    assert {output.dtype for output in outputs.values()} == {np.dtype("float32")}
    for name, expected in idiom(model, x).items():
        np.testing.assert_allclose(
            outputs[name], expected.astype("float32"), rtol=0.01, atol=0.01
        )


def test_other_dtypes_are_kept():
    x = keras.Input((3,), dtype="float64", name="x")
    y = layers.Dense(2, dtype="float64", name="double")(x)
    largest = layers.Lambda(lambda y: ops.argmax(y, axis=-1), name="integer")(y)
    positive = layers.Lambda(lambda y: y > 0, name="boolean", dtype="float64")(y)
    outputs = layer_outputs(keras.Model(x, [largest, positive]), np.eye(3))
    assert outputs["double"].dtype == np.float64
    assert outputs["integer"].dtype in (np.int32, np.int64)
    assert outputs["boolean"].dtype == np.bool_


def test_text_goes_in():
    lookup = layers.StringLookup(vocabulary=["cat", "dog"], name="lookup")
    words = keras.Input((2,), dtype="string", name="words")
    model = keras.Model(words, lookup(words))
    outputs = layer_outputs(model, [["dog", "cat"], ["cow", "dog"]])
    assert outputs["lookup"].tolist() == [[2, 1], [0, 2]]


def test_pictures_of_whole_numbers_are_cast_as_keras_does():
    model = cifar10_cnn()
    pixels = RANDOM.integers(0, 256, (3, 32, 32, 3), dtype="uint8")
    outputs = layer_outputs(model, pixels, "conv2d")["conv2d"]
    expected = idiom(model, pixels.astype("float32"))["conv2d"]
    np.testing.assert_allclose(outputs, expected, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize(
    "form",
    [list, np.ndarray.tolist, tf.constant, np.asfortranarray, ops.convert_to_tensor],
)
def test_every_form_of_the_same_inputs(form):
    x = RANDOM.random((4, 3), dtype="float32")
    assert_equal(
        layer_outputs(dense_network(), form(x)), layer_outputs(dense_network(), x)
    )
    assert_equal(layer_outputs(dense_network(), [x]), layer_outputs(dense_network(), x))


def test_a_square_of_numbers_is_a_batch_of_rows():
    model = keras.Sequential([keras.Input((28,)), layers.Dense(2, name="dense")])
    assert layer_outputs(model, np.ones((28, 28)))["dense"].shape == (28, 2)


def test_inputs_without_a_fixed_size():
    model = keras.Sequential(
        [
            keras.Input((None, None, 3)),
            layers.Conv2D(2, 3, name="conv"),
            layers.GlobalMaxPooling2D(name="pooled"),
        ]
    )
    for size in 8, 11:
        x = images(2, size, size + 1)
        assert_equal(layer_outputs(model, x), idiom(model, x))


# Which layers --------------------------------------------------------------------------


def test_layers_are_chosen_by_name_index_object_class_or_a_mix():
    model, x = cifar10_cnn(), images(2)
    everything = layer_outputs(model, x)
    for wanted, names in [
        ("conv2d_2", ["conv2d_2"]),
        (["dense", "conv2d"], ["conv2d", "dense"]),
        (0, ["conv2d"]),
        (-1, ["dense_1"]),
        (np.int64(4), ["conv2d_2"]),
        (range(2), ["conv2d", "max_pooling2d"]),
        (np.array([5, 1]), ["max_pooling2d", "flatten"]),
        (model.get_layer("flatten"), ["flatten"]),
        (layers.MaxPooling2D, ["max_pooling2d", "max_pooling2d_1"]),
        ({layers.Dense, "conv2d"}, ["conv2d", "dense", "dense_1"]),
        ((7, "dense_1", model.layers[7], layers.Dense), ["dense", "dense_1"]),
        (layers.InputLayer, ["images"]),
        (["images", "dense"], ["images", "dense"]),
        (keras.Layer, ["images", *everything]),
    ]:
        outputs = layer_outputs(model, x, wanted)
        assert list(outputs) == names, wanted
        for name in names:
            expected = x if name == "images" else everything[name]
            np.testing.assert_allclose(outputs[name], expected, atol=1e-6)


def test_layers_inside_nested_models_are_chosen_too():
    model, x = nested_model(), np.eye(6)
    deepest = model.get_layer("inner").get_layer("innermost").get_layer("deepest")
    both = ["inner/innermost/deepest", "inner:1/innermost/deepest"]
    for wanted, names in [
        ("inner/innermost/deepest", both),
        ("inner:1/innermost/deepest", both[1:]),
        (deepest, both),
        (keras.Sequential, ["inner/sequential", "inner:1/sequential"]),
        (0, ["outer_input"]),
        ("inner/inner_input", ["inner/inner_input", "inner:1/inner_input"]),
    ]:
        assert list(layer_outputs(model, x, wanted)) == names
    inputs = layer_outputs(model, x, ["inner", "inner/inner_input"])
    np.testing.assert_array_equal(inputs["inner:1/inner_input"], inputs["inner"])


def test_only_what_is_asked_for_is_computed():
    class Fails(keras.Layer):
        def call(self, x):
            return tf.numpy_function(self.fail, [x], tf.float32, stateful=False)

        def compute_output_shape(self, shape):
            return shape

        def fail(self, x):
            raise AssertionError("computed")

    x = keras.Input((3,))
    y = layers.Dense(3, name="wanted")(x)
    model = keras.Model(x, Fails(name="unwanted")(y))
    for rows in 3, 3000:  # eager, compiled
        assert list(layer_outputs(model, np.ones((rows, 3)), "wanted")) == ["wanted"]
    with pytest.raises(ValueError, match="layer 'unwanted' .*says: computed"):
        layer_outputs(model, np.eye(3), "unwanted")


# The model stays as it is --------------------------------------------------------------


def nodes(model):
    found = [(len(model._inbound_nodes), len(model._outbound_nodes))]
    for layer in model.layers:
        found.append((len(layer._inbound_nodes), len(layer._outbound_nodes)))
        if isinstance(layer, keras.Model):
            found += nodes(layer)
    return found


def summary(model):
    lines = []
    model.summary(print_fn=lines.append, expand_nested=True)
    return lines


def test_the_model_stays_as_it_is(tmp_path):
    model, x = nested_model(), RANDOM.random((3, 6), dtype="float32")
    model.get_layer("last").activity_regularizer = keras.regularizers.L2(1.0)
    call, before = keras.Layer.__call__, nodes(model)
    lines, config, y = summary(model), model.get_config(), model.predict(x, verbose=0)
    names = [name for name in dir(model) if not name.startswith("__")]
    losses = list(map(id, model.losses))
    for training in False, True, False:
        for wanted in None, "last", "inner", 1:
            layer_outputs(model, x, wanted, training=training)
    assert keras.Layer.__call__ is call
    assert nodes(model) == before
    assert (summary(model), model.get_config()) == (lines, config)
    assert [name for name in dir(model) if not name.startswith("__")] == names
    assert model.get_layer("last").output.shape == (None, 3)
    assert list(map(id, model.losses)) == losses
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), y)
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0)


def test_inputs_stay_as_they_are_and_outputs_are_independent_of_them():
    model = keras.Sequential([keras.Input((4,)), layers.Dropout(0.5, name="dropout")])
    memory = np.zeros(4 * 1000 + 16, "float32")
    start = -memory.ctypes.data % 64 // 4  # aligned as TensorFlow likes it
    x = memory[start : start + 4000].reshape(1000, 4)
    output = layer_outputs(model, x, batch_size=1000)["dropout"]
    x[:] = 7
    assert not output.any()
    x.flags.writeable = False
    assert (layer_outputs(model, x)["dropout"] == 7).all()


@pytest.mark.parametrize("count", [3, 300])
def test_outputs_are_read_only(count):
    output = layer_outputs(dense_network(), np.ones((count, 3)))["hidden"]
    with pytest.raises(ValueError, match="read-only"):
        output[0] = 0
    output.copy()[0] = 0


def test_an_error_in_the_model_leaves_keras_as_it_was():
    class Fails(keras.Model):
        def call(self, x):
            raise RuntimeError("broken")

    model, call = Fails(), keras.Layer.__call__
    model.built = True
    with pytest.raises(ValueError, match="broken"):
        layer_outputs(model, np.eye(3))
    assert keras.Layer.__call__ is call
    assert len(layer_outputs(dense_network(), np.eye(3))) == 2


def test_two_threads_at_once():
    models = [cifar10_cnn(seed) for seed in range(4)]
    x, results, stop = images(2), {}, threading.Event()

    def call_another_model():
        other = dense_network()
        while not stop.is_set():
            other(np.eye(3))

    def extract(i):
        results[i] = layer_outputs(models[i], x)

    caller = threading.Thread(target=call_another_model)
    caller.start()
    threads = [threading.Thread(target=extract, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    caller.join()
    for i, model in enumerate(models):
        assert_equal(results[i], idiom(model, x))


# Training mode -------------------------------------------------------------------------


def training_model():
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dropout(0.5, name="dropout"),
            layers.BatchNormalization(name="normalized"),
        ]
    )


def test_inference_mode_unless_asked_otherwise():
    model, x = training_model(), RANDOM.random((50, 6), dtype="float32") + 1
    weights = model.get_weights()
    outputs = layer_outputs(model, x)
    np.testing.assert_array_equal(outputs["dropout"], x)
    assert abs(outputs["normalized"].mean()) > 0.5
    first, second = (layer_outputs(model, x, training=True) for _ in range(2))
    assert 0.3 < (first["dropout"] == 0).mean() < 0.7
    assert abs(first["normalized"].mean()) < 1e-3
    assert (first["dropout"] != second["dropout"]).any()
    for before, after in zip(weights, model.get_weights()):
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(layer_outputs(model, x)["dropout"], x)


def test_training_mode_gives_keras_s_numbers():
    twins = training_model(), training_model()
    for model in twins:
        model.layers[0].seed_generator.state.assign([1, 2])
    x = RANDOM.random((50, 6), dtype="float32")
    outputs = layer_outputs(twins[0], x, training=True)
    np.testing.assert_allclose(
        outputs["normalized"], twins[1](x, training=True), atol=1e-6
    )


# Batches -------------------------------------------------------------------------------


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


# Files ---------------------------------------------------------------------------------


def test_outputs_in_files(tmp_path):
    model, x = nested_model(), RANDOM.random((10, 6), dtype="float32")
    folder = tmp_path / "new" / "folder"
    outputs = layer_outputs(model, x, batch_size=4, out=folder)
    assert_equal(outputs, layer_outputs(model, x))
    assert all(isinstance(output, np.memmap) for output in outputs.values())
    assert not any(output.flags.writeable for output in outputs.values())
    assert len(list(folder.iterdir())) == len(outputs)
    assert (folder / "inner%3A1%2Fdense.npy").exists()
    np.testing.assert_array_equal(np.load(folder / "last.npy"), outputs["last"])


def test_long_outputs_in_files(tmp_path):
    """More rows than the first header has digits for."""
    model, x = dense_network(), RANDOM.random((1234, 3), dtype="float32")
    outputs = layer_outputs(model, (x[i : i + 1] for i in range(1234)), out=tmp_path)
    assert_equal(outputs, layer_outputs(model, x))


def test_files_are_never_overwritten(tmp_path):
    (tmp_path / "output.npy").write_text("precious")
    with pytest.raises(
        FileExistsError, match="output.npy exists and is not overwritten"
    ):
        layer_outputs(dense_network(), np.eye(3), out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["output.npy"]
    assert (tmp_path / "output.npy").read_text() == "precious"
    layer_outputs(dense_network(), np.eye(3), "hidden", out=str(tmp_path))
    assert len(list(tmp_path.iterdir())) == 2


def test_an_error_leaves_no_file_behind(tmp_path):
    def broken():
        yield np.eye(3)
        raise RuntimeError("the camera is gone")

    for error, inputs in [
        ("the camera is gone", broken()),
        ("takes", iter([np.eye(3), np.eye(4)])),
        ("no batch", iter([])),
    ]:
        with pytest.raises((RuntimeError, ValueError), match=error):
            layer_outputs(dense_network(), inputs, out=tmp_path / "folder")
        assert not list(tmp_path.rglob("*.npy"))
        assert not list((tmp_path / "folder").glob("*"))


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit to set")
def test_a_full_disk_leaves_no_file_behind(tmp_path):
    import resource

    folder, x = tmp_path / "folder", np.ones((10_000, 3))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            layer_outputs(dense_network(), x, out=folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(folder.iterdir()) == []
    layer_outputs(dense_network(), x, out=folder)


def test_out_must_be_a_folder_and_hold_numbers(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="out must be a folder, but .*file"):
        layer_outputs(dense_network(), np.eye(3), out=tmp_path / "file")
    lookup = layers.StringLookup(vocabulary=["cat"], invert=True, name="lookup")
    x = keras.Input((1,), dtype="int64")
    model = keras.Model(x, lookup(x))
    assert layer_outputs(model, [[1]])["lookup"][0, 0] == b"cat"
    with pytest.raises(TypeError, match="lookup outputs text"):
        layer_outputs(model, [[1]], out=tmp_path / "folder")


def test_no_two_names_give_the_same_file():
    names = ["a/b", "a:b", "a%2Fb", "a.b", "a_b", "a b", "a\\b", "층"]
    files = storage.Files("folder")
    assert len({files.name(name) for name in names}) == len(names)
    assert not any(re.search(r'[/\\:*?"<>| ]', files.name(name)) for name in names)


# The compiled functions ----------------------------------------------------------------


def test_weights_are_followed():
    model, x = dense_network(), RANDOM.random((4, 3), dtype="float32")
    layer_outputs(model, x)
    model.set_weights([2 * weight + 0.1 for weight in model.get_weights()])
    assert_equal(layer_outputs(model, x), idiom(model, x))
    model.compile("sgd", "mse")
    model.fit(x, np.ones((4, 2)), epochs=3, verbose=0)
    assert_equal(layer_outputs(model, x), idiom(model, x))


def test_a_model_that_grows_or_shrinks():
    model, x = dense_network(), np.eye(3, dtype="float32")
    assert list(layer_outputs(model, x)) == ["hidden", "output"]
    for _ in range(5):  # a freed layer may leave its id to the next
        model.add(layers.Dense(3, name="more"))
        outputs = layer_outputs(model, x)
        assert list(outputs) == ["hidden", "output", "more"]
        np.testing.assert_allclose(outputs["more"], model(x), atol=1e-6)
        model.pop()
        assert list(layer_outputs(model, x)) == ["hidden", "output"]


def test_a_nested_model_that_grows():
    inner = keras.Sequential(
        [keras.Input((3,)), layers.Dense(3, name="a")], name="inner"
    )
    model, x = keras.Sequential([keras.Input((3,)), inner]), np.eye(3)
    assert list(layer_outputs(model, x)) == ["inner/a", "inner"]
    inner.add(layers.Dense(3, name="b"))
    outputs = layer_outputs(model, x)
    assert list(outputs) == ["inner/a", "inner/b", "inner"]
    np.testing.assert_allclose(outputs["inner"], inner(x), atol=1e-6)


def test_an_exchanged_activation_is_seen():
    model, x = dense_network(), np.eye(3, dtype="float32")
    layer_outputs(model, x)
    model.get_layer("output").activation = keras.activations.linear
    np.testing.assert_allclose(layer_outputs(model, x)["output"], model(x), atol=1e-6)


def chosen_objects(model, x):
    layer_outputs(model, x, [model.layers[0], model.layers[-1]])


@pytest.mark.parametrize(
    "use",
    [
        layer_outputs,
        chosen_objects,
        lambda model, x: layer_outputs(model, x, training=True),
        lambda model, x: pytest.raises(ValueError, layer_outputs, model, x, "missing"),
        lambda model, x: [model.predict(x, verbose=0), layer_outputs(model, x)],
    ],
)
@pytest.mark.parametrize("make", [dense_network, nested_model, Subclassed])
def test_models_are_freed(make, use):
    alive = weakref.WeakSet()
    for _ in range(3):
        model = make()
        shape = (2, 3) if make is dense_network else (2, 6)
        model(np.ones(shape))
        use(model, np.ones(shape))
        alive.add(model)
    del model
    keras.utils.clear_session()
    gc.collect()
    assert not alive


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.slow
def test_memory_in_the_long_run():
    code = """
        import gc, weakref
        import numpy as np
        import tensorflow as tf
        from helpers.extraction import layer_outputs
        from helpers.networks import cifar10_cnn

        def memory():
            gc.collect()
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * 4096 / 2**20

        def peak():  # `resource` would start with the peak of the parent process
            with open("/proc/self/status") as file:
                return int(file.read().split("VmHWM:")[1].split()[0]) / 2**10

        model, x = cifar10_cnn(), np.ones((4000, 32, 32, 3), "float32")
        plain = tf.function(lambda x: model(x), autograph=False)
        for i in range(0, 3840, 256):
            plain(tf.constant(x[i : i + 256]))
        del plain
        before = peak()
        outputs = layer_outputs(model, x, "conv2d_2")["conv2d_2"]
        print("4,000 images:", peak() - before - outputs.nbytes / 2**20 < 100)
        del outputs

        def use():
            layer_outputs(model, x[:64])
            layer_outputs(model, x[:64], "dense", batch_size=30)
            for i in 1, 2:
                layer_outputs(model, x[:i], "conv2d_2")

        for _ in range(20):
            use()
        objects, used = len(gc.get_objects()), [memory()]
        for _ in range(8):
            for _ in range(25):
                use()
            used.append(memory())
        # The allocator takes a step now and then; what is kept grows every time.
        print("25 calls:", np.diff(used).min() < 1, len(gc.get_objects()) - objects < 50)

        def make_and_use():
            model = cifar10_cnn()
            layer_outputs(model, x[:2])
            return model

        models = [make_and_use() for _ in range(30)]
        alive = weakref.WeakSet([model, *models])
        del model, models
        memory()
        print("freed:", len(alive))
        used = [memory()]
        for _ in range(3):
            for _ in range(15):
                make_and_use()
            used.append(memory())
        print("15 models let go:", np.diff(used).min() < 2)
    """
    printed = re.sub(r".*\r", "", run(code))  # a progress bar, on a slow machine
    assert printed.splitlines() == [
        "4,000 images: True",
        "25 calls: True True",
        "freed: 0",
        "15 models let go: True",
    ]


# Subclassed models ---------------------------------------------------------------------


def test_subclassed_models():
    model, x = Subclassed(), RANDOM.random((5, 6), dtype="float32")
    y = model(x)
    outputs = layer_outputs(model, x, batch_size=2)
    deep = [name for call in ("inner", "inner:1") for name in (f"{call}/deep", call)]
    assert list(outputs) == ["first", *deep, "dropout", model.name]
    np.testing.assert_allclose(outputs[model.name], y, atol=1e-6)
    np.testing.assert_allclose(outputs["first"], model.first(x), atol=1e-6)
    np.testing.assert_allclose(outputs["inner"] + outputs["inner:1"], y, atol=1e-6)
    assert list(layer_outputs(model, x, [0, "inner:1/deep"])) == [
        "first",
        "inner:1/deep",
    ]
    assert (layer_outputs(model, x, training=True)["dropout"] == 0).any()


@pytest.mark.parametrize("arrange", [list, tuple, lambda x: dict(zip("ab", x))])
def test_subclassed_models_with_several_inputs(arrange):
    class Sum(keras.Model):
        def __init__(self):
            super().__init__()
            self.add, self.dense = layers.Add(name="add"), layers.Dense(2, name="dense")

        def call(self, inputs):
            if isinstance(inputs, dict):
                inputs = [inputs["a"], inputs["b"]]
            return self.dense(self.add(inputs))

    model = Sum()
    x = arrange([np.ones((5, 3), "float32"), np.eye(5, 3, dtype="float32")])
    y = model(x)
    outputs = layer_outputs(model, x, batch_size=2)
    np.testing.assert_allclose(outputs["dense"], y, atol=1e-6)
    np.testing.assert_allclose(outputs["add"], 1 + np.eye(5, 3), atol=1e-6)


def test_sparse_outputs_come_back_as_arrays():
    class Sparse(keras.Model):
        def __init__(self):
            super().__init__()
            self.sparse = layers.Lambda(tf.sparse.from_dense, name="sparse")

        def call(self, x):
            return self.sparse(x)

    model = Sparse()
    model(np.eye(3))
    np.testing.assert_array_equal(layer_outputs(model, np.eye(3))["sparse"], np.eye(3))


@pytest.mark.parametrize("rows", [2, 3000])
def test_a_subclassed_model_that_cannot_be_compiled(rows):
    class Decides(Subclassed):
        def call(self, x):
            return self.first(x) if ops.sum(x) > 0 else self.first(-x)

    model = Decides()
    for x in np.ones((rows, 6)), -np.ones((rows, 6)):
        np.testing.assert_allclose(layer_outputs_of(model, x), model(x), atol=1e-6)


def layer_outputs_of(model, x):
    model(x[:2])
    return layer_outputs(model, x)["first"]


@pytest.mark.parametrize("rows", [2, 3000])
def test_a_subclassed_model_that_compiles_itself(rows):
    class Compiled(Subclassed):
        call = tf.function(Subclassed.call)

    model, x = Compiled(), RANDOM.random((rows, 6), dtype="float32")
    y = model(x)
    outputs = layer_outputs(model, x)
    assert list(outputs)[:3] == ["first", "inner/deep", "inner"]
    np.testing.assert_allclose(outputs[model.name], y, atol=1e-6)
    assert not tf.config.functions_run_eagerly()


def test_a_subclassed_model_refuses_a_shape():
    model = Subclassed()
    model(np.ones((2, 6)))
    with pytest.raises(ValueError, match="cannot be run on these inputs: .*6"):
        layer_outputs(model, np.ones((2, 7)))


# Refusals, word for word ---------------------------------------------------------------


def grey_model():
    return keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(name="flatten")])


def flat_model():
    return keras.Sequential([keras.Input((784,)), layers.Dense(2, name="dense")])


def channels_first_model():
    return keras.Sequential([keras.Input((3, 32, 32)), layers.Flatten(name="flatten")])


@pytest.mark.parametrize(
    ("make", "shape", "line"),
    [
        (cifar10_cnn, (32, 32, 3), "the batch axis is missing. Write {}[np.newaxis]"),
        (grey_model, (28, 28, 1), "the batch axis is missing. Write {}[np.newaxis]"),
        (grey_model, (5, 28, 28), "channel axis is missing. Write {}[..., np.newaxis]"),
        (grey_model, (28, 28), "are missing. Write {}[np.newaxis, ..., np.newaxis]"),
        (grey_model, (5, 28, 28, 3), "Write {}.mean(axis=-1, keepdims=True)"),
        (cifar10_cnn, (5, 3, 32, 32), "Write {}.transpose(0, 2, 3, 1)"),
        (cifar10_cnn, (3, 32, 32), "Write {}.transpose(1, 2, 0)[np.newaxis]"),
        (cifar10_cnn, (5, 32, 32), "Write {}[..., np.newaxis].repeat(3, axis=-1)"),
        (cifar10_cnn, (5, 32, 32, 1), "Write {}.repeat(3, axis=-1)"),
        (cifar10_cnn, (5, 32, 32, 4), "a channel too many. Write {}[..., :3]"),
        (cifar10_cnn, (5, 32, 32, 3, 1), "a channel axis too many. Write {}[..., 0]"),
        (cifar10_cnn, (1, 5, 32, 32, 3), "a batch axis too many. Write {}[0]"),
        (dense_network, (3,), "the batch axis is missing. Write {}[np.newaxis]"),
        (flat_model, (5, 28, 28), "not flattened. Write {}.reshape(-1, 784)"),
        (channels_first_model, (5, 32, 32, 3), "Write {}.transpose(0, 3, 1, 2)"),
        (cifar10_cnn, (5, 64, 64, 3), "where None is the number of inputs"),
        (dense_network, (5, 4), "where None is the number of inputs"),
        (dense_network, (), "inputs has shape ()"),
    ],
)
def test_wrong_shapes(make, shape, line):
    model, inputs = make(), np.ones(shape, "float32")
    with pytest.raises(ValueError, match=re.escape(line.format("inputs"))) as error:
        layer_outputs(model, inputs)
    assert f"inputs has shape {shape}" in str(error.value)
    assert str(model.inputs[0].shape) in str(error.value)
    written = re.search(r"Write (.*)\.$", str(error.value))
    if written:  # the line that is shown does mend it
        layer_outputs(model, eval(written[1], {"np": np, "inputs": inputs}))


@pytest.mark.parametrize(
    ("inputs", "error", "words"),
    [
        (np.array([["1", "2", "3"]]), TypeError, r"is text.*astype\('float32'\)"),
        ("picture.png", TypeError, "is text"),
        ([[1, 2, None]], TypeError, "dtype object, .* comes of None"),
        (
            [[1, 2, 3], [4, 5]],
            TypeError,
            "a list of 2, which NumPy .* give all one shape",
        ),
        (
            keras.Input((3,)),
            TypeError,
            r"one KerasTensor of shape \(None, 3\).*no numbers",
        ),
        (tf.sparse.eye(3), TypeError, "inputs is one SparseTensor of shape"),
        (np.ones((2, 3), complex), TypeError, r"inputs.real or np.abs\(inputs\)"),
        (np.array([["2020-01-01"] * 3], "M8[D]"), TypeError, "dtype datetime64"),
        (None, TypeError, "inputs is a NoneType. Pass an array of numbers"),
        (np.ones((0, 3)), ValueError, r"inputs is empty: shape \(0, 3\)"),
        ([], ValueError, "inputs is empty"),
        (iter([]), ValueError, "no batch"),
        (iter([np.ones(3)]), ValueError, "batch axis is missing.*dataset.batch"),
        (
            {"rows": np.eye(3)},
            ValueError,
            "takes 1 inputs, inputs, but .* dict of rows",
        ),
        (
            tf.data.Dataset.from_tensors(np.eye(3)).repeat(),
            ValueError,
            r"never ends. Write dataset.take\(batches\)",
        ),
    ],
)
def test_inputs_that_are_refused(inputs, error, words):
    with pytest.raises(error, match=words):
        layer_outputs(dense_network(), inputs)


def test_fractions_are_not_cut_off():
    words = keras.Input((2,), dtype="int32", name="words")
    model = keras.Model(words, layers.Embedding(10, 3, name="embedding")(words))
    with pytest.raises(TypeError, match=r"takes whole numbers.*astype\('int32'\)"):
        layer_outputs(model, [[0.5, 1.5]])
    assert layer_outputs(model, [[1, 2]])["embedding"].shape == (1, 2, 3)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (
            np.ones((2, 8, 8, 3)),
            "branching takes 2 inputs, left, right.*one ndarray of",
        ),
        ([np.ones((2, 8, 8, 3))], "list of 1"),
        ({"left": 1, "middle": 2}, "dict of left, middle.*{'left': ..., 'right': ...}"),
        (
            [np.ones((2, 8, 8, 3)), np.ones((3, 5))],
            r"'left'\] has 2, .*'right'\] has 3",
        ),
        ([np.ones((2, 8, 8, 3)), np.ones((2, 6))], r"inputs\['right'\] has shape"),
        (iter([(np.ones((2, 8, 8, 3)), np.ones(2))]), "batch is one ndarray of shape"),
    ],
)
def test_several_inputs_that_are_refused(inputs, words):
    with pytest.raises(ValueError, match=words):
        layer_outputs(branching_model(), inputs)


@pytest.mark.parametrize(
    ("wanted", "error", "words"),
    [
        ("conv2d2", ValueError, "no layer 'conv2d2'. Did you mean 'conv2d_2' or"),
        (
            "convolution",
            ValueError,
            r"no layer 'convolution'.*list\(layer_outputs\(model, inputs\)\)",
        ),
        ("", ValueError, "no layer ''. Its layers are 'images', 'conv2d'"),
        (8, ValueError, "no layer 8: its 8 layers are 0 to 7"),
        (-9, ValueError, "no layer -9: its 8 layers are 0 to 7"),
        (layers.LSTM, ValueError, "no layer of class LSTM; it has Conv2D, Dense, Fl"),
        (layers.Dense(3, name="dense"), ValueError, "This Dense layer 'dense' is not"),
        ([], ValueError, "layers is empty"),
        (["dense", "dence"], ValueError, "no layer 'dence'. Did you mean 'dense'"),
        (1.5, TypeError, "names, indices, layers or layer classes, but 1.5 came"),
        (True, TypeError, "but True came"),
        ([int], TypeError, "but <class 'int'> came"),
    ],
)
def test_layers_that_are_refused(wanted, error, words):
    with pytest.raises(error, match=words):
        layer_outputs(cifar10_cnn(), images(1), wanted)


def test_an_inner_name_alone_is_answered_with_the_full_one():
    with pytest.raises(ValueError, match="mean 'inner/dense' or 'inner:1/dense'"):
        layer_outputs(nested_model(), np.eye(6), "dense")


class Optional(keras.Model):
    """A model that calls its second layer only if told to."""

    def __init__(self):
        super().__init__()
        self.first = layers.Dense(4, name="first")
        self.second = layers.Dense(4, name="second")
        self.both = False

    def build(self, shape):
        self.first.build(shape)

    def call(self, x):
        return self.second(self.first(x)) if self.both else self.first(x)


def test_a_layer_that_is_never_called():
    model = Optional()
    model(np.ones((2, 6)))
    with pytest.raises(ValueError, match="does not call its layer 1, second"):
        layer_outputs(model, np.ones((2, 6)), 1)


@pytest.mark.parametrize(
    ("model", "error", "words"),
    [
        ("model.keras", TypeError, r"builtins.str came. Write keras.models.load_model"),
        (None, TypeError, "must be a keras.Model, but a builtins.NoneType came"),
        (Subclassed, TypeError, r"class Subclassed.*Write Subclassed\(\)"),
        (
            layers.Dense(2),
            TypeError,
            r"Dense came. Write keras.Sequential\(\[keras.Inp",
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


def test_a_part_that_is_not_built():
    model = Optional()
    model(np.ones((2, 6)))
    model.both = True
    words = r"Its layer second is not built.*model\(inputs\)"
    with pytest.raises(ValueError, match=words):
        layer_outputs(model, np.ones((2, 6)))
    assert not model.second.built


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, "32", True, False])
def test_batch_sizes_that_are_refused(batch_size):
    with pytest.raises(ValueError, match="batch_size must be a positive integer, but"):
        layer_outputs(dense_network(), np.eye(3), batch_size=batch_size)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
def test_nan_and_infinity_are_reported(value):
    x = np.ones((10, 3))
    x[[6, 8], [1, 0]] = value
    shown = str(np.float32(np.inf if value == 1e39 else value))
    words = (
        rf"The input inputs holds NaN or infinity 2 times, first {shown} at \(6, 1\)"
    )
    for inputs, batch_size in [(x, 256), (x, 4), (iter([x[:5], x[5:]]), 256)]:
        with pytest.warns(UserWarning, match=words) as warned:
            outputs = layer_outputs(dense_network(), inputs, batch_size=batch_size)
        assert len(warned) == 1
        assert warned[0].filename == __file__
        assert np.isfinite(outputs["output"][:6]).all()


# Many devices, and the examples --------------------------------------------------------


def run(code, *arguments):
    """Run Python code in a process of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_devices():
    code = """
        import keras, numpy as np, tensorflow as tf
        from helpers.extraction import layer_outputs
        from helpers.networks import cifar10_cnn

        tf.config.set_logical_device_configuration(
            tf.config.list_physical_devices("CPU")[0],
            [tf.config.LogicalDeviceConfiguration()] * 2,
        )
        x = np.random.default_rng(0).random((51, 32, 32, 3), dtype="float32")
        one_device = layer_outputs(cifar10_cnn(), x)
        strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
        seen = set()

        class Spy(keras.layers.Dropout):
            def call(self, x, training=False):
                x = super().call(x, training=training)
                seen.add(x.device[-5:])
                return x

        with strategy.scope():
            model = cifar10_cnn()
            model.add(Spy(0.5, name="spy"))
            inside = layer_outputs(model, x, batch_size=20)
            middle = keras.Model(model.inputs[0], model.get_layer("conv2d_2").output)
        predicted = middle.predict(x, batch_size=20, verbose=0)  # as lesson 04 does
        np.testing.assert_allclose(predicted, one_device["conv2d_2"], atol=1e-6)
        seen.clear()
        layer_outputs(model, x, "spy")
        outside = layer_outputs(model, x[:1])
        for name, expected in one_device.items():
            np.testing.assert_allclose(inside[name], expected, atol=1e-6)
            np.testing.assert_allclose(outside[name], expected[:1], atol=1e-6)
        print(*sorted(seen))
        dropped = layer_outputs(model, x, "spy", training=True)["spy"]
        print((dropped == 0).any())
    """
    assert run(code).split() == ["CPU:0", "CPU:1", "True"]


@pytest.mark.parametrize("module", [extraction, checking, storage])
def test_examples_in_the_docstrings(module):
    names = {"np": np, "dense_network": dense_network}
    flags = doctest.NORMALIZE_WHITESPACE
    assert doctest.testmod(module, extraglobs=names, optionflags=flags).failed == 0


def test_checking_needs_neither_tensorflow_nor_keras():
    code = """
        import sys
        import helpers.engine.inputs, helpers.engine.storage
        print({"tensorflow", "keras"} & set(sys.modules))
    """
    assert run(code).strip() == "set()"
