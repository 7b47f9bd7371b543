"""Random networks: every way to the output of every layer gives the same numbers.

200 networks, each made from its number alone, so the same ones on every machine: with
open sizes, sequences, states, operations and layer classes of one's own among them.
``LAYERS_EXAMPLES=2000`` makes more of them, ``LAYERS_FIRST=137`` begins with another
one, and ``pytest -rP`` prints how many layers of each kind they had.
"""

import os
from collections import Counter
from unittest.mock import patch

import keras
import numpy as np
import pytest
from keras import layers
from layers_of_ones_own import Whole, is_opened, is_own, run_graph
from proof import Spy, difference, path_of, prove
from random_networks import BATCH, ROWS, Drawn, seen

from helpers import by_hand
from helpers.by_hand import comparison, models, relative_difference
from helpers.engine.passes import Passes
from helpers.extraction import layer_outputs

EXAMPLES = int(os.environ.get("LAYERS_EXAMPLES", 200))
FIRST = int(os.environ.get("LAYERS_FIRST", 0))


def walk(model, inputs, before=""):
    """Return ``{key: array}`` of a functional model, nested ones followed."""
    found, counts = {}, Counter()

    def note(one, *args, **kwargs):
        number = counts[one.name]
        counts[one.name] += 1
        name = f"{before}{one.name}" + f":{number}" * (number > 0)
        if isinstance(one, keras.Sequential):
            (y,) = args
            for layer in one.layers:
                y = layer(y)
                found[f"{name}/{layer.name}"] = np.asarray(y)
        elif type(one).__name__ == "Functional":
            y, inside = walk(one, args[0], f"{name}/")
            found.update(inside)
        else:
            y = one(*args, **kwargs)
        leaves = keras.tree.flatten_with_path(y)
        for steps, leaf in leaves:
            several = map(str, steps) if len(leaves) > 1 else ()
            found["/".join([name, *several])] = np.asarray(leaf)
        return y

    return run_graph(model, inputs, note), found


def rows_of(inputs, *ends):
    return keras.tree.map_structure(lambda x: x[slice(*ends)], inputs)


def keras_idiom(model, inputs):
    """The outputs of the layers that Keras itself can give: called once, not nested."""
    outputs = {
        layer.name: layer.output
        for layer in model.layers
        if len(layer._inbound_nodes) == 1
        and not isinstance(layer, (keras.Model, layers.InputLayer))
        and not isinstance(layer.output, (list, tuple, dict))
    }
    structure = model.inputs if len(model.inputs) > 1 else model.inputs[0]
    found = keras.Model(structure, outputs)(inputs) if outputs else {}
    return {name: np.asarray(y) for name, y in found.items()}


def largest(structure):
    return max(np.abs(x).max(initial=0) for x in by_hand.flat(structure))


def digits_are_left(calls):
    """Whether no layer cancels nearly all of what goes into it.

    Of a difference a hundred times smaller than its terms, float32 keeps five digits,
    and everything behind it is no more exact than that.
    """
    for call in calls:
        into = [x for x in by_hand.flat(call.inputs) if isinstance(x, np.ndarray)]
        into = [x for x in into if x.dtype.kind == "f"]
        for y in call.outputs.values():
            if into and y.dtype.kind == "f" and 0 < largest(y) < 0.02 * largest(into):
                return False
    return True


def assert_close(found, expected, name):
    assert found.shape == expected.shape, (name, found.shape, expected.shape)
    off = relative_difference(found, expected)
    assert off <= 1e-5, f"{name} is off by {off:.1e}"


def compare(number):
    drawn = Drawn(number)
    model, inputs, stateful = drawn.model, drawn.inputs(ROWS), drawn.stateful
    few = rows_of(inputs, BATCH) if stateful else inputs
    run = by_hand.run_once(model, few)
    if not digits_are_left(by_hand.Walk(run, by_hand=False).calls):
        seen["not compared"] += 1
        return
    outputs = layer_outputs(model, inputs)
    spy = Spy(model)
    answer = spy.run(few)
    first = outputs if not stateful else layer_outputs(model, few)
    check_keras(drawn, few, first, spy, answer)
    check_by_hand(model, few, first, spy, run, drawn.random)
    if not stateful:  # one image is explained, and such a model takes no single one
        explain_one(model, few, first, drawn.random)
    check_batches(drawn, inputs, outputs)
    check_proof(drawn, outputs)
    seen["networks"] += 1
    seen["entries"] += len(outputs)
    seen["with a state"] += stateful
    seen["a class of one's own"] += isinstance(model, Whole)
    for name in outputs:
        part = spy.parts[name]
        kind = type(part).__name__
        seen[kind if isinstance(part, keras.Layer) else f"operation {kind}"] += 1
        seen["calls of a shared layer"] += ":" in name.rpartition("/")[2]
        seen["layers two models deep"] += name.count("/") > 1


