"""A class without internet: the kit, the server, the check of a learner's machine."""

import ast
import errno
import hashlib
import http.client
import importlib.util
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from browser.conftest import browser  # noqa: F401  a fixture

from helpers.classroom import fetching, machine, server, slides
from helpers.classroom import kit as kits
from helpers.classroom.__main__ import main

ROOT = Path(__file__).resolve().parent.parent
LESSONS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def read(path):
    return nbformat.read(path, as_version=4)


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    """A kit without slides and packages."""
    folder = tmp_path_factory.mktemp("class") / "kit"
    kits.prepare(folder, slides=False)
    return folder


@pytest.fixture
def place(tmp_path):
    """An empty folder to put a kit in, so that whatever is left behind is seen."""
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


# --- without solutions


def is_solution(cell):
    """Whether a cell gives an answer to an exercise; its tags do not matter."""
    checks = re.search(r"^check\(.*, answer\)$", cell.source, re.MULTILINE)
    return bool(checks) and "answer = ..." not in cell.source


def solution_lines(lesson):
    """Return the lines of code that stand in solutions and nowhere else."""
    given = "\n".join(c.source for c in lesson.cells if not is_solution(c))
    solutions = [c.source for c in lesson.cells if is_solution(c)]
    lines = {line.strip() for source in solutions for line in source.splitlines()}
    return {line for line in lines if line not in given}


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_learners_notebooks_hold_no_solution(kit, path):
    original = read(path)
    handed_out = (kit / "course" / "notebooks" / path.name).read_text(encoding="utf-8")
    cells = nbformat.reads(handed_out, as_version=4).cells
    text = "\n".join(cell.source for cell in cells)
    assert [line for line in solution_lines(original) if line in text] == []
    assert [cell.source for cell in cells if is_solution(cell)] == []
    assert ": right." not in handed_out
    assert not any(cell.get("outputs") for cell in cells)
    kept = [cell.source for cell in original.cells if not is_solution(cell)]
    assert [cell.source for cell in cells] == kept


def test_the_lessons_have_solutions_that_could_be_left_in():
    found = [line for path in LESSONS for line in solution_lines(read(path))]
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
        copy = read(kit / "course-with-solutions" / "notebooks" / path.name)
        assert copy == read(path)


def test_instructors_words_are_not_handed_out(kit):
    assert not list((kit / "course").rglob("*instructor*"))


def test_solution_without_its_tag_is_refused(place, monkeypatch, capsys):
    lesson = read(LESSONS[0])
    for cell in lesson.cells:
        if is_solution(cell):
            cell.metadata["tags"] = []
    monkeypatch.setattr(kits, "read_lessons", lambda: {"00_open.ipynb": lesson})
    assert main(["prepare", str(place / "kit"), "--no-slides"]) == 1
    said = capsys.readouterr().out
    assert "00_open.ipynb has a cell that gives an answer and has no tag" in said
    assert os.listdir(place) == []


# --- where the kit goes


def test_kit_that_exists_is_replaced_only_when_told(place, kit, capsys):
    folder = place / "kit"
    folder.mkdir()
    (folder / "notes.txt").write_text("a learner's")
    for words in ([], ["--replace"]):
        assert main(["prepare", str(folder), "--no-slides", *words]) == 1
        assert "exists and is no kit" in capsys.readouterr().out
    assert os.listdir(folder) == ["notes.txt"]
    (folder / "course" / "helpers" / "classroom").mkdir(parents=True)
    assert main(["prepare", str(folder), "--no-slides"]) == 1
    assert "write --replace" in capsys.readouterr().out
    assert sorted(os.listdir(folder)) == ["course", "notes.txt"]
    assert main(["prepare", str(folder), "--no-slides", "--replace"]) == 0
    assert sorted(os.listdir(folder)) == sorted(os.listdir(kit))
    assert os.listdir(place) == ["kit"]


def test_folder_of_the_kits_folder_has_to_be_there(place, capsys):
    assert main(["prepare", str(place / "no" / "kit"), "--no-slides"]) == 1
    assert "There is no folder" in capsys.readouterr().out
    assert os.listdir(place) == []


