"""One number of one layer, taken apart: its arithmetic, and what it saw of the input."""

import html
import math
import operator
from dataclasses import dataclass

import numpy as np

from helpers.by_hand import models as by_hand
from helpers.by_hand.models import array, is_layer, kind
from helpers.engine.inputs import nearest_names

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
        rows = [headings, *rows]
        widths = [max(map(len, column)) for column in zip(*rows)]
        table = [("  ".join(map(str.rjust, row[:-1], widths)), row[-1]) for row in rows]
        left = max(len(text) for text, _ in table + below) + 2
        right = max(len(text) for _, text in table + below)
        lines = [a.ljust(left) + b.rjust(right) for a, b in table + below]
        return "\n".join([title, *map(str.rstrip, lines), *self.notes])

    def _repr_html_(self):
        title, headings, rows, below = self.lines()

        def line(tag, texts, first=""):
            first, *others = (f"<{tag}{first}>", *(f"<{tag}>" for _ in texts[1:]))
            cells = zip([first, *others], texts)
            row = "".join(f"{a}{html.escape(b)}</{tag}>" for a, b in cells)
            return f"<tr>{row}</tr>"

        span = f' colspan="{len(headings) - 1}" style="text-align: left"'
        return "\n".join(
            [
                f"<table><caption>{html.escape(title)}</caption>",
                "<thead>" + line("th", headings) + "</thead>",
                *(line("td", row) for row in rows),
                *(line("td", row, span) for row in below),
                "</table>",
                *(f"<p>{html.escape(note)}</p>" for note in self.notes),
            ]
        )


def number(x):
    """Write a number with 3 decimals, zero without a sign."""
    return f"{round(float(x), 3) + 0.0:.3f}"


def cell(x):
    return number(x) if isinstance(x, float) else str(x)


def explain_number(model, inputs, layer, position):
    """Do what ``by_hand.explain`` says."""
    arrays = by_hand.read_inputs(model, inputs)
    images = len(arrays[0])
    image = first_index(position, images)
    one_image = [x[image : image + 1] for x in arrays]  # no image depends on another

    def keras_outputs():
        from helpers.extraction import layer_outputs

        xs = zip(one_image, model.inputs)
        return layer_outputs(model, [x.astype(tensor.dtype) for x, tensor in xs])

    traced = Traced(model, one_image, keras_outputs)
    name = getattr(layer, "name", layer)
    if name not in traced.outputs:
        near = nearest_names(name, list(traced.outputs))
        raise ValueError(f"{model.name} has no layer {name!r}. {near}")
    _, y = traced.outputs[name]
    return traced.explain(name, check_position(position, name, (images, *y.shape[1:])))


