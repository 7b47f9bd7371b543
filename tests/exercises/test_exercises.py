"""Each exercise accepts the right answer in every form and names each mistake."""

import decimal
import fractions
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from asked import EXERCISES, GUESSES, LESSONS

import helpers
from helpers.exercises import check, compare, quiz
from helpers.exercises.checking import RIGHT, verdict
from helpers.exercises.exercise import Exercise, computed
from helpers.exercises.feedback import MARKS, Comment
from helpers.exercises.questions import questions
from helpers.exercises.quizzes import LETTERS, Quiz, choices, comment

MISTAKES = [(name, text) for name, e in EXERCISES.items() for text in e.mistakes]
COMMENTS = [(name, text) for name, p in GUESSES.items() for text in p.mistakes]
ROW = "dense_by_hand.two_inputs"
QUESTIONS = [(topic, i) for topic in LESSONS for i in range(len(questions(topic)))]


def printed(capsys):
    """Return what was printed as one line: it is wrapped for the screen."""
    out, err = capsys.readouterr()
    assert err == ""
    assert max(map(len, out.splitlines()), default=0) <= 88
    return " ".join(out.split())


def said(name, answer, capsys):
    """Return what `check` says, without the mark that belongs to its first words."""
    check(name, answer)
    mark, told = printed(capsys).split(" ", 1)
    assert mark == next(MARKS[head][0] for head in MARKS if told.startswith(head))
    return told


def letter(name):
    return name.rpartition(".")[2]


def test_no_exercise_is_known_by_a_number():
    for name in EXERCISES:
        assert re.fullmatch(r"[a-z0-9_]+\.[a-z][a-z0-9_]+", name)
    for name in GUESSES:
        assert re.fullmatch("[A-Z]", letter(name))


@pytest.mark.parametrize("name", EXERCISES)
def test_right_answer_passes_in_every_form(name, capsys):
    right = computed(EXERCISES[name].right)
    forms = [right, right.tolist(), tf.constant(right), right.astype("float32")]
    forms += [right.round(3), tuple(right.tolist()) if right.shape else right.item()]
    forms += [keras.ops.convert_to_tensor(right), right.astype(object)]
    for answer in forms:
        assert "Right. " in said(name, answer, capsys)


@pytest.mark.parametrize("name", EXERCISES)
def test_open_exercise_stays_open(name, capsys):
    assert said(name, ..., capsys) == ("Open: replace the ... and run the cell again.")


@pytest.mark.parametrize("name", EXERCISES)
def test_at_least_three_mistakes_of_its_own_are_diagnosed(name):
    assert len(EXERCISES[name].mistakes) >= 3  # the common ones not counted


@pytest.mark.parametrize(("name", "text"), MISTAKES)
def test_each_mistake_gets_its_own_diagnosis(name, text, capsys):
    answer = EXERCISES[name].mistakes[text]()
    assert said(name, answer, capsys) == f"Not yet. {text}"


class Hostile:
    """An object that raises whatever is done with it."""

    def refuse(self, *args, **kwargs):
        raise RuntimeError("no")

    __array__ = __len__ = __float__ = __iter__ = __eq__ = __repr__ = refuse
    __bool__ = __getitem__ = __hash__ = __str__ = refuse


class Classless:
    @property
    def __class__(self):
        raise RuntimeError("no")


class Interface:
    __array_interface__ = {"shape": "?", "typestr": 3}


class Loud(type):
    def __repr__(cls):
        raise RuntimeError("no")


CIRCLE = []
CIRCLE.append(CIRCLE)
DEEP = 0.0
for _ in range(80):
    DEEP = [DEEP]

GARBAGE = [None, "0.5", "", " ", "nan", "...", "right", b"x", bytearray(3), "0\n1"]
GARBAGE += [object, object(), Hostile(), [Hostile()], Interface(), Loud("L", (), {})()]
GARBAGE += [{}, {"a": 1}, set(), {1, 2}, frozenset([0.5]), [], [[]], (), CIRCLE, DEEP]
GARBAGE += [Classless(), [Classless()], [0.5, Hostile()], [Hostile(), None], [[...], 1]]
GARBAGE += [[[1], [1, 2]], [None], [...], ["a", 1], [[], [1]], range(0), slice(3)]
GARBAGE += [np.nan, np.inf, -np.inf, [np.nan] * 4, 1j, np.array([1j] * 4), -(10**400)]
GARBAGE += [12345.678, -0.0771, fractions.Fraction(1, 7), decimal.Decimal("NaN")]
GARBAGE += [
    np.zeros((0, 3)),
    np.zeros((4, 1)),
    np.full(4, 7.7),
    np.full(4, 1e308),
    [1e308, 0],
    np.array(["a"]),
]
GARBAGE += [np.ma.masked, np.datetime64("2020-01-01"), np.zeros(2, "i4,f4")]
GARBAGE += [tf.constant("a"), tf.constant([9e9] * 4), tf.ragged.constant([[1], [1, 2]])]
GARBAGE += [
    keras.Input((3,)),
    keras.layers.Dense(2),
    tf.sparse.eye(2),
    tf.Variable(9e9),
]
GARBAGE += [
    print,
    len,
    lambda: 1,
    (x for x in [1]),
    iter([1]),
    NotImplemented,
    Exception,
]
GARBAGE += [type, ValueError("no"), open, re.compile("a"), Path("a"), memoryview(b"ab")]


