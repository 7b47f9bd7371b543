"""What the course needs of Keras beyond its public interface is still there."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.engine import keras_inside
from helpers.networks import dense_network

layers = keras.layers


def functional():
    x = keras.Input((4, 3))
    return keras.Model(x, layers.Dense(2)(layers.Masking(name="masking")(x)))


def call_is_used(name):
    """Whether a model that runs calls a class's ``__call__`` where it is looked for."""
    cls, calls = getattr(keras, name), []
    original = cls.__call__
    cls.__call__ = lambda self, *a, **k: calls.append(self) or original(self, *a, **k)
    try:
        functional()(np.ones((1, 4, 3)))
    finally:
        cls.__call__ = original
    return len(calls) >= 3  # the model and its two layers


def losses_are_kept():
    layer = layers.Dense(2, activity_regularizer="l2")
    layer(np.ones((1, 3)))
    noted, before = keras_inside.losses_of(layer), list(map(float, layer.losses))
    keras_inside.set_losses(layer, ([], set()))
    gone = layer.losses == []
    keras_inside.set_losses(layer, noted)
    return gone and list(map(float, layer.losses)) == before


class AddsLoss(keras.Layer):
    def call(self, x):
        self.add_loss(tf.reduce_sum(x))
        return x


def loss_ids_are_noted():
    layer = AddsLoss()
    with keras.StatelessScope(collect_losses=True):
        layer(np.ones((1, 3)))
    return len(keras_inside.losses_of(layer)[1]) == 1


class OwnDense(layers.Dense):
    def call(self, x):
        return x


CHECKS = {
    "keras.Layer.__call__": lambda: call_is_used("Layer"),
    "keras.Operation.__call__": lambda: call_is_used("Operation"),
    "keras.Layer._flatten_layers": lambda: (
        {"dense_network", "hidden", "output"}
        <= {
            layer.name
            for layer in keras_inside.all_layers(keras.Sequential([dense_network()]))
        }
    ),
    "KerasTensor._keras_history": lambda: (
        keras_inside.source_of(functional().inputs[0]) is not None
    ),
    "keras.Model._nodes_by_depth": lambda: (
        sorted(keras_inside.calls_in_graph(functional()).values()) == [1, 1]
    ),
    "keras.Layer._losses": lambda: losses_are_kept(),
    "keras.Layer._loss_ids": lambda: loss_ids_are_noted(),
    "MultiHeadAttention._flash_attention": lambda: (
        "_flash_attention" in vars(layers.MultiHeadAttention(2, 3))
    ),
    "keras.layers.Dense.__module__": lambda: (
        keras_inside.is_keras_own(layers.Dense(2))
        and keras_inside.is_graph(functional())
        and not keras_inside.is_keras_own(OwnDense(2))
    ),
    "tensor._keras_mask": lambda: (
        keras_inside.mask_of(layers.Masking()(tf.ones((1, 4, 3)))) is not None
    ),
}


def test_all_of_it_is_looked_for():
    assert set(CHECKS) == set(keras_inside.PRIVATE)


@pytest.mark.parametrize("name", CHECKS)
def test_it_is_there(name):
    try:
        there = CHECKS[name]()
    except AttributeError:
        there = False
    assert there, (
        f"Keras {keras.__version__} has no {name} any more, or uses it in another way. "
        f"It was needed for this: {keras_inside.PRIVATE[name]}. Mend "
        "helpers/engine/keras_inside.py."
    )
