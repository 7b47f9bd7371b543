"""The working edition holds no answer; my_lessons follows the release and loses nothing."""

import errno
import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import nbformat
import pytest
from lesson_files import LESSONS

from helpers.classroom import editions
from helpers.engine.files import COURSE

OUTPUT = nbformat.v4.new_output("stream", text="the answer")


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_working_edition_holds_no_output_and_every_source(path):
    lesson = nbformat.read(path, as_version=4)
    lesson.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {}}
    before = nbformat.writes(lesson)
    working = editions.working_edition(lesson)
    nbformat.validate(working)
    assert nbformat.writes(lesson) == before
    assert set(working.metadata) == {"kernelspec", "language_info"}
    assert [c.source for c in working.cells] == [c.source for c in lesson.cells]
    for cell in working.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None
        if cell.source.startswith("# @title Solution"):
            assert cell.metadata.jupyter.source_hidden
    again = json.dumps(editions.working_edition(json.loads(before)))
    assert nbformat.reads(again, as_version=4) == working


class Course:
    """A course of two small lessons, and what its learner and its maintainer do."""

    def __init__(self, folder):
        self.folder, self.mine = folder, folder / editions.MINE
        (folder / "notebooks").mkdir()
        self.release("00_first.ipynb", "x = 1")
        self.release("01_second.ipynb", "y = 2")
        (folder / "notebooks" / "glossary.md").write_text("# Words\n")
        (folder / "notebooks" / "instructor_guide.md").write_text("# Answers\n")

    def release(self, name, source):
        """Put a lesson with a stored output into the release."""
        code = nbformat.v4.new_code_cell(source, outputs=[OUTPUT], execution_count=1)
        cells = [nbformat.v4.new_markdown_cell("# Title"), code]
        path = self.folder / "notebooks" / name
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)

    def lab(self):
        return editions.hand_out(self.folder)

    def change(self, name, source=None):
        """Run all cells of a copy, as JupyterLab saves it; with a source, write it."""
        notebook = nbformat.read(self.mine / name, as_version=4)
        notebook.metadata["language_info"] = {"name": "python", "version": "3.12"}
        for cell in notebook.cells[1:]:
            cell.outputs, cell.execution_count = [OUTPUT], 3
            cell.metadata["jupyter"] = {"source_hidden": False}
            cell.source = source or cell.source
        notebook.cells.append(nbformat.v4.new_code_cell("\n"))
        nbformat.write(notebook, self.mine / name)

    def sources(self):
        """Return {file name: source of the first code cell} of all copies."""
        paths = sorted(self.mine.glob("*.ipynb"))
        return {p.name: nbformat.read(p, as_version=4).cells[1].source for p in paths}

    def state(self):
        paths = [path for path in self.mine.rglob("*") if path.is_file()]
        return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in paths}


@pytest.fixture
def course(tmp_path):
    return Course(tmp_path)


RELEASED = {"00_first.ipynb": "x = 1", "01_second.ipynb": "y = 2"}


def test_copies_are_made_once_without_outputs_and_without_the_guide(course):
    assert course.lab() == []
    names = [".handed_out.json", *RELEASED, "glossary.md"]
    assert sorted(path.name for path in course.mine.iterdir()) == names
    assert course.sources() == RELEASED
    assert not [t for t, _ in course.state().values() if b"the answer" in t]
    before = course.state()
    assert course.lab() == []
    assert course.state() == before  # notebooks that are open notice nothing


def test_what_is_deleted_starts_over(course):
    course.lab()
    course.change("00_first.ipynb", "mine")
    (course.mine / "00_first.ipynb").unlink()
    assert course.lab() == [] and course.sources() == RELEASED
    shutil.rmtree(course.mine)
    assert course.lab() == [] and course.sources() == RELEASED


def test_a_copy_that_was_only_run_follows_the_release(course):
    course.lab()
    course.change("00_first.ipynb")
    before = course.state()
    course.lab()
    assert course.state() == before
    course.release("00_first.ipynb", "x = 3")
    (course.folder / "notebooks" / "glossary.md").write_text("# More words\n")
    assert course.lab() == []
    assert course.sources() == {**RELEASED, "00_first.ipynb": "x = 3"}
    assert (course.mine / "glossary.md").read_text() == "# More words\n"


