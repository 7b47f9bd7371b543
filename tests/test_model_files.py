"""What people bring as a model file: it opens, or a sentence names a step that works."""

import contextlib
import io
import json
import os
import pickle
import re
import shutil
import tarfile
import zipfile

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from helpers.extraction import layer_outputs
from helpers.own_model import load_own_model

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*__array__ implementation",
    "ignore:You are saving a model that has not",
    "ignore:You are saving your model as an HDF5",
)


def small(*more):
    return keras.Sequential([keras.Input((3,)), layers.Dense(2, name="dense"), *more])


def refused(source, kind=ValueError, **options):
    """Return the sentence with which a file is refused."""
    with pytest.raises(kind) as caught:
        load_own_model(source, **options)
    message = str(caught.value)
    assert message.endswith((".", ".)")) and len(message) < 600 and "\n" not in message
    return message


def save(model, path):
    """Save a model whose weights are all different, and return the path."""
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if "float" in weight.dtype:
            weight.assign(np.abs(rng.normal(1, 0.3, weight.shape)))
    model.save(path)
    return path


# --- HDF5 of Keras 3 ------------------------------------------------------------------


def adapted():
    layer = layers.Normalization()
    layer.adapt(np.random.default_rng(1).normal(3, 2, (50, 4)))
    return layer


def branches():
    x = keras.Input((4,))
    shared = layers.Dense(4)
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.Dense(4)])
    y = layers.Add()([shared(x), shared(inner(x)), layers.Dense(4)(x)])
    return keras.Model(x, [y, layers.Dense(2)(y)])


def recurrent():
    x = keras.Input((5, 4))
    y, *state = layers.LSTM(3, return_sequences=True, return_state=True)(x)
    y = layers.GRU(3, return_sequences=True)(y, initial_state=state[0])
    return keras.Model(x, layers.MultiHeadAttention(2, 3)(y, y))


def stack(shape, *those):
    return keras.Sequential([keras.Input(shape), *those])


NETWORKS = {
    "dense": lambda: small(),
    "branches": branches,
    "recurrent": recurrent,
    "normalization": lambda: stack((4,), adapted(), layers.Dense(2)),
    "several axes": lambda: stack(
        (6, 6, 3), layers.LayerNormalization(axis=[1, 2]), layers.Softmax(axis=[1, 2])
    ),
    "convolutions": lambda: stack(
        (9, 9, 2),
        layers.DepthwiseConv2D(3),
        layers.BatchNormalization(),
        layers.SeparableConv2D(4, 3),
        layers.Conv2DTranspose(2, 3, strides=2),
        layers.Flatten(),
    ),
    "one in another": lambda: stack(
        (4,),
        stack((4,), stack((4,), layers.Dense(3)), layers.Dense(3)),
        layers.Dense(2),
    ),
}


@pytest.mark.parametrize("name", ["model.h5", "model.hdf5", "renamed.keras"])
@pytest.mark.parametrize("network", NETWORKS)
def test_hdf5_opens_with_the_same_numbers(network, name, tmp_path):
    model = NETWORKS[network]()
    path = save(model, tmp_path / "model.h5").rename(tmp_path / name)
    shape = (2, *model.inputs[0].shape[1:])
    x = np.random.default_rng(2).normal(size=shape).astype("float32")
    for layer in model.layers:
        if isinstance(layer, layers.Normalization):
            layer.finalize_state()
    given, back = layer_outputs(model, x), layer_outputs(load_own_model(path), x)
    for before, after in zip(given.values(), back.values(), strict=True):
        np.testing.assert_allclose(before, after, rtol=1e-5, atol=1e-6)


# --- what is no model file ------------------------------------------------------------

POINTER = (
    "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 119177321\n"
)


def weights_of(path):
    """Write the weights of a small network, as Keras 3 or as older Kerases do."""
    if path.name.endswith(".weights.h5"):
        small().save_weights(path)
        return
    save(small(), path)
    with h5py.File(path, "r+") as file:
        for name in list(file.attrs):
            del file.attrs[name]
        for name, value in file["model_weights"].attrs.items():
            file.attrs[name] = value
        file.move("model_weights/dense", "dense")
        del file["model_weights"]


