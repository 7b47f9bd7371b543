"""Reading CIFAR-10's four arrays from a file: an archive, an .npz, the array cache.

No pickle is opened before the archive that holds it has passed its checksum.
"""

import contextlib
import hashlib
import os
import pickle
import tarfile
import warnings
import zipfile
from pathlib import Path

import numpy as np

from .files import replaced

ARCHIVE_SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"

SHAPES = {
    "x_train": (50_000, 32, 32, 3),
    "y_train": (50_000, 1),
    "x_test": (10_000, 32, 32, 3),
    "y_test": (10_000, 1),
}


def verify(file):
    """Raise a ValueError unless an open file is CIFAR-10's archive, every byte of it."""
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    if digest.hexdigest() != ARCHIVE_SHA256:
        raise ValueError("its SHA-256 is not that of CIFAR-10's archive")


def check_archive(path):
    """Do as `read_archive`, but read the file only as far as its checksum asks."""
    with open(path, "rb") as file:
        verify(file)


def is_verified(path):
    """Tell whether the file is there and is CIFAR-10's archive."""
    try:
        check_archive(path)
    except (OSError, ValueError):
        return False
    return True


def read_archive(path):
    """Return the arrays of the original archive, named and shaped as `SHAPES` says, uint8.

    A ValueError is raised if its checksum is another; nothing in it was read then.
    """
    with open(path, "rb") as file:
        verify(file)
        file.seek(0)
        batches = {}
        with tarfile.open(fileobj=file) as archive, warnings.catch_warnings():
            # NumPy 2.4.0 warns of pickles as old as these
            warnings.simplefilter("ignore", np.exceptions.VisibleDeprecationWarning)
            for member in archive:
                if "_batch" in member.name:
                    pickled = archive.extractfile(member)
                    name = os.path.basename(member.name)
                    batches[name] = pickle.load(pickled, encoding="bytes")
    training = _images_and_labels([batches[f"data_batch_{i}"] for i in range(1, 6)])
    test = _images_and_labels([batches["test_batch"]])
    return dict(zip(SHAPES, (*training, *test), strict=True))


def _images_and_labels(batches):
    labels = np.concatenate([batch[b"labels"] for batch in batches])
    images = [batch[b"data"].reshape(-1, 3, 32, 32) for batch in batches]
    channels_last = np.empty((len(labels), 32, 32, 3), "uint8")
    np.concatenate([x.transpose(0, 2, 3, 1) for x in images], out=channels_last)
    return channels_last, labels.astype("uint8").reshape(-1, 1)


def read_npz(path):
    """Return the four arrays of an `.npz`, of any number of images, without pickle.

    A ValueError is raised if the file is damaged, or an array is missing or is none of
    images `(images, 32, 32, 3)` or labels `(images, 1)` from 0 to 9, uint8.
    """
    with open(path, "rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError("it is not an .npz file")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: np.asarray(file[name]) for name in SHAPES if name in file}
    except Exception as error:  # a damaged .npz fails in many ways
        raise ValueError(f"it cannot be read ({str(error).rstrip('.')})") from None
    for name, (_, *axes) in SHAPES.items():
        if name not in arrays:
            raise ValueError(f"it has no array {name}")
        array = arrays[name]
        if array.dtype != np.uint8 or list(array.shape[1:]) != axes or not array.size:
            expected = ", ".join(["images", *map(str, axes)])
            raise ValueError(
                f"its {name} has shape {array.shape} and dtype {array.dtype}, "
                f"expected ({expected}) and uint8"
            )
    for x, y in (("x_train", "y_train"), ("x_test", "y_test")):
        if len(arrays[x]) != len(arrays[y]):
            raise ValueError(f"it has {len(arrays[x])} {x} and {len(arrays[y])} {y}")
        if (label := arrays[y].max()) > 9:
            raise ValueError(f"its {y} has the label {label}, expected 0 to 9")
    return arrays


def read_named(name, read_archive=read_archive):
    """Read the file that LAYERS_CIFAR10 names, or say in a ValueError what is wrong."""
    path = Path(os.path.expanduser(name))
    try:
        return read_npz(path) if path.suffix == ".npz" else read_archive(path)
    except OSError as error:
        reason = f"it cannot be read ({error.strerror})"
    except ValueError as error:
        reason = error
    raise ValueError(
        f"LAYERS_CIFAR10 names {path}, but {reason}. Name CIFAR-10's archive "
        "cifar-10-python.tar.gz, or an .npz of x_train, y_train, x_test and y_test."
    )


def read_array_cache(folder):
    """Map the four arrays of a folder into memory; None if one is damaged or missing."""
    arrays = {}
    for name, shape in SHAPES.items():
        path = folder / f"{name}.npy"
        try:
            # copy-on-write: what a learner writes never reaches the file
            array = np.load(path, mmap_mode="c", allow_pickle=False)
            complete = path.stat().st_size == array.offset + array.nbytes
        except (OSError, ValueError, EOFError, AttributeError):
            return None
        if not complete or array.shape != shape or array.dtype != np.uint8:
            return None
        arrays[name] = np.asarray(array)
    return arrays


def write_array_cache(folder, arrays):
    """Leave the four arrays for the next kernel; where that fails, do without."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        for name, array in arrays.items():
            with replaced(folder / f"{name}.npy") as new, open(new, "xb") as file:
                np.save(file, array)
