"""Run a program in the course's own environment, made and repaired as needed.

Uses nothing but Python's standard library and pip. The environment is made by uv, which is
four times as fast as pip and brings a fitting Python where there is none. Once a marker
says that all is installed, neither uv nor a network is needed, and the folder may be moved.
Nothing outside the course's folder changes. An active environment that has every package,
such as conda's, is used as it is.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from sysconfig import get_config_var

from ..engine.files import COURSE, ENVIRONMENT, is_offline
from ..engine.readiness import PYTHONS, installed_version, is_there, wrong_python

BIN = "Scripts" if os.name == "nt" else "bin"
EXE = ".exe" if os.name == "nt" else ""
UV = COURSE / ".uv"
SETTINGS = Path(__file__).with_name("jupyter")  # JupyterLab's defaults in this course
FIRST = Path(__file__).parents[1] / "engine" / "missing_names.py"
LOWEST_UV = 0, 7  # the first that installs dependency groups with `uv pip`
TESTED = COURSE / "data" / "tested_versions.txt"  # those that are installed
LESSONS_NEED = r"^dependencies = \[\n.*?^\]"
GROUPS_NEED = r"^\[dependency-groups\]\n.*?(?=^\[|\Z)"
# What would send `pip install --target` elsewhere, or nowhere
MISLEADING = "PIP_USER PIP_PREFIX PIP_TARGET PIP_REQUIRE_VIRTUALENV PIP_DRY_RUN".split()
COLAB = "It runs in the browser, on Colab, as the README says."
REASONS = {  # by what uv says
    "UnknownIssuer|invalid peer certificate|CERTIFICATE_VERIFY": (
        "this network reads encrypted connections, and this machine does not know its "
        "certificate. Ask who runs the network to install it in the system, or use "
        "another network"
    ),
    "No space left|os error 28|not enough space": "the disk is full. It needs 2.6 GB",
    "Permission denied|Read-only file system|os error 13": (
        f"{COURSE} cannot be written, or no program may run in it. Copy the course to "
        "your own disk"
    ),
    "matching platform tag|no wheels": (
        f"TensorFlow has no packages for this machine. {COLAB}"
    ),
    "No interpreter found|python-build-standalone": (
        "no Python from {}.{} to {}.{} is here, and none can be downloaded. Install one "
        "from python.org".format(*PYTHONS[0], *PYTHONS[1])
    ),
    "dns error|lookup address|onnect|unreachable|tunnel|timed out|error sending": (
        "the network, or its package mirror, does not answer. Is there one, and does it "
        "need a proxy (HTTPS_PROXY)?"
    ),
}


def launch(words, groups=(), settings=False):
    """Run Python in the course's environment with these words behind it.

    ``groups`` are those of pyproject.toml that are needed beside what the lessons need;
    ``settings`` gives JupyterLab and its kernels the course's defaults, below what their
    user has set.
    Return the exit code, or 1 after one sentence that says what is missing.
    """
    try:
        python = prepare(groups)
        if python is None:
            return 1
        variables = course_first(python)
        if settings:  # widgets are saved with a notebook, and there when it is reopened
            given = os.environ.get("JUPYTER_CONFIG_PATH")
            places = filter(None, [given, str(SETTINGS)])
            variables["JUPYTER_CONFIG_PATH"] = os.pathsep.join(places)
            variables.setdefault("PYTHONSTARTUP", str(FIRST))  # kernels run it
        return subprocess.call([str(python), *words], cwd=str(COURSE), env=variables)
    except KeyboardInterrupt:
        return 130


def course_first(python):
    """Return the environment variables for a program of a Python's environment."""
    folder = os.pathsep.join([str(python.parent), os.environ.get("PATH", "")])
    own = {"VIRTUAL_ENV": str(ENVIRONMENT)} if python == own_python() else {}
    return {**os.environ, "PATH": folder, **own}


