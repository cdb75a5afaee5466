"""The browser tests themselves: they see what is wrong, and can do what a reader does."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.browser.chromium import empty_page
from tests.browser.lab import Lab
from tests.notebooks.execute import normalised

browser = pytest.mark.browser

Write = Callable[..., str]


@pytest.fixture
def write(shelf: Path, request: pytest.FixtureRequest) -> Write:
    """Give a function that writes a notebook of cells where the server sees it."""

    def write(*cells: NotebookNode) -> str:
        name = re.sub(r"\W+", "-", request.node.name) + ".ipynb"
        nbformat.write(normalised(new_notebook(cells=list(cells))), shelf / name)
        return name

    return write


def _html(html: str) -> NotebookNode:
    """Give a cell that shows HTML when it is run."""
    return new_code_cell(f"from IPython.display import HTML\nHTML({html!r})")


@browser
@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        (new_code_cell("1 / 0"), "cell 1: ZeroDivisionError: division by zero"),
        (
            _html('<script src="https://cdn.example/chart.js"></script>'),
            "asks another host: https://cdn.example/chart.js",
        ),
        (
            _html('<img src="https://cdn.example/i.png">'),
            "asks another host: https://cdn.example/i.png",
        ),
        (_html("<script>throw new Error('no such chart')</script>"), "error in the page: no such"),
        (new_code_cell("print('Error displaying widget')"), "shows 'Error displaying widget'"),
    ],
    ids=["error", "script", "image", "page", "widget"],
)
def test_a_notebook_with_a_fault_fails(
    lab: Lab, write: Write, cell: NotebookNode, fault: str
) -> None:
    with lab.opened(write(cell)):
        lab.run()
        (found,) = lab.faults()
    assert found.startswith(fault)


@browser
def test_an_error_that_is_meant_is_no_fault(lab: Lab, write: Write) -> None:
    meant = new_code_cell("1 / 0", metadata={"tags": ["raises-exception"]})
    with lab.opened(write(meant, new_code_cell("print('went on')"))):
        lab.run()
        lab.wait_for_text("went on")
        assert lab.faults() == []


@browser
def test_what_a_reopened_notebook_does_not_show_is_named(lab: Lab, write: Write) -> None:
    drawn = {"text/html": "<p>Sales</p><svg></svg>", "text/plain": "Sales"}
    table = {"text/html": "<table><tr><td>4</td></tr></table>", "text/plain": "4"}
    box = {
        "application/vnd.jupyter.widget-view+json": {"model_id": "0" * 32, "version_major": 2},
        "text/plain": "VBox(children=(IntSlider(value=0),))",
    }
    outputs = [[new_output("display_data", shown)] for shown in (drawn, table, box)]
    with lab.opened(write(*(new_code_cell("shown", outputs=output) for output in outputs))):
        assert not lab.is_trusted()
        assert lab.lost() == ["cell 1: 0 of 1 svg"]
        lab.page.evaluate("() => document.querySelector('.jp-OutputArea-output td').remove()")
        assert lab.lost() == ["cell 1: 0 of 1 svg", "cell 2: text 4"]
        assert lab.faults() == ["shows 'VBox(children'"]


EXPLORER = """
import ipywidgets as widgets

by = widgets.Dropdown(options=["channel", "campaign"], description="Split")
grain = widgets.Dropdown(options=["day", "channel"], description="Grain")
paid = widgets.ToggleButton(description="Paid")
day, search = widgets.DatePicker(), widgets.Text()
chart, said = widgets.Output(), widgets.HTML()

def show(change=None):
    said.value = f"{by.value}, {grain.value}, {paid.value}, {day.value}, {search.value}."
    figure = {"data": [{"type": "scatter", "y": [1, 2]}], "layout": {}}
    mime = {"application/vnd.plotly.v1+json": figure, "text/plain": "a line"}
    chart.outputs = ({"output_type": "display_data", "data": mime, "metadata": {}},)

for control in (by, grain, paid, day, search):
    control.observe(show, "value")
show()
widgets.VBox([by, grain, paid, day, search, said, chart])
"""


@browser
def test_a_reader_can_use_widgets(lab: Lab, write: Write) -> None:
    with lab.opened(write(new_code_cell(EXPLORER))):
        lab.run()
        lab.wait_for_charts(1)
        lab.wait_for_text("channel, day, False, None, .")
        lab.choose("campaign")
        lab.wait_for_text("campaign, day, False, None, .")
        lab.choose("channel", label="Grain")
        lab.press("Paid")
        lab.enter_day("2026-06-01")
        lab.enter_text("brand")
        lab.wait_for_text("campaign, channel, True, 2026-06-01, brand.")
        lab.wait_until_gone("False")
        assert lab.faults() == []


@pytest.mark.parametrize(
    ("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)]
)
def test_a_missing_browser_skips_but_fails_in_ci(
    ci: str, outcome: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="no browser found"), empty_page():
        pass


@pytest.mark.parametrize(
    ("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)]
)
def test_a_missing_playwright_skips_but_fails_in_ci(
    ci: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.browser.chromium.found_binary", lambda: "chromium")
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match=r"pip install 'admira\[browser\]'"), empty_page():
        pass
