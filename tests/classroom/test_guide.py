"""The instructor's guide agrees with the lessons: its plans, its quotations, its links."""

import ast
import math
import re
import time
from functools import cache
from typing import NamedTuple

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from test_lessons import (
    BANNED,
    EXERCISE_STUB,
    GLOSSARY_LINK,
    LESSONS,
    NOTEBOOKS,
    PREDICTION_STUB,
    ROOT,
    glossary,
    minutes_to_read,
    numbered,
    of_lesson,
)

from helpers.classroom.kit import minutes
from helpers.exercises.checking import RIGHT, verdict
from helpers.exercises.exercise import computed, find
from helpers.exercises.predictions import compare, predict

GUIDE = NOTEBOOKS / "instructor_guide.md"
COLUMNS = "minutes from part sections exercises hands home".split()
HEADING = re.compile(r"^(#{1,3}) (.+)$", re.MULTILINE)
LESSON_LINK = re.compile(r"\]\((\d\d_\w+\.ipynb)\)")
COMMAND = ".ci/hub/measure.py"
TALK = 15  # minutes before the first exercise, at most
EXERCISE, LOOK_UP, HANDS, CHANGE, EXPLORER = 5, 3, 0.5, 2, 2  # minutes in class
LOOK_UPS = {"0.1", "3.1"}  # one number, read off or multiplied from a table
QUIZ = 3
PREPARATION = r"(\d+) to do the five lessons", r"lessons of (\d+) minutes"
LONGEST_QUOTATION = 11  # words in a row that a lesson has too


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
    prediction: str
    kind: str
    source: str

    @property
    def minutes(self):
        """The same measure as in test_lessons.py, without exercise and prediction."""
        if self.kind == "code":
            return 0.2 + QUIZ * self.source.startswith("quiz(")
        return minutes_to_read(self.source)


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
            stub = PREDICTION_STUB.search(cell.source)
            named = stub and re.search(r'^predict\(".+(.)", ', cell.source, re.M)[1]
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
    changes: bool  # whether another lesson was open before
    explorer: bool  # whether an explorer is here for the first time

    @property
    def needed(self):
        """Minutes for what is shown, done and asked, and said when a lesson begins."""
        done = sum(minutes_of(name) for name in self.exercises)
        done += HANDS * len(self.hands) + CHANGE * self.changes
        done += EXPLORER * self.explorer
        said = minutes_to_read(opening(self.lesson)) if self.opens else 0
        return done + said + sum(piece.minutes for piece in shown(self))


def minutes_of(exercise):
    return LOOK_UP if exercise in LOOK_UPS else EXERCISE


def opening(lesson):
    """Return what the guide tells to say first in a lesson."""
    parts = re.split(r"^### ", section("Lesson by lesson"), flags=re.MULTILINE)
    (part,) = [part for part in parts if f"]({lesson})" in part.split("\n")[0]]
    return re.search(r"^\*Say:\* ([\s\S]+?)\n\n", part, re.MULTILINE)[1]


def plan(name):
    """Return a plan's minutes, as told, and its parts."""
    text = section(name)
    told = int(re.search(r"Takes (\d+) minutes", text)[1])
    parts, opened, explorers = [], set(), set()
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
            opens and bool(opened),
            False,
        )
        if lesson:
            opened.add(lesson)
            sources = "\n".join(piece.source for piece in shown(part))
            new = set(re.findall(r"^explore_\w+", sources, re.M)) - explorers
            explorers |= new
            part = part._replace(explorer=bool(new))
        parts.append(part)
    return told, parts


PLANS = ["Half a day", "A full day"]


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


def test_breaks_are_there_and_slack(name):
    told, parts = plan(name)
    breaks = [part for part in parts if re.search("break|lunch", part.name, re.I)]
    slack = sum(part.minutes for part in parts if "slack" in part.name.lower())
    assert slack >= told / 15
    starts = [0] + [part.start + part.minutes for part in breaks]
    ends = [part.start for part in breaks] + [told]
    assert max(end - start for start, end in zip(starts, ends)) <= 110


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


