"""Budgets against what is spent: so far, expected by now, and projected to the month's end."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd

from admira.core.days import Day, as_day
from admira.core.labels import NAME
from admira.core.periods import Period
from admira.errors import AmbiguousData, DataError, OptionError
from admira.present.formats import count_text
from admira.present.language import say
from admira.questions.breakdown import breakdown_of
from admira.questions.budgets import read_budgets, refuse_overlaps, scope_of
from admira.questions.projection import WEEK, WEEKS, projected
from admira.summary import Asked
from admira.wanted import group_names, labels_among

NO_BUDGET = "(no budget)"

_ON_TRACK = 0.05
_DUST = 1e-9


class Paced(Asked, Protocol):
    """What is asked of a store."""

    @property
    def tz(self) -> str:
        """Its reporting time zone."""


def pacing(
    store: Paced,
    budgets: Any,
    *,
    by: str = "campaign_id",
    month: Day = None,
    today: Day = None,
) -> pd.DataFrame:
    """Say of each budget of a month what is spent of it, and where that leads.

    A budget is expected to be spent as the last 8 weeks were: each weekday gets its share.  Where
    the scope did not spend in each of these weeks, all days count the same, and ``basis`` says so.
    The rest of the month is projected by the same shares of a week at the level of the last 28
    days.  Every unit of the month's cost is in one row: a campaign, or a group of campaigns, with a
    budget of its own does not count in its channel's.

    Parameters
    ----------
    budgets : DataFrame, list of dicts, or path of a CSV file or workbook; one row per scope, month
        ``channel`` or that of ``by`` or both, ``budget`` (a number from 0 up), ``month``
        (``2025-12`` or a day in it; without the column they hold for any month), and ``currency``
        where the scope spends in more than one.
    by : {"campaign_id", "campaign_name"}, or a group of :meth:`Store.add_group`
        The column that says what budgets are of beside channels.
    month : day, optional
        The month to look at, such as ``"2025-12"``; by default that of ``today``.
    today : day, optional
        The last day that counts as spent; by default the last one with ads before today.

    Returns
    -------
    DataFrame
        One row per budget of the month, in the order given, then one per currency for what is
        spent without one, whose channel is ``(no budget)``:

        - ``channel``, that of ``by``, ``month`` (its first day), ``currency``, ``budget``
        - ``spent``: cost of the month up to ``today``
        - ``expected``: what of the budget should be spent by then
        - ``pace``: spent / expected
        - ``projected``: cost at the month's end
        - ``difference``: projected − budget
        - ``status``: ``on track`` where projected is within 5 % of the budget, ``over``, ``under``
        - ``basis``: ``weekdays``, or ``equal days``
        - ``note``: what to know, such as that the store has no such campaign

        ``attrs`` has ``by``, ``today``, and ``currency`` where there is one.

    Raises
    ------
    DataError
        When a budget is no number or negative, names no scope or one that another row has, or no
        budget is of that month; or there are no ads and no ``today``.
    AmbiguousData
        When a scope spends in several currencies and its budget has none.
    OptionError
        When a column, a group or a day does not exist.
    SourceRejected
        When a file cannot be read.

    Examples
    --------
    >>> import admira
    >>> budgets = [{"channel": "google_ads", "month": "2025-12", "budget": 11000}]
    >>> paced = pacing(admira.demo(), budgets, today="2025-12-15")
    >>> paced[["channel", "budget", "spent", "expected", "projected", "status"]].round(0)
           channel   budget    spent  expected  projected    status
    0   google_ads  11000.0   4253.0    5287.0    10910.0  on track
    1  (no budget)     <NA>  11303.0      <NA>    28627.0       NaN
    """
    _check_part(store, by)
    given = read_budgets(budgets, by)
    now = as_day("today", today) or _last_day(store)
    period = _month(month, now)
    now = min(now, period.end)
    of_month = given[given["month"].isna() | (given["month"] == period.start)]
    if len(given) and of_month.empty:
        known = ", ".join(sorted({f"{day:%Y-%m}" for day in given["month"]}))
        raise DataError(f"No budget is of {period.start:%Y-%m}; there are some of {known}: month=…")
    refuse_overlaps(of_month, by)
    wanted = of_month.reset_index(names="place")
    first = min(period.start, now - pd.Timedelta(days=WEEK * WEEKS - 1))
    spending = _spending(store, wanted, Period(first, now), by)
    owned = _owned(spending, wanted, by)
    rows = _rows(wanted, owned, period, by)
    figures = projected(owned.rows, rows["budget"], Period(first, now), period)
    rows = rows.merge(figures, on="owner", validate="1:1")
    notes = _notes(store, wanted, owned, by) + [""] * len(owned.currencies)
    rows["note"] = pd.Series(notes, dtype="str")
    return _finished(rows, now, by)


def _check_part(store: Paced, by: str) -> None:
    """Refuse what does not part all campaigns."""
    if by != "campaign_id" and by not in labels_among(store.backend, [by]):
        known = ["campaign_id", NAME, *group_names(store.backend)]
        raise OptionError("by", by, known)


def _finished(rows: pd.DataFrame, now: pd.Timestamp, by: str) -> pd.DataFrame:
    """Put pace, difference and status beside; leave out what never was spent without a budget."""
    rows["pace"] = rows["spent"] / rows["expected"].mask(rows["expected"] == 0)
    rows["difference"] = rows["projected"] - rows["budget"]
    off = rows["difference"].abs() > _ON_TRACK * rows["budget"] + _DUST
    status = pd.Series("on track", index=rows.index, dtype="str")
    status = status.mask(off.fillna(value=False), "under")
    status = status.mask((off & (rows["difference"] > 0)).fillna(value=False), "over")
    rows["status"] = status.mask(rows["budget"].isna())
    is_nothing = rows["budget"].isna() & (rows["spent"] + rows["projected"] <= _DUST)
    figures = ["budget", "spent", "expected", "pace", "projected", "difference"]
    names = ["channel", by, "month", "currency", *figures, "status", "basis", "note"]
    finished = rows.loc[~is_nothing, names].reset_index(drop=True)
    codes = finished["currency"].drop_duplicates()
    code = codes.iloc[0] if len(codes) == 1 and codes.notna().all() else None
    finished.attrs.update(by=by, currency=code, today=now)
    return finished


def _last_day(store: Paced) -> pd.Timestamp:
    """Give the last day with ads that is over in the reporting zone."""
    days = store.metrics(["date", "currency"], scope="paid")
    spent = days.loc[days["impressions"] + days["clicks"] + days["cost"] > 0, "date"]
    if spent.empty:
        raise DataError("There are no ads to pace against yet; ingest() brings them in, or today=.")
    over = spent[spent < pd.Timestamp.now(tz=store.tz).tz_localize(None).normalize()]
    return spent.max() if over.empty else over.max()


def _month(month: Day, now: pd.Timestamp) -> Period:
    """Give the month asked for, else that of a day."""
    day = now if month is None else as_day("month", str(month))
    if day is None:
        raise OptionError("month", month, ["a month such as 2025-12"])
    start = day.replace(day=1)
    return Period(start, start + pd.offsets.MonthEnd(1))


def _spending(store: Paced, budgets: pd.DataFrame, days: Period, by: str) -> pd.DataFrame:
    """Give the cost by day, channel and currency; of campaigns with a budget by themselves."""
    asked = {**days._asdict(), "scope": "paid"}
    keys = ["date", "channel", "currency"]
    spending = store.metrics(keys, **asked)[[*keys, "cost"]]
    spending[by] = pd.Series(pd.NA, index=spending.index, dtype="str")
    parts = budgets[by].dropna().drop_duplicates().tolist()
    if parts:
        known = store.metrics([*keys, by], **{by: parts}, **asked)[[*keys, by, "cost"]]
        signed = pd.concat([spending, known.assign(cost=-known["cost"])])
        rest = signed.groupby(keys, dropna=False)["cost"].sum().reset_index()
        rest["cost"] = rest["cost"].where(rest["cost"].abs() > _DUST, 0.0)
        spending = pd.concat([known, rest], ignore_index=True)
    codes = budgets["currency"].dropna().drop_duplicates()
    if len(codes) == 1 and spending["currency"].isna().all():
        spending["currency"] = codes.iloc[0]  # the store says nothing of it
    return spending


class _Owned(NamedTuple):
    """Cost by day with the budget that it counts in; behind those, one per currency without."""

    rows: pd.DataFrame
    currencies: list[Any]


def _owned(spending: pd.DataFrame, budgets: pd.DataFrame, by: str) -> _Owned:
    """Find the budget of each cost: its campaign's or group's, else its channel's, else none."""
    scope = scope_of(by)
    owner = pd.Series(pd.NA, index=spending.index, dtype="Int64")
    present = budgets[scope].notna()
    for is_part in (True, False):
        for _, group in budgets[present[by] == is_part].groupby([present[name] for name in scope]):
            keys = [name for name in scope if group[name].notna().all()]
            numbered = group[keys].assign(owner=group.index)
            found = spending[keys].merge(numbered, how="left", on=keys, validate="m:1")["owner"]
            owner = owner.fillna(found.astype("Int64"))
    codes, currencies = pd.factorize(spending["currency"], use_na_sentinel=False)
    owner = owner.fillna(pd.Series(codes + len(budgets), index=spending.index).astype("Int64"))
    owned = spending.assign(owner=owner.astype("int64"))
    _refuse_mixed(owned, budgets)
    return _Owned(owned, list(currencies))


