"""What people bring as a model file: it opens, or a sentence names a step that works."""

import io
import json
import os
import pickle
import re
import shutil
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import layers
from model_samples import IGNORED, refused, replaced, save, small, stack

from helpers.extraction import layer_outputs
from helpers.own_model import load_own_model

pytestmark = IGNORED

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


def operations():
    x = keras.Input((4,))
    y = keras.ops.relu(layers.Dense(4)(x)) + 1
    y = keras.ops.concatenate([y, layers.Add()([x, y]), y / (x + y)], axis=-1)
    return keras.Model(x, keras.ops.max(y, axis=-1, keepdims=True))


def recurrent():
    x = keras.Input((5, 4))
    y, *state = layers.LSTM(3, return_sequences=True, return_state=True)(x)
    y = layers.GRU(3, return_sequences=True)(y, initial_state=state[0])
    return keras.Model(x, layers.MultiHeadAttention(2, 3)(y, y))


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
    "mask": lambda: stack(
        (5, 4), layers.Masking(), layers.LSTM(3, return_sequences=True), layers.GRU(2)
    ),
    "operations": operations,
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
    "b.h5": (weights_of, "The path must end with .h5"),
    "picture.h5": (lambda path: h5py.File(path, "w").close(), "something other"),
    "net.tflite": (b"\x1c\0\0\0TFL3", "TensorFlow Lite"),
    "net.bin": (b"\x1c\0\0\0TFL3", "TensorFlow Lite"),
    "net.onnx": (b"whatever", "an ONNX model. Keras cannot open it"),
    "net.safetensors": (b"whatever", "a file of weights"),
    "net.gguf": (b"GGUF", "a language model"),
    "w.npy": (b"\x93NUMPY", "an array of NumPy"),
    "w.npz": (zipped({"a.npy": b""}), "a file of NumPy arrays"),
    "cp.ckpt.data-00000-of-00001": (b"\0\0abc", "a part of a checkpoint"),
    "graph.pbtxt": (b"node {}", "a graph of TensorFlow 1"),
    "s.weights.json": ('{"weight_map": {}}', "with the path of this one"),
    "s_00001.weights.h5": (weights_of, "that ends with .weights.json"),
    "picture.keras": (b"\x89PNG\r\n", "is a picture"),
    "train.py": (b"import keras", "is a program"),
    "train.keras": ('{"cells": [], "nbformat": 4}', "is a program"),
    "error.keras": ("<?xml version='1.0'?><Error>", "is an XML text"),
    "error.h5": (
        '{"message": "Not Found"}',
        "is a JSON text, but describes no Keras model. Download",
    ),
    "model.yaml": ("class_name: Sequential", "describes layers, without their weights"),
    "gzip.keras": (b"\x1f\x8b\x08", "is a packed file"),
    "rar.h5": (b"Rar!\x1a", "is a packed file"),
    "two.zip": (zipped({"one.zip": b""}), "Unpack both"),
    "mac.zip": (
        zipped({"__MACOSX/._m.keras": b"", "m/w.weights.h5": b"", "m/m.keras": b""}),
        "with m/m.keras in it",
    ),
    "tm-my-image-model.zip": (
        zipped({"metadata.json": b"", "model.json": b"", "weights.bin": b""}),
        "TensorFlow.js. In Teachable Machine, export again",
    ),
    "converted_tflite.zip": (
        zipped({"model_unquant.tflite": b"", "labels.txt": b""}),
        "TensorFlow Lite. In Teachable Machine, export again",
    ),
    "saved_model.pb": (b"\x08\x01", "a part of a SavedModel"),
    "model.json": (small().to_json(), "model_from_json"),
    "tfjs.json": ('{"weightsManifest": []}', "TensorFlow.js"),
    "other.json": ('{"a": 1}', "but describes no Keras model"),
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


def test_an_hdf5_file_whose_notes_are_damaged_is_told(tmp_path, monkeypatch):
    def damaged(*words):
        raise RuntimeError("Can't synchronously determine if attribute exists by name")

    path = save(small(), tmp_path / "model.h5")
    monkeypatch.setattr(h5py.AttributeManager, "get", damaged)
    monkeypatch.setattr(h5py.AttributeManager, "__contains__", damaged)
    assert "is cut short or damaged. Download" in refused(path)


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


