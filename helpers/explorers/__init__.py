"""Widgets that show the arithmetic of a network while the hand moves.

The browser computes what they show, from weights that are sent once. The files of the
folder ``browser`` hold that arithmetic and can be read like the Python ones.
"""

from .dense import explore_dense  # noqa: F401
from .layers import explore_layers  # noqa: F401