def test_full_disk_is_said_and_nothing_stays(place, monkeypatch, capsys):
    def write(*words):
        raise OSError(errno.ENOSPC, "No space left on device", str(place))

    monkeypatch.setattr(kits.nbformat, "write", write)
    assert main(["prepare", str(place / "kit"), "--no-slides"]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.endswith("cannot be read or written (No space left on device).")
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
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    said = done.stdout.splitlines()
    assert len(said) == 1 and "cannot be written: " in said[0]
    assert "File too large" in said[0]
    assert os.listdir(place) == []


def test_interrupted_kit_leaves_nothing(place, monkeypatch, capsys):
    def make_archive(*words):
        raise KeyboardInterrupt

    monkeypatch.setattr(kits.shutil, "make_archive", make_archive)
    assert main(["prepare", str(place / "kit"), "--no-slides"]) == 130
    assert os.listdir(place) == []


# --- what is fetched


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache that holds scripts; what they say does not matter here."""
    folder = tmp_path / "cache"
    known = {}
    for name in fetching.SCRIPTS:
        path = folder / "scripts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"/* {name} */")
        known[name] = ("", hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setattr(fetching, "SCRIPTS", known)
    return folder


def test_kit_is_made_from_the_cache_without_a_network(place, cache):
    assert main(["prepare", str(place / "kit"), "--cache", str(cache)]) == 0
    decks = sorted(path.stem for path in (place / "kit" / "slides").glob("*.html"))
    assert decks == [path.stem for path in LESSONS]
    for name in fetching.SCRIPTS:
        assert (place / "kit" / "slides" / "scripts" / name).exists()


@pytest.mark.parametrize("damaged", [True, False])
def test_without_network_and_cache_there_is_no_kit(place, cache, damaged, capsys):
    script = cache / "scripts" / "mathjax.js"
    if damaged:
        script.write_text("/* half of a")
    else:
        script.unlink()
    assert main(["prepare", str(place / "kit"), "--cache", str(cache)]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert "cannot be fetched: LAYERS_OFFLINE forbids it" in last
    assert "--cache" in last and "--no-slides" in last
    assert os.listdir(place) == []


def test_packages_come_from_the_cache(place, cache, monkeypatch):
    folder = wheel_folder(cache, monkeypatch)
    words = ["--wheels", "linux", "--python", "3.12", "--no-slides"]
    assert main(["prepare", str(place / "kit"), "--cache", str(cache), *words]) == 0
    copied = place / "kit" / "wheels" / "linux-3.12"
    assert sorted(os.listdir(copied)) == sorted(os.listdir(folder))
    page = (place / "kit" / "index.html").read_text(encoding="utf-8")
    assert "packages for: linux-3.12." in page


def wheel_folder(cache, monkeypatch, system="linux", python="3.12"):
    """Put a package of three lines into the cache, pinned as all the course needs."""
    with monkeypatch.context() as patch:
        made = []
        patch.setattr(fetching, "run_uv", lambda *words: made.append(words))
        patch.setattr(fetching, "run_pip", lambda *words: made.append(words))
        folder = fetching.wheels(system, python, cache)
    compile_words, download_words = made
    assert compile_words[compile_words.index("--python-platform") + 1] == system
    for kind in fetching.PLATFORMS[system]:
        assert kind in download_words
    (folder / "requirements.txt").write_text("tiny==1.0\n")
    info = "tiny-1.0.dist-info"
    with zipfile.ZipFile(folder / "tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.py", "ANSWER = 42\n")
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"
        )
        wheel.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
            "Tag: py3-none-any\n",
        )
        wheel.writestr(f"{info}/RECORD", "")
    return folder


@pytest.mark.parametrize(
    "words, said",
    [
        (["--wheels", "linux", "--python", "3.9"], "does not run on Python 3.9"),
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
    assert os.listdir(cache) == ["scripts"]


def test_the_last_words_of_a_failed_command_are_the_reason(monkeypatch):
    monkeypatch.setenv("LAYERS_OFFLINE", "0")
    code = "import sys; sys.exit('Trying.\\n  Caused by: The disk is full.\\n')"
    with pytest.raises(fetching.CannotFetch, match="^The disk is full$"):
        fetching.run([sys.executable, "-c", code])


def test_archive_of_cifar10_is_found_by_its_checksum(tmp_path, monkeypatch):
    archive = tmp_path / "archive"
    archive.write_text("another file")
    monkeypatch.setenv("LAYERS_CIFAR10", str(archive))
    assert kits.cifar10_archive() is None
    monkeypatch.setattr(kits, "is_verified", lambda path: Path(path) == archive)
    assert kits.cifar10_archive() == str(archive)


# --- the server


@pytest.fixture
def serving(kit):
    """Return a function that starts a server of the kit and returns its address."""
    running = []

    def start(**options):
        one = server.open_server(kit, 0, **options)
        running.append(one)
        threading.Thread(target=one.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{one.server_port}"

    yield start
    for one in running:
        one.shutdown()
        one.server_close()


def get(address):
    with urllib.request.urlopen(address, timeout=30) as answer:
        return answer.read()


def test_server_hands_out_the_kit(kit, serving):
    address = serving()
    assert get(f"{address}/") == (kit / "index.html").read_bytes()
    assert get(f"{address}/course.zip") == (kit / "course.zip").read_bytes()


def test_a_whole_class_clicks_at_once(kit, serving):
    address = f"{serving()}/course.zip"
    with ThreadPoolExecutor(30) as learners:
        answers = list(learners.map(get, [address] * 60))
    assert set(answers) == {(kit / "course.zip").read_bytes()}


def test_solutions_are_served_only_when_told(kit, serving):
    hidden, shown = serving(), serving(solutions=True)
    for path in ("/course-with-solutions.zip", "/course%2Dwith-solutions/README.md"):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            get(hidden + path)
        assert get(shown + path)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_server_is_read_only(kit, serving, method):
    before = sorted(kit.rglob("*"))
    connection = http.client.HTTPConnection(serving().removeprefix("http://"))
    connection.request(method, "/index.html", body="changed")
    assert connection.getresponse().status == 501
    connection.close()
    assert sorted(kit.rglob("*")) == before


@pytest.mark.parametrize(
    "path", ["/../secret", "/%2e%2e/secret", "/course/../../secret"]
)
def test_server_stays_inside_the_kit(kit, serving, path):
    (kit.parent / "secret").write_text("not for the class")
    connection = http.client.HTTPConnection(serving().removeprefix("http://"))
    connection.request("GET", path)  # as it is: urllib would tidy it up
    assert connection.getresponse().status == 404
    connection.close()


def test_port_in_use_is_said(kit, serving, capsys):
    port = serving().rpartition(":")[2]
    assert main(["serve", str(kit), "--port", port]) == 1
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 1
    assert said[0].startswith(f"Port {port} is in use. Name another one")


@pytest.mark.parametrize("port", ["-1", "65536", "99999999999"])
def test_port_that_cannot_be_is_said(kit, port, capsys):
    assert main(["serve", str(kit), "--port", port]) == 1
    assert "ports go from 1 to 65535" in capsys.readouterr().out


def test_only_a_kit_is_served(tmp_path, capsys):
    for folder in (tmp_path, tmp_path / "missing"):
        assert main(["serve", str(folder)]) == 1
        assert f"{folder} is no kit. Make one" in capsys.readouterr().out


def test_serve_prints_the_address_and_stops_without_a_traceback(kit):
    command = [
        sys.executable,
        "-m",
        "helpers.classroom",
        "serve",
        str(kit),
        "--port",
        "0",
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as one:
        line = one.stdout.readline()
        address = re.fullmatch(
            r"Write on the blackboard: (http://[\d.]+:\d+/)\n", line
        )[1]
        port = address.split(":")[2]
        assert b"What to click" in get(f"http://127.0.0.1:{port}")
        one.send_signal(2)
        said = one.stdout.read()
    assert said.endswith("Stopped.\n") and one.returncode == 0


# --- a learner's machine


def test_course_of_the_kit_is_complete_and_ready(kit):
    done = subprocess.run(
        [sys.executable, "-m", "helpers.classroom", "check"],
        cwd=kit / "course",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert len(said) == 1
    assert said[0].startswith("Ready. Type: ")
    assert said[0].endswith("jupyter lab notebooks/00_start_here.ipynb")


def old(patch):
    patch.setattr(machine.sys, "version_info", (3, 9, 2))
    patch.setattr(machine.platform, "python_version", lambda: "3.9.2")


def small(patch):
    patch.setattr(machine.sys, "maxsize", 2**31 - 1)


def bare(patch):
    patch.setattr(
        machine, "installed_version", lambda name: None if name == "keras" else "1"
    )


def read_only(patch):
    patch.setattr(machine.os, "access", lambda path, mode: False)


def incomplete(patch):
    patch.setattr(machine, "COURSE", Path("nowhere"))


def broken(patch):
    def compute():
        raise ImportError(
            "Traceback:\n\nImportError: DLL load failed while importing x"
        )

    patch.setattr(machine, "compute", compute)


@pytest.mark.parametrize(
    "fault, said",
    [
        (old, "this is Python 3.9.2. Install one from 3.10 to 3.13"),
        (small, "this Python has 32 bits"),
        (bare, "keras cannot be found. Type: "),
        (read_only, "cannot be written. Copy the course to your own disk"),
        (incomplete, "is not complete"),
        (broken, "DLL load failed while importing x). Windows needs the Microsoft"),
    ],
)
def test_check_says_in_one_line_what_to_do(fault, said, monkeypatch, capsys):
    monkeypatch.setattr(machine, "own_python", lambda: None)
    fault(monkeypatch)
    assert machine.check() is False
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("Not ready: ") and said in lines[0]


@pytest.mark.skipif(
    not importlib.util.find_spec("ensurepip"), reason="this Python has no ensurepip"
)
def test_packages_are_installed_from_the_blackboards_address(
    kit, serving, cache, tmp_path, monkeypatch
):
    system = machine.SYSTEMS[machine.platform.system()]
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    packages = wheel_folder(cache, monkeypatch, system, python)
    target = kit / "wheels" / f"{system}-{python}"
    kits.shutil.copytree(packages, target)
    archive = kit / machine.ARCHIVE
    archive.write_bytes(b"as CIFAR-10's")
    command = [sys.executable, "-m", "helpers.classroom", "install", serving() + "/"]
    environment = dict(os.environ, KERAS_HOME=str(tmp_path), PIP_NO_INDEX="1")
    try:
        done = subprocess.run(
            command, cwd=kit / "course", env=environment, capture_output=True, text=True
        )
    finally:
        kits.shutil.rmtree(target.parent)
        archive.unlink()
    assert done.returncode == 1  # a package alone is not the course's environment
    assert "Not ready: tensorflow, keras" in done.stdout, done.stderr
    own = kit / "course" / ".venv" / machine.BIN / "python"
    subprocess.run(
        [str(own), "-c", "import tiny; assert tiny.ANSWER == 42"], check=True
    )
    kept = tmp_path / "datasets" / "cifar-10-batches-py-target_archive"
    assert kept.read_bytes() == b"as CIFAR-10's"
    assert os.listdir(kept.parent) == [kept.name]
    kits.shutil.rmtree(kit / "course" / ".venv")


def test_kit_without_packages_for_this_machine_is_said(kit, serving, capsys):
    for place in (str(kit), serving()):
        assert main(["install", place]) == 1
        assert f"{place} has no packages for" in capsys.readouterr().out


def test_address_that_does_not_answer_is_said(capsys):
    with socket.socket() as closed:  # a port that nobody listens on
        closed.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{closed.getsockname()[1]}"
        assert main(["install", f"http://{host}"]) == 1
    assert capsys.readouterr().out.startswith(f"{host} does not answer.")


def test_archive_that_is_there_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / machine.ARCHIVE).write_text("the kit's")
    machine.keep_archive(str(tmp_path))
    kept = tmp_path / "datasets" / "cifar-10-batches-py-target_archive"
    assert kept.read_text() == "the kit's"
    kept.write_text("the learner's")
    machine.keep_archive(str(tmp_path))
    assert kept.read_text() == "the learner's"


@pytest.mark.parametrize("name", ["__init__", "__main__", "machine"])
def test_check_is_read_by_old_pythons_and_needs_no_package(name):
    source = (ROOT / "helpers" / "classroom" / f"{name}.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 8))
    code = (
        f"import sys; sys.path.insert(0, '.'); import helpers.classroom.{name}\n"
        "names = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(names - set(sys.stdlib_module_names) - {'__main__'}))"
    )
    command = [sys.executable, "-I", "-S", "-c", code]  # without installed packages
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "['helpers']\n"


def test_command_line_tells_the_commands(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    assert all(word in told for word in ("prepare", "serve", "install", "check"))


# --- slides


def test_sections_start_slides_and_nothing_is_lost():
    for path in LESSONS:
        lesson = kits.for_slides(read(path))
        pages = slides.pages(lesson)
        shown = [block for _, blocks in pages for block in blocks]
        for kind, blocks in pages[1:]:
            heading = slides.is_text(blocks[0]) and re.match("##? ", blocks[0].source)
            assert (kind == "slide") == bool(heading)
        code = [c.source for c in lesson.cells if c.cell_type == "code"]
        left_out = [source for source in code if slides.LEFT_OUT.match(source)]
        assert len(left_out) == 1  # the setup cell
        kept = [c.source for c in shown if c.cell_type == "code" and c.source]
        assert kept == [source for source in code if source not in left_out]
        for cell in lesson.cells:
            for output in cell.get("outputs", []):
                if slides.shown_as(output) == "text":
                    text = output.get("text") or output.data["text/plain"]
                    printed = "\n".join(
                        o.get("text") or o.get("data", {}).get("text/plain", "")
                        for c in shown
                        for o in c.get("outputs", [])
                    )
                    lines = [line for line in text.splitlines() if line.strip()]
                    assert [line for line in lines if line not in printed] == []


def test_slides_hold_no_solution_and_no_hint():
    for path in LESSONS:
        page = slides.deck(kits.for_slides(read(path)), "title")
        words = " ".join(re.sub("<[^>]+>", " ", page).split())
        assert "# @title" not in words
        assert "<details" not in page
        assert ": right." not in words


def test_long_output_is_cut_where_a_question_begins():
    lines = []
    for number in range(1, 8):
        lines += [f"{number}. A question", "   a) one", "   b) two", "   c) three", ""]
    output = nbformat.v4.new_output("stream", text="\n".join(lines))
    pieces = [part.text.splitlines() for part in slides.parts(output)]
    assert [line for piece in pieces for line in piece] == lines[:-1]
    assert all(len(piece) <= slides.OUTPUT_LINES for piece in pieces)
    assert all(re.match(r"\d\. ", piece[0]) for piece in pieces)


def test_long_table_keeps_its_heading_on_each_slide():
    rows = [f"| {i} | text |" for i in range(30)]
    head = ["| number | words |", "|---|---|"]
    source = "Look it up:\n\n" + "\n".join(head + rows) + "\n\nThat was all."
    pieces = slides.paragraphs(source)
    assert pieces[0].startswith("Look it up:\n\n| number")
    assert pieces[-1] == "That was all."
    found = [piece.split("\n") for piece in pieces[1:-1]]
    assert all(piece[:2] == head for piece in found)
    assert sum(piece.count("| text |") for piece in pieces) == 30


def test_code_in_text_is_not_cut():
    source = "Before.\n\n```\none\n\ntwo\n```\n\nAfter."
    assert slides.paragraphs(source) == ["Before.", "```\none\n\ntwo\n```", "After."]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("[lesson 03](03_a.ipynb)", "[lesson 03](03_a.html)"),
        ("[**shape**](glossary.md#shape)", "**shape**"),
        (
            "[a page](https://example.org/a.ipynb)",
            "[a page](https://example.org/a.ipynb)",
        ),
        ("`outputs[0](x)`", "`outputs[0](x)`"),
    ],
)
def test_links_lead_to_slides(text, expected):
    assert slides.LINK.sub(slides.link, text) == expected


# --- slides in a browser

CUT = """() => {
  const cut = [];
  for (const slide of Reveal.getSlides()) {
    const { h, v } = Reveal.getIndices(slide);
    Reveal.slide(h, v);
    for (const one of slide.querySelectorAll(".fit *")) {
      const box = one.getBoundingClientRect();
      const style = getComputedStyle(one);
      const outside = box.width && box.height && (box.top < -0.5 || box.left < -0.5
        || box.bottom > innerHeight + 0.5 || box.right > innerWidth + 0.5);
      const hidden = (style.overflowY !== "visible" && one.clientHeight
          && one.scrollHeight > one.clientHeight + 1)
        || (style.overflowX !== "visible" && one.clientWidth
          && one.scrollWidth > one.clientWidth + 1);
      if (outside || hidden) cut.push([h, v, one.className, one.textContent.slice(0, 60)]);
    }
  }
  return cut;
}"""
SCALES = (
    "() => [...document.querySelectorAll('[data-scale]')].map(s => +s.dataset.scale)"
)


@pytest.fixture(scope="module")
def decks(browser, tmp_path_factory):  # noqa: F811
    """The kit's folder of slides, with the scripts themselves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAYERS_OFFLINE", "0")
        try:
            fetching.scripts(fetching.cache_folder())
        except OSError as reason:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(reason))
    folder = tmp_path_factory.mktemp("class") / "kit"
    kits.prepare(folder)
    return folder / "slides"


