"""The record proves itself: a model that runs on with it gives the same answer.

`prove` puts what `layer_outputs` says of a layer in the place of what the layer gives
out: the answer must stay. It puts noise there: the answer must be another one, and the
very one of Keras, made to run on with the same noise by other means (`Spy`). So there
is one reason alone for which noise may leave an answer as it is: the Spy has put it
there too, once, and Keras's own answer has stayed. The caller is told where that was;
in the networks of `keras.applications` it may be nowhere.

``LAYERS_PROOF=all`` proves every entry of every network, otherwise a sample.
``pytest -rP`` prints how many entries were proved.
"""

import os
import re
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.engine import recording, replacing
from helpers.extraction import layer_outputs

ALL = os.environ.get("LAYERS_PROOF") == "all"
SAME = 1e-5  # of the largest number of an answer


class Spy:
    """Runs a model and sees, or changes, what its calls give out; by its own means.

    Nothing of the recorder is used: ``call`` is replaced on each layer and operation,
    not ``__call__`` on their classes, and the calls are counted here.

    Arguments:
        model: built ``keras.Model``.
        instead: dict ``{key: function of the output}``, keys as in `layer_outputs`.

    Attributes:
        outputs: dict ``{key: tensor}``, with what is inside Keras's own layers.
        parts: dict ``{key: layer or operation}``, of names too.
        hits: how often each function of ``instead`` was called.
    """

    def __init__(self, model, instead=None):
        self.model, self.instead = model, instead or {}
        self.outputs, self.hits, self.parts = {}, Counter(), {}
        self.around = [("", Counter())]  # the calls that go on: name/, calls inside

    def run(self, *batches):
        """Return the model's answer, a list of arrays; it keeps its state in between."""
        parts = list(operations_in(self.model))
        for part in parts:
            vars(part)["call"] = self.watched(part, part.call)
        answers = []
        try:
            with keras.StatelessScope():
                for inputs in batches:
                    self.around[0][1].clear()
                    output = self.model(inputs, training=False)
                    output = self.seen(self.model.name, self.model, output)
                    answers.append(keras.tree.flatten(output))
        finally:
            for part in parts:
                del vars(part)["call"]
        missed = {key for key in self.instead if self.hits[key] != len(batches)}
        assert not missed, f"Keras calls no {missed} once"
        return [np.concatenate(parts) for parts in zip(*answers)]

    def watched(self, part, call):
        def watch(*args, **kwargs):
            outer, counts = self.around[-1]
            number = counts[part.name]
            counts[part.name] += 1
            name = f"{outer}{part.name}" + f":{number}" * (number > 0)
            self.around.append((f"{name}/", Counter()))
            try:
                output = call(*args, **kwargs)
            finally:
                self.around.pop()
            return self.seen(name, part, output)

        return watch

    def seen(self, name, part, output):
        leaves = keras.tree.flatten_with_path(output)
        new, self.parts[name] = [], part
        for steps, leaf in leaves:
            key = "/".join([name, *map(str, steps)]) if len(leaves) > 1 else name
            if key in self.instead:
                self.hits[key] += 1
                leaf = tf.cast(self.instead[key](np.asarray(leaf)), leaf.dtype)
            self.outputs[key], self.parts[key] = leaf, part
            new.append(leaf)
        return keras.tree.pack_sequence_as(output, new)


def operations_in(model):
    """All layers of a model at any depth, and the operations of functional ones."""
    layers = model._flatten_layers(include_self=False)
    found = {id(layer): layer for layer in layers}
    for one in [model, *found.values()]:
        found |= {id(op): op for op in getattr(one, "operations", None) or []}
    return found.values()


