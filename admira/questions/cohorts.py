"""What became of each month's opportunities at equal age, and how long sales take."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow
import pyarrow.compute as pc

from admira.core.days import Day, as_day
from admira.core.metrics import regrouped
from admira.errors import DataError, OptionError
from admira.questions.asking import (
    check_options,
    dimensions_of,
    in_one_currency,
    linear,
    quotient,
)
from admira.schemas.metrics import metrics
from admira.schemas.registry import Measure, Ratio
from admira.summary import Asked

_DECIDED = ["closed_won", "closed_lost", "revenue"]  # what a record adds once it is decided
_QUANTILES = {"p25_days": 0.25, "median_days": 0.5, "p75_days": 0.75, "p90_days": 0.9}
_ROUNDING = 1e-9


def cohorts(
    store: Asked,
    *,
    grain: str = "month",
    metric: str = "roas",
    ages: Iterable[int] = (30, 60, 90, 180),
    start: Day = None,
    end: Day = None,
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
    scope : {"all", "paid"}
        As in :meth:`Store.metrics`.
    by : str or sequence of str, optional
        Further dimensions.
    currency : str, optional
        The money to look at where there is more than one; rows without a currency stay.
    today : day, optional
        The last day that counts as known; by default the last of which the store knows anything:
        an ad, an opportunity, or its closing.
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
    found, dimensions = metrics[metric], _dimensions(by)
    known = _ages(ages)
    keys, names = ["date", *dimensions], [*dict.fromkeys([metric, "open_share"])]
    asked = _asked(store, filters_and_options, start=start, end=end, scope=scope)
    rows, code = _rows(store, keys, asked, grain=grain), None
    if currency is not None or "currency" not in dimensions:
        rows, code = in_one_currency(rows, currency, found)
    shares = _shares(store, rows, keys, asked)
    whole = regrouped(rows, keys)
    decided = _numbered(_decided(shares, _DECIDED[:2]), whole[keys])
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


def lags(
    store: Asked,
    *,
    by: str | Sequence[str] | None = None,
    start: Day = None,
    end: Day = None,
    scope: str = "all",
    **filters_and_options: Any,
) -> pd.DataFrame:
    """Tell how many days pass from the creation of an opportunity until it is won.

    Of a young period only the quick sales are there yet: ``open_share`` says how young it is.

    Parameters
    ----------
    by : str or sequence of str, optional
        Dimensions other than ``date``; without any there is one row.
    start, end : day, optional
        The first and the last created day, both included.
    scope : {"all", "paid"}
        As in :meth:`Store.metrics`.
    **filters_and_options
        As in :meth:`Store.facts`, but for ``lands_on``.

    Returns
    -------
    DataFrame
        One row per group of :meth:`Store.metrics`, sorted: the dimensions of ``by``, ``closed_won``
        and ``open_share`` as there, and ``p25_days``, ``median_days``, ``p75_days``, ``p90_days``,
        which are missing where nothing was won.

    Raises
    ------
    OptionError
        When an option does not exist.
    DataError
        When nobody knows on which day some opportunity was won.

    Notes
    -----
    Days are ``closed_date − date``.  The quantile q is the smallest number of days by which at
    least q of all wins had come, each counted with the weight of its share: the inverse of the
    weighted distribution function, which is definition 1 of Hyndman and Fan, *Sample quantiles in
    statistical packages*, The American Statistician 50 (1996), 361-365.  It is always a number of
    days that some win took.

    Examples
    --------
    >>> import admira
    >>> found = lags(admira.demo(), by="channel", scope="paid").round(2)
    >>> found[["channel", "closed_won", "median_days", "p90_days"]].head(3)
            channel  closed_won  median_days  p90_days
    0    google_ads       29.09         18.0      36.0
    1  linkedin_ads        8.01         25.0      55.0
    2      meta_ads       29.75         12.0      29.0
    """
    dimensions = _dimensions(by)
    asked = _asked(store, filters_and_options, start=start, end=end, scope=scope)
    rows = _rows(store, dimensions, asked)
    groups = regrouped(rows, dimensions)[[*dimensions, "closed_won", "open_share"]]
    won = _decided(_shares(store, rows, dimensions, asked), ["closed_won"])
    won = _numbered(won, groups[dimensions])
    quantiles = _quantiles(won).reindex(groups.index).astype("Float64")
    table = pd.concat([groups, quantiles], axis="columns")
    table.attrs = {"scope": scope}
    return table


def _dimensions(by: str | Sequence[str] | None) -> list[str]:
    return dimensions_of([] if by is None else by, but=("date", "opportunity_id"))


def _asked(store: Asked, given: Mapping[str, Any], **asked: Any) -> dict[str, Any]:
    """Give what narrows the facts; they land on the day their opportunity was created."""
    check_options(store.backend, given, but=["lands_on"])
    return {**asked, **given}


def _ages(ages: Iterable[int]) -> list[int]:
    """Give the ages in order, each once."""
    known = [*ages]
    for age in known:
        if isinstance(age, bool) or not isinstance(age, int) or age < 0:
            raise OptionError("ages", age, ["whole numbers of days from 0 up"])
    if not known:
        raise OptionError("ages", known, ["at least one number of days"])
    return sorted({*known})


def _rows(store: Asked, keys: list[str], asked: Mapping[str, Any], **options: Any) -> pd.DataFrame:
    """Give the KPIs of each group, and within it of its ads and of each opportunity."""
    by = [*dict.fromkeys([*keys, "currency", "opportunity_id"])]
    return store.metrics(by, **asked, **options)


def _shares(
    store: Asked, rows: pd.DataFrame, keys: list[str], asked: Mapping[str, Any]
) -> pd.DataFrame:
    """Keep what each opportunity adds, with the days on which it was created and closed."""
    shares = rows.loc[rows["opportunity_id"].notna(), [*keys, "opportunity_id", *_DECIDED]]
    records = store.crm(start=asked["start"], end=asked["end"])
    ids, known = (pyarrow.array(of["opportunity_id"]) for of in (shares, records))
    places = pc.fill_null(pc.index_in(ids, value_set=known), -1).to_numpy()
    return shares.assign(
        created=records["date"].array.take(places, allow_fill=True),
        closed=records["closed_date"].array.take(places, allow_fill=True),
    )


def _decided(shares: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Keep the shares that add to one of the measures, with the days they took.

    Raises
    ------
    DataError
        When one of them was decided on a day that nobody knows.
    """
    decided = shares[(shares[names] > 0).any(axis="columns")]
    is_unknown = decided["closed"].isna()
    if is_unknown.any():
        lacking, of = (rows["opportunity_id"].nunique() for rows in (decided[is_unknown], decided))
        message = (
            f"{lacking} of {of} opportunities have no closed_at, so nobody knows how old they were "
            "when they were decided: have the source deliver it, or leave them out with start=, "
            "end= or a filter."
        )
        raise DataError(message)
    return decided.assign(days=(decided["closed"] - decided["created"]).dt.days)


def _numbered(shares: pd.DataFrame, keys: pd.DataFrame) -> pd.DataFrame:
    """Say which of the groups each share is in, by its row."""
    if keys.columns.empty:
        return shares.assign(group=0)
    return shares.merge(keys.assign(group=keys.index), how="left", on=[*keys], validate="m:1")


def _at_age(whole: pd.DataFrame, decided: pd.DataFrame, age: int, names: list[str]) -> pd.DataFrame:
    """Give metrics of each group with only what had been decided by an age."""
    by_then = decided[decided["days"] <= age].groupby("group")[_DECIDED].sum()
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


def _quantiles(won: pd.DataFrame) -> pd.DataFrame:
    """Give the weighted quantiles of the days of each group."""
    ordered = won.sort_values(["group", "days"], kind="stable")
    weights = ordered.groupby("group")["closed_won"]
    reached = weights.cumsum() / weights.transform("sum")
    return pd.DataFrame(
        {
            name: ordered[reached >= level - _ROUNDING].groupby("group")["days"].first()
            for name, level in _QUANTILES.items()
        }
    )
