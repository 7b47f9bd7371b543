"""Feature maps, or the filters of a convolution, as one mosaic."""

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgb
from matplotlib.patches import Rectangle
from matplotlib.transforms import ScaledTranslation

from helpers.figures.picture import GAP_COLOUR, Picture
from helpers.statistics import dead_channels


def feature_map_grid(
    maps, count=None, columns=8, scale="map", title="feature maps", figsize=None
):
    """Draw feature maps side by side, in grey, as one mosaic.

    Arguments:
        maps: layer output of one picture, ``(rows, columns, channels)`` or
            ``(1, rows, columns, channels)``.
        count: how many channels to draw, from channel 0 on; all by default.
        columns: how many maps stand in a row of the mosaic.
        scale: ``"map"``, each map from black at its own smallest value to white at
            its own largest; or ``"shared"``, one scale for all the maps shown.
        title: text above the mosaic, such as the layer's name.
        figsize: width and height in inches; fitted to the maps by default.

    A dead map, which is zero everywhere, is crossed out.

    Returns:
        `Picture`; its sentence gives numbers of maps, their size, the scale,
        the smallest and largest value and which maps are dead.

    Raises:
        ValueError: the array is not one picture's feature maps, or ``scale`` or
            ``count`` is not one of those above.

    Example:
        >>> maps = np.zeros((4, 4, 2), "float32")
        >>> maps[0, 0, 0] = 1.5
        >>> feature_map_grid(maps)
        feature maps: 2 of 2 channels, 4 rows by 4 columns each. Each map has its own
        scale: black is its smallest value, white its largest. Values from 0 to 1.5.
        1 map is dead, zero everywhere: channel 1.
    """
    maps = one_picture(maps)
    rows, width, channels = maps.shape
    count = check_count(count, channels, "maps")
    if scale not in ("map", "shared"):
        raise ValueError(f'scale={scale!r}: write scale="map" or scale="shared".')
    maps = maps[:, :, :count].astype("float32")
    dead = dead_channels(maps)
    lowest, highest = maps.min(), maps.max()

    if scale == "shared":
        tiles = (maps - lowest) / (highest - lowest if highest > lowest else 1)
    else:
        tiles = own_scale(maps)
    mosaic, corners = tile(tiles, columns)
    picture, axes = mosaic_axes(mosaic, figsize)
    axes.imshow(paint(mosaic, colormaps["gray"]), interpolation="nearest")
    for channel in dead:
        cross_out(axes, corners[channel], rows, width)
    said = {
        "map": "Each map has its own scale: "
        "black is its smallest value, white its largest.",
        "shared": "All maps share one scale, shown by the bar.",
    }[scale]
    axes.set_title(f"{title}: channels 0 to {count - 1}", loc="left")
    if scale == "shared":
        add_bar(axes, colormaps["gray"], lowest, highest)
    note = f"Channel = number at the left + number below. {said}"
    label(axes, corners, columns, rows, width, note)
    picture.sentence = (
        f"{title}: {count} of {channels} channels, {rows} rows by {width} columns each. "
        f"{said} Values from {lowest:.3g} to {highest:.3g}. {name_dead(dead)}"
    )
    return picture


