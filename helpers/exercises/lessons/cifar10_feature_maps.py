"""Exercises and guesses of the lesson CIFAR-10 feature maps."""

from functools import cache

import numpy as np

from ...datasets import cat_photograph
from ...extraction import layer_outputs
from ..exercise import Exercise
from ..functions import FunctionExercise
from ..shared import cat_outputs, dead_in, network

EXERCISES, GUESSES = {}, {}


def dead_among_16(trained):
    """Return those of the first 16 channels that are silent for the cat."""
    return {channel for channel in dead_in(cat_outputs(trained)) if channel < 16}


def brightness(row=4, column=11, shared=(7, 3), of=7, layer="max_pooling2d", **which):
    """Return how bright a value of a channel is, on its own scale and on a shared one."""
    maps = cat_outputs(**which)[layer][0]
    scales = maps[:, :, of], maps[:, :, shared]
    return [(maps[row, column, of] - scale.min()) / np.ptp(scale) for scale in scales]


def ratio_of_scale(channel=7, layer="max_pooling2d"):
    """Return (largest - smallest) / largest of one map of the cat."""
    found = cat_outputs()[layer][0, :, :, channel]
    return np.ptp(found) / found.max()


@cache
def edge_responses(
    trained=True, bright=0.8, dark=0.2, scale=1, reduce=np.max, layer="conv2d"
):
    """Return one number for each channel of a layer, for both edges and the cat."""
    vertical = np.full((32, 32, 3), bright)
    vertical[:, 16:] = dark
    edges = np.stack([vertical, vertical.swapaxes(0, 1)]) * scale
    maps = layer_outputs(network(trained), edges, layer)[layer]
    return reduce(np.concatenate([maps, cat_outputs()[layer]]), axis=(1, 2))


def responds_most(by=1, rank=0, **which):
    """Return a channel chosen by one of the pictures, and its number for both edges.

    Picture 0 is the vertical edge, 1 the horizontal one and 2 the cat. The horizontal
    edge's number comes first.
    """
    numbers = edge_responses(**which)
    channel = np.argsort(-numbers[by])[rank]
    return [channel, *numbers[[1, 0], channel]]


