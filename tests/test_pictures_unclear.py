"""Pictures that could come back almost black, or blank: refused or told, with a line."""

import io
import re
import warnings

import numpy as np
import pytest
import tensorflow as tf
from picture_files import choose, chosen, encoded, refused, sample
from PIL import Image, ImageOps

from helpers.pictures import own_picture, read_picture

# 16 bits of which fewer are used


def grey(white, dtype="uint16"):
    """Sixteen steps from 0 to ``white``: ``(4, 4)``."""
    return np.linspace(0, white, 16).round().astype(dtype).reshape(4, 4)


def in_mode(mode):
    return lambda array: Image.frombytes(
        mode, array.shape, array.astype(">u2" if "B" in mode else "<u2").tobytes()
    )


SIXTEEN = {
    "array": np.asarray,
    "big-endian array": lambda array: array.astype(">u2"),
    "colours": lambda array: array[..., np.newaxis].repeat(3, axis=-1),
    "tensor": tf.constant,
    "I;16": in_mode("I;16"),
    "I;16B": in_mode("I;16B"),
    "I": lambda array: Image.fromarray(array.astype("int32")),
    "png": lambda array: encoded(array, "png"),
    "tiff": lambda array: encoded(array, "tiff"),
    "tiff of 32 bits": lambda array: encoded(array.astype("int32"), "tiff"),
}


@pytest.mark.parametrize("white", [1, 255, 1023, 4095])
@pytest.mark.parametrize("kind", SIXTEEN)
def test_fewer_bits_in_16_are_refused_with_the_line_that_mends(kind, white, tmp_path):
    source = SIXTEEN[kind](grey(white))
    message = refused(source)
    assert f"but no value above {white}" in message
    names = {"np": np, "Image": Image, "path": tmp_path / "a", "picture": source}
    if isinstance(source, bytes):
        names["path"].write_bytes(source)
        del names["picture"]
    line, dark = re.findall(r"write (.+?)[;.]?(?= if| Image|$)", message)
    seen = read_picture(eval(line, names))[..., 0]
    np.testing.assert_array_equal(seen, (grey(white) * (255 / white)).round())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert read_picture(eval(dark, names)).max() == round(white / 257)


@pytest.mark.parametrize("kind", SIXTEEN)
def test_16_bits_that_are_used_are_read(kind):
    seen = read_picture(SIXTEEN[kind](grey(65535)))[..., 0]
    np.testing.assert_array_equal(seen, grey(255))


def test_8_bits_in_other_whole_numbers_are_read():
    for dtype in ("int16", "int32", "uint32", "int64", "uint64"):
        seen = read_picture(grey(255, dtype))[..., 0]
        np.testing.assert_array_equal(seen, grey(255))


def test_all_of_a_large_picture_decides_what_its_bits_are(monkeypatch):
    monkeypatch.setattr("helpers.engine.pixels.TILE", 2)
    steps = grey(65535)
    seen = read_picture(encoded(steps))[..., 0]  # its first tiles alone are dark
    np.testing.assert_array_equal(seen, grey(255))


def test_colours_of_16_bits_in_a_file():
    """Pillow reads the upper 8 bits of them; it would give 0 for the lower ones."""
    colours = grey(255)[..., np.newaxis].repeat(3, axis=-1)
    png = tf.io.encode_png(colours).numpy()
    message = refused(png)
    assert "16 bits for each colour" in message and "pass Image.open(path)" in message
    with pytest.warns(UserWarning, match="Every pixel of the picture is 0"):
        assert read_picture(Image.open(io.BytesIO(png))).max() == 0
    used = read_picture(tf.io.encode_png(colours * 257).numpy())
    np.testing.assert_array_equal(used, colours)
    drawing = np.zeros((4, 4, 4), "uint16")  # black on transparent
    drawing[1:3, 1:3, 3] = 65535
    assert read_picture(tf.io.encode_png(drawing).numpy()).min() == 0


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I"])
def test_transparent_grey_of_16_bits(mode):
    image = SIXTEEN[mode](grey(65535))
    image.info["transparency"] = 4369  # as Pillow says it of such a PNG
    seen = read_picture(image)[..., 0].ravel().tolist()
    assert seen == [0, 255, *range(34, 256, 17)]


