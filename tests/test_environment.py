"""The report, the command line, and a set-up that keeps the screen clean."""

import os
import subprocess
import sys

import pytest

from helpers import environment
from helpers.__main__ import main
from helpers.classroom import launch
from helpers.engine import readiness
from helpers.engine.files import COURSE, PYTHON
from helpers.engine.readiness import PACKAGES, installed_version


def run(*words, **options):
    return subprocess.run(
        [sys.executable, *words], cwd=COURSE, capture_output=True, text=True, **options
    )


def test_report_tells_versions_device_data_and_verdict():
    done = run("-m", "helpers")
    assert (done.returncode, done.stderr) == (0, "")
    lines = dict(line.split(None, 1) for line in done.stdout.splitlines())
    for package in PACKAGES:
        assert lines[package] == installed_version(package)
    assert lines["device"].startswith(("CPU", "GPU"))
    assert "CIFAR-10 is not here" in lines["CIFAR-10"]
    assert lines["Ready:"] == "every lesson can run here."


def test_a_kernel_that_has_tensorflow_computes_itself(monkeypatch, capsys):
    monkeypatch.setattr(readiness, "compute_apart", None)
    environment.set_up()
    assert environment.report() is True
    assert capsys.readouterr().out.endswith("\nReady: every lesson can run here.\n")
    monkeypatch.setenv("LAYERS_CIFAR10", "nowhere.npz")
    assert environment.report() is False
    *_, device, source, verdict = capsys.readouterr().out.splitlines()
    assert device.startswith("device")
    assert source.endswith("nowhere.npz, which is missing (LAYERS_CIFAR10)")
    assert verdict.startswith("Not ready: LAYERS_CIFAR10 names nowhere.npz, but it")


def test_set_up_prints_one_line_and_does_what_it_says():
    code = (
        "from helpers import environment; environment.set_up(); environment.set_up(); "
        "import tensorflow as tf, os; tf.add(1, 1); "
        "assert not tf.config.experimental.tensor_float_32_execution_enabled(); "
        "assert os.environ['TF_ENABLE_ONEDNN_OPTS'] == '0'; os.write(2, b'after')"
    )
    names = ("TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS", "KERAS_BACKEND")
    bare = {name: os.environ[name] for name in os.environ if name not in names}
    ignored = "ignore::DeprecationWarning"  # Python shows nobody those of packages
    done = run("-W", "error", "-W", ignored, "-c", code, env=bare)
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "Setup is done.\n" * 2,
        "after",
    )


def test_error_output_comes_back_after_a_failing_import():
    code = (
        "import os\nfrom helpers.environment import silent_stderr\n"
        "try:\n  with silent_stderr(): os.write(2, b'hidden'); import no_such_module\n"
        "except ImportError: os.write(2, b'seen')"
    )
    assert run("-c", code).stderr == "seen"


def test_missing_tensorflow_is_one_sentence():
    code = "from helpers import environment; environment.set_up()"
    said = run("-S", "-c", code).stderr.splitlines()[-1]
    assert said.startswith("ImportError: tensorflow and keras cannot be found by this")
    assert f"{PYTHON} -m helpers lab" in said


def test_unknown_words_show_the_commands(capsys):
    assert main(["lap"]) == 2
    assert "python3 -m helpers lab" in capsys.readouterr().out


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course folder in which nothing is installed."""
    monkeypatch.setattr(launch, "ENVIRONMENT", tmp_path / ".venv")
    return tmp_path


def test_report_comes_from_the_environment_that_has_the_packages(course, monkeypatch):
    calls = []
    monkeypatch.setattr(
        launch.subprocess, "call", lambda words, **options: calls.append(words) or 5
    )
    missing = True
    monkeypatch.setattr(
        launch.importlib.util, "find_spec", lambda name: None if missing else "found"
    )
    assert launch.ask_own_environment("helpers") is None  # nothing was installed yet
    folder = course / ".venv" / ("Scripts" if os.name == "nt" else "bin")
    folder.mkdir(parents=True)
    python = folder / ("python.exe" if os.name == "nt" else "python")
    python.write_text("")
    assert launch.ask_own_environment("helpers") == 5
    assert calls == [[str(python), "-m", "helpers"]]
    missing = False
    assert launch.ask_own_environment("helpers") is None
