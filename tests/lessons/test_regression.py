"""The regression tests themselves: no stored digit can change unnoticed."""

import os
import re
from pathlib import Path

import nbformat
import pytest
from rerun import nbval

ROOT = Path(__file__).resolve().parent.parent.parent
LESSONS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def change_one_digit(text):
    """Replace the first digit by another one."""
    return re.sub(r"\d", lambda found: str((int(found[0]) + 1) % 10), text, count=1)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_changed_digit_fails_in_every_cell_that_shows_one(path, tmp_path):
    if path.stem != "01_dense_by_hand" and "LAYERS_EVERY_LESSON" not in os.environ:
        pytest.skip("set LAYERS_EVERY_LESSON=1 for every lesson")
    notebook = nbformat.read(path, as_version=4)
    changed = []
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code):
        for output in cell.outputs:
            if "text" in output and re.search(r"\d", output.text):
                output.text = change_one_digit(output.text)
                changed.append(number)
            for kind in ("text/plain", "text/html"):
                if re.search(r"\d", output.get("data", {}).get(kind, "")):
                    output.data[kind] = change_one_digit(output.data[kind])
                    changed.append(number)
    assert len(set(changed)) >= 3
    _, printed = nbval(notebook, path.name, tmp_path)
    failed = re.findall(r"^FAILED .*::Cell (\d+)", printed, re.MULTILINE)
    assert sorted(map(int, failed)) == sorted(set(changed)), printed[-3000:]
