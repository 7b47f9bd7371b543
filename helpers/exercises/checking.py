"""``check(name, answer)``: exercises that say what went wrong."""

import numpy as np

from .common_mistakes import common_mistake, wrong_numbers
from .exercise import asked_for, computed, find, read, same, say
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
    """Say how an answer that no mistake of the exercise's own explains is wrong."""
    if given.shape != expected.shape:
        return wrong_shape(given, expected)
    if not np.isfinite(given).all():
        return "The answer contains NaN or infinity."
    return common_mistake(given, expected) or wrong_numbers(given, expected)


def wrong_shape(given, expected):
    """Say how an answer of another shape is wrong."""
    right = same(given.ravel(), expected.ravel())
    got = f"Expected the shape {expected.shape}, got {given.shape}."
    if not expected.shape:
        got = f"Expected one number, got an array of shape {given.shape}."
    if (not given.shape and expected.ndim == 1) or (right and not expected.shape):
        got = asked_for(given, expected)
    said = common_mistake(given, expected)
    if right and expected.shape:
        said = said or "The numbers are right, the axes are not."
    return f"{said} {got}".strip()
