"""A learner's machine: is it ready, and how it becomes so from a kit.

Uses nothing but Python's standard library, since the packages come with the kit.
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

from ..engine import files
from ..engine.files import COURSE, ENVIRONMENT, PYTHON, keras_folders, replaced
from ..engine.readiness import examine
from .launch import ask_own_environment, mark, own_python

SYSTEMS = {"Linux": "linux", "Darwin": "macos", "Windows": "windows"}
ARCHIVE = "cifar-10-python.tar.gz"  # in a kit


def check():
    """Print one line, *Ready* and how to begin, or what is wrong; return whether ready."""
    code = ask_own_environment("helpers.classroom", "check")
    if code is not None:
        return code == 0
    _, problem = examine()
    if problem:
        print(f"Not ready: {problem}")
    else:
        print(f"Ready. Type: {PYTHON} -m helpers lab")
    return not problem


def install(kit):
    """Install the packages of a kit into the course's folder ``.venv``, offline.

    ``kit`` is its folder or its address. CIFAR-10's archive goes into Keras's cache if the
    kit has it. Return whether the machine is ready then; an OSError says in one sentence
    that the kit has nothing for this machine, or that it cannot be reached.
    """
    if not is_address(kit) and not os.path.isdir(kit):
        raise OSError(
            f"There is no folder {kit}. Name the kit's folder, or its address from the "
            "blackboard, which begins with http://"
        )
    system = SYSTEMS.get(platform.system(), platform.system())
    version = this_python()
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
            raise OSError("The packages could not be installed; pip says why above.")
    mark()
    keep_archive(kit)
    words = [str(own_python()), "-m", "helpers.classroom", "check"]
    return subprocess.call(words, cwd=str(COURSE)) == 0


def keep_archive(kit):
    """Put CIFAR-10's archive of a kit into Keras's cache, unless it is there."""
    target = keras_folders()[-1] / files.ARCHIVE
    archive = None if target.exists() else fetch(join(kit, ARCHIVE))
    if archive is not None:  # its checksum is verified whenever it is read
        target.parent.mkdir(parents=True, exist_ok=True)
        with replaced(target) as new:
            new.write_bytes(archive)


def fetch(place):
    """Return the bytes of a file or address; None where there is no such file.

    `helpers.engine.download` needs packages, which are not there yet.
    """
    if not is_address(place):
        return Path(place).read_bytes() if os.path.isfile(place) else None
    try:
        with urllib.request.urlopen(place, timeout=20) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise OSError(
            f"{place} is not available: {error.code} {error.reason}."
        ) from None
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


def this_python():
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def quoted(path):
    """Return a path as it is typed on a command line."""
    return str(path) if re.match(r"[\w./\\:~-]+$", str(path)) else f'"{path}"'
