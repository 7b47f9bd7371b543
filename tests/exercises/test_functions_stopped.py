"""A function that does not end is stopped; whatever one does, the notebook is as before."""

import builtins
import gc
import io
import random
import sys
import threading
import time
import warnings

import nbformat
import numpy as np
import pytest
from asked import FUNCTIONS
from learner import cell, written
from nbclient import NotebookClient

from helpers.engine.files import NOTEBOOKS
from helpers.exercises import check, functions
from helpers.exercises.checking import verdict

SOFTMAX = "dense_by_hand.softmax"
RIGHT = """
powers = np.exp(x - x.max(axis=-1, keepdims=True))
return powers / powers.sum(axis=-1, keepdims=True)
"""
ENDLESS = [
    "while True: pass",
    "while True:\n    try: pass\n    except Exception: pass",
    "while True:\n    try: pass\n    except: pass",
    "while True:\n    try:\n        while True: pass\n    except: pass",
    "while True:\n    try: np.exp(x)\n    except BaseException: continue",
    "while True:\n    try: time.sleep(0.01)\n    except Exception: pass",
    "while True: print('again')",
    "[one for one in iter(int, 1)]",
    "def inner():\n    while True: yield 1\nfor one in inner(): pass",
    "while True:\n    try: time.sleep(0.01)\n    finally: continue",
    "while True:\n    try: pass\n    except: pass\n    finally: continue",
    "for _ in map(lambda one: 1, iter(int, 1)): pass",
    "total = 0\nwhile total != 1: total += 0.3",
]


def body(text):
    """Return a function of x with this body."""
    lines = "\n".join(f"    {line}" for line in text.strip().splitlines())
    return written(f"def f(x):\n{lines}", time=time)


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(functions, "SECONDS", 0.3)


@pytest.mark.parametrize("text", ENDLESS)
def test_a_function_without_an_end_is_stopped(text, short):
    began = time.monotonic()
    told = verdict(FUNCTIONS[SOFTMAX], body(text))
    assert told == "Not yet. It does not end; after 0.3 seconds it was stopped."
    assert time.monotonic() - began < 3
    assert at_work() == []
    spent = time.process_time()
    time.sleep(0.2)
    assert time.process_time() - spent < 0.1


def test_seconds_are_few():
    assert 2 <= functions.SECONDS <= 10


def test_a_function_that_cannot_be_stopped_is_told_and_ends_when_it_can(short):
    told = verdict(FUNCTIONS[SOFTMAX], body("time.sleep(4)"))
    said = "It does not end and cannot be stopped: restart the kernel."
    assert told == f"Not yet. {said}"
    time.sleep(3.5)
    assert at_work() == []


def test_the_learners_own_interrupt_stops_it_too(monkeypatch):
    def interrupted(thread, timeout=None):
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "join", interrupted)
    usual = sys.stdout
    with pytest.raises(KeyboardInterrupt):
        verdict(FUNCTIONS[SOFTMAX], body("while True: pass"))
    assert sys.stdout is usual
    assert at_work() == []


def at_work():
    """Return the threads that run a function and were not laid to sleep."""
    learners = [one for one in threading.enumerate() if one.name == "learner"]
    return [one for one in learners if not one.rests.is_set()]


def state():
    """Return what a function could leave changed."""
    return {
        "stdout": sys.stdout,
        "stderr": sys.stderr,
        "trace": sys.gettrace(),
        "profile": sys.getprofile(),
        "input": builtins.input,
        "filters": list(warnings.filters),
        "numpy": np.geterr(),
        "draws": np.random.get_state()[1].tolist(),  # noqa: NPY002
        "random": random.getstate(),
        "depth": sys.getrecursionlimit(),
        "collects": gc.isenabled(),
        "threads": at_work(),
    }


