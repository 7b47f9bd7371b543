"""How much faster the second `load_cifar10()` is than Keras's cached `load_data()`.

    python tests/benchmarks/bench_datasets.py [ARRAYS.npz]

Makes an archive of 60,000 pictures in CIFAR-10's layout in a temporary folder, of
generated shapes or of the four arrays of an .npz. Each load runs in a new Python, its
imports done; the best of three rounds counts. Fails under 10 times, even if every pixel
is then read.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

COURSE = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(COURSE), str(COURSE / "tests")]

from archives import make_archive, python2_pickle  # noqa: E402

from helpers.datasets import ARCHIVE, shapes  # noqa: E402

KERAS = """
from keras.src.datasets import cifar10
get_file = cifar10.get_file
cifar10.get_file = lambda file_hash, **others: get_file(file_hash=SHA256, **others)
load = cifar10.load_data
"""
OURS = """
from helpers import datasets
from helpers.engine import cifar10
cifar10.ARCHIVE_SHA256 = SHA256
load = datasets.load_cifar10
"""
TIMED = """
import json, time, warnings
warnings.simplefilter("ignore")
start = time.perf_counter()
data = load()
loaded = time.perf_counter() - start
pixels = sum(int(x.sum()) for x, y in data)
print(json.dumps([loaded, time.perf_counter() - start, pixels]))
"""


def make_full_archive(npz):
    if npz is None:
        x, y = shapes(60_000)
    else:
        with np.load(npz) as arrays:
            x = np.concatenate([arrays["x_train"], arrays["x_test"]])
            y = np.concatenate([arrays["y_train"], arrays["y_test"]])
    pixels = x.transpose(0, 3, 1, 2).reshape(6, 10_000, 3072)
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    batches = zip(names, pixels, y.reshape(6, 10_000))
    return make_archive({name: python2_pickle(*batch) for name, *batch in batches})


def run(code, home, sha256):
    """Seconds to load, seconds to load and read, and the sum of all pixels."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    done = subprocess.run(
        [sys.executable, "-c", f"SHA256 = {sha256!r}\n{code}{TIMED}"],
        cwd=COURSE,
        env={**os.environ, **quiet, "KERAS_HOME": home, "LAYERS_OFFLINE": "1"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main(npz=None):
    os.environ.pop("LAYERS_CIFAR10", None)
    archive = make_full_archive(npz)
    sha256 = hashlib.sha256(archive).hexdigest()
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "datasets").mkdir()
        (Path(home) / "datasets" / ARCHIVE).write_bytes(archive)
        first = run(OURS, home, sha256)
        rounds = [(run(KERAS, home, sha256), run(OURS, home, sha256)) for _ in range(3)]
    assert len({seconds[2] for pair in rounds for seconds in pair}) == 1
    keras, ours = (np.min(column, axis=0) for column in zip(*rounds))
    print(f"archive of {len(archive) / 1e6:.0f} MB   load    load and read every pixel")
    for name, seconds in (
        ("first load_cifar10()", first),
        ("Keras's load_data()", keras),
        ("second load_cifar10()", ours),
    ):
        print(f"{name:<22} {seconds[0]:8.3f} s {seconds[1]:8.3f} s")
    ratios = keras[:2] / ours[:2]
    print(f"{'Keras / second':<22} {ratios[0]:8.0f}   {ratios[1]:8.0f}")
    if ratios.min() < 10:
        sys.exit("The second load_cifar10() is less than 10 times faster than Keras's.")


if __name__ == "__main__":
    main(*sys.argv[1:])
