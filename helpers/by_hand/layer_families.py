"""Families of layers: how one number is made, what it sees, what a browser needs.

`known_layers.KINDS` holds a record of one of these classes for every kind of layer.
A record is asked in the order of axes ``(images, rows, columns, channels)``; a layer
with ``data_format="channels_first"`` is turned round before.

The terms of a number are fields of an ``Explanation``: its table and what leads to the
number that goes into the activation. A part of an array is a list of ``(start, stop)``,
one for each axis but the images'.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import add, mul, sub, truediv

import numpy as np

from .layers import edge, up_sampling2d


def array(variable):
    """Read a Keras variable as float64; None stays None."""
    return None if variable is None else np.asarray(variable, "float64")


def bias_of(layer):
    """The bias that a layer adds, or None; convolutions heed ``use_bias``, Dense not."""
    heeds = hasattr(layer, "kernel_size")
    return None if heeds and not layer.use_bias else array(layer.bias)


def gamma_and_beta(layer):
    """What a normalization scales and shifts by, each or None.

    BatchNormalization and GroupNormalization heed the settings ``scale`` and ``center``,
    also when they have been changed; LayerNormalization has looked at them once.
    """
    heeds = "LayerNormalization" not in [cls.__name__ for cls in type(layer).__mro__]
    gamma = None if heeds and not layer.scale else array(layer.gamma)
    return gamma, None if heeds and not layer.center else array(layer.beta)


def is_layer(operation):
    """Whether it is a layer, and not arithmetic written without one, ``x + y``."""
    return hasattr(operation, "weights")


@dataclass(frozen=True)
class Kind:
    """What is known of one kind of layer.

    Attributes:
        function: ``function(layer, x)`` computes the output, all but the activation.
        not_with: settings with which it is not known, ``{name: values}``.
    """

    function: Callable
    not_with: dict = field(default_factory=dict, kw_only=True)

    def compute(self, layer, x):
        """Compute the output, all but the activation."""
        return self.function(layer, x)

    def terms(self, layer, x, position):
        """The fields of an ``Explanation`` for one number, up to its activation."""
        raise NotImplementedError

    def sees(self, layer, x, part):
        """For each input the part that a part of the output depends on, or None."""
        raise NotImplementedError

    def browser(self, layer, x):
        """What the browser needs to compute it; nothing if it cannot."""
        return {}


# -------------------------------------------------------- one value, changed or copied


@dataclass(frozen=True)
class Changed(Kind):
    """Each number is one value of the input, changed step by step.

    Attributes:
        steps: ``steps(layer, x, position)`` lists ``(text, number)``; the text begins
            with the operator: ``("- mean", 3.0)``.
        seen: ``seen(layer, x, part)``, the part that goes into the steps.
    """

    steps: Callable = lambda layer, x, position: []
    seen: Callable = lambda layer, x, part: part

    def terms(self, layer, x, position):
        return one_value(x, position, self.steps(layer, x, position))

    def sees(self, layer, x, part):
        return [self.seen(layer, x, part)]


@dataclass(frozen=True)
class ActivationLayer(Changed):
    """A layer that is an activation: `function` is what it does to its input.

    Attributes:
        base: the name in keras.activations of what it is, its settings apart.
        settings: the names of the settings.
    """

    base: str = field(kw_only=True)
    settings: tuple = field(default=(), kw_only=True)

    def compute(self, layer, x):
        return x  # nothing comes before the activation


@dataclass(frozen=True)
class Copied(Kind):
    """Each number is one of the input, or padding."""

    # whether rows of the output come from rows of the input, and columns from columns
    rows_stay: bool = True

    def origins(self, layer, x):
        """For each number of the output its place in x, counted from 1; 0 is padding."""
        return self.compute(layer, np.arange(1, x.size + 1).reshape(x.shape))

    def terms(self, layer, x, position):
        origin = self.origins(layer, x)[position]
        if origin:
            return one_value(x, np.unravel_index(origin - 1, x.shape))
        nothing = np.zeros(0)
        return {
            "patch": nothing,
            "columns": coordinates(*([] for _ in x.shape[1:])) | {"x": nothing},
            "steps": [("padding", 0.0)],
            "before_activation": 0.0,
        }

    def sees(self, layer, x, part):
        places = self.origins(layer, x)[0][tuple(slice(*ends) for ends in part)]
        places, axes = places[places > 0] - 1, x.shape[1:]
        return [from_first_to_last(np.unravel_index(places, axes) if axes else [])]

    def browser(self, layer, x):
        return {"how": "copy"}


class Enlarged(Copied):
    """Each number is a copy or, with ``interpolation="bilinear"``, a blend of four."""

    def shares(self, layer, axis, length):
        """How much each old row (axis 0) or column (axis 1) adds to each new one."""
        one_each = np.eye(length)[np.newaxis, :, :, np.newaxis]
        larger = up_sampling2d(one_each, (layer.size[axis], 1), layer.interpolation)
        return larger[0, :, :, 0]

    def terms(self, layer, x, position):
        if layer.interpolation == "nearest":
            return super().terms(layer, x, position)
        rows, columns = (
            self.shares(layer, axis, x.shape[1 + axis])[position[1 + axis]]
            for axis in (0, 1)
        )
        where = np.flatnonzero(rows), np.flatnonzero(columns), [position[-1]]
        kernel = np.multiply.outer(rows[where[0]], columns[where[1]])[..., np.newaxis]
        return weighted_sum(coordinates(*where), x[0][np.ix_(*where)], kernel)

    def sees(self, layer, x, part):
        if layer.interpolation == "nearest":
            return super().sees(layer, x, part)
        *ends, channels = part
        old = [
            np.flatnonzero(self.shares(layer, axis, n)[start:stop].any(axis=0))
            for axis, (n, (start, stop)) in enumerate(zip(x.shape[1:], ends))
        ]
        return [[*from_first_to_last(old), channels]]

    def browser(self, layer, x):
        return super().browser(layer, x) if layer.interpolation == "nearest" else {}


class Lookup(Kind):
    """Each number of the input chooses a row of a table."""

    def terms(self, layer, x, position):
        *place, i = position
        row = int(x[tuple(place)])
        value = array(layer.embeddings)[row, i]
        steps = [(f"= embeddings[{row}, {i}]", value)]
        return one_value(x, tuple(place)) | {"steps": steps, "before_activation": value}

    def sees(self, layer, x, part):
        return [part[:-1]]


# --------------------------------------------------------- windows: sums and pools


@dataclass(frozen=True)
class Slide:
    """How a window slides along one axis of its input."""

    length: int  # number of values along the axis
    size: int = 1  # of the window, as the next two
    stride: int = 1
    dilation_rate: int = 1
    before: int = 0  # how many values of padding come first

    def places(self, i):
        """Where output i, or each of several, looks; outside the axis is padding."""
        first = np.asarray(i)[..., np.newaxis] * self.stride - self.before
        return first + np.arange(self.size) * self.dilation_rate

    def inside(self, i):
        """The same without the padding."""
        places = self.places(i)
        return places[(places >= 0) & (places < self.length)]


class Window(Kind):
    """Each number is made of the values under a window, at one place of the input."""

    def slides(self, layer, lengths):
        """How a kernel or a pool slides along each axis but images' and channels'."""
        sizes = layer.pool_size if hasattr(layer, "pool_size") else layer.kernel_size
        rates = getattr(layer, "dilation_rate", [1] * len(lengths))
        return [
            Slide(n, size, stride, rate, edge(n, size, stride, rate, layer.padding)[0])
            for n, size, stride, rate in zip(lengths, sizes, layer.strides, rates)
        ]

    def group(self, layer, count):
        """How many of ``count`` channels one output sees, how many outputs see these."""
        return 1, 1

    def channels(self, layer, count, i):
        """Which of ``count`` input channels output channel i sees."""
        each, outputs = self.group(layer, count)
        first = i // outputs * each
        return np.arange(first, first + each)

    def window(self, layer, x, position):
        """The slides of the window, its place on each of them, and its channels."""
        axes = self.slides(layer, x.shape[1:-1])
        place = position[1:-1] or (0,) * len(axes)  # a global pool has no place
        return axes, place, self.channels(layer, x.shape[-1], position[-1])

    def sees(self, layer, x, part):
        axes, count = self.slides(layer, x.shape[1:-1]), x.shape[-1]
        *ends, (first, stop) = part
        places = [
            axis.inside(np.arange(*start_and_stop))
            for axis, start_and_stop in zip(axes, ends or [(0, 1)] * len(axes))
        ]
        channels = [self.channels(layer, count, i) for i in (first, stop - 1)]
        return [from_first_to_last([*places, np.concatenate(channels)])]

    def browser(self, layer, x):
        both = [*self.slides(layer, x.shape[1:-1]), Slide(1), Slide(1)][:2]
        each, outputs = self.group(layer, x.shape[-1])
        window = {
            "size": [int(axis.size) for axis in both],  # of rows and columns
            "strides": [int(axis.stride) for axis in both],
            "dilation": [int(axis.dilation_rate) for axis in both],
            "before": [int(axis.before) for axis in both],
            "channels": int(each),  # so many input channels does one output see,
            "filters": int(outputs),  # and so many outputs see the same ones
        }
        return {"window": window}


@dataclass(frozen=True)
class WeightedSum(Window):
    """patch × kernel + bias; in this class with a window of a single place."""

    # `kernels(layer)`, those of all outputs: (*window, input channels, outputs)
    kernels: Callable = lambda layer: array(layer.kernel)
    heading = "x"

    def slides(self, layer, lengths):
        return [Slide(n) for n in lengths]

    def group(self, layer, count):
        return count, layer.units

    def terms(self, layer, x, position):
        axes, place, channels = self.window(layer, x, position)
        places = [axis.places(i) for axis, i in zip(axes, place)]
        patch, outside = cut(x[0], places, channels)
        kernel, bias = self.kernels(layer)[..., position[-1]], bias_of(layer)
        bias = None if bias is None else bias[position[-1]]
        columns, patch = coordinates(*places, channels), patch.reshape(kernel.shape)
        fields = weighted_sum(columns, patch, kernel, bias, self.heading)
        if outside:
            names = zip(axis_names(x.ndim - 1), x.shape[1:-1])
            last = ", ".join(f"{name}s 0 to {n - 1}" for name, n in names)
            fields["notes"] = [f"What is outside {last} is padding, zeros."]
        return fields

    def browser(self, layer, x):
        has_bias = bias_of(layer) is not None
        return {"how": "sum", "bias": has_bias} | super().browser(layer, x)


class Convolution(WeightedSum):
    """The kernel stands at one place after the other and sees a group of channels."""

    heading = "patch"
    slides = Window.slides

    def group(self, layer, count):
        groups = getattr(layer, "groups", 1)
        return count // groups, layer.filters // groups


class DepthwiseConvolution(Convolution):
    """A convolution of every channel alone."""

    def group(self, layer, count):
        return 1, layer.depth_multiplier


@dataclass(frozen=True)
class Pool(Window):
    """The largest value, or the average, under a window of one channel."""

    how: str  # "largest" or "average"

    def terms(self, layer, x, position):
        axes, place, channels = self.window(layer, x, position)
        places = [axis.inside(i) for axis, i in zip(axes, place)]
        patch = x[0][np.ix_(*places, channels)]
        columns = coordinates(*places, channels) | {"patch": patch.ravel()}
        fields = {"patch": patch, "columns": columns}
        if self.how == "largest":
            value = patch.max()
            steps = [(f"largest of {patch.size}", value)]
            return fields | {"steps": steps, "before_activation": value}
        total, mean = patch.sum(), patch.mean()
        steps = [(f"sum of {patch.size}", total), ("/ how many", patch.size)]
        return fields | {"steps": steps, "sum": total, "before_activation": mean}

    def browser(self, layer, x):
        return {"how": self.how} | super().browser(layer, x)


class GlobalPool(Pool):
    """A pool whose window is as large as the picture."""

    def slides(self, layer, lengths):
        return [Slide(n, n) for n in lengths]


# ------------------------------------------------------------------ several inputs


@dataclass(frozen=True)
class Merged(Kind):
    """Each number is made of one number of each input."""

    words: str  # what is made of them, "sum of {}"; in the braces goes how many

    def compute(self, layer, xs):
        return self.function(layer, same_axes(xs) if is_layer(layer) else xs)

    def terms(self, layer, xs, position):
        xs = np.broadcast_arrays(*(same_axes(xs) if is_layer(layer) else xs))
        patch = np.array([x[position] for x in xs])
        value = self.function(layer, list(patch))
        return {
            "patch": patch,
            "columns": {"from": np.arange(len(patch)), "x": patch},  # which of the xs
            "steps": [(self.words.format(len(patch)), value)],
            "before_activation": value,
        }

    def sees(self, layer, xs, part):
        return [seen_through_broadcast(x, part) for x in xs]


class Joined(Kind):
    """The inputs one after the other, along ``layer.axis``."""

    def terms(self, layer, xs, position):
        axis, position = layer.axis % len(position), list(position)
        which = 0
        while position[axis] >= xs[which].shape[axis]:
            position[axis] -= xs[which].shape[axis]
            which += 1
        fields = one_value(xs[which], tuple(position))
        fields["columns"] = {"from": np.array([which])} | fields["columns"]
        return fields

    def sees(self, layer, xs, part):
        axis, start, parts = layer.axis % xs[0].ndim - 1, 0, []
        for x in xs:
            n = x.shape[1 + axis]
            first, stop = max(part[axis][0] - start, 0), min(part[axis][1] - start, n)
            here = [*part[:axis], (first, stop), *part[axis + 1 :]]
            parts.append(here if first < stop else None)
            start += n
        return parts


def same_axes(xs):
    """Give arrays of fewer axes new ones of length 1 behind the batch axis."""
    axes = max(x.ndim for x in xs)
    return [np.expand_dims(x, tuple(range(1, 1 + axes - x.ndim))) for x in xs]


def seen_through_broadcast(x, part):
    """The part of an input that is repeated along its axes of length 1."""
    if not isinstance(x, np.ndarray):
        return None  # a number
    axes = zip(x.shape[1:], part[1 - x.ndim :])
    return [(0, 1) if n == 1 else ends for n, ends in axes]


# --------------------------------------------------------- what the terms are made of


def axis_names(count):
    """What to call the axes of a layer's input, image left out."""
    names = {1: ["input"], 2: ["step", "channel"], 3: ["row", "column", "channel"]}
    return names.get(count, [f"axis {i + 1} value" for i in range(count)])


