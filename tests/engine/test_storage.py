"""Outputs that are written into files."""

import os
import re
import sys
import unicodedata
from urllib.parse import unquote

import keras
import numpy as np
import pytest
from keras import layers
from support import RANDOM, assert_equal, nested_model

from helpers.engine import storage
from helpers.extraction import layer_outputs
from helpers.networks import dense_network


def test_outputs_in_files(tmp_path):
    model, x = nested_model(), RANDOM.random((10, 6), dtype="float32")
    folder = tmp_path / "new" / "folder"
    outputs = layer_outputs(model, x, batch_size=4, out=folder)
    assert_equal(outputs, layer_outputs(model, x))
    assert all(isinstance(output, np.memmap) for output in outputs.values())
    assert not any(output.flags.writeable for output in outputs.values())
    assert len(list(folder.iterdir())) == len(outputs)
    assert (folder / "inner%3A1%2Fdense.npy").exists()
    np.testing.assert_array_equal(np.load(folder / "last.npy"), outputs["last"])


def test_long_outputs_in_files(tmp_path):
    """More rows than the first header has digits for."""
    model, x = dense_network(), RANDOM.random((1234, 3), dtype="float32")
    outputs = layer_outputs(model, (x[i : i + 1] for i in range(1234)), out=tmp_path)
    assert_equal(outputs, layer_outputs(model, x))


def test_files_are_never_overwritten(tmp_path):
    (tmp_path / "output.npy").write_text("precious")
    with pytest.raises(
        FileExistsError, match="output.npy exists and is not overwritten"
    ):
        layer_outputs(dense_network(), np.eye(3), out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["output.npy"]
    assert (tmp_path / "output.npy").read_text() == "precious"
    layer_outputs(dense_network(), np.eye(3), "hidden", out=str(tmp_path))
    assert len(list(tmp_path.iterdir())) == 2


def test_an_error_leaves_no_file_behind(tmp_path):
    def broken():
        yield np.eye(3)
        raise RuntimeError("the camera is gone")

    for error, inputs in [
        ("the camera is gone", broken()),
        ("takes", iter([np.eye(3), np.eye(4)])),
        ("no batch", iter([])),
    ]:
        with pytest.raises((RuntimeError, ValueError), match=error):
            layer_outputs(dense_network(), inputs, out=tmp_path / "folder")
        assert not list(tmp_path.rglob("*.npy"))
        assert not list((tmp_path / "folder").glob("*"))


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit to set")
def test_a_full_disk_leaves_no_file_behind(tmp_path):
    import resource

    folder, x = tmp_path / "folder", np.ones((10_000, 3))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            layer_outputs(dense_network(), x, out=folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(folder.iterdir()) == []
    layer_outputs(dense_network(), x, out=folder)


def test_out_must_be_a_folder_and_hold_numbers(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="out must be a folder, but .*file"):
        layer_outputs(dense_network(), np.eye(3), out=tmp_path / "file")
    lookup = layers.StringLookup(vocabulary=["cat"], invert=True, name="lookup")
    x = keras.Input((1,), dtype="int64")
    model = keras.Model(x, lookup(x))
    assert layer_outputs(model, [[1]])["lookup"][0, 0] == b"cat"
    with pytest.raises(TypeError, match="lookup outputs text"):
        layer_outputs(model, [[1]], out=tmp_path / "folder")


def alike(name):
    """What a disk of Windows or macOS makes of a file's name."""
    return unicodedata.normalize("NFC", name.casefold()).rstrip(". ")


ALIKE = """a/b a:b a%2Fb a.b a_b a\\b 층 !92 → %2192 %E2%86%92 Dense dense DENSE
dense%2 dense%3 é e\u0301 É ß ss aux AUX %61ux aux.b con nul com1 COM¹ lpt9 console
... -a \ud800 *""".split()
LONG = ["x" * 300, "x" * 301, "X" * 300, "층" * 300, "층" * 301, "→" * 300, "/" * 300]


def test_no_two_names_give_the_same_file():
    names = [*ALIKE, "a b", "a b ", "a b.", "", " ", *LONG]
    for order in (names, names[::-1]):
        files = storage.Files("folder")
        found = [files.name(name) for name in order]
        assert len(set(map(alike, found))) == len(names)
        assert found == [files.name(name) for name in order]  # each keeps its name
        for one in found:
            assert (
                not re.search(r'[/\\:*?"<>|\0-\x20]', one) and len(one.encode()) < 255
            )
            stem = one.partition(".")[0].lower()
            assert not re.fullmatch("con|prn|aux|nul|(com|lpt)[0-9¹²³]", stem)


@pytest.mark.parametrize(
    "name, expected",
    [
        ("conv2d_2", "conv2d_2.npy"),
        ("Conv1_BN", "Conv1_BN.npy"),
        ("inner:1/dense", "inner%3A1%2Fdense.npy"),
        ("특징", "특징.npy"),
        ("→", "%E2%86%92.npy"),
        ("aux", "%61ux.npy"),
        ("auxiliary", "auxiliary.npy"),
    ],
)
def test_usual_names_are_read_at_a_glance(name, expected):
    assert storage.Files("folder").name(name) == expected
    assert unquote(expected) == f"{name}.npy"


def test_layers_whose_names_are_alike_have_files_of_their_own(tmp_path):
    x = keras.Input((3,))
    parts = [layers.Dense(2, name=name)(x) for name in ("aux", "Head", "head")]
    model = keras.Model(x, parts)
    outputs = layer_outputs(model, np.eye(3), out=tmp_path)
    assert_equal(outputs, layer_outputs(model, np.eye(3)))
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == ["%61ux.npy", "Head.npy", "head%2.npy"]


def run_in_between(folder, *names):
    """Give batches; before the last, another run writes outputs into the same folder."""
    yield np.eye(3)
    layer_outputs(dense_network(), np.zeros((1, 3)), list(names), out=folder)
    yield np.eye(3)


@pytest.mark.parametrize("other", [["hidden"], ["output"], ["hidden", "output"]])
def test_of_two_runs_that_write_the_same_the_second_is_refused(tmp_path, other):
    with pytest.raises(FileExistsError, match=f"{other[0]}.npy exists and is not"):
        layer_outputs(dense_network(), run_in_between(tmp_path, *other), out=tmp_path)
    expected = layer_outputs(dense_network(), np.zeros((1, 3)), other)
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(other)
    for name in other:
        np.testing.assert_array_equal(np.load(tmp_path / f"{name}.npy"), expected[name])


def test_two_runs_that_write_different_layers_keep_both(tmp_path):
    batches = run_in_between(tmp_path, "output")
    outputs = layer_outputs(dense_network(), batches, ["hidden"], out=tmp_path)
    assert outputs["hidden"].shape[0] == 6
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["hidden", "output"]


def test_files_that_cannot_all_be_moved_are_all_taken_away(tmp_path, monkeypatch):
    move, moved = os.replace, []

    def replace(source, target):
        if moved:
            raise KeyboardInterrupt
        moved.append(target)
        move(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        layer_outputs(dense_network(), np.eye(3), out=tmp_path)
    assert moved and list(tmp_path.iterdir()) == []
