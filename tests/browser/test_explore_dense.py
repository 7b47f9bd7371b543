"""`explore_dense` in JupyterLab: its numbers are Keras's, by mouse and by keyboard."""

import re

import numpy as np
import pytest

from browser.dense_page import (
    COURSE,
    SHOW,
    check_arithmetic,
    keras_outputs,
    namespace,
    near,
    numbers,
    open_explorers,
)
from helpers.explorers.dense import ACTIVATIONS

pytestmark = pytest.mark.browser

ALL_ACTIVATIONS = f"""
import keras
import numpy as np

keras.utils.set_random_seed(3)
models = [
    keras.Sequential([
        keras.Input((3,)),
        keras.layers.Dense(4, "tanh", bias_initializer="uniform"),
        keras.layers.Dense(3, name, bias_initializer="uniform"),
    ])
    for name in {ACTIVATIONS}
]
rows = np.random.default_rng(0).normal(size=(2, 3))
"""
LARGE = """
import keras
import numpy as np

keras.utils.set_random_seed(5)
model = keras.Sequential([
    keras.Input((60,)),
    keras.layers.Dense(50, name="wide"),
    keras.layers.LeakyReLU(name="leaky"),
    keras.layers.Dropout(0.5, name="drop"),
    keras.layers.Dense(40, "softmax", name="last"),
], name="large")
rows = np.random.default_rng(0).random((120, 60))
"""
NAMED = """
import keras
import numpy as np

keras.utils.set_random_seed(7)
rows = np.random.default_rng(0).normal([40, 200, 4000], [5, 15, 800], (150, 3)).round(1)
standardize = keras.layers.Normalization(name="standardize")
standardize.adapt(rows)
model = keras.Sequential([
    keras.Input((3,)),
    standardize,
    keras.layers.Dense(4, "relu", name="hidden"),
    keras.layers.Dense(2, "softmax", name="species"),
], name="named")
columns = ["bill_length_mm", "flipper_length_mm", "body_mass_g"]
classes = ["Adelie", "Chinstrap"]
"""
SHOW_NAMED = """
from helpers.explorers import explore_dense

explore_dense(model, rows, columns, classes)
"""
SHOW_EACH = """
from helpers.explorers import explore_dense

for model in models:
    display(explore_dense(model, rows))
"""


def apart(explorer):
    """Of two units each lies below the other or beside it, never on it."""
    boxes = [node.bounding_box() for node in explorer.nodes.all()]
    for i, first in enumerate(boxes):
        for second in boxes[i + 1 :]:
            below = second["y"] >= first["y"] + first["height"]
            beside = second["x"] >= first["x"] + first["width"]
            assert below or beside


@pytest.fixture
def course(page, lab):
    (explorer,) = open_explorers(page, lab, COURSE, SHOW)
    return explorer


def test_numbers_are_keras_for_200_random_inputs(course):
    model = namespace(COURSE)["model"]
    random = np.random.default_rng(1)
    course.decimals(8)
    places = {
        (layer, unit): course.node(name, unit).bounding_box()
        for layer, (name, units) in enumerate([("hidden", 4), ("output", 2)])
        for unit in range(units)
    }
    for row in random.uniform(-3, 3, (200, 3)).round(4):
        course.type(row)
        outputs = keras_outputs(model, row)
        near(course.values(), np.concatenate(outputs), np.abs(row).max())
        layer = random.integers(2)
        unit = random.integers([4, 2][layer])
        place = places[layer, unit]
        course.page.page.mouse.move(place["x"] + 9, place["y"] + 9)
        course.page.next_frame()
        check_arithmetic(course, model, layer, unit, row)


