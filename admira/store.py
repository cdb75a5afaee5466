"""The store that users hold: tables in, tables, facts and KPIs out, whatever keeps the rows."""

import os
from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd

from admira.answers import facts_of, metrics_of
from admira.contents import contents_html, contents_text
from admira.core.days import Day
from admira.core.reconcile import reconcile
from admira.engines import Engines
from admira.engines.model import EngineName
from admira.errors import OptionError
from admira.held_tables import HeldTables
from admira.ingest_report import IngestReport
from admira.mending import Mending
from admira.operations import metrics_endpoint, operation
from admira.overview import Overview, today_of
from admira.platform_claims import metrics_and_claims_of
from admira.questions import Questions
from admira.questions.versus import against_targets
from admira.stores.base import Backend
from admira.timeline import Span, kpis_of, with_marks
from admira.upkeep import Upkeep


def open_store(
    url: str | os.PathLike[str],
    *,
    tz: str | None = None,
    archive: str | None = None,
    lock_timeout_seconds: float = 60.0,
) -> "Store":
    """Open the store at a path, or one in memory; a new one is made by its first upsert.

    Parameters
    ----------
    url : str or path
        A folder, ``s3://bucket/prefix`` (extra ``s3``), or ``"memory:"`` for a store that ends
        with the process.
    tz : str, optional
        The reporting time zone, such as ``"Europe/Madrid"``, in which an opportunity's day is cut;
        UTC by default.  A store keeps the one it was made with.
    archive : str, optional
        Where older partitions are; a store that was archived knows it.
    lock_timeout_seconds : float
        How long a writer waits for another one.

    Returns
    -------
    Store

    Raises
    ------
    StoreError
        When the path is not a folder, the store has another time zone, or the kind of URL is not
        supported.

    Examples
    --------
    >>> import admira
    >>> store = admira.open_store("memory:")
    >>> store.ads().empty
    True
    """
    location = os.fspath(url)
    if location == "memory:":
        from admira.stores.memory import MemoryStore

        return Store(MemoryStore(tz=tz or "UTC"))
    from admira.stores.parquet import ParquetStore

    return Store(
        ParquetStore(location, tz=tz, archive=archive, lock_timeout_seconds=lock_timeout_seconds)
    )


