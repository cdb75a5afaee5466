"""Filters by day and by value, compared the way the rows are written."""

from collections.abc import Iterable, Mapping
from typing import Any

import narwhals as nw
import pandas as pd

from admira.core.days import Day, as_day
from admira.core.frames import Frame, is_pandas
from admira.core.tags import normalize_tag
from admira.errors import OptionError

Wanted = str | int | Iterable[str | int | None] | None

VALUE_FILTERS = ("channel", "campaign_id", "utm_campaign", "utm_source", "utm_medium")
FACT_FILTERS = (*VALUE_FILTERS[:2], "campaign_name", *VALUE_FILTERS[2:])

_TRIMMED = ("campaign_id", "campaign_name")


def keep(rows: Frame, *, start: Day = None, end: Day = None, **wanted: Wanted) -> Frame:
    """Keep the rows of the days from start to end, both included, with one of the values wanted.

    Raises
    ------
    OptionError
        When a day is no day, the days are the wrong way round, or a filter does not exist.
    """
    conditions = _on_days(rows, as_day("start", start), as_day("end", end))
    conditions += [_has_one_of(name, values) for name, values in as_stored(wanted).items()]
    return rows.filter(*conditions) if conditions else rows


def _on_days(rows: Frame, first: pd.Timestamp | None, last: pd.Timestamp | None) -> list[nw.Expr]:
    """Give the conditions of a range of days."""
    if first is not None and last is not None and last < first:
        raise OptionError("start", f"{first:%Y-%m-%d}", [f"a day up to end, {last:%Y-%m-%d}"])

    def literal(day: pd.Timestamp) -> Any:
        return day.to_pydatetime() if is_pandas(rows) else day.date()

    conditions = []
    if first is not None:
        conditions.append(nw.col("date") >= literal(first))
    if last is not None:
        conditions.append(nw.col("date") <= literal(last))
    return conditions


def as_stored(wanted: Mapping[str, Wanted]) -> dict[str, list[Any]]:
    """Write the values of each filter that is set as the rows write them.

    Among names None stands for a campaign that has none.

    Raises
    ------
    OptionError
        When a filter does not exist.
    """
    stored = {}
    for name, values in wanted.items():
        if name not in FACT_FILTERS:
            raise OptionError("filter", name, ["start", "end", *VALUE_FILTERS])
        if values is not None:
            several = [values] if isinstance(values, str | int) else [*values]
            written = str.strip if name in _TRIMMED else normalize_tag
            may_be_missing = name not in VALUE_FILTERS
            stored[name] = [
                None if may_be_missing and pd.isna(value) else written(str(value))
                for value in several
            ]
    return stored


def _has_one_of(name: str, values: list[Any]) -> nw.Expr:
    """Give the condition of one filter."""
    is_missing = nw.col(name).is_null()
    if not values:
        return is_missing & ~is_missing  # nothing is wanted; some engines know no empty list
    known = [value for value in values if value is not None]
    is_one = nw.col(name).is_in(known) if known else is_missing
    return is_one | is_missing if None in values else is_one
