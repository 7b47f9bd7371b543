"""A picture from wherever it comes: read, turned, converted, or refused in a sentence."""

import re
import struct
import sys

import ipywidgets
import numpy as np
import pytest
import tensorflow as tf
from picture_files import chosen, encoded, refused, sample
from PIL import Image
from support import run

from helpers.engine import pixels
from helpers.pictures import read_picture, uploaded

# Of pictures that are blank on purpose
blank = pytest.mark.filterwarnings("ignore:Every pixel of the picture is")

# Sources


def test_all_sources_give_the_same_array(tmp_path, monkeypatch):
    expected, content = sample(), encoded(sample())
    (tmp_path / "mine.png").write_bytes(content)
    monkeypatch.chdir(tmp_path)
    sources = ["mine.png", tmp_path / "mine.png", content, bytearray(content)]
    sources += [memoryview(content), chosen(content), chosen(content).value]
    sources += [Image.fromarray(expected), Image.open("mine.png"), expected]
    sources += [expected.tolist(), tf.constant(expected), expected / 255]
    sources += [(expected / 255).astype("float32"), expected.astype("int64")]
    sources += [expected.astype("uint16") * 257, expected.astype("float32")]
    for source in sources:
        picture = read_picture(source)
        assert picture.dtype == "uint8" and picture.flags.writeable
        np.testing.assert_array_equal(picture, expected)


@pytest.mark.parametrize(
    "value",
    [
        (
            {"name": "a.png", "content": memoryview(b"1")},
            {"name": "b", "content": b"2"},
        ),
        {
            "a.png": {"metadata": {"name": "a.png"}, "content": b"1"},
            "b": {"metadata": {"name": "b"}, "content": b"2"},
        },
    ],
    ids=["ipywidgets 8", "ipywidgets 7"],
)
def test_last_of_several_uploads_counts(value):
    assert uploaded(value) == ("b", b"2")


@pytest.mark.parametrize("empty", [(), {}, ipywidgets.FileUpload()], ids=str)
def test_nothing_uploaded_is_said(empty):
    assert "No file was chosen yet" in refused(empty)


@pytest.mark.parametrize("empty", [[], [[]], np.zeros((0, 4, 3)), np.array([])])
def test_array_of_nothing_is_not_taken_for_a_button(empty):
    message = refused(empty)
    assert "There are no pixels in it" in message and "chosen" not in message


def test_callers_array_is_not_changed_nor_shared():
    picture = sample()
    read_picture(picture)[:] = 7
    np.testing.assert_array_equal(picture, sample())


@pytest.mark.parametrize("source", [3, None, object, print, 1.5], ids=str)
def test_other_things_are_refused(source):
    message = refused(source, TypeError)
    assert message.startswith(f"{type(source).__name__} is not a picture. Pass a path")


def test_picture_of_another_program_is_named_as_its_own():
    message = refused(ipywidgets.Image(), TypeError)
    assert message.startswith(
        "ipywidgets.widgets.widget_media.Image is not a picture. "
    )


@pytest.mark.parametrize("path", ["nowhere.png", "a\0b", "x" * 5000, "~no-such-user/a"])
def test_missing_file_is_named_with_the_folder(path):
    assert "It was looked for from the folder" in refused(path, OSError)


def test_folder_is_refused(tmp_path):
    assert "cannot be read" in refused(tmp_path, OSError)


# Forms of files


@pytest.mark.parametrize("format", ["png", "bmp", "tiff", "ppm", "gif", "ico", "webp"])
def test_formats_without_loss(format):
    picture = np.zeros((32, 32, 3), "uint8")
    picture[4:9, 6:20] = 255
    options = {"lossless": True} if format == "webp" else {}
    content = encoded(picture, format, **options)
    np.testing.assert_array_equal(read_picture(content), picture)


