"""Predictions and quiz of the lesson Your own network."""

import numpy as np

from ...datasets import cat_photograph
from ...extraction import layer_outputs
from ...networks import trained_cifar10_cnn
from ..exercise import Exercise, Question

EXERCISES = {}

PREDICTIONS = {}


def some_range_stops():
    """Tell whether a network refuses one of three ranges of pixels."""
    network, picture = trained_cifar10_cnn(), cat_photograph()
    for pixels in (picture, picture / 255, picture / 127.5 - 1):
        try:
            layer_outputs(network, pixels[np.newaxis], -1)
        except ValueError:
            return "yes"
    return "no"


PREDICTIONS["A"] = Exercise(
    right=some_range_stops,
    why="All three have the right shape, and Keras checks no more than that.",
    mistakes={
        "A wrong shape would stop. A wrong range gives numbers like any other.": lambda: (
            "yes"
        ),
    },
)

QUIZ = [
    Question(
        "You show the trained network a photograph of your house. It answers `ship, 93%`. "
        "What follows?",
        right="Of its ten classes, `ship` fits these pixels best",
        why="Softmax shares out 100 % among ten classes, whatever came in. A high share "
        "does not say that the picture shows one of them.",
        wrong={
            "A ship is in the photograph with a probability of 93 %": "That would need a "
            'network which can also answer "none of these".',
            "The pixels went in with a wrong scaling": "They may have, but the right one "
            "would not help: no class of the ten is right.",
            "The network was not trained for long enough": "More training on the same ten "
            "classes teaches it no house.",
        },
    ),
    Question(
        "The first layer of a model is `Rescaling(1 / 255)`. You give it "
        "`picture / 255`. What happens?",
        right="It sees an almost black picture, without a message",
        why="The pixels are divided by 255 twice. They have the right shape, so nothing "
        "stops.",
        wrong={
            "It gives the same answers as for `picture`": "The layer divides whatever "
            "comes, once more.",
            "It refuses pixels that are smaller than 1": "Keras checks shapes, not ranges.",
            "It skips the layer, since the pixels are scaled": "A layer does its "
            "arithmetic on every input; it does not look first.",
        },
    ),
    Question(
        "`load_own_model` refuses a file because of a Lambda layer. What is the reason?",
        right="The file holds Python code, which loading would run",
        why="Weights and settings are data. A Lambda layer keeps a function, and a "
        "function can do anything on your machine.",
        wrong={
            "Keras 3 has no Lambda layers any more": "It has them; it refuses to load them "
            "from a file unless safe mode is turned off.",
            "The file was damaged on its way to you": "A damaged file is refused as well, "
            "with another sentence.",
            "A Lambda layer has no weights to be loaded": "Neither has a pooling layer, "
            "and it is loaded.",
        },
    ),
    Question(
        "`hand_check` says `unknown` for one layer of your model, and `equal` for the "
        "others. What do you know of that layer?",
        right="Nothing: it was not computed a second time",
        why="There is no function in NumPy for it here. The layers behind it were "
        "computed from what Keras gives.",
        wrong={
            "It is wrong: the two ways differ there": "For that the line would say "
            "`differs`.",
            "It is right, since the layers behind it are equal": "They were computed from "
            "Keras's output of that layer, right or wrong.",
            "It has no weights, so there is nothing to check": "A layer without weights "
            "is computed too, such as pooling.",
        },
    ),
    Question(
        "The largest number of a deep layer has a receptive field of 14×14 pixels. You "
        "paint all other pixels black. What becomes of this number?",
        right="It stays exactly as it was",
        why="It depends on the pixels of its receptive field and on no others.",
        wrong={
            "It becomes smaller, but not by much": "Not even a little: no other pixel "
            "takes part in its arithmetic.",
            "It stays the largest number of the layer": "Its value stays. Others change, "
            "and one of them may grow beyond it.",
            "It becomes 0, as most of the picture does": "The pixels that it is computed "
            "from were not painted.",
        },
    ),
]
