"""The page of error messages in a real JupyterLab: links lead to its entries."""

import nbformat
import pytest

from helpers.engine.error_page import NAME, entries

pytestmark = pytest.mark.browser
PREVIEW = ".jp-MarkdownViewer"
# A heading stands on the upper half of the screen
IN_VIEW = """(words) => [...document.querySelectorAll(".jp-MarkdownViewer h3")].some(
    (h) => h.textContent.startsWith(words)
        && h.getBoundingClientRect().top >= 0
        && h.getBoundingClientRect().top < innerHeight / 2)"""
FIRST = entries()[0]
# One whose anchor starts with a hyphen, one with signs that GitHub leaves out
OTHERS = [
    next(one for one in entries() if one.message.startswith(words))
    for words in ("'…' object", "Matrix size-incompatible: In[0]")
]


def test_links_of_a_lesson_and_of_the_page_lead_to_the_entries(page, lab):
    name = lab.notebook("with_a_link.ipynb", "1 + 1")
    path = lab.folder / "notebooks" / name
    notebook = nbformat.read(path, as_version=4)
    link = f"[the entry]({NAME}#{FIRST.anchor})"
    notebook.cells.append(nbformat.v4.new_markdown_cell(link))
    nbformat.write(notebook, path)
    page.page.goto(f"{lab.address}/lab/tree/notebooks/{name}?reset")
    page.page.get_by_role("link", name="the entry").click(timeout=60_000)
    page.page.wait_for_function(IN_VIEW, arg=FIRST.message)
    for one in OTHERS:
        page.page.locator(f'{PREVIEW} li a[href$="#{one.anchor}"]').click()
        page.page.wait_for_function(IN_VIEW, arg=one.message)
