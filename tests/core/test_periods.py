"""Periods and what is compared with them."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from admira.core.join import join_utm
from admira.core.metrics import compute_metrics, regrouped
from admira.core.periods import beside, earlier, period_of, shifted
from admira.datasets import worked_example
from admira.errors import OptionError


@pytest.mark.parametrize(
    ("start", "end", "against", "expected"),
    [
        ("2025-12-04", "2025-12-31", "previous", ("2025-11-06", "2025-12-03")),
        ("2025-12-04", "2025-12-04", "previous", ("2025-12-03", "2025-12-03")),
        ("2025-12-01", "2025-12-31", "previous", ("2025-11-01", "2025-11-30")),
        ("2025-03-01", "2025-03-31", "previous", ("2025-02-01", "2025-02-28")),
        ("2025-01-01", "2025-03-31", "previous", ("2024-10-01", "2024-12-31")),
        ("2025-02-01", "2025-02-28", "year", ("2024-02-01", "2024-02-29")),
        ("2025-12-04", "2025-12-31", "year", ("2024-12-05", "2025-01-01")),
    ],
)
def test_the_period_compared_with(
    start: str, end: str, against: str, expected: tuple[str, str]
) -> None:
    found = earlier(period_of(start, end), against)
    assert tuple(f"{day:%Y-%m-%d}" for day in found) == expected


@given(st.dates(date(2010, 1, 1), date(2040, 1, 1)), st.integers(0, 400))
def test_a_year_before_meets_the_same_weekday_or_the_same_months(start: date, days: int) -> None:
    first = pd.Timestamp(start)
    period = period_of(first, first + pd.Timedelta(days=days))
    before = earlier(period, "year")
    assert before.start.weekday() == period.start.weekday() or (
        before.start.day == 1 and before.start.month == period.start.month
    )
    assert before.end < period.end


def test_a_period_the_wrong_way_round_is_refused() -> None:
    with pytest.raises(OptionError, match="a day up to end, 2025-08-01"):
        period_of("2025-08-02", "2025-08-01")
    with pytest.raises(OptionError, match="end"):
        period_of("2025-08-02", None)
    with pytest.raises(OptionError, match="Did you mean 'year'"):
        earlier(period_of("2025-08-01", "2025-08-02"), "years")


@pytest.fixture
def kpis() -> pd.DataFrame:
    example = worked_example()
    facts = join_utm(example.ads_frame, example.crm_frame)
    return compute_metrics(facts, by=["date", "channel"])


def test_coarser_groups_are_those_of_the_facts(kpis: pd.DataFrame) -> None:
    example = worked_example()
    facts = join_utm(example.ads_frame, example.crm_frame)
    for by in ([], ["channel"], ["date"]):
        pd.testing.assert_frame_equal(regrouped(kpis, by), compute_metrics(facts, by=by))


def test_groups_of_either_period_are_there_and_absent_measures_are_nothing(
    kpis: pd.DataFrame,
) -> None:
    now = kpis[kpis["date"] == "2025-08-02"].drop(columns="date")
    before = kpis[kpis["date"] == "2025-08-01"].drop(columns="date")
    found = beside(now, before, ["channel"], ["cost", "cpc"]).set_index("channel")
    assert found.loc["google_ads"].round(4).to_dict() == {
        "cost": 300.0,
        "cost_previous": 350.75,
        "cost_change": -0.1447,
        "cpc": 0.3,
        "cpc_previous": 0.2923,
        "cpc_change": 0.0264,
    }
    assert found.loc["(unattributed)", "cost"] == 0
    assert pd.isna(found.loc["(unattributed)", "cost_change"])


def test_each_row_meets_the_one_a_step_earlier(kpis: pd.DataFrame) -> None:
    found = shifted(kpis[kpis["channel"] == "google_ads"], "previous").set_index("date")
    assert pd.isna(found.loc["2025-08-01", "cost_previous"])
    assert found.loc["2025-08-02", "cost_previous"] == 350.75
    assert found.loc["2025-08-02", "cost_change"] == pytest.approx(300 / 350.75 - 1)


@pytest.mark.parametrize(
    ("days", "grain", "against", "before"),
    [
        (["2025-06-01", "2025-07-01"], None, "previous", "2025-06-01"),
        (["2025-06-02", "2025-06-09"], None, "previous", "2025-06-02"),
        (["2024-06-10", "2025-06-09"], None, "year", "2024-06-10"),
        (["2024-06-01", "2025-06-01"], "month", "year", "2024-06-01"),
        (["2024-06-10", "2025-06-09"], "day", "year", "2024-06-10"),
    ],
)
def test_the_step_is_the_grain_of_the_table(
    days: list[str], grain: str | None, against: str, before: str
) -> None:
    costs = [float(place) for place in range(1, len(days) + 1)]
    kpis = pd.DataFrame({"date": pd.to_datetime(days).astype("datetime64[us]"), "cost": costs})
    kpis.attrs.update({} if grain is None else {"grain": grain})
    found = shifted(kpis, against).set_index("date")
    assert found["cost_previous"].iloc[-1] == kpis.set_index("date")["cost"][before]


def test_without_days_there_is_nothing_to_step_along(kpis: pd.DataFrame) -> None:
    with pytest.raises(OptionError, match="whole periods"):
        shifted(kpis.drop(columns="date"), "previous")
