"""A right function passes however it is written; a wrong one hears what is wrong."""

import copy
import functools
import inspect
import re

import numpy as np
import pytest
from asked import EXERCISES, FUNCTIONS
from learner import written

from helpers import by_hand
from helpers.exercises import check
from helpers.exercises.checking import OPEN, verdict
from helpers.exercises.exercise import Exercise, find
from helpers.exercises.functions import LIBRARIES, FunctionExercise, alike

DENSE, SOFTMAX = "dense_by_hand.dense", "dense_by_hand.softmax"
MAP, POOL = "convolution_by_hand.feature_map", "convolution_by_hand.max_pool"
OURS = DENSE, SOFTMAX, MAP, POOL
MISTAKES = [(name, said) for name, e in FUNCTIONS.items() for said in e.mistakes]


def said(name, source, **names):
    return verdict(FUNCTIONS[name], written(source, **names))


def free(name):
    """Return an exercise in which each library may be called, as its own answers do."""
    exercise = copy.copy(FUNCTIONS[name])
    exercise.allowed = LIBRARIES
    return exercise


# --- the exercises


@pytest.mark.parametrize("name", FUNCTIONS)
def test_its_inputs_are_several_and_its_results_are_numbers(name):
    exercise = FUNCTIONS[name]
    assert len({exercise.described(case) for case in exercise.cases()}) >= 4
    assert all(np.isfinite(right).all() for right in exercise.results(exercise.right))


@pytest.mark.parametrize("name", OURS)
def test_inputs_have_several_shapes_and_kinds(name):
    cases = FUNCTIONS[name].cases()
    assert len({case[0].shape for case in cases}) >= 4
    assert {case[0].dtype.kind for case in cases} == {"f", "i"}
    assert "float32" in {case[0].dtype.name for case in cases}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_right_function_passes_whole_sentence(name):
    exercise = free(name)
    assert verdict(exercise, exercise.right) == f"Right. {exercise.why}"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_five_mistakes_of_its_own_are_known(name):
    assert len(FUNCTIONS[name].mistakes) >= (10 if name in OURS else 5)


@pytest.mark.parametrize(("name", "sentence"), MISTAKES)
def test_each_wrong_function_gets_its_own_sentence(name, sentence):
    exercise = free(name)
    assert verdict(exercise, exercise.mistakes[sentence]) == f"Not yet. {sentence}"


@pytest.mark.parametrize(("name", "sentence"), MISTAKES)
def test_no_wrong_function_is_right(name, sentence):
    exercise = FUNCTIONS[name]
    wrong = exercise.results(exercise.mistakes[sentence])
    assert not all(map(alike, wrong, exercise.results(exercise.right)))


# --- right functions, in the ways that learners write them

