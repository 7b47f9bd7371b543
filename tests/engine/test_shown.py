"""What a cell showed in an earlier run is closed, and nothing else."""

from types import SimpleNamespace

import ipywidgets
import numpy as np
import pytest

from helpers.engine import shown
from helpers.exercises import quiz
from helpers.explorers import explore_dense
from helpers.networks import dense_network
from helpers.pictures import own_picture


@pytest.fixture
def run(monkeypatch):
    """Return a function that says which cell runs, and which run of it that is."""
    monkeypatch.setattr(shown, "SHOWN", {})

    def run(cell, number):
        parent = {"metadata": {"cellId": cell}, "header": {"msg_id": f"{number}"}}
        shell = SimpleNamespace(get_parent=lambda: parent)
        monkeypatch.setattr(shown, "get_ipython", lambda: shell)

    return run


def alive():
    """Return how many widgets have a model in the notebook."""
    registry = getattr(ipywidgets.widgets.widget, "_instances", None)
    if registry is None:  # ipywidgets 7
        registry = ipywidgets.Widget.widgets
    return len(registry)


MAKE = {
    "explorer": lambda: explore_dense(dense_network(), np.eye(3)),
    "quiz": lambda: quiz("dense_by_hand"),
    "picture": own_picture,
}


@pytest.mark.parametrize("what", MAKE)
def test_a_cell_that_runs_again_leaves_no_more_than_its_first_run(what, run):
    make, counts = MAKE[what], []
    kept = []
    for number in range(4):
        run("a cell", number)
        kept.append(make())
        counts.append(alive())
    assert len(set(counts)) == 1


def test_what_one_run_and_other_cells_made_stays(run):
    run("one", 1)
    first, second = ipywidgets.HTML(), ipywidgets.HTML()
    shown.close_earlier(first)
    shown.close_earlier(second)
    run("two", 2)
    other = ipywidgets.HTML()
    shown.close_earlier(other)
    assert all(one.comm is not None for one in (first, second, other))
    run("one", 3)
    shown.close_earlier(ipywidgets.HTML())
    assert first.comm is None and second.comm is None and other.comm is not None


@pytest.mark.parametrize("parent", [{}, {"metadata": {}}, {"header": {"msg_id": "1"}}])
def test_where_no_cell_is_told_nothing_is_closed(parent, run, monkeypatch):
    monkeypatch.setattr(
        shown, "get_ipython", lambda: SimpleNamespace(get_parent=lambda: parent)
    )
    one = ipywidgets.HTML()
    shown.close_earlier(one)
    shown.close_earlier(ipywidgets.HTML())
    monkeypatch.setattr(shown, "get_ipython", lambda: None)
    shown.close_earlier(ipywidgets.HTML())
    assert one.comm is not None
