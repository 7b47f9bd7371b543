"""The instructor's guide agrees with the lessons: its plans, its quotations, its links."""

import ast
import re
import time
from functools import cache
from typing import NamedTuple

import nbformat
import numpy as np
import pytest
from lesson_files import (
    COMPARE,
    EXERCISE_STUB,
    GLOSSARY_LINK,
    GUESS_STUB,
    LESSONS,
    glossary,
    numbered,
    of_lesson,
)
from nbclient import NotebookClient

from helpers.engine.files import COURSE, NOTEBOOKS
from helpers.exercises.checking import RIGHT, verdict
from helpers.exercises.exercise import computed, find
from helpers.exercises.functions import FunctionExercise
from helpers.exercises.guesses import compare

GUIDE = NOTEBOOKS / "instructor_guide.md"
COLUMNS = "minutes from part sections exercises hands home".split()
HEADING = re.compile(r"^(#{1,3}) (.+)$", re.MULTILINE)
LESSON_LINK = re.compile(r"\]\((\d\d_\w+\.ipynb)\)")


def guide():
    return GUIDE.read_text(encoding="utf-8")


def section(name):
    """Return what stands under the guide's heading that begins with ``name``."""
    (found,) = re.findall(rf"^## {name}.*\n([\s\S]*?)(?=^## |\Z)", guide(), re.M)
    return found


def rows(text, columns):
    """Return the rows of every table with so many columns, without their headings."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    ruled = [i for i, row in enumerate(cells) if set("".join(row)) <= set("-:")]
    heads = {i - 1 for i in ruled} | set(ruled)
    return [
        row for i, row in enumerate(cells) if i not in heads and len(row) == columns
    ]


# --- the lessons, cut into sections -----------------------------------------------


class Piece(NamedTuple):
    """A cell, or the part of a text under one heading, and where it stands."""

    cell: int
    headings: tuple  # those that it stands under, the outermost first
    exercise: str  # the exercise that it belongs to, or ""
    guess: str
    kind: str
    source: str


@cache
def pieces(name):
    """Return the pieces of a lesson, in their order."""
    cells = nbformat.read(NOTEBOOKS / name, as_version=4).cells
    found, headings = [], {}
    stubs = [i for i, cell in enumerate(cells) if EXERCISE_STUB.search(cell.source)]
    of_exercise = {
        i + step: re.search(r"### Try it ([\d.]+)", cells[i - 1].source)[1]
        for i in stubs
        for step in (0, 1, 2)  # stub, hint, solution
    }
    for i, cell in enumerate(cells):
        exercise = of_exercise.get(i, "")
        if cell.cell_type == "code":
            stub = GUESS_STUB.search(cell.source)
            named = stub and COMPARE.search(cell.source)[1][-1]
            named = stub and f"{int(name[:2])}.{named}"
            place = tuple(headings.values())
            found.append(Piece(i, place, exercise, named or "", "code", cell.source))
            continue
        for part in re.split(r"^(?=#{1,3} )", cell.source, flags=re.MULTILINE):
            heading = HEADING.match(part)
            task = re.match(r"### Try it ([\d.]+)", part)
            if heading and not task:
                level = len(heading[1])
                headings = {k: v for k, v in headings.items() if k < level}
                headings[level] = heading[2]
            belongs = task[1] if task else exercise
            place = tuple(headings.values())
            found.append(Piece(i, place, belongs, "", "text", part))
    return found


def shown(part):
    """Return the pieces of a part: its sections, with the exercises that are done.

    Of an exercise that is left for home, the cell with the dots is run all the same.
    """
    return [
        piece
        for piece in pieces(part.lesson)
        if (set(piece.headings) & set(part.sections) or part.opens and piece.cell < 2)
        and (
            not piece.exercise
            or piece.exercise in part.exercises
            or EXERCISE_STUB.search(piece.source)
        )
    ]


# --- the plans -------------------------------------------------------------------


class Part(NamedTuple):
    """A row of a plan."""

    minutes: int
    start: int  # minutes since the beginning
    name: str
    lesson: str  # file name, or ""
    opens: bool  # whether the lesson begins here
    sections: tuple
    exercises: dict  # name: "alone" or "in pairs"
    hands: tuple
    home: tuple


def plan(name):
    """Return a plan's minutes, as told, and its parts."""
    text = section(name)
    told = int(re.search(r"Takes (\d+) minutes", text)[1])
    parts, opened = [], set()
    for row in rows(text, len(COLUMNS)):
        cells = dict(zip(COLUMNS, row))
        hours, minutes = cells["from"].split(":")
        link = LESSON_LINK.search(cells["part"])
        lesson = link[1] if link else ""
        opens = bool(lesson) and lesson not in opened
        part = Part(
            int(cells["minutes"]),
            60 * int(hours) + int(minutes),
            cells["part"],
            lesson,
            opens,
            tuple(re.findall(r"\*([^*]+)\*", cells["sections"])),
            dict(re.findall(r"(\d+\.\d) (alone|in pairs)", cells["exercises"])),
            tuple(re.findall(r"\d+\.[A-Z]", cells["hands"])),
            tuple(re.findall(r"\d+\.\d", cells["home"])),
        )
        opened.add(lesson)
        parts.append(part)
    return told, parts