def test_a_copy_that_was_written_in_is_kept_and_the_new_one_is_beside(course):
    course.lab()
    course.change("00_first.ipynb", "mine")
    assert course.lab() == []  # nothing new, nothing to say
    course.release("00_first.ipynb", "x = 3")
    assert course.lab() == [
        "my_lessons/00_first.ipynb has your changes and is kept. The new one is "
        "my_lessons/00_first.new.ipynb."
    ]
    expected = {"00_first.ipynb": "mine", "00_first.new.ipynb": "x = 3"}
    assert course.sources() == {**RELEASED, **expected}
    assert course.lab() == []
    course.release("00_first.ipynb", "x = 4")
    assert len(course.lab()) == 1
    assert course.sources()["00_first.new.ipynb"] == "x = 4"
    course.change("00_first.new.ipynb", "mine too")
    course.release("00_first.ipynb", "x = 5")
    for _ in range(2):
        assert course.lab() == [
            "my_lessons/00_first.ipynb has your changes and is kept. So is "
            "00_first.new.ipynb: rename one to get the new."
        ]
    (course.mine / "00_first.new.ipynb").rename(course.mine / "b.ipynb")
    assert len(course.lab()) == 1
    assert set(course.sources().values()) == {"mine", "mine too", "x = 5", "y = 2"}
    (course.mine / "00_first.new.ipynb").replace(course.mine / "00_first.ipynb")
    course.release("00_first.ipynb", "x = 6")
    assert course.lab() == [] and course.sources()["00_first.ipynb"] == "x = 6"


def test_what_is_a_learners_own_stays(course):
    course.lab()
    mine = course.mine / "pictures" / "cat.png"
    mine.parent.mkdir()
    mine.write_bytes(b"cat")
    (course.mine / "notes.ipynb").write_text("no notebook")
    shutil.copy(course.mine / "00_first.ipynb", course.mine / "00_first-Copy1.ipynb")
    before = course.state()
    course.release("00_first.ipynb", "x = 3")
    assert course.lab() == []
    changed = {p.name for p, one in course.state().items() if before.get(p) != one}
    assert changed == {"00_first.ipynb", ".handed_out.json"}


def test_a_lesson_with_another_number_leaves_no_copy_behind(course):
    course.lab()
    notebooks = course.folder / "notebooks"
    (notebooks / "00_first.ipynb").rename(notebooks / "02_first.ipynb")
    course.lab()
    assert list(course.sources()) == ["01_second.ipynb", "02_first.ipynb"]
    course.change("02_first.ipynb", "mine")
    (notebooks / "02_first.ipynb").rename(notebooks / "03_first.ipynb")
    course.lab()
    assert course.sources()["02_first.ipynb"] == "mine"


def test_without_lessons_no_copy_goes(course):
    course.lab()
    shutil.rmtree(course.folder / "notebooks")
    course.lab()
    assert course.sources() == RELEASED


@pytest.mark.parametrize("memory", [None, "", "[1]", '{"00_first.ipynb": 1}', "{{"])
def test_who_does_not_remember_what_was_handed_out_overwrites_nothing(course, memory):
    course.lab()
    course.change("00_first.ipynb", "mine")
    (course.mine / editions.HANDED_OUT).unlink()
    if memory is not None:
        (course.mine / editions.HANDED_OUT).write_text(memory)
    assert len(course.lab()) == 1
    expected = {"00_first.ipynb": "mine", "00_first.new.ipynb": "x = 1"}
    assert course.sources() == {**RELEASED, **expected}


@pytest.mark.parametrize("kind", ["folder", "half a notebook", "no text", "dead link"])
def test_what_is_in_the_place_of_a_copy_stays(course, kind):
    course.lab()
    place = course.mine / "00_first.ipynb"
    place.unlink()
    if kind == "folder":
        place.mkdir()
    elif kind == "dead link":
        place.symlink_to("nowhere")
    else:
        place.write_bytes(b'{"cells": [' if kind == "half a notebook" else b"\xff\x00")
    before = place.lstat()
    course.release("00_first.ipynb", "x = 3")
    assert len(course.lab()) == 1
    assert place.lstat() == before
    assert "x = 3" in (course.mine / "00_first.new.ipynb").read_text()


