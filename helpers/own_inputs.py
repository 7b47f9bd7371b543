"""What a model of one's own expects of its inputs, and pictures prepared as it does."""

from dataclasses import dataclass, replace

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
    if it scales them, write for example ``batch / 255`` afterwards. Elsewhere numbers
    stand in: normal ones, whole ones for an Embedding, or a text.

    Arguments:
        model: built ``keras.Model``.
        picture: whatever `read_picture` takes.

    Returns:
        NumPy array with a batch axis; a list of them if the model has several inputs.

    Raises:
        ValueError: the model does not say what it takes.

    Example:
        >>> make_batch(dense_network(), cat_photograph()).shape
        inputs: 3 numbers drawn at random stand in, float32. Put your own in their place.
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
    if takes_picture(shape) and dtype.startswith("float"):
        rows, columns = size_of(shape)
        x = as_channels(read_picture(picture, (rows, columns)), shape)
        as_it_is = "uint8" if getattr(model, "inputs", None) else dtype  # none casts it
        x = x.round().astype(as_it_is)[np.newaxis]
        what = f"your picture, {rows} rows and {columns} columns, from 0 to 255."
        return x.repeat(shape[0] or 1, axis=0), what
    shape = tuple(n or (FREE[1] if i else 1) for i, n in enumerate(shape))
    rng, yours = np.random.default_rng(0), "Put your own in their place."
    if dtype == "string":
        return np.full(
            shape, "a short text"
        ), "a short text. Put your own in its place."
    numbers = " × ".join(map(str, shape[1:])) or "1"
    embeddings = [one for one in all_layers(model) if hasattr(one, "input_dim")]
    highest = min((one.input_dim for one in embeddings), default=2)
    if not dtype.startswith("float") or (embeddings and len(shape) == 2):
        dtype = dtype if dtype.startswith(("int", "uint")) else "int32"
        x = rng.integers(0, highest, shape).astype(dtype)
        return x, f"{numbers} whole numbers below {highest} stand in, {dtype}. {yours}"
    x = rng.normal(size=shape).astype(dtype)
    return x, f"{numbers} numbers drawn at random stand in, {dtype}. {yours}"


def takes_picture(shape):
    """Tell whether an input of this shape looks like a picture, in colour or grey."""
    if len(shape) == 4:
        return shape[-1] in (1, 3) or shape[1] in (1, 3)
    return len(shape) == 3 and shape[1] == shape[2] and shape[1] is not None


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


