"""The function of Every layer at once, right and wrong as learners write it."""

import numpy as np
import pytest
from asked import FUNCTIONS
from learner import written

from helpers.exercises.checking import OPEN, verdict

DEAD = FUNCTIONS["every_layer_at_once.dead_channels"]
WAYS = {
    "loops": """
        def f(values):
            dead = []
            for channel in range(values.shape[-1]):
                is_dead = True
                for value in values[..., channel].flatten():
                    if value != 0:
                        is_dead = False
                if is_dead:
                    dead.append(channel)
            return dead
        """,
    "numpy": """
        def f(values):
            columns = values.reshape(-1, values.shape[-1])
            return np.flatnonzero((columns == 0).all(axis=0))
        """,
    "axes": """
        def f(values):
            axes = tuple(range(values.ndim - 1))
            return np.where(~values.any(axis=axes))[0]
        """,
    "largest": """
        def f(values):
            while values.ndim > 1:
                values = abs(values).max(axis=0)
            return np.argwhere(values == 0)[:, 0]
        """,
    "one line": "f = lambda v: [i for i in range(v.shape[-1]) if (v[..., i] == 0).all()]",
}
WRONG = {
    "np.flatnonzero((values == 0).all(axis=(0, 1, 2)))": "It is right for maps, but not",
    "np.flatnonzero((values == 0).all(axis=0))": "It is right for units, but maps have",
    "np.flatnonzero((values == 0).all())": "It is right for values of shape (2, 3, 4, 6)",
    "(values == 0).all(axis=tuple(range(values.ndim - 1)))": "These are true or false",
    "~values.any(axis=tuple(range(values.ndim - 1)))": "These are true or false",
    "values.any(axis=tuple(range(values.ndim - 1))).nonzero()[0]": "Those are the channels",
    "[c for c in range(values.shape[-1] - 1) if not values[..., c].any()]": "The last ch",
    "[c for c in range(values.shape[-1]) if values[..., c].max() == 0]": "The largest num",
    "[c for c in range(values.shape[-1]) if values[..., c].sum() == 0]": "The numbers of",
    "[c for c in range(values.shape[-1]) if values[..., c].mean() == 0]": "The numbers of",
    "[c for c in range(values.shape[-1]) if 0 in values[..., c]]": "Those are 0 somewhere",
    "[c for c in range(values.shape[-1]) if not values[0, ..., c].any()]": "Those are 0",
    "[c for c in range(values.shape[3]) if not values[:, :, :, c].any()]": "It is right",
    "[c for c in range(values.shape[1]) if not values[:, c].any()]": "Those are rows",
    "[i for i, one in enumerate(values) if not one.any()]": "Those are pictures",
    "[]": "No channel is found",
}


@pytest.mark.parametrize("way", WAYS)
def test_right_function_passes_in_every_style(way):
    assert verdict(DEAD, written(WAYS[way])) == f"Right. {DEAD.why}"


@pytest.mark.parametrize("line", WRONG)
def test_wrong_function_hears_what_is_wrong(line):
    told = verdict(DEAD, written(f"f = lambda values: {line}"))
    assert told.startswith(f"Not yet. {WRONG[line]}"), told


def test_stub_is_open():
    assert verdict(DEAD, written("def f(values):\n    return ...")) == OPEN


def test_dead_channels_are_none_some_and_all():
    counts = {len(right) for right in DEAD.results(DEAD.right)}
    assert counts >= {0, 1, 2, 5}
    assert {values.ndim for (values,) in DEAD.cases()} == {2, 4}
    assert any((values >= 0).all() and values.any() for (values,) in DEAD.cases())
    assert np.ptp([values.min() for (values,) in DEAD.cases()]) > 0
