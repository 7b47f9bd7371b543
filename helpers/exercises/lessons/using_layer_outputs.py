"""Exercises, predictions and quiz of the lesson Using layer outputs."""

from functools import cache

import numpy as np
import tensorflow as tf

from ...datasets import cat_photograph, shapes
from ...extraction import layer_outputs
from ...networks import cifar10_cnn, trained_cifar10_cnn
from ..exercise import Exercise, Question

EXERCISES = {}

NEW = np.array([3.0, 4.0])
KNOWN = np.array([[4.0, 3.0], [30.0, 40.0], [0.0, 5.0]])

FOUR = np.array([[2.0, 0.0], [0.0, 1.0], [-1.0, 1.0], [-1.0, -2.0]])
IS_OF_CLASS = np.array([1, 1, 0, 0])
OUTPUTS = np.array([[2.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-2.0, -1.0]])
TARGETS = np.array([[1, 0], [1, 0], [0, 1], [0, 1]])

SCORES = np.array([[2, 1, 0], [0, 3, 1], [1, 2, 5], [4, 0, 2], [1, 2, 0]])
TRUE_LABELS = np.array([0, 1, 1, 0, 2])

MAPS = np.stack([[[1, 2], [0, 3]], [[2, 0], [1, 1]]], axis=-1)
GRADIENT = np.stack([[[1, 2], [0, 1]], [[-1, -3], [0, 2]]], axis=-1)


def lengths(rows):
    """Return the length of each row: the root of the sum of its squares."""
    return np.sqrt((rows**2).sum(axis=-1))


def ridge(penalty, outputs=FOUR, targets=IS_OF_CLASS):
    """Return the probe's weights for exercise 7.2; the penalty may be a table."""
    return np.linalg.solve(outputs.T @ outputs + penalty, outputs.T @ targets)


def weighted_sum():
    """Return the maps of exercise 7.4 added up with their channels' weights."""
    return (MAPS * GRADIENT.mean(axis=(0, 1))).sum(axis=-1)


EXERCISES["cosine"] = Exercise(
    right=lambda: KNOWN @ NEW / lengths(KNOWN) / lengths(NEW),
    why="By distance the first row is nearest; by direction it is the second, which is "
    "ten times as strong and otherwise the same.",
    mistakes={
        "These are the products, not yet divided by the two lengths.": (
            lambda: KNOWN @ NEW
        ),
        "Only the length of `new` was divided out; each row of `known` has a length too.": (
            lambda: KNOWN @ NEW / lengths(NEW)
        ),
        "Only the lengths of `known` were divided out; `new` has a length too.": (
            lambda: KNOWN @ NEW / lengths(KNOWN)
        ),
        "These are Euclidean distances; the question is about directions.": (
            lambda: lengths(KNOWN - NEW)
        ),
        "The products were divided by the squares of the lengths; take the roots.": (
            lambda: KNOWN @ NEW / lengths(KNOWN) ** 2 / lengths(NEW) ** 2
        ),
        "This is 1 minus the cosine similarity, which some call cosine distance.": (
            lambda: 1 - KNOWN @ NEW / lengths(KNOWN) / lengths(NEW)
        ),
    },
)

EXERCISES["probe_weights"] = Exercise(
    right=lambda: ridge(2 * np.eye(2)),
    why="The penalty stands on the diagonal alone.",
    mistakes={
        "The penalty is missing: the table is `four.T @ four` alone.": (
            lambda: ridge(0)
        ),
        "The penalty was added to every number of the table; it belongs on the diagonal.": (
            lambda: ridge(2)
        ),
        "That is the answer for the penalty 1.": lambda: ridge(np.eye(2)),
        "That is the right side of the equation; it is still to be solved.": (
            lambda: FOUR.T @ IS_OF_CLASS
        ),
        "The table was multiplied with the right side; `solve` does the reverse.": (
            lambda: (FOUR.T @ FOUR + 2 * np.eye(2)) @ (FOUR.T @ IS_OF_CLASS)
        ),
        "The table was multiplied by 2; the penalty is added to its diagonal.": (
            lambda: ridge(FOUR.T @ FOUR)
        ),
        "The weights for the penalty 1 were doubled; the penalty belongs in the table.": (
            lambda: 2 * ridge(np.eye(2))
        ),
        "These are two columns, one for each class of `targets`; take `is_of_class`.": (
            lambda: ridge(2 * np.eye(2), targets=TARGETS)
        ),
        "These are the weights for `outputs`; the four pictures here are `four`.": (
            lambda: ridge(2 * np.eye(2), outputs=OUTPUTS)
        ),
        "These are the amounts of the four pictures; the weights are `four.T @ amounts`.": (
            lambda: np.linalg.solve(FOUR @ FOUR.T + 2 * np.eye(4), IS_OF_CLASS)
        ),
        "These are the scores of the four pictures; the question asks for the weights.": (
            lambda: FOUR @ ridge(2 * np.eye(2))
        ),
    },
)

