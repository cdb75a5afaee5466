"""Periods side by side: the one before, the same a year before, and their KPIs compared."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np
import pandas as pd

from admira.core.coverage import PARTIAL
from admira.core.days import Day, as_day
from admira.core.grains import grain_among, months_of
from admira.core.totals import MEASURES
from admira.errors import OptionError
from admira.schemas.metrics import metrics

Against = Literal["previous", "year"]

_WEEKS_OF_A_YEAR = 52


class Period(NamedTuple):
    """Days from ``start`` to ``end``, both included."""

    start: pd.Timestamp
    end: pd.Timestamp

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days + 1


def period_of(start: Day, end: Day) -> Period:
    """Give the period between two days.

    Raises
    ------
    OptionError
        When one is missing or no day, or they are the wrong way round.
    """
    first, last = as_day("start", start), as_day("end", end)
    if first is None or last is None:
        raise OptionError("start" if first is None else "end", None, ["a day such as 2025-08-31"])
    if last < first:
        raise OptionError("start", f"{first:%Y-%m-%d}", [f"a day up to end, {last:%Y-%m-%d}"])
    return Period(first, last)


def earlier(period: Period, against: str) -> Period:
    """Give the period to compare with.

    ``"previous"`` is the one just before, of the same length, or the calendar months before where
    the period is whole months.  ``"year"`` is the same a year before: calendar months where it is
    whole months, else 52 weeks earlier, so that weekdays meet weekdays.
    """
    if against not in get_args(Against):
        raise OptionError("against", against, get_args(Against))
    months = _whole_months(period)
    if months:
        back = pd.DateOffset(months=months if against == "previous" else 12)
        start = period.start - back
        return Period(start, start + pd.DateOffset(months=months) - pd.Timedelta(days=1))
    days = period.days if against == "previous" else 7 * _WEEKS_OF_A_YEAR
    back_days = pd.Timedelta(days=days)
    return Period(period.start - back_days, period.end - back_days)


def _whole_months(period: Period) -> int:
    """Count the calendar months that a period is; 0 where it is not whole months."""
    following = period.end + pd.Timedelta(days=1)
    if period.start.day != 1 or following.day != 1:
        return 0
    return (following.year - period.start.year) * 12 + following.month - period.start.month


def beside(
    now: pd.DataFrame, before: pd.DataFrame, by: Sequence[str], names: Iterable[str]
) -> pd.DataFrame:
    """Put the KPIs of two periods side by side.

    Parameters
    ----------
    now, before : DataFrame, one row per group
        KPIs of the two periods by the same dimensions.
    by : sequence of str
        The dimensions.
    names : iterable of str
        The metrics to compare.

    Returns
    -------
    DataFrame
        One row per group of either, sorted by the dimensions.  For each metric its value now, its
        value before (``…_previous``) and the relative change (``…_change``), which is missing where
        there is nothing to compare with.  A measure of a group that was not there is 0.
    """
    names, keys = list(names), list(by)
    left, right = (
        frame[[*keys, *names]].astype(dict.fromkeys(names, "Float64")) for frame in (now, before)
    )
    right = right.rename(columns={name: f"{name}_previous" for name in names})
    if keys:
        met = left.merge(right, how="outer", on=keys, validate="1:1", sort=True)
    else:
        met = pd.concat([left, right], axis="columns")
    sums = [name for name in names if name in MEASURES]
    filled = [f"{name}{end}" for name in sums for end in ("", "_previous")]
    met[filled] = met[filled].fillna(0.0)  # a group that was not there added nothing
    order = [f"{name}{end}" for name in names for end in ("", "_previous", "_change")]
    compared = pd.concat([met, _changes(met, names)], axis="columns")[[*keys, *order]]
    compared.attrs.update(met.attrs)
    return compared


def _changes(met: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Give the relative change of each metric; all at once, since column by column is slow."""
    now, before = (
        met[[f"{name}{end}" for name in names]].to_numpy(dtype="float64", na_value=np.nan)
        for end in ("", "_previous")
    )
    changes = now / np.where(before == 0, np.nan, before) - 1
    columns = [f"{name}_change" for name in names]
    return pd.DataFrame(changes, columns=columns, index=met.index, dtype="Float64")


def shifted(kpis: pd.DataFrame, against: str) -> pd.DataFrame:
    """Put each row of a KPI table over time beside the one a period, or a year, earlier.

    The step is the grain of the table; where it was lost, what the days themselves say.

    Raises
    ------
    OptionError
        When there is no ``date``, or ``against`` does not exist.
    """
    if against not in get_args(Against):
        raise OptionError("against", against, get_args(Against))
    if "date" not in kpis:
        raise OptionError(
            "by", "no date", ["KPIs with 'date' in by=; store.compare() compares whole periods"]
        )
    names = [name for name in metrics.columns if name in kpis]
    keys = [str(name) for name in kpis if name not in (*names, PARTIAL)]
    step = _step(kpis, against)
    rows = beside(kpis, kpis.assign(date=kpis["date"] + step), keys, names)
    is_known = rows["date"].isin(kpis["date"] + step)
    companions = [str(name) for name in rows if name not in {*keys, *names}]
    rows[companions] = rows[companions].where(is_known)
    marks = [PARTIAL] if PARTIAL in kpis else []
    return kpis[[*keys, *marks]].merge(rows, how="left", on=keys, validate="1:1")


def _step(kpis: pd.DataFrame, against: str) -> pd.DateOffset:
    """Give the offset from one period to the one compared with it."""
    grain = kpis.attrs.get("grain") or grain_among(kpis["date"].drop_duplicates())
    is_previous = against == "previous"
    if months_of(grain):
        return pd.DateOffset(months=months_of(grain) if is_previous else 12)
    if grain == "week":
        return pd.DateOffset(weeks=1 if is_previous else _WEEKS_OF_A_YEAR)
    return pd.DateOffset(days=1 if is_previous else 7 * _WEEKS_OF_A_YEAR)
