"""`helpers.datasets`, and the modules it uses: `cifar10`, `download`, `shapes`.

CIFAR-10 itself is not needed: archives in its layout are made here, and the checksum
the helpers ask for is set to theirs. Mirrors are a real HTTP server on this machine.
Where a folder must refuse to be written, a file stands in its place or the system call
is made to fail, because permissions do not bind a test that runs as root.
"""

import doctest
import errno
import hashlib
import io
import os
import pickle
import signal
import struct
import subprocess
import sys
import tarfile
import textwrap
import threading
import time
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

import helpers.engine.stand_in
from helpers import datasets
from helpers.datasets import cifar10_source, fetch_cifar10, load_cifar10
from helpers.engine import cifar10 as archives
from helpers.engine import download
from helpers.engine.stand_in import SHAPE_CLASSES, shapes

ROOT = Path(__file__).resolve().parent.parent
STAND_IN = "Generated pictures of ten shapes stand in for it."


# The archive ------------------------------------------------------------------------


def text(words):
    return b"U" + bytes([len(words)]) + words


def python2_pickle(pixels, labels):
    """A batch as Python 2 wrote it: byte strings, and the dtype of an old NumPy."""
    dtype = (
        b"cnumpy\ndtype\n" + text(b"u1") + b"K\x00K\x01\x87R(K\x03" + text(b"|")
        + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    )  # fmt: skip
    return b"".join(
        [
            b"\x80\x02}(",
            text(b"batch_label") + text(b"a batch"),
            text(b"labels") + b"](",
            *(b"K" + bytes([label]) for label in labels),
            b"e" + text(b"data"),
            b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n",
            b"K\x00\x85" + text(b"b") + b"\x87R",
            b"(K\x01J" + struct.pack("<i", len(pixels)) + b"M\x00\x0c\x86",
            dtype + b"\x89T" + struct.pack("<i", pixels.size) + pixels.tobytes(),
            b"tbu.",
        ]
    )


def make_archive(batches):
    """CIFAR-10's archive of these batches, each pickled already."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=1) as tar:
        members = {"batches.meta": b"", "readme.html": b"", **batches}
        for name, data in members.items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return archive.getvalue()


def cifar10_like(batch_size, different_pixels):
    """The archive and the arrays of a data set in CIFAR-10's layout."""
    random = np.random.Generator(np.random.PCG64(0))
    names = [f"data_batch_{i}" for i in (4, 3, 2, 5, 1)] + ["test_batch"]
    pixels, labels, batches = {}, {}, {}
    for name in names:
        some = random.integers(0, 256, different_pixels, "uint8")
        pixels[name] = np.resize(some, (batch_size, 3072))
        labels[name] = random.integers(0, 10, batch_size, "uint8")
        batches[name] = python2_pickle(pixels[name], labels[name])

    def joined(names):
        x = np.concatenate([pixels[name] for name in names])
        y = np.concatenate([labels[name] for name in names])
        return x.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), y[:, None]

    x_train, y_train = joined(sorted(names)[:5])
    x_test, y_test = joined(["test_batch"])
    return make_archive(batches), dict(
        x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test
    )


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


def is_cifar10(dataset, arrays):
    (x_train, y_train), (x_test, y_test) = dataset
    for array, name in ((x_train, "x_train"), (y_train, "y_train")):
        np.testing.assert_array_equal(array, arrays[name], strict=True)
    for array, name in ((x_test, "x_test"), (y_test, "y_test")):
        np.testing.assert_array_equal(array, arrays[name], strict=True)
    assert dataset.classes == datasets.CIFAR10_CLASSES
    return not dataset.is_stand_in


# The mirrors ------------------------------------------------------------------------


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


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Keras's folder for data sets, not made yet; no mirror, no variable is set."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home" / "keras"))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("LAYERS_OFFLINE", raising=False)
    monkeypatch.delenv("LAYERS_CIFAR10", raising=False)
    monkeypatch.setattr(datasets, "MIRRORS", ())
    return tmp_path / "home" / "keras" / "datasets"


@pytest.fixture(autouse=True)
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


def names_in(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def put_archive(folder, data):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / datasets.ARCHIVE).write_bytes(data)


# Downloading ------------------------------------------------------------------------


@pytest.mark.parametrize("manner", ["good", "nameless_size", "called_zipped"])
def test_a_good_mirror_gives_the_archive(manner, mirrors, folder, printed):
    mirrors(manner, "not_found")
    archive = fetch_cifar10()
    assert archive == folder / datasets.ARCHIVE
    assert archive.read_bytes() == mirrors.server.data
    assert archive.stat().st_mode & 0o444 == 0o444
    assert names_in(folder) == [datasets.ARCHIVE]
    assert fetch_cifar10() == archive
    assert mirrors.server.paths == [f"/{manner}"]
    assert printed() == []


