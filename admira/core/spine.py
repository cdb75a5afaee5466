"""KPIs on a spine of periods: one without rows is a zero, and sums may roll over several."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from admira.core.grains import STEPS
from admira.core.metrics import regrouped
from admira.core.totals import MEASURES

# As numbers of days, which are counted and not stepped through.
_DAYS = {"day": "D", "week": "7D"}


def spine_of(first: pd.Timestamp, last: pd.Timestamp, grain: str | None) -> pd.DatetimeIndex:
    """Give the first day of every period from one to another, both of which begin one."""
    step = _DAYS.get(grain or "day") or STEPS[str(grain)]
    return pd.date_range(first, last, freq=step, unit="us")


def on_spine(
    kpis: pd.DataFrame,
    by: Sequence[str],
    dates: pd.DatetimeIndex,
    *,
    rolling: int = 1,
    zero_division: float | None = None,
) -> pd.DataFrame:
    """Give each group a row per period; measures are sums of the last ``rolling`` of them.

    Parameters
    ----------
    kpis : DataFrame, one row per period and group
        With ``date`` among its dimensions.
    by : sequence of str
        Its dimensions.
    dates : DatetimeIndex
        The periods, without gaps; those of ``kpis`` are among them.
    rolling : int
        How many periods a sum is of; fewer at the beginning.
    zero_division : float, optional
        What a ratio is whose denominator is 0; missing by default.

    Returns
    -------
    DataFrame
        One row per period and group, sorted; ratios are quotients of the rolled sums.
    """
    others = [name for name in by if name != "date"]
    groups = kpis[others].drop_duplicates(ignore_index=True) if others else pd.DataFrame(index=[0])
    column = kpis[others].merge(groups.reset_index(), on=others)["index"] if others else 0
    rows = dates.get_indexer(pd.DatetimeIndex(kpis["date"]))
    size = (len(dates), len(groups))
    places = np.indices(size).reshape(2, -1)
    laid_out = groups.iloc[places[1]].reset_index(drop=True).assign(date=dates[places[0]])
    for name in MEASURES:
        grid = np.zeros(size)
        grid[rows, np.asarray(column)] = kpis[name].to_numpy(dtype="float64")
        laid_out[name] = _rolled(grid, rolling).ravel()
    laid_out.attrs.update(kpis.attrs)
    return regrouped(laid_out, by, zero_division=zero_division)


def _rolled(grid: np.ndarray, rolling: int) -> np.ndarray:
    """Sum each window anew: running differences would leave a trace where there is nothing."""
    before = np.zeros((rolling - 1, grid.shape[1]))
    windows = sliding_window_view(np.concatenate([before, grid]), rolling, axis=0)
    return windows.sum(axis=-1)
