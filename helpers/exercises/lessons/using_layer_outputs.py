"""Exercises and guesses of the lesson Using layer outputs."""

from functools import cache

import numpy as np
from numpy.linalg import norm, solve

from ...datasets import cat_photograph, drawn_pictures
from ...extraction import layer_outputs
from ...probes import probe
from ..exercise import Exercise
from ..functions import FunctionExercise
from ..shared import network

EXERCISES, GUESSES = {}, {}

FOUR = np.array([[2.0, 0.0], [0.0, 1.0], [-1.0, 1.0], [-1.0, -2.0]])
IS_OF_CLASS = np.array([1, 1, 0, 0])
OUTPUTS = np.array([[2.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-2.0, -1.0]])
TARGETS = np.array([[1, 0], [1, 0], [0, 1], [0, 1]])
# In these numbers each slip that is likely leads to an answer of its own.
CLASS_0 = [0, 9, 2, 3, 5, 4, 2, 0, 3, 8]
CLASS_1 = [8, 3, 7, 1, 9, 1, 5, 6, 0, 6]
CLASS_2 = [4, 2, 5, 4, 4, 5, 6, 8, 7, 7]
SCORES = np.stack([CLASS_0, CLASS_1, CLASS_2], axis=1)
TRUE_LABELS = np.array([1, 0, 0, 2, 0, 2, 2, 0, 2, 0])
CLASSES = SCORES.argmax(axis=1)
RIGHT = CLASSES == TRUE_LABELS


def ridge(penalty, outputs=FOUR, targets=IS_OF_CLASS):
    """Return the probe's weights for exercise 7.2; the penalty may be a table."""
    return solve(outputs.T @ outputs + penalty, outputs.T @ targets)


def with_square_of(outputs, penalty):
    """Return weights for the right side of 7.2, the table of other outputs beside it."""
    table = outputs.T @ outputs + penalty * np.eye(2)
    return solve(table, FOUR.T @ IS_OF_CLASS)


def cosine_cases():
    """Return rows and one more row, of several sizes; in two cases some are all zero."""
    random = np.random.default_rng(0)
    sizes = [(3, 2), (4, 5), (1, 3), (3, 3), (6, 4)]
    cases = [(random.normal(size=size), random.normal(size=size[1])) for size in sizes]
    cases += [(random.integers(-5, 9, (5, 3)), random.integers(1, 9, 3))]
    cases += [tuple(one.astype("float32") for one in cases[0])]
    some_zero = np.maximum(0, random.normal(size=(5, 4))) * [[1], [0], [1], [1], [0]]
    return [*cases, (some_zero, random.normal(size=4)), (cases[1][0], np.zeros(5))]


def cosine_similarity(rows, row, length=norm):
    """Divide products by lengths; where one of them is 0, so is the similarity."""
    return divided(rows @ row, length(rows, axis=1) * length(row, axis=0))


def divided(numbers, lengths):
    """Divide numbers by lengths, or by 1 where a length is 0."""
    return numbers / np.where(lengths == 0, 1, lengths)


def size(numbers, axis):
    """Return the sum of the sizes of numbers, their signs left out."""
    return abs(numbers).sum(axis=axis)


def squares(numbers, axis):
    """Return the sum of the squares of numbers."""
    return (numbers**2).sum(axis=axis)


def less_mean(numbers):
    """Subtract from each row its mean."""
    return numbers - numbers.mean(axis=-1, keepdims=True)


