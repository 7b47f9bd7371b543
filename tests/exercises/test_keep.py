"""What `keep` writes into ``my_layers.py``, and what it leaves alone."""

import functools
import os
from pathlib import Path

import numpy as np
import pytest
from asked import FUNCTIONS
from learner import cell

from helpers.exercises import keep
from helpers.exercises.keep import FILE, LAYERS
from helpers.exercises.python_files import read_file, with_function, with_import

DENSE = "def dense(x, kernel, bias):\n    return x @ kernel + bias"
SOFTMAX = (
    "def softmax(x):\n"
    "    powers = np.exp(x - x.max(axis=-1, keepdims=True))\n"
    "    return powers / powers.sum(axis=-1, keepdims=True)"
)
BEGINNING = '"""Layers of my own, kept from the lessons."""\n\nimport numpy as np\n'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Each test has a folder of its own as the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def kept(capsys, source, *names, **others):
    """Run a cell, keep functions of it, and return what was printed, in one line."""
    space = cell(source, **others)
    keep(*(space[name] for name in names or ["dense"]))
    return " ".join(capsys.readouterr().out.split())


def text():
    return Path(FILE).read_bytes().decode()


def test_the_names_are_those_of_exercises_that_ask_for_a_function():
    assert set(LAYERS.values()) <= set(FUNCTIONS)
    assert all(one.split(".")[1] == name for name, one in LAYERS.items())


def test_functions_are_kept_as_they_are_written(capsys):
    source = f"{DENSE}  # mine\n\n\n{SOFTMAX}\n\n\nsoftmax(np.eye(2))"
    said = kept(capsys, source, "dense", "softmax")
    assert said == "dense and softmax are kept in my_layers.py."
    assert text() == f"{BEGINNING}\n\n{DENSE}  # mine\n\n\n{SOFTMAX}\n"


def test_keeping_again_changes_nothing_and_says_the_same(capsys):
    source = f"{SOFTMAX}\n    # the end\n"
    first = kept(capsys, source, "softmax"), text(), os.stat(FILE).st_mtime_ns
    assert first[0] == "softmax is kept in my_layers.py."
    assert (kept(capsys, source, "softmax"), text(), os.stat(FILE).st_mtime_ns) == first


def test_a_later_version_takes_the_place_of_the_earlier_one(capsys):
    kept(capsys, f"{DENSE}\n\n\n{SOFTMAX}", "dense", "softmax")
    later = DENSE.replace("x @ kernel", "np.matmul(x, kernel)")
    kept(capsys, later)
    assert text() == f"{BEGINNING}\n\n{later}\n\n\n{SOFTMAX}\n"


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize("bom", ["", "\ufeff"], ids=["", "bom"])
def test_what_the_learner_wrote_there_stays(capsys, end, bom):
    mine = [
        f'{bom}"""Mine."""',
        "from __future__ import annotations",
        "import math, os  # both",
        "",
        "# é, 한, and a form feed \x0c in a comment",
        "@staticmethod",
        "def dense(x, kernel, bias):  # old",
        "    return 3",
        "# behind it",
        "",
        "if math.pi > 3:",
        "    SIZE = '''a",
        "    b'''",
    ]
    Path(FILE).write_bytes(end.join(mine).encode())
    assert kept(capsys, f"{DENSE}\n\n\n{SOFTMAX}", "dense", "softmax")
    expected = [*mine[:3], "import numpy as np", *mine[3:5], *DENSE.split("\n")]
    expected += [*mine[8:], "", "", *SOFTMAX.split("\n"), ""]
    assert text().split(end) == expected
    if end == "\r\n":
        assert text().count("\n") == text().count("\r\n")


def test_numpy_is_imported_once_even_if_it_stands_beside_another(capsys):
    Path(FILE).write_text("import math, numpy as np\n")
    kept(capsys, SOFTMAX, "softmax")
    assert text() == f"import math, numpy as np\n\n\n{SOFTMAX}\n"


def test_a_name_that_something_else_takes_later_is_written_behind_it(capsys):
    for other in ["dense = None", "del dense", "from os import path as dense"]:
        Path(FILE).write_text(f"def dense():\n    pass\n\n\n{other}\n")
        kept(capsys, DENSE)
        kept(capsys, DENSE)
        assert text() == f"def dense():\n    pass\n\n\n{other}\n\n\n{DENSE}\n"


