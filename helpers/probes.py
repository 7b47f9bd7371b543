"""Linear probes: what weighted sums of a layer's numbers can tell, by one equation."""

from dataclasses import dataclass

import numpy as np


@dataclass(repr=False)
class Probe:
    """Weighted sums of a layer's numbers; `probe` makes it.

    Attributes:
        weights: array ``(numbers, targets)``: a column for each class, or for the one
            quantity.
        mean: array ``(numbers,)``, which is subtracted from outputs first.
        base: array ``(targets,)``, which is added to the sums.
        of_classes: whether it was fitted to labels.
    """

    weights: np.ndarray
    mean: np.ndarray
    base: np.ndarray
    of_classes: bool

    def scores(self, outputs):
        """Return the sums, ``(inputs, classes)``, or ``(inputs,)`` of a quantity."""
        rows = in_rows(outputs)
        if rows.shape[1] != len(self.mean):
            raise ValueError(
                f"The probe was fitted to {len(self.mean)} numbers for each input, but "
                f"got {rows.shape[1]}. Give it outputs of the same layer."
            )
        sums = (rows - self.mean) @ self.weights + self.base
        return sums if self.of_classes else sums[:, 0]

    def classes(self, outputs):
        """Return the class with the highest score for each input."""
        if not self.of_classes:
            raise ValueError("It was fitted to a quantity: ask for scores(outputs).")
        return self.scores(outputs).argmax(axis=1)

    def __repr__(self):
        what = f"{self.weights.shape[1]} classes" if self.of_classes else "one quantity"
        return f"A probe of {len(self.mean)} numbers for {what}."


def probe(outputs, targets, penalty=1.0):
    """Fit a linear probe: a Dense layer without activation, by one equation.

    It makes a sum as small as possible: the squared differences between scores and
    targets, plus ``penalty`` times the squared weights.

    Arguments:
        outputs: a layer's outputs, or pixels, ``(inputs, ...)``. Judge the probe on
            other inputs than these.
        targets: labels, whole numbers ``(inputs,)`` from 0; or a quantity, floats
            ``(inputs,)``, such as the brightness of each picture.
        penalty: how much large weights cost. It is multiplied by the mean squared
            length of the outputs, their mean subtracted, so that one number suits all
            layers.

    Returns:
        `Probe`.

    Raises:
        ValueError: not one target for each input, NaN or infinity, or a negative
            penalty.

    Example:
        >>> outputs = np.array([[2.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-2.0, -1.0]])
        >>> found = probe(outputs, [0, 0, 1, 1])
        >>> found
        A probe of 2 numbers for 2 classes.
        >>> found.classes([[3.0, 0.0], [-3.0, 0.0]])
        array([0, 1])
    """
    rows, targets = in_rows(outputs), np.asarray(targets)
    if targets.shape != (len(rows),) or targets.dtype.kind not in "biuf":
        raise ValueError(
            f"targets has shape {targets.shape}, and one number is needed for each of "
            f"{len(rows)} inputs: ({len(rows)},)."
        )
    if not (np.isfinite(rows).all() and np.isfinite(targets).all()):
        raise ValueError("There is NaN or infinity in the outputs or in the targets.")
    if not penalty >= 0:
        raise ValueError(f"penalty={penalty}: write 0 or more.")
    of_classes = targets.dtype.kind in "biu"
    if of_classes and targets.min() < 0:
        raise ValueError("Labels count from 0; pass a quantity as floats.")
    wanted = targets[:, np.newaxis].astype("float64")
    if of_classes:
        wanted = np.eye(int(targets.max()) + 1)[targets.astype(int)]
    mean, base = rows.mean(axis=0), np.zeros(wanted.shape[1])
    rows = rows - mean
    if not of_classes:
        base = wanted.mean(axis=0)
    weights = solved(rows, wanted - base, penalty * (rows**2).sum() / len(rows))
    return Probe(weights, mean, base, of_classes)


def solved(rows, targets, penalty):
    """Return the best weights; of two equations the one with the smaller table."""
    inputs, numbers = rows.shape
    solve = np.linalg.solve if penalty else least_squares
    if numbers <= inputs:
        return solve(rows.T @ rows + penalty * np.eye(numbers), rows.T @ targets)
    return rows.T @ solve(rows @ rows.T + penalty * np.eye(inputs), targets)


def least_squares(table, right_side):
    """Solve where a table may have no inverse, as without a penalty."""
    return np.linalg.lstsq(table, right_side, rcond=None)[0]


def in_rows(outputs):
    """Return outputs with a row of numbers for each input, in float64."""
    outputs = np.asarray(outputs, dtype="float64")
    if outputs.ndim < 2 or not outputs.size:
        raise ValueError(
            f"outputs has shape {outputs.shape}, and numbers are needed for each of "
            "several inputs: (inputs, numbers) or more axes."
        )
    return outputs.reshape(len(outputs), -1)
