"""A Python file of the learner's: run, or changed in one place while all else stays."""

import ast
import io
import linecache
import os
import re
import symtable
import tokenize
import traceback


def read_file(path):
    """Return the text of a Python file and its encoding; None where there is no file.

    Raises:
        SyntaxError: it is not valid Python.
        ValueError: it is no text, or holds zeros.
        OSError: it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        return None, "utf-8"
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    text = content.decode(encoding)
    ast.parse(text)
    return text, encoding


def with_import(text, name, statement):
    """Return a file's text with an import, below its docstring, if it has none."""
    tree = ast.parse(text)
    if any(statement in imported(node) for node in tree.body):
        return text
    lines = lines_of(text)
    place = next((i for i, line in enumerate(lines) if line[:1] != "#"), len(lines))
    for i, node in enumerate(tree.body):
        docstring = i == 0 and ast.get_docstring(tree) is not None
        if not docstring and not imported(node):
            break
        place = node.end_lineno
    end = line_end(text)
    before = ends_with_line(lines[:place], end)
    return "".join([*before, statement, end, *lines[place:]])


def with_function(text, name, source):
    """Return a file's text with a function in the place of its earlier version.

    If there is none, or something else gets its name below it, it goes to the end.
    """
    binding = [node for node in ast.parse(text).body if name in bound(node)]
    lines, end = lines_of(text), line_end(text)
    source = source.replace("\r\n", "\n").replace("\n", end) + end
    if binding and isinstance(binding[-1], ast.FunctionDef):
        first, last = span(binding[-1])
        return "".join([*lines[:first], source, *lines[last:]])
    blank = re.search(r"\s*\Z", text)[0].count("\n")
    lines = ends_with_line(lines, end)
    return "".join([*lines, end * max(0, 3 - max(1, blank)) * bool(lines), source])


def functions_of(text):
    """Return the sources of a file's functions by their names."""
    lines, found = lines_of(text), {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            first, last = span(node)
            found[node.name] = "".join(lines[first:last])
    return found


def imported(node):
    """Return the statements, one name each, that an import amounts to."""
    if isinstance(node, ast.Import):
        return [ast.unparse(ast.Import([one])) for one in node.names]
    if isinstance(node, ast.ImportFrom):
        those = [ast.ImportFrom(node.module, [one], node.level) for one in node.names]
        return [ast.unparse(one) for one in those]
    return []


def bound(node):
    """Return the names that a statement at the top of a file gives a value to."""
    found = symtable.symtable(ast.unparse(node), "", "exec").get_symbols()
    return {one.get_name() for one in found if one.is_assigned() or one.is_imported()}


def span(node):
    """Return the lines of a function, decorators included, to slice a list with."""
    first = min(one.lineno for one in [node, *node.decorator_list])
    return first - 1, node.end_lineno


def lines_of(text):
    """Split a text into the lines that Python counts, their ends included."""
    return io.StringIO(text, newline="").readlines()


def line_end(text):
    return "\r\n" if "\r\n" in text else "\n"


def ends_with_line(lines, end):
    """Return lines of which the last one has an end."""
    if lines and not lines[-1].endswith(("\n", "\r")):
        return [*lines[:-1], lines[-1] + end]
    return lines


def names_of_file(path):
    """Run a Python file; return its names with their values, and "" or why there are none.

    Never raises, whatever stands in the file.
    """
    name, space = os.path.basename(path), {"__name__": "own file"}
    try:
        path = os.path.realpath(path)
        linecache.checkcache(path)  # what is quoted from it later is what ran
        text, _ = read_file(path)
        if text is None:
            return {}, f"There is no {name} in this folder."
        exec(compile(text, path, "exec"), space)
    except (Exception, SystemExit) as error:
        steps = traceback.extract_tb(error.__traceback__)
        lines = [step.lineno for step in steps if step.filename == path]
        line = getattr(error, "lineno", None) or (lines or [None])[-1]
        said = f"{type(error).__name__} ({getattr(error, 'msg', error)})"
        where = f" in line {line}" if line else ""
        return {}, f"{name} cannot be run: {said}{where}."
    return space, ""
