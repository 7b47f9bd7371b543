"""Batch after batch through a model, its state carried on from each to the next."""

from contextlib import contextmanager, suppress
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from .batches import check_batch, number_of_rows
from .choosing import choose, enough, not_found
from .keras_inside import all_layers, has_own_code, is_keras_own, losses_of, set_losses
from .names import hide_masks
from .patching import recording
from .recording import Recorder, Request, Scope, watched
from .replacing import Replacing
from .wording import CannotRun, check_model

COMPILED_FROM = 8  # batches of one shape; tracing costs as much as these gain
COMPILED_FROM_RECURRENT = 3  # TensorFlow's loops are slow line by line


class Passes:
    """Runs a model on one batch after the other, each recorded.

    Few batches run eagerly, so that nothing stands between the numbers and the model as
    it is now. Of many batches of one shape, a function is compiled and thrown away with
    this object. Which of both is decided by counting batches, never by the clock: both
    round differently in the last digits. ``left_out`` is filled with ``{key: reason}`` of
    what cannot be told; ``rows`` is the number of all inputs, None if it is not known.
    """

    def __init__(self, request, left_out, rows=None):
        self.request, self.left_out, self.rows = request, left_out, rows
        self.own_code = has_own_code(request.model)
        self.scope = Scope()  # what the batches so far have made of the variables
        self.changing = {}  # {id: variable} that a run changes
        self.keys = None  # of the outputs; None until something has run
        self.seen = {}  # {shapes and dtypes: how many batches had them}
        self.expected = {}  # the same, of those that are still to come
        self.compiled = {}  # {shapes and dtypes: compiled function, or None}
        self.probed = None  # what `probe` returned
        self.recurrent = False
        self.inside = request.inside or any(
            isinstance(want, str) and "/" in want
            for want in (*(request.wanted or ()), *(request.replace or ()))
        )

    # ------------------------------------------------------------------ one batch

    def run(self, structure, arrays, first_row=0):
        """Return ``{key: tensor}`` of the wanted layers for one batch."""
        signature = specs(arrays)
        self.seen[signature] = self.seen.get(signature, 0) + 1
        if self.is_worth_compiling(signature):
            if signature not in self.compiled:
                self.compiled[signature] = self.compile(structure, arrays)
            if self.compiled[signature]:
                # refused, it can be said line by line which layer does
                with suppress(tf.errors.OpError):
                    return self.compiled[signature](arrays)
        try:
            found, scope = self.eagerly(structure, arrays, first_row)
        except CannotRun as error:
            if not first_row:
                raise
            where = f"It is in the batch that begins with input number {first_row}"
            raise CannotRun(f"{error}. {where}") from error.__cause__
        for variable, value in scope.values():
            self.scope.add_update((variable, value))
        return found

    def expect(self, structure, arrays, batches):
        """Say that so many batches like this one will come, before the first of them."""
        if not self.expected:
            self.expected[specs(arrays)] = batches
            self.probe(structure, arrays)

    def is_worth_compiling(self, signature):
        if self.request.replace or self.request.tensors or self.inside:
            return False  # a function of the learner's own runs line by line
        if self.keys is None:  # nothing has run yet, so what changes is not known
            return False
        limit = COMPILED_FROM_RECURRENT if self.recurrent else COMPILED_FROM
        expected = self.expected.get(signature, 0)
        return expected >= limit or self.seen[signature] > limit

    def probe(self, structure, arrays):
        """Run the first row alone, to see which axis of each output the rows are.

        Returns the number of rows that ran (two if the batch has one), ``{key: tensor}``.
        Of a model that takes no other number of rows, as one with a state, these are the
        outputs up to the layer that refuses. Nothing of it stays.
        """
        if self.probed is None:
            rows = 1 if number_of_rows(arrays) > 1 else 2
            few = [x if x is None else np.concatenate([x, x])[:rows] for x in arrays]
            try:
                found, _ = self.eagerly(structure, few, 0)
            except CannotRun as error:
                found = {k: x for call in error.calls for k, x in call.outputs()}
            except ValueError:
                found = {}
            self.probed = rows, found
        return self.probed

    def eagerly(self, structure, arrays, first_row):
        tensors = [x if x is None else tf.convert_to_tensor(x) for x in arrays]
        if self.request.tensors:
            tensors = list(map(watched, tensors))
        with recording(self.own_code):
            start = self.scope.values()
            found, scope = self.record(structure, tensors, start, first_row)
        self.keys = list(found)
        self.changing.update(scope.variables)
        return found, scope

    def record(self, structure, tensors, start=(), first_row=0):
        """Run the model once, under `recording`, from these values of its variables.

        Returns ``{key: tensor}`` and the `Scope` that holds the values after it.
        """
        request, model = self.request, self.request.model
        inputs = keras.tree.pack_sequence_as(structure, tensors)
        replacing = Replacing(request, number_of_rows(tensors), first_row, self.rows)
        replaced = replacing.replace if request.replace else None
        stop = None
        if not (request.training or request.replace):
            stop = enough(model, request.wanted)

        def run(inside):
            recorder = Recorder(request, inside, replaced, stop)
            with Scope(start) as scope:
                recorder.run(inputs)
            if request.wanted is None:
                hide_masks(recorder.calls)
                self.left_out.update(recorder.out_of_reach)
            # as ``model.summary()`` lists layers, those inside one before it
            calls = sorted(recorder.calls, key=lambda call: (*call.order, np.inf))
            found = choose(model, calls, request.wanted)
            return recorder, scope, calls, found, replacing.unused()

        recorder, scope, calls, found, unused = run(self.inside)
        if (found is None or unused) and not self.inside:
            # perhaps it is inside one of Keras's own layers
            recorder, scope, calls, found, unused = run(inside=True)
            self.inside = not (found is None or unused)
        self.recurrent |= any(is_recurrent(call.layer) for call in calls)
        if unused or found is None:
            missing = unused or next(
                want for want in request.wanted if not choose(model, calls, [want])
            )
            reasons = recorder.out_of_reach | (recorder.fixed if unused else {})
            raise ValueError(not_found(model, calls, missing, reasons))
        if not found:
            raise ValueError(f"{model.name} calls no layer and outputs no tensor.")
        return {k: x for k, x, call in found if self.can_be_told(k, call)}, scope

    def can_be_told(self, key, call):
        """Whether an output is one number before an activation; or say why it is not."""
        if not call.several:
            return True
        reason = f"{call.several}. There is no one number before its activation"
        if self.request.wanted is not None:
            raise ValueError(f"{key} cannot be told: {reason}.")
        self.left_out[key] = reason
        return False

    # ----------------------------------------------------------------- many batches

    def compile(self, structure, arrays):
        """Trace the model once for the shapes that came; None if it cannot be traced."""
        if any(x is None for x in arrays):
            return None
        changing = list(self.changing.values())
        keys, recurrent = [], self.recurrent

        def run(tensors, values):
            found, scope = self.record(structure, tensors, [*zip(changing, values)])
            if not set(scope.variables) <= set(self.changing):
                raise ValueError("A variable changes that did not change before.")
            keys[:] = found
            states = [scope.get_current_value(v) for v in changing]
            return list(found.values()), states

        try:
            function = self.trace(run, list(specs(arrays)), list(specs(changing)))
        except Exception:  # it decides by a number, say: line by line it runs
            self.recurrent = recurrent
            return None
        if keys != self.keys:
            return None  # a loop or a condition that TensorFlow keeps to itself

        def call_compiled(arrays):
            values = [current(self.scope, v) for v in changing]
            outputs, values = function(list(map(tf.constant, arrays)), values)
            for variable, value in zip(changing, values):
                self.scope.add_update((variable, value))
            return dict(zip(keys, outputs))

        return call_compiled

    def trace(self, run, *signature):
        """Compile a function that calls `record`."""
        function = tf.function(run, autograph=False, input_signature=signature)
        with recording(self.own_code):
            return function.get_concrete_function()


