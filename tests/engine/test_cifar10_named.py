"""What LAYERS_CIFAR10 may name, and what is told of everything else."""

import bz2
import gzip
import os
import pickle
import re
from unicodedata import normalize

import keras
import numpy as np
import pytest
from archives import is_cifar10, npz, put_archive, saved, tar_gz, zipped

from helpers import datasets
from helpers.datasets import load_cifar10
from helpers.engine import cifar10_named
from helpers.engine.files import COURSE

pytest_plugins = ["mirrors"]
pytestmark = pytest.mark.usefixtures("folder", "printed")


@pytest.fixture
def name(monkeypatch):
    return lambda value: monkeypatch.setenv("LAYERS_CIFAR10", str(value))


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def refusal():
    """What `load_cifar10` says: one line, whose end tells what is taken."""
    with pytest.raises(ValueError) as error:
        load_cifar10()
    said = str(error.value)
    assert "\n" not in said and said.endswith(f" {cifar10_named.TAKES}")
    assert ".." not in said.replace("...", "")
    return said[: -len(cifar10_named.TAKES) - 1]


# Taken ------------------------------------------------------------------------------


def test_an_archive(cifar10, tmp_path, folder, name, printed):
    name(put(tmp_path / "cifar-10-python.tar.gz", cifar10[0]))
    dataset = load_cifar10()
    assert is_cifar10(dataset, cifar10[1])
    assert dataset.source == (
        "CIFAR-10 from the file cifar-10-python.tar.gz (LAYERS_CIFAR10)."
    )
    assert not folder.exists() and printed() == []


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_npz_goes_before_all_else(save, cifar10, tmp_path, folder, name, printed):
    archive, arrays = cifar10
    put_archive(folder, archive)
    load_cifar10()
    few = {name: array[:7] for name, array in arrays.items()}
    save(tmp_path / "arrays.npz", **few)
    name(tmp_path / "arrays.npz")
    assert is_cifar10(load_cifar10(), few)
    assert printed() == []


@pytest.mark.parametrize("called", ["A.NPZ", "a.npz", "arrays", "a.tar.gz"])
def test_what_a_file_is_its_bytes_say(called, cifar10, tmp_path, name):
    for content in (npz(cifar10[1]), cifar10[0]):
        name(put(tmp_path / called, content))
        assert is_cifar10(load_cifar10(), cifar10[1])


@pytest.mark.parametrize(
    "lies, named",
    [
        ("cifar-10-python.tar.gz", "."),
        ("cifar-10-python (1).tar.gz", "."),
        ("cifar-10-batches-py.tar.gz", "cifar-10-batches-py"),
        ("cifar-10-batches-py-target_archive", "cifar-10-batches-py-target"),
    ],
)
def test_a_folder_with_the_archive_in_it_or_beside_what_was_unpacked(
    lies, named, cifar10, tmp_path, name
):
    put(tmp_path / "all/cifar-10-binary.tar.gz", b"another")
    put(tmp_path / "all" / lies, cifar10[0])
    put(tmp_path / "all/cifar-10-batches-py/data_batch_1", b"never read")
    put(tmp_path / "all/cifar-10-batches-py-target/cifar-10-batches-py/x", b"nor this")
    name(tmp_path / "all" / named)
    dataset = load_cifar10()
    assert is_cifar10(dataset, cifar10[1]) and lies in dataset.source


@pytest.mark.parametrize("written", ["{}", '"{}"', "'{}'", " {}\n", "“{}”", "'{}"])
def test_a_path_in_quotes(written, cifar10, tmp_path, name):
    path = put(tmp_path / "my arrays.npz", npz(cifar10[1]))
    name(written.format(path))
    dataset = load_cifar10()
    assert is_cifar10(dataset, cifar10[1]) and "file my arrays.npz (" in dataset.source


def test_a_name_that_has_quotes(cifar10, tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "'mine'", npz(cifar10[1]))
    name("'mine'")
    assert is_cifar10(load_cifar10(), cifar10[1])


