"""What training changes, seen: one step, maps on the way, pictures before and after."""

import textwrap
from collections import Counter

import numpy as np

from .curves import CURVES, MARKS, curve_figure
from .images import in_colour, shown_picture
from .picture import Picture, add_frame, limits, name_odd
from .tiles import EDGE, GAP, LETTER, draw_tile, frame_tiles, inches

WIDTH, LINE = 10, 0.18  # inches: a picture, a line of text
MOST = 16  # tiles in a row, or there is no room for the words under them


def top_pictures(
    images, maps, names=None, field=None, count=8, title="strongest pictures"
):
    """Show the pictures to which a channel responds most, each row those of one network.

    A picture counts by the largest value in its map. Those that have the smallest one of
    all, such as 0 behind ReLU, are left out: the channel does not answer to them.

    Arguments:
        images: array ``(images, rows, columns, 3)`` or ``(images, rows, columns)``, uint8
            from 0 to 255 or float from 0 to 1.
        maps: ``{words beside the row: maps}``, such as ``{"before": ..., "after": ...}``.
            Maps are one channel's for all images, ``(images, rows, columns)``.
        names: a word for each image, such as its class.
        field: function of a row and a column of a map that gives two slices, the part
            of a picture that the value there sees, its receptive field. The part that
            the largest value sees is framed. Without ``field`` there is no frame.
        count: how many pictures stand in a row, at most.
        title: text above.

    Returns:
        `Picture`. Under each image stand its word and the largest value in its map; the
        sentence counts the words, or numbers the images where there are none.

    Raises:
        ValueError: maps are not one channel's for these images or hold NaN or infinity,
            there are not as many names as images, ``count`` is not from 1 to 16, or
            what ``field`` gives is no part of a picture.

    Example:
        >>> images, maps = np.zeros((3, 8, 8)), np.zeros((3, 2, 2))
        >>> maps[0, 0, 1], maps[2, 1, 1] = 5, 7
        >>> top_pictures(images, {"after": maps}, ["ring", "disc", "ring"])
        strongest pictures: for each row, up to 8 of 3 pictures, largest value first.
        after: 2 × ring.
    """
    images = [shown_picture(image) for image in images]
    maps = {name: one_channel(name, array, len(images)) for name, array in maps.items()}
    if names is not None and len(names) != len(images):
        raise ValueError(f"{len(images)} images and {len(names)} names: give each one.")
    if not maps or not isinstance(count, (int, np.integer)) or not 1 <= count <= MOST:
        raise ValueError(
            f"{len(maps)} rows of count={count!r} pictures: pass maps such as "
            f'{{"before": maps}}, and a count from 1 to {MOST}.'
        )
    words = [f"picture {i}" for i in range(len(images))] if names is None else names
    rows, said = {}, []
    for name, array in maps.items():
        peaks = array.max(axis=(1, 2))
        above = np.argsort(-peaks, kind="stable")[:count]
        above = above[peaks[above] > peaks.min()]
        rows[name] = [
            {"image": images[i], "text": f"{words[i]}\n{peaks[i]:.3g}"} for i in above
        ]
        counted = Counter(str(words[i]) for i in above)
        counted = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
        shown = ", ".join(f"{n} × {word}" if n > 1 else word for word, n in counted)
        said.append(f"{name}: {shown or f'{peaks[0]:.3g} for every picture'}.")
        if field is not None:
            for i, tile in zip(above, rows[name]):
                row, column = np.unravel_index(array[i].argmax(), array[i].shape)
                tile["part"] = pixels_in(field(int(row), int(column)), images[i])
    picture = rows_of_tiles(rows, min(count, len(images)), title)
    framed = " The largest value sees what is framed." * (field is not None)
    picture.sentence = (
        f"{title}: for each row, up to {count} of {len(images)} pictures, largest value "
        f"first. {' '.join(said)}{framed}"
    )
    return picture