EXERCISES["accuracy"] = Exercise(
    right=lambda: (SCORES.argmax(axis=1) == TRUE_LABELS).mean(),
    why="The highest score of each row names the class; the mean of true and false is "
    "the accuracy.",
    mistakes={
        "That is how many are right; the accuracy is their share of all five.": (
            lambda: (SCORES.argmax(axis=1) == TRUE_LABELS).sum()
        ),
        "That is the share that is wrong.": (
            lambda: (SCORES.argmax(axis=1) != TRUE_LABELS).mean()
        ),
        "That is in percent; the answer is a number from 0 to 1.": (
            lambda: 100 * (SCORES.argmax(axis=1) == TRUE_LABELS).mean()
        ),
        "These say for each picture whether it is right; take their mean.": (
            lambda: SCORES.argmax(axis=1) == TRUE_LABELS
        ),
        "That is the mean of the classes' numbers; compare each with its label first.": (
            lambda: SCORES.argmax(axis=1).mean()
        ),
        "These are the classes with the highest scores; compare them with the labels.": (
            lambda: SCORES.argmax(axis=1)
        ),
        "That is the mean score of the true class; only which score is highest counts.": (
            lambda: SCORES[np.arange(5), TRUE_LABELS].mean()
        ),
        "Classes were counted from 1; they are counted from 0.": (
            lambda: (SCORES.argmax(axis=1) + 1 == TRUE_LABELS).mean()
        ),
    },
)

EXERCISES["heat_map"] = Exercise(
    right=lambda: np.maximum(0, weighted_sum()),
    why="The second channel's mean gradient is negative: where it answers, it speaks "
    "against the class.",
    mistakes={
        "This is before ReLU: what speaks against the class is still there.": (
            weighted_sum
        ),
        "The gradients were added up; the weight of a channel is their mean.": (
            lambda: np.maximum(0, (MAPS * GRADIENT.sum(axis=(0, 1))).sum(axis=-1))
        ),
        "Each number was multiplied by its own gradient; a channel has one weight, the "
        "mean.": lambda: np.maximum(0, (MAPS * GRADIENT).sum(axis=-1)),
        "ReLU cut each channel alone; it acts on the sum of the channels.": (
            lambda: np.maximum(0, MAPS * GRADIENT.mean(axis=(0, 1))).sum(axis=-1)
        ),
        "It was divided by the largest number, which is for the picture only.": (
            lambda: np.maximum(0, weighted_sum()) / weighted_sum().max()
        ),
        "The channels were added up without their weights.": lambda: MAPS.sum(axis=-1),
        "The weighted maps of the channels are added up; this is their mean.": (
            lambda: np.maximum(0, weighted_sum()) / MAPS.shape[-1]
        ),
        "Maps and gradient changed places.": (
            lambda: np.maximum(0, (GRADIENT * MAPS.mean(axis=(0, 1))).sum(axis=-1))
        ),
        "These are the two channels' weights; multiply the maps by them and add up.": (
            lambda: GRADIENT.mean(axis=(0, 1))
        ),
        "These are the weighted maps of both channels; add them up.": (
            lambda: MAPS * GRADIENT.mean(axis=(0, 1))
        ),
    },
)


@cache
def some_shapes():
    """Return 600 generated pictures, from 0 to 1, and their labels."""
    pictures, labels = shapes(600, seed=1)
    return pictures / np.float32(255), labels[:, 0]


@cache
def of_shapes(layer, trained=True):
    """Return a layer's output for these pictures, a row each."""
    network = trained_cifar10_cnn() if trained else cifar10_cnn()
    pictures, _ = some_shapes()
    return layer_outputs(network, pictures, layer, batch_size=600)[layer]


