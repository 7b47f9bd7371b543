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

from ..engine.files import COURSE


def launch(command):
    """Run a command in the environment that pyproject.toml describes.

    Arguments:
        command: list of words, such as ``["pytest", "tests"]``.

    Returns:
        The command's exit code, or 1 after one sentence that says what is missing.
    """
    uv = find_uv()
    if uv is None:
        return 1
    # An activated environment is another one than the course's; uv would warn of it.
    environment = dict(os.environ)
    environment.pop("VIRTUAL_ENV", None)
    try:
        return subprocess.call(
            [uv, "run", "--project", str(COURSE), *command], cwd=COURSE, env=environment
        )
    except KeyboardInterrupt:
        return 130


def report_from_own_environment():
    """Let the course's environment report on itself when this Python has no TensorFlow.

    Returns:
        The report's exit code; None where there is no such environment, or no need.
    """
    folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    python = COURSE / ".venv" / folder / name
    if importlib.util.find_spec("tensorflow") or not python.exists():
        return None
    if Path(sys.prefix) == COURSE / ".venv":  # it is damaged, and will say so itself
        return None
    return subprocess.call([str(python), "-m", "helpers"], cwd=COURSE)


def find_uv():
    """Return the path of uv, installed into the folder ``.uv`` if it is nowhere else."""
    own = COURSE / ".uv" / "bin" / ("uv.exe" if os.name == "nt" else "uv")
    found = shutil.which("uv") or (str(own) if own.exists() else None)
    if found:
        return found
    print("Fetching uv, which installs the course's packages ...", flush=True)
    # --target also works where the system's Python refuses other installs (PEP 668).
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-qq",
        "--target",
        str(COURSE / ".uv"),
    ]
    if subprocess.call([*pip, "uv"]) == 0 and own.exists():
        return str(own)
    print(
        "uv could not be installed. It needs pip and the network once; or install uv "
        "yourself (docs.astral.sh/uv), or use conda as the README says."
    )
    return None
