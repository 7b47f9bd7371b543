"""A model file by its bytes: what it is, and a copy of it that this Keras reads.

Two kinds hold a whole model: the zip archive of Keras 3 (``.keras``), and HDF5, which
Keras 2 wrote under any name. Nothing in a file is run.
"""

import functools
import io
import json
import math
import re
import shutil
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from threading import RLock, get_ident
from types import SimpleNamespace

import h5py
import keras

from .keras_inside import all_layers
from .old_models import LAYERS_2_13, Description, NoLayer, weight_paths
from .refusals import AGAIN, SAVE_AGAIN, described, printable, refused_part

PICKLES = ".pkl", ".pickle", ".joblib", ".dill", ".sav", ".pt", ".pth"
MODELS = ".keras", ".h5", ".hdf5"
WEIGHTS_PART = "model.weights.h5"
PARTS = "config.json", "metadata.json", WEIGHTS_PART  # of a .keras archive
DEEPEST = 250  # parts in parts of a description; 80 models in each other have 240
BOMB = 20  # times as large when unpacked as the file is; weights hardly shrink at all
PICKLE = (
    "It is never opened here; do not open it elsewhere, unless you made it. Ask for a "
    ".keras file instead."
)
WEIGHTS = (
    "holds weights, without the layers they belong to. Build the network with its code, "
    "then write"
)
H5_NAME = "The path must end with .h5."
WEIGHTS_NAME = "The path must end with .weights.h5."
SAVED_MODEL = (
    "It keeps what is computed, not the layers. Where the model was made, write "
    "model.save('model.h5'); without its code, the package tf_keras may do that: "
    "tf_keras.models.load_model(folder).save('model.h5')."
)
SEVERAL = (
    "is one of several files that hold weights together, without the layers they belong "
    "to. Build the network with its code, then write"
)
ASK = "Ask for a .keras file, or an .h5 file, of the same model."
PASS_MODEL = "Pass the file that model.save('model.keras') has written."
PICTURES = b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF"
PACKED_BYTES = b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ"
PACKED = ".gz", ".tgz", ".tar", ".bz2", ".xz", ".rar", ".7z"
FORMATS = {  # by the end of the name: what it is
    ".tflite": "a model of TensorFlow Lite",
    ".pb": "a part of a SavedModel, or a graph of TensorFlow 1",
    ".pbtxt": "a graph of TensorFlow 1, as text",
    ".ckpt": "a checkpoint",
    ".index": "a part of a checkpoint",
    ".mlmodel": "a model of Core ML",
}
FOREIGN = {  # the same, where nothing says that Keras made it
    ".onnx": "an ONNX model",
    ".safetensors": "a file of weights, as PyTorch programs keep them",
    ".gguf": "a language model for llama.cpp",
    ".npy": "an array of NumPy",
    ".npz": "a file of NumPy arrays",
}


one_at_a_time = RLock()  # of what stands in the place of Keras's add_weight


