"""One value in steps: what normalizations and Rescaling do to it, in their order.

Each function lists ``(text, number)``; the text begins with the operator.
"""

import math

import numpy as np

from .layer_families import array, gamma_and_beta


def shift_and_scale(layer, mean, variance, *place):
    """Take the mean off, divide by the deviation, then scale and shift as learned."""
    deviation = math.sqrt(variance + layer.epsilon)
    steps = [("- mean", mean), (f"/ sqrt(variance + {layer.epsilon:g})", deviation)]
    for text, learned in zip(("* gamma", "+ beta"), gamma_and_beta(layer)):
        steps += [] if learned is None else [(text, learned[place])]
    return steps


def batch_normalization(layer, x, position):
    channel = position[layer.axis]
    mean, variance = array(layer.moving_mean), array(layer.moving_variance)
    return shift_and_scale(layer, mean[channel], variance[channel], channel)


def layer_normalization(layer, x, position):
    axes = [axis % x.ndim for axis in np.atleast_1d(layer.axis)]
    values = x[tuple(slice(None) if i in axes else n for i, n in enumerate(position))]
    place = [position[i] for i in axes]
    return shift_and_scale(layer, values.mean(), values.var(), *place)


def group_normalization(layer, x, position):
    part = seen_by_group(layer, x, [(i, i + 1) for i in position[1:]])
    values = x[(position[0], *(slice(*ends) for ends in part))]
    return shift_and_scale(layer, values.mean(), values.var(), position[layer.axis])


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
