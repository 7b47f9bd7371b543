"""The outputs of every layer of a Keras model: one run, recorded."""

import os
import sys
import warnings

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from .engine.batches import (
    Joining,
    as_float32,
    check_batch,
    check_batch_size,
    cut_into_batches,
    number_of_rows,
    stream_of_batches,
)
from .engine.choosing import check_wanted
from .engine.devices import passes_of
from .engine.inputs import FiniteCheck
from .engine.passes import Passes, kept, names_of_inputs, specs
from .engine.recording import Request
from .engine.replacing import check_replace
from .engine.storage import Arrays, Files
from .engine.wording import check_model


def layer_outputs(
    model,
    inputs,
    layers=None,
    batch_size=None,
    training=False,
    out=None,
    *,
    inside=False,
    before_activation=False,
    replace=None,
    tensors=False,
):
    """Run a model once and return what its layers output.

    The model itself is run, as it is now, and stays as it is: no layer is called on
    symbolic inputs or copied, no weight or state changes. Nothing is kept between calls.

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
            By default up to 256 at once, and 128 at a time of more. Eight batches and
            more, three of a recurrent network, are compiled, as ``predict`` does.
        training: whether Dropout, BatchNormalization and the like behave as in
            training. BatchNormalization then looks at each batch by itself.
        out: folder to write one ``.npy`` file a layer into, for outputs that do not
            fit into memory. A file that exists is never overwritten.
        inside: whether Keras's own composite layers are opened: attention scores as
            ``name/attention_scores``, the two directions of a Bidirectional (the
            backward one in its own order, last step first), the layers inside a
            TimeDistributed or SpectralNormalization, and the states of a recurrent
            layer behind every step, ``name/h`` and ``name/c``. A name inside one, such
            as ``layers="lstm/h"``, opens them too.
        before_activation: return what goes into each layer's activation in place of
            what comes out of it.
        replace: dict ``{name: array or function of the output}``. The model runs on
            with this in place of what the layer outputs. A function is given an array,
            with ``tensors`` a tensor, for each batch.
        tensors: return TensorFlow's tensors, for a gradient under a ``tf.GradientTape``;
            all inputs are one batch then.

    Returns:
        Dict ``{name: NumPy array}`` in the order of ``model.summary()``. The arrays are
        read-only, ``(inputs, ...)`` and float32; integers, booleans and float64 keep
        their dtype. Operations of a functional model that are written without a layer,
        such as ``x / 2``, have the names of ``model.summary()``. Layers inside a nested
        model, or inside a layer class of your own, come before it as ``outer/inner``. A
        layer called several times gives ``name``, ``name:1``, ...; one with several
        outputs ``name/0``, ``name/1``, ... Where no layer outputs the model's answer,
        it is the last entry, under the model's name. With ``out``, the arrays are
        memory maps of the files. An output that is the same for all inputs, such as the
        positions of a text, comes once.

    Raises:
        TypeError: not a Keras model, or inputs of a dtype that the model cannot take.
        ValueError: an unknown layer, an unbuilt model, inputs of a wrong shape, an error
            while the model runs, or outputs asked for by name that cannot be told or
            joined.
        FileExistsError: ``out`` already holds such a file.

    Example:
        >>> outputs = layer_outputs(dense_network(), np.eye(3))
        >>> outputs["hidden"][0].round(3)
        array([0.   , 0.   , 0.066, 0.113], dtype=float32)
        >>> list(layer_outputs(dense_network(), np.eye(3), layers=[-1]))
        ['output']
        >>> silenced = layer_outputs(dense_network(), np.eye(3), replace={"hidden": 0})
        >>> silenced["output"][0]
        array([0.5, 0.5], dtype=float32)
    """
    check_model(model)
    check_batch_size(batch_size)
    wanted, replace = check_wanted(layers), check_replace(replace)
    request = Request(
        model, wanted, training, inside, before_activation, replace, tensors
    )
    if tensors:
        return tensors_of_one_batch(request, inputs, out)
    rows, size, batches = cut_into_batches(model, inputs, batch_size)
    finite, left_out = FiniteCheck(), {}
    one_batch = rows is not None and rows <= size
    silent = one_batch or "LAYERS_QUIET" in os.environ
    bar = tqdm(total=rows, delay=2, file=sys.stdout, disable=silent, leave=False)
    store = Arrays(rows) if out is None else Files(out)
    with passes_of(request, left_out, rows) as passes, store, bar:
        joining = Joining(store, left_out, asked=wanted is not None)
        for structure, arrays in batches:
            done, here = joining.rows, number_of_rows(arrays)
            for name, x in zip(names_of_inputs(model, arrays), arrays):
                if x is not None:
                    finite.look(x, name, done)
            if rows is not None and rows > size:
                passes.expect(structure, arrays, rows // size)
            found = passes.run(structure, arrays, done)
            batch = structure, arrays
            joining.add(found, here, lambda batch=batch: passes.probe(*batch))
            del found  # its memory is taken for the next batch
            bar.update(here)
        if not joining.rows:
            raise ValueError("inputs gave no batch. Pass at least one input.")
        result = joining.finish()
    finite.report()
    report(left_out)
    return result


def tensors_of_one_batch(request, inputs, out):
    """Return tensors that a ``tf.GradientTape`` has seen come from each other."""
    if out is not None:
        raise ValueError("out takes arrays. Leave out=... or tensors=True away.")
    if stream_of_batches(inputs) is not None:
        raise ValueError(
            "tensors=True takes all inputs as one batch, but got a stream of batches. "
            "Pass one batch as an array or a tensor."
        )
    structure, arrays = check_batch(request.model, inputs, tensors=True)
    left_out = {}
    with passes_of(request, left_out) as passes:
        found = passes.run(structure, arrays)
    report(left_out)
    return found


def report(left_out):
    """Warn of the outputs that could not be told."""
    for key, reason in left_out.items():
        more = f" {len(left_out) - 1} more are left out too." * (len(left_out) > 1)
        warnings.warn(f"{key} is left out: {reason}.{more}", stacklevel=3)
        return


class LayerReader:
    """Reads the same layers of the same model many times, in compiled form.

    For a callback, a slider, a camera: the first call of inputs of one shape is slow,
    every other one as fast as the model itself. It follows the model's weights, and
    what is assigned to them. It does not follow what is compiled into it: layers that
    are added or taken away, an exchanged ``activation``, a setting such as
    ``layer.negative_slope`` or an attribute of a layer of your own, LoRA,
    ``trainable``, a vocabulary. After such a change make a new one; `layer_outputs`
    follows all of them.

    Arguments:
        model: a built ``keras.Model``.
        layers, training, inside, before_activation: as in `layer_outputs`. Inside a
            recurrent layer nothing can be read by compiled code.

    Raises:
        TypeError, ValueError: as `layer_outputs`; and a model that cannot be compiled.

    Example:
        >>> read = LayerReader(dense_network(), "hidden")
        >>> read(np.eye(3))["hidden"][0].round(3)
        array([0.   , 0.   , 0.066, 0.113], dtype=float32)
    """

    KEPT = 8  # compiled functions, for inputs of so many shapes

    def __init__(
        self,
        model,
        layers=None,
        training=False,
        *,
        inside=False,
        before_activation=False,
    ):
        check_model(model)
        wanted = check_wanted(layers)
        self.request = Request(model, wanted, training, inside, before_activation)
        self.functions = {}

    def __call__(self, inputs):
        """Return ``{name: array}`` for one batch of inputs, read-only."""
        structure, arrays = check_batch(self.request.model, inputs)
        with kept(self.request.model):
            return self.read(structure, arrays)

    def read(self, structure, arrays):
        key = str(structure), specs(arrays)
        compiled = self.functions.pop(key, None) or self.compile(structure, arrays)
        self.functions[key] = compiled  # the last used is the last
        if len(self.functions) > self.KEPT:
            del self.functions[next(iter(self.functions))]
        function, keys = compiled
        try:
            outputs = function(*(tf.constant(x) for x in arrays if x is not None))
        except tf.errors.OpError:  # line by line, it can be said which layer refuses
            Passes(self.request, {}).run(structure, arrays)
            raise
        return {name: read_only(x) for name, x in zip(keys, outputs)}

    def compile(self, structure, arrays):
        passes, keys = Passes(self.request, {}), []
        missing = [x is None for x in arrays]

        def run(*tensors):
            tensors = iter(tensors)
            given = [None if one else next(tensors) for one in missing]
            found, scope = passes.record(structure, given)
            scope.let_random_numbers_go_on()
            keys[:] = found
            return [as_float32(x) for x in found.values()]

        try:
            came = [spec for spec in specs(arrays) if spec is not None]
            return passes.trace(run, *came), keys
        except ValueError as error:
            raise ValueError(
                f"{error} LayerReader compiles the model; layer_outputs runs it line by "
                "line, and may take it."
            ) from None


def read_only(tensor):
    array = np.asarray(tensor)
    array.flags.writeable = False
    return array
