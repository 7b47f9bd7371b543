"""Every example in a docstring is true."""

import doctest
import importlib
import inspect
import re

import keras
import numpy as np
import pytest

from helpers import datasets, networks
from helpers.engine.files import COURSE, NOTEBOOKS

HELPERS = COURSE / "helpers"
MODULES = sorted(
    ".".join(path.relative_to(HELPERS).with_suffix("").parts)
    for path in HELPERS.rglob("*.py")
    if path.stem[0] != "_"
)
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name):
    module = importlib.import_module(f"helpers.{name}")
    names = {"np": np, "keras": keras}
    for known in ("dense_network", "cifar10_cnn", "trained_cifar10_cnn"):
        names[known] = getattr(networks, known)
    for known in ("shapes", "cat_photograph"):
        names[known] = getattr(datasets, known)
    result = doctest.testmod(module, extraglobs=names, optionflags=OPTIONS)
    assert result.failed == 0


IMPORT = re.compile(r"from helpers\.([\w.]+) import ([\w, ]+)")


def taken_by_lessons():
    """Return ``(module, name)`` of all that a lesson or the README imports."""
    pages = [*NOTEBOOKS.glob("*.ipynb"), COURSE / "README.md"]
    found = {
        (module, name.split(" as ")[0].strip())
        for page in pages
        for module, names in IMPORT.findall(page.read_text(encoding="utf-8"))
        for name in names.split(",")
    }
    return sorted(found)


@pytest.mark.parametrize(("module", "name"), taken_by_lessons())
def test_what_a_learner_uses_has_an_example(module, name):
    thing = getattr(importlib.import_module(f"helpers.{module}"), name)
    assert not callable(thing) or ">>>" in inspect.getdoc(thing)
