"""What an exercise and a prediction are, and how to read an answer.

Each lesson has a module of its own in ``lessons``, called as its notebook is without the
number, with its ``EXERCISES`` and ``PREDICTIONS``; its quiz lies beside it. It is loaded
when its first cell asks for it. No name has a number of a lesson in it: lessons may be
put in another order.
"""

import textwrap
import warnings
from functools import cache, partial
from importlib import import_module
from pathlib import Path

import numpy as np

TOPICS = sorted(file.stem for file in Path(__file__).parent.glob("lessons/[a-z]*.py"))


class Exercise:
    """Answers, and what to say about each; the first is the right one, and why.

    Nothing is stored: each answer is a function that computes it. Those after the first
    make a mistake each; what equals their numbers is diagnosed as that mistake. A
    prediction is built the same way; where its answers are words, what is said about a
    wrong one stands behind it, as in ``yes="..."``.
    """

    def __init__(self, right, why, *mistakes, **words):
        self.right, self.why = right, why
        pairs = zip(mistakes[::2], mistakes[1::2], strict=True)
        self.mistakes = {sentence: answer for answer, sentence in pairs}
        self.mistakes |= {said: partial(str, word) for word, said in words.items()}


def find(name, kind):
    """Return a lesson's exercise or prediction by its name.

    Arguments:
        name: such as ``"dense_by_hand.softmax"``; the lesson stands before the dot.
        kind: ``"EXERCISES"`` or ``"PREDICTIONS"``.

    Raises:
        ValueError: there is none of that name; the message lists those there are.
    """
    topic, _, last = str(name).partition(".")
    found = getattr(lesson(topic), kind)
    if last not in found:
        one, names = kind[:-1].lower(), ", ".join(f"{topic}.{last}" for last in found)
        raise ValueError(
            f"There is no {one} {name!r}. In this lesson there are: {names or 'none'}."
        )
    return found[last]


def lesson(topic):
    """Return the module with a lesson's exercises.

    Arguments:
        topic: the name of the lesson's notebook without number and ending.

    Raises:
        ValueError: there is no such lesson.
    """
    if topic not in TOPICS:
        known = ", ".join(TOPICS)
        raise ValueError(
            f"There is no lesson {topic!r} with exercises. There are: {known}."
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
    return given.shape == expected.shape and np.allclose(given, expected, 1e-3, 1e-3)


def asked_for(answer, right):
    """Say how many numbers are asked for, if an answer has another shape."""
    if isinstance(answer, str) or answer.shape == right.shape:
        return ""
    if right.shape:
        numbers = "number" if right.size == 1 else "numbers"
        return f"A list of {right.size} {numbers} is asked for. "
    return "One number is asked for, without brackets. "


def say(text):
    """Print a sentence in lines that fit a projector."""
    print(textwrap.fill(text, 88, break_long_words=False, break_on_hyphens=False))
