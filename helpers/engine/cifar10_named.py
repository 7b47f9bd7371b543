"""The file that LAYERS_CIFAR10 names: read, or told what it is and what to do about it.

Nothing that is refused here was unpickled.
"""

import difflib
import os
import re
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path

from .cifar10 import archives_in, is_verified, read_archive
from .cifar10_npz import read_npz
from .files import COURSE, QUOTES, as_path

TAKES = (
    "LAYERS_CIFAR10 takes CIFAR-10's archive, still packed, as it comes from "
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz, or an .npz of x_train, "
    "y_train, x_test and y_test."
)
MAKE = (
    "import keras, numpy as np; (a, b), (c, d) = keras.datasets.cifar10.load_data(); "
    'np.savez("cifar10.npz", x_train=a, y_train=b, x_test=c, y_test=d)'
)
PICKLES = (
    "the pickles in it could run code, and the checksum that vouches for them is that of "
    "the archive as published. Where Keras can load CIFAR-10, this line writes an .npz: "
    f"`{MAKE}`."
)
SAFARI = (
    'Safari unpacks what it downloads, unless "Open safe files after downloading" is '
    "turned off in its settings."
)

STARTS = {  # of files
    b"\x93NUMPY": "it is an .npy, of one array. np.savez writes four into an .npz.",
    **dict.fromkeys(
        (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"),
        f"it is a pickle, like CIFAR-10's batches: {PICKLES}",
    ),
    b"PAR1": "it is a Parquet file.",
    b"\x89HDF": "it is an HDF5 file.",
    b"MATLAB": "it is a MATLAB file.",
    b"7z\xbc\xaf": "it is a .7z. Unpack it, and name the file that was in it.",
    b"Rar!": "it is a .rar. Unpack it, and name the file that was in it.",
    b"version https://git-lfs": "it is a Git LFS pointer, which stands for the file. In "
    "the repository that it comes from, `git lfs pull` fetches the file itself.",
    b"<": "it is a web page, saved in place of the file. Download the file again.",
}
VERSIONS = {  # by words in the names of files
    "cifar-100": "is CIFAR-100, which has other pictures and a hundred classes",
    "batches-bin": "is CIFAR-10's binary version",
    "batch_1.bin": "is CIFAR-10's binary version",
    "batches-mat": "is CIFAR-10's MATLAB version",
    "batch_1.mat": "is CIFAR-10's MATLAB version",
}


# Where it is --------------------------------------------------------------------------


def named():
    """Return what LAYERS_CIFAR10 is set to; "" if to nothing but quotes and spaces."""
    value = os.environ.get("LAYERS_CIFAR10", "")
    return value if value.strip(QUOTES) else ""


def is_address(value):
    return re.match(r"https?:|[a-z][a-z0-9+.-]+://", value.strip(QUOTES), re.IGNORECASE)


def locate(value):
    """Return the path that is meant, also if nothing is there.

    Quotes around it are left out. A path that does not start from a root is looked for
    from the present folder and from the course's: lessons and commands run in two.
    """
    plain = Path(os.path.expanduser(value.strip(QUOTES)))
    for path in (value, COURSE / plain):
        if os.path.lexists(found := as_path(path)):
            return found
    return plain


def describe(value):
    """Say in a few words what is named, for the report."""
    if is_address(value):
        return f"the address {value.strip(QUOTES)}, which is not a file"
    path = locate(value)
    kind = "folder" if os.path.isdir(path) else "file"
    return f"the {kind} {path}" + ("" if os.path.exists(path) else ", which is missing")


def archive_in(folder):
    """Return the archive in a folder, or beside the files that were unpacked from it."""
    names = os.listdir(folder)
    unpacked = not {"data_batch_1", "cifar-10-batches-py"}.isdisjoint(names)
    here = archives_in(folder)
    beside = archives_in(folder.parent) if unpacked else []
    if found := next(filter(is_verified, here + beside), None):
        return found
    if unpacked:
        raise ValueError(f"it is the archive unpacked: {PICKLES}")
    arrays = [folder / name for name in sorted(names) if is_npz(name)]
    if arrays:
        raise ValueError(f"it is a folder. Write the path of the file: {arrays[0]}.")
    if here:
        raise ValueError(f"{here[0].name} in it cannot be used: {why_not(here[0])}")
    if version := version_of([folder.name, *names]):
        raise ValueError(f"it {version}.")
    raise ValueError("it is a folder, and the archive is not in it.")


def is_npz(name):
    return name.lower().endswith(".npz")


def where_not(path):
    """Say of a path that leads nowhere how far it leads, and what is there instead."""
    if path.is_symlink():
        return f"it is a link to {os.readlink(path)}, which is missing."
    said = f"it cannot be found from the folder {Path.cwd()}."
    if path.is_absolute():
        if not os.path.isdir(path.parent):
            return f"it cannot be found: there is no folder {path.parent}."
        said = f"it cannot be found: the folder {path.parent} has no such file."
    names = []
    with suppress(OSError):
        names = os.listdir(path.parent)
    close = difflib.get_close_matches(path.name, names, cutoff=0.75)
    return f"{said} Names like it there: {', '.join(close)}." if close else said


# What it is ---------------------------------------------------------------------------


def read_named(value, read_archive=read_archive):
    """Return the path and the arrays of the file that LAYERS_CIFAR10 names.

    A ValueError says what is there instead, and what to do about it.
    """
    if is_address(value):
        raise ValueError(
            f"LAYERS_CIFAR10 names the address {value.strip(QUOTES)}, but takes a path on "
            "this machine, such as /home/me/cifar10.npz. Download what is there, and name "
            "the path of that file; or install from a class kit, which brings CIFAR-10's "
            "archive along."
        )
    path = locate(value)
    try:
        file = archive_in(path) if os.path.isdir(path) else path
        return file, read(file, read_archive)
    except FileNotFoundError:
        reason = where_not(path)
    except OSError as error:
        reason = f"it cannot be read ({error.strerror})."
    except ValueError as error:
        reason = error
    raise ValueError(f"LAYERS_CIFAR10 names {path}, but {reason} {TAKES}") from None


def read(path, read_archive):
    """Return the arrays of a file; which kind it is, its bytes say and not its name."""
    path.stat()  # raises what a missing or a hidden file does
    if not path.is_file():
        raise ValueError("it is a device, not a file.")
    with open(path, "rb") as file:
        is_zip = file.read(2) == b"PK"
    if is_zip:
        check_zip(path)
        return read_npz(path)
    try:
        return read_archive(path)
    except ValueError:
        raise ValueError(why_not(path)) from None


def check_zip(path):
    """Raise a ValueError unless this .zip holds arrays, as an .npz does."""
    try:
        with zipfile.ZipFile(path) as file:
            names = file.namelist()
    except zipfile.BadZipFile:
        raise ValueError(
            "it is cut short or damaged. Copy or download it again."
        ) from None
    if any(name.endswith(".npy") for name in names):
        return
    for name in names:
        if name.endswith(".tar.gz") or is_npz(name):
            raise ValueError(
                f"it is a .zip. Unpack it, and name {name}, which is in it."
            )
    if version := version_of(names):
        raise ValueError(f"it {version}, as a .zip.")
    if "batches-py" in " ".join(names):
        raise ValueError(f"it is a .zip. In it is CIFAR-10, but {PICKLES}")
    raise ValueError("it is a .zip, and CIFAR-10 is not in it.")


def version_of(names):
    text = " ".join(names).lower()
    return next((what for words, what in VERSIONS.items() if words in text), None)


def why_not(path):
    """Say what a file is that is neither the archive nor an .npz: whole sentences."""
    with open(path, "rb") as file:
        start = file.read(1 << 10).lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        return "it is empty. Copy or download it again."
    if packed := why_no_archive(path, start):
        return packed
    for first, what in STARTS.items():
        if start.startswith(first):
            return what
    if version := version_of([path.name]):
        return f"it {version}."
    return "it is not an .npz, and its SHA-256 is not that of CIFAR-10's archive."


def why_no_archive(path, start):
    """Say what a .tar, packed or not, or another .gz is; "" if it is none."""
    names, broken = [], ""
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                names.append(member.name)
            while archive.fileobj.read(1 << 20):  # at the end is a checksum
                pass
    except Exception as error:  # each kind of packing breaks in its own ways
        ends = isinstance(error, EOFError) or "unexpected end" in str(error)
        broken = "breaks off" if ends else "is damaged"
    if not names:
        return (
            "it is a .gz in which no archive can be read."
            if start.startswith(b"\x1f\x8b")
            else ""
        )
    if version := version_of(names):
        return f"it {version}."
    if broken:
        return f"it {broken}. Copy or download it again."
    if "batches-py" in " ".join(names):
        plain = b"ustar" in start
        how = f"it is no longer a .gz. {SAFARI}" if plain else "it was packed again."
        return f"{how} In it is CIFAR-10, but {PICKLES}"
    return "it is an archive, and CIFAR-10 is not in it."
