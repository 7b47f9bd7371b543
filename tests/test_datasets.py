"""`load_cifar10` and what stands in for CIFAR-10, with archives made here."""

import pickle

import numpy as np
import pytest
from archives import NOT_SENT, STAND_IN, is_cifar10, names_in, put_archive

from helpers import datasets
from helpers.datasets import cifar10_source, fetch_cifar10, load_cifar10
from helpers.engine import cifar10 as archives
from helpers.engine.drawn import drawn_pictures
from helpers.engine.stand_in import SHAPE_CLASSES, shapes

pytest_plugins = ["mirrors"]
pytestmark = pytest.mark.usefixtures("folder", "printed")


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


@pytest.mark.parametrize(
    "name", ["cifar-10-batches-py.tar.gz", "cifar-10-python.tar.gz"]
)
def test_keras_2s_archive_is_found_offline(
    name, mirrors, cifar10, folder, printed, monkeypatch
):
    """Keras 2 keeps it under the first name; the second is that of its address."""
    monkeypatch.setenv("LAYERS_OFFLINE", "1")
    folder.mkdir(parents=True)
    (folder / name).write_bytes(b"damaged")
    assert load_cifar10().is_stand_in and len(printed()) == 1
    assert cifar10_source().startswith("drawn pictures (")
    (folder / name).write_bytes(cifar10[0])
    assert cifar10_source() == f"CIFAR-10 from Keras's archive {folder / name}"
    assert fetch_cifar10() == folder / name
    assert is_cifar10(load_cifar10(), cifar10[1])
    assert printed() == []


def test_a_damaged_archive_is_replaced_by_a_good_one_only(mirrors, folder, printed):
    damaged = mirrors.server.data[:-1] + b"?"
    put_archive(folder, damaged)
    line = "CIFAR-10's archive in Keras's cache is damaged: downloading it again."

    mirrors("wrong_bytes")
    assert load_cifar10().is_stand_in
    assert (folder / datasets.ARCHIVE).read_bytes() == damaged
    assert names_in(folder) == [datasets.ARCHIVE]
    assert printed() == [
        line,
        f"127.0.0.1: {NOT_SENT}.",
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
        "Drawn pictures of the ten classes stand in for it."
    ]
    assert dataset.is_stand_in and dataset.classes == datasets.CIFAR10_CLASSES
    assert repr(dataset) == (
        "<Dataset: 10,000 training and 2,000 test images, 10 classes. "
        "Drawn pictures of the ten classes stand in for CIFAR-10.>"
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
        datasets,
        "drawn_pictures",
        lambda *wanted, **more: made.append(wanted[0]) or drawn_pictures(20),
    )
    dataset = load_cifar10()
    assert len(dataset) == len(dataset[0]) == 2 and "10,000 training" in repr(dataset)
    assert made == [2_000]
    (x_train, y_train), _ = dataset
    assert made == [2_000, 10_000]
    assert np.array_equal(x_train, drawn_pictures(20)[0])
    assert np.array_equal(dataset[0][1], y_train)


def test_offline_0_is_not_offline(mirrors, monkeypatch):
    monkeypatch.setenv("LAYERS_OFFLINE", "0")
    mirrors("good")
    assert not load_cifar10().is_stand_in


# The source -------------------------------------------------------------------------


def test_the_source_is_told_without_loading(mirrors, folder, tmp_path, monkeypatch):
    assert cifar10_source().startswith("CIFAR-10 from a download of 170 MB")
    monkeypatch.setenv("LAYERS_OFFLINE", "1")
    assert cifar10_source().startswith("drawn pictures (")
    put_archive(folder, b"damaged")
    assert cifar10_source().startswith("drawn pictures (")
    put_archive(folder, mirrors.server.data)
    with monkeypatch.context() as patch:
        patch.setattr(archives, "verify", None)  # would take half a second
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
    monkeypatch.setenv("LAYERS_CIFAR10", f'"{tmp_path}"')
    assert cifar10_source() == f"CIFAR-10 from the folder {tmp_path} (LAYERS_CIFAR10)"
    monkeypatch.setenv("LAYERS_CIFAR10", '""')
    assert cifar10_source().startswith("CIFAR-10 from the array cache")
    assert mirrors.server.paths == []


def test_the_names_of_the_classes():
    assert datasets.CIFAR10_CLASSES[3] == "cat"
    for classes in (datasets.CIFAR10_CLASSES, SHAPE_CLASSES):
        assert isinstance(classes, tuple) and len(set(classes)) == 10
    assert datasets.SHAPE_CLASSES is SHAPE_CLASSES and datasets.shapes is shapes


def test_the_cat():
    cat = datasets.cat_photograph()
    assert cat.shape == (32, 32, 3) and cat.dtype == np.uint8
    assert np.ptp(cat) > 100
    cat[...] = 0  # a copy of its own
    assert datasets.cat_photograph().any()
