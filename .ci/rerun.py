"""Run lessons from top to bottom and store their outputs, as the tests expect them.

    python .ci/rerun.py notebooks/01_dense_by_hand.ipynb [...]

Runs offline and without CIFAR-10 on a Keras folder of its own, so that every machine
stores the same outputs. Cells tagged ``nbval-ignore-output`` are stored without any:
what differs from machine to machine cannot be compared. A cell that fails stops the
run, and the file stays as it was.
"""

import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nbformat
from nbclient import NotebookClient

import conftest  # noqa: F401  makes the machine the one of the tests

ROOT = Path(__file__).resolve().parent.parent


def execute(notebook, folder):
    """Run the cells of a notebook in a new kernel that starts in ``folder``."""
    NotebookClient(
        notebook,
        timeout=120,
        record_timing=False,
        resources={"metadata": {"path": folder}},
        coalesce_streams=True,
    ).execute()


def nbval(notebook, name, folder, *options):
    """Run a notebook under nbval in a course made in ``folder``; return what it prints."""
    for part in ("helpers", "data"):
        (folder / part).symlink_to(ROOT / part)
    (folder / "notebooks").mkdir()
    shutil.copy(ROOT / "conftest.py", folder)
    nbformat.write(notebook, folder / "notebooks" / name)
    return nbval_in(folder, "notebooks", *options)


def nbval_in(folder, target, *options, environment=None):
    """Run what is in a folder under nbval; return exit code and what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q", "-rf"]
        + [*options, "-p", "no:cacheprovider", "-p", "no:xdist", target],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout


def rerun(path):
    """Execute one notebook and write it back, free of times and machine details."""
    notebook = nbformat.read(path, as_version=4)
    execute(notebook, path.parent)
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):  # a widget is gone with its kernel
            output.get("data", {}).pop(WIDGET_VIEW, None)
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, path)


WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit(__doc__.strip())
    for name in sys.argv[1:]:
        rerun(Path(name))
        print(f"{name}: run and stored")