def _refuse_mixed(owned: pd.DataFrame, budgets: pd.DataFrame) -> None:
    """Refuse a budget without a currency where several are spent."""
    spent = owned[owned["owner"].isin(budgets.index) & (owned["cost"] > 0)]
    pairs = spent[["owner", "currency"]].drop_duplicates()
    for owner in pairs.loc[pairs["owner"].duplicated(), "owner"].head(1):
        codes = pairs.loc[pairs["owner"] == owner, "currency"].fillna("(missing)")
        raise AmbiguousData(
            f"budgets row {budgets.loc[owner, 'place'] + 1} has no currency and is spent in "
            f"several ({', '.join(sorted(codes))}): give one row per currency, with its code."
        )


def _rows(budgets: pd.DataFrame, owned: _Owned, period: Period, by: str) -> pd.DataFrame:
    """Give a row per budget, and one per currency for what has none."""
    scope = scope_of(by)
    spent = owned.rows[owned.rows["cost"] > 0]
    code = spent.drop_duplicates("owner").set_index("owner")["currency"]
    only = owned.currencies[0] if len(owned.currencies) == 1 else pd.NA
    code = code.reindex(budgets.index).fillna(only)
    wanted = budgets[scope].assign(
        currency=budgets["currency"].fillna(code), budget=budgets["budget"].astype("Float64")
    )
    none = pd.DataFrame({"channel": NO_BUDGET, "currency": owned.currencies}, dtype="str")
    rows = pd.concat([wanted, none], ignore_index=True).astype(dict.fromkeys(scope, "str"))
    return rows.assign(month=period.start, owner=range(len(rows))).astype(
        {"month": "datetime64[us]", "budget": "Float64"}
    )


