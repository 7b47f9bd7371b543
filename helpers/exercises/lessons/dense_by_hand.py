"""Exercises and predictions of the lesson Dense by hand."""

import numpy as np

from ... import by_hand
from ..exercise import Exercise
from ..functions import FunctionExercise
from ..shared import (
    dense_weights,
    hidden_outputs,
    hidden_sums,
    output_sums,
    predictions,
)

EXERCISES, PREDICTIONS = {}, {}

FIRST_ROW, SECOND_ROW = np.eye(3)[:2]
BOTH = FIRST_ROW + SECOND_ROW
NEW_ROW = np.array([2.0, 1.0, 0.5])
FOUR_SUMS, TWO_SUMS = np.array([-2, 0.5, -0.1, 3]), np.array([-3, 1])


def last_step(unit=1, moved=2, step=0.05, after=0, give=predictions, place=0):
    """Raise one input of [0, 1, 0] until a hidden unit is cut, and go one step back.

    Return the input's last value with an output above 0, and one number given there.
    """
    rows = np.tile(SECOND_ROW, (round(2 / step) + 1, 1))
    rows[:, moved] += np.linspace(0, 2, len(rows))
    last = np.flatnonzero(hidden_outputs(rows)[:, unit] > 0)[-1] + after
    return [rows[last, moved], give(rows[last])[place]]


def dense_cases():
    """Return rows, kernels and biases of several shapes, one of them of whole numbers."""
    random = np.random.default_rng(0)
    cases = []
    for rows, inputs, units in [(2, 3, 4), (1, 2, 2), (3, 3, 3), (5, 4, 2), (4, 2, 1)]:
        shapes = (rows, inputs), (inputs, units), (units,)
        cases.append(tuple(random.normal(size=shape) for shape in shapes))
    whole = random.integers(-4, 5, (3, 4))
    cases.append((whole, *(random.normal(size=shape) for shape in [(4, 5), (5,)])))
    cases.append(tuple(one.astype("float32") for one in cases[0]))
    return cases


def without_last(function, axis):
    """Return a function whose loop over an axis of the result ends too early."""

    def short(*inputs):
        result = np.array(function(*inputs), dtype="float64")
        np.moveaxis(result, axis, 0)[-1] = 0
        return result

    return short


def softmax_cases():
    """Return rows of sums: small ones, whole ones, and some of which `exp` overflows."""
    random = np.random.default_rng(1)
    cases = [random.normal(size=shape) for shape in [(2, 3), (1, 4), (3, 3), (4, 2)]]
    cases += [np.array([[2, 1, 0], [0, 3, 1]]), cases[0].astype("float32")]
    cases += [np.array([[1000.0, 0.0], [-1000.0, -1001.0], [0.0, 1.0], [1.0, 1.0]])]
    return [(x,) for x in cases]


