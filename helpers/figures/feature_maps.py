"""Feature maps, or the filters of a convolution, as one mosaic."""

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from matplotlib.transforms import ScaledTranslation

from ..statistics import check_data_format, dead_channels
from .picture import GAP_COLOUR, GRAY, ODD_COLOUR, Picture, cross_odd, limits, name_odd

BESIDE = 1.01, 0, 0.015, 1  # where a bar stands, in parts of the axes


def feature_map_grid(
    maps,
    count=None,
    columns=8,
    scale="map",
    title="feature maps",
    figsize=None,
    data_format="channels_last",
):
    """Draw feature maps side by side, in grey, as one mosaic.

    Arguments:
        maps: layer output of one picture, ``(rows, columns, channels)`` or
            ``(1, rows, columns, channels)``; other axes as ``data_format`` says.
        count: how many channels to draw, from channel 0 on; all by default.
        columns: how many maps stand in a row of the mosaic.
        scale: ``"map"``, each map from black at its own smallest value to white at
            its own largest; or ``"shared"``, one scale for all the maps shown.
        title: text above the mosaic, such as the layer's name.
        figsize: width and height in inches; fitted to the maps by default.
        data_format: ``"channels_last"``, as above, or ``"channels_first"``,
            ``(channels, rows, columns)``.

    A dead map, which is zero everywhere, is crossed out. A pixel that is NaN or
    infinity is yellow with an x; scales are those of the other pixels.

    Returns:
        `Picture`; its sentence gives numbers of maps, their size, the scale,
        the smallest and largest value, which maps are dead, and which hold NaN.

    Raises:
        ValueError: the array is not one picture's feature maps, or ``scale``,
            ``count`` or ``data_format`` is not one of those above.

    Example:
        >>> maps = np.zeros((4, 4, 2), "float32")
        >>> maps[0, 0, 0] = 1.5
        >>> feature_map_grid(maps)
        feature maps: 2 of 2 channels, 4 rows by 4 columns each. Each map has its own
        scale: black is its smallest value, white its largest. Values from 0 to 1.5.
        1 map is dead, zero everywhere: channel 1.
    """
    maps = one_picture(maps, data_format)
    rows, width, channels = maps.shape
    count = check_count(count, channels, "maps")
    if scale not in ("map", "shared"):
        raise ValueError(f'scale={scale!r}: write scale="map" or scale="shared".')
    maps = maps[:, :, :count]
    maps = maps.astype(np.result_type(maps, "float32"))
    dead = dead_channels(maps)
    lowest, highest = limits(maps)

    tiles = own_scale(maps) if scale == "map" else on_scale(maps, lowest, highest)
    mosaic, corners = tile(tiles, columns)
    pixels, odd = paint(mosaic, GRAY), ~np.isfinite(maps)
    picture, axes = mosaic_picture(pixels, odd, columns, figsize)
    for channel in dead:
        row, column = corners[channel]
        box = (column - 0.5, row - 0.5), width, rows
        axes.add_patch(Rectangle(*box, fill=False, edgecolor="white", hatch="xx"))
    said = "Each map has its own scale: black is its smallest value, white its largest."
    if not np.isfinite(maps).any():
        said = "There is no scale."
    elif scale == "shared":
        said = "All maps share one scale, shown by the bar."
        picture.add_bar(axes.inset_axes(BESIDE), GRAY, lowest, highest)
    axes.set_title(f"{picture.plain(title)}: channels 0 to {count - 1}", loc="left")
    note = f"Channel = number at the left + number below. {said}"
    label(axes, corners, columns, rows, width, note)
    picture.sentence = (
        f"{title}: {count} of {channels} channels, {rows} rows by {width} columns each. "
        f"{said} {name_range(maps, 'Values')} {name_dead(dead)}"
        f"{name_odd(enumerate(np.moveaxis(maps, -1, 0)), 'channel')}"
    )
    return picture


