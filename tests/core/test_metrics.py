"""The metrics: sums first, then ratios; filters, periods, pages and currencies on every engine."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admira.core.metrics import compute_metrics
from admira.errors import AmbiguousData, OptionError, SchemaMismatch
from admira.schemas import FACTS
from admira.schemas.metrics import metrics
from tests.engines import ENGINES

engines = pytest.mark.parametrize("engine", ENGINES)

MEASURES = [measure.name for measure in metrics.measures]
RATIOS = [ratio.name for ratio in metrics.ratios]


def fact(day: str, channel: str = "google_ads", campaign_id: str = "C-1", **more: Any) -> dict:
    return {
        "date": pd.Timestamp(day),
        "channel": channel,
        "campaign_id": campaign_id,
        **dict.fromkeys(MEASURES, 0),
        **dict.fromkeys(["utm_campaign", "utm_source", "utm_medium", "match_reason"], ""),
        "match": "ad",
        **more,
    }


def facts_frame(*rows: dict) -> pd.DataFrame:
    return FACTS.complete(pd.DataFrame([*rows]))


def kpis_of(engine: str, facts: pd.DataFrame, **options: Any) -> pd.DataFrame:
    give, take = ENGINES[engine]
    return take(compute_metrics(give(facts), **options))


FIGURES = facts_frame(
    fact("2025-08-01", clicks=10, impressions=1000, cost=5.0, currency="EUR", utm_source="google"),
    fact("2025-08-02", clicks=90, impressions=1000, cost=9.0, currency="EUR", utm_source="google"),
    fact(
        "2025-08-02",
        leads=4.0,
        opportunities=3.0,
        opportunities_from_leads=2.0,
        closed_won=1.0,
        closed_lost=1.0,
        revenue=70.0,
        currency="EUR",
        match="exact",
        utm_source="google",
    ),
    fact(
        "2025-08-03",
        "meta_ads",
        "C-2",
        clicks=20,
        impressions=500,
        cost=4.0,
        currency="EUR",
        campaign_name="Social",
        utm_source="facebook",
        utm_medium="paid_social",
        utm_campaign="sale",
    ),
    fact(
        "2025-08-03", "(untagged)", "(untagged)", leads=1.0, match="untagged", match_reason="reason"
    ),
)


# Sums, then ratios


@engines
def test_measures_are_summed_and_ratios_are_quotients_of_the_sums(engine: str) -> None:
    google = kpis_of(engine, FIGURES, by="channel").set_index("channel").loc["google_ads"]
    expected = {
        "clicks": 100,
        "impressions": 2000,
        "cost": 14.0,
        "leads": 4,
        "opportunities": 3,
        "opportunities_from_leads": 2,
        "closed_won": 1,
        "closed_lost": 1,
        "revenue": 70.0,
        "cpc": 0.14,  # the mean of the days' would be 0.3
        "cpa": 3.5,
        "cvr_lead_to_opp": 0.5,
        "cvr_opp_to_won": 1 / 3,
        "roas": 5.0,
        "ctr": 0.05,
        "cpm": 7.0,
        "cost_per_opportunity": 14 / 3,
        "cac": 14.0,
        "win_rate": 0.5,
        "open_share": 1 / 3,
    }
    assert google.to_dict() == pytest.approx(expected)


@engines
def test_columns_are_the_dimensions_the_measures_and_the_ratios(engine: str) -> None:
    kpis = kpis_of(engine, FIGURES, by=["campaign_id", "date"])
    assert kpis.columns.tolist() == ["campaign_id", "date", *MEASURES, *RATIOS]


@engines
def test_day_channel_and_campaign_are_the_dimensions_unless_told(engine: str) -> None:
    kpis = kpis_of(engine, FIGURES)
    assert kpis.columns.tolist()[:3] == ["date", "channel", "campaign_id"]
    assert len(kpis) == 4


def test_in_pandas_ratios_are_nullable_floats_and_measures_plain() -> None:
    kpis = compute_metrics(FIGURES)
    assert {kpis[name].dtype for name in RATIOS} == {pd.Float64Dtype()}
    dtypes = {measure.name: measure.dtype for measure in metrics.measures}
    assert kpis[MEASURES].dtypes.astype("str").to_dict() == dtypes
    untagged = compute_metrics(FIGURES, channel="(untagged)")
    assert untagged["roas"].iloc[0] is pd.NA


@engines
def test_a_denominator_of_zero_gives_missing(engine: str) -> None:
    kpis = kpis_of(engine, FIGURES, by="channel").set_index("channel")
    assert kpis.loc["meta_ads", ["cpa", "cvr_opp_to_won", "win_rate", "cac"]].isna().all()
    assert kpis.loc["(untagged)", ["cpc", "roas", "ctr", "cpm"]].isna().all()
    assert kpis.loc["meta_ads", "roas"] == 0
    assert not (kpis[RATIOS].abs() > 1e9).any(axis=None)


@engines
@pytest.mark.parametrize("zero_division", [0.0, 0, -1.0])
def test_zero_division_says_what_to_give_instead(engine: str, zero_division: float) -> None:
    kpis = kpis_of(engine, FIGURES, by="channel", zero_division=zero_division)
    kpis = kpis.set_index("channel")
    assert kpis.notna().all(axis=None)
    assert kpis.loc["meta_ads", "cpa"] == zero_division
    assert kpis.loc["google_ads", "cpa"] == 3.5


@engines
def test_no_dimensions_give_one_row(engine: str) -> None:
    kpis = kpis_of(engine, FIGURES, by=[])
    assert kpis[["clicks", "cost", "leads", "revenue"]].to_numpy().tolist() == [[120, 18, 5, 70]]
    assert kpis.columns.tolist() == [*MEASURES, *RATIOS]


@engines
def test_no_dimensions_give_one_row_even_for_no_facts(engine: str) -> None:
    kpis = kpis_of(engine, FIGURES.head(0), by=[])
    assert kpis[MEASURES].to_numpy().tolist() == [[0] * len(MEASURES)]
    assert kpis[RATIOS].isna().all(axis=None)


@engines
def test_no_facts_give_no_rows_with_all_columns(engine: str) -> None:
    kpis = kpis_of(engine, FIGURES.head(0))
    assert len(kpis) == 0
    assert kpis.columns.tolist() == ["date", "channel", "campaign_id", *MEASURES, *RATIOS]
    assert kpis["date"].dtype == "datetime64[us]"


@engines
def test_any_column_that_is_no_measure_is_a_dimension(engine: str) -> None:
    kpis = kpis_of(engine, FIGURES, by=["match", "match_reason"])
    assert kpis[["match", "match_reason", "leads"]].to_numpy().tolist() == [
        ["ad", "", 0],
        ["exact", "", 4],
        ["untagged", "reason", 1],
    ]


@engines
def test_the_result_satisfies_its_contract(engine: str) -> None:
    kpis = kpis_of(engine, FIGURES)
    rows = kpis if engine == "pandas" else metrics.table().complete(kpis)
    metrics.table().pandera().validate(rows)


# Order and pages


NAMED = facts_frame(
    *(
        fact(f"2025-08-0{day}", clicks=day, campaign_name=name, utm_source=source)
        for day in (1, 2)
        for name in ("b", None, "a")
        for source in ("y", "x")
    )
)


@engines
def test_rows_are_sorted_by_the_dimensions_with_missing_ones_last(engine: str) -> None:
    kpis = kpis_of(engine, NAMED, by=["campaign_name", "utm_source"])
    names = [None if pd.isna(name) else name for name in kpis["campaign_name"]]
    assert names == ["a", "a", "b", "b", None, None]
    assert kpis["utm_source"].tolist() == ["x", "y"] * 3


@engines
@pytest.mark.parametrize("limit", [1, 4, 5, 100])
def test_pages_cover_all_rows_once_in_order(engine: str, limit: int) -> None:
    by = ["campaign_name", "date", "utm_source"]
    whole = kpis_of(engine, NAMED, by=by)
    pages = [
        kpis_of(engine, NAMED, by=by, limit=limit, offset=offset)
        for offset in range(0, len(whole) + 1, limit)
    ]
    assert max(len(page) for page in pages) <= limit
    together = pd.concat([page for page in pages if len(page)], ignore_index=True)
    pd.testing.assert_frame_equal(together, whole)


@engines
@pytest.mark.parametrize(
    ("page", "clicks"),
    [({"limit": 0}, []), ({"offset": 1}, [2]), ({"offset": 9}, []), ({"limit": 9}, [1, 2])],
    ids=str,
)
def test_a_page_may_be_empty_or_open(engine: str, page: dict, clicks: list[int]) -> None:
    facts = NAMED.drop_duplicates("date")
    assert kpis_of(engine, facts, by="date", **page)["clicks"].tolist() == clicks


@engines
def test_the_order_of_the_facts_changes_nothing(engine: str) -> None:
    shuffled = FIGURES.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(kpis_of(engine, shuffled), kpis_of(engine, FIGURES))


# Periods


YEARS_END = facts_frame(
    *(
        fact(day, clicks=1)
        for day in (
            "2024-02-29",
            "2024-12-29",  # a Sunday
            "2024-12-30",  # a Monday
            "2024-12-31",
            "2025-01-01",
            "2025-01-05",  # a Sunday
            "2025-01-06",
        )
    )
)


@engines
@pytest.mark.parametrize(
    ("grain", "clicks"),
    [
        (
            "month",
            {"2024-02-01": 1, "2024-12-01": 3, "2025-01-01": 3},
        ),
        (
            "week",
            {"2024-02-26": 1, "2024-12-23": 1, "2024-12-30": 4, "2025-01-06": 1},
        ),
        (
            "day",
            dict.fromkeys(YEARS_END["date"].astype("str"), 1),
        ),
        ("quarter", {"2024-01-01": 1, "2024-10-01": 3, "2025-01-01": 3}),
        ("year", {"2024-01-01": 4, "2025-01-01": 3}),
    ],
)
def test_a_grain_cuts_days_to_the_start_of_their_period(
    engine: str, grain: str, clicks: dict[str, int]
) -> None:
    kpis = kpis_of(engine, YEARS_END, by="date", grain=grain)
    assert kpis["date"].dtype == "datetime64[us]"
    assert dict(zip(kpis["date"].astype("str"), kpis["clicks"], strict=True)) == clicks


@engines
@pytest.mark.parametrize(
    ("week_start", "clicks"),
    [
        ("sunday", {"2024-02-25": 1, "2024-12-29": 4, "2025-01-05": 2}),
        ("wednesday", {"2024-02-28": 1, "2024-12-25": 3, "2025-01-01": 3}),
    ],
)
def test_a_week_begins_on_the_day_asked_for(
    engine: str, week_start: str, clicks: dict[str, int]
) -> None:
    kpis = kpis_of(engine, YEARS_END, by="date", grain="week", week_start=week_start)
    assert dict(zip(kpis["date"].astype("str"), kpis["clicks"], strict=True)) == clicks


@engines
@pytest.mark.parametrize(
    ("days", "clicks"),
    [
        ({"start": "2025-01-01"}, 3),
        ({"end": "2024-12-29"}, 2),
        ({"start": "2024-12-30", "end": "2024-12-31"}, 2),
        ({"start": "2024-12-30", "end": "2024-12-30"}, 1),
        ({"start": pd.Timestamp("2025-01-05")}, 2),
        ({"end": pd.Timestamp("2024-02-29").date()}, 1),
        ({"end": pd.Timestamp("2024-12-29 18:30")}, 2),
    ],
    ids=str,
)
def test_start_and_end_are_both_included(engine: str, days: dict, clicks: int) -> None:
    assert kpis_of(engine, YEARS_END, by=[], **days)["clicks"].tolist() == [clicks]


def test_a_period_is_cut_after_the_days_are_filtered() -> None:
    kpis = compute_metrics(YEARS_END, by="date", grain="month", start="2024-12-30")
    assert kpis["clicks"].tolist() == [2, 3]


# Filters


@engines
@pytest.mark.parametrize(
    ("filters", "clicks"),
    [
        ({"channel": "google_ads"}, 100),
        ({"channel": "  Google_Ads "}, 100),
        ({"channel": ["google_ads", "META_ADS"]}, 120),
        ({"channel": ("meta_ads",)}, 20),
        ({"channel": "bing_ads"}, 0),
        ({"channel": []}, 0),
        ({"campaign_id": " C-2 "}, 20),
        ({"campaign_id": "c-2"}, 0),
        ({"campaign_id": ["C-1", "C-2"]}, 120),
        ({"campaign_name": " Social "}, 20),
        ({"campaign_name": "social"}, 0),
        ({"campaign_name": []}, 0),
        ({"campaign_name": [None]}, 100),
        ({"campaign_name": ["Social", None]}, 120),
        ({"campaign_name": "Social", "channel": "google_ads"}, 0),
        ({"utm_source": "Google"}, 100),
        ({"utm_source": ["google", "facebook"]}, 120),
        ({"utm_medium": "paid_social"}, 20),
        ({"utm_medium": ""}, 100),
        ({"utm_campaign": "(not set)"}, 100),
        ({"utm_campaign": "SALE"}, 20),
        ({"channel": "google_ads", "start": "2025-08-02"}, 90),
        ({"channel": "google_ads", "utm_source": "facebook"}, 0),
    ],
    ids=str,
)
def test_filters_compare_values_as_they_are_stored(engine: str, filters: dict, clicks: int) -> None:
    assert kpis_of(engine, FIGURES, by=[], **filters)["clicks"].tolist() == [clicks]


@engines
def test_a_number_may_stand_for_an_id(engine: str) -> None:
    facts = facts_frame(fact("2025-08-01", campaign_id="1001", clicks=1))
    assert kpis_of(engine, facts, by=[], campaign_id=1001)["clicks"].tolist() == [1]


@engines
def test_paid_leaves_the_bracketed_channels_out(engine: str) -> None:
    kpis = kpis_of(engine, FIGURES, by="channel", scope="paid")
    assert kpis["channel"].tolist() == ["google_ads", "meta_ads"]
    assert kpis_of(engine, FIGURES, by=[], scope="paid")["leads"].tolist() == [4]


# Currencies


EUROS = fact("2025-08-01", cost=1.0, currency="EUR")
DOLLARS = fact("2025-08-02", "meta_ads", cost=2.0, currency="USD")
NOBODYS = fact("2025-08-03", "(untagged)", revenue=4.0, currency=None)


@engines
@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([EUROS, DOLLARS], r"\(EUR, USD\)"),
        ([EUROS, NOBODYS], r"\(\(missing\), EUR\)"),
        ([EUROS | {"cost": 0.0, "revenue": 1.0}, DOLLARS], r"\(EUR, USD\)"),
    ],
    ids=["two", "one missing", "revenue"],
)
def test_several_currencies_are_never_added(engine: str, rows: list[dict], names: str) -> None:
    with pytest.raises(AmbiguousData, match=names):
        kpis_of(engine, facts_frame(*rows), by="channel")


@engines
@pytest.mark.parametrize(
    ("rows", "options", "cost"),
    [
        ([EUROS, DOLLARS], {"by": "currency"}, [1, 2]),
        ([EUROS, NOBODYS], {"by": "currency"}, [1, 0]),
        ([EUROS, DOLLARS], {"by": [], "channel": "meta_ads"}, [2]),
        ([EUROS, DOLLARS], {"by": [], "end": "2025-08-01"}, [1]),
        ([EUROS, NOBODYS], {"by": [], "scope": "paid"}, [1]),
        ([EUROS, DOLLARS | {"cost": 0.0}], {"by": []}, [1]),
        ([EUROS, NOBODYS | {"revenue": 0.0, "leads": 1.0}], {"by": []}, [1]),
        ([EUROS | {"currency": None}, NOBODYS], {"by": []}, [1]),
    ],
    ids=[
        "by currency",
        "by currency, one missing",
        "one channel",
        "one day",
        "paid only",
        "no money",
        "no money and no currency",
        "all missing",
    ],
)
def test_money_of_one_currency_is_added(
    engine: str, rows: list[dict], options: dict, cost: list[float]
) -> None:
    assert kpis_of(engine, facts_frame(*rows), **options)["cost"].tolist() == cost


@engines
def test_facts_without_a_currency_column_have_one_currency(engine: str) -> None:
    facts = facts_frame(EUROS, NOBODYS).drop(columns="currency")
    assert kpis_of(engine, facts, by=[])["cost"].tolist() == [1]


# Refusals


@pytest.mark.parametrize(
    ("option", "options"),
    [
        ("by", {"by": "chanel"}),
        ("by", {"by": ["channel", "cost"]}),
        ("by", {"by": "roas"}),
        ("by", {"by": "match_weight"}),
        ("by", {"by": ["channel", "channel"]}),
        ("by", {"by": "channel", "grain": "month"}),
        ("grain", {"grain": "decade"}),
        ("week_start", {"week_start": "noon"}),
        ("scope", {"scope": "payed"}),
        ("limit", {"limit": -1}),
        ("limit", {"limit": 2.5}),
        ("limit", {"limit": True}),
        ("offset", {"offset": -1}),
        ("offset", {"offset": None}),
        ("start", {"start": "yesterday-ish"}),
        ("end", {"end": "2025-13-01"}),
        ("start", {"start": "2025-08-02", "end": "2025-08-01"}),
    ],
    ids=str,
)
def test_a_value_that_does_not_exist_is_refused(option: str, options: dict) -> None:
    with pytest.raises(OptionError) as error:
        compute_metrics(FIGURES, **options)
    assert error.value.option == option


def test_a_refusal_names_the_nearest_column() -> None:
    with pytest.raises(OptionError, match=r"Did you mean 'channel'\?"):
        compute_metrics(FIGURES, by="chanel")


@engines
@pytest.mark.parametrize(
    ("column", "options"),
    [
        ("revenue", {}),
        ("utm_source", {"by": "utm_source"}),
        ("utm_medium", {"by": [], "utm_medium": "cpc"}),
        ("campaign_name", {"by": [], "campaign_name": "Social"}),
        ("date", {"by": [], "start": "2025-08-01"}),
        ("channel", {"by": [], "scope": "paid"}),
    ],
)
def test_a_missing_column_is_refused(engine: str, column: str, options: dict) -> None:
    with pytest.raises(SchemaMismatch, match=f"facts rows lack '{column}'"):
        kpis_of(engine, FIGURES.drop(columns=column), **options)


@engines
def test_columns_that_are_not_asked_for_may_be_absent(engine: str) -> None:
    facts = FIGURES[["channel", *MEASURES]]
    assert kpis_of(engine, facts, by="channel")["clicks"].tolist() == [0, 100, 20]


def test_something_that_is_no_frame_is_refused() -> None:
    with pytest.raises(SchemaMismatch, match="Give a frame"):
        compute_metrics([fact("2025-08-01")])


def test_the_argument_stays_as_it_is() -> None:
    facts = FIGURES.copy()
    compute_metrics(facts, grain="month", zero_division=0.0)
    pd.testing.assert_frame_equal(facts, FIGURES)


# The registry


@pytest.fixture
def own_ratio() -> Iterator[str]:
    metrics.add_ratio(
        "wins_per_100_clicks_or_leads", {"closed_won": 100}, {"clicks": 1, "leads": 1}
    )
    yield "wins_per_100_clicks_or_leads"
    if "wins_per_100_clicks_or_leads" in [*metrics]:
        metrics.remove_ratio("wins_per_100_clicks_or_leads")


@engines
def test_a_ratio_of_ones_own_appears_and_disappears(engine: str, own_ratio: str) -> None:
    kpis = kpis_of(engine, FIGURES, by=[])
    assert kpis.columns.tolist() == [*MEASURES, *RATIOS, own_ratio]
    assert kpis[own_ratio].tolist() == [pytest.approx(100 / 125)]
    metrics.remove_ratio(own_ratio)
    assert kpis_of(engine, FIGURES, by=[]).columns.tolist() == [*MEASURES, *RATIOS]


# Laws


@settings(max_examples=12)
@given(
    rows=st.lists(
        st.builds(
            fact,
            st.sampled_from(["2025-08-01", "2025-08-02", "2025-09-01"]),
            st.sampled_from(["google_ads", "meta_ads", "(untagged)"]),
            st.sampled_from(["C-1", "C-2"]),
            campaign_name=st.sampled_from([None, "Sale"]),
            clicks=st.sampled_from([0, 1, 9]),
            cost=st.sampled_from([0.0, 0.1, 0.2, 7.5]),
            leads=st.sampled_from([0.0, 1 / 3, 1.0]),
        ),
        max_size=8,
    ),
    by=st.lists(
        st.sampled_from(["date", "channel", "campaign_id", "campaign_name"]),
        unique=True,
        max_size=3,
    ),
)
@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "pandas"])
def test_groups_add_up_to_the_whole_and_engines_agree(
    rows: list[dict], by: list[str], engine: str
) -> None:
    facts = facts_frame(*rows)
    kpis = compute_metrics(facts, by=by)
    for measure in ("clicks", "cost", "leads"):
        assert kpis[measure].sum() == pytest.approx(facts[measure].sum(), abs=1e-9)
    there = kpis_of(engine, facts, by=by)
    pd.testing.assert_frame_equal(
        there.astype(kpis.dtypes), kpis, rtol=0, atol=1e-9, check_dtype=False
    )
