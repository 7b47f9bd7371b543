"""Errors raised on purpose are printed, and their absence is an error."""

import warnings

import keras
import pytest

from helpers.errors import expected_error, expected_warning

LONG = (
    "a message of many words which is longer than the 88 columns that fit a projector "
    * 3
)


def test_prints_class_and_message(capsys):
    with expected_error(AttributeError):
        _ = keras.Sequential([keras.layers.Dense(1, name="hidden")]).layers[0].output
    assert capsys.readouterr() == (
        "AttributeError: The layer hidden has never been called and thus has no defined "
        "output.\n",
        "",
    )


def test_lines_fit_a_projector_and_lose_nothing(capsys):
    with expected_error(ValueError):
        raise ValueError(f"{LONG}\n\nwell-known {'x' * 100}")
    out = capsys.readouterr().out
    assert out.split() == f"ValueError: {LONG} well-known {'x' * 100}".split()
    assert max(map(len, out.splitlines()[:-1])) <= 88


def test_of_a_framed_message_the_bold_part(capsys):
    with expected_error(ValueError):
        raise ValueError(
            "Exception in call()\n\n\x1b[1mWrong\nshape\x1b[0m\n\nArguments"
        )
    assert capsys.readouterr().out == "ValueError: Wrong\nshape\n"


def test_words_that_differ_between_versions_are_left_out(capsys):
    start = "Input 0 ... is incompatible"
    for words in ('of layer "cnn"', "with name 'images' of layer 'cnn'"):
        with expected_error(ValueError, start):
            raise ValueError(f"Input 0 {words} is incompatible with the layer")
    line = "ValueError: Input 0 ... is incompatible with the layer\n"
    assert capsys.readouterr().out == 2 * line


def test_after_dots_at_the_end_nothing_is_printed(capsys):
    with expected_error(ValueError, "A ... function. ..."):
        raise ValueError("A tensor in a function. You are likely\n\ndoing this")
    assert capsys.readouterr().out == "ValueError: A ... function. ...\n"


@pytest.mark.parametrize("error", [ValueError("1"), KeyError("2")])
def test_of_several_classes_the_names(error, capsys):
    with expected_error((ValueError, KeyError)):
        raise error
    assert capsys.readouterr().out == (
        "ValueError or KeyError: the version of Keras decides which.\n"
    )


def test_says_that_keras_has_changed(capsys):
    with pytest.raises(AssertionError, match="Keras has changed: .*nothing came"):
        with expected_error(ValueError):
            pass
    with pytest.raises(AssertionError, match="changed: .* came is KeyError: 'name'"):
        with expected_error(ValueError):
            raise KeyError("name")
    with pytest.raises(AssertionError, match="expected was ValueError: Expected"):
        with expected_error(ValueError, "Expected"):
            raise ValueError("other words. Expected")
    with pytest.raises(AssertionError, match="changed: .* No such warning came"):
        with expected_warning():
            pass
    with pytest.warns(UserWarning, match="other words"):
        with pytest.raises(AssertionError, match="UserWarning: Expected"):
            with expected_warning(UserWarning, "Expected"):
                warnings.warn("other words", stacklevel=1)
    assert capsys.readouterr() == ("", "")


def test_an_interrupt_is_not_an_expected_error():
    with pytest.raises(KeyboardInterrupt):
        with expected_error(Exception):
            raise KeyboardInterrupt


def test_a_warning_is_printed_once_and_shown_nowhere_else(capsys, recwarn):
    with expected_warning(UserWarning):
        for _ in range(2):
            warnings.warn("Do not pass an `input_shape`", stacklevel=1)
    assert capsys.readouterr() == ("UserWarning: Do not pass an `input_shape`\n", "")
    assert len(recwarn) == 0


def test_other_warnings_are_passed_on(capsys):
    with pytest.warns(RuntimeWarning, match="overflow"):
        with expected_warning(UserWarning):
            warnings.warn("overflow", RuntimeWarning, stacklevel=1)
            warnings.warn("expected", stacklevel=1)
    assert capsys.readouterr().out == "UserWarning: expected\n"


def test_an_error_in_a_block_that_should_warn_gets_out():
    with pytest.raises(ValueError, match="broken"):
        with expected_warning():
            raise ValueError("broken")
