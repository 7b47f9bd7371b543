"""Outputs that are written into files."""

import re
import sys

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


def test_no_two_names_give_the_same_file():
    names = ["a/b", "a:b", "a%2Fb", "a.b", "a_b", "a b", "a\\b", "층"]
    files = storage.Files("folder")
    assert len({files.name(name) for name in names}) == len(names)
    assert not any(re.search(r'[/\\:*?"<>| ]', files.name(name)) for name in names)
