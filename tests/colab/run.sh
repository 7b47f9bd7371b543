#!/usr/bin/env bash
# The lessons as on Colab: its Python, its packages, its kind of kernel, and the widgets in
# the notebook page that its ipywidgets was made for. The environment is made once, in the
# folder .venv-colab. Words after it are handed on to pytest.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CI=1 # a test that cannot run is a failure
export PYDEVD_DISABLE_FILE_VALIDATION=1 # each kernel would print a warning

source tests/other_python.sh .venv-colab 3.13
"$uv" pip install --quiet --compile-bytecode --python "$python" \
    --requirement tests/colab/constraints.txt hypothesis nbval playwright pytest pytest-xdist

# The engine and the hand with Colab's Keras, and the messages that it gives; what asks for
# JupyterLab is not for Colab.
"$python" -m pytest -q -n 2 tests/engine tests/by_hand tests/test_error_messages.py \
    tests/test_explain_error.py --ignore tests/engine/test_readiness.py

# Two lessons at a time, then what waits for a browser.
"$python" -m pytest tests/colab/test_colab.py -m colab -rP -n 2 --dist=load "$@"
"$python" -m pytest tests/colab/test_widgets.py -m colab -n 0 "$@"
