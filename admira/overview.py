"""What a store shows at a glance: a period's KPIs beside those of the period before."""

from collections.abc import Callable, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Self, TypeVar

import pandas as pd

from admira.core.campaigns import latest_names
from admira.core.days import Day, as_day
from admira.core.named_periods import chosen_period
from admira.core.periods import beside
from admira.coverage import tell_days
from admira.errors import OptionError
from admira.schemas import CAMPAIGNS
from admira.schemas.metrics import metrics
from admira.stores.base import Backend, pinned
from admira.stores.reading import Reader

if TYPE_CHECKING:
    from admira.present.cards import Summary
    from admira.summary import Asked

T = TypeVar("T")


class Overview:
    """The part of a ``Store`` that compares periods."""

    backend: Backend

    def at_once(self, ask: Callable[[Self], T]) -> T:
        """Ask several questions that are answered as of one commit, whoever writes meanwhile.

        It also looks at the store's files once instead of once per question.

        Parameters
        ----------
        ask : callable
            Given a store that only reads; called again if partitions were replaced under it.

        Returns
        -------
        object
            What ``ask`` gives.

        Raises
        ------
        StoreError
            When the store cannot be read, or ``ask`` writes.

        Examples
        --------
        >>> import admira
        >>> store = admira.demo()
        >>> def two(store):
        ...     return store.metrics(by=[]), store.metrics("channel")
        >>> total, channels = store.at_once(two)
        >>> bool(abs(channels["cost"].sum() - total["cost"].sum()) < 0.01)
        True
        """

        def asked(reader: Reader) -> T:
            seen = copy(self)
            seen.backend = pinned(self.backend, reader)
            return ask(seen)

        return self.backend.reading(asked)

    def following_commits(self) -> Self:
        """Give the same store for many questions in a row, as a dashboard asks them.

        Each question to a store looks at every partition's file, so that nothing is ever stale,
        whoever put it there.  This one looks once, and from then on only where a commit says
        that something changed: rows that are ingested or upserted are seen at once, files that
        are copied into the folder by hand are not.

        Returns
        -------
        Store
            As this one; thousands of partitions are asked in half the time.

        Examples
        --------
        >>> import admira
        >>> store = admira.demo()
        >>> store.following_commits().metrics("channel").equals(store.metrics("channel"))
        True
        """
        follower = copy(self)
        follower.backend = self.backend.following_commits()
        return follower

    def compare(
        self: "Asked",
        by: str | Sequence[str] = ("channel",),
        *,
        start: Day = None,
        end: Day = None,
        period: str | tuple[Day, Day] | None = None,
        against: str = "previous",
        today: Day = None,
        scope: str = "all",
        **filters_and_options: Any,
    ) -> pd.DataFrame:
        """Put the KPIs of a period beside those of an earlier one, as both stand today.

        Sales of a recent period are still to come; :meth:`summary` takes that into account.

        Parameters
        ----------
        by : str or sequence of str
            Dimensions other than ``date``; ``[]`` gives one row.
        start, end : day, optional
            The period, both days included.
        period : str or (start, end), optional
            The same by a name: ``"last month"``, ``"mtd"``, ``"last 28 days"``, ``"2025-Q3"``, …
        against : {"previous", "year"}
            The period just before, of the same length (calendar months where it is whole months,
            the same days where it runs to date), or the same a year before (52 weeks, or the same
            months).
        today : day, optional
            What counts as today; the reporting zone's day by default.
        scope, **filters_and_options
            As in :meth:`metrics`.

        Returns
        -------
        DataFrame
            One row per group of either period; for each metric its value, ``…_previous`` and the
            relative ``…_change``.

        Raises
        ------
        OptionError
            When an option or a day does not exist.

        Examples
        --------
        >>> import admira
        >>> store = admira.demo()
        >>> kpis = store.compare(by=[], period="last month", today="2025-12-10")
        >>> kpis[["clicks", "clicks_previous", "clicks_change"]].round(3)
            clicks  clicks_previous  clicks_change
        0  39601.0        21949.0          0.804
        """
        dimensions = [by] if isinstance(by, str) else [*by]
        if "date" in dimensions:
            raise OptionError("by", "date", ["others; frame.admira.compare() goes day by day"])
        day = today_of(self.tz, today)
        named = chosen_period(start, end, period, day)
        both = [named.period._asdict(), named.earlier(against)._asdict()]
        given = {"scope": scope, **filters_and_options}

        def compared(store: "Asked") -> pd.DataFrame:
            now, past = (store.metrics(dimensions, **days, **given) for days in both)
            names = [name for name in metrics.columns if name in now]
            kpis = beside(now, past, dimensions, names)
            kpis.attrs.update(now.attrs)
            tell_days(kpis, store.backend, named.period, day, whole=named.whole)
            return kpis

        return self.at_once(compared)

    def named(self: "Asked", kpis: pd.DataFrame) -> pd.DataFrame:
        """Put each campaign's latest name beside its id.

        Group by id and name it afterwards: platforms let people rename a campaign while it runs,
        and grouped by name it would fall into two.

        Parameters
        ----------
        kpis : DataFrame
            With ``campaign_id``, and ``channel`` where it is known.

        Returns
        -------
        DataFrame
            The same rows with ``campaign_name`` behind ``campaign_id``, missing where unknown.

        Raises
        ------
        SchemaMismatch
            When there is no ``campaign_id``.

        Examples
        --------
        >>> import admira
        >>> store = admira.demo()
        >>> kpis = store.named(store.metrics(by=["channel", "campaign_id"], scope="paid"))
        >>> kpis[["channel", "campaign_name", "cost"]].head(2)
              channel     campaign_name     cost
        0  google_ads               NaN     0.00
        1  google_ads  Prospecting | UK  1102.83
        """
        CAMPAIGNS.require(kpis.columns, ["campaign_id"])
        keys = [name for name in ("channel", "campaign_id") if name in kpis]
        names = latest_names(self.campaigns(), keys)
        rows = kpis.drop(columns="campaign_name", errors="ignore")
        named = rows.merge(names, how="left", on=keys, validate="m:1")
        named.insert(
            list(rows).index("campaign_id") + 1, "campaign_name", named.pop("campaign_name")
        )
        named.attrs.update(kpis.attrs)
        return named

    def summary(
        self: "Asked",
        *,
        start: Day = None,
        end: Day = None,
        period: str | tuple[Day, Day] | None = None,
        days: int = 28,
        against: str = "previous",
        currency: str | None = None,
        today: Day = None,
    ) -> "Summary":
        """Show the business at a glance: CPC, CPA, both conversion rates and ROAS.

        Figures are those of paid channels, with the blended ones beside.  Each is compared with an
        earlier period.  ROAS is compared at equal age where every closing day is known: of the
        earlier period only what had closed by the age that the present one has now counts.  Else,
        and for conversion rates, no change is shown where the shares of opportunities that are
        still open differ by more than 5 points, since it would say little but that the present
        period is young.

        Parameters
        ----------
        start, end : day, optional
            The period, both days included; by default the last ``days`` days with ads.
        period : str or (start, end), optional
            The same by a name, as in :meth:`compare`.
        days : int
            How long the period is when ``start`` is not given.
        against : {"previous", "year"}
            What to compare with, as in :meth:`compare`.
        currency : str, optional
            The money to look at where there is more than one; by default the one most was spent in.
        today : day, optional
            What counts as today in a period's name; the reporting zone's day by default.

        Returns
        -------
        Summary
            Five cards in a notebook; ``frame`` has the figures.

        Raises
        ------
        OptionError
            When an option or a day does not exist.

        Examples
        --------
        >>> import admira
        >>> admira.demo().summary(start="2025-11-01", end="2025-11-30")
        <Summary Nov 1 – 30, 2025: CPC €1.42, Cost per lead €79.96, …>
        """
        from admira.summary import summarise

        named, day = None, today_of(self.tz, today)
        if period is not None:
            named = chosen_period(start, end, period, day)
        return self.at_once(
            lambda store: summarise(
                store,
                start=start,
                end=end,
                named=named,
                days=days,
                against=against,
                currency=currency,
                today=day,
            )
        )


def today_of(tz: str, today: Day) -> pd.Timestamp:
    """Give the day that counts as today: the one given, or the reporting zone's."""
    given = as_day("today", today)
    return pd.Timestamp.now(tz).tz_localize(None).normalize() if given is None else given
