"""Mistakes that can be made in any exercise, known by the numbers they lead to.

What is said is true of the numbers, however they came about, and never tells the right
ones. Where two mistakes lead to the same numbers, nothing is said.
"""

import numpy as np

from .exercise import close, right_when_rounded, same

ORDINALS = "first second third fourth fifth sixth".split()
NUMBERS = "one two three four five six".split()


@np.errstate(all="ignore")
def common_mistake(given, right):
    """Return a sentence on an answer if exactly one mistake explains it, or "".

    Example:
        >>> common_mistake(np.array([3.0, 1.5]), np.array([1.5, 3.0]))
        'The numbers are right, in reverse order: which one comes first?'
        >>> common_mistake(np.array([3.0, 1.0]), np.array([1.5, 3.0]))
        ''
    """
    if given.shape != right.shape:
        said = {sentence for sentence, made in of_shape(right) if same(given, made)}
    elif said := few_decimals(given, right):
        return said
    elif right.size > 1 and np.isin(right, (0, 1)).all():  # or it would tell the answer
        return "The shape is right; not all of the numbers are."
    else:
        said = {sentence for sentence, made in of_numbers(right) if same(given, made)}
        said = said or set(filter(None, (kind(given, right) for kind in KINDS)))
    return said.pop() if len(said) == 1 else ""


def few_decimals(given, right):
    """Say if an answer has one or two decimals and is right as far as that goes."""
    for scale, decimals in ((10, "two"), (100, "three")):
        shown, exact = (given * scale).round(3), (right * scale).round(3)
        if (shown % scale).any() and (shown == np.rint(shown)).all():
            if (abs(shown - exact) <= 0.5).all():
                return f"That is close: give {decimals} decimals."
            if (shown == np.trunc(exact)).all():
                return "Decimals are cut off: round to two, or give three."
    return ""


def of_shape(right):
    """Yield sentences on answers of another shape, each with the answer."""
    if right.ndim > 1:
        yield "Rows and columns are swapped.", right.T
    if right.ndim:
        said = "The numbers are right, but the batch axis or another first axis of "
        yield f"{said}length 1 is still there: index with [0].", right[np.newaxis]
    if right.ndim and len(right) > 1:
        one = "rows" if right.ndim > 1 else "numbers"
        for i in range(len(right)):
            if right.ndim > 1 or right[i].round(6) not in (0, 1):
                yield f"That is one of the {one} alone.", right[i]
            yield "That is right as far as it goes.", right[: i + 1]


def of_numbers(right):
    """Yield sentences on answers of the right shape, each with the answer."""
    whole = right == np.rint(right)
    sizes, signs = ("sizes are", "signs are") if right.ndim else ("size is", "sign is")
    yield f"The {sizes} right, the {signs} not.", -right
    if right.ndim == 1:
        said = "The numbers are right, in reverse order: which one comes first?"
        yield said, right[::-1]
    if right.ndim > 1:
        yield "The rows are right, in reverse order.", right[::-1]
        yield "Rows and columns are swapped.", right.T
    if right.ndim == 1 and whole[0] and right[0] > 0 and right.max() > 2:
        said = "Each number is" if whole.all() else "The first number is"
        said += " off by one: does counting start at 0, and where does it end?"
        if whole.all() or not whole[1:].any():
            yield said, right + whole
            yield said, right - whole
    if abs(right).max() > 10:
        yield "That is 100 times too small.", right / 100
    if not whole.all():
        yield from of_decimals(right, abs(right[~whole]).min())


def of_decimals(right, smallest):
    """Yield the same, where some number is not whole, and the smallest of those."""
    if 0 <= right.min() and 0.05 < right.max() <= 1:
        for digits in (0, 1, 2, 9):
            per_cent = np.round(100 * right, digits)
            yield "That is 100 times too large: is it in per cent?", per_cent
    if smallest > 0.2:
        yield "That was squared once too often.", right**2
    if smallest > 0.2 and right.min() >= 0:
        yield "A root was taken once too often.", np.sqrt(right)
    if smallest > 1:
        yield "The decimals are missing: give two or three.", np.rint(right)
        yield "The decimals are missing: give two or three.", np.trunc(right)
    if right.max() > 0:
        said = "This is after ReLU; here negative numbers stay as they are."
        yield said, np.maximum(0, right)


def before_relu(given, right):
    """Say if ReLU is still to come."""
    some = (right > 0) & (right != np.rint(right))
    if some.any() and same(np.maximum(0, given), right):
        return "This is before ReLU: negative numbers are still there."
    return ""


def another_order(given, right):
    """Say if all numbers are right, but stand in other places."""
    if same(np.sort(given, axis=None), np.sort(right, axis=None)):
        return "The numbers are right, but not where they stand."
    return ""


def another_sign(given, right):
    """Say if some numbers have another sign, as after `abs`."""
    if not same(abs(given), abs(right)):
        return ""
    if right.size > len(ORDINALS):
        return "The sizes are right, some of the signs are not."
    return f"The sizes are right; look at the sign of {which(~close(given, right))}."


def another_factor(given, right):
    """Say if two or more different numbers are too large, or too small, by one factor."""
    sizes = np.sort(abs(given), axis=None)
    if sizes.size < 2 or sizes[-2] < 0.05 or np.ptp(right[right != 0]) == 0:
        return ""
    largest = abs(right).argmax()
    factor = given.flat[largest] / right.flat[largest]
    if factor < 0 or abs(factor - 1) < 0.01 or not same(given, factor * right):
        return ""
    size = "large" if factor > 1 else "small"
    return f"The proportions are right; all numbers are too {size} by the same factor."


KINDS = before_relu, another_order, another_sign, another_factor


def wrong_numbers(given, right):
    """Say which numbers of an answer of the right shape are wrong, or how many."""
    wrong = ~right_when_rounded(given, right)
    if not wrong.any():  # the numbers of a function have to be exact
        wrong = ~close(given, right)
    count = int(wrong.sum())
    if right.size == 1:
        return "That is not it."
    if right.size > len(ORDINALS):
        differ = "differs" if count == 1 else "differ"
        return f"The shape is right; of {right.size} numbers, {count} {differ}."
    if wrong.all():
        return "The shape is right; all numbers are wrong."
    named = f"{which(wrong)} {'is' if count == 1 else 'are'} wrong."
    return f"Counted row by row, {named}" if right.ndim > 1 else named.capitalize()


def which(places):
    """Return places in words, such as "the first and the third of four"."""
    *before, last = (f"the {ORDINALS[i]}" for i in np.flatnonzero(places))
    listed = f"{', '.join(before)} and {last}" if before else last
    return f"{listed} of {NUMBERS[places.size - 1]}"
