"""The notebooks are true: what they show is what they give when they are run."""

from base64 import b64encode
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.notebooks import execute
from tests.notebooks.execute import NOTEBOOKS, executed, read
from tests.notebooks.outputs import differences


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_it_gives_when_it_is_run(path: Path) -> None:
    found = differences(read(path), executed(path))
    assert not found, (
        f"{path.name} shows something else now. If that is right, write it with "
        f"`python -m tests.notebooks.execute {path.stem}`.\n" + "\n".join(found)
    )


def _written(path: Path, *sources: str) -> Path:
    """Write a notebook of code cells that was not run."""
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources]), path)
    return path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Give a notebook with a number, an address, a widget and two pieces of print."""
    widget = "import ipywidgets\nipywidgets.HBox([ipywidgets.IntSlider(description='Days')])"
    prints = "print('one', flush=True)\nprint('two')"
    return _written(tmp_path / "small.ipynb", "20 + 1", "object()", widget, prints)


def test_another_number_is_named_with_its_cell(small: Path) -> None:
    before = executed(small)
    after = executed(_written(small, "20 + 2", *(cell.source for cell in before.cells[1:])))
    (difference,) = differences(before, after)
    assert difference.startswith("cell 1:\n")
    assert "-21\n+22" in difference


def test_addresses_and_widget_ids_are_no_difference(small: Path) -> None:
    before, after = executed(small), executed(small)
    assert before.cells[1].outputs != after.cells[1].outputs
    assert before.cells[2].outputs != after.cells[2].outputs
    assert differences(before, after) == []


@pytest.mark.parametrize(("factor", "differ"), [(1 + 1e-13, False), (1 + 1e-6, True)])
def test_the_last_digits_of_a_charts_numbers_are_no_difference(
    factor: float, *, differ: bool
) -> None:
    before, after = _with_chart(1.0), _with_chart(factor)
    assert before.cells[0].outputs != after.cells[0].outputs
    assert bool(differences(before, after)) == differ


def _with_chart(factor: float) -> NotebookNode:
    """Give a notebook with a chart, its numbers packed and plain."""
    numbers = factor * np.array([0.1, 7e5])
    packed = {"dtype": "f8", "bdata": b64encode(numbers.tobytes()).decode()}
    chart = {"data": [{"x": packed, "y": numbers.tolist()}], "layout": {}}
    shown = new_output("display_data", {"application/vnd.plotly.v1+json": chart})
    return new_notebook(cells=[new_code_cell("chart", outputs=[shown])])


def test_a_long_difference_is_cut(small: Path) -> None:
    before = executed(small)
    after = executed(_written(small, "print('\\n'.join('abc' * 20))", *["0"] * 3))
    assert differences(before, after)[0].endswith(" more lines")


def test_a_notebook_that_fails_is_no_notebook(tmp_path: Path) -> None:
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        executed(_written(tmp_path / "wrong.ipynb", "1 / 0"))


def test_the_command_writes_notebooks_that_are_the_same_when_run_again(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(execute, "NOTEBOOKS", [small])
    ids = [cell.id for cell in read(small).cells]
    execute.main()
    written = read(small)
    assert capsys.readouterr().out.startswith("small.ipynb  ")
    assert [cell.id for cell in written.cells] == ids
    assert [cell.execution_count for cell in written.cells] == [1, 2, 3, 4]
    assert written.cells[3].outputs[0].text == "one\ntwo\n"
    assert "widgets" not in written.metadata
    execute.main(["small"])
    assert differences(written, read(small)) == []


def test_the_command_refuses_a_notebook_that_is_not_there() -> None:
    with pytest.raises(SystemExit, match="no notebook 00_nothing; there are 01_"):
        execute.main(["00_nothing"])
