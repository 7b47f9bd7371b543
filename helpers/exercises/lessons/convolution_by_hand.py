"""Exercises and guesses of the lesson Convolution by hand."""

from functools import cache

import keras
import numpy as np
from keras.layers import MaxPooling2D

from ... import by_hand
from ...datasets import cat_photograph
from ...extraction import layer_outputs
from ...networks import cifar10_cnn
from ..exercise import Exercise
from ..functions import FunctionExercise
from ..shared import cat_outputs, network
from .dense_by_hand import first_alone

EXERCISES, GUESSES = {}, {}

EDGE = np.array([[-1, 0, 1]] * 3)
DARK_LEFT = np.array([[0, 0, 0, 9, 9, 9]] * 5)
TO_POOL = np.array([[1, 5, 2, 0, 7], [3, 4, 8, 6, 9]])


def two_values(
    row=14,
    column=28,
    kernels=(21, 29),
    bias=(21, 29),
    scale=255,
    trained=True,
    relu=by_hand.relu,
    terms=lambda products: products,
):
    """Compute one value each of two maps of ``conv2d`` for the cat photograph."""
    kernel, biases = network(trained).get_layer("conv2d").get_weights()
    patch = cat_photograph()[row : row + 3, column : column + 3, :, np.newaxis] / scale
    sums = terms(patch * kernel).sum(axis=(0, 1, 2))[list(kernels)]
    return relu(sums + (biases[list(bias)] if bias else 0))