def test_a_file_called_my_lessons_is_said(course):
    course.mine.write_text("mine")
    with pytest.raises(OSError, match=r"my_lessons is not a folder\. Rename it and"):
        course.lab()
    assert course.mine.read_text() == "mine"


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC, errno.EROFS])
@pytest.mark.parametrize("name", ["mkdir", "write_bytes", "write_text"])
def test_a_disk_that_cannot_be_written_is_said_and_all_stays(
    course, monkeypatch, number, name
):
    course.lab()
    course.change("01_second.ipynb", "mine")
    course.release("00_first.ipynb", "x = 3")
    before = course.state()

    def fail(path, *words, **options):
        raise OSError(number, os.strerror(number), str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, name, fail)
        with pytest.raises(OSError) as caught:
            course.lab()
    assert re.fullmatch(
        rf"\S+my_lessons cannot be written \({os.strerror(number)}\)\. Free some room, or "
        r"copy the course to a disk of your own\.",
        str(caught.value),
    )
    if name != "write_text":  # it is the memory that is written last
        assert course.state() == before
    assert course.lab() == []
    assert course.sources() == {"00_first.ipynb": "x = 3", "01_second.ipynb": "mine"}


def test_full_disk_does_not_matter_where_nothing_is_new(course, monkeypatch):
    course.lab()
    monkeypatch.setattr(Path, "write_bytes", pytest.fail)
    monkeypatch.setattr(Path, "write_text", pytest.fail)
    assert course.lab() == []


def test_broken_off_at_any_moment_it_is_made_whole(course, monkeypatch):
    course.lab()
    course.change("01_second.ipynb", "mine")
    for left in range(12):
        course.release("00_first.ipynb", f"x = {left + 10}")
        course.release("01_second.ipynb", f"y = {left + 10}")
        replace, count = os.replace, [left % 4]

        def stop(*words, replace=replace, count=count):
            if not count[0]:
                raise KeyboardInterrupt
            count[0] -= 1
            replace(*words)

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", stop)
            try:
                course.lab()
            except KeyboardInterrupt:
                assert left % 4 < 3
        course.lab()
        assert course.sources() == {
            "00_first.ipynb": f"x = {left + 10}",
            "01_second.ipynb": "mine",
            "01_second.new.ipynb": f"y = {left + 10}",
        }
        assert len(list(course.mine.iterdir())) == 5


def test_several_at_once_leave_whole_copies(course):
    course.lab()
    course.change("01_second.ipynb", "mine")
    for turn in range(10):
        course.release("00_first.ipynb", f"x = {turn + 10}")
        course.release("01_second.ipynb", f"y = {turn + 10}")
        failed = []

        def lab(failed=failed):
            try:
                course.lab()
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=lab) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == [] and course.lab() == []
        assert course.sources() == {
            "00_first.ipynb": f"x = {turn + 10}",
            "01_second.ipynb": "mine",
            "01_second.new.ipynb": f"y = {turn + 10}",
        }


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_done_in_whatever_order_nothing_that_was_written_is_lost(
    course, seed
):
    """Releases, answers, runs, deletions and renames, in orders that nobody thought of."""
    chance = random.Random(seed)
    course.lab()
    written = set()
    for step in range(40):
        copies = [name for name in course.sources() if not name.startswith("_")]
        name = chance.choice(copies)
        action = chance.choice("release run write delete rename forget lab lab".split())
        if action == "release":
            lesson = chance.choice(list(RELEASED))
            course.release(lesson, f"released {chance.randrange(4)}")
        if action == "run":
            course.change(name)
        if action == "write":
            written.discard(course.sources()[name])
            written.add(f"written {step}")
            course.change(name, f"written {step}")
        if action == "delete":
            written.discard(course.sources()[name])
            (course.mine / name).unlink()
        if action == "rename":
            free = [one for one in RELEASED if not (course.mine / one).exists()]
            target = chance.choice([*free, f"mine {step}.ipynb"])
            (course.mine / name).rename(course.mine / target)
        if action == "forget":
            (course.mine / editions.HANDED_OUT).unlink(missing_ok=True)
        course.lab()
        found = course.sources()
        assert written <= set(found.values())
        for lesson in RELEASED:
            released = course.folder / "notebooks" / lesson
            new = nbformat.read(released, as_version=4).cells[1].source
            names = [lesson, lesson.replace(".", ".new.", 1)]
            kept = [one for one in names if one in found]
            assert found[lesson] == new or kept == names or found[lesson] in written


