"""``OwnLayers``: a learner's functions run a network, in a loop that stands in a lesson."""

import contextlib
import functools

import numpy as np

from ..by_hand.comparison import TOLERANCE, relative_difference
from ..engine.tables import filled, table
from .checking import verdict
from .exercise import find, read
from .keep import FILE, LAYERS
from .python_files import names_of_file
from .sandbox import Printed

YOURS, OF_COURSE = "yours", "the course's"


class OwnLayers:
    """The functions of ``my_layers.py``, and how far what they compute is from Keras.

    Each name that `keep` takes is an attribute, such as ``OwnLayers(outputs).dense``.
    Where the file has no such function, or cannot be run, it is the course's own. Shows
    itself as a table: whose functions there are, later a line for each layer compared.

    Arguments:
        outputs: ``{layer's name: array}``, what Keras computed for one picture.

    Example:
        >>> OwnLayers({})
        function     whose
        dense        the course's
        softmax      the course's
        feature_map  the course's
        max_pool     the course's
        There is no my_layers.py in this folder.
    """

    def __init__(self, outputs):
        self.outputs, self.used = outputs, {}
        self.rows, self.stops, self.wrong = {}, {}, {}
        names, self.why = names_of_file(FILE)
        self.own = {name: one for name, one in names.items() if callable(one)}
        for name in LAYERS:
            function = self.own.get(name, find(LAYERS[name], "EXERCISES").right)
            setattr(self, name, functools.partial(self.call, name, function))

    def call(self, name, function, *inputs):
        """Call a function; what it returns comes back as a float64 array."""
        self.used[name] = YOURS if name in self.own else OF_COURSE
        return read(function(*inputs))

    def compare(self, name, compute, *inputs):
        """Call ``compute`` with the inputs and compare with Keras's output of a layer.

        Maps have no axis for pictures, as there is one picture.

        Returns:
            What was computed if it is equal, otherwise Keras's own output: the next layer
            is not to be blamed for this one.
        """
        keras_y = np.asarray(self.outputs[name])
        keras_y = keras_y[0] if keras_y.ndim > 2 else keras_y
        self.used, shown, found = {}, "", "stops"
        self.stops.pop(name, None)
        try:
            with np.errstate(all="ignore"), contextlib.redirect_stdout(Printed()):
                y = read(compute(*inputs))
            if y.shape != keras_y.shape:
                raise ValueError(f"shape {y.shape} in place of {keras_y.shape}")
            share = relative_difference(y, keras_y)
            found = "equal" if share <= TOLERANCE else "differs"
            shown = f"< {TOLERANCE:.0e}" if found == "equal" else f"{share:.1e}"
        except Exception as error:  # the lesson goes on, whatever a function does
            said = f"{type(error).__name__} ({str(error)[:200].strip()})"
            self.stops[name] = f"{name} stops with {said}."
        whose = ", ".join(f"{one} ({who})" for one, who in self.used.items())
        self.rows[name] = name, whose, shown, found
        if found == "equal":
            return y
        for one in self.used:
            if one in self.own and one not in self.wrong:
                said = verdict(find(LAYERS[one], "EXERCISES"), self.own[one])
                self.wrong[one] = f"check says of {one}: {said}"
        return keras_y

    def __repr__(self):
        if not self.rows:
            whose = [(one, YOURS if one in self.own else OF_COURSE) for one in LAYERS]
            lines = table([("function", "whose"), *whose])
            return "\n".join([*lines, self.why]).strip()
        rows = [("layer", "functions", "difference", "verdict"), *self.rows.values()]
        said = map(filled, [*self.stops.values(), *self.wrong.values()])
        equal = [row for row in self.rows.values() if row[-1] == "equal"]
        mine = sum(YOURS in row[1] for row in equal)
        summary = f"{len(equal)} of {len(self.rows)} layers are equal"
        summary += f", {mine} of them by functions of yours" * (mine > 0)
        return "\n".join([*table(rows, right=[2]), *said, f"{summary}."])