def prepare(groups=()):
    """Return the Python of a complete environment; None if there cannot be one."""
    python, found = own_python(), marked()
    if python and found is not None and set(groups) <= set(found):
        return python
    if active_environment_has(groups):
        return Path(sys.executable)
    if is_offline():
        return cannot("LAYERS_OFFLINE forbids the use of the network")
    if not os.access(str(COURSE), os.W_OK):
        return cannot(f"{COURSE} cannot be written. Copy the course to your own disk")
    if reason := unfit_machine():
        return cannot(reason)
    if (uv := find_uv()) is None:
        return None
    steps = []
    if python and found is not None:
        marker().unlink()  # until the groups are there as well
    else:  # new, or broken off: uv itself would take that for complete
        found = ()
        steps.append(["venv", "--quiet", "--clear", *python_for_uv(), str(ENVIRONMENT)])
    found = sorted({*found, *groups})
    steps.append(packages(found))
    print("Installing the course's packages, 2.3 GB, once ...", flush=True)
    environment = uv_environment()
    for step in steps:
        if why := failure([uv, *step], environment):
            return cannot(why)
    mark(found)
    return own_python()


def active_environment_has(groups):
    """Tell whether this Python is of an environment that has all, none below its range."""
    conda = os.path.isdir(os.path.join(sys.prefix, "conda-meta"))
    active = conda or sys.prefix != sys.base_prefix
    newest = os.environ.get("LAYERS_NEWEST")
    if not active or newest or Path(sys.prefix) == ENVIRONMENT or wrong_python():
        return False  # the course's own has a marker, if it is complete
    project = (COURSE / "pyproject.toml").read_text(encoding="utf-8")
    lists = "|".join(["dependencies", *groups])
    text = "".join(re.findall(rf"^(?:{lists}) = \[[^]]*\]", project, re.M))
    needed = re.findall(r'"([\w-]+)>=([\d.]+)', text)
    return all(has(package, lowest) for package, lowest in needed)


def has(package, lowest):
    """Tell whether a package is installed in a version not below the lowest."""
    found = installed_version(package)
    if found is None:  # TensorFlow may come under another name
        return package == "tensorflow" and is_there(package)
    numbers = [list(map(int, re.findall(r"\d+", one)[:3])) for one in (found, lowest)]
    return numbers[0] >= numbers[1]


def packages(groups):
    """Return the words that make uv install what the lessons and some groups need."""
    words = ["pip", "install", "--quiet", "--python", str(ENVIRONMENT)]
    words += ["--requirement", "pyproject.toml"]
    words += [word for group in groups for word in ("--group", group)]
    newest = os.environ.get("LAYERS_NEWEST", "")
    if newest == "pre":  # the weekly check: what will break
        words += ["--prerelease", "allow"]
    return words + (["--upgrade"] if newest else ["--constraint", str(TESTED)])


def cannot(reason):
    print(f"The course's packages cannot be installed: {reason.rstrip('.')}.")


def failure(command, environment):
    """Run uv, and tell every ten seconds how far it is; return why it failed, or None."""
    free = shutil.disk_usage(str(COURSE)).free
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, cwd=str(COURSE), env=environment, stderr=errors
        )
        while True:
            try:
                code = process.wait(10)
                break
            except subprocess.TimeoutExpired:
                done = (free - shutil.disk_usage(str(COURSE)).free) // 10**6
                print(f"  {max(0, done):,} MB", end="\r", flush=True)
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace")
    if code == 0:
        return None
    print(said.rstrip(), file=sys.stderr)
    found = [why for words, why in REASONS.items() if re.search(words, said)]
    return found[0] if found else "uv says why above. The same command tries again"


def unfit_machine():
    """Say why TensorFlow has no packages for this kind of machine; None if it has."""
    system, machine = platform.system(), platform.machine().lower()
    names = {
        ("Darwin", "x86_64"): "Macs with an Intel processor",
        ("Windows", "arm64"): "Windows on ARM",
    }
    name = names.get((system, machine))
    if system == "Linux" and "musl" in (get_config_var("HOST_GNU_TYPE") or ""):
        name = "Alpine Linux"
    return f"TensorFlow has no packages for {name}. {COLAB}" if name else None


# --- the marker: a complete environment says what is in it ----------------------------


