"""Running on with other numbers, gradients, and reading in compiled form."""

import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from support import (
    MANY,
    Makes,
    by_keras,
    chain,
    floats,
    functional,
    one_line,
    same,
    sequential,
    whole,
)

from helpers.extraction import LayerReader, layer_outputs


def back_half(model, name, y):
    names = [one.name for one in model.layers]
    for layer in model.layers[names.index(name) + 1 :]:
        y = layer(y)
    return y


NEW = floats(9, 5)
NEWS = {
    "array": (NEW, NEW),
    "a scalar": (0.5, np.full((9, 5), 0.5)),
    "one row": (NEW[:1], NEW[:1].repeat(9, 0)),
    "a vector": (NEW[0], NEW[:1].repeat(9, 0)),
    "one column": (NEW[:, :1], NEW[:, :1].repeat(5, 1)),
    "integers": (np.arange(5), np.arange(5.0)[None].repeat(9, 0)),
    "bools": (NEW > 0, (NEW > 0) * 1.0),
    "float64": (NEW.astype("float64"), NEW),
    "a tensor": (tf.constant(NEW), NEW),
    "lists": (NEW.tolist(), NEW),
}


@pytest.mark.parametrize("batch_size", [None, 1, 4])
@pytest.mark.parametrize("new, means", NEWS.values(), ids=NEWS)
def test_other_numbers_run_on(new, means, batch_size):
    model, x, means = chain(), floats(9, 6), means.astype("float32")
    outputs = layer_outputs(model, x, replace={"a": new}, batch_size=batch_size)
    same(outputs["a"], means)
    same(outputs["b"], model.get_layer("b")(means))
    same(outputs["c"], back_half(model, "a", means))
    last = layer_outputs(model, x, "c", replace={"a": new}, batch_size=batch_size)
    assert list(last) == ["c"]
    same(last["c"], outputs["c"])


@pytest.mark.parametrize("batch_size", [None, 1, 4])
def test_a_function_is_given_each_batch(batch_size):
    model, x, seen = chain(), floats(9, 6), []

    def negated(y):
        assert isinstance(y, np.ndarray) and y.dtype == np.float32
        seen.append(len(y))
        return -y

    y = np.asarray(model.layers[0](x))
    outputs = layer_outputs(
        model, x, replace={"a": negated, "b": lambda y: y + 1}, batch_size=batch_size
    )
    same(outputs["a"], -y)
    same(outputs["c"], model.layers[2](model.layers[1](-y) + 1))
    stream = (x[i : i + 3] for i in range(0, 9, 3))
    same(
        layer_outputs(model, stream, "c", replace={"a": lambda y: -y})["c"],
        back_half(model, "a", -y),
    )


def test_one_call_of_a_shared_layer_or_all():
    dense = layers.Dense(6, name="dense")
    model, x = functional((6,), lambda x: dense(dense(x) + 1)), floats(4, 6)
    outputs = layer_outputs(model, x, replace={"dense:1": 0})
    same(outputs["dense"], dense(x))
    same(outputs["dense:1"], np.zeros((4, 6)))
    outputs = layer_outputs(model, x, replace={"dense": 0})
    same(outputs["dense"], np.zeros((4, 6)))
    same(outputs["dense:1"], np.zeros((4, 6)))


def test_other_numbers_at_any_depth():
    inner = sequential((6,), layers.Dense(4, name="deep"), layers.Dense(2, name="end"))
    inner.name = "inner"
    own = Makes(lambda x: dense(x) * 2, name="own")
    dense = own.dense = layers.Dense(3, name="dense")
    model = functional((6,), lambda x: ops.tanh(own(inner(x))))
    x, new = floats(4, 6), floats(4, 4)
    outputs = layer_outputs(model, x, replace={"inner/deep": new})
    same(outputs["inner"], inner.layers[1](new))
    same(outputs[model.operations[-1].name], np.tanh(own(inner.layers[1](new))))
    outputs = layer_outputs(model, x, replace={"own/dense": 0.5, "inner": 1})
    same(outputs["own"], np.ones((4, 3)))
    same(list(outputs.values())[-1], np.tanh(np.ones((4, 3))))
    outputs = layer_outputs(model, x, replace={model.operations[-1].name: 7})
    same(list(outputs.values())[-1], np.full((4, 3), 7))


def test_one_of_several_outputs():
    layer = layers.LSTM(3, return_state=True, name="lstm")
    model = functional((4, 2), lambda x: ops.add(*layer(x)[1:]))
    x, new = floats(3, 4, 2), floats(3, 3)
    outputs = layer_outputs(model, x, replace={"lstm/1": new})
    same(list(outputs.values())[-1], new + np.asarray(layer(x)[2]))


