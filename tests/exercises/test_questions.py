"""A quiz is read from its Markdown file, and a line that does not belong is named."""

import re

import pytest

from helpers.exercises import exercise
from helpers.exercises.questions import parsed, questions

QUIZ = """# Quiz of no lesson

## What is `2 + 2`?
- [ ] 5
  > One too many,
  > and "5" is odd.
- [x] 4
  > Two and two.

## And 1 + 1?
- [x] 2
  > Right < wrong & so on.
- [ ] 3 - [x] no
  > ## No heading.
"""


def test_question_has_its_choices_and_comments():
    first, second = parsed(QUIZ, "quiz.md")
    assert first == ("What is `2 + 2`?", "4", "Two and two.", first.wrong)
    assert first.wrong == {"5": 'One too many, and "5" is odd.'}
    assert second.why == "Right < wrong & so on."
    assert second.wrong == {"3 - [x] no": "## No heading."}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("- [ ] 5", "- [x] 5", "line 3: one choice is right, - [x]; here are 2."),
        ("- [x] 2", "- [ ] 2", "line 10: one choice is right, - [x]; here are 0."),
        ("- [x] 2", "- [X] 2", "line 11: a quiz has questions (##), their"),
        ("- [x] 2", "* [x] 2", "line 11: a quiz has questions (##), their"),
        ("## And", "### And", "line 10: a quiz has questions (##), their"),
        ("  > Two and two.\n", "", "line 3: the choice '4' has no comment (>)."),
        ("  > Two and", "  Two and", "line 8: a quiz has questions (##), their"),
        ("## What is `2 + 2`?", "", "line 4: a quiz has questions (##), their"),
        ("- [ ] 5\n", "", "line 4: a quiz has questions (##), their"),
        ("- [ ] 5", "- [ ] 4", "line 3: two or more choices are needed, no two"),
        ("- [ ] 3 - [x] no\n", "", "line 10: two or more choices are needed, no"),
    ],
)
def test_malformed_line_is_named(old, new, message):
    assert old in QUIZ
    with pytest.raises(ValueError, match="^quiz.md, " + re.escape(message)):
        parsed(QUIZ.replace(old, new, 1), "quiz.md")


@pytest.mark.parametrize("topic", exercise.TOPICS)
def test_every_lesson_has_its_quiz(topic):
    assert questions(topic)


def test_unknown_lesson_is_refused():
    with pytest.raises(ValueError, match="no lesson 'nothing' with exercises"):
        questions("nothing")
