"""Exercises and guesses of the lesson Seeds and initializers."""

from functools import partial
from itertools import combinations
from math import prod
from random import Random

import keras
import numpy as np
import tensorflow as tf

from ..exercise import Exercise
from ..functions import FunctionExercise
from ..shared import dense_weights

EXERCISES, GUESSES = {}, {}

NEW_SHAPE = (20, 10)
LARGE = 16_777_216


def fans(shape, places=lambda shape: prod(shape[:-2])):
    """Return fan in and fan out of a kernel's shape."""
    return places(shape) * shape[-2], places(shape) * shape[-1]


def glorot_limit(shape):
    """Return the Glorot limit of a kernel's shape."""
    return np.sqrt(6 / sum(fans(shape)))


def limit_cases():
    """Return shapes of kernels of Dense layers and of convolutions over 1 to 3 axes."""
    dense, picture = [(3, 4), (4, 2), (64, 10), (7, 1)], [(3, 3, 3, 32), (2, 3, 4, 1)]
    others = [(1, 1, 6, 8), (5, 2, 3), (2, 3, 2, 1, 3)]
    return [(shape,) for shape in dense + picture + others]


def fractions(kernel=0):
    """Return where a kernel's weights stand between minus limit, 0, and limit, 1.

    Kernel 0 was sampled first after ``tf.random.set_seed(0)``, kernel 2 second.
    """
    weights = dense_weights()[kernel]
    return (weights / glorot_limit(weights.shape) + 1).ravel() / 2


def first_weight(shape=NEW_SHAPE, low=-1, high=1, power=1):
    """Return the first weight of a shape, stretched from low to high times its limit."""
    return (low + (high - low) * fractions()[0]) * glorot_limit(shape) ** power


def later_sample(number):
    """Return the first fraction of a later sample after ``tf.random.set_seed(0)``.

    TensorFlow gives each sample a seed from Python's generator. Here it is used without
    setting the learner's own seed.
    """
    source = Random(0)
    for _ in range(number):
        seed = source.randint(0, 2**31 - 1)
    key, counter = np.array([0], "uint64"), np.array([0, seed], "uint64")
    with tf.device("CPU:0"):
        sample = tf.raw_ops.StatelessRandomUniformV2(
            shape=[1], key=key, counter=counter, alg=1
        )
    return float(sample[0])


def stretched(fraction, limit):
    """Return the weight that a fraction from 0 to 1 stands for."""
    return limit * (2 * fraction - 1)


def equal_kernels(seeding):
    """Tell, 1 or 0, if two kernels are equal; seeds come from ``random``, as in Keras."""
    sources = {
        "no call": [Random(), Random()],
        "before each": [Random(1), Random(1)],
        "once": [Random(1)] * 2,
    }
    seeds = [source.randint(1, 10**9) for source in sources[seeding]]
    kernels = [keras.initializers.GlorotUniform(seed)((3, 4)) for seed in seeds]
    return int(np.array_equal(*map(keras.ops.convert_to_numpy, kernels)))


def programs(a="no call", b="before each", c="once", d="before each"):
    """Return for the four programs of `equal_kernels` whether both kernels are equal."""
    return [equal_kernels(seeding) for seeding in (a, b, c, d)]


# What is to say about each program, and what the opposite answer to it makes equal.
REASONS = {
    "a": (
        "the initializers of Keras 3 ignore tf.random.set_seed",
        "before each",
    ),
    "b": ("keras.utils.set_random_seed restarts Python's random, each time", "once"),
    "c": (
        "one call starts a sequence of seeds; each layer takes the next one",
        "before each",
    ),
    "d": ("an initializer's own seed stays the same at each call", "once"),
}


def wrong_programs():
    """Yield each wrong answer to `equal_kernels`, and what to say about it."""
    for count in range(1, len(REASONS) + 1):
        for letters in combinations(REASONS, count):
            yield partial(programs, **{one: REASONS[one][1] for one in letters})
            yield "; ".join(f"{one}: {REASONS[one][0]}" for one in letters) + "."


def added(numbers, dtype="float32"):
    """Add numbers from left to right, rounding after each addition."""
    total = np.zeros((), dtype)
    for number in numbers:
        total = total + np.asarray(number, dtype)
    return total


def both(a=(LARGE, 1, 1, -LARGE), b=(1, 1, LARGE, -LARGE), dtype="float32"):
    """Return the two sums of `order_of_sums`."""
    return [added(a, dtype), added(b, dtype)]


