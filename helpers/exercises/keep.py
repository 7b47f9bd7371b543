"""``keep(dense, softmax)``: functions of the learner's own, kept in ``my_layers.py``.

The file lies beside the notebook and is the learner's own: what else stands in it stays.
"""

import ast
import builtins
import inspect
import os
import symtable
import sys
import textwrap
import types

from ..engine.files import replaced
from .checking import OPEN, RIGHT, verdict
from .exercise import find
from .feedback import say
from .python_files import (
    functions_of,
    lines_of,
    read_file,
    span,
    with_function,
    with_import,
)

FILE = "my_layers.py"  # in the current folder
LAYERS = {  # the functions that are kept, and the exercise of each
    "dense": "dense_by_hand.dense",
    "softmax": "dense_by_hand.softmax",
    "feature_map": "convolution_by_hand.feature_map",
    "max_pool": "convolution_by_hand.max_pool",
}
BEGINNING = '"""Layers of my own, kept from the lessons."""\n\nimport numpy as np\n'


def keep(*functions):
    """Write functions that are right into ``my_layers.py``, beside the notebook.

    Each is tried as `check` does. One that is right takes the place of its earlier version
    in the file, together with the functions of the notebook that it calls; everything
    else in the file stays. Prints one sentence or two, nothing while all are open; never
    raises on what it is given.

    Arguments:
        functions: ``dense``, ``softmax``, ``feature_map`` or ``max_pool``, written with
            ``def`` in a cell.

    Example:
        >>> def dense(x, kernel, bias):
        ...     return x @ kernel
        >>> keep(dense)
        Not kept: dense (not right yet).
    """
    imports, sources, kept, said = {}, {}, [], []
    for function in functions:
        more_imports, more_sources = {}, {}
        try:
            try_out(function)
            gather(function, more_imports, more_sources)
        except ValueError as reason:
            said.append((name_of(function), str(reason)))
            continue
        kept.append(inspect.unwrap(function).__name__)
        imports |= more_imports
        sources |= more_sources
    if not kept and all(why == "open" for _, why in said):
        return
    shown = [write(kept, imports, sources)] if kept else []
    if said:
        left_out = "; ".join(f"{name} ({why})" for name, why in said)
        shown.append(f"Not kept: {left_out}.")
    say(" ".join(shown))


def write(kept, imports, sources):
    """Bring the file up to date; return the sentence on it."""
    try:
        path = os.path.realpath(FILE)  # a link to it stays one
        text, encoding = read_file(path)
        new = BEGINNING if text is None else text
        if clash := needed_otherwise(new, sources):
            return f"Nothing is kept: {clash}."
        for name, statement in imports.items():
            new = with_import(new, name, statement)
        for name, source in sources.items():
            new = with_function(new, name, source)
        if new != text:
            with replaced(path) as file:
                file.write_bytes(new.encode(encoding))
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        where = f", see its line {line}" if line else ""
        return (
            f"{FILE} is not valid Python{where}: it is left as it is, and nothing is kept. "
            "Fix it or give it another name, then run this cell again."
        )
    except OSError as error:
        return f"{FILE} cannot be written ({error.strerror}): nothing is kept."
    others = [name for name in sources if name not in kept]
    names = " and ".join(filter(None, [", ".join(kept[:-1]), kept[-1]]))
    called = f", with {', '.join(others)}" if others else ""
    return f"{names} {'are' if len(kept) > 1 else 'is'} kept in {FILE}{called}."


def needed_otherwise(text, sources):
    """Say which function of the file calls an earlier version of one that is new; or ""."""
    there = functions_of(text)
    for name, source in there.items():
        for read in sorted(names_read(source) & there.keys() & sources.keys()):
            same = there[read].split() == sources[read].split()
            if not same and name not in sources and read not in LAYERS:
                return (
                    f"{name} in {FILE} calls another {read}, so give yours a new name"
                )
    return ""


def name_of(function):
    """Return what a function is called in a sentence."""
    name = getattr(function, "__name__", type(function).__name__)
    return "a lambda" if name == "<lambda>" else str(name)


def try_out(function):
    """Say why a function is not to be kept.

    Raises:
        ValueError: in a few words, such as ``"open"``.
    """
    if function is ...:
        raise ValueError("open")
    written = inspect.unwrap(function)
    if not isinstance(written, types.FunctionType) or written.__name__ == "<lambda>":
        raise ValueError("not written with def")
    if written.__name__ not in LAYERS:
        raise ValueError(f"the names kept are {', '.join(LAYERS)}")
    said = verdict(find(LAYERS[written.__name__], "EXERCISES"), function)
    if not said.startswith(RIGHT):
        raise ValueError("open" if said == OPEN else "not right yet")


def gather(function, imports, sources):
    """Collect the source of a function and of all that it reads.

    Arguments:
        function: one that is written with ``def``.
        imports: dict that takes ``{name: statement}``.
        sources: dict that takes ``{name: source}``, what is called before what calls it.

    Raises:
        ValueError: in a few words, what cannot be kept.
    """
    function = inspect.unwrap(function)
    name, space = function.__name__, function.__globals__
    source = source_of(function)
    sources[name] = source
    for read in sorted(names_read(source) - {name}):
        if read not in space and hasattr(builtins, read):
            continue
        value = space.get(read)
        if statement := import_of(read, value):
            imports[read] = statement
        elif not is_of(value, space, read):
            raise ValueError(
                f"it reads {read}, which cannot be kept: write it into {name}"
            )
        elif read not in sources:
            gather(value, imports, sources)
    sources[name] = sources.pop(name)  # behind what it calls


def is_of(value, space, name):
    """Tell whether a value is a function of the notebook, and is called so."""
    value = inspect.unwrap(value) if callable(value) else value
    is_function = isinstance(value, types.FunctionType)
    return is_function and value.__globals__ is space and value.__name__ == name


def source_of(function):
    """Return the source of a function as its cell has it, decorators included."""
    if function.__closure__:
        raise ValueError("written inside another function")
    try:
        source = inspect.getsource(function)
        source = textwrap.dedent(source) if source[0].isspace() else source
        (node,) = ast.parse(source).body
    except (OSError, TypeError, SyntaxError, ValueError):
        node = None
    if not isinstance(node, ast.FunctionDef) or node.name != function.__name__:
        raise ValueError("its source cannot be found: write it with def in a cell")
    first, last = span(node)
    return "".join(lines_of(source)[first:last]).rstrip("\n")


def names_read(source):
    """Return the names that a function takes from around it, as text."""
    tables, names = [symtable.symtable(source, FILE, "exec")], set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        found = [one for one in table.get_symbols() if one.is_referenced()]
        names |= {one.get_name() for one in found if one.is_global()}
    return names


def import_of(name, value):
    """Return the statement that gives a module, or what stands in one, a name; or ""."""
    as_name = f" as {name}"
    if isinstance(value, types.ModuleType):
        module = value.__name__
        return f"import {module}{as_name * (module != name)}"
    own = getattr(value, "__name__", "")
    for module in (getattr(value, "__module__", None), "numpy"):
        there = getattr(sys.modules.get(module), str(own), None)
        if module not in (None, "__main__", "builtins") and there is value is not None:
            return f"from {module} import {own}{as_name * (own != name)}"
    return ""
