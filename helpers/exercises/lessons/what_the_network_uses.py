"""Exercises and guesses of the lesson What the network uses."""

from functools import cache

import numpy as np

from ... import by_hand
from ...datasets import drawn_pictures
from ...extraction import layer_outputs
from ...heat_maps import grad_cam
from ...probes import probe
from ..exercise import Exercise
from ..functions import FunctionExercise
from ..shared import cat_outputs, network

EXERCISES, GUESSES = {}, {}

CAT = 3
# In these numbers each slip that is likely leads to an answer of its own.
MAPS = np.stack([[[2, 0], [3, 2]], [[3, 3], [0, 2]]], axis=-1)
GRADIENT = np.stack([[[3, 3], [3, -2]], [[-3, 3], [-3, 0]]], axis=-1)
WEIGHTED = MAPS * GRADIENT.mean(axis=(0, 1))


def with_zeros_at(*place):
    """Return a function that sets a part of the maps to 0; ``"channel"`` is filled in."""

    def remove(maps, channel):
        changed = maps.copy()
        changed[tuple(channel if one == "channel" else one for one in place)] = 0
        return changed

    return remove


def beside(places):
    """Return a function that removes a different channel, so many places further on."""
    return lambda maps, channel: remove_channel(
        maps, (channel + places) % maps.shape[-1]
    )


def remove_channel(maps, channel):
    """Return a copy of the maps, one channel of all pictures set to 0."""
    return np.where(np.arange(maps.shape[-1]) == channel, 0, maps)


def only_channel(maps, channel):
    """Return a copy of the maps in which all other channels are 0."""
    return np.where(np.arange(maps.shape[-1]) == channel, maps, 0)


def with_in_its_place(new):
    """Return a function that puts something other than 0 into the channel."""

    def change(maps, channel):
        changed = maps.copy()
        changed[..., channel] = new(changed[..., channel])
        return changed

    return change


def maps_cases():
    """Return maps of several sizes and a channel; two are outputs of units."""
    random = np.random.default_rng(0)
    sizes = [(2, 3, 3, 4), (1, 4, 5, 3), (3, 2, 2, 6), (4, 5), (2, 7)]
    cases = [
        (random.normal(size=size).round(2), channel)
        for size, channel in zip(sizes, (1, 2, 4, 3, 0))
    ]
    return [*cases, (random.integers(1, 9, (2, 3, 4, 5)), 3)]


EXERCISES["remove_channel"] = FunctionExercise(
    remove_channel,
    "One channel of every picture is 0. The others have not changed, nor has the array "
    "that the function was given.",
    lambda maps, channel: maps.copy(),
    "Nothing was removed: these are the maps as they were.",
    with_zeros_at("channel"),
    "A picture was removed: `maps[channel]` is picture number `channel`. Channels are on "
    "the last axis.",
    with_zeros_at(slice(None), "channel"),
    "A part of the second axis was set to 0; in maps, these are rows. Channels are on the "
    "last axis.",
    with_zeros_at(slice(None), slice(None), "channel"),
    "Columns were set to 0: channels are on the last axis.",
    with_zeros_at(slice(None), slice(None), slice(None), "channel"),
    "It is right for maps, but not for units, which have no rows and columns: "
    "`[..., channel]` works for both.",
    with_zeros_at(0, ..., "channel"),
    "Only the first picture has lost its channel; the others still have it.",
    lambda maps, channel: np.where(np.arange(maps.shape[-1]) <= channel, 0, maps),
    "The channels before this one were removed too.",
    beside(1),
    "That is the channel after the right one: they count from 0.",
    beside(-1),
    "That is the channel before the right one: they count from 0.",
    only_channel,
    "This channel was kept, and all the others were removed.",
    with_in_its_place(lambda one: 1),
    "The channel is 1 everywhere, which still adds to sums; let it be 0.",
    with_in_its_place(np.mean),
    "The channel has become its mean, which the next layers still use; let it be 0.",
    with_in_its_place(np.negative),
    "The channel has the opposite sign; let it be 0.",
    lambda maps, channel: np.delete(maps, channel, axis=-1),
    "The channel is gone from the array, and the next layer expects all of them: put 0 "
    "in its place.",
    lambda maps, channel: maps - maps[..., [channel]],
    "The channel was subtracted from all channels; set it to 0, and leave the others.",
    lambda maps, channel: maps[..., channel],
    "That is the channel alone; return all channels, with this one set to 0.",
    lambda maps, channel: np.zeros(maps.shape),
    "All channels were removed.",
    cases=maps_cases,
)


