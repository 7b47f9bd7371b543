"""What is said about likely wrong answers to the exercises of lessons 05, 06 and 07."""

import ast
import re
from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from asked import ALL, FUNCTIONS
from learner import cell

from helpers.by_hand import relu, softmax
from helpers.datasets import cat_photograph
from helpers.exercises import lessons
from helpers.exercises.checking import verdict
from helpers.extraction import layer_outputs
from helpers.networks import cifar10_cnn, trained_cifar10_cnn
from helpers.statistics import dead_channels

# Below the name of an exercise stand wrong answers, each before how its sentence begins.
SLIPS = """
= what_training_changes.steps
[31, 155] -> The last batch is missing: it is smaller, but it is a
[31.25, 156.25] -> There is no part of a step: a smaller batch is a
[31, 156] -> The pictures left over make a step in every epoch
[32, 157] -> Steps were not rounded up in each epoch: every epoch
[32, 32] -> Both numbers are those of one epoch; the second is
[33, 165] -> One step too many in each epoch: the smaller batch is
[2000, 10000] -> That is one step a picture; a step takes a whole
[64, 320] -> That is the size of a batch; the question is how many
[50, 250] -> These are the steps of this lesson's own training
[84, 420] -> That is for a batch of 24, as in this lesson's
[19, 95] -> That is for this lesson's 1,200 pictures; the
[160, 32] -> The numbers are right, in reverse order: which one comes
32 -> That is one of the numbers alone. Give a list of 2 numbers
160 -> That is one of the numbers alone. Give a list of 2 numbers
[32, 5] -> The second of two is wrong.
= what_training_changes.loss
0.1 -> That is the probability of the right class; its
-0.1 -> That is the probability with another sign; its
np.log(0.1) -> The sign is missing: a loss is not negative here.
1 -> That is the logarithm to base 10; the loss takes the
-np.log2(0.1) -> That is the logarithm to base 2; the loss takes the
0.9 -> That is 1 minus the probability; the loss is a
-0.1 * np.log(0.1) -> That is a tenth of it. The right class counts, once
-np.log(0.1) / 10 -> That is a tenth of it. The right class counts, once
-10 * np.log(0.1) -> That is ten times as much. The right class counts
-np.log(0.1) / 0.1 -> That is ten times as much. The right class counts
-np.log([0.1] * 10) -> These are ten losses; only that of the right class
-np.log(0.9) -> That is the logarithm of what all other classes get
-np.log(0.1) - 9 * np.log(0.9) -> That adds something for each wrong class; only the
-np.log(0.01) -> That is the loss for a probability of 0.01; ten equal
-np.log(0.5) -> That is the loss for two classes of equal
np.exp(-0.1) -> That is an exponential; the loss takes the logarithm
[-np.log(0.1)] -> Give one number, without brackets.
= what_training_changes.sgd_step
weights + learning_rate * gradients.mean(axis=0) -> The step goes the wrong way: subtract
weights - learning_rate * 2 * (targets - rows @ weights) @ rows / len(rows)
    -> The step goes the wrong way: subtract the gradient.
weights - learning_rate * gradients.sum(axis=0) -> The rows' gradients were added; the
weights - learning_rate * gradients.mean(axis=0) / 2 -> The 2 is missing: the gradient of
weights - learning_rate * errors @ rows -> Two slips: the 2 of 2 × error × input is
weights - gradients.mean(axis=0) -> The learning rate is missing: this is a step with the
weights - gradients.mean(axis=0) / learning_rate -> The gradient was divided by the
weights - 0.02 * gradients.mean(axis=0) -> The learning rate is always 0.02, as in the
weights - learning_rate * gradients -> A row of weights came back for each row: take the
weights - learning_rate * gradients[0] -> That is a step with the first row alone; all
weights - learning_rate * gradients[-1] -> That is a step with the last row alone; all
weights - learning_rate * gradients.mean() -> All gradients together became one number
weights - learning_rate * gradients.mean(axis=1) -> The mean was taken over the inputs
weights - learning_rate * gradients.sum(axis=0) / len(weights)
    -> The sum of the gradients was divided by the number of
weights - learning_rate * gradients.sum(axis=0) / rows.size
    -> The sum of the gradients was divided by how many
weights - learning_rate * 2 * errors.mean() * rows.mean(axis=0)
    -> That is mean error × mean row. Multiply row by row
weights - learning_rate * 2 * errors.sum() * rows.sum(axis=0)
    -> That is the sum of the errors × the sum of the rows.
weights - learning_rate * 2 * errors.mean() * weights -> The error was multiplied by the
weights - learning_rate * 2 * errors.mean() -> The inputs are missing: the gradient of a
weights - learning_rate * (errors**2).mean() -> The loss was subtracted, in place of its
weights - learning_rate * 2 * (errors**2).mean() -> Twice the loss was subtracted; the
weights - learning_rate * 2 * errors**2 @ rows / len(rows) -> The error was squared. The
weights - learning_rate * 2 * abs(errors) @ rows / len(rows)
    -> The errors have lost their signs, which say whether
weights - learning_rate * np.sign(gradients.mean(axis=0)) -> Only the gradient's sign was
weights - learning_rate * 2 * rows @ weights @ rows / len(rows)
    -> The targets are missing: the error is output minus
weights - learning_rate * 2 * (rows @ weights - targets.mean()) @ rows / len(rows)
    -> Each row has a target of its own; this takes their
weights - learning_rate * 2 * (np.maximum(0, rows @ weights) - targets) @ rows / len(rows)
    -> ReLU was applied to the outputs; this layer has no
weights - learning_rate * (2 * (rows * weights - targets[:, None]) * rows).mean(axis=0)
    -> The products of a row were not added up: its output
gradients.mean(axis=0) -> That is the gradient; the weights after the step are
learning_rate * gradients.mean(axis=0) -> That is the learning rate times the gradient
-learning_rate * gradients.mean(axis=0) -> That is the change alone; add it to the old
(errors**2).mean() -> That is the loss; the weights after the step are
errors -> These are the errors, one for each row; the weights
rows @ weights -> These are the outputs, one for each row; the weights
= what_training_changes.moved_most
distance -> These are the distances of all 64 filters: which is
distance.max() -> That is one of the numbers alone. Give a list of 2 numbers
[distance.max(), distance.argmax()] -> The numbers are right, in reverse order: which one
[41, distance.max()] -> The first number is off by one: does counting start
[distance.argmin(), distance.min()] -> That is the filter that moved least.
place_and_value(distance**2) -> The root is missing.
place_and_value(abs(change).max(axis=(0, 1, 2))) -> That is the largest change of a
place_and_value(change) -> That is one weight among all of the kernel; make one
place_and_value(abs(change)) -> That is the change of one weight, without its sign
[40, np.sqrt((change**2).mean(axis=(0, 1, 2))).max()]
    -> The filter is right. Its distance adds up the
place_and_value(abs(change).mean(axis=(0, 1, 2))) -> This is the mean size of a filter's
place_and_value(length(old)) -> That is the longest filter before training; take the
place_and_value(length(new)) -> That is the longest filter after training; take the
place_and_value(length(new) - length(old)) -> That is how much longer the filter became.
[40, np.sqrt((change**2).sum())] -> The filter is right; the distance is that of the
place_and_value(np.sqrt((change**2).sum(axis=(0, 1)))) -> That is one channel of one
place_and_value(np.sqrt((change**2).sum(axis=(0, 1, 3))))
    -> That is an input channel: filters are on the last
place_and_value(np.sqrt(change**2).sum(axis=(0, 1, 2))) -> These are changes without
= what_training_changes.come_to_life
silent -> These are the channels that are silent in the
largest[silent] -> Give a list of 2 numbers; yours has 16.
place_and_value(largest[silent]) -> The value is right; the first number is a place in
[largest[silent].max(), 11] -> The numbers are right, in reverse order: which one comes
[12, largest[silent].max()] -> The first number is off by one: does counting start
place_and_value(largest) -> That is the largest value in the trained network, but
[11, largest.max()] -> The channel is right; the value is the largest of the
[11, 0] -> The channel is right; read its largest value in the
[silent[means[silent].argmax()], means[silent].max()] -> That is the largest mean of a
[silent[largest[silent].argmin()], largest[silent].min()]
    -> That is a silent channel with the smallest value in
[silent[largest[silent].argsort()[-2]], np.sort(largest[silent])[-2]]
    -> It came to life too, but another silent channel
place_and_value(before_largest) -> That is the largest value in the untrained network.
[dead_now[before_largest[dead_now].argmax()], before_largest[dead_now].max()]
    -> That is the largest value in the untrained network.
11 -> That is one of the numbers alone. Give a list of 2 numbers
[11, means[11]] -> The channel is right; that is its mean, and its
[len(silent), largest[silent].max()] -> The first of two is wrong.
= seeds_and_initializers.first_weight
fractions[0, 0] -> This is the fraction; stretch it to the limits.
limit -> This is the limit itself, the largest weight there
-limit -> This is minus limit, the smallest weight there can be.
limit * fractions[0, 0] -> This is fraction × limit. The fraction counts from
-limit * fractions[0, 0] -> This is fraction × minus limit. A fraction of 0
2 * limit * fractions[0, 0] -> This is fraction × twice the limit; it starts at
-limit + limit * fractions[0, 0] -> From minus limit to limit is twice the limit.
limit * (1 - 2 * fractions[0, 0]) -> The sign is wrong: a fraction below 0.5 stands for
0.2 * (2 * fractions[0, 0] - 1) -> The square root is missing in the limit.
np.sqrt(6 / 200) * (2 * fractions[0, 0] - 1) -> The two numbers of the shape were
np.sqrt(6 / 20) * (2 * fractions[0, 0] - 1) -> The fan out is missing under the root: add
np.sqrt(6 / 10) * (2 * fractions[0, 0] - 1) -> The fan in is missing under the root: add
2 * fractions[0, 0] - 1 -> This is stretched to the limit of the output kernel
-0.385187 -> That is the first weight of lesson 01's hidden layer
samples(1)[0] -> This is the first row; the question is about its
samples(1)[0, 1] -> This is the second weight; the first one is `[0, 0]`.
samples(2)[0, 0] -> This is a second sample: set the seed again, then sample.
samples(3)[0, 0] -> This is a third sample: set the seed again, then sample.
samples(4)[0, 0] -> This is a fourth sample: set the seed again, then sample.
samples(1) -> Give one number, not 200.
keras.initializers.GlorotUniform(0)((20, 10))[0, 0] -> This is what Keras's initializer
[samples(1)[0, 0]] -> Give one number, without brackets.
= seeds_and_initializers.equal_kernels
[1, 1, 0, 1] -> a: the initializers of Keras 3 ignore tf.random
[0, 0, 0, 1] -> b: keras.utils.set_random_seed restarts Python's
[0, 1, 1, 1] -> c: one call starts a sequence of seeds; each layer
[0, 1, 0, 0] -> d: an initializer's own seed stays the same at each
[1, 1, 1, 1] -> a: the initializers of Keras 3 ignore tf.random
[0, 0, 0, 0] -> b: keras.utils.set_random_seed restarts Python's
[1, 0, 1, 0] -> a: the initializers of Keras 3 ignore tf.random
[1, 1, 1, 0] -> a: the initializers of Keras 3 ignore tf.random
[1, 3] -> Write a number for each of the four programs: 1 for
[2, 4] -> Write four numbers, one for each program: 1 for
2 -> Give a list of 4 numbers.
"bd" -> Write numbers with a point, without quotation marks
[0, 1] -> That is right as far as it goes. Give a list of 4 numbers
= seeds_and_initializers.order_of_sums
[2, 2] -> That is exact arithmetic. float32 rounds after each
[0, 0] -> In b, the two ones are added first
[4, 2] -> In a, 16,777,217 is rounded down
[2, 0] -> a and b are swapped
[1, 2] -> In a, the second 1 is added to the same number
[0, 1] -> In b, both ones come first: 1 + 1 is exact, and
[16_777_216, 16_777_218] -> These are the sums before the last subtraction, -
0 -> Give a list of 2 numbers.
2 -> That is one of the numbers alone. Give a list of 2 numbers
[16_777_218, 2] -> The first of two is wrong.
= seeds_and_initializers.glorot_limit
np.sqrt(6 / (np.prod(shape[:-1]) + np.prod(shape[1:]))) -> The fan out is rows × columns
np.sqrt(6 / (np.prod(shape[:-1]) + np.prod(shape))) -> All numbers were multiplied for
np.sqrt(6 / (places + ends)) -> The places were added to channels and filters
np.sqrt(6 / (shape[0] ** 2 if area else 1) / ends) -> The first number was squared; rows
np.sqrt(6 / (9 if area else 1) / ends) -> 9 places are those of a 3 × 3 kernel; take them
np.sqrt(6 / (9 * ends)) -> 9 places are those of a 3 × 3 kernel; take them from
(6 / (places * ends)) ** 1 / 2 -> That is half of the fraction, not its root: `** 1 /
(6 / (places * ends)) ** 2 -> The fraction was squared; take its root.
np.sqrt(6 / places * ends) -> Brackets are missing: what stands after `*
[np.prod(shape[:-1]), places * shape[-1]] -> These are the fans; the limit is one number
np.sqrt(6 / np.prod(shape[:-1])) -> The fan out is missing under the root.
np.sqrt(6 / ends) -> This is right for a Dense layer. A convolution's rows
np.sqrt(6 / sum(shape)) -> This is right for a Dense layer. In a convolution
np.sqrt(6 / (shape[0] + shape[1])) -> This is right for a Dense layer. Channels and
np.sqrt(6 / (places * ends)).round(2) -> That is close: give three decimals.
= using_layer_outputs.cosine_similarity
rows @ row -> These are the products, not yet divided by the two
rows * row -> These are the products, number by number; add them up
(rows * row).mean(axis=1) -> These are means of the products; add them up, and
rows @ row / lengths / length -> It is right except for rows of zeros: 0 divided by 0
np.where(lengths > 0, rows @ row / np.maximum(lengths, 1e-9) / length, 0)
    -> It is right except where `row` is all zeros: 0
np.where(lengths * length > 0, rows @ row / both, 1) -> Rows of zeros got 1, as if they
rows @ row / np.maximum(lengths * length, 1) -> Lengths smaller than 1 became 1; take a
rows @ row / (lengths * length + 1) -> 1 was added to the lengths, which is too much
rows @ row / np.maximum(lengths, 1e-9) * length -> The length of `row` multiplies: `a / b
rows @ row / np.maximum(lengths + length, 1e-9) -> The products were divided by the sum
rows @ row / np.maximum((rows**2).sum(axis=1) * (row**2).sum(), 1e-9)
    -> The products were divided by the squares of the
rows @ row / np.maximum(np.linalg.norm(rows) * length, 1e-9)
    -> All of `rows` were divided by one length, that of the
np.linalg.norm(rows - row, axis=1) -> These are Euclidean distances; the question is
-np.linalg.norm(rows - row, axis=1) -> These are Euclidean distances with a minus; the
((rows - row) ** 2).sum(axis=1) -> These are squared distances; the question is about
(rows @ row / both) ** 2 -> The similarity was squared, and that hides its sign.
1 - rows @ row / both -> This is 1 minus the cosine similarity, which some
abs(rows @ row / both) -> The signs are gone: two rows that point away from
np.arccos(np.clip(rows @ row / both, -1, 1)) -> These are the angles in radians; the
np.argsort(-rows @ row / both) -> These are the places of the rows, the most similar
(rows @ row / both).argmax() -> That is the place of the most similar row; give the
(rows @ row / both)[0] -> That is the first row alone: `rows` holds several.
sorted(rows @ row / both) -> The numbers are right, but not where they stand.
[one @ row / max(length * (one @ one) ** 0.5, 1e-9) for one in rows if one.any()]
    -> Give a list of 5 numbers; yours has 3.
= using_layer_outputs.probe_weights
solve(four.T @ four, right_side) -> The penalty is missing: the table is `four.T @ four
solve(four.T @ four + 1 * eye(2), right_side) -> That is the answer for the penalty 1.
solve(four.T @ four + 2, right_side) -> The penalty was added to every number of the
solve(four.T @ four + 2**2 * eye(2), right_side) -> That is the answer for the penalty 4
solve(four.T @ four - 2 * eye(2), right_side) -> The penalty was subtracted; it is added
solve(four.T @ four + np.array([[0, 2], [2, 0]]), right_side)
    -> The penalty stands beside the diagonal; it belongs on
solve(table, 2 * four.T @ is_of_class) -> The proportions are right; all numbers are too
solve(table, four.T @ (1 - is_of_class)) -> The sizes are right, the signs are not.
solve(table, four.T @ targets) -> These are two columns, one for each class of
solve(table, outputs.T @ is_of_class) -> The right side was made from `outputs`; the four
solve(table, outputs.T @ targets) -> The right side is `outputs.T @ targets`, as above
solve(outputs.T @ outputs + 1 * eye(2), right_side) -> The table is `square` from the
solve(outputs.T @ outputs + 2 * eye(2), right_side) -> The table was made from `outputs
solve(outputs.T @ outputs + 2 * eye(2), outputs.T @ is_of_class)
    -> These are the weights for `outputs`; the four
solve(four @ four.T + 2 * eye(4), is_of_class) -> These are the amounts of the four
four @ solve(table, right_side) -> These are the scores of the four pictures; the
four.T @ is_of_class -> That is the right side of the equation; now solve it.
four.T @ four + 2 * eye(2) -> That is the table; pass it to `solve`, with the right
solve(table, right_side)[::-1] -> The numbers are right, in reverse order: which one comes
solve(table, right_side)[0] -> That is one of the numbers alone. Give a list of 2 numbers
= using_layer_outputs.accuracy
(classes == true_labels).sum() -> That is how many are right; the accuracy is their
(classes != true_labels).mean() -> That is the share that is wrong.
classes == true_labels -> These say for each picture whether it is right; take
classes -> These are the classes with the highest scores
classes.mean() -> That is the mean of the class numbers; compare
true_labels.mean() -> That is the mean of the labels; compare each with the
abs(classes - true_labels).mean() -> That is how far the class numbers are from the
1 - abs(classes - true_labels).mean() -> That is 1 minus how far the class numbers are
(scores.argmin(axis=1) == true_labels).mean() -> That is how often the lowest score
(scores.argsort(axis=1)[:, 1] == true_labels).mean() -> That is how often the second
(classes + 1 == true_labels).mean() -> That is 0 of 10. The class is the place of the
scores.argmax(axis=0) -> These are the pictures with the highest score for
scores.max(axis=1) -> These are the highest scores; their places, argmax
scores[np.arange(10), true_labels].mean() -> That is the mean score of the true class
(classes == true_labels).sum() / 3 -> How many are right was divided by the three
(classes == true_labels).sum() / scores.size -> How many are right was divided by all
70 -> That is 100 times too large: is it in per cent?
"70%" -> Write numbers with a point, without quotation marks
= using_layer_outputs.standard_error
[0.0064, 1600] -> The root is missing in the first number.
[0.16 / 25, 0.16 / 0.01] -> The root is missing in both numbers.
[np.sqrt(0.8 / 25), 1600] -> The factor 1 − accuracy is missing in the first
[np.sqrt(0.8 / 25), 0.8 / 0.01**2] -> The factor 1 − accuracy is missing in both
[0.4, 1600] -> The first number is not divided by how many pictures
[0.016, 1600] -> In the first number the root was taken before
[np.sqrt(0.16 / 24), 1600] -> In the first number 24 stands for the pictures
[2, 1600] -> The first number is in pictures; divide by 25
[8, 1600] -> The first number is in per cent; give it as
[0.08, 64] -> The second number says how many times as many
[0.08, 200] -> The second number is eight times as many pictures
[0.08, 0.16 / 0.01] -> In the second number the 0.01 was not squared.
[0.08, 40] -> In the second number a root was taken; leave it out.
[0.08, 1575] -> The second number is how many more pictures it takes
[1600, 0.08] -> The numbers are right, in reverse order: which one comes
0.08 -> That is one of the numbers alone. Give a list of 2 numbers
"""


