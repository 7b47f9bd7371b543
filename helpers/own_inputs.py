"""What a model of one's own expects of its inputs, and pictures prepared as it does."""

import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from .by_hand import sigmoid, softmax
from .engine.keras_inside import all_layers
from .engine.tables import table
from .extraction import layer_outputs
from .pictures import read_picture

FREE = 64, 12  # rows and columns, or steps, where a model takes any number of them
SCALINGS = {  # as a line of code, and what it does
    "{}": lambda x: x,
    "{} / 255": lambda x: x / 255,
    "{} / 127.5 - 1": lambda x: x / 127.5 - 1,
    "{} - [103.939, 116.779, 123.68]": lambda x: x - [103.939, 116.779, 123.68],
    "({} / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]": lambda x: (
        (x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    ),
}


def expected_inputs(model):
    """Tell what a model takes: the shape and the dtype of each of its inputs.

    Arguments:
        model: built ``keras.Model``. A subclassed one notes its shape when it is built.

    Returns:
        List of ``(name, shape, dtype)``: text, tuple with None where any number fits, and
        text.

    Example:
        >>> expected_inputs(dense_network())
        [('inputs', (None, 3), 'float32')]
    """
    if not model.built:
        raise ValueError(f"{model.name} is not built. Call it once on a batch first.")
    if tensors := getattr(model, "inputs", None):
        return [(one.name, tuple(one.shape), str(one.dtype)) for one in tensors]
    shape = (model.get_build_config() or {}).get("input_shape")
    if not isinstance(shape, (list, tuple)) or not all(
        one is None or isinstance(one, int) for one in shape
    ):
        raise ValueError(
            f"{model.name} has a call of its own and does not say what it takes. Make the "
            "batch yourself, as the code that trained it does."
        )
    return [("inputs", (None, *shape[1:]), "float32")]


def make_batch(model, picture):
    """Make a batch of one that fits a model, and print what is in it.

    Where the model takes a picture, yours is read in its size, with pixels from 0 to 255;
    if it was trained on scaled ones, write for example ``batch / 255`` afterwards.
    Elsewhere numbers stand in: normal ones, whole ones for an Embedding, or a text.

    Arguments:
        model: built ``keras.Model``.
        picture: whatever `read_picture` takes.

    Returns:
        NumPy array with a batch axis; a list of them if the model has several inputs.

    Raises:
        ValueError: the model does not say what it takes.

    Example:
        >>> make_batch(dense_network(), cat_photograph()).shape
        inputs: 3 numbers taken at random stand in, float32. Put your own in their place.
        (1, 3)
    """
    batch = []
    for name, shape, dtype in expected_inputs(model):
        x, what = stand_in(model, shape, dtype, picture)
        print(f"{name}: {what}")
        batch.append(x)
    return batch[0] if len(batch) == 1 else batch


def stand_in(model, shape, dtype, picture):
    """Return what fits one input of a model, and a sentence about it."""
    is_float = "float" in dtype
    embeddings = [one for one in all_layers(model) if hasattr(one, "input_dim")]
    numeric = is_float or "int" in dtype and not embeddings
    if takes_picture(shape) and numeric:
        rows, columns = size_of(shape)
        x = as_channels(read_picture(picture, (rows, columns)), shape)
        as_it_is = is_float and getattr(model, "inputs", None)  # Keras will cast it
        x = x.round().astype("uint8" if as_it_is else dtype)[np.newaxis]
        what = f"your picture, {rows} rows and {columns} columns, from 0 to 255."
        return x.repeat(shape[0] or 1, axis=0), what
    shape = tuple(n or (FREE[1] if i else 1) for i, n in enumerate(shape))
    rng, yours = np.random.default_rng(0), "Put your own in their place."
    if dtype == "string":
        what = "a short text. Put your own in its place."
        return np.full(shape, "a short text"), what
    numbers = " × ".join(map(str, shape[1:])) or "1"
    if dtype == "bool":
        x = rng.integers(0, 2, shape) > 0
        return x, f"{numbers} times True or False stand in. {yours}"
    highest = min((one.input_dim for one in embeddings), default=2)
    if not is_float or (embeddings and len(shape) == 2):
        dtype = "int32" if is_float else dtype
        x = rng.integers(0, highest, shape).astype(dtype)
        return x, f"{numbers} whole numbers below {highest} stand in, {dtype}. {yours}"
    x = rng.normal(size=shape).astype(dtype)
    return x, f"{numbers} numbers taken at random stand in, {dtype}. {yours}"


def takes_picture(shape):
    """Tell whether an input of this shape looks like a picture, in colour or grey."""
    if len(shape) == 4:
        return shape[-1] in (1, 3) or shape[1] in (1, 3)
    return len(shape) == 3 and shape[1] == shape[2] and shape[1] is not None


def unflattened(shape):
    """Return the shape of the pictures whose pixels a network takes in one row.

    They are square, in colour or grey, at least 8 by 8; any other shape comes back as it
    is.
    """
    if len(shape) == 2 and shape[1]:
        for channels in (1, 3):
            side = math.isqrt(shape[1] // channels)
            if side >= 8 and side * side * channels == shape[1]:
                return None, side, side, channels
    return shape


def channels_first(shape):
    return len(shape) == 4 and shape[-1] not in (1, 3)


def size_of(shape):
    """Return rows and columns of a picture that a model takes."""
    rows, columns = shape[2:4] if channels_first(shape) else shape[1:3]
    return rows or FREE[0], columns or FREE[0]


def as_channels(picture, shape):
    """Return a picture in colour with the channel axis that a shape has."""
    if len(shape) == 3:
        return picture.mean(axis=-1)
    channels = shape[1] if channels_first(shape) else shape[-1]
    if channels == 1:
        picture = picture.mean(axis=-1, keepdims=True)
    return picture.transpose(2, 0, 1) if channels_first(shape) else picture


# --- always the same class? -----------------------------------------------------------


@dataclass(frozen=True)
class Preparation:
    """One way from a picture to the array that a network takes."""

    scaling: str = "{}"
    inverted: bool = False  # white on black in place of black on white
    bgr: bool = False  # blue first, as OpenCV reads, and as VGG and ResNet were trained
    swapped: bool = False  # rows and columns, as some files of digits have them
    fit: str = "crop"  # as in `read_picture`

    def __call__(self, source, shape):
        """Return a picture as a network of this input shape takes it, without batch."""
        return self.applied(self.read(source, shape), shape)

    def read(self, source, shape):
        """Return a picture in the size that a network takes, from 0 to 255."""
        size = size_of(unflattened(shape))
        return read_picture(source, size[::-1] if self.swapped else size, fit=self.fit)

    def applied(self, picture, shape):
        """Return what `read` gave as a network of this input shape takes it."""
        x = picture.astype("float32")
        x = 255 - x if self.inverted else x
        x = x[..., ::-1] if self.bgr else x
        x = x.swapaxes(0, 1) if self.swapped else x
        x = as_channels(SCALINGS[self.scaling](x), unflattened(shape))
        return (x.reshape(-1) if len(shape) == 2 else x).astype("float32")

    def __str__(self):
        text = "255 - x" if self.inverted else "x"
        after = "[..., ::-1]" * self.bgr + ".swapaxes(0, 1)" * self.swapped
        if after or self.scaling != "{}":
            text = f"({text})" if self.inverted else text
        text = self.scaling.format(text + after)
        return text + (f", fit={self.fit!r}" if self.fit != "crop" else "")


class Preparations:
    """What `try_preparations` found, shown as a table, the ways that were tried in order.

    Attributes:
        best: the `Preparation` with the smallest loss.
        tried: dict ``{Preparation: (loss, share right, number of classes predicted)}``.
        guessed: share that may be right by chance.
    """

    def __init__(self, tried, takes, guessed):
        self.tried, self.takes, self.guessed = tried, takes, guessed
        self.best = best_of(tried)

    def prepare(self, picture):
        """Return a picture as a batch of one, prepared in the best way.

        Arguments:
            picture: whatever `read_picture` takes.

        Returns:
            NumPy array of the shape and dtype that the model takes.
        """
        shape, dtype = self.takes
        return self.best(picture, shape)[np.newaxis].astype(dtype)

    def __repr__(self):
        rows = [("x is a picture of 0 to 255", "loss", "right", "classes predicted")]
        for preparation, (loss, right, predicted) in self.tried.items():
            rows.append(
                (str(preparation), f"{loss:.2f}", f"{right:.0%}", f"{predicted}")
            )
        right = self.tried[self.best][1]
        last = [f"Best is {self.best}: {right:.0%} are right."]
        if right <= self.guessed:
            last += [
                "Guessing may be right as often. Check that the model's",
                "classes have these numbers, or pass more pictures.",
            ]
        return "\n".join([*table(rows, right=(1, 2, 3)), *last])


def try_preparations(model, pictures, labels):
    """Measure with which preparation of pictures a model is right most often.

    First each scaling is tried, as it is and inverted; then, on the best of these, blue
    first, rows and columns swapped, and pictures that are stretched or padded in place of
    cut; if one of these is better, each scaling with it. Best is the smallest loss: the
    mean of -log(probability of the right class), which training made small. Where losses
    are less than a fifth above it, the share that is right decides.

    Arguments:
        model: built ``keras.Model`` that takes one picture, or the pixels of a square one
            in a row, and outputs a score for each class, ``(images, classes)``, or one
            probability, ``(images, 1)``.
        pictures: list of whatever `read_picture` takes; 20 or more tell enough.
        labels: list of whole numbers, the class of each picture.

    Returns:
        `Preparations`, which shows itself as a table. Its ``prepare(picture)`` makes a
        batch.

    Raises:
        ValueError: there are no pictures, another number of labels, or the model takes or
            outputs something else.

    Example:
        >>> from helpers.datasets import drawn_digits
        >>> from helpers.networks import digit_network
        >>> str(try_preparations(digit_network(), *drawn_digits()).best)
        '(255 - x) / 255'
    """
    pictures, labels = list(pictures), np.asarray(labels)
    shape, dtype = shape_of_pictures(model)
    if not pictures:
        raise ValueError(
            "There are no pictures yet. List 20 or more whose class you know, and their "
            "classes as numbers, in the model's order."
        )
    if labels.shape != (len(pictures),) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"labels has shape {labels.shape}, dtype {labels.dtype}. Write one whole "
            f"number for each of the {len(pictures)} pictures."
        )
    tried = {}

    @cache
    def read(fit, swapped):
        way = Preparation(fit=fit, swapped=swapped)
        return [way.read(one, shape) for one in pictures]

    def measure(**change):
        way = replace(best_of(tried), **change)
        if tried.get(way) is None:
            ready = [way.applied(one, shape) for one in read(way.fit, way.swapped)]
            batch = np.stack(ready).astype(dtype)
            scores = list(layer_outputs(model, batch, -1).values())[0]
            tried[way] = judged(probabilities(scores, model), labels, model.name)

    picture = unflattened(shape)
    colour = len(picture) == 4 and picture[1 if channels_first(picture) else -1] == 3
    scalings = list(SCALINGS) if colour else list(SCALINGS)[:3]
    changes = [{"swapped": True}, {"fit": "stretch"}, {"fit": "pad"}]
    for _ in range(2):  # again, if the first changes called for others
        for scaling in scalings if "float" in dtype else scalings[:1]:
            for inverted in (False, True):
                measure(scaling=scaling, inverted=inverted)
        for change in [{"bgr": True}] * colour + changes:
            measure(**change)
    return Preparations(tried, (shape, dtype), by_chance(labels))


def by_chance(labels):
    """Return the share that somebody who guesses would have right, at the very most."""
    share = np.bincount(labels).max() / len(labels)  # always the commonest class
    return share + 3 * (share * (1 - share) / len(labels)) ** 0.5


def best_of(tried):
    """Return the best `Preparation`; see `try_preparations`."""
    measured = {one: found for one, found in tried.items() if found}
    if not measured:
        return Preparation()
    smallest = min(loss for loss, _, _ in measured.values())
    near = [one for one, (loss, _, _) in measured.items() if loss <= 1.2 * smallest]
    return max(near, key=lambda one: (measured[one][1], -measured[one][0]))


def judged(scores, labels, name):
    """Return the loss, the share that is right, and how many classes were predicted."""
    predicted, classes = scores.argmax(axis=1), scores.shape[1]
    if not (0 <= labels.min() and labels.max() < classes):
        raise ValueError(
            f"{name} has {classes} classes: labels go from 0 to {classes - 1}, these from "
            f"{labels.min()} to {labels.max()}."
        )
    of_right = np.nan_to_num(scores[np.arange(len(labels)), labels])
    loss = -np.log(np.clip(of_right, 1e-7, 1)).mean()
    right = float((predicted == labels).mean())
    return float(loss), right, len(set(predicted.tolist()))


def shape_of_pictures(model):
    """Return shape and dtype of a model's only input, or say what it takes instead."""
    inputs = expected_inputs(model)
    shapes = ", ".join(str(shape) for _, shape, _ in inputs)
    if len(inputs) != 1 or not takes_picture(unflattened(inputs[0][1])):
        raise ValueError(f"{model.name} does not take pictures, but {shapes}.")
    if len(getattr(model, "outputs", None) or [1]) > 1:
        raise ValueError(
            f"{model.name} has {len(model.outputs)} outputs. For one of them, make "
            "keras.Model(model.inputs, model.outputs[0])."
        )
    return inputs[0][1:]


def probabilities(scores, model):
    """Return a model's outputs as a probability for each class, ``(images, classes)``."""
    if scores.ndim != 2:
        raise ValueError(
            f"{model.name} outputs the shape {scores.shape}; a score for each class, "
            "(images, classes), is needed."
        )
    if scores.shape[1] == 1:  # of the second of two classes
        scores = scores if 0 <= scores.min() and scores.max() <= 1 else sigmoid(scores)
        return np.concatenate([1 - scores, scores], axis=1)
    if scores.min() >= 0 and scores.max() <= 1:  # of softmax, or one sigmoid a class
        return scores / scores.sum(axis=1, keepdims=True).clip(1e-7)
    return softmax(scores)
