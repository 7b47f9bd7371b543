"""Command line for a class; ``python -m helpers.classroom --help`` shows it.

Read by old Pythons as well, so that ``check`` can say that one is too old.
"""

import argparse
import importlib.util
import os
import sys

from ..engine.files import PYTHON


def main(words=None):
    """Run one command; return its exit code, after one sentence if it failed."""
    given = arguments(words)
    # The modules that know which Pythons the course runs on are not for such old ones.
    if sys.version_info < (3, 8):  # noqa: UP036
        print("Not ready: this Python is too old. Install 3.12, and use that one.")
        return 1
    try:
        return run(given) or 0
    except (OSError, ValueError) as error:
        print(sentence(error))
        return 1
    except KeyboardInterrupt:
        print("Stopped.")
        return 130


def arguments(words):
    """Return the words of the command line as attributes."""
    parser = argparse.ArgumentParser(
        prog=f"{PYTHON} -m helpers.classroom",
        description="Make a kit for a class, serve it, and check a learner's machine.",
    )
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command"
    )
    commands.required = True

    make = commands.add_parser("prepare", help="make a kit to hand out in a new folder")
    make.add_argument("folder", help="a folder that does not exist yet")
    more = "add the packages for such machines; can be given again"
    systems = ("linux", "macos", "windows")
    make.add_argument(
        "--wheels", action="append", default=[], choices=systems, help=more
    )
    make.add_argument("--python", help="the learners' Python, such as 3.12")
    make.add_argument("--no-slides", action="store_true", help="leave the slides out")
    again = "replace a kit that exists"
    make.add_argument("--replace", action="store_true", help=again)
    make.add_argument("--cache", help="a folder that keeps what was fetched")
    make.add_argument(
        "--plan",
        default="half-a-day",
        choices=("three-hours", "half-a-day", "full-day"),
        help="the plan of the guide that the page shows as the day's agenda",
    )
    begin = "when the day begins, such as 9:30; without it, times count from 0:00"
    make.add_argument("--start", default="0:00", help=begin)

    share = commands.add_parser("serve", help="serve a kit on the local network")
    share.add_argument("folder", help="the kit")
    share.add_argument("--port", type=int, default=8000)
    share.add_argument("--solutions", action="store_true", help="serve these as well")

    add = commands.add_parser("install", help="install the packages from a kit")
    add.add_argument("kit", help="the folder or the address of the kit")

    commands.add_parser("check", help="say whether this machine is ready")
    return parser.parse_args(words)


def run(given):
    """Run one command; return its exit code, or None."""
    if given.command == "serve":
        from .server import serve

        return serve(given.folder, given.port, given.solutions)
    if given.command in ("install", "check"):
        from .machine import check, install

        ready = check() if given.command == "check" else install(given.kit)
        return 0 if ready else 1
    needed = ["nbconvert"] if given.no_slides else ["nbconvert", "latex2mathml"]
    if not all(map(importlib.util.find_spec, needed)):
        from .launch import ENVIRONMENT, launch, marked

        groups = [] if given.no_slides else ["slides"]
        own = sys.prefix == str(ENVIRONMENT) and set(groups) <= set(marked() or [])
        if not own:  # or it is broken, and would be asked for ever
            return launch(["-m", "helpers.classroom", *sys.argv[1:]], groups)
    from .kit import prepare

    wanted = given.wheels, given.python, not given.no_slides
    more = given.replace, given.cache, given.plan, given.start
    return prepare(given.folder, *wanted, *more)


def sentence(error):
    """Return in one sentence what went wrong, also for errors of the system."""
    if isinstance(error, OSError) and error.errno is not None:
        where = os.path.abspath(error.filename) if error.filename else "The disk"
        return f"{where} cannot be read or written ({error.strerror})."
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