PLANS = ["Three hours", "Half a day", "A full day"]


@pytest.fixture(params=PLANS)
def name(request):
    return request.param


@pytest.fixture
def parts(name):
    return [part for part in plan(name)[1] if part.lesson]


def test_minutes_add_up_to_the_total_and_to_the_clock(name):
    told, parts = plan(name)
    assert len(parts) > 8
    ends = 0
    for part in parts:
        assert part.start == ends, part.name
        ends += part.minutes
    assert ends == told


def test_sections_exist_and_come_in_order(parts):
    assert parts
    reached = {}
    for part in parts:
        headings = [p.headings[-1] for p in pieces(part.lesson) if p.headings]
        missing = set(part.sections) - set(headings)
        assert part.sections and not missing, part.name
        places = [headings.index(heading) for heading in part.sections]
        assert [reached.get(part.lesson, -1), *places] == sorted(
            {reached.get(part.lesson, -1), *places}
        ), part.name
        reached[part.lesson] = places[-1]


def test_exercises_and_guesses_stand_in_the_sections_named(parts):
    for part in parts:
        cells = shown(part)
        tasks = {p.exercise for p in cells if p.kind == "text"} - {""}
        assert set(part.exercises) == tasks, part.name
        assert set(part.hands) == {p.guess for p in cells} - {""}, part.name


def test_what_is_not_done_in_class_is_done_at_home(parts):
    for lesson in dict.fromkeys(part.lesson for part in parts):
        of_this = [part for part in parts if part.lesson == lesson]
        done = [name for part in of_this for name in part.exercises]
        home = [name for part in of_this for name in part.home]
        known = [
            name for name in numbered() if re.match(rf"{int(lesson[:2])}\.\d", name)
        ]
        assert sorted(done + home) == sorted(known), lesson


@pytest.mark.slow
def test_cells_of_a_plan_run_in_its_order(name):
    """Nothing is shown that needs a cell which the plan leaves out."""
    for part, seconds in walk(name):
        print(f"{sum(seconds):5.1f} s of {part.minutes:2} min  {part.sections}")
        assert sum(seconds) < 60 * part.minutes / 4, part.name


def walk(name):
    """Run a plan's code cells, a kernel for each lesson.

    Returns:
        List of ``(part, seconds)``, the seconds of each cell.
    """
    parts = [part for part in plan(name)[1] if part.lesson]
    found = []
    for lesson in dict.fromkeys(part.lesson for part in parts):
        client = NotebookClient(
            nbformat.read(NOTEBOOKS / lesson, as_version=4),
            timeout=120,
            resources={"metadata": {"path": str(NOTEBOOKS)}},
        )
        with client.setup_kernel():
            for part in parts:
                if part.lesson == lesson:
                    found.append((part, run(client, part)))
    return found


def run(client, part):
    """Run the code cells of one part; return the seconds that each of them took."""
    seconds = []
    for i in dict.fromkeys(p.cell for p in shown(part) if p.kind == "code"):
        begin = time.monotonic()
        client.execute_cell(client.nb.cells[i], i)
        seconds.append(time.monotonic() - begin)
    return seconds


# --- what the guide says -----------------------------------------------------------


def test_every_lesson_has_its_part():
    text = section("Lesson by lesson")
    parts = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    assert [LESSON_LINK.search(part)[1] for part in parts] == [
        path.name for path in LESSONS
    ]
    for part in parts:
        for label in ("*Say:*", "*Pairs:*", "*End with:*"):
            assert part.count(label) == 1, part.splitlines()[0]
        assert rows(part, 4), part.splitlines()[0]


