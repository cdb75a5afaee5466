"""The rows behind a number: ad rows, shares of opportunities, and how these were matched."""

import pandas as pd

from admira.core.campaigns import CAMPAIGN, TRIPLE
from admira.core.funnel import FUNNEL_MEASURES
from admira.explanations.words import Asked, reason_text
from admira.schemas import AD_MEASURES
from admira.schemas.registry import Measure, Ratio
from admira.summary import Asked as Store

_MET = ["match", "match_reason"]


def terms_of(metric: Measure | Ratio) -> list[str]:
    """Name the measures that a metric is made of, those of its numerator first."""
    if isinstance(metric, Measure):
        return [metric.name]
    return [*dict.fromkeys([*metric.numerator, *metric.denominator])]


def funnel_terms(metric: Measure | Ratio) -> list[str]:
    """Name those of them that opportunities add to."""
    return [name for name in terms_of(metric) if name in FUNNEL_MEASURES]


def ads_of(facts: pd.DataFrame) -> pd.DataFrame:
    """Give the ad rows, the most expensive first."""
    names = ["date", *CAMPAIGN, "campaign_name", *AD_MEASURES]
    rows = facts.loc[facts["match"] == "ad", names]
    return _largest_first(rows, ["cost", "clicks"])


def opportunities_of(
    store: Store, facts: pd.DataFrame, metric: Measure | Ratio, asked: Asked
) -> pd.DataFrame:
    """Give the shares with what they add, and what the CRM says of their opportunities."""
    terms = funnel_terms(metric)
    audit = [*_MET, "match_candidates", "match_weight"]
    names = ["opportunity_id", "date", *CAMPAIGN, "campaign_name", *audit, *terms]
    shares = facts.loc[facts["match"] != "ad", names]
    lands_elsewhere = asked.options.get("lands_on", "created") != "created"
    days = {} if lands_elsewhere else asked.period
    records = store.crm(**days)[["opportunity_id", "stage", "amount", *TRIPLE]]
    rows = shares.merge(records, how="left", on="opportunity_id", validate="m:1")
    own = ["opportunity_id", "date", "stage", "amount", *TRIPLE]
    rows = rows[[*own, *(name for name in rows if name not in own)]]
    return _largest_first(rows, [*terms, "match_weight"])


def adding(opportunities: pd.DataFrame, metric: Measure | Ratio) -> pd.DataFrame:
    """Keep the shares that add something to the formula."""
    return opportunities[(opportunities[funnel_terms(metric)] != 0).any(axis="columns")]


def matches_of(opportunities: pd.DataFrame, metric: Measure | Ratio) -> pd.DataFrame:
    """Count the shares that add to the formula by how they were matched, the most first.

    ``shares`` counts them, ``records`` the opportunities that they are of, ``weight`` is their
    sum; then what they add to each measure, and ``why``, in words.
    """
    terms = funnel_terms(metric)
    groups = adding(opportunities, metric).groupby(_MET, sort=True)
    counts = groups.agg(
        shares=("opportunity_id", "size"),
        records=("opportunity_id", "nunique"),
        weight=("match_weight", "sum"),
        **{name: (name, "sum") for name in terms},
    ).reset_index()
    why = [reason_text(*met) for met in counts[_MET].itertuples(index=False, name=None)]
    return _largest_first(counts.assign(why=pd.array(why, dtype="str")), ["shares"])


def _largest_first(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    return rows.sort_values(by, ascending=False, kind="stable", ignore_index=True)
