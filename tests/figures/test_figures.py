"""The pictures show the arrays they were given, and say so."""

import gc
import io
import re

import keras
import numpy as np
import pytest
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgb
from PIL import Image

from helpers.figures import (
    curve_figure,
    feature_map_grid,
    image_figure,
    image_row,
    network_diagram,
)
from helpers.figures.picture import CARD, Picture
from helpers.networks import cifar10_cnn, dense_network


@pytest.fixture
def maps():
    """Five maps of 3×4, channel 2 dead, channel 3 the same everywhere."""
    maps = np.random.default_rng(0).uniform(0, 9, (3, 4, 5)).astype("float32")
    maps[:, :, 2], maps[:, :, 3] = 0, 4
    return maps


def mosaic(picture):
    return picture.axes[0].images[0].get_array()[..., :3]


def test_a_picture_keeps_no_pixels_when_it_has_been_shown(maps):
    def drawings():
        gc.collect()
        return sum(issubclass(type(one), RendererAgg) for one in gc.get_objects())

    before = drawings()
    pictures = [
        feature_map_grid(maps, scale="shared"),
        network_diagram(dense_network()),
    ]
    first = [picture.png() for picture in pictures]
    assert drawings() == before
    assert [picture.png() for picture in pictures] == first


def test_image_figure_shows_the_pixels():
    image = np.arange(48, dtype="uint8").reshape(4, 4, 3)
    picture = image_figure(image, "test")
    np.testing.assert_array_equal(mosaic(picture), image)
    assert str(picture) == (
        "test: 4 rows, 4 columns, 3 channels of uint8, values from 0 to 47."
    )
    with pytest.raises(ValueError, match=r"images\[0\]"):
        image_figure(image[np.newaxis])


@pytest.mark.parametrize(
    "image",
    [
        np.arange(100, 109, dtype="uint8").reshape(3, 3),
        np.full((3, 3), 200, "uint8"),
        np.full((3, 3), 0),
        np.full((3, 3), 255, "int64"),
        np.full((3, 3), 0.5),
        np.linspace(0.4, 0.5, 9, dtype="float32").reshape(3, 3),
        np.linspace(0.4, 0.5, 9, dtype="float16").reshape(3, 3, 1),
        np.ones((3, 3)),
        np.eye(3, dtype=bool),
        np.full((3, 3, 3), 200, "int16"),
        np.arange(27, dtype="uint8").reshape(3, 3, 3),
        np.full((3, 3, 3), 0.25),
        np.ones((3, 3, 3), bool),
    ],
    ids=lambda x: f"{x.dtype} {x.min():.3g} to {x.max():.3g}" if x.any() else "zeros",
)
def test_image_figure_stretches_nothing(image):
    """Every pixel is as bright as its number says, with 255 or 1 as white."""
    picture = image_figure(image)
    (shown,) = picture.axes[0].images
    pixels = shown.to_rgba(shown.get_array(), bytes=True)[..., :3].astype(int)
    white = 255 if image.dtype.kind in "iu" else 1
    expected = np.broadcast_to(image.reshape(3, 3, -1) / white * 255, (3, 3, 3))
    assert np.abs(pixels - expected).max() <= 1
    values = f"{image.dtype}, values from {float(image.min()):.3g} to "
    assert str(picture).endswith(f"{values}{float(image.max()):.3g}.")
    picture.png(dpi=20)


@pytest.mark.parametrize(
    "image",
    [
        np.array([[0, 256]]),
        np.array([[-1, 9]]),
        np.array([[0, 1.0000001]]),
        np.array([[0, 255.0]]),
        np.array([[-0.1, 1]]),
        np.full((3, 3, 3), 256),
        np.full((3, 3, 3), -1),
        np.full((3, 3, 3), 1.5),
        np.full((3, 3, 3), -0.5),
    ],
    ids=lambda x: f"{x.shape[2:]} {x.min()} to {x.max()}",
)
def test_values_that_are_no_pixels_are_refused_with_the_line_that_draws_them(image):
    with pytest.raises(ValueError) as error:
        image_figure(image)
    message = str(error.value)
    assert f"has values from {image.min()} to {image.max()}. " in message
    names = {"np": np, "image": image, "image_row": image_row}
    names["image_figure"] = image_figure
    mended = eval(re.search(r"write (.+)\.$", message)[1], names)
    if image.ndim == 3:
        with pytest.raises(ValueError, match=r"has values from .* write np\.clip"):
            image_row([image])
        image_row([mended])
        mended = image_figure(mended)
    mended.png(dpi=20)


