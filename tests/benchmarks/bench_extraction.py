"""Time and memory of `layer_outputs`, beside what one would write without it.

    python tests/benchmarks/bench_extraction.py

Prints ratios of times measured in turns in one process, the shortest of each, and fails
when a limit is passed. A first look is compared with Keras's own sub-model of all
outputs, made and called once; many batches and `LayerReader` with the plain forward pass
of the model in a `tf.function`.
"""

import contextlib
import io
import os
import random
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from helpers.extraction import LayerReader, layer_outputs  # noqa: E402
from helpers.networks import cifar10_cnn  # noqa: E402

layers = keras.layers
RANDOM = np.random.default_rng(0)
IMAGES = 10_000


def shortest(ways, rounds):
    """Run the ways in turns, in a new order each round; the shortest time of each.

    Other work on the machine makes a run longer, never shorter.
    """
    times = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in random.sample(list(ways.items()), len(ways)):
            start = time.perf_counter()
            result = way()
            times[name].append(time.perf_counter() - start)
            del result
    return {name: min(found) for name, found in times.items()}


# ------------------------------------------------------------------- the models


def pictures(count, size):
    return RANDOM.random((count, size, size, 3), dtype="float32")


def application(name):
    make = getattr(keras.applications, name)
    return make(weights=None, input_shape=(96, 96, 3), classes=10)


def tagger():
    words = keras.Input((20,), dtype="int32")
    x = layers.Embedding(1000, 32)(words)
    x = layers.Bidirectional(layers.LSTM(32, return_sequences=True))(x)
    return keras.Model(words, layers.TimeDistributed(layers.Dense(5))(x))


def transformer():
    words = keras.Input((64,), dtype="int32")
    x = layers.Embedding(1000, 64)(words)
    for _ in range(2):
        y = layers.MultiHeadAttention(4, 16)(x, x)
        x = layers.LayerNormalization()(layers.Add()([x, y]))
        y = layers.Dense(64)(layers.Dense(128, "gelu")(x))
        x = layers.LayerNormalization()(layers.Add()([x, y]))
    return keras.Model(words, layers.Dense(2)(layers.GlobalAveragePooling1D()(x)))


def words(count, length):
    return RANDOM.integers(1, 1000, (count, length)).astype("int32")


# ------------------------------------------------------------------- first looks


def sub_model(model, outputs):
    return keras.Model(model.inputs[0], outputs)


def all_outputs(model, x):
    """Keras's own way: one sub-model, called once, its outputs as arrays."""
    outputs = {layer.name: layer.output for layer in model.layers}
    found = sub_model(model, outputs)(x)
    return {name: y.numpy() for name, y in found.items()}


def first_looks():
    for name in "MobileNetV2", "EfficientNetB0", "DenseNet121":
        model = application(name)
        for rows in 1, 32:
            x = pictures(rows, 96)
            yield f"{name}, {rows} rows", model, x, 5
    for name, model, length in (
        ("tagger", tagger(), 20),
        ("transformer", transformer(), 64),
    ):
        for rows in 1, 128:
            yield f"{name}, {rows} rows", model, words(rows, length), 9
    model = cifar10_cnn()
    for rows in 1, 32, 256, 1024:
        yield f"the course CNN, {rows} rows", model, pictures(rows, 32), 15


def bench_first_looks():
    for name, model, x, rounds in first_looks():
        time = shortest(
            {
                "ours": lambda model=model, x=x: layer_outputs(model, x),
                "Keras's": lambda model=model, x=x: all_outputs(model, x),
            },
            rounds,
        )
        # the smallest network may take three thousandths of a second longer
        limit = max(1.3, 1 + 0.003 / time["Keras's"])
        yield f"first call, all layers: {name}", time["ours"] / time["Keras's"], limit


def bench_early_layers():
    x = pictures(1, 96)
    for name, layer in ("MobileNetV2", "Conv1"), ("EfficientNetB0", "stem_conv"):
        model = application(name)
        time = shortest(
            {
                "ours": lambda model=model, layer=layer: layer_outputs(model, x, layer),
                "Keras's": lambda model=model, layer=layer: part(model, layer)(
                    x
                ).numpy(),
            },
            15,
        )
        measured = time["ours"] / time["Keras's"]
        yield f"first call, one early layer: {name}, {layer}", measured, 2


def part(model, layer):
    return sub_model(model, model.get_layer(layer).output)


# ------------------------------------------------------------------- many batches


def compiled(model, shape):
    """The plain forward pass."""
    signature = [tf.TensorSpec((None, *shape), model.inputs[0].dtype)]
    return tf.function(
        lambda x: model(x, training=False), autograph=False, input_signature=signature
    )


