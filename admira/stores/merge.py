"""What an upsert changes: which rows, and which partitions."""

from dataclasses import dataclass

import pandas as pd

from admira.core.upsert import upsert
from admira.errors import DataError
from admira.schemas import Table
from admira.stores.base import Upserted


@dataclass(frozen=True, slots=True)
class Merge:
    """The stored rows after an upsert, and what became of them.

    ``changed`` holds the partition columns of every partition whose rows differ from before.
    """

    rows: pd.DataFrame
    changed: pd.DataFrame
    counts: Upserted


def ready(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Give a batch as it is upserted: one row per natural key, the columns that it has, typed.

    Raises
    ------
    SchemaMismatch
        When a column that must exist is missing, or cannot have its type.
    DataError
        When a value is missing where none is allowed.
    """
    table.require(rows.columns, dict.fromkeys([*table.required, *table.partitions]))
    batch = upsert(rows.iloc[:0], rows, kind=table.name)
    holes = batch.isna().sum()
    for column in table.columns:
        if not column.nullable and holes.get(column.name, 0):
            raise DataError(
                f"Every {table.name} row must have a {column.name}; found "
                f"{holes[column.name]} without. Run normalize and validate first."
            )
    return batch


def merge(stored: pd.DataFrame, batch: pd.DataFrame, table: Table) -> Merge:
    """Upsert a batch that is ready into stored rows, and tell what changed.

    ``stored`` needs to hold only the partitions that the batch's keys are in, or were in.
    """
    key, partitions = list(table.key), list(table.partitions)
    rows = upsert(stored, batch, kind=table.name)
    kept = pd.concat([stored, rows]).duplicated(keep=False).to_numpy()
    left, came = stored[~kept[: len(stored)]], rows[~kept[len(stored) :]]
    changed = pd.concat([left[partitions], came[partitions]]).drop_duplicates()
    touched = pd.concat([batch[partitions], changed]).drop_duplicates()
    inserted = len(rows) - int((~stored.duplicated(key)).sum())
    return Merge(
        rows,
        changed,
        Upserted(
            inserted=inserted,
            updated=len(came) - inserted,
            unchanged=len(batch) - len(came),
            partitions_touched=len(touched),
            partitions_rewritten=len(changed),
        ),
    )
