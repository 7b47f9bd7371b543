"""Why a model file is not opened, in a sentence with the step that fixes it."""

import builtins
import importlib
import math
import os
import pickle
import re
import runpy
import shutil
import subprocess
import sys
from contextlib import suppress
from itertools import islice

import keras

from .old_models import place_of

SAVE_AGAIN = "Where the model was made, write model.save('model.keras')."
AGAIN = "Download or copy it again."
UNSAFE = "keras.saving.load_model(path, safe_mode=False)"
ONLY_YOURS = f"Only a file that you made yourself: {UNSAFE}."
LAMBDA = (
    "{} holds a Lambda layer with Python code. Safe mode refuses it: code from a file "
    "could do anything on your machine. Where the model was made, write keras.ops or a "
    f"layer class in its place. {ONLY_YOURS}"
)
CODE = (
    "{} holds Python code, a lambda. Safe mode refuses it: code from a file could do "
    "anything on your machine. Where the model was made, write a function with a name in "
    f"its place (def). {ONLY_YOURS}"
)
# Layers that run a program which lies in the file, or beside it
PROGRAMS = "TFSMLayer", "TorchModuleWrapper"
# What Keras has for networks; the rest of it could load files or change settings
FOR_NETWORKS = set(
    """layers models activations initializers regularizers constraints losses metrics
    optimizers ops random dtype_policies quantizers distillation src""".split()
)
LARGEST = 10**8, 10**5  # numbers that an input may have, and pictures in a fixed batch
# Whose names no file gets the advice to be given: its parts could do anything with them.
HARMFUL = builtins, importlib, os, pickle, runpy, shutil, subprocess
HARMFUL_NAMES = set(
    """get_file load_model model_from_json enable_unsafe_deserialization load loads
    fromfile memmap read_pickle urlopen urlretrieve socket CDLL""".split()
)
INSIDE = "Functional", "Operation", "Layer"  # names in messages that are Keras's too
# Layers of Keras 2 that Keras 3 has no longer
GONE = set(
    "ThresholdedReLU LocallyConnected1D LocallyConnected2D CuDNNLSTM CuDNNGRU".split()
)
MANY = 8  # names in a message
BY_NAME = {  # ends of the settings that may name a function, and how Keras finds it
    "activation": keras.activations.get,
    "initializer": keras.initializers.get,
    "regularizer": keras.regularizers.get,
    "constraint": keras.constraints.get,
}
UNKNOWN = re.compile(  # what Keras says of a class or function it does not have
    r"Could not locate (?:class|function) '([^']+)'"
    r"|Cannot deserialize object of type `([^`]+)`"
    r"|Unknown \w+: '([^']+)'"
    r"|Could not interpret [a-z ]+ identifier: (\w+)$"
    r"|Could not interpret [a-z ]+ identifier: \{'module': '[^']*', "
    r"'class_name': '(?:function', 'config': ')?([^']+)'",
    re.MULTILINE,
)


def why_not(error, file, given):
    """Say in words why Keras could not open a `ModelFile`.

    Arguments:
        error: what Keras raised.
        file: the file.
        given: dict of the classes and functions that were passed for it.
    """
    message, name = str(error), file.name
    if re.search(r"allow_pickle|pickled \(object\)", message):
        return (
            f"{name} holds a pickle in place of its weights. A pickle runs code when it is "
            "opened: it is never opened here. Do not open it elsewhere either, in no "
            "version of Keras, unless you made it yourself."
        )
    if isinstance(error, KeyError):  # whose text is the key alone
        message = f"{message} is missing"
    said = f"Keras says: {last_sentence(message)}"
    package = re.search(r"parent module (keras_\w+)\S* cannot be imported", message)
    if package:
        return (
            f"{name} is made of layers of the package {package[1]}, which is not here. "
            f"Write %pip install {package[1].replace('_', '-')} in a cell of its own, then "
            "run this cell again."
        )
    return (
        unknown_parts(message, file, given)
        or own_class(message, name)
        or other_version(message, file)
        or f"{name} is damaged, or Keras cannot open it. {said} {AGAIN} If that changes "
        "nothing, write model.save('model.keras') where the model was made."
    )


def printable(text):
    """Return a text of somebody else as one line that does nothing to a terminal."""
    return "".join(one if one.isprintable() else "?" for one in text)


