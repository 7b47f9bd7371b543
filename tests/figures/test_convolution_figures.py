"""Pictures of a convolution: the numbers in them are right, and can be read."""

import re

import keras
import numpy as np
import pytest
from keras import layers
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb

from helpers.by_hand import conv2d, explain
from helpers.figures import (
    convolution_figure,
    explain_figure,
    response_figure,
    sliding_figure,
)
from helpers.figures.number_sheet import ink, written
from helpers.figures.picture import SIGNED
from helpers.networks import cifar10_cnn, dense_network

PICTURE, KERNEL = np.array([[0, 0, 0, 9, 9, 9]] * 5), np.array([[-1, 0, 1]] * 3)


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


# What stands in a picture, read back from where it stands


def texts_of(picture):
    """Return ``(x, y, text)`` of all texts, from top to bottom, from left to right."""
    found = [(*one.get_position(), one.get_text()) for one in picture.axes[0].texts]
    return sorted((one for one in found if one[2]), key=lambda one: (one[1], one[0]))


def arrays_in(picture):
    """Return the arrays of numbers, as texts; "" where a square is empty."""
    arrays = []
    for image in picture.axes[0].images:
        left, right, bottom, top = image.get_extent()
        rows, columns = image.get_array().shape[:2]
        array = np.full((rows, columns), "", object)
        for x, y, text in texts_of(picture):
            if left < x < right and top < y < bottom:
                row = int((y - top) / (bottom - top) * rows)
                array[row, int((x - left) / (right - left) * columns)] += text
        arrays.append(array)
    return arrays


def numbers(texts):
    return np.array([[float(text) for text in row] for row in texts])


def same(texts, values):
    np.testing.assert_allclose(numbers(texts), values, atol=5.1e-4)


def beside(picture, label):
    """Return the number in the line of a label."""
    ((x, y, _),) = [one for one in texts_of(picture) if one[2] == label]
    return float([t for a, b, t in texts_of(picture) if b == y and a > x][-1])


def framed(picture):
    """Return the frames: left, top, width and height, each drawn in two colours."""
    patches = picture.axes[0].patches
    assert len(patches) % 2 == 0
    boxes = [patch.get_bbox() for patch in patches[::2]]
    for below, above in zip(patches[::2], patches[1::2]):
        assert below.get_bbox().bounds == above.get_bbox().bounds
        assert below.get_edgecolor() != above.get_edgecolor()
    return [(box.x0, box.y0, box.width, box.height) for box in boxes]


def squares(image, row, column, rows, columns):
    """Return where squares of an array stand, as `framed` does."""
    left, right, bottom, top = image.get_extent()
    wide, tall = (
        side / n
        for side, n in zip((right - left, bottom - top), image.get_array().shape[1::-1])
    )
    place = left + column * wide, top + row * tall, columns * wide, rows * tall
    return pytest.approx(place)


# One place, and several


