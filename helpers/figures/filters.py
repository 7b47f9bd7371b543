"""The filters of a convolution as a grid."""

import numpy as np

from .feature_maps import check_numbers, name_range, named_alike
from .mosaic import on_scale, paint
from .picture import SIGNED, limits, name_odd
from .tiles import Mosaic, frame_tiles

GROUND = "#808080"  # the middle between black and white


def filter_grid(
    kernel, count=None, columns=8, channel=None, title="filters", figsize=None
):
    """Draw the filters of a convolution side by side, each with its number.

    Arguments:
        kernel: a Conv2D layer's kernel, ``(rows, columns, channels, filters)``; or, to
            compare, a dict ``{name: kernel}``, as for `feature_map_grid`.
        count, columns, title, figsize: as for `feature_map_grid`.
        channel: which input channel of every filter to draw, or ``"mean"`` of them. By
            default the first layer's filters, of 3 channels, are drawn in colour, with 0
            as the grey they stand on; others are averaged over their channels.

    All filters share one scale, the same to both sides of 0: orange is negative, blue
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
        filters: 8 of 32 filters, 3 rows by 3 columns each, in colour: the grey around
        is 0, darker is negative, brighter positive. Weights from -0.137 to 0.137.
    """
    named = named_alike(kernel, check_kernel)
    *form, channels, filters = next(iter(named.values())).shape
    numbers = check_numbers(count, None, filters, "filters")
    whole = {name: one[..., numbers] for name, one in named.items()}
    if isinstance(channel, (int, np.integer)) and 0 <= channel < channels:
        whole = {name: one[:, :, [channel]] for name, one in whole.items()}
    elif channel not in (None, "mean"):
        raise ValueError(
            f"channel={channel!r}: these filters have 0 to {channels - 1}; "
            'channel="mean" draws the mean.'
        )
    in_colour = channels == 3 and channel is None
    parts = whole
    how = f"input channel {channel}: orange is negative, white 0, blue positive"
    if in_colour:
        how = "in colour: the grey around is 0, darker is negative, brighter positive"
    elif channel in (None, "mean"):
        with np.errstate(invalid="ignore"):  # infinity - infinity, marked below
            parts = {
                k: one.mean(axis=2, keepdims=True, dtype="float64")
                for k, one in whole.items()
            }
        how = f"mean of {channels} channels: orange is negative, white 0, blue positive"
    every = np.stack(list(parts.values()))
    limit = max(map(abs, limits(every))) or 1
    mosaic = Mosaic(
        f"{title}: {len(numbers)} of {filters} filters", len(numbers), form, columns,
        named, None, figsize, not in_colour, f"{how[0].upper()}{how[1:]}.", GROUND,
    )  # fmt: skip
    told = f" In rows: {', '.join(named)}." if isinstance(kernel, dict) else ""
    for line, (name, one) in enumerate(parts.items()):
        scaled = on_scale(one, -limit, limit)
        if in_colour:
            tiles = paint(np.moveaxis(scaled, 2, 3))
        else:
            tiles = paint(scaled[:, :, 0], SIGNED)
        mosaic.put(line, tiles, ~np.isfinite(whole[name]).all(axis=2))
        said = name_odd(enumerate(np.moveaxis(whole[name], -1, 0)), "filter")
        told += f" {name}:{said}" if name and said else said
    mosaic.show()
    if not in_colour:
        frame_tiles(mosaic.axes, mosaic.boxes())
        mosaic.add_bar(SIGNED, -limit, limit)
    mosaic.picture.sentence = (
        f"{title}: {len(numbers)} of {filters} filters, "
        f"{form[0]} rows by {form[1]} columns each, {how}. "
        f"{name_range(every, 'Weights')}{told}"
    )
    return mosaic.picture


def check_kernel(kernel):
    """Return a Conv2D kernel as an array, or say what is wrong."""
    kernel = np.asarray(kernel)
    if kernel.ndim != 4 or 0 in kernel.shape:
        raise ValueError(
            "A Conv2D kernel has the shape (rows, columns, channels, filters); this array "
            f"has {kernel.shape}. Pass model.get_layer(name).kernel."
        )
    return kernel
