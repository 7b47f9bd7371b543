"""``check(name, answer)``: exercises that say what went wrong."""

import numpy as np

from .common_mistakes import common_mistake, wrong_numbers
from .exercise import asked_for, computed, find, read, recognized, same
from .feedback import show
from .functions import FunctionExercise, Trial, alike
from .progress import done

RIGHT = "Right."
OPEN = "Open: replace the ... and run the cell again."


def check(name, answer):
    """Say whether an answer is right, and if not, what went wrong.

    Shows one or two sentences; never raises on an answer, whatever it is, and
    never shows the right one. A right answer is taken down for `helpers.progress()`.

    Arguments:
        name: lesson and topic, such as ``"dense_by_hand.softmax"``.
        answer: number, list, NumPy array or tensor; ``...`` while it is open.
            Two decimals are exact enough, three where a slip leads to the same two.
            Where a function is asked for, the function, which is tried on inputs of
            several shapes.

    Raises:
        ValueError: there is no exercise of that name.

    Example:
        >>> check("start_here.hidden_outputs", ...)
        ○ Open: replace the ... and run the cell again.
    """
    said = verdict(find(name, "EXERCISES"), answer)
    show(said)
    if said.startswith(RIGHT):
        done(name)


def verdict(exercise, answer):
    """Return the sentence that `check` shows, without its mark."""
    if answer is ...:
        return OPEN
    if isinstance(exercise, FunctionExercise):
        return verdict_on_function(exercise, answer)
    try:
        given = read(answer)
    except ValueError as reason:
        return f"Not yet. {reason}"
    found = recognized(given, {exercise.why: exercise.right, **exercise.mistakes})
    if found == [exercise.why]:
        return f"{RIGHT} {exercise.why}"
    if exercise.why in found:
        return "Not yet. That is close: give three decimals."
    if len(found) == 1:
        return f"Not yet. {found[0]}"
    return f"Not yet. {difference(given, computed(exercise.right))}"


def difference(given, expected):
    """Say how an answer that no mistake of the exercise's own explains is wrong."""
    if given.shape != expected.shape:
        return wrong_shape(given, expected)
    if not np.isfinite(given).all():
        return "The answer contains NaN or infinity."
    return common_mistake(given, expected) or wrong_numbers(given, expected)


def wrong_shape(given, expected):
    """Say how an answer of another shape is wrong."""
    said = common_mistake(given, expected)
    if not expected.ndim or (expected.ndim == 1 and given.ndim < 2):
        return f"{said} {asked_for(given, expected)}".strip()
    if same(given.ravel(), expected.ravel()):
        said = said or "The numbers are right, but the axes are wrong."
    return f"{said} Expected the shape {expected.shape}, got {given.shape}.".strip()


def verdict_on_function(exercise, function):
    """Return the sentence that `check` shows where a function is asked for."""
    if not callable(function):
        return "Not yet. The answer is a function: give its name, without brackets."
    trial = Trial(exercise, function)
    found, expected = trial.found, exercise.results(exercise.right)
    if any(one is ... for one in found):
        return OPEN
    if trial.fault:
        return f"Not yet. {trial.fault}"
    right = [alike(one, other) for one, other in zip(found, expected)]
    if all(right):
        return f"{RIGHT} {exercise.why}"
    said = wrong_function(exercise, found, expected) or wrong_case(
        exercise, found, expected, right
    )
    if name := trial.reads():
        said += f" It reads {name}; is an argument meant?"
    if begins := trial.printed.shown():
        said += f" What it prints is not shown; it begins {begins}."
    return f"Not yet. {said}"


def wrong_function(exercise, found, expected):
    """Return the sentence on the mistake that gives what was found, or "".

    That it gives the same in all cases is looked for first; then in those where the
    mistake shows and the numbers are finite.
    """
    for everywhere in (True, False):
        for sentence, mistake in exercise.mistakes.items():
            cases = zip(found, exercise.results(mistake), expected)
            cases = [
                (one, wrong)
                for one, wrong, other in cases
                if everywhere or not alike(wrong, other) and is_finite(one)
            ]
            shown = any(is_finite(one) for one, _ in cases)
            if shown and all(alike(*pair) for pair in cases):
                return sentence
    return ""


def is_finite(found):
    """Tell whether numbers were found, none of them NaN or infinity."""
    return isinstance(found, np.ndarray) and bool(np.isfinite(found).all())


def wrong_case(exercise, found, expected, right):
    """Say for which inputs a function is wrong, and how."""
    first = right.index(False)
    given, wanted, case = found[first], expected[first], exercise.cases()[first]
    said = given
    if not isinstance(given, str):
        said = cut_off(given, wanted, case) or difference(given, wanted)
    if not any(right):
        return f"It was called with {exercise.described(case)}. {said}"
    good = exercise.described(exercise.cases()[right.index(True)])
    return f"It is right for {good}, but not for {exercise.described(case)}. {said}"


def cut_off(given, wanted, case):
    """Say if decimals were lost in an array of whole numbers."""
    arrays = [one for one in case if isinstance(one, np.ndarray)]
    whole = any(one.dtype.kind in "iu" for one in arrays)
    if alike(given, np.trunc(wanted)) and (whole or given.any()):
        return "The decimals are lost: they were put into an array of whole numbers."
    return ""
