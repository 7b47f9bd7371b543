"""What the course needs of Keras beyond its public interface, all of it in this file.

`PRIVATE` lists it; a test fails with a sentence for each one that is gone.
"""

import functools
from collections import Counter

import keras

PRIVATE = {
    "keras.Layer.__call__": "it is replaced while a model is recorded",
    "keras.Operation.__call__": "the same, for operations and for masks filled in",
    "keras.Layer._flatten_layers": "all layers of a model, also those inside others",
    "KerasTensor._keras_history": "the InputLayer that an input comes from",
    "keras.Model._nodes_by_depth": "how often a functional model calls a layer",
    "keras.Layer._losses": "what add_loss has noted, which a run would clear",
    "keras.Layer._loss_ids": "the same, so that no loss is noted twice",
    "MultiHeadAttention._flash_attention": "whether the scores are made at all",
    "keras.layers.Dense.__module__": "it tells a class of Keras from one of your own",
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
    nodes = [node for depth in model._nodes_by_depth.values() for node in depth]
    return Counter(id(node.operation) for node in nodes if not node.is_input)


def mask_of(tensor):
    return getattr(tensor, "_keras_mask", None)


def set_mask(tensor, mask):
    if mask is not None:
        tensor._keras_mask = mask


def is_keras_own(layer):
    """Whether the ``call`` that a layer runs is Keras's, not one of somebody else."""
    return "call" not in vars(layer) and is_keras_class(type(layer))


def is_container(layer):
    """Whether it is a model or a layer of one's own: what it calls has names too."""
    return isinstance(layer, keras.Model) or not is_keras_own(layer)


@functools.cache
def is_keras_class(cls):
    for one in cls.__mro__:
        if in_keras(one):
            return True
        if "call" in vars(one) or "__call__" in vars(one):
            return False
    return False


def has_own_code(layer):
    """Whether a layer or model holds code that is not Keras's: it may call anything."""
    return any(map(is_own_code, [layer, *all_layers(layer)]))


def is_own_code(layer):
    activation = getattr(layer, "activation", None)
    return (
        not is_keras_own(layer)
        or isinstance(layer, keras.layers.Lambda)
        or activation is not None
        and not in_keras(type(activation))
        and not in_keras(activation)
    )


def is_graph(model):
    """Whether Keras runs a model from its graph: no ``call`` of its own."""
    names = [cls.__name__ for cls in type(model).__mro__ if in_keras(cls)]
    return is_keras_own(model) and names[0] in ("Sequential", "Functional")


def in_keras(cls):
    return str(getattr(cls, "__module__", "")).startswith("keras.")


def uses_flash_attention(layer):
    return getattr(layer, "_flash_attention", False)


def losses_of(layer):
    """What a layer has noted with ``add_loss``, to be put back by `set_losses`."""
    return list(getattr(layer, "_losses", ())), set(getattr(layer, "_loss_ids", ()))


def set_losses(layer, noted):
    losses, ids = noted
    if hasattr(layer, "_losses"):
        layer._losses[:] = losses
    if hasattr(layer, "_loss_ids"):
        layer._loss_ids.clear()
        layer._loss_ids.update(ids)


def has_call(model):
    """Whether a model says how it runs; a VAE of keras.io has a train_step only."""
    return type(model).call is not keras.Model.call
