"""Feature maps as a grid: of one layer, or of several to be compared."""

import numpy as np

from ..statistics import check_data_format, dead_channels
from .mosaic import on_scale, own_scale, paint
from .picture import GRAY, SIGNED, limits, name_odd
from .tiles import Mosaic, frame_tiles, strike_silent

SCALES = {
    "map": "Each map has its own scale: black is its smallest value, white its largest.",
    "shared": "All maps share one scale, shown by the bar.",
    "signed": "All maps share one scale: orange is negative, white 0, blue positive.",
}


def feature_map_grid(
    maps,
    count=None,
    columns=8,
    scale="map",
    title="feature maps",
    figsize=None,
    data_format="channels_last",
    channels=None,
):
    """Draw feature maps side by side, each with its channel's number.

    Arguments:
        maps: layer output of one picture, ``(rows, columns, channels)`` or
            ``(1, rows, columns, channels)``; other axes as ``data_format`` says. To
            compare, a dict ``{name: layer output}``, such as before and after training:
            the maps of a channel then stand one below the other, with the names at the
            left.
        count: how many channels to draw, from channel 0 on; all by default.
        columns: how many maps stand in a row.
        scale: ``"map"``, each map from black at its own smallest value to white at
            its own largest; ``"shared"``, one scale for all the maps shown; or
            ``"signed"``, one scale on which 0 is white, negative orange, positive blue.
        title: text above the grid, such as the layer's name.
        figsize: width and height in inches; fitted to the maps by default.
        data_format: ``"channels_last"``, as above, or ``"channels_first"``,
            ``(channels, rows, columns)``.
        channels: the numbers of the channels to draw, in place of ``count``.

    Through a silent map, which is 0 everywhere, goes one stroke. A pixel that is NaN or
    infinite is yellow with an x; scales are those of the other pixels.

    Returns:
        `Picture`; its sentence gives numbers of maps, their size, the scale,
        the smallest and largest value, which maps are silent, and which hold NaN.

    Raises:
        ValueError: an array is not one picture's feature maps, those to be compared
            differ in shape, or ``scale``, ``count``, ``channels`` or ``data_format`` is
            not one of those above.

    Example:
        >>> maps = np.zeros((4, 4, 2), "float32")
        >>> maps[0, 0, 0] = 1.5
        >>> feature_map_grid(maps)
        feature maps: 2 of 2 channels, 4 rows by 4 columns each. Each map has its own
        scale: black is its smallest value, white its largest. Values from 0 to 1.5.
        1 map is silent, 0 everywhere: channel 1.
    """
    named = named_alike(maps, lambda one: one_picture(one, data_format))
    *form, available = next(iter(named.values())).shape
    numbers = check_numbers(count, channels, available, "maps")
    if scale not in SCALES:
        raise ValueError(f"scale={scale!r}: write {in_words(SCALES, 'scale')}.")
    named = {name: one[:, :, numbers] for name, one in named.items()}
    every = np.stack(list(named.values()))
    finite = bool(np.isfinite(every).any())
    said = SCALES[scale] if finite else "There is no scale."
    with_bar = finite and scale != "map"
    head = f"{title}: {len(numbers)} of {available} channels"
    mosaic = Mosaic(
        head, len(numbers), form, columns, named, numbers, figsize, with_bar, said
    )
    lowest, highest = limits(every)
    colours = GRAY
    if scale == "signed":
        highest = max(abs(lowest), abs(highest)) or 1
        lowest, colours = -highest, SIGNED
    silent = {}
    for line, (name, one) in enumerate(named.items()):
        scaled = own_scale(one) if scale == "map" else on_scale(one, lowest, highest)
        mosaic.put(line, paint(scaled, colours), ~np.isfinite(one))
        silent[name] = dead_channels(one).tolist()
    mosaic.show()
    frame_tiles(mosaic.axes, mosaic.boxes())
    struck = [mosaic.box(i, j) for i, name in enumerate(silent) for j in silent[name]]
    strike_silent(mosaic.axes, struck)
    if with_bar:
        mosaic.add_bar(colours, lowest, highest)
    told = [tell(name, numbers, one, silent[name]) for name, one in named.items()]
    mosaic.picture.sentence = (
        f"{head}, {form[0]} rows by {form[1]} columns each. "
        f"{said} {name_range(every, 'Values')} {' '.join(told)}"
    )
    return mosaic.picture


def tell(name, numbers, maps, silent):
    """Say which of the maps are silent, and which hold NaN."""
    named = f"{name}: " * bool(name)
    named += name_silent([numbers[place] for place in silent])
    return named + name_odd(zip(numbers, np.moveaxis(maps, -1, 0)), "channel")


def named_alike(arrays, read):
    """Return ``{name: array}``, read by a function, all of one shape; one has no name."""
    if not isinstance(arrays, dict):
        return {"": floats(read(arrays))}
    if not arrays:
        raise ValueError(
            'There is nothing to compare: pass {"before": ..., "after": ...}.'
        )
    named = {str(name): floats(read(one)) for name, one in arrays.items()}
    shapes = {name: one.shape for name, one in named.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(
            "What is compared has one shape; here "
            + ", ".join(f"{name} has {shape}" for name, shape in shapes.items())
            + "."
        )
    return named


def floats(array):
    return array.astype(np.result_type(array, "float32"))


def in_words(choices, word):
    """Write the choices of an argument: ``scale="map" or scale="shared"``."""
    return " or ".join(f'{word}="{choice}"' for choice in choices)


def check_numbers(count, chosen, available, what):
    """Return the numbers of the maps or filters to draw, all where none is named."""
    if chosen is not None:
        numbers = [*chosen] if np.ndim(chosen) else [chosen]
        known = all(
            isinstance(one, (int, np.integer)) and 0 <= one < available
            for one in numbers
        )
        if not numbers or not known or count is not None:
            raise ValueError(
                f"channels={chosen!r}, count={count!r}: write a list of numbers from 0 to "
                f"{available - 1}, or count alone."
            )
        return [int(one) for one in numbers]
    if count is None:
        count = available
    if not isinstance(count, (int, np.integer)) or not 1 <= count <= available:
        raise ValueError(
            f"count={count!r}: this layer has 1 to {available} {what} to draw."
        )
    return list(range(count))


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


def name_range(values, what):
    """Say from where to where numbers go: ``"Finite weights from 0.25 to 3."``"""
    finite = np.isfinite(values)
    if not finite.any():
        return f"No finite {what.lower()}."
    lowest, highest = limits(values)
    what = what if finite.all() else f"Finite {what.lower()}"
    return f"{what} from {lowest:.3g} to {highest:.3g}."


def name_silent(numbers):
    """Say in words which channels are silent."""
    if not numbers:
        return "No map is silent."
    are, s = ("map is", "") if len(numbers) == 1 else ("maps are", "s")
    names = ", ".join(map(str, numbers))
    return f"{len(numbers)} {are} silent, 0 everywhere: channel{s} {names}."
