"""Exercises, predictions and quiz of the lesson Dense by hand."""

import numpy as np

from ... import by_hand
from ..exercise import Exercise, Question
from ..shared import (
    dense_weights,
    hidden_outputs,
    hidden_sums,
    output_sums,
    predictions,
)

EXERCISES = {}

SECOND_ROW = np.array([0.0, 1.0, 0.0])
BOTH = np.array([1.0, 1.0, 0.0])
NEW_ROW = np.array([2.0, 1.0, 0.5])
SCORES = np.array([2.0, 1.0, 0.0])


EXERCISES["second_row"] = Exercise(
    right=lambda: hidden_sums(SECOND_ROW),
    why="The only 1 in the row picks out the second row of the kernel.",
    mistakes={
        "This is after ReLU; the question asks for the sums before it.": (
            lambda: hidden_outputs(SECOND_ROW)
        ),
        "This is a column of the kernel: each row of the kernel belongs to one "
        "input, each column to one unit.": (lambda: dense_weights()[0][:, 1]),
        "This is the first row of the kernel. Counting starts at 0: "
        "the second row is kernel[1].": (lambda: dense_weights()[0][0]),
        "This is the third row of the kernel. Counting starts at 0: "
        "the second row is kernel[1].": (lambda: dense_weights()[0][2]),
    },
)

EXERCISES["two_inputs"] = Exercise(
    right=lambda: hidden_outputs(BOTH),
    why="Add first, then cut: ReLU acts on the sum, not on its terms.",
    mistakes={
        "This is before ReLU: negative values are still there.": (
            lambda: hidden_sums(BOTH)
        ),
        "ReLU came before the sum. A negative term still counts in the sum; only the "
        "sum is cut.": (lambda: by_hand.relu(dense_weights()[0][:2]).sum(axis=0)),
        "This belongs to [1, 0, 0]: the second input is 1 as well.": (
            lambda: by_hand.relu(hidden_sums(np.array([1.0, 0.0, 0.0])))
        ),
        "This belongs to [0, 1, 0]: the first input is 1 as well.": (
            lambda: hidden_outputs(SECOND_ROW)
        ),
        "This is the mean of the two kernel rows; a Dense layer adds them.": (
            lambda: by_hand.relu(hidden_sums(BOTH / 2))
        ),
    },
)

EXERCISES["softmax"] = Exercise(
    right=lambda: by_hand.softmax(SCORES),
    why="Exponentials, divided by their sum; the three numbers add up to 1.",
    mistakes={
        "These are the exponentials; now divide each by their sum.": (
            lambda: np.exp(SCORES)
        ),
        "The scores were divided by their sum without the exponential.": (
            lambda: SCORES / SCORES.sum()
        ),
        "The exponentials were divided by the largest of them, not by their sum.": (
            lambda: np.exp(SCORES) / np.exp(SCORES).max()
        ),
        "The order is turned: the largest sum gets the largest share.": (
            lambda: by_hand.softmax(SCORES)[::-1]
        ),
        "These are powers of 2; the exponential is a power of e, np.exp.": (
            lambda: 2**SCORES / (2**SCORES).sum()
        ),
        "These are percentages; the numbers should add up to 1.": (
            lambda: 100 * by_hand.softmax(SCORES)
        ),
        "These are rounded percentages; the numbers should add up to 1.": (
            lambda: (100 * by_hand.softmax(SCORES)).round(1)
        ),
    },
)

EXERCISES["whole_network"] = Exercise(
    right=lambda: predictions(NEW_ROW),
    why="Multiply, add, cut; multiply, add, share out: the whole network.",
    mistakes={
        "ReLU is missing between the two layers.": (
            lambda: by_hand.softmax(output_sums(hidden_sums(NEW_ROW)))
        ),
        "This is before softmax: the two numbers do not add up to 1.": (
            lambda: output_sums(hidden_outputs(NEW_ROW))
        ),
        "The order of the two numbers is turned.": (lambda: predictions(NEW_ROW)[::-1]),
        "The output layer got ReLU before softmax; it has softmax alone.": (
            lambda: by_hand.softmax(by_hand.relu(output_sums(hidden_outputs(NEW_ROW))))
        ),
        "The hidden layer got softmax; its activation is ReLU.": (
            lambda: by_hand.softmax(output_sums(by_hand.softmax(hidden_sums(NEW_ROW))))
        ),
        "This is the hidden layer's output; the output layer is still to come.": (
            lambda: hidden_outputs(NEW_ROW)
        ),
    },
)


def last_step(unit=1, moved=2, step=0.05, after=0, give=predictions, place=0):
    """Raise one input of [0, 1, 0] until a hidden unit is cut, and go one step back.

    Return the input's last value with an output above 0, and one number given there.
    """
    rows = np.tile(SECOND_ROW, (round(2 / step) + 1, 1))
    rows[:, moved] += np.linspace(0, 2, len(rows))
    last = np.flatnonzero(hidden_outputs(rows)[:, unit] > 0)[-1] + after
    return [rows[last, moved], give(rows[last])[place]]


