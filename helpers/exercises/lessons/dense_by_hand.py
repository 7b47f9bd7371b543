"""Exercises and predictions of the lesson Dense by hand."""

import numpy as np

from ... import by_hand
from ..exercise import Exercise
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
NEW_ROW, SCORES = np.array([2.0, 1.0, 0.5]), np.array([2.0, 1.0, 0.0])
FOUR_SUMS, TWO_SUMS = np.array([-2, 0.5, -0.1, 3]), np.array([-3, 1])


def last_step(unit=1, moved=2, step=0.05, after=0, give=predictions, place=0):
    """Raise one input of [0, 1, 0] until a hidden unit is cut, and go one step back.

    Return the input's last value with an output above 0, and one number given there.
    """
    rows = np.tile(SECOND_ROW, (round(2 / step) + 1, 1))
    rows[:, moved] += np.linspace(0, 2, len(rows))
    last = np.flatnonzero(hidden_outputs(rows)[:, unit] > 0)[-1] + after
    return [rows[last, moved], give(rows[last])[place]]


EXERCISES["second_row"] = Exercise(
    lambda: hidden_sums(SECOND_ROW),
    "The only 1 in the row picks out the second row of the kernel.",
    lambda: hidden_outputs(SECOND_ROW),
    "This is after ReLU; the question asks for the sums before it.",
    lambda: dense_weights()[0][:, 1],
    "This is a column of the kernel: each row of the kernel belongs to one input, each "
    "column to one unit.",
    lambda: dense_weights()[0][0],
    "This is the first row of the kernel. Counting starts at 0: the second row is "
    "kernel[1].",
    lambda: dense_weights()[0][2],
    "This is the third row of the kernel. Counting starts at 0: the second row is "
    "kernel[1].",
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

EXERCISES["softmax"] = Exercise(
    lambda: by_hand.softmax(SCORES),
    "Exponentials, divided by their sum; the three numbers add up to 1.",
    lambda: np.exp(SCORES),
    "These are the exponentials; now divide each by their sum.",
    lambda: SCORES / SCORES.sum(),
    "The scores were divided by their sum without the exponential.",
    lambda: np.exp(SCORES) / np.exp(SCORES).max(),
    "The exponentials were divided by the largest of them, not by their sum.",
    lambda: by_hand.softmax(SCORES)[::-1],
    "The order is turned: the largest sum gets the largest share.",
    lambda: 2**SCORES / (2**SCORES).sum(),
    "These are powers of 2; the exponential is a power of e, np.exp.",
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
