"""How an object of the course shows itself: a widget in a notebook, text in a file."""

from IPython.display import display


class ShownBox:
    """A base class for what a notebook shows as the widget ``self.box``.

    Where no widget runs, and in the notebook's file, ``repr(self)`` stands in its place.
    """

    def _ipython_display_(self):
        # The same in ipywidgets 7 and 8, and as text exactly what a file can store.
        view = {"version_major": 2, "version_minor": 0, "model_id": self.box.model_id}
        forms = {"application/vnd.jupyter.widget-view+json": view}
        display({"text/plain": repr(self), **forms}, raw=True)
