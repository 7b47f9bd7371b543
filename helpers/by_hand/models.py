"""Whole networks computed by hand, call by call, with the functions of `layers`.

A model is run once and recorded: which layers it calls, with what, in which order. The
numbers are then computed again from its inputs and weights, with NumPy alone. That is
done in float64, so it is more exact than the Keras numbers it is compared with.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from .known_layers import MODELS, compute, is_layer, kind, record_of, unknown

# ------------------------------------------------------------- whole networks


def forward(model, inputs):
    """Compute the outputs of every layer of a model with NumPy alone, in float64.

    Arguments:
        model: built ``keras.Model``: Sequential, functional or subclassed. Models inside
            it, shared layers, branches, several inputs and outputs are followed.
        inputs: array of shape ``(images, …)``; a list or a dict of arrays if the model
            has several inputs.

    Returns:
        Dict ``{layer name: array}`` with the keys and the order of ``layer_outputs``:
        a layer in a nested model is ``outer/inner``, the second call of a shared layer
        ``name:1``.

    Raises:
        TypeError: not a Keras model, or inputs of a wrong dtype.
        ValueError: inputs that do not fit the model, a layer that is not known, or
            arithmetic in a ``call`` of your own.

    Example:
        >>> forward(dense_network(), np.eye(3))["output"].round(3)
        array([[0.455, 0.545],
               [0.185, 0.815],
               [0.454, 0.546]])
    """
    calls = Walk(run_once(model, inputs)).calls
    for call in calls:
        if call.unknown and (call.layer is None or not call.hidden):
            raise ValueError(call.unknown)
    return {name: y for call in shown(calls) for name, y in call.outputs.items()}


def hand_check(model, inputs, tolerance=None):
    """Compare every layer of a model, computed by hand, with what Keras computes.

    A layer is ``equal`` if the numbers computed by hand from the model's inputs on are
    Keras's, or if they are when the layer alone is computed from what Keras gave it: in
    a deep network roundings add up, and no layer is to blame for that. Otherwise it
    ``differs``. It is ``unknown`` if it has no function here; the layers behind it are
    computed ``from Keras's input``. What was taken from Keras is never ``equal``.

    Arguments:
        model: built ``keras.Model``: Sequential, functional or subclassed.
        inputs: array of shape ``(images, …)``; a list or a dict of arrays if the model
            has several inputs.
        tolerance: the largest share of a layer's largest output that counts as equal.
            By default 1e-5, and 1e-2 for a layer that computes at half precision.

    Returns:
        ``HandCheck``, which shows itself as a table, one line a layer: name, class,
        output shape, number of parameters, largest difference as a share of the layer's
        largest output, and the verdict. Its attributes are ``equal``, a bool: nothing
        differs; ``differing`` and ``unknown``, lists of names.

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
        half = getattr(call.layer, "compute_dtype", "float32")
        tolerance = 1e-2 if half in ("float16", "bfloat16") else 1e-5
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
        table = [self.HEADINGS, *self.rows]
        widths = [max(map(len, column)) for column in zip(*table)]
        lines = []
        for row in table:
            cells = [
                cell.rjust(width) if column in (3, 4) else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(row, widths))
            ]
            lines.append("  ".join(cells).rstrip())
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


# ------------------------------------------------------- following a recorded run


@dataclass(eq=False)
class Computed:
    """One call of a recorded run, with its numbers.

    Attributes:
        name: as in ``layer_outputs``.
        layer: the layer or operation; None for what no call gave out.
        inputs: array, or list of arrays and numbers for a layer that merges several.
        outputs: dict ``{name: array}``, computed by hand or Keras's own.
        keras: the same, in Keras's numbers.
        order: sorts the calls as ``layer_outputs`` does.
        unknown: why it is not computed by hand, or None.
        given: whether some of its inputs are Keras's own numbers.
        hidden: whether it is no entry of ``layer_outputs``.
        container: whether its inner layers computed the numbers.
        again: function that computes ``outputs`` from Keras's own inputs, or None.
    """

    name: str
    layer: object
    inputs: object
    outputs: dict
    keras: dict
    order: tuple = ()
    unknown: str | None = None
    given: bool = False
    hidden: bool = False
    container: bool = False
    again: object = field(default=None, repr=False)

    @property
    def output(self):
        """The output of a call that has one, as each known layer has."""
        return next(iter(self.outputs.values()))


