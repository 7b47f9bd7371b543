#!/usr/bin/env bash
# The lessons as on Colab: its Python, its packages, its kind of kernel, and the widgets in
# the notebook page that its ipywidgets was made for. The environment is made once, in the
# folder .venv-colab. Words after it are handed on to pytest.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CI=1 # a test that cannot run is a failure
export PYDEVD_DISABLE_FILE_VALIDATION=1 # each kernel would print a warning

uv=$(python3 -c '
import contextlib
import sys

sys.path.insert(0, ".")
from helpers.classroom.launch import find_uv

with contextlib.redirect_stdout(sys.stderr):
    uv = find_uv()
print(uv or "")
')
[ -n "$uv" ] || exit 1

# An activated environment is another one; uv would warn of it.
unset VIRTUAL_ENV
environment=.venv-colab
python=$environment/bin/python
if ! [ -x "$python" ]; then
    # One that is here, one of pyenv's, one that uv can download, in this order.
    wanted=$("$uv" python find --system --no-python-downloads 3.13 2>/dev/null) ||
        { wanted=$(pyenv prefix 3.13 2>/dev/null) && wanted+=/bin/python; } ||
        wanted=3.13
    if ! "$uv" venv --quiet --clear --python "$wanted" "$environment"; then
        echo "Colab's Python, 3.13, is not here and cannot be downloaded: install it" \
            "and run this again." >&2
        exit 1
    fi
fi
"$uv" pip install --quiet --compile-bytecode --python "$python" \
    --requirement tests/colab/constraints.txt nbval playwright pytest pytest-xdist

# Two lessons at a time, then what waits for a browser.
"$python" -m pytest tests/colab/test_colab.py -m colab -rP -n 2 --dist=load "$@"
"$python" -m pytest tests/colab/test_widgets.py -m colab -n 0 "$@"
