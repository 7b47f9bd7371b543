"""Exercises and guesses of the lesson Dense by hand."""

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

EXERCISES, GUESSES = {}, {}

FIRST_ROW, SECOND_ROW = np.eye(3)[:2]
BOTH = FIRST_ROW + SECOND_ROW
NEW_ROW = np.array([2.0, 1.0, 0.5])
TWO_SUMS = np.array([-3, 1])


def last_step(unit=1, moved=2, step=0.1, after=0, read=predictions, place=1):
    """Raise one input of [0, 1, 0] until a hidden unit is cut, and go one back.

    Return the input's last value with an output above 0, and one number read there.
    """
    rows = np.tile(SECOND_ROW, (round(2 / step) + 1, 1))
    rows[:, moved] += np.linspace(0, 2, len(rows))
    last = np.flatnonzero(hidden_outputs(rows)[:, unit] > 0)[-1] + after
    return [rows[last, moved], read(rows[last])[place]]


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
    cases += [np.array([[1000.0, 0], [-1000, -1001], [-1000, 1000], [1, 1]])]
    return [(x,) for x in cases]


def shares(x, axis=-1, largest=-1, power=np.exp):
    """Compute softmax along an axis, the largest number along another taken off first."""
    powers = power(x - x.max(axis=largest, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def less(reduce):
    """Return softmax, but another number of each row is taken off first."""

    def shared(x):
        powers = np.exp(x - reduce(x, axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)

    return shared


def first_alone(function):
    """Return a function that returns too early, in its first loop over the rows."""

    def early(*inputs):
        result = np.array(function(*inputs), dtype="float64")
        result[1:] = 0
        return result

    return early


EXERCISES["dense"] = FunctionExercise(
    by_hand.dense,
    "Each row times each column of the kernel, and one bias for each unit: a Dense layer "
    "of any size.",
    lambda x, kernel, bias: by_hand.relu(by_hand.dense(x, kernel, bias)),
    "This is after ReLU: return the sums before it.",
    lambda x, kernel, bias: by_hand.relu(x @ kernel) + bias,
    "There is a ReLU before the bias; return the sums, bias included, as they are.",
    lambda x, kernel, bias: x @ kernel,
    "The bias is missing: add it to each row's sums.",
    lambda x, kernel, bias: x @ kernel - bias,
    "The bias was subtracted; add it.",
    lambda x, kernel, bias: x @ kernel + x.shape[1] * bias,
    "The bias was added once for each input; it is added once to each sum.",
    lambda x, kernel, bias: x @ kernel + bias[:, np.newaxis],
    "Each bias went to a row of the result; it belongs to a unit, a column.",
    lambda x, kernel, bias: x @ kernel.T + bias,
    "The kernel is transposed: rows of the kernel belong to inputs, columns to units.",
    lambda x, kernel, bias: (x @ kernel + bias).T,
    "Rows and columns of the result are swapped: each row of x has its row of sums.",
    without_last(by_hand.dense, axis=1),
    "The last unit stays 0: where does the loop over the units end?",
    without_last(by_hand.dense, axis=0),
    "The last row stays 0: where does the loop over the rows end?",
    first_alone(by_hand.dense),
    "Only the first row is filled: does `return` stand inside the loop over the rows?",
    lambda x, kernel, bias: x[:, :-1] @ kernel[:-1] + bias,
    "The last input is missing: where does the loop over the inputs end?",
    lambda x, kernel, bias: x[:, 1:] @ kernel[1:] + bias,
    "The first input is missing: counting starts at 0.",
    lambda x, kernel, bias: (x @ kernel + bias)[0],
    "That is the first row alone; x holds several rows.",
    lambda x, kernel, bias: x @ kernel / len(kernel) + bias,
    "These are means of the products; a unit adds them up.",
    lambda x, kernel, bias: x.sum(axis=1, keepdims=True) * kernel.sum(axis=0) + bias,
    "Inputs and weights were added up first. Multiply in pairs, then add up.",
    cases=dense_cases,
)

EXERCISES["two_inputs"] = Exercise(
    lambda: hidden_outputs(BOTH),
    "Add first, then cut: ReLU acts on the sum, not on the products.",
    lambda: by_hand.relu(dense_weights()[0][:2]).sum(axis=0),
    "ReLU came before the sum. A negative product counts in the sum; only the sum is cut.",
    lambda: hidden_outputs(FIRST_ROW),
    "This belongs to [1, 0, 0]: the second input is 1 as well.",
    lambda: hidden_outputs(SECOND_ROW),
    "This belongs to [0, 1, 0]: the first input is 1 as well.",
    lambda: hidden_outputs(BOTH / 2),
    "This is the mean of the two kernel rows; a Dense layer adds them.",
    lambda: hidden_outputs(np.array([1, 0, 1])),
    "This belongs to [1, 0, 1]; the inputs that are 1 are the first and the second.",
    lambda: hidden_outputs(np.array([0, 1, 1])),
    "This belongs to [0, 1, 1]; the inputs that are 1 are the first and the second.",
    lambda: hidden_outputs(np.eye(3)[2]),
    "This belongs to [0, 0, 1], the third row.",
    lambda: hidden_outputs(np.ones(3)),
    "This belongs to [1, 1, 1]; the third input is 0.",
    lambda: np.abs(hidden_sums(BOTH)),
    "A negative sum lost its sign; ReLU replaces it by 0.",
    lambda: hidden_sums(BOTH) > 0,
    "A positive sum stays as it is; it does not become 1.",
    lambda: np.minimum(0, hidden_sums(BOTH)),
    "The positive sums were cut; ReLU cuts the negative ones: np.maximum.",
    lambda: by_hand.softmax(hidden_sums(BOTH)),
    "This is softmax; the hidden layer has ReLU.",
    lambda: predictions(BOTH),
    "That is the output of the whole network; the question is about the hidden layer.",
    lambda: dense_weights()[0][:2, 1],
    "Those are the two products of unit 1; add them up, for each of the four units.",
    lambda: BOTH * dense_weights()[0][:, 1],
    "Those are the products of unit 1; add them up, for each of the four units.",
    lambda: hidden_outputs(np.eye(3)[:2]),
    "Those are the outputs for two rows, each with one input that is 1; here one row has "
    "both.",
    lambda: hidden_outputs(np.eye(3)),
    "Those are the outputs for x_train, three rows; the question is about one new row.",
)

EXERCISES["last_step"] = Exercise(
    last_step,
    "The sum is 0.570 minus 0.694 times input 2. At 0.9 it is below 0 and ReLU cuts it; "
    "from there on, a larger input 2 no longer changes this unit.",
    lambda: last_step(after=1),
    "This is 0.1 too far: the sum is negative there, and ReLU cuts it.",
    lambda: last_step(step=0.05, after=1),
    "This is 0.05 too far: the sum is negative there, and ReLU cuts it.",
    lambda: last_step(after=-1),
    "That is 0.1 too early: at 0.8 the unit still outputs more than 0.",
    lambda: [last_step(after=1)[0], last_step()[1]],
    "The second number is right. The first is 0.1 too far: the unit outputs 0 there.",
    lambda: [last_step()[0] / 0.1, last_step()[1]],
    "The second number is right. The first is how often you raised input 2; write its "
    "value.",
    lambda: [last_step()[0] / 0.1 + 1, last_step()[1]],
    "The second number is right. The first counts the values up to there; write the value "
    "of input 2.",
    lambda: last_step(step=0.0005),
    "This lies between 0.8 and 0.9, where the sum is almost 0; raise by 0.1 each time.",
    lambda: last_step(place=0),
    "The first number is right. The second is that of unit 0, in the output layer or the "
    "hidden one; the question is about unit 1 of the output layer.",
    lambda: last_step(read=lambda row: output_sums(hidden_outputs(row))),
    "The first number is right. The second is the output unit's sum; softmax is still "
    "to come.",
    lambda: last_step(read=hidden_outputs),
    "The first number is right. The second is the hidden unit's own output; read unit 1 "
    "of the output layer.",
    lambda: [last_step()[0], predictions(SECOND_ROW)[1]],
    "The first number is right. The second belongs to the start, where input 2 is still 0.",
    lambda: last_step(moved=0),
    "You moved input 0. Inputs are counted from 0: input 2 is the last.",
)

EXERCISES["softmax"] = FunctionExercise(
    by_hand.softmax,
    "Powers of e divided by their total, row by row. The largest sum is subtracted first, "
    "so that no power is too large.",
    lambda x: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True),
    "It is right, but not for large sums: e to the power of 1000 is too large for NumPy. "
    "Subtract each row's largest sum first.",
    lambda x: shares(x, axis=0, largest=0),
    "Each column adds up to 1; it is each row that should.",
    lambda x: shares(x, axis=None, largest=None),
    "All numbers together add up to 1; it is each row that should.",
    lambda x: shares(x, largest=None),
    "The largest number of all was subtracted, which makes all powers of another row 0. "
    "Subtract each row's own.",
    less(np.min),
    "The smallest sum was subtracted: a row of 1000 and 0 still has e to the power of "
    "1000 in it. Subtract the largest.",
    less(np.mean),
    "What was subtracted is not the largest sum: for a row of -1000 and 1000, a power is "
    "still too large for NumPy.",
    lambda x: x,
    "These are the sums as they came: return what the division makes of them.",
    lambda x: shares(x, axis=0),
    "You divide by the totals of the columns; it is each row that should add up to 1.",
    lambda x: x / x.sum(axis=-1, keepdims=True),
    "The sums were divided by their total; the powers of e are missing.",
    lambda x: shares(x, power=lambda less: less),
    "The largest sum was subtracted; np.exp is missing after it.",
    np.exp,
    "These are the powers of e; now divide each by the total of its row.",
    lambda x: np.exp(x - x.max(axis=-1, keepdims=True)),
    "The largest number of each row is 1: now divide the powers by their total.",
    lambda x: shares(x, power=np.exp2),
    "These are powers of 2; softmax takes powers of e, np.exp.",
    lambda x: 1 / (1 + np.exp(-x)),
    "This is the sigmoid of each number alone; softmax compares the numbers of a row.",
    lambda x: by_hand.relu(x) / by_hand.relu(x).sum(axis=-1, keepdims=True),
    "ReLU stands in place of np.exp.",
    by_hand.log_softmax,
    "This is the logarithm of softmax.",
    without_last(by_hand.softmax, axis=0),
    "The last row stays 0: where does the loop over the rows end?",
    lambda x: shares(x)[0],
    "That is the first row alone; x holds several rows.",
    cases=softmax_cases,
)


def sums_shared_out(row):
    """Divide the output layer's sums for a row by their total, without the powers."""
    sums = output_sums(hidden_outputs(row))
    return sums / sums.sum()


EXERCISES["whole_network"] = Exercise(
    lambda: predictions(NEW_ROW),
    "Products, sums, ReLU; products, sums, softmax: the whole network.",
    lambda: by_hand.softmax(output_sums(hidden_sums(NEW_ROW))),
    "ReLU is missing between the two layers.",
    lambda: output_sums(hidden_sums(NEW_ROW)),
    "Both activations are missing: ReLU between the layers, and softmax at the end.",
    lambda: output_sums(hidden_outputs(NEW_ROW)),
    "This is before softmax: the two numbers do not add up to 1.",
    lambda: by_hand.softmax(by_hand.relu(output_sums(hidden_outputs(NEW_ROW)))),
    "There is a ReLU before softmax; the output layer has softmax alone.",
    lambda: by_hand.relu(output_sums(hidden_outputs(NEW_ROW))),
    "The output layer got ReLU in place of softmax.",
    lambda: by_hand.softmax(output_sums(by_hand.softmax(hidden_sums(NEW_ROW)))),
    "The hidden layer got softmax; its activation is ReLU.",
    lambda: hidden_outputs(NEW_ROW),
    "This is the hidden layer's output; the output layer is still to come.",
    lambda: predictions(np.array([2, 1, 0])),
    "This belongs to [2, 1, 0]; the third input is 0.5.",
    lambda: predictions(np.array([2, 1, 5])),
    "This belongs to [2, 1, 5]; the third input is 0.5.",
    lambda: predictions(FIRST_ROW),
    "This belongs to [1, 0, 0], the tutorial's first row.",
    lambda: predictions(SECOND_ROW),
    "This belongs to [0, 1, 0], the tutorial's second row.",
    lambda: predictions(BOTH),
    "This belongs to [1, 1, 0], the row of Try it 1.2.",
    lambda: np.exp(output_sums(hidden_outputs(NEW_ROW))),
    "These are the powers of e; divide each by their total.",
    lambda: sums_shared_out(NEW_ROW),
    "The sums were divided by their total; softmax takes the powers of e first.",
    lambda: 1 / (1 + np.exp(-output_sums(hidden_outputs(NEW_ROW)))),
    "This is the sigmoid of each sum alone; softmax compares the two.",
    lambda: by_hand.softmax(hidden_outputs(NEW_ROW)),
    "Softmax of the hidden layer's output: the output layer's kernel is still to come.",
    lambda: predictions(np.eye(3)),
    "These are the outputs for x_train, three rows; the question is about new_row.",
)

GUESSES["A"] = Exercise(
    lambda: dense_weights()[0][FIRST_ROW == 0].size,
    "Two inputs are 0, and each has four weights, one for each unit.",
    lambda: dense_weights()[0][FIRST_ROW == 1].size,
    "Those are the weights that count: the row of the input that is 1.",
    lambda: (FIRST_ROW == 0).sum(),
    "That is the number of inputs that are 0; each has several weights.",
    lambda: 0,
    "A weight that is multiplied by 0 adds nothing to the sum.",
    lambda: dense_weights()[0].size,
    "One input is 1, and its weights count.",
    lambda: dense_weights()[0][:, 0].size,
    "That is one column, the weights of one unit; look at what each of its weights is "
    "multiplied by.",
)

GUESSES["B"] = Exercise(
    lambda: by_hand.relu(hidden_sums(FIRST_ROW) + 0.4),
    "The bias is added to the sum, and ReLU comes last. The sum of unit 0 is now above 0, "
    "that of unit 1 still below.",
    lambda: hidden_outputs(FIRST_ROW) + 0.4,
    "ReLU came before the bias: a unit adds its bias to the sum, then cuts.",
    lambda: hidden_sums(FIRST_ROW) + 0.4,
    "One of these sums is still negative.",
    lambda: hidden_outputs(FIRST_ROW) + 0.4 * (hidden_outputs(FIRST_ROW) > 0),
    "The bias is added to every sum, also to a negative one.",
    lambda: hidden_outputs(FIRST_ROW),
    "The bias changes the sums before ReLU sees them.",
    lambda: by_hand.relu(hidden_sums(FIRST_ROW) - 0.4),
    "Two of the sums are above 0 without a bias, and the bias is added to them.",
    lambda: np.full(4, 0.4),
    "A bias is added to the unit's sum; it does not take its place.",
)

GUESSES["C"] = Exercise(
    lambda: hidden_outputs(BOTH)[1],
    "ReLU looks at the sum, which is above 0, and not at the terms.",
    lambda: by_hand.relu(dense_weights()[0][:2, 1]).sum(),
    "The negative product was cut before the sum; but it counts in the sum.",
    lambda: 0,
    "One negative product does not make the sum negative.",
    lambda: abs(dense_weights()[0][:2, 1]).sum(),
    "The signs count: one of the products is negative.",
    lambda: -hidden_outputs(BOTH)[1],
    "The positive product is the larger one.",
    lambda: hidden_outputs(BOTH),
    "Right for all four units; the question is about unit 1.",
)

GUESSES["D"] = Exercise(
    lambda: "yes" if by_hand.softmax(TWO_SUMS)[0] == 0 else "no",
    "A power of e is always positive, so a negative sum has a share, too.",
    yes="Softmax does not cut at 0; it compares the sums.",
)
