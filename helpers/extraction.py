"""The outputs of every layer of a Keras model, in one pass."""

import operator
import os
import sys
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from helpers.engine.inputs import (
    FiniteCheck,
    check_array,
    check_inputs,
    check_same_length,
    nearest_names,
)
from helpers.engine.recording import Recorder, recording, unbuilt
from helpers.engine.storage import Arrays, Files

AT_ONCE = 256  # so many inputs are one batch, and are not copied
OF_MORE = 128  # more are cut into batches as fast, and of less memory


def layer_outputs(
    model, inputs, layers=None, batch_size=None, training=False, out=None
):
    """Compute what the layers of a model output, all of them in one pass.

    The model itself is run, compiled, and stays as it is: no layer is called on new
    symbolic inputs, no weight changes, no layer is copied.

    Arguments:
        model: a built ``keras.Model``: Sequential, functional or subclassed. If it was
            made under a ``tf.distribute`` strategy, its devices share each batch.
        inputs: what the model takes, batch axis first, such as an array of shape
            ``(images, rows, columns, channels)``; several arrays in a list, tuple or
            dict if the model has several inputs; or batches of these: a
            ``tf.data.Dataset``, a ``keras.utils.PyDataset`` or a generator. Of a batch
            ``(x, y)`` only x is used. Any real dtype is cast to the model's, as Keras
            does. If the model takes rows of shape ``(28,)``, an array ``(28, 28)`` is
            28 rows: it cannot be told from one picture.
        layers: the layers wanted, one or a list: names such as ``"conv2d"`` or
            ``"outer/inner"``, indices into ``model.layers``, layers, or layer classes.
            By default all, except InputLayers.
        batch_size: how many inputs are computed at a time, if ``inputs`` are arrays.
            By default up to 256 at once, and 128 at a time of more.
        training: whether Dropout, BatchNormalization and the like behave as in
            training. BatchNormalization then looks at each batch by itself.
        out: folder to write one ``.npy`` file a layer into, for outputs that do not
            fit into memory. A file that exists is never overwritten.

    Returns:
        Dict ``{name: NumPy array}`` in the order of ``model.layers``. The arrays are
        read-only, ``(inputs, ...)`` and float32; integers, booleans and float64 keep
        their dtype. Layers inside a nested model, or inside a layer class of your own,
        come before it as ``outer/inner``. A layer called several times gives ``name``,
        ``name:1``, ...; one with several outputs ``name/0``, ``name/1``, ... With
        ``out``, the arrays are memory maps of the files.

    Raises:
        TypeError: not a Keras model, or inputs of a dtype that the model cannot take.
        ValueError: an unknown layer, an unbuilt model, or inputs of a wrong shape.
        FileExistsError: ``out`` already holds such a file.

    Example:
        >>> outputs = layer_outputs(dense_network(), np.eye(3))
        >>> outputs["hidden"][0].round(3)
        array([0.   , 0.   , 0.066, 0.113], dtype=float32)
        >>> list(layer_outputs(dense_network(), np.eye(3), layers=[-1]))
        ['output']
    """
    check_model(model)
    check_batch_size(batch_size)
    wanted = check_wanted(layers)
    rows, batches = cut_into_batches(model, inputs, batch_size)
    finite = FiniteCheck()
    one_batch = rows is not None and rows <= (batch_size or AT_ONCE)
    silent = one_batch or "LAYERS_QUIET" in os.environ
    bar = tqdm(total=rows, delay=2, file=sys.stdout, disable=silent, leave=False)
    done = 0
    with Arrays(rows) if out is None else Files(out) as store, bar:
        for structure, arrays in batches:
            extractor = compiled(model, wanted, bool(training), structure, arrays)
            arrays = [cast(x, spec) for x, spec in zip(arrays, extractor.signature)]
            for x, spec in zip(arrays, extractor.signature):
                finite.look(x, spec.name, done)
            outputs = extractor.function(*map(tf.constant, arrays))
            store.append(extractor.keys, outputs, len(arrays[0]))
            done += len(arrays[0])
            bar.update(len(arrays[0]))
        if not done:
            raise ValueError("inputs gave no batch. Pass at least one input.")
        result = store.finish()
    finite.report()
    return result


# What was asked for -------------------------------------------------------------------


def check_model(model):
    """Refuse what is not a built Keras model, and say what to write instead."""
    if isinstance(model, type) and issubclass(model, keras.Model):
        raise TypeError(
            f"model is the class {model.__name__}, not a model of it. "
            f"Write {model.__name__}()."
        )
    if not isinstance(model, keras.Model):
        hint = ""
        if isinstance(model, (str, os.PathLike)):
            hint = f" Write keras.models.load_model({str(model)!r})."
        elif isinstance(model, keras.Layer):
            hint = " Write keras.Sequential([keras.Input(shape), layer])."
        kind = f"{type(model).__module__}.{type(model).__qualname__}"
        raise TypeError(f"model must be a keras.Model, but a {kind} came.{hint}")
    if not model.built:
        raise ValueError(unbuilt(model, model))


