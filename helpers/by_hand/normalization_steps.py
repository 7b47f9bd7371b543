"""One value in steps: what normalizations and Rescaling do to it, in their order.

Each function lists ``(text, number)``; the text begins with the operator.
"""

import math

import numpy as np

from .layer_families import array, gamma_and_beta


def shift_and_scale(mean, variance, epsilon, gamma, beta):
    """Take the mean off, divide by the deviation, then scale and shift as learned."""
    deviation = math.sqrt(variance + epsilon)
    steps = [("- mean", mean), (f"/ sqrt(variance + {epsilon:g})", deviation)]
    steps += [] if gamma is None else [("* gamma", gamma)]
    return steps + ([] if beta is None else [("+ beta", beta)])


def at(variable, *index):
    """One value of a layer's variable, or None where the layer has none."""
    return None if variable is None else array(variable)[index]


def batch_normalization(layer, x, position):
    channel = position[layer.axis]
    mean, variance = at(layer.moving_mean, channel), at(layer.moving_variance, channel)
    gamma, beta = (at(one, channel) for one in gamma_and_beta(layer))
    return shift_and_scale(mean, variance, layer.epsilon, gamma, beta)


def layer_normalization(layer, x, position):
    axes = [axis % x.ndim for axis in np.atleast_1d(layer.axis)]
    values = x[tuple(slice(None) if i in axes else n for i, n in enumerate(position))]
    place = [position[i] for i in axes]
    gamma, beta = (at(one, *place) for one in gamma_and_beta(layer))
    return shift_and_scale(values.mean(), values.var(), layer.epsilon, gamma, beta)


def group_normalization(layer, x, position):
    part = seen_by_group(layer, x, [(i, i + 1) for i in position[1:]])
    values = x[(position[0], *(slice(*ends) for ends in part))]
    channel = position[layer.axis]
    gamma, beta = (at(one, channel) for one in gamma_and_beta(layer))
    return shift_and_scale(values.mean(), values.var(), layer.epsilon, gamma, beta)


def normalization(layer, x, position):
    mean, variance = (
        np.broadcast_to(array(one), (1, *x.shape[1:]))[position]
        for one in (layer.mean, layer.variance)
    )
    return [("- mean", mean), ("/ sqrt(variance)", max(math.sqrt(variance), 1e-7))]


def rescaling(layer, x, position):
    scale, offset = (
        np.broadcast_to(array(one), x.shape)[position]
        for one in (layer.scale, layer.offset)
    )
    steps = [(f"* scale {scale:.4g}", scale)]  # 1 / 255 is more than three decimals
    return steps + ([("+ offset", offset)] if offset else [])


# ------------------------------------------- whose mean and variance they take


def seen_along_axes(layer, x, part):
    """The part with all that lies along ``layer.axis``, one axis or several."""
    axes = [axis % x.ndim - 1 for axis in np.atleast_1d(layer.axis)]
    return [(0, x.shape[1 + i]) if i in axes else ends for i, ends in enumerate(part)]


def seen_by_group(layer, x, part):
    """All rows and columns, of the groups in which the part's channels are."""
    axis = layer.axis % x.ndim - 1
    size = x.shape[1 + axis] // layer.groups
    first, stop = part[axis]
    seen = [(0, n) for n in x.shape[1:]]
    seen[axis] = (first // size * size, (stop - 1) // size * size + size)
    return seen
