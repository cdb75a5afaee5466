"""Every notebook in a real JupyterLab, with no other host to reach: run, and only opened."""

from pathlib import Path

import nbformat
import pytest

from tests.browser.lab import CHART_TYPE, Lab
from tests.notebooks.execute import NOTEBOOKS, read

pytestmark = pytest.mark.browser
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@each_notebook
def test_a_notebook_runs_clean(lab: Lab, path: Path, pictures: Path) -> None:
    with lab.opened(f"notebooks/{path.name}"):
        lab.run()
        assert lab.faults() == []
        _take_pictures(lab, pictures, path.stem)


@each_notebook
def test_a_notebook_reads_well_when_it_is_opened_and_not_run(
    lab: Lab, path: Path, shelf: Path, pictures: Path
) -> None:
    committed = read(path)
    committed.metadata["reopened"] = True  # else JupyterLab trusts it for having run its like
    nbformat.write(committed, shelf / "reopened.ipynb")
    with lab.opened("reopened.ipynb"):
        assert not lab.is_trusted()
        lab.wait_for_charts(lab.shown(CHART_TYPE))
        assert lab.lost() == []
        assert lab.faults() == []
        _take_pictures(lab, pictures, f"{path.stem}-reopened")


def _take_pictures(lab: Lab, folder: Path, name: str) -> None:
    """Save pictures in both themes."""
    lab.screenshot(folder / f"{name}-light.png")
    lab.theme("Dark")
    try:
        lab.screenshot(folder / f"{name}-dark.png")
    finally:
        lab.theme("Light")
