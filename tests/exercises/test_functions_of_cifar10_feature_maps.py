"""The function of CIFAR-10 feature maps, right and wrong as learners write it."""

import numpy as np
import pytest
from asked import FUNCTIONS
from learner import written
from matplotlib.figure import Figure

from helpers.exercises.checking import OPEN, verdict

GRID = FUNCTIONS["cifar10_feature_maps.grid"]
LOOP = """
    def f(maps, across):
        rows, columns, channels = maps.shape
        down = -(-channels // across)
        size = down * (rows + 1) - 1, across * (columns + 1) - 1
        picture = np.full(size, maps.max())
        for i in range(channels):
            top, left = i // across * (rows + 1), i % across * (columns + 1)
            picture[top : top + rows, left : left + columns] = maps[:, :, i]
        return picture
    """
WAYS = {
    "loop": LOOP,
    "two loops": """
        import math
        def f(maps, across):
            rows, columns, channels = maps.shape
            white = np.max(maps)
            down = math.ceil(channels / across)
            picture = np.zeros((down * rows + down - 1, across * columns + across - 1))
            picture += white
            channel = 0
            for i in range(down):
                for j in range(across):
                    if channel < channels:
                        for r in range(rows):
                            for c in range(columns):
                                place = i * (rows + 1) + r, j * (columns + 1) + c
                                picture[place] = maps[r, c, channel]
                    channel += 1
            return picture
        """,
    "places": """
        def f(maps, across):
            rows, columns, channels = maps.shape
            down = -(-channels // across)  # rounded up
            places = np.full((down * across, rows + 1, columns + 1), maps.max())
            places[:channels, :-1, :-1] = np.moveaxis(maps, 2, 0)
            lines = [np.hstack(places[i : i + across])
                     for i in range(0, len(places), across)]
            return np.vstack(lines)[:-1, :-1]
        """,
    "np.pad": """
        def f(maps, across):
            more = ((0, 1), (0, 1), (0, -maps.shape[2] % across))
            maps = np.pad(maps, more, constant_values=maps.max())
            rows, columns, channels = maps.shape
            grid = maps.reshape(rows, columns, -1, across).transpose(2, 0, 3, 1)
            return grid.reshape(-1, across * columns)[:-1, :-1]
        """,
    "one line": """
        f = lambda maps, across: np.array([[
            maps[y % (maps.shape[0] + 1), x % (maps.shape[1] + 1), i]
            if (i := y // (maps.shape[0] + 1) * across + x // (maps.shape[1] + 1))
            < maps.shape[2] and (y + 1) % (maps.shape[0] + 1) and (x + 1)
            % (maps.shape[1] + 1) else maps.max()
            for x in range(across * (maps.shape[1] + 1) - 1)]
            for y in range(-(-maps.shape[2] // across) * (maps.shape[0] + 1) - 1)])
        """,
}
ROWS = "rows, columns, channels = maps.shape"
PLACE = "i // across * (rows + 1), i % across * (columns + 1)"
SIZE = "down * (rows + 1) - 1, across * (columns + 1) - 1"
CHANNEL = "maps[:, :, i]"
WRONG = [  # what stands in LOOP in place of what, and what is said
    (PLACE, "i % down * (rows + 1), i // down * (columns + 1)", "The channels run down"),
    (PLACE, "i // across * rows, i % across * columns", "It is right for maps of"),
    ("-(-channels // across)", "channels // across", "There is no place for the last row"),
    ("-(-channels // across)", "channels // across + 1", "An empty row of maps follows"),
    ("range(channels)", "range(channels - 1)", "The last map is missing"),
    ("np.full(size, maps.max())", "np.zeros(size)\n        picture[rows :: rows + 1] = "
     "maps.max()\n        picture[:, columns :: columns + 1] = maps.max()", "A place in "
     "the last row without a map holds 0"),
    (ROWS, f"{ROWS}\n        channels -= channels % across", "The last row of maps is"),
    (ROWS, f"{ROWS}\n        across = 8", "There are always 8 maps in a row"),
    (ROWS, f"{ROWS}\n        across = int(channels**0.5)", "It is right for maps of"),
    (ROWS, f"{ROWS}\n        across = min(across, channels)", "Where there are fewer"),
    (ROWS, f"{ROWS}\n        maps = maps - maps.min()", "It is right for maps of"),
    (CHANNEL, "maps[i]", "Those are maps[0], maps[1] and so on, which are rows"),
    (CHANNEL, "maps[:, i]", "Those are maps[:, 0]"),
    (CHANNEL, "maps[:, :, i].T", "Each map lies on its side"),
    (CHANNEL, "maps[:, :, channels - 1 - i]", "The channels come in reverse order"),
    ("maps.max()", "0", "The decimals are lost, and the lines hold 0"),
    ("maps.max()", "0.0", "The lines hold 0. White is the largest"),
    ("maps.max()", "1.0", "The lines hold 1."),
    ("maps.max()", "255.0", "The lines hold 255"),
    ("maps.max()", "np.nan", "The lines hold NaN."),
    ("maps.max()", "maps.min()", "The lines hold the smallest number"),
    (" + 1", "", "It was called with maps of shape (3, 4, 6)"),
    (SIZE, SIZE.replace(" - 1", ""), "A line follows the last maps, too"),
    ("return picture", "return picture.T", "It was called with maps of shape (3, 4, 6) and "
     "across = 3. Rows and columns are swapped."),
    ("return picture", "return picture[::-1]", "The grid is upside down"),
    ("return picture", "return maps.T", "It was called with maps of shape (3, 4, 6)"),
    ("return picture", "return picture[:rows]", "That is the first row of maps alone"),
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_right_function_passes_in_every_style(way):
    assert verdict(GRID, written(WAYS[way])) == f"Right. {GRID.why}"


@pytest.mark.parametrize(("right", "wrong", "words"), WRONG)
def test_wrong_function_hears_what_is_wrong(right, wrong, words):
    told = verdict(GRID, written(LOOP.replace(right, wrong)))
    assert right in LOOP and told.startswith(f"Not yet. {words}"), told


def test_rows_of_maps_that_differ_in_width_are_told():
    source = """
        def f(maps, across):
            white, channels = maps.max(), maps.shape[2]
            around = (0, 1), (0, 1)
            places = [np.pad(maps[:, :, i], around, constant_values=white)
                      for i in range(channels)]
            lines = [np.hstack(places[i : i + across])
                     for i in range(0, channels, across)]
            return np.vstack(lines)[:-1, :-1]
        """
    told = verdict(GRID, written(source))
    assert told.startswith(
        "Not yet. `np.vstack` joins rows of the same width only: "
    ), told


def test_each_map_on_a_scale_of_its_own_is_told():
    stretched = LOOP.replace(
        CHANNEL, "(maps[:, :, i] - maps[:, :, i].min()) / np.ptp(maps[:, :, i])"
    )
    told = verdict(GRID, written(stretched.replace("maps.max()", "1.0")))
    assert told.startswith("Not yet. Each map was stretched to a scale of its own.")


def test_what_the_course_draws_with_is_no_answer():
    for source in (
        "from helpers.figures import tile\n"
        "def f(maps, across): return tile(maps, across)[0][1:-1, 1:-1]",
        "from helpers.figures import feature_map_grid as f",
    ):
        told = verdict(GRID, written(source))
        assert told.startswith("Not yet. It calls the course's own "), told
        assert told.endswith("this is the part to write yourself, with NumPy.")


def test_a_call_of_imshow_alone_returns_no_array():
    told = verdict(
        GRID,
        written(
            "def f(maps, across): return axes.imshow(maps[:, :, 0])",
            axes=Figure().add_subplot(),
        ),
    )
    assert "AxesImage is not a number or an array of numbers." in told


def test_stub_is_open():
    assert verdict(GRID, written("def f(maps, across):\n    return ...")) == OPEN


def test_grids_are_full_and_not_wide_and_not_and_one_has_one_map():
    shapes = [(maps.shape, across) for maps, across in GRID.cases()]
    assert {channels % across == 0 for (_, _, channels), across in shapes} == {
        True,
        False,
    }
    assert any(channels < across for (_, _, channels), across in shapes)
    assert any(channels == 1 for (_, _, channels), _ in shapes)
    assert any(rows == columns for (rows, columns, _), _ in shapes)
    assert any(rows != columns for (rows, columns, _), _ in shapes)


def test_numbers_of_a_case_keep_their_places():
    maps, across = GRID.cases()[1]
    picture = GRID.right(maps, across)
    assert (maps.shape, across, picture.shape) == ((2, 5, 7), 3, (8, 17))
    assert np.array_equal(picture[3:5, 6:11], maps[:, :, 4])
    assert (picture[[2, 5]] == maps.max()).all() and (
        picture[6:, 6:] == maps.max()
    ).all()
