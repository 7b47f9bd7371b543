"""``compare(name, guess)``: what a learner expected, beside what came out."""

from .exercise import asked_for, computed, find, read, recognized
from .feedback import say, show


def compare(name, guess):
    """Say how a guess compares with what came out, and why it came out so.

    If the guess is still open, only why. Never raises on a guess, whatever it is.

    Arguments:
        name: lesson and letter, such as ``"dense_by_hand.A"``.
        guess: number, list, NumPy array or tensor, or one of the words that the
            question offers; ``...`` while it is open.

    Raises:
        ValueError: there is no guess of that name.

    Example:
        >>> compare("dense_by_hand.C", 0.027)
        ✓ As you expected. ReLU looks at the sum, which is above 0, and not at the terms.
        >>> compare("dense_by_hand.C", ...)
        ReLU looks at the sum, which is above 0, and not at the terms.
    """
    question = find(name, "GUESSES")
    if guess is ...:
        say(question.why)
    else:
        show(f"{opinion(question, guess)} {question.why}")


def opinion(question, guess):
    """Return what there is to say about a guess."""
    try:
        guess = understood(question, guess)
    except ValueError as reason:
        return f"Not understood. {reason}"
    found = recognized(guess, {"": question.right, **question.mistakes})
    if "" in found:
        return "As you expected."
    comment = found[0] if found else asked_for(guess, computed(question.right))
    return f"Not what you expected. {comment}".strip()


def understood(question, guess):
    """Return a guess as one of the question's words, or as an array.

    Raises:
        ValueError: in a sentence, if it is neither.
    """
    options = [question.right, *question.mistakes.values()]
    words = sorted(word for word in map(computed, options) if isinstance(word, str))
    if not words:
        return read(guess)
    if type(guess) is str and guess.strip(" .").casefold() in words:
        return guess.strip(" .").casefold()
    offered = " or ".join(f'"{word}"' for word in words)
    raise ValueError(f"Write {offered}, with the quotation marks.")
