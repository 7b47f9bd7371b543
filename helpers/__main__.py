"""Command line of the course.

    python3 -m helpers         tells what this machine has and what is missing
    python3 -m helpers lab     opens lesson 00 in JupyterLab
    python3 -m helpers test    runs the tests

``lab`` and ``test`` install what they need into the folder ``.venv`` beside this
one, once. Words after them are handed on to JupyterLab or to pytest.
"""

import os
import sys

COMMANDS = {
    "lab": (["-m", "jupyterlab", "notebooks/00_start_here.ipynb"], []),
    "test": (["-m", "pytest"], ["slides", "test"]),
}


def main(words):
    from .classroom.launch import ask_own_environment, launch

    if not words:
        code = ask_own_environment("helpers")
        if code is not None:
            return code
        from .environment import report

        return 0 if report() else 1
    if words[0] in COMMANDS:
        command, groups = COMMANDS[words[0]]
        command = command + words[1:]
        if words[0] == "lab" and hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--allow-root")  # containers; JupyterLab refuses otherwise
        return launch(command, groups)
    print(__doc__.strip())
    return 0 if words[0] in ("help", "-h", "--help") else 2


if __name__ == "__main__":
    if not __package__:
        sys.exit("Type, in the course's folder: python3 -m helpers")
    sys.exit(main(sys.argv[1:]))
