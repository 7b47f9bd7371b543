"""Exercises and guesses of the lesson What training changes."""

import numpy as np

from ...datasets import shapes
from ...networks import cifar10_cnn
from ...statistics import dead_channels
from ..exercise import Exercise
from ..functions import FunctionExercise
from ..shared import cat_outputs, network

EXERCISES, GUESSES = {}, {}

PICTURES, BATCH, ONE_AND_ALL = 2000, 64, np.array([1, 5])  # epochs


def gradients(weights, rows, targets):
    """Return for each row the gradient of its squared error."""
    return 2 * (rows @ weights - targets)[:, np.newaxis] * rows


def sgd_step(weights, rows, targets, learning_rate):
    """Return the weights after one step against the mean of the rows' gradients."""
    return weights - learning_rate * gradients(weights, rows, targets).mean(axis=0)


def step_along(direction):
    """Return a function that steps against another direction than the gradient."""
    return lambda weights, rows, targets, learning_rate: (
        weights - learning_rate * direction(weights, rows, targets)
    )


def step_at_rate(rate):
    """Return a function that makes the step with another learning rate."""
    return lambda weights, rows, targets, learning_rate: sgd_step(
        weights, rows, targets, rate(learning_rate)
    )


def one_by_one(weights, rows, targets, learning_rate):
    """Make a step after each row, a mistake."""
    for i in range(len(rows)):
        weights = sgd_step(weights, rows[[i]], targets[[i]], learning_rate)
    return weights


def step_cases():
    """Return weights, rows, targets and learning rates; weights of one are whole."""
    random = np.random.default_rng(0)
    cases = []
    for rows, inputs, rate in [(3, 2, 0.1), (1, 3, 0.02), (4, 1, 0.5), (2, 4, 0.05)]:
        shapes = (inputs,), (rows, inputs), (rows,)
        cases.append((*(random.normal(size=shape) for shape in shapes), rate))
    weights, rows, targets, rate = cases[0]
    square = random.normal(size=(2, 2)), random.normal(size=2)
    cases += [(weights, *square, 0.2), (np.array([1, -2]), rows, targets, rate)]
    return [*cases, (*(one.astype("float32") for one in (weights, *square)), 0.1)]


def kernel(trained, layer="conv2d_1"):
    """Return a layer's kernel before or after training on CIFAR-10."""
    return network(trained).get_layer(layer).kernel.numpy()


def change(layer="conv2d_1"):
    """Return what training added to a layer's kernel."""
    return kernel(True, layer) - kernel(False, layer)


def lengths(weights, axes=(0, 1, 2)):
    """Return the root of the sum of squares, filter by filter."""
    return np.sqrt((weights**2).sum(axis=axes))


def largest(values):
    """Return the place of the largest value, and the value."""
    return [values.argmax(), values.max()]


def came_to_life(layer="conv2d_1", rank=0, before=False, listed=False):
    """Return the silent channel that training made largest, and its largest value."""
    dead = dead_channels(cat_outputs(trained=before)[layer])
    values = cat_outputs(trained=not before)[layer].max(axis=(0, 1, 2))[dead]
    place = values.argsort()[::-1][rank]
    return [place if listed else dead[place], values[place]]


def mean_of(channels):
    """Return the means of channels of ``conv2d_1`` in the trained network."""
    return cat_outputs(True)["conv2d_1"].mean(axis=(0, 1, 2))[channels]


def by_mean():
    """Return the silent channel of ``conv2d_1`` with the largest mean, and the mean."""
    dead = dead_channels(cat_outputs(False)["conv2d_1"])
    return [dead[mean_of(dead).argmax()], mean_of(dead).max()]


