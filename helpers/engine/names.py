"""What a recorded call is called: ``outer:1/inner``, and ``lstm/0`` for its outputs."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
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
        leaves = keras.tree.flatten_with_path(self.output)
        found = []
        for steps, leaf in leaves:
            if isinstance(leaf, tf.SparseTensor):
                leaf = tf.sparse.to_dense(leaf)
            if isinstance(leaf, tf.Tensor):
                several = map(str, steps) if len(leaves) > 1 else ()
                found.append(("/".join([self.name, *several]), leaf))
        return found

    def forget(self):
        """Let go of the tensors."""
        self.args, self.kwargs, self.output, self.made = (), {}, None, None


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

    def place(self, outer, layer, index=None):
        """Name a call of ``layer`` in ``outer``: the first ``name``, then ``name:1``."""
        before = f"{outer.name}/" if outer.name else ""
        path = f"{outer.path}/{layer.name}" if outer.path else layer.name
        name, number = before + layer.name, 0
        while name in self.taken:
            number += 1
            name = f"{before}{layer.name}:{number}"
        self.taken.add(name)
        # what no model lists comes in the order in which it is called
        indices = outer.indices
        index = indices.setdefault(id(layer), len(indices) if index is None else index)
        order = *outer.order, index, number
        return Place(name, path, order, {}, layer, inside=outer.inside)


def in_models_order(calls):
    """Sort calls as ``model.summary()`` lists layers, those inside one before it."""
    return sorted(calls, key=lambda call: (*call.order, BEHIND))


def hide_masks(calls):
    """Hide the operations of a functional model whose output is nothing but a mask."""
    uses = {}  # {id of a tensor: whether some call takes it for anything but a mask}
    for call in calls:
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
