"""A learner's machine: is it ready, and how it becomes so from a kit.

Uses nothing but Python's standard library until it is known that the rest is there.
"""

import http.client
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from ..engine.files import COURSE
from ..environment import PACKAGES, PYTHONS, installed_version

ENVIRONMENT = COURSE / ".venv"
SYSTEMS = {"Linux": "linux", "Darwin": "macos", "Windows": "windows"}
BIN = "Scripts" if os.name == "nt" else "bin"
ARCHIVE = "cifar-10-python.tar.gz"
ILLEGAL_INSTRUCTION = (-4, 0xC000001D)  # on Linux and macOS, on Windows
RUN_NETWORK = """
from helpers import environment
environment.set_up()
import numpy as np
from helpers.networks import trained_cifar10_cnn
trained_cifar10_cnn()(np.zeros((1, 32, 32, 3), "float32"))
"""


def check():
    """Print one line: *Ready* and how to begin, or what is missing and what to do.

    Loads TensorFlow and computes with it, in another process: that packages are there
    does not say that they run, and a crash shall not keep the line from being printed.

    Returns:
        True if the lessons can run on this machine.
    """
    python = own_python()
    if (
        python
        and Path(sys.prefix) != ENVIRONMENT
        and not installed_version("tensorflow")
    ):
        words = [str(python), "-m", "helpers.classroom", "check"]
        return subprocess.call(words, cwd=str(COURSE)) == 0
    problem = find_problem()
    if problem:
        print(f"Not ready: {problem}")
        return False
    print(f"Ready. Type: {command('jupyter')} lab notebooks/00_start_here.ipynb")
    return True


def find_problem():
    """Say what keeps the lessons from running here and what to do; None if nothing."""
    lowest, highest = PYTHONS
    if not lowest <= sys.version_info[:2] <= highest:
        return (
            f"this is Python {platform.python_version()}. Install one from "
            f"{lowest[0]}.{lowest[1]} to {highest[0]}.{highest[1]}, and use that one."
        )
    if sys.maxsize < 2**32:
        return "this Python has 32 bits. Install one with 64 bits, and use that one."
    missing = [package for package in PACKAGES if not installed_version(package)]
    if missing:
        return (
            f"{', '.join(missing)} cannot be found. Type: {python_name()} -m "
            "helpers.classroom install KIT, with the kit's folder or address for KIT; "
            f"or, with a network, {python_name()} -m helpers lab"
        )
    if not (COURSE / "data" / "cifar10_cnn.weights.npz").exists():
        return f"{COURSE} is not complete. Copy or unpack the course once more."
    notebooks = COURSE / "notebooks"
    if not os.access(notebooks, os.W_OK):
        return f"{notebooks} cannot be written. Copy the course to your own disk."
    return crash()