def test_jpeg_is_close():
    content = encoded(sample(), "jpeg", quality=95)
    difference = np.abs(read_picture(content).astype(int) - sample())
    assert difference.mean() < 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photograph_is_turned_upright(orientation):
    turns = {
        1: lambda x: x,
        2: lambda x: x[:, ::-1],
        3: lambda x: x[::-1, ::-1],
        4: lambda x: x[::-1],
        5: lambda x: x.swapaxes(0, 1),
        6: lambda x: np.rot90(x),  # the camera's rows run upwards
        7: lambda x: x[::-1, ::-1].swapaxes(0, 1),
        8: lambda x: np.rot90(x, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    kept = np.ascontiguousarray(turns[orientation](sample()))
    content = encoded(kept, "png", exif=exif)
    np.testing.assert_array_equal(read_picture(content), sample())


def test_transparent_parts_become_white():
    picture = np.zeros((4, 4, 4), "uint8")
    picture[0, 0] = 255, 0, 0, 255
    picture[0, 1] = 255, 0, 0, 51  # a fifth
    seen = read_picture(encoded(picture))
    assert seen[0, 0].tolist() == [255, 0, 0]
    assert seen[0, 1].tolist() == [255, 204, 204]
    assert (seen[1:] == 255).all()
    np.testing.assert_array_equal(seen, read_picture(picture))


@pytest.mark.parametrize("mode", ["LA", "La", "PA", "RGBA", "RGBa", "P", "L", "RGB"])
def test_transparency_in_other_modes(mode):
    """One black pixel, seen; the others black as well, but transparent."""
    alpha = np.zeros((4, 4), "uint8")
    alpha[1, 2] = 255
    grey = Image.fromarray(np.where(alpha, 0, 40).astype("uint8"))
    if mode in ("P", "L", "RGB"):  # one colour is declared transparent
        image = grey.convert(mode)
        source = encoded(image, "png", transparency=image.getpixel((0, 0)))
    elif mode == "PA":
        source = grey.convert("P")
        source.putalpha(Image.fromarray(alpha))
        assert source.mode == "PA"
    else:
        source = Image.merge("LA", [grey, Image.fromarray(alpha)])
        for step in {"La": ["La"], "RGBA": ["RGBA"], "RGBa": ["RGBA", "RGBa"]}.get(
            mode, []
        ):
            source = source.convert(step)
    seen = read_picture(source)
    expected = np.full((4, 4, 3), 255)
    expected[1, 2] = 0
    np.testing.assert_array_equal(seen, expected)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "HSV", "RGBX"])
def test_other_modes_become_rgb(mode):
    seen = read_picture(Image.fromarray(sample()).convert(mode))
    assert seen.shape == (40, 60, 3) and seen.dtype == "uint8"
    right = Image.fromarray(sample()).convert(mode).convert("RGB")
    np.testing.assert_array_equal(seen, np.asarray(right))


@blank
def test_cmyk_jpeg_keeps_its_colours():
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    assert np.abs(read_picture(encoded(red, "jpeg")) - [255, 0, 0]).max() < 8


@pytest.mark.parametrize("format", ["png", "tiff"])
def test_grey_of_16_bits_is_scaled_and_not_cut_off(format):
    steps = (np.arange(16) * 4369).astype("uint16").reshape(4, 4)  # 0 to 65535
    seen = read_picture(encoded(steps, format))
    assert seen[..., 0].ravel().tolist() == [17 * i for i in range(16)]
    assert (seen == seen[..., :1]).all()


def test_floats_in_a_file():
    steps = np.linspace(0, 1, 16, dtype="float32").reshape(4, 4)
    seen = read_picture(encoded(steps, "tiff"))
    assert seen[..., 0].ravel().tolist() == [17 * i for i in range(16)]


def test_lab_is_refused():
    assert "LAB" in refused(Image.new("LAB", (4, 4)))


@blank
def test_first_picture_of_an_animation():
    first, second = (Image.new("RGB", (8, 8), c) for c in ("red", "blue"))
    content = encoded(first, "gif", save_all=True, append_images=[second])
    assert read_picture(content)[0, 0].tolist() == [255, 0, 0]


