"""One figure of all layers shows what they give out: the strongest maps, all units."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.text import Text

from helpers.datasets import CIFAR10_CLASSES, cat_photograph
from helpers.extraction import layer_outputs
from helpers.figures import layers_figure
from helpers.figures.picture import NEGATIVE, ODD_COLOUR, POSITIVE
from helpers.networks import cifar10_cnn, dense_network
from helpers.statistics import dead_channels


def random(*shape):
    return np.random.default_rng(0).normal(size=shape)


@pytest.fixture(scope="module")
def outputs():
    return layer_outputs(cifar10_cnn(), cat_photograph()[np.newaxis] / 255)


def words(picture):
    return [text.get_text() for text in picture.axes[0].texts]


def bars(picture):
    """Return every bar of a picture as ``(height upwards, colour)``, as it is drawn."""
    found = []
    for one in picture.axes[0].collections:
        if isinstance(one, PolyCollection) and len(one.get_facecolors()):
            for path, colour in zip(one.get_paths(), one.get_facecolors()):
                (_, zero), (_, other), (_, end) = path.vertices[:3]
                assert zero == other
                found.append((zero - end, to_hex(colour)))
    return found


@pytest.mark.parametrize("count", [1, 5, 16])
def test_strongest_maps_stand_in_the_order_of_their_numbers(outputs, count):
    maps = {name: one[0] for name, one in outputs.items() if one.ndim == 4}
    picture = layers_figure(dict(outputs), count=count)
    images = iter(picture.axes[0].images)
    for one in maps.values():
        order = sorted(np.argsort(-one.max(axis=(0, 1)), kind="stable")[:count])
        for channel in order:
            image = next(images)
            np.testing.assert_array_equal(image.get_array(), one[..., channel])
            assert image.get_clim() == (0, one.max())  # one scale for the layer
    assert next(images, None) is None


def test_each_map_has_its_channel_above_it(outputs):
    picture = layers_figure({"conv2d": outputs["conv2d"]}, count=8)
    order = np.sort(np.argsort(-outputs["conv2d"][0].max(axis=(0, 1)))[:8])
    drawn = [t for t in picture.axes[0].texts if t.get_text().isdecimal()]
    assert [int(text.get_text()) for text in drawn] == order.tolist()
    for text, image in zip(drawn, picture.axes[0].images, strict=True):
        left, _, _, top = image.get_extent()
        assert text.get_position() == (left, pytest.approx(top - 0.045))


def test_rows_say_name_shape_range_and_silent_maps(outputs):
    picture = layers_figure(outputs)
    said = iter(words(picture)[1:])
    for name, one in outputs.items():
        silent = len(dead_channels(one))
        lines = [name, " × ".join(map(str, one.shape[1:]))]
        lines.append(f"{one.min():.3g} to {one.max():.3g}")
        if one.ndim == 4:
            lines.append(f"{silent or 'no'} silent map{'s' * (silent > 1)}")
        found = [next(w for w in said if w == line) for line in lines]  # in this order
        assert found == lines
        sentence = f"{lines[0]} {lines[1]}" + ", ".join(["", *lines[3:]])
        assert sentence in str(picture)


def test_silent_maps_have_the_stroke_of_the_grid():
    maps = np.zeros((1, 3, 3, 4))
    maps[0, 0, 0, 2] = 1
    picture = layers_figure({"maps": maps})
    (strokes,) = (
        one for one in picture.axes[0].collections if isinstance(one, LineCollection)
    )
    assert len(strokes.get_segments()) == 3
    extents = [image.get_extent() for image in picture.axes[0].images]
    silent = extents[:2] + extents[3:]
    for (start, end), (left, right, bottom, top) in zip(strokes.get_segments(), silent):
        assert (*start, *end) == (left, top, right, bottom)


def test_layers_with_negative_values_have_white_at_0():
    picture = layers_figure({"sums": random(1, 5, 5, 3)})
    largest = np.abs(random(1, 5, 5, 3)).max()
    for image in picture.axes[0].images:
        assert image.get_clim() == (-largest, largest)
        assert (np.array(image.cmap(0.5)[:3]) == 1).all()
        assert (
            to_hex(image.cmap(0.0)) == NEGATIVE and to_hex(image.cmap(1.0)) == POSITIVE
        )


def test_units_are_bars_as_high_as_their_values():
    values = np.array([[0.5, -2, 0, 3]])
    drawn = bars(layers_figure({"dense": values}))
    heights = np.array([height for height, _ in drawn])
    np.testing.assert_allclose(heights / heights.max(), values[0] / 3, atol=1e-12)
    assert [colour for _, colour in drawn] == [POSITIVE, NEGATIVE, POSITIVE, POSITIVE]
    assert all(height == 0 for height, _ in bars(layers_figure({"dense": [[0, 0]]})))


def test_classes_stand_under_their_bars_and_numbers_above(outputs):
    picture = layers_figure(outputs, classes=CIFAR10_CLASSES)
    places = {t.get_text(): t.get_position() for t in picture.axes[0].texts}
    values = outputs["dense_1"][0]
    bar_paths = picture.axes[0].collections[-1].get_paths()
    for name, value, bar in zip(CIFAR10_CLASSES, values, bar_paths, strict=True):
        low, high = bar.vertices[:4].min(axis=0), bar.vertices[:4].max(axis=0)
        x, y = places[name]
        assert x == pytest.approx((low[0] + high[0]) / 2) and y > high[1]
        assert places[f"{value:.3f}"][1] < low[1]
    best = values.argsort()[::-1][:3]
    told = ", ".join(f"{CIFAR10_CLASSES[i]} {values[i]:.3f}" for i in best)
    assert str(picture).endswith(f" Largest in dense_1: {told}.")


def test_of_many_classes_the_largest_are_drawn():
    values = np.random.default_rng(1).uniform(size=(1, 200))
    names = [f"class {i}" for i in range(200)]
    picture = layers_figure({"out": values}, classes=names)
    drawn = [w.replace("\n", " ") for w in words(picture) if w.startswith("class")]
    assert drawn == [names[i] for i in np.argsort(-values[0])[:12]]


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("shape", [(32, 32, 3), (20, 32, 3), (8, 8), (8, 8, 1)])
def test_input_stands_in_the_first_row(shape, batch):
    image = np.random.default_rng(0).uniform(size=shape)
    given = image[np.newaxis] if batch else image
    picture = layers_figure({"out": [[1.0]]}, given)
    (shown,) = picture.axes[0].images
    squeezed = image[..., 0] if shape[-1] == 1 else image
    np.testing.assert_array_equal(shown.get_array(), squeezed)
    left, right, bottom, top = shown.get_extent()
    rows, columns = shape[:2]
    assert (right - left) / (bottom - top) == pytest.approx(columns / rows)
    assert "the input" in words(picture)


def test_nan_and_infinity_are_marked_and_said():
    maps = random(1, 4, 4, 2)
    maps[0, 1, 1, 0] = np.nan
    outputs = {"maps": maps, "dense": np.array([[1, np.inf, np.nan, -3]])}
    outputs["none"] = np.full((1, 3), np.nan)
    picture = layers_figure(outputs, classes=["a", "b", "c"])
    picture.png(dpi=30)
    assert str(picture).endswith(
        "; none 3. NaN in all 3 layers; infinity in dense: yellow with an x."
    )
    yellow = [colour for _, colour in bars(picture) if colour == ODD_COLOUR]
    crosses = [one for one in picture.axes[0].lines if one.get_marker() == "x"]
    assert len(yellow) == 2 + 3
    assert sum(len(one.get_xdata()) for one in crosses) == 1 + 2 + 3
    assert "no finite number" in words(picture) and words(picture).count("NaN") == 3
    finite = np.nan_to_num(maps, nan=0)
    assert f"{finite.min():.3g} to {finite.max():.3g}" in words(picture)


ALL = {
    "the course's network": (
        {"classes": CIFAR10_CLASSES, "image": cat_photograph()},
        None,
    ),
    "few maps": ({"count": 16}, None),
    "large maps": ({"count": 1, "title": "a title that is long " * 9}, None),
    "odd shapes": (
        {"classes": [f"a_class_with_a_long_name {i}" for i in range(1000)]},
        {
            "sequence": random(1, 28, 8),
            "outer/inner/conv2d_of_a_network_in_a_network": random(1, 3, 40, 2),
            "high": random(1, 40, 3, 20),
            "one pixel": random(1, 1, 1, 99),
            "volume": random(1, 2, 3, 4, 5),
            "whole numbers": np.arange(6).reshape(1, 6),
            "huge": np.array([[3e38, -3e38]], "float32"),
            "number": np.array([5.0]),
            "out": random(1, 1000),
        },
    ),
    "one layer": ({}, {"a": np.zeros((1, 1))}),
    "thirty": ({}, {f"layer_{i}": np.ones((1, 4, 4, 30)) for i in range(30)}),
}


@pytest.mark.parametrize(("options", "given"), ALL.values(), ids=ALL)
def test_nothing_is_cut_off_and_no_text_covers_another(outputs, options, given):
    picture = layers_figure(given or outputs, **options)
    canvas = FigureCanvasAgg(picture)
    canvas.draw()
    width, height = canvas.get_width_height()
    texts = [text for text in picture.findobj(Text) if text.get_text()]
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in texts]
    tiles = [one.get_window_extent() for one in picture.axes[0].images]
    for tile in tiles:
        assert 0 <= tile.x0 and tile.x1 <= width and 0 <= tile.y0 and tile.y1 <= height
        assert tile.width > 5 and tile.height > 5
    for i, box in enumerate(boxes):
        inside = 0 <= box.x0 and box.x1 <= width and 0 <= box.y0 and box.y1 <= height
        assert inside, texts[i]
        for other in boxes[:i]:
            assert not box.overlaps(other), texts[i]
        assert not any(box.overlaps(tile) for tile in tiles), texts[i]


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        ({}, {}, "1 to 30 layers"),
        ({str(i): [[1]] for i in range(31)}, {}, "1 to 30 layers"),
        ([[1, 2]], {}, "as a dict"),
        ({"dense": np.ones((2, 3))}, {}, r"dense has the shape \(2, 3\).*inputs\[:1\]"),
        ({"dense": np.ones((0, 3))}, {}, r"dense has the shape \(0, 3\)"),
        ({"loss": 3.0}, {}, r"loss has the shape \(\)"),
        ({"a": [[1, 2]]}, {"classes": ["cat"]}, "1 classes, but a, .* gives 2 numbers"),
        ({"a": [[1, 2]]}, {"count": 0}, "1 to 16"),
        ({"a": [[1, 2]]}, {"count": 17}, "1 to 16"),
        ({"a": [[1, 2]]}, {"count": 2.5}, "1 to 16"),
        ({"a": [[1, 2]]}, {"image": np.full((3, 3, 3), 7.0)}, "by 255"),
        ({"a": [[1, 2]]}, {"image": np.ones(5)}, "A picture has the shape"),
    ],
)
def test_what_cannot_be_drawn_is_named(given, options, said):
    with pytest.raises(ValueError, match=said):
        layers_figure(given, **options)


def test_a_network_of_dense_layers_is_drawn_too():
    outputs = layer_outputs(dense_network(), np.eye(3)[:1])
    assert str(layers_figure(outputs)) == (
        "every layer: 2 layers for one input. hidden 4; output 2."
    )


def test_callers_arrays_are_not_changed(outputs):
    before = {name: one.copy() for name, one in outputs.items()}
    layers_figure(outputs)
    for name, one in outputs.items():
        np.testing.assert_array_equal(one, before[name])
