"""The project's own files agree with each other."""

import ast
import re
import subprocess
import sys

import nbformat
import pytest
from packaging.requirements import Requirement
from project import pinned, project, supported, versions_for

from helpers.engine.files import COURSE


def test_both_files_name_the_same_packages():
    assert set(pinned()) == set(supported())


@pytest.mark.parametrize("package", sorted(supported()))
def test_tested_version_is_inside_the_supported_range(package):
    assert pinned()[package] in supported()[package]


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
def test_what_a_learner_gets_is_one_version_of_each_package_inside_its_range(python):
    versions = versions_for(python)
    missing = set(supported()) - set(versions)
    assert missing == set()
    for package, allowed in supported().items():
        assert versions[package] in allowed, package


def test_conda_gets_what_a_learner_gets():
    versions = versions_for("3.12")
    assert pinned() == {package: versions[package] for package in pinned()}


def test_no_address_is_named_where_packages_come_from():
    text = (COURSE / "data" / "tested_versions.txt").read_text(encoding="utf-8")
    assert "://" not in text and "--" not in text


def test_environment_python_is_supported():
    text = (COURSE / "environment.yml").read_text(encoding="utf-8")
    version = re.search(r"- python=(\S+)", text).group(1)
    assert Requirement(f"python{project()['project']['requires-python']}").specifier
    assert (
        f"{version}.0"
        in Requirement(f"python{project()['project']['requires-python']}").specifier
    )


def test_environment_installs_the_project():
    assert "      - -e .\n" in (COURSE / "environment.yml").read_text(encoding="utf-8")


def test_report_names_the_same_packages_and_pythons():
    from helpers.engine.readiness import PACKAGES, PYTHONS

    needed = [Requirement(line).name for line in project()["project"]["dependencies"]]
    assert set(PACKAGES) <= set(needed)
    lowest, highest = PYTHONS
    assert project()["project"]["requires-python"] == (
        f">={lowest[0]}.{lowest[1]},<{highest[0]}.{highest[1] + 1}"
    )


@pytest.mark.parametrize("words", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff_has_nothing_to_say(words):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *words, "."],
        cwd=COURSE,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "name", ["classroom/launch.py", "engine/files.py", "__main__.py", "__init__.py"]
)
def test_the_launcher_is_read_by_old_pythons_and_needs_no_package(name):
    tree = ast.parse(
        (COURSE / "helpers" / name).read_text(encoding="utf-8"), feature_version=(3, 8)
    )
    top = [
        name
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        and not getattr(node, "level", 0)
        for name in (
            [node.module]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    ]
    assert {name.split(".")[0] for name in top} <= sys.stdlib_module_names


@pytest.mark.parametrize(
    "module",
    ["by_hand", "engine.inputs", "datasets", "figures", "environment", "pictures"],
)
def test_module_imports_without_tensorflow(module):
    code = (
        "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None; "
        f"import helpers.{module}"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=COURSE, check=True)


def test_links_of_the_readme_resolve():
    for page in [COURSE / "README.md", COURSE / "data" / "README.md"]:
        links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text("utf-8"))
        missing = [link for link in links if not (page.parent / link).exists()]
        assert missing == []


def test_readme_lists_the_lessons_with_their_minutes():
    readme = (COURSE / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(.+?)\]\(notebooks/(.+?)\) \| (\d+)", readme, re.M)
    lessons = sorted((COURSE / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    expected = []
    for path in lessons:
        head = nbformat.read(path, as_version=4).cells[0].source
        minutes = re.search(r"^\*\*Takes\*\* (\d+)", head, re.MULTILINE)[1]
        expected.append((head.splitlines()[0].removeprefix("# "), path.name, minutes))
    assert rows == expected