def rows():
    """Yield exercise, answer and words of each row of the table."""
    for block in re.split(r"^= ", SLIPS.strip(), flags=re.MULTILINE)[1:]:
        name, table = block.split("\n", 1)
        for row in table.replace("\n    ->", " ->").strip().split("\n"):
            answer, words = row.split(" -> ")
            yield name, answer, words


ROWS = list(rows())
FIRST_LINES = {  # of the functions, whose last line is in the table
    "sgd_step": "errors = rows @ weights - targets; gradients = 2 * errors[:, None] * rows",
    "glorot_limit": "*area, inputs, outputs = shape; "
    "places, ends = np.prod(area), inputs + outputs",
    "cosine_similarity": "lengths, length = np.linalg.norm(rows, axis=1), "
    "np.linalg.norm(row); both = np.maximum(lengths * length, 1e-9)",
}


def of_what_training_changes():
    start, trained = cifar10_cnn(), trained_cifar10_cnn()
    old, new = (n.get_layer("conv2d_1").kernel.numpy() for n in (start, trained))
    cat = cat_photograph()[np.newaxis] / np.float32(255)
    before, after = (layer_outputs(n, cat)["conv2d_1"] for n in (start, trained))
    change = new - old

    def length(kernel):
        return np.sqrt((kernel**2).sum(axis=(0, 1, 2)))

    def place_and_value(numbers):
        return [numbers.argmax(), numbers.max()]

    distance, silent = length(change), dead_channels(before)
    means, largest = after.mean(axis=(0, 1, 2)), after.max(axis=(0, 1, 2))
    before_largest, dead_now = before.max(axis=(0, 1, 2)), dead_channels(after)
    return locals()


