"""Several sources at a time: accounts and platforms side by side, over real HTTP."""

from pathlib import Path

import pandas as pd
import pytest

import admira
from admira import Source, SourceUnavailable

from .sources.loopback import QUICK, Reply, reply_json, serving

DEAL = {"opportunity_id": "O-1", "stage": "lead", "amount": None, "utm_campaign": "sale"}
CRM = [{**DEAL, "created_at": "2025-08-01T00:00:00Z"}]


def rows_of(campaign: str, cost: float) -> list[dict[str, object]]:
    return [
        {
            "date": "2025-08-01",
            "campaign_id": campaign,
            "channel": "google_ads",
            "clicks": 1,
            "impressions": 2,
            "cost": cost,
            "utm_campaign": "sale",
        }
    ]


@pytest.mark.parametrize("max_workers", [1, 8])
def test_the_result_does_not_depend_on_timing(max_workers: int) -> None:
    store = admira.open_store("memory:")
    with (
        serving(Reply(status=503), reply_json(rows_of("C-1", 1.0))) as slow,
        serving(reply_json(rows_of("C-1", 2.0))) as quick,
    ):
        client = admira.HttpClient(waits_seconds=(0.2,))
        report = admira.ingest(
            store,
            ads=[slow.url, quick.url],
            crm=CRM,
            client=client,
            max_workers=max_workers,
        )
    assert store.ads()["cost"].tolist() == [2.0]
    assert report["ads"].superseded == 1
    assert report["ads"].is_complete


def test_one_failing_source_fails_the_run_before_anything_is_written(tmp_path: Path) -> None:
    with (
        serving(reply_json(rows_of("C-1", 1.0))) as good,
        serving(Reply(status=500)) as bad,
        pytest.raises(SourceUnavailable, match="ADS API unavailable"),
    ):
        admira.ingest(tmp_path / "store", ads=[good.url, bad.url], crm=CRM, client=QUICK)
    assert not (tmp_path / "store").exists()


def test_a_failing_source_may_be_skipped_and_the_report_names_it() -> None:
    store = admira.open_store("memory:")
    with serving(reply_json(rows_of("C-1", 1.0))) as good, serving(Reply(status=500)) as bad:
        report = admira.ingest(
            store, ads=[good.url, bad.url], crm=CRM, client=QUICK, on_source_error="skip"
        )
    assert store.ads()["campaign_id"].tolist() == ["C-1"]
    assert list(report["ads"].skipped) == [f"{bad.url}"]
    assert "skipped" in str(report)


def test_load_takes_files_frames_and_the_teams_sheet(tmp_path: Path) -> None:
    export = tmp_path / "google.csv"
    export.write_text(
        "Campaign report\n\nDay,Campaign ID,Campaign,Clicks,Impr.,Cost,Currency code\n"
        "2025-08-01,77,Sale,4,40,10.00,EUR\n"
    )
    sheet = pd.DataFrame({"campaign_id": ["77"], "utm_campaign": ["sale"]})
    deal = {**CRM[0], "currency": "EUR", "stage": "won", "amount": 50}
    store = admira.load(
        ads=[export, Source(rows_of("C-1", 0.0))], crm=pd.DataFrame([deal]), tags=sheet
    )
    facts = store.facts()
    share = facts[facts["campaign_id"] == "77"]
    assert share["match"].tolist() == ["ad", "campaign"]
    assert share["revenue"].sum() == pytest.approx(50 * 4 / 5)
    assert store.report["ads"].notes["campaigns_without_tag"] == 1
    assert len(store.tags()) == 1
    assert admira.open_store(store.backend.path).metrics(by=[])["revenue"].tolist() == [50.0]
