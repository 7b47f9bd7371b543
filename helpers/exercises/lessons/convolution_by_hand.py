"""Exercises, predictions and quiz of the lesson Convolution by hand."""

from functools import cache

import keras
import numpy as np
from keras.layers import MaxPooling2D

from ... import by_hand
from ...datasets import cat_photograph
from ...networks import cifar10_cnn, trained_cifar10_cnn
from ..exercise import Exercise, Question
from ..shared import cat_outputs

EXERCISES = {}

EDGE = np.array([[-1, 0, 1]] * 3)
BRIGHT_LEFT = np.array([[9, 9, 9, 0, 0, 0]] * 5)
TO_POOL = np.array([[1, 5, 2, 0, 7], [3, 4, 8, 6, 9]])

EXERCISES["turned_edge"] = Exercise(
    right=lambda: (BRIGHT_LEFT[0:3, 1:4] * EDGE).sum(),
    why="Bright times -1, dark times 1: an edge the other way round is negative.",
    mistakes={
        "Right size, wrong sign: the left column of the patch counts -1.": (
            lambda: -(BRIGHT_LEFT[0:3, 1:4] * EDGE).sum()
        ),
        "ReLU is not applied here; the sum may be negative.": (
            lambda: by_hand.relu((BRIGHT_LEFT[0:3, 1:4] * EDGE).sum())
        ),
        "This is one row of the patch; all three rows go into the sum.": (
            lambda: (BRIGHT_LEFT[0, 1:4] * EDGE[0]).sum()
        ),
        "This is the sum of the patch without the kernel.": (
            lambda: BRIGHT_LEFT[0:3, 1:4].sum()
        ),
    },
)


@cache
def two_values(row, column, filters=(10, 0), bias=1, scale=255, relu=True, turn=1):
    """Compute one value each of two maps of ``conv2d`` for the cat photograph."""
    kernel, biases = trained_cifar10_cnn().get_layer("conv2d").get_weights()
    patch = cat_photograph()[row : row + 3, column : column + 3, :, np.newaxis] / scale
    sums = (patch[::turn, ::turn] * kernel).sum(axis=(0, 1, 2)) + bias * biases
    return (by_hand.relu(sums) if relu else sums)[list(filters)]


EXERCISES["two_filters"] = Exercise(
    right=lambda: two_values(20, 5),
    why="27 products and a bias each, and what is left of them after ReLU.",
    mistakes={
        "This is before ReLU: a negative value is still there.": (
            lambda: two_values(20, 5, relu=False)
        ),
        "The bias is missing.": lambda: two_values(20, 5, bias=0),
        "These are raw pixels from 0 to 255; the network wants pixels / 255.": (
            lambda: two_values(20, 5, scale=1)
        ),
        "The patch starts one row and one column too early: value (20, 5) looks at "
        "rows 20 to 22 and columns 5 to 7.": lambda: two_values(19, 4),
        "Rows and columns are swapped.": lambda: two_values(5, 20),
        "The order is filter 10, then filter 0.": lambda: two_values(20, 5, (0, 10)),
        "The patch is turned; Keras multiplies it as it is.": (
            lambda: two_values(20, 5, turn=-1)
        ),
    },
)

EXERCISES["average_pooling"] = Exercise(
    right=lambda: by_hand.average_pool2d(TO_POOL.reshape(1, 2, 5, 1))[0, 0, :, 0],
    why="The mean of four numbers each; the fifth column is dropped here as well.",
    mistakes={
        "These are the largest numbers: that is max pooling.": (
            lambda: by_hand.max_pool2d(TO_POOL.reshape(1, 2, 5, 1))[0, 0, :, 0]
        ),
        "These are the sums; divide each by 4.": (
            lambda: TO_POOL[:, :4].reshape(2, 2, 2).sum(axis=(0, 2))
        ),
        "These are the means of columns; a square has two of them.": (
            lambda: TO_POOL.mean(axis=0)
        ),
        "These are the means of the two rows; a square has 2 rows and 2 columns.": (
            lambda: TO_POOL.mean(axis=1)
        ),
        "The last column is left over and dropped: there are two squares.": (
            lambda: [TO_POOL[:, i : i + 2].mean() for i in (0, 2, 4)]
        ),
    },
)