EXERCISES["cosine_similarity"] = FunctionExercise(
    cosine_similarity,
    "The products are divided by both lengths: a row that is ten times as strong gets the "
    "same number, and a row of zeros gets 0.",
    lambda rows, row: rows @ row / norm(rows, axis=1) / norm(row),
    "It is right except for rows of zeros: 0 divided by 0 is NaN. Let no length be "
    "smaller than a tiny number.",
    lambda rows, row: divided(rows @ row, norm(rows, axis=1)) / norm(row),
    "It is right except where `row` is all zeros: 0 divided by 0 is NaN. Let neither "
    "length be smaller than a tiny number.",
    lambda rows, row: np.where(
        norm(rows, axis=1) * norm(row) == 0, 1, cosine_similarity(rows, row)
    ),
    "Rows of zeros got 1, as if they had the direction of `row`; let them have 0.",
    lambda rows, row: rows @ row / np.maximum(norm(rows, axis=1) * norm(row), 1),
    "Lengths smaller than 1 became 1; take a much smaller number, such as 1e-9.",
    lambda rows, row: rows @ row / (norm(rows, axis=1) * norm(row) + 1),
    "1 was added to the lengths, which is too much; take a tiny number, such as 1e-9.",
    lambda rows, row: divided(rows @ row, norm(rows, axis=1)) * norm(row),
    "The length of `row` multiplies: `a / b * c` is (a / b) × c. Put both lengths in "
    "brackets.",
    lambda rows, row: divided(rows @ row, norm(rows, axis=1) + norm(row)),
    "The products were divided by the sum of the two lengths; divide by their product.",
    lambda rows, row: (rows * row).mean(axis=1),
    "These are means of the products; add them up, and divide by the two lengths.",
    lambda rows, row: rows * row,
    "These are the products, number by number; add them up for each of `rows`.",
    lambda rows, row: rows @ row,
    "These are the products, not yet divided by the two lengths.",
    lambda rows, row: rows @ divided(row, norm(row)),
    "Only the length of `row` was divided out; each row of `rows` has a length too.",
    lambda rows, row: divided(rows @ row, norm(rows, axis=1)),
    "Only the lengths of `rows` were divided out; `row` has a length too.",
    lambda rows, row: norm(rows - row, axis=1),
    "These are Euclidean distances; the question is about directions.",
    lambda rows, row: -norm(rows - row, axis=1),
    "These are Euclidean distances with a minus; the question is about directions.",
    lambda rows, row: squares(rows - row, axis=1),
    "These are squared distances; the question is about directions.",
    lambda rows, row: cosine_similarity(rows, row) ** 2,
    "The similarity was squared, and that hides its sign.",
    lambda rows, row: (-cosine_similarity(rows, row)).argsort(),
    "These are the places of the rows, the most similar first; give the similarities.",
    lambda rows, row: cosine_similarity(rows, row, squares),
    "The products were divided by the squares of the lengths; take the roots.",
    lambda rows, row: 1 - cosine_similarity(rows, row),
    "This is 1 minus the cosine similarity, which some call cosine distance.",
    lambda rows, row: np.arccos(cosine_similarity(rows, row)),
    "These are the angles in radians; the similarity is the cosine of the angle.",
    lambda rows, row: np.degrees(np.arccos(cosine_similarity(rows, row))),
    "These are the angles in degrees; the similarity is the cosine of the angle.",
    lambda rows, row: divided(rows @ row, norm(rows) * norm(row)),
    "All of `rows` were divided by one length, that of the whole table; each row has its "
    "own, with `axis=1`.",
    lambda rows, row: divided(rows, norm(rows, axis=0)) @ divided(row, norm(row)),
    "Each column of `rows` was divided by its length; divide each row, with `axis=1`.",
    lambda rows, row: cosine_similarity(rows, row, size),
    "The sizes of the numbers were added up; a length is the root of the sum of squares.",
    lambda rows, row: cosine_similarity(rows, row, np.sum),
    "The products were divided by sums of the numbers; a length is the root of the sum of "
    "squares.",
    lambda rows, row: cosine_similarity(rows, row) / len(row),
    "These are means of the products; add them up.",
    lambda rows, row: cosine_similarity(less_mean(rows), less_mean(row)),
    "The mean of each row was subtracted first; that makes a correlation.",
    lambda rows, row: abs(cosine_similarity(rows, row)),
    "The signs are gone: two rows that point away from each other have a negative "
    "similarity.",
    lambda rows, row: np.append(cosine_similarity(rows, row)[:-1], 0),
    "The last row is left at 0: where does the loop over the rows end?",
    lambda rows, row: cosine_similarity(rows, row)[0],
    "That is the first row alone: `rows` holds several.",
    lambda rows, row: cosine_similarity(rows, row).argmax(),
    "That is the place of the most similar row; give the similarity of each.",
    lambda rows, row: cosine_similarity(rows, rows.T),
    "The rows were compared with each other; compare each of them with `row`.",
    cases=cosine_cases,
)

