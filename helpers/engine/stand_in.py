"""Generated pictures: ten shapes in CIFAR-10's format, and the ten digits."""

from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

# Fonts that come with Matplotlib: those to learn from, and five others to be read
LEARNED = "DejaVuSans DejaVuSans-Bold DejaVuSansMono DejaVuSerif STIXGeneralBol cmb10"
READ = (
    "STIXGeneralItalic DejaVuSerif-BoldItalic STIXGeneralBolIta cmtt10 "
    "DejaVuSans-Oblique"
)


def disc(y, x, radius):
    """Where a disc is; `y` and `x` are distances from its centre."""
    return y * y + x * x <= radius * (radius + 1)


def square(y, x, radius):
    """Where a square is; `y` and `x` are distances from its centre."""
    return np.maximum(abs(y), abs(x)) <= radius


# Where each shape is. y and x are a pixel's distances, down and right, from the
# shape's centre; r is the shape's radius and w the width of its lines.
MASKS = {
    "horizontal stripes": lambda y, x, r, w: y // w % 2 == 0,
    "vertical stripes": lambda y, x, r, w: x // w % 2 == 0,
    "diagonal stripes": lambda y, x, r, w: (y + x) // (w + 1) % 2 == 0,
    "checks": lambda y, x, r, w: y // w % 2 == x // w % 2,
    "disc": lambda y, x, r, w: disc(y, x, r),
    "ring": lambda y, x, r, w: disc(y, x, r) & ~disc(y, x, r - w),
    "square": lambda y, x, r, w: square(y, x, r),
    "frame": lambda y, x, r, w: square(y, x, r) & ~square(y, x, r - w),
    "triangle": lambda y, x, r, w: (abs(y) <= r) & (2 * abs(x) <= y + r),
    "cross": lambda y, x, r, w: square(y, x, r) & (np.minimum(abs(y), abs(x)) < w),
}
SHAPE_CLASSES = tuple(MASKS)


def shapes(count, seed=0):
    """Generate pictures of ten shapes, in CIFAR-10's format.

    Every picture has one shape from `SHAPE_CLASSES` at a random place, of random size
    and line width, in two random colours that differ by at least 80 in each channel,
    and a little noise. The kinds are balanced and shuffled. All arithmetic is on
    integers: the same seed gives the same pictures on every machine.

    Arguments:
        count: number of pictures.
        seed: integer that decides the pictures.

    Returns:
        Tuple of NumPy arrays, both uint8: images `(count, 32, 32, 3)` and labels
        `(count, 1)`, which are indices into `SHAPE_CLASSES`.

    Example:
        >>> images, labels = shapes(20)
        >>> images.shape, labels.shape
        ((20, 32, 32, 3), (20, 1))
        >>> np.bincount(labels[:, 0])
        array([2, 2, 2, 2, 2, 2, 2, 2, 2, 2])
    """
    random = np.random.Generator(np.random.PCG64(seed))

    def integers(low, high, shape):
        return random.integers(low, high, shape, "int16", endpoint=True)

    labels = random.permutation(np.arange(count) % len(MASKS)).astype("uint8")
    images = np.empty((count, 32, 32, 3), "uint8")
    pixels = np.arange(32, dtype="int16")
    for label, mask in enumerate(MASKS.values()):
        of_this_kind = labels == label
        each = (np.count_nonzero(of_this_kind), 1, 1)
        y = pixels[:, None] - integers(11, 20, each)
        x = pixels - integers(11, 20, each)
        inside = mask(y, x, integers(7, 11, each), integers(2, 4, each))
        background = integers(0, 255, (*each, 3))
        foreground = (background + integers(80, 176, (*each, 3))) % 256
        picture = np.where(inside[..., None], foreground, background)
        picture += integers(-12, 12, picture.shape)
        images[of_this_kind] = picture.clip(0, 255)
    return images, labels[:, None]


def drawn(digit, font, rows, columns, height, right=0, down=0):
    """Draw one digit, black on white; return ``(rows, columns)``, uint8."""
    path = Path(matplotlib.get_data_path(), "fonts", "ttf", f"{font}.ttf")
    image = Image.new("L", (columns, rows), "white")
    middle = columns / 2 + right, rows / 2 + down
    fitting = ImageFont.truetype(str(path), height)
    ImageDraw.Draw(image).text(middle, str(digit), "black", fitting, anchor="mm")
    return np.array(image)


def digits_to_learn():
    """Draw digits, white on black, at several places and in several sizes.

    Returns:
        Tuple of NumPy arrays: pictures ``(images, 28, 28, 1)``, uint8, and labels.
    """
    pictures, labels = [], []
    for font in LEARNED.split():
        for digit in range(10):
            for height in (16, 18, 20, 22):
                for right, down in ((0, 0), (2, 0), (-2, 0), (0, 2), (0, -2)):
                    picture = drawn(digit, font, 28, 28, height, right, down)
                    pictures.append(255 - picture)
                    labels.append(digit)
    return np.stack(pictures)[..., np.newaxis], np.array(labels)
