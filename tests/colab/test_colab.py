"""The lessons as on Colab: a notebook alone, what Colab has, and the setup cell."""

import importlib.metadata
import re
import subprocess
import sys
import time

import nbformat
import pytest
from lesson_files import of_lesson, with_answers
from nbclient import NotebookClient
from packaging.utils import canonicalize_name
from rerun import nbval_in

from colab.machine import CLONE, INSTALLERS, LESSONS, Colab
from helpers.engine.files import COURSE
from helpers.exercises.checking import OPEN, RIGHT

pytestmark = pytest.mark.colab


def installed():
    """Return {package: version} of this Python, read anew."""
    found = importlib.metadata.distributions()
    return {canonicalize_name(one.name): one.version for one in found}


def test_environment_is_colabs_and_has_no_course():
    text = (COURSE / "tests" / "colab" / "constraints.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^([\w.-]+)==(\S+)$", text, re.MULTILINE)
    expected = {canonicalize_name(name): version for name, version in pins}
    found = installed()
    assert {name: found.get(name) for name in expected} == expected
    assert sys.version_info[:2] == (3, 13)
    assert "inside-the-layers" not in found


@pytest.mark.parametrize("name", LESSONS[::-1])  # the long ones first
def test_lesson_runs_from_its_notebook_alone(name, tmp_path, published):
    """The reading edition: what its cells print is what is stored."""
    colab = Colab(tmp_path, published, name)
    cells = nbformat.read(colab.notebook, as_version=4).cells
    before = installed()
    limit = "--nbval-cell-timeout=60"
    code, printed = nbval_in(colab.folder, name, limit, environment=colab.environment)
    assert code == 0, printed[-5000:]
    count = sum(cell.cell_type == "code" for cell in cells)
    assert re.search(rf"^{count} passed\b", printed, re.MULTILINE), printed
    assert {path.name for path in colab.folder.iterdir()} == {name, CLONE}
    assert installed() == before
    assert not colab.calls.exists()


def run_all(client, cells):
    """Run cells in the kernel that is there; return what they showed, as text."""
    client.nb.cells = cells
    for i, cell in enumerate(cells):
        client.execute_cell(cell, i)
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert not [one for one in outputs if one.get("name") == "stderr"]
    shown = (
        one.get("text") or one.get("data", {}).get("text/plain") for one in outputs
    )
    return "\n".join(filter(None, shown))


@pytest.mark.parametrize("name", LESSONS[::-1])
def test_lesson_of_the_release_runs_open_and_then_solved(name, tmp_path, released):
    """As a learner does: Run All, nothing is done; the answers, Run All, all is done."""
    colab = Colab(tmp_path, released, name)
    lesson = nbformat.read(colab.notebook, as_version=4)
    assert not any(cell.get("outputs") for cell in lesson.cells)
    exercises = len(of_lesson(colab.notebook, "EXERCISES"))
    look = nbformat.v4.new_code_cell("import helpers; helpers.progress()")
    solved = [*with_answers(lesson), look]
    place = {"metadata": {"path": str(colab.folder)}}
    client = NotebookClient(lesson, timeout=60, resources=place)
    with client.setup_kernel(env=colab.environment):
        shown = run_all(client, [*lesson.cells, look])
        assert shown.count(OPEN) == exercises and RIGHT not in shown
        assert re.search(r"^0 of \d+ exercises are done\.$", shown, re.M)
        assert {path.name for path in colab.folder.iterdir()} == {name, CLONE}
        shown = run_all(client, solved)
    assert shown.count(RIGHT) == exercises and OPEN not in shown
    assert re.search(rf"^{exercises} of \d+ exercises are done\.$", shown, re.M)
    (line,) = re.findall(rf"^{name[:2]} · .*$", shown, re.M)
    assert line.count("[x]") == exercises and "[ ]" not in line
    assert not colab.calls.exists()


# --- the setup cell, in a kernel


class Kernel:
    """A kernel as on Colab, which runs the setup cell or another source."""

    def __init__(self, colab):
        from jupyter_client.manager import start_new_kernel

        self.setup = nbformat.read(colab.notebook, as_version=4).cells[1].source
        self.manager, self.client = start_new_kernel(
            kernel_name="python3", cwd=str(colab.folder), env=colab.environment
        )

    def run(self, source):
        """Run a cell; return what it printed, and its error as a name and a message."""
        printed = []

        def listen(message):
            printed.append(message["content"].get("text", ""))

        reply = self.client.execute_interactive(
            source, timeout=60, output_hook=listen, allow_stdin=False
        )["content"]
        error = (reply["ename"], reply["evalue"]) if "ename" in reply else None
        return "".join(printed), error

    def restart(self):
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=60)


@pytest.fixture
def kernel(colab):
    kernel = Kernel(colab)
    yield kernel
    kernel.client.stop_channels()
    kernel.manager.shutdown_kernel(now=True)


def state(folder):
    """Return what shows that a file was written again, for all files of a folder."""
    paths = (path for path in folder.rglob("*") if "__pycache__" not in path.parts)
    found = {path: path.stat() for path in paths if path.is_file()}
    return {path: (one.st_ino, one.st_mtime_ns) for path, one in found.items()}


def test_course_is_cloned_once_for_all_runs_and_kernels(colab, kernel):
    seconds, first = [], None
    for again in (False, False, True):
        if again:
            kernel.restart()
        start = time.monotonic()
        assert kernel.run(kernel.setup) == ("Setup is done.\n", None)
        seconds.append(time.monotonic() - start)
        where = "import helpers, pathlib; print(pathlib.Path(helpers.__file__).parent)"
        assert kernel.run(where) == (f"{colab.folder / CLONE / 'helpers'}\n", None)
        files = state(colab.folder / CLONE)
        first = first or files
        assert files == first != {}
    print("Setup cell: {:.1f} s, again {:.1f} s, restarted {:.1f} s".format(*seconds))


def test_clone_is_for_learners(colab, kernel):
    """No tests, nothing that was run, and the code of no solution on the screen."""
    kernel.run(kernel.setup)
    clone = colab.folder / CLONE
    assert not (clone / "tests").exists() and not (clone / ".ci").exists()
    lessons = sorted((clone / "notebooks").glob("*.ipynb"))
    assert [path.name for path in lessons] == LESSONS
    solutions = 0
    for path in lessons:
        cells = nbformat.read(path, as_version=4).cells
        assert not any(cell.get("outputs") for cell in cells), path.name
        for cell in cells:
            first = cell.source.splitlines()[0].lower().split()
            if cell.cell_type == "code" and "solution" in first:
                solutions += 1
                assert cell.metadata.cellView == "form"  # how Colab folds a cell
    assert solutions == sum(len(of_lesson(path, "EXERCISES")) for path in lessons)


def test_report_says_ready(kernel):
    kernel.run(kernel.setup)
    printed, error = kernel.run("environment.report();")
    assert error is None
    assert printed.endswith("Ready: every lesson can run here.\n"), printed


def test_without_a_network_git_says_why(colab, tmp_path, request):
    colab.clone_from(tmp_path / "unplugged")
    kernel = request.getfixturevalue("kernel")
    printed, error = kernel.run(kernel.setup)
    assert "does not appear to be a git repository" in printed
    assert error == ("AssertionError", "No course: git says above why.")
    assert [path.name for path in colab.folder.iterdir()] == [colab.notebook.name]


@pytest.mark.parametrize("installer", INSTALLERS)
def test_a_call_that_installs_would_be_noted(colab, installer):
    subprocess.run([installer, "install", "it"], env=colab.environment, check=True)
    assert colab.calls.read_text() == f"{installer} install it\n"
