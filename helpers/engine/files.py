"""Where the course lies on this machine, and how its files are read and written.

Uses nothing but Python's standard library: the launcher needs it before anything is
installed.
"""

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
COURSE = PACKAGE.parent
NOTEBOOKS = COURSE / "notebooks"
# Installed with pip, the package has its data inside; there is no course then.
DATA = PACKAGE / "data" if (PACKAGE / "data").is_dir() else COURSE / "data"


def is_offline():
    """Tell whether ``LAYERS_OFFLINE`` forbids to use the network."""
    return os.environ.get("LAYERS_OFFLINE", "0") not in ("", "0")
