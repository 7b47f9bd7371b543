"""A mistake that can be made anywhere is named wherever it is made, and only there."""

import re

import numpy as np
import pytest
from asked import EXERCISES, FUNCTIONS

from helpers.exercises.checking import verdict
from helpers.exercises.exercise import Exercise, computed, same

REVERSED = "The numbers are right, in reverse order"
ROWS_REVERSED = "The rows are right, in reverse order"
MOVED = "The numbers are right, but not where they stand"
SWAPPED = "Rows and columns are swapped"
SIGNS, SIGN = "The sizes are right, the signs are not", "The size is right, the sign is"
SOME_SIGNS = "The sizes are right; look at the sign of "
SIGNS_SOMEWHERE = "The sizes are right, some of the signs are not"
OFF, FIRST_OFF = "Each number is off by one", "The first number is off by one"
PER_CENT, TOO_SMALL = "That is 100 times too large", "That is 100 times too small"
LARGER = "The proportions are right; all numbers are too large by the same factor"
SMALLER = "The proportions are right; all numbers are too small by the same factor"
SQUARED, ROOT = "That was squared once too often", "A root was taken once too often"
WHOLE = "The decimals are missing"
BEFORE, AFTER = "This is before ReLU: negative", "This is after ReLU; here"
PART, BEGINNING = "That is one of the ", "That is right as far as it goes"
BATCH = "The numbers are right, but the batch axis or another first"
AXES = "The numbers are right, but the axes are wrong"
CLOSE, CUT = "That is close: give t", "Decimals are cut off: round to two"


def whole(numbers):
    return numbers == np.rint(numbers)


def counted(right):
    """Tell whether all numbers are counted, or the first and no other."""
    if right.ndim != 1 or len(right) < 2 or right[0] == 0 or right.max() <= 2:
        return False
    return whole(right).all() or (whole(right)[0] and not whole(right)[1:].any())


def shows(numbers, digits):
    """Tell whether numbers have so many decimals, one of them at least."""
    return whole((10**digits * numbers).round(4)).all() and not whole(numbers).all()


def fewer(digits, cut=False):
    """Return what makes an answer of so few decimals, and when that can be made."""

    def make(right):
        tens = (right * 10**digits).round(3)
        return (np.trunc(tens) if cut else np.rint(tens)) / 10**digits

    return lambda right: shows(make(right), digits), make


def may_be_told_apart(right):
    """Tell whether the last number or row is one of several, and no bare 0 or 1."""
    return right.ndim and len(right) > 1 and (right.ndim > 1 or right[-1] not in (0, 1))


def is_share(right):
    return 0 <= right.min() and right.max() <= 1 and not whole(right).all()


def two_sizes(right):
    """Tell whether two numbers differ, and three decimals tell their ratio."""
    return np.unique(right[abs(right) > 0.1]).size > 1


def some_sign(right):
    answer = right.copy()
    answer.flat[abs(right).argmax()] *= -1
    return answer


def unrectified(right):
    """Return what ReLU may have got."""
    return np.where(right == 0, -0.7, right)


# What is said about the answer, when it is made, and how.
SLIPS = {
    "reversed": (f"{REVERSED}|{ROWS_REVERSED}", lambda r: r.ndim, lambda r: r[::-1]),
    "moved": (MOVED, lambda r: r.size > 2, lambda r: np.roll(r, 1)),
    "swapped": (SWAPPED, lambda r: r.ndim > 1, lambda r: r.T),
    "signs": (f"{SIGNS}|{SIGN}", lambda r: True, lambda r: -r),
    "one sign": (f"{SOME_SIGNS}|{SIGNS_SOMEWHERE}", lambda r: r.ndim, some_sign),
    "abs": ("The size", lambda r: r.min() < 0, abs),
    "from 1": (f"{OFF}|{FIRST_OFF}", counted, lambda r: r + whole(r)),
    "from 0": (f"{OFF}|{FIRST_OFF}", counted, lambda r: r - whole(r)),
    "per cent": (PER_CENT, is_share, lambda r: 100 * r),
    "rounded per cent": (PER_CENT, is_share, lambda r: np.rint(100 * r)),
    "a hundredth": (TOO_SMALL, lambda r: abs(r).max() > 10, lambda r: r / 100),
    "sum": (LARGER, two_sizes, lambda r: 3 * r),
    "half": (SMALLER, two_sizes, lambda r: r / 2),
    "square": (SQUARED, lambda r: abs(r).min() > 0.2, lambda r: r**2),
    "root": (ROOT, lambda r: r.min() > 0.2, lambda r: np.sqrt(r)),
    "no decimals": (WHOLE, lambda r: abs(r).min() > 1, np.rint),
    "cut off": (WHOLE, lambda r: abs(r).min() > 1, np.trunc),
    "one decimal": (CLOSE, *fewer(1)),
    "cut after two": (f"{CUT}|{CLOSE}", *fewer(2, cut=True)),
    "cut after one": (f"{CUT}|{CLOSE}", *fewer(1, cut=True)),
    "before ReLU": (BEFORE, lambda r: r.min() == 0 < r.max(), unrectified),
    "after ReLU": (AFTER, lambda r: r.min() < 0 < r.max(), lambda r: np.maximum(0, r)),
    "one of them": (PART, may_be_told_apart, lambda r: r[-1]),
    "first alone": (BEGINNING, lambda r: r.ndim and len(r) > 1, lambda r: r[:1]),
    "all but one": (BEGINNING, lambda r: r.ndim and len(r) > 1, lambda r: r[:-1]),
    "batch": (BATCH, lambda r: r.ndim, lambda r: r[np.newaxis]),
}


