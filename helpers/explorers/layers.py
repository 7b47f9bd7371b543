"""A CNN layer by layer, channel by channel, down to the arithmetic of one pixel."""

import hashlib
import math
from collections import OrderedDict

import numpy as np
import traitlets

from ..by_hand import Walk, run_once
from ..by_hand.explanation import Traced
from ..by_hand.known_layers import activation_of, channels_first, record_of
from ..by_hand.layer_families import Copied, Joined, Window, bias_of
from ..engine.inputs import check_array, check_inputs, own_name
from ..engine.wording import check_model
from ..extraction import layer_outputs
from ..statistics import dead_channels
from .widget import Explorer, binary, browser_code, count

MOST_BYTES = 4_000_000  # of one layer: a million float32 numbers
MOST_AT_ONCE = 2_000_000  # bytes sent with the widget itself, before it asks
MOST_IMAGES = 100
THUMBNAIL = 48  # pixels, at most
FOLLOWED = 2  # so many images are kept with the outputs of all their layers

# What activations.js computes. With another activation, or if a kind's record has no
# `browser`, a layer is explained by Python, click by click.
ACTIVATIONS = (
    "linear relu relu6 leaky_relu elu selu gelu silu exponential sigmoid hard_sigmoid "
    "tanh softplus softsign softmax"
).split()


def explore_layers(model, images, classes=None):
    """Explore every layer of a CNN: its maps, one channel, one pixel's arithmetic.

    Point at a pixel of a feature map: its receptive field is marked on the picture,
    its patch in the layer before, and the sum that makes it is written out. A click
    pins the pixel, Escape lets it go. The arrow keys do what the pointer does.

    With the widget come up to 2 MB of outputs and kernels: of the course's CNN all, so
    that it answers while Python is busy. More is sent when it is looked at, up to 4 MB
    (a million numbers) a layer; of larger layers a coarser mosaic and the chosen
    channel, and the explorer says so. If the model is trained further, run the cell
    again.

    Arguments:
        model: built ``keras.Model`` with one input, or a dict
            of such models by the name to show, ``{"untrained": a, "trained": b}``, to
            switch between. These have the same layer classes and output shapes.
        images: one image ``(rows, columns, channels)`` or up to 100 of them,
            ``(images, rows, columns, channels)``, of any real dtype, as the model
            wants them: if it was trained on pixels / 255, divide by 255.
        classes: names of the units of the last layer, such as ``CIFAR10_CLASSES``.

    Returns:
        A widget, shown by JupyterLab, Notebook 7, VS Code and Colab. As text it is one
        sentence.

    Raises:
        TypeError: not a Keras model, or images of a wrong dtype.
        ValueError: an unbuilt model, images or classes that do not fit it, more than
            100 images, or models that differ in their layers.

    Example:
        >>> explore_layers(cifar10_cnn(), cat_photograph() / 255)
        explore_layers: 8 layers of cifar10_cnn for 1 image. Run this cell to explore them.

    Source: Wang et al., 2020, "CNN Explainer: Learning Convolutional Neural Networks
    with Interactive Visualization".
    """
    if not isinstance(model, dict):
        models = {getattr(model, "name", "model"): model}
    elif model:
        models = {str(label): one for label, one in model.items()}
    else:
        raise ValueError('The dict of models is empty. Write {"trained": model}.')
    images = [check_images(one, images) for one in models.values()][0]
    return LayersExplorer(models, images, classes)


