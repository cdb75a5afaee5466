"""Periods as people name them: last month, mtd, last 28 days, 2025-Q3."""

import re
from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from admira.core.days import Day, as_day
from admira.core.grains import STEPS, begins
from admira.core.periods import Period, earlier, period_of
from admira.errors import OptionError

_DAY = pd.Timedelta(days=1)
_NAMES = (
    "today",
    "yesterday",
    "last 28 days",
    "wtd",
    "last week",
    "mtd",
    "last month",
    "qtd",
    "last quarter",
    "ytd",
    "last year",
    "2025",
    "2025-Q3",
    "2025-08",
    "2025-08-31",
    "(start, end)",
)


class Named(NamedTuple):
    """A period, and for one that runs to date the step to the same days of the unit before."""

    period: Period
    step: pd.DateOffset | None = None

    @property
    def whole(self) -> Period:
        """The days that it will have once it is over: of one to date, the whole unit."""
        if self.step is None:
            return self.period
        return Period(self.period.start, self.period.start + self.step - _DAY)

    def earlier(self, against: str) -> Period:
        """Give the period to compare with; of one to date the same days, as far as they exist."""
        if self.step is None or against != "previous":
            return earlier(self.period, against)
        return Period(self.period.start - self.step, self.period.end - self.step)


def chosen_period(
    start: Day, end: Day, name: "str | tuple[Day, Day] | None", today: pd.Timestamp
) -> Named:
    """Give the period named, or the one between two days.

    Raises
    ------
    OptionError
        When both are given, a day is missing, or nobody would know what the name means.
    """
    if name is None:
        return Named(period_of(start, end))
    if start is not None or end is not None:
        raise OptionError("period", name, ["nothing, where start= and end= say the days"])
    return named_period(name, today)


def named_period(name: str | tuple[Day, Day], today: pd.Timestamp) -> Named:
    """Give the days that a period's name means.

    Parameters
    ----------
    name : str or (start, end)
        ``"today"``, ``"yesterday"``, ``"last 28 days"`` (up to 99999, until yesterday), ``"wtd"``,
        ``"mtd"``, ``"qtd"``, ``"ytd"`` (the week, month, quarter or year up to today), ``"last
        week"`` (Monday to Sunday), ``"last month"``, ``"last quarter"``, ``"last year"``, or a
        year, quarter, month or day: ``"2025"``, ``"2025-Q3"``, ``"2025-08"``, ``"2025-08-31"``.
    today : Timestamp
        The day that counts as today.

    Returns
    -------
    Named

    Raises
    ------
    OptionError
        When nobody would know what it means.

    Examples
    --------
    >>> for name in ("last month", "mtd", "2025-Q3"):
    ...     period = named_period(name, pd.Timestamp("2025-12-10")).period
    ...     print(f"{period.start:%Y-%m-%d} to {period.end:%Y-%m-%d}")
    2025-11-01 to 2025-11-30
    2025-12-01 to 2025-12-10
    2025-07-01 to 2025-09-30
    """
    if isinstance(name, tuple):
        return Named(period_of(*name))
    text = " ".join(name.lower().split())
    if text in _RELATIVE:
        return _RELATIVE[text](today)
    days = re.fullmatch(r"last (\d{1,5}) days?", text)
    if days and int(days[1]):
        return Named(Period(today - int(days[1]) * _DAY, today - _DAY))
    return Named(_absolute(text))


def _absolute(text: str) -> Period:
    """Read a year, quarter, month or day."""
    for pattern, months in ((r"\d{4}", 12), (r"\d{4}-q[1-4]", 3), (r"\d{4}-\d{2}", 1)):
        if re.fullmatch(pattern, text):
            try:
                start = pd.Period(text.upper()).to_timestamp()
            except ValueError:
                break
            return Period(start, start + pd.DateOffset(months=months) - _DAY)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        day = as_day("period", text)
        if day is not None:
            return Period(day, day)
    raise OptionError("period", text, _NAMES)


_UNITS = ("week", "month", "quarter", "year")


def _to_date(unit: str) -> Callable[[pd.Timestamp], Named]:
    return lambda today: Named(Period(begins(unit, today), today), STEPS[unit])


def _last(unit: str) -> Callable[[pd.Timestamp], Named]:
    def last(today: pd.Timestamp) -> Named:
        first = begins(unit, today)
        return Named(Period(first - STEPS[unit], first - _DAY))

    return last


_RELATIVE: dict[str, Callable[[pd.Timestamp], Named]] = {
    "today": lambda today: Named(Period(today, today)),
    "yesterday": lambda today: Named(Period(today - _DAY, today - _DAY)),
    **{f"last {unit}": _last(unit) for unit in _UNITS},
    **{f"{unit[0]}td": _to_date(unit) for unit in _UNITS},
    **{f"this {unit}": _to_date(unit) for unit in _UNITS},
}
