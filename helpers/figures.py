"""Pictures of layer outputs. Each comes with a sentence that says what it shows.

Every function returns a `Picture`, a Matplotlib figure made without ``pyplot``
(half a second less to import) that shows itself in a notebook.
"""

import io
import textwrap

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation

from helpers.statistics import dead_channels

POSITIVE, NEGATIVE = "#0072b2", "#d55e00"  # told apart with every colour vision
GAP_COLOUR = "#9db8d9"  # no grey: a grey gap would look like a dead map
CURVES = POSITIVE, NEGATIVE, "#009e73", "#cc79a7", "#e69f00", "black"
LINES, MARKS = ("-", "--", "-.", ":"), "osD^vPX"


class Picture(Figure):
    """A Matplotlib ``Figure`` with a sentence that says what it shows.

    A notebook shows the picture and prints the sentence under it; as text it is the
    sentence alone. ``picture.savefig(path)`` works as with every figure.
    """

    sentence = "An empty picture."

    def __str__(self):
        return self.sentence

    __repr__ = __str__

    def png(self, dpi=200):
        """Return the picture as bytes in PNG format."""
        buffer = io.BytesIO()
        # The fastest compression: files of the same pixels, a third larger.
        self.savefig(buffer, format="png", dpi=dpi, pil_kwargs={"compress_level": 1})
        for text in self.findobj(Text):  # each keeps the drawing's pixels, 6 MB
            text._renderer = None  # and the notebook keeps this picture
        return buffer.getvalue()

    def _ipython_display_(self):
        from IPython.display import display

        width, height = (self.get_size_inches() * 100).astype(int).tolist()
        display(
            {"image/png": self.png(), "text/plain": self.sentence},
            metadata={"image/png": {"width": width, "height": height}},
            raw=True,
        )
        print(textwrap.fill(self.sentence, 88))


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


def curve_figure(curves, x=None, x_label="", y_label="", title="", sentence=None):
    """Draw numbers as curves with a mark at each point.

    Curves differ in colour, kind of line and kind of mark. Beside them stand their
    names, in the order of their last values.

    Arguments:
        curves: dict ``{name: values}``, all of one length.
        x: where the values stand: numbers, or words such as names of layers. By
            default 0, 1, 2, ...
        x_label: what ``x`` is.
        y_label: what the values are.
        title: text above.
        sentence: what the picture says as text; by default computed, without the
            values, which a new training would change.

    Returns:
        `Picture` of 8×3.5 inches.

    Raises:
        ValueError: there is no curve, a curve is no row of numbers, or its length is
            not that of ``x``.

    Example:
        >>> curves = {"loss": [2.3, 1.0, 0.4]}
        >>> curve_figure(curves, [0, 50, 100], "step", title="training")
        training: 3 points from 0 to 100 (step). loss ends lower than it begins.
    """
    curves = {name: np.asarray(values, float) for name, values in curves.items()}
    if not curves:
        raise ValueError('There is no curve. Pass a dict such as {"loss": losses}.')
    longest = max(values.size for values in curves.values())
    x = list(range(longest) if x is None else x)
    for name, values in curves.items():
        if values.ndim != 1 or not values.size or len(values) != len(x):
            raise ValueError(
                f"{name} has the shape {values.shape}: a curve is a row of numbers, here "
                f"{len(x)} of them, one for each x."
            )
    picture = Picture(figsize=(8, 3.5), layout="constrained")
    axes = picture.add_subplot(xlabel=x_label, ylabel=y_label, title=title)
    for i, (name, values) in enumerate(curves.items()):
        look = {
            "color": CURVES[i % 6],
            "linestyle": LINES[i % 4],
            "marker": MARKS[i % 7],
        }
        axes.plot(x, values, label=name, **look)
    axes.grid(alpha=0.3)
    if len(curves) > 1:
        highest_first = sorted(axes.lines, key=lambda curve: -curve.get_ydata()[-1])
        picture.legend(handles=highest_first, loc="outside right center")
    course = []
    for name, values in curves.items():
        change = np.sign(values[-1] - values[0])
        word = {1: "higher than", -1: "lower than"}.get(change, "where")
        course.append(f"{name} ends {word} it begins.")
    picture.sentence = sentence or (
        f"{title or 'Curves'}: {len(x)} points from {x[0]} to {x[-1]}"
        f"{f' ({x_label})' if x_label else ''}. {' '.join(course)}"
    )
    return picture


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


