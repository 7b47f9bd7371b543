"""A convolution in numbers: a kernel on a patch, on its way, and what it responds to."""

import operator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .number_sheet import (
    GAP,
    LINE,
    MARGIN,
    Sheet,
    count_of,
    draw_products,
    draw_steps,
    from_to,
    in_words,
    largest_size,
    length,
    written,
)
from .picture import GRAY, SIGNED, cross_odd, limits, name_odd

MOST, KERNEL = 8, 5  # rows or columns that can be read: of a picture, of a kernel
PANELS = 4  # pictures side by side, at most
SIDE, TOP = 2.3, 0.4  # inches: of a picture; above the first


def convolution_figure(picture, kernel, place=None, bias=None, relu=False):
    """Show how a kernel on one patch of a picture makes one value of a feature map.

    Above stand the picture, the patch in a frame, and the feature map with this one
    value in a frame; below patch, kernel and products, and what the products add up to.
    Blue is above 0, orange below 0, white 0.

    Arguments:
        picture: array ``(rows, columns)`` of at most 8 rows and 8 columns.
        kernel: array ``(rows, columns)`` of at most 5 rows and 5 columns, not larger
            than the picture.
        place: ``(row, column)`` of the value in the feature map; by default the first
            of those that are farthest from 0.
        bias: number that is added to each sum; None adds nothing.
        relu: whether ReLU cuts what is negative.

    Returns:
        `Picture`; its sentence has the place, the sum and the value.

    Raises:
        ValueError: arrays of other shapes, too large to be read or without numbers, or
            a bias that is no number.
        IndexError: a place outside the feature map.

    Example:
        >>> convolution_figure(np.eye(4), np.ones((2, 2)), place=(0, 1), bias=-3, relu=True)
        Rows 0 to 1 and columns 1 to 2 of the picture times the kernel: sum of 4 products
        1, + bias -3, = relu(-2) 0. This is the value at row 0, column 1 of the feature
        map, which has 3 rows and 3 columns. Blue is above 0, orange below 0, white 0,
        grey still open.
    """
    picture = check_numbers(picture, "picture", MOST)
    kernel = check_kernel(kernel, picture)
    total = sums(picture, kernel)
    added = total + check_bias(bias)
    feature_map = np.maximum(added, 0) if relu else added
    row, column = check_place(place, feature_map)
    before, value = added[row, column], feature_map[row, column]
    steps = [(f"sum of {kernel.size} products", total[row, column])]
    if bias is not None:
        steps.append(("+ bias", float(bias)))
    if relu or bias is not None:
        steps.append((f"= relu({written(before)})" if relu else "= value", value))
    numbers = written([x for _, x in steps])
    steps = [(text, x) for (text, _), x in zip(steps, numbers)]

    rows, columns = kernel.shape
    patch = picture[row : row + rows, column : column + columns]
    with np.errstate(all="ignore"):
        parts = {"patch": patch, "kernel": kernel, "products": patch * kernel}
    likes = picture, kernel, parts["products"]
    sheet = Sheet(feature_map, *likes)
    frame = row, column, rows, columns
    right, _ = sheet.numbers(picture, MARGIN, TOP, "picture", frame=frame)
    left = max(right, MARGIN + length("picture")) + 2 * GAP
    draw_map(sheet, feature_map, left, TOP, row, column, alone=True)
    top = sheet.bottom + GAP + TOP
    right, bottom = draw_products(sheet, MARGIN, top, parts, likes)
    middle = (top + bottom - LINE * len(steps)) / 2
    draw_steps(sheet, right + GAP, middle, steps)
    return sheet.finish(
        f"{from_to('Row', row, rows)} and {from_to('column', column, columns)} of the "
        f"picture times the kernel: {in_words(steps)}. This is the value at row {row}, "
        f"column {column} of the feature map, which has {count_of(feature_map)}.",
        {"picture": picture, "kernel": kernel, "feature map": np.array([value])},
    )


