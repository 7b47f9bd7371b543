"""A kit, a place to put another one, a cache of packages, and servers of the kit."""

import threading
import zipfile

import pytest

from helpers.classroom import fetching, server
from helpers.classroom import kit as kits


@pytest.fixture(scope="session")
def kit(tmp_path_factory):
    """A kit without slides and packages."""
    folder = tmp_path_factory.mktemp("class") / "kit"
    kits.prepare(folder, slides=False)
    return folder


@pytest.fixture
def place(tmp_path):
    """An empty folder to put a kit in, so that whatever is left behind is seen."""
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def wheel_folder(cache, monkeypatch):
    """Put a package of three lines into the cache, pinned as all the course needs."""

    def make(system="linux", python="3.12"):
        with monkeypatch.context() as patch:
            made = []
            patch.setattr(fetching, "run_uv", lambda *words: made.append(words))
            patch.setattr(fetching, "run_pip", lambda *words: made.append(words))
            folder = fetching.wheels(system, python, cache)
        compile_words, download_words = made
        assert compile_words[compile_words.index("--python-platform") + 1] == system
        for kind in fetching.PLATFORMS[system]:
            assert f"--platform={kind}" in download_words
        (folder / "requirements.txt").write_text("tiny==1.0\n")
        info = "tiny-1.0.dist-info"
        with zipfile.ZipFile(folder / "tiny-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("tiny.py", "ANSWER = 42\n")
            wheel.writestr(
                f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"
            )
            wheel.writestr(
                f"{info}/WHEEL",
                "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
                "Tag: py3-none-any\n",
            )
            wheel.writestr(f"{info}/RECORD", "")
        return folder

    return make


@pytest.fixture
def serving(kit):
    """Return a function that starts a server of the kit and returns its address."""
    running = []

    def start(**options):
        one = server.open_server(kit, 0, **options)
        running.append(one)
        threading.Thread(target=one.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{one.server_port}"

    yield start
    for one in running:
        one.shutdown()
        one.server_close()
