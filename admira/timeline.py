"""KPIs over time without holes: what is asked of a store for a spine of periods, and rolled up."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pandas as pd

from admira.core.days import Day, as_day
from admira.core.grains import STEPS, begins, checked_grain
from admira.core.spine import on_spine, spine_of
from admira.errors import OptionError


class Span(NamedTuple):
    """Which periods are shown, and over how many of them each sum goes."""

    start: pd.Timestamp | None
    end: pd.Timestamp | None
    grain: str | None
    week_start: str
    rolling: int

    @classmethod
    def of(cls, start: Day, end: Day, grain: str | None, week_start: str, rolling: int) -> "Span":
        """Check it.

        Raises
        ------
        OptionError
            When a day is no day, the grain does not exist, or ``rolling`` is no count.
        """
        checked_grain(grain, week_start)
        if isinstance(rolling, bool) or not isinstance(rolling, int) or rolling < 1:
            raise OptionError("rolling", rolling, ["a whole number from 1 up"])
        return cls(as_day("start", start), as_day("end", end), grain, week_start, rolling)

    def kpis(
        self,
        by: str | Sequence[str],
        ask: Callable[..., pd.DataFrame],
        *,
        limit: int | None,
        offset: int,
        zero_division: float | None,
    ) -> pd.DataFrame:
        """Ask for as many periods more as the first sums go back, and give those of the span.

        Raises
        ------
        OptionError
            When ``by`` has no ``date``.
        """
        dimensions = [by] if isinstance(by, str) else [*by]
        if "date" not in dimensions:
            raise OptionError("by", dimensions, ["a list with 'date', for rolling= and spine="])
        first = None if self.start is None else self._begins(self.start)
        asked_from = self.start
        if first is not None and self.rolling > 1:
            asked_from = first - (self.rolling - 1) * STEPS[self.grain or "day"]
        found = ask(start=asked_from, end=self.end, limit=None, offset=0, zero_division=None)
        dates = self._dates(found["date"], asked_from)
        if dates.empty:
            return found
        table = on_spine(
            found, dimensions, dates, rolling=self.rolling, zero_division=zero_division
        )
        shown = table if first is None else table[table["date"] >= first]
        last = None if limit is None else offset + limit
        return shown.iloc[offset:last].reset_index(drop=True)

    def _dates(self, found: pd.Series, asked_from: pd.Timestamp | None) -> pd.DatetimeIndex:
        """Give the periods from the first to the last that is asked for, or that has rows."""
        bounds: list[Any] = [found.min(), found.max()]
        for place, day in enumerate((asked_from, self.end)):
            if day is not None:
                bounds[place] = self._begins(day)
        if any(pd.isna(bound) for bound in bounds):
            return pd.DatetimeIndex([])
        return spine_of(bounds[0], bounds[1], self.grain)

    def _begins(self, day: pd.Timestamp) -> pd.Timestamp:
        """Give the first day of the period that a day is in."""
        return begins(self.grain or "day", day, self.week_start)
