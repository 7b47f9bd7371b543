"""What the page of error messages says about Keras 2, run with tf_keras."""

import numpy as np
import page_runs
import pytest
import tf_keras
from right_numbers import right

from helpers.engine.error_page import find, message_of, pattern

pytestmark = pytest.mark.keras_2

WITH_BOTH = page_runs.cases(needs="tf_keras")  # a layer of Keras 2 in Keras 3
CASES = [case for case in page_runs.cases() if case[0].facts["Keras 2"] != "not tested"]


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page_runs.write_files(tmp_path)
    tf_keras.backend.clear_session()


def of_keras_2(source):
    """Return lines of the page that take Keras 2 in place of Keras 3."""
    source = source.replace("import keras\n", "import tf_keras as keras\n")
    return source.replace("from keras", "from tf_keras")


def test_keras_2_is_here():
    assert tf_keras.__version__.startswith("2.")


@pytest.mark.parametrize("case", CASES, ids=page_runs.name)
def test_keras_2_says_what_the_page_says(case):
    one, _, lines = case
    errors = page_runs.outcome(lines, of_keras_2)
    messages = [message_of(one).replace("tf_keras", "keras") for one in errors]
    claim = one.facts["Keras 2"]
    claimed = one.said("Keras 2") + [one.message] * claim.startswith("the same")
    if not messages:
        assert claim.startswith("no error")
    for message in messages:
        assert any(pattern(said).search(message) for said in claimed), message
        assert find(message)


@pytest.mark.parametrize("case", WITH_BOTH, ids=page_runs.name)
def test_a_layer_of_keras_2_in_keras_3(case):
    one, number, lines = case
    (error,) = page_runs.outcome(lines)
    assert find(message_of(error)) == one
    names = page_runs.started(lines.first)
    value = np.asarray(page_runs.run(lines.write, names))
    assert abs(value - right(one.message)[number](names)).max() < 1e-5
