"""The kinds of layers that are computed, explained and explored here, one entry each.

A new kind is one entry in `KINDS`, under the name of its Keras class: the family it
belongs to, with the function that computes it. `layer_families` says what a family needs.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce

import numpy as np

from . import layers
from . import normalization_steps as steps
from .activations import ACTIVATIONS, OVER_AN_AXIS, elu, leaky_relu, softmax
from .layer_families import (
    ActivationLayer,
    Changed,
    Convolution,
    Copied,
    DepthwiseConvolution,
    Enlarged,
    GlobalPool,
    Joined,
    Lookup,
    Merged,
    Pool,
    WeightedSum,
    array,
    bias_of,
    gamma_and_beta,
    is_layer,
)


def given(function, names):
    """Let a function compute with what a layer has under these names, in this order."""
    return lambda layer, x: function(x, *(setting(layer, n) for n in names.split()))


def setting(layer, name):
    """What a layer has under a name, as a float64 array if it has axes."""
    if name == "bias":
        return bias_of(layer)
    if name in ("gamma", "beta"):
        return gamma_and_beta(layer)[name == "beta"]
    value = getattr(layer, name)
    return array(value) if getattr(value, "ndim", 0) else value


def depthwise_kernels(layer):
    """The kernels of feature maps ``channel * multiplier + i``, of one channel each."""
    kernel = array(layer.kernel)
    return kernel.reshape(*layer.kernel_size, 1, -1)


def separable_kernels(layer):
    """Both steps in one kernel: every channel alone, then the channels mixed."""
    depthwise = array(layer.depthwise_kernel)
    pointwise = array(layer.pointwise_kernel)
    pointwise = pointwise.reshape(*depthwise.shape[-2:], -1)
    return np.einsum("...cm,cmf->...cf", depthwise, pointwise)


def relu_with_settings(layer, x):
    most = np.inf if layer.max_value is None else layer.max_value
    below = layer.negative_slope * (x - layer.threshold)
    return np.where(x > layer.threshold, np.minimum(x, most), below)


SAME = Copied(lambda layer, x: x)  # it changes its input only while training
IN_TRAINING_ONLY = (
    "ActivityRegularization AlphaDropout Dropout GaussianDropout GaussianNoise Identity "
    "RandomBrightness RandomContrast RandomFlip RandomRotation RandomTranslation "
    "RandomZoom SpatialDropout1D SpatialDropout2D SpatialDropout3D"
).split()

MOVES = "strides padding dilation_rate"
POOL = "pool_size strides padding"

KINDS = {
    # patch × kernel + bias
    "Dense": WeightedSum(given(layers.dense, "kernel bias")),
    "Conv1D": Convolution(given(layers.conv1d, f"kernel bias {MOVES} groups")),
    "Conv2D": Convolution(given(layers.conv2d, f"kernel bias {MOVES} groups")),
    "DepthwiseConv2D": DepthwiseConvolution(
        given(layers.depthwise_conv2d, f"kernel bias {MOVES}"), depthwise_kernels
    ),
    "SeparableConv2D": Convolution(
        given(
            layers.separable_conv2d, f"depthwise_kernel pointwise_kernel bias {MOVES}"
        ),
        separable_kernels,
    ),
    # the largest value, or the average, under a window
    "MaxPooling1D": Pool(given(layers.max_pool1d, POOL), "largest"),
    "MaxPooling2D": Pool(given(layers.max_pool2d, POOL), "largest"),
    "AveragePooling1D": Pool(given(layers.average_pool1d, POOL), "average"),
    "AveragePooling2D": Pool(given(layers.average_pool2d, POOL), "average"),
    "GlobalMaxPooling1D": GlobalPool(
        lambda layer, x: x.max(axis=1, keepdims=layer.keepdims), "largest"
    ),
    "GlobalMaxPooling2D": GlobalPool(
        given(layers.global_max_pool2d, "keepdims"), "largest"
    ),
    "GlobalAveragePooling1D": GlobalPool(
        lambda layer, x: x.mean(axis=1, keepdims=layer.keepdims), "average"
    ),
    "GlobalAveragePooling2D": GlobalPool(
        given(layers.global_average_pool2d, "keepdims"), "average"
    ),
    # one value, changed step by step
    "BatchNormalization": Changed(
        given(
            layers.batch_normalization,
            "moving_mean moving_variance gamma beta epsilon axis",
        ),
        steps.batch_normalization,
    ),
    "LayerNormalization": Changed(
        given(layers.layer_normalization, "gamma beta epsilon axis"),
        steps.layer_normalization,
        steps.seen_along_axes,
        not_with={"rms_scaling": [True]},
    ),
    "GroupNormalization": Changed(
        given(layers.group_normalization, "groups gamma beta epsilon axis"),
        steps.group_normalization,
        steps.seen_by_group,
    ),
    "Normalization": Changed(
        lambda layer, x: (
            (x - array(layer.mean)) / np.maximum(np.sqrt(array(layer.variance)), 1e-7)
        ),
        steps.normalization,
        not_with={"invert": [True]},
    ),
    "Rescaling": Changed(given(layers.rescaling, "scale offset"), steps.rescaling),
    # the activation alone
    "Activation": Changed(lambda layer, x: x),
    "ReLU": ActivationLayer(
        relu_with_settings,
        base="relu",
        settings=("negative_slope", "threshold", "max_value"),
    ),
    "LeakyReLU": ActivationLayer(
        given(leaky_relu, "negative_slope"),
        base="leaky_relu",
        settings=("negative_slope",),
    ),
    "PReLU": ActivationLayer(
        given(leaky_relu, "alpha"), base="prelu", settings=("alpha",)
    ),
    "ELU": ActivationLayer(given(elu, "alpha"), base="elu", settings=("alpha",)),
    "Softmax": ActivationLayer(
        lambda layer, x: softmax(x, tuple(np.atleast_1d(layer.axis))), base="softmax"
    ),
    # copies of numbers, and zeros around them
    "Flatten": Copied(given(layers.flatten, "")),
    "Reshape": Copied(given(layers.reshape, "target_shape"), rows_stay=False),
    "Permute": Copied(
        lambda layer, x: np.transpose(x, (0, *layer.dims)), rows_stay=False
    ),
    "RepeatVector": Copied(lambda layer, x: np.repeat(x[:, np.newaxis], layer.n, 1)),
    "ZeroPadding1D": Copied(
        lambda layer, x: np.pad(x, ((0, 0), layer.padding, (0, 0)))
    ),
    "ZeroPadding2D": Copied(given(layers.zero_padding2d, "padding")),
    "Cropping1D": Copied(
        lambda layer, x: x[:, layer.cropping[0] : x.shape[1] - layer.cropping[1]]
    ),
    "Cropping2D": Copied(given(layers.cropping2d, "cropping")),
    "UpSampling1D": Copied(lambda layer, x: np.repeat(x, layer.size, 1)),
    "UpSampling2D": Enlarged(
        given(layers.up_sampling2d, "size interpolation"),
        not_with={"interpolation": ["bicubic", "lanczos3", "lanczos5"]},
    ),
    # a row of a table for each number
    "Embedding": Lookup(lambda layer, x: array(layer.embeddings)[x.astype(int)]),
    # several inputs
    "Add": Merged(lambda layer, xs: sum(xs[1:], xs[0]), "sum of {}"),
    "Subtract": Merged(lambda layer, xs: xs[0] - xs[1], "first minus second"),
    "Multiply": Merged(
        lambda layer, xs: math.prod(xs[1:], start=xs[0]), "product of {}"
    ),
    "Average": Merged(lambda layer, xs: sum(xs[1:], xs[0]) / len(xs), "average of {}"),
    "Maximum": Merged(lambda layer, xs: reduce(np.maximum, xs), "largest of {}"),
    "Minimum": Merged(lambda layer, xs: reduce(np.minimum, xs), "smallest of {}"),
    "Concatenate": Joined(lambda layer, xs: np.concatenate(xs, layer.axis)),
    # nothing, but in training
    **dict.fromkeys(IN_TRAINING_ONLY, SAME),
}

# Arithmetic on Keras tensors, written without a layer: `x + y`.
QUOTIENT = Merged(lambda layer, xs: xs[0] / xs[1], "first divided by second")
OPERATIONS = {
    **{name: KINDS[name] for name in ("Add", "Subtract", "Multiply")},
    **dict.fromkeys(("Divide", "TrueDivide"), QUOTIENT),
    "Negative": Merged(lambda layer, xs: -xs[0], "with the other sign"),
}

MODELS = ("Sequential", "Functional")

# ------------------------------------------------------------ which kind a layer is of


def kind(operation):
    """The name of the Keras class whose ``call`` runs; None if it is not Keras's."""
    for cls in type(operation).__mro__:
        if cls.__module__.startswith("keras."):
            return cls.__name__
        if "call" in vars(cls) or "convolution_op" in vars(cls):
            return None