class LayersExplorer(Explorer):
    """The widget that `explore_layers` returns."""

    _esm = browser_code(
        *("common.js", "activations.js", "arithmetic.js", "pictures.js", "mosaic.js"),
        *("tables.js", "grids.js", "controls.js", "answers.js", "layers.js"),
    )
    about = traitlets.Dict().tag(sync=True)
    prepared = traitlets.List().tag(sync=True)  # [question, answer, sizes of arrays]
    numbers = traitlets.Bytes().tag(sync=True)  # these arrays, one after the other
    thumbnails = traitlets.Bytes().tag(sync=True)

    def __init__(self, models, images, classes=None):
        self.models, self.images = list(models.values()), images
        self.followed = OrderedDict()
        self.weights = [fingerprint(model) for model in self.models]
        firsts = [self.follow(i, 0) for i in range(len(self.models))]
        described = {label: one.describe() for label, one in zip(models, firsts)}
        check_alike(described)
        layers = len(firsts[0].names) - 1  # the input is the first of the names
        if layers == 0:
            raise ValueError(f"{self.models[0].name} has no layers to explore.")
        classes = check_classes(classes, firsts[0])
        small = thumbnails(images) if len(images) > 1 else np.zeros((0, 0, 0, 3))
        prepared, numbers = self.prepare(firsts, described.values())
        super().__init__(
            prepared=prepared,
            numbers=numbers,
            sentence=f"explore_layers: {count(layers, 'layer')} of "
            f"{' and '.join(models)} for {count(len(images), 'image')}. "
            "Run this cell to explore them.",
            about={
                "models": [
                    {"label": label, "layers": layers}
                    for label, layers in described.items()
                ],
                "images": len(images),
                "thumbnail": small.shape[1:3],
                "classes": classes,
                "megabytes": MOST_BYTES / 1e6,
            },
            thumbnails=small.astype("uint8").tobytes(),
        )

    def follow(self, model, image):
        """Return a `Followed` of one image, the last few kept."""
        key = model, image
        if key not in self.followed:
            one = self.images[image : image + 1]
            self.followed[key] = Followed(self.models[model], one)
            if len(self.followed) > max(FOLLOWED, len(self.models)):
                self.followed.popitem(last=False)
        self.followed.move_to_end(key)
        return self.followed[key]

    def prepare(self, firsts, described):
        """Answer the first questions before they are asked, up to `MOST_AT_ONCE`.

        The layers' outputs come first, then their kernels, then the other images.
        """
        models, images = range(len(firsts)), range(len(self.images))
        questions = [{"what": "all layers", "model": m, "image": 0} for m in models]
        for m, layers in zip(models, described):
            for layer, about in enumerate(layers):
                here = {"model": m, "layer": layer}
                if about["how"] == "copy" or about.get("whole"):
                    questions.append({"what": "weights", **here})
                if about.get("field") == "layer":
                    questions.append({"what": "fields", **here})
        of_one_image = 4 * sum(values.size for values in firsts[0].arrays_named)
        if len(images) * of_one_image <= 10 * MOST_AT_ONCE:
            questions += [{"what": "dead", "model": m} for m in models]
        questions += [
            {"what": "all layers", "model": m, "image": image}
            for image in images[1:]
            for m in models
        ]
        prepared, numbers = [], b""
        for question in questions:
            answer, arrays = self.answer_now(question)
            more = b"".join(map(binary, arrays))
            if len(numbers) + len(more) > MOST_AT_ONCE:
                break
            numbers += more
            prepared.append([question, answer, [array.size for array in arrays]])
        return prepared, numbers

    def answer(self, question):
        """Answer one of the questions named in `ANSWERS`, if the weights are the same."""
        model = question["model"]
        if fingerprint(self.models[model]) != self.weights[model]:
            label = self.about["models"][model]["label"]
            raise RuntimeError(
                f"The weights of {label} have changed since this cell ran. Run it again."
            )
        return self.answer_now(question)

    def answer_now(self, question):
        model = question["model"]
        if question["what"] == "dead":
            return {"dead": self.dead_for_all(model)}, []
        kept = [image for which, image in self.followed if which == model] or [0]
        one = self.follow(model, question.get("image", kept[-1]))
        return ANSWERS[question["what"]](one, question)

    def dead_for_all(self, model):
        """List for each layer the channels that are zero for all of the images."""
        dead = None
        for start in range(0, len(self.images), 8):  # few, so that large outputs fit
            batch = self.images[start : start + 8]
            outputs = layer_outputs(self.models[model], batch)
            now = [set(dead_channels(y).tolist()) for y in [batch, *outputs.values()]]
            dead = [a & b for a, b in zip(dead, now)] if dead else now
        return [sorted(channels) for channels in dead]


