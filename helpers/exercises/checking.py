"""``check(name, answer)``: exercises that say what went wrong."""

import numpy as np

from .exercise import computed, find, read, same, say
from .progress import done

RIGHT = "Right."


def check(name, answer):
    """Say whether an answer is right, and if not, what went wrong.

    Prints one or two sentences; never raises on an answer, whatever it is, and
    never shows the right one. A right answer is taken down for `helpers.progress()`.

    Arguments:
        name: lesson and topic, such as ``"dense_by_hand.softmax"``.
        answer: number, list, NumPy array or tensor; ``...`` while it is open.
            Three decimals are exact enough.

    Raises:
        ValueError: there is no exercise of that name.

    Example:
        >>> check("start_here.hidden_outputs", ...)
        Open: replace the ... and run the cell again.
    """
    said = verdict(find(name, "EXERCISES"), answer)
    say(said)
    if said.startswith(RIGHT):
        done(name)


def verdict(exercise, answer):
    """Return the sentence that `check` prints."""
    if answer is ...:
        return "Open: replace the ... and run the cell again."
    if callable(getattr(type(answer), "predict", None)):
        return "Not yet. This is a model; call it on rows."
    try:
        given = read(answer)
    except ValueError as reason:
        return f"Not yet. {reason}"
    expected = computed(exercise.right)
    if same(given, expected):
        return f"{RIGHT} {exercise.why}"
    for sentence, mistake in exercise.mistakes.items():
        if same(given, computed(mistake)):
            return f"Not yet. {sentence}"
    return f"Not yet. {difference(given, expected)}"


def difference(given, expected):
    """Say how an answer that no known mistake explains differs from the right one."""
    if given.shape != expected.shape:
        got = f"Expected the shape {expected.shape}, got {given.shape}."
        if not expected.shape:
            got = f"Expected one number, got an array of shape {given.shape}."
        if expected.ndim > 1 and same(given.T, expected):
            return f"Rows and columns are swapped. {got}"
        if given.size == expected.size and same(
            given.reshape(expected.shape), expected
        ):
            return f"The numbers are right, the axes are not. {got}"
        return got
    if not np.isfinite(given).all():
        return "The answer contains NaN or infinity."
    if expected.ndim > 1 and same(given.T, expected):
        return "Rows and columns are swapped."
    if np.allclose(given, expected, rtol=0, atol=6e-3):
        return "That is close: give three decimals."
    if given.size == 1:
        return "It is another number."
    wrong = int((~np.isclose(given, expected, rtol=1e-3, atol=1e-3)).sum())
    differ = "differs" if wrong == 1 else "differ"
    return f"The shape is right; of {given.size} numbers, {wrong} {differ}."