@blank
@pytest.mark.parametrize(
    ("array", "shape"),
    [
        (np.ones((4, 5)), (4, 5, 3)),
        (np.ones((4, 5, 1)), (4, 5, 3)),
        (np.ones((4, 5), bool), (4, 5, 3)),
        (np.zeros((1, 1, 3)), (1, 1, 3)),
    ],
)
def test_arrays_of_other_shapes(array, shape):
    assert read_picture(array).shape == shape
    assert read_picture(array).max() == 255 * array.max()


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((1, 4, 4, 3), "images[0]"),
        ((3, 32, 32), "If its channels come first, write image.transpose(1, 2, 0)"),
        ((4, 4, 2), "channels come first"),
        ((32, 32, 2), "The channels are the last axis: 1, 3 or 4 of them"),
        ((8, 8, 5), "The channels are the last axis"),
        ((3,), "The channels are the last axis"),
        ((), "The channels are the last axis"),
        ((0, 4, 3), "no pixels"),
    ],
)
def test_arrays_that_are_no_picture(shape, words):
    message = refused(np.zeros(shape))
    assert f"this array has {shape}. " in message and words in message
    assert ("batch" in message) == (len(shape) == 4)


class Torch:
    """What a torch tensor does when it is read: no transpose with three axes."""

    __module__ = "torch"

    def __init__(self, array, there=False):
        self.array, self.there = array, there

    def __array__(self, *args, **options):
        assert self.there  # on the processor, without gradients
        return self.array

    def detach(self):
        return self

    def cpu(self):
        return Torch(self.array, True)

    def permute(self, *axes):
        return Torch(self.array.transpose(axes))


@pytest.mark.parametrize("kind", [np.asarray, np.ndarray.tolist, tf.constant, Torch])
def test_channels_first_is_read_as_the_message_says(kind):
    image = kind(sample().transpose(2, 0, 1))
    line = refused(image).split("write ")[1].rstrip(".")
    assert ("permute" in line) == (kind is Torch)
    turned = eval(line, {"image": image, "np": np})
    np.testing.assert_array_equal(read_picture(turned), sample())


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        ([300, 300], "only the value 300."),
        ([-1, 300], "values from -1 to 300."),
        ([np.nan, 1], "NaN, which is not a number."),
    ],
)
def test_values_are_told_as_they_are(pixels, words):
    assert f"The picture holds {words} " in refused(np.array([pixels]))


@pytest.mark.parametrize("value", [-1.0, 256.0, np.nan, np.inf])
def test_values_that_are_no_pixels(value):
    assert "Pixels go from 0 to 255" in refused(np.full((4, 4), value))
    assert "Pixels go from 0 to 255" in refused(np.full((4, 4), value).tolist())


SHADES = sample() / 255  # from 0 to 1
OFF = {  # pictures that are none, and the one that each line proposed makes of them
    "above 1": (SHADES + 0.003 * (SHADES == 1), [SHADES]),
    "brighter": (SHADES * 1.25, [np.minimum(SHADES * 1.25, 1)]),
    "dark, of 255": (np.full((4, 4), 3.0), [np.full((4, 4), 1.0), np.full((4, 4), 3)]),
    "below the limit": (np.full((4, 4), 15.9), [np.full((4, 4), 1.0)]),
    "resized": (SHADES * 1.04 - 0.02, [np.clip(SHADES * 1.04 - 0.02, 0, 1)]),
    "from -1 to 1": (SHADES * 2 - 1, [np.maximum(SHADES * 2 - 1, 0), SHADES]),
    "standardized": (SHADES * 4 - 2, [np.clip(SHADES * 4 - 2, 0, 1), SHADES]),
    "at the limit": (np.array([[-1.0, 16.0]]), [np.array([[0, 16]])]),
    "one value below 0": (np.full((4, 4), -3.0), [np.zeros((4, 4))]),
    "resized, of 255": (SHADES * 265 - 5, [np.clip(SHADES * 265 - 5, 0, 255)]),
    "whole": (np.array([[-1, 300]]), [np.array([[0, 255]])]),
    "16 bits": (np.array([[0, 65535]]), [np.array([[0, 255]]), np.array([[0, 255]])]),
    "12 bits": (np.array([[0, 4095]]), [np.array([[0, 255]]), np.array([[0, 255]])]),
    "32 bits": (np.array([[0, 10**6]]), [np.array([[0, 255]]), np.array([[0, 255]])]),
    "NaN": (np.where(SHADES == 1, np.nan, SHADES), [np.where(SHADES == 1, 0, SHADES)]),
    "infinity": (np.array([[np.inf, 255.0]]), [np.array([[0, 255]])]),
    "both": (np.array([[-np.inf, np.nan, 9, 90]]), [np.array([[0, 0, 9, 90]])]),
}