EXERCISES["last_step"] = Exercise(
    right=last_step,
    why="The sum, 0.570 at the start, loses 0.694 times input 2. Where it would fall "
    "below 0, ReLU cuts it, and from there on input 2 no longer moves this unit.",
    mistakes={
        "This is one step too far: the sum is negative there, and ReLU has cut it.": (
            lambda: last_step(after=1)
        ),
        "This lies between two steps, where the sum is almost 0; give the last step "
        "before it.": lambda: last_step(step=0.0005),
        "The first number is right. The second is that of the other output unit; ask "
        "for unit 0.": lambda: last_step(place=1),
        "The first number is right. The second is the output unit's sum; softmax is "
        "still to come.": (
            lambda: last_step(give=lambda row: output_sums(hidden_outputs(row)))
        ),
        "The first number is right. The second is the hidden unit's own output; the "
        "question is about unit 0 of the output layer.": (
            lambda: last_step(give=hidden_outputs, place=1)
        ),
        "The first number is right. The second belongs to the start, where input 2 is "
        "still 0.": lambda: [last_step()[0], predictions(SECOND_ROW)[0]],
        "You moved input 0. Inputs are counted from 0: input 2 is the last.": (
            lambda: last_step(moved=0)
        ),
        "The order is input 2 first, then the output.": lambda: last_step()[::-1],
        "That is input 2 alone; give unit 0 of the output layer as well.": (
            lambda: last_step()[0]
        ),
    },
)

PREDICTIONS = {}

FIRST_ROW = np.array([1.0, 0.0, 0.0])
FOUR_SUMS = np.array([-2, 0.5, -0.1, 3])
TWO_SUMS = np.array([-3, 1])


PREDICTIONS["A"] = Exercise(
    right=lambda: np.flatnonzero(FIRST_ROW)[0],
    why="Every weight in the other rows is multiplied by 0.",
    mistakes={
        "Counting starts at 0: the 1 stands at place 0.": lambda: 1,
        "The last input is 0: the weights in its row are multiplied by 0.": lambda: 2,
        "That is the right row; one number is asked for, without brackets.": (
            lambda: np.flatnonzero(FIRST_ROW)
        ),
        "Not all of them: an input of 0 silences its whole row.": lambda: [0, 1, 2],
    },
)

PREDICTIONS["B"] = Exercise(
    right=lambda: by_hand.relu(FOUR_SUMS),
    why="Negative sums become 0, however near to 0 they are; positive ones stay.",
    mistakes={
        "Dropping the sign is another function, the absolute value.": (
            lambda: abs(FOUR_SUMS)
        ),
        "Those are the sums themselves.": lambda: FOUR_SUMS,
        "A positive sum stays as it is; it does not become 1.": (lambda: FOUR_SUMS > 0),
        "It is the negative sums that are cut, not the positive ones.": (
            lambda: np.minimum(0, FOUR_SUMS)
        ),
    },
)

PREDICTIONS["C"] = Exercise(
    right=lambda: "yes" if hidden_outputs(BOTH)[1] == 0 else "no",
    why="ReLU looks at the sum, which is above 0, and not at the terms.",
    mistakes={"One negative term does not make the sum negative.": lambda: "yes"},
)

PREDICTIONS["D"] = Exercise(
    right=lambda: "yes" if by_hand.softmax(TWO_SUMS)[0] == 0 else "no",
    why="A power of e is always positive, so a negative sum gets a share as well.",
    mistakes={"Softmax does not cut at 0; it compares the sums.": lambda: "yes"},
)

QUIZ = [
    Question(
        "The hidden kernel has the shape `(3, 4)`. What stands in `kernel[:, 2]`?",
        right="The weights of one unit, for all 3 inputs",
        why="A column belongs to a unit: it has one weight for each input.",
        wrong={
            "The weights of one input, for all 4 units": "That is a row, such as "
            "`kernel[2]`.",
            "The outputs of one unit, for 3 rows of data": "The kernel holds weights. "
            "They are there before any data arrive.",
            "The weights of two inputs, for all 4 units": "2 is a place on the second "
            "axis, counted from 0, and not a number of rows.",
        },
    ),
    Question(
        "A unit with ReLU gives out 0 for a row of inputs. What do you know?",
        right="Its sum, bias included, is not above 0.",
        why="ReLU gives 0 for every sum that is negative or 0.",
        wrong={
            "All its weights are negative.": "Negative inputs or larger negative terms "
            "can pull a sum down too, whatever the sign of the others.",
            "None of its terms is positive.": "A positive term can be outweighed by "
            "negative ones; only the sum is cut.",
            "It gives out 0 for all other rows.": "Another row can lead to a positive "
            "sum, as the second row does for unit 1.",
        },
    ),
    Question(
        "5 is added to both sums of the output layer. What do the probabilities do?",
        right="They stay the same.",
        why="Both powers grow by the same factor, which the division takes out again.",
        wrong={
            "Both of them grow.": "They add up to 1 before and after, so both cannot "
            "grow.",
            "They come closer to each other.": "Softmax depends on the difference of "
            "the sums, and that has not changed.",
            "The larger one grows.": "It would if both sums were multiplied by 5; adding "
            "leaves their difference as it is.",
        },
    ),
    Question(
        "How many parameters has a Dense layer of 5 units that gets 10 inputs?",
        right="55",
        why="10 × 5 weights in the kernel and a bias for each of the 5 units.",
        wrong={
            "50": "The kernel has that many weights; the biases are missing.",
            "60": "There is a bias for each unit, not for each input.",
            "15": "Each unit has a weight of its own for each input: multiply.",
        },
    ),
    Question(
        "`hidden_model` ends at a layer of `network`. Then the kernel of that layer is "
        "changed. What does `hidden_model` give out?",
        right="Outputs of the changed kernel",
        why="Both models share the layer; there is one kernel.",
        wrong={
            "Outputs of the old kernel": "Nothing was copied when `hidden_model` was "
            "made: it uses the very same layer.",
            "An error until it is made anew": "A model keeps its layers, and uses the "
            "weights that they have when it is called.",
            "The sums before the activation": "The activation is part of the layer, "
            "whatever its kernel holds.",
        },
    ),
]
