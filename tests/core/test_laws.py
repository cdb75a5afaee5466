"""The laws of the join: whatever goes in, money and records come out once, and stay put."""

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

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
from tests.core.tables import ad, ads_frame, crm_frame, opportunity, utm
from tests.engines import ENGINES

Rows = list[dict[str, Any]]

DAYS = ["2025-01-01", "2025-01-31", "2025-02-01", "2025-02-14", "2025-02-28", "2025-03-01"]
JANUARY = ["2025-01-01", "2025-01-14", "2025-01-31"]
MARCH = ["2025-03-01", "2025-03-15", "2025-03-31"]
AD_TAGS = [
    *["sale/google/cpc"] * 3,
    "sale/google/ppc",
    "sale/fb/cpc",
    "sale",
    "c-2/google",
    "",
]


_JOINED: dict[str, pd.DataFrame] = {}


class World(NamedTuple):
    """Ads, opportunities, and the options to join them with."""

    ads: Rows
    crm: Rows
    options: dict[str, Any]

    def join(self, **more: Any) -> pd.DataFrame:
        """Join in pandas, once for all the laws that look at this world."""
        key = repr((self, more))
        if key not in _JOINED:
            ads, crm = ads_frame(*self.ads), crm_frame(*self.crm)
            _JOINED[key] = join_utm(ads, crm, **self.options, **more)
        return _JOINED[key]


def some_ads(random: Random, days: list[str]) -> Rows:
    rows = [
        ad(
            random.choice(days),
            random.choice(["C-1", "C-2", "C-3", "C-4"]),
            random.choice(AD_TAGS),
            clicks=random.choice([0, 1, 1, 2, 3, 10]),
            cost=random.choice([0.0, 0.1, 0.2, 0.3, 5.25]),
            channel=random.choice(["google_ads", "google_ads", "meta_ads"]),
            campaign_name=random.choice(["Sale", "Sale 2025"]),
            currency="EUR",
        )
        for _ in range(random.randint(1, 8))
    ]
    return [*{(row["date"], row["channel"], row["campaign_id"]): row for row in rows}.values()]


def some_crm(random: Random, days: list[str]) -> Rows:
    def record(opportunity_id: str) -> dict[str, Any]:
        campaign = random.choice([*["sale"] * 6, "c-1", "c-2", "other", ""])
        source = random.choice(["google", "google", "google", "", "facebook", "bing"])
        return opportunity(
            opportunity_id,
            random.choice(days),
            f"{campaign}/{source}/{random.choice(['cpc', 'cpc', 'ppc', 'ppc', ''])}",
            stage=random.choice(["lead", "opportunity", "closed_won", "closed_lost", "nurture"]),
            amount=random.choice([None, 0.0, 99.99, 1000.0]),
            entry_stage=random.choice(["lead", "lead", "opportunity"]),
            ad_campaign_id=random.choice([None, None, None, None, "C-1", "c-1", "C-9"]),
            gclid=random.choice([None, None, "", "g1"]),
            msclkid=random.choice([None, None, "m1"]),
            closed_date=random.choice([None, "2025-02-28", "2025-04-01"]),
            currency="EUR",
        )

    return [record(f"O-{number:02}") for number in range(random.randint(4, 12))]


def some_options(random: Random) -> dict[str, Any]:
    return {
        "funnel": random.choice(["cumulative", "snapshot"]),
        "ambiguous": random.choice(["clicks", "clicks", "equal", "winner", "none"]),
        "lands_on": random.choice(["created", "ad_day", "closed"]),
        "window_days": random.choice([None, None, None, None, 1, 2, 31]),
        "aliases": random.choice(
            [DEFAULT_ALIASES, DEFAULT_ALIASES, None, {"utm_source": {"fb": "google"}}]
        ),
    }


def a_world(random: Random) -> World:
    crm_days = ["2024-12-31", *DAYS, "2025-03-31"]
    return World(some_ads(random, DAYS), some_crm(random, crm_days), some_options(random))


# A join costs the same whatever its rows, so worlds are drawn evenly from few values: left to
# itself Hypothesis would spend most of them on the smallest tables and on repeating itself.
randoms = st.randoms(use_true_random=True)
worlds = randoms.map(a_world)


def examples(count: int) -> Callable[[Any], Any]:
    """Look at that many worlds: the same in each run, and the same for laws that ask alike.

    Shrinking is left out: the worlds are small, and every step of it would be a join.
    """
    quick = settings(
        max_examples=count,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=[*HealthCheck],
    )
    return lambda law: seed(1)(quick(law))


def shares_of(facts: pd.DataFrame) -> pd.DataFrame:
    return facts[facts["match"] != "ad"]


def assert_same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    """Compare fact rows whatever their order, sums to 1e-9."""
    keys = ["opportunity_id", "date", "channel", "campaign_id", *oracle.UTM, "match_weight"]
    left, right = (rows.sort_values(keys, ignore_index=True) for rows in (left, right))
    pd.testing.assert_frame_equal(left, right, rtol=0, atol=1e-9)


