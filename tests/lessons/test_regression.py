"""The regression tests themselves: no stored digit can change unnoticed."""

import re

import nbformat
import pytest
from lesson_files import LESSONS
from rerun import nbval


def change_one_digit(text):
    """Replace one digit by another: now the first, now the last, now one between."""
    places = [found.start() for found in re.finditer(r"\d", text)]
    place = places[len(text) % len(places)]
    return text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :]


@pytest.mark.slow
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_changed_digit_fails_in_every_cell_that_shows_one(path, tmp_path):
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
