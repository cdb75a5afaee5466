"""What every notebook is: whole, in order, small, at home on any machine, and sure of its way."""

import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.notebooks.execute import NOTEBOOKS
from tests.notebooks.hygiene import faults


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_fit_to_be_committed(path: Path) -> None:
    assert faults(path) == []


@pytest.fixture
def good() -> NotebookNode:
    """Give a notebook without a fault."""
    shown = new_output("execute_result", {"text/plain": "2", "text/html": "<b>2</b>"})
    return new_notebook(
        cells=[
            new_markdown_cell("# One\n\n**What** a sum. **Why** to see. **Time** a moment."),
            new_code_cell("two = 1 + 1", execution_count=1),
            new_code_cell("two", execution_count=2, outputs=[shown]),
            new_markdown_cell("## Where to go next\n\nTo three."),
        ]
    )


def _shows(html: str) -> Callable[[NotebookNode], None]:
    """Spoil a notebook by what its third cell shows."""

    def spoil(notebook: NotebookNode) -> None:
        notebook.cells[2].outputs[0].data["text/html"] = html

    return spoil


def _changes(place: int, **values: object) -> Callable[[NotebookNode], None]:
    """Spoil a notebook by something else in one cell."""

    def spoil(notebook: NotebookNode) -> None:
        notebook.cells[place].update(nbformat.from_dict(values))

    return spoil


ERROR = new_output("error", ename="KeyError", evalue="'cpaa'", traceback=["KeyError: 'cpaa'"])
TAGGED = {"tags": ["raises-exception"]}


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (_changes(0, source="# One"), r"opens without \*\*What\*\*, \*\*Why\*\*, \*\*Time\*\*"),
        (_changes(0, cell_type="raw"), "opens without words"),
        (_changes(3, source="The end."), "ends without 'Where to go next'"),
        (_changes(2, execution_count=3), r"not run once from top to bottom: \[1, 3\]"),
        (_changes(2, execution_count=None), r"not run once from top to bottom: \[1, None\]"),
        (_changes(2, outputs=[]), "cell 3: shows nothing"),
        (_changes(2, outputs=[ERROR]), "cell 3: fails"),
        (_changes(1, metadata=TAGGED), "cell 2: is tagged raises-exception and does not fail"),
        (_changes(1, source="ads = '/home/ana/ads.csv'"), "cell 2: names a place of one machine"),
        (_shows("<p>/tmp/x1b2/store</p>"), "cell 3: names a place of one machine: '/tmp/x1b2"),
        (_shows(r"<p>C:\Users\ana</p>"), "cell 3: names a place of one machine"),
        (_shows("<script>alert(1)</script>"), "cell 3: shows text/html with a script"),
        (_shows('<img src="https://a.example/i.png">'), "cell 3: shows what another host .* <img"),
        (_shows("<link rel=stylesheet href=//a.example/s.css>"), "cell 3: shows what another host"),
        (_shows('<p style="background:url(https://a.example)">'), "cell 3: shows what another"),
        (_shows("<p>" + "long " * 40_000 + "</p>"), "19. KB, at most 150"),
    ],
)
def test_a_fault_is_named(
    good: NotebookNode, spoil: Callable[[NotebookNode], None], fault: str, tmp_path: Path
) -> None:
    path = tmp_path / "spoilt.ipynb"
    spoil(good)
    nbformat.write(good, path)
    (found,) = faults(path)
    assert re.search(fault, found), found


@pytest.mark.parametrize(
    "change",
    [
        _changes(2, source="two;", outputs=[]),
        _changes(2, source="print('')", outputs=[], metadata={"tags": ["silent"]}),
        _changes(2, source="%matplotlib inline\nthree = 3", outputs=[]),
        _changes(2, outputs=[ERROR], metadata=TAGGED),
        _shows('<a href="https://example.com/home/ana">guide</a>'),
        _shows('<img src="data:image/svg+xml;base64,PHN2Zy8+">'),
        _changes(1, source="shop = '/data/shop'"),
    ],
)
def test_what_is_meant_is_no_fault(
    good: NotebookNode, change: Callable[[NotebookNode], None], tmp_path: Path
) -> None:
    path = tmp_path / "good.ipynb"
    change(good)
    nbformat.write(good, path)
    assert faults(path) == []
