"""What can be said of a layer's outputs in five numbers.

Where channels stand is told in Keras's own words, as in ``keras.layers.Conv2D``:
``"channels_last"``, ``(inputs, rows, columns, channels)``, or ``"channels_first"``,
``(inputs, channels, rows, columns)``. Outputs with 2 axes are ``(inputs, units)`` in both.
"""

from typing import NamedTuple

import numpy as np

from .engine.tables import table


class LayerStatistics(NamedTuple):
    """Five numbers about one layer's outputs, over all inputs given."""

    zeros: float  # share of the values that are exactly 0, from 0 to 1
    dead: np.ndarray  # the channels or units that are 0 for every input, everywhere
    channels: int  # how many channels or units there are
    mean: float  # NaN or infinity if a value is
    spread: float  # standard deviation; NaN if a value is NaN or infinity


class StatisticsTable(dict):
    """``{layer name: LayerStatistics}``, a table that says too where NaN or infinity is."""

    def __repr__(self):
        rows = [("layer", "zeros", "channels all 0", "  mean", "spread")]
        for name, row in self.items():
            dead = f"{len(row.dead)} of {row.channels}"
            numbers = f"{row.mean:.3g}", f"{row.spread:.3g}"
            rows.append((name, f"{row.zeros:.0%}", dead, *numbers))
        lines = table(rows, right=range(1, 5))
        odd = [name for name, row in self.items() if np.isnan(row.spread)]
        if odd:
            where = f"the first is {odd[0]}" if len(odd) > 1 else odd[0]
            lines.append(
                f"NaN or infinity in {len(odd)} of {len(self)} layers: {where}."
            )
        return "\n".join(lines)


def channels_at_the_end(values, data_format):
    """Return outputs with their channels on the last axis."""
    check_data_format(data_format)
    values = np.asarray(values)
    if data_format == "channels_first" and values.ndim > 2:
        return np.moveaxis(values, 1, -1)
    return values


def check_data_format(data_format):
    """Refuse all but Keras's two words for where channels stand."""
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(
            f'data_format={data_format!r}: write data_format="channels_last" or '
            'data_format="channels_first", as for keras.layers.Conv2D.'
        )


def dead_channels(values, data_format="channels_last"):
    """Return the numbers of the channels that are zero everywhere.

    A channel with a NaN in it is not dead.

    Arguments:
        values: array with channels or units on the last axis; or, with
            ``"channels_first"``, on the axis after the one of the inputs. (Of a single
            input, keep that axis: ``outputs[:1]``.)
        data_format: ``"channels_last"`` or ``"channels_first"``.

    Returns:
        Array ``(dead channels,)`` of int64, in rising order.

    Raises:
        ValueError: ``data_format`` is not one of these words.

    Example:
        >>> dead_channels(np.array([[0, 1, 0], [0, 0, 2]]))
        array([0])
    """
    values = channels_at_the_end(values, data_format)
    return np.flatnonzero((values == 0).all(axis=tuple(range(values.ndim - 1))))


def layer_statistics(outputs, data_format="channels_last"):
    """Tell how much of each layer is zero, which channels are dead, and how it spreads.

    A channel (of a Dense layer: a unit) is dead when it is 0 at every position for
    every one of the inputs. With few inputs that means little: pass many.

    Arguments:
        outputs: what `layer_outputs` gives, ``{layer name: array}``.
        data_format: where channels stand, ``"channels_last"``, ``(inputs, ...,
            channels)``, or ``"channels_first"``, ``(inputs, channels, ...)``.

    Returns:
        ``{layer name: LayerStatistics}``, shown as a table.

    Raises:
        ValueError: an array has no values, or ``data_format`` is not one of these words.

    Example:
        >>> maps = np.zeros((2, 3, 3, 4)); maps[..., 1] = 8
        >>> layer_statistics({"conv": maps})
        layer  zeros  channels all 0    mean  spread
        conv     75%         3 of 4       2    3.46
    """
    statistics = StatisticsTable()
    for name, values in outputs.items():
        values = np.asarray(values)
        if values.size == 0:
            raise ValueError(
                f"{name} has the shape {values.shape}; outputs for at least one input, "
                "(inputs, ..., channels), are needed. Pass what layer_outputs returns."
            )
        if values.ndim < 2:  # of an operation: a number for each input, or one for all
            values = values.reshape(-1, 1)
        values = channels_at_the_end(values, data_format)
        with np.errstate(all="ignore"):  # infinity - infinity: the table says NaN
            mean, spread = (f(values, dtype="float64") for f in (np.mean, np.std))
        statistics[name] = LayerStatistics(
            zeros=float((values == 0).mean()),
            dead=dead_channels(values),
            channels=values.shape[-1],
            mean=float(mean),
            spread=float(spread),
        )
    return statistics
