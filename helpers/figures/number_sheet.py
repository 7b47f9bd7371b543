"""Arrays drawn as squares with their numbers in them, coloured by sign and size."""

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb

from .picture import SIGNED, Picture, add_frame, limits, name_odd

SQUARE = 0.3  # inches, as all lengths here
LETTER = 9 / 72
GAP = 0.3  # between two arrays
MARGIN, LINE = 0.15, 0.22  # around everything; from one line of text to the next
NOT_YET = to_rgb("#e6e6e6")  # of a square whose number is not computed yet
KEY = "Blue is above 0, orange below 0, white 0"


class Sheet:
    """A picture that grows as it is filled; places count from its top left corner.

    Arguments:
        *arrays: what will be drawn; the longest number gives all squares their width.
    """

    def __init__(self, *arrays):
        texts = np.concatenate([written(array).ravel() for array in arrays])
        self.wide = max(SQUARE, *(length(text) + 0.1 for text in texts))
        self.right = self.bottom = 0
        self.key = f"{KEY}."
        self.picture = Picture(figsize=(1, 1))
        self.axes = self.picture.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()

    def grow(self, right, bottom):
        """Make room up to a point; return the point."""
        self.right, self.bottom = max(self.right, right), max(self.bottom, bottom)
        return right, bottom

    def write(self, x, y, text, side="left", **look):
        """Write one line; y is the middle of it, x its left, right or centre."""
        shown = self.picture.plain(text)
        look = {"va": "center_baseline", "fontsize": 72 * LETTER} | look
        self.axes.text(x, y, shown, ha=side, **look)
        beyond = {"left": 1, "center": 0.5, "right": 0}[side]
        self.grow(x + beyond * length(text), y + LINE / 2)

    def numbers(self, values, left, top, title="", like=None, frame=None, drawn=True):
        """Draw an array of two axes; return its right and its bottom end.

        Arguments:
            title: the text above it.
            like: the array whose colours and decimals it has, by default its own.
            frame: row, column, rows and columns of the squares to put into a frame.
            drawn: booleans, False where a square stays empty.
        """
        rows, columns = values.shape
        right, bottom = left + columns * self.wide, top + rows * SQUARE
        x, y = np.linspace(left, right, columns + 1), np.linspace(top, bottom, rows + 1)
        colours, texts = coloured(values, like), written(values, like)
        drawn = np.broadcast_to(drawn, values.shape)
        colours[~drawn] = NOT_YET
        if not drawn.all():
            self.key = f"{KEY}, grey still open."
        self.axes.imshow(
            colours, extent=(left, right, bottom, top), aspect="auto",
            interpolation="nearest",
        )  # fmt: skip
        lines = [[(at, top), (at, bottom)] for at in x]
        lines += [[(left, at), (right, at)] for at in y]
        self.axes.add_collection(LineCollection(lines, colors="gray", linewidths=0.5))
        for i, j in np.argwhere(drawn):
            middle = (x[j] + x[j + 1]) / 2, (y[i] + y[i + 1]) / 2
            self.write(*middle, texts[i, j], "center", color=ink(colours[i, j]))
        if frame:
            row, column, tall, wide = frame
            size = wide * self.wide, tall * SQUARE
            add_frame(self.axes, (x[column], y[row]), *size, "black", zorder=3)
        self.write(left, top - LINE / 2, title)
        return self.grow(right, bottom)

    def finish(self, sentence, arrays):
        """Give the picture its size and its sentence, with the NaN in ``arrays``."""
        width, height = self.right + MARGIN, self.bottom + MARGIN
        self.picture.set_size_inches(width, height)
        self.axes.set(xlim=(0, width), ylim=(height, 0))
        odd = name_odd(arrays.items(), "array").replace(" with an x", "")
        self.picture.sentence = f"{sentence} {self.key}{odd}"
        return self.picture


def length(text):
    """Return about how many inches a text is long, rather too many than too few."""
    narrow, wide = "-.,: ()", "mwMW@%"
    sizes = [0.4 if x in narrow else 1 if x in wide or x > "~" else 0.66 for x in text]
    return LETTER * sum(sizes)


def written(values, like=None):
    """Write numbers as whole ones or with 3 decimals, whatever those in ``like`` need.

    Example:
        >>> written([1, 2]).tolist(), written([1, 2], like=[1, -0.5]).tolist()
        (['1', '2'], ['1.000', '2.000'])
    """
    values = np.asarray(values, "float64") + 0.0  # zero without a sign
    like = values if like is None else np.asarray(like, "float64")
    sizes = np.abs(like[np.isfinite(like)])
    largest = sizes.max(initial=0)
    if largest < 1e5 and (sizes == sizes.round()).all():
        form = "{:.0f}"
    elif 0.01 <= largest < 1e5:
        form, values = "{:.3f}", values.round(3) + 0.0
    else:
        form = "{:.3g}"
    texts = [form.format(x).replace("nan", "NaN") for x in values.ravel()]
    return np.array(texts, object).reshape(values.shape)


def largest_size(values):
    """Return the largest finite size in an array."""
    return max(map(abs, limits(values)))


def coloured(values, like=None):
    """Return the colours of numbers; the largest size in ``like`` has the full one."""
    largest = largest_size(values if like is None else like) or 1
    return SIGNED(0.5 + np.ma.masked_invalid(values) / largest / 2)[..., :3]


def ink(colour):
    """Return black or white, whichever is read better on a colour."""
    parts = [
        x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in colour
    ]
    light = np.dot(parts, [0.2126, 0.7152, 0.0722])  # as WCAG 2 counts it
    return "black" if light > 0.179 else "white"


def draw_products(sheet, left, top, parts, likes, titles=True):
    """Draw patch × kernel = products; return the right and the bottom end."""
    for sign, (name, values), like in zip(["", "×", "="], parts.items(), likes):
        if sign:
            middle = top + len(values) * SQUARE / 2
            sheet.write(left + GAP / 2, middle, sign, "center")
            left += GAP
        left, bottom = sheet.numbers(values, left, top, name * titles, like)
    return left, bottom


def draw_steps(sheet, left, top, steps, right=0):
    """Write ``(text, number)`` one below the other, the numbers right-aligned."""
    right = max([right, *(left + 0.1 + length(text + x) for text, x in steps)])
    for i, (text, number) in enumerate(steps):
        y = top + (i + 0.5) * LINE
        sheet.write(left, y, text)
        sheet.write(right, y, number, "right")


def in_words(steps):
    """Write the steps to a value in one line."""
    return ", ".join(f"{text} {number}" for text, number in steps)


def from_to(word, first, count=1):
    """Name one row or several: ``"row 3"``, ``"rows 3 to 5"``."""
    if count == 1:
        return f"{word} {first}"
    return f"{word}s {first} to {first + count - 1}"


def count_of(values):
    """Say how many rows and columns an array has."""
    rows, columns = values.shape
    return f"{rows} row{'s' * (rows > 1)} and {columns} column{'s' * (columns > 1)}"
