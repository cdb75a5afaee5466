"""Which days KPIs cover, and which of their periods are therefore not whole."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from admira.core.grains import STEPS

PARTIAL = "is_partial"

Days = tuple[pd.Timestamp | None, pd.Timestamp | None]

_DAY = pd.Timedelta(days=1)


class Covered(NamedTuple):
    """The days that KPIs cover, both included, and what bounds each end.

    ``"asked"`` is who asked, ``"rows"`` the first or last row that there is, ``"today"`` the day
    that is not over yet.
    """

    first: pd.Timestamp | None = None
    last: pd.Timestamp | None = None
    first_by: str = ""
    last_by: str = ""

    @classmethod
    def of(cls, asked: Days, rows: Days, today: pd.Timestamp | None = None) -> "Covered":
        """Find them: the days asked for, as far as there are rows and they are over.

        Examples
        --------
        >>> asked, rows = pd.Timestamp("2025-10-03"), pd.Timestamp("2025-12-15")
        >>> covered = Covered.of((asked, None), (None, rows))
        >>> f"{covered.first:%b %d} {covered.first_by}, {covered.last:%b %d} {covered.last_by}"
        'Oct 03 asked, Dec 15 rows'
        """
        over = None if today is None else today - _DAY
        firsts = {"asked": asked[0], "rows": rows[0]}
        lasts = {"today": over, "asked": asked[1], "rows": rows[1]}
        first_by, first = max(_known(firsts), key=lambda end: end[1], default=("", None))
        last_by, last = min(_known(lasts), key=lambda end: end[1], default=("", None))
        return cls(first, last, first_by, last_by)

    def said(self) -> dict[str, str]:
        """Write it as a frame's ``attrs`` can be kept in a file."""
        return {
            name: f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else str(value)
            for name, value in self._asdict().items()
            if value
        }

    @classmethod
    def read(cls, said: Mapping[str, str]) -> "Covered":
        """Read what was written."""
        first, last = (pd.Timestamp(said[end]) if end in said else None for end in cls._fields[:2])
        return cls(first, last, said.get("first_by", ""), said.get("last_by", ""))


def _known(ends: Mapping[str, pd.Timestamp | None]) -> list[tuple[str, pd.Timestamp]]:
    return [(by, day) for by, day in ends.items() if day is not None and not pd.isna(day)]


class Cuts(NamedTuple):
    """Which periods lack days at their beginning, and which at their end."""

    at_start: npt.NDArray[np.bool_]
    at_end: npt.NDArray[np.bool_]

    @property
    def any(self) -> npt.NDArray[np.bool_]:
        """Which lack days at all."""
        return self.at_start | self.at_end


def cuts_of(first_days: "pd.Series | pd.DatetimeIndex", said: Mapping[Any, Any]) -> Cuts:
    """Tell which periods of a KPI table are not whole, by what its ``attrs`` say of it.

    Parameters
    ----------
    first_days : Series or index of days
        The day that each period begins with.
    said : mapping
        ``covered``, as :meth:`Covered.said` writes it, without which all periods count as whole;
        ``grain``, and how many periods each sum goes over, ``rolling``.

    Examples
    --------
    >>> months = pd.to_datetime(["2025-11-01", "2025-12-01"])
    >>> said = {"grain": "month", "covered": {"last": "2025-12-15", "last_by": "rows"}}
    >>> cuts_of(months, said).any.tolist()
    [False, True]
    """
    if not said.get("covered"):
        return Cuts(*np.zeros((2, len(first_days)), dtype=bool))
    begins = pd.DatetimeIndex(first_days)
    step = STEPS[said.get("grain") or "day"]
    ends = begins + step - _DAY
    if said.get("rolling", 1) > 1:
        begins = begins - (said["rolling"] - 1) * step
    return _outside(begins, ends, said)


def period_cuts(said: Mapping[Any, Any]) -> Cuts:
    """Do the same for the one period of a table that has no days, ``whole``."""
    begins, ends = (pd.DatetimeIndex([day]) for day in said["whole"])
    return _outside(begins, ends, said)


def _outside(begins: pd.DatetimeIndex, ends: pd.DatetimeIndex, said: Mapping[Any, Any]) -> Cuts:
    """Tell which periods reach beyond the days covered."""
    covered = Covered.read(said.get("covered") or {})
    none = np.zeros(len(begins), dtype=bool)
    at_start = none if covered.first is None else np.asarray(begins < covered.first)
    return Cuts(at_start, none if covered.last is None else np.asarray(ends > covered.last))


def is_partial(kpis: pd.DataFrame) -> pd.Series:
    """Tell which rows of a KPI table are of a period that is not whole."""
    if "date" in kpis:
        found = cuts_of(kpis["date"], kpis.attrs).any
    else:
        is_cut = "whole" in kpis.attrs and period_cuts(kpis.attrs).any[0]
        found = np.full(len(kpis), fill_value=is_cut)
    return pd.Series(found, index=kpis.index, name=PARTIAL, dtype=bool)


def marked(kpis: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Put ``is_partial`` behind the dimensions of a KPI table."""
    shown = kpis.copy(deep=False)
    shown.insert(len(by), PARTIAL, is_partial(kpis))
    return shown
