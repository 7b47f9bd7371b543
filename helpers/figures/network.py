"""A network of Dense layers: units as circles, weights as lines."""

import numpy as np
from matplotlib.collections import LineCollection

from .picture import NEGATIVE, POSITIVE, Picture, limits


def network_diagram(model, inputs=None):
    """Draw a network of Dense layers: units as circles, weights as lines.

    A line's width is the weight's size, at least 1 point; positive weights are blue
    and solid, negative ones orange and dashed. Biases and weights of 0 are not drawn.
    Weights that are NaN or infinity are black and dotted.
    Above each circle stands the unit's number, counted from 0, where layers have no
    more than 6 units.

    Arguments:
        model: built ``keras.Sequential`` of Dense layers, at most 16 units each.
        inputs: one row ``(1, features)`` or ``(features,)``; its value in every unit
            is then written into the circle. Without it the circles are empty.

    Returns:
        `Picture` of 8×4.5 inches; its sentence gives the layers and the range of the
        weights, and where there is NaN or infinity.

    Raises:
        ValueError: the model has other layers, too many units or no kernels yet.

    Example:
        >>> from helpers.networks import dense_network
        >>> network_diagram(dense_network())
        dense_network: 3 inputs; hidden: 4 units, relu; output: 2 units, softmax. Blue
        solid lines are positive weights, orange dashed lines negative ones, wider is
        farther from 0; the weights go from -0.971 to 0.922.
    """
    kernels = [dense_kernel(layer) for layer in model.layers]
    units = [len(kernels[0])] + [kernel.shape[1] for kernel in kernels]
    if max(units) > 16:
        raise ValueError(f"{max(units)} units in one layer: at most 16 can be read.")
    values = unit_values(model, inputs, units)
    places = [
        [(2.0 * column, (count - 1) / 2 - unit) for unit in range(count)]
        for column, count in enumerate(units)
    ]
    picture = Picture(figsize=(8, 4.5), layout="constrained")
    axes = picture.add_subplot()
    weights = np.concatenate([kernel.ravel() for kernel in kernels])
    lowest, highest = limits(weights)
    largest = max(-lowest, highest) or 1
    for kernel, left, right in zip(kernels, places, places[1:]):
        finite = np.isfinite(kernel)
        for drawn, colour, line in (
            (finite & (kernel > 0), POSITIVE, "solid"),
            (finite & (kernel < 0), NEGATIVE, "dashed"),
            (~finite, "black", "dotted"),
        ):
            ends = [(left[i], right[j]) for i, j in np.argwhere(drawn)]
            sizes = np.where(finite, np.abs(kernel), largest)[drawn] / largest
            look = {"linewidths": np.maximum(1, 5 * sizes), "colors": colour}
            axes.add_collection(LineCollection(ends, linestyles=line, zorder=1, **look))
    names = ["inputs"] + [
        f"{layer.name} ({layer.activation.__name__})" for layer in model.layers
    ]
    for column, name in enumerate(names):
        x, y = zip(*places[column], strict=True)
        axes.scatter(x, y, s=1500, facecolor="white", edgecolor="black", zorder=2)
        axes.text(
            x[0], max(units) / 2 + 0.2, picture.plain(name), ha="center", va="bottom"
        )
        for unit, place in enumerate(places[column]):
            text = "" if values is None else three_decimals(values[column][unit])
            axes.text(*place, text, ha="center", va="center", fontsize=8.5, zorder=3)
            if max(units) <= 6:  # else the next circle is too near
                above = {"xytext": (0, 21), "textcoords": "offset points"}
                axes.annotate(unit, place, **above, ha="center", fontsize=8)
    axes.set_xlim(-0.6, 2 * len(kernels) + 0.6)
    axes.set_ylim(-max(units) / 2 - 0.2, max(units) / 2 + 0.6)
    axes.set_axis_off()
    picture.sentence = (
        f"{model.name}: {units[0]} inputs; "
        + "; ".join(
            f"{layer.name}: {count} units, {layer.activation.__name__}"
            for layer, count in zip(model.layers, units[1:], strict=True)
        )
        + ". Blue solid lines are positive weights, orange dashed lines negative ones, "
        f"wider is farther from 0; {weight_range(weights)}."
    )
    if values is not None:
        odd = [f"{x} of {name}" for x, name in zip(map(count_odd, values), names) if x]
        picture.sentence += f" NaN or infinity in circles: {', '.join(odd)}." * bool(
            odd
        )
    return picture


def weight_range(weights):
    """Say from where to where weights go, and how many are NaN or infinity."""
    lowest, highest = limits(weights)
    said = f"the weights go from {three_decimals(lowest)} to {three_decimals(highest)}"
    odd = count_odd(weights)
    if odd == len(weights):
        return f"all {odd} weights are NaN or infinity, black and dotted"
    are = "is" if odd == 1 else "are"
    return said + f"; {odd} {are} NaN or infinity, black and dotted" * (odd > 0)


def three_decimals(x):
    """Write a number, so short that it fits into a circle: 0.123, -3e+38, NaN."""
    if np.isnan(x):
        return "NaN"
    return f"{x:.3f}" if abs(x) < 1e5 else f"{x:.3g}"


def count_odd(values):
    """Return how many values are NaN or infinity."""
    return int((~np.isfinite(values)).sum())


def dense_kernel(layer):
    """Return a Dense layer's kernel ``(features, units)``, or say why there is none."""
    if type(layer).__name__ != "Dense":
        raise ValueError(
            f"Layer {layer.name} is a {type(layer).__name__}; the diagram draws networks "
            "of Dense layers only."
        )
    if not layer.built:
        raise ValueError(
            f"Layer {layer.name} has no kernel yet. Start the model with "
            "keras.Input((features,)) or call model.build((None, features))."
        )
    return np.asarray(layer.get_weights()[0])


def unit_values(model, inputs, units):
    """Return one row's values in every layer, inputs first, or None without a row."""
    if inputs is None:
        return None
    from ..by_hand import forward

    row = np.asarray(inputs, "float64").reshape(1, -1)
    if row.shape[1] != units[0]:
        raise ValueError(
            f"The diagram shows one row of {units[0]} inputs; this array has the shape "
            f"{np.shape(inputs)}. Choose a row with x[0]."
        )
    with np.errstate(all="ignore"):  # what becomes NaN on the way is told as NaN
        outputs = forward(model, row)
    return [row[0]] + [values[0] for values in outputs.values()]
