"""How many days sales take, as quantiles."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from admira.core.days import Day
from admira.core.metrics import regrouped
from admira.questions.asking import days_asked
from admira.questions.decisions import (
    asked_of,
    decided_among,
    dimensions_but_records,
    kpis_by_record,
    numbered,
    shares_of,
)
from admira.summary import Asked

_QUANTILES = {"p25_days": 0.25, "median_days": 0.5, "p75_days": 0.75, "p90_days": 0.9}
_ROUNDING = 1e-9


def lags(
    store: Asked,
    *,
    by: str | Sequence[str] | None = None,
    start: Day = None,
    end: Day = None,
    period: str | tuple[Day, Day] | None = None,
    today: Day = None,
    scope: str = "all",
    **filters_and_options: Any,
) -> pd.DataFrame:
    """Tell how many days pass from the creation of an opportunity until it is won.

    Of a young period only the quick sales are there yet: ``open_share`` says how young it is.

    Parameters
    ----------
    by : str or sequence of str, optional
        Dimensions other than ``date``; without any there is one row.
    start, end : day, optional
        The first and the last created day, both included.
    period : str or (start, end), optional
        The same by a name, as in :meth:`Store.metrics`: ``"last quarter"``, ``"2025-Q3"``, …
    today : day, optional
        What counts as today in a period's name; the reporting zone's day by default.
    scope : {"all", "paid"}
        As in :meth:`Store.metrics`.
    **filters_and_options
        As in :meth:`Store.facts`, but for ``lands_on``.

    Returns
    -------
    DataFrame
        One row per group of :meth:`Store.metrics`, sorted: the dimensions of ``by``, ``closed_won``
        and ``open_share`` as there, and ``p25_days``, ``median_days``, ``p75_days``, ``p90_days``,
        which are missing where nothing was won.

    Raises
    ------
    OptionError
        When an option does not exist.
    DataError
        When nobody knows on which day some opportunity was won.

    Notes
    -----
    Days are ``closed_date − date``.  The quantile q is the smallest number of days by which at
    least q of all wins had come, each counted with the weight of its share: the inverse of the
    weighted distribution function, which is definition 1 of Hyndman and Fan, *Sample quantiles in
    statistical packages*, The American Statistician 50 (1996), 361-365.  It is always a number of
    days that some win took.

    Examples
    --------
    >>> import admira
    >>> found = lags(admira.demo(), by="channel", scope="paid").round(2)
    >>> found[["channel", "closed_won", "median_days", "p90_days"]].head(3)
            channel  closed_won  median_days  p90_days
    0    google_ads       29.09         18.0      36.0
    1  linkedin_ads        8.01         25.0      55.0
    2      meta_ads       29.75         12.0      29.0
    """
    dimensions = dimensions_but_records(by)
    days = days_asked(store, start, end, period, today)
    asked = asked_of(store, filters_and_options, days, scope)
    rows = kpis_by_record(store, dimensions, asked)
    groups = regrouped(rows, dimensions)[[*dimensions, "closed_won", "open_share"]]
    won = decided_among(shares_of(store, rows, dimensions, asked), ["closed_won"])
    won = numbered(won, groups[dimensions])
    quantiles = _quantiles(won).reindex(groups.index).astype("Float64")
    table = pd.concat([groups, quantiles], axis="columns")
    table.attrs = {"scope": scope}
    return table


def _quantiles(won: pd.DataFrame) -> pd.DataFrame:
    """Give the weighted quantiles of the days of each group."""
    ordered = won.sort_values(["group", "days"], kind="stable")
    weights = ordered.groupby("group")["closed_won"]
    reached = weights.cumsum() / weights.transform("sum")
    return pd.DataFrame(
        {
            name: ordered[reached >= level - _ROUNDING].groupby("group")["days"].first()
            for name, level in _QUANTILES.items()
        }
    )