def film_strip(image, filmed, channels, title="film"):
    """Show how feature maps of one image form: each row a channel, from step to step.

    The image itself stands in front of each row. NaN and infinity are on no scale:
    yellow with an x.

    Arguments:
        image: the picture that went in, ``(rows, columns, 3)`` or ``(rows, columns)``.
        filmed: ``{step: maps}``, maps ``(rows, columns, channels)`` of one layer.
        channels: the numbers of the channels to show.
        title: text above.

    Returns:
        `Picture`. Beside each row stand the channel and its scale, one for all steps:
        black is the row's smallest value, white its largest. The sentence holds no
        numbers of channels and no values, which another training would change.

    Raises:
        ValueError: there is no step or no channel, there are more than 15 steps, maps
            are not of that shape or not of one shape, or a channel is not there.

    Example:
        >>> filmed = {step: np.full((4, 4, 2), step) for step in (0, 10)}
        >>> film_strip(np.zeros((8, 8)), filmed, [1])
        film: the picture, then 1 channel at 2 steps, 0 to 10. Each row has a scale of
        its own. In 1 of 1 rows the largest value ends higher than it begins.
    """
    image = shown_picture(image)
    filmed = {step: np.asarray(maps, float) for step, maps in filmed.items()}
    shapes = {maps.shape for maps in filmed.values()}
    channels = [int(channel) for channel in channels]
    if len(shapes) != 1 or len(min(shapes)) != 3 or 0 in min(shapes) or not channels:
        raise ValueError(
            "A film needs a channel, and maps (rows, columns, channels) of one shape for "
            f"each step; here are {len(channels)} channels and maps of "
            f"{', '.join(map(str, sorted(shapes))) or 'no step'}. Of a batch, take one "
            "picture: outputs[0]."
        )
    if len(filmed) >= MOST:
        raise ValueError(f"{len(filmed)} steps: choose at most {MOST - 1} of them.")
    wrong = [one for one in channels if not 0 <= one < min(shapes)[2]]
    if wrong:
        raise ValueError(
            f"There is no channel {wrong[0]}: the maps have 0 to {min(shapes)[2] - 1}."
        )
    rows, grew, parts = {}, 0, []
    for channel in channels:
        frames = [maps[:, :, channel] for maps in filmed.values()]
        scale = limits(np.stack(frames))
        name = f"channel {channel}\n{scale[0]:.2g} to {scale[1]:.2g}"
        frames_on_scale = [{"image": frame, "scale": scale} for frame in frames]
        rows[name] = [{"image": image}, *frames_on_scale]
        grew += bool(limits(frames[-1])[1] > limits(frames[0])[1])
        parts += [(f"channel {channel}", np.stack(frames))]
    steps = [str(step) for step in filmed]
    heads = ["step", "picture", *steps]
    picture = rows_of_tiles(rows, 1 + len(steps), title, heads)
    picture.sentence = (
        f"{title}: the picture, then {len(channels)} channel{'s' * (len(channels) > 1)} "
        f"at {len(steps)} steps, {steps[0]} to {steps[-1]}. Each row has a scale of its "
        f"own. In {grew} of {len(channels)} rows the largest value ends higher than it "
        f"begins.{name_odd(parts, 'row')}"
    )
    return picture