def grid(maps, across, gap=1, white=None, by_column=False):
    """Return maps as one array, ``across`` in a row, with white lines between them."""
    rows, columns, channels = maps.shape
    down = -(-channels // across)  # rounded up
    white = maps.max() if white is None else white
    places = np.full((down * across, rows + gap, columns + gap), white, "float64")
    places[:channels, :rows, :columns] = np.moveaxis(maps, -1, 0)
    if by_column:
        order = np.arange(len(places)).reshape(across, down).T
        places = places[order.ravel()]
    lines = [np.hstack(places[i : i + across]) for i in range(0, len(places), across)]
    picture = np.vstack(lines)
    return picture[: len(picture) - gap, : picture.shape[1] - gap]


def grid_of(choose):
    """Return a function that puts something else into the place of each map."""

    def wrong_grid(maps, across):
        rows, columns, channels = maps.shape
        picture = grid(maps, across)
        for i in range(channels):
            top, left = i // across * (rows + 1), i % across * (columns + 1)
            picture[top : top + rows, left : left + columns] = choose(maps, i)
        return picture

    return wrong_grid


def full_rows_only(maps, across):
    """Return a grid, but fail where its last row is not full."""
    if maps.shape[2] % across:
        raise ValueError("There is no place for the last maps.")
    return grid(maps, across)


def rows_as_they_are(maps, across):
    """Return a grid from rows that are not filled up; NumPy fails if they differ."""
    around = (0, 1), (0, 1), (0, 0)
    places = np.moveaxis(np.pad(maps, around, constant_values=maps.max()), -1, 0)
    lines = [np.hstack(places[i : i + across]) for i in range(0, len(places), across)]
    return np.vstack(lines)[:-1, :-1]


def one_row_more(maps, across):
    """Return a grid which an empty row of maps follows, if its last row is full."""
    more = maps.shape[0] + 1 if maps.shape[2] % across == 0 else 0
    return np.pad(grid(maps, across), ((0, more), (0, 0)), constant_values=maps.max())


def black_places(maps, across):
    """Return a grid with 0 in the places that have no map."""
    rows, columns, channels = maps.shape
    missing = ((0, 0), (0, 0), (0, -channels % across))
    return grid(np.pad(maps, missing), across, white=maps.max())


def stretched(maps, axis):
    """Return maps on a scale from 0 to 1: one for all, or each map on its own."""
    return (maps - maps.min(axis=axis)) / np.ptp(maps, axis=axis)


def grid_cases():
    """Return feature maps of several sizes and how many of them stand in a row."""
    random = np.random.default_rng(0)
    sizes = [(3, 4, 6, 3), (2, 5, 7, 3), (4, 2, 5, 2), (3, 3, 9, 3), (5, 3, 8, 8)]
    sizes += [(2, 3, 3, 5), (4, 3, 16, 8), (3, 2, 1, 1), (4, 4, 4, 3)]
    cases = [(4 * random.normal(size=size), across) for *size, across in sizes]
    maps, across = cases[0]
    cases.append((np.rint(9 * maps).astype(int), 2))
    return [*cases, (np.maximum(0, maps).astype("float32"), 4)]


EXERCISES["grid"] = FunctionExercise(
    grid,
    "Every channel has its place: row i // across, column i % across.",
    lambda maps, across: grid(maps, across, gap=0),
    "The lines between the maps are missing: one row or column of pixels each.",
    lambda maps, across: np.pad(grid(maps, across), 1, constant_values=maps.max()),
    "There are lines around the grid, too; lines stand only between maps.",
    lambda maps, across: np.pad(
        grid(maps, across), ((0, 1), (0, 1)), constant_values=maps.max()
    ),
    "A line follows the last maps, too: cut off the last row and column of pixels.",
    lambda maps, across: np.pad(
        grid(maps, across), ((1, 0), (1, 0)), constant_values=maps.max()
    ),
    "A line stands before the first maps, too; lines stand only between maps.",
    lambda maps, across: grid(maps, across, gap=2),
    "The lines are two pixels wide; one is enough.",
    lambda maps, across: grid(maps, across, white=0),
    "The lines hold 0. White is the largest number of all maps, maps.max().",
    lambda maps, across: np.trunc(grid(maps, across, white=0)),
    "The decimals are lost, and the lines hold 0: the array was made of whole numbers, "
    "as np.full(size, 0) is. Fill it with maps.max().",
    lambda maps, across: grid(maps, across, white=1),
    "The lines hold 1. White is the largest number of all maps, maps.max().",
    lambda maps, across: grid(maps, across, white=255),
    "The lines hold 255, and imshow would make all maps dark. White is maps.max().",
    lambda maps, across: grid(maps, across, white=np.nan),
    "The lines hold NaN. White is the largest number of all maps, maps.max().",
    lambda maps, across: grid(maps, across, white=maps.min()),
    "The lines hold the smallest number, which is black. White is maps.max().",
    lambda maps, across: grid(maps, across, by_column=True),
    "The channels run down the columns; channel 1 stands to the right of channel 0.",
    lambda maps, across: grid(maps.swapaxes(0, 1), across),
    "Each map lies on its side: its rows and columns are swapped.",
    lambda maps, across: grid(maps.swapaxes(0, 1), across).T,
    "The maps of one row stand one below the other; they belong side by side.",
    grid_of(lambda maps, i: maps[i]),
    "Those are maps[0], maps[1] and so on, which are rows; channel i is maps[:, :, i].",
    grid_of(lambda maps, i: maps[:, i]),
    "Those are maps[:, 0], maps[:, 1] and so on, which are columns; channel i is "
    "maps[:, :, i].",
    lambda maps, across: grid(
        maps[:, :, : maps.shape[2] // across * across], across, white=maps.max()
    ),
    "The last row of maps is left out where it is not full: round up.",
    full_rows_only,
    "There is no place for the last row of maps where it is not full: round up, "
    "-(-channels // across).",
    one_row_more,
    "An empty row of maps follows where the last row is full: round up, "
    "-(-channels // across).",
    rows_as_they_are,
    "`np.vstack` joins rows of the same width only: fill up the last row of maps with "
    "white places.",
    black_places,
    "A place in the last row without a map holds 0; it is white, maps.max().",
    grid_of(lambda maps, i: maps[:, :, i] if i + 1 < maps.shape[2] else maps.max()),
    "The last map is missing: where does the loop end?",
    lambda maps, across: grid(maps[:, :, :across], across, white=maps.max()),
    "That is the first row of maps alone.",
    lambda maps, across: grid(maps, maps.shape[2]),
    "All maps stand in one row; across says how many belong in a row.",
    lambda maps, across: grid(maps, 1),
    "Every map has a row of its own; across of them belong side by side.",
    lambda maps, across: grid(maps, 8),
    "There are always 8 maps in a row; across says how many belong in a row.",
    lambda maps, across: grid(maps, int(np.ceil(np.sqrt(maps.shape[2])))),
    "The grid has as many maps in a row as rows; across says how many belong in a row.",
    lambda maps, across: grid(maps, min(across, maps.shape[2])),
    "Where there are fewer maps than fit into a row, the grid stays across maps wide, and "
    "a place without a map is white.",
    lambda maps, across: grid(stretched(maps, axis=(0, 1)), across),
    "Each map was stretched to a scale of its own. Leave the numbers as they are: imshow "
    "makes one scale for all.",
    lambda maps, across: grid(stretched(maps, axis=None), across),
    "The numbers were stretched to 0 to 1. Leave them as they are; imshow does that.",
    lambda maps, across: grid(maps, across)[::-1],
    "The grid is upside down.",
    lambda maps, across: grid(maps[:, :, ::-1], across),
    "The channels come in reverse order.",
    lambda maps, across: np.moveaxis(maps, -1, 0),
    "Those are the maps one after another; make one array with two axes of them.",
    cases=grid_cases,
)

EXERCISES["one_channel"] = Exercise(
    lambda: cat_outputs()["max_pooling2d"][0, :, :, 11],
    "One picture, all rows, all columns, one channel.",
    lambda: cat_outputs(raw=True)["max_pooling2d"][0, :, :, 11],
    "The network got raw pixels from 0 to 255; it was trained on pixels / 255.",
    lambda: cat_outputs()["conv2d"][0, :, :, 11],
    "This is conv2d, the layer before pooling.",
    lambda: cat_outputs(trained=False)["max_pooling2d"][0, :, :, 11],
    "This comes from the untrained network.",
    lambda: cat_outputs()["max_pooling2d"][0, :, :, 10],
    "This is 0 everywhere, as channel 10 is; channel 11 is not silent and has the index "
    "11.",
    lambda: cat_outputs(trained=False, raw=True)["max_pooling2d"][0, :, :, 11],
    "This comes from the untrained network, and from raw pixels.",
    lambda: cat_outputs()["max_pooling2d"][0, 11],
    "This is row 11 of every map; the channel is the last axis.",
    lambda: cat_outputs()["max_pooling2d"][0, :, 11],
    "This is column 11 of every map; the channel is the last axis.",
    lambda: cat_outputs()["max_pooling2d"][0, :, :, 12],
    "This is channel 12; counting starts at 0, so channel 11 has the index 11.",
    lambda: cat_outputs()["max_pooling2d"][0],
    "These are all 32 channels; the last axis chooses one.",
    lambda: cat_outputs()["max_pooling2d"],
    "This is the whole output of the layer: picture, row, column, channel. Choose one "
    "picture and one channel.",
    lambda: cat_outputs()["max_pooling2d_1"][0, :, :, 11],
    "This is max_pooling2d_1, the second pooling; the question is about max_pooling2d.",
    lambda: cat_outputs()["conv2d_1"][0, :, :, 11],
    "This is conv2d_1; the question is about max_pooling2d.",
    lambda: cat_outputs()["max_pooling2d"][..., 11].shape[1:],
    "That is the shape of the answer; give its numbers.",
    lambda: cat_outputs()["max_pooling2d"][..., :12][0],
    "These are channels 0 to 11; an index of 11 alone chooses one.",
)

EXERCISES["dead_maps"] = Exercise(
    lambda: len(dead_in(cat_outputs())),
    "For this picture no sum of these channels is above 0, so ReLU makes them all 0.",
    lambda: len(dead_in(cat_outputs(trained=False))),
    "That is the untrained network.",
    lambda: len(dead_in(cat_outputs(raw=True))),
    "That is with raw pixels from 0 to 255.",
    lambda: (cat_outputs()["conv2d_2"] == 0).sum(),
    "That counts the numbers that are 0; a map is silent when all of its numbers are.",
    lambda: (cat_outputs()["conv2d_2"] == 0).any(axis=(0, 1, 2)).sum(),
    "All 64 maps have a zero somewhere; a map is silent when all of its numbers are 0.",
    lambda: 64 - len(dead_in(cat_outputs())),
    "That counts the maps that are not silent.",
    lambda: len(dead_among_16(trained=True)),
    "That is how many of the first 16 maps are silent; count all 64 of conv2d_2.",
    lambda: len(dead_in(cat_outputs(), "conv2d")),
    "That is conv2d, or the pooling behind it; the question is about conv2d_2.",
    lambda: len(dead_in(cat_outputs(), "conv2d_1")),
    "That is conv2d_1; the question is about conv2d_2.",
    lambda: len(dead_in(cat_outputs(), "max_pooling2d_1")),
    "That is max_pooling2d_1, or conv2d with raw pixels or without training; the question "
    "is about conv2d_2.",
    lambda: len(dead_in(cat_outputs(raw=True), "conv2d_1")),
    "That is conv2d_1 with raw pixels; the question is about conv2d_2 with pixels / 255.",
    lambda: 11,  # measured: CIFAR-10 is not on every machine
    "That is the cat of CIFAR-10, if section 3 shows it; the question is about "
    "cat_photograph().",
    lambda: len(dead_in(cat_outputs())) / 64,
    "That is the share of the 64 maps: it was a mean, not a sum.",
    lambda: sorted(dead_in(cat_outputs())),
    "Those are the numbers of the silent maps; the question is how many they are.",
    lambda: (cat_outputs()["conv2d_2"] == 0).all(axis=(0, 1, 2)),
    "That is true or false for each map; a sum counts the true ones.",
    lambda: (cat_outputs()["conv2d_2"] == 0).mean(),
    "That is the share of the numbers that are 0; count the maps that are all 0.",
    lambda: (cat_outputs()["conv2d_2"] != 0).all(axis=(0, 1, 2)).sum(),
    "Some are silent. Compare with == 0, and ask each channel: .all(axis=(0, 1, 2)).",
    lambda: sum(sorted(dead_in(cat_outputs()))),
    "The numbers of the silent maps were added up; count them.",
    lambda: len(dead_among_16(trained=False)),
    "That is the untrained network's count among the first 16 maps.",
)

EXERCISES["brightness"] = Exercise(
    brightness,
    "The value is the same, but the scales start at different numbers: map 7's own at "
    "0.248, the shared one at 0. So the value looks brighter on the shared one.",
    lambda: cat_outputs()["max_pooling2d"][0, 4, 11, [7, 7]],
    "That is the number itself, twice; a grid shows where it lies on a scale.",
    lambda: brightness(row=11, column=4),
    "Row and column are swapped: row 4, column 11.",
    lambda: [brightness()[0] * ratio_of_scale(), brightness()[1]],
    "The first was divided by the largest number of the map; divide by largest - smallest.",
    lambda: [brightness()[0]] * 2,
    "Both are on the map's own scale. The second scale is that of both maps, and the "
    "smallest number of map 3 is 0.",
    lambda: [brightness()[1]] * 2,
    "The first is wrong. Its scale is that of map 7 alone: the smallest number of that map "
    "is black, and it is not 0.",
    lambda: brightness(shared=slice(32)),
    "More than two maps are in the second scale; it is that of [7, 3] alone, whether "
    "of all 32 or of those from 3 to 7.",
    lambda: brightness(shared=3),
    "The second scale is that of map 3 alone; it is that of both maps.",
    lambda: brightness(of=3),
    "This is the value of map 3; take that of map 7.",
    lambda: [1 - bright for bright in brightness()],
    "That is how dark it is: 0 is black and 1 is white.",
    lambda: [255 * bright for bright in brightness()],
    "That is a scale to 255; here 1 is white.",
    lambda: brightness(row=3, column=10),
    "Rows and columns are counted from 0; this is row 3, column 10.",
    lambda: brightness(layer="conv2d"),
    "That is conv2d, the layer before; the question is about max_pooling2d.",
    lambda: brightness(raw=True),
    "The network got raw pixels from 0 to 255; it was trained on pixels / 255.",
    lambda: brightness(trained=False),
    "This comes from the untrained network.",
    lambda: [0.0775, 0.0775],  # measured: CIFAR-10 is not on every machine
    "That is the cat of CIFAR-10, from section 3; the question is about cat_photograph().",
)

EXERCISES["edge_channel"] = Exercise(
    responds_most,
    "This filter compares what is above with what is below. Where left and right "
    "differ, its products mostly cancel.",
    lambda: responds_most(by=0),
    "This channel responds most to the vertical edge; the question starts from the "
    "horizontal one.",
    lambda: np.array(responds_most(by=0))[[0, 2, 1]],
    "This channel responds most to the vertical edge; take the one that responds most to "
    "the horizontal edge, and its value for that edge first.",
    lambda: responds_most(rank=1),
    "This channel responds to the horizontal edge, too, but a different one responds "
    "more.",
    lambda: responds_most(by=2),
    "This channel responds most to the cat; choose the picture of the horizontal edge.",
    lambda: responds_most(trained=False),
    "This comes from the untrained network.",
    lambda: responds_most(bright=0.2, dark=0.8),
    "The edge is reversed: it should be bright above and dark below.",
    lambda: responds_most(scale=1 / 255),
    "The edges have pixels from 0 to 1 already; they were divided by 255 once more.",
    lambda: responds_most(reduce=np.mean),
    "These are means; the question is about the largest values.",
    lambda: np.array(responds_most())[[0, 2, 1]],
    "The order is the horizontal edge first, then the vertical one.",
    lambda: np.array(responds_most())[[1, 2, 0]],
    "The channel comes first, then the two values.",
    lambda: np.array(responds_most())[[1, 0, 2]],
    "The channel comes first, then its value for the horizontal edge, then the other.",
    lambda: responds_most()[1:],
    "These are the two values; the channel comes before them.",
    lambda: responds_most()[:2],
    "Right as far as it goes; the channel's value for the vertical edge is missing.",
    lambda: [*responds_most()[:2], edge_responses()[0].max()],
    "The third is the largest value of any channel for the vertical edge; it should be "
    "that of the same channel.",
    lambda: [*responds_most()[:2], edge_responses()[2, responds_most()[0]]],
    "The third is the channel's largest value for the cat; it should be that for the "
    "vertical edge.",
    lambda: responds_most(layer="conv2d_1"),
    "That is conv2d_1; the question is about conv2d, the first layer.",
    lambda: [responds_most()[0], responds_most(by=0)[0]],
    "These are the two channels that respond most to either edge; stay with the first one, "
    "and give its two values.",
)


def share_of_dead():
    """Say how many of the untrained network's maps are zero everywhere for the cat."""
    count = len(dead_in(cat_outputs(trained=False, raw=True)))
    return "none" if count < 6 else "all" if count > 58 else "half"


@cache
def pixels_to_one_place():
    """Return how far the cat moves to the right until maps of conv2d_2 move by one place.

    What comes in at the left reaches the first column of the maps alone.
    """
    image, maps = cat_photograph(), cat_outputs(trained=False, raw=True)["conv2d_2"]
    for pixels in range(1, 9):
        moved = np.roll(image, pixels, axis=1)[np.newaxis]
        found = layer_outputs(network(trained=False), moved, "conv2d_2")["conv2d_2"]
        if np.allclose(found[:, :, 1:], maps[:, :, :-1], atol=1e-3):
            return pixels
    raise ValueError("The maps never move by one place.")


def shrinks(times=1):
    """Return how many times smaller raw pixels' maps get if the pixels are / 255."""
    raw, scaled = (cat_outputs(False, raw)["conv2d_2"].max() for raw in (True, False))
    return float(round(raw / scaled)) ** times


def still_dead():
    """Say how many of the first 16 channels silent before training are so after it."""
    before, after = dead_among_16(trained=False), dead_among_16(trained=True)
    if before <= after:
        return "all"
    return "some" if before & after else "none"


GUESSES["A"] = Exercise(
    share_of_dead,
    "The 16 patches that a filter looks at are alike, so its 16 sums mostly have the same "
    "sign, and chance decides which. Where all are negative, ReLU makes the whole map 0.",
    none="That would be so if chance gave each of the 16 sums a sign of its own.",
    all="About as many maps have only positive sums.",
)

GUESSES["B"] = Exercise(
    pixels_to_one_place,
    "Each of the two poolings doubles the distance between neighbours: in these maps "
    "they are 4 pixels apart.",
    lambda: 1,
    "That is so in the first layer; each pooling doubles the distance.",
    lambda: 2,
    "There are two poolings, and each of them doubles the distance.",
    lambda: 8,
    "The picture has 8 times as many rows, but the convolutions take some away at the "
    "border; only the poolings change the distance.",
    lambda: 18,
    "That is the receptive field; those of neighbours overlap.",
    lambda: 3,
    "That is the size of a kernel; its patches overlap, and lie one place apart.",
)

GUESSES["C"] = Exercise(
    shrinks,
    "Without biases, a sum shrinks by the same factor as its inputs. ReLU and pooling "
    "keep the factor, so it goes through every layer.",
    lambda: 1,
    "No layer brings its outputs back to a size of its own.",
    lambda: shrinks(times=3),
    "Three layers pass the factor on; they do not multiply by it again.",
    lambda: 3 * shrinks(),
    "Three layers pass the factor on; they do not each add one.",
    lambda: shrinks(times=1 / 3),
    "The three layers do not share the factor; each passes it on whole.",
)

GUESSES["D"] = Exercise(
    lambda: 2 * 3 - 1,
    "Keras counts the layers of one kind in a session, whatever network they are in.",
    lambda: 3 - 1,
    "The count belongs to the session and not to the network.",
    lambda: 3,
    "That is the first layer of the second network.",
    lambda: 2 * 3,
    "The first layer of all has no number, the second has 1.",
)

GUESSES["E"] = Exercise(
    still_dead,
    "Training changes every kernel: most of these channels respond now, two are still "
    "silent. And a channel that responded before is silent now.",
    all="Training begins with a channel's random weights; it does not end with them.",
    none="Training makes the loss smaller; it does not make each channel respond to "
    "each picture.",
)
