"""Where the outputs of many batches are collected: in memory or in files."""

import os
import re
import tempfile
from pathlib import Path
from unicodedata import normalize

import numpy as np

RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[\d¹²³])(\.|$)", re.I)  # on Windows
LONGEST = 200  # bytes of a file's name; disks take 255


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
        self.names = {}  # {file name as any disk compares it: key}
        if self.folder.exists() and not self.folder.is_dir():
            raise NotADirectoryError(f"out must be a folder, but {folder} is a file.")

    def __exit__(self, *error):
        if self.unfinished:
            self.unfinished.cleanup()

    def name(self, key):
        """Return the file name of a layer: no two layers have the same, on any disk.

        Example:
            >>> files = Files("folder")
            >>> files.name("outer/inner:1"), files.name("Dense"), files.name("dense")
            ('outer%2Finner%3A1.npy', 'Dense.npy', 'dense%2.npy')
        """
        escaped = re.sub(r"[^\w.-]", lambda found: percent(found[0]), key)
        if RESERVED.match(escaped):
            escaped = percent(escaped[0]) + escaped[1:]
        usual = escaped.encode()[:LONGEST].decode(errors="ignore")
        name, number = usual, 1
        # The disks of Windows and macOS take capitals for small letters.
        while self.names.setdefault(normalize("NFC", name.casefold()), key) != key:
            number += 1
            name = f"{usual}%{number}"
        return f"{name}.npy"

    def path(self, key):
        """Return where the file is until all of them are complete."""
        return Path(self.unfinished.name, self.name(key))

    def start(self, key, output):
        if os.path.lexists(path := self.folder / self.name(key)):
            raise self.exists(path)
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

    def exists(self, path):
        return FileExistsError(
            f"{path} exists and is not overwritten. Delete it, or choose another folder."
        )

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
        taken = []  # first all the names, in case another run writes here as well
        try:
            for path in paths.values():
                path.touch(exist_ok=False)
                taken.append(path)
            for key, path in paths.items():
                os.replace(self.path(key), path)
        except BaseException as error:
            for own in taken:
                own.unlink()
            if isinstance(error, FileExistsError):
                raise self.exists(path) from None
            raise
        return {key: np.load(path, mmap_mode="r") for key, path in paths.items()}


def percent(letter):
    """Write a letter as in an address on the web: ``%2F`` for a slash."""
    return "".join(f"%{byte:02X}" for byte in letter.encode(errors="surrogatepass"))


def check_same_shape(key, one, other, axis=0):
    one, other = (shape[:axis] + shape[axis + 1 :] for shape in (one, other))
    if one != other:
        raise ValueError(
            f"{key} outputs shape {one} in one batch and {other} in another, "
            f"which cannot be joined. Give all inputs one shape."
        )