def last_sentence(message):
    """Return what Keras says at the end of an error, without what it repeats."""
    text = re.sub(r"\x1b\[[\d;]*m", "", message)
    text = re.sub(r"\{\{function_node [^}]*\}\} ", "", text)
    text = re.split("(?:Exception|Error) encountered: *\n*", text)[-1]
    text = re.sub(r"^Exception encountered when calling [^\n]*\n+", "", text.strip())
    text = re.split(r"Arguments received|Full object config|\n\nconfig=", text)[0]
    if example := re.search(r"Example error message for object (.+)", text, re.DOTALL):
        text = re.sub(r"^<(\w+) name=([^,>]+)[^>]*>:", r"\1 \2:", example[1])
    sentence = re.split(r"(?<=\w)\. ", " ".join(text.split()))[0]
    return f"{printable(sentence)[:200].rstrip('.')}."


# --- what no file may ask for ---------------------------------------------------------


def refused_part(config, name):
    """Say what in a description Keras must not even begin to make; None if nothing.

    Keras's safe mode refuses most of it too, unless somebody has switched it off for the
    whole session.
    """
    for x in described(config):
        kind, settings = x["class_name"], x.get("config")
        where = f"{x.get('module')}.{settings if kind == 'function' else kind}"
        settings = settings if isinstance(settings, dict) else {}
        function = settings.get("function")
        if kind == "__lambda__" or kind == "Lambda" and isinstance(function, list):
            return (
                LAMBDA.format(name) if has_lambda_layer(config) else CODE.format(name)
            )
        if kind in PROGRAMS:
            return (
                f"{name} holds a {kind}, which runs a program that is not a Keras layer. "
                f"Safe mode refuses it. {ONLY_YOURS}"
            )
        path = settings.get("vocabulary")
        if isinstance(path, str) and (is_keras(x) or place_of(kind)):
            return (
                f"{name} reads the words of its {printable(kind)[:60]} from another file, "
                f"{printable(path)[:100]!r}. Safe mode refuses it: nothing outside a "
                "model's own file is read. Where the model was made, pass "
                f"vocabulary=layer.get_vocabulary() to that layer. {SAVE_AGAIN}"
            )
        if not is_for_networks(where):
            return (
                f"{name} names {printable(where)[:100]}, which is not part of a network: "
                "with it, such a file could do harm. Do not open it elsewhere."
            )
        shape = settings.get("batch_shape")
        if isinstance(shape, list) and is_too_large(shape):
            return (
                f"{name} takes an input of shape {printable(str(tuple(shape)))[:100]}, "
                "which is too large to be real. It is damaged, or it was made to do "
                "harm."
            )
    return None


def described(x):
    """Yield all parts of a description that have a class."""
    if isinstance(x, dict) and isinstance(x.get("class_name"), str):
        yield x
    for one in x.values() if isinstance(x, dict) else x if isinstance(x, list) else ():
        yield from described(one)


def has_lambda_layer(config):
    return any(x["class_name"] == "Lambda" for x in described(config))


def is_for_networks(where):
    """Tell whether a name such as ``keras.layers.Dense`` is one of a network's parts.

    What this Keras does not have at all does no harm; a later one may have it.
    """
    package, _, rest = where.partition(".")
    part, _, name = rest.partition(".")
    if package != "keras" or not name:
        return True
    if part == "applications":
        return name.endswith(".preprocess_input")
    return part in FOR_NETWORKS or not (part.startswith("_") or hasattr(keras, part))


def is_too_large(shape):
    """Tell whether one batch of this shape would fill the memory."""
    numbers = [one for one in shape if isinstance(one, int)]
    batch = shape[0] if shape and isinstance(shape[0], int) else 1
    return math.prod(numbers) > LARGEST[0] or batch > LARGEST[1]


# --- what Keras does not have ---------------------------------------------------------


def unknown_parts(message, file, given):
    """Name all classes and functions that a file needs and Keras does not have."""
    found = UNKNOWN.search(message)
    if not found:
        return None
    parts = dict(needed(file.config, given))
    key = found[found.lastindex]
    one = key.rpartition(">")[2]  # what is registered has a package before it
    if one not in parts:
        named = rf"'registered_name': '(\S{{1,60}}>{re.escape(one)})'"
        registered = re.search(named, message)
        parts[one] = registered[1] if registered else key
    for one in parts:
        if not may_be_passed(one, message):
            return (
                f"{file.name} needs {one[:60]!r}, a name of Python's own or none at all: "
                "with it, such a file could do harm. Never pass it in custom_objects. If "
                "the file is yours, give that part another name and save it again."
            )
    more = f" and {len(parts) - MANY} more" if len(parts) > MANY else ""
    parts = dict(islice(parts.items(), MANY))
    names = " and ".join(parts) + more
    passed = {key: name_of(one) for key, one in given.items()}
    passed |= {key: one for one, key in parts.items()}
    passed = ", ".join(f"{key!r}: {one}" for key, one in passed.items())
    if gone := GONE & set(parts):
        return (
            f"{file.name} needs {names}, and Keras 3 no longer has {' and '.join(gone)}. "
            "Write a layer class of that name with the same call, then pass "
            f"custom_objects={{{passed}}}."
        )
    cell = "the cell that defines or imports it"
    if len(parts) > 1:
        cell = "the cells that define or import them"
    if list(parts) == ["preprocess_input"]:
        return (
            f"{file.name} needs preprocess_input, and does not say of which network. "
            "Import that, such as: from keras.applications.vgg16 import preprocess_input. "
            f"Then pass custom_objects={{{passed}}}."
        )
    return (
        f"{file.name} needs {names}, which Keras does not have. Run {cell}, then pass "
        f"custom_objects={{{passed}}}."
    )


