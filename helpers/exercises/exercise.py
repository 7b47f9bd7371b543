"""What an exercise, a prediction and a question of a quiz are, and how to read an answer.

Each lesson has a module of its own in ``lessons``, called as its notebook is without the
number, with its ``EXERCISES``, ``PREDICTIONS`` and ``QUIZ``. It is loaded when its first
cell asks for it. No name has a number of a lesson in it: lessons may be put in another
order.
"""

import textwrap
import warnings
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np

TOPICS = sorted(file.stem for file in Path(__file__).parent.glob("lessons/[a-z]*.py"))


class Exercise(NamedTuple):
    """The right answer, why it is right, and what goes wrong.

    Nothing is stored: ``right`` computes the right answer, and each mistake is a
    function that makes that mistake. An answer that equals what a mistake gives is
    diagnosed as that mistake. A prediction is built the same way; its answers
    may be words.
    """

    right: Callable
    why: str
    mistakes: dict[str, Callable]  # what to say: the function that makes the mistake


class Question(NamedTuple):
    """One question of a quiz: the right choice, why, and a comment on each wrong one."""

    text: str
    right: str
    why: str
    wrong: dict[str, str]  # a wrong choice: what to say about it


def find(name, kind):
    """Return a lesson's exercise or prediction by its name.

    Arguments:
        name: such as ``"dense_by_hand.softmax"``; the lesson stands before the dot.
        kind: ``"EXERCISES"`` or ``"PREDICTIONS"``.

    Raises:
        ValueError: there is none of that name; the message lists those there are.
    """
    topic, _, last = str(name).partition(".")
    known = getattr(lesson(topic), kind)
    if last not in known:
        one = kind[:-1].lower()
        names = ", ".join(f"{topic}.{last}" for last in known) or "none"
        raise ValueError(
            f"There is no {one} {name!r}. In this lesson there are: {names}."
        )
    return known[last]


def lesson(topic):
    """Return the module with a lesson's exercises.

    Arguments:
        topic: the name of the lesson's notebook without number and ending.

    Raises:
        ValueError: there is no such lesson.
    """
    if topic not in TOPICS:
        raise ValueError(
            f"There is no lesson {topic!r} with exercises. There are: "
            f"{', '.join(TOPICS)}."
        )
    return import_module(f".lessons.{topic}", __package__)


def read(answer):
    """Return a learner's answer as a float64 array, whatever its type.

    Raises:
        ValueError: in a sentence, if the answer is no number or array of numbers.
    """
    if answer is None:
        raise ValueError("The answer is None: nothing was assigned to it.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a complex number that loses a part
            return np.asarray(answer, dtype="float64")
    except Exception:  # whatever a learner's object does when it is read
        kind = type(answer).__name__
        raise ValueError(f"{kind} is not a number or an array of numbers.") from None


@cache
def computed(answer):
    """Return what an exercise's function gives, computed once."""
    value = answer()
    return value if isinstance(value, str) else np.asarray(value, dtype="float64")


def same(given, expected):
    """Tell whether two arrays have one shape and equal numbers, to three decimals."""
    return given.shape == expected.shape and np.allclose(
        given, expected, rtol=1e-3, atol=1e-3
    )


def say(text):
    """Print a sentence in lines that fit a projector."""
    print(textwrap.fill(text, 88, break_long_words=False, break_on_hyphens=False))
