"""What is inside Keras's own layers, and what goes into activations."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from support import (
    MANY,
    Makes,
    floats,
    functional,
    same,
    sequential,
    variables_of,
)

from helpers.extraction import layer_outputs


def opened(model, x, *wanted, **options):
    """What is inside; the model's answer is bitwise what it is without a look inside."""
    outputs = layer_outputs(model, x, list(wanted) or None, inside=True, **options)
    answer = layer_outputs(model, x, model.layers[-1].name, inside=True)
    expected = list(map(np.asarray, keras.tree.flatten(model(x))))
    for found, one in zip(list(answer.values())[-len(expected) :], expected):
        np.testing.assert_array_equal(found, one.astype(found.dtype))
    return outputs


# Attention ----------------------------------------------------------------------------

SOME_ROWS = np.array([[1, 1, 1, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]], bool)
SOME_PAIRS = np.tril(np.ones((5, 5), bool))
SOME_PAIRS[2] = False  # no key at all


def multi_head(**options):
    return layers.MultiHeadAttention(2, 3, name="mha", **options)


def grouped(**options):
    return layers.GroupQueryAttention(3, 4, 2, name="mha", **options)


def plain(**options):
    return layers.Attention(name="mha", **options)


def additive(**options):
    return layers.AdditiveAttention(name="mha", **options)


def several(layer):
    return isinstance(layer, (layers.MultiHeadAttention, layers.GroupQueryAttention))


def attend(layer, query, value, **options):
    if several(layer):
        return layer(query, value, **options)
    return layer([query, value], **options)


def zero_where(mask):
    """Sequences whose steps outside of the mask are zero."""
    return floats(*mask.shape, 4) * mask[..., None]


CAUSAL = {"use_causal_mask": True}
PAIRS = {"attention_mask": SOME_PAIRS[None]}
ATTENTIONS = [
    (multi_head, {}, {}),
    (multi_head, {"value_dim": 5, "output_shape": 7}, CAUSAL),
    (multi_head, {"use_bias": False}, PAIRS),
    (multi_head, {"dropout": 0.5}, CAUSAL | PAIRS),
    (multi_head, {"dtype": "mixed_float16"}, CAUSAL),
    (grouped, {}, {}),
    (grouped, {}, CAUSAL),
    (grouped, {}, PAIRS),
    (grouped, {"dtype": "mixed_float16"}, {}),
    (plain, {}, {}),
    (plain, {"use_scale": True, "score_mode": "concat"}, CAUSAL),
    (plain, {"dtype": "mixed_float16", "dropout": 0.5}, {}),
    (additive, {}, {}),
    (additive, {"use_scale": False}, CAUSAL),
]


@pytest.mark.filterwarnings("ignore:.*was passed an input with a mask attached")
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("make, settings, options", ATTENTIONS)
def test_attention_scores(make, settings, options, masked):
    layer = make(**settings)
    query, value = keras.Input((5, 4)), keras.Input((5, 4))
    mask = layers.Masking() if masked else layers.Identity()
    answer = attend(layer, mask(query), mask(value), **options)
    model = keras.Model([query, value], layers.Dense(2, name="out")(answer))
    x = [zero_where(SOME_ROWS), zero_where(SOME_ROWS[::-1])]
    given = [mask(tf.constant(one)) for one in x]
    _, scores = attend(layer, *given, return_attention_scores=True, **options)
    outputs = opened(model, x)
    same(outputs["mha/attention_scores"], np.asarray(scores, "float32"))
    np.testing.assert_array_equal(
        outputs["mha"], keras.Model(model.inputs, answer)(x).numpy().astype("float32")
    )
    by_name = opened(model, x, "mha/attention_scores", batch_size=2)
    assert list(by_name) == ["mha/attention_scores"]
    if not masked and not options:  # masked as a whole, rows are not cut alike
        same(by_name["mha/attention_scores"], np.asarray(scores, "float32"))


