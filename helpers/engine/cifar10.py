"""Reading CIFAR-10's four arrays from its archive, or from the array cache.

No pickle is opened before the archive that holds it has passed its checksum.
"""

import contextlib
import hashlib
import os
import pickle
import tarfile
import warnings

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


def archives_in(folder):
    """List the files in a folder that Keras 3, Keras 2 or a browser calls the archive."""
    return sorted(filter(os.path.isfile, folder.glob("cifar-10-*")))


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
