"""The course is installed for real, moved, broken off, and becomes whole again."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers.classroom import launch
from helpers.engine.files import COURSE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux", reason="asks Linux for signals and disks"
    ),
]
ONE_TEST = ["test", "-q", "-n", "0", "tests/engine/test_tables.py"]
# A proxy that nobody answers at, as a network that is down
UNPLUGGED = dict.fromkeys(
    ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"], "http://127.0.0.1:9"
)


def variables(**others):
    """Packages come from the cache of this course, if they are there; nothing is set."""
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("LAYERS_", "VIRTUAL"))
    }
    cache = {"UV_CACHE_DIR": str(COURSE / ".uv" / "cache"), "UV_COMPILE_BYTECODE": "0"}
    return {**kept, **cache, **others}


def copy(folder):
    """Copy what the course needs to be installed, and uv, so that pip need not fetch it."""
    ignore = shutil.ignore_patterns("__pycache__", "*.ipynb")
    for name in ("helpers", "data", "notebooks", "tests/engine"):
        shutil.copytree(COURSE / name, folder / name, ignore=ignore)
    for name in (
        "pyproject.toml",
        "conftest.py",
        "tests/conftest.py",
        "tests/support.py",
    ):
        shutil.copy2(COURSE / name, folder / name)
    uv = Path(launch.find_uv())
    (folder / ".uv" / "bin").mkdir(parents=True)
    shutil.copy2(uv, folder / ".uv" / "bin" / uv.name)
    return folder


def start(folder, words, **others):
    return subprocess.Popen(
        [sys.executable, "-m", "helpers", *words],
        cwd=folder,
        env=variables(**others),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(folder, words=ONE_TEST, **others):
    with start(folder, words, **others) as process:
        out, _ = process.communicate(timeout=600)
    return process.returncode, out


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = copy(tmp_path_factory.mktemp("course") / "before")
    code, out = run(folder)
    assert code == 0, out
    return folder


def test_a_moved_course_works_without_a_network(installed):
    moved = installed.rename(installed.with_name("그 뒤 [after]"))
    try:
        os.utime(moved / "pyproject.toml")  # as after a pull
        for _ in range(2):
            code, out = run(moved, **UNPLUGGED)
            assert code == 0 and "3 passed" in out, out
        code, out = run(moved, ["lab", "--version"], **UNPLUGGED)
        assert code == 0, out
        words = [str(moved / ".venv/bin/python"), "-m", "helpers.classroom", "check"]
        done = subprocess.run(
            words, cwd=moved, env=variables(), capture_output=True, text=True
        )
        assert done.stdout == "Ready. Type: python3 -m helpers lab\n"
    finally:
        moved.rename(installed)


def test_without_home_and_with_pips_settings_it_works(installed):
    settings = dict.fromkeys(launch.MISLEADING, "1")
    code, out = run(installed, HOME="/nowhere", **settings, **UNPLUGGED)
    assert code == 0, out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_an_installation_that_was_broken_off_is_made_whole(tmp_path, number):
    folder = copy(tmp_path)
    process = start(folder, ONE_TEST)
    try:
        deadline = time.monotonic() + 300
        while not list((folder / ".venv").glob("lib/*/site-packages/tensorflow*")):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.001)
        os.killpg(process.pid, number)
        process.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode != 0
    assert not (folder / ".venv" / "complete.json").exists()
    code, out = run(folder)
    assert code == 0 and "3 passed" in out, out


@pytest.fixture
def disk(tmp_path):
    """A disk of 600 MB on which no program may run, and how to change it."""

    def mount(*words):
        done = subprocess.run(["mount", *words, tmp_path], capture_output=True)
        if done.returncode:
            pytest.skip("only root can make a disk")

    mount("-t", "tmpfs", "-o", "size=600m,noexec", "tmpfs")
    try:
        yield tmp_path, lambda options: mount("-o", f"remount,{options}")
    finally:
        subprocess.run(["umount", "-l", tmp_path], check=True)


def test_a_full_disk_is_said_and_the_next_start_goes_on(disk):
    place, remount = disk
    folder = copy(place / "course")
    code, out = run(folder)
    assert code == 1
    assert "uv could not be installed. " in out and "Traceback" not in out
    remount("exec")
    code, out = run(folder)
    assert code == 1
    assert "The course's packages cannot be installed: the disk is full." in out
    remount("size=6000m")
    code, out = run(folder)
    assert code == 0 and "3 passed" in out, out


def test_without_a_network_a_sentence_says_so(tmp_path):
    folder = copy(tmp_path)
    code, out = run(folder, UV_CACHE_DIR=str(tmp_path / "empty"), **UNPLUGGED)
    assert code == 1
    assert "cannot be installed: the network, or its package mirror, does not" in out
