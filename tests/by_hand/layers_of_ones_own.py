"""Layers and models of classes of one's own, for random networks."""

import keras
import numpy as np
from keras import ops


class Own(keras.Layer):
    """Calls the layers that it is given, in its own way."""

    def __init__(self, *parts):
        super().__init__()
        self.parts = list(parts)


class Chain(Own):
    def call(self, x):
        for part in self.parts:
            x = part(x)
        return x


class Residual(Own):
    """Ends in an operation."""

    def call(self, x):
        y = x
        for part in self.parts:
            y = part(y)
        return x + y


class Gate(Own):
    """Between its layers lie operations."""

    def call(self, x):
        first, last = self.parts
        return last(ops.tanh(x) * ops.sigmoid(first(x)))


class Twice(Own):
    def call(self, x):
        (part,) = self.parts
        return part(ops.relu(part(x)))


class Two(Own):
    """Has two outputs."""

    def call(self, x):
        first, last = self.parts
        y = first(x)
        return {"one": y, "two": last(y) / 2}


class Same(Own):
    """Gives out what came in."""

    def call(self, x):
        return x


class Scaled(Own):
    """Has a weight, but no layers."""

    def build(self, shape):
        self.scale = self.add_weight(shape=shape[-1:], name="scale")

    def call(self, x):
        return x * (1 + self.scale)


class Positions(Own):
    """Has a layer whose output is the same for all inputs."""

    def call(self, x):
        (table,) = self.parts
        return x + table(ops.arange(x.shape[1]))


class OwnModel(keras.Model):
    def __init__(self, *parts):
        super().__init__()
        self.parts = list(parts)

    def call(self, x):
        y = x
        for part in self.parts:
            y = part(y)
        return ops.concatenate([x, y], -1)


class Whole(keras.Model):
    """A functional model's layers, called from a class: operations leave no trace."""

    def __init__(self, model):
        super().__init__(name="whole")
        self.parts = model.layers
        self.made_of = lambda: model  # not tracked

    def call(self, inputs):
        return run_graph(
            self.made_of(),
            inputs,
            lambda one, *args, **kwargs: (
                one(*args, **kwargs)
                if isinstance(one, keras.Layer)
                else one.call(*args, **kwargs)
            ),
        )


def run_graph(model, inputs, call):
    """Call the operations of a functional model in the order of its graph."""
    arrays = keras.tree.flatten(inputs)
    found = {
        id(x): ops.convert_to_tensor(y, x.dtype) if isinstance(y, np.ndarray) else y
        for x, y in zip(model.inputs, arrays)
    }
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            if not node.is_input:
                args, kwargs = node.arguments.fill_in(found)
                outputs = keras.tree.flatten(call(node.operation, *args, **kwargs))
                found |= zip(map(id, node.outputs), outputs)
    return keras.tree.map_structure(lambda x: found[id(x)], model.output)


def is_own(part):
    return type(part).__module__ == __name__


def is_opened(part):
    return is_own(part) or isinstance(part, keras.Model)