@pytest.mark.parametrize("pillow", [False, True])
def test_lines_for_files_of_floats_work_on_files(tmp_path, pillow):
    content = encoded(np.array([[0, 2.0]], "float32"), "tiff")
    source = Image.open(io.BytesIO(content)) if pillow else content
    message = refused(source)
    assert message.endswith("Image is from PIL, path is the file's.") != pillow
    (tmp_path / "a").write_bytes(content)
    names = {"np": np, "Image": Image, "path": tmp_path / "a", "picture": source}
    lines = re.findall(r"write (np.+?)[;.]?(?= if| Image|$)", message)
    assert [read_picture(eval(line, names)).max() for line in lines] == [255, 2]


@pytest.mark.parametrize("picture", [[[0, 2.0]], tf.constant([[0, 2.0]])], ids=str)
def test_lines_for_lists_and_tensors_work_on_them(picture):
    lines = re.findall(r"write (np.+?)[;.]?(?= if|$)", refused(picture))
    names = {"np": np, "picture": picture}
    assert [read_picture(eval(line, names)).max() for line in lines] == [255, 2]


# Transparency


def strokes(mode="RGBA", colour="white"):
    """A cross of one colour, with soft edges, on a transparent canvas."""
    alpha = np.zeros((12, 12), "uint8")
    alpha[4:8], alpha[:, 4:8], alpha[3] = 255, 255, 90
    canvas = Image.new("RGBA", (12, 12), colour)
    canvas.putalpha(Image.fromarray(alpha))
    if mode == "P":
        return canvas.quantize()
    for step in {"RGBA": [], "LA": ["LA"], "La": ["LA", "La"], "RGBa": ["RGBa"]}[mode]:
        canvas = canvas.convert(step)
    return canvas


@pytest.mark.parametrize("mode", ["RGBA", "LA", "La", "RGBa", "P"])
@pytest.mark.parametrize("colour", ["white", "#fdfdfd"])
def test_white_strokes_on_nothing_are_refused_and_read_on_black(mode, colour):
    line = refused(strokes(mode, colour)).split("Add ")[1]
    assert line == 'background="black" to read_picture.'
    seen = read_picture(strokes(mode, colour), background="black")
    alpha = np.asarray(strokes().getchannel("A"))
    assert np.abs(seen[..., 0] - alpha.astype(int)).max() <= 4


def test_strokes_as_files_arrays_and_uploads():
    drawing = strokes()
    for source in (encoded(drawing), np.asarray(drawing), chosen(encoded(drawing))):
        assert 'background="black"' in refused(source)
        assert read_picture(source, 6, background="black").max() == 255
    own = own_picture()
    choose(own.upload, encoded(drawing), "seven.png")
    assert "Add background=&quot;black&quot; to read_picture." in own.said.value
    assert read_picture(own, background="black").max() == 255


def test_black_strokes_are_seen_on_white_and_refused_on_black():
    drawing = strokes(colour="black")
    assert set(np.unique(read_picture(drawing))) == {0, 165, 255}
    with pytest.raises(ValueError, match='Add background="white"'):
        read_picture(drawing, background="black")


@pytest.mark.parametrize("background", ["#102030", "hsl(0, 100%, 50%)", "red"])
def test_colour_of_the_background(background):
    shown = Image.new("RGB", (1, 1), background).getpixel((0, 0))
    seen = read_picture(strokes(), background=background)
    assert tuple(seen[0, 0]) == shown and tuple(seen[5, 5]) == (255, 255, 255)


@pytest.mark.parametrize("background", ["whitish", "", None, 3, (1, 2, 3), "#12"])
def test_wrong_backgrounds_are_refused(background):
    with pytest.raises(ValueError, match="write the name of a colour, such as"):
        read_picture(sample(), background=background)


# Blank pictures


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (np.zeros((4, 4)), "Every pixel of the picture is 0."),
        (np.ones((4, 4)), "Every pixel of the picture is 255."),
        (encoded(Image.new("RGB", (4, 4), "red")), r"picture is \(255, 0, 0\)."),
        (Image.new("RGBA", (4, 4)), "Every pixel of the picture is 255."),
        (
            grey(1, int),
            "more than 1 of 255. If 1 is white, multiply the result by 255.",
        ),
        (np.eye(4, dtype="uint8") + 7, "No two pixels .* more than 1 of 255.$"),
    ],
)
def test_blank_picture_is_told_where_it_is_read(source, words):
    with pytest.warns(UserWarning, match=words) as caught:
        seen = read_picture(source)
    assert caught[0].filename == __file__
    if "multiply" in words:
        assert set(np.unique(seen * 255)) == {0, 255}


