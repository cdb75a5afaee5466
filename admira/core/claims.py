"""What platforms claim of their own success: summed beside our KPIs, and never added to them."""

from collections.abc import Sequence

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow

from admira.core.frames import Frame, typed
from admira.core.sums import group_sums
from admira.schemas import FACTS, PLATFORM_MEASURES
from admira.schemas.metrics import metrics

CLAIMS = tuple(claim.name for claim in metrics.claims)

# Money among what is summed.
MONEY = ("cost", "platform_value")


def _cost_of(name: str) -> str:
    """Name the cost of the ad rows that state a claim."""
    return f"cost of rows with {name}"


def _rows_of(name: str) -> str:
    """Name the number of ad rows that state a claim."""
    return f"rows with {name}"


# A platform that claims nothing must not look like one that claims 0, nor lend its cost to the
# claims of others: so the rows that state a claim, and their cost, are summed beside it.
SUMS = {
    "cost": pyarrow.float64(),
    **{
        name: pyarrow.float64()
        for claim in PLATFORM_MEASURES
        for name in (claim, _cost_of(claim), _rows_of(claim))
    },
}


def with_terms(ads: Frame) -> Frame:
    """Give ad rows of any engine with all that claims are worked out from."""
    terms = {}
    for name in PLATFORM_MEASURES:
        is_stated = ~nw.col(name).is_null()
        terms[_cost_of(name)] = nw.when(is_stated).then(nw.col("cost")).otherwise(nw.lit(0.0))
        terms[_rows_of(name)] = nw.when(is_stated).then(nw.lit(1.0)).otherwise(nw.lit(0.0))
    return ads.with_columns(**terms)


def beside_claims(
    kpis: pd.DataFrame,
    sums: pyarrow.Table,
    by: Sequence[str],
    *,
    zero_division: float | None = None,
) -> pd.DataFrame:
    """Put the claims of each group behind its KPIs; a group without ad rows has none.

    Parameters
    ----------
    kpis : DataFrame, one row per group
        As :func:`compute_metrics` gives them.
    sums : pyarrow.Table, one row per group
        The dimensions and ``SUMS``.
    by : sequence of str
        The dimensions.
    zero_division : float, optional
        What a ratio is whose denominator is 0; one of which nothing is claimed stays missing.

    Returns
    -------
    DataFrame
        The same rows in the same order, with the columns ``CLAIMS``.
    """
    keys = list(by)
    claims = _claims(sums.select([*SUMS]).to_pandas(), zero_division)
    if keys:
        named = pd.concat([typed(sums.select(keys), FACTS), claims], axis="columns")
        claims = kpis[keys].merge(named, how="left", on=keys, validate="1:1")
    beside = pd.concat([kpis, claims[[*CLAIMS]].set_axis(kpis.index)], axis="columns")
    beside.attrs.update(kpis.attrs)
    return beside


def _claims(sums: pd.DataFrame, zero_division: float | None) -> pd.DataFrame:
    """Work the claims of groups out of their sums."""
    otherwise = np.nan if zero_division is None else zero_division
    stated = {name: sums[_rows_of(name)] > 0 for name in PLATFORM_MEASURES}
    conversions, value = PLATFORM_MEASURES
    columns = {name: sums[name].where(stated[name]) for name in PLATFORM_MEASURES}
    columns["platform_cpa"] = _quotient(
        sums[_cost_of(conversions)], columns[conversions], otherwise
    )
    columns["platform_roas"] = _quotient(columns[value], sums[_cost_of(value)], otherwise)
    for name in PLATFORM_MEASURES:
        columns[f"{name}_coverage"] = _quotient(sums[_cost_of(name)], sums["cost"], np.nan)
    return pd.DataFrame(columns)[[*CLAIMS]].astype(
        {name: "Float64" for name in CLAIMS if name not in PLATFORM_MEASURES}
    )


def _quotient(over: pd.Series, under: pd.Series, otherwise: float) -> pd.Series:
    """Divide; where the denominator is 0 there is something else, where a side is missing none."""
    quotient = over / under.mask(under == 0)
    return quotient.mask((under == 0) & over.notna(), otherwise)


def claims_again(kpis: pd.DataFrame, by: Sequence[str]) -> pyarrow.Table:
    """Give the sums that a KPI table's claims were worked out from, by some of its dimensions."""
    sums = kpis[list(by)].assign(cost=kpis["cost"])
    for name in PLATFORM_MEASURES:
        sums[name] = kpis[name]
        sums[_rows_of(name)] = kpis[name].notna().astype("float64")
        sums[_cost_of(name)] = kpis[f"{name}_coverage"].fillna(0.0) * kpis["cost"]
    rows = pyarrow.Table.from_pandas(sums, preserve_index=False)
    return group_sums([rows], list(by), SUMS)