def step_figure(loss, weight, gradient, rates, title="one step"):
    """Draw the loss over one weight, its slope, and where steps of SGD lead.

    Arguments:
        loss: function of one weight.
        weight: the weight before the step.
        gradient: the slope of the loss there.
        rates: learning rates, each for a step of its own from ``weight``.
        title: text above.

    Returns:
        `Picture`; its sentence says where each step leads.

    Raises:
        ValueError: there is no rate, or the loss or a new weight is no finite number.

    Example:
        >>> step_figure(lambda weight: weight**2, 1.0, 2.0, [0.1, 1.5])
        one step: weight 1, loss 1, slope 2. A step with rate 0.1 leads to weight 0.8,
        loss 0.64, lower. A step with rate 1.5 leads to weight -2, loss 4, higher.
    """
    ends = [float(weight - rate * gradient) for rate in rates]
    losses = [float(loss(end)) for end in (weight, *ends)]
    if not ends or not np.isfinite([weight, *ends, *losses]).all():
        raise ValueError(
            f"From weight {weight}, steps lead to {ends}, and the losses are {losses}: "
            "pass at least one learning rate, and numbers that are finite."
        )
    low, high = min(weight, *ends), max(weight, *ends)
    margin = (high - low) / 8 or 1
    picture = Picture(figsize=(8, 3.5), layout="constrained")
    axes = picture.add_subplot(
        title=picture.plain(title), xlabel="weight", ylabel="loss"
    )
    line = np.linspace(low - margin, high + margin, 200)
    axes.plot(line, [float(loss(one)) for one in line], color="#808080", label="loss")
    near = weight + np.array([-1, 1.5]) * margin
    slope = losses[0] + gradient * (near - weight)
    axes.plot(near, slope, "--", color=CURVES[4], lw=2.5, label=f"slope {gradient:.4g}")
    before = f"weight {weight:.4g}, loss {losses[0]:.4g}"
    point = {"linestyle": "", "markersize": 8, "zorder": 3}
    axes.plot(weight, losses[0], marker="o", color="black", label=before, **point)
    said = [f"{title}: {before}, slope {gradient:.4g}."]
    for i, (rate, end, after) in enumerate(zip(rates, ends, losses[1:])):
        colour, leads = CURVES[i % 4], f"weight {end:.4g}, loss {after:.4g}"
        bend = -0.3 if end > weight else 0.3  # over the slope, not along it
        look = {"connectionstyle": f"arc3,rad={bend}", "color": colour, "lw": 2}
        look["arrowstyle"] = "->"
        axes.annotate("", (end, after), (weight, losses[0]), arrowprops=look)
        named = f"rate {rate:g}:\n{leads}"
        mark = MARKS[1 + i % 6]
        axes.plot(end, after, marker=mark, color=colour, label=named, **point)
        than = "lower" if after < losses[0] else "higher"
        than = "equal" if after == losses[0] else than
        said.append(f"A step with rate {rate:g} leads to {leads}, {than}.")
    axes.grid(alpha=0.3)
    picture.legend(loc="outside right center")
    picture.sentence = " ".join(said)
    return picture


def spread_figure(spreads, title="spread"):
    """Draw how the spread of layer outputs changes from layer to layer.

    The axis of the spread is logarithmic: equal distances are equal factors, so that a
    factor which is the same for all layers gives a straight line.

    Arguments:
        spreads: ``{name: spreads}``, first that of the input, then one for each layer.
        title: text above.

    Returns:
        `Picture`; its sentence says where each line ends.

    Raises:
        ValueError: a spread is 0, negative, NaN or infinity, which such an axis does not
            have; or as for `curve_figure`.

    Example:
        >>> spread_figure({"half": [1, 0.5, 0.25], "double": [1, 2, 4]})
        spread: over 2 layers, on a logarithmic axis. half: from 1 to 0.25. double:
        from 1 to 4.
    """
    for name, values in spreads.items():
        values = np.asarray(values, float)
        if not (np.isfinite(values) & (values > 0)).all():
            raise ValueError(
                f"{name} holds {values[~(np.isfinite(values) & (values > 0))][0]:g}: a "
                "logarithmic axis has only finite numbers above 0. A spread of 0 says "
                "that all outputs are equal."
            )
    layers = max(map(np.size, spreads.values()), default=0)
    picture = curve_figure(spreads, range(layers), "layer", "spread", title)
    picture.axes[0].set(yscale="log", xticks=range(layers))
    axis, drawn = picture.axes[0].yaxis, np.concatenate([*spreads.values()])
    axis.set_major_formatter("{x:g}")  # or 10 would stand there as a power
    axis.set_minor_formatter("{x:g}" * bool(drawn.max() < 10 * drawn.min()))
    ends = {
        name: [short(values[i]) for i in (0, -1)] for name, values in spreads.items()
    }
    course = [f"{name}: from {a} to {b}." for name, (a, b) in ends.items()]
    picture.sentence = (
        f"{title}: over {layers - 1} layers, on a logarithmic axis. {' '.join(course)}"
    )
    return picture


def short(number):
    """Write a number with three digits that count, a large one without an exponent."""
    return f"{float(f'{number:.3g}'):g}"