def rival():
    """Return the class that comes second for the cat."""
    return np.delete(np.arange(10), CAT)[
        np.delete(cat_outputs()["dense_1"][0], CAT).argmax()
    ]


@cache
def last_weights():
    """Return kernel and bias of the layer that outputs the classes."""
    return network().get_layer("dense_1").get_weights()


@cache
def without_each_unit():
    """Return the probabilities for the cat, a row for each unit of ``dense`` set to 0."""
    kernel, bias = last_weights()
    left = cat_outputs()["dense"] * (1 - np.eye(64))
    return by_hand.softmax(left @ kernel + bias)


def unit_and_rest(choose, numbers=None, of=CAT):
    """Return a unit, and the probability of a class without it."""
    left = without_each_unit()
    unit = choose(left[:, CAT] if numbers is None else numbers)
    return [unit, left[unit, of]]


def products(of=CAT):
    """Return what each unit of ``dense`` adds to the sum of a class, for the cat."""
    return cat_outputs()["dense"][0] * last_weights()[0][:, of]


EXERCISES["unit_against"] = Exercise(
    lambda: unit_and_rest(np.argmax),
    "This unit lowers cat's score a little and raises deer's a lot. Softmax compares "
    "the scores, so both work against cat.",
    lambda: unit_and_rest(np.argmin),
    "That is the unit that cat needs most; look for the one that works against cat.",
    lambda: [
        without_each_unit()[:, CAT].argmax(),
        without_each_unit()[:, CAT].max() - cat_outputs()["dense_1"][0, CAT],
    ],
    "The unit is right; the second number is how much cat rises. Write what it rises to.",
    lambda: unit_and_rest(np.argmax, of=rival()),
    "The unit is right; the second number is the probability of a different class.",
    lambda: unit_and_rest(np.argmax, cat_outputs()["dense"][0]),
    "That is the unit with the largest output; look at what is left without each.",
    lambda: unit_and_rest(np.argmax, products()),
    "That is the unit with the largest product for cat; look at what is left without "
    "each.",
    lambda: unit_and_rest(np.argmax, without_each_unit()[:, rival()]),
    "That is the unit without which the class that comes second rises most; look at cat.",
    lambda: [
        without_each_unit()[:, CAT].argmax(),
        cat_outputs()["dense_1"][0, CAT],
    ],
    "The unit is right; the second number is cat's probability with all units.",
)


def projection(outputs, direction):
    """Return each row's part along a direction."""
    return np.outer(outputs @ direction, direction) / (direction @ direction)


def direction_cases():
    """Return outputs and a direction, of several sizes; one direction has length 1."""
    random = np.random.default_rng(1)
    cases = [
        (random.normal(size=size), random.normal(size=size[1]) * 3)
        for size in ((4, 3), (2, 5), (6, 2), (1, 4))
    ]
    whole = random.integers(-5, 9, (3, 4)), random.integers(1, 9, 4)
    return [*cases, (random.normal(size=(3, 3)), np.array([0.6, 0.0, 0.8])), whole]