EXERCISES["steps"] = Exercise(
    lambda: np.ceil(PICTURES / BATCH) * ONE_AND_ALL,
    "Full batches first, then a smaller one, made of the pictures left over.",
    lambda: PICTURES // BATCH * ONE_AND_ALL,
    "The last batch is missing: it is smaller, but it is a step too.",
    lambda: PICTURES / BATCH * ONE_AND_ALL,
    "There is no part of a step: a smaller batch is a whole step.",
    lambda: PICTURES * ONE_AND_ALL,
    "That is one step a picture; a step takes a whole batch.",
    lambda: BATCH * ONE_AND_ALL,
    "That is the size of a batch; the question is how many batches there are.",
    lambda: np.ceil(PICTURES / BATCH * ONE_AND_ALL),
    "Steps were not rounded up in each epoch: every epoch has a smaller batch of its own.",
    lambda: PICTURES * ONE_AND_ALL // BATCH,
    "The pictures left over make a step in every epoch; you dropped them from the total.",
    lambda: 1200 / 24 * ONE_AND_ALL,
    "These are the steps of this lesson's own training set; the question has a different "
    "one.",
    lambda: np.ceil(PICTURES / BATCH) * ONE_AND_ALL**0,
    "Both numbers are those of one epoch; the second is asked for 5 of them.",
    lambda: np.ceil(PICTURES / 24) * ONE_AND_ALL,
    "That is for a batch of 24, as in this lesson's training; here a batch has 64.",
    lambda: np.ceil(1200 / BATCH) * ONE_AND_ALL,
    "That is for this lesson's 1,200 pictures; the question has 2,000.",
    lambda: (np.ceil(PICTURES / BATCH) + 1) * ONE_AND_ALL,
    "One step too many in each epoch: the smaller batch is one step, not two.",
)

EXERCISES["loss"] = Exercise(
    lambda: -np.log(1 / 10),
    "The logarithm of ten: what guessing among ten classes costs.",
    lambda: np.log(1 / 10),
    "The sign is missing: a loss is not negative here.",
    lambda: np.log10(1 / 10),
    "That is the logarithm to base 10, and the sign is missing.",
    lambda: -np.log10(1 / 10),
    "That is the logarithm to base 10; the loss takes the natural one, np.log.",
    lambda: -np.log2(1 / 10),
    "That is the logarithm to base 2; the loss takes the natural one, np.log.",
    lambda: 1 / 10,
    "That is the probability of the right class; its logarithm is still to come.",
    lambda: -1 / 10,
    "That is the probability with another sign; its logarithm is still to come.",
    lambda: 1 - 1 / 10,
    "That is 1 minus the probability; the loss is a logarithm.",
    lambda: -np.log(1 / 10) / 10,
    "That is a tenth of it. The right class counts, once: its loss is neither divided by "
    "ten nor multiplied by its probability.",
    lambda: -10 * np.log(1 / 10),
    "That is ten times as much. The right class counts, once: ten losses are not added, "
    "nor is its loss divided by its probability.",
    lambda: np.full(10, -np.log(1 / 10)),
    "These are ten losses; only that of the right class counts, one number.",
    lambda: -np.log(1 - 1 / 10),
    "That is the logarithm of what all other classes get; take that of the right one.",
    lambda: -np.log(1 / 10) - 9 * np.log(1 - 1 / 10),
    "That adds something for each wrong class; only the right class counts.",
    lambda: -np.log(1 / 100),
    "That is the loss for a probability of 0.01; ten equal ones are larger.",
    lambda: -np.log(1 / 2),
    "That is the loss for two classes of equal probability; here are ten.",
    lambda: np.exp(-1 / 10),
    "That is an exponential; the loss takes the logarithm, np.log.",
)

