"""Tests in a real JupyterLab and a real Chromium; README.md tells how to run them."""

import pytest

pytest.register_assert_rewrite(
    "browser.lab", "browser.dense_page", "browser.layers_page"
)
