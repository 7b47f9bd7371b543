"""Run what a learner wrote so that the cell ends, and that the notebook is as before."""

import builtins
import contextlib
import gc
import io
import random
import re
import sys
import threading
import warnings

import numpy as np


class AskedForInput(BaseException):
    """Ends what waits for somebody to type."""


class Printed(io.TextIOBase):
    """Takes what is printed and keeps its beginning."""

    KEPT = 400  # characters

    def __init__(self):
        self.beginning, self.size = "", 0

    def write(self, text):
        self.size += len(text)
        self.beginning += text[: self.KEPT - len(self.beginning)]
        return len(text)

    def shown(self):
        """Return the beginning of the first line in quotation marks, or "" without one.

        Keras's bars of progress, and what a terminal colours letters with, are left out.
        """
        text = re.sub(r"\x1b\[[\d;]*m", "", self.beginning)
        lines = (line.strip() for line in re.split(r"[\b\r\n]+", text))
        line = next((one for one in lines if one and "━" not in one), "")
        return line and f'"{line if len(line) <= 40 else line[:40] + "…"}"'


class Worker(threading.Thread):
    """A thread whose work has an end, or is laid to sleep as long as the kernel runs.

    Python has no means to end a thread that catches every error; one that sleeps takes
    no time from the others. The work has to call `rest_if_late` again and again.
    """

    def __init__(self, work):
        super().__init__(name="learner", daemon=True)
        self.work, self.error = work, None
        self.is_late, self.rests = False, threading.Event()

    def run(self):
        try:
            self.work()
        except BaseException as error:  # the course's own fault: the caller raises it
            self.error = error
        finally:
            self.rests.set()

    def rest_if_late(self):
        """Never come back once the time is over."""
        if self.is_late:
            self.rests.set()
            threading.Event().wait()


def run(worker, names, printed, seconds):
    """Let a worker do its work for so many seconds at most.

    Arguments:
        worker: `Worker`.
        names: dict with the names of the module that the learner's code stands in.
        printed: `Printed`, which takes what is printed meanwhile.

    Returns:
        The names that it changed, which have their values again.
    """
    with as_before(names) as changed, quiet(printed):
        worker.start()
        try:
            worker.join(seconds)
        finally:  # also when the learner stops the cell
            worker.is_late = worker.is_alive()
            worker.rests.wait(1)
    if worker.error:
        raise worker.error
    return changed


@contextlib.contextmanager
def quiet(printed):
    """Take what is printed, let no warning through, and let nobody ask for input."""

    def refuse(*arguments):
        raise AskedForInput

    usual, builtins.input = builtins.input, refuse
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with contextlib.redirect_stdout(printed):
                with contextlib.redirect_stderr(printed):
                    yield
    finally:
        builtins.input = usual


@contextlib.contextmanager
def as_before(names):
    """Put back a module's names, the random numbers and Python's settings.

    Yields a list, which holds the names that were changed at the end. Nothing is thrown
    away meanwhile: what libraries do then would look as if the learner had called them.
    """
    before, changed = dict(names), []
    numpy_state = np.random.get_state()  # noqa: NPY002  the one of np.random.seed
    python_state = random.getstate()
    depth, collects = sys.getrecursionlimit(), gc.isenabled()
    gc.disable()
    try:
        yield changed
    finally:
        for name in {**before, **names}:
            if name not in before:
                del names[name]
            elif names.get(name, changed) is not before[name]:
                names[name] = before[name]
            else:
                continue
            if not name.startswith("__"):  # Python has some for its own
                changed.append(name)
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)
        sys.setrecursionlimit(depth)
        if collects:
            gc.enable()
