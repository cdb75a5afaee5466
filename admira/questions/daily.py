"""One metric day by day and group by group, on a spine of days: what the time questions ask."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from admira.core.metrics import regrouped
from admira.core.spine import spine_of
from admira.errors import OptionError
from admira.questions.asking import is_money
from admira.schemas.metrics import metrics
from admira.schemas.registry import Measure
from admira.summary import Asked

Floats = NDArray[np.float64]
WEEK = 7


class Daily(NamedTuple):
    """A metric by day (rows) and group (columns); NaN where there is nothing to look at."""

    days: pd.DatetimeIndex
    groups: pd.DataFrame
    grid: Floats
    currency: str | None

    def cells(self, where: NDArray[np.bool_]) -> pd.DataFrame:
        """Give date and group of some cells, one day after the other."""
        rows, columns = np.nonzero(where)
        cells = self.groups.iloc[columns].reset_index(drop=True)
        cells.insert(0, "date", self.days[rows].astype("datetime64[us]"))
        return cells


def daily(store: Asked, metric: str, by: str | Sequence[str] | None, scope: str) -> Daily:
    """Give a metric by day and group.

    A measure is 0 on a day without rows between the group's first and last; groups in which it is
    never anything else are left out.  A ratio is missing where its denominator is 0.  Groups have
    a ``currency`` where the metric is made of money, which is never added across currencies.

    Raises
    ------
    OptionError
        When the metric or a dimension does not exist, or ``date`` is one.
    """
    found = metrics[metric]
    keys = [by] if isinstance(by, str) else [*(by or [])]
    if "date" in keys:
        raise OptionError("by", "date", ["dimensions other than date, which every row has"])
    asked = ["date", *keys, *([] if "currency" in keys else ["currency"])]
    kpis = store.metrics(asked, scope=scope)
    if is_money(found):
        keys = asked[1:]
    elif "currency" not in keys and len(kpis["currency"].drop_duplicates()) > 1:
        kpis = regrouped(kpis, ["date", *keys])
    number = kpis.groupby(keys, dropna=False).ngroup() if keys else pd.Series(0, index=kpis.index)
    first = kpis.assign(number=number).drop_duplicates("number").sort_values("number")
    groups: pd.DataFrame = first[keys].reset_index(drop=True)
    values = _spread(kpis, number, metric)
    if isinstance(found, Measure):
        is_something = np.asarray((values > 0).any(axis=0))
        groups = groups.iloc[np.flatnonzero(is_something)].reset_index(drop=True)
        values = values[:, is_something]
    codes = groups["currency"].dropna().unique().tolist() if "currency" in keys else []
    return Daily(_spine(kpis["date"]), groups, values, codes[0] if len(codes) == 1 else None)


def medians(values: Floats) -> Floats:
    """Give the median along the first axis of what is there; NaN where nothing is.

    Examples
    --------
    >>> medians(np.array([[1.0, np.nan], [5.0, np.nan], [np.nan, np.nan]])).tolist()
    [3.0, nan]
    """
    ordered = np.sort(values, axis=0)  # NaN last
    count = (~np.isnan(values)).sum(axis=0, keepdims=True)
    middle = [np.maximum(count - 1, 0) // 2, np.minimum(count // 2, len(values) - 1)]
    low, high = (np.take_along_axis(ordered, place, axis=0)[0] for place in middle)
    return np.asarray((low + high) / 2)


def weeks_before(values: Floats, weeks: int) -> Floats:
    """Stack the values of the same weekday one week before, two weeks before, and so on."""
    stack = np.full((weeks, *values.shape), np.nan)
    for week in range(1, weeks + 1):
        stack[week - 1, WEEK * week :] = values[: -WEEK * week]
    return stack


def _spine(days: pd.Series) -> pd.DatetimeIndex:
    """Give all days from the first to the last."""
    if days.empty:
        return pd.DatetimeIndex([], dtype="datetime64[us]")
    return spine_of(days.min(), days.max(), "day")


def _spread(kpis: pd.DataFrame, number: pd.Series, metric: str) -> Floats:
    """Lay a metric out by day and group; a measure is 0 where a group has a gap."""
    days, columns = _spine(kpis["date"]), number.to_numpy()
    rows = days.get_indexer(pd.DatetimeIndex(kpis["date"]))
    values = np.full((len(days), columns.max(initial=-1) + 1), np.nan)
    values[rows, columns] = kpis[metric].to_numpy(dtype="float64", na_value=np.nan)
    if isinstance(metrics[metric], Measure):
        is_there = ~np.isnan(values)
        has_begun = np.logical_or.accumulate(is_there)
        goes_on = np.logical_or.accumulate(is_there[::-1])[::-1]
        values[has_begun & goes_on & ~is_there] = 0.0
    return values
