"""Errors explained, and those that a lesson raises on purpose shown in a line or two."""

import re
import sys
import textwrap
import warnings
from contextlib import contextmanager

from .engine import error_page
from .engine.tables import filled


def explain_error(error_or_text=None):
    """Print what an error message means: the line to write in place of yours, and why.

    It knows the messages of notebooks/error_messages.md, with any names, numbers and
    shapes in them.

    Arguments:
        error_or_text: an exception, the text of a whole traceback or of its last line, or
            a warning's text. By default the error that Python or the notebook showed
            last.

    Raises:
        TypeError: it is neither an exception nor text.

    Example:
        >>> explain_error("ValueError: All `outputs` values must be KerasTensors.")
        All `outputs` values must be KerasTensors.
        <BLANKLINE>
        Write:
            keras.Model(model.inputs[0], model.get_layer("hidden").output)(rows)
        <BLANKLINE>
        Why: A layer stands where its `.output` should.
        More: ...notebooks/error_messages.md#all-outputs-values-must-be-kerastensors
    """
    if error_or_text is None:
        error_or_text = getattr(sys, "last_value", None)  # IPython sets it too
    if error_or_text is None:
        print("No error was shown yet. Give one: explain_error(error) or its text.")
        return
    if not isinstance(error_or_text, BaseException | str):
        raise TypeError(
            "explain_error takes an exception or the text of a message, but got "
            f"{type(error_or_text).__name__}."
        )
    message = error_page.message_of(error_or_text)
    found = error_page.find(message)
    about, what = error_page.lines_about, error_page.lines_about_nothing
    print(*(about(found) if found else what(message)), sep="\n")


@contextmanager
def expected_error(kind, start=""):
    """Run a block that has to fail, and print its error without the traceback.

    Printed are the error's class and its message. Of a long message that Keras frames
    with the call it came from, only the sentence that Keras prints in bold is shown.

    Arguments:
        kind: class of the error. A tuple of classes where the version of Keras decides
            which of them it is: then only their names are printed.
        start: how the message has to start, with ``...`` for words in which versions of
            Keras differ; these words are not printed. After a ``...`` at the end, nothing
            more is.

    Raises:
        AssertionError: the block raises nothing, another error or another message.

    Example:
        >>> with expected_error(ZeroDivisionError):
        ...     1 / 0
        ZeroDivisionError: division by zero
    """
    kinds = kind if isinstance(kind, tuple) else (kind,)
    names = " or ".join(one.__name__ for one in kinds)
    try:
        yield
    except Exception as error:
        came = essence(str(error))
        message = cut(came, start)
        if not isinstance(error, kinds) or message is None:
            raise AssertionError(
                f"Keras has changed: expected was {names}: {start or '...'} "
                f"What came is {type(error).__name__}: {came}"
            ) from error
    else:
        raise AssertionError(f"Keras has changed: expected was {names}, nothing came.")
    show(names, message if len(kinds) == 1 else "the version of Keras decides which.")


@contextmanager
def expected_warning(kind=UserWarning, start=""):
    """Run a block that has to warn, and print the warning instead of showing it.

    Warnings of other classes are passed on.

    Arguments:
        kind: class of the warning.
        start: as for `expected_error`.

    Raises:
        AssertionError: the block gives no such warning.

    Example:
        >>> with expected_warning(UserWarning):
        ...     warnings.warn("Argument `input_shape` is deprecated.")
        UserWarning: Argument `input_shape` is deprecated.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    messages = []
    for warning in caught:
        message = cut(str(warning.message), start)
        if issubclass(warning.category, kind) and message is not None:
            messages.append(message)
        else:
            place = warning.filename, warning.lineno
            warnings.warn_explicit(warning.message, warning.category, *place)
    if not messages:
        raise AssertionError(
            f"Keras has changed: expected was {kind.__name__}: {start or '...'} "
            f"No such warning came."
        )
    for message in dict.fromkeys(messages):  # each one once
        show(kind.__name__, message)


@contextmanager
def reason_shown():
    """Run a block, and if it does not fit a model print why, in place of the traceback.

    What a function of the course refuses, it refuses with a sentence. Other errors are
    raised as usual.

    Example:
        >>> with reason_shown():
        ...     raise ValueError("This model takes no pictures.")
        This model takes no pictures.
    """
    try:
        yield
    except ValueError as error:
        print(textwrap.fill(str(error), 88, break_long_words=False))


def essence(message):
    """Return the bold part of a message, or all of it if nothing is bold."""
    bold = re.search(r"\x1b\[1m(.*?)\x1b\[0m", message, re.DOTALL)
    return (bold.group(1) if bold else message).strip()


def cut(message, start):
    """Return a message without the words that ``...`` stands for; None if none fits."""
    pattern = ".*?".join(map(re.escape, start.split("...")))
    pattern += ".*" if start.endswith("...") else ""
    found = re.match(pattern, message, re.DOTALL)
    return start + message[found.end() :] if found else None


def show(name, message):
    """Print ``name: message`` in lines of at most 88 characters."""
    for line in f"{name}: {message}".splitlines():
        print(filled(line))
