"""Small pictures side by side, on axes whose units are inches, y downwards."""

import textwrap

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.image import PcolorImage
from matplotlib.patches import Rectangle

from .picture import GAP_COLOUR, GRAY, ODD_COLOUR, Picture, cross_odd

EDGE = 0.15  # inches between the picture's edge and what is drawn, as all sizes below
GAP = 0.08  # between tiles
NUMBER = 0.2  # above a tile, where its number stands
BAR = 0.75  # for a bar at the right and its numbers
WIDEST, SMALLEST, HIGHEST = 2.2, 0.1, 12  # a tile, a tile's side, all tiles
LETTER = 0.009  # the width of a letter, for each point of its size
SILENT = "#f08c3a"  # of the stroke through what is 0 everywhere, as in the explorers


class Mosaic:
    """A `Picture` with room for numbered tiles, in a line for each name.

    Arguments:
        title, note: texts above and below the tiles.
        count: how many tiles a name has.
        form: rows and columns of what is drawn into a tile.
        columns: how many tiles stand in a line.
        names: texts at the left of lines. The tiles of several names stand one below
            the other: the first ``columns`` of each, the next of each, and so on.
        numbers: what stands above the tiles; 0, 1, 2, ... by default.
        figsize: width and height of the picture in inches; by default as they come.
        bar: whether a bar with the scale will stand at the right.
        field: colour of the ground under the tiles; by default that of the picture.
    """

    def __init__(
        self,
        title,
        count,
        form,
        columns,
        names=("",),
        numbers=None,
        figsize=None,
        bar=False,
        note="",
        field=None,
    ):
        self.count, self.columns, self.names = count, min(columns, count), list(names)
        self.blocks = -(-count // self.columns)
        longest = max(map(len, self.names))
        self.left = EDGE + bool(longest) * (longest * 9 * LETTER + GAP)
        self.right = EDGE + BAR * bar
        wide = figsize[0] if figsize else 10
        self.fit(form, wide, figsize)
        if figsize is None:
            tiles = self.left + self.columns * self.across - GAP + self.right
            # The mosaic may be narrower than its texts.
            wide = max(tiles, min(10, 2 * EDGE + 12 * LETTER * len(title)), 4)
        title, note = wrap(title, 12, wide), wrap(note, 9, wide)
        self.top = 0.22 + 0.2 * (1 + title.count("\n"))
        below = self.top + self.blocks * self.down
        high = figsize[1] if figsize else below + 0.08 + 0.16 * len(note.split("\n"))
        self.picture = Picture(figsize=(wide, high))
        self.axes = inches(self.picture)
        plain = self.picture.plain
        self.axes.text(EDGE, self.top - 0.1, plain(title), fontsize=12, va="bottom")
        self.axes.text(EDGE, below + 0.02, plain(note), fontsize=9, va="top")
        if field:
            self.lay_ground(field)
        self.write(range(count) if numbers is None else numbers)
        self.form, lines = form, self.blocks * len(self.names)
        size = lines * (form[0] + 1) - 1, self.columns * (form[1] + 1) - 1
        self.pixels = np.zeros((*size, 4), "uint8")

    def fit(self, form, wide, figsize):
        """Choose the size of a tile, and the steps from one to the next."""
        ratio = form[0] / form[1]
        width = (wide - self.left - self.right) / self.columns - GAP
        room = figsize[1] - 1 if figsize else HIGHEST
        highest = (room / self.blocks - NUMBER - GAP) / len(self.names) - GAP
        width = min(width, highest / ratio, np.inf if figsize else WIDEST)
        self.width, self.height = max(SMALLEST, width), max(SMALLEST, width * ratio)
        self.across = max(self.width, 0.25) + GAP  # a number needs a quarter of an inch
        self.down = NUMBER + GAP + len(self.names) * (self.height + GAP)

    def box(self, line, number):
        """Return left, top, width and height of a name's tile."""
        block, column = divmod(number, self.columns)
        top = self.top + block * self.down + NUMBER + line * (self.height + GAP)
        return self.left + column * self.across, top, self.width, self.height

    def put(self, line, tiles, odd):
        """Put a name's tiles into their places.

        Arguments:
            line: which of the names.
            tiles: ``(rows, columns, tiles, 4)``, uint8, as `paint` makes them.
            odd: ``(rows, columns, tiles)``, where numbers are NaN or infinity.
        """
        tiles[odd, :3] = [round(255 * part) for part in to_rgb(ODD_COLOUR)]
        rows, columns = self.form
        for number in range(self.count):
            block, column = divmod(number, self.columns)
            top = (block * len(self.names) + line) * (rows + 1)
            left = column * (columns + 1)
            place = slice(top, top + rows), slice(left, left + columns)
            self.pixels[place] = tiles[:, :, number]
            left, top, width, height = self.box(line, number)
            extent = left, left + width, top + height, top
            cross_odd(self.axes, odd[..., number], extent)

    def show(self):
        """Draw all tiles as one image: 64 images would take twice the time."""
        rows, columns = self.form
        x = [self.box(0, column) for column in range(self.columns)]
        x = [left + np.linspace(0, self.width, columns + 1) for left, *_ in x]
        lines, first = range(len(self.names)), range(0, self.count, self.columns)
        y = [self.box(line, number)[1] for number in first for line in lines]
        y = [top + np.linspace(0, self.height, rows + 1) for top in y]
        # What lies between the edges of two tiles is a pixel, too: clear as glass.
        edges = np.concatenate(x), np.concatenate(y)
        self.axes.add_image(PcolorImage(self.axes, *edges, self.pixels))

    def boxes(self):
        """Return the boxes of all tiles, those of the first name first."""
        lines, numbers = range(len(self.names)), range(self.count)
        return [self.box(line, number) for line in lines for number in numbers]

    def write(self, numbers):
        """Write the numbers above the tiles and the names at the left."""
        for place, number in enumerate(numbers):
            left, top, *_ = self.box(0, place)
            self.axes.text(left, top - 0.045, number, fontsize=9)
        for block in range(self.blocks):
            for line, name in enumerate(self.names):
                left, top, _, height = self.box(line, block * self.columns)
                at = left - GAP, top + height / 2, self.picture.plain(name)
                self.axes.text(*at, fontsize=9, ha="right", va="center")

    def lay_ground(self, colour):
        corner = self.left - GAP, self.top - 0.02
        size = self.columns * self.across + GAP, self.blocks * self.down - 0.02
        self.axes.add_patch(Rectangle(corner, *size, fc=colour, zorder=-1))

    def add_bar(self, colours, lowest, highest):
        """Draw the scale beside the first lines of tiles."""
        wide, high = self.picture.get_size_inches()
        _, top, _, height = self.box(0, 0)
        height = min(max(height, 1.2), self.blocks * self.down - NUMBER)
        left = self.left + self.columns * self.across + 0.02
        place = left / wide, 1 - (top + height) / high, 0.12 / wide, height / high
        self.picture.add_bar(self.picture.add_axes(place), colours, lowest, highest)


def wrap(text, size, wide):
    """Break a text of so many points into lines that fit into so many inches."""
    return textwrap.fill(text, max(8, int((wide - 2 * EDGE) / size / LETTER)))


def inches(picture):
    """Return axes over a whole picture, with inches as units."""
    width, height = picture.get_size_inches()
    limits = {"xlim": (0, width), "ylim": (height, 0)}
    axes = picture.add_axes((0, 0, 1, 1), xticks=[], yticks=[], **limits)
    axes.set_axis_off()
    return axes


def draw_tile(axes, pixels, box, lowest=0, highest=1, colours=GRAY):
    """Draw one array into ``box``: left, top, width, height.

    Numbers that are NaN or infinity are on no scale: yellow with an x.
    """
    left, top, width, height = box
    extent = left, left + width, top + height, top
    if pixels.ndim == 2:
        pixels = np.asarray(pixels, "float64")  # large float32 would overflow
        cross_odd(axes, ~np.isfinite(pixels), extent)
        pixels = np.ma.masked_invalid(pixels)
    axes.imshow(
        pixels, colours, vmin=lowest, vmax=highest, extent=extent, aspect="auto",
        interpolation="nearest",
    )  # fmt: skip


def frame_tiles(axes, boxes):
    """Draw a thin line round each box, or a white tile would not be seen on white."""
    corners = [
        [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
        for x, y, width, height in boxes
    ]
    lines = PolyCollection(corners, facecolors="none", edgecolors=GAP_COLOUR)
    axes.add_collection(lines, autolim=False)


def strike_silent(axes, boxes):
    """Draw the sign of what is 0 everywhere: one thin stroke through its tile."""
    strokes = [[(x, y), (x + width, y + height)] for x, y, width, height in boxes]
    lines = LineCollection(strokes, colors=SILENT, linewidths=0.8, alpha=0.55)
    axes.add_collection(lines, autolim=False)
