"""What a recorded call is called: ``outer:1/inner``, and ``lstm/0`` for its outputs."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from .keras_inside import is_container, operations_of


@dataclass(eq=False)
class Call:
    """One call of a layer, of a model in a model, or of an operation without a layer."""

    name: str  # ``outer:1/inner``: the second call of ``outer`` called ``inner``
    path: str  # the same without the numbers, ``outer/inner``
    layer: Any  # the ``keras.Layer``, or the ``keras.Operation`` of a functional model
    order: tuple  # sorts the calls as ``model.summary()`` lists the layers
    args: tuple = ()  # what it was called with
    kwargs: dict = field(default_factory=dict)
    output: Any = None  # tensor, or lists, tuples and dicts of tensors
    keys: list = ()  # a name for each tensor: ``name``, or ``name/0``, ``name/1``
    made: Any = None  # the output itself, where ``output`` went into the activation
    container: bool = False  # a model or a layer of one's own: its calls are noted too
    hidden: bool = False  # whether it is left out unless it is asked for by its name
    several: str = ""  # why its one number before the activation cannot be told, or ""
    inside: bool = False  # whether it is in a layer of Keras that was opened on request
    masked: bool = False  # whether a mask came along with its input, which it heeds
    indices: dict = field(default_factory=dict)  # {id of an inner layer: its place}
    opened: Any = None  # the `Opened` of a layer of Keras, while it is called

    @property
    def is_input(self):
        return isinstance(self.layer, keras.layers.InputLayer)

    def outputs(self):
        """List ``(key, tensor)``: one under the name, or ``name/0``, ``name/1``, …"""
        leaves = map(as_tensor, keras.tree.flatten(self.output))
        return [(k, x) for k, x in zip(self.keys, leaves) if x is not None]

    def forget(self):
        """Let go of the tensors."""
        self.args, self.kwargs, self.output, self.made = (), {}, None, None


def as_tensor(x):
    """Return an output as a tensor that can be read; None if it is none."""
    if isinstance(x, tf.SparseTensor):
        return tf.sparse.to_dense(x)
    if isinstance(x, (np.ndarray, keras.Variable, tf.Variable)):
        return tf.convert_to_tensor(x)
    return x if isinstance(x, tf.Tensor) else None


def indices_in(layer):
    """Return in which order a model lists its layers and operations."""
    inner = operations_of(layer) if isinstance(layer, keras.Model) else ()
    return {id(one): i for i, one in enumerate(inner)}


class Names:
    """Counts the calls of one run, so that each has a name of its own."""

    def __init__(self):
        self.taken = set()

    def call(self, outer, layer, index=None, name=None):
        """Name a call of ``layer`` in ``outer``: the first ``name``, then ``name:1``."""
        name = name or layer.name
        path = f"{outer.path}/{name}" if outer.path else name
        name, number = self.free(f"{outer.name}/{name}" if outer.name else name)
        # what no model lists comes in the order in which it is called
        indices = outer.indices
        index = indices.setdefault(id(layer), len(indices) if index is None else index)
        call = Call(name, path, layer, (*outer.order, index, number))
        call.inside = outer.inside or outer.opened is not None
        call.indices, call.container = indices_in(layer), is_container(layer)
        return call

    def free(self, name):
        """Return a name that is not taken: itself or ``name:1``, …, and the number."""
        free, number = name, 0
        while free in self.taken:
            number += 1
            free = f"{name}:{number}"
        self.taken.add(free)
        return free, number

    def keys(self, name, output):
        """Name each tensor of an output; also a layer inside may be called ``0``."""
        paths = [steps for steps, _ in keras.tree.flatten_with_path(output)]
        if len(paths) < 2:
            return [name] * len(paths)
        return [self.free("/".join([name, *map(str, steps)]))[0] for steps in paths]


def name_by_class(layer):
    """Name a layer made within a ``call``, which Keras numbers anew each time: ``add``.

    A name that somebody has given it stays.
    """
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", type(layer).__name__)
    name = re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
    return name if re.fullmatch(rf"{name}(_\d+)?", layer.name) else layer.name


def hide_masks(calls):
    """Hide the operations of a functional model whose output is nothing but a mask."""
    uses = defaultdict(set)  # {id of a tensor: names of what takes it, "" for a mask}

    def note(tensors, taker):
        for x in keras.tree.flatten(tensors):
            uses[id(x)].add(taker)

    for call in calls:
        if call.container:  # what a model outputs is more than a mask
            note(call.made, call.name)
        note(call.args, call.name)
        for name, value in call.kwargs.items():
            as_mask = name == "mask" or name.endswith("_mask")
            note(value, "" if as_mask else call.name)
    hidden = {""}
    for call in reversed(calls):
        takers = set().union(*(uses[id(x)] for _, x in call.outputs()))
        if takers and takers <= hidden and not isinstance(call.layer, keras.Layer):
            hidden.add(call.name)
            call.hidden = True
