"""How the partitions of a table are named, and how one is written and read back as Parquet."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from typing import TypeAlias
from urllib.parse import quote, unquote

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet

from admira.errors import StoreError
from admira.schemas import SCHEMA_VERSION, TABLES, Table
from admira.schemas.versions import forms_of, names_under
from admira.stores.files import Enters
from admira.stores.journal import OWN
from admira.stores.quarantine import QUARANTINE
from admira.stores.settings import require_known

FILE_NAME = "part-0.parquet"

# The values of a table's partition columns, in order, as text: ("2025-08-01", "google_ads").
Partition: TypeAlias = tuple[str, ...]

# Says of a partition column's name and value whether rows of it are asked for.
Keeps: TypeAlias = Callable[[str, str], bool]


def partitions_of(rows: pd.DataFrame, table: Table) -> list[Partition]:
    """List the distinct partitions of the rows, in order; a table without columns has one."""
    distinct = rows[list(table.partitions)].drop_duplicates()
    return sorted(_as_text(distinct, table)) if table.partitions else [()]


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one table's partitions, Hive style, under the root of a store.

    ``ads/date=2025-08-01/channel=google_ads/part-0.parquet``; text is percent-quoted.  What is
    not for everyone's eyes stands under ``_admira/``.  ``name`` writes a path as people know it.
    """

    table: Table
    name: Callable[[str], str] = str

    @property
    def folder(self) -> str:
        """The table's folder."""
        name = self.table.name
        return name if name in TABLES or self.table is QUARANTINE else f"{OWN}/{name}"

    @property
    def schema(self) -> pyarrow.Schema:
        """The columns of each file: the contract's without the partition columns."""
        return _file_schema(self.table)

    def path(self, partition: Partition) -> str:
        """Give the path of a partition's file."""
        folders = map(_folder_name, self.table.partitions, partition)
        return "/".join((self.folder, *folders, FILE_NAME))

    def partition(self, path: str) -> Partition:
        """Give the partition whose file has that path; refuse one that no store would write."""
        *folders, name = path[len(self.folder) + 1 :].split("/")
        if name != FILE_NAME or len(folders) != len(self.table.partitions):
            raise _misplaced(self.name(path))
        return tuple(map(_value_of, folders))

    def enters(self, keeps: Keeps | None) -> Enters:
        """Say which folders to look into; refuse those that no store would make."""

        @cache  # channels repeat under every day
        def enters_last(folder: str, depth: int) -> bool:
            name = self.table.partitions[depth - 1]
            value = _value_of(folder)
            is_valid = _is_day(value) if self.table[name].type == "day" else value != ""
            if not is_valid or folder != _folder_name(name, value):
                raise ValueError
            return keeps is None or keeps(name, value)

        def enters(folders: tuple[str, ...]) -> bool:
            try:
                return enters_last(folders[-1], len(folders))
            except (ValueError, IndexError):
                raise _misplaced(self.name("/".join((self.folder, *folders)))) from None

        return enters

    def keeps(self, keeps: Keeps | None, partition: Partition) -> bool:
        """Tell whether a partition can hold rows asked for."""
        return keeps is None or all(map(keeps, self.table.partitions, partition))

    def decoded(self, content: bytes, names: Sequence[str], name: str) -> pyarrow.Table:
        """Read columns of one file; refuse it unless it holds just the contract's.

        A file of an earlier minor version holds those of its time; the others are null.
        """
        wanted = pyarrow.schema([field for field in self.schema if field.name in names])
        try:
            with pyarrow.parquet.ParquetFile(pyarrow.BufferReader(content)) as file:
                found = file.schema_arrow
                self._check_columns(found.names, _version_of(found.metadata, name), name)
                held = [each for each in wanted.names if each in found.names]
                rows = file.read(held, use_threads=False)
            if len(held) < len(wanted):
                rows = _with_nulls(rows, wanted)
            return rows if rows.schema.equals(wanted) else rows.select(wanted.names).cast(wanted)
        except (pyarrow.ArrowException, OSError, ValueError) as error:
            raise StoreError(
                f"{name} is no Parquet file with the {self.table.name} columns in their types: "
                f"{error}. {_REMEDY}"
            ) from error

    def _check_columns(self, found: Sequence[str], version: str | None, name: str) -> None:
        """Refuse a file that has other columns than the contract's, as of its version.

        A file that says none is another tool's, which may know the contract of any time.
        """
        if sorted(found) == sorted(self.schema.names) and version in (None, SCHEMA_VERSION):
            return
        named = forms_of(self.table) if version is None else [names_under(self.table, version)]
        if not any(sorted(found) == sorted(self._in_files(each)) for each in named):
            raise StoreError(
                f"{name} should hold the columns {', '.join(self.schema.names)}; "
                f"found {', '.join(found)}. {_REMEDY}"
            )

    def _in_files(self, names: Sequence[str]) -> list[str]:
        """Leave out the partition columns."""
        return [name for name in names if name not in self.table.partitions]

    def is_complete(self, content: bytes) -> bool:
        """Tell whether a file that can be read holds all columns of the contract as it is today."""
        with pyarrow.parquet.ParquetFile(pyarrow.BufferReader(content)) as file:
            return set(self.schema.names) <= set(file.schema_arrow.names)

    def together(
        self, pieces: Mapping[Partition, pyarrow.Table], names: Sequence[str]
    ) -> pyarrow.Table:
        """Give the rows of several partitions as one table, partition columns included."""
        wanted = pyarrow.schema([field for field in self.table.arrow() if field.name in names])
        if not pieces:
            return wanted.empty_table()
        rows = pyarrow.concat_tables(pieces.values())
        if set(names) & set(self.table.partitions):
            places = np.repeat(np.arange(len(pieces)), [len(each) for each in pieces.values()])
            for name, values in zip(self.table.partitions, zip(*pieces, strict=True), strict=True):
                if name in names:
                    distinct = pyarrow.array(values, pyarrow.string()).cast(wanted.field(name).type)
                    column = distinct.take(pyarrow.array(places))
                    rows = rows.append_column(wanted.field(name), column)
        return rows.select(wanted.names)

    def parts(self, rows: pd.DataFrame) -> Iterator[tuple[Partition, pyarrow.Table]]:
        """Give each partition of the rows with what its file holds, in natural-key order."""
        partitions = list(self.table.partitions)
        ordered = rows.sort_values([*partitions, *self.table.key], ignore_index=True)
        arrow = pyarrow.Table.from_pandas(ordered, schema=self.schema, preserve_index=False)
        arrow = arrow.replace_schema_metadata(self.schema.metadata)
        if not partitions:
            yield (), arrow
            return
        values = ordered[partitions]
        firsts = np.flatnonzero((values != values.shift()).any(axis=1))
        bounds = pairwise([*firsts, len(ordered)])
        named = _as_text(values.iloc[firsts], self.table)
        for partition, (first, last) in zip(named, bounds, strict=True):
            yield partition, arrow.slice(first, last - first)


