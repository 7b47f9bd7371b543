"""A model file of one's own, opened so that no code in it runs."""

import re
import tempfile
import warnings
from pathlib import Path

import keras

from .engine.files import as_path
from .engine.model_files import SAVE_AGAIN, folder_is, open_model
from .engine.refusals import why_not
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
        TypeError: this is no file, but a model; or ``custom_objects`` is no dict.
        ValueError: it is another kind of file, holds code, needs a class that is not
            known, was saved by a Keras that this one does not understand, is damaged, or
            is not built. The error says which, and what to do.

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
    name, content = read_source(source)
    file = open_model(content, name)
    try:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of how the code that saved it was written
            model = file.load(folder, given)
    except Exception as error:  # Keras raises errors of many kinds
        raise ValueError(why_not(error, file, given)) from None
    if not model.built:
        raise ValueError(
            f"{name} holds a model that is not built, so it has no weights. Put "
            f"keras.Input(shape) before its first layer. {SAVE_AGAIN}"
        )
    tell(file)
    return model


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


def read_source(source):
    """Return name and bytes of a file that was uploaded or lies on this machine."""
    if is_upload(source):
        return uploaded(source)
    if re.match(r"\s*https?:", str(source), re.IGNORECASE):
        raise ValueError(
            f"{source} is an address. Fetch the file first: import urllib.request, then "
            f"urllib.request.urlretrieve({str(source)!r}, 'model.keras'), and pass "
            "'model.keras'."
        )
    path = as_path(source)
    if not path.exists():
        raise FileNotFoundError(
            f"There is no file {source} in {Path.cwd()}, where this notebook runs."
        )
    if path.is_dir():
        raise ValueError(f"{path.name} {folder_is(path)}")
    return path.name, path.read_bytes()


def tell(file):
    """Print what was read in another way than it is written, and what no layer shows."""
    if file.said:
        print(
            f"{file.name} was saved by Keras {file.version or '1'}. Read for Keras 3, with "
            f"the same numbers: {', '.join(file.said)}."
        )
    if "dense_Dense1" in str(file.config):  # the name that its web page gives
        print(
            "This is a network of Teachable Machine. It takes pixels / 127.5 - 1, which no "
            "layer shows; labels.txt, which came with it, names its classes."
        )