def first_index(position, images):
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
    """A model computed by hand for one image, ready to explain each of its numbers."""

    def __init__(self, model, arrays, keras_outputs=None):
        self.model, self.arrays = model, arrays
        self.calls = by_hand.trace(model, arrays, keras_outputs)
        self.outputs = {
            name: (call, y)
            for call in by_hand.in_models_order(self.calls)
            for name, y in by_hand.named_outputs(call)
        }
        self.makers = {}  # {id of an array: the call that output it}
        for call in self.calls:
            if call.unknown or kind(call.layer) not in by_hand.MODELS:
                self.makers.update((id(y), call) for y in by_hand.flat(call.output))

    def explain(self, name, position):
        """Explain one number; ``position`` begins with the number of the image."""
        outer, y = self.outputs[name]
        call = self.makers.get(id(y), outer)  # a model may pass its input on
        if call.unknown:
            raise ValueError(call.unknown)
        place = (0, *position[1:])
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
        layer, x, name = call.layer, call.inputs, kind(call.layer)
        if isinstance(x, list | tuple):
            names = [self.name_of(one) for one in x]
            fields = merged(layer, list(map(np.asarray, x)), position, names)
        elif copies(layer):
            fields = copied(layer, x, position)
        elif name in TERMS:
            fields = TERMS[name](layer, *channels_last(layer, x, position))
        elif name in STEPS:
            fields = steps_from(x, position, STEPS[name](layer, x, position))
        else:  # a layer that is an activation
            fields = steps_from(x, position, [])
        return fields | activated(layer, x, position, fields)

    def name_of(self, x):
        """The name of the layer that output x, or of the model's input."""
        if not isinstance(x, np.ndarray):
            return "number"
        if id(x) in self.makers:
            return self.makers[id(x)].name
        tensors = zip(self.model.inputs, self.arrays)
        return next(tensor.name for tensor, one in tensors if one is x)

    def receptive_field(self, y, position):
        """Go back from one number to the parts of the model's inputs it depends on.

        A part is a list of (start, stop), one for each axis but the images'.
        """
        parts = {id(y): [(i, i + 1) for i in position[1:]]}
        for call in reversed(self.calls):
            for one in by_hand.flat(call.output):
                if self.makers.get(id(one)) is call and id(one) in parts:
                    for x, part in seen(call, one, parts[id(one)]):
                        known = parts.get(id(x), part)
                        parts[id(x)] = [
                            (min(a, c), max(b, d))
                            for (a, b), (c, d) in zip(known, part)
                        ]
        return self.as_slices([parts.get(id(x)) for x in self.arrays])

    def as_slices(self, parts):
        """Write the parts of the inputs as slices, and in words."""
        channels_first = any(
            getattr(call.layer, "data_format", None) == "channels_first"
            for call in self.calls
        )
        slices, notes = {}, []
        for tensor, part in zip(self.model.inputs, parts):
            of = f" of {tensor.name}" * (len(parts) > 1)
            if part is None:
                slices[tensor.name] = None
                notes.append(f"Receptive field: nothing{of or ' of the input'}.")
                continue
            names, before = axis_names(len(part)), []
            if len(part) == 3:  # a picture: its rows and columns
                of = of or " of the picture"
                names = ["row", "column"]
                part = part[1:] if channels_first else part[:2]
                before = [slice(None)] * channels_first
            ranges = [
                f"{name} {start}"
                if stop - start == 1
                else f"{name}s {start} to {stop - 1}"
                for name, (start, stop) in zip(names, part)
            ]
            notes.append(f"Receptive field: {', '.join(ranges)}{of}.")
            slices[tensor.name] = (*before, *(slice(*ends) for ends in part))
        return slices if len(slices) > 1 else slices[tensor.name], notes


def channels_last(layer, x, position):
    """Move the channels of a picture, and of a position in it, to the end."""
    if getattr(layer, "data_format", None) != "channels_first":
        return x, position
    return np.moveaxis(x, 1, -1), (position[0], *channel_to_end(position[1:]))


def channel_to_end(axes):
    return axes if len(axes) == 1 else [*axes[1:], axes[0]]


def axis_names(count):
    """What to call the axes of a layer's input, image left out."""
    names = {1: ["input"], 2: ["step", "channel"], 3: ["row", "column", "channel"]}
    return names.get(count, [f"axis {i + 1} value" for i in range(count)])


def coordinates(*indices):
    """A column of the table for each axis of the input, image left out."""
    grid = np.meshgrid(*indices, indexing="ij")
    return dict(zip(axis_names(len(grid)), map(np.ravel, grid)))


# -------------------------------------- what a number is made of: sums and pools


def weighted_sum(columns, patch, kernel, bias=None, heading="patch"):
    """The fields of ``sum(patch * kernel) + bias``."""
    products = patch * kernel
    total = products.sum()
    steps = [(f"sum of {products.size} products", total)]
    if bias is not None:
        steps.append(("+ bias", bias))
    parts = {heading: patch, "kernel": kernel, "product": products}
    return {
        "columns": columns | {heading: part.ravel() for heading, part in parts.items()},
        "steps": steps,
        "patch": patch,
        "kernel": kernel,
        "products": products,
        "sum": total,
        "bias": bias,
        "before_activation": total if bias is None else total + bias,
    }


