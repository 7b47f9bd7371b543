"""Other numbers in the place of a layer's output, while the model runs on."""

import warnings
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from .wording import Refusal


def check_replace(replace):
    """Return ``replace`` as a dict ``{name: array or function}``, or None."""
    if replace is None:
        return None
    if not isinstance(replace, Mapping) or not replace:
        raise TypeError(
            'replace must be a dict such as {"conv2d_1": array_or_function}, but '
            f"got {type(replace).__name__} {replace!r:.40}."
        )
    found = {}
    for name, new in replace.items():
        name = getattr(name, "name", name)
        if not isinstance(name, str):
            raise TypeError(f"replace takes the names of layers, but got {name!r}.")
        if not callable(new):
            new = np.asarray(new)
            if new.dtype.kind not in "biuf" and "float" not in new.dtype.name:
                raise TypeError(
                    f"replace[{name!r}] has dtype {new.dtype}. Give an array of numbers, "
                    "or a function of the layer's output."
                )
        found[name] = new
    return found


def followed(x):
    """The same numbers, in a tensor that an open ``tf.GradientTape`` follows."""
    return x + tf.Variable(0, dtype=x.dtype)


def holds_nan(x):
    # one makes the whole sum so; infinity may be meant, as in a mask
    floats = x.dtype.is_floating and not tf.is_symbolic_tensor(x)
    return floats and bool(np.isnan(np.sum(x))) and bool(np.isnan(x).any())


class Replacing:
    """Replaces outputs in one run: of ``rows`` inputs, from number ``first`` on.

    Of all inputs there are ``of``; None if it is not known.
    """

    def __init__(self, request, rows, first, of):
        self.replace_by, self.tensors = request.replace or {}, request.tensors
        self.rows, self.first, self.of = rows, first, of
        self.used = set()

    def replace(self, call, output):
        """Return what is to run on in place of a call's output."""
        new = []
        for key, leaf in zip(call.keys, keras.tree.flatten(output)):
            for name in (key, call.name, call.path):
                if name in self.replace_by and tf.is_tensor(leaf):
                    self.used.add(name)
                    leaf = self.one(name, leaf)
                    break
            new.append(leaf)
        return keras.tree.pack_sequence_as(output, new)

    def one(self, name, output):
        """Return what replaces one output, in its shape and dtype."""
        new = self.replace_by[name]
        if callable(new):
            new = new(output if self.tensors else np.asarray(output))
            if new is None:
                raise Refusal(
                    f"The function for {name!r} returned None. End it with `return` and "
                    "the new output."
                )
        elif new.ndim == len(output.shape) and len(new) == self.of != output.shape[0]:
            new = new[self.first : self.first + self.rows]  # the rows of this batch
        new = tf.convert_to_tensor(new)
        if tuple(new.shape) != tuple(output.shape):
            try:
                new = tf.broadcast_to(new, output.shape)
            except tf.errors.InvalidArgumentError:
                raise Refusal(
                    f"{name} outputs shape {tuple(output.shape)}, and what is to replace "
                    f"it has shape {tuple(new.shape)}. Give it the shape of the output, "
                    "or one that NumPy broadcasts to it."
                ) from None
        new = tf.cast(new, output.dtype)
        if holds_nan(new) and not holds_nan(output):
            warnings.warn(
                f"What replaces {name} holds NaN. What is computed from it means nothing.",
                stacklevel=2,
            )
        return followed(new) if self.tensors and new.dtype.is_floating else new

    def unused(self):
        """Return a name that no call had, or None."""
        return next((name for name in self.replace_by if name not in self.used), None)
