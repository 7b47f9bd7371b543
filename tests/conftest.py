"""Fixtures that tests of several parts use."""

import sys

import pytest


@pytest.fixture
def homeless(monkeypatch):
    """A user without a home, as in some containers: no HOME, no line in /etc/passwd."""
    if sys.platform == "win32":
        pytest.skip("Windows asks elsewhere")
    import pwd

    def unknown(number):
        raise KeyError(number)

    for name in ("HOME", "KERAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
