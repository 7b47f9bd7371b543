"""A kit: no solution reaches a learner, whole or not there, fetched once."""

import errno
import importlib.util
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from lesson_files import LESSONS

from helpers.classroom import editions, fetching, slides
from helpers.classroom import kit as kits
from helpers.classroom.__main__ import arguments, main
from helpers.classroom.agenda import GUIDE, PLANS, agenda
from helpers.engine.files import COURSE, NOTEBOOKS


def lesson_of(path):
    return nbformat.read(path, as_version=4)


def is_solution(cell):
    """Whether a cell gives an answer to an exercise; its tags do not matter."""
    given = r"^check\(.*, answer\)$|^# @title Solution"
    found = re.search(given, cell.source, re.MULTILINE)
    return bool(found) and "answer = ..." not in cell.source


def solution_lines(lesson):
    """Return the lines of code that stand in solutions and nowhere else."""
    given = "\n".join(c.source for c in lesson.cells if not is_solution(c))
    solutions = [c.source for c in lesson.cells if is_solution(c)]
    lines = {line.strip() for source in solutions for line in source.splitlines()}
    return {line for line in lines if line not in given}


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_learners_notebooks_hold_no_solution(kit, path):
    original = lesson_of(path)
    handed_out = (kit / "course" / "notebooks" / path.name).read_text(encoding="utf-8")
    cells = nbformat.reads(handed_out, as_version=4).cells
    text = "\n".join(cell.source for cell in cells)
    assert [line for line in solution_lines(original) if line in text] == []
    assert [cell.source for cell in cells if is_solution(cell)] == []
    assert "Right. " not in handed_out
    assert not any(cell.get("outputs") for cell in cells)
    kept = [cell.source for cell in original.cells if not is_solution(cell)]
    assert [cell.source for cell in cells] == kept


def test_the_lessons_have_solutions_that_could_be_left_in():
    found = [line for path in LESSONS for line in solution_lines(lesson_of(path))]
    assert len(found) > 50


def test_archive_holds_what_the_folder_holds(kit):
    for name in ("course", "course-with-solutions"):
        with zipfile.ZipFile(kit / f"{name}.zip") as archive:
            files = {one for one in archive.namelist() if not one.endswith("/")}
            found = (kit / name).rglob("*")
            assert files == {
                path.relative_to(kit).as_posix() for path in found if path.is_file()
            }
            for path in files:
                assert archive.read(path) == (kit / path).read_bytes()


def test_course_with_solutions_is_the_course(kit):
    for path in LESSONS:
        copy = lesson_of(kit / "course-with-solutions" / "notebooks" / path.name)
        assert copy == lesson_of(path)


def test_instructors_words_are_not_handed_out(kit):
    assert not list((kit / "course").rglob("*instructor*"))


@pytest.mark.parametrize("name", ["course", "course-with-solutions"])
def test_every_link_inside_a_copy_leads_to_a_file(kit, name):
    texts = []
    for path in (kit / name).rglob("*.md"):
        texts.append((path, path.read_text(encoding="utf-8")))
    for path in (kit / name).rglob("*.ipynb"):
        cells = [c.source for c in lesson_of(path).cells if c.cell_type == "markdown"]
        texts.append((path, "\n\n".join(cells)))
    found = 0
    for path, text in texts:
        text = re.sub(r"(`+).*?\1", "", text, flags=re.DOTALL)
        links = re.findall(r"\]\((?![a-z]+:|#)([^)#\s]+)", text)
        assert [link for link in links if not (path.parent / link).exists()] == []
        found += len(links)
    assert found > 100


@pytest.mark.parametrize(
    "text, expected",
    [
        ("[a guide](gone.md#part), read", "a guide, read"),
        ("[`code`](gone.md)", "`code`"),
        ("[a page](here.md#part)", "[a page](here.md#part)"),
        ("[a page](https://example.org)", "[a page](https://example.org)"),
        ("[a part](#part)", "[a part](#part)"),
        ("![a picture](gone.png)", "![a picture](gone.png)"),
        ("`outputs[0](x)`", "`outputs[0](x)`"),
        ("```\noutputs[0](x)\n```", "```\noutputs[0](x)\n```"),
    ],
)
def test_of_dead_links_the_words_stay(tmp_path, text, expected):
    (tmp_path / "here.md").touch()
    assert editions.without_dead_links(text, tmp_path) == expected


