"""Slides from the cells of a lesson: what belongs together, and no more than fits.

A slide is 1280 by 720 pixels, scaled to the screen. Cells are cut into blocks
(a paragraph, a list, the code of a cell, one of its outputs), each block's height is
estimated, and blocks fill a slide until the next does not fit. What is still too high
is made smaller by the page itself, see ``slides.html.j2``.
"""

import base64
import copy
import math
import re
import struct
from pathlib import Path

import nbformat
from nbconvert import SlidesExporter

TEMPLATE = Path(__file__).with_name("slides.html.j2")
STYLE = Path(__file__).with_name("slides.css")
HEIGHT = 640  # of the 720 pixels, those between the margins
LINE = 36  # pixels of a line of text
CODE_LINE = 29
LETTERS = 92  # in a line of text
FIGURE = 430  # pixels: no figure is higher; `slides.css` says the same
OUTPUT_LINES = 20
TABLE_ROWS = 11
LEFT_OUT = re.compile(r"^(# @title Setup|<details>)")
LINK = re.compile(r"\[([^\]]+)\]\((\w[\w.]*)\.(ipynb|md)(#[\w-]+)?\)")


def deck(lesson, title):
    """Return a lesson's slides as one page of HTML, by nbconvert.

    Arguments:
        lesson: notebook, without what shall not be shown.
        title: title of the page.

    Returns:
        String. The page takes its scripts from the folder ``scripts`` beside it, and
        nothing from anywhere else.
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
    exporter.exclude_anchor_links = True
    return exporter.from_notebook_node(slides)[0]


def pages(lesson):
    """Return a list of slides, each ``(kind, cells)``, kind ``slide`` or ``subslide``.

    A section of the lesson is one slide; what does not fit goes on below it.
    """
    done, height = [], 0
    for block in blocks(lesson):
        heading = re.match(r"(#+) ", block.source) if is_text(block) else None
        section = heading and len(heading[1]) < 3
        fits = height + estimate(block) <= HEIGHT
        if not done or heading or not fits:
            done.append(("slide" if section or not done else "subslide", []))
            height = 0
        done[-1][1].append(block)
        height += estimate(block)
    return done


def blocks(lesson):
    """Cut a lesson's cells into pieces that a slide holds whole, each a cell."""
    for cell in lesson.cells:
        if LEFT_OUT.match(cell.source):
            continue
        if cell.cell_type == "markdown":
            for source in paragraphs(cell.source):
                yield nbformat.v4.new_markdown_cell(LINK.sub(link, source))
            continue
        yield nbformat.v4.new_code_cell(cell.source)
        for output in cell.outputs:
            if output.get("data", {}).get("text/html", "").count("<tr") > TABLE_ROWS:
                output.data.pop("text/html")  # as text, it can be cut into two slides
            for part in parts(output):
                yield nbformat.v4.new_code_cell(outputs=[part])


def is_text(cell):
    return cell.cell_type == "markdown"


def link(match):
    """Let a link to a lesson lead to its slides; of other files, keep the words."""
    words, name, kind, _ = match.groups()
    return f"[{words}]({name}.html)" if kind == "ipynb" else words


def paragraphs(source):
    """Cut text between paragraphs, but not after a heading or a colon, nor in code."""
    pieces, in_code = [], False
    for piece in re.split(r"\n{2,}", source):
        last = pieces[-1].rstrip("*_") if pieces else ""
        lead = last.endswith(":") or re.fullmatch(r"#+ .*", last.split("\n")[-1])
        first, *others = tables(piece)
        if pieces and (in_code or lead):
            pieces[-1] += f"\n\n{first}"
        else:
            pieces.append(first)
        pieces += others
        in_code ^= piece.count("```") % 2 == 1
    return pieces


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
    text = output.get("text") or output.get("data", {}).get("text/plain", "")
    lines = text.rstrip("\n").split("\n")
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


def shown_as(output):
    """Say what of an output is shown: ``image``, ``html`` or ``text``."""
    data = output.get("data", {})
    return "image" if "image/png" in data else "html" if "text/html" in data else "text"


def estimate(block):
    """Return about how many pixels high a block is on a slide."""
    if is_text(block):
        lines = [math.ceil(len(line) / LETTERS) for line in unwrapped(block.source)]
        headings = len(re.findall(r"^#", block.source, re.MULTILINE))
        return LINE * sum(lines) + 24 * headings + 14
    height = CODE_LINE * len(block.source.split("\n")) + 24 if block.source else 0
    for output in block.outputs:
        kind = shown_as(output)
        if kind == "image":
            height += min(figure_height(output.data["image/png"]), FIGURE) + 14
        elif kind == "html":
            height += 40 * output.data["text/html"].count("<tr") + 60
        else:
            text = output.get("text") or output.get("data", {}).get("text/plain", "")
            height += CODE_LINE * len(text.rstrip("\n").split("\n")) + 14
    return height


def unwrapped(source):
    """Return the lines of a text as a page breaks them: a paragraph is one line."""
    joined = re.sub(r"(?<!\n)\n(?!\n|- |\d+\. |\||#|```)", " ", source)
    return [line for line in joined.split("\n") if line]


def figure_height(png):
    """Return the height that a PNG, in base64, has in its header, in pixels."""
    return struct.unpack(">I", base64.b64decode(png[:32])[20:24])[0]
