"""The launcher: what it asks of pip and of uv, when it asks nothing, and what it says."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.__main__ import main
from helpers.classroom import editions, launch
from helpers.classroom.launch import BIN, EXE
from helpers.engine import files

# A uv that writes down what it was asked, makes what it is asked for, and may fail.
FAKE = """#!{python}
import json, os, pathlib, shutil, sys
here = pathlib.Path(__file__).parent
words = sys.argv[1:]
if words == ["--version"]:
    print("uv {version}")
    sys.exit()
keep = [name for name in os.environ if name.startswith(("UV_", "VIRTUAL"))]
with open(here / "asked.jsonl", "a") as file:
    json.dump([words, {{name: os.environ[name] for name in keep}}], file)
    file.write("\\n")
if (here / "fails").exists():
    sys.exit((here / "fails").read_text())
if words[0] == "venv":
    shutil.rmtree(words[-1], ignore_errors=True)
    folder = pathlib.Path(words[-1], "{bin}")
    folder.mkdir(parents=True)
    os.symlink(sys.executable, folder / "python{exe}")
"""

posix = pytest.mark.skipif(
    os.name == "nt", reason="a script cannot stand in for uv.exe"
)


SETTINGS = "UV_", "PIP_", "LAYERS_"


class Machine:
    """A folder with the course's launcher and a uv, and how it is used."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.patch = folder, monkeypatch
        self.own = folder / ".uv" / "bin" / f"uv{EXE}"
        monkeypatch.setattr(launch, "COURSE", folder)
        monkeypatch.setattr(launch, "ENVIRONMENT", folder / ".venv")
        monkeypatch.setattr(launch, "UV", folder / ".uv")
        (folder / "pyproject.toml").write_text('dependencies = [\n    "numpy",\n]\n')
        monkeypatch.setenv("PATH", "")  # no other uv
        monkeypatch.setattr(launch.sys, "prefix", sys.base_prefix)  # none is active
        for name in [one for one in os.environ if one.startswith(SETTINGS)]:
            monkeypatch.delenv(name)

    def put_uv(self, path=None, version="0.9.1 (abc)"):
        path = path or self.own
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            FAKE.format(python=sys.executable, version=version, bin=BIN, exe=EXE)
        )
        path.chmod(0o755)
        return path

    def run(self, *groups):
        return launch.launch(["-c", "raise SystemExit(7)"], groups)

    @property
    def asked(self):
        file = self.own.parent / "asked.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.fixture
def machine(tmp_path, monkeypatch):
    return Machine(tmp_path, monkeypatch)


def said(capsys):
    return " ".join(capsys.readouterr().out.split())


@posix
def test_an_environment_is_made_once_and_uv_is_not_needed_again(machine):
    machine.put_uv()
    assert machine.run() == 7
    assert [words[0] for words, _ in machine.asked] == ["venv", "pip"]
    machine.own.unlink()
    machine.patch.setenv("LAYERS_OFFLINE", "1")
    assert machine.run() == 7


@posix
def test_groups_are_added_to_a_complete_environment(machine):
    machine.put_uv()
    assert (
        machine.run()
        == machine.run("test")
        == machine.run("test")
        == machine.run()
        == 7
    )
    words = [words for words, _ in machine.asked]
    assert [one[0] for one in words] == ["venv", "pip", "pip"]
    assert "--group" not in words[1] and words[2][-4:-2] == ["--group", "test"]
    assert words[1][-2] == "--constraint" and Path(words[1][-1]).exists()


@posix
@pytest.mark.parametrize(
    "change", ["no marker", "half a marker", "new packages", "no Python"]
)
def test_what_is_broken_off_or_out_of_date_is_made_anew(machine, change):
    machine.put_uv()
    machine.run()
    marker = machine.folder / ".venv" / "complete.json"
    if change == "no marker":
        marker.unlink()
    if change == "half a marker":
        marker.write_text('{"key"')
    if change == "new packages":
        (machine.folder / "pyproject.toml").write_text(
            'dependencies = [\n "keras",\n]\n'
        )
    if change == "no Python":
        (machine.folder / ".venv" / BIN / f"python{EXE}").unlink()
    assert machine.run() == 7
    assert [words[0] for words, _ in machine.asked] == ["venv", "pip"] * 2
    assert "--clear" in machine.asked[2][0]


