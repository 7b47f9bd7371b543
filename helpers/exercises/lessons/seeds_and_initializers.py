"""Exercises and predictions of the lesson Seeds and initializers."""

from random import Random

import keras
import numpy as np

from ..exercise import Exercise
from ..shared import dense_weights

EXERCISES, PREDICTIONS = {}, {}

DENSE, CONVOLUTION, NEW_SHAPE = (64, 10), (3, 3, 32, 64), (10, 5)
LARGE = 16_777_216


def limit(shape, area_in=True, area_out=True, fan_out=True, root=True):
    """Return the Glorot limit of a kernel's shape."""
    area = int(np.prod(shape[:-2]))
    fans = shape[-2] * area**area_in + shape[-1] * area**area_out * fan_out
    return np.sqrt(6 / fans) if root else 6 / fans


def limits(**changes):
    """Return the limits of the two kernels of `limits`."""
    return [limit(DENSE, **changes), limit(CONVOLUTION, **changes)]


def fractions(kernel=0):
    """Return where a kernel's weights stand between minus limit, 0, and limit, 1.

    Kernel 0 was the first draw after ``tf.random.set_seed(0)``, kernel 2 the second.
    """
    weights = dense_weights()[kernel]
    return (weights / limit(weights.shape) + 1).ravel() / 2


def first_weight(shape=NEW_SHAPE, low=-1, high=1, root=True):
    """Return the first weight of a shape, stretched from low to high times its limit."""
    return (low + (high - low) * fractions()[0]) * limit(shape, root=root)


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


def added(numbers, dtype="float32"):
    """Add numbers from left to right, rounding after each step."""
    total = np.zeros((), dtype)
    for number in numbers:
        total = total + np.asarray(number, dtype)
    return total


def both(a=(LARGE, 1, 1, -LARGE), b=(1, 1, LARGE, -LARGE), dtype="float32"):
    """Return the two sums of `order_of_sums`."""
    return [added(a, dtype), added(b, dtype)]


EXERCISES["limits"] = Exercise(
    limits,
    "The 3 × 3 places of the convolution count in both fans.",
    lambda: limits(root=False),
    "The square root is missing.",
    lambda: limits(area_in=False, area_out=False),
    "The convolution's 3 × 3 places are missing: they count in both fans.",
    lambda: limits(area_out=False),
    "The 3 × 3 places count in the fan out as well: each input goes into a sum at each "
    "of them.",
    lambda: limits(area_in=False),
    "The 3 × 3 places count in the fan in as well: each sum takes all of them.",
    lambda: limits(fan_out=False),
    "The fan out is missing under the root.",
    lambda: [limit(DENSE), limit(CONVOLUTION, fan_out=False)],
    "The convolution's fans add up to 288: is the fan out missing, or a factor of 3?",
)

EXERCISES["first_weight"] = Exercise(
    first_weight,
    "The first draw gives the same first fraction; only the limit is another.",
    lambda: first_weight(low=0),
    "This is fraction × limit. The fraction counts from minus limit, not from 0.",
    lambda: -first_weight(low=0),
    "This is fraction × minus limit. A fraction of 0 stands for minus limit, not for 0.",
    lambda: limit(NEW_SHAPE),
    "This is the limit itself, the largest weight there can be.",
    lambda: first_weight((4, 2)),
    "This is stretched to the limit of the output kernel above; this one's is another.",
    lambda: first_weight(high=0),
    "From minus limit to limit is twice the limit.",
    lambda: fractions()[0],
    "This is the fraction; stretch it to the limits.",
    lambda: dense_weights()[0][0, 0],
    "That is the first weight of lesson 01's hidden layer; the limit is another.",
    lambda: -first_weight(),
    "The sign is turned: a fraction below 0.5 stands for a negative weight.",
    lambda: first_weight(root=False),
    "The square root is missing in the limit.",
)

EXERCISES["equal_kernels"] = Exercise(
    programs,
    "Two kernels are equal when both initializers got the same seed, whoever set it.",
    lambda: programs(a="before each"),
    "a: the initializers of Keras 3 do not listen to tf.random.set_seed.",
    lambda: programs(b="once"),
    "b: keras.utils.set_random_seed starts Python's random anew, each time.",
    lambda: programs(c="before each"),
    "c: one call starts a sequence of seeds; each layer takes the next one.",
    lambda: programs(d="once"),
    "d: an initializer's own seed stays the same at each call.",
    lambda: programs(a="before each", c="before each"),
    "a and c: think of whom each call reaches, and of what the first kernel uses up.",
    lambda: programs(a="before each", d="once"),
    "a and d: tf.random.set_seed does not reach these initializers, and a seed of "
    "their own stays.",
    lambda: programs(b="once", d="once"),
    "b and d: in both, the second kernel starts from the very seed of the first.",
    lambda: programs(c="before each", d="once"),
    "c and d: after one call each layer takes the next seed; a seed of an "
    "initializer's own stays.",
)

EXERCISES["order_of_sums"] = Exercise(
    both,
    "16,777,217 is no float32 number, 16,777,218 is one.",
    lambda: both(a=(LARGE, 2, 2, -LARGE)),
    "In a) 16,777,217 does not go up: each time it is rounded, it goes down.",
    lambda: both(dtype="float64"),
    "That is exact arithmetic. float32 rounds after each addition.",
    lambda: both(b=(LARGE, 1, 1, -LARGE)),
    "In b) the two ones meet before the large number comes.",
    lambda: both(a=(LARGE, 1, -LARGE, 1)),
    "In a) the second 1 meets the same number as the first.",
)


def hidden_kernel_stays():
    """Tell whether the hidden kernel is the same where it is the second draw."""
    kernel = (2 * fractions(kernel=2) - 1) * limit((3, 4))  # its first eight weights
    return "yes" if np.allclose(kernel, dense_weights()[0].ravel()[:8]) else "no"


PREDICTIONS["A"] = Exercise(
    hidden_kernel_stays,
    "The first draw after a seed gets the same fractions, whatever it is for; the "
    "hidden kernel is now the second draw.",
    yes="The seed is the same, but it does not belong to a layer.",
)

PREDICTIONS["B"] = Exercise(
    lambda: "thousand" if 2**10 > 500 else "twenty",
    "Each layer doubles what it gets, and ten doublings are about 1000.",
    two="That would be one layer: the next one doubles again.",
    twenty="Layers follow one another: their factors multiply and do not add up.",
)

PREDICTIONS["C"] = Exercise(
    lambda: "yes" if equal_kernels("no call") else "no",
    "Keras 3 takes the seed of an initializer from Python's random module. Of these "
    "three calls, only keras.utils.set_random_seed reaches that.",
    yes="It was so in Keras 2, for which the tutorial of lesson 01 was written.",
)

PREDICTIONS["D"] = Exercise(
    lambda: "yes" if equal_kernels("before each") else "no",
    "The initializer starts from its own seed at every call.",
    no="An initializer does not go on counting from call to call.",
)

PREDICTIONS["E"] = Exercise(
    lambda: added([1e8, 1, -1e8]),
    "100,000,001 needs nine digits; float32 holds about seven, so the 1 is rounded away.",
    lambda: added([1e8, -1e8, 1]),
    "On paper the order makes no difference.",
)
