"""``prepare``: a folder with all that a class needs, made whole or not at all."""

import html
import os
import re
import shutil
import string
from pathlib import Path

import nbformat

from ..engine.cifar10 import archives_in, is_verified
from ..engine.cifar10_named import locate, named
from ..engine.files import COURSE, NOTEBOOKS, PYTHON, keras_folders, replaced
from . import editions, fetching
from .agenda import PLANS, agenda
from .machine import ARCHIVE, quoted, this_python
from .server import PAGE as WITH_SOLUTIONS
from .slides import REVEAL, STYLE, deck, reveal

MACS = "macOS on Apple's own processors"
NAMES = {"linux": "Linux", "macos": MACS, "windows": "Windows"}
PAGE = Path(__file__).with_name("page.html")
CHECK = re.compile(r"^check\(.*, answer\)$|^# @title Solution", re.MULTILINE)
SOLUTIONS = {  # what each page says of them
    "index.html": "Your instructor hands the solutions out later.",
    WITH_SOLUTIONS: '<a href="course-with-solutions.zip">'
    "course-with-solutions.zip</a> has a solution under each exercise.",
}
STUB = re.compile(r"^answer = \.\.\.$", re.MULTILINE)


def prepare(
    folder,
    wheels=(),
    python=None,
    slides=True,
    replace=False,
    cache=None,
    plan="half-a-day",
    start="0:00",
):
    """Make a kit: the course with and without solutions, slides, packages, CIFAR-10.

    The folder gets its name when it is complete. Of CIFAR-10, the archive is copied that
    is on this machine; but for packages, nothing is downloaded. The notebooks without
    solutions hold no answer. The modules of `helpers.exercises` beside them compute the
    answers that they compare with, so whoever reads their source can find one.

    Arguments are those of ``python3 -m helpers.classroom prepare``. An OSError or a
    ValueError says in one sentence why there is no kit; nothing has changed then.
    """
    folder = Path(os.path.expanduser(folder)).absolute()
    check_place(folder, replace)
    cache = fetching.cache_folder(cache)
    python = python or this_python()
    wheels = list(dict.fromkeys(wheels))  # each once
    if wheels:
        fetching.check_python(python)
    try:
        with replaced(folder) as kit:
            kit.mkdir()
            lessons = read_lessons()
            copy_course(kit / "course", lessons, solutions=False)
            copy_course(kit / "course-with-solutions", lessons, solutions=True)
            print(f"course: {len(lessons)} lessons, with solutions and without")
            titles = {name: title(lesson) for name, lesson in lessons.items()}
            day = agenda(plan, titles, start)
            if slides:
                make_slides(kit / "slides", lessons)
                print(f"slides: {len(lessons)} decks")
            for system in wheels:
                packages = fetching.wheels(system, python, cache)
                shutil.copytree(packages, kit / "wheels" / f"{system}-{python}")
                print(f"wheels: for {system} and Python {python}")
            if archive := cifar10_archive():
                shutil.copy(archive, kit / ARCHIVE)
            missing = "not on this machine; fetch_cifar10 of helpers.datasets gets it"
            print(f"CIFAR-10: {'its archive' if archive else missing}")
            systems = [NAMES[system] for system in wheels]
            print(f"agenda: {PLANS[plan]}, from {start}")
            for name, words in SOLUTIONS.items():
                page = make_page(lessons, slides, systems, python, day, words, start)
                (kit / name).write_text(page, encoding="utf-8")
    except OSError as error:
        raise editions.in_words(error, folder, "kit") from None
    print(f"The kit is {folder}. Look at it: {folder / 'index.html'}")
    print(f"To serve it: {PYTHON} -m helpers.classroom serve {quoted(folder)}")


def check_place(folder, replace):
    """Refuse a folder that a kit must not be put at."""
    editions.check_place(folder, "kit")
    if not os.path.lexists(folder):
        return
    if not all((folder / name).is_file() for name in ("index.html", "course.zip")):
        advice = "and is not a kit. Name a folder that does not exist."
        raise OSError(f"{folder} exists {advice}")
    if not replace:
        raise OSError(f"{folder} exists. Name another folder, or write --replace.")


def read_lessons():
    """Return {file name: notebook} of all lessons, in their order."""
    paths = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    lessons = {path.name: nbformat.read(path, as_version=4) for path in paths}
    if not any(cell.get("outputs") for one in lessons.values() for cell in one.cells):
        raise ValueError(
            "The lessons here hold no outputs, as learners get them. Make the kit in a "
            "copy of the branch main."
        )
    return lessons


def copy_course(target, lessons, solutions):
    """Copy the course as learners need it, and pack it into an archive beside it."""
    texts = editions.pages(COURSE, guide=solutions)
    for name, lesson in lessons.items():
        kept = lesson if solutions else for_learners(lesson, name)
        texts[name] = nbformat.writes(kept) + "\n"
    editions.copy_course(target, texts)
    shutil.make_archive(str(target), "zip", target.parent, target.name)


def for_learners(lesson, name="the lesson"):
    """Return a copy of a lesson without output and solutions; refuse one without a tag."""
    without = editions.working_edition(editions.without_solutions(lesson))
    for cell in without.cells:
        if CHECK.search(cell.source) and not STUB.search(cell.source):
            raise ValueError(
                f"{name} has a cell that gives an answer and has no tag `solution`, "
                f"so it would reach the learners: {cell.source.splitlines()[0]}"
            )
    return without


def make_slides(target, lessons):
    """Write a deck for each lesson, and the scripts that they share."""
    theme = target / "scripts" / "dist" / "theme"
    theme.mkdir(parents=True)
    shutil.copy(STYLE, theme / "course.css")
    for name in REVEAL:
        shutil.copy(reveal() / name, target / "scripts" / name)
    for name, lesson in lessons.items():
        page = deck(editions.without_solutions(lesson), title(lesson))
        (target / name).with_suffix(".html").write_text(page, encoding="utf-8")


def cifar10_archive():
    """Return the path of CIFAR-10's archive on this machine, or None."""
    places = [one for folder in keras_folders() for one in archives_in(folder)]
    if named():
        path = locate(named())
        places = [path, *archives_in(path), *places]
    return next(filter(is_verified, places), None)


def title(lesson):
    return lesson.cells[0].source.splitlines()[0].lstrip("# ")


def minutes(lesson):
    return re.search(r"^\*\*Takes\*\* (\w+)", lesson.cells[0].source, re.MULTILINE)[1]


def make_page(lessons, slides, systems, python, day, solutions, start):
    """Return the page that says what to click, with or without a link to the solutions."""
    rows = []
    for name, lesson in lessons.items():
        page = Path(name).with_suffix(".html")
        link = f'<a href="slides/{page}">slides</a>' if slides else ""
        cells = html.escape(title(lesson)), minutes(lesson), link
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    lab = '<code class="line">python3 -m helpers lab</code>'
    missing = f"they come from the internet, since this kit has none: type {lab}"
    missing += "It installs them and opens lesson 00."
    if systems:
        missing = (
            'type <code class="line">python3 -m helpers.classroom install '
            '<span id="kit">KIT</span></code>This kit has packages for: '
            f"{', '.join(systems)}, each with Python {python}. Any other computer needs "
            f"the internet: {lab}"
        )
    template = string.Template(PAGE.read_text(encoding="utf-8"))
    return template.substitute(
        rows="\n".join(rows),
        missing=missing,
        when="after" if start == "0:00" else "at",
        agenda=day,
        solutions=solutions,
    )
