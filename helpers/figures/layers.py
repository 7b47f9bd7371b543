"""What all layers output for one input, in one figure, a row for each layer."""

import textwrap

import numpy as np
from matplotlib.collections import PolyCollection

from ..statistics import dead_channels
from .images import in_colour, shown_picture
from .network import three_decimals
from .picture import (
    GRAY,
    NEGATIVE,
    ODD_COLOUR,
    POSITIVE,
    SIGNED,
    Picture,
    limits,
    name_odd,
)
from .tiles import (
    EDGE,
    GAP,
    LETTER,
    NUMBER,
    draw_tile,
    frame_tiles,
    inches,
    strike_silent,
    wrap,
)

WIDE = 10  # inches, as all sizes below
LEFT = 1.95  # where pictures begin; before them stands what a layer is
LINE = 0.17  # of words
BARS = 0.5
MOST_LAYERS, MOST_MAPS, MOST_CLASSES = 30, 16, 12


def layers_figure(outputs, image=None, classes=None, count=12, title="every layer"):
    """Draw what every layer outputs for one input, a row for each layer.

    A layer with rows and columns shows its strongest maps, those with the largest
    values, whatever their sign. They stand in the order of their channels' numbers, on
    one scale; through a silent map, 0 everywhere, goes one stroke. A layer of
    units shows a bar for each. Maps without a negative value are drawn in grey, 0 is
    black; elsewhere 0 is white, blue is positive and orange negative.

    Arguments:
        outputs: dict ``{name: array}`` of one input, as ``layer_outputs`` gives it.
        image: the input, if it is a picture; drawn in the first row.
        classes: what the units of the last layer stand for, a name for each. Of more
            than 12 units the 12 largest are drawn.
        count: how many maps of a layer to draw, at most 16.
        title: text above.

    Returns:
        `Picture`, 10 inches wide; its sentence gives each layer's shape, how many of its
        maps are silent, the largest classes, and where there is NaN.

    Raises:
        ValueError: there is no layer or more than 30, an output holds more than one
            input, or ``classes`` are not as many as the last layer's units.

    Example:
        >>> outputs = {"conv2d": np.eye(3)[None, ..., None], "dense": [[0.9, 0.1]]}
        >>> layers_figure(outputs, classes=["cat", "dog"])
        every layer: 2 layers for one input. conv2d 3 × 3 × 1, no silent map; dense 2.
        Largest in dense: cat 0.900, dog 0.100.
    """
    rows = check_outputs(outputs, classes, count)
    side = (WIDE - LEFT - EDGE) / count - GAP
    kinds = {name: kind_of(values) for name, values in rows.items()}
    last = list(rows)[-1]
    if classes is not None:
        kinds[last] = "classes"
    if image is not None:
        image = in_colour(shown_picture(np.squeeze(image)))
    title = wrap(title, 12, WIDE)
    y = 0.22 + 0.2 * (1 + title.count("\n"))
    highs = {name: height(kinds[name], rows[name], side) for name in rows}
    above = side + GAP if image is not None else 0
    picture = Picture(figsize=(WIDE, y + above + sum(highs.values()) + EDGE))
    axes = inches(picture)
    axes.text(EDGE, y - 0.1, picture.plain(title), fontsize=12, va="bottom")
    if image is not None:
        draw_tile(axes, image, fit(image.shape, LEFT, y, side))
        describe(axes, y, ["the input", in_words(image.shape)])
        y += above
    told = []
    for name, values in rows.items():
        words = [name, in_words(values.shape), from_to(values)]
        if kinds[name] == "maps":
            silent = len(dead_channels(values))
            draw_maps(axes, y, values, side, count)
            words.append(f"{silent or 'no'} silent map{'s' * (silent > 1)}")
        elif kinds[name] == "classes":
            draw_classes(axes, y, values.ravel(), classes)
        elif kinds[name] == "units":
            draw_bars(axes, y, values, WIDE - LEFT - EDGE)
        elif kinds[name] == "steps":
            lowest, highest, colours = scale_of(values)
            box = LEFT, y, WIDE - LEFT - EDGE, highs[name] - GAP
            draw_tile(axes, values, box, lowest, highest, colours)
            frame_tiles(axes, [box])
        else:
            words.append(f"{values.ndim} axes: no picture")
        describe(axes, y, [picture.plain(word) for word in words])
        told.append(", ".join([f"{name} {words[1]}", *words[3:]]))
        y += highs[name]
    picture.sentence = (
        f"{title}: {len(rows)} layer{'s' * (len(rows) > 1)} for one input. "
        f"{'; '.join(told)}.{largest(last, rows[last], classes)}"
        f"{name_odd(rows.items(), 'layer')}"
    )
    return picture


def check_outputs(outputs, classes, count):
    """Return every layer's output without the axis of the inputs, or say what is wrong."""
    if not isinstance(outputs, dict) or not 1 <= len(outputs) <= MOST_LAYERS:
        raise ValueError(
            f"Pass the outputs of 1 to {MOST_LAYERS} layers as a dict {{name: array}}, "
            "such as layer_outputs(model, inputs[:1], names) gives it."
        )
    if not isinstance(count, (int, np.integer)) or not 1 <= count <= MOST_MAPS:
        raise ValueError(f"count={count!r}: write how many maps, 1 to {MOST_MAPS}.")
    rows = {}
    for name, array in outputs.items():
        array = np.asarray(array)
        if not array.ndim or len(array) != 1 or not array.size:
            raise ValueError(
                f"The output of {name} has the shape {array.shape}. The figure is about "
                "one input, so its first axis has length 1, as in "
                "layer_outputs(model, inputs[:1])."
            )
        rows[str(name)] = array[0].astype(np.result_type(array, "float32"))
    name, values = list(rows.items())[-1]
    if classes is not None and len(classes) != values.size:
        raise ValueError(
            f"{len(classes)} classes, but {name}, the last layer, gives {values.size} "
            "numbers: pass a name for each."
        )
    return rows


