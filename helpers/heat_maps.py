"""Which part of the input raised a class's score: gradients and heat maps of any layer."""

import keras
import numpy as np
import tensorflow as tf

from .engine.batches import (
    check_batch,
    check_batch_size,
    cut_into_batches,
    number_of_rows,
    stream_of_batches,
)
from .engine.choosing import check_wanted, is_meant, not_found
from .engine.keras_inside import all_layers, has_own_code
from .engine.middles import middles
from .engine.passes import kept
from .engine.patching import recording
from .engine.recording import Recorder, Request, Scope, watched
from .engine.wording import check_model


def layer_gradients(
    model, inputs, layers=None, classes=None, output=None, batch_size=32
):
    """Return how fast one class's score grows with each number that layers output.

    The score is taken before the last activation: softmax hardly changes near 1, and
    mixes in all other classes.

    Arguments:
        model: a built ``keras.Model``: Sequential, functional or subclassed.
        inputs: arrays as for `layer_outputs`.
        layers: as for `layer_outputs`; all by default.
        classes: number of a class, or one for each input. By default that with the
            highest score.
        output: if the model has several outputs, the layer that outputs the scores.
        batch_size: how many inputs are computed at a time.

    Returns:
        Dict ``{name: array}``: the gradients, in the shapes of ``layer_outputs``.

    Raises:
        TypeError: not a Keras model, or inputs of a wrong dtype.
        ValueError: inputs that do not fit, or batches of them; an unknown layer, one
            that the score does not depend on; an output without a score for each class.

    Example:
        >>> slopes = layer_gradients(dense_network(), np.eye(3), "hidden", classes=1)
        >>> slopes["hidden"][0].round(3)
        array([-0.557,  0.555,  0.061,  0.747], dtype=float32)
    """
    found = differentiated(model, inputs, layers, classes, output, batch_size)
    return {name: gradients for name, (_, gradients) in found.items()}


def grad_cam(
    model, inputs, layer=None, classes=None, output=None, mean=True, batch_size=32
):
    """Return heat maps: an estimate of where a layer's maps raised one class's score.

    A map of zeros says that no weighted sum of channels is positive; a single place may
    still raise the score. To know, set it to 0 (``replace`` of `layer_outputs`).

    Arguments:
        model, inputs, classes, output, batch_size: as for `layer_gradients`.
        layer: the layer whose maps are used, such as ``"conv2d_2"`` or
            ``"base/out_relu"`` in a model within a model; by default the last with maps
            of more than one place.
        mean: whether a channel has one weight, the mean of its gradient over all places,
            as in Grad-CAM (Selvaraju and others, 2017). With ``False`` each number is
            multiplied by its own gradient, as in HiResCAM (Draelos and Carin, 2020).

    Returns:
        Array of shape ``(images, rows, columns)``, float32: the sum over the channels,
        with negative numbers set to 0.

    Raises:
        TypeError, ValueError: as `layer_gradients`; and a layer without maps.

    Example:
        >>> images = cat_photograph()[np.newaxis] / 255
        >>> grad_cam(trained_cifar10_cnn(), images, "conv2d_2", classes=3).shape
        (1, 4, 4)
    """
    name, axis = layer_with_maps(model, inputs, layer)
    found = differentiated(model, inputs, name, classes, output, batch_size)
    maps, gradients = found[name]
    if mean:
        places = tuple(i for i in range(1, maps.ndim) if i != axis % maps.ndim)
        gradients = gradients.mean(axis=places, keepdims=True)
    return np.maximum(0, (maps * gradients).sum(axis=axis))


