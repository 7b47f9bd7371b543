"""What all explorers share: how their files reach the browser, and how it asks back."""

from pathlib import Path

import anywidget
import traitlets

from ..engine.shown import close_earlier

FOLDER = Path(__file__).resolve().parent / "browser"


class Explorer(anywidget.AnyWidget):
    """A widget that is one module of JavaScript, one sentence, and numbers sent once.

    A subclass names its files, ``_esm = browser_code("common.js", ...)``, declares what it
    sends as traits with ``.tag(sync=True)``, arrays as ``traitlets.Bytes`` of float32,
    and may define `answer`, for questions that the browser cannot answer itself.

    Attributes:
        sentence: what the explorer shows, in words; its text in a notebook's file.
    """

    _css = (FOLDER / "common.css").read_text(encoding="utf-8")
    _ipython_display_ = None  # ipywidgets 7 would cut the sentence after 110 letters
    sentence = traitlets.Unicode().tag(sync=True)

    def __init__(self, **traits):
        super().__init__(**traits)
        self.on_msg(self._reply)
        close_earlier(self)

    def __repr__(self):
        return self.sentence

    def answer(self, question):
        """Answer what ``ask(model, question)`` of ``answers.js`` asks.

        Arguments:
            question: the dict that the browser sent.

        Returns:
            A dict that JSON can hold, and a list of float32 arrays.

        Raises:
            Exception: its message reaches the browser as the reason of a failure.
        """
        raise NotImplementedError(f"{type(self).__name__} answers no questions.")

    def _reply(self, _, content, buffers):
        try:
            answer, arrays = self.answer(content["question"])
        except Exception as error:
            answer, arrays = {"error": str(error) or type(error).__name__}, []
        self.send(
            {"number": content["number"], "answer": answer},
            [binary(array) for array in arrays],
        )


def browser_code(*names):
    """Return files of the folder ``browser``, joined into one module of JavaScript.

    A widget's module has no address, so it cannot import another one. Each file uses
    what those before it export.
    """
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


def binary(array):
    """Return the float32 numbers of an array, row by row, as bytes."""
    return array.astype("<f4").tobytes()


def count(n, what):
    """Write how many: ``"1 layer"``, ``"2 layers"``."""
    return f"{n} {what}{'s' * (n != 1)}"
