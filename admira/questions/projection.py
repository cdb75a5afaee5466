"""What of a budget should be spent by a day, and what a month comes to, by the weekday."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from admira.core.periods import Period

WEEK, WEEKS = 7, 8
_LEVEL_DAYS = 28

Floats = NDArray[np.float64]


def projected(
    costs_of: pd.DataFrame, budget: pd.Series, known: Period, period: Period
) -> pd.DataFrame:
    """Work out what is spent, expected and projected for each owner.

    Parameters
    ----------
    costs_of : DataFrame, one row per owner, day and whatever else
        ``owner`` (a row of ``budget``), ``date`` and ``cost``.
    budget : Series of Float64
        The budgets; missing where an owner has none.
    known : Period
        The days whose cost is known: 8 weeks, and the month so far.
    period : Period
        The month.
    """
    days = pd.date_range(known.start, known.end)
    costs = np.zeros((len(budget), len(days)))
    places = days.get_indexer(pd.DatetimeIndex(costs_of["date"]))
    np.add.at(costs, (costs_of["owner"], places), costs_of["cost"].astype(float))
    shares, is_weekly = _weekday_shares(costs, days)
    month = pd.date_range(period.start, period.end)
    weights, is_over = shares[:, month.day_of_week], month <= known.end
    spent = costs[:, days >= period.start].sum(axis=1)
    progress = weights[:, is_over].sum(axis=1) / weights.sum(axis=1)
    to_come = _weekly_level(costs) * weights[:, ~is_over].sum(axis=1)
    return pd.DataFrame(
        {
            "owner": range(len(budget)),
            "spent": pd.array(spent, dtype="Float64"),
            "expected": budget * progress,
            "projected": pd.array(spent + to_come, dtype="Float64"),
            "basis": pd.array(np.where(is_weekly, "weekdays", "equal days"), dtype="str"),
        }
    )


def _weekday_shares(costs: Floats, days: pd.DatetimeIndex) -> tuple[Floats, NDArray[np.bool_]]:
    """Give each weekday's share of the last 8 weeks, and whether each of them was spent in."""
    last = WEEK * WEEKS
    weeks = costs[:, -last:].reshape(len(costs), WEEKS, WEEK)
    is_weekly = (weeks.sum(axis=2) > 0).all(axis=1)
    sums = np.empty((len(costs), WEEK))
    sums[:, days[-last:][:WEEK].day_of_week] = weeks.sum(axis=1)
    sums[~is_weekly] = 1.0
    return sums / sums.sum(axis=1, keepdims=True), is_weekly


def _weekly_level(costs: Floats) -> Floats:
    """Give the cost of a week at the level of the last 28 days, or since the first one spent on."""
    age = costs.shape[1] - np.argmax(costs > 0, axis=1)
    days = np.clip(age, 1, _LEVEL_DAYS)
    return WEEK * costs[:, -_LEVEL_DAYS:].sum(axis=1) / days