EXERCISES["sgd_step"] = FunctionExercise(
    sgd_step,
    "Keras's own step gives the same: against the mean gradient, times the learning rate.",
    step_along(lambda *batch: -gradients(*batch).mean(axis=0)),
    "The step goes the wrong way: subtract the gradient. Or is your error target minus "
    "output? It is output minus target.",
    step_along(lambda *batch: gradients(*batch).sum(axis=0)),
    "The rows' gradients were added; the loss is a mean.",
    step_along(lambda *batch: gradients(*batch).mean(axis=0) / 2),
    "The 2 is missing: the gradient of error² is 2 × error × input.",
    step_along(lambda *batch: gradients(*batch).sum(axis=0) / 2),
    "Two slips: the 2 of 2 × error × input is missing, and the rows' gradients were "
    "added; the loss is a mean.",
    step_along(
        lambda w, rows, y: 2 * (rows @ w - y).mean() * rows.mean(axis=0),
    ),
    "That is mean error × mean row. Multiply row by row first, then take the mean.",
    step_along(lambda w, rows, y: 2 * (rows @ w - y).mean()),
    "The inputs are missing: the gradient of a weight is 2 × error × its own input.",
    step_along(lambda w, rows, y: (2 * (rows @ w)[:, np.newaxis] * rows).mean(axis=0)),
    "The targets are missing: the error is output minus target.",
    step_along(
        lambda w, rows, y: (2 * (rows @ w - y)[:, np.newaxis] ** 2 * rows).mean(axis=0)
    ),
    "The error was squared. The loss is its square; the gradient is 2 × error × input.",
    step_along(
        lambda w, rows, y: (2 * abs(rows @ w - y)[:, np.newaxis] * rows).mean(axis=0)
    ),
    "The errors have lost their signs, which say whether an output is too large.",
    step_along(
        lambda w, rows, y: (2 * (rows * w - y[:, np.newaxis]) * rows).mean(axis=0)
    ),
    "The products of a row were not added up: its output is one number, `row @ weights`.",
    step_along(lambda w, rows, y: 2 * (rows @ w - y).mean() * w),
    "The error was multiplied by the weight; the gradient is 2 × error × input.",
    step_along(lambda w, rows, y: 2 * (rows @ w - y).sum() * rows.sum(axis=0)),
    "That is the sum of the errors × the sum of the rows. Multiply row by row first, then "
    "take the mean.",
    step_along(lambda w, rows, y: ((rows @ w - y) ** 2).mean()),
    "The loss was subtracted, in place of its gradient, 2 × error × input.",
    step_along(lambda w, rows, y: 2 * ((rows @ w - y) ** 2).mean()),
    "Twice the loss was subtracted; the gradient is 2 × error × input, without a square.",
    step_along(lambda w, *batch: gradients(w, *batch).sum(axis=0) / len(w)),
    "The sum of the gradients was divided by the number of inputs; a mean over the rows "
    "is divided by their number.",
    step_along(lambda w, rows, y: gradients(w, rows, y).sum(axis=0) / rows.size),
    "The sum of the gradients was divided by how many numbers `rows` holds; divide it by "
    "how many rows there are.",
    step_along(
        lambda w, rows, y: (
            2 * (np.maximum(0, rows @ w) - y)[:, np.newaxis] * rows
        ).mean(axis=0)
    ),
    "ReLU was applied to the outputs; this layer has no activation.",
    step_along(lambda w, rows, y: gradients(w, rows, y.mean()).mean(axis=0)),
    "Each row has a target of its own; this takes their mean for all rows.",
    step_along(lambda *batch: np.sign(gradients(*batch).mean(axis=0))),
    "Only the gradient's sign was used; its size counts as well.",
    step_along(lambda *batch: gradients(*batch).mean()),
    "All gradients together became one number; take the mean over the rows alone, "
    "axis=0, one for each weight.",
    step_along(lambda *batch: gradients(*batch).mean(axis=1)),
    "The mean was taken over the inputs, axis=1; take it over the rows, axis=0.",
    step_along(gradients),
    "A row of weights came back for each row: take the mean of the gradients first.",
    step_along(lambda *batch: gradients(*batch)[0]),
    "That is a step with the first row alone; all rows of the batch count.",
    step_along(lambda *batch: gradients(*batch)[-1]),
    "That is a step with the last row alone; all rows of the batch count.",
    one_by_one,
    "This makes a step after each row; here all rows together make one step.",
    step_at_rate(lambda rate: 1),
    "The learning rate is missing: this is a step with the whole gradient.",
    step_at_rate(lambda rate: 0.02),
    "The learning rate is always 0.02, as in the text; here learning_rate comes in.",
    step_at_rate(lambda rate: 0.1),
    "The learning rate is always 0.1; here learning_rate comes in.",
    step_at_rate(lambda rate: 1 / rate),
    "The gradient was divided by the learning rate; multiply them.",
    lambda w, rows, y, rate: rows @ w - y,
    "These are the errors, one for each row; the weights after the step are asked for.",
    lambda w, rows, y, rate: rows @ w,
    "These are the outputs, one for each row; the weights after the step are asked for.",
    lambda w, rows, y, rate: gradients(w, rows, y).mean(axis=0),
    "That is the gradient; the weights after the step are asked for.",
    lambda w, rows, y, rate: rate * gradients(w, rows, y).mean(axis=0),
    "That is the learning rate times the gradient; subtract it from the old weights.",
    lambda w, rows, y, rate: -rate * gradients(w, rows, y).mean(axis=0),
    "That is the change alone; add it to the old weights.",
    lambda w, rows, y, rate: ((rows @ w - y) ** 2).mean(),
    "That is the loss; the weights after the step are asked for.",
    cases=step_cases,
)

