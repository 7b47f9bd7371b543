"""A machine that takes an archive made here for CIFAR-10's, and mirrors that serve it.

Fixtures: a test file takes them with ``pytest_plugins = ["mirrors"]``.
"""

import hashlib
import pickle
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from archives import Trap, cifar10_like, screen

from helpers import datasets
from helpers.engine import cifar10 as archives


@pytest.fixture(scope="module")
def made():
    return cifar10_like(batch_size=20, different_pixels=20 * 3072)


@pytest.fixture
def cifar10(made, monkeypatch):
    """Make the helpers take the archive made here for CIFAR-10's."""
    archive, arrays = made
    shapes_of_arrays = {name: array.shape for name, array in arrays.items()}
    monkeypatch.setattr(archives, "SHAPES", shapes_of_arrays)
    monkeypatch.setattr(datasets, "ARCHIVE_BYTES", len(archive))
    monkeypatch.setattr(archives, "ARCHIVE_SHA256", hashlib.sha256(archive).hexdigest())
    return made


class Mirror(BaseHTTPRequestHandler):
    """Serves the file in the way that the path names."""

    def do_GET(self):
        self.server.paths.append(self.path)
        getattr(self, self.path[1:])(self.server.data)

    def head(self, size, **more):
        self.send_response(200)
        if size is not None:
            self.send_header("Content-Length", str(size))
        for name, value in more.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def wait(self, seconds=None):
        if self.server.closing.wait(seconds):
            raise ConnectionAbortedError

    def good(self, data):
        self.head(len(data))
        self.wfile.write(data)

    def nameless_size(self, data):
        self.head(None)
        self.wfile.write(data)

    def called_zipped(self, data):
        self.head(len(data), Content_Encoding="gzip")
        self.wfile.write(data)

    def together(self, data):
        self.server.both.wait(60)
        self.good(data)

    def not_found(self, data):
        self.send_error(404)

    def cut_off(self, data):
        self.head(len(data))
        self.wfile.write(data[: len(data) // 2])

    def cut_off_unseen(self, data):
        self.head(None)
        self.wfile.write(data[: len(data) // 2])

    def wrong_bytes(self, data):
        self.head(len(data))
        self.wfile.write(bytes(len(data)))

    def login_page(self, data):
        self.head(20)
        self.wfile.write(b"<html>log in</html> ")

    def larger(self, data):
        self.head(len(data) + 1)
        self.wait()  # it need not be read

    def endless(self, data):
        self.head(None)
        while True:
            self.wfile.write(data)

    def silent(self, data):
        self.wait()

    def silent_half_way(self, data):
        self.head(len(data))
        self.wfile.write(data[: len(data) // 2])
        self.wait()

    def slow(self, data):
        self.head(len(data))
        for i in range(0, len(data), 1000):  # at most 10 kB/s: over 30 seconds
            self.wfile.write(data[i : i + 1000])
            self.wait(0.1)

    def trickling(self, data):
        self.head(len(data))
        for i in range(len(data)):
            self.wfile.write(data[i : i + 1])
            self.wait(0.1)

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # clients that go away are what many tests are about


@pytest.fixture
def mirrors(cifar10, monkeypatch):
    """Start the server; returns a function that sets the mirrors by their manners."""
    server = Server(("127.0.0.1", 0), Mirror)
    server.data, server.paths = cifar10[0], []
    server.closing, server.both = threading.Event(), threading.Barrier(2)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()

    def set_mirrors(*manners):
        url = "http://127.0.0.1:{}/{}".format
        urls = tuple(url(server.server_port, manner) for manner in manners)
        monkeypatch.setattr(datasets, "MIRRORS", urls)

    set_mirrors.server = server
    yield set_mirrors
    server.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Keras's folder for data sets, not made yet; no mirror, no variable is set."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home" / "keras"))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("LAYERS_OFFLINE", raising=False)
    monkeypatch.delenv("LAYERS_CIFAR10", raising=False)
    monkeypatch.setattr(datasets, "MIRRORS", ())
    return tmp_path / "home" / "keras" / "datasets"


@pytest.fixture
def printed(capfd):
    """Returns a function: the lines on stdout as the screen shows them in the end.

    Nothing may go to stderr in any test.
    """

    def lines():
        out, err = capfd.readouterr()
        assert err == ""
        return screen(out)

    yield lines
    assert capfd.readouterr().err == ""


@pytest.fixture
def trap(tmp_path):
    """A trap that is shown to work; it must not have snapped in the end."""
    snapped = tmp_path / "snapped"
    pickle.loads(pickle.dumps(Trap(snapped)))
    snapped.rmdir()
    yield Trap(snapped)
    assert not snapped.exists()
