"""The lessons to work in, made from those to read, and the folders that they are put into.

``notebooks`` holds the reading edition, with stored outputs. Whoever takes the course gets
the working edition: nothing was run, solutions are folded. `hand_out` keeps copies of it in
``my_lessons``. Uses nothing but Python's standard library, since ``lab`` comes before the
packages.
"""

import copy
import errno
import hashlib
import json
import os
import re
import shutil
from pathlib import Path

from ..engine.files import COURSE, MY_LESSONS, PYTHON, replaced

MINE = MY_LESSONS.name  # beside notebooks, so that `folder = ".."` fits both
HANDED_OUT = ".handed_out.json"  # in it: what each copy was when it was written
LESSONS = "[0-9][0-9]_*.ipynb"
COPIED = "helpers", "data"
FILES = "pyproject.toml environment.yml README.md LICENSE".split()
LINK = re.compile(  # code comes first: what looks like a link in it is none
    r"(?P<code>`+).*?(?P=code)|(?<!!)\[(?P<words>[^\]]+)\]\((?P<link>[^)\s]+)\)",
    re.DOTALL,
)


def working_edition(notebook):
    """Return a copy of a lesson to work in: no output, no numbers of runs, no widgets.

    Solutions are folded. ``notebook`` is nbformat's or what `json` reads from its file;
    the copy is of the same kind.
    """
    working = copy.deepcopy(notebook)
    working["metadata"].pop("widgets", None)
    for cell in working["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        if is_solution(cell):
            look = cell["metadata"].get("jupyter", {})
            cell["metadata"]["jupyter"] = {**look, "source_hidden": True}
    return working


def without_solutions(notebook):
    """Return a copy of a lesson without solutions, with its outputs."""
    without = copy.deepcopy(notebook)
    without["cells"] = [cell for cell in without["cells"] if not is_solution(cell)]
    return without


def is_solution(cell):
    return "solution" in cell["metadata"].get("tags", [])


def working_texts(course):
    """Return {file name: text} of what a learner works with: lessons and pages."""
    texts = pages(course)
    for path in sorted((course / "notebooks").glob(LESSONS)):
        working = working_edition(json.loads(path.read_text("utf-8")))
        texts[path.name] = json.dumps(working, ensure_ascii=False, indent=1) + "\n"
    return texts


def pages(course, guide=False):
    """Return {file name: text} of the pages beside the lessons, the guide if told."""
    found = sorted((course / "notebooks").glob("*.md"))
    shown = [path for path in found if guide or "instructor" not in path.name]
    return {path.name: path.read_text("utf-8") for path in shown}


# --- my_lessons: copies that are a learner's own --------------------------------------


def hand_out(course=COURSE):
    """Bring ``my_lessons`` up to date, and keep everything that a learner wrote there.

    A copy that is not there is written. One that a learner wrote in stays; if the release
    has changed that lesson, the new one is put beside it. All others follow the release. To
    write in a copy is to change the source of a cell: outputs and empty cells do not count.

    Returns:
        List of sentences, each about a copy that was kept and how to get the new one.

    Raises:
        OSError: the folder cannot be written; the message says why. What is there stays.
    """
    folder = course / MINE
    if os.path.lexists(str(folder)) and not folder.is_dir():
        raise OSError(f"{folder} is not a folder. Rename it and start again.")
    try:
        folder.mkdir(exist_ok=True)
        return bring_up_to_date(folder, working_texts(course))
    except OSError as error:
        raise OSError(
            f"{folder} cannot be written ({error.strerror}). Free some room, or copy the "
            "course to a disk of your own."
        ) from None


def bring_up_to_date(folder, texts):
    """Write texts, {file name: text}, where no learner wrote; return what to say."""
    handed = read_handed(folder)
    before = json.dumps(handed)
    known = {one for digests in handed.values() for one in digests}
    said = []
    for name, text in texts.items():
        new, mine = digest(text), folder / name
        beside = mine.with_suffix(f".new{mine.suffix}")
        path = mine
        if found(mine) not in (None, new, *known):
            if new in known:  # the release has not changed it since
                continue
            path, kept = beside, f"{MINE}/{name} has your changes and is kept."
            if found(beside) in (None, new, *known):
                said.append(f"{kept} The new one is {MINE}/{beside.name}.")
            else:
                said.append(f"{kept} So is {beside.name}: rename one to get the new.")
                continue
        if found(path) != new:
            with replaced(path) as file:
                file.write_bytes(text.encode("utf-8"))
        handed[path.name] = sorted({*handed.get(path.name, []), new})
    for name in set(handed) - set(texts) if texts else ():  # of an earlier release
        if ".new." not in name and found(folder / name) in handed[name]:
            (folder / name).unlink(missing_ok=True)
    if json.dumps(handed) != before:
        with replaced(folder / HANDED_OUT) as file:
            file.write_text(json.dumps(handed, indent=1), encoding="utf-8")
    return said


def read_handed(folder):
    """Return {file name: digests of all that was written under it}."""
    try:
        handed = json.loads((folder / HANDED_OUT).read_text("utf-8"))
        return {str(name): list(map(str, found)) for name, found in handed.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}  # then whatever differs is taken for a learner's


def found(path):
    """Return the digest of the file at a path; None if nothing is there."""
    if not os.path.lexists(str(path)):
        return None
    try:
        return digest(path.read_text("utf-8"))
    except (OSError, ValueError):
        return "nothing that was handed out"


def digest(text):
    """Return a short text that changes with what is written in a notebook or page."""
    try:
        cells = json.loads(text)["cells"]
        sources = [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
        text = json.dumps([one for one in sources if one[1].strip()])
    except (ValueError, KeyError, TypeError):
        pass  # no notebook
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


# --- the course in another folder -----------------------------------------------------


def write_lessons(folder):
    """Write the course to work in, without its tests, into a new folder; say what is next.

    An OSError says in one sentence why there is none; nothing has changed then.
    """
    folder = Path(os.path.expanduser(folder)).absolute()
    check_place(folder, "lessons")
    if os.path.lexists(str(folder)) and not (
        folder.is_dir() and not os.listdir(folder)
    ):
        raise OSError(f"{folder} exists. Name a folder that does not, or an empty one.")
    try:
        with replaced(folder) as new:
            copy_course(new, working_texts(COURSE))
    except OSError as error:
        raise in_words(error, folder, "lessons") from None
    print(f"The lessons are in {folder}. Type there: {PYTHON} -m helpers lab")


def copy_course(target, texts, course=COURSE):
    """Copy what the lessons need to run, and put texts, {file name: text}, beside it."""
    ignore = shutil.ignore_patterns("__pycache__", ".*")
    for name in COPIED:
        shutil.copytree(str(course / name), str(target / name), ignore=ignore)
    for name in FILES:
        shutil.copy(str(course / name), str(target))
    (target / "notebooks").mkdir()
    for name, text in texts.items():
        (target / "notebooks" / name).write_bytes(text.encode("utf-8"))
    for path in target.rglob("*.md"):
        text = without_dead_links(path.read_text("utf-8"), path.parent)
        path.write_bytes(text.encode("utf-8"))


def without_dead_links(text, folder):
    """Of links to files that are not there, keep the words and drop the link."""

    def kept(match):
        words, link = match["words"], match["link"] or ""
        path = link.partition("#")[0]
        dead = path and ":" not in path and not (folder / path).exists()
        return words if dead else match[0]

    return LINK.sub(kept, text)


def check_place(folder, what):
    """Refuse a folder that is in none, or in one that would be copied into it."""
    if not folder.parent.is_dir():
        raise OSError(f"There is no folder {folder.parent} for the {what}.")
    for name in COPIED:
        if (COURSE / name).resolve() in folder.resolve().parents:
            raise OSError(
                f"{folder} would be copied into itself: it is in the course's folder "
                f"{name}. Name another place."
            )


def in_words(error, folder, what):
    """Return an error that says in one sentence why a folder could not be written."""
    target, reason = folder, ""
    if isinstance(error, shutil.Error):  # a list of what could not be copied
        _, target, reason = error.args[0][0]
    if error.errno == errno.ENOSPC or os.strerror(errno.ENOSPC) in reason:
        return OSError(
            f"There is no room for the {what} on the disk of {folder.parent}. Name a "
            "folder on another disk, or free some room."
        )
    if reason:
        reason = re.sub(r"^\[\w+ \d+\] |: '.*", "", reason)
        return OSError(f"{target} cannot be written ({reason}).")
    return error
