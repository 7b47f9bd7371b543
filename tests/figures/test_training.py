"""What training changes, drawn: the right pictures, steps, lines, and room for words."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from helpers.figures.training import (
    film_strip,
    spread_figure,
    step_figure,
    top_pictures,
)

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (20, 16, 16, 3), "uint8")
MAPS = RANDOM.uniform(0, 1, (20, 4, 4))
NAMES = [("ring", "vertical stripes", "disc")[i % 3] for i in range(20)]


@pytest.fixture
def drawn(monkeypatch):
    """Return a list that gets each text that is drawn, and where: (text, box)."""
    found, draw = [], Text.draw

    def noted(text, renderer, *others, **options):
        if text.get_text().strip() and text.get_visible():
            found.append((text.get_text(), text.get_window_extent(renderer)))
        draw(text, renderer, *others, **options)

    monkeypatch.setattr(Text, "draw", noted)
    return found


def shown(picture):
    """Return the arrays that are drawn, in order."""
    return [np.asarray(image.get_array()) for image in picture.axes[0].images]


def frames(picture):
    """Return the bounds of the blue frames in inches: left, top, width, height."""
    patches = [one for one in picture.axes[0].patches if isinstance(one, Rectangle)]
    return [one.get_bbox().bounds for one in patches if one.get_linewidth() == 1.5]


def texts(picture):
    return [text.get_text() for text in picture.axes[0].texts]


def test_each_row_has_the_pictures_with_the_largest_values_first():
    maps = {"before": MAPS, "after": MAPS[::-1]}
    picture = top_pictures(IMAGES, maps, NAMES, count=3, title="channel 1")
    orders = [np.sort(m.max(axis=(1, 2)))[::-1][:3] for m in maps.values()]
    places = [[*m.max(axis=(1, 2))] for m in maps.values()]
    expected = [p.index(v) for p, values in zip(places, orders) for v in values]
    for image, i in zip(shown(picture), expected, strict=True):
        np.testing.assert_array_equal(image, IMAGES[i])
    under = [" ".join(text.split()) for text in texts(picture) if "0." in text]
    values = [value for row in orders for value in row]
    assert under == [f"{NAMES[i]} {v:.3g}" for i, v in zip(expected, values)]
    assert [text for text in texts(picture) if text in maps] == ["before", "after"]


def test_sentence_counts_the_words_most_frequent_first():
    maps = np.arange(20.0).reshape(20, 1, 1)
    said = str(top_pictures(IMAGES, {"after": maps}, NAMES, count=4))
    assert said == (
        "strongest pictures: for each row, up to 4 of 20 pictures, largest value first. "
        "after: 2 × vertical stripes, disc, ring."
    )
    said = str(top_pictures(IMAGES, {"after": maps}, count=2, title="most"))
    assert said.endswith("after: picture 18, picture 19.")
    assert said.startswith("most: for each row, up to 2 of 20")


def test_what_a_channel_does_not_answer_to_is_left_out():
    maps = np.zeros((20, 4, 4))
    maps[5, 0, 0] = 2
    picture = top_pictures(IMAGES, {"silent": maps * 0, "rare": maps}, NAMES)
    (image,) = shown(picture)
    np.testing.assert_array_equal(image, IMAGES[5])
    assert "silent: 0 for every picture. rare: disc." in str(picture)
    assert "no picture stands out" in texts(picture)


@pytest.mark.parametrize("size", [(16, 16), (16, 32), (32, 16)])
def test_frame_holds_what_the_largest_value_sees(size):
    images = np.zeros((2, *size))
    maps = np.zeros((2, 4, 4))
    maps[0, 2, 1], maps[1, 0, 3] = 9, 8
    asked = []

    def field(row, column):
        asked.append((row, column))
        return slice(row, row + 8), slice(column, None)

    picture = top_pictures(images, {"one": maps - 1}, field=field)
    assert asked == [(2, 1)]  # the other has the smallest value of all
    (drawn,) = picture.axes[0].images
    left, right, bottom, top = drawn.get_extent()
    pixel = (right - left) / size[1]
    assert (bottom - top) / size[0] == pytest.approx(pixel)
    (frame,) = frames(picture)
    expected = left + pixel, top + 2 * pixel, (size[1] - 1) * pixel, 8 * pixel
    assert frame == pytest.approx(expected)
    assert str(picture).endswith("The largest value sees what is framed.")
    assert not frames(top_pictures(images, {"one": maps}))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"maps": {"after": MAPS[..., np.newaxis]}},
            r"after has .*output\[\.\.\., 0\]",
        ),
        ({"maps": {"after": MAPS[:5]}}, "for 20 images have"),
        ({"maps": {"after": np.full((20, 4, 4), np.nan)}}, "after holds NaN"),
        ({"maps": {"after": np.full((20, 4, 4), np.inf)}}, "after holds NaN or inf"),
        ({"maps": {}}, "0 rows of count=8"),
        ({"names": ["ring"]}, "20 images and 1 names"),
        ({"count": 0}, "count=0 .* count from 1 to 16"),
        ({"count": 17}, "count from 1 to 16"),
        ({"count": 2.5}, "count from 1 to 16"),
        ({"field": lambda row, column: None}, "field gives None: two slices"),
        (
            {"field": lambda row, column: (slice(20, 30),) * 2},
            "of a picture of .16, 16",
        ),
        ({"field": lambda row, column: (slice(0, 3),)}, "field gives"),
        ({"images": MAPS[..., :2, np.newaxis, np.newaxis]}, "A picture has the shape"),
    ],
)
def test_top_pictures_name_what_is_wrong(change, words):
    arguments = {"images": IMAGES, "maps": {"after": MAPS}} | change
    with pytest.raises(ValueError, match=words):
        top_pictures(**arguments)


def film(steps=(0, 10, 300), channels=5):
    return {step: RANDOM.normal(size=(6, 6, channels)) for step in steps}


def test_a_film_shows_the_picture_and_its_maps_row_by_row():
    filmed = film()
    picture = film_strip(IMAGES[0], filmed, [4, 1], title="conv")
    expected = [IMAGES[0], *(filmed[s][..., 4] for s in filmed)]
    expected += [IMAGES[0], *(filmed[s][..., 1] for s in filmed)]
    for image, array in zip(shown(picture), expected, strict=True):
        np.testing.assert_array_equal(image, array)
    written = texts(picture)
    assert written[:6] == ["conv", "step", "picture", "0", "10", "300"]
    assert [text.split("\n")[0] for text in written[6:] if text] == [
        "channel 4",
        "channel 1",
    ]


def test_a_row_of_a_film_has_one_scale_and_says_it():
    filmed = film()
    picture = film_strip(IMAGES[0], filmed, [4, 1])
    images = picture.axes[0].images
    for row, channel in ((images[1:4], 4), (images[5:], 1)):
        values = np.stack([maps[..., channel] for maps in filmed.values()])
        limits = values.min(), values.max()
        assert [image.get_clim() for image in row] == [pytest.approx(limits)] * 3
        scale = f"channel {channel}\n{limits[0]:.2g} to {limits[1]:.2g}"
        assert scale in texts(picture)


def test_sentence_of_a_film_tells_how_many_rows_grew_and_no_values():
    filmed = {step: np.full((4, 4, 3), float(step)) for step in (7, 9)}
    filmed[9][..., 1] = 2
    assert str(film_strip(IMAGES[0], filmed, [0, 1, 2], title="conv")) == (
        "conv: the picture, then 3 channels at 2 steps, 7 to 9. Each row has a scale of "
        "its own. In 2 of 3 rows the largest value ends higher than it begins."
    )
    filmed[9][0, 0, 2] = np.nan
    picture = film_strip(IMAGES[0], filmed, [0, 2])
    assert str(picture).endswith("begins. NaN in channel 2: yellow with an x.")
    assert np.ma.getmaskarray(picture.axes[0].images[-1].get_array())[0, 0]


@pytest.mark.parametrize(
    ("filmed", "channels", "words"),
    [
        ({}, [0], "maps of no step"),
        (film(), [], "here are 0 channels"),
        ({0: np.zeros((1, 6, 6, 2))}, [0], r"outputs\[0\]"),
        ({0: np.zeros((6, 6, 2)), 1: np.zeros((4, 4, 2))}, [0], "of one shape"),
        (film(), [5], "no channel 5: the maps have 0 to 4"),
        (film(), [-1], "no channel -1"),
        (film(range(16)), [0], "16 steps: choose at most 15"),
    ],
)
def test_a_film_names_what_is_wrong(filmed, channels, words):
    with pytest.raises(ValueError, match=words):
        film_strip(IMAGES[0], filmed, channels)


def parabola(weight):
    return (3 * weight - 6) ** 2


def test_steps_lead_where_the_gradient_says():
    picture = step_figure(parabola, 0.5, -27.0, [0.02, 0.2])
    line, slope, before, *after = picture.axes[0].lines
    x, y = line.get_data()
    np.testing.assert_allclose(y, parabola(x))
    assert x.min() < 0.5 and x.max() > 5.9
    x, y = slope.get_data()
    assert np.diff(y) / np.diff(x) == pytest.approx(-27)
    assert y[0] - 27 * (0.5 - x[0]) == pytest.approx(parabola(0.5))
    assert np.ravel(before.get_data()) == pytest.approx([0.5, 20.25])
    ends = [np.ravel(one.get_data()) for one in after]
    np.testing.assert_allclose(ends, [[1.04, 8.2944], [5.9, 136.89]])
    arrows = [(*arrow.xyann, *arrow.xy) for arrow in picture.axes[0].texts]
    np.testing.assert_allclose(arrows, [[0.5, 20.25, *end] for end in ends])
    assert str(picture) == (
        "one step: weight 0.5, loss 20.25, slope -27. A step with rate 0.02 leads to "
        "weight 1.04, loss 8.294, lower. A step with rate 0.2 leads to weight 5.9, loss "
        "136.9, higher."
    )


def test_steps_without_a_slope_stay_where_they_are():
    picture = step_figure(parabola, 2, 0, [0.5])
    assert str(picture).endswith("leads to weight 2, loss 0, equal.")
    picture.png(dpi=20)


@pytest.mark.parametrize(
    ("loss", "gradient", "rates"),
    [
        (parabola, -27, []),
        (parabola, np.nan, [0.1]),
        (lambda weight: np.inf, 1, [0.1]),
        (parabola, -27, [np.inf]),
    ],
)
def test_step_figure_names_what_is_wrong(loss, gradient, rates):
    with pytest.raises(
        ValueError, match="at least one learning rate, and numbers that"
    ):
        step_figure(loss, 0.5, gradient, rates)


def test_spreads_stand_on_a_logarithmic_axis():
    spreads = {"half": 0.5 ** np.arange(11), "double": [2**i for i in range(11)]}
    picture = spread_figure(spreads, "ten layers")
    (axes,) = picture.axes
    assert axes.get_yscale() == "log"
    for line, values in zip(axes.lines, spreads.values()):
        assert line.get_xdata().tolist() == [*range(11)]
        np.testing.assert_allclose(line.get_ydata(), values)
    picture.png(dpi=20)
    written = [tick.get_text() for tick in axes.get_yticklabels()]
    assert {"0.001", "1", "1000"} <= set(written)
    assert str(picture) == (
        "ten layers: over 10 layers, on a logarithmic axis. half: from 1 to 0.000977. "
        "double: from 1 to 1020."
    )


def test_spreads_that_differ_little_have_numbers_at_the_axis_as_well(drawn):
    spread_figure({"flat": [2, 3, 2.5]}).png(dpi=50)
    assert {text for text, _ in drawn} >= {"2", "3"}
    drawn.clear()
    spread_figure({"falls": [2, 0.02]}).png(dpi=50)
    numbers = {text for text, _ in drawn if text[0].isdigit()} - {"0"}
    assert numbers == {"1", "0.1"}  # and the layers


@pytest.mark.parametrize(
    ("spreads", "words"),
    [
        ({"a": [1, 0]}, "a holds 0: a logarithmic axis"),
        ({"a": [1, -2]}, "a holds -2"),
        ({"a": [1, np.nan]}, "a holds nan"),
        ({"a": [1, np.inf]}, "a holds inf"),
        ({"a": [1, 2], "b": [1]}, r"b has the shape \(1,\)"),
        ({}, "There is no curve"),
        ({"a": 3}, r"a has the shape \(\)"),
    ],
)
def test_spread_figure_names_what_is_wrong(spreads, words):
    with pytest.raises(ValueError, match=words):
        spread_figure(spreads)


LONG = ["a word thatisverylongindeed", "$x$", "ring"]
DRAWN = {
    "two": lambda: top_pictures(IMAGES[:2], {"a": MAPS[:2]}, LONG[:2]),
    "sixteen": lambda: top_pictures(
        IMAGES, {"before $training$": MAPS, "after": MAPS}, (LONG * 7)[:20], count=16
    ),
    "wide": lambda: top_pictures(IMAGES[:, :4], {"a": MAPS}, NAMES),
    "no picture": lambda: top_pictures(IMAGES, {"a": MAPS * 0}, NAMES),
    "film": lambda: film_strip(IMAGES[0], film(), [0, 1, 2]),
    "long film": lambda: film_strip(MAPS[0], film(range(1000, 1015)), range(5), "$a$"),
    "step": lambda: step_figure(parabola, 0.5, -27, [0.02, 0.2], "$a$"),
    "tiny step": lambda: step_figure(parabola, 0.5, -27, [1e-6]),
    "huge step": lambda: step_figure(parabola, 0.5, 27e9, [1, 2]),
    "spreads": lambda: spread_figure(
        {f"limit × {i}": [1, 10**i] for i in range(-5, 6)}
    ),
    "one spread": lambda: spread_figure({"limit": [1, 2]}),
}


@pytest.mark.parametrize("kind", DRAWN)
def test_no_text_is_cut_off_or_covers_another(kind, drawn):
    canvas = FigureCanvasAgg(DRAWN[kind]())
    canvas.draw()
    wide, high = canvas.get_width_height()
    assert len(drawn) > 1
    for text, box in drawn:
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= wide and box.y1 <= high
        assert inside, (text, box)
    for i, (text, box) in enumerate(drawn):
        for other, its in drawn[:i]:
            assert not box.padded(-1).overlaps(its.padded(-1)), (text, other)
