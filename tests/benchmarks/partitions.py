"""A store of any size, generated month by month straight to its partitions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

_MONTH = 30


def build(store: str, rows: int, opportunities: int, days: int) -> list[Callable[[], Any]]:
    """Write a store's partitions; only its first month goes through a commit."""
    import pandas as pd

    import admira
    from admira.datasets import large
    from admira.schemas import ADS, CRM
    from admira.stores.partitions import Layout, encoded

    def make() -> int:
        months, written = max(1, days // _MONTH), 0
        for month in range(months):
            drawn = large(rows // months, opportunities // months, days=_MONTH, seed=month)
            for table, part in zip((ADS, CRM), drawn, strict=True):
                moved = part.assign(
                    **{
                        name: part[name] + pd.Timedelta(days=_MONTH * month)
                        for name, dtype in part.dtypes.items()
                        if "datetime" in str(dtype)
                    }
                )
                if table is CRM:
                    moved["opportunity_id"] = f"{month:03}-" + moved["opportunity_id"]
                if month == 0:
                    admira.open_store(store).upsert(moved)
                    continue
                for partition, held in Layout(table).parts(moved):
                    path = Path(store, Layout(table).path(partition))
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(encoded(held))
            written += len(drawn[0])
        return written

    return [make]
