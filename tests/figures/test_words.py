"""Whatever letters a title has, they are drawn as they are, and nothing is warned of."""

import warnings

import keras
import numpy as np
import pytest
from keras import layers
from matplotlib import font_manager, rcParams
from matplotlib.text import Text

from helpers import figures
from helpers.by_hand import explain
from helpers.figures.picture import Picture, fonts_for

WORDS = "კატა"  # Georgian, which DejaVu Serif has and STIXGeneral has not
SQUARE = np.eye(2)


def diagram(name):
    layer = layers.Dense(2, name="dense")
    model = keras.Sequential([keras.Input((2,)), layer])
    layer.name = model.name = name
    return figures.network_diagram(model)


def explanation(words):
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1, name="dense")])
    explained = explain(model, np.ones((1, 1)), "dense", (0, 0))
    return figures.explain_figure(explained, [words])


PICTURES = {  # every place in a picture that shows words of whoever calls
    "diagram": diagram,
    "picture": lambda words: figures.image_figure(SQUARE, words),
    "row": lambda words: figures.image_row([SQUARE], [words], title=words),
    "maps": lambda words: figures.feature_map_grid(
        SQUARE[..., np.newaxis], title=words
    ),
    "filters": lambda words: figures.filter_grid(np.ones((2, 2, 1, 1)), title=words),
    "compared maps": lambda words: figures.feature_map_grid(
        {words: SQUARE[..., np.newaxis], "b": SQUARE[..., np.newaxis]}
    ),
    "compared filters": lambda words: figures.filter_grid(
        {words: np.ones((2, 2, 1, 1)), "b": np.ones((2, 2, 1, 1))}
    ),
    "compared rows": lambda words: figures.image_row({words: [SQUARE], "b": [SQUARE]}),
    "layers": lambda words: figures.layers_figure(
        {words: np.ones((1, 2, 2, 1)), f"{words} 2": [[1, 2]]},
        classes=[words, "b"],
        title=words,
    ),
    "curves": lambda words: figures.curve_figure(
        {words: [1, np.nan], f"{words} 2": [2, 3]}, [words, "b"], words, words, words
    ),
    "answers": lambda words: figures.response_figure(SQUARE, {words: [[1]]}, words),
    "explanation": explanation,
    "strongest": lambda words: figures.top_pictures(
        [SQUARE, SQUARE], {words: [[[0]], [[1]]]}, [words] * 2, title=words
    ),
    "film": lambda words: figures.film_strip(
        SQUARE, {words: np.ones((2, 2, 1))}, [0], words
    ),
    "step": lambda words: figures.step_figure(abs, 1, 1, [0.1], words),
    "spreads": lambda words: figures.spread_figure({words: [1, 2], "b": [2, 1]}, words),
}


