"""Slides: nothing is lost, nothing is told too early, formulas and links are right."""

import re

import nbformat
import pytest
from lesson_files import LESSONS

from helpers.classroom import editions, slides
from helpers.classroom import kit as kits


def lesson_of(path):
    return nbformat.read(path, as_version=4)


def test_sections_start_slides_and_nothing_is_lost():
    for path in LESSONS:
        lesson = editions.without_solutions(lesson_of(path))
        pages = slides.pages(lesson)
        shown = [block for _, blocks in pages for block in blocks]
        for kind, blocks in pages[1:]:
            heading = slides.is_text(blocks[0]) and re.match("##? ", blocks[0].source)
            assert (kind == "slide") == bool(heading)
        code = [c.source for c in lesson.cells if c.cell_type == "code"]
        left_out = [source for source in code if slides.LEFT_OUT.match(source)]
        assert len(left_out) == 1  # the setup cell
        kept = [c.source for c in shown if c.cell_type == "code" and c.source]
        assert kept == [source for source in code if source not in left_out]
        for cell in lesson.cells:
            outputs = [] if cell.source in left_out else cell.get("outputs", [])
            for output in outputs:
                if slides.OPEN.match(output.get("data", {}).get("text/plain", "")):
                    continue
                if slides.shown_as(output) == "text":
                    text = output.get("text") or output.data["text/plain"]
                    printed = "\n".join(
                        o.get("text") or o.get("data", {}).get("text/plain", "")
                        for c in shown
                        for o in c.get("outputs", [])
                    )
                    lines = [line for line in text.splitlines() if line.strip()]
                    assert [line for line in lines if line not in printed] == []


def test_a_guess_is_asked_on_one_slide_and_compared_on_a_later_one():
    asked = 0
    for path in LESSONS:
        pages = slides.pages(editions.without_solutions(lesson_of(path)))
        sources = [[block.source for block in blocks] for _, blocks in pages]
        for blocks in sources:
            places = [i for i, one in enumerate(blocks) if slides.ASKS in one]
            asked += len(places)
            assert places in ([], [len(blocks) - 1])  # nothing follows on that slide
        compared = sum(
            "\nguess = ..." in f"\n{one}" for blocks in sources for one in blocks
        )
        assert compared == sum(slides.ASKS in "".join(blocks) for blocks in sources)
    assert asked > 30


def test_code_stands_with_what_it_prints_if_a_slide_holds_both():
    lesson = nbformat.v4.new_notebook()
    filled = nbformat.v4.new_markdown_cell("\n\n".join(["A paragraph."] * 9))
    code = nbformat.v4.new_code_cell("print()\n" * 5)
    code.outputs = [nbformat.v4.new_output("stream", text="line\n" * 4)]
    lesson.cells = [filled, code]
    first, second = (blocks for _, blocks in slides.pages(lesson))
    assert all(slides.is_text(block) for block in first)
    assert [bool(block.outputs) for block in second] == [False, True]
    code.outputs = [nbformat.v4.new_output("stream", text="line\n" * 30)]
    first, second, *_ = (blocks for _, blocks in slides.pages(lesson))
    assert first[-1].source == code.source and second[0].outputs


@pytest.mark.parametrize(
    "source, shown",
    [
        ("A $x_1$.", '<p>A <math xmlns="[^"]+" display="inline">.+</math>.</p>'),
        ("$$x = 1$$", '<p><math xmlns="[^"]+" display="block">.+</math></p>'),
        ("5 $ and 6 $ are", r"<p>5 \$ and 6 \$ are</p>"),
        ("**5** $ and **6** $", r"<p>.+5.+ \$ and <strong>6</strong> \$</p>"),
        ("From $5 to $6.", r"<p>From \$5 to \$6.</p>"),
        (r"Of \$5 and $x$", r"<p>Of \$5 and <math .+</math></p>"),
        ("The code `$x$`.", r"<p>The code <code>\$x\$</code>.</p>"),
        ("```\n$x$ $$y$$\n```", r"<pre><code>\$x\$ \$\$y\$\$\n</code></pre>"),
        (r"A $\frob{x} < 1$.", r"<p>A \$\\frob{x} &lt; 1\$.</p>"),
        ("A $x^$ and $a<b$.", r"<p>A \$x\^\$ and <math .+</math>.</p>"),
        (r"A $\text{<b>}$.", r"<p>A \$\\text{&lt;b&gt;}\$.</p>"),
    ],
)
def test_formulas_become_mathml_and_nothing_else_does(source, shown):
    assert re.fullmatch(shown, slides.to_html(source).strip(), re.DOTALL)


def test_links_of_the_slides_lead_to_slides_or_to_the_web(tmp_path):
    kits.make_slides(tmp_path, {path.name: lesson_of(path) for path in LESSONS})
    found = 0
    for path in tmp_path.glob("*.html"):
        page = path.read_text(encoding="utf-8")
        links = re.findall(r'(?:href|src)="(?!https?:|data:|#)([^"#]+)', page)
        assert [link for link in links if not (tmp_path / link).exists()] == []
        names = re.findall(r'<a href="#([^"]+)"', page)
        assert [one for one in names if f'id="{one}"' not in page] == []
        found += len(links) + len(names)
        assert "Open in Colab" not in page
    assert found > 50


def test_slides_hold_no_solution_and_no_hint():
    for path in LESSONS:
        page = slides.deck(editions.without_solutions(lesson_of(path)), "title")
        words = " ".join(re.sub("<[^>]+>", " ", page).split())
        assert "# @title" not in words
        assert "<details" not in page
        assert "Right. " not in words


def test_long_output_is_cut_where_a_question_begins():
    lines = []
    for number in range(1, 8):
        lines += [f"{number}. A question", "   a) one", "   b) two", "   c) three", ""]
    output = nbformat.v4.new_output("stream", text="\n".join(lines))
    pieces = [part.text.splitlines() for part in slides.parts(output)]
    assert [line for piece in pieces for line in piece] == lines[:-1]
    assert all(len(piece) <= slides.OUTPUT_LINES for piece in pieces)
    assert all(re.match(r"\d\. ", piece[0]) for piece in pieces)


def test_long_table_keeps_its_heading_on_each_slide():
    rows = [f"| {i} | text |" for i in range(30)]
    head = ["| number | words |", "|---|---|"]
    source = "Look it up:\n\n" + "\n".join(head + rows) + "\n\nThat was all."
    pieces = slides.paragraphs(source)
    assert pieces[0].startswith("Look it up:\n\n| number")
    assert pieces[-1] == "That was all."
    found = [piece.split("\n") for piece in pieces[1:-1]]
    assert all(piece[:2] == head for piece in found)
    assert sum(piece.count("| text |") for piece in pieces) == 30


def test_code_in_text_is_not_cut():
    source = "Before.\n\n```\none\n\ntwo\n```\n\nAfter."
    assert slides.paragraphs(source) == ["Before.", "```\none\n\ntwo\n```", "After."]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("[lesson 03](03_a.ipynb)", "[lesson 03](03_a.html)"),
        ("[**shape**](glossary.md#shape)", "**shape**"),
        (
            "[a page](https://example.org/a.ipynb)",
            "[a page](https://example.org/a.ipynb)",
        ),
        ("`outputs[0](x)`", "`outputs[0](x)`"),
    ],
)
def test_links_lead_to_slides(text, expected):
    assert slides.LINK.sub(slides.link, text) == expected
