"""What a learner has done is kept in a small file, and no fault of it stops a lesson."""

import ast
import json
import linecache
import os
import re
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import keras
import nbformat
import numpy as np
import pytest
import tensorflow as tf
from lesson_files import CHECK, EXERCISE_STUB, LESSONS, of_lesson, with_answers
from rerun import nbval

import helpers
from helpers.engine.files import COURSE
from helpers.exercises import check
from helpers.exercises import progress as module
from helpers.exercises.exercise import computed, find
from helpers.exercises.functions import FunctionExercise
from helpers.exercises.progress import done, progress, progress_file


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "folder" / "progress.json"
    monkeypatch.setenv("LAYERS_PROGRESS", str(path))
    return path


def table(capsys):
    progress()
    return capsys.readouterr().out


def names(file):
    return sorted(json.loads(file.read_text(encoding="utf-8")))


def test_table_has_every_lesson_and_marks_what_is_done(file, capsys):
    done("dense_by_hand.two_inputs")
    lines = table(capsys).splitlines()
    notebooks = sorted((COURSE / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    assert [line[:2] for line in lines[:-1]] == [path.name[:2] for path in notebooks]
    assert "[ ] 1.1  [x] 1.2  [ ] 1.3" in lines[1]
    assert sum(line.count("[x]") for line in lines) == 1
    assert lines[-1].startswith("1 of ")


def test_table_lists_the_exercises_that_check_knows(capsys, file):
    from helpers.exercises import exercise

    listed = dict(module.lessons())
    for title, found in listed.items():
        (path,) = (COURSE / "notebooks").glob(f"{title[:2]}_*.ipynb")
        topic, number = path.stem[3:], int(title[:2])
        assert found == {
            f"{number}.{place}": f"{topic}.{name}"
            for place, name in enumerate(exercise.lesson(topic).EXERCISES, start=1)
        }


def test_what_was_done_under_a_number_is_still_done(file, capsys):
    file.parent.mkdir()
    file.write_text(json.dumps({"1.2": "2001-01-01", "3.2": "2001-01-01", "7": ""}))
    out = table(capsys)
    assert "[ ] 1.1  [x] 1.2" in out and "[ ] 2.1  [x] 2.2" in out  # 03 became 02
    assert "[ ] 3.1" in out and "Other exercises" in out
    done("dense_by_hand.softmax")
    assert json.loads(file.read_text()) == {
        "dense_by_hand.two_inputs": "2001-01-01",
        "convolution_by_hand.two_filters": "2001-01-01",
        "7": "",
        "dense_by_hand.softmax": str(date.today()),
    }


# What they asked is asked by an exercise that wants a function, or not at all.
GONE = {
    "dense_by_hand.second_row",
    "dense_by_hand.three_probabilities",
    "convolution_by_hand.turned_edge",
    "convolution_by_hand.average_pooling",
    "cifar10_feature_maps.count",
    "seeds_and_initializers.limits",
    "what_training_changes.one_step",
    "every_layer_at_once.largest_values",
    "every_layer_at_once.share_of_zeros",
    "using_layer_outputs.cosine",
    "when_extraction_fails.two_faults",
    "when_extraction_fails.name_of_the_last",
    "when_extraction_fails.channels_first",
    "when_extraction_fails.nested",
}


def test_every_former_number_leads_to_an_exercise_that_asks_for_the_same():
    """None of the former ones asked for a function."""
    assert len(module.FORMER) == 40 and GONE < set(module.FORMER.values())
    for name in set(module.FORMER.values()) - GONE:
        name = module.MOVED.get(name, name)
        assert not isinstance(find(name, "EXERCISES"), FunctionExercise), name


def test_what_is_gone_is_no_exercise_of_today():
    today = [name for _, found in module.lessons() for name in found.values()]
    assert GONE.isdisjoint(today)


def test_an_exercise_that_moved_to_another_lesson_is_still_done(file, capsys):
    file.parent.mkdir()
    for before in ("7.4", *module.MOVED):
        file.write_text(json.dumps({before: "2001-01-01"}))
        assert "[x] 8.4" in table(capsys)
    today = [name for _, found in module.lessons() for name in found.values()]
    assert set(module.MOVED.values()) <= set(today) and not set(module.MOVED) & set(
        today
    )


def test_numbers_of_softmax_are_not_the_function(file, capsys):
    file.parent.mkdir()
    file.write_text(json.dumps({"1.3": "2001-01-01"}))
    out = table(capsys)
    assert "[ ] 1.3" in out and "[x] dense_by_hand.three_probabilities" in out
    done("dense_by_hand.softmax")
    assert names(file) == ["dense_by_hand.softmax", "dense_by_hand.three_probabilities"]


STUB_LINES = re.compile(r"(answer = \.\.\.|def .+|    return \.\.\.|check\(.+)")


def exercise_cells():
    """Yield of each exercise its cell, as far as it asks, and its solution."""
    for path in LESSONS:
        cells = nbformat.read(path, as_version=4).cells
        for i, cell in enumerate(cells):
            if cell.cell_type == "code" and EXERCISE_STUB.search(cell.source):
                lines = filter(STUB_LINES.fullmatch, cell.source.splitlines())
                yield "\n".join(lines), cells[i + 2].source


def run_cell(source, **names):
    file = f"<{len(source)} {hash(source)}>"
    linecache.cache[file] = len(source), None, source.splitlines(True), file
    space = {"__name__": "__main__", "np": np, "keras": keras, "tf": tf}
    space |= {"check": check, **names}
    exec(compile(source, file, "exec"), space)


def defined(solution):
    """Return the source of what a solution imports and defines."""
    kinds = ast.FunctionDef, ast.Import, ast.ImportFrom
    nodes = [node for node in ast.parse(solution).body if isinstance(node, kinds)]
    return "\n".join(ast.unparse(node) for node in nodes)


def test_dots_do_nothing_and_right_answers_everything(file, capsys):
    cells = list(exercise_cells())
    count = sum(len(found) for _, found in module.lessons())
    assert len(cells) == count >= 40
    for source, _ in cells:
        run_cell(source)
    out = table(capsys)
    assert "[x]" not in out and out.endswith(f"0 of {count} exercises are done.\n")
    assert not file.exists()
    for source, solution in cells:
        name, given = CHECK.search(source).groups()
        call = f'check("{name}", {given})'
        if given == "answer":
            run_cell(call, answer=computed(find(name, "EXERCISES").right))
        else:
            run_cell(f"{defined(solution)}\n{call}")
    out = table(capsys)
    assert "[ ]" not in out
    assert out.endswith(f"{count} of {count} exercises are done.\n")


@pytest.mark.slow
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
@pytest.mark.parametrize("answers", ["dots", "right"])
def test_a_lesson_that_runs_takes_down_what_was_answered(
    answers, path, tmp_path, monkeypatch
):
    """All cells run in a kernel; its progress lies in the home of the tests."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("LAYERS_TEST_HOME", str(home))
    lesson = nbformat.read(path, as_version=4)
    if answers == "right":
        lesson.cells = with_answers(lesson)
    _, printed = nbval(lesson, path.name, tmp_path, "--nbval-lax")
    assert re.search(r"^\d+ passed", printed, re.MULTILINE), printed[-3000:]
    taken = home / "progress.json"
    found = names(taken) if taken.exists() else []
    assert found == sorted(of_lesson(path, "EXERCISES") * (answers == "right"))


def test_an_exercise_that_is_gone_stays_done(file, capsys):
    done("dense_by_hand.second_row")
    out = table(capsys)
    assert "Other exercises" in out and "[x] dense_by_hand.second_row" in out


def test_function_is_found_in_the_package_and_stays_a_function(file, capsys):
    """Importing a submodule sets an attribute of its package: it must be another one."""
    assert helpers.progress is progress
    done("dense_by_hand.dense")
    assert helpers.progress is progress
    with pytest.raises(AttributeError, match="no attribute 'progres'"):
        helpers.progres  # noqa: B018


def test_package_is_imported_without_any_other():
    code = "import helpers, sys; assert not {'numpy', 'keras'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=COURSE, check=True)


def test_twice_done_keeps_the_first_day(file):
    done("dense_by_hand.dense")
    kept = {"dense_by_hand.dense": "2001-01-01"}
    file.write_text(json.dumps(kept))
    done("dense_by_hand.dense")
    assert json.loads(file.read_text()) == kept


def test_off_takes_nothing_down(tmp_path, monkeypatch, capsys):
    for variable in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setenv("LAYERS_PROGRESS", "off")
    done("dense_by_hand.dense")
    assert list(tmp_path.rglob("*")) == []
    assert "LAYERS_PROGRESS is off" in table(capsys)


@pytest.mark.parametrize(
    "system, variable, expected",
    [
        ("linux", "XDG_DATA_HOME", "given/inside-the-layers/progress.json"),
        ("linux", "", "~/.local/share/inside-the-layers/progress.json"),
        ("win32", "LOCALAPPDATA", "given/inside-the-layers/progress.json"),
        ("darwin", "", "~/Library/Application Support/inside-the-layers/progress.json"),
    ],
)
def test_file_is_in_the_users_own_folder(monkeypatch, system, variable, expected):
    for name in ("LAYERS_PROGRESS", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", system)
    if variable:
        monkeypatch.setenv(variable, "given")
    assert progress_file() == Path(os.path.expanduser(expected))


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[1]",
        b"null",
        b"\xff\xfe",
        b'{"a.b": ' * 9,
        b"[" * 99_999,
    ],
)
def test_damaged_file_starts_again(file, capsys, damage):
    done("dense_by_hand.dense")
    file.write_bytes(damage)
    assert "0 of " in table(capsys)
    done("dense_by_hand.two_inputs")
    assert names(file) == ["dense_by_hand.two_inputs"]


def test_what_the_table_does_not_know_is_kept_and_shown(file, capsys):
    done("42.1")
    assert "Other exercises" in table(capsys)
    done("dense_by_hand.dense")
    assert names(file) == ["42.1", "dense_by_hand.dense"]


def test_lesson_that_cannot_be_read_is_left_out(file, tmp_path, monkeypatch, capsys):
    (tmp_path / "01_open.ipynb").write_text("<<<<<<< a conflict")
    (tmp_path / "02_empty.ipynb").write_text("{}")
    monkeypatch.setattr(module, "NOTEBOOKS", tmp_path)
    assert table(capsys) == "0 of 0 exercises are done.\n"


def test_nothing_is_raised_where_nothing_can_be_written(tmp_path, monkeypatch, capsys):
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder is needed")
    for path in (blocked / "progress.json", tmp_path):
        monkeypatch.setenv("LAYERS_PROGRESS", str(path))
        done("dense_by_hand.dense")
        assert "0 of " in table(capsys)
    assert blocked.read_text() == "a file where a folder is needed"
    assert os.listdir(tmp_path) == ["file"]


def test_full_disk_leaves_the_old_file(file, monkeypatch):
    done("dense_by_hand.dense")

    def dump(content, writer, **options):
        writer.write('{"dense_by_hand.dense": ')
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(json, "dump", dump)
    done("dense_by_hand.two_inputs")
    assert names(file) == ["dense_by_hand.dense"]
    assert os.listdir(file.parent) == [file.name]


def test_interrupted_writing_leaves_the_old_file(file, monkeypatch):
    done("dense_by_hand.dense")

    def interrupted(old, new):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        done("dense_by_hand.two_inputs")
    assert names(file) == ["dense_by_hand.dense"]
    assert os.listdir(file.parent) == [file.name]


def test_new_file_of_a_kernel_that_died_is_in_nobodys_way(file):
    done("dense_by_hand.dense")
    new = file.with_name("progress.json.new")
    new.write_text("{")
    before = time.time() - 2 * module.STALE
    os.utime(new, (before, before))
    done("dense_by_hand.two_inputs")
    assert names(file) == ["dense_by_hand.dense", "dense_by_hand.two_inputs"]
    assert os.listdir(file.parent) == [file.name]


@pytest.mark.parametrize("target", ["nowhere", "progress.json", "."])
def test_link_that_was_left_behind_is_in_nobodys_way(file, target):
    done("dense_by_hand.dense")
    new = file.with_name("progress.json.new")
    new.symlink_to(target)
    before = time.time() - 2 * module.STALE
    os.utime(new, (before, before), follow_symlinks=False)
    start = time.monotonic()
    done("dense_by_hand.two_inputs")
    assert time.monotonic() - start < module.PATIENCE / 2
    assert names(file) == ["dense_by_hand.dense", "dense_by_hand.two_inputs"]
    assert os.listdir(file.parent) == [file.name]


def test_file_that_is_a_link_stays_one(file, tmp_path):
    """Such as into a folder that is the same on several machines."""
    file.parent.mkdir()
    target = tmp_path / "elsewhere" / "kept.json"
    file.symlink_to(target)
    for name in ("dense_by_hand.dense", "dense_by_hand.two_inputs"):
        done(name)  # the first time, there is no target yet
        assert file.is_symlink() and name in names(target)
    assert names(file) == ["dense_by_hand.dense", "dense_by_hand.two_inputs"]
    assert os.listdir(target.parent) == [target.name]


def test_kernel_waits_for_another_but_not_for_ever(file, monkeypatch):
    done("dense_by_hand.dense")
    monkeypatch.setattr(module, "PATIENCE", 0.02)
    file.with_name("progress.json.new").write_text("{")
    done("dense_by_hand.two_inputs")
    assert names(file) == ["dense_by_hand.dense"]


def test_kernels_that_write_at_once_lose_nothing(file):
    code = (
        "import sys; from helpers.exercises.progress import done\n"
        "for i in range(25): done(f'{sys.argv[1]}.{i}.')"
    )
    kernels = [
        subprocess.Popen([sys.executable, "-c", code, str(number)], cwd=COURSE)
        for number in range(3)
    ]
    assert [kernel.wait(60) for kernel in kernels] == [0, 0, 0]
    assert names(file) == sorted(f"{n}.{i}." for n in range(3) for i in range(25))


def test_without_a_home_nothing_is_taken_down(homeless, tmp_path, monkeypatch, capsys):
    for name in ("LAYERS_PROGRESS", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    done("dense_by_hand.softmax")
    assert "because this user has no home" in table(capsys)
    assert list(tmp_path.iterdir()) == []