def zipped(files):
    def write(path):
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)

    return write


KINDS = {  # name: how it is written, and words of the sentence
    "empty.keras": (b"", "is empty. Download"),
    "lfs.keras": (POINTER, "Git LFS leaves in place of a file of 119,177,321 bytes"),
    "lfs.h5": (POINTER, "`git lfs pull`"),
    "page.keras": (b"\n<!DOCTYPE html><html>", "is a web page"),
    "page.h5": (b"\xef\xbb\xbf<html>", "is a web page"),
    "a.weights.h5": (weights_of, "model.load_weights(path)"),
    "b.h5": (weights_of, "The path has to end with .h5"),
    "picture.h5": (lambda path: h5py.File(path, "w").close(), "something else"),
    "net.tflite": (b"\x1c\0\0\0TFL3", "TensorFlow Lite"),
    "net.bin": (b"\x1c\0\0\0TFL3", "TensorFlow Lite"),
    "net.onnx": (b"whatever", "an ONNX model"),
    "net.safetensors": (b"whatever", "a file of weights"),
    "saved_model.pb": (b"\x08\x01", "a part of a SavedModel"),
    "model.json": (small().to_json(), "model_from_json"),
    "tfjs.json": ('{"weightsManifest": []}', "TensorFlow.js"),
    "other.json": ('{"a": 1}', "describes no model"),
    "words.keras": (b"hello", "though its name says so"),
    "notes.txt": (b"hello", "not a model file of Keras"),
    "model.tar.gz": (lambda path: tarfile.open(path, "w:gz").close(), "packed file"),
    "torch.pt": (zipped({"net/data.pkl": b""}), "has a pickle in it"),
    "old.pkl": (pickle.dumps([1]), "is a pickle"),
    "converted_keras.zip": (
        zipped({"keras_model.h5": b"", "labels.txt": b""}),
        "with keras_model.h5 in it. Unpack it",
    ),
    "saved.zip": (zipped({"m/saved_model.pb": b""}), "a SavedModel in it"),
    "none.zip": (zipped({"a.txt": b""}), "without a model in it"),
}


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_file_is_told(name, tmp_path):
    content, words = KINDS[name]
    path = tmp_path / name
    if callable(content):
        content(path)
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    message = refused(path)
    assert message.startswith(f"{name} ") and words in message


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_file_cut_short_anywhere_is_told(ending, tmp_path):
    content = save(small(), tmp_path / f"model{ending}").read_bytes()
    path = tmp_path / f"half{ending}"
    for share in np.linspace(0.02, 0.98, 15):
        path.write_bytes(content[: int(share * len(content))])
        assert "Download or copy it again" in refused(path)


@pytest.mark.parametrize("name", ["a.weights.h5", "b.h5"])
def test_weights_alone_load_as_the_sentence_says(name, tmp_path):
    weights_of(tmp_path / name)
    (tmp_path / name).rename(tmp_path / "renamed.keras")
    message = refused(tmp_path / "renamed.keras")
    ending = re.search(r"end with (\S+)\.$", message)[1]
    path = (tmp_path / "renamed.keras").rename(tmp_path / f"again{ending}")
    small().load_weights(path)


def test_folders_are_told_with_what_is_in_them(tmp_path):
    path = save(small(), tmp_path / "model.keras")
    assert "such as model.keras" in refused(tmp_path)
    shutil.unpack_archive(path, tmp_path / "unpacked", "zip")
    message = refused(tmp_path / "unpacked")
    line = re.search(r"shutil\.make_archive\(.*?\)", message)[0]
    there = os.getcwd()
    os.chdir(tmp_path)
    try:
        eval(line, {"shutil": shutil})
        os.rename("model.zip", "again.keras")
    finally:
        os.chdir(there)
    assert load_own_model(tmp_path / "again.keras").built
    with zipfile.ZipFile(tmp_path / "folder.keras", "w") as archive:
        for part in (tmp_path / "unpacked").iterdir():
            archive.write(part, f"unpacked/{part.name}")
    assert "packed again with its folder" in refused(tmp_path / "folder.keras")
    (tmp_path / "saved").mkdir()
    assert "without a model file" in refused(tmp_path / "saved")
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"")
    assert "is a folder with a SavedModel" in refused(tmp_path / "saved")


