"""A picture from an address, a button, a camera: fetched in time, or refused."""

import http.server
import sys
import threading
import time
import types
from base64 import b64encode

import numpy as np
import pytest
from picture_files import choose, encoded, refused, sample

from helpers import pictures
from helpers.datasets import cat_photograph
from helpers.pictures import camera_picture, own_picture, read_picture

# Addresses


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.headers_seen = self.headers
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/cat.png")
            self.end_headers()
            return
        if self.path == "/silent":
            self.server.closing.wait(30)
            return
        self.send_response(404 if self.path == "/missing" else 200)
        self.end_headers()
        try:
            if self.path == "/endless":
                while not self.server.closing.is_set():
                    self.wfile.write(bytes(1 << 16))
            if self.path == "/trickle":
                while not self.server.closing.wait(0.01):
                    self.wfile.write(b"x")
            body = encoded(sample()) if self.path == "/cat.png" else b"<html></html>"
            self.wfile.write(body)
        except OSError:  # the reader has gone
            pass

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("LAYERS_OFFLINE", "0")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.closing = threading.Event()
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    server.address = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("path", ["/cat.png", "/moved"])
def test_picture_from_an_address(server, path):
    np.testing.assert_array_equal(read_picture(server.address + path), sample())
    assert server.headers_seen["User-Agent"] == "inside-the-layers"


def test_address_without_a_picture(server):
    assert "127.0.0.1 answered 404" in refused(server.address + "/missing", OSError)
    assert "is a web page" in refused(server.address + "/page")


def test_endless_answer_is_left(server, monkeypatch):
    monkeypatch.setattr(pictures, "BYTES", 2_000_000)
    assert "sends more than 2 MB" in refused(server.address + "/endless")


@pytest.mark.parametrize("path", ["/trickle", "/silent"])
def test_deadline_holds(server, monkeypatch, path):
    monkeypatch.setattr(pictures, "DEADLINE", 0.3)
    monkeypatch.setattr(pictures, "SILENCE", 0.3)
    start = time.monotonic()
    assert "is too slow or does not answer" in refused(server.address + path, OSError)
    assert time.monotonic() - start < 5


def test_limits_leave_room_for_a_slow_line_and_none_for_waiting():
    """A photograph of 4 MB at 2 Mbit/s comes; nobody waits a minute before a cell."""
    assert 16 <= pictures.DEADLINE <= 60
    assert 5 <= pictures.SILENCE <= pictures.DEADLINE
    assert 10_000_000 <= pictures.BYTES <= 100_000_000


def test_no_connection(server, monkeypatch):
    address = f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    assert "no connection to 127.0.0.1" in refused(address + "/cat.png", OSError)


NO_HOST = [
    "https://",
    "http:///cat.png",
    "https:cat.png",
    "http://[::1",
    "HTTP://[",
    "http://]",
]


@pytest.mark.parametrize("address", NO_HOST)
@pytest.mark.parametrize("offline", "01")
def test_address_without_a_host(monkeypatch, address, offline):
    monkeypatch.setenv("LAYERS_OFFLINE", offline)
    assert refused(address, OSError) == (
        f"The address {address} is not complete: no host is named in it."
    )


def test_offline_setting_is_kept(monkeypatch):
    monkeypatch.setenv("LAYERS_OFFLINE", "1")
    message = refused("https://example.org/cat.png", OSError)
    assert "LAYERS_OFFLINE forbids" in message and "pass its path" in message


# The button


def test_cat_stands_in_until_a_picture_is_chosen():
    own = own_picture()
    np.testing.assert_array_equal(read_picture(own), cat_photograph())
    assert own.said.value == "The course&#x27;s cat: 32 rows, 32 columns."
    before = bytes(own.preview.value)
    choose(own.upload, encoded(sample()), "<b>.png")
    np.testing.assert_array_equal(read_picture(own), sample())
    assert own.said.value == "&lt;b&gt;.png: 40 rows, 60 columns."
    preview = read_picture(bytes(own.preview.value))
    assert preview.shape == (40, 60, 3) and bytes(own.preview.value) != before


def test_large_picture_has_a_small_preview():
    own = own_picture()
    choose(own.upload, encoded(sample(800, 1200)))
    assert read_picture(bytes(own.preview.value)).shape == (256, 384, 3)


def test_unreadable_upload_says_so_under_the_button_and_when_read():
    own = own_picture()
    choose(own.upload, b"%PDF-1.7", "mine.pdf")
    assert own.said.value == (
        "mine.pdf is a PDF. Save the picture in it as PNG or JPEG."
    )
    assert bytes(own.preview.value) == b""
    assert "mine.pdf is a PDF" in refused(own)


def test_button_is_stored_as_text(monkeypatch):
    stored = []
    monkeypatch.setattr(
        "helpers.engine.shown.display", lambda data, raw: stored.append(data)
    )
    own = own_picture()
    own._ipython_display_()
    assert stored[0]["text/plain"] == repr(own) == repr(own_picture())
    assert stored[0]["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert own.upload.accept == "image/*"


# The camera


def test_no_camera_outside_colab():
    with pytest.raises(RuntimeError, match="Only Colab lets a cell use the camera"):
        camera_picture()


@pytest.fixture
def colab(monkeypatch):
    """Stand in for what Colab alone has: a function that runs JavaScript."""
    output = types.ModuleType("google.colab.output")
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    monkeypatch.setitem(sys.modules, "google.colab.output", output)
    return output


def test_camera_on_colab(colab):
    address = "data:image/png;base64," + b64encode(encoded(sample())).decode()
    colab.eval_js = lambda script: address if "getUserMedia" in script else None
    assert camera_picture(16).shape == (16, 16, 3)
    np.testing.assert_array_equal(camera_picture(), sample())


def test_camera_that_is_not_allowed(colab):
    def refuse(script):
        raise Exception("NotAllowedError: Permission denied")

    colab.eval_js = refuse
    with pytest.raises(RuntimeError, match="Permission denied"):
        camera_picture()
