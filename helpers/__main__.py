"""Command line of the course.

    python3 -m helpers                 prints what this machine has and what is missing
    python3 -m helpers lab             opens lesson 00 in JupyterLab
    python3 -m helpers lessons FOLDER  writes the lessons, to work in, into a new folder
    python3 -m helpers test            runs the tests

``lab`` opens your own copies, in the folder ``my_lessons``. A copy that you wrote in
stays as it is; delete it, and the next ``lab`` starts it over. ``lab`` and ``test``
install what they need into the folder ``.venv`` beside this one, once, unless an
environment that has it is active. Words after them are handed on to JupyterLab or to
pytest.
"""

import os
import sys


def main(words):
    if sys.version_info < (3, 8):  # noqa: UP036  what is imported next is not for these
        print("This Python is too old. Install 3.12, and use that one.")
        return 1
    from .classroom import editions
    from .classroom.launch import ask_own_environment, launch
    from .engine.files import COURSE

    if not words:
        code = ask_own_environment("helpers")
        if code is not None:
            return code
        from .environment import report

        return 0 if report() else 1
    try:
        if words[0] == "lab":
            for said in editions.hand_out():
                print(said, flush=True)  # before JupyterLab's own words
            return launch([*lab(), *words[1:]], settings=True)
        if words[0] == "lessons" and len(words) == 2 and not words[1].startswith("-"):
            return editions.write_lessons(words[1])
    except OSError as error:
        print(error)
        return 1
    if words[0] == "test":
        if not (COURSE / "tests").is_dir():
            print("This copy of the course has no tests; its repository has them.")
            return 1
        return launch(["-m", "pytest", *words[1:]], ["slides", "test"])
    print(__doc__.strip())
    return 0 if words[0] in ("help", "-h", "--help") else 2


def lab():
    """Return the words that start JupyterLab on the learner's first lesson."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    words = ["-m", "jupyterlab", "my_lessons/00_start_here.ipynb"]
    # In containers one is root, and JupyterLab would refuse to start
    return [*words, "--allow-root"] if root else words


if __name__ == "__main__":
    if not __package__:
        sys.exit("Type, in the course's folder: python3 -m helpers")
    sys.exit(main(sys.argv[1:]))
