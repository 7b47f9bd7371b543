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
        self.parts = {}  # {key: (axis, list of arrays to join)}

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def place(self, key):
        """Keep a place for ``key``, so that the order is that of the layers."""
        self.arrays.setdefault(key, None)

    def whole(self, key, array):
        """Take an array as it is."""
        self.arrays[key] = array

    def append(self, key, array, axis=0, each=1):
        """Add a batch of one layer; ``each`` places on ``axis`` are one input."""
        if self.rows is None or axis != 0:
            self.place(key)
            _, parts = self.parts.setdefault(key, (axis, []))
            check_same_shape(
                key, parts[0].shape if parts else array.shape, array.shape, axis
            )
            parts.append(array)
            return
        if key not in self.arrays:
            shape = self.rows * each, *array.shape[1:]
            self.arrays[key] = np.empty(shape, array.dtype)
        check_same_shape(key, self.arrays[key].shape, array.shape)
        start = self.done * each
        self.arrays[key][start : start + len(array)] = array

    def count(self, rows):
        """Say that a batch of so many inputs is complete."""
        self.done += rows

    def drop(self, key):
        self.arrays.pop(key, None)
        self.parts.pop(key, None)

    def finish(self):
        """Return ``{key: array}``, read-only."""
        for key, (axis, parts) in self.parts.items():
            self.arrays[key] = np.concatenate(parts, axis)
        for array in self.arrays.values():
            array.flags.writeable = False
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
        self.folder, self.headers, self.unfinished = Path(folder), {}, None
        self.memory = Arrays(None)  # what does not grow along the first axis
        self.order = {}
        if self.folder.exists() and not self.folder.is_dir():
            raise NotADirectoryError(f"out must be a folder, but {folder} is a file.")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.unfinished:
            self.unfinished.cleanup()

    def name(self, key):
        """Return the file name of a layer: no two layers have the same.

        Example:
            >>> Files("folder").name("outer/inner:1")
            'outer%2Finner%3A1.npy'
        """
        safe = re.sub(r"[^\w.-]", lambda match: f"%{ord(match[0]):02X}", key)
        return f"{safe}.npy"

    def open(self, key, mode):
        return Path(self.unfinished.name, self.name(key)).open(mode)

    def start(self, key, output):
        if (self.folder / self.name(key)).exists():
            raise FileExistsError(
                f"{self.folder / self.name(key)} exists and is not overwritten. Delete "
                f"it, or choose another folder."
            )
        if output.dtype.hasobject:
            raise TypeError(f"{key} outputs text, which no memory map can hold.")
        if self.unfinished is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.unfinished = tempfile.TemporaryDirectory(dir=self.folder)
        self.headers[key] = {
            "descr": np.lib.format.dtype_to_descr(output.dtype),
            "fortran_order": False,
            "shape": (0, *output.shape[1:]),
        }
        with self.open(key, "wb") as file:
            np.lib.format.write_array_header_1_0(file, self.headers[key])

    def place(self, key):
        self.order[key] = None

    def whole(self, key, array):
        self.place(key)
        array = np.asarray(array, order="C")
        self.start(key, array)
        self.headers[key]["shape"] = array.shape
        self.write(key, array)

    def append(self, key, array, axis=0, each=1):
        """Add a batch of one layer."""
        self.place(key)
        if axis != 0:
            self.memory.append(key, array, axis)
            return
        array = np.asarray(array, order="C")
        if key not in self.headers:
            self.start(key, array)
        rows, *rest = self.headers[key]["shape"]
        check_same_shape(key, (rows, *rest), array.shape)
        self.headers[key]["shape"] = rows + len(array), *rest
        self.write(key, array)

    def write(self, key, array):
        with self.open(key, "ab") as file:
            file.write(array.data)

    def count(self, rows):
        pass

    def drop(self, key):
        self.order.pop(key, None)
        self.memory.drop(key)
        if self.headers.pop(key, None):
            Path(self.unfinished.name, self.name(key)).unlink()

    def finish(self):
        """Return ``{key: read-only memory map}``."""
        for key, array in self.memory.finish().items():
            self.whole(key, array)
        for key, header in self.headers.items():
            with self.open(key, "r+b") as file:  # the header has room for more rows
                np.lib.format.write_array_header_1_0(file, header)
        paths = {key: self.folder / self.name(key) for key in self.order}
        for key, path in paths.items():
            os.replace(Path(self.unfinished.name, self.name(key)), path)
        return {key: np.load(path, mmap_mode="r") for key, path in paths.items()}


def check_same_shape(key, one, other, axis=0):
    one, other = (shape[:axis] + shape[axis + 1 :] for shape in (one, other))
    if one != other:
        raise ValueError(
            f"{key} outputs shape {one} in one batch and {other} in another, "
            f"which cannot be joined. Give all inputs one shape."
        )
