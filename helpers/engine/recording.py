"""One run of a model, recorded: its calls in order, with what went in and came out.

A Recorder is told of each call (`patching`). Everything else stays Keras's own: which
layers run, in which order, with which masks.
"""

import inspect
import threading
import weakref
from contextlib import contextmanager
from typing import NamedTuple

import keras
import tensorflow as tf

from . import patching
from .choosing import is_meant
from .keras_inside import all_layers, is_keras_own, mask_of, set_mask, source_of
from .names import Call, Names, indices_in, name_by_class
from .opened import Opened
from .patching import active
from .replacing import followed
from .wording import CannotRun, Refusal, cannot_run, takes_several, unbuilt

activations = threading.RLock()


class Stop(BaseException):
    """Raised when the last wanted call is over; no ``except Exception`` catches it."""


class Request(NamedTuple):
    """What `layer_outputs` was asked for."""

    model: keras.Model
    wanted: tuple | None = None  # None: all layers
    training: bool = False
    inside: bool = False
    before_activation: bool = False
    replace: dict | None = None
    tensors: bool = False


class Scope(keras.StatelessScope):
    """Keeps what a run assigns to variables: the model itself stays as it was.

    It starts from ``values``, a list of ``(variable, value)``.
    """

    def __init__(self, values=()):
        values = list(values)
        super().__init__(state_mapping=values)
        self.variables = {id(variable): variable for variable, _ in values}

    def add_update(self, update):
        self.variables[id(update[0])] = update[0]
        super().add_update(update)

    def values(self):
        """List ``(variable, value)`` of all that was assigned."""
        return [(v, self.get_current_value(v)) for v in self.variables.values()]

    def let_random_numbers_go_on(self):
        """Assign what the seeds have become; no weight changes."""
        for variable, value in self.values():
            if "seed_generator_state" in variable.name:
                variable.assign(value)


