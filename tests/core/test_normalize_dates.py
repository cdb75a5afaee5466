"""normalize: days and instants."""

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from admira import OptionError, normalize
from admira.core.normalize import normalize_counted
from tests.core.raw import AD, ads, crm, problem


@pytest.mark.parametrize(
    "cell",
    [
        "2025-08-01",
        " 2025-08-01 ",
        "20250801",
        20250801,
        20250801.0,
        "2025-08-01T23:59:59",
        "2025-08-01t23:59:59z",
        "2025-08-01 23:30:00-05:00",
        "20250801T233000+0200",
        "2025-08-01T23:30:00.123456789+02",
        dt.date(2025, 8, 1),
        dt.datetime(2025, 8, 1, 23, 30),  # noqa: DTZ001 - a naive one is what is tested
        dt.datetime(2025, 8, 1, 23, 30, tzinfo=dt.timezone(dt.timedelta(hours=-5))),
        pd.Timestamp("2025-08-01 23:30", tz="Asia/Tokyo"),
        np.datetime64("2025-08-01T12:00"),
    ],
)
def test_the_day_of_an_ad_is_the_day_as_written(cell: Any) -> None:
    rows = normalize(ads("date", cell), tz="Pacific/Auckland")
    assert rows.loc[0, ["date", "problems"]].to_list() == [pd.Timestamp("2025-08-01"), ""]


@pytest.mark.parametrize(
    "cell",
    [
        "01/08/2025",
        "2025-02-30",
        "2025-13-01",
        "2025-8-1",
        "1999-12-31",
        "2101-01-01",
        "2025-08-01Tnoon",
        "2025-08-01T24:00:00",
        "2025-08-01\n2025-08-02",
        "yesterday",
        "２０２５-08-01",
        1754006400,
        20250801.5,
        True,
        ["2025-08-01"],
        pd.Timestamp("1980-01-01"),
        "2025-08-01\ud800",
    ],
)
def test_what_is_no_day_is_a_problem(cell: Any) -> None:
    rows = normalize(ads("date", cell, "2025-08-02"))
    assert rows["problems"].to_list() == ["date: not a date", ""]
    assert rows["date"].isna().to_list() == [True, False]


@pytest.mark.parametrize("null", [None, "", float("nan"), pd.NaT, "null"], ids=repr)
def test_a_blank_day_is_a_problem(null: Any) -> None:
    assert problem(ads("date", null)) == "date: blank"


def test_days_of_many_shapes_are_read_in_one_column() -> None:
    cells = ("2025-08-01", "20250802", 20250803, dt.date(2025, 8, 4), "2025-08-05T10:00Z")
    assert normalize(ads("date", *cells))["date"].dt.day.to_list() == [1, 2, 3, 4, 5]


def test_equal_instants_of_different_zones_keep_their_own_days() -> None:
    instant = pd.Timestamp("2025-08-01T23:30:00-05:00")
    rows = normalize(ads("date", instant, instant.tz_convert("UTC")))
    assert rows["date"].dt.day.to_list() == [1, 2]


@pytest.mark.parametrize(
    ("cell", "instant"),
    [
        ("2025-08-01T10:00:00Z", "2025-08-01T10:00:00"),
        ("2025-08-01 10:00:00+00:00", "2025-08-01T10:00:00"),
        ("2025-08-01T10:00:00.5-0230", "2025-08-01T12:30:00.5"),
        ("20250801T1000+02", "2025-08-01T08:00:00"),
        (pd.Timestamp("2025-08-01 12:00", tz="Europe/Madrid"), "2025-08-01T10:00:00"),
    ],
)
def test_instants_go_to_utc(cell: Any, instant: str) -> None:
    rows, fixed = normalize_counted(crm("created_at", cell))
    assert rows["created_at"].to_list() == [pd.Timestamp(instant, tz="UTC")]
    assert fixed == {}


@pytest.mark.parametrize(
    "cell",
    ["2025-08-01T10:00", "2025-08-01 10:00:00", "20250801T1000", pd.Timestamp("2025-08-01 10:00")],
)
def test_an_instant_without_an_offset_counts_as_utc_and_is_counted(cell: Any) -> None:
    rows, fixed = normalize_counted(crm("created_at", cell, "2025-08-01T00:00Z", "bad"))
    assert rows["created_at"][0] == pd.Timestamp("2025-08-01T10:00", tz="UTC")
    assert fixed == {"naive_created_at": 1}


@pytest.mark.parametrize("column", ["created_at", "updated_at", "closed_at"])
def test_a_bad_instant_is_a_problem(column: str) -> None:
    rows = normalize(
        crm(column, "2025-02-30T10:00Z", "2025-08-01T10:00Z", "2025-08-01T10:00+99:00")
    )
    assert rows["problems"].to_list() == [f"{column}: not a date", "", f"{column}: not a date"]


def test_a_blank_instant_is_a_problem_only_where_there_must_be_one() -> None:
    assert problem(crm("created_at", " ")) == "created_at: blank"
    assert problem(crm("closed_at", " ")) == ""


@pytest.mark.parametrize(
    ("tz", "day"), [("UTC", 31), ("Europe/Madrid", 1), ("America/New_York", 31)]
)
def test_the_date_of_an_opportunity_is_its_day_in_the_time_zone(tz: str, day: int) -> None:
    raw = crm("created_at", "2025-07-31T22:30:00Z").assign(date="1999-01-01")
    rows = normalize(raw.assign(closed_at=raw["created_at"]), tz=tz)
    assert rows["date"].dt.day.to_list() == [day]
    assert rows["closed_date"].dt.day.to_list() == [day]
    assert str(rows["date"].dtype) == "datetime64[us]"


def test_there_is_no_closed_date_without_closed_at() -> None:
    rows = normalize(crm("closed_date", "2025-08-01"))
    assert "closed_date" not in rows
    assert "date" in rows


@pytest.mark.parametrize("tz", ["Mars/Olympus", "", "../etc", "America", None, 2])
def test_an_unknown_time_zone_is_refused_in_one_sentence(tz: Any) -> None:
    with pytest.raises(OptionError, match=r"tz=.* is not understood"):
        normalize(crm("stage", "lead"), tz=tz)


def test_years_are_bounded_in_typed_columns_and_after_the_move_to_utc() -> None:
    days = pd.DataFrame([AD, AD]).assign(date=pd.to_datetime(["1999-12-31", "2100-12-31"]))
    assert normalize(days)["problems"].to_list() == ["date: not a date", ""]
    rows = normalize(crm("created_at", "2000-01-01T00:00+05:00", "2000-01-01T00:00Z"))
    assert rows["problems"].to_list() == ["created_at: not a date", ""]


def test_a_typed_column_with_a_time_zone_keeps_the_days_of_that_zone() -> None:
    local = pd.Timestamp("2025-08-01 23:30", tz="America/New_York")
    rows = normalize(pd.DataFrame([AD]).assign(date=local))
    assert rows["date"].to_list() == [pd.Timestamp("2025-08-01")]
