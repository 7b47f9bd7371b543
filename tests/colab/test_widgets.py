"""Explorers, quizzes and the upload through ipywidgets 7.7.1's own page, in Chromium."""

import html
import re

import nbformat
import numpy as np
import pytest
from browser import dense_page as dense
from browser import layers_page as layers
from browser.lab import faultless, running
from lesson_files import CHECK
from PIL import Image

from colab.classic import Classic, ClassicPage
from colab.machine import CLONE, Colab
from helpers.by_hand import explain
from helpers.datasets import cat_photograph
from helpers.exercises.checking import OPEN
from helpers.exercises.feedback import Comment, as_html
from helpers.exercises.questions import questions
from helpers.exercises.quizzes import LETTERS, choices, comment
from helpers.extraction import layer_outputs
from helpers.networks import trained_cifar10_cnn
from helpers.pictures import read_picture

pytestmark = pytest.mark.colab


@pytest.fixture(scope="module")
def classic(browser, tmp_path_factory, published):
    """A running Notebook 6 on an empty folder."""
    folder = tmp_path_factory.mktemp("classic")
    with running(Classic(Colab(folder, published), folder)) as classic:
        yield classic


@pytest.fixture
def page(browser, classic):
    """A `ClassicPage`; a test fails if it noted a fault."""
    with faultless(ClassicPage, browser, classic) as page:
        yield page


def run(page, published, start, *sources):
    """Open a lesson of the published course, run it, and return its cells."""
    (path,) = (published / "notebooks").glob(f"{start}_*.ipynb")
    page.open_notebook(page.lab.notebook(path, *sources))
    page.run_all_and_wait()
    assert (page.lab.folder / CLONE / "helpers").is_dir()
    return nbformat.read(path, as_version=4).cells


def words(text):
    """Return text with single spaces as all its white space."""
    return " ".join(text.split())


def plain(text):
    """Return the words of a text that may hold backticks, as a quiz shows them."""
    return words(html.unescape(re.sub("<[^>]*>", "", as_html(text))))


def check_looks(widget):
    """No style of the page's own reaches what is in an explorer."""
    found = widget.evaluate(
        """(widget) => [widget, ...widget.querySelectorAll("label, legend, caption")].map(
            (element) => {
                const style = getComputedStyle(element);
                return [style.color, style.marginBottom, parseFloat(style.fontSize)];
            })"""
    )
    assert len(found) > 5
    colours, margins, sizes = map(set, zip(*found))
    assert (colours, margins, max(sizes)) == ({found[0][0]}, {"0px"}, 14)


# --- lesson 01: the Dense network and the quiz


def test_dense_explorer_and_quiz(page, published):
    cells = run(page, published, "01")
    printed = [c for c in cells if any("text" in o for o in c.get("outputs", []))]
    shown = words(page.page.locator("#notebook-container").inner_text())
    for cell in printed:
        text = "".join(one.text for one in cell.outputs if "text" in one)
        assert words(text) in shown, text
    exercises = sum(bool(CHECK.search(cell.source)) for cell in cells)
    assert shown.count(words(repr(Comment(OPEN)))) == exercises > 3

    explorer = dense.Explorer(page, page.widget_cell())
    check_looks(explorer.widget)
    model = dense.namespace(dense.COURSE)["model"]
    explorer.decimals(8)
    random = np.random.default_rng(1)
    for row in random.uniform(-3, 3, (10, 3)).round(4):
        explorer.type(row)
        expected = np.concatenate(dense.keras_outputs(model, row))
        dense.near(explorer.values(), expected, np.abs(row).max())
        layer = random.integers(2)
        unit = random.integers([4, 2][layer])
        explorer.node(("hidden", "output")[layer], unit).hover()
        page.next_frame()
        dense.check_arithmetic(explorer, model, layer, unit, row)
    page.screenshot("classic_dense")
    dense_by_keyboard(page, explorer, model)
    answer_the_quiz(page, questions("dense_by_hand"))
    assert page.errors() == []