class Recorder:
    """Runs a model once and notes its calls.

    Opened, so that the layers called inside are noted too, are models and layers of
    one's own; Keras's own composites, such as a Bidirectional, if ``inside`` is true.
    ``replaced`` is a function ``(call, output)`` that returns what runs on in its place;
    ``done`` one of the list of calls: when it is true the run is over. With ``apart``
    each layer's output is a tensor of its own, also where it passes its input on, so
    that the tensors tell who is fed by whom.
    """

    def __init__(self, request, inside=False, replaced=None, done=None, apart=False):
        self.request, self.model, self.inside = request, request.model, inside
        self.replaced, self.done, self.apart = replaced, done, apart
        self.calls = []  # in the order in which they end, inner ones first
        self.out_of_reach = {}  # {path: why it cannot be read}
        self.fixed = {}  # {path: why it cannot be replaced}
        self.names = Names()
        self.tracked = {id(layer) for layer in all_layers(self.model)}
        self.refusal = None  # the first one; Keras wraps it into more lines
        self.here = None  # the call around; None inside a layer that is not opened
        self.made = weakref.WeakValueDictionary()  # {id: tensor that a call returned}
        self.running = []  # names of the layers that are being called
        eager = tf.executing_eagerly()
        self.graph = None if eager else tf.compat.v1.get_default_graph()

    def run(self, inputs):
        """Run the model, to its end or until it is done."""
        before = getattr(active, "recorder", None)
        active.recorder = self
        root = Call("", "", self.model, (), indices=indices_in(self.model))
        try:
            self.enter(root, inputs)
            args, options = call_arguments(self.model, inputs)
            options["training"] = bool(self.request.training)
            output = patching.patch.layer(self.model, *args, **options)
            self.here = None
            self.answer(output)
        except Stop:
            pass
        except Exception as error:
            if self.refusal:
                raise self.refusal from None
            refused = CannotRun(cannot_run(self.model, error, self.running))
            refused.calls = self.calls
            # TensorFlow's own traceback says less than the sentence
            raise refused from None if isinstance(error, tf.errors.OpError) else error
        finally:
            active.recorder = before

    def refuse(self, message):
        self.refusal = self.refusal or Refusal(message)
        raise self.refusal

    # ------------------------------------------------------------ what Keras calls

    def layer(self, layer, args, kwargs):
        outer = self.here
        cell = cell_of(outer.layer)
        if layer is cell:  # opened only if it is one of your own
            here = None if is_keras_own(layer) else self.names.call(outer, layer)
            output = self.closed(patching.patch.layer, layer, args, kwargs, here)
            if outer.opened:
                outer.opened.note_step(args, output)
            return output
        if layer in getattr(cell, "cells", ()):  # Keras tries stacked ones beforehand
            return self.closed(patching.patch.layer, layer, args, kwargs)
        tracked = id(layer) in self.tracked
        if tracked and not layer.built and outer.opened is None:
            self.refuse(unbuilt(self.model, layer))
        name = layer.name if tracked else name_by_class(layer)
        call, depth = self.names.call(outer, layer, name=name), len(self.running)
        self.running.append(call.name)
        if self.inside and (not call.container or isinstance(layer, keras.layers.RNN)):
            call.opened = Opened(call, self)
            call.opened.before(args, kwargs)
        if call.container or call.opened:
            self.enter(call, args)
        else:
            self.here = None
        try:
            call.masked = self.apart and is_masked(layer, args)
            with patching.patch.as_keras_does(layer), self.before(layer) as before:
                output = patching.patch.layer(layer, *args, **kwargs)
        finally:
            self.here = outer
        del self.running[depth:]
        if call.opened:
            call.opened.after(output)
            call.opened = None
        return self.keep(call, output, args, kwargs, before)

    def operation(self, operation, args, kwargs):
        here = self.here
        if here is None or here.opened or isinstance(operation, keras.Layer):
            if here and here.opened and here.layer is operation:  # masks are filled in
                here.opened.called_with(args, kwargs)
            return patching.patch.operation(operation, *args, **kwargs)
        call = self.names.call(here, operation)
        with patching.patch.as_keras_does():
            output = self.closed(patching.patch.operation, operation, args, kwargs)
        return self.keep(call, output, args, kwargs)

    def closed(self, function, operation, args, kwargs, here=None):
        """Call with nothing inside noted, or only what is called in ``here``."""
        outer, self.here = self.here, here
        try:
            return function(operation, *args, **kwargs)
        finally:
            self.here = outer

    def enter(self, call, inputs):
        """Note the calls inside a layer from here on, and its InputLayers at once."""
        self.here = call
        symbols = getattr(call.layer, "inputs", None) or []
        tensors = keras.tree.flatten(inputs)
        if isinstance(call.layer, keras.Model) and len(symbols) == len(tensors):
            for symbol, tensor in zip(symbols, tensors):
                self.keep(self.names.call(call, source_of(symbol), -1), tensor)

    # ------------------------------------------------------------------ what is noted

    def keep(self, call, output, args=(), kwargs=None, before=()):
        """Note a call and return its output, or what is to run on in its place.

        ``before`` lists what went into the layer's activation, once for each time.
        """
        call.args, call.kwargs = args, kwargs or {}
        if not self.readable(call, output):
            return output
        if self.request.tensors and not any(map(is_float, in_it(args, kwargs))):
            # a tape sees what is computed from here on: no float has come before
            output = changed(output, watched)
        if call.is_input:
            self.fixed[call.path] = "it is an input: pass other inputs to the model"
        elif self.replaced:
            output = self.run_on_with(call, output)
        if self.apart and not call.is_input and not self.made_inside(call):
            given = {id(x) for x in in_it(args, kwargs) if isinstance(x, tf.Tensor)}
            output = changed(output, lambda x: tf.identity(x) if id(x) in given else x)
        call.output = call.made = output
        if self.request.before_activation:
            call.several = several_activations(call.layer, before)
            if is_activation(call.layer):
                call.output = in_it(args, kwargs)[0]
            elif len(before) == 1:
                call.output = before[0]
        self.add(call)
        return output

    def run_on_with(self, call, output):
        """Return what is to run on in place of an output; its mask goes along."""
        try:
            new = self.replaced(call, output)
        except Refusal as error:
            self.refuse(str(error))
        for old, one in zip(keras.tree.flatten(output), keras.tree.flatten(new)):
            if one is not old:
                set_mask(one, mask_of(old))
        return new

    def add(self, call):
        if not call.is_input:
            for leaf in keras.tree.flatten(call.made):
                if tf.is_tensor(leaf):
                    self.made[id(leaf)] = leaf
        wanted = self.request.wanted
        if wanted and not any(is_meant(self.model, call, want) for want in wanted):
            call.forget()
        self.calls.append(call)
        if self.done and self.done(self.calls):
            raise Stop

    def made_inside(self, call):
        """Whether a layer inside a container has given out what the container does."""
        inner = self.calls[-1] if self.calls else None
        return call.container and inner and inner.name.startswith(f"{call.name}/")

    def readable(self, call, output):
        """Name an output; tell whether it is at hand, not in a graph of somebody else."""
        call.keys, reason = self.names.keys(call.name, output), None
        for leaf in keras.tree.flatten(output):
            if isinstance(leaf, tf.RaggedTensor):
                reason = (
                    "outputs rows of different lengths. Make the layer with "
                    "ragged=False, or end it with .to_tensor()"
                )
            elif self.is_elsewhere(leaf):
                reason = (
                    "runs inside a function that TensorFlow compiles, such as "
                    "tf.vectorized_map or tf.cond: its numbers never reach Python. Call "
                    "the layer outside of it"
                )
        if reason:
            self.out_of_reach[call.path] = f"{call.path} {reason}"
        return reason is None

    def is_elsewhere(self, leaf):
        """Whether a tensor belongs to a graph that somebody else builds."""
        symbolic = tf.is_tensor(leaf) and tf.is_symbolic_tensor(leaf)
        return symbolic and getattr(leaf, "graph", None) is not self.graph

    def answer(self, output):
        """Note what the model itself outputs, hidden where another entry is it."""
        call = self.names.call(Call("", "", None, ()), self.model, float("inf"))
        leaves = keras.tree.flatten(output)
        call.hidden = all(self.made.get(id(x)) is x for x in leaves)
        if self.readable(call, output):
            call.made = call.output = output
            if self.replaced:
                call.output = self.run_on_with(call, output)
            self.add(call)

    @contextmanager
    def before(self, layer):
        """Collect what goes into a layer's ``activation`` while the layer is called."""
        before, activation = [], vars(layer).get("activation")
        wished = self.request.before_activation and not is_activation(layer)
        if activation is None or not wished:
            yield before
            return

        def listening(x, *args, **kwargs):
            if getattr(active, "recorder", None) is self:
                before.append(x)
            return activation(x, *args, **kwargs)

        listening.__name__ = getattr(activation, "__name__", "activation")
        with activations:  # two of them on one layer would put back each other's
            activation = vars(layer)["activation"]
            vars(layer)["activation"] = listening  # not through Keras, which tracks it
            try:
                yield before
            finally:
                vars(layer)["activation"] = activation