def of_fans(compute, **settings):
    """Return a function that computes something else of fan in and fan out."""
    return lambda shape: compute(*fans(shape, **settings))


def limit_at(places):
    """Return a function that counts the places of a convolution in another way."""
    return of_fans(
        lambda fan_in, fan_out: np.sqrt(6 / (fan_in + fan_out)), places=places
    )


EXERCISES["glorot_limit"] = FunctionExercise(
    glorot_limit,
    "The places of a convolution count in both fans, on one axis, two or three. A Dense "
    "layer has one place.",
    limit_at(lambda shape: 1),
    "This is right for a Dense layer. A convolution's rows and columns are missing: they "
    "count in both fans.",
    of_fans(lambda fan_in, fan_out: 6 / (fan_in + fan_out)),
    "The square root is missing.",
    lambda shape: np.sqrt(6 / (fans(shape)[0] + shape[-1])),
    "The places count in the fan out as well: each input goes into a sum at each of them.",
    lambda shape: np.sqrt(6 / (shape[-2] + fans(shape)[1])),
    "The places count in the fan in as well: each sum takes all of them.",
    of_fans(lambda fan_in, fan_out: np.sqrt(6 / fan_in)),
    "The fan out is missing under the root.",
    of_fans(lambda fan_in, fan_out: np.sqrt(6 / fan_out)),
    "The fan in is missing under the root.",
    lambda shape: np.sqrt(6 / prod(shape)),
    "All numbers were multiplied, which counts the weights. The fans are added: one uses "
    "the second-last number, the other the last.",
    of_fans(lambda fan_in, fan_out: np.sqrt(6 / (fan_in * fan_out))),
    "The fans were multiplied; they are added.",
    lambda shape: np.sqrt(6 / sum(shape)),
    "This is right for a Dense layer. In a convolution, multiply: the fan in is rows × "
    "columns × channels.",
    lambda shape: np.sqrt(6 / (shape[0] + shape[1])),
    "This is right for a Dense layer. Channels and filters are the last two numbers, not "
    "the first two.",
    limit_at(lambda shape: sum(shape[:-2])),
    "The numbers before the last two were added; multiply them. np.prod of none is 1.",
    limit_at(lambda shape: prod(shape[:-2]) if len(shape) == 4 else 1),
    "This is right for two and for four axes. With three or five there are places, too: "
    "multiply all numbers before the last two.",
    limit_at(lambda shape: shape[0] * shape[1]),
    "This is right for four axes. Places are all numbers before the last two; a Dense "
    "layer has no such numbers, so it has one place.",
    limit_at(lambda shape: shape[0] if len(shape) > 2 else 1),
    "Only the first axis was counted; multiply all numbers before the last two.",
    lambda shape: np.sqrt(6 / (fans(shape)[0] + prod(shape[1:]))),
    "The fan out is rows × columns × filters: `shape[1:]` leaves out the rows and includes "
    "the channels.",
    lambda shape: np.sqrt(6 / (fans(shape)[0] + prod(shape))),
    "All numbers were multiplied for the fan out; leave out the channels.",
    lambda shape: np.sqrt(6 / (prod(shape[:-2]) + shape[-2] + shape[-1])),
    "The places were added to channels and filters; multiply each of the two by them.",
    limit_at(lambda shape: shape[0] ** 2 if len(shape) > 2 else 1),
    "The first number was squared; rows and columns may differ, and there may be others.",
    limit_at(lambda shape: 9 if len(shape) > 2 else 1),
    "9 places are those of a 3 × 3 kernel; take them from the shape.",
    limit_at(lambda shape: 9),
    "9 places are those of a 3 × 3 kernel; take them from the shape. A Dense layer has 1.",
    of_fans(lambda fan_in, fan_out: 6 / (fan_in + fan_out) / 2),
    "That is half of the fraction, not its root: `** 1 / 2` does `** 1` first. Write "
    "`** 0.5` or `np.sqrt`.",
    of_fans(lambda fan_in, fan_out: (6 / (fan_in + fan_out)) ** 2),
    "The fraction was squared; take its root.",
    lambda shape: np.sqrt(6 / (shape[-2] + shape[-1]) * prod(shape[:-2])),
    "The places multiply the fraction. They belong under the line, as a factor of both "
    "fans.",
    lambda shape: np.sqrt(6 / prod(shape[:-2]) * (shape[-2] + shape[-1])),
    "Brackets are missing: what stands after `*` multiplies the fraction. It belongs "
    "under the line.",
    of_fans(lambda fan_in, fan_out: np.sqrt(6 / fan_in + fan_out)),
    "Brackets are missing: both fans belong under the line, 6 / (fan_in + fan_out).",
    of_fans(lambda fan_in, fan_out: np.sqrt(6) / (fan_in + fan_out)),
    "You took the root of the 6 alone; the fans belong under it, too.",
    of_fans(lambda fan_in, fan_out: 6 / np.sqrt(fan_in + fan_out)),
    "You took the root of the fans alone; the 6 belongs under it, too.",
    of_fans(lambda fan_in, fan_out: np.sqrt((fan_in + fan_out) / 6)),
    "The fraction is upside down: the 6 belongs above the line, the fans below.",
    of_fans(lambda fan_in, fan_out: np.sqrt(12 / (fan_in + fan_out))),
    "The 6 was divided by the mean of the two fans; divide it by their sum.",
    of_fans(lambda fan_in, fan_out: np.sqrt(2 / (fan_in + fan_out))),
    "This is the spread of a different initializer, GlorotNormal. The limit has 6 in "
    "place of 2.",
    of_fans(lambda fan_in, fan_out: 2 * np.sqrt(6 / (fan_in + fan_out))),
    "This is the distance from minus limit to limit, twice the limit.",
    lambda shape: [-glorot_limit(shape), glorot_limit(shape)],
    "Both ends came back; return the limit alone, one number.",
    of_fans(lambda fan_in, fan_out: [fan_in, fan_out]),
    "These are the fans; the limit is one number made of both.",
    of_fans(lambda fan_in, fan_out: fan_in + fan_out),
    "This is the sum of the fans. Divide 6 by it, then take the root.",
    cases=limit_cases,
)

