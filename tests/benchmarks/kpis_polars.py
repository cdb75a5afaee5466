"""The KPIs in polars over the store's files, each opportunity counted once as admira does."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.kpi_terms import MEASURES, RATIOS

if TYPE_CHECKING:
    import polars as pl

_CAMPAIGN = ["channel", "campaign_id"]
_TRIPLE = ["utm_campaign", "utm_source", "utm_medium"]
_SITUATION = [*_TRIPLE, "month"]
_FUNNEL = list(MEASURES[3:])


def kpis(store: Path, by: Sequence[str], start: date | None = None) -> "pl.DataFrame":
    """Give the KPIs by some of ``date``, ``channel`` and ``campaign_id``, sorted by them.

    It knows the tiers that clean data need: exact, campaign, none and untagged.
    """
    import polars as pl

    keys = list(by)
    ads = pl.scan_parquet(f"{store}/ads/*/*/*.parquet", hive_partitioning=True)
    crm = pl.scan_parquet(f"{store}/crm/*/*.parquet", hive_partitioning=True)
    is_asked = pl.lit(value=True) if start is None else pl.col("date") >= start
    records = _records(crm.filter(is_asked))
    monthly = _monthly(ads, is_asked)
    shares = _shares(records, monthly)
    is_tagged = pl.col("utm_campaign") != ""
    bucket = pl.when(is_tagged).then(pl.lit("(unattributed)")).otherwise(pl.lit("(untagged)"))
    credited = records.join(shares, on=_SITUATION, how="left").with_columns(
        pl.col(_CAMPAIGN).fill_null(bucket),
        pl.col(_FUNNEL) * pl.col("weight").fill_null(1.0),
    )
    # Where no day is asked for, the months are all that is needed of the ads: one pass.
    spent = ads.filter(is_asked) if "date" in keys else monthly
    facts = pl.concat(
        [spent.select(*keys, *MEASURES[:3]), credited.select(*keys, *_FUNNEL)],
        how="diagonal",
    )
    sums = facts.group_by(keys).agg(pl.col(MEASURES).sum())
    ratios = [
        pl.sql_expr(f"CAST({above} AS DOUBLE) / nullif({below}, 0)").alias(name)
        for name, (above, below) in RATIOS.items()
    ]
    return sums.with_columns(ratios).sort(keys).collect()


def _records(crm: "pl.LazyFrame") -> "pl.LazyFrame":
    """Give each opportunity's tags and month, and what it counts for."""
    import polars as pl

    stage = pl.col("stage")
    is_lead = pl.col("entry_stage") != "opportunity"
    is_opportunity = stage.is_in(["opportunity", "closed_won", "closed_lost"])
    is_won = stage == "closed_won"
    return crm.select(
        "date",
        *_TRIPLE,
        month=pl.col("date").dt.truncate("1mo"),
        leads=is_lead.cast(pl.Float64),
        opportunities=is_opportunity.cast(pl.Float64),
        opportunities_from_leads=(is_opportunity & is_lead).cast(pl.Float64),
        closed_won=is_won.cast(pl.Float64),
        closed_lost=(stage == "closed_lost").cast(pl.Float64),
        revenue=pl.when(is_won).then(pl.col("amount").fill_null(0.0)).otherwise(0.0),
    )


def _monthly(ads: "pl.LazyFrame", is_asked: "pl.Expr") -> "pl.LazyFrame":
    """Sum each campaign's months: all their clicks, and the measures of the days asked for."""
    import polars as pl

    return ads.group_by(*_CAMPAIGN, *_TRIPLE, month=pl.col("date").dt.truncate("1mo")).agg(
        pl.col("clicks").sum().alias("clicks_in_month"),
        *(pl.col(name).filter(is_asked).sum() for name in MEASURES[:3]),
    )


def _shares(records: "pl.LazyFrame", monthly: "pl.LazyFrame") -> "pl.LazyFrame":
    """Give the campaigns that share the opportunities of each triple and month, with weights."""
    import polars as pl

    asked = records.filter(pl.col("utm_campaign") != "").select(_SITUATION).unique()
    ours = pl.col("clicks_in_month").cum_sum().over(*_CAMPAIGN, *_TRIPLE)
    history = monthly.sort("month").with_columns(clicks_so_far=ours)
    entities = monthly.select(*_CAMPAIGN, *_TRIPLE).unique()
    met = asked.join(entities, on="utm_campaign", suffix="_ad").filter(
        _agrees(name) for name in ("utm_source", "utm_medium")
    )
    running = met.sort("month").join_asof(
        history.select(*_CAMPAIGN, *_TRIPLE, "month", "clicks_so_far"),
        on="month",
        by_left=[*_CAMPAIGN, "utm_campaign", "utm_source_ad", "utm_medium_ad"],
        by_right=[*_CAMPAIGN, *_TRIPLE],
        check_sortedness=False,
    )
    met = running.filter(pl.col("clicks_so_far").is_not_null())
    is_exact = pl.all_horizontal(
        (pl.col(name) == pl.col(f"{name}_ad")) & (pl.col(name) != "")
        for name in ("utm_source", "utm_medium")
    )
    best = met.with_columns(is_exact=is_exact).filter(
        pl.col("is_exact") == pl.col("is_exact").max().over(_SITUATION)
    )
    clicks, total = pl.col("clicks_so_far"), pl.col("clicks_so_far").sum().over(_SITUATION)
    weight = pl.when(total > 0).then(clicks / total).otherwise(1 / pl.len().over(_SITUATION))
    return best.select(*_SITUATION, *_CAMPAIGN, weight=weight)


def _agrees(name: str) -> "pl.Expr":
    """Say whether source (or medium) is equal, or missing on one side."""
    import polars as pl

    here, there = pl.col(name), pl.col(f"{name}_ad")
    return (here == there) | (here == "") | (there == "")


def query(store: str, by: list[str], start: str | None = None) -> list[Callable[[], Any]]:
    """Ask polars for the KPIs, twice in one process."""
    import polars as pl  # noqa: F401 - loaded before the clock starts

    first = None if start is None else date.fromisoformat(start)
    return [lambda: kpis(Path(store), by, first)] * 2
