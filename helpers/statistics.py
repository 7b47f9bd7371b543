"""What can be said of a layer's outputs in five numbers."""

from typing import NamedTuple

import numpy as np


class LayerStatistics(NamedTuple):
    """Five numbers about one layer's outputs, over all inputs given."""

    zeros: float  # share of the values that are exactly 0, from 0 to 1
    dead: np.ndarray  # the channels or units that are 0 for every input, everywhere
    channels: int  # how many channels or units there are
    mean: float
    spread: float  # standard deviation


class StatisticsTable(dict):
    """``{layer name: LayerStatistics}`` that shows itself as a table."""

    def __repr__(self):
        width = max([5, *map(len, self)])
        lines = [f"{'layer':<{width}}  zeros  dead channels    mean  spread"]
        for name, row in self.items():
            dead = f"{len(row.dead)} of {row.channels}"
            lines.append(
                f"{name:<{width}}  {row.zeros:>5.0%}  {dead:>13}  "
                f"{row.mean:>6.3g}  {row.spread:>6.3g}"
            )
        return "\n".join(lines)


def dead_channels(values):
    """Return the numbers of the channels that are zero everywhere.

    Arguments:
        values: array with channels or units on the last axis.

    Example:
        >>> dead_channels(np.array([[0, 1, 0], [0, 0, 2]]))
        array([0])
    """
    return np.flatnonzero((values == 0).all(axis=tuple(range(values.ndim - 1))))


def layer_statistics(outputs):
    """Tell how much of each layer is zero, which channels are dead, and how it spreads.

    A channel (of a Dense layer: a unit) is dead when it is 0 at every position for
    every one of the inputs. With few inputs that means little: pass many.

    Arguments:
        outputs: what `layer_outputs` gives, ``{layer name: array}`` with channels or
            units on the last axis.

    Returns:
        ``{layer name: LayerStatistics}``, shown as a table.

    Raises:
        ValueError: an array has no values, or no axis but the one of the inputs.

    Example:
        >>> maps = np.zeros((2, 3, 3, 4)); maps[..., 1] = 8
        >>> layer_statistics({"conv": maps})
        layer  zeros  dead channels    mean  spread
        conv     75%         3 of 4       2    3.46
    """
    table = StatisticsTable()
    for name, values in outputs.items():
        values = np.asarray(values)
        if values.ndim < 2 or values.size == 0:
            raise ValueError(
                f"{name} has the shape {values.shape}; outputs for at least one input, "
                "(inputs, ..., channels), are needed. Pass what layer_outputs returns."
            )
        table[name] = LayerStatistics(
            zeros=float((values == 0).mean()),
            dead=dead_channels(values),
            channels=values.shape[-1],
            mean=float(values.mean(dtype="float64")),
            spread=float(values.std(dtype="float64")),
        )
    return table
