# Sourced by what needs an environment beside the course's own: makes it, in the folder $1,
# of the Python $2, and sets $uv and $python.

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

export UV_CACHE_DIR=${UV_CACHE_DIR:-$PWD/.uv/cache} # the course's own
unset VIRTUAL_ENV # an activated environment is another one; uv would warn of it
python=$1/bin/python
if ! [ -x "$python" ]; then
    # One that is here, one of pyenv's, one that uv can download, in this order.
    wanted=$("$uv" python find --system --no-python-downloads "$2" 2>/dev/null) ||
        { wanted=$(pyenv prefix "$2" 2>/dev/null) && wanted+=/bin/python; } ||
        wanted=$2
    if ! "$uv" venv --quiet --clear --python "$wanted" "$1"; then
        echo "Python $2 is not here and cannot be downloaded: install it and run this" \
            "again." >&2
        exit 1
    fi
fi
