"""Whole networks computed by hand, call by call, with the functions of `layers`.

A model is run once and recorded: which layers it calls, with what, in which order. The
numbers are then computed again from its inputs and weights, with NumPy alone. That is
done in float64, so it is more exact than the Keras numbers it is compared with.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .known_layers import MODELS, compute, is_layer, kind, record_of, unknown


def forward(model, inputs):
    """Compute the outputs of every layer of a model with NumPy alone, in float64.

    Arguments:
        model: built ``keras.Model``: Sequential, functional or subclassed. Models inside
            it, shared layers, branches, several inputs and outputs are followed.
        inputs: array of shape ``(images, …)``; a list or a dict of arrays if the model
            has several inputs.

    Returns:
        Dict ``{layer name: array}`` with the keys and the order of ``layer_outputs``:
        a layer in a nested model is ``outer/inner``, the second call of a shared layer
        ``name:1``.

    Raises:
        TypeError: not a Keras model, or inputs of a wrong dtype.
        ValueError: inputs that do not fit the model, a layer that is not known, or
            arithmetic in a ``call`` of your own.

    Example:
        >>> forward(dense_network(), np.eye(3))["output"].round(3)
        array([[0.455, 0.545],
               [0.185, 0.815],
               [0.454, 0.546]])
    """
    calls = Walk(run_once(model, inputs)).calls
    for call in calls:
        if call.unknown and (call.layer is None or not call.hidden):
            raise ValueError(call.unknown)
    return {name: y for call in shown(calls) for name, y in call.outputs.items()}


@dataclass(eq=False)
class Computed:
    """One call of a recorded run, with its numbers."""

    name: str  # as in `layer_outputs`
    layer: object  # or operation; None for what no call returned
    inputs: (
        object  # array; a list of arrays and numbers for a layer that merges several
    )
    outputs: dict  # {name: array}, computed by hand or Keras's own
    keras: dict  # the same, in Keras's numbers
    order: tuple = ()  # sorts the calls as `layer_outputs` does
    unknown: str | None = None  # why it is not computed by hand
    given: bool = False  # whether some of its inputs are Keras's own numbers
    hidden: bool = False  # whether it is no entry of `layer_outputs`
    container: bool = False  # whether its inner layers computed the numbers
    again: Callable | None = None  # computes `outputs` from Keras's own inputs

    @property
    def output(self):
        """The output of a call that has one, as each known layer has."""
        return next(iter(self.outputs.values()))


def run_once(model, inputs, one_of=None):
    """Run a model once and record it; see ``engine.passes.whole_run``."""
    from ..engine.passes import whole_run  # needs Keras; the rest does not

    return whole_run(model, inputs, one_of)


def shown(calls):
    """The calls that are entries of ``layer_outputs``, in its order."""
    return sorted((c for c in calls if not c.hidden), key=lambda call: call.order)


class Walk:
    """Computes a recorded run again, call by call; its tensors tell who feeds whom.

    Arguments:
        run: what `run_once` returns.
        by_hand: whether the numbers are computed; otherwise they are Keras's own.

    Attributes:
        names, inputs: names and arrays of the model's inputs.
        calls: list of `Computed` in the order in which the calls ended. Between them
            stand hidden ones without a layer: arrays that no recorded call returned.
    """

    def __init__(self, run, by_hand=True):
        self.by_hand, self.model = by_hand, run.model
        self.names = [name for name, _ in run.inputs]
        self.inputs = [self.read(tensor) for _, tensor in run.inputs]
        tensors = [id(tensor) for _, tensor in run.inputs]
        self.arrays = dict(zip(tensors, self.inputs))  # {id of a tensor: array}
        self.of_keras = set()  # ids of the tensors whose numbers are Keras's
        self.containers = {call.name: call for call in run.calls if call.container}
        self.calls = []
        for call in run.calls:
            if not call.is_input:
                self.add(call)
            elif outer := self.containers.get(call.name.rpartition("/")[0]):
                self.take(outer)  # what reaches a model inside comes from around it

    def read(self, tensor):
        """Read a tensor, in float64 if one computes with it; text stays text."""
        x = np.asarray(tensor)
        if x.dtype.kind in "SUO":
            return x
        half = x.dtype.name in ("float16", "bfloat16")
        return x.astype("float64" if self.by_hand else "float32" if half else x.dtype)

    def add(self, call):
        """Add what a call of the run returned, computed by hand where it is known."""
        given, tensors = self.take(call), dict(call.outputs())
        keras = {key: self.read(tensor) for key, tensor in tensors.items()}
        if call.container and record_of(call.layer) is None:
            self.add_container(call, tensors, keras)
        else:
            self.add_layer(call, tensors, keras, given)

    def add_layer(self, call, tensors, keras, given):
        """A layer or an operation: it is computed, or Keras's numbers are taken."""
        x, options = inputs_of(call, self.arrays)
        reason = unknown(call.layer, options)
        outputs, again = {key: y.view() for key, y in keras.items()}, None
        if reason:  # it may depend on all that it is given
            x = [self.arrays[id(tensor)] for tensor in tensors_in(call)]
            self.of_keras.update(map(id, tensors.values()))
        elif self.by_hand:
            outputs = self.compute(call, x)

            def again():
                theirs = {id(t): self.read(t) for t in tensors_in(call)}
                return self.compute(call, inputs_of(call, theirs)[0])

        for key, tensor in tensors.items():
            self.arrays[id(tensor)] = outputs[key]
        about = {"unknown": reason, "given": given and self.by_hand, "again": again}
        self.note(call, x, outputs, keras, **about)

    def compute(self, call, x):
        """Compute a known call; its only output has the name of the call."""
        with np.errstate(all="ignore"):  # NaN and infinity are results like others
            y = compute(call.layer, x)
        return {call.name: y.view() if y is x else y}

    def add_container(self, call, tensors, keras):
        """A model, or a layer of one's own: its inner layers have computed it, or not."""
        inside = all(id(t) in self.arrays for t in tensors.values())
        reason = None
        if not inside:
            reason = unknown(call.layer)  # its class has a call of its own
        elif any(id(t) in self.of_keras for t in tensors.values()):
            reason = f"{call.name!r} outputs what a layer not known by hand computed."
        for key, tensor in tensors.items():
            if id(tensor) not in self.arrays:
                self.arrays[id(tensor)] = keras[key].view()
                self.of_keras.add(id(tensor))
        outputs = {key: self.arrays[id(tensor)] for key, tensor in tensors.items()}
        x = self.inputs_of_container(call)
        self.note(call, x, outputs, keras, unknown=reason, container=inside)

    def note(self, call, x, outputs, keras, **about):
        about |= {"order": (*call.order, math.inf), "hidden": call.hidden}
        self.calls.append(Computed(call.name, call.layer, x, outputs, keras, **about))

    def take(self, call):
        """Take from Keras what goes into a call and no call returned.

        Returns whether any of its inputs are Keras's own numbers.
        """
        layer, around = self.around(call)
        for tensor in tensors_in(call):
            if id(tensor) in self.arrays:
                continue
            y = self.arrays[id(tensor)] = self.read(tensor)
            if kind(layer) in MODELS:
                continue  # a constant: whatever is computed in a graph has a call
            self.of_keras.add(id(tensor))
            reason = (
                f"What reaches {call.name!r} is computed in a call of your own, by "
                "operations that leave no trace: they are not known by hand."
            )
            y, about = {"an operation": y}, {"unknown": reason, "hidden": True}
            self.calls.append(Computed("an operation", None, around, y, y, **about))
        return any(id(tensor) in self.of_keras for tensor in tensors_in(call))

    def around(self, call):
        """The layer around a call, or the model, and all that it was given."""
        name = call.name
        while "/" in name:
            name = name.rpartition("/")[0]
            if outer := self.containers.get(name):
                return outer.layer, self.inputs_of_container(outer)
        return self.model, self.inputs

    def inputs_of_container(self, call):
        found = [self.arrays[id(t)] for t in tensors_in(call) if id(t) in self.arrays]
        return found or self.inputs


