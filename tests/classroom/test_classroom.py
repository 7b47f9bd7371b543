"""A class without internet: the kit, the server, the check of a learner's machine."""

import ast
import errno
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

from helpers.classroom import fetching, machine, server, slides
from helpers.classroom import kit as kits
from helpers.classroom.__main__ import main

ROOT = Path(__file__).resolve().parent.parent.parent
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
    assert "Right. " not in handed_out
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


@pytest.mark.parametrize("name", ["course", "course-with-solutions"])
def test_every_link_inside_a_copy_leads_to_a_file(kit, name):
    texts = []
    for path in (kit / name).rglob("*.md"):
        texts.append((path, path.read_text(encoding="utf-8")))
    for path in (kit / name).rglob("*.ipynb"):
        cells = [c.source for c in read(path).cells if c.cell_type == "markdown"]
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
    assert kits.without_dead_links(text, tmp_path) == expected


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
    folder = ROOT / name / "kit"
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


@pytest.mark.parametrize("name", ["write", "make_archive", "copytree"])
def test_full_disk_is_said_and_nothing_stays(place, monkeypatch, capsys, name):
    def write(*words, **options):
        error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if name == "copytree":  # which tells of all files at once
            raise kits.shutil.Error([("from", "to", str(error))])
        raise error

    module = kits.nbformat if name == "write" else kits.shutil
    monkeypatch.setattr(module, name, write)
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
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
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
    subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, check=True)
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
    assert main(["prepare", str(place / "kit")]) == 1
    name = package.replace("_", "-")
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.startswith(f"The slides need {name}, which this Python does not have.")
    assert f"pip install {name}" in said and "--no-slides" in said
    assert os.listdir(place) == []
    assert main(["prepare", str(place / "kit"), "--no-slides"]) == 0


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def test_packages_come_from_the_cache(place, cache, monkeypatch):
    folder = wheel_folder(cache, monkeypatch)
    words = ["--wheels", "linux", "--python", "3.12", "--no-slides"]
    assert main(["prepare", str(place / "kit"), "--cache", str(cache), *words]) == 0
    copied = place / "kit" / "wheels" / "linux-3.12"
    assert sorted(os.listdir(copied)) == sorted(os.listdir(folder))
    page = (place / "kit" / "index.html").read_text(encoding="utf-8")
    assert "packages for: Linux, each with Python 3.12." in page


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