def test_another_number_can_be_white():
    picture = image_figure(np.array([[0, 3, 9]]), "test", white=9)
    assert picture.axes[0].images[0].get_clim() == (0, 9)
    assert str(picture) == (
        "test: 1 rows, 3 columns, 1 channel of int64, values from 0 to 9. Black is 0, "
        "white 9."
    )
    colour = np.array([[[0, 5, 10]]])
    assert mosaic(image_figure(colour, white=10)).tolist() == [[[0, 0.5, 1]]]
    with pytest.raises(
        ValueError, match="from 0, black, to 9, white; this one has values"
    ):
        image_figure(np.array([[0, 10]]), white=9)
    for white in (0, -1, "9", np.nan, np.inf):
        with pytest.raises(ValueError, match="write the number that is shown white"):
            image_figure(np.array([[0, 0]]), white=white)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((2, 9, 9, 3)), r"images\[0\]"),
        (np.zeros((3, 9, 9)), r"write image\.transpose\(1, 2, 0\)"),
        (np.zeros((9, 9, 4)), r"this array has \(9, 9, 4\)"),
        (np.zeros(9), r"this array has \(9,\)"),
        (np.zeros((0, 9)), r"this array has \(0, 9\)"),
        (np.array([["a"]]), "holds numbers, this array holds <U1"),
        (np.zeros((2, 2), complex), "this array holds complex128"),
    ],
)
def test_one_picture_and_a_row_refuse_the_same_arrays(image, words):
    for draw in (image_figure, lambda image: image_row([image])):
        with pytest.raises(ValueError, match=words):
            draw(image)


def test_frame_holds_the_pixels_of_the_box():
    grey = np.arange(30).reshape(5, 6)
    picture = image_figure(grey, "test", box=(slice(1, 4), slice(2, None)))
    for frame in picture.axes[0].patches:
        assert frame.get_bbox().bounds == (1.5, 0.5, 4, 3)
    assert str(picture).endswith(
        " 1 channel of int64, values from 0 to 29. "
        "The frame holds rows 1 to 3 and columns 2 to 5."
    )
    assert not image_figure(grey).axes[0].patches
    with pytest.raises(ValueError, match="no pixel"):
        image_figure(grey, box=(slice(5, 9), slice(0, 2)))


@pytest.mark.parametrize(
    ("shape", "width", "height"),
    [
        ((8, 8), 3, 3.3),
        ((8, 4), 3, 6.3),  # at most 6 inches and the title
        ((4, 8), 6, 3.3),
        ((8, 100), 10, 1.1),  # at most 10
        ((100, 2), 3, 6.3),
    ],
)
def test_width_of_a_picture_follows_its_form(shape, width, height):
    size = image_figure(np.zeros(shape)).get_size_inches()
    assert size.tolist() == pytest.approx([width, height])


@pytest.mark.parametrize(
    ("count", "columns", "scale", "width", "lines"),
    [
        (1, 8, "own", 3, 1),  # a single one keeps room for the title
        (2, 8, "own", 4.6, 1),  # none is wider than 2.2
        (4, 8, "own", 9, 1),
        (8, 8, "own", 9.4, 1),
        (9, 8, "own", 9.4, 2),
        (40, 20, "own", 9.4, 2),
        (2, 8, "shared", 5.4, 1),  # and the bar
    ],
)
def test_size_of_a_row_follows_the_number_of_pictures(
    count, columns, scale, width, lines
):
    picture = image_row(np.zeros((count, 3, 3)), columns=columns, scale=scale)
    cell = min(2.2, 9.2 / min(columns, count))
    height = 0.45 + lines * (cell + 0.08)
    assert picture.get_size_inches().tolist() == pytest.approx([width, height])


PAGES = "white", "#111111"  # JupyterLab's, light and dark