@pytest.mark.parametrize("batch_size", [None, 1])
def test_masks_survive(batch_size):
    words = layers.Embedding(9, 4, mask_zero=True, name="words")
    lstm = layers.LSTM(3, name="lstm")
    model, x = functional((5,), lambda x: lstm(words(x)), dtype="int32"), whole(3, 9, 5)
    new = floats(9, 5, 4)
    found = layer_outputs(model, x, replace={"words": new}, batch_size=batch_size)
    same(found["lstm"], lstm(new, mask=tf.constant(x != 0)))


REFUSED = {
    "shape": ({"a": np.ones((9, 4))}, "outputs shape .* Give it the shape"),
    "name": ({"z": 0}, "has no layer 'z'"),
    "one of two names": ({"a": 0, "d": 0}, "has no layer 'd'"),
    "call": ({"a:1": 0}, "has no layer 'a:1'"),
    "nothing": ({"a": lambda y: None}, "returned None"),
    "text": ({"a": lambda y: "text"}, "Cast string"),
    "an error": ({"a": lambda y: [][0]}, "list index"),
}


@pytest.mark.parametrize("options", [{}, MANY], ids=["few", "many"])
@pytest.mark.parametrize("kind", REFUSED)
def test_numbers_that_are_refused(kind, options):
    replace, sentence = REFUSED[kind]
    with pytest.raises(ValueError, match=sentence) as caught:
        layer_outputs(chain(), floats(9, 6), replace=replace, **options)
    assert one_line(caught)


def test_the_input_is_replaced_or_refused():
    model, x = sequential((6,), layers.Dense(2, name="dense")), floats(3, 6)
    name = model.inputs[0]._keras_history.operation.name
    try:
        found = layer_outputs(model, x, replace={name: 0.0})
    except ValueError:
        return
    same(found["dense"], model(np.zeros_like(x)))


@pytest.mark.parametrize("options", [{}, {"batch_size": 2}, {"tensors": True}])
@pytest.mark.parametrize("new", [np.full(5, np.nan), lambda y: y * np.nan])
def test_nan_in_the_place_of_an_output_is_told(new, options):
    model, x = chain(), floats(9, 6)
    with pytest.warns(UserWarning, match="What replaces a holds NaN"):
        found = layer_outputs(model, x, replace={"a": new}, **options)
    assert np.isnan(found["c"]).all()


@pytest.mark.filterwarnings("error")
def test_infinity_may_be_meant_and_nan_that_was_there_is_not_of_the_replacing():
    model = sequential((3,), layers.Dense(3, name="a"), layers.Softmax(name="b"))
    found = layer_outputs(model, floats(2, 3), replace={"a": [0.0, -np.inf, 0.0]})
    same(found["b"], [[0.5, 0, 0.5]] * 2)
    model.layers[0].bias.assign([np.nan, 0.0, 0.0])
    layer_outputs(model, floats(2, 3), replace={"a": lambda y: y * 1})


@pytest.mark.parametrize("name", ["mha/attention_scores", "lstm/h"])
def test_what_cannot_be_replaced_says_why(name):
    def run(x):
        return layers.LSTM(2, name="lstm")(
            layers.MultiHeadAttention(2, 2, name="mha")(x, x)
        )

    with pytest.raises(ValueError) as caught:
        layer_outputs(functional((5, 4), run), floats(2, 5, 4), replace={name: 0})
    assert f"Did you mean '{name}'" not in str(caught.value)


# Gradients ----------------------------------------------------------------------------


def gradients(model, x, names, of=-1):
    with tf.GradientTape() as tape:
        outputs = layer_outputs(model, x, tensors=True)
        score = tf.reduce_sum(tf.square(tf.cast(list(outputs.values())[of], "float32")))
    return tape.gradient(score, [outputs[name] for name in names]), outputs


def by_splitting(run_on, y):
    """Keras's own way: what comes behind, called on a layer's output."""
    y = tf.Variable(y)
    with tf.GradientTape() as tape:
        answer = tf.cast(run_on(y), "float32")
        score = tf.reduce_sum(tf.square(answer))
    return tape.gradient(score, y)


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_gradients_of_every_layer(frozen, policy):
    keras.config.set_dtype_policy(policy)
    try:
        model = sequential(
            (8, 8, 1),
            layers.Conv2D(3, 3, activation="relu", name="conv"),
            layers.MaxPooling2D(name="pool"),
            layers.Flatten(name="flat"),
            layers.Dense(2, activation="tanh", name="dense"),
        )
    finally:
        keras.config.set_dtype_policy("float32")
    model.trainable = not frozen
    x, names = floats(3, 8, 8, 1), ["conv", "pool", "flat"]
    found, outputs = gradients(model, x, names)
    for name, one in zip(names, found):
        expected = by_splitting(
            lambda y, name=name: back_half(model, name, y), outputs[name]
        )
        atol = 1e-6 if policy == "float32" else 2e-2
        np.testing.assert_allclose(one, expected, atol=atol)
    assert np.asarray(found[0]).any()


