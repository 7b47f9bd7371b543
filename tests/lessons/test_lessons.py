"""Every lesson is built the same way: order of parts, cells, tags, words, links."""

import copy
import re
import statistics

import nbformat
import publish
import pytest
from lesson_files import (
    CHECK,
    COMPARE,
    EXERCISE_STUB,
    GLOSSARY_LINK,
    GUESS_STUB,
    LESSONS,
    code_cells,
    glossary,
    number,
    of_lesson,
    text,
    topic,
    with_answers,
)
from rerun import nbval

from helpers.exercises import quiz
from helpers.exercises.checking import OPEN, RIGHT
from helpers.exercises.exercise import find
from helpers.exercises.feedback import Comment
from helpers.exercises.functions import FunctionExercise
from helpers.exercises.keep import FILE

SETUP_TITLE = "# @title Setup: run this cell first"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
LABELS = {"You will", "You need", "Takes", "Guess first.", "Next:", "Back to:"}


@pytest.fixture(params=LESSONS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def lesson(path):
    return nbformat.read(path, as_version=4)


def solutions(lesson):
    return [c for c in code_cells(lesson) if c.source.startswith("# @title Solution")]


def test_numbers_of_the_lessons_rise():
    """Two numbers are left free: those lessons are not written yet."""
    numbers = [number(path) for path in LESSONS]
    assert numbers == sorted(set(numbers)) and numbers[0] == 0


def test_notebook_is_valid(lesson):
    nbformat.validate(lesson)


def test_head_has_title_badge_promise_outcomes_needs_and_minutes(lesson, path):
    head = lesson.cells[0].source
    title, badge, promise, _ = head.split("\n\n", 3)
    assert title.startswith(f"# {path.name[:2]} · ")
    assert publish.OPENS.fullmatch(badge)
    assert promise.endswith(".")
    outcomes = head.split("**You will**")[1].split("**You need**")[0]
    assert 3 <= len(re.findall(r"^- ", outcomes, re.MULTILINE)) <= 5
    assert re.search(r"^\*\*Takes\*\* \d+ minutes\.", head, re.MULTILINE)


def test_last_cell_has_claims_trap_and_link(lesson, path):
    last = lesson.cells[-1].source
    parts = ["## What you can do now", "## Where it goes wrong", "**"]
    places = [last.index(part) for part in parts]
    assert places == sorted(places)
    following = LESSONS[(LESSONS.index(path) + 1) % len(LESSONS)]
    label = "Back to" if following == LESSONS[0] else "Next"
    link = rf"\*\*{label}:\*\* \[{following.name[:2]} · [^]]+\]\({following.name}\)$"
    assert re.search(link, last)


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
        more = cell in solutions(lesson) or GUESS_STUB.search(cell.source)
        assert len(lines) <= 8 + bool(more), cell.source
        assert max(map(len, lines)) <= 88, cell.source


def test_every_exercise_has_stub_hint_and_hidden_solution(lesson, path):
    cells = lesson.cells
    stubs = [i for i, cell in enumerate(cells) if EXERCISE_STUB.search(cell.source)]
    names = []
    for i in stubs:
        task, stub, hint, solution = cells[i - 1 : i + 3]
        name, given = CHECK.search(stub.source).groups()
        asks_for_function = isinstance(find(name, "EXERCISES"), FunctionExercise)
        assert given == (name.split(".")[1] if asks_for_function else "answer")
        if asks_for_function:
            assert re.search(rf"def {given}\(.+\):", stub.source)[0] in solution.source
        shown = f"{number(path)}.{len(names) + 1}"
        assert f"### Try it {shown}\n" in task.source
        assert hint.source.startswith("<details><summary>Hint")
        assert solution.source.startswith(f"# @title Solution {shown}\n")
        assert solution.metadata["tags"] == ["solution"]
        assert solution.metadata["jupyter"] == {"source_hidden": True}
        assert solution.metadata["cellView"] == "form"
        names.append(name)
    assert len(stubs) == len(solutions(lesson))
    assert names == of_lesson(path, "EXERCISES")
    assert len(names) >= {"start_here": 1, "your_own_network": 0}.get(topic(path), 4)


def test_every_guess_is_compared_in_the_cell_that_shows_what_comes_out(lesson, path):
    cells = lesson.cells
    taken = [i for i, cell in enumerate(cells) if GUESS_STUB.search(cell.source)]
    names = []
    for i in taken:
        asked = [j for j in range(i) if "**Guess first.**" in cells[j].source]
        assert asked[-1] in (i - 1, i - 2), cells[
            i
        ].source  # one cell may stand between
        head = cells[i].source.partition("guess = ...")[0].strip()
        assert all(re.match("import |from |$", line) for line in head.splitlines())
        names += COMPARE.findall(cells[i].source)
    compared = [name for c in code_cells(lesson) for name in COMPARE.findall(c.source)]
    asked = sum(cell.source.count("**Guess first.**") for cell in cells)
    assert len(names) == len(compared) == asked
    assert names == of_lesson(path, "GUESSES")


def test_quiz_stands_before_the_last_cell(lesson, path):
    heading, cell = lesson.cells[-3:-1]
    assert "## Quiz" in heading.source
    assert re.fullmatch(rf'quiz\("{topic(path)}"\)', cell.source.splitlines()[-1])
    assert cell.outputs[-1].data["text/plain"] == repr(quiz(topic(path)))


def test_solutions_show_the_answer_and_stubs_are_open(lesson):
    """What solutions show is no answer of the learner's: nothing is checked there."""
    for cell in code_cells(lesson):
        if cell in solutions(lesson):
            (shown,) = cell.outputs
            assert shown.output_type == "execute_result" and "check" not in cell.source
            assert re.search(r"\d", shown.data["text/plain"])
            assert not re.search(r"\d\.\d{4}", shown.data["text/plain"])
        elif EXERCISE_STUB.search(cell.source):
            assert cell.outputs[-1].data["text/plain"] == repr(Comment(OPEN))


def test_links_resolve(lesson, path):
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", text(lesson))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_bold_is_for_labels_and_for_terms_of_the_glossary(lesson):
    bold = re.findall(r"\*\*([^*]+)\*\*", text(lesson))
    terms = [term for term, _ in GLOSSARY_LINK.findall(text(lesson))]
    assert sorted(set(bold) - LABELS - set(terms)) == []


def test_a_term_is_linked_once_and_stands_in_the_glossary(lesson):
    anchors = [anchor for _, anchor in GLOSSARY_LINK.findall(text(lesson))]
    assert len(anchors) == len(set(anchors)), anchors
    assert set(anchors) <= set(glossary())


def test_glossary_is_in_order_and_every_entry_is_used():
    entries = glossary()
    assert list(entries) == sorted(entries)
    linked = {
        anchor
        for path in LESSONS
        for _, anchor in GLOSSARY_LINK.findall(text(nbformat.read(path, as_version=4)))
    }
    assert set(entries) == linked
    for term, said in entries.items():
        korean, definition = said.split("\n", 1)
        assert re.search("[가-힣]", korean), term
        assert definition.strip().endswith("."), term


def test_every_figure_has_its_sentence(lesson):
    for cell in code_cells(lesson):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                sentence = output.data["text/plain"].strip()
                printed = "".join(o.get("text", "") for o in cell.outputs)
                if sentence.startswith("<Figure size"):  # drawn with Matplotlib alone
                    assert "plt." in cell.source
                    sentence = printed.strip()
                assert sentence.endswith(".") and "Figure(" not in sentence
                assert " ".join(sentence.split()) in " ".join(printed.split())


def test_every_cell_was_run_without_errors_or_warnings(lesson):
    numbers = []
    for cell in code_cells(lesson):
        ignored = "nbval-ignore-output" in cell.metadata.get("tags", [])
        assert not any(WIDGET_VIEW in o.get("data", {}) for o in cell.outputs)
        if ignored:
            assert cell.outputs == []  # what is stored must be compared
            continue
        numbers.append(cell.execution_count)
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output
    assert numbers == sorted(numbers) and None not in numbers


def solved(notebook):
    """Return the code cells, each stub with its solution in place of the dots.

    What `check` and `keep` have to say to it stands below, so that nbval compares it.
    """
    cells = with_answers(notebook)
    for before, cell in zip(notebook.cells, cells):
        if before.source != cell.source:
            praise = Comment(
                f"{RIGHT} {find(CHECK.search(cell.source)[1], 'EXERCISES').why}"
            )
            shown = {"text/plain": repr(praise), "text/html": praise._repr_html_()}
            cell.outputs = [nbformat.v4.new_output("display_data", data=shown)]
            for name in re.findall(r"^keep\((\w+)\)$", cell.source, re.MULTILINE):
                said = f"{name} is kept in {FILE}.\n"
                cell.outputs.append(nbformat.v4.new_output("stream", text=said))
    return [cell for cell in cells if cell.cell_type == "code"]


def test_solved_lesson_passes_with_every_cell_run_twice(lesson, path, tmp_path):
    """What learners do: they solve the exercises, and run cells again."""
    lesson.cells = [copy.deepcopy(c) for c in solved(lesson) for _ in range(2)]
    for i, cell in enumerate(lesson.cells):
        cell.id = f"cell-{i}"
    limit = "--nbval-cell-timeout=20"  # no learner waits longer for a cell
    code, printed = nbval(lesson, path.name, tmp_path, limit)
    assert code == 0, printed[-5000:]
    assert f"{len(lesson.cells)} passed" in printed


def test_nothing_of_a_machine_is_stored(lesson):
    assert set(lesson.metadata) == {"kernelspec", "language_info"}
    assert lesson.metadata.kernelspec.name == "python3"
    assert lesson.metadata.language_info == {"name": "python"}
    for cell in code_cells(lesson):
        assert set(cell.metadata) <= {"tags", "jupyter", "cellView"}
        allowed = {"solution", "nbval-ignore-output", "raises-exception"}
        assert set(cell.metadata.get("tags", [])) <= allowed


def words(text):
    """Return how many words a learner reads, without addresses of links."""
    text = re.sub(r"<!--.*?-->|\]\([^)]*\)", "]", text, flags=re.DOTALL)
    return len(re.findall(r"[A-Za-z][\w'’-]*", text))


def reading(lesson):
    """Return the words of a lesson outside its hints and tasks."""
    shown = (c.source for c in lesson.cells if c.cell_type == "markdown")
    return words(
        "\n".join(s.split("### Try it")[0] for s in shown if "<details" not in s)
    )


def test_minutes_are_those_that_reading_and_exercises_take(lesson):
    """100 words, or 20 lines of code, a minute; 5 for a Try it, 3 for the quiz."""
    lines, tasks, guesses = 0, 0, 0
    for cell in code_cells(lesson)[1:]:
        tasks += bool(EXERCISE_STUB.search(cell.source))
        guesses += bool(GUESS_STUB.search(cell.source))
        if cell not in solutions(lesson) and not EXERCISE_STUB.search(cell.source):
            lines += len(cell.source.splitlines())
    minutes = reading(lesson) / 100 + lines / 20 + 5 * tasks + guesses + 3
    told = int(re.search(r"\*\*Takes\*\* (\d+)", lesson.cells[0].source)[1])
    print(f"{minutes:.1f} minutes, {told} told")
    assert minutes - 2.5 <= told <= minutes + 5 and told <= 55


def test_few_words_stand_between_code_cells(lesson):
    between, since = [], 0
    for cell in lesson.cells:
        if cell.cell_type == "markdown":
            since += words(cell.source)
        elif since:
            between.append(since)
            since = 0
    print(sorted(between))
    assert statistics.median(between) <= 40
