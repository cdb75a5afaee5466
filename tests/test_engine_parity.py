"""Whatever comes in, every engine says of it what the others say."""

from random import Random

from hypothesis import given

from tests.core.test_laws import examples, randoms, some_options
from tests.dirt import assert_alike, assert_same_kpis, pulls, store_of

BY = ["date", "channel", "campaign_id", "currency", "match"]


@examples(8)
@given(randoms)
def test_dirty_pulls_give_the_same_facts_and_kpis(random: Random) -> None:
    store, options = store_of(*pulls(random, 4)), some_options(random)
    facts = store.facts(**options)
    cut = {"grain": "week", "scope": "paid", "start": "2025-02-01", **options}
    expected, expected_cut = (store.metrics(BY, engine="arrow", **each) for each in (options, cut))
    for engine in ("arrow", "polars", "duckdb"):
        assert_alike(store.facts(engine=engine, **options), facts)
        assert_same_kpis(store.metrics(BY, engine=engine, **options), expected)
        assert_same_kpis(store.metrics(BY, engine=engine, **cut), expected_cut)


def test_the_dirt_reaches_every_outcome() -> None:
    """The pulls would prove little if all of them were rejected, or matched alike."""
    ads, crm = pulls(Random(1), 60)
    store = store_of(ads, crm)
    matches = {"ad", "id", "exact", "alias", "campaign", "click_id", "none", "untagged"}
    assert {*store.facts()["match"]} == matches
    reasons = {reason.split(":")[0] for reason in store.quarantine()["reasons"]}
    assert reasons >= {"date", "campaign_id", "channel", "clicks", "cost", "amount"}
    assert len(store.ads()) > len(ads) / 3
