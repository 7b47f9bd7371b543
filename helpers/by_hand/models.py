"""Whole networks computed by hand, layer by layer, with the functions of `layers`.

Everything is computed in float64, so it is more exact than the Keras numbers it is
compared with.
"""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from helpers.engine.inputs import arrange, check_inputs

from .known import MODELS, compute, is_layer, kind, unknown

# ------------------------------------------------------------- whole networks


def forward(model, inputs):
    """Compute the outputs of every layer of a model with NumPy alone, in float64.

    Arguments:
        model: built Sequential or functional ``keras.Model``. Models inside it, shared
            layers, branches, several inputs and several outputs are followed.
        inputs: array of shape ``(images, …)``; a list or a dict of arrays if the model
            has several inputs.

    Returns:
        Dict ``{layer name: array}`` with the keys and the order of ``layer_outputs``:
        a layer in a nested model is ``outer/inner``, the second call of a shared layer
        ``name:1``.

    Raises:
        TypeError: no Sequential or functional Keras model, or inputs of a wrong dtype.
        ValueError: inputs that do not fit the model, or a layer that is not known.

    Example:
        >>> forward(dense_network(), np.eye(3))["output"].round(3)
        array([[0.455, 0.545],
               [0.185, 0.815],
               [0.454, 0.546]])
    """
    calls = in_models_order(trace(model, read_inputs(model, inputs)))
    return {name: y for call in calls for name, y in named_outputs(call)}


def hand_check(model, inputs, tolerance=1e-5):
    """Compare every layer of a model, computed by hand, with what Keras computes.

    Prints one line a layer: name, class, output shape, number of parameters, the
    largest difference as a share of the layer's largest output, and a verdict:
    ``equal``, ``differs``, or ``unknown`` for a layer that has no function here. The
    layers behind an unknown one are computed from Keras's output of it.

    Arguments:
        model: built Sequential or functional ``keras.Model``.
        inputs: array of shape ``(images, …)``; a list or a dict of arrays if the model
            has several inputs.
        tolerance: the largest share that counts as equal. Models in mixed precision
            need about 1e-2.

    Raises:
        TypeError: no Sequential or functional Keras model, or inputs of a wrong dtype.
        ValueError: inputs that do not fit the model.

    Example:
        >>> hand_check(dense_network(), np.eye(3))
        layer   class  output shape  parameters  difference  verdict
        hidden  Dense  (3, 4)                16     < 1e-05  equal
        output  Dense  (3, 2)                10     < 1e-05  equal
        2 of 2 layers are equal.
    """
    from helpers.extraction import layer_outputs  # needs Keras; the rest does not

    arrays = read_inputs(model, inputs)
    keras_outputs = layer_outputs(model, inputs)
    table = [("layer", "class", "output shape", "parameters", "difference", "verdict")]
    for call in in_models_order(trace(model, arrays, lambda: keras_outputs)):
        about = type(call.layer).__name__, f"{call.layer.count_params():,}"
        for name, y in named_outputs(call):
            share = relative_difference(y, keras_outputs[name])
            if call.unknown:
                difference, verdict = "", "unknown"
            elif share <= tolerance:  # the digits of smaller ones vary by machine
                difference, verdict = f"< {tolerance:.0e}", "equal"
            else:
                difference, verdict = f"{share:.1e}", "differs"
            table.append((name, about[0], str(y.shape), about[1], difference, verdict))
    widths = [max(map(len, column)) for column in zip(*table)]
    for row in table:
        cells = [
            cell.rjust(width) if column in (3, 4) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths))
        ]
        print("  ".join(cells).rstrip())
    verdicts = [row[-1] for row in table[1:]]
    summary = f"{verdicts.count('equal')} of {len(verdicts)} layers are equal"
    for verdict, words in ("differs", "differ"), ("unknown", "not known by hand"):
        if verdict in verdicts:
            summary += f", {verdicts.count(verdict)} {words}"
    print(f"{summary}.")


def relative_difference(x, y):
    """The largest difference of two arrays as a share of their largest finite value."""
    x, y = np.asarray(x, "float64"), np.asarray(y, "float64")
    differs = (x != y) & ~(np.isnan(x) & np.isnan(y))  # two infinities are equal
    if not differs.any():
        return 0.0
    scale = np.max(np.abs([x, y]), where=np.isfinite([x, y]), initial=0)
    return float(np.max(np.abs(x[differs] - y[differs])) / scale)


# --------------------------------------------- following the graph of a model


@dataclass
class Call:
    """One call of a layer, or of a model inside the model."""

    name: str
    layer: object
    inputs: object  # array, or list of arrays for a layer that merges several
    output: object  # array; lists and dicts of arrays for a model of several outputs
    order: tuple  # of place in model.layers and number of the call, one pair a level
    unknown: str | None  # why Keras's own output stands in


def in_models_order(calls):
    """Sort the layers among the calls as ``layer_outputs`` does."""
    return sorted((c for c in calls if is_layer(c.layer)), key=lambda c: c.order)


def named_outputs(call):
    """List the outputs of a call under its name, or ``name/0``, ``name/1``, …"""
    paths = list(leaves(call.output, call.name))
    return paths if len(paths) > 1 else [(call.name, paths[0][1])]


def leaves(structure, path=""):
    """Yield ``(path, array)`` for all arrays in nested lists, tuples and dicts."""
    if isinstance(structure, dict):
        for key in sorted(structure):
            yield from leaves(structure[key], f"{path}/{key}")
    elif isinstance(structure, list | tuple):
        for i, item in enumerate(structure):
            yield from leaves(item, f"{path}/{i}")
    else:
        yield path, structure


