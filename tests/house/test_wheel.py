"""The course installs as ``inside_the_layers``, and works without its folder."""

import os
import re
import subprocess
import sys
import zipfile

import pytest

from helpers.classroom.launch import find_uv, uv_environment
from helpers.engine.files import COURSE

NETWORK = """
import numpy as np
from inside_the_layers.datasets import cat_photograph
from inside_the_layers.networks import trained_cifar10_cnn

model, images = trained_cifar10_cnn(), np.stack([cat_photograph() / 255] * 2)
"""
CHECKS = """
assert layer_outputs(model, images)["conv2d_2"].shape == (2, 4, 4, 64)
assert hand_check(model, images[:1]).equal
from inside_the_layers.exercises import check, quiz
from inside_the_layers.explorers import explore_layers

assert repr(explore_layers(model, images[:1])).endswith(".")
from inside_the_layers.errors import explain_error

explain_error("'KerasTensor' object has no attribute 'numpy'")
check("dense_by_hand.two_inputs", [0, 0.027, 0.053, 1.036])
print(repr(quiz("dense_by_hand"))[:2])
try:
    import helpers
except ModuleNotFoundError:
    print("no helpers here")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    run(find_uv(), "build", "--quiet", "--wheel", "--out-dir", folder, COURSE)
    (path,) = folder.glob("*.whl")
    return path


def run(*words, **options):
    variables = {**uv_environment(), "UV_COMPILE_BYTECODE": "0"}
    done = subprocess.run(
        list(map(str, words)), capture_output=True, text=True, env=variables, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_wheel_holds_the_same_tree_under_another_name(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    here = [path for path in (COURSE / "helpers").rglob("*.*") if path.is_file()]
    files = {path.relative_to(COURSE / "helpers").as_posix() for path in here}
    assert names >= {
        f"inside_the_layers/{file}" for file in files if "__pycache__" not in file
    }
    data = "inside_the_layers/data/"
    assert f"{data}error_messages.md" in names
    assert names >= {f"{data}cat.png", f"{data}emoji.png", f"{data}emoji_LICENSE.txt"}
    assert not any(name.startswith(("helpers/", "tests/", "data/")) for name in names)


@pytest.mark.slow
def test_readmes_example_runs_where_only_the_wheel_is_installed(wheel, tmp_path):
    environment = tmp_path / "environment"
    run(find_uv(), "venv", "--quiet", "--python", sys.executable, environment)
    folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    python = environment / folder / name
    run(find_uv(), "pip", "install", "--quiet", "--python", python, wheel)
    readme = (COURSE / "README.md").read_text(encoding="utf-8")
    (example,) = [
        block
        for block in re.findall(r"^```python\n([\s\S]+?)^```", readme, re.MULTILINE)
        if "inside_the_layers" in block
    ]
    out = run(python, "-c", NETWORK + example + CHECKS, cwd=tmp_path)
    assert out.splitlines()[-3:] == [
        "✓ Right. Add first, then cut: ReLU acts on the sum, not on the products.",
        "1.",
        "no helpers here",
    ]
