"""Periods as people name them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import admira
from admira.core.named_periods import Named, chosen_period, named_period
from admira.core.periods import beside
from admira.errors import OptionError
from admira.overview import today_of

TODAY = pd.Timestamp("2025-12-10")  # a Wednesday

days = st.dates(date(2010, 1, 1), date(2040, 12, 31)).map(pd.Timestamp)
to_date = st.sampled_from(["wtd", "mtd", "qtd", "ytd"])


def written(found: Named, against: str | None = None) -> tuple[str, str]:
    period = found.earlier(against) if against else found.period
    return f"{period.start:%Y-%m-%d}", f"{period.end:%Y-%m-%d}"


@pytest.mark.parametrize(
    ("name", "expected", "previous"),
    [
        ("today", ("2025-12-10", "2025-12-10"), ("2025-12-09", "2025-12-09")),
        ("Yesterday", ("2025-12-09", "2025-12-09"), ("2025-12-08", "2025-12-08")),
        ("last 28 days", ("2025-11-12", "2025-12-09"), ("2025-10-15", "2025-11-11")),
        ("last 1 day", ("2025-12-09", "2025-12-09"), ("2025-12-08", "2025-12-08")),
        ("wtd", ("2025-12-08", "2025-12-10"), ("2025-12-01", "2025-12-03")),
        ("last week", ("2025-12-01", "2025-12-07"), ("2025-11-24", "2025-11-30")),
        ("mtd", ("2025-12-01", "2025-12-10"), ("2025-11-01", "2025-11-10")),
        ("this  month", ("2025-12-01", "2025-12-10"), ("2025-11-01", "2025-11-10")),
        ("last month", ("2025-11-01", "2025-11-30"), ("2025-10-01", "2025-10-31")),
        ("qtd", ("2025-10-01", "2025-12-10"), ("2025-07-01", "2025-09-10")),
        ("last quarter", ("2025-07-01", "2025-09-30"), ("2025-04-01", "2025-06-30")),
        ("ytd", ("2025-01-01", "2025-12-10"), ("2024-01-01", "2024-12-10")),
        ("last year", ("2024-01-01", "2024-12-31"), ("2023-01-01", "2023-12-31")),
        ("2025", ("2025-01-01", "2025-12-31"), ("2024-01-01", "2024-12-31")),
        ("2025-Q3", ("2025-07-01", "2025-09-30"), ("2025-04-01", "2025-06-30")),
        ("2024-02", ("2024-02-01", "2024-02-29"), ("2024-01-01", "2024-01-31")),
        ("2025-08-31", ("2025-08-31", "2025-08-31"), ("2025-08-30", "2025-08-30")),
    ],
)
def test_what_a_name_means_and_what_it_is_compared_with(
    name: str, expected: tuple[str, str], previous: tuple[str, str]
) -> None:
    found = named_period(name, TODAY)
    assert written(found) == expected
    assert written(found, "previous") == previous


def test_the_same_days_of_a_shorter_month_end_with_it() -> None:
    found = named_period("mtd", pd.Timestamp("2025-03-31"))
    assert written(found, "previous") == ("2025-02-01", "2025-02-28")


@given(days, to_date)
def test_what_runs_to_date_ends_today_and_never_meets_its_earlier_self(
    today: pd.Timestamp, name: str
) -> None:
    found = named_period(name, today)
    before = found.earlier("previous")
    assert found.period.end == today
    assert found.period.start <= today
    assert before.start <= before.end < found.period.start
    assert found.earlier("year").end < found.period.start or name == "ytd"


@pytest.mark.parametrize(
    "name", ["", "last 0 days", "last 100000 days", "2025-13", "2025-Q5", "2025-02-30", "soon"]
)
def test_what_nobody_would_understand_is_refused_with_examples(name: str) -> None:
    with pytest.raises(OptionError, match="2025-08-31"):
        named_period(name, TODAY)


def test_days_and_a_name_at_once_are_refused() -> None:
    with pytest.raises(OptionError, match="start= and end="):
        chosen_period("2025-12-01", None, "mtd", TODAY)
    assert written(chosen_period(None, None, ("2025-01-05", "2025-01-06"), TODAY)) == (
        "2025-01-05",
        "2025-01-06",
    )


def test_a_store_takes_names_and_compares() -> None:
    store = admira.demo()
    asked = {"by": "channel", "scope": "paid"}
    whole = store.metrics(**asked, start="2025-11-01", end="2025-11-30")
    named = store.metrics(**asked, period="last month", today="2025-12-10")
    pd.testing.assert_frame_equal(named, whole)
    found = store.metrics(**asked, period="last month", compare="previous", today="2025-12-10")
    pd.testing.assert_series_equal(
        found["cost"].astype(float), whole["cost"], check_index_type=False
    )
    before = store.metrics(**asked, start="2025-10-01", end="2025-10-31")
    assert found["cost_previous"].astype(float).tolist() == before["cost"].tolist()
    to_date = store.compare([], period="mtd", today="2025-12-10").iloc[0]
    same_days = store.metrics(by=[], start="2025-11-01", end="2025-11-10").iloc[0]
    assert to_date["cost_previous"] == pytest.approx(same_days["cost"])
    shown = store.summary(period="mtd", today="2025-12-10")
    assert f"{shown.before.end:%Y-%m-%d}" == "2025-11-10"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_today_is_the_reporting_zones_day(zone: str) -> None:
    """One of the two has another day than UTC, whatever the hour."""
    assert today_of(zone, None) == pd.Timestamp(datetime.now(ZoneInfo(zone)).date())
    assert today_of(zone, "2025-12-10") == TODAY


def test_a_period_compared_with_itself_has_not_changed() -> None:
    store = admira.demo()
    kpis = store.metrics(by="channel", period="2025-11")
    found = beside(kpis, kpis, ["channel"], admira.metrics)
    changes = found[[name for name in found if name.endswith("_change")]]
    assert (changes.fillna(0) == 0).all(axis=None)


def test_days_are_compared_along_the_frame_and_not_here() -> None:
    with pytest.raises(OptionError, match="day by day"):
        admira.demo().compare(["date"], period="2025-11")
