"""A model file by its bytes: what it is, and a copy of it that this Keras reads.

Two kinds hold a whole model: the zip archive of Keras 3 (``.keras``), and HDF5, which
Keras 2 wrote under any name. Nothing in a file is run.
"""

import io
import json
import re
import zipfile
from pathlib import Path, PurePosixPath

import h5py
import keras

from .keras_inside import all_layers
from .old_models import Description, NoLayer

PICKLES = ".pkl", ".pickle", ".joblib", ".pt", ".pth"
MODELS = ".keras", ".h5", ".hdf5"
WEIGHTS_PART = "model.weights.h5"
PARTS = "config.json", "metadata.json", WEIGHTS_PART  # of a .keras archive
HDF5 = b"\x89HDF"
BOMB = 20  # times as large when unpacked as the file is; weights hardly shrink at all
SAVE_AGAIN = "Where the model was made, write model.save('model.keras')."
AGAIN = "Download or copy it again."
PICKLE = (
    "It is never opened here; do not open it elsewhere, unless you made it. Ask for a "
    ".keras file instead."
)
WEIGHTS = (
    "holds weights, without the layers they belong to. Build the network with its code, "
    "then write"
)
H5_NAME = "The path has to end with .h5."
WEIGHTS_NAME = "The path has to end with .weights.h5."
SAVED_MODEL = (
    "It keeps what is computed, not the layers. Where the model was made, write "
    "model.save('model.h5'); without its code, the package tf_keras may do that: "
    "tf_keras.models.load_model(folder).save('model.h5')."
)
PACKED = ".gz", ".tgz", ".tar", ".bz2", ".xz", ".rar", ".7z"
FORMATS = {  # by the end of the name: what it is
    ".tflite": "a model of TensorFlow Lite",
    ".onnx": "an ONNX model",
    ".safetensors": "a file of weights, as PyTorch programs keep them",
    ".pb": "a part of a SavedModel, or a graph of TensorFlow 1",
    ".ckpt": "a checkpoint",
    ".index": "a part of a checkpoint",
    ".mlmodel": "a model of Core ML",
}


class ModelFile:
    """A whole model in a file.

    Attributes:
        name: the file's name.
        version: of the Keras that wrote it, as text; "" if the file does not say.
        config: dict, the description of the model as Keras 3 reads it.
        said: list of short texts: what is read in another way than it is written.
    """

    def __init__(self, content, name):
        self.content, self.name = content, name
        self.is_hdf5 = content.startswith(HDF5)
        read = self.read_hdf5 if self.is_hdf5 else self.read_archive
        written, version = read()
        self.version = " ".join(str(version or "").split())[:20]
        self.is_old = bool(re.match(r"[012]\.", self.version or "0." * self.is_hdf5))
        description = Description(written, self.is_old)
        self.config, self.said = description.config, description.said

    def read_hdf5(self):
        """Return the description and the version in an HDF5 file."""
        with h5py.File(io.BytesIO(self.content), "r") as file:
            self.refuse_bomb(size_of_arrays(file))
            version = file.attrs.get("keras_version")
            return json.loads(file.attrs["model_config"]), version

    def read_archive(self):
        """Return the description and the version in a ``.keras`` archive."""
        with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
            self.refuse_bomb(sum(part.file_size for part in archive.infolist()))
            metadata = json.loads(archive.read("metadata.json"))
            if WEIGHTS_PART in archive.namelist():
                with h5py.File(archive.open(WEIGHTS_PART), "r") as file:
                    self.refuse_bomb(size_of_arrays(file))
            return json.loads(archive.read("config.json")), metadata["keras_version"]

    def refuse_bomb(self, size):
        if size > BOMB * len(self.content) + 10**7:
            raise NoModel(
                f"{self.name} has {len(self.content):,} bytes and would unpack to "
                f"{size:,}. No weights do that: it is damaged, or whoever made it means "
                "harm. Do not open it elsewhere."
            )

    def load(self, folder, given):
        """Return the model, uncompiled, in Keras's safe mode.

        Arguments:
            folder: path of an empty folder, in which copies of the file are made.
            given: dict of the classes and functions that were passed for it.
        """
        if not self.is_hdf5:
            path = Path(folder, "model.keras")
            path.write_bytes(self.for_keras_3() if self.is_old else self.content)
            return keras.saving.load_model(path, given, compile=False, safe_mode=True)
        model = keras.saving.deserialize_keras_object(
            self.config, given, safe_mode=True
        )
        path = Path(folder, "model.h5")
        path.write_bytes(self.content)
        if model.built:
            model.load_weights(path)
        for layer in all_layers(model):
            if isinstance(layer, keras.layers.Normalization):
                layer.finalize_state()  # Keras forgets that when it reads HDF5
        return model

    def for_keras_3(self):
        """Return a ``.keras`` archive of Keras 2 as one of Keras 3."""
        buffer = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(self.content)) as old,
            zipfile.ZipFile(buffer, "w") as new,
        ):
            for part in old.namelist():
                content = old.read(part)
                if part == "config.json":
                    content = json.dumps(self.config)
                elif part == WEIGHTS_PART:
                    content = renamed_weights(content)
                new.writestr(part, content)
        return buffer.getvalue()


def renamed_weights(content):
    """Return the weights of a ``.keras`` archive of Keras 2 under the names of Keras 3.

    Those made on Windows have names such as ``layers\\conv2d``.
    """
    buffer, paths = io.BytesIO(), []

    def note(path, it):
        if isinstance(it, h5py.Dataset):
            paths.append(path)

    with h5py.File(io.BytesIO(content), "r") as old, h5py.File(buffer, "w") as new:
        old.visititems(note)
        for path in paths:
            path_3 = path.replace("_layer_checkpoint_dependencies", "layers")
            parts = [part.lstrip("_") for part in re.split(r"[\\/]", path_3)]
            old.copy(old[path], new, "/".join(parts))
    return buffer.getvalue()


