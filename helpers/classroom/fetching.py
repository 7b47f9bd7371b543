"""What a kit needs from outside, fetched once into a cache.

pip fetches, through whatever mirror or proxy it is set to; the two scripts of the slides
come from packages that carry them. uv chooses the packages for the learners' machines,
since pip knows the conditions of no system but its own.
"""

import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path

from helpers.environment import PYTHONS, is_offline
from helpers.launch import COURSE, find_uv

CARRIERS = ["sphinx-revealjs==3.2.1", "django-static-mathjax==3.2.2.1"]
SCRIPTS = {  # path in the slides' folder: path in a carrier, SHA-256
    "dist/reveal.js": (
        "sphinx_revealjs/_static/revealjs/dist/reveal.js",
        "46538b52db48724192f59bf46f5e851a18e302777c46f4a34c32709d010d6a29",
    ),
    "dist/reveal.css": (
        "sphinx_revealjs/_static/revealjs/dist/reveal.css",
        "68f915a11ebf7203c0446576b7e952ff61c5dd02134a8a226ffaf62ed42136d2",
    ),
    "dist/LICENSE": (
        "sphinx_revealjs/_static/revealjs/LICENSE",
        "34014800f4126ac2525e224166f099f26628612e95c41f76d70841b63138c989",
    ),
    "mathjax.js": (
        "mathjax/static/mathjax/es5/tex-svg.js",
        "2af9375000b5a3669be94d436ae1c61159855283cd18b3ee9817fb71c8f94c84",
    ),
    "mathjax.LICENSE": (
        "mathjax/static/mathjax/LICENSE",
        "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30",
    ),
}
PLATFORMS = {  # for each system, the kinds of wheels that it takes, the newest first
    "linux": [
        *(f"manylinux_2_{minor}_x86_64" for minor in (28, 27, 26, 24, 17)),
        *("manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64"),
    ],
    "macos": ["macosx_13_0_arm64"],
    "windows": ["win_amd64"],
}


def cache_folder(named=None):
    """Return the path of the cache: the folder named, or one in the user's own."""
    return Path(named or "~/.cache/inside-the-layers").expanduser().absolute()


def scripts(cache):
    """Return the folder with the scripts of the slides, fetched if they are missing.

    Arguments:
        cache: `pathlib.Path` of the cache.

    Raises:
        OSError: in one sentence, if they are neither in the cache nor can be fetched.
    """
    folder = cache / "scripts"
    if all(is_right(folder / name, name) for name in SCRIPTS):
        return folder
    try:
        with new_folder(folder) as new, tempfile.TemporaryDirectory() as wheels:
            run_pip("download", "-d", wheels, "--no-deps", *CARRIERS)
            for wheel in Path(wheels).glob("*.whl"):
                with zipfile.ZipFile(wheel) as archive:
                    for name, (path, _) in SCRIPTS.items():
                        if path in archive.namelist():
                            (new / name).parent.mkdir(exist_ok=True)
                            (new / name).write_bytes(archive.read(path))
            if not all(is_right(new / name, name) for name in SCRIPTS):
                raise CannotFetch("what came is not what was expected")
    except CannotFetch as reason:
        raise OSError(
            f"The slides need reveal.js and MathJax, which are not in {cache} and cannot "
            f"be fetched: {reason}. Prepare once with a network, name a cache that has "
            "them with --cache, or write --no-slides."
        ) from None
    return folder


def is_right(path, name):
    """Whether the file is the script of that name, every byte of it."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == SCRIPTS[name][1]
    except OSError:
        return False


def wheels(system, python, cache):
    """Return the folder with all packages for one kind of machine, fetched if missing.

    Arguments:
        system: ``"linux"``, ``"macos"`` (Apple's own processors) or ``"windows"``.
        python: the machines' Python, such as ``"3.12"``.
        cache: `pathlib.Path` of the cache.

    Returns:
        `pathlib.Path` of a folder with wheels and a ``requirements.txt`` that pins them.

    Raises:
        ValueError: the course does not run on that Python.
        OSError: in one sentence, if they are neither in the cache nor can be fetched.
    """
    known = [f"3.{minor}" for minor in range(PYTHONS[0][1], PYTHONS[1][1] + 1)]
    if python not in known:
        raise ValueError(
            f"The course does not run on Python {python}; name one of {', '.join(known)}."
        )
    project = (COURSE / "pyproject.toml").read_text(encoding="utf-8")
    needed = re.search(r"^dependencies = \[\n.*?^\]", project, re.M | re.S)[0]
    key = hashlib.sha256(needed.encode()).hexdigest()[:8]
    folder = cache / f"{system}-{python}-{key}"
    if (folder / "requirements.txt").exists():
        return folder
    try:
        with new_folder(folder) as new:
            pins = new / "requirements.txt"
            run_uv(
                *("pip", "compile", "pyproject.toml", "--output-file", str(pins)),
                *("--python-platform", system, "--python-version", python),
                *("--only-binary", ":all:", "--no-header", "--no-annotate"),
            )
            kinds = [
                word for kind in PLATFORMS[system] for word in ("--platform", kind)
            ]
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
    if importlib.util.find_spec("pip"):
        run([sys.executable, "-m", "pip", "--disable-pip-version-check", *words])
    else:
        run_uv("tool", "run", "pip", "--disable-pip-version-check", *words)


def run_uv(*words):
    refuse_offline()  # before uv itself would be fetched
    uv = find_uv()
    if uv is None:
        raise CannotFetch("uv is missing")
    run([uv, *words])


def run(command):
    """Run a command in the course's folder; its last words say why it failed."""
    refuse_offline()
    done = subprocess.run(command, cwd=COURSE, capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no reason was given"]
        reason = re.sub(r"^\W*(error|cause|caused by):", "", said[-1], flags=re.I)
        raise CannotFetch(reason.strip().rstrip("."))


def refuse_offline():
    if is_offline():
        raise CannotFetch("LAYERS_OFFLINE forbids it")


@contextmanager
def new_folder(folder):
    """Make a folder that gets its name when it is complete; else nothing stays of it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        new.chmod(0o755)  # made for its owner alone
        yield new
        old = new.with_name(f"{new.name}.old")
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
