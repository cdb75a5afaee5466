"""What is measured of Delta Lake, Arrow, pandas and dlt: each function gives the steps to time."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.tables import as_arrow, as_pandas, changed_day, dated, records

Steps = list[Callable[[], Any]]

_PARTITIONS = ["date", "channel"]
_KEY = ["date", "campaign_id", "channel"]


def delta_write(tables: str, lake: str) -> Steps:
    """Write all ads into a new Delta table."""
    from deltalake import write_deltalake

    ads = as_arrow(tables, "ads")
    return [lambda: write_deltalake(lake, ads, partition_by=_PARTITIONS)]


def delta_merge(tables: str, lake: str, turn: int, *, names_partitions: bool = False) -> Steps:
    """Merge the last day's ads into a Delta table on the natural key.

    The predicate may also spell out the day and the channels, which Delta then prunes by.
    """
    from deltalake import DeltaTable

    rows = changed_day(tables, turn)
    days = ", ".join(f"DATE '{day:%Y-%m-%d}'" for day in rows["date"].unique())
    channels = ", ".join(f"'{name}'" for name in rows["channel"].unique())
    same_key = " AND ".join(f"stored.{name} = new.{name}" for name in _KEY)
    pruned = f"{same_key} AND stored.date IN ({days}) AND stored.channel IN ({channels})"
    predicate = pruned if names_partitions else same_key
    incoming = dated(rows)

    def merge() -> int:
        return (
            DeltaTable(lake)
            .merge(incoming, predicate, source_alias="new", target_alias="stored")
            .when_matched_update_all()
            .when_not_matched_insert_all()
            .execute()["num_target_rows_updated"]
        )

    return [merge]


def arrow_write(tables: str, folder: str) -> Steps:
    """Write all ads into partitions with Arrow, as pandas does."""
    import pyarrow
    import pyarrow.dataset

    ads = as_arrow(tables, "ads")
    fields = pyarrow.schema([ads.schema.field(name) for name in _PARTITIONS])

    def write() -> None:
        pyarrow.dataset.write_dataset(
            ads,
            folder,
            format="parquet",
            partitioning=pyarrow.dataset.partitioning(fields, flavor="hive"),
            max_partitions=1_000_000,
        )

    return [write]


def pandas_upsert(tables: str, file: str, turn: int) -> Steps:
    """Read all ads of one Parquet file, put the day's behind, keep the last of each key, write."""
    import pandas as pd

    incoming = changed_day(tables, turn)

    def upsert() -> None:
        rows = pd.concat([pd.read_parquet(file), incoming], ignore_index=True)
        rows.drop_duplicates(_KEY, keep="last").to_parquet(file)

    return [upsert]


def one_file(tables: str, file: str) -> Steps:
    """Write all ads into one Parquet file."""
    return [lambda: as_pandas(tables, "ads").to_parquet(file)]


def dlt_merge(folder: str, ads: str, crm: str) -> Steps:
    """Bring two JSON files into a new DuckDB file with dlt's merge.

    Each file is one page: smaller ones make dlt no faster.
    """
    import dlt
    import dlt.destinations.impl.duckdb.duck
    import dlt.sources.helpers.requests
    import duckdb

    sources = {"ads": (ads, _KEY), "crm": (crm, ["opportunity_id"])}
    database = str(Path(folder) / "dlt.duckdb")

    def read(name: str, path: str) -> Iterator[list[dict[str, Any]]]:
        yield records(path, name)

    def load() -> int:
        Path(folder).mkdir(parents=True)
        pipeline = dlt.pipeline(
            "benchmark",
            destination=dlt.destinations.duckdb(database),
            dataset_name="shop",
            pipelines_dir=folder,
        )
        pipeline.run(
            [
                dlt.resource(
                    read(name, path), name=name, primary_key=key, write_disposition="merge"
                )
                for name, (path, key) in sources.items()
            ]
        )
        with duckdb.connect(database) as connection:
            counts = [connection.table(f"shop.{name}").shape[0] for name in sources]
        return sum(counts)

    return [load]
