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


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    """The course with an address of its own, as a git repository with the tag."""
    course = tmp_path_factory.mktemp("published") / "course"
    course.mkdir()

    def git(*words, tree=course):
        someone = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        places = [f"--git-dir={course / '.git'}", f"--work-tree={tree}"]
        subprocess.run(["git", *someone, *places, *words], cwd=tree, check=True)

    git("init", "--quiet")
    git("add", "--all", tree=COURSE)  # all but what .gitignore names
    git("checkout-index", "--all")
    words = [sys.executable, ".ci/publish.py", REPOSITORY, TAG]
    subprocess.run(words, cwd=course, check=True, stdout=subprocess.DEVNULL)
    git("commit", "--quiet", "--all", "--message", "published")
    git("tag", TAG)
    return course


@pytest.fixture
def colab(tmp_path, published):
    return Colab(tmp_path, published)