def test_there_are_fifty_kinds_of_garbage():
    assert len(GARBAGE) >= 50


@pytest.mark.parametrize("name", EXERCISES)
def test_garbage_gets_a_sentence_and_never_the_answer(name, capsys):
    right = computed(EXERCISES[name].right)
    for answer in GARBAGE:
        out = said(name, answer, capsys)
        assert re.fullmatch(r"Not yet\. .+\.", out), out
        for topic in right.ravel()[:4]:
            assert f"{topic:.3f}" not in out


def test_a_right_answer_is_taken_down(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LAYERS_PROGRESS", str(tmp_path / "progress.json"))
    check(ROW, [0, 0, 0, 0])
    helpers.progress()
    assert "[ ] 1.2" in capsys.readouterr().out
    check(ROW, computed(EXERCISES[ROW].right))
    helpers.progress()
    out = capsys.readouterr().out
    assert "[x] 1.2" in out and "[ ] 1.1" in out


def test_swapped_axes_are_named(capsys):
    right = computed(EXERCISES[ROW].right)
    assert "Expected the shape (4,), got (1, 4)." in said(ROW, right[None], capsys)
    assert "but the axes are wrong" in said(ROW, right[:, None], capsys)


def test_unknown_exercise_lists_the_known_ones():
    with pytest.raises(ValueError, match="there are: dense_by_hand.dense, dense"):
        check("dense_by_hand.nothing", 1)
    with pytest.raises(ValueError, match="There are: cifar10_feature_maps, "):
        check("1.1", 1)
    with pytest.raises(ValueError, match="no guess 'dense_by_hand.Z'"):
        compare("dense_by_hand.Z", 1)


def test_a_sentence_that_stands_twice_is_refused():
    """The second of two mistakes would silently take the place of the first."""
    with pytest.raises(ValueError, match="A sentence is there twice"):
        Exercise(lambda: 1, "Why.", lambda: 2, "No.", lambda: 3, "No.")
    with pytest.raises(ValueError, match="A sentence is there twice"):
        Exercise(lambda: "yes", "Why.", no="Not so.", never="Not so.")


# Guesses


@pytest.mark.parametrize("name", GUESSES)
def test_guess_that_came_out_gets_the_reason(name, capsys):
    question = GUESSES[name]
    right = computed(question.right)
    compare(name, right if isinstance(right, str) else right.tolist())
    assert printed(capsys) == f"✓ As you expected. {question.why}"


@pytest.mark.parametrize("name", GUESSES)
def test_open_guess_still_gets_the_reason(name, capsys):
    compare(name, ...)
    assert printed(capsys) == GUESSES[name].why


@pytest.mark.parametrize("name", GUESSES)
def test_guess_has_a_comment_on_something_else(name):
    assert len(GUESSES[name].mistakes) >= 1


@pytest.mark.parametrize(("name", "text"), COMMENTS)
def test_each_wrong_guess_gets_its_own_comment(name, text, capsys):
    compare(name, GUESSES[name].mistakes[text]())
    why = GUESSES[name].why
    assert printed(capsys) == f"✗ Not what you expected. {text} {why}"


@pytest.mark.parametrize("name", GUESSES)
def test_garbage_as_guess_gets_a_sentence(name, capsys):
    for guess in GARBAGE:
        compare(name, guess)
        assert re.fullmatch(r"[?✓✗] (Not|As you) .+\.", printed(capsys))


@pytest.mark.parametrize(
    ("name", "guess", "words"),
    [
        ("convolution_by_hand.A", 5, "Give a list of 2 numbers."),
        ("convolution_by_hand.B", [5, 6], "Give one number, not 2."),
        ("convolution_by_hand.B", 5, ""),
    ],
)
def test_guess_of_another_shape_hears_how_many_numbers_are_asked_for(
    name, guess, words, capsys
):
    compare(name, guess)
    told = f"✗ Not what you expected. {words} {GUESSES[name].why}"
    assert printed(capsys) == " ".join(told.split())


@pytest.mark.parametrize("name", [ROW, "when_extraction_fails.older_reader"])
@pytest.mark.parametrize(
    "model", [keras.Sequential(), keras.Sequential([keras.Input((3,))]), keras.Model()]
)
def test_model_as_answer_has_to_be_called(name, model, capsys):
    assert said(name, model, capsys) == "Not yet. This is a model; call it on data."


@pytest.mark.parametrize("right", [0.3562, [0.3562, 0.6], [[0.3562], [-0.6]]])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("given", "words"),
    [
        (0.3562, "Right. That is why."),
        (0.3574, "Right. That is why."),  # 0.001, and a thousandth of the number
        (0.36, "Right. That is why."),  # two decimals
        (np.float32(0.36), "Right. That is why."),
        (0.4, "Not yet. That is close: give two decimals."),
        (0.35, "Not yet. Decimals are cut off: round to two, or give three."),
        (0.3, "Not yet. Decimals are cut off: round to two, or give three."),
        (0.3578, None),
        (0.3603, None),  # near, but given with more than two decimals
        (0.37, None),
        (0.5, None),
    ],
)
def test_answers_are_right_or_short_of_decimals_or_wrong(right, sign, given, words):
    right = np.asarray(sign * np.array(right))
    answer = right.copy()
    answer.ravel()[0] = sign * given
    told = verdict(Exercise(lambda: right, "That is why."), answer)
    first = "first of two is wrong."
    assert told == words if words else told.endswith((first, "That is not it."))