def network_diagram(model, inputs=None):
    """Draw a network of Dense layers: units as circles, weights as lines.

    A line's width is the weight's size, at least 1 point; positive weights are blue
    and solid, negative ones orange and dashed. Biases and weights of 0 are not drawn.
    Above each circle stands the unit's number, counted from 0, where layers have no
    more than 6 units.

    Arguments:
        model: built ``keras.Sequential`` of Dense layers, at most 16 units each.
        inputs: one row ``(1, features)`` or ``(features,)``; its value in every unit
            is then written into the circle. Without it the circles are empty.

    Returns:
        `Picture` of 8×4.5 inches.

    Raises:
        ValueError: the model has other layers, too many units or no kernels yet.

    Example:
        >>> from helpers.networks import dense_network
        >>> network_diagram(dense_network())
        dense_network: 3 inputs; hidden: 4 units, relu; output: 2 units, softmax. Blue
        solid lines are positive weights, orange dashed lines negative ones, wider is
        larger; the weights go from -0.971 to 0.922.
    """
    kernels = [dense_kernel(layer) for layer in model.layers]
    units = [len(kernels[0])] + [kernel.shape[1] for kernel in kernels]
    if max(units) > 16:
        raise ValueError(f"{max(units)} units in one layer: at most 16 can be read.")
    values = unit_values(model, inputs, units)
    places = [
        [(2.0 * column, (count - 1) / 2 - unit) for unit in range(count)]
        for column, count in enumerate(units)
    ]
    picture = Picture(figsize=(8, 4.5), layout="constrained")
    axes = picture.add_subplot()
    largest = max(np.abs(kernel).max() for kernel in kernels) or 1
    for column, kernel in enumerate(kernels):
        for negative in (False, True):
            chosen = np.argwhere(kernel < 0 if negative else kernel > 0)
            axes.add_collection(
                LineCollection(
                    [(places[column][i], places[column + 1][j]) for i, j in chosen],
                    linewidths=[
                        max(1, 5 * abs(kernel[i, j]) / largest) for i, j in chosen
                    ],
                    colors=NEGATIVE if negative else POSITIVE,
                    linestyles="dashed" if negative else "solid",
                    zorder=1,
                )
            )
    names = ["inputs"] + [
        f"{layer.name} ({layer.activation.__name__})" for layer in model.layers
    ]
    for column, name in enumerate(names):
        x, y = zip(*places[column], strict=True)
        axes.scatter(x, y, s=1500, facecolor="white", edgecolor="black", zorder=2)
        axes.text(x[0], max(units) / 2 + 0.2, name, ha="center", va="bottom")
        for unit, place in enumerate(places[column]):
            text = "" if values is None else f"{values[column][unit]:.3f}"
            axes.text(*place, text, ha="center", va="center", fontsize=8.5, zorder=3)
            if max(units) <= 6:  # else the next circle is too near
                above = {"xytext": (0, 21), "textcoords": "offset points"}
                axes.annotate(unit, place, **above, ha="center", fontsize=8)
    axes.set_xlim(-0.6, 2 * len(kernels) + 0.6)
    axes.set_ylim(-max(units) / 2 - 0.2, max(units) / 2 + 0.6)
    axes.set_axis_off()
    weights = np.concatenate([kernel.ravel() for kernel in kernels])
    picture.sentence = (
        f"{model.name}: {units[0]} inputs; "
        + "; ".join(
            f"{layer.name}: {count} units, {layer.activation.__name__}"
            for layer, count in zip(model.layers, units[1:], strict=True)
        )
        + ". Blue solid lines are positive weights, orange dashed lines negative ones, "
        f"wider is larger; the weights go from {weights.min():.3f} to "
        f"{weights.max():.3f}."
    )
    return picture


def dense_kernel(layer):
    """Return a Dense layer's kernel ``(features, units)``, or say why there is none."""
    if type(layer).__name__ != "Dense":
        raise ValueError(
            f"Layer {layer.name} is a {type(layer).__name__}; the diagram draws networks "
            "of Dense layers only."
        )
    if not layer.built:
        raise ValueError(
            f"Layer {layer.name} has no kernel yet. Start the model with "
            "keras.Input((features,)) or call model.build((None, features))."
        )
    return np.asarray(layer.get_weights()[0])


def unit_values(model, inputs, units):
    """Return one row's values in every layer, inputs first, or None without a row."""
    if inputs is None:
        return None
    from helpers.by_hand import forward

    row = np.asarray(inputs, "float64").reshape(1, -1)
    if row.shape[1] != units[0]:
        raise ValueError(
            f"The diagram shows one row of {units[0]} inputs; this array has the shape "
            f"{np.shape(inputs)}. Choose a row with x[0]."
        )
    return [row[0]] + [values[0] for values in forward(model, row).values()]