def coordinates(*indices):
    """A column of the table for each axis of the input, image left out."""
    grid = np.meshgrid(*indices, indexing="ij")
    return dict(zip(axis_names(len(grid)), map(np.ravel, grid)))


def from_first_to_last(places):
    """Write places along each axis as a part, or None where there are none."""
    if any(len(along_axis) == 0 for along_axis in places):
        return None
    return [(int(np.min(axis)), int(np.max(axis)) + 1) for axis in places]


def cut(x, places, channels):
    """Cut a patch out of one picture, zeros outside it; and whether some are outside."""
    inside = [at % n for at, n in zip(places, x.shape)]
    patch = x[np.ix_(*inside, channels)]
    outside = [(at < 0) | (at >= n) for at, n in zip(places, x.shape)]
    for axis, here in enumerate(outside):
        np.moveaxis(patch, axis, 0)[here] = 0
    return patch, any(here.any() for here in outside)


def weighted_sum(columns, patch, kernel, bias=None, heading="patch"):
    """The fields of ``sum(patch * kernel) + bias``."""
    products = patch * kernel
    total = products.sum()
    steps = [(f"sum of {products.size} products", total)]
    steps += [] if bias is None else [("+ bias", bias)]
    parts = {heading: patch, "kernel": kernel, "product": products}
    return {
        "columns": columns | {name: part.ravel() for name, part in parts.items()},
        "steps": steps,
        "patch": patch,
        "kernel": kernel,
        "products": products,
        "sum": total,
        "bias": bias,
        "before_activation": total if bias is None else total + bias,
    }


OPERATORS = {"+": add, "-": sub, "*": mul, "/": truediv}


def one_value(x, position, steps=()):
    """The fields of a computation that goes on, step by step, from one value of x."""
    patch = x[position].reshape(1)
    value = patch[0]
    for text, operand in steps:
        value = OPERATORS[text[0]](value, operand)
    return {
        "patch": patch,
        "columns": coordinates(*([i] for i in position[1:])) | {"x": patch},
        "steps": list(steps),
        "before_activation": value,
    }
