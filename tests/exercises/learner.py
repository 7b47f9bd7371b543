"""A learner's cell: functions as they stand in a notebook, with a namespace of its own."""

import linecache
import textwrap

import numpy as np


def cell(source, **names):
    """Run a cell's code; return its namespace."""
    source = textwrap.dedent(source).strip() + "\n"
    file = f"<cell {hash(source)}>"
    linecache.cache[file] = len(source), None, source.splitlines(True), file
    space = {"__name__": "__main__", "np": np, **names}
    exec(compile(source, file, "exec"), space)
    return space


def written(source, **names):
    """Run a cell's code; return the function ``f`` that it defines."""
    return cell(source, **names)["f"]
