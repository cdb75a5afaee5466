"""The campaign map: one row per campaign, triple and month, and what the team's UTM sheet adds."""

from typing import Any

import pandas as pd
import pytest

from admira.core.campaigns import campaign_map
from admira.core.join import join_utm
from admira.errors import SchemaMismatch
from admira.schemas import CAMPAIGNS
from tests.core.tables import ad, ads_frame, crm_frame, opportunity
from tests.engines import ENGINES

engines = pytest.mark.parametrize("engine", ENGINES)

ADS = ads_frame(
    ad("2025-08-31", "C-1", "sale/google/cpc", clicks=3, cost=1.5, campaign_name="Sale"),
    ad("2025-08-01", "C-1", "sale/google/cpc", clicks=2, cost=0.5, campaign_name="Sale"),
    ad("2025-09-01", "C-1", "sale/google/cpc", clicks=5, cost=1.0, campaign_name="Sale 2"),
    ad("2025-09-02", "C-1", "fall/google/cpc", clicks=7, cost=2.0, campaign_name="Fall"),
    ad("2025-08-15", "C-1", "sale/facebook/paid_social", channel="meta_ads", cost=0.1),
)


def map_of(*rows: dict[str, Any], tags: Any = None) -> pd.DataFrame:
    return campaign_map(ads_frame(*rows), tags=tags)


def triples(campaigns: pd.DataFrame) -> list[tuple[str, str]]:
    """Say under which tags each campaign is known."""
    tags = campaigns[["utm_campaign", "utm_source", "utm_medium"]].agg("/".join, axis=1)
    return list(zip(campaigns["campaign_id"], tags, strict=True))


# Grain


@engines
def test_the_map_has_one_row_per_campaign_triple_and_month(engine: str) -> None:
    give, take = ENGINES[engine]
    campaigns = take(campaign_map(give(ADS)))
    assert campaigns.columns.tolist() == CAMPAIGNS.names
    columns = ["channel", "utm_campaign", "month", "clicks", "cost", "first_day", "last_day"]
    assert campaigns[columns].astype({"month": "str"}).to_numpy().tolist() == [
        ["google_ads", "fall", "2025-09-01", 7, 2.0, *_days("2025-09-02", "2025-09-02")],
        ["google_ads", "sale", "2025-08-01", 5, 2.0, *_days("2025-08-01", "2025-08-31")],
        ["google_ads", "sale", "2025-09-01", 5, 1.0, *_days("2025-09-01", "2025-09-01")],
        ["meta_ads", "sale", "2025-08-01", 1, 0.1, *_days("2025-08-15", "2025-08-15")],
    ]


def _days(*days: str) -> list[pd.Timestamp]:
    return [pd.Timestamp(day) for day in days]


@engines
def test_the_map_satisfies_its_contract(engine: str) -> None:
    give, take = ENGINES[engine]
    for ads in (ADS, ADS.head(0)):
        campaigns = take(campaign_map(give(ads)))
        assert campaigns.columns.tolist() == CAMPAIGNS.names
        rows = campaigns if engine == "pandas" else CAMPAIGNS.complete(campaigns)
        CAMPAIGNS.pandera().validate(rows)


@engines
def test_bit_n_minus_1_says_that_day_n_had_an_ad_row(engine: str) -> None:
    give, take = ENGINES[engine]
    campaigns = take(campaign_map(give(ADS)))
    assert campaigns["days"].tolist() == [1 << 1, 1 | 1 << 30, 1, 1 << 14]


@engines
def test_a_day_that_is_there_twice_counts_as_one_day_with_all_its_clicks(engine: str) -> None:
    give, take = ENGINES[engine]
    row = ad("2025-08-03", "C-1", "sale", clicks=2, cost=1.0)
    ads = ads_frame(row, row, row, ad("2025-08-04", "C-1", "sale"), ad("2025-08-03", "C-2"))
    campaigns = take(campaign_map(give(ads)))
    assert campaigns["days"].tolist() == [0b1100, 0b100]
    assert campaigns[["clicks", "cost"]].iloc[0].tolist() == [7, 3.0]


@engines
def test_a_campaign_renamed_within_a_month_is_one_row_under_its_latest_name(engine: str) -> None:
    give, take = ENGINES[engine]
    ads = ads_frame(
        ad("2025-08-05", "C-1", "sale", clicks=4, campaign_name="Beta"),
        ad("2025-08-03", "C-1", "sale", clicks=2, campaign_name="Zeta"),
        ad("2025-08-04", "C-1", "sale", clicks=8, campaign_name="Zeta"),
    )
    campaigns = take(campaign_map(give(ads)))
    assert len(campaigns) == 1
    row = campaigns.iloc[0]
    assert [row["clicks"], row["days"], row["campaign_name"]] == [14, 0b11100, "Beta"]
    assert [row["first_day"].day, row["last_day"].day] == [3, 5]


