"""Generated pictures: the same everywhere, and with the structure they are named for."""

import hashlib

import numpy as np
import pytest

from helpers.engine.drawn import drawn_pictures
from helpers.engine.stand_in import SHAPE_CLASSES, shapes


def test_shapes_are_the_same_on_every_machine():
    images, labels = shapes(1_000, seed=5)
    digest = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    assert digest == "45d2e136f5177621a8347da5eabc500e1a97f9bf4543b2465a4834dbb164e0f6"
    assert not np.array_equal(images, shapes(1_000, seed=6)[0])


@pytest.mark.parametrize("make", [shapes, drawn_pictures])
@pytest.mark.parametrize("count", [0, 1, 10, 1_003])
def test_pictures_have_cifar10s_format_and_are_balanced(make, count):
    images, labels = make(count)
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