def _notes(store: Paced, budgets: pd.DataFrame, owned: _Owned, by: str) -> list[str]:
    """Say what to know of budgets: their scope is unknown, or others take some of it."""
    spent = owned.rows[owned.rows["cost"] > 0]
    is_silent = ~budgets.index.isin(spent["owner"])
    campaigns = None
    if is_silent.any():
        campaigns = breakdown_of(store.backend, [by]).labelled(store.campaigns())
    own = spent[spent["owner"].isin(budgets.index[budgets[by].notna()])]
    counts = own.groupby("channel")["owner"].nunique()
    notes = []
    for row, silent in zip(budgets.to_dict("records"), is_silent, strict=True):
        scope = {name: row[name] for name in ("channel", by) if not pd.isna(row[name])}
        note = ""
        if campaigns is not None and silent and not _is_known(scope, campaigns):
            note = say("The store has no ads of {scope}.", scope=" ".join(scope.values()))
        elif by not in scope and row["channel"] in counts:
            note = _without_parts(counts[row["channel"]], by)
        notes.append(note)
    return notes


def _without_parts(count: int, by: str) -> str:
    """Say that a channel's budget is without what has one of its own."""
    given = count_text(count)
    if by in {"campaign_id", NAME}:
        return say("Without its campaigns that have budgets of their own: {count}.", count=given)
    return say("Without its groups that have budgets of their own: {count}.", count=given)


def _is_known(scope: Mapping[str, Any], campaigns: pd.DataFrame) -> bool:
    """Tell whether some campaign is of the scope."""
    is_meant = np.logical_and.reduce([campaigns[name] == value for name, value in scope.items()])
    return bool(is_meant.any())
