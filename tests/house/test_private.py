"""What the helpers use of other packages' private parts is little, known, and there.

Keras's are in helpers/engine/keras_inside.py, with a test of their own.
"""

import ast
from functools import cache

import pytest

from helpers.engine.files import COURSE

FILES = sorted((COURSE / "helpers").rglob("*.py"))
KERAS = "engine/keras_inside.py"
# file: private names of others, and undocumented modules, that it uses
USED = {
    "classroom/slides.py": {"nbconvert.filters.markdown_mistune"},
    "figures/picture.py": {"_renderer"},
}
UNDOCUMENTED = {"nbconvert.filters.markdown_mistune"}


def private(name):
    return name.startswith("_") and not name.startswith("__")


@cache
def own_names():
    """Return the private names that the helpers define themselves."""
    found = set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found.add(node.name)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
    return found


def used(path):
    """Return the private names of others that a file uses."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
            "getattr",
            "hasattr",
            "setattr",
        ):
            found |= {a.value for a in node.args[1:2] if isinstance(a, ast.Constant)}
        if isinstance(node, ast.ImportFrom) and not node.level:
            found |= {node.module} & UNDOCUMENTED
            found |= {part for part in node.module.split(".") if part == "src"}
    found -= own_names() | {"_replace"}  # which is public, of named tuples
    return {name for name in found if private(name) or name in UNDOCUMENTED | {"src"}}


def test_private_parts_are_used_in_few_files():
    found = {
        path.relative_to(COURSE / "helpers").as_posix(): used(path) for path in FILES
    }
    keras = found.pop(KERAS)
    assert "_keras_history" in keras  # they are found at all
    assert {name: parts for name, parts in found.items() if parts} == USED


# --- each is there and does what it is used for -------------------------------------


def formula_becomes_mathml():
    from helpers.classroom.slides import to_html

    return "<math" in to_html("the sum $x + 1$") and "5 $" in to_html("5 $ and 6 $")


def text_keeps_its_drawing():
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure()
    text = figure.text(0, 0, "words")
    FigureCanvasAgg(figure).draw()
    return text._renderer is not None


@pytest.mark.parametrize(
    ("does", "package", "file"),
    [
        (formula_becomes_mathml, "nbconvert", "classroom/slides.py"),
        (text_keeps_its_drawing, "Matplotlib", "figures/picture.py"),
    ],
)
def test_it_is_there(does, package, file):
    try:
        there = does()
    except (AttributeError, ImportError, TypeError) as error:
        there, reason = False, error
    else:
        reason = does.__name__.replace("_", " ")
    assert there, (
        f"{package} has changed a part that is not public and that helpers/{file} uses "
        f"({', '.join(USED[file])}): {reason}. Mend that file."
    )