def check_batch_size(batch_size):
    if batch_size is None:
        return
    whole = isinstance(batch_size, (int, np.integer)) and batch_size is not True
    if not whole or batch_size < 1:
        raise ValueError(
            f"batch_size must be a positive integer, but {batch_size!r} came."
        )


def check_wanted(layers):
    """Return the wanted layers as a tuple; None stands for all."""
    if layers is None:
        return None
    several = isinstance(layers, Iterable) and not isinstance(layers, (str, type))
    wanted = tuple(map(check_one, layers if several else [layers]))
    if not wanted:
        raise ValueError("layers is empty. Name at least one layer, or leave it out.")
    return wanted


def check_one(layer):
    if isinstance(layer, (str, keras.Layer)):
        return layer
    if isinstance(layer, type) and issubclass(layer, keras.Layer):
        return layer
    if isinstance(layer, (int, np.integer)) and not isinstance(layer, bool):
        return operator.index(layer)
    raise TypeError(
        f"layers must be names, indices, layers or layer classes, but {layer!r} came."
    )


def choose(model, records, wanted):
    """Return the records of the wanted layers, in the model's order."""
    inputs = keras.layers.InputLayer
    all_but_inputs = [r for r in records if not isinstance(r.layer, inputs)]
    if not all_but_inputs:
        raise ValueError(
            f"{model.name} calls no layer whose output can be reached. If its call is a "
            f"@tf.function, remove that: it is compiled here anyway."
        )
    if wanted is None:
        return all_but_inputs
    keys = set()
    for want in wanted:
        found = {record.key for record in records if is_meant(model, record, want)}
        if not found:
            raise ValueError(not_found(model, records, want))
        keys |= found
    return [record for record in records if record.key in keys]


def is_meant(model, record, want):
    if isinstance(want, str):
        return want in (record.key, record.call, record.path)
    if isinstance(want, type):
        return isinstance(record.layer, want)
    if isinstance(want, int):
        want = layer_at(model, want)
    return record.layer is want


def layer_at(model, index):
    count = len(model.layers)
    if not -count <= index < count:
        raise ValueError(
            f"{model.name} has no layer {index}: its {count} layers are "
            f"0 to {count - 1}."
        )
    return model.layers[index]


def not_found(model, records, want):
    """Say that no call of the wanted layer was recorded, and what to write."""
    if isinstance(want, type):
        kinds = ", ".join(sorted({type(record.layer).__name__ for record in records}))
        return f"{model.name} has no layer of class {want.__name__}; it has {kinds}."
    if isinstance(want, int):
        name = layer_at(model, want).name
        return f"{model.name} does not call its layer {want}, {name}, when it runs."
    names = list(dict.fromkeys(record.call for record in records))
    listing = "All names: [layer.name for layer in model.layers]."
    if isinstance(want, str):
        return f"{model.name} has no layer {want!r}. {nearest_names(want, names)} {listing}"
    return (
        f"This {type(want).__name__} layer {want.name!r} is not one that {model.name} "
        f"calls. {nearest_names(want.name, names)} {listing}"
    )


# The inputs, in batches ---------------------------------------------------------------


def cut_into_batches(model, inputs, batch_size):
    """Return the number of inputs (None if unknown) and an iterator over batches.

    A batch is how the inputs are arranged (None if the model says so itself), and a
    flat list of arrays.
    """
    stream = stream_of_batches(inputs)
    if stream is not None:
        unpack = keras.utils.unpack_x_y_sample_weight
        return None, (check_batch(model, unpack(batch)[0], "batch") for batch in stream)
    structure, arrays = check_batch(model, inputs, "inputs")
    rows = len(arrays[0])
    batch_size = batch_size or (AT_ONCE if rows <= AT_ONCE else OF_MORE)
    for x in getattr(model, "inputs", []):
        # Keras only notes a batch size: a model called on 3 rows still takes 2. It
        # matters to layers with a state, which want it kept.
        if x.shape[0] is not None and rows % x.shape[0] == 0:
            batch_size = x.shape[0]
    starts = range(0, rows, batch_size)
    return rows, ((structure, [x[i : i + batch_size] for x in arrays]) for i in starts)


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
    if arrays or hasattr(inputs, "__array__") or not hasattr(inputs, "__iter__"):
        return None
    return inputs


