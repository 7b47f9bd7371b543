"""The exercises of What the network uses, right and wrong as learners answer them."""

import re

import keras
import numpy as np
import pytest
from asked import ALL, FUNCTIONS
from learner import written

from helpers.datasets import cat_photograph
from helpers.exercises.checking import OPEN, verdict
from helpers.exercises.lessons import what_the_network_uses as lesson
from helpers.extraction import layer_outputs
from helpers.networks import trained_cifar10_cnn

CHANNEL = FUNCTIONS["what_the_network_uses.remove_channel"]
DIRECTION = FUNCTIONS["what_the_network_uses.remove_direction"]
RIGHT = {
    "copied": """
        def f(maps, channel):
            changed = maps.copy()
            changed[..., channel] = 0
            return changed
        """,
    "multiplied": """
        def f(maps, channel):
            keep = np.ones(maps.shape[-1])
            keep[channel] = 0
            return maps * keep
        """,
    "where": """
        def f(maps, channel):
            return np.where(np.arange(maps.shape[-1]) == channel, 0, maps)
        """,
    "subtracted": """
        def f(maps, channel):
            only = np.zeros_like(maps)
            only[..., channel] = maps[..., channel]
            return maps - only
        """,
    "outer": """
        def f(outputs, direction):
            reach = outputs @ direction / (direction @ direction)
            return outputs - np.outer(reach, direction)
        """,
    "unit": """
        def f(outputs, direction):
            unit = direction / np.linalg.norm(direction)
            return outputs - (outputs @ unit)[:, np.newaxis] * unit
        """,
    "loop": """
        def f(outputs, direction):
            rows = []
            for row in outputs:
                reach = sum(a * b for a, b in zip(row, direction))
                rows.append(row - reach / sum(a * a for a in direction) * direction)
            return np.array(rows)
        """,
    "matrix": """
        def f(outputs, direction):
            away = np.outer(direction, direction) / (direction**2).sum()
            return outputs @ (np.eye(len(direction)) - away)
        """,
}
TAKES_MAPS = ["copied", "multiplied", "where", "subtracted"]
WRONG_CHANNEL = {
    "maps[..., channel] = 0; return maps": "It changes maps, which was given to it",
    "x[channel] = 0; return x": "A picture was removed",
    "x[:, channel % 2] = 0; return x": "It is right for maps of shape (2, 7)",
    "x[:, :, :, channel] = 0; return x": "It is right for maps, but not for units",
    "x[0, ..., channel] = 0; return x": "Only the first picture has lost its channel",
    "return x - x[..., [channel]]": "The channel was subtracted from all channels",
    "x[..., :channel] = 0; return x": "It was called with",
    "x[..., channel + 1 - x.shape[-1]] = 0; return x": "That is the channel after the",
    "x[..., channel - 1] = 0; return x": "That is the channel before the right one",
    "x[..., channel] = 1; return x": "The channel is 1 everywhere",
    "x[..., channel] = x[..., channel].mean(); return x": "The channel has become its mean",
    "x[..., channel] *= -1; return x": "The channel has the opposite sign",
    "return x": "Nothing was removed",
    "return 0 * x": "All channels were removed",
    "return np.delete(x, channel, axis=-1)": "The channel is gone from the array",
    "return x[..., channel]": "That is the channel alone",
    "return x * (np.arange(x.shape[-1]) == channel)": "This channel was kept",
    "x[..., channel] = 0": "It was called with",
}
WRONG_DIRECTION = {
    "outputs - np.outer(outputs @ d, d)": "It is right for a direction of length 1",
    "outputs - np.outer(outputs @ d, d) / np.linalg.norm(d)": "It was divided by",
    "np.outer(outputs @ d, d) / (d @ d)": "That is the part along the direction",
    "outputs + np.outer(outputs @ d, d) / (d @ d)": "The part along the direction was",
    "np.outer(outputs @ d, d) / (d @ d) - outputs": "The signs are reversed",
    "outputs - d": "The direction itself was subtracted",
    "outputs - (outputs @ d / (d @ d))[:, np.newaxis]": "How far a row reaches was",
    "outputs - np.outer(outputs @ d, d) / (d @ d) ** 2": "It was divided by the square",
    "outputs - d / np.linalg.norm(d)": "The direction was subtracted once",
    "outputs @ d": "These are the products with the direction",
    "outputs * (1 - d)": "Each number was multiplied by 1 minus",
    "outputs * (d == 0)": "The numbers where the direction is not 0 are all 0",
    "outputs - outputs @ d / (d @ d) * d": "It is right for",
}
SLIPS = {
    "unit_against": {
        "least": "That is the unit that cat needs most",
        "rise": "The unit is right; the second number is how much",
        "product": "That is the unit with the largest product",
        "output": "That is the unit with the largest output",
        "rival": "That is the unit without which the class that comes",
        "reverse": "The numbers are right, in reverse order",
        "unit": "That is one of the numbers alone",
    },
    "unseen_rows": {
        (0, 0, 0): "Pooling takes two rows at a time",
        (2, 2, 2): "2 is right for 32 rows",
        (4, 1, 2): "One too many of each",
        (30, 34, 34): "These are the rows that are seen",
        (4, 5, 5): "These are the rows of conv2d_2",
        (29, 33, 33): "These are the numbers of the last rows",
        (12, 16, 16): "These are the first rows of the last",
        (3, 4, 5): "That is right if 30 rows are seen at every size",
        (1, 0, 1): "That is the first pooling alone",
        (2, 0, 0): "That is the second pooling alone",
    },
}
# Below stand wrong heat maps, each before how its sentence begins.
HEAT_SLIPS = """
weighted.sum(axis=-1) -> This is before ReLU: the negative numbers
np.maximum(0, (maps * gradient.sum(axis=(0, 1))).sum(axis=-1))
    -> The gradients were added up; the weight of a channel
np.maximum(0, (maps * gradient).sum(axis=-1)) -> Each number was multiplied by its own
np.maximum(0, (maps * gradient).mean(axis=-1)) -> Each number was multiplied by its own
np.maximum(0, weighted).sum(axis=-1) -> This is channel 0 alone, times its weight. ReLU
maps[..., 0] * gradient[..., 0].mean()
    -> This is channel 0 alone, times its weight. ReLU
np.maximum(0, (maps * np.maximum(0, gradient.mean(axis=(0, 1)))).sum(axis=-1))
    -> This is channel 0 alone, times its weight. ReLU acts
np.maximum(0, (maps * gradient.mean(axis=-1, keepdims=True)).sum(axis=-1))
    -> The mean was taken over the channels, one for each
np.maximum(0, (maps * gradient.mean(axis=0)).sum(axis=-1))
    -> The mean was taken over the
np.maximum(0, (maps * gradient.mean(axis=1)).sum(axis=-1))
    -> The mean was taken over one
np.maximum(0, (maps * gradient.mean()).sum(axis=-1))
    -> Both channels got one weight, the
np.maximum(0, (maps * abs(gradient.mean(axis=(0, 1)))).sum(axis=-1))
    -> The second channel's weight has lost its minus.
np.maximum(0, (maps * gradient.mean(axis=(0, 1))[::-1]).sum(axis=-1))
    -> The channels' weights are exchanged.
np.maximum(0, (maps * gradient.max(axis=(0, 1))).sum(axis=-1))
    -> The weights are the largest gradients; take their
np.maximum(0, (maps * np.maximum(0, gradient).mean(axis=(0, 1))).sum(axis=-1))
    -> ReLU cut the gradient first; it acts at the end, on
np.maximum(0, -weighted.sum(axis=-1)) -> The signs are reversed: this is what
abs(weighted.sum(axis=-1)) -> The negative numbers have lost their minus; ReLU
np.maximum(0, weighted.mean(axis=-1)) -> The weighted maps of the channels are added up
np.maximum(0, weighted.sum(axis=0)) -> The rows were added up; add up the channels
np.maximum(0, weighted.sum()) -> Everything was added up; add up the channels alone
np.maximum(0, weighted.sum(axis=-1)).sum()
    -> The heat map was added up: return its four
np.maximum(0, weighted.sum(axis=-1)) / 5.25 -> It was divided by the largest number
np.maximum(0, weighted.sum(axis=-1)).T -> Rows and columns are swapped.
maps.sum(axis=-1) -> The channels were added up without their weights.
gradient.mean(axis=(0, 1)) -> These are the two channels' weights; multiply the
weighted -> These are the weighted maps of both channels; add
np.maximum(0, (gradient * maps.mean(axis=(0, 1))).sum(axis=-1))
    -> Maps and gradient are exchanged.
"""
HEAT_SLIPS = dict(
    line.split(" -> ") for line in re.sub(r"\n +", " ", HEAT_SLIPS).strip().splitlines()
)


