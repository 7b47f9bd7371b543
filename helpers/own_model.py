"""A model file of one's own, opened so that no code in it runs."""

import builtins
import importlib
import io
import json
import os
import pickle
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import keras

from .pictures import is_upload, uploaded

PICKLES = ".pkl", ".pickle", ".joblib", ".pt", ".pth"
# Whose names no file gets the advice to be given: its parts could do anything with them.
HARMFUL = builtins, importlib, os, pickle, runpy, shutil, subprocess
SAVE_AGAIN = "Where the model was made, write model.save('model.keras')."
UNKNOWN = re.compile(  # what Keras says of a class or function it does not have
    r"Could not locate (?:class|function) '([^']+)'"
    r"|Cannot deserialize object of type `([^`]+)`"
    r"|Could not interpret [a-z ]+ identifier: \{'module': '[^']*', "
    r"'class_name': '(?:function', 'config': ')?([^']+)'"
)


def load_own_model(source, custom_objects=None):
    """Load a ``.keras`` file in safe mode: it may hold layers and weights, but no code.

    The model comes back uncompiled: reading layer outputs needs no loss and no optimizer.

    Arguments:
        source: path of a file that ``model.save("model.keras")`` wrote, or an
            ``ipywidgets.FileUpload`` with one.
        custom_objects: dict ``{name: class or function}`` of what the model is made of
            besides Keras's own.

    Returns:
        Built ``keras.Model``.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: this is no file, but a model.
        ValueError: it is another kind of file, holds code, needs a class that is not
            known, was saved by another version of Keras, is damaged, or is not built.

    Example:
        >>> load_own_model("model.h5")
        Traceback (most recent call last):
        ...
        FileNotFoundError: There is no file model.h5 in ...

    Source: Keras guide, "Save, serialize, and export models".
    """
    if isinstance(source, keras.Model):
        raise TypeError("This is a model already; load_own_model takes a file.")
    name, content = read_source(source)
    version = keras_version(content, name)
    safe = {"compile": False, "safe_mode": True}
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.keras")
            path.write_bytes(content)
            model = keras.saving.load_model(path, custom_objects, **safe)
    except Exception as error:  # Keras raises errors of many kinds
        raise ValueError(why_not(str(error), name, version)) from None
    if not model.built:
        raise ValueError(
            f"{name} holds a model that is not built, so it has no weights. Put "
            f"keras.Input(shape) before its first layer. {SAVE_AGAIN}"
        )
    return model


def read_source(source):
    """Return name and bytes of a file that was uploaded or lies on this machine."""
    if is_upload(source):
        return uploaded(source)
    path = Path(os.path.expanduser(source))
    if not path.exists():
        raise FileNotFoundError(
            f"There is no file {source} in {Path.cwd()}, where this notebook runs."
        )
    if path.is_dir():
        raise ValueError(
            f"{path.name} is a folder, as older programs save a model. {SAVE_AGAIN}"
        )
    return path.name, path.read_bytes()


def keras_version(content, name):
    """Return the version of Keras that wrote a ``.keras`` file, or refuse another file."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            file.read("config.json")
            version = json.loads(file.read("metadata.json"))["keras_version"]
            return " ".join(str(version).split())[:20]  # whatever a file says it is
    except Exception:  # zipfile raises errors of many kinds
        raise ValueError(f"{name} is {what_else(content, name)}") from None


def what_else(content, name):
    """Say what a file is that is no ``.keras`` file, from its bytes and its name."""
    if not content:
        return f"empty. {SAVE_AGAIN}"
    if name.endswith(".weights.h5"):
        return (
            "a file of weights, without the layers they belong to. Build the network "
            "with its code, then write model.load_weights(path)."
        )
    if content.startswith(b"\x89HDF"):
        return f"an HDF5 file, as older programs save models or weights. {SAVE_AGAIN}"
    if content[0] == 0x80 or name.endswith(PICKLES):
        return (
            "a pickle, which runs code when it is opened. It is never opened here. "
            f"{SAVE_AGAIN}"
        )
    if not name.endswith(".keras"):
        return f"not a .keras file. {SAVE_AGAIN}"
    return f"damaged, cut short, or not a .keras file. Copy it again. {SAVE_AGAIN}"


def why_not(message, name, version):
    """Say in words why Keras could not load a ``.keras`` file."""
    if "Python lambda" in message:
        return (
            f"{name} holds a Lambda layer with Python code. Safe mode refuses it: code "
            "from a file could do anything on your machine. Where the model was made, "
            "write keras.ops or a layer class in its place."
        )
    missing = UNKNOWN.search(message)
    if missing:
        key = missing[missing.lastindex]
        one = key.rpartition(">")[2]  # what is registered has a package before it
        if not may_be_passed(one, message):
            return (
                f"{name} needs {one[:60]!r}, a name of Python's own or none at all: with "
                "it, such a file could do harm. Never pass it in custom_objects. If the "
                "file is yours, give that part another name and save it again."
            )
        named = rf"'registered_name': '(\S{{1,60}}>{one})'"
        registered = re.search(named, message)
        key = registered[1] if registered else key
        return (
            f"{name} needs {one}, which Keras does not have. Run the cell that defines "
            f"or imports it, then pass custom_objects={{{key!r}: {one}}}."
        )
    if version.split(".")[:2] != keras.__version__.split(".")[:2]:
        return (
            f"{name} was saved with Keras {version} and cannot be loaded with "
            f"{keras.__version__}. Load it where it was made, with a Keras of the same "
            "version, or build the network with its code and load its weights."
        )
    last = message.rpartition("Exception encountered: ")[2]
    sentence = " ".join(last.split()).partition(". ")[0][:200].rstrip(".")
    return f"{name} is damaged, or Keras cannot load it: {sentence}."


def may_be_passed(one, message):
    """Tell whether a name may be a part of a network of one's own."""
    module = re.search(
        rf"'module': '(\w+)[^']*', 'class_name': '{re.escape(one)}'", message
    )
    return (
        one.isidentifier()
        and len(one) <= 60
        and not any(hasattr(harmful, one) for harmful in HARMFUL)
        and not (module and module[1] in sys.stdlib_module_names)
    )
