"""A picture from a path, an address, a button, a camera: found, or refused in words."""

import gzip
import http.server
import io
import os
import sys
import threading
import time
import types
import unicodedata
import zipfile
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_from_bytes

import numpy as np
import pytest
from picture_files import choose, encoded, refused, sample

from helpers import pictures
from helpers.datasets import cat_photograph
from helpers.engine import files
from helpers.engine.files import as_path
from helpers.pictures import camera_picture, own_picture, read_picture

# Paths, as people write them


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder, in which names lie in one Unicode form."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(sample()))
    return path


def assert_found(source):
    np.testing.assert_array_equal(read_picture(source), sample())


@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
@pytest.mark.parametrize("typed", ["NFC", "NFD"])
def test_names_in_both_unicode_forms(folder, on_disk, typed):
    name = "사진/größe/고양이.png"
    put(folder / unicodedata.normalize(on_disk, name))
    name = unicodedata.normalize(typed, name)
    address = "file://" + quote(str(folder / name))
    for source in (name, folder / name, f"~/{name}", f'"{name}"', address):
        assert_found(source)
    assert "It was looked for" in refused(name + "x", OSError)


def test_name_in_mixed_unicode_forms(folder):
    mixed = unicodedata.normalize("NFD", "고") + "양이.png"
    put(folder / mixed)
    for form in ("NFC", "NFD"):
        assert as_path(unicodedata.normalize(form, mixed)).name == mixed


WRITTEN = [
    '"{}"',
    "'{}'",
    " {}\n",
    '"{}" ',
    "file://{}",
    "file://localhost{}",
    "file:{}",
]
WRITTEN += ["FILE://{}", '"file://{}"']


@pytest.mark.parametrize("form", WRITTEN)
def test_paths_as_they_are_copied(folder, form):
    path = put(folder / "my cats" / "100%#1?.png")
    plain = str(path) if "/" not in form and "file" not in form else quote(str(path))
    if "file" in form.lower() and os.name == "nt":
        pytest.skip("Windows: see below")
    assert_found(form.format(plain))
    assert as_path(form.format(plain)) == path


def test_spaces_as_a_terminal_writes_them(folder):
    put(folder / "my big cat.png")
    assert_found("my\\ big\\ cat.png")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_file_addresses_of_windows(folder, monkeypatch):
    nturl2path = pytest.importorskip("nturl2path")
    monkeypatch.setattr("urllib.request.url2pathname", nturl2path.url2pathname)
    seen = []
    monkeypatch.setattr(files, "on_disk", lambda path: seen.append(str(path)) or path)
    as_path("file:///C:/Users/My%20Name/a.png")
    as_path("file://server/share/a.png")
    assert seen[0] == r"C:\Users\My Name\a.png" and seen[2] == r"\\server\share\a.png"


def test_file_of_the_very_name_comes_first(folder):
    plain = put(folder / "cat.png")
    for name in ("'cat.png'", " cat.png ", "file:cat.png", "data:cat.png"):
        if os.name == "nt":
            break  # such names cannot be there
        assert as_path(name) == plain.relative_to(folder) or name.startswith("data")
        put(folder / name)
        assert str(as_path(name)) == name
        assert_found(name)


@pytest.mark.parametrize("source", ["", " ", "\n"])
def test_empty_path(source):
    assert refused(source, OSError).startswith("The path is empty. Write the name of")


def test_folder_and_device_are_no_files(folder):
    assert "it is a folder. It was looked for" in refused(".", OSError)
    if os.path.exists("/dev/zero"):  # which never ends
        assert "it is no file. It was looked for" in refused("/dev/zero", OSError)


def test_path_that_leads_nowhere_is_named_as_it_was_typed(folder):
    for name in ("'nowhere.png'", "file:///nowhere/%20.png", "~/nowhere.png"):
        assert as_path(name) == type(folder)(os.path.expanduser(name))
    assert refused("'nowhere.png'", OSError).startswith(
        "'nowhere.png' cannot be read: "
    )


def test_path_like_objects(folder):
    path = put(folder / "cat.png")
    sources = [
        np.str_("cat.png"),
        *os.scandir(folder),
        *os.scandir(os.fsencode(folder)),
    ]
    for source in (*sources, np.bytes_(path.read_bytes())):
        assert_found(source)


# Files that are open


def test_open_files_are_read_from_their_beginning(folder):
    path = put(folder / "cat.png")
    with zipfile.ZipFile(folder / "cats.zip", "w") as file:
        file.write("cat.png")
    buffer = io.BytesIO()
    buffer.write(path.read_bytes())  # and at its end, as after image.save(buffer)
    archive = zipfile.ZipFile(folder / "cats.zip")
    with path.open("rb") as file, archive, archive.open("cat.png") as member:
        for source in (buffer, file, file, member):
            assert_found(source)


