"""Time and memory of `layer_outputs`, beside the plain forward pass and common idioms.

    python tests/benchmarks/bench_extraction.py

Prints medians of ratios, measured in turns in one process, and fails when a limit is
passed. The floor is the plain forward pass of the CNN in a `tf.function`.
"""

import contextlib
import io
import os
import random
import statistics
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

from helpers.extraction import layer_outputs  # noqa: E402
from helpers.networks import cifar10_cnn  # noqa: E402

MODEL = cifar10_cnn()
FLOOR = "plain forward pass, compiled"
OURS = "layer_outputs"
PREDICT = "the same, model.predict"
NEW = "new model and predict, each call"
SINGLE = "one sub-model a layer, predict"
IMAGES = 10_000


@tf.function(autograph=False, input_signature=[tf.TensorSpec((None, 32, 32, 3))])
def plain(x):
    return MODEL(x, training=False)


def plain_in_batches(x):
    return [plain(tf.constant(x[i : i + 256])).numpy() for i in range(0, len(x), 256)]


def dict_model():
    named = {layer.name: layer.output for layer in MODEL.layers}
    return keras.Model(MODEL.inputs[0], named)


def ways_to_get_all_layers():
    model = dict_model()
    single = [keras.Model(MODEL.inputs[0], layer.output) for layer in MODEL.layers]
    return {
        FLOOR: lambda x: plain(tf.constant(x)).numpy(),
        OURS: lambda x: layer_outputs(MODEL, x),
        "one model of all outputs, called": lambda x: model(x),
        "the same, predict_on_batch": lambda x: model.predict_on_batch(x),
        PREDICT: lambda x: model.predict(x, batch_size=256, verbose=0),
        NEW: lambda x: dict_model().predict(x, batch_size=256, verbose=0),
        SINGLE: lambda x: [m.predict(x, batch_size=256, verbose=0) for m in single],
    }


def ratios(ways, x, rounds):
    """Median of each way's time over the floor's in the same round."""
    times = {name: [] for name in ways}
    for _ in range(2):
        for way in ways.values():
            way(x)
    for _ in range(rounds):
        for name, way in random.sample(list(ways.items()), len(ways)):
            start = time.perf_counter()
            result = way(x)
            times[name].append(time.perf_counter() - start)
            del result
    return {
        name: statistics.median(a / b for a, b in zip(times[name], times[FLOOR]))
        for name in ways
    }


def table_of_ways():
    ways = ways_to_get_all_layers()
    slow = {name: ways[name] for name in (FLOOR, PREDICT, NEW, SINGLE)}
    quick = {name: way for name, way in ways.items() if name not in (NEW, SINGLE)}
    columns = []
    for images, rounds in (1, 100), (256, 30):
        x = np.random.default_rng(0).random((images, 32, 32, 3), dtype="float32")
        columns.append({**ratios(slow, x, 5), **ratios(quick, x, rounds)})
    print(f"{'all layers, times the floor':<40}{'1 image':>10}{'256 images':>12}")
    for name in ways:
        print(f"{name:<40}{columns[0][name]:>9.2f}×{columns[1][name]:>11.2f}×")
    return columns


def peak_memory(way):
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

    x = np.random.default_rng(0).random((IMAGES, 32, 32, 3), dtype="float32")
    plain(tf.constant(x[:2]))
    layer_outputs(MODEL, x[:2], "conv2d_2")
    start, size = peak(), 0
    if way == "plain":
        plain_in_batches(x)
    else:
        size = layer_outputs(MODEL, x, "conv2d_2")["conv2d_2"].nbytes / 2**20
    print(peak() - start - size)


def first_call():
    start = time.perf_counter()
    layer_outputs(cifar10_cnn(1), np.zeros((1, 32, 32, 3)))
    return time.perf_counter() - start


def main():
    one, many = table_of_ways()
    x = np.random.default_rng(0).random((IMAGES, 32, 32, 3), dtype="float32")
    ways = {
        FLOOR: plain_in_batches,
        OURS: lambda x: layer_outputs(MODEL, x, "conv2d_2"),
    }
    with contextlib.redirect_stdout(io.StringIO()):  # the progress bar
        stream = ratios(ways, x, 9)[OURS]
    memory = {way: peak_memory(way) for way in ("plain", "extraction")}
    print(f"\nfirst call, model and tracing: {first_call():.2f} s")
    print(f"10,000 images, plain pass: {memory['plain']:.0f} MiB at its peak")
    limits = [
        ("all layers, 1 image: times the floor", one[OURS], 2),
        ("all layers, 256 images: times the floor", many[OURS], 1.25),
        ("10,000 images, last conv layer: times the floor", stream, 1.2),
        ("10,000 images, last conv layer: MiB over output", memory["extraction"], 100),
        (
            "1 image: time over that of a cached predict",
            one[OURS] / one[PREDICT],
            1 / 20,
        ),
    ]
    print(f"\n{'':<52}{'measured':>10}{'limit':>10}")
    for what, measured, limit in limits:
        verdict = "" if measured <= limit else "  FAILS"
        print(f"{what:<52}{measured:>10.3f}{limit:>10.3f}{verdict}")
    return int(any(measured > limit for _, measured, limit in limits))


if __name__ == "__main__":
    sys.exit(measure_memory(sys.argv[1]) if sys.argv[1:] else main())
