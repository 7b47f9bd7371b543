"""A network of Dense layers: units as circles, weights as lines."""

import numpy as np
from matplotlib.collections import LineCollection

from helpers.figures.picture import NEGATIVE, POSITIVE, Picture


def network_diagram(model, inputs=None):
    """Draw a network of Dense layers: units as circles, weights as lines.

    A line's width is the weight's size, at least 1 point; positive weights are blue
    and solid, negative ones orange and dashed. Biases and weights of 0 are not drawn.
    Above each circle stands the unit's number, counted from 0, where layers have no
    more than 6 units.

    Arguments:
        model: built ``keras.Sequential`` of Dense layers, at most 16 units each.
        inputs: one row ``(1, features)`` or ``(features,)``; its value in every unit
            is then written into the circle. Without it the circles are empty.

    Returns:
        `Picture` of 8×4.5 inches.

    Raises:
        ValueError: the model has other layers, too many units or no kernels yet.

    Example:
        >>> from helpers.networks import dense_network
        >>> network_diagram(dense_network())
        dense_network: 3 inputs; hidden: 4 units, relu; output: 2 units, softmax. Blue
        solid lines are positive weights, orange dashed lines negative ones, wider is
        larger; the weights go from -0.971 to 0.922.
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
    largest = max(np.abs(kernel).max() for kernel in kernels) or 1
    for column, kernel in enumerate(kernels):
        for negative in (False, True):
            chosen = np.argwhere(kernel < 0 if negative else kernel > 0)
            axes.add_collection(
                LineCollection(
                    [(places[column][i], places[column + 1][j]) for i, j in chosen],
                    linewidths=[
                        max(1, 5 * abs(kernel[i, j]) / largest) for i, j in chosen
                    ],
                    colors=NEGATIVE if negative else POSITIVE,
                    linestyles="dashed" if negative else "solid",
                    zorder=1,
                )
            )
    names = ["inputs"] + [
        f"{layer.name} ({layer.activation.__name__})" for layer in model.layers
    ]
    for column, name in enumerate(names):
        x, y = zip(*places[column], strict=True)
        axes.scatter(x, y, s=1500, facecolor="white", edgecolor="black", zorder=2)
        axes.text(x[0], max(units) / 2 + 0.2, name, ha="center", va="bottom")
        for unit, place in enumerate(places[column]):
            text = "" if values is None else f"{values[column][unit]:.3f}"
            axes.text(*place, text, ha="center", va="center", fontsize=8.5, zorder=3)
            if max(units) <= 6:  # else the next circle is too near
                above = {"xytext": (0, 21), "textcoords": "offset points"}
                axes.annotate(unit, place, **above, ha="center", fontsize=8)
    axes.set_xlim(-0.6, 2 * len(kernels) + 0.6)
    axes.set_ylim(-max(units) / 2 - 0.2, max(units) / 2 + 0.6)
    axes.set_axis_off()
    weights = np.concatenate([kernel.ravel() for kernel in kernels])
    picture.sentence = (
        f"{model.name}: {units[0]} inputs; "
        + "; ".join(
            f"{layer.name}: {count} units, {layer.activation.__name__}"
            for layer, count in zip(model.layers, units[1:], strict=True)
        )
        + ". Blue solid lines are positive weights, orange dashed lines negative ones, "
        f"wider is larger; the weights go from {weights.min():.3f} to "
        f"{weights.max():.3f}."
    )
    return picture


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
    from helpers.by_hand import forward

    row = np.asarray(inputs, "float64").reshape(1, -1)
    if row.shape[1] != units[0]:
        raise ValueError(
            f"The diagram shows one row of {units[0]} inputs; this array has the shape "
            f"{np.shape(inputs)}. Choose a row with x[0]."
        )
    return [row[0]] + [values[0] for values in forward(model, row).values()]
