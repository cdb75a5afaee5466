"""Reconciliation shows that totals in are totals out, and names what is not."""

import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from admira.core.join import join_utm
from admira.core.reconcile import reconcile
from admira.errors import OptionError, ReconciliationError, SchemaMismatch
from tests.core.tables import ad, ads_frame, crm_frame, opportunity
from tests.engines import ENGINES

ADS = ads_frame(
    ad("2025-08-01", "C-1", "sale/google/cpc", clicks=30, cost=10.5),
    ad("2025-08-02", "C-2", "sale/facebook/paid_social", clicks=10, cost=4.0, channel="meta_ads"),
)
CRM = crm_frame(
    opportunity("O-1", "2025-08-01", "sale/google/cpc", stage="closed_won", amount=900.0),
    opportunity("O-2", "2025-08-02", "sale", stage="closed_lost", amount=100.0),
    opportunity("O-3", "2025-08-03", "other", stage="opportunity", entry_stage="opportunity"),
)
FACTS = join_utm(ADS, CRM)
QUANTITIES = [
    "clicks",
    "impressions",
    "cost",
    "leads",
    "opportunities",
    "opportunities_from_leads",
    "closed_won",
    "closed_lost",
    "revenue",
    "records",
    "records_weighing_1",
]

engines = pytest.mark.parametrize("engine", ENGINES)


@engines
@pytest.mark.parametrize(
    "options",
    [
        {"funnel": "snapshot", "ambiguous": "winner", "lands_on": "ad_day"},
        {"ambiguous": "none", "lands_on": "closed", "window_days": 1, "aliases": None},
    ],
    ids=str,
)
def test_totals_out_are_totals_in(engine: str, options: dict[str, Any]) -> None:
    give, take = ENGINES[engine]
    ads, crm = give(ADS), give(CRM)
    totals = take(reconcile(ads, crm, join_utm(ads, crm, **options), **options))
    assert totals["quantity"].tolist() == QUANTITIES
    assert totals["reconciles"].all()
    assert totals["difference"].abs().max() < 1e-9


@engines
def test_the_totals_are_the_sums_of_the_tables(engine: str) -> None:
    give, take = ENGINES[engine]
    ads, crm = give(ADS), give(CRM)
    totals = take(reconcile(ads, crm, join_utm(ads, crm))).set_index("quantity")
    assert totals["total_in"].to_dict() == {
        "clicks": 40,
        "impressions": 400,
        "cost": 14.5,
        "leads": 2,
        "opportunities": 3,
        "opportunities_from_leads": 2,
        "closed_won": 1,
        "closed_lost": 1,
        "revenue": 900,
        "records": 3,
        "records_weighing_1": 3,
    }
    assert totals.loc["revenue", "tolerance"] == pytest.approx(0.005 + 900e-9)


def _times(facts: pd.DataFrame, column: str, factor: float) -> pd.DataFrame:
    return facts.assign(**{column: facts[column] * factor})


@engines
@pytest.mark.parametrize(
    ("tamper", "quantities"),
    [
        (
            lambda facts: pd.concat([facts, facts[facts["opportunity_id"] == "O-1"]]),
            {"leads", "revenue", "records", "records_weighing_1"},
        ),
        (
            lambda facts: facts[~((facts["opportunity_id"] == "O-2") & (facts["clicks"] == 0))],
            {"closed_lost", "records", "records_weighing_1"},
        ),
        (
            lambda facts: pd.concat([facts, facts[facts["match"] == "ad"].head(1)]),
            {"clicks", "impressions", "cost"},
        ),
        (lambda facts: _times(facts, "cost", 1.001), {"cost"}),
        (lambda facts: _times(facts, "match_weight", 1.1), {"records", "records_weighing_1"}),
        (
            lambda facts: facts.assign(
                match_weight=facts["match_weight"].where(
                    facts["opportunity_id"] != "O-2", facts["match_weight"] * 1.1
                )
                - 0.1 * (facts["opportunity_id"] == "O-3")
            ),
            {"records_weighing_1"},
        ),
    ],
    ids=[
        "a share twice",
        "a record dropped",
        "an ad row twice",
        "costs changed",
        "weights of 1.1",
        "weights that cancel out",
    ],
)
def test_facts_that_were_tampered_with_do_not_reconcile(
    engine: str, tamper: Callable[[pd.DataFrame], pd.DataFrame], quantities: set[str]
) -> None:
    give, _ = ENGINES[engine]
    facts = tamper(FACTS).reset_index(drop=True)
    with pytest.raises(ReconciliationError) as error:
        reconcile(give(ADS), give(CRM), give(facts))
    assert quantities <= error.value.differences.keys()
    for quantity in quantities:
        assert re.search(rf"\b{quantity}: [\d,.]+ in, [\d,.]+ out", str(error.value))


