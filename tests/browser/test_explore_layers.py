"""`explore_layers` in a real JupyterLab: by mouse, by keyboard alone, on every screen."""

import json
import subprocess

import numpy as np
import pytest

from browser.layers_page import (
    ODD,
    SHOW_ODD,
    Hand,
    check,
    check_python_explains,
    check_softmax,
    random_triples,
    visit,
)
from helpers.by_hand import explain
from helpers.datasets import CIFAR10_CLASSES, cat_photograph, shapes
from helpers.engine import files
from helpers.explorers import explore_layers
from helpers.extraction import layer_outputs
from helpers.networks import cifar10_cnn, trained_cifar10_cnn

pytestmark = pytest.mark.browser

COURSE = """
import numpy as np
from helpers.datasets import CIFAR10_CLASSES, cat_photograph, shapes
from helpers.explorers import explore_layers
from helpers.networks import cifar10_cnn, trained_cifar10_cnn

images = np.stack([cat_photograph(), *shapes(3)[0]]) / 255
models = {"untrained": cifar10_cnn(), "trained": trained_cifar10_cnn()}
explore_layers(models, images, CIFAR10_CLASSES)
"""


@pytest.fixture(scope="module")
def course():
    """The models and images of the notebook, and what Keras makes of them."""
    images = np.stack([cat_photograph(), *shapes(3)[0]]) / 255
    models = [cifar10_cnn(), trained_cifar10_cnn()]
    return models, images, [layer_outputs(model, images) for model in models]


def test_the_numbers_by_mouse(page, course):
    models, images, outputs = course
    hand = Hand(page, COURSE)
    tried = 0
    for which, image, seed in [(0, 0, 1), (1, 0, 2), (1, 2, 3)]:
        hand.choose("model", ("untrained", "trained")[which])
        hand.choose("image", str(image))
        one = {name: maps[image] for name, maps in outputs[which].items()}
        triples = random_triples(outputs[which], 70, seed)
        for name, where, maps in visit(hand, one, triples):
            numbers = explain(models[which], images, name, (image, *where))
            shown = hand.read()
            check(shown, numbers, float(maps[where]))
            if name == "dense_1":
                check_softmax(shown, maps)
            tried += 1
    assert tried >= 200


def test_a_click_pins_and_escape_lets_go(page, course):
    hand = Hand(page, COURSE)
    title = hand.widget.locator(".layers-arithmetic .layers-heading")
    hand.pixel(3, 4, 30, 30)
    hand.mouse.down()
    hand.mouse.up()
    hand.pixel(20, 21, 30, 30)
    page.next_frame()
    assert "row 3, column 4," in title.inner_text()
    hand.keyboard.press("Escape")
    hand.pixel(20, 22, 30, 30)
    hand.until("text.includes('row 20, column 22,')")


def test_all_input_channels_unfold(page, course):
    models, images, _ = course
    hand = Hand(page, COURSE)
    hand.layer(5, "conv2d_2")
    hand.widget.get_by_role("button", name="show all of 64 input channels").click()
    hand.until("text.includes('show 3')")
    shown = hand.read()
    numbers = explain(models[0], images, "conv2d_2", (0, 2, 2, 0))
    assert len(shown["tables"]) == 64
    check(shown, numbers, numbers.value)


def test_dead_channels_are_named(page, course):
    _, _, outputs = course
    hand = Hand(page, COURSE)
    hand.choose("model", "trained")
    hand.layer(3, "conv2d_1")
    maps = outputs[1]["conv2d_1"]
    here = np.flatnonzero((maps[0] == 0).all(axis=(0, 1)))
    always = np.flatnonzero((maps == 0).all(axis=(0, 1, 2)))
    hand.until(
        f"text.includes('Silent: {len(here)} of 64 channels are zero for this image')"
    )
    hand.until(f"text.includes('Zero for all 4 images: {len(always)} ')")


def test_scale_and_legend(page, course):
    _, _, outputs = course
    hand = Hand(page, COURSE)
    maps = outputs[0]["conv2d"][0]
    lowest, highest = maps[:, :, 0].min(), maps[:, :, 0].max()
    hand.until(f"text.includes('{lowest:.3f} to {highest:.3f}')")
    hand.choose("scale of grey", "shared")
    hand.until(f"text.includes('Black is {maps.min():.3f}, white {maps.max():.3f}')")
    classes = outputs[0]["dense_1"][0]
    first = CIFAR10_CLASSES[classes.argmax()]
    hand.until(
        f"text.includes('Largest outputs of dense_1: {first} {classes.max():.3f}')"
    )