DISTURBING = [
    "import sys, io\nsys.stdout = io.StringIO()",
    "import sys\nsys.settrace(lambda *given: None)",
    "import sys\nsys.setrecursionlimit(500)",
    "np.seterr(all='raise')",
    "import warnings\nwarnings.simplefilter('error')",
    "import warnings\nwarnings.warn('careful')\nnp.log(0 * x)",
    "np.random.seed(3)\nnp.random.rand()",
    "import random\nrandom.seed(3)",
    "import gc\ngc.collect()",
    "import builtins\nbuiltins.input = len",
    "global y\ny = x\nimport sys\nsys.exit(2)",
    "input()",
    "return f(x)",
    "while True: pass",
    "print('a' * 10**6)",
    "raise KeyboardInterrupt",
]


@pytest.mark.parametrize("text", DISTURBING)
@pytest.mark.parametrize("end", ["", RIGHT])
def test_afterwards_all_is_as_before(text, end, short, capfd):
    function = body(text + "\n" + end)
    names = dict(function.__globals__)
    before = state()
    verdict(FUNCTIONS[SOFTMAX], function)
    assert state() == before
    assert {
        name: value
        for name, value in function.__globals__.items()
        if not name.startswith("__")
    } == {name: value for name, value in names.items() if not name.startswith("__")}
    assert capfd.readouterr() == ("", "")


def test_names_that_were_changed_are_put_back():
    space = cell(
        """
        total, gone = 0, 5

        def f(x):
            global total, gone, new
            total += 1
            new = x
            del gone
        """
    )
    told = verdict(FUNCTIONS[SOFTMAX], space["f"])
    assert told.startswith("Not yet. It changes ")
    assert (space["total"], space["gone"]) == (0, 5) and "new" not in space


def test_printing_a_megabyte_is_no_mistake(capsys):
    check(SOFTMAX, body("print('a' * 10**6)\n" + RIGHT))
    out = capsys.readouterr().out
    assert out.startswith("✓ Right. ") and len(out) < 300


def test_what_it_prints_to_the_streams_it_had_before_is_not_taken():
    kept = io.StringIO()
    f = written("def f(x):\n    print('here', file=kept)\n    return x", kept=kept)
    assert verdict(FUNCTIONS[SOFTMAX], f).startswith("Not yet. ")
    assert kept.getvalue().startswith("here")


def test_its_own_warnings_do_not_show():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        told = verdict(FUNCTIONS[SOFTMAX], body("return np.exp(x) / np.exp(x).sum()"))
    assert told.startswith("Not yet. All numbers together add up to 1")


def test_in_a_kernel_all_is_as_before_too():
    cells = [
        'import sys\nsys.path.insert(0, "..")\nimport numpy as np\n'
        "from helpers.exercises import check, functions\nfunctions.SECONDS = 1",
        'def softmax(x):\n    return ...\n\n\ncheck("dense_by_hand.softmax", softmax)',
        "def softmax(x):\n    while True:\n        try:\n            input()\n"
        '        except:\n            print("no")\n\n\n'
        'check("dense_by_hand.softmax", softmax)',
        'def softmax(x):\n    return x[9]\n\n\ncheck("dense_by_hand.softmax", softmax)',
        'def softmax(x):\n    exit()\n\n\ncheck("dense_by_hand.softmax", softmax)',
        'import time\ntime.sleep(1)\nprint("still here")',
    ]
    cells.insert(-1, cells[-2].replace("exit()", "quit()"))
    notebook = nbformat.v4.new_notebook(
        cells=list(map(nbformat.v4.new_code_cell, cells))
    )
    resources = {"metadata": {"path": str(NOTEBOOKS)}}
    NotebookClient(notebook, timeout=60, resources=resources).execute()
    out = ["".join(map(shown, cell.outputs)) for cell in notebook.cells]
    assert [" ".join(text.split()) for text in out] == [
        "",
        "○ Open: replace the ... and run the cell again.",
        "✗ Not yet. It does not end; after 1 seconds it was stopped.",
        "✗ Not yet. It was called with x of shape (2, 3). It stops with IndexError (index "
        "9 is out of bounds for axis 0 with size 2) in line 2, `return x[9]`.",
        "✗ Not yet. It raises SystemExit: end it with return.",
        "✗ Not yet. It raises SystemExit: end it with return.",
        "still here",
    ]


def shown(output):
    """Return an output of a cell as text."""
    return output.get("text") or output.data["text/plain"]
