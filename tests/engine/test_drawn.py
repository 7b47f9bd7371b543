"""Drawn pictures: the same everywhere, of CIFAR-10's classes, and known to the network."""

import hashlib
import re

import numpy as np
import pytest
from PIL import Image

from helpers.datasets import CIFAR10_CLASSES, drawn_pictures, load_cifar10
from helpers.engine import drawn
from helpers.engine.files import DATA
from helpers.extraction import layer_outputs
from helpers.networks import trained_cifar10_cnn


@pytest.mark.parametrize(
    "part, digest",
    [
        ("train", "3662a76bdab38a4ab3fba4e6f31f6df204e63abe68fc3e86201940d11ccb687e"),
        ("test", "ebbe680dd99fbe61ffec7b22b5783936ec495ce88981443c280eeca7b2e0ede3"),
    ],
)
def test_drawn_pictures_are_the_same_on_every_machine(part, digest):
    images, labels = drawn_pictures(1_000, 5, part)
    assert hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest() == digest
    assert not np.array_equal(images, drawn_pictures(1_000, 6, part)[0])


def test_another_part_is_refused():
    with pytest.raises(ValueError, match=r"part='tests': pass 'train' or 'test'\."):
        drawn_pictures(10, part="tests")


def test_every_class_has_six_emoji_in_the_file_and_backgrounds():
    assert tuple(drawn.BACKGROUNDS) == CIFAR10_CLASSES
    with Image.open(DATA / "emoji.png") as sheet:
        assert sheet.size == (6 * drawn.SIZE, 10 * drawn.SIZE)
        opacity = np.array(sheet.getchannel("A"))
    tiles = opacity.reshape(10, drawn.SIZE, 6, drawn.SIZE).swapaxes(1, 2) > 0
    rows, columns = tiles.any(axis=3), tiles.any(axis=2)
    # cut out: it reaches two opposite borders; a blurred one almost
    high = rows[..., :3].any(axis=-1) & rows[..., -3:].any(axis=-1)
    wide = columns[..., :3].any(axis=-1) & columns[..., -3:].any(axis=-1)
    assert (high | wide).all()
    assert {len(colours) for colours in drawn.BACKGROUNDS.values()} == {3}


def test_the_files_are_small_and_the_licence_lies_beside_them():
    licence = DATA / "emoji_LICENSE.txt"
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence.read_text(encoding="utf-8")
    assert (DATA / "emoji.png").stat().st_size + licence.stat().st_size < 300_000


def test_only_test_pictures_show_the_last_two_emoji(monkeypatch):
    shown = set()
    scaled = drawn.emoji
    monkeypatch.setattr(
        drawn, "emoji", lambda *which: shown.add(which[:2]) or scaled(*which)
    )
    drawn_pictures(1_000)
    assert shown == {(label, which) for label in range(10) for which in range(4)}
    drawn_pictures(1_000, part="test")
    assert shown == {(label, which) for label in range(10) for which in range(6)}


@pytest.mark.parametrize("size", [20, 22, 32, drawn.SIZE])
def test_an_emoji_is_made_smaller_by_the_mean_of_what_a_pixel_covers(size):
    with Image.open(DATA / "emoji.png") as sheet:
        box = (drawn.SIZE, 0, 2 * drawn.SIZE, drawn.SIZE)
        pixels = np.array(sheet.crop(box), "int64")
    pixels[..., :3] *= pixels[..., 3:]
    finer = pixels.repeat(size, axis=0).repeat(size, axis=1)
    blocks = finer.reshape(size, drawn.SIZE, size, drawn.SIZE, 4).sum(axis=(1, 3))
    found = np.concatenate(drawn.emoji(0, 1, size), axis=-1)
    np.testing.assert_array_equal(found, blocks)


def of_one_colour(red, opacity):
    """Return what gives squares of one colour in the place of emoji."""

    def square(label, which, size):
        colour = np.full((size, size, 3), [drawn.FULL * red * opacity, 0, 0], "int32")
        return colour, np.full((size, size, 1), drawn.FULL * opacity, "int32")

    return square


def test_an_emoji_covers_the_background_where_it_is_and_lies_inside(monkeypatch):
    grey = np.full((32, 32, 3), 100, "int32")
    monkeypatch.setattr(drawn, "background", lambda *which: grey)
    monkeypatch.setattr(drawn, "emoji", of_one_colour(red=200, opacity=0))
    images = drawn_pictures(50)[0].astype(int)
    assert (np.ptp(images, axis=(1, 2)) == 0).all()
    assert images.min() < 60 and 100 < images.max() <= 125
    monkeypatch.setattr(drawn, "emoji", of_one_colour(red=200, opacity=1))
    red = (drawn_pictures(200)[0][..., 1:] == 0).all(axis=-1)
    high, wide = red.any(axis=2).sum(axis=1), red.any(axis=1).sum(axis=1)
    assert set(high) == {20, 22, 24, 26, 28, 30, 32} and (high == wide).all()
    assert (red.sum(axis=(1, 2)) == high * wide).all()
    corners = red[:, [0, 0, -1, -1], [0, -1, 0, -1]][high < 32]
    assert corners.any(axis=0).all() and not corners.all(axis=0).any()


def test_the_trained_network_knows_most_test_pictures_as_the_readme_says():
    model, right = trained_cifar10_cnn(), np.zeros((5, 10))
    for seed in range(5):
        images, labels = drawn_pictures(1_000, seed, "test")
        outputs = layer_outputs(model, images / np.float32(255), "dense_1")
        hits = outputs["dense_1"].argmax(axis=1) == labels[:, 0]
        right[seed] = [hits[labels[:, 0] == label].mean() for label in range(10)]
    assert (right.mean(axis=1) > 0.75).all() and (right.mean(axis=0) > 0.5).all()
    readme = " ".join((DATA / "README.md").read_text(encoding="utf-8").split())
    told = re.search(r"It is right in (\S+) of 5,000 of them: (.+?)\. ", readme)
    assert abs(right.mean() - float(told[1])) < 0.01
    shares = dict(one.split() for one in told[2].split(", "))
    assert tuple(shares) == CIFAR10_CLASSES
    shares = np.array(list(shares.values()), float)
    np.testing.assert_allclose(right.mean(axis=0), shares, atol=0.015)


def test_pictures_are_as_different_as_photographs():
    """Size, place, light and side differ, so that pixels alone tell less than layers."""
    images, labels = drawn_pictures(1_250, 1, "test")
    flat = images.reshape(1_250, -1) / 255
    known, new = flat[:750], flat[750:]
    nearest = ((known**2).sum(axis=1) - 2 * new @ known.T).argmin(axis=1)
    assert 0.3 < (labels[nearest] == labels[750:]).mean() < 0.75


def test_cifar10s_stand_in_is_drawn(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("LAYERS_OFFLINE", "1")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("LAYERS_CIFAR10", raising=False)
    dataset = load_cifar10()
    assert dataset.is_stand_in and dataset.classes == CIFAR10_CLASSES
    (x_train, y_train), (x_test, y_test) = dataset
    for found, expected in (
        ((x_train, y_train), drawn_pictures(10_000)),
        ((x_test, y_test), drawn_pictures(2_000, 1, "test")),
    ):
        assert all(map(np.array_equal, found, expected))
    assert "Drawn pictures of the ten classes stand in" in capsys.readouterr().out