def crash():
    """Run the trained network in a process of its own; say why that failed, or None."""
    done = subprocess.run(
        [sys.executable, "-c", RUN_NETWORK],
        cwd=str(COURSE),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    if done.returncode == 0:
        return None
    errors = re.findall(r"^[\w.]+Error: (?!Traceback).+", done.stderr, re.MULTILINE)
    reason = errors[-1][:200] if errors else f"it stops with {done.returncode}"
    hint = ""
    if "DLL" in reason:
        hint = " Windows needs the Microsoft Visual C++ Redistributable."
    if done.returncode in ILLEGAL_INSTRUCTION:
        hint = " This processor is too old for it: it has no AVX."
    return f"TensorFlow does not run here ({reason}).{hint}"


def install(kit):
    """Install the packages of a kit into the course's folder ``.venv``, offline.

    CIFAR-10's archive goes into Keras's cache if the kit has it.

    Arguments:
        kit: folder or address (``http://...``) of the kit.

    Returns:
        True if the machine is ready then; what is not is printed.

    Raises:
        OSError: in one sentence, if the kit has no wheels for this machine, or it
            cannot be reached.
    """
    if not is_address(kit) and not os.path.isdir(kit):
        raise OSError(
            f"There is no folder {kit}. Name the kit's folder, or its address from the "
            "blackboard, which begins with http://"
        )
    system = SYSTEMS.get(platform.system(), platform.system())
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    wheels = join(kit, f"wheels/{system}-{version}")
    requirements = fetch(join(wheels, "requirements.txt"))
    if requirements is None:
        raise OSError(
            f"{kit} has no packages for {system} and Python {version}. Ask for a kit "
            f"prepared with --wheels {system} --python {version}."
        )
    words = [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)]
    if subprocess.call(words):
        shutil.rmtree(str(ENVIRONMENT), ignore_errors=True)
        raise OSError(
            "Python could not make an environment. On Debian and Ubuntu type: "
            "sudo apt install python3-venv"
        )
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder, "requirements.txt")
        pins.write_bytes(requirements)
        words = [str(own_python()), "-m", "pip", "install", "--quiet", "--no-index"]
        words += ["--disable-pip-version-check", "--requirement", str(pins)]
        words += ["--find-links", f"{wheels}/" if is_address(kit) else wheels]
        if is_address(kit):
            words += ["--trusted-host", urllib.parse.urlsplit(kit).hostname]
        print("Installing the packages takes some minutes ...", flush=True)
        if subprocess.call(words):
            raise OSError("The packages could not be installed; pip tells why above.")
    keep_archive(kit)
    words = [str(own_python()), "-m", "helpers.classroom", "check"]
    return subprocess.call(words, cwd=str(COURSE)) == 0


def keep_archive(kit):
    """Put CIFAR-10's archive of a kit into Keras's cache, unless it is there."""
    home = os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras")
    target = Path(home, "datasets", "cifar-10-batches-py-target_archive")
    if target.exists():
        return
    archive = fetch(join(kit, ARCHIVE))
    if archive is not None:  # its checksum is verified whenever it is read
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        try:
            part.write_bytes(archive)
            part.replace(target)
        finally:
            if part.exists():
                part.unlink()


def fetch(place):
    """Return the bytes of a file or address; None where there is no such file.

    Raises:
        OSError: the address does not answer.
    """
    if not is_address(place):
        return Path(place).read_bytes() if os.path.isfile(place) else None
    try:
        with urllib.request.urlopen(place, timeout=20) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise OSError(f"{place} cannot be had: {error.code} {error.reason}.") from None
    except (OSError, ValueError, http.client.HTTPException):
        host = place.split("/")[2]
        raise OSError(
            f"{host or place} does not answer. Is this machine in the class's network, "
            "and the address the one on the blackboard?"
        ) from None


def is_address(kit):
    return kit.startswith(("http://", "https://"))


def join(kit, path):
    """Return the place of a file of the kit."""
    if is_address(kit):
        return f"{kit}{path}" if kit.endswith("/") else f"{kit}/{path}"
    return os.path.join(kit, path)


def own_python():
    """Return the Python of the course's own environment, or None."""
    name = "python.exe" if os.name == "nt" else "python"
    python = ENVIRONMENT / BIN / name
    return python if python.exists() else None


def python_name():
    """Return what a learner types for Python."""
    return "py" if os.name == "nt" else "python3"


def command(name):
    """Return what a learner types, in the course's folder, for a program of its own."""
    if Path(sys.prefix) == ENVIRONMENT:
        return os.path.join(".venv", BIN, name)
    found = shutil.which(name)
    beside = Path(sys.executable).with_name(name + (".exe" if os.name == "nt" else ""))
    other = beside.exists() and not (found and os.path.samefile(found, str(beside)))
    return quoted(beside) if other else name


def quoted(path):
    """Return a path as it is typed on a command line."""
    return str(path) if re.match(r"[\w./\\:~-]+$", str(path)) else f'"{path}"'