def test_solution_without_its_tag_is_refused(place, monkeypatch, capsys):
    lesson = lesson_of(LESSONS[0])
    for cell in lesson.cells:
        if is_solution(cell):
            cell.metadata["tags"] = []
    monkeypatch.setattr(kits, "read_lessons", lambda: {"00_open.ipynb": lesson})
    assert main(["prepare", str(place / "kit"), "--no-slides"]) == 1
    said = capsys.readouterr().out
    assert "00_open.ipynb has a cell that gives an answer and has no tag" in said
    assert os.listdir(place) == []


# --- where the kit goes


def test_a_kit_is_not_made_of_what_learners_get(place, kit, monkeypatch, capsys):
    """A release has no outputs, which the solutions and the slides need."""
    monkeypatch.setattr(kits, "NOTEBOOKS", kit / "course" / "notebooks")
    assert main(["prepare", str(place / "kit")]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "hold no outputs, as learners get them. Make the kit in a copy of" in said
    assert os.listdir(place) == []


def test_kit_that_exists_is_replaced_only_when_told(place, kit, capsys):
    folder = place / "kit"
    folder.mkdir()
    (folder / "notes.txt").write_text("a learner's")
    for words in ([], ["--replace"]):
        assert main(["prepare", str(folder), "--no-slides", *words]) == 1
        assert "exists and is not a kit" in capsys.readouterr().out
    assert os.listdir(folder) == ["notes.txt"]
    for name in ("index.html", "course.zip"):
        (folder / name).touch()
    assert main(["prepare", str(folder), "--no-slides"]) == 1
    assert "write --replace" in capsys.readouterr().out
    assert len(os.listdir(folder)) == 3
    assert main(["prepare", str(folder), "--no-slides", "--replace"]) == 0
    assert sorted(os.listdir(folder)) == sorted(os.listdir(kit))
    assert os.listdir(place) == ["kit"]


def test_folder_of_the_kits_folder_has_to_be_there(place, capsys):
    assert main(["prepare", str(place / "no" / "kit"), "--no-slides"]) == 1
    assert "There is no folder" in capsys.readouterr().out
    assert os.listdir(place) == []


@pytest.mark.parametrize("name", ["helpers", "data"])
def test_kit_is_not_copied_into_itself(name, capsys):
    folder = COURSE / name / "kit"
    assert main(["prepare", str(folder), "--no-slides"]) == 1
    assert f"it is in the course's folder {name}" in capsys.readouterr().out
    assert not folder.exists()


def test_what_is_to_be_typed_is_quoted(tmp_path, capsys):
    place = tmp_path / "my class 수업"
    place.mkdir()
    assert main(["prepare", str(place / "kit"), "--no-slides"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.endswith(f'serve "{place / "kit"}"')
    assert (place / "kit" / "index.html").exists()


@pytest.mark.parametrize("name", ["write_bytes", "make_archive", "copytree"])
def test_full_disk_is_said_and_nothing_stays(place, monkeypatch, capsys, name):
    def write(*words, **options):
        error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if name == "copytree":  # which tells of all files at once
            raise kits.shutil.Error([("from", "to", str(error))])
        raise error

    monkeypatch.setattr(Path if name == "write_bytes" else kits.shutil, name, write)
    assert main(["prepare", str(place / "kit"), "--no-slides"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said == [
        f"There is no room for the kit on the disk of {place}. Name a folder on another "
        "disk, or free some room."
    ]
    assert os.listdir(place) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows limits no file's size")
def test_disk_that_takes_no_more_while_folders_are_copied(place):
    """shutil collects such errors in a list; an instructor shall read one sentence."""
    code = (
        "import resource, sys; from helpers.classroom.__main__ import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        f"sys.exit(main(['prepare', {str(place / 'kit')!r}, '--no-slides']))"
    )
    command = [sys.executable, "-B", "-c", code]
    done = subprocess.run(command, cwd=COURSE, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    said = done.stdout.splitlines()
    assert len(said) == 1
    assert re.fullmatch(r"\S+ cannot be written \(File too large\)\.", said[0])
    assert os.listdir(place) == []


def test_interrupted_kit_leaves_nothing(place, monkeypatch, capsys):
    def make_archive(*words):
        raise KeyboardInterrupt

    monkeypatch.setattr(kits.shutil, "make_archive", make_archive)
    assert main(["prepare", str(place / "kit"), "--no-slides"]) == 130
    assert os.listdir(place) == []


# --- what is fetched


def test_slides_come_from_the_environment_without_a_network(place, tmp_path):
    code = (  # whatever opens a connection fails
        "import socket, sys; socket.socket.connect = None\n"
        "from helpers.classroom.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    words = ["prepare", str(place / "kit"), "--cache", str(tmp_path / "none")]
    subprocess.run([sys.executable, "-c", code, *words], cwd=COURSE, check=True)
    made = place / "kit" / "slides"
    assert sorted(path.stem for path in made.glob("*.html")) == [
        path.stem for path in LESSONS
    ]
    script = (made / "scripts" / "dist" / "reveal.js").read_text(encoding="utf-8")
    assert "reveal.js" in script[:100]
    assert "MIT" in script[:100]
    assert "Copyright" in (made / "scripts" / "LICENSE").read_text(encoding="utf-8")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("package", ["sphinx_revealjs", "latex2mathml"])
def test_without_their_packages_there_are_no_slides(
    place, monkeypatch, package, capsys
):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        slides.importlib.util,
        "find_spec",
        lambda name: None if name == package else find(name),
    )
    name = package.replace("_", "-")
    start = f"The slides need {name}, which this Python does not have. "
    with pytest.raises(OSError, match=f"{start}.*pip install {name}.*--no-slides"):
        kits.prepare(place / "kit")
    assert os.listdir(place) == []
    assert main(["prepare", str(place / "kit"), "--no-slides"]) == 0


def test_packages_come_from_the_cache(place, cache, wheel_folder):
    folder = wheel_folder()
    words = ["--wheels", "linux", "--python", "3.12", "--no-slides"]
    assert main(["prepare", str(place / "kit"), "--cache", str(cache), *words]) == 0
    copied = place / "kit" / "wheels" / "linux-3.12"
    assert sorted(os.listdir(copied)) == sorted(os.listdir(folder))
    page = (place / "kit" / "index.html").read_text(encoding="utf-8")
    assert "packages for: Linux, each with Python 3.12." in page


def test_cache_has_to_be_a_folder(place, cache, capsys):
    cache.write_text("a file")
    assert main(["prepare", str(place / "kit"), "--cache", str(cache)]) == 1
    assert capsys.readouterr().out == (
        f"{cache} is not a folder. Name another one with --cache.\n"
    )


@pytest.mark.parametrize(
    "words, said",
    [
        (
            ["--wheels", "linux", "--python", "3.9"],
            "does not run on Python 3.9. Name one",
        ),
        (["--wheels", "linux", "--python", "3.12"], "LAYERS_OFFLINE forbids it"),
    ],
)
def test_packages_that_cannot_be_had(place, cache, words, said, capsys):
    words = [
        "prepare",
        str(place / "kit"),
        "--cache",
        str(cache),
        "--no-slides",
        *words,
    ]
    assert main(words) == 1
    assert said in capsys.readouterr().out.splitlines()[-1]
    assert os.listdir(place) == []
    assert not cache.exists() or os.listdir(cache) == []


def test_the_last_words_of_a_failed_command_are_the_reason(monkeypatch):
    monkeypatch.setenv("LAYERS_OFFLINE", "0")
    code = "import sys; sys.exit('Trying.\\n  Caused by: The disk is full.\\n')"
    with pytest.raises(fetching.CannotFetch, match="^The disk is full$"):
        fetching.run([sys.executable, "-c", code])


def test_uv_asks_the_mirror_and_trusts_the_certificates_that_pip_does(monkeypatch):
    """No network is needed: who is asked is in the variables that uv is given."""
    monkeypatch.setenv("LAYERS_OFFLINE", "0")
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example.org/simple")
    code = "import os, sys; e = os.environ; sys.exit(e['UV_DEFAULT_INDEX'] + {})"
    monkeypatch.setattr(fetching, "find_uv", lambda: sys.executable)
    said = "^https://mirror.example.org/simple1$"
    with pytest.raises(fetching.CannotFetch, match=said):
        fetching.run_uv("-c", code.format("e['UV_SYSTEM_CERTS']"))


def test_words_in_other_letters_than_the_consoles_are_read(monkeypatch):
    """uv writes UTF-8 also on a console of Korean Windows, pip what the system writes."""
    monkeypatch.setenv("LAYERS_OFFLINE", "0")
    code = "import sys; sys.stderr.buffer.write({!r}); sys.exit(1)"
    for said, expected in (
        ("× error: 没有 é".encode(), "没有 é"),
        ("한글: full".encode("euc_kr"), "\ufffd: full$"),
    ):
        with pytest.raises(fetching.CannotFetch, match=expected):
            fetching.run([sys.executable, "-c", code.format(said)])


def test_archive_of_cifar10_is_found_by_its_checksum(tmp_path, monkeypatch):
    archive = tmp_path / "archive"
    archive.write_text("another file")
    monkeypatch.setenv("LAYERS_CIFAR10", str(archive))
    assert kits.cifar10_archive() is None
    right = {archive}
    monkeypatch.setattr(kits, "is_verified", lambda path: path in right)
    assert kits.cifar10_archive() == archive
    monkeypatch.setenv("LAYERS_CIFAR10", f'"{archive}"')  # as Windows copies a path
    assert kits.cifar10_archive() == archive
    named = archive.rename(archive.with_name("cifar-10-batches-py.tar.gz"))
    right.add(named)
    monkeypatch.setenv("LAYERS_CIFAR10", str(tmp_path))
    assert kits.cifar10_archive() == named


# --- the day's agenda ---------------------------------------------------------------


@pytest.mark.parametrize("plan", PLANS)
def test_agenda_has_each_lesson_of_the_plan_at_its_time(plan):
    titles = {path.name: f"<{path.name}>" for path in NOTEBOOKS.glob("*.ipynb")}
    rows = agenda(plan, titles, "9:30").splitlines()
    cells = [re.findall("<td>(.*?)</td>", row) for row in rows]
    assert cells[0] == ["9:30", "Welcome", ""] and [row[1] for row in cells[-2:]] == [
        "Closing",
        "End",
    ]
    assert all(len(row) == 3 for row in cells) and "Slack" not in str(cells)
    text = GUIDE.read_text(encoding="utf-8").split(f"## {PLANS[plan]}\n")[1]
    text = text.split("\n## ")[0]
    named = re.findall(r"^\|.*\]\((\d\d_\w+\.ipynb)\)", text, re.MULTILINE)
    assert [what for _, what, _ in cells if what.startswith("&lt;")] == [
        f"&lt;{name}&gt;" for name in dict.fromkeys(named)
    ]
    minutes = [60 * int(at.split(":")[0]) + int(at.split(":")[1]) for at, *_ in cells]
    assert minutes == sorted(minutes)


def test_page_has_the_days_agenda(place, monkeypatch, capsys):
    monkeypatch.setattr(kits, "make_slides", lambda folder, lessons: folder.mkdir())
    words = ["--plan", "three-hours", "--start", "13:15"]
    assert main(["prepare", str(place / "kit"), *words]) == 0
    page = (place / "kit" / "index.html").read_text(encoding="utf-8")
    assert "<th>at</th>" in page and "<td>13:15</td><td>Welcome</td>" in page
    assert "agenda: Three hours, from 13:15" in capsys.readouterr().out


def test_a_time_that_is_none_is_said_and_nothing_stays(place, capsys):
    words = ["prepare", str(place / "kit"), "--no-slides", "--start", "25:00"]
    assert main(words) == 1
    assert "write a time of the day, such as 9:30" in capsys.readouterr().out
    assert not (place / "kit").exists()


def test_the_command_offers_each_plan():
    for plan in PLANS:
        assert arguments(["prepare", "kit", "--plan", plan]).plan == plan
