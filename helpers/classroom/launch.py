"""Run a command in the course's own environment, made on first use.

Uses nothing but Python's standard library and pip. The environment is made by uv,
which is four times as fast as pip, brings a fitting Python where there is none, and
needs no network once everything is installed. Nothing outside the course's folder
changes.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from ..engine.files import COURSE, ENVIRONMENT

BIN = "Scripts" if os.name == "nt" else "bin"
EXE = ".exe" if os.name == "nt" else ""


def launch(command):
    """Run a command, a list of words, in the environment that pyproject.toml describes.

    Return its exit code, or 1 after one sentence that says what is missing.
    """
    uv = find_uv()
    if uv is None:
        return 1
    # An activated environment is another one than the course's; uv would warn of it.
    environment = {k: word for k, word in os.environ.items() if k != "VIRTUAL_ENV"}
    words = [uv, "run", "--project", str(COURSE), *command]
    try:
        return subprocess.call(words, cwd=COURSE, env=environment)
    except KeyboardInterrupt:
        return 130


def own_python():
    """Return the Python of the course's own environment, or None."""
    python = ENVIRONMENT / BIN / f"python{EXE}"
    return python if python.exists() else None


def ask_own_environment(*module):
    """Let the course's environment run a module if this Python has no TensorFlow.

    Return the exit code; None where there is no such environment, or no need.
    """
    python = own_python()
    own = Path(sys.prefix) == ENVIRONMENT  # it is damaged then, and will say so itself
    if importlib.util.find_spec("tensorflow") or own or not python:
        return None
    return subprocess.call([str(python), "-m", *module], cwd=str(COURSE))


def find_uv():
    """Return the path of uv, installed into the folder ``.uv`` if it is nowhere else."""
    own = COURSE / ".uv" / "bin" / f"uv{EXE}"
    found = shutil.which("uv") or (str(own) if own.exists() else None)
    if found:
        return found
    print("Fetching uv, which installs the course's packages ...", flush=True)
    # --target also works where the system's Python refuses other installs (PEP 668).
    folder = str(COURSE / ".uv")
    pip = [sys.executable, *"-m pip install -qq --target".split(), folder, "uv"]
    if subprocess.call(pip) == 0 and own.exists():
        return str(own)
    print(
        "uv could not be installed. It needs pip and the network once; or install uv "
        "yourself (docs.astral.sh/uv), or use conda as the README says."
    )
    return None
