#!/usr/bin/env bash
# Files that Keras 2 itself writes, against its own answers, and what the page of error
# messages says about Keras 2. The environment, with tf_keras beside the course's packages,
# is made once, in the folder .venv-keras-2. Words after it are handed on to pytest.
set -euo pipefail
cd "$(dirname "$0")/../.."

source tests/other_python.sh .venv-keras-2 3.12
"$uv" pip install --quiet --compile-bytecode --python "$python" \
    --constraint data/tested_versions.txt \
    --requirement pyproject.toml --group test --group keras-2
"$python" -m pytest -q -n 2 --dist=load -m keras_2 tests/keras_2 "$@"