@engines
def test_a_day_without_a_name_does_not_take_the_campaigns_name(engine: str) -> None:
    give, take = ENGINES[engine]
    ads = ads_frame(
        ad("2025-08-03", "C-1", "sale", campaign_name="Sale"),
        ad("2025-08-05", "C-1", "sale", campaign_name=None),
    )
    assert take(campaign_map(give(ads)))["campaign_name"].tolist() == ["Sale"]


def test_the_order_of_the_rows_changes_nothing() -> None:
    shuffled = ADS.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(campaign_map(shuffled), campaign_map(ADS))


def test_the_arguments_stay_as_they_are() -> None:
    ads, sheet = ADS.copy(), pd.DataFrame({"campaign_id": ["C-1"], "utm_campaign": [" Autumn "]})
    before = sheet.copy()
    campaign_map(ads, tags=sheet)
    pd.testing.assert_frame_equal(ads, ADS)
    pd.testing.assert_frame_equal(sheet, before)


@engines
@pytest.mark.parametrize("column", ["date", "channel", "campaign_id", "clicks", "cost"])
def test_a_missing_column_is_refused(engine: str, column: str) -> None:
    with pytest.raises(SchemaMismatch, match=column):
        campaign_map(ENGINES[engine].give(ADS.drop(columns=column)))


# The team's UTM sheet

TAGGED = ad("2025-08-01", "C-1", "sale/google/cpc", campaign_name="Sale")
UNTAGGED = ad("2025-08-01", "C-2", campaign_name="Brand", clicks=4)


def test_an_untagged_campaign_is_known_under_the_sheets_triple_alone() -> None:
    sheet = pd.DataFrame(
        {"campaign_id": ["C-2"], "utm_campaign": ["Brand "], "utm_source": ["Google"]}
    )
    campaigns = map_of(TAGGED, UNTAGGED, tags=sheet)
    assert triples(campaigns) == [("C-1", "sale/google/cpc"), ("C-2", "brand/google/")]
    assert campaigns["clicks"].tolist() == [1, 4]


def test_a_tagged_campaign_is_known_under_the_sheets_triple_too() -> None:
    sheet = pd.DataFrame({"campaign_id": ["C-1"], "utm_campaign": ["summer"]})
    campaigns = map_of(TAGGED, UNTAGGED, tags=sheet)
    assert triples(campaigns) == [("C-1", "sale/google/cpc"), ("C-1", "summer//"), ("C-2", "//")]


def test_the_sheet_may_name_campaigns_by_their_name() -> None:
    sheet = pd.DataFrame({"campaign_name": [" Brand ", "Gone"], "utm_campaign": ["brand", "x"]})
    campaigns = map_of(TAGGED, UNTAGGED, tags=sheet)
    assert triples(campaigns) == [("C-1", "sale/google/cpc"), ("C-2", "brand//")]


def test_a_sheet_row_without_a_name_names_no_campaign() -> None:
    nameless = UNTAGGED | {"campaign_name": None}
    sheet = pd.DataFrame({"campaign_name": ["Sale", None], "utm_campaign": ["summer", "winter"]})
    campaigns = map_of(TAGGED, nameless, tags=sheet)
    assert triples(campaigns) == [("C-1", "sale/google/cpc"), ("C-1", "summer//"), ("C-2", "//")]


def test_a_channel_in_the_sheet_holds_it_to_that_channel() -> None:
    twin = UNTAGGED | {"channel": "meta_ads"}
    sheet = pd.DataFrame(
        {
            "campaign_id": ["C-2", "C-2"],
            "channel": ["Meta_Ads", "bing_ads"],
            "utm_campaign": ["brand", "x"],
        }
    )
    campaigns = map_of(UNTAGGED, twin, tags=sheet)
    assert campaigns["channel"].tolist() == ["google_ads", "meta_ads"]
    assert triples(campaigns) == [("C-2", "//"), ("C-2", "brand//")]


def test_ids_in_the_sheet_may_be_numbers() -> None:
    sheet = pd.DataFrame({"campaign_id": [1001], "utm_campaign": ["brand"]})
    campaigns = map_of(ad("2025-08-01", "1001"), tags=sheet)
    assert triples(campaigns) == [("1001", "brand//")]