def pairs_of_neighbours(outputs):
    """Return how often the nearest of 400 pictures has the label of a new one."""
    _, labels = some_shapes()
    flat = outputs.reshape(600, -1)
    flat = flat / lengths(flat)[:, np.newaxis]
    nearest = (flat[400:] @ flat[:400].T).argmax(axis=1)
    return (labels[nearest] == labels[400:]).mean()


def probe(outputs, labels, penalty=1.0):
    """Return which of 600 pictures a probe is right about; it was fitted to 400."""
    flat = outputs.reshape(600, -1)
    flat = flat - flat[:400].mean(axis=0)
    flat = flat / np.sqrt((flat[:400] ** 2).sum(axis=1).mean())
    similar = flat @ flat[:400].T
    targets = np.eye(10)[labels[:400]]
    amounts = np.linalg.solve(similar[:400] + penalty * np.eye(400), targets)
    return (similar @ amounts).argmax(axis=1) == labels


def nearer_to_the_cat():
    """Return which is nearer by distance: the dim copy or the blank picture."""
    cat = cat_photograph() / 255
    to_copy, to_blank = lengths((cat / 2).ravel()), lengths((cat - cat.mean()).ravel())
    return "copy" if to_copy < to_blank else "blank"


def space_with_more_pairs():
    """Return which of two spaces finds more neighbours of the same class."""
    by_pixels = pairs_of_neighbours(some_shapes()[0])
    by_layer = pairs_of_neighbours(of_shapes("conv2d_2"))
    return "conv2d_2" if by_layer > by_pixels else "pixels"


def random_kernels_help():
    """Return whether a probe of an untrained layer beats one of the pixels."""
    pictures, labels = some_shapes()
    untrained = of_shapes("max_pooling2d_1", trained=False)
    of_layer, of_pixels = (probe(x, labels)[400:].mean() for x in (untrained, pictures))
    return "yes" if of_layer > of_pixels else "no"


def right_about_shuffled_labels():
    """Return whether a probe learns shuffled labels of the pictures it was fitted to."""
    shuffled = np.random.default_rng(0).permutation(some_shapes()[1])
    right = probe(of_shapes("conv2d"), shuffled, penalty=0.01)[:400].mean()
    return "high" if right > 0.9 else "low"


def some_heat_maps_are_empty():
    """Return whether Grad-CAM leaves nothing for some picture's lowest class."""
    network = trained_cifar10_cnn()
    kernel, bias = network.get_layer("dense_1").get_weights()
    maps = tf.constant(of_shapes("conv2d_2"))
    with tf.GradientTape() as tape:
        tape.watch(maps)
        hidden = network.get_layer("dense")(network.get_layer("flatten")(maps))
        lowest = tf.reduce_min(hidden @ kernel + bias, axis=1)
    weights = tf.reduce_mean(tape.gradient(lowest, maps), axis=(1, 2), keepdims=True)
    highest = tf.reduce_max(tf.reduce_sum(weights * maps, axis=-1), axis=(1, 2))
    return "yes" if (highest.numpy() <= 0).any() else "no"


PREDICTIONS = {}

PREDICTIONS["A"] = Exercise(
    right=nearer_to_the_cat,
    why="At half the brightness every pixel is off by half its own value; the blank "
    "picture is off only by how far a pixel is from the mean. The distance mixes what a "
    "picture shows with how bright it is.",
    mistakes={
        "To us the copy shows the same cat; the distance knows only numbers.": (
            lambda: "copy"
        ),
    },
)

PREDICTIONS["B"] = Exercise(
    right=space_with_more_pairs,
    why="Pixels compare colours place by place. The layer compares patterns and, because "
    "of pooling, lets them move a little; it was not asked to group these very pictures.",
    mistakes={
        "Nothing is lost in the pixels, but what they compare is not what makes a class.": (
            lambda: "pixels"
        ),
    },
)

PREDICTIONS["C"] = Exercise(
    right=random_kernels_help,
    why="Convolution, ReLU and pooling turn the pixels into other numbers, from which "
    "weighted sums can tell more, even with random kernels. So a high accuracy alone "
    "is no sign of learning.",
    mistakes={
        "Random kernels have learned nothing, but their outputs still depend on the "
        "picture in many new ways.": lambda: "no",
    },
)

