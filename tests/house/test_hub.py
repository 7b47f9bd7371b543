"""The parts of .ci/hub that need no hub."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.engine.files import COURSE

SMAPS = """5581c8a00000-7ffd2a5f9000 ---p 00000000 00:00 0          [rollup]
Rss:              577196 kB
Pss:              400000 kB
Pss_Anon:         215000 kB
Private_Dirty:    214000 kB
Anonymous:        215040 kB
"""

on_linux = pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="read from Linux's /proc"
)


def load(name):
    spec = importlib.util.spec_from_file_location(name, COURSE / f".ci/hub/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


measure = load("measure")


def test_free_ports_are_different_and_free():
    ports = measure.free_ports(3)
    assert len(set(ports)) == 3
    for port in ports:
        with socket.socket() as one:
            one.bind(("127.0.0.1", port))


def test_code_cells_are_a_lessons(tmp_path):
    assert list(measure.LESSONS) == [path.name[:2] for path in measure.LESSONS.values()]
    cells = [
        {"cell_type": "markdown", "source": ["# Title"]},
        {"cell_type": "code", "source": ["x = 1\n", "x"]},
        {"cell_type": "code", "source": "y = 2"},
    ]
    (tmp_path / "lesson.ipynb").write_text(json.dumps({"cells": cells}))
    assert measure.code_cells(tmp_path / "lesson.ipynb") == ["x = 1\nx", "y = 2"]


def test_every_lesson_begins_with_the_cell_that_imports_tensorflow():
    for path in measure.LESSONS.values():
        assert "set_up()" in measure.code_cells(path)[0]


def test_memory_is_read_from_smaps():
    assert measure.megabytes(SMAPS) == {
        "own": 210,
        "files": pytest.approx((577196 - 215040) / 1024),
        "pss": 390.625,
    }


def test_computing_time_is_read_from_stat():
    fields = [
        "S",
        *map(str, range(4, 53)),
    ]  # field 14 is the user time, 15 the system's
    assert measure.computing(f"42 (a (name) {' '.join(fields)}", 100) == 0.29


@on_linux
def test_usage_finds_the_processes_with_a_mark():
    mark = f"{measure.MARK}={os.getpid()}"
    name, value = mark.split("=")
    begun = []
    try:
        for owner in ({"JUPYTERHUB_USER": "learner1"}, {}):
            words = [sys.executable, "-c", "print(flush=True); input()"]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            variables = {**os.environ, **owner, name: value}
            begun.append(subprocess.Popen(words, env=variables, **pipes))
            begun[-1].stdout.readline()  # it runs
        found = measure.usage(mark.encode())
        assert set(found) == {"learner1", "hub"}
        assert all(1 < one["own"] < 1000 for one in found.values())
    finally:
        for process in begun:
            process.communicate(b"\n")
    assert not measure.usage(mark.encode())


def test_a_message_with_buffers_is_read():
    message = {"msg_type": "comm_open", "content": {"data": "ü"}}
    text = json.dumps(message)
    assert measure.message_of(text) == message
    body = text.encode()
    for buffers in ([], [b"\0\1"], [b"{}", b"pixels"]):
        parts = [body, *buffers]
        begin = 4 * (1 + len(parts))
        numbers = [len(parts)]
        for part in parts:
            numbers.append(begin)
            begin += len(part)
        head = b"".join(number.to_bytes(4, "big") for number in numbers)
        assert measure.message_of(head + b"".join(parts)) == message


def test_tables_add_up_what_learners_need():
    def used(own, computing):
        return {"own": own, "files": 400, "pss": own + 50, "computing": computing}

    def run(own):
        steps = {"start": used(100, 3), "import": used(300, 7), "lesson": used(own, 12)}
        return steps

    figures = {
        "lesson": "04",
        "learners": 2,
        "cores": 2,
        "seconds": 30,
        "waits": {
            "a": {"start": 6, "import": 8, "lesson": 15, "cell": 0.8},
            "b": {"start": 5, "import": 9, "lesson": 14, "cell": 0.7},
        },
        "used": {"a": run(380), "b": run(400)},
        "peak": {"a": 410, "b": 430},
        "together": 900,
        "hub": 165,
    }
    text = measure.tables([figures])
    assert "| 04 | 2 | 100 | 300 | 390 | 420 | 400 | 900 | 165 |" in text
    assert "| 04 | 2 | 6.0 | 9.0 | 15 | 0.8 | 30 | 3.0 | 7.0 | 12 |" in text
    assert "N learners need 400 + 420 × N MB (for 2 learners: 1240)" in text


def test_without_npm_one_sentence_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(measure.shutil, "which", lambda name: None)
    with pytest.raises(RuntimeError, match="^(npm cannot be found|This needs Linux)"):
        measure.install(tmp_path / "environment")
    assert not list(tmp_path.iterdir())
