"""The laws of the join: whatever goes in, money and records come out once, and stay put."""

from random import Random
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

from admira.core.campaigns import campaign_map
from admira.core.join import join_utm
from admira.core.metrics import compute_metrics
from admira.core.reconcile import reconcile
from admira.core.rules import DEFAULT_ALIASES
from admira.schemas import FACTS
from tests.core import oracle
from tests.core.tables import ad, ads_frame, crm_frame, opportunity
from tests.engines import ENGINES

Rows = list[dict[str, Any]]
Options = dict[str, Any]

DAYS = ["2025-01-01", "2025-01-31", "2025-02-01", "2025-02-14", "2025-02-28", "2025-03-01"]
AD_TAGS = [
    "",
    "sale/google/cpc",
    "sale/google/ppc",
    "sale/google",
    "sale/facebook/paid_social",
    "sale/fb/",
    "brand/google/cpc",
    "c-2/google",
]


def tables_of_ads(days: list[str]) -> st.SearchStrategy:
    rows = st.builds(
        ad,
        st.sampled_from(days),
        st.sampled_from(["C-1", "C-2", "C-3"]),
        st.sampled_from(AD_TAGS),
        clicks=st.sampled_from([0, 0, 1, 2, 3, 10]),
        cost=st.sampled_from([0.0, 0.1, 0.2, 0.3, 5.25]),
        channel=st.sampled_from(["google_ads", "google_ads", "meta_ads"]),
        campaign_name=st.sampled_from(["Sale", "Sale 2025"]),
        currency=st.just("EUR"),
    )

    def key(row: dict[str, Any]) -> tuple[Any, ...]:
        return row["date"], row["channel"], row["campaign_id"]

    return st.lists(rows, min_size=1, max_size=6, unique_by=key)


def tables_of_crm(days: list[str]) -> st.SearchStrategy:
    """Draw several records a table: a join of two rows costs as much as one of a thousand."""
    rows = st.builds(
        opportunity,
        st.just("numbered below"),
        st.sampled_from(days),
        st.builds(
            "{}/{}/{}".format,
            st.sampled_from(["sale", "sale", "sale", "brand", "c-1", "c-2", "other", ""]),
            st.sampled_from(["", "google", "google", "fb", "facebook", "newsletter"]),
            st.sampled_from(["", "cpc", "cpc", "ppc", "paid_social"]),
        ),
        stage=st.sampled_from(["lead", "opportunity", "closed_won", "closed_lost", "nurture"]),
        amount=st.sampled_from([None, 0.0, 99.99, 1000.0]),
        entry_stage=st.sampled_from(["lead", "lead", "opportunity"]),
        ad_campaign_id=st.sampled_from([None, None, None, "C-1", "C-3", "c-1", "C-9"]),
        gclid=st.sampled_from([None, None, "", "g1"]),
        msclkid=st.sampled_from([None, None, "m1"]),
        closed_date=st.sampled_from([None, "2025-02-28", "2025-04-01"]),
        currency=st.just("EUR"),
    )
    return st.lists(rows, min_size=4, max_size=12).map(
        lambda table: [row | {"opportunity_id": f"O-{n:02}"} for n, row in enumerate(table)]
    )


ads_tables = tables_of_ads(DAYS)
crm_tables = tables_of_crm(["2024-12-31", *DAYS, "2025-03-31"])
options = st.fixed_dictionaries(
    {
        "funnel": st.sampled_from(["cumulative", "snapshot"]),
        "ambiguous": st.sampled_from(["clicks", "equal", "winner", "none"]),
        "lands_on": st.sampled_from(["created", "ad_day", "closed"]),
        "window_days": st.sampled_from([None, None, 1, 2, 31, 60]),
        "aliases": st.sampled_from([DEFAULT_ALIASES, None, {"utm_source": {"fb": "google"}}]),
    }
)


def examples(count: int) -> Any:
    """Run a law on that many worlds, the same in each run and the same for laws that ask alike.

    Shrinking is left out: the worlds are small, and every step of it would be a join.
    """
    chosen = settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=[*HealthCheck],
    )
    return lambda law: seed(20250801)(chosen(law))


_JOINED: dict[str, pd.DataFrame] = {}


def facts_of(ads: Rows, crm: Rows, **chosen: Any) -> pd.DataFrame:
    """Join a world in pandas, once for all the laws that look at it."""
    world = repr((ads, crm, chosen))
    if world not in _JOINED:
        _JOINED[world] = join_utm(ads_frame(*ads), crm_frame(*crm), **chosen)
    return _JOINED[world]


def in_order(facts: pd.DataFrame) -> pd.DataFrame:
    """Sort fact rows by all that tells them apart, so that tables can be compared."""
    keys = ["opportunity_id", "date", "channel", "campaign_id", *oracle.UTM, "match_weight"]
    return facts.sort_values(keys, ignore_index=True)


def assert_same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    """Compare fact rows whatever their order, sums to 1e-9."""
    pd.testing.assert_frame_equal(in_order(left), in_order(right), rtol=0, atol=1e-9)


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """Write a row as the oracle reads it: days, not instants."""
    days = {name: row[name].date() for name in ("date", "closed_date") if row.get(name) is not None}
    return {"ad_campaign_id": None, "closed_date": None} | row | days


def shares_by_oracle(ads: Rows, crm: Rows, **chosen: Any) -> pd.DataFrame:
    shares = oracle.attribute([plain(row) for row in ads], [plain(row) for row in crm], **chosen)
    return FACTS.complete(pd.DataFrame(shares))


