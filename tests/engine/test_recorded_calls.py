"""Which calls are recorded, what they are called, and what is said of the others."""

import re

import keras
import numpy as np
import pytest
from keras import layers, ops
from support import (
    MANY,
    Makes,
    floats,
    functional,
    same,
    sequential,
    whole,
)

from helpers.by_hand import hand_check
from helpers.extraction import layer_outputs

# Operations, names, the model's answer ------------------------------------------------

OPERATIONS = {
    "halves": lambda x: layers.Dense(3)(x / 2 + 1),
    "softmax": lambda x: keras.activations.softmax(layers.Dense(3)(x)),
    "a part": lambda x: layers.Dense(2)(x[:, 1:3]) * x[:, :1],
    "split": lambda x: ops.concatenate(ops.split(layers.Dense(6)(x), 3, 1)[::-1], 1),
    "norm": lambda x: ops.sqrt(ops.sum(ops.square(x), axis=-1, keepdims=True)),
    "einsum": lambda x: ops.einsum("bi,bj->bij", x, layers.Dense(2)(x)),
    "where": lambda x: ops.where(x > 0, x, ops.exp(x) - 1),
    "top": lambda x: ops.top_k(x, 2)[0],
    "clipped": lambda x: -ops.clip(abs(x) ** 2, 0.1, 0.9) @ ops.ones((6, 2)),
    "twice": lambda x: ops.relu(ops.relu(layers.Dense(3)(x)) - 1),
}


@pytest.mark.parametrize("run", OPERATIONS.values(), ids=OPERATIONS)
@pytest.mark.parametrize("options", [{}, MANY], ids=["few", "many"])
def test_operations_are_those_of_the_summary(run, options):
    model, x = functional((6,), run), floats(9, 6)
    outputs = layer_outputs(model, x, **options)
    shown = [one for one in model.operations if not isinstance(one, layers.InputLayer)]
    assert list(dict.fromkeys(key.split("/")[0] for key in outputs)) == [
        one.name for one in shown
    ]
    for one in shown:
        expected = keras.tree.flatten(keras.Model(model.inputs, one.output)([x]))
        found = [x for key, x in outputs.items() if key.split("/")[0] == one.name]
        assert len(found) == len(expected)
        for pair in zip(found, expected):
            same(*pair)
        named = layer_outputs(model, x, one.name, **options)
        assert {key.split("/")[0] for key in named} == {one.name}


def of_words(run):
    return functional((5,), run, dtype="int32")


def masked_lstm(x):
    return layers.LSTM(3, name="lstm")(
        layers.Embedding(9, 4, mask_zero=True, name="words")(x)
    )


def mask_by_hand(x):
    words = layers.Embedding(9, 4, name="words")(x)
    mask = ops.logical_and(ops.not_equal(x, 0), ops.less(x, 7))
    return layers.LSTM(3, name="lstm")(words, mask=mask)


def mask_and_count(x):
    words = layers.Embedding(9, 4, name="words")(x)
    mask = ops.not_equal(x, 0)
    count = ops.sum(ops.cast(mask, "float32"), axis=1, keepdims=True)
    return layers.LSTM(3, name="lstm")(words, mask=mask) / count


@pytest.mark.parametrize(
    "run, hidden",
    [
        (masked_lstm, {"not_equal"}),
        (mask_by_hand, {"not_equal", "less", "logical_and"}),
        (mask_and_count, set()),
    ],
)
@pytest.mark.parametrize("options", [{}, MANY], ids=["few", "many"])
def test_operations_that_only_make_masks(run, hidden, options):
    model, x = of_words(run), whole(9, 9, 5)
    x[:, 0] = 1
    outputs = layer_outputs(model, x, **options)
    shown = [one.name for one in model.operations[1:]]
    left_out = {name for name in shown if name not in outputs}
    assert {re.sub(r"_\d+$", "", name) for name in left_out} == hidden
    same(
        outputs["lstm"], keras.Model(model.inputs, model.get_layer("lstm").output)([x])
    )
    for name in left_out:
        found = layer_outputs(model, x, name, **options)
        assert list(found) == [name] and found[name].dtype == bool


