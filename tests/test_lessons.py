"""Every lesson is built the same way: order of parts, cells, tags, words, links."""

import re
from pathlib import Path

import nbformat
import pytest
from rerun import execute

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
LESSONS = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
BANNED = re.compile(r"\b(simply|just|easy|easily|obviously|of course)\b", re.IGNORECASE)
SETUP_TITLE = "# @title Setup: run this cell first"


@pytest.fixture(params=LESSONS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def lesson(path):
    return nbformat.read(path, as_version=4)


def text(lesson):
    return "\n\n".join(c.source for c in lesson.cells if c.cell_type == "markdown")


def code_cells(lesson):
    return [cell for cell in lesson.cells if cell.cell_type == "code"]


def solutions(lesson):
    return [c for c in code_cells(lesson) if c.source.startswith("# @title Solution")]


def test_there_are_lessons():
    assert len(LESSONS) >= 3


def test_notebook_is_valid(lesson):
    nbformat.validate(lesson)


def test_head_has_title_outcomes_needs_and_minutes(lesson, path):
    head = lesson.cells[0].source
    assert head.startswith(f"# {path.name[:2]} · ")
    outcomes = head.split("**You will**")[1].split("**You need**")[0]
    assert 3 <= len(re.findall(r"^- ", outcomes, re.MULTILINE)) <= 5
    assert re.search(r"^\*\*Takes\*\* \d+ minutes", head, re.MULTILINE)


def test_last_cell_has_claims_trap_and_link(lesson):
    last = lesson.cells[-1].source
    parts = ["## What you can do now", "## Where it goes wrong", "**"]
    places = [last.index(part) for part in parts]
    assert places == sorted(places)
    assert re.search(r"\]\(\d\d_\w+\.ipynb\)$", last)


def test_as_many_claims_as_outcomes(lesson):
    promised = lesson.cells[0].source.split("**You will**")[1].split("**You need**")[0]
    claimed = lesson.cells[-1].source.split("## Where it goes wrong")[0]

    def bullets(part):
        return len(re.findall(r"^- ", part, re.MULTILINE))

    assert bullets(claimed) == bullets(promised)


def test_setup_cell_is_the_second_cell_and_the_same_everywhere(lesson):
    first = nbformat.read(LESSONS[0], as_version=4).cells[1]
    assert lesson.cells[1].source.startswith(SETUP_TITLE)
    assert lesson.cells[1].source == first.source
    assert lesson.cells[1].metadata == first.metadata


def test_code_cells_fit_a_projector(lesson):
    for cell in code_cells(lesson)[1:]:
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= 8 + (cell in solutions(lesson)), cell.source
        assert max(map(len, lines)) <= 88, cell.source


def test_every_exercise_has_stub_hint_and_hidden_solution(lesson):
    cells = lesson.cells
    stubs = [i for i, c in enumerate(cells) if re.search(r"= \.\.\.$", c.source, re.M)]
    assert len(stubs) == len(solutions(lesson)) >= 1
    for i in stubs:
        task, stub, hint, solution = cells[i - 1 : i + 3]
        name = re.search(r'^check\("([\d.]+)", \w+\)$', stub.source, re.M).group(1)
        assert f"### Try it {name}" in task.source
        assert hint.source.startswith("<details><summary>Hint")
        assert solution.source.startswith(f"# @title Solution {name}\n")
        assert solution.source.endswith(f'check("{name}", answer)')
        assert solution.metadata["tags"] == ["solution"]
        assert solution.metadata["jupyter"] == {"source_hidden": True}
        assert solution.metadata["cellView"] == "form"


def test_solutions_pass_and_stubs_are_open(lesson):
    for cell in code_cells(lesson):
        printed = "".join(output.get("text", "") for output in cell.outputs)
        if cell in solutions(lesson):
            assert re.search(r"^Exercise [\d.]+: right\.", printed, re.M), printed
        elif re.search(r"= \.\.\.$", cell.source, re.M):
            assert re.search(r"^Exercise [\d.]+ is open", printed, re.M), printed


def test_no_banned_words(lesson):
    assert BANNED.findall(text(lesson)) == []


def test_links_resolve(lesson, path):
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", text(lesson))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_every_figure_has_its_sentence(lesson):
    for cell in code_cells(lesson):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                sentence = output.data["text/plain"].strip()
                assert sentence.endswith(".") and "Figure(" not in sentence
                printed = "".join(o.get("text", "") for o in cell.outputs)
                assert " ".join(sentence.split()) in " ".join(printed.split())


def test_every_cell_was_run_without_errors_or_warnings(lesson):
    numbers = []
    for cell in code_cells(lesson):
        ignored = "nbval-ignore-output" in cell.metadata.get("tags", [])
        if ignored:
            assert cell.outputs == []  # what is stored must be compared
            continue
        numbers.append(cell.execution_count)
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output
    assert numbers == sorted(numbers) and None not in numbers


def test_every_cell_can_be_run_twice(lesson, path):
    twice = [cell for cell in code_cells(lesson) for _ in range(2)]
    expected = [cell.outputs for cell in twice]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell.source) for cell in twice]
    )
    for cell, original in zip(notebook.cells, twice):
        cell.metadata.tags = original.metadata.get("tags", [])
    execute(notebook, path.parent)
    for cell, stored in zip(notebook.cells, expected):
        if stored:
            assert shown(cell.outputs) == shown(stored), cell.source


def shown(outputs):
    """Return what a learner reads of a cell's outputs, pictures by their sentence."""
    return [o.get("text") or o.get("data", {}).get("text/plain") for o in outputs]


def test_nothing_of_a_machine_is_stored(lesson):
    assert set(lesson.metadata) == {"kernelspec", "language_info"}
    assert lesson.metadata.kernelspec.name == "python3"
    assert lesson.metadata.language_info == {"name": "python"}
    for cell in code_cells(lesson):
        assert set(cell.metadata) <= {"tags", "jupyter", "cellView"}
        allowed = {"solution", "nbval-ignore-output", "raises-exception"}
        assert set(cell.metadata.get("tags", [])) <= allowed
