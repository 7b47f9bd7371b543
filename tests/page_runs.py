"""The lines of the page of error messages, run: what they raise and what they give."""

import ast
import json
import re
import warnings

import h5py
import keras
import numpy as np
from packaging.version import Version

from helpers.engine.error_page import entries, page

KERAS = Version(keras.__version__)

(SETUP,) = re.findall(r"^```python\n([^`]+pictures = [^`]+)^```$", page(), re.M)

# How model files say which layers there are: as Keras 2 wrote `Dense(2)(x / 10)`, as
# Keras 2 wrote a DepthwiseConv2D, and as Keras 3 writes a Dense layer
DENSE = {"name": "dense", "units": 2, "use_bias": False}
DEPTHWISE = {"name": "depthwise", "kernel_size": [2, 2], "groups": 1, "use_bias": False}
OLD = {
    "name": "model",
    "layers": [
        {
            "class_name": "InputLayer",
            "config": {"batch_input_shape": [None, 3], "name": "x", "dtype": "float32"},
            "name": "x",
            "inbound_nodes": [],
        },
        {
            "class_name": "TFOpLambda",
            "config": {"name": "tf.math.truediv", "function": "math.truediv"},
            "name": "tf.math.truediv",
            "inbound_nodes": [["x", 0, 0, {"y": 10, "name": None}]],
        },
        {
            "class_name": "Dense",
            "config": DENSE,
            "name": "dense",
            "inbound_nodes": [[["tf.math.truediv", 0, 0, {}]]],
        },
    ],
    "input_layers": [["x", 0, 0]],
    "output_layers": [["dense", 0, 0]],
}
SLICE = json.loads(json.dumps(OLD).replace("TFOpLambda", "SlicingOpLambda"))
FILES = {
    "old.h5": ("Functional", OLD, "dense", (3, 2)),
    "slice.h5": ("Functional", SLICE, "dense", (3, 2)),
    "keras_model.h5": (
        "Sequential",
        {
            "name": "model",
            "layers": [
                {
                    "class_name": "InputLayer",
                    "config": {"batch_input_shape": [None, 32, 32, 3], "name": "x"},
                },
                {"class_name": "DepthwiseConv2D", "config": DEPTHWISE},
            ],
        },
        "depthwise",
        (2, 2, 3, 1),
    ),
    "new.h5": (
        "Sequential",
        {
            "name": "model",
            "layers": [
                {
                    "class_name": "InputLayer",
                    "config": {"batch_shape": [None, 3], "name": "x"},
                },
                {"class_name": "Dense", "config": DENSE},
            ],
        },
        "dense",
        (3, 2),
    ),
}


def write_files(folder):
    """Write the model files that the page's lines load."""
    for name, (kind, config, layer, shape) in FILES.items():
        with h5py.File(folder / name, "w") as file:
            words = json.dumps({"class_name": kind, "config": config})
            version = "3.13.2" if name == "new.h5" else "2.15.0"
            file.attrs.update(
                model_config=words, backend="tensorflow", keras_version=version
            )
            weights = file.create_group("model_weights")
            weights.attrs["layer_names"] = [layer]
            group = weights.create_group(layer)
            group.attrs["weight_names"] = ["kernel"]
            group["kernel"] = np.arange(np.prod(shape), dtype="float32").reshape(shape)


def cases(needs=None):
    """Return ``(entry, number of the case, case)``, those with or without an import."""
    return [
        (one, number, case)
        for one in entries()
        for number, case in enumerate(one.cases)
        if ("import tf_keras" in case.first) == (needs == "tf_keras")
    ]


def name(case):
    """Return the name of a case's test."""
    one, number, _ = case
    return f"{one.anchor.strip('-')[:50]}-{number}"


def claimed(one):
    """Return the messages that an entry says this Keras gives; [] is none."""
    said_by = one.facts["Said by"]
    if said_by.startswith("Keras 2"):
        return []  # or another entry's
    later, earlier = "Keras 3.14 and later", "Keras 3.13 and before"
    if said_by == later and KERAS < Version("3.14"):
        return one.said(earlier)
    if said_by == earlier and KERAS >= Version("3.14"):
        return one.said(later)
    return [one.message]


def run(source, names):
    """Run lines; return what the last one gives, if it is an expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), names)
    if last is not None:
        expression = ast.Expression(last.value)
        return eval(compile(expression, "<cell>", "eval"), names)


def started(first="", change=str):
    """Return the names that the page's lines start from, after those that come first."""
    keras.utils.clear_session(free_memory=False)  # only the names, which is fast
    keras.utils.set_random_seed(0)
    names = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run(change(SETUP), names)
        if first:
            run(change(first), names)
    return names


def outcome(case, change=str):
    """Return the errors and warnings that a case's lines give, as they are."""
    names = started(case.first, change)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            run(change(case.wrote), names)
        except Exception as error:
            return [error]
    return [one.message for one in caught if issubclass(one.category, UserWarning)]
