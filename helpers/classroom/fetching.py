"""The packages that a kit brings along, fetched once into a cache.

pip fetches, through whatever mirror or proxy it is set to. uv, which is told of the
mirror, chooses the packages for the learners' machines: pip knows the conditions of no
system but its own.
"""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

from ..engine.files import COURSE, is_offline, replaced
from ..engine.readiness import PYTHONS
from .launch import LESSONS_NEED, TESTED, find_uv, uv_environment, versions

LINUX = "_2_28 _2_27 _2_26 _2_24 _2_17 2014 2010 1".split()
PLATFORMS = {  # for each system, the kinds of wheels that it takes, the newest first
    "linux": [f"manylinux{version}_x86_64" for version in LINUX],
    "macos": ["macosx_13_0_arm64"],
    "windows": ["win_amd64"],
}


def cache_folder(named=None):
    """Return the path of the cache: the folder named, or one in the user's own."""
    cache = Path(os.path.expanduser(named or "~/.cache/inside-the-layers")).absolute()
    if cache.exists() and not cache.is_dir():
        raise OSError(f"{cache} is not a folder. Name another one with --cache.")
    return cache


def check_python(python):
    """Raise a ValueError if the course does not run on that Python."""
    known = [f"3.{minor}" for minor in range(PYTHONS[0][1], PYTHONS[1][1] + 1)]
    if python not in known:
        raise ValueError(
            f"The course does not run on Python {python}. Name one of "
            f"{', '.join(known)} with --python."
        )


def wheels(system, python, cache):
    """Return the folder with all packages for one kind of machine, fetched if missing.

    Beside the wheels lies a ``requirements.txt`` that pins them. What is neither in the
    cache nor can be fetched raises an OSError, in one sentence.
    """
    folder = cache / f"{system}-{python}-{versions(LESSONS_NEED)[:8]}"
    if (folder / "requirements.txt").exists():
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with replaced(folder) as new:
            new.mkdir()
            pins = new / "requirements.txt"
            run_uv(
                *("pip", "compile", "pyproject.toml", "--output-file", str(pins)),
                *("--python-platform", system, "--python-version", python),
                *("--only-binary", ":all:", "--no-header", "--no-annotate"),
                *("--constraint", str(TESTED)),
            )
            kinds = [f"--platform={kind}" for kind in PLATFORMS[system]]
            run_pip(
                *("download", "-d", str(new), "--no-deps", "--requirement", str(pins)),
                *("--only-binary", ":all:", "--python-version", python, *kinds),
            )
    except CannotFetch as reason:
        raise OSError(
            f"The packages for {system} and Python {python} are not in {cache} and cannot "
            f"be fetched: {reason}. Prepare once with a network, or name a cache that has "
            "them with --cache."
        ) from None
    return folder


class CannotFetch(Exception):
    """Why something cannot be fetched."""


def run_pip(*words):
    """Run pip: this Python's own, or the one that uv brings."""
    words = "pip", "--disable-pip-version-check", *words
    if importlib.util.find_spec("pip"):
        run([sys.executable, "-m", *words])
    else:
        run_uv("tool", "run", *words)


def run_uv(*words):
    refuse_offline()  # before uv itself would be fetched
    if (uv := find_uv()) is None:
        raise CannotFetch("uv is missing")
    run([uv, *words], uv_environment())


def run(command, environment=None):
    """Run a command in the course's folder; its last words say why it failed."""
    refuse_offline()
    done = subprocess.run(command, cwd=COURSE, env=environment, capture_output=True)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace")  # uv's, whatever the console's is
        said = said.strip().splitlines() or ["no reason was given"]
        reason = re.sub(r"^\W*(error|cause|caused by):", "", said[-1], flags=re.I)
        raise CannotFetch(reason.strip().rstrip("."))


def refuse_offline():
    if is_offline():
        raise CannotFetch("LAYERS_OFFLINE forbids it")
