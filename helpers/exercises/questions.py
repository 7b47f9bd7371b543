"""The questions of a lesson's quiz: a Markdown file beside the module with its exercises.

A heading asks. Each line below it that begins with ``- [ ]`` is a choice, the one with
``- [x]`` is right, and what there is to say about a choice stands below it, with ``>``:

    ## How many parameters has a Dense layer of 5 units that gets 10 inputs?
    - [x] 55
      > 10 × 5 weights in the kernel and a bias for each of the 5 units.
    - [ ] 50
      > The kernel has that many weights; the biases are missing.
"""

import re
from pathlib import Path
from typing import NamedTuple

from .exercise import lesson

LINE = re.compile(r"\s*(# |## |- \[[x ]\] |> |)(.*?)\s*")


class Question(NamedTuple):
    """One question of a quiz: the right choice, why, and a comment on each wrong one."""

    text: str
    right: str
    why: str
    wrong: dict[str, str]  # a wrong choice: what to say about it


def questions(topic):
    """Return the questions of a lesson's quiz.

    Arguments:
        topic: the lesson, such as ``"dense_by_hand"``.

    Returns:
        List of `Question`.

    Raises:
        ValueError: there is no such lesson, or a line of its file is no part of a quiz.

    Example:
        >>> questions("dense_by_hand")[3].right
        '55'
    """
    file = Path(lesson(topic).__file__).with_suffix(".md")
    return parsed(file.read_text(encoding="utf-8"), file.name)


def parsed(text, name):
    """Return the questions of a text; ``name`` is what errors call its file."""
    found = []  # of each question: line, text, its choices as [mark, choice, comment]
    for number, line in enumerate(text.splitlines(), start=1):
        mark, words = LINE.fullmatch(line).groups()
        choices = found[-1][-1] if found else []
        if mark == "## ":
            found.append((number, words, []))
        elif mark.startswith("- ") and found:
            choices.append([mark, words, ""])
        elif mark == "> " and choices:
            choices[-1][-1] += f" {words}" if choices[-1][-1] else words
        elif words and mark != "# ":
            raise ValueError(
                f"{name}, line {number}: a quiz has questions (##), their choices "
                "(- [ ], the right one - [x]) and a comment (>) on each."
            )
    return [question(f"{name}, line {number}", *rest) for number, *rest in found]


def question(place, text, choices):
    """Return one question, or say what is wrong with it."""
    right = [(choice, why) for mark, choice, why in choices if mark == "- [x] "]
    wrong = {choice: why for mark, choice, why in choices if mark != "- [x] "}
    if len(right) != 1:
        raise ValueError(f"{place}: one choice is right, - [x]; here are {len(right)}.")
    if len({choice for _, choice, _ in choices}) != len(choices) or not wrong:
        raise ValueError(f"{place}: two or more choices are needed, no two the same.")
    for _, choice, why in choices:
        if not why:
            raise ValueError(f"{place}: the choice {choice!r} has no comment (>).")
    return Question(text, *right[0], wrong)