PREDICTIONS["D"] = Exercise(
    right=right_about_shuffled_labels,
    why="With more numbers than pictures a weighted sum can be found for any labels: "
    "the probe knows each picture by heart. On new pictures it is right about one time "
    "in ten, which is chance.",
    mistakes={
        "There is nothing to learn, but there is something to memorise: 750 pictures, "
        "each with 28,800 numbers.": lambda: "low",
    },
)

PREDICTIONS["E"] = Exercise(
    right=some_heat_maps_are_empty,
    why="Where every position speaks against the class, the weighted sum is negative "
    "throughout, and ReLU leaves nothing. An empty map is an answer: nothing here raised "
    "this score.",
    mistakes={
        "Each map is stretched to full brightness when it is drawn, which hides how "
        "little may be there.": lambda: "no",
    },
)

QUIZ = [
    Question(
        "Two outputs of a layer have the cosine similarity 1, and a large distance. "
        "What does that say?",
        right="One is a multiple of the other: the same pattern, in another strength",
        why="Direction ignores the length; the whole distance comes from the strength.",
        wrong={
            "They are the same output, and the distance was computed wrongly": (
                "Equal outputs have the distance 0. These differ, in strength alone."
            ),
            "They have nothing in common, since the distance between them is large": (
                "A cosine similarity of 1 is the same direction; the distance comes "
                "from the length alone."
            ),
            "The two pictures show things of the same class, one of them larger": (
                "It may be so, but a layer's outputs alone do not know the class."
            ),
        },
    ),
    Question(
        "A probe on the trained `conv2d` is right for 60 % of new pictures, one on the "
        "untrained `conv2d` for 45 %, one on pixels for 40 %. What has training brought "
        "to this layer?",
        right="The step from 45 % to 60 %: the same layer before and after",
        why="Everything else is equal in the two: the kind of layer and how many numbers.",
        wrong={
            "All of the 60 %: without training the layer would know nothing": (
                "Untrained it has 45 %. Random kernels keep much of the picture."
            ),
            "The step from 40 % to 60 %: what the layer adds to the pixels": (
                "A part of it comes from random kernels and ReLU alone."
            ),
        },
    ),
    Question(
        "A probe reads from `dense` whether a picture is bright or dark, and is nearly "
        "always right. What follows?",
        right="The brightness can be computed from the numbers of `dense`",
        why="A probe shows what can be read. What the network does with it is open.",
        wrong={
            "The network uses the brightness to choose the class": (
                "The last layer may ignore it. To know, one would have to take it away "
                "and see whether the answers change."
            ),
            "The network was trained to tell bright from dark": (
                "The probe was, afterwards. What helps in one task is often there "
                "without being asked for."
            ),
            "One unit of `dense` measures the brightness": (
                "A probe adds up many units; no single one need have it."
            ),
        },
    ),
    Question(
        "Why is Grad-CAM's gradient taken of the score before softmax?",
        right="A probability near 1 hardly moves, and depends on all other classes too",
        why="The score before it belongs to one class and is not held back by a limit.",
        wrong={
            "Softmax has no gradient, so TensorFlow could not compute it": (
                "It has one; training uses it. It is small where the network is sure."
            ),
            "The scores add up to 1, which makes heat maps comparable": (
                "Probabilities add up to 1; the scores before softmax do not."
            ),
            "ReLU after softmax would leave nothing of the heat map": (
                "ReLU acts on the weighted sum of the maps, in either case."
            ),
        },
    ),
    Question(
        "The heat map of a wrong answer lies exactly on the object. What does that tell?",
        right="The object's place raised the wrong class's score; the map cannot warn",
        why="A heat map explains a score, whether it is right or wrong.",
        wrong={
            "The network saw the object, so its answer is nearly right": (
                "It looked at the place and took it for something else. The map shows "
                "where, not what."
            ),
            "The gradient was computed wrongly, or the picture is mislabelled": (
                "Neither need be so: a correct gradient explains a wrong score as well."
            ),
            "The network found the object's outline at 8 × 8 pixels": (
                "Each square is one number, whose patch has 18 × 18 pixels; outlines "
                "are out of its reach."
            ),
        },
    ),
]
