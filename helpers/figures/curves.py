"""Numbers as curves, such as the losses of a training."""

import numpy as np

from helpers.figures.picture import NEGATIVE, POSITIVE, Picture

CURVES = POSITIVE, NEGATIVE, "#009e73", "#cc79a7", "#e69f00", "black"
LINES, MARKS = ("-", "--", "-.", ":"), "osD^vPX"


def curve_figure(curves, x=None, x_label="", y_label="", title="", sentence=None):
    """Draw numbers as curves with a mark at each point.

    Curves differ in colour, kind of line and kind of mark. Beside them stand their
    names, in the order of their last values.

    Arguments:
        curves: dict ``{name: values}``, all of one length.
        x: where the values stand: numbers, or words such as names of layers. By
            default 0, 1, 2, ...
        x_label: what ``x`` is.
        y_label: what the values are.
        title: text above.
        sentence: what the picture says as text; by default computed, without the
            values, which a new training would change.

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
    axes = picture.add_subplot(xlabel=x_label, ylabel=y_label, title=title)
    for i, (name, values) in enumerate(curves.items()):
        look = {
            "color": CURVES[i % 6],
            "linestyle": LINES[i % 4],
            "marker": MARKS[i % 7],
        }
        axes.plot(x, values, label=name, **look)
    axes.grid(alpha=0.3)
    if len(curves) > 1:
        highest_first = sorted(axes.lines, key=lambda curve: -curve.get_ydata()[-1])
        picture.legend(handles=highest_first, loc="outside right center")
    course = []
    for name, values in curves.items():
        change = np.sign(values[-1] - values[0])
        word = {1: "higher than", -1: "lower than"}.get(change, "where")
        course.append(f"{name} ends {word} it begins.")
    picture.sentence = sentence or (
        f"{title or 'Curves'}: {len(x)} points from {x[0]} to {x[-1]}"
        f"{f' ({x_label})' if x_label else ''}. {' '.join(course)}"
    )
    return picture