def test_every_activation_is_keras(page, lab):
    models = namespace(ALL_ACTIVATIONS)["models"]
    explorers = open_explorers(page, lab, ALL_ACTIVATIONS, SHOW_EACH, len(models))
    random = np.random.default_rng(2)
    for model, explorer in zip(models, explorers):
        explorer.decimals(8)
        for row in random.uniform(-2, 2, (10, 3)).round(4):
            explorer.type(row)
            outputs = keras_outputs(model, row)
            scale = max(np.abs(y).max() for y in outputs)
            near(explorer.values(), np.concatenate(outputs), scale)
        explorer.node(model.layers[1].name, 2).click()
        page.next_frame()
        check_arithmetic(explorer, model, 1, 2, row)


def test_relus_cut_and_softmaxs_denominator_are_shown(course):
    course.node("hidden", 0).hover()
    course.page.next_frame()
    assert course.sentence.inner_text() == (
        "unit 0: 1 × −0.385 + 0 × −0.154 + 0 × 0.364 = −0.385, + bias 0.000 = −0.385; "
        "relu: −0.385 is cut to 0."
    )
    assert course.table()[-1] == ["relu: −0.385 is cut to 0", "0.000"]
    assert course.node("hidden", 0).inner_text().split() == [
        "0:",
        "0.000",
        "sum",
        "−0.385",
    ]
    course.node("output", 0).hover()
    course.page.next_frame()
    assert course.table()[-3:] == [
        ["power: e^−0.091", "0.913"],
        ["sum of the powers of all 2 units", "2.006"],
        ["softmax: 0.913 / 2.006", "0.455"],
    ]
    assert course.table(1) == [
        ["→ 0", "−0.091", "0.913", "0.455"],
        ["1", "0.089", "1.093", "0.545"],
        ["sum", "2.006", "1.000"],
    ]


def test_menu_reset_and_sliders_by_mouse(course):
    model = namespace(COURSE)["model"]
    course.menu.select_option("2")
    course.page.next_frame()
    third = np.round(np.concatenate(keras_outputs(model, [0, 0, 1])), 3)
    np.testing.assert_allclose(course.values(), third, atol=6e-4)
    box = course.slider(1).bounding_box()
    course.page.page.mouse.move(
        box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    )
    course.page.page.mouse.down()
    course.page.page.mouse.move(box["x"] + box["width"], box["y"] + box["height"] / 2)
    course.page.page.mouse.up()
    course.page.next_frame()
    assert course.field(1).input_value() == "2"
    moved = np.concatenate(keras_outputs(model, [0, 2, 1]))
    np.testing.assert_allclose(course.values(), moved, atol=6e-4)
    course.widget.get_by_role("button", name="Reset to row 2").click()
    course.page.next_frame()
    np.testing.assert_allclose(course.values(), third, atol=6e-4)


def test_a_click_keeps_a_unit_and_pointing_elsewhere_does_not(course):
    course.node("output", 1).click()
    course.node("hidden", 3).hover()
    course.page.next_frame()
    assert course.sentence.inner_text().startswith("unit 3: 1 × 0.113")
    course.menu.hover()
    course.page.next_frame()
    assert course.sentence.inner_text().endswith("= 0.545.")
    assert course.node("output", 1).get_attribute("aria-pressed") == "true"


def test_what_is_no_number_is_marked_and_taken_back(course):
    field, before = course.field(0), course.values()
    field.fill("")
    course.page.next_frame()
    assert field.get_attribute("aria-invalid") == "true"
    assert np.array_equal(course.values(), before)
    course.menu.focus()
    assert field.input_value() == "1"
    assert field.get_attribute("aria-invalid") is None


