"""KPI tables to be looked at."""

import re

import pandas as pd
import pytest

import admira
from admira.errors import OptionError
from admira.present.tables import MetricTable, metric_table


@pytest.fixture(scope="module")
def demo() -> admira.Store:
    return admira.demo()


@pytest.fixture(scope="module")
def weekly(demo: admira.Store) -> pd.DataFrame:
    return demo.metrics(by=["date", "channel"], grain="week")


def texts(table: MetricTable) -> list[list[str]]:
    return [[str(cell.text) for cell in row.cells] for row in table.rows]


def test_totals_are_ratios_of_sums_and_named(demo: admira.Store, weekly: pd.DataFrame) -> None:
    table = metric_table(weekly, columns=["cost", "cpa", "roas"], sparkline="cpa")
    *_, paid, everything = texts(table)
    expected = demo.metrics(by=[], scope="paid").iloc[0]
    assert paid[:2] == ["Paid", f"€{expected['cost']:,.0f}"]
    assert paid[2] == f"€{expected['cpa']:.2f}"
    assert everything[0] == "All (blended)"
    assert any("ratios of sums" in note for note in table.notes)


def test_without_buckets_there_is_one_total(demo: admira.Store) -> None:
    by_channel = demo.metrics(by="channel", scope="paid")
    assert [row[0] for row in texts(metric_table(by_channel))][-1] == "Paid"
    by_currency = demo.metrics(by="currency")
    assert [row[0] for row in texts(metric_table(by_currency))][-1] == "All (blended)"
    by_currency.attrs.clear()  # nothing says any more what they are
    assert [row[0] for row in texts(metric_table(by_currency))][-1] == "Total"


def test_a_long_table_says_what_is_left_and_its_totals_include_it(demo: admira.Store) -> None:
    kpis = demo.metrics(by=["channel", "campaign_id"], scope="paid")
    table = metric_table(kpis, columns=["cost"], top=5)
    assert len(table.frame) == 5
    assert table.frame["cost"].is_monotonic_decreasing
    assert f"{len(kpis) - 5} more rows" in table.notes[0]
    assert texts(table)[-1][-1] == f"€{kpis['cost'].sum():,.0f}"


def test_a_sparkline_needs_days_and_draws_each_group(weekly: pd.DataFrame) -> None:
    table = metric_table(weekly, sparkline="cpa")
    drawn = [row.cells[-1].text for row in table.rows if not row.is_total]
    assert len(drawn) == weekly["channel"].nunique()
    assert all(str(each).startswith("<img src=") for each in drawn[2:])
    with pytest.raises(OptionError, match="'date' in by="):
        metric_table(weekly.drop(columns="date"), sparkline="cpa")


def test_a_group_over_time_has_the_figures_of_all_its_days(
    demo: admira.Store, weekly: pd.DataFrame
) -> None:
    shown = metric_table(weekly, sparkline="cpa").frame
    pd.testing.assert_frame_equal(shown, demo.metrics(by="channel"))


def test_the_largest_bar_fills_its_cell(weekly: pd.DataFrame) -> None:
    table = metric_table(weekly, bar="cost", sparkline="cost")
    place = [head.text for head in table.heads].index("Cost")
    widths = [
        float(re.search(r"\) ([\d.]+)%", row.cells[place].style)[1])  # type: ignore[index]
        for row in table.rows
        if not row.is_total
    ]
    costs = table.frame["cost"].to_numpy()
    assert widths == pytest.approx((100 * costs / costs.max()).tolist(), abs=0.06)


def test_changes_are_good_or_bad_by_the_metrics_direction(demo: admira.Store) -> None:
    kpis = demo.compare("channel", start="2025-11-01", end="2025-11-30", scope="paid")
    table = metric_table(kpis, columns=["cpa", "roas"])
    for row, found in zip(table.rows, kpis.to_dict("records"), strict=False):
        for cell, name, is_good in (
            (row.cells[1], "cpa", lambda change: change < 0),
            (row.cells[2], "roas", lambda change: change > 0),
        ):
            change = found[f"{name}_change"]
            if not pd.isna(change):
                assert cell.note_colour == ("#16a34a" if is_good(change) else "#dc2626")
    total = demo.compare([], start="2025-11-01", end="2025-11-30", scope="paid").iloc[0]
    paid = next(row for row in table.rows if row.is_total)
    assert paid.cells[1].note.strip("+−").rstrip("%") == f"{abs(total['cpa_change']):.1%}".rstrip(
        "%"
    )


def test_a_ratio_without_value_is_a_dash_with_its_reason(demo: admira.Store) -> None:
    table = metric_table(demo.metrics(by="channel"), columns=["cpc"])
    assert (table.rows[0].cells[1].text, table.rows[0].cells[1].title) == ("–", "n/a: Clicks is 0")


def test_money_in_several_currencies_has_no_total_and_its_own_sign() -> None:
    facts = pd.concat(
        [
            admira.join_utm(e.ads_frame.assign(currency=code), e.crm_frame.assign(currency=code))
            for code, e in [(c, admira.datasets.worked_example()) for c in ("EUR", "USD")]
        ]
    )
    kpis = admira.compute_metrics(facts, by=["channel", "currency"], scope="paid")
    table = metric_table(kpis, columns=["cost"])
    assert [row[-1] for row in texts(table)] == ["€650.75", "$650.75", "€200.00", "$200.00"]
    assert "never added" in table.notes[0]


def test_a_metric_that_is_not_there_is_refused(weekly: pd.DataFrame) -> None:
    with pytest.raises(OptionError, match="Did you mean 'cpa'"):
        metric_table(weekly, columns=["cpaa"])
    with pytest.raises(OptionError, match="bar='profit'"):
        metric_table(weekly, bar="profit")


def test_what_is_shown_is_escaped_and_needs_no_script(demo: admira.Store) -> None:
    hostile = demo.metrics(by="channel").assign(channel="<img src=x onerror=alert(1)>")
    html = metric_table(hostile)._repr_html_()
    assert "<img src=x" not in html
    assert not re.search(r"<script|<style|<svg|https?://", html)


def test_a_table_says_what_it_is_on_one_line(weekly: pd.DataFrame) -> None:
    table = metric_table(weekly, columns=["cost"])
    assert repr(table) == "<MetricTable: 50 rows; Date, Channel, Cost>"


def test_an_empty_table_is_a_table() -> None:
    table = metric_table(admira.open_store("memory:").metrics(by="channel"))
    assert [row[0] for row in texts(table)] == ["Paid"]
