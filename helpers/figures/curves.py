"""Numbers as curves, such as the losses of a training."""

import numpy as np

from .picture import NEGATIVE, POSITIVE, Picture

CURVES = POSITIVE, NEGATIVE, "#009e73", "#cc79a7", "#e69f00", "black"
LINES, MARKS = ("-", "--", "-.", ":"), "osD^vPX"


def curve_figure(curves, x=None, x_label="", y_label="", title="", sentence=None):
    """Draw numbers as curves with a mark at each point.

    Curves differ in colour, kind of line and kind of mark. Beside them stand their
    names, in the order of their last values. Where a value is NaN or infinity, as in a
    training that diverged, there is no line; an x at the lower edge marks the point,
    for infinity a triangle at the edge where it would leave the picture.

    Arguments:
        curves: dict ``{name: values}``, all of one length.
        x: where the values stand: numbers, or words such as names of layers. By
            default 0, 1, 2, ...
        x_label: what ``x`` is.
        y_label: what the values are.
        title: text above.
        sentence: what the picture says as text; by default computed, without the
            values, which a new training would change. It says where a curve is NaN.

    Returns:
        `Picture` of 8×3.5 inches.

    Raises:
        ValueError: there is no curve, a curve is no row of numbers, or its length is
            not that of ``x``.

    Example:
        >>> curves = {"loss": [2.3, 1.0, 0.4]}
        >>> curve_figure(curves, [0, 50, 100], "step", title="training")
        training: 3 points from 0 to 100 (step). loss ends lower than it begins.
    """
    curves = {name: np.asarray(values, float) for name, values in curves.items()}
    if not curves:
        raise ValueError('There is no curve. Pass a dict such as {"loss": losses}.')
    longest = max(values.size for values in curves.values())
    x = list(range(longest) if x is None else x)
    for name, values in curves.items():
        if values.ndim != 1 or not values.size or len(values) != len(x):
            raise ValueError(
                f"{name} has the shape {values.shape}: a curve is a row of numbers, here "
                f"{len(x)} of them, one for each x."
            )
    picture = Picture(figsize=(8, 3.5), layout="constrained")
    words = {"xlabel": x_label, "ylabel": y_label, "title": title}
    axes = picture.add_subplot(**{k: picture.plain(text) for k, text in words.items()})
    places = [picture.plain(one) if isinstance(one, str) else one for one in x]
    for i, (name, values) in enumerate(curves.items()):
        look = {
            "color": CURVES[i % 6],
            "linestyle": LINES[i % 4],
            "marker": MARKS[i % 7],
        }
        finite = np.where(np.isfinite(values), values, np.nan)
        axes.plot(places, finite, label=picture.plain(name), **look)
    axes.grid(alpha=0.3)
    if len(curves) > 1:
        highest_first = sorted(axes.lines, key=lambda curve: -last(curve.get_ydata()))
        picture.legend(handles=highest_first, loc="outside right center")
    for i, (name, values) in enumerate(curves.items()):
        named = f"{picture.plain(name)}: " * (len(curves) > 1)
        mark_odd(axes, places, values, CURVES[i % 6], 0.07 * (i % 6), named)
    course = [tell(name, values, x, x_label) for name, values in curves.items()]
    picture.sentence = sentence or (
        f"{title or 'Curves'}: {len(x)} points from {x[0]} to {x[-1]}"
        f"{f' ({x_label})' if x_label else ''}. {' '.join(course)}"
    )
    return picture


def last(values):
    """Return the last finite value, minus infinity where there is none."""
    return values[np.isfinite(values)][-1] if np.isfinite(values).any() else -np.inf


def mark_odd(axes, x, values, colour, inwards, named):
    """Mark points that are NaN or infinity at the edges, and write what they are.

    ``inwards`` is how far from the edge, as a share of the height, so that the marks of
    several curves do not cover each other; ``named`` stands before the words.
    """
    for word, test, mark, y in (
        ("NaN", np.isnan, "x", 0.04 + inwards),
        ("infinite", np.isposinf, "^", 0.96 - inwards),
        ("minus infinity", np.isneginf, "v", 0.04 + inwards),
    ):
        (points,) = np.nonzero(test(values))
        if points.size:
            at_edge = {"transform": axes.get_xaxis_transform(), "color": colour}
            where = [x[i] for i in points]
            axes.plot(where, [y] * len(where), mark, markersize=8, **at_edge)
            right = points[0] < len(x) / 2  # of the mark, where there is room
            axes.annotate(
                named + word, (axes.convert_xunits(where[0]), y), (8 if right else -8, 0),
                at_edge["transform"], "offset points", color=colour, va="center",
                ha="left" if right else "right", fontsize=8,
            )  # fmt: skip


def tell(name, values, x, x_label=""):
    """Say in words where a curve ends, and where it is NaN or infinity."""
    odd = ~np.isfinite(values)
    states = np.select([np.isnan(values), values == np.inf, odd], range(1, 4), 0)
    starts = [0, *(np.flatnonzero(np.diff(states)) + 1), len(states)]
    runs = []
    for start, stop in zip(starts, starts[1:]):
        if states[start]:
            word = ("NaN", "infinite", "minus infinity")[states[start] - 1]
            at = f"{x_label} {x[start]}".strip()
            where = f"from {at} to {x[stop - 1]}"
            if stop == len(states):
                where = f"from {at} on"
            if stop - start == 1:
                where = f"at {at}"
            if stop - start == len(states):
                where = "at every point"
            runs.append(f"{word} {where}")
    said = f"{name} is {', '.join(runs)}." if runs else ""
    if len(runs) > 3:
        first = f"{x_label} {x[odd.argmax()]}".strip()
        said = f"{name} is NaN or infinite at {odd.sum()} points, the first at {first}."
    if odd[0] or odd[-1]:
        return said
    word = "where"
    if values[-1] != values[0]:
        word = "higher than" if values[-1] > values[0] else "lower than"
    return f"{said} {name} ends {word} it begins.".strip()