DENSE_WAYS = {
    "loops": """
        def f(x, kernel, bias):
            result = np.zeros((len(x), len(bias)))
            for row in range(len(x)):
                for unit in range(len(bias)):
                    total = bias[unit]
                    for i in range(len(kernel)):
                        total += x[row, i] * kernel[i, unit]
                    result[row, unit] = total
            return result
        """,
    "numpy": """
        def f(x, kernel, bias):
            sums = np.dot(x, kernel)
            return sums + bias
        """,
    "one line": "f = lambda x, kernel, bias: x @ kernel + bias",
    "lists": """
        def f(rows, weights, biases):
            return [[sum(x * w for x, w in zip(row, weights[:, i])) + biases[i]
                     for i in range(len(biases))] for row in rows]
        """,
    "hints and defaults": """
        def f(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray = None) -> np.ndarray:
            return x @ kernel if bias is None else x @ kernel + bias
        """,
    "star": "def f(*given): return given[0] @ given[1] + given[2]",
    "object": """
        class Dense:
            def __call__(self, x, kernel, bias):
                return x @ kernel + bias
        f = Dense()
        """,
    "method": """
        class Layers:
            def dense(self, x, kernel, bias):
                return x @ kernel + bias
        f = Layers().dense
        """,
    "helper": """
        def one_row(row, kernel, bias):
            return row @ kernel + bias
        def f(x, kernel, bias):
            return np.array([one_row(row, kernel, bias) for row in x])
        """,
}
SOFTMAX_WAYS = {
    "loops": """
        import math
        def f(x):
            result = []
            for row in x:
                powers = [math.exp(one - max(row)) for one in row]
                result.append([one / sum(powers) for one in powers])
            return result
        """,
    "numpy": """
        def f(x):
            powers = np.exp(x - x.max(axis=-1, keepdims=True))
            return powers / powers.sum(axis=-1, keepdims=True)
        """,
    "one line": "f = lambda x: np.exp(x - np.logaddexp.reduce(x, axis=1)[:, None])",
    "printing": """
        def f(x):
            print("x", x.shape)
            powers = np.exp(x.T - x.max(axis=1))
            return (powers / powers.sum(axis=0)).T
        """,
}
MAP_WAYS = {
    "loops": """
        def f(picture, kernel):
            rows = picture.shape[0] - kernel.shape[0] + 1
            columns = picture.shape[1] - kernel.shape[1] + 1
            result = np.zeros((rows, columns))
            for row in range(rows):
                for column in range(columns):
                    patch = picture[row : row + kernel.shape[0],
                                    column : column + kernel.shape[1]]
                    result[row, column] = (patch * kernel).sum()
            return result
        """,
    "numpy": """
        from numpy.lib.stride_tricks import sliding_window_view
        def f(picture, kernel):
            patches = sliding_window_view(picture, kernel.shape)
            return np.einsum("abij,ij", patches, kernel)
        """,
    "one line": """
        f = lambda p, k: [[(p[i : i + len(k), j : j + len(k[0])] * k).sum()
            for j in range(len(p[0]) - len(k[0]) + 1)] for i in range(len(p) - len(k) + 1)]
        """,
}
POOL_WAYS = {
    "loops": """
        def f(maps, size=2):
            rows, columns, channels = maps.shape
            result = np.zeros((rows // size, columns // size, channels))
            for row in range(rows // size):
                for column in range(columns // size):
                    square = maps[row * size : row * size + size,
                                  column * size : column * size + size]
                    result[row, column] = square.max(axis=(0, 1))
            return result
        """,
    "numpy": """
        def f(maps, size=2):
            rows, columns, channels = maps.shape
            cut = maps[: rows // size * size, : columns // size * size]
            cut = cut.reshape(rows // size, size, columns // size, size, channels)
            return cut.max(axis=(1, 3))
        """,
    "one line": """
        f = lambda maps, size=2: np.array([[maps[i : i + size, j : j + size].max((0, 1))
            for j in range(0, maps.shape[1] - size + 1, size)]
            for i in range(0, maps.shape[0] - size + 1, size)])
        """,
}
WAYS = {DENSE: DENSE_WAYS, SOFTMAX: SOFTMAX_WAYS, MAP: MAP_WAYS, POOL: POOL_WAYS}


@pytest.mark.parametrize(
    ("name", "way"), [(name, way) for name, ways in WAYS.items() for way in ways]
)
def test_right_function_passes_in_every_style(name, way, capsys):
    check(name, written(WAYS[name][way]))
    out = " ".join(capsys.readouterr().out.split())
    assert out == f"✓ Right. {FUNCTIONS[name].why}"


def test_partial_passes():
    add = written("def f(more, x, kernel, bias): return x @ kernel + bias + more")
    assert verdict(FUNCTIONS[DENSE], functools.partial(add, 0)).startswith("Right. ")


# --- open, and no function at all


@pytest.mark.parametrize("name", FUNCTIONS)
def test_stub_is_open(name):
    head = inspect.signature(FUNCTIONS[name].right) if name in OURS else "(*given)"
    assert said(name, f"def f{head}:\n    return ...") == OPEN
    assert verdict(FUNCTIONS[name], ...) == OPEN


