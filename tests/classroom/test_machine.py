"""A learner's machine: checked in one line, made ready from a kit."""

import ast
import importlib.util
import os
import socket
import subprocess
import sys

import pytest

from helpers.classroom import kit as kits
from helpers.classroom import launch, machine
from helpers.classroom.__main__ import main
from helpers.engine.files import COURSE


def test_course_of_the_kit_is_complete_and_ready(kit):
    done = subprocess.run(
        [sys.executable, "-m", "helpers.classroom", "check"],
        cwd=kit / "course",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert len(said) == 1
    assert said[0] == f"Ready. Type: {machine.PYTHON} -m helpers lab"


def test_check_says_in_one_line_what_is_wrong(monkeypatch, capsys):
    monkeypatch.setenv("LAYERS_CIFAR10", "nowhere.npz")
    assert main(["check"]) == 1
    (said,) = capsys.readouterr().out.splitlines()
    assert said.startswith("Not ready: LAYERS_CIFAR10 names nowhere.npz, but it cannot")


def test_very_old_python_is_said(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 7, 9))
    assert main(["check"]) == 1
    (said,) = capsys.readouterr().out.splitlines()
    assert said.startswith("Not ready: this Python is too old.")


@pytest.mark.skipif(
    not importlib.util.find_spec("ensurepip"), reason="this Python has no ensurepip"
)
def test_packages_are_installed_from_the_blackboards_address(
    kit, serving, wheel_folder, tmp_path
):
    system = machine.SYSTEMS[machine.platform.system()]
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    packages = wheel_folder(system, python)
    target = kit / "wheels" / f"{system}-{python}"
    kits.shutil.copytree(packages, target)
    archive = kit / machine.ARCHIVE
    archive.write_bytes(b"as CIFAR-10's")
    command = [sys.executable, "-m", "helpers.classroom", "install", serving() + "/"]
    environment = dict(os.environ, KERAS_HOME=str(tmp_path), PIP_NO_INDEX="1")
    try:
        done = subprocess.run(
            command, cwd=kit / "course", env=environment, capture_output=True, text=True
        )
    finally:
        kits.shutil.rmtree(target.parent)
        archive.unlink()
    assert done.returncode == 1  # a package alone is not the course's environment
    assert "Not ready: tensorflow, keras" in done.stdout, done.stderr
    own = kit / "course" / ".venv" / launch.BIN / "python"
    subprocess.run(
        [str(own), "-c", "import tiny; assert tiny.ANSWER == 42"], check=True
    )
    kept = tmp_path / "datasets" / "cifar-10-batches-py-target_archive"
    assert kept.read_bytes() == b"as CIFAR-10's"
    assert os.listdir(kept.parent) == [kept.name]
    kits.shutil.rmtree(kit / "course" / ".venv")


def test_kit_without_packages_for_this_machine_is_said(kit, serving, capsys):
    for place in (str(kit), serving()):
        assert main(["install", place]) == 1
        assert f"{place} has no packages for" in capsys.readouterr().out


def test_address_that_does_not_answer_is_said(capsys):
    with socket.socket() as closed:  # a port that nobody listens on
        closed.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{closed.getsockname()[1]}"
        assert main(["install", f"http://{host}"]) == 1
    assert capsys.readouterr().out.startswith(f"{host} does not answer.")


@pytest.mark.parametrize("place", ["http://a b/", "http://[::1", "http://host:99999/"])
def test_address_that_cannot_be_is_said(place, capsys):
    assert main(["install", place]) == 1
    (said,) = capsys.readouterr().out.splitlines()
    assert "does not answer. Is this machine in the class's network" in said


@pytest.mark.parametrize("place", ["nowhere", "192.168.0.5:8000", "ftp://host/"])
def test_what_is_no_folder_and_no_address_is_said(place, capsys):
    assert main(["install", place]) == 1
    (said,) = capsys.readouterr().out.splitlines()
    assert said.startswith(f"There is no folder {place}. Name the kit's folder, or its")


def test_server_that_answers_with_an_error_is_said(kit, serving, monkeypatch, capsys):
    monkeypatch.setattr(machine, "join", lambda kit, path: f"{kit}/x-with-solutions")
    assert main(["install", serving()]) == 1
    (said,) = capsys.readouterr().out.splitlines()
    assert said.endswith("is not available: 403 The solutions are handed out later.")


def test_archive_that_is_there_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / machine.ARCHIVE).write_text("the kit's")
    machine.keep_archive(str(tmp_path))
    kept = tmp_path / "datasets" / "cifar-10-batches-py-target_archive"
    assert kept.read_text() == "the kit's"
    kept.write_text("the learner's")
    machine.keep_archive(str(tmp_path))
    assert kept.read_text() == "the learner's"


@pytest.mark.parametrize(
    "name, version",
    [
        ("classroom.__init__", (3, 6)),
        ("classroom.__main__", (3, 6)),
        ("classroom.machine", (3, 8)),
        ("classroom.editions", (3, 8)),
        ("classroom.launch", (3, 8)),
        ("engine.files", (3, 8)),
        ("engine.readiness", (3, 8)),
    ],
)
def test_check_is_read_by_old_pythons_and_needs_no_package(name, version):
    path = (COURSE / "helpers").joinpath(*name.split(".")).with_suffix(".py")
    ast.parse(path.read_text(encoding="utf-8"), feature_version=version)
    code = (
        f"import sys; sys.path.insert(0, '.'); import helpers.{name}\n"
        "names = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(names - set(sys.stdlib_module_names) - {'__main__'}))"
    )
    command = [sys.executable, "-I", "-S", "-c", code]  # without installed packages
    done = subprocess.run(
        command, cwd=COURSE, capture_output=True, text=True, check=True
    )
    assert done.stdout == "['helpers']\n"


def test_command_line_tells_the_commands(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    assert all(word in told for word in ("prepare", "serve", "install", "check"))