@dataclass
class Proof:
    """What `prove` has found.

    Attributes:
        entries: number of entries proved.
        stayed: names of those whose noise Keras's own answer does not depend on.
        same: largest difference of an answer with the record in its place.
        noise: largest difference to Keras's answer with the same noise.
        another: smallest difference that noise has made, of those not in ``stayed``.
    """

    entries: int = 0
    stayed: list = field(default_factory=list)
    same: float = 0
    noise: float = 0
    another: float = np.inf

    def note(self, name, same, noise, another, of_keras):
        """Take four differences, and fail if one of them is not as it must be.

        Arguments:
            name: the entry.
            same: of the answer with the record to Keras's.
            noise: of the answer with noise to Keras's with noise.
            another: of the answer with noise to Keras's without.
            of_keras: of Keras's answer with noise to Keras's without.
        """
        assert same <= SAME, f"{name}: with its record the answer is off by {same:.1e}"
        assert noise <= SAME, f"{name}: with noise it is off by {noise:.1e} of Keras's"
        if of_keras > SAME:
            assert another > 0, f"{name}: noise changes nothing, but it does in Keras"
            self.another = min(self.another, another)
        else:
            self.stayed.append(name)
        self.entries += 1
        self.same, self.noise = max(self.same, same), max(self.noise, noise)

    def __str__(self):
        return (
            f"{self.entries} entries, {len(self.stayed)} stay; largest differences: "
            f"same {self.same:.0e}, noise {self.noise:.0e}; smallest change "
            f"{self.another:.0e}"
        )