def check_batch(model, inputs, name):
    """Return how the inputs are arranged, and a flat list of checked arrays."""
    if getattr(model, "inputs", None):
        return None, check_inputs(model, inputs, name)
    several = isinstance(inputs, dict) or (
        isinstance(inputs, (list, tuple)) and all(hasattr(x, "shape") for x in inputs)
    )
    if not several:
        return 0, [check_array(inputs, None, name=name)]
    paths = keras.tree.flatten_with_path(inputs)
    names = [name + "".join(f"[{step!r}]" for step in path) for path, x in paths]
    arrays = [check_array(x, None, name=name) for name, (_, x) in zip(names, paths)]
    check_same_length(arrays, names)
    return keras.tree.map_structure(lambda x: 0, inputs), arrays


def cast(x, spec):
    """Cast as Keras does; a number too large for the dtype becomes infinity."""
    if spec.dtype == tf.string:
        return x.astype(object)
    with np.errstate(over="ignore"):
        return np.asarray(x, spec.dtype.as_numpy_dtype)


# A compiled function for each choice of layers ----------------------------------------

CHOICES_KEPT = 8  # compiled functions a model
compiled_functions = weakref.WeakKeyDictionary()  # {model: (parts, extractors)}
lock = threading.RLock()


class Extractor(NamedTuple):
    """A compiled function from a batch to the outputs of the chosen layers."""

    function: tf.types.experimental.ConcreteFunction
    keys: list
    signature: list


def compiled(model, wanted, training, structure, arrays):
    """Return the model's Extractor for the wanted layers, traced if it is a new choice."""
    choice = wanted and tuple(
        ("layer", id(want)) if isinstance(want, keras.Layer) else want
        for want in wanted
    )
    if structure is None:
        expected, structure = model.inputs, getattr(model, "input", model.inputs[0])
        signature = None
    else:
        expected = arrays
        signature = str(structure), *((x.shape[1:], x.dtype.name) for x in arrays)
    key = choice, training, signature
    with lock:
        now = list(parts(model))
        before, extractors = compiled_functions.get(model, (None, None))
        if now != before:  # the model has grown, shrunk or changed
            extractors = OrderedDict()
            compiled_functions[model] = now, extractors
        if key not in extractors:
            extractors[key] = trace(model, wanted, training, structure, expected)
            if len(extractors) > CHOICES_KEPT:
                extractors.popitem(last=False)
        extractors.move_to_end(key)
        return extractors[key]


def parts(model):
    """Yield all that makes a compiled function stale when it is exchanged."""
    for layer in model.layers:
        activation = getattr(layer, "activation", None)
        yield weakref.ref(layer), activation, layer.trainable, layer.dtype_policy
        if isinstance(layer, keras.Model):
            yield from parts(layer)


def trace(model, wanted, training, structure, expected):
    """Trace the model once; of its graph only what the wanted layers need will run."""
    batch_axis_free = [(None, *x.shape[1:]) for x in expected]
    signature = [
        tf.TensorSpec(shape, x.dtype, getattr(x, "name", "inputs"))
        for shape, x in zip(batch_axis_free, expected)
    ]
    structure = keras.tree.map_structure(lambda x: 0, structure)
    model_alive = weakref.ref(model)  # or the function would keep its model for ever
    keys = []

    def extract(*tensors):
        model = model_alive()
        inputs = keras.tree.pack_sequence_as(structure, tensors)
        with keras.StatelessScope() as scope:
            records = Recorder(model).run(inputs, training)
        for variable in seeds(model):  # random numbers go on, weights stay
            value = scope.get_current_value(variable)
            if value is not None:
                variable.assign(value)
        chosen = choose(model, records, wanted)
        keys[:] = [record.key for record in chosen]
        return [as_float32(record.output) for record in chosen]

    function = tf.function(
        on_all_devices(extract, model.distribute_strategy),
        input_signature=signature,
        autograph=False,
    )
    with recording():
        return Extractor(function.get_concrete_function(), keys, signature)


def on_all_devices(function, strategy):
    """Let each device of a ``tf.distribute`` strategy compute a share of the rows."""
    devices = strategy.num_replicas_in_sync
    if devices == 1:
        return function

    def compute_share(*tensors):
        i = tf.distribute.get_replica_context().replica_id_in_sync_group
        rows = tf.shape(tensors[0])[0]
        share = slice(rows * i // devices, rows * (i + 1) // devices)
        return function(*(x[share] for x in tensors))

    def compute_all(*tensors):
        outputs = strategy.run(compute_share, args=tensors)
        return [tf.concat(strategy.experimental_local_results(x), 0) for x in outputs]

    return compute_all


def seeds(model):
    """Return the variables that are no weights: the state of random numbers."""
    weights = {id(weight) for weight in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights]


def as_float32(x):
    return tf.cast(x, tf.float32) if x.dtype in (tf.bfloat16, tf.float16) else x
