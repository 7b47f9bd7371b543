"""An answer that is no number hears what it is, in a line."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from asked import EXERCISES

from helpers.exercises import check, compare
from helpers.exercises.exercise import read
from helpers.networks import dense_network

OPEN = "One place is still open: replace the ... there."
NONE = "One place is None: nothing was assigned to it."
TEXT = "Write numbers with a point, without quotation marks or %."
LENGTHS = "The parts of the list have different lengths."
SET = "A set has no order: sorted(...) makes a list of it."
DICT = "This is a dict: choose the output of one layer."
COMPLEX = "This is a complex number; the answer is a real one."
LARGE = "A number is too large to be read."
SYMBOLIC = "This holds no numbers yet: call the model on data."
MODEL = "This is a model; call it on data."
FUNCTION = "This is a function that was not called: its brackets are missing."
ITERATOR = "Its numbers are not computed yet: list(...) makes a list of them."

NETWORK = dense_network()
ROWS = NETWORK(np.eye(3))
SAID = [
    ([0.8, ...], OPEN),
    ([[0.8, 1], [..., 2]], OPEN),
    (np.array([0.8, ...]), OPEN),
    (["0.8", ...], OPEN),
    ([0.8, None], NONE),
    ((0.8, [None]), NONE),
    (np.array([0.8, None]), NONE),
    (None, "The answer is None: nothing was assigned to it."),
    ("3/5", TEXT),
    ("22 px", TEXT),
    ("66%", TEXT),
    ("conv2d_8", TEXT),
    (["0,665", "0,245", "0,09"], TEXT),
    ([0.665, "0,245"], TEXT),
    (np.array(["a"]), TEXT),
    (b"x", TEXT),
    ([[1], [1, 2]], LENGTHS),
    ([0.5, [1, 2]], LENGTHS),
    ((np.zeros(3), np.zeros(4)), LENGTHS),
    ([tf.zeros(3), tf.zeros(4)], LENGTHS),
    ({0.1, 0.2}, SET),
    (frozenset([0.1]), SET),
    ([{0.1}], SET),
    ({"dense": ROWS}, DICT),
    ({"dense": ROWS}.values(), DICT),
    ([{"dense": ROWS}], DICT),
    (1j, COMPLEX),
    ([0.5, 1j], COMPLEX),
    (np.array([1j]), COMPLEX),
    (np.complex64(1j), COMPLEX),
    (10**400, LARGE),
    ([0.5, -(10**400)], LARGE),
    (keras.Input((3,)), SYMBOLIC),
    (NETWORK.outputs[0], SYMBOLIC),
    (NETWORK.outputs, SYMBOLIC),
    (NETWORK, MODEL),
    ([NETWORK], MODEL),
    (print, FUNCTION),
    (np.zeros(3).max, FUNCTION),
    (lambda: 1, FUNCTION),
    ([print], FUNCTION),
    (keras.layers.Dense(2), "This is a layer; the question asks for its output."),
    ((one for one in [1]), ITERATOR),
    (map(abs, [1]), ITERATOR),
    (range, "type is not a number or an array of numbers."),
]


@pytest.mark.parametrize(("answer", "words"), SAID)
def test_what_cannot_be_read_hears_why_in_a_line(answer, words, capsys):
    for name in EXERCISES:
        check(name, answer)
        assert capsys.readouterr().out == f"✗ Not yet. {words}\n"
    compare("convolution_by_hand.B", answer)
    assert capsys.readouterr().out.startswith(f"? Not understood. {words[:50]}")


@pytest.mark.parametrize(
    "answer", ["0.5", [0.5, "1"], [[0.5], [1]], np.nan, [np.nan, 1], [], True, [ROWS]]
)
def test_what_can_be_read_is_read(answer):
    assert read(answer).dtype == "float64"
