"""Is this machine ready for the lessons? ``python -m helpers`` and ``check`` ask here.

Needs no package, and is read by old Pythons too, so that it can say what is missing.
"""

import importlib.metadata
import importlib.util
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

from .files import (
    COURSE,
    DATA,
    ENVIRONMENT,
    MY_LESSONS,
    NOTEBOOKS,
    PACKAGE,
    PYTHON,
    WEIGHTS,
    trained_weights,
)

PACKAGES = (
    "tensorflow keras numpy matplotlib jupyterlab ipywidgets anywidget pillow pooch tqdm"
).split()
PYTHONS = (3, 10), (3, 13)
COMPUTE = f"from {PACKAGE.name}.environment import device; print(device())"
NO_AVX = " This processor is too old for it: it has no AVX."
HINTS = {  # by what the reason says
    "DLL": " Windows needs the Microsoft Visual C++ Redistributable.",
    "it stops with -4": NO_AVX,  # an illegal instruction, on Linux and macOS
    f"it stops with {0xC000001D}": NO_AVX,  # and on Windows
}


def examine(compute=None):
    """Return the device that computes, and what keeps the lessons from running here.

    The device is "" if none computes. The second is a sentence or two, with what to do;
    None if every lesson can run. ``compute`` computes with TensorFlow and returns the
    device; by default another process does that, whose crash does no harm.
    """
    device, crash = "", None
    try:
        device = (compute or compute_apart)()
    except Exception as error:  # whatever a broken installation raises
        hints = [hint for words, hint in HINTS.items() if words in str(error)]
        if Path(sys.prefix) == ENVIRONMENT:
            hints.append(" If it never ran, delete the folder .venv and install again.")
        crash = f"TensorFlow does not run here ({error}).{''.join(hints[:1])}"
    checks = wrong_python, missing_packages, unfit_folder, lambda: crash, wrong_cifar10
    return device, next(filter(None, (check() for check in checks)), None)


def compute_apart():
    """Return the device that computes in another process, or raise why none does."""
    done = subprocess.run(
        [sys.executable, "-c", COMPUTE],
        cwd=str(COURSE),
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode == 0:
        return done.stdout.splitlines()[-1]
    errors = re.findall(r"^[\w.]+Error: (?!Traceback).+", done.stderr, re.MULTILINE)
    raise RuntimeError(
        errors[-1][:200] if errors else f"it stops with {done.returncode}"
    )


def wrong_python():
    lowest, highest = PYTHONS
    if not lowest <= sys.version_info[:2] <= highest:
        return (
            f"this is Python {platform.python_version()}. Install one from "
            f"{lowest[0]}.{lowest[1]} to {highest[0]}.{highest[1]}, and use that one."
        )
    if sys.maxsize < 2**32:
        return "this Python has 32 bits. Install one with 64 bits, and use that one."
    return None


def missing_packages():
    missing = [package for package in needed_packages() if not is_there(package)]
    if missing:
        return (
            f"{', '.join(missing)} cannot be found. Type: {PYTHON} -m "
            "helpers.classroom install KIT, with the kit's folder or address for KIT; "
            f"or, with a network, {PYTHON} -m helpers lab"
        )
    return None


def needed_packages():
    """List the packages that the lessons need; Colab's own page does without JupyterLab."""
    colab = "google.colab" in sys.modules
    return [package for package in PACKAGES if not (colab and package == "jupyterlab")]


def is_there(package):
    """Tell whether a package can be imported: TensorFlow may come as tensorflow-cpu."""
    return importlib.util.find_spec({"pillow": "PIL"}.get(package, package)) is not None


def installed_version(package):
    """Return the version of an installed package as text, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def unfit_folder():
    incomplete = f"{COURSE} is not complete. Copy or unpack the course once more."
    names = "cat.png", "emoji.png", "penguins.csv", "dense_answer_key.json"
    if not all(part.exists() for part in (NOTEBOOKS, *map(DATA.joinpath, names))):
        return incomplete
    try:
        for optimizer in WEIGHTS:
            trained_weights(optimizer)
    except OSError:
        return incomplete
    except ValueError as error:
        return str(error)
    folder = MY_LESSONS if MY_LESSONS.is_dir() else COURSE
    if not os.access(str(folder), os.W_OK):
        return f"{folder} cannot be written. Copy the course to your own disk."
    return None


def wrong_cifar10():
    if os.environ.get("LAYERS_CIFAR10"):
        from . import cifar10, cifar10_named  # NumPy is there by now

        try:
            if value := cifar10_named.named():
                cifar10_named.read_named(value, cifar10.check_archive)
        except ValueError as error:
            return str(error)
    return None