def typed():
    """Return (name, what is typed, what is seen) of each row with a literal answer."""
    for where, answer, seen, _ in rows(section("Lesson by lesson"), 4):
        found = re.fullmatch(r"(?:Try it|guess) (\d+\.[\dA-Z])", where)
        try:
            yield numbered()[found[1]], ast.literal_eval(answer.strip("`")), seen
        except (SyntaxError, TypeError, ValueError):
            continue  # typed into another cell, or code


def test_typed_answers_are_many():
    assert len(list(typed())) >= 20


@pytest.mark.parametrize(("exercise", "answer", "seen"), typed())
def test_typed_answer_gets_the_comment_that_is_told(exercise, answer, seen, capsys):
    if exercise[-1].islower():
        said = verdict(find(exercise, "EXERCISES"), answer)
    else:
        compare(exercise, answer)
        said = capsys.readouterr().out
    (quoted,) = re.findall("“(.+)”", seen)
    pieces = [piece.strip() for piece in quoted.split("…") if piece.strip()]
    for piece in pieces:
        assert " ".join(piece.split()) in " ".join(said.split())


def answered():
    """Return (exercise, whether its largest number is told, answer) of each answer."""
    text = section("Lesson by lesson")
    for line in re.findall(r"^\*Answers:\* ([\s\S]+?)\n\n", text, re.MULTILINE):
        for task, largest, answer in re.findall(
            r"(\d+\.\d)\s(largest )?`([^`]+)`", line
        ):
            yield numbered()[task], bool(largest), ast.literal_eval(answer)


def test_every_exercise_has_its_answer():
    known = [name for path in LESSONS for name in of_lesson(path, "EXERCISES")]
    functions = {
        name for name in known if isinstance(find(name, "EXERCISES"), FunctionExercise)
    }
    assert [task for task, _, _ in answered()] == [
        name for name in known if name not in functions
    ]


@pytest.mark.parametrize(("exercise", "largest", "answer"), answered())
def test_answers_are_right(exercise, largest, answer):
    task = find(exercise, "EXERCISES")
    if largest:  # of an answer too long to be told
        right = computed(task.right)
        assert right.size > 8 and np.isclose(answer, right.max(), atol=1e-3)
    else:
        assert verdict(task, answer).startswith(RIGHT)


def test_numbers_offered_for_a_guess_have_the_right_one_among_them():
    offered = re.findall(
        r"(\d+\.[A-Z]): ([\d., ]+ or [\d.³]+)", section("Rules for every")
    )
    assert len(offered) > 3
    for name, numbers in offered:
        right = computed(find(numbered()[name], "GUESSES").right)
        given = [float(word) for word in re.findall(r"\d[\d.]*(?![\d.³])", numbers)]
        assert np.isclose(given, right, atol=1e-3).sum() == 1, name


def test_messages_of_technical_trouble_exist():
    quoted = re.findall("“(.+?)”", section("Technical trouble"))
    sources = [path.read_text("utf-8") for path in (COURSE / "helpers").rglob("*.py")]
    assert quoted
    assert all(any(words in source for source in sources) for words in quoted)


def test_names_of_exercises_and_guesses_exist():
    names = set(re.findall(r"\b(?:Try it|[Gg]uess) (\d+\.[\dA-Z])\b", guide()))
    assert names and names <= set(numbered())


def test_links_resolve():
    links = re.findall(r"\]\(([^)]+)\)", guide())
    assert [link for link in links if re.match("https?:", link)] == []
    for link in links:
        file, _, anchor = link.partition("#")
        assert not file or (NOTEBOOKS / file).exists(), link
        if anchor and not file:
            anchors = [
                re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
                for _, heading in HEADING.findall(guide())
            ]
            assert anchor in anchors
    terms = [anchor for _, anchor in GLOSSARY_LINK.findall(guide())]
    assert terms and set(terms) <= set(glossary())


def test_programs_that_the_guide_names_exist():
    named = set(re.findall(r"^python3? (\S+\.py)", guide(), re.M))
    named |= set(re.findall(r"`python3? (\S+\.py)", guide()))
    assert {".ci/hub/measure.py", ".ci/publish.py"} <= named
    assert [name for name in named if not (COURSE / name).exists()] == []
