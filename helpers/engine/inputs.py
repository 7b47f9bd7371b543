"""Whether inputs fit a model, said in words before Keras sees them. NumPy only."""

import difflib
import sys
import warnings

import numpy as np


def check_inputs(model, inputs, name="inputs"):
    """Return a list of NumPy arrays, one for each of ``model.inputs``, in their own dtype.

    ``inputs`` is an array, a tensor or nested lists; for several inputs a list, tuple or
    dict of these, arranged as the model's own inputs are, or a dict by their names. In
    messages it is called ``name``. A TypeError is raised for a dtype that the model
    cannot take, a ValueError for anything else that does not fit.
    """
    optional = {id(one.output) for one in model.layers if is_optional(one)}
    several = len(model.inputs) > 1
    labels, arrays = [], []
    for x, expected in zip(arrange(model, inputs, name), model.inputs):
        label = f"{name}[{expected.name!r}]" if several else name
        if x is not None or id(expected) not in optional:
            x = check_array(x, (None, *expected.shape[1:]), expected.dtype, label)
        labels.append(label)
        arrays.append(x)
    if all(x is None for x in arrays):
        raise ValueError(f"{name} is None throughout. Pass at least one input.")
    check_same_length(arrays, labels)
    return arrays


def own_name(x, name):
    """Return what a notebook calls an object, or ``name`` if nothing there is it."""
    names = vars(sys.modules["__main__"]).items()
    found = (own for own, it in list(names) if it is x and not own.startswith("_"))
    return next(found, name)


def is_optional(layer):
    """Whether it is an InputLayer, of ``keras.Input(optional=True)``."""
    return type(layer).__name__ == "InputLayer" and layer.optional


def arrange(model, inputs, name="inputs"):
    """Return inputs as a flat list in the order of ``model.inputs``."""
    structure = getattr(model, "input", model.inputs[0])  # a Sequential has no .input
    if len(model.inputs) == 1 and not isinstance(inputs, dict):
        rank = len(model.inputs[0].shape)
        if isinstance(inputs, (list, tuple)) and len(inputs) == 1:
            if len(getattr(inputs[0], "shape", ())) == rank:
                return [inputs[0]]  # one array in a list, as Keras takes it too
        return [inputs]
    if isinstance(inputs, dict) != isinstance(structure, dict):
        structure = model.inputs
        if isinstance(inputs, dict):
            structure = {x.name: x for x in model.inputs}
    found = {}
    if not match(structure, inputs, found):
        names = [x.name for x in model.inputs]
        raise ValueError(
            f"{model.name} takes {len(names)} inputs, {', '.join(names)}, but {name} is "
            f"{describe(inputs)}. Write a list of arrays in this order, or "
            f"{{{', '.join(f'{one!r}: ...' for one in names)}}}."
        )
    return [found[id(x)] for x in model.inputs]


def match(structure, inputs, found):
    """Collect ``{id of the model's input: array}``; False if the two do not match."""
    if isinstance(structure, dict):
        if not isinstance(inputs, dict) or not set(structure) <= set(inputs):
            return False
        return all(match(structure[key], inputs[key], found) for key in structure)
    if isinstance(structure, (list, tuple)):
        if not isinstance(inputs, (list, tuple)) or len(structure) != len(inputs):
            return False
        return all(match(*pair, found) for pair in zip(structure, inputs))
    found[id(structure)] = inputs
    return True


def describe(x):
    """Say in a few words what came."""
    if isinstance(x, dict):
        return f"a dict of {', '.join(map(str, x)) or 'nothing'}"
    if isinstance(x, (list, tuple)):
        return f"a {type(x).__name__} of {len(x)}"
    if hasattr(x, "shape"):
        return f"one {type(x).__name__} of shape {tuple(x.shape)}"
    return f"a {type(x).__name__}"


