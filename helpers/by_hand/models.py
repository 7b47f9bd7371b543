"""Whole networks computed by hand, layer by layer, with the functions of `arithmetic`.

Everything is computed in float64, so it is more exact than the Keras numbers it is
compared with.
"""

import math
from collections import Counter
from dataclasses import dataclass
from functools import reduce

import numpy as np

from helpers.by_hand.activations import (  # noqa: F401  so that lessons find all here
    ACTIVATIONS,
    elu,
    gelu,
    glu,
    leaky_relu,
    log_softmax,
    relu,
    sigmoid,
    softmax,
    softplus,
    sparsemax,
)
from helpers.by_hand.layers import (  # noqa: F401
    add_bias,
    along,
    average_pool2d,
    batch_normalization,
    conv2d,
    cropping2d,
    dense,
    depthwise_conv2d,
    edge,
    flatten,
    global_average_pool2d,
    global_max_pool2d,
    kernel4d,
    layer_normalization,
    max_pool2d,
    pair,
    pictures,
    rescaling,
    reshape,
    separable_conv2d,
    up_sampling2d,
    windows,
    zero_padding2d,
)
from helpers.engine.inputs import arrange, check_inputs

# ----------------------------------------------- which function is which layer


def array(variable):
    """Read a Keras variable as float64; None stays None."""
    return None if variable is None else np.asarray(variable, "float64")


def settings(layer):
    """How a layer's kernel moves over the picture."""
    return layer.strides, layer.padding, layer.dilation_rate


LAYERS = {
    "Dense": lambda layer, x: dense(x, array(layer.kernel), array(layer.bias)),
    "Conv2D": lambda layer, x: conv2d(
        x, array(layer.kernel), array(layer.bias), *settings(layer), layer.groups
    ),
    "DepthwiseConv2D": lambda layer, x: depthwise_conv2d(
        x, array(layer.kernel), array(layer.bias), *settings(layer)
    ),
    "SeparableConv2D": lambda layer, x: separable_conv2d(
        x,
        array(layer.depthwise_kernel),
        array(layer.pointwise_kernel),
        array(layer.bias),
        *settings(layer),
    ),
    "MaxPooling2D": lambda layer, x: max_pool2d(
        x, layer.pool_size, layer.strides, layer.padding
    ),
    "AveragePooling2D": lambda layer, x: average_pool2d(
        x, layer.pool_size, layer.strides, layer.padding
    ),
    "GlobalAveragePooling2D": lambda layer, x: global_average_pool2d(x, layer.keepdims),
    "GlobalMaxPooling2D": lambda layer, x: global_max_pool2d(x, layer.keepdims),
    "BatchNormalization": lambda layer, x: batch_normalization(
        x,
        array(layer.moving_mean),
        array(layer.moving_variance),
        array(layer.gamma),
        array(layer.beta),
        layer.epsilon,
        layer.axis,
    ),
    "LayerNormalization": lambda layer, x: layer_normalization(
        x, array(layer.gamma), array(layer.beta), layer.epsilon, layer.axis
    ),
    "Normalization": lambda layer, x: (
        (x - array(layer.mean)) / np.maximum(np.sqrt(array(layer.variance)), 1e-7)
    ),
    "Rescaling": lambda layer, x: rescaling(x, array(layer.scale), array(layer.offset)),
    "Flatten": lambda layer, x: flatten(x),
    "Reshape": lambda layer, x: reshape(x, layer.target_shape),
    "Permute": lambda layer, x: np.transpose(x, (0, *layer.dims)),
    "ZeroPadding2D": lambda layer, x: zero_padding2d(x, layer.padding),
    "Cropping2D": lambda layer, x: cropping2d(x, layer.cropping),
    "UpSampling2D": lambda layer, x: up_sampling2d(x, layer.size, layer.interpolation),
    "Add": lambda layer, xs: sum(xs[1:], xs[0]),
    "Subtract": lambda layer, xs: xs[0] - xs[1],
    "Multiply": lambda layer, xs: math.prod(xs[1:], start=xs[0]),
    "Average": lambda layer, xs: sum(xs[1:], xs[0]) / len(xs),
    "Maximum": lambda layer, xs: reduce(np.maximum, xs),
    "Minimum": lambda layer, xs: reduce(np.minimum, xs),
    "Concatenate": lambda layer, xs: np.concatenate(xs, layer.axis),
    "Activation": lambda layer, x: x,  # `activate` does the rest
    "ReLU": lambda layer, x: np.where(
        x > layer.threshold,
        np.minimum(x, np.inf if layer.max_value is None else layer.max_value),
        layer.negative_slope * (x - layer.threshold),
    ),
    "LeakyReLU": lambda layer, x: leaky_relu(x, layer.negative_slope),
    "PReLU": lambda layer, x: leaky_relu(x, array(layer.alpha)),
    "ELU": lambda layer, x: elu(x, layer.alpha),
    "Softmax": lambda layer, x: softmax(x, tuple(np.atleast_1d(layer.axis))),
}
# These change their input only while training.
SAME_AS_INPUT = (
    "Dropout SpatialDropout2D AlphaDropout GaussianDropout GaussianNoise Identity "
    "ActivityRegularization RandomFlip RandomRotation RandomTranslation RandomZoom"
).split()
LAYERS.update(dict.fromkeys(SAME_AS_INPUT, lambda layer, x: x))