def marker():
    return ENVIRONMENT / "complete.json"


def key():
    """Return what a complete environment was made from, as a short text."""
    return versions(LESSONS_NEED, GROUPS_NEED) + os.environ.get("LAYERS_NEWEST", "")


def versions(*parts):
    """Return a short text that changes with these parts of pyproject.toml.

    It changes with the tested versions as well, and with nothing else.
    """
    project = (COURSE / "pyproject.toml").read_text(encoding="utf-8")
    found = (re.search(part, project, re.M | re.S) for part in parts)
    text = "".join(one[0] for one in found if one) + TESTED.read_text(encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def marked():
    """Return the groups of a complete environment; None if it is not complete."""
    try:
        found = json.loads(marker().read_text(encoding="utf-8"))
        return found["groups"] if found["key"] == key() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def mark(groups=()):
    """Say that the environment is complete."""
    text = json.dumps({"key": key(), "groups": list(groups)})
    marker().write_text(text, encoding="utf-8")


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


# --- uv -------------------------------------------------------------------------------


def uv_environment():
    """Return the environment variables for uv.

    All it keeps is in the course's folder, the system's certificates count, and so does a
    mirror that pip is set to.
    """
    given = {k: word for k, word in os.environ.items() if k != "VIRTUAL_ENV"}
    index = given.get("PIP_INDEX_URL") or pip_setting("global.index-url")
    usual = {
        "UV_CACHE_DIR": str(UV / "cache"),
        "UV_PYTHON_INSTALL_DIR": str(UV / "python"),
        "UV_SYSTEM_CERTS": "1",
        "UV_COMPILE_BYTECODE": "1",  # without it, each new kernel starts 5 seconds later
        **({"UV_DEFAULT_INDEX": index} if index else {}),
    }
    return {**usual, **given}


def pip_setting(name):
    with contextlib.suppress(OSError):
        words = [sys.executable, "-m", "pip", "config", "get", name]
        done = subprocess.run(words, capture_output=True)
        if done.returncode == 0:
            return done.stdout.decode("utf-8", "replace").strip()
    return ""


def python_for_uv():
    """Return the words that name uv a Python: this one, if the course runs on it."""
    lowest, highest = PYTHONS
    if "UV_PYTHON" in os.environ:
        return []
    if lowest <= sys.version_info[:2] <= highest and sys.maxsize > 2**32:
        return ["--python", sys.executable]
    return ["--python", f">={lowest[0]}.{lowest[1]},<{highest[0]}.{highest[1] + 1}"]


def find_uv():
    """Return the path of uv, installed into the folder ``.uv`` if it is nowhere else."""
    own = UV / "bin" / f"uv{EXE}"
    for found in filter(None, [shutil.which("uv"), str(own)]):
        if works(found):
            return found
    print("Fetching uv, which installs the course's packages ...", flush=True)
    # --target also works where the system's Python refuses other installs (PEP 668).
    pip = [
        sys.executable,
        *"-m pip install -qq --upgrade --target".split(),
        str(UV),
        "uv",
    ]
    given = {k: word for k, word in os.environ.items() if k not in MISLEADING}
    code = subprocess.call(pip, env=given)
    if works(str(own)):
        return str(own)
    if importlib.util.find_spec("pip") is None:
        why = "This Python has no pip. On Debian and Ubuntu: sudo apt install python3-pip."
    elif code == 0:
        why = (
            f"It cannot run in {UV}: copy the course to a disk where programs may run."
        )
    else:
        why = "It needs pip and the network once."
    print(
        f"uv could not be installed. {why} Or install uv yourself (docs.astral.sh/uv), or "
        "use conda as the README says."
    )
    return None


def works(uv):
    """Tell whether a uv runs, and is not too old."""
    try:
        done = subprocess.run([uv, "--version"], capture_output=True)
    except OSError:  # not there, half there, of another system, or not allowed to run
        return False
    version = re.match(rb"uv (\d+)\.(\d+)", done.stdout)
    return bool(version) and tuple(map(int, version.groups())) >= LOWEST_UV