def test_paths_as_people_paste_them(tmp_path):
    path = save(small(), tmp_path / "나의 model.keras")
    assert load_own_model(f'"{path}"').built
    assert load_own_model(path.as_uri()).built


# --- classes of one's own -------------------------------------------------------------


class Bare(layers.Layer):
    """As most people write it: nothing is handed on."""

    def __init__(self):
        super().__init__()

    def call(self, x):
        return 2 * x


class Sized(layers.Layer):
    """Its file does not hold what it needs."""

    def __init__(self, size, **options):
        super().__init__(**options)
        self.size = size

    def call(self, x):
        return x * self.size

    def get_config(self):
        return {"name": self.name}


class Good(layers.Layer):
    def call(self, x):
        return 2 * x


class Other(Good):
    pass


def square(x):
    return x * x


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_class_that_does_not_take_all_is_told(ending, tmp_path):
    path = save(small(Bare()), tmp_path / f"model{ending}")
    message = refused(path, custom_objects={"Bare": Bare})
    assert "Your class Bare does not take all that Keras hands to it" in message
    assert "super().__init__(**kwargs)" in message

    class Mended(Bare):
        def __init__(self, **kwargs):
            layers.Layer.__init__(self, **kwargs)

    assert load_own_model(path, {"Bare": Mended}).built


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_class_whose_arguments_are_not_in_the_file_is_told(ending, tmp_path):
    path = save(small(Sized(3)), tmp_path / f"model{ending}")
    message = refused(path, custom_objects={"Sized": Sized})
    assert "does not hold what your class Sized needs" in message
    assert "'size'" in message

    class Mended(Sized):
        def __init__(self, size=3, **options):
            super().__init__(size, **options)

    assert load_own_model(path, {"Sized": Mended}).built


def stops(place):
    """Return a class that stops with an error while it is opened."""

    class Stops(Good):
        pass

    def method(self, *words, **options):
        return tensorflow_is_not_imported_here  # noqa: F821

    setattr(Stops, place, method)
    return Stops


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("place", ["call", "build", "__init__"])
def test_an_error_in_ones_own_class_is_told_as_it_is(place, ending, tmp_path):
    x = keras.Input((3,))
    for name, model in {
        "sequential": small(Good(name="mine")),
        "functional": keras.Model(x, Good(name="mine")(x)),
    }.items():
        path = save(model, tmp_path / f"{name}{ending}")
        message = refused(path, custom_objects={"Good": stops(place)})
        assert "name 'tensorflow_is_not_imported_here' is not defined" in message
        assert "version" not in message


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_all_that_is_missing_is_named_together(ending, tmp_path):
    model = small(Good(), layers.Activation(square), Other())
    path = save(model, tmp_path / f"model{ending}")
    names, given = {"Good": Good, "Other": Other, "square": square}, {}
    for _ in names:  # a function of HDF5 is a word like another: it is found when met
        message = refused(path, custom_objects=given)
        assert "needs " in message and "which Keras does not have" in message
        line = re.search(r"custom_objects=(\{.*\})\.", message)[1]
        given = eval(line, dict(names))
        if ending == ".keras":
            assert set(given) == set(names)
        try:
            assert load_own_model(path, given).built
            break
        except ValueError:
            assert ending == ".h5"
    assert set(given) == set(names)


# --- files that mean harm -------------------------------------------------------------


class Payload:
    def __reduce__(self):
        return pytest.fail, ("the payload ran",)


def replaced(path, part, content, remove=()):
    """Write a `.keras` archive anew, with other content in one of its parts."""
    other = path.with_name(f"changed {path.name}")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            if name not in (part, *remove):
                new.writestr(name, old.read(name))
        new.writestr(part, content)
    return other


