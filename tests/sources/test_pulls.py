"""Sources in a platform's form, read whole: replays, totals, links, windows and what is told."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import admira
from admira import AmbiguousData, OptionError, Source, SourceRejected, extract_ads, extract_crm
from admira.sources.extract import extract

GOOGLE = "Day,Campaign ID,Campaign,Clicks,Impr.,Cost,Currency code,Final URL\n"
FORM: dict[str, Any] = {
    "name": "shop",
    "kind": "ads",
    "rows": "segments",
    "row_key": ["day", "id", "device"],
    "columns": {
        "date": {"from": "day"},
        "campaign_id": {"from": "id"},
        "channel": {"const": "shop_ads"},
        "clicks": {"from": "clicks", "default": 0},
        "impressions": {"from": "views", "default": 0},
        "cost": {"from": "cost"},
    },
    "utm": {"fields": {"utm_campaign": ["tag"]}},
}
ROW = {"day": "2025-08-01", "id": "C-1", "device": "mobile", "clicks": 3, "views": 9, "cost": "1.5"}


def test_a_replay_is_dropped_where_rows_can_be_told_apart() -> None:
    store = admira.load(ads=Source([ROW, ROW, {**ROW, "device": "desktop"}], FORM), crm=[])
    assert store.ads()["cost"].tolist() == [3.0]
    report = store.report["ads"]
    assert (report.repeated, report.merged, report.is_complete) == (1, 1, True)


def test_rows_that_differ_in_a_field_that_nobody_reads_are_no_replays() -> None:
    rows = [{**ROW, "placement": place} for place in ("feed", "story")]
    assert admira.load(ads=Source(rows, FORM), crm=[]).ads()["cost"].tolist() == [3.0]


def test_repeats_add_up_and_are_told_where_rows_cannot_be_told_apart() -> None:
    rows = [{name: ROW[name] for name in ROW if name != "device"}] * 2
    store = admira.load(ads=Source(rows, FORM), crm=[])
    assert store.ads()["cost"].tolist() == [3.0]
    assert "1 rows repeat others" in store.report["ads"].warnings[0]


def test_a_total_that_the_rows_do_not_reach_is_told(tmp_path: Path) -> None:
    export = tmp_path / "google.csv"
    rows = '2025-08-01,1,Sale,4,40,"1,000.00",EUR,\n2025-08-02,1,Sale,4,40,10.00,EUR,\n'
    export.write_text(f"{GOOGLE}{rows}Total: Campaigns,,,8,80,{{}},EUR,\n".format('"1,020.00"'))
    (pull,) = extract("ads", export).pulls
    assert pull.dropped == {"total rows": 1}
    assert "states a total cost of 1,020.00, its rows add up to 1,010.00" in pull.warnings[0]
    export.write_text(f"{GOOGLE}{rows}Total: Campaigns,,,8,80,{{}},EUR,\n".format('"1,010.00"'))
    assert extract("ads", export).pulls[0].warnings == ()


def test_a_file_is_recognised_by_its_headers_or_refused_with_the_candidates(tmp_path: Path) -> None:
    export = tmp_path / "anything.csv"
    export.write_text(f"{GOOGLE}2025-08-01,1,Sale,4,40,10.00,EUR,\n")
    assert extract_ads(export)["channel"].tolist() == ["google_ads"]
    export.write_text("Tag,Wert\n1,2\n")
    with pytest.raises(AmbiguousData, match="'google_ads_csv'"):
        extract_ads(export)


def test_the_window_leaves_links_and_rows_together() -> None:
    leads = [
        {"Id": "L-1", "CreatedDate": "2025-07-01T00:00:00Z", "ConvertedOpportunityId": "D-1"},
        {"Id": "L-2", "CreatedDate": "2025-08-01T00:00:00Z", "ConvertedOpportunityId": "D-2"},
    ]
    deals = [
        {"Id": deal, "CreatedDate": "2025-08-02T00:00:00Z", "IsWon": True, "Amount": amount}
        for deal, amount in (("D-1", 10), ("D-2", 20))
    ]
    rows = extract_crm(
        [
            Source({"records": leads}, "salesforce_leads"),
            Source({"records": deals}, "salesforce_opportunities"),
        ],
        since="2025-08-01",
    )
    assert rows.set_index("opportunity_id")["amount"].to_dict() == {"L-2": 20, "deal:D-1": 10}


def crm_pair() -> list[Source]:
    leads = [
        {
            "Id": lead,
            "CreatedDate": "2025-08-01T08:00:00Z",
            "ConvertedOpportunityId": deal,
            "UTM_Campaign__c": "sale",
        }
        for lead, deal in (("L-1", "D-1"), ("L-2", None), ("L-3", "D-9"))
    ]
    deals = [
        {"Id": "D-1", "CreatedDate": "2025-09-01T08:00:00Z", "IsWon": True, "IsClosed": True,
         "Amount": 500},
        {"Id": "D-2", "CreatedDate": "2025-09-02T08:00:00Z", "IsWon": False, "IsClosed": True,
         "Amount": 70},
    ]  # fmt: skip
    return [
        Source({"records": leads}, "salesforce_leads"),
        Source({"records": deals}, "salesforce_opportunities"),
    ]


def test_a_lead_and_its_deal_are_one_record_under_the_leads_id() -> None:
    store = admira.load(ads=[], crm=crm_pair())
    crm = store.crm().set_index("opportunity_id")
    assert sorted(crm.index) == ["L-1", "L-2", "L-3", "deal:D-2"]
    won = crm.loc["L-1"]
    assert (won["stage"], won["amount"], won["date"].month) == ("closed_won", 500, 8)
    assert (won["entry_stage"], won["utm_campaign"]) == ("lead", "sale")
    assert crm.loc["deal:D-2", "entry_stage"] == "opportunity"
    report = store.report["crm"]
    assert (report.fetched, report.accepted, report.merged) == (5, 4, 1)
    assert report.is_complete


def test_linked_leads_and_deals_keep_every_rate_within_bounds() -> None:
    kpis = admira.load(ads=[], crm=crm_pair()).metrics(by=[]).iloc[0]
    assert (kpis["leads"], kpis["opportunities"], kpis["opportunities_from_leads"]) == (3, 2, 1)
    assert kpis["cvr_lead_to_opp"] == pytest.approx(1 / 3)


def test_deals_alone_have_no_leads() -> None:
    kpis = admira.load(ads=[], crm=crm_pair()[1]).metrics(by=[]).iloc[0]
    assert kpis["leads"] == 0
    assert pd.isna(kpis["cpa"])


def test_tags_of_first_and_last_visits_are_not_mixed() -> None:
    contact = {"id": "1", "properties": {"createdate": "2025-08-01T00:00:00Z"}}
    with pytest.raises(AmbiguousData, match="first visit"):
        extract_crm([crm_pair()[0], Source({"results": [contact]}, "hubspot_contacts")])


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: extract_ads([ROW], preset="no_such_form"), "no_such_form"),
        (lambda: extract_ads([ROW], preset="salesforce_leads"), "salesforce_leads"),
        (lambda: extract_ads([ROW], params={"decimal": ","}), "params"),
        (lambda: extract_ads(Source([ROW], FORM), preset="meta_ads_api"), "Source says its own"),
    ],
)
def test_a_form_that_does_not_fit_is_refused(call: Any, sentence: str) -> None:
    with pytest.raises(OptionError, match=sentence):
        call()


def test_a_document_of_another_form_is_refused_with_what_it_holds() -> None:
    with pytest.raises(SourceRejected, match=r"under '\*\.results'; found 'data'"):
        extract_ads({"data": []}, preset="google_ads_api")


def test_a_google_answer_without_rows_is_no_rows() -> None:
    for empty in ([{"fieldMask": "segments.date"}], {"fieldMask": "segments.date"}):
        assert extract_ads(empty, preset="google_ads_api").empty


def test_a_source_shows_no_secret() -> None:
    source = Source("https://user:secret@example.com/x?token=secret", preset="meta_ads_api")
    assert "secret" not in repr(source)
    assert json.dumps(source.label) == '"https://example.com/x"'