EXERCISES["first_weight"] = Exercise(
    first_weight,
    "The first sample has the same first fraction; only the limit is different.",
    lambda: first_weight(low=0),
    "This is fraction × limit. The fraction counts from minus limit, not from 0.",
    lambda: -first_weight(low=0),
    "This is fraction × minus limit. A fraction of 0 stands for minus limit, not for 0.",
    lambda: stretched(later_sample(2), glorot_limit(NEW_SHAPE)),
    "This is a second sample: set the seed again, then sample.",
    lambda: stretched(later_sample(3), glorot_limit(NEW_SHAPE)),
    "This is a third sample: set the seed again, then sample.",
    lambda: stretched(later_sample(4), glorot_limit(NEW_SHAPE)),
    "This is a fourth sample: set the seed again, then sample.",
    lambda: stretched(fractions()[:10], glorot_limit(NEW_SHAPE)),
    "This is the first row; the question is about its first number.",
    lambda: stretched(fractions()[1], glorot_limit(NEW_SHAPE)),
    "This is the second weight; the first one is `[0, 0]`.",
    lambda: keras.initializers.GlorotUniform(0)(NEW_SHAPE)[0, 0],
    "This is what Keras's initializer makes of seed 0; `sample` uses tf.random.",
    lambda: stretched(fractions()[0], np.sqrt(6 / prod(NEW_SHAPE))),
    "The two numbers of the shape were multiplied under the root; add them.",
    lambda: stretched(fractions()[0], np.sqrt(6 / NEW_SHAPE[0])),
    "The fan out is missing under the root: add both numbers of the shape.",
    lambda: stretched(fractions()[0], np.sqrt(6 / NEW_SHAPE[1])),
    "The fan in is missing under the root: add both numbers of the shape.",
    lambda: first_weight(low=0, high=2),
    "This is fraction × twice the limit; it starts at minus limit, so subtract the limit.",
    lambda: -glorot_limit(NEW_SHAPE),
    "This is minus limit, the smallest weight there can be.",
    lambda: glorot_limit(NEW_SHAPE),
    "This is the limit itself, the largest weight there can be.",
    lambda: first_weight((4, 2)),
    "This is stretched to the limit of the output kernel above; here it is different.",
    lambda: first_weight(high=0),
    "From minus limit to limit is twice the limit.",
    lambda: fractions()[0],
    "This is the fraction; stretch it to the limits.",
    lambda: dense_weights()[0][0, 0],
    "That is the first weight of lesson 01's hidden layer; here the limit is different.",
    lambda: -first_weight(),
    "The sign is wrong: a fraction below 0.5 stands for a negative weight.",
    lambda: first_weight(power=2),
    "The square root is missing in the limit.",
)

EXERCISES["equal_kernels"] = Exercise(
    programs,
    "Two kernels are equal when both initializers got the same seed, in whatever way.",
    *wrong_programs(),
    lambda: np.flatnonzero(programs()),
    "Write a number for each of the four programs: 1 for equal, 0 for not.",
    lambda: np.flatnonzero(programs()) + 1,
    "Write four numbers, one for each program: 1 for equal, 0 for not.",
)