def of_seeds_and_initializers():
    limit = np.sqrt(6 / (20 + 10))

    def samples(count):
        """Return the last of several samples after the seed."""
        tf.random.set_seed(0)
        for _ in range(count):
            with tf.device("CPU:0"):
                sample = tf.random.uniform((20, 10), -limit, limit).numpy()
        return sample

    fractions = (samples(1) / limit + 1) / 2
    return locals()


def of_using_layer_outputs():
    class_0 = [0, 9, 2, 3, 5, 4, 2, 0, 3, 8]
    class_1 = [8, 3, 7, 1, 9, 1, 5, 6, 0, 6]
    class_2 = [4, 2, 5, 4, 4, 5, 6, 8, 7, 7]
    scores = np.stack([class_0, class_1, class_2], axis=1)
    classes = scores.argmax(axis=1)
    true_labels = np.array([1, 0, 0, 2, 0, 2, 2, 0, 2, 0])
    four = np.array([[2.0, 0.0], [0.0, 1.0], [-1.0, 1.0], [-1.0, -2.0]])
    is_of_class = np.array([1, 1, 0, 0])
    outputs = np.array([[2.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-2.0, -1.0]])
    targets = np.array([[1, 0], [1, 0], [0, 1], [0, 1]])
    table, right_side = four.T @ four + 2 * np.eye(2), four.T @ is_of_class
    solve, eye = np.linalg.solve, np.eye
    return locals()


