"""The figures of a summary: two periods compared, as far as the younger one allows it."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

import pandas as pd

from admira.core.days import Day
from admira.core.metrics import compute_metrics, regrouped
from admira.core.named_periods import Named
from admira.core.periods import Period, period_of
from admira.coverage import tell_days
from admira.errors import DataError, OptionError
from admira.present.cards import Summary
from admira.present.formats import percent_text, period_text
from admira.present.language import say
from admira.present.partial import period_note
from admira.stores.base import Backend

T = TypeVar("T")

MAIN = ("cpc", "cpa", "cvr_lead_to_opp", "cvr_opp_to_won", "roas")

# What an opportunity adds only once it is decided; and the KPIs that change while they are.
_DECIDED = ["closed_won", "closed_lost", "revenue"]
_UNRIPE = ("cvr_lead_to_opp", "cvr_opp_to_won", "roas")
_POINTS = 0.05  # open shares that differ by more make no comparison

_DAILY_UP_TO = 31
_WEEKLY_UP_TO = 200


class Asked(Protocol):
    """What is asked of a store."""

    backend: Backend

    @property
    def tz(self) -> str:
        """The reporting time zone."""

    def at_once(self, ask: Callable[[Any], T]) -> T:
        """Ask several questions that are answered as of one commit."""

    def following_commits(self) -> Any:
        """Give the same store, which looks for files once."""

    def campaigns(self) -> pd.DataFrame:
        """Give the campaign map."""

    def crm(self, **filters: Any) -> pd.DataFrame:
        """Give opportunities."""

    def facts(self, **filters_and_options: Any) -> pd.DataFrame:
        """Give facts."""

    def metrics(self, by: Any, **filters_and_options: Any) -> pd.DataFrame:
        """Work out KPIs."""


class _Money(NamedTuple):
    """The currency that is shown, and what else there was."""

    code: str | None
    others: list[str]

    def only(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Keep the rows of the currency, and those that have none."""
        is_other = rows["currency"].notna() & (rows["currency"] != self.code)
        return rows if self.code is None else rows[~is_other]


def summarise(
    store: Asked,
    *,
    start: Day,
    end: Day,
    named: Named | None,
    days: int,
    against: str,
    currency: str | None,
    today: pd.Timestamp,
) -> Summary:
    """Work the figures of a summary out; see ``Store.summary``."""
    chosen = named or Named(_period(store, start, end, days))
    period, before = chosen.period, chosen.earlier(against)
    money = _money(store, period, currency)
    paid = _kpis(store, period, money, scope="paid")
    blended = _kpis(store, period, money)
    stands = _kpis(store, before, money, scope="paid")
    tell_days(paid, store.backend, period, today, whole=chosen.whole)
    aged = _at_equal_age(store, period, before, money)
    shares = (_share(paid), _share(stands))
    is_unripe = abs(shares[0] - shares[1]) > _POINTS
    rows = []
    for name in MAIN:
        basis = "unripe" if is_unripe and name in _UNRIPE else "as is"
        earlier_kpis = stands
        if name == "roas" and aged is not None:
            basis, earlier_kpis = "equal age", aged
        values = [kpis[name].iloc[0] for kpis in (paid, blended, earlier_kpis)]
        change = pd.NA if basis == "unripe" else _change(values[0], values[2])
        rows.append([name, *values, change, basis])
    names = ["metric", "paid", "blended", "before", "change", "basis"]
    figures = dict.fromkeys(names[1:5], "Float64")
    return Summary(
        period=period,
        before=before,
        currency=money.code,
        frame=pd.DataFrame(rows, columns=names).astype(
            {**figures, "metric": "str", "basis": "str"}
        ),
        kpis=paid,
        open_share=shares[0],
        open_share_before=shares[1],
        trends=_trends(store, period, money),
        notes=[
            *filter(None, [period_note(paid.attrs)]),
            *_notes(shares, before, money, is_aged=aged is not None, is_unripe=is_unripe),
        ],
    )


def _period(store: Asked, start: Day, end: Day, days: int) -> Period:
    """Give the period asked for; by default the last days with ads."""
    if days < 1:
        raise OptionError("days", days, ["a whole number from 1 up"])
    if end is None:
        days_of = store.metrics(["date", "currency"], scope="paid")
        has_ads = days_of["impressions"] + days_of["clicks"] + days_of["cost"] > 0
        spent = days_of.loc[has_ads, "date"]
        if spent.empty:
            message = "There are no ads to sum up yet; ingest() or load() brings them in."
            raise DataError(message)
        end = spent.max()
    if start is None:
        start = period_of(end, end).start - pd.Timedelta(days=days - 1)
    return period_of(start, end)


