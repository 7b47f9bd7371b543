"""Tests in a real JupyterLab and a real Chromium; README.md tells how to run them."""
