"""The lessons as on Colab: a notebook alone, what Colab has, and the setup cell."""

import importlib.metadata
import re
import subprocess
import sys
import time

import nbformat
import pytest
from packaging.utils import canonicalize_name
from rerun import nbval_in

from colab.machine import CLONE, INSTALLERS, LESSONS, REPOSITORY, TAG, Colab
from helpers.engine.files import COURSE

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
        assert kernel.run(kernel.setup) == ("", None)
        seconds.append(time.monotonic() - start)
        where = "import helpers, pathlib; print(pathlib.Path(helpers.__file__).parent)"
        assert kernel.run(where) == (f"{colab.folder / CLONE / 'helpers'}\n", None)
        files = state(colab.folder / CLONE)
        first = first or files
        assert files == first != {}
    print("Setup cell: {:.1f} s, again {:.1f} s, restarted {:.1f} s".format(*seconds))


def test_report_says_ready(kernel):
    kernel.run(kernel.setup)
    printed, error = kernel.run("environment.report();")
    assert error is None
    assert printed.endswith("Ready: every lesson can run here.\n"), printed


def test_without_a_network_one_sentence_says_so(colab, tmp_path, request):
    colab.clone_from(tmp_path / "unplugged")
    kernel = request.getfixturevalue("kernel")
    _, (name, said) = kernel.run(kernel.setup)
    assert name == "RuntimeError"
    address = f"https://github.com/{REPOSITORY}"
    assert said.startswith(f"The course {TAG} cannot be fetched from {address}: ")
    assert "does not appear to be a git repository" in said and "\n" not in said
    assert [path.name for path in colab.folder.iterdir()] == [colab.notebook.name]


@pytest.mark.parametrize("installer", INSTALLERS)
def test_a_call_that_installs_would_be_noted(colab, installer):
    subprocess.run([installer, "install", "it"], env=colab.environment, check=True)
    assert colab.calls.read_text() == f"{installer} install it\n"
