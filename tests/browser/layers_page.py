"""What a learner does with an `explore_layers` on a page, and what has to be shown then."""

import re

import numpy as np
import pytest

from helpers.by_hand import explain
from helpers.datasets import CIFAR10_CLASSES
from helpers.engine.files import COURSE

# A learner's own model: every layer is of a kind or setting that the course's has not.
ODD = (COURSE / "tests" / "odd_layers.py").read_text(encoding="utf-8")
ODD += """
import numpy as np

def own_model():
    start, x = odd_layers()
    x = layers.UpSampling2D(2, name="enlarged")(x)
    x = layers.AveragePooling2D((2, 3), padding="same", name="averaged")(x)
    x = layers.Permute((2, 1, 3), name="turned")(x)
    x = layers.Dense(4, "elu", name="mixed")(x)
    x = layers.GlobalMaxPooling2D(name="everywhere")(x)
    x = layers.Dropout(0.5, name="dropped")(x)
    x = layers.Dense(5, "softmax", name="classes")(x)
    return keras.Model(start, x, name="own_model")

own_image = np.random.default_rng(0).random((17, 14, 3)).astype("float32")
"""
READ = """(widget) => {
    const text = (element) => element.innerText;
    const rows = (table) => [...table.querySelectorAll("tbody tr:not([hidden])")].map(
        (row) => [...row.children].filter((cell) => !cell.hidden).map(text));
    const title = widget.querySelector(".layers-arithmetic .layers-heading");
    const steps = widget.querySelector(".layers-steps");
    const [made, softmax] = widget.querySelectorAll(".layers-arithmetic .layers-scroll");
    const tables = made.querySelectorAll("table");
    const words = widget.querySelectorAll(".layers-panel > span:last-child");
    return {
        title: text(title),
        keras: Number(title.dataset.value),
        steps: rows(steps),
        total: Number(steps.dataset.value),
        tables: [...tables].map((table) => [text(table.caption), rows(table)]),
        powers: softmax.hidden ? null : rows(softmax),
        field: text(words[0]),
    };
}"""


