"""Chromium, a course that is published, and a machine as Colab's to open it on."""

import subprocess
import sys

import pytest
from browser.lab import started

from colab.machine import REPOSITORY, TAG, Colab
from helpers.engine.files import COURSE


@pytest.fixture(scope="session")
def browser():
    with started() as browser:
        yield browser


def run(*words, folder):
    subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    """A git repository of the course, published and released under its tag.

    Its files are the reading edition; those of the tag are the one to work in.
    """
    course = tmp_path_factory.mktemp("published") / "course"
    run("git", "init", "--quiet", course, folder=COURSE)
    places = f"--git-dir={course / '.git'}", f"--work-tree={COURSE}"
    run("git", *places, "add", "--all", folder=COURSE)  # but what .gitignore names
    run("git", "checkout-index", "--all", folder=course)
    run("git", "config", "user.name", "Ada", folder=course)
    run("git", "config", "user.email", "ada@example.org", folder=course)
    run(sys.executable, ".ci/publish.py", REPOSITORY, TAG, folder=course)
    run("git", "commit", "--quiet", "--all", "--message", TAG, folder=course)
    run(sys.executable, ".ci/publish.py", "release", folder=course)
    return course


@pytest.fixture(scope="session")
def released(published, tmp_path_factory):
    """What learners get: the files of the release's tag."""
    course = tmp_path_factory.mktemp("released") / "course"
    words = "clone", "--quiet", "--config=advice.detachedHead=false", f"--branch={TAG}"
    run("git", *words, published, course, folder=published)
    return course


@pytest.fixture
def colab(tmp_path, released):
    return Colab(tmp_path, released)
