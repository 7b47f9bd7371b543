"""``progress()``: which exercises are done, kept in one small file on this machine.

The file holds names of exercises and days, nothing else, and is never sent anywhere.
It cannot be called ``helpers/progress.py``: Python would put that module in the place
of the function ``helpers.progress``.
"""

import contextlib
import json
import os
import re
import sys
import time
from datetime import date
from pathlib import Path

from ..engine.files import NOTEBOOKS
from ..engine.tables import table

FOLDERS = {  # where programs keep what belongs to a user
    "win32": ("LOCALAPPDATA", "~/AppData/Local"),
    "darwin": ("", "~/Library/Application Support"),
}
# Until version 1 an exercise was known by its number; this is the order of that time.
# Where today's exercise asks for something else, the former one has a name of its own.
FORMER_ORDER = """
start_here hidden_outputs
dense_by_hand second_row two_inputs three_probabilities whole_network last_step
seeds_and_initializers limits first_weight equal_kernels order_of_sums
convolution_by_hand turned_edge two_filters average_pooling sizes receptive_field \
largest_share
cifar10_feature_maps count one_channel dead_maps brightness edge_channel
every_layer_at_once largest_values come_to_life share_of_zeros largest_mean way_back
what_training_changes steps loss one_step moved_most come_to_life
using_layer_outputs cosine probe_weights accuracy heat_map
when_extraction_fails two_faults name_of_the_last channels_first nested older_reader
"""
FORMER = {
    f"{lesson}.{place}": f"{topic}.{name}"
    for lesson, line in enumerate(FORMER_ORDER.split("\n")[1:-1])
    for topic, *names in [line.split()]
    for place, name in enumerate(names, start=1)
}
# What a lesson has asked before it moved to another one, with the same answer.
MOVED = {"using_layer_outputs.heat_map": "what_the_network_uses.heat_map"}
PATIENCE = 1.0  # seconds to wait for another kernel that is writing
STALE = 10  # seconds after which a new file was left behind by a kernel that died
# Windows lets nobody replace a file while it is read.
BUSY = (FileExistsError, PermissionError) if os.name == "nt" else FileExistsError


def progress():
    """Print a table of the lessons with the exercises that are done.

    Example:
        >>> progress()
        00 · Start here ... exercises are done...
    """
    file = progress_file()
    known = read(file) if file else {}
    found = lessons()
    listed = [name for _, names in found for name in names.values()]
    others = sorted(set(known) - set(listed))
    if others:
        found.append(("Other exercises", {name: name for name in others}))
    rows = []
    for title, names in found:
        marks = [f"[{' x'[name in known]}] {shown}" for shown, name in names.items()]
        rows.append((title, "  ".join(marks)))
    for line in table(rows):
        print(line)
    print(f"{len(known.keys() & listed)} of {len(listed)} exercises are done.")
    if file is None:
        off = "LAYERS_PROGRESS" in os.environ
        why = "LAYERS_PROGRESS is off" if off else "this user has no home"
        print(f"Nothing is recorded, because {why}.")


def done(name):
    """Take down that an exercise was solved.

    Never raises: where nothing can be written, nothing is taken down.

    Arguments:
        name: lesson and topic, such as ``"dense_by_hand.softmax"``.
    """
    with contextlib.suppress(Exception):  # a lesson goes on, whatever a disk does
        file = progress_file()
        if file and name not in read(file):
            add(file, name)


def progress_file():
    """Return the path of the file; None if ``LAYERS_PROGRESS`` is ``off``, or no home."""
    named = os.environ.get("LAYERS_PROGRESS")
    if named:
        return None if named == "off" else Path(os.path.expanduser(named))
    variable, usual = FOLDERS.get(sys.platform, ("XDG_DATA_HOME", "~/.local/share"))
    folder = os.environ.get(variable) or os.path.expanduser(usual)
    if folder.startswith("~"):
        return None
    return Path(folder) / "inside-the-layers" / "progress.json"


def read(file):
    """Return ``{name: day}``; nothing where the file is missing or damaged."""
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    known = known if isinstance(known, dict) else {}
    known = {FORMER.get(name, name): day for name, day in known.items()}
    return {MOVED.get(name, name): day for name, day in known.items()}


def add(file, name):
    """Write the file with one name more, after any other kernel that is writing it."""
    file = Path(os.path.realpath(file))  # a link to it stays one
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(file.name + ".new")
    last = time.monotonic() + PATIENCE
    while True:
        try:
            return replace(file, new, name)
        except BUSY:
            if time.monotonic() > last:
                raise
        with contextlib.suppress(FileNotFoundError):
            if time.time() - new.lstat().st_mtime > STALE:
                new.unlink()
        time.sleep(0.005)


def replace(file, new, name):
    """Write a complete new file and put it in the place of the old one.

    Only one kernel can make the new file, and the old one is read after that: what
    another kernel takes down meanwhile is not lost.
    """
    writer = open(new, "x", encoding="utf-8")
    try:
        with writer:
            json.dump({**read(file), name: str(date.today())}, writer, indent=1)
        os.replace(new, file)
    except BaseException:
        new.unlink()
        raise


def lessons():
    """Return each lesson's title and ``{"1.2": name}`` of its exercises, from its cells."""
    found = []
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            text = "\n".join("".join(cell["source"]) for cell in cells)
            title, number = text.splitlines()[0].lstrip("# "), int(path.name[:2])
            checks = re.findall(r'^check\("([\w.]+)", ', text, re.MULTILINE)
            names = dict.fromkeys(checks)
            numbered = {f"{number}.{i}": name for i, name in enumerate(names, start=1)}
            found.append((title, numbered))
    return found