def run_once(model, inputs, one_of=None):
    """Run a model once and record it; see ``engine.passes.whole_run``."""
    from ..engine.passes import whole_run  # needs Keras; the rest does not

    return whole_run(model, inputs, one_of)


def shown(calls):
    """The calls that are entries of ``layer_outputs``, in its order."""
    return sorted((c for c in calls if not c.hidden), key=lambda call: call.order)


class Walk:
    """Computes a recorded run again, call by call; its tensors tell who feeds whom.

    Arguments:
        run: what `run_once` returns.
        by_hand: whether the numbers are computed; otherwise they are Keras's own.

    Attributes:
        names, inputs: names and arrays of the model's inputs.
        calls: list of `Computed` in the order in which the calls ended. Between them
            stand hidden ones without a layer: arrays that no recorded call gave out.
    """

    def __init__(self, run, by_hand=True):
        self.by_hand = by_hand
        self.names = [name for name, _ in run.inputs]
        self.inputs = [self.read(tensor) for _, tensor in run.inputs]
        tensors = [tensor for _, tensor in run.inputs]
        self.arrays = dict(
            zip(map(id, tensors), self.inputs)
        )  # {id of a tensor: array}
        self.model = run.model
        self.of_keras = set()  # ids of the tensors whose numbers are Keras's
        self.containers = {call.name: call for call in run.calls if call.container}
        self.calls = []
        for call in run.calls:
            self.add(call)

    def read(self, tensor):
        """Read a tensor, in float64 if one computes with it; text stays text."""
        x = np.asarray(tensor)
        if x.dtype.kind in "SUO":
            return x
        half = x.dtype.name in ("float16", "bfloat16")
        return x.astype("float64" if self.by_hand else "float32" if half else x.dtype)

    def add(self, call):
        if call.is_input:
            outer = self.containers.get(call.name.rpartition("/")[0])
            if outer:  # what reaches it comes from around it
                self.take(outer)
            return
        known = record_of(call.layer) is not None
        if call.container and not known:
            self.add_container(call)
            return
        given = self.take(call)
        x, options = inputs_of(call, self.arrays)
        reason = unknown(call.layer, options)
        if reason:  # it may depend on all that it is given
            x = [self.arrays[id(tensor)] for tensor in tensors_in(call)]
        keras = {key: self.read(tensor) for key, tensor in call.outputs()}
        again = None
        if self.by_hand and not reason:
            outputs = self.compute(call, x)

            def again():
                theirs = {id(t): self.read(t) for t in tensors_in(call)}
                return self.compute(call, inputs_of(call, theirs)[0])

        else:
            outputs = {key: y.view() for key, y in keras.items()}
        for key, tensor in call.outputs():
            self.arrays[id(tensor)] = outputs[key]
            if reason:
                self.of_keras.add(id(tensor))
        self.calls.append(
            Computed(
                *(call.name, call.layer, x, outputs, keras),
                order=(*call.order, math.inf),
                unknown=reason,
                given=given and self.by_hand,
                hidden=call.hidden,
                again=again,
            )
        )

    def compute(self, call, x):
        """Compute a known call; its only output has the name of the call."""
        with np.errstate(all="ignore"):  # NaN and infinity are results like others
            y = compute(call.layer, x)
        return {call.name: y.view() if y is x else y}

    def add_container(self, call):
        """A model, or a layer of one's own: its inner layers have computed it, or not."""
        self.take(call)
        keras = {key: self.read(tensor) for key, tensor in call.outputs()}
        tensors = dict(call.outputs())
        inside = all(id(t) in self.arrays for t in tensors.values())
        reason = None
        if not inside:
            reason = unknown(call.layer)  # its class has a call of its own
        elif any(id(t) in self.of_keras for t in tensors.values()):
            reason = (
                f"{call.name!r} gives out the numbers of a layer not known by hand."
            )
        outputs = {}
        for key, tensor in tensors.items():
            if id(tensor) not in self.arrays:
                self.arrays[id(tensor)] = keras[key].view()
                self.of_keras.add(id(tensor))
            outputs[key] = self.arrays[id(tensor)]
        self.calls.append(
            Computed(
                *(
                    call.name,
                    call.layer,
                    self.inputs_of_container(call),
                    outputs,
                    keras,
                ),
                order=(*call.order, math.inf),
                unknown=reason,
                hidden=call.hidden,
                container=inside,
            )
        )

    def take(self, call):
        """Take from Keras what goes into a call and no call gave out.

        Returns whether any of its inputs are Keras's own numbers.
        """
        layer, around = self.around(call)
        for tensor in tensors_in(call):
            if id(tensor) in self.arrays:
                continue
            y = self.arrays[id(tensor)] = self.read(tensor)
            if kind(layer) in MODELS:
                continue  # a constant: whatever is computed in a graph has a call
            self.of_keras.add(id(tensor))
            reason = (
                f"What reaches {call.name!r} is computed in a call of your own, by "
                "operations that leave no trace: they are not known by hand."
            )
            name = "an operation"
            self.calls.append(
                Computed(
                    *(name, None, around, {name: y}, {name: y}),
                    unknown=reason,
                    hidden=True,
                )
            )
        return any(id(tensor) in self.of_keras for tensor in tensors_in(call))

    def around(self, call):
        """The layer around a call, or the model, and all that it was given."""
        name = call.name
        while "/" in name:
            name = name.rpartition("/")[0]
            if name in self.containers:
                container = self.containers[name]
                return container.layer, self.inputs_of_container(container)
        return self.model, self.inputs

    def inputs_of_container(self, call):
        found = [self.arrays[id(t)] for t in tensors_in(call) if id(t) in self.arrays]
        return found or self.inputs


