"""The join, rule by rule: who an opportunity goes to, with which weight, on which day, and why."""

import logging
from typing import Any

import pandas as pd
import pytest

import admira
from admira.core.campaigns import campaign_map
from admira.core.join import join_utm
from admira.errors import AmbiguousData, OptionError, SchemaMismatch
from admira.schemas import ADS, CRM, FACTS
from tests.core.tables import ad, ads_frame, crm_frame, opportunity
from tests.engines import ENGINES

Row = dict[str, Any]

SEARCH = ad("2025-08-01", "C-1", "sale/google/cpc", clicks=30, campaign_name="Search")
SOCIAL = ad("2025-08-02", "C-2", "sale/facebook/paid_social", clicks=10, channel="meta_ads")

engines = pytest.mark.parametrize("engine", ENGINES)
bags = pytest.mark.parametrize("engine", ["pandas", "pyarrow", "polars"])


def shares_of(ads: list[Row], *records: Row, **options: Any) -> pd.DataFrame:
    """Join, and give the shares alone."""
    facts = join_utm(ads_frame(*ads), crm_frame(*records), **options)
    return facts[facts["match"] != "ad"].reset_index(drop=True)


def told(shares: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Say of each share where it went and why."""
    columns = shares["campaign_id"], shares["match"], shares["match_reason"]
    return list(zip(*columns, strict=True))


def weights(shares: pd.DataFrame) -> dict[str, float]:
    """Say which campaign got how much."""
    return dict(zip(shares["campaign_id"], shares["match_weight"], strict=True))


# Tiers


@pytest.mark.parametrize(
    ("record", "where"),
    [
        ({"tags": "sale/google/cpc"}, ("C-1", "exact", "")),
        ({"tags": "sale/google/ppc"}, ("C-1", "alias", "")),
        ({"tags": "sale/fb/paid social"}, ("C-2", "alias", "")),
        ({"tags": "sale/google"}, ("C-1", "campaign", "")),
        ({"tags": "sale//paid_social"}, ("C-2", "campaign", "")),
        ({"tags": "c-1"}, ("C-1", "id", "")),
        ({"tags": "c-1/google/cpc"}, ("C-1", "id", "")),
        ({"tags": "c-1/bing/cpc"}, ("(unattributed)", "none", "utm_conflict")),
        ({"tags": "sale/newsletter/email"}, ("(unattributed)", "none", "utm_conflict")),
        ({"tags": "sale/google/email"}, ("(unattributed)", "none", "utm_conflict")),
        ({"tags": "spring"}, ("(unattributed)", "none", "utm_unknown")),
        ({"tags": "", "ad_campaign_id": "C-2"}, ("C-2", "id", "")),
        ({"tags": "sale/google/cpc", "ad_campaign_id": "C-2"}, ("C-2", "id", "")),
        ({"tags": "sale/google/cpc", "ad_campaign_id": "C-9"}, ("C-1", "exact", "")),
        ({"tags": "sale/google/cpc", "ad_campaign_id": "c-2"}, ("C-1", "exact", "")),
        ({"tags": "sale/google/cpc", "gclid": "g"}, ("C-1", "exact", "")),
        ({"tags": "spring", "gclid": "g"}, ("(unattributed)", "none", "utm_unknown")),
        ({"tags": ""}, ("(untagged)", "untagged", "")),
        ({"tags": "/google/cpc"}, ("(untagged)", "untagged", "")),
        ({"tags": "", "gclid": ""}, ("(untagged)", "untagged", "")),
    ],
    ids=str,
)
def test_the_first_tier_that_has_a_campaign_wins(record: Row, where: tuple[str, ...]) -> None:
    shares = shares_of([SEARCH, SOCIAL], opportunity("O-1", "2025-08-03", **record))
    assert told(shares) == [where]


def test_an_exact_match_comes_before_an_id_in_the_tag() -> None:
    ads = [ad("2025-08-01", "sale"), ad("2025-08-01", "C-1", "sale/google/cpc")]
    shares = shares_of(ads, opportunity("O-1", "2025-08-01", "sale/google/cpc"))
    assert told(shares) == [("C-1", "exact", "")]


def test_an_id_in_the_tag_comes_before_a_loose_match() -> None:
    ads = [ad("2025-08-01", "sale"), ad("2025-08-01", "C-1", "sale/google/cpc")]
    shares = shares_of(ads, opportunity("O-1", "2025-08-01", "sale/google"))
    assert told(shares) == [("sale", "id", "")]


def test_an_exact_match_comes_before_an_alias() -> None:
    ads = [ad("2025-08-01", "C-1", "sale/google/cpc"), ad("2025-08-01", "C-2", "sale/google/ppc")]
    shares = shares_of(ads, opportunity("O-1", "2025-08-01", "sale/google/ppc"))
    assert told(shares) == [("C-2", "exact", "")]


def test_a_source_that_the_ad_lacks_disagrees_with_nothing() -> None:
    ads = [ad("2025-08-01", "C-1", "sale//cpc")]
    shares = shares_of(ads, opportunity("O-1", "2025-08-01", "sale/google/ppc"))
    assert told(shares) == [("C-1", "campaign", "")]


def test_a_share_carries_the_tags_of_its_campaign() -> None:
    shares = shares_of([SEARCH], opportunity("O-1", "2025-08-03", "sale/adwords/ppc"))
    row = shares.iloc[0]
    assert [row["channel"], row["campaign_id"], row["campaign_name"]] == [
        "google_ads",
        "C-1",
        "Search",
    ]
    assert [row["utm_campaign"], row["utm_source"], row["utm_medium"]] == ["sale", "google", "cpc"]


def test_a_record_without_a_campaign_keeps_its_own_tags() -> None:
    shares = shares_of([SEARCH], opportunity("O-1", "2025-08-03", "spring/bing/cpc"))
    row = shares.iloc[0]
    assert [row["channel"], row["campaign_id"]] == ["(unattributed)", "(unattributed)"]
    assert [row["utm_campaign"], row["utm_source"], row["utm_medium"]] == ["spring", "bing", "cpc"]
    assert pd.isna(row["campaign_name"])


@pytest.mark.parametrize(
    ("click_ids", "channel"),
    [
        ({"gclid": "1"}, "google_ads"),
        ({"gbraid": "1"}, "google_ads"),
        ({"wbraid": "1"}, "google_ads"),
        ({"msclkid": "1"}, "microsoft_ads"),
        ({"ttclid": "1"}, "tiktok_ads"),
        ({"li_fat_id": "1"}, "linkedin_ads"),
        ({"li_fat_id": "1", "msclkid": "1"}, "microsoft_ads"),
        ({"gclid": "", "ttclid": "1"}, "tiktok_ads"),
    ],
    ids=str,
)
def test_a_click_id_says_which_platform_it_was(click_ids: Row, channel: str) -> None:
    shares = shares_of([SEARCH], opportunity("O-1", "2025-08-03", **click_ids))
    assert shares[["channel", "campaign_id", "match"]].to_numpy().tolist() == [
        [channel, "(unknown)", "click_id"]
    ]


def test_a_facebook_click_id_says_nothing() -> None:
    crm = crm_frame(opportunity("O-1", "2025-08-03")).assign(fbclid="f")
    facts = join_utm(ads_frame(SEARCH), crm)
    assert facts["match"].tolist() == ["ad", "untagged"]


# Aliases


@pytest.mark.parametrize(
    ("aliases", "where"),
    [
        ({"utm_source": {"goog": "google"}}, ("C-1", "alias", "")),
        ({"utm_source": {" GOOG ": "Google"}}, ("C-1", "alias", "")),
        ({"utm_medium": {"goog": "google"}}, ("(unattributed)", "none", "utm_conflict")),
        ({}, ("(unattributed)", "none", "utm_conflict")),
        (None, ("(unattributed)", "none", "utm_conflict")),
    ],
    ids=str,
)
def test_aliases_are_the_callers_to_choose(aliases: Any, where: tuple[str, ...]) -> None:
    record = opportunity("O-1", "2025-08-03", "sale/goog/cpc")
    assert told(shares_of([SEARCH], record, aliases=aliases)) == [where]


def test_no_aliases_leave_exact_matches_as_they_are() -> None:
    record = opportunity("O-1", "2025-08-03", "sale/google/cpc")
    assert told(shares_of([SEARCH], record, aliases=None)) == [("C-1", "exact", "")]


def test_aliases_change_no_stored_value() -> None:
    ads = [ad("2025-08-01", "C-1", "sale/adwords/ppc")]
    shares = shares_of(ads, opportunity("O-1", "2025-08-03", "sale/google/cpc"))
    assert told(shares) == [("C-1", "alias", "")]
    assert shares.iloc[0][["utm_source", "utm_medium"]].tolist() == ["adwords", "ppc"]


# Several candidates


@pytest.mark.parametrize(
    ("ambiguous", "expected"),
    [
        ("clicks", {"C-1": 0.75, "C-2": 0.25}),
        ("equal", {"C-1": 0.5, "C-2": 0.5}),
        ("winner", {"C-1": 1.0}),
        ("none", {"(unattributed)": 1.0}),
    ],
)
def test_several_candidates_share_as_asked(ambiguous: str, expected: dict[str, float]) -> None:
    record = opportunity("O-1", "2025-08-03", "sale", stage="closed_won", amount=100.0)
    shares = shares_of([SEARCH, SOCIAL], record, ambiguous=ambiguous)
    assert weights(shares) == pytest.approx(expected)
    assert shares["match_candidates"].tolist() == [2] * len(expected)
    assert shares["revenue"].sum() == pytest.approx(100.0)


def test_too_many_candidates_are_a_reason() -> None:
    record = opportunity("O-1", "2025-08-03", "sale")
    shares = shares_of([SEARCH, SOCIAL], record, ambiguous="none")
    assert told(shares) == [("(unattributed)", "none", "ambiguous")]


def test_one_candidate_is_never_ambiguous() -> None:
    record = opportunity("O-1", "2025-08-03", "sale/google")
    shares = shares_of([SEARCH, SOCIAL], record, ambiguous="none")
    assert told(shares) == [("C-1", "campaign", "")]


def test_candidates_without_any_clicks_share_equally() -> None:
    ads = [SEARCH | {"clicks": 0}, SOCIAL | {"clicks": 0}]
    shares = shares_of(ads, opportunity("O-1", "2025-08-03", "sale"))
    assert weights(shares) == {"C-1": 0.5, "C-2": 0.5}


def test_a_candidate_without_clicks_among_others_gets_nothing_and_no_row() -> None:
    ads = [SEARCH, SOCIAL | {"clicks": 0}]
    shares = shares_of(ads, opportunity("O-1", "2025-08-03", "sale"))
    assert weights(shares) == {"C-1": 1.0}
    assert shares["match_candidates"].tolist() == [2]


@pytest.mark.parametrize(
    ("changes", "winner"),
    [
        ({"clicks": 31}, ("C-2", "meta_ads")),
        ({"clicks": 30, "cost": 2.0}, ("C-2", "meta_ads")),
        ({"clicks": 30, "cost": 1.0}, ("C-1", "google_ads")),
        ({"clicks": 30, "cost": 1.0, "campaign_id": "C-0"}, ("C-0", "meta_ads")),
        ({"clicks": 30, "cost": 1.0, "campaign_id": "C-1"}, ("C-1", "google_ads")),
        (
            {"clicks": 30, "cost": 1.0, "campaign_id": "C-1", "channel": "bing_ads"},
            ("C-1", "bing_ads"),
        ),
    ],
    ids=["clicks", "cost", "campaign_id", "lower campaign_id", "channel", "lower channel"],
)
def test_a_tie_is_broken_by_cost_then_campaign_then_channel(
    changes: Row, winner: tuple[str, str]
) -> None:
    ads = [SEARCH | {"cost": 1.0}, SOCIAL | changes]
    shares = shares_of(ads, opportunity("O-1", "2025-08-03", "sale"), ambiguous="winner")
    assert [tuple(row) for row in shares[["campaign_id", "channel"]].to_numpy()] == [winner]


def test_costs_that_differ_by_rounding_alone_are_a_tie() -> None:
    ads = [
        ad("2025-07-01", "C-2", "sale/google/cpc", cost=0.1),
        ad("2025-08-01", "C-2", "sale/google/cpc", cost=0.2),
        ad("2025-08-01", "C-1", "sale/google/cpc", clicks=2, cost=0.3),
    ]
    record = opportunity("O-1", "2025-08-03", "sale/google/cpc")
    assert weights(shares_of(ads, record, ambiguous="winner")) == {"C-1": 1.0}


def test_triples_whose_costs_differ_by_rounding_alone_are_a_tie() -> None:
    ads = [
        ad("2025-07-01", "C-1", "sale/google/video", cost=0.1),
        ad("2025-08-01", "C-1", "sale/google/video", cost=0.2),
        ad("2025-08-02", "C-1", "sale/google/cpc", clicks=2, cost=0.3),
    ]
    shares = shares_of(ads, opportunity("O-1", "2025-08-03", "sale/google"))
    assert shares["utm_medium"].tolist() == ["cpc"]


def test_a_campaign_under_two_triples_is_one_candidate_and_carries_the_most_clicked() -> None:
    ads = [
        ad("2025-08-01", "C-1", "sale/google/cpc", clicks=3),
        ad("2025-08-02", "C-1", "sale/google/video", clicks=5),
        ad("2025-08-02", "C-2", "sale/bing/cpc", clicks=2),
    ]
    shares = shares_of(ads, opportunity("O-1", "2025-08-03", "sale"))
    assert weights(shares) == pytest.approx({"C-1": 0.8, "C-2": 0.2})
    assert shares["utm_medium"].tolist() == ["video", "cpc"]


# Time


def test_clicks_count_to_the_end_of_the_month_and_no_further() -> None:
    ads = [
        SEARCH | {"clicks": 1},
        SOCIAL | {"clicks": 1, "date": pd.Timestamp("2025-08-31")},
        SOCIAL | {"clicks": 98, "date": pd.Timestamp("2025-09-01")},
    ]
    records = [opportunity("O-1", "2025-08-31", "sale"), opportunity("O-2", "2025-09-01", "sale")]
    shares = shares_of(ads, *records)
    august, september = (shares[shares["opportunity_id"] == name] for name in ("O-1", "O-2"))
    assert weights(august) == pytest.approx({"C-1": 0.5, "C-2": 0.5})
    assert weights(september) == pytest.approx({"C-1": 0.01, "C-2": 0.99})


def test_a_campaign_that_starts_later_in_the_month_is_a_candidate() -> None:
    ads = [ad("2025-08-31", "C-1", "sale/google/cpc")]
    shares = shares_of(ads, opportunity("O-1", "2025-08-01", "sale/google/cpc"))
    assert told(shares) == [("C-1", "exact", "")]


def test_a_campaign_that_starts_next_month_counts_only_where_there_is_no_other() -> None:
    ads = [
        ad("2025-09-01", "C-1", "sale/google/cpc"),
        ad("2025-09-02", "C-2", "sale/google/cpc", clicks=99),
        ad("2025-08-05", "C-3", "brand/google/cpc"),
    ]
    shares = shares_of(ads, opportunity("O-1", "2025-08-31", "sale/google/cpc"))
    assert told(shares) == [("C-1", "exact", "before_first_ad")]
    assert shares[["match_weight", "match_candidates"]].to_numpy().tolist() == [[1.0, 1]]


@pytest.mark.parametrize(("day", "campaign"), [("2025-09-02", "C-1"), ("2025-09-01", "C-2")])
def test_before_its_first_ad_the_earliest_campaign_counts_then_the_better_tier(
    day: str, campaign: str
) -> None:
    ads = [ad("2025-09-01", "C-1", "sale/google"), ad(day, "C-2", "sale/google/cpc")]
    shares = shares_of(ads, opportunity("O-1", "2025-08-31", "sale/google/cpc"))
    assert told(shares)[0][::2] == (campaign, "before_first_ad")


def test_a_worse_tier_that_has_run_comes_before_a_better_one_that_has_not() -> None:
    ads = [
        ad("2025-08-01", "C-1", "sale/google/cpc"),
        ad("2025-09-01", "C-2", "sale/google/video"),
    ]
    shares = shares_of(ads, opportunity("O-1", "2025-08-02", "sale//video"))
    assert told(shares) == [("C-2", "campaign", "before_first_ad")]
    shares = shares_of(ads, opportunity("O-1", "2025-08-02", "sale/google"))
    assert told(shares) == [("C-1", "campaign", "")]
    shares = shares_of(ads, opportunity("O-1", "2025-08-02", "sale", ad_campaign_id="C-2"))
    assert told(shares) == [("C-1", "campaign", "")]


def test_a_campaign_that_ended_long_ago_still_counts() -> None:
    shares = shares_of([SEARCH], opportunity("O-1", "2026-08-01", "sale/google/cpc"))
    assert told(shares) == [("C-1", "exact", "")]


def test_a_share_carries_the_campaigns_name_of_its_month() -> None:
    renamed = SEARCH | {"date": pd.Timestamp("2025-09-01"), "campaign_name": "Search 2"}
    records = [
        opportunity("O-1", "2025-08-31", "sale/google/cpc"),
        opportunity("O-2", "2025-09-01", "sale/google/cpc"),
        opportunity("O-3", "2025-07-01", "sale/google/cpc"),
    ]
    shares = shares_of([SEARCH, renamed], *records)
    assert shares["campaign_name"].tolist() == ["Search", "Search 2", "Search"]


def test_a_missing_name_does_not_hide_the_one_before() -> None:
    nameless = SEARCH | {"date": pd.Timestamp("2025-09-01"), "campaign_name": None}
    shares = shares_of([SEARCH, nameless], opportunity("O-1", "2025-09-02", "sale/google/cpc"))
    assert shares["campaign_name"].tolist() == ["Search"]


@pytest.mark.parametrize(
    ("day", "window_days", "where"),
    [
        ("2025-08-01", 1, ("C-1", "exact", "")),
        ("2025-08-02", 1, ("(unattributed)", "none", "outside_window")),
        ("2025-08-02", 2, ("C-1", "exact", "")),
        ("2025-07-31", 30, ("(unattributed)", "none", "outside_window")),
        ("2025-09-01", 31, ("(unattributed)", "none", "outside_window")),
        ("2025-09-01", 32, ("C-1", "exact", "")),
    ],
)
def test_the_window_ends_on_the_opportunitys_day(
    day: str, window_days: int, where: tuple[str, ...]
) -> None:
    record = opportunity("O-1", day, "sale/google/cpc")
    assert told(shares_of([SEARCH], record, window_days=window_days)) == [where]


def test_the_window_looks_for_the_next_tier() -> None:
    record = opportunity("O-1", "2025-08-02", "sale//paid_social", ad_campaign_id="C-1")
    assert told(shares_of([SEARCH, SOCIAL], record)) == [("C-1", "id", "")]
    assert told(shares_of([SEARCH, SOCIAL], record, window_days=1)) == [("C-2", "campaign", "")]


def test_the_window_tells_even_an_untagged_record_why() -> None:
    record = opportunity("O-1", "2025-08-02", ad_campaign_id="C-1", gclid="g")
    shares = shares_of([SEARCH], record, window_days=1)
    assert told(shares) == [("(unattributed)", "none", "outside_window")]
    assert shares["match_candidates"].tolist() == [0]


def test_the_window_says_nothing_of_records_that_meet_no_campaign() -> None:
    records = [
        opportunity("O-1", "2025-08-09", "spring"),
        opportunity("O-2", "2025-08-09", "sale/bing"),
        opportunity("O-3", "2025-08-09"),
    ]
    assert told(shares_of([SEARCH], *records, window_days=1)) == [
        ("(unattributed)", "none", "utm_unknown"),
        ("(unattributed)", "none", "utm_conflict"),
        ("(untagged)", "untagged", ""),
    ]


def test_the_window_sees_a_campaigns_days_under_all_its_triples() -> None:
    ads = [SEARCH, ad("2025-08-20", "C-1", "autumn/google/cpc")]
    record = opportunity("O-1", "2025-08-21", "sale/google/cpc")
    assert told(shares_of(ads, record, window_days=3)) == [("C-1", "exact", "")]


def test_a_window_asks_for_an_ad_in_the_past() -> None:
    """Else ads of later months would change an earlier share."""
    ads = [
        ad("2025-08-20", "C-1", "sale/google/cpc"),
        ad("2025-08-05", "C-2", "brand/google/cpc"),
    ]
    record = opportunity("O-1", "2025-08-05", "sale/google")
    then = shares_of(ads, record, window_days=1)
    later = shares_of([*ads, ad("2025-09-01", "C-2", "sale/google/cpc")], record, window_days=1)
    assert told(then) == told(later) == [("(unattributed)", "none", "outside_window")]
    starting = shares_of([ad("2025-09-01", "C-1", "sale/google")], record, window_days=90)
    assert told(starting) == [("(unattributed)", "none", "outside_window")]


# Landing


def test_a_share_lands_on_the_opportunitys_day() -> None:
    shares = shares_of([SEARCH], opportunity("O-1", "2025-08-09", "sale/google/cpc"))
    assert shares["date"].tolist() == [pd.Timestamp("2025-08-09")]


@pytest.mark.parametrize(
    ("day", "tags", "lands"),
    [
        ("2025-08-01", "sale/google/cpc", "2025-08-01"),
        ("2025-08-09", "sale/google/cpc", "2025-08-05"),
        ("2025-08-04", "sale/google/cpc", "2025-08-01"),
        ("2025-07-30", "sale/google/cpc", "2025-07-30"),
        ("2025-08-09", "spring", "2025-08-09"),
        ("2025-08-09", "", "2025-08-09"),
    ],
)
def test_ad_day_is_the_campaigns_last_day_up_to_then(day: str, tags: str, lands: str) -> None:
    ads = [SEARCH, ad("2025-08-05", "C-1", "autumn/google/cpc"), SOCIAL]
    shares = shares_of(ads, opportunity("O-1", day, tags), lands_on="ad_day")
    assert shares["date"].tolist() == [pd.Timestamp(lands)]


def test_each_share_lands_on_its_own_campaigns_ad_day() -> None:
    record = opportunity("O-1", "2025-08-09", "sale")
    shares = shares_of([SEARCH, SOCIAL], record, lands_on="ad_day")
    assert dict(zip(shares["campaign_id"], shares["date"].dt.day, strict=True)) == {
        "C-1": 1,
        "C-2": 2,
    }


def test_closed_puts_the_win_on_its_own_day() -> None:
    record = opportunity(
        "O-1",
        "2025-08-09",
        "sale/google/cpc",
        stage="closed_won",
        amount=100.0,
        closed_date="2025-10-01",
    )
    shares = shares_of([SEARCH], record, lands_on="closed")
    columns = ["date", "leads", "opportunities", "closed_won", "revenue", "match_weight"]
    assert shares[columns].to_numpy().tolist() == [
        [pd.Timestamp("2025-08-09"), 1, 1, 0, 0, 1],
        [pd.Timestamp("2025-10-01"), 0, 0, 1, 100, 0],
    ]
    assert shares["match"].tolist() == ["exact", "exact"]


@pytest.mark.parametrize(
    ("stage", "closed_date"),
    [("opportunity", "2025-10-01"), ("lead", "2025-10-01"), ("closed_won", None)],
)
def test_an_open_or_undated_record_stays_on_its_day(stage: str, closed_date: str | None) -> None:
    record = opportunity(
        "O-1", "2025-08-09", "spring", stage=stage, amount=5.0, closed_date=closed_date
    )
    shares = shares_of([SEARCH], record, lands_on="closed")
    assert shares["date"].tolist() == [pd.Timestamp("2025-08-09")]
    assert shares["revenue"].tolist() == [5.0 if stage == "closed_won" else 0.0]


@engines
def test_lands_on_closed_needs_the_day_of_closing(engine: str) -> None:
    give, _ = ENGINES[engine]
    crm = crm_frame(opportunity("O-1", "2025-08-09")).drop(columns="closed_date")
    with pytest.raises(SchemaMismatch, match="closed_date"):
        join_utm(give(ads_frame(SEARCH)), give(crm), lands_on="closed")


# Funnel


@pytest.mark.parametrize(
    ("funnel", "stage", "entry_stage", "measures"),
    [
        ("cumulative", "lead", "lead", [1, 0, 0, 0, 0, 0]),
        ("cumulative", "opportunity", "lead", [1, 1, 1, 0, 0, 0]),
        ("cumulative", "closed_won", "lead", [1, 1, 1, 1, 0, 7]),
        ("cumulative", "closed_lost", "lead", [1, 1, 1, 0, 1, 0]),
        ("cumulative", "nurture", "lead", [1, 0, 0, 0, 0, 0]),
        ("cumulative", "closed_won", "opportunity", [0, 1, 0, 1, 0, 7]),
        ("snapshot", "lead", "lead", [1, 0, 0, 0, 0, 0]),
        ("snapshot", "opportunity", "lead", [0, 1, 1, 0, 0, 0]),
        ("snapshot", "opportunity", "opportunity", [0, 1, 0, 0, 0, 0]),
        ("snapshot", "closed_won", "lead", [0, 0, 0, 1, 0, 7]),
        ("snapshot", "closed_lost", "lead", [0, 0, 0, 0, 1, 0]),
        ("snapshot", "nurture", "lead", [1, 0, 0, 0, 0, 0]),
    ],
)
def test_a_record_counts_for_what_its_stage_says(
    funnel: str, stage: str, entry_stage: str, measures: list[float]
) -> None:
    record = opportunity("O-1", "2025-08-09", stage=stage, amount=7.0, entry_stage=entry_stage)
    shares = shares_of([SEARCH], record, funnel=funnel)
    columns = ["leads", "opportunities", "opportunities_from_leads"]
    columns += ["closed_won", "closed_lost", "revenue"]
    assert shares[columns].iloc[0].tolist() == measures


def test_an_unknown_amount_adds_no_revenue() -> None:
    shares = shares_of([SEARCH], opportunity("O-1", "2025-08-09", stage="closed_won"))
    assert shares[["closed_won", "revenue"]].iloc[0].tolist() == [1.0, 0.0]


# Frames

ADS_TABLE = ads_frame(SEARCH, SOCIAL)
CRM_TABLE = crm_frame(
    opportunity("O-1", "2025-08-03", "sale/google/cpc", stage="closed_won", amount=9.0),
    opportunity("O-2", "2025-08-03"),
)


@engines
@pytest.mark.parametrize("lands_on", ["created", "ad_day", "closed"])
def test_the_facts_satisfy_their_contract(engine: str, lands_on: str) -> None:
    give, take = ENGINES[engine]
    facts = take(join_utm(give(ADS_TABLE), give(CRM_TABLE), lands_on=lands_on))
    assert facts.columns.tolist() == FACTS.names
    FACTS.pandera().validate(FACTS.complete(facts))
    if engine == "pandas":
        FACTS.pandera().validate(facts)


@engines
@pytest.mark.parametrize(
    ("ads", "crm", "matches"),
    [
        (ADS_TABLE, CRM_TABLE.head(0), ["ad", "ad"]),
        (ADS_TABLE.head(0), CRM_TABLE, ["none", "untagged"]),
        (ADS_TABLE.head(0), CRM_TABLE.head(0), []),
    ],
    ids=["no crm", "no ads", "neither"],
)
@pytest.mark.parametrize("options", [{}, {"lands_on": "ad_day", "window_days": 7}], ids=str)
def test_nothing_to_join_gives_what_there_is(
    engine: str, ads: pd.DataFrame, crm: pd.DataFrame, matches: list[str], options: Row
) -> None:
    give, take = ENGINES[engine]
    facts = take(join_utm(give(ads), give(crm), **options))
    assert facts.columns.tolist() == FACTS.names
    assert sorted(facts["match"]) == matches
    assert facts["date"].dtype == "datetime64[us]"


@engines
def test_optional_columns_may_be_absent(engine: str) -> None:
    give, take = ENGINES[engine]
    crm = CRM_TABLE[[*CRM.required, "date"]]
    ads = ADS_TABLE[ADS.required]
    facts = take(join_utm(give(ads), give(crm)))
    assert sorted(facts["match"]) == ["ad", "ad", "campaign", "campaign", "untagged"]
    assert facts["leads"].sum() == pytest.approx(2)


@engines
@pytest.mark.parametrize(
    ("table", "column"),
    [
        *(("ads", column) for column in ("date", "channel", "campaign_id", "clicks", "cost")),
        *(("ads", column) for column in ("impressions", "utm_campaign")),
        *(("crm", column) for column in ("opportunity_id", "date", "stage", "amount")),
        ("crm", "utm_campaign"),
    ],
)
def test_a_missing_column_stops_the_join(engine: str, table: str, column: str) -> None:
    give, _ = ENGINES[engine]
    ads = ADS_TABLE.drop(columns=column) if table == "ads" else ADS_TABLE
    crm = CRM_TABLE.drop(columns=column) if table == "crm" else CRM_TABLE
    with pytest.raises(SchemaMismatch, match=f"^{table} rows lack '{column}'"):
        join_utm(give(ads), give(crm))


@engines
def test_a_missing_tag_is_an_empty_one(engine: str) -> None:
    give, take = ENGINES[engine]
    crm = CRM_TABLE.assign(utm_source=None, utm_medium=float("nan")).astype(CRM_TABLE.dtypes)
    facts = take(join_utm(give(ADS_TABLE), give(crm)))
    assert sorted(facts["match"]) == ["ad", "ad", "campaign", "campaign", "untagged"]
    assert facts["utm_source"].notna().all()


@engines
def test_the_campaign_map_may_come_from_any_engine(engine: str) -> None:
    campaigns = ENGINES[engine].give(campaign_map(ADS_TABLE))
    facts = join_utm(ADS_TABLE.head(0), CRM_TABLE, campaigns=campaigns)
    assert facts["match"].tolist() == ["exact", "untagged"]


def test_with_the_whole_map_a_days_number_does_not_depend_on_the_days_of_ads() -> None:
    record = crm_frame(opportunity("O-1", "2025-08-03", "sale"))
    whole = campaign_map(ADS_TABLE)
    few, all_ads = (
        join_utm(ads, record, campaigns=whole).query("match != 'ad'").reset_index(drop=True)
        for ads in (ADS_TABLE.head(1), ADS_TABLE)
    )
    pd.testing.assert_frame_equal(few, all_ads)


@bags
def test_a_record_that_is_there_twice_is_refused(engine: str) -> None:
    give, _ = ENGINES[engine]
    crm = pd.concat([CRM_TABLE, CRM_TABLE.head(1)])
    with pytest.raises(AmbiguousData, match="1 crm rows repeat an opportunity_id"):
        join_utm(give(ADS_TABLE), give(crm))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("funnel", "cumulativ"),
        ("ambiguous", "click"),
        ("lands_on", "close"),
        ("window_days", 0),
        ("window_days", -7),
        ("window_days", 1.5),
        ("window_days", True),
        ("window_days", "7"),
        ("aliases", {"utm_campaign": {"a": "b"}}),
    ],
)
def test_a_value_that_does_not_exist_is_refused(option: str, value: object) -> None:
    with pytest.raises(OptionError) as error:
        join_utm(ADS_TABLE, CRM_TABLE, **{option: value})
    assert error.value.option == option
    assert str(error.value).startswith(f"{option}=")


def test_something_that_is_no_frame_is_refused() -> None:
    with pytest.raises(SchemaMismatch, match="Give a frame"):
        join_utm([SEARCH], CRM_TABLE)


@engines
def test_the_arguments_stay_as_they_are(engine: str) -> None:
    give, take = ENGINES[engine]
    campaigns = campaign_map(ADS_TABLE)
    arguments = [give(table.copy()) for table in (ADS_TABLE, CRM_TABLE, campaigns)]
    join_utm(arguments[0], arguments[1], campaigns=arguments[2], lands_on="ad_day")
    for argument, table in zip(arguments, (ADS_TABLE, CRM_TABLE, campaigns), strict=True):
        pd.testing.assert_frame_equal(take(argument), table, check_dtype=engine == "pandas")


def test_rows_come_in_the_order_given_whatever_their_index() -> None:
    ads = pd.concat([ADS_TABLE.tail(1), ADS_TABLE.head(1)]).set_axis([7, 7])
    crm = pd.concat([CRM_TABLE.tail(1), CRM_TABLE.head(1)]).set_axis([7, 7])
    facts = join_utm(ads, crm)
    assert facts["campaign_id"].tolist() == ["C-2", "C-1", "(untagged)", "C-1"]
    assert facts["opportunity_id"].tolist()[2:] == ["O-2", "O-1"]
    assert facts.index.tolist() == [0, 1, 2, 3]


# The log


def test_loose_matches_are_warned_of_once_with_counts(caplog: pytest.LogCaptureFixture) -> None:
    records = [
        opportunity("O-1", "2025-08-03", "sale"),
        opportunity("O-2", "2025-08-04", "sale"),
        opportunity("O-3", "2025-09-04", "sale/google"),
        opportunity("O-4", "2025-09-04", "sale/google/cpc"),
    ]
    with caplog.at_level(logging.INFO, logger="admira"):
        shares_of([SEARCH, SOCIAL], *records)
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert warning.event == "join.matched_by_campaign_only"
    assert warning.facts == {"utm_campaigns": 1, "situations": 2}


def test_matches_that_are_not_loose_are_not_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="admira"):
        shares_of([SEARCH], opportunity("O-1", "2025-08-03", "sale/google/ppc"))
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_looking_at_the_situations_in_turns_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    demo = admira.demo()
    ads, crm = demo.ads(), demo.crm().head(400)
    at_once = join_utm(ads, crm)
    monkeypatch.setattr("admira.core.join.SITUATIONS_A_TURN", 7)
    pd.testing.assert_frame_equal(join_utm(ads, crm), at_once)
