"""``explore_dense``: a network of Dense layers whose inputs the hand moves."""

import numpy as np
import traitlets

from ..by_hand import Walk, array, kind, run_once
from ..by_hand.known_layers import SAME, activation_of, known_as_activation, record_of
from ..by_hand.layer_families import bias_of
from ..engine.inputs import check_array, check_inputs, own_name
from ..engine.wording import check_model
from .widget import Explorer, binary, browser_code, count

MOST_WEIGHTS = 2_000_000  # 8 MB of float32
MOST_ROWS = 100
DRAWN = 16  # units of one layer

# What the browser computes and says in words, by the names of keras.activations.
ACTIVATIONS = (
    *("linear", "relu", "leaky_relu", "elu", "selu", "gelu", "silu"),
    *("sigmoid", "tanh", "softplus", "exponential", "softmax"),
)


class DenseExplorer(Explorer):
    """The widget that `explore_dense` returns."""

    _esm = browser_code(
        "common.js",
        "activations.js",
        "tables.js",
        "controls.js",
        "dense_arithmetic.js",
        "dense.js",
    )
    network = traitlets.Dict().tag(sync=True)
    weights = traitlets.Bytes().tag(sync=True)
    rows = traitlets.Bytes().tag(sync=True)


def explore_dense(model, inputs, columns=None, classes=None):
    """Draw a network of Dense layers, with a slider for every input.

    Pointing at a unit shows its arithmetic: each product, their sum, the bias, the
    activation. The browser computes all of it, in double precision, from the weights
    that the model has now; after training, call this again.

    Arguments:
        model: built ``keras.Model``, a chain of layers:
            ``Dense``, an activation (``Activation``, ``ReLU``, ``LeakyReLU``, ``ELU``,
            ``Softmax``), ``Normalization``, or a layer that acts in training only, such
            as ``Dropout``. At most 2,000,000 weights. Of a layer with more than 16 units
            the 16 largest are drawn; a menu reaches the others.
        inputs: rows to start from, ``(rows, features)``; a menu offers the first 100.
        columns: names of the features, one each. They stand at the inputs and sliders, and
            a slider then ends where the column does; else it goes further on both sides.
        classes: names of what the model puts out, one for each unit of the last layer.

    Returns:
        A widget. A cell that ends with it shows it; where no widget can run, such as in
        a notebook on GitHub, it is a sentence.

    Raises:
        TypeError: not a Keras model, inputs of a wrong dtype, or one text for all names.
        ValueError: a model with another kind of layer or activation, with branches or
            too many weights, inputs of a wrong shape or with NaN in them, or more or
            fewer names than there are features or units.

    Example:
        >>> explore_dense(dense_network(), np.eye(3))
        explore_dense: 2 layers of dense_network for 3 rows of inputs. Run this cell to
        move the inputs and to see the arithmetic of each unit.

    Source: the view of a network that recomputes while one moves a slider comes from
    Smilkov, Carter, Sculley, Viégas and Wattenberg, 2017, "Direct-Manipulation
    Visualization of Deep Networks".
    """
    rows = read_rows(model, inputs)
    found = chain(model, rows[:1])
    skipped = [name for name, layer in found if record_of(layer) is SAME]
    layers, width = [], rows.shape[1]
    for name, layer in found:
        if name not in skipped:
            layers.append(describe(layer, name, width))
            width = layers[-1]["units"] or width
    if not any(layer["units"] for layer in layers):
        raise ValueError(f"{model.name} has no Dense layer to draw.")
    names = checked_names(columns, "columns", rows.shape[1], "takes")
    name_units(layers, names, checked_names(classes, "classes", width, "puts out"))
    weights = [x for layer in layers for x in layer.pop("arrays")]
    size = sum(x.size for x in weights)
    if size > MOST_WEIGHTS:
        raise ValueError(
            f"{model.name} has {size:,} weights; explore_dense sends at most "
            f"{MOST_WEIGHTS:,} to the browser. Explore a part of it, such as "
            f"keras.Sequential(model.layers[-2:])."
        )
    network = {
        "name": model.name,
        "layers": layers,
        "columns": names,
        "features": rows.shape[1],
        "ranges": list(zip(rows.min(axis=0).tolist(), rows.max(axis=0).tolist())),
        "rows": len(rows),
        "drawn": DRAWN,
        "skipped": skipped,
    }
    return DenseExplorer(
        network=network,
        weights=b"".join(map(binary, weights)),
        rows=binary(rows[:MOST_ROWS]),
        sentence=(
            f"explore_dense: {count(len(layers), 'layer')} of {model.name} for "
            f"{count(len(rows), 'row')} of inputs. Run this cell to move the "
            "inputs and to see the arithmetic of each unit."
        ),
    )