EXERCISES["order_of_sums"] = Exercise(
    both,
    "float32 has no 16,777,217, so each 1 is rounded away. It has 16,777,218.",
    lambda: both(a=(LARGE, 2, 2, -LARGE)),
    "In a, 16,777,217 is rounded down, each time.",
    lambda: both(dtype="float64"),
    "That is exact arithmetic. float32 rounds after each addition.",
    lambda: both(b=(LARGE, 1, 1, -LARGE)),
    "In b, the two ones are added first: 2 is large enough to count.",
    lambda: both(a=(LARGE, 1, -LARGE, 1)),
    "In a, the second 1 is added to the same number as the first.",
    lambda: both(b=(LARGE, 1, -LARGE, 1)),
    "In b, both ones come first: 1 + 1 is exact, and so is the large number plus 2.",
    lambda: both((1, 1, LARGE, -LARGE), (LARGE, 1, 1, -LARGE)),
    "a and b are swapped: in which of them are the two ones added first?",
    lambda: both((LARGE, 1, 1), (1, 1, LARGE)),
    "These are the sums before the last subtraction, - 16,777,216.",
)


def kernels_that_stay():
    """Tell which kernels are the same where the output kernel is sampled first."""
    # Eight fractions of each sample are known: a kernel of 4 by 2 has no more.
    hidden = stretched(fractions(kernel=2), glorot_limit((3, 4)))
    output = stretched(fractions()[:8], glorot_limit((4, 2)))
    is_same = [
        np.allclose(hidden, dense_weights()[0].ravel()[:8]),
        np.allclose(output, dense_weights()[2].ravel()),
    ]
    words = {(True, True): "both", (True, False): "hidden", (False, True): "output"}
    return words.get(tuple(is_same), "neither")


GUESSES["A"] = Exercise(
    kernels_that_stay,
    "The first sample after a seed has the same fractions, for any kernel, stretched to "
    "its limit. Each kernel now begins with the fractions that the other began with.",
    both="The seed is the same, but it decides first and second samples, not layers.",
    hidden="It was sampled first after the seed; now it is second.",
    output="It was sampled second after the seed; now it is first.",
)

GUESSES["B"] = Exercise(
    lambda: "thousand" if 2**10 > 500 else "twenty",
    "Each layer doubles the spread, and ten doublings are 1024.",
    two="That would be one layer: the next one doubles again.",
    twenty="Layers follow one another, so their factors are multiplied, not added.",
)

GUESSES["C"] = Exercise(
    lambda: 2 * equal_kernels("no call") + equal_kernels("before each"),
    "Keras 3 takes the seed of an initializer from Python's random module. Of these "
    "three calls, only keras.utils.set_random_seed sets that.",
    lambda: equal_kernels("no call") + 2 * equal_kernels("before each"),
    "tf.random.set_seed decided kernels up to Keras 2.9, which came with TensorFlow 2.9. "
    "The numbers of lesson 01's tutorial come from there.",
    lambda: 3 * equal_kernels("before each"),
    "Each call restarts other sources of random numbers; initializers use only one.",
    lambda: 3 * equal_kernels("no call"),
    "One of the calls sets several seeds, also that of Python's random.",
)

GUESSES["D"] = Exercise(
    # An object's seed stays, as if it were set before each layer.
    lambda: 2 * equal_kernels("before each") + equal_kernels("no call"),
    "An object starts from its own seed at every call. Without a seed, it took one when "
    "it was made. The word makes a new object for each layer.",
    lambda: equal_kernels("before each") + 2 * equal_kernels("no call"),
    "An object without a seed takes one when it is made, and keeps it.",
    lambda: 3 * equal_kernels("before each"),
    "The word makes a new object for each layer, and each takes a seed of its own.",
    lambda: 3 * equal_kernels("no call"),
    "An initializer starts from the same seed at every call.",
)

GUESSES["E"] = Exercise(
    lambda: added([1e8, 1, -1e8]),
    "The next float32 number is 8 away, so 100,000,001 is rounded to 100,000,000.",
    lambda: added([1e8, -1e8, 1]),
    "That is right on paper. float32 rounds after each addition.",
    lambda: np.spacing(np.float32(1e8)),
    "float32 has every eighth number there. 1 is less than half of 8 and is rounded away.",
    lambda: added([1e8, 1]),
    "That is the sum before the last number is subtracted.",
)
