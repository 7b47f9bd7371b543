"""A figure with a sentence that says what it shows, and marks for NaN and infinity."""

import functools
import io
import textwrap

import numpy as np
from matplotlib import colormaps, font_manager
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.text import Text

POSITIVE, NEGATIVE = "#0072b2", "#d55e00"  # told apart with every colour vision
ODD_COLOUR = "#f0e442"  # of NaN and infinity: yellow is on no scale drawn here
GRAY = colormaps["gray"].with_extremes(bad=ODD_COLOUR)
GAP_COLOUR = "#9db8d9"  # no grey: a grey gap would look like a dead map
SIGNED = LinearSegmentedColormap.from_list(
    "signed", [NEGATIVE, "white", POSITIVE], 255
).with_extremes(bad=ODD_COLOUR)  # 255 colours: one of them stands in the middle
CARD = "#e9eef5"  # what a picture stands on, on a white page and on a dark one


class Picture(Figure):
    """A Matplotlib ``Figure`` with a sentence that says what it shows.

    A notebook shows the picture and prints the sentence under it; as text it is the
    sentence alone. ``picture.savefig(path)`` works as with every figure.

    Example:
        >>> Picture(figsize=(3, 2))
        An empty picture.
    """

    sentence = "An empty picture."
    lacking = ""  # letters for which there was no font when it was drawn

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        # A card with round corners, so that a dark page stays one around it.
        self.patch = FancyBboxPatch(
            (0, 0), 1, 1, "round,pad=0,rounding_size=0.12", fc=CARD, ec="none"
        )  # fmt: skip
        self.patch.set(figure=self, transform=self.dpi_scale_trans)
        if options.get("layout") == "constrained":
            self.get_layout_engine().set(w_pad=0.1, h_pad=0.1)  # inches

    def __str__(self):
        return self.sentence

    __repr__ = __str__

    def add_bar(self, axes, colours, lowest, highest):
        """Draw the scale from ``lowest`` to ``highest`` into axes of its own."""
        self.colorbar(ScalarMappable(Normalize(lowest, highest), colours), cax=axes)

    @staticmethod
    def plain(text):
        """Return a text in which ``$`` begins no formula."""
        return str(text).replace("$", r"\$")

    def draw(self, renderer):
        """Draw all texts with fonts that have their letters; leave out what none has."""
        self.patch.set(width=self.get_figwidth(), height=self.get_figheight())
        every = [axis for axes in self.axes for axis in (axes.xaxis, axes.yaxis)]
        on_axes = {
            axis: [one.get_text() for one in axis.get_ticklabels()] for axis in every
        }
        texts = self.findobj(Text)
        whole = [text.get_text() for text in texts]
        families, lacking = fonts_for(frozenset().union(*whole))
        self.lacking = "".join(filter(str.isprintable, lacking)) or self.lacking
        without = dict.fromkeys(map(ord, lacking))
        for text, words in zip(texts, whole) if families or without else ():
            own = text.get_fontfamily()
            text.set_fontfamily([*own, *(one for one in families if one not in own)])
            text.set_text(words.translate(without))
        for axis, labels in on_axes.items():
            if without.keys() & set(
                map(ord, "".join(labels))
            ):  # it would set them again
                axis.set_ticks(
                    axis.get_ticklocs(), [one.translate(without) for one in labels]
                )
        super().draw(renderer)
        for text, words in zip(texts, whole) if without else ():
            text.set_text(words)

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
        if self.lacking:
            print(
                f"No font here has the letters {self.lacking}: the picture leaves them out."
            )


@functools.lru_cache
def fonts_for(letters):
    """Return families of installed fonts for what the usual one lacks; what none has."""
    lacking = {letter for letter in letters if not " " <= letter <= "~"} - {"\n"}
    lacking -= drawn_by(font_manager.findfont(font_manager.FontProperties()), lacking)
    families = []
    for fonts in (known_fonts, new_fonts):
        for font in fonts() if lacking else ():
            if found := drawn_by(font.fname, lacking):
                families.append(font.name)
                lacking -= found
    return families, "".join(sorted(lacking))


def known_fonts():
    """Return the upright fonts that Matplotlib knows, those of usual weight first."""
    fonts = [one for one in font_manager.fontManager.ttflist if one.style == "normal"]
    return sorted(fonts, key=lambda font: font.weight not in (400, "normal"))


def new_fonts():
    """Return the fonts that were installed since Matplotlib made its list."""
    manager = font_manager.fontManager
    known = {font.fname for font in manager.ttflist}
    for path in sorted(set(font_manager.findSystemFonts()) - known):
        try:
            manager.addfont(path)
        except (OSError, RuntimeError):  # no font, or one that cannot be read
            continue
    return [font for font in known_fonts() if font.fname not in known]


def drawn_by(path, letters):
    """Return those of the letters that a font can draw."""
    if not letters or "LastResort" in path:  # which draws a box for each
        return set()
    try:
        font = font_manager.get_font(path)
        found = letters.intersection(map(chr, font.get_charmap()))
        for letter in found:  # fonts of coloured pictures fail here
            font.load_char(ord(letter))
        return found
    except (OSError, RuntimeError):
        return set()


def limits(values):
    """Return the smallest and the largest finite value; 0 and 0 if there is none."""
    finite = values[np.isfinite(values)]
    return (finite.min(), finite.max()) if finite.size else (0.0, 0.0)


def cross_odd(axes, odd, extent):
    """Put an x on ``odd`` pixels, NaN or infinity: colour alone is not enough.

    ``extent``: their left, right, bottom, top. The limits of the axes are to be final.
    """
    if not odd.any():
        return
    left, right, bottom, top = extent
    row, column = np.nonzero(odd)
    wide, tall = (right - left) / odd.shape[1], (bottom - top) / odd.shape[0]
    axes.apply_aspect()
    ends = axes.transData.transform([(0, 0), (wide, 0)])
    size = 0.5 * abs(ends[1, 0] - ends[0, 0]) * 72 / axes.figure.dpi  # points
    axes.plot(
        left + (column + 0.5) * wide, top + (row + 0.5) * tall, "x", color="black",
        markersize=size, markeredgewidth=min(1.5, size / 5),
    )  # fmt: skip


def add_frame(axes, corner, width, height, colour=POSITIVE, line=2, **look):
    """Draw a frame that is seen on every picture: a line on a white one."""
    for each, wide in (("white", 2 * line), (colour, line)):
        shown = {"fill": False, "ec": each, "lw": wide, **look}
        axes.add_patch(Rectangle(corner, width, height, **shown))


def name_odd(parts, what):
    """Say which of ``(number or title, array)`` hold NaN or infinity, and how drawn.

    ``what`` is what a part is, such as ``"channel"``. The sentence begins with a space;
    it is empty if every value is finite.

    Example:
        >>> name_odd(enumerate(np.array([[1, np.nan], [0, 1]])), "channel")
        ' NaN in channel 0: yellow with an x.'
    """
    parts, found = list(parts), []
    for word, test in (("NaN", np.isnan), ("infinity", np.isinf)):
        names = [name for name, values in parts if test(values).any()]
        if len(names) == len(parts) > 1:
            found.append(f"{word} in all {len(names)} {what}s")
        elif names:
            numbered = f"{what}{'s' * (len(names) > 1)} " * isinstance(names[0], int)
            found.append(f"{word} in {numbered}{', '.join(map(str, names))}")
    said = "; ".join(found)
    return f" {said[0].upper()}{said[1:]}: yellow with an x." if said else ""