@pytest.mark.parametrize("written", ["~/a.npz", '"~/a.npz"'])
def test_a_path_from_home(written, cifar10, tmp_path, name, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    put(tmp_path / "a.npz", npz(cifar10[1]))
    name(written)
    assert is_cifar10(load_cifar10(), cifar10[1])


@pytest.mark.parametrize("given", ["NFC", "NFD"])
@pytest.mark.parametrize("outer", ["NFC", "NFD"])
@pytest.mark.parametrize("inner", ["NFC", "NFD"])
def test_a_korean_path_in_either_form(given, outer, inner, cifar10, tmp_path, name):
    """A folder from Windows holds what was unpacked on a Mac."""
    path = tmp_path / normalize(outer, "학생") / normalize(inner, "자료.npz")
    put(path, npz(cifar10[1]))
    name(tmp_path / normalize(given, "학생/자료.npz"))
    assert is_cifar10(load_cifar10(), cifar10[1])


def test_a_relative_path_holds_in_the_course_and_in_its_notebooks(
    cifar10, tmp_path, name, monkeypatch
):
    """Commands run in the one, lessons in the other."""
    monkeypatch.setattr(cifar10_named, "COURSE", tmp_path)
    put(tmp_path / "a.npz", npz(cifar10[1]))
    name("a.npz")
    (tmp_path / "notebooks").mkdir()
    for folder in (tmp_path, tmp_path / "notebooks"):
        monkeypatch.chdir(folder)
        assert is_cifar10(load_cifar10(), cifar10[1])


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "uint32", "int64", ">i4"])
@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_labels_of_whole_numbers(dtype, shape, cifar10, tmp_path, name):
    _, arrays = cifar10
    labels = {y: arrays[y].astype(dtype).reshape(shape) for y in ("y_train", "y_test")}
    name(put(tmp_path / "a.npz", npz(arrays, **labels)))
    assert is_cifar10(load_cifar10(), arrays)


@pytest.mark.parametrize("dtype", ["int16", "int64", "uint16"])
def test_pictures_of_whole_numbers(dtype, cifar10, tmp_path, name):
    _, arrays = cifar10
    wide = {
        x: np.asfortranarray(arrays[x].astype(dtype)) for x in ("x_train", "x_test")
    }
    name(put(tmp_path / "a.npz", npz(arrays, **wide)))
    assert is_cifar10(load_cifar10(), arrays)


# Refused with the line that mends ---------------------------------------------------


def one_hot(y):
    return keras.utils.to_categorical(y, 10)


def channels_first(x):
    return x.transpose(0, 3, 1, 2)


def changed(change, *names):
    return lambda arrays: {**arrays, **{name: change(arrays[name]) for name in names}}


def renamed(*names, order=("x_train", "y_train", "x_test", "y_test")):
    return lambda arrays: {new: arrays[old] for new, old in zip(names, order)}


OTHER_FORMS = {
    "one hot": changed(one_hot, "y_train", "y_test"),
    "one hot, whole": changed(lambda y: one_hot(y).astype("int64"), "y_test"),
    "one hot, bool": changed(lambda y: one_hot(y) == 1, "y_test"),
    "float labels": changed(np.float32, "y_train"),
    "0 to 1": changed(lambda x: x / 255, "x_train", "x_test"),
    "0 to 1, one array": changed(lambda x: x / np.float32(255), "x_test"),
    "0 to 1, half": changed(lambda x: (x / 255).astype("float16"), "x_train"),
    "0 to 255": changed(np.float32, "x_train", "x_test"),
    "channels first": changed(channels_first, "x_train", "x_test"),
    "all": lambda arrays: {
        "X": channels_first(arrays["x_train"]) / np.float32(255),
        "Y": one_hot(arrays["y_train"]),
        "X_val": arrays["x_test"],
        "Y_val": arrays["y_test"].ravel().astype("float32"),
        "classes": np.array(["a name"] * 10),
    },
    "arr_0": renamed("arr_0", "arr_1", "arr_2", "arr_3"),
    "arr_0, another order": renamed(
        *("arr_0", "arr_1", "arr_2", "arr_3"),
        order=("x_train", "x_test", "y_train", "y_test"),
    ),
    "train_images": renamed(
        "train_images", "train_labels", "test_images", "test_labels"
    ),
    "X_train": renamed("X_train", "y_train", "X_test", "y_test"),
    "more for testing": renamed(
        *("X_train", "Y_train", "X_test", "Y_test"),
        order=("x_test", "y_test", "x_train", "y_train"),
    ),
}