def tensors_in(call):
    """List the tensors that a call was given."""
    return [x for x in flat((call.args, call.kwargs)) if is_tensor(x)]


def is_tensor(x):
    return hasattr(x, "dtype") and hasattr(x, "shape") and not isinstance(x, np.ndarray)


def inputs_of(call, arrays):
    """Split what a call was given, its tensors looked up, into its input and the rest."""
    args = fill_in(list(call.args), arrays)
    options = fill_in(dict(call.kwargs), arrays)
    if not is_layer(call.layer):
        return args, options
    x = args.pop(0) if args else options.pop(next(iter(options)))
    # Keras hands down False; a model, or a layer in its graph, may ask for more.
    training = options.pop("training", None)
    options = {  # Keras notes `mask=[None, None]` for a model that has none
        key: value
        for key, value in options.items()
        if any(one is not None for one in flat(value))
    }
    if args:
        options["a second argument"] = args
    if isinstance(training, bool | int) and training:
        options["training=True"] = True  # it drops by chance, or takes the batch's mean
    if call.masked and kind(call.layer) != "BatchNormalization":
        options["a mask"] = True  # that came along with its input
    return x, options


def flat(structure):
    """List all that is in nested lists, tuples and dicts."""
    if isinstance(structure, dict):
        structure = [structure[key] for key in sorted(structure)]
    if isinstance(structure, list | tuple):
        return [x for item in structure for x in flat(item)]
    return [structure]


def fill_in(structure, arrays):
    """Replace tensors in nested lists, tuples and dicts by arrays."""
    if isinstance(structure, dict):
        return {key: fill_in(item, arrays) for key, item in structure.items()}
    if isinstance(structure, list | tuple):
        return [fill_in(item, arrays) for item in structure]
    return arrays.get(id(structure), structure)