class Hand:
    """What a learner does with the first explorer of a page.

    Arguments:
        page: a page with a notebook that was run.
        sources: cells of a notebook that is opened there and run before.
    """

    def __init__(self, page, *sources):
        if sources:
            page.open_notebook(page.lab.notebook("explorer.ipynb", *sources))
            page.run_all_and_wait()
        self.page, self.mouse = page, page.page.mouse
        self.keyboard = page.page.keyboard
        self.widget = page.widget_cell()
        self.picture = self.widget.locator(".layers-pointed")
        self.mosaic = self.widget.locator(".layers-mosaic")
        self.until("steps && steps.dataset.value")

    def until(self, condition):
        """Wait until a condition holds; in it `text` is what the explorer shows."""
        try:
            self.page.page.wait_for_function(
                f"""() => {{
                    const widget = document.querySelector(".layers-explorer");
                    const text = widget.innerText;
                    const steps = widget.querySelector(".layers-steps");
                    const heading = widget.querySelector(".layers-heading").textContent;
                    return {condition};
                }}""",
                timeout=15_000,
            )
        except Exception as error:
            raise AssertionError(
                f"{condition} never came: {self.widget.inner_text()}"
            ) from error

    def read(self):
        return self.widget.evaluate(READ)

    def choose(self, group, label):
        """Click one of the choices of a group."""
        group = self.widget.locator("fieldset", has=self.page.page.get_by_text(group))
        group.locator(
            "label", has_text=re.compile(f"^{re.escape(label)}")
        ).first.click()

    def layer(self, place, name):
        self.widget.locator(".layers-strip label").nth(place).click()
        self.until(f"heading.startsWith({name + ' ('!r})")

    def channel(self, channel, rows=1, columns=1):
        """Click a channel in the mosaic, or point at a unit."""
        single = rows * columns == 1
        rows, columns = (8, 8) if single else (rows, columns)
        gap = max(1, min(rows, columns) // 8)
        box = self.mosaic.locator("svg").get_attribute("viewBox")
        wide, tall = map(float, box.split()[2:])
        across = round((wide - gap) / (columns + gap))
        line, place = divmod(channel, across)
        x = gap + place * (columns + gap) + columns / 2
        y = gap + line * (rows + gap) + rows / 2
        self.mosaic.scroll_into_view_if_needed()
        size = self.mosaic.bounding_box()
        at = {"x": x * size["width"] / wide, "y": y * size["height"] / tall}
        self.mosaic.hover(position=at) if single else self.mosaic.click(position=at)
        shown = "unit" if single else "channel"
        self.until(f"steps.hidden || new RegExp('{shown} {channel}\\\\b').test(text)")

    def pixel(self, row, column, rows, columns):
        self.picture.scroll_into_view_if_needed()
        box = self.picture.bounding_box()
        self.mouse.move(
            box["x"] + (column + 0.5) * box["width"] / columns,
            box["y"] + (row + 0.5) * box["height"] / rows,
        )


def value(text):
    """The number in a text of the explorer."""
    return float(re.search(r"−?\d+\.\d+", text)[0].replace("−", "-"))


def same(shown, number):
    """Whether a number with three decimals is another one, rounded."""
    return abs(value(shown) - number) <= 0.00051 + 1e-4 * abs(number)


def check(shown, numbers, keras_value):
    """Compare all that is shown of one number with what `explain` and Keras say."""
    tolerance = 1e-4 * max(1, abs(keras_value))
    assert abs(shown["total"] - keras_value) <= tolerance
    assert abs(shown["keras"] - keras_value) <= 1e-6 * max(1, abs(keras_value))
    assert same(shown["title"].rpartition(":")[2], keras_value)
    steps = dict(shown["steps"])
    assert steps["Keras gives"].endswith("(equal)")
    assert same(steps["Keras gives"], keras_value)
    if numbers.products is not None:
        check_products(shown, numbers, steps)
    elif numbers.layer_class == "MaxPooling2D":
        _, rows = shown["tables"][0]
        cells = [cell for row in rows for cell in row[1:]]
        patch = numbers.patch.ravel()
        assert len(cells) == patch.size
        assert all(map(same, cells, patch))
        assert "★" in cells[int(patch.argmax())]
    else:
        assert numbers.layer_class == "Flatten"
        text, number = shown["steps"][0]
        row, column, channel = (int(numbers.columns[name][0]) for name in COORDINATES)
        assert text.endswith(f"row {row}, column {column}, channel {channel}")
        assert same(number, numbers.patch[0])
    rows, columns = numbers.receptive_field[:2]
    assert (
        shown["field"]
        == f"Receptive field: {part('row', rows)}, {part('column', columns)}."
    )


def check_softmax(shown, outputs):
    """Compare the table of powers with what Keras gives for all the units."""
    *units, last = shown["powers"]
    found = {name: (value(power), share) for name, _, power, share in units}
    assert set(found) == set(CIFAR10_CLASSES)
    for name, output in zip(CIFAR10_CLASSES, outputs):
        assert same(found[name][1], output)
    assert (
        last[0] == "sum"
        and abs(value(last[2]) - sum(x for x, _ in found.values())) < 0.006
    )


COORDINATES = "row", "column", "channel"


def part(name, ends):
    if ends.stop - ends.start == 1:
        return f"{name} {ends.start}"
    return f"{name}s {ends.start} to {ends.stop - 1}"


def check_products(shown, numbers, steps):
    products = numbers.products
    assert same(steps[f"sum of {products.size} products"], numbers.sum)
    assert same(steps["+ bias"], numbers.bias)
    if products.ndim == 1:  # a Dense layer
        _, rows = shown["tables"][0]
        order = np.argsort(-np.abs(products).round(6), kind="stable")
        for i, (number, *cells) in zip(order, rows):
            expected = (numbers.patch[i], numbers.kernel[i], products[i])
            shown_one = int(number)
            assert abs(abs(products[shown_one]) - abs(products[i])) < 1e-5
            expected = [
                one[shown_one] for one in (numbers.patch, numbers.kernel, products)
            ]
            assert all(map(same, cells, expected))
        return
    adds = np.abs(products.sum(axis=(0, 1)))
    for rank, (caption, rows) in enumerate(shown["tables"]):
        channel = int(re.search(r"channel (\d+): adds", caption)[1])
        assert same(caption.partition("adds")[2], products[..., channel].sum())
        assert adds[channel] >= np.sort(adds)[::-1][rank] - 1e-5
        grids = [one[..., channel] for one in (numbers.patch, numbers.kernel, products)]
        expected = np.concatenate(grids, axis=1)
        assert np.shape(rows) == expected.shape
        for cells, of_row in zip(rows, expected):
            assert all(map(same, cells, of_row))


def random_triples(outputs, count, seed):
    """Draw (place, name, channel, row, column), sorted so that few layers are chosen."""
    random = np.random.default_rng(seed)
    names = list(outputs)
    triples = []
    for _ in range(count):
        place = int(random.integers(len(names)))
        shape = outputs[names[place]].shape[1:]
        *where, channel = (int(random.integers(n)) for n in shape)
        triples.append((place + 1, names[place], channel, *(where or (0, 0))))
    return sorted(triples)


def visit(hand, outputs, triples):
    """Point at one place after the other of one picture's outputs.

    Yields:
        For each, when the explorer shows it: the layer's name, the index of the number,
        and the layer's output.
    """
    last = None
    for place, name, channel, row, column in triples:
        maps = outputs[name]
        rows, columns = maps.shape[:2] if maps.ndim == 3 else (1, 1)
        if place != last:
            hand.layer(place, name)
            last = place
        hand.channel(channel, rows, columns)
        where = (row, column, channel) if maps.ndim == 3 else (channel,)
        if maps.ndim == 3:
            hand.pixel(row, column, rows, columns)
            hand.until(
                f"text.includes('row {row}, column {column}, channel {channel}:')"
            )
        yield name, where, maps


SHOW_ODD = """
from helpers.explorers import explore_layers

explore_layers(own_model(), own_image)
"""


def check_python_explains(hand):
    """Ask, on a page with `ODD` and `SHOW_ODD`, for what only the kernel can answer."""
    names = {}
    exec(ODD, names)
    model, image = names["own_model"](), names["own_image"]
    place = [layer.name for layer in model.layers].index("normed")
    hand.layer(place, "normed")
    rows, columns, _ = model.get_layer("normed").output.shape[1:]
    hand.pixel(2, 3, rows, columns)
    hand.until("text.includes('Click the pixel')")
    hand.mouse.down()
    hand.mouse.up()
    hand.until("text.includes('sqrt(variance')")
    numbers = explain(model, image[np.newaxis], "normed", (0, 2, 3, 0))
    shown = hand.read()
    steps = [
        (text, same(x, number))
        for (text, x), (_, number) in zip(shown["steps"], numbers.steps)
    ]
    assert steps == [(text, True) for text, _ in numbers.steps]
    assert shown["total"] == pytest.approx(numbers.value, abs=1e-5)
