"""Archives in CIFAR-10's layout, made here, since CIFAR-10 itself is not needed."""

import io
import os
import struct
import subprocess
import sys
import tarfile
import textwrap
import zipfile

import numpy as np

from helpers import datasets
from helpers.engine import cifar10 as archives
from helpers.engine.files import COURSE

STAND_IN = "Drawn pictures of the ten classes stand in for it."
NOT_SENT = "it sent a different file (its size or checksum differs)"


def text(words):
    return b"U" + bytes([len(words)]) + words


def python2_pickle(pixels, labels):
    """A batch as Python 2 wrote it: byte strings, and the dtype of an old NumPy."""
    dtype = (
        b"cnumpy\ndtype\n" + text(b"u1") + b"K\x00K\x01\x87R(K\x03" + text(b"|")
        + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    )  # fmt: skip
    return b"".join(
        [
            b"\x80\x02}(",
            text(b"batch_label") + text(b"a batch"),
            text(b"labels") + b"](",
            *(b"K" + bytes([label]) for label in labels),
            b"e" + text(b"data"),
            b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n",
            b"K\x00\x85" + text(b"b") + b"\x87R",
            b"(K\x01J" + struct.pack("<i", len(pixels)) + b"M\x00\x0c\x86",
            dtype + b"\x89T" + struct.pack("<i", pixels.size) + pixels.tobytes(),
            b"tbu.",
        ]
    )


def make_archive(batches):
    """CIFAR-10's archive of these batches, each pickled already."""
    members = {"batches.meta": b"", "readme.html": b"", **batches}
    return tar_gz({f"cifar-10-batches-py/{name}": members[name] for name in members})


def tar_gz(members):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=1) as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return archive.getvalue()


def zipped(*names):
    """A .zip of files with these names, which hold a byte each."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name in names:
            file.writestr(name, b"?")
    return archive.getvalue()


def cifar10_like(batch_size, different_pixels):
    """The archive and the arrays of a data set in CIFAR-10's layout."""
    random = np.random.Generator(np.random.PCG64(0))
    names = [f"data_batch_{i}" for i in (4, 3, 2, 5, 1)] + ["test_batch"]
    pixels, labels, batches = {}, {}, {}
    for name in names:
        some = random.integers(0, 256, different_pixels, "uint8")
        pixels[name] = np.resize(some, (batch_size, 3072))
        labels[name] = random.integers(0, 10, batch_size, "uint8")
        batches[name] = python2_pickle(pixels[name], labels[name])

    def joined(names):
        x = np.concatenate([pixels[name] for name in names])
        y = np.concatenate([labels[name] for name in names])
        return x.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), y[:, None]

    x_train, y_train = joined(sorted(names)[:5])
    x_test, y_test = joined(["test_batch"])
    return make_archive(batches), dict(
        x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test
    )


def is_cifar10(dataset, arrays):
    (x_train, y_train), (x_test, y_test) = dataset
    for array, name in ((x_train, "x_train"), (y_train, "y_train")):
        np.testing.assert_array_equal(array, arrays[name], strict=True)
    for array, name in ((x_test, "x_test"), (y_test, "y_test")):
        np.testing.assert_array_equal(array, arrays[name], strict=True)
    assert dataset.classes == datasets.CIFAR10_CLASSES
    return not dataset.is_stand_in


def names_in(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def put_archive(folder, data):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / datasets.ARCHIVE).write_bytes(data)


def saved(array, **keywords):
    file = io.BytesIO()
    np.save(file, array, **keywords)
    return file.getvalue()


def npz(arrays, **changed):
    file = io.BytesIO()
    np.savez(file, **{**arrays, **changed})
    return file.getvalue()


class Trap:
    """Unpickled, it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


# Another Python ---------------------------------------------------------------------


def start_python(code, **variables):
    """Run code in another Python whose helpers have this one's mirrors and checksum."""
    start = f"""
        import hashlib, signal
        from helpers import datasets
        from helpers.engine import cifar10 as archives
        signal.signal(signal.SIGINT, signal.default_int_handler)
        datasets.MIRRORS = {datasets.MIRRORS!r}
        datasets.ARCHIVE_BYTES = {datasets.ARCHIVE_BYTES!r}
        archives.ARCHIVE_SHA256 = {archives.ARCHIVE_SHA256!r}
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(start) + textwrap.dedent(code)],
        cwd=COURSE,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def screen(out):
    """The lines of a text as the screen shows them in the end."""
    lines = [line.split("\r")[-1] for line in out.split("\n")]
    return [line for line in lines if line]


def finish(python, silent=True):
    """The lines that another Python printed; it must end well, with nothing on stderr."""
    out, err = python.communicate(timeout=120)
    assert python.returncode == 0 and not (silent and err), err.decode()
    return screen(out.decode())
