"""How every store upserts and reads, whatever it keeps its rows in."""

from datetime import date
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from admira.errors import DataError, OptionError, SchemaMismatch
from admira.schemas import ADS, CRM, TABLES, TAGS, Kind
from admira.stores.base import Backend, Upserted
from tests.stores.rows import ads, crm


def column(store: Backend, kind: Kind, name: str, **filters: Any) -> list[Any]:
    return store.read(kind, columns=[name], **filters)[name].tolist()


# Upsert


def test_new_keys_are_inserted(store: Backend) -> None:
    done = store.upsert(ads({}, {"campaign_id": "C-2"}, {"date": "2025-08-02"}))
    assert done == Upserted(inserted=3, partitions_touched=2, partitions_rewritten=2)
    assert column(store, "ads", "campaign_id") == ["C-1", "C-2", "C-1"]


def test_a_later_batch_wins(store: Backend) -> None:
    store.upsert(ads({"clicks": 10}, {"campaign_id": "C-2"}))
    done = store.upsert(ads({"clicks": 11}, {"campaign_id": "C-3"}))
    assert done == Upserted(inserted=1, updated=1, partitions_touched=1, partitions_rewritten=1)
    assert column(store, "ads", "clicks") == [11, 10, 10]


@pytest.mark.parametrize("rows", [ads({}, {"channel": "meta_ads"}), crm({}, {"amount": 5.0})])
def test_an_identical_batch_changes_nothing(store: Backend, rows: pd.DataFrame) -> None:
    first = store.upsert(rows)
    again = store.upsert(rows)
    assert again.unchanged == first.inserted
    assert again.partitions_touched == first.partitions_touched
    assert (again.inserted, again.updated, again.partitions_rewritten) == (0, 0, 0)


def test_only_partitions_whose_rows_change_are_rewritten(store: Backend) -> None:
    store.upsert(ads({}, {"channel": "meta_ads"}, {"date": "2025-08-02"}))
    done = store.upsert(ads({}, {"channel": "meta_ads", "clicks": 11}))
    assert done == Upserted(updated=1, unchanged=1, partitions_touched=2, partitions_rewritten=1)


def test_the_last_of_a_batch_wins_and_counts_once(store: Backend) -> None:
    done = store.upsert(ads({"clicks": 1}, {"clicks": 2}, {"clicks": 3}))
    assert done == Upserted(inserted=1, partitions_touched=1, partitions_rewritten=1)
    assert column(store, "ads", "clicks") == [3]


def test_the_last_of_a_batch_decides_the_day(store: Backend) -> None:
    done = store.upsert(crm({"date": "2025-08-05"}, {"date": "2025-08-02"}))
    assert done == Upserted(inserted=1, partitions_touched=1, partitions_rewritten=1)
    assert column(store, "crm", "date") == [pd.Timestamp("2025-08-02")]


def test_a_corrected_creation_moves_the_row(store: Backend) -> None:
    store.upsert(crm({}, {"opportunity_id": "O-2"}))
    moved = crm({"created_at": "2025-08-03T09:00:00Z", "date": "2025-08-03"})
    done = store.upsert(moved)
    assert done == Upserted(updated=1, partitions_touched=2, partitions_rewritten=2)
    assert column(store, "crm", "opportunity_id") == ["O-1", "O-2"]
    assert column(store, "crm", "opportunity_id", start="2025-08-02") == ["O-1"]
    assert store.upsert(moved).partitions_rewritten == 0


def test_ids_that_differ_only_in_case_are_two(store: Backend) -> None:
    assert store.upsert(crm({"opportunity_id": "a"}, {"opportunity_id": "A"})).inserted == 2


def test_an_absent_column_keeps_its_stored_values(store: Backend) -> None:
    store.upsert(ads({"campaign_name": "Sale", "utm_source": "google"}))
    store.upsert(ads({"clicks": 11}, {"campaign_id": "C-2"}))
    rows = store.read("ads")
    assert rows["campaign_name"].fillna("missing").tolist() == ["Sale", "missing"]
    assert rows["utm_source"].tolist() == ["google", ""]
    assert rows["clicks"].tolist() == [11, 10]