# --------------------------------------------------------------- by keyboard alone


def test_the_numbers_by_keyboard_alone(page, course):
    models, images, outputs = course
    hand = Hand(page, COURSE)
    press, type_in = hand.keyboard.press, hand.keyboard.type
    # How the keyboard gets into an output is JupyterLab's part; from here on, only keys.
    hand.widget.locator("input").first.focus()
    active = """() => {
        const e = document.activeElement;
        const label = e.getAttribute("aria-label") ?? e.closest("label")?.innerText ??
            e.innerText;
        const group = e.closest("fieldset")?.querySelector("legend").innerText;
        const seen = e.matches(":focus-visible") && e.closest(".layers-explorer");
        return seen ? (e.type === "radio" ? group : label.trim()) : "outside";
    }"""

    def go_to(name, key="Tab"):
        for _ in range(16):
            now = page.page.evaluate(active)
            if now.startswith(name):
                return
            assert now != "outside"
            press(key)
        raise AssertionError(f"{name} is not reached with {key}")

    def enter(number):
        press("Control+a")
        type_in(str(number))

    press("ArrowRight")  # the trained model
    which, images_row = 1, 0
    go_to("image")
    go_to("layers")
    press("ArrowLeft")  # the input; conv2d is chosen at the start
    for place, (name, y) in enumerate(outputs[which].items(), 1):
        go_to("layers", "Shift+Tab")
        press("ArrowRight")
        hand.until(f"heading.startsWith({name + ' ('!r})")
        random = np.random.default_rng(place)
        for _ in range(5):
            *where, channel = (int(random.integers(n)) for n in y.shape[1:])
            if where:
                row, column = where
                go_to("row", "Tab")
                enter(row)
                go_to("column")
                enter(column)
                go_to("channel", "Shift+Tab")
                enter(channel)
                hand.until(
                    f"text.includes('row {row}, column {column}, channel {channel}:')"
                )
            else:
                go_to("unit", "Tab")
                enter(channel)
                hand.until(f"/, unit {channel}\\b/.test(text)")
            numbers = explain(
                models[which], images, name, (images_row, *where, channel)
            )
            check(hand.read(), numbers, float(y[(images_row, *where, channel)]))
            if where:
                go_to("channel", "Shift+Tab")
            else:
                go_to("unit", "Shift+Tab")
    go_to("layers", "Shift+Tab")
    for _ in range(4):
        press("ArrowLeft")
    hand.until("heading.startsWith('max_pooling2d_1 (')")
    go_to("mosaic of channels")
    press("Home")
    press("ArrowRight")
    press("ArrowDown")
    hand.until("text.includes(', channel 17:')")  # 16 of them stand in a line
    go_to("Pixels of the channel")
    for key in ("Home", "ArrowDown", "ArrowRight", "ArrowRight"):
        press(key)
    hand.until("text.includes('row 4, column 2,')")
    press("Enter")
    hand.until("text.includes('pinned (Escape lets go)')")
    press("ArrowUp")
    hand.until("text.includes('row 3, column 2,')")
    press("Escape")
    hand.until("text.includes('pin this pixel')")


# -------------------------------------------------------------- on every screen


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [800, 390])
def test_it_fits_and_can_be_read(page, theme, width):
    page.theme(theme)
    page.size(width, 2600)
    hand = Hand(page, COURSE)
    names = ["images", *(layer.name for layer in cifar10_cnn().layers)]
    for place, name in enumerate(names):
        hand.layer(place, name)
        page.next_frame()
        assert page.sideways() <= 0, name
        page.screenshot(f"layers_{theme}_{width}_{place}_{name}")
        if name in ("images", "conv2d_1", "max_pooling2d", "flatten", "dense_1"):
            assert page.accessibility_faults() == []
    page.theme("light")


# --------------------------------------------------------- models of learners' own


def test_what_the_browser_does_not_know_python_explains(page):
    check_python_explains(Hand(page, ODD, SHOW_ODD))


