#!/usr/bin/env bash
# The lowest versions that pyproject.toml allows, on the lowest Python. The environment is
# made once, in the folder .venv-lowest. Words after it are handed on to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."

source tests/other_python.sh .venv-lowest 3.10
"$uv" pip install --quiet --compile-bytecode --python "$python" --resolution lowest-direct \
    --requirement pyproject.toml --group test --group slides
"$python" -m pytest -q -n 2 tests/engine tests/by_hand tests/exercises tests/figures \
    tests/explorers tests/classroom tests/test_*.py "$@"
