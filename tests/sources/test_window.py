"""The days of a pull: half-open, told to the API, checked on what came."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admira.errors import OptionError
from admira.sources.extract import extract, extract_ads, extract_crm
from admira.sources.window import Window

from .loopback import Serve, reply_json

days = st.dates(date(2025, 7, 25), date(2025, 8, 10))


@settings(max_examples=50)
@given(st.lists(days), days, days)
def test_a_pull_holds_the_days_from_since_to_before_until(
    dates: list[date], one: date, other: date
) -> None:
    since, until = sorted([one, other])
    rows = [{"date": day.isoformat(), "campaign_id": n} for n, day in enumerate(dates)]
    pulled = extract("ads", rows, since=since, until=until)
    kept = [n for n, day in enumerate(dates) if since <= day < until]
    assert pulled.frame["campaign_id"].tolist() == kept
    assert (pulled.fetched, pulled.out_of_window) == (len(rows), len(rows) - len(kept))


@settings(max_examples=50)
@given(st.lists(days), days)
def test_two_windows_that_meet_share_no_row_and_lose_none(dates: list[date], cut: date) -> None:
    rows = [{"date": day, "campaign_id": n} for n, day in enumerate(dates)]
    before, after = extract_ads(rows, until=cut), extract_ads(rows, since=cut)
    found = [*before["campaign_id"], *after["campaign_id"]]
    assert sorted(found) == list(range(len(rows)))


@pytest.mark.parametrize(
    "value",
    [
        "2025-08-01",
        " 20250801 ",
        20250801,
        "2025-08-01T23:30:00-05:00",
        "2025-08-01 00:15",
        "2025-08-01T00:00:00.000+0000",
        date(2025, 8, 1),
        datetime(2025, 8, 1, 23, 59, tzinfo=UTC),
        pd.Timestamp("2025-08-01 12:00"),
    ],
    ids=str,
)
def test_the_day_of_an_ad_row_is_the_day_as_written(value: Any) -> None:
    rows = [{"date": value}]
    assert len(extract_ads(rows, since="2025-08-01", until="2025-08-02")) == 1
    assert len(extract_ads(rows, since="2025-08-02")) == 0
    assert len(extract_ads(rows, until="2025-08-01")) == 0


@pytest.mark.parametrize(
    ("created_at", "day"),
    [
        ("2025-08-01T23:30:00-05:00", "2025-08-02"),
        ("2025-08-01T00:30:00+02:00", "2025-07-31"),
        ("2025-08-01T23:30:00Z", "2025-08-01"),
        ("2025-08-01T23:30:00", "2025-08-01"),
        ("2025-08-01", "2025-08-01"),
        (datetime(2025, 8, 1, 23, tzinfo=timezone(timedelta(hours=-5))), "2025-08-02"),
        (pd.Timestamp("2025-08-01 23:00", tz="America/New_York"), "2025-08-02"),
    ],
    ids=str,
)
def test_the_day_of_an_opportunity_is_its_day_in_utc(created_at: Any, day: str) -> None:
    until = date.fromisoformat(day) + timedelta(days=1)
    assert len(extract_crm([{"created_at": created_at}], since=day, until=until)) == 1
    assert len(extract_crm([{"created_at": created_at}], since=until)) == 0
    assert len(extract_crm([{"created_at": created_at}], until=day)) == 0


@pytest.mark.parametrize(
    ("created_at", "updated_at", "rows_kept"),
    [
        ("2025-08-01", "2025-09-01", 1),
        ("2025-07-01", "2025-08-01", 1),
        ("2025-07-01", "2025-09-01", 0),
        ("2025-07-01", None, 0),
        (None, "2025-09-01", 0),
        ("2025-08-01", None, 1),
        (None, None, 1),
        ("soon", "", 1),
    ],
)
def test_an_opportunity_counts_when_created_or_updated_within(
    created_at: Any, updated_at: Any, rows_kept: int
) -> None:
    rows = [{"created_at": created_at, "updated_at": updated_at}]
    assert len(extract_crm(rows, since="2025-08-01", until="2025-08-31")) == rows_kept


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "01/08/2025",
        "2025-13-01",
        "1712011200000",
        1712011200000,
        2025010112345,
        20250230,
        True,
        [],
        {},
        float("nan"),
        pd.NaT,
        "0001-01-01T00:00:00+23:00",
    ],
    ids=str,
)
def test_a_row_whose_day_cannot_be_read_stays(value: Any) -> None:
    assert len(extract_ads([{"date": value}], since="2025-08-01")) == 1
    assert len(extract_crm([{"created_at": value}], since="2025-08-01")) == 1


def test_rows_without_a_date_column_stay() -> None:
    assert len(extract_ads([{"campaign_id": "C-1"}], since="2025-08-01")) == 1


@pytest.mark.parametrize(
    "dtype",
    [
        "datetime64[s]",
        "datetime64[ns]",
        "datetime64[us, Pacific/Auckland]",
        "timestamp[us][pyarrow]",
        "date32[day][pyarrow]",
        "str",
    ],
)
def test_a_typed_column_is_read_too(dtype: Any) -> None:
    dates = pd.Series(pd.to_datetime(["2025-08-01", "2025-08-02", None]))
    zoned = dates.dt.tz_localize("Pacific/Auckland") if "," in dtype else dates
    rows = pd.DataFrame({"date": zoned.astype(dtype)})
    kept = extract_ads(rows, since="2025-08-02")
    assert len(extract_ads(rows, until="2025-08-02")) == 2
    assert kept["date"].dtype == rows["date"].dtype
    assert len(kept) == 2


def test_a_typed_instant_counts_on_its_day_in_utc() -> None:
    created = pd.Series(pd.to_datetime(["2025-08-01 23:00", "2025-08-02 23:00"]))
    rows = pd.DataFrame({"created_at": created.dt.tz_localize("America/New_York")})
    assert len(extract_crm(rows, since="2025-08-03")) == 1
    assert len(extract_crm(rows, until="2025-08-03")) == 1


def test_the_api_is_told_the_days_and_checked(serve: Serve) -> None:
    server = serve(reply_json([{"date": "2025-08-01"}, {"date": "2025-08-09"}]))
    raw = extract_ads(f"{server.url}/ads?account=7", since=date(2025, 8, 1), until="20250805")
    assert raw["date"].tolist() == ["2025-08-01"]
    assert server.requests[0].query == {
        "account": "7",
        "since": "2025-08-01",
        "until": "2025-08-05",
    }


def test_an_api_is_not_told_what_was_not_asked(serve: Serve) -> None:
    server = serve(reply_json([]))
    extract_ads(server.url)
    extract_ads(server.url, since="2025-08-01")
    assert [request.query for request in server.requests] == [{}, {"since": "2025-08-01"}]


@pytest.mark.parametrize(
    "value",
    [
        "yesterday", "", "2025-8-1", "2025-02-30", "2025-W31-5", "2025-08-01T12:00", 20250801,
        datetime(2025, 8, 1, 12, tzinfo=UTC), pd.NaT,
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("option", ["since", "until"])
def test_a_bound_that_is_no_day_is_refused(option: str, value: Any) -> None:
    with pytest.raises(OptionError, match=f"{option}=.*a day such as '2025-08-01'"):
        extract_ads([], **{option: value})


def test_a_window_does_not_run_backwards() -> None:
    with pytest.raises(OptionError, match="a day not before since=2025-08-02"):
        extract_ads([], since="2025-08-02", until="2025-08-01")


def test_midnight_is_a_day_and_equal_ends_hold_nothing() -> None:
    window = Window.of(pd.Timestamp("2025-08-01"), datetime(2025, 8, 1, tzinfo=UTC))
    assert window == Window(date(2025, 8, 1), date(2025, 8, 1))
    assert extract_ads([{"date": "2025-08-01"}], since="2025-08-01", until="2025-08-01").empty
