"""The course is installed for real, moved, broken off, and becomes whole again."""

import contextlib
import http.server
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from helpers.classroom import launch
from helpers.engine.files import COURSE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux", reason="asks Linux for signals and disks"
    ),
]
ONE_TEST = ["test", "-q", "-n", "0", "tests/engine/test_tables.py"]
# The one below the environment that the tests run in, which has every package
BARE = getattr(sys, "_base_executable", sys.executable)
# A proxy that nobody answers at, as a network that is down
UNPLUGGED = dict.fromkeys(
    ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"], "http://127.0.0.1:9"
)


def variables(**others):
    """Packages come from the cache of this course, if they are there; nothing is set."""
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("LAYERS_", "VIRTUAL"))
    }
    cache = {"UV_CACHE_DIR": str(COURSE / ".uv" / "cache"), "UV_COMPILE_BYTECODE": "0"}
    return {**kept, **cache, **others}


def copy(folder):
    """Copy what the course needs to be installed, and uv, so that pip need not fetch it."""
    ignore = shutil.ignore_patterns("__pycache__", "*.ipynb")
    for name in ("helpers", "data", "notebooks", "tests/engine"):
        shutil.copytree(COURSE / name, folder / name, ignore=ignore)
    for name in (
        "pyproject.toml",
        "conftest.py",
        "tests/conftest.py",
        "tests/support.py",
    ):
        shutil.copy2(COURSE / name, folder / name)
    uv = Path(launch.find_uv())
    (folder / ".uv" / "bin").mkdir(parents=True)
    shutil.copy2(uv, folder / ".uv" / "bin" / uv.name)
    return folder


def start(folder, words, **others):
    return subprocess.Popen(
        [BARE, "-m", "helpers", *words],
        cwd=folder,
        env=variables(**others),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(folder, words=ONE_TEST, **others):
    with start(folder, words, **others) as process:
        out, _ = process.communicate(timeout=600)
    return process.returncode, out


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = copy(tmp_path_factory.mktemp("course") / "before")
    code, out = run(folder)
    assert code == 0, out
    return folder


def test_a_moved_course_works_without_a_network(installed):
    moved = installed.rename(installed.with_name("그 뒤 [after]"))
    try:
        os.utime(moved / "pyproject.toml")  # as after a pull
        for _ in range(2):
            code, out = run(moved, **UNPLUGGED)
            assert code == 0 and "3 passed" in out, out
        code, out = run(moved, ["lab", "--version"], **UNPLUGGED)
        assert code == 0, out
        words = [str(moved / ".venv/bin/python"), "-m", "helpers.classroom", "check"]
        done = subprocess.run(
            words, cwd=moved, env=variables(), capture_output=True, text=True
        )
        assert done.stdout == "Ready. Type: python3 -m helpers lab\n"
    finally:
        moved.rename(installed)


def test_without_home_and_with_pips_settings_it_works(installed):
    settings = dict.fromkeys(launch.MISLEADING, "1")
    code, out = run(installed, HOME="/nowhere", **settings, **UNPLUGGED)
    assert code == 0, out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_an_installation_that_was_broken_off_is_made_whole(tmp_path, number):
    folder = copy(tmp_path)
    process = start(folder, ONE_TEST)
    try:
        deadline = time.monotonic() + 300
        while not list((folder / ".venv").glob("lib/*/site-packages/tensorflow*")):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.001)
        os.killpg(process.pid, number)
        process.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode != 0
    assert not (folder / ".venv" / "complete.json").exists()
    code, out = run(folder)
    assert code == 0 and "3 passed" in out, out


@pytest.fixture
def disk(tmp_path):
    """A disk of 600 MB on which no program may run, and how to change it."""

    def mount(*words):
        done = subprocess.run(["mount", *words, tmp_path], capture_output=True)
        if done.returncode:
            pytest.skip("only root can make a disk")

    mount("-t", "tmpfs", "-o", "size=600m,noexec", "tmpfs")
    try:
        yield tmp_path, lambda options: mount("-o", f"remount,{options}")
    finally:
        subprocess.run(["umount", "-l", tmp_path], check=True)


def test_a_full_disk_is_said_and_the_next_start_goes_on(disk):
    place, remount = disk
    folder = copy(place / "course")
    code, out = run(folder)
    assert code == 1
    assert "uv could not be installed. " in out and "Traceback" not in out
    remount("exec")
    code, out = run(folder)
    assert code == 1
    assert "The course's packages cannot be installed: the disk is full." in out
    remount("size=6000m")
    code, out = run(folder)
    assert code == 0 and "3 passed" in out, out