@pytest.mark.parametrize("frozen", [False, True])
def test_gradients_behind_whole_numbers(frozen):
    words = layers.Embedding(9, 4, mask_zero=True, name="words")
    lstm, dense = layers.LSTM(3, name="lstm"), layers.Dense(1, name="dense")
    model = functional((5,), lambda x: dense(lstm(words(x))), dtype="int32")
    model.trainable = not frozen
    x = whole(9, 3, 5)
    (of_words, of_lstm), outputs = gradients(model, x, ["words", "lstm"])
    mask = tf.constant(x != 0)
    same(of_lstm.numpy(), by_splitting(dense, outputs["lstm"]))
    same(
        of_words.numpy(),
        by_splitting(lambda y: dense(lstm(y, mask=mask)), outputs["words"]),
    )


def test_gradients_of_shared_layers_and_nested_models():
    dense = layers.Dense(4, activation="tanh", name="dense")
    inner = functional((4,), lambda x: ops.sin(dense(x)), name="inner")
    model, x = functional((4,), lambda x: inner(inner(x)) + dense(x)), floats(3, 4)
    names = ["inner/dense", "inner", "inner:1/dense"]
    found, outputs = gradients(model, x, names)
    rest = dense(x)
    behind = [
        lambda y: inner(ops.sin(y)) + rest,
        lambda y: inner(y) + rest,
        lambda y: ops.sin(y) + rest,
    ]
    for name, one, run in zip(names, found, behind):
        same(one.numpy(), by_splitting(run, outputs[name]))


class OneHot(keras.Model):
    def __init__(self):
        super().__init__()
        self.d, self.e = layers.Dense(4, name="d"), layers.Dense(2, name="e")

    def call(self, ids):
        return self.e(tf.sin(self.d(ops.one_hot(ids, 6))))


@pytest.mark.parametrize("frozen", [False, True])
def test_gradients_where_numbers_are_made_in_call(frozen):
    model, x = OneHot(), np.array([1, 2, 5])
    model(x)
    model.trainable = not frozen
    (found,), outputs = gradients(model, x, ["d"])
    same(found.numpy(), by_splitting(lambda y: model.e(tf.sin(y)), outputs["d"]))


def test_gradients_through_a_function_that_replaces():
    model, x = chain(), floats(3, 6)
    with tf.GradientTape() as tape:
        outputs = layer_outputs(model, x, replace={"b": lambda y: y * y}, tensors=True)
        score = tf.reduce_sum(outputs["c"])
    c = tf.reduce_sum(model.get_layer("c").kernel, 1)
    b = model.get_layer("b")
    expected = tf.matmul(2 * b(outputs["a"]) * c, b.kernel, transpose_b=True)
    same(tape.gradient(score, outputs["a"]).numpy(), expected)


def test_gradients_of_the_weights_and_of_a_tensor():
    model, x, found = chain(), tf.Variable(floats(3, 6)), []
    for run in (lambda: layer_outputs(model, x, tensors=True)["c"], lambda: model(x)):
        with tf.GradientTape() as tape:
            score = tf.reduce_sum(tf.square(run()))
        found.append(tape.gradient(score, [x, *model.trainable_variables]))
    for one, other in zip(*found, strict=True):
        same(np.asarray(one), other)


@pytest.mark.parametrize("frozen", [False, True])
def test_gradients_at_numbers_that_replace(frozen):
    model, new = chain(), floats(3, 5)
    model.trainable = not frozen
    with tf.GradientTape() as tape:
        outputs = layer_outputs(model, floats(3, 6), replace={"a": new}, tensors=True)
        score = tf.reduce_sum(tf.square(outputs["c"]))
    expected = by_splitting(lambda y: back_half(model, "a", y), new)
    same(tape.gradient(score, outputs["a"]).numpy(), expected)


def test_gradients_before_an_activation():
    model, x = chain(), floats(3, 6)
    with tf.GradientTape() as tape:
        outputs = layer_outputs(model, x, tensors=True, before_activation=True)
        score = tf.reduce_sum(tf.square(outputs["c"]))
    expected = by_splitting(
        lambda y: back_half(model, "a", tf.nn.relu(y)), outputs["a"]
    )
    same(tape.gradient(score, outputs["a"]).numpy(), expected)


def test_gradients_of_gradients():
    model, x, found = chain(), floats(3, 6), []
    for run in (lambda: layer_outputs(model, x, tensors=True)["c"], lambda: model(x)):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as tape:
                score = tf.reduce_sum(run() ** 2)
            slope = tape.gradient(score, model.layers[1].kernel)
            steep = tf.reduce_sum(slope**2)
        found.append(outer.gradient(steep, model.layers[0].kernel).numpy())
    same(*found)