def filter_grid(
    kernel, count=None, columns=8, channel=None, title="filters", figsize=None
):
    """Draw the filters of a convolution side by side, as one mosaic.

    Arguments:
        kernel: a Conv2D layer's kernel, ``(rows, columns, channels, filters)``.
        count: how many filters to draw, from filter 0 on; all by default.
        columns: how many filters stand in a row of the mosaic.
        channel: which input channel of every filter to draw. By default the first
            layer's filters, of 3 channels, are drawn in colour, with 0 as middle grey;
            others are averaged over their channels.
        title: text above the mosaic.
        figsize: width and height in inches; fitted to the filters by default.

    All filters share one scale, the same to both sides of 0: blue is negative, red
    positive, white 0 (in colour: darker is negative, brighter positive).

    Returns:
        `Picture`; its sentence gives number and size of the filters and their range.

    Raises:
        ValueError: the array is not such a kernel, or ``count`` or ``channel`` is out
            of range.

    Example:
        >>> from helpers.networks import cifar10_cnn
        >>> filter_grid(cifar10_cnn().get_layer("conv2d").kernel, count=8)
        filters: 8 of 32 filters, 3 rows by 3 columns each, in colour: middle grey is 0,
        darker is negative, brighter positive. Weights from -0.137 to 0.137.
    """
    kernel = np.asarray(kernel, "float32")
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
        parts = kernel.mean(axis=2, keepdims=True)
        how = f"mean of {channels} channels: blue is negative, white 0, red positive"
    else:
        parts = kernel[:, :, channel : channel + 1]
        how = f"input channel {channel}: blue is negative, white 0, red positive"
    limit = np.abs(parts).max() or 1
    tiled = [tile(parts[:, :, part], columns) for part in range(parts.shape[2])]
    mosaics, (corners, *_) = zip(*tiled)
    picture, axes = mosaic_axes(mosaics[0], figsize)
    scaled = np.stack(mosaics, axis=-1) / (2 * limit) + 0.5
    if in_colour:
        axes.imshow(paint(scaled), interpolation="nearest")
    else:
        blue_red = colormaps["RdBu_r"]
        axes.imshow(paint(scaled[..., 0], blue_red, "#808080"), interpolation="nearest")
        add_bar(axes, blue_red, -limit, limit)
    note = f"Filter = number at the left + number below. {how.capitalize()}."
    label(axes, corners, columns, rows, width, note)
    axes.set_title(f"{title}: filters 0 to {count - 1}", loc="left")
    picture.sentence = (
        f"{title}: {count} of {filters} filters, "
        f"{rows} rows by {width} columns each, {how}. "
        f"Weights from {parts.min():.3g} to {parts.max():.3g}."
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


def one_picture(maps):
    """Return feature maps as ``(rows, columns, channels)``, or say what is wrong."""
    maps = np.asarray(maps)
    if maps.ndim == 4 and len(maps) == 1:
        maps = maps[0]
    if maps.ndim != 3 or 0 in maps.shape:
        raise ValueError(
            "Feature maps of one picture have the shape (rows, columns, channels); this "
            f"array has {maps.shape}. Of a batch, take one picture: outputs[0]. Dense "
            "layers have no rows and columns, so they have no feature maps."
        )
    return maps


def own_scale(maps):
    """Stretch each map to the range from 0 to 1; a map of equal values becomes 0."""
    lowest = maps.min(axis=(0, 1))
    spread = maps.max(axis=(0, 1)) - lowest
    return (maps - lowest) / np.where(spread > 0, spread, 1)


def tile(maps, columns):
    """Lay maps side by side with gaps of NaN between and around them.

    Arguments:
        maps: ``(rows, columns, channels)``.
        columns: maps in a row of the mosaic.

    Returns:
        The mosaic as one 2-D float array, and the ``(row, column)`` of each map's
        top left pixel in it.
    """
    rows, width, count = maps.shape
    gap = max(1, rows // 8)
    columns = min(columns, count)
    lines = -(-count // columns)
    mosaic = np.full(
        (lines * (rows + gap) + gap, columns * (width + gap) + gap), np.nan, "float32"
    )
    corners = []
    for channel in range(count):
        row = gap + channel // columns * (rows + gap)
        column = gap + channel % columns * (width + gap)
        mosaic[row : row + rows, column : column + width] = maps[:, :, channel]
        corners.append((row, column))
    return mosaic, corners


def mosaic_axes(mosaic, figsize):
    """Return a new `Picture` and its axes, with room for title, labels and bar.

    The margins are fixed: measuring the texts would draw everything twice.
    """
    tall, wide = mosaic.shape
    if figsize is None:
        figsize = 10, min(12, 8.9 * tall / wide) + 1.1
    width, height = figsize
    picture = Picture(figsize=figsize)
    left, right, bottom, top = 0.45, 0.65, 0.6, 0.5  # inches
    place = left / width, bottom / height
    size = 1 - (left + right) / width, 1 - (bottom + top) / height
    return picture, picture.add_axes((*place, *size), xticks=[], yticks=[])


def paint(mosaic, colours=None, gap=GAP_COLOUR):
    """Turn numbers from 0 to 1, NaN in the gaps, into pixels of red, green and blue.

    Arguments:
        mosaic: ``(rows, columns)``, or ``(rows, columns, 3)`` without ``colours``.
        colours: Matplotlib colour map.
        gap: colour of the gaps.

    Returns:
        ``(rows, columns, 4)``, uint8, the fourth for opacity.
    """
    gaps = np.isnan(mosaic) if colours else np.isnan(mosaic[..., 0])
    levels = np.nan_to_num(255 * mosaic).round().astype("uint8")
    pixels = np.full((*gaps.shape, 4), 255, "uint8")
    if colours:
        levels = (255 * colours(range(256))[:, :3]).round()[levels]
    pixels[..., :3] = levels
    pixels[gaps, :3] = [round(255 * part) for part in to_rgb(gap)]
    return pixels


def add_bar(axes, colours, lowest, highest):
    """Draw the scale from ``lowest`` to ``highest`` at the right of the axes."""
    scale = ScalarMappable(Normalize(lowest, highest), colours)
    axes.figure.colorbar(scale, cax=axes.inset_axes([1.01, 0, 0.015, 1]))


def cross_out(axes, corner, rows, width):
    """Mark the dead map whose top left pixel is at ``corner``."""
    row, column = corner[0] - 0.5, corner[1] - 0.5
    axes.add_patch(
        Rectangle((column, row), width, rows, fill=False, edgecolor="white", hatch="xx")
    )


def label(axes, corners, columns, rows, width, note):
    """Write numbers beside and under the mosaic, and a note under them.

    At the left of each row stands the number of its first map, under each column what
    to add to it. Texts, not the axes' own ticks: they are drawn in half the time.
    """
    axes.set_axis_off()
    points = axes.figure.dpi_scale_trans

    def below(transform, distance):
        return transform + ScaledTranslation(0, -distance / 72, points)

    beside, under = axes.get_yaxis_transform(), below(axes.get_xaxis_transform(), 4)
    for line, (row, _) in enumerate(corners[::columns]):
        y = row + (rows - 1) / 2
        number = str(columns * line)
        axes.text(-0.01, y, number, transform=beside, ha="right", va="center")
    for number, (_, column) in enumerate(corners[:columns]):
        x = column + (width - 1) / 2
        axes.text(x, 0, f"+{number}", transform=under, ha="center", va="top")
    under_all = below(axes.transAxes, 20)
    axes.text(0.5, 0, note, transform=under_all, ha="center", va="top")


def name_dead(dead):
    """Say in words which channels are dead.

    Example:
        >>> name_dead([3, 7])
        '2 maps are dead, zero everywhere: channels 3, 7.'
    """
    if len(dead) == 0:
        return "No map is dead."
    names = ", ".join(str(channel) for channel in dead)
    if len(dead) == 1:
        return f"1 map is dead, zero everywhere: channel {names}."
    return f"{len(dead)} maps are dead, zero everywhere: channels {names}."
