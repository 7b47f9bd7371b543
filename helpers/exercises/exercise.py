"""What an exercise and a guess are, and how to read an answer.

Each lesson has a module of its own in ``lessons``, called as its notebook is without the
number, with its ``EXERCISES`` and ``GUESSES``; its quiz lies beside it. It is loaded
when its first cell asks for it. No name has a number of a lesson in it: lessons may be
put in another order.
"""

import types
import warnings
from collections.abc import Iterator
from contextlib import suppress
from functools import cache, partial
from importlib import import_module
from pathlib import Path

import keras
import numpy as np

TOPICS = sorted(file.stem for file in Path(__file__).parent.glob("lessons/[a-z]*.py"))
UNREADABLE = {  # what is said about an answer, or a part of it, of these classes
    "One place is still open: replace the ... there.": type(...),
    "Write numbers with a point, without quotation marks or %.": (str, bytes),
    "A set has no order: sorted(...) makes a list of it.": (set, frozenset),
    "This is a dict: choose the output of one layer.": (dict, type({}.values())),
    "This is a complex number; the answer is a real one.": (
        complex,
        np.complexfloating,
    ),
    "This holds no numbers yet: call the model on data.": keras.KerasTensor,
    "This is a model; call it on data.": keras.Model,
    "This is a layer; the question asks for its output.": keras.layers.Layer,
    "This is a function that was not called: its brackets are missing.": (
        types.FunctionType,
        types.BuiltinFunctionType,
        types.MethodType,
    ),
    "Its numbers are not computed yet: list(...) makes a list of them.": Iterator,
}


class Exercise:
    """Answers, and what to say about each; the first is the right one, and why.

    Nothing is stored: each answer is a function that computes it. Those after the first
    make a mistake each; what equals their numbers is diagnosed as that mistake. A
    guess is built the same way; where its answers are words, what is said about a
    wrong one stands behind it, as in ``yes="..."``.
    """

    def __init__(self, right, why, *mistakes, **words):
        self.right, self.why = right, why
        pairs = zip(mistakes[::2], mistakes[1::2], strict=True)
        self.mistakes = {sentence: answer for answer, sentence in pairs}
        self.mistakes |= {said: partial(str, word) for word, said in words.items()}
        if len(self.mistakes) < len(mistakes) / 2 + len(words):
            raise ValueError("A sentence is there twice: each mistake needs its own.")


def find(name, kind):
    """Return a lesson's exercise or guess by its name.

    Arguments:
        name: such as ``"dense_by_hand.softmax"``; the lesson stands before the dot.
        kind: ``"EXERCISES"`` or ``"GUESSES"``.

    Raises:
        ValueError: there is none of that name; the message lists those there are.
    """
    topic, _, last = str(name).partition(".")
    found = getattr(lesson(topic), kind)
    if last not in found:
        one = {"EXERCISES": "exercise", "GUESSES": "guess"}[kind]
        names = ", ".join(f"{topic}.{last}" for last in found)
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
        said = f"There is no lesson {topic!r} with exercises. There are: "
        raise ValueError(f"{said}{', '.join(TOPICS)}.")
    return import_module(f".lessons.{topic}", __package__)


def read(answer):
    """Return a learner's answer as a float64 array, whatever its type.

    Raises:
        ValueError: in a sentence, if the answer is no number or array of numbers.
    """
    if any(part is None for part in parts(answer)):
        what = "The answer" if answer is None else "One place"
        raise ValueError(f"{what} is None: nothing was assigned to it.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a complex number that loses a part
            return np.asarray(answer, dtype="float64")
    except OverflowError:
        raise ValueError("A number is too large to be read.") from None
    except Exception:  # whatever a learner's object does when it is read
        raise ValueError(unreadable(answer)) from None


def unreadable(answer):
    """Say why an answer cannot be read as numbers; it may raise when it is looked at."""
    with suppress(Exception):
        for said, kinds in UNREADABLE.items():
            if any(isinstance(part, kinds) for part in parts(answer)):
                return said
        if len({tuple(np.shape(part)) for part in parts(answer, depth=1)}) > 1:
            return "The parts of the list have different lengths."
    return f"{type(answer).__name__} is not a number or an array of numbers."


def parts(answer, depth=4):
    """Return what stands in a list of lists, or else the answer alone."""
    if type(answer) is np.ndarray and answer.dtype.kind not in "biuf":
        answer = answer.tolist()
    if type(answer) not in (list, tuple) or depth == 0:
        return [answer]
    return [one for part in answer for one in parts(part, depth - 1)]


@cache
def computed(answer):
    """Return what an exercise's function gives, computed once."""
    value = answer()
    return value if isinstance(value, str) else np.asarray(value, dtype="float64")


def same(given, expected):
    """Tell whether two arrays have one shape and equal numbers, to three decimals."""
    return given.shape == expected.shape and close(given, expected).all()


def close(given, expected):
    """Tell of each number whether it is right; where it is whole, size gives no slack."""
    slack = np.where(expected == np.rint(expected), 0, 1e-3 * abs(expected))
    return abs(given - expected) <= 1e-3 + slack


def rounded(given, expected):
    """Tell whether two arrays are the same as far as two decimals tell.

    Where no number has decimals, none is taken for a rounded one.
    """
    if given.shape != expected.shape or (given == np.rint(given)).all():
        return False
    return right_when_rounded(given, expected).all()


@np.errstate(all="ignore")  # of numbers too large for it
def right_when_rounded(given, expected):
    """Tell of each number whether it is right, or has two decimals that are.

    Two decimals of what the lessons print, three decimals, are right as well.
    """
    shown, exact = (100 * given).round(3), (100 * expected).round(3)
    printed = (100 * expected.round(3)).round(3)
    near = np.minimum(abs(shown - exact), abs(shown - printed)) <= 0.5
    return close(given, expected) | ((shown == np.rint(shown)) & near)


def recognized(given, answers):
    """Return the sentences on those answers that a learner's is: one, none or several.

    Three decimals are looked at first. Only where no answer has the same, two are enough.

    Arguments:
        given: float64 array, or one of the words that a guess offers.
        answers: dictionary from a sentence to a function that computes an answer.
    """
    answers = {said: computed(answer) for said, answer in answers.items()}
    if isinstance(given, str):
        return [said for said, answer in answers.items() if answer == given]
    for alike in (same, rounded):
        if found := [said for said in answers if alike(given, answers[said])]:
            return found
    return []


def asked_for(answer, right):
    """Say how many numbers are asked for, if an answer has another shape."""
    if isinstance(answer, str) or answer.shape == right.shape:
        return ""
    if right.shape:
        numbers = "number" if right.size == 1 else "numbers"
        yours = f"; yours has {answer.size}" if answer.ndim == right.ndim == 1 else ""
        return f"Give a list of {right.size} {numbers}{yours}."
    yours = ", without brackets" if answer.size == 1 else f", not {answer.size}"
    return f"Give one number{yours}."