@pytest.mark.parametrize("change", OTHER_FORMS.values(), ids=OTHER_FORMS)
def test_an_npz_in_another_form_is_refused_with_the_line_that_mends(
    change, cifar10, tmp_path, name
):
    _, arrays = cifar10
    name(put(tmp_path / "나의 'a'.npz", npz(change(arrays))))
    said = refusal()
    assert re.search("but (its .* expected |it has no array )", said)
    new, line = re.search(
        "This line of Python writes (.*), to be .*: `(.*)`", said
    ).groups()
    exec(line, {})
    name(tmp_path / new)
    (x_train, _), (x_test, _) = dataset = load_cifar10()
    if len(x_train) < len(x_test):  # the two were exchanged
        dataset = datasets.Dataset(reversed(dataset), dataset.classes)
    assert is_cifar10(dataset, arrays)


def from_readme():
    page = (COURSE / "README.md").read_text(encoding="utf-8")
    return re.search(r"```python\n(import keras.*?)```", page, re.DOTALL)[1]


@pytest.mark.parametrize("lines", [cifar10_named.MAKE, from_readme()])
def test_the_lines_that_make_an_npz_from_keras(
    lines, cifar10, tmp_path, name, monkeypatch
):
    a = cifar10[1]
    pairs = (a["x_train"], a["y_train"]), (a["x_test"], a["y_test"])
    monkeypatch.setattr(keras.datasets.cifar10, "load_data", lambda: pairs)
    monkeypatch.chdir(tmp_path)
    exec(lines, {})
    name("cifar10.npz")
    assert is_cifar10(load_cifar10(), a)


# Refused ----------------------------------------------------------------------------

