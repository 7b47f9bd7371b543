"""Where in the picture a place of a layer's maps lies: the middle of its receptive field.

Fields end at the border of the picture, and then their middle is different. So nothing
is cut here: the middle is followed back from layer to layer, in pixels.
"""

import keras
import numpy as np
import tensorflow as tf

from .passes import whole_run

WINDOW = "kernel_size", "pool_size"


def middles(model, inputs, name):
    """Return the middle of each place's field, ``[pixels of the rows, of the columns]``.

    ``name`` is that of one call. They are pixels of the model's input. Where a step
    of the way back is not known, places lie evenly on what is before it.
    """
    run = whole_run(model, inputs, one_of=lambda rows: 0)
    pictures = {id(x): x for _, x in run.inputs}
    containers = {call.name: call for call in run.calls if call.container}
    makers = {}  # {id of a tensor: the call that gave it out, the inner one first}
    for call in run.calls:
        if not call.is_input:
            for _, x in call.outputs():
                makers.setdefault(id(x), call)
    call, y = next(
        (call, x) for call in run.calls for key, x in call.outputs() if key == name
    )
    places = [np.arange(size, dtype="float64") for size in sizes(y, call.layer)]
    while id(y) not in pictures:
        call = makers.get(id(y)) or containers.get(call.name.rpartition("/")[0])
        came = maps_in(call) if call else pictures.values()
        x = next((x for x in came if x.ndim == y.ndim), None)
        if x is None:
            raise ValueError(
                f"{name} has its places no longer in the rows and columns of the "
                "picture. Name a layer before."
            )
        layer = call.layer if id(y) in makers else None
        lengths = zip(sizes(x, layer), sizes(y, layer))
        places = [
            before(layer, axis, place, *length)
            for axis, (place, length) in enumerate(zip(places, lengths))
        ]
        y = x
    return places


def maps_in(call):
    """List the tensors that went into a call."""
    return [x for x in keras.tree.flatten((call.args, call.kwargs)) if tf.is_tensor(x)]


def sizes(y, layer):
    """Return a map's lengths: rows and columns, or steps."""
    shape = tuple(y.shape[1:])
    first = getattr(layer, "data_format", None) == "channels_first"
    return shape[1:] if first else shape[:-1]


def before(layer, axis, place, length, found):
    """Return where a place of the output lies in the input, along one axis.

    Arguments:
        layer: layer or operation that was called; None for what is between them.
        axis: 0 for rows or steps, 1 for columns.
        place: array of places, in positions of the output.
        length, found: positions of the input and of the output.
    """
    window = next((getattr(layer, one) for one in WINDOW if hasattr(layer, one)), None)
    kind = type(layer).__name__
    if window is not None and "Transpose" not in kind:
        return of_window(layer, axis, place, length, window)
    if kind.startswith("ZeroPadding"):
        return place - ends(layer.padding, axis)[0]
    if kind.startswith("Cropping"):
        return place + ends(layer.cropping, axis)[0]
    return (place + 0.5) * length / found - 0.5  # as they are, if the lengths are equal


def of_window(layer, axis, place, length, window):
    """Return the middle of what a convolution or a pooling looks at."""
    step = of_axis(layer.strides, axis)
    window = (of_axis(window, axis) - 1) * of_axis(
        getattr(layer, "dilation_rate", 1), axis
    ) + 1
    padded = 0
    if layer.padding == "same":
        padded = max((-(-length // step) - 1) * step + window - length, 0) // 2
    if layer.padding == "causal":
        padded = window - 1
    return place * step - padded + (window - 1) / 2


def of_axis(setting, axis):
    return np.ravel(setting)[axis if np.size(setting) > 1 else 0]


def ends(setting, axis):
    """Return how much a padding or a cropping has before and behind, along one axis."""
    setting = np.asarray(setting)
    return setting if setting.ndim == 1 else setting[axis]
