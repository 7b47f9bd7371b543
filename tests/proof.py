"""The record proves itself: a model that runs on with it gives the same answer.

`prove` puts what `layer_outputs` says of a layer in the place of what the layer gives
out: the answer must stay. It puts noise there: the answer must be another one, and the
very one of Keras, made to run on with the same noise by other means (`Spy`). So there
is one reason alone for which noise may leave an answer as it is: the Spy has put it
there too, once, and Keras's own answer has stayed. The caller is told where that was;
in the networks of `keras.applications` it may be nowhere.
"""

import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps

import keras
import numpy as np
import tensorflow as tf

from helpers.extraction import layer_outputs

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