def check_keras(drawn, inputs, outputs, spy, answer):
    """The record is what Keras gives: by sub-models, by its graph, by its own calls."""
    model, functional = drawn.model, drawn.functional
    for y in answer:
        assert any(np.array_equal(y, one) for one in outputs.values())
    if model is functional and not drawn.stateful:
        for name, y in keras_idiom(model, inputs).items():
            assert_close(outputs[name], y, name)
    with keras.StatelessScope():
        eager, walked = walk(functional, inputs)
    assert difference(list(map(np.asarray, keras.tree.flatten(eager))), answer) <= 1e-5
    hidden = set(walked) - set(outputs)
    if model is functional:
        assert all(walked[name].dtype == bool for name in hidden), hidden  # masks
        order = [one.name for one in model.operations]
        places = [order.index(path_of(name).split("/")[0]) for name in outputs]
        assert places == sorted(places)
    else:
        assert not any(isinstance(spy.parts.get(name), keras.Layer) for name in hidden)
    for name, y in outputs.items():
        assert_close(y, np.asarray(spy.outputs[name]), name)
        if name in walked:
            assert_close(y, walked[name], name)
        elif spy.parts[name] is not model:
            assert any(is_own(spy.parts[one]) for one in around(name, spy)), name
    for name in set(spy.outputs) - set(outputs):
        part = spy.parts[name]
        if isinstance(part, keras.Layer) and part is not model:
            inner = [spy.parts[one] for one in around(name, spy)]
            assert any(not is_opened(one) for one in inner), name


def around(name, spy):
    """The names of the calls around a call."""
    steps = name.split("/")
    names = ["/".join(steps[:i]) for i in range(1, len(steps))]
    return [one for one in names if one in spy.parts]


def all_known(calls):
    """Whether all numbers are computed by hand; those of masks are none."""
    return not any(c.unknown and (c.layer is None or not c.hidden) for c in calls)


class Lied(by_hand.Walk):
    """Follows a record in which the numbers of one tensor are wrong."""

    lie = None

    def read(self, tensor):
        x = super().read(tensor)
        if id(tensor) != self.lie:
            return x
        return ~x if x.dtype == bool else x + 1 if x.dtype.kind in "iu" else 1.1 * x + 1


class Blind(by_hand.Walk):
    """Sees wrong numbers of Keras everywhere, but for the model's inputs."""

    def read(self, tensor):
        x = super().read(tensor)
        return x if not hasattr(self, "inputs") else x + 1


def check_by_hand(model, inputs, outputs, spy, run, random):
    """What is known is equal; what is not is not said to be."""
    calls = by_hand.Walk(run).calls
    if not all_known(calls):
        with pytest.raises(ValueError):
            by_hand.forward(model, inputs)
    else:
        computed = by_hand.forward(model, inputs)
        with patch.object(models, "Walk", Blind):
            blind = by_hand.forward(model, inputs)
        assert list(computed) == list(outputs)
        for name, y in outputs.items():
            assert_close(computed[name], y, name)
            np.testing.assert_array_equal(computed[name], blind[name])
        seen["networks known by hand"] += 1
    check = by_hand.hand_check(model, inputs)
    assert check.equal, check
    verdicts = {row[0]: row[-1] for row in check.rows}
    assert list(verdicts) == list(outputs)
    for name, verdict in verdicts.items():
        part = spy.parts[name]
        seen[f"verdict {verdict}"] += 1
        if not is_opened(part) and type(part).__name__ not in KNOWN:
            assert verdict == "unknown", name
    # a number of Keras's that is wrong is found, wherever it was said to be equal
    tensors = {
        key: tensor
        for call in run.calls
        if not (call.hidden or call.is_input)
        for key, tensor in call.outputs()
    }
    for name in random.sample(list(tensors), min(3, len(tensors))):
        with (
            patch.object(comparison, "run_once", lambda *args: run),
            patch.object(comparison, "Walk", Lied),
            patch.object(Lied, "lie", id(tensors[name])),
        ):
            lied = by_hand.hand_check(model, inputs)
        verdict = {row[0]: row[-1] for row in lied.rows}[name]
        known = verdicts[name] != "unknown"
        assert verdict == ("differs" if known else "unknown"), (name, verdict)
        seen["lies found"] += known


KNOWN = {*by_hand.KINDS, *by_hand.OPERATIONS}


