"""A kernel says what to do where a cell above was not run."""

import runpy

import pytest
from jupyter_client.manager import start_new_kernel

from helpers.classroom.launch import FIRST
from helpers.engine.files import COURSE

HINT = (
    "Is it made by a cell above? Run the cells from the top, the setup cell first (Run → "
    "Run All Above Selected Cell).\n"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run a cell in a kernel as `lab` starts it; return its error's name and its output."""
    manager, client = start_new_kernel(
        env={"PYTHONSTARTUP": str(FIRST), "PATH": ""},
        cwd=str(tmp_path_factory.mktemp("alone")),
    )

    def run(source):
        outputs = []
        reply = client.execute_interactive(
            source, timeout=60, output_hook=outputs.append, allow_stdin=False
        )
        text = [one["content"].get("text", "") for one in outputs]
        kinds = [one["msg_type"] for one in outputs]
        assert ("error" in kinds) == (reply["content"]["status"] == "error")
        return reply["content"].get("ename"), "".join(text)

    run(f"import sys; sys.path = [one for one in sys.path if one != {str(COURSE)!r}]")
    yield run
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.mark.parametrize(
    "source, error, hint",
    [
        ("check('dense_by_hand.dense', dense)", "NameError", HINT),
        ("kernel[:, 1]", "NameError", HINT),
        ("from helpers.exercises import check", "ModuleNotFoundError", HINT),
        ("import nothing_of_that_name", "ModuleNotFoundError", ""),
        ("def f():\n    x += 1\nf()", "UnboundLocalError", ""),
        ("1 / 0", "ZeroDivisionError", ""),
        ("explain", "NameError", HINT),  # the file leaves no name behind
        ("one = 1", None, ""),
    ],
)
def test_a_missing_name_or_course_gets_the_sentence(run, source, error, hint):
    assert run(source) == (error, hint)


def test_after_the_setup_cell_too(run):
    course = f"import sys; sys.path.insert(0, {str(COURSE)!r})"
    assert run(course) == (None, "")
    done = run("from helpers import environment; environment.set_up()")
    assert done == (None, "Setup is done.\n")
    assert run("network") == ("NameError", HINT)


def test_without_a_notebook_nothing_happens():
    runpy.run_path(str(FIRST))