EXERCISES["moved_most"] = Exercise(
    lambda: largest(lengths(change())),
    "All its 288 changes count: squared, added up, and the root taken.",
    lambda: largest(np.abs(change()).max(axis=(0, 1, 2))),
    "That is the largest change of a single weight; all weights of a filter count.",
    lambda: largest(np.abs(change()).sum(axis=(0, 1, 2))),
    "These are changes without their signs, added up; square them, and take the root "
    "of the sum.",
    lambda: largest(change().sum(axis=(0, 1, 2))),
    "The changes were added without squares: up and down cancel each other.",
    lambda: largest(np.abs(change().sum(axis=(0, 1, 2)))),
    "The changes were added first, and the sign was dropped after: up and down cancel "
    "each other.",
    lambda: largest(lengths(change()) ** 2),
    "The root is missing.",
    lambda: largest(lengths(kernel(trained=True))),
    "That is the longest filter after training; take the difference to the filter before.",
    lambda: largest(lengths(kernel(trained=False))),
    "That is the longest filter before training; take the difference to the one after.",
    lambda: largest(lengths(kernel(True)) - lengths(kernel(False))),
    "That is how much longer the filter became. Its direction changed as well: take "
    "the difference first, then its length.",
    lambda: [lengths(change()).argmin(), lengths(change()).min()],
    "That is the filter that moved least.",
    lambda: largest(np.sqrt((change() ** 2).mean(axis=(0, 1, 2)))),
    "The filter is right. Its distance adds up the squares; this is the root of their "
    "mean.",
    lambda: largest(np.abs(change()).mean(axis=(0, 1, 2))),
    "This is the mean size of a filter's changes; add up their squares, and take the root.",
    lambda: largest(change()),
    "That is one weight among all of the kernel; make one number for each filter first.",
    lambda: largest(np.abs(change())),
    "That is the change of one weight, without its sign; make one number for each filter "
    "first: all its weights count.",
    lambda: largest(lengths(change(), axes=(0, 1))),
    "That is one channel of one filter: a filter has 32 channels, on axis 2; sum over "
    "them as well.",
    lambda: [lengths(change()).argmax(), np.sqrt((change() ** 2).sum())],
    "The filter is right; the distance is that of the whole kernel.",
    lambda: lengths(change()),
    "These are the distances of all 64 filters: which is the largest, and where is it?",
    lambda: largest(lengths(change(), axes=(0, 1, 3))),
    "That is an input channel: filters are on the last axis, so sum over the other three.",
    lambda: largest(lengths(change("conv2d"))),
    "That is conv2d, the first layer; the question is about conv2d_1.",
    lambda: largest(lengths(change("conv2d_2"))),
    "That is conv2d_2; the question is about conv2d_1.",
)