@pytest.mark.parametrize("make", [multi_head, grouped, plain, additive])
def test_scores_of_each_call(make):
    layer = make()

    def run(x):
        y = attend(layer, x, x)
        return attend(layer, y, x, use_causal_mask=True)

    model, x = functional((5, 4), run), floats(2, 5, 4)
    outputs = opened(model, x)
    y, first = attend(layer, x, x, return_attention_scores=True)
    _, second = attend(layer, y, x, return_attention_scores=True, use_causal_mask=True)
    same(outputs["mha/attention_scores"], first)
    same(outputs["mha:1/attention_scores"], second)
    both = opened(model, x, "mha/attention_scores")
    assert {"mha/attention_scores"} <= set(both)


def test_scores_that_the_model_asks_for_itself():
    layer = multi_head()
    model = functional((5, 4), lambda x: layer(x, x, return_attention_scores=True))
    x = floats(2, 5, 4)
    outputs = layer_outputs(model, x, inside=True)
    same(outputs["mha/attention_scores"], model(x)[1])
    same(outputs["mha/0"], model(x)[0])


def test_scores_that_cannot_be_told_say_why():
    x = floats(2, 5, 4)
    model = functional((5, 4), lambda x: multi_head(dropout=0.5)(x, x))
    with pytest.raises(ValueError, match="training=True Dropout changes") as caught:
        layer_outputs(model, x, "mha/attention_scores", training=True)
    assert len(str(caught.value).splitlines()) == 1
    with pytest.warns(UserWarning, match="mha/attention_scores is left out"):
        outputs = layer_outputs(model, x, training=True, inside=True)
    assert "mha/attention_scores" not in outputs and "mha" in outputs
    model.layers[-1]._flash_attention = True
    with pytest.raises(ValueError, match="flash_attention=False"):
        layer_outputs(model, x, "mha/attention_scores")


def test_attention_in_a_layer_of_one_s_own_and_in_a_model():
    inner = functional((5, 4), lambda x: multi_head()(x, x), name="inner")
    own = Makes(lambda x: attention(x, x), name="own")
    attention = own.attention = multi_head()
    model = functional((5, 4), lambda x: own(inner(x)))
    x = floats(2, 5, 4)
    outputs = opened(model, x)
    _, first = inner.layers[-1](x, x, return_attention_scores=True)
    y = inner(x)
    _, second = attention(y, y, return_attention_scores=True)
    same(outputs["inner/mha/attention_scores"], first)
    same(outputs["own/mha/attention_scores"], second)
    both = layer_outputs(model, x, "attention_scores")
    assert list(both) == ["inner/mha/attention_scores", "own/mha/attention_scores"]


# Recurrent layers ---------------------------------------------------------------------


def lstm_by_hand(layer, x, mask=None):
    """The states of an LSTM behind every step, in its own order."""
    kernel, recurrent, bias = map(np.asarray, layer.cell.get_weights())
    rows, steps, _ = x.shape
    mask = np.ones((rows, steps), bool) if mask is None else mask
    if layer.go_backwards:
        x, mask = x[:, ::-1], mask[:, ::-1]
    h = c = np.zeros((rows, layer.units))
    states = []
    for step in range(steps):
        z = x[:, step] @ kernel + h @ recurrent + bias
        i, f, new, o = np.split(z, 4, axis=1)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        here = mask[:, step, None]
        c = np.where(here, f * c + i * np.tanh(new), c)
        h = np.where(here, o * np.tanh(c), h)
        states.append((h, c))
    return [np.stack(one, 1) for one in zip(*states)]


