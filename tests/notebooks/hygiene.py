"""What a notebook must be before it is committed, as a list of faults."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from tests.notebooks.execute import FOLDER, read
from tests.notebooks.outputs import shown

MOST_BYTES = 150 * 1024

_MACHINE_PATH = re.compile(
    r"(?<![\w.<])/(?:home|root|tmp|Users|private|mnt|var/folders)/|\b[A-Z]:\\+Users\b"
)
_SCRIPT = re.compile(r"<script\b", re.IGNORECASE)
_REMOTE = re.compile(
    r"<(?!a\b)[a-z]+\b[^>]*\b(?:src|href|data|poster)\s*=\s*[\"']?(?:https?:)?//[^\s\"'>]*"
    r"|(?:url\(|@import)\s*[\"']?(?:https?:)?//[^\s\"')]*",
    re.IGNORECASE,
)


def faults(path: Path) -> list[str]:
    """Say what is wrong with a notebook file."""
    notebook = read(path)
    found = [*_faults_of_size(path), *_faults_of_the_frame(notebook)]
    for place, cell in enumerate(notebook.cells, start=1):
        checks = [_faults_of_text(cell)]
        checks += [_faults_of_code(cell), _faults_of_outputs(cell)] if _is_code(cell) else []
        found += [f"cell {place}: {fault}" for check in checks for fault in check]
    counts = [cell.execution_count for cell in notebook.cells if _is_code(cell)]
    if counts != list(range(1, len(counts) + 1)):
        found.append(f"not run once from top to bottom: {counts}")
    return found


def _is_code(cell: NotebookNode) -> bool:
    return bool(cell.cell_type == "code")


def _tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", ()))


def _faults_of_size(path: Path) -> Iterator[str]:
    size = path.stat().st_size
    if size > MOST_BYTES:
        yield f"{size / 1024:.0f} KB, at most {MOST_BYTES // 1024}"


def _faults_of_the_frame(notebook: NotebookNode) -> Iterator[str]:
    """Look at how it opens and ends, and at what belongs to one run."""
    first, last = notebook.cells[0], notebook.cells[-1]
    missing = [word for word in ("**What**", "**Why**", "**Time**") if word not in first.source]
    if first.cell_type != "markdown" or missing:
        yield f"opens without {', '.join(missing) or 'words'}"
    if last.cell_type != "markdown" or "Where to go next" not in last.source:
        yield "ends without 'Where to go next'"
    if "widgets" in notebook.metadata:
        yield "holds the state of its widgets"


def _faults_of_text(cell: NotebookNode) -> Iterator[str]:
    """Look for places of one machine, in the source and in what is shown."""
    text = "\n".join([cell.source, *shown(cell)])
    for place in (_MACHINE_PATH.search(text), re.search(re.escape(str(FOLDER.parent)), text)):
        if place:
            yield f"names a place of one machine: {text[place.start() :][:60]!r}"


def _faults_of_code(cell: NotebookNode) -> Iterator[str]:
    """Look for a cell that should show something and does not."""
    if not cell.outputs and "silent" not in _tags(cell) and _ends_in_a_value(cell.source):
        yield "shows nothing, and is not silent by design (end it with ; or tag it silent)"


def _ends_in_a_value(source: str) -> bool:
    """Whether the last statement is an expression whose value a notebook shows."""
    body = ast.parse(TransformerManager().transform_cell(source)).body
    return bool(body) and isinstance(body[-1], ast.Expr) and not source.rstrip().endswith(";")


def _faults_of_outputs(cell: NotebookNode) -> Iterator[str]:
    """Look for errors that are not meant, and for what another host would have to give."""
    failed = any(output.output_type == "error" for output in cell.outputs)
    if failed != ("raises-exception" in _tags(cell)):
        yield "fails" if failed else "is tagged raises-exception and does not fail"
    for output in cell.outputs:
        for kind in ("text/html", "image/svg+xml", "text/markdown"):
            text = output.get("data", {}).get(kind, "")
            if _SCRIPT.search(text):
                yield f"shows {kind} with a script"
            if remote := _REMOTE.search(text):
                yield f"shows what another host would have to give: {remote[0][:100]}"
