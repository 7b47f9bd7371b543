"""A picture of one's own, wherever it comes from, as an array that a network can take."""

import html
import io
import os
import re
import time
import warnings
from base64 import b64decode
from pathlib import Path
from urllib.parse import urlsplit

import ipywidgets as widgets
import numpy as np
from PIL import Image, ImageOps

from .datasets import cat_photograph
from .engine.files import is_offline
from .engine.shown import ShownBox

DEADLINE = 30  # seconds for a picture from the network
SILENCE = 10  # seconds without a single byte
BYTES = 30_000_000  # at most from the network
MEMORY = 300_000_000  # bytes that a file's picture may need while it is read
NEEDED = 8  # of them for each pixel; more in the formats whose decoders keep copies
NEEDED_IN = {"TIFF": 12, "WEBP": 16, "AVIF": 16, "HEIF": 16, "JPEG2000": 24}
TILE = 1024  # rows and columns that are converted at once
DARK = 16  # of floats from 0 to 255, no picture has its largest below

# Not every format Pillow knows: to read EPS, it starts another program. HEIF is there
# only if the package pillow-heif was installed and registered.
FORMATS = "PNG JPEG GIF BMP WEBP AVIF TIFF PPM ICO JPEG2000 HEIF".split()


def read_picture(source, size=None):
    """Read a picture, whatever it comes as, in the form that networks take.

    A photograph is turned upright if the camera noted how it was held (EXIF),
    transparent parts become white, grey becomes three equal channels, and of an animation
    the first picture counts.

    Arguments:
        source: path of a file; address that starts with ``https://`` or ``http://``;
            the file's bytes; an ``ipywidgets.FileUpload`` or its value; what
            `own_picture` returned; a Pillow image; or an array of shape
            ``(rows, columns)`` or ``(rows, columns, channels)`` with 1, 3 or 4
            channels. Floats up to 1 are multiplied by 255. Floats whose largest is
            between 1 and 16 are refused: it is unclear what white is. uint16 is divided
            by 257.
        size: rows and columns wanted, one number for a square or two for
            ``(rows, columns)``. The largest part of that form is cut from the middle and
            resized with Pillow's Lanczos filter. By default the picture stays whole.

    Returns:
        NumPy array ``(rows, columns, 3)``, uint8 from 0 to 255.

    Raises:
        TypeError: a source of none of these kinds.
        ValueError: what came is no picture, is damaged, has too many pixels (37 million,
            as WebP 18: more than 300 MB of memory), or has values that are no pixels;
            then the error names the line that mends them.
        OSError: the file cannot be read, or the address gives nothing in time.

    Example:
        >>> read_picture(cat_photograph(), size=8).shape
        (8, 8, 3)
        >>> read_picture([[0, 0.5], [1, 1]])[0]
        array([[  0,   0,   0],
               [128, 128, 128]], dtype=uint8)
    """
    picture = pixels(opened(source))
    if size is None:
        return picture
    rows, columns = check_size(size)
    lanczos = Image.Resampling.LANCZOS
    return np.array(ImageOps.fit(Image.fromarray(picture), (columns, rows), lanczos))


def check_size(size):
    """Return the rows and columns that `read_picture` is asked for."""
    pair = size if isinstance(size, (tuple, list)) else (size, size)
    whole = [isinstance(x, (int, np.integer)) and 1 <= x <= 10_000 for x in pair]
    if len(pair) != 2 or not all(whole):
        raise ValueError(
            f"size={size!r}: write one whole number from 1 to 10000, such as 32, or two, "
            "(rows, columns)."
        )
    return tuple(map(int, pair))


# Where it comes from ------------------------------------------------------------------


def opened(source):
    """Return any source as an upright Pillow image."""
    if isinstance(source, OwnPicture):
        source = source.upload if source.upload.value else source.stand_in
    if is_upload(source):
        name, content = uploaded(source)
        return decode(content, name)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return decode(bytes(source), "The picture")
    if isinstance(source, (str, os.PathLike)):
        address = re.match(r"\s*https?:", str(source), re.IGNORECASE)
        content = fetch(str(source)) if address else read_file(source)
        return decode(content, str(source))
    if isinstance(source, Image.Image):
        return upright(source, "The picture")
    if isinstance(source, (list, tuple)) or hasattr(source, "__array__"):
        return Image.fromarray(from_array(source))
    raise TypeError(
        f"{type(source).__name__} is no picture. Pass a path, an address that starts "
        "with https://, bytes, a FileUpload, a Pillow image or an array."
    )


def is_upload(value):
    """Tell whether this is a ``FileUpload``, or its value in ipywidgets 7 or 8."""
    if isinstance(value, widgets.FileUpload):
        return True
    if not isinstance(value, (list, tuple, dict)) or value == []:  # [] is no upload
        return False
    return all(isinstance(file, dict) and "content" in file for file in files_in(value))


def files_in(value):
    """List the files of an upload: ipywidgets 7 has a dict of them, 8 a tuple."""
    return list(value.values() if isinstance(value, dict) else value)


def uploaded(upload):
    """Return name and bytes of the last file that was chosen in a ``FileUpload``."""
    value = getattr(upload, "value", upload)
    if not value:
        raise ValueError(
            "No file was chosen yet. Choose one with the button, then run this cell again."
        )
    file = files_in(value)[-1]
    return file.get("name") or file["metadata"]["name"], bytes(file["content"])


