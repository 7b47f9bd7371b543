"""Inputs cut into batches, and the outputs of batches put together again."""

import keras
import numpy as np
import tensorflow as tf

from .inputs import (
    arrange,
    check_array,
    check_inputs,
    check_same_length,
    own_name,
)

AT_ONCE = 256  # so many inputs are one batch, and are not copied
OF_MORE = 128  # more are cut into batches as fast, and of less memory


def check_batch_size(batch_size):
    if batch_size is None:
        return
    whole = isinstance(batch_size, (int, np.integer)) and batch_size is not True
    if not whole or batch_size < 1:
        raise ValueError(
            f"batch_size must be a positive integer, but got {batch_size!r}."
        )


def cut_into_batches(model, inputs, batch_size):
    """Return the number of inputs, the size of a batch, and an iterator over batches.

    Number and size are None if ``inputs`` are batches already. A batch is how the inputs
    are arranged, and a flat list of arrays.
    """
    stream = stream_of_batches(inputs)
    if stream is not None:
        unpack = keras.utils.unpack_x_y_sample_weight
        batches = (check_batch(model, unpack(x)[0], "batch") for x in stream)
        return None, None, batches
    structure, arrays = check_batch(model, inputs)
    rows = number_of_rows(arrays)
    batch_size = batch_size or (AT_ONCE if rows <= AT_ONCE else OF_MORE)
    for x in getattr(model, "inputs", []):
        # Keras only notes a batch size: a model called on 3 rows still takes 2. It
        # matters to layers with a state, which want it kept.
        if x.shape[0] is not None and rows % x.shape[0] == 0:
            batch_size = x.shape[0]

    def rows_from(i):
        return [x if x is None else x[i : i + batch_size] for x in arrays]

    starts = range(0, rows, batch_size)
    return rows, batch_size, ((structure, rows_from(i)) for i in starts)


def stream_of_batches(inputs):
    """Return an iterable of batches, or None if ``inputs`` are the arrays themselves."""
    if isinstance(inputs, tf.data.Dataset):
        if inputs.cardinality() == tf.data.INFINITE_CARDINALITY:
            raise ValueError("The dataset never ends. Write dataset.take(batches).")
        return inputs
    if isinstance(inputs, keras.utils.PyDataset):
        if inputs.num_batches is None:
            raise ValueError("The PyDataset never ends. Give it a __len__.")
        return (inputs[i] for i in range(inputs.num_batches))
    arrays = isinstance(inputs, (list, tuple, dict, str, bytes))
    array = hasattr(inputs, "__array__") or hasattr(inputs, "shape")
    return None if arrays or array or not hasattr(inputs, "__iter__") else inputs


def check_batch(model, inputs, name=None, tensors=False):
    """Return how the inputs are arranged, and a flat list of arrays as Keras casts them.

    With ``tensors``, what came as a tensor of TensorFlow stays one. Messages call the
    inputs ``name``, by default what the notebook calls them.
    """
    name = name or own_name(inputs, "inputs")
    if getattr(model, "inputs", None):
        structure = getattr(model, "input", model.inputs[0])
        arrays = check_inputs(model, inputs, name)
        if tensors:
            came = arrange(model, inputs, name)
            arrays = [x if tf.is_tensor(x) else y for x, y in zip(came, arrays)]
        arrays = [cast(x, symbol.dtype) for x, symbol in zip(arrays, model.inputs)]
        return without_leaves(structure), arrays
    several = isinstance(inputs, dict) or (
        isinstance(inputs, (list, tuple)) and all(hasattr(x, "shape") for x in inputs)
    )
    parts = keras.tree.flatten_with_path(inputs) if several else [((), inputs)]
    names = [name + "".join(f"[{step!r}]" for step in path) for path, _ in parts]
    arrays = [check_array(x, None, name=one) for one, (_, x) in zip(names, parts)]
    check_same_length(arrays, names)
    arrays = [cast(x, "string") if x.dtype.kind in "SUT" else x for x in arrays]
    return without_leaves(inputs) if several else 0, arrays


def without_leaves(structure):
    return keras.tree.map_structure(lambda x: 0, structure)


def cast(x, dtype):
    """Cast as Keras does; a number too large for the dtype becomes infinity."""
    if x is None:
        return None
    if tf.is_tensor(x):
        return tf.cast(x, dtype)
    if dtype == "string":
        return x.astype(object)
    with np.errstate(over="ignore"):
        return np.asarray(x, tf.as_dtype(dtype).as_numpy_dtype)


