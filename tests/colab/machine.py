"""A machine on which a lesson is opened as on Colab: its notebook, and nothing else."""

import os
import shutil
import sys
from pathlib import Path

from helpers.engine.files import COURSE

LESSONS = sorted(
    path.name for path in (COURSE / "notebooks").glob("[0-9][0-9]_*.ipynb")
)
REPOSITORY, TAG = "ada-lovelace/layers", "v7.1"
CLONE = f"inside-the-layers-{TAG}"
INSTALLERS = "pip", "pip3", "uv", "conda"


class Colab:
    """A folder, empty but for one notebook, and the environment of its kernels.

    Attributes:
        folder: where the kernels start.
        environment: their variables.
        calls: a file with the calls of programs that install.
    """

    def __init__(self, folder, source, lesson=LESSONS[0]):
        self.folder, self.calls = folder / "content", folder / "calls"
        self.folder.mkdir()
        self.notebook = self.folder / lesson
        shutil.copy(source / "notebooks" / lesson, self.notebook)
        programs = folder / "programs"
        programs.mkdir()
        for name in INSTALLERS:
            program = programs / name
            program.write_text(f'#!/bin/sh\necho "{name} $*" >> "{self.calls}"\n')
            program.chmod(0o755)
        path = [programs, Path(sys.executable).parent, os.environ["PATH"]]
        self.environment = dict(
            os.environ,
            PATH=os.pathsep.join(map(str, path)),
            PYTHONPATH=str(Path(__file__).parent / "stub"),
            IPYTHONDIR=str(folder / "ipython"),
            LAYERS_PROGRESS=str(folder / "progress.json"),
        )
        self.clone_from(source)

    def clone_from(self, place):
        """Let git fetch from a folder what the setup cell asks of GitHub."""
        self.environment |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.file://{place}.insteadOf",
            "GIT_CONFIG_VALUE_0": f"https://github.com/{REPOSITORY}.git",
        }