class Run(NamedTuple):
    """A model run once, everything kept."""

    model: keras.Model
    calls: list  # of `Call` in the order in which they ended, inner ones first
    inputs: list  # of ``(name, tensor)``
    rows: int  # number of inputs that came


def whole_run(model, inputs, one_of=None):
    """Return the `Run` of a model, eagerly and in inference, on inputs in one batch.

    Every call has output tensors of its own, so these tell which call an argument comes
    from. ``one_of`` is given the number of inputs; only the one that it names is run.
    """
    check_model(model)
    structure, arrays = check_batch(model, inputs)
    rows = number_of_rows(arrays)
    if one_of:
        stateful = any(getattr(one, "stateful", False) for one in all_layers(model))
        if stateful and rows > 1:
            raise ValueError(
                f"{model.name} has a state for {rows} inputs at a time, and one of them "
                "is to be run alone. Make it for one: keras.Input(batch_shape=(1, ...)), "
                "then new.set_weights(model.get_weights())."
            )
        i = one_of(rows)
        arrays = [x if x is None else x[i : i + 1] for x in arrays]
    tensors = [x if x is None else tf.constant(x) for x in arrays]
    recorder = Recorder(Request(model), apart=True)
    with kept(model), recording(has_own_code(model)), Scope():
        recorder.run(keras.tree.pack_sequence_as(structure, tensors))
    hide_masks(recorder.calls)
    names = names_of_inputs(model, arrays)
    named = [(name, x) for name, x in zip(names, tensors) if x is not None]
    return Run(model, recorder.calls, named, rows)


