"""Whether all who are measured give the same KPIs: admira, DuckDB, polars and pandas."""

from collections.abc import Callable
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.benchmarks.tables import as_pandas

if TYPE_CHECKING:
    import pandas as pd

_CENT = 0.005


def agree(tables: str, store: str, start: str) -> list[Callable[[], Any]]:
    """Compare the KPIs of all who are measured, for every question that is asked."""

    def compare() -> str:
        found = [
            f"{who} by {', '.join(by)}: {difference}"
            for by, first in questions(start)
            for who, difference in differences(tables, store, by, first).items()
            if difference
        ]
        return "; ".join(found) or "equal"

    return [compare]


def questions(start: str) -> list[tuple[list[str], str | None]]:
    """List what is asked for: dimensions, and the first day where there is one."""
    return [
        (["channel"], None),
        (["channel"], start),
        (["date", "channel", "campaign_id"], None),
    ]


def differences(tables: str, store: str, by: list[str], start: str | None) -> dict[str, str]:
    """Say in which column each rival's KPIs differ from admira's; an empty text for none."""
    import admira

    window = {} if start is None else {"start": start}
    ours = admira.open_store(store).metrics(by=by, **window)
    return {
        who: _difference(ours, theirs, by)
        for who, theirs in _rival_kpis(tables, store, by, start).items()
    }


def _rival_kpis(
    tables: str, store: str, by: list[str], start: str | None
) -> dict[str, "pd.DataFrame"]:
    """Work out the same KPIs with every rival that is installed."""
    found = {}
    if find_spec("duckdb"):
        import duckdb

        from tests.benchmarks.kpis_duckdb import Files, kpi_query

        with duckdb.connect() as connection:
            query = kpi_query(Files.partitions(store), by, start)
            found["DuckDB"] = connection.execute(query).df()
    if find_spec("polars"):
        from tests.benchmarks.kpis_polars import kpis as polars_kpis

        first = None if start is None else date.fromisoformat(start)
        found["polars"] = polars_kpis(Path(store), by, first).to_pandas()
    if start is None:
        from tests.benchmarks.kpis_pandas import kpis as pandas_kpis

        found["pandas"] = pandas_kpis(as_pandas(tables, "ads"), as_pandas(tables, "crm"), by)
    return found


def _difference(ours: "pd.DataFrame", theirs: "pd.DataFrame", by: list[str]) -> str:
    """Name the first column that differs by a cent, or by a billionth of a large number."""
    if len(ours) != len(theirs):
        return f"{len(theirs)} rows instead of {len(ours)}"
    for name in ours:
        if name in by:
            is_same = (ours[name].astype("str") == theirs[name].astype("str")).all()
        else:
            here, there = (side[name].astype("Float64") for side in (ours, theirs))
            is_same = np.allclose(
                here.to_numpy("float64", na_value=np.nan),
                there.to_numpy("float64", na_value=np.nan),
                rtol=1e-9,
                atol=_CENT if name in ("cost", "revenue") else 1e-6,
                equal_nan=True,
            )
        if not is_same:
            return f"{name} differs"
    return ""
