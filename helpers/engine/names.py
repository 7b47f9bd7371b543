"""What a recorded call is called: ``outer:1/inner``, and ``lstm/0`` for its outputs."""

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from .keras_inside import operations_of

BEHIND = float("inf")  # a container comes behind what is inside it


@dataclass(eq=False)
class Call:
    """One call of a layer, of a model in a model, or of an operation without a layer.

    Attributes:
        name: ``outer:1/inner``: the second call of ``outer`` called ``inner``.
        path: the same without the numbers, ``outer/inner``.
        layer: the ``keras.Layer``, or the ``keras.Operation`` of a functional model.
        args, kwargs: what it was called with.
        output: tensor, or lists, tuples and dicts of tensors.
        order: sorts the calls as ``model.summary()`` lists the layers.
        keys: a name for each tensor of the output: ``name``, or ``name/0``, ``name/1``.
        made: the output itself, where ``output`` is what went into the activation.
        container: whether it is a model or a layer of one's own, whose inner layers
            have calls of their own.
        hidden: whether it is left out unless it is asked for by its name.
        several: why its one number before the activation cannot be told, or "".
        inside: whether it is in a layer of Keras that was opened on request.
        masked: whether a mask came along with its input, which the layer heeds.
    """

    name: str
    path: str
    layer: Any
    args: tuple
    kwargs: dict
    output: Any
    order: tuple
    keys: list = ()
    made: Any = None
    container: bool = False
    hidden: bool = False
    several: str = ""
    inside: bool = False
    masked: bool = False

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


class Place(NamedTuple):
    """A model, or an opened layer, while layers are called in it."""

    name: str
    path: str
    order: tuple
    indices: dict  # {id of an inner layer: its place among them}
    layer: Any
    opened: Any = None  # the `Opened` of a layer of Keras
    inside: bool = False  # whether it, or one around it, is such a layer


class Names:
    """Counts the calls of one run, so that each has a name of its own."""

    def __init__(self):
        self.taken = set()

    def number(self, place):
        """Note in which order a model lists its layers and operations."""
        if isinstance(place.layer, keras.Model):
            inner = enumerate(operations_of(place.layer))
            place.indices.update((id(one), i) for i, one in inner)

    def place(self, outer, layer, index=None, name=None):
        """Name a call of ``layer`` in ``outer``: the first ``name``, then ``name:1``."""
        name = name or layer.name
        before = f"{outer.name}/" if outer.name else ""
        path = f"{outer.path}/{name}" if outer.path else name
        # what no model lists comes in the order in which it is called
        indices = outer.indices
        index = indices.setdefault(id(layer), len(indices) if index is None else index)
        name, number = self.free(before + name)
        order = *outer.order, index, number
        return Place(name, path, order, {}, layer, inside=outer.inside)

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


def in_models_order(calls):
    """Sort calls as ``model.summary()`` lists layers, those inside one before it."""
    return sorted(calls, key=lambda call: (*call.order, BEHIND))


def hide_masks(calls):
    """Hide the operations of a functional model whose output is nothing but a mask."""
    uses = {}  # {id of a tensor: whether some call takes it for anything but a mask}
    for call in calls:
        if call.container:  # what a model gives out is more than a mask
            for x in keras.tree.flatten(call.made):
                uses.setdefault(id(x), set()).add(call.name)
        for x in keras.tree.flatten(call.args):
            uses.setdefault(id(x), set()).add(call.name)
        for name, value in call.kwargs.items():
            as_mask = name == "mask" or name.endswith("_mask")
            for x in keras.tree.flatten(value):
                uses.setdefault(id(x), set()).add("" if as_mask else call.name)
    hidden = {""}
    for call in reversed(calls):
        if isinstance(call.layer, keras.Layer):
            continue
        takers = set()
        for _, x in call.outputs():
            takers |= uses.get(id(x), set())
        if takers and takers <= hidden:
            hidden.add(call.name)
            call.hidden = True