def record_of(operation):
    """The record of a layer's kind, or of an operation's; None if there is none."""
    return (KINDS if is_layer(operation) else OPERATIONS).get(kind(operation))


def unknown(layer, options=()):
    """Say in one sentence why a layer cannot be computed here; None if it can."""
    who = f"{layer.name!r} ({type(layer).__name__}) is not known by hand"
    record = record_of(layer)
    if not is_layer(layer):
        if record is not None:
            return None
        return f"The operation {who}; known are {', '.join(OPERATIONS)}."
    if options:
        return f"The layer {who} when it is called with {', '.join(options)}."
    if kind(layer) is None:
        return f"The layer {who}: its class has a call of its own."
    if record is None:
        return f"The layer {who}; known are {', '.join(KINDS)}."
    if getattr(layer, "quantization_mode", None):
        return f"The layer {who}: it is quantized."
    for setting, values in record.not_with.items():
        value = getattr(layer, setting, None)
        if value in values:
            return f"The layer {who} with {setting} {value!r}."
    if activation_of(layer).function is None:
        return f"The layer {who}: its activation is not one of keras.activations."
    return None


# --------------------------------------------------------------- what its record says


def channels_first(layer):
    """Whether the channels come before the rows and columns of a layer's pictures."""
    return getattr(layer, "data_format", None) == "channels_first"