def test_what_the_functions_call_is_kept_with_them(capsys):
    source = """
        import math
        import numpy.linalg as algebra
        from numpy import exp
        from math import pi, floor as below

        def products(x, kernel):
            return [add_up(row, kernel) for row in x]

        def add_up(row, kernel, power=exp):
            return row @ kernel + 0 * power(below(math.e)) * algebra.norm(row)

        def dense(x, kernel, bias):
            return products(x, kernel) + bias
    """
    said = kept(capsys, source)
    assert said == "dense is kept in my_layers.py, with add_up, products."
    statements = "import math|import numpy.linalg as algebra|from numpy import exp"
    for statement in [*statements.split("|"), "from math import floor as below"]:
        assert text().count(f"{statement}\n") == 1
    assert text().index("def add_up") < text().index("def products")
    x, kernel = np.array([[1, 2]]), np.array([[3], [4]])
    assert cell(text())["dense"](x, kernel, np.array([5])).tolist() == [[16]]


CALLS = """
def add_up(row):
    return np.sum(row, axis=-1, keepdims=True)

def softmax(x):
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / add_up(powers)
"""
CALLS_ANOTHER = """
def add_up(x, kernel):
    return x @ kernel

def dense(x, kernel, bias):
    return add_up(x, kernel) + bias
"""


def test_a_function_that_another_one_calls_is_not_replaced(capsys):
    kept(capsys, CALLS, "softmax")
    before = text()
    said = kept(capsys, CALLS_ANOTHER)
    assert said == (
        "Nothing is kept: softmax in my_layers.py calls another add_up, so give yours a "
        "new name."
    )
    assert text() == before
    assert kept(capsys, CALLS_ANOTHER.replace("add_up", "sums"))[-5:] == "sums."


def test_a_function_that_several_call_may_be_kept_again_and_changed_with_them(capsys):
    dense = """
def dense(x, kernel, bias):
    return np.array([[add_up(row * w)[0] for w in kernel.T] for row in x]) + bias
"""
    kept(capsys, CALLS, "softmax")
    assert kept(capsys, CALLS + dense) == "dense is kept in my_layers.py, with add_up."
    changed = CALLS.replace("np.sum(row,", "np.add.reduce(row,") + dense
    assert kept(capsys, changed).startswith("Nothing is kept: softmax in my_layers.py")
    assert kept(capsys, changed, "dense", "softmax").startswith("dense and softmax are")
    assert "add.reduce" in text()


def test_functions_that_call_each_other_are_kept(capsys):
    source = """
        def dense(x, kernel, bias):
            return other(x, kernel, bias, 1)

        def other(x, kernel, bias, depth):
            return x @ kernel + bias if depth else dense(x, kernel, bias)
    """
    assert kept(capsys, source) == "dense is kept in my_layers.py, with other."
    assert text().count("def ") == 2


def test_a_decorator_is_kept_too(capsys):
    source = """
        from functools import wraps

        def noted(function):
            @wraps(function)
            def inner(*inputs):
                return function(*inputs)
            return inner

        @noted
        def dense(x, kernel, bias):
            return x @ kernel + bias
    """
    assert kept(capsys, source) == "dense is kept in my_layers.py, with noted."
    assert "@noted\ndef dense(" in text()
    assert text().index("def noted") < text().index("@noted")


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def dense(x, kernel, bias):\n    return x @ kernel", "not right yet"),
        ("SIZE = 1\ndef dense(x, kernel, bias):\n    return x @ kernel + bias * SIZE",
         "it reads SIZE, which cannot be kept: write it into dense"),
        ("def dense(x, kernel, bias):\n    return x @ kernel + bias if len(x) else y",
         "it reads y, which cannot be kept: write it into dense"),
        ("SIZE = 1\ndef scale(b):\n    return b * SIZE\n"
         "def dense(x, kernel, bias):\n    return x @ kernel + scale(bias)",
         "it reads SIZE, which cannot be kept: write it into scale"),
        ("sums = lambda x, k: x @ k\n"
         "def dense(x, kernel, bias):\n    return sums(x, kernel) + bias",
         "it reads sums, which cannot be kept: write it into dense"),
        ("def make(n):\n    def dense(x, kernel, bias):\n"
         "        return x @ kernel + n * bias\n    return dense\ndense = make(1)",
         "written inside another function"),
        (f"exec({DENSE!r})", "its source cannot be found: write it with def in a cell"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_said_and_nothing_is_written(capsys, source, why):
    assert kept(capsys, source) == f"Not kept: dense ({why})."
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (lambda x: x, "a lambda (not written with def)"),
        (functools.partial(max, 1), "partial (not written with def)"),
        (abs, "abs (not written with def)"),
        ("dense", "str (not written with def)"),
        (
            os.path.basename,
            "basename (the names kept are dense, softmax, feature_map, ",
        ),
    ],
)
def test_what_is_no_layer_is_named(capsys, given, said):
    keep(given)
    assert " ".join(capsys.readouterr().out.split()).startswith(f"Not kept: {said}")
    assert os.listdir() == []


