"""Exercises that ask for a function: it is tried on inputs that it has never seen."""

import contextlib
import copy
import functools
import inspect
import linecache
import sys
import traceback

import numpy as np
from IPython.core.autocall import ExitAutocall

from .. import by_hand
from .exercise import Exercise, close, read
from .sandbox import AskedForInput, Printed, Worker, run

SECONDS = 5  # for all cases together; each of them is small
LIBRARIES = {"keras": "Keras", "tensorflow": "TensorFlow", "scipy": "SciPy"}
LIBRARIES |= {"torch": "PyTorch", by_hand.__name__: "the course's own by_hand"}
BEFORE_3_12 = sys.version_info < (3, 12)
EXITS = "IPython.core.autocall", "ipykernel.zmqshell"


class FunctionExercise(Exercise):
    """A right function and wrong ones, each with a sentence, and inputs to try them on.

    ``cases`` returns a list of tuples of inputs, computed once. Of the libraries, those
    in ``allowed`` may be called, such as ``("keras", "tensorflow")``; NumPy always may.
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
    if not isinstance(value, np.ndarray):
        return f"{name} = {value}"
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
        self.printed, self.called = Printed(), set()
        self.names, self.code = names_and_code(function)
        self.worker = Worker(self.work)
        changed = run(self.worker, self.names, self.printed, SECONDS)
        if changed:
            self.fault = f"It changes {changed[0]}, a name of the notebook: give what "
            self.fault += "it computes a name of its own, without global."
        if self.worker.is_late:
            self.fault = f"It does not end; after {SECONDS} seconds it was stopped."
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
                    "it keep something from one call to the next, or draw random numbers?"
                )
        except ValueError as reason:
            self.fault = str(reason)

    def call(self, case):
        """Return what one case leads to, as an entry of ``found``.

        Raises:
            ValueError: in a sentence, if no other case is worth trying.
        """
        self.bind(case)
        given, before = copy.deepcopy(case), self.printed.size
        sys.settrace(self.watch)
        try:
            value = self.function(*given)
        except Exception as error:
            self.refuse_libraries()
            return self.stumble(error)
        except AskedForInput:
            said = "It waits for input(); all it needs comes in as its arguments."
            raise ValueError(said) from None
        except BaseException as error:
            said = f"It raises {type(error).__name__}: end it with return."
            raise ValueError(said) from None
        finally:
            sys.settrace(None)
        self.look_at(value, case, given)
        if value is None:
            prints = "prints and " if self.printed.size > before else ""
            return f"It {prints}returns nothing: end it with return and the result."
        try:
            return value if value is ... else read(value)
        except ValueError as reason:
            return str(reason)

    def bind(self, case):
        """Say if the function does not take the arguments of a case."""
        names = ", ".join(self.exercise.names[: len(case)])
        try:
            inspect.signature(self.function).bind(*case)
        except TypeError as reason:
            raise ValueError(f"It is called with ({names}): {reason}.") from None
        except Exception:  # a function in C may not say what it takes
            pass

    def look_at(self, value, case, given):
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
        for name, one, other in zip(self.exercise.names, case, given):
            if not np.array_equal(one, other):
                raise ValueError(
                    f"It changes {name}, which was given to it: work on a copy, "
                    f"{name}.copy()."
                )

    def refuse_libraries(self):
        """Say if a library was called that the exercise does not allow."""
        if called := sorted(self.called - {*self.exercise.allowed}):
            library = LIBRARIES[called[0]]
            raise ValueError(
                f"It calls {library}: this is the part to write yourself, with NumPy."
            )

    def watch(self, frame, event, argument):
        """Look at each call, and at all that the learner's code does; Python calls this.

        It takes down which library is called, and ends what goes on for too long.
        """
        if event == "call":
            self.look_at_call(frame)
            frame.f_trace_opcodes = BEFORE_3_12  # `while True: pass` has no lines there
        if frame.f_globals is self.names:
            self.worker.rest_if_late()
            return self.watch

    def look_at_call(self, frame):
        """Take down which library is called, and keep exit() from ending the kernel."""
        module = frame.f_globals.get("__name__") or ""
        for library in LIBRARIES:
            if f"{module}.".startswith(f"{library}."):
                self.called.add(library)
        if module in EXITS and isinstance(frame.f_locals.get("self"), ExitAutocall):
            raise SystemExit

    def reads(self):
        """Return a name of the notebook's that is an array and that the code reads."""
        used = self.code.co_names if self.code else ()
        arrays = [one for one in used if isinstance(self.names.get(one), np.ndarray)]
        return arrays[0] if arrays else ""

    def stumble(self, error):
        """Say in which line of the learner's the function stopped, and why."""
        if isinstance(error, RecursionError):
            raise ValueError("It calls itself without end.") from None
        message = ""
        with contextlib.suppress(Exception):  # it may be an error of the learner's own
            message = str(error).splitlines()[0][:200].rstrip(".")
        said = f"It stops with {type(error).__name__}"
        said += f" ({message})" if message else ""
        for frame, number in [*traceback.walk_tb(error.__traceback__)][::-1]:
            if self.names and frame.f_globals is self.names:
                line = linecache.getline(frame.f_code.co_filename, number).strip()
                return f"{said} in line {number}{f', `{line}`' if line else ''}."
        return f"{said}."


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
