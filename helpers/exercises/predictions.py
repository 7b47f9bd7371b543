"""``predict(name, guess)`` before a cell, ``compare(name)`` after it."""

from .exercise import asked_for, computed, find, read, same, say

GUESSES = {}  # name of the prediction: what the learner expects


def predict(name, guess):
    """Take down what a learner expects of the next cell.

    Prints one sentence, nothing while it is open; never raises on a guess, whatever it
    is. A second guess replaces the first.

    Arguments:
        name: lesson and letter, such as ``"dense_by_hand.A"``.
        guess: number, list, NumPy array or tensor, or one of the words that the
            question offers; ``...`` while it is open.

    Raises:
        ValueError: there is no prediction of that name.

    Example:
        >>> predict("dense_by_hand.A", ...)
        >>> predict("dense_by_hand.A", 0)
        Prediction A is noted. Run the next cell.
    """
    prediction, letter = find(name, "PREDICTIONS"), name.rpartition(".")[2]
    GUESSES.pop(name, None)
    if guess is ...:
        return
    try:
        GUESSES[name] = understood(prediction, guess)
    except ValueError as reason:
        say(f"Prediction {letter}: {reason}")
    else:
        say(f"Prediction {letter} is noted. Run the next cell.")


def compare(name):
    """Say how a prediction compares with what came out, and why it came out so.

    If it was left open, only why.

    Arguments:
        name: lesson and letter, such as ``"dense_by_hand.A"``.

    Raises:
        ValueError: there is no prediction of that name.

    Example:
        >>> predict("dense_by_hand.A", 0)
        Prediction A is noted. Run the next cell.
        >>> compare("dense_by_hand.A")
        Prediction A: as you expected. Every weight in the other rows is multiplied by 0.
    """
    prediction, letter = find(name, "PREDICTIONS"), name.rpartition(".")[2]
    if name not in GUESSES:
        say(prediction.why)
    elif equal(GUESSES[name], computed(prediction.right)):
        say(f"Prediction {letter}: as you expected. {prediction.why}")
    else:
        comment = asked_for(GUESSES[name], computed(prediction.right))
        for sentence, mistake in prediction.mistakes.items():
            if equal(GUESSES[name], computed(mistake)):
                comment = f"{sentence} "
        say(f"Prediction {letter}: not what you expected. {comment}{prediction.why}")


def understood(prediction, guess):
    """Return a guess as one of the prediction's words, or as an array.

    Raises:
        ValueError: in a sentence, if it is neither.
    """
    options = [prediction.right, *prediction.mistakes.values()]
    words = sorted(word for word in map(computed, options) if isinstance(word, str))
    if not words:
        return read(guess)
    if type(guess) is str and guess.strip(" .").casefold() in words:
        return guess.strip(" .").casefold()
    offered = " or ".join(f'"{word}"' for word in words)
    raise ValueError(f"write {offered}, with the quotation marks.")


def equal(guess, value):
    """Tell whether a guess that was understood equals a computed value."""
    return guess == value if isinstance(value, str) else same(guess, value)