@pytest.mark.parametrize(
    ("valid_from", "known"),
    [
        ("2025-08-01", ["brand//", "brand//"]),
        ("2025-08-20", ["brand//", "brand//"]),
        ("2025-08-21", ["//", "brand//"]),
        ("2025-10-01", ["//", "//"]),
        (None, ["brand//", "brand//"]),
    ],
)
def test_the_sheet_holds_from_its_day_on(valid_from: str | None, known: list[str]) -> None:
    sheet = pd.DataFrame(
        {"campaign_id": ["C-2"], "utm_campaign": ["brand"], "valid_from": [valid_from]}
    )
    ads = [UNTAGGED | {"date": day} for day in _days("2025-08-10", "2025-08-20", "2025-09-05")]
    campaigns = map_of(*ads, tags=sheet)
    assert sorted(tags for _, tags in triples(campaigns)) == sorted(known)


def test_a_sheet_that_says_what_the_ads_say_changes_nothing() -> None:
    sheet = pd.DataFrame(
        {
            "campaign_id": ["C-1", "C-1"],
            "utm_campaign": ["sale", "Sale"],
            "utm_source": ["google", "google"],
            "utm_medium": ["cpc", "CPC"],
        }
    )
    columns = [*CAMPAIGNS.key, "clicks", "cost", "days", "campaign_name"]
    with_sheet, without = map_of(TAGGED, tags=sheet), map_of(TAGGED)
    pd.testing.assert_frame_equal(with_sheet[columns], without[columns])


def test_triples_that_become_one_add_up() -> None:
    sheet = pd.DataFrame({"campaign_id": ["C-2"], "utm_campaign": ["brand"]})
    sourced = UNTAGGED | {"date": pd.Timestamp("2025-08-02"), "utm_source": "google"}
    campaigns = map_of(UNTAGGED, sourced, tags=sheet)
    assert triples(campaigns) == [("C-2", "brand//")]
    assert campaigns[["clicks", "days"]].to_numpy().tolist() == [[8, 0b11]]


@engines
def test_the_sheet_may_come_from_any_engine(engine: str) -> None:
    give, take = ENGINES[engine]
    sheet = pd.DataFrame(
        {
            "campaign_id": ["C-2"],
            "utm_campaign": ["brand"],
            "valid_from": pd.Series(["2025-08-01"], dtype="datetime64[us]"),
        }
    )
    campaigns = take(campaign_map(give(ads_frame(TAGGED, UNTAGGED)), tags=give(sheet)))
    assert triples(campaigns) == [("C-1", "sale/google/cpc"), ("C-2", "brand//")]


@engines
def test_an_empty_sheet_changes_nothing(engine: str) -> None:
    give, take = ENGINES[engine]
    sheet = pd.DataFrame({"campaign_id": ["C-2"], "utm_campaign": ["x"]}).head(0)
    campaigns = take(campaign_map(give(ADS), tags=give(sheet)))
    assert triples(campaigns) == triples(campaign_map(ADS))


@pytest.mark.parametrize("columns", [["campaign_id"], ["utm_campaign"], ["campaign_name"]])
def test_a_sheet_without_its_columns_is_refused(columns: list[str]) -> None:
    with pytest.raises(SchemaMismatch, match=r"^tags rows lack .* A UTM sheet names campaigns by"):
        map_of(TAGGED, tags=pd.DataFrame(columns=columns, dtype="str"))


def test_a_record_meets_an_untagged_campaign_through_the_sheet() -> None:
    sheet = pd.DataFrame({"campaign_id": ["C-2"], "utm_campaign": ["brand"]})
    ads, crm = ads_frame(TAGGED, UNTAGGED), crm_frame(opportunity("O-1", "2025-08-01", "brand"))
    facts = join_utm(ads, crm, campaigns=campaign_map(ads, tags=sheet))
    assert facts["campaign_id"].tolist()[2:] == ["C-2"]


def test_a_second_triple_from_the_sheet_gives_a_campaign_no_second_weight() -> None:
    """C-1 and C-2 have as many clicks, so they share equally, whatever the sheet knows of C-1."""
    rival = TAGGED | {"campaign_id": "C-2"}
    ads, crm = ads_frame(TAGGED, rival), crm_frame(opportunity("O-1", "2025-08-01", "sale"))
    sheet = pd.DataFrame(
        {"campaign_id": ["C-1"], "utm_campaign": ["sale"], "utm_source": ["adwords"]}
    )
    facts = join_utm(ads, crm, campaigns=campaign_map(ads, tags=sheet))
    assert facts["match_weight"].tolist()[2:] == [0.5, 0.5]
