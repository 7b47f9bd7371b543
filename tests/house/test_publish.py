"""The course's address: one place, all links and setup cells made from it, and back."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from urllib.parse import parse_qs, unquote, urlsplit

import nbformat
import publish
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from helpers import environment
from helpers.engine.files import COURSE

LESSONS = sorted(
    path.name for path in (COURSE / "notebooks").glob("[0-9][0-9]_*.ipynb")
)
LINK = re.compile(r"\]\((https?:[^)]*)\)")
ADDRESS = re.compile(r"https?://[^\s)\"`\\]+")
SETUP = nbformat.read(COURSE / "notebooks" / LESSONS[0], as_version=4).cells[1].source


@pytest.fixture
def course(tmp_path):
    """A copy of the files that hold addresses."""
    course = tmp_path / "course"
    (course / "notebooks").mkdir(parents=True)
    for path in publish.files(COURSE):
        shutil.copy(path, course / path.relative_to(COURSE))
    return course


def contents(course):
    return {path: path.read_bytes() for path in course.rglob("*") if path.is_file()}


# --- what holds the addresses together


def test_the_source_is_the_release_of_this_version():
    project = (COURSE / "pyproject.toml").read_text(encoding="utf-8")
    repository, tag = publish.current()
    assert tag == f"v{publish.VERSION.search(project)[1]}"
    assert re.fullmatch(r"[\w-]+/[\w.-]+", repository)


@pytest.mark.parametrize("name", LESSONS)
def test_badge_and_setup_cell_have_the_address(name):
    repository, tag = publish.current()
    head, setup = nbformat.read(COURSE / "notebooks" / name, as_version=4).cells[:2]
    badge = re.search(r"^.*`Open in Colab`.*$", head.source, re.M)[0]
    colab = "https://colab.research.google.com/github"
    address = f"{colab}/{repository}/blob/{tag}/notebooks/{name}"
    assert badge == publish.opens("`Open in Colab`", address, repository)
    source = re.search(r'^ +source = "(.*)"$', setup.source, re.M)[1]
    assert source == f"https://github.com/{repository}/tree/{tag}"


def test_readme_opens_every_lesson_on_colab_and_the_course_elsewhere():
    repository, tag = publish.current()
    readme = (COURSE / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[\d\d · .*\|$", readme, re.MULTILINE)
    assert len(rows) == len(LESSONS)
    for name, row in zip(LESSONS, rows):
        colab = f"https://colab.research.google.com/github/{repository}/blob/{tag}"
        assert f"(notebooks/{name})" in row
        address = f"{colab}/notebooks/{name}"
        assert publish.opens("`Open in Colab`", address, repository) in row
    binder = re.search(r"https://mybinder\.org/[^) ]*", readme)[0]
    assert urlsplit(binder).path == f"/v2/gh/{repository}/{tag}"
    assert parse_qs(urlsplit(binder).query) == {
        "urlpath": [f"lab/tree/notebooks/{LESSONS[0]}"]
    }
    pull = re.search(r"https://\S+/git-pull\?\S+", readme)[0]
    folder = repository.split("/")[1]
    assert parse_qs(urlsplit(pull).query) == {
        "repo": [f"https://github.com/{repository}"],
        "branch": [publish.BRANCH],
        "urlpath": [f"lab/tree/{folder}/notebooks/{LESSONS[0]}"],
    }
    assert f"git clone https://github.com/{repository}.git" in readme


@pytest.mark.parametrize("path", publish.files(COURSE), ids=lambda path: path.name)
def test_links_are_valid_addresses(path):
    text = path.read_text(encoding="utf-8")
    repository, _ = publish.current()
    of_course = [one for one in ADDRESS.findall(text) if repository in unquote(one)]
    for found in LINK.findall(text) + of_course:
        parts = urlsplit(found)
        assert parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1")
        assert re.fullmatch(r"[\w-]+(\.[\w-]+)+", parts.hostname), found
        assert not re.search(r"[{}<>|\\^\[\]]", found), found
        assert all(re.fullmatch("[0-9A-Fa-f]{2}", x[:2]) for x in found.split("%")[1:])


# --- publish


def test_nothing_is_a_link_before_the_course_is_published(course):
    """A link that leads nowhere is worse than words; the address waits in a comment."""
    before, (now, tag) = contents(course), publish.current(course)
    for repository in ("ada/layers", publish.UNPUBLISHED, publish.UNPUBLISHED):
        publish.publish(repository, tag, course)
        links = words = 0
        for path in publish.files(course):
            text = path.read_text(encoding="utf-8")
            links += len(re.findall(r"\[`Open in \w+`\]\(https:\S+\)", text))
            words += text.count("` (once published)<!-- https://")
            if repository == publish.UNPUBLISHED:
                assert not [one for one in LINK.findall(text) if repository in one]
        both = 2 + 2 * len(
            LESSONS
        )  # a badge and a row each; Colab and Binder at the top
        assert (links, words) == (
            (both, 0) if repository == "ada/layers" else (0, both)
        )
    if now == publish.UNPUBLISHED:
        assert contents(course) == before


def test_there_and_back_changes_nothing_but_the_addresses(course):
    old = "grace/hopper", "v1"
    publish.publish(*old, course)
    before = contents(course)
    changed = publish.publish("ada-lovelace/layers.2", "v7_a", course)
    assert set(changed) == {
        path for path, text in contents(course).items() if text != before[path]
    }
    # pyproject.toml, README.md, the page of error messages
    assert len(changed) == 3 + len(LESSONS)
    assert publish.current(course) == ("ada-lovelace/layers.2", "v7_a")
    there, back = (
        publish.addresses("ada-lovelace/layers.2", "v7_a"),
        publish.addresses(*old),
    )
    for path in changed:
        text = path.read_text(encoding="utf-8")
        for new, former in zip(there, back):
            assert former not in text
            text = text.replace(new, former)
        assert text.encode() == before[path]
    publish.publish(*old, course)
    assert contents(course) == before


def test_published_notebooks_are_valid_and_formatted(course):
    publish.publish("a" * 39 + "/" + "n" * 40, "v10.20.30", course)
    shutil.copytree(COURSE / "helpers", course / "helpers")  # ruff sorts imports by it
    for name in LESSONS:
        nbformat.validate(nbformat.read(course / "notebooks" / name, as_version=4))
    for words in (["format", "--check"], ["check"]):
        command = [sys.executable, "-m", "ruff", *words, "--no-cache", "notebooks"]
        done = subprocess.run(command, cwd=course, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_tag_is_the_version_unless_told(course):
    publish.publish("ada/layers", course=course)
    assert publish.current(course) == ("ada/layers", publish.current()[1])


REFUSED_TAGS = (
    "-b a;b v..1 v1. .v1 v1.lock v1/ v/1 v~1 v^1 v1:2 v? v* v[1 v@{1 @".split()
)
REFUSED_TAGS += ["v 1", "v1\n", "", "v\\1", "HEAD", publish.BRANCH]


@pytest.mark.parametrize(
    "words, said",
    [
        (["layers"], "'layers' is no repository: write OWNER/NAME"),
        (["https://github.com/ada/layers"], "is no repository"),
        (["ada/layers/notebooks"], "is no repository"),
        (["ada/lay ers"], "is no repository"),
        (["-ada/layers"], "write OWNER/NAME"),
        (["ada-/layers"], "write OWNER/NAME"),
        (["ada--l/layers"], "write OWNER/NAME"),
        (["a" * 40 + "/layers"], "write OWNER/NAME"),
        (["ada/" + "n" * 101], "write OWNER/NAME"),
        (["ada/layers\n"], "write OWNER/NAME"),
        *(
            (["ada/" + name], "write OWNER/NAME")
            for name in [".", "..", "x.git", "x.GIT"]
        ),
        *((["ada/layers", tag], f"{tag!r} cannot be the tag") for tag in REFUSED_TAGS),
    ],
)
def test_what_cannot_be_is_refused(course, words, said):
    before = contents(course)
    with pytest.raises(ValueError, match=re.escape(said)):
        publish.publish(*words, course=course)
    assert contents(course) == before


@pytest.mark.skipif(not shutil.which("git"), reason="asks git")
def test_git_takes_every_tag_that_is_not_refused():
    letters = [f"{a}{b}{c}" for a in "v._-" for b in ".._-1/~" for c in ".1@{-"]
    tags = [*letters, *(one + end for one in letters for end in (".lock", ".locks"))]
    taken = list(filter(publish.TAG.fullmatch, tags))
    assert len(taken) > 10
    for tag in taken:
        subprocess.run(["git", "check-ref-format", f"refs/tags/{tag}"], check=True)


@pytest.mark.parametrize("repository", ["a/b", "Ada-L/-x", "a1/.x", "a/x.gitty", "a/_"])
def test_what_github_takes_is_taken(course, repository):
    publish.publish(repository, "v1.0-rc.1", course)
    assert publish.current(course) == (repository, "v1.0-rc.1")


def test_full_disk_changes_no_file(course, monkeypatch):
    before = contents(course)
    written, left = Path.write_bytes, [5]

    def write_bytes(path, content):
        left[0] -= 1
        if not left[0]:
            raise OSError(28, "No space left on device")
        return written(path, content)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    with pytest.raises(OSError, match="No space left"):
        publish.publish("ada/layers", course=course)
    assert contents(course) == before


def test_source_that_is_missing_is_said(course):
    project = course / "pyproject.toml"
    project.write_text(project.read_text().replace("Source = ", "Home = "))
    before = contents(course)
    with pytest.raises(ValueError, match="has no line like"):
        publish.publish("ada/layers", course=course)
    assert contents(course) == before


def test_command_line(course, monkeypatch, capsys):
    monkeypatch.setattr(publish.publish, "__defaults__", (None, course))
    monkeypatch.setattr(publish.current, "__defaults__", (course,))
    assert publish.main([]) == 2
    assert publish.main(["--help"]) == 0
    assert "OWNER/NAME [TAG]" in capsys.readouterr().out
    assert publish.main(["layers"]) == 1
    assert capsys.readouterr().out.startswith("Nothing has changed. 'layers' is no")
    assert publish.main(["ada/layers", "v3"]) == 0
    told = capsys.readouterr().out
    assert f"{3 + len(LESSONS)} files now name ada/layers and v3." in told
    assert "git push origin HEAD v3 release" in told


# --- the setup cell on Colab


@pytest.fixture
def colab(tmp_path, monkeypatch):
    """Run the published setup cell as on Colab; its course comes from a folder here.

    Returns:
        Function that runs the cell and returns the folder first on the path.
    """
    upstream = tmp_path / "upstream"
    (upstream / "helpers").mkdir(parents=True)
    for name in ("__init__.py", "environment.py"):
        shutil.copy(COURSE / "helpers" / name, upstream / "helpers")
    git(upstream, "init", "--quiet")
    git(upstream, "add", ".")
    git(upstream, "commit", "--quiet", "--message", "all")
    git(upstream, "tag", "v2")
    for number, (key, value) in enumerate(
        {
            f"url.file://{upstream}.insteadOf": "https://github.com/ada/layers.git"
        }.items()
    ):
        monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    content = tmp_path / "content"
    content.mkdir()
    monkeypatch.chdir(content)
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    monkeypatch.setattr(environment, "set_up", environment.note_changes)

    def run(tag="v2", repository="ada/layers", before=""):
        was = publish.addresses(*publish.current())[0]
        source = SETUP.replace(was, publish.addresses(repository, tag)[0])
        with monkeypatch.context() as patch:
            patch.setattr(sys, "path", list(sys.path))
            run_cell(source, before)
            return Path(sys.path[0])

    run.upstream = upstream
    return run


def run_cell(source, before=""):
    """Run a cell; its lines for the shell run after ``before``, with a terminal or not."""
    names = {"__name__": "__main__"}

    def system(line):
        subprocess.run(["sh", "-c", before + line.format(**names)])

    names["get_ipython"] = lambda: SimpleNamespace(system=system)
    exec(TransformerManager().transform_cell(source), names)


def git(folder, *words):
    someone = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", *someone, *words], cwd=folder, check=True)


needs_git = pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("git"),
    reason="Colab is a Linux with git",
)


@needs_git
def test_colab_gets_the_tag_once_and_silently(colab, capfd):
    git(colab.upstream, "rm", "--quiet", "helpers/environment.py")
    git(colab.upstream, "commit", "--quiet", "--message", "after the release")
    folder = colab()
    assert capfd.readouterr().err == ""  # git says nothing, as -q does not promise
    assert folder == Path.cwd() / "inside-the-layers-v2"
    assert (folder / "helpers" / "environment.py").exists()
    assert [path.name for path in Path.cwd().iterdir()] == [folder.name]
    shutil.rmtree(colab.upstream)  # the second time, nothing is fetched
    (folder / "notes.txt").write_text("a learner's")
    assert colab() == folder
    assert (folder / "notes.txt").exists()


@needs_git
def test_where_no_course_comes_git_says_why(colab, capfd):
    with pytest.raises(AssertionError, match="^No course: git says above why.$"):
        colab("v9")
    assert "Remote branch v9 not found in upstream origin" in capfd.readouterr().err
    shutil.rmtree(colab.upstream)
    with pytest.raises(AssertionError, match="^No course: git says above why.$"):
        colab()
    assert "does not appear to be a git repository" in capfd.readouterr().err
    assert list(Path.cwd().iterdir()) == []


@needs_git
def test_git_asks_nobody_for_a_name_or_a_password(colab):
    """It does for a repository that is not there, and a cell would wait for ever."""
    assert "; GIT_TERMINAL_PROMPT=0 {clone} {part} && " in SETUP


@needs_git
def test_colab_without_git(colab, tmp_path, monkeypatch, capfd):
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("sh", "rm", "mv"):
        (programs / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(AssertionError, match="^No course: git says above why.$"):
        colab()
    assert re.search("git: (command )?not found", capfd.readouterr().err)


@needs_git
def test_full_disk_leaves_no_half_course(colab):
    (colab.upstream / "large").write_bytes(bytes(range(256)) * 4096)
    git(colab.upstream, "add", ".")
    git(colab.upstream, "commit", "--quiet", "--message", "large")
    git(colab.upstream, "tag", "v3")
    with pytest.raises(AssertionError, match="^No course: "):
        colab("v3", before="ulimit -f 100; ")
    assert not Path("inside-the-layers-v3").exists()
    assert colab("v3").exists()  # with space again


@needs_git
def test_what_an_interrupted_clone_left_is_no_obstacle(colab):
    left = Path("inside-the-layers-v2.part", "helpers")
    left.mkdir(parents=True)
    assert (colab() / "helpers" / "environment.py").exists()
    assert not left.exists()


@needs_git
def test_changes_in_an_old_clone_are_used_and_said(colab, monkeypatch, capsys):
    folder = Path.cwd() / "inside-the-layers-v2"
    monkeypatch.setattr(environment, "COURSE", folder)
    assert colab() == folder
    assert capsys.readouterr().out == ""
    (folder / "helpers" / "__init__.py").write_text("# a learner's\n")
    assert colab() == folder
    said = capsys.readouterr().out
    assert "used as they are: helpers/__init__.py. For the originals, delete" in said
    assert (folder / "helpers" / "__init__.py").read_text() == "# a learner's\n"


def test_a_copy_without_git_is_used_as_it_is(monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    environment.note_changes()
    assert capsys.readouterr().out == ""


def test_elsewhere_the_setup_cell_fetches_nothing(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(environment, "set_up", lambda: None)
    run_cell(SETUP, before=pytest.fail)
    assert sys.path[0] == str(tmp_path)
    assert list(Path.cwd().iterdir()) == []