def test_cache_has_to_be_a_folder(place, cache, capsys):
    cache.write_text("a file")
    assert main(["prepare", str(place / "kit"), "--cache", str(cache)]) == 1
    assert capsys.readouterr().out == (
        f"{cache} is no folder. Name another one with --cache.\n"
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


@pytest.mark.parametrize(
    "path",
    [
        "/COURSE-WITH-SOLUTIONS.zip",
        "/Course-With-Solutions/README.md",
        "/course%2DWITH%2dsolutions/",
        "/course-with-%73olutions.ZIP",
        "/course-with-%53OLUTIONS",
        "/course-with-%C5%BFolutions.zip",  # a long s, which is an s to some disks
        "/course/../course-With-solutions.zip",
        "/course-with-solutions.zip.",
        "/course-with-solutions.zip%20",
        "/course-with-solutions.zip/",
        "/course-with-solutions.zip::$DATA",
        "/course-with-solutions.zip?a=1#b",
        "/COURSE~1/README.md",
        "/COURSE~1",
    ],
)
def test_solutions_are_hidden_however_they_are_spelled(tmp_path, path):
    """Wherever the disk takes the spelling for the name, and by its short name."""
    folder = tmp_path / "kit-with-solutions"  # the kit's own name hides nothing
    solutions = folder / "course-with-solutions"
    solutions.mkdir(parents=True)
    for file in (folder / "index.html", solutions / "README.md"):
        file.write_text("read")
    (folder / "COURSE~1").symlink_to(solutions)
    for shown in (False, True):
        with server.open_server(folder, 0, shown) as one:
            threading.Thread(target=one.serve_forever, daemon=True).start()
            connection = http.client.HTTPConnection("127.0.0.1", one.server_port)
            for method in ("GET", "HEAD"):
                connection.request(method, path)  # as it is: urllib would tidy it up
                answer = connection.getresponse()
                answer.read()
                assert (answer.status == 403) == (not shown)
            connection.request("GET", "/index.html")
            assert connection.getresponse().read() == b"read"
            connection.close()
            one.shutdown()


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


def test_port_without_the_right_to_it_is_said(kit, monkeypatch, capsys):
    def refuse(*words):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(server, "Server", refuse)
    assert main(["serve", str(kit), "--port", "80"]) == 1
    assert capsys.readouterr().out == (
        "Port 80 cannot be had (Permission denied). Name another one, such as "
        "--port 8080.\n"
    )


def test_machine_without_a_network_is_said(kit, monkeypatch, capsys):
    def refuse(*words):
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(server.socket.socket, "connect", refuse)
    monkeypatch.setattr(server.Server, "serve_forever", lambda self: None)
    assert main(["serve", str(kit), "--port", "0"]) == 0
    assert "This machine is in no network" in capsys.readouterr().out


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


TENSORFLOW_SAYS = """
ImportError: Traceback (most recent call last):
ImportError: DLL load failed while importing x

Failed to load the native TensorFlow runtime.
See https://example.org/ for some common causes and solutions.
"""


def broken(patch):
    code = f"import sys; print('noise'); sys.exit({TENSORFLOW_SAYS!r})"
    patch.setattr(machine, "RUN_NETWORK", code)


def crashing(patch):
    patch.setattr(machine, "RUN_NETWORK", "import os; os._exit(77)")


def old_processor(patch):
    patch.setattr(machine, "RUN_NETWORK", "import os; os._exit(77)")
    patch.setattr(machine, "ILLEGAL_INSTRUCTION", (77,))


@pytest.mark.parametrize(
    "fault, said",
    [
        (old, "this is Python 3.9.2. Install one from 3.10 to 3.13"),
        (small, "this Python has 32 bits"),
        (bare, "keras cannot be found. Type: "),
        (read_only, "cannot be written. Copy the course to your own disk"),
        (incomplete, "is not complete"),
        (broken, "DLL load failed while importing x). Windows needs the Microsoft"),
        (crashing, "TensorFlow does not run here (it stops with 77)."),
        (old_processor, "77). This processor is too old for it: it has no AVX."),
    ],
)
def test_check_says_in_one_line_what_to_do(fault, said, monkeypatch, capsys):
    monkeypatch.setattr(machine, "own_python", lambda: None)
    fault(monkeypatch)
    assert machine.check() is False
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("Not ready: ") and said in lines[0]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
def test_code_of_an_illegal_instruction_is_known(monkeypatch):
    code = "import os, signal; os.kill(os.getpid(), signal.SIGILL)"
    monkeypatch.setattr(machine, "RUN_NETWORK", code)
    assert "it has no AVX" in machine.crash()


def test_very_old_python_is_said(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 7, 9))
    assert main(["check"]) == 1
    (said,) = capsys.readouterr().out.splitlines()
    assert said.startswith("Not ready: this Python is too old.")


def test_program_that_is_not_on_the_path_is_typed_with_its_folder(
    tmp_path, monkeypatch
):
    for folder in ("a class", "other"):
        (tmp_path / folder).mkdir()
        for name in ("python", "jupyter", "jupyter.exe"):
            (tmp_path / folder / name).write_text("#!/bin/sh\n")
            (tmp_path / folder / name).chmod(0o755)
    mine = tmp_path / "a class"
    monkeypatch.setattr(machine, "ENVIRONMENT", tmp_path / "not this one")
    monkeypatch.setattr(sys, "executable", str(mine / "python"))
    monkeypatch.setenv("PATH", str(mine))
    assert machine.command("jupyter") == "jupyter"
    monkeypatch.setenv("PATH", str(tmp_path / "other"))
    assert machine.command("jupyter").startswith(f'"{mine}')
    assert machine.command("missing") == "missing"


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


@pytest.mark.parametrize("place", ["http://a b/", "http://[::1", "http://host:99999/"])
def test_address_that_cannot_be_is_said(place, capsys):
    assert main(["install", place]) == 1
    (said,) = capsys.readouterr().out.splitlines()
    assert "does not answer. Is this machine in the class's network" in said


@pytest.mark.parametrize("place", ["nowhere", "192.168.0.5:8000", "ftp://host/"])
def test_what_is_no_folder_and_no_address_is_said(place, capsys):
    assert main(["install", place]) == 1
    (said,) = capsys.readouterr().out.splitlines()
    assert said.startswith(f"There is no folder {place}. Name the kit's folder, or its")


