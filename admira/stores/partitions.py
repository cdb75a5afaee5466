"""Where the partitions of a table are, and how one is written and read back as Parquet."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote, unquote

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet

from admira.errors import StoreError
from admira.schemas import SCHEMA_VERSION, Table
from admira.stores.files import explained

FILE_NAME = "part-0.parquet"

# The values of a table's partition columns, in order, as text: ("2025-08-01", "google_ads").
Partition: TypeAlias = tuple[str, ...]


def partitions_of(rows: pd.DataFrame, table: Table) -> list[Partition]:
    """List the distinct partitions of the rows, in order."""
    distinct = rows[list(table.partitions)].drop_duplicates()
    return sorted(_as_text(distinct, table))


@dataclass(frozen=True, slots=True)
class Layout:
    """The partitions of one table under a folder, Hive style.

    ``<folder>/date=2025-08-01/channel=google_ads/part-0.parquet``; text is percent-quoted.
    """

    folder: Path
    table: Table

    @property
    def schema(self) -> pyarrow.Schema:
        """The columns of each file: the contract's without the partition columns."""
        return _file_schema(self.table)

    def path(self, partition: Partition) -> Path:
        """Give the path of a partition's file."""
        return self.folder.joinpath(*map(_folder_name, self.table.partitions, partition), FILE_NAME)

    def partitions(self, keeps: Callable[[str, str], bool] | None = None) -> list[Partition]:
        """List the partitions that are there, without opening a file.

        ``keeps`` says, of a partition column's name and value, whether to look there.
        """
        found: list[Partition] = [()]
        for name in self.table.partitions:
            found = [
                (*values, value)
                for values in found
                for value in self._values(name, values)
                if keeps is None or keeps(name, value)
            ]
        return [partition for partition in found if self.holds(partition)]

    def holds(self, partition: Partition) -> bool:
        """Tell whether the partition is there, and refuse files that do not belong beside it."""
        found = _entries(self.path(partition).parent)
        for entry in found:
            if entry.name != FILE_NAME or not entry.is_file():
                raise _misplaced(entry)
        return bool(found)

    def fingerprint(self, partition: Partition) -> list[int]:
        """Give what changes whenever the partition's file is replaced."""
        path = self.path(partition)
        with explained(path, "read"):
            found = path.stat()
        return [found.st_size, found.st_mtime_ns, found.st_ino]

    def read(
        self, partitions: Sequence[Partition], names: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Give the rows of the partitions, with the columns named, typed as in the contract."""
        names = self.table.names if names is None else names
        if not partitions:
            return self.table.empty()[list(names)]
        pieces = [self._read_file(partition, names) for partition in partitions]
        rows = pyarrow.concat_tables(pieces)
        places = np.repeat(np.arange(len(pieces)), [len(piece) for piece in pieces])
        for name, values in zip(self.table.partitions, zip(*partitions, strict=True), strict=True):
            if name in names:
                column = self.table.arrow().field(name)
                distinct = pyarrow.array(values, pyarrow.string()).cast(column.type)
                rows = rows.append_column(column, distinct.take(pyarrow.array(places)))
        frame = rows.select(list(names)).to_pandas(date_as_object=False)
        return frame.astype({name: self.table[name].dtype for name in names})

    def files(self, rows: pd.DataFrame) -> Iterator[tuple[Path, bytes]]:
        """Give the path and content of each partition of the rows, in natural-key order."""
        partitions = list(self.table.partitions)
        ordered = rows.sort_values([*partitions, *self.table.key], ignore_index=True)
        arrow = pyarrow.Table.from_pandas(ordered, schema=self.schema, preserve_index=False)
        arrow = arrow.replace_schema_metadata(self.schema.metadata)
        values = ordered[partitions]
        firsts = np.flatnonzero((values != values.shift()).any(axis=1))
        bounds = pairwise([*firsts, len(ordered)])
        named = _as_text(values.iloc[firsts], self.table)
        for partition, (first, last) in zip(named, bounds, strict=True):
            yield self.path(partition), encoded(arrow.slice(first, last - first))

    def _values(self, name: str, above: Partition) -> list[str]:
        """List the values of a partition column that have a folder, under those of the others."""
        names = self.table.partitions[: len(above)]
        folder = self.folder.joinpath(*map(_folder_name, names, above))
        values = []
        for entry in _entries(folder):
            value = unquote(entry.name.partition("=")[2])
            is_valid = _is_day(value) if self.table[name].type == "day" else value != ""
            if not (is_valid and entry.is_dir() and entry.name == _folder_name(name, value)):
                raise _misplaced(entry)
            values.append(value)
        return values

    def _read_file(self, partition: Partition, names: Sequence[str]) -> pyarrow.Table:
        """Read the columns of one file; refuse it unless it holds just the contract's."""
        path = self.path(partition)
        wanted = pyarrow.schema([field for field in self.schema if field.name in names])
        with explained(path, "read"):
            content = path.read_bytes()
        try:
            with pyarrow.parquet.ParquetFile(pyarrow.BufferReader(content)) as file:
                self._check_columns(file.schema_arrow.names, path)
                rows = file.read(wanted.names, use_threads=False)
            return rows.select(wanted.names).cast(wanted)
        except (pyarrow.ArrowException, OSError, ValueError) as error:
            raise StoreError(
                f"{path} is no Parquet file with the {self.table.name} columns in their types: "
                f"{error}. {_REMEDY}"
            ) from error

    def _check_columns(self, found: Sequence[str], path: Path) -> None:
        """Refuse a file that has other columns than the contract's."""
        if sorted(found) != sorted(self.schema.names):
            raise StoreError(
                f"{path} should hold the columns {', '.join(self.schema.names)}; "
                f"found {', '.join(found)}. {_REMEDY}"
            )


_REMEDY = "Restore the file from a backup, or remove it and ingest that day again."


@cache
def _file_schema(table: Table) -> pyarrow.Schema:
    """Give the table's Arrow schema without its partition columns."""
    fields = [field for field in table.arrow() if field.name not in table.partitions]
    return pyarrow.schema(fields, metadata={"schema_version": SCHEMA_VERSION})


def _folder_name(name: str, value: str) -> str:
    """Write a partition column and its value as a folder's name."""
    return f"{name}={quote(value, safe='')}"


def _is_day(value: str) -> bool:
    """Tell whether the text is a day as the folders write it."""
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _as_text(values: pd.DataFrame, table: Table) -> list[Partition]:
    """Give the rows' partitions as text, row by row."""
    columns = [
        values[name].dt.strftime("%Y-%m-%d") if table[name].type == "day" else values[name]
        for name in table.partitions
    ]
    return list(zip(*columns, strict=True))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """List what is in a folder by name, without the marks that systems and tools leave."""
    with explained(folder, "read"):
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except FileNotFoundError:
            return []
    return [
        entry for entry in found if entry.name[0] not in "._" or entry.name.endswith(".parquet")
    ]


def _misplaced(entry: os.DirEntry[str]) -> StoreError:
    """Give the error about a file or folder that no store would have put there."""
    return StoreError(
        f"{entry.path} does not belong in a store, whose files are all named like "
        f"date=2025-08-01/{FILE_NAME}; other engines would read it as data. Move it elsewhere."
    )


def encoded(rows: pyarrow.Table) -> bytes:
    """Write rows as the bytes of a Parquet file."""
    with pyarrow.BufferOutputStream() as stream:
        pyarrow.parquet.write_table(rows, stream)
        return stream.getvalue().to_pybytes()