def kind_of(values):
    return {0: "units", 1: "units", 2: "steps", 3: "maps"}.get(values.ndim, "other")


def height(kind, values, side):
    """Return how many inches a layer's row is high, its words included."""
    high = {"units": BARS, "classes": BARS + 3 * LINE}.get(kind, 0)
    if kind == "maps":
        high = NUMBER + fit(values.shape, 0, 0, side)[3]
    elif kind == "steps":
        high = min(1.5, max(0.2, 0.05 * len(values)))
    return max(high, LINE * (4 if kind in ("maps", "other") else 3)) + 1.5 * GAP


def fit(shape, left, top, side):
    """Return the box of a picture in a square of ``side``."""
    rows, columns = (max(size / max(shape[:2]), 0.12) for size in shape[:2])
    return left, top, side * columns, side * rows


def scale_of(values):
    """Return the ends and the colours of the scale of a layer."""
    lowest, highest = limits(values)
    if lowest < 0:
        most = max(-lowest, highest)
        return -most, most, SIGNED
    return 0, highest or 1, GRAY


def draw_maps(axes, top, values, side, count):
    """Draw a layer's strongest maps with their channels' numbers."""
    lowest, highest, colours = scale_of(values)
    sizes = np.abs(np.where(np.isfinite(values), values, 0)).max(axis=(0, 1))
    strongest = np.sort(np.argsort(-sizes, kind="stable")[:count])
    boxes = {}
    for place, channel in enumerate(strongest.tolist()):
        left = LEFT + place * (side + GAP)
        boxes[channel] = fit(values.shape, left, top + NUMBER, side)
        draw_tile(axes, values[..., channel], boxes[channel], lowest, highest, colours)
        axes.text(left, top + NUMBER - 0.045, channel, fontsize=9)
    frame_tiles(axes, boxes.values())
    silent = set(dead_channels(values).tolist())
    strike_silent(axes, [box for channel, box in boxes.items() if channel in silent])


def draw_bars(axes, top, values, width):
    """Draw a bar for each number; return where they stand and how high one of 1 is."""
    values = np.ravel(values)
    lowest, highest = limits(np.append(values, 0))
    spread = (highest / 2 - lowest / 2) or 1  # halves: the whole could be infinity
    zero, unit = top + BARS * (highest / 2 / spread), BARS / 2 / spread
    step = width / len(values)
    left = LEFT + step * np.arange(len(values))
    ends = zero - unit * np.where(np.isfinite(values), values, 0)
    odd = ~np.isfinite(values)
    ends[odd] = top
    bars = [
        [(x, zero), (x + 0.8 * step, zero), (x + 0.8 * step, end), (x, end)]
        for x, end in zip(left, ends)
    ]
    colours = np.where(values < 0, NEGATIVE, POSITIVE)
    colours[odd] = ODD_COLOUR
    axes.add_collection(PolyCollection(bars, facecolors=colours), autolim=False)
    axes.plot([LEFT, LEFT + width], [zero, zero], color="black", linewidth=0.6)
    middle = left + 0.4 * step
    axes.plot(middle[odd], np.full(odd.sum(), top + 0.1), "x", color="black", ms=5)
    return middle


def draw_classes(axes, top, values, classes):
    """Draw the classes as bars, with their names below and their numbers above."""
    chosen = range(len(values))
    if len(values) > MOST_CLASSES:
        chosen = np.argsort(-np.nan_to_num(values), kind="stable")[:MOST_CLASSES]
    names = [str(classes[i]) for i in chosen]
    width = min(WIDE - LEFT - EDGE, 1.2 * len(names))
    middle = draw_bars(axes, top + LINE, values[list(chosen)], width)
    letters = max(6, int(width / len(names) / 8 / LETTER))
    for x, name, i in zip(middle, names, chosen):
        short = textwrap.fill(name, letters, max_lines=2, placeholder="…")
        short = axes.figure.plain(short)
        value = three_decimals(values[i])
        axes.text(x, top + LINE - 0.03, value, ha="center", fontsize=8)
        below = top + LINE + BARS + 0.03
        axes.text(x, below, short, ha="center", va="top", fontsize=8)


def describe(axes, top, words):
    """Write what a layer is, a line for each word; the name is larger."""
    name, *others = words
    name = name if len(name) <= 20 else f"…{name[-19:]}"  # the end tells layers apart
    axes.text(EDGE, top, name, va="top", fontsize=10)
    for i, word in enumerate(others, 1):
        axes.text(EDGE, top + i * LINE + 0.01, word, va="top", fontsize=8)


def in_words(shape):
    return " × ".join(map(str, shape)) or "1"


def from_to(values):
    if not np.isfinite(values).any():
        return "no finite number"
    lowest, highest = limits(values)
    return f"{lowest:.3g} to {highest:.3g}"


def largest(name, values, classes):
    """Say which three classes are the largest."""
    if classes is None:
        return ""
    values = np.where(np.isfinite(values), values, -np.inf).ravel()
    best = np.argsort(-values, kind="stable")[:3]
    told = ", ".join(
        f"{classes[i]} {three_decimals(values[i])}"
        for i in best
        if np.isfinite(values[i])
    )
    return f" Largest in {name}: {told}." * bool(told)
