"""What runs on the project's host: the same checks, the same Pythons, forms that open."""

import os
import re
import sys
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # comes with pytest on Python 3.10

ROOT = Path(__file__).resolve().parent.parent.parent
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


def read(path):
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def job():
    (only,) = read(".github/workflows/checks.yml")["jobs"].values()
    return only


def test_matrix_holds_every_python_of_the_project(job):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    supported = SpecifierSet(project["project"]["requires-python"])
    known = [f"3.{minor}" for minor in range(30)]
    expected = [version for version in known if f"{version}.0" in supported]
    assert job["strategy"]["matrix"]["python"] == expected  # text: 3.10 is not 3.1
    assert job["env"]["UV_PYTHON"] == "${{ matrix.python }}"  # uv would choose another


def test_matrix_holds_every_system_and_a_failure_stops_no_other(job):
    systems = job["strategy"]["matrix"]["system"]
    assert [re.match(r"[a-z]+", name)[0] for name in systems] == [
        "ubuntu",
        "macos",
        "windows",
    ]
    assert job["strategy"]["fail-fast"] is False
    assert job["runs-on"] == "${{ matrix.system }}"


def test_the_checks_are_those_of_ci(job):
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands == [".ci/run"]
    assert job["defaults"]["run"]["shell"] == "bash"  # on Windows as well
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_workflow_runs_weekly_and_may_only_read():
    workflow = read(".github/workflows/checks.yml")
    when = workflow[True]  # YAML reads the word `on` as true
    (weekly,) = when["schedule"]
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", weekly["cron"])
    assert {"push", "pull_request"} <= set(when)
    assert workflow["permissions"] == {"contents": "read"}


def test_dependabot_watches_what_the_project_names():
    content = read(".github/dependabot.yml")
    assert content["version"] == 2
    watched = {one["package-ecosystem"] for one in content["updates"]}
    assert watched == {"pip", "conda", "github-actions"}
    for one in content["updates"]:
        assert one["directory"] == "/"
        assert one["schedule"]["interval"] in ("daily", "weekly", "monthly")


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_form_has_what_the_host_asks_for(path):
    form = read(path)
    assert {"name", "description", "body"} <= set(form)
    kinds = {"dropdown", "textarea", "input", "checkboxes", "markdown"}
    names = [field["id"] for field in form["body"]]
    assert len(names) == len(set(names))
    for field in form["body"]:
        assert field["type"] in kinds
        assert re.fullmatch(r"[\w-]+", field["id"])
        assert field["attributes"]["label"]
        options = field["attributes"].get("options", [])
        assert bool(options) == (field["type"] in ("dropdown", "checkboxes"))
        texts = [o["label"] if isinstance(o, dict) else o for o in options]
        assert all(isinstance(text, str) for text in texts)
        assert len(texts) == len(set(texts))


def test_there_is_a_form_for_each_kind_of_trouble():
    assert [path.stem for path in FORMS] == ["cell-fails", "text-unclear"]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_form_offers_the_lessons_by_their_titles(path):
    from helpers.exercises.progress import lessons

    (choice,) = [field for field in read(path)["body"] if field["id"] == "lesson"]
    offered = [one for one in choice["attributes"]["options"] if one[:2].isdigit()]
    assert offered == [title for title, _ in lessons()]