def read_file(path):
    """Return a file's bytes, or say where it was looked for."""
    try:
        file = Path(os.path.expanduser(path))
        if (size := file.stat().st_size) <= MEMORY // 2:
            return file.read_bytes()
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OSError(
            f"{str(path)[:200]} cannot be read: {reason}. It was looked for from the "
            f"folder {Path.cwd()}; an address on the network starts with https://."
        ) from None
    most = MEMORY // 2 // 10**6
    raise ValueError(
        f"{path} has {size // 10**6} MB. A picture may have {most}: make it smaller first."
    )


def fetch(address):
    """Return the bytes behind an address, or say why they cannot be had."""
    try:
        host = urlsplit(address).hostname
    except ValueError:  # brackets that do not close
        host = None
    instead = "Save the picture as a file and pass its path."
    if not host:
        raise OSError(f"The address {address} is not complete: no host is named in it.")
    if is_offline():
        raise OSError(f"LAYERS_OFFLINE forbids to ask {host}. {instead}")
    from .engine import download  # slow to import, seldom needed

    start, content = time.monotonic(), b""
    asked = {"User-Agent": "inside-the-layers", "Accept-Encoding": "identity"}
    try:
        with download.answer(address, SILENCE, **asked) as (_, blocks):
            for block in blocks:
                content += block
                if len(content) > BYTES:
                    most = BYTES // 10**6
                    raise ValueError(f"{host} sends more than {most} MB. {instead}")
                if time.monotonic() - start > DEADLINE:
                    raise TimeoutError
        return content
    except download.Refused as status:
        reason = f"{host} answered {status}"
    except TimeoutError:
        reason = f"{host} is too slow or does not answer"
    except ConnectionError:
        reason = f"no connection to {host}"
    raise OSError(f"The picture could not be fetched: {reason}. {instead}")


# What it is ---------------------------------------------------------------------------


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


# Choosing one in the notebook ---------------------------------------------------------


def own_picture():
    """Show a button to choose a picture of one's own, with a preview.

    On a phone the button offers the camera as well. Until a picture is chosen, the
    photograph of a cat that comes with the course stands in, so that the cells after it
    run in any case.

    Returns:
        `OwnPicture`, which shows itself. Pass it to `read_picture`.

    Example:
        >>> chosen = own_picture()
        >>> chosen
        A button to choose a picture. Until you choose one, the course's cat stands in.
        >>> read_picture(chosen, size=32).shape
        (32, 32, 3)
    """
    return OwnPicture()


class OwnPicture(ShownBox):
    """A ``FileUpload`` with a preview; see `own_picture`."""

    def __init__(self):
        self.stand_in = cat_photograph()
        self.upload = widgets.FileUpload(
            accept="image/*", multiple=False, description="Choose a picture"
        )
        self.upload.layout.width = "auto"
        self.preview = widgets.Image(format="png", layout={"width": "192px"})
        self.said = widgets.HTML()
        self.upload.observe(lambda change: self.look(), "value")
        self.box = widgets.VBox([self.upload, self.preview, self.said])
        self.look()

    def look(self):
        """Bring the preview and the sentence under it up to date."""
        name = uploaded(self.upload)[0] if self.upload.value else "The course's cat"
        try:
            picture = read_picture(self)
        except ValueError as error:
            self.preview.value, sentence = b"", str(error)
        else:
            rows, columns, _ = picture.shape
            sentence = f"{name}: {rows} rows, {columns} columns."
            image, file = Image.fromarray(picture), io.BytesIO()
            image.thumbnail((384, 384))
            image.save(file, format="png")
            self.preview.value = file.getvalue()
        self.said.value = html.escape(sentence)

    def __repr__(self):
        return (
            "A button to choose a picture. "
            "Until you choose one, the course's cat stands in."
        )


# The camera, on Colab -----------------------------------------------------------------

PHOTOGRAPH = """(async () => {
  const stream = await navigator.mediaDevices.getUserMedia({video: true});
  const video = document.createElement("video");
  const button = document.createElement("button");
  button.textContent = "Take the photograph";
  video.style.cssText = "display: block; width: 320px";
  (document.querySelector("#output-area") ?? document.body).append(video, button);
  video.srcObject = stream;
  await video.play();
  google.colab.output.setIframeHeight(document.documentElement.scrollHeight, true);
  await new Promise((resolve) => button.addEventListener("click", resolve));
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  stream.getTracks().forEach((track) => track.stop());
  video.remove();
  button.remove();
  return canvas.toDataURL("image/jpeg", 0.95);
})()"""


def camera_picture(size=None):
    """Take a photograph with this computer's camera, on Google Colab.

    Arguments:
        size: as for `read_picture`.

    Returns:
        NumPy array ``(rows, columns, 3)``, uint8.

    Raises:
        RuntimeError: not on Colab, or the camera gave no picture.
    """
    try:
        from google.colab.output import eval_js
    except ImportError:
        raise RuntimeError(
            "Only Colab lets a cell use the camera. Take the photograph with another "
            "program, or open this notebook on a phone, and choose it with own_picture()."
        ) from None
    try:
        content = b64decode(eval_js(PHOTOGRAPH).partition(",")[2])
    except Exception as error:  # whatever the browser says
        raise RuntimeError(
            f"The camera gave no picture ({error}). Allow this page to use it, or choose a "
            "file with own_picture()."
        ) from None
    return read_picture(content, size)
