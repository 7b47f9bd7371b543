"""What a notebook says below a NameError: run the cells above.

`helpers.environment.set_up` imports this file. A kernel that `lab` starts runs it before
the first cell (PYTHONSTARTUP), so that it also speaks where no setup cell was run.
"""


def explain(shell, kind, error, trace, tb_offset=None):
    """Show the error as ever, and one sentence if a cell above may be what is missing."""
    shell.showtraceback((kind, error, trace), tb_offset)
    if kind is NameError or getattr(error, "name", "") == "helpers":
        print(
            "Is it made by a cell above? Run the cells from the top, the setup cell first "
            "(Run → Run All Above Selected Cell)."
        )


try:
    from IPython import get_ipython

    get_ipython().set_custom_exc((NameError, ModuleNotFoundError), explain)
except (ImportError, AttributeError):  # no notebook
    pass
del explain  # it is no name of the notebook's
