"""The lessons as files: what several tests read of them."""

import copy
import re

from helpers.engine.files import NOTEBOOKS
from helpers.exercises import exercise

LESSONS = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
EXERCISE_STUB = re.compile(r"^(answer =|    return) \.\.\.$", re.MULTILINE)
CHECK = re.compile(r'^check\("([\w.]+)", (\w+)\)$', re.MULTILINE)
GUESS_STUB = re.compile(r"^guess = \.\.\.$", re.MULTILINE)
COMPARE = re.compile(r'^compare\("([\w.]+)", guess\)$', re.MULTILINE)
GLOSSARY_LINK = re.compile(r"\[\*\*([^*]+)\*\*\]\(glossary\.md#([\w-]+)\)")


def text(lesson):
    return "\n\n".join(c.source for c in lesson.cells if c.cell_type == "markdown")


def code_cells(lesson):
    return [cell for cell in lesson.cells if cell.cell_type == "code"]


def number(path):
    return int(path.name[:2])


def topic(path):
    return path.stem[3:]


def of_lesson(path, kind):
    """Return the names of a lesson's exercises or guesses."""
    known = getattr(exercise.lesson(topic(path)), kind)
    return [f"{topic(path)}.{name}" for name in known]


def numbered():
    """Return ``{"1.2": name, "1.A": name}``: what the guide and the headings say."""
    found = {}
    for path in LESSONS:
        for place, name in enumerate(of_lesson(path, "EXERCISES"), start=1):
            found[f"{number(path)}.{place}"] = name
        for name in of_lesson(path, "GUESSES"):
            found[f"{number(path)}.{name[-1]}"] = name
    return found


def glossary():
    """Return {anchor: what the glossary says} in the order of the file."""
    page = (NOTEBOOKS / "glossary.md").read_text(encoding="utf-8")
    entries = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    pairs = (entry.split("\n", 1) for entry in entries)
    return {term.replace(" ", "-"): said.strip() for term, said in pairs}


def with_answers(notebook):
    """Return a copy of a lesson, each stub with its solution in place of the dots."""
    cells = copy.deepcopy(notebook).cells
    dots = r"^answer = \.\.\.$|^def .+\n    return \.\.\.$"
    for i, cell in enumerate(cells):
        if cell.cell_type == "code" and EXERCISE_STUB.search(cell.source):
            lines = cells[i + 2].source.splitlines()[1:-1]  # what it shows is left out
            solution, call = "\n".join(lines).strip(), CHECK.search(cell.source)[0]
            cell.source, count = re.subn(
                dots, lambda _, new=solution: new, cell.source, flags=re.M
            )
            assert count == 1 and call in cell.source
    return cells
