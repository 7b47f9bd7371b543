"""Which layers a model calls while it runs, and what they output."""

import re
import threading
from contextlib import contextmanager
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

call_layer = keras.Layer.__call__
active = threading.local()


@contextmanager
def recording():
    """Let a Recorder see the calls of layers; other threads call theirs as ever."""
    keras.Layer.__call__ = recording_call
    try:
        yield
    finally:
        keras.Layer.__call__ = call_layer


def recording_call(layer, *args, **kwargs):
    recorder = getattr(active, "recorder", None)
    if recorder is None or recorder.here is None:
        return call_layer(layer, *args, **kwargs)
    return recorder.call(layer, args, kwargs)


class Record(NamedTuple):
    """One output of one call of one layer."""

    order: tuple
    key: str  # "outer:1/lstm/0"
    call: str  # "outer:1/lstm"
    path: str  # "outer/lstm"
    layer: keras.Layer
    output: tf.Tensor


class Place(NamedTuple):
    """The open model, or layer of your own, in which layers are being called."""

    call: str
    path: str
    order: tuple
    indices: dict


class Recorder:
    """Runs a model and records what its layers output.

    The model runs as it always does, whatever its kind, with its masks. Recorded are
    the layers in models and in layer classes of your own; what is inside a layer of
    Keras, such as the cell of an LSTM, is its own affair.
    """

    def __init__(self, model):
        self.model, self.records, self.calls = model, [], set()
        self.here = None  # the Place; None inside a layer that is not opened
        self.graph = tf.compat.v1.get_default_graph()

    def run(self, inputs, training):
        """Return a Record of each output, in the order of ``model.layers``."""
        active.recorder = self
        try:
            self.enter(self.model, Place("", "", (), {}), inputs)
            call_layer(self.model, inputs, training=training)
        except Exception as error:
            raise ValueError(cannot_run(self.model, error)) from error
        finally:
            active.recorder = None
        return sorted(self.records, key=lambda record: record.order)

    def enter(self, layer, place, inputs):
        """Record the calls in ``layer`` from here on, and its InputLayers at once."""
        layers = layer.layers if isinstance(layer, keras.Model) else []
        place.indices.update((id(inner), i) for i, inner in enumerate(layers))
        self.here = place
        symbols = getattr(layer, "inputs", None) or []
        tensors = keras.tree.flatten(inputs)
        if isinstance(layer, keras.Model) and len(symbols) == len(tensors):
            for symbol, tensor in zip(symbols, tensors):
                source = symbol._keras_history.operation  # its InputLayer
                self.keep(source, self.place_of(source, index=-1), tensor)

    def place_of(self, layer, index=None):
        """Count a call of a layer and return the Place of its own inner layers."""
        outer = self.here
        path, call, number = outer.path + layer.name, outer.call + layer.name, 0
        while call in self.calls:
            number += 1
            call = f"{outer.call}{layer.name}:{number}"
        self.calls.add(call)
        indices = outer.indices  # a layer that no model lists comes when it is called
        index = indices.setdefault(id(layer), len(indices) if index is None else index)
        return Place(f"{call}/", f"{path}/", (*outer.order, index, number), {})

    def call(self, layer, args, kwargs):
        if not layer.built:
            raise ValueError(unbuilt(self.model, layer))
        outer, place = self.here, self.place_of(layer)
        own = not type(layer).__module__.startswith("keras.")
        if own or isinstance(layer, keras.Model):
            self.enter(layer, place, args)
        else:
            self.here = None
        try:
            output = call_layer(layer, *args, **kwargs)
        finally:
            self.here = outer
        self.keep(layer, place, output)
        return output

    def keep(self, layer, place, output):
        call, path = place.call[:-1], place.path[:-1]
        leaves = keras.tree.flatten_with_path(output)
        for steps, leaf in leaves:
            if isinstance(leaf, tf.SparseTensor):
                leaf = tf.sparse.to_dense(leaf)
            if not isinstance(leaf, tf.Tensor):
                continue
            if tf.is_symbolic_tensor(leaf) and leaf.graph is not self.graph:
                continue  # computed inside a loop, out of reach
            key = "/".join([call, *map(str, steps)]) if len(leaves) > 1 else call
            order = *place.order, np.inf  # behind its inner layers
            self.records.append(Record(order, key, call, path, layer, leaf))


def unbuilt(model, layer):
    what = "The model" if layer is model else "Its layer"
    sequential = isinstance(model, keras.Sequential)
    hint = ", or put keras.Input(shape) first" if sequential else ""
    return (
        f"{what} {layer.name} is not built: no input has reached it, so it has no "
        f"weights. Write model(inputs) once{hint}."
    )


def cannot_run(model, error):
    """Say in one line why a model refused its inputs."""
    text = re.sub(r"\x1b\[\d+m", "", str(error))  # Keras prints in bold
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and lines[0].startswith("Exception encountered"):
        del lines[0]
    reason = lines[0].strip() if lines else type(error).__name__
    message = f"{model.name} cannot be run on these inputs: {reason}"
    if "symbolic" in text.lower():
        message += (
            " A compiled call cannot decide by the value of a tensor. Write "
            "keras.ops.cond or keras.ops.where there."
        )
    return message