@pytest.fixture
def page(browser):  # noqa: F811
    """A page as large as a projector's; a test fails if it noted a fault."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: said.type == "error" and faults.append(said.text))
    page.on(
        "request",
        lambda sent: sent.url.startswith(("file:", "data:")) or faults.append(sent.url),
    )
    yield page
    context.close()
    assert faults == []


def show(page, path):
    page.goto(path.as_uri())
    page.wait_for_function("document.body.dataset.ready === 'yes'", timeout=60_000)


@pytest.mark.browser
@pytest.mark.parametrize("name", [path.stem for path in LESSONS])
def test_nothing_is_cut_off_and_nothing_is_asked_of_other_hosts(decks, page, name):
    show(page, decks / f"{name}.html")
    assert page.evaluate(CUT) == []
    assert min(page.evaluate(SCALES)) >= 0.75  # 26 pixels become 20


@pytest.mark.browser
def test_what_is_too_high_is_shown_smaller(decks, page):
    tall = nbformat.v4.new_notebook()
    tall.cells = [nbformat.v4.new_markdown_cell("\n".join(["- word"] * 40))]
    path = decks / "tall.html"
    path.write_text(slides.deck(tall, "tall"), encoding="utf-8")
    show(page, path)
    assert page.evaluate(SCALES)[0] < 0.75
    assert page.evaluate(CUT) == []


@pytest.mark.browser
def test_formulas_are_set(decks, page):
    lesson = nbformat.v4.new_notebook()
    lesson.cells = [nbformat.v4.new_markdown_cell(r"A share: $\frac{1}{2}$")]
    path = decks / "formula.html"
    path.write_text(slides.deck(lesson, "formula"), encoding="utf-8")
    show(page, path)
    assert page.locator("mjx-container svg").count() == 1
    assert "frac" not in page.locator(".fit").inner_text()


@pytest.mark.browser
def test_link_leads_to_the_next_lessons_slides(decks, page):
    show(page, decks / "00_start_here.html")
    page.evaluate("Reveal.slide(Reveal.getTotalSlides(), 9)")
    page.get_by_role("link", name="01 ·").click()
    page.wait_for_url("**/01_dense_by_hand.html")


@pytest.mark.browser
def test_page_names_its_own_folder_for_install(decks, page):
    page.goto((decks.parent / "index.html").as_uri())
    assert page.locator("#kit").inner_text() == f'"{decks.parent.as_posix()}/"'
    assert page.locator("table tr").count() == len(LESSONS) + 1
