"""The right numbers for the page of error messages: by NumPy from the layers' weights.

``RIGHT`` has, for each message, a function for each case: it takes what the page's lines
have named and returns what the last of its lines has to give.
"""

import numpy as np
import tensorflow as tf

WORDS = np.array([[3, 5, 0, 0]])


def relu(x):
    return np.maximum(x, 0)


def softmax(x):
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def same(x):
    return x


def dense(x, layer, activation=same):
    kernel, bias = layer.get_weights()
    return activation(x @ kernel.astype("float64") + bias)


def conv(x, layer, activation=same, border=0):
    kernel, bias = layer.get_weights()
    x = np.pad(x, ((0, 0), (border,) * 2, (border,) * 2, (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], (1, 2))
    return activation(
        np.einsum("nrcijk,jkim->nrcm", windows, kernel, optimize=True) + bias
    )


def pooled(x):
    images, rows, columns, channels = x.shape
    cut = x.reshape(images, rows // 2, 2, columns // 2, 2, channels)
    return cut.max(axis=(2, 4))


def hidden(s, x=None):
    return dense(s["rows"] if x is None else x, s["model"].layers[0], relu)


def probabilities(s, x=None):
    return dense(hidden(s, x), s["model"].layers[1], softmax)


def maps(s, x=None):
    return conv(s["pictures"] if x is None else x, s["cnn"].layers[0], relu)


def classes(s, x=None):
    flat = pooled(maps(s, x)).reshape(2 if x is None else len(x), -1)
    return dense(flat, s["cnn"].layers[-1], softmax)


def slopes_of_maps(s, class_of=None):
    """The gradient of a class, by default 0, with respect to the maps."""
    x = tf.constant(maps(s), "float32")
    with tf.GradientTape() as tape:
        tape.watch(x)
        after = x
        for layer in s["cnn"].layers[1:]:
            after = layer(after)
        chosen = after[:, 0] if class_of is None else class_of(after)
    return tape.gradient(chosen, x).numpy()


def heat(s):
    slopes = slopes_of_maps(s, lambda after: tf.reduce_max(after, axis=1))
    return relu(np.einsum("nrcm,nm->nrc", maps(s), slopes.mean(axis=(1, 2))))


def slopes(function, x):
    """The gradient of a function's first output, by small steps in each number."""
    found = np.zeros_like(x)
    for place in np.ndindex(*x.shape[1:]):
        step = np.zeros_like(x)
        step[(slice(None), *place)] = 1e-5
        found[(slice(None), *place)] = (function(x + step) - function(x - step)) / 2e-5
    return found


def slopes_of_rows(s):
    return slopes(lambda x: probabilities(s, x)[:, 0], s["rows"])


def slopes_of_pictures(s):
    """The gradient of class 0 with respect to the pictures, back through the maps."""
    back = slopes_of_maps(s) * (maps(s) > 0)
    kernel = s["cnn"].layers[0].get_weights()[0][::-1, ::-1]
    padded = np.pad(back, ((0, 0), (2, 2), (2, 2), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))
    return np.einsum("nrcmjk,jkim->nrci", windows, kernel, optimize=True)


def lstm(s):
    kernel, recurrent, bias = s["lstm"].get_weights()
    h = c = np.zeros((2, 4))
    for x in s["rows"].T[:, :, np.newaxis]:
        gates = np.split(x @ kernel + h @ recurrent + bias, 4, axis=1)
        i, f, o = (1 / (1 + np.exp(-gates[place])) for place in (0, 1, 3))
        c = f * c + i * np.tanh(gates[2])
        h = o * np.tanh(c)
    return h


def attention(x, layer, seen=None):
    wq, bq, wk, bk, wv, bv, wo, bo = layer.get_weights()
    q, k, v = (
        np.einsum("ntd,dhe->nthe", x, w) + b for w, b in ((wq, bq), (wk, bk), (wv, bv))
    )
    scores = np.einsum("nqhe,nkhe->nhqk", q, k) / np.sqrt(q.shape[-1])
    if seen is not None:
        scores = np.where(seen[:, np.newaxis], scores, -1e9)
    mixed = np.einsum("nhqk,nkhe->nqhe", softmax(scores), v)
    return np.einsum("nqhe,hed->nqd", mixed, wo) + bo


def masked_attention(s):
    table = s["embedding"].get_weights()[0]
    there = WORDS > 0
    return attention(
        table[WORDS], s["attention"], there[:, :, np.newaxis] & there[:, np.newaxis]
    )


def own_hidden(activation=same):
    return lambda s: dense(s["rows"], s["own"].hidden, activation)


def one(name):
    """A single Dense layer of the page's lines, on the rows."""
    return lambda s: dense(s["rows"], s[name])


def late(s):
    return dense(s["rows"], s["late"].layers[0])


def kernel(s):
    return s["model"].get_weights()[0]


def same_pictures(s):
    return classes(s)


def one_picture(s):
    return classes(s, s["pictures"][:1])


def first_row(s):
    return probabilities(s, np.eye(3)[:1])


def three_times(s):
    return 3 * s["rows"]


def of_two_rows(s):
    return probabilities(s, 2 * s["rows"])


def second_call(s):
    return dense(2 * s["rows"], s["shared"])


def digit_maps(s):
    return conv(s["digit"][np.newaxis], s["conv"])


def padded_twice(s):
    first, second = s["same"]
    return conv(conv(s["pictures"][:, :4, :4], first, border=1), second, border=1)


def joined(s):
    return dense(np.concatenate([hidden(s), probabilities(s)], axis=1), s["dense"])


def enlarged(s):
    upper = pooled(maps(s)).repeat(2, axis=1).repeat(2, axis=2)
    return np.concatenate([maps(s), upper], axis=-1)


def average_of_two(s):
    return 2 * s["embedding"].get_weights()[0][WORDS[:, :2]].mean(axis=1)


def scaled(s):
    return 255 * s["pictures"] / 127.5 - 1


def resized(s):
    small = tf.image.resize(s["pictures"][1][:16], (32, 32)).numpy()
    return classes(s, np.stack([s["pictures"][0], small]))


def logcumsum(s):
    return np.log(np.cumsum(np.exp(s["rows"]), axis=1))


def depthwise(s):
    kernel = np.arange(12.0).reshape(2, 2, 3)
    windows = np.lib.stride_tricks.sliding_window_view(s["pictures"], (2, 2), (1, 2))
    return np.einsum("nrcijk,jki->nrci", windows, kernel)


TWO_LAYERS = {
    name: lambda s, front=front: dense(dense(s["rows"], front(s)[0]), front(s)[1])
    for name, front in {
        "again": lambda s: s["again"].layers,
        "dense and last": lambda s: (s["dense"], s["last"]),
        "front and back": lambda s: (s["front"].layers[0], s["back"].layers[0]),
    }.items()
}

RIGHT = {
    "has no defined input.": [hidden],
    "has no defined output.": [probabilities, heat, late, own_hidden(relu)],
    "has no defined inputs yet": [late],
    "attribute 'inputs'": [own_hidden(relu)],
    "before accessing `kernel`": [lambda s: s["layer"](np.eye(3)).numpy()],
    "`count_params`": [lambda s: 3 * 4 + 4 + 4 * 2 + 2],
    "Do not pass an": [one("dense")],
    "Argument `input_shape`": [one("dense")],
    "The structure of `inputs`": [hidden, three_times],
    "Missing data for input": [probabilities],
    "passed to Model": [hidden],
    "'output_shape'": [lambda s: (None, 4)],
    "'input_shape'": [lambda s: (None, 3)],
    "'inbound_nodes'": [lambda s: "hidden"],
    "'get_output_at'": [second_call],
    "'_is_compiled'": [hidden],
    "'predict_classes'": [lambda s: probabilities(s).argmax(axis=1)],
    "'predict_generator'": [probabilities],
    "You must call `compile()`": [
        lambda s: ((probabilities(s) - np.eye(2)) ** 2).mean()
    ],
    "'KerasTensor' object has no attribute 'numpy'": [hidden],
    "A KerasTensor is symbolic": [hidden, lambda s: 2 * probabilities(s)],
    "used as input to a TensorFlow": [
        lambda s: np.concatenate([s["rows"], s["rows"]], axis=1),
        logcumsum,
        own_hidden(),
    ],
    "not callable": [hidden],
    "Iterating over": [probabilities],
    "as a boolean": [lambda s: abs(s["rows"] - 0.5)],
    "no len()": [lambda s: 2],
    "All `outputs` values": [hidden],
    "All `inputs` values": [hidden],
    "'SymbolicTensor'": [hidden],
    "symbolic tf.Tensor …": [lambda s: np.tanh(probabilities(s))],
    "a Python `bool`": [probabilities],
    "'function'": [hidden],
    "'learning_phase'": [probabilities],
    "'eval'": [kernel],
    "'gradients'": [slopes_of_rows],
    "'int_shape'": [lambda s: (None, 4)],
    "'get_session'": [kernel],
    "'reset_uids'": [lambda s: "dense"],
    "tf.gradients is not": [slopes_of_rows],
    "'Session'": [probabilities],
    "'keras.engine'": [lambda s: True],
    "'keras.layers.core'": [lambda s: True],
    "'np_utils'": [lambda s: np.eye(3)[[1, 0, 2]]],
    "'NoneType' object is not subscriptable": [lambda s: slopes_of_pictures(s)[0]],
    "convert a value (None)": [lambda s: slopes_of_maps(s).mean(axis=(1, 2))],
    "slices, not tuple": [lambda s: classes(s)[:, 0]],
    "A non-persistent": [
        lambda s: (
            slopes_of_rows(s),
            slopes(lambda x: dense(x, s["model"].layers[1], softmax)[:, 0], hidden(s)),
        )
    ],
    "'_id'": [slopes_of_pictures],
    "Passed in object": [slopes_of_rows],
    "No such layer": [TWO_LAYERS["again"], hidden, hidden],
    "Was asked to retrieve": [lambda s: "probabilities"],
    "slices, not str": [lambda s: "hidden"],
    "should have unique names": [TWO_LAYERS["dense and last"]],
    "is used … times": [TWO_LAYERS["front and back"]],
    "is not a valid scope name": [one("spaced")],
    "cannot contain character `/`": [one("dense")],
    "Invalid input shape": [one_picture],
    "expected shape=": [one_picture, same_pictures],
    "expected min_ndim=": [lambda s: maps(s, s["pictures"][:1])],
    "expected ndim=": [lstm],
    "expected axis -1": [
        lambda s: classes(s, s["pictures"][..., :1].repeat(3, axis=-1)),
        same_pictures,
    ],
    "Depth of input": [same_pictures],
    "Matrix size-incompatible": [same_pictures],
    "unknown rank": [one_picture],
    "as_list()": [one_picture],
    "Negative dimension size": [digit_maps],
    "would be negative": [digit_maps],
    "zero or negative": [padded_twice],
    "Unrecognized data type": [first_row],
    "Only input tensors": [first_row, lambda s: dense(probabilities(s), s["dense"])],
    "but it received": [same_pictures, joined, three_times],
    "a required argument": [lambda s: attention(s["sequence"], s["attention"])],
    "Data cardinality": [lambda s: s["rows"] + s["rows"][:1]],
    "Invalid dtype: object": [resized],
    "Unsupported object type": [probabilities],
    "indices[": [lambda s: s["embedding"].get_weights()[0][[[1, 10]]]],
    "ufunc": [lambda s: s["outputs"].astype("float32").mean()],
    "dtype='string'": [lambda s: ["accuracy", "loss"]],
    "'list' object": [lambda s: [(2, 4), (2, 2)]],
    "setting an array element": [hidden],
    "A `Concatenate` layer": [enlarged],
    "Got 'None'": [of_two_rows],
    "with a mask": [average_of_two],
    "Output with path": [
        lambda s: dense(0.1 * s["rows"], s["inside"], relu),
        lambda s: maps(s, scaled(s)),
        lambda s: (maps(s, scaled(s)), classes(s, scaled(s))),
        one("shared"),
    ],
    "`inputs` not connected": [hidden],
    "Graph disconnected": [
        lambda s: (maps(s, 2 * s["pictures"]), classes(s, 2 * s["pictures"]))
    ],
    "Only instances of": [
        lambda s: s["pictures"].reshape(2, -1),
        lambda s: dense(s["rows"], s["old"]),
    ],
    "'TFOpLambda'": [lambda s: s["rows"] / 10 @ np.arange(6.0).reshape(3, 2)],
    "DepthwiseConv2D": [depthwise],
    "['batch_shape']": [lambda s: s["rows"] @ np.arange(6.0).reshape(3, 2)],
    "layer: '…'": [of_two_rows],
    "Could not locate class": [of_two_rows],
    "Requested the deserialization": [of_two_rows],
    "File format not supported": [probabilities],
    "Invalid filepath": [probabilities],
    "`.weights.h5`": [probabilities],
    "No model config": [probabilities],
    "A total of": [probabilities],
    "Layer count mismatch": [probabilities],
    "not yet been built": [probabilities],
    "You called `set_weights": [lambda s: s["rows"] @ np.ones((3, 4))],
    "takes the mask away": [masked_attention],
}


def right(message):
    """Return the functions for a message of the page."""
    (found,) = [right for words, right in RIGHT.items() if words in message]
    return found