def test_what_is_small_or_has_one_other_pixel_is_not_blank():
    read_picture(np.ones((1, 1, 3)))
    almost = np.zeros((100, 100))
    almost[37, 41] = 0.5
    assert read_picture(almost).max() == 128


def test_blank_upload_is_told_under_the_button():
    own = own_picture()
    choose(own.upload, encoded(Image.new("RGB", (1, 2))))
    said = "mine.png: 2 rows, 1 column. Every pixel of the picture is 0."
    assert own.said.value == said
    choose(own.upload, encoded(Image.new("RGB", (2, 1))))
    assert own.said.value.startswith("mine.png: 1 row, 2 columns. ")


# The form of the picture


def test_fit_of_another_form():
    picture = np.zeros((10, 30, 3), "uint8")
    picture[:, :10], picture[:, 10:20], picture[:, 20:] = 50, 100, 150
    assert set(np.unique(read_picture(picture, 10))) == {100}
    stretched = Image.fromarray(picture).resize((30, 30), Image.Resampling.LANCZOS)
    seen = read_picture(picture, 30, fit="stretch")
    np.testing.assert_array_equal(seen, np.asarray(stretched))
    seen = read_picture(picture, 30, fit="pad")
    np.testing.assert_array_equal(seen[10:20], picture)
    assert (seen[:10] == 255).all() and (seen[20:] == 255).all()
    seen = read_picture(picture, 30, fit="pad", background="#102030")
    assert (seen[:10] == [16, 32, 48]).all()
    turned = read_picture(picture.swapaxes(0, 1), (30, 40), fit="pad")
    np.testing.assert_array_equal(turned[:, 15:25], picture.swapaxes(0, 1))


def test_fit_changes_nothing_without_a_size_or_with_the_same_form():
    for fit in ("crop", "stretch", "pad"):
        for size in (None, (40, 60)):
            np.testing.assert_array_equal(read_picture(sample(), size, fit), sample())


@pytest.mark.parametrize("fit", ["crop", "stretch", "pad"])
@pytest.mark.parametrize("shape", [(1, 3000), (3000, 1), (1, 1), (2, 3)])
def test_fit_of_extreme_forms(fit, shape):
    picture = np.arange(np.prod(shape)).reshape(shape) % 251
    assert read_picture(picture, (32, 20), fit).shape == (32, 20, 3)


@pytest.mark.parametrize("fit", ["Crop", "contain", None, 3])
def test_wrong_fits_are_refused_before_anything_is_read(fit):
    with pytest.raises(ValueError, match='write "crop", "stretch" or "pad"'):
        read_picture("nowhere.png", 32, fit=fit)


# Too many pixels


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.filterwarnings("ignore:Every pixel")
@pytest.mark.parametrize(("mode", "form"), [("L", "jpeg"), ("1", "png"), ("P", "png")])
def test_line_that_makes_108_megapixels_smaller(tmp_path, mode, form):
    path = tmp_path / "phone"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new(mode, (12_000, 9000)).save(path, form, exif=exif)
    message = refused(path)
    assert "more than 37 million pixels. To make it smaller, write " in message
    lines = re.search("write (.+), with Image from PIL, and pass image", message)[1]
    names = {"Image": Image, "path": path}
    exec(lines, names)
    assert read_picture(names["image"]).shape == (2000, 1500, 3)  # and upright


@pytest.mark.parametrize(("mode", "side"), [("1", 14_000), ("I;16", 7000)])
def test_what_pillow_makes_no_smaller_picture_of(mode, side):
    content = encoded(Image.new(mode, (side, side)))
    assert refused(content).endswith(
        "Make it smaller first, in a program for pictures."
    )


# Pillow's own pictures


def test_picture_that_was_closed(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded(sample()))
    with Image.open(tmp_path / "a.png") as image:
        pass
    assert "was closed before it was read" in refused(image)
    with Image.open(tmp_path / "a.png") as image:
        np.testing.assert_array_equal(read_picture(image), sample())


def test_turned_picture_of_the_caller_is_not_changed():
    image = Image.fromarray(sample())
    image.getexif()[0x0112] = 6
    upright = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(read_picture(image), upright)
    assert image.size == (60, 40)