def test_server_that_answers_with_an_error_is_said(kit, serving, monkeypatch, capsys):
    monkeypatch.setattr(machine, "join", lambda kit, path: f"{kit}/x-with-solutions")
    assert main(["install", serving()]) == 1
    (said,) = capsys.readouterr().out.splitlines()
    assert said.endswith("cannot be had: 403 The solutions are handed out later.")


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
    ast.parse(source, feature_version=(3, 8) if name == "machine" else (3, 6))
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
        lesson = kits.without_solutions(read(path))
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
                if slides.OPEN.match(output.get("text", "")):
                    continue
                if slides.shown_as(output) == "text":
                    text = output.get("text") or output.data["text/plain"]
                    printed = "\n".join(
                        o.get("text") or o.get("data", {}).get("text/plain", "")
                        for c in shown
                        for o in c.get("outputs", [])
                    )
                    lines = [line for line in text.splitlines() if line.strip()]
                    assert [line for line in lines if line not in printed] == []


def test_a_prediction_is_asked_on_one_slide_and_compared_on_a_later_one():
    asked = 0
    for path in LESSONS:
        pages = slides.pages(kits.without_solutions(read(path)))
        sources = [[block.source for block in blocks] for _, blocks in pages]
        for blocks in sources:
            places = [i for i, one in enumerate(blocks) if slides.PREDICT.search(one)]
            asked += len(places)
            assert places in ([], [len(blocks) - 1])  # nothing follows on that slide
            assert all("**Predict first.**" in blocks[i - 1] for i in places)
    assert asked > 30


def test_code_stands_with_what_it_prints_if_a_slide_holds_both():
    lesson = nbformat.v4.new_notebook()
    filled = nbformat.v4.new_markdown_cell("\n\n".join(["A paragraph."] * 9))
    code = nbformat.v4.new_code_cell("print()\n" * 5)
    code.outputs = [nbformat.v4.new_output("stream", text="line\n" * 4)]
    lesson.cells = [filled, code]
    first, second = (blocks for _, blocks in slides.pages(lesson))
    assert all(slides.is_text(block) for block in first)
    assert [bool(block.outputs) for block in second] == [False, True]
    code.outputs = [nbformat.v4.new_output("stream", text="line\n" * 30)]
    first, second, *_ = (blocks for _, blocks in slides.pages(lesson))
    assert first[-1].source == code.source and second[0].outputs


@pytest.mark.parametrize(
    "source, shown",
    [
        ("A $x_1$.", '<p>A <math xmlns="[^"]+" display="inline">.+</math>.</p>'),
        ("$$x = 1$$", '<p><math xmlns="[^"]+" display="block">.+</math></p>'),
        ("5 $ and 6 $ are", r"<p>5 \$ and 6 \$ are</p>"),
        ("**5** $ and **6** $", r"<p>.+5.+ \$ and <strong>6</strong> \$</p>"),
        ("From $5 to $6.", r"<p>From \$5 to \$6.</p>"),
        (r"Of \$5 and $x$", r"<p>Of \$5 and <math .+</math></p>"),
        ("The code `$x$`.", r"<p>The code <code>\$x\$</code>.</p>"),
        ("```\n$x$ $$y$$\n```", r"<pre><code>\$x\$ \$\$y\$\$\n</code></pre>"),
        (r"A $\frob{x} < 1$.", r"<p>A \$\\frob{x} &lt; 1\$.</p>"),
        ("A $x^$ and $a<b$.", r"<p>A \$x\^\$ and <math .+</math>.</p>"),
        (r"A $\text{<b>}$.", r"<p>A \$\\text{&lt;b&gt;}\$.</p>"),
    ],
)
def test_formulas_become_mathml_and_nothing_else_does(source, shown):
    assert re.fullmatch(shown, slides.to_html(source).strip(), re.DOTALL)


def test_links_of_the_slides_lead_to_slides_or_to_the_web(tmp_path):
    kits.make_slides(tmp_path, {path.name: read(path) for path in LESSONS})
    found = 0
    for path in tmp_path.glob("*.html"):
        page = path.read_text(encoding="utf-8")
        links = re.findall(r'(?:href|src)="(?!https?:|data:|#)([^"#]+)', page)
        assert [link for link in links if not (tmp_path / link).exists()] == []
        names = re.findall(r'<a href="#([^"]+)"', page)
        assert [one for one in names if f'id="{one}"' not in page] == []
        found += len(links) + len(names)
        assert "Open in Colab" not in page
    assert found > 50


def test_slides_hold_no_solution_and_no_hint():
    for path in LESSONS:
        page = slides.deck(kits.without_solutions(read(path)), "title")
        words = " ".join(re.sub("<[^>]+>", " ", page).split())
        assert "# @title" not in words
        assert "<details" not in page
        assert "Right. " not in words


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
