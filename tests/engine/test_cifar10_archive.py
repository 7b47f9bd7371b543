"""Archives and array caches, good and bad; no pickle before its checksum."""

import errno
import pickle
import warnings

import numpy as np
import pytest
from archives import is_cifar10, make_archive, names_in, put_archive, saved

from helpers import datasets
from helpers.datasets import load_cifar10

pytest_plugins = ["mirrors"]
pytestmark = pytest.mark.usefixtures("folder", "printed")


def test_arrays_of_an_archive_are_mapped_into_memory(cifar10, folder):
    put_archive(folder, cifar10[0])
    (x_train, _), (x_test, _) = load_cifar10()
    assert isinstance(x_train.base, np.memmap) and isinstance(x_test.base, np.memmap)


def test_what_numpy_says_of_old_pickles_is_kept_off_the_screen(
    cifar10, folder, monkeypatch
):
    def load(*arguments, **keywords):  # as NumPy 2.4.0 does
        warnings.warn("align", np.exceptions.VisibleDeprecationWarning, stacklevel=2)
        return unpickled(*arguments, **keywords)

    unpickled = pickle.load
    monkeypatch.setattr(pickle, "load", load)
    put_archive(folder, cifar10[0])
    with warnings.catch_warnings(record=True) as shown:
        assert not load_cifar10().is_stand_in
    assert shown == []


def test_an_archive_is_not_unpickled_before_its_checksum(
    cifar10, folder, trap, tmp_path, printed, monkeypatch
):
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    malicious = make_archive(dict.fromkeys(names, pickle.dumps(trap)))
    put_archive(folder, malicious)
    assert load_cifar10().is_stand_in
    assert len(printed()) == 2

    (tmp_path / "cifar-10-python.tar.gz").write_bytes(malicious)
    monkeypatch.setenv("LAYERS_CIFAR10", str(tmp_path / "cifar-10-python.tar.gz"))
    with pytest.raises(ValueError, match="it was packed again.* could run code"):
        load_cifar10()


# The array cache --------------------------------------------------------------------


def test_the_second_load_needs_no_archive(cifar10, folder, printed):
    put_archive(folder, cifar10[0])
    load_cifar10()
    (folder / datasets.ARCHIVE).unlink()
    dataset = load_cifar10()
    assert dataset.source == "CIFAR-10 from the array cache beside Keras's archive."
    assert is_cifar10(dataset, cifar10[1])
    assert {type(array) for part in dataset for array in part} == {np.ndarray}
    for part in dataset:
        for array in part:
            array[...] = 7  # in memory only
    assert is_cifar10(load_cifar10(), cifar10[1])
    assert names_in(folder / datasets.ARRAY_CACHE) == [
        "x_test.npy", "x_train.npy", "y_test.npy", "y_train.npy"
    ]  # fmt: skip
    assert printed() == []


@pytest.mark.parametrize(
    "damage",
    {
        "empty": lambda data, array, trap: b"",
        "short": lambda data, array, trap: data[:-1],
        "long": lambda data, array, trap: data + b"?",
        "no header": lambda data, array, trap: bytes(len(data)),
        "dtype": lambda data, array, trap: saved(array.astype("int8")),
        "shape": lambda data, array, trap: saved(array[:-1]),
        "axes": lambda data, array, trap: saved(array.ravel()),
        "objects": lambda data, array, trap: saved(np.array([trap]), allow_pickle=True),
        "pickle": lambda data, array, trap: pickle.dumps(trap),
        "missing": lambda data, array, trap: None,
    }.items(),
    ids=lambda item: item[0],
)
@pytest.mark.parametrize("name", ["x_train", "y_test"])
def test_a_damaged_array_is_ignored_and_rewritten(
    name, damage, cifar10, folder, trap, printed
):
    archive, arrays = cifar10
    put_archive(folder, archive)
    load_cifar10()
    path = folder / datasets.ARRAY_CACHE / f"{name}.npy"
    good = path.read_bytes()
    damaged = damage[1](good, arrays[name], trap)
    path.unlink()
    if damaged is not None:
        path.write_bytes(damaged)
    assert is_cifar10(load_cifar10(), arrays)
    assert path.read_bytes() == good
    assert printed() == []


def test_an_array_cache_that_cannot_be_made(cifar10, folder, printed):
    put_archive(folder, cifar10[0])
    (folder / datasets.ARRAY_CACHE).touch()
    assert is_cifar10(load_cifar10(), cifar10[1])
    assert printed() == []


def test_an_array_cache_that_fills_the_disk(cifar10, folder, printed, monkeypatch):
    def save(file, array):
        file.write(b"half an array")
        raise OSError(errno.ENOSPC, "No space left on device")

    put_archive(folder, cifar10[0])
    monkeypatch.setattr(np, "save", save)
    assert is_cifar10(load_cifar10(), cifar10[1])
    assert names_in(folder / datasets.ARRAY_CACHE) == []
    assert printed() == []