def sliding_figure(picture, kernel, row=0):
    """Show a kernel that moves along a picture, and the feature map that it fills.

    For each place stand the picture, the patch in a frame, and below it the feature map
    as far as it is computed. Of more than 4 places 4 are drawn.

    Arguments:
        picture, kernel: as for `convolution_figure`.
        row: the row of the feature map that is filled.

    Returns:
        `Picture`; its sentence has the sums of the places that are drawn.

    Raises:
        ValueError: as for `convolution_figure`.
        IndexError: a row that the feature map does not have.

    Example:
        >>> sliding_figure(np.eye(3), np.ones((2, 2)))
        The kernel moves along rows 0 to 1 of the picture and fills row 0 of the feature
        map. Columns 0 to 1: sum 2. Columns 1 to 2: sum 1. Blue is above 0, orange below
        0, white 0, grey still open.
    """
    picture = check_numbers(picture, "picture", MOST)
    kernel = check_kernel(kernel, picture)
    feature_map = sums(picture, kernel)
    row, _ = check_place((row, 0), feature_map)
    rows, columns = kernel.shape
    count = feature_map.shape[1]
    places = np.linspace(0, count - 1, min(PANELS, count)).round().astype(int).tolist()

    sheet = Sheet(picture, feature_map)
    panel = max(length("columns 0 to 9"), picture.shape[1] * sheet.wide) + GAP
    in_line = PANELS if PANELS * panel < 10 else 2
    top, told = TOP, []
    for i, column in enumerate(places):
        if i and i % in_line == 0:
            top = sheet.bottom + GAP + TOP
        left = MARGIN + i % in_line * panel
        name = from_to("column", column, columns)
        frame = row, column, rows, columns
        _, low = sheet.numbers(picture, left, top, name, frame=frame)
        draw_map(sheet, feature_map, left, low + TOP, row, column)
        told.append(f"{name.capitalize()}: sum {written(feature_map)[row, column]}.")
    some = f" Of its {count} places {len(places)} are drawn." * (count > len(places))
    return sheet.finish(
        f"The kernel moves along {from_to('row', row, rows)} of the picture "
        f"and fills row {row} of the feature map.{some} {' '.join(told)}",
        {"picture": picture, "kernel": kernel, "feature map": feature_map},
    )


def response_figure(picture, kernels, title="picture"):
    """Show a picture and, beside it, where in it each kernel gives large numbers.

    The feature maps share one scale: blue is above 0, orange below 0, white 0. Under
    each of them stands its kernel.

    Arguments:
        picture: array ``(rows, columns)`` of any size, drawn in grey from black at its
            smallest value to white at its largest.
        kernels: dict of 1 to 4, ``{what to call it: array (rows, columns)}``, each of at
            most 5 rows and 5 columns.
        title: text above the picture.

    Returns:
        `Picture`; its sentence has, for each feature map, the range of its values and
        the first place that is farthest from 0.

    Raises:
        ValueError: no kernels or too many, or arrays of other shapes or without numbers.

    Example:
        >>> response_figure(np.eye(4), {"pairs": np.array([[1, -1]])})
        picture: 4 rows and 4 columns, in grey. Beside it what 1 kernel makes of it.
        pairs: values from -1 to 1, farthest from 0 at row 0, column 0. Blue is above 0,
        orange below 0, white 0.
    """
    picture = check_numbers(picture, "picture")
    kernels = check_kernels(kernels, picture)
    maps = {name: sums(picture, one) for name, one in kernels.items()}
    largest = max(map(largest_size, maps.values()))
    side = min(SIDE, 9 / (len(maps) + 1) - GAP)
    inch = side / max(picture.shape)  # of a pixel, in the picture and in the maps
    sheet, placed = Sheet(*kernels.values()), []

    def draw(values, left, name, colours, ends):
        bottom, right = TOP + len(values) * inch, left + values.shape[1] * inch
        placed.append((values, (left, right, bottom, TOP)))
        sheet.axes.imshow(
            np.ma.masked_invalid(values), colours, vmin=ends[0], vmax=ends[1],
            extent=placed[-1][1], aspect="auto", interpolation="nearest",
        )  # fmt: skip
        sheet.write(left, TOP - LINE / 2, name)
        return sheet.grow(right, bottom)

    _, low = draw(picture, MARGIN, title, GRAY, limits(picture))
    for name, one in maps.items():
        left = sheet.right + GAP
        draw(one, left, name, SIGNED, (-(largest or 1), largest or 1))
        sheet.numbers(kernels[name], left, low + TOP, "its kernel")
    bar, low = sheet.right + GAP, max(low, TOP + 1)  # so that its numbers have room
    sheet.grow(bar + 0.8, low)
    told = [f"{name}: {range_of(one)}." for name, one in maps.items()]
    figure = sheet.finish(
        f"{title}: {count_of(picture)}, in grey. Beside it what {len(maps)} "
        f"kernel{'s make' if len(maps) > 1 else ' makes'} of it. {' '.join(told)}",
        {},
    )
    for values, extent in placed:
        cross_odd(sheet.axes, ~np.isfinite(values), extent)
    figure.sentence += name_odd(({title: picture} | maps).items(), "array")
    if largest:
        width, height = figure.get_size_inches()
        place = bar / width, 1 - low / height, 0.15 / width, (low - TOP) / height
        figure.add_bar(figure.add_axes(place), SIGNED, -largest, largest)
    return figure