TOO_SLOW = "too slow, it would take over 0.1 minutes"
BROKEN = "no connection, or it broke off"
ANOTHER = "it sent another file (size or checksum differ)"


@pytest.mark.parametrize(
    "manner, reason",
    [
        ("not_found", "it answered 404"),
        ("cut_off", BROKEN),
        ("cut_off_unseen", ANOTHER),
        ("wrong_bytes", ANOTHER),
        ("login_page", ANOTHER),
        ("larger", ANOTHER),
        ("endless", ANOTHER),
        ("silent", "no answer"),
        ("silent_half_way", "no answer"),
        ("slow", TOO_SLOW),
        ("trickling", TOO_SLOW),
    ],
)
def test_a_bad_mirror_leaves_nothing_and_the_next_try_works(
    manner, reason, mirrors, folder, printed, monkeypatch
):
    if reason == "no answer":
        monkeypatch.setattr(download, "READ_TIMEOUT", 0.5)
    if reason == TOO_SLOW:
        monkeypatch.setattr(download, "TIME_LIMIT", 6)
        monkeypatch.setattr(download, "JUDGE_AFTER", 0.5)
        monkeypatch.setattr(download, "WINDOW", 0.3)
    mirrors(manner)
    with pytest.raises(
        OSError, match="^CIFAR-10 cannot be downloaded: no mirror could"
    ):
        fetch_cifar10()
    assert names_in(folder) == []
    assert printed() == [f"127.0.0.1: {reason}."]
    monkeypatch.setattr(download, "READ_TIMEOUT", 15)
    mirrors("good")
    assert fetch_cifar10().read_bytes() == mirrors.server.data


def test_a_mirror_that_refuses_the_connection_is_left(mirrors, folder, printed):
    mirrors.server.socket.close()
    mirrors("good")
    with pytest.raises(OSError, match="no mirror could deliver it"):
        fetch_cifar10()
    assert printed() == [f"127.0.0.1: {BROKEN}."]


def test_mirrors_are_tried_in_order(mirrors, folder, printed):
    mirrors("not_found", "wrong_bytes", "good", "silent")
    assert fetch_cifar10().read_bytes() == mirrors.server.data
    assert mirrors.server.paths == ["/not_found", "/wrong_bytes", "/good"]
    assert printed() == ["127.0.0.1: it answered 404.", f"127.0.0.1: {ANOTHER}."]


def test_the_bar_shows_speed_and_time_left_on_stdout(mirrors, capfd, monkeypatch):
    monkeypatch.setattr(download, "TIME_LIMIT", 6)
    monkeypatch.setattr(download, "JUDGE_AFTER", 0.5)
    monkeypatch.setattr(download, "WINDOW", 0.3)
    mirrors("slow")
    with pytest.raises(OSError):
        fetch_cifar10()
    out, err = capfd.readouterr()
    assert err == ""
    bars = [bar for bar in out.split("\r") if "127.0.0.1: " in bar and "%" in bar]
    assert "kB/s]" in bars[-1] and "<" in bars[-1]


def judge(*rates):
    """Feed a projection with (seconds, bytes a second) one after the other.

    Returns the time at which the mirror is left, or None; ten blocks a second come.
    """
    projection = download.Projection(datasets.ARCHIVE_BYTES)
    now, done = 100.0, 0
    for seconds, rate in rates:
        if rate == 0:
            now += seconds
            continue
        for _ in range(round(10 * seconds)):
            now, done = now + 0.1, done + rate / 10
            if done >= datasets.ARCHIVE_BYTES:
                return None
            try:
                projection.update(now, done)
            except download.TooSlow:
                return now - 100
    raise AssertionError("the file ended neither way")


@pytest.mark.parametrize(
    "rates",
    [
        [(100, 5e6)],
        [(300, 1.0e6)],  # 171 seconds
        [(0.1, 5e6), (5, 0), (100, 5e6)],  # a stall after the first block
        [(1, 1e4), (4, 0), (100, 2e6)],
        [(10, 5e6), (14, 0), (100, 5e6)],  # a stall in the middle
        [(30, 1.5e6), (5, 1e5), (300, 1.5e6)],
        [(7, 7e4), (100, 5e6)],  # slow at first
    ],
)
def test_a_mirror_that_is_fast_enough_is_not_left(rates):
    assert judge(*rates) is None