EXERCISES["remove_direction"] = FunctionExercise(
    lambda outputs, direction: outputs - projection(outputs, direction),
    "What is left has no part along the direction: each row's product with it is 0, "
    "whatever its length.",
    lambda outputs, direction: outputs - np.outer(outputs @ direction, direction),
    "It is right for a direction of length 1. Divide by its length first, or by the "
    "square of it, `direction @ direction`.",
    lambda outputs, direction: (
        outputs - np.outer(outputs @ direction, direction) / np.linalg.norm(direction)
    ),
    "It was divided by the length once. The direction is a factor twice, so divide by the "
    "square of its length.",
    projection,
    "That is the part along the direction; subtract it from the outputs.",
    lambda outputs, direction: outputs + projection(outputs, direction),
    "The part along the direction was added; subtract it.",
    lambda outputs, direction: outputs - 2 * projection(outputs, direction),
    "The part along the direction was subtracted twice.",
    lambda outputs, direction: projection(outputs, direction) - outputs,
    "The signs are reversed: it is outputs minus the part along the direction.",
    lambda outputs, direction: outputs - direction,
    "The direction itself was subtracted, the same from each row; how much of it a row "
    "has is `outputs @ direction`.",
    lambda outputs, direction: outputs - direction / np.linalg.norm(direction),
    "The direction was subtracted once from each row; how much of it a row has differs "
    "from row to row.",
    lambda outputs, direction: outputs @ direction,
    "These are the products with the direction, one for each row; return the outputs "
    "without it.",
    lambda outputs, direction: (
        outputs - (outputs @ direction / (direction @ direction))[:, np.newaxis]
    ),
    "How far a row reaches was subtracted from each of its numbers; subtract the "
    "direction that many times.",
    lambda outputs, direction: (
        outputs - projection(outputs, direction) / (direction @ direction)
    ),
    "It was divided by the square of the direction's length twice; once is enough.",
    lambda outputs, direction: outputs * (1 - direction),
    "Each number was multiplied by 1 minus the direction's; a direction is removed from "
    "a row as a whole.",
    lambda outputs, direction: outputs * (direction == 0),
    "The numbers where the direction is not 0 are all 0 now; remove only the part along "
    "it.",
    lambda outputs, direction: (
        outputs - projection(outputs - outputs.mean(axis=0), direction)
    ),
    "The mean of the rows was subtracted first; take the outputs as they are.",
    cases=direction_cases,
)


def heat(weights, maps=MAPS):
    """Return ReLU of the sum of the channels, each times its weights."""
    return np.maximum(0, (maps * weights).sum(axis=-1))