def bias_of(layer, i):
    return None if layer.bias is None else array(layer.bias)[i]


def dense(layer, x, position):
    *row, unit = position
    columns = coordinates(*([i] for i in row[1:]), range(x.shape[-1]))
    kernel = array(layer.kernel)[:, unit]
    return weighted_sum(columns, x[tuple(row)], kernel, bias_of(layer, unit), "x")


def seen_places(layer, axis, length, place):
    """The rows (axis 0) or columns (axis 1) of the input that one of the output sees.

    Some may lie outside the picture, where the padding is.
    """
    if kind(layer).startswith("Global"):
        return np.arange(length)
    size = getattr(layer, "kernel_size", None) or layer.pool_size
    dilation_rate = getattr(layer, "dilation_rate", (1, 1))[axis]
    stride = layer.strides[axis]
    before, _ = by_hand.edge(length, size[axis], stride, dilation_rate, layer.padding)
    return place * stride - before + np.arange(size[axis]) * dilation_rate


def convolution(layer, x, position):
    _, row, column, i = position
    channels = seen_channels(layer, x.shape[3], i)
    rows = seen_places(layer, 0, x.shape[1], row)
    columns = seen_places(layer, 1, x.shape[2], column)
    patch = x[0][np.ix_(rows % x.shape[1], columns % x.shape[2], channels)]
    above_or_below = (rows < 0) | (rows >= x.shape[1])
    beside = (columns < 0) | (columns >= x.shape[2])
    patch[above_or_below] = patch[:, beside] = 0
    where = coordinates(rows, columns, channels)
    fields = weighted_sum(where, patch, kernel_of(layer, i), bias_of(layer, i))
    if above_or_below.any() or beside.any():
        last = f"rows 0 to {x.shape[1] - 1}, columns 0 to {x.shape[2] - 1}"
        fields["notes"] = [f"What is outside {last} is padding, zeros."]
    return fields


def seen_channels(layer, count, i):
    """Which of ``count`` input channels feature map i of a convolution sees."""
    if kind(layer) == "DepthwiseConv2D":
        channel = i // layer.depth_multiplier
        return np.arange(channel, channel + 1)
    if kind(layer) == "SeparableConv2D":
        return np.arange(count)
    in_group, filters = count // layer.groups, layer.filters // layer.groups
    return i // filters * in_group + np.arange(in_group)


def kernel_of(layer, i):
    """The kernel of feature map i: (rows, columns, channels)."""
    if kind(layer) == "Conv2D":
        return array(layer.kernel)[..., i]
    if kind(layer) == "DepthwiseConv2D":
        channel, i = divmod(i, layer.depth_multiplier)
        return array(layer.kernel)[:, :, [channel], i]
    depthwise = array(layer.depthwise_kernel)
    pointwise = array(layer.pointwise_kernel)[0, 0, :, i].reshape(depthwise.shape[2:])
    return (depthwise * pointwise).sum(axis=-1)  # both steps in one kernel


def pooling(layer, x, position):
    *place, channel = position[1:] if len(position) == 4 else (0, 0, position[1])
    rows, columns = (
        seen_places(layer, axis, x.shape[1 + axis], place[axis]) for axis in (0, 1)
    )
    rows = rows[(rows >= 0) & (rows < x.shape[1])]
    columns = columns[(columns >= 0) & (columns < x.shape[2])]
    patch = x[0][np.ix_(rows, columns, [channel])]
    fields = {"patch": patch}
    fields["columns"] = coordinates(rows, columns, [channel]) | {"patch": patch.ravel()}
    if "Max" in kind(layer):
        largest = patch.max()
        steps = [(f"largest of {patch.size}", largest)]
        return fields | {"steps": steps, "before_activation": largest}
    steps = [(f"sum of {patch.size}", patch.sum()), ("/ how many", patch.size)]
    return fields | {
        "steps": steps,
        "sum": patch.sum(),
        "before_activation": patch.mean(),
    }