def filter_grid(
    kernel, count=None, columns=8, channel=None, title="filters", figsize=None
):
    """Draw the filters of a convolution side by side, as one mosaic.

    Arguments:
        kernel: a Conv2D layer's kernel, ``(rows, columns, channels, filters)``.
        count, columns, title, figsize: as for `feature_map_grid`.
        channel: which input channel of every filter to draw. By default the first
            layer's filters, of 3 channels, are drawn in colour, with 0 as middle grey;
            others are averaged over their channels.

    All filters share one scale, the same to both sides of 0: blue is negative, red
    positive, white 0 (in colour: darker is negative, brighter positive). Where a weight
    is NaN or infinity, the pixel is yellow with an x.

    Returns:
        `Picture`; its sentence gives number and size of the filters, their range, and
        which hold NaN.

    Raises:
        ValueError: the array is not such a kernel, or ``count`` or ``channel`` is out
            of range.

    Example:
        >>> from helpers.networks import cifar10_cnn
        >>> filter_grid(cifar10_cnn().get_layer("conv2d").kernel, count=8)
        filters: 8 of 32 filters, 3 rows by 3 columns each, in colour: middle grey is 0,
        darker is negative, brighter positive. Weights from -0.137 to 0.137.
    """
    kernel = np.asarray(kernel)
    kernel = kernel.astype(np.result_type(kernel, "float32"))
    if kernel.ndim != 4 or 0 in kernel.shape:
        raise ValueError(
            "A Conv2D kernel has the shape (rows, columns, channels, filters); this array "
            f"has {kernel.shape}. Pass model.get_layer(name).kernel."
        )
    rows, width, channels, filters = kernel.shape
    count = check_count(count, filters, "filters")
    if channel is not None and not 0 <= channel < channels:
        raise ValueError(
            f"channel={channel!r}: these filters have 0 to {channels - 1}."
        )
    kernel = kernel[..., :count]
    in_colour = channels == 3 and channel is None
    if in_colour:
        parts = kernel
        how = "in colour: middle grey is 0, darker is negative, brighter positive"
    elif channel is None:
        with np.errstate(invalid="ignore"):  # infinity - infinity, marked below
            parts = kernel.mean(axis=2, keepdims=True, dtype="float64")
        how = f"mean of {channels} channels: blue is negative, white 0, red positive"
    else:
        parts = kernel = kernel[:, :, channel : channel + 1]
        how = f"input channel {channel}: blue is negative, white 0, red positive"
    odd = ~np.isfinite(kernel).all(axis=2)
    limit = max(map(abs, limits(parts))) or 1
    scaled = np.where(np.isfinite(parts), parts, 0) / limit / 2 + 0.5
    scaled = np.moveaxis(scaled, 2, -1) if in_colour else scaled[:, :, 0]
    mosaic, corners = tile(scaled, columns)
    colours = None if in_colour else colormaps["RdBu_r"]
    pixels = paint(mosaic, colours, GAP_COLOUR if in_colour else "#808080")
    picture, axes = mosaic_picture(pixels, odd, columns, figsize)
    if colours:
        picture.add_bar(axes.inset_axes(BESIDE), colours, -limit, limit)
    note = f"Filter = number at the left + number below. {how.capitalize()}."
    label(axes, corners, columns, rows, width, note)
    axes.set_title(f"{picture.plain(title)}: filters 0 to {count - 1}", loc="left")
    picture.sentence = (
        f"{title}: {count} of {filters} filters, "
        f"{rows} rows by {width} columns each, {how}. "
        f"{name_range(parts, 'Weights')}"
        f"{name_odd(enumerate(np.moveaxis(kernel, -1, 0)), 'filter')}"
    )
    return picture


def check_count(count, available, what):
    """Return how many maps or filters to draw, all of them where none is named."""
    if count is None:
        return available
    if not isinstance(count, (int, np.integer)) or not 1 <= count <= available:
        raise ValueError(
            f"count={count!r}: this layer has 1 to {available} {what} to draw."
        )
    return count


def one_picture(maps, data_format):
    """Return feature maps as ``(rows, columns, channels)``, or say what is wrong."""
    check_data_format(data_format)
    maps = np.asarray(maps)
    if maps.ndim == 4 and len(maps) == 1:
        maps = maps[0]
    first = data_format == "channels_first"
    if maps.ndim != 3 or 0 in maps.shape:
        axes = "(channels, rows, columns)" if first else "(rows, columns, channels)"
        raise ValueError(
            f"Feature maps of one picture have the shape {axes}; this array has "
            f"{maps.shape}. {instead(maps, first)}"
        )
    return np.moveaxis(maps, 0, -1) if first else maps


