"""What a store knows of itself: changes, stale rows, removals, replays, archive, retention."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import admira
from admira.errors import DataError, OptionError, StoreError
from admira.schemas import ADS
from admira.stores.base import Backend
from tests.stores.rows import NOW, ads, crm, reject, typed

LATER = datetime(2025, 8, 21, 6, 30, tzinfo=UTC)


def one(store: Backend, kind: str, name: str) -> object:
    (value,) = store.read(kind, columns=[name])[name]  # type: ignore[arg-type]
    return value


# Stale rows


def test_a_row_older_than_the_stored_one_is_stale_and_not_written(store: Backend) -> None:
    new = {"updated_at": "2025-08-05T00:00:00Z", "stage": "closed_won"}
    store.upsert(crm(new))
    done = store.upsert(
        crm({"updated_at": "2025-08-04T00:00:00Z"}, {"opportunity_id": "O-2", "updated_at": None})
    )
    assert (done.stale, done.inserted, done.updated) == (1, 1, 0)
    assert store.read("crm")["stage"].tolist() == ["closed_won", "lead"]


@pytest.mark.parametrize("updated_at", ["2025-08-05T00:00:00Z", None])
def test_a_row_as_new_or_of_unknown_age_is_not_stale(
    store: Backend, updated_at: str | None
) -> None:
    store.upsert(crm({"updated_at": "2025-08-05T00:00:00Z"}))
    done = store.upsert(crm({"updated_at": updated_at, "stage": "closed_won"}))
    assert (done.stale, done.updated) == (0, 1)


# Changes


def test_what_a_commit_did_to_a_row_can_be_asked_later(store: Backend) -> None:
    with store.transaction(run_id="r1", now=NOW) as commit:
        commit.upsert(ads({"clicks": 10, "campaign_name": "Sale"}))
    with store.transaction(run_id="r2", now=LATER) as commit:
        commit.upsert(
            ads(
                {"clicks": 11, "campaign_name": "Sale"},
                {"campaign_id": "C-2", "campaign_name": None},
            )
        )
    found = admira.Store(store).changes("ads")
    told = found[["change", "run_id", "campaign_id", "clicks"]].astype(object)
    assert told.where(told.notna(), None).to_numpy().tolist() == [
        ["inserted", "r1", "C-1", None],
        ["updated", "r2", "C-1", 10.0],
        ["inserted", "r2", "C-2", None],
    ]
    assert found["changed_at"].tolist() == [NOW, LATER, LATER]


def test_rows_that_come_as_they_are_stored_leave_no_trace(store: Backend) -> None:
    store.upsert(ads({}))
    before = admira.Store(store).changes("ads")
    store.upsert(ads({}))
    assert_frame_equal(admira.Store(store).changes("ads"), before)


# One commit


def test_an_error_in_a_transaction_leaves_everything_as_it_was(store: Backend) -> None:
    store.upsert(ads({}))

    def fail() -> None:
        with store.transaction() as commit:
            commit.upsert(ads({"clicks": 99}))
            commit.upsert(crm({}))
            commit.quarantine(
                pd.DataFrame({"date": ["soon"], "reasons": ["bad"]}), kind="ads", source="api"
            )
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert one(store, "ads", "clicks") == 10
    assert store.read("crm").empty
    assert store.read_quarantine().empty


def test_a_transaction_sees_what_it_did(store: Backend) -> None:
    with store.transaction() as commit:
        commit.upsert(crm({}))
        done = commit.upsert(crm({"date": "2025-08-05", "stage": "closed_won"}))
        again = commit.upsert(crm({"date": "2025-08-05", "stage": "closed_won"}))
    assert (done.updated, again.unchanged) == (1, 1)
    assert one(store, "crm", "stage") == "closed_won"


# Removals


def test_removed_rows_go_to_quarantine_and_come_back_with_the_source(store: Backend) -> None:
    store.upsert(crm({}, {"opportunity_id": "O-2", "date": "2025-08-02"}))
    with store.transaction(run_id="r2", now=NOW) as commit:
        assert commit.remove("crm", {"O-2", "O-9"}, reason="gone") == ["O-2"]
    assert store.read("crm")["opportunity_id"].tolist() == ["O-1"]
    (kept,) = store.read_quarantine().to_dict("records")
    assert (kept["reasons"], kept["source"]) == ("gone", "store")
    assert '"opportunity_id": "O-2"' in kept["row"]
    assert admira.Store(store).changes("crm")["change"].tolist()[-1] == "removed"
    assert store.upsert(crm({"opportunity_id": "O-2", "date": "2025-08-02"})).inserted == 1


# Quarantine and replay

BAD = {
    "date": "2025-08-01",
    "campaign_id": "C-1",
    "channel": "google_ads",
    "clicks": "12 clicks",
    "impressions": 100,
    "cost": 1.5,
    "utm_campaign": "sale",
    "reasons": "clicks: not a number",
}


def mended(raw: pd.DataFrame) -> pd.DataFrame:
    return raw.assign(clicks=raw["clicks"].astype("str").str.extract(r"(\d+)")[0])


def test_quarantine_is_filtered_by_run_reason_source_and_table(store: Backend) -> None:
    reject(store, BAD, {**BAD, "reasons": "cost: infinite"}, run_id="r1")
    reject(store, {**BAD, "clicks": "many"}, run_id="r2")
    held = admira.Store(store)
    assert len(held.quarantine()) == 3
    assert len(held.quarantine(run="r2")) == 1
    assert len(held.quarantine(reason="not a number")) == 2
    assert (len(held.quarantine(source="api")), len(held.quarantine(source="file"))) == (3, 0)
    assert (len(held.quarantine(kind="ads")), len(held.quarantine(kind="crm"))) == (3, 0)
    with pytest.raises(OptionError, match="kind='leads'"):
        held.quarantine(kind="leads")  # type: ignore[arg-type]


def test_a_replay_takes_in_what_now_passes_and_only_once(store: Backend) -> None:
    held = admira.Store(store)
    reject(store, BAD, {**BAD, "campaign_id": "C-2", "clicks": "many"})
    done = held.replay(fix=mended, now=LATER)
    assert (done.tried, done.accepted, done.outdated, done.inserted) == (2, 2, 0, 2)
    assert store.read("ads", columns=["clicks"])["clicks"].tolist() == [12, 0]
    assert held.quarantine()["replayed_run"].tolist() == [done.run_id] * 2
    assert held.replay(fix=mended).tried == 0
    assert reject(store, BAD, run_id="r2") == 0  # the source still sends it: nothing is added


def test_a_replay_without_a_fix_rejects_again_and_changes_nothing(store: Backend) -> None:
    reject(store, BAD)
    before = store.read_quarantine()
    done = admira.Store(store).replay()
    assert (done.tried, done.rejected, done.accepted) == (1, 1, 0)
    assert_frame_equal(store.read_quarantine(), before)


def test_a_replay_never_overwrites_what_came_since(store: Backend) -> None:
    held = admira.Store(store)
    with store.transaction(now=datetime(2025, 8, 1, tzinfo=UTC)) as commit:
        commit.upsert(ads({"campaign_id": "C-2", "clicks": 1}))
    reject(store, BAD, {**BAD, "campaign_id": "C-2"})
    with store.transaction(now=LATER) as commit:
        commit.upsert(ads({"clicks": 13}))
    done = held.replay(fix=mended)
    assert (done.accepted, done.outdated, done.updated) == (1, 1, 1)
    assert store.read("ads", columns=["clicks"])["clicks"].tolist() == [13, 12]


def test_a_replay_does_not_bring_removed_rows_back(store: Backend) -> None:
    report = admira.ingest(admira.Store(store), ads=[], crm=[DEAL, {**DEAL, "opportunity_id": "2"}])
    assert report["crm"].inserted == 2
    admira.ingest(admira.Store(store), ads=[], crm=[DEAL], crm_complete=True)
    assert admira.Store(store).replay().tried == 0
    assert store.read("crm")["opportunity_id"].tolist() == ["1"]


def test_a_fix_must_give_back_every_row(store: Backend) -> None:
    reject(store, BAD)
    with pytest.raises(DataError, match="one row for each of the 1 ads rows, in order; found 0"):
        admira.Store(store).replay(fix=lambda raw: raw.iloc[:0])


DEAL = {
    "opportunity_id": "1",
    "stage": "lead",
    "amount": None,
    "created_at": "2025-08-01T10:00:00Z",
    "utm_campaign": "sale",
}


# Archive


@pytest.fixture
def aged(tmp_path: Path) -> admira.Store:
    store = admira.open_store(tmp_path / "store")
    store.upsert(ads({}, {"date": "2025-08-02"}, {"date": "2025-08-10", "channel": "x"}))
    store.upsert(crm({}, {"opportunity_id": "O-2", "date": "2025-08-10"}))
    return store


def parquet_in(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*.parquet")
        if "_admira" not in path.parts
    )


def test_an_archive_is_read_along_and_a_store_of_its_own(
    aged: admira.Store, tmp_path: Path
) -> None:
    before = aged.ads(), aged.crm(), aged.metrics(by="channel")
    found = aged.archive("2025-08-10", str(tmp_path / "old"))
    assert found["kind"].tolist() == ["ads", "ads", "crm"]
    assert not (tmp_path / "old").exists()
    aged.archive("2025-08-10", str(tmp_path / "old"), dry_run=False)
    assert parquet_in(tmp_path / "old") == [
        "ads/date=2025-08-01/channel=google_ads/part-0.parquet",
        "ads/date=2025-08-02/channel=google_ads/part-0.parquet",
        "crm/date=2025-08-01/part-0.parquet",
    ]
    assert parquet_in(tmp_path / "store") == [
        "ads/date=2025-08-10/channel=x/part-0.parquet",
        "crm/date=2025-08-10/part-0.parquet",
    ]
    for store in (aged, admira.open_store(tmp_path / "store")):
        after = store.ads(), store.crm(), store.metrics(by="channel")
        for one_before, one_after in zip(before, after, strict=True):
            assert_frame_equal(one_before, one_after)
        assert store.verify().is_sound
    assert len(admira.open_store(tmp_path / "old").ads()) == 2
    assert aged.archive("2025-08-10", dry_run=False).empty


def test_a_late_row_brings_its_partition_back_and_the_stores_own_counts(
    aged: admira.Store, tmp_path: Path
) -> None:
    aged.archive("2025-08-10", str(tmp_path / "old"), dry_run=False)
    done = aged.upsert(ads({"clicks": 77}, {"campaign_id": "C-2"}))
    assert (done.inserted, done.updated) == (1, 1)
    assert aged.ads(end="2025-08-01")["clicks"].tolist() == [77, 10]
    aged.archive("2025-08-10", dry_run=False)
    assert aged.ads(end="2025-08-01")["clicks"].tolist() == [77, 10]
    assert aged.verify().is_sound


def test_a_row_that_leaves_an_archived_day_is_nowhere_twice(
    aged: admira.Store, tmp_path: Path
) -> None:
    aged.archive("2025-08-10", str(tmp_path / "old"), dry_run=False)
    aged.upsert(crm({"date": "2025-08-11"}))
    assert aged.crm()["opportunity_id"].tolist() == ["O-1", "O-2"]
    assert aged.verify().is_sound
    aged.archive("2025-08-11", dry_run=False)
    assert aged.crm()["opportunity_id"].tolist() == ["O-1", "O-2"]
    assert "crm/date=2025-08-01/part-0.parquet" not in parquet_in(tmp_path / "old")


def test_an_archive_is_recorded_and_there_is_one(aged: admira.Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="has no archive yet"):
        aged.archive("2025-08-10")
    with pytest.raises(StoreError, match="is the store itself"):
        aged.archive("2025-08-10", str(tmp_path / "store"))
    aged.archive("2025-08-10", str(tmp_path / "old"), dry_run=False)
    with pytest.raises(StoreError, match=r"has its archive at .*old; found to="):
        aged.archive("2025-08-10", str(tmp_path / "other"))
    with pytest.raises(StoreError, match=r"has its archive at .*old; found archive="):
        admira.open_store(tmp_path / "store", archive=str(tmp_path / "other"))


def test_an_archive_may_be_named_when_the_store_is_opened(
    aged: admira.Store, tmp_path: Path
) -> None:
    aged.archive("2025-08-10", str(tmp_path / "old"), dry_run=False)
    settings = tmp_path / "store/_admira/settings.json"
    settings.write_text('{"schema_version": "1.0", "tz": "UTC"}')
    assert len(admira.open_store(tmp_path / "store").ads()) == 1
    named = admira.open_store(tmp_path / "store", archive=str(tmp_path / "old"))
    assert len(named.ads()) == 3


def test_memory_has_no_archive() -> None:
    with pytest.raises(StoreError, match="in memory has no archive"):
        admira.open_store("memory:").archive("90d", "elsewhere")


# Retention


def test_dropped_days_stay_dropped_and_the_map_keeps_them(store: Backend) -> None:
    held = admira.Store(store)
    held.upsert(ads({}, {"date": "2025-08-10", "campaign_id": "C-2"}))
    held.upsert(crm({"date": "2025-08-10"}))
    before = held.campaigns()
    shares = held.metrics(by="campaign_id", start="2025-08-10")
    assert len(held.retain("2025-08-05", kind="ads")) == 1
    assert len(held.ads()) == 2
    held.retain("2025-08-05", kind="ads", dry_run=False)
    assert held.ads()["date"].dt.day.tolist() == [10]
    assert_frame_equal(held.campaigns(), before)
    assert_frame_equal(held.metrics(by="campaign_id", start="2025-08-10"), shares)
    late = held.upsert(ads({}, {"date": "2025-08-10", "campaign_id": "C-3"}))
    assert (late.expired, late.inserted) == (1, 1)
    assert held.upsert(ads({})).expired == 1
    assert held.verify().is_sound


def test_retention_reaches_the_archive(aged: admira.Store, tmp_path: Path) -> None:
    aged.archive("2025-08-10", str(tmp_path / "old"), dry_run=False)
    found = aged.retain("2025-08-02", dry_run=False)
    assert found["kind"].tolist() == ["ads", "crm"]
    assert parquet_in(tmp_path / "old") == ["ads/date=2025-08-02/channel=google_ads/part-0.parquet"]
    assert aged.ads()["date"].dt.day.tolist() == [2, 10]
    assert aged.crm()["opportunity_id"].tolist() == ["O-2"]


@pytest.mark.parametrize(
    ("older_than", "left"), [("10d", 1), ("2w", 2), ("1m", 3), ("1y", 3), ("2025-08-02", 2)]
)
def test_ages_are_spans_before_now_or_days(aged: admira.Store, older_than: str, left: int) -> None:
    found = aged.retain(older_than, kind="ads", now=datetime(2025, 8, 16, 23, tzinfo=UTC))
    assert 3 - len(found) == left


@pytest.mark.parametrize("older_than", ["", "soon", "90", "-3d", "90 parsecs"])
def test_an_age_that_is_none_is_refused(aged: admira.Store, older_than: str) -> None:
    with pytest.raises(OptionError, match="older_than="):
        aged.retain(older_than)


def test_typed_rows_have_the_contracts_columns() -> None:
    assert typed(ADS, []).columns.tolist() == ADS.names
