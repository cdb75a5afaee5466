"""What platforms do that would bend the numbers, and what a preset makes of it."""

from typing import Any

import pandas as pd
import pytest

from admira.core.normalize import normalize
from admira.errors import AmbiguousData
from admira.sources.documents import items_at
from admira.sources.mapper import has_identity, map_rows
from admira.sources.presets import load_preset
from admira.sources.sheets import open_sheet
from admira.sources.tabular import read_table

from .forms import EXPORTS, FORMS, document_of, mapped, rows_of


@pytest.mark.parametrize(
    ("file", "ids"),
    [
        ("hubspot_deals.json", {"lead_id": ["51", None, None]}),
        ("salesforce_leads.json", {"deal_id": ["006Qx000004aBcDIAU", None]}),
    ],
)
def test_a_preset_says_which_lead_became_which_deal(file: str, ids: dict[str, Any]) -> None:
    form = next(form for form in FORMS if form.file == file)

    links = mapped(form, load_preset(form.preset))[0].links

    assert links.to_dict("list") == ids


@pytest.mark.parametrize(
    "name",
    ["google_ads_api", "meta_ads_csv", "linkedin_ads_api", "microsoft_ads_csv", "tiktok_ads_api"],
)
def test_raw_rows_are_identified_where_all_that_splits_them_is_there(name: str) -> None:
    form = next(form for form in FORMS if form.preset == name)
    preset = load_preset(name)
    rows = rows_of(form, preset)

    assert preset.row_key
    assert has_identity(rows, preset) == (name != "meta_ads_csv"), "that export has no Ad ID"


def test_a_microsoft_report_cut_down_to_ids_and_measures_identifies_no_row() -> None:
    cells = {"TimePeriod": ["8/1/2025"] * 2, "CampaignId": ["829"] * 2}
    measures = {"Clicks": ["2"] * 2, "Impressions": ["98"] * 2, "Spend": ["3.10"] * 2}

    rows, preset = pd.DataFrame(cells | measures), load_preset("microsoft_ads_csv")

    assert not has_identity(rows, preset)
    assert len(map_rows(rows, preset).frame) == 2


def test_microsoft_days_are_read_as_the_page_and_as_the_api_write_them() -> None:
    rows = pd.DataFrame(
        {"TimePeriod": ["8/1/2025", "2025-08-01"], "CampaignId": ["[829]", "829"]}
        | {"Clicks": ["1"] * 2, "Impressions": ["1"] * 2, "Spend": ["1"] * 2}
    )

    frame = map_rows(rows, load_preset("microsoft_ads_csv")).frame

    assert frame["date"].to_list() == ["2025-08-01"] * 2
    assert frame["campaign_id"].to_list() == ["829"] * 2


@pytest.mark.parametrize(
    ("preset", "change", "message"),
    [
        ("meta_ads_api", {"date_stop": "2025-08-31"}, "daily breakdown"),
        (
            "linkedin_ads_api",
            {
                "dateRange": {
                    "start": {"year": 2025, "month": 8, "day": 1},
                    "end": {"year": 2025, "month": 8, "day": 31},
                }
            },
            "daily breakdown",
        ),
    ],
)
def test_rows_about_a_range_of_days_are_refused(
    preset: str, change: dict[str, Any], message: str
) -> None:
    rule = load_preset(preset)
    first = items_at(document_of(preset), rule.records)[0]

    with pytest.raises(AmbiguousData, match=message):
        map_rows([first | change], rule)


@pytest.mark.parametrize(
    ("file", "day"), [("google_ads_csv.csv", "Day"), ("meta_ads_csv.csv", "Day")]
)
def test_an_export_without_days_is_refused(file: str, day: str) -> None:
    form = next(form for form in FORMS if form.file == file)
    preset = load_preset(form.preset)
    whole = read_table(open_sheet(form.content(), file), preset.csv).frame

    with pytest.raises(AmbiguousData, match="which day"):
        map_rows(whole.drop(columns=day), preset)


def test_a_campaign_that_begins_with_total_is_no_total() -> None:
    for form in EXPORTS:
        table = read_table(open_sheet(form.content(), form.file), load_preset(form.preset).csv)
        begins_with_total = table.frame.map(lambda cell: str(cell).startswith("Total "))
        if form.preset in ("google_ads_csv", "meta_ads_csv", "microsoft_ads_csv"):
            assert begins_with_total.any(axis=None), form.file


def test_a_salesforce_report_without_won_and_closed_is_read_by_its_stages() -> None:
    rows = pd.DataFrame(
        {
            "Opportunity ID": ["006a", "006b"],
            "Stage": ["Closed Won", "Prospecting"],
            "Amount": ["1", "2"],
            "Created Date": ["2025-08-01", "2025-08-02"],
        }
    )

    raw = map_rows(rows, load_preset("salesforce_report_csv")).frame

    assert normalize(raw, kind="crm")["stage"].to_list() == ["closed_won", "opportunity"]


def test_meta_clicks_of_zero_are_not_replaced_by_all_clicks() -> None:
    row = {"campaign_id": "1", "date_start": "2025-08-01", "clicks": "44", "spend": "1"}

    frame = map_rows([row], load_preset("meta_ads_api")).frame
    overridden = map_rows([row], load_preset("meta_ads_api", {"columns.clicks.from": "clicks"}))

    assert frame["clicks"].to_list() == [0]
    assert overridden.frame["clicks"].to_list() == ["44"]


def test_a_user_turns_on_tags_for_auto_tagged_campaigns() -> None:
    params = {"utm.default.utm_source": "google", "utm.default.utm_medium": "cpc"}
    preset = load_preset("google_ads_api", params)

    rows = map_rows(items_at(document_of("google_ads_api"), preset.records), preset)

    assert rows.frame["utm_source"].to_list()[-1] == "google"
    assert rows.notes["default_tags"] == 1
