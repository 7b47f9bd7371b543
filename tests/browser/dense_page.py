"""What a learner does with an `explore_dense` on a page, and what has to be shown then."""

import re
import zlib

import numpy as np

from helpers.extraction import layer_outputs

COURSE = """
import numpy as np
from helpers.networks import dense_network

model = dense_network()
rows = np.eye(3)
"""
SHOW = """
from helpers.explorers import explore_dense

explore_dense(model, rows)
"""


def namespace(source):
    """Run the same source here, for the same models."""
    names = {}
    exec(source, names)
    return names


def numbers(text):
    """All numbers in a text, those with decimals."""
    return [float(x) for x in re.findall(r"-?\d+\.\d+", text.replace("−", "-"))]


def keras_outputs(model, row):
    """The outputs of every layer for one row, the row itself first."""
    x = np.asarray([row], "float32")
    return [x[0], *(y[0] for y in layer_outputs(model, x).values())]


def near(found, expected, scale):
    """Whether numbers shown with 8 decimals are Keras's float32 ones."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * scale + 1e-8)


class Explorer:
    """One `explore_dense` on a page."""

    def __init__(self, page, widget):
        self.page, self.widget = page, widget
        self.menu = widget.get_by_label("Row", exact=True)
        self.sentence = widget.locator(".layers-sentence")
        self.nodes = widget.locator(".layers-node")

    def field(self, i):
        return self.widget.get_by_label(f"input {i}, as a number")

    def slider(self, i):
        return self.widget.get_by_label(f"input {i}", exact=True)

    def decimals(self, count):
        self.widget.get_by_label("Decimals", exact=True).select_option(str(count))

    def type(self, row):
        """Put numbers into all fields at once, as `fill` does with one."""
        self.widget.evaluate(
            """(widget, row) => row.forEach((x, i) => {
                const field = widget.querySelectorAll("[type=number]")[i];
                field.value = x;
                field.dispatchEvent(new Event("input", { bubbles: true }));
            })""",
            [float(x) for x in row],
        )
        self.page.next_frame()

    def values(self):
        """The numbers of all units, as one array."""
        texts = self.nodes.locator("b").all_inner_texts()
        return np.array([numbers(text)[0] for text in texts])

    def node(self, name, unit):
        start = f"{name} unit {unit}:" if name != "inputs" else f"input {unit}:"
        return self.widget.locator(f'.layers-node[aria-label^="{start}"]')

    def table(self, number=0):
        """The rows of the table of products (0) or of shares (1): lists of texts."""
        table = self.widget.locator("table").nth(number)
        return table.evaluate(
            """(table) => [...table.querySelectorAll("tbody tr, tfoot tr")]
            .filter((row) => !row.hidden)
            .map((row) => [...row.cells].map((c) => c.textContent).filter(Boolean))"""
        )


def open_explorers(page, lab, source, show, count=1):
    name = f"explorer_{zlib.crc32(source.encode())}.ipynb"  # one kernel for each source
    page.open_notebook(lab.notebook(name, source, show))
    page.run_all_and_wait()
    return [Explorer(page, page.widget_cell(i)) for i in range(count)]


def check_arithmetic(explorer, model, layer, unit, row):
    """Compare the table of one unit with NumPy's and Keras's numbers."""
    outputs = keras_outputs(model, row)
    x, y = outputs[layer].astype("float64"), outputs[layer + 1]
    kernel, bias = (np.asarray(w, "float64") for w in model.layers[layer].get_weights())
    products = x * kernel[:, unit]
    sums = x @ kernel + bias
    scale = max(np.abs(x).max() * np.abs(kernel).max(), np.abs(sums).max(), 1)
    lines = explorer.table()
    shown = np.array([numbers(" ".join(line)) for line in lines[: len(x)]])
    near(shown, np.stack([x, kernel[:, unit], products], axis=1), scale)
    below = {line[0]: numbers(line[-1])[0] for line in lines[len(x) :]}
    near(below.pop(f"sum of {len(x)} products"), products.sum(), scale)
    near(below.pop("+ bias"), bias[unit], scale)
    near(below.pop("sum with bias"), sums[unit], scale)
    near(list(below.values())[-1], y[unit], np.abs(y).max())
    return lines, sums