def names_of_inputs(model, arrays):
    symbols = getattr(model, "inputs", None) or []
    if symbols:
        return [x.name for x in symbols]
    several = len(arrays) > 1
    return [f"input {i}" if several else "inputs" for i in range(len(arrays))]


def specs(arrays):
    """Return shapes and dtypes, which can also be keys of a dict."""
    return tuple(
        x if x is None else tf.TensorSpec(x.shape, tf.as_dtype(x.dtype)) for x in arrays
    )


def current(scope, variable):
    value = scope.get_current_value(variable)
    return variable.value if value is None else value


def is_recurrent(layer):
    layer = getattr(layer, "forward_layer", layer)
    return isinstance(layer, keras.layers.RNN)


@contextmanager
def kept(model):
    """Put back what Keras knows nothing of, or would clear, when a model has run.

    That is every ``tf.Variable`` in attributes of layers of one's own, and the losses
    that layers have noted.
    """
    layers = [model, *all_layers(model)]
    losses = [(layer, losses_of(layer)) for layer in layers]
    own = [list(vars(layer).values()) for layer in layers if not is_keras_own(layer)]
    values = [(one, one.numpy()) for one in variables_in(own, depth=5)]
    try:
        yield
    finally:
        for variable, value in values:
            variable.assign(value)
        for layer, noted in losses:
            set_losses(layer, noted)


def variables_in(x, depth):
    """Yield each ``tf.Variable`` in lists, dicts and plain objects."""
    if isinstance(x, tf.Variable):
        yield x
        return
    if depth == 0 or isinstance(x, (keras.Layer, keras.Variable, type, np.ndarray)):
        return
    inner = ()
    if isinstance(x, (list, tuple, set)):
        inner = x
    elif isinstance(x, dict):
        inner = x.values()
    elif hasattr(x, "__dict__") and not is_of_a_library(x):
        inner = [vars(x)]
    for one in list(inner):
        yield from variables_in(one, depth - 1)


def is_of_a_library(x):
    home = str(getattr(type(x), "__module__", "")).partition(".")[0]
    return home in ("keras", "tensorflow", "numpy", "builtins", "functools", "types")
