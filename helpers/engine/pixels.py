"""The bytes of a file, or an array's numbers, as the pixels of a picture.

Whatever size a file says its picture has, it is read in bounded memory.
"""

import io
import re
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

MEMORY = 300_000_000  # bytes that a file's picture may need while it is read
NEEDED = 8  # of them for each pixel; more in the formats whose decoders keep copies
NEEDED_IN = {"TIFF": 12, "WEBP": 16, "AVIF": 16, "HEIF": 16, "JPEG2000": 24}
TILE = 1024  # rows and columns that are converted at once
DARK = 16  # of floats from 0 to 255, no picture has its largest below
FAINT = 8  # pixels that differ by less, of 255, show nothing
THUMBNAIL = 178  # million pixels; of more, Pillow itself makes no smaller picture

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
            raise Image.DecompressionBombError(image.width * image.height)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        instead = smaller(int(re.search(r"\d+", str(error))[0]), content)
        raise ValueError(
            f"{name} has more than {most // 10**6} million pixels. {instead}"
        ) from None
    except Exception:  # Pillow raises errors of many kinds
        raise ValueError(f"{name} {what_else(content, name)}") from None
    finally:
        Image.MAX_IMAGE_PIXELS = usual
    has_16_bits = ";16" in str(getattr(image, "tile", ""))
    image = upright(image, name, in_place=True)
    if has_16_bits and image.mode == "RGB":
        if max(high for _, high in image.getextrema()) < DARK:
            raise ValueError(
                f"{name} has 16 bits for each colour, but almost nothing in the upper 8, "
                "and Pillow reads no others. Save it with 8 bits where it was made; if it "
                "is meant to be black, pass Image.open(path), with Image from PIL."
            )
    return image


def smaller(count, content):
    """Say how to make a picture of so many pixels smaller."""
    is_grey16 = content[24:26] == b"\x10\0"  # PNG; Pillow does not make these smaller
    if count > THUMBNAIL * 10**6 or is_grey16:
        return "Make it smaller first, in a program for pictures."
    return (
        "To make it smaller, write image = Image.open(path); image.thumbnail((2000, "
        "2000)), with Image from PIL, and pass image."
    )


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
    except Exception as error:  # Pillow raises errors of many kinds
        is_lost = isinstance(error, (AssertionError, AttributeError))  # the open file
        if not in_place and (is_lost or "closed" in str(error)):
            raise ValueError(
                f"{name} was closed before it was read. Read it inside the with block, or "
                "pass its path."
            ) from None
        raise ValueError(
            f"{name} begins like a picture, but is damaged or cut short. "
            "Copy or download it again."
        ) from None


def what_else(content, name):
    """Say what a file is that Pillow cannot read as a picture, from bytes and name."""
    start = beginning(content)
    suffix = Path(name).suffix.lower()
    if not content:
        return "is empty."
    if content[4:8] == b"ftyp":
        return of_film(content[8:12])
    if start.startswith("%pdf"):
        return "is a PDF. Save the picture in it as PNG or JPEG."
    if start.startswith("<") and "<svg" in start.partition("<html")[0]:
        return "is an SVG drawing: lines, not pixels. Export it as PNG."
    if start.startswith("<"):
        return "is a web page. Take the address of the picture itself."
    if start.startswith("version https://git-lfs"):
        return (
            "only says where Git LFS keeps the picture. Write git lfs pull in the folder "
            "it came with, or download the picture itself."
        )
    if suffix in Image.registered_extensions() and is_text(content):
        return f"has a name that ends with {suffix}, but its content is not a picture."
    return "is not a picture that can be read, or is damaged. Save it as PNG or JPEG."


def beginning(content):
    """Return a file's first bytes as small letters, without marks of their coding."""
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = content[:100_000].decode("utf-16" if wide else "utf-8-sig", "ignore")
    return text.lstrip().lower()


