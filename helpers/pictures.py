"""A picture of one's own, wherever it comes from, as an array that a network can take."""

import binascii
import html
import io
import os
import re
import time
import warnings
import zlib
from base64 import b64decode
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

import ipywidgets as widgets
import numpy as np
from PIL import Image, ImageColor, ImageOps

from .datasets import cat_photograph
from .engine.files import as_path, is_offline
from .engine.pixels import MEMORY, decode, from_array, pixels, spread, upright
from .engine.shown import ShownBox, close_earlier

DEADLINE = 30  # seconds for a picture from the network
SILENCE = 10  # seconds without a single byte
BYTES = 30_000_000  # at most from the network, or in a data: address
WHITE = 255, 255, 255


def read_picture(source, size=None, fit="crop", background="white"):
    """Read a picture, whatever it comes as, in the form that networks take.

    A photograph is turned upright if the camera noted how it was held (EXIF),
    transparent parts become white, grey becomes three equal channels, and of an animation
    the first picture counts. A warning says if no two pixels differ.

    Arguments:
        source: path of a file, also one between quotes or one that starts with
            ``file:``; address that starts with ``https://``, ``http://`` or ``data:``;
            the file's bytes; a file opened with mode ``"rb"``; an
            ``ipywidgets.FileUpload`` or its value; what `own_picture` returned; a Pillow
            image; or an array of shape ``(rows, columns)`` or
            ``(rows, columns, channels)`` with 1, 3 or 4 channels. Floats up to 1 are
            multiplied by 255, and rounded: 1.0000004 is white. Floats whose largest is
            between 1 and 16 are refused: it is unclear what white is. uint16 is divided
            by 257, but refused up to 4095: these may be 8 to 12 bits.
        size: rows and columns wanted, one number for a square or two for
            ``(rows, columns)``. By default the picture stays whole.
        fit: what happens if ``size`` has other proportions than the picture. ``"crop"``:
            the largest part of that form is cut from the middle. ``"stretch"``: all of
            the picture, its proportions changed. ``"pad"``: all of it in the middle, its
            proportions kept, the rest in the colour of ``background``. Each way it is
            resized with Pillow's Lanczos filter.
        background: colour behind transparent parts: a name, such as ``"black"``, or
            ``"#rrggbb"``.

    Returns:
        NumPy array ``(rows, columns, 3)``, uint8 from 0 to 255.

    Raises:
        TypeError: a source of none of these kinds.
        ValueError: it is no picture, is damaged, has too many pixels (37 million,
            as WebP 18: more than 300 MB of memory), shows nothing on its background, or
            has values that are no pixels; then the error names the line that fixes them.
            Or ``size``, ``fit`` or ``background`` is none of the above.
        OSError: the file cannot be read, or the address gives nothing in time.

    Example:
        >>> read_picture(cat_photograph(), size=8).shape
        (8, 8, 3)
        >>> read_picture([[0, 0.5], [1, 1]])[0]
        array([[  0,   0,   0],
               [128, 128, 128]], dtype=uint8)
    """
    size = check_size(size)
    if not isinstance(fit, str) or fit not in ("crop", "stretch", "pad"):
        raise ValueError(f'fit={fit!r}: write "crop", "stretch" or "pad".')
    background = check_colour(background)
    picture = whole(source, background)
    if said := nothing_in(picture):
        warnings.warn(said, stacklevel=2)
    if size is None:
        return picture
    image, lanczos = Image.fromarray(picture), Image.Resampling.LANCZOS
    if fit == "stretch":
        image = image.resize(size, lanczos)
    elif fit == "pad":
        image = padded(image, size, background)
    else:
        image = ImageOps.fit(image, size, lanczos)
    return np.array(image)


def padded(image, size, background):
    """Return all of an image in its proportions, in the middle of another of this size.

    Pillow's `ImageOps.pad` fails, before version 13, where a side comes out below 1.
    """
    scale = min(size[0] / image.width, size[1] / image.height)
    width, height = (max(1, round(side * scale)) for side in image.size)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    canvas = Image.new("RGB", size, background)
    canvas.paste(image.resize((width, height), Image.Resampling.LANCZOS), (left, top))
    return canvas


def check_size(size):
    """Return the columns and rows, in Pillow's order, that `read_picture` is asked for."""
    if size is None:
        return None
    pair = size if isinstance(size, (tuple, list)) else (size, size)
    whole = [isinstance(x, (int, np.integer)) and 1 <= x <= 10_000 for x in pair]
    if len(pair) != 2 or not all(whole):
        raise ValueError(
            f"size={size!r}: write one whole number from 1 to 10000, such as 32, or two, "
            "(rows, columns)."
        )
    rows, columns = map(int, pair)
    return columns, rows


def check_colour(background):
    """Return the red, green and blue of a colour's name."""
    try:
        return ImageColor.getrgb(background)[:3]
    except Exception:  # of several kinds
        raise ValueError(
            f'background={background!r}: write the name of a colour, such as "white" or '
            '"black", or "#808080".'
        ) from None


def nothing_in(picture):
    """Say that no two pixels of a picture differ, or hardly; "" if they do."""
    if picture[..., 0].size == 1 or (difference := spread(picture)) > 1:
        return ""
    said = "No two pixels of the picture differ by more than 1 of 255."
    if difference == 0:
        colour = picture[0, 0].tolist()
        colour = colour[0] if len(set(colour)) == 1 else tuple(colour)
        said = f"Every pixel of the picture is {colour}."
    return said + (
        " If 1 is white, multiply the result by 255." if picture.max() == 1 else ""
    )


# Where it comes from ------------------------------------------------------------------