PICKLED = "the pickles in it could run code"
BAD_NPZ = {
    "scratched": (
        lambda arrays, trap: npz(arrays).replace(arrays["y_test"].tobytes(), b"?" * 20),
        r"it cannot be read \(Bad CRC-32",
    ),
    "cut off": (
        lambda arrays, trap: npz(arrays)[:-10_000],
        "it is cut short or damaged",
    ),
    "no labels": (
        lambda arrays, trap: npz(arrays).replace(b"y_test.npy", b"labels.bin"),
        "it has no array y_test. It has x_train, y_train, x_test, labels.bin",
    ),
    "flat": (
        lambda arrays, trap: npz(arrays, x_test=arrays["x_test"].reshape(-1, 3072)),
        r"x_test has shape \(20, 3072\) and dtype uint8, "
        r"expected \(images, 32, 32, 3\) and uint8. What was flattened",
    ),
    "grey": (
        lambda arrays, trap: npz(arrays, x_test=arrays["x_test"][..., 0]),
        r"x_test has shape \(20, 32, 32\)",
    ),
    "wide labels": (
        lambda arrays, trap: npz(arrays, y_test=np.tile(arrays["y_test"], 10)),
        r"y_test has shape \(20, 10\) and dtype uint8, "
        r"expected \(images, 1\) or \(images,\) and whole numbers",
    ),
    "half labels": (
        lambda arrays, trap: npz(arrays, y_test=arrays["y_test"] + 0.5),
        "y_test has shape .* and dtype float64, expected",
    ),
    "names for labels": (
        lambda arrays, trap: npz(arrays, y_test=np.array(["cat"] * 20)),
        "y_test has shape .* and dtype <U3, expected",
    ),
    "truths for labels": (
        lambda arrays, trap: npz(arrays, y_test=arrays["y_test"] > 4),
        "y_test has shape .* and dtype bool, expected",
    ),
    "no image": (
        lambda arrays, trap: npz(arrays, x_test=arrays["x_test"][:0]),
        r"x_test has shape \(0, 32, 32, 3\)",
    ),
    "scalar": (
        lambda arrays, trap: npz(arrays, x_test=np.uint8(3), y_test=np.uint8(3)),
        r"x_test has shape \(\)",
    ),
    "scalar label": (
        lambda arrays, trap: npz(arrays, y_test=np.uint8(3)),
        r"y_test has shape \(\)",
    ),
    "other count": (
        lambda arrays, trap: npz(arrays, y_test=arrays["y_test"][:19]),
        "it has 20 x_test and 19 y_test",
    ),
    "label 10": (
        lambda arrays, trap: npz(arrays, y_test=arrays["y_test"] + 10),
        "its y_test has the label 1[0-9], expected 0 to 9",
    ),
    "label -1": (
        lambda arrays, trap: npz(arrays, y_test=arrays["y_test"].astype(int) - 9),
        "its y_test has the label -[0-9], expected 0 to 9",
    ),
    "labels NaN": (
        lambda arrays, trap: npz(arrays, y_test=np.full(20, np.nan)),
        "y_test has shape .* and dtype float64, expected",
    ),
    "pixel 256": (
        lambda arrays, trap: npz(arrays, x_test=arrays["x_test"].astype(int) + 1),
        "its x_test has values from 1 to 256, not 0 to 255",
    ),
    "-1 to 1": (
        lambda arrays, trap: npz(arrays, x_test=arrays["x_test"] / 127.5 - 1),
        "its x_test has values from -1.0 to 1.0, not 0 to 255",
    ),
    "0 to 2": (
        lambda arrays, trap: npz(arrays, x_test=arrays["x_test"] / 127.5),
        "its x_test has values up to 2.0: 1 or 255 would be white",
    ),
    "NaN": (
        lambda arrays, trap: npz(arrays, x_test=np.sqrt(arrays["x_test"] - 9.0)),
        "its x_test has values from nan to nan",
    ),
    "objects": (
        lambda arrays, trap: npz(arrays, y_test=np.array([trap])),
        "an array in it holds Python objects. They are pickled",
    ),
    "objects beside others": (
        lambda arrays, trap: npz({"x": arrays["x_test"], "y": np.array([trap])}),
        "an array in it holds Python objects. They are pickled",
    ),
    "mnist": (
        lambda arrays, trap: npz(arrays, x_train=np.zeros((100, 28, 28), "uint8")),
        r"its x_train has shape \(100, 28, 28\)",
    ),
    "weights": (
        lambda arrays, trap: (datasets.DATA / "cifar10_cnn.weights.npz").read_bytes(),
        "it has no array x_train. It has conv2d/kernel, ",
    ),
}


def batches(trap):
    return {f"cifar-10-batches-py/data_batch_{i}": pickle.dumps(trap) for i in "12"}


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("make, words", BAD_NPZ.values(), ids=BAD_NPZ)
def test_a_bad_npz(make, words, cifar10, folder, trap, tmp_path, name, printed):
    archive, arrays = cifar10
    put_archive(folder, archive)  # what could be used instead, silently
    path = put(tmp_path / "arrays.npz", make(arrays, trap))
    name(path)
    assert re.match(
        rf"LAYERS_CIFAR10 names {re.escape(str(path))}, but .*{words}", refusal()
    )
    assert printed() == []