def check_array(x, shape=None, dtype="float32", name="inputs"):
    """Return ``x`` as a NumPy array of its dtype if a model can take it.

    It is an array, a tensor or nested lists, batch axis first. ``shape`` is expected,
    with ``None`` where any length fits, and ``dtype`` names what Keras casts it to: a
    TypeError is raised if that loses something, a ValueError for a wrong shape or no
    rows. In messages ``x`` is called ``name``.

    Example:
        >>> check_array(np.zeros((28, 28)), (None, 28, 28))
        Traceback (most recent call last):
        ValueError: inputs has shape (28, 28), but the model takes (None, 28, 28): the
        batch axis is missing. Write inputs[np.newaxis].
    """
    fix = {
        "SparseTensor": f"only what is not 0 is stored. Write tf.sparse.to_dense({name})",
        "RaggedTensor": f"its rows differ in length. Write {name}.to_tensor(), which "
        "fills them up with 0",
    }.get(type(x).__name__)
    if fix:
        raise TypeError(f"{name} is {describe(x)}: {fix}.")
    try:
        x = np.asarray(x)
    except Exception as error:  # each library refuses in its own words
        hint = "it holds no numbers" if hasattr(x, "shape") else "give all one shape"
        if len(shape or ()) == 2 and not hasattr(x, "shape"):
            length = "" if shape[1] is None else f", maxlen={shape[1]}"
            hint += (
                f". Rows of different length are filled up with 0 by "
                f"keras.utils.pad_sequences({name}{length}, dtype={dtype!r})"
            )
        raise TypeError(
            f"{name} is {describe(x)}, which NumPy cannot read as an array: {hint}."
        ) from error
    check_dtype(x, dtype, name)
    if 0 in x.shape:
        raise ValueError(f"{name} is empty: shape {x.shape}. Pass at least one input.")
    if shape is not None and not fits(x.shape, shape):
        raise ValueError(wrong_shape(x.shape, shape, name))
    if x.ndim == 0:
        raise ValueError(f"{name} is one number, without a batch axis. Write [{name}].")
    return x


def check_dtype(x, dtype, name):
    text = x.dtype.kind in "SUT"
    real = x.dtype.kind in "biu" or "float" in x.dtype.name  # bfloat16 too
    takes = f"{name} has dtype {x.dtype}, but the model takes"
    cast = f"write np.asarray({name}).astype({dtype!r})."
    if dtype == "string":
        if not text and x.dtype.kind != "O":
            raise TypeError(f"{takes} text.")
        for place in np.argwhere(x == None) if x.dtype.kind == "O" else ():  # noqa: E711
            raise TypeError(
                f"{name} holds None at {tuple(place.tolist())}, and the model takes "
                'text. Write "" where there is none.'
            )
    elif text:
        raise TypeError(
            f"{name} is text, dtype {x.dtype}, but the model takes {dtype}. If it is "
            f"numbers written as text, {cast}"
        )
    elif x.dtype.kind == "c":
        raise TypeError(f"{takes} {dtype}. Write {name}.real or np.abs({name}).")
    elif x.dtype.kind == "O" and x.ndim == 0:
        raise TypeError(f"{name} is {describe(x.item())}. Pass an array of numbers.")
    elif not real:
        raise TypeError(
            f"{takes} {dtype}. Such an array comes of None or other objects, or of inputs "
            "that differ in shape."
        )
    elif "float" in x.dtype.name and "int" in dtype:
        raise TypeError(f"{takes} whole numbers, {dtype}. W{cast[1:]}")


def fits(shape, expected):
    return len(shape) == len(expected) and all(
        want in (None, came) for came, want in zip(shape, expected)
    )


def wrong_shape(shape, expected, name):
    """Say which shape came and which was expected, and the line that fixes it."""
    message = f"{name} has shape {shape}, but the model takes {tuple(expected)}"
    for what, line, fixed in repairs(shape):
        if fits(fixed, expected):
            if name == "batch" and line == "x[np.newaxis]":
                return f"{message}: {what}. Yield batches: write dataset.batch(256)."
            return f"{message}: {what}. Write {line.replace('x', name, 1)}."
    return f"{message}, where None is the number of inputs."


