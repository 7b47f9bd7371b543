"""The page of error messages: each of its lines is run, with the Keras that is here."""

import re

import keras
import numpy as np
import page_runs
import pytest
from packaging.version import Version
from right_numbers import RIGHT, right

from helpers.engine.error_page import (
    NAME,
    entries,
    find,
    message_of,
    page,
    pattern,
)
from helpers.engine.files import NOTEBOOKS

KERAS = Version(keras.__version__)
SILENT = "`MultiHeadAttention` takes"
MESSAGES = [one for one in page_runs.cases() if not one[0].message.startswith(SILENT)]


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page_runs.write_old_file(tmp_path / "old.h5")


# --- what is said ---------------------------------------------------------------------


def expected(one):
    """Return the messages that an entry claims for this Keras; None is no message."""
    said_by = one.facts["Said by"]
    if said_by.startswith("Keras 2"):
        return [None]
    later, earlier = "Keras 3.14 and later", "Keras 3.13 and before"
    if said_by == later and KERAS < Version("3.14"):
        return one.said(earlier) or [None]
    if said_by == earlier and KERAS >= Version("3.14"):
        return one.said(later)
    return [one.message]


@pytest.mark.parametrize("case", MESSAGES, ids=page_runs.name)
def test_what_you_wrote_gives_this_message(case):
    one, _, lines = case
    said = page_runs.outcome(lines)
    messages = [message_of(error) for error in said]
    for message in expected(one):
        if message is None:
            assert messages == [] or not one.facts["Said by"].startswith("Keras 3")
        else:
            assert any(map(pattern(message).search, messages)), messages


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("case", page_runs.cases(), ids=page_runs.name)
def test_what_to_write_gives_the_right_numbers(case, recwarn):
    one, number, lines = case
    names = page_runs.started(lines.first)
    value = page_runs.run(lines.write, names)
    assert_same(value, right(one.message)[number](names))


def assert_same(value, right):
    if isinstance(right, tuple) and not all(isinstance(n, int | None) for n in right):
        assert len(value) == len(right)
        for pair in zip(value, right):
            assert_same(*pair)
    elif isinstance(right, np.ndarray | float):
        value = np.asarray(value, "float64")
        assert value.shape == np.shape(right)
        largest = np.abs(right).max()
        assert largest > 0  # zeros would prove nothing
        np.testing.assert_allclose(value, right, rtol=1e-4, atol=1e-4 * largest)
    else:
        assert value == right
