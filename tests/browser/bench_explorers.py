"""From a move of the hand to changed pixels: explore_layers beside interact and a mosaic.

Both are driven in the same JupyterLab and Chromium, in turns, and timed by the browser:
from the time stamp of the event to the end of the first frame that shows the new numbers.
Prints milliseconds; exits with 1 only if the explorer is less than 10 times faster.

    python tests/browser/bench_explorers.py
"""

import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # tests
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the course

from browser.lab import CELLS, Lab, Page, chromium, running, started

MOVES, PRESSES = 200, 20
MODEL = """
from ipywidgets import interact
from matplotlib.patches import Rectangle
from helpers.by_hand import explain
from helpers.datasets import cat_photograph
from helpers.extraction import layer_outputs
from helpers.figures import feature_map_grid
from helpers.networks import trained_cifar10_cnn

model = trained_cifar10_cnn()
image = cat_photograph() / 255
"""
EXPLORER = """
from helpers.explorers import explore_layers
explore_layers(model, image)
"""
INTERACT = """
def view(column):
    maps = layer_outputs(model, image[None], "conv2d_1")["conv2d_1"]
    picture = feature_map_grid(maps, title="conv2d_1")
    axes = picture.axes[0]
    first = axes.collections[0].get_paths()[0].get_extents()  # the first map
    size = first.width / 13
    corner = first.x0 + column * size, first.y0 + 6 * size
    axes.add_patch(Rectangle(corner, size, size, fill=False, edgecolor="red"))
    display(picture)
    display(explain(model, image[None], "conv2d_1", (0, 6, column, 0)))

interact(view, column=(0, 12));
"""
# The frame that shows what an event changed has ended when a task posted in it runs.
WATCH = """() => {
    window.afterFrame = () => new Promise((done) => requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => done(performance.now());
        channel.port2.postMessage(null);
    }));
    window.waited = [];
    window.empty = [];
    window.opened = null;
    const title = () => document.querySelector(".layers-arithmetic .layers-heading");
    document.addEventListener("pointermove", async (event) => {
        const inPicture = event.target.closest?.(".layers-pointed");
        const before = title()?.textContent;
        const end = await window.afterFrame();
        if (!inPicture) window.empty.push(end - event.timeStamp);
        else if (title().textContent !== before) window.waited.push(end - event.timeStamp);
    }, { capture: true });
    let pressed = null;
    document.addEventListener("keydown", (event) => {
        pressed = event.timeStamp;
    }, { capture: true });
    let last = null;
    new MutationObserver(async () => {
        if (!window.opened && title()?.textContent) {
            window.opened = "soon";
            window.opened = (await window.afterFrame()) - pressed;
        }
        const image = document.querySelector(".widget-output img");
        if (!image || image.src === last) return;
        last = image.src;
        const start = pressed;
        await image.decode();
        window.redrawn.push((await window.afterFrame()) - start);
    }).observe(document.body, {
        subtree: true, childList: true, characterData: true, attributes: true,
        attributeFilter: ["src"],
    });
    window.redrawn = [];
}"""

# A hand is not in step with the screen: the next move falls anywhere between two frames.
PAUSE = """(milliseconds) => window.afterFrame().then(
    () => new Promise((done) => setTimeout(done, milliseconds)))"""


def run_cell(page, number):
    """Run one cell with the keyboard and wait for it."""
    cell = page.locator(f"{CELLS}.jp-CodeCell").nth(number)
    cell.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    done = f"""() => /\\d/.test([...document.querySelectorAll(
        "{CELLS}.jp-CodeCell .jp-InputPrompt")][{number}].textContent)"""
    page.wait_for_function(done, timeout=60_000)


def time_explorer(page):
    page.locator(".layers-strip label").nth(3).click()
    heading = ".layers-explorer .layers-heading"
    page.wait_for_function(
        f"() => document.querySelector('{heading}').textContent.startsWith('conv2d_1 (')"
    )
    picture = page.locator(".layers-pointed")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    heading = page.locator(heading).first.bounding_box()
    for i in range(50):  # nothing changes here: what a frame takes by itself
        page.mouse.move(heading["x"] + 2 * i, heading["y"] + 5)
        page.evaluate(PAUSE, 7 * i % 17)
    page.evaluate("() => { window.waited = []; }")
    for i in range(MOVES + 20):  # the first ones compile the script
        row, column = divmod(5 * i, 13)
        x = box["x"] + (column + 0.5) * box["width"] / 13
        y = box["y"] + (row % 13 + 0.5) * box["height"] / 13
        page.mouse.move(x, y)
        page.evaluate(PAUSE, 7 * i % 17)
    waited = page.evaluate("() => window.waited")
    assert len(waited) >= MOVES, f"{len(waited)} of {MOVES} moves changed the numbers."
    return waited[-MOVES:], page.evaluate("() => window.empty")[-50:]


def time_interact(page):
    page.locator(".widget-slider .noUi-handle").scroll_into_view_if_needed()
    page.locator(".widget-slider .noUi-handle").focus()
    page.evaluate("() => { window.redrawn = []; }")
    for i in range(PRESSES):
        page.keyboard.press("ArrowRight" if i // 5 % 2 == 0 else "ArrowLeft")
        page.wait_for_function(f"() => window.redrawn.length > {i}", timeout=20_000)
    return page.evaluate("() => window.redrawn")


def percentile(numbers, share):
    return statistics.quantiles(numbers, n=100, method="inclusive")[share - 1]


def main():
    if not chromium():
        sys.exit("Chromium is missing: apt-get install chromium on Debian and Ubuntu.")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, started() as browser:
        with running(Lab(Path(folder))) as lab:
            page = Page(browser.new_page(), lab)
            page.size(1000, 1400)
            page.open_notebook(lab.notebook("bench.ipynb", MODEL, EXPLORER, INTERACT))
            page = page.page
            page.evaluate(WATCH)
            for number in range(3):
                run_cell(page, number)
            page.wait_for_function("() => window.opened > 0")
            opened = page.evaluate("() => window.opened")
            run_cell(page, 3)
            page.locator(".widget-slider").wait_for()
            page.wait_for_function("() => window.redrawn.length > 0")
            moves, empty = time_explorer(page)
            presses = time_interact(page)

    ratio = statistics.median(presses) / statistics.median(moves)
    print(f"explorer opened, model in memory   {opened:6.0f} ms  (aim 1000)")
    print(
        f"explore_layers, {len(moves)} pointer moves   {statistics.median(moves):6.1f} ms"
        f" median, {percentile(moves, 95):.1f} ms 95th percentile  (aims 16 and 33)"
    )
    print(
        f"a frame in which nothing changes   {statistics.median(empty):6.1f} ms median"
    )
    print(
        f"interact + mosaic, {len(presses)} key presses "
        f"{statistics.median(presses):6.1f} ms"
        f" median, {percentile(presses, 95):.1f} ms 95th percentile"
    )
    print(f"explore_layers is {ratio:.0f} times faster  (at least 10)")
    sys.exit(ratio < 10)


if __name__ == "__main__":
    main()
