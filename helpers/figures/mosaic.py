"""Feature maps as one array of pixels, to be put into a figure of one's own."""

import numpy as np
from matplotlib.colors import to_rgb

from .picture import GAP_COLOUR


def on_scale(maps, lowest, highest):
    """Map ``lowest`` to 0 and ``highest`` to 1, and what is not finite to 0 as well."""
    finite = np.isfinite(maps)
    low, high = np.where(np.isfinite(lowest), (lowest, highest), 0) / 2
    spread = high - low  # of halves: the whole one could be infinity
    return np.where(finite, maps / 2 - low, 0) / np.where(spread > 0, spread, 1)


def own_scale(maps):
    """Stretch each map to the range from 0 to 1; a map of equal values becomes 0.

    Maps are floats, ``(rows, columns, channels)``. NaN and infinity stretch nothing and
    become 0.

    Example:
        >>> own_scale(np.array([[[3.0], [5.0], [4.0], [np.inf]]])).ravel().tolist()
        [0.0, 1.0, 0.5, 0.0]
    """
    finite = np.isfinite(maps)
    lowest = np.where(finite, maps, np.inf).min(axis=(0, 1))
    highest = np.where(finite, maps, -np.inf).max(axis=(0, 1))
    return on_scale(maps, lowest, highest)


def tile(maps, columns):
    """Lay maps side by side with gaps of NaN between and around them.

    Arguments:
        maps: ``(rows, columns, channels)``, or ``(rows, columns, channels, 3)``.
        columns: maps in a row of the mosaic.

    Returns:
        The mosaic as one float array, and the ``(row, column)`` of each map's top left
        pixel in it.

    Example:
        >>> mosaic, corners = tile(np.ones((2, 3, 5)), columns=4)
        >>> mosaic.shape, corners[-1]
        ((7, 17), (4, 1))
    """
    rows, width, count, *colours = maps.shape
    gap = max(1, rows // 8)
    columns = min(columns, count)
    lines = -(-count // columns)
    size = lines * (rows + gap) + gap, columns * (width + gap) + gap
    mosaic = np.full((*size, *colours), np.nan, "float32")
    corners = []
    for channel in range(count):
        row = gap + channel // columns * (rows + gap)
        column = gap + channel % columns * (width + gap)
        mosaic[row : row + rows, column : column + width] = maps[:, :, channel]
        corners.append((row, column))
    return mosaic, corners


def paint(mosaic, colours=None, gap=GAP_COLOUR):
    """Turn numbers from 0 to 1, NaN in the gaps, into pixels of red, green and blue.

    The mosaic is ``(rows, columns)``, or ``(rows, columns, 3)`` without ``colours``, a
    Matplotlib colour map of up to 256 colours; there may be more axes in front. Returns
    ``(rows, columns, 4)``, uint8, the fourth for opacity.

    Example:
        >>> paint(np.array([[[0, 0.5, 1]]]), gap="white").tolist()
        [[[0, 128, 255, 255]]]
    """
    gaps = np.isnan(mosaic) if colours else np.isnan(mosaic[..., 0])
    most = colours.N - 1 if colours else 255
    levels = np.nan_to_num(most * mosaic).round().astype("uint8")
    pixels = np.full((*gaps.shape, 4), 255, "uint8")
    if colours:
        levels = (255 * colours(range(most + 1))[:, :3]).round()[levels]
    pixels[..., :3] = levels
    pixels[gaps, :3] = [round(255 * part) for part in to_rgb(gap)]
    return pixels
