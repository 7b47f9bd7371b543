"""The pictures show the arrays they were given, and say so."""

import gc
import io
import re

import keras
import numpy as np
import pytest
from matplotlib.backends.backend_agg import RendererAgg
from PIL import Image

from helpers import figures
from helpers.figures import (
    curve_figure,
    feature_map_grid,
    filter_grid,
    image_figure,
    image_row,
    network_diagram,
)
from helpers.networks import cifar10_cnn, dense_network


@pytest.fixture
def maps():
    """Five maps of 3×4, channel 2 dead, channel 3 the same everywhere."""
    maps = np.random.default_rng(0).uniform(0, 9, (3, 4, 5)).astype("float32")
    maps[:, :, 2], maps[:, :, 3] = 0, 4
    return maps


GAP = [int(figures.GAP_COLOUR[i : i + 2], 16) for i in (1, 3, 5)]


def mosaic(picture):
    return picture.axes[0].images[0].get_array()[..., :3]


def test_every_map_stands_in_the_mosaic(maps):
    shown = mosaic(feature_map_grid(maps, columns=3, scale="shared"))
    assert shown.shape == (1 + 2 * 4, 1 + 3 * 5, 3)
    levels = 255 * (maps - maps.min()) / (maps.max() - maps.min())
    for channel in range(5):
        row, column = 1 + channel // 3 * 4, 1 + channel % 3 * 5
        tile = shown[row : row + 3, column : column + 4]
        for colour in range(3):
            np.testing.assert_allclose(
                tile[..., colour], levels[..., channel], atol=0.51
            )
    assert (shown[0] == GAP).all() and (shown[:, 5] == GAP).all()  # around and between


def test_own_scale_goes_from_black_to_white_in_each_map(maps):
    tiles = figures.own_scale(maps)
    for channel in (0, 1, 4):
        assert (tiles[..., channel].min(), tiles[..., channel].max()) == (0, 1)
    assert (tiles[..., 3] == 0).all()


def test_shared_scale_has_a_bar_with_the_limits_of_the_maps_shown(maps):
    (bar,) = feature_map_grid(maps, count=2, scale="shared").axes[0].child_axes
    assert bar.get_ylim() == pytest.approx((maps[..., :2].min(), maps[..., :2].max()))
    assert feature_map_grid(maps, count=2).axes[0].child_axes == []


def test_flat_maps_can_be_drawn_on_both_scales():
    for scale in ("map", "shared"):
        shown = mosaic(feature_map_grid(np.full((2, 2, 1), 7.0), scale=scale))
        assert (shown[1:3, 1:3] == 0).all()


def test_only_dead_maps_are_crossed_out(maps):
    assert len(feature_map_grid(maps).axes[0].patches) == 1
    assert len(feature_map_grid(maps, count=2).axes[0].patches) == 0


def test_sentence_tells_what_is_shown(maps):
    assert str(feature_map_grid(maps, count=4, title="conv")) == (
        "conv: 4 of 5 channels, 3 rows by 4 columns each. Each map has its own scale: "
        "black is its smallest value, white its largest. "
        f"Values from 0 to {maps[..., :4].max():.3g}. "
        "1 map is dead, zero everywhere: channel 2."
    )
    assert "No map is dead." in str(feature_map_grid(maps, count=2))
    assert "All maps share one scale" in str(feature_map_grid(maps, scale="shared"))


def test_a_batch_of_one_is_the_picture_itself(maps):
    assert str(feature_map_grid(maps[np.newaxis])) == str(feature_map_grid(maps))


def test_gap_is_no_grey():
    assert max(GAP) - min(GAP) > 40


def test_size_in_inches_is_the_one_asked_for(maps):
    picture = feature_map_grid(maps, figsize=(10, 4))
    assert Image.open(io.BytesIO(picture.png(dpi=50))).size == (500, 200)


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


def test_callers_array_is_not_changed(maps):
    before = maps.copy()
    feature_map_grid(maps)
    np.testing.assert_array_equal(maps, before)


def test_channels_first_draws_the_maps_of_channels_last(maps):
    first = np.moveaxis(maps, -1, 0)
    for array in (first, first[np.newaxis]):
        picture = feature_map_grid(array, scale="shared", data_format="channels_first")
        np.testing.assert_array_equal(
            mosaic(picture), mosaic(feature_map_grid(maps, scale="shared"))
        )
        assert str(picture) == str(feature_map_grid(maps, scale="shared"))
    for word in ("first", None, 3):
        with pytest.raises(
            ValueError, match='"channels_last" or data_format="channels_f'
        ):
            feature_map_grid(maps, data_format=word)