def cell_of(layer):
    """The cell that a recurrent layer calls in every step, or None."""
    if isinstance(layer, keras.layers.TimeDistributed):
        return cell_of(layer.layer)
    return layer.cell if isinstance(layer, keras.layers.RNN) else None


ACTIVATION_LAYERS = "Activation ReLU LeakyReLU PReLU ELU Softmax".split()


def is_activation(layer):
    return is_keras_own(layer) and type(layer).__name__ in ACTIVATION_LAYERS


def several_activations(layer, before):
    """Say why one number before the activation cannot be told; "" if it can."""
    inner = getattr(layer, "forward_layer", layer)
    if isinstance(inner, keras.layers.RNN):
        names = [
            f"{name}={getattr(function, '__name__', function)}"
            for name in ("activation", "recurrent_activation")
            if (function := getattr(inner, name, None)) is not None
        ]
        return (
            f"{layer.name} is recurrent and applies its activations in every step"
            f"{': ' * bool(names)}{', '.join(names)}. Its states behind each step are "
            "there with inside=True"
        )
    if len(before) > 1:
        return f"{layer.name} applies its activation {len(before)} times"
    return ""


def in_it(args, kwargs):
    return keras.tree.flatten((args, kwargs))


def changed(output, change):
    """Change the tensors of an output; a mask goes along with each."""

    def with_mask(x):
        y = change(x)
        if y is not x:
            set_mask(y, mask_of(x))
        return y

    return keras.tree.map_structure(with_mask, output)


def watched(x):
    return followed(x) if is_float(x) else x


def is_masked(layer, args):
    """Whether a mask goes along with a layer's input, and the layer heeds it."""
    if all(mask_of(x) is None for x in keras.tree.flatten(args)):
        return False
    merges = keras.layers.Multiply, keras.layers.Maximum, keras.layers.Minimum
    takes_mask = "mask" in inspect.signature(layer.call).parameters
    return takes_mask or isinstance(layer, merges)


def is_float(x):
    dense = tf.is_tensor(x) and not isinstance(x, tf.SparseTensor)
    return dense and x.dtype.is_floating


def call_arguments(model, inputs):
    """Split inputs where ``call(self, a, b)`` takes them one by one."""
    if getattr(model, "inputs", None):
        return [inputs], {}
    parameters = list(inspect.signature(model.call).parameters.values())
    needed = [
        p.name
        for p in parameters
        if p.default is p.empty and p.kind == p.POSITIONAL_OR_KEYWORD
    ]
    if len(needed) < 2:
        return [inputs], {}
    if isinstance(inputs, dict) and set(needed) <= set(inputs):
        return [], dict(inputs)
    if isinstance(inputs, (list, tuple)) and len(inputs) == len(needed):
        return list(inputs), {}
    raise Refusal(takes_several(model, needed))