def blended(layer, x, position):
    """The fields of bilinear UpSampling2D: shares of up to four neighbours."""
    _, *place, channel = position
    rows, columns = (
        shares(layer, axis, x.shape[1 + axis])[place[axis]] for axis in (0, 1)
    )
    where = np.flatnonzero(rows), np.flatnonzero(columns), [channel]
    kernel = np.multiply.outer(rows[where[0]], columns[where[1]])[..., np.newaxis]
    return weighted_sum(coordinates(*where), x[0][np.ix_(*where)], kernel)


def shares(layer, axis, length):
    """How much each old row (axis 0) or column (axis 1) adds to each new one."""
    one_each = np.eye(length)[np.newaxis, :, :, np.newaxis]
    larger = by_hand.up_sampling2d(one_each, (layer.size[axis], 1), layer.interpolation)
    return larger[0, :, :, 0]


TERMS = {
    "Dense": dense,
    "Conv2D": convolution,
    "DepthwiseConv2D": convolution,
    "SeparableConv2D": convolution,
    "MaxPooling2D": pooling,
    "AveragePooling2D": pooling,
    "GlobalMaxPooling2D": pooling,
    "GlobalAveragePooling2D": pooling,
    "UpSampling2D": blended,
}

# ------------------------------------- what a number is made of: one value, changed


def steps_from(x, position, steps):
    """The fields of a computation that goes on, step by step, from one value of x."""
    patch = x[position].reshape(1)
    value = patch[0]
    for text, operand in steps:
        value = OPERATORS[text[0]](value, operand)
    return {
        "patch": patch,
        "columns": coordinates(*([i] for i in position[1:])) | {"x": patch},
        "steps": steps,
        "before_activation": value,
    }


OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


def batch_normalization(layer, x, position):
    variables = layer.moving_mean, layer.moving_variance, layer.gamma, layer.beta
    mean, variance, gamma, beta = (
        None if variable is None else array(variable)[position[layer.axis]]
        for variable in variables
    )
    return shift_and_scale(mean, variance, layer.epsilon, gamma, beta)


def layer_normalization(layer, x, position):
    axes = [axis % x.ndim for axis in np.atleast_1d(layer.axis)]
    values = x[tuple(slice(None) if i in axes else n for i, n in enumerate(position))]
    gamma, beta = (
        None if variable is None else array(variable)[tuple(position[i] for i in axes)]
        for variable in (layer.gamma, layer.beta)
    )
    return shift_and_scale(values.mean(), values.var(), layer.epsilon, gamma, beta)


def shift_and_scale(mean, variance, epsilon, gamma, beta):
    deviation = math.sqrt(variance + epsilon)
    steps = [("- mean", mean), (f"/ sqrt(variance + {epsilon:g})", deviation)]
    steps += [] if gamma is None else [("* gamma", gamma)]
    return steps + ([] if beta is None else [("+ beta", beta)])


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


STEPS = {
    "BatchNormalization": batch_normalization,
    "LayerNormalization": layer_normalization,
    "Normalization": normalization,
    "Rescaling": rescaling,
}


def copies(layer):
    """Whether each number of the layer's output is one of its input, or padding."""
    return (
        kind(layer) in by_hand.SAME_AS_INPUT
        or kind(layer) in "Flatten Reshape Permute ZeroPadding2D Cropping2D".split()
        or getattr(layer, "interpolation", None) == "nearest"
    )


def origins(layer, x):
    """For each number of the output its place in x, counted from 1; 0 for padding."""
    counted = np.arange(1, x.size + 1).reshape(x.shape)
    return by_hand.before_activation(layer, counted)