EXERCISES["heat_map"] = Exercise(
    lambda: heat(GRADIENT.mean(axis=(0, 1))),
    "The second channel's mean gradient is negative: where this channel is large, it "
    "lowers the weighted sum.",
    lambda: WEIGHTED.sum(axis=-1),
    "This is before ReLU: the negative numbers are still there.",
    lambda: heat(GRADIENT.sum(axis=(0, 1))),
    "The gradients were added up; the weight of a channel is their mean.",
    lambda: heat(GRADIENT),
    "Each number was multiplied by its own gradient; a channel has one weight, the mean.",
    lambda: heat(GRADIENT) / 2,
    "Each number was multiplied by its own gradient, and the mean taken over the channels; "
    "a channel has one weight, the mean of its gradient, and the channels are added up.",
    lambda: np.maximum(0, WEIGHTED).sum(axis=-1),
    "This is channel 0 alone, times its weight. ReLU acts on the sum of the channels, not "
    "on each of them or on the weights.",
    lambda: heat(GRADIENT.mean(axis=-1, keepdims=True)),
    "The mean was taken over the channels, one for each place; take it over the places, "
    "`axis=(0, 1)`, one for each channel.",
    lambda: heat(GRADIENT.mean(axis=0)),
    "The mean was taken over the rows alone; take it over rows and columns, "
    "`axis=(0, 1)`.",
    lambda: heat(GRADIENT.mean(axis=1)),
    "The mean was taken over one axis alone; take it over rows and columns, "
    "`axis=(0, 1)`.",
    lambda: heat(GRADIENT.mean()),
    "Both channels got one weight, the mean of all eight; each has its own.",
    lambda: heat(abs(GRADIENT.mean(axis=(0, 1)))),
    "The second channel's weight has lost its minus.",
    lambda: heat(GRADIENT.mean(axis=(0, 1))[::-1]),
    "The channels' weights are exchanged.",
    lambda: heat(GRADIENT.max(axis=(0, 1))),
    "The weights are the largest gradients; take their means.",
    lambda: heat(np.maximum(0, GRADIENT).mean(axis=(0, 1))),
    "ReLU cut the gradient first; it acts at the end, on the sum of the channels.",
    lambda: heat(-GRADIENT.mean(axis=(0, 1))),
    "The signs are reversed: this is what lowers the score.",
    lambda: abs(WEIGHTED.sum(axis=-1)),
    "The negative numbers have lost their minus; ReLU makes them 0.",
    lambda: WEIGHTED.sum(axis=0),
    "The first axis, the rows, was added up; add up the channels, `axis=-1`.",
    lambda: np.maximum(0, WEIGHTED.sum(axis=0)),
    "The rows were added up; add up the channels, `axis=-1`.",
    lambda: WEIGHTED.sum(),
    "Everything was added up; add up the channels alone, `axis=-1`.",
    lambda: heat(GRADIENT.mean(axis=(0, 1))).sum(),
    "The heat map was added up: return its four numbers.",
    lambda: heat(GRADIENT.mean(axis=(0, 1))) / WEIGHTED.sum(axis=-1).max(),
    "It was divided by the largest number; that is needed only to show it as a picture.",
    lambda: MAPS.sum(axis=-1),
    "The channels were added up without their weights.",
    lambda: np.maximum(0, WEIGHTED.mean(axis=-1)),
    "The weighted maps of the channels are added up; this is their mean.",
    lambda: heat(GRADIENT, MAPS.mean(axis=(0, 1))),
    "Maps and gradient are exchanged.",
    lambda: GRADIENT.mean(axis=(0, 1)),
    "These are the two channels' weights; multiply the maps by them and add up.",
    lambda: WEIGHTED,
    "These are the weighted maps of both channels; add them up.",
)


