"""Runs the notebooks and writes them back with what they show.

``python -m tests.notebooks.execute`` does it for all, or for those named: ``… 01_quickstart``.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

_TIMEOUT_SECONDS = 120
_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def read(path: Path) -> NotebookNode:
    """Read a notebook."""
    return nbformat.read(path, as_version=4)


def executed(path: Path) -> NotebookNode:
    """Run a notebook in its own folder and give it with its outputs; the file stays as it is."""
    notebook = read(path)
    NotebookClient(
        notebook,
        timeout=_TIMEOUT_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        store_widget_state=False,
        record_timing=False,
        coalesce_streams=True,
    ).execute()
    return normalised(notebook)


def normalised(notebook: NotebookNode) -> NotebookNode:
    """Leave out what belongs to one run or one machine: timing, widget state, versions."""
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = NotebookNode({"tags": tags} if tags else {})
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": _KERNEL, "language_info": {"name": "python"}}
    )
    return notebook


def main(names: Sequence[str] = ()) -> None:
    """Run and rewrite the notebooks named, or all."""
    known = {path.stem: path for path in NOTEBOOKS}
    unknown = [name for name in names if name.removesuffix(".ipynb") not in known]
    if unknown:
        sys.exit(f"no notebook {', '.join(unknown)}; there are {', '.join(known)}")
    for name in names or known:
        path = known[name.removesuffix(".ipynb")]
        nbformat.write(executed(path), path)
        print(f"{path.name}  {path.stat().st_size / 1024:.0f} KB")  # noqa: T201 - a command


if __name__ == "__main__":
    main(sys.argv[1:])
