"""The questions that a KPI table can answer by itself: the same ones, asked of its rows."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from admira.core.campaigns import CAMPAIGN
from admira.core.days import Day
from admira.core.grains import grain_among
from admira.core.metrics import regrouped
from admira.core.named_periods import chosen_period
from admira.core.periods import period_of
from admira.core.totals import MEASURES
from admira.errors import OptionError
from admira.overview import today_of
from admira.present.tables import dimensions_of
from admira.questions.anomalies import anomalies
from admira.questions.asking import dimensions_of as dimensions_asked
from admira.questions.movers import moved, movers
from admira.questions.pacing import pacing
from admira.schemas.metrics import metrics
from admira.showing import Answer
from admira.stores.memory import MemoryStore

_NEEDS_DAYS = ["daily KPIs: 'date' in by=, and no grain="]


class KpiRows:
    """A KPI table that answers as a store does, of the days and groups that it has.

    All its rows count, whatever scope is asked for: the table has one already.
    """

    def __init__(self, kpis: pd.DataFrame) -> None:
        self.backend = MemoryStore()  # it keeps no groups and no rows
        self.tz = "UTC"
        self._kpis = kpis
        if "currency" not in kpis:
            code = kpis.attrs.get("currency")
            self._kpis = kpis.assign(currency=pd.Series(code, kpis.index, dtype="str"))

    @property
    def dimensions(self) -> list[str]:
        """What makes a group of it, beside days and money."""
        return [name for name in dimensions_of(self._kpis) if name not in ("date", "currency")]

    def metrics(
        self,
        by: Sequence[str],
        *,
        start: Day = None,
        end: Day = None,
        scope: str = "all",
        campaign_id: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Add its rows up to coarser groups, and divide anew."""
        del scope
        rows = self._kpis
        for name in by:
            if name not in rows:
                raise OptionError("by", name, dimensions_of(rows))
        is_asked = pd.Series(data=True, index=rows.index)
        if start is not None:
            is_asked &= rows["date"] >= start
        if end is not None:
            is_asked &= rows["date"] <= end
        if campaign_id is not None:
            is_asked &= rows["campaign_id"].isin(campaign_id)
        return regrouped(rows[is_asked], by)

    def campaigns(self) -> pd.DataFrame:
        """Give the campaigns that it knows."""
        known = self._kpis.reindex(columns=CAMPAIGN).astype("str")
        return known.drop_duplicates(ignore_index=True)

    def named(self, kpis: pd.DataFrame) -> pd.DataFrame:
        """Give them as they are: it knows no names but those that are dimensions."""
        return kpis


def kpi_movers(
    kpis: pd.DataFrame,
    metric: str,
    *,
    by: str | Sequence[str] | None = None,
    start: Day = None,
    end: Day = None,
    period: str | tuple[Day, Day] | None = None,
    against: str | tuple[Day, Day] = "previous",
    top: int | None = 10,
    currency: str | None = None,
    today: Day = None,
) -> Answer:
    """Tell which groups of a KPI table moved a metric; see ``frame.admira.movers``."""
    rows: Any = KpiRows(kpis)
    keys = rows.dimensions if by is None else dimensions_asked(by)
    if "date" not in kpis:
        days = {"start": start, "end": end, "period": period, "today": today}
        for name, given in days.items():
            if given is not None:
                raise OptionError(name, given, ["nothing, where the frame compares two periods"])
        two = _two_periods(kpis, keys)
        found = moved(two, keys, metrics[metric], currency=currency, top=top)
        found.attrs["scope"] = kpis.attrs.get("scope", "all")
        return Answer.of(found)
    _check_days(kpis)
    now = chosen_period(start, end, period, today_of(rows.tz, today))
    before = period_of(*against) if isinstance(against, tuple) else now.earlier(against)
    first = kpis["date"].min()
    if before.start < first:
        allowed = [f"a period whose earlier one begins on {first:%Y-%m-%d}, the frame's first day"]
        raise OptionError("against", f"{before.start:%Y-%m-%d}", allowed)
    return Answer.of(
        movers(
            rows,
            metric,
            by=keys,
            start=now.period.start,
            end=now.period.end,
            against=(before.start, before.end),
            top=top,
            scope=kpis.attrs.get("scope", "all"),
            currency=currency,
        )
    )


def kpi_anomalies(
    kpis: pd.DataFrame, metric: str, *, by: str | Sequence[str] | None = None, **options: Any
) -> Answer:
    """Name the odd days of a KPI table; see ``frame.admira.anomalies``."""
    _check_days(kpis)
    rows: Any = KpiRows(kpis)
    keys = rows.dimensions if by is None else by
    return Answer.of(anomalies(rows, metric, by=keys, scope="all", **options))


def kpi_pacing(kpis: pd.DataFrame, budgets: Any, *, month: Day = None, today: Day = None) -> Answer:
    """Pace budgets by a KPI table; see ``frame.admira.pacing``."""
    _check_days(kpis)
    rows: Any = KpiRows(kpis)
    return Answer.of(pacing(rows, budgets, month=month, today=today))


def _check_days(kpis: pd.DataFrame) -> None:
    """Refuse a table that is not of days."""
    if "date" not in kpis:
        raise OptionError("by", dimensions_of(kpis), _NEEDS_DAYS)
    grain = kpis.attrs.get("grain") or grain_among(kpis["date"].drop_duplicates())
    if grain != "day":
        raise OptionError("grain", grain, _NEEDS_DAYS)


def _two_periods(kpis: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Part a table that compares two periods into the rows of each."""
    earlier = {f"{name}_previous": name for name in MEASURES}
    if not {*earlier} <= {*kpis}:
        raise OptionError(
            "frame", dimensions_of(kpis), [*_NEEDS_DAYS, "or compare= of two periods"]
        )
    before = kpis.drop(columns=[*MEASURES]).rename(columns=earlier)
    names = [*dict.fromkeys([*keys, "currency"])]
    sides = (KpiRows(side).metrics(names) for side in (kpis, before))
    return pd.concat(
        side.assign(is_now=is_now) for side, is_now in zip(sides, (True, False), strict=True)
    )
