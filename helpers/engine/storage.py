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
        self.folder, self.headers, self.unfinished = Path(folder), {}, None
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

    def append(self, keys, outputs, count):
        """Add one batch: for each key an output of shape ``(count, ...)``."""
        for key, output in zip(keys, outputs):
            output = np.asarray(output, order="C")
            check_rows(key, output, count)
            if key not in self.headers:
                self.start(key, output)
            rows, *rest = self.headers[key]["shape"]
            check_same_shape(key, (rows, *rest), output.shape)
            self.headers[key]["shape"] = rows + count, *rest
            with self.open(key, "ab") as file:
                file.write(output.data)

    def finish(self):
        """Return ``{key: read-only memory map}``."""
        for key, header in self.headers.items():
            with self.open(key, "r+b") as file:  # the header has room for more rows
                np.lib.format.write_array_header_1_0(file, header)
        paths = {key: self.folder / self.name(key) for key in self.headers}
        for key, path in paths.items():
            os.replace(Path(self.unfinished.name, self.name(key)), path)
        return {key: np.load(path, mmap_mode="r") for key, path in paths.items()}


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
