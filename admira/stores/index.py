"""In which day's partition each opportunity is stored: derived, and checked before it is used."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow
import pyarrow.parquet

from admira.schemas import Table
from admira.stores.partitions import Layout, Partition, encoded, partitions_of


@dataclass(frozen=True, slots=True)
class IdIndex:
    """The ids of a table with the day whose partition holds each.

    ``fingerprints`` has, for each day, what its file looked like when the ids were read from it.
    """

    table: Table
    rows: pd.DataFrame
    fingerprints: dict[str, list[int]]

    def partitions(self, incoming: pd.DataFrame) -> list[Partition]:
        """List the partitions that hold an id of the incoming rows."""
        key = list(self.table.key)
        met = self.rows.merge(incoming[key].drop_duplicates(), on=key, validate="m:1")
        return partitions_of(met, self.table)

    def refreshed(self, layout: Layout) -> "IdIndex":
        """Give the index as the partitions are now; only files that differ are read again."""
        found = {day: layout.fingerprint((day,)) for (day,) in layout.partitions()}
        known = self.fingerprints
        differ = sorted(d for d in found.keys() | known.keys() if found.get(d) != known.get(d))
        if not differ:
            return self
        kept = self.rows[~self.rows["date"].isin(pd.DatetimeIndex(differ))]
        read = layout.read([(day,) for day in differ if day in found], _schema(self.table).names)
        return IdIndex(self.table, pd.concat([kept, read], ignore_index=True), found)

    def encoded(self) -> bytes:
        """Write the index as the bytes of a Parquet file."""
        rows = pyarrow.Table.from_pandas(self.rows, schema=_schema(self.table))
        return encoded(
            rows.replace_schema_metadata({"fingerprints": json.dumps(self.fingerprints)})
        )


def load_index(path: Path, table: Table) -> IdIndex:
    """Read the index; one that is missing or cannot be read is empty, and so is built anew."""
    schema = _schema(table)
    try:
        found = pyarrow.parquet.read_table(pyarrow.BufferReader(path.read_bytes()))
        fingerprints = json.loads(found.schema.metadata[b"fingerprints"])
        rows = found.cast(schema).to_pandas(date_as_object=False)
    except (OSError, pyarrow.ArrowException, ValueError, KeyError, TypeError):
        fingerprints, rows = {}, table.empty()[schema.names]
    return IdIndex(table, rows.astype({n: table[n].dtype for n in schema.names}), fingerprints)


def _schema(table: Table) -> pyarrow.Schema:
    """Give the index's columns: the natural key and the partition."""
    names = (*table.key, *table.partitions)
    return pyarrow.schema([table.arrow().field(name) for name in names])