# ----------------------------------------------------------------- put together again


def axis_of_rows(rows, output, few, other):
    """Tell which axis of an output the rows are on, and how many places are one input.

    It is the axis that is longer with more rows: ``other`` is the output for the ``few``
    first ones, or None if these cannot be run. The axis is None for an output that is
    the same for any inputs, such as the positions in a text, and -1 for one that cannot
    be joined.
    """
    shape = tuple(output.shape)
    if other is None:
        return (0, 1) if shape[:1] == (rows,) else (None, 0)
    shorter = tuple(other.shape)
    if len(shape) != len(shorter):
        return -1, 0
    differ = [i for i, (a, b) in enumerate(zip(shape, shorter)) if a != b]
    if not differ:
        return None, 0
    axis = differ[0]
    if len(differ) > 1 or shape[axis] * few != shorter[axis] * rows:
        return -1, 0
    each = shape[axis] // rows
    if each > 1:  # are the places of one input beside each other?
        first = (*(slice(None),) * axis, slice(each * min(rows, few)))
        first, other = (np.asarray(x[first], "float64") for x in (output, other))
        scale = np.abs(other).max() if other.size else 0
        if not np.allclose(first, other, rtol=0, atol=1e-3 * scale, equal_nan=True):
            return -1, 0
    return axis, each


class Joining:
    """Puts the outputs of batches together, each along the axis of the inputs.

    What cannot be joined is an error if it was ``asked`` for; otherwise ``left_out`` is
    filled with ``{key: reason}``.
    """

    def __init__(self, store, left_out, asked):
        self.store, self.left_out, self.asked = store, left_out, asked
        self.rows = 0  # number of inputs so far
        self.first, self.axes = None, None
        self.once = {}  # {key: the output that all batches have}

    def add(self, found, rows, probe):
        """Take the outputs of a batch of ``rows`` inputs, ``{key: tensor}``.

        ``probe`` is called when a second batch has come: it returns another number of
        rows, the first of this batch, and their outputs.
        """
        if self.rows == 0:
            self.first = found, rows, probe
        else:
            if self.first:
                self.join_first(*self.first)
            self.join(found, rows)
        self.rows += rows

    def join_first(self, found, rows, probe):
        """Take the first batch, once it is known not to be the only one."""
        few, others = probe()
        self.axes = {
            key: axis_of_rows(rows, output, few, others.get(key))
            for key, output in found.items()
        }
        self.first = None
        self.join(found, rows)

    def join(self, found, rows):
        here = {key: as_float32(output) for key, output in found.items()}
        for key in dict.fromkeys([*self.axes, *here]):
            if key in self.left_out:
                continue
            axis, each = self.axes.get(key, (-1, 0))
            if key not in here or key not in self.axes:
                self.leave_out(key, "it is not called for every batch")
            elif axis is None:
                self.once_for_all(key, np.asarray(here[key]), rows)
            elif axis == -1 or here[key].shape[axis] != rows * each:
                self.leave_out(key, no_row_for_each(here[key], rows))
            else:
                self.store.append(key, np.asarray(here[key]), axis, each)

    def once_for_all(self, key, output, rows):
        self.store.place(key)
        same = self.once.setdefault(key, output)
        if not np.array_equal(same, output, equal_nan=output.dtype.kind == "f"):
            self.leave_out(key, no_row_for_each(output, rows))

    def leave_out(self, key, reason):
        reason = (
            f"{reason}, so batches of it cannot be joined. Raise batch_size to take all "
            "inputs at once"
        )
        if self.asked:
            raise ValueError(f"{key} cannot be told: {reason}.")
        self.left_out[key] = reason
        self.once.pop(key, None)
        self.store.drop(key)

    def finish(self):
        """Return ``{key: array}``."""
        if self.first:  # the only batch
            for key, output in self.first[0].items():
                self.store.whole(key, np.asarray(as_float32(output)))
        for key, output in self.once.items():
            self.store.whole(key, output)
        return self.store.finish()


def number_of_rows(arrays):
    return next(x.shape[0] for x in arrays if x is not None)


def no_row_for_each(output, rows):
    shape = tuple(output.shape)
    return f"it outputs an array {shape} for {rows} inputs, not a row for each"


def as_float32(x):
    return tf.cast(x, tf.float32) if x.dtype in (tf.bfloat16, tf.float16) else x
