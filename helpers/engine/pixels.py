"""The bytes of a file, or an array's numbers, as the pixels of a picture.

Whatever size a file says its picture has, it is read in bounded memory.
"""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

MEMORY = 300_000_000  # bytes that a file's picture may need while it is read
NEEDED = 8  # of them for each pixel; more in the formats whose decoders keep copies
NEEDED_IN = {"TIFF": 12, "WEBP": 16, "AVIF": 16, "HEIF": 16, "JPEG2000": 24}
TILE = 1024  # rows and columns that are converted at once
DARK = 16  # of floats from 0 to 255, no picture has its largest below

# Not every format Pillow knows: to read EPS, it starts another program. HEIF is there
# only if the package pillow-heif was installed and registered.
FORMATS = "PNG JPEG GIF BMP WEBP AVIF TIFF PPM ICO JPEG2000 HEIF".split()


def decode(content, name):
    """Return a file's content as an upright Pillow image, or say what else it is."""
    Image.init()  # so that Pillow knows all its formats
    formats = [one for one in FORMATS if one in Image.OPEN]
    room = max(MEMORY - len(content), 0)
    usual, most = Image.MAX_IMAGE_PIXELS, room // NEEDED
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about oddities in a file
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            Image.MAX_IMAGE_PIXELS = most  # an ICO file is unpacked while it is opened
            image = Image.open(io.BytesIO(content), formats=formats)
        most = room // needed(image)
        if image.width * image.height > most:
            raise Image.DecompressionBombError
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ValueError(
            f"{name} has more than {most // 10**6} million pixels. Make it smaller first."
        ) from None
    except Exception:  # Pillow raises errors of many kinds
        raise ValueError(f"{name} {what_else(content, name)}") from None
    finally:
        Image.MAX_IMAGE_PIXELS = usual
    return upright(image, name, in_place=True)


def needed(image):
    """Return how many bytes a pixel takes while this opened file is read."""
    if image.mode in ("I", "F"):  # of 32 bits; they are scaled as a whole
        return 24
    if image.info.get("progressive") or image.width > 10**6:
        return 12  # for what is kept of a JPEG built up scan by scan, or for a long row
    return NEEDED_IN.get(image.format, NEEDED)


def upright(image, name, in_place=False):
    """Load a Pillow image, turned as its EXIF data say; a copy if it is not in place."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ImageOps.exif_transpose(image, in_place=in_place) or image
    except Exception:  # Pillow raises errors of many kinds
        raise ValueError(
            f"{name} begins as a picture, but is damaged or cut short. "
            "Copy or download it again."
        ) from None


def what_else(content, name):
    """Say what a file is that Pillow cannot read as a picture, from bytes and name."""
    start = content[:1000].lstrip().lower()
    suffix = Path(name).suffix.lower()
    if not content:
        return "is empty."
    if content[4:8] == b"ftyp":
        return (
            "is a HEIC picture or a film, which Pillow cannot read. Save it as JPEG (on an "
            "iPhone: Settings, Camera, Formats, Most Compatible)."
        )
    if start.startswith(b"%pdf"):
        return "is a PDF. Save the picture in it as PNG or JPEG."
    if start.startswith(b"<") and b"<svg" in start:
        return "is an SVG drawing: lines, not pixels. Export it as PNG."
    if start.startswith(b"<"):
        return "is a web page. Take the address of the picture itself."
    if suffix in Image.registered_extensions() and is_text(content):
        return f"has a name that ends with {suffix}, but its content is no picture."
    return "is not a picture that can be read, or is damaged. Save it as PNG or JPEG."


def is_text(content):
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False


def pixels(image):
    """Return a Pillow image of any mode as ``(rows, columns, 3)``, tile by tile.

    The copies that `as_rgb` makes of a giant picture as a whole might not fit into memory.
    """
    if image.mode in ("I", "F"):  # what is white, or is none, depends on all of it
        image = as_rgb(image)
    picture = np.empty((image.height, image.width, 3), "uint8")
    for top in range(0, image.height, TILE):
        for left in range(0, image.width, TILE):
            down, right = min(top + TILE, image.height), min(left + TILE, image.width)
            tile = image.crop((left, top, right, down))
            picture[top:down, left:right] = as_rgb(tile)
    return picture


def as_rgb(image):
    """Return a Pillow image of any mode as RGB, transparent parts white."""
    if image.mode == "F" or image.mode[0] == "I":  # Pillow would cut these off at 255
        white = None if image.mode == "F" else 65535
        image = Image.fromarray(to_bytes(np.asarray(image), white))
    if image.mode == "La":
        image = image.convert("LA")
    if image.mode == "LAB":
        raise ValueError("The picture has LAB colours. Save it as PNG or JPEG.")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def from_array(source):
    """Return an array as uint8 that Pillow takes, or say what is wrong with it."""
    try:
        x = np.asarray(source)
    except Exception:  # each library refuses in its own words
        x = np.empty(0, object)
    if x.dtype.kind not in "buif":
        raise TypeError("The picture holds something else than numbers of one shape.")
    if x.ndim == 3 and x.shape[-1] == 1:
        x = x[..., 0]
    if 0 in x.shape or not (x.ndim == 2 or (x.ndim == 3 and x.shape[-1] in (3, 4))):
        instead = "Channels stand on the last axis: 1, 3 or 4 of them."
        if 0 in x.shape:
            instead = "There are no pixels in it."
        elif x.ndim == 4:
            instead = "Take one picture out of a batch with images[0]."
        elif x.ndim == 3 and x.shape[0] in (1, 3, 4):
            instead = "If its channels stand first, write image.transpose(1, 2, 0)."
        raise ValueError(
            f"One picture has the shape (rows, columns, 3), this array has {x.shape}. "
            f"{instead}"
        )
    return to_bytes(x, 65535 if x.dtype == "uint16" else None)


def to_bytes(x, white=None):
    """Scale numbers to uint8, so that ``white`` becomes 255."""
    low, high = x.min(), x.max()
    if white is None:
        white = 1 if x.dtype.kind in "bf" and high < DARK else 255
    if not (low >= 0 and high <= white):  # NaN fails too
        one, two = f"only the value {low}", f"values from {low} to {high}"
        span = one if low == high else two
        if np.isnan(low):
            span = "NaN, which is no number"
        raise ValueError(
            f"The picture holds {span}. Pixels go from 0 to 255, or, as floats, from 0 to "
            f"1. {mend(x, low, high)}"
        )
    scaled = x * (255 / white)
    return scaled.round(out=scaled).astype("uint8")


def mend(x, low, high):
    """Say which line makes pixels of numbers that are none."""
    if not np.isfinite([low, high]).all():
        return "To make them 0, write np.where(np.isfinite(picture), picture, 0)."
    if x.dtype.kind != "f" or high >= DARK:
        cut = "To cut off the rest, write np.clip(picture, 0, 255)"
        sixteen = low >= 0 and 4095 < high <= 65535
        return f"{cut}; of 16 bits, write picture / 65535." if sixteen else f"{cut}."
    if low >= 0:
        return (
            "If 1 is white, write np.clip(picture, 0, 1); if 255, write picture / 255."
        )
    cut = "To cut off the rest, write np.clip(picture, 0, 1)"
    if low >= -1 and high <= 1:
        return f"{cut}; if it goes from -1 to 1, write (picture + 1) / 2."
    if low == high:
        return f"{cut}."
    return f"{cut}; to keep all, write (picture - picture.min()) / np.ptp(picture)."
