"""By hand against Keras, layer by layer: how far apart they are, and what is equal."""

import numpy as np

from ..engine.tables import table
from .known_layers import is_layer
from .models import Walk, run_once, shown

TOLERANCE, HALF_TOLERANCE = 1e-5, 1e-2  # shares of a layer's largest output


def hand_check(model, inputs, tolerance=None):
    """Compare every layer of a model, computed by hand, with what Keras computes.

    A layer is ``equal`` if the numbers computed by hand from the model's inputs on are
    Keras's, or if they are when the layer alone is computed from what Keras gave it: in
    a deep network roundings add up, and no layer is to blame for that. Otherwise it
    ``differs``. It is ``unknown`` if it has no function here; the layers behind it are
    computed ``from Keras's input``. What was taken from Keras is never ``equal``.

    Arguments:
        model, inputs: as for `forward`.
        tolerance: the largest share of a layer's largest output that counts as equal.
            By default 1e-5, and 1e-2 for a layer that computes at half precision.

    Returns:
        ``HandCheck``, which shows itself as a table, one line a layer; the largest
        difference is a share of the layer's largest output. Its attributes are
        ``equal``, a bool: nothing differs; ``differing`` and ``unknown``, lists of names.

    Raises:
        TypeError: not a Keras model, or inputs of a wrong dtype.
        ValueError: inputs that do not fit the model.

    Example:
        >>> hand_check(dense_network(), np.eye(3))
        layer   class  output shape  parameters  difference  verdict
        hidden  Dense  (3, 4)                16     < 1e-05  equal
        output  Dense  (3, 2)                10     < 1e-05  equal
        2 of 2 layers are equal.
        >>> assert hand_check(dense_network(), np.eye(3)).equal
    """
    rows = [
        row_of_check(call, name, y, tolerance)
        for call in shown(Walk(run_once(model, inputs)).calls)
        for name, y in call.outputs.items()
    ]
    return HandCheck(rows)


def row_of_check(call, name, y, tolerance):
    """Judge one output: name, class, shape, number of parameters, difference, verdict."""
    parameters = call.layer.count_params() if is_layer(call.layer) else 0
    about = name, type(call.layer).__name__, str(y.shape), f"{parameters:,}"
    if call.unknown:
        return *about, "", "unknown"
    keras_y = call.keras[name]
    if tolerance is None:
        dtype = getattr(call.layer, "compute_dtype", "float32")
        half = dtype in ("float16", "bfloat16")
        tolerance = HALF_TOLERANCE if half else TOLERANCE
    share = relative_difference(y, keras_y)
    if share > tolerance and call.again:
        share = relative_difference(call.again()[name], keras_y)
    if share > tolerance:
        return *about, f"{share:.1e}", "differs"
    # the digits of smaller ones vary by machine
    verdict = "equal from Keras's input" if call.given else "equal"
    return *about, f"< {tolerance:.0e}", verdict


class HandCheck:
    """What `hand_check` found, shown as a table.

    Attributes:
        rows: list of ``(name, class, output shape, parameters, difference, verdict)``,
            texts.
        equal: whether nothing differs. What is not known by hand does not count.
        differing: names of the layers that differ from Keras.
        unknown: names of the layers that are not known by hand.
    """

    HEADINGS = "layer", "class", "output shape", "parameters", "difference", "verdict"

    def __init__(self, rows):
        self.rows = rows
        self.differing = [row[0] for row in rows if row[-1] == "differs"]
        self.unknown = [row[0] for row in rows if row[-1] == "unknown"]
        self.equal = not self.differing

    def __repr__(self):
        lines = table([self.HEADINGS, *self.rows], right=(3, 4))
        count, differ, unknown = map(len, (self.rows, self.differing, self.unknown))
        summary = f"{count - differ - unknown} of {count} layers are equal"
        summary += f", {differ} differ" * (differ > 0)
        summary += f", {unknown} not known by hand" * (unknown > 0)
        return "\n".join([*lines, f"{summary}."])


def relative_difference(x, y):
    """The largest difference of two arrays as a share of their largest finite value."""
    x, y = np.asarray(x, "float64"), np.asarray(y, "float64")
    differs = (x != y) & ~(np.isnan(x) & np.isnan(y))  # two infinities are equal
    if not differs.any():
        return 0.0
    scale = np.max(np.abs([x, y]), where=np.isfinite([x, y]), initial=0)
    return float(np.max(np.abs(x[differs] - y[differs])) / scale)
