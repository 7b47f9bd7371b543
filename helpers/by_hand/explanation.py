"""One number of one layer, taken apart: its arithmetic, and what it saw of the input."""

import html
import operator
from dataclasses import dataclass

import numpy as np

from ..engine.inputs import nearest_names
from ..engine.tables import table
from .activations import ACTIVATIONS, sigmoid
from .known_layers import activate, activation_of, before_activation, terms
from .layer_families import OPERATORS
from .models import Walk, run_once, shown
from .receptive_field import as_slices, parts_seen

MOST_ROWS = 36  # a 3×3 kernel on 4 channels is still shown whole
ROWS_OF_MORE = 12


@dataclass(repr=False)
class Explanation:
    """The arithmetic of one number; ``by_hand.explain`` makes it.

    Attributes:
        layer: name of the layer.
        layer_class: name of the layer's class.
        position: index of the number in the layer's output, image first.
        value: the number.
        patch: the values of the layer's input that the number is made of.
        kernel: what they are multiplied by, in the shape of ``patch``, or None.
        products: ``patch * kernel``, or None.
        sum: sum of the products, or of the patch in an average; else None.
        bias: the layer's bias for this number, or None.
        before_activation: the number that goes into the activation.
        activation: name of the activation, ``"linear"`` if there is none.
        columns: the table, ``{heading: array of one value a row}``.
        steps: list of ``(text, number)`` that leads from the table to the value.
        receptive_field: slices of the input that the number depends on, so that
            ``images[0][receptive_field]`` is that part: its rows and columns if it is
            a picture, else all its axes. For a model of several inputs a dict
            ``{input name: slices, or None if it has no influence}``.
        notes: sentences on the receptive field, and on the layer inside a model.
    """

    layer: str
    layer_class: str
    position: tuple
    value: float
    patch: np.ndarray
    kernel: np.ndarray | None
    products: np.ndarray | None
    sum: float | None
    bias: float | None
    before_activation: float
    activation: str
    columns: dict
    steps: list
    receptive_field: object
    notes: list

    def lines(self):
        """The table as text: title, headings, rows, and what stands below them."""
        *_, last = self.columns.values()
        below = [(text, number(x)) for text, x in self.steps]
        rows = np.arange(len(last))
        if len(last) > MOST_ROWS:
            is_maximum = self.steps[0][0].startswith("largest")
            size = last if is_maximum else np.abs(last)
            # rounded, so that equal ones keep their order on every machine
            rows = np.argsort(-size.round(9), kind="stable")[:ROWS_OF_MORE]
            rest = f"{len(last) - len(rows)} smaller ones"
            total = "" if is_maximum else number(last.sum() - last[rows].sum())
            below.insert(0, (rest, total))
        index = ", ".join(map(str, self.position))
        title = f"{self.layer}[{index}] = {number(self.value)} ({self.layer_class})"
        cells = [[cell(column[i]) for column in self.columns.values()] for i in rows]
        return title, list(self.columns), cells, below

    def __repr__(self):
        title, headings, rows, below = self.lines()
        rows, last = [headings, *rows], len(headings) - 1
        left = table([row[:last] for row in rows], right=range(last))
        lines = table([*zip(left, (row[last] for row in rows)), *below], right=[1])
        return "\n".join([title, *lines, *self.notes])

    def _repr_html_(self):
        title, headings, rows, below = self.lines()

        def line(texts, tag="td", first="<td>"):
            cells = [f"<{tag}>{html.escape(text)}</{tag}>" for text in texts]
            return f"<tr>{''.join(cells)}</tr>".replace("<td>", first, 1)

        wide = f'<td colspan="{len(headings) - 1}" style="text-align: left">'
        return "\n".join(
            [
                f"<table><caption>{html.escape(title)}</caption>",
                f"<thead>{line(headings, 'th')}</thead>",
                *map(line, rows),
                *(line(row, first=wide) for row in below),
                "</table>",
                *(f"<p>{html.escape(note)}</p>" for note in self.notes),
            ]
        )


def number(x):
    """Write a number with 3 decimals, zero without a sign."""
    return f"{round(float(x), 3) + 0.0:.3f}"


def cell(x):
    return number(x) if isinstance(x, float) else str(x)


