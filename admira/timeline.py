"""KPIs over time without holes: what is asked of a store for a spine of periods, and rolled up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from admira.core.coverage import marked
from admira.core.days import Day, as_day
from admira.core.grains import STEPS, begins, checked_grain
from admira.core.named_periods import chosen_period
from admira.core.periods import Period
from admira.core.spine import on_spine, spine_of
from admira.coverage import tell_days
from admira.errors import OptionError
from admira.summary import Asked


@dataclass(frozen=True, slots=True)
class Span:
    """Which days and periods are shown, and over how many periods each sum goes.

    ``whole`` are the days of a period that was asked for by its name once it is over; ``today`` is
    the day that is not over yet.
    """

    start: pd.Timestamp | None
    end: pd.Timestamp | None
    today: pd.Timestamp
    whole: Period | None = None
    grain: str | None = None
    week_start: str = "monday"
    rolling: int = 1
    has_spine: bool = False

    @classmethod
    def of(
        cls,
        start: Day,
        end: Day,
        *,
        period: str | tuple[Day, Day] | None,
        today: pd.Timestamp,
        grain: str | None,
        week_start: str,
        rolling: int | None,
        spine: bool,
    ) -> "Span":
        """Check it.

        Raises
        ------
        OptionError
            When a day is no day, the period or the grain does not exist, or ``rolling`` is no
            count.
        """
        checked_grain(grain, week_start)
        count = 1 if rolling is None else rolling
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise OptionError("rolling", rolling, ["a whole number from 1 up"])
        whole = None
        if period is not None:
            named = chosen_period(start, end, period, today)
            (start, end), whole = named.period, named.whole
        first, last = as_day("start", start), as_day("end", end)
        has_spine = spine or rolling is not None
        return cls(first, last, today, whole, grain, week_start, count, has_spine)

    @property
    def may_be_cut(self) -> bool:
        """Whether a row may be of a period of which some days are not in it."""
        return self.grain not in (None, "day") or self.rolling > 1 or self.whole is not None

    @property
    def period(self) -> Period | None:
        """The days of the one period asked for, where it has a beginning and an end."""
        if self.whole is None and self.start is not None and self.end is not None:
            return Period(self.start, self.end)
        return self.whole

    def kpis(
        self,
        by: str | Sequence[str],
        ask: Callable[..., pd.DataFrame],
        *,
        limit: int | None,
        offset: int,
        zero_division: float | None,
    ) -> pd.DataFrame:
        """Ask for the days; on a spine, for as many more as the first sums go back.

        Raises
        ------
        OptionError
            When ``by`` has no ``date``.
        """
        if not self.has_spine:
            page: dict[str, Any] = {"limit": limit, "offset": offset}
            return ask(start=self.start, end=self.end, zero_division=zero_division, **page)
        dimensions = [by] if isinstance(by, str) else [*by]
        if "date" not in dimensions:
            raise OptionError("by", dimensions, ["a list with 'date', for rolling= and spine="])
        first = None if self.start is None else self._begins(self.start)
        asked_from = self.asked_from
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

    @property
    def asked_from(self) -> pd.Timestamp | None:
        """The first day whose rows are in some sum."""
        if self.start is None or self.rolling == 1:
            return self.start
        return self._begins(self.start) - (self.rolling - 1) * STEPS[self.grain or "day"]

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


def kpis_of(
    store: Asked,
    by: str | Sequence[str],
    ask: Callable[..., pd.DataFrame],
    span: Span,
    *,
    mark_partial: bool,
    **page: Any,
) -> pd.DataFrame:
    """Ask a store for the KPIs of a span, and for what of it is not whole.

    Which days they cover is looked up only where that may cut a row's period, or is asked for; in
    the same look at the store's files.

    Parameters
    ----------
    ask : callable
        Given what keeps the rows, days and a page.
    mark_partial : bool
        Whether a column says which rows are of a period that is not whole.
    **page
        ``limit``, ``offset``, ``zero_division``.
    """
    is_told = span.may_be_cut or mark_partial

    def answer(seen: Asked) -> pd.DataFrame:
        kpis = span.kpis(by, partial(ask, seen.backend), **page)
        if is_told:
            days = span.asked_from, span.end
            tell_days(kpis, seen.backend, days, span.today, whole=span.period, rolling=span.rolling)
        return kpis

    kpis = store.at_once(answer) if is_told else answer(store)
    return with_marks(kpis, by) if mark_partial else kpis


def with_marks(kpis: pd.DataFrame, by: str | Sequence[str]) -> pd.DataFrame:
    """Say in a column which rows are of a period that is not whole."""
    return marked(kpis, [by] if isinstance(by, str) else by)