def test_what_is_no_function_hears_so():
    wanted = "Not yet. The answer is a function: give its name, without brackets."
    for answer in (3, [1, 2], np.eye(2), None, "dense"):
        assert verdict(FUNCTIONS[DENSE], answer) == wanted


def test_a_function_where_a_number_is_asked_for_is_no_number():
    for exercise in EXERCISES.values():
        assert "a function that was not called" in verdict(exercise, lambda: 1)


# --- what any function can meet

KEEPS = "Called again with the same inputs, it gives another result"
ANY = [  # body of a function of x, kernel and bias, and what is said
    ("pass", "It returns nothing: end it with return and the result."),
    ("print(x @ kernel + bias)", "It prints and returns nothing: end it with return"),
    ("return x @ kernel + bias / 0 * 'a'", "It was called with x of shape (2, 3), "),
    ("yield x @ kernel + bias", "A generator comes back, which holds no numbers yet"),
    ("return (row for row in x)", "A generator comes back, which holds no numbers"),
    (
        "return zip(x, kernel)",
        "Its numbers are not computed yet: list(...) makes a list",
    ),
    ("return 'right'", "Write numbers with a point, without quotation marks"),
    ("return f", "This is a function that was not called: its brackets are missing."),
    ("return {1: x}", "This is a dict: choose the output of one layer."),
    ("return f(x, kernel, bias)", "It calls itself without end."),
    ("return input('x?')", "It waits for input(); all it needs comes in as its"),
    ("raise SystemExit", "It raises SystemExit: end it with return."),
    ("exit()", "It raises SystemExit: end it with return."),
    ("raise KeyboardInterrupt", "It raises KeyboardInterrupt: end it with return."),
    ("x += 1\n    return x @ kernel + bias", "It changes x, which was given to it"),
    ("bias[:] = 0\n    return x @ kernel", "It changes bias, which was given to it"),
    (
        "global t\n    t = 1\n    return x @ kernel + bias",
        "It changes t, a name of the",
    ),
    ("global np\n    np = 1\n    return x @ kernel + bias", "It changes np, a name of"),
    (
        "global f\n    del f\n    return x @ kernel + bias",
        "It changes f, a name of the",
    ),
    ("return x @ kernel + np.random.normal()", KEEPS),
    ("c.append(1)\n    return x @ kernel + len(c)", KEEPS),
    ("return x @ kernel + bias + np.nan", "The answer contains NaN or infinity."),
    ("return np.exp(1000 + x @ kernel)", "The answer contains NaN or infinity."),
    ("return (x @ kernel + bias)[np.newaxis]", "The numbers are right, but the batch"),
    ("return 7", "Expected the shape (2, 4), got ()."),
    ("return np.zeros((2, 4))", "The shape is right; of 8 numbers, 8 differ."),
    ("return -(x @ kernel + bias)", "The sizes are right, the signs are not."),
]


@pytest.mark.parametrize(("body", "words"), ANY)
def test_what_any_function_can_meet_has_its_sentence(body, words):
    told = said(
        DENSE, f"def f(x, kernel, bias):\n    {body}", c=[], exit=exit_of_python
    )
    assert told.startswith("Not yet. ") and words in told, told
    assert told[-1] in ".?" and len(told) < 500


def exit_of_python():
    raise SystemExit


def test_async_function_is_told_and_leaves_no_warning():
    told = said(DENSE, "async def f(x, kernel, bias): return x @ kernel + bias")
    assert told == "Not yet. It is an async function: write def alone."
    told = said(DENSE, "async def f(x, kernel, bias): yield x")
    assert told.startswith("Not yet. A generator comes back")


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("x, kernel", "(x, kernel, bias): too many positional arguments."),
        ("", "(x, kernel, bias): too many positional arguments."),
        ("x, kernel, bias, units", "missing a required argument: 'units'."),
        ("x, kernel, *, bias", "too many positional arguments."),
    ],
)
def test_another_number_of_arguments_is_told(head, words):
    told = said(DENSE, f"def f({head}): return 1")
    assert told.startswith("Not yet. It is called with (x,") and told.endswith(words)


