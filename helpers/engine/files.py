"""Where the course lies on this machine, and how its files are read and written.

Uses nothing but Python's standard library: the launcher needs it before anything is
installed.
"""

import os
from pathlib import Path

COURSE = Path(__file__).resolve().parent.parent.parent
NOTEBOOKS = COURSE / "notebooks"
DATA = COURSE / "data"


def is_offline():
    """Tell whether ``LAYERS_OFFLINE`` forbids to use the network."""
    return os.environ.get("LAYERS_OFFLINE", "0") not in ("", "0")