def test_a_mask_that_is_given_out():
    x = keras.Input((5,), dtype="int32")
    mask = ops.not_equal(x, 0)
    words = layers.Embedding(9, 4)(x)
    model = keras.Model(x, [layers.LSTM(3)(words, mask=mask), mask])
    ids = whole(9, 3, 5)
    found = [one for one in layer_outputs(model, ids).values() if one.dtype == bool]
    assert found and np.array_equal(found[0], ids != 0)


class Answers(keras.Model):
    """A model of one's own that ends in what a function makes of a layer's output."""

    def __init__(self, function, name="answers"):
        super().__init__(name=name)
        self.dense, self.function = layers.Dense(4, name="dense"), function

    def call(self, x):
        return self.function(self.dense(x))


ANSWERS = {
    "an operation": (ops.softmax, ["dense", "answers"]),
    "the layer": (lambda y: y, ["dense"]),
    "two": (lambda y: (y, ops.relu(y)), ["dense", "answers/0", "answers/1"]),
    "dict": (
        lambda y: {"p": ops.softmax(y), "logits": y},
        ["dense", "answers/logits", "answers/p"],
    ),
    "nested": (
        lambda y: [y, {"a": -y, "b": (ops.abs(y),)}],
        ["dense", "answers/0", "answers/1/a", "answers/1/b/0"],
    ),
    "list of the layer": (lambda y: [y], ["dense"]),
}