def test_without_a_network_a_sentence_says_so(tmp_path):
    folder = copy(tmp_path)
    code, out = run(folder, UV_CACHE_DIR=str(tmp_path / "empty"), **UNPLUGGED)
    assert code == 1
    assert "cannot be installed: the network, or its package mirror, does not" in out


# --- another user ---------------------------------------------------------------------

NOBODY = 65534


@pytest.fixture
def for_all():
    """A folder that all users may enter; pytest closes its own whenever it starts."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be another"
)
def test_a_user_without_name_home_and_settings_installs_it(for_all):
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if python is None:
        pytest.skip("there is no Python that all users may run")
    folder = copy(for_all / "course")
    for one in (folder, *folder.rglob("*")):
        os.chown(one, NOBODY, NOBODY)
    words = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    words += ["env", "-i", "PATH=/usr/bin:/bin", "LANG=C.UTF-8", python]
    done = subprocess.run(
        [*words, "-m", "helpers", *ONE_TEST],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0 and "3 passed" in done.stdout, done.stdout
    assert (folder / ".venv" / "complete.json").stat().st_uid == NOBODY


# --- a network that reads encrypted connections ---------------------------------------


def openssl(folder, words):
    subprocess.run(
        ["openssl", *words.split()], cwd=folder, check=True, capture_output=True
    )


@pytest.fixture
def inspected(tmp_path):
    """A package index behind a certificate that only a school's own authority knows."""
    new = "-newkey rsa:2048 -nodes -subj"
    openssl(tmp_path, f"req -x509 {new} /CN=School -keyout ca.key -out ca.pem -days 2")
    openssl(tmp_path, f"req {new} /CN=localhost -keyout own.key -out own.csr")
    (tmp_path / "names").write_text("subjectAltName=DNS:localhost\n", encoding="utf-8")
    openssl(
        tmp_path,
        "x509 -req -in own.csr -CA ca.pem -CAkey ca.key -out own.pem -days 2 "
        "-extfile names",
    )

    class Index(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(404)
            self.end_headers()

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("localhost", 0), Index)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "own.pem", tmp_path / "own.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield tmp_path / "ca.pem", f"https://localhost:{server.server_port}/simple"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("known", [False, True])
def test_the_systems_certificates_count(inspected, tmp_path, known):
    authority, index = inspected
    folder = copy(tmp_path / "course")
    store = "/etc/ssl/certs/ca-certificates.crt"  # seen changed by this process alone
    unseen = ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "PIP_CERT"]
    given = {k: v for k, v in variables().items() if k not in unseen}
    given |= {"UV_CACHE_DIR": str(tmp_path / "empty"), "PIP_INDEX_URL": index}
    given |= {"NO_PROXY": "localhost", "no_proxy": "localhost"}
    mount = f"mount --bind {authority} {store} && " if known else ""
    words = ["unshare", "--mount", "sh", "-c", f'{mount}exec "$@"', "sh"]
    if subprocess.run([*words, "true"], capture_output=True).returncode:
        pytest.skip("only root can change the system's certificates for one process")
    done = subprocess.run(
        [*words, BARE, "-m", "helpers", *ONE_TEST],
        cwd=folder,
        env=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 1
    refused = "this machine does not know its certificate" in done.stdout
    answered = "not found in the package registry" in done.stdout
    assert (refused, answered) == (not known, known), done.stdout


# --- old Pythons ----------------------------------------------------------------------


def another_python(version):
    """Return the path of another Python on this machine, or skip the test."""
    places = Path.home().glob(f".pyenv/versions/{version}.*/bin/python")
    for found in [*map(str, places), shutil.which(f"python{version}")]:
        if found and subprocess.run([found, "-c", ""]).returncode == 0:
            return found  # and is more than a shim of pyenv's
    pytest.skip(f"there is no Python {version} here")


@pytest.mark.parametrize("version", ["3.6", "3.7", "3.8", "3.9"])
@pytest.mark.parametrize("words", [["lab"], ["test"], []])
def test_an_old_python_gets_a_sentence(version, words, tmp_path):
    python = another_python(version)
    done = subprocess.run(
        [python, "-m", "helpers", *words],
        cwd=copy(tmp_path),
        env=variables(LAYERS_OFFLINE="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 1 and "Traceback" not in done.stdout
    last = done.stdout.splitlines()[-1]
    said = (
        "is too old",
        "LAYERS_OFFLINE forbids the use of the network",
        "Not ready: this is",
    )
    assert any(words in last for words in said), last