def bench_many_pictures():
    """Where the plain pass itself takes more than that of `predict`, it is the limit."""
    model, x = cifar10_cnn(), pictures(IMAGES, 32)
    plain = compiled(part(model, "conv2d_2"), (32, 32, 3))

    def plain_pass():
        found = np.empty((IMAGES, 4, 4, 64), "float32")
        for i in range(0, IMAGES, 128):
            found[i : i + 128] = plain(tf.constant(x[i : i + 128]))
        return found

    time = shortest(
        {
            "ours": lambda: layer_outputs(model, x, "conv2d_2"),
            "plain": plain_pass,
            "predict": lambda: part(model, "conv2d_2").predict(x, verbose=0),
        },
        8,
    )
    limit = max(0.6, 1.15 * time["plain"] / time["predict"])
    measured = time["ours"] / time["predict"]
    yield "10,000 pictures, one layer: over predict of the sub-model", measured, limit


def bench_batches():
    """Where a compiled pass that joins the same outputs takes more, it is the limit."""
    model = cifar10_cnn()
    plain = compiled(model, (32, 32, 3))
    x = pictures(60 * 128, 32)
    for wanted, name, limit in (
        ("conv2d_2", "one layer", 1.2),
        (None, "all layers", 1.6),
    ):
        names = [wanted] if wanted else [layer.name for layer in model.layers]
        outputs = {one: model.get_layer(one).output for one in names}
        read = compiled(sub_model(model, outputs), (32, 32, 3))

        def joined(batches, read=read):
            found = {}
            for i in range(0, batches * 128, 128):
                for one, y in read(tf.constant(x[i : i + 128])).items():
                    if one not in found:
                        shape = batches * 128, *y.shape[1:]
                        found[one] = np.empty(shape, "float32")
                    found[one][i : i + 128] = y
            return found

        time = shortest(
            {
                60: lambda wanted=wanted: layer_outputs(model, x, wanted),
                30: lambda wanted=wanted: layer_outputs(model, x[: 30 * 128], wanted),
                "joined 60": lambda joined=joined: joined(60),
                "joined 30": lambda joined=joined: joined(30),
                "plain": lambda: [
                    plain(tf.constant(x[i : i + 128])).numpy()
                    for i in range(0, 30 * 128, 128)
                ],
            },
            10,
        )
        floor = (time["joined 60"] - time["joined 30"]) / time["plain"]
        measured = (time[60] - time[30]) / time["plain"]
        what = f"60 batches less 30: over the plain pass of 30, {name}"
        yield what, measured, max(limit, 1.15 * floor)


def bench_readers():
    for name, model, size, rows, limit in [
        ("the course CNN", cifar10_cnn(), 32, 256, 1.25),
        ("the course CNN", cifar10_cnn(), 32, 1, 2),
        ("MobileNetV2", application("MobileNetV2"), 96, 1, 2),
    ]:
        x, reader = pictures(rows, size), LayerReader(model)
        plain = compiled(model, (size, size, 3))
        time = shortest(
            {
                "ours": lambda x=x, reader=reader: reader(x),
                "plain": lambda x=x, plain=plain: plain(tf.constant(x)).numpy(),
            },
            60,
        )
        measured = time["ours"] / time["plain"]
        yield f"LayerReader over the plain pass: {name}, {rows} rows", measured, limit


# ------------------------------------------------------------------- memory


def memory(way):
    """Return the memory of 10,000 images in MiB, in a process of its own, on Linux."""
    done = subprocess.run(
        [sys.executable, __file__, way], capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(done.stderr)
    return float(done.stdout.split()[-1])


def measure_memory(way):
    """Print how far the memory rises over what is there before and the output."""

    def peak():  # what `resource` tells starts with the peak of the parent process
        lines = Path("/proc/self/status").read_text().splitlines()
        (line,) = (line for line in lines if line.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10

    model, x = cifar10_cnn(), pictures(IMAGES, 32)
    plain = compiled(model, (32, 32, 3))
    plain(tf.constant(x[:2]))
    layer_outputs(model, x[:2], "conv2d_2")
    start, size = peak(), 0
    if way == "plain":
        for i in range(0, IMAGES, 256):
            plain(tf.constant(x[i : i + 256])).numpy()
    else:
        size = layer_outputs(model, x, "conv2d_2")["conv2d_2"].nbytes / 2**20
    print(peak() - start - size)


def bench_memory():
    print(f"10,000 pictures, plain pass: {memory('plain'):.0f} MiB at its peak")
    yield "10,000 pictures, one layer: MiB over the output", memory("extraction"), 100


def main():
    benches = [  # what needs much memory first, before it is in pieces
        bench_batches,
        bench_many_pictures,
        bench_readers,
        bench_first_looks,
        bench_early_layers,
        bench_memory,
    ]
    failed = 0
    print(f"{'':<60}{'measured':>10}{'limit':>8}")
    for bench in benches:
        with contextlib.redirect_stderr(io.StringIO()):
            found = list(bench())
        for what, measured, limit in found:
            verdict = "" if measured <= limit else "  FAILS"
            failed |= measured > limit
            print(f"{what:<60}{measured:>10.2f}{limit:>8.2f}{verdict}", flush=True)
    return int(failed)


if __name__ == "__main__":
    os.environ["LAYERS_QUIET"] = "1"
    sys.exit(measure_memory(sys.argv[1]) if sys.argv[1:] else main())