# ------------------------------------------------- one image, followed by Keras's numbers


class Followed(Traced):
    """A model and one image: what each layer got and gave, in Keras's own numbers.

    Attributes:
        names: the input's name, and the layers' as in ``layer_outputs``; a layer is
            asked for by its place in this list.
        arrays_named: what each of these outputs, for one image.
    """

    def __init__(self, model, image):
        walk = Walk(run_once(model, image), by_hand=False)
        super().__init__(walk.names, walk.inputs, walk.calls)
        self.names = [*self.names_of_inputs, *self.outputs]
        self.arrays_named = [image, *(y for _, y in self.outputs.values())]
        self.places = {id(self.arrays[0]): 0}  # {id of an array: its place in names}
        for place, y in enumerate(self.arrays_named[1:], 1):
            self.places.setdefault(id(y), place)

    def values(self, place):
        """The output of a layer as one picture, ``(rows, columns, channels)``."""
        values = np.atleast_1d(np.asarray(self.arrays_named[place], "float32"))[0]
        if values.ndim < 3:
            ones = (1,) * (3 - values.ndim)
            values = values.reshape((*values.shape[:-1], *ones, -1))
        return values.reshape(len(values), -1, values.shape[-1])

    def maker(self, place):
        """The call that computed a layer's output; not for the input."""
        outer, y = self.outputs[self.names[place]]
        return self.makers.get(id(y), outer)

    def describe(self):
        """Tell what the browser has to know of each layer, as JSON can hold it."""
        return [self.describe_one(place) for place in range(len(self.names))]

    def describe_one(self, place):
        rows, columns, channels = self.values(place).shape
        about = {
            "name": self.names[place],
            "class": "input",
            "shape": self.arrays_named[place].shape[1:],
            "rows": rows,
            "columns": columns,
            "channels": channels,
            "how": "input",
        }
        if place == 0:
            return about
        call, unknown = self.maker(place), self.maker(place).unknown
        return about | {
            "class": type(self.outputs[self.names[place]][0].layer).__name__,
            "activation": "linear" if unknown else activation_of(call.layer).name,
            "field": self.how_fields_vary(place),
            "how": "value" if unknown else "explain",
            "why": unknown or "",
            **self.arithmetic_in_browser(call),
        }

    def arithmetic_in_browser(self, call):
        """How, and from which layer, the browser can compute; {} if it cannot."""
        layer, x, y = call.layer, call.inputs, call.output
        if call.unknown or not isinstance(x, np.ndarray) or id(x) not in self.places:
            return {}
        if 4 * x.size > MOST_BYTES or channels_first(layer):
            return {}
        record = record_of(layer)
        about = record.browser(layer, x) if record else {}  # a model may do nothing
        if not about or about["how"] == "copy" and 4 * y.size > MOST_BYTES:
            return {}
        if about["how"] == "sum":
            window, activation = about["window"], activation_of(layer)
            bytes_of_one = 4 * math.prod(window["size"]) * window["channels"]
            about["whole"] = bytes_of_one * y.shape[-1] <= MOST_BYTES
            if bytes_of_one > MOST_BYTES or activation.name not in ACTIVATIONS:
                return {}
            over_others = any(i % y.ndim != y.ndim - 1 for i in activation.axes)
            if over_others or activation.axes and not about["whole"]:
                return {}  # a softmax needs the kernels of all channels, no other axis
        return about | {"source": self.places[id(x)]}

    def how_fields_vary(self, place):
        """Whether the receptive fields of a layer can be told row by row.

        Returns:
            ``"layer"``, if they are the same for all its channels; ``"channel"``, if a
            Concatenate lies behind them; ``"pixel"``, if only `explain` can tell.
        """
        call = self.maker(place)
        until_here = self.calls[: self.calls.index(call) + 1]
        before = [one for one in until_here if not one.container]
        if any(one.unknown or one.output.ndim not in (2, 4) for one in before):
            return "pixel"
        records = [record_of(one.layer) for one in before]
        axes = [
            one.layer.axis
            for one, record in zip(before, records)
            if isinstance(record, Joined)
        ]
        told = (
            self.arrays[0].ndim == 4
            and not any(channels_first(one.layer) for one in before)
            and not any(isinstance(r, Copied) and not r.rows_stay for r in records)
            and all(axis in (-1, 3) for axis in axes)
            and (call.output.ndim == 4 or isinstance(record_of(call.layer), Window))
        )
        if not told:
            return "pixel"
        return "channel" if axes else "layer"