@pytest.mark.parametrize("name", EXERCISES)
def test_a_whole_number_allows_no_more_the_larger_it_is(name, capsys):
    right = computed(EXERCISES[name].right)
    for i in np.flatnonzero(right == np.rint(right))[:3]:
        for off in (0.002, -0.002, 1, -1, 2, -2):
            answer = right.copy()
            answer.flat[i] += off
            assert "Not yet. " in said(name, answer, capsys)


def test_words_are_understood_in_any_case(capsys):
    name, word = next(
        (n, computed(p.right))
        for n, p in GUESSES.items()
        if isinstance(computed(p.right), str)
    )
    compare(name, f" {word.upper()}. ")
    assert printed(capsys).startswith("✓ As you expected. ")
    compare(name, "perhaps")
    told = printed(capsys)
    assert re.match(r'\? Not understood\. Write "[^"]+" or "', told)
    assert told.endswith(GUESSES[name].why)


# Quizzes


@pytest.mark.parametrize("topic", LESSONS)
def test_quiz_has_five_questions_of_three_or_more_choices(topic):
    asked = questions(topic)
    assert len(asked) == 5 or topic == "start_here"
    for question in asked:
        assert 3 <= len(choices(question)) <= 5
        assert len(set(choices(question))) == 1 + len(question.wrong)


@pytest.mark.parametrize("topic", LESSONS)
def test_right_choices_stand_at_different_letters(topic):
    places = [choices(q).index(q.right) for q in questions(topic)]
    assert len(set(places)) > 1


@pytest.mark.parametrize(("topic", "i"), QUESTIONS)
def test_a_click_on_each_choice_gets_its_comment(topic, i):
    question = questions(topic)[i]
    shown = quiz(topic)
    text, *lines, said = shown.cards[i].children
    buttons = [line.children[0] for line in lines]
    for button, choice in zip(buttons, choices(question), strict=True):
        button.click()
        right = choice == question.right
        told = Comment(comment(question, choice))
        assert said.value == told._repr_html_()
        assert repr(told).startswith("✓ Right. " if right else "✗ Not this one. ")
        assert shown.score.value.startswith(f"{right:d} right, 1 of ")
        marked = [b for b in buttons if b.button_style or len(b.description) > 1]
        assert marked == [button] and button.description[1:] in (" ✓", " ✗")


def test_quiz_as_text_and_answered_by_letters(capsys):
    asked = questions("dense_by_hand")
    text = repr(Quiz("dense_by_hand", asked))
    assert asked[0].text.split()[0] in text and "   a) " in text
    right = "".join(LETTERS[choices(q).index(q.right)] for q in asked)
    quiz("dense_by_hand", right)
    assert printed(capsys).count("Right. ") == 5
    quiz("dense_by_hand", "-" + "z" + right[2:])
    out = printed(capsys)
    assert "1. ○ Left out. 2. There is no choice 'z'" in out
    assert out.count("Right. ") == 3


@pytest.mark.parametrize("answers", ["ab", 3, "abcabc", ["a"] * 5])
def test_letters_that_do_not_fit_are_refused(answers):
    with pytest.raises(ValueError, match="5 questions: pass 5 letters"):
        quiz("dense_by_hand", answers)


def test_quiz_is_stored_as_text(monkeypatch):
    stored = []
    monkeypatch.setattr(
        "helpers.engine.shown.display", lambda data, raw: stored.append(data)
    )
    shown = quiz("dense_by_hand")
    shown._ipython_display_()
    assert stored[0]["text/plain"] == repr(shown)
    assert stored[0]["application/vnd.jupyter.widget-view+json"]["model_id"]


def test_two_decimals_of_the_three_that_a_lesson_prints_are_right():
    """0.0148 is printed as 0.015, whose two decimals are 0.02."""
    exercise = Exercise(lambda: [0.0148, 0.5], "Because.")
    assert verdict(exercise, [0.02, 0.5]) == f"{RIGHT} Because."
    assert verdict(exercise, [0.01, 0.5]) == f"{RIGHT} Because."
    assert verdict(exercise, [0.03, 0.5]).startswith("Not yet. ")