def copied(layer, x, position):
    origin = origins(layer, x)[position]
    if origin:
        return steps_from(x, np.unravel_index(origin - 1, x.shape), [])
    nothing = np.zeros(0)
    return {
        "patch": nothing,
        "columns": coordinates(*([] for _ in x.shape[1:])) | {"x": nothing},
        "steps": [("padding", 0.0)],
        "before_activation": 0.0,
    }


MERGED = {
    "Add": "sum of {}",
    "Subtract": "first minus second",
    "Multiply": "product of {}",
    "Average": "average of {}",
    "Maximum": "largest of {}",
    "Minimum": "smallest of {}",
    "Divide": "first divided by second",
    "TrueDivide": "first divided by second",
    "Negative": "with the other sign",
}


def merged(layer, xs, position, names):
    """The fields of a layer, or of arithmetic without one, that has several inputs."""
    if kind(layer) == "Concatenate":
        which, position = concatenated(layer, xs, position)
        fields = steps_from(xs[which], position, [])
        fields["columns"] = {"from": np.array([names[which]])} | fields["columns"]
        return fields
    xs = np.broadcast_arrays(*(by_hand.same_axes(xs) if is_layer(layer) else xs))
    patch = np.array([x[position] for x in xs])
    value = by_hand.before_activation(layer, list(patch[:, np.newaxis]))[0]
    return {
        "patch": patch,
        "columns": {"from": np.array(names), "x": patch},
        "steps": [(MERGED[kind(layer)].format(len(patch)), value)],
        "before_activation": value,
    }


def concatenated(layer, xs, position):
    """Which of the inputs a number comes from, and its position there."""
    axis, position = layer.axis % len(position), list(position)
    for which, x in enumerate(xs):
        if position[axis] < x.shape[axis]:
            return which, tuple(position)
        position[axis] -= x.shape[axis]


# ------------------------------------------------------------------ the activation

ACTIVATION_LAYERS = ("ReLU", "LeakyReLU", "PReLU", "ELU")
OVER_AN_AXIS = ("softmax", "log_softmax", "sparsemax", "glu")


def activation_of(layer):
    """The name of a layer's activation, ``"linear"`` if there is none."""
    if kind(layer) in ACTIVATION_LAYERS:
        return kind(layer)
    if kind(layer) == "Softmax":
        return "softmax"
    activation = getattr(layer, "activation", None)
    if activation is None:
        return "linear"
    return activation_of(activation) if is_layer(activation) else activation.__name__


def axes_of_softmax(layer):
    if kind(layer) == "Softmax":
        return tuple(np.atleast_1d(layer.axis))
    activation = getattr(layer, "activation", None)
    return axes_of_softmax(activation) if is_layer(activation) else (-1,)


