"""Slides from the cells of a lesson: what belongs together, and no more than fits.

A slide is 1280 by 720 pixels, scaled to the screen. Cells are cut into blocks
(a paragraph, a list, the code of a cell, one of its outputs), each block's height is
estimated, and blocks fill a slide until the next does not fit. What is still too high
is made smaller by the page itself, see ``slides.html.j2``.
"""

import base64
import copy
import importlib.util
import math
import re
import struct
from pathlib import Path
from xml.etree import ElementTree

import nbformat
from nbconvert import SlidesExporter
from nbconvert.filters.markdown_mistune import (
    IPythonRenderer,
    MarkdownWithMath,
    MathInlineParser,
)

TEMPLATE = Path(__file__).with_name("slides.html.j2")
STYLE = Path(__file__).with_name("slides.css")
WIDTH, HEIGHT = 1192, 660  # of 1280 by 720 pixels, those to fill
LINE = 36  # pixels of a line of text
CODE_LINE = 29
TABLE_LINE = 26
LETTERS = 88  # in a line of text or output
TABLE_LETTERS = 150
LITTLE = 200  # pixels: a slide that holds no more is not left for the next one
FIGURE = 430  # pixels: no figure is higher; `slides.css` says the same
OUTPUT_LINES = 17
TABLE_ROWS = 9
REVEAL = "dist/reveal.js", "dist/reveal.css", "LICENSE"
ASKS = "**Guess first.**"
OPEN = re.compile(r"○ Open: ")
LEFT_OUT = re.compile(r"^(# @title Setup|<details>)")
BOX, BOX_HEIGHT = re.compile(r"<pre .*?</pre>", re.DOTALL), 480  # of a traceback
BADGE = re.compile(r"^.*`Open in Colab`.*\n\n", re.MULTILINE)
LINK = re.compile(r"\[([^\]]+)\]\((\w[\w.]*)\.(ipynb|md)(#[\w-]+)?\)")


def reveal():
    """Return the folder of reveal.js, which the package sphinx-revealjs carries."""
    packages = "sphinx-revealjs", "latex2mathml"
    found = [importlib.util.find_spec(name.replace("-", "_")) for name in packages]
    missing = [name for name, spec in zip(packages, found) if spec is None]
    if missing:
        raise OSError(
            f"The slides need {' and '.join(missing)}, which this Python does not have. "
            f"Type: pip install {' '.join(missing)}; or write --no-slides."
        )
    return Path(found[0].submodule_search_locations[0], "_static", "revealjs")


def deck(lesson, title):
    """Return a lesson's slides as one page of HTML, by nbconvert.

    The page takes its scripts from the folder ``scripts`` beside it, and nothing from
    anywhere else.
    """
    slides = nbformat.v4.new_notebook(metadata=copy.deepcopy(lesson.metadata))
    slides.metadata["title"] = title
    for kind, blocks in pages(lesson):
        for i, cell in enumerate(blocks):
            cell.metadata = {"slideshow": {"slide_type": "-" if i else kind}}
            if not cell.source:
                cell.metadata["transient"] = {"remove_source": True}
            slides.cells.append(cell)
    exporter = SlidesExporter(raw_template=TEMPLATE.read_text(encoding="utf-8"))
    exporter.reveal_url_prefix, exporter.reveal_theme = "scripts", "course"
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    exporter.register_filter("markdown2html", to_html)
    return exporter.from_notebook_node(slides)[0]


class Dollars(MathInlineParser):
    """Tells formulas from prices, as pandoc does: ``$x$``, but not ``5 $ and 6 $``."""

    SPECIFICATION = {
        **MathInlineParser.SPECIFICATION,
        "inline_math_tex": (
            r"(?<![$\\])\$(?P<math_inline_tex>(?![\s$])[^$]*?(?<![\s\\]))\$(?![\d$])"
        ),
    }


class Renderer(IPythonRenderer):
    """Makes HTML of text, and MathML of formulas, which browsers draw themselves."""

    def inline_math(self, body):
        return mathml(body, "inline") or super().inline_math(body)

    def block_math(self, body):
        return mathml(body, "block") or super().block_math(body)


def to_html(source):
    """Return text in Markdown as HTML."""
    renderer = Renderer(escape=False, anchor_link_text="")
    inline = Dollars(hard_wrap=False)
    return MarkdownWithMath(renderer, inline=inline).render(source)


def mathml(formula, display):
    """Return a formula in LaTeX as MathML; None if it cannot be read."""
    from latex2mathml.converter import convert  # a kit without slides needs none

    try:
        found = convert(formula, display=display)
        words = "".join(ElementTree.fromstring(found).itertext())
    except Exception:  # latex2mathml raises errors of many kinds
        return None
    return None if "\\" in words else found  # a command that it does not know


def pages(lesson):
    """Return a list of slides, each ``(kind, cells)``, kind ``slide`` or ``subslide``.

    A section of the lesson is one slide; what does not fit goes on below it, and what
    follows a question that is to be guessed first.
    """
    done, height, guessed = [], 0, False
    for group in groups(lesson):
        needed = sum(map(estimate, group))
        little = height < LITTLE and group[0].source
        together = height + needed <= HEIGHT or little or needed > HEIGHT
        for i, block in enumerate(group):
            heading = re.match(r"(#+) ", block.source) if is_text(block) else None
            section = heading and len(heading[1]) < 3
            fits = height + estimate(block) <= HEIGHT and (i or together)
            if not done or heading or not fits or guessed:
                done.append(("slide" if section or not done else "subslide", []))
                height = 0
            guessed = is_text(block) and ASKS in block.source
            done[-1][1].append(block)
            height += estimate(block)
    return done


