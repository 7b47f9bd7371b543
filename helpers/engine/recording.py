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
from .keras_inside import (
    all_layers,
    is_container,
    is_keras_own,
    mask_of,
    set_mask,
    source_of,
)
from .names import Call, Names, Place, name_by_class
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

    Arguments:
        values: list of ``(variable, value)`` to start from.
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

    Arguments:
        request: `Request`: the model, and what is kept of its calls.
        inside: whether Keras's own layers are opened.
        replaced: function ``(call, output)`` that returns what runs on in its place.
        done: function of the list of calls; when it is true the run is over.
        apart: give each layer's output a tensor of its own, also where it passes its
            input on, so that the tensors tell who is fed by whom.

    Attributes:
        calls: list of `Call` in the order in which they end, inner ones first.
        out_of_reach: dict ``{path: reason}`` of what was seen, but cannot be read.
        fixed: dict ``{path: reason}`` of what cannot be replaced.
    """

    def __init__(self, request, inside=False, replaced=None, done=None, apart=False):
        self.request, self.model, self.inside = request, request.model, inside
        self.replaced, self.done, self.apart = replaced, done, apart
        self.calls, self.out_of_reach, self.fixed = [], {}, {}
        self.names = Names()
        self.tracked = {id(layer) for layer in all_layers(self.model)}
        self.refusal = None  # the first one; Keras wraps it into more lines
        self.here = None  # the Place; None inside a layer that is not opened
        self.made = {}  # {id of a tensor that a call gave out: a weak reference to it}
        self.running = []  # names of the layers that are being called
        eager = tf.executing_eagerly()
        self.graph = None if eager else tf.compat.v1.get_default_graph()

    def run(self, inputs):
        """Run the model; True if it ran to its end, False if it was stopped."""
        before = getattr(active, "recorder", None)
        active.recorder = self
        place = Place("", "", (), {}, self.model)
        try:
            self.enter(place, inputs)
            args, options = call_arguments(self.model, inputs)
            options["training"] = self.request.training
            output = patching.patch.layer(self.model, *args, **options)
            self.here = None
            self.answer(output)
            return True
        except Stop:
            return False
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
            here = None if is_keras_own(layer) else self.names.place(outer, layer)
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
        place, depth = self.names.place(outer, layer, name=name), len(self.running)
        self.running.append(place.name)
        opened, container = None, is_container(layer)
        if self.inside and (not container or isinstance(layer, keras.layers.RNN)):
            opened = Opened(layer, place, self)
            opened.before(args, kwargs)
        if container or opened:
            inside = place.inside or opened is not None
            self.enter(place._replace(opened=opened, inside=inside), args)
        else:
            self.here = None
        try:
            masked = self.apart and is_masked(layer, args)
            with patching.patch.as_keras_does(layer), self.before(layer) as before:
                output = patching.patch.layer(layer, *args, **kwargs)
        finally:
            self.here = outer
        del self.running[depth:]
        if opened:
            opened.after(output)
        return self.keep(layer, place, args, kwargs, output, before, masked)

    def operation(self, operation, args, kwargs):
        here = self.here
        if here is None or here.opened or isinstance(operation, keras.Layer):
            if here and here.opened and here.layer is operation:  # masks are filled in
                here.opened.called_with(args, kwargs)
            return patching.patch.operation(operation, *args, **kwargs)
        place = self.names.place(here, operation)
        with patching.patch.as_keras_does():
            output = self.closed(patching.patch.operation, operation, args, kwargs)
        return self.keep(operation, place, args, kwargs, output)

    def closed(self, function, operation, args, kwargs, here=None):
        """Call with nothing inside noted, or only what is called in ``here``."""
        outer, self.here = self.here, here
        try:
            return function(operation, *args, **kwargs)
        finally:
            self.here = outer

    def enter(self, place, inputs):
        """Note the calls inside a layer from here on, and its InputLayers at once."""
        layer = place.layer
        self.names.number(place)
        self.here = place
        symbols = getattr(layer, "inputs", None) or []
        tensors = keras.tree.flatten(inputs)
        if isinstance(layer, keras.Model) and len(symbols) == len(tensors):
            for symbol, tensor in zip(symbols, tensors):
                source = source_of(symbol)
                self.keep(source, self.names.place(place, source, -1), (), {}, tensor)

    # ------------------------------------------------------------------ what is noted

    def keep(self, layer, place, args, kwargs, output, before=(), masked=False):
        """Note a call and return its output, or what is to run on in its place.

        ``before`` lists what went into the layer's activation, once for each time.
        """
        call = self.call(place, layer, output, args, kwargs)
        call.inside, call.masked = place.inside, masked
        if not self.readable(call):
            return output
        if self.request.tensors and not any(map(is_float, in_it(args, kwargs))):
            # a tape sees what is computed from here on: no float has come before
            call.output = output = changed(
                output, lambda x: followed(x) if is_float(x) else x
            )
        if call.is_input:
            self.fixed[call.path] = "it is an input: pass other inputs to the model"
        elif self.replaced:
            call.output = output = self.run_on_with(call, output)
        if self.apart and not call.is_input and not self.made_inside(call):
            given = {id(x) for x in in_it(args, kwargs) if isinstance(x, tf.Tensor)}
            call.output = output = changed(
                output, lambda x: tf.identity(x) if id(x) in given else x
            )
        call.made = output
        if self.request.before_activation:
            call.several = several_activations(layer, before)
            if is_activation(layer):
                call.output = in_it(args, kwargs)[0]
            elif len(before) == 1:
                call.output = before[0]
        self.add(call)
        return output

    def call(self, place, layer, output, args=(), kwargs=None):
        """Return a `Call` with a name for each tensor of its output."""
        name, path, order = place.name, place.path, place.order
        call = Call(name, path, layer, args, kwargs or {}, output, order)
        call.keys, call.made = self.names.keys(name, output), output
        call.container = is_container(layer)
        return call

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
                    self.made[id(leaf)] = weakref.ref(leaf)
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

    def readable(self, call):
        """Whether the output is at hand, and not in a graph that somebody else builds."""
        reason = None
        for leaf in keras.tree.flatten(call.output):
            if isinstance(leaf, tf.RaggedTensor):
                reason = (
                    "gives out rows of different length. Make the layer with "
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
        """Note what the model itself gives out, hidden where another entry is it."""
        leaves = keras.tree.flatten(output)
        place = self.names.place(Place("", "", (), {}, None), self.model, float("inf"))
        call = self.call(place, self.model, output)
        call.hidden = all(self.made.get(id(x), no_tensor)() is x for x in leaves)
        if self.readable(call):
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


def no_tensor():
    return None


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


def is_masked(layer, args):
    """Whether a mask goes along with a layer's input, and the layer heeds it."""
    if all(mask_of(x) is None for x in keras.tree.flatten(args)):
        return False
    merges = keras.layers.Multiply, keras.layers.Maximum, keras.layers.Minimum
    return (
        isinstance(layer, merges) or "mask" in inspect.signature(layer.call).parameters
    )


def is_float(x):
    return (
        tf.is_tensor(x) and not isinstance(x, tf.SparseTensor) and x.dtype.is_floating
    )


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
