"""Exercises that ask for a function: it is tried on inputs that it has never seen."""

import contextlib
import copy
import dis
import functools
import inspect
import linecache
import re
import sys
import traceback
import types

import keras
import numpy as np
from IPython.core.autocall import ExitAutocall

from ..errors import essence
from .exercise import Exercise, close, read
from .sandbox import AskedForInput, Printed, Worker, run

SECONDS = 5  # for all cases together; each of them is small
COURSE = __name__.partition(".")[0]
LIBRARIES = {"keras": "Keras", "tensorflow": "TensorFlow", "scipy": "SciPy"}
LIBRARIES |= {"torch": "PyTorch", COURSE: "the course's own"}
ASKS = "matplotlib"  # of each array whether it is one of TensorFlow's
BESIDE = __name__, Printed.__module__  # run while a function does, but not for it
KINDS = {  # of what a function may read in place of an argument
    "an array": np.ndarray,
    "a model": keras.Model,
    "a number": (int, float, np.number),
    "a list": (list, tuple),
}
BEFORE_3_12 = sys.version_info < (3, 12)
EXITS = "IPython.core.autocall", "ipykernel.zmqshell"


class FunctionExercise(Exercise):
    """A right function and wrong ones, each with a sentence, and inputs to try them on.

    ``cases`` returns a list of tuples of inputs, the same each time. Of the libraries,
    those in ``allowed`` may be called, such as ``("keras", "tensorflow")``; NumPy always
    may.
    """

    def __init__(self, right, why, *mistakes, cases, allowed=()):
        super().__init__(right, why, *mistakes)
        self.cases, self.allowed = functools.cache(cases), allowed
        self.names = [*inspect.signature(right).parameters]

    @functools.cache  # noqa: B019  an exercise lives as long as its lesson
    def results(self, function):
        """Return what a right or a wrong function gives for each case."""
        return [result(function, case) for case in self.cases()]

    def described(self, case):
        """Return the inputs of a case in words."""
        said = [described(*one) for one in zip(self.names, case)]
        return " and ".join(filter(None, [", ".join(said[:-1]), said[-1]]))


def described(name, value):
    """Return one input in words."""
    if isinstance(value, keras.Model):
        layers = [type(layer).__name__ for layer in value.layers]
        return f"{name} of {len(layers)} layers ({', '.join(layers)})"
    if not isinstance(value, np.ndarray):
        return f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}"
    kind = " of whole numbers," if value.dtype.kind in "iu" else ""
    large = f" with numbers up to {value.max():,.0f}" if abs(value).max() > 99 else ""
    return f"{name}{kind} of shape {value.shape}{large}"


@np.errstate(all="ignore")
def result(function, case):
    """Return what a right or a wrong function gives for one case; None if it fails."""
    try:
        return np.asarray(function(*case), dtype="float64")
    except Exception:  # a mistake that suits some inputs only
        return None