def constant(given, right):
    ratios = given[right != 0] / right[right != 0]
    return np.allclose(ratios, ratios.flat[0], atol=0.05)


# When a sentence is true of an answer: written otherwise than in the helpers.
TRUE = {
    REVERSED: lambda g, r: same(g[::-1], r),
    ROWS_REVERSED: lambda g, r: same(g[::-1], r),
    MOVED: lambda g, r: np.allclose(sorted(g.flat), sorted(r.flat), 1e-3, 1e-3),
    SWAPPED: lambda g, r: same(g.T, r),
    "The size": lambda g, r: same(g * g, r * r) or same(abs(g), abs(r)),
    OFF: lambda g, r: same(g - 1, r) or same(g + 1, r),
    FIRST_OFF: lambda g, r: round(abs(g - r)[0]) == 1 and same(g[1:], r[1:]),
    PER_CENT: lambda g, r: np.allclose(g / 100, r, rtol=1e-3, atol=0.0051),
    TOO_SMALL: lambda g, r: np.allclose(100 * g, r, atol=0.2),
    LARGER: lambda g, r: abs(g).sum() > abs(r).sum() and constant(g, r),
    SMALLER: lambda g, r: abs(g).sum() < abs(r).sum() and constant(g, r),
    SQUARED: lambda g, r: np.allclose(np.sqrt(abs(g)), abs(r), atol=0.01),
    ROOT: lambda g, r: np.allclose(g**2, r, atol=0.02, rtol=0.01),
    WHOLE: lambda g, r: whole(g.round(2)).all() and abs(g - r).max() < 1,
    BEFORE: lambda g, r: g.min() < 0 and same(g.clip(0), r),
    AFTER: lambda g, r: r.min() < 0 and same(r.clip(0), g),
    PART: lambda g, r: any(same(g, part) for part in r),
    BEGINNING: lambda g, r: same(g, r[: len(g)]),
    BATCH: lambda g, r: len(g) == 1 and same(g[0], r),
    AXES: lambda g, r: same(g.reshape(r.shape), r),
    CLOSE: lambda g, r: any(
        shows(g, d) and abs(g - r).max() <= 0.5001 / 10**d for d in (1, 2)
    ),
    CUT: lambda g, r: any(
        shows(g, d) and 0 <= (abs(r) - abs(g)).min() and abs(g - r).max() < 1 / 10**d
        for d in (1, 2)
    ),
}
NUMERALS = r"100 times|length 1|\[0\]|counting start at 0|list of \d+|cut to 0"
NUMERALS += r"|yours has \d+|one number, not \d+"
NUMERALS += r"|of \d+ numbers, \d+ differ|shape \([\d, ]*\)|got \([\d, ]*\)"


def said(one, answer):
    """Return what is said: "", where the answer is right or a mistake of its own."""
    told = verdict(one, answer).removeprefix("Not yet. ")
    if told.startswith("Right.") or told in one.mistakes:
        return ""
    assert not re.search(r"\d", re.sub(NUMERALS, "", told)), told  # tells no number
    return told


def claims(told):
    """Return the common mistakes that are named in what is said."""
    return [sentence for sentence in TRUE if sentence in told]


