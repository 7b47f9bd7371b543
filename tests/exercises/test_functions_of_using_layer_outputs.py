"""The functions of Using layer outputs, right and wrong as learners write them."""

import numpy as np
import pytest
from asked import FUNCTIONS
from learner import written

from helpers.exercises.checking import OPEN, verdict

COSINE = FUNCTIONS["using_layer_outputs.cosine_similarity"]
WAYS = {
    "loops": """
        import math
        def f(rows, row):
            result = []
            for one in rows:
                product = square = other_square = 0
                for a, b in zip(one, row):
                    product += a * b
                    square += a * a
                    other_square += b * b
                length = math.sqrt(square * other_square)
                result.append(product / length if length > 0 else 0)
            return result
        """,
    "filled": """
        def f(rows, row):
            result = np.zeros(len(rows))
            for i in range(len(rows)):
                length = np.linalg.norm(rows[i]) * np.linalg.norm(row)
                if length:
                    result[i] = rows[i] @ row / length
            return result
        """,
    "numpy": """
        def f(rows, row):
            lengths = np.sqrt((rows**2).sum(axis=1)) * np.sqrt((row**2).sum())
            return rows @ row / np.maximum(lengths, 1e-9)
        """,
    "directions": """
        def directions(outputs):
            lengths = np.sqrt((outputs**2).sum(axis=1))
            return outputs / np.where(lengths > 0, lengths, 1)[:, np.newaxis]
        def f(rows, row):
            return directions(rows) @ directions(row[np.newaxis])[0]
        """,
    "one line": "f = lambda rows, row: np.nan_to_num(rows @ row / np.sqrt("
    "(rows**2).sum(1)) / np.sqrt((row**2).sum()))",
}
WRONG = {
    "rows @ row / np.sqrt((rows**2).sum(axis=1) * (row**2).sum())": "It is right except",
    "rows @ row / np.sqrt((rows**2).sum(axis=1))": "Only the lengths of `rows` were",
    "rows @ row / np.linalg.norm(row)": "Only the length of `row` was",
    "rows @ row / (rows**2).sum(axis=1) / (row**2).sum()": "The products were divided by",
    "rows @ row / np.linalg.norm(rows) / np.linalg.norm(row)": "All of `rows` were",
    "np.sqrt(((rows - row) ** 2).sum(axis=1))": "These are Euclidean distances",
    "np.arccos(rows @ row / np.linalg.norm(rows, axis=1) / np.linalg.norm(row))": (
        "These are the angles in radians"
    ),
    "np.degrees(np.arccos(np.clip(rows @ row / np.linalg.norm(rows, axis=1) / "
    "np.linalg.norm(row), -1, 1)))": "These are the angles in degrees",
    "np.maximum(0, rows @ row / np.linalg.norm(rows, axis=1) / np.linalg.norm(row))": (
        "It is right for"
    ),
    "rows @ rows.T": "It was called with rows of shape (3, 2) and row of shape (2,). Ex",
    "rows * row / np.linalg.norm(rows, axis=1, keepdims=True) / np.linalg.norm(row)": (
        "It was called with rows of shape (3, 2) and row of shape (2,). Expected the shape"
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_right_function_passes_in_every_style(way):
    assert verdict(COSINE, written(WAYS[way])) == f"Right. {COSINE.why}"


@pytest.mark.parametrize("line", WRONG)
def test_wrong_function_hears_what_is_wrong(line):
    told = verdict(COSINE, written(f"f = lambda rows, row: {line}"))
    assert told.startswith(f"Not yet. {WRONG[line]}"), told


def test_stub_is_open():
    assert verdict(COSINE, written("def f(rows, row):\n    return ...")) == OPEN


def test_rows_of_the_notebook_are_no_arguments():
    source = "def f(rows, row): return known @ row"
    told = verdict(COSINE, written(source, known=np.ones((3, 2))))
    assert told.endswith(
        "It reads known, an array of the notebook; is an argument meant?"
    )


def test_rows_of_zeros_come_after_others():
    zero = [not rows.any(axis=1).all() or not row.any() for rows, row in COSINE.cases()]
    assert not any(zero[:4]) and sum(zero) == 2
