"""What a run reads, how far its watermark moves, what stops it, and what it leaves behind."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import admira
from admira.datasets import serve, worked_example
from admira.errors import DataError, OptionError, SourceError

AD = {
    "date": "2025-08-01",
    "campaign_id": "C-1",
    "channel": "google_ads",
    "clicks": 10,
    "impressions": 100,
    "cost": 5.0,
    "utm_campaign": "sale",
}
DEAL = {
    "opportunity_id": "O-1",
    "stage": "lead",
    "amount": None,
    "created_at": "2025-08-01T10:00:00Z",
    "utm_campaign": "sale",
    "updated_at": "2025-08-01T10:00:00Z",
}
NOW = datetime(2025, 8, 20, 6, 0, tzinfo=UTC)


class Exports:
    """Two files that a source writes anew before each run."""

    def __init__(self, folder: Path) -> None:
        self.ads, self.crm = folder / "ads.json", folder / "crm.json"

    def write(self, ads: list[dict[str, Any]], crm: list[dict[str, Any]]) -> None:
        self.ads.write_text(json.dumps(ads))
        self.crm.write_text(json.dumps(crm))

    def ingest(self, store: admira.Store, **options: Any) -> admira.IngestReport:
        return admira.ingest(store, ads=self.ads, crm=self.crm, **{"now": NOW, **options})


@pytest.fixture
def exports(tmp_path: Path) -> Exports:
    return Exports(tmp_path)


@pytest.fixture(params=["memory", "parquet"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> admira.Store:
    return admira.open_store("memory:" if request.param == "memory" else tmp_path / "store")


def mark(store: admira.Store, kind: str) -> str | None:
    rows = store.watermarks()
    (day,) = rows.loc[rows["kind"] == kind, "day"]
    return None if day is None or day != day else f"{day:%Y-%m-%d}"  # noqa: PLR0124 - NaT


# Watermarks


def test_a_watermark_is_the_last_day_of_the_rows(store: admira.Store, exports: Exports) -> None:
    exports.write([AD, {**AD, "date": "2025-08-07"}], [DEAL])
    exports.ingest(store)
    assert (mark(store, "ads"), mark(store, "crm")) == ("2025-08-07", "2025-08-01")


def test_a_watermark_never_passes_the_last_complete_day(
    store: admira.Store, exports: Exports
) -> None:
    exports.write(
        [AD, {**AD, "date": "2025-08-20"}, {**AD, "date": "2031-01-01"}],
        [{**DEAL, "updated_at": "2025-08-20T05:00:00Z"}],
    )
    exports.ingest(store)
    assert (mark(store, "ads"), mark(store, "crm")) == ("2025-08-19", "2025-08-19")


def test_a_watermark_stays_before_the_end_of_the_window(
    store: admira.Store, exports: Exports
) -> None:
    exports.write([AD, {**AD, "date": "2025-08-07"}], [DEAL])
    exports.ingest(store, until="2025-08-05")
    assert mark(store, "ads") == "2025-08-01"


def test_a_watermark_never_goes_back(store: admira.Store, exports: Exports) -> None:
    exports.write([{**AD, "date": "2025-08-07"}], [DEAL])
    exports.ingest(store)
    exports.write([AD], [])
    exports.ingest(store)
    assert (mark(store, "ads"), mark(store, "crm")) == ("2025-08-07", "2025-08-01")


def test_a_watermark_does_not_jump_over_days_that_were_not_read(
    store: admira.Store, exports: Exports
) -> None:
    exports.write([AD], [DEAL])
    exports.ingest(store)
    exports.write([{**AD, "date": "2025-08-15"}], [])
    exports.ingest(store, since="2025-08-10")
    assert mark(store, "ads") == "2025-08-01"
    exports.ingest(store, since="2025-08-02")
    assert mark(store, "ads") == "2025-08-15"


def test_a_failed_run_moves_nothing(store: admira.Store, exports: Exports) -> None:
    exports.write([AD], [DEAL])
    exports.ingest(store)
    exports.write([{**AD, "date": "2025-08-09"}], [])
    exports.crm.unlink()
    with pytest.raises(SourceError):
        exports.ingest(store)
    exports.write([{**AD, "date": "2025-08-09", "clicks": "many"}], [])
    with pytest.raises(DataError):
        exports.ingest(store, max_reject_rate=0.5)
    assert mark(store, "ads") == "2025-08-01"
    assert store.ads()["clicks"].tolist() == [10]


# What "auto" reads


def test_auto_reads_everything_the_first_time(store: admira.Store, exports: Exports) -> None:
    exports.write([{**AD, "date": "2020-01-01"}], [DEAL])
    report = exports.ingest(store, since="auto")
    assert (report["ads"].accepted, report["crm"].accepted) == (1, 1)


def test_auto_reads_ads_again_from_the_lookback_on(store: admira.Store, exports: Exports) -> None:
    exports.write([{**AD, "date": "2025-08-10"}], [DEAL])
    exports.ingest(store)
    old, edge = {**AD, "date": "2025-07-10"}, {**AD, "date": "2025-07-11"}
    exports.write([old, edge, {**AD, "date": "2025-08-11"}], [DEAL])
    report = exports.ingest(store, since="auto")
    assert (report["ads"].accepted, report["ads"].dropped) == (2, {"outside the window": 1})
    assert store.ads()["date"].dt.strftime("%m-%d").tolist() == ["07-11", "08-10", "08-11"]
    assert exports.ingest(store, since="auto", lookback_days=0)["ads"].accepted == 1
    assert "days from 2025-07-11 of" in str(report)


def test_auto_reads_what_changed_in_a_crm_that_says_so(
    store: admira.Store, exports: Exports
) -> None:
    exports.write([AD], [{**DEAL, "updated_at": "2025-08-10T10:00:00Z"}])
    exports.ingest(store)
    changed = {**DEAL, "opportunity_id": "O-2", "updated_at": "2025-08-12T00:00:00Z"}
    exports.write([AD], [{**DEAL, "opportunity_id": "O-3"}, changed])
    report = exports.ingest(store, since="auto")
    assert report["crm"].accepted == 1
    assert set(store.crm()["opportunity_id"]) == {"O-1", "O-2"}
    assert mark(store, "crm") == "2025-08-12"


@pytest.mark.parametrize("without", [{}, {"updated_at": None}])
def test_auto_reads_a_crm_whole_that_does_not_tell_what_is_new(
    store: admira.Store, exports: Exports, without: dict[str, None]
) -> None:
    plain = {name: value for name, value in DEAL.items() if name != "updated_at"}
    exports.write([AD], [DEAL, {**plain, **without, "opportunity_id": "O-2"}])
    exports.ingest(store)
    assert mark(store, "crm") is None
    exports.write([AD], [plain, {**plain, "opportunity_id": "O-2", "stage": "closed_won"}])
    report = exports.ingest(store, since="auto")
    assert report["crm"].accepted == 2
    assert "everything (nothing tells what is new)" in str(report)
    assert exports.ingest(store, since="auto")["crm"].partitions_rewritten == 0


def test_rows_in_memory_are_read_whole(store: admira.Store) -> None:
    admira.ingest(store, ads=[{**AD, "date": "2025-08-10"}], crm=[], now=NOW)
    report = admira.ingest(store, ads=[{**AD, "date": "2024-01-01"}], crm=[], since="auto", now=NOW)
    assert report["ads"].inserted == 1


def test_each_api_is_asked_for_its_own_days(store: admira.Store) -> None:
    with serve(worked_example()) as api:
        urls = {"ads": api.ads_url, "crm": api.crm_url}
        admira.ingest(store, **urls, now=NOW)
        report = admira.ingest(store, **urls, since="auto", lookback_days=0, now=NOW)
    assert report["ads"].accepted == 2  # the watermark's own day
    assert report["crm"].accepted == 6


@pytest.mark.parametrize("days", [-1, 1.5, True, "30"])
def test_a_lookback_that_is_no_number_of_days_is_refused(store: admira.Store, days: Any) -> None:
    with pytest.raises(OptionError, match="lookback_days="):
        admira.ingest(store, ads=[], crm=[], since="auto", lookback_days=days)


# What stops a run


def test_too_many_rejects_stop_a_run_before_anything_is_written(
    store: admira.Store, exports: Exports
) -> None:
    exports.write([AD, {**AD, "clicks": "many"}, {**AD, "date": "soon"}], [DEAL])
    with pytest.raises(DataError, match=r"2 of 3 ads rows \(66.7%\).*max_reject_rate=0.5.*Nothing"):
        exports.ingest(store, max_reject_rate=0.5)
    assert store.ads().empty
    assert store.crm().empty
    assert store.quarantine().empty
    assert exports.ingest(store, max_reject_rate=0.7)["ads"].rejected_rows == 2


# Deletions


def test_a_complete_read_removes_what_the_source_no_longer_has(
    store: admira.Store, exports: Exports
) -> None:
    deals = [{**DEAL, "opportunity_id": f"O-{n}"} for n in range(4)]
    exports.write([AD], deals)
    exports.ingest(store)
    bad = {**DEAL, "opportunity_id": "O-2", "amount": "plenty"}
    exports.write([AD], [deals[0], deals[1], bad])
    assert exports.ingest(store)["crm"].removed == ()
    report = exports.ingest(store, crm_complete=True)
    assert report["crm"].removed == ("O-3",)  # O-2 is refused, but it is still there
    assert store.crm()["opportunity_id"].tolist() == ["O-0", "O-1", "O-2"]
    (kept,) = store.quarantine(reason="no longer in the source").to_dict("records")
    assert json.loads(kept["row"])["opportunity_id"] == "O-3"
    assert "1 removed" in str(report)
    assert exports.ingest(store, crm_complete=True)["crm"].removed == ()


def test_a_short_read_does_not_empty_the_table(store: admira.Store, exports: Exports) -> None:
    exports.write([AD], [{**DEAL, "opportunity_id": f"O-{n}"} for n in range(4)])
    exports.ingest(store)
    exports.write([{**AD, "clicks": 11}], [{**DEAL, "opportunity_id": "O-0"}])
    with pytest.raises(DataError, match=r"holds 4 opportunities, of which 3 .*max_removed_rate"):
        exports.ingest(store, crm_complete=True)
    assert store.ads()["clicks"].tolist() == [10]
    assert len(exports.ingest(store, crm_complete=True, max_removed_rate=0.8)["crm"].removed) == 3


def test_a_part_of_a_source_is_not_complete(store: admira.Store, exports: Exports) -> None:
    exports.write([AD], [DEAL])
    with pytest.raises(OptionError, match="crm_complete=True"):
        exports.ingest(store, crm_complete=True, since="2025-08-01")


def test_a_mapping_may_say_that_its_rows_are_all_there_are(store: admira.Store) -> None:
    form = {
        "name": "deals",
        "kind": "crm",
        "complete": True,
        "columns": {
            "opportunity_id": {"from": "id"},
            "stage": {"const": "lead"},
            "created_at": {"from": "created", "date": "auto"},
        },
    }
    first = [{"id": "1", "created": "2025-08-01"}, {"id": "2", "created": "2025-08-01"}]
    admira.ingest(store, ads=[], crm=admira.Source(first, preset=form))
    second = admira.ingest(store, ads=[], crm=admira.Source(first[:1], preset=form))
    assert second["crm"].removed == ("2",)
    kept = admira.ingest(store, ads=[], crm=admira.Source(first, preset=form), crm_complete=False)
    assert kept["crm"].removed == ()


# History


def test_runs_are_kept_with_their_counts(store: admira.Store, exports: Exports) -> None:
    assert store.runs().empty
    exports.write([AD, {**AD, "date": "soon"}], [DEAL])
    exports.ingest(store, run_id="first")
    later = datetime(2025, 9, 1, tzinfo=UTC)
    exports.ingest(store, run_id="second", now=later)
    runs = store.runs()
    assert runs["run_id"].tolist() == ["first", "first", "second", "second"]
    assert runs["kind"].tolist() == ["ads", "crm"] * 2
    first = runs.iloc[0]
    assert (first["fetched"], first["accepted"], first["rejected"], first["inserted"]) == (
        2,
        1,
        1,
        1,
    )
    assert runs["unchanged"].tolist() == [0, 0, 1, 1]
    assert runs["started_at"].iloc[2] == later


def test_everything_of_a_run_is_one_commit(exports: Exports, tmp_path: Path) -> None:
    exports.write([AD, {**AD, "date": "soon"}], [DEAL])
    exports.ingest(admira.open_store(tmp_path / "store"))
    (entry,) = (tmp_path / "store/_admira/journal").iterdir()
    paths = json.loads(entry.read_text())["writes"]
    assert {path.split("/")[0] for path in paths} == {"ads", "crm", "quarantine", "_admira"}
    assert any("watermarks" in path for path in paths)
    assert any("runs" in path for path in paths)
