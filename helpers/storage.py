"""Where the outputs of many batches are collected: in memory or in files."""

import os
import re
import tempfile
from pathlib import Path

import numpy as np


class Arrays:
    """Collects in memory: one array a layer, allocated once if the length is known.

    Arguments:
        rows: number of inputs in all batches, ``None`` if unknown.
    """

    def __init__(self, rows):
        self.rows, self.done, self.arrays = rows, 0, {}

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def append(self, keys, outputs, count):
        """Add one batch: for each key an output of shape ``(count, ...)``."""
        for key, output in zip(keys, outputs):
            output = np.asarray(output)
            if count == self.rows:  # the only batch: its memory is used as it is
                self.arrays[key] = output
                continue
            check_rows(key, output, count)
            if self.rows is None:
                self.arrays.setdefault(key, []).append(output)
                continue
            if key not in self.arrays:
                shape = self.rows, *output.shape[1:]
                self.arrays[key] = np.empty(shape, output.dtype)
            self.arrays[key][self.done : self.done + count] = output
        self.done += count

    def finish(self):
        """Return ``{key: array}``, read-only."""
        for key, array in self.arrays.items():
            if self.rows is None:
                for batch in array:
                    check_same_shape(key, array[0].shape, batch.shape)
                self.arrays[key] = np.concatenate(array)
            self.arrays[key].flags.writeable = False
        return self.arrays


class Files:
    """Collects in a folder: one ``.npy`` file a layer.

    The batches are written one after the other and the header last, so the length need
    not be known. A full disk is an error then; in a memory map it would end Python.
    The files are moved into the folder when all of them are complete.

    Arguments:
        folder: path of the folder, which is made if it is missing.
    """

    def __init__(self, folder):
        self.folder, self.files, self.headers = Path(folder), {}, {}
        self.unfinished = None
        if self.folder.exists() and not self.folder.is_dir():
            raise NotADirectoryError(f"out must be a folder, but {folder} is a file.")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for file in self.files.values():
            file.close()
        if self.unfinished:
            self.unfinished.cleanup()

    def path(self, key):
        """Return the file of a layer: no two names give the same.

        Example:
            >>> Files("folder").path("outer/inner:1").name
            'outer%2Finner%3A1.npy'
        """
        name = re.sub(r"[^\w.-]", lambda match: f"%{ord(match[0]):02X}", key)
        return self.folder / f"{name}.npy"

    def open(self, key, output):
        if self.path(key).exists():
            raise FileExistsError(
                f"{self.path(key)} exists and is not overwritten. Delete it, or choose "
                f"another folder."
            )
        if output.dtype.hasobject:
            raise TypeError(f"{key} outputs text, which no memory map can hold.")
        if self.unfinished is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.unfinished = tempfile.TemporaryDirectory(dir=self.folder)
        self.files[key] = Path(self.unfinished.name, self.path(key).name).open("wb")
        self.headers[key] = {
            "descr": np.lib.format.dtype_to_descr(output.dtype),
            "fortran_order": False,
            "shape": (0, *output.shape[1:]),
        }
        np.lib.format.write_array_header_1_0(self.files[key], self.headers[key])

    def append(self, keys, outputs, count):
        """Add one batch: for each key an output of shape ``(count, ...)``."""
        for key, output in zip(keys, outputs):
            output = np.asarray(output, order="C")
            check_rows(key, output, count)
            if key not in self.files:
                self.open(key, output)
            shape = self.headers[key]["shape"]
            check_same_shape(key, shape, output.shape)
            self.headers[key]["shape"] = shape[0] + count, *shape[1:]
            self.files[key].write(output.data)

    def finish(self):
        """Return ``{key: read-only memory map}``."""
        for key, file in self.files.items():
            file.seek(0)  # NumPy leaves room in the header for a longer first axis
            np.lib.format.write_array_header_1_0(file, self.headers[key])
            file.close()
        for key, file in self.files.items():
            os.replace(file.name, self.path(key))
        return {key: np.load(self.path(key), mmap_mode="r") for key in self.files}


def check_rows(key, output, count):
    if output.shape[:1] != (count,):
        raise ValueError(
            f"{key} outputs an array {output.shape} for {count} inputs, not a row for "
            f"each: batches of it cannot be joined. Raise batch_size to take all inputs "
            f"at once."
        )


def check_same_shape(key, one, other):
    if one[1:] != other[1:]:
        raise ValueError(
            f"{key} outputs shape {one[1:]} in one batch and {other[1:]} in another, "
            f"which cannot be joined. Give all inputs one shape."
        )