def masks(rows, steps):
    mask = np.ones((rows, steps), bool)
    mask[0, steps // 2 :] = False  # ends early
    mask[1, :2] = False  # begins late
    mask[2, 1::2] = False  # has holes
    mask[3] = False
    return mask


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"go_backwards": True},
        {"unroll": True},
        {"go_backwards": True, "unroll": True, "return_sequences": True},
        {"return_sequences": True, "return_state": True},
        {"zero_output_for_mask": True, "return_sequences": True},
    ],
    ids=str,
)
def test_states_of_an_lstm(options, masked):
    layer = layers.LSTM(3, name="lstm", **options)
    mask = masks(4, 6)
    x = floats(4, 6, 2) * (mask[..., None] if masked else 1)
    first = layers.Masking() if masked else layers.Identity()
    model = functional((6, 2), lambda x: layer(first(x)))
    outputs = opened(model, x)
    h, c = lstm_by_hand(layer, x, mask if masked else None)
    same(outputs["lstm/h"], h.astype("float32"))
    same(outputs["lstm/c"], c.astype("float32"))
    for batch_size in (1, 3):
        cut = layer_outputs(model, x, ["lstm/h", "lstm/c"], batch_size=batch_size)
        assert list(cut) == ["lstm/h", "lstm/c"]
        same(cut["lstm/c"], c.astype("float32"))


KINDS = {
    "LSTM": lambda **o: layers.LSTM(3, name="rnn", **o),
    "GRU": lambda **o: layers.GRU(3, name="rnn", **o),
    "GRU as in 2014": lambda **o: layers.GRU(3, reset_after=False, name="rnn", **o),
    "SimpleRNN": lambda **o: layers.SimpleRNN(3, name="rnn", **o),
    "dropout": lambda **o: layers.LSTM(3, recurrent_dropout=0.5, name="rnn", **o),
    "cell": lambda **o: layers.RNN(layers.GRUCell(3), name="rnn", **o),
    "own cell": lambda **o: layers.RNN(Leaky(3), name="rnn", **o),
}


