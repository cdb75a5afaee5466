"""Which periods are not whole, held against a calendar that is looked at day by day."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import admira
from admira.core.grains import WEEKDAYS
from tests.stores.rows import ads, crm

FIRST_AD, LAST_AD, LAST_LEAD = date(2024, 11, 20), date(2025, 5, 5), date(2025, 5, 9)


def held(place: str = "memory:") -> admira.Store:
    """Give a store with ads every other day, and a lead after the last of them."""
    store = admira.open_store(place)
    days = pd.date_range(FIRST_AD, LAST_AD, freq="2D")
    store.upsert(ads(*({"date": f"{day:%Y-%m-%d}", "cost": 1.0} for day in days)))
    store.upsert(crm({"date": f"{LAST_LEAD}"}))
    return store


STORE = held()


def name_of(day: date, grain: str, week_start: str) -> tuple[int, ...]:
    """Name the period that a day is in, as a wall calendar would."""
    if grain == "week":
        first = day - timedelta(days=(day.weekday() - WEEKDAYS.index(week_start)) % 7)
        return first.timetuple()[:3]
    size = {"month": 1, "quarter": 3, "year": 12}[grain]
    return day.year, (day.month - 1) // size


def days_of(first: date, grain: str, week_start: str = "monday") -> list[date]:
    """Give each day of the period that begins with a day."""
    days, name = [first], name_of(first, grain, week_start)
    while name_of(days[-1] + timedelta(days=1), grain, week_start) == name:
        days.append(days[-1] + timedelta(days=1))
    return days


def is_there(day: date, start: date | None, end: date | None, today: date) -> bool:
    """Say whether a day was asked for, has rows around it, and is over."""
    is_asked = (start is None or day >= start) and (end is None or day <= end)
    return is_asked and FIRST_AD <= day <= LAST_LEAD and day < today


some_days = st.dates(date(2024, 10, 20), date(2025, 6, 20))


@given(
    grain=st.sampled_from(["week", "month", "quarter", "year"]),
    week_start=st.sampled_from(["monday", "sunday", "wednesday"]),
    bounds=st.tuples(st.none() | some_days, st.none() | some_days).filter(
        lambda days: None in days or days[0] <= days[1]
    ),
    today=some_days,
    spine=st.booleans(),
)
@settings(max_examples=120)
def test_a_period_is_whole_if_each_of_its_days_is_there(
    grain: str,
    week_start: str,
    bounds: tuple[date | None, date | None],
    today: date,
    spine: bool,  # noqa: FBT001 - given by name
) -> None:
    start, end = bounds
    asked = {"start": start, "end": end, "today": today, "grain": grain, "week_start": week_start}
    kpis = STORE.metrics("date", spine=spine, mark_partial=True, **asked)
    for first, found in zip(kpis["date"].dt.date, kpis["is_partial"], strict=True):
        days = days_of(first, grain, week_start)
        assert found == (not all(is_there(day, start, end, today) for day in days))


@given(rolling=st.integers(2, 5), start=st.none() | some_days, today=some_days)
@settings(max_examples=40)
def test_a_rolled_sum_is_whole_if_each_day_of_all_its_periods_is_there(
    rolling: int, start: date | None, today: date
) -> None:
    asked = {"start": start, "today": today, "grain": "month", "rolling": rolling}
    kpis = STORE.metrics("date", mark_partial=True, **asked)
    for first, found in zip(kpis["date"], kpis["is_partial"], strict=True):
        months = [(first - pd.DateOffset(months=back)).date() for back in range(rolling)]
        days = [day for month in months for day in days_of(month, "month")]
        assert found == (not all(is_there(day, None, None, today) for day in days))


@pytest.mark.parametrize(
    ("period", "today", "is_partial"),
    [
        ("mtd", "2025-04-30", True),  # the day is not over
        ("mtd", "2025-04-10", True),
        ("last month", "2025-05-01", False),
        ("last month", "2025-06-01", True),  # there are no rows after the 9th
        ("2025-03", "2025-05-10", False),
        ("2025-Q1", "2025-05-10", False),
        ("2025-Q2", "2025-05-10", True),
        ("2024", "2025-05-10", True),  # the first row is of November
        ("ytd", "2025-05-10", True),
        ("last 28 days", "2025-05-10", False),
        ("last 28 days", "2025-05-11", True),
        ("yesterday", "2025-05-10", False),
        ("today", "2025-05-09", True),
        (("2025-04-02", "2025-04-20"), "2025-05-10", False),
    ],
    ids=str,
)
def test_without_days_all_rows_are_of_the_period_asked_for(
    period: Any, today: str, *, is_partial: bool
) -> None:
    for more in ({}, {"compare": "previous"}):
        kpis = STORE.metrics("channel", period=period, today=today, mark_partial=True, **more)
        assert kpis["is_partial"].tolist() == [is_partial] * len(kpis)
        assert list(kpis)[:3] == ["channel", "is_partial", "clicks"]


def test_start_and_end_say_the_same_as_a_period() -> None:
    asked = {"today": "2025-06-10", "mark_partial": True}
    kpis = STORE.metrics([], start="2025-05-01", end="2025-05-31", **asked)
    assert kpis["is_partial"].tolist() == [True]
    assert STORE.metrics([], start="2025-05-01", **asked)["is_partial"].tolist() == [False]


def test_unless_asked_for_there_is_no_such_column() -> None:
    kpis = STORE.metrics("date", grain="month", period="2025-05", today="2025-05-10")
    assert "is_partial" not in kpis
    assert json.dumps(kpis.attrs)  # as pandas does where it writes them into a file
    assert kpis.attrs["covered"] == {
        "first": "2025-05-01",
        "last": "2025-05-09",
        "first_by": "asked",
        "last_by": "today",
    }
    assert "covered" not in STORE.metrics("date", start="2025-05-01").attrs


def test_the_days_with_rows_are_those_of_the_partitions_as_of_the_last_commit(
    tmp_path: Path,
) -> None:
    store = held(str(tmp_path / "store"))
    asked = {"grain": "month", "today": "2026-01-01"}
    expected = STORE.metrics("date", **asked).attrs["covered"]
    assert store.metrics("date", **asked).attrs["covered"] == expected
    more = ads({"date": "2024-11-01"}, {"date": "2025-05-31"})

    def after_a_commit(seen: admira.Store) -> dict[str, str]:
        seen.metrics("date")
        store.upsert(more)
        return seen.metrics("date", **asked).attrs["covered"]

    found = store.at_once(after_a_commit)
    assert (found["first"], found["last"]) == ("2024-11-01", "2025-05-31")
    assert admira.open_store("memory:").metrics("date", **asked).attrs["covered"] == {
        "last": "2025-12-31",
        "last_by": "today",
    }


def test_the_verb_knows_the_days_of_its_facts() -> None:
    facts = STORE.facts()
    kpis = admira.compute_metrics(facts, by="date", grain="month", end="2025-04-10")
    assert kpis.attrs["covered"] == {
        "first": f"{FIRST_AD}",
        "last": "2025-04-10",
        "first_by": "rows",
        "last_by": "asked",
    }
    assert "covered" not in admira.compute_metrics(facts, by="date").attrs


def test_what_is_marked_can_still_be_compared_step_by_step() -> None:
    kpis = STORE.metrics("date", grain="month", mark_partial=True, today="2025-05-10")
    found = kpis.admira.compare()
    pd.testing.assert_series_equal(found["is_partial"], kpis["is_partial"])
    assert found["cost_previous"].tolist()[1:] == kpis["cost"].tolist()[:-1]
    assert found.attrs == kpis.attrs