def tensors_in(call):
    """List the tensors that a call was given."""
    return [x for x in flat((call.args, call.kwargs)) if is_tensor(x)]


def is_tensor(x):
    return hasattr(x, "dtype") and hasattr(x, "shape") and not isinstance(x, np.ndarray)


def inputs_of(call, arrays):
    """Split what a call was given into its input and what else is set.

    Arguments:
        call: the recorded call.
        arrays: dict ``{id of a tensor: array}``.
    """
    args = fill_in(list(call.args), arrays)
    options = fill_in(dict(call.kwargs), arrays)
    if not is_layer(call.layer):
        return args, options
    x = args.pop(0) if args else options.pop(next(iter(options)))
    options.pop("training", None)  # the model decides: `layer_outputs` is inference
    options = {  # Keras notes `mask=[None, None]` for a model that has none
        key: value
        for key, value in options.items()
        if any(one is not None for one in flat(value))
    }
    if args:
        options["a second argument"] = args
    if call.masked and kind(call.layer) != "BatchNormalization":
        options["a mask"] = True  # that came along with its input
    return x, options


def flat(structure):
    """List all that is in nested lists, tuples and dicts."""
    if isinstance(structure, dict):
        return [x for key in sorted(structure) for x in flat(structure[key])]
    if isinstance(structure, list | tuple):
        return [x for item in structure for x in flat(item)]
    return [structure]


def fill_in(structure, arrays):
    """Replace tensors in nested lists, tuples and dicts by arrays."""
    if isinstance(structure, dict):
        return {key: fill_in(item, arrays) for key, item in structure.items()}
    if isinstance(structure, list | tuple):
        return [fill_in(item, arrays) for item in structure]
    return arrays.get(id(structure), structure)