def prove(model, inputs, names=None, rng=None, alone=False):
    """Prove entries of ``layer_outputs(model, inputs)``, many of them in one run.

    Each entry has two rows of the inputs to itself: its record is put into one of them,
    noise into the other. An entry that has no row for each input is put in as a whole,
    in runs of its own; so are all of a model with a fixed batch size.

    Arguments:
        model: built ``keras.Model`` whose answer has a row for each input.
        inputs: array, or list or dict of arrays: different rows.
        names: the entries; all by default.
        rng: generator of the noise.
        alone: whether every entry is put in as a whole.
    """
    rng = rng or np.random.default_rng(0)
    record, kept, proof = layer_outputs(model, inputs), in_keras(model, inputs), Proof()
    names, rows = list(record) if names is None else list(names), len(kept[0])
    itself = [name for name in record if name.split("/")[0] == model.name]
    if itself:  # the answer is an entry, and nothing is behind it
        assert difference([record[name] for name in itself], kept) <= SAME
        names = [name for name in names if name not in itself]
    assert difference(in_record(model, inputs, record), kept) <= SAME
    together = [] if alone or batch_of(model) else names
    if together:
        fewer = layer_outputs(model, keras.tree.map_structure(lambda x: x[1:], inputs))
        together = [name for name in names if has_rows(record[name], fewer[name], rows)]
    for start in range(0, len(together), rows // 2):
        instead, noise = {}, {}
        for i, name in enumerate(together[start : start + rows // 2]):
            y = record[name]
            noise[name] = noise_like(y, rng)[0]
            instead[name] = rows_instead({2 * i: y[2 * i], 2 * i + 1: noise[name]})
        one = in_record(model, inputs, record, instead)
        other = in_keras(model, inputs, instead)
        for i, name in enumerate(instead):
            ours, keras_own, before = (
                [[y[row] for y in answer] for row in (2 * i, 2 * i + 1)]
                for answer in (one, other, kept)
            )
            proof.note(
                name,
                difference(ours[0], before[0]),
                difference(ours[1], keras_own[1]),
                difference(ours[1], before[1]),
                difference(keras_own[1], before[1]),
            )
    for name in names:
        if name not in together:
            noise = noise_like(record[name], rng)
            one = in_record(model, inputs, record, {name: record[name]})
            other = in_record(model, inputs, record, {name: noise})
            keras_own = in_keras(model, inputs, {name: noise})
            proof.note(
                name,
                difference(one, kept),
                difference(other, keras_own),
                difference(other, kept),
                difference(keras_own, kept),
            )
    return proof


def in_record(model, inputs, record, instead=None):
    """The answer while `layer_outputs` runs, some entries replaced by something else."""
    instead = instead or {}
    first = next(iter(instead or record))
    # a plain name stands for all calls of a layer: the others stay as they are
    paths = {path_of(name) for name in [first, *instead]}
    others = {name for name in record if path_of(name) in paths}
    with listening(model) as answers:
        replace = dict.fromkeys(others, lambda y: y) | instead
        layer_outputs(model, inputs, first, replace=replace)
    rows = len(keras.tree.flatten(inputs)[0])
    batches = rows // (batch_of(model) or rows)
    return [np.concatenate(parts) for parts in zip(*answers[-batches:])]


@contextmanager
def listening(model):
    """Collect what a model gives out, whoever calls it."""
    answers, call = [], model.call

    @wraps(call)
    def listen(*args, **kwargs):
        output = call(*args, **kwargs)
        answers.append(keras.tree.flatten(output))
        return output

    vars(model)["call"] = listen
    try:
        yield answers
    finally:
        del vars(model)["call"]


def in_keras(model, inputs, instead=None):
    """The same of Keras itself."""
    rows = len(keras.tree.flatten(inputs)[0])
    batch = batch_of(model) or rows
    batches = [
        keras.tree.map_structure(lambda x, i=i: x[i : i + batch], inputs)
        for i in range(0, rows, batch)
    ]
    instead = {
        key: new if callable(new) else batch_by_batch(new, batch)
        for key, new in (instead or {}).items()
    }
    return Spy(model, instead).run(*batches)


def batch_by_batch(new, batch):
    parts = iter([new[i : i + batch] for i in range(0, len(new), batch)])
    return lambda y: new if new.shape == y.shape else next(parts)


def path_of(name):
    return re.sub(r":\d+(?=/|$)", "", name)


def batch_of(model):
    """The batch size that a model is made for, or None."""
    symbols = getattr(model, "inputs", None)
    return symbols[0].shape[0] if symbols else None


def has_rows(y, fewer, rows):
    return y.shape == (rows, *y.shape[1:]) and fewer.shape == (rows - 1, *y.shape[1:])


def rows_instead(new):
    """Return a function that puts something else into some rows of an output."""

    def put(y):
        y = np.array(y)
        for row, value in new.items():
            y[row] = value
        return y

    return put


def noise_like(y, rng):
    """Random numbers of the shape, dtype, mean and spread of an output; also its sign."""
    if y.dtype == bool:
        return ~y
    if y.dtype.kind in "iu":
        return rng.integers(y.min(), y.max(), y.shape, endpoint=True).astype(y.dtype)
    spread = y.std() or np.abs(y).max() or 1
    noise = rng.normal(y.mean(), spread, y.shape)
    return (np.abs(noise) if y.min() >= 0 else noise).astype(y.dtype)


def difference(answer, other):
    """The largest difference of two answers, each output by its own largest number."""
    assert len(answer) == len(other) > 0
    largest = 0
    for x, y in zip(answer, other):
        x, y = np.asarray(x, "float64"), np.asarray(y, "float64")
        assert x.shape == y.shape and np.isfinite(y).all()
        assert np.isfinite(x).all()
        scale = max(np.abs(x).max(), np.abs(y).max())
        largest = max(largest, np.abs(x - y).max() / scale if scale else 0)
    return float(largest)


# ------------------------------------------------------------- a proof can fail


def small():
    """A network whose layers have outputs of one shape, one of them called twice."""
    x = keras.Input((4,))
    first = keras.layers.Dense(4, "tanh", name="first")(x)
    shared = keras.layers.Dense(4, "tanh", name="shared")
    y = keras.ops.sin(shared(shared(first)))
    y = keras.layers.Dense(4, "tanh", name="last")(y + first)
    model = keras.Model(x, keras.layers.Dense(2, name="answer")(y))
    settle(model, np.random.default_rng(0), None)
    return model, np.random.default_rng(1).normal(size=(9, 4))


@pytest.mark.parametrize("alone", [False, True])
def test_right_records(alone):
    model, x = small()
    proof = prove(model, x, alone=alone)
    assert proof.entries == 7 and proof.stayed == [] and proof.another > 1e-3


def earlier(output, before):
    return before


def shifted(output, before):
    return output + 1e-3


def of_another_row(output, before):
    return tf.roll(output, 1, axis=0)


def of_another_unit(output, before):
    return tf.roll(output, 1, axis=1)


def before_activation(output, before):
    return tf.atanh(output)


@pytest.mark.parametrize("name", ["first", "shared", "shared:1", "last"])
@pytest.mark.parametrize(
    "wrong", [earlier, shifted, of_another_row, of_another_unit, before_activation]
)
@pytest.mark.parametrize("alone", [False, True])
def test_wrong_records(monkeypatch, name, wrong, alone):
    add, before = recording.Recorder.add, []

    def add_wrong(recorder, call):
        before.append(call.output)
        if call.name == name:
            call.output = wrong(*before[:-3:-1])
        add(recorder, call)

    model, x = small()
    monkeypatch.setattr(recording.Recorder, "add", add_wrong)
    with pytest.raises(AssertionError, match=f"{name}: with its record"):
        prove(model, x, alone=alone)
    others = {"first", "shared", "shared:1", "last"} - {name}
    assert prove(model, x, sorted(others), alone=alone).entries == 3


@pytest.mark.parametrize("pair", [("first", "last"), ("shared", "shared:1")])
def test_exchanged_names(monkeypatch, pair):
    add, other = recording.Recorder.add, dict([pair, pair[::-1]])

    def add_wrong(recorder, call):
        if call.name in other:
            call.name = other[call.name]
            call.path, call.keys = path_of(call.name), [call.name]
        add(recorder, call)

    monkeypatch.setattr(recording.Recorder, "add", add_wrong)
    with pytest.raises(AssertionError, match="is off by"):
        prove(*small())


def test_what_is_not_put_in(monkeypatch):
    monkeypatch.setattr(
        replacing.Replacing, "replace", lambda self, call, output: output
    )
    monkeypatch.setattr(replacing.Replacing, "unused", lambda self: None)
    with pytest.raises(AssertionError, match="with noise it is off by"):
        prove(*small())


def test_what_keras_does_not_call():
    model, x = small()
    with pytest.raises(AssertionError, match="Keras calls no {'other'}"):
        Spy(model, {"other": lambda y: y}).run(x)


def test_what_nothing_depends_on():
    x = keras.Input((5, 3))
    y, h, c = keras.layers.LSTM(4, return_state=True, name="lstm")(x)
    off = keras.layers.Dense(4, name="off")(h)
    model = keras.Model(x, keras.layers.ReLU(name="relu")(y) + 0 * off)
    inputs = np.random.default_rng(1).normal(size=(9, 5, 3))
    proof = prove(model, inputs)
    assert proof.stayed == ["lstm/1", "lstm/2", "off"]
    assert proof.entries == 7  # with lstm/0, relu, 0 * off, and the sum


def test_spy_sees_what_the_record_holds():
    model, x = small()
    spy = Spy(model)
    spy.run(x)
    record = layer_outputs(model, x)
    assert {*record, model.name} == set(spy.outputs)
    for name, y in record.items():
        np.testing.assert_array_equal(y, spy.outputs[name])


# ------------------------------------------------------------ keras.applications

APPLICATIONS = sorted(
    name
    for name, make in vars(keras.applications).items()
    if name[0].isupper() and callable(make)
)
SAMPLE = "ConvNeXtTiny EfficientNetV2B0 MobileNetV3Small ResNet50V2 VGG16".split()


def application(name, rng):
    """A network with random weights that keep its numbers of one size, and pictures."""
    for side in (32, 71, 75):  # the smallest that some network takes
        try:
            model = getattr(keras.applications, name)(
                weights=None, input_shape=(side, side, 3), classes=5
            )
            break
        except ValueError as error:
            assert "Input size must be at least" in str(error), error
    pictures = rng.uniform(0, 255, (ROWS, side, side, 3)).astype("float32")
    settle(model, rng, pictures)
    return model, pictures


def random_weights(model, rng):
    """Give a model random weights of one size, other than those it starts with."""
    for weight in model.weights:
        if "float" not in weight.dtype or weight.path.startswith("normalization"):
            continue  # the seeds of Dropout, and the pictures' mean and variance
        fan_in = np.prod(weight.shape[:-1])
        values = rng.normal(size=weight.shape) / np.sqrt(max(fan_in, 1))
        if weight.name in ("gamma", "moving_variance"):
            values = rng.uniform(0.5, 1.5, weight.shape)
        elif "depthwise" in weight.path and len(weight.shape) == 4:
            values *= np.sqrt(weight.shape[2])
        elif len(weight.shape) == 1:
            values = rng.uniform(-0.5, 0.5, weight.shape)
        weight.assign(values)


def settle(model, rng, inputs):
    """Random weights, and normalizations that take away what there is to take away."""
    random_weights(model, rng)
    batch_norms = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    for layer in batch_norms:
        layer.momentum = 0
    if batch_norms:
        model(inputs, training=True)


ROWS = 49 if ALL else 13


def test_every_network_is_known():
    assert len(APPLICATIONS) >= 40 and set(SAMPLE) < set(APPLICATIONS)


@pytest.mark.slow
@pytest.mark.parametrize("name", APPLICATIONS if ALL else SAMPLE)
def test_applications(name):
    rng = np.random.default_rng(APPLICATIONS.index(name))
    model, pictures = application(name, rng)
    names = list(layer_outputs(model, pictures[:1]))
    assert {one.name for one in model.operations[1:]} <= set(names)
    start = time.perf_counter()
    if not ALL:
        names = rng.choice(names, min(len(names), 60), replace=False)
    proof = prove(model, pictures, names, rng)
    print(f"{name}: {proof}; {time.perf_counter() - start:.0f} s")
    assert proof.entries == len(names) and not proof.stayed


# ---------------------------------------------------------------------- keras_hub


def bert(hub):
    model = hub.models.BertBackbone(
        vocabulary_size=50,
        num_layers=2,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=12,
        max_sequence_length=9,
    )
    return model, {
        "token_ids": tokens(7),
        "segment_ids": tokens(7) % 2,
        "padding_mask": until(7),
    }


def gpt2(hub):
    model = hub.models.GPT2Backbone(
        vocabulary_size=50,
        num_layers=2,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=12,
        max_sequence_length=9,
    )
    return model, {"token_ids": tokens(7), "padding_mask": until(7)}


def gemma(hub):
    model = hub.models.GemmaBackbone(
        vocabulary_size=50,
        num_layers=2,
        num_query_heads=2,
        num_key_value_heads=1,
        hidden_dim=8,
        intermediate_dim=12,
        head_dim=4,
    )
    return model, {"token_ids": tokens(7), "padding_mask": until(7)}


def vit(hub):
    model = hub.models.ViTBackbone(
        image_shape=(16, 16, 3),
        patch_size=4,
        num_layers=2,
        num_heads=2,
        hidden_dim=8,
        mlp_dim=12,
    )
    return model, pictures(16)


def resnet(hub):
    model = hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 64],
        stackwise_num_blocks=[2, 2],
        stackwise_num_strides=[1, 2],
        block_type="basic_block",
        image_shape=(32, 32, 3),
    )
    return model, pictures(32)


def tokens(steps):
    return np.random.default_rng(1).integers(1, 50, (ROWS, steps))


def until(steps):
    """A padding mask: some rows are shorter."""
    return np.arange(steps) < np.random.default_rng(2).integers(3, steps + 1, (ROWS, 1))


def pictures(side):
    return np.random.default_rng(3).normal(size=(ROWS, side, side, 3))


@pytest.mark.slow
@pytest.mark.parametrize("make", [bert, gpt2, gemma, vit, resnet])
def test_keras_hub(make):
    hub = pytest.importorskip("keras_hub")
    model, inputs = make(hub)
    rng = np.random.default_rng(0)
    settle(model, rng, inputs)
    start = time.perf_counter()
    proof = prove(model, inputs, rng=rng)
    print(f"{model.name}: {proof}; {time.perf_counter() - start:.0f} s")
    assert proof.stayed == []