@pytest.mark.parametrize(
    "rates, before",
    [
        ([(300, 7e4)], 9),  # what cs.toronto.edu gives
        ([(300, 0.9e6)], 9),  # 189 seconds
        ([(1, 5e6), (300, 7e4)], 11),  # a burst, then throttled
        ([(10, 5e6), (300, 7e4)], 70),
        ([(300, 10)], 9),
        (
            [(0.1, 10), (14, 0), (0.1, 10), (14, 0), (0.1, 10)],
            16,
        ),  # a byte now and then
    ],
)
def test_a_mirror_that_is_too_slow_is_left_soon(rates, before):
    assert judge(*rates) <= before


def test_an_interrupted_download_leaves_nothing(mirrors, folder, printed, monkeypatch):
    class Bar(download.tqdm):
        def update(self, n=1):
            assert len(names_in(folder)) == 1
            raise KeyboardInterrupt

    monkeypatch.setattr(download, "tqdm", Bar)
    mirrors("good")
    with pytest.raises(KeyboardInterrupt):
        fetch_cifar10()
    assert names_in(folder) == []
    assert load_cifar10().is_stand_in
    assert names_in(folder) == []
    assert printed() == [f"Loading CIFAR-10 was interrupted. {STAND_IN}"]
    monkeypatch.undo()