@posix
def test_other_settings_of_the_project_make_nothing_anew(machine):
    machine.put_uv()
    project = machine.folder / "pyproject.toml"
    project.write_text(
        'dependencies = [\n    "numpy",\n]\n[dependency-groups]\n'
        'browser = ["playwright"]\nslides = [ # a comment\n    "one",\n]\n'
        '[tool.pytest]\naddopts = [\n    "-q",\n]\n'
    )
    machine.run()
    made = project.read_text()
    for old, new, times in (("-q", "-v", 2), ("one", "two", 4), ("playwright", "x", 6)):
        project.write_text(made := made.replace(old, new))
        assert machine.run() == 7
        assert len(machine.asked) == times, old


@posix
def test_a_failure_leaves_no_marker_and_says_one_sentence(machine, capsys):
    machine.put_uv()
    fails = machine.own.parent / "fails"
    for words, sentence in {
        "invalid peer certificate: UnknownIssuer": "does not know its certificate",
        "No space left on device (os error 28)": "the disk is full",
        "Permission denied (os error 13)": "cannot be written",
        "dns error: failed to lookup address": "the network, or its package mirror",
        "no wheels with a matching platform tag": "on Colab",
        "No interpreter found for Python >=3.10": "Install one from python.org",
        "something else": "uv says why above",
    }.items():
        fails.write_text(words)
        assert machine.run() == 1
        out = said(capsys)
        assert sentence in out and out.endswith(".") and out.count("installed:") == 1
        assert launch.marked() is None
    fails.unlink()
    assert machine.run() == 7


@posix
def test_uv_keeps_to_the_folder_and_knows_certificates_and_mirror(machine):
    machine.put_uv()
    machine.patch.setenv("VIRTUAL_ENV", "/another/one")
    machine.patch.setenv("PIP_INDEX_URL", "http://mirror.test/simple")
    machine.patch.setenv("UV_CACHE_DIR", "/their/own")
    machine.run()
    for _, variables in machine.asked:
        assert variables["UV_SYSTEM_CERTS"] == "1"
        assert variables["UV_DEFAULT_INDEX"] == "http://mirror.test/simple"
        assert variables["UV_CACHE_DIR"] == "/their/own"  # what is set counts
        assert Path(variables["UV_PYTHON_INSTALL_DIR"]).parent == machine.folder / ".uv"
        assert "VIRTUAL_ENV" not in variables


@posix
@pytest.mark.parametrize("version", ["0.2.37", "0.6.17 (x)", "nonsense"])
def test_an_old_uv_on_the_path_is_passed_over(machine, version, tmp_path):
    old = machine.put_uv(tmp_path / "elsewhere" / "uv", version)
    machine.patch.setenv("PATH", str(old.parent))
    machine.put_uv()
    assert launch.find_uv() == str(machine.own)


@posix
@pytest.mark.parametrize("fault", ["cut off", "of another system", "not executable"])
def test_a_broken_uv_is_fetched_anew(machine, fault):
    uv = machine.put_uv()
    if fault == "cut off":
        uv.write_bytes(b"")
    if fault == "of another system":
        uv.write_bytes(b"MZ\0\0")
    if fault == "not executable":
        uv.chmod(stat.S_IRUSR)
    asked = []

    def call(words, **options):
        asked.append((words, options["env"]))
        machine.put_uv()
        return 0

    machine.patch.setattr(launch.subprocess, "call", call)
    for name in launch.MISLEADING:
        machine.patch.setenv(name, "1")
    assert launch.find_uv() == str(uv)
    ((words, variables),) = asked
    assert (
        words[1:4] == ["-m", "pip", "install"] and str(machine.folder / ".uv") in words
    )
    assert not set(launch.MISLEADING) & set(variables)


