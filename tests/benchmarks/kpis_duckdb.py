"""The KPIs in DuckDB's SQL over a store's files, each opportunity counted once as admira does."""

from collections.abc import Callable, Sequence
from operator import methodcaller
from typing import Any, NamedTuple

from tests.benchmarks.bridge_sql import SHARES, click_channel
from tests.benchmarks.kpi_terms import MEASURES, RATIOS

_OF_ADS, _OF_CRM = MEASURES[:3], MEASURES[3:]
_LABEL = "ad_campaign_id, utm_campaign, utm_source, utm_medium"

# What the campaigns did per month, in one pass; the measures are those of the days asked for.
_MONTHLY = """
    monthly AS MATERIALIZED (
        SELECT channel, campaign_id, utm_campaign, utm_source, utm_medium,
               date_trunc('month', date)::DATE AS month, min(date) AS first_day,
               sum(clicks) AS clicks, {asked}
        FROM {ads}
        GROUP BY ALL
    )"""

# The opportunities of the days asked for, added up before anything is joined to them.
_COUNTED = f"""
    counted AS MATERIALIZED (
        SELECT {{further}}{_LABEL}, click_channel, month, sum(leads) AS leads,
               sum(opportunities) AS opportunities,
               sum(leads * opportunities) AS opportunities_from_leads,
               sum(closed_won) AS closed_won, sum(closed_lost) AS closed_lost,
               sum(revenue) AS revenue
        FROM (
            SELECT date, currency, date_trunc('month', date)::DATE AS month,
                   coalesce(ad_campaign_id, '') AS ad_campaign_id,
                   utm_campaign, utm_source, utm_medium, {click_channel()} AS click_channel,
                   (entry_stage <> 'opportunity')::DOUBLE AS leads,
                   (stage IN ('opportunity', 'closed_won', 'closed_lost'))::DOUBLE AS opportunities,
                   (stage = 'closed_won')::DOUBLE AS closed_won,
                   (stage = 'closed_lost')::DOUBLE AS closed_lost,
                   CASE WHEN stage = 'closed_won' THEN coalesce(amount, 0) ELSE 0 END AS revenue
            FROM {{crm}}
            WHERE {{is_asked}}
        )
        GROUP BY ALL
    )"""  # noqa: S608 - names of our own

_CREDITED = f"""
    credited AS (
        SELECT {{further}}
               coalesce(shares.channel, CASE WHEN utm_campaign <> '' THEN '(unattributed)'
                                      WHEN click_channel <> '' THEN click_channel
                                      ELSE '(untagged)' END) AS channel,
               coalesce(shares.campaign_id, CASE WHEN utm_campaign <> '' THEN '(unattributed)'
                                          WHEN click_channel <> '' THEN '(unknown)'
                                          ELSE '(untagged)' END) AS campaign_id,
               {", ".join(f"{name} * coalesce(weight, 1) AS {name}" for name in _OF_CRM)}
        FROM counted
        LEFT JOIN labels USING ({_LABEL})
        LEFT JOIN shares USING (label, month)
    )"""  # noqa: S608 - names of our own


class Files(NamedTuple):
    """What a query reads: the two tables as SQL names them."""

    ads: str
    crm: str

    @classmethod
    def partitions(cls, store: str) -> "Files":
        """Name the partitions of a store."""
        return cls(
            f"read_parquet('{store}/ads/*/*/*.parquet', hive_partitioning = true)",
            f"read_parquet('{store}/crm/*/*.parquet', hive_partitioning = true)",
        )

    @classmethod
    def monthly(cls, store: str) -> "Files":
        """Name the files per month that ``compact()`` makes of them, as admira's engine reads."""
        import admira
        from admira.schemas import TABLES
        from admira.stores.selection import select

        backend = admira.open_store(store).backend
        found = (
            backend.reading(methodcaller("pieces", select(TABLES[kind]))).files
            for kind in ("ads", "crm")
        )
        return cls(*(f"read_parquet({[*files]}, hive_partitioning = false)" for files in found))


FILES: dict[str, Callable[[str], Files]] = {
    "partitions": Files.partitions,
    "monthly": Files.monthly,
}


def kpi_query(files: Files, by: Sequence[str], start: str | None = None) -> str:
    """Write the query that gives the KPIs by some of date, channel, campaign_id and currency.

    It knows what the join does by default: every tier, candidates by month, weights by clicks, the
    cumulative funnel.  It knows no UTM sheet and no tag aliases of a store.
    """
    is_asked = f"date >= DATE '{start}'" if start else "true"
    further = [name for name in by if name in ("date", "currency")]
    given = {"is_asked": is_asked, "further": "".join(f"{name}, " for name in further)}
    keys = ", ".join(by)
    sums = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in MEASURES)
    ratios = ", ".join(f"({n}) / nullif({d}, 0) AS {name}" for name, (n, d) in RATIOS.items())
    return f"""
    WITH {_of_ads(files.ads, keys, is_asked, has_further=bool(further))},
    {_COUNTED.format(**given, crm=files.crm)},
    {SHARES},
    {_CREDITED.format(**given)},
    facts AS (
        SELECT * FROM of_ads
        UNION ALL BY NAME
        SELECT {keys}, {", ".join(_OF_CRM)} FROM credited
    ),
    sums AS (SELECT {keys}, {sums} FROM facts GROUP BY ALL)
    SELECT *, {ratios} FROM sums ORDER BY {keys}
    """  # noqa: S608 - names and paths of our own


def _of_ads(files: str, keys: str, is_asked: str, *, has_further: bool) -> str:
    """Write ``monthly``, and ``of_ads``: what the facts take of the ads."""
    # Where the months are all that is needed of the ads nothing is kept of their rows.
    rows = f"ads AS MATERIALIZED (SELECT * FROM {files}),"  # noqa: S608 - names of our own
    of_days = "" if is_asked == "true" else f" FILTER (WHERE {is_asked})"
    asked = ", ".join(f"sum({name}){of_days} AS asked_{name}" for name in _OF_ADS)
    measures = ", ".join(_OF_ADS if has_further else (f"asked_{n} AS {n}" for n in _OF_ADS))
    return f"""
    {rows if has_further else ""}
    {_MONTHLY.format(asked=asked, ads="ads" if has_further else files)},
    of_ads AS (
        SELECT {keys}, {measures} FROM {"ads" if has_further else "monthly"}
        WHERE {is_asked if has_further else "asked_clicks IS NOT NULL"}
    )"""  # noqa: S608 - names and paths of our own


def query(
    store: str, by: list[str], start: str | None = None, files: str = "partitions"
) -> list[Callable[[], Any]]:
    """Ask DuckDB for the KPIs, twice in one process."""
    import duckdb
    import pandas  # noqa: F401 - what the answer comes in; loaded before the clock starts

    text = kpi_query(FILES[files](store), by, start)
    connection: list[Any] = []

    def ask() -> Any:
        if not connection:
            connection.append(duckdb.connect())
        return connection[0].execute(text).df()

    return [ask, ask]
