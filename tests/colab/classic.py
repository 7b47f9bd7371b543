"""Notebook 6, which ipywidgets 7 was made for, driven as `browser` drives JupyterLab."""

import socket
import subprocess
import sys

import nbformat
from browser.lab import HOST, Lab, Page, write

EXPLORER = ".layers-explorer"
ALL_WERE_RUN = """() => {
    const prompts = [...document.querySelectorAll(".code_cell .input_prompt")];
    const failed = document.querySelector(".output_error");
    return prompts.length > 0 && !Jupyter.notebook.kernel_busy &&
        (failed || prompts.every((prompt) => /\\d/.test(prompt.textContent)));
}"""
BROKEN = "Error displaying widget", "model not found", "Error creating widget"
# Answered after all that the page has asked the kernel before.
WIDGETS_ARE_LOADED = """() => new Promise((resolve) =>
    Jupyter.notebook.kernel.comm_info("jupyter.widget", resolve))"""
VALUE = """(expression) => new Promise((resolve) =>
    Jupyter.notebook.kernel.execute(`print(${expression})`, {iopub: {output: (message) =>
        resolve(message.content.text ?? message.content.evalue)}}))"""


class Classic(Lab):
    """A Notebook 6 on the folder of a `Colab`, with settings and kernels of its own."""

    def __init__(self, colab, folder):
        self.folder = colab.folder
        environment = colab.environment | {
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        }
        with socket.socket() as free:
            free.bind((HOST, 0))
            port = free.getsockname()[1]
        self.address = f"http://{HOST}:{port}"
        self.log = folder / "log"
        with self.log.open("w") as log:
            self.server = subprocess.Popen(
                [
                    *(sys.executable, "-m", "notebook", "--no-browser"),
                    *("--allow-root", f"--ip={HOST}", f"--port={port}"),
                    "--NotebookApp.port_retries=0",
                    "--NotebookApp.token=",
                    "--NotebookApp.password=",
                    "--NotebookApp.disable_check_xsrf=True",
                    f"--notebook-dir={self.folder}",
                ],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def notebook(self, path, *sources):
        """Put a lesson into the folder, free of outputs, with more cells at its end."""
        notebook = nbformat.read(path, as_version=4)
        notebook.cells += [nbformat.v4.new_code_cell(source) for source in sources]
        write(self.folder / path.name, notebook)
        return path.name


class ClassicPage(Page):
    """A Playwright page with notebooks of a `Classic` in it."""

    def open_notebook(self, name):
        self.lab.stop_kernels(but=name)

        def no_widgets_yet(message):
            return "jupyter.widget.control" in message.text

        # Cells that run while the page still looks for widgets may show theirs empty.
        with self.page.expect_console_message(no_widgets_yet, timeout=60_000):
            self.page.goto(f"{self.lab.address}/notebooks/{name}")
        self.page.evaluate(WIDGETS_ARE_LOADED)

    def run_all_and_wait(self, seconds=180):
        self.page.get_by_role("link", name="Cell", exact=True).click()
        self.page.locator("#run_all_cells a").click()
        self.page.wait_for_function(ALL_WERE_RUN, timeout=seconds * 1000)
        assert self.errors() == []

    def errors(self):
        found = self.page.locator(".output_error, .output_stderr").all_inner_texts()
        outputs = self.page.locator(".output_area").all_inner_texts()
        return found + [text for text in outputs if any(b in text for b in BROKEN)]

    def widget_cell(self, number=0):
        widget = self.page.locator(EXPLORER).nth(number)
        widget.wait_for(timeout=30_000)
        widget.scroll_into_view_if_needed()
        return widget

    def output(self, start):
        """Return the locator of the output of the cell whose source starts like this."""
        number = self.page.evaluate(
            """(start) => Jupyter.notebook.get_cells().findIndex(
                (cell) => cell.get_text().startsWith(start))""",
            start,
        )
        assert number >= 0, start
        return self.page.locator(".cell").nth(number).locator(".output")

    def value(self, expression):
        """Return what the kernel prints for an expression."""
        return self.page.evaluate(VALUE, expression).strip()