@pytest.mark.parametrize("function, names", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("options", [{}, MANY], ids=["few", "many"])
def test_the_model_s_answer_is_always_there(function, names, options):
    model, x = Answers(function), floats(9, 6)
    expected = keras.tree.flatten(model(x))
    outputs = layer_outputs(model, x, **options)
    assert list(outputs) == names
    for found, one in zip(list(outputs.values())[-len(expected) :], expected):
        same(found, one)
    if len(names) > 1:
        assert list(layer_outputs(model, x, "answers", **options)) == names[1:]


def test_an_answer_that_is_an_array():
    model, x = Answers(lambda y: np.asarray(y) * 2), floats(3, 6)
    expected = model(x)
    same(list(layer_outputs(model, x).values())[-1], expected)


def test_a_model_named_like_its_layer():
    model, x = Answers(ops.relu, name="dense"), floats(3, 6)
    answer = model(x)
    outputs = layer_outputs(model, x)
    assert len(outputs) == 2
    same(outputs["dense"], model.dense(x))
    same(list(outputs.values())[-1], answer)
    model = functional((6,), layers.Dense(2, name="one"), name="one")
    same(layer_outputs(model, x, "one")["one"], model(x))


def test_a_model_that_gives_out_its_input():
    x = keras.Input((6,))
    model = keras.Model(x, [layers.Dense(2, name="dense")(x), x], name="both")
    data = floats(3, 6)
    outputs = layer_outputs(model, data)
    same(outputs["dense"], model(data)[0])
    same(outputs["both/1"], data)
    model = keras.Model(x, x, name="only")
    same(layer_outputs(model, data)["only"], data)


class Twice(keras.Sequential):
    """Calls all its layers twice."""

    def call(self, x, training=None, mask=None):
        return super().call(super().call(x))


class Doubled(keras.Model):
    """A functional model with a ``call`` around its graph."""

    def __init__(self):
        x = keras.Input((6,))
        super().__init__(x, layers.Dense(6, name="dense")(x), name="twice")

    def call(self, x):
        return super().call(super().call(x))


@pytest.mark.parametrize(
    "make", [Doubled, lambda: Twice(sequential((6,), dense()).layers)]
)
def test_a_graph_with_a_call_around_it(make):
    model, x = make(), floats(3, 6)
    model(x)
    for one in (model, sequential((6,), model)):
        outputs = layer_outputs(one, x)
        prefix = "" if one is model else f"{model.name}/"
        named = layer_outputs(one, x, f"{prefix}dense")
        assert list(named) == [f"{prefix}dense", f"{prefix}dense:1"]
        same(outputs[f"{prefix}dense:1"], one(x))


def dense():
    return layers.Dense(6, name="dense")


class Named(keras.Layer):
    """Its inner layers have the names of its outputs."""

    def __init__(self, names, give, **options):
        super().__init__(**options)
        self.inner, self.give = [layers.Dense(3, name=name) for name in names], give

    def call(self, x):
        return self.give([inner(x) * 10 for inner in self.inner])


CLASHES = {
    "a list": (("0", "1"), tuple),
    "a dict": (("a", "b"), lambda ys: dict(zip("ab", ys))),
}


@pytest.mark.parametrize("names, give", CLASHES.values(), ids=CLASHES)
def test_inner_layers_with_the_names_of_outputs(names, give):
    model, x = functional((6,), Named(names, give, name="own")), floats(3, 6)
    outputs = layer_outputs(model, x)
    inner = [np.asarray(one(x)) for one in model.layers[1].inner]
    for expected in (*inner, *(10 * one for one in inner)):
        assert any(np.allclose(one, expected) for one in outputs.values())


class Fresh(keras.Model):
    """Makes layers without weights while it runs, as many do."""

    def __init__(self):
        super().__init__(name="fresh")
        self.a, self.b = layers.Dense(3, name="a"), layers.Dense(3, name="b")

    def call(self, x):
        return layers.ReLU(name="relu")(layers.Add(name="sum")([self.a(x), self.b(x)]))


@pytest.mark.parametrize("options", [{}, MANY], ids=["few", "many"])
def test_layers_made_within_call(options):
    model, x = Fresh(), floats(9, 6)
    expected = model(x)
    outputs = layer_outputs(model, x, **options)
    same(outputs["relu"], expected)
    same(outputs["a"], model.a(x))


@pytest.mark.parametrize("kind", [keras.Sequential, keras.Model, keras.Layer])
def test_a_class_does_not_mean_the_model_itself(kind):
    inner = sequential((6,), layers.Dense(3, name="deep"))
    inner.name = "inner"
    model = sequential((6,), inner, layers.Dense(2, name="dense"))
    found = layer_outputs(model, floats(3, 6), kind)
    assert model.name not in found and "inner" in found


def test_a_layer_that_gives_out_its_variable():
    class Gives(keras.Layer):
        def build(self, shape):
            self.weight = self.add_weight(shape=(6,), initializer="ones")

        def call(self, x):
            return self.weight

    inner = Gives(name="gives")
    outer = Makes(lambda x: x + inner(x), name="own")
    outer.inner = inner
    model, x = sequential((6,), outer), floats(3, 6)
    same(layer_outputs(model, x, "own/gives")["own/gives"], np.ones(6))


def test_ragged_outputs_are_told_or_refused_in_words():
    layer = layers.TextVectorization(vocabulary=["a"], ragged=True, name="words")
    model = sequential((), layer, dtype="string")
    try:
        found = layer_outputs(model, np.array(["a a", "a"]), "words")
    except ValueError as error:
        assert "Did you mean 'words'" not in str(error)
    else:
        assert "words" in found


# Stopping early -----------------------------------------------------------------------


class Counts(keras.Layer):
    def __init__(self, **options):
        super().__init__(**options)
        self.count = 0

    def call(self, x):
        self.count += 1
        return x * 1


def counted():
    counter = Counts(name="counter")
    inner = functional((6,), lambda x: counter(layers.Dense(6, name="deep")(x)))
    inner.name = "inner"
    first = layers.Dense(6, name="first")
    return functional((6,), lambda x: counter(inner(first(x)))), counter, first


@pytest.mark.parametrize("wanted", ["first", "inner/deep", ["inner/deep", "first"]])
def test_later_layers_are_not_run(wanted):
    model, counter, _ = counted()
    counter.count = 0
    layer_outputs(model, floats(2, 6), wanted)
    assert counter.count == 0


@pytest.mark.parametrize("wanted", [0, "dense", ["relu", 0], -2])
def test_later_layers_are_not_run_in_a_plain_network(wanted):
    def counting(x):
        runs.append(x)
        return x

    runs, relu = [], layers.ReLU(name="relu")
    count = layers.Lambda(counting)
    model = sequential((6,), layers.Dense(3, name="dense"), relu, count)
    del runs[:]
    layer_outputs(model, floats(2, 6), wanted)
    layer_outputs(model, floats(2, 6), relu)
    assert not runs


@pytest.mark.parametrize("wanted", ["counter", "inner", 2, "inner/counter", Counts])
def test_and_those_needed_are(wanted):
    model, _, _ = counted()
    x, everything = floats(2, 6), layer_outputs(model, floats(2, 6))
    outputs = layer_outputs(model, x, wanted)
    if wanted is Counts:
        assert list(outputs) == ["inner/counter", "counter"]
    else:
        assert len(outputs) == 1 and set(outputs) < set(everything)
    if wanted == "counter":
        same(outputs["counter"], model(x))


class CallsAgain(keras.Layer):
    """Calls a layer of the model once more."""

    def __init__(self, layer, **options):
        super().__init__(**options)
        self.layer = layer

    def call(self, x):
        return self.layer(x)


def shared_networks():
    dense = layers.Dense(6, name="dense")
    inner = functional((6,), lambda x: dense(dense(x)), name="inner")
    again = CallsAgain(dense, name="own")

    class Own(keras.Model):
        def __init__(self):
            super().__init__(name="model")
            self.dense, self.inner, self.again = dense, inner, again

        def call(self, x):
            return self.again(self.inner(self.dense(self.dense(x))))

    yield functional((6,), lambda x: dense(dense(x)))
    yield functional((6,), lambda x: dense(inner(inner(dense(x)))))
    yield functional((6,), lambda x: again(dense(x)))
    yield functional((6,), lambda x: again(again(inner(x))))
    yield sequential((6,), inner, dense, again)
    yield Own()


@pytest.mark.parametrize("number", range(6))
def test_no_call_is_missed(number):
    model, x = list(shared_networks())[number], floats(2, 6)
    model(x)
    everything = layer_outputs(model, x)
    answer = np.asarray(model(x))
    assert any(np.allclose(one, answer, atol=1e-6) for one in everything.values())
    by_path = {}
    for key in everything:
        path = "/".join(part.partition(":")[0] for part in key.split("/"))
        by_path.setdefault(path, []).append(key)
    for path, keys in by_path.items():
        assert list(layer_outputs(model, x, path)) == keys
    for key in everything:
        assert key in layer_outputs(model, x, key)
    dense = [key for key in everything if key.split("/")[-1].startswith("dense")]
    assert list(layer_outputs(model, x, layers.Dense)) == dense
    layer = next(iter(shared_layers(model)))
    assert list(layer_outputs(model, x, layer)) == dense


def shared_layers(model):
    return [one for one in model._flatten_layers() if one.name == "dense"]


def test_a_layer_named_like_a_second_call():
    x = keras.Input((6,))
    y = layers.Dense(6, name="dense:1")(layers.Dense(6, name="dense")(x))
    model, data = keras.Model(x, y), floats(3, 6)
    same(layer_outputs(model, data, "dense:1")["dense:1"], model(data))


# Names that TensorFlow refuses --------------------------------------------------------


@pytest.mark.parametrize("options", [{}, MANY], ids=["few", "many"])
@pytest.mark.parametrize(
    "name", ["은닉층", "a layer", "été", "1st", "_x", "a:b", "50%"]
)
def test_names_that_tensorflow_refuses(name, options, tmp_path):
    inner = functional((6,), layers.Dense(3, name=name), name=f"{name} {name}")
    model, x = functional((6,), lambda x: ops.tanh(inner(x))), floats(9, 6)
    key = f"{inner.name}/{name}"
    outputs = layer_outputs(model, x, **options)
    same(outputs[key], inner(x))
    same(list(outputs.values())[-1], model(x))
    same(layer_outputs(model, x, key, out=tmp_path, **options)[key], inner(x))
    assert hand_check(model, x).equal
