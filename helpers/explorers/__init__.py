"""Widgets that show the arithmetic of a network while the hand moves.

The browser computes what they show, from weights that are sent once. The files
``dense.js`` and ``layers.js`` hold that arithmetic and can be read like the Python ones.
"""

import importlib

HOMES = {
    "explore_dense": ".dense",
    "explore_layers": ".layers",
}
__all__ = list(HOMES)


def __getattr__(name):
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(HOMES[name], __name__), name)
