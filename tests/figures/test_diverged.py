"""NaN and infinity, as a training leaves them that diverged: seen, said, never mistaken.

A warning is an error in every test (pyproject.toml), so none is printed here.
"""

import itertools
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from helpers import figures
from helpers.extraction import layer_outputs
from helpers.figures import (
    curve_figure,
    feature_map_grid,
    filter_grid,
    image_figure,
    image_row,
    network_diagram,
)
from helpers.figures.picture import ODD_COLOUR
from helpers.networks import cifar10_cnn, dense_network
from helpers.statistics import dead_channels, layer_statistics

NAN, INF = np.nan, np.inf
YELLOW = [round(255 * part) for part in to_rgb(ODD_COLOUR)]
SOME = {  # what stands where a number should be, and the words for it
    "NaN": ([NAN], "NaN"),
    "infinity": ([INF], "Infinity"),
    "minus infinity": ([-INF], "Infinity"),
    "all three": ([NAN, INF, -INF], "NaN in {0}; infinity in {0}"),
}
FALSE = re.compile(r"nan\b|\binf\b|silent, 0 everywhere: channels?[^.]*\b1\b")
some = pytest.mark.parametrize(("odd", "words"), SOME.values(), ids=SOME)


def spoiled(shape, odd, dtype="float32"):
    """Return an array whose last axis has 4 parts: good, all odd, partly odd, zeros."""
    values = np.random.default_rng(0).uniform(0.1, 0.9, shape).astype(dtype)
    values[..., 1] = np.resize(odd, shape[:-1])
    flat = values.reshape(-1, shape[-1])
    flat[: len(odd), 2] = odd
    values[..., 3] = 0
    return values


def seen(picture):
    """Draw a picture; return its yellow pixels and the crosses on its first axes."""
    assert picture.png(dpi=30).startswith(b"\x89PNG")
    crosses = sum(len(line.get_xdata()) for line in picture.axes[0].lines)
    pixels = picture.axes[0].images[0].get_array()[..., :3]
    return int((pixels == YELLOW).all(axis=-1).sum()), crosses


def said(picture, words, of):
    """Check the end of a picture's sentence, and that nothing before it is false."""
    where = f"{of}s 1, 2"
    words = words.format(where) if "{" in words else f"{words} in {where}"
    assert str(picture).endswith(f" {words}: yellow with an x.")
    assert not FALSE.search(str(picture))


def test_no_public_picture_is_forgotten():
    """Each is named in a file of this folder that tries NaN; records hold no numbers."""
    drawn = {
        name
        for name in vars(figures)
        if re.search("_(figure|grid|row|d.*m)$", name) and name != "record_diagram"
    }
    files = (
        path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py")
    )
    tried = " ".join(text for text in files if re.search(r"np\.nan\b", text))
    assert {name for name in drawn if not re.search(rf"\b{name}\(", tried)} == set()
    assert len(drawn) > 6


# Maps, filters and pictures