def dense_by_keyboard(page, explorer, model):
    count = page.page.locator(".cell").count()
    press = page.page.keyboard.press
    explorer.field(0).fill("-1.5")
    explorer.node("inputs", 0).focus()
    press("ArrowRight")
    press("Home")
    row = [float(explorer.field(i).input_value()) for i in range(3)]
    assert row[0] == -1.5
    for unit in range(4):
        page.next_frame()
        focused = page.page.evaluate(
            "document.activeElement.getAttribute('aria-label')"
        )
        assert focused.startswith(f"hidden unit {unit}:")
        dense.check_arithmetic(explorer, model, 0, unit, row)
        press("ArrowDown")
    for key in "ddxab":  # the page's keys to delete, cut and insert a cell
        press(key)
    assert page.page.locator(".cell").count() == count


def answer_the_quiz(page, questions):
    """Click a wrong and the right answer of each question; read what is said."""
    box = page.output("quiz(")
    box.scroll_into_view_if_needed()
    text = words(box.inner_text())
    score = box.get_by_text(re.compile(r"^\d right, \d of \d answered\.$"))
    for i, question in enumerate(questions):
        assert plain(question.text) in text
        card = box.locator(".widget-vbox .widget-vbox").nth(i)
        offered = choices(question)
        for choice in (next(iter(question.wrong)), question.right):
            letter = LETTERS[offered.index(choice)]
            card.get_by_role("button", name=re.compile(f"^{letter}")).click()
            mark = "✓" if choice == question.right else "✗"
            said = f"{mark} {plain(comment(question, choice))}"
            card.get_by_text(said, exact=True).wait_for()
            chosen = card.get_by_role("button", name=f"{letter} {mark}", exact=True)
            chosen.wait_for()
            right = i + (choice == question.right)
            expected = f"{right} right, {i + 1} of {len(questions)} answered."
            box.get_by_text(expected, exact=True).wait_for()
    assert score.count() == 1
    page.screenshot("classic_quiz")


# --- lesson 04: the explorer of layers, and what the browser asks Python


def test_layers_explorer(page, published):
    run(page, published, "04")
    hand = layers.Hand(page)
    check_looks(hand.widget)
    model = trained_cifar10_cnn()
    images = cat_photograph()[np.newaxis].astype("float32") / 255
    outputs = layer_outputs(model, images)
    one = {name: maps[0] for name, maps in outputs.items()}
    triples = layers.random_triples(outputs, 24, 1)
    for name, where, maps in layers.visit(hand, one, triples):
        numbers = explain(model, images, name, (0, *where))
        layers.check(hand.read(), numbers, float(maps[where]))
        place = ", ".join(map(str, (0, *where)))
        kernel = page.value(f"f\"{{outputs['{name}'][{place}]:.6f}}\"")
        assert float(kernel) == pytest.approx(float(maps[where]), abs=1e-5)

    hand.layer(1, "conv2d")
    hand.picture.focus()
    for key in ("Home", "ArrowDown", "ArrowRight", "ArrowRight"):
        hand.keyboard.press(key)
    hand.until("/row \\d+, column 2,/.test(text)")
    hand.keyboard.press("Enter")
    hand.until("text.includes('pinned (Escape lets go)')")
    hand.keyboard.press("Escape")
    hand.until("text.includes('pin this pixel')")
    page.screenshot("classic_layers")
    assert page.errors() == []


def test_kernel_answers_what_the_browser_asks(page, published):
    run(page, published, "00", layers.ODD, layers.SHOW_ODD)
    layers.check_python_explains(layers.Hand(page))
    assert page.errors() == []


# --- lesson 11: a picture of the learner's


def test_upload_of_a_picture(page, published, tmp_path):
    run(page, published, "11")
    file = tmp_path / "own.png"
    pixels = np.random.default_rng(0).integers(256, size=(40, 50, 3), dtype="uint8")
    Image.fromarray(pixels).save(file)
    box = page.output("from helpers.pictures import own_picture")
    box.get_by_text("The course's cat: 32 rows, 32 columns.", exact=True).wait_for()
    with page.page.expect_file_chooser() as chooser:
        box.get_by_role("button", name="Choose a picture").click()
    chooser.value.set_files(file)
    box.get_by_text("own.png: 40 rows, 50 columns.", exact=True).wait_for()
    width = box.locator("img").evaluate("(img) => img.naturalWidth")
    assert width == 50
    total = page.value("read_picture(chosen, size=32).sum()")
    assert int(total) == read_picture(file, size=32).sum()
    page.screenshot("classic_upload")
    assert page.errors() == []