def groups(lesson):
    """Cut a lesson's cells into pieces that a slide holds whole, each a cell.

    What belongs on one slide comes as one list: a piece of text; code with what it prints;
    a figure with its sentence.
    """
    for cell in lesson.cells:
        if LEFT_OUT.match(cell.source):
            continue
        if cell.cell_type == "markdown":
            for source in paragraphs(BADGE.sub("", cell.source)):
                yield [nbformat.v4.new_markdown_cell(LINK.sub(link, source))]
            continue
        group = [nbformat.v4.new_code_cell(cell.source)]
        for output in cell.outputs:
            if OPEN.match(output.get("data", {}).get("text/plain", "")):
                continue
            if output.get("data", {}).get("text/html", "").count("<tr") > TABLE_ROWS:
                output.data.pop("text/html")  # as text, it can be cut into two slides
            if shown_as(output) == "image":
                yield group
                group = []
            group += [nbformat.v4.new_code_cell(outputs=[one]) for one in parts(output)]
        yield group


def is_text(cell):
    return cell.cell_type == "markdown"


def link(match):
    """Let a link to a lesson lead to its slides; of other files, keep the words."""
    words, name, kind, _ = match.groups()
    return f"[{words}]({name}.html)" if kind == "ipynb" else words


def paragraphs(source):
    """Cut text between paragraphs, but not after a heading or a colon, nor in code."""
    pieces = []
    for piece in re.split(r"\n{2,}", source):
        before = pieces[-1] if pieces else ""
        last = before.rstrip("*_")
        lead = last.endswith(":") or re.fullmatch(r"#+ .*", last.split("\n")[-1])
        first, *others = tables(piece)
        if lead or is_open(before):
            pieces[-1] += f"\n\n{first}"
        else:
            pieces.append(first)
        pieces += others
    return pieces


def is_open(text):
    """Whether code or the box of a traceback begins in a text and does not end there."""
    without = BOX.sub("", text)
    return "<pre" in without or without.count("```") % 2 == 1


def tables(piece):
    """Cut a long table, each part with its heading; of other text, return all."""
    lines = piece.split("\n")
    if not piece.startswith("|"):
        return [piece]
    head, rows = lines[:2], lines[2:]
    starts = range(0, len(rows), TABLE_ROWS)
    return ["\n".join(head + rows[i : i + TABLE_ROWS]) for i in starts]


def parts(output):
    """Cut an output of many lines where a line begins that is not indented."""
    lines = lines_of(output)
    if shown_as(output) != "text" or len(lines) <= OUTPUT_LINES:
        return [output]
    starts = [i for i, line in enumerate(lines) if i and line[:1].strip()]
    pieces, begin = [], 0
    while len(lines) - begin > OUTPUT_LINES:
        fitting = [i for i in starts if begin < i <= begin + OUTPUT_LINES]
        end = max(fitting, default=begin + OUTPUT_LINES)
        pieces.append(lines[begin:end])
        begin = end
    pieces.append(lines[begin:])
    return [
        nbformat.v4.new_output("stream", text="\n".join(piece) + "\n")
        for piece in pieces
    ]


def lines_of(output):
    """Return an output as lines of text; one empty line where it has none."""
    text = output.get("text") or output.get("data", {}).get("text/plain", "")
    return text.rstrip("\n").split("\n")


def shown_as(output):
    """Say what of an output is shown: ``image``, ``html`` or ``text``."""
    data = output.get("data", {})
    return "image" if "image/png" in data else "html" if "text/html" in data else "text"


def estimate(block):
    """Return about how many pixels high a block is on a slide."""
    if is_text(block):
        source, boxes = BOX.subn("", block.source)
        height = 14 + 13 * source.count("\n\n") + BOX_HEIGHT * boxes
        for line in unwrapped(source):
            if line.startswith("|"):
                height += 16 + TABLE_LINE * math.ceil(len(line) / TABLE_LETTERS)
                continue
            level = len(re.match("#*", line)[0])
            height += LINE * math.ceil(len(line) / LETTERS)
            height += 90 - 20 * level if level else 0
        return height
    height = CODE_LINE * len(block.source.split("\n")) + 24 if block.source else 0
    for output in block.outputs:
        kind = shown_as(output)
        if kind == "image":
            height += figure_height(output) + 14
        elif kind == "html":
            height += 40 * output.data["text/html"].count("<tr") + 60
        else:
            lines = [math.ceil(len(line) / LETTERS) or 1 for line in lines_of(output)]
            height += CODE_LINE * sum(lines) + 14
    return height


def unwrapped(source):
    """Return the lines of a text as a page breaks them: a paragraph is one line."""
    joined = re.sub(r"(?<!\n)\n(?!\n|- |\d+\. |\||#|```)", " ", source)
    return [line for line in joined.split("\n") if line]


def figure_height(output):
    """Return how many pixels high the figure of an output is on a slide."""
    header = base64.b64decode(output.data["image/png"][:32])
    width, height = struct.unpack(">II", header[16:24])
    size = output.metadata.get("image/png", {})  # sharp figures have more pixels
    width, height = size.get("width", width), size.get("height", height)
    return min(height, FIGURE, height * WIDTH / width)