def test_attention_scores_have_no_gradient_and_say_so():
    attention = layers.MultiHeadAttention(2, 3, name="mha")
    model, x = functional((5, 4), lambda x: attention(x, x)), floats(2, 5, 4)
    words = "mha/attention_scores.* no gradient goes through them"
    with pytest.raises(ValueError, match=words):
        layer_outputs(model, x, "mha/attention_scores", tensors=True)
    with tf.GradientTape() as tape, pytest.warns(UserWarning, match=words):
        outputs = layer_outputs(model, x, tensors=True, inside=True)
        score = tf.reduce_sum(outputs["mha"])
    assert "mha/attention_scores" not in outputs
    assert tape.gradient(score, outputs["mha/value"]) is not None


# A compiled reader --------------------------------------------------------------------


def a_branch():
    x = keras.Input((6, 6, 2))
    y = layers.Conv2D(3, 3, activation="relu", name="conv")(x / 2)
    z = layers.BatchNormalization(name="norm")(y)
    return keras.Model(x, layers.Dense(2, name="dense")(layers.Flatten()(y + z)))


@pytest.mark.parametrize("options", [{}, {"layers": "conv"}, {"layers": [-1, "norm"]}])
def test_a_reader_reads_what_keras_computes(options):
    model = a_branch()
    read = LayerReader(model, **options)
    for rows in (2, 5, 2):
        x = floats(rows, 6, 6, 2)
        found, expected = read(x), by_keras(model, x)
        assert set(found) >= {"conv"} or options.get("layers") == [-1, "norm"]
        for name in set(found) & set(expected):
            same(found[name], expected[name])
            assert not found[name].flags.writeable


def test_a_reader_follows_weights():
    model, x = a_branch(), floats(2, 6, 6, 2)
    read = LayerReader(model)
    read(x)
    model.set_weights([w + 1 for w in model.get_weights()])
    same(read(x)["dense"], model(x))
    model.compile("sgd", "mse")
    model.fit(x, np.ones((2, 2)), verbose=0)
    same(read(x)["dense"], model(x))


def test_a_reader_draws_random_numbers_as_keras_does():
    twins = []
    for _ in range(2):
        twins.append(sequential((50,), layers.Dropout(0.5, seed=1, name="dropout")))
    read, x = LayerReader(twins[0], training=True), np.ones((2, 50), "float32")
    for _ in range(3):
        same(read(x)["dropout"], twins[1](x, training=True))


def test_a_reader_leaves_bare_variables():
    count = tf.Variable(0.0)
    own = Makes(lambda x: x * (1 + 0 * count.assign_add(1.0)), name="own")
    own.count = count
    model, x = sequential((6,), own), floats(2, 6)
    count.assign(0)
    LayerReader(model)(x)
    assert float(count) == 0


def test_a_reader_lets_its_model_go():
    model = chain()
    read, gone = LayerReader(model, "b"), weakref.ref(model)
    read(floats(2, 6))
    del model, read
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("rnn", [layers.LSTM, layers.GRU])
def test_a_reader_reads_beside_a_recurrent_layer(rnn):
    layer = layers.Bidirectional(rnn(3, name="rnn"), name="bi")
    model, x = functional((4, 2), layer), floats(2, 4, 2)
    found = LayerReader(model, "bi/forward_rnn")(x)
    same(found["bi/forward_rnn"], layer.forward_layer(x))


class ByNumber(keras.Model):
    def __init__(self):
        super().__init__(name="by_number")
        self.dense = layers.Dense(3, name="dense")

    def call(self, x):
        return self.dense(x if float(ops.sum(x)) > 0 else -x)


def korean():
    return functional((6,), layers.Dense(3, name="은닉층"))


UNREADABLE = {
    "decides by a number": (ByNumber, None, "LayerReader compiles the model"),
    "a name": (korean, None, "LayerReader compiles the model"),
    "a state": (
        lambda: functional((6, 1), layers.LSTM(2, name="lstm")),
        "lstm/h",
        "LayerReader compiles the model",
    ),
    "no such layer": (chain, "z", "has no layer 'z'"),
}


@pytest.mark.parametrize("make, name, sentence", UNREADABLE.values(), ids=UNREADABLE)
def test_what_a_reader_refuses(make, name, sentence):
    model = make()
    x = floats(2, 6, 1) if name == "lstm/h" else floats(2, 6)
    model(x)
    with pytest.raises(ValueError, match=sentence) as caught:
        LayerReader(model, name)(x)
    assert one_line(caught)
    name = "dense" if name is None and make is ByNumber else name
    if name != "z":
        layer_outputs(model, x, name)
