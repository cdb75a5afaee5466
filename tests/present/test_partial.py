"""How tables, charts and cards show periods that are not whole."""

from typing import Any

import pandas as pd
import pytest

import admira
from admira.present.charts import bars, heat_map, over_time
from admira.present.partial import partial_note
from admira.present.static import static_svg
from admira.present.tables import metric_table

SEPTEMBER = "Sep 2025 (the rows begin on Sep 3, 2025)"
DECEMBER = "Dec 2025 (Dec 20, 2025 is not over)"


@pytest.fixture(scope="module")
def demo() -> admira.Store:
    return admira.demo()


def monthly(demo: admira.Store, *by: str, **options: Any) -> pd.DataFrame:
    asked = {"today": "2025-12-20", **options}
    return demo.metrics(["date", *by], grain="month", scope="paid", **asked)


def subtitle(figure: Any) -> str:
    return str(figure.layout.title.subtitle.text).replace("<br>", " ")


def test_a_table_marks_them_and_says_why_below(demo: admira.Store) -> None:
    table = metric_table(monthly(demo), columns=["cost"])
    named = [str(row.cells[0].text) for row in table.rows if not row.is_total]
    assert named == ["Sep 2025*", "Oct 2025", "Nov 2025", "Dec 2025*"]
    assert table.notes[0] == f"* Not whole: {SEPTEMBER}, {DECEMBER}."
    assert "Dec 2025*" in table._repr_html_()


def test_where_all_are_whole_nothing_is_said(demo: admira.Store) -> None:
    kpis = monthly(demo, start="2025-10-01", end="2025-11-30")
    table = metric_table(kpis, columns=["cost"])
    assert [str(row.cells[0].text) for row in table.rows][:2] == ["Oct 2025", "Nov 2025"]
    assert not any("whole" in note for note in table.notes)
    for figure in (over_time(kpis, "cpa"), bars(kpis, "cost")):
        assert subtitle(figure) == ""
        assert "circle-open" not in str(figure.data[0])
        assert figure.data[0].marker.opacity is None


def test_a_table_with_lines_over_time_says_it_of_the_lines(demo: admira.Store) -> None:
    kpis = monthly(demo, "channel", end="2025-12-10")
    table = metric_table(kpis, columns=["cost"], sparkline="cost")
    asked = "Dec 2025 (the days asked for end on Dec 10, 2025)"
    assert table.notes[0] == f"Not whole: {SEPTEMBER}, {asked}."


def test_a_table_without_days_says_it_of_its_period(demo: admira.Store) -> None:
    for more in ({}, {"compare": "previous"}):
        kpis = demo.metrics("channel", period="mtd", today="2025-12-10", **more)
        notes = metric_table(kpis, columns=["cost"]).notes
        assert notes[0] == "Not whole: Dec 1 – 31, 2025 (Dec 10, 2025 is not over)."
    whole = demo.metrics("channel", period="last month", today="2025-12-10")
    assert not any("whole" in note for note in metric_table(whole).notes)


def test_a_line_has_hollow_points_there(demo: admira.Store) -> None:
    figure = over_time(monthly(demo, "channel"), "cpa")
    assert subtitle(figure) == f"Not whole: {SEPTEMBER}, {DECEMBER}."
    for line in figure.data:
        assert line.marker.symbol == ("circle-open", "circle", "circle", "circle-open")
    svg = static_svg(figure)
    assert svg.count('fill="none" stroke="#3b82f6" stroke-width="1.5"/>') == 2


def test_among_many_points_only_the_hollow_ones_show(demo: admira.Store) -> None:
    kpis = demo.metrics("date", rolling=7, scope="paid")
    sizes = over_time(kpis, "cost").data[0].marker.size
    assert [size > 0 for size in sizes] == [True] * 6 + [False] * (len(kpis) - 6)
    assert subtitle(over_time(kpis, "cost")) == (
        "Not whole: Sep 3, 2025 to Sep 8, 2025 (the rows begin on Sep 3, 2025)."
    )


def test_a_bar_is_pale_there(demo: admira.Store) -> None:
    figure = bars(monthly(demo), "cost")
    assert figure.data[0].marker.opacity == (0.45, 1.0, 1.0, 0.45)
    assert static_svg(figure).count('fill-opacity="0.45"') == 2
    assert subtitle(figure).startswith("Not whole: Sep 2025")


def test_a_map_names_them(demo: admira.Store) -> None:
    figure = heat_map(monthly(demo, "channel"), "leads")
    assert f"Not whole: {SEPTEMBER}, {DECEMBER}." in subtitle(figure)


def test_the_explorer_marks_them_beside_a_period_before_too(demo: admira.Store) -> None:
    chosen = {"metric": "cost", "grain": "month", "split": None, "compare": "previous"}
    explorer = admira.explore(demo, start="2025-11-10", end="2025-12-31", **chosen)
    assert len(explorer.figure.data) == 2
    assert "Nov 2025 (the days asked for begin on Nov 10, 2025)" in subtitle(explorer.figure)


def test_cards_say_it_of_their_period(demo: admira.Store) -> None:
    summary = demo.summary(period="mtd", today="2025-12-10")
    assert summary.notes[0] == "Not whole: Dec 1 – 31, 2025 (Dec 10, 2025 is not over)."
    assert not any("whole" in note for note in demo.summary(days=28).notes)


def test_a_period_cut_at_both_ends_is_named_once() -> None:
    covered = {"first": "2025-12-03", "last": "2025-12-15", "first_by": "asked", "last_by": "rows"}
    months = pd.DatetimeIndex(["2025-12-01"])
    assert partial_note(months, {"grain": "month", "covered": covered}) == (
        "Not whole: Dec 2025 (the days asked for begin on Dec 3, 2025; the rows end on Dec 15, "
        "2025)."
    )


def test_it_is_said_in_spanish(demo: admira.Store) -> None:
    admira.set_language("es")
    try:
        notes = metric_table(monthly(demo), columns=["cost"]).notes
    finally:
        admira.set_language(None)
    assert notes[0] == (
        "* Incompletos: sept 2025 (las filas empiezan el 3 sept 2025), dic 2025 (el 20 dic 2025 no "
        "ha terminado)."
    )
