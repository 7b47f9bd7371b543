"""Linear probes, against the equation and against another solver."""

import numpy as np
import pytest
from support import floats, same

from helpers.probes import probe


def by_gradient(rows, wanted, penalty):
    """The same sum made small by another way: rows for the penalty are put below."""
    below = np.sqrt(penalty) * np.eye(rows.shape[1])
    right = np.vstack([wanted, np.zeros((rows.shape[1], wanted.shape[1]))])
    return np.linalg.lstsq(np.vstack([rows, below]), right, rcond=None)[0]


@pytest.mark.parametrize("numbers", [3, 60], ids=["fewer numbers", "more numbers"])
@pytest.mark.parametrize("penalty", [0.01, 1, 10.0])
def test_weights_are_the_best(numbers, penalty):
    outputs, labels = floats(20, numbers).astype("float64"), np.arange(20) % 3
    found = probe(outputs, labels, penalty)
    rows = outputs - outputs.mean(axis=0)
    strength = penalty * (rows**2).sum() / 20
    np.testing.assert_allclose(
        found.weights, by_gradient(rows, np.eye(3)[labels], strength)
    )
    np.testing.assert_allclose(found.scores(outputs), rows @ found.weights)
    assert (found.classes(outputs) == found.scores(outputs).argmax(axis=1)).all()


def test_maps_are_taken_as_rows_and_size_does_not_matter():
    maps, labels = floats(30, 3, 4, 2), np.arange(30) % 2 == 0
    found, larger = probe(maps, labels), probe(1000 * maps, labels)
    same(larger.scores(1000 * maps), found.scores(maps))
    np.testing.assert_allclose(found.scores(maps), found.scores(maps.reshape(30, 24)))
    assert (found.classes(maps) == labels).mean() > 0.8


@pytest.mark.parametrize("penalty", [0, 1e-6])
def test_a_quantity_is_found_again(penalty):
    outputs = floats(40, 5)
    quantity = outputs @ np.arange(5.0) + 7
    found = probe(outputs, quantity, penalty)
    np.testing.assert_allclose(found.scores(outputs), quantity, atol=1e-2)
    assert found.scores(outputs).shape == (40,)
    with pytest.raises(ValueError, match="ask for scores"):
        found.classes(outputs)


def test_without_a_penalty_columns_may_be_equal():
    outputs = np.repeat(floats(10, 2), 2, axis=1)
    quantity = outputs[:, 0].astype("float64")
    np.testing.assert_allclose(
        probe(outputs, quantity, 0).scores(outputs), quantity, atol=1e-6
    )


REFUSED = {
    "one row": (np.ones(3), [0, 1, 1], {}, "outputs has shape .3,., and numbers"),
    "targets": (np.ones((3, 2)), [0, 1], {}, "targets has shape .2,., and one number"),
    "words": (np.ones((2, 2)), ["a", "b"], {}, "targets has shape"),
    "table": (np.ones((2, 2)), np.eye(2), {}, "targets has shape .2, 2."),
    "NaN": (np.full((2, 2), np.nan), [0, 1], {}, "There is NaN or infinity"),
    "penalty": (np.ones((2, 2)), [0, 1], {"penalty": -1}, "write 0 or more"),
    "labels": (np.ones((2, 2)), [-1, 1], {}, "Labels count from 0"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_refused_is_said_in_a_sentence(kind):
    outputs, targets, options, words = REFUSED[kind]
    with pytest.raises(ValueError, match=words):
        probe(outputs, targets, **options)


def test_outputs_of_another_layer_are_refused():
    with pytest.raises(ValueError, match="fitted to 3 numbers .* got 4"):
        probe(floats(9, 3), np.arange(9) % 2).scores(floats(9, 4))
