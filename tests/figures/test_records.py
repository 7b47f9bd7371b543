"""Records are drawn as cards, a row for each walk back to a ``keras.Input``."""

import keras
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text

from helpers.figures.picture import NEGATIVE, POSITIVE
from helpers.figures.records import record_diagram


def record(tensor):
    operation, call, _ = tensor._keras_history
    return operation._inbound_nodes[call]


@pytest.fixture
def chain():
    """Return an Input and what two layers make of it."""
    x = keras.Input((3,), name="x")
    y = keras.layers.Dense(4, name="first")(x)
    return x, y, keras.layers.Dense(2, name="$second$")(y)


def cards(picture):
    return [
        (to_hex(one.get_edgecolor()), one.get_linestyle(), one.get_bbox().x0)
        for one in picture.axes[0].patches
        if isinstance(one, FancyBboxPatch)
    ]


def test_a_row_ends_at_the_left_blue_where_the_input_is_given(chain):
    picture = record_diagram({"z": [*map(record, chain[::-1])]}, [chain[0]])
    colours, lines, left = zip(*cards(picture), strict=True)
    assert colours == ("#000000", "#000000", POSITIVE) and set(lines) == {"solid"}
    assert left[0] > left[1] > left[2] > 0
    assert str(picture) == (
        "Each card is a record: a layer, what went in and what came out. Walking back "
        "from z: $second$, first, then x, which is one of the inputs (blue)."
    )


def test_an_input_that_is_not_given_is_orange_and_dashed_and_told(chain):
    other = keras.Input((3,), name="x")
    walks = {"y": [record(chain[1]), record(chain[0])], "other": [record(other)]}
    picture = record_diagram(walks, [other])
    assert [(colour, line) for colour, line, _ in cards(picture)] == [
        ("#000000", "solid"),
        (NEGATIVE, "dashed"),
        (POSITIVE, "solid"),
    ]
    assert "from y: first, then x, which is not one of them (orange, dashed)." in str(
        picture
    )
    assert "from other: x, which is one of the inputs (blue)." in str(picture)


def test_all_words_are_inside_the_picture_and_inside_their_cards(chain):
    long = keras.layers.Dense(2, name="a_layer_with_quite_a_long_name_of_its_own")
    walks = {
        "a rather long name": [record(one) for one in (long(chain[2]), *chain[::-1])]
    }
    picture = record_diagram(walks, [chain[0]])
    renderer = FigureCanvasAgg(picture).get_renderer()
    picture.draw(renderer)
    shown = [
        text.get_window_extent(renderer)
        for text in picture.axes[0].findobj(Text)
        if text.get_text() and text.axes
    ]
    wide, tall = picture.get_size_inches() * picture.dpi
    assert len(shown) >= 9
    for one in shown:
        assert 0 < one.x0 < one.x1 < wide and 0 < one.y0 < one.y1 < tall
    boxes = [
        patch.get_window_extent(renderer)
        for patch in picture.axes[0].patches
        if isinstance(patch, FancyBboxPatch)
    ]
    for box in boxes:
        inside = [one for one in shown if box.y0 < one.y0 and box.x0 < one.x0 < box.x1]
        assert len(inside) == 2 and all(one.x1 < box.x1 for one in inside)


@pytest.mark.parametrize("count", [0, 7])
def test_a_walk_has_one_to_six_records(chain, count):
    with pytest.raises(ValueError, match=rf"1 to 6 records: these have \[1, {count}\]"):
        walks = {"x": [record(chain[0])], "y": [record(chain[1])] * count}
        record_diagram(walks, [])
