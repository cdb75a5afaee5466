"""What platforms say of their own conversions is kept, and missing where they say nothing."""

from typing import Any

import pandas as pd
import pytest

import admira
from admira.core.normalize import normalize
from admira.core.settle import settle_segments
from admira.core.validate import validate
from admira.errors import AmbiguousData
from admira.schemas import PLATFORM_MEASURES
from admira.sources.mapper import map_rows
from admira.sources.presets import load_preset

from .forms import FORMS, Form, mapped

GOOGLE = {
    "customer": {"id": "1", "currencyCode": "EUR"},
    "campaign": {"id": "2", "name": "Brand"},
    "segments": {"date": "2025-08-01"},
}
META = {"date_start": "2025-08-01", "date_stop": "2025-08-01", "campaign_id": "3", "spend": "2"}
LINKEDIN = {
    "dateRange": {"start": {"year": 2025, "month": 8, "day": 1}},
    "pivotValues": ["urn:li:sponsoredCampaign:4"],
}
TIKTOK = {"dimensions": {"campaign_id": "5", "stat_time_day": "2025-08-01 00:00:00"}}
PINTEREST = {"DATE": "2025-08-01", "CAMPAIGN_ID": "6"}


def of_purchases(count: str, value: str) -> dict[str, Any]:
    """Give a row of Meta with actions of several types."""
    clicks = {"action_type": "link_click", "value": "40"}
    return {
        **META,
        "actions": [clicks, {"action_type": "omni_purchase", "value": count}],
        "action_values": [{"action_type": "omni_purchase", "value": value}],
    }


def file_of(header: dict[str, Any], **figures: Any) -> pd.DataFrame:
    """Give an export of one row, as text."""
    return pd.DataFrame([{**header, **figures}], dtype=object)


GOOGLE_FILE = {"Day": "2025-08-01", "Campaign": "A", "Clicks": "1", "Impr.": "2", "Cost": "3"}
META_FILE = {
    "Day": "2025-08-01",
    "Campaign name": "A",
    "Link clicks": "1",
    "Impressions": "2",
    "Amount spent (EUR)": "3",
}
LINKEDIN_FILE = {
    "Start Date (in UTC)": "8/1/2025",
    "Campaign ID": "4",
    "Clicks": "1",
    "Impressions": "2",
    "Total Spent": "3",
}
MICROSOFT_FILE = {
    "TimePeriod": "8/1/2025",
    "CampaignId": "[7]",
    "Clicks": "1",
    "Impressions": "2",
    "Spend": "3",
}

STATED: list[tuple[str, Any, list[float | None]]] = [
    (
        "google_ads_api",
        [{**GOOGLE, "metrics": {"conversions": 2.5, "conversionsValue": 81.25}}],
        [2.5, 81.25],
    ),
    ("google_ads_api", [{**GOOGLE, "metrics": {"conversions": 0}}], [0.0, None]),
    (
        "google_ads_csv",
        file_of(GOOGLE_FILE, **{"Conversions": "1,002.50", "Conv. value": "1,033.33"}),
        [1002.5, 1033.33],
    ),
    ("google_ads_csv", file_of(GOOGLE_FILE, Conversiones="2.5"), [2.5, None]),
    ("google_ads_csv", file_of(GOOGLE_FILE, **{"Conv.-Wert": " --"}), [None, None]),
    ("linkedin_ads_api", [{**LINKEDIN, "externalWebsiteConversions": 3}], [3.0, None]),
    (
        "linkedin_ads_api",
        [{**LINKEDIN, "conversionValueInLocalCurrency": "107.5300000000000335346"}],
        [None, 107.53],
    ),
    (
        "linkedin_ads_csv",
        file_of(LINKEDIN_FILE, **{"Conversions": "3", "Total Conversion Value": "90.5"}),
        [3.0, 90.5],
    ),
    ("meta_ads_api", [of_purchases("2", "59.8")], [2.0, 59.8]),
    ("meta_ads_api", [{**META, "actions": [{"action_type": "link_click"}]}], [0.0, None]),
    (
        "meta_ads_csv",
        file_of(META_FILE, **{"Purchases": "2", "Purchases conversion value": "59.80"}),
        [2.0, 59.8],
    ),
    ("meta_ads_csv", file_of(META_FILE, **{"Website purchases": ""}), [0.0, None]),
    (
        "microsoft_ads_csv",
        file_of(MICROSOFT_FILE, ConversionsQualified="1.5", Revenue="1,226.40"),
        [1.5, 1226.4],
    ),
    (
        "pinterest_ads",
        [
            {
                **PINTEREST,
                "TOTAL_CONVERSIONS": 12,
                "TOTAL_CONVERSIONS_VALUE_IN_MICRO_DOLLAR": 42_500_000,
            }
        ],
        [12.0, 42.5],
    ),
    ("tiktok_ads_api", [{**TIKTOK, "metrics": {"conversion": "4"}}], [4.0, None]),
]


