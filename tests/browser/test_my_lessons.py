"""`lab` in a fresh copy of the course, in a real JupyterLab, as a learner meets it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import nbformat
import pytest

from browser.lab import (
    CELLS,
    HOST,
    KERNEL_IS_IDLE,
    SETTINGS,
    WIDGETS_ARE_SHOWN,
    Lab,
    Page,
    faultless,
)
from helpers.engine.files import COURSE

pytestmark = pytest.mark.browser
LESSONS = sorted(
    path.name for path in (COURSE / "notebooks").glob("[0-9][0-9]_*.ipynb")
)
# A folded cell shows no number.
ALL_WERE_RUN = f"""() => [...document.querySelectorAll("{CELLS}.jp-CodeCell")]
    .filter((cell) => !cell.querySelector(".jp-InputPlaceholder"))
    .every((cell) => /\\d/.test(cell.querySelector(".jp-InputPrompt").textContent))"""
ANSWER = 'check("start_here.hidden_outputs", 4)  # mine'


class LearnersLab(Lab):
    """A copy of the course as it is cloned, and the JupyterLab that `lab` starts there."""

    def __init__(self, folder):
        self.folder, self.log = folder / "course", folder / "log"
        for name in ("helpers", "data", "notebooks"):
            ignore = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
            shutil.copytree(COURSE / name, self.folder / name, ignore=ignore)
        shutil.copy(COURSE / "pyproject.toml", self.folder)
        self.mine = self.folder / "my_lessons"
        overrides = folder / "config" / "labconfig" / "default_setting_overrides.json"
        overrides.parent.mkdir(parents=True)
        overrides.write_text(json.dumps(SETTINGS))  # what the user has set stays
        places = "CONFIG_DIR DATA_DIR RUNTIME_DIR".split()
        self.environment = {
            **os.environ,
            **{f"JUPYTER_{one}": str(folder / one[:-4].lower()) for one in places},
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "IPYTHONDIR": str(folder / "ipython"),
        }

    @contextmanager
    def started(self):
        with socket.socket() as free:
            free.bind((HOST, 0))
            port = free.getsockname()[1]
        self.address = f"http://{HOST}:{port}"
        words = f"lab --no-browser --ip={HOST} --port={port} --IdentityProvider.token="
        words += " --ServerApp.port_retries=0 --ServerApp.disable_check_xsrf=True"
        words += " --LabApp.extension_manager=readonly"
        with self.log.open("w") as log:
            self.server = subprocess.Popen(
                [sys.executable, "-m", "helpers", *words.split()],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self.wait()
            yield self
        finally:
            self.ask("api/shutdown", {}, "POST")  # the kernels too
            self.server.wait(60)

    def release(self, name):
        """Change a lesson as a new release does."""
        path = self.folder / "notebooks" / name
        lesson = nbformat.read(path, as_version=4)
        lesson.cells[0].source += "\n\nThis is new."
        nbformat.write(lesson, path)


class LearnersPage(Page):
    def open_mine(self, name, cells=CELLS):
        self.page.goto(f"{self.lab.address}/doc/tree/{name}?reset")
        self.page.wait_for_selector(cells, timeout=60_000)
        self.page.wait_for_function(KERNEL_IS_IDLE, timeout=60_000)

    def outputs(self):
        found = self.page.locator(".jp-Notebook .jp-OutputArea-output")
        return [text for text in found.all_inner_texts() if text.strip()]

    def run_all(self):
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click()
        self.page.wait_for_function(ALL_WERE_RUN, timeout=60_000)
        self.page.wait_for_function(WIDGETS_ARE_SHOWN, timeout=30_000)

    def save(self, until):
        """Save, and wait until the file says so."""
        self.page.keyboard.press("Control+s")
        last = time.monotonic() + 30
        while not until((self.lab.mine / LESSONS[0]).read_text("utf-8")):
            assert time.monotonic() < last, "it was not saved"
            self.page.wait_for_timeout(100)


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    return LearnersLab(tmp_path_factory.mktemp("learner"))


def test_no_answer_stands_in_any_lesson_before_it_is_run(browser, lab):
    with lab.started(), faultless(LearnersPage, browser, lab) as page:
        page.page.goto(f"{lab.address}/lab/tree/{LESSONS[0]}")  # as `lab` opens it
        page.page.wait_for_selector(CELLS, timeout=60_000)
        listed = page.page.locator(".jp-DirListing-itemText").all_inner_texts()
        assert set(listed) == {path.name for path in lab.mine.glob("[!.]*")}
        page.screenshot("my_lessons")
        for name in LESSONS:
            page.open_mine(name)
            assert page.page.locator(f"{CELLS}.jp-CodeCell").count() > 3
            assert page.outputs() == [], name
            lab.stop_kernels(but=None)


def test_what_a_learner_wrote_and_ran_is_there_after_a_new_release(browser, lab):
    first, second = LESSONS[:2]
    with lab.started(), faultless(LearnersPage, browser, lab) as page:
        page.open_mine(first)
        cell = page.page.locator(f"{CELLS} .cm-content", has_text="answer = ...").first
        cell.click()
        page.page.keyboard.press("Control+a")
        page.page.keyboard.type(ANSWER)
        page.run_all()
        assert page.page.locator(".layers-quiz, .widget-vbox").count()
        page.save(lambda text: "widget-state+json" in text and "# mine" in text)
    for name in (first, second):
        lab.release(name)
    with lab.started(), faultless(LearnersPage, browser, lab) as page:
        assert "has your changes and is kept" in lab.log.read_text()
        page.open_mine(first)
        assert "# mine" in page.page.locator(".jp-Notebook").inner_text()
        page.page.wait_for_selector(".layers-quiz, .widget-vbox", timeout=30_000)
        assert page.outputs() and page.errors() == []  # widgets too, before any run
        page.screenshot("my_lessons_again")
        for name in (first.replace(".", ".new."), second):
            page.open_mine(name)
            assert "This is new." in page.page.locator(".jp-Notebook").inner_text()
            assert page.outputs() == []