def test_exercises_and_predictions_stand_in_the_sections_named(parts):
    for part in parts:
        cells = shown(part)
        tasks = {p.exercise for p in cells if p.kind == "text"} - {""}
        assert set(part.exercises) == tasks, part.name
        assert set(part.hands) == {p.prediction for p in cells} - {""}, part.name


def test_what_is_not_done_in_class_is_done_at_home(parts):
    for lesson in dict.fromkeys(part.lesson for part in parts):
        of_this = [part for part in parts if part.lesson == lesson]
        done = [name for part in of_this for name in part.exercises]
        home = [name for part in of_this for name in part.home]
        known = [
            name for name in numbered() if re.match(rf"{int(lesson[:2])}\.\d", name)
        ]
        assert sorted(done + home) == sorted(known), lesson


def test_minutes_fit_what_is_shown_and_done(parts):
    for part in parts:
        said = f"{part.sections}: {part.minutes} minutes, needs {part.needed:.1f}"
        assert part.needed <= part.minutes <= 2 * part.needed, said


def test_first_exercise_comes_early(parts):
    first = next(part for part in parts if part.exercises)
    cells = shown(first)
    before = cells[: [bool(piece.exercise) for piece in cells].index(True)]
    talk = sum(piece.minutes + bool(piece.prediction) / 2 for piece in before)
    assert first.start + talk <= TALK


def test_late_is_told_by_the_clock_of_the_plan(name, parts):
    advice = rows(section(name), 4)
    assert len(advice) > 3
    for at, reached, cut, saved in advice:
        hours, minutes = map(int, at.split(":"))
        start = 60 * hours + minutes
        (here,) = [part for part in parts if part.start == start]
        assert here.sections[0] == reached.strip("*"), at
        later = [part for part in parts if part.start >= start]
        named = tuple(re.findall(r"\*([^*]+)\*", cut))
        if task := re.match(r"Try it (\d+\.\d)", cut):
            assert any(task[1] in part.exercises for part in later), at
            assert int(saved) == minutes_of(task[1]), at
        elif named == ("Quiz",):
            assert "Quiz" in here.sections and int(saved) == QUIZ, at
        else:
            assert (
                int(saved) == sum(p.minutes for p in later if p.sections == named) > 0
            )


def test_minutes_of_the_class_are_those_that_the_guide_tells():
    rules = " ".join(section("Half a day").split())
    assert f"gets {EXERCISE} minutes ({LOOK_UP} for 0.1, a look-up)" in rules
    assert f"lesson* gets {CHANGE} minutes" in rules
    assert f"first time* gets {EXPLORER} minutes" in rules
    done = {task for name in PLANS for p in plan(name)[1] for task in p.exercises}
    assert done & LOOK_UPS == {"0.1"}


def test_minutes_of_preparation_are_those_of_the_lessons():
    intro = " ".join(guide().partition("\n## ")[0].split())
    told = [int(re.search(pattern, intro)[1]) for pattern in PREPARATION]
    assert told == [
        sum(minutes_of_lesson(part.lesson) for part in plan(name)[1] if part.opens)
        for name in PLANS
    ]


def minutes_of_lesson(name):
    return int(minutes(nbformat.read(NOTEBOOKS / name, as_version=4)))


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
        found = re.fullmatch(r"(?:Try it|prediction) (\d+\.[\dA-Z])", where)
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
        predict(exercise, answer)
        compare(exercise)
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
    assert [task for task, _, _ in answered()] == known


@pytest.mark.parametrize(("exercise", "largest", "answer"), answered())
def test_answers_are_right(exercise, largest, answer):
    task = find(exercise, "EXERCISES")
    if largest:  # of an answer too long to be told
        right = computed(task.right)
        assert right.size > 8 and np.isclose(answer, right.max(), atol=1e-3)
    else:
        assert verdict(task, answer).startswith(RIGHT)


