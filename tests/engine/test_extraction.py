"""`layer_outputs` against Keras's own idiom, whatever the model and its mode."""

import doctest

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from support import RANDOM, Block, Subclassed, assert_equal, idiom, images, nested_model

from helpers import extraction
from helpers.engine import inputs as checking
from helpers.engine import storage
from helpers.extraction import layer_outputs
from helpers.networks import cifar10_cnn, dense_network

# The same numbers as Keras's own way --------------------------------------------------


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


# The model stays as it is ------------------------------------------------------------


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


# Training mode ------------------------------------------------------------------------


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


# What has changed since the last call -------------------------------------------------


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


# Subclassed models --------------------------------------------------------------------


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


# The examples -------------------------------------------------------------------------


@pytest.mark.parametrize("module", [extraction, checking, storage])
def test_examples_in_the_docstrings(module):
    names = {"np": np, "dense_network": dense_network}
    flags = doctest.NORMALIZE_WHITESPACE
    assert doctest.testmod(module, extraglobs=names, optionflags=flags).failed == 0
