"""The tables that everything is measured on, written once and read before the clock starts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow

# What KPIs by channel must read, whatever reads it.
_NEEDED = {
    "ads": (
        "date",
        "channel",
        "campaign_id",
        "utm_campaign",
        "utm_source",
        "utm_medium",
        "clicks",
        "impressions",
        "cost",
    ),
    "crm": ("date", "utm_campaign", "utm_source", "utm_medium", "stage", "amount", "entry_stage"),
}
_ENVELOPES = {"ads": "performance", "crm": "opportunities"}
_MEGABYTE = 1_000_000


def build(tables: str, rows: int, opportunities: int, days: int) -> list[Callable[[], Any]]:
    """Write ads, crm and the ads of the last day as a Parquet file each."""
    from admira.datasets import large

    def make() -> int:
        ads, crm = large(rows, opportunities, days=days)
        last = ads[ads["date"] == ads["date"].max()]
        folder = Path(tables)
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in {"ads": ads, "crm": crm, "day": last}.items():
            table.reset_index(drop=True).to_parquet(folder / f"{name}.parquet")
        return len(ads)

    return [make]


def build_json(tables: str, rows: int, opportunities: int, days: int) -> list[Callable[[], Any]]:
    """Write ads and crm as the API's answers, a JSON file each."""
    from admira.datasets import large

    def make() -> int:
        folder = Path(tables)
        folder.mkdir(parents=True, exist_ok=True)
        received = large(rows, opportunities, days=days, as_received=True)
        for (name, inner), table in zip(_ENVELOPES.items(), received, strict=True):
            answer = {"external": {name: {inner: table.to_dict("records")}}}
            (folder / f"{name}.json").write_text(json.dumps(answer), encoding="utf-8")
        return sum(map(len, received))

    return [make]


def records(path: str, name: str) -> list[dict[str, Any]]:
    """Read the records of an API's answer."""
    answer = json.loads(Path(path).read_text(encoding="utf-8"))
    return answer["external"][name][_ENVELOPES[name]]


def as_pandas(tables: str, name: str) -> "pd.DataFrame":
    """Read a table with the contract's dtypes."""
    import pandas as pd

    return pd.read_parquet(Path(tables) / f"{name}.parquet")


def as_arrow(tables: str, name: str) -> "pyarrow.Table":
    """Read a table with days as DATE, as partitions and other engines know them."""
    return dated(as_pandas(tables, name))


def dated(rows: "pd.DataFrame") -> "pyarrow.Table":
    """Give rows to Arrow, with days as DATE."""
    import pyarrow

    table = pyarrow.Table.from_pandas(rows, preserve_index=False)
    days = [name for name, dtype in rows.dtypes.items() if dtype == "datetime64[us]"]
    for name in days:
        place = table.column_names.index(name)
        table = table.set_column(place, name, table[name].cast(pyarrow.date32()))
    return table


def changed_day(tables: str, turn: int) -> "pd.DataFrame":
    """Give the last day's ads with clicks and cost that differ from turn to turn."""
    day = as_pandas(tables, "day")
    return day.assign(
        clicks=day["clicks"] + turn + 1,
        impressions=day["impressions"] + turn + 1,
        cost=(day["cost"] + 0.01 * (turn + 1)).round(2),
    )


def needed_megabytes(tables: str) -> list[Callable[[], Any]]:
    """Say how large the columns are in memory that KPIs by channel need, as plain Arrow."""

    def measure() -> float:
        sizes = [as_arrow(tables, name).select(names).nbytes for name, names in _NEEDED.items()]
        return sum(sizes) / _MEGABYTE

    return [measure]