def whole(source, background=WHITE):
    """Return any source as ``(rows, columns, 3)``, uint8."""
    given = isinstance(source, Image.Image)
    it = "np.array(picture)" if given else "np.array(Image.open(path))"
    return pixels(opened(source), it, background)


def opened(source):
    """Return any source as an upright Pillow image."""
    if isinstance(source, OwnPicture):
        source = source.upload if source.upload.value else source.stand_in
    if is_upload(source):
        name, content = uploaded(source)
        return decode(content, name)
    if isinstance(source, (bytes, bytearray)) or (
        isinstance(source, memoryview) and source.ndim == 1
    ):
        return decode(bytes(source), "The picture")
    if isinstance(source, (str, os.PathLike)):
        return decode(*written(os.fsdecode(source)))
    if isinstance(source, Image.Image):
        return upright(source, "The picture")
    if hasattr(source, "read"):
        return decode(read_open(source), "The picture")
    if isinstance(source, (list, tuple)) or hasattr(source, "__array__"):
        return Image.fromarray(from_array(source))
    kind = f"{type(source).__module__}.{type(source).__qualname__}"
    kind = kind.removeprefix("builtins.")
    raise TypeError(
        f"{kind} is not a picture. Pass a path, an address (https://), bytes, a "
        "FileUpload, a Pillow image or an array."
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


def written(text):
    """Return the bytes behind a path or an address, and what to call them."""
    if re.match(r"\s*https?:", text, re.IGNORECASE):
        return fetch(text.strip()), text
    if re.match(r"\s*data:", text, re.IGNORECASE) and not os.path.exists(text):
        return inside(text), "The picture"
    if not text.strip():
        raise OSError(
            'The path is empty. Write the name of a file, such as "holiday.jpg".'
        )
    path = as_path(text)
    return read_file(path), str(path)


def read_file(path):
    """Return a file's bytes, or say where it was looked for."""
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise OSError("it is a folder" if path.is_dir() else "it is no file")
        if size <= MEMORY // 2:
            return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OSError(
            f"{str(path)[:200]} cannot be read: {reason}. It was looked for from the "
            f"folder {Path.cwd()}; an address on the network starts with https://."
        ) from None
    raise ValueError(f"{path} has {size // 10**6} MB. {LARGE}")


LARGE = f"A picture may have {MEMORY // 2 // 10**6}: make it smaller first."


def read_open(file):
    """Return the bytes of an open file, from its beginning."""
    if isinstance(file, io.TextIOBase):
        raise TypeError('The file was opened as text. Write open(path, "rb").')
    if hasattr(file, "seekable") and file.seekable():
        file.seek(0)
    content = file.read(MEMORY // 2 + 1)
    if len(content) > MEMORY // 2:
        raise ValueError(f"The file has more MB than that. {LARGE}")
    return content


def inside(address):
    """Return the bytes that a data: address itself holds."""
    head, comma, body = address.partition(",")
    again = "Copy it again, or save the picture as a file and pass its path."
    if not comma:
        raise ValueError(f"The data: address is cut short: it has no comma. {again}")
    if len(body) > 3 * BYTES:  # bytes may be written as %FF
        raise ValueError(
            f"The data: address has more than {BYTES // 10**6} MB. Save the picture as a "
            "file and pass its path."
        )
    content = unquote_to_bytes(body)
    if not head.rstrip().lower().endswith(";base64"):
        return content
    content = b"".join(content.split()).rstrip(b"=")
    content += b"=" * (-len(content) % 4)
    try:
        return b64decode(
            content.translate(bytes.maketrans(b"-_", b"+/")), validate=True
        )
    except binascii.Error:
        raise ValueError(f"The data: address is damaged: no base64. {again}") from None


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
        raise OSError(f"LAYERS_OFFLINE forbids a request to {host}. {instead}")
    from .engine import download  # slow to import, seldom needed

    start, content = time.monotonic(), b""
    asked = {"User-Agent": "inside-the-layers", "Accept-Encoding": "identity"}
    try:
        with download.answer(address, SILENCE, **asked) as (_, blocks):
            for block in blocks:
                content += block
                if len(content) > BYTES:
                    break
                if time.monotonic() - start > DEADLINE:
                    raise TimeoutError
        content = unzipped(content)
        if len(content) <= BYTES:
            return content
        raise ValueError(f"{host} sends more than {BYTES // 10**6} MB. {instead}")
    except download.Refused as status:
        reason = f"{host} answered {status}"
    except TimeoutError:
        reason = f"{host} is too slow or does not answer"
    except ConnectionError as error:
        reason = f"no connection to {host}"
        cause = type(error.__context__).__name__  # what requests says of it
        if content:
            reason = (
                f"the connection to {host} was interrupted after {len(content)} bytes"
            )
        elif cause == "TooManyRedirects":
            reason = f"{host} redirects from one address to the next without end"
        elif cause in ("InvalidURL", "LocationParseError"):
            reason = f"{address} is not a valid address"
    raise OSError(f"The picture could not be fetched: {reason}. {instead}")


def unzipped(content):
    """Unpack what a server sent with gzip, though not asked to; at most `BYTES`."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return zlib.decompressobj(wbits=31).decompress(content, BYTES + 1)
    except zlib.error:
        return content


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
        close_earlier(self.box)
        self.look()

    def look(self):
        """Bring the preview and the sentence under it up to date."""
        name = uploaded(self.upload)[0] if self.upload.value else "The course's cat"
        try:
            picture = whole(self)
        except ValueError as error:
            self.preview.value, sentence = b"", str(error)
        else:
            rows, columns, _ = picture.shape
            sides = f"{counted(rows, 'row')}, {counted(columns, 'column')}"
            sentence = f"{name}: {sides}. {nothing_in(picture)}".rstrip()
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


def counted(count, thing):
    """Return "1 row", "2 rows"."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


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
