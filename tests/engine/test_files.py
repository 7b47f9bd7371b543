"""A file or folder is replaced as a whole or not at all."""

import os
import stat
import subprocess
import sys
import time

import pytest

from helpers.engine import files
from helpers.engine.files import COURSE, replaced


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("there", [False, True])
def test_a_file_takes_the_place(tmp_path, there):
    path = tmp_path / "notes.txt"
    if there:
        path.write_text("old")
    with replaced(path) as new:
        new.write_text("new")
        assert path.exists() == there and new.parent.parent == tmp_path
    assert contents(tmp_path) == {"notes.txt": "new"}
    assert os.listdir(tmp_path) == ["notes.txt"]


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_takes_the_place(tmp_path, there):
    path = tmp_path / "kit"
    if there:
        path.mkdir()
        (path / "old").write_text("old")
    with replaced(path) as new:
        new.mkdir()
        (new / "part").write_text("new")
    assert contents(tmp_path) == {"kit/part": "new"}
    assert os.listdir(tmp_path) == ["kit"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_permissions_are_the_usual_ones_or_those_of_before(tmp_path):
    (tmp_path / "usual").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "before").touch(0o640)
    for name in ("new", "before"):
        with replaced(tmp_path / name) as new:
            new.write_text("new")
    with replaced(tmp_path / "kit") as new:
        new.mkdir()
    assert mode(tmp_path / "new") == mode(tmp_path / "usual")
    assert mode(tmp_path / "before") == 0o640
    assert mode(tmp_path / "kit") == mode(tmp_path / "folder")


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("name", ["file", "folder", "nothing"])
def test_what_fails_or_is_interrupted_changes_nothing(tmp_path, error, name):
    (tmp_path / "file").write_text("old")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "part").write_text("old")
    before = contents(tmp_path)
    with pytest.raises(error):
        with replaced(tmp_path / name) as new:
            new.write_text("half of it")
            raise error
    with pytest.raises(FileNotFoundError):
        with replaced(tmp_path / name):
            pass  # nothing was written
    assert contents(tmp_path) == before
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


def test_an_old_folder_comes_back_when_the_new_one_cannot_take_its_place(
    tmp_path, monkeypatch
):
    def interrupted(*paths):
        raise KeyboardInterrupt

    (tmp_path / "kit").mkdir()
    (tmp_path / "kit" / "part").write_text("old")
    monkeypatch.setattr(files.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        with replaced(tmp_path / "kit") as new:
            new.mkdir()
    assert contents(tmp_path) == {"kit/part": "old"}
    assert os.listdir(tmp_path) == ["kit"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
def test_ctrl_c_in_the_middle_of_writing(tmp_path):
    code = (
        "import signal, sys, time; from helpers.engine.files import replaced\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "with replaced(sys.argv[1]) as new:\n"
        "    new.write_text('half of it'); print('writing', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "file")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=COURSE, **pipes) as python:
        assert python.stdout.readline() == b"writing\n"
        time.sleep(0.1)
        python.send_signal(2)
        assert b"KeyboardInterrupt" in python.communicate(timeout=30)[1]
    assert os.listdir(tmp_path) == []


def test_keras_folder_without_a_home_is_no_error(monkeypatch):
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # nobody's home
    assert files.keras_folders()[-1].name == "datasets"


def test_without_a_home_keras_uses_the_temporary_folder(homeless):
    """As Keras itself: a folder called ~ is made nowhere."""
    assert files.keras_folders() == [files.TEMPORARY / ".keras" / "datasets"]