@pytest.mark.parametrize("bias", [None, 0, -0.5, 3])
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize(
    ("picture", "kernel"),
    [
        (PICTURE, KERNEL),
        (random(8, 8), random(5, 5)),
        (random(3, 7), random(2, 1)),
        (random(4, 4, 1), random(4, 4)),
        (np.eye(5, dtype=bool), np.ones((1, 2), "uint8")),
    ],
)
def test_numbers_of_one_place(picture, kernel, bias, relu):
    maps = conv2d(picture.reshape(1, *picture.shape[:2], 1), kernel[..., None, None])
    sums = maps[0, :, :, 0]
    value = sums + (bias or 0)
    value = np.maximum(value, 0) if relu else value
    for place in {(0, 0), (value.shape[0] - 1, value.shape[1] // 2)}:
        figure = convolution_figure(picture, kernel, place, bias, relu)
        (i, j), (rows, columns) = place, kernel.shape
        plain = picture.reshape(picture.shape[:2])
        patch = plain[i : i + rows, j : j + columns]
        first, second, *others = arrays_in(figure)
        same(first, plain)
        assert np.argwhere(second != "").tolist() == [list(place)]  # others stay open
        same([[second[place]]], value[place])
        for texts, values in zip(others, [patch, kernel, patch * kernel], strict=True):
            same(texts, values)
        images = figure.axes[0].images
        assert framed(figure) == [
            squares(images[0], *place, rows, columns),
            squares(images[1], *place, 1, 1),
        ]
        added = beside(figure, f"sum of {kernel.size} products")
        assert added == pytest.approx(sums[place], abs=5.1e-4)
        last = [text for *_, text in texts_of(figure) if text[0] == "="][1:]
        assert len(last) == (relu or bias is not None)
        for label in last:
            assert beside(figure, label) == pytest.approx(value[place], abs=5.1e-4)
        if bias is not None:
            assert beside(figure, "+ bias") == bias


def test_the_sentence_has_the_numbers_of_the_place():
    assert str(convolution_figure(PICTURE, KERNEL)) == (
        "Rows 0 to 2 and columns 1 to 3 of the picture times the kernel: sum of 9 products "
        "27. This is the value at row 0, column 1 of the feature map, which has 3 rows and "
        "4 columns. Blue is above 0, orange below 0, white 0, grey still "
        "open."
    )
    one = str(convolution_figure(PICTURE, -KERNEL, (2, -2), bias=0.5, relu=True))
    assert one.startswith(
        "Rows 2 to 4 and columns 2 to 4 of the picture times the kernel: sum of 9 products "
        "-27.000, + bias 0.500, = relu(-26.500) 0.000. This is the value at row 2, column "
    )


@pytest.mark.parametrize(
    ("figure", "is_open"),
    [
        (convolution_figure([[1]], [[2]]), False),
        (convolution_figure(PICTURE, KERNEL), True),
        (sliding_figure([[1]], [[2]]), False),
        (sliding_figure(PICTURE, KERNEL, 2), True),
    ],
    ids=str,
)
def test_grey_is_told_where_a_square_is_open(figure, is_open):
    assert any("" in array for array in arrays_in(figure)) == is_open
    assert str(figure).endswith("grey still open." if is_open else "white 0.")


def test_it_opens_where_the_value_is_farthest_from_0():
    assert "at row 0, column 1 of" in str(convolution_figure(PICTURE, KERNEL))
    picture = np.zeros((6, 6))
    picture[4, 3] = -2
    assert "at row 4, column 3 of" in str(convolution_figure(picture, np.ones((1, 1))))
    assert "at row 0, column 0 of" in str(convolution_figure(picture * 0, KERNEL))


@pytest.mark.parametrize(
    ("picture", "kernel", "row"),
    [
        (PICTURE, KERNEL, 0),
        (PICTURE, KERNEL, 2),
        (random(8, 8), random(3, 3), -2),
        (random(1, 1), random(1, 1), 0),
        (random(5, 3), random(2, 2), 1),
    ],
)
def test_a_moving_kernel_fills_the_map(picture, kernel, row):
    sums = conv2d(picture[np.newaxis, ..., None], kernel[..., None, None])[0, ..., 0]
    figure = sliding_figure(picture, kernel, row)
    row %= len(sums)
    shown, images = arrays_in(figure), figure.axes[0].images
    frames, places = framed(figure), []
    for i in range(0, len(shown), 2):
        same(shown[i], picture)
        filled = shown[i + 1] != ""
        last = np.argwhere(filled)[-1].tolist()
        assert last[0] == row
        places.append(last[1])
        assert filled.ravel().tolist() == sorted(filled.ravel(), reverse=True)
        values = [float(text) for text in shown[i + 1][filled]]
        np.testing.assert_allclose(values, sums[filled], atol=5.1e-4)
        assert frames[i] == squares(images[i], *last, *kernel.shape)
        assert frames[i + 1] == squares(images[i + 1], *last, 1, 1)
    count = sums.shape[1]
    assert places[0] == 0 and places[-1] == count - 1
    assert places == sorted(set(places)) and len(places) == min(4, count)
    assert ("Of its" in str(figure)) == (count > 4)
    said = [float(x) for x in re.findall(r": sum (-?[\d.]+)\.(?: |$)", str(figure))]
    np.testing.assert_allclose(said, sums[row, places], atol=5.1e-4)


# A whole picture


def test_maps_of_a_whole_picture_share_a_scale_around_0():
    picture = random(12, 20)
    kernels = {"one": KERNEL, "other": random(2, 5), "third": [[-1]]}
    figure = response_figure(picture, kernels, "noise")
    shown = figure.axes[0].images
    np.testing.assert_array_equal(shown[0].get_array(), picture)
    assert shown[0].cmap.name == "gray"
    largest = 0
    for i, (name, kernel) in enumerate(kernels.items()):
        image, below = shown[1 + 2 * i : 3 + 2 * i]
        weights = np.array(kernel, float)[..., None, None]
        expected = conv2d(picture[np.newaxis, ..., None], weights)[0, ..., 0]
        np.testing.assert_allclose(image.get_array(), expected)
        same(arrays_in(figure)[2 + 2 * i], kernel)
        assert below.get_extent()[0] == image.get_extent()[0]
        largest = max(largest, np.abs(expected).max())
        row, column = np.unravel_index(np.abs(expected).argmax(), expected.shape)
        assert (
            f"{name}: values from {expected.min():.3g} to {expected.max():.3g}, farthest "
            f"from 0 at row {row}, column {column}." in str(figure)
        )
        left, right, *_ = image.get_extent()
        first_left, first_right, *_ = shown[0].get_extent()
        pixel = (first_right - first_left) / 20  # is as large in every map
        assert (right - left) / expected.shape[1] == pytest.approx(pixel)
    for image in shown[1::2]:
        assert image.get_clim() == pytest.approx((-largest, largest))
    assert figure.axes[1].get_ylim() == pytest.approx((-largest, largest))


def test_a_map_of_zeros_has_no_bar():
    figure = response_figure(np.ones((4, 4)), {"edges": [[1, -1]]})
    assert len(figure.axes) == 1
    assert "edges: values from 0 to 0, farthest from 0 at row 0, column 0." in str(
        figure
    )


# What explain takes apart


def explained(layer, *shape):
    """Explain a number of a layer of its own, made for inputs of a shape."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input(shape), layer])
    place = 0, *np.array(layer.output.shape[1:]) // 3
    return explain(model, random(1, *shape), layer.name, place)


def of_the_cnn(layer, place):
    images = np.random.default_rng(0).uniform(size=(1, 32, 32, 3))
    return explain(cifar10_cnn(), images, layer, place)


SUMS = {  # one of each kind of layer that adds up products
    "hidden": lambda: explain(dense_network(), np.eye(3), "hidden", (0, 3)),
    "softmax": lambda: explain(dense_network(), np.eye(3), "output", (2, 1)),
    "colours": lambda: of_the_cnn("conv2d", (0, 4, 5, 6)),
    "32 channels": lambda: of_the_cnn("conv2d_1", (0, 4, 5, 6)),
    "1024 inputs": lambda: of_the_cnn("dense", (0, 7)),
    "one channel": lambda: explained(layers.DepthwiseConv2D(3), 9, 9, 5),
    "groups": lambda: explained(layers.Conv2D(4, (2, 5), groups=2), 9, 9, 10),
    "dilation": lambda: explained(
        layers.Conv2D(2, 7, dilation_rate=2, padding="same", activation="tanh"), 9, 9, 3
    ),
    "no bias": lambda: explained(layers.Conv2D(9, 1, use_bias=False), 5, 5, 12),
    "places": lambda: explained(layers.Dense(3), 5, 5, 10),
    "steps": lambda: explained(layers.Conv1D(2, 4, padding="same"), 9, 3),
}


@pytest.mark.parametrize("kind", SUMS)
def test_explanations_are_drawn_with_their_numbers(kind):
    one = SUMS[kind]()
    figure, products = explain_figure(one), one.products
    count = products.shape[-1]
    each = products.reshape(-1, count).sum(axis=0)
    single = products.size == count
    most = 8 if single else 4
    order = np.argsort(-np.abs(each), kind="stable")[:most]
    order = np.arange(count) if count <= most else order
    shown = arrays_in(figure)
    assert len(shown) == 3 * len(order)
    whole = (one.patch, one.kernel, one.products)
    for line, i in enumerate(order):
        for texts, array in zip(shown[3 * line : 3 * line + 3], whole):
            same(texts, array[..., i].reshape(texts.shape))
    *_, axis = list(one.columns)[:-3]
    number = one.columns[axis].reshape(-1, count)[0]
    for i in order:
        if not single:
            label = f"{axis} {number[i]}"
            assert beside(figure, label) == pytest.approx(each[i], abs=5.1e-4)
        assert f" {axis} {number[i]} gives {each[i]:.3f}".replace(
            "-0.000", "0.000"
        ) in str(figure)
    steps = dict(one.steps)
    if count > most:
        steps[f"{count - most} other {axis}s"] = each.sum() - each[order].sum()
    for label, value in steps.items():
        assert beside(figure, label) == pytest.approx(value, abs=5.1e-4)
    title, *_ = one.lines()
    assert str(figure).startswith(title) and texts_of(figure)[0][2] == title


def test_channels_can_have_names():
    one, names = SUMS["colours"](), ["red", "green", "blue"]
    figure = explain_figure(one, names)
    for name, value in zip(names, one.products.sum(axis=(0, 1))):
        assert beside(figure, name) == pytest.approx(value, abs=5.1e-4)
    assert "rows 4 to 6 and columns 5 to 7: red gives" in str(figure)


# Colours


def test_colour_tells_sign_and_size():
    figure = convolution_figure([[-4, -2, 0, 2, 4]], [[1]], (0, 0))
    low, half, zero, half_up, high = figure.axes[0].images[0].get_array()[0]
    np.testing.assert_allclose(low, to_rgb("#d55e00"), atol=0.005)
    np.testing.assert_allclose(high, to_rgb("#0072b2"), atol=0.005)
    np.testing.assert_allclose(zero, 1, atol=0.005)
    assert low[0] < half[0] + 1e-9 and half[2] > low[2]  # paler
    np.testing.assert_allclose(half_up, (high + 1) / 2, atol=0.005)


def test_parts_of_one_sum_share_their_colours():
    """Equal numbers have equal colours in every channel."""
    layer = layers.Conv2D(1, 2, kernel_initializer="ones")
    model = keras.Sequential([keras.Input((2, 2, 2)), layer])
    x = np.stack([np.full((2, 2), 1.0), np.full((2, 2), 4.0)], axis=-1)[np.newaxis]
    images = explain_figure(explain(model, x, layer.name, (0, 0, 0, 0))).axes[0].images
    first, second = images[0].get_array()[0, 0], images[3].get_array()[0, 0]
    np.testing.assert_allclose(1 - first, (1 - second) / 4, atol=0.01)


def light(colour):
    parts = np.array(to_rgb(colour))
    parts = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return parts @ [0.2126, 0.7152, 0.0722]


def test_numbers_can_be_read_on_every_colour():
    """WCAG 2 asks for a contrast of 4.5 to 1."""
    colours = [*SIGNED(np.linspace(0, 1, 257))[:, :3], to_rgb("#f0e442")]
    for colour in colours:
        darker, lighter = sorted([light(colour), light(ink(colour))])
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0, -0.0, 27, 9], ["0", "0", "27", "9"]),
        ([True, False], ["1", "0"]),
        ([0.5, -0.0001, 3], ["0.500", "0.000", "3.000"]),
        ([123456.0, 1], ["1.23e+05", "1"]),
        ([1e-5, -2.5e-7], ["1e-05", "-2.5e-07"]),
        ([np.nan, np.inf, -np.inf, 2], ["NaN", "inf", "-inf", "2"]),
        ([np.nan], ["NaN"]),
    ],
)
def test_numbers_are_written_short(values, texts):
    assert written(values).tolist() == texts


def yellow(figure):
    """Return how many squares of each array have the colour of NaN and infinity."""
    odd = to_rgb("#f0e442")
    arrays = [image.get_array()[..., :3] for image in figure.axes[0].images]
    return [int(np.isclose(array, odd).all(axis=-1).sum()) for array in arrays]


@pytest.mark.parametrize(
    ("odd", "text", "word"),
    [
        (np.nan, "NaN", "NaN"),
        (np.inf, "inf", "infinity"),
        (-np.inf, "-inf", "infinity"),
    ],
)
def test_what_is_no_number_is_yellow_and_told(odd, text, word):
    picture = np.ones((3, 4))
    picture[1, 3] = odd
    found = f" {word[0].upper()}{word[1:]} in picture, feature map: yellow."
    for figure in (
        convolution_figure(picture, np.ones((2, 2)), (1, 2)),
        sliding_figure(picture, np.ones((2, 2))),
    ):
        assert arrays_in(figure)[0][1, 3] == text and yellow(figure)[0] == 1
        assert str(figure).endswith(f"white 0, grey still open.{found}")
    figure = convolution_figure(picture, np.ones((2, 2)), (1, 2))
    assert yellow(figure) == [1, 1, 1, 0, 1]
    assert not np.isfinite(beside(figure, "sum of 4 products"))
    figure = response_figure(picture, {"pairs": np.ones((2, 2))})
    (crosses,) = {len(line.get_xdata()) for line in figure.axes[0].lines[:1]}
    assert crosses == 1 and len(figure.axes[0].lines[1].get_xdata()) == 2
    assert str(figure).endswith(
        f" {word[0].upper()}{word[1:]} in all 2 arrays: yellow with an x."
    )
    layer = layers.Dense(1)
    model = keras.Sequential([keras.Input((3,)), layer])
    layer.set_weights([np.array([[1], [odd], [2]]), np.zeros(1)])
    with np.errstate(all="ignore"):
        figure = explain_figure(explain(model, np.ones((1, 3)), layer.name, (0, 0)))
    assert yellow(figure) == [0, 0, 0, 0, 1, 1, 0, 0, 0]
    assert str(figure).endswith("in kernel, products: yellow.")


# Everything has its place: also where there is little or much


ROOM = {f"words that need room {i}": random(5, 5) for i in range(4)}
DRAWN = {
    "lesson": lambda: convolution_figure(PICTURE, KERNEL),
    "one pixel": lambda: convolution_figure([[1]], [[1]]),
    "small and large": lambda: convolution_figure(
        [[0.5]], [[1e-9]], bias=-1e9, relu=True
    ),
    "largest": lambda: convolution_figure(
        random(8, 8), random(5, 5), None, -12.345, True
    ),
    "long numbers": lambda: convolution_figure(
        -1e9 * random(8, 1), random(1, 1), bias=1
    ),
    "odd": lambda: convolution_figure([[1, np.nan, -np.inf]], [[1]]),
    "way": lambda: sliding_figure(PICTURE, KERNEL),
    "largest way": lambda: sliding_figure(random(8, 8), random(3, 3), row=3),
    "long numbers on the way": lambda: sliding_figure(
        1e-7 * random(8, 8), random(1, 1)
    ),
    "no way": lambda: sliding_figure([[1]], [[1]]),
    "narrow way": lambda: sliding_figure(random(8, 2), random(1, 1)),
    "answers": lambda: response_figure(random(32, 32), {"a": KERNEL, "b": KERNEL.T}),
    "answer to a pixel": lambda: response_figure(random(1, 1), {"a": [[1]]}),
    "wide answers": lambda: response_figure(random(9, 90), ROOM),
    "tall answer": lambda: response_figure(
        random(90, 9), {"W" * 30: [[1]]}, "long " * 9
    ),
    "names": lambda: explain_figure(SUMS["colours"](), ["the red", "WWWWW", "მწვანე"]),
} | {kind: lambda kind=kind: explain_figure(SUMS[kind]()) for kind in SUMS}


@pytest.mark.parametrize("kind", DRAWN)
def test_nothing_is_cut_off_and_no_text_lies_on_another(kind):
    picture = DRAWN[kind]()
    canvas = FigureCanvasAgg(picture)
    canvas.draw()
    renderer, (width, height) = canvas.get_renderer(), canvas.get_width_height()
    sheet, *bars = picture.axes
    texts = [*sheet.texts, *(text for bar in bars for text in bar.get_yticklabels())]
    texts = [text for text in texts if text.get_text()]
    boxes = [text.get_window_extent(renderer) for text in texts]
    images = [image.get_window_extent(renderer) for image in sheet.images]
    for box in [*boxes, *images]:
        assert 0 <= box.x0 and box.x1 <= width and 0 <= box.y0 and box.y1 <= height
    for i, box in enumerate(boxes):
        assert not box.count_overlaps(boxes[:i]), texts[i]
    for i, image in enumerate(images):
        assert not image.count_overlaps(images[:i])
        _, columns = sheet.images[i].get_array().shape[:2]
        for box in boxes:
            if image.overlaps(box):  # a number in its square, and no other text
                assert box.width < image.width / columns
                assert image.x0 < box.x0 and box.x1 < image.x1
                assert image.y0 < box.y0 and box.y1 < image.y1


# What cannot be drawn


@pytest.mark.parametrize(
    ("draw", "error", "words"),
    [
        (
            lambda: convolution_figure(random(9, 3), KERNEL),
            ValueError,
            "has 9 rows and 3",
        ),
        (
            lambda: convolution_figure(random(8, 8), random(6, 1)),
            ValueError,
            "6 rows and 1",
        ),
        (
            lambda: convolution_figure(random(2, 6), KERNEL),
            ValueError,
            "place where it",
        ),
        (lambda: convolution_figure(random(5, 5, 3), KERNEL), ValueError, r":, :, 0\]"),
        (lambda: convolution_figure(random(1, 5, 5, 1), KERNEL), ValueError, "batch"),
        (lambda: convolution_figure([1, 2, 3], KERNEL), ValueError, r"has \(3,\)"),
        (lambda: convolution_figure(np.zeros((0, 3)), KERNEL), ValueError, r"\(0, 3\)"),
        (lambda: convolution_figure([["a"]], KERNEL), ValueError, "holds <U1"),
        (lambda: convolution_figure(PICTURE, random(3, 3, 1, 1)), ValueError, "Conv2D"),
        (lambda: convolution_figure(PICTURE, [[1j]]), ValueError, "holds complex128"),
        (
            lambda: convolution_figure(PICTURE, KERNEL, (3, 0)),
            IndexError,
            "row from 0 to 2",
        ),
        (
            lambda: convolution_figure(PICTURE, KERNEL, (0, 4)),
            IndexError,
            "from 0 to 3",
        ),
        (
            lambda: convolution_figure(PICTURE, KERNEL, 1),
            IndexError,
            "1 is not a place",
        ),
        (
            lambda: convolution_figure(PICTURE, KERNEL, (0.5, 1)),
            IndexError,
            "not a place",
        ),
        (
            lambda: convolution_figure(PICTURE, KERNEL, (0, 0, 0)),
            IndexError,
            "not a place",
        ),
        (
            lambda: convolution_figure(PICTURE, KERNEL, bias="a"),
            ValueError,
            "one number",
        ),
        (
            lambda: convolution_figure(PICTURE, KERNEL, bias=[1]),
            ValueError,
            "one number",
        ),
        (lambda: sliding_figure(PICTURE, KERNEL, 3), IndexError, "row from 0 to 2"),
        (lambda: sliding_figure(PICTURE, KERNEL, None), IndexError, "row from 0 to 2"),
        (lambda: sliding_figure(random(3, 9), KERNEL), ValueError, "at most 8 rows"),
        (lambda: response_figure(PICTURE, KERNEL), ValueError, "this is ndarray"),
        (lambda: response_figure(PICTURE, {}), ValueError, "a dict of 0"),
        (
            lambda: response_figure(PICTURE, {i: KERNEL for i in range(5)}),
            ValueError,
            "a dict of 5",
        ),
        (
            lambda: response_figure(random(4, 4, 3), {"a": KERNEL}),
            ValueError,
            "colour picture",
        ),
        (
            lambda: response_figure(PICTURE, {"a": random(9, 1)}),
            ValueError,
            "kernel 'a' has",
        ),
        (lambda: explain_figure(dense_network()), TypeError, "not a Sequential. Write"),
    ],
)
def test_what_cannot_be_drawn_is_told(draw, error, words):
    with pytest.raises(error, match=words) as told:
        draw()
    message = str(told.value)
    assert re.search(r"\b(Pass|Write|Take|Cut|take|write)\b|reshape", message), message


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (layers.MaxPooling2D(2), "MaxPooling2D layer and adds up no products"),
        (layers.Conv2D(1, (8, 2)), "a window of 8 × 2"),
    ],
)
def test_explanations_that_cannot_be_drawn_can_be_printed(layer, words):
    one = explained(layer, 9, 9, 2)
    with pytest.raises(ValueError, match=words) as told:
        explain_figure(one)
    assert "print(explanation)" in str(told.value) and str(one)


@pytest.mark.parametrize("names", [["red"], "rgb", []])
def test_names_for_all_channels_are_asked_for(names):
    with pytest.raises(ValueError, match="write a list of at least 3, one for each"):
        explain_figure(SUMS["colours"](), names)


def test_arrays_of_the_caller_stay_as_they_are():
    picture, kernel = PICTURE.astype("float64"), KERNEL.astype("float64")
    convolution_figure(picture, kernel, bias=1, relu=True)
    sliding_figure(picture, kernel)
    response_figure(picture, {"a": kernel})
    np.testing.assert_array_equal(picture, PICTURE)
    np.testing.assert_array_equal(kernel, KERNEL)
