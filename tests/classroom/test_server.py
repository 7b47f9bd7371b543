"""`serve`: the kit and nothing else, solutions only when told, in whatever letters."""

import errno
import http.client
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from helpers.classroom import kit as kits
from helpers.classroom import server
from helpers.classroom.__main__ import main
from helpers.engine.files import COURSE


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


@pytest.mark.parametrize("solutions", [False, True])
def test_every_link_of_the_page_is_answered(serving, solutions):
    address = serving(solutions=solutions)
    links = re.findall(r'href="([^"]+)"', get(f"{address}/").decode())
    assert ("course-with-solutions.zip" in links) == solutions
    assert links and all(get(f"{address}/{link}") for link in links)


def ask(address, path, method="GET", **headers):
    """Return the status, the headers and the body of an answer."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=names)  # as it is: urllib would tidy it up
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


@pytest.fixture
def spelled(tmp_path):
    """A kit whose disk takes other names for that of the solutions, by links."""
    folder = tmp_path / "kit-with-solutions"  # the kit's own name hides nothing
    solutions, course = folder / "course-with-solutions", folder / "course"
    for one in (solutions, course):
        one.mkdir(parents=True)
        (one / "README.md").write_text(f"read {one.name}")
    archive = folder / "course-with-solutions.zip"
    archive.write_text("read the archive with solutions")
    (folder / "index.html").write_text("read")
    (folder / "COURSE~1").symlink_to(solutions)
    (folder / "COURSE~1.ZIP").hardlink_to(archive)
    (folder / "COURSE-WITH-SOLUTIONS.zip").hardlink_to(archive)
    (folder / "Course-With-Solutions").symlink_to(solutions)
    (folder / "course-with-solutions.zip.").hardlink_to(archive)
    (folder / "course-with-solutions.zip ").hardlink_to(archive)
    (folder / "course-with-solutions.zip::$DATA").hardlink_to(archive)
    (folder / "notes.txt").hardlink_to(archive)
    (course / "by a link").symlink_to(solutions)
    (course / "by a link.zip").symlink_to(archive)
    (course / "by a hard link.zip").hardlink_to(archive)
    (course / "README.md").unlink()  # two equal files may be one on a disk
    (course / "README.md").hardlink_to(solutions / "README.md")
    return folder


@pytest.fixture
def answering():
    """Return a function that serves a folder and returns the address."""
    running = []

    def start(folder, solutions=False):
        one = server.open_server(folder, 0, solutions)
        running.append(one)
        threading.Thread(target=one.serve_forever, args=[0.01], daemon=True).start()
        return f"http://127.0.0.1:{one.server_port}"

    yield start
    for one in running:
        one.shutdown()
        one.server_close()


SPELLINGS = """
/course-with-solutions.zip /course-with-solutions/ /course-with-solutions/README.md
/course%2Dwith-solutions.zip /%63ourse-with-solutions/README.md
/course/../course-with-solutions.zip /course/%2e%2e/course-with-solutions.zip
//course-with-solutions.zip /./course-with-solutions.zip /course-with-solutions.zip?a=1#b
/COURSE-WITH-SOLUTIONS.zip /Course-With-Solutions/README.md /course-with-%73olutions.zip
/COURSE~1/README.md /COURSE~1 /COURSE~1.ZIP /COURSE%7E1.ZIP /notes.txt
/course-with-solutions.zip. /course-with-solutions.zip%20 /course-with-solutions.zip::$DATA
/course/by%20a%20link/README.md /course/by%20a%20link.zip /course/by%20a%20hard%20link.zip
""".split()


@pytest.mark.skipif(os.name == "nt", reason="has such names without links")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_solutions_are_hidden_however_they_are_spelled(spelled, answering, method):
    """Wherever the disk takes the spelling for the name: what a file is decides."""
    address = answering(spelled)
    for path in SPELLINGS:
        for headers in ({}, {"Range": "bytes=0-"}):
            status, _, body = ask(address, path, method, **headers)
            assert status in (403, 404), path
            assert b"read" not in body
    for path in ("/", "/index.html", "/course/README.md"):
        assert ask(address, path, method)[0] == 200


def test_solutions_have_their_own_name_alone_when_they_are_told(spelled, answering):
    address = answering(spelled, solutions=True)
    assert ask(address, "/course-with-solutions.zip")[0] == 200
    assert ask(address, "/course-with-solutions/README.md")[0] == 200
    assert ask(address, "/COURSE~1/README.md")[0] == 404
    assert ask(address, "/notes.txt")[0] == 404


def test_everything_that_a_kit_may_hold_is_served(
    place, wheel_folder, cache, answering, monkeypatch
):
    wheel_folder()
    words = ["--wheels", "linux", "--python", "3.12", "--cache", str(cache)]
    monkeypatch.setattr(kits, "make_slides", lambda folder, lessons: folder.mkdir())
    monkeypatch.setattr(kits, "cifar10_archive", lambda: __file__)
    assert main(["prepare", str(place / "kit"), *words]) == 0
    address = answering(place / "kit", solutions=True)
    names = {path.name for path in (place / "kit").iterdir()}
    assert names == {*server.HELD, *server.SOLUTIONS}
    for name in names:
        slash = "/" * (place / "kit" / name).is_dir()
        assert ask(address, f"/{name}{slash}")[0] == 200


ODD = """/%00 /course/%00 /course%00.zip /index.html%00 /%ff /%ed%b0%80 /course/%0d%0a /%
/%2 /course/%5c..%5c..%5c /::: /con /course/nul /course/. /. /.. / // /?%00 /#%00""".split()