def sizes(start, shrink=2, pool=lambda size: size // 2):
    """Return the five sizes of the CIFAR-10 network's maps for a picture's size."""
    first = start - shrink
    second = pool(first) - shrink
    third = pool(second) - shrink
    return [first, pool(first), second, pool(second), third]


EXERCISES["sizes"] = Exercise(
    right=lambda: sizes(64),
    why="Two off for each convolution, half and rounded down for each pooling.",
    mistakes={
        "Pooling rounds down: squares of 2 fit 14 times into 29.": (
            lambda: sizes(64, pool=lambda size: -(-size // 2))
        ),
        "A patch of 3 has two places fewer than there are pixels, not three.": (
            lambda: sizes(64, shrink=3)
        ),
        "Without padding, a convolution takes away 2 rows and 2 columns.": (
            lambda: sizes(64, shrink=0)
        ),
        "These are the sizes for a picture of 32 rows.": lambda: sizes(32),
        "The picture itself is not one of the five; the last layer is missing.": (
            lambda: [64, *sizes(64)[:4]]
        ),
        "Leave out the 64 itself: one size for each of the five layers.": (
            lambda: [64, *sizes(64)]
        ),
        "There are no half pixels: pooling rounds down.": (
            lambda: sizes(64, pool=lambda size: size / 2)
        ),
    },
)


@cache
def field_height(layers):
    """Return how many rows of the picture one value behind so many layers looks at.

    The layers are the CIFAR-10 network's first five and a third pooling behind them.
    """
    chosen = [*cifar10_cnn().layers[:5], MaxPooling2D(2, name="third")][:layers]
    model = keras.Sequential([keras.Input((32, 32, 3)), *chosen])
    image = np.zeros((1, 32, 32, 3))
    field = by_hand.explain(model, image, chosen[-1].name, (0, 0, 0, 0)).receptive_field
    return field[0].stop - field[0].start


EXERCISES["receptive_field"] = Exercise(
    right=lambda: field_height(6),
    why="18 pixels, and one step of 4 more: pooling looks at two neighbours.",
    mistakes={
        "That is conv2d_2, the layer before.": lambda: field_height(5),
        "That is max_pooling2d_1, the second pooling; add a third.": (
            lambda: field_height(4)
        ),
        "Two neighbours overlap: the second adds one step, not a whole field.": (
            lambda: 2 * field_height(5)
        ),
        "The step is 4 in this place: neighbours are 4 pixels apart.": (
            lambda: field_height(5) + 1
        ),
        "That adds two steps of 4, as a convolution would, or one of 8, the step after "
        "this pooling; pooling reaches one step of the map it gets.": (
            lambda: field_height(5) + 2 * 4
        ),
    },
)


@cache
def products(row=6, column=7, channel=23, trained=True):
    """Return patch, kernel and their products for one value of ``conv2d_1``."""
    network = trained_cifar10_cnn() if trained else cifar10_cnn()
    pooled = cat_outputs(trained)["max_pooling2d"][0]
    patch = pooled[row : row + 3, column : column + 3]
    kernel = network.get_layer("conv2d_1").get_weights()[0][..., channel]
    return patch, kernel, patch * kernel


def most_and_least(numbers, reduce=np.sum):
    """Return the channels with the largest and the smallest total."""
    totals = reduce(numbers, axis=(0, 1))
    return [totals.argmax(), totals.argmin()]


def by_size():
    """Return the two channels whose totals are largest, whatever their signs."""
    return np.argsort(-abs(products()[2].sum(axis=(0, 1))))[:2]


EXERCISES["largest_share"] = Exercise(
    right=lambda: most_and_least(products()[2]),
    why="What a channel adds is decided by patch and kernel together, and each of its 9 "
    "products counts with its sign.",
    mistakes={
        "The second of these channels adds something, too; which one is negative as a "
        "whole?": by_size,
        "The order is the channel that adds first, then the one that takes away.": (
            lambda: most_and_least(products()[2])[::-1]
        ),
        "This counts from 1; channels are counted from 0.": (
            lambda: np.add(most_and_least(products()[2]), 1)
        ),
        "These channels have the largest and the smallest patch; multiply by the kernel.": (
            lambda: most_and_least(products()[0])
        ),
        "These channels have the largest and the smallest weights in all; multiply them "
        "by the patch.": lambda: most_and_least(products()[1]),
        "These channels hold the largest and the smallest single product; add up the 9 "
        "of each channel.": lambda: [
            most_and_least(products()[2], reduce)[i]
            for i, reduce in enumerate((np.max, np.min))
        ],
        "This is row 7, column 6: rows and columns are swapped.": (
            lambda: most_and_least(products(7, 6)[2])
        ),
        "This comes from the untrained network.": (
            lambda: most_and_least(products(trained=False)[2])
        ),
        "These are what the two channels add; the question is which channels they are.": (
            lambda: np.sort(products()[2].sum(axis=(0, 1)))[[-1, 0]]
        ),
    },
)

PREDICTIONS = {}

DARK_LEFT = BRIGHT_LEFT[:, ::-1]


def edge_sums(rows=3, sign=1):
    """Return the kernel's answers at the edge and where everything is bright."""
    patches = [DARK_LEFT[:rows, column : column + 3] for column in (1, 3)]
    return [sign * (patch * EDGE[:rows]).sum() for patch in patches]


PREDICTIONS["A"] = Exercise(
    right=edge_sums,
    why="One bright column counts three times 9 × 1; where everything is bright, left "
    "and right cancel.",
    mistakes={
        "The second patch has no edge: what the right adds, the left takes away.": (
            lambda: [edge_sums()[0], 2 * edge_sums()[0]]
        ),
        "These are sums of patches without the kernel.": (
            lambda: [DARK_LEFT[:3, 1:4].sum(), DARK_LEFT[:3, 3:6].sum()]
        ),
        "That is one row of the kernel, which has three.": lambda: edge_sums(rows=1),
        "The sign is turned: the right column counts 1, the left one -1.": (
            lambda: edge_sums(sign=-1)
        ),
    },
)

PREDICTIONS["B"] = Exercise(
    right=lambda: cifar10_cnn().get_layer("conv2d").output.shape[-1],
    why="All 27 products at a place go into one sum: channels are added up, not kept "
    "apart. So each filter makes one map.",
    mistakes={
        "That would be a map for each filter and each colour.": (
            lambda: np.prod(cifar10_cnn().get_layer("conv2d").kernel.shape[-2:])
        ),
        "That is the number of colours in the picture; they do not come out again.": (
            lambda: cifar10_cnn().get_layer("conv2d").kernel.shape[-2]
        ),
        "One filter makes one map; this layer has many filters.": lambda: 1,
    },
)


def pooled(columns=(0, 2), width=2, reduce=np.max):
    """Reduce squares of `TO_POOL` that start at the given columns."""
    return [reduce(TO_POOL[:, i : i + width]) for i in columns]


PREDICTIONS["C"] = Exercise(
    right=pooled,
    why="Squares of 2 fit twice into 5 columns; what is left over is dropped, with its 9.",
    mistakes={
        "Keras makes no square of a single column.": lambda: pooled((0, 2, 4)),
        "Squares do not overlap: the next one starts two columns further.": (
            lambda: pooled(range(4))
        ),
        "A square is two columns wide; these are the maxima of single columns.": (
            lambda: pooled(range(5), width=1)
        ),
        "These are the means of the squares; max pooling keeps the largest number.": (
            lambda: pooled(reduce=np.mean)
        ),
        "These are the maxima of the rows; a square has two rows and two columns.": (
            lambda: TO_POOL.max(axis=1)
        ),
    },
)

PREDICTIONS["D"] = Exercise(
    right=lambda: sizes(32),
    why="Minus 2, half, minus 2, half of 13 rounded down, minus 2.",
    mistakes={
        "Half of 13 is rounded down, to 6: no square fits into the last row.": (
            lambda: sizes(32, pool=lambda size: -(-size // 2))
        ),
        "There are no half rows: pooling rounds down.": (
            lambda: sizes(32, pool=lambda size: size / 2)
        ),
        "A convolution without padding takes two rows away.": (
            lambda: sizes(32, shrink=0)
        ),
        "A patch of 3 rows has two places fewer than there are rows, not one.": (
            lambda: sizes(32, shrink=1)
        ),
        "A patch of 3 rows has two places fewer than there are rows, not three.": (
            lambda: sizes(32, shrink=3)
        ),
        "The picture's own 32 is the start and not one of the five.": (
            lambda: [32, *sizes(32)[:4]]
        ),
    },
)


@cache
def pixels_that_count():
    """Name those of two pixels that lie in the receptive field of conv2d_2 (1, 2)."""
    explanation = by_hand.explain(
        cifar10_cnn(), np.zeros((1, 32, 32, 3)), "conv2d_2", (0, 1, 2, 0)
    )
    inside = [
        all(field.start <= pixel < field.stop for field in explanation.receptive_field)
        for pixel in (0, 10)
    ]
    words = {(True, True): "both", (False, False): "neither", (True, False): "first"}
    return words.get(tuple(inside), "second")


PREDICTIONS["E"] = Exercise(
    right=pixels_that_count,
    why="Row 0 lies above the field, rows 4 to 21; row 10 and column 10 lie inside it.",
    mistakes={
        "A value does not see the whole picture, not even three convolutions deep.": (
            lambda: "both"
        ),
        "The field begins at row 1 × 4 and column 2 × 4, not in the corner.": (
            lambda: "first"
        ),
        "Each pixel of the 18×18 field goes into some product on the way.": (
            lambda: "neither"
        ),
    },
)

QUIZ = [
    Question(
        "A Conv2D layer has 16 filters of 5×5 and gets pictures of 3 channels. How many "
        "products are added up for one of its values?",
        right="75, which is 5 × 5 × 3",
        why="The patch is 5×5 in each of 3 channels, and one filter makes the value.",
        wrong={
            "25, which is 5 × 5": "The patch goes through all 3 channels, and all of "
            "them are added up.",
            "1,200, which is 5 × 5 × 3 × 16": "Those are the weights of all 16 filters; "
            "one value is made by one filter.",
            "48, which is 3 × 16": "That would be a kernel of a single pixel, for all "
            "filters; this one has 5×5.",
        },
    ),
    Question(
        "Everything in a picture moves one pixel to the right. What happens in a feature "
        "map of the first convolution, away from the borders?",
        right="Its values move one place to the right as well.",
        why="The same kernel looks everywhere, so it finds the same thing one place on.",
        wrong={
            "Its values stay, since the kernel stays the same.": "The kernel stays, but "
            "the patch at each place is another one now.",
            "Its values change in a way that cannot be told.": "Each patch is found "
            "again, one place further, and gives the same number there.",
            "Its values get smaller, since fewer patches fit.": "As many patches fit as "
            "before, and what a patch gives depends on its own pixels.",
        },
    ),
    Question(
        "A layer's `kernels` have the shape (3, 3, 32, 64). What is "
        "`kernels[:, :, 5, 7]`?",
        right="The 9 weights with which filter 7 multiplies channel 5",
        why="The last axis chooses the filter, the one before it the channel.",
        wrong={
            "The 9 weights with which filter 5 multiplies channel 7": "Channels come "
            "before filters: 5 is the channel, 7 the filter.",
            "All the weights of filter 7, one for each neighbour": "All its weights are "
            "3 × 3 × 32; index 5 picks one channel's share of them.",
            "The 9 weights for the patch at row 5 and column 7": "A kernel has no place "
            "in the picture: it is the same everywhere.",
        },
    ),
    Question(
        "A value of a feature map is 0 after ReLU. What is certain?",
        right="Patch times kernel plus bias was 0 or negative.",
        why="ReLU cuts whatever is below 0, and how far below it was is lost.",
        wrong={
            "Patch times kernel plus bias was 0 to the digit.": "ReLU makes 0 of every "
            "negative sum, too; an exact 0 is rare.",
            "The patch is black: all of its pixels are 0.": "A bright patch gives 0 as "
            "well where the negative weights win.",
            "The kernel has no weight above 0 in any channel.": "Another patch may give "
            "a positive sum with the same kernel.",
        },
    ),
    Question(
        "How do the receptive fields of two values lie that are neighbours in a row of "
        "`conv2d_2`?",
        right="They overlap: each is 18 wide, and they lie 4 apart.",
        why="Two poolings make a step of 4; 14 columns belong to both fields.",
        wrong={
            "They are the same: a layer has one receptive field.": "All values of a "
            "layer have fields of one size, each in a place of its own.",
            "They touch: one ends where the next one begins.": "Squares of pooling lie "
            "so; fields of 18 pixels lie only 4 apart.",
            "They overlap: each is 18 wide, and they lie 1 apart.": "The step is 1 in "
            "the first layer; each pooling by 2 doubles it.",
        },
    ),
]
