"""What became of each month's opportunities, at equal age."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from admira.core.days import Day, as_day
from admira.core.metrics import regrouped
from admira.errors import OptionError
from admira.questions.asking import days_asked, in_one_currency, linear, quotient
from admira.questions.decisions import (
    MEASURES_DECIDED,
    asked_of,
    decided_among,
    dimensions_but_records,
    kpis_by_record,
    numbered,
    shares_of,
)
from admira.schemas.metrics import metrics
from admira.schemas.registry import Measure, Ratio
from admira.summary import Asked


def cohorts(
    store: Asked,
    *,
    grain: str = "month",
    metric: str = "roas",
    ages: Iterable[int] = (30, 60, 90, 180),
    start: Day = None,
    end: Day = None,
    period: str | tuple[Day, Day] | None = None,
    scope: str = "paid",
    by: str | Sequence[str] | None = None,
    currency: str | None = None,
    today: Day = None,
    **filters_and_options: Any,
) -> pd.DataFrame:
    """Follow a metric of each month's (or week's) opportunities as they grow older.

    Young months look worse than old ones because their sales are still to come; at equal age they
    can be compared.  At age ``a`` a win, a loss and its revenue count where ``closed_date − date ≤
    a`` days.  All else counts as it stands now, on the day its opportunity was created: cost,
    clicks, impressions, leads and, since nobody records when they became one, opportunities.
    Measures never fall with age, and at an age by which all was decided the metric is that of
    :meth:`Store.metrics` by the same grain.

    Parameters
    ----------
    grain : {"day", "week", "month", "quarter", "year"}
        What a cohort is, as in :meth:`Store.metrics`.
    metric : str
        A measure or a ratio of ``admira.metrics``.
    ages : iterable of int
        Days since an opportunity was created.
    start, end : day, optional
        The first and the last created day, both included.
    period : str or (start, end), optional
        The same by a name, as in :meth:`Store.metrics`: ``"last quarter"``, ``"2025-Q3"``, …
    scope : {"all", "paid"}
        As in :meth:`Store.metrics`.
    by : str or sequence of str, optional
        Further dimensions.
    currency : str, optional
        The money to look at where there is more than one; rows without a currency stay.
    today : day, optional
        The last day that counts as known; by default the last of which the store knows anything:
        an ad, an opportunity, or its closing.  A period's name is counted from the same day, by
        default the reporting zone's.
    **filters_and_options
        As in :meth:`Store.facts`, but for ``lands_on``.

    Returns
    -------
    DataFrame
        One row per cohort, group and age, sorted by them: ``cohort`` (its first day), the
        dimensions of ``by``, ``age_days``, the metric, ``open_share`` (the share of opportunities
        that were undecided at that age), and ``is_complete``: whether the cohort's youngest
        opportunity, of any group, is that old.  Where it is not, the figures are missing.  A cohort
        without opportunities is as old as its first day.

    Raises
    ------
    OptionError
        When an option does not exist.
    AmbiguousData
        When money in several currencies would be added.
    DataError
        When nobody knows on which day some decided opportunity was closed.

    Examples
    --------
    >>> import admira
    >>> found = cohorts(admira.demo(), ages=[30, 60], start="2025-10-01")
    >>> found.round({"roas": 2, "open_share": 2})
          cohort  age_days   roas  open_share  is_complete
    0 2025-10-01        30   5.95        0.38         True
    1 2025-10-01        60  11.32        0.12         True
    2 2025-11-01        30    3.1        0.23         True
    3 2025-11-01        60   <NA>        <NA>        False
    4 2025-12-01        30   <NA>        <NA>        False
    5 2025-12-01        60   <NA>        <NA>        False
    """
    found, dimensions = metrics[metric], dimensions_but_records(by)
    known = _ages(ages)
    keys, names = ["date", *dimensions], [*dict.fromkeys([metric, "open_share"])]
    days = days_asked(store, start, end, period, today)
    asked = asked_of(store, filters_and_options, days, scope)
    rows, code = kpis_by_record(store, keys, asked, grain=grain), None
    if currency is not None or "currency" not in dimensions:
        rows, code = in_one_currency(rows, currency, found)
    shares = shares_of(store, rows, keys, asked)
    whole = regrouped(rows, keys)
    decided = numbered(decided_among(shares, MEASURES_DECIDED[:2]), whole[keys])
    aged = [_at_age(whole, decided, age, names) for age in known]
    table = whole[keys].merge(pd.DataFrame({"age_days": known}), how="cross")
    table[names] = pd.concat(aged).sort_index(kind="stable").reset_index(drop=True)
    youngest = table["date"].map(shares.groupby("date")["created"].max().to_dict())
    youngest = youngest.astype("datetime64[us]").fillna(table["date"])  # none, none to wait for
    waits = pd.to_timedelta(table["age_days"], unit="D")
    last = as_day("today", today) or _last_day(store)
    table["is_complete"] = youngest + waits <= last
    table[names] = table[names].where(table["is_complete"])
    table = table.rename(columns={"date": "cohort"})
    table.attrs = {"metric": metric, "grain": grain, "scope": scope, "currency": code}
    return table


def _ages(ages: Iterable[int]) -> list[int]:
    """Give the ages in order, each once."""
    known = [*ages]
    for age in known:
        if isinstance(age, bool) or not isinstance(age, int) or age < 0:
            raise OptionError("ages", age, ["whole numbers of days from 0 up"])
    if not known:
        raise OptionError("ages", known, ["at least one number of days"])
    return sorted({*known})


def _at_age(whole: pd.DataFrame, decided: pd.DataFrame, age: int, names: list[str]) -> pd.DataFrame:
    """Give metrics of each group with only what had been decided by an age."""
    by_then = decided[decided["days"] <= age].groupby("group")[MEASURES_DECIDED].sum()
    rows = whole.assign(**by_then.reindex(whole.index, fill_value=0.0))
    return pd.DataFrame({name: _value(metrics[name], rows) for name in names})


def _value(metric: Measure | Ratio, rows: pd.DataFrame) -> pd.Series:
    """Give a metric of each row."""
    if isinstance(metric, Measure):
        return rows[metric.name].astype("Float64")
    return quotient(linear(metric.numerator, rows), linear(metric.denominator, rows))


def _last_day(store: Asked) -> pd.Timestamp:
    """Give the last day of which the store knows anything; closings land on theirs."""
    last: pd.Timestamp = store.metrics(["date", "currency"], lands_on="closed")["date"].max()
    return last