def test_a_folder_of_keras_hub_is_told(tmp_path):
    for name in ("config.json", "metadata.json", "task.json", "model.weights.h5"):
        (tmp_path / name).write_bytes(b"")
    assert "keras_hub.models.Task.from_preset(folder)" in refused(tmp_path)


def test_an_archive_with_a_password_is_told(tmp_path):
    path = tmp_path / "locked.zip"
    zipped({"model.keras": b"abc"})(path)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1  # as programs that lock it do
    path.write_bytes(content)
    assert "is locked with a password" in refused(path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has none of these")
def test_what_is_no_file_or_may_not_be_read_is_told(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero", "/dev/null"):
        assert "is a device or a pipe" in refused(path)
    save(small(), tmp_path / "model.keras").chmod(0o400)
    assert load_own_model(tmp_path / "model.keras").built
    (tmp_path / "link.keras").symlink_to(tmp_path / "model.keras")
    assert load_own_model(tmp_path / "link.keras").built
    (tmp_path / "loop.keras").symlink_to(tmp_path / "loop.keras")
    refused(tmp_path / "loop.keras", FileNotFoundError)
    (tmp_path / "model.keras").chmod(0)
    if not os.access(tmp_path / "model.keras", os.R_OK):  # root may read everything
        assert "cannot be read: Permission denied" in refused(tmp_path / "model.keras")


def test_what_is_no_path_is_told():
    for source in (None, 5, b"abc", io.BytesIO(), ["model.keras"], np.ones(3)):
        message = refused(source, TypeError)
        assert message.startswith("load_own_model takes the path of a file or a FileUp")
    for source in ("", " "):
        assert "The path is empty" in refused(source)
    for source in ("hf://a/b", "s3://a/b.keras", "gs://a/b.keras"):
        assert "Download the file first" in refused(source)
    refused("a" * 5000, FileNotFoundError)
    refused("\0", FileNotFoundError)


def test_no_copy_of_the_file_is_held_in_memory(tmp_path, monkeypatch):
    """A large file is copied piece by piece, on the disk."""
    read = []
    monkeypatch.setattr(Path, "read_bytes", lambda path: read.append(path))
    monkeypatch.setattr(
        zipfile.ZipFile, "read", recorded(zipfile.ZipFile.read, read, skip=".json")
    )
    for ending in (".keras", ".h5"):
        assert load_own_model(save(small(), tmp_path / f"model{ending}")).built
    assert not read


def test_files_may_be_opened_side_by_side(tmp_path):
    path, add_weight = save(small(), tmp_path / "model.keras"), keras.Layer.add_weight
    with ThreadPoolExecutor(4) as pool:
        models = list(pool.map(load_own_model, [path] * 8))
    assert all(model.built for model in models)
    assert keras.Layer.add_weight is add_weight


def recorded(method, calls, skip):
    def call(self, name, *words):
        if not name.endswith(skip):
            calls.append(name)
        return method(self, name, *words)

    return call


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


def ones(shape, dtype=None):
    return keras.ops.ones(shape, dtype)


class Small(keras.regularizers.Regularizer):
    def __call__(self, kernel):
        return keras.ops.sum(kernel**2)

    def get_config(self):
        return {}


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
    part = layers.Dense(2, square, kernel_initializer=ones, kernel_regularizer=Small())
    model = small(Good(), stack((2,), part, layers.Activation(square), Other()))
    path = save(model, tmp_path / f"model{ending}")
    names = {one.__name__: one for one in (Good, Other, Small, square, ones)}
    message = refused(path)
    line = re.search(r"custom_objects=(\{.*\})\.", message)[1]
    given = eval(line, dict(names))
    assert given == names and "needs Good and " in message
    assert load_own_model(path, given).built
    del given["Small"]
    message = refused(path, custom_objects={**given, "square": lambda x: x})
    assert "needs Small, which" in message and "'square': ..." in message


class Named(Good):
    """It keeps the name of a function, and finds it in its own way."""

    def get_config(self):
        return {**super().get_config(), "last_activation": "none at all"}

    @classmethod
    def from_config(cls, config):
        return cls(name=config["name"])


def test_what_a_class_of_ones_own_names_is_its_own_business(tmp_path):
    path = save(small(Named(), Other()), tmp_path / "model.keras")
    assert "needs Named and Other, which" in refused(path)


def loss_of_mine(y, answer):
    return keras.ops.mean((y - answer) ** 2)


@keras.saving.register_keras_serializable("mine")
class Agreed(keras.metrics.Accuracy):
    pass


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_losses_and_metrics_are_not_needed_also_of_a_model_inside(ending, tmp_path):
    inner = stack((3,), layers.Dense(3))
    inner.compile(keras.optimizers.SGD(), loss_of_mine, metrics=[loss_of_mine])
    outer = stack((3,), inner, layers.Dense(1))
    outer.compile("adam", loss_of_mine, metrics=[Agreed()])
    outer.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)
    outer.save(path := tmp_path / f"gan{ending}")
    x = np.eye(3, dtype="float32")
    loaded = load_own_model(path)
    np.testing.assert_allclose(outer(x), loaded(x), atol=1e-6)
    assert not loaded.compiled and not loaded.layers[0].compiled


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_function_of_keras_that_many_networks_have_is_told(ending, tmp_path):
    from keras.applications.vgg16 import preprocess_input

    model = stack((8, 8, 3), layers.Lambda(preprocess_input), layers.Conv2D(2, 3))
    path = save(model, tmp_path / f"vgg{ending}")
    message = refused(path)
    assert "from keras.applications.vgg16 import preprocess_input" in message
    line = re.search(r"custom_objects=(\{.*\})\.", message)[1]
    names = {"preprocess_input": preprocess_input}
    assert load_own_model(path, eval(line, names)).built


def test_a_package_that_is_not_here_is_told(tmp_path):
    place = {"module": "keras_hub.src.models.bert", "class_name": "Bert", "config": {}}
    path = save(small(), tmp_path / "model.keras")
    config = {
        "class_name": "Sequential",
        "module": "keras",
        "config": {"name": "s", "layers": [place]},
    }
    message = refused(replaced(path, "config.json", json.dumps(config)))
    assert "%pip install keras-hub" in message


def test_words_that_hdf5_does_not_keep_are_told(tmp_path):
    words = layers.StringLookup()
    words.adapt(["a", "b"])
    start = keras.Input((1,), dtype="string")
    model = keras.Model(start, layers.Embedding(3, 2)(words(start)))
    assert "HDF5 does not keep what adapt()" in refused(save(model, tmp_path / "m.h5"))
    assert load_own_model(save(model, tmp_path / "m.keras")).built


class Subclassed(keras.Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.dense = layers.Dense(2)

    def call(self, x):
        return self.dense(x)


def test_a_model_that_does_not_say_what_it_takes_is_told(tmp_path):
    model = Subclassed()
    model(np.ones((1, 3)))
    path = save(model, tmp_path / "model.h5")
    expected = model(np.ones((1, 3)))
    message = refused(path, custom_objects={"Subclassed": Subclassed})
    assert "model = Subclassed(...), call it once on a batch" in message
    again = Subclassed()  # as it says
    again(np.ones((1, 3)))
    again.load_weights(path)
    np.testing.assert_allclose(expected, again(np.ones((1, 3))))
    for empty in (keras.Sequential(), stack((3,))):
        assert "without layers" in refused(save(empty, tmp_path / "empty.keras"))


KINDS_OF_NUMBERS = "int8 float8 lora mixed_float16 float16 bfloat16 float64".split()


@pytest.mark.filterwarnings("ignore:Layer InputLayer does not have a `quantize`")
@pytest.mark.parametrize("kind", KINDS_OF_NUMBERS)
def test_models_in_other_kinds_of_numbers_open(kind, tmp_path):
    policy = kind if "float" in kind and kind != "float8" else "float32"
    dense = [layers.Dense(16, dtype=policy) for _ in range(2)]
    model = stack((16,), *dense)
    if "8" in kind:
        model.quantize(kind)
    elif kind == "lora":
        dense[0].enable_lora(2)
    x = np.random.default_rng(0).normal(size=(3, 16)).astype("float32")
    model.save(tmp_path / "model.keras")
    given, back = model(x), load_own_model(tmp_path / "model.keras")(x)
    np.testing.assert_array_equal(np.asarray(given), np.asarray(back))
