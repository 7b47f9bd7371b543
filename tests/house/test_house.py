"""The house: short files, short functions, no circle of imports, names that say what."""

import ast
import re
import sys
from functools import partial
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from project import project

from helpers.engine.files import COURSE

LONGEST_FILE, LONGEST_FUNCTION = 600, 80  # lines
# What its explorer does in the browser is one function; it waits to be taken apart.
STILL_LONG = {"helpers/explorers/browser/layers.js"}
CODE = {".py", ".js", ".mjs", ".css", ".html", ".j2", ".sh"}
FILES = sorted(
    path.relative_to(COURSE).as_posix()
    for part in ("helpers", "tests", ".ci", "data")
    for path in (COURSE / part).rglob("*")
    if path.suffix in CODE and "node_modules" not in path.parts
)
PYTHON = [name for name in FILES if name.endswith(".py")]
HELPERS = [name for name in PYTHON if name.startswith("helpers/")]
TESTS = [name for name in PYTHON if re.match(r"tests/.*test_\w+\.py$", name)]


def tree(name):
    return ast.parse((COURSE / name).read_text(encoding="utf-8"))


def test_there_is_something_to_look_at():
    assert len(HELPERS) > 40 and len(TESTS) > 40 and len(FILES) > len(PYTHON)


@pytest.mark.parametrize("name", FILES)
def test_no_file_is_longer_than_600_lines(name):
    lines = len((COURSE / name).read_text(encoding="utf-8").splitlines())
    assert (lines > LONGEST_FILE) == (name in STILL_LONG), f"{lines} lines"


def length(function):
    """Lines of a function, without its docstring and what decorates it."""
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= first.end_lineno - first.lineno + 1
    return lines


@pytest.mark.parametrize("name", HELPERS)
def test_no_function_is_longer_than_80_lines(name):
    functions = [
        node
        for node in ast.walk(tree(name))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert {f.name: length(f) for f in functions if length(f) > LONGEST_FUNCTION} == {}


# --- imports -----------------------------------------------------------------------


def module_of(name):
    """Return the module's name and the package that its relative imports count from."""
    parts = Path(name).with_suffix("").parts
    package = parts[:-1]
    return ".".join(package if parts[-1] == "__init__" else parts), package


MODULES = {module_of(name)[0]: name for name in HELPERS}


def taken(name):
    """Yield ``(module, name)`` of what a file imports, also inside its functions."""
    package = module_of(name)[1]
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            home = ".".join((*above, *filter(None, [node.module])))
            yield from ((home, alias.name) for alias in node.names)


def source(module, name):
    """Return the module that a name comes from: a package may only hand it on."""
    if f"{module}.{name}" in MODULES:
        return f"{module}.{name}"
    if module in MODULES and MODULES[module].endswith("__init__.py"):
        for home, handed in taken(MODULES[module]):
            if handed == name and home != module:
                return source(home, name)
    return module


def imports(name):
    """Return the modules of helpers that a file takes something from."""
    return {source(*one) for one in taken(name)} & set(MODULES)


def test_imports_are_found_by_parsing():
    assert "helpers.engine.files" in imports("helpers/datasets.py")
    assert "helpers.exercises.progress" in imports(
        "helpers/__init__.py"
    )  # in a function
    assert source("helpers.exercises", "check") == "helpers.exercises.checking"


def test_imports_go_round_in_no_circle():
    """A package that hands on what its files hold is no circle with them."""
    graph = {module: imports(name) for module, name in MODULES.items()}
    circles = [" -> ".join(way) for way in map(partial(way_back, graph), graph) if way]
    assert circles == []


def way_back(graph, start):
    """Return a chain of imports from a module back to itself, or None."""
    ways = {start: (start,)}
    todo = [start]
    while todo:
        module = todo.pop()
        for other in graph[module]:
            if other == start:
                return (*ways[module], other)
            if other not in ways:
                ways[other] = (*ways[module], other)
                todo.append(other)
    return None


@pytest.mark.parametrize("name", HELPERS)
def test_imports_inside_helpers_are_relative(name):
    """So that the same tree works under another name; see pyproject.toml."""
    absolute = [
        node.lineno
        for node in ast.walk(tree(name))
        if isinstance(node, ast.ImportFrom | ast.Import)
        and not getattr(node, "level", 0)
        and re.match(
            r"helpers\b", getattr(node, "module", None) or node.names[0].name or ""
        )
    ]
    assert absolute == []


@pytest.mark.parametrize("name", TESTS)
def test_no_test_imports_another_one(name):
    for node in ast.walk(tree(name)):
        names = [alias.name for alias in getattr(node, "names", []) if alias.name]
        if isinstance(node, ast.ImportFrom):
            names = [node.module or "", *names]
        if isinstance(node, ast.Import | ast.ImportFrom):
            others = [
                one for one in names if re.search(r"(^|\.)(test_\w+|conftest)$", one)
            ]
            assert others == [], f"line {node.lineno}"


def test_no_two_test_files_have_one_name():
    folders = {path.parent for path in (COURSE / "tests").rglob("__init__.py")}
    names = [Path(n).name for n in TESTS if (COURSE / n).parent not in folders]
    assert sorted(names) == sorted(set(names))


# --- packages that are used are declared --------------------------------------------

CALLED = {"IPython": "ipython", "PIL": "pillow", "yaml": "pyyaml"}
# google.colab is on Colab alone, tomli is pytest's on Python 3.10, and tornado comes with
# the hub that is measured.
ELSEWHERE = {"google", "tomli", "tornado"}


def packages(names):
    """Return the packages, by the names they are installed under, that files import."""
    own = {
        path.stem for part in ("tests", ".ci") for path in (COURSE / part).rglob("*.py")
    }
    own |= {path.name for path in (COURSE / "tests").iterdir()} | {"helpers"}
    found = {
        module.split(".")[0]
        for name in names
        for node in ast.walk(tree(name))
        for module in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
    }
    found -= own | set(sys.stdlib_module_names) | {"tomllib"} | ELSEWHERE
    return {canonicalize_name(CALLED.get(one, one)) for one in found}


def test_packages_that_are_imported_are_declared():
    needed = {canonicalize_name(one.name) for one in declared("dependencies")}
    groups = "test", "slides", "browser", "keras-2"
    tested = needed | {canonicalize_name(one.name) for one in declared(*groups)}
    # What makes slides, on the machine that prepares a class
    assert packages(HELPERS) - needed == {"latex2mathml"} <= tested
    assert packages(PYTHON) - tested == set()


def declared(*lists):
    """Return the requirements of these lists of pyproject.toml."""
    content = project()
    known = {**content["dependency-groups"], **content["project"]}
    return [Requirement(line) for name in lists for line in known[name]]
