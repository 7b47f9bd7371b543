"""How a comment on an answer is shown: a mark, a word, and what there is to say."""

import html
import re

from IPython.display import display

from ..engine.tables import filled

GREEN, ORANGE, GREY = "#2a9d5c", "#d9730d", "#8a8a8a"
MARKS = {  # how a comment begins: its mark, and the colour of the line beside it
    "Right.": ("✓", GREEN),
    "As you expected.": ("✓", GREEN),
    "Not yet.": ("✗", ORANGE),
    "Not what you expected.": ("✗", ORANGE),
    "Not this one.": ("✗", ORANGE),
    "Not understood.": ("?", ORANGE),
    "Open:": ("○", GREY),
    "Left out.": ("○", GREY),
}


class Comment:
    """A comment with its mark: HTML in a notebook, text elsewhere.

    The mark and the first words say the same as the colour, for whoever sees none.
    """

    def __init__(self, text, number=""):
        self.number = f"{number}. " if number else ""
        self.head = next(filter(text.startswith, MARKS), "")
        self.mark, self.color = MARKS.get(self.head, ("", GREY))
        self.text = text.removeprefix(self.head).strip()

    def __repr__(self):
        said = f"{self.mark} {self.head} {self.text}".strip()
        return filled(f"{self.number}{said}")

    def _repr_html_(self):
        head = html.escape(f"{self.number}{self.mark} {self.head}")
        style = f"border-left: 4px solid {self.color}; padding: 2px 10px"
        return f'<div style="{style}"><b>{head}</b> {as_html(self.text)}</div>'


def show(text, number=""):
    """Show a comment below the cell."""
    display(Comment(text, number))


def say(text):
    """Print a sentence in lines that fit a projector."""
    print(filled(text))


def as_html(text):
    """Return text as HTML; what stands between backticks is code."""
    return re.sub("`(.*?)`", r"<code>\1</code>", html.escape(text))