@some
@pytest.mark.parametrize("scale", ["map", "shared"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_maps_mark_what_is_no_number(odd, words, scale, dtype):
    maps = spoiled((4, 5, 4), odd, dtype)
    picture = feature_map_grid(maps, scale=scale)
    assert seen(picture) == (20 + len(odd),) * 2
    said(picture, words, "channel")
    assert "1 map is silent, 0 everywhere: channel 3." in str(picture)
    finite = maps[np.isfinite(maps)]
    limits = f"Finite values from {finite.min():.3g} to {finite.max():.3g}."
    assert limits in str(picture)
    _, strokes = picture.axes[0].collections
    assert len(strokes.get_segments()) == 1  # the silent one
    good = feature_map_grid(np.nan_to_num(maps, posinf=0, neginf=0), scale=scale)
    for side in ("get_xlim", "get_ylim"):  # the crosses move nothing
        limits = (getattr(x.axes[0], side)() for x in (picture, good))
        assert next(limits) == next(limits)


@some
def test_odd_pixels_leave_the_scale_of_the_others(odd, words):
    maps = spoiled((4, 5, 4), odd)
    good = feature_map_grid(np.where(np.isfinite(maps), maps, maps[-1, -1, 2]))
    a, b = (x.axes[0].images[0].get_array() for x in (good, feature_map_grid(maps)))
    odd_pixels = (b[..., :3] == YELLOW).all(axis=-1)
    first, third = np.s_[:4, :5], np.s_[:4, 12:17]
    for tile in (first, third):
        np.testing.assert_array_equal(
            a[tile][~odd_pixels[tile]], b[tile][~odd_pixels[tile]]
        )


@pytest.mark.parametrize("scale", ["map", "shared"])
def test_maps_without_a_number_have_no_scale(scale):
    picture = feature_map_grid(np.full((3, 3, 2), NAN), scale=scale)
    assert seen(picture) == (18, 18)
    assert str(picture) == (
        "feature maps: 2 of 2 channels, 3 rows by 3 columns each. There is no scale. No "
        "finite values. No map is silent. NaN in all 2 channels: yellow with an x."
    )
    assert len(picture.axes) == 1
    assert "NaN in channel 0:" in str(feature_map_grid(np.full((3, 3, 1), NAN)))


def test_maps_that_are_not_drawn_are_not_told():
    maps = spoiled((3, 3, 4), [NAN])
    assert "NaN" not in str(feature_map_grid(maps, count=1))
    assert seen(feature_map_grid(maps, count=1)) == (0, 0)


@some
@pytest.mark.parametrize(("channels", "channel"), [(3, None), (5, None), (5, 2)])
def test_filters_mark_what_is_no_number(odd, words, channels, channel):
    kernel = spoiled((3, 3, channels, 4), odd)
    if channel is None:
        pixels = 9 + (1 if channels >= len(odd) else 2)
    else:  # the odd weights of filter 2 stand in channels 0, 1, 2, ... of one pixel
        kernel[0, 0, channel, 2] = odd[0]
        pixels = 10
    picture = filter_grid(kernel, channel=channel)
    assert seen(picture) == (pixels, pixels)
    if channel is None or len(odd) == 1:
        said(picture, words, "filter")
    assert "Finite weights from " in str(picture)


def test_mean_of_weights_of_both_infinities_is_marked():
    kernel = np.ones((3, 3, 4, 2))
    kernel[1, 1, :2, 1] = INF, -INF
    picture = filter_grid(kernel)
    assert seen(picture) == (1, 1)
    assert str(picture).endswith("from 1 to 1. Infinity in filter 1: yellow with an x.")


@some
@pytest.mark.parametrize("scale", ["own", "shared"])
def test_row_marks_what_is_no_number(odd, words, scale):
    maps = np.moveaxis(spoiled((4, 5, 4), odd), -1, 0)
    picture = image_row(maps, scale=scale)
    picture.png(dpi=30)
    images = picture.axes[0].images
    for image, values in zip(images, maps):
        np.testing.assert_array_equal(
            np.ma.getmaskarray(image.get_array()), ~np.isfinite(values)
        )
        pixels = image.to_rgba(image.get_array(), bytes=True)[..., :3]
        marked = (pixels == YELLOW).all(axis=-1)
        np.testing.assert_array_equal(marked, ~np.isfinite(values))
        assert np.isfinite(image.get_clim()).all()
    crosses = sum(len(line.get_xdata()) for line in picture.axes[0].lines)
    assert crosses == 20 + len(odd)
    where = "picture 1, picture 2"
    words = words.format(where) if "{" in words else f"{words} in {where}"
    assert str(picture).endswith(f" {words}: yellow with an x.")


def test_crosses_of_a_row_stand_on_their_pixels():
    image = np.arange(20.0).reshape(4, 5)
    image[1, 3] = NAN
    axes = image_row([np.zeros((4, 5)), image]).axes[0]
    (line,) = axes.lines
    left, right, bottom, top = axes.images[1].get_extent()
    assert line.get_xdata() == pytest.approx(left + 3.5 * (right - left) / 5)
    assert line.get_ydata() == pytest.approx(top + 1.5 * (bottom - top) / 4)


def test_row_names_the_pictures_by_their_titles():
    maps = np.stack([np.full((3, 3), NAN), np.ones((3, 3)), np.full((3, 3), NAN)])
    assert str(image_row(maps, ["cat", "dog", "cat"], scale="shared")) == (
        "pictures: 3 pictures, cat; dog; cat. In grey, on one scale shown by the bar. NaN "
        "in picture 0 (cat), picture 2 (cat): yellow with an x."
    )
    nothing = image_row(maps[[0, 2]], scale="shared")
    assert "In grey, on no scale. NaN in all 2 pictures" in str(nothing)
    assert len(nothing.axes) == 1


@some
@pytest.mark.parametrize("shape", [(3, 3), (3, 3, 3)])
def test_a_picture_as_it_is_has_only_numbers(odd, words, shape):
    image = np.full(shape, 0.5)
    image[0, :] = np.resize(odd, image[0].shape)
    draws = [image_figure] if len(shape) == 2 else [image_figure, image_row]
    for draw in draws:
        with pytest.raises(ValueError) as error:
            draw(image if draw is image_figure else [image])
        assert "among its values" in str(error.value)
        line = re.search(r"write (.+)\.$", str(error.value))[1]
        mended = eval(line, {"np": np, "image": image, "image_row": image_row})
        if len(shape) == 2:
            assert "yellow with an x" in str(mended)
        else:
            image_figure(mended)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_huge_numbers_are_not_taken_for_infinity(dtype):
    largest = 3e38 if dtype == "float32" else 1e300
    maps = np.where(spoiled((4, 4, 4), [0]) > 0.5, largest, -largest).astype(dtype)
    pictures = [feature_map_grid(maps, scale=scale) for scale in ("map", "shared")]
    pictures += [
        image_row(np.moveaxis(maps, -1, 0), scale=s) for s in ("own", "shared")
    ]
    pictures += [filter_grid(maps.reshape(4, 2, 2, 4)), filter_grid(maps[:, :3, None])]
    pictures += [curve_figure({"loss": maps[0, :, 0]})]
    for picture in pictures:
        picture.png(dpi=30)
        assert not re.search("NaN|[Ii]nfinit", str(picture))


# The network


def diagram(spoil, inputs=(1, 2, 3)):
    model = dense_network()
    weights = model.get_weights()
    spoil(weights)
    model.set_weights(weights)
    picture = network_diagram(model, None if inputs is None else list(inputs))
    picture.png(dpi=30)
    return picture


@some
def test_diagram_dots_weights_that_are_no_number(odd, words):
    def spoil(weights):
        weights[0].ravel()[: len(odd)] = odd

    picture = diagram(spoil, None)
    positive, negative, dotted = (
        len(lines.get_segments()) for lines in picture.axes[0].collections[:3]
    )
    assert dotted == len(odd)
    assert dotted + positive + negative == 12
    verb = "is" if len(odd) == 1 else "are"
    assert f"; {len(odd)} {verb} NaN or infinity, black and dotted." in str(picture)
    assert re.search(r"go from -\d\.\d+ to \d\.\d+;", str(picture))


def test_diagram_says_which_circles_hold_no_number():
    assert "circles" not in str(diagram(lambda weights: None))

    def bias(weights):
        weights[1][2] = NAN

    picture = diagram(bias)
    assert str(picture).endswith(
        " to 0.922. NaN or infinity in circles: 1 of hidden (relu), 2 of output (softmax)."
    )
    assert sum(text.get_text() == "NaN" for text in picture.axes[0].texts) == 3
    assert "circles: 1 of inputs, " in str(diagram(lambda weights: None, (INF, 0, 0)))


def test_diagram_of_nothing_but_nan():
    def spoil(weights):
        weights[:] = [x * NAN for x in weights]

    assert "; all 20 weights are NaN or infinity, black and dotted." in str(
        diagram(spoil)
    )
    for huge in (3e38, -3e38):
        picture = diagram(lambda weights, huge=huge: weights[0].fill(huge))
        assert f"{huge:.0e}" in str(picture)


# Curves

COURSES = {
    "NaN at the end": ([2.3, NAN], "loss is NaN at epoch 1."),
    "NaN from a point on": ([3, 2, NAN, NAN], "loss is NaN from epoch 2 on."),
    "NaN first": ([NAN, 2, 1], "loss is NaN at epoch 0."),
    "NaN for a while": (
        [3, NAN, NAN, 1],
        "loss is NaN from epoch 1 to 2. loss ends lower than it begins.",
    ),
    "NaN in the middle": (
        [1, NAN, 2],
        "loss is NaN at epoch 1. loss ends higher than it begins.",
    ),
    "NaN between equals": (
        [1, NAN, 1],
        "loss is NaN at epoch 1. loss ends where it begins.",
    ),
    "infinity": ([1, 9, INF, INF], "loss is infinite from epoch 2 on."),
    "minus infinity": ([1, -INF], "loss is minus infinity at epoch 1."),
    "infinity, then NaN": (
        [1, INF, NAN, NAN],
        "loss is infinite at epoch 1, NaN from epoch 2 on.",
    ),
    "both infinities": (
        [INF, 1, -INF],
        "loss is infinite at epoch 0, minus infinity at epoch 2.",
    ),
    "all NaN": ([NAN, NAN, NAN], "loss is NaN at every point."),
    "all infinite": ([INF, INF], "loss is infinite at every point."),
    "one NaN": ([NAN], "loss is NaN at every point."),
    "three times": (
        [1, NAN, 2, INF, 1, NAN, 2],
        "loss is NaN at epoch 1, infinite at epoch 3, NaN at epoch 5. loss ends higher "
        "than it begins.",
    ),
    "four times": (
        [1, NAN, 2, NAN, 3, INF, 4, NAN, 1],
        "loss is NaN or infinite at 4 points, the first at epoch 1. loss ends where it "
        "begins.",
    ),
}


@pytest.mark.parametrize("beside", [None, "finite", "NaN"])
@pytest.mark.parametrize(("values", "course"), COURSES.values(), ids=COURSES)
def test_a_curve_says_from_where_on_it_is_no_number(values, course, beside):
    curves = {"loss": values}
    if beside:
        curves["val_loss"] = [0.5 if beside == "finite" else NAN] * len(values)
        other = "NaN at every point" if beside == "NaN" else ""
        course += (
            f" val_loss is {other}." if other else " val_loss ends where it begins."
        )
    picture = curve_figure(curves, x_label="epoch", title="training")
    head = f"training: {len(values)} points from 0 to {len(values) - 1} (epoch). "
    assert str(picture) == head + course
    picture.png(dpi=30)
    axes = picture.axes[0]
    for line, drawn in zip(axes.lines, curves.values()):
        expected = np.where(np.isfinite(drawn), drawn, NAN)
        np.testing.assert_array_equal(line.get_ydata(), expected)
    marks = axes.lines[len(curves) :]
    kinds = sum(len({str(x) for x in y if not np.isfinite(x)}) for y in curves.values())
    assert len(marks) == len(axes.texts) == kinds
    counted = sum(len(line.get_xdata()) for line in marks)
    assert counted == sum((~np.isfinite(y)).sum() for y in curves.values())
    for line in marks:
        low = line.get_marker() in "xv"
        assert all(y < 0.5 if low else y > 0.5 for y in line.get_ydata())
    assert np.isfinite(axes.get_ylim()).all() and np.isfinite(axes.get_xlim()).all()


def test_marks_stand_at_their_points_and_name_their_curve():
    picture = curve_figure({"a": [1, NAN, 2], "b": [INF, 1, INF]}, [0, 50, 100], "step")
    a, b = picture.axes[0].lines[2:]
    assert a.get_xdata().tolist() == [50] and b.get_xdata().tolist() == [0, 100]
    assert (a.get_marker(), b.get_marker()) == ("x", "^")
    assert (a.get_color(), b.get_color()) == tuple(
        line.get_color() for line in picture.axes[0].lines[:2]
    )
    texts = [text.get_text() for text in picture.axes[0].texts]
    assert texts == ["a: NaN", "b: infinite"]


def test_curves_over_words_that_are_nan():
    picture = curve_figure({"probe": [0.4, NAN, NAN]}, ["conv2d", "flatten", "dense"])
    picture.png(dpi=30)
    assert str(picture) == (
        "Curves: 3 points from conv2d to dense. probe is NaN from flatten on."
    )


def test_names_stand_in_the_order_of_the_last_numbers():
    courses = {
        "a": [1, NAN],
        "b": [NAN, NAN],
        "c": [0, 5],
        "d": [INF, 3],
        "e": [7, INF],
    }
    for names in itertools.permutations(courses, 3):
        picture = curve_figure({name: courses[name] for name in names})
        (legend,) = picture.legends
        shown = [text.get_text() for text in legend.get_texts()]
        assert shown == [name for name in "ecdab" if name in names]


# A whole network


def test_a_network_with_one_nan_weight_through_every_function():
    network = cifar10_cnn()
    kernel, bias = network.get_layer("conv2d_2").get_weights()
    kernel[0, 0, 0, 5] = NAN
    network.get_layer("conv2d_2").set_weights([kernel, bias])
    images = np.random.default_rng(0).uniform(size=(2, 32, 32, 3)).astype("float32")
    outputs = layer_outputs(network, images)
    table = repr(layer_statistics(outputs)).splitlines()[-1]
    assert table == "NaN or infinity in 4 of 8 layers: the first is conv2d_2."
    maps = outputs["conv2d_2"]
    assert 5 not in dead_channels(maps) and np.isnan(maps[..., 5]).all()
    for scale in ("map", "shared"):
        picture = feature_map_grid(maps[0], scale=scale)
        assert str(picture).endswith(" NaN in channel 5: yellow with an x.")
        assert seen(picture) == (16, 16)
    assert " NaN in filter 5: yellow" in str(filter_grid(kernel))
    row = image_row(np.moveaxis(maps[0, ..., :8], -1, 0))
    assert " NaN in picture 5: yellow" in str(row)


def test_a_training_that_diverges_says_so():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1e20), "mse")
    x = np.ones((8, 3), "float32")
    losses = model.fit(x, x[:, :1] * 9, epochs=6, verbose=0).history["loss"]
    assert not np.isfinite(losses[-1])
    sentence = str(curve_figure({"loss": losses}, x_label="epoch"))
    assert re.search(r"loss is .*(NaN|infinite) (at|from) epoch \d", sentence)
    assert "begins" not in sentence
