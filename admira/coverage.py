"""What the KPIs of a store cover: the days asked for, as far as it has rows of them."""

from typing import Any

import pandas as pd

from admira.core.coverage import Covered, Days
from admira.core.periods import Period
from admira.schemas import TABLES
from admira.stores.base import Backend
from admira.stores.reading import Reader


def days_of(backend: Backend) -> Days:
    """Give the first and the last day with rows, of ads or of opportunities."""
    found = backend.reading(_days_of)
    return (min(found), max(found)) if found else (None, None)


def _days_of(reader: Reader) -> list[pd.Timestamp]:
    return [pd.Timestamp(day) for table in TABLES.values() for day in reader.days(table)]


def tell_days(
    kpis: pd.DataFrame,
    backend: Backend,
    asked: Days,
    today: pd.Timestamp,
    *,
    whole: Period | None = None,
    rolling: int = 1,
) -> None:
    """Say in the ``attrs`` of a KPI table which days it covers, so that it is known what is whole.

    Parameters
    ----------
    kpis : DataFrame, one row per group
    backend : Backend
        What keeps the rows.
    asked : pair of days
        First and last day asked for, where they are bounded.
    today : Timestamp
        The day that is not over yet.
    whole : Period, optional
        What the days asked for would be if they were whole, where the table has no ``date``.
    rolling : int
        How many periods each sum goes over.
    """
    told: dict[str, Any] = {"covered": Covered.of(asked, days_of(backend), today).said()}
    if whole is not None and "date" not in kpis:
        told["whole"] = [f"{day:%Y-%m-%d}" for day in whole]
    if rolling > 1:
        told["rolling"] = rolling
    kpis.attrs.update(told)