@pytest.mark.parametrize(
    ("shape", "words", "drawn"),
    [
        ((2, 4, 4, 8), "Of a batch, take one picture", ["4 rows by 4 columns"]),
        ((30, 8), "steps", ["1 rows by 30 columns", "30 points", "8 points"]),
        (
            (1, 64),
            "Dense layers have no rows and columns",
            ["1 rows", "1 p", "64 points"],
        ),
        ((64,), "A row of numbers", ["64 points"]),
        ((2, 3, 4, 5, 6), "a Conv3D", ["4 rows by 5 columns"]),
        ((1, 3, 4, 5, 6), "a Conv3D", ["4 rows by 5 columns"]),
        ((2, 2, 3, 4, 5, 6), "a Conv3D", ["4 rows by 5 columns"]),
        ((0, 4, 8), "There is no value in it", []),
        ((), "It is one number", []),
    ],
)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_what_wrong_shapes_are_told_to_do_draws_them(shape, words, drawn, data_format):
    """The same array of channels_last, with its channels where ``data_format`` says."""
    array = np.random.default_rng(0).uniform(size=shape)
    if data_format == "channels_first" and len(shape) > 1:
        axis = 1 if len(shape) > 3 else 0
        array = np.moveaxis(array, -1, axis)
    with pytest.raises(ValueError) as error:
        feature_map_grid(array, data_format=data_format)
    message = str(error.value)
    assert f"this array has {array.shape}. " in message and words in message
    order = {"channels_last": "rows, columns, ch", "channels_first": "channels, rows"}
    assert f"have the shape ({order[data_format]}" in message
    names = {"np": np, "maps": array, "curve_figure": curve_figure}
    names["feature_map_grid"] = feature_map_grid
    lines = re.findall(r"(?:curve_figure|feature_map_grid)\([^()]+\)", message)
    if not lines and drawn:
        slice_of = re.search(r"such as (maps\[.+\])", message)[1]
        lines = [f"feature_map_grid({slice_of}, data_format={data_format!r})"]
    pictures = [str(eval(line, names)) for line in lines]
    assert len(pictures) == len(drawn)
    if (len(shape), data_format) == (2, "channels_first"):
        drawn = [*drawn[:2], drawn[1]]  # maps[0] are then the steps of channel 0
    for picture, part in zip(pictures, drawn):
        assert part in picture


def test_wrong_scale_and_count_are_named(maps):
    with pytest.raises(ValueError, match='scale="map" or scale="shared"'):
        feature_map_grid(maps, scale="both")
    for count in (0, 6, 2.5):
        with pytest.raises(ValueError, match="1 to 5 maps"):
            feature_map_grid(maps, count=count)


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
    ("maps", "options", "size"),
    [
        ((4, 4, 8), {}, (10, 8.9 * 6 / 41 + 1.1)),
        ((4, 4, 64), {"columns": 2}, (10, 13.1)),  # at most 12 inches and the margins
        ((4, 4, 8), {"figsize": (5, 3)}, (5, 3)),
    ],
)
def test_size_of_a_mosaic_follows_its_form(maps, options, size):
    picture = feature_map_grid(np.zeros(maps), **options)
    assert picture.get_size_inches().tolist() == pytest.approx(size)


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


def test_colour_filters_keep_sign_and_size():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 4)).astype("float32")
    picture = filter_grid(kernel, columns=2)
    shown = mosaic(picture)[1:4, 1:4].astype("float32")
    limit = np.abs(kernel).max()
    np.testing.assert_allclose(
        (shown / 255 - 0.5) * 2 * limit, kernel[..., 0], atol=limit / 250
    )
    assert "4 of 4 filters, 3 rows by 3 columns each, in colour" in str(picture)


def test_deeper_filters_are_averaged_or_one_channel():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 5, 4)).astype("float32")
    for channel, parts in ((None, kernel.mean(axis=2)), (3, kernel[:, :, 3])):
        picture = filter_grid(kernel, channel=channel)
        red, _, blue = np.moveaxis(mosaic(picture)[1:4, 5:8].astype(int), -1, 0)
        strong = np.abs(parts[..., 1]) > np.abs(parts).max() / 5
        assert strong.any()
        np.testing.assert_array_equal((red > blue)[strong], (parts[..., 1] > 0)[strong])
        (bar,) = picture.axes[0].child_axes
        assert bar.get_ylim() == pytest.approx(
            (-np.abs(parts).max(), np.abs(parts).max())
        )
    assert "input channel 3" in str(picture)


def test_filter_grid_names_what_is_wrong():
    with pytest.raises(ValueError, match="get_layer"):
        filter_grid(np.zeros((3, 4)))
    with pytest.raises(ValueError, match="0 to 4"):
        filter_grid(np.ones((3, 3, 5, 2)), channel=5)
    with pytest.raises(ValueError, match="1 to 2 filters"):
        filter_grid(np.ones((3, 3, 5, 2)), count=3)


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
