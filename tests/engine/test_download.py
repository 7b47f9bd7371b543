"""Mirrors are a real HTTP server on this machine; each fails in a way of its own.

Where a folder must refuse to be written, a file stands in its place or the system call
is made to fail, because permissions do not bind a test that runs as root.
"""

import errno
import hashlib
import io
import os
import signal
import time
from pathlib import Path

import pytest
from archives import (
    NOT_SENT,
    STAND_IN,
    cifar10_like,
    finish,
    names_in,
    put_archive,
    start_python,
)

from helpers import datasets
from helpers.datasets import fetch_cifar10, load_cifar10
from helpers.engine import cifar10 as archives
from helpers.engine import download, files

pytest_plugins = ["mirrors"]
pytestmark = pytest.mark.usefixtures("folder", "printed")


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
BROKEN = "no connection, or it was interrupted"


@pytest.mark.parametrize(
    "manner, reason",
    [
        ("not_found", "it answered 404"),
        ("cut_off", BROKEN),
        ("cut_off_unseen", NOT_SENT),
        ("wrong_bytes", NOT_SENT),
        ("login_page", NOT_SENT),
        ("larger", NOT_SENT),
        ("endless", NOT_SENT),
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
    assert printed() == ["127.0.0.1: it answered 404.", f"127.0.0.1: {NOT_SENT}."]


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
    monkeypatch.setattr(files, "TEMPORARY", tmp_path / "temporary")
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
