"""Model files that mean harm: nothing of them runs, nothing outside them is read."""

import contextlib
import io
import json
import os
import zipfile

import h5py
import keras
import numpy as np
import pytest
from keras import layers
from model_samples import IGNORED, refused, replaced, save, small

from helpers.own_model import load_own_model

pytestmark = IGNORED


class Payload:
    def __reduce__(self):
        return pytest.fail, ("the payload ran",)


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
    assert "holds a Lambda layer with Python code" in refused(path)


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


def linked(file, kernel, secret):
    file[kernel] = h5py.ExternalLink(str(secret), "kernel")


def virtual(file, kernel, secret):
    layout = h5py.VirtualLayout((3, 2), "float32")
    layout[:] = h5py.VirtualSource(str(secret), "kernel", (3, 2))
    file.create_virtual_dataset(kernel, layout)


def stored_outside(file, kernel, secret):
    file.create_dataset(kernel, (3, 2), "float32", external=[(str(secret), 0, 24)])


def soft(file, kernel, secret):
    file[kernel] = h5py.SoftLink("/nowhere")


@pytest.mark.parametrize("way", [linked, virtual, stored_outside, soft])
@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_nothing_is_followed_out_of_an_hdf5_file(ending, way, tmp_path):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["kernel"] = np.full((3, 2), 7.0, "float32")
    path = save(small(), tmp_path / f"model{ending}")
    content = path.read_bytes()
    if ending == ".keras":
        content = zipfile.ZipFile(path).read("model.weights.h5")
    weights = io.BytesIO(content)
    with h5py.File(weights, "r+") as file:
        names = []
        file.visit(names.append)
        [kernel] = [name for name in names if getattr(file[name], "shape", 0) == (3, 2)]
        del file[kernel]
        way(file, kernel, secret)
    if ending == ".keras":
        path = replaced(path, "model.weights.h5", weights.getvalue())
    else:
        path.write_bytes(weights.getvalue())
    message = refused(path)
    assert (way is soft) != ("takes weights from a different file" in message)


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


# --- descriptions that ask for more than layers ---------------------------------------


@pytest.fixture
def described(tmp_path):
    """Return a function that saves a small model with other entries for its layer."""

    def write(ending=".keras", first=None, **entries):
        path = save(small(), tmp_path / f"model{ending}")

        def changed(text):
            config = json.loads(text)
            config["config"]["layers"][0]["config"].update(first or {})
            config["config"]["layers"][1].update(entries)
            return json.dumps(config)

        if ending == ".keras":
            text = zipfile.ZipFile(path).read("config.json")
            return replaced(path, "config.json", changed(text))
        with h5py.File(path, "r+") as file:
            file.attrs["model_config"] = changed(file.attrs["model_config"])
        return path

    return write


CODE = {"class_name": "__lambda__", "config": {"code": "4wEAAAAA"}}
LAMBDA = {"module": "keras.layers", "class_name": "Lambda"}
LAMBDA = {**LAMBDA, "config": {"name": "f", "function": CODE, "arguments": {}}}
WORDS = {"name": "w", "vocabulary": "/etc/passwd"}
ASKS = {  # what is asked for: an entry of a layer, and words of the sentence
    "lambda": (LAMBDA, "holds a Lambda layer with Python code"),
    "lambda in a wrapper": (
        {"class_name": "TimeDistributed", "config": {"name": "t", "layer": LAMBDA}},
        "holds a Lambda layer with Python code",
    ),
    "lambda as an activation": (
        {"config": {"units": 2, "activation": CODE}},
        "holds Python code, a lambda",
    ),
    "program": (
        {"class_name": "TFSMLayer", "config": {"filepath": "/tmp/none"}},
        "holds a TFSMLayer, which runs a program",
    ),
    "pickle": (
        {"class_name": "TorchModuleWrapper", "config": {"module": "gAN9"}},
        "holds a TorchModuleWrapper, which runs a program",
    ),
    "words": (
        {"class_name": "StringLookup", "config": WORDS},
        "reads the words of its StringLookup from another file, '/etc/passwd'",
    ),
    "words of a text": (
        {"class_name": "TextVectorization", "config": WORDS},
        "reads the words of its TextVectorization from another file",
    ),
}


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("asks", ASKS)
@pytest.mark.parametrize("safe_mode_is_off", [False, True])
def test_nothing_runs_or_reads_even_where_safe_mode_is_off(
    asks, ending, safe_mode_is_off, described, monkeypatch
):
    monkeypatch.setattr("marshal.loads", lambda *words: pytest.fail("code was read"))
    entries, words = ASKS[asks]
    path = described(ending, **entries)
    if safe_mode_is_off:  # somebody has followed the advice that Keras gives
        keras.config.enable_unsafe_deserialization()
    try:
        message = refused(path)
    finally:
        keras.src.saving.serialization_lib.SafeModeScope(None).__enter__()
    assert words in message and "Safe mode refuses it" in message


