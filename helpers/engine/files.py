"""Where the course and its data lie, which path is meant, and how a file is replaced.

Uses nothing but Python's standard library, and is read by old Pythons too: the launcher
needs it before anything is installed.
"""

import hashlib
import os
import re
import shutil
import tempfile
import unicodedata
from contextlib import contextmanager
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
COURSE = PACKAGE.parent
NOTEBOOKS = COURSE / "notebooks"
MY_LESSONS = COURSE / "my_lessons"  # copies to work in, beside the notebooks
# Installed with pip, the package has its data inside; there is no course then.
DATA = PACKAGE / "data" if (PACKAGE / "data").is_dir() else COURSE / "data"
ENVIRONMENT = COURSE / ".venv"
PYTHON = "py" if os.name == "nt" else "python3"  # what one types

WEIGHTS = {  # by optimizer: the file and its SHA-256
    "sgd": (
        "cifar10_cnn.weights.npz",
        "cb938ffe1ca2c3556826197cd1f68f79c30f2906b2244101ee5edeb6e730ee22",
    ),
    "adam": (
        "cifar10_cnn_adam.weights.npz",
        "0d1aca1ad27c83d4174d0b671b67ebdfe8d135d42aac58df96f4afdadaa40b31",
    ),
}
ARCHIVE = "cifar-10-batches-py-target_archive"  # Keras's name for CIFAR-10's archive
QUOTES = "\"'“”‘’ \t\r\n"  # around a path that was pasted
TEMPORARY = Path("/tmp" if os.path.isdir("/tmp") else tempfile.gettempdir())


def is_offline():
    """Tell whether ``LAYERS_OFFLINE`` forbids to use the network."""
    return os.environ.get("LAYERS_OFFLINE", "0") not in ("", "0")


def keras_folders():
    """The folders that may hold Keras's data sets; Keras itself uses the last."""
    given = "KERAS_HOME" in os.environ
    home = Path(os.path.expanduser(os.environ["KERAS_HOME"] if given else "~/.keras"))
    if str(home).startswith("~"):  # this user has no home; Keras does the same
        return [TEMPORARY / ".keras" / "datasets"]
    # Keras asks about KERAS_HOME, or about ~ and ~/.keras, whether it may write there
    needed = [home] if given else [home, home.parent]
    if not all(os.access(_nearest(path), os.W_OK) for path in needed):
        return [home / "datasets", TEMPORARY / ".keras" / "datasets"]
    return [home / "datasets"]


def _nearest(path):
    """The path itself if it exists, else the first folder above that does."""
    return next(filter(os.path.exists, (path, *path.parents)))


def trained_weights(optimizer="sgd"):
    """Return the bytes of a file of trained weights, once its checksum is right."""
    if optimizer not in WEIGHTS:
        raise ValueError(
            f"There are no weights trained with {optimizer!r}, only with "
            f"{' and '.join(map(repr, WEIGHTS))}."
        )
    name, digest = WEIGHTS[optimizer]
    path = DATA / name
    if not path.exists():
        raise FileNotFoundError(
            f"The trained weights are not at {path}. Get the course's folder as a whole, "
            "with its data folder."
        )
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError(
            f"{path} is not the file that the course ships: its SHA-256 is different. "
            f"Get it again with `git checkout data/{path.name}`."
        )
    return content


def as_path(source):
    """Return the path that is meant by what a person typed or pasted.

    If there is no file of that very name, the quotes that Windows' "Copy as path" puts
    around it go, an address that starts with ``file:`` becomes a path, and a name is found
    in the other Unicode form as well. What leads nowhere comes back as it was.
    """
    text = os.fsdecode(source)
    typed = Path(os.path.expanduser(text))
    if os.path.exists(typed):
        return typed
    bare = text.strip(QUOTES)
    address = re.match(r"file:(//(localhost)?(?=/))?(.+)", bare, re.I | re.S)
    if address:
        from urllib.request import url2pathname  # slow to import, seldom needed

        bare = url2pathname(address[3])
    for path in (bare, bare.replace("\\ ", " ")):  # a terminal writes spaces like that
        found = on_disk(Path(os.path.expanduser(path)))
        if os.path.exists(found):
            return found
    return typed


def on_disk(path):
    """Return a path in the Unicode forms of the disk, where 한 may be ㅎ, ㅏ and ㄴ."""
    found = Path(path.anchor)
    try:
        for part in path.relative_to(found).parts:
            if not os.path.lexists(found / part):
                names = {unicodedata.normalize("NFC", x): x for x in os.listdir(found)}
                part = names[unicodedata.normalize("NFC", part)]
            found /= part
    except (OSError, ValueError, KeyError):  # no such folder, or no such name in it
        return path
    return found


@contextmanager
def replaced(path):
    """Give a path to write a file or a folder at, which then takes the place of ``path``.

    It does so when the block under ``with`` is over. If that fails or is interrupted,
    nothing of it stays, and what was at ``path`` does.
    """
    path = Path(path)
    folder = tempfile.mkdtemp(prefix=f".{path.name}.", dir=str(path.parent))
    new, old = Path(folder, path.name), Path(folder, "old")
    try:
        yield new
        try:
            if path.is_dir():  # which cannot be replaced in one step
                path.rename(old)
            elif path.exists():
                shutil.copymode(path, new)
            os.replace(new, path)
        except BaseException:
            if old.exists() and not path.exists():
                old.rename(path)
            raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