def size_of_arrays(file):
    """Return how many bytes the arrays of an HDF5 file would take in memory."""
    sizes = []
    file.visititems(lambda path, it: sizes.append(getattr(it, "nbytes", 0)))
    return sum(sizes)


class NoModel(ValueError):
    """The file holds no whole model; the sentence says what it is and what to do."""


def open_model(content, name):
    """Return a `ModelFile`, or raise `NoModel` with what else the file is."""
    try:
        return ModelFile(content, name)
    except NoModel:
        raise
    except NoLayer as function:
        raise NoModel(
            f"{name} calls tf.{function} between its layers. Keras 2 kept that as a layer, "
            "and Keras 3 has none for it. Build the network with its code, with keras.ops "
            "in that place, then write model.load_weights(path)."
        ) from None
    except Exception:  # h5py, zipfile and json raise errors of many kinds
        raise NoModel(f"{name} {what_else(content, name)}") from None


# --- what else it is ------------------------------------------------------------------


def what_else(content, name):
    """Say what a file is that holds no whole model, and what to do with it."""
    start, suffix = content[:200].lstrip().lower(), PurePosixPath(name).suffix.lower()
    if not content:
        return f"is empty. {AGAIN}"
    if start.startswith(b"version https://git-lfs"):
        size = re.search(rb"\nsize (\d+)", content)
        size = f" of {int(size[1]):,} bytes" if size else ""
        return (
            f"is a pointer that Git LFS leaves in place of a file{size}. In the clone, run "
            "`git lfs install` and `git lfs pull`; or open the file's page in the browser "
            "and download it there."
        )
    if start.startswith((b"<", b"\xef\xbb\xbf<")):
        return (
            "is a web page. On that page, choose to download the file itself (on GitHub: "
            "Download raw file)."
        )
    if content.startswith(HDF5):
        return in_hdf5(content)
    if content.startswith(b"PK"):
        return in_zip(content, name)
    if content[0] == 0x80 or suffix in PICKLES:
        return f"is a pickle, which runs code when it is opened. {PICKLE}"
    if suffix in PACKED:
        return "is a packed file. Unpack it, and pass the model file that is in it."
    if suffix in FORMATS or content[4:8] == b"TFL3":
        return f"is {FORMATS.get(suffix, FORMATS['.tflite'])}. {SAVE_AGAIN}"
    if start.startswith(b"{"):
        return in_json(content)
    if suffix in MODELS:
        return f"is no {suffix} file, though its name says so, or is damaged. {AGAIN}"
    return f"is not a model file of Keras. {SAVE_AGAIN}"


def in_json(content):
    """Say what a text of JSON describes."""
    if b"weightsManifest" in content:
        return f"is a model of TensorFlow.js. {SAVE_AGAIN}"
    if b'"class_name"' in content:
        return (
            "describes layers, without their weights. With the weights in a second file, "
            "write model = keras.models.model_from_json(open(path).read()), then "
            "model.load_weights(weights_path)."
        )
    return f"is a text of JSON, and describes no model. {SAVE_AGAIN}"


def in_hdf5(content):
    """Say what an HDF5 file holds that has no whole model."""
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            if "layer_names" in file.attrs:
                return f"{WEIGHTS} model.load_weights(path). {H5_NAME}"
            if {"layers", "_layer_checkpoint_dependencies", "vars"} & set(file):
                return f"{WEIGHTS} model.load_weights(path). {WEIGHTS_NAME}"
            if "model_config" not in file.attrs:
                return f"is an HDF5 file with something else than a model. {SAVE_AGAIN}"
    except OSError:
        pass
    return f"is cut short or damaged. {AGAIN}"


def in_zip(content, name):
    """Say what a zip archive holds that is no ``.keras`` file."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        return f"is cut short or damaged. {AGAIN}"
    if any(one.lower().endswith(PICKLES) for one in names):
        return f"has a pickle in it, which runs code when it is opened. {PICKLE}"
    models = [one for one in names if one.lower().endswith(MODELS) and one not in PARTS]
    if any(one.endswith("/config.json") for one in names):
        return (
            "is a .keras file that was unpacked, and packed again with its folder. Pack "
            "what is in that folder: shutil.make_archive('model', 'zip', folder), then "
            "rename model.zip to model.keras."
        )
    if models:
        return (
            f"is a zip archive with {models[0]} in it. Unpack it, and pass that file."
        )
    if any(one.endswith("saved_model.pb") for one in names):
        return f"is a zip archive with a SavedModel in it. {SAVED_MODEL}"
    if set(PARTS) & set(names):
        return f"is a .keras file that is damaged, or lacks a part. {AGAIN}"
    return f"is a zip archive without a model in it. {SAVE_AGAIN}"


def folder_is(path):
    """Say what a folder is, and what to do with it."""
    names = sorted(one.name for one in path.iterdir())
    if "saved_model.pb" in names:
        return f"is a folder with a SavedModel. {SAVED_MODEL}"
    if {"config.json", "model.weights.h5"} <= set(names):
        return (
            "is an unpacked .keras file. Pack it again: "
            f"shutil.make_archive('model', 'zip', {path.name!r}), then rename model.zip to "
            "model.keras."
        )
    models = [one for one in names if one.lower().endswith(MODELS)]
    if models:
        return f"is a folder. Pass the path of a file in it, such as {models[0]}."
    return f"is a folder without a model file in it. {SAVE_AGAIN}"
