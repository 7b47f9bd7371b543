"""Archives, array caches and .npz files, good and bad; no pickle before its checksum."""

import errno
import pickle
import warnings

import numpy as np
import pytest
from archives import is_cifar10, make_archive, names_in, npz, put_archive, saved

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
    with pytest.raises(
        ValueError, match="its SHA-256 is not that of CIFAR-10's archive"
    ):
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


# LAYERS_CIFAR10 ---------------------------------------------------------------------


def test_a_named_archive(cifar10, tmp_path, folder, printed, monkeypatch):
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(cifar10[0])
    monkeypatch.setenv("LAYERS_CIFAR10", str(tmp_path / "cifar-10-python.tar.gz"))
    dataset = load_cifar10()
    assert is_cifar10(dataset, cifar10[1])
    assert dataset.source == (
        "CIFAR-10 from the file cifar-10-python.tar.gz (LAYERS_CIFAR10)."
    )
    assert not folder.exists() and printed() == []


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_named_npz_goes_before_all_else(
    save, cifar10, tmp_path, folder, printed, monkeypatch
):
    archive, arrays = cifar10
    put_archive(folder, archive)
    load_cifar10()
    few = {name: array[:7] for name, array in arrays.items()}
    save(tmp_path / "arrays.npz", **few)
    monkeypatch.setenv("LAYERS_CIFAR10", str(tmp_path / "arrays.npz"))
    assert is_cifar10(load_cifar10(), few)
    assert printed() == []


BAD_FILES = {
    "missing": (lambda arrays, trap: None, "No such file or directory"),
    "empty": (lambda arrays, trap: b"", "it is not an .npz file"),
    "text": (lambda arrays, trap: b"hello" * 100, "it is not an .npz file"),
    "npy": (lambda arrays, trap: saved(arrays["x_test"]), "it is not an .npz file"),
    "pickle": (lambda arrays, trap: pickle.dumps(trap), "it is not an .npz file"),
    "cut off": (lambda arrays, trap: npz(arrays)[:-10_000], "it is not an .npz file"),
    "scratched": (
        lambda arrays, trap: npz(arrays).replace(arrays["y_test"].tobytes(), b"?" * 20),
        r"it cannot be read \(Bad CRC-32",
    ),
    "no labels": (
        lambda arrays, trap: npz(arrays).replace(b"y_test.npy", b"labels.npy"),
        "it has no array y_test",
    ),
    "flat": (
        lambda arrays, trap: npz(arrays, x_test=arrays["x_test"].reshape(-1, 3072)),
        r"x_test has shape \(20, 3072\) and dtype uint8, "
        r"expected \(images, 32, 32, 3\) and uint8",
    ),
    "channels first": (
        lambda arrays, trap: npz(arrays, x_test=arrays["x_test"].transpose(0, 3, 1, 2)),
        r"x_test has shape \(20, 3, 32, 32\)",
    ),
    "floats": (
        lambda arrays, trap: npz(arrays, x_train=arrays["x_train"] / 255),
        "x_train has shape .* and dtype float64, expected",
    ),
    "flat labels": (
        lambda arrays, trap: npz(arrays, y_test=arrays["y_test"][:, 0]),
        r"y_test has shape \(20,\) and dtype uint8, expected \(images, 1\) and uint8",
    ),
    "wide labels": (
        lambda arrays, trap: npz(arrays, y_test=arrays["y_test"].astype("int64")),
        "y_test has shape .* and dtype int64",
    ),
    "no image": (
        lambda arrays, trap: npz(arrays, x_test=arrays["x_test"][:0]),
        r"x_test has shape \(0, 32, 32, 3\)",
    ),
    "scalar": (
        lambda arrays, trap: npz(arrays, x_test=np.uint8(3)),
        r"x_test has shape \(\)",
    ),
    "other count": (
        lambda arrays, trap: npz(arrays, y_test=arrays["y_test"][:19]),
        "it has 20 x_test and 19 y_test",
    ),
    "label 10": (
        lambda arrays, trap: npz(arrays, y_test=arrays["y_test"] + 10),
        "its y_test has the label 1[0-9], expected 0 to 9",
    ),
    "objects": (
        lambda arrays, trap: npz(arrays, y_test=np.array([trap])),
        r"it cannot be read \(Object arrays cannot be loaded when allow_pickle=False\)",
    ),
}


@pytest.mark.parametrize("make, words", BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_npz_is_refused(
    make, words, cifar10, folder, trap, tmp_path, printed, monkeypatch
):
    archive, arrays = cifar10
    put_archive(folder, archive)  # what could be used instead, silently
    path = tmp_path / "arrays.npz"
    data = make(arrays, trap)
    if data is not None:
        path.write_bytes(data)
    monkeypatch.setenv("LAYERS_CIFAR10", str(path))
    start = f"^LAYERS_CIFAR10 names {path}, but "
    with pytest.raises(ValueError, match=f"{start}.*{words}") as error:
        load_cifar10()
    assert str(error.value).endswith(
        "or an .npz of x_train, y_train, x_test and y_test."
    )
    assert "\n" not in str(error.value)
    assert printed() == []


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda path: None, r"cannot be read \(No such file or directory\)"),
        (lambda path: path.mkdir(), r"cannot be read \(Is a directory\)"),
        (lambda path: path.write_bytes(b"?"), "its SHA-256 is not that of"),
    ],
)
def test_a_bad_archive_is_refused(make, words, tmp_path, monkeypatch):
    make(tmp_path / "cifar-10-python.tar.gz")
    monkeypatch.setenv("LAYERS_CIFAR10", str(tmp_path / "cifar-10-python.tar.gz"))
    with pytest.raises(ValueError, match=words):
        load_cifar10()