def first_results():
    """Return what each function gives for its first inputs, as exercises."""
    for name, one in FUNCTIONS.items():
        yield name, Exercise(lambda one=one: one.results(one.right)[0], one.why)


@pytest.mark.parametrize("slip", SLIPS)
def test_each_mistake_is_named_in_each_exercise(slip):
    sentence, can_be_made, make = SLIPS[slip]
    named = 0
    for name, one in [*EXERCISES.items(), *first_results()]:
        right = computed(one.right)
        yes_or_no = np.isin(right, (0, 1)).all()
        if not can_be_made(right) or same(make(right), right):
            continue
        answer = np.asarray(make(right), dtype="float64")
        told = said(one, answer)
        others = [
            other
            for other, (_, made, how) in SLIPS.items()
            if other != slip and made(right) and same(np.asarray(how(right)), answer)
        ]
        if not told or others:
            named += not told
        elif yes_or_no and answer.shape == right.shape:
            assert told == "The shape is right; not all of the numbers are.", name
        elif not re.match(sentence, told):
            few = (right != 0).sum() == 0 or whole(right).all()
            assert few and claims(told) == [], (name, told)
        else:
            named += 1
    assert named >= 1


@pytest.mark.parametrize("name", EXERCISES)
def test_no_wrong_answer_is_called_a_mistake_that_it_is_not(name):
    one = EXERCISES[name]
    right = computed(one.right)
    random = np.random.default_rng(0)
    size = abs(right).max() + 0.1
    for trial in range(30):
        answers = [
            right + random.normal(0, size, right.shape),
            right + random.integers(-2, 3, right.shape),
            right * random.choice([1, -1], right.shape),
            right * random.choice([0.01, 0.5, 1, 2, 100], right.shape),
            random.integers(-2, 5, right.shape).astype(float),
            np.where(random.random(right.shape) < 0.5, right, 0),
            random.permuted(right.ravel()).reshape(right.shape),
            random.normal(0, size, random.integers(1, 4, trial % 3)),
            random.choice([0, 1, *right.ravel()[:9]], random.integers(1, 4, trial % 3)),
            np.resize(right, random.integers(1, 4, trial % 4)),
        ]
        for answer in map(np.asarray, answers):
            told = said(one, answer)
            for sentence in claims(told):
                assert TRUE[sentence](answer, right), (told, answer)


def answer(right, *mistakes):
    return Exercise(lambda: np.array(right), "So it is.", *mistakes)


