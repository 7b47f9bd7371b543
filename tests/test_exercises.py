"""Each exercise accepts the right answer in every form and names each mistake."""

import re

import numpy as np
import pytest
import tensorflow as tf

from helpers.exercises import EXERCISES, check, computed

NAMES = list(EXERCISES)
MISTAKES = [(name, text) for name in NAMES for text in EXERCISES[name].mistakes]


def said(name, answer, capsys):
    check(name, answer)
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith(f"Exercise {name}") and out.count("\n") == 1
    return out


@pytest.mark.parametrize("name", NAMES)
def test_right_answer_passes_in_every_form(name, capsys):
    right = computed(EXERCISES[name].right)
    forms = [right, right.tolist(), tf.constant(right), right.astype("float32")]
    forms += [right.round(3), tuple(right.tolist()) if right.shape else right.item()]
    for answer in forms:
        assert ": right. " in said(name, answer, capsys)


@pytest.mark.parametrize("name", NAMES)
def test_open_exercise_stays_open(name, capsys):
    assert said(name, ..., capsys) == (
        f"Exercise {name} is open: replace the ... and run the cell again.\n"
    )


@pytest.mark.parametrize("name", NAMES)
def test_at_least_three_mistakes_are_diagnosed(name):
    assert len(EXERCISES[name].mistakes) >= 3


@pytest.mark.parametrize(("name", "text"), MISTAKES)
def test_each_mistake_gets_its_own_diagnosis(name, text, capsys):
    answer = EXERCISES[name].mistakes[text]()
    assert said(name, answer, capsys) == f"Exercise {name}: not yet. {text}\n"


class Hostile:
    def __array__(self, *args, **kwargs):
        raise RuntimeError("no")

    def __len__(self):
        raise RuntimeError("no")


GARBAGE = [
    None,
    "0.5",
    "",
    object,
    Hostile(),
    {},
    {"a": 1},
    [],
    [[1], [1, 2]],
    [None],
    b"x",
]
GARBAGE += [
    np.nan,
    np.inf,
    [np.nan] * 4,
    1j,
    True,
    -(10**400),
    np.zeros((0, 3)),
    12345.678,
]
GARBAGE += [
    np.zeros((4, 1)),
    np.zeros(4),
    np.array(["a"]),
    tf.constant("a"),
    print,
    ...,
]


@pytest.mark.parametrize("name", NAMES)
def test_garbage_gets_a_sentence_and_never_the_answer(name, capsys):
    right = computed(EXERCISES[name].right)
    for answer in GARBAGE[:-1]:
        out = said(name, answer, capsys)
        assert re.fullmatch(r"Exercise [\d.]+: not yet\. [^\n]+\.\n", out), out
        for number in right.ravel()[:4]:
            assert f"{number:.3f}" not in out


def test_unknown_exercise_lists_the_known_ones():
    with pytest.raises(ValueError, match="There are: 0.1, 1.1"):
        check("9.9", 1)