def start_python(code, **variables):
    """Run code in another Python whose helpers have this one's mirrors and checksum."""
    start = f"""
        import hashlib, signal
        from helpers import datasets
        from helpers.engine import cifar10 as archives
        signal.signal(signal.SIGINT, signal.default_int_handler)
        datasets.MIRRORS = {datasets.MIRRORS!r}
        datasets.ARCHIVE_BYTES = {datasets.ARCHIVE_BYTES!r}
        archives.ARCHIVE_SHA256 = {archives.ARCHIVE_SHA256!r}
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(start) + textwrap.dedent(code)],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def screen(out):
    """The lines of a text as the screen shows them in the end."""
    lines = [line.split("\r")[-1] for line in out.split("\n")]
    return [line for line in lines if line]


def finish(python, silent=True):
    """The lines that another Python printed; it must end well, with nothing on stderr."""
    out, err = python.communicate(timeout=120)
    assert python.returncode == 0 and not (silent and err), err.decode()
    return screen(out.decode())


def test_ctrl_c_during_a_download(mirrors, folder):
    mirrors("silent_half_way")
    with start_python("print(datasets.load_cifar10().is_stand_in)") as python:
        while not any(path.stat().st_size for path in folder.glob("*")):
            assert python.poll() is None
            time.sleep(0.01)
        python.send_signal(signal.SIGINT)
        lines = finish(python)
    assert lines == [f"Loading CIFAR-10 was interrupted. {STAND_IN}", "True"]
    assert names_in(folder) == []


def test_two_kernels_download_at_once(mirrors, folder):
    mirrors("together")
    code = "print(hashlib.sha256(datasets.fetch_cifar10().read_bytes()).hexdigest())"
    with start_python(code) as one, start_python(code) as other:
        assert finish(one) == finish(other) == [archives.ARCHIVE_SHA256]
    assert mirrors.server.paths == ["/together", "/together"]
    assert names_in(folder) == [datasets.ARCHIVE]


def test_keras_finds_the_archive_afterwards(mirrors, folder, printed, monkeypatch):
    archive, arrays = cifar10_like(batch_size=10_000, different_pixels=5_003)
    mirrors.server.data = archive
    monkeypatch.setattr(datasets, "ARCHIVE_BYTES", len(archive))
    monkeypatch.setattr(archives, "ARCHIVE_SHA256", hashlib.sha256(archive).hexdigest())
    sizes = {name: array.shape for name, array in arrays.items()}
    assert sizes == {
        "x_train": (50_000, 32, 32, 3),
        "y_train": (50_000, 1),
        "x_test": (10_000, 32, 32, 3),
        "y_test": (10_000, 1),
    }
    monkeypatch.setattr(archives, "SHAPES", sizes)
    mirrors("good")
    dataset = load_cifar10()
    assert not dataset.is_stand_in and printed() == []
    with start_python(
        """
        import socket
        def refuse(*arguments):
            raise AssertionError("Keras downloads")
        socket.socket.connect = socket.getaddrinfo = refuse
        from keras.src.datasets import cifar10
        keras_get_file = cifar10.get_file
        def get_file(file_hash, **arguments):
            return keras_get_file(file_hash=archives.ARCHIVE_SHA256, **arguments)
        cifar10.get_file = get_file
        for x, y in cifar10.load_data():
            print(hashlib.sha256(x.tobytes()).hexdigest(), y.sum())
        """
    ) as python:
        assert finish(python, silent=False) == [
            f"{hashlib.sha256(x.tobytes()).hexdigest()} {y.sum()}" for x, y in dataset
        ]


# Folders and disks ------------------------------------------------------------------


def test_without_keras_home_the_folder_is_in_the_home(tmp_path, monkeypatch):
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert datasets.keras_folders() == [tmp_path / ".keras" / "datasets"]
    monkeypatch.setenv("KERAS_HOME", "~/other")
    assert datasets.keras_folders() == [tmp_path / "other" / "datasets"]


def test_a_read_only_home_is_read_and_keras_temporary_folder_written(
    mirrors, folder, tmp_path, printed, monkeypatch
):
    monkeypatch.setattr(datasets, "TEMPORARY", tmp_path / "temporary")
    writable = os.access
    monkeypatch.setattr(
        os,
        "access",
        lambda path, mode: "home" not in str(path) and writable(path, mode),
    )
    (tmp_path / "home" / "keras").mkdir(parents=True)
    second = tmp_path / "temporary" / ".keras" / "datasets"
    mirrors("good")
    assert fetch_cifar10() == second / datasets.ARCHIVE
    (second / datasets.ARCHIVE).unlink()

    put_archive(folder, mirrors.server.data)
    mirrors()
    assert not load_cifar10().is_stand_in
    assert names_in(folder) == [datasets.ARCHIVE]
    assert names_in(second) == [datasets.ARRAY_CACHE]
    assert not load_cifar10().is_stand_in
    assert printed() == []


def test_a_folder_that_cannot_be_made(mirrors, tmp_path, printed, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file" / "keras"))
    mirrors("good")
    sentence = (
        f"CIFAR-10 cannot be downloaded: {tmp_path}/file/keras/datasets "
        "cannot be written (Not a directory)."
    )
    with pytest.raises(OSError) as error:
        fetch_cifar10()
    assert str(error.value) == sentence
    assert load_cifar10().is_stand_in
    assert printed() == [f"{sentence} {STAND_IN}"]
    assert mirrors.server.paths == []


def test_a_folder_that_cannot_be_written(mirrors, folder, printed, monkeypatch):
    def refuse(*arguments, **keywords):
        raise PermissionError(errno.EACCES, "Permission denied")

    folder.mkdir(parents=True)
    monkeypatch.setattr("pooch.utils.tempfile.NamedTemporaryFile", refuse)
    mirrors("good", "good")
    with pytest.raises(OSError, match=r"cannot be written \(Permission denied\)\.$"):
        fetch_cifar10()
    assert load_cifar10().is_stand_in
    assert len(printed()) == 1


def test_a_disk_without_the_space(mirrors, folder, printed, monkeypatch):
    class Usage:
        free = 12_345_678

    monkeypatch.setattr(download.shutil, "disk_usage", lambda path: Usage)
    mirrors("good")
    assert load_cifar10().is_stand_in
    assert printed() == [
        f"CIFAR-10 cannot be downloaded: 360 MB are needed on the disk of {folder}, "
        f"where 12 MB are free. {STAND_IN}"
    ]
    assert mirrors.server.paths == []


def test_a_disk_that_fills_up(mirrors, folder, printed, monkeypatch):
    class FullFile(io.FileIO):
        def write(self, block):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download, "open", FullFile, raising=False)
    mirrors("good", "good")
    assert load_cifar10().is_stand_in
    assert printed() == [
        f"CIFAR-10 cannot be downloaded: {folder} cannot be written "
        f"(No space left on device). {STAND_IN}"
    ]
    assert mirrors.server.paths == ["/good"]
    assert names_in(folder) == []


# Keras's archive --------------------------------------------------------------------


def test_keras_archive_is_loaded_silently(cifar10, folder, printed):
    put_archive(folder, cifar10[0])
    dataset = load_cifar10()
    assert is_cifar10(dataset, cifar10[1])
    assert dataset.source == "CIFAR-10 from the archive in Keras's cache."
    assert repr(dataset) == (
        "<Dataset: 100 training and 20 test images, 10 classes. "
        "CIFAR-10 from the archive in Keras's cache.>"
    )
    copied = pickle.loads(pickle.dumps(dataset))
    assert repr(copied) == repr(dataset) and is_cifar10(copied, cifar10[1])
    assert printed() == []


def test_arrays_of_an_archive_are_mapped_into_memory(cifar10, folder):
    put_archive(folder, cifar10[0])
    (x_train, _), (x_test, _) = load_cifar10()
    assert isinstance(x_train.base, np.memmap) and isinstance(x_test.base, np.memmap)


def test_what_numpy_says_of_old_pickles_is_kept_off_the_screen(
    cifar10, folder, monkeypatch
):
    def load(*arguments, **keywords):  # as NumPy 2.4.0 does
        warnings.warn("align", np.exceptions.VisibleDeprecationWarning, stacklevel=2)
        return unpickled(*arguments, **keywords)

    unpickled = pickle.load
    monkeypatch.setattr(pickle, "load", load)
    put_archive(folder, cifar10[0])
    with warnings.catch_warnings(record=True) as shown:
        assert not load_cifar10().is_stand_in
    assert shown == []


def test_a_damaged_archive_is_replaced_by_a_good_one_only(mirrors, folder, printed):
    damaged = mirrors.server.data[:-1] + b"?"
    put_archive(folder, damaged)
    line = "CIFAR-10's archive in Keras's cache is damaged: downloading another."

    mirrors("wrong_bytes")
    assert load_cifar10().is_stand_in
    assert (folder / datasets.ARCHIVE).read_bytes() == damaged
    assert names_in(folder) == [datasets.ARCHIVE]
    assert printed() == [
        line,
        f"127.0.0.1: {ANOTHER}.",
        f"CIFAR-10 cannot be downloaded: no mirror could deliver it. {STAND_IN}",
    ]

    mirrors("good")
    assert not load_cifar10().is_stand_in
    assert (folder / datasets.ARCHIVE).read_bytes() == mirrors.server.data
    assert printed() == [line]


def test_a_damaged_archive_offline(mirrors, folder, printed, monkeypatch):
    monkeypatch.setenv("LAYERS_OFFLINE", "1")
    put_archive(folder, b"damaged")
    mirrors("good")
    assert load_cifar10().is_stand_in
    assert printed() == [
        "CIFAR-10 is damaged in Keras's cache, and LAYERS_OFFLINE forbids a download. "
        + STAND_IN
    ]
    assert mirrors.server.paths == []
    assert (folder / datasets.ARCHIVE).read_bytes() == b"damaged"


def test_offline(mirrors, folder, printed, monkeypatch):
    monkeypatch.setenv("LAYERS_OFFLINE", "1")
    mirrors("good")
    dataset = load_cifar10()
    assert printed() == [
        "CIFAR-10 is not on this machine, and LAYERS_OFFLINE forbids a download. "
        "Generated pictures of ten shapes stand in for it."
    ]
    assert dataset.is_stand_in and dataset.classes == SHAPE_CLASSES
    assert repr(dataset) == (
        "<Dataset: 10,000 training and 2,000 test images, 10 classes. "
        "Generated pictures of ten shapes stand in for CIFAR-10.>"
    )
    with pytest.raises(OSError, match="LAYERS_OFFLINE forbids a download"):
        fetch_cifar10()
    assert mirrors.server.paths == [] and not folder.exists()

    put_archive(folder, mirrors.server.data)
    assert not load_cifar10().is_stand_in
    assert fetch_cifar10() == folder / datasets.ARCHIVE
    assert printed() == []


def test_the_stand_ins_training_pictures_are_made_when_they_are_unpacked(monkeypatch):
    monkeypatch.setenv("LAYERS_OFFLINE", "1")
    made = []
    monkeypatch.setattr(
        datasets, "shapes", lambda *wanted, **more: made.append(wanted[0]) or shapes(20)
    )
    dataset = load_cifar10()
    assert len(dataset) == len(dataset[0]) == 2 and "10,000 training" in repr(dataset)
    assert made == [2_000]
    (x_train, y_train), _ = dataset
    assert made == [2_000, 10_000]
    assert np.array_equal(x_train, shapes(20)[0])
    assert np.array_equal(dataset[0][1], y_train)


def test_offline_0_is_not_offline(mirrors, monkeypatch):
    monkeypatch.setenv("LAYERS_OFFLINE", "0")
    mirrors("good")
    assert not load_cifar10().is_stand_in


class Trap:
    """Unpickled, it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.fixture