def test_open_functions_keep_quiet_and_write_nothing(capsys):
    source = "def dense(x, kernel, bias):\n    return ...\ndef softmax(x): return ..."
    assert kept(capsys, source, "dense", "softmax") == ""
    keep(...)
    keep()
    assert capsys.readouterr().out == "" and os.listdir() == []


def test_the_right_ones_are_kept_and_the_others_named(capsys):
    source = (
        f"{DENSE}\n\n\ndef softmax(x):\n    return ...\n\n\ndef max_pool(maps):\n    1"
    )
    said = kept(capsys, source, "softmax", "dense", "max_pool")
    left_out = "Not kept: softmax (open); max_pool (not right yet)."
    assert said == f"dense is kept in my_layers.py. {left_out}"
    assert text() == f"{BEGINNING}\n\n{DENSE}\n"


def test_what_is_not_right_leaves_the_earlier_version(capsys):
    kept(capsys, DENSE)
    before = text()
    kept(capsys, DENSE.replace("+ bias", "- bias"))
    assert text() == before


@pytest.mark.parametrize(
    "content",
    [
        b"def dense(:\n",
        b"x = '\xe9'\n",
        b"x = 1\0\n",
        b"# coding: nothing\n",
        b"if 1:\n",
    ],
    ids=["syntax", "latin-1", "zero", "coding", "end"],
)
def test_a_file_that_is_no_python_is_left_alone(capsys, content):
    Path(FILE).write_bytes(content)
    said = kept(capsys, DENSE)
    assert said.startswith("my_layers.py is not valid Python")
    assert Path(FILE).read_bytes() == content and os.listdir() == [FILE]


def test_another_encoding_stays(capsys):
    Path(FILE).write_bytes("# coding: latin-1\nx = 'é'\n".encode("latin-1"))
    kept(capsys, SOFTMAX, "softmax")
    found, encoding = read_file(FILE)
    assert encoding == "iso-8859-1"
    assert found == f"# coding: latin-1\nimport numpy as np\nx = 'é'\n\n\n{SOFTMAX}\n"


def test_a_folder_of_that_name_and_a_folder_that_is_gone_are_told(
    capsys, folder, monkeypatch
):
    Path(FILE).mkdir()
    assert kept(capsys, DENSE).startswith("my_layers.py cannot be written (")
    assert Path(FILE).is_dir()
    Path(FILE).rmdir()
    (folder / "gone").mkdir()
    monkeypatch.chdir(folder / "gone")
    (folder / "gone").rmdir()
    assert kept(capsys, DENSE).startswith("my_layers.py cannot be written (")


def test_nothing_half_written_is_left_when_the_disk_is_full(capsys, monkeypatch):
    kept(capsys, SOFTMAX, "softmax")
    before = text()

    def refuse(path, content):
        with open(path, "wb") as file:
            file.write(content[:20])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    said = kept(capsys, DENSE)
    assert (
        said
        == "my_layers.py cannot be written (No space left on device): nothing is kept."
    )
    assert text() == before and os.listdir() == [FILE]


def test_a_link_stays_one(capsys, folder):
    (folder / "elsewhere").mkdir()
    Path(FILE).symlink_to(folder / "elsewhere" / "mine.py")
    kept(capsys, DENSE)
    assert Path(FILE).is_symlink() and (folder / "elsewhere" / "mine.py").exists()


def test_places_in_a_file():
    """Where an import and a function go, in files of several shapes."""
    numpy = "np", "import numpy as np"
    for before, after in [
        ("", "import numpy as np\n"),
        ("# a comment", "# a comment\nimport numpy as np\n"),
        ("x = 1", "import numpy as np\nx = 1"),
        ("'''two\nlines'''\nx = 1\n", "'''two\nlines'''\nimport numpy as np\nx = 1\n"),
        ("import os\n\nimport re\nx", "import os\n\nimport re\nimport numpy as np\nx"),
        ("x = 1\nimport os\n", "import numpy as np\nx = 1\nimport os\n"),
    ]:  # fmt: skip
        assert with_import(before, *numpy) == after
        assert with_import(after, *numpy) == after
    source = "def f():\n    pass"
    for before, after in [
        ("", f"{source}\n"),
        ("x = 1", f"x = 1\n\n\n{source}\n"),
        ("x = 1\n\n\n\n", f"x = 1\n\n\n\n{source}\n"),
        ("async def f(): pass\n", f"async def f(): pass\n\n\n{source}\n"),
        ("if 1:\n    def f(): 1\n", f"if 1:\n    def f(): 1\n\n\n{source}\n"),
        ("def f(): return 1; x\ny = 1", f"{source}\ny = 1"),
        ("def g():\n    f = 1\n", f"def g():\n    f = 1\n\n\n{source}\n"),
    ]:
        assert with_function(before, "f", source) == after
        assert with_function(after, "f", source) == after
