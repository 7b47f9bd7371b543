"""What a learner's function calls and reads that is not its own."""

import numpy as np
import pytest
from asked import FUNCTIONS
from learner import written

from helpers import by_hand, extraction, figures, statistics
from helpers.exercises.checking import verdict
from helpers.networks import dense_network

DENSE = FUNCTIONS["dense_by_hand.dense"]
PART = "this is the part to write yourself"
DOES_THE_JOB = {  # public functions of the course
    "dense_by_hand.dense": lambda x, kernel, bias: by_hand.dense(x, kernel, bias),
    "dense_by_hand.softmax": lambda x: by_hand.softmax(x),
    "every_layer_at_once.dead_channels": lambda values: statistics.dead_channels(
        values
    ),
    "every_layer_at_once.output_of": lambda network, name, pictures: (
        extraction.layer_outputs(network, pictures)[name]
    ),
    "cifar10_feature_maps.grid": lambda maps, across: figures.tile(maps, across)[0],
}
STATISTICS = """
    from helpers.statistics import layer_statistics
    def f(values): return layer_statistics({"layer": values})["layer"].dead
    """


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_courses_own_answer_is_no_answer(name):
    told = verdict(FUNCTIONS[name], FUNCTIONS[name].right)
    assert told.startswith("Not yet. It calls the course's own ") and PART in told, told


@pytest.mark.parametrize("name", DOES_THE_JOB)
def test_a_function_of_the_course_that_does_the_job_is_no_answer(name):
    told = verdict(FUNCTIONS[name], DOES_THE_JOB[name])
    assert told.startswith("Not yet. It calls the course's own ") and PART in told, told


def test_the_function_of_the_course_is_named():
    told = verdict(FUNCTIONS["every_layer_at_once.dead_channels"], written(STATISTICS))
    assert told == (
        f"Not yet. It calls the course's own layer_statistics: {PART}, with NumPy."
    )


def test_what_matplotlib_asks_of_tensorflow_is_not_the_learners_call():
    source = """
        from matplotlib.figure import Figure
        def f(x, kernel, bias):
            Figure().add_subplot().imshow(x)
            return x @ kernel + bias
        """
    assert verdict(DENSE, written(source)) == f"Right. {DENSE.why}"


NOTEBOOK = {
    "rows": np.ones(3),
    "count": 3,
    "rate": np.float32(0.5),
    "sizes": [1, 2],
    "shape": (2, 4),
    "network": dense_network(),
    "CLASSES": 10,
    "text": "a",
}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("rows @ kernel", "rows, an array"),
        ("count * x", "count, a number"),
        ("rate * x", "rate, a number"),
        ("[one for one in sizes]", "sizes, a list"),
        ("np.zeros(shape)", "shape, a list"),
        ("network(x).numpy() if len(kernel) < 0 else x", "network, a model"),
        ("[count * one for one in x]", "count, a number"),
        ("(lambda: count * x)()", "count, a number"),
    ],
)
def test_what_is_read_in_place_of_an_argument_is_named(body, words):
    told = verdict(DENSE, written(f"f = lambda x, kernel, bias: {body}", **NOTEBOOK))
    assert told.endswith(f"It reads {words} of the notebook; is an argument meant?"), (
        told
    )


@pytest.mark.parametrize(
    "body",
    ["np.zeros(x.shape)", "x * CLASSES", "len(text) * x", "(lambda count: count)(x)"],
)
def test_attributes_constants_and_names_of_its_own_are_not(body):
    told = verdict(DENSE, written(f"f = lambda x, kernel, bias: {body}", **NOTEBOOK))
    assert told.startswith("Not yet. ") and "It reads" not in told, told