EXERCISES["probe_weights"] = Exercise(
    lambda: ridge(2 * np.eye(2)),
    "The penalty is added only to the numbers on the diagonal.",
    lambda: ridge(0),
    "The penalty is missing: the table is `four.T @ four` alone.",
    lambda: ridge(2),
    "The penalty was added to every number of the table; it belongs on the diagonal.",
    lambda: ridge(np.eye(2)),
    "That is the answer for the penalty 1.",
    lambda: FOUR.T @ IS_OF_CLASS,
    "That is the right side of the equation; now solve it.",
    lambda: (FOUR.T @ FOUR + 2 * np.eye(2)) @ (FOUR.T @ IS_OF_CLASS),
    "The table was multiplied by the right side; `solve` does the opposite.",
    lambda: ridge(2**2 * np.eye(2)),
    "That is the answer for the penalty 4: it was squared or counted twice.",
    lambda: ridge(-2 * np.eye(2)),
    "The penalty was subtracted; it is added to the diagonal.",
    lambda: ridge(2 * np.fliplr(np.eye(2))),
    "The penalty stands beside the diagonal; it belongs on it: `2 * np.eye(2)`.",
    lambda: with_square_of(OUTPUTS, 1),
    "The table is `square` from the cell above, made from `outputs`; make one from `four`, "
    "with the penalty 2.",
    lambda: with_square_of(OUTPUTS, 2),
    "The table was made from `outputs`; the four pictures here are `four`.",
    lambda: solve(FOUR.T @ FOUR + 2 * np.eye(2), OUTPUTS.T @ IS_OF_CLASS),
    "The right side was made from `outputs`; the four pictures here are `four`.",
    lambda: solve(FOUR.T @ FOUR + 2 * np.eye(2), OUTPUTS.T @ TARGETS),
    "The right side is `outputs.T @ targets`, as above; here it is "
    "`four.T @ is_of_class`.",
    lambda: FOUR.T @ FOUR + 2 * np.eye(2),
    "That is the table; pass it to `solve`, with the right side `four.T @ is_of_class`.",
    lambda: ridge(FOUR.T @ FOUR),
    "The table was multiplied by 2; the penalty is added to its diagonal.",
    lambda: 2 * ridge(np.eye(2)),
    "The weights for the penalty 1 were doubled; the penalty belongs in the table.",
    lambda: ridge(2 * np.eye(2), targets=TARGETS),
    "These are two columns, one for each class of `targets`; take `is_of_class`.",
    lambda: ridge(2 * np.eye(2), outputs=OUTPUTS),
    "These are the weights for `outputs`; the four pictures here are `four`.",
    lambda: solve(FOUR @ FOUR.T + 2 * np.eye(4), IS_OF_CLASS),
    "These are the amounts of the four pictures; the weights are `four.T @ amounts`.",
    lambda: FOUR @ ridge(2 * np.eye(2)),
    "These are the scores of the four pictures; the question asks for the weights.",
)

