"""What questions give, as tables and charts: each figure in its unit, and what to know of it."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import admira
from admira.errors import OptionError
from admira.present.answers import answer_table
from admira.present.kinds import KINDS, kind_of
from admira.present.tables import MetricTable
from admira.showing import Answer
from tests.stores.rows import ads

NOVEMBER = {"start": "2025-11-01", "end": "2025-11-30"}
BUDGETS = [
    {"channel": "google_ads", "month": "2025-12", "budget": 11000},
    {"channel": "reddit_ads", "month": "2025-12", "budget": 900},
]


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    admira.set_language("en")
    yield
    admira.set_language(None)


@pytest.fixture(scope="module")
def answers() -> dict[str, pd.DataFrame]:
    store = admira.demo()
    return {
        "movers": store.movers("roas", **NOVEMBER, top=3),
        "pacing": store.pacing(BUDGETS, today="2025-12-15"),
        "anomalies": store.anomalies("cost", start="2025-11-01"),
        "cohorts": store.cohorts(),
        "lags": store.lags(by="channel"),
        "forecast": store.forecast("cost", horizon=7),
        "check": store.check({"google_ads": 41233.10}, **NOVEMBER),
        "freshness": store.freshness(),
    }


def texts(table: MetricTable) -> list[list[str]]:
    return [[str(cell.text) for cell in row.cells] for row in table.rows]


def heads(table: MetricTable) -> list[str]:
    return [str(cell.text) for cell in table.heads]


def test_each_answer_is_told_by_its_columns_and_shown_as_a_table(
    answers: dict[str, pd.DataFrame],
) -> None:
    for name, answer in answers.items():
        kind = kind_of(answer)
        assert kind is not None
        assert kind.name == name
        html = answer._repr_html_()
        assert "admira-table" in html
        assert "<script" not in html
        assert "<style" not in html
    assert {kind.name for kind in KINDS} == {*answers, "changes"}


def test_an_answer_is_a_frame_whose_parts_are_plain(answers: dict[str, pd.DataFrame]) -> None:
    answer = answers["movers"]
    assert isinstance(answer, Answer)
    assert answer.attrs["metric"] == "roas"
    assert type(answer.head(2)) is pd.DataFrame
    assert "contribution" in repr(answer)  # a terminal shows the rows
    assert answer.head(2).admira.table().frame.equals(answer.head(2))


def test_figures_stand_in_the_unit_of_the_metric_asked_about(
    answers: dict[str, pd.DataFrame],
) -> None:
    answer = answers["movers"]
    table = answer.admira.table()
    first, row = texts(table)[0], answer.iloc[0]
    assert heads(table)[:3] == ["Campaign", "Now", "Before"]
    assert first[0] == row["campaign_name"]
    assert first[1] == f"{row['now']:.2f}×"
    assert first[5] == f"−{abs(row['contribution']):.2f}×"
    assert f"All: {answer.attrs['total_now']:.2f}×" in table.notes[0]
    assert texts(table)[-1][0] == "(others)"
    assert table.rows[0].cells[0].title == row["campaign_id"]


def test_a_campaign_without_a_name_stands_by_its_id(answers: dict[str, pd.DataFrame]) -> None:
    names, known = answers["movers"]["campaign_name"], answers["movers"]["campaign_id"]
    for nameless in (names.mask(names.index == 0), names.mask(names.notna())):
        table = answer_table(answers["movers"].assign(campaign_name=nameless))
        assert texts(table)[0][0] == known.iloc[0]


def test_what_a_measure_has_no_parts_of_is_left_out() -> None:
    found = admira.demo().movers("cost", by="channel", **NOVEMBER)
    assert "By its rate" not in heads(found.admira.table())


def test_budgets_say_in_colour_where_they_lead(answers: dict[str, pd.DataFrame]) -> None:
    table = answers["pacing"].admira.table()
    at = heads(table).index("Status")
    assert [row[at] for row in texts(table)] == ["on track", "over", "–"]
    assert "color:" in table.rows[0].cells[at].style
    assert texts(table)[0][heads(table).index("Budget")] == "€11,000"
    assert texts(table)[0][heads(table).index("Difference")].startswith("−€")
    assert "Dec 15, 2025" in table.notes[0]


def test_a_long_answer_says_how_many_rows_are_left(answers: dict[str, pd.DataFrame]) -> None:
    answer = answers["anomalies"]
    table = answer.admira.table(top=2, title="Odd days")
    assert (len(table.frame), table.title) == (2, "Odd days")
    assert f"{len(answer) - 2} more rows" in table.notes[0]
    few = answer.admira.table(columns=["date", "z"])
    assert heads(few) == ["Date", "Robust z"]


def test_what_an_answer_does_not_have_is_refused(answers: dict[str, pd.DataFrame]) -> None:
    with pytest.raises(OptionError, match="columns"):
        answers["movers"].admira.table(columns=["roas"])
    with pytest.raises(OptionError, match="sparkline"):
        answers["movers"].admira.table(sparkline="roas")
    with pytest.raises(OptionError, match="what a question of a store gave"):
        answer_table(pd.DataFrame({"channel": ["a"]}))
    for name in ("check", "freshness"):
        with pytest.raises(OptionError, match="movers gives"):
            answers[name].admira.plot()
    lost = answers["movers"].copy()
    lost.attrs.clear()
    assert "By the mix" in heads(lost.admira.table())  # numbers without their unit
    with pytest.raises(OptionError, match="as it was given"):
        lost.admira.plot()


@pytest.mark.parametrize(
    ("name", "trace", "side", "column"),
    [
        ("movers", 0, "x", "contribution"),
        ("pacing", 0, "x", "projected"),
        ("anomalies", -1, "y", "value"),
        ("cohorts", 0, "y", "roas"),
        ("lags", 2, "x", "median_days"),
        ("forecast", -1, "y", "forecast"),
    ],
)
def test_a_chart_shows_the_answer(
    answers: dict[str, pd.DataFrame], name: str, trace: int, side: str, column: str
) -> None:
    figure = answers[name].admira.plot()
    assert "image/svg+xml" in figure._repr_mimebundle_()
    drawn = [*figure.data[trace][side]]
    assert drawn == pytest.approx(answers[name][column].tolist()[: len(drawn)])


def test_each_cohort_is_a_line(answers: dict[str, pd.DataFrame]) -> None:
    lines = answers["cohorts"].admira.plot().data
    assert [line.name for line in lines] == ["Sep 2025", "Oct 2025", "Nov 2025"]
    assert [len(line.x) for line in lines] == [3, 2, 1]  # as far as they are that old


def test_totals_beside_the_platforms_own_stand_in_the_unit_of_their_metric() -> None:
    stated = pd.DataFrame({"channel": ["google_ads"], "cost": [20000.0], "clicks": [1]})
    found = admira.demo().check(stated, **NOVEMBER)
    shown = {row[1]: row for row in texts(found.admira.table()) if row[0] == "google_ads"}
    assert shown["Cost"][2] == "€20,000"
    assert shown["Cost"][4].startswith("−€5,2")
    assert shown["Clicks"][2] == "1"
    assert shown["Clicks"][4].startswith("+")
    assert shown["Cost"][5] == "no"


def test_what_differs_since_a_run_is_shown_by_metric() -> None:
    store, example = admira.open_store("memory:"), admira.datasets.worked_example()
    with admira.operation("ingest", request_id="monday"):
        admira.ingest(store, ads=example.ads, crm=example.crm)
    store.upsert(example.ads_frame.head(1).assign(cost=360.75))
    html = store.diff(as_of="monday").admira.table()
    assert heads(html)[:3] == ["Date", "Channel", "Metric"]
    assert texts(html)[0][2:6] == ["Cost", "€350.75", "€360.75", "+€10.00"]


def test_bars_of_campaigns_that_share_a_name_stand_apart(
    answers: dict[str, pd.DataFrame],
) -> None:
    twins = answers["movers"].assign(campaign_name="Twin")
    twins.attrs = answers["movers"].attrs
    assert len({*twins.admira.plot().data[0].y}) == len(twins)


def test_of_several_groups_a_forecast_draws_a_line_each() -> None:
    found = admira.demo().forecast("leads", by="channel", horizon=7)
    assert [line.name for line in found.admira.plot().data] == found["channel"].unique().tolist()
    assert len(found.head(0).admira.plot().data) == 0


def test_a_sheet_of_an_answer_has_formats(answers: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    path = tmp_path / "movers.xlsx"
    answers["movers"].admira.to_excel(path)
    with zipfile.ZipFile(path) as parts:
        styles = parts.read("xl/styles.xml").decode()
    assert "0.0%" in styles
    assert "×" in styles
    html = answers["pacing"].admira.style.to_html()
    assert "€11,000" in html
    assert "At the month&#x27;s end" in html or "At the month's end" in html
    answers["movers"].admira.to_parquet(tmp_path / "movers.parquet")
    read = pd.read_parquet(tmp_path / "movers.parquet")
    assert read["contribution"].sum() == pytest.approx(answers["movers"]["contribution"].sum())
    rounded: Any = answers["movers"].admira.to_csv(rounded=True)
    share = rounded.splitlines()[1].split(",")[-1]
    assert len(share.partition(".")[2]) <= 4


def test_names_are_escaped() -> None:
    store = admira.open_store("memory:")
    bad = "<script>alert(1)</script>"
    day = {"campaign_name": bad, "cost": 4.0}
    store.upsert(ads({**day, "date": "2025-08-01"}, {**day, "date": "2025-08-02", "cost": 9.0}))
    found = store.movers("cost", start="2025-08-02", end="2025-08-02")
    assert "<script" not in found._repr_html_()
    assert "&lt;script" in found.admira.plot().data[0].y[0]


def test_the_words_are_those_of_the_language_chosen(answers: dict[str, pd.DataFrame]) -> None:
    admira.set_language("es")
    assert "Qué movió: ROAS" in answers["movers"]._repr_html_()
    assert "por encima" in answers["pacing"]._repr_html_()