def trap(tmp_path):
    """A trap that is shown to work; it must not have snapped in the end."""
    snapped = tmp_path / "snapped"
    pickle.loads(pickle.dumps(Trap(snapped)))
    snapped.rmdir()
    yield Trap(snapped)
    assert not snapped.exists()


def test_an_archive_is_not_unpickled_before_its_checksum(
    cifar10, folder, trap, tmp_path, printed, monkeypatch
):
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    malicious = make_archive(dict.fromkeys(names, pickle.dumps(trap)))
    put_archive(folder, malicious)
    assert load_cifar10().is_stand_in
    assert len(printed()) == 2

    (tmp_path / "cifar-10-python.tar.gz").write_bytes(malicious)
    monkeypatch.setenv("LAYERS_CIFAR10", str(tmp_path / "cifar-10-python.tar.gz"))
    with pytest.raises(
        ValueError, match="its SHA-256 is not that of CIFAR-10's archive"
    ):
        load_cifar10()


# The array cache --------------------------------------------------------------------


def test_the_second_load_needs_no_archive(cifar10, folder, printed):
    put_archive(folder, cifar10[0])
    load_cifar10()
    (folder / datasets.ARCHIVE).unlink()
    dataset = load_cifar10()
    assert dataset.source == "CIFAR-10 from the array cache beside Keras's archive."
    assert is_cifar10(dataset, cifar10[1])
    assert {type(array) for part in dataset for array in part} == {np.ndarray}
    for part in dataset:
        for array in part:
            array[...] = 7  # in memory only
    assert is_cifar10(load_cifar10(), cifar10[1])
    assert names_in(folder / datasets.ARRAY_CACHE) == [
        "x_test.npy", "x_train.npy", "y_test.npy", "y_train.npy"
    ]  # fmt: skip
    assert printed() == []