def plain(rows: Rows) -> Rows:
    """Write rows as the oracle reads them: with days, not instants."""
    return [
        row | {day: row[day].date() for day in ("date", "closed_date") if row.get(day) is not None}
        for row in rows
    ]


@examples(40)
@given(worlds)
def test_the_join_says_what_the_plain_rules_say(world: World) -> None:
    shares = oracle.attribute(plain(world.ads), plain(world.crm), **world.options)
    assert_same(shares_of(world.join()), FACTS.complete(pd.DataFrame(shares)))


@examples(40)
@given(worlds)
def test_the_weights_of_every_opportunity_sum_to_1(world: World) -> None:
    weights = shares_of(world.join()).groupby("opportunity_id")["match_weight"].sum()
    ones = {row["opportunity_id"]: 1 for row in world.crm}
    assert weights.to_dict() == pytest.approx(ones, abs=1e-9)


@examples(40)
@given(worlds)
def test_leads_are_the_records_that_entered_as_leads(world: World) -> None:
    if world.options["funnel"] == "cumulative":
        leads = sum(row["entry_stage"] == "lead" for row in world.crm)
    else:
        leads = sum(row["stage"] in ("lead", "nurture") for row in world.crm)
    assert world.join()["leads"].sum() == pytest.approx(leads, abs=1e-9)


@examples(40)
@given(worlds)
def test_revenue_is_the_amount_of_the_won_records(world: World) -> None:
    won = sum(row["amount"] or 0 for row in world.crm if row["stage"] == "closed_won")
    assert world.join()["revenue"].sum() == pytest.approx(won, abs=1e-9)


@examples(40)
@given(worlds)
def test_cost_clicks_and_impressions_stay_as_they_are(world: World) -> None:
    for measure in ("cost", "clicks", "impressions"):
        before = sum(row[measure] for row in world.ads)
        assert world.join()[measure].sum() == pytest.approx(before, abs=1e-9)


@examples(40)
@given(worlds)
def test_every_conversion_rate_lies_between_0_and_1(world: World) -> None:
    if world.options["funnel"] == "cumulative" and world.options["lands_on"] != "closed":
        kpis = compute_metrics(world.join(), by=["date", "channel", "campaign_id"])
        for rate in ("cvr_lead_to_opp", "cvr_opp_to_won", "win_rate", "open_share"):
            assert kpis[rate].dropna().between(-1e-9, 1 + 1e-9).all()


@examples(40)
@given(worlds)
def test_every_join_reconciles(world: World) -> None:
    ads, crm = ads_frame(*world.ads), crm_frame(*world.crm)
    assert reconcile(ads, crm, world.join(), **world.options)["reconciles"].all()


@examples(12)
@given(worlds, randoms)
def test_the_order_of_the_rows_changes_nothing(world: World, random: Random) -> None:
    # Only a rule can tell such ads apart, if not their order.
    alike = [row | utm("sale/google/cpc") | {"clicks": 1, "cost": 0.0} for row in world.ads]
    ads, crm = (random.sample(rows, len(rows)) for rows in (alike, world.crm))
    assert_same(world._replace(ads=alike).join(), World(ads, crm, world.options).join())


@examples(20)
@given(randoms)
def test_ads_of_later_months_change_nothing_where_a_campaign_had_run(random: Random) -> None:
    ads, options = some_ads(random, JANUARY), some_options(random)
    going_on = [
        row | {"date": row["date"] + pd.DateOffset(months=1), "clicks": random.choice([0, 50])}
        for row in ads
    ]
    later = going_on + some_ads(random, MARCH)
    settled = [
        row
        for row in some_crm(random, JANUARY)
        if oracle.had_run(*plain([row]), plain(ads), options["aliases"])
    ]
    assume(settled)
    before, after = World(ads, settled, options), World(ads + later, settled, options)
    assert_same(shares_of(before.join()), shares_of(after.join()))


@examples(4)
@given(worlds)
def test_a_set_of_days_gives_the_sum_of_its_days(world: World) -> None:
    campaigns = campaign_map(ads_frame(*world.ads))
    by_day = [
        World(_on(day, world.ads), _on(day, world.crm), world.options).join(campaigns=campaigns)
        for day in {row["date"] for row in [*world.ads, *world.crm]}
    ]
    assert_same(world.join(), pd.concat(by_day))


def _on(day: pd.Timestamp, rows: Rows) -> Rows:
    return [row for row in rows if row["date"] == day]


@examples(5)
@given(worlds)
@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "pandas"])
def test_every_engine_gives_the_same_facts(engine: str, world: World) -> None:
    give, take = ENGINES[engine]
    ads, crm = give(ads_frame(*world.ads)), give(crm_frame(*world.crm))
    facts = take(join_utm(ads, crm, **world.options))
    assert_same(FACTS.complete(facts), world.join())