EXERCISES["accuracy"] = Exercise(
    lambda: RIGHT.mean(),
    "The highest score of each row says the class. True counts as 1 and false as 0, so "
    "their mean is the accuracy.",
    lambda: RIGHT.sum(),
    "That is how many are right; the accuracy is their share of all ten.",
    lambda: (~RIGHT).mean(),
    "That is the share that is wrong.",
    lambda: RIGHT,
    "These say for each picture whether it is right; take their mean.",
    lambda: CLASSES.mean(),
    "That is the mean of the class numbers; compare each with its label first.",
    lambda: TRUE_LABELS.mean(),
    "That is the mean of the labels; compare each with the class of the highest score.",
    lambda: abs(CLASSES - TRUE_LABELS).mean(),
    "That is how far the class numbers are from the labels; what counts is whether they "
    "are equal.",
    lambda: 1 - abs(CLASSES - TRUE_LABELS).mean(),
    "That is 1 minus how far the class numbers are from the labels; what counts is whether "
    "they are equal.",
    lambda: (SCORES.argmin(axis=1) == TRUE_LABELS).mean(),
    "That is how often the lowest score belongs to the right class; take the highest, "
    "argmax.",
    lambda: (SCORES.argsort(axis=1)[:, 1] == TRUE_LABELS).mean(),
    "That is how often the second highest score belongs to the right class; take the "
    "highest.",
    lambda: np.mean([RIGHT[TRUE_LABELS == label].mean() for label in range(3)]),
    "That is the mean of the three classes' accuracies; every picture counts once.",
    lambda: SCORES.argmax(axis=0),
    "These are the pictures with the highest score for each class, `axis=0`. Find the "
    "class with the highest score for each picture, `axis=1`.",
    lambda: SCORES.max(axis=1),
    "These are the highest scores; their places, argmax, are the classes.",
    lambda: RIGHT.sum() / 3,
    "How many are right was divided by the three classes; divide by the ten pictures.",
    lambda: RIGHT.sum() / SCORES.size,
    "How many are right was divided by all scores; divide by the ten pictures.",
    lambda: CLASSES,
    "These are the classes with the highest scores; compare them with the labels.",
    lambda: SCORES[np.arange(10), TRUE_LABELS].mean(),
    "That is the mean score of the true class; only which score is highest counts.",
    lambda: (CLASSES + 1 == TRUE_LABELS).mean(),
    "That is 0 of 10. The class is the place of the highest score, counted from 0.",
)


def standard_error(accuracy=0.8, pictures=25):
    """Return how far an accuracy typically lies from that of very many pictures."""
    return np.sqrt(accuracy * (1 - accuracy) / pictures)


EXERCISES["standard_error"] = Exercise(
    lambda: [standard_error(), 1600],
    "0.01 is an eighth of 0.08, and that takes 8 × 8 times as many pictures.",
    lambda: [standard_error() ** 2, 1600],
    "The root is missing in the first number.",
    lambda: [standard_error() ** 2, 16],
    "The root is missing in both numbers.",
    lambda: [np.sqrt(0.8 / 25), 1600],
    "The factor 1 − accuracy is missing in the first number.",
    lambda: [np.sqrt(0.8 / 25), 8000],
    "The factor 1 − accuracy is missing in both numbers.",
    lambda: [np.sqrt(0.16), 1600],
    "The first number is not divided by how many pictures there are.",
    lambda: [0.4 / 25, 1600],
    "In the first number the root was taken before the division by the pictures.",
    lambda: [np.sqrt(0.16 / 24), 1600],
    "In the first number 24 stands for the pictures; divide by all 25.",
    lambda: [25 * standard_error(), 1600],
    "The first number is in pictures; divide by 25, as the accuracy does.",
    lambda: [100 * standard_error(), 1600],
    "The first number is in per cent; give it as a part of 1, as the accuracy is.",
    lambda: [standard_error(), 64],
    "The second number says how many times as many pictures; write how many in all.",
    lambda: [standard_error(), 200],
    "The second number is eight times as many pictures; because of the root, that does "
    "not make the error eight times as small.",
    lambda: [standard_error(), 16],
    "In the second number the 0.01 was not squared.",
    lambda: [standard_error(), 40],
    "In the second number a root was taken; leave it out.",
    lambda: [standard_error(), 1575],
    "The second number is how many more pictures it takes; write how many in all.",
)


