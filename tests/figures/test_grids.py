"""Grids of feature maps and of filters show the arrays they were given, and say so."""

import io
import re

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.text import Text
from PIL import Image

from helpers import figures
from helpers.engine.files import COURSE
from helpers.figures import curve_figure, feature_map_grid, filter_grid


@pytest.fixture
def maps():
    """Five maps of 3×4, channel 2 dead, channel 3 the same everywhere."""
    maps = np.random.default_rng(0).uniform(0, 9, (3, 4, 5)).astype("float32")
    maps[:, :, 2], maps[:, :, 3] = 0, 4
    return maps


def tile(picture, form, place=0, line=0):
    """Return the pixels of a tile, ``line`` lines down, ``place`` tiles to the right."""
    image = picture.axes[0].images[0]
    pixels = np.asarray(image.get_array())
    top, left = line * (form[0] + 1), place * (form[1] + 1)
    assert (pixels[..., 3] == 255).sum() % (form[0] * form[1]) == 0
    return pixels[top : top + form[0], left : left + form[1], :3].astype(int)


def words(picture):
    return [text.get_text() for text in picture.axes[0].texts]


def strokes(picture):
    """Return how many tiles have the sign of a silent map."""
    return sum(
        len(lines.get_segments())
        for lines in picture.axes[0].collections
        if isinstance(lines, LineCollection)
    )


