"""One picture as it is, or several side by side."""

import textwrap

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from helpers.figures.picture import GAP_COLOUR, POSITIVE, Picture


def image_figure(image, title="", box=None):
    """Show one picture as it is, every pixel a square.

    Arguments:
        image: array ``(rows, columns, 3)`` or ``(rows, columns)``, uint8 from 0 to
            255 or float from 0 to 1.
        title: text above the picture.
        box: two slices, rows and columns, of the pixels to put into a frame, such as
            the receptive field that `explain` gives.

    Returns:
        `Picture`, 3 inches wide or, for a wide image, up to 10.

    Raises:
        ValueError: the array is not one picture, or the box holds none of its pixels.

    Example:
        >>> from helpers.datasets import cat_photograph
        >>> image_figure(cat_photograph(), "cat")
        cat: 32 rows, 32 columns, 3 channels of uint8, values from 0 to 207.
    """
    image = np.asarray(image)
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[-1] not in (1, 3)):
        raise ValueError(
            f"One picture has the shape (rows, columns, 3), this array has {image.shape}. "
            "Take one picture out of a batch with images[0]."
        )
    wide = max(3, min(10, 3 * image.shape[1] / image.shape[0]))
    tall = min(6, wide * image.shape[0] / image.shape[1])
    picture = Picture(figsize=(wide, tall + 0.3), layout="constrained")
    axes = picture.add_subplot()
    axes.imshow(image, cmap="gray", interpolation="nearest")
    axes.set(title=title, xticks=[], yticks=[])
    axes.spines[:].set_color(GAP_COLOUR)  # or white pixels would not be seen on white
    channels = "3 channels" if image.shape[2:] == (3,) else "1 channel"
    picture.sentence = (
        f"{title or 'A picture'}: {image.shape[0]} rows, {image.shape[1]} columns, "
        f"{channels} of {image.dtype}, "
        f"values from {image.min():.3g} to {image.max():.3g}."
    )
    if box is not None:
        rows, columns = (range(size)[part] for size, part in zip(image.shape, box))
        if not (rows and columns):
            raise ValueError(f"box={box!r}: there is no pixel of the picture in it.")
        corner = columns[0] - 0.5, rows[0] - 0.5
        for colour, line in (("white", 4), (POSITIVE, 2)):  # seen on every picture
            axes.add_patch(
                Rectangle(
                    corner, len(columns), len(rows), fill=False, ec=colour, lw=line
                )
            )
        picture.sentence += (
            f" The frame holds rows {rows[0]} to {rows[-1]} and columns {columns[0]} to "
            f"{columns[-1]}."
        )
    return picture


def image_row(
    images, titles=None, columns=8, title="pictures", scale="own", sentence=None
):
    """Show pictures side by side, each with a short text under it.

    Arguments:
        images: list of arrays, or one array with the pictures on its first axis:
            colour ``(rows, columns, 3)``, uint8 from 0 to 255 or float from 0 to 1,
            shown as they are; or ``(rows, columns)``, shown in grey. Sizes may differ.
        titles: the texts, one for each picture; none by default.
        columns: how many pictures stand in a row.
        title: text above them all.
        scale: for grey pictures. ``"own"``: each from black at its own smallest value
            to white at its own largest; ``"shared"``: one scale for all of them.
        sentence: what the picture says as text; by default computed. The computed one
            holds ``titles``, but no values of the pictures.

    Returns:
        `Picture`.

    Raises:
        ValueError: an array is no picture, a float colour is not from 0 to 1, the
            number of titles is not that of the pictures, or ``scale`` is another word.

    Example:
        >>> maps = np.arange(8.0).reshape(2, 2, 2)
        >>> image_row(maps, ["step 0", "step 10"], title="one map", scale="shared")
        one map: 2 pictures, step 0; step 10. In grey, on one scale shown by the bar.
    """
    images = [shown_picture(image) for image in images]
    titles = [""] * len(images) if titles is None else [str(text) for text in titles]
    if not images or len(titles) != len(images):
        raise ValueError(
            f"{len(images)} pictures and {len(titles)} titles: pass at least one picture, "
            "and one title for each."
        )
    if scale not in ("own", "shared"):
        raise ValueError(f'scale={scale!r}: write scale="own" or scale="shared".')
    grey = [image for image in images if image.ndim == 2]
    with_bar = bool(grey) and scale == "shared"
    limits = None, None  # of each picture alone
    if with_bar:
        limits = min(map(np.min, grey)), max(map(np.max, grey))

    columns = min(columns, len(images))
    cell = min(2.2, 9.2 / columns)  # inches, as everything below
    side = cell - 0.12
    texts = [textwrap.fill(text, max(8, int(13 * cell))) for text in titles]
    line = side + 0.2 + 0.17 * max(text.count("\n") + bool(text) for text in texts)
    width = max(3, cell * columns + 0.2) + 0.8 * with_bar
    height = 0.45 + line * -(-len(images) // columns)
    picture = Picture(figsize=(width, height))
    axes = picture.add_axes((0, 0, 1, 1))
    for i, (image, text) in enumerate(zip(images, texts)):
        left, top = 0.15 + i % columns * cell, 0.4 + i // columns * line
        tall, wide = (side * size / max(image.shape[:2]) for size in image.shape[:2])
        extent = left, left + wide, top + tall, top
        axes.imshow(
            image, "gray", vmin=limits[0], vmax=limits[1], extent=extent,
            interpolation="nearest",
        )  # fmt: skip
        # A frame, or a white picture would not be seen on white.
        axes.add_patch(Rectangle((left, top), wide, tall, fill=False, ec=GAP_COLOUR))
        axes.text(left, top + side + 0.05, text, va="top", fontsize=9)
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    axes.text(0.15, 0.3, title, fontsize=12)
    if with_bar:
        place = (width - 0.75) / width, 1 - (0.4 + side) / height
        bar = picture.add_axes((*place, 0.15 / width, side / height))
        picture.colorbar(ScalarMappable(Normalize(*limits), "gray"), cax=bar)
    named = "; ".join(" ".join(text.split()) for text in titles if text)
    on = "on one scale shown by the bar" if with_bar else "each on its own scale"
    how = f"In grey, {on}." if grey else "In colour."
    if 0 < len(grey) < len(images):
        how = f"Some in colour, the others in grey, {on}."
    picture.sentence = sentence or (
        f"{title}: {len(images)} picture{'s' * (len(images) > 1)}"
        f"{', ' * bool(named)}{named}. {how}"
    )
    return picture


def shown_picture(image):
    """Return a picture as Matplotlib shows it, or say what is wrong with it."""
    image = np.asarray(image)
    if image.ndim == 3 and image.shape[-1] == 1:
        image = image[:, :, 0]
    if image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)) or not image.size:
        raise ValueError(
            "A picture has the shape (rows, columns, 3) or (rows, columns), this array "
            f"has {image.shape}. Pass a list of pictures, or an array with the pictures "
            "on its first axis."
        )
    if image.ndim == 2:
        return image.astype("float32")
    if image.dtype != np.uint8 and not (0 <= image.min() <= image.max() <= 1):
        raise ValueError(
            f"A colour picture of {image.dtype} has values from 0 to 1, this one from "
            f"{image.min():.3g} to {image.max():.3g}. Divide pixels from 0 to 255 by 255."
        )
    return image