def on_pixels(model, inputs, heat, layer=None):
    """Lay heat maps over the pictures: each number in the middle of what it looks at.

    A place becomes a square as large as the distance to the next one. Where no receptive
    field has its middle, at the border of some pictures, there is 0.

    Arguments:
        model, inputs, layer: as for `grad_cam`.
        heat: array ``(images, rows, columns)``, what `grad_cam` returns; or any numbers,
            one for each place of the layer's maps.

    Returns:
        Array ``(images, rows, columns)`` with the rows and columns of the pictures.

    Raises:
        ValueError: heat maps of another size than the layer's maps.

    Example:
        >>> image = cat_photograph()[np.newaxis] / 255
        >>> heat = np.ones((1, 4, 4))
        >>> on_pixels(trained_cifar10_cnn(), image, heat, "conv2d_2")[0, :, 15]
        array([0., 0., 0., 0., 0., 0., 0., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1.,
               1., 1., 1., 1., 1., 1., 0., 0., 0., 0., 0., 0., 0., 0., 0.])
    """
    heat = np.asarray(heat)
    name, _ = layer_with_maps(model, inputs, layer)
    lying = middles(model, inputs, name)
    if heat.shape[1:] != tuple(map(len, lying)):
        raise ValueError(
            f"heat has shape {heat.shape}, and {name} has maps of "
            f"{tuple(map(len, lying))} places. Pass what grad_cam gives for this layer."
        )
    _, arrays = check_batch(model, inputs)
    picture = next(x for x in arrays if x is not None and x.ndim == heat.ndim + 1)
    lengths = picture.shape[2:] if axis_of_channels(model) == 1 else picture.shape[1:-1]
    for axis, (middle, length) in enumerate(zip(lying, lengths), start=1):
        place, inside = nearest(middle, np.arange(length))
        heat = heat.take(place, axis=axis)
        heat = heat * np.expand_dims(inside, [i for i in range(heat.ndim) if i != axis])
    return heat


def nearest(middles, pixels):
    """Return for each pixel the nearest place, and whether it is within half a step."""
    if len(middles) == 1:
        return np.zeros(len(pixels), int), np.ones(len(pixels), bool)
    step = (middles[-1] - middles[0]) / (len(middles) - 1)
    place = np.floor((pixels - middles[0]) / step + 0.5)
    inside = (place >= 0) & (place < len(middles))
    return np.clip(place, 0, len(middles) - 1).astype(int), inside


# ------------------------------------------------------------- one run under a tape


def differentiated(model, inputs, layers, classes, output, batch_size):
    """Return ``{name: (outputs, gradients)}``, batch after batch."""
    check_batch_size(batch_size)
    wanted, parts, done = check_wanted(layers), {}, 0
    check_arrays(model, inputs)
    rows, _, batches = cut_into_batches(model, inputs, batch_size)
    classes = check_classes(classes, rows)
    with kept(model):
        for structure, arrays in batches:
            here = number_of_rows(arrays)
            chosen = None if classes is None else classes[done : done + here]
            found = of_one_batch(model, structure, arrays, wanted, chosen, output)
            for name, pair in found.items():
                parts.setdefault(name, []).append(pair)
            done += here
    return {
        name: tuple(map(np.concatenate, zip(*pairs))) for name, pairs in parts.items()
    }


def check_arrays(model, inputs):
    check_model(model)
    if stream_of_batches(inputs) is not None:
        raise ValueError(
            "inputs are batches. Pass arrays, such as those of one batch: a heat map "
            "belongs to a picture that one can look at."
        )


def check_classes(classes, rows):
    """Return the number of a class for each input, or None."""
    if classes is None:
        return None
    found = np.asarray(classes)
    if found.dtype.kind not in "iu" or found.shape not in ((), (rows,)):
        raise ValueError(
            f"classes must be the number of a class, or one for each of {rows} inputs, "
            f"but got {classes!r:.60}."
        )
    return np.broadcast_to(found, rows)


def recorded(model, structure, arrays, **options):
    """Run a model, everything kept; an open tape can go back to every output."""
    recorder = Recorder(Request(model, tensors=True, **options))
    tensors = [x if x is None else watched(tf.convert_to_tensor(x)) for x in arrays]
    with recording(has_own_code(model)), Scope():
        recorder.run(keras.tree.pack_sequence_as(structure, tensors))
    return recorder


def of_one_batch(model, structure, arrays, wanted, classes, output):
    """Run the model under a tape; return ``{name: (outputs, gradients)}``."""
    with tf.GradientTape() as tape:
        recorder = recorded(model, structure, arrays, before_activation=True)
        scores = score_of(recorder, classes, output)
    named = outputs_of(recorder, wanted)
    gradients, found = tape.gradient(scores, list(named.values())), {}
    for (name, x), gradient in zip(named.items(), gradients):
        if gradient is not None:
            gradient = tf.convert_to_tensor(gradient)  # of an Embedding it is in parts
            pair = x, gradient
            found[name] = tuple(tf.cast(one, "float32").numpy() for one in pair)
        elif wanted is not None:
            raise ValueError(
                f"No gradient leads from the score to {name}: the score does not depend "
                "on it, or only through whole numbers. Name another layer."
            )
    return found