def turned(layer, axes):
    """Move the channel to the end of a position, or of a part, image left out."""
    return [*axes[1:], axes[0]] if channels_first(layer) and len(axes) > 1 else axes


def turned_back(layer, axes):
    """Move the channel to the front again."""
    return [axes[-1], *axes[:-1]] if channels_first(layer) and len(axes) > 1 else axes


def channels_last(layer, x):
    """Move the channels of a picture to the end."""
    return np.moveaxis(x, 1, -1) if channels_first(layer) else x


def before_activation(layer, x):
    """Compute a known layer or operation, all but its activation."""
    y = record_of(layer).compute(layer, channels_last(layer, x))
    return np.moveaxis(y, -1, 1) if channels_first(layer) else y


def compute(layer, x):
    """Compute the output of a known layer from its input, or list of inputs."""
    return activate(layer, before_activation(layer, x))


def terms(layer, x, position):
    """The fields of an ``Explanation`` for one number, up to its activation."""
    position = (position[0], *turned(layer, position[1:]))
    return record_of(layer).terms(layer, channels_last(layer, x), position)


def sees(layer, x, part):
    """For each input the part that a part of the output depends on, or None.

    The activation is left out. A part is a list of (start, stop), one for each axis but
    the images'.
    """
    parts = record_of(layer).sees(layer, channels_last(layer, x), turned(layer, part))
    return [part if part is None else turned_back(layer, part) for part in parts]


# ------------------------------------------------------------------- the activation


@dataclass(frozen=True)
class Activation:
    """The activation of one layer."""

    name: str  # "relu"; with settings the name of the layer's class, "ReLU"
    function: Callable | None  # computes it, `function(x)`; None if it is not known
    axes: tuple = ()  # the axes along which it takes numbers together; mostly none
    base: str = ""  # its name in keras.activations
    settings: dict = field(default_factory=dict)  # {name: value} of an activation layer


def activation_of(layer):
    """The activation of a layer; an activation layer is its own."""
    record = record_of(layer)
    if isinstance(record, ActivationLayer):
        return Activation(
            name=kind(layer) if record.settings else record.base,
            function=lambda x: record.function(layer, x),
            axes=tuple(np.atleast_1d(layer.axis)) if hasattr(layer, "axis") else (),
            base=record.base,
            settings={name: getattr(layer, name) for name in record.settings},
        )
    function = getattr(layer, "activation", None)
    if function is None:
        return Activation("linear", ACTIVATIONS["linear"], base="linear")
    if known_as_activation(function):
        return activation_of(function)
    name = getattr(function, "__name__", "")
    if not str(function.__module__).startswith("keras."):
        return Activation(f"a function {name} of your own", None)
    axes = (-1,) if name in OVER_AN_AXIS else ()
    return Activation(name, ACTIVATIONS.get(name), axes, base=name)


def known_as_activation(layer):
    """Whether a layer is an activation, so that another one may have it for its own."""
    return isinstance(record_of(layer), ActivationLayer) or kind(layer) == "Activation"


def activate(layer, x):
    """Apply the activation of a layer that has one."""
    return activation_of(layer).function(x)
