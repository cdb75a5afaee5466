"""Accepted rows for the stores' tests, written with only what a test is about."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from admira.schemas import ADS, CRM, Table
from admira.stores.base import Backend

NOW = datetime(2025, 8, 20, 6, 30, tzinfo=UTC)

AD = {
    "date": "2025-08-01",
    "campaign_id": "C-1",
    "channel": "google_ads",
    "clicks": 10,
    "impressions": 100,
    "cost": 1.5,
    "utm_campaign": "sale",
}
OPPORTUNITY = {
    "opportunity_id": "O-1",
    "stage": "lead",
    "amount": None,
    "created_at": "2025-08-01T09:00:00Z",
    "date": "2025-08-01",
    "utm_campaign": "sale",
}


def typed(table: Table, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Give the rows in the contract's types, with just the columns that they name."""
    if not rows:
        return table.empty()
    return pd.DataFrame(
        {
            name: pd.Series([row[name] for row in rows]).astype(table[name].dtype)
            for name in table.names
            if name in rows[0]
        }
    )


def ads(*rows: Mapping[str, Any]) -> pd.DataFrame:
    """Give ad rows that differ from ``AD`` where said."""
    return typed(ADS, [{**AD, **row} for row in rows])


def crm(*rows: Mapping[str, Any]) -> pd.DataFrame:
    """Give opportunities that differ from ``OPPORTUNITY`` where said, created on their date."""
    return typed(CRM, [{**OPPORTUNITY, **_created(row), **row} for row in rows])


def _created(row: Mapping[str, Any]) -> dict[str, str]:
    return {"created_at": f"{row['date']}T09:00:00Z"} if row.get("date") else {}


def reject(
    store: Backend, *rows: Mapping[str, Any], run_id: str = "r1", now: datetime = NOW
) -> int:
    """Put ad rows into quarantine, by default for their date; give the number of new ones."""
    rejected = pd.DataFrame([{"reasons": "date: not a date", **row} for row in rows], dtype=object)
    return store.quarantine(rejected, kind="ads", source="api", run_id=run_id, now=now)


def fill(store: Backend) -> None:
    """Put a few rows of each table in several partitions, and one into quarantine."""
    store.upsert(ads({}, {"channel": "a/b ñ"}, {"date": "2025-08-02"}))
    store.upsert(crm({}, {"opportunity_id": "O-2", "date": "2025-08-02"}))
    reject(store, {"date": "soon"})
