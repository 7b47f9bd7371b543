"""What Colab has is what the course supports: its pins are inside the course's ranges."""

import datetime
import re
from collections import Counter

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version
from project import project, supported

from helpers.engine.files import COURSE

TEXT = (COURSE / "tests" / "colab" / "constraints.txt").read_text(encoding="utf-8")
LINES = [line for line in TEXT.splitlines() if not line.startswith("#")]
PINS = [re.fullmatch(r"([\w.-]+)==(\S+)", line).groups() for line in LINES]
COLAB = {canonicalize_name(name): version for name, version in PINS}
NEEDED = [
    canonicalize_name(re.match(r"[\w.-]+", line)[0])
    for line in project()["project"]["dependencies"]
]
# Colab has its own page in the place of JupyterLab; urllib3 is there with requests.
NOT_ON_COLAB = {"jupyterlab", "urllib3"}


def test_no_package_is_pinned_twice():
    names = Counter(canonicalize_name(name) for name, _ in PINS)
    assert [name for name, times in names.items() if times > 1] == []


def test_pins_have_a_date():
    (found,) = re.findall(r"^# .*\bas of (\S+)", TEXT, re.MULTILINE)
    assert datetime.date.fromisoformat(found) >= datetime.date(2026, 8, 19)


def test_every_other_package_of_the_course_is_on_colab():
    assert set(NEEDED) - set(COLAB) == NOT_ON_COLAB


@pytest.mark.parametrize("package", sorted(set(NEEDED) - NOT_ON_COLAB))
def test_colabs_version_is_inside_the_supported_range(package):
    assert Version(COLAB[package]) in supported()[package]