@pytest.mark.parametrize("way", RIGHT)
def test_right_function_passes_in_every_style(way):
    exercise = CHANNEL if way in TAKES_MAPS else DIRECTION
    assert verdict(exercise, written(RIGHT[way])) == f"Right. {exercise.why}"


@pytest.mark.parametrize("lines", WRONG_CHANNEL)
def test_wrong_removal_of_a_channel_hears_what_is_wrong(lines):
    copied = "" if lines.startswith("maps") else "x = maps.copy(); "
    told = verdict(CHANNEL, written(f"def f(maps, channel): {copied}{lines}"))
    assert told.startswith(f"Not yet. {WRONG_CHANNEL[lines]}"), told


@pytest.mark.parametrize("line", WRONG_DIRECTION)
def test_wrong_removal_of_a_direction_hears_what_is_wrong(line):
    told = verdict(DIRECTION, written(f"f = lambda outputs, d: {line}"))
    assert told.startswith(f"Not yet. {WRONG_DIRECTION[line]}"), told


def test_stubs_are_open():
    assert verdict(CHANNEL, written("def f(maps, channel):\n    return ...")) == OPEN


@pytest.mark.parametrize("slip", SLIPS["unit_against"])
def test_wrong_unit_hears_what_it_is(slip):
    left = lesson.without_each_unit()
    cat, rival, whole = lesson.CAT, lesson.rival(), lesson.cat_outputs()
    units = {
        "least": left[:, cat].argmin(),
        "product": lesson.products().argmax(),
        "output": whole["dense"].argmax(),
        "rival": left[:, rival].argmax(),
    }
    best, highest = left[:, cat].argmax(), left[:, cat].max()
    others = {
        "rise": [best, highest - whole["dense_1"][0, cat]],
        "reverse": [highest, best],
        "unit": best,
    }
    answer = others.get(slip) or [units[slip], left[units[slip], cat]]
    told = verdict(ALL["what_the_network_uses.unit_against"], answer)
    assert told.startswith(f"Not yet. {SLIPS['unit_against'][slip]}"), told


