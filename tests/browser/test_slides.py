"""The slides of a kit, in a browser as large as a projector's: nothing is cut off."""

import nbformat
import pytest

from helpers.classroom import kit as kits
from helpers.classroom import slides
from helpers.engine.files import COURSE

pytestmark = pytest.mark.browser

LESSONS = sorted((COURSE / "notebooks").glob("[0-9][0-9]_*.ipynb"))

CUT = """() => {
  const cut = [];
  for (const slide of Reveal.getSlides()) {
    const { h, v } = Reveal.getIndices(slide);
    Reveal.slide(h, v);
    for (const one of slide.querySelectorAll(".fit *")) {
      const scrolls = one.closest("pre[style*=max-height]");  // a traceback
      if (scrolls && scrolls !== one) continue;
      const box = one.getBoundingClientRect();
      const style = getComputedStyle(one);
      const outside = box.width && box.height && (box.top < -0.5 || box.left < -0.5
        || box.bottom > innerHeight + 0.5 || box.right > innerWidth + 0.5);
      const hidden = !scrolls && ((style.overflowY !== "visible" && one.clientHeight
          && one.scrollHeight > one.clientHeight + 1)
        || (style.overflowX !== "visible" && one.clientWidth
          && one.scrollWidth > one.clientWidth + 1));
      if (outside || hidden) cut.push([h, v, one.className, one.textContent.slice(0, 60)]);
    }
  }
  return cut;
}"""
SCALES = (
    "() => [...document.querySelectorAll('[data-scale]')].map(s => +s.dataset.scale)"
)


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    """A kit's folder of slides."""
    folder = tmp_path_factory.mktemp("class") / "kit"
    kits.prepare(folder)
    return folder / "slides"


@pytest.fixture
def page(browser):
    """A page as large as a projector's; a test fails if it noted a fault."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: said.type == "error" and faults.append(said.text))
    page.on(
        "request",
        lambda sent: sent.url.startswith(("file:", "data:")) or faults.append(sent.url),
    )
    yield page
    context.close()
    assert faults == []


def show(page, path):
    page.goto(path.as_uri())
    page.wait_for_function("document.body.dataset.ready === 'yes'", timeout=60_000)


@pytest.mark.parametrize("name", [path.stem for path in LESSONS])
def test_nothing_is_cut_off_and_nothing_is_asked_of_other_hosts(decks, page, name):
    show(page, decks / f"{name}.html")
    assert page.evaluate(CUT) == []
    assert min(page.evaluate(SCALES)) >= 0.75  # 26 pixels become 20


def test_what_is_too_high_is_shown_smaller(decks, page):
    tall = nbformat.v4.new_notebook()
    tall.cells = [nbformat.v4.new_markdown_cell("\n".join(["- word"] * 40))]
    path = decks / "tall.html"
    path.write_text(slides.deck(tall, "tall"), encoding="utf-8")
    show(page, path)
    assert page.evaluate(SCALES)[0] < 0.75
    assert page.evaluate(CUT) == []


def test_formulas_are_drawn(decks, page):
    lesson = nbformat.v4.new_notebook()
    source = (
        r"A share: $\frac{1}{2}$, of $x$; not $\frob{2}$." "\n\n$$\\sum_i x_i w_i$$"
    )
    lesson.cells = [nbformat.v4.new_markdown_cell(source)]
    path = decks / "formula.html"
    path.write_text(slides.deck(lesson, "formula"), encoding="utf-8")
    show(page, path)
    fraction, letter, total = page.locator("math").all()
    assert fraction.bounding_box()["height"] > 1.5 * letter.bounding_box()["height"]
    sum_sign = total.locator("mo").first  # a formula of its own stands in the middle
    assert sum_sign.bounding_box()["x"] > 300
    assert r"not $\frob{2}$." in page.locator(".fit").inner_text()


def test_link_leads_to_the_next_lessons_slides(decks, page):
    show(page, decks / "00_start_here.html")
    page.evaluate("Reveal.slide(Reveal.getTotalSlides(), 9)")
    page.get_by_role("link", name="01 ·").click()
    page.wait_for_url("**/01_dense_by_hand.html")


def test_page_names_its_own_folder_for_install(decks, page):
    lessons = kits.read_lessons()
    path = decks.parent / "with packages.html"
    given = lessons, True, ["Linux", "Windows"], "3.12", "", "", "0:00"
    text = kits.make_page(*given)
    path.write_text(text, encoding="utf-8")
    page.goto(path.as_uri())
    assert page.locator("#kit").inner_text() == f'"{decks.parent.as_posix()}/"'
    assert "Linux, Windows, each with Python 3.12." in page.locator("ol").inner_text()
    assert page.locator("table tr").count() == len(LESSONS) + 2


def test_page_without_packages_says_where_they_come_from(decks, page):
    page.goto((decks.parent / "index.html").as_uri())
    steps = page.locator("ol").inner_text()
    assert "from the internet" in steps and "python3 -m helpers lab" in steps
    page.get_by_role("link", name="slides").first.click()
    page.wait_for_url("**/slides/00_start_here.html")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_page_fits_the_screen_in_both_colours(decks, page, scheme, width):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto((decks.parent / "index.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    text = page.evaluate("getComputedStyle(document.querySelector('h1')).color")
    assert text == ("rgb(255, 255, 255)" if scheme == "dark" else "rgb(0, 0, 0)")


def test_slides_print_one_to_a_page(decks, page):
    path = decks / "00_start_here.html"
    show(page, path)
    slides_count = page.evaluate("Reveal.getTotalSlides()")
    page.goto(f"{path.as_uri()}?print-pdf")
    page.wait_for_function("document.body.dataset.ready === 'yes'", timeout=60_000)
    assert page.locator(".pdf-page").count() == slides_count
    printed = page.pdf(prefer_css_page_size=True)
    assert printed.count(b"/Type /Page\n") == slides_count
