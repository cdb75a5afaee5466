"""The main job from source to KPIs, over real HTTP and real Parquet."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest

import admira
from admira.core.settle import settle
from admira.datasets import generate, serve, worked_example
from admira.ingest_report import IngestReport
from admira.schemas import ADS

GOOD_AD = {
    "date": "2025-08-01",
    "campaign_id": "C-1",
    "channel": "google_ads",
    "clicks": 10,
    "impressions": 100,
    "cost": 5.0,
    "utm_campaign": "sale",
}
GOOD_DEAL = {
    "opportunity_id": "O-1",
    "stage": "Closed Won",
    "amount": 100,
    "created_at": "2025-08-01T10:00:00Z",
    "utm_campaign": "sale",
}

# One row for each kind of dirt that the contract names.
DIRTY_ADS = [
    GOOD_AD,
    GOOD_AD,  # repeated
    {**GOOD_AD, "cost": 6.0},  # supersedes both
    {**GOOD_AD, "campaign_id": "C-2", "clicks": None, "cost": None},
    {**GOOD_AD, "campaign_id": "C-3", "clicks": -4, "cost": -0.5},
    {**GOOD_AD, "campaign_id": "C-4", "clicks": "12", "cost": "7.25"},
    {**GOOD_AD, "campaign_id": 1234567890123456789},
    {**GOOD_AD, "campaign_id": "C-5", "surprise": {"nested": [1]}},
    {**GOOD_AD, "campaign_id": "C-6", "clicks": "many"},
    {**GOOD_AD, "campaign_id": "C-7", "clicks": True},
    {**GOOD_AD, "campaign_id": "C-8", "clicks": 1.5},
    {**GOOD_AD, "campaign_id": "C-9", "cost": math.inf},
    {**GOOD_AD, "campaign_id": "C-10", "cost": math.nan},
    {**GOOD_AD, "campaign_id": "C-11", "date": "2025-02-30"},
    {**GOOD_AD, "campaign_id": "C-12", "date": "01/08/2025"},
    {**GOOD_AD, "campaign_id": "C-13", "date": None},
    {**GOOD_AD, "campaign_id": "   "},
    {**GOOD_AD, "campaign_id": "C-14", "channel": "(untagged)"},
    {**GOOD_AD, "campaign_id": "C-15", "cost": [1, 2]},
]
DIRTY_CRM = [
    GOOD_DEAL,
    {**GOOD_DEAL, "opportunity_id": "O-2", "stage": "tasting"},
    {**GOOD_DEAL, "opportunity_id": "O-3", "amount": None},
    {**GOOD_DEAL, "opportunity_id": "O-4", "amount": -3},
    {**GOOD_DEAL, "opportunity_id": "O-5", "created_at": "2025-08-01 10:00"},
    {**GOOD_DEAL, "opportunity_id": "O-6", "created_at": "yesterday"},
    {**GOOD_DEAL, "opportunity_id": None},
    {**GOOD_DEAL, "opportunity_id": "O-7", "amount": "a lot"},
    "not even a record",
]


@pytest.fixture(params=["memory", "parquet"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> admira.Store:
    return admira.open_store("memory:" if request.param == "memory" else tmp_path / "store")


def everything_below(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def tables_below(store: Path) -> list[dict[str, tuple[bytes, int]]]:
    return [everything_below(store / name) for name in ("ads", "crm", "quarantine")]


def test_every_row_fetched_is_accounted_for(store: admira.Store) -> None:
    report = admira.ingest(store, ads=DIRTY_ADS, crm=DIRTY_CRM)
    ads, crm = report["ads"], report["crm"]
    assert ads.is_complete
    assert crm.is_complete
    assert (ads.fetched, crm.fetched) == (len(DIRTY_ADS), len(DIRTY_CRM))
    assert (ads.repeated + ads.superseded, ads.rejected_rows) == (2, 10)
    assert crm.rejected_rows == 4
    assert ads.accepted == len(store.ads()) == 7
    assert crm.accepted == len(store.crm()) == 5
    assert len(store.quarantine()) == 14


def test_every_reason_names_its_column(store: admira.Store) -> None:
    report = admira.ingest(store, ads=DIRTY_ADS, crm=DIRTY_CRM)
    for table in report.tables:
        assert all(reason.split(":")[0] in admira_columns() for reason in table.rejected)


def admira_columns() -> set[str]:
    from admira.schemas import CRM

    return {*ADS.names, *CRM.names}


def test_quarantine_keeps_the_value_as_received(store: admira.Store) -> None:
    admira.ingest(store, ads=DIRTY_ADS, crm=DIRTY_CRM, run_id="first")
    rows = [json.loads(row) for row in store.quarantine(kind="ads")["row"]]
    assert "01/08/2025" in {row.get("date") for row in rows}
    assert True in {row["clicks"] for row in rows if isinstance(row["clicks"], bool)}
    assert set(store.quarantine()["first_run"]) == {"first"}


def test_what_was_mended_is_counted(store: admira.Store) -> None:
    report = admira.ingest(store, ads=DIRTY_ADS, crm=DIRTY_CRM)
    assert report["ads"].fixed["null_clicks"] == 1
    assert report["ads"].fixed["negative_cost"] == 1
    assert report["crm"].fixed["unknown_stage"] == 1
    assert report["crm"].fixed["naive_created_at"] == 1


def test_running_twice_is_running_once(tmp_path: Path) -> None:
    first = admira.ingest(tmp_path / "store", ads=DIRTY_ADS, crm=DIRTY_CRM)
    before = tables_below(tmp_path / "store")
    second = admira.ingest(tmp_path / "store", ads=DIRTY_ADS, crm=DIRTY_CRM)
    assert first.partitions_rewritten > 0
    assert second.partitions_rewritten == 0
    assert [table.quarantined for table in second.tables] == [0, 0]
    assert tables_below(tmp_path / "store") == before


def test_a_source_that_is_down_leaves_the_store_untouched(tmp_path: Path) -> None:
    store = admira.open_store(tmp_path / "store")
    client = admira.HttpClient(waits_seconds=())
    with serve(worked_example()) as api, pytest.raises(admira.SourceError, match="CRM API"):
        admira.ingest(store, ads=api.ads_url, crm=f"{api.crm_url}/missing", client=client)
    assert everything_below(tmp_path) == {}


def test_a_later_file_of_a_glob_replaces_an_earlier_one(tmp_path: Path) -> None:
    for name, cost in (("b.json", 2.0), ("a.json", 1.0), ("c.json", 3.0)):
        (tmp_path / name).write_text(json.dumps([{**GOOD_AD, "cost": cost}]))
    store = admira.open_store("memory:")
    report = admira.ingest(store, ads=str(tmp_path / "*.json"), crm=[GOOD_DEAL])
    assert store.ads()["cost"].tolist() == [3.0]
    assert report["ads"].superseded == 2
    assert report["ads"].is_complete


def test_a_column_absent_from_one_file_keeps_what_another_said(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([{**GOOD_AD, "campaign_name": "Sale"}]))
    (tmp_path / "b.json").write_text(json.dumps([{**GOOD_AD, "cost": 9.0}]))
    store = admira.open_store("memory:")
    admira.ingest(store, ads=str(tmp_path / "*.json"), crm=[GOOD_DEAL])
    assert store.ads()[["campaign_name", "cost"]].to_numpy().tolist() == [["Sale", 9.0]]


def test_a_column_that_a_later_run_lacks_keeps_its_stored_values(store: admira.Store) -> None:
    admira.ingest(store, ads=[{**GOOD_AD, "campaign_name": "Sale"}], crm=[GOOD_DEAL])
    admira.ingest(store, ads=[{**GOOD_AD, "cost": 9.0}], crm=[GOOD_DEAL])
    assert store.ads()[["campaign_name", "cost"]].to_numpy().tolist() == [["Sale", 9.0]]


def test_a_run_whose_every_source_is_skipped_writes_nothing(store: admira.Store) -> None:
    report = admira.ingest(store, ads="none.json", crm=[GOOD_DEAL], on_source_error="skip")
    assert (report["ads"].accepted, report["crm"].accepted) == (0, 1)
    assert list(report["ads"].skipped) == ["none.json"]


def test_the_window_is_half_open_and_reported() -> None:
    store = admira.open_store("memory:")
    days = [{**GOOD_AD, "date": f"2025-08-0{day}"} for day in (1, 2, 3)]
    report = admira.ingest(store, ads=days, crm=[], since="2025-08-02", until="2025-08-03")
    assert store.ads()["date"].dt.day.tolist() == [2]
    assert report["ads"].dropped == {"outside the window": 2}
    assert report["ads"].is_complete


def test_progress_is_told_before_each_step_and_at_the_end() -> None:
    told: list[tuple[str, int, int]] = []
    admira.ingest(
        admira.open_store("memory:"),
        ads=[GOOD_AD],
        crm=[GOOD_DEAL],
        progress=lambda *step: told.append(step),
    )
    assert told[0] == ("ads: extract records", 0, 6)
    assert told[-1] == ("done", 6, 6)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


def test_the_report_reads_well_everywhere() -> None:
    report = admira.ingest(admira.open_store("memory:"), ads=DIRTY_ADS, crm=DIRTY_CRM)
    assert isinstance(report, IngestReport)
    assert "rejected: 10 (" in str(report)
    assert "<script" not in report._repr_html_()
    assert json.loads(json.dumps(report.to_dict()))["tables"]["ads"]["fetched"] == len(DIRTY_ADS)


def test_settling_tells_repeats_from_replacements() -> None:
    rows = ADS.complete(
        pd.DataFrame([GOOD_AD, {**GOOD_AD, "cost": 1.0}, GOOD_AD]).assign(
            date=pd.Timestamp("2025-08-01")
        )
    )
    settled = settle(rows, ADS)
    assert settled.rows["cost"].tolist() == [5.0]
    assert (settled.repeated, settled.superseded) == (1, 1)


def test_settling_counts_a_repeated_null_as_a_repeat() -> None:
    rows = ADS.complete(pd.DataFrame([GOOD_AD, GOOD_AD]).assign(date=pd.Timestamp("2025-08-01")))
    assert rows["currency"].isna().all()
    assert settle(rows, ADS)[1:3] == (1, 0)


def test_the_demo_attributes_most_of_what_can_be_attributed() -> None:
    demo = generate()
    store = admira.open_store("memory:")
    admira.ingest(store, ads=demo.ads, crm=demo.crm)
    facts = store.facts()
    shares = facts[facts["match"].isin(["exact", "alias", "id"])]
    certain = shares[shares["match_candidates"] == 1].set_index("opportunity_id")["campaign_id"]
    truth = pd.Series({key: origin.campaign_id for key, origin in demo.truth.items()})
    right = (certain == truth.reindex(certain.index)).mean()
    assert len(certain) > 1000
    assert right > 0.95
