"""What pyproject.toml and environment.yml say, for the tests that compare them."""

import re
import sys

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from helpers.engine.files import COURSE

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # comes with pytest on Python 3.10


def project():
    return tomllib.loads((COURSE / "pyproject.toml").read_text(encoding="utf-8"))


def supported():
    """Return {package: specifier} of pyproject.toml, the test tools included."""
    content = project()
    groups = content["dependency-groups"]
    lines = content["project"]["dependencies"] + groups["test"] + groups["slides"]
    found = [Requirement(line) for line in lines]
    return {canonicalize_name(item.name): item.specifier for item in found}


def pinned():
    """Return {package: version} of environment.yml."""
    text = (COURSE / "environment.yml").read_text(encoding="utf-8")
    found = re.findall(r"^\s+- ([\w-]+)==(\S+)$", text, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def versions_for(python):
    """Return {package: version} that a learner's Python, such as "3.12", gets."""
    text = (COURSE / "data" / "tested_versions.txt").read_text(encoding="utf-8")
    here = {
        "python_full_version": f"{python}.9",
        "python_version": python,
        "sys_platform": "linux",
        "platform_system": "Linux",
    }
    found = map(Requirement, filter(None, text.splitlines()))
    kept = [one for one in found if one.marker is None or one.marker.evaluate(here)]
    return {canonicalize_name(one.name): str(one.specifier)[2:] for one in kept}