def outputs_of(recorder, wanted):
    """Return ``{name: tensor}``, what comes out of the wanted layers, if it is floats."""
    # as layer_outputs sorts them; the model itself, the last one, is left out
    *calls, _ = sorted(recorder.calls, key=lambda call: (*call.order, np.inf))
    every = [
        (key, x, call)
        for call in calls
        for key, x in zip(call.keys, keras.tree.flatten(call.made))
        if not call.is_input and tf.is_tensor(x) and x.dtype.is_floating
    ]
    if wanted is None:
        return {key: x for key, x, _ in every}
    found, model = {}, recorder.model
    for want in wanted:
        meant = {k: x for k, x, call in every if is_meant(model, call, want, k)}
        if not meant:
            raise ValueError(not_found(model, calls, want, recorder.out_of_reach))
        found |= {want: meant[want]} if want in meant else meant
    return found


def score_of(recorder, classes, output):
    """Return the sum of the scores that are asked for, before the last activation."""
    name, answer, call = answer_of(recorder, output)
    if len(answer.shape) != 2:
        raise ValueError(
            f"{name} outputs shape {tuple(answer.shape)}, and a score for each class is "
            "needed: (inputs, classes). Is there another one for output=...?"
        )
    count = answer.shape[1]
    classes = np.argmax(answer, axis=1) if classes is None else classes
    for one in np.unique(classes):
        if not 0 <= one < count:
            raise ValueError(f"There is no class {one}: {name} has 0 to {count - 1}.")
    before = call.output if tf.is_tensor(call.output) and not call.several else answer
    scores = before if before.shape == answer.shape else answer
    return tf.reduce_sum(tf.gather(scores, classes, axis=1, batch_dims=1))


def answer_of(recorder, output):
    """Return name and tensor of a model's answer, and the call that made it."""
    model, (*calls, answer) = recorder.model, recorder.calls
    found = []
    for key, x in keras.tree.flatten_with_path(answer.made):
        makers = [call for call in calls if made(call, x)]
        first, *_ = [*makers, answer]  # the innermost one
        names = [*(call.name for call in makers), *key]
        found.append((first.name, x, first, names))
    name = getattr(output, "name", output)
    meant = [one[:3] for one in found if output is None or name in one[3]]
    if len(meant) == 1:
        return meant[0]
    names = " and ".join(repr(first) for first, *_ in found)
    none = "" if output is None else f"; output={name!r} is none of them"
    raise ValueError(
        f"{model.name} outputs what {names} compute{'s' * (len(found) == 1)}{none}. "
        f"Write output={found[0][0]!r}."
    )


def made(call, x):
    return any(x is one for one in keras.tree.flatten(call.made))


def layer_with_maps(model, inputs, layer):
    """Return the name of a layer with maps, and the axis of its channels.

    By default it is the last one that has more than one place.
    """
    check_arrays(model, inputs)
    structure, arrays = check_batch(model, inputs)
    few = [x if x is None else x[:1] for x in arrays]
    with kept(model):
        recorder = recorded(model, structure, few)
    named = outputs_of(recorder, check_wanted(layer))
    maps = {name: np.prod(x.shape[1:-1]) for name, x in named.items() if x.ndim > 2}
    names = [name for name, places in maps.items() if layer is not None or places > 1]
    if not names:
        has = (
            f"{model.name} has no layer" if layer is None else f"{layer} is not a layer"
        )
        raise ValueError(
            f"{has} with maps, (images, rows, columns, channels). Name one that comes "
            "before Flatten or global pooling."
        )
    if layer is not None and len(names) > 1:
        raise ValueError(f"{layer!r} means {', '.join(names)}. Name one of them.")
    return names[-1], axis_of_channels(model)


def axis_of_channels(model):
    """Return 1 if a layer of the model has its channels first, else -1."""
    layers = [model, *all_layers(model)]
    first = any(getattr(x, "data_format", "") == "channels_first" for x in layers)
    return 1 if first else -1
