"""A JupyterLab on a copy of the course, and pages of Chromium that note every fault."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest

from helpers.engine.files import COURSE

HOST = "127.0.0.1"
CHROMIUMS = "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"
AXE = COURSE / "node_modules" / "axe-core" / "axe.min.js"
NOTEBOOK = ".jp-NotebookPanel:not(.lm-mod-hidden)"
CELLS = f"{NOTEBOOK} .jp-Notebook .jp-Cell"
# JupyterLab shows errors as it shows what is written to stderr; lessons do neither.
ERRORS = f'{NOTEBOOK} [data-mime-type="application/vnd.jupyter.stderr"]'
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    # Every cell stays in the page, also where it is scrolled out of sight.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}
# "Idle" stands in the status bar also while there is no kernel.
KERNEL_IS_IDLE = """() => [...document.querySelectorAll(".jp-StatusBar-TextItem")].some(
    (item) => /^(?!No Kernel).*\\| Idle$/.test(item.textContent))"""
# The copies of the notebooks hold no numbers of an earlier run, so each number is new.
ALL_WERE_RUN = f"""() => {{
    const cells = [...document.querySelectorAll("{CELLS}.jp-CodeCell")];
    const prompts = cells.map((c) => c.querySelector(".jp-InputPrompt").textContent);
    const failed = document.querySelector('{ERRORS}');
    return cells.length > 0 && (failed || prompts.every((p) => /\\d/.test(p)));
}}"""
WIDGETS_ARE_SHOWN = f"""() => ![...document.querySelectorAll("{NOTEBOOK} .jp-OutputArea")]
    .some((area) => area.textContent.includes("Loading widget"))"""


def missing(what):
    """Fail in continuous integration, elsewhere skip, with a sentence on what to do."""
    if os.environ.get("CI"):
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


def chromium():
    """Return the path of a Chromium, or None."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, CHROMIUMS)), None)