class ModelFile:
    """A whole model in a file.

    Attributes:
        name: the file's name.
        version: of the Keras that wrote it, as text; "" if the file does not say.
        config: dict, the description of the model as Keras 3 reads it.
        said: list of short texts: what is read in another way than it is written.
    """

    def __init__(self, path, name):
        self.path, self.name, self.size = path, name, path.stat().st_size
        self.is_hdf5 = h5py.is_hdf5(path)
        read = self.read_hdf5 if self.is_hdf5 else self.read_archive
        written, version = read()
        self.version = printable(" ".join(str(version or "").split())[:20])
        self.is_old = bool(re.match(r"[012]\.", self.version or "0." * self.is_hdf5))
        description = Description(uncompiled(written), self.is_old)
        self.config, self.said = description.config, description.said
        if self.is_hdf5 and not self.is_old:
            name_operations(self.config)
        if sentence := refused_part(self.config, name):
            raise NoModel(sentence)

    def read_hdf5(self):
        """Return the description and the version in an HDF5 file."""
        with h5py.File(self.path, "r") as file:
            self.check_arrays(file)
            version = file.attrs.get("keras_version")
            return json.loads(file.attrs["model_config"]), version

    def read_archive(self):
        """Return the description and the version in a ``.keras`` archive."""
        with zipfile.ZipFile(self.path) as archive:
            self.refuse_bomb(sum(part.file_size for part in archive.infolist()))
            metadata = json.loads(archive.read("metadata.json"))
            if WEIGHTS_PART in archive.namelist():
                with h5py.File(archive.open(WEIGHTS_PART), "r") as file:
                    self.check_arrays(file)
            return json.loads(archive.read("config.json")), metadata["keras_version"]

    def check_arrays(self, file):
        """Refuse arrays that are too large, or that lie in another file."""
        arrays, links = arrays_in(file).values(), []
        file.visititems_links(lambda path, link: links.append(link))
        if any(isinstance(link, h5py.ExternalLink) for link in links) or any(
            one.external or one.is_virtual for one in arrays
        ):
            raise NoModel(
                f"{self.name} takes weights from a different file on this machine. Nothing "
                "outside a model's own file is read here. Ask for a file that holds all "
                "its weights."
            )
        self.refuse_bomb(sum(one.nbytes for one in arrays))

    def refuse_bomb(self, size):
        if size > self.limit():
            raise NoModel(
                f"{self.name} has {self.size:,} bytes and would unpack to {size:,}. No "
                "weights do that: it is damaged, or it was made to do harm. Do not "
                "open it elsewhere."
            )

    def limit(self):
        """Return how many bytes the file may have in memory."""
        return BOMB * self.size + 10**7

    def load(self, folder, given):
        """Return the model, uncompiled, in Keras's safe mode.

        Arguments:
            folder: path of an empty folder, in which a copy of the file is made.
            given: dict of the classes and functions that were passed for it.
        """
        with weights_counted(self.limit()) as taken:
            try:
                model = self.opened(Path(folder), given)
            except Exception:
                if taken.bytes <= self.limit():
                    raise
        if taken.bytes > self.limit():
            raise NoModel(
                f"{self.name} has {self.size:,} bytes and describes layers with more than "
                f"{self.limit():,} bytes of weights. It is damaged, or it was made "
                "to do harm: Keras would take that memory."
            )
        return model

    def opened(self, folder, given):
        """Return the model from a copy of the file under the name that Keras wants."""
        if not self.is_hdf5:
            path = folder / "model.keras"
            self.write_archive(path)
            return keras.saving.load_model(path, given, compile=False, safe_mode=True)
        model = keras.saving.deserialize_keras_object(
            self.config, given, safe_mode=True
        )
        path = folder / "model.h5"
        shutil.copyfile(self.path, path)
        if model.built:
            model.load_weights(path)
        for layer in all_layers(model):
            if isinstance(layer, keras.layers.Normalization):
                layer.finalize_state()  # Keras forgets that when it reads HDF5
            if (
                hasattr(layer, "get_vocabulary")
                and not layer.get_config()["vocabulary"]
            ):
                raise NoModel(
                    f"{self.name} lacks the words of its layer {printable(layer.name)}: "
                    f"HDF5 does not keep what adapt() has learned. {SAVE_AGAIN}"
                )
        return model

    def write_archive(self, path):
        """Write the ``.keras`` archive anew, with the description for Keras 3."""
        with zipfile.ZipFile(self.path) as old, zipfile.ZipFile(path, "w") as new:
            for part in dict.fromkeys(old.namelist()):
                if ".." in part or part.endswith("/"):
                    continue
                with (
                    old.open(part) as source,
                    new.open(
                        part.replace(LAYERS_2_13, "layers"), "w", force_zip64=True
                    ) as to,
                ):
                    if part == "config.json":
                        to.write(json.dumps(self.config).encode())
                    elif part == WEIGHTS_PART and self.is_old:
                        to.write(renamed_weights(source))
                    else:
                        shutil.copyfileobj(source, to)


def arrays_in(file):
    """Return {path: array} of all arrays in an HDF5 file."""
    found = {}

    def note(path, it):
        if isinstance(it, h5py.Dataset):
            found[path] = it

    file.visititems(note)
    return found


def uncompiled(x, depth=0):
    """Return a description without losses and optimizers, also of models inside it."""
    if depth > DEEPEST:
        raise RecursionError("no model is that deep")
    if isinstance(x, list):
        return [uncompiled(one, depth + 1) for one in x]
    if not isinstance(x, dict):
        return x
    x = {key: one for key, one in x.items() if key != "compile_config"}
    return {key: uncompiled(one, depth + 1) for key, one in x.items()}


def name_operations(config):
    """Write in a description where Keras has its operations: HDF5 has their names only.

    They are told from layers of the same name by what each layer has: ``trainable``.
    """
    for x in described(config):
        settings, module = x.get("config"), operations().get(x["class_name"])
        is_called = "inbound_nodes" in x and isinstance(settings, dict)
        if module and is_called and "trainable" not in settings:
            x |= {"module": module, "registered_name": None}


@functools.cache
def operations():
    """Return the modules of Keras's operations, such as ``NotEqual``, by their names."""
    found, seen = {}, [keras.Operation]
    for one in seen:
        seen += one.__subclasses__()
        if one.__module__.startswith("keras.src.ops."):
            found[one.__name__] = one.__module__
    return found