def explain_one(model, inputs, outputs, random):
    """Explain one number; what it is said not to depend on is then changed."""
    calls = by_hand.Walk(by_hand.run_once(model, inputs)).calls
    rows = len(keras.tree.flatten(inputs)[0])
    known = [
        name
        for call in by_hand.shown(calls)
        if not call.unknown
        for name, y in call.outputs.items()
        if len(y) == rows
    ]
    if not known:
        return
    name = random.choice(known)
    y = outputs[name]
    position = np.unravel_index(random.randrange(y.size), y.shape)
    explanation = by_hand.explain(model, inputs, name, position)
    assert abs(explanation.value - y[position]) <= 1e-5 * np.abs(y).max(), explanation
    slices = explanation.receptive_field
    slices = list(slices.values()) if isinstance(slices, dict) else [slices]
    changed = []
    for x, part in zip(inputs if isinstance(inputs, list) else [inputs], slices):
        other = np.full_like(x, 7.5 if x.dtype.kind == "f" else 1)
        if part is not None:
            other[(slice(None), *part)] = x[(slice(None), *part)]
        changed.append(other)
    changed = changed if isinstance(inputs, list) else changed[0]
    again, most = layer_outputs(model, changed, name)[name], 1e-5
    if all_known(calls):
        again, most = by_hand.forward(model, changed)[name], 1e-9
    assert abs(again[position] - explanation.value) <= most * np.abs(y).max(), (
        explanation
    )
    seen["numbers explained"] += 1


def check_batches(drawn, inputs, outputs):
    """Inputs that come batch by batch give the same, compiled ones too."""
    ends = [0, 2, 4, 6] if drawn.stateful else [0, 1, 4, 6]
    batches = [rows_of(inputs, *pair) for pair in zip(ends, ends[1:])]
    streamed = layer_outputs(drawn.model, ((batch,) for batch in batches))
    assert list(streamed) == list(outputs)
    for name, y in outputs.items():
        assert_close(streamed[name], y, name)
    if drawn.random.randrange(4):
        return
    compiled, compile = [], Passes.compile

    def count(*args):
        compiled.append(compile(*args))
        return compiled[-1]

    times = 4 if drawn.stateful else 2
    many = keras.tree.map_structure(lambda x: np.concatenate([x] * times), inputs)
    batch = BATCH if drawn.stateful else 1
    with patch.object(Passes, "compile", count):
        at_once = layer_outputs(drawn.model, many, batch_size=batch)
    assert list(at_once) == list(outputs)
    for name, y in outputs.items():
        same = at_once[name].shape == y.shape  # one for all inputs
        assert_close(at_once[name] if same else at_once[name][:ROWS], y, name)
    seen["compiled"] += sum(map(bool, compiled))
    seen["not compiled"] += not any(compiled)


def check_proof(drawn, outputs):
    names = [name for name in outputs if name.split("/")[0] != "whole"]
    if drawn.stateful:
        names = drawn.random.sample(names, min(4, len(names)))
        proof = prove(drawn.model, drawn.inputs(ROWS), names, drawn.rng)
    else:
        proof = prove(drawn.model, drawn.inputs(25), None, drawn.rng)
        one = drawn.random.choice(names)
        prove(drawn.model, drawn.inputs(ROWS), [one], drawn.rng, alone=True)
    assert proof.entries == len(names)
    seen["entries proved"] += proof.entries
    seen["entries nothing depends on"] += len(proof.stayed)


NEEDED = {
    *(
        set(by_hand.KINDS)
        - set("Normalization Identity ActivityRegularization SpatialDropout3D".split())
    ),
    *"SimpleRNN GRU LSTM Bidirectional TimeDistributed MultiHeadAttention".split(),
    *"Attention Chain Residual Gate Twice Two Same Scaled Positions OwnModel".split(),
    *["open sizes", "with a state", "a class of one's own", "compiled"],
    *["calls of a shared layer", "layers two models deep", "networks known by hand"],
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:You are using a softmax over axis")
@pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask attached")
def test_every_way_agrees_on_random_networks():
    seen.clear()
    for number in range(FIRST, FIRST + EXAMPLES):
        try:
            compare(number)
        except Exception as error:
            raise AssertionError(f"Network {number}: {error}") from error
    for kind, count in seen.most_common():
        print(f"{count:7,} {kind}")
    if EXAMPLES >= 200:
        missing = {kind for kind in NEEDED - set(seen) if not kind.startswith("Random")}
        assert len(missing) <= 3, missing
        assert seen["not compared"] < 0.3 * EXAMPLES
        assert seen["entries nothing depends on"] < 0.1 * seen["entries proved"]