def test_size_needs_its_default():
    told = said(POOL, "def f(maps, size): return maps")
    assert told.endswith(
        "It is called with (maps): missing a required argument: 'size'."
    )


def test_an_error_is_told_with_class_message_and_line():
    told = said(
        DENSE,
        """
        def part(x):
            total = 0
            return x[len(x)]  # one too far

        def f(x, kernel, bias):
            return part(x)
        """,
    )
    assert told == (
        "Not yet. It was called with x of shape (2, 3), kernel of shape (3, 4) and bias of "
        "shape (4,). It stops with IndexError (index 2 is out of bounds for axis 0 with "
        "size 2) in line 3, `return x[len(x)]  # one too far`."
    )
    told = said(DENSE, "def f(x, kernel, bias): raise ValueError")
    assert "It stops with ValueError in line 1, `def f" in told
    told = said(DENSE, "def f(x, kernel, bias): return np.linalg.inv(np.zeros((2, 2)))")
    assert "LinAlgError (Singular matrix) in line 1, `def f" in told
    told = said(DENSE, "def f(x, kernel, bias): assert False, 'no\\n' * 9999")
    assert "It stops with AssertionError (no) in line 1" in told


def test_one_shape_only_names_the_shape_where_it_fails_and_what_came():
    told = said(
        SOFTMAX,
        """
        def f(x):
            result = np.zeros((2, 3))
            for i in range(2):
                for j in range(3):
                    result[i, j] = np.exp(x[i, j] - x[i].max())
                result[i] /= result[i].sum()
            return result
        """,
    )
    assert told == (
        "Not yet. It is right for x of shape (2, 3), but not for x of shape (1, 4). It "
        "stops with IndexError (index 1 is out of bounds for axis 0 with size 1) in line "
        "5, `result[i, j] = np.exp(x[i, j] - x[i].max())`."
    )
    told = said(MAP, "def f(p, k): return by_hand(p, k)[:3, :4]", by_hand=quiet_map)
    assert told == (
        "Not yet. It is right for picture of shape (5, 6) and kernel of shape (3, 3), but "
        "not for picture of shape (6, 6) and kernel of shape (2, 2). Expected the shape "
        "(5, 5), got (3, 4)."
    )


def quiet_map(picture, kernel):
    """Compute a map with NumPy alone."""
    patches = np.lib.stride_tricks.sliding_window_view(picture, kernel.shape)
    return (patches * kernel).sum(axis=(2, 3))


def test_decimals_lost_in_an_array_of_whole_numbers_are_told():
    told = said(
        SOFTMAX,
        """
        def f(x):
            result = np.zeros_like(x)
            for i, row in enumerate(x):
                powers = np.exp(row - row.max())
                result[i] = powers / powers.sum()
            return result
        """,
    )
    assert told == (
        "Not yet. It is right for x of shape (2, 3), but not for x of whole numbers, of "
        "shape (2, 3). The decimals are lost: they were put into an array of "
        "whole numbers."
    )

    told = said(DENSE, "f = lambda x, kernel, bias: (x @ kernel + bias).astype(int)")
    assert "The decimals are lost" in told


def test_overflow_is_told_also_beside_another_mistake():
    told = said(SOFTMAX, "f = lambda x: np.exp(x) / np.exp(x).sum(axis=0)")
    assert told == "Not yet. Each column adds up to 1; it is each row that should."
    told = said(SOFTMAX, "f = lambda x: np.exp(x) / np.exp(x).sum(1, keepdims=True)")
    assert told.startswith(
        "Not yet. It is right, but not for large sums: e to the power"
    )