def saved(array, **keywords):
    file = io.BytesIO()
    np.save(file, array, **keywords)
    return file.getvalue()


@pytest.mark.parametrize(
    "damage",
    {
        "empty": lambda data, array, trap: b"",
        "short": lambda data, array, trap: data[:-1],
        "long": lambda data, array, trap: data + b"?",
        "no header": lambda data, array, trap: bytes(len(data)),
        "dtype": lambda data, array, trap: saved(array.astype("int8")),
        "shape": lambda data, array, trap: saved(array[:-1]),
        "axes": lambda data, array, trap: saved(array.ravel()),
        "objects": lambda data, array, trap: saved(np.array([trap]), allow_pickle=True),
        "pickle": lambda data, array, trap: pickle.dumps(trap),
        "missing": lambda data, array, trap: None,
    }.items(),
    ids=lambda item: item[0],
)
@pytest.mark.parametrize("name", ["x_train", "y_test"])
def test_a_damaged_array_is_ignored_and_rewritten(
    name, damage, cifar10, folder, trap, printed
):
    archive, arrays = cifar10
    put_archive(folder, archive)
    load_cifar10()
    path = folder / datasets.ARRAY_CACHE / f"{name}.npy"
    good = path.read_bytes()
    damaged = damage[1](good, arrays[name], trap)
    path.unlink()
    if damaged is not None:
        path.write_bytes(damaged)
    assert is_cifar10(load_cifar10(), arrays)
    assert path.read_bytes() == good
    assert printed() == []


def test_an_array_cache_that_cannot_be_made(cifar10, folder, printed):
    put_archive(folder, cifar10[0])
    (folder / datasets.ARRAY_CACHE).touch()
    assert is_cifar10(load_cifar10(), cifar10[1])
    assert printed() == []


def test_an_array_cache_that_fills_the_disk(cifar10, folder, printed, monkeypatch):
    def save(file, array):
        file.write(b"half an array")
        raise OSError(errno.ENOSPC, "No space left on device")

    put_archive(folder, cifar10[0])
    monkeypatch.setattr(np, "save", save)
    assert is_cifar10(load_cifar10(), cifar10[1])
    assert names_in(folder / datasets.ARRAY_CACHE) == []
    assert printed() == []


# LAYERS_CIFAR10 ---------------------------------------------------------------------


def test_a_named_archive(cifar10, tmp_path, folder, printed, monkeypatch):
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(cifar10[0])
    monkeypatch.setenv("LAYERS_CIFAR10", str(tmp_path / "cifar-10-python.tar.gz"))
    dataset = load_cifar10()
    assert is_cifar10(dataset, cifar10[1])
    assert dataset.source == (
        "CIFAR-10 from the file cifar-10-python.tar.gz (LAYERS_CIFAR10)."
    )
    assert not folder.exists() and printed() == []


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_named_npz_goes_before_all_else(
    save, cifar10, tmp_path, folder, printed, monkeypatch
):
    archive, arrays = cifar10
    put_archive(folder, archive)
    load_cifar10()
    few = {name: array[:7] for name, array in arrays.items()}
    save(tmp_path / "arrays.npz", **few)
    monkeypatch.setenv("LAYERS_CIFAR10", str(tmp_path / "arrays.npz"))
    assert is_cifar10(load_cifar10(), few)
    assert printed() == []


