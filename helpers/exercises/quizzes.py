"""``quiz(topic)``: a lesson's questions with buttons, or as text where no button works."""

import textwrap
import zlib

import ipywidgets as widgets

from ..engine.shown import ShownBox, close_earlier
from .feedback import Comment, as_html, show
from .questions import questions

LETTERS = "abcdef"


def quiz(topic, answers=None):
    """Show a lesson's quiz, or comment on answers given as letters.

    With buttons, each answer is commented on as it is chosen and can be changed.
    Where buttons do not work, read the questions as text and pass the letters.

    Arguments:
        topic: the lesson, such as ``"dense_by_hand"``.
        answers: string with one letter for each question, such as ``"abacd"``; a
            question may be left out with ``-``. By default the quiz is shown.

    Returns:
        `Quiz`, which shows itself; None if answers were given.

    Raises:
        ValueError: there is no such lesson, or ``answers`` is no such string.

    Example:
        >>> quiz("dense_by_hand", "a")
        Traceback (most recent call last):
        ...
        ValueError: The quiz has 5 questions: pass 5 letters, such as "ab-ca"; got 'a'.
    """
    asked = questions(topic)
    if answers is None:
        return Quiz(topic, asked)
    letters = answers.replace(" ", "").lower() if isinstance(answers, str) else ""
    if len(letters) != len(asked):
        raise ValueError(
            f"The quiz has {len(asked)} questions: pass {len(asked)} letters, "
            f'such as "ab-ca"; got {answers!r}.'
        )
    for i, (question, letter) in enumerate(zip(asked, letters), start=1):
        show(typed(question, letter), number=i)


def choices(question):
    """Return a question's choices in an order that does not give the right one away."""
    offered = [question.right, *question.wrong]
    return sorted(offered, key=lambda choice: zlib.crc32(choice.encode()))


def comment(question, choice):
    """Return what there is to say about a choice."""
    if choice == question.right:
        return f"Right. {question.why}"
    return f"Not this one. {question.wrong[choice]}"


def typed(question, letter):
    """Return what there is to say about a choice that was given as a letter."""
    offered = dict(zip(LETTERS, choices(question)))
    if letter == "-":
        return "Left out."
    if letter not in offered:
        return f"There is no choice {letter!r}; there are {', '.join(offered)}."
    return comment(question, offered[letter])


class Quiz(ShownBox):
    """A lesson's quiz: buttons in a notebook, the questions as text elsewhere."""

    def __init__(self, topic, questions):
        self.topic, self.questions = topic, questions
        self.answers = [None] * len(questions)
        self.score = widgets.HTML()
        self.cards = [self.card(i) for i in range(len(questions))]
        self.count()
        self.box = widgets.VBox([*self.cards, self.score])
        close_earlier(self.box)

    def card(self, i):
        """Return the question number ``i`` as a widget."""
        asked, said = self.questions[i], widgets.HTML()
        offered = choices(asked)
        buttons = [
            widgets.Button(description=letter, tooltip=choice, layout={"width": "4em"})
            for letter, choice in zip(LETTERS, offered)
        ]

        def chosen(button):
            choice = self.answers[i] = offered[buttons.index(button)]
            for one, letter in zip(buttons, LETTERS):
                one.description, one.button_style = letter, ""
            right = choice == asked.right
            button.description += " ✓" if right else " ✗"
            button.button_style = "success" if right else "warning"
            said.value = Comment(comment(asked, choice))._repr_html_()
            self.count()

        lines = [widgets.HTML(f"<b>{i + 1}. {as_html(asked.text)}</b>")]
        for button, choice in zip(buttons, offered):
            button.on_click(chosen)
            lines.append(widgets.HBox([button, widgets.HTML(as_html(choice))]))
        return widgets.VBox([*lines, said], layout={"margin": "0 0 16px 0"})

    def count(self):
        """Bring the line with the score up to date."""
        right = sum(q.right == a for q, a in zip(self.questions, self.answers))
        given = sum(answer is not None for answer in self.answers)
        total = len(self.questions)
        self.score.value = f"{right} right, {given} of {total} answered."

    def __repr__(self):
        lines = []
        for i, question in enumerate(self.questions, start=1):
            lines += textwrap.wrap(f"{i}. {question.text}", 88)
            for letter, choice in zip(LETTERS, choices(question)):
                offered = f"   {letter}) {choice}"
                lines += textwrap.wrap(offered, 88, subsequent_indent=" " * 6)
        example = ("abc" * len(self.questions))[: len(self.questions)]
        lines += [f'No buttons here? Write quiz("{self.topic}", "{example}").']
        return "\n".join(lines)