def explain(model, inputs, layer, position):
    """Show the arithmetic of one number that a layer outputs.

    Arguments:
        model, inputs: as for `forward`.
        layer: name of the layer, as in ``layer_outputs``.
        position: index of the number in ``layer_outputs(model, inputs)[layer]``, such
            as ``(image, row, column, channel)``.

    Returns:
        `Explanation`: a table in a notebook, the same as text elsewhere. Its attributes
        hold the numbers, and in ``receptive_field`` the slices of the input that the
        number depends on. ``helpers.figures.explain_figure`` draws it.

    Raises:
        TypeError: not a Keras model, or inputs of a wrong dtype.
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
    # no image depends on another, so one of them is run
    run = run_once(model, inputs, lambda rows: number_of_image(position, rows))
    walk, images = Walk(run), run.rows
    traced = Traced(walk.names, walk.inputs, walk.calls)
    name = getattr(layer, "name", layer)
    if name not in traced.outputs:
        near = nearest_names(name, list(traced.outputs))
        raise ValueError(f"{model.name} has no layer {name!r}. {near}")
    shape = traced.outputs[name][1].shape
    if shape[:1] == (1,):  # a row for each image
        shape = images, *shape[1:]
    return traced.explain(name, check_position(position, name, shape))


def number_of_image(position, images):
    """The number of the image, or 0 where `check_position` will refuse the position."""
    try:
        image = operator.index(position[0])
    except (TypeError, IndexError):
        return 0
    return image % images if -images <= image < images else 0


def check_position(position, name, shape):
    """Return the position in integers from 0, or say what the shape allows."""
    try:
        found = tuple(operator.index(i) for i in position)
        fits = len(found) == len(shape) and all(
            -n <= i < n for i, n in zip(found, shape)
        )
    except TypeError:
        fits = False
    if not fits:
        raise IndexError(
            f"{name} outputs an array of shape {shape}, and {position} is no position "
            f"in it. Write one integer for each axis, such as "
            f"{tuple(n // 2 for n in shape)}."
        )
    return tuple(i % n for i, n in zip(found, shape))


class Traced:
    """A model computed for one image, ready to explain each of its numbers.

    Arguments:
        names_of_inputs, arrays, calls: ``names``, ``inputs`` and ``calls`` of a `Walk`.
    """

    def __init__(self, names_of_inputs, arrays, calls):
        self.names_of_inputs, self.arrays, self.calls = names_of_inputs, arrays, calls
        self.outputs = {
            name: (call, y) for call in shown(calls) for name, y in call.outputs.items()
        }
        self.makers = {  # {id of an array: the call that output it, before others did}
            id(y): call
            for call in reversed(calls)
            if not call.container
            for y in call.outputs.values()
        }

    def explain(self, name, position):
        """Explain one number; ``position`` begins with the number of the image."""
        outer, y = self.outputs[name]
        call = self.makers.get(id(y), outer)  # a model may pass its input on
        if call.unknown:
            raise ValueError(call.unknown)
        place = (0, *position[1:]) if y.shape[0] == 1 else position
        fields = self.arithmetic(call, place)
        slices, notes = self.receptive_field(y, place)
        notes = fields.pop("notes", []) + notes
        if call is not outer:
            notes.insert(0, f"Computed by {call.name} ({type(call.layer).__name__}).")
        return Explanation(
            layer=name,
            layer_class=type(outer.layer).__name__,
            position=position,
            receptive_field=slices,
            notes=notes,
            **dict.fromkeys(("kernel", "products", "sum", "bias")) | fields,
        )

    def arithmetic(self, call, position):
        """The fields of an Explanation that say how the number is computed."""
        fields = terms(call.layer, call.inputs, position)
        if "from" in fields["columns"]:
            names = [self.name_of(call.inputs[i]) for i in fields["columns"]["from"]]
            fields["columns"]["from"] = np.array(names)
        return fields | activated(call.layer, call.inputs, position, fields)

    def name_of(self, x):
        """The name of the layer that output x, or of the model's input."""
        if not isinstance(x, np.ndarray):
            return "number"
        if id(x) in self.makers:
            return self.makers[id(x)].name
        inputs = zip(self.names_of_inputs, self.arrays)
        return next(name for name, one in inputs if one is x)

    def receptive_field(self, y, position):
        """What a number of the array y depends on: slices of the inputs, and words."""
        seen = parts_seen(self.calls, self.makers, y, position)
        parts = [seen.get(id(x)) for x in self.arrays]
        slices, notes = as_slices(self.calls, self.names_of_inputs, parts)
        unseen = [call.outputs.values() for call in self.calls if call.layer is None]
        if any(id(x) in seen for outputs in unseen for x in outputs):
            notes.append(
                "Before it lies arithmetic in a call of your own, so that it may "
                "depend on less."
            )
        return slices, notes


def activated(layer, x, position, fields):
    """The activation, the value, and all steps that lead to it."""
    activation, before = activation_of(layer), fields["before_activation"]
    name, steps = activation.name, list(fields["steps"])
    if name == "linear":
        value = before
        if not steps or steps[-1][0][0] in OPERATORS:
            steps.append(("= value", value))
    elif name in ACTIVATIONS and not activation.axes:
        value = ACTIVATIONS[name](before)
        steps.append((f"= {name}({number(before)})", value))
    else:  # it takes other numbers too, or it has settings
        scores = before_activation(layer, x)
        value = activate(layer, scores)[position]
        if name == "softmax":
            steps += steps_of_softmax(scores, activation.axes, position)
        if name == "glu":
            *others, i = position
            gate = scores[(*others, i + scores.shape[-1] // 2)]
            steps.append((f"* sigmoid({number(gate)})", sigmoid(gate)))
        alone = f"({number(before)})" * (not activation.axes)
        steps.append((f"= {name}{alone}", value))
    return {"activation": name, "value": float(value), "steps": steps}


def steps_of_softmax(scores, axes, position):
    """``exp`` of the number and the sum by which it is divided."""
    score = scores[position]
    rest = np.delete(position, axes)
    scores = np.moveaxis(scores, axes, range(len(axes)))[(..., *rest)]
    largest = scores.max()
    total = np.exp(scores - largest).sum()
    return [
        (f"exp({number(score)} - {number(largest)})", np.exp(score - largest)),
        (f"/ sum of exp over {scores.size}", total),
    ]