@pytest.mark.parametrize("size", [(1, 0.5), (10, 3)])
def test_a_picture_stands_on_a_card_with_round_corners(size):
    picture = Picture(figsize=(1, 1))
    picture.set_size_inches(size)
    pixels = np.asarray(Image.open(io.BytesIO(picture.png(dpi=100))))
    corners = pixels[:: len(pixels) - 1, :: len(pixels[0]) - 1]
    assert (corners[..., 3] == 0).all()  # the page is seen there
    middle = pixels[len(pixels) // 2]
    card = [round(255 * part) for part in to_rgb(CARD)]
    assert (middle == [*card, 255]).all()  # from edge to edge


def test_texts_are_legible_on_the_card_and_the_card_is_seen_on_every_page():
    def light(colour):
        parts = np.array(to_rgb(colour))
        linear = np.where(
            parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4
        )
        return linear @ [0.2126, 0.7152, 0.0722]

    def contrast(a, b):
        dark, bright = sorted((light(a), light(b)))
        return (bright + 0.05) / (dark + 0.05)

    assert contrast(CARD, "black") > 7
    for page in PAGES:
        assert contrast(CARD, page) > 1.1


def test_curves_and_diagrams_have_the_size_they_promise():
    assert curve_figure({"a": [1, 2]}).get_size_inches().tolist() == [8, 3.5]
    assert network_diagram(dense_network()).get_size_inches().tolist() == [8, 4.5]


def test_diagram_writes_keras_numbers_into_the_circles():
    model = dense_network()
    row = np.array([[0.5, -1.0, 2.0]])
    texts = [t.get_text() for t in network_diagram(model, row).axes[0].texts]
    hidden = np.maximum(0, row @ model.layers[0].kernel.numpy())[0]
    expected = [*row[0], *hidden, *model(row).numpy()[0]]
    numbers = [float(text) for text in texts if "." in text]
    np.testing.assert_allclose(numbers, expected, atol=6e-4)


def test_diagram_draws_every_weight_by_size_and_sign():
    model = dense_network()
    kernel = model.layers[0].kernel.numpy()
    positive, negative = network_diagram(model).axes[0].collections[:2]
    assert len(positive.get_segments()) == (kernel > 0).sum()
    assert len(negative.get_segments()) == (kernel < 0).sum()
    largest = max(np.abs(layer.kernel.numpy()).max() for layer in model.layers)
    widths = 5 * -kernel[kernel < 0] / largest
    assert widths.min() < 1  # one of them would hardly be seen
    np.testing.assert_allclose(
        negative.get_linewidths(), np.maximum(1, widths), rtol=1e-6
    )


def test_diagram_draws_no_line_for_a_weight_of_zero():
    model = dense_network()
    kernel = np.zeros((3, 4), "float32")
    kernel[1, 2] = -0.5
    model.layers[0].set_weights([kernel, np.zeros(4)])
    lines = network_diagram(model).axes[0].collections[:2]
    assert [len(collection.get_segments()) for collection in lines] == [0, 1]


@pytest.mark.parametrize(("units", "numbered"), [(6, 3 + 6), (7, 0)])
def test_diagram_numbers_the_units_of_each_layer_where_there_is_room(units, numbered):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units)])
    texts = [t.get_text() for t in network_diagram(model).axes[0].texts]
    numbers = [int(text) for text in texts if text.isdecimal()]
    assert numbers == [*range(3), *range(units)][:numbered]


def test_diagram_refuses_what_it_cannot_draw():
    with pytest.raises(ValueError, match="conv2d is a Conv2D"):
        network_diagram(cifar10_cnn())
    with pytest.raises(ValueError, match="one row of 3 inputs"):
        network_diagram(dense_network(), [1, 2])


def test_notebooks_get_picture_and_sentence(maps, capsys, monkeypatch):
    shown = []
    monkeypatch.setattr(
        "IPython.display.display", lambda data, **options: shown.append((data, options))
    )
    picture = feature_map_grid(maps, figsize=(4, 2))
    picture._ipython_display_()
    ((data, options),) = shown
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == str(picture)
    assert options["metadata"] == {"image/png": {"width": 400, "height": 200}}
    printed = capsys.readouterr().out
    assert printed.split() == str(picture).split()
    assert max(map(len, printed.splitlines())) <= 88


def test_row_shows_every_picture_in_its_place():
    colour = np.arange(48, dtype="uint8").reshape(4, 4, 3)
    grey = np.array([[0.0, 4.0], [2.0, 1.0]])
    axes = image_row([colour, grey, colour / 255], columns=2).axes[0]
    shown = [image.get_array() for image in axes.images]
    for image, expected in zip(shown, [colour, grey, colour / 255]):
        np.testing.assert_array_equal(image, expected.astype(image.dtype))
    (a, b, c) = (image.get_extent() for image in axes.images)  # left right bottom top
    assert a[0] < a[1] < b[0] < b[1] and a[2:] == b[2:]
    assert c[:2] == a[:2] and c[3] > a[2]  # y grows downwards


def test_row_gives_grey_pictures_their_own_scale_or_one():
    dark, bright = np.array([[0.0, 1.0]]), np.array([[3.0, 7.0]])
    own = image_row([dark, bright])
    assert [image.get_clim() for image in own.axes[0].images] == [(0, 1), (3, 7)]
    assert len(own.axes) == 1
    shared = image_row([dark, bright], scale="shared")
    assert [image.get_clim() for image in shared.axes[0].images] == [(0, 7)] * 2
    assert shared.axes[1].get_ylim() == (0, 7)


def test_row_keeps_the_form_of_a_picture_that_is_no_square():
    (image,) = image_row([np.zeros((10, 20, 3), "uint8")]).axes[0].images
    left, right, bottom, top = image.get_extent()
    assert (right - left) / (bottom - top) == pytest.approx(2)


