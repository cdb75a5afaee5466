"""The KPIs in DuckDB's SQL over the store's files, each opportunity counted once as admira does."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.kpi_terms import MEASURES, RATIOS

_ADS = """
    ads AS MATERIALIZED (
        SELECT date, channel, campaign_id, utm_campaign, utm_source, utm_medium,
               clicks, impressions, cost
        FROM read_parquet('{store}/ads/*/*/*.parquet', hive_partitioning = true)
    )"""

# Where no day is asked for, the months are all that is needed of the ads: one pass, nothing kept.
_MONTHLY = """
    monthly AS MATERIALIZED (
        SELECT channel, campaign_id, utm_campaign, utm_source, utm_medium,
               date_trunc('month', date) AS month, sum(clicks) AS clicks_in_month,
               sum(clicks) FILTER (WHERE {is_asked}) AS clicks,
               sum(impressions) FILTER (WHERE {is_asked}) AS impressions,
               sum(cost) FILTER (WHERE {is_asked}) AS cost
        FROM {ads}
        GROUP BY ALL
    )"""

_SHARES = """
    history AS (
        SELECT channel, campaign_id, utm_campaign, utm_source, utm_medium, month,
               sum(clicks_in_month) OVER (
                   PARTITION BY channel, campaign_id, utm_campaign, utm_source, utm_medium
                   ORDER BY month
               ) AS clicks_so_far
        FROM monthly
    ),
    records AS MATERIALIZED (
        SELECT date, date_trunc('month', date) AS month, utm_campaign, utm_source, utm_medium,
               (entry_stage <> 'opportunity')::DOUBLE AS leads,
               (stage IN ('opportunity', 'closed_won', 'closed_lost'))::DOUBLE AS opportunities,
               leads * opportunities AS opportunities_from_leads,
               (stage = 'closed_won')::DOUBLE AS closed_won,
               (stage = 'closed_lost')::DOUBLE AS closed_lost,
               CASE WHEN stage = 'closed_won' THEN coalesce(amount, 0) ELSE 0 END AS revenue
        FROM read_parquet('{store}/crm/*/*.parquet', hive_partitioning = true)
        WHERE {is_asked}
    ),
    situations AS (
        SELECT DISTINCT utm_campaign, utm_source, utm_medium, month
        FROM records
        WHERE utm_campaign <> ''
    ),
    campaigns AS (
        SELECT DISTINCT channel, campaign_id, utm_campaign,
               utm_source AS ad_source, utm_medium AS ad_medium
        FROM monthly
    ),
    met AS (
        SELECT situations.*, channel, campaign_id, ad_source, ad_medium,
               utm_source = ad_source AND utm_source <> ''
               AND utm_medium = ad_medium AND utm_medium <> '' AS is_exact
        FROM situations
        JOIN campaigns USING (utm_campaign)
        WHERE (utm_source = ad_source OR '' IN (utm_source, ad_source))
            AND (utm_medium = ad_medium OR '' IN (utm_medium, ad_medium))
    ),
    running AS (
        SELECT met.*, history.clicks_so_far
        FROM met
        ASOF JOIN history
            ON met.channel = history.channel AND met.campaign_id = history.campaign_id
            AND met.utm_campaign = history.utm_campaign AND met.ad_source = history.utm_source
            AND met.ad_medium = history.utm_medium AND met.month >= history.month
    ),
    best AS (
        SELECT *
        FROM running
        QUALIFY is_exact = max(is_exact) OVER (
            PARTITION BY utm_campaign, utm_source, utm_medium, month
        )
    ),
    shares AS (
        SELECT utm_campaign, utm_source, utm_medium, month, channel, campaign_id,
               CASE WHEN sum(clicks_so_far) OVER together > 0
                    THEN clicks_so_far / sum(clicks_so_far) OVER together
                    ELSE 1 / count(*) OVER together END AS weight
        FROM best
        WINDOW together AS (PARTITION BY utm_campaign, utm_source, utm_medium, month)
    ),
    credited AS (
        SELECT date, coalesce(channel, bucket) AS channel,
               coalesce(campaign_id, bucket) AS campaign_id, {credited}
        FROM (
            SELECT records.*, shares.channel, shares.campaign_id, coalesce(weight, 1) AS share,
                   CASE WHEN records.utm_campaign = '' THEN '(untagged)'
                        ELSE '(unattributed)' END AS bucket
            FROM records
            LEFT JOIN shares USING (utm_campaign, utm_source, utm_medium, month)
        )
    )"""


def kpi_query(store: Path, by: Sequence[str], start: str | None = None) -> str:
    """Write the query that gives the KPIs by some of ``date``, ``channel`` and ``campaign_id``.

    It knows the tiers that clean data need: exact, campaign, none and untagged.
    """
    is_asked = f"date >= DATE '{start}'" if start else "true"
    by_day = "date" in by
    files = f"read_parquet('{store}/ads/*/*/*.parquet', hive_partitioning = true)"
    parts = [_ADS] if by_day else []
    parts += [_MONTHLY, _SHARES]
    with_parts = ",".join(parts).format(
        store=store,
        ads="ads" if by_day else files,
        is_asked=is_asked,
        credited=", ".join(f"{name} * share AS {name}" for name in MEASURES[3:]),
    )
    keys = ", ".join(by)
    sums = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in MEASURES)
    ratios = ", ".join(f"({n}) / nullif({d}, 0) AS {name}" for name, (n, d) in RATIOS.items())
    return f"""
    WITH {with_parts},
    facts AS (
        SELECT {keys}, clicks, impressions, cost FROM {"ads" if by_day else "monthly"}
        WHERE {is_asked if by_day else "clicks IS NOT NULL"}
        UNION ALL BY NAME
        SELECT {keys}, {", ".join(MEASURES[3:])} FROM credited
    ),
    sums AS (SELECT {keys}, {sums} FROM facts GROUP BY ALL)
    SELECT *, {ratios} FROM sums ORDER BY {keys}
    """  # noqa: S608 - names and paths of our own


def query(store: str, by: list[str], start: str | None = None) -> list[Callable[[], Any]]:
    """Ask DuckDB for the KPIs, twice in one process."""
    import duckdb
    import pandas  # noqa: F401 - what the answer comes in; loaded before the clock starts

    text = kpi_query(Path(store), by, start)
    connection: list[Any] = []

    def ask() -> Any:
        if not connection:
            connection.append(duckdb.connect())
        return connection[0].execute(text).df()

    return [ask, ask]