def test_a_null_in_a_present_column_replaces(store: Backend) -> None:
    store.upsert(crm({"amount": 5.0, "contact_email": "a@example.com"}))
    store.upsert(crm({"amount": None, "contact_email": None}))
    rows = store.read("crm", columns=["amount", "contact_email"])
    assert rows.isna().all(axis=None)


@pytest.mark.parametrize("table", TABLES.values())
def test_an_empty_batch_does_nothing(store: Backend, table: Any) -> None:
    assert store.upsert(table.empty()) == Upserted()
    assert_frame_equal(store.read(table.name), table.empty())


@pytest.mark.parametrize(
    "channel", ["a/b", "ünï", "x=y", "100%", "a b", "a+b", "a%20b", "..", "日本", "null?", "123"]
)
def test_any_channel_name_comes_back(store: Backend, channel: str) -> None:
    rows = ads({"channel": channel, "clicks": 1}, {"channel": channel, "campaign_id": "C-2"})
    store.upsert(rows)
    assert store.upsert(rows).unchanged == 2
    assert column(store, "ads", "channel") == [channel] * 2
    assert column(store, "ads", "channel", channel=channel) == [channel] * 2


def test_the_kind_can_be_said(store: Backend) -> None:
    store.upsert(ads({}).assign(opportunity_id="O-1"), kind="ads")
    assert len(store.read("ads")) == 1
    assert store.read("crm").empty


def test_rows_in_other_types_are_cast_or_refused(store: Backend) -> None:
    store.upsert(ads({}).astype({"date": "datetime64[ns]", "channel": "object"}))
    assert_frame_equal(store.read("ads"), ADS.complete(ads({})))
    with pytest.raises(SchemaMismatch, match=r"lack 'clicks \(int64\)'; found 'clicks"):
        store.upsert(ads({}).assign(clicks="many"))


def test_rows_without_a_required_column_are_refused(store: Backend) -> None:
    with pytest.raises(SchemaMismatch, match="crm rows lack 'date'"):
        store.upsert(crm({}).drop(columns="date"))


def test_rows_without_a_day_are_refused(store: Backend) -> None:
    with pytest.raises(DataError, match="must have a date; found 1 without"):
        store.upsert(crm({}, {"opportunity_id": "O-2", "date": None}))
    with pytest.raises(DataError, match="'date'"):
        store.upsert(ads({"date": None}))
    assert store.read("crm").empty


def test_rows_may_share_an_index_label(store: Backend) -> None:
    rows = ads({}, {"campaign_id": "C-2"})
    store.upsert(rows.set_axis([7, 7]))
    assert_frame_equal(store.read("ads"), ADS.complete(rows))


# Read


def test_an_empty_store_reads_typed_and_empty(store: Backend) -> None:
    for kind, table in TABLES.items():
        assert_frame_equal(store.read(kind), table.empty())
    assert_frame_equal(store.read("ads", columns=["cost"]), ADS.empty()[["cost"]])


def test_rows_come_back_as_they_went_in(store: Backend) -> None:
    rows = CRM.complete(
        crm(
            {
                "contact_email": "ñ@example.com",
                "amount": 0.1,
                "created_at": "2025-08-01T09:00:00.123456Z",
                "closed_at": "2025-08-09T10:00:00Z",
                "closed_date": "2025-08-09",
                "gclid": "Ab3",
            }
        )
    )
    store.upsert(rows)
    assert_frame_equal(store.read("crm"), rows)


def test_rows_are_in_natural_key_order_with_a_fresh_index(store: Backend) -> None:
    rows = ads(
        {"date": "2025-08-02", "campaign_id": "B", "channel": "x"},
        {"date": "2025-08-01", "campaign_id": "B", "channel": "z"},
        {"date": "2025-08-01", "campaign_id": "B", "channel": "y"},
        {"date": "2025-08-01", "campaign_id": "A", "channel": "z"},
    )
    store.upsert(rows)
    assert_frame_equal(store.read("ads"), ADS.complete(rows.iloc[::-1].reset_index(drop=True)))


