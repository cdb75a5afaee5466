"""Days and instants: read from ISO 8601 text whose shape is checked first, and from date types."""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from admira.core.cells import NULL_WORDS, Distinct, Parsed, read_texts
from admira.errors import OptionError
from admira.schemas import Column

_FIRST_YEAR, _LAST_YEAR = 2000, 2100

# ISO 8601 in its long and short forms, such as 2025-08-01T12:30:00.5+02:00 and 20250801 1230Z.
_DAY = r"(?:20[0-9]{2}|2100)(?:-[0-9]{2}-[0-9]{2}|[0-9]{4})"
_SECONDS = r"[0-5][0-9](?:\.[0-9]+)?"
_HOUR = r"(?:[01][0-9]|2[0-3])"
_TIME = rf"[T ]{_HOUR}(?::[0-5][0-9](?::{_SECONDS})?|[0-5][0-9](?:{_SECONDS})?)?"
_OFFSET = rf" ?(?:Z|[+-]{_HOUR}(?::?[0-5][0-9])?)"
_MOMENT = rf"(?:{_DAY}(?:{_TIME}(?:{_OFFSET})?)?)"
_MOMENT_WITH_OFFSET = rf"(?:{_DAY}{_TIME}{_OFFSET})"


def time_zone(name: str) -> ZoneInfo:
    """Give the time zone of that name.

    Raises
    ------
    OptionError
        When there is none.
    """
    try:
        return ZoneInfo(name)
    except (AttributeError, KeyError, OSError, TypeError, ValueError):
        raise OptionError("tz", name, ["UTC", "a name such as Europe/Madrid"]) from None


def day_of(instants: pd.Series, zone: ZoneInfo) -> pd.Series:
    """Give the day on which each instant falls in the time zone."""
    return _as_written(instants.dt.tz_convert(zone))


def parse_days(received: pd.Series, column: Column) -> Parsed:
    """Give a column of days as they are written: a time or an offset behind one changes nothing."""
    found = _read_moments(received)
    if _is_typed(found.cells):
        return _settle(found, _as_written(found.cells), column)
    digits = _of_shape(found.cells).str[:10].str.replace("-", "", regex=False).str[:8]
    return _settle(found, pd.to_datetime(digits, format="%Y%m%d", errors="coerce"), column)


def parse_instants(received: pd.Series, column: Column) -> Parsed:
    """Give a column of instants in UTC; those without an offset count as UTC, and are counted."""
    found = _read_moments(received)
    if _is_typed(found.cells):
        is_naive = pd.Series(found.cells.dt.tz is None, index=found.cells.index)
    else:
        is_naive = ~found.cells.str.fullmatch(_MOMENT_WITH_OFFSET)
    instants = pd.to_datetime(_of_shape(found.cells), format="ISO8601", utc=True, errors="coerce")
    found = found.count(is_naive & instants.notna(), f"naive_{column.name}")
    return _settle(found, instants, column)


def _read_moments(received: pd.Series) -> Distinct:
    """Give the distinct moments of a column: typed if it is, else as text; nulls are missing."""
    if _is_typed(received):
        codes, distinct = pd.factorize(received)
        moments = pd.Series(distinct).reindex(range(len(distinct) + 1))
        return Distinct(codes, moments, np.full(len(moments), "", dtype=object))
    found = read_texts(received, moments=True)
    is_null = found.cells.str.lower().isin(NULL_WORDS) & (found.reasons == "")
    # What is no text is no date: the empty text that stands for it has no date's shape.
    return Distinct(
        found.codes,
        found.cells.str.upper().mask(is_null),
        np.full(len(found.cells), "", dtype=object),
    )


def _settle(found: Distinct, moments: pd.Series, column: Column) -> Parsed:
    """Give the moments in full, and say which of the values found are none."""
    is_lost = found.cells.notna() & ~moments.dt.year.between(_FIRST_YEAR, _LAST_YEAR)
    settled = found.with_cells(moments.astype(column.dtype)).flag(is_lost, "not a date")
    if not column.nullable:
        settled = settled.flag(found.cells.isna(), "blank")
    return settled.spread(pd.NaT)


def _of_shape(moments: pd.Series) -> pd.Series:
    """Give the moments, without the texts whose shape is not a date's."""
    if _is_typed(moments):
        return moments
    return moments.where(moments.str.fullmatch(_MOMENT))


def _is_typed(moments: pd.Series) -> bool:
    """Tell whether pandas knows the column as moments, with or without a time zone."""
    return isinstance(moments.dtype, np.dtype | pd.DatetimeTZDtype) and moments.dtype.kind == "M"


def _as_written(moments: pd.Series) -> pd.Series:
    """Give the day that a clock in the moment's own zone shows."""
    return moments.dt.tz_localize(None).dt.normalize()