class Trial:
    """What a learner's function does with each case of an exercise.

    ``found`` has for each case a float64 array, ``...``, or a sentence on what came in
    its place. ``fault`` is a sentence if something is wrong whatever the case, or "".
    """

    def __init__(self, exercise, function):
        self.exercise, self.function = exercise, function
        self.found, self.fault = [], ""
        self.printed, self.called = Printed(), {}
        self.names, self.code = names_and_code(function)
        self.worker = Worker(self.work)
        # Keras compiles predict anew for each model.
        seconds = SECONDS * (4 if "keras" in exercise.allowed else 1)
        changed = run(self.worker, self.names, self.printed, seconds)
        exercise.cases.cache_clear()  # a model in them may have been changed
        if changed:
            self.fault = f"It changes {changed[0]}, a name of the notebook: give what "
            self.fault += "it computes a name of its own, without global."
        if self.worker.is_late:
            self.fault = f"It does not end; after {seconds} seconds it was stopped."
        if not self.worker.rests.is_set():
            self.fault = "It does not end and cannot be stopped: restart the kernel."

    def work(self):
        """Call the function on every case, and on the first one again."""
        try:
            cases = self.exercise.cases()
            self.found = [self.call(case) for case in cases]
            if not alike(self.call(cases[0]), self.found[0]):
                raise ValueError(
                    "Called again with the same inputs, it gives another result: does "
                    "it keep something from one call to the next, or use random numbers?"
                )
        except ValueError as reason:
            self.fault = str(reason)

    def call(self, case):
        """Return what one case leads to, as an entry of ``found``.

        Raises:
            ValueError: in a sentence, if no other case is worth trying.
        """
        self.bind(case)
        given, before = [*map(own_copy, case)], self.printed.size
        noted = [*map(note, given)]
        try:
            value = self.watched(given)
        except Exception as error:
            self.refuse_libraries()
            return self.stumble(error)
        except AskedForInput:
            said = "It waits for input(); all it needs comes in as its arguments."
            raise ValueError(said) from None
        except BaseException as error:
            said = f"It raises {type(error).__name__}: end it with return."
            raise ValueError(said) from None
        self.look_at(value, noted, given)
        if value is None:
            prints = "prints and " if self.printed.size > before else ""
            return f"It {prints}returns nothing: end it with return and the result."
        try:
            return value if value is ... else read(value)
        except ValueError as reason:
            return str(reason)

    def watched(self, given):
        """Call the function while `watch` looks on."""
        sys.settrace(self.watch)
        try:
            return self.function(*given)
        finally:
            sys.settrace(None)

    def bind(self, case):
        """Say if the function does not take the arguments of a case."""
        names = ", ".join(self.exercise.names[: len(case)])
        try:
            inspect.signature(self.function).bind(*case)
        except TypeError as reason:
            raise ValueError(f"It is called with ({names}): {reason}.") from None
        except Exception:  # a function in C may not say what it takes
            pass

    def look_at(self, value, noted, given):
        """Say if a function did what it should not, whatever it gave."""
        self.refuse_libraries()
        if inspect.iscoroutine(value):
            value.close()
            raise ValueError("It is an async function: write def alone.")
        if inspect.isgenerator(value) or inspect.isasyncgen(value):
            raise ValueError(
                "A generator comes back, which holds no numbers yet: collect them in a "
                "list and return that."
            )
        for name, one, before in zip(self.exercise.names, given, noted):
            if equal(note(one), before):
                continue
            instead = f"work on a copy, {name}.copy()."
            if isinstance(one, keras.Model):
                instead = "is it trained, called with training=True, or cut?"
            raise ValueError(f"It changes {name}, which was given to it: {instead}")

    def refuse_libraries(self):
        """Say if a library was called that the exercise does not allow."""
        allowed = self.exercise.allowed
        if called := sorted({*self.called} - {*allowed}):
            what = LIBRARIES[called[0]] + self.called[called[0]]
            means = "Keras" if "keras" in allowed else "NumPy"
            raise ValueError(
                f"It calls {what}: this is the part to write yourself, with {means}."
            )

    def watch(self, frame, event, argument):
        """Look at each call, and at all that the learner's code does; Python calls this.

        It takes down which library is called, and ends what goes on for too long.
        """
        if event == "call":
            self.look_at_call(frame)
        if frame.f_globals is self.names:
            frame.f_trace_opcodes = BEFORE_3_12  # `while True: pass` has no lines there
            self.worker.rest_if_late()
            return self.watch

    def look_at_call(self, frame):
        """Take down which library is called, and keep exit() from ending the kernel."""
        package, caller = package_of(frame), package_of(frame.f_back)
        if package in LIBRARIES and caller not in (package, ASKS):
            self.called.setdefault(package, called_in(frame))
        if frame.f_globals.get("__name__") in EXITS:
            if isinstance(frame.f_locals.get("self"), ExitAutocall):
                raise SystemExit

    def reads(self):
        """Return a name of the notebook's that may stand for an argument, and its kind.

        Names in capital letters are constants.
        """
        for name in names_read(self.code):
            for kind, classes in KINDS.items():
                if isinstance(self.names.get(name), classes) and not name.isupper():
                    return f"{name}, {kind} of the notebook"
        return ""

    def stumble(self, error):
        """Say in which line of the learner's the function stopped, and why."""
        if isinstance(error, RecursionError):
            raise ValueError("It calls itself without end.") from None
        message = ""
        with contextlib.suppress(Exception):  # it may be an error of the learner's own
            message = essence(str(error)).splitlines()[0]
            message = re.sub(r", with gufunc signature \S+", "", message)  # of matmul
            message = message[:200].rstrip(".")
        said = f"It stops with {type(error).__name__}"
        said += f" ({message})" if message else ""
        for frame, number in [*traceback.walk_tb(error.__traceback__)][::-1]:
            if self.names and frame.f_globals is self.names:
                line = linecache.getline(frame.f_code.co_filename, number).strip()
                return f"{said} in line {number}{f', `{line}`' if line else ''}."
        return f"{said}."


def package_of(frame):
    """Return the package of a frame's code; "" for what runs beside the function."""
    module = str(frame.f_globals.get("__name__")) if frame else ""
    return "" if module in BESIDE else module.partition(".")[0]


def called_in(frame):
    """Return which function of the course runs in a frame, or the file that it is in."""
    if package_of(frame) != COURSE:
        return ""
    name = frame.f_code.co_name
    if name[0] in "<_":
        name = frame.f_globals["__name__"].rpartition(".")[-1]
    return f" {name}"


def own_copy(value):
    """Return a copy that a function may change; of a model, the model."""
    return value if isinstance(value, keras.Model) else copy.deepcopy(value)


def note(value):
    """Return what tells later whether a value is as it was: layers and numbers."""
    if not isinstance(value, keras.Model):
        return [copy.deepcopy(value)]
    try:
        return [str(value.get_config()), *map(np.array, value.variables)]
    except Exception:  # a model from which something was taken away
        return []


def equal(one, other):
    """Tell whether two notes are the same."""
    return len(one) == len(other) and all(map(np.array_equal, one, other))


def names_read(code):
    """Return the names of a module that code reads, also in functions within it."""
    if not isinstance(code, types.CodeType):
        return []
    read = {"LOAD_GLOBAL", "LOAD_NAME"}
    names = [one.argval for one in dis.get_instructions(code) if one.opname in read]
    return names + [name for inner in code.co_consts for name in names_read(inner)]


def alike(one, other):
    """Tell whether two calls gave equal numbers, NaN equal to NaN, or both none."""
    arrays = [isinstance(found, np.ndarray) for found in (one, other)]
    if not all(arrays):
        return not any(arrays)
    if one.shape != other.shape:
        return False
    with np.errstate(invalid="ignore"):
        near = close(one, other) | (one == other) | (np.isnan(one) & np.isnan(other))
    return bool(near.all())


def names_and_code(function):
    """Return the names and the code of the Python function that is called, or ({}, None).

    It may be in a method, a partial, or an object that can be called.
    """
    while isinstance(function, functools.partial):
        function = function.func
    with contextlib.suppress(Exception):  # an object may refuse whatever is asked
        if not hasattr(function, "__globals__"):
            function = type(function).__call__
        return function.__globals__, function.__code__
    return {}, None