def test_open_files_that_are_refused(folder, monkeypatch):
    path = put(folder / "cat.png")
    with path.open(encoding="utf-8") as file:
        assert 'Write open(path, "rb")' in refused(file, TypeError)
    assert 'Write open(path, "rb")' in refused(io.StringIO("text"), TypeError)
    monkeypatch.setattr(pictures, "MEMORY", 200)
    assert "A picture may have 150: make it smaller" in refused(io.BytesIO(bytes(200)))


# Addresses that hold the picture themselves


def coded(content, head="data:image/png;base64,"):
    return head + b64encode(content).decode()


def test_data_addresses():
    content = encoded(sample())
    plain = b64encode(content).decode()
    sources = [coded(content), " " + coded(content).replace(",", ",\n ") + "\n"]
    sources += ["DATA:;BASE64," + plain, "data:image/png;base64," + plain.rstrip("=")]
    sources += ["data:image/png;base64," + quote(plain, safe="")]
    sources += ["data:image/png;base64," + urlsafe_b64encode(content).decode()]
    sources += ["data:image/png," + quote_from_bytes(content)]
    lines = [plain[i : i + 76] for i in range(0, len(plain), 76)]
    for source in (*sources, "data:image/png;base64," + "\r\n".join(lines)):
        assert_found(source)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("data:image/png;base64", "is cut short: it has no comma"),
        ("data:image/png;base64,한글", "is damaged: no base64"),
        ("data:image/png;base64,ab!c", "is damaged: no base64"),
        ("data:image/png;base64,abcde", "is damaged: no base64"),
        ("data:image/png;base64,", "is empty"),
        ("data:image/svg+xml,%3Csvg/%3E", "is an SVG drawing"),
        ("data:text/html,<html>", "is a web page"),
    ],
)
def test_data_addresses_that_hold_no_picture(address, words):
    message = refused(address)
    assert words in message
    assert "base64," not in message


def test_data_address_has_a_limit(monkeypatch):
    monkeypatch.setattr(pictures, "BYTES", 1_000_000)
    long = "data:image/png;base64," + "abcd" * 1_000_000
    assert "has more than 1 MB" in refused(long)


# Addresses


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.headers_seen = self.headers
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/cat.png")
            self.end_headers()
            return
        if self.path == "/loop":
            self.send_response(302)
            self.send_header("Location", "/loop")
            self.end_headers()
            return
        if self.path == "/half":
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.wfile.write(encoded(sample())[:100])
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
            bodies = {
                "/cat.png": encoded(sample()),
                "/zipped": gzip.compress(encoded(sample())),
                "/torn": gzip.compress(encoded(sample()))[:-60],
                "/bomb": gzip.compress(bytes(10**8)),
                "/nonsense": b"\x1f\x8b no gzip",
            }
            self.wfile.write(bodies.get(self.path, b"<html></html>"))
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


@pytest.mark.parametrize("path", ["/cat.png", "/moved", "/zipped"])
def test_picture_from_an_address(server, path):
    np.testing.assert_array_equal(read_picture(server.address + path), sample())
    assert server.headers_seen["User-Agent"] == "inside-the-layers"


def test_address_without_a_picture(server):
    assert "127.0.0.1 answered 404" in refused(server.address + "/missing", OSError)
    assert "is a web page" in refused(server.address + "/page")


def test_endless_answer_is_left(server, monkeypatch):
    monkeypatch.setattr(pictures, "BYTES", 2_000_000)
    assert "sends more than 2 MB" in refused(server.address + "/endless")


def test_answers_that_are_no_whole_picture(server):
    assert "was interrupted after 100 bytes" in refused(
        server.address + "/half", OSError
    )
    loop = refused(server.address + "/loop", OSError)
    assert "127.0.0.1 redirects from one address to the next without end." in loop
    assert "sends more than 30 MB" in refused(server.address + "/bomb")
    assert "damaged or cut short" in refused(server.address + "/torn")
    assert "is not a picture that can be read" in refused(server.address + "/nonsense")


@pytest.mark.parametrize("host", ["localhost:abc", ".example.com"])
def test_addresses_that_are_none(monkeypatch, host):
    monkeypatch.setenv("LAYERS_OFFLINE", "0")
    address = f"http://{host}/cat.png"
    assert f"{address} is not a valid address" in refused(address, OSError)


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
    "http://[::1/x",
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
