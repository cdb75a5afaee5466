"""How tests write raw rows: good but for the cells of one column, each exactly as it is given."""

from typing import Any

import pandas as pd

from admira import normalize
from admira.schemas import ADS, CRM

AD = {
    "date": "2025-08-01",
    "campaign_id": "C-1",
    "channel": "google_ads",
    "clicks": 1,
    "impressions": 10,
    "cost": 2.5,
    "utm_campaign": "sale",
}
OPPORTUNITY = {
    "opportunity_id": "O-1",
    "stage": "lead",
    "amount": 5.0,
    "created_at": "2025-08-01T12:00:00Z",
    "utm_campaign": "sale",
}


def objects(cells: list[Any]) -> pd.Series:
    """Give a column of the cells exactly as they are."""
    column = pd.Series([None] * len(cells), dtype=object)
    for place, cell in enumerate(cells):
        column.array[place] = cell
    return column


def column_of(row: dict[str, Any], name: str, *cells: Any) -> pd.DataFrame:
    """Give raw rows that are good but for the cells of one column."""
    return pd.DataFrame(row, index=range(len(cells)), dtype=object).assign(
        **{name: objects([*cells])}
    )


def ads(name: str, *cells: Any) -> pd.DataFrame:
    return column_of(AD, name, *cells)


def crm(name: str, *cells: Any) -> pd.DataFrame:
    return column_of(OPPORTUNITY, name, *cells)


def problem(raw: pd.DataFrame) -> str:
    """Give the problems of the only row; the frame is well typed all the same."""
    rows = normalize(raw)
    table = ADS if "clicks" in raw else CRM
    assert rows.drop(columns="problems").dtypes.astype(str).to_dict() == {
        name: table[name].dtype for name in rows.columns.drop("problems")
    }
    text: str = rows["problems"].item()
    return text
