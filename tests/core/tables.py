"""How tests write small ads and crm tables: one call per row, one frame per table."""

from typing import Any

import pandas as pd

from admira.schemas import ADS, CRM


def ad(  # the row's facts, most telling first
    day: str,
    campaign_id: str,
    tags: str = "",
    *,
    clicks: int = 1,
    cost: float = 0.0,
    channel: str = "google_ads",
    **more: Any,
) -> dict[str, Any]:
    """Write one ad row; tags are ``campaign/source/medium``."""
    return {
        "date": pd.Timestamp(day),
        "campaign_id": campaign_id,
        "channel": channel,
        "clicks": clicks,
        "impressions": 10 * clicks,
        "cost": cost,
        **utm(tags),
        **more,
    }


def opportunity(
    opportunity_id: str,
    day: str,
    tags: str = "",
    *,
    stage: str = "lead",
    amount: float | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Write one CRM row; tags are ``campaign/source/medium``."""
    if more.get("closed_date") is not None:
        more["closed_date"] = pd.Timestamp(more["closed_date"])
    return {
        "opportunity_id": opportunity_id,
        "date": pd.Timestamp(day),
        "created_at": pd.Timestamp(day, tz="UTC"),
        "stage": stage,
        "amount": amount,
        **utm(tags),
        **more,
    }


def utm(tags: str) -> dict[str, str]:
    """Take ``campaign/source/medium`` apart; what is left out is missing."""
    parts = [*tags.split("/"), "", ""]
    return dict(zip(("utm_campaign", "utm_source", "utm_medium"), parts, strict=False))


def ads_frame(*rows: dict[str, Any]) -> pd.DataFrame:
    """Give ad rows as a typed frame with the contract's columns."""
    return ADS.complete(pd.DataFrame([*rows]))


def crm_frame(*rows: dict[str, Any]) -> pd.DataFrame:
    """Give CRM rows as a typed frame with the contract's columns."""
    return CRM.complete(pd.DataFrame([*rows]))