def test_an_array_of_the_notebook_in_place_of_an_argument_is_told():
    row, values = np.ones(3), np.ones((2, 5))
    told = said(DENSE, "f = lambda x, kernel, bias: row @ kernel + bias", row=row)
    reads = "It reads row, an array of the notebook; is an argument meant?"
    assert "Expected the shape (2, 4), got (4,)." in told and told.endswith(reads)
    told = said(POOL, "def f(maps, size=2): return values.max()", values=values)
    assert told.endswith(
        "It reads values, an array of the notebook; is an argument meant?"
    )
    told = said(DENSE, "f = lambda x, kernel, bias: kernel", kernel=row, np=np)
    assert "It reads" not in told


class Hostile:
    """A callable that refuses whatever is asked."""

    def __getattr__(self, name):
        raise RuntimeError("no")

    def __call__(self, *given):
        raise Unspeakable


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_whatever_can_be_called_gets_a_sentence(name):
    odd = [Hostile(), Hostile, print, len, type, np.exp, dict, iter, object, int, max]
    for function in odd:
        told = verdict(FUNCTIONS[name], function)
        assert re.fullmatch(r"Not yet\. .+[.?]", told), told


def test_works_for_a_square_only():
    told = said(DENSE, "f = lambda x, kernel, bias: x @ kernel.T + bias")
    assert told.startswith("Not yet. The kernel is transposed")


def test_what_a_wrong_function_prints_is_cut():
    told = said(DENSE, "def f(x, kernel, bias):\n print('a' * 10**6)\n return 0 * x")
    begins = 'What it prints is not shown; it begins "' + 40 * "a" + '…".'
    assert told.endswith(begins) and len(told) < 300


# --- calls that do the whole job


@pytest.mark.parametrize(
    ("source", "library"),
    [
        ("from helpers.by_hand import dense as f", "the course's own dense"),
        (
            "from helpers import by_hand\n"
            "def f(*given):\n    return getattr(by_hand, 'den' + 'se')(*given)",
            "the course's own dense",
        ),
        ("import keras\ndef f(x, k, b): return keras.ops.matmul(x, k) + b", "Keras"),
        (
            "import tensorflow as tf\ndef f(x, k, b):\n"
            "    return tf.matmul(tf.cast(x, 'float64'), tf.cast(k, 'float64')) + b",
            "TensorFlow",
        ),
        ("import keras\nf = keras.layers.Dense(4)", "Keras"),
    ],
)
def test_a_library_that_does_the_job_is_told(source, library):
    told = said(DENSE, source)
    assert told == (
        f"Not yet. It calls {library}: this is the part to write yourself, with NumPy."
    )


def test_an_exercise_can_allow_a_library():
    cases = lambda: [(np.eye(2),), (np.eye(3),)]  # noqa: E731
    wrong = (lambda x: x, "The sign is wrong.")
    exercise = FunctionExercise(
        lambda x: 0 - x,
        "So it is.",
        *wrong,
        cases=cases,
        allowed=["keras", "tensorflow"],
    )
    source = "import keras\ndef f(x): return keras.ops.negative(x)"
    assert verdict(exercise, written(source)) == "Right. So it is."
    assert verdict(exercise, by_hand.relu).startswith(
        "Not yet. It calls the course's own"
    )


def test_a_right_function_is_taken_down_and_an_open_one_is_not(tmp_path, monkeypatch):
    monkeypatch.setenv("LAYERS_PROGRESS", str(tmp_path / "progress.json"))
    check(DENSE, written("def f(x, kernel, bias): return ..."))
    assert not (tmp_path / "progress.json").exists()
    check(DENSE, written("f = lambda x, kernel, bias: x @ kernel + bias"))
    assert DENSE in (tmp_path / "progress.json").read_text()


def test_sentences_are_whole(capsys):
    for name in FUNCTIONS:
        exercise = find(name, "EXERCISES")
        assert isinstance(exercise, Exercise)
        for sentence in [exercise.why, *exercise.mistakes]:
            assert re.fullmatch(r"[A-Z0-9`].+[.?]", sentence), sentence