@blank
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("array", "mended"), OFF.values(), ids=OFF)
def test_lines_that_the_message_proposes_mend_the_picture(array, mended, dtype):
    array = array.astype(dtype) if array.dtype.kind == "f" else array
    lines = re.findall(r"write (.+?)(?=[;.]?(?: |$)(?:if|of|to|$))", refused(array))
    assert len(lines) >= len(mended)
    for line, expected in zip(lines, mended):
        picture = read_picture(eval(line, {"np": np, "picture": array}))
        difference = picture - read_picture(expected).astype(int)
        assert np.abs(difference).max() <= 1  # float32 may round another way


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@blank
def test_floats_up_to_1_and_up_to_255_are_told_apart(dtype):
    for largest, white in ((0.4, 102), (1, 255), (16, 16), (255, 255)):
        picture = np.array([[0, largest]], dtype)
        assert read_picture(picture).max() == white
    before_16 = np.nextafter(np.full((2, 2), 16, dtype), np.zeros((2, 2), dtype))
    for picture in (np.full((2, 2), 1.01, dtype), before_16):
        assert "If 1 is white, write" in refused(picture)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_what_rounds_to_a_pixel_is_read(dtype):
    zero, one, two = (np.full((2, 2), value, dtype) for value in (0, 1, 2))
    hair = np.stack([np.nextafter(one, two), np.nextafter(zero, -one)])
    assert read_picture(hair.reshape(2, 4))[0, ::2].tolist() == [[255] * 3] * 2
    assert read_picture(hair.reshape(2, 4))[1].max() == 0
    overshoot = np.array(
        [[-0.4, 255.4]], dtype
    )  # what bicubic resizing makes of 0...255
    assert read_picture(overshoot)[0, :, 0].tolist() == [0, 255]
    for value in (-0.6, 255.6):
        assert "write np.clip(picture, 0, 255)" in refused(np.array([[value, 99]]))


def test_resized_floats_keep_their_white():
    x = np.zeros((8, 8, 3), "float32")
    x[:4] = 1
    resized = tf.image.resize(x, (20, 20), method="area")
    assert 1 < resized.numpy().max() < 1.001  # what this test is about
    assert set(np.unique(read_picture(resized))) == {0, 255}


def test_grey_of_one_value_is_read_as_floats_of_its_size():
    for value, seen in ((0.5, 128), (1.0, 255), (0.0, 0), (200.0, 200)):
        with pytest.warns(UserWarning, match=f"Every pixel of the picture is {seen}."):
            assert (read_picture(np.full((3, 4), value)) == seen).all()


def numbers_of(name):
    """The numbers of `SHADES` in a type that NumPy does not know alone, or with a mask."""
    if name == "mask":
        return np.ma.masked_less(sample(), 9)
    return tf.cast(SHADES, name)


def test_bfloat16_is_read_and_masks_are_told():
    difference = read_picture(numbers_of("bfloat16")) - sample().astype(int)
    assert np.abs(difference).max() <= 1
    line = refused(numbers_of("mask")).split("write ")[1].rstrip(".")
    mended = eval(line, {"picture": numbers_of("mask")})
    np.testing.assert_array_equal(
        read_picture(mended)[..., 1], sample()[..., 1] * (sample()[..., 1] >= 9)
    )


