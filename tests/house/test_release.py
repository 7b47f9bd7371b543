"""What learners get from GitHub: a tree of its own, made in a clone, run from its tag."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import nbformat
import publish
import pytest
from nbclient import NotebookClient

from helpers.classroom.editions import working_edition
from helpers.engine.files import COURSE

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("git"), reason="asks git, as on Colab"
)
SOMEONE = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.org"))
}
ADDRESS = r"https?://[^][:space:]`\\)\"]+"  # as git grep has it
REF, PATH = r"(?P<ref>[^/?&]+)", r"(?P<path>notebooks/[\w.]+)"
FORMS = {  # every kind of address of the course
    "Colab": rf"https://colab.research.google.com/github/ada/layers/blob/{REF}/{PATH}",
    "Binder": rf"https://mybinder.org/v2/gh/ada/layers/{REF}\?urlpath=lab/tree/{PATH}",
    "hub": r"https://hub.example.org/hub/user-redirect/git-pull\?repo=https://github.com/"
    rf"ada/layers&branch={REF}&urlpath=lab/tree/layers/{PATH}",
    "setup cell": rf"https://github.com/ada/layers/tree/{REF}",
    "page": rf"https://github.com/ada/layers/tree/{REF}/(?P<page>notebooks/\w+\.md)(#[-\w]+)?",
    "pip": rf"https://github.com/ada/layers/archive/{REF}\.zip",
    "git clone": r"https://github.com/ada/layers\.git",  # of all, to be worked on
}


@pytest.fixture(autouse=True)
def someone(monkeypatch):
    for name, value in SOMEONE.items():
        monkeypatch.setenv(name, value)


def git(folder, *words):
    done = subprocess.run(
        ["git", "-C", str(folder), *words],
        env={**os.environ, **SOMEONE},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def run(course, *words):
    """Run publish.py of a course as its maintainer does; return code and what it says."""
    words = [sys.executable, ".ci/publish.py", *words]
    done = subprocess.run(words, cwd=course, capture_output=True, text=True)
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def delivered(tmp_path_factory):
    """A repository with one commit, the course as it is here."""
    course = tmp_path_factory.mktemp("delivered") / "course"
    for name in git(
        COURSE, "ls-files", "--cached", "--others", "-z", "--exclude-standard"
    ).split("\0"):
        if (COURSE / name).is_file():
            (course / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(COURSE / name, course / name)
    git(course, "init", "--quiet", "--initial-branch=main")
    git(course, "add", "--all")
    git(course, "commit", "--quiet", "--message", "all")
    return course


@pytest.fixture
def course(delivered, tmp_path):
    """A clone with the address of a repository, committed and not yet released."""
    course = tmp_path / "course"
    git(tmp_path, "clone", "--quiet", delivered, course)
    publish.publish("ada/layers", "v3", course)
    git(course, "commit", "--quiet", "--all", "--message", "v3")
    return course


@pytest.fixture
def server(course, tmp_path):
    """What stands for GitHub, with the first release."""
    publish.release(course)
    server = tmp_path / "server.git"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", server)
    git(course, "push", "--quiet", server, "HEAD:main", "v3", publish.BRANCH)
    return server


def state(course):
    files = [path for path in course.rglob("*") if ".git" not in path.parts]
    times = {path: path.stat().st_mtime_ns for path in files if path.is_file()}
    index = (course / ".git" / "index").read_bytes()
    return times, index, git(course, "rev-parse", "HEAD", "main")


def release(course):
    tag = publish.release(course)
    return tag, git(course, "rev-parse", publish.BRANCH)


def test_learners_get_the_working_edition_and_the_maintainer_notices_nothing(
    course, tmp_path
):
    before = state(course)
    tag, commit = release(course)
    assert tag == "v3" and git(course, "rev-parse", "v3") == commit
    assert state(course) == before and git(course, "status", "--porcelain") == ""
    assert git(course, "log", "--format=%s", "v3") == (
        f"v3, made from {git(course, 'rev-parse', '--short', 'HEAD')}"
    )
    names = git(course, "ls-tree", "-r", "--name-only", "v3").splitlines()
    tops = {name.partition("/")[0] for name in names}
    assert tops == {
        *("helpers", "data", "notebooks", "README.md", "LICENSE", "pyproject.toml"),
        *("environment.yml", ".gitignore", ".gitattributes"),
    }
    of_helpers = git(course, "rev-parse", "v3:helpers", "main:helpers").split()
    assert len(of_helpers) == 2 and len(set(of_helpers)) == 1
    kept = git(course, "ls-tree", "-r", "--name-only", "HEAD").splitlines()
    assert {name for name in kept if name.startswith(("helpers/", "data/"))} <= set(
        names
    )
    lessons = [name for name in names if name.endswith(".ipynb")]
    assert len(lessons) == len(list((course / "notebooks").glob("*.ipynb")))
    for name in lessons:
        there = nbformat.reads(git(course, "show", f"v3:{name}"), as_version=4)
        here = nbformat.read(course / name, as_version=4)
        assert [c.source for c in there.cells] == [c.source for c in here.cells]
        assert not any(cell.get("outputs") for cell in there.cells)


def lessons(folder, ref):
    """Return {path: notebook} of the lessons at a ref."""
    names = git(folder, "ls-tree", "-r", "--name-only", ref).splitlines()
    places = {name: f"{ref}:{name}" for name in names if name.endswith(".ipynb")}
    return {name: json.loads(git(folder, "show", at)) for name, at in places.items()}


@pytest.mark.parametrize("tree", ["main", publish.BRANCH])
def test_every_address_leads_to_the_lessons_to_work_in(server, tree):
    """As GitHub shows the course, and as learners have it: whatever opens or fetches it."""
    to_read = lessons(server, "main")
    to_work_in = {name: working_edition(lesson) for name, lesson in to_read.items()}
    assert to_work_in != to_read
    there = {ref: lessons(server, ref) for ref in ("v3", publish.BRANCH)}
    counts = Counter()
    places = "README.md", "pyproject.toml", "notebooks", "helpers", "data"
    for line in git(server, "grep", "-IoE", ADDRESS, tree, "--", *places).splitlines():
        _, name, address = line.split(":", 2)
        address = unquote(address)
        if "ada/layers" not in address:
            continue
        matches = {form: re.fullmatch(FORMS[form], address) for form in FORMS}
        found = [(form, match) for form, match in matches.items() if match]
        assert len(found) == 1, address
        ((form, match),) = found
        counts[form], parts = counts[form] + 1, match.groupdict()
        if "ref" in parts:
            assert there.get(parts["ref"]) == to_work_in, address
        if "page" in parts:
            assert (
                git(server, "cat-file", "-t", f"{parts['ref']}:{parts['page']}")
                == "blob"
            )
        if "path" in parts:
            assert parts["path"] in to_work_in, address
            assert name == "README.md" or parts["path"] == name
    assert counts == {
        **{"Colab": 2 * len(to_read) + 1, "setup cell": len(to_read) + 1},
        **{
            "Binder": 1,
            "hub": 1,
            "page": 1 + (tree == "main"),
            "pip": 1,
            "git clone": 1,
        },
    }


def test_from_a_server_lesson_00_runs_from_its_setup_cell(server, tmp_path):
    """As on Colab: its notebook alone, fetched from the tag, and the tag to clone."""
    content = tmp_path / "content"
    content.mkdir()
    name = "notebooks/00_start_here.ipynb"
    lesson = nbformat.reads(git(server, "show", f"v3:{name}"), as_version=4)
    variables = {
        "PYTHONPATH": str(COURSE / "tests" / "colab" / "stub"),
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{server}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/ada/layers.git",
    }
    lesson.cells.append(nbformat.v4.new_code_cell("import helpers; helpers.__file__"))
    client = NotebookClient(lesson, resources={"metadata": {"path": str(content)}})
    client.execute(env={**os.environ, **variables})
    clone = content / "inside-the-layers-v3"
    assert str(clone / "helpers" / "__init__.py") in str(lesson.cells[-1].outputs)
    assert not (clone / "tests").exists()
    assert git(clone, "status", "--porcelain") == ""


def test_a_second_release_follows_the_first_also_from_another_clone(course, tmp_path):
    _, first = release(course)
    server = tmp_path / "server.git"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", server)
    git(course, "push", "--quiet", server, "HEAD:main", "v3", publish.BRANCH)
    git(tmp_path, "clone", "--quiet", server, "other")
    other = tmp_path / "other"
    publish.publish("ada/layers", "v4", other)
    git(other, "commit", "--quiet", "--all", "--message", "v4")
    _, second = release(other)
    assert git(other, "rev-parse", f"{second}^") == first
    git(other, "push", "--quiet", "origin", "HEAD", "v4", publish.BRANCH)
    assert git(server, "log", "--format=%s", publish.BRANCH).count("made from") == 2


def test_what_is_not_ready_is_refused_and_nothing_changes(course, delivered, tmp_path):
    refs = git(course, "for-each-ref")
    (course / "README.md").write_text("changed")
    code, said = run(course, "release")
    assert code == 1 and "not committed. Commit them first." in said
    git(course, "checkout", "--quiet", "README.md")
    git(course, "checkout", "--quiet", "-b", publish.BRANCH)
    code, said = run(course, "release")
    assert code == 1 and "You are on the branch release." in said
    git(course, "checkout", "--quiet", "main")
    git(course, "branch", "--quiet", "--delete", publish.BRANCH)
    git(course, "tag", "v3")
    code, said = run(course, "release")
    assert code == 1 and "The tag v3 is there already." in said
    git(course, "tag", "--delete", "v3")
    assert git(course, "for-each-ref") == refs
    git(tmp_path, "clone", "--quiet", delivered, "unpublished")
    if publish.current(delivered)[0] == publish.UNPUBLISHED:
        code, said = run(tmp_path / "unpublished", "release")
        assert code == 1 and "Write the address first" in said
    no_git = tmp_path / "no_git"
    shutil.copytree(course, no_git, ignore=shutil.ignore_patterns(".git"))
    code, said = run(no_git, "release")
    assert code == 1 and "not a git repository" in said


def test_as_the_maintainer_types_it(delivered, tmp_path):
    course = Path(tmp_path, "course")
    git(tmp_path, "clone", "--quiet", delivered, course)
    code, said = run(course, "ada/layers", "v3")
    assert code == 0 and "python .ci/publish.py release" in said
    git(course, "commit", "--quiet", "--all", "--message", "v3")
    code, said = run(course, "release")
    assert code == 0 and said.endswith("  git push origin HEAD v3 release\n")
    assert git(course, "tag") == "v3"