def npz(arrays, **changed):
    file = io.BytesIO()
    np.savez(file, **{**arrays, **changed})
    return file.getvalue()


BAD_FILES = {
    "missing": (lambda arrays, trap: None, "No such file or directory"),
    "empty": (lambda arrays, trap: b"", "it is not an .npz file"),
    "text": (lambda arrays, trap: b"hello" * 100, "it is not an .npz file"),
    "npy": (lambda arrays, trap: saved(arrays["x_test"]), "it is not an .npz file"),
    "pickle": (lambda arrays, trap: pickle.dumps(trap), "it is not an .npz file"),
    "cut off": (lambda arrays, trap: npz(arrays)[:-10_000], "it is not an .npz file"),
    "scratched": (
        lambda arrays, trap: npz(arrays).replace(arrays["y_test"].tobytes(), b"?" * 20),
        r"it cannot be read \(Bad CRC-32",
    ),
    "no labels": (
        lambda arrays, trap: npz(arrays).replace(b"y_test.npy", b"labels.npy"),
        "it has no array y_test",
    ),
    "flat": (
        lambda arrays, trap: npz(arrays, x_test=arrays["x_test"].reshape(-1, 3072)),
        r"x_test has shape \(20, 3072\) and dtype uint8, "
        r"expected \(images, 32, 32, 3\) and uint8",
    ),
    "channels first": (
        lambda arrays, trap: npz(arrays, x_test=arrays["x_test"].transpose(0, 3, 1, 2)),
        r"x_test has shape \(20, 3, 32, 32\)",
    ),
    "floats": (
        lambda arrays, trap: npz(arrays, x_train=arrays["x_train"] / 255),
        "x_train has shape .* and dtype float64, expected",
    ),
    "flat labels": (
        lambda arrays, trap: npz(arrays, y_test=arrays["y_test"][:, 0]),
        r"y_test has shape \(20,\) and dtype uint8, expected \(images, 1\) and uint8",
    ),
    "wide labels": (
        lambda arrays, trap: npz(arrays, y_test=arrays["y_test"].astype("int64")),
        "y_test has shape .* and dtype int64",
    ),
    "no image": (
        lambda arrays, trap: npz(arrays, x_test=arrays["x_test"][:0]),
        r"x_test has shape \(0, 32, 32, 3\)",
    ),
    "scalar": (
        lambda arrays, trap: npz(arrays, x_test=np.uint8(3)),
        r"x_test has shape \(\)",
    ),
    "other count": (
        lambda arrays, trap: npz(arrays, y_test=arrays["y_test"][:19]),
        "it has 20 x_test and 19 y_test",
    ),
    "label 10": (
        lambda arrays, trap: npz(arrays, y_test=arrays["y_test"] + 10),
        "its y_test has the label 1[0-9], expected 0 to 9",
    ),
    "objects": (
        lambda arrays, trap: npz(arrays, y_test=np.array([trap])),
        r"it cannot be read \(Object arrays cannot be loaded when allow_pickle=False\)",
    ),
}


@pytest.mark.parametrize("make, words", BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_npz_is_refused(
    make, words, cifar10, folder, trap, tmp_path, printed, monkeypatch
):
    archive, arrays = cifar10
    put_archive(folder, archive)  # what could be used instead, silently
    path = tmp_path / "arrays.npz"
    data = make(arrays, trap)
    if data is not None:
        path.write_bytes(data)
    monkeypatch.setenv("LAYERS_CIFAR10", str(path))
    start = f"^LAYERS_CIFAR10 names {path}, but "
    with pytest.raises(ValueError, match=f"{start}.*{words}") as error:
        load_cifar10()
    assert str(error.value).endswith(
        "or an .npz of x_train, y_train, x_test and y_test."
    )
    assert "\n" not in str(error.value)
    assert printed() == []


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda path: None, r"cannot be read \(No such file or directory\)"),
        (lambda path: path.mkdir(), r"cannot be read \(Is a directory\)"),
        (lambda path: path.write_bytes(b"?"), "its SHA-256 is not that of"),
    ],
)
def test_a_bad_archive_is_refused(make, words, tmp_path, monkeypatch):
    make(tmp_path / "cifar-10-python.tar.gz")
    monkeypatch.setenv("LAYERS_CIFAR10", str(tmp_path / "cifar-10-python.tar.gz"))
    with pytest.raises(ValueError, match=words):
        load_cifar10()


