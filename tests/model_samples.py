"""Small models, their files, files changed, and what is said of them: for the tests."""

import zipfile

import keras
import numpy as np
import pytest
from keras import layers

from helpers.own_model import load_own_model

IGNORED = [
    pytest.mark.filterwarnings("ignore:.*__array__ implementation"),
    pytest.mark.filterwarnings("ignore:You are saving a model that has not"),
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5"),
]


def small(*more):
    return keras.Sequential([keras.Input((3,)), layers.Dense(2, name="dense"), *more])


def refused(source, kind=ValueError, **options):
    """Return the sentence with which a file is refused."""
    with pytest.raises(kind) as caught:
        load_own_model(source, **options)
    message = str(caught.value)
    assert message.endswith((".", ".)")) and message.isprintable()
    assert len(message) < 600
    return message


def save(model, path):
    """Save a model whose weights are all different, and return the path."""
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if "float" in weight.dtype:
            weight.assign(np.abs(rng.normal(1, 0.3, weight.shape)))
    model.save(path)
    return path


def stack(shape, *those):
    return keras.Sequential([keras.Input(shape), *those])


def replaced(path, part, content, remove=()):
    """Write a `.keras` archive anew, with other content in one of its parts."""
    other = path.with_name(f"changed {path.name}")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            if name not in (part, *remove):
                new.writestr(name, old.read(name))
        new.writestr(part, content)
    return other
