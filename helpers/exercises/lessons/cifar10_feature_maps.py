"""Exercises, predictions and quiz of the lesson CIFAR-10 feature maps."""

from functools import cache

import numpy as np

from ...extraction import layer_outputs
from ...networks import cifar10_cnn, trained_cifar10_cnn
from ...statistics import dead_channels
from ..exercise import Exercise, Question
from ..shared import cat_outputs

EXERCISES = {}


def number_dead(maps):
    """Count the channels that are zero at every position."""
    return len(dead_channels(maps))


EXERCISES["count"] = Exercise(
    right=lambda: cat_outputs()["max_pooling2d_1"].size,
    why="6 rows times 6 columns times 64 channels.",
    mistakes={
        "That is 16 channels, as many as the grid shows; the layer has more.": (
            lambda: cat_outputs()["max_pooling2d_1"][..., :16].size
        ),
        "That is the number of channels; each is a map of several numbers.": (
            lambda: cat_outputs()["max_pooling2d_1"].shape[-1]
        ),
        "That is one map; there is one for each channel.": (
            lambda: cat_outputs()["max_pooling2d_1"][0, :, :, 0].size
        ),
        "That is max_pooling2d, the first pooling.": (
            lambda: cat_outputs()["max_pooling2d"].size
        ),
        "That is conv2d_1, one layer earlier.": lambda: cat_outputs()["conv2d_1"].size,
        "That is conv2d_2, one layer later.": lambda: cat_outputs()["conv2d_2"].size,
        "That is the number of its weights; count its outputs.": (
            lambda: cifar10_cnn().get_layer("max_pooling2d_1").count_params()
        ),
    },
)

EXERCISES["one_channel"] = Exercise(
    right=lambda: cat_outputs()["max_pooling2d"][0, :, :, 5],
    why="One picture, all rows, all columns, one channel.",
    mistakes={
        "The network got raw pixels from 0 to 255; it was trained on pixels / 255.": (
            lambda: cat_outputs(raw=True)["max_pooling2d"][0, :, :, 5]
        ),
        "This is conv2d, the layer before pooling.": (
            lambda: cat_outputs()["conv2d"][0, :, :, 5]
        ),
        "This comes from the untrained network.": (
            lambda: cat_outputs(trained=False)["max_pooling2d"][0, :, :, 5]
        ),
        "Rows and columns are swapped.": (
            lambda: cat_outputs()["max_pooling2d"][0, :, :, 5].T
        ),
        "This is channel 4. Counting starts at 0: channel 5 has the index 5.": (
            lambda: cat_outputs()["max_pooling2d"][0, :, :, 4]
        ),
        "This comes from the untrained network, and from raw pixels.": (
            lambda: cat_outputs(trained=False, raw=True)["max_pooling2d"][0, :, :, 5]
        ),
        "The batch axis is still there: index the picture with 0.": (
            lambda: cat_outputs()["max_pooling2d"][..., 5]
        ),
        "This is row 5 of every map; the channel is the last axis.": (
            lambda: cat_outputs()["max_pooling2d"][0, 5]
        ),
    },
)

EXERCISES["dead_maps"] = Exercise(
    right=lambda: number_dead(cat_outputs()["conv2d_2"]),
    why="ReLU has cut everything these channels computed for this picture.",
    mistakes={
        "That is the untrained network.": (
            lambda: number_dead(cat_outputs(trained=False)["conv2d_2"])
        ),
        "That is with raw pixels from 0 to 255.": (
            lambda: number_dead(cat_outputs(raw=True)["conv2d_2"])
        ),
        "That counts the numbers that are zero; a map is dead when all of its numbers "
        "are.": (lambda: (cat_outputs()["conv2d_2"] == 0).sum()),
        "That counts the maps with any zero; a map is dead when all of its numbers are.": (
            lambda: (cat_outputs()["conv2d_2"] == 0).any(axis=(0, 1, 2)).sum()
        ),
        "That counts the maps that are not dead.": (
            lambda: 64 - number_dead(cat_outputs()["conv2d_2"])
        ),
        "That counts among the first 16 maps alone.": (
            lambda: number_dead(cat_outputs()["conv2d_2"][..., :16])
        ),
        "That is the untrained network's count among the first 16 maps.": (
            lambda: number_dead(cat_outputs(trained=False)["conv2d_2"][..., :16])
        ),
    },
)


def brightness(maps=None, row=3, column=1, count=14, low=None, high=None, order=(0, 1)):
    """Return how bright a value of channel 13 is, on its own scale and on a shared one."""
    maps = cat_outputs()["conv2d_2"][0] if maps is None else maps
    pair = []
    for scale in (maps[:, :, 13], maps[:, :, :count]):
        lowest = scale.min() if low is None else low
        highest = scale.max() if high is None else high
        pair.append((maps[row, column, 13] - lowest) / (highest - lowest))
    return [pair[i] for i in order]


