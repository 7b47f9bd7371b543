"""Drawn pictures of CIFAR-10's ten classes: emoji on plain backgrounds."""

from functools import cache

import numpy as np
from PIL import Image

from .files import DATA

SIZE = 48  # rows and columns of a picture in emoji.png; a class has a row of them
FOR_TRAINING = 4  # of six; test pictures show all six
FULL = 255 * SIZE * SIZE  # what a pixel counts that an emoji covers whole

# Colours of the first and of the last row of pixels; between them they blend.
SKY = (90, 150, 230), (200, 225, 250)
CLOUDS = (170, 185, 205), (235, 240, 245)
SEA = (170, 200, 225), (30, 80, 130)
POND = (70, 110, 90), (40, 70, 70)
MEADOW = (170, 200, 225), (80, 120, 50)
PASTURE = (170, 200, 225), (150, 120, 85)
GRASS = (150, 190, 120), (70, 120, 50)
FOREST = (40, 60, 40), (20, 35, 20)
EARTH = (110, 100, 70), (60, 55, 35)
SAND = (225, 205, 170), (150, 120, 85)
SNOW = (220, 225, 235), (245, 245, 250)
ROAD = (190, 190, 190), (90, 90, 95)
CARPET = (150, 60, 50), (90, 30, 30)
LINEN = (200, 200, 210), (160, 140, 140)

BACKGROUNDS = {  # in the order of the rows of emoji.png
    "airplane": (SKY, CLOUDS, SEA),
    "automobile": (ROAD, SAND, EARTH),
    "bird": (MEADOW, GRASS, SNOW),
    "cat": (CARPET, LINEN, FOREST),
    "deer": (GRASS, FOREST, SAND),
    "dog": (GRASS, SAND, CARPET),
    "frog": (POND, ROAD, SAND),
    "horse": (MEADOW, PASTURE, SNOW),
    "ship": (SEA, POND, SKY),
    "truck": (ROAD, SAND, CLOUDS),
}


def drawn_pictures(count, seed=0, part="train"):
    """Draw pictures of CIFAR-10's ten classes, in its format: emoji on plain backgrounds.

    Emoji, place, size, background, its shade and the light of each picture are random,
    and half of them are mirrored. The classes are balanced and shuffled. All arithmetic
    is on integers: the same seed gives the same pictures on every machine.

    Arguments:
        count: number of pictures.
        seed: integer that decides the pictures.
        part: `"train"` or `"test"`; test pictures show emoji, too, that no training
            picture shows.

    Returns:
        Tuple of NumPy arrays, both uint8: images `(count, 32, 32, 3)` and labels
        `(count, 1)`, which are indices into `CIFAR10_CLASSES`.

    Raises:
        ValueError: if `part` is neither `"train"` nor `"test"`.

    Example:
        >>> images, labels = drawn_pictures(20)
        >>> images.shape, labels.shape
        ((20, 32, 32, 3), (20, 1))
        >>> np.bincount(labels[:, 0])
        array([2, 2, 2, 2, 2, 2, 2, 2, 2, 2])

    Source: Google, Noto Color Emoji, SIL Open Font License 1.1.
    """
    if part not in ("train", "test"):
        raise ValueError(f"part={part!r}: pass 'train' or 'test'.")
    random = np.random.Generator(np.random.PCG64(seed))

    def integers(low, high, *shape):
        return random.integers(low, high, (count, *shape), "int32", endpoint=True)

    labels = random.permutation(np.arange(count) % 10).astype("uint8")
    images = np.empty((count, 32, 32, 3), "uint8")
    which = integers(0, FOR_TRAINING - 1 if part == "train" else 5).tolist()
    backgrounds, shades = integers(0, 2).tolist(), integers(-25, 25, 3)
    sizes, mirrored = integers(10, 16).tolist(), integers(0, 1)
    places, lights = integers(0, 255, 2).tolist(), integers(128, 256)
    for i, label in enumerate(labels.tolist()):
        image = (background(label, backgrounds[i]) + shades[i]).clip(0, 255)
        size = 2 * sizes[i]
        colours, coverage = emoji(label, which[i], size)
        y, x = (place * (33 - size) // 256 for place in places[i])
        behind = image[y : y + size, x : x + size]
        behind[...] = (colours + behind * (FULL - coverage)) // FULL
        images[i] = (image[:, ::-1] if mirrored[i] else image) * lights[i] // 256
    return images, labels[:, None]


@cache
def background(label, which):
    """Return a class's background, ``(32, 32, 3)``, int32."""
    first, last = np.array(list(BACKGROUNDS.values())[label][which], "int32")
    rows = np.arange(32, dtype="int32")[:, None, None]
    return np.broadcast_to((first * (31 - rows) + last * rows) // 31, (32, 32, 3))


@cache
def sheet():
    """Return emoji.png, colours times opacity and opacity itself, int32."""
    with Image.open(DATA / "emoji.png") as picture:
        pixels = np.array(picture.convert("RGBA"), "int32")
    pixels[..., :3] *= pixels[..., 3:]
    return pixels


@cache
def emoji(label, which, size):
    """Return an emoji in another size: its colours, and how much it covers, of `FULL`."""
    rows, columns = slice(SIZE * label, SIZE * (label + 1)), SIZE * which
    pixels = sheet()[rows, columns : columns + SIZE]
    # how much of each old row lies in each new one, in parts of an old row
    new, old = np.arange(size)[:, None] * SIZE, np.arange(SIZE) * size
    shares = np.minimum(new + SIZE, old + size) - np.maximum(new, old)
    shares = shares.clip(0).astype("int32")
    pixels = np.tensordot(shares, pixels, (1, 0))
    pixels = np.tensordot(shares, pixels, (1, 1)).swapaxes(0, 1)
    return pixels[..., :3], pixels[..., 3:]