def one_channel(name, maps, images):
    """Return maps as floats, ``(images, rows, columns)``, or say what is wrong."""
    maps = np.asarray(maps, float)
    if maps.ndim != 3 or len(maps) != images or not maps.size:
        raise ValueError(
            f"{name} has the shape {maps.shape}: the maps of one channel for {images} "
            "images have (images, rows, columns). Of a layer's output, take a channel: "
            "output[..., 0]."
        )
    if not np.isfinite(maps).all():
        raise ValueError(
            f"{name} holds NaN or infinity: there is no largest value. "
            "layer_statistics shows where it begins."
        )
    return maps


def pixels_in(part, image):
    """Return the left and top edge, width and height of two slices of an image."""
    try:
        rows, columns = (range(size)[one] for size, one in zip(image.shape, part))
        return columns[0], rows[0], len(columns), len(rows)
    except (TypeError, ValueError, IndexError):
        raise ValueError(
            f"field gives {part!r}: two slices of a picture of {image.shape[:2]} rows and "
            "columns are needed, such as (slice(0, 18), slice(4, 22))."
        ) from None


def rows_of_tiles(rows, columns, title, heads=()):
    """Draw rows of images, with words beside each row and under each image.

    Arguments:
        rows: ``{words: tiles}``; a tile is a dict: ``image``, ``text`` under it and, where
            there are any, ``part``, what to frame (left, top, width, height in pixels),
            and ``scale``, what is black and white.
        columns: how many tiles there is room for.
        title, heads: text above; and above the words and each column.

    Returns:
        `Picture`, 10 inches wide. All is placed in inches: nothing is measured.
    """
    rows = {str(name): tiles for name, tiles in rows.items()}
    longest = max(len(line) for name in rows for line in name.split("\n"))
    left = EDGE + 10 * LETTER * longest + GAP
    across = min(1.6, (WIDTH - left - EDGE + GAP) / columns)
    side = across - GAP
    first, heights = 0.45 + 0.25 * bool(heads), []
    for tiles in rows.values():
        for tile in tiles:
            tile["text"] = wrapped(tile.get("text", ""), side)
        tall = max((height_in(side, tile["image"]) for tile in tiles), default=0)
        lines = [tile["text"].count("\n") + 1 for tile in tiles if tile["text"]]
        heights.append((max(tall, 2 * LINE), LINE * max(lines, default=0) + GAP))
    bottom = first + sum(map(sum, heights))
    picture = Picture(figsize=(WIDTH, bottom + GAP))
    axes, plain = inches(picture), picture.plain
    axes.text(EDGE, 0.3, plain(title), fontsize=12)
    for i, head in enumerate(heads):
        x = left + (i - 1) * across if i else EDGE
        axes.text(x, 0.6, plain(head), fontsize=10)
    top = first
    for (name, tiles), (tall, below) in zip(rows.items(), heights):
        middle = {"va": "center", "fontsize": 10}
        axes.text(EDGE, top + tall / 2, plain(name), **middle)
        if not tiles:
            axes.text(left, top + tall / 2, "no picture stands out", **middle)
        for i, tile in enumerate(tiles):
            x, text = left + i * across, plain(tile.pop("text"))
            draw_one(axes, x, top, side, **tile)
            axes.text(x, top + tall + 0.04, text, va="top", fontsize=10)
        top += tall + below
    return picture


def height_in(side, image):
    """Return how high an image is that fits into a square."""
    return side * image.shape[0] / max(image.shape[:2])


def wrapped(text, width):
    """Break the lines of a text of 10 points where they are wider than so many inches."""
    letters = max(6, int(width / 10 / LETTER))
    return "\n".join(textwrap.fill(line, letters) for line in text.split("\n"))


def draw_one(axes, left, top, side, image, part=None, scale=None):
    """Draw an image into a square, its frame, and what is to be framed in it."""
    tall, pixel = height_in(side, image), height_in(side, image) / len(image)
    box = left, top, pixel * image.shape[1], tall
    if image.ndim == 3:
        draw_tile(axes, in_colour(image), box)
    else:
        draw_tile(axes, image, box, *(scale or limits(image)))
    frame_tiles(axes, [box])
    if part is not None:
        x, y, width, height = (pixel * number for number in part)
        add_frame(axes, (left + x, top + y), width, height, line=1.5)
