"""The activations of Keras in NumPy, one line or a few each.

All but `glu` take an array x of any shape and return one of the same shape and dtype:
float32 in, float32 out. The numbers along ``axis``, mostly the last, belong together.
"""

import math

import numpy as np


def relu(x):
    """Keep the positive numbers and replace the negative ones by 0.

    Example:
        >>> relu(np.array([-2.0, 0.0, 3.0]))
        array([0., 0., 3.])
    """
    return np.maximum(x, 0)


def sigmoid(x):
    """Compute ``1 / (1 + exp(-x))``: any number becomes one between 0 and 1.

    Written with ``exp`` of negative numbers only, so that nothing overflows.

    Example:
        >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
        array([0. , 0.5, 1. ])
    """
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


def softmax(x, axis=-1):
    """Turn scores into probabilities: ``exp`` of each, divided by their sum.

    Along ``axis``, or a tuple of several, they add up to 1. The largest score is taken
    off first: it cancels in the division and keeps ``exp`` from overflowing.

    Example:
        >>> softmax(np.log([[1.0, 3.0]]))
        array([[0.25, 0.75]])
    """
    powers = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return powers / np.sum(powers, axis=axis, keepdims=True)


def log_softmax(x, axis=-1):
    """Compute the logarithm of `softmax` without dividing.

    Example:
        >>> log_softmax(np.zeros(2)).round(3)
        array([-0.693, -0.693])
    """
    x = x - np.max(x, axis=axis, keepdims=True)
    return x - np.log(np.sum(np.exp(x), axis=axis, keepdims=True))


def sparsemax(x, axis=-1):
    """Turn scores into probabilities of which small ones are exactly 0.

    The same amount is taken from every score, negative results become 0, and the
    amount is the one that makes the rest add up to 1 along ``axis``. Keras 3 takes away
    too much as soon as two scores stay above 0: its results add up to less than 1.

    Example:
        >>> sparsemax(np.array([0.5, 1.0, -1.0]))
        array([0.25, 0.75, 0.  ])

    Source: Martins and Astudillo, 2016, "From softmax to sparsemax", algorithm 1.
    """
    x = np.moveaxis(np.asarray(x), axis, -1)
    largest = np.flip(np.sort(x, axis=-1), axis=-1)
    excess = np.cumsum(largest, axis=-1) - 1
    count = np.arange(1, x.shape[-1] + 1)
    support = np.sum(largest * count > excess, axis=-1, keepdims=True)
    amount = np.take_along_axis(excess, support - 1, axis=-1) / support
    return np.moveaxis(relu(x - amount.astype(x.dtype)), -1, axis)


def gelu(x, approximate=False):
    """Multiply x by the probability that a standard normal number is below x.

    If ``approximate``, by the formula with ``tanh`` in place of the error function.

    Example:
        >>> gelu(np.array([-1.0, 0.0, 1.0])).round(3)
        array([-0.159,  0.   ,  0.841])
    """
    if approximate:
        return x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2
    erf = np.vectorize(math.erf, otypes=[np.result_type(x, 0.0)])
    return x * (1 + erf(x / math.sqrt(2))) / 2


def elu(x, alpha=1.0):
    """Keep the positive numbers and bend the negative ones towards ``-alpha``.

    Example:
        >>> elu(np.array([-1.0, 2.0])).round(3)
        array([-0.632,  2.   ])
    """
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def leaky_relu(x, negative_slope=0.2):
    """Keep the positive numbers and multiply the negative ones by ``negative_slope``.

    Example:
        >>> leaky_relu(np.array([-1.0, 2.0]))
        array([-0.2,  2. ])
    """
    return np.where(x > 0, x, negative_slope * x)


def glu(x, axis=-1):
    """Split an axis in halves and multiply one by the sigmoid of the other.

    Of an even number of values along ``axis``, half as many are left.

    Example:
        >>> glu(np.array([3.0, 0.0]))
        array([1.5])
    """
    values, gates = np.split(x, 2, axis=axis)
    return values * sigmoid(gates)


def softplus(x):
    """Compute ``log(1 + exp(x))``, a ReLU without the corner.

    Example:
        >>> softplus(np.array([0.0, 100.0])).round(3)
        array([  0.693, 100.   ])
    """
    return np.logaddexp(x, 0)


# The names are those of keras.activations.
ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": relu,
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": leaky_relu,
    "elu": elu,
    "celu": elu,
    "selu": lambda x: 1.0507009873554805 * elu(x, 1.6732632423543772),
    "gelu": gelu,
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "exponential": np.exp,
    "sigmoid": sigmoid,
    "log_sigmoid": lambda x: -softplus(-x),
    "hard_sigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "hard_silu": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
    "tanh": np.tanh,
    "tanh_shrink": lambda x: x - np.tanh(x),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "soft_shrink": lambda x: np.sign(x) * relu(np.abs(x) - 0.5),
    "softplus": softplus,
    "sparse_plus": lambda x: np.where(x < 1, relu(x + 1) ** 2 / 4, x),
    "squareplus": lambda x: (x + np.sqrt(x**2 + 4)) / 2,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "softmax": softmax,
    "log_softmax": log_softmax,
    "sparsemax": sparsemax,
    "glu": glu,
}

# They take the numbers of the last axis together; the others go number by number.
OVER_AN_AXIS = ("softmax", "log_softmax", "sparsemax", "glu")