def _money(store: Asked, period: Period, currency: str | None) -> _Money:
    """Choose the currency that is shown: the one asked for, or the one most was spent in."""
    kpis = store.metrics(["currency"], start=period.start, end=period.end)
    kpis = kpis[(kpis["cost"] + kpis["revenue"] > 0) & kpis["currency"].notna()]
    codes = kpis.sort_values(["cost", "revenue"], ascending=False)["currency"].tolist()
    code = currency or (codes[0] if codes else None)
    if currency is not None and currency not in codes:
        raise OptionError("currency", currency, codes or ["no money in this period"])
    return _Money(code, [other for other in codes if other != code])


def _kpis(store: Asked, period: Period, money: _Money, *, scope: str = "all") -> pd.DataFrame:
    """Give the one row of KPIs of a period, in one currency."""
    kpis = store.metrics(["currency"], start=period.start, end=period.end, scope=scope)
    return regrouped(money.only(kpis), [])


def _at_equal_age(
    store: Asked, period: Period, before: Period, money: _Money
) -> pd.DataFrame | None:
    """Give the KPIs of the earlier period as they stood when it was as old as this one is now.

    None where some opportunity was decided on a day that nobody knows.
    """
    crm = store.crm(start=before.start, end=period.end)[["opportunity_id", "stage", "closed_date"]]
    is_decided = crm["stage"].isin(["closed_won", "closed_lost"])
    if crm.loc[is_decided, "closed_date"].isna().any():
        return None
    facts = money.only(store.facts(start=before.start, end=before.end))
    facts = facts.merge(crm, how="left", on="opportunity_id", validate="m:1")
    today = _last_day(store, crm)
    is_later = facts["closed_date"] > today - (period.start - before.start)
    facts[_DECIDED] = facts[_DECIDED].mask(is_later, 0.0)
    return compute_metrics(facts, by=[], scope="paid")


def _last_day(store: Asked, crm: pd.DataFrame) -> pd.Timestamp:
    """Give the last day of which the store knows anything."""
    days = pd.concat([store.metrics(["date", "currency"])["date"], crm["closed_date"]])
    return days.max()


def _share(kpis: pd.DataFrame) -> float:
    """Give the share of opportunities that are not decided yet; none where there are none."""
    share = kpis["open_share"].iloc[0]
    return 0.0 if pd.isna(share) else float(share)


def _change(now: Any, before: Any) -> Any:
    """Give the relative change, where there is something to compare with."""
    if pd.isna(now) or pd.isna(before) or before == 0:
        return pd.NA
    return now / before - 1


def _trends(store: Asked, period: Period, money: _Money) -> pd.DataFrame:
    """Give the KPIs over the period, in steps that suit its length."""
    grain = "day"
    if period.days > _DAILY_UP_TO:
        grain = "week" if period.days <= _WEEKLY_UP_TO else "month"
    kpis = store.metrics(
        ["date", "currency"], grain=grain, start=period.start, end=period.end, scope="paid"
    )
    return regrouped(money.only(kpis), ["date"])[["date", *MAIN]]


def _notes(
    shares: tuple[float, float], before: Period, money: _Money, *, is_aged: bool, is_unripe: bool
) -> list[str]:
    """Say what to know before reading the changes."""
    notes = [
        say(
            "Paid channels; blended includes what no campaign can be credited with. "
            "Compared with {period}.",
            period=period_text(*before),
        )
    ]
    if shares[0] > 0:
        notes.append(
            say(
                "{now} of the opportunities are still open ({before} in the period before): sales "
                "to come will raise ROAS.",
                now=percent_text(shares[0]),
                before=percent_text(shares[1]),
            )
        )
    if is_aged:
        notes.append(
            say(
                "ROAS is compared at equal age: of the period before, only what had closed by the "
                "same age counts."
            )
        )
    elif is_unripe:
        notes.append(say("Where that share differs by more than 5 points, no change is shown."))
    if money.others:
        notes.append(
            say(
                "Only money in {currency} is shown; there is also {others}: summary(currency=…).",
                currency=money.code,
                others=", ".join(money.others),
            )
        )
    return notes
