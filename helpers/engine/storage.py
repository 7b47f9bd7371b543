"""Where the outputs of many batches are collected: in memory or in files."""

import os
import re
import tempfile
from pathlib import Path

import numpy as np


class Arrays:
    """Collects in memory: one array a layer, allocated once if ``rows`` is not None."""

    def __init__(self, rows):
        self.rows, self.arrays = rows, {}
        self.filled = {}  # {key: so many places of its array}
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
            parts.append(array)
            check_same_shape(key, parts[0].shape, array.shape, axis)
            return
        if key not in self.arrays:
            shape = self.rows * each, *array.shape[1:]
            self.arrays[key], self.filled[key] = np.empty(shape, array.dtype), 0
        check_same_shape(key, self.arrays[key].shape, array.shape)
        start = self.filled[key]
        self.filled[key] += len(array)
        self.arrays[key][start : self.filled[key]] = array

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


class Files(Arrays):
    """Collects in a folder: one ``.npy`` file a layer.

    The batches are written one after the other and the header last, so the length need
    not be known. A full disk is an error then; in a memory map it would end Python.
    The files are moved into the folder when all of them are complete. In memory is only
    what does not grow along the first axis.
    """

    def __init__(self, folder):
        super().__init__(rows=None)
        self.folder, self.headers, self.unfinished = Path(folder), {}, None
        if self.folder.exists() and not self.folder.is_dir():
            raise NotADirectoryError(f"out must be a folder, but {folder} is a file.")

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

    def path(self, key):
        """Return where the file is until all of them are complete."""
        return Path(self.unfinished.name, self.name(key))

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
        with self.path(key).open("wb") as file:
            np.lib.format.write_array_header_1_0(file, self.headers[key])

    def whole(self, key, array):
        self.place(key)
        array = np.asarray(array, order="C")
        self.start(key, array)
        self.write(key, array, array.shape)

    def append(self, key, array, axis=0, each=1):
        if axis != 0:
            super().append(key, array, axis)
            return
        self.place(key)
        array = np.asarray(array, order="C")
        if key not in self.headers:
            self.start(key, array)
        rows, *rest = shape = self.headers[key]["shape"]
        check_same_shape(key, shape, array.shape)
        self.write(key, array, (rows + len(array), *rest))

    def write(self, key, array, shape):
        """Write one more part of an output, which has this shape then."""
        self.headers[key]["shape"] = shape
        with self.path(key).open("ab") as file:
            file.write(array.data)

    def drop(self, key):
        super().drop(key)
        if self.headers.pop(key, None):
            self.path(key).unlink()

    def finish(self):
        """Return ``{key: read-only memory map}``."""
        for key, (axis, parts) in self.parts.items():
            self.whole(key, np.concatenate(parts, axis))
        for key, header in self.headers.items():
            with self.path(key).open("r+b") as file:  # it has room for more rows
                np.lib.format.write_array_header_1_0(file, header)
        paths = {key: self.folder / self.name(key) for key in self.arrays}
        for key, path in paths.items():
            os.replace(self.path(key), path)
        return {key: np.load(path, mmap_mode="r") for key, path in paths.items()}


def check_same_shape(key, one, other, axis=0):
    one, other = (shape[:axis] + shape[axis + 1 :] for shape in (one, other))
    if one != other:
        raise ValueError(
            f"{key} outputs shape {one} in one batch and {other} in another, "
            f"which cannot be joined. Give all inputs one shape."
        )