@pytest.mark.parametrize(
    ("code", "pip", "sentence"),
    [
        (1, object(), "It needs pip and the network once."),
        (1, None, "sudo apt install python3-pip"),
        (0, object(), "copy the course to a disk where programs may run"),
    ],
)
def test_without_uv_a_sentence_says_what_to_do(machine, capsys, code, pip, sentence):
    machine.patch.setattr(launch.subprocess, "call", lambda words, **options: code)
    machine.patch.setattr(launch.importlib.util, "find_spec", lambda name: pip)
    assert machine.run() == 1
    assert sentence in said(capsys)


def test_offline_says_so_before_anything_is_fetched(machine, capsys):
    machine.patch.setenv("LAYERS_OFFLINE", "1")
    assert machine.run() == 1
    assert "LAYERS_OFFLINE forbids the use of the network." in said(capsys)
    assert sorted(path.name for path in machine.folder.iterdir()) == ["pyproject.toml"]


def test_a_folder_that_cannot_be_written_is_named(machine, capsys):
    machine.patch.setattr(
        launch.os, "access", lambda path, mode: False
    )  # also for root
    assert machine.run() == 1
    assert f"{machine.folder} cannot be written. Copy" in said(capsys)


@pytest.mark.parametrize(
    ("system", "processor", "libc", "name"),
    [
        ("Darwin", "x86_64", "", "Macs with an Intel processor"),
        ("Windows", "ARM64", "", "Windows on ARM"),
        ("Linux", "x86_64", "x86_64-pc-linux-musl", "Alpine Linux"),
    ],
)
def test_machines_without_tensorflow_are_told_so(
    machine, capsys, system, processor, libc, name
):
    machine.patch.setattr(launch.platform, "system", lambda: system)
    machine.patch.setattr(launch.platform, "machine", lambda: processor)
    machine.patch.setattr(launch, "get_config_var", lambda name: libc)
    assert machine.run() == 1
    assert f"TensorFlow has no packages for {name}. It runs in the browser" in said(
        capsys
    )


# --- an environment that is active


@pytest.fixture
def active(machine):
    """An environment with packages, {name: version}, and a course that asks for some."""
    machine.patch.setattr(launch.sys, "prefix", str(machine.folder / "active"))
    machine.patch.setenv("LAYERS_OFFLINE", "1")  # it would say that it cannot install
    (machine.folder / "pyproject.toml").write_text(
        'dependencies = [\n    "keras>=3.12.4,!=3.13.0", # why\n    "numpy>=2.1",\n]\n'
        '[dependency-groups]\ntest = ["nbval>=0.11,<1"]\nother = ["ruff>=1"]\n'
    )
    packages = {"keras": "3.15.0rc1", "numpy": "2.10.1"}
    machine.patch.setattr(launch, "installed_version", packages.get)
    machine.packages = packages
    return machine


def test_an_active_environment_with_every_package_is_used(active):
    assert active.run() == 7
    assert active.run("test") == 1
    active.packages["nbval"] = "0.11"
    assert active.run("test") == 7
    assert not (active.folder / ".venv").exists()


@pytest.mark.parametrize(
    "change", ["none active", "no numpy", "an old keras", "the newest asked for", "own"]
)
def test_an_active_environment_that_does_not_do_is_not_used(active, change, capsys):
    if change == "none active":  # a package may be missing in it tomorrow
        active.patch.setattr(launch.sys, "prefix", sys.base_prefix)
    if change == "no numpy":
        del active.packages["numpy"]
    if change == "an old keras":
        active.packages["keras"] = "2.15.0"
    if change == "the newest asked for":
        active.patch.setenv("LAYERS_NEWEST", "1")
    if change == "own":  # broken off: it has no marker
        active.patch.setattr(launch.sys, "prefix", str(launch.ENVIRONMENT))
    assert active.run() == 1
    assert "LAYERS_OFFLINE forbids" in said(capsys)


