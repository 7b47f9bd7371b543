"""Each test and each lesson under test sees the same machine: no network, no CIFAR-10."""

import os
import signal
import tempfile

if "LAYERS_TEST_HOME" not in os.environ:  # the workers of pytest-xdist inherit it
    home = tempfile.TemporaryDirectory(prefix="layers-test-")
    os.environ["LAYERS_TEST_HOME"] = home.name

os.environ["KERAS_HOME"] = os.environ["LAYERS_TEST_HOME"]
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["LAYERS_OFFLINE"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["LAYERS_QUIET"] = "1"  # a slow machine shows a progress bar, a fast one none
os.environ["LAYERS_PROGRESS"] = os.path.join(
    os.environ["LAYERS_TEST_HOME"], "progress.json"
)
os.environ.pop("LAYERS_CIFAR10", None)

# What runs behind a shell's "&" ignores Ctrl+C, and so would the programs it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
