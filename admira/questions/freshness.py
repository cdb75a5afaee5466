"""Is the store up to date: days behind, days loaded by half, and when it was last brought in."""

from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow

from admira.schemas import TABLES, Kind, Table
from admira.stores.base import Backend
from admira.stores.reading import Reader
from admira.stores.selection import Selection, select

_WEEK, _WEEKS = 7, 8
_ENOUGH = 0.7
_DEVIATIONS = 2.0
_MINUTE_SECONDS = 60

_COLUMNS = {
    "table": "str",
    "channel": "str",
    "last_day": "datetime64[us]",
    "days_behind": "Float64",
    "rows": "int64",
    "usual_rows": "Float64",
    "run_id": "str",
    "started_at": "datetime64[us, UTC]",
    "minutes_ago": "Float64",
    "watermark": "datetime64[us]",
    "status": "str",
}


class Kept(Protocol):
    """What is asked of a store."""

    backend: Backend

    @property
    def tz(self) -> str:
        """Its reporting time zone."""

    def runs(self) -> pd.DataFrame:
        """Give its history."""

    def watermarks(self) -> pd.DataFrame:
        """Give how far each source was read."""


def freshness(store: Kept, *, now: datetime | None = None) -> pd.DataFrame:
    """Say how up to date the store is, table by table and for ads channel by channel.

    What a day usually brings is the median of the same weekday in the 8 weeks before it, so that a
    CRM that rests on Sundays is not late on Mondays.

    Parameters
    ----------
    now : datetime, optional
        The instant to look from, in the reporting zone where it has no zone; the clock's by
        default.

    Returns
    -------
    DataFrame
        One row for ads, one per channel of them, one for crm:

        - ``table``, ``channel`` (missing on the row of a whole table)
        - ``last_day``: the last day with rows
        - ``days_behind``: days from there to yesterday in the reporting zone; 0 where it has it
        - ``rows``: rows of the last full day, which is ``last_day``, at most yesterday
        - ``usual_rows``: the median of the same weekday in the 8 weeks before that day, missing
          where there are none
        - ``run_id``, ``started_at`` (UTC), ``minutes_ago``: the table's last run
        - ``watermark``: the earliest day up to which a source of the table was read, where known
        - ``status``: ``never`` without rows; ``late`` where a day is missing that usually has
          some; ``thin`` where ``rows`` is under 70 % of ``usual_rows`` (for crm, whose days vary,
          also by more than 2 standard deviations of a count); else ``fresh``

    Examples
    --------
    >>> import admira
    >>> from datetime import datetime
    >>> found = freshness(admira.demo(), now=datetime(2026, 1, 2, 9, 0))
    >>> found[["table", "channel", "days_behind", "rows", "usual_rows", "status"]].head(2)
      table     channel  days_behind  rows  usual_rows status
    0   ads         NaN          1.0    44        46.0   late
    1   ads  google_ads          1.0    14        14.0   late
    """
    instant = pd.Timestamp(now or datetime.now(UTC))
    if instant.tz is None:
        instant = instant.tz_localize(store.tz)
    yesterday = instant.tz_convert(store.tz).tz_localize(None).normalize() - pd.Timedelta(days=1)
    runs, marks, rows = store.runs(), store.watermarks(), []
    for kind, table in TABLES.items():
        about = {**_last_run(runs, kind, instant), "watermark": _watermark(marks, kind)}
        counts = _counts(store.backend, table)
        groups: list[tuple[Any, pd.Series]] = [(pd.NA, counts.groupby("date")["rows"].sum())]
        if kind == "ads":
            groups += [
                (channel, group.set_index("date")["rows"])
                for channel, group in counts.groupby("channel")
            ]
        rows += [
            {"table": kind, "channel": channel, **about, **_days(kind, each, yesterday)}
            for channel, each in groups
        ]
    return pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)


def _counts(backend: Backend, table: Table) -> pd.DataFrame:
    """Count the rows of each day, of ads by channel, where they are."""
    names = list(table.partitions)
    asked = select(table, columns=names, is_coded=True)
    rows = backend.reading(partial(_scanned, asked=asked)).unify_dictionaries()
    counted = rows.group_by(names).aggregate([([], "count_all")]).to_pandas(date_as_object=False)
    types = {name: table[name].dtype for name in names}
    return counted.rename(columns={"count_all": "rows"}).astype(types).sort_values(names)


def _scanned(reader: Reader, asked: Selection) -> pyarrow.Table:
    return reader.scan(asked)


def _days(kind: Kind, counts: pd.Series, yesterday: pd.Timestamp) -> dict[str, object]:
    """Say of one group how far it goes, and whether its last full day is all there."""
    if counts.empty:
        return {"last_day": pd.NaT, "rows": 0, "status": "never"}
    first, last = counts.index.min(), counts.index.max()
    full = min(last, yesterday)
    missed = pd.date_range(last + pd.Timedelta(days=1), yesterday)
    usual, found = _usual(counts, first, full), int(counts.get(full, 0))
    status = "fresh"
    if any(_usual(counts, first, day) != 0 for day in missed[:_WEEK]):
        status = "late"  # where nothing is known of a weekday, it is missed too
    elif _is_thin(kind, found, usual):
        status = "thin"
    return {
        "last_day": last,
        "days_behind": len(missed),
        "rows": found,
        "usual_rows": pd.NA if np.isnan(usual) else usual,
        "status": status,
    }


def _usual(counts: pd.Series, first: pd.Timestamp, day: pd.Timestamp) -> float:
    """Give the median of the same weekday in the 8 weeks before a day; NaN where there are none."""
    days = [day - pd.Timedelta(weeks=back) for back in range(1, _WEEKS + 1)]
    found = [float(counts.get(each, 0)) for each in days if each >= first]
    return float(np.median(found)) if found else np.nan


def _is_thin(kind: Kind, found: int, usual: float) -> bool:
    """Tell whether a day has so few rows that some are likely to be missing."""
    lowest = _ENOUGH * usual
    if kind == "crm":
        lowest = min(lowest, usual - _DEVIATIONS * np.sqrt(usual))
    return found < lowest


def _last_run(runs: pd.DataFrame, kind: Kind, instant: pd.Timestamp) -> dict[str, object]:
    """Say when the table was last brought in."""
    of_kind = runs[runs["kind"] == kind]
    if of_kind.empty:
        return {}
    last = of_kind.iloc[-1]
    minutes = (instant - last["started_at"]).total_seconds() / _MINUTE_SECONDS
    return {"run_id": last["run_id"], "started_at": last["started_at"], "minutes_ago": minutes}


def _watermark(marks: pd.DataFrame, kind: Kind) -> pd.Timestamp:
    """Give the earliest of the days up to which its sources were read."""
    return marks.loc[marks["kind"] == kind, "day"].min()
