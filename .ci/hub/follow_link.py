"""Follow the README's nbgitpuller link on a real JupyterHub, as a learner does.

    python .ci/hub/follow_link.py

The first visit brings the course, and lesson 00 runs there. Then the learner changes
two notebooks, a release changes one of them and a third, and the link is followed again:
the learner's changes have to stay, and the release's to arrive. The repository is one on
this machine, made from the files that git tracks here and released as a maintainer does;
its address takes the place of the link's. Installs what it needs like measure.py.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from measure import ROOT, Hub, Learner, install

sys.path.insert(0, str(ROOT / ".ci"))
import publish

LINK = re.compile(r"https://\S+/hub/user-redirect/(git-pull\?\S+)")


def link():
    """Return the README's link as a dict of its parameters."""
    found = LINK.search((ROOT / "README.md").read_text(encoding="utf-8"))[1]
    parameters = parse_qs(urlsplit(found).query, strict_parsing=True)
    return {name: value for name, (value,) in parameters.items()}


def git(folder, *words):
    words = "git", "-C", str(folder), *words
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def make_repository(folder):
    """Make a repository of the course, for `release`."""
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "course")
    git(folder, "config", "user.email", "course@example.org")
    for name in git(ROOT, "ls-files", "-z").split("\0")[:-1]:
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    git(folder, "add", "--all")


def release(folder, tag):
    """Release what stands in the repository's files, as its maintainer does."""
    publish.publish("ada/layers", tag, folder)
    git(folder, "commit", "-qam", tag)
    publish.release(folder)


async def visit(hub, learner, parameters):
    """Follow the link: the page that opens, then the pull that it starts."""
    server = f"user/{learner.name}"
    page = await hub.fetch(f"{server}/git-pull?{urlencode(parameters)}")
    target = re.search(rb'data-path="([^"]*)"', page)[1].decode()
    assert target == parameters["urlpath"], target
    query = {name: parameters[name] for name in ("repo", "branch")}
    query["targetpath"] = parameters["repo"].rpartition("/")[2]
    events = (await hub.fetch(f"{server}/git-pull/api?{urlencode(query)}")).decode()
    events = [json.loads(e[len("data: ") :]) for e in events.split("\n\n") if e]
    if events[-1]["phase"] != "finished":
        raise RuntimeError(f"nbgitpuller says: {events[-1]['message']}")
    path = target.removeprefix("lab/tree/")
    await hub.ask(f"{server}/api/contents/{path}?content=0")  # or HTTPError 404


def add_line(path, text):
    """Put a line into a notebook's metadata, where it hides no other change."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"]["note"] = text
    path.write_text(json.dumps(notebook, indent=1), encoding="utf-8")


def note_in(path):
    return json.loads(path.read_text(encoding="utf-8"))["metadata"].get("note")


async def follow(environment):
    parameters = link()
    name = parameters["repo"].rpartition("/")[2]
    with tempfile.TemporaryDirectory(
        prefix="hub-", ignore_cleanup_errors=True
    ) as folder:
        source = Path(folder) / "source" / name
        source.parent.mkdir()
        make_repository(source)
        release(source, "v1.0.0")
        parameters["repo"] = f"file://{source}"
        hub = Hub(Path(folder), environment, {})
        try:
            await hub.wait()
            learner = Learner(hub, "learner0", "00", course=f"{name}/")
            await learner.start()
            await visit(hub, learner, parameters)
            await learner.run()
            print("first visit: the course is there, lesson 00 runs from top to bottom")

            own = hub.folder / learner.name / name / "notebooks"
            first, second, third = sorted(own.glob("0*.ipynb"))[:3]
            for path in first, second:
                add_line(path, "the learner's")
            for path in second, third:
                add_line(source / "notebooks" / path.name, "the release's")
            release(source, "v1.0.1")
            await visit(hub, learner, parameters)
            notes = [note_in(path) for path in (first, second, third)]
            assert notes == ["the learner's", "the learner's", "the release's"], notes
            print("second visit: the learner's changes stay, the release's arrive")
        finally:
            hub.stop()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--environment", type=Path, default="~/.cache/layers-hub")
    environment = parser.parse_args().environment.expanduser().absolute()
    try:
        if Path(sys.prefix) != environment:
            python = str(install(environment, "nbgitpuller"))
            os.execv(python, [python, *sys.argv])
        asyncio.run(follow(environment))
    except RuntimeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
