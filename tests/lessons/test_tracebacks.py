"""The tracebacks of lesson 10 are what its code raises, word for word."""

import html
import re
import traceback
from functools import cache

import nbformat
import pytest
from nbclient import NotebookClient

from helpers.engine.files import COURSE, NOTEBOOKS
from helpers.errors import essence

LESSON = NOTEBOOKS / "10_when_extraction_fails.ipynb"
SETTING = """
import sys
sys.path.insert(0, "..")
import keras, numpy as np, tensorflow as tf
from helpers.datasets import cat_photograph
from helpers.networks import dense_network, trained_cifar10_cnn
cnn, cat = trained_cifar10_cnn(), cat_photograph()[np.newaxis] / 255
network = dense_network()
inner = keras.Model(network.inputs[0], network.outputs[0], name="inner")
x = keras.Input((3,), name="x")
scaled = keras.layers.Rescaling(0.1, name="scale")(x)
outer = keras.Model(x, inner(scaled - 1), name="outer")
"""


def shown():
    """Return title, code and traceback of each task that shows a traceback."""
    cells = [cell.source for cell in nbformat.read(LESSON, as_version=4).cells]
    parts = r"### (Try it [\d.]+)\n.*?```python\n(.*?)```.*?<pre .*?>\n(.*?)</pre>"
    found = [re.match(parts, source, re.DOTALL) for source in cells]
    return [tuple(map(html.unescape, one.groups())) for one in found if one]


@cache
def setting():
    names = {}
    exec(SETTING, names)
    return names


def plain(text):
    """Return a traceback without colours, folders of a machine and the cell's number."""
    text = re.sub(r"\x1b\[[\d;]*m", "", text)
    text = re.sub(r"(?m)^File .*site-packages/", "File .../", text)
    return re.sub(r"Cell In\[\d+\]", "Cell In[1]", text).rstrip() + "\n"


def raised(code):
    """Return what the lessons' kernel prints where code stops."""
    cells = [nbformat.v4.new_code_cell(one.strip()) for one in (SETTING, code)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    where = {"metadata": {"path": str(NOTEBOOKS)}}
    NotebookClient(notebook, resources=where, allow_errors=True).execute()
    (output,) = notebook.cells[1].outputs
    return plain("\n".join(output.traceback))


def test_three_tracebacks_are_shown_of_30_to_80_lines():
    assert [title for title, *_ in shown()] == [f"Try it 10.{i}" for i in (1, 2, 3)]
    for _, code, text in shown():
        assert 30 <= len(text.splitlines()) <= 80
        assert max(map(len, code.splitlines())) <= 88
        assert str(COURSE) not in text and "site-packages" not in text


@pytest.mark.parametrize(("title", "code", "text"), shown(), ids=lambda one: one[:11])
def test_the_code_still_stops_in_that_line_with_that_message(title, code, text):
    with pytest.raises(Exception) as stopped:
        exec(compile(code, "<cell>", "exec"), dict(setting()))
    said = f"{stopped.type.__name__}: {essence(str(stopped.value))}"
    assert text.rstrip().endswith(said.rstrip())
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(stopped.tb)
        if frame.filename == "<cell>"
    ]
    arrows = re.findall(r"^-+> (\d+)", text.partition("\nFile ")[0], re.MULTILINE)
    assert lines == [int(number) for number in arrows] and len(lines) == 2


@pytest.mark.slow
@pytest.mark.parametrize(("title", "code", "text"), shown(), ids=lambda one: one[:11])
def test_the_traceback_is_the_kernels_word_for_word(title, code, text):
    assert text == raised(code)