@cache
def some_pictures():
    """Return 600 drawn pictures, from 0 to 1, and their labels."""
    pictures, labels = drawn_pictures(600, seed=1, part="test")
    return pictures / np.float32(255), labels[:, 0]


@cache
def outputs_of(layer, trained=True):
    """Return a layer's output for these pictures, a row each."""
    pictures, _ = some_pictures()
    return layer_outputs(network(trained), pictures, layer, batch_size=600)[layer]


def pairs_of_neighbours(outputs, directions=True):
    """Return how often the nearest of 400 pictures has the label of a new one."""
    _, labels = some_pictures()
    flat = outputs.reshape(600, -1)
    if directions:
        flat = flat / norm(flat, axis=1, keepdims=True)
    new, known = flat[400:], flat[:400]
    nearest = (new @ known.T - squares(known, axis=1) / 2).argmax(axis=1)
    return (labels[nearest] == labels[400:]).mean()


def right_about(outputs, labels, penalty=1.0):
    """Return which of 600 pictures a probe is right about; it was fitted to 400."""
    fitted = probe(outputs[:400], labels[:400], penalty)
    return fitted.classes(outputs) == labels


def nearer_to_the_cat():
    """Return which is nearer by distance: the dim copy or the blank picture."""
    cat = cat_photograph().ravel() / 255
    return "copy" if norm(cat / 2) < norm(cat - cat.mean()) else "blank"


def measure_that_finds_more():
    """Return which measure finds more neighbours of the same class in several spaces."""
    spaces = [some_pictures()[0], outputs_of("conv2d_1"), outputs_of("conv2d_2")]
    more = [
        pairs_of_neighbours(space) > pairs_of_neighbours(space, directions=False)
        for space in spaces
    ]
    return "direction" if all(more) else "neither" if any(more) else "distance"


def random_kernels_help():
    """Return whether a probe of an untrained layer beats one of the pixels."""
    pictures, labels = some_pictures()
    untrained = outputs_of("max_pooling2d_1", trained=False)
    of_layer, of_pixels = (
        right_about(x, labels)[400:].mean() for x in (untrained, pictures)
    )
    return "yes" if of_layer > of_pixels else "no"


def right_about_shuffled_labels():
    """Tell how often a probe of 64 numbers is right about labels it was fitted to."""
    shuffled = np.random.default_rng(0).permutation(some_pictures()[1])
    right = right_about(outputs_of("dense"), shuffled, penalty=0.01)[:400].mean()
    return "few" if right < 0.15 else "some" if right < 0.9 else "most"


GUESSES["A"] = Exercise(
    nearer_to_the_cat,
    "In the copy, each number differs from the cat's by half of it; in the blank picture, "
    "only by how far it is from the mean. The distance mixes what a picture shows with "
    "how bright it is.",
    copy="To us the copy shows the same cat; the distance knows only numbers.",
)

GUESSES["B"] = Exercise(
    measure_that_finds_more,
    "If all outputs had the same length, both measures would find the same neighbours. So "
    "the difference comes from the strength alone: here it misleads more often than it "
    "helps.",
    distance="The distance also counts how strong an output is; here that misleads.",
    neither="In most rows the direction finds more.",
)

GUESSES["C"] = Exercise(
    random_kernels_help,
    "Convolution, ReLU and pooling turn the pixels into other numbers. Their weighted sums "
    "tell more about the class, even with random kernels. So a high accuracy alone is no "
    "sign of learning.",
    no="Random kernels have learned nothing, but their outputs still depend on the "
    "picture in many new ways.",
)

GUESSES["D"] = Exercise(
    right_about_shuffled_labels,
    "64 weights for each class can fit some of the shuffled labels. 28,800 weights, for "
    "`conv2d`, can fit nearly all. On new pictures both are right about one time in ten, "
    "which is chance.",
    few="There is nothing to learn, but something to memorise, and 64 weights for each "
    "class hold a part of it.",
    most="That would take about as many numbers as pictures; here are 64 for 750.",
)