class Store(HeldTables, Engines, Overview, Questions, Mending, Upkeep):
    """Ads, CRM and the rows that were rejected; facts and KPIs are worked out when asked for.

    Parameters
    ----------
    backend : Backend
        What keeps the rows: a ``ParquetStore`` or a ``MemoryStore``.  :func:`open_store` makes it.

    Attributes
    ----------
    report : IngestReport or None
        What :func:`load` did to fill it.

    Examples
    --------
    >>> import admira
    >>> store = admira.open_store("memory:")
    >>> example = admira.datasets.worked_example()
    >>> store.upsert(example.ads_frame).inserted, store.upsert(example.crm_frame).inserted
    (4, 6)
    >>> store.metrics(by="channel", scope="paid")[["channel", "cost", "revenue", "roas"]].round(4)
          channel    cost  revenue    roas
    0  google_ads  650.75   5000.0  7.6834
    1    meta_ads  200.00      0.0     0.0
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.report: IngestReport | None = None

    @property
    def tz(self) -> str:
        """The reporting time zone."""
        return self.backend.tz

    @operation("facts.run")
    def facts(
        self,
        *,
        start: Day = None,
        end: Day = None,
        engine: EngineName | None = None,
        session: Any = None,
        **filters_and_options: Any,
    ) -> Any:
        """Join the store's ads and CRM; see :func:`admira.join_utm`.

        Candidates come from all the store's ads, so a day's numbers do not depend on ``start`` and
        ``end``.

        Parameters
        ----------
        start, end : day, optional
            First and last day of the facts, both included.
        engine : {"arrow", "polars", "duckdb", "spark"}, optional
            Whose frame to give, as in :meth:`scan`.  By default a pandas frame, worked out on Arrow
            while the store fits its share of memory, else on DuckDB.
        session : optional
            A ``SparkSession`` or DuckDB connection of yours.
        **filters_and_options
            ``channel``, ``campaign_id``, ``campaign_name`` (a campaign's latest), groups,
            ``utm_campaign``, ``utm_source``, ``utm_medium``, which filter the facts; and the
            options of the join.  ``tag_aliases`` are those of :meth:`alias` unless given.

        Returns
        -------
        DataFrame, or a frame of the engine named
            One row per ad row and one per share of an opportunity.

        Raises
        ------
        StoreError
            When the store cannot be read, or the facts as a pandas frame would not fit in memory.
        """
        return facts_of(
            self.backend,
            start=start,
            end=end,
            asked=filters_and_options,
            engine=engine,
            session=session,
        )

    def metrics(
        self,
        by: str | Sequence[str] = ("date", "channel", "campaign_id"),
        *,
        grain: str | None = None,
        week_start: str = "monday",
        scope: str = "all",
        limit: int | None = None,
        offset: int = 0,
        zero_division: float | None = None,
        start: Day = None,
        end: Day = None,
        period: str | tuple[Day, Day] | None = None,
        compare: str | None = None,
        versus: Any = None,
        today: Day = None,
        rolling: int | None = None,
        spine: bool = False,
        mark_partial: bool = False,
        platform: bool = False,
        engine: EngineName | None = None,
        session: Any = None,
        **filters_and_options: Any,
    ) -> pd.DataFrame:
        """Work out the KPIs of the store; see :func:`admira.compute_metrics`.

        Parameters
        ----------
        by, grain, week_start, scope, limit, offset, zero_division
            As in :func:`admira.compute_metrics`.  ``campaign_name`` is a campaign's latest name,
            missing where it has none; campaigns that share one share a row.  The groups of
            :meth:`add_group` are dimensions too.
        start, end : day, optional
            First and last day, both included.
        period : str or (start, end), optional
            The days by a name: ``"last month"``, ``"mtd"``, ``"last 28 days"``, ``"2025-Q3"``, …
        compare : {"previous", "year"}, optional
            Put the period beside an earlier one: this is :meth:`compare`.
        versus : mapping, DataFrame, list of dicts, or path of a CSV file or workbook, optional
            Targets: metrics (``{"cpa": 40}`` holds for all rows), in a table also dimensions of
            ``by`` and one of ``day``, ``week``, ``month``, ``quarter``, ``year``.  Adds
            ``…_target`` and the relative ``…_versus``.  A group that has only a target is a row of
            zeros; where that cannot be said, because other filters hold, ``attrs`` and the log name
            it.  A target is never cut to the days that are there: a month's leads stand beside
            those so far; :meth:`pacing` says what should be there by now.
        today : day, optional
            What counts as today in a period's name; the reporting zone's day by default.
        rolling : int, optional
            Each row's measures are the sums of that many days (or weeks, months, …) up to it, its
            ratios quotients of those sums.  Days before ``start`` count.
        spine : bool
            Whether each group has a row for each day (or week, …) of the period, zeros where
            nothing was; so it is with ``rolling``.
        mark_partial : bool
            Whether a column ``is_partial`` behind the dimensions says which rows are of a period
            that is not whole: some of its days were not asked for, are before the first row of the
            store or after its last, or are not over yet, as ``today`` is not.
        platform : bool
            Whether what the ad platforms claim of themselves stands behind our figures, of the same
            ad rows and never added to ours: ``platform_conversions``, ``platform_value``,
            ``platform_cpa``, ``platform_roas``, and the share of the cost on ad rows that state the
            two.  Missing where no ad row states any; not with ``rolling`` or ``spine``.
        engine, session
            Who adds up, as in :meth:`facts`; the table is the same, and a pandas frame, whoever
            does.
        **filters_and_options
            As in :meth:`facts`: values, and the options of the join.

        Returns
        -------
        DataFrame
            One row per group: dimensions, measures, ratios.  ``attrs`` has ``currency``, ``grain``
            and ``scope``, and ``covered``, the days that are in it and what bounds them, where a
            period may not be whole: with a grain, a period by its name, or ``rolling``.

        Examples
        --------
        >>> import admira
        >>> store = admira.demo()
        >>> kpis = store.metrics("channel", period="2025-11", compare="previous", scope="paid")
        >>> kpis[["channel", "cost", "cost_previous", "cost_change"]].round(2).head(2)
                channel      cost  cost_previous  cost_change
        0    google_ads  14740.72       13835.06         0.07
        1  linkedin_ads  10081.62       11166.78         -0.1
        >>> kpis = store.metrics("date", rolling=7, start="2025-12-30", scope="paid")
        >>> kpis[["cost", "leads", "cpa"]].round(2)
              cost  leads   cpa
        0  6794.47  119.0  57.1
        1  6740.29  141.0  47.8
        >>> kpis = store.metrics("channel", period="2025-11", scope="paid", versus={"cpa": 70})
        >>> kpis[["channel", "cpa", "cpa_target", "cpa_versus"]].round(2).head(2)
                channel     cpa  cpa_target  cpa_versus
        0    google_ads   89.81        70.0        0.28
        1  linkedin_ads  134.31        70.0        0.92
        """
        sums = {"scope": scope, "engine": engine, "session": session}
        days: dict[str, Any] = {"start": start, "end": end, "period": period, "today": today}
        shape: dict[str, Any] = {"grain": grain, "week_start": week_start}
        over: dict[str, Any] = {"rolling": rolling, "spine": spine}
        page: dict[str, Any] = {"limit": limit, "offset": offset, "mark_partial": mark_partial}
        if versus is not None:
            shape |= {**over, "compare": compare, "platform": platform}
            shape["zero_division"] = zero_division
            filters = {**sums, **filters_and_options}
            return against_targets(self, versus, by, shape=shape, days=days, sums=filters, **page)
        if compare is not None:
            more = {"platform": platform, **filters_and_options}
            kpis = self.compare(by, against=compare, **days, **sums, **more)
            return with_marks(kpis, by) if mark_partial else kpis
        with operation(metrics_endpoint(by)):
            days["today"] = today_of(self.tz, today)
            span = Span.of(**days, **shape, **over)
            if platform and span.has_spine:
                raise OptionError("platform", platform, ["False, with rolling= or spine="])
            answer = metrics_and_claims_of if platform else metrics_of
            ask = partial(answer, by=by, asked=filters_and_options, **shape, **sums)
            return kpis_of(self, by, ask, span, zero_division=zero_division, **page)

    @operation("reconcile.run")
    def reconcile(self, **options: Any) -> pd.DataFrame:
        """Show that all the store's facts add up to its ads and CRM; see :func:`admira.reconcile`.

        Parameters
        ----------
        **options
            The options of the join.

        Raises
        ------
        ReconciliationError
            When a total differs.
        """
        return reconcile(self.ads(), self.crm(), self.facts(**options), **options)

    def __repr__(self) -> str:
        """Say where the store is, what it holds and for which days."""
        return f"<Store {self.backend}: {contents_text(self.backend)}>"

    def _repr_html_(self) -> str:
        """Say the same in a notebook, with the last run and what to call next."""
        return contents_html(self)