@pytest.mark.parametrize("version", [keras.__version__, "3.6.0", "2.15.0"])
def test_a_pickle_in_place_of_weights_is_called_one(version, tmp_path):
    path = save(small(), tmp_path / "model.keras")
    buffer = io.BytesIO()
    np.savez(buffer, **{"layers/dense": np.array(Payload(), dtype=object)})
    path = replaced(
        path, "model.weights.npz", buffer.getvalue(), remove=["model.weights.h5"]
    )
    path = replaced(path, "metadata.json", json.dumps({"keras_version": version}))
    message = refused(path)
    assert "holds a pickle in place of its weights" in message
    assert "in no version of Keras" in message
    assert "Load it where it was made" not in message


def test_a_lambda_with_code_is_refused_in_hdf5_too(tmp_path, monkeypatch):
    def leave_trace(x):
        return (__import__("os").environ.update(IT_RAN="yes"), x)[1]

    leave_trace.__name__ = "<lambda>"
    path = save(small(layers.Lambda(leave_trace)), tmp_path / "model.h5")
    for name in ("model.h5", "model.keras"):
        monkeypatch.delenv("IT_RAN", raising=False)
        path = path.rename(tmp_path / name)
        assert "Safe mode refuses it" in refused(path)
        assert "IT_RAN" not in os.environ


@pytest.mark.parametrize("version", ["2.4.0", "3.10.0", None])
@pytest.mark.parametrize(
    "function",
    [
        ["4wEAAAAA", None, None],
        {"class_name": "__lambda__", "config": {"code": "4wEAAAAA"}},
        {"class_name": "__lambda__", "config": {"code": "4wEAAAAA"}, "module": "keras"},
    ],
    ids=["as Keras 2", "as Keras 3", "with a module"],
)
def test_code_in_a_description_is_never_read(version, function, tmp_path, monkeypatch):
    monkeypatch.setattr("marshal.loads", lambda *words: pytest.fail("code was read"))
    path = save(small(layers.Activation("relu")), tmp_path / "model.h5")
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        last = config["config"]["layers"][-1]
        last["class_name"], last["config"] = "Lambda", {"function": function}
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = version or ""
    message = refused(path)
    assert "Safe mode refuses it" in message or "unsupported callable" in message


def test_bombs_are_told_before_they_are_unpacked(tmp_path):
    path = save(small(), tmp_path / "model.keras")
    zeros = tmp_path / "zeros.keras"
    with (
        zipfile.ZipFile(path) as old,
        zipfile.ZipFile(zeros, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            new.writestr(part, old.read(part))
        new.writestr("assets/zeros", bytes(80_000_000))
    assert "would unpack to 80," in refused(zeros)
    for name in ("model.h5", "model.keras"):
        packed = io.BytesIO()
        with h5py.File(packed, "w") as file:
            chunks = {"compression": "gzip", "chunks": (1_000_000,), "dtype": "f4"}
            file.create_dataset("layers/dense/vars/0", (10**9,), **chunks)
            file.attrs["model_config"] = "{}"
        content = packed.getvalue()
        if name == "model.keras":
            content = replaced(path, "model.weights.h5", content).read_bytes()
        (tmp_path / name).write_bytes(content)
        assert "would unpack to 4,000,0" in refused(tmp_path / name)


def test_nothing_is_followed_out_of_an_hdf5_file(tmp_path):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["kernel"] = np.full((3, 2), 7.0, "float32")
    path = save(small(), tmp_path / "model.h5")
    with h5py.File(path, "r+") as file:
        group = file["model_weights/dense"]
        [kernel] = [name for name in names_in(group) if name.endswith("kernel")]
        del group[kernel]
        group[kernel] = h5py.ExternalLink(str(secret), "kernel")
    assert "Keras says: " in refused(path)


def names_in(group):
    names = []
    group.visit(names.append)
    return names


@pytest.mark.parametrize("version", [keras.__version__, "2.15.0"])
def test_no_path_leads_out_of_an_archive(version, tmp_path):
    folder = tmp_path / "deep"
    folder.mkdir()
    path = save(small(), folder / "model.keras")
    path = replaced(path, "metadata.json", json.dumps({"keras_version": version}))
    path = replaced(path, "../../outside.txt", b"harm")
    path = replaced(path, "assets/../../outside.txt", b"harm")
    with contextlib.suppress(ValueError):
        load_own_model(path)
    assert not [one for one in tmp_path.rglob("outside.txt")]
