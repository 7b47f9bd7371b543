"""Write the course's address into every place that needs it, and make what learners get.

    python .ci/publish.py OWNER/NAME [TAG]
    python .ci/publish.py release

OWNER/NAME is the repository on GitHub, TAG the release that learners get. Both stand in
one place, ``Source`` in pyproject.toml. The links that open a lesson on Colab, on Binder
or on a JupyterHub are made from it, and so is the setup cell, which on Colab clones the
course. As delivered, it says ``OWNER/NAME``, and nothing can be opened from there: what
will be a link is plain words then, with the address in a comment.

``release`` makes that tag: the course of the last commit, to work in, without stored
outputs, tests and tools. It is a commit of its own, on the branch ``release``; the
working tree and the branch that you are on stay as they are.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from helpers.classroom.editions import copy_course, working_texts
from helpers.engine.files import COURSE, replaced

SOURCE = re.compile(r'^Source = "https://github\.com/([^"]+)/tree/([^"]+)"$', re.M)
VERSION = re.compile(r'^version = "([^"]+)"$', re.M)
UNPUBLISHED = "OWNER/NAME"
BRANCH = "release"  # of what learners get; always at the newest
FOR_GIT = ".gitignore", ".gitattributes"
# What GitHub takes as an owner and a name, and git (check-ref-format) as a tag.
REPOSITORY = re.compile(
    r"(?!.{40,}/)[a-z0-9]+(-[a-z0-9]+)*/(?!\.\.?$|.*\.(git|wiki)$)[\w.-]{1,100}",
    re.A | re.I,
)
TAG = re.compile(rf"(?!.*(\.\.|\.$|\.lock$)|(HEAD|{BRANCH})$)\w[\w.-]*", re.A)
OPENS = re.compile(  # as a link, or as words
    r"\[(`Open in \w+`)\]\((\S+)\)|(`Open in \w+`) \(once published\)<!-- (\S+) -->"
)


def current(course=COURSE):
    """Return repository and tag as pyproject.toml has them.

    Raises:
        ValueError: pyproject.toml names no source in the form that is expected.
    """
    found = SOURCE.search((course / "pyproject.toml").read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(
            f"{course / 'pyproject.toml'} has no line like "
            'Source = "https://github.com/OWNER/NAME/tree/TAG".'
        )
    return found.groups()


def addresses(repository, tag):
    """Return the addresses made from a repository and a tag, as a list of strings.

    Example:
        >>> addresses("ada/layers", "v2")[0]
        'https://github.com/ada/layers/tree/v2'
    """
    home = f"https://github.com/{repository}"
    folder = repository.split("/")[1]
    return [
        f"{home}/tree/{tag}",  # pyproject.toml, setup cells
        f"{home}.git",
        f"{home}/archive/{tag}.zip",  # for pip
        f"https://colab.research.google.com/github/{repository}/blob/{tag}/",
        f"https://mybinder.org/v2/gh/{repository}/{tag}?",
        # nbgitpuller pulls again at each visit, and from a tag it cannot
        f"git-pull?repo={quote(home, safe='')}&branch={BRANCH}"
        f"&urlpath=lab%2Ftree%2F{folder}%2F",
    ]


def publish(repository, tag=None, course=COURSE):
    """Put other addresses in the place of those that are there now.

    All files change or none. With ``OWNER/NAME``, links become plain words.

    Arguments:
        repository: ``"OWNER/NAME"`` on GitHub.
        tag: a release tag, by default ``v`` and the version of pyproject.toml.
        course: `pathlib.Path` of the course.

    Returns:
        List of the paths of the files that changed.

    Raises:
        ValueError: repository or tag cannot be one.
        OSError: a file cannot be written.
    """
    course = Path(course)
    if tag is None:
        project = (course / "pyproject.toml").read_text(encoding="utf-8")
        tag = f"v{VERSION.search(project)[1]}"
    if not REPOSITORY.fullmatch(repository):
        raise ValueError(
            f"{repository!r} is no repository: write OWNER/NAME, such as ada/layers."
        )
    if not TAG.fullmatch(tag):
        raise ValueError(
            f"{tag!r} cannot be the tag: write letters, digits, '.', '_' and '-', such "
            "as v1.0.0."
        )
    pairs = [(printed(*current(course)), printed(repository, tag))]
    pairs += zip(addresses(*current(course)), addresses(repository, tag))
    texts = {}
    for path in files(course):
        before = after = path.read_bytes().decode()
        for old, new in pairs:
            after = after.replace(old, new)
        after = OPENS.sub(
            lambda found: opens(*filter(None, found.groups()), repository), after
        )
        if after != before:
            texts[path] = after.encode()
    write_all(texts)
    return list(texts)


def printed(repository, tag):
    """Return what `explain_error` prints of the page of error messages' place.

    Example:
        >>> printed("ada/layers", "v2")
        'More: https://github.com/ada/layers/tree/v2/notebooks/error_messages.md'
    """
    home = f"https://github.com/{repository}/tree/{tag}/" * (repository != UNPUBLISHED)
    return f"More: {home}notebooks/error_messages.md"


def opens(words, address, repository):
    """Return the link that opens a lesson, or, before the course is there, the words.

    Example:
        >>> opens("`Open in Colab`", "https://...", "OWNER/NAME")
        '`Open in Colab` (once published)<!-- https://... -->'
    """
    if repository == UNPUBLISHED:
        return f"{words} (once published)<!-- {address} -->"
    return f"[{words}]({address})"


def files(course):
    """Return the paths of all files that may hold an address of the course."""
    lessons = sorted((course / "notebooks").glob("*.ipynb"))
    pages = sorted((course / "notebooks").glob("*.md"))
    return [course / "pyproject.toml", course / "README.md", *pages, *lessons]


def write_all(contents):
    """Write files, each bytes; if the disk is full, all stay as they were."""
    with ExitStack() as stack:
        for path, content in contents.items():
            stack.enter_context(replaced(path)).write_bytes(content)


def release(course=COURSE):
    """Commit the working edition of the last commit to the branch ``release``.

    Its tag is the one that the last commit names. The working tree, the index and all
    other branches stay as they are.

    Returns:
        The tag.

    Raises:
        ValueError: something is not committed, no address is written, the tag is there
            already, or git refuses; the message says what to do.
    """
    head = git(course, "rev-parse", "--short", "HEAD")
    if git(course, "status", "--porcelain", "--untracked-files=no"):
        raise ValueError("Some changes are not committed. Commit them first.")
    if git(course, "rev-parse", "--abbrev-ref", "HEAD") == BRANCH:
        raise ValueError(
            f"You are on the branch {BRANCH}. Switch to the one you work on."
        )
    with tempfile.TemporaryDirectory() as folder:
        source, learners = Path(folder, "source"), Path(folder, "learners")
        index = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        git(course, "read-tree", "HEAD", **index)
        git(course, "checkout-index", "--all", f"--prefix={source}/", **index)
        repository, tag = current(source)
        if repository == UNPUBLISHED:
            raise ValueError(
                "Write the address first: python .ci/publish.py OWNER/NAME"
            )
        if git(course, "tag", "--list", tag):
            raise ValueError(
                f"The tag {tag} is there already. Raise the version in pyproject.toml and "
                "publish again; or, if nobody has it yet: git tag --delete " + tag
            )
        copy_course(learners, working_texts(source), source)
        for name in FOR_GIT:
            shutil.copy(source / name, learners)
        git(course, "read-tree", "--empty", **index)
        tree = {**index, "GIT_WORK_TREE": str(learners)}
        home = git(course, "rev-parse", "--absolute-git-dir")
        git(course, f"--git-dir={home}", "add", "--all", "--force", **tree)
        words = ["commit-tree", git(course, "write-tree", **index)]
    for parent in (f"refs/remotes/origin/{BRANCH}", f"refs/heads/{BRANCH}"):
        if git(course, "for-each-ref", parent):  # nbgitpuller follows a history
            words += ["-p", parent]
            break
    commit = git(course, *words, "-m", f"{tag}, made from {head}")
    git(course, "tag", tag, commit)
    git(course, "update-ref", f"refs/heads/{BRANCH}", commit)
    return tag


def git(course, *words, **variables):
    """Run git in a folder, with more environment variables; return what it prints."""
    done = subprocess.run(
        ["git", "-C", str(course), *words],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ValueError(f"git says: {done.stderr.strip()}")
    return done.stdout.strip()


def main(words):
    if len(words) not in (1, 2) or words[0].startswith("-"):
        print(__doc__.strip())
        return 0 if words in (["--help"], ["-h"]) else 2
    try:
        if words == [BRANCH]:
            tag = release()
            print(
                f"{tag} and the branch {BRANCH} are what learners get. They get it from\n"
                f"  git push origin HEAD {tag} {BRANCH}"
            )
            return 0
        changed = publish(*words)
        repository, tag = current()
    except (OSError, ValueError) as error:
        print(f"Nothing has changed. {error}")
        return 1
    print(f"{len(changed)} files now name {repository} and {tag}.")
    if repository != UNPUBLISHED:
        print(
            "Links and setup cells work as soon as the release is on GitHub:\n"
            f'  git commit -a -m "{tag}"\n  python .ci/publish.py {BRANCH}\n'
            f"  git push origin HEAD {tag} {BRANCH}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
