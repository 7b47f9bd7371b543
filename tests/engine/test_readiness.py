"""*Ready* is said where the lessons run, and both commands give the same reason if not.

Each cause is a real one: a copy of the course is damaged, packages are left out, files
are broken. Only Python's version and size are told to be others.
"""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from archives import npz

from helpers.__main__ import main
from helpers.engine import readiness
from helpers.engine.files import COURSE, DATA, PACKAGE, WEIGHTS

pytest_plugins = ["mirrors"]
QUICK = (  # without TensorFlow, which must not be loaded
    "import sys; from helpers.engine.readiness import examine; "
    "_, problem = examine(lambda: 'CPU'); assert 'tensorflow' not in sys.modules; "
    "print(problem)"
)


@pytest.fixture
def course(tmp_path):
    """A copy of the course, without lessons."""
    for name in ("helpers", "data"):
        shutil.copytree(COURSE / name, tmp_path / "course" / name)
    (tmp_path / "course" / "notebooks").mkdir()
    return tmp_path / "course"


def run(course, *words, before=(), **variables):
    """Run this Python in a copy of the course; return its exit code and what it prints."""
    done = subprocess.run(
        [*before, sys.executable, *words],
        cwd=course,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def told(course, *words, **variables):
    """Return the problem that a copy of the course finds, None if none."""
    _, (line,) = run(course, *words, "-c", QUICK, **variables)
    return None if line == "None" else line


def both(course, **variables):
    """Return what both commands say is wrong, and what the report prints before that."""
    code, lines = run(course, "-m", "helpers", **variables)
    checked = run(course, "-m", "helpers.classroom", "check", **variables)
    assert checked == (code, lines[-1:]) == (1, lines[-1:])
    assert lines[-1].startswith("Not ready: ")
    return lines.pop().removeprefix("Not ready: "), lines


def test_a_whole_copy_is_ready(course):
    assert told(course) is None


def test_another_python_is_named(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(readiness.sys, "maxsize", 2**31 - 1)
        assert "this Python has 32 bits" in readiness.wrong_python()
        patch.setattr(readiness.sys, "version_info", (3, 9, 2))
        patch.setattr(readiness.platform, "python_version", lambda: "3.9.2")
        _, problem = readiness.examine(lambda: "CPU")
    assert problem.startswith(
        "this is Python 3.9.2. Install one from 3.10 to 3.13, and"
    )


def test_a_python_without_packages_is_told_how_to_get_them(course):
    problem = told(course, "-S")
    assert problem.startswith(
        ", ".join(readiness.PACKAGES) + " cannot be found. Type: "
    )
    assert problem.endswith("python3 -m helpers lab") or os.name == "nt"


@pytest.fixture
def packages(tmp_path):
    """A folder with links to all packages that are installed here."""
    if os.name == "nt":
        pytest.skip("Windows lets few users make links")
    folder = tmp_path / "packages"
    folder.mkdir()
    for path in Path(np.__file__).parent.parent.iterdir():
        (folder / path.name).symlink_to(path)
    return folder


def test_one_package_that_is_missing_is_named(course, packages):
    assert told(course, "-S", PYTHONPATH=str(packages)) is None
    (packages / "PIL").unlink()
    problem = told(course, "-S", PYTHONPATH=str(packages))
    assert problem.startswith("pillow cannot be found.")


def test_tensorflow_counts_under_whatever_name_it_was_installed(course, packages):
    for path in packages.glob("tensorflow-*.dist-info"):
        path.rename(packages / path.name.replace("tensorflow-", "tensorflow_cpu-"))
    assert told(course, "-S", PYTHONPATH=str(packages)) is None


# what lessons read, but for the README's picture
READ = {".csv", ".json", ".npz", ".png"}


@pytest.mark.parametrize(
    "name",
    [
        path.name
        for path in sorted(DATA.iterdir())
        if path.suffix in READ and path.name != "promise.png"
    ],
)
def test_a_file_of_data_that_is_missing(course, name):
    (course / "data" / name).unlink()
    assert told(course) == (
        f"{course} is not complete. Copy or unpack the course once more."
    )


@pytest.mark.parametrize("name", [name for name, _ in WEIGHTS.values()])
def test_weights_with_one_other_byte(course, name):
    weights = course / "data" / name
    content = bytearray(weights.read_bytes())
    content[1000] ^= 1
    weights.write_bytes(content)
    problem, lines = both(course)
    assert problem.startswith(
        f"{weights} is not the file that the course ships: its SHA"
    )
    assert lines[-2].split()[0] == "device"  # TensorFlow computes all the same


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
@pytest.mark.parametrize("mine", [False, True])
def test_a_folder_that_cannot_be_written(course, mine):
    before = []
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # root writes where it may not
        if not shutil.which("setpriv"):
            pytest.skip("needs setpriv to give up the rights of root")
        before = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
    place = course / "my_lessons" if mine else course
    place.mkdir(exist_ok=True)
    place.chmod(0o555)
    _, (problem,) = run(course, "-c", QUICK, before=before)
    place.chmod(0o755)
    assert problem == f"{place} cannot be written. Copy the course to your own disk."
    (course / "notebooks").rmdir()
    assert "is not complete" in told(course)


BROKEN = {
    "half installed": (
        (Path(np.__file__).parent.parent / "tensorflow" / "__init__.py").read_text,
        "TensorFlow does not run here (ModuleNotFoundError: No module named 'tensorflow.",
    ),
    "without a library": (
        lambda: (
            "print('noise'); raise SystemExit('''\nImportError: Traceback (most\n"
            "ImportError: DLL load failed while importing x\n\nFailed to load the''')"
        ),
        "DLL load failed while importing x). Windows needs the Microsoft Visual C++",
    ),
    "crashes": (
        lambda: "import os; os._exit(77)",
        "TensorFlow does not run here (it stops with 77).",
    ),
    "for another processor": (
        lambda: "import os, signal; os.kill(os.getpid(), signal.SIGILL)",
        "(it stops with -4). This processor is too old for it: it has no AVX.",
    ),
}


@pytest.mark.parametrize("source, words", BROKEN.values(), ids=BROKEN)
def test_a_tensorflow_that_does_not_run(course, tmp_path, source, words):
    if "-4" in words and os.name == "nt":
        pytest.skip("Windows has no signals")
    (tmp_path / "broken" / "tensorflow").mkdir(parents=True)
    broken = tmp_path / "broken" / "tensorflow" / "__init__.py"
    broken.write_text(source(), encoding="utf-8")
    problem, lines = both(course, PYTHONPATH=str(tmp_path / "broken"))
    assert words in problem
    assert [line.split()[0] for line in lines] == [
        "python",
        *readiness.PACKAGES,
        "CIFAR-10",
    ]


# LAYERS_CIFAR10 ---------------------------------------------------------------------

ARRAYS = {
    "x_train": np.zeros((4, 32, 32, 3), "uint8"),
    "y_train": np.zeros((4, 1), "uint8"),
    "x_test": np.zeros((2, 32, 32, 3), "uint8"),
    "y_test": np.zeros((2, 1), "uint8"),
}
FLOATS = {"x_test": ARRAYS["x_test"] / 255}
NAMED = {
    "nothing": ("cifar10.npz", None, "it cannot be found: the folder "),
    "no archive": (
        "a.tar.gz",
        b"?",
        "it is not an .npz, and its SHA-256 is not that of",
    ),
    "a page": ("a.tar.gz", b"<!DOCTYPE html>", "it is a web page"),
    "cut off": ("a.npz", npz(ARRAYS)[:-99], "it is cut short or damaged"),
    "floats": ("a.npz", npz(ARRAYS, **FLOATS), "dtype float64, expected (images, 32"),
    "good": ("a.npz", npz(ARRAYS), None),
    "good in capitals": ("A.NPZ", npz(ARRAYS), None),
}


@pytest.mark.parametrize("name, content, words", NAMED.values(), ids=NAMED)
def test_a_file_named_for_cifar10_is_read(course, tmp_path, name, content, words):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    problem = told(course, LAYERS_CIFAR10=str(path))
    if words is None:
        assert problem is None
    else:
        assert problem.startswith(f"LAYERS_CIFAR10 names {path}, but ")
        assert words in problem and "LAYERS_CIFAR10 takes CIFAR-10's" in problem


def test_both_commands_refuse_a_wrong_file_for_cifar10(course, tmp_path):
    path = tmp_path / "cifar-10-python.tar.gz"
    path.write_bytes(b"another file")
    problem, lines = both(course, LAYERS_CIFAR10=str(path))
    assert problem.startswith(f"LAYERS_CIFAR10 names {path}, but it is not an .npz,")
    assert [line.split()[0] for line in lines[-2:]] == ["device", "CIFAR-10"]


@pytest.mark.parametrize(
    "value, source",
    {
        "/nowhere/a.npz": "the file /nowhere/a.npz, which is missing",
        "http://a.example/a.npz": "the address http://a.example/a.npz, which is not a file",
        "data": "the folder data",
    }.items(),
)
def test_the_report_agrees_with_its_verdict(course, value, source):
    problem, lines = both(course, LAYERS_CIFAR10=value)
    assert lines[-1].split(None, 1) == [
        "CIFAR-10", f"CIFAR-10 from {source} (LAYERS_CIFAR10)"
    ]  # fmt: skip
    assert problem.startswith("LAYERS_CIFAR10 names ") and "\n" not in problem


def test_an_archive_named_for_cifar10_is_ready(cifar10, tmp_path, monkeypatch):
    path = tmp_path / "cifar-10-python.tar.gz"
    path.write_bytes(cifar10[0])
    monkeypatch.setenv("LAYERS_CIFAR10", str(path))
    assert readiness.examine(lambda: "CPU") == ("CPU", None)
    monkeypatch.setenv("LAYERS_CIFAR10", str(tmp_path))
    assert readiness.examine(lambda: "CPU") == ("CPU", None)
    path.write_bytes(cifar10[0][:-1])
    assert "it breaks off" in readiness.examine(lambda: "CPU")[1]
    monkeypatch.setenv("LAYERS_CIFAR10", ' ""')
    assert readiness.examine(lambda: "CPU") == ("CPU", None)


@pytest.mark.parametrize(
    "name",
    "__init__ __main__ classroom/__init__ classroom/__main__ engine/__init__ "
    "engine/files".split(),
)
def test_old_pythons_can_read_what_tells_them_that_they_are_old(name):
    source = (PACKAGE / f"{name}.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 6))


@pytest.mark.parametrize("words", [[], ["lab"], ["test"]])
def test_an_old_python_is_told_so_before_anything_is_imported(
    words, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "version_info", (3, 7, 16))
    assert main(words) == 1
    assert capsys.readouterr().out.startswith("This Python is too old.")