def instead(maps, first):
    """Say how an array that is not one picture's feature maps can be drawn."""
    if 0 in maps.shape:
        return "There is no value in it."
    if maps.ndim == 4:
        return "Of a batch, take one picture, such as maps[0]."
    if maps.ndim > 4:
        axes, place = "inputs, depth, rows, columns, channels", ["0"] * (maps.ndim - 3)
        if first:
            axes = "inputs, channels, depth, rows, columns"
            place.insert(1, ":")
        return (
            f"The output of a Conv3D has the axes ({axes}); take one slice of one input, "
            f"such as maps[{', '.join(place)}]."
        )
    if maps.ndim == 2:
        axes, row, one = "(steps, channels)", "maps[np.newaxis]", "maps[:, 0]"
        if first:
            axes, one = "(channels, steps)", "maps[0]"
            row = 'maps[:, np.newaxis], data_format="channels_first"'
        return (
            f"If the axes are {axes}, of one input to a Conv1D, feature_map_grid({row}) "
            f'draws each map as one row, and curve_figure({{"channel 0": {one}}}) one map '
            "as a curve. If they are (inputs, units), there are no maps: Dense layers "
            'have no rows and columns. curve_figure({"units": maps[0]}) draws the units '
            "of one input."
        )
    if maps.ndim == 1:
        return 'A row of numbers is drawn by curve_figure({"values": maps}).'
    return "It is one number."


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


def mosaic_picture(pixels, odd, columns, figsize=None):
    """Show a painted mosaic: returns a `Picture` and its axes, with room for texts.

    Pixels where ``odd``, ``(rows, columns, maps)``, is True are marked as not finite.
    The margins are fixed: measuring the texts would draw everything twice.
    """
    tall, wide = pixels.shape[:2]
    if figsize is None:
        figsize = 10, min(12, 8.9 * tall / wide) + 1.1
    width, height = figsize
    picture = Picture(figsize=figsize)
    left, right, bottom, top = 0.45, 0.65, 0.6, 0.5  # inches
    place = left / width, bottom / height
    size = 1 - (left + right) / width, 1 - (bottom + top) / height
    axes = picture.add_axes((*place, *size), xticks=[], yticks=[])
    where = tile(odd, columns)[0] == 1
    pixels[where, :3] = [round(255 * part) for part in to_rgb(ODD_COLOUR)]
    extent = axes.imshow(pixels, interpolation="nearest").get_extent()
    cross_odd(axes, where, extent)
    return picture, axes


def paint(mosaic, colours=None, gap=GAP_COLOUR):
    """Turn numbers from 0 to 1, NaN in the gaps, into pixels of red, green and blue.

    The mosaic is ``(rows, columns)``, or ``(rows, columns, 3)`` without ``colours``, a
    Matplotlib colour map. Returns ``(rows, columns, 4)``, uint8, the fourth for opacity.

    Example:
        >>> paint(np.array([[[0, 0.5, 1]]]), gap="white").tolist()
        [[[0, 128, 255, 255]]]
    """
    gaps = np.isnan(mosaic) if colours else np.isnan(mosaic[..., 0])
    levels = np.nan_to_num(255 * mosaic).round().astype("uint8")
    pixels = np.full((*gaps.shape, 4), 255, "uint8")
    if colours:
        levels = (255 * colours(range(256))[:, :3]).round()[levels]
    pixels[..., :3] = levels
    pixels[gaps, :3] = [round(255 * part) for part in to_rgb(gap)]
    return pixels


def label(axes, corners, columns, rows, width, note):
    """Write numbers beside and under the mosaic, and a note under them.

    At the left of each row stands the number of its first map, under each column what
    to add to it. Texts, not the axes' own ticks: they are drawn in half the time.
    """
    axes.set_axis_off()
    inches = axes.figure.dpi_scale_trans
    under = axes.get_xaxis_transform() + ScaledTranslation(0, -4 / 72, inches)
    under_all = axes.transAxes + ScaledTranslation(0, -20 / 72, inches)
    beside = axes.get_yaxis_transform()
    for line, (row, _) in enumerate(corners[::columns]):
        y = row + (rows - 1) / 2
        axes.text(-0.01, y, columns * line, transform=beside, ha="right", va="center")
    for number, (_, column) in enumerate(corners[:columns]):
        x = column + (width - 1) / 2
        axes.text(x, 0, f"+{number}", transform=under, ha="center", va="top")
    axes.text(0.5, 0, note, transform=under_all, ha="center", va="top")


def name_range(values, what):
    """Say from where to where numbers go: ``"Finite weights from 0.25 to 3."``"""
    finite = np.isfinite(values)
    if not finite.any():
        return f"No finite {what.lower()}."
    lowest, highest = limits(values)
    what = what if finite.all() else f"Finite {what.lower()}"
    return f"{what} from {lowest:.3g} to {highest:.3g}."


def name_dead(dead):
    """Say in words which channels are dead."""
    if len(dead) == 0:
        return "No map is dead."
    are, s = ("map is", "") if len(dead) == 1 else ("maps are", "s")
    names = ", ".join(map(str, dead))
    return f"{len(dead)} {are} dead, zero everywhere: channel{s} {names}."
