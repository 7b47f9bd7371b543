"""Statistics of layer outputs against numbers counted another way."""

import numpy as np
import pytest

from helpers.statistics import layer_statistics


def test_numbers_are_the_ones_counted_by_loops():
    values = np.random.default_rng(0).normal(size=(3, 4, 5, 6)).astype("float32")
    values = np.maximum(0, values)
    values[..., [1, 4]] = 0
    row = layer_statistics({"conv": values})["conv"]
    flat = values.ravel().tolist()
    assert row.zeros == sum(value == 0 for value in flat) / len(flat)
    assert row.dead.tolist() == [1, 4]
    assert row.channels == 6
    assert row.mean == pytest.approx(sum(flat) / len(flat))
    assert row.spread == pytest.approx(np.std(flat))


def test_one_value_anywhere_brings_a_channel_to_life():
    values = np.zeros((2, 4, 4, 3), "float32")
    values[1, 3, 0, 2] = 1e-30
    assert layer_statistics({"conv": values})["conv"].dead.tolist() == [0, 1]


def test_negative_channels_are_not_dead():
    assert layer_statistics({"dense": -np.ones((2, 3))})["dense"].dead.tolist() == []


def test_table_has_one_line_a_layer_of_equal_length():
    outputs = {"a": np.zeros((2, 3)), "a_long_layer_name": np.ones((2, 2, 2, 100))}
    lines = repr(layer_statistics(outputs)).splitlines()
    assert len(lines) == 3 and len(set(map(len, lines))) == 1
    assert lines[1].split() == ["a", "100%", "3", "of", "3", "0", "0"]


@pytest.mark.parametrize("shape", [(0, 3), (4,), ()])
def test_empty_or_flat_arrays_are_refused(shape):
    with pytest.raises(ValueError, match="at least one input"):
        layer_statistics({"dense": np.zeros(shape)})
