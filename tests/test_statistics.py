"""Statistics of layer outputs against numbers counted another way."""

import re

import numpy as np
import pytest

from helpers.statistics import dead_channels, layer_statistics


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


@pytest.mark.parametrize("shape", [(4,), ()])
def test_what_has_no_channels_is_one(shape):
    found = layer_statistics({"mean": np.full(shape, 2.0)})["mean"]
    assert (found.channels, found.mean, found.dead.tolist()) == (1, 2, [])


@pytest.mark.parametrize("shape", [(0, 3), (0,)])
def test_empty_arrays_are_refused(shape):
    with pytest.raises(ValueError, match="at least one input"):
        layer_statistics({"dense": np.zeros(shape)})


# Channels on another axis


@pytest.mark.parametrize("axes", [2, 3, 4, 5])
def test_channels_first_gives_the_numbers_of_channels_last(axes):
    values = np.random.default_rng(0).normal(size=(2, 3, 5, 6, 4)[:axes])
    values[..., [0, 2]] = 0
    first = values if axes == 2 else np.moveaxis(values, -1, 1)
    last, moved = (
        layer_statistics({"conv": x}, data_format)["conv"]
        for x, data_format in ((values, "channels_last"), (first, "channels_first"))
    )
    assert moved.dead.tolist() == last.dead.tolist() == [0, 2]
    assert dead_channels(first, "channels_first").tolist() == [0, 2]
    assert dead_channels(first, data_format="channels_first").dtype == np.int64
    assert moved.channels == last.channels == values.shape[-1]
    assert moved.zeros == last.zeros
    assert (moved.mean, moved.spread) == pytest.approx((last.mean, last.spread))


def test_channels_are_last_unless_said_otherwise():
    values = np.zeros((2, 3, 5, 4))
    values[:, 1] = 1
    assert layer_statistics({"conv": values})["conv"].channels == 4
    assert layer_statistics({"conv": values}, "channels_first")["conv"].channels == 3
    assert dead_channels(values).tolist() == []
    assert dead_channels(values, "channels_first").tolist() == [0, 2]


@pytest.mark.parametrize("word", ["first", "channel_first", "NCHW", None, 1, ""])
def test_another_word_for_the_axis_is_refused_with_both_that_are_known(word):
    words = re.escape(f'data_format={word!r}: write data_format="channels_last" or ')
    for tell in (dead_channels, lambda x, word: layer_statistics({"a": x}, word)):
        with pytest.raises(ValueError, match=words):
            tell(np.ones((2, 3)), word)


# NaN and infinity


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, (np.inf, -np.inf, np.nan)])
@pytest.mark.parametrize("everywhere", [False, True])
def test_a_channel_of_nan_is_not_dead(odd, everywhere, dtype):
    values = np.zeros((2, 3, 3, 3), dtype)
    if everywhere:
        values[..., 1] = np.resize(odd, values[..., 1].shape)
    else:
        values[0, 2, 1, 1] = np.ravel(odd)[0]
    assert dead_channels(values).tolist() == [0, 2]
    row = layer_statistics({"conv": values})["conv"]
    assert row.dead.tolist() == [0, 2]
    assert row.zeros == (values == 0).mean()
    assert not np.isfinite(row.mean) and np.isnan(row.spread)


def test_table_says_where_nan_begins():
    outputs = {name: np.ones((2, 3)) for name in "abcd"}
    assert "NaN" not in repr(layer_statistics(outputs))
    outputs["c"][0, 1] = np.inf
    assert repr(layer_statistics(outputs)).splitlines()[-1] == (
        "NaN or infinity in 1 of 4 layers: c."
    )
    outputs["d"][:] = np.nan
    lines = repr(layer_statistics(outputs)).splitlines()
    assert lines[-1] == "NaN or infinity in 2 of 4 layers: the first is c."
    assert len(set(map(len, lines[:-1]))) == 1
    assert lines[3].split() == ["c", "0%", "0", "of", "3", "inf", "nan"]


@pytest.mark.parametrize("largest", [3e38, 1e300])
def test_huge_numbers_are_not_called_infinite(largest):
    values = np.array([[largest, -largest]])
    assert "NaN" not in repr(layer_statistics({"dense": values}))
