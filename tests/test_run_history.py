"""What the history of runs keeps of those that failed or were killed, and what is unusual."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import admira
from admira.errors import DataError, SourceRejected
from admira.ingest_report import TableReport
from admira.run_history import failures_in_a_row, outcomes
from admira.unusual import unusual
from tests.stores.workers import started
from tests.test_runs import AD, DEAL, NOW

BAD = {**AD, "campaign_id": "C-2", "clicks": "many"}


@pytest.fixture(params=["memory", "parquet", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> admira.Store:
    if request.param == "s3":
        return admira.open_store(request.getfixturevalue("bucket"))
    return admira.open_store("memory:" if request.param == "memory" else tmp_path / "store")


def ingest(store: admira.Store, ads: Any, day: int = 20, **options: Any) -> admira.IngestReport:
    at = NOW.replace(day=day)
    return admira.ingest(store, ads=ads, crm=[DEAL], now=at, run_id=f"run-{day}", **options)


# Failed runs


def test_a_failed_run_is_in_the_history_with_its_reason(store: admira.Store) -> None:
    ingest(store, [AD], 1)
    with pytest.raises(SourceRejected):
        ingest(store, "/nowhere/ads.json", 2)
    with pytest.raises(DataError):
        ingest(store, [AD, BAD], 3, max_reject_rate=0.1)
    runs = store.runs()
    assert runs["run_id"].tolist() == ["run-1", "run-1", "run-2", "run-3"]
    assert runs["status"].tolist() == ["ok", "ok", "error", "error"]
    assert runs["error"].iloc[2].startswith("SourceRejected: /nowhere/ads.json cannot be read")
    assert runs["kind"].iloc[:2].tolist() == ["ads", "crm"]
    assert runs["kind"].iloc[2:].isna().all()
    assert runs["fetched"].tolist() == [1, 1, 0, 0]
    assert (store.watermarks()["run_id"] == "run-1").all()
    assert failures_in_a_row(outcomes(runs)) == 2
    ingest(store, [AD], 4)
    assert failures_in_a_row(outcomes(store.runs())) == 0


def test_a_fault_that_is_not_admiras_own_is_told_by_its_type_alone(
    store: admira.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(store, [AD], 1)
    address = "ana@example.com"

    def fail(*_: Any, **__: Any) -> None:
        raise KeyError(address)

    monkeypatch.setattr("admira.pipeline.extract_all", fail)
    with pytest.raises(KeyError):
        ingest(store, [AD], 2)
    assert store.runs()["error"].iloc[-1] == "KeyError"


def test_a_failed_run_makes_no_store(tmp_path: Path) -> None:
    with pytest.raises(SourceRejected):
        admira.ingest(tmp_path / "store", ads="/nowhere/ads.json", crm=[])
    assert not (tmp_path / "store").exists()
    admira.ingest(admira.open_store(tmp_path / "store", tz="Europe/Madrid"), ads=[AD], crm=[])
    assert admira.open_store(tmp_path / "store").tz == "Europe/Madrid"


def begin_and_wait(pipe: Any, folder: Path, run_id: str) -> None:
    """Begin an ingest that does not come past its first source."""

    def wait(*_: Any) -> None:
        pipe.send("begun")
        pipe.recv()

    admira.ingest(folder, ads=[AD], crm=[], run_id=run_id, progress=wait)


def test_a_killed_run_is_cut_short_once_a_later_one_begins(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    ingest(admira.open_store(folder), [AD])
    for name in ("first", "second"):
        with started(begin_and_wait, folder, name) as (_, pipe):
            assert pipe.recv() == "begun"
    runs = admira.open_store(folder).runs()
    assert runs["status"].tolist() == ["ok", "ok", "running", "running"]
    assert list(outcomes(runs)) == ["ok", "cut short", "running"]
    assert failures_in_a_row(outcomes(runs)) == 1
    later = datetime.now(UTC) + timedelta(hours=7)
    assert failures_in_a_row(outcomes(runs, later)) == 2
    admira.ingest(folder, ads=[AD], crm=[])
    found = list(outcomes(admira.open_store(folder).runs(), later))
    assert found == ["ok", "cut short", "cut short", "ok"]


def test_a_store_tells_in_a_notebook_that_its_last_run_failed(store: admira.Store) -> None:
    ingest(store, [AD], 1)
    with pytest.raises(SourceRejected):
        ingest(store, "/nowhere/ads.json", 2)
    html = store._repr_html_()
    assert "Last run run-2, Aug 2, 2025 06:00 UTC, failed: SourceRejected: /nowhere" in html


def test_freshness_is_that_of_the_last_run_that_worked(store: admira.Store) -> None:
    ingest(store, [AD], 1)
    with pytest.raises(SourceRejected):
        ingest(store, "/nowhere/ads.json", 2)
    assert (store.freshness(now=NOW)["run_id"] == "run-1").all()


# What is unusual


def table(accepted: int = 100, **facts: Any) -> TableReport:
    whole = {"fetched": accepted, "source": "api", "kind": "ads", **facts}
    return TableReport(accepted=accepted, **whole)


def before(*tables: TableReport) -> list[dict[str, Any]]:
    return [json.loads(json.dumps(asdict(each))) for each in tables]


USUAL = before(table(100), table(98), table(110))


@pytest.mark.parametrize(
    ("today", "said"),
    [
        (table(0), ["0 rows accepted; usually 100"]),
        (table(49), ["49 rows accepted; usually 100"]),
        (table(50), []),
        (table(51), []),
        (table(300), []),
        (
            table(100, fetched=106, rejected={"date": 6}),
            ["5.7% of the rows rejected; usually 0.0%"],
        ),
        (table(100, fetched=105, rejected={"date": 5}), []),
    ],
)
def test_no_rows_half_the_rows_and_many_rejects_are_unusual(
    today: TableReport, said: list[str]
) -> None:
    assert [str(each) for each in unusual(today, USUAL)] == said


def test_rejects_that_are_usual_are_not_told_again() -> None:
    poor = table(80, fetched=100, rejected={"date": 20})
    assert unusual(poor, before(poor, poor, poor)) == ()
    assert [each.what for each in unusual(poor, [])] == ["reject_rate"]


def test_spend_is_compared_a_day_and_in_its_own_currency() -> None:
    def spent(**daily: float) -> TableReport:
        return table(daily_spend=daily)

    usual = before(*[spent(EUR=100.0, USD=1000.0)] * 3)
    assert unusual(spent(EUR=299.0, USD=1000.0), usual) == ()
    told = [str(each) for each in unusual(spent(EUR=300.0, USD=1000.0), usual)]
    assert told == ["300.00 EUR spent a day; usually 100.00"]
    assert unusual(spent(GBP=9000.0), usual) == ()


def test_only_runs_that_read_the_same_in_the_same_way_are_compared() -> None:
    def read(day: str, window: str = "everything") -> TableReport:
        label = f"ads-{day}.csv"
        return table(100, source=label, windows={label: window})

    whole = before(*(read(f"2025-08-0{day}") for day in (1, 2, 3)))
    few = table(9, source="ads-2025-08-04.csv", windows={"ads-2025-08-04.csv": "everything"})
    assert [each.what for each in unusual(few, whole)] == ["few_rows"]
    part = {"ads-2025-08-04.csv": "days from 2025-08-01"}
    assert unusual(table(9, source="ads-2025-08-04.csv", windows=part), whole) == ()
    assert unusual(few, whole[:2]) == ()
    assert unusual(table(9, source="crm.csv"), whole) == ()


def test_a_small_table_may_vary() -> None:
    assert unusual(table(1), before(*[table(3)] * 3)) == ()


def test_an_ingest_is_compared_with_those_before(store: admira.Store) -> None:
    ads = [{**AD, "campaign_id": f"C-{n}", "currency": "EUR"} for n in range(40)]
    for day in (1, 2, 3):
        assert ingest(store, ads, day).anomalies == ()
    dear = [{**ad, "cost": 2.0 * 5 * 40} for ad in ads[:3]]
    report = ingest(store, dear, 4)
    assert [each.what for each in report.anomalies] == ["few_rows", "high_spend"]
    assert "unusual: 3 rows accepted; usually 40" in str(report)
    assert "1,200.00 EUR spent a day; usually 200.00" in str(report)
    assert "ads: 3 rows accepted; usually 40" in report._repr_html_()
    assert "€1,200.00 spent a day; usually €200.00" in report._repr_html_()
    assert store.runs()["anomalies"].tolist() == [0] * 6 + [2, 0]
