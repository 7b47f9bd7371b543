"""`serve`: the kit and nothing else, solutions only when told, in whatever letters."""

import errno
import http.client
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

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