def read_rows(model, inputs):
    """Return the inputs as Keras reads them, ``(rows, features)``, float32."""
    refuse_model(model)
    own = own_name(inputs, "inputs")
    if getattr(model, "inputs", None):
        (rows,) = check_inputs(model, inputs, own)
        dtype = model.inputs[0].dtype
    else:  # a call of its own, which says nothing about shapes
        rows, dtype = check_array(inputs, name=own), "float32"
        if rows.ndim != 2:
            raise ValueError(
                f"{own} has shape {rows.shape}; explore_dense takes rows of numbers, "
                "(rows, features)."
            )
    with np.errstate(over="ignore"):  # a number too large for float32 is infinity
        rows = rows.astype(dtype).astype("float32")
    if not np.isfinite(rows).all():
        raise ValueError(f"{own} holds NaN or infinity, which no slider can show.")
    return rows


def refuse_model(model):
    """Refuse what cannot be a chain of Dense layers, before the inputs are read."""
    check_model(model)
    if not getattr(model, "inputs", None):
        return
    if len(model.inputs) > 1 or len(model.outputs) > 1:
        raise ValueError(
            f"{model.name} has {len(model.inputs)} inputs and {len(model.outputs)} "
            "outputs; explore_dense draws a chain of layers, from one to one."
        )
    shape, dtype = tuple(model.inputs[0].shape), model.inputs[0].dtype
    if "float" not in dtype:
        raise ValueError(
            f"{model.name} takes {dtype}; explore_dense draws networks that take floats, "
            "which a slider can move."
        )
    if len(shape) != 2:
        more = " For pictures there is explore_layers." if len(shape) == 4 else ""
        raise ValueError(
            f"{model.name} takes inputs of shape {shape}; explore_dense draws networks "
            f"that take rows of numbers, (None, features).{more}"
        )


def chain(model, row):
    """List ``(name, layer)`` in the order of the chain, or say where it is none.

    It is a chain if each layer is given the very array that the one before returned.
    """
    before, found = None, []
    two = np.repeat(row, 2, axis=0)  # Keras warns of a softmax over one row
    for call in Walk(run_once(model, two)).calls:
        if call.container or call.hidden and call.layer is not None:
            continue  # its layers were listed before
        refuse_unknown(model, call)
        if before is not None and call.inputs is not before:
            raise ValueError(
                f"{model.name} branches before {call.name!r}; explore_dense draws a "
                "chain of layers, each fed by the one before."
            )
        before = call.output
        found.append((call.name, call.layer))
    return found


def refuse_unknown(model, call):
    """Raise an error for a layer that the browser cannot compute."""
    layer = call.layer
    if layer is None:
        raise ValueError(f"explore_dense draws a chain of layers. {call.unknown}")
    who = f"{call.name!r} is a {type(layer).__name__}"
    record = record_of(layer)
    known = kind(layer) in ("Dense", "Normalization") or known_as_activation(layer)
    if not (known or record is SAME):
        raise ValueError(
            f"explore_dense draws Dense layers and activations; in {model.name} {who}. "
            "It knows Dense, Activation, ReLU, LeakyReLU, ELU, Softmax, Normalization, and "
            "layers that act in training only, such as Dropout."
        )
    activation = activation_of(layer)
    if activation.base not in ACTIVATIONS:
        raise ValueError(
            f"explore_dense does not know the activation of {call.name!r}, "
            f"{activation.name}. It knows {', '.join(ACTIVATIONS)}."
        )
    if activation.axes not in ((), (-1,), (1,)):
        axis = ", ".join(map(str, activation.axes))
        raise ValueError(
            f"{call.name!r} has a softmax along axis {axis}, which mixes the rows. "
            "explore_dense looks at one row; write axis=-1."
        )
    if call.unknown:
        raise ValueError(f"explore_dense cannot draw it. {call.unknown}")


def describe(layer, name, width):
    """Return what the browser needs to know of a layer, arrays apart, for JSON."""
    activation = activation_of(layer)
    settings = {k: float(x) for k, x in activation.settings.items() if x is not None}
    about = {"name": name, "activation": activation.base, "settings": settings}
    if kind(layer) == "Normalization":
        deviation = np.maximum(np.sqrt(array(layer.variance)), 1e-7)  # as Keras does
        arrays = [
            np.broadcast_to(x, (1, width)) for x in (array(layer.mean), deviation)
        ]
        return about | {"units": None, "standardizes": True, "arrays": arrays}
    if kind(layer) != "Dense":
        return about | {"units": None, "arrays": []}
    kernel, bias = array(layer.kernel), bias_of(layer)
    arrays = [kernel] if bias is None else [kernel, bias]
    return about | {
        "units": kernel.shape[1],
        "bias": len(arrays) == 2,
        "arrays": arrays,
    }


def name_units(layers, columns, classes):
    """Give each layer the names of its units, or None.

    A layer that changes each number by itself hands names on, to both sides.
    """
    for layer in layers:
        columns = None if layer["units"] else columns
        layer["names"] = columns
    for layer in reversed(layers):
        layer["names"] = layer["names"] or classes
        if layer["units"]:
            break


def checked_names(given, what, expected, does):
    """Return the names as a list of texts, or say how many there have to be."""
    if given is None:
        return None
    if isinstance(given, str):
        raise TypeError(f"{what} is one text; write a list of {expected} names.")
    names = [str(name) for name in given]
    if len(names) != expected:
        raise ValueError(
            f"{what} has {count(len(names), 'name')}, but the model {does} "
            f"{count(expected, 'number')} for each row."
        )
    return names
