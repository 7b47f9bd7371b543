"""A picture of one's own, wherever it comes from, as an array that a network can take."""

import html
import io
import os
import re
import time
from base64 import b64decode
from pathlib import Path
from urllib.parse import urlsplit

import ipywidgets as widgets
import numpy as np
from PIL import Image, ImageOps

from .datasets import cat_photograph
from .engine.files import is_offline
from .engine.pixels import MEMORY, decode, from_array, pixels, upright
from .engine.shown import ShownBox

DEADLINE = 30  # seconds for a picture from the network
SILENCE = 10  # seconds without a single byte
BYTES = 30_000_000  # at most from the network


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