def test_a_session_by_keyboard_alone_reaches_every_number(course):
    page = course.page.page
    model = namespace(COURSE)["model"]
    cells = page.locator(".jp-Cell").count()

    def press(*keys):
        for key in keys:
            page.keyboard.press(key)
        course.page.next_frame()

    def focused():
        return page.evaluate(
            "document.activeElement.getAttribute('aria-label') ?? "
            "document.activeElement.textContent"
        )

    # from the notebook's command mode into the explorer
    page.locator(".jp-Notebook .jp-Cell").first.locator(".jp-InputPrompt").click()
    inside = "document.activeElement.closest('.layers-explorer') !== null"
    for _ in range(60):
        if page.evaluate(inside):
            break
        press("Tab")
    assert focused().startswith("Row")
    press("ArrowDown")
    press("Tab", "Enter", "Tab")  # reset does nothing yet
    assert focused().startswith("Decimals")
    press("ArrowDown", "ArrowDown", "Tab")
    assert focused() == "input 0"
    press("ArrowRight", "ArrowRight", "Tab")
    assert course.field(0).input_value() == "0.1"
    assert focused() == "input 0, as a number"
    page.keyboard.press("Control+a")
    page.keyboard.type("-1.5")
    press("Tab", "Tab", "Tab", "Tab", "Tab")
    row = [-1.5, 1, 0]
    near(course.values(), np.concatenate(keras_outputs(model, row)), 2)

    assert focused().startswith("hidden unit 0")
    seen = {}

    def read():
        label = focused().partition(":")[0]
        seen[label] = course.sentence.inner_text()
        return label

    press("ArrowLeft", "Home")
    for side, count in ((None, 3), ("ArrowRight", 4), ("ArrowRight", 2)):
        press(*[side] if side else [], "Home")
        for unit in range(count):
            label = read()
            assert label.endswith(f" {unit}")
            if not label.startswith("input"):
                layer = ["hidden", "output"].index(label.split()[0])
                check_arithmetic(course, model, layer, unit, row)
            press("ArrowDown")
    assert len(seen) == 9 and len(set(seen.values())) == 9

    press("d", "d", "x", "ArrowDown", "ArrowUp")  # JupyterLab's keys for cells
    assert page.locator(".jp-Cell").count() == cells
    press("Tab")
    assert focused() == "Tables"


def test_screen_readers_hear_the_arithmetic(course):
    live = course.widget.locator("[aria-live]")
    course.node("hidden", 1).focus()
    course.page.page.wait_for_function(
        "(e) => e.textContent.startsWith('hidden unit 1: 1 × −0.543')",
        arg=live.element_handle(),
    )


def test_of_a_large_network_every_unit_is_reached(page, lab):
    (explorer,) = open_explorers(page, lab, LARGE, SHOW)
    names = namespace(LARGE)
    outputs = keras_outputs(names["model"], names["rows"][0])
    said = explorer.widget.inner_text()
    assert "Of inputs (60), wide (50), leaky (50), last (40) the 16 largest" in said
    assert "The menu offers the first 100 of 120 rows." in said
    assert "drop acts in training only" in said
    assert explorer.nodes.count() == 4 * 16
    explorer.decimals(8)
    undrawn = {"wide": (1, 1), "leaky": (2, 2), "last": (3, 4)}
    for place, (name, (number, layer)) in enumerate(undrawn.items()):
        smallest = int(np.argmin(np.abs(outputs[layer])))
        assert explorer.node(name, smallest).count() == 0
        explorer.widget.get_by_label("Layer", exact=True).select_option(str(place + 1))
        explorer.widget.get_by_label("Unit", exact=True).fill(str(smallest))
        page.next_frame()
        assert explorer.node(name, smallest).count() == 1
        value = numbers(explorer.table()[-1][-1])
        near(value, outputs[layer][smallest], 1)
        assert number == place + 1
    # the last one was softmax of 40 units from 50 inputs: 12 rows and the rest
    for table, rest in (0, "the 38 smaller products"), (1, "the 28 others"):
        lines = explorer.table(table)
        assert lines[12][0] == rest
    shares = [numbers(line[-1])[0] for line in explorer.table(1)]
    assert sum(shares[:-1]) == pytest.approx(shares[-1], abs=1e-6)
    explorer.widget.get_by_role("button", name="Show all").click()
    page.next_frame()
    assert explorer.table()[50][0] == "sum of 50 products"
    shares = [numbers(line[-1])[0] for line in explorer.table(1)]
    near(shares[:40], outputs[4], 1)