def repairs(shape):
    """List (what may be wrong, the line that fixes x, the shape it has then)."""
    both = "the batch axis and the channel axis are missing"
    lines = [
        ("the batch axis is missing", "x[np.newaxis]", (1, *shape)),
        ("the channel axis is missing", "x[..., np.newaxis]", (*shape, 1)),
        (both, "x[np.newaxis, ..., np.newaxis]", (1, *shape, 1)),
    ]
    if len(shape) == 3:
        channels, rows, columns = shape
        first = "the channels come first and the batch axis is missing"
        grey = "the pictures are grey and have no channel axis"
        fixed = (1, rows, columns, channels)
        lines += [
            (first, "x.transpose(1, 2, 0)[np.newaxis]", fixed),
            (grey, "x[..., np.newaxis].repeat(3, axis=-1)", (*shape, 3)),
        ]
    if len(shape) == 4:
        n, a, b, c = shape
        lines += [
            ("the channels come first", "x.transpose(0, 2, 3, 1)", (n, b, c, a)),
            ("the channels come last", "x.transpose(0, 3, 1, 2)", (n, c, a, b)),
            ("there is a channel too many", "x[..., :3]", (n, a, b, min(c, 3))),
        ]
        if c == 1:
            lines.append(
                ("the pictures are grey", "x.repeat(3, axis=-1)", (n, a, b, 3))
            )
        if c == 3:
            colour = "the pictures are in colour"
            lines.append((colour, "x.mean(axis=-1, keepdims=True)", (n, a, b, 1)))
            lines.append((colour, "x.mean(axis=-1)", (n, a, b)))
    if shape and shape[-1] == 1:
        lines.append(("there is a channel axis too many", "x[..., 0]", shape[:-1]))
    if shape and shape[0] == 1:
        lines.append(("there is a batch axis too many", "x[0]", shape[1:]))
    if len(shape) > 2:
        numbers = int(np.prod(shape[1:]))
        line = f"x.reshape(-1, {numbers})"
        lines.append(("the inputs are not flattened", line, (shape[0], numbers)))
    return lines


def check_same_length(arrays, names):
    """Refuse several inputs that do not have the same number of rows."""
    given = [(name, x) for name, x in zip(names, arrays) if x is not None]
    if len({len(x) for _, x in given}) > 1:
        pairs = ", ".join(f"{name} has {len(x)}" for name, x in given)
        raise ValueError(f"All inputs must have the same number of rows, but {pairs}.")


class FiniteCheck:
    """Counts NaN and infinity in all batches, to report them once."""

    def __init__(self):
        self.count, self.first = 0, None

    def look(self, x, name, start):
        """Look at one batch, whose first row is input number ``start``."""
        if x.dtype.kind != "f":
            return
        with np.errstate(all="ignore"):  # one makes the whole sum so, in no time
            if np.isfinite(x.sum()) or np.isfinite(x).all():
                return
        positions = np.argwhere(~np.isfinite(x))
        if self.first is None:
            row, *rest = positions[0].tolist()
            self.first = name, x[(row, *rest)], (start + row, *rest)
        self.count += len(positions)

    def report(self):
        """Warn if anything was found."""
        if self.first:
            name, value, position = self.first
            warnings.warn(
                f"The input {name} holds NaN or infinity {self.count} times, first "
                f"{value} at {position}. Outputs computed from it mean nothing.",
                stacklevel=3,
            )


def nearest_names(name, names):
    """Return a sentence with the names most like ``name``; if none is, the first ones.

    Example:
        >>> nearest_names("conv2d2", ["conv2d", "conv2d_2", "dense"])
        "Did you mean 'conv2d_2' or 'conv2d'?"
    """
    inside = [one for one in names if one.endswith(f"/{name}")]
    near = inside or difflib.get_close_matches(str(name), names, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(map(repr, near[:3]))}?"
    more = ", ..." if len(names) > 8 else ""
    return f"Its layers are {', '.join(map(repr, names[:8]))}{more}."
