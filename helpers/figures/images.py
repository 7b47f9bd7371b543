"""One picture as it is, or several side by side."""

import textwrap

import numpy as np

from .picture import GAP_COLOUR, Picture, add_frame, limits, name_odd
from .tiles import EDGE, GAP, LETTER, draw_tile, frame_tiles, inches


def image_figure(image, title="", box=None, white=None):
    """Show one picture as it is, every pixel a square.

    Arguments:
        image: array ``(rows, columns, 3)`` in colour, ``(rows, columns)`` or
            ``(rows, columns, 1)`` in grey: whole numbers from 0 to 255 or floats from
            0 to 1. 0 is black.
        title: text above the picture.
        box: two slices, rows and columns, of the pixels to put into a frame, such as
            the receptive field that `explain` gives.
        white: the number that is shown white, by default 255 for whole numbers and 1
            for floats.

    Returns:
        `Picture`, 3 inches wide or, for a wide image, up to 10.

    Raises:
        ValueError: the array is not one picture, a value of it is below 0, above
            ``white`` or NaN, or the box holds none of its pixels.

    Example:
        >>> from helpers.datasets import cat_photograph
        >>> image_figure(cat_photograph(), "cat")
        cat: 32 rows, 32 columns, 3 channels of uint8, values from 0 to 207.
    """
    image = shown_picture(image)
    most = check_pixels(image, white)
    wide = max(3, min(10, 3 * image.shape[1] / image.shape[0]))
    tall = min(6, wide * image.shape[0] / image.shape[1])
    picture = Picture(figsize=(wide, tall + 0.3), layout="constrained")
    axes = picture.add_subplot()
    pixels = image if image.ndim == 2 else in_colour(image, white)
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=most, interpolation="nearest")
    axes.set(title=picture.plain(title), xticks=[], yticks=[])
    axes.spines[:].set_color(GAP_COLOUR)  # or white pixels would not be seen on white
    channels = "3 channels" if image.shape[2:] == (3,) else "1 channel"
    picture.sentence = (
        f"{title or 'A picture'}: {image.shape[0]} rows, {image.shape[1]} columns, "
        f"{channels} of {image.dtype}, "
        f"values from {float(image.min()):.3g} to {float(image.max()):.3g}."
    )
    if white is not None:
        picture.sentence += f" Black is 0, white {white:.3g}."
    if box is not None:
        rows, columns = (range(size)[part] for size, part in zip(image.shape, box))
        if not (rows and columns):
            raise ValueError(f"box={box!r}: there is no pixel of the picture in it.")
        corner = columns[0] - 0.5, rows[0] - 0.5
        add_frame(axes, corner, len(columns), len(rows))
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
            To compare, a dict ``{name: pictures}``, such as before and after training:
            each name stands at the left of a row of its own.
        titles: the texts, one for each picture; none by default.
        columns: how many pictures stand in a row; of a dict, all of a name.
        title: text above them all.
        scale: for grey pictures. ``"own"``: each from black at its own smallest value
            to white at its own largest; ``"shared"``: one scale for all of them. NaN and
            infinity are on no scale: yellow with an x.
        sentence: what the picture says as text; by default computed. The computed one
            holds ``titles``, but no values of the pictures.

    Returns:
        `Picture`.

    Raises:
        ValueError: an array is no picture, a colour is not from 0 to 255 or, as a
            float, from 0 to 1, the number of titles is not that of the pictures, names
            have different numbers of pictures, or ``scale`` is not one of these words.

    Example:
        >>> maps = np.arange(8.0).reshape(2, 2, 2)
        >>> image_row(maps, ["step 0", "step 10"], title="one map", scale="shared")
        one map: 2 pictures, step 0; step 10. In grey, on one scale shown by the bar.
    """
    names = [""]
    if isinstance(images, dict):
        names, columns, images = rows_of(images)
    images = [shown_picture(image) for image in images]
    images = [x if x.ndim == 2 else in_colour(x) for x in images]
    titles = [""] * len(images) if titles is None else [str(text) for text in titles]
    if not images or len(titles) != len(images):
        raise ValueError(
            f"{len(images)} pictures and {len(titles)} titles: pass at least one picture, "
            "and one title for each."
        )
    if scale not in ("own", "shared"):
        raise ValueError(f'scale={scale!r}: write scale="own" or scale="shared".')
    grey = [image.ravel() for image in images if image.ndim == 2]
    finite = any(np.isfinite(image).any() for image in grey)
    with_bar = finite and scale == "shared"
    shared = limits(np.concatenate(grey)) if with_bar else None

    columns = min(columns, len(images))
    longest = max(map(len, names))
    beside = bool(longest) * (longest * 9 * LETTER + GAP)  # inches, as all below
    cell = min(2.2, (9.2 - beside) / columns)
    side = cell - 0.12
    texts = [textwrap.fill(text, max(8, int(13 * cell))) for text in titles]
    line = side + 0.2 + 0.17 * max(text.count("\n") + bool(text) for text in texts)
    width = max(3, beside + cell * columns + 0.2) + 0.8 * with_bar
    height = 0.45 + line * -(-len(images) // columns)
    picture = Picture(figsize=(width, height))
    axes = inches(picture)
    boxes = []
    for i, (image, text) in enumerate(zip(images, texts)):
        left, top = EDGE + beside + i % columns * cell, 0.4 + i // columns * line
        tall, wide = (side * size / max(image.shape[:2]) for size in image.shape[:2])
        boxes.append((left, top, wide, tall))
        draw_tile(axes, image, boxes[-1], *(shared or limits(image)))
        axes.text(left, top + side + 0.05, picture.plain(text), va="top", fontsize=9)
    frame_tiles(axes, boxes)
    axes.text(EDGE, 0.3, picture.plain(title), fontsize=12)
    for i, name in enumerate(names if longest else ()):
        at = EDGE + beside - GAP, 0.4 + i * line + side / 2, picture.plain(name)
        axes.text(*at, fontsize=9, ha="right", va="center")
    if with_bar:
        place = (width - 0.75) / width, 1 - (0.4 + side) / height
        bar = picture.add_axes((*place, 0.15 / width, side / height))
        picture.add_bar(bar, "gray", *shared)
    called = [
        f"picture {i}{f' ({text})' * bool(text)}" for i, text in enumerate(titles)
    ]
    named = "; ".join(" ".join(text.split()) for text in titles if text)
    rows = f"In rows: {', '.join(names)}. " * bool(longest)
    on = "on one scale shown by the bar" if with_bar else "each on its own scale"
    on = on if finite else "on no scale"
    how = f"In grey, {on}." if grey else "In colour."
    if 0 < len(grey) < len(images):
        how = f"Some in colour, the others in grey, {on}."
    picture.sentence = sentence or (
        f"{title}: {len(images)} picture{'s' * (len(images) > 1)}"
        f"{', ' * bool(named)}{named}. {rows}{how}"
        f"{name_odd(zip(called, images), 'picture')}"
    )
    return picture


def rows_of(named):
    """Return the names of a dict of pictures, how many each has, and all in one list."""
    counts = {str(name): len(images) for name, images in named.items()}
    if len(set(counts.values())) != 1 or 0 in counts.values():
        told = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise ValueError(
            f"Each name has as many pictures as the others, at least one; here {told}."
        )
    return (
        [*counts],
        max(counts.values()),
        [x for images in named.values() for x in images],
    )


def shown_picture(image):
    """Return ``(rows, columns)`` or ``(rows, columns, 3)``, or say what is wrong."""
    image = np.asarray(image)
    if image.dtype.kind in "cmMOSU":
        raise ValueError(f"A picture holds numbers, this array holds {image.dtype}.")
    if image.ndim == 3 and image.shape[-1] == 1:
        image = image[:, :, 0]
    if image.ndim in (2, 3) and image.shape[2:] in ((), (3,)) and image.size:
        return image
    instead = "Pass a list of pictures, or an array with pictures on its first axis."
    if image.ndim == 4:
        instead = "Take one picture out of a batch with images[0]."
    elif image.ndim == 3 and image.shape[0] in (1, 3) and image.size:
        instead = "If its channels come first, write image.transpose(1, 2, 0)."
    raise ValueError(
        "A picture has the shape (rows, columns, 3) or (rows, columns), this array has "
        f"{image.shape}. {instead}"
    )


def in_colour(image, white=None):
    """Return a colour picture as Matplotlib takes it: uint8, or float from 0 to 1."""
    most = check_pixels(image, white)
    return image if image.dtype == np.uint8 and most == 255 else image / most


def check_pixels(image, white=None):
    """Return the number that is white, or say why the picture cannot be shown as it is."""
    whole = image.dtype.kind in "iu"
    if white is None:
        white = 255 if whole else 1
    elif not (isinstance(white, (int, float, np.number)) and 0 < white < np.inf):
        raise ValueError(
            f"white={white!r}: write the number that is shown white, such as 9; black is 0."
        )
    low, high = image.min(), image.max()
    if 0 <= low and high <= white:
        return white
    in_words = f"values from {low} to {high}"
    finite = np.isfinite([low, high]).all()
    if not finite:
        in_words = f"{'NaN' if np.isnan(low) else 'infinity'} among its values"
    if image.ndim == 2:
        fix = "To draw any numbers in grey, write image_row([image])."
        if finite and low >= 0:
            fix = f"To make {high} white, write image_figure(image, white={high})."
    elif not finite:
        fix = "To make that black, write np.where(np.isfinite(image), image, 0)."
    else:
        fix = f"To cut off the rest, write np.clip(image, 0, {white})."
        if white == 1 and low >= 0:
            fix = f"Divide pixels from 0 to 255 by 255. {fix}"
    raise ValueError(
        f"A picture of {image.dtype} is shown from 0, black, to {white}, white; this one "
        f"has {in_words}. {fix}"
    )