def days_and_channels(store: Backend) -> None:
    store.upsert(
        ads(
            *(
                {"date": f"2025-08-0{day}", "channel": channel}
                for day in (1, 2, 3)
                for channel in ("google_ads", "meta_ads")
            )
        )
    )


@pytest.mark.parametrize(
    ("filters", "days"),
    [
        ({"start": "2025-08-02"}, [2, 3]),
        ({"end": date(2025, 8, 2)}, [1, 2]),
        ({"start": pd.Timestamp("2025-08-02 13:00"), "end": "20250802"}, [2]),
        ({"start": "2025-08-03", "end": "2025-08-01"}, []),
        ({"start": "2024-01-01", "end": "2024-12-31"}, []),
    ],
)
def test_start_and_end_are_both_included(
    store: Backend, filters: dict[str, Any], days: list[int]
) -> None:
    days_and_channels(store)
    rows = store.read("ads", channel="meta_ads", **filters)
    assert rows["date"].dt.day.tolist() == days
    assert_frame_equal(rows.iloc[:0], ADS.empty(), check_index_type=False)


@pytest.mark.parametrize(
    ("channel", "found"),
    [
        ("  Google_Ads ", ["google_ads"]),
        (["META_ADS", "google_ads"], ["google_ads", "meta_ads"]),
        ([], []),
        ("(not set)", []),
        ("tiktok_ads", []),
    ],
)
def test_channels_are_compared_as_tags(
    store: Backend, channel: str | list[str], found: list[str]
) -> None:
    days_and_channels(store)
    assert column(store, "ads", "channel", channel=channel, end="2025-08-01") == found


def test_columns_come_in_the_order_asked_for(store: Backend) -> None:
    store.upsert(ads({"campaign_id": "C-2", "clicks": 2}, {"campaign_id": "C-1", "clicks": 1}))
    rows = store.read("ads", columns=["clicks", "date"])
    assert list(rows) == ["clicks", "date"]
    assert rows["clicks"].tolist() == [1, 2]


@pytest.mark.parametrize("day", ["soon", "2025-13-01", "", pd.NaT])
def test_a_day_that_is_none_is_refused(store: Backend, day: Any) -> None:
    with pytest.raises(OptionError, match="start="):
        store.read("ads", start=day)


def test_unknown_columns_and_tables_are_refused(store: Backend) -> None:
    with pytest.raises(SchemaMismatch, match="lack 'spend'"):
        store.read("ads", columns=["clicks", "spend"])
    with pytest.raises(OptionError, match="kind="):
        store.read("leads")  # type: ignore[arg-type]  # what a caller without types may do
    with pytest.raises(SchemaMismatch, match="crm rows lack 'channel'"):
        store.read("crm", channel="google_ads")


# Frames stay the caller's


def test_arguments_are_unchanged(store: Backend) -> None:
    rows = ads({"clicks": 1}, {"clicks": 2}).set_axis([5, 3])
    before = rows.copy()
    store.upsert(rows)
    assert_frame_equal(rows, before)


def test_what_is_done_to_a_frame_never_reaches_the_store(store: Backend) -> None:
    sent = ads({"clicks": 1})
    store.upsert(sent)
    sent.loc[:, "clicks"] = 7
    received = store.read("ads")
    received.loc[:, "clicks"] = 8
    assert column(store, "ads", "clicks") == [1]


def test_tags_are_kept_once_and_replaced_by_key(store: Backend) -> None:
    sheet = TAGS.complete(
        pd.DataFrame({"campaign_id": ["C-1", "C-2"], "utm_campaign": ["sale", "brand"]})
    )
    assert store.read_tags().empty
    assert (store.upsert_tags(sheet), store.upsert_tags(sheet)) == (2, 0)
    later = sheet.iloc[:1].assign(valid_from=pd.Timestamp("2025-08-01"))
    assert store.upsert_tags(later) == 1
    assert store.read_tags()["valid_from"].notna().tolist() == [True, False]
