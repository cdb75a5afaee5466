"""Days that are not like the others: against the same weekday of the weeks before, no later one."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from admira.core.days import Day, as_day
from admira.errors import OptionError
from admira.questions.daily import WEEK, Daily, Floats, daily, medians, weeks_before
from admira.schemas.metrics import metrics
from admira.schemas.registry import Measure
from admira.summary import Asked

_FEWEST = 4
_WEEKS = 8
_SMOOTHEST = 0.05
_CELLS_AT_A_TIME = 20_000  # each with all days of its weeks
_TO_NORMAL = 0.6745  # MAD of a normal distribution, in standard deviations


def anomalies(
    store: Asked,
    metric: str = "cost",
    *,
    by: str | Sequence[str] = "channel",
    start: Day = None,
    end: Day = None,
    weeks: int = _WEEKS,
    threshold: float = 3.5,
    scope: str = "paid",
) -> pd.DataFrame:
    """Name the days on which a metric was far from what its weekday had been before.

    A day's value is compared with the median of the same weekday in the weeks before, as a robust
    z: 0.6745 · (value − median) / MAD, flagged above 3.5 (Iglewicz & Hoaglin 1993, *How to Detect
    and Handle Outliers*).  The MAD of so few days is often small by chance, so there is a floor,
    the largest of: the expected value times the median relative error that such expectations had
    on all days of those weeks; 5 % of the expected value; and for a measure 0.6745 · √expected,
    which is what counting alone makes vary, with an expected value of at least 1.  No day is judged
    by later ones.

    A measure is 0 on a day without rows between the group's first and last.  A ratio is left out
    on days on which its denominator is 0.

    Parameters
    ----------
    store : Store
        Where the numbers come from.
    metric : str
        A measure or a ratio of ``admira.metrics``.
    by : str or sequence of str
        Dimensions other than ``date``; ``[]`` looks at the whole.
    start, end : day, optional
        Which days to look at, both included; what came before is known in any case.
    weeks : int
        How many weeks back to compare with, from 4 up.
    threshold : float
        From which robust z on a day is flagged.
    scope : {"paid", "all"}
        As in ``store.metrics``.

    Returns
    -------
    DataFrame
        One row per flagged day and group, sorted by both: ``date``, the dimensions, ``currency``
        where money is in it, ``value`` and ``expected`` (Float64), ``z`` (Float64), ``direction``
        (``"up"`` or ``"down"``) and ``verdict`` (``"good"``, ``"bad"``, or ``""`` where the metric
        has no good direction).  ``attrs``: ``judged`` and ``not_judged``, how many days of a group
        were; the latter have fewer than 4 days to compare with.  ``metric``, ``currency``.

    Raises
    ------
    OptionError
        When a metric, a dimension, an option or a day does not exist.

    Examples
    --------
    >>> import admira
    >>> odd = anomalies(admira.demo(), "cost", start="2025-11-01")
    >>> odd.set_index("date")[["channel", "value", "expected", "z", "direction"]].round(1).head(2)
                   channel  value  expected     z direction
    date
    2025-11-01  reddit_ads  408.4      22.3  15.2        up
    2025-11-02    meta_ads  671.9     296.9   4.5        up
    """
    first, last = _checked(start, end, weeks, threshold)
    known = _looked_at(daily(store, metric, by, scope), first, last, weeks)
    values, is_measure = known.grid, isinstance(metrics[metric], Measure)
    before = weeks_before(values, weeks)
    expected = medians(before)
    is_asked = ~np.isnan(values) & _within(known.days, first, last)[:, None]
    can_judge = is_asked & ((~np.isnan(before)).sum(axis=0) >= _FEWEST)
    spread = _spread(values, before, expected, can_judge, threshold, is_measure=is_measure)
    can_judge &= spread > 0
    z = np.full_like(values, np.nan)
    np.divide(_TO_NORMAL * (values - expected), spread, out=z, where=can_judge)
    is_flagged = np.abs(z) > threshold
    figures = {"value": values, "expected": expected, "z": z}
    rows = known.cells(is_flagged).assign(
        **{name: pd.array(column[is_flagged], dtype="Float64") for name, column in figures.items()}
    )
    is_up = (rows["value"] > rows["expected"]).to_numpy(dtype=bool)
    rows["direction"] = pd.array(np.where(is_up, "up", "down"), dtype="str")
    rows["verdict"] = pd.array(_verdicts(metric, is_up), dtype="str")
    judged = int(can_judge.sum())
    rows.attrs |= {
        "metric": metric,
        "judged": judged,
        "not_judged": int(is_asked.sum()) - judged,
        **({} if known.currency is None else {"currency": known.currency}),
    }
    return rows


def _checked(
    start: Day, end: Day, weeks: int, threshold: float
) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    """Give the days to look at, and refuse options that make no sense."""
    if isinstance(weeks, bool) or not isinstance(weeks, int) or weeks < _FEWEST:
        raise OptionError("weeks", weeks, [f"a whole number from {_FEWEST} up"])
    if not threshold > 0:
        raise OptionError("threshold", threshold, ["a number above 0, such as 3.5"])
    first, last = as_day("start", start), as_day("end", end)
    if first is not None and last is not None and last < first:
        raise OptionError("start", f"{first:%Y-%m-%d}", [f"a day up to end, {last:%Y-%m-%d}"])
    return first, last


def judged_from(first: pd.Timestamp, weeks: int = _WEEKS) -> pd.Timestamp:
    """Give the first of the days that days from ``first`` on are judged by."""
    # A day's errors are of as many weeks, and each of these has its own weeks before it.
    return first - pd.Timedelta(days=2 * WEEK * weeks)


def _looked_at(
    known: Daily, first: pd.Timestamp | None, last: pd.Timestamp | None, weeks: int
) -> Daily:
    """Keep the days asked for, and those before them that they are judged by."""
    days = slice(
        0 if first is None else known.days.searchsorted(judged_from(first, weeks)),
        None if last is None else known.days.searchsorted(last, side="right"),
    )
    return known._replace(days=known.days[days], grid=known.grid[days])


def _spread(
    values: Floats,
    before: Floats,
    expected: Floats,
    can_judge: NDArray[np.bool_],
    threshold: float,
    *,
    is_measure: bool,
) -> Floats:
    """Give by how much days differ: their MAD, or the floor where that is higher.

    Most days are near enough by the lowest floor there can be; what takes longer to work out can
    only raise it, and is worked out for the others alone.
    """
    spread = _SMOOTHEST * np.abs(expected)
    if is_measure:
        spread = np.fmax(spread, _TO_NORMAL * np.sqrt(np.maximum(expected, 1.0)))
    gap = np.abs(values - expected)
    distance = _TO_NORMAL * gap
    near = threshold * (1 - 1e-9)
    is_far = can_judge & (distance > near * spread)
    deviations = np.abs(before[:, is_far] - expected[is_far])
    spread[is_far] = np.fmax(spread[is_far], medians(deviations))
    is_far &= distance > near * spread
    usual = _usual_error(gap, expected, is_far, len(before))
    spread[is_far] = np.fmax(spread[is_far], usual * np.abs(expected[is_far]))
    return spread


def _usual_error(gap: Floats, expected: Floats, where: NDArray[np.bool_], weeks: int) -> Floats:
    """Give by which share expectations were off on half of the days before some cells."""
    errors = np.full_like(gap, np.nan)
    np.divide(gap, expected, out=errors, where=expected > 0)
    days, groups = np.nonzero(where)
    usual = np.full(len(days), np.nan)
    for cells in np.array_split(np.arange(len(days)), 1 + len(days) // _CELLS_AT_A_TIME):
        earlier = days[cells] - np.arange(1, WEEK * weeks + 1)[:, None]
        found = np.where(earlier >= 0, errors[earlier, groups[cells]], np.nan)
        is_known = (~np.isnan(found)).sum(axis=0) >= WEEK
        usual[cells] = np.where(is_known, medians(found), np.nan)
    return usual


def _within(
    days: pd.DatetimeIndex, first: pd.Timestamp | None, last: pd.Timestamp | None
) -> NDArray[np.bool_]:
    """Tell the days asked for."""
    is_within = np.full(len(days), fill_value=True)
    if first is not None:
        is_within &= days >= first
    if last is not None:
        is_within &= days <= last
    return is_within


def _verdicts(metric: str, is_up: NDArray[np.bool_]) -> NDArray[np.str_]:
    """Say which way is good for the metric."""
    good = metrics[metric].good
    if not good:
        return np.full(len(is_up), "")
    return np.where(is_up == (good == "up"), "good", "bad")