def test_of_a_large_layer_the_chosen_channel_is_whole(page):
    code = """
import keras, numpy as np
from helpers.explorers import explore_layers
keras.utils.set_random_seed(0)
large = keras.Sequential([
    keras.Input((128, 128, 3), name="pixels"),
    keras.layers.Conv2D(64, 3, padding="same", activation="relu", name="wide"),
    keras.layers.Conv2D(2, 3, name="next"),
], name="large")
pixels = np.random.default_rng(0).random((128, 128, 3)).astype("float32")
"""
    names = {}
    exec(code, names)
    model, image = names["large"], names["pixels"][np.newaxis]
    hand = Hand(page, code, "explore_layers(large, pixels)")
    hand.until("text.includes('more than the 4 MB that are sent of a layer')")
    hand.until("text.includes('one in 2 rows and columns')")
    hand.channel(5, 64, 64)
    hand.pixel(77, 31, 128, 128)
    hand.until("text.includes('row 77, column 31, channel 5:')")
    expected = layer_outputs(model, image)["wide"][0, 77, 31, 5]
    check(hand.read(), explain(model, image, "wide", (0, 77, 31, 5)), float(expected))
    hand.layer(2, "next")
    hand.pixel(3, 3, 126, 126)
    hand.mouse.down()
    hand.mouse.up()
    hand.until("text.includes('sum of 576 products')")


def test_after_more_training_it_says_so(page):
    train = "models['untrained'].layers[0].bias.assign(np.ones(32))"
    hand = Hand(page, COURSE, train)
    hand.layer(5, "conv2d_2")  # it came with the widget, so it is as it was
    assert page.page.locator(".layers-problem").is_hidden()
    hand.choose("image", "3")
    hand.until("text.includes('weights of untrained have changed')")


COMPUTE = """
import { readFileSync, writeFileSync } from "node:fs";
const [joined, given, result] = process.argv.slice(2);
const { explorer } = await import(joined);
const js = await explorer("layers");
const { layers, values, weights } = JSON.parse(readFileSync(given, "utf8"));
const computed = layers.map((layer, place) => {
    if (!("source" in layer)) return null;
    const source = values[layer.source];
    const numbers = [];
    for (let row = 0; row < layer.rows; row += 1) {
        for (let column = 0; column < layer.columns; column += 1) {
            for (let channel = 0; channel < layer.channels; channel += 1) {
                const at = [row, column, channel];
                if (layer.how === "sum") {
                    const [kernel, bias] = weights[place];
                    const known = { kernel, bias, filters: layer.channels };
                    numbers.push(js.weightedSum(layer, source, known, ...at).value);
                } else if (layer.how === "copy") {
                    const from = js.origin(layer, source, weights[place][0], ...at);
                    const { row: y, column: x, channel: k } = from ?? {};
                    numbers.push(from ? js.valueAt(source, y, x, k) : 0);
                } else {
                    numbers.push(js.pooled(layer, source, ...at).value);
                }
            }
        }
    }
    return numbers;
});
writeFileSync(result, JSON.stringify(computed));
"""


def test_every_number_that_the_browser_computes_is_keras_own(tmp_path):
    names = {}
    exec(ODD, names)
    image = names["own_image"]
    explorer = explore_layers(names["own_model"](), image)
    layers = explorer.about["models"][0]["layers"]
    answer, arrays = explorer.answer({"what": "all layers", "model": 0, "image": 0})
    values = {}
    for place, array in zip(answer["sent"], arrays):
        rows, columns, channels = array.shape
        values[place] = {
            "rows": rows,
            "columns": columns,
            "channels": channels,
            "data": np.asarray(array, "float64").ravel().tolist(),
        }
    weights = {}
    for place, layer in enumerate(layers):
        if layer["how"] in ("sum", "copy"):
            question = {"what": "weights", "model": 0, "layer": place}
            _, arrays = explorer.answer(question)
            weights[place] = [np.asarray(a, "float32").ravel().tolist() for a in arrays]
    given, script, result = (tmp_path / name for name in ("given", "a.mjs", "result"))
    given.write_text(
        json.dumps({"layers": layers, "values": values, "weights": weights})
    )
    script.write_text(COMPUTE)
    joined = (files.COURSE / "tests" / "browser" / "joined.mjs").as_uri()
    subprocess.run(["node", script, joined, given, result], check=True)
    outputs = layer_outputs(explorer.models[0], image[np.newaxis])
    computed = dict(
        zip([layer["name"] for layer in layers], json.loads(result.read_text()))
    )
    compared = [name for name, numbers in computed.items() if numbers is not None]
    assert set(computed) - set(compared) == {"pixels", "normed", "joined"}
    for name in compared:
        assert np.abs(computed[name] - outputs[name].ravel()).max() < 1e-5, name