OF_KERAS = [
    "keras.utils.get_file",
    "keras.utils.plot_model",
    "keras.datasets.mnist.load_data",
    "keras.config.enable_unsafe_deserialization",
    "keras.config.set_floatx",
    "keras.saving.load_model",
    "keras.applications.vgg16.VGG16",
    "keras._legacy.backend.eval",
]


@pytest.mark.parametrize("name", OF_KERAS)
@pytest.mark.parametrize("form", ["class", "activation", "lambda"])
def test_a_file_names_nothing_of_keras_but_parts_of_networks(name, form, described):
    module, _, one = name.rpartition(".")
    function = {"module": module, "class_name": "function", "config": one}
    entries = {
        "class": {"module": module, "class_name": one},
        "activation": {"config": {"units": 2, "activation": function}},
        "lambda": {"class_name": "Lambda", "config": {"function": function}},
    }
    message = refused(described(**entries[form]))
    assert f"names {name}, which is not part of a network" in message


LARGE = {  # a layer with more weights than the file can hold
    "dense": {"config": {"name": "d", "units": 10**9}},
    "endless": {"config": {"name": "d", "units": 10**30}},
    "low rank": {"config": {"name": "d", "units": 2, "lora_rank": 10**9}},
    "embedding": {
        "class_name": "Embedding",
        "config": {"name": "e", "input_dim": 10**6, "output_dim": 10**5},
    },
}


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("name", LARGE)
def test_no_memory_is_taken_for_weights_that_no_file_holds(name, ending, described):
    add_weight = keras.Layer.add_weight
    path = described(ending, build_config=None, **LARGE[name])
    assert "describes layers with more than 10," in refused(path)
    assert keras.Layer.add_weight is add_weight


@pytest.mark.parametrize("shape", [(10**6, 3), (None, 10**5, 10**5, 3)])
def test_inputs_that_would_fill_the_memory_are_told(shape, described):
    message = refused(described(first={"batch_shape": shape}))
    assert f"takes an input of shape {shape}, which is too large" in message


def test_a_description_deeper_than_python_goes_is_told(tmp_path):
    path = save(small(), tmp_path / "model.keras")
    for depth in (100, 300, 900, 10**5):
        deep = '{"class_name":"A","config":' * depth + "1" + "}" * depth
        message = refused(replaced(path, "config.json", deep))
        assert ("damaged" in message) == (depth > 100)


NAMES = ["\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\u202egnp.h5", "a\nb", "x" * 10**5]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_messages_are_one_printable_line_of_bounded_length(name, described, tmp_path):
    for entries in (
        {"module": "mine", "class_name": name},
        {"config": {"name": "d", "units": 2, name: 3}},
        {"config": {"name": name, "units": -1}},
        {"config": {"name": "d", "units": 2, "activation": name}},
        {"class_name": "StringLookup", "config": {"vocabulary": name}},
        {"module": "keras.utils", "class_name": name},
    ):
        path = described(**entries)
        refused(replaced(path, "metadata.json", json.dumps({"keras_version": name})))
    refused(name, FileNotFoundError)
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr(f"{name[:60_000]}.keras", b"")
    refused(tmp_path / "m.zip")
    if len(name) < 99 and os.name != "nt":
        (tmp_path / name).write_bytes(b"")
        refused(tmp_path / name)


def test_of_very_many_missing_classes_the_first_are_named(tmp_path):
    kinds = [{"class_name": f"Kind{i}", "config": {}} for i in range(300)]
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": kinds}}
    path = save(small(), tmp_path / "model.keras")
    message = refused(replaced(path, "config.json", json.dumps(config)))
    assert "Kind0 and Kind1" in message and "and 292 more, which Keras" in message
