"""The function of What training changes, right and wrong as learners write it."""

import keras
import numpy as np
import pytest
from asked import FUNCTIONS
from learner import written

from helpers.exercises.checking import OPEN, verdict

STEP = FUNCTIONS["what_training_changes.sgd_step"]
WAYS = {
    "loops": """
        def f(weights, rows, targets, learning_rate):
            total = [0] * len(weights)
            for row, target in zip(rows, targets):
                output = 0
                for i in range(len(weights)):
                    output += row[i] * weights[i]
                for i in range(len(weights)):
                    total[i] += 2 * (output - target) * row[i]
            new = []
            for i in range(len(weights)):
                new.append(weights[i] - learning_rate * total[i] / len(rows))
            return new
        """,
    "rows": """
        def f(weights, rows, targets, learning_rate):
            gradient = np.zeros(len(weights))
            for row, target in zip(rows, targets):
                gradient += 2 * (row @ weights - target) * row
            return weights - learning_rate * gradient / len(rows)
        """,
    "numpy": """
        def f(weights, rows, targets, learning_rate):
            errors = rows @ weights - targets
            gradients = 2 * errors[:, np.newaxis] * rows
            return weights - learning_rate * gradients.mean(axis=0)
        """,
    "one line": "f = lambda w, x, y, rate: w - rate * 2 * (x @ w - y) @ x / len(y)",
    "slopes": """
        def loss(weights, rows, targets):
            return ((rows @ weights - targets) ** 2).mean()
        def f(weights, rows, targets, learning_rate):
            new = weights.astype("float64")
            for i, step in enumerate(np.eye(len(weights)) * 1e-3):
                up = loss(weights + step, rows, targets)
                down = loss(weights - step, rows, targets)
                new[i] -= learning_rate * (up - down) / 2e-3
            return new
        """,
}
WRONG = {
    "w + rate * 2 * (x @ w - y) @ x / len(y)": "The step goes the wrong way: subtract",
    "w - rate * 2 * (y - x @ w) @ x / len(y)": "The step goes the wrong way: subtract",
    "w - rate * 2 * (x @ w - y) @ x": "The rows' gradients were added; the loss is a",
    "w - rate * (x @ w - y) @ x / len(y)": "The 2 is missing: the gradient of error²",
    "w - rate * (x @ w - y) @ x": "Two slips: the 2 of 2 × error × input is missing",
    "w - rate * 2 * (x @ w - y).mean() * x.mean(axis=0)": "That is mean error × mean row",
    "w - 2 * (x @ w - y) @ x / len(y)": "The learning rate is missing",
    "w - 0.02 * 2 * (x @ w - y) @ x / len(y)": "The learning rate is always 0.02",
    "2 * (x @ w - y) @ x / len(y)": "That is the gradient; the weights after the step",
    "w - rate * 2 * (x[0] @ w - y[0]) * x[0]": "That is a step with the first row alone",
    "w - rate * 2 * (x @ w - y)[:, None] * x": "A row of weights came back for each row",
    "w - rate * (2 * (x @ w - y)[:, None] * x).mean()": "All gradients together became",
    "w - rate * (2 * (x @ w - y)[:, None] * x).mean(axis=1)": "The mean was taken over t",
    "w - rate * 2 * (x @ w - y) * x": "It was called with weights of shape (2,), rows of",
    "w - rate * 2 * (x @ w - y) @ x / 3": (
        "It is right for weights of shape (2,), rows of shape (3, 2), targets of shape "
        "(3,) and learning_rate = 0.1, but not for weights of shape (3,), rows of"
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_right_function_passes_in_every_style(way):
    assert verdict(STEP, written(WAYS[way])) == f"Right. {STEP.why}"


@pytest.mark.parametrize("line", WRONG)
def test_wrong_function_hears_what_is_wrong(line):
    told = verdict(STEP, written(f"f = lambda w, x, y, rate: {line}"))
    assert told.startswith(f"Not yet. {WRONG[line]}"), told


def test_last_row_alone_is_told():
    source = """
        def f(weights, rows, targets, learning_rate):
            for row, target in zip(rows, targets):
                gradient = 2 * (row @ weights - target) * row
            return weights - learning_rate * gradient
        """
    told = verdict(STEP, written(source))
    assert told.startswith("Not yet. That is a step with the last row alone")


def test_a_step_after_each_row_is_told():
    source = """
        def f(weights, rows, targets, learning_rate):
            for row, target in zip(rows, targets):
                weights = weights - learning_rate * 2 * (row @ weights - target) * row
            return weights
        """
    told = verdict(STEP, written(source))
    assert told.startswith("Not yet. This makes a step after each row")


def test_weights_are_not_to_be_changed():
    source = """
        def f(weights, rows, targets, learning_rate):
            weights -= learning_rate * 2 * (rows @ weights - targets) @ rows / len(rows)
            return weights
        """
    told = verdict(STEP, written(source))
    assert told.startswith("Not yet. It changes weights, which was given to it")


def test_step_of_the_lesson():
    given = np.array([0.5]), np.array([[3.0]]), np.array([6.0])
    assert np.allclose(STEP.right(*given, 0.02), [1.04])


def test_stub_is_open():
    stub = "def f(weights, rows, targets, learning_rate):\n    return ..."
    assert verdict(STEP, written(stub)) == OPEN


def test_a_number_of_the_text_is_no_argument():
    source = (
        "def f(weights, rows, targets, learning_rate): return weight - 0.02 * gradient"
    )
    told = verdict(STEP, written(source, weight=0.5, gradient=-27.0))
    assert told.startswith("Not yet. It was called with weights of shape (2,), rows of")


def test_inputs_have_several_shapes_and_kinds():
    cases = STEP.cases()
    assert len({case[1].shape for case in cases}) >= 4
    assert {case[0].dtype.name for case in cases} == {"float64", "float32", "int64"}
    assert len({case[3] for case in cases}) >= 4


@pytest.mark.parametrize("case", range(len(STEP.cases())))
def test_keras_makes_the_same_step(case):
    weights, rows, targets, learning_rate = STEP.cases()[case]
    layer = keras.layers.Dense(1, use_bias=False)
    model = keras.Sequential([keras.Input(weights.shape), layer])
    layer.set_weights([weights[:, np.newaxis]])
    model.compile(keras.optimizers.SGD(learning_rate), "mean_squared_error")
    model.train_on_batch(rows, targets[:, np.newaxis])
    np.testing.assert_allclose(
        layer.get_weights()[0][:, 0], STEP.right(*STEP.cases()[case]), atol=1e-5
    )