def test_conda_is_active_where_it_keeps_its_list(active):
    active.patch.setattr(launch.sys, "base_prefix", launch.sys.prefix)
    assert active.run() == 1
    Path(launch.sys.prefix, "conda-meta").mkdir(parents=True)
    assert active.run() == 7


def test_tensorflow_may_have_another_name(active):
    project = active.folder / "pyproject.toml"
    project.write_text('dependencies = ["tensorflow>=2.20"]\n')
    active.patch.setattr(launch, "is_there", lambda package: True)
    assert active.run() == 7
    project.write_text('dependencies = ["tqdm>=2.20"]\n')
    assert active.run() == 1


@posix
def test_the_courses_own_environment_comes_first(active):
    active.patch.delenv("LAYERS_OFFLINE")
    with active.patch.context() as patch:
        patch.setattr(launch.sys, "prefix", sys.base_prefix)
        active.put_uv()
        active.run()
    assert launch.prepare() == launch.own_python()


# --- what JupyterLab is started with


@pytest.mark.parametrize("given", [None, "/a/b"])
def test_lab_saves_widgets_and_leaves_other_settings_alone(active, monkeypatch, given):
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", given or "")
    monkeypatch.delenv("PYTHONSTARTUP", raising=False)
    if given:
        monkeypatch.setenv("PYTHONSTARTUP", "/a/own.py")
    asked = []

    def call(words, **options):
        asked.append((words, options))
        return 0

    monkeypatch.setattr(launch.subprocess, "call", call)
    monkeypatch.setattr(editions, "hand_out", lambda: ["03 is kept."])
    assert main(["lab", "--port=9"]) == main(["test"]) - 1 == 0
    ((words, options),) = asked
    assert words[1:4] == ["-m", "jupyterlab", "my_lessons/00_start_here.ipynb"]
    assert "--port=9" in words and options["cwd"] == str(active.folder)
    *others, own = options["env"]["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert others == ([given] if given else [])
    (file,) = Path(own, "labconfig").iterdir()
    plugin = "@jupyter-widgets/jupyterlab-manager:plugin"
    assert file.name == "default_setting_overrides.json"
    assert json.loads(file.read_text()) == {plugin: {"saveState": True}}
    first = Path(options["env"]["PYTHONSTARTUP"])
    assert first.name == ("own.py" if given else "missing_names.py")


def test_without_tests_a_sentence_says_so(machine, capsys):
    machine.patch.setattr(files, "COURSE", machine.folder)
    assert main(["test"]) == 1
    assert said(capsys) == (
        "This copy of the course has no tests; its repository has them."
    )


@pytest.mark.parametrize("words", [["lessons"], ["lessons", "--help"], ["lbs"]])
def test_other_words_get_the_help(words, capsys):
    assert main(words) == 2 and "lessons FOLDER" in said(capsys)


def test_this_machine_is_fit():
    assert launch.unfit_machine() is None


def test_newest_packages_are_taken_where_they_are_asked_for(monkeypatch):
    monkeypatch.delenv("LAYERS_NEWEST", raising=False)
    assert "--constraint" in launch.packages([])
    monkeypatch.setenv("LAYERS_NEWEST", "1")
    assert launch.packages([])[-1] == "--upgrade"
    tested = launch.key()
    monkeypatch.setenv("LAYERS_NEWEST", "pre")
    assert "--prerelease" in launch.packages([]) and launch.key() != tested


def test_started_as_a_file_it_says_what_to_type():
    file = Path(launch.__file__).parents[1] / "__main__.py"
    done = subprocess.run([sys.executable, file], capture_output=True, text=True)
    assert done.stderr.strip() == "Type, in the course's folder: python3 -m helpers"
