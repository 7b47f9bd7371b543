"""Run what a learner wrote so that it ends, and that the notebook is as before it.

It runs in a thread, since a thread can be stopped on every system.
"""

import builtins
import contextlib
import ctypes
import gc
import io
import random
import sys
import threading
import time
import warnings

import numpy as np


class Stopped(BaseException):
    """Ends what does not end by itself."""


class AskedForInput(BaseException):
    """Ends what waits for somebody to type."""


class Printed(io.TextIOBase):
    """Takes what is printed and keeps its beginning."""

    KEPT = 200  # characters

    def __init__(self):
        self.beginning, self.size = "", 0

    def write(self, text):
        self.size += len(text)
        self.beginning += text[: self.KEPT - len(self.beginning)]
        return len(text)

    def shown(self):
        """Return the first line, or the beginning of it, in quotation marks."""
        line = (self.beginning.strip().splitlines() or [""])[0]
        return f'"{line if len(line) <= 40 else line[:40] + "…"}"'


class Worker(threading.Thread):
    """A thread that can be stopped as long as its work is not done."""

    def __init__(self, work):
        super().__init__(name="learner", daemon=True)
        self.work, self.is_done, self.error = work, False, None

    def run(self):
        try:
            self.work()
        except Stopped:
            pass
        except BaseException as error:  # the course's own fault: the caller raises it
            self.error = error
        finally:
            self.is_done = True

    def stop(self):
        """Raise `Stopped` in it until it is out of every ``except:``, or for 2 seconds."""
        number, error = ctypes.c_ulong(self.ident), ctypes.py_object(Stopped)
        last, usual = time.monotonic() + 2, sys.getswitchinterval()
        sys.setswitchinterval(1e-6)  # so that it is met in many places
        while self.is_alive() and time.monotonic() < last:
            if not self.is_done:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(number, error)
            self.join(0.001)
        sys.setswitchinterval(usual)


def run(work, names, printed, seconds):
    """Run ``work()`` for so many seconds at most.

    Arguments:
        names: dict with the names of the module that the learner's code stands in.
        printed: `Printed`, which takes what is printed meanwhile.

    Returns:
        ``(changed, is_late, is_stopped)``: the names that it changed, which have their
        values again; whether its time was over; whether it runs no more.
    """
    worker = Worker(work)
    with as_before(names) as changed, quiet(printed):
        worker.start()
        try:
            worker.join(seconds)
        finally:  # also when the learner stops the cell
            is_late = worker.is_alive()
            worker.stop()
    if worker.error:
        raise worker.error
    return changed, is_late, not worker.is_alive()


@contextlib.contextmanager
def quiet(printed):
    """Take what is printed, let no warning through, and let nobody ask for input."""

    def refuse(*arguments):
        raise AskedForInput

    usual = builtins.input, threading.excepthook
    builtins.input, threading.excepthook = refuse, lambda given: None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with contextlib.redirect_stdout(printed):
                with contextlib.redirect_stderr(printed):
                    yield
    finally:
        builtins.input, threading.excepthook = usual


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