EXERCISES["brightness"] = Exercise(
    right=brightness,
    why="The value is the same; the scale decides how bright it looks.",
    mistakes={
        "The order is the other one: first a scale for each map, then one for all.": (
            lambda: brightness(order=(1, 0))
        ),
        "The smallest number of the map is black, and it is not 0 in this map.": (
            lambda: brightness(low=0)
        ),
        "That is the number itself, twice; a grid shows where it lies on a scale.": (
            lambda: brightness(low=0, high=1)
        ),
        "Row and column are swapped: row 3, column 1.": (
            lambda: brightness(row=1, column=3)
        ),
        "Both are on the map's own scale; the second scale is that of all 14 maps.": (
            lambda: brightness(order=(0, 0))
        ),
        "The second scale is that of the 14 maps drawn, without the others of the 64.": (
            lambda: brightness(count=64)
        ),
        "The network got raw pixels from 0 to 255; it was trained on pixels / 255.": (
            lambda: brightness(cat_outputs(raw=True)["conv2d_2"][0])
        ),
        "This comes from the untrained network.": (
            lambda: brightness(cat_outputs(trained=False)["conv2d_2"][0])
        ),
    },
)


@cache
def edge_answers(trained=True, bright=0.8, dark=0.2, scale=1, reduce=np.max):
    """Return one number for each channel of ``conv2d``, for both edges."""
    vertical = np.full((32, 32, 3), bright)
    vertical[:, 16:] = dark
    edges = np.stack([vertical, vertical.swapaxes(0, 1)]) * scale
    network = trained_cifar10_cnn() if trained else cifar10_cnn()
    return reduce(layer_outputs(network, edges, "conv2d")["conv2d"], axis=(1, 2))


def answers_most(numbers=None, by=0, rank=0, order=(0, 1, 2), first=0):
    """Return a channel chosen by one of the two pictures, and its number for both."""
    numbers = edge_answers() if numbers is None else numbers
    channel = np.argsort(-numbers[by])[rank]
    found = [channel + first, *numbers[:2, channel]]
    return [found[i] for i in order]


def strongest_for_the_cat():
    """Return the channel that answers most to the cat, and what it says to the edges."""
    cat = cat_outputs()["conv2d"].max(axis=(1, 2))
    return answers_most(np.concatenate([edge_answers(), cat]), by=2)


EXERCISES["edge_channel"] = Exercise(
    right=answers_most,
    why="Bright on the left, dark on the right is what this filter weighs; where up and "
    "down differ, its sums almost cancel.",
    mistakes={
        "This channel answers most to the horizontal edge; the question starts from the "
        "vertical one.": lambda: answers_most(by=1),
        "This channel answers to the vertical edge, too, but another one answers more.": (
            lambda: answers_most(rank=1)
        ),
        "This channel answers most to the cat; choose the picture of the vertical edge.": (
            strongest_for_the_cat
        ),
        "This comes from the untrained network.": (
            lambda: answers_most(edge_answers(trained=False))
        ),
        "The edge is the other way round: it is bright on the left.": (
            lambda: answers_most(edge_answers(bright=0.2, dark=0.8))
        ),
        "The edges have pixels from 0 to 1 already; they were divided by 255 once more.": (
            lambda: answers_most(edge_answers(scale=1 / 255))
        ),
        "These are means; the question is about the largest values.": (
            lambda: answers_most(edge_answers(reduce=np.mean))
        ),
        "The order is the vertical edge first, then the horizontal one.": (
            lambda: answers_most(order=(0, 2, 1))
        ),
        "This counts from 1; channels are counted from 0.": (
            lambda: answers_most(first=1)
        ),
        "The channel is right. Give its two values as well.": (
            lambda: answers_most(order=(0,))[0]
        ),
    },
)

PREDICTIONS = {}

PREDICTIONS["A"] = Exercise(
    right=lambda: "no",
    why="Each map has 4 rows and 4 columns: 16 numbers are too few for a cat.",
    mistakes={
        "The grid draws the maps as large as the picture, but they are not as fine.": (
            lambda: "yes"
        ),
    },
)

PREDICTIONS["B"] = Exercise(
    right=lambda: "yes",
    why="These maps have 30 rows and 30 columns, and even random filters keep edges and "
    "bright areas in place. Some maps hold no more than a few bright dots.",
    mistakes={
        "A filter without training still answers to what its patch shows, and each patch "
        "answers at its own place.": lambda: "no",
    },
)