def draws(picture):
    """Return the picture's pixels; any warning that Python shows is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DeprecationWarning)
        return picture.png(dpi=50)


@pytest.fixture
def fonts(monkeypatch):
    """Return a function that says which families are installed beside the usual one."""
    every = font_manager.fontManager.ttflist
    monkeypatch.setitem(rcParams, "font.family", ["STIXGeneral"])

    monkeypatch.setattr(font_manager, "findSystemFonts", list)

    def install(*families):
        found = [one for one in every if one.name in (*families, "STIXGeneral")]
        monkeypatch.setattr(font_manager.fontManager, "ttflist", found)
        fonts_for.cache_clear()

    install()
    yield install
    fonts_for.cache_clear()


@pytest.mark.parametrize("kind", PICTURES)
def test_letters_are_drawn_with_a_font_that_has_them(fonts, kind):
    without = draws(PICTURES[kind](WORDS))
    fonts("DejaVu Serif", "Last Resort High-Efficiency")
    picture = PICTURES[kind](WORDS)
    assert draws(picture) != without
    assert picture.lacking == ""
    assert WORDS in str(picture)


@pytest.mark.parametrize("kind", PICTURES)
def test_where_no_font_has_them_one_sentence_says_so(fonts, kind, capsys, monkeypatch):
    fonts("Last Resort High-Efficiency")
    monkeypatch.setattr("IPython.display.display", lambda data, **options: None)
    picture = PICTURES[kind](WORDS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture._ipython_display_()
    *sentence, last = capsys.readouterr().out.splitlines()
    assert " ".join(sentence).split() == str(picture).split()
    assert last == "No font here has the letters აკტ: the picture leaves them out."
    draws(picture)  # a box would be warned of
    assert WORDS in " ".join(one.get_text() for one in picture.findobj(Text))


def test_letters_of_several_scripts_come_from_several_fonts(fonts):
    fonts("DejaVu Serif", "DejaVu Sans")
    picture = figures.image_row([SQUARE], ["고 قط კატა chat Кот γάτα"])
    draws(picture)
    assert picture.lacking == "고"
    (text,) = [one for one in picture.axes[0].texts if "chat" in one.get_text()]
    families = text.get_fontfamily()
    assert families[0] == "STIXGeneral" and "DejaVu Sans" in families  # it has Arabic
    draws(picture)
    assert text.get_fontfamily() == families  # each once


def test_font_that_cannot_be_read_is_left(fonts, monkeypatch, tmp_path):
    broken = font_manager.FontEntry(
        str(tmp_path / "broken.ttf"), name="Broken", weight=400
    )
    for content in (b"no font", None):
        if content:
            (tmp_path / "broken.ttf").write_bytes(content)
        else:
            (tmp_path / "broken.ttf").unlink()
        monkeypatch.setattr(font_manager.fontManager, "ttflist", [broken])
        monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [broken.fname])
        assert fonts_for(frozenset("ა")) == ([], "ა")
        fonts_for.cache_clear()


def hangul_font(path, weight=400):
    """Write a font that has a black square for each letter of Hangul in a title."""
    font_tools = pytest.importorskip(
        "fontTools.fontBuilder"
    )  # Matplotlib needs it, too
    pens = pytest.importorskip("fontTools.pens.ttGlyphPen")
    builder = font_tools.FontBuilder(1000, isTTF=True)
    letters = "고양이 합성곱"
    names = [".notdef", *(f"letter{i}" for i in range(len(letters)))]
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap(dict(zip(map(ord, letters), names[1:])))
    pen = pens.TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, 800), (800, 800), (800, 0)):
        pen.lineTo(corner)
    pen.closePath()
    builder.setupGlyf(dict.fromkeys(names, pen.glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=0)
    builder.setupNameTable({"familyName": "Hangul Squares", "styleName": "Regular"})
    builder.setupOS2(usWeightClass=weight)
    builder.setupPost()
    builder.save(path)


@pytest.mark.parametrize(
    "weight", [400, 100]
)  # Noto's variable fonts are listed as thin
@pytest.mark.parametrize("kind", PICTURES)
def test_korean_title_takes_a_font_installed_since(
    fonts, kind, weight, tmp_path, monkeypatch
):
    """Matplotlib's own list is as old as its first import."""
    fonts("DejaVu Sans")
    before = PICTURES[kind]("고양이")
    without = draws(before)  # a box would be warned of
    assert before.lacking == "고양이"
    hangul_font(tmp_path / "hangul.ttf", weight)
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    found = [str(tmp_path / name) for name in ("broken.ttf", "hangul.ttf")]
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: found)
    fonts_for.cache_clear()
    picture = PICTURES[kind]("고양이")
    assert draws(picture) != without
    assert picture.lacking == ""
    drawn = [one for one in picture.findobj(Text) if "고양이" in one.get_text()]
    assert drawn
    assert all("Hangul Squares" in one.get_fontfamily() for one in drawn)


def test_usual_letters_ask_for_no_other_font(fonts, monkeypatch):
    monkeypatch.setattr(font_manager, "get_font", pytest.fail)
    assert fonts_for(frozenset("loss 0.5\n")) == ([], "")


@pytest.mark.parametrize("kind", PICTURES)
def test_what_is_no_letter_is_left_out_without_a_word(fonts, kind):
    picture = PICTURES[kind]("a\u200b\x07\u2066b")
    draws(picture)
    assert picture.lacking == ""


FORMULAS = [
    "${$",
    "$}{$",
    "cost $5 to $9",
    "a$b",
    r"$\frac$",
    "$",
    "$$",
    r"a\$b$",
    "$x^2$",
]


@pytest.mark.parametrize("words", FORMULAS)
@pytest.mark.parametrize("kind", PICTURES)
def test_dollars_are_text_and_no_formula(kind, words):
    picture = PICTURES[kind](words)
    draws(picture)
    assert words in str(picture)
    texts = [text for text in picture.findobj(figures.picture.Text) if "$" in str(text)]
    assert texts
    for text in texts:
        shown, formula = text._preprocess_math(text.get_text())
        assert words in shown and not formula


def test_a_formula_of_ones_own_stays_one():
    picture = Picture(figsize=(2, 1))
    text = picture.text(0, 0, "$x^2$")
    draws(picture)
    assert text.get_parse_math() and text.get_text() == "$x^2$"