def test_numbers_offered_for_a_guess_have_the_right_one_among_them():
    offered = re.findall(r"(\d+\.[A-Z]): ([\d., ]+ or [\d.³]+)", section("Half a day"))
    assert len(offered) > 3
    for name, numbers in offered:
        right = computed(find(numbered()[name], "PREDICTIONS").right)
        given = [float(word) for word in re.findall(r"\d[\d.]*(?![\d.³])", numbers)]
        assert np.isclose(given, right, atol=1e-3).sum() == 1, name


def test_messages_of_technical_trouble_exist():
    quoted = re.findall("“(.+?)”", section("Technical trouble"))
    sources = [path.read_text("utf-8") for path in (ROOT / "helpers").rglob("*.py")]
    assert quoted
    assert all(any(words in source for source in sources) for words in quoted)


def test_names_of_exercises_and_predictions_exist():
    names = set(re.findall(r"\b(?:Try it|[Pp]rediction) (\d+\.[\dA-Z])\b", guide()))
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


def test_questions_have_short_answers():
    answers = re.split(r"^### ", section("Questions"), flags=re.MULTILINE)[1:]
    assert 12 <= len(answers) <= 18
    for answer in answers:
        heading, said = answer.split("\n", 1)
        assert heading.endswith("?")
        assert 1 <= len(re.findall(r"[.:!](?=\s|$)", said)) <= 4, heading


def test_figures_of_the_hub_come_with_the_command_that_measured_them():
    text = section("Machines")
    command = re.search(rf"^python {COMMAND}.*$", text, re.MULTILINE)
    assert command and (ROOT / COMMAND).exists()
    below = text[command.end() :]
    table = re.search(r"^\| measured \|.*\n(?:\|.*\n)+", below, re.MULTILINE)[0]
    measured = {float(row[1].split()[0]) for row in rows(table, 2)}
    sums = re.findall(r"(\d[\d.+×/ ]+) = ([\d.]+)", below)
    assert len(measured) > 3 and len(sums) > 3
    for terms, told in sums:
        result = sum(map(product, terms.split("+")))
        digits = len(told.partition(".")[2])
        assert round(result, digits) == float(told), terms
        whole = {30, 50, 75, 8, 16}  # learners of a machine, and its cores
        assert set(map(float, re.findall(r"[\d.]+", terms))) <= measured | whole, terms


def product(terms):
    """Return what a term such as ``30 × 5.2 / 8`` comes to."""
    factors, *divisors = terms.split("/")
    return math.prod(map(float, factors.split("×"))) / math.prod(map(float, divisors))


def test_length_words_and_no_html():
    text = guide()
    prose = re.sub(r"```[\s\S]*?```|`[^`\n]*`", "", text)
    assert re.findall(r"</?[a-zA-Z][^>]*>", prose) == []
    assert BANNED.findall(prose) == []
    assert 2500 <= len(re.sub(r"\]\([^)]*\)|[|*#`-]", " ", text).split()) <= 5300


def test_no_solution_and_no_text_of_a_lesson_is_repeated():
    said = runs(guide())
    for path in LESSONS:
        for cell in nbformat.read(path, as_version=4).cells:
            assert not said & runs(cell.source), path.name
            if cell.source.startswith("# @title Solution"):
                lines = [line.strip() for line in cell.source.splitlines()[1:-1]]
                assert not any(line in guide() for line in lines if line), lines


def runs(text, length=LONGEST_QUOTATION + 1):
    """Return every run of so many words of a text, addresses of links left out."""
    found = re.findall(r"[a-z0-9']+", re.sub(r"\]\([^)]*\)", "", text).lower())
    return {tuple(found[i : i + length]) for i in range(len(found) - length + 1)}