def rows_left(size):
    """Return how many rows conv2d_2 has for a picture of so many rows."""
    return ((size - 2) // 2 - 2) // 2 - 2


def unseen(size, field=18, stride=4):
    """Return how many rows at the end of a picture no place of conv2d_2 looks at."""
    return size - (stride * (rows_left(size) - 1) + field)


SIZES = [33, 34, 35]

EXERCISES["unseen_rows"] = Exercise(
    lambda: [unseen(size) for size in SIZES],
    "Pooling leaves out the last row where it gets an odd number of them: in both layers "
    "for 33, in none for 34, in the first for 35.",
    lambda: [0, 0, 0],
    "Pooling takes two rows at a time, and leaves out the last one if their number is odd.",
    lambda: [2, 2, 2],
    "2 is right for 32 rows; count again for each size.",
    lambda: [unseen(size) + 1 for size in SIZES],
    "One too many of each: the last field ends at its first row + 17.",
    lambda: [size - unseen(size) for size in SIZES],
    "These are the rows that are seen; count those that are not.",
    lambda: [rows_left(size) for size in SIZES],
    "These are the rows of conv2d_2; count where the field of the last one ends.",
    lambda: [4 * (rows_left(size) - 1) + 17 for size in SIZES],
    "These are the numbers of the last rows that are seen; count the rows after them.",
    lambda: [4 * (rows_left(size) - 1) for size in SIZES],
    "These are the first rows of the last fields; each field has 18 rows.",
    lambda: [size - 30 for size in SIZES],
    "That is right if 30 rows are seen at every size; a larger picture may have one more "
    "row in conv2d_2, which looks at 4 more.",
    lambda: [1, 0, 1],
    "That is the first pooling alone; the second one also leaves out a row, two pixels.",
    lambda: [2, 0, 0],
    "That is the second pooling alone; the first one also leaves out a row.",
)


# Guesses ------------------------------------------------------------------------------


@cache
def some_pictures():
    """Return 600 drawn pictures, from 0 to 1, and two layers' outputs for them."""
    pictures, _ = drawn_pictures(600, seed=1, part="test")
    pictures = pictures / np.float32(255)
    names = ["dense", "dense_1"]
    return pictures, layer_outputs(network(), pictures, names, batch_size=600)


def largest_product_decides():
    """Return whether cat falls most without the unit of its largest product."""
    same = products().argmax() == without_each_unit()[:, CAT].argmin()
    return "yes" if same else "no"


def part_that_tells_more():
    """Return from which part of ``dense`` a probe reads the brightness better."""
    pictures, outputs = some_pictures()
    brightness, hidden = pictures.mean(axis=(1, 2, 3)), outputs["dense"]
    seen, _ = np.linalg.qr(last_weights()[0])
    used, found = hidden @ seen @ seen.T, {}
    for name, part in {"used": used, "rest": hidden - used}.items():
        read = probe(part[:400], brightness[:400]).scores(part[400:])
        found[name] = np.corrcoef(read, brightness[400:])[0, 1]
    return max(found, key=found.get)


def hottest_costs_most():
    """Return whether the hottest place of Grad-CAM is mostly the one that counts most."""
    pictures, outputs = some_pictures()
    pictures, predicted = pictures[:100], outputs["dense_1"][:100].argmax(axis=1)
    maps = layer_outputs(network(), pictures, "conv2d_2")["conv2d_2"]
    (kernel, bias), hidden = last_weights(), network().get_layer("dense")
    places = maps[:, np.newaxis] * (1 - np.eye(16)).reshape(1, 16, 4, 4, 1)
    left = by_hand.dense(places.reshape(1600, 1024), *hidden.get_weights())
    sums = (by_hand.relu(left) @ kernel + bias).reshape(100, 16, 10)
    costs = sums[np.arange(100), :, predicted].argmin(axis=1)
    heats = grad_cam(network(), pictures, "conv2d_2", predicted).reshape(100, 16)
    return "most" if (heats.argmax(axis=1) == costs).mean() > 0.5 else "few"


def border_counts():
    """Return whether a prediction changes with the last two rows and columns."""
    pictures, outputs = some_pictures()
    changed = pictures[:50].copy()
    changed[:, 30:], changed[:, :, 30:] = 0, 1
    found = layer_outputs(network(), changed, "dense_1")["dense_1"]
    return "no" if np.allclose(found, outputs["dense_1"][:50], atol=1e-5) else "yes"


GUESSES["A"] = Exercise(
    largest_product_decides,
    "A product counts only against the same unit's products for the other classes: "
    "softmax compares sums. A unit that adds much to cat and as much to another class "
    "decides nothing between them.",
    yes="The product says how much the unit adds to cat's own sum, and not what it adds to "
    "the others.",
)

GUESSES["B"] = Exercise(
    part_that_tells_more,
    "54 of the 64 directions are in the rest, and they tell about the brightness too. The "
    "last layer gets nothing from them.",
    used="It tells about the brightness too, but it has 10 directions and the rest has 54.",
)

GUESSES["C"] = Exercise(
    hottest_costs_most,
    "A channel's weight in Grad-CAM is a mean over all places, but the Dense layer after "
    "these maps has weights for each place. Gradient × map keeps them apart.",
    most="That would be so if the next layer took the mean of each map, as in many "
    "networks.",
)

GUESSES["D"] = Exercise(
    border_counts,
    "No receptive field reaches these rows and columns: pooling leaves them out.",
    yes="They are pixels like any others, but no number of the last maps depends on them.",
)