class Leaky(keras.Layer):
    """A cell of one's own with a layer inside."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.units = self.state_size = units
        self.dense = layers.Dense(units, name="dense")

    def build(self, shape):
        self.dense.build(shape)

    def call(self, x, states):
        new = 0.5 * states[0] + ops.tanh(self.dense(x))
        return new * 2, [new]


@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.parametrize("steps", [1, 2, 6])
@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_states_are_those_that_shorter_sequences_end_in(make, steps, unroll):
    layer = make(return_state=True, unroll=unroll)
    model, x = functional((None, 2), lambda x: layer(x)), floats(3, steps, 2)
    outputs = opened(model, x)
    for step in range(steps):
        _, *states = layer(x[:, : step + 1])
        for name, state in zip(["h", "c"], states):
            same(outputs[f"rnn/{name}"][:, step], state)


def test_states_of_pictures():
    layer = layers.ConvLSTM2D(2, 3, padding="same", return_sequences=True, name="rnn")
    model, x = functional((4, 5, 5, 1), layer), floats(2, 4, 5, 5, 1)
    outputs = opened(model, x)
    same(outputs["rnn/h"], model(x))
    assert outputs["rnn/c"].shape == outputs["rnn/h"].shape


def test_states_of_stacked_cells():
    cells = [layers.LSTMCell(3, name="a"), layers.GRUCell(2, name="b")]
    layer = layers.RNN(cells, return_sequences=True, return_state=True, name="rnn")
    model, x = functional((4, 2), layer), floats(3, 4, 2)
    outputs = opened(model, x)
    sequence, last, (*_,) = model(x)[0], *model(x)[1:2], []
    (h, c), b = last, model(x)[2]
    same(outputs["rnn/b/h"], sequence)
    same(outputs["rnn/a/h"][:, -1], h)
    same(outputs["rnn/a/c"][:, -1], c)
    same(outputs["rnn/b/h"][:, -1], b)


def test_states_of_stacked_cells_of_one_name():
    cells = [layers.GRUCell(3, name="cell"), layers.GRUCell(2, name="cell")]
    model = functional((4, 2), layers.RNN(cells, name="rnn"))
    outputs = layer_outputs(model, floats(3, 4, 2), inside=True)
    widths = [x.shape[-1] for key, x in outputs.items() if "/h" in key]
    assert widths == [3, 2]


@pytest.mark.parametrize("kind", [layers.LSTM, layers.GRU, layers.SimpleRNN])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
def test_both_directions(kind, masked, sequences):
    rnn = kind(3, return_sequences=sequences, name="rnn")
    layer = layers.Bidirectional(rnn, name="bi")
    first = layers.Masking() if masked else layers.Identity()
    model, mask = functional((6, 2), lambda x: layer(first(x))), masks(4, 6)
    x = floats(4, 6, 2) * mask[..., None]
    outputs = opened(model, x)
    given = first(tf.constant(x))
    same(outputs["bi/forward_rnn"], layer.forward_layer(given))
    same(outputs["bi/backward_rnn"], layer.backward_layer(given))
    if kind is layers.LSTM:
        for name in ("forward", "backward"):
            h, c = lstm_by_hand(
                getattr(layer, f"{name}_layer"), x, mask if masked else None
            )
            same(outputs[f"bi/{name}_rnn/h"], h.astype("float32"))
            same(outputs[f"bi/{name}_rnn/c"], c.astype("float32"))
    one = layer_outputs(model, x, "backward_rnn", batch_size=3)
    same(one["bi/backward_rnn"], layer.backward_layer(given))


def test_a_subclass_of_a_recurrent_layer():
    class Mine(layers.LSTM):
        pass

    model = functional((4, 2), Mine(3, name="rnn"))
    outputs = layer_outputs(model, floats(2, 4, 2))
    assert len([key for key in outputs if key.endswith("/0")]) in (0, 4)


# Layers around layers -----------------------------------------------------------------


def small_network():
    return sequential(
        (6, 6, 1), layers.Conv2D(2, 3, name="conv"), layers.Flatten(name="flat")
    )


@pytest.mark.parametrize("rows", [1, 3, 5])
def test_a_network_for_every_step(rows):
    inner = small_network()
    model = functional((4, 6, 6, 1), layers.TimeDistributed(inner, name="td"))
    x = floats(rows, 4, 6, 6, 1)
    merged = x.reshape(-1, 6, 6, 1)
    for options in ({}, {"batch_size": 2}, MANY):
        outputs = opened(model, x, **options)
        conv = np.asarray(inner.get_layer("conv")(merged))
        same(outputs["td/conv"], conv.reshape(rows, 4, *conv.shape[1:]))
        same(outputs["td/flat"], np.asarray(inner(merged)).reshape(rows, 4, -1))
        same(outputs["td"], model(x))
    assert list(layer_outputs(model, x, "conv")) == ["td/conv"]


def test_a_layer_called_twice_in_every_step():
    dense = layers.Dense(3, name="dense")
    inner = functional((3,), lambda x: dense(ops.tanh(dense(x))))
    model = functional((4, 3), layers.TimeDistributed(inner, name="td"))
    x = floats(2, 4, 3)
    outputs = opened(model, x)
    same(outputs["td/dense"], dense(x))
    same(outputs["td/dense:1"], dense(np.tanh(dense(x))))


def test_steps_in_steps():
    inner = layers.TimeDistributed(layers.Dense(2, name="dense"), name="inner")
    model = functional((4, 5, 3), layers.TimeDistributed(inner, name="outer"))
    x = floats(2, 4, 5, 3)
    same(opened(model, x)["outer/inner"], inner.layer(x))
    deeper = layers.TimeDistributed(small_network(), name="inner")
    deeper = sequential((3, 6, 6, 1), deeper)
    model = functional((2, 3, 6, 6, 1), layers.TimeDistributed(deeper, name="outer"))
    x = floats(2, 2, 3, 6, 6, 1)
    conv = deeper.layers[0].layer.get_layer("conv")
    found = opened(model, x)["outer/inner/conv"]
    same(found, np.asarray(conv(x.reshape(-1, 6, 6, 1))).reshape(found.shape))


def test_a_recurrent_network_in_every_step():
    inner = sequential((5, 2), layers.LSTM(3, name="lstm"), layers.Dense(1))
    model = functional((4, 5, 2), layers.TimeDistributed(inner, name="td"))
    x = floats(2, 4, 5, 2)
    h, _ = lstm_by_hand(inner.layers[0], x.reshape(-1, 5, 2))
    same(opened(model, x)["td/lstm/h"], h.reshape(2, 4, 5, 3).astype("float32"))


def test_a_recurrent_layer_in_every_step():
    lstm = layers.LSTM(3, name="lstm")
    model = functional((4, 5, 2), layers.TimeDistributed(lstm, name="td"))
    x = floats(2, 4, 5, 2)
    with pytest.warns(UserWarning, match="td/h is left out: td runs lstm without"):
        outputs = layer_outputs(model, x, inside=True)
    assert list(outputs) == ["td/lstm", "td"]
    same(outputs["td"], model(x))


def test_spectral_normalization_and_pipelines():
    dense, x = layers.Dense(3, name="dense"), floats(4, 6)
    model = functional((6,), layers.SpectralNormalization(dense, name="sn"))
    before = variables_of(model)
    same(opened(model, x)["sn/dense"], model(x))
    layer_outputs(model, x, training=True, inside=True)
    for old, new in zip(before, variables_of(model)):
        np.testing.assert_array_equal(old, new)
    parts = [layers.Rescaling(2.0, name="twice"), layers.Rescaling(1, 1.0, name="more")]
    model = functional((6,), layers.Pipeline(parts, name="pipe"))
    outputs = opened(model, x)
    same(outputs["pipe/twice"], 2 * x)
    same(outputs["pipe/more"], 2 * x + 1)
    assert list(layer_outputs(model, x, "pipe/twice")) == ["pipe/twice"]


def test_layers_in_a_lambda():
    dense = layers.Dense(3, name="dense")
    dense.build((None, 6))
    model = functional((6,), layers.Lambda(lambda x: dense(x) + 1, name="lambda"))
    x = floats(4, 6)
    same(layer_outputs(model, x, "lambda/dense")["lambda/dense"], dense(x))


def td_kw(x):
    return layers.TimeDistributed(layers.Dense(2))(inputs=x)


def rnn_kw(x):
    return layers.LSTM(2)(sequences=x)


def attention_kw(x):
    return multi_head()(query=x, value=x)


@pytest.mark.parametrize(
    "run",
    [
        td_kw,
        rnn_kw,
        attention_kw,
    ],
)
def test_inputs_given_by_name(run):
    model, x = functional((5, 4), run), floats(2, 5, 4)
    same(list(opened(model, x).values())[-1], model(x))


# Names that cannot be reached ---------------------------------------------------------


class Vectorized(keras.Layer):
    def __init__(self, **options):
        super().__init__(**options)
        self.dense = layers.Dense(3, name="dense")

    def build(self, shape):
        self.dense.build(shape)

    def call(self, x):
        return tf.vectorized_map(lambda row: self.dense(row[None])[0], x)


@pytest.mark.parametrize("options", [{}, MANY], ids=["few", "many"])
def test_what_tensorflow_compiles_says_why(options):
    model, x = functional((6,), Vectorized(name="own")), floats(9, 6)
    with pytest.warns(UserWarning, match="own/dense is left out: .* tf.vectorized_map"):
        same(layer_outputs(model, x, **options)["own"], model(x))
    for name in ("own/dense", "dense"):
        with pytest.raises(ValueError, match="tf.vectorized_map") as caught:
            layer_outputs(model, x, name, **options)
        assert len(str(caught.value).splitlines()) == 1


def test_a_saved_model_has_no_layers(tmp_path):
    saved, x = sequential((6,), layers.Dense(2, name="dense")), floats(3, 6)
    saved.export(str(tmp_path / "saved"), verbose=False)
    layer = layers.TFSMLayer(str(tmp_path / "saved"), call_endpoint="serve", name="sm")
    model = functional((6,), layer)
    same(layer_outputs(model, x)["sm"], saved(x))
    with pytest.raises(ValueError, match="'sm' is a SavedModel"):
        layer_outputs(model, x, "dense")
