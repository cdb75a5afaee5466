"""Days, weeks, months, quarters and years: where each begins, and how long it is."""

from typing import Literal, get_args

import pandas as pd

from admira.errors import OptionError

Grain = Literal["day", "week", "month", "quarter", "year"]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

STEPS = {
    "day": pd.DateOffset(days=1),
    "week": pd.DateOffset(weeks=1),
    "month": pd.DateOffset(months=1),
    "quarter": pd.DateOffset(months=3),
    "year": pd.DateOffset(years=1),
}
_CODES = {"day": "D", "month": "M", "quarter": "Q", "year": "Y"}
_FIRST_WEEKDAYS = (0, 6)  # Monday or Sunday, as calendars have it
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def checked_grain(grain: str | None, week_start: str = "monday") -> str | None:
    """Check a grain, and the day that weeks begin on: both as one, such as ``"week-sunday"``.

    Raises
    ------
    OptionError
        When either does not exist.
    """
    if grain is not None and grain not in get_args(Grain):
        raise OptionError("grain", grain, get_args(Grain))
    if week_start not in WEEKDAYS:
        raise OptionError("week_start", week_start, WEEKDAYS)
    return f"week-{week_start}" if grain == "week" and week_start != "monday" else grain


def begins(grain: str, day: pd.Timestamp, week_start: str = "monday") -> pd.Timestamp:
    """Give the first day of the week, month, quarter or year that a day is in.

    Examples
    --------
    >>> f"{begins('quarter', pd.Timestamp('2025-08-31')):%Y-%m-%d}"
    '2025-07-01'
    """
    if grain == "week":
        return day.normalize() - pd.Timedelta(
            days=(day.day_of_week - WEEKDAYS.index(week_start)) % 7
        )
    return day.to_period(_CODES[grain]).start_time


def grain_among(days: pd.Series) -> str:
    """Tell what periods several days begin; a single day is a day."""
    if len(days) < 2:  # noqa: PLR2004 - a step has two ends
        return "day"
    if (days.dt.day == 1).all():
        months = (unit for unit, size in (("year", 12), ("quarter", 3)) if _all_begin(days, size))
        return next(months, "month")
    weekdays = days.dt.day_of_week
    is_weekly = any((weekdays == first).all() for first in _FIRST_WEEKDAYS)
    return "week" if is_weekly else "day"


def _all_begin(days: pd.Series, months: int) -> bool:
    """Tell whether all days begin a stretch of so many months, and none is left out between."""
    numbers = (days.dt.year * 12 + days.dt.month - 1).sort_values()
    return bool((numbers % months == 0).all() and (numbers.diff().dropna() == months).all())


def months_of(grain: str) -> int:
    """Say how many months it has; a day and a week have none."""
    return _MONTHS.get(grain, 0)
