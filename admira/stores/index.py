"""In which day's partition each opportunity is stored: derived, and checked before it is used."""

import json
from dataclasses import dataclass

import pandas as pd
import pyarrow
import pyarrow.parquet

from admira.schemas import Table
from admira.stores.files import Fingerprint
from admira.stores.partitions import Partition, encoded, partitions_of


@dataclass(frozen=True, slots=True)
class IdIndex:
    """The ids of a table with the day whose partition holds each.

    ``fingerprints`` has, for each day, what its file looked like when the ids were read from it.
    """

    table: Table
    rows: pd.DataFrame
    fingerprints: dict[str, Fingerprint]

    def partitions(self, incoming: pd.DataFrame) -> list[Partition]:
        """List the partitions that hold an id of the incoming rows."""
        key = list(self.table.key)
        met = self.rows.merge(incoming[key].drop_duplicates(), on=key, validate="m:1")
        return partitions_of(met, self.table)

    def outdated(self, found: dict[str, Fingerprint]) -> list[str]:
        """List the days whose file is not as it was, or is no longer there."""
        known = self.fingerprints
        return sorted(d for d in found.keys() | known.keys() if found.get(d) != known.get(d))

    def replaced(
        self, days: list[str], rows: pd.DataFrame, found: dict[str, Fingerprint]
    ) -> "IdIndex":
        """Give the index with other rows for some days."""
        kept = self.rows[~self.rows["date"].isin(pd.DatetimeIndex(days))]
        fingerprints = {day: f for day, f in self.fingerprints.items() if day not in set(days)}
        together = pd.concat([kept, rows[list(self.rows)]], ignore_index=True)
        return IdIndex(self.table, together, fingerprints | found)

    def encoded(self) -> bytes:
        """Write the index as the bytes of a Parquet file."""
        rows = pyarrow.Table.from_pandas(self.rows, schema=_schema(self.table))
        return encoded(
            rows.replace_schema_metadata({"fingerprints": json.dumps(self.fingerprints)})
        )


def decoded_index(content: bytes | None, table: Table) -> IdIndex:
    """Read an index; one that is missing or cannot be read is empty, and so is built anew."""
    schema = _schema(table)
    try:
        found = pyarrow.parquet.read_table(pyarrow.BufferReader(content or b""))
        written = json.loads(found.schema.metadata[b"fingerprints"])
        fingerprints = {day: tuple(values) for day, values in written.items()}
        rows = found.cast(schema).to_pandas(date_as_object=False)
    except (OSError, pyarrow.ArrowException, ValueError, KeyError, TypeError, AttributeError):
        fingerprints, rows = {}, table.empty()[schema.names]
    return IdIndex(table, rows.astype({n: table[n].dtype for n in schema.names}), fingerprints)


def _schema(table: Table) -> pyarrow.Schema:
    """Give the index's columns: the natural key and the partition."""
    names = (*table.key, *table.partitions)
    return pyarrow.schema([table.arrow().field(name) for name in names])
