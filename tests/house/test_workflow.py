"""What runs on the project's host is what runs here, on every Python that is supported."""

import os
import re

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from project import project

from helpers.datasets import MIRRORS
from helpers.engine.files import COURSE


@pytest.fixture(scope="module")
def job():
    text = (COURSE / ".github/workflows/checks.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["jobs"]["checks"]


def test_matrix_holds_every_python_of_the_project(job):
    supported = SpecifierSet(project()["project"]["requires-python"])
    known = [f"3.{minor}" for minor in range(30)]
    expected = [version for version in known if f"{version}.0" in supported]
    assert job["strategy"]["matrix"]["python"] == expected  # text: 3.10 is not 3.1


def test_the_checks_are_those_of_ci(job):
    assert job["steps"][-1]["run"] == ".ci/run"
    assert os.access(COURSE / ".ci" / "run", os.X_OK)


def test_cifar10_comes_from_an_address_that_the_course_knows(job):
    (fetched,) = [step["run"] for step in job["steps"] if "curl" in step.get("run", "")]
    assert set(re.findall(r"https://\S+", fetched)) <= set(MIRRORS)
    assert job["env"]["LAYERS_TEST_CIFAR10"].endswith(".tar.gz")