def accepted(rows: Any, preset: str) -> pd.DataFrame:
    """Give the rows of a platform as the store takes them."""
    raw = map_rows(rows, load_preset(preset)).frame
    found, rejected = validate(normalize(raw, kind="ads"), kind="ads")
    assert rejected.empty
    return found


def stated(rows: pd.DataFrame) -> list[float | None]:
    """Give what the first row states, None where its column is not there or empty."""
    found = rows.reindex(columns=[*PLATFORM_MEASURES]).astype(object).iloc[0]
    return found.where(found.notna(), None).tolist()


@pytest.mark.parametrize(("preset", "rows", "expected"), STATED, ids=lambda each: str(each)[:40])
def test_what_a_platform_states_is_kept(preset: str, rows: Any, expected: Any) -> None:
    assert stated(accepted(rows, preset)) == [
        None if each is None else pytest.approx(each) for each in expected
    ]


@pytest.mark.parametrize("form", [form for form in FORMS if "ads" in form.preset], ids=str)
def test_what_a_report_does_not_have_is_no_column(form: Form) -> None:
    frame = mapped(form, load_preset(form.preset, form.params))[0].frame
    assert not {*PLATFORM_MEASURES} & {*frame}


def test_another_action_of_meta_may_be_the_conversion() -> None:
    row = {**META, "actions": [{"action_type": "lead", "value": "7"}]}
    path = {"columns.platform_conversions.from": "actions[action_type=lead].value"}
    frame = map_rows([row, META], load_preset("meta_ads_api", path)).frame
    assert frame["platform_conversions"].tolist() == ["7", 0]


def test_segments_add_up_what_they_state() -> None:
    rows = [
        {**GOOGLE, "metrics": {"clicks": clicks, **figures}}
        for clicks, figures in [
            (1, {"conversions": 1.5}),
            (9, {"conversions": 2.25}),
            (3, {}),
        ]
    ]
    other = {**GOOGLE, "campaign": {"id": "8"}, "metrics": {"conversionsValue": 4.0}}
    found = settle_segments(accepted([*rows, other, other], "google_ads_api")).rows
    assert len(found) == 2
    assert found["clicks"].tolist() == [13, 0]
    claims = found[[*PLATFORM_MEASURES]].astype(object)
    assert claims.where(claims.notna(), None).to_numpy().tolist() == [[3.75, None], [None, 8.0]]


def test_segments_whose_values_are_in_several_currencies_are_refused() -> None:
    figures = {"metrics": {"conversionsValue": 4.0}}
    rows = [{**GOOGLE, **figures, "customer": {"currencyCode": code}} for code in ("EUR", "USD")]
    with pytest.raises(AmbiguousData, match="several currencies"):
        settle_segments(accepted(rows, "google_ads_api"))


def test_they_come_into_the_store_and_beside_our_figures() -> None:
    store = admira.open_store("memory:")
    ads = admira.Source([of_purchases("2", "60")], preset="meta_ads_api")
    admira.ingest(store, ads=ads, crm=admira.datasets.worked_example().crm)
    kpis = store.metrics("channel", platform=True, channel="meta_ads")
    assert kpis[["cost", "platform_cpa", "platform_roas"]].to_numpy().tolist() == [[2, 1, 30]]


def test_a_negative_claim_is_none_and_text_is_refused() -> None:
    rows = [{**GOOGLE, "metrics": {"conversions": value}} for value in (-1, "many")]
    frame = map_rows(rows, load_preset("google_ads_api")).frame
    kept, rejected = validate(normalize(frame, kind="ads"), kind="ads")
    assert kept["platform_conversions"].tolist() == [0.0]
    assert rejected["reasons"].tolist() == ["platform_conversions: not a number"]