def test_row_writes_each_title_under_its_picture():
    titles = ["step 0", "a title that needs more than one line of a narrow picture"]
    picture = image_row(np.zeros((2, 3, 3)), titles, title="strip")
    texts = picture.axes[0].texts
    assert [" ".join(t.get_text().split()) for t in texts] == [*titles, "strip"]
    for text, image in zip(texts, picture.axes[0].images):
        assert text.get_position()[1] > image.get_extent()[2]
    assert str(picture) == (
        f"strip: 2 pictures, {'; '.join(titles)}. In grey, each on its own scale."
    )
    mixed = image_row([np.zeros((3, 3)), np.zeros((3, 3, 3))], scale="shared")
    assert str(mixed) == (
        "pictures: 2 pictures. Some in colour, the others in grey, on one scale shown "
        "by the bar."
    )
    assert str(image_row(np.zeros((1, 3, 3, 3)))) == "pictures: 1 picture. In colour."
    assert str(image_row(np.zeros((1, 3, 3)), sentence="Nothing.")) == "Nothing."


def test_rows_to_compare_have_their_names_at_the_left():
    pictures = np.random.default_rng(0).uniform(size=(6, 4, 4))
    titles = [f"picture {i}" for i in range(6)]
    row = image_row({"before": pictures[:3], "after": list(pictures[3:])}, titles)
    images = row.axes[0].images
    for image, expected in zip(images, pictures, strict=True):
        np.testing.assert_array_equal(image.get_array(), expected)
    extents = [image.get_extent() for image in images]  # left right bottom top
    assert [a[:2] for a in extents[:3]] == [b[:2] for b in extents[3:]]
    names = [t for t in row.axes[0].texts if t.get_text() in ("before", "after")]
    for text, (left, _, bottom, top) in zip(names, extents[::3], strict=True):
        x, y = text.get_position()
        assert x < left and top < y < bottom and text.get_ha() == "right"
    assert str(row).endswith(" In rows: before, after. In grey, each on its own scale.")
    for named in ({}, {"a": pictures, "b": pictures[:2]}, {"a": []}):
        with pytest.raises(ValueError, match="as many pictures as the others"):
            image_row(named)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (dict(images=np.zeros((3, 4))), r"has \(4,\)"),
        (dict(images=[np.zeros((3, 4, 4))]), r"has \(3, 4, 4\)"),
        (dict(images=[np.full((3, 3, 3), 255.0)]), "by 255"),
        (dict(images=[np.full((3, 3, 3), np.nan)]), "NaN among its values"),
        (dict(images=[]), "at least one picture"),
        (dict(images=np.zeros((2, 3, 3)), titles=["one"]), "2 pictures and 1 titles"),
        (dict(images=np.zeros((2, 3, 3)), scale="map"), 'scale="own"'),
    ],
)
def test_row_names_what_is_wrong(arguments, words):
    with pytest.raises(ValueError, match=words):
        image_row(**arguments)


def test_curves_go_through_their_values():
    picture = curve_figure({"a": [1, 3, 2], "b": [4, 0, 5]}, x=[0, 10, 30])
    for line, values in zip(picture.axes[0].lines, ([1, 3, 2], [4, 0, 5])):
        assert line.get_xdata().tolist() == [0, 10, 30]
        assert line.get_ydata().tolist() == values
    (legend,) = picture.legends
    assert [text.get_text() for text in legend.get_texts()] == ["b", "a"]
    assert curve_figure({"a": [1, 2]}).legends == []


def test_curves_differ_without_their_colours():
    curves = {str(i): [i, i] for i in range(12)}
    lines = curve_figure(curves).axes[0].lines
    assert len({(line.get_linestyle(), line.get_marker()) for line in lines}) == 12


def test_curves_over_words():
    picture = curve_figure({"probe": [0.1, 0.4]}, ["conv2d", "dense"], title="layers")
    picture.png(dpi=20)
    labels = [tick.get_text() for tick in picture.axes[0].get_xticklabels()]
    assert labels == ["conv2d", "dense"]
    assert str(picture) == (
        "layers: 2 points from conv2d to dense. probe ends higher than it begins."
    )


def test_sentence_of_curves_has_no_digit_of_the_values():
    picture = curve_figure({"loss": [2.31, 0.47], "flat": [3.9, 3.9]}, x_label="step")
    assert str(picture) == (
        "Curves: 2 points from 0 to 1 (step). loss ends lower than it begins. flat ends "
        "where it begins."
    )
    assert str(curve_figure({"loss": [2, 1]}, sentence="It fell.")) == "It fell."


@pytest.mark.parametrize(
    ("curves", "words"),
    [
        ({}, "There is no curve"),
        ({"a": [1, 2], "b": [1]}, r"b has the shape \(1,\).* 2 of them"),
        ({"a": [[1, 2]]}, r"a has the shape \(1, 2\)"),
        ({"a": 3}, r"a has the shape \(\)"),
        ({"a": []}, r"a has the shape \(0,\)"),
    ],
)
def test_curves_name_what_is_wrong(curves, words):
    with pytest.raises(ValueError, match=words):
        curve_figure(curves)
