"""The days that a pull is about: half-open, told to the API and checked on what came."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from admira.errors import OptionError
from admira.schemas import Kind

_DAY = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}")

# What may be a moment at all: digits that run on are more likely milliseconds of an epoch.
_MOMENT = re.compile(r"(20[0-9]{2}|2100)-?[0-9]{2}-?[0-9]{2}([T ].*)?")

# pandas calls this a datetime too, and it has no day.
_NO_MOMENT: object = pd.NaT

# The columns that place a row in time; one of them within the window is enough.
_DATED_BY: dict[Kind, tuple[str, ...]] = {"ads": ("date",), "crm": ("created_at", "updated_at")}

# Verdicts on one cell, in the order in which they settle a row.
_UNREADABLE, _OUTSIDE, _WITHIN = -1, 0, 1


@dataclass(frozen=True)
class Window:
    """Days from ``since``, included, to ``until``, not included; ``None`` is open."""

    since: date | None = None
    until: date | None = None

    @classmethod
    def of(cls, since: str | date | None, until: str | date | None) -> "Window":
        """Read two days, as dates or as ISO text.

        Raises
        ------
        OptionError
            When one is not a day, or ``until`` is before ``since``.

        Examples
        --------
        >>> Window.of("2025-08-01", None)
        Window(since=datetime.date(2025, 8, 1), until=None)
        """
        window = cls(_day("since", since), _day("until", until))
        if window.since and window.until and window.until < window.since:
            raise OptionError("until", until, [f"a day not before since={window.since}"])
        return window

    @property
    def is_open(self) -> bool:
        """Whether every day is within."""
        return self.since is None and self.until is None

    def params(self) -> dict[str, str]:
        """Give the query parameters that ask an API for these days."""
        bounds = {"since": self.since, "until": self.until}
        return {name: day.isoformat() for name, day in bounds.items() if day is not None}

    def __contains__(self, day: date) -> bool:
        """Tell whether the day is within."""
        return (self.since is None or self.since <= day) and (
            self.until is None or day < self.until
        )

    def rows_within(self, raw: pd.DataFrame, kind: Kind) -> pd.DataFrame:
        """Give the rows of these days, in order under a new index.

        An ad row counts on its ``date``, as written.  An opportunity counts when it was created
        or updated, in UTC, within the window.  A row whose day cannot be read stays: it is for
        `admira.normalize` to reject it.
        """
        columns = [raw[name] for name in _DATED_BY[kind] if name in raw]
        if self.is_open or not columns:
            return raw
        verdicts = [self._verdicts(column, in_utc=kind == "crm") for column in columns]
        return raw[np.maximum.reduce(verdicts) != _OUTSIDE].reset_index(drop=True)

    def _verdicts(self, column: pd.Series, *, in_utc: bool) -> np.ndarray:
        """Judge every cell of a column; each distinct text is read once."""
        if column.dtype.kind == "M" and not isinstance(column.dtype, pd.ArrowDtype):
            return self._verdicts_on_moments(column, in_utc=in_utc)

        def verdict(value: Any) -> int:
            day = day_of(value, in_utc=in_utc)
            return _UNREADABLE if day is None else _WITHIN if day in self else _OUTSIDE

        verdict_on_text = lru_cache(maxsize=1 << 14)(verdict)
        verdicts = (
            verdict_on_text(value) if isinstance(value, str) else verdict(value) for value in column
        )
        return np.fromiter(verdicts, dtype=np.int8, count=len(column))

    def _verdicts_on_moments(self, column: pd.Series, *, in_utc: bool) -> np.ndarray:
        """Judge a typed column, whose years may be more than Python's dates can hold."""
        if column.dt.tz is not None:
            column = (column.dt.tz_convert(UTC) if in_utc else column).dt.tz_localize(None)
        moments = column.to_numpy()
        is_within = np.full(len(moments), fill_value=True)
        if self.since is not None:
            is_within &= moments >= np.datetime64(self.since)
        if self.until is not None:
            is_within &= moments < np.datetime64(self.until)
        return np.where(np.isnat(moments), _UNREADABLE, np.where(is_within, _WITHIN, _OUTSIDE))


def _day(option: str, value: str | date | None) -> date | None:
    """Read one end of a window."""
    if isinstance(value, datetime):
        if value is not _NO_MOMENT and value.time() == time():
            return value.date()
    elif value is None or isinstance(value, date):
        return value
    elif isinstance(value, str) and _DAY.fullmatch(value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise OptionError(option, value, ["a day such as '2025-08-01'"])


def day_of(value: Any, *, in_utc: bool) -> date | None:
    """Give the day of a date, instant or text: as written, or in UTC; ``None`` if it has none.

    An instant without an offset counts as UTC.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str):
        value = _moment(value.strip())
    if value is _NO_MOMENT or not isinstance(value, date):
        return None
    if not isinstance(value, datetime):
        return value
    with suppress(OverflowError):
        return (value.astimezone(UTC) if in_utc and value.tzinfo else value).date()
    return None


def _moment(text: str) -> datetime | None:
    if _MOMENT.fullmatch(text):
        with suppress(ValueError):
            return datetime.fromisoformat(text)
    return None
