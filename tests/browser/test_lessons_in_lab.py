"""Every lesson runs in a real JupyterLab: no error, no broken widget, no way outside."""

import pytest

from helpers.engine.files import COURSE

LESSONS = sorted(
    path.name for path in (COURSE / "notebooks").glob("[0-9][0-9]_*.ipynb")
)
pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", LESSONS)
def test_run_all(page, name):
    page.open_notebook(name)
    page.run_all_and_wait()
    assert page.errors() == []


WRONG = """
from IPython.display import HTML, display

widget = {"version_major": 2, "version_minor": 0, "model_id": "of no widget"}
display({"application/vnd.jupyter.widget-view+json": widget}, raw=True)
HTML('<img alt="" src="http://localhost:9/picture.png">')
"""


def test_what_is_wrong_is_noted(page, lab):
    page.open_notebook(lab.notebook("wrong.ipynb", WRONG))
    page.run_all_and_wait()
    assert [text for text in page.errors() if "model not found" in text]
    page.open_notebook(lab.notebook("worse.ipynb", "1 / 0"))
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        page.run_all_and_wait()
    kinds = {fault.partition(":")[0] for fault in page.faults}
    assert kinds >= {"console", "request to another host"}
    page.faults.clear()