@contextmanager
def weights_counted(limit):
    """Count the bytes of the weights that layers make, and stop before there are more.

    Only those of this thread: models that others make meanwhile are none of its business.
    """
    taken, here, add_weight = SimpleNamespace(bytes=0), get_ident(), None

    def counted(layer, shape=None, *args, **options):
        if get_ident() == here:
            with suppress(TypeError):  # a shape that is none: Keras will say so
                taken.bytes += 4 * math.prod(shape or ())
            if taken.bytes > limit:
                raise MemoryError("more weights than the file can hold")
        return add_weight(layer, shape, *args, **options)

    with one_at_a_time:
        add_weight = keras.Layer.add_weight
        keras.Layer.add_weight = functools.wraps(add_weight)(counted)
        try:
            yield taken
        finally:
            keras.Layer.add_weight = add_weight


def renamed_weights(source):
    """Return the weights of a ``.keras`` archive of Keras 2 under the names of Keras 3.

    Those made on Windows have names such as ``layers\\conv2d``.
    """
    buffer = io.BytesIO()
    with h5py.File(source, "r") as old, h5py.File(buffer, "w") as new:
        for path, path_3 in weight_paths(arrays_in(old)).items():
            old.copy(old[path], new, path_3)
    return buffer.getvalue()


class NoModel(ValueError):
    """The file holds no whole model; the sentence says what it is and what to do."""


def open_model(path, name):
    """Return a `ModelFile`, or raise `NoModel` with what else the file is."""
    try:
        return ModelFile(path, name)
    except NoModel:
        raise
    except NoLayer as function:
        raise NoModel(
            f"{name} calls tf.{printable(str(function))[:60]} between its layers. Keras 2 "
            "kept that as a layer, and Keras 3 has none for it. Build the network with its "
            "code, with keras.ops in that place, then write model.load_weights(path)."
        ) from None
    except Exception:  # h5py, zipfile and json raise errors of many kinds
        try:
            sentence = what_else(path, name)
        except OSError as error:
            sentence = f"cannot be read: {error.strerror}."
        raise NoModel(f"{name} {sentence}") from None


# --- what else it is ------------------------------------------------------------------


def what_else(path, name):
    """Say what a file is that holds no whole model, and what to do with it."""
    with path.open("rb") as file:
        content = file.read(10**6)
    start, suffix = content[:200].lstrip().lower(), PurePosixPath(name).suffix.lower()
    if not content:
        return f"is empty. {AGAIN}"
    if start.startswith(b"version https://git-lfs"):
        size = re.search(rb"\nsize (\d{1,20})", content)
        size = f" of {int(size[1]):,} bytes" if size else ""
        return (
            f"is a pointer that Git LFS leaves in place of a file{size}. In the clone, run "
            "`git lfs install` and `git lfs pull`; or open the file's page in the browser "
            "and download it there."
        )
    if h5py.is_hdf5(path):
        return in_hdf5(path, name)
    if content.startswith(b"PK"):
        return in_zip(path, name)
    if content[0] == 0x80 or suffix in PICKLES:
        return f"is a pickle, which runs code when it is opened. {PICKLE}"
    if content.startswith(PACKED_BYTES) or suffix in PACKED:
        return "is a packed file. Unpack it, and pass the model file that is in it."
    if content.startswith(PICTURES):
        return f"is a picture, or a page to print, not a model. {PASS_MODEL}"
    if suffix in FORMATS:
        return f"is {FORMATS[suffix]}. {SAVE_AGAIN}"
    if content[4:8] == b"TFL3":
        return f"is {FORMATS['.tflite']}. {SAVE_AGAIN}"
    if re.search(r"\.data-\d+-of-\d+$", name):
        return f"is a part of a checkpoint. {SAVE_AGAIN}"
    if suffix in FOREIGN:
        return f"is {FOREIGN[suffix]}. Keras cannot open it. {ASK}"
    return in_text(content, start, suffix)


def in_text(content, start, suffix):
    """Say what a text is, or what is of no kind that is known."""
    again = AGAIN if suffix in MODELS else SAVE_AGAIN
    if start.startswith((b"<", b"\xef\xbb\xbf<")):
        if start.startswith(b"<?xml") and b"<html" not in content[:1000].lower():
            return f"is an XML text, such as a server's error, not a model. {again}"
        return (
            "is a web page. On that page, choose to download the file itself (on GitHub: "
            "Download raw file)."
        )
    if suffix in (".py", ".ipynb") or b'"nbformat"' in content:
        return f"is a program. Run it where it was written. {PASS_MODEL}"
    if start.startswith(b"{"):
        return in_json(content, again)
    if suffix in MODELS:
        return f"is no {suffix} file, though its name says so, or is damaged. {AGAIN}"
    if b"class_name: " in content:
        return f"describes layers, without their weights. {SAVE_AGAIN}"
    return f"is not a model file of Keras. {SAVE_AGAIN}"


