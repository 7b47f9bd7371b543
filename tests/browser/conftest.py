"""Chromium, a JupyterLab on a copy of the course, and pages that note every fault."""

import pytest

from browser.lab import Lab, Page, faultless, running, started


@pytest.fixture(scope="session")
def browser():
    with started() as browser:
        yield browser


@pytest.fixture(scope="session")
def lab(browser, tmp_path_factory):
    """A running `Lab`; after `browser`, so that nothing starts where that is missing."""
    with running(Lab(tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


@pytest.fixture
def page(browser, lab):
    """A `Page` on the lab; a test fails if it noted a fault."""
    with faultless(Page, browser, lab) as page:
        yield page
