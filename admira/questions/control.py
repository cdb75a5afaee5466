"""Can the figures be trusted: against the platform's own totals, and against an earlier run."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from admira.core.days import Day
from admira.core.filters import VALUE_FILTERS
from admira.core.labels import NAME
from admira.core.periods import Period, period_of
from admira.errors import AmbiguousData, OptionError, SchemaMismatch
from admira.questions.asking import days_asked
from admira.questions.given import check_columns, days_of, numbers_of, rows_given, texts_of
from admira.schemas import AD_MEASURES
from admira.summary import Asked
from admira.wanted import group_names, labels_among

_RELATIVE = 1e-9
_NOISE = 1e-12
_DIMENSIONS = (*VALUE_FILTERS, NAME)


def check(
    store: Asked,
    stated: Any,
    *,
    start: Day = None,
    end: Day = None,
    period: str | tuple[Day, Day] | None = None,
    today: Day = None,
    by: str = "channel",
    tolerance: float = 0.005,
) -> pd.DataFrame:
    """Compare what the store holds of a period with the platforms' own totals.

    Parameters
    ----------
    stated : mapping, or DataFrame, list of dicts or path of a CSV file
        Cost by channel, such as ``{"google_ads": 41233.10}``; or a table with ``by``, one or more
        of ``cost``, ``clicks`` and ``impressions``, and where they are known ``date`` and
        ``currency``.  Rows of one group and day are added; a blank cell states nothing; days
        outside the period are left out.
    start, end : day, optional
        The period, both days included.
    period : str or (start, end), optional
        The same by a name, as in :meth:`Store.metrics`: ``"last month"``, ``"2025-11"``, …
    today : day, optional
        What counts as today in a period's name; the reporting zone's day by default.
    by : {"channel", "campaign_id", "campaign_name", "utm_campaign", "utm_source", "utm_medium"}
        What totals are of; or a group of :meth:`add_group`.
    tolerance : float
        How far two totals may be apart and count as equal, beside 1e-9 of the total.

    Returns
    -------
    DataFrame
        One row per group and metric, groups that only one side knows included; where ``stated``
        has days, behind each of them its days that differ:

        - ``by``, ``currency``, ``date`` (missing on the total of the period), ``metric``
        - ``stated``: what the platform says, missing where it says nothing
        - ``stored``: what the store says
        - ``difference``: stored − stated, what is not stated counted as 0
        - ``is_equal``: whether that is within the tolerance

        ``attrs`` has ``currency`` where there is one.

    Raises
    ------
    AmbiguousData
        When a group has cost in several currencies and ``stated`` has no ``currency``.
    DataError
        When a stated figure or day is none; the row is named.
    OptionError
        When a column, an option or a day does not exist.
    SchemaMismatch
        When the table lacks ``by``, or has no figures.

    Examples
    --------
    >>> import admira
    >>> stated = {"google_ads": 16000.0, "meta_ads": 14285.90}
    >>> found = check(admira.demo(), stated, period="2025-11")
    >>> found[["channel", "stated", "stored", "difference", "is_equal"]].head(3)
            channel   stated    stored  difference  is_equal
    0    google_ads  16000.0  14740.72    -1259.28     False
    1  linkedin_ads     <NA>  10081.62    10081.62     False
    2      meta_ads  14285.9   14285.9         0.0      True
    """
    if by not in _DIMENSIONS and by not in labels_among(store.backend, [by]):
        raise OptionError("by", by, [*_DIMENSIONS, *group_names(store.backend)])
    if not (isinstance(tolerance, int | float) and 0 <= tolerance < np.inf):
        raise OptionError("tolerance", tolerance, ["a number from 0 up, such as 0.005"])
    days = period_of(*days_asked(store, start, end, period, today))
    claims = _claims(stated, by, days)
    metrics = [name for name in AD_MEASURES if name in claims]
    has_days = "date" in claims
    keys = [by, "currency", *(["date"] if has_days else [])]
    kpis = store.metrics(keys, start=days.start, end=days.end, scope="paid")
    claims = _in_currency(claims, kpis, by)
    stored = kpis.melt(keys, metrics, "metric", "stored")
    claimed = claims.melt(keys, metrics, "metric", "stated").dropna(subset="stated")
    claimed = claimed.groupby([*keys, "metric"], dropna=False)["stated"].sum().reset_index()
    met = stored.merge(claimed, how="outer", on=[*keys, "metric"], validate="1:1")
    totals = _compared(met, [by, "currency", "metric"], tolerance)
    found = totals[totals["stated"].notna() | ~totals["is_equal"]]
    if has_days:
        daily = _compared(met, [*keys, "metric"], tolerance)
        found = pd.concat([found, daily[~daily["is_equal"]]])
    return _in_order(found, by, metrics)


def _claims(stated: Any, by: str, period: Period) -> pd.DataFrame:
    """Read what is stated, typed, of the days of the period."""
    if isinstance(stated, Mapping):
        stated = pd.DataFrame({by: [*stated], "cost": [*stated.values()]}, dtype=object)
    rows = rows_given("stated", stated)
    check_columns("stated", rows, [by, "date", "currency", *AD_MEASURES], [by])
    metrics = [name for name in AD_MEASURES if name in rows]
    if not metrics:
        raise SchemaMismatch("stated", missing=[" or ".join(AD_MEASURES)], found=rows.columns)
    claims = pd.DataFrame({name: texts_of("stated", rows, name) for name in (by, "currency")})
    for name in metrics:
        claims[name] = numbers_of("stated", rows, name, may_be_missing=True)
    if by != NAME:
        claims[by] = claims[by].fillna("")
    if "date" not in rows:
        return claims
    claims["date"] = days_of("stated", rows, "date")
    return claims[claims["date"].between(period.start, period.end)]


def _in_currency(claims: pd.DataFrame, kpis: pd.DataFrame, by: str) -> pd.DataFrame:
    """Give what is stated the currency that its group is stored in, where it says none."""
    if kpis["currency"].isna().all() and len(claims["currency"].dropna().drop_duplicates()) <= 1:
        return claims.assign(currency=pd.Series(pd.NA, index=claims.index, dtype="str"))
    if claims["currency"].notna().all():
        return claims
    spent = kpis.loc[kpis["cost"] > 0, [by, "currency"]].drop_duplicates()
    silent = claims.loc[claims["currency"].isna(), by]
    several = spent[spent[by].duplicated(keep=False) & spent[by].isin(silent)]
    if len(several):
        group = several[by].iloc[0]
        codes = several.loc[several[by] == group, "currency"].fillna("(missing)")
        raise AmbiguousData(
            f"{group!r} has cost in several currencies ({', '.join(sorted(codes))}): state each "
            "by itself, in a table with a column currency."
        )
    known = spent.drop_duplicates(by).set_index(by)["currency"]
    codes = kpis["currency"].drop_duplicates()
    only = codes.iloc[0] if len(codes) == 1 else pd.NA
    given = claims["currency"].fillna(claims[by].map(known)).fillna(only)
    return claims.assign(currency=given.astype("str"))


def _compared(met: pd.DataFrame, keys: Sequence[str], tolerance: float) -> pd.DataFrame:
    """Add both sides up by group and compare them."""
    sides = met.astype({"stated": "Float64", "stored": "Float64"}).groupby([*keys], dropna=False)
    sums = sides[["stated", "stored"]].sum(min_count=1).reset_index()
    sums["stored"] = sums["stored"].fillna(0.0)
    stated = sums["stated"].fillna(0.0)
    difference = sums["stored"] - stated
    is_noise = difference.abs() <= _NOISE * stated.abs()  # of sums in another order
    sums["difference"] = difference.mask(is_noise, 0.0)
    allowed = tolerance + _RELATIVE * stated.abs()
    sums["is_equal"] = (sums["difference"].abs() <= allowed).astype(bool)
    return sums


def _in_order(found: pd.DataFrame, by: str, metrics: Sequence[str]) -> pd.DataFrame:
    """Sort by group and metric, the total before its days."""
    if "date" not in found:
        found = found.assign(date=pd.Series(pd.NaT, index=found.index))
    place = found["metric"].map({name: place for place, name in enumerate(metrics)})
    ordered = found.assign(place=place, date=found["date"].astype("datetime64[us]")).sort_values(
        [by, "currency", "place", "date"], na_position="first", ignore_index=True
    )
    names = [by, "currency", "date", "metric", "stated", "stored", "difference", "is_equal"]
    ordered = ordered[names].astype({by: "str", "currency": "str", "metric": "str"})
    codes = ordered["currency"].drop_duplicates()
    ordered.attrs["currency"] = codes.iloc[0] if len(codes) == 1 and codes.notna().all() else None
    return ordered