def in_json(content, again):
    """Say what a text of JSON describes."""
    if b"weightsManifest" in content:
        return f"is a model of TensorFlow.js. {SAVE_AGAIN}"
    if b'"weight_map"' in content:
        return f"{SEVERAL} model.load_weights(path) with the path of this one."
    if b'"class_name"' in content:
        return (
            "describes layers, without their weights. With the weights in a second file, "
            "write model = keras.models.model_from_json(open(path).read()), then "
            "model.load_weights(weights_path)."
        )
    return f"is a JSON text, but describes no Keras model. {again}"


def in_hdf5(path, name):
    """Say what an HDF5 file holds that has no whole model."""
    with suppress(Exception), h5py.File(path, "r") as file:  # h5py raises many kinds
        if re.search(r"_\d{5}\.weights\.h5$", name):
            return (
                f"{SEVERAL} model.load_weights(path) with the path of the file that ends "
                "with .weights.json."
            )
        if "layer_names" in file.attrs:
            return f"{WEIGHTS} model.load_weights(path). {H5_NAME}"
        if {"layers", "_layer_checkpoint_dependencies", "vars"} & set(file):
            return f"{WEIGHTS} model.load_weights(path). {WEIGHTS_NAME}"
        if "model_config" not in file.attrs:
            return f"is an HDF5 file with something other than a model. {SAVE_AGAIN}"
    return f"is cut short or damaged. {AGAIN}"


def in_zip(path, name):
    """Say what a zip archive holds that is no ``.keras`` file."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            locked = any(one.flag_bits & 1 for one in archive.infolist())
    except zipfile.BadZipFile:
        return f"is cut short or damaged. {AGAIN}"
    ends = {PurePosixPath(one).suffix.lower() for one in names}
    if locked:
        return "is locked with a password. Unpack it, and pass the model file in it."
    if ends & set(PICKLES):
        return f"has a pickle in it, which runs code when it is opened. {PICKLE}"
    if any(one.endswith("/config.json") for one in names):
        return (
            "is a .keras file that was unpacked, and packed again with its folder. Pack "
            "what is in that folder: shutil.make_archive('model', 'zip', folder), then "
            "rename model.zip to model.keras."
        )
    if models := model_names(one for one in names if one not in PARTS):
        return (
            f"is a zip archive with {models[0]} in it. Unpack it, and pass that file."
        )
    if any(one.endswith("saved_model.pb") for one in names):
        return f"is a zip archive with a SavedModel in it. {SAVED_MODEL}"
    if {"config.json", WEIGHTS_PART} & set(names):
        return f"is a .keras file that is damaged, or incomplete. {AGAIN}"
    if "model.json" in names or ".tflite" in ends:
        what = "TensorFlow.js" if "model.json" in names else "TensorFlow Lite"
        return (
            f"is a zip archive with a model of {what}. In Teachable Machine, export again: "
            "choose Tensorflow, then Keras."
        )
    if ends == {".npy"}:
        return f"is {FOREIGN['.npz']}. Keras cannot open it. {ASK}"
    if ends & {*PACKED, ".zip"}:
        return "is a zip archive with a packed file in it. Unpack both, and pass the model."
    return f"is a zip archive without a model in it. {SAVE_AGAIN}"


def model_names(names):
    """List the names that model files have, whole models before weights alone."""
    models = [
        printable(one)[:100]
        for one in names
        if one.lower().endswith(MODELS) and not PurePosixPath(one).name.startswith("._")
    ]
    return sorted(models, key=lambda one: one.endswith(".weights.h5"))


def folder_is(path):
    """Say what a folder is, and what to do with it."""
    names = sorted(one.name for one in path.iterdir())
    if "saved_model.pb" in names:
        return f"is a folder with a SavedModel. {SAVED_MODEL}"
    if {"task.json", "tokenizer.json", "preprocessor.json"} & set(names):
        return (
            "is a folder of Keras Hub. With that package, write model = "
            "keras_hub.models.Task.from_preset(folder), and pass no file: it is a model."
        )
    if {"config.json", "model.weights.h5"} <= set(names):
        return (
            "is an unpacked .keras file. Pack it again: "
            f"shutil.make_archive('model', 'zip', {path.name!r}), then rename model.zip to "
            "model.keras."
        )
    if models := model_names(names):
        return f"is a folder. Pass the path of a file in it, such as {models[0]}."
    return f"is a folder without a model file in it. {SAVE_AGAIN}"