@pytest.mark.parametrize("array", [[["a"]], [[1], [1, 2]], [[1j]], [None]], ids=str)
def test_arrays_of_something_else(array):
    assert "something other than numbers" in refused(array, TypeError)


# Size


@pytest.mark.parametrize("size", [1, 7, 32, 40, 96, (20, 30), (50, 10), np.int64(8)])
def test_size(size):
    rows, columns = (size, size) if np.ndim(size) == 0 else size
    assert read_picture(sample(), size).shape == (rows, columns, 3)


def test_middle_is_cut_out():
    wide = np.zeros((30, 90, 3), "uint8")
    wide[:, 30:60] = 255
    assert (read_picture(wide, 30) == 255).all()
    assert (read_picture(wide.swapaxes(0, 1), 30) == 255).all()
    np.testing.assert_array_equal(read_picture(sample(), (40, 60)), sample())


def test_lanczos_as_pillow_does_it():
    square = sample(40, 40)
    small = Image.fromarray(square).resize((10, 10), Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(read_picture(square, 10), np.asarray(small))


@pytest.mark.parametrize("size", [0, -1, 2.5, "32", (32,), (1, 2, 3), 10**6])
def test_wrong_sizes_are_refused(size):
    assert "write one whole number" in refused(sample(), size=size)


# What is no picture


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "%pip install pillow-heif"),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif", "is AVIF that this Pillow"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", "is a video"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "Write git lfs pull"),
        (b"%PDF-1.7 ...", "is a PDF"),
        (b'<?xml version="1.0"?><svg xmlns="..."></svg>', "is an SVG drawing"),
        (b"<!-- " + b"words " * 2000 + b"--><svg></svg>", "is an SVG drawing"),
        (b"\xef\xbb\xbf<svg></svg>", "is an SVG drawing"),
        ("<svg></svg>".encode("utf-16"), "is an SVG drawing"),
        (b"  <!doctype html><html></html>", "is a web page"),
        (b"\xef\xbb\xbf<!doctype html><html><svg></svg></html>", "is a web page"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not a picture"),
        (b"hello", "is not a picture"),
    ],
)
def test_other_files_are_named(content, words):
    assert words in refused(content)


@pytest.mark.parametrize("content", [b"hello", "안녕".encode(), b"\n1,2\n3,4"])
def test_text_with_the_name_of_a_picture(content, tmp_path):
    path = tmp_path / "notes.PNG"
    path.write_bytes(content)
    words = (
        "notes.PNG has a name that ends with .png, but its content is not a picture."
    )
    assert words in refused(path)
    assert refused(chosen(content, "notes.PNG")) == words
    assert "is not a picture that can be read" in refused(chosen(content, "notes.md"))


def test_damaged_picture_is_not_taken_for_text(tmp_path):
    content = b"\0" + encoded(sample())[1:]
    assert "or is damaged" in refused(chosen(content, "mine.png"))


