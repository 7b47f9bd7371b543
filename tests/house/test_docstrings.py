"""Every example in a docstring is true."""

import doctest
import importlib
from pathlib import Path

import keras
import numpy as np
import pytest

from helpers import datasets, networks

HELPERS = Path(__file__).resolve().parent.parent.parent / "helpers"
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
