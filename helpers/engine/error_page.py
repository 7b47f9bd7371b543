"""The page of error messages: its entries, and which of them a message means.

The page, notebooks/error_messages.md, is the only source. Its headings are the patterns:
``…`` in them stands for names, numbers and shapes.
"""

import functools
import re
import textwrap
from collections import Counter
from typing import NamedTuple

from .files import DATA, NOTEBOOKS
from .tables import filled

NAME = "error_messages.md"
SAME = "The same fix"  # the line with messages that an entry helps with too
# A code span of Markdown: a message with backticks in it has two of them around it.
CODE = re.compile(r"(?<!`)(`+)(?!`) ?(.+?) ?(?<!`)\1(?!`)")
BLOCK = re.compile(
    r"^\*\*(First|You wrote|Write)\*\*(?:, (.+))?:\n\n```python\n([\s\S]+?)^```$", re.M
)
COLOURS = re.compile(r"\x1b\[[\d;]*m|\\x1b\[[\d;]*m")
# The line of a traceback that names the error, or of a warning, with its file before it
FIRST_LINE = re.compile(
    r"^(?:\S+:\d+: )?(?:[\w.]+\.)?\w*(?:Error|Exception|Warning|Interrupt|Exit)\b"
    r"\s*(?::|$)",
    re.M,
)


class Case(NamedTuple):
    """What was written, what to write, and what stands before both, as code.

    ``label`` and ``how`` say in words which case it is, and how the fixed lines do it.
    """

    label: str
    first: str
    wrote: str
    how: str
    write: str


class Entry(NamedTuple):
    """One heading of the page.

    ``facts`` has the lines of its list, such as ``{"Keras 2": "no error"}``, as Markdown.
    """

    anchor: str
    message: str
    cases: tuple
    facts: dict

    def said(self, *names):
        """Return the messages in these lines of the list."""
        lines = [self.facts.get(name, "") for name in names]
        return [found[2] for line in lines for found in CODE.finditer(line)]


@functools.cache
def page():
    """Return the page's text; where it is installed, it lies beside the data."""
    paths = [folder / NAME for folder in (DATA, NOTEBOOKS)]
    return next(filter(lambda p: p.exists(), paths)).read_text(encoding="utf-8")


@functools.cache
def entries():
    """Return all entries of the page, in its order."""
    parts = re.split(r'^<a id="(.+)"></a>$', page(), flags=re.M)[1:]
    return [entry(*pair) for pair in zip(parts[::2], parts[1::2])]


def entry(anchor, text):
    """Return the entry that this part of the page describes."""
    heading = re.search(r"^### (.+)$", text, re.M)[1]
    code = CODE.fullmatch(heading)
    facts = dict(re.findall(r"^- \*\*(.+?):\*\* (.+)$", text, re.M))
    cases, first, label = [], "", ""
    for kind, words, source in BLOCK.findall(text):
        if kind == "First":
            first, label = source, words
        elif kind == "You wrote":
            wrote, label = source, words or label
        else:
            cases.append(Case(label, first, wrote, words, source))
            label = ""
    return Entry(anchor, code[2] if code else heading, tuple(cases), facts)


def address(anchor):
    """Return where the page says that it is; before it is published, its path."""
    found = re.search(r"<!-- (https://\S+) -->", page())[1]
    place = f"notebooks/{NAME}" if "/OWNER/NAME/" in found else found
    return f"{place}#{anchor}" if anchor else place


# --- which entry a message means -------------------------------------------------------


def message_of(error):
    """Return an error's class and message in one line, from an exception or from text.

    Of a traceback's text, that is its last error without the calls that led to it.
    """
    if isinstance(error, BaseException):
        text = f"{type(error).__name__}: {error}"
    else:
        text = COLOURS.sub("", error)
        text = text.rpartition("Traceback (most recent call last)")[2]
        found = FIRST_LINE.search(text)
        text = text[found.start() :] if found else text
    # A KeyError shows its message as Python would write it: \n in place of a new line
    return squeezed(COLOURS.sub("", text).replace("\\n", "\n"))


def squeezed(text):
    """Return text in one line, with one kind of quotes: versions of Keras differ."""
    return " ".join(text.replace('"', "'").split())


@functools.cache
def pattern(message):
    """Return the regular expression of a message in which … stands for what differs."""
    first, *parts = squeezed(message).removesuffix(" …").split("…")
    before, found = first, re.escape(first)
    for part in parts:
        if before.count("'") % 2:  # in quotes
            found += "[^']*" + re.escape(part)
        elif before.endswith(" ") and part.startswith(" "):  # words that may be missing
            found += "(?:.*? )?" + re.escape(part[1:])
        else:
            found += ".*?" + re.escape(part)
        before += part
    start, end = (r"\b" if mark.isalnum() else "" for mark in (found[:1], found[-1]))
    return re.compile(start + found + end)


def find(message):
    """Return the entry that a message of one line means, or None.

    What Keras 3 says counts before what Keras 2 said; among equals, the one with more
    words.
    """
    found = []
    for one in entries():
        others = one.said(SAME, f"{SAME}, not tested", "Keras 3.13 and before")
        kinds = [one.message, *others], one.said("Keras 2")
        for rank, messages in enumerate(kinds):
            for said in messages:
                if pattern(said).search(message):
                    found.append((rank, -len(said.replace("…", "")), one.anchor, one))
    return min(found)[-1] if found else None


def nearest(message, count=3):
    """Return the entries that share most words with a message, rare words first."""
    words = {one.anchor: words_of(one.message) for one in entries()}
    often = Counter(word for found in words.values() for word in found)
    here = words_of(message)

    def shared(one):
        return sum(1 / often[word] for word in words[one.anchor] & here)

    return sorted(entries(), key=shared, reverse=True)[:count]


def words_of(text):
    """Return the words of a message, in small letters."""
    return set(re.findall(r"[a-z]{3,}", text.lower()))


# --- what is printed -------------------------------------------------------------------


def lines_about(one):
    """Return the lines that explain an entry: heading, what to write, why, where."""
    lines = [filled(one.message)]
    for case in one.cases:
        lines += [""]
        if len(one.cases) > 1:
            lines += [f"Case: {case.label}"]
        lines += [f"Write, {case.how}:" if case.how else "Write:"]
        lines += [textwrap.indent(case.write.rstrip(), "    ")]
    why = filled(f"Why: {one.facts['Why']}")
    return [*lines, "", why, f"More: {address(one.anchor)}"]


def lines_about_nothing(message):
    """Return the lines that say that a message is not on the page."""
    near = [textwrap.indent(filled(one.message), "  ") for one in nearest(message)]
    return [
        "This message is not on the page of error messages. The nearest ones there:",
        *near,
        f"All messages: {address('')}",
    ]