def flat(structure):
    return [x for _, x in leaves(structure)]


def fill_in(structure, values):
    """Replace Keras's symbolic tensors in nested lists, tuples and dicts by arrays."""
    if isinstance(structure, dict):
        return {key: fill_in(item, values) for key, item in structure.items()}
    if isinstance(structure, list | tuple):
        return type(structure)([fill_in(item, values) for item in structure])
    return values.get(id(structure), structure)


def read_inputs(model, inputs):
    """Check that a model can be followed, and read its inputs.

    Returns:
        List of float64 arrays, one for each of ``model.inputs``, with the numbers that
        Keras sees: rounded to the dtype of the model's input.
    """
    if kind(model) not in MODELS:
        raise TypeError(
            f"By hand goes a Sequential or functional keras.Model; this is a "
            f"{type(model).__module__}.{type(model).__qualname__}."
        )
    if not getattr(model, "inputs", None):
        raise ValueError(
            f"{model.name} has no weights yet, because no input has reached it. Call "
            f"the model once, {model.name}(inputs), or start it with keras.Input(shape)."
        )
    arrays = check_inputs(model, inputs)
    for tensor in model.inputs:
        if tensor.dtype == "string":
            raise ValueError(f"By hand go numbers; the input {tensor.name} is text.")
    with np.errstate(over="ignore"):  # a number too large for the dtype is infinity
        return [
            np.asarray(x, tensor.dtype).astype("float64")
            for x, tensor in zip(arrays, model.inputs)
        ]


def trace(model, arrays, keras_outputs=None):
    """Compute a model by hand and list the calls of its layers as they happen.

    Arguments:
        model: built Sequential or functional ``keras.Model``.
        arrays: list of float64 arrays, one for each of ``model.inputs``.
        keras_outputs: function that returns what ``layer_outputs`` gives for these
            inputs. It is called when a layer is met that is not known; without it such
            a layer is an error.

    Returns:
        List of ``Call``.
    """
    walk = Walk(keras_outputs)
    walk.through(model, arrays)
    return walk.calls


class Walk:
    """Computes a model layer by layer and keeps each call."""

    def __init__(self, keras_outputs):
        self.keras_outputs = keras_outputs
        self.calls = []
        self.times = Counter()  # how often each name was called

    def through(self, model, inputs, prefix="", order=()):
        """Compute a model from a list of arrays, one for each of ``model.inputs``."""
        places = {id(layer): place for place, layer in enumerate(model.layers)}

        def call(layer, args, options, count):
            place = places.get(id(layer), -1)
            return self.call(layer, args, options, count, prefix, (*order, place))

        if kind(model) == "Sequential":
            (x,) = inputs
            for layer in model.layers:
                x = call(layer, [x], {}, 1)
            return x
        values = {id(t): x for t, x in zip(model.inputs, inputs)}
        for node in nodes(model):
            args, options = node.arguments.args, node.arguments.kwargs
            args, options = fill_in(args, values), fill_in(options, values)
            y = call(node.operation, args, options, len(node.outputs))
            values.update((id(t), x) for t, x in zip(node.outputs, flat(y)))
        return fill_in(model.output, values)

    def call(self, layer, args, options, count, prefix, order):
        """Compute a layer, inner model or operation of ``count`` outputs."""
        name = prefix + layer.name
        number = self.times[name]
        self.times[name] += 1
        name += f":{number}" * (number > 0)
        order = (*order, number)
        if is_layer(layer):
            x, options = one_input(args, options)
        else:
            x = args
        reason = None
        if kind(layer) in MODELS and not options:
            y = self.through(layer, arrange(layer, x), f"{name}/", order)
        else:
            reason = unknown(layer, options)
            if reason is None:
                y = compute(layer, x)
                y = y.view() if y is x else y  # each output is an array of its own
            elif self.keras_outputs is None:
                raise ValueError(reason)
            elif is_layer(layer):
                y = outputs_called(name, count, self.keras_outputs())
            else:
                y = [np.asarray(one) for one in flat(layer(*args, **options))]
        # the calls inside a model come before the model, as in `layer_outputs`
        self.calls.append(Call(name, layer, x, y, (*order, math.inf), reason))
        return y


def one_input(args, options):
    """Split what a layer is called with into its input and what else is set."""
    args, options = list(args), dict(options)
    x = args.pop(0) if args else options.pop(next(iter(options)))
    options.pop("training", None)  # the model decides: `layer_outputs` is inference
    options = {  # Keras notes `mask=[None, None]` for a model that has none
        key: value
        for key, value in options.items()
        if any(one is not None for one in flat(value))
    }
    if args:
        options["a second argument"] = args
    return x, options


def outputs_called(name, count, keras_outputs):
    """Find the output of a layer by its name, or its outputs ``name/0``, ``name/1``, …"""
    if name in keras_outputs:
        return keras_outputs[name]
    # the outputs of layers inside it have such names too; they come before
    names = [key for key in keras_outputs if key.startswith(f"{name}/")][-count:]
    found = {key[len(name) + 1 :]: keras_outputs[key] for key in names}
    return list(found.values()) if "0" in found else found


def nodes(model):
    """The calls in a functional model's graph, in the order in which Keras runs them."""
    depths = sorted(model._nodes_by_depth, reverse=True)
    ordered = [node for depth in depths for node in model._nodes_by_depth[depth]]
    return [node for node in ordered if not node.is_input]