OTHER_FILES = {
    "empty": (lambda a, t: b"", "it is empty. "),
    "text": (lambda a, t: b"hello" * 100, "it is not an .npz, and its SHA-256 is not"),
    "npy": (lambda a, t: saved(np.zeros(3)), "it is an .npy, of one array."),
    "pickle": (
        lambda a, t: pickle.dumps(t),
        f"it is a pickle, .*{PICKLED}.*`import keras",
    ),
    "page": (lambda a, t: b"\xef\xbb\xbf\n <!DOCTYPE html>", "it is a web page"),
    "pointer": (
        lambda a, t: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "it is a Git LFS pointer.*`git lfs pull`",
    ),
    "parquet": (lambda a, t: b"PAR1..PAR1", "it is a Parquet file"),
    "MATLAB": (lambda a, t: b"MATLAB 5.0 MAT-file", "it is a MATLAB file"),
    "HDF5": (lambda a, t: b"\x89HDF\r\n", "it is an HDF5 file"),
    "7z": (lambda a, t: b"7z\xbc\xaf\x27\x1c", "it is a .7z. Unpack it"),
    "cut in half": (lambda a, t: a[: len(a) // 2], "it breaks off. "),
    "one byte short": (lambda a, t: a[:-1], "it breaks off. "),
    "all but cut off": (lambda a, t: a[:30], "it is a .gz in which no archive can be"),
    "cut tar": (lambda a, t: gzip.decompress(a)[:-200_000], "it breaks off. "),
    "scratched": (lambda a, t: a[:-8] + b"????" + a[-4:], "it is damaged. "),
    "more": (lambda a, t: a + b"more", "it is damaged. "),
    "tar": (
        lambda a, t: gzip.decompress(tar_gz(batches(t))),
        f"it is no longer a .gz. Safari .*{PICKLED}.*`import keras",
    ),
    "packed anew": (
        lambda a, t: gzip.compress(gzip.decompress(a), 9),
        f"it was packed again.*{PICKLED}.*`import keras",
    ),
    "packed otherwise": (
        lambda a, t: bz2.compress(gzip.decompress(tar_gz(batches(t)))),
        f"it was packed again.*{PICKLED}",
    ),
    "binary version": (
        lambda a, t: tar_gz({"cifar-10-batches-bin/data_batch_1.bin": b"?"}),
        "it is CIFAR-10's binary version",
    ),
    "MATLAB version": (
        lambda a, t: tar_gz({"cifar-10-batches-mat/data_batch_1.mat": b"?"}),
        "it is CIFAR-10's MATLAB version",
    ),
    "CIFAR-100": (
        lambda a, t: tar_gz({"cifar-100-python/train": pickle.dumps(t)}),
        "it is CIFAR-100, ",
    ),
    "another archive": (
        lambda a, t: tar_gz({"a/b": b"?"}),
        "it is an archive, and CIFAR-10 is not in it",
    ),
    "gz": (lambda a, t: gzip.compress(b"?"), "it is a .gz in which no archive can be"),
    "zip of the archive": (
        lambda a, t: zipped("a/cifar-10-python.tar.gz"),
        "it is a .zip. Unpack it, and name a/cifar-10-python.tar.gz",
    ),
    "zip of an npz": (
        lambda a, t: zipped("a.NPZ"),
        "it is a .zip. Unpack it, and name a.NPZ, which",
    ),
    "zip of batches": (
        lambda a, t: zipped("cifar-10-batches-py/data_batch_1"),
        f"it is a .zip. In it is CIFAR-10, but {PICKLED}",
    ),
    "zip of binaries": (
        lambda a, t: zipped("cifar-10-batches-bin/data_batch_1.bin"),
        "it is CIFAR-10's binary version, as a .zip",
    ),
    "zip of pictures": (
        lambda a, t: zipped("train/cat/1.png"),
        "it is a .zip, and CIFAR-10 is not in it",
    ),
    "cut zip": (lambda a, t: zipped("a")[:-9], "it is cut short or damaged. "),
}


@pytest.mark.parametrize("called", ["cifar-10-python.tar.gz", "arrays.npz"])
@pytest.mark.parametrize("make, words", OTHER_FILES.values(), ids=OTHER_FILES)
def test_any_other_file_is_told_what_it_is(
    make, words, called, cifar10, trap, tmp_path, name
):
    path = put(tmp_path / called, make(cifar10[0], trap))
    name(path)
    assert re.match(
        rf"LAYERS_CIFAR10 names {re.escape(str(path))}, but {words}", refusal()
    )


def test_a_file_without_a_mark_is_known_by_its_name(cifar10, tmp_path, name):
    name(put(tmp_path / "data_batch_1.bin", bytes(range(1, 200))))
    assert "but it is CIFAR-10's binary version." in refusal()


FOLDERS = {
    "unpacked": ("cifar-10-batches-py/data_batch_1", f"it is the archive .*{PICKLED}"),
    "outer": ("cifar-10-batches-py", f"it is the archive unpacked: .*{PICKLED}"),
    "arrays": ("c.NPZ", "it is a folder. Write the path of the file: .*all.c.NPZ"),
    "damaged": (
        "cifar-10-python.tar.gz",
        "cifar-10-python.tar.gz in it cannot be used: it",
    ),
    "binary": ("data_batch_1.bin", "it is CIFAR-10's binary version"),
    "other": ("x", "it is a folder, and the archive is not in it"),
}


@pytest.mark.parametrize("lies, words", FOLDERS.values(), ids=FOLDERS)
def test_a_folder_without_the_archive(lies, words, cifar10, tmp_path, name):
    path = put(tmp_path / "all" / lies, b"\x80").parent
    name(path)
    assert re.match(
        rf"LAYERS_CIFAR10 names {re.escape(str(path))}, but {words}", refusal()
    )


def test_nothing_there(cifar10, tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name(tmp_path / "no" / "a.npz")
    assert refusal().endswith(
        f"it cannot be found: there is no folder {tmp_path / 'no'}."
    )
    name(tmp_path / "cifar10.npz")
    assert refusal().endswith(f"the folder {tmp_path} has no such file.")
    put(tmp_path / "cifar10.npz.zip", b"")
    assert refusal().endswith("Names like it there: cifar10.npz.zip.")
    name("cifar10.npz")
    assert (
        f"names cifar10.npz, but it cannot be found from the folder {tmp_path}. "
        in (refusal())
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows has other devices, and few links")
def test_a_link_to_nothing_and_a_device(cifar10, tmp_path, name):
    (tmp_path / "a.npz").symlink_to(tmp_path / "gone")
    name(tmp_path / "a.npz")
    assert refusal().endswith(f"it is a link to {tmp_path / 'gone'}, which is missing.")
    name("/dev/zero")  # it would be read without end
    assert refusal().endswith("it is a device, not a file.")
    name("/tmp/" + "x" * 300)
    assert refusal().endswith("it cannot be read (File name too long).")


def test_what_may_not_be_read(cifar10, tmp_path, name, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    path = put(tmp_path / "a.npz", npz(cifar10[1]))
    monkeypatch.setattr(cifar10_named, "open", refuse, raising=False)
    monkeypatch.setattr(cifar10_named.os, "listdir", refuse)
    for named in (path, tmp_path):
        name(named)
        assert refusal() == (
            f"LAYERS_CIFAR10 names {named}, but it cannot be read (Permission denied)."
        )
    name(tmp_path / "b.npz")
    assert "it cannot be found: the folder" in refusal()


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8/a//b.npz", "HTTPS://a.b/c", "file:///a", "s3://a/b"]
)
def test_an_address_is_refused_as_a_whole(address, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for written in (address, f'"{address}"'):
        name(written)
        with pytest.raises(
            ValueError, match=f"names the address {address}, but takes a"
        ):
            load_cifar10()
    assert (
        cifar10_named.describe(f" {address}")
        == f"the address {address}, which is not a file"
    )


def test_a_drive_of_windows_is_no_address():
    for path in ("C:/data/a.npz", r"C:\a.npz", r"\\server\share\a.npz", "a:b"):
        assert not cifar10_named.is_address(path)


@pytest.mark.parametrize("nothing", ["", '""', " '' "])
def test_nothing_but_quotes_is_nothing(nothing, cifar10, folder, name):
    put_archive(folder, cifar10[0])
    name(nothing)
    assert load_cifar10().source == "CIFAR-10 from the archive in Keras's cache."
