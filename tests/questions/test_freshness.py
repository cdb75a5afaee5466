"""How up to date a store is: late, thin, fresh or never filled."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

import admira
from admira.questions.freshness import freshness
from tests.stores.rows import ads, crm

NOW = datetime(2025, 8, 31, 7, 0, tzinfo=UTC)
DAYS = pd.date_range("2025-06-01", "2025-08-30")


def loaded(
    days: pd.DatetimeIndex = DAYS, *, campaigns: int = 10, last: int = 10, **row: Any
) -> list[dict[str, Any]]:
    """Give rows of so many campaigns a day, of the last day only some."""
    return [
        {"date": f"{day:%Y-%m-%d}", "campaign_id": f"C-{number}", **row}
        for day in days
        for number in range(last if day == days[-1] else campaigns)
    ]


def found_of(*rows: dict[str, Any], now: datetime = NOW) -> pd.DataFrame:
    store = admira.open_store("memory:")
    store.upsert(ads(*rows))
    return freshness(store, now=now).set_index(["table", "channel"])


def status_of(*rows: dict[str, Any], now: datetime = NOW) -> str:
    return str(found_of(*rows, now=now).loc[("ads", "google_ads"), "status"])


def test_a_store_that_has_yesterday_is_fresh() -> None:
    row = found_of(*loaded()).loc[("ads", "google_ads")]
    assert (row["last_day"], row["days_behind"]) == (DAYS[-1], 0)
    assert (row["rows"], row["usual_rows"], row["status"]) == (10, 10.0, "fresh")


def test_a_channel_that_misses_yesterday_is_late_and_the_others_are_not() -> None:
    rows = [*loaded(), *loaded(DAYS[:-2], channel="meta_ads")]
    found = found_of(*rows)
    assert found["status"].tolist() == ["thin", "fresh", "late", "never"]
    assert found.loc[("ads", "meta_ads"), "days_behind"] == 2


@pytest.mark.parametrize(("last", "status"), [(5, "thin"), (6, "thin"), (7, "fresh")])
def test_a_day_that_was_loaded_by_half_is_thin(last: int, status: str) -> None:
    assert status_of(*loaded(last=last)) == status


def test_usual_is_the_median_of_the_same_weekday() -> None:
    rows = loaded(DAYS[DAYS.day_of_week != 5], campaigns=100, last=100)
    saturdays = loaded(DAYS[DAYS.day_of_week == 5], campaigns=4, last=4)
    row = found_of(*rows, *saturdays).loc[("ads", "google_ads")]  # 2025-08-30 is one
    assert (row["rows"], row["usual_rows"], row["status"]) == (4, 4.0, "fresh")


def test_a_weekday_that_never_has_rows_is_not_missed() -> None:
    weekdays = loaded(DAYS[DAYS.day_of_week < 5])
    assert status_of(*weekdays) == "fresh"
    monday = datetime(2025, 9, 2, 7, 0, tzinfo=UTC)  # Monday the first is missing
    assert status_of(*weekdays, now=monday) == "late"


def test_todays_rows_do_not_hide_a_hole_yesterday() -> None:
    today = {"date": "2025-08-31", "campaign_id": "C-0"}
    row = found_of(*loaded(), today).loc[("ads", "google_ads")]
    assert (row["days_behind"], row["rows"], row["status"]) == (0, 10, "fresh")
    row = found_of(*loaded(DAYS[:-1]), today).loc[("ads", "google_ads")]
    assert (row["rows"], row["status"]) == (0, "thin")


def test_a_store_of_one_row_has_nothing_usual() -> None:
    row = found_of({"date": "2025-08-30"}).loc[("ads", "google_ads")]
    assert (pd.isna(row["usual_rows"]), row["status"]) == (True, "fresh")
    assert status_of({"date": "2025-08-29"}) == "late"


def test_days_of_few_opportunities_vary_without_being_thin() -> None:
    store = admira.open_store("memory:")

    def of_days(each_day: int) -> list[dict[str, Any]]:
        return [
            {"date": f"{day:%Y-%m-%d}", "opportunity_id": f"{day:%j}-{number}"}
            for day in DAYS
            for number in range(2 if day == DAYS[-1] else each_day)
        ]

    store.upsert(crm(*of_days(4)))
    assert freshness(store, now=NOW)["status"].tolist() == ["never", "fresh"]
    store.upsert(crm(*of_days(12)))
    assert freshness(store, now=NOW)["status"].tolist() == ["never", "thin"]


def test_yesterday_is_the_reporting_zones() -> None:
    store = admira.open_store("memory:", tz="Pacific/Auckland")
    store.upsert(ads(*loaded()))
    evening = datetime(2025, 8, 31, 13, 0, tzinfo=UTC)  # September in Auckland
    assert freshness(store, now=evening)["days_behind"][0] == 1
    assert freshness(store, now=datetime(2025, 8, 31, 13, 0))["days_behind"][0] == 0  # noqa: DTZ001


def test_the_last_run_and_the_earliest_watermark_stand_beside() -> None:
    store = admira.open_store("memory:")
    for hour, run in ((5, "first"), (6, "last")):
        now = datetime(2025, 8, 31, hour, 30, tzinfo=UTC)
        admira.ingest(store, ads=loaded_raw(), crm=[], run_id=run, now=now)
    found = freshness(store, now=NOW)
    assert found["run_id"].tolist() == ["last"] * 3
    assert found["minutes_ago"].tolist() == [30.0] * 3
    marks = store.watermarks().set_index("kind")["day"]
    assert found["watermark"].fillna(pd.Timestamp(0)).tolist() == [
        pd.Timestamp(0) if pd.isna(marks[kind]) else marks[kind] for kind in ("ads", "ads", "crm")
    ]


def loaded_raw() -> list[dict[str, Any]]:
    return [
        {
            **row,
            "channel": "google_ads",
            "clicks": 1,
            "impressions": 2,
            "cost": 3.0,
            "utm_campaign": "sale",
        }
        for row in loaded(DAYS[-3:], campaigns=1, last=1)
    ]


def test_an_empty_store_was_never_filled() -> None:
    found = freshness(admira.open_store("memory:"))
    assert found["table"].tolist() == ["ads", "crm"]
    assert found["status"].tolist() == ["never", "never"]
    assert found[["last_day", "days_behind", "run_id", "watermark"]].isna().all(axis=None)
    assert str(found["started_at"].dtype) == "datetime64[us, UTC]"


def test_the_demos_rows_are_counted() -> None:
    store = admira.demo()
    found = freshness(store, now=datetime(2026, 1, 1, 8, tzinfo=UTC))
    rows = store.ads()
    of_day = rows[rows["date"] == "2025-12-31"].groupby("channel").size()
    weeks = [pd.Timestamp("2025-12-31") - pd.Timedelta(weeks=back) for back in range(1, 9)]
    before = rows[rows["date"].isin(weeks)].groupby(["channel", "date"]).size()
    usual = before.groupby("channel").median()
    channels = found.dropna(subset="channel").set_index("channel")
    assert channels["rows"].to_dict() == of_day.to_dict()
    assert channels["usual_rows"].to_dict() == usual.to_dict()