@contextmanager
def started():
    """A Chromium of Playwright's that asks nothing of the network by itself."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright is missing: pip install playwright")
    if not chromium():
        missing(
            "Chromium is missing: apt-get install chromium on Debian and Ubuntu, or name "
            "a Chromium or Chrome in the variable CHROMIUM"
        )
    options = ["--disable-background-networking", "--disable-component-update"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--no-sandbox")  # as root, as in containers, there is none
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=[*options, "--disable-gpu"]
        )
        yield browser
        browser.close()


@contextmanager
def running(lab):
    """Wait until a server answers, and stop it at the end."""
    try:
        lab.wait()
        yield lab
    finally:
        lab.stop()


@contextmanager
def faultless(kind, browser, lab):
    """Open a page of a kind on a server; at the end it may have noted no fault."""
    context = browser.new_context(viewport={"width": 1000, "height": 900})
    page = kind(context.new_page(), lab)
    yield page
    faults = page.faults
    context.close()
    assert faults == []


class Lab:
    """A JupyterLab with settings, kernels and files of its own.

    Attributes:
        folder: where the copy of the course is.
        address: where the browser finds it.
    """

    def __init__(self, folder):
        self.folder = folder / "course"
        for name in ("helpers", "data", "notebooks"):
            ignore = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
            shutil.copytree(COURSE / name, self.folder / name, ignore=ignore)
        for path in (self.folder / "notebooks").glob("*.ipynb"):
            write(path, nbformat.read(path, as_version=4))
        config = folder / "config"
        overrides = config / "labconfig" / "default_setting_overrides.json"
        overrides.parent.mkdir(parents=True)
        overrides.write_text(json.dumps(SETTINGS))
        environment = dict(
            os.environ,
            JUPYTER_CONFIG_DIR=str(config),
            JUPYTER_DATA_DIR=str(folder / "data"),
            JUPYTER_RUNTIME_DIR=str(folder / "runtime"),
            JUPYTERLAB_SETTINGS_DIR=str(folder / "settings"),
            JUPYTERLAB_WORKSPACES_DIR=str(folder / "workspaces"),
            IPYTHONDIR=str(folder / "ipython"),
            PATH=os.pathsep.join(
                [str(Path(sys.executable).parent), os.environ["PATH"]]
            ),
        )
        with socket.socket() as free:
            free.bind((HOST, 0))
            self.address = f"http://{HOST}:{free.getsockname()[1]}"
        self.log = folder / "log"
        with self.log.open("w") as log:
            self.server = subprocess.Popen(
                [
                    *(sys.executable, "-m", "jupyter", "lab", "--no-browser"),
                    *("--allow-root", f"--ip={HOST}"),
                    f"--port={self.address.rpartition(':')[2]}",
                    "--ServerApp.port_retries=0",
                    f"--ServerApp.root_dir={self.folder}",
                    "--IdentityProvider.token=",
                    "--ServerApp.disable_check_xsrf=True",
                    "--LabApp.extension_manager=readonly",
                ],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait(self, seconds=60):
        """Return as soon as the server answers."""
        last = time.monotonic() + seconds
        while True:
            assert self.server.poll() is None, self.log.read_text()
            try:
                return self.ask("api/status")
            except OSError:
                assert time.monotonic() < last, self.log.read_text()
                time.sleep(0.1)

    def ask(self, path, content=None, method="GET"):
        """Send a request to the server and return what it answers."""
        data = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(f"{self.address}/{path}", data, method=method)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    def stop_kernels(self, but):
        """Stop all kernels but the one of this notebook."""
        for session in json.loads(self.ask("api/sessions")):
            if session["path"] != but:
                self.ask(f"api/sessions/{session['id']}", method="DELETE")

    def stop(self):
        self.server.terminate()
        try:
            self.server.wait(15)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()

    def notebook(self, name, *sources):
        """Write a notebook of code cells beside the lessons, the setup cell first."""
        lesson = sorted((self.folder / "notebooks").glob("[0-9][0-9]_*.ipynb"))[0]
        setup = nbformat.read(lesson, as_version=4).cells[1].source
        cells = [nbformat.v4.new_code_cell(source) for source in (setup, *sources)]
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
        }
        write(self.folder / "notebooks" / name, notebook)
        return name


def write(path, notebook):
    """Write a notebook without outputs and numbers of runs, and with nothing folded.

    A folded cell shows no number, so nobody could see that it was run.
    """
    for cell in notebook.cells:
        cell.metadata.pop("jupyter", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, path)


class Page:
    """A Playwright page, as attribute ``page``, with the lab's notebooks in it.

    Attributes:
        faults: errors of the console and of scripts, and requests to other hosts.
    """

    def __init__(self, page, lab):
        self.page, self.lab, self.faults = page, lab, []
        page.on("console", self.note_console)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("request", self.note_request)

    def note_console(self, message):
        if message.type == "error":
            self.faults.append(f"console: {message.text} {message.location}")

    def note_request(self, request):
        address = urllib.parse.urlsplit(request.url)
        if address.scheme not in ("data", "blob") and address.hostname != HOST:
            self.faults.append(f"request to another host: {request.url}")

    def theme(self, name):
        """Set JupyterLab's theme, ``"light"`` or ``"dark"``, for pages opened from now."""
        theme = f"JupyterLab {name.capitalize()}"
        self.lab.ask(
            "lab/api/settings/@jupyterlab/apputils-extension:themes",
            {"raw": json.dumps({"theme": theme})},
            "PUT",
        )

    def size(self, width, height=900):
        """Make the page as wide as a screen of so many pixels."""
        self.page.set_viewport_size({"width": width, "height": height})

    def open_notebook(self, name):
        """Open a notebook of the folder ``notebooks``, alone on the page, and wait.

        A kernel that it has from before goes on, with all that was imported.
        """
        self.lab.stop_kernels(but=f"notebooks/{name}")
        self.page.goto(f"{self.lab.address}/doc/tree/notebooks/{name}?reset")
        self.page.wait_for_selector(CELLS, timeout=60_000)
        self.page.wait_for_function(KERNEL_IS_IDLE, timeout=60_000)

    def run_all_and_wait(self, seconds=180):
        """Run all cells and wait until each has its number, or one has failed."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click()
        self.page.wait_for_function(ALL_WERE_RUN, timeout=seconds * 1000)
        assert self.errors() == []
        self.page.wait_for_function(WIDGETS_ARE_SHOWN, timeout=30_000)

    def errors(self):
        """Return the texts of error outputs and of widgets that cannot be shown."""
        found = self.page.locator(ERRORS).all_inner_texts()
        outputs = self.page.locator(
            f"{NOTEBOOK} .jp-OutputArea-output"
        ).all_inner_texts()
        broken = "Error displaying widget", "model not found", "Error creating widget"
        return found + [text for text in outputs if any(b in text for b in broken)]

    def next_frame(self):
        """Wait until what was changed has been drawn."""
        twice = "requestAnimationFrame(() => requestAnimationFrame(done))"
        self.page.evaluate(f"() => new Promise((done) => {twice})")

    def accessibility_faults(self, selector=".layers-explorer"):
        """Return what axe-core finds serious or critical in a part of the page."""
        if not AXE.exists():
            missing("axe-core is missing: npm install --no-package-lock")
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate(f"axe.run({selector!r})")["violations"]
        return [
            (one["id"], one["help"], [node["html"] for node in one["nodes"]])
            for one in found
            if one["impact"] in ("serious", "critical")
        ]

    def sideways(self):
        """Return by how many pixels the explorers are wider than there is room for."""
        return self.page.evaluate(
            """() => Math.max(...[...document.querySelectorAll(".layers-explorer")].map(
            (e) => Math.max(e.scrollWidth - e.clientWidth,
              e.getBoundingClientRect().right - innerWidth)))"""
        )

    def screenshot(self, name):
        """Keep a picture of the page in the folder named by LAYERS_SCREENSHOTS."""
        folder = os.environ.get("LAYERS_SCREENSHOTS")
        if folder:
            self.page.screenshot(path=Path(folder) / f"{name}.png")

    def widget_cell(self, number=0):
        """Return the locator of one explorer, by default the first of the notebook."""
        widget = self.page.locator(f"{NOTEBOOK} .layers-explorer").nth(number)
        widget.wait_for(timeout=30_000)
        widget.scroll_into_view_if_needed()
        return widget