EXERCISES["come_to_life"] = Exercise(
    came_to_life,
    "Silent for one picture is not dead: other pictures gave it gradients.",
    lambda: came_to_life(rank=1),
    "It came to life too, but another silent channel has grown larger.",
    lambda: largest(cat_outputs(True)["conv2d_1"].max(axis=(0, 1, 2))),
    "That is the largest value in the trained network, but the channel was not silent "
    "in the untrained one.",
    lambda: came_to_life(before=True),
    "That is the largest value in the untrained network. The question goes the other way: "
    "silent before, large after.",
    lambda: came_to_life(listed=True),
    "The value is right; the first number is a place in the list of silent channels.",
    lambda: [came_to_life()[0], 0],
    "The channel is right; read its largest value in the trained network, not in the "
    "untrained one.",
    by_mean,
    "That is the largest mean of a channel; its largest value is asked for.",
    lambda: [came_to_life()[0], mean_of(came_to_life()[0])],
    "The channel is right; that is its mean, and its largest value is asked for.",
    lambda: came_to_life(rank=-1),
    "That is a silent channel with the smallest value in the trained network: it is 0 "
    "there as well.",
    lambda: [came_to_life()[0], cat_outputs(True)["conv2d_1"].max()],
    "The channel is right; the value is the largest of the whole layer.",
    lambda: dead_channels(cat_outputs(False)["conv2d_1"]),
    "These are the channels that are silent in the untrained network: which of them has "
    "the largest value in the trained one?",
    lambda: came_to_life("conv2d"),
    "That is conv2d, the first layer; choose conv2d_1.",
    lambda: came_to_life("conv2d_2"),
    "That is conv2d_2; choose conv2d_1.",
)


def share_by_chance():
    """Return the accuracy of an untrained network, to one decimal."""
    images, labels = shapes(500, seed=1)
    predicted = (
        cifar10_cnn().predict(images / np.float32(255), verbose=0).argmax(axis=1)
    )
    return (predicted == labels[:, 0]).mean().round(1)


def loss_after(rate, x=3.0, target=6.0, weight=0.5):
    """Return the squared error after one step on one weight."""
    weight -= rate * 2 * (weight * x - target) * x
    return (weight * x - target) ** 2


def zeros(trained):
    """Return the share of zeros in ``conv2d_2`` for the cat photograph."""
    return (cat_outputs(trained)["conv2d_2"] == 0).mean()


GUESSES["A"] = Exercise(
    share_by_chance,
    "Guessing among ten classes of equal size is right in one of ten cases. The loss is "
    "near that of exercise 5.2.",
    lambda: 0,
    "To be wrong every time, the network would have to know the labels.",
    lambda: 0.5,
    "Half is what guessing gives between two classes; here are ten.",
    lambda: 10,
    "An accuracy is a number from 0 to 1: divide per cent by 100.",
    lambda: 50,
    "That counts pictures: divide by 500.",
)

GUESSES["B"] = Exercise(
    lambda: "yes" if loss_after(0.2) < loss_after(0) else "no",
    "The best weight is 2. The long step jumps over it and lands further away than it "
    "began: the slope is -27 only at the old weight.",
    yes="The direction is right, but the step is too long.",
)

GUESSES["C"] = Exercise(
    lambda: "first",
    "Both halves have 150 steps. At first the loss falls fast and the maps change a lot; "
    "later steps refine them.",
    second="The last frames may look sharper, but they differ less.",
)

GUESSES["D"] = Exercise(
    lambda: "equal",
    "The network was trained on neither of the two. Training lowers the loss of the "
    "training set, in part by what is true of those pictures alone: that makes the "
    "difference.",
    higher="The validation pictures are as new to the network as the test pictures.",
    lower="The test pictures are as new to the network as the validation pictures.",
)

GUESSES["E"] = Exercise(
    lambda: "more" if zeros(True) > zeros(False) else "fewer",
    "ReLU makes 0 of every sum below 0. Training moved the sums down: for the cat, their "
    "mean went from -0.004 to -0.812.",
    fewer="Trained channels respond to less of the picture, not to more.",
    same="Half is what random weights give: about as many sums below 0 as above it.",
)