@cache
def notebook(topic):
    """Return the names that a learner has in a lesson."""
    common = {"relu": relu, "softmax": softmax, "layer_outputs": layer_outputs}
    return {"np": np, "keras": keras, **common, **globals()[f"of_{topic}"]()}


def given(name, answer):
    """Return a learner's answer, or the function that returns it."""
    topic, _, last = name.partition(".")
    if name not in FUNCTIONS:
        return eval(answer, notebook(topic))
    exercise = FUNCTIONS[name]
    names = ", ".join(exercise.names[: len(exercise.cases()[0])])
    return cell(f"def f({names}):\n    {FIRST_LINES[last]}\n    return {answer}")["f"]


@pytest.mark.parametrize(("name", "answer", "words"), ROWS)
def test_a_likely_slip_hears_what_it_is(name, answer, words):
    said = verdict(ALL[name], given(name, answer)).removeprefix("Not yet. ")
    assert words in said if name in FUNCTIONS else said.startswith(words)


def test_every_exercise_has_ten_slips_that_are_not_told_in_general():
    topics = [name.removeprefix("of_") for name in globals() if name.startswith("of_")]
    for name in ALL:
        if name.partition(".")[0] in topics:
            own = [said for said in ALL[name].mistakes if len(said) > 20]
            tried = [words for one, _, words in ROWS if one == name]
            told = {said for said in own for words in tried if words in said}
            assert len(told) >= min(10, len(own)) > 4, name


def sentences(call):
    """Return the sentences of an exercise as they stand in its module."""
    told = [part.value for part in call.args if isinstance(part, ast.Constant)]
    return [one for one in told if isinstance(one, str)]


@pytest.mark.parametrize(
    "path",
    sorted(Path(lessons.__path__[0]).glob("[a-z]*.py")),
    ids=lambda path: path.stem,
)
def test_no_sentence_stands_twice_in_an_exercise(path):
    """A sentence leads to one answer: of two, the first would be lost."""
    calls = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in ("Exercise", "FunctionExercise")
    ]
    assert calls
    for call in calls:
        assert len(sentences(call)) == len({*sentences(call)}), sentences(call)[0]