def of_film(brand):
    """Say what a file is that is built like a film, as newer pictures are, too."""
    if brand in (b"avif", b"avis"):
        return "is AVIF that this Pillow cannot read, or damaged. Save it as JPEG."
    if brand in (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"):
        if "HEIF" in Image.OPEN:
            return "is a HEIC picture that is damaged. Copy or download it again."
        return (
            "is a HEIC picture, which Pillow cannot read alone. Save a copy as JPEG; or "
            "write %pip install pillow-heif and, in a cell after it, "
            "import pillow_heif; pillow_heif.register_heif_opener()."
        )
    return "is a video. Save one picture of it as PNG or JPEG."


def is_text(content):
    """Tell whether these bytes are text, in UTF-8."""
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False


def pixels(image, it, background):
    """Return a Pillow image of any mode as ``(rows, columns, 3)``, tile by tile.

    The copies that `as_rgb` makes of a giant picture as a whole might not fit into memory.
    ``it`` is what one has to write, in a line that a message proposes, for its numbers.
    """
    if image.mode[0] == "I":
        check_bits(max(np.asarray(image.crop(box)).max() for box in tiles(image)), it)
    if image.mode in ("I", "F"):  # what is white, or is none, depends on all of it
        image = as_rgb(image, background, it)
    picture = np.empty((image.height, image.width, 3), "uint8")
    for box in tiles(image):
        left, top, right, down = box
        picture[top:down, left:right] = as_rgb(image.crop(box), background, it)
    clear = image.has_transparency_data and image.mode[0] != "I"
    if clear and spread(picture) < FAINT:
        ends = [with_alpha(image.crop(box)).getextrema()[3] for box in tiles(image)]
        if max(high for _, high in ends) - min(low for low, _ in ends) >= 8 * FAINT:
            white = min(background) > 127
            raise ValueError(
                "The picture shows nothing on this background: its parts differ in "
                "nothing but how transparent they are. Add "
                f'background="{"black" if white else "white"}" to read_picture.'
            )
    return picture


def tiles(image):
    """List the tiles of a picture: ``(left, top, right, down)``."""
    return [
        (left, top, min(left + TILE, image.width), min(top + TILE, image.height))
        for top in range(0, image.height, TILE)
        for left in range(0, image.width, TILE)
    ]


def spread(picture):
    """Return by how much pixels differ, in one channel: at most, or by `FAINT` or more."""
    for step in (16, 1):  # every pixel of a photograph takes a second
        some = picture[::step, ::step]
        difference = int((some.max(axis=(0, 1)) - some.min(axis=(0, 1))).max())
        if difference >= FAINT:
            break
    return difference


def as_rgb(image, background, it):
    """Return a Pillow image of any mode as RGB, transparent parts in ``background``."""
    if image.mode == "F" or image.mode[0] == "I":  # Pillow would cut these off at 255
        white = None if image.mode == "F" else 65535
        x, key = np.asarray(image), image.info.get("transparency")
        image = Image.fromarray(to_bytes(x, white, it))
        if key is not None:  # the grey that stands for what is transparent
            image.putalpha(Image.fromarray(np.where(x == key, 0, 255).astype("uint8")))
    if image.mode == "LAB":
        raise ValueError("The picture has LAB colours. Save it as PNG or JPEG.")
    if image.has_transparency_data:
        image = with_alpha(image)
        image = Image.alpha_composite(Image.new("RGBA", image.size, background), image)
    return image.convert("RGB")


def with_alpha(image):
    """Return a Pillow image with transparent parts as RGBA."""
    return (image.convert("LA") if image.mode == "La" else image).convert("RGBA")


def from_array(source):
    """Return an array as uint8 that Pillow takes, or say what is wrong with it."""
    is_torch = type(source).__module__.split(".")[0] == "torch"
    if is_torch:
        source = source.detach().cpu()  # else it refuses to become an array
    if np.ma.is_masked(source):
        raise ValueError(
            "The picture has masked values. To make them 0, write picture.filled(0)."
        )
    x = as_numbers(source)
    if x.ndim == 3 and x.shape[-1] == 1:
        x = x[..., 0]
    if 0 in x.shape or not (x.ndim == 2 or (x.ndim == 3 and x.shape[-1] in (3, 4))):
        instead = "The channels are the last axis: 1, 3 or 4 of them."
        if 0 in x.shape:
            instead = "There are no pixels in it."
        elif x.ndim == 4:
            instead = "Take one picture out of a batch with images[0]."
        elif x.ndim == 3 and x.shape[0] in (1, 3, 4):
            line = "np.transpose(image, (1, 2, 0))"
            if is_torch:
                line = "image.permute(1, 2, 0)"
            elif isinstance(source, np.ndarray):
                line = "image.transpose(1, 2, 0)"
            instead = f"If its channels come first, write {line}."
        raise ValueError(
            f"One picture has the shape (rows, columns, 3), this array has {x.shape}. "
            f"{instead}"
        )
    it = "picture" if isinstance(source, np.ndarray) else "np.array(picture)"
    if x.dtype.kind != "u" or x.dtype.itemsize != 2:
        return to_bytes(x, it=it)
    check_bits(x.max(), it)
    return to_bytes(x, 65535, it)


def as_numbers(source):
    """Return an array of NumPy's own numbers, or say why there is none."""
    try:
        x = np.asarray(source)
        if (
            x.dtype.kind == "V" and x.dtype.names is None
        ):  # bfloat16, which is no type of NumPy's
            x = x.astype("float32")
    except Exception as error:  # each library refuses in its own words
        if not isinstance(source, (list, tuple)):
            reason = " ".join(str(error).split()).partition(". ")[0].rstrip(".")
            raise TypeError(
                f"NumPy makes no array of this {type(source).__name__}: {reason}."
            ) from None
        x = np.empty(0, object)
    if x.dtype.kind not in "buif":
        raise TypeError("The picture holds something other than numbers of one shape.")
    return x


def check_bits(high, it):
    """Refuse 16 bits of which the upper are not used: what is white is not clear."""
    if not 0 < high <= 4095:
        return
    white = next(white for white in (1, 255, 1023, 4095) if high <= white)
    raise ValueError(
        f"The picture has 16 bits for each pixel, but no value above {high}: if 65535 is "
        f"white, it is almost black. If {white} is white, write {it} / {white}; if 65535 "
        f"is, write {it} / 65535.{where(it)}"
    )


def to_bytes(x, white=None, it="picture"):
    """Scale numbers to uint8, so that ``white`` becomes 255."""
    low, high = x.min(), x.max()
    if white is None:
        white = 1 if x.dtype.kind in "bf" and high < DARK else 255
    # Rounded, as pixels are: where 1 is white, 1.0000004 is what resizing made of it.
    darkest, brightest = np.rint([float(low) * 255 / white, float(high) * 255 / white])
    if not (darkest >= 0 and brightest <= 255):  # NaN fails too
        one, two = f"only the value {low}", f"values from {low} to {high}"
        span = one if low == high else two
        if np.isnan(low):
            span = "NaN, which is not a number"
        raise ValueError(
            f"The picture holds {span}. Pixels go from 0 to 255, or, as floats, from 0 to "
            f"1. {fix(x, low, high, it)}{where(it)}"
        )
    scaled = x * (255 / white)
    scaled.round(out=scaled).clip(0, 255, out=scaled)
    return scaled.astype("uint8")


def where(it):
    """Say what the names are in a line about a file, after that line."""
    return " Image is from PIL, path is the file's." if "path" in it else ""


def fix(x, low, high, it):
    """Say which line makes pixels of numbers that are none."""
    if not np.isfinite([low, high]).all():
        return f"To make them 0, write np.where(np.isfinite({it}), {it}, 0)."
    if x.dtype.kind != "f" or high >= DARK:
        cut = f"To cut off the rest, write np.clip({it}, 0, 255)"
        if low < 0 or high < 1024:
            return f"{cut}."
        if high > 65535:
            return f"{cut}; to keep all, write {it} / {high}."
        bits = 12 if high < 4096 else 16
        return f"{cut}; of {bits} bits, write {it} / {2**bits - 1}."
    if low >= 0:
        return f"If 1 is white, write np.clip({it}, 0, 1); if 255, write {it} / 255."
    cut = f"To cut off the rest, write np.clip({it}, 0, 1)"
    if low >= -1 and high <= 1:
        return f"{cut}; if it goes from -1 to 1, write ({it} + 1) / 2."
    if low == high:
        return f"{cut}."
    return f"{cut}; to keep all, write ({it} - {it}.min()) / np.ptp({it})."
