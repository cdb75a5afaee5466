"""A very large first load: normalised and validated as a Spark job, written by the store."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pyarrow

from admira.core.frames import typed
from admira.core.normalize import normalize
from admira.core.validate import validate
from admira.engines.plan import failed
from admira.engines.spark import Spark, quiet
from admira.schemas import Kind, Table, table_of
from admira.stores.base import Backend, Upserted
from admira.stores.quarantine import described

_PLACE = "place in the pull"
_REASONS = "rejected for"
_RECEIVED = "row as received"
_REPEATS = "later rows of the key"


@dataclass(frozen=True, slots=True)
class Backfilled:
    """What a backfill did; fetched = accepted + rejected + repeated.

    Attributes
    ----------
    fetched : int
        Rows that came.
    accepted : int
        Rows that were handed to the store.
    rejected : int
        Rows that went to quarantine.
    repeated : int
        Good rows whose natural key came again further down: the last one counts.
    commits : int
        How many commits it took.
    upserted : Upserted
        What became of the rows accepted.
    """

    fetched: int
    accepted: int
    rejected: int
    repeated: int
    commits: int
    upserted: Upserted


def backfill(
    backend: Backend,
    raw: Any,
    *,
    kind: Kind | None = None,
    source: str = "backfill",
    rows_a_commit: int = 1_000_000,
) -> Backfilled:
    """Check raw rows on Spark's workers and hand them to the store; see ``Store.backfill``."""
    table, spark = table_of(raw.columns, kind), Spark(raw.sparkSession)
    table.require(raw.columns)
    checked = _checked(raw, table, backend.tz)
    try:
        counts = _counted(checked)
        _quarantine(backend, checked, table, source)
        return _written(backend, checked, counts, rows_a_commit)
    except spark.errors as error:
        raise failed(spark, error) from error
    finally:
        checked.unpersist()


def _checked(raw: Any, table: Table, tz: str) -> Any:
    """Give every row in the contract's types and what speaks against it, on the workers' disks."""
    from pyspark import StorageLevel
    from pyspark.sql import Window
    from pyspark.sql import functions as sql
    from pyspark.sql.pandas.types import from_arrow_schema

    schema = _schema(raw.columns, table, tz)
    placed = raw.withColumn(_PLACE, sql.monotonically_increasing_id())
    with quiet():
        rows = placed.mapInArrow(_check(table, tz, schema), from_arrow_schema(schema))
    if_rejected = sql.when(sql.col(_REASONS).isNotNull(), sql.col(_PLACE))
    same_key = Window.partitionBy(*table.key, if_rejected).orderBy(sql.col(_PLACE).desc())
    turns = rows.withColumn(_REPEATS, sql.row_number().over(same_key) - 1)
    return turns.repartitionByRange("date").persist(StorageLevel.DISK_ONLY)


def _schema(columns: list[str], table: Table, tz: str) -> pyarrow.Schema:
    """Give what a worker gives back: the contract's columns that there will be, and the verdict."""
    nothing = pd.DataFrame(columns=columns, dtype=object)
    present = normalize(nothing, kind=table.name, tz=tz).columns
    contract = [(field.name, field.type) for field in table.arrow() if field.name in present]
    verdict = {_PLACE: pyarrow.int64(), _REASONS: pyarrow.string(), _RECEIVED: pyarrow.string()}
    return pyarrow.schema([*contract, *verdict.items()])


def _check(
    table: Table, tz: str, schema: pyarrow.Schema
) -> Callable[[Iterator[pyarrow.RecordBatch]], Iterator[pyarrow.RecordBatch]]:
    """Give what a worker does to its rows: the same functions as everywhere, batch by batch."""

    def check(batches: Iterator[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        for batch in batches:
            placed = pyarrow.Table.from_batches([batch]).to_pandas().astype(object)
            yield from _verdicts(placed.where(placed.notna(), None), table, tz, schema).to_batches()

    return check


def _verdicts(placed: pd.DataFrame, table: Table, tz: str, schema: pyarrow.Schema) -> pyarrow.Table:
    """Normalise and validate raw rows; those rejected keep what was received."""
    kind: Any = table.name
    rows = normalize(placed.drop(columns=_PLACE), kind=kind, tz=tz)
    accepted, rejected = validate(rows, kind=kind, raw=placed)
    is_rejected = placed[_PLACE].isin(rejected[_PLACE]).to_numpy()
    good = accepted.assign(**{_PLACE: placed.loc[~is_rejected, _PLACE].to_numpy("int64")})
    kept = described(
        rejected.drop(columns=_PLACE), kind=kind, source="", run_id="", now=datetime.now(UTC)
    )
    bad = {_PLACE: rejected[_PLACE], _REASONS: kept["reasons"], _RECEIVED: kept["row"]}
    parts = [schema.empty_table()]
    for part in (good, pd.DataFrame(bad)):
        own = pyarrow.schema([field for field in schema if field.name in part])
        parts.append(pyarrow.Table.from_pandas(part, own, preserve_index=False))
    return pyarrow.concat_tables(parts, promote_options="default")


def _counted(checked: Any) -> pd.DataFrame:
    """Count the rows of each day, those rejected and those repeated; this runs the job."""
    from pyspark.sql import functions as sql

    is_rejected = sql.col(_REASONS).isNotNull()
    return (
        checked.groupBy("date")
        .agg(
            sql.count(sql.lit(1)).alias("fetched"),
            sql.count_if(is_rejected).alias("rejected"),
            sql.count_if(~is_rejected & (sql.col(_REPEATS) > 0)).alias("repeated"),
        )
        .orderBy("date")
        .toArrow()
        .to_pandas(date_as_object=True)
    )


def _quarantine(backend: Backend, checked: Any, table: Table, source: str) -> None:
    """Keep the rejected rows as received, in a commit of their own."""
    from pyspark.sql import functions as sql

    kind: Any = table.name
    rejected = checked.where(sql.col(_REASONS).isNotNull()).select(_REASONS, _RECEIVED).toArrow()
    if not len(rejected):
        return
    received = pd.DataFrame([json.loads(row) for row in rejected[_RECEIVED].to_pylist()])
    with backend.transaction() as commit:
        reasons = rejected[_REASONS].to_pylist()
        commit.quarantine(received.assign(reasons=reasons), kind=kind, source=source)


def _written(
    backend: Backend, checked: Any, counts: pd.DataFrame, rows_a_commit: int
) -> Backfilled:
    """Upsert the accepted rows, some days at a time."""
    from pyspark.sql import functions as sql

    sums = {name: int(counts[name].sum()) for name in ("fetched", "rejected", "repeated")}
    accepted = counts["fetched"] - counts["rejected"] - counts["repeated"]
    turn = (accepted.cumsum() - accepted) // rows_a_commit
    good = checked.where(sql.col(_REASONS).isNull() & (sql.col(_REPEATS) == 0))
    table = table_of(checked.columns)
    done: list[Upserted] = []
    for _, days in counts["date"].where(accepted > 0).groupby(turn):
        if days.notna().any():
            on_days = sql.col("date").between(days.dropna().iloc[0], days.dropna().iloc[-1])
            rows = good.where(on_days).drop(_PLACE, _REASONS, _RECEIVED, _REPEATS).toArrow()
            done.append(backend.upsert(typed(rows, table)))
    total = Upserted(*(sum(getattr(each, f.name) for each in done) for f in fields(Upserted)))
    return Backfilled(accepted=int(accepted.sum()), commits=len(done), upserted=total, **sums)