def shares(x, axis=-1, largest=-1, power=np.exp):
    """Compute softmax along an axis, the largest number along another taken off first."""
    powers = power(x - x.max(axis=largest, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def smallest_first(x):
    """Compute softmax, the smallest number of each row taken off first."""
    powers = np.exp(x - x.min(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


EXERCISES["dense"] = FunctionExercise(
    by_hand.dense,
    "Each row times each column of the kernel, and one bias for each unit: a Dense layer "
    "of any size.",
    lambda x, kernel, bias: by_hand.relu(by_hand.dense(x, kernel, bias)),
    "This is after ReLU; the function is to return the sums before it.",
    lambda x, kernel, bias: x @ kernel,
    "The bias is missing: add it to each row's sums.",
    lambda x, kernel, bias: x @ kernel - bias,
    "The bias was subtracted; add it.",
    lambda x, kernel, bias: x @ kernel + x.shape[1] * bias,
    "The bias was added once for each input; each unit has one bias, added once.",
    lambda x, kernel, bias: x @ kernel + bias[:, np.newaxis],
    "The biases were added along the rows of data; each belongs to one unit, a column.",
    lambda x, kernel, bias: x @ kernel.T + bias,
    "The kernel is transposed: rows of the kernel belong to inputs, columns to units.",
    lambda x, kernel, bias: (x @ kernel + bias).T,
    "Rows and columns of the result are swapped: each row of x has its row of sums.",
    without_last(by_hand.dense, axis=1),
    "The last unit is left at 0: where does the loop over the units end?",
    without_last(by_hand.dense, axis=0),
    "The last row is left at 0: where does the loop over the rows end?",
    lambda x, kernel, bias: x[:, :-1] @ kernel[:-1] + bias,
    "The last input does not count: where does the loop over the inputs end?",
    lambda x, kernel, bias: x[:, 1:] @ kernel[1:] + bias,
    "The first input does not count: counting starts at 0.",
    lambda x, kernel, bias: (x @ kernel + bias)[0],
    "That is the first row alone: x holds several rows.",
    lambda x, kernel, bias: x @ kernel / len(kernel) + bias,
    "These are means of the products; a unit adds them up.",
    lambda x, kernel, bias: x.sum(axis=1, keepdims=True) * kernel.sum(axis=0) + bias,
    "Inputs and weights were added up first; multiply in pairs, then add up.",
    cases=dense_cases,
)

EXERCISES["two_inputs"] = Exercise(
    lambda: hidden_outputs(BOTH),
    "Add first, then cut: ReLU acts on the sum, not on its terms.",
    lambda: by_hand.relu(dense_weights()[0][:2]).sum(axis=0),
    "ReLU came before the sum. A negative term still counts in the sum; only the sum "
    "is cut.",
    lambda: hidden_outputs(FIRST_ROW),
    "This belongs to [1, 0, 0]: the second input is 1 as well.",
    lambda: hidden_outputs(SECOND_ROW),
    "This belongs to [0, 1, 0]: the first input is 1 as well.",
    lambda: hidden_outputs(BOTH / 2),
    "This is the mean of the two kernel rows; a Dense layer adds them.",
)

EXERCISES["softmax"] = FunctionExercise(
    by_hand.softmax,
    "Exponentials divided by their sum, row by row; the largest sum is taken off first, "
    "so that no exponential is too large.",
    lambda x: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True),
    "It is right, but not for large sums: e to the power of 1000 is too large to be "
    "held. Subtract each row's largest sum before the exponential.",
    lambda x: shares(x, axis=0, largest=0),
    "Each column adds up to 1; it is each row that should.",
    lambda x: shares(x, axis=None, largest=None),
    "All numbers together add up to 1; each row should by itself.",
    lambda x: shares(x, largest=None),
    "The largest number of all was subtracted: in another row that makes all powers 0. "
    "Subtract each row's own.",
    smallest_first,
    "The smallest sum was subtracted, so that a row of 1000 and 0 still has e to the power "
    "of 1000 in it. Subtract the largest.",
    lambda x: shares(x, axis=0),
    "The division is by the sums of the columns; each row adds up to 1.",
    lambda x: x / x.sum(axis=-1, keepdims=True),
    "The sums were divided by their total without the exponential.",
    lambda x: shares(x, power=lambda less: less),
    "The exponential is missing after the largest sum was subtracted.",
    np.exp,
    "These are the exponentials; now divide each by the sum of its row.",
    lambda x: np.exp(x - x.max(axis=-1, keepdims=True)),
    "The largest number of each row is 1: divide the exponentials by their sum.",
    lambda x: shares(x, power=np.exp2),
    "These are powers of 2; the exponential is a power of e, np.exp.",
    lambda x: 1 / (1 + np.exp(-x)),
    "This is the sigmoid of each number alone; softmax compares the numbers of a row.",
    lambda x: by_hand.relu(x) / by_hand.relu(x).sum(axis=-1, keepdims=True),
    "ReLU stands in place of the exponential.",
    by_hand.log_softmax,
    "This is the logarithm of softmax.",
    without_last(by_hand.softmax, axis=0),
    "The last row is left at 0: where does the loop over the rows end?",
    lambda x: shares(x)[0],
    "That is the first row alone: x holds several rows.",
    cases=softmax_cases,
)

EXERCISES["whole_network"] = Exercise(
    lambda: predictions(NEW_ROW),
    "Multiply, add, cut; multiply, add, share out: the whole network.",
    lambda: by_hand.softmax(output_sums(hidden_sums(NEW_ROW))),
    "ReLU is missing between the two layers.",
    lambda: output_sums(hidden_outputs(NEW_ROW)),
    "This is before softmax: the two numbers do not add up to 1.",
    lambda: by_hand.softmax(by_hand.relu(output_sums(hidden_outputs(NEW_ROW)))),
    "The output layer got ReLU before softmax; it has softmax alone.",
    lambda: by_hand.relu(output_sums(hidden_outputs(NEW_ROW))),
    "The output layer got ReLU in place of softmax.",
    lambda: by_hand.softmax(output_sums(by_hand.softmax(hidden_sums(NEW_ROW)))),
    "The hidden layer got softmax; its activation is ReLU.",
    lambda: hidden_outputs(NEW_ROW),
    "This is the hidden layer's output; the output layer is still to come.",
)

EXERCISES["last_step"] = Exercise(
    last_step,
    "The sum, 0.570 at the start, loses 0.694 times input 2. Where it would fall below "
    "0, ReLU cuts it, and from there on input 2 no longer moves this unit.",
    lambda: last_step(after=1),
    "This is one step too far: the sum is negative there, and ReLU has cut it.",
    lambda: last_step(step=0.0005),
    "This lies between two steps, where the sum is almost 0; give the last step before it.",
    lambda: last_step(place=1),
    "The first number is right. The second is that of the other output unit; ask for "
    "unit 0.",
    lambda: last_step(give=lambda row: output_sums(hidden_outputs(row))),
    "The first number is right. The second is the output unit's sum; softmax is still "
    "to come.",
    lambda: last_step(give=hidden_outputs, place=1),
    "The first number is right. The second is the hidden unit's own output; the "
    "question is about unit 0 of the output layer.",
    lambda: [last_step()[0], predictions(SECOND_ROW)[0]],
    "The first number is right. The second belongs to the start, where input 2 is still 0.",
    lambda: last_step(moved=0),
    "You moved input 0. Inputs are counted from 0: input 2 is the last.",
)

PREDICTIONS["A"] = Exercise(
    lambda: np.flatnonzero(FIRST_ROW)[0],
    "Every weight in the other rows is multiplied by 0.",
    lambda: 1,
    "Counting starts at 0: the 1 stands at place 0.",
    lambda: 2,
    "The last input is 0: the weights in its row are multiplied by 0.",
    lambda: np.flatnonzero(FIRST_ROW),
    "That is the right row; one number is asked for, without brackets.",
    lambda: [0, 1, 2],
    "Not all of them: an input of 0 silences its whole row.",
)

PREDICTIONS["B"] = Exercise(
    lambda: by_hand.relu(FOUR_SUMS),
    "Negative sums become 0, however near to 0 they are; positive ones stay.",
    lambda: abs(FOUR_SUMS),
    "Dropping the sign is another function, the absolute value.",
    lambda: FOUR_SUMS,
    "Those are the sums themselves.",
    lambda: FOUR_SUMS > 0,
    "A positive sum stays as it is; it does not become 1.",
    lambda: np.minimum(0, FOUR_SUMS),
    "It is the negative sums that are cut, not the positive ones.",
)

PREDICTIONS["C"] = Exercise(
    lambda: "yes" if hidden_outputs(BOTH)[1] == 0 else "no",
    "ReLU looks at the sum, which is above 0, and not at the terms.",
    yes="One negative term does not make the sum negative.",
)

PREDICTIONS["D"] = Exercise(
    lambda: "yes" if by_hand.softmax(TWO_SUMS)[0] == 0 else "no",
    "A power of e is always positive, so a negative sum gets a share as well.",
    yes="Softmax does not cut at 0; it compares the sums.",
)