# The source -------------------------------------------------------------------------


def test_the_source_is_told_without_loading(mirrors, folder, tmp_path, monkeypatch):
    assert cifar10_source().startswith("CIFAR-10 from a download of 170 MB")
    monkeypatch.setenv("LAYERS_OFFLINE", "1")
    assert cifar10_source().startswith("generated shapes")
    put_archive(folder, b"damaged")
    assert cifar10_source().startswith("generated shapes")
    put_archive(folder, mirrors.server.data)
    with monkeypatch.context() as patch:
        patch.setattr(archives, "sha256", None)  # would take half a second
        assert cifar10_source() == (
            f"CIFAR-10 from Keras's archive {folder / datasets.ARCHIVE}"
        )
    load_cifar10()
    assert cifar10_source() == (
        f"CIFAR-10 from the array cache {folder / datasets.ARRAY_CACHE}"
    )
    path = tmp_path / "arrays.npz"
    monkeypatch.setenv("LAYERS_CIFAR10", str(path))
    assert cifar10_source() == (
        f"CIFAR-10 from the file {path}, which is missing (LAYERS_CIFAR10)"
    )
    path.touch()
    assert cifar10_source() == f"CIFAR-10 from the file {path} (LAYERS_CIFAR10)"
    assert mirrors.server.paths == []


# Shapes and the cat -----------------------------------------------------------------


def test_the_names_of_the_classes():
    assert datasets.CIFAR10_CLASSES[3] == "cat"
    for classes in (datasets.CIFAR10_CLASSES, SHAPE_CLASSES):
        assert isinstance(classes, tuple) and len(set(classes)) == 10
    assert datasets.SHAPE_CLASSES is SHAPE_CLASSES and datasets.shapes is shapes


def test_shapes_are_the_same_on_every_machine():
    images, labels = shapes(1_000, seed=5)
    digest = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    assert digest == "45d2e136f5177621a8347da5eabc500e1a97f9bf4543b2465a4834dbb164e0f6"
    assert not np.array_equal(images, shapes(1_000, seed=6)[0])


@pytest.mark.parametrize("count", [0, 1, 10, 1_003])
def test_shapes_have_cifar10s_format_and_are_balanced(count):
    images, labels = shapes(count)
    assert images.shape == (count, 32, 32, 3) and images.dtype == np.uint8
    assert labels.shape == (count, 1) and labels.dtype == np.uint8
    counts = np.bincount(labels[:, 0], minlength=10)
    assert counts.sum() == count and np.ptp(counts) <= 1
    if count > 100:
        assert np.ptp(np.diff(labels[:, 0].astype(int))) > 10  # shuffled


def test_shapes_have_the_structure_they_are_named_for():
    images, labels = shapes(1_000)
    images = images.astype(int)

    def of(name):
        return images[labels[:, 0] == SHAPE_CLASSES.index(name)]

    def two_colours(pixels):
        """True where a channel spans more than noise can."""
        return np.ptp(pixels, axis=-1) > 24

    def along(axis, name):
        return two_colours(np.moveaxis(of(name), axis, -1))

    assert not along(2, "horizontal stripes").any()
    assert along(1, "horizontal stripes").all()
    assert not along(1, "vertical stripes").any()
    assert along(2, "vertical stripes").all()
    for name in ("diagonal stripes", "checks"):
        assert along(1, name).all() and along(2, name).all()
    diagonal = of("diagonal stripes")[:, ::-1].diagonal(0, 1, 2)
    assert not two_colours(diagonal).any()
    for name in ("disc", "ring", "square", "frame", "triangle", "cross"):
        corners = of(name)[:, [0, 0, -1, -1], [0, -1, 0, -1]]
        touching = two_colours(np.moveaxis(corners, 1, -1)).any(-1)
        assert touching.mean() < 0.1, name
        assert along(1, name).any(-1).any(-1).all()
    middles = {name: np.ptp(of(name), axis=(1, 2)).min() for name in SHAPE_CLASSES}
    assert min(middles.values()) >= 80 - 24


def test_examples_in_docstrings():
    assert doctest.testmod(helpers.engine.stand_in).failed == 0


def test_the_cat():
    cat = datasets.cat_photograph()
    assert cat.shape == (32, 32, 3) and cat.dtype == np.uint8
    assert np.ptp(cat) > 100
    cat[...] = 0  # a copy of its own
    assert datasets.cat_photograph().any()
