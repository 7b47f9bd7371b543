"""Pictures as files and as uploads, for the tests of `helpers.pictures`."""

import datetime
import io

import ipywidgets
import numpy as np
import pytest
from PIL import Image

from helpers.pictures import read_picture

SEVEN = ipywidgets.__version__.startswith("7.")


def sample(rows=40, columns=60):
    """Return a picture whose corners differ: ``(rows, columns, 3)``, uint8."""
    red = np.linspace(0, 255, columns)[np.newaxis].repeat(rows, axis=0)
    green = np.linspace(0, 255, rows)[:, np.newaxis].repeat(columns, axis=1)
    return np.stack([red, green, 255 - red], axis=-1).round().astype("uint8")


def encoded(image, format="png", **options):
    """Return a Pillow image, or an array, as the bytes of a file."""
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    file = io.BytesIO()
    image.save(file, format=format, **options)
    return file.getvalue()


def refused(source, kind=ValueError, size=None):
    with pytest.raises(kind) as caught:
        read_picture(source, size)
    message = str(caught.value)
    assert message.endswith(".") and "\n" not in message
    return message


def chosen(content, name="mine.png"):
    """Return a FileUpload as it is after a file was chosen."""
    upload = ipywidgets.FileUpload()
    choose(upload, content, name)
    return upload


def choose(upload, content, name="mine.png"):
    about = {"name": name, "type": "image/png", "size": len(content)}
    if SEVEN:
        about["lastModified"] = 0
        value = {name: {"metadata": about, "content": content}}
    else:
        now = datetime.datetime.now(datetime.timezone.utc)
        value = ({**about, "content": memoryview(content), "last_modified": now},)
    upload.set_trait("value", value)