# --- always the same answer? ----------------------------------------------------------


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
        x = read_picture(source, size_of(shape), fit=self.fit).astype("float32")
        x = 255 - x if self.inverted else x
        x = x[..., ::-1] if self.bgr else x
        x = x.swapaxes(0, 1) if self.swapped else x
        return as_channels(SCALINGS[self.scaling](x), shape).astype("float32")

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
        tried: dict ``{Preparation: (loss, share right, number of different answers)}``.
    """

    def __init__(self, tried, shape):
        self.tried, self.shape = tried, shape
        self.best = best_of(tried)

    def prepare(self, picture):
        """Return a picture as a batch of one, prepared in the best way.

        Arguments:
            picture: whatever `read_picture` takes.

        Returns:
            NumPy array, float32, of the shape that the model takes.
        """
        return self.best(picture, self.shape)[np.newaxis]

    def __repr__(self):
        rows = [("x is a picture of 0 to 255", "loss", "right", "different answers")]
        for preparation, (loss, right, different) in self.tried.items():
            rows.append(
                (str(preparation), f"{loss:.2f}", f"{right:.0%}", f"{different}")
            )
        right = self.tried[self.best][1]
        last = f"Best is {self.best}: {right:.0%} are right."
        return "\n".join([*table(rows, right=(1, 2, 3)), last])


def try_preparations(model, pictures, labels):
    """Measure with which preparation of pictures a model is right most often.

    First each scaling is tried, as it is and inverted; then, on the best of these, blue
    first, rows and columns swapped, and pictures that are stretched or padded in place of
    cut; if one of these is better, each scaling with it. Best is the smallest loss: the
    mean of -log(probability of the right class), which training made small. Where losses
    are less than a fifth above it, the share that is right decides.

    Arguments:
        model: built ``keras.Model`` that takes one picture and gives a score for each
            class, ``(images, classes)``, or one probability, ``(images, 1)``.
        pictures: list of whatever `read_picture` takes; 20 or more tell enough.
        labels: list of whole numbers, the class of each picture.

    Returns:
        `Preparations`, which shows itself as a table. Its ``prepare(picture)`` makes a
        batch.

    Raises:
        ValueError: there are no pictures, another number of labels, or the model takes or
            gives something else.

    Example:
        >>> from helpers.datasets import drawn_digits
        >>> from helpers.networks import digit_network
        >>> str(try_preparations(digit_network(), *drawn_digits()).best)
        '(255 - x) / 255'
    """
    pictures, labels = list(pictures), np.asarray(labels)
    shape = shape_of_pictures(model)
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

    def measure(**change):
        preparation = replace(best_of(tried), **change)
        if tried.get(preparation) is None:
            batch = np.stack([preparation(one, shape) for one in pictures])
            scores = list(layer_outputs(model, batch, -1).values())[0]
            tried[preparation] = judged(
                probabilities(scores, model), labels, model.name
            )

    colour = len(shape) == 4 and shape[1 if channels_first(shape) else -1] == 3
    changes = [{"swapped": True}, {"fit": "stretch"}, {"fit": "pad"}]
    for _ in range(2):  # again, if the first changes called for others
        for scaling in SCALINGS if colour else list(SCALINGS)[:3]:
            for inverted in (False, True):
                measure(scaling=scaling, inverted=inverted)
        for change in [{"bgr": True}] * colour + changes:
            measure(**change)
    return Preparations(tried, shape)


def best_of(tried):
    """Return the best `Preparation`; see `try_preparations`."""
    measured = {one: found for one, found in tried.items() if found}
    if not measured:
        return Preparation()
    smallest = min(loss for loss, _, _ in measured.values())
    near = [one for one, (loss, _, _) in measured.items() if loss <= 1.2 * smallest]
    return max(near, key=lambda one: (measured[one][1], -measured[one][0]))


def judged(scores, labels, name):
    """Return the loss, the share that is right, and how many different answers came."""
    answers, classes = scores.argmax(axis=1), scores.shape[1]
    if not (0 <= labels.min() and labels.max() < classes):
        raise ValueError(
            f"{name} has {classes} classes: labels go from 0 to {classes - 1}, these from "
            f"{labels.min()} to {labels.max()}."
        )
    of_right = scores[np.arange(len(labels)), labels]
    loss = -np.log(np.clip(of_right, 1e-7, 1)).mean()
    return float(loss), float((answers == labels).mean()), len(set(answers.tolist()))


def shape_of_pictures(model):
    """Return the shape of a model's only input, or say that it takes no pictures."""
    inputs = expected_inputs(model)
    if len(inputs) != 1 or not takes_picture(inputs[0][1]):
        shapes = ", ".join(str(shape) for _, shape, _ in inputs)
        raise ValueError(f"{model.name} takes no pictures, but {shapes}.")
    return inputs[0][1]


def probabilities(scores, model):
    """Return a model's answers as a probability for each class, ``(images, classes)``."""
    if scores.ndim != 2:
        raise ValueError(
            f"{model.name} answers with shape {scores.shape}; a score for each class, "
            "(images, classes), is needed."
        )
    if scores.shape[1] == 1:  # of the second of two classes
        scores = scores if 0 <= scores.min() and scores.max() <= 1 else sigmoid(scores)
        return np.concatenate([1 - scores, scores], axis=1)
    if scores.min() >= 0 and np.allclose(scores.sum(axis=1), 1, atol=1e-3):
        return scores
    return softmax(scores)
