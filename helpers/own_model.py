"""A model file of one's own, opened so that no code in it runs."""

import os
import re
import tempfile
import warnings
from pathlib import Path

import keras

from .engine.files import as_path
from .engine.model_files import NoModel, folder_is, open_model
from .engine.refusals import SAVE_AGAIN, printable, why_not
from .pictures import is_upload, uploaded


def load_own_model(source, custom_objects=None):
    """Load a ``.keras`` or HDF5 file in safe mode: layers and weights, but no code.

    The model comes back uncompiled: reading layer outputs needs no loss and no optimizer.
    A file of Keras 2 is read in the words of Keras 3; a printed line says what changed.

    Arguments:
        source: path of a file that ``model.save`` wrote, ``.keras`` or HDF5 (``.h5``), or
            an ``ipywidgets.FileUpload`` with one.
        custom_objects: dict ``{name: class or function}`` of what the model is made of
            besides Keras's own.

    Returns:
        Built ``keras.Model``.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: this is a model or no path; or ``custom_objects`` is no dict.
        ValueError: it is another kind of file, holds code, reads other files, would fill
            the memory, needs a class that is not known, was saved by a Keras that this
            one does not understand, is damaged, or is not built. The error says which,
            and what to do.

    Example:
        >>> load_own_model("model.keras")
        Traceback (most recent call last):
        ...
        FileNotFoundError: There is no file model.keras in ...

    Source: Keras guide, "Save, serialize, and export models".
    """
    if isinstance(source, keras.Model):
        raise TypeError("This is a model already; load_own_model takes a file.")
    given = checked(custom_objects)
    temporary = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    with temporary as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of how the code that saved it was written
        file = open_model(*read_source(source, Path(folder)))
        try:
            model = file.load(folder, given)
        except NoModel:
            raise
        except Exception as error:  # Keras raises errors of many kinds
            raise ValueError(why_not(error, file, given)) from None
    if not model.built:
        raise ValueError(f"{file.name} {why_not_built(model)}")
    tell(file)
    return model


def why_not_built(model):
    """Say why a model that was opened has no weights yet, and what to do."""
    if not getattr(model, "layers", None):
        return f"holds a model without layers. {SAVE_AGAIN}"
    if isinstance(model, keras.Sequential):
        return (
            "holds a model that is not built, so it has no weights. Put "
            f"keras.Input(shape) before its first layer. {SAVE_AGAIN}"
        )
    kind = type(model).__name__
    return (
        f"holds {kind}, which has a call of its own, and does not say what that takes. "
        f"Write model = {kind}(...), call it once on a batch, then "
        "model.load_weights(path)."
    )


def checked(custom_objects):
    """Return what was passed as ``custom_objects`` as a dict, or say what it has to be."""
    given = custom_objects or {}
    if not isinstance(given, dict) or not all(map(callable, given.values())):
        one = given[0] if isinstance(given, (list, tuple)) else given
        name = getattr(one, "__name__", "Twice")
        raise TypeError(
            "custom_objects is a dict of names, each with its class or function: write "
            f"custom_objects={{{name!r}: {name}}}."
        )
    return given


def read_source(source, folder):
    """Return path and name of a file that lies on this machine or was uploaded."""
    if is_upload(source):
        name, content = uploaded(source)
        path = folder / "uploaded"
        path.write_bytes(content)
        return path, printable(name)
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(
            "load_own_model takes the path of a file or a FileUpload, not "
            f"{type(source).__name__}."
        )
    text = printable(os.fspath(source))[:300]
    if not text.strip():
        raise ValueError("The path is empty. Write a name, such as 'model.keras'.")
    if re.match(r"\s*https?:", text, re.IGNORECASE):
        raise ValueError(
            f"{text} is an address. Fetch the file first: import urllib.request, then "
            f"urllib.request.urlretrieve({text!r}, 'model.keras'), and pass 'model.keras'."
        )
    if re.match(r"\s*(hf|s3|gs|kaggle)://", text):
        raise ValueError(
            f"{text} is an address. Download the file first, and pass the path it then has."
        )
    path = as_path(source)
    if not os.path.exists(path):
        where = "on the machine" if path.is_absolute() else f"in {Path.cwd()},"
        raise FileNotFoundError(
            f"There is no file {text} {where} where this notebook runs."
        )
    name = printable(path.resolve().name or str(path))
    if path.is_dir():
        raise ValueError(f"{name} {folder_is(path)}")
    if not path.is_file():
        raise ValueError(f"{name} is a device or a pipe. Write it to a file first.")
    return path, printable(path.name)


def tell(file):
    """Print what was read in another way than it is written, and what no layer shows."""
    if file.said:
        print(
            f"{file.name} was saved by Keras {file.version or '1'}. Read for Keras 3, with "
            f"the same numbers: {printable(', '.join(file.said))}."
        )
    if "dense_Dense1" in str(file.config):  # the name that its web page gives
        print(
            "This is a network of Teachable Machine. It takes pixels / 127.5 - 1, which no "
            "layer shows; labels.txt, which came with it, names its classes."
        )