# --- the course's own lessons


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """What `python3 -m helpers lessons` writes."""
    folder = tmp_path_factory.mktemp("lessons") / "the course 수업"
    editions.write_lessons(str(folder))
    return folder


def test_links_of_copies_lead_to_files(written):
    editions.hand_out(written)
    found = 0
    for folder in (written / "notebooks", written / editions.MINE):
        for path in [*folder.glob("*.ipynb"), *folder.glob("*.md")]:
            text = path.read_text("utf-8")
            if path.suffix == ".ipynb":
                cells = nbformat.reads(text, as_version=4).cells
                text = "\n\n".join(c.source for c in cells if c.cell_type != "code")
            text = re.sub(r"(`+).*?\1", "", text, flags=re.DOTALL)
            links = re.findall(r"\]\((?![a-z]+:|#)([^)#\s]+)", text)
            assert [one for one in links if not (folder / one).exists()] == [], path
            found += len(links)
    assert found > 100


def test_lessons_run_where_they_are_written(written, monkeypatch):
    """`lab` there makes copies and starts; a copy's setup cell finds the helpers there."""
    monkeypatch.delenv(
        "LAYERS_NEWEST", raising=False
    )  # it asks for another environment
    words = [sys.executable, "-m", "helpers", "lab", "--version"]
    done = subprocess.run(words, cwd=written, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("4."), done.stderr
    mine = written / editions.MINE
    setup = nbformat.read(mine / LESSONS[0].name, as_version=4).cells[1].source
    code = f"{setup}\nimport helpers\nprint(helpers.__file__)"
    words = [sys.executable, "-m", "IPython", "-c", code]  # a line is for the shell
    done = subprocess.run(words, cwd=mine, capture_output=True, text=True)
    *_, last = done.stdout.splitlines() or [done.stderr]
    assert last == str(written / "helpers" / "__init__.py")


def test_lessons_that_are_written_hold_all_and_no_tests(written):
    names = {path.name for path in (written / "notebooks").iterdir()}
    assert {path.name for path in LESSONS} | {"glossary.md"} <= names
    assert "instructor_guide.md" not in names
    top = {path.name for path in written.iterdir()} - {editions.MINE}
    assert top == {*editions.COPIED, *editions.FILES, "notebooks"}


def test_folder_that_holds_something_else_is_refused(tmp_path, capsys):
    from helpers.__main__ import main

    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "empty").mkdir()
    for place, said in {
        "full": "exists. Name a folder that does not, or an empty one.",
        "file": "exists. Name a folder that does not, or an empty one.",
        "no/lessons": f"There is no folder {tmp_path / 'no'} for the lessons.",
        COURSE / "data" / "lessons": "would be copied into itself",
    }.items():
        assert main(["lessons", str(tmp_path / place)]) == 1
        assert said in capsys.readouterr().out
    assert (tmp_path / "full" / "notes").read_text() == "mine"
    assert not (COURSE / "data" / "lessons").exists()
    assert not main(["lessons", str(tmp_path / "empty")])
    assert capsys.readouterr().out == (
        f"The lessons are in {tmp_path / 'empty'}. Type there: "
        f"{editions.PYTHON} -m helpers lab\n"
    )
    assert len(os.listdir(tmp_path)) == 3


def test_full_disk_leaves_no_half_course(tmp_path, monkeypatch):
    def fail(path, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(
        OSError, match="There is no room for the lessons on the disk of"
    ):
        editions.write_lessons(tmp_path / "lessons")
    assert os.listdir(tmp_path) == []
