"""The function of Seeds and initializers, right and wrong as learners write it."""

import keras
import numpy as np
import pytest
from asked import FUNCTIONS
from learner import written

from helpers.exercises.checking import OPEN, verdict

LIMIT = FUNCTIONS["seeds_and_initializers.glorot_limit"]
WAYS = {
    "loops": """
        import math
        def f(shape):
            places = 1
            for i in range(len(shape) - 2):
                places *= shape[i]
            fan_in, fan_out = places * shape[-2], places * shape[-1]
            return math.sqrt(6 / (fan_in + fan_out))
        """,
    "numpy": """
        def f(shape):
            *area, inputs, outputs = shape
            places = np.prod(area)
            return np.sqrt(6 / (places * inputs + places * outputs))
        """,
    "one line": "f = lambda s: (6 / np.prod(s[:-2]) / (s[-2] + s[-1])) ** 0.5",
    "array": """
        def f(shape):
            shape = np.array(shape)
            return np.sqrt(6 / (shape[:-2].prod() * shape[-2:].sum()))
        """,
    "cases": """
        def f(shape):
            if len(shape) == 2:
                fans = shape[0] + shape[1]
            elif len(shape) == 3:
                fans = shape[0] * (shape[1] + shape[2])
            elif len(shape) == 4:
                fans = shape[0] * shape[1] * (shape[2] + shape[3])
            else:
                fans = shape[0] * shape[1] * shape[2] * (shape[3] + shape[4])
            return (6 / fans) ** (1 / 2)
        """,
}
WRONG = {
    "np.sqrt(6 / (shape[-2] + shape[-1]))": "This is right for a Dense layer. A",
    "6 / (np.prod(shape[:-2]) * (shape[-2] + shape[-1]))": "The square root is missing.",
    "np.sqrt(6 / sum(shape))": "This is right for a Dense layer. In a convolution, mult",
    "np.sqrt(6 / (shape[0] + shape[1]))": "This is right for a Dense layer. Channels and",
    "np.sqrt(6 / np.prod(shape))": "All numbers were multiplied, which counts the weights",
    "np.sqrt(6 / np.sum(shape[:-2]) / (shape[-2] + shape[-1]))": (
        "The numbers before the last two were added; multiply them."
    ),
    "np.sqrt(6 / sum(shape[:-2]) / (shape[-2] + shape[-1]))": (
        "The numbers before the last two were added; multiply them."
    ),
    "np.sqrt(6 / (shape[0] * shape[1] * (shape[-2] + shape[-1])))": (
        "This is right for four axes. Places are all numbers before the last two"
    ),
    "np.sqrt(6 / (shape[0] * shape[1] * (shape[2] + shape[3])))": (
        "It is right for shape = (3, 3, 3, 32), but not for shape = (3, 4). It stops with"
    ),
    "np.sqrt(6 / (shape[0] + shape[1])) if len(shape) == 2 else "
    "np.sqrt(6 / (shape[0] * shape[1] * (shape[2] + shape[3])))": (
        "It is right for shape = (3, 4), but not for shape = (5, 2, 3). It stops with"
    ),
    "np.sqrt(6 / np.prod(shape[:-2]) * (shape[-2] + shape[-1]))": (
        "Brackets are missing: what stands after `*` multiplies the fraction."
    ),
    "np.random.uniform(-1, 1, shape)": "Called again with the same inputs",
}


@pytest.mark.parametrize("way", WAYS)
def test_right_function_passes_in_every_style(way):
    assert verdict(LIMIT, written(WAYS[way])) == f"Right. {LIMIT.why}"


@pytest.mark.parametrize("line", WRONG)
def test_wrong_function_hears_what_is_wrong(line):
    told = verdict(LIMIT, written(f"f = lambda shape: {line}"))
    assert told.startswith(f"Not yet. {WRONG[line]}"), told


def test_stub_is_open():
    assert verdict(LIMIT, written("def f(shape):\n    return ...")) == OPEN


def test_shapes_have_two_to_five_axes():
    assert {len(shape) for (shape,) in LIMIT.cases()} == {2, 3, 4, 5}


@pytest.mark.parametrize("shape", [shape for (shape,) in LIMIT.cases()])
def test_keras_draws_up_to_the_limit(shape):
    limit, draw = LIMIT.right(shape), keras.initializers.GlorotUniform
    draws = [abs(np.asarray(draw(seed)(shape))).max() for seed in range(40)]
    assert 0.95 * limit < max(draws) <= limit * (1 + 1e-6)


def test_a_library_that_draws_is_told():
    source = (
        "import keras\ndef f(s): return keras.initializers.GlorotUniform(0)(s).max()"
    )
    told = verdict(LIMIT, written(source))
    assert told.startswith(
        "Not yet. It calls Keras: this is the part to write yourself"
    )