@pytest.mark.parametrize("solutions", [False, True])
def test_nothing_a_learner_sends_is_read_on_the_projector(
    kit, serving, solutions, capfd
):
    address = serving(solutions=solutions)
    for path in [*ODD, "/" + "x" * 5000, "/" + "a/" * 5000]:
        for headers in ({}, {"Range": "bytes=0-1"}, {"If-Modified-Since": "\xff"}):
            assert ask(address, path, **headers)[0] in (200, 206, 301, 404)
            assert ask(address, path, "HEAD", **headers)[0] in (200, 301, 404)
    host, port = address.removeprefix("http://").split(":")
    for line in (b"\0\xff\r\n\r\n", b"GET", b"GET /\xff\x1b[2J HTTP/9.9\r\n\r\n"):
        with socket.create_connection((host, port)) as one:
            one.sendall(line)
            one.shutdown(socket.SHUT_WR)
            one.recv(100)
    assert "".join(capfd.readouterr()) == ""


RANGES = {  # of a file of 100 bytes: the first byte and the one behind the last
    "bytes=0-": (0, 100),
    "bytes=0-99": (0, 100),
    "bytes=0-1000": (0, 100),
    "bytes=40-": (40, 100),
    "bytes=40-49": (40, 50),
    "bytes=99-": (99, 100),
    "bytes=-1": (99, 100),
    "bytes=-30": (70, 100),
    "bytes=-1000": (0, 100),
}
NO_RANGES = """bytes=- bytes=5-2 bytes=a-b bytes= bytes lines=0-5 bytes=0x1- bytes=--5 0-5
bytes=1-2-3 bytes=0-1,3-4""".split()


@pytest.fixture
def numbered(kit):
    """A file of 100 different bytes in the kit, served."""
    path = kit / "course" / "numbers.bin"
    path.write_bytes(bytes(range(100)))
    yield path
    path.unlink()


def test_range_of_a_file(serving, numbered):
    address = serving()
    for asked, (start, stop) in RANGES.items():
        status, headers, body = ask(address, "/course/numbers.bin", Range=asked)
        assert status == 206 and body == bytes(range(start, stop)), asked
        assert headers["Content-Range"] == f"bytes {start}-{stop - 1}/100"
        assert headers["Content-Length"] == str(stop - start)


def test_what_is_no_single_range_gets_the_whole_file(serving, numbered):
    address = serving()
    for asked in [*NO_RANGES, "bytes= 0-5", f"bytes={'9' * 6000}-", "bytes=²-"]:
        status, headers, body = ask(address, "/course/numbers.bin", Range=asked)
        assert status == 200 and body == bytes(range(100)), asked
        assert headers["Accept-Ranges"] == "bytes" and "Content-Range" not in headers


def test_range_behind_the_end_is_refused(serving, numbered):
    address = serving()
    for asked in ("bytes=100-", "bytes=100-200", "bytes=-0"):
        status, headers, body = ask(address, "/course/numbers.bin", Range=asked)
        assert status == 416 and body == b"", asked
        assert headers["Content-Range"] == "bytes */100"


def test_range_is_of_the_same_file_only(serving, numbered):
    address, path = serving(), "/course/numbers.bin"
    changed = ask(address, path)[1]["Last-Modified"]
    for known, expected in ((changed, 206), ('"tag"', 200), (changed[:-1], 200)):
        answer = ask(address, path, Range="bytes=40-", If_Range=known)
        assert answer[0] == expected
    os.utime(numbered, (1, 1))
    status, _, body = ask(address, path, Range="bytes=40-", If_Range=changed)
    assert status == 200 and len(body) == 100


def test_head_tells_what_get_would_send_and_has_no_range(serving, numbered):
    address = serving()
    for path in ("/", "/index.html", "/course/", "/course/numbers.bin", "/nothing"):
        status, headers, body = ask(address, path, "HEAD", Range="bytes=1-2")
        whole = ask(address, path)
        assert (status, body) == (whole[0], b"")
        assert headers["Content-Length"] == str(len(whole[2]))


def test_broken_off_download_goes_on(kit, serving):
    address, whole = serving(), (kit / "course.zip").read_bytes()
    half = whole[: len(whole) // 2]
    status, _, rest = ask(address, "/course.zip", Range=f"bytes={len(half)}-")
    assert status == 206 and half + rest == whole


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
        "Port 80 is not available (Permission denied). Name another one, such as "
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
        assert f"{folder} is not a kit. Make one" in capsys.readouterr().out


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
    with subprocess.Popen(
        command, cwd=COURSE, stdout=subprocess.PIPE, text=True
    ) as one:
        line = one.stdout.readline()
        address = re.fullmatch(
            r"Write on the blackboard: (http://[\d.]+:\d+/)\n", line
        )[1]
        port = address.split(":")[2]
        assert b"What to click" in get(f"http://127.0.0.1:{port}")
        one.send_signal(2)
        said = one.stdout.read()
    assert said.endswith("Stopped.\n") and one.returncode == 0
