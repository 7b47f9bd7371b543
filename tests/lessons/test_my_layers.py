"""From lesson to lesson: what is written in two of them runs the network of a third."""

import json
import linecache
import os
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from lesson_files import LESSONS, with_answers

from helpers.classroom.editions import hand_out, working_texts
from helpers.datasets import cat_photograph
from helpers.engine.files import COURSE
from helpers.exercises import check, keep
from helpers.exercises.keep import FILE, LAYERS
from helpers.extraction import layer_outputs
from helpers.networks import trained_cifar10_cnn

KEEP = re.compile(r"^keep\((\w+)\)$", re.MULTILINE)
NOTEBOOKS = [nbformat.read(path, as_version=4) for path in LESSONS]
OPEN = [
    cell.source for one in NOTEBOOKS for cell in one.cells if cell.cell_type == "code"
]
SOLVED = [cell.source for one in NOTEBOOKS for cell in with_answers(one)]
IN_LESSON_04 = ["OwnLayers", "def convolution", "def layer_by_hand", "mine.compare"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(sources, **names):
    """Run cells as a notebook does, whose last expression is its own to show."""
    for i, source in enumerate(sources):
        file = f"<cell {i} {hash(source)}>"
        linecache.cache[file] = len(source), None, source.splitlines(True), file
        exec(compile(source, file, "exec"), names)
    return names


def notebook(**names):
    """Return the names that the lessons' first cells give."""
    return {"__name__": "__main__", "np": np, "check": check, "keep": keep, **names}


def keep_all(cells=SOLVED):
    """Run all cells that keep a function; return those functions' names."""
    keeping = [source for source in cells if KEEP.search(source)]
    run(keeping, **notebook())
    return [name for source in keeping for name in KEEP.findall(source)]


def lesson_04():
    """Run what lesson 04 does with them; return the table."""
    network = trained_cifar10_cnn()
    images = cat_photograph()[None].astype("float32") / 255
    outputs = layer_outputs(network, images)
    found = [one for one in OPEN if any(word in one for word in IN_LESSON_04)]
    assert len(found) == len(IN_LESSON_04)
    names = notebook(network=network, images=images, outputs=outputs)
    return repr(run(found, **names)["mine"])


def test_every_function_is_kept_in_the_cell_that_asks_for_it():
    assert sorted(keep_all()) == sorted(LAYERS)
    assert os.listdir() == [FILE]
    text = Path(FILE).read_text("utf-8")
    assert all(text.count(f"def {name}(") == 1 for name in LAYERS)


def test_open_lessons_keep_nothing():
    assert sorted(keep_all(OPEN)) == sorted(LAYERS)
    assert os.listdir() == []


def test_the_learners_layers_run_the_network():
    keep_all()
    table = lesson_04().splitlines()
    assert table[-1] == "8 of 8 layers are equal, 7 of them by functions of yours."
    assert "the course's" not in "\n".join(table)
    assert re.fullmatch(
        r"dense_1 +dense \(yours\), softmax \(yours\) +< 1e-05  equal", table[-2]
    )


def test_what_is_edited_wrongly_is_told_with_its_layers():
    keep_all()
    text = Path(FILE).read_text("utf-8")
    Path(FILE).write_text(text.replace("square.max(", "square.mean("), "utf-8")
    shown = " ".join(lesson_04().split())
    assert re.search(r"max_pooling2d max_pool \(yours\) [\d.e-]+ differs", shown)
    assert re.search(r"conv2d_2 feature_map \(yours\) < 1e-05 equal", shown)
    assert (
        "check says of max_pool: Not yet. These are the means of the squares" in shown
    )
    assert "6 of 8 layers are equal, 5 of them by functions of yours." in shown


def test_a_release_neither_holds_the_file_nor_touches_a_learners(tmp_path):
    assert FILE not in working_texts(COURSE)
    mine = tmp_path / "my_lessons"
    mine.mkdir()
    (mine / FILE).write_text("# mine\n")
    for part in ("notebooks", "helpers", "data"):
        (tmp_path / part).symlink_to(COURSE / part)
    hand_out(tmp_path)
    hand_out(tmp_path)
    assert (mine / FILE).read_text() == "# mine\n"
    assert FILE not in json.loads((mine / ".handed_out.json").read_text())
    assert FILE in (COURSE / ".gitignore").read_text("utf-8").split()