@pytest.mark.parametrize("format", ["png", "jpeg", "gif", "bmp", "tiff", "webp"])
def test_truncated_and_damaged_files(format):
    content = encoded(sample(), format)
    for length in range(1, len(content) - 20, max(1, len(content) // 40)):
        try:
            picture = read_picture(content[:length])
        except ValueError as error:
            assert str(error).endswith(".") and str(error).startswith("The picture ")
        else:  # some formats end with bytes that matter little
            assert picture.shape == (40, 60, 3)
    half = refused(content[: len(content) // 2])
    assert "damaged" in half


def test_damaged_bytes_never_give_a_traceback():
    random = np.random.default_rng(0)
    content = np.frombuffer(encoded(sample(), "png"), "uint8")
    outcomes = set()
    for _ in range(200):
        bad = content.copy()
        bad[random.integers(8, len(bad), 3)] = random.integers(0, 256, 3)
        try:
            outcomes.add(read_picture(bad.tobytes()).shape[-1])
        except ValueError as error:
            assert str(error).endswith(".")
            outcomes.add("refused")
    assert "refused" in outcomes


GIANTS = {  # what takes the most memory: the number of pixels, all of them in few bytes
    "png 16 bits": (88, "I;16", "png", {}),
    "png opaque": (37, "RGB", "png", {}),
    "png transparent": (37, "RGBA", "png", {}),
    "tiff of 32 bits": (12, "I", "tiff", {"compression": "tiff_deflate"}),
    "jpeg turned": (37, "RGB", "jpeg", {"exif": {0x0112: 6}}),
    "jpeg scan by scan": (24, "RGB", "jpeg", {"progressive": True, "subsampling": 0}),
    "tiff of floats": (12, "F", "tiff", {"compression": "tiff_deflate"}),
    "webp": (18, "RGB", "webp", {}),
    "webp transparent": (88, "RGBA", "webp", {"lossless": True, "quality": 0}),
    "jpeg 2000": (12, "RGB", "jpeg2000", {}),
    "ico with a png in it": (88, "RGBA", "ico", {}),
    "one row": (24, "RGBA", "png", {}),
}


def giant(megapixels, mode, form, options, rows=None):
    """Return the bytes of a file with so many millions of pixels."""
    rows = rows or int((megapixels * 10**6) ** 0.5)
    image = Image.new(mode, (megapixels * 10**6 // rows, rows))
    if "exif" in options:
        exif = Image.Exif()
        exif.update(options["exif"])
        options = {"exif": exif}
    if form != "ico":
        return encoded(image, form, **options)
    inside = encoded(image, "png")  # whatever size the table of contents says
    head = struct.pack("<3H4B2H2I", 0, 1, 1, 0, 0, 0, 0, 1, 32, len(inside), 22)
    return head + inside


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("kind", GIANTS)
def test_memory_stays_bounded_however_large_a_picture_says_it_is(tmp_path, kind):
    path = tmp_path / "giant"
    path.write_bytes(giant(*GIANTS[kind], rows=1 if kind == "one row" else None))
    assert path.stat().st_size < 2_000_000
    code = """
        import sys, warnings
        from helpers.pictures import read_picture

        def memory(line):
            status = open("/proc/self/status").read()
            return int(status.split(line + ":")[1].split()[0]) / 1000

        warnings.simplefilter("ignore")  # all of one colour
        start = memory("VmRSS")
        try:
            print(read_picture(sys.argv[1], 32).shape)
        except ValueError as error:
            print(error)
        print(memory("VmHWM") - start)
    """
    said, peak = run(code, path).splitlines()
    megapixels = GIANTS[kind][0]
    assert (" million pixels. " in said) == (megapixels == 88)
    assert float(peak) < 310


def test_file_of_many_bytes_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "film.mp4"
    with path.open("wb") as file:
        file.truncate(10**9)  # that take no room on most disks
    assert "has 1000 MB. A picture may have 150: make it smaller" in refused(path)


def test_tiles_of_a_large_picture_fit_together(monkeypatch):
    monkeypatch.setattr(pixels, "TILE", 7)
    steps = np.linspace(0, 65535, 2400, dtype="uint16").reshape(40, 60)
    for source in (sample(), encoded(sample(), "gif"), steps, encoded(steps)):
        with monkeypatch.context() as patch:
            patch.setattr(pixels, "TILE", 1000)
            whole = read_picture(source)
        np.testing.assert_array_equal(read_picture(source), whole)


def test_too_many_pixels_are_refused_before_they_are_unpacked(monkeypatch):
    monkeypatch.setattr(pixels, "upright", lambda *a, **b: pytest.fail("unpacked"))
    side = 10_000  # 100 million pixels in a small file
    for columns in (side, 2 * side):  # Pillow warns of the first, refuses the second
        bomb = encoded(Image.new("1", (columns, side)), "png")
        assert len(bomb) < 100_000
        assert "more than 37 million pixels" in refused(bomb)