@pytest.mark.parametrize(
    ("right", "given", "told"),
    [
        ([1.5, 2.5, 3.5], [1.5, 9, 3.5], "The second of three is wrong."),
        ([1, 2, 3, 4], [9, 2, 7, 4], "The first and the third of four are wrong."),
        (
            [1, 2, 3, 4, 5, 6],
            [1, 7, 9, 8, 5, 6],
            "The second, the third and the fourth of six are wrong.",
        ),
        ([1, 2], [7, 9.5], "The shape is right; all numbers are wrong."),
        ([1, 2, 4], [7, 9, 6], "The shape is right; all numbers are wrong."),
        (
            [[1, 2], [3, 4]],
            [[1, 2], [8, 4]],
            "Counted row by row, the third of four is",
        ),
        (range(7), [9, *range(1, 7)], "The shape is right; of 7 numbers, 1 differs."),
        (range(7), [9, 9, *range(2, 7)], "The shape is right; of 7 numbers, 2 differ."),
        ([0, 1, 1], [1, 1, 1], "The shape is right; not all of the numbers are."),
        ([0, 1, 0], [1, 0, 1], "The shape is right; not all of the numbers are."),
        ([1, -1], [-1, 1], "The shape is right; all numbers are wrong."),  # or signs
        ([1.5, -2, 3], [1.5, 2, 3], f"{SOME_SIGNS}the second of three."),
        ([3, 5], 5, "That is one of the numbers alone. Give a list of 2 numbers"),
        ([3, 5], 7, "Give a list of 2 numbers."),
        ([3], 7, "Give a list of 1 number."),
        (
            [3, 5, 6],
            [3, 5],
            f"{BEGINNING}. Give a list of 3 numbers; yours has 2.",
        ),
        ([3, 5, 6], [4, 5], "Give a list of 3 numbers; yours has 2."),
        (
            [3, 5],
            [[3, 5]],
            f"{BATCH} axis of length 1 is still there: index with [0]. Exp",
        ),
        ([[1, 2], [3, 4]], [3, 4], "That is one of the rows alone. Expected the shape"),
        (5, [5], "Give one number, without brackets."),
        (0.5, [[0.5]], "Give one number, without brackets."),
        (5, [6], "Give one number, without brackets."),
        (5, [5, 5], "Give one number, not 2."),
        (1, 0, "That is not it."),
        (0, 5, "That is not it."),
        (8, 9, "That is not it."),  # a count may be wrong by one in many ways
        # a whole number is not right because it is large
        (2304, 2306, "That is not it."),
        ([2304, 0.5, 9], [2306, 0.5, 9], "The first of three is wrong."),
        ([2304, 5000], [5002, 2304], "The shape is right; all numbers are wrong."),
        # off by one
        (
            [62, 31, 29],
            [63, 32, 30],
            f"{OFF}: does counting start at 0, and where does",
        ),
        ([30, 0.97], [29, 0.97], f"{FIRST_OFF}: does counting start at 0, and where"),
        ([0, 0.5, 3.5], [1, 0.5, 3.5], "The first of three is wrong."),
        ([0, 2], [1, 3], "The shape is right; all numbers are wrong."),
        ([1, 2], [0, 1], "The shape is right; all numbers are wrong."),
        # fewer than three decimals
        ([0.665, 0.245, 0.09], [0.7, 0.2, 0.1], CLOSE),
        ([0.665, 0.245, 0.09], [0.67, 0.2, 0.09], "The second of three is wrong."),
        ([-0.154, 0.57, -0.013, 0.922], [-0.15, 0.56, -0.01, 0.92], "The second of"),
        ([-0.154, 0.5699, -0.013, 0.922], [-0.15, 0.56, -0.01, 0.92], CUT),
        ([3.25, 4], [3.3, 4], CLOSE),
        ([30, 4.381], [30, 4.4], CLOSE),
        ([30, 4.381], [30, 4.3], CUT),
        ([30, 4.381], [30.4, 4.4], "The shape is right; all numbers are wrong."),
        ([0.165, 0.218], [0.16, 0.21], CUT),
        ([14.204, 85.796], [14.2, 85.7], CUT),
        ([14.204, 85.796], np.array([14.2, 85.7], "float32"), CUT),
        ([14.204, 85.796], [14, 85], WHOLE),
        ([0.8, 0.1376], [0.8, 0.1], CLOSE),
        ([0.04, 0.02], [0, 0], "The shape is right; all numbers are wrong."),
        ([0.97, 0.98], [1, 1], "The shape is right; all numbers are wrong."),
        ([0.8, 0.1376], [0.8, 0.136], "The second of two is wrong."),
        ([0.8, 0.1376], [0.8, 0.1419], "The second of two is wrong."),
        (0.1376, -0.14, "That is not it."),
        # a 0 or a 1 may stand for anything
        ([0.96, 1, 0.8], 1, "Give a list of 3 numbers."),
        ([0, 2], 0, "Give a list of 2 numbers."),
        ([0, 2], 2, "That is one of the numbers alone. Give a list of 2 numbers"),
        # what could be a common mistake, but need not be
        ([0, 0, 0.338, 0], [1, 1, 0.338, 1], "The first, the second and the fourth of"),
        ([2.5, 30.25], [250, 3025], LARGER),  # no share, so it is not in per cent
        ([0.4, 0.3, 0.2], [0, 0, 0], "The shape is right; all numbers are wrong."),
        ([0.75, 0.15, 0.1], [1, 0, 0], "The shape is right; all numbers are wrong."),
        ([0.03, 0.1], [0, 0.01], "The shape is right; all numbers are wrong."),
        ([0.3, 0.5], [0, 0.001], "The shape is right; all numbers are wrong."),
        ([0, 2], [-1, 2], "The first of two is wrong."),
        ([3, 5, 6], [], "Give a list of 3 numbers; yours has 0."),
    ],
)
def test_what_is_said_about_short_answers(right, given, told):
    assert verdict(answer(right), given).startswith(f"Not yet. {told}")


def test_a_sentence_of_its_own_goes_first():
    own = "The largest comes first."
    one = answer([3, 2, 1], lambda: [1, 2, 3], own)
    assert verdict(one, [1, 2, 3]) == f"Not yet. {own}"
    assert verdict(one, [2, 3, 1]) == f"Not yet. {MOVED}."


def test_an_answer_and_its_sentence_come_in_pairs():
    with pytest.raises(ValueError):
        Exercise(lambda: 1, "So it is.", lambda: 2)