def test_columns_and_classes_have_their_names(page, lab):
    (explorer,) = open_explorers(page, lab, NAMED, SHOW_NAMED)
    names = namespace(NAMED)
    model, rows, columns = names["model"], names["rows"], names["columns"]
    for i, column in enumerate(columns):
        slider = explorer.widget.get_by_label(column, exact=True)
        low, high = (float(slider.get_attribute(end)) for end in ("min", "max"))
        step = float(slider.get_attribute("step"))
        assert rows[:, i].min() - step < low <= rows[:, i].min() + 1e-3
        assert rows[:, i].max() - 1e-3 <= high < rows[:, i].max() + step
        assert explorer.widget.get_by_label(f"{column}, as a number").is_visible()
    explorer.decimals(8)
    explorer.type(rows[120])  # a row that the menu does not offer
    outputs = keras_outputs(model, rows[120])
    near(explorer.values(), np.concatenate(outputs), 4000)

    def look(label):
        explorer.widget.locator(f'.layers-node[aria-label^="{label}: "]').click()
        page.next_frame()
        return explorer.sentence.inner_text(), explorer.table()

    said, _ = look("body_mass_g")
    assert said.startswith("body_mass_g: ") and said.endswith("is given, not computed.")
    said, lines = look("standardize body_mass_g")
    assert said.startswith("body_mass_g: (")
    assert lines[0][0] == "body_mass_g, as given"
    near(numbers(lines[-1][-1]), outputs[1][2:3], 1)
    said, lines = look("hidden unit 0")
    assert said.startswith("unit 0: ")
    assert [line[0] for line in lines[:3]] == columns
    said, lines = look("species Chinstrap")
    assert said.startswith("Chinstrap: ")
    assert [line[0] for line in explorer.table(1)[:2]] == ["Adelie", "→ Chinstrap"]
    near(numbers(lines[-1][-1]), outputs[3][1:], 1)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [800, 390])
def test_names_fit(page, lab, theme, width):
    page.theme(theme)
    page.size(width, 1400)
    (explorer,) = open_explorers(page, lab, NAMED, SHOW_NAMED)
    for decimals in 3, 8:
        explorer.decimals(decimals)
        page.next_frame()
        assert page.accessibility_faults() == []
        assert page.sideways() <= 0
        apart(explorer)
        page.screenshot(f"explore_dense_names_{decimals}_{theme}_{width}")
    legends = explorer.widget.locator(".layers-slider span").all()
    assert [one.inner_text() for one in legends] == namespace(NAMED)["columns"]
    assert all(one.bounding_box()["height"] < 30 for one in legends)  # in one line


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [800, 390])
def test_looks(page, lab, theme, width):
    """No fault that axe-core calls serious, nothing wider than its place, own colours."""
    page.theme(theme)
    page.size(width, 1400)
    (explorer,) = open_explorers(page, lab, COURSE, SHOW)
    states = {"hidden": ("hidden", 0), "softmax": ("output", 1), "input": ("inputs", 0)}
    for state, place in states.items():
        explorer.node(*place).focus()
        page.next_frame()
        assert page.accessibility_faults() == []
        assert page.sideways() <= 0
        page.screenshot(f"explore_dense_{state}_{theme}_{width}")
    explorer.decimals(8)
    page.next_frame()
    assert page.sideways() <= 0
    apart(explorer)
    page.screenshot(f"explore_dense_decimals_{theme}_{width}")
    paper = explorer.widget.evaluate("(e) => getComputedStyle(e).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", paper)[:3])) / 3
    assert (brightness > 128) == (theme == "light")
    sizes = explorer.widget.evaluate(
        "(e) => [...e.querySelectorAll('*')].map("
        "(one) => parseFloat(getComputedStyle(one).fontSize))"
    )
    assert min(sizes) >= 12


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_large_network_fits_a_phone(page, lab, theme):
    page.theme(theme)
    page.size(390, 2400)
    open_explorers(page, lab, LARGE, SHOW)
    assert page.sideways() <= 0
    assert page.accessibility_faults() == []
    page.screenshot(f"explore_dense_large_{theme}_390")
