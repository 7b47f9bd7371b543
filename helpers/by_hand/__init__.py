"""Layers and whole networks computed by hand, with NumPy alone."""

from .activations import (  # noqa: F401
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
from .comparison import HandCheck, hand_check, relative_difference  # noqa: F401
from .explanation import Explanation, Traced, explain  # noqa: F401
from .known_layers import KINDS, OPERATIONS, array, compute, kind  # noqa: F401
from .layers import (  # noqa: F401
    average_pool1d,
    average_pool2d,
    batch_normalization,
    conv1d,
    conv2d,
    cropping2d,
    dense,
    depthwise_conv2d,
    flatten,
    global_average_pool2d,
    global_max_pool2d,
    group_normalization,
    layer_normalization,
    max_pool1d,
    max_pool2d,
    rescaling,
    reshape,
    separable_conv2d,
    up_sampling2d,
    windows,
    zero_padding2d,
)
from .models import Computed, Walk, flat, forward, run_once, shown  # noqa: F401
