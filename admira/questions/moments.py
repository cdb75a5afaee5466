"""The moment that something is asked as of: the end of a run or of a day, or an instant."""

import re
from datetime import date
from typing import Any, Protocol

import pandas as pd

from admira.errors import OptionError

_RUNS_SHOWN = 5
_SHAPE = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")


class Ran(Protocol):
    """What is asked of a store."""

    @property
    def tz(self) -> str:
        """Its reporting time zone."""

    def runs(self) -> pd.DataFrame:
        """Give its history."""


def commits_after(store: Ran, as_of: str | date, commits: pd.DataFrame) -> pd.Series:
    """Tell which commits came after a moment.

    Parameters
    ----------
    store : Store
        Whose runs may be named.
    as_of : str, date or datetime
        A ``run_id``; else a day, which ends at midnight in the store's time zone; else an instant,
        in the same zone where it names none.
    commits : DataFrame, one row per commit
        ``commit``, which sorts in time, ``run_id`` and ``changed_at``.

    Raises
    ------
    OptionError
        When it is no such moment.
    """
    of_run = commits.loc[commits["run_id"] == as_of, "commit"]
    if len(of_run):
        return commits["commit"] > of_run.max()
    runs = store.runs()
    started = runs.loc[runs["run_id"] == as_of, "started_at"]
    if len(started):  # of a run that changed nothing, no commit tells
        return commits["changed_at"] > started.max()
    instant = _instant(as_of, store.tz)
    if instant is None:
        known = list(dict.fromkeys(runs["run_id"].iloc[::-1]))[:_RUNS_SHOWN]
        named = known or ["a run, once ingest() has made one"]
        raise OptionError("as_of", as_of, [*named, "a day or an instant such as 2025-08-31"])
    return commits["changed_at"] > instant


def _instant(as_of: Any, tz: str) -> pd.Timestamp | None:
    """Give the instant meant, of a day its last; nothing where it is neither."""
    if isinstance(as_of, str) and not _SHAPE.fullmatch(as_of):
        return None
    read = pd.to_datetime(as_of, errors="coerce") if isinstance(as_of, str | date) else pd.NaT
    if pd.isna(read):
        return None
    if read.tz is not None:
        return read
    is_day = read == read.normalize()
    end = read + pd.Timedelta(days=1) if is_day else read
    known = end.tz_localize(tz, ambiguous=False, nonexistent="shift_forward")
    return known - pd.Timedelta(microseconds=1) if is_day else known
