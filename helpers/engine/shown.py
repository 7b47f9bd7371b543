"""How an object of the course shows itself: a widget in a notebook, text in a file."""

import ipywidgets
from IPython import get_ipython
from IPython.display import display

PARTS = "layout", "style"
SHOWN = {}  # {cell: (its run, the widgets that it made)}


class ShownBox:
    """A base class for what a notebook shows as the widget ``self.box``.

    Where no widget runs, and in the notebook's file, ``repr(self)`` stands in its place.
    """

    def _ipython_display_(self):
        # The same in ipywidgets 7 and 8, and as text exactly what a file can store.
        view = {"version_major": 2, "version_minor": 0, "model_id": self.box.model_id}
        forms = {"application/vnd.jupyter.widget-view+json": view}
        display({"text/plain": repr(self), **forms}, raw=True)


def close_earlier(widget):
    """Close what an earlier run of this cell made: or the notebook's file would grow.

    Only JupyterLab says which cell it is; elsewhere nothing is closed.
    """
    parent = getattr(get_ipython(), "get_parent", dict)()
    cell = parent.get("metadata", {}).get("cellId")
    run = parent.get("header", {}).get("msg_id")
    if cell is None:
        return
    before, widgets = SHOWN.get(cell, (run, []))
    if before != run:
        for one in widgets:
            close(one)
        widgets = []
    SHOWN[cell] = run, [*widgets, widget]


def close(widget):
    """Close a widget with all parts of it."""
    parts = *getattr(widget, "children", ()), *map(widget.trait_values().get, PARTS)
    for part in parts:
        if isinstance(part, ipywidgets.Widget):
            close(part)
    widget.close()