def activated(layer, x, position, fields):
    """The activation, the value, and all steps that lead to it."""
    name, before = activation_of(layer), fields["before_activation"]
    steps = list(fields["steps"])
    if name == "linear":
        value = before
        if not steps or steps[-1][0][0] in OPERATORS:
            steps.append(("= value", value))
    elif name in by_hand.ACTIVATIONS and name not in OVER_AN_AXIS:
        value = by_hand.ACTIVATIONS[name](before)
        steps.append((f"= {name}({number(before)})", value))
    else:
        is_activation = kind(layer) in (*ACTIVATION_LAYERS, "Softmax")
        scores = x if is_activation else by_hand.before_activation(layer, x)
        value = by_hand.compute(layer, x)[position]
        if name == "softmax":
            axes = axes_of_softmax(layer)
            scores = np.moveaxis(scores, axes, range(len(axes)))
            rest = np.delete(position, axes)
            scores = scores[(..., *rest)]
            largest = scores.max()
            steps += [
                (
                    f"exp({number(before)} - {number(largest)})",
                    np.exp(before - largest),
                ),
                (f"/ sum of exp over {scores.size}", np.exp(scores - largest).sum()),
            ]
        if name == "glu":
            *others, i = position
            gate = scores[(*others, i + scores.shape[-1] // 2)]
            steps.append((f"* sigmoid({number(gate)})", by_hand.sigmoid(gate)))
        text = f"= {name}({number(before)})" if is_activation else f"= {name}"
        steps.append((text, value))
    return {"activation": name, "value": float(value), "steps": steps}


# ------------------------------------------- what a part of a layer's output depends on


def seen(call, y, part):
    """List the parts of a call's inputs that a part of its output y depends on.

    A part is a list of (start, stop), one for each axis but the images'.
    """
    layer, x = call.layer, call.inputs
    if call.unknown:
        xs = [one for one in by_hand.flat(x) if isinstance(one, np.ndarray)]
        return [(one, [(0, n) for n in one.shape[1:]]) for one in xs]
    part = list(part)
    if activation_of(layer) in OVER_AN_AXIS:
        for axis in axes_of_softmax(layer):
            halves = 2 if activation_of(layer) == "glu" else 1
            part[axis % y.ndim - 1] = (0, y.shape[axis] * halves)
    if kind(layer) == "Concatenate":
        return seen_by_concatenate(layer, x, part)
    if isinstance(x, list | tuple):
        return [
            (one, [(0, 1) if n == 1 else ends for n, ends in axes])
            for one in x
            if isinstance(one, np.ndarray)
            for axes in [list(zip(one.shape[1:], part[1 - one.ndim :]))]
        ]
    if copies(layer):
        places = origins(layer, x)[0][tuple(slice(*ends) for ends in part)]
        places = np.unravel_index(places[places > 0] - 1, x.shape[1:])
        ends = [(axis.min(), axis.max() + 1) for axis in places if axis.size]
        return [(x, [(int(a), int(b)) for a, b in ends])] if ends else []
    if kind(layer) == "Dense":
        return [(x, [*part[:-1], (0, x.shape[-1])])]
    if kind(layer) == "LayerNormalization":
        for axis in np.atleast_1d(layer.axis):
            part[axis % x.ndim - 1] = (0, x.shape[axis])
    if kind(layer) in TERMS:
        return [(x, seen_by_window(layer, x, part))]
    return [(x, part)]


def seen_by_concatenate(layer, xs, part):
    axis, start, parts = layer.axis % xs[0].ndim - 1, 0, []
    for x in xs:
        n = x.shape[1 + axis]
        first, stop = max(part[axis][0] - start, 0), min(part[axis][1] - start, n)
        if first < stop:
            parts.append((x, [*part[:axis], (first, stop), *part[axis + 1 :]]))
        start += n
    return parts


def seen_by_window(layer, x, part):
    """The part of a picture that a convolution, a pool or an enlarged pixel sees."""
    channels_first = getattr(layer, "data_format", None) == "channels_first"
    lengths = list(x.shape[1:])
    if channels_first:
        part, lengths = channel_to_end(part), channel_to_end(lengths)
    *places, (first, stop) = part if len(part) == 3 else [(0, 1), (0, 1), *part]
    ends = []
    for axis, (start, end) in enumerate(places):
        if kind(layer) == "UpSampling2D":
            of_old = shares(layer, axis, lengths[axis])[start:end]
            old = np.flatnonzero(of_old.any(axis=0))
        else:
            old = np.concatenate(
                [
                    seen_places(layer, axis, lengths[axis], place)
                    for place in (start, end - 1)
                ]
            )
        ends.append((max(int(old.min()), 0), min(int(old.max()) + 1, lengths[axis])))
    if "Conv" in kind(layer):
        count = lengths[2]
        first, stop = (
            int(seen_channels(layer, count, first)[0]),
            int(seen_channels(layer, count, stop - 1)[-1]) + 1,
        )
    ends = [*ends, (first, stop)]
    return [ends[2], *ends[:2]] if channels_first else ends
