"""The KPIs as an analyst writes them in pandas, each opportunity counted once as admira does."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from tests.benchmarks.kpi_terms import MEASURES, RATIOS

_CAMPAIGN = ["channel", "campaign_id"]
_TRIPLE = ["utm_campaign", "utm_source", "utm_medium"]
_SITUATION = [*_TRIPLE, "month"]
_FUNNEL = list(MEASURES[3:])


def kpis(ads: pd.DataFrame, crm: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Give the KPIs by some of ``date``, ``channel`` and ``campaign_id``, sorted by them.

    It knows the tiers that clean tables need: exact, campaign, none and untagged.
    """
    keys = list(by)
    records = _records(crm)
    shares = _shares(records, _history(ads))
    credited = records.merge(shares, on=_SITUATION, how="left", validate="m:m")
    is_tagged = credited["utm_campaign"] != ""
    bucket = is_tagged.map({True: "(unattributed)", False: "(untagged)"})
    for name in _CAMPAIGN:
        credited[name] = credited[name].fillna(bucket)
    credited[_FUNNEL] = credited[_FUNNEL].mul(credited["weight"].fillna(1.0), axis=0)
    spent = ads.groupby(keys)[list(MEASURES[:3])].sum()
    sums = spent.join(credited.groupby(keys)[_FUNNEL].sum(), how="outer").fillna(0).sort_index()
    for name, (numerator, denominator) in RATIOS.items():
        below = sums.eval(denominator)
        sums[name] = sums.eval(numerator) / below.where(below != 0)
    return sums.reset_index()


def _records(crm: pd.DataFrame) -> pd.DataFrame:
    """Give each opportunity's tags and month, and what it counts for."""
    is_won, is_lost = crm["stage"] == "closed_won", crm["stage"] == "closed_lost"
    is_lead = crm["entry_stage"] != "opportunity"
    is_opportunity = is_won | is_lost | (crm["stage"] == "opportunity")
    return crm[["date", *_TRIPLE]].assign(
        month=_months(crm["date"]),
        leads=is_lead.astype(float),
        opportunities=is_opportunity.astype(float),
        opportunities_from_leads=(is_opportunity & is_lead).astype(float),
        closed_won=is_won.astype(float),
        closed_lost=is_lost.astype(float),
        revenue=crm["amount"].where(is_won, 0.0).fillna(0.0),
    )


def _history(ads: pd.DataFrame) -> pd.DataFrame:
    """Give each campaign's clicks so far at the end of each of its months, by month."""
    entity = [*_CAMPAIGN, *_TRIPLE]
    by_month = ads.assign(month=_months(ads["date"])).groupby([*entity, "month"])
    monthly = by_month["clicks"].sum().reset_index()
    monthly["entity"] = monthly.groupby(entity).ngroup()
    monthly["clicks_so_far"] = monthly.groupby("entity")["clicks"].cumsum()
    return monthly.sort_values("month")


def _shares(records: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """Give the campaigns that share the opportunities of each triple and month, with weights."""
    asked = records.loc[records["utm_campaign"] != "", _SITUATION].drop_duplicates()
    met = _met(asked, history)
    is_best = met["is_exact"] == met.groupby(_SITUATION)["is_exact"].transform("max")
    best = met[is_best]
    clicks = best.groupby(_SITUATION)["clicks_so_far"]
    total = clicks.transform("sum")
    weight = (best["clicks_so_far"] / total).where(total > 0, 1 / clicks.transform("size"))
    return best[[*_SITUATION, *_CAMPAIGN]].assign(weight=weight)


def _met(asked: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """Let triples meet the campaigns that had run by then: the same triple, else what agrees.

    Equal triples are met by a join on all of it; only what is left over meets campaigns by the
    campaign tag alone, which would multiply the rows.
    """
    campaigns = history.drop_duplicates("entity")[["entity", *_CAMPAIGN, *_TRIPLE]]
    is_complete = (asked[["utm_source", "utm_medium"]] != "").all(axis=1)
    exact = _running(asked[is_complete].merge(campaigns, on=_TRIPLE, validate="m:m"), history)
    left = asked.merge(exact[_SITUATION].drop_duplicates(), how="left", indicator=True)
    left = left.loc[left["_merge"] == "left_only", _SITUATION]
    loose = left.merge(campaigns, on="utm_campaign", suffixes=("", "_ad"), validate="m:m")
    for name in ("utm_source", "utm_medium"):
        here, there = loose[name], loose[f"{name}_ad"]
        loose = loose[(here == there) | (here == "") | (there == "")]
    loose = _running(loose, history)
    return pd.concat([exact.assign(is_exact=True), loose.assign(is_exact=False)])


def _running(met: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """Keep the campaigns that had run by the opportunity's month, with their clicks so far."""
    past = history[["entity", "month", "clicks_so_far"]]
    so_far = pd.merge_asof(met.sort_values("month"), past, on="month", by="entity")
    return so_far.dropna(subset="clicks_so_far")


def _months(days: pd.Series) -> pd.Series:
    """Cut days to the first of their month."""
    return days - pd.to_timedelta(days.dt.day - 1, unit="D")


def query(tables: str, by: list[str]) -> list[Callable[[], Any]]:
    """Work out the KPIs of frames in memory."""
    folder = Path(tables)
    ads, crm = (pd.read_parquet(folder / f"{name}.parquet") for name in ("ads", "crm"))
    return [lambda: kpis(ads, crm, by)]
