"""The page of error messages: each of its lines is run, with the Keras that is here."""

import re

import numpy as np
import page_runs
import pytest
from right_numbers import RIGHT, right

from helpers.engine.error_page import (
    entries,
    find,
    message_of,
    page,
    pattern,
)
from helpers.engine.files import NOTEBOOKS

SILENT = "`MultiHeadAttention` takes"
MESSAGES = [one for one in page_runs.cases() if not one[0].message.startswith(SILENT)]


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page_runs.write_files(tmp_path)


@pytest.mark.parametrize("case", MESSAGES, ids=page_runs.name)
def test_what_you_wrote_gives_this_message(case):
    one, _, lines = case
    messages = [message_of(error) for error in page_runs.outcome(lines)]
    claimed = page_runs.claimed(one)
    if claimed:
        assert any(pattern(claimed[0]).search(message) for message in messages), (
            messages
        )
    elif one.facts["Said by"].startswith("Keras 3") or one.facts.get("Keras 3"):
        assert messages == []
    else:  # another entry's
        assert all(map(find, messages)) and messages


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


def test_a_case_without_a_message_gives_other_numbers():
    ((one, number, lines),) = [
        case for case in page_runs.cases() if case not in MESSAGES
    ]
    names = page_runs.started(lines.first)
    wrong = np.asarray(page_runs.run(lines.wrote, names))
    assert np.abs(wrong - right(one.message)[number](names)).max() > 1e-3


SAME_FIX = {
    "has no defined outputs yet": "keras.Sequential([last]).outputs",
    "attribute 'outputs'": "keras.Model().outputs",
    "attribute 'outbound_nodes'": "last.outbound_nodes",
    "attribute 'get_input_at'": "last.get_input_at(0)",
    "attribute 'get_output_shape_at'": "last.get_output_shape_at(0)",
    "attribute 'predict_proba'": "model.predict_proba(rows)",
    "attribute 'fit_generator'": "model.fit_generator(rows)",
    "attribute 'evaluate_generator'": "model.evaluate_generator(rows)",
    "attribute 'set_learning_phase'": "keras.backend.set_learning_phase(0)",
    "attribute 'get_value'": "keras.backend.get_value(last.kernel)",
    "attribute 'get_default_graph'": "tf.get_default_graph()",
    "attribute 'placeholder'": "tf.placeholder('float32')",
    "'tensorflow.keras.engine'": "import tensorflow.keras.engine",
    "'keras.layers.convolutional'": "import keras.layers.convolutional",
    "'keras.layers.normalization'": "import keras.layers.normalization",
    "'keras.utils.np_utils'": "import keras.utils.np_utils",
    "'NoneType' object has no attribute 'numpy'": "None.numpy()",
    "'NoneType' object has no attribute 'shape'": "None.shape",
    "root scope name": """
named = keras.Sequential([keras.Input((4,)), last], name="my model")
named.predict(np.ones((1, 4)), verbose=0)""",
    "'SlicingOpLambda'": "keras.models.load_model('slice.h5')",
    "variables during loading": """
model.save_weights("my.weights.h5")
without = keras.layers.Dense(4, use_bias=False)
keras.Sequential([keras.Input((3,)), without, last]).load_weights("my.weights.h5")""",
    "could not be deserialized properly": """
class Double(keras.layers.Layer):
    def call(self, x):
        return 2 * x

keras.Sequential([keras.Input((3,)), Double()]).save("own.keras")
keras.models.load_model("own.keras")""",
}


@pytest.mark.parametrize("words", SAME_FIX)
def test_messages_with_the_same_fix_are_given_too(words, tmp_path):
    (one,) = [one for one in entries() if words in " ".join(one.said("The same fix"))]
    (said,) = [said for said in one.said("The same fix") if words in said]
    names = page_runs.started()
    with pytest.raises(Exception) as caught:
        page_runs.run(SAME_FIX[words].strip(), names)
    message = message_of(caught.value)
    assert pattern(said).search(message) and find(message) == one


def test_all_messages_with_the_same_fix_are_tried():
    said = [said for one in entries() for said in one.said("The same fix")]
    assert len(said) == len(set(said)) == len(SAME_FIX)


def test_each_case_has_its_right_numbers():
    for one in entries():
        assert len(right(one.message)) == len(one.cases), one.message
    assert len(RIGHT) == len(entries())


# --- the page -------------------------------------------------------------------------


def on_github(heading):
    """Return the anchor that GitHub gives a heading.

    What is neither a letter, a digit, ``_``, ``-`` nor a space goes, and spaces become
    hyphens.
    """
    text = heading.strip("`").strip() if heading.startswith("`") else heading
    text = heading if text.count("`") % 2 else heading.replace("`", "").strip()
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def test_anchors_are_those_that_github_makes_and_stand_once():
    headings = re.findall(r'^<a id="(.+)"></a>\n\n### (.+)$', page(), re.M)
    assert len(headings) == len(re.findall("^### ", page(), re.M)) == len(entries())
    for anchor, heading in headings:
        assert anchor == on_github(heading)
    others = [on_github(words) for words in re.findall(r"^##? (.+)$", page(), re.M)]
    anchors = [anchor for anchor, _ in headings] + others
    assert sorted(set(anchors)) == sorted(anchors)  # GitHub would number a second one


def test_list_at_the_head_has_all_headings_in_alphabetical_order():
    listed = re.findall(r"^- \[(.+)\]\(#(.+)\)$", page(), re.M)
    headings = re.findall(r'^<a id="(.+)"></a>\n\n### (.+)$', page(), re.M)
    assert {(words, anchor) for anchor, words in headings} == set(listed)
    keys = [re.sub(r"[^a-z0-9 ]", "", words.lower()).strip() for words, _ in listed]
    assert keys == sorted(keys) and len(set(listed)) == len(listed)


def test_links_lead_to_lessons():
    text = re.sub(r"^```[\s\S]+?^```$", "", page(), flags=re.M)
    links = re.findall(r"\]\(([^)#]+)(#[^)]*)?\)", text)
    assert len(links) > 40
    for name, anchor in links:
        assert (NOTEBOOKS / name).exists() and not anchor


def test_each_entry_says_why_and_who_says_it():
    for one in entries():
        assert {"Why", "Said by", "Keras 2"} <= set(one.facts), one.message
        assert {"Lesson", "Lessons"} & set(one.facts), one.message
        assert one.facts["Why"].endswith((".", ")")) and one.cases, one.message


def test_there_are_many_causes():
    assert len({one.facts["Why"] for one in entries()}) >= 60


def test_blocks_are_lines_that_fit_the_page():
    for block in re.findall(r"^```python\n([\s\S]+?)^```$", page(), re.M):
        assert max(map(len, block.splitlines())) <= 88
        assert len(block.splitlines()) <= 15


def test_several_cases_have_names():
    for one in entries():
        if len(one.cases) > 1:
            assert all(case.label for case in one.cases), one.message
