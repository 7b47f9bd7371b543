"""What is said when a model cannot be read: what was wrong, and what to do."""

import os
import re

import keras

from .keras_inside import has_call


class Refusal(ValueError):
    """A sentence of ours, raised while a model runs: it is handed on as it is."""


class CannotRun(ValueError):
    """An error while a model runs, in one sentence."""

    calls = ()  # what had run until then


def check_model(model):
    """Refuse what is not a built Keras model, and say what to write instead."""
    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(
            f"layer_outputs reads models that TensorFlow runs, and Keras runs on "
            f"{keras.backend.backend()} here. Set os.environ['KERAS_BACKEND'] = "
            "'tensorflow' before keras is imported."
        )
    if isinstance(model, type) and issubclass(model, keras.Model):
        raise TypeError(
            f"model is the class {model.__name__}, not a model of it. "
            f"Write {model.__name__}()."
        )
    if not isinstance(model, keras.Model):
        kind = f"{type(model).__module__}.{type(model).__qualname__}"
        raise TypeError(
            f"model must be a keras.Model, but got {kind}.{instead_of(model, kind)}"
        )
    if not has_call(model):
        raise ValueError(without_call(model))
    if not model.built:
        raise ValueError(unbuilt(model, model))


def instead_of(model, kind):
    """Say what to write for what is no Keras model; "" if nothing is known of it."""
    if isinstance(model, (str, os.PathLike)):
        if os.path.isdir(model):
            return (
                f" {str(model)!r} is a folder, as TensorFlow saves a model. Write "
                f"keras.Sequential([keras.layers.TFSMLayer({str(model)!r}, "
                "call_endpoint='serving_default')]): its output can be read, the "
                "layers inside are not saved there. For these, save it as a .keras file "
                "where it was made."
            )
        return f" Write keras.models.load_model({str(model)!r})."
    if isinstance(model, keras.Layer):
        return " Write keras.Sequential([keras.Input(shape), layer])."
    if kind.startswith(("tf_keras.", "keras.src.legacy", "tensorflow.python.keras.")):
        return (
            " That is a model of Keras 2. Write model.save('model.h5') and "
            "keras.models.load_model('model.h5'), which gives one of Keras 3."
        )
    if "saved_model" in kind or "AutoTrackable" in kind or "UserObject" in kind:
        return (
            " That is a SavedModel, whose layers are gone. Load its folder with "
            "keras.layers.TFSMLayer(folder, call_endpoint='serving_default')."
        )
    return ""


def without_call(model):
    parts = [
        name
        for name, value in vars(model).items()
        if isinstance(value, keras.Model) and not name.startswith("_")
    ]
    message = (
        f"{model.name} has no call of its own: it is trained, but never run as one."
    )
    if not parts:
        return f"{message} Write its call(self, inputs), or give a model that has one."
    first = f"layer_outputs({model.name}.{parts[0]}, inputs)"
    return f"{message} Give one of its parts, {', '.join(parts)}: {first}."


def takes_several(model, names):
    return (
        f"{model.name} is called with {', '.join(names)}. Pass a list of "
        f"{len(names)} arrays in this order, or a dict by these names."
    )


def unbuilt(model, layer):
    what = "The model" if layer is model else "Its layer"
    sequential = isinstance(model, keras.Sequential)
    hint = ", or put keras.Input(shape) first" if sequential else ""
    return (
        f"{what} {layer.name} is not built: no input has reached it, so it has no "
        f"weights. Write model(inputs) once{hint}."
    )


def cannot_run(model, error, running=()):
    """Say in one line why a model refused its inputs.

    ``running`` lists the layers that were being called, the outermost first.
    """
    reason = in_one_line(error)
    where = f"its layer {running[-1]!r} says: " if running else ""
    if "scope name has to match" in reason or "valid scope name" in reason:
        return (
            f"{model.name} cannot be compiled: TensorFlow refuses the name "
            f"{running[-1] if running else model.name!r}. Names there consist of letters "
            "from a to z, digits, and the signs . _ -: give the layer a different one"
        )
    message = f"{model.name} cannot be run on these inputs: {where}{reason}"
    wrong = re.search(r"indices\[.*\] = (\S+) is not in \[0, (\d+)\)", message)
    if wrong:
        index, size = wrong.groups()
        message += (
            f". It is a table of {size} rows, 0 to {int(size) - 1}, but got {index}. "
            f"Make input_dim larger than every index, or look at how the indices are made"
        )
    return message


def in_one_line(error):
    """Return the sentence of an error that matters, without colours and addresses."""
    text = re.sub(r"\x1b\[\d+m", "", str(error))  # Keras prints in bold
    text = re.sub(r"\{\{.*?\}\}|\[Op:.*", "", text)  # TensorFlow's own names
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("Exception encountered")]
    if any(line.startswith("Detected at node") for line in lines):  # in a graph
        lines = lines[-1:]
    reason = lines[0] if lines else type(error).__name__
    return reason[:-1] if reason.endswith(".") and reason.count(". ") == 0 else reason