def test_every_map_stands_in_the_grid(maps):
    picture = feature_map_grid(maps, columns=3, scale="shared")
    levels = 255 * (maps - maps.min()) / (maps.max() - maps.min())
    for channel in range(5):
        pixels = tile(picture, (3, 4), channel % 3, channel // 3)
        for colour in range(3):
            np.testing.assert_allclose(
                pixels[..., colour], levels[..., channel], atol=0.51
            )
    pixels = picture.axes[0].images[0].get_array()
    assert pixels.shape == (2 * 4 - 1, 3 * 5 - 1, 4)
    assert (pixels[3, :, 3] == 0).all() and (pixels[:, 4, 3] == 0).all()  # between


def test_tiles_are_drawn_where_their_numbers_and_frames_are(maps):
    """The one image of all tiles puts each where `Mosaic` says."""
    picture = feature_map_grid(maps * 0 + 9, columns=3, scale="signed", figsize=(6, 4))
    drawn = np.asarray(Image.open(io.BytesIO(picture.png(dpi=100))).convert("RGB"))
    blue = (drawn == [0, 114, 178]).all(axis=-1)
    frames = picture.axes[0].collections[0].get_paths()
    inside = np.zeros_like(blue)
    for frame in frames:
        (left, top), (right, bottom) = (
            100 * frame.vertices.min(0),
            100 * frame.vertices.max(0),
        )
        inside[round(top) : round(bottom), round(left) : round(right)] = True
        middle = np.s_[
            round(top) + 2 : round(bottom) - 2, round(left) + 2 : round(right) - 2
        ]
        assert blue[middle].all()
    bar = np.s_[:, int(100 * picture.axes[1].get_position().x0 * 6) - 1 :]
    inside[bar] = True
    assert not blue[~inside].any()


def test_each_tile_has_its_number_above_it_and_clear_of_it(maps):
    for options, numbers in (
        ({}, [0, 1, 2, 3, 4]),
        ({"count": 2}, [0, 1]),
        ({"channels": [4, 1]}, [4, 1]),
        ({"channels": np.array([3])}, [3]),
    ):
        picture = feature_map_grid(maps, columns=2, **options)
        drawn = [text for text in picture.axes[0].texts if text.get_text().isdecimal()]
        assert [int(text.get_text()) for text in drawn] == numbers
        frames = [one.vertices for one in picture.axes[0].collections[0].get_paths()]
        for text, frame in zip(drawn, frames, strict=True):
            x, y = text.get_position()
            assert (
                x == frame[:, 0].min()
                and frame[:, 1].min() - 0.1 < y < frame[:, 1].min()
            )


def test_channels_are_drawn_in_the_order_asked_for(maps):
    picture = feature_map_grid(maps, channels=[4, 2], scale="shared")
    alone = feature_map_grid(maps[..., [4, 2]], scale="shared")
    np.testing.assert_array_equal(
        *(x.axes[0].images[0].get_array() for x in (picture, alone))
    )
    assert str(picture).startswith("feature maps: 2 of 5 channels")
    assert str(picture).endswith("1 map is silent, 0 everywhere: channel 2.")


def test_maps_to_compare_stand_one_below_the_other(maps):
    after = maps[..., ::-1]
    picture = feature_map_grid(
        {"before": maps, "after": after}, columns=3, scale="shared"
    )
    levels = 255 * (maps - maps.min()) / (maps.max() - maps.min())
    for line, expected in enumerate((levels, levels[..., ::-1])):
        for channel in range(5):
            pixels = tile(picture, (3, 4), channel % 3, channel // 3 * 2 + line)
            np.testing.assert_allclose(
                pixels[..., 0], expected[..., channel], atol=0.51
            )
    assert words(picture).count("before") == words(picture).count("after") == 2
    assert [int(x) for x in words(picture) if x.isdecimal()] == [0, 1, 2, 3, 4]
    assert strokes(picture) == 2
    assert str(picture) == (
        "feature maps: 5 of 5 channels, 3 rows by 4 columns each. All maps share one "
        f"scale, shown by the bar. Values from 0 to {maps.max():.3g}. before: 1 map is "
        "silent, 0 everywhere: channel 2. after: 1 map is silent, 0 everywhere: channel 2."
    )


def test_signed_scale_has_white_at_0_and_a_colour_on_each_side(maps):
    before = maps - 4.0
    after = np.maximum(before, 0)
    picture = feature_map_grid({"before": before, "after": after}, scale="signed")
    limit = np.abs(before).max()
    for line, values in enumerate((before, after)):
        for channel in range(5):
            red, green, blue = np.moveaxis(tile(picture, (3, 4), channel, line), -1, 0)
            one = values[..., channel]
            np.testing.assert_array_equal(red == blue, np.abs(one) < limit / 254)
            np.testing.assert_array_equal(red > blue, one < -limit / 254)
            assert ((red + green + blue)[one == 0] == 3 * 255).all()
    bar = picture.axes[1]
    assert bar.get_ylim() == pytest.approx((-limit, limit))
    zeros = feature_map_grid(np.zeros((2, 2, 1)), scale="signed")
    assert (tile(zeros, (2, 2)) == 255).all() and strokes(zeros) == 1


@pytest.mark.parametrize(
    ("compared", "words"),
    [
        ({}, "nothing to compare"),
        (
            {"before": np.ones((3, 3, 2)), "after": np.ones((3, 3, 4))},
            r"before has \(3, 3, 2\), after has \(3, 3, 4\)",
        ),
        ({"before": np.ones((3, 3, 2)), "after": np.ones(3)}, "A row of numbers"),
    ],
)
def test_what_cannot_be_compared_is_named(compared, words):
    with pytest.raises(ValueError, match=words):
        feature_map_grid(compared)
    if len(compared) != 1 and "row" not in words:
        kernels = {name: one[..., np.newaxis] for name, one in compared.items()}
        with pytest.raises(ValueError, match="nothing|one shape"):
            filter_grid(kernels)


def test_own_scale_goes_from_black_to_white_in_each_map(maps):
    tiles = figures.own_scale(maps)
    for channel in (0, 1, 4):
        assert (tiles[..., channel].min(), tiles[..., channel].max()) == (0, 1)
    assert (tiles[..., 3] == 0).all()


def test_shared_scale_has_a_bar_with_the_limits_of_the_maps_shown(maps):
    bar = feature_map_grid(maps, count=2, scale="shared").axes[1]
    assert bar.get_ylim() == pytest.approx((maps[..., :2].min(), maps[..., :2].max()))
    assert len(feature_map_grid(maps, count=2).axes) == 1


def test_flat_maps_can_be_drawn_on_both_scales():
    for scale in ("map", "shared"):
        shown = tile(feature_map_grid(np.full((2, 2, 1), 7.0), scale=scale), (2, 2))
        assert (shown == 0).all()


def test_only_silent_maps_have_a_stroke(maps):
    assert strokes(feature_map_grid(maps)) == 1
    assert strokes(feature_map_grid(maps, count=2)) == 0
    stroke, frame = (
        feature_map_grid(maps).axes[0].collections[i].get_paths() for i in (1, 0)
    )
    np.testing.assert_array_equal(stroke[0].vertices, frame[2].vertices[[0, 2]])


def test_stroke_is_the_explorers(maps):
    style = (COURSE / "helpers/explorers/browser/common.css").read_text("utf-8")
    colour = re.search(r"\.layers-cross \{\s*stroke: (#\w+);", style)[1]
    (lines,) = feature_map_grid(maps).axes[0].collections[1:]
    assert to_hex(lines.get_colors()[0]) == colour


def test_sentence_tells_what_is_shown(maps):
    assert str(feature_map_grid(maps, count=4, title="conv")) == (
        "conv: 4 of 5 channels, 3 rows by 4 columns each. Each map has its own scale: "
        "black is its smallest value, white its largest. "
        f"Values from 0 to {maps[..., :4].max():.3g}. "
        "1 map is silent, 0 everywhere: channel 2."
    )
    assert "No map is silent." in str(feature_map_grid(maps, count=2))
    assert "All maps share one scale" in str(feature_map_grid(maps, scale="shared"))


def test_a_batch_of_one_is_the_picture_itself(maps):
    assert str(feature_map_grid(maps[np.newaxis])) == str(feature_map_grid(maps))


def test_size_in_inches_is_the_one_asked_for(maps):
    picture = feature_map_grid(maps, figsize=(10, 4))
    assert Image.open(io.BytesIO(picture.png(dpi=50))).size == (500, 200)


def test_callers_array_is_not_changed(maps):
    before = maps.copy()
    feature_map_grid(maps)
    np.testing.assert_array_equal(maps, before)


def test_channels_first_draws_the_maps_of_channels_last(maps):
    first = np.moveaxis(maps, -1, 0)
    expected = feature_map_grid(maps, scale="shared").axes[0].images[0].get_array()
    for array in (first, first[np.newaxis]):
        picture = feature_map_grid(array, scale="shared", data_format="channels_first")
        shown = picture.axes[0].images[0].get_array()
        np.testing.assert_array_equal(shown, expected)
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
    with pytest.raises(ValueError, match='"map" or scale="shared" or scale="signed"'):
        feature_map_grid(maps, scale="both")
    for count in (0, 6, 2.5):
        with pytest.raises(ValueError, match="1 to 5 maps"):
            feature_map_grid(maps, count=count)
    for channels in ([], [5], [-1], [0.5], 7, "0"):
        with pytest.raises(ValueError, match="numbers from 0 to 4, or count"):
            feature_map_grid(maps, channels=channels)
    with pytest.raises(ValueError, match="count alone"):
        feature_map_grid(maps, 2, channels=[1])


GRIDS = {
    "one": lambda: feature_map_grid(np.ones((4, 4, 1))),
    "one with a bar": lambda: feature_map_grid(np.ones((4, 4, 1)), scale="shared"),
    "one pixel": lambda: feature_map_grid(np.ones((1, 1, 3)), scale="shared"),
    "wide": lambda: feature_map_grid(np.ones((1, 200, 12)), columns=1),
    "narrow": lambda: feature_map_grid(np.ones((200, 1, 40))),
    "many": lambda: feature_map_grid(np.ones((4, 4, 512)), columns=32),
    "high": lambda: feature_map_grid(np.ones((9, 9, 64)), columns=2, scale="shared"),
    "long title": lambda: feature_map_grid(
        np.ones((4, 4, 2)), title="long title " * 20
    ),
    "flat size": lambda: feature_map_grid(np.ones((30, 30, 16)), figsize=(10, 4)),
    "as in lessons": lambda: feature_map_grid(np.ones((30, 30, 16)), scale="shared"),
    "compared": lambda: feature_map_grid(
        {"before training": np.ones((6, 6, 20)), "after": np.ones((6, 6, 20))},
        scale="signed",
    ),
    "colours": lambda: filter_grid(np.ones((3, 3, 3, 32))),
    "filters": lambda: filter_grid(
        {"before": np.ones((3, 3, 9, 32)), "after": np.ones((3, 3, 9, 32))}, columns=16
    ),
}


@pytest.mark.parametrize("draw", GRIDS.values(), ids=GRIDS)
def test_nothing_is_cut_off_and_no_text_covers_a_map(draw):
    picture = draw()
    canvas = FigureCanvasAgg(picture)
    canvas.draw()
    width, height = canvas.get_width_height()
    texts = [
        text for text in picture.findobj(Text) if text.get_text() and text.get_visible()
    ]
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in texts]
    tiles = (
        [
            path.get_extents(picture.axes[0].transData)
            for path in picture.axes[0].collections[0].get_paths()
        ]
        if picture.axes[0].collections
        else []
    )
    for text, box in zip(texts, boxes):
        inside = 0 <= box.x0 and box.x1 <= width and 0 <= box.y0 and box.y1 <= height
        assert inside, text
        assert not any(box.overlaps(tile) for tile in tiles), text
    for i, box in enumerate(boxes):
        for j in range(i):
            assert not box.overlaps(boxes[j]), (texts[i], texts[j])
    for tile in tiles:
        assert 0 <= tile.x0 and tile.x1 <= width and 0 <= tile.y0 and tile.y1 <= height
        assert tile.width >= 5 and tile.height >= 5  # it can be seen
    for axes in picture.axes[1:]:  # the bar
        bar = axes.get_window_extent()
        assert bar.y1 <= height and bar.y0 >= 0
        assert all(tile.x1 < bar.x0 for tile in tiles)


@pytest.mark.parametrize(
    ("maps", "options", "size"),
    [
        ((30, 30, 16), {}, (9.92, 3.645)),
        ((4, 4, 1), {}, (4, 3.38)),  # a tile is at most 2.2 inches wide
        ((4, 4, 8), {"figsize": (5, 3)}, (5, 3)),
    ],
)
def test_size_of_a_grid_follows_its_form(maps, options, size):
    picture = feature_map_grid(np.zeros(maps), **options)
    assert picture.get_size_inches().tolist() == pytest.approx(size, abs=0.01)


def test_colour_filters_keep_sign_and_size():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 4)).astype("float32")
    picture = filter_grid(kernel, columns=2)
    limit = np.abs(kernel).max()
    for number in range(4):
        shown = tile(picture, (3, 3), number % 2, number // 2)
        np.testing.assert_allclose(
            (shown / 255 - 0.5) * 2 * limit, kernel[..., number], atol=limit / 250
        )
    assert "4 of 4 filters, 3 rows by 3 columns each, in colour" in str(picture)


def test_filters_stand_on_the_grey_of_0():
    picture = filter_grid(np.zeros((3, 3, 3, 4)))
    (ground,) = picture.axes[0].patches
    ground = np.round(255 * np.array(ground.get_facecolor()[:3]))
    assert (tile(picture, (3, 3)) == ground).all()
    drawn = Image.open(io.BytesIO(picture.png(dpi=50))).convert("RGB")
    greys = (np.asarray(drawn) == ground).all(axis=-1)
    top, left = np.argwhere(greys).min(axis=0)
    bottom, right = np.argwhere(greys).max(axis=0)
    assert greys[top : bottom + 1, left : right + 1].mean() > 0.95  # numbers are black


def test_deeper_filters_are_averaged_or_one_channel():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 5, 4)).astype("float32")
    mean = kernel.mean(axis=2)
    for channel, parts in ((None, mean), ("mean", mean), (3, kernel[:, :, 3])):
        picture = filter_grid(kernel, channel=channel)
        limit = np.abs(parts).max()
        for number in range(4):
            red, _, blue = np.moveaxis(tile(picture, (3, 3), number), -1, 0)
            one = parts[..., number]
            np.testing.assert_array_equal(red < blue, one > limit / 254)
            np.testing.assert_array_equal(red > blue, one < -limit / 254)
        assert picture.axes[1].get_ylim() == pytest.approx((-limit, limit))
    assert "input channel 3" in str(picture)
    colours = np.random.default_rng(0).normal(size=(3, 3, 3, 2))
    assert "mean of 3 channels" in str(filter_grid(colours, channel="mean"))


def test_filters_to_compare_stand_one_below_the_other():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 4))
    picture = filter_grid({"before": kernel, "after": -kernel}, columns=4)
    for number in range(4):
        before, after = (tile(picture, (3, 3), number, line) for line in (0, 1))
        np.testing.assert_allclose(before, 255 - after, atol=1)
    assert {"before", "after"} <= set(words(picture))
    assert str(picture).endswith(". In rows: before, after.")


def test_filter_grid_names_what_is_wrong():
    with pytest.raises(ValueError, match="get_layer"):
        filter_grid(np.zeros((3, 4)))
    with pytest.raises(ValueError, match="0 to 4"):
        filter_grid(np.ones((3, 3, 5, 2)), channel=5)
    with pytest.raises(ValueError, match="1 to 2 filters"):
        filter_grid(np.ones((3, 3, 5, 2)), count=3)