# --------------------------------------------------------------- the browser's questions


def all_layers(one, question):
    """The outputs of all layers, smallest first, until there are `MOST_BYTES`."""
    values = [one.values(place) for place in range(len(one.names))]
    sent, left = [], MOST_BYTES
    for place in sorted(range(len(values)), key=lambda i: (i > 0, values[i].size)):
        if values[place].nbytes <= left:
            sent.append(place)
            left -= values[place].nbytes
    dead = [dead_channels(maps).tolist() for maps in values]
    return {"sent": sent, "dead": dead}, [values[place] for place in sent]


def one_layer(one, question):
    """The output of one layer; of a large one every second, third, … row and column."""
    values = one.values(question["layer"])
    step = 1
    while values[::step, ::step].nbytes > MOST_BYTES:
        step += 1
    low, high = values.min(axis=(0, 1)).tolist(), values.max(axis=(0, 1)).tolist()
    ranges = [] if step == 1 else [low, high]
    return {"step": step, "ranges": ranges}, [values[::step, ::step]]


def one_channel(one, question):
    """One channel of a large layer, every pixel."""
    return {}, [one.values(question["layer"])[:, :, question["channel"]]]


def weights(one, question):
    """The kernel and bias of a layer or channel, or where a layer copies from."""
    call, channel = one.maker(question["layer"]), question.get("channel")
    layer, record = call.layer, record_of(call.layer)
    if isinstance(record, Copied):
        return {}, [record.origins(layer, call.inputs)[0]]
    filters = call.output.shape[-1]
    size = record.browser(layer, call.inputs)["window"]["size"]
    kernels = record.kernels(layer).reshape(*size, -1, filters)
    bias = bias_of(layer)
    return {}, [
        kernels if channel is None else kernels[..., [channel]],
        np.zeros(filters) if bias is None else bias,
    ]


