"""Prepare a notebook for the lessons, and tell what this machine has."""

import os
import platform
import subprocess
import sys
from contextlib import contextmanager, suppress

from .engine import readiness
from .engine.files import COURSE, PYTHON
from .engine.readiness import installed_version, is_there


def set_up():
    """Load TensorFlow without its start-up messages, set for repeatable numbers.

    It says in one line when it is done. Safe to call twice. It has to come before the
    first ``import tensorflow`` to have its full effect.

    Raises:
        ImportError: TensorFlow or Keras is not installed; the message says what to do.
    """
    load_tensorflow()
    from .engine import missing_names  # noqa: F401  it speaks below a NameError

    if "google.colab" in sys.modules:
        note_changes()
    print("Setup is done.")


def load_tensorflow():
    """Do what `set_up` says, but print nothing."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # it adds in another order
    missing = [name for name in ("tensorflow", "keras") if not is_there(name)]
    if missing:
        raise ImportError(
            f"{' and '.join(missing)} cannot be found by this Python "
            f"({sys.executable}). Start JupyterLab with `{PYTHON} -m helpers lab` in "
            "the course's folder, or choose the course's kernel in the Kernel menu."
        )
    with silent_stderr():
        import tensorflow as tf

        # Graphics cards round products to 10 bits by default: hand checks would fail.
        tf.config.experimental.enable_tensor_float_32_execution(False)
        tf.constant(0)  # the first operation prints what the device is
    tf.get_logger().setLevel("ERROR")


def note_changes():
    """Say which files of a clone of the course are not as they were fetched."""
    words = ["git", "-C", str(COURSE), "status", "--short", "--untracked-files=no"]
    try:
        done = subprocess.run(words, capture_output=True, text=True)
    except OSError:  # without git, nobody knows
        return
    lines = done.stdout.splitlines()
    if lines:
        names = ", ".join(line[3:] for line in lines)
        print(
            f"Changed in this copy of the course, and used as they are: {names}. For the "
            f"originals, delete {COURSE} and run this cell again."
        )


@contextmanager
def silent_stderr():
    """Keep off the screen what C++ code writes to the process's error output.

    TensorFlow's first messages appear before its log level is read, so only
    pointing file descriptor 2 elsewhere silences them. Python errors still raise.
    """
    sys.stderr.flush()
    screen = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(screen, 2)
        os.close(screen)


def report():
    """Print versions, device, where CIFAR-10 comes from, and what is missing.

    Returns:
        True when the lessons can run here, False when something is missing.
    """
    print(f"{'python':<12} {platform.python_version()} on {platform.platform()}")
    for package in readiness.needed_packages():
        known = installed_version(package) or "of unknown version"
        print(f"{package:<12} {known if is_there(package) else 'missing'}")
    loaded = "tensorflow" in sys.modules  # then no other process need load it again
    computes, problem = readiness.examine(device if loaded else None)
    if computes:
        print(f"{'device':<12} {computes}")
    with suppress(ImportError):  # without NumPy or Pillow
        from .datasets import cifar10_source

        print(f"{'CIFAR-10':<12} {cifar10_source()}")
    print(f"Not ready: {problem}" if problem else "Ready: every lesson can run here.")
    return not problem


def device():
    """Compute with TensorFlow; return the device that did it, as one line of text."""
    load_tensorflow()
    import numpy as np
    import tensorflow as tf

    from .networks import cifar10_cnn

    cifar10_cnn()(np.zeros((1, 32, 32, 3), "float32"))
    graphics = tf.config.list_physical_devices("GPU")
    if not graphics:
        return f"CPU, {os.cpu_count()} cores"
    name = tf.config.experimental.get_device_details(graphics[0]).get("device_name")
    return f"GPU, {name or graphics[0].name}"