# Arithmetic on Keras tensors, written without a layer: `x + y`.
OPERATIONS = {
    "Add": np.add,
    "Subtract": np.subtract,
    "Multiply": np.multiply,
    "Divide": np.divide,
    "TrueDivide": np.divide,
    "Negative": np.negative,
}

MODELS = ("Sequential", "Functional")


def kind(operation):
    """The name of the Keras class whose ``call`` runs; None if it is not Keras's."""
    for cls in type(operation).__mro__:
        if cls.__module__.startswith("keras."):
            return cls.__name__
        if "call" in vars(cls) or "convolution_op" in vars(cls):
            return None


def is_layer(operation):
    return hasattr(operation, "weights")


def compute(layer, x):
    """Compute the output of a known layer from its input, or list of inputs."""
    return activate(layer, before_activation(layer, x))


def before_activation(layer, x):
    """Compute a known layer or operation, all but its activation."""
    if not is_layer(layer):
        return OPERATIONS[kind(layer)](*x)
    function = LAYERS[kind(layer)]
    if isinstance(x, list | tuple):
        return function(layer, same_axes(x))
    if getattr(layer, "data_format", None) == "channels_first":
        return np.moveaxis(function(layer, np.moveaxis(x, 1, -1)), -1, 1)
    return function(layer, x)


def same_axes(xs):
    """Give arrays of fewer axes new ones of length 1 behind the batch axis."""
    axes = max(x.ndim for x in xs)
    return [np.expand_dims(x, tuple(range(1, 1 + axes - x.ndim))) for x in xs]


def activate(layer, x):
    """Apply the activation of a layer that has one."""
    activation = getattr(layer, "activation", None)
    if activation is None:
        return x
    if is_layer(activation):
        return compute(activation, x)
    return ACTIVATIONS[activation.__name__](x)


def unknown(layer, options=()):
    """Say in one sentence why a layer cannot be computed here; None if it can."""
    who = f"{layer.name!r} ({type(layer).__name__}) is not known by hand"
    if not is_layer(layer):
        if kind(layer) in OPERATIONS:
            return None
        return f"The operation {who}; known are {', '.join(OPERATIONS)}."
    if options:
        return f"The layer {who} when it is called with {', '.join(options)}."
    if kind(layer) is None:
        return f"The layer {who}: its class has a call of its own."
    if kind(layer) not in LAYERS:
        return f"The layer {who}; known are {', '.join(LAYERS)}."
    if getattr(layer, "quantization_mode", None):
        return f"The layer {who}: it is quantized."
    if getattr(layer, "rms_scaling", False) or getattr(layer, "invert", False):
        return f"The layer {who} with rms_scaling or invert."
    if getattr(layer, "interpolation", None) in ("bicubic", "lanczos3", "lanczos5"):
        return f"The layer {who} with interpolation {layer.interpolation!r}."
    activation = getattr(layer, "activation", None)
    if activation is None:
        return None
    if is_layer(activation):
        return unknown(activation)
    named = getattr(activation, "__name__", "") in ACTIVATIONS
    if named and activation.__module__.startswith("keras."):
        return None
    return f"The layer {who}: its activation is not one of keras.activations."


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


def explain(model, inputs, layer, position):
    """Show the arithmetic of one number that a layer outputs.

    Arguments:
        model: built Sequential or functional ``keras.Model``.
        inputs: array of shape ``(images, …)``; a list or a dict of arrays if the model
            has several inputs.
        layer: name of the layer, as in ``layer_outputs``.
        position: index of the number in ``layer_outputs(model, inputs)[layer]``, such
            as ``(image, row, column, channel)``.

    Returns:
        ``Explanation``: a table in a notebook, the same as text elsewhere. Its
        attributes hold the numbers: ``value``, ``patch``, ``kernel``, ``products``,
        ``sum``, ``bias``, ``before_activation``, ``activation``, and
        ``receptive_field``, the slices of the input that the number depends on.

    Raises:
        TypeError: no Sequential or functional Keras model, or inputs of a wrong dtype.
        ValueError: inputs that do not fit the model, an unknown layer name, or a layer
            that is not known by hand.
        IndexError: a position outside the layer's output.

    Example:
        >>> explain(dense_network(), np.eye(3), "hidden", (0, 3))
        hidden[0, 3] = 0.113 (Dense)
        input      x  kernel  product
            0  1.000   0.113    0.113
            1  0.000   0.922    0.000
            2  0.000   0.301    0.000
        sum of 3 products       0.113
        + bias                  0.000
        = relu(0.113)           0.113
        Receptive field: inputs 0 to 2.
    """
    from helpers.by_hand.explanation import explain_number  # it imports this module

    return explain_number(model, inputs, layer, position)


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