@examples(40)
@given(ads_tables, crm_tables, options)
def test_the_join_says_what_the_plain_rules_say(ads: Rows, crm: Rows, chosen: Options) -> None:
    shares = facts_of(ads, crm, **chosen).query("match != 'ad'")
    assert_same(shares, shares_by_oracle(ads, crm, **chosen))


@examples(40)
@given(ads_tables, crm_tables, options)
def test_the_weights_of_every_opportunity_sum_to_1(ads: Rows, crm: Rows, chosen: Options) -> None:
    shares = facts_of(ads, crm, **chosen).query("match != 'ad'")
    weights = shares.groupby("opportunity_id")["match_weight"].sum()
    assert weights.to_dict() == pytest.approx({row["opportunity_id"]: 1 for row in crm}, abs=1e-9)


@examples(40)
@given(ads_tables, crm_tables, options)
def test_leads_are_the_records_that_entered_as_leads(ads: Rows, crm: Rows, chosen: Options) -> None:
    facts = facts_of(ads, crm, **chosen)
    if chosen["funnel"] == "cumulative":
        leads = sum(row["entry_stage"] == "lead" for row in crm)
    else:
        leads = sum(row["stage"] in ("lead", "nurture") for row in crm)
    assert facts["leads"].sum() == pytest.approx(leads, abs=1e-9)


@examples(40)
@given(ads_tables, crm_tables, options)
def test_revenue_is_the_amount_of_the_won_records(ads: Rows, crm: Rows, chosen: Options) -> None:
    facts = facts_of(ads, crm, **chosen)
    won = sum(row["amount"] or 0 for row in crm if row["stage"] == "closed_won")
    assert facts["revenue"].sum() == pytest.approx(won, abs=1e-9)


@examples(40)
@given(ads_tables, crm_tables, options)
def test_cost_clicks_and_impressions_stay_as_they_are(
    ads: Rows, crm: Rows, chosen: Options
) -> None:
    facts = facts_of(ads, crm, **chosen)
    for measure in ("cost", "clicks", "impressions"):
        before = sum(row[measure] for row in ads)
        assert facts[measure].sum() == pytest.approx(before, abs=1e-9)


@examples(40)
@given(ads_tables, crm_tables, options)
def test_every_conversion_rate_lies_between_0_and_1(ads: Rows, crm: Rows, chosen: Options) -> None:
    if chosen["funnel"] == "cumulative" and chosen["lands_on"] != "closed":
        kpis = compute_metrics(facts_of(ads, crm, **chosen), by=["date", "channel", "campaign_id"])
        for rate in ("cvr_lead_to_opp", "cvr_opp_to_won", "win_rate", "open_share"):
            assert kpis[rate].dropna().between(-1e-9, 1 + 1e-9).all()


@examples(40)
@given(ads_tables, crm_tables, options)
def test_every_join_reconciles(ads: Rows, crm: Rows, chosen: Options) -> None:
    facts = facts_of(ads, crm, **chosen)
    totals = reconcile(ads_frame(*ads), crm_frame(*crm), facts, **chosen)
    assert totals["reconciles"].all()


@examples(12)
@given(ads_tables, crm_tables, options, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(
    ads: Rows, crm: Rows, chosen: Options, random: Random
) -> None:
    shuffled_ads, shuffled_crm = (random.sample(rows, len(rows)) for rows in (ads, crm))
    assert_same(facts_of(ads, crm, **chosen), facts_of(shuffled_ads, shuffled_crm, **chosen))


@examples(25)
@given(
    tables_of_ads(["2025-01-01", "2025-01-14", "2025-01-31"]),
    tables_of_ads(["2025-02-01", "2025-02-28", "2025-03-01"]),
    tables_of_crm(["2025-01-01", "2025-01-15", "2025-01-31"]),
    options,
)
def test_ads_of_later_months_change_nothing_where_a_campaign_had_run(
    ads: Rows, later: Rows, crm: Rows, chosen: Options
) -> None:
    past = [plain(row) for row in ads]
    settled = [row for row in crm if oracle.had_run(plain(row), past, chosen["aliases"])]
    assume(settled)
    before, after = (facts_of(table, settled, **chosen) for table in (ads, ads + later))
    assert_same(before.query("match != 'ad'"), after.query("match != 'ad'"))


@examples(4)
@given(ads_tables, crm_tables, options)
def test_a_set_of_days_gives_the_sum_of_its_days(ads: Rows, crm: Rows, chosen: Options) -> None:
    campaigns = campaign_map(ads_frame(*ads))
    days = sorted({row["date"] for row in [*ads, *crm]})
    whole, *by_day = (
        join_utm(
            ads_frame(*_of(some, ads)), crm_frame(*_of(some, crm)), campaigns=campaigns, **chosen
        )
        for some in (days, *([day] for day in days))
    )
    assert_same(whole, pd.concat(by_day))


def _of(days: list[pd.Timestamp], rows: Rows) -> Rows:
    return [row for row in rows if row["date"] in days]


@examples(5)
@given(ads_tables, crm_tables, options)
@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "pandas"])
def test_every_engine_gives_the_same_facts(
    engine: str, ads: Rows, crm: Rows, chosen: Options
) -> None:
    give, take = ENGINES[engine]
    facts = take(join_utm(give(ads_frame(*ads)), give(crm_frame(*crm)), **chosen))
    assert_same(FACTS.complete(facts), facts_of(ads, crm, **chosen))
