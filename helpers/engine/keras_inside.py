"""What the course needs of Keras beyond its public interface, all of it in this file.

`PRIVATE` lists it; a test fails with a sentence for each one that is gone.
"""

import keras

PRIVATE = {
    "keras.Layer.__call__": "it is replaced while a model is recorded",
    "keras.Operation.__call__": "the same, for operations and for masks filled in",
    "keras.Layer._flatten_layers": "all layers of a model, also those inside others",
    "KerasTensor._keras_history": "the InputLayer that an input comes from",
    "keras.Model._nodes_by_depth": "how often a functional model calls a layer",
    "tensor._keras_mask": "the mask that goes along with a tensor",
}


def all_layers(model):
    """List a model's layers at any depth, also those inside layers of one's own."""
    return list(model._flatten_layers(include_self=False))


def source_of(tensor):
    """Return the InputLayer of one of ``model.inputs``."""
    return tensor._keras_history.operation


def operations_of(model):
    """List what ``model.summary()`` shows: layers, and operations without a layer."""
    return getattr(model, "operations", None) or model.layers


def calls_in_graph(model):
    """Count how often a functional model calls each of its operations, by their id."""
    counts = {}
    for nodes in model._nodes_by_depth.values():
        for node in nodes:
            if not node.is_input:
                key = id(node.operation)
                counts[key] = counts.get(key, 0) + 1
    return counts


def mask_of(tensor):
    return getattr(tensor, "_keras_mask", None)


def set_mask(tensor, mask):
    if mask is not None:
        tensor._keras_mask = mask


def is_keras_own(layer):
    """Whether a layer's class is one of Keras's, not one that somebody else wrote."""
    return type(layer).__module__.startswith("keras.")


def is_graph(model):
    """Whether Keras runs a model from its graph: no ``call`` of its own."""
    for cls in type(model).__mro__:
        if cls.__module__.startswith("keras."):
            return cls.__name__ in ("Sequential", "Functional")
        if "call" in vars(cls) or "__call__" in vars(cls):
            return False
    return False


def has_call(model):
    """Whether a model says how it runs; a VAE of keras.io has a train_step only."""
    return type(model).call is not keras.Model.call
