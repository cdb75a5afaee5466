"""The explorer and its drill-down, as an analyst clicks through them in JupyterLab."""

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from tests.browser.lab import Lab

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def explorer(lab: Lab, shelf: Path) -> Iterator[Lab]:
    """Give JupyterLab with an explorer of the demo data."""
    source = (
        "import admira\n"
        'budgets = [{"channel": "google_ads", "month": "2025-12", "budget": 11000}]\n'
        "explorer = admira.explore(admira.demo(), budgets=budgets)\n"
        "explorer"
    )
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, shelf / "explorer.ipynb")
    with lab.opened("explorer.ipynb"):
        lab.run()
        yield lab


def test_a_metric_is_chosen_by_click(explorer: Lab) -> None:
    explorer.wait_for_title("Cost per lead by channel, weekly")
    explorer.press("ROAS")
    explorer.wait_for_title("ROAS by channel, weekly")
    explorer.wait_for_text("roas = revenue / cost")


def test_a_channel_that_is_switched_off_leaves_chart_table_and_code(explorer: Lab) -> None:
    explorer.press("tiktok_ads")
    explorer.wait_for_text('channel=["google_ads", "linkedin_ads", "meta_ads", "microsoft_ads"')
    explorer.press("tiktok_ads")
    explorer.wait_until_gone('channel=["google_ads"')


def test_grain_and_split_follow_the_lists(explorer: Lab) -> None:
    explorer.choose("monthly")
    explorer.wait_for_title("ROAS by channel, monthly")
    explorer.choose("no split")
    explorer.wait_for_title("ROAS, monthly")
    explorer.choose("Channel")
    explorer.wait_for_title("ROAS by channel, monthly")


def test_days_are_entered_and_an_empty_choice_explains_itself(explorer: Lab) -> None:
    explorer.enter_day("2025-11-01", place=0)
    explorer.wait_for_text("Nov 1 – Dec 31, 2025")
    explorer.enter_day("2025-10-01", place=1)
    explorer.wait_for_text("The first day is after the last one")
    explorer.press("90 d")
    explorer.wait_until_gone("The first day is after the last one")


def test_why_opens_the_rows_behind_a_number(explorer: Lab) -> None:
    explorer.choose("meta_ads")
    explorer.wait_for_text("roas = revenue / cost =")
    explorer.wait_for_text("How the opportunities were matched")


def test_the_sections_open_by_click_and_follow_the_choice(explorer: Lab) -> None:
    explorer.press("28 d")
    for title, text in (
        ("What moved", "Contribution"),
        ("Pacing", "At the month's end"),
        ("Tags", "Tags that met no campaign"),
        ("Unusual days", "kpis.admira.anomalies"),
    ):
        explorer.unfold(title)
        explorer.wait_for_text(text)
    explorer.wait_until_gone("Tags that met no campaign")  # one is open at a time
    explorer.unfold("What moved")
    explorer.press("CPC")
    explorer.wait_for_text('metric="cpc"')
    explorer.press("ROAS")
    explorer.wait_until_gone('metric="cpc"')


def test_nothing_went_wrong_on_the_way(explorer: Lab) -> None:
    assert explorer.faults() == []