def fields(one, question):
    """The rows and the columns of the input that each row and column depends on.

    In place of the two ends stands None where nothing but padding is seen.
    """
    y = one.arrays_named[question["layer"]]
    rows, columns = y.shape[1:3] if y.ndim == 4 else (1, 1)

    def parts(axis, *positions):
        found = []
        for position in positions:
            place = position if y.ndim == 4 else ()
            place = 0, *place, question.get("channel") or 0
            part, _ = one.receptive_field(y, place)
            found.append(part and ends(part[axis]))
        return found

    return {  # the other axis in its middle, where no padding is
        "rows": parts(0, *((row, columns // 2) for row in range(rows))),
        "columns": parts(1, *((rows // 2, column) for column in range(columns))),
    }, []


def ends(part):
    return int(part.start), int(part.stop)


def explained(one, question):
    """What `explain` says of one number, and its receptive field where that is one."""
    place = question["layer"]
    shape = one.arrays_named[place].shape[1:]
    flat = np.ravel_multi_index(question["position"], one.values(place).shape)
    position = question.get("image", 0), *map(int, np.unravel_index(flat, shape))
    explanation = one.explain(one.names[place], position)
    explanation.columns = {
        heading: column.astype(float) if column.dtype == "float32" else column
        for heading, column in explanation.columns.items()
    }
    title, headings, rows, below = explanation.lines()
    field = explanation.receptive_field
    return {
        "title": title,
        "headings": headings,
        "rows": rows,
        "below": below,
        "notes": explanation.notes,
        "value": explanation.value,
        "field": field and [ends(part) for part in field[:2]],
    }, []


ANSWERS = {
    "all layers": all_layers,
    "layer": one_layer,
    "channel": one_channel,
    "weights": weights,
    "fields": fields,
    "explain": explained,
}


# ------------------------------------------------------------------- what came is checked


def check_images(model, images):
    """Return images with a batch axis, or say what to write."""
    check_model(model)
    own = own_name(images, "images")
    inputs = getattr(model, "inputs", None) or []
    if len(inputs) > 1:
        names = ", ".join(tensor.name for tensor in inputs)
        raise ValueError(
            f"explore_layers follows one input, but {model.name} has several: {names}."
        )
    if not inputs:  # a call of its own, which says nothing about shapes
        images = check_array(images, None, name=own)
        images = images[np.newaxis] if images.ndim == 3 else images
        if images.ndim != 4:
            raise ValueError(
                f"{own} has shape {images.shape}; explore_layers takes (images, rows, "
                "columns, channels)."
            )
    else:
        shape = tuple(inputs[0].shape[1:])
        if len(shape) not in (2, 3):
            raise ValueError(
                f"{model.name} takes inputs of shape {shape}, and explore_layers shows "
                "pictures: (rows, columns) or (rows, columns, channels). Networks of Dense "
                "layers alone are shown by explore_dense."
            )
        images = check_array(images, None, inputs[0].dtype, own)
        images = images[np.newaxis] if images.ndim == len(shape) else images
        (images,) = check_inputs(model, images, own)
    if len(images) > MOST_IMAGES:
        raise ValueError(
            f"explore_layers shows up to {MOST_IMAGES} images to choose from, and got "
            f"{len(images)}. Write {own}[:{MOST_IMAGES}]."
        )
    return images


def check_alike(described):
    """Refuse models to switch between that differ in their layers."""
    (first, one), *others = described.items()
    for label, other in others:
        if len(one) != len(other):
            raise ValueError(
                f"Models to switch between have the same layers, but {first} has "
                f"{len(one) - 1} and {label} has {len(other) - 1}."
            )
        for a, b in zip(one, other):
            if (a["class"], a["shape"]) != (b["class"], b["shape"]):
                raise ValueError(
                    f"Models to switch between have the same layers, but in {first} "
                    f"{a['name']} is {a['class']} {a['shape']}, and in {label} "
                    f"{b['name']} is {b['class']} {b['shape']}."
                )


def check_classes(classes, one):
    """Return the names of the last layer's units as a list, or None."""
    if classes is None:
        return None
    classes, units = list(map(str, classes)), one.arrays_named[-1].shape[-1]
    if len(classes) != units:
        raise ValueError(
            f"classes has {len(classes)} names, but the last layer {one.names[-1]} has "
            f"{units} units. Give one name for each."
        )
    return classes


def fingerprint(model):
    """Some bytes that change when the model's weights do."""
    digest = hashlib.blake2b()
    for weight in model.weights:
        digest.update(np.asarray(weight).tobytes())
    return digest.digest()


def thumbnails(images):
    """Reduce images to at most `THUMBNAIL` rows and columns of red, green, blue."""
    step = -(-max(images.shape[1:3]) // THUMBNAIL)
    images = np.asarray(images[:, ::step, ::step], "float32")
    if images.ndim == 3 or images.shape[-1] != 3:
        images = images.reshape(*images.shape[:3], -1)[..., :1].repeat(3, axis=-1)
    low, high = images.min(), images.max()
    if low < 0 or high > 255:
        images = (images - low) / (high - low or 1)
    return 255 * images if images.max() <= 1 else images