def shrinks(times=1):
    """Return how many times smaller raw pixels' maps get if the pixels are / 255."""
    raw, scaled = (cat_outputs(False, raw)["conv2d_2"].max() for raw in (True, False))
    return (raw / scaled) ** times


PREDICTIONS["C"] = Exercise(
    right=shrinks,
    why="Sums without biases shrink as their inputs do, ReLU and pooling pass the factor "
    "on, and each layer hands it to the next.",
    mistakes={
        "No layer brings its outputs back to a size of its own.": lambda: 1,
        "Three layers hand the factor on; they do not each add one.": (
            lambda: shrinks(times=3)
        ),
        "The factor is not shared out among the three layers.": (
            lambda: shrinks(times=1 / 3)
        ),
    },
)

PREDICTIONS["D"] = Exercise(
    right=lambda: "no",
    why="Keras counts the layers of one kind in a session, whatever network they are in.",
    mistakes={
        "The count belongs to the session and not to the network.": lambda: "yes",
    },
)


def still_dead():
    """Say how many of the first 16 channels dead before training are dead after it."""
    before, after = (
        set(dead_channels(cat_outputs(trained)["conv2d_2"][..., :16]).tolist())
        for trained in (False, True)
    )
    if before <= after:
        return "all"
    return "some" if before & after else "none"


PREDICTIONS["E"] = Exercise(
    right=still_dead,
    why="Training changes every kernel: some channels have come to life, some are dead "
    "still, and some have died.",
    mistakes={
        "A channel's random weights are where training begins and not where it ends.": (
            lambda: "all"
        ),
        "Training makes the loss smaller; it does not ask each channel to answer to "
        "each picture.": lambda: "none",
    },
)

QUIZ = [
    Question(
        "In a grid where each map has its own scale, 16 maps have a white spot. What do "
        "you know?",
        right="Each map's largest value is drawn white.",
        why="That is so for every map that is not dead, and says nothing about how large "
        "the value is.",
        wrong={
            "Each filter answers strongly to the picture.": "A map whose largest value "
            "is 0.001 has a white spot as well.",
            "Each map has the same largest value.": "They all look the same because each "
            "is stretched by itself.",
            "Each filter finds the same thing in it.": "White says where a filter "
            "answers most, not what it answers to.",
        },
    ),
    Question(
        "The maps of `conv2d_2` look like a few blocks. What would show the cat in this "
        "layer?",
        right="Nothing: a map holds 16 numbers, however it is drawn.",
        why="What a layer does not give out no drawing can bring back; look at an earlier "
        "layer.",
        wrong={
            "A larger figure: it has more dots for each inch.": "It makes the 16 blocks "
            "larger and adds no number to them.",
            "Colours in place of grey: they hide less.": "Colours tell numbers apart "
            "better, but there are only 16 of them.",
            "Training: a trained network has finer maps.": "Training changes the numbers "
            "in a map and not how many there are.",
        },
    ),
    Question(
        "A trained network has biases that are not 0. You feed it raw pixels in place of "
        "`pixels / 255`. What do its maps look like?",
        right="Different: products grow 255 times, biases do not.",
        why="So ReLU cuts at other places, and the grid is another one, as the prediction "
        "is.",
        wrong={
            "The same, if each map has a scale of its own.": "That was so in slip 4, since "
            "there all biases were 0.",
            "The same, since Keras divides pixels by 255.": "Keras multiplies what it "
            "gets; dividing is up to you.",
            "There are none: Keras refuses numbers above 1.": "Keras takes any number and "
            "says nothing: that is the trouble.",
        },
    ),
    Question(
        "You make a sub-model that ends at `conv2d_2` and train the network afterwards. "
        "What does the sub-model give out then?",
        right="What the trained layers give out: it shares them.",
        why="A sub-model is another way through the same layers; nothing is copied.",
        wrong={
            "What it gave before: its layers are a copy.": "No weight is copied when a "
            "sub-model is made.",
            "An error: it has to be compiled before use.": "Compiling is for training; "
            "`predict` works without it.",
            "Random numbers: it was never trained itself.": "It has no weights of its "
            "own that would need training.",
        },
    ),
    Question(
        "A trained network's channel is dead for one picture. What follows?",
        right="For this picture none of its sums is above 0.",
        why="More is not known: another picture may have what the filter looks for.",
        wrong={
            "Its weights are 0, so it gives 0 everywhere.": "Weights of any size give a "
            "negative sum for some patches, and ReLU cuts it.",
            "It is of no use and can be taken out.": "One picture cannot tell that; it "
            "may answer to the next one.",
            "The picture is black where the filter looks.": "A filter looks everywhere, "
            "and bright patches can give negative sums.",
        },
    ),
]
