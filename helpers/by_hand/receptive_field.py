"""Receptive fields: from one number back to the part of the input it depends on.

A part of an array is a list of ``(start, stop)``, one for each axis but the images'.
"""

import numpy as np

from .known_layers import activation_of, channels_first, sees
from .layer_families import axis_names
from .models import flat


def parts_seen(calls, makers, y, position):
    """Go back, call by call, from one number of y to all arrays it depends on.

    ``makers`` is ``{id of an array: the call that output it}``. Returns the parts of
    the arrays, ``{id of an array: part}``.
    """
    parts = {id(y): [(i, i + 1) for i in position[1:]]}
    for call in reversed(calls):
        for one in call.outputs.values():
            if makers.get(id(one)) is call and id(one) in parts:
                for x, part in seen(call, one, parts[id(one)]):
                    known = parts.get(id(x), part)
                    parts[id(x)] = [
                        (min(a, c), max(b, d)) for (a, b), (c, d) in zip(known, part)
                    ]
    return parts


def seen(call, y, part):
    """List the inputs of a call, and the part of each, that a part of its output sees."""
    layer, x = call.layer, call.inputs
    if call.unknown or call.container:
        xs = [one for one in flat(x) if isinstance(one, np.ndarray)]
        return [(one, [(0, n) for n in one.shape[1:]]) for one in xs]
    activation, part = activation_of(layer), list(part)
    for axis in activation.axes:
        halves = 2 if activation.name == "glu" else 1
        part[axis % y.ndim - 1] = (0, y.shape[axis] * halves)
    xs = x if isinstance(x, list | tuple) else [x]
    return [(x, part) for x, part in zip(xs, sees(layer, x, part)) if part is not None]


def as_slices(calls, names, parts):
    """Write the parts of a model's inputs as slices (a dict of several), and in words."""
    turned = any(channels_first(call.layer) for call in calls)
    slices, notes = {}, []
    for name, part in zip(names, parts):
        of = f" of {name}" * (len(parts) > 1)
        if part is None:
            slices[name] = None
            notes.append(f"Receptive field: nothing{of or ' of the input'}.")
            continue
        axes, before = axis_names(len(part)), []
        if len(part) == 3:  # a picture: its rows and columns
            of = of or " of the picture"
            axes = ["row", "column"]
            part = part[1:] if turned else part[:2]
            before = [slice(None)] * turned
        ranges = [
            f"{axis} {start}" if stop - start == 1 else f"{axis}s {start} to {stop - 1}"
            for axis, (start, stop) in zip(axes, part)
        ]
        notes.append(f"Receptive field: {', '.join(ranges)}{of}.")
        slices[name] = (*before, *(slice(*ends) for ends in part))
    return slices if len(slices) > 1 else slices[name], notes