_FEW = 256
_REMEDY = "Restore the file from a backup, or remove it and ingest that day again."


def _version_of(said: Mapping[bytes, bytes] | None, name: str) -> str | None:
    """Give the version that a file says it is of; refuse one that is not known."""
    stated = (said or {}).get(b"schema_version")
    version = None if stated is None else stated.decode(errors="replace")
    if version not in (None, SCHEMA_VERSION):
        require_known(version, name)
    return version


def _with_nulls(rows: pyarrow.Table, wanted: pyarrow.Schema) -> pyarrow.Table:
    """Give rows of an earlier version with the columns that came later, all of them null."""
    for field in wanted:
        if field.name not in rows.column_names:
            rows = rows.append_column(field, pyarrow.nulls(len(rows), field.type))
    return rows


def rows_move(table: Table) -> bool:
    """Tell whether a row can change its partition and keep its natural key."""
    return table.name in TABLES and not set(table.partitions) <= set(table.key)


def encoded(rows: pyarrow.Table) -> bytes:
    """Write rows as the bytes of a Parquet file; for few rows a dictionary costs time and space."""
    with pyarrow.BufferOutputStream() as stream:
        pyarrow.parquet.write_table(rows, stream, use_dictionary=len(rows) > _FEW)
        return stream.getvalue().to_pybytes()


@cache
def _file_schema(table: Table) -> pyarrow.Schema:
    """Give the table's Arrow schema without its partition columns."""
    fields = [field for field in table.arrow() if field.name not in table.partitions]
    return pyarrow.schema(fields, metadata={"schema_version": SCHEMA_VERSION})


@cache
def _folder_name(name: str, value: str) -> str:
    """Write a partition column and its value as a folder's name."""
    return f"{name}={quote(value, safe='')}"


@cache
def _value_of(folder: str) -> str:
    """Read the value out of a folder's name."""
    return unquote(folder.partition("=")[2])


@cache
def _is_day(value: str) -> bool:
    """Tell whether the text is a day as the folders write it."""
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _as_text(values: pd.DataFrame, table: Table) -> list[Partition]:
    """Give the rows' partitions as text, row by row."""
    columns = [
        values[name].dt.strftime("%Y-%m-%d")
        if table[name].type == "day"
        else values[name].astype("str")
        for name in table.partitions
    ]
    return list(zip(*columns, strict=True))


def _misplaced(path: str) -> StoreError:
    """Give the error about a file or folder that no store would have put there."""
    return StoreError(
        f"{path} does not belong in a store, whose files are all named like "
        f"date=2025-08-01/{FILE_NAME}; other engines would read it as data. Move it elsewhere."
    )
