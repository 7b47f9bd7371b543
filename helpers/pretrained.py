"""MobileNetV2 as others trained it, or untrained where its weights cannot be had."""

import hashlib
import json

import keras
import numpy as np

from .engine.download import download
from .engine.files import is_offline, keras_folders
from .engine.tables import filled

WEIGHTS = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5"
WEIGHTS_MIRRORS = (
    f"https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2/{WEIGHTS}",
)
WEIGHTS_BYTES = 14_536_120
WEIGHTS_HASH = "sha256:3e195a2857356cfc092cbbb460beb2a5bce279015d7792598b8d3d9e451902e3"

NAMES = "imagenet_class_index.json"
NAMES_MIRRORS = (
    f"https://storage.googleapis.com/download.tensorflow.org/data/{NAMES}",
)
NAMES_BYTES = 35_363
NAMES_HASH = "md5:c2c37ea517e94d9795004a39431a14cb"  # as Keras has it


def mobilenet():
    """Build MobileNetV2 with the weights that ``weights="imagenet"`` stands for.

    They are fetched once, 14.5 MB, with a progress bar, into the folder in which
    ``keras.applications`` looks for them; then a line says so. Where that is not possible,
    such as with ``LAYERS_OFFLINE=1``, a line says why, and the kernels are drawn.

    Returns:
        ``keras.Model``, from pixels / 127.5 - 1, ``(images, 224, 224, 3)``, to the
        probabilities of 1,000 classes, and the list of their names: ``"class 0"``,
        ``"class 1"`` and so on for a network that was not trained.

    Example:
        >>> network, classes = mobilenet()  # with LAYERS_OFFLINE=1
        A trained MobileNetV2 is not on this machine, and LAYERS_OFFLINE forbids a
        download. One with random kernels stands in: its predictions mean nothing.
        >>> network.output_shape, classes[281]
        ((None, 1000), 'class 281')

    Source: Sandler, Howard, Zhu, Zhmoginov and Chen, 2018, "MobileNetV2: Inverted Residuals
    and Linear Bottlenecks".
    """
    pictures = keras.Input((224, 224, 3), name="pictures")
    build = keras.applications.MobileNetV2
    try:
        weights = fetched(WEIGHTS, WEIGHTS_MIRRORS, WEIGHTS_BYTES, WEIGHTS_HASH)
        names = fetched(NAMES, NAMES_MIRRORS, NAMES_BYTES, NAMES_HASH)
    except OSError as error:
        said = (
            f"{error} One with random kernels stands in: its predictions mean nothing."
        )
        print(filled(said))
        model = build(input_tensor=pictures, weights=None)
        draw_kernels(model)
        return model, [f"class {i}" for i in range(1000)]
    model = build(input_tensor=pictures, weights=str(weights))
    index = json.loads(names.read_text(encoding="utf-8"))
    print(filled(f"MobileNetV2, trained on ImageNet, from {weights}."))
    return model, [index[str(i)][1].replace("_", " ") for i in range(1000)]


def fetched(name, mirrors, size, known):
    """Return the path of a file in Keras's folder of models, its hash verified.

    What is not there is downloaded; an OSError says in a sentence why it cannot be had.
    """
    paths = [folder.parent / "models" / name for folder in keras_folders()]
    for path in paths:
        if path.is_file() and hash_of(path, known.partition(":")[0]) == known:
            return path
    if is_offline():
        raise OSError(
            "A trained MobileNetV2 is not on this machine, and LAYERS_OFFLINE forbids a "
            "download."
        )
    try:
        download(mirrors, paths[-1], size, known, 2 * size)
    except OSError as error:
        raise OSError(f"MobileNetV2 cannot be downloaded: {error}") from None
    return paths[-1]


def hash_of(path, kind):
    """Return the hash of a file as pooch writes it: ``"md5:c2c3..."``."""
    return f"{kind}:{hashlib.new(kind, path.read_bytes()).hexdigest()}"


def draw_kernels(model):
    """Draw all kernels by He's rule, the same on every machine."""
    random = np.random.default_rng(0)
    for layer in model.layers:
        arrays = layer.get_weights()
        if arrays and arrays[0].ndim > 1:
            depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
            inputs = np.prod(arrays[0].shape[: 2 if depthwise else -1])
            arrays[0] = random.normal(0, np.sqrt(2 / inputs), arrays[0].shape)
            layer.set_weights(arrays)