def sizes(start, k=(3, 3, 3), stride=1, pool=lambda n: n // 2, padded=0, lost=1):
    """Return the sizes after convolution, pooling, convolution, pooling, convolution.

    The stride is that of the first convolution, ``padded`` how many rows are added for
    the second one. A patch of k rows has k - ``lost`` places fewer than there are rows.
    """
    first = (start - k[0]) // stride + lost
    second = pool(first) + padded - k[1] + lost
    third = pool(second) - k[2] + lost
    return [first, pool(first), second, pool(second), third]


def new_sizes(start=65, k=(5, 3, 3), stride=2, padded=2, **settings):
    """Return the five sizes of the network that `sizes` asks for."""
    return sizes(start, k, stride, padded=padded, **settings)


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


@cache
def products(row=7, column=9, channel=60, trained=True):
    """Return patch, kernel and their products for one value of ``conv2d_1``."""
    pooled = cat_outputs(trained)["max_pooling2d"][0]
    patch = pooled[row : row + 3, column : column + 3]
    kernel = network(trained).get_layer("conv2d_1").get_weights()[0][..., channel]
    return patch, kernel, patch * kernel


def most_and_least(numbers, most=np.sum, least=np.sum):
    """Return the channels with the largest and the smallest total."""
    return [most(numbers, axis=(0, 1)).argmax(), least(numbers, axis=(0, 1)).argmin()]


def map_cases():
    """Return pictures and kernels of several sizes, one of them of whole numbers."""
    random = np.random.default_rng(0)
    sizes = [((5, 6), (3, 3)), ((4, 4), (3, 3)), ((6, 6), (2, 2)), ((7, 4), (2, 3))]
    cases = [tuple(random.normal(size=size) for size in pair) for pair in sizes]
    cases += [(random.integers(0, 10, (4, 7)), random.normal(size=(3, 3)))]
    return [*cases, tuple(one.astype("float32") for one in cases[0])]


def feature_map(picture, kernel, **settings):
    """Compute the map of one picture of one channel, as Keras does."""
    x, filters = (
        picture[np.newaxis, ..., np.newaxis],
        kernel[..., np.newaxis, np.newaxis],
    )
    return by_hand.conv2d(x, filters, **settings)[0, :, :, 0]


def of_patches(compute):
    """Return a function that computes each number of a map from patch and kernel."""

    def slide(picture, kernel):
        rows, columns = kernel.shape
        return [
            [compute(picture[i : i + rows, j : j + columns], kernel) for j in across]
            for across in [range(picture.shape[1] - columns + 1)]
            for i in range(picture.shape[0] - rows + 1)
        ]

    return slide


def short_of_one(picture, kernel):
    """Leave the last row and the last column of the map at 0."""
    return np.pad(feature_map(picture, kernel)[:-1, :-1], (0, 1))


EXERCISES["feature_map"] = FunctionExercise(
    feature_map,
    "It multiplies the patch at each place by the kernel and adds up, for any size of "
    "kernel.",
    lambda picture, kernel: feature_map(picture, kernel)[:-1, :-1],
    "The last row and the last column of the map are missing: in a row of 6, a patch of 3 "
    "has 6 - 3 + 1 places.",
    lambda picture, kernel: feature_map(picture, kernel)[:-1],
    "The last row of the map is missing: in 5 rows, a patch of 3 has 5 - 3 + 1 places.",
    lambda picture, kernel: feature_map(picture, kernel)[:, :-1],
    "The last column of the map is missing: in a row of 6, a patch of 3 has 6 - 3 + 1 "
    "places.",
    short_of_one,
    "The last row and the last column of the map are still 0: where do the loops end?",
    first_alone(feature_map),
    "Only the first row is filled: does `return` stand inside the loop over the rows?",
    lambda picture, kernel: feature_map(picture, kernel)[1:, 1:],
    "The first row and the first column of the map are missing: counting starts at 0.",
    lambda picture, kernel: feature_map(picture, kernel[::-1, ::-1]),
    "The kernel is flipped; Keras multiplies by it as it is.",
    lambda picture, kernel: feature_map(picture, kernel.T),
    "The kernel is transposed: its rows belong on the rows of the patch.",
    lambda picture, kernel: feature_map(picture, kernel).T,
    "Rows and columns of the map are swapped: the first loop goes over the rows.",
    lambda picture, kernel: by_hand.relu(feature_map(picture, kernel)),
    "This is after ReLU; the map of this task has negative numbers, too.",
    lambda picture, kernel: feature_map(picture, kernel) / kernel.size,
    "These are means of the products; the map holds their sums.",
    of_patches(lambda patch, kernel: (patch * kernel).max()),
    "These are the largest products; add up all of them.",
    of_patches(lambda patch, kernel: patch.sum()),
    "These are sums of the patches without the kernel.",
    of_patches(lambda patch, kernel: patch.sum() * kernel.sum()),
    "Patch and kernel were added up first. Multiply in pairs, then add up.",
    of_patches(lambda patch, kernel: (patch @ kernel).sum()),
    "`@` is the product of matrices. Multiply in pairs: patch * kernel.",
    of_patches(lambda patch, kernel: (patch[0] * kernel[0]).sum()),
    "This is the first row of each patch; all its rows go into the sum.",
    lambda picture, kernel: feature_map(picture, kernel, padding="same"),
    "The map is as large as the picture, as with zeros around it; here there are none.",
    lambda picture, kernel: feature_map(picture, kernel, strides=kernel.shape),
    "The patches lie side by side. The next one starts one pixel further.",
    cases=map_cases,
)

EXERCISES["two_filters"] = Exercise(
    two_values,
    "27 products and a bias for each value. ReLU makes the negative one 0.",
    lambda: two_values(bias=None),
    "The bias is missing.",
    lambda: two_values(bias=None, relu=lambda sums: sums),
    "Bias and ReLU are both missing.",
    lambda: (
        two_values(bias=None) + network().get_layer("conv2d").bias.numpy()[[21, 29]]
    ),
    "ReLU came before the bias: add the bias to the sum first.",
    lambda: two_values(bias=(21, 21)),
    "Both sums got the bias of filter 21; each filter has its own.",
    lambda: two_values(bias=(7, 7)),
    "Both sums got the bias of filter 7, which the cell above uses, or the patch starts "
    "one column too late.",
    lambda: two_values(kernels=(21, 21)),
    "Both sums use the kernel of filter 21.",
    lambda: two_values(kernels=(21, 21), bias=(21, 21)),
    "This is filter 21 twice; the second number is that of filter 29.",
    lambda: two_values(kernels=(7, 7)),
    "Both sums use the kernel of filter 7, as the cell above does.",
    lambda: two_values(kernels=(20, 28), bias=(20, 28)),
    "These are filters 20 and 28: counting starts at 0.",
    lambda: two_values(kernels=(29, 21), bias=(29, 21)),
    "The order is filter 21, then filter 29.",
    lambda: two_values(relu=lambda sums: sums),
    "These are the sums before ReLU.",
    lambda: two_values(terms=by_hand.relu),
    "ReLU came before the sum. It replaces a negative sum, not negative products.",
    lambda: two_values(terms=lambda products: products[:, :, :1]),
    "This is red alone, 9 products; green and blue go into the sum as well.",
    lambda: two_values(terms=lambda products: products / 27),
    "These are means of the products; add them up.",
    lambda: two_values(scale=1),
    "These are raw pixels from 0 to 255; the network takes pixels / 255.",
    lambda: two_values(trained=False),
    "These numbers come from the untrained network.",
    lambda: two_values(13, 27),
    "The patch starts one row and one column too early: value (14, 28) looks at rows 14 "
    "to 16 and columns 28 to 30.",
    lambda: two_values(15, 29),
    "The patch starts one row and one column too late: value (14, 28) looks at rows 14 "
    "to 16 and columns 28 to 30.",
    lambda: two_values(28, 14),
    "Rows and columns are swapped.",
)


def pool_cases():
    """Return maps of several sizes; all numbers of one are negative, those of one whole."""
    random = np.random.default_rng(0)
    shapes = [(4, 6, 2), (4, 4, 1), (5, 7, 3), (3, 4, 2)]
    cases = [(random.normal(size=shape),) for shape in shapes]
    cases += [(-1 - abs(cases[0][0]),), (random.integers(0, 10, (6, 5, 2)),)]
    return [*cases, (random.normal(size=(7, 9, 2)), 3), (cases[2][0].astype("f4"), 2)]


def max_pool(maps, size=2):
    """Keep the largest number of each square, as Keras does."""
    return by_hand.max_pool2d(maps[np.newaxis], size)[0]


def pooled_by(reduce):
    """Return a function that pools, but does not keep the largest number."""

    def pool(maps, size=2):
        squares = by_hand.windows(maps[np.newaxis], size, size)[0]
        return reduce(squares, axis=(3, 4))

    return pool


def without_stride(maps, size=2):
    """Pool as many squares as there are, each one row or one column after the last."""
    overlapping = by_hand.max_pool2d(maps[np.newaxis], size, 1)[0]
    return overlapping[: len(maps) // size, : maps.shape[1] // size]


EXERCISES["max_pool"] = FunctionExercise(
    max_pool,
    "It keeps the largest number of each square, for each channel, and leaves out "
    "incomplete squares.",
    pooled_by(np.mean),
    "These are the means of the squares; max pooling keeps the largest number.",
    pooled_by(np.min),
    "These are the smallest numbers of the squares; keep the largest.",
    pooled_by(np.sum),
    "These are the sums of the squares; keep the largest number.",
    pooled_by(lambda squares, axis: squares[..., 0, 0]),
    "This is the first number of each square, not the largest.",
    lambda maps, size=2: by_hand.max_pool2d(maps[np.newaxis], size, 1)[0],
    "The squares overlap: the next one starts a whole square further.",
    lambda maps, size=2: by_hand.max_pool2d(maps[np.newaxis], size, None, "same")[0],
    "Incomplete squares are still there: leave them out.",
    lambda maps, size=2: max_pool(maps[1:, 1:], size),
    "The squares start at row 1 and column 1: counting starts at 0.",
    lambda maps, size=2: max_pool(maps, size)[:-1, :-1],
    "The last row and the last column of squares are missing: where do the loops end?",
    first_alone(max_pool),
    "Only the first row is filled: does `return` stand inside the loop over the rows?",
    lambda maps, size=2: max_pool(maps)[: len(maps) // size, : maps.shape[1] // size],
    "The squares have 2 rows and 2 columns where size is 3: use `size` in each slice.",
    lambda maps, size=2: max_pool(maps),
    "The squares always have 2 rows and 2 columns; `size` says how many they have.",
    lambda maps, size=2: by_hand.relu(max_pool(maps, size)),
    "Negative numbers became 0. Where all numbers of a square are negative, the largest "
    "is negative, too.",
    lambda maps, size=2: max_pool(maps, size).max(axis=2),
    "The channels were pooled together; each keeps its own map.",
    lambda maps, size=2: (
        max_pool(maps, size).max(axis=2, keepdims=True) + 0 * maps[0, 0]
    ),
    "Every channel got the largest number of all channels. Use axis=(0, 1).",
    without_stride,
    "The squares overlap: square (i, j) starts at row i * size and column j * size.",
    lambda maps, size=2: max_pool(maps, size).swapaxes(0, 1),
    "Rows and columns of the result are swapped: the first loop goes over the rows.",
    lambda maps, size=2: by_hand.max_pool2d(maps[np.newaxis], (size, 1))[0],
    "Only rows were pooled; a square has columns as well.",
    lambda maps, size=2: by_hand.max_pool2d(maps[np.newaxis], (1, size))[0],
    "Only columns were pooled; a square has rows as well.",
    cases=pool_cases,
)

EXERCISES["sizes"] = Exercise(
    new_sizes,
    "One rule for all: (n - k) // stride + 1. With zeros around, the size stays.",
    lambda: new_sizes(stride=1),
    "The first convolution has stride 2: its places are two rows apart.",
    lambda: new_sizes(padded=0),
    'padding="same" adds zeros around the maps, so the third size is the second.',
    lambda: new_sizes(stride=1, padded=0),
    'The first convolution has stride 2, and the second one padding="same".',
    lambda: [30, *new_sizes()[1:]],
    "(65 - 5) // 2 = 30 places follow the first one; add 1.",
    lambda: new_sizes(lost=0),
    "A patch of k has n - k + 1 places: the 1 is missing.",
    lambda: new_sizes(pool=lambda n: -(-n // 2)),
    "Pooling rounds down: squares of 2 fit 15 times into 31.",
    lambda: new_sizes(pool=lambda n: n / 2),
    "There are no half pixels: pooling rounds down.",
    lambda: new_sizes(pool=lambda n: n),
    "Pooling halves rows and columns: the second and the fourth layer.",
    lambda: new_sizes(pool=lambda n: n - 1),
    "Squares of pooling do not overlap: its stride is 2, too.",
    lambda: new_sizes(k=(3, 3, 3)),
    "The first kernel is 5 × 5, not 3 × 3.",
    lambda: new_sizes(k=(1, 3, 3)),
    'Only the second convolution has padding="same"; the first one has none.',
    lambda: new_sizes(k=(5, 3, 1)),
    'The last convolution has no padding="same": 7 rows have 5 places for a patch of 3.',
    lambda: np.array(new_sizes()) ** 2,
    "These are rows times columns; write the numbers of rows alone.",
    lambda: [8, 8, 16, 16, 16],
    "These are the numbers of channels; the question is about rows.",
    lambda: new_sizes()[-1],
    "That is the last of the five sizes.",
    lambda: sizes(32),
    "These are the sizes of the network above, for a picture of 32 rows.",
    lambda: sizes(65),
    "These are the sizes of the network above. Here a stride and a padding are set.",
    lambda: [65, *new_sizes()[:4]],
    "The picture itself is not one of the five; the last layer is missing.",
    lambda: [65, *new_sizes()],
    "Leave out the 65 itself: one size for each of the five layers.",
)

EXERCISES["receptive_field"] = Exercise(
    lambda: field_height(6),
    "18 pixels and 4 more: pooling looks at two neighbours, whose fields lie 4 apart.",
    lambda: field_height(5),
    "That is conv2d_2, the layer before.",
    lambda: field_height(4),
    "That is max_pooling2d_1, the second pooling; add a third.",
    lambda: 2 * field_height(5),
    "The fields of two neighbours overlap: the second adds 4 pixels, not a whole field.",
    lambda: field_height(5) + 1,
    "This adds 1; the fields of two neighbours of conv2d_2 lie 4 pixels apart.",
    lambda: field_height(5) + 2,
    "This adds 2; the fields of two neighbours of conv2d_2 lie 4 pixels apart.",
    lambda: field_height(5) + 4 * 4,
    "This adds 16 pixels. Pooling by 2 reaches one neighbour further, 4 pixels away.",
    lambda: field_height(5) + 3 * 4,
    "This adds 12 pixels. Pooling by 2 reaches one neighbour further, 4 pixels away.",
    lambda: field_height(6) + 2 * 8,
    "This has one more convolution, after the third pooling.",
    lambda: field_height(5) // 2,
    "Pooling makes maps smaller; what a value looks at grows.",
    lambda: field_height(4) + 4,
    "This starts from max_pooling2d_1; conv2d_2 comes between the two poolings.",
    lambda: 4,
    "That is the distance of two neighbours. How many rows has a field of conv2d_2?",
    lambda: 32,
    "That is the whole picture; the field of one value is smaller.",
    lambda: [field_height(6)] * 2,
    "The numbers are right; only the height is asked for, one number.",
    lambda: field_height(6) ** 2,
    "That is the number of pixels in the field; only its height is asked for.",
    lambda: field_height(5) + 2 * 4,
    "This adds 8: two neighbours, as a convolution would, or the distance after this "
    "pooling. It reaches one neighbour further, 4 pixels away.",
)

EXERCISES["largest_share"] = Exercise(
    lambda: most_and_least(products()[2]),
    "Patch and kernel together decide what a channel adds, and each of its 9 products "
    "counts with its sign.",
    lambda: np.argsort(-abs(products()[2].sum(axis=(0, 1))))[:2],
    "The second of these channels adds something, too. Which one has a negative sum?",
    lambda: most_and_least(products()[0]),
    "These channels have the largest and the smallest sum of the patch alone; multiply "
    "by the kernel.",
    lambda: most_and_least(products()[1]),
    "These channels have the largest and the smallest sum of weights alone; multiply by "
    "the patch, which starts at row 7 and column 9.",
    lambda: most_and_least(products()[2], np.max, np.min),
    "These channels have the largest and the smallest single product; add up the 9 of "
    "each channel.",
    lambda: most_and_least(products(9, 7)[2]),
    "That is right for other patches, such as the one at row 9, column 7; this one "
    "starts at row 7, column 9.",
    lambda: most_and_least(products(trained=False)[2]),
    "These numbers come from the untrained network.",
    lambda: np.sort(products()[2].sum(axis=(0, 1)))[[-1, 0]],
    "These are what the two channels add; the question is which channels they are.",
    lambda: np.abs(products()[2].sum(axis=(0, 1))).argsort()[[-1, 0]],
    "The second of these channels adds almost nothing. Which one takes most away?",
    lambda: most_and_least(np.abs(products()[2])),
    "The products lost their signs; add them up as they are.",
    lambda: [products()[2].argmax(), products()[2].argmin()],
    "These are places among all 288 products; the question is about channels.",
    lambda: np.argsort(products()[2].sum(axis=(0, 1)))[:2],
    "These two channels take most away. Which one adds most?",
    lambda: most_and_least(products(channel=59)[2]),
    "These belong to filter 59: counting starts at 0.",
    lambda: most_and_least(products(channel=61)[2]),
    "These belong to filter 61; the table is about filter 60.",
    lambda: products()[2].sum(axis=(0, 1)),
    "These are the sums of all 32 channels. Which channels have the largest and the "
    "smallest?",
)


def edge_sums(rows=3):
    """Return the sums at the edge and where everything is bright."""
    patches = [DARK_LEFT[:rows, column : column + 3] for column in (1, 3)]
    return [(patch * EDGE[:rows]).sum() for patch in patches]


def pooled(columns=(0, 2), width=2, reduce=np.max):
    """Reduce squares of `TO_POOL` that start at the given columns."""
    return [reduce(TO_POOL[:, i : i + width]) for i in columns]


@cache
def first_kernel():
    """Return the kernel of ``conv2d``."""
    return cifar10_cnn().get_layer("conv2d").get_weights()[0]


@cache
def layers_that_notice():
    """Return how many of the first five layers change with the picture's last row."""
    image = cat_photograph()[np.newaxis] / 255
    changed = image.copy()
    changed[0, -1] = 1
    layers = range(5)
    pairs = zip(
        *(layer_outputs(network(), x, layers).values() for x in (image, changed))
    )
    return sum((one != other).any() for one, other in pairs)


def rows_seen(row=1, axis=0):
    """Return the first and the last row, or column, that a value of conv2d_2 looks at."""
    images, index = np.zeros((1, 32, 32, 3)), (0, row, 2, 0)
    field = by_hand.explain(cifar10_cnn(), images, "conv2d_2", index).receptive_field
    return [field[axis].start, field[axis].stop - 1]


GUESSES["A"] = Exercise(
    edge_sums,
    "The bright column adds 3 × 9 × 1. Where the whole patch is bright, the left column "
    "takes away what the right one adds.",
    lambda: [edge_sums()[0], 2 * edge_sums()[0]],
    "The second patch has no edge: the left column takes away what the right one adds.",
    lambda: [DARK_LEFT[:3, 1:4].sum(), DARK_LEFT[:3, 3:6].sum()],
    "These are sums of patches without the kernel.",
    lambda: edge_sums(rows=1),
    "This is one row of the kernel, which has three.",
    lambda: edge_sums()[::-1],
    "The order is different: first the patch at the edge, then the bright one.",
    lambda: np.negative(edge_sums()),
    "The signs are reversed: the right column counts 1, the left one -1.",
    lambda: [3 * edge_sums(rows=1)[0]] * 2,
    "The first is right. The second patch is bright everywhere and there is no edge: "
    "the left column takes away what the right one adds.",
    lambda: [0, 0],
    "The second is right. The first patch has a bright column on its right, which counts.",
)

GUESSES["B"] = Exercise(
    lambda: first_kernel()[:, :, 2].size,
    "Each of the 32 filters has 9 weights for blue. Its 27 products, 9 for each colour, "
    "go into one sum, so each filter makes one map.",
    lambda: first_kernel()[:, :, 2, 0].size,
    "One filter has that many; the layer has 32 filters.",
    lambda: first_kernel().shape[-1],
    "That is one for each filter; a kernel has several places.",
    lambda: first_kernel().size,
    "Those are the weights for all three colours.",
    lambda: first_kernel()[..., 0].size,
    "Those are the weights of one filter, for all three colours.",
    lambda: first_kernel().size + first_kernel().shape[-1],
    "Those are all parameters of the layer, for three colours and with the biases.",
    lambda: first_kernel()[0, 0].size,
    "That is one place of each kernel, for all three colours.",
)

GUESSES["C"] = Exercise(
    pooled,
    "Squares of 2 fit twice into 5 columns. The last column is dropped, with its 9.",
    lambda: pooled((0, 2, 4)),
    "A single column is no square: Keras drops it.",
    lambda: pooled(range(4)),
    "Squares do not overlap: the next one starts two columns further.",
    lambda: pooled(range(5), width=1),
    "A square is two columns wide; these are the maxima of single columns.",
    lambda: pooled(reduce=np.mean),
    "These are the means of the squares; max pooling keeps the largest number.",
    lambda: TO_POOL.max(axis=1),
    "These are the maxima of the rows; a square has two rows and two columns.",
    lambda: pooled((1, 3)),
    "The first square begins at the first column, and the last column is left out.",
    lambda: pooled(reduce=np.sum),
    "These are the sums of the squares; max pooling keeps the largest number.",
    lambda: TO_POOL.max(),
    "That is the largest number of all. Each square keeps one, and the last column "
    "belongs to no square.",
)

GUESSES["D"] = Exercise(
    layers_that_notice,
    "The second pooling gets 13 rows and makes 6 of the first 12. The picture's last row "
    "changes only the last of the 13, which is left out.",
    lambda: 5,
    "One pooling leaves a row out: 13 rows do not fill squares of 2.",
    lambda: 4,
    "A row that pooling leaves out is already missing in the output of that pooling.",
    lambda: 2,
    "15 rows go into conv2d_1, and its last patch reaches the last of them.",
    lambda: 1,
    "30 rows fill 15 squares of 2: the first pooling leaves none out.",
    lambda: 0,
    "The last patch of conv2d reaches the picture's last row.",
    lambda: sizes(32),
    "These are the five sizes; the question is how many layers change.",
)

GUESSES["E"] = Exercise(
    rows_seen,
    "It begins at row 1 × 4 and has 18 rows, so the last one is 4 + 18 - 1.",
    lambda: [1, 18],
    "The fields of two neighbours of conv2d_2 lie 4 rows apart, not 1.",
    lambda: rows_seen(0),
    "That is the field of the value at row 0; the next one begins 4 rows further.",
    lambda: rows_seen(axis=1),
    "These are its columns: column 2 × 4 is the first.",
    lambda: [4, 22],
    "The first is right. 18 rows from row 4 on end at row 21.",
    lambda: [4, 18],
    "The first is right. 18 is the number of rows, not the last of them.",
    lambda: [4, 4],
    "That is its first row; it looks at 18 of them.",
    lambda: [18, 35],
    "Fields overlap: the next one begins 4 rows further, not 18.",
    lambda: [1, 3],
    "These are the rows of a patch of the first layer; three convolutions and two "
    "poolings look further.",
)
