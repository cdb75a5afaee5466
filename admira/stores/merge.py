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

    ``changed`` holds the partition columns of every partition whose rows differ from before,
    ``before`` the rows that were replaced, ``inserted`` those that are new.
    """

    rows: pd.DataFrame
    changed: pd.DataFrame
    before: pd.DataFrame
    inserted: pd.DataFrame
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

    ``stored`` needs to hold only the partitions that the batch's keys are in, or were in.  A row
    that is older than the stored one by ``updated_at`` is stale and left out.
    """
    key, partitions = list(table.key), list(table.partitions)
    is_stale = _is_stale(stored, batch, key)
    batch = batch[~is_stale]
    if stored.empty:
        rows, left = table.complete(batch).reset_index(drop=True), stored
        came = inserted = rows
    else:
        rows = upsert(stored, batch, kind=table.name)
        kept = pd.concat([stored, rows]).duplicated(keep=False).to_numpy()
        left, came = stored[~kept[: len(stored)]], rows[~kept[len(stored) :]]
        is_known = pd.concat([left[key], came[key]]).duplicated().to_numpy()[len(left) :]
        inserted = came[~is_known]
    changed = pd.concat([left[partitions], came[partitions]]).drop_duplicates()
    touched = pd.concat([batch[partitions], changed]).drop_duplicates()
    return Merge(
        rows,
        changed,
        left,
        inserted,
        Upserted(
            inserted=len(inserted),
            updated=len(came) - len(inserted),
            unchanged=len(batch) - len(came),
            stale=int(is_stale.sum()),
            partitions_touched=len(touched),
            partitions_rewritten=len(changed),
        ),
    )


def _is_stale(stored: pd.DataFrame, batch: pd.DataFrame, key: list[str]) -> pd.Series:
    """Tell which incoming rows are older than the stored ones, where both say when they changed."""
    never = pd.Series(data=False, index=batch.index)
    if "updated_at" not in batch or stored.empty:
        return never
    known = stored[[*key, "updated_at"]].rename(columns={"updated_at": "stored_at"})
    met = batch[[*key, "updated_at"]].merge(known, "left", key, validate="m:1")
    return (met["updated_at"] < met["stored_at"]).set_axis(batch.index)