@pytest.mark.parametrize("answer", SLIPS["unseen_rows"])
def test_wrong_count_of_rows_hears_what_it_is(answer):
    told = verdict(ALL["what_the_network_uses.unseen_rows"], list(answer))
    assert told.startswith(f"Not yet. {SLIPS['unseen_rows'][answer]}"), told


@pytest.mark.parametrize("answer", HEAT_SLIPS)
def test_wrong_heat_map_hears_what_it_is(answer):
    names = {
        "maps": lesson.MAPS,
        "gradient": lesson.GRADIENT,
        "weighted": lesson.WEIGHTED,
    }
    given = eval(answer, {"np": np, **names})
    told = verdict(ALL["what_the_network_uses.heat_map"], given)
    assert told.startswith(f"Not yet. {HEAT_SLIPS[answer]}"), told


def test_units_by_hand_are_those_of_the_network_that_runs_on():
    whole = lesson.cat_outputs()["dense"]
    copies = np.repeat(cat_photograph()[np.newaxis] / 255, 64, axis=0)
    found = layer_outputs(
        trained_cifar10_cnn(),
        copies,
        "dense_1",
        replace={"dense": whole * (1 - np.eye(64))},
    )
    np.testing.assert_allclose(found["dense_1"], lesson.without_each_unit(), atol=1e-5)


def test_unseen_rows_are_those_that_change_nothing():
    """The three convolutions of the network, on pictures of other sizes."""
    found = []
    for size in lesson.SIZES:
        x = keras.Input((size, 32, 3))
        y, model = x, trained_cifar10_cnn()
        for layer in model.layers[:5]:
            y = layer(y)
        maps = keras.Model(x, y)
        pictures = np.random.default_rng(0).random((1, size, 32, 3), dtype="float32")
        whole, unseen = maps(pictures).numpy(), 0
        while True:
            changed = pictures.copy()
            changed[:, size - unseen - 1 :] = 1 - changed[:, size - unseen - 1 :]
            if not np.allclose(maps(changed), whole, atol=1e-6):
                break
            unseen += 1
        found.append(unseen)
    assert verdict(ALL["what_the_network_uses.unseen_rows"], found).startswith("Right.")