def test_a_difference_within_the_tolerance_is_rounding() -> None:
    cent = FACTS["cost"] + 0.004 * (FACTS.index == 0)
    assert reconcile(ADS, CRM, FACTS.assign(cost=cent))["reconciles"].all()
    two_cents = FACTS["cost"] + 0.006 * (FACTS.index == 0)
    with pytest.raises(ReconciliationError, match="cost"):
        reconcile(ADS, CRM, FACTS.assign(cost=two_cents))


def test_the_error_carries_what_went_in_and_what_came_out() -> None:
    with pytest.raises(ReconciliationError) as error:
        reconcile(ADS, CRM, FACTS.assign(cost=0.0))
    assert error.value.differences == {"cost": (14.5, 0.0)}


def test_facts_of_other_rows_do_not_reconcile() -> None:
    with pytest.raises(ReconciliationError, match=r"clicks: 40\.0+ in, 30\.0+ out"):
        reconcile(ADS, CRM, join_utm(ADS.head(1), CRM))


def test_facts_of_another_funnel_do_not_reconcile() -> None:
    with pytest.raises(ReconciliationError, match="leads"):
        reconcile(ADS, CRM, FACTS, funnel="snapshot")


@pytest.mark.parametrize("engine", ["polars lazy", "duckdb"])
def test_a_record_that_is_there_twice_is_found_in_lazy_frames(engine: str) -> None:
    give, _ = ENGINES[engine]
    ads, crm = give(ADS), give(pd.concat([CRM, CRM.head(1)]))
    facts = join_utm(ads, crm)
    with pytest.raises(ReconciliationError, match=r"records_weighing_1: 4\.0+ in, 2\.0+ out"):
        reconcile(ads, crm, facts)


@engines
@pytest.mark.parametrize(
    ("ads", "crm"),
    [(ADS, CRM.head(0)), (ADS.head(0), CRM), (ADS.head(0), CRM.head(0))],
    ids=["no crm", "no ads", "neither"],
)
def test_nothing_reconciles_with_nothing(engine: str, ads: pd.DataFrame, crm: pd.DataFrame) -> None:
    give, take = ENGINES[engine]
    ads, crm = give(ads), give(crm)
    assert take(reconcile(ads, crm, join_utm(ads, crm)))["reconciles"].all()


def test_an_option_that_the_join_does_not_have_is_refused() -> None:
    options: dict[str, Any] = {"windowdays": 3}
    with pytest.raises(TypeError, match="windowdays"):
        reconcile(ADS, CRM, FACTS, **options)


def test_a_funnel_that_does_not_exist_is_refused() -> None:
    with pytest.raises(OptionError, match="funnel"):
        reconcile(ADS, CRM, FACTS, funnel="cumulativ")


def test_facts_without_a_measure_are_refused() -> None:
    with pytest.raises(SchemaMismatch, match="revenue"):
        reconcile(ADS, CRM, FACTS.drop(columns="revenue"))


def test_the_arguments_stay_as_they_are() -> None:
    before = [table.copy() for table in (ADS, CRM, FACTS)]
    reconcile(ADS, CRM, FACTS)
    for table, copy in zip((ADS, CRM, FACTS), before, strict=True):
        pd.testing.assert_frame_equal(table, copy)
