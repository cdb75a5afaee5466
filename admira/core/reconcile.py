"""Reconciliation: what went into the join comes out of it, to the cent."""

from typing import Any

import narwhals as nw
import pandas as pd

from admira.core.frames import collect, lift, unwrap, wrap
from admira.core.funnel import FUNNEL_MEASURES, funnel_measures
from admira.core.rules import JOIN_OPTIONS
from admira.errors import ReconciliationError
from admira.schemas import AD_MEASURES, ADS, CRM, FACTS
from admira.showing import ShownFrame


def reconcile(
    ads: Any,
    crm: Any,
    facts: Any,
    *,
    funnel: str = "cumulative",
    **options: Any,
) -> Any:
    """Show that the totals of the facts are those of ads and crm, or raise.

    Parameters
    ----------
    ads, crm : DataFrame of any engine
        What was joined.
    facts : DataFrame of the same engine
        What :func:`join_utm` made of them.
    funnel : {"cumulative", "snapshot"}
        As it was given to the join: it says what a record counts for.
    **options
        The join's other options (``ambiguous``, ``lands_on``, …).  They move shares between
        campaigns and days, never a total, so they are accepted and change nothing: the same
        options can be handed to both verbs.

    Returns
    -------
    DataFrame of the caller's engine
        In pandas a :class:`Reconciliation`.  One row per quantity: ``quantity``, ``total_in``,
        ``total_out``, ``difference``, ``tolerance`` (0.005 + 1e-9 of the total) and ``reconciles``.
        ``records`` counts CRM rows against the sum of weights; ``records_weighing_1`` counts those
        whose own weights sum to 1.

    Raises
    ------
    ReconciliationError
        When a total differs by more than its tolerance; the message names each.
    SchemaMismatch
        When a frame lacks a column that is needed.
    TypeError
        When an option is none of the join's.

    Examples
    --------
    >>> import admira
    >>> example = admira.datasets.worked_example()
    >>> ads, crm = example.ads_frame, example.crm_frame
    >>> totals = admira.reconcile(ads, crm, admira.join_utm(ads, crm))
    >>> totals.loc[totals["quantity"].isin(["cost", "leads", "revenue"]), ["total_in", "total_out"]]
       total_in  total_out
    2    850.75     850.75
    3      6.00       6.00
    8   5900.00    5900.00
    """
    unknown = sorted(set(options) - _JOIN_OPTIONS)
    if unknown:
        message = f"reconcile() got {unknown[0]!r}; the join's options are {sorted(_JOIN_OPTIONS)}"
        raise TypeError(message)
    fact_rows = wrap(facts, FACTS, FACTS.names)
    before = _before(ads, crm, funnel)
    after = _after(fact_rows)
    totals = pd.DataFrame({"total_in": before, "total_out": after}).rename_axis("quantity")
    totals = totals.reset_index().assign(
        difference=lambda rows: rows["total_out"] - rows["total_in"],
        tolerance=lambda rows: tolerance_of(rows["total_in"]),
        reconciles=lambda rows: rows["difference"].abs() <= rows["tolerance"],
    )
    wrong = totals[~totals["reconciles"]]
    if len(wrong):
        raise ReconciliationError(
            {
                quantity: (total_in, total_out)
                for quantity, total_in, total_out in zip(
                    wrong["quantity"], wrong["total_in"], wrong["total_out"], strict=True
                )
            }
        )
    found = unwrap(lift(totals, like=fact_rows))
    return Reconciliation(found) if isinstance(found, pd.DataFrame) else found


class Reconciliation(ShownFrame):
    """Totals in and out of the join, one row per quantity."""

    def _line(self) -> str:
        return f"{self['reconciles'].sum()} of {len(self)} totals reconcile"


_ROUNDING = 1e-9  # of a total: what adding floats in another order may change
_JOIN_OPTIONS = {*JOIN_OPTIONS} - {"funnel"}


def tolerance_of(total: Any) -> Any:
    """Give by how much a total may differ: half a cent, and what the order of adding changes."""
    return 0.005 + _ROUNDING * abs(total)


def _before(ads: Any, crm: Any, funnel: str) -> pd.Series:
    """Total what goes into the join."""
    ad_rows = wrap(ads, ADS, AD_MEASURES)
    records = wrap(crm, CRM, ["opportunity_id", "stage", "entry_stage", "amount"])
    counted = records.select("opportunity_id", **funnel_measures(funnel), records=nw.lit(1.0))
    spent = _row(ad_rows.select(nw.col(*AD_MEASURES).sum()))
    gained = _row(counted.select(nw.col(*FUNNEL_MEASURES, "records").sum()))
    gained["records_weighing_1"] = gained["records"]
    return pd.concat([spent, gained])


def _after(facts: Any) -> pd.Series:
    """Total what comes out of it."""
    sums = _row(facts.select(nw.col(*AD_MEASURES, *FUNNEL_MEASURES, "match_weight").sum()))
    of_record = facts.filter(nw.col("match") != "ad").group_by("opportunity_id")
    is_whole = (nw.col("match_weight") - 1.0).abs() < _ROUNDING
    weights = of_record.agg(nw.col("match_weight").sum()).select(is_whole.cast(nw.Float64).sum())
    whole = _row(weights).rename({"match_weight": "records_weighing_1"})
    return pd.concat([sums.rename({"match_weight": "records"}), whole])


def _row(sums: Any) -> pd.Series:
    """Give a frame of one row as floats by column; the sum of nothing is 0."""
    return collect(sums).iloc[0].astype("float64").fillna(0.0)
