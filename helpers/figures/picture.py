"""A figure with a sentence that says what it shows."""

import io
import textwrap

from matplotlib.figure import Figure
from matplotlib.text import Text

POSITIVE, NEGATIVE = "#0072b2", "#d55e00"  # told apart with every colour vision
GAP_COLOUR = "#9db8d9"  # no grey: a grey gap would look like a dead map


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