# ---------------------------------------------------------------- what is drawn, told


def sums(picture, kernel):
    """Return the sums of the products of a kernel with every patch."""
    patches = sliding_window_view(picture, kernel.shape)
    with np.errstate(all="ignore"):  # NaN and infinity are told in the sentence
        return np.einsum("ijkl,kl", patches, kernel)


def draw_map(sheet, feature_map, left, top, row, column, alone=False):
    """Draw a feature map up to the value at a place, in a frame, or this one alone."""
    order = np.arange(feature_map.size).reshape(feature_map.shape)
    last, frame = order[row, column], (row, column, 1, 1)
    done = order == last if alone else order <= last
    sheet.numbers(feature_map, left, top, "feature map", frame=frame, drawn=done)


def range_of(feature_map):
    """Say from where to where a map goes, and where it is farthest from 0."""
    if not np.isfinite(feature_map).any():
        return "no finite values"
    lowest, highest = limits(feature_map)
    place = farthest(feature_map)
    return (
        f"values from {lowest:.3g} to {highest:.3g}, farthest from 0 at row {place[0]}, "
        f"column {place[1]}"
    )


def farthest(values):
    """Return the first place that is farthest from 0."""
    sizes = np.abs(np.where(np.isfinite(values), values, 0))
    return np.unravel_index(sizes.round(9).argmax(), sizes.shape)


# ------------------------------------------------------------------ what can be drawn


def check_numbers(values, what, most=None):
    """Return an array of two axes as float64, or say what is wrong with it."""
    values = np.asarray(values)
    if values.dtype.kind not in "biuf":
        raise ValueError(
            f"The {what} holds numbers; this array holds {values.dtype}. Pass an array of "
            "integers or floats."
        )
    if values.ndim == 3 and values.shape[-1] == 1:
        values = values[:, :, 0]
    if values.ndim != 2 or not values.size:
        instead = "Pass an array with values."
        if values.size:
            instead = {
                3: f"Of a colour {what}, take one channel with [:, :, 0].",
                4: "Take one with [0, :, :, 0] from a batch of pictures, or with "
                "[:, :, 0, 0] from the kernels of a Conv2D layer.",
            }.get(values.ndim, "Give it both axes with reshape.")
        raise ValueError(
            f"The {what} has the shape (rows, columns); this array has {values.shape}. "
            f"{instead}"
        )
    if most and max(values.shape) > most:
        raise ValueError(
            f"The {what} has {count_of(values)}: of at most {most} rows and {most} columns "
            f"the numbers can be read. Cut out a part with [:{most}, :{most}]."
        )
    return values.astype("float64")


def check_kernel(kernel, picture, what="kernel"):
    """Return a kernel that fits into a picture, as float64, or say what is wrong."""
    kernel = check_numbers(kernel, what, KERNEL)
    if kernel.shape[0] > picture.shape[0] or kernel.shape[1] > picture.shape[1]:
        raise ValueError(
            f"The {what} has {count_of(kernel)}, the picture {count_of(picture)}: there is "
            "no place where it fits. Pass a larger picture or a smaller kernel."
        )
    return kernel


def check_kernels(kernels, picture):
    """Return the kernels by what to call them, or say what is wrong."""
    if not isinstance(kernels, dict) or not 1 <= len(kernels) <= PANELS:
        given = (
            f"a dict of {len(kernels)}"
            if isinstance(kernels, dict)
            else type(kernels).__name__
        )
        raise ValueError(
            f"The kernels are a dict of 1 to {PANELS}, each with what to call it; this is "
            f'{given}. Write response_figure(picture, {{"vertical edges": kernel}}).'
        )
    return {
        str(name): check_kernel(one, picture, f"kernel {name!r}")
        for name, one in kernels.items()
    }


def check_bias(bias):
    """Return the bias, 0 where there is none, or say that it is no number."""
    if bias is None:
        return 0.0
    if np.ndim(bias) or np.asarray(bias).dtype.kind not in "biuf":
        raise ValueError(f"bias={bias!r}: write one number, or None for no bias.")
    return float(bias)


def check_place(place, feature_map):
    """Return a place in integers from 0, or say which there are; None is the farthest."""
    if place is None:
        place = farthest(feature_map)
    try:
        row, column = map(operator.index, place)
        np.zeros(feature_map.shape)[row, column]
    except (TypeError, ValueError, IndexError):
        rows, columns = feature_map.shape
        raise IndexError(
            f"{place!r} is not a place of the map, which has {count_of(feature_map)}. "
            f"Write a row from 0 to {rows - 1} and a column from 0 to {columns - 1}."
        ) from None
    return row % feature_map.shape[0], column % feature_map.shape[1]