def name_of(one):
    """Return the name of a class or function as it is typed, or dots if it has none."""
    name = getattr(one, "__name__", "")
    return name if name.isidentifier() else "..."


def needed(x, given):
    """Yield the classes and functions in a description that Keras and ``given`` lack.

    Each with its name, and with the key under which it has to be passed.
    """
    if isinstance(x, list):
        for one in x:
            yield from needed(one, given)
    if not isinstance(x, dict):
        return
    kind, registered = x.get("class_name"), str(x.get("registered_name"))
    if isinstance(kind, str) and "config" in x and not is_keras(x):
        if kind == "function":
            kind = registered = str(x["config"])
        key = registered if ">" in registered else kind
        one = kind.rpartition(">")[2]  # what is registered has a package before it
        if not {one, key} & {*given, *keras.saving.get_custom_objects()}:
            yield one, key
    if isinstance(kind, str) and isinstance(x.get("config"), dict):
        if is_keras(x) or place_of(kind):
            for name, one in x["config"].items():
                if not is_found(name.rpartition("_")[2], one, given):
                    yield one, one
    for one in x.values():
        yield from needed(one, given)


def is_found(kind, name, given):
    """Tell whether a function that a setting names, as HDF5 does, is given or Keras's."""
    if kind not in BY_NAME or not isinstance(name, str):
        return True
    if name in {*given, *keras.saving.get_custom_objects()}:
        return True
    with suppress(ValueError):
        return BY_NAME[kind](name) is not None
    return False


def is_keras(x):
    """Tell whether a described object is Keras's own, and not a function of one's own."""
    module = str(x.get("module"))
    return module.split(".")[0] == "keras" or x["class_name"].startswith("__")


def may_be_passed(one, message):
    """Tell whether a name may be a part of a network of one's own."""
    module = re.search(
        rf"'module': '(\w+)[^']*', 'class_name': '{re.escape(one)}'", message
    )
    return (
        one.isidentifier()
        and not one.startswith("__")
        and len(one) <= 60
        and one not in HARMFUL_NAMES
        and not any(hasattr(harmful, one) for harmful in HARMFUL)
        and not (module and module[1] in sys.stdlib_module_names)
    )


# --- what one's own class cannot do ---------------------------------------------------


def own_class(message, name):
    """Say what is wrong with a class of one's own; None if it is about Keras's."""
    found = re.findall(r"deserializing class '(\w+)'|when calling (\w+)\.", message)
    own = [one or other for one, other in found]
    own = [one for one in own if not place_of(one) and one not in INSIDE]
    if not own:
        return None
    one, said = own[-1][:60], last_sentence(message)
    if re.search(r"unexpected keyword argument|Unrecognized keyword arguments", said):
        return (
            f"Your class {one} does not take all that Keras hands to it: {said} Write def "
            "__init__(self, ..., **kwargs), with your own arguments for the dots, and in "
            "it super().__init__(**kwargs). Run its cell again, then this one."
        )
    if "missing" in said and "required" in said:
        return (
            f"{name} does not hold what your class {one} needs: {said} In __init__, give "
            "these arguments a default value, the one that the model was made with. (When "
            "you save again, the class's get_config() should return them.) Run its cell "
            "again, then this one."
        )
    return (
        f"Your class {one} stopped with an error: {said} Fix it, run its cell again, then "
        "this one."
    )


# --- what another Keras wrote ---------------------------------------------------------


def other_version(message, file):
    """Name the version only where the message shows that it matters."""
    shown = re.search(
        r"Unrecognized keyword arguments passed to"
        r"|unexpected keyword argument"
        r"|parent module \S+ cannot be imported"
        r"|Could not deserialize 'keras\.layers\.\w+' because",  # a layer of a later Keras
        message,
    )
    if not shown or file.version in ("", keras.__version__):
        return None
    return (
        f"{file.name} was saved by Keras {file.version}, and this is {keras.__version__}. "
        f"It says: {last_sentence(message)} Open the file with its own version, or build "
        "the network with its code and load the weights: model.load_weights(path)."
    )
