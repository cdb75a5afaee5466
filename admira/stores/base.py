"""What every store can do, whatever it keeps its rows in."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeVar

import pandas as pd

from admira.core.frames import typed
from admira.errors import StoreError
from admira.schemas import TAGS, Kind, Table, table_of
from admira.showing import html_of
from admira.stores.quarantine import QUARANTINE, in_order
from admira.stores.reading import Reader
from admira.stores.selection import select

if TYPE_CHECKING:
    from admira.stores.transaction import Transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Upserted:
    """What one upsert did, counted in natural keys and in partitions.

    A key that occurs several times in a batch counts once, as its last row.

    Attributes
    ----------
    inserted, updated, unchanged : int
        Keys that were new, that were stored with other values, that were stored as they came.
    stale : int
        Keys stored with a later ``updated_at``; not written.
    expired : int
        Keys of days that the store no longer keeps; not written.
    partitions_touched : int
        Partitions that hold a key of the batch, or held one before.
    partitions_rewritten : int
        Those among them whose rows changed; no other was written or removed.
    """

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    stale: int = 0
    expired: int = 0
    partitions_touched: int = 0
    partitions_rewritten: int = 0

    def _repr_html_(self) -> str:
        """Say the same in a notebook, in words."""
        return html_of(self)


class Backend(ABC):
    """Keeps the tables; the ``Store`` that users hold stands above.

    A back end gives a consistent view of all tables to :meth:`reading`, and a transaction over
    all of them, all or nothing, to :meth:`transaction`.  It never changes the frames it is given,
    and nothing done to a frame it gave reaches the stored rows.
    """

    @property
    @abstractmethod
    def tz(self) -> str:
        """The reporting time zone, fixed when the store is created."""

    @property
    @abstractmethod
    def is_made(self) -> bool:
        """Whether the store is there already, or would be made by its first commit."""

    @abstractmethod
    def transaction(
        self, *, run_id: str | None = None, now: datetime | None = None
    ) -> AbstractContextManager["Transaction"]:
        """Begin a commit: what is done in it counts at its end, all of it or, on an error, none.

        Parameters
        ----------
        run_id : str, optional
            The run whose commit it is; a new one by default.
        now : datetime, optional
            The instant to record, with a time zone; the clock's by default.

        Raises
        ------
        StoreError
            When somebody else is writing for longer than the store waits, or it cannot be written.
        """

    @abstractmethod
    def reading(self, load: Callable[[Reader], T]) -> T:
        """Give what ``load`` reads, all of it as of one commit.

        ``load`` may be called more than once, so it should only read and leave the work to others.

        Raises
        ------
        StoreError
            When the store cannot be read.
        """

    def following_commits(self) -> "Backend":
        """Give the same back end, which looks for files once and then only where commits say so.

        What anything but admira does to the files meanwhile may not be seen.
        """
        return self

    @abstractmethod
    def archive(self, first: date, to: str | None, *, is_dry_run: bool) -> pd.DataFrame:
        """Move partitions of days before ``first`` to the archive; see ``Store.archive``."""

    @abstractmethod
    def outdated(self, kind: Kind, first: date) -> pd.DataFrame:
        """List the partitions of days before one: ``kind``, ``date``, ``channel``, ``path``."""

    @abstractmethod
    def sweep_archive(self) -> None:
        """Remove from the archive, where there is one, what the store no longer keeps."""

    @abstractmethod
    def repair(self) -> None:
        """Finish what was left undone, and work out anew whatever is derived."""

    def upsert(self, rows: pd.DataFrame, *, kind: Kind | None = None) -> Upserted:
        """Insert rows, and replace those with the same natural key: the last one wins.

        Running it twice is the same as running it once.

        Parameters
        ----------
        rows : DataFrame, accepted rows of one table
            A column that is absent keeps its stored values; a null in a present one replaces.
        kind : {"ads", "crm"}, optional
            Which table; by default the key column tells.

        Returns
        -------
        Upserted
            What was inserted, updated and left alone.

        Raises
        ------
        DataError
            When a column that must exist is missing, has another type, or holds a missing value
            where none is allowed.
        StoreError
            When the store cannot be read or written.
        """
        from admira.stores.merge import ready

        table = table_of(rows.columns, kind)
        batch = ready(rows, table)
        if batch.empty:
            return Upserted()
        with self.transaction() as commit:
            return commit.upsert_ready(batch, table)

    def read(
        self,
        kind: Kind,
        *,
        start: date | str | None = None,
        end: date | str | None = None,
        channel: str | Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Give the rows of one table, typed; nothing to read gives a typed empty frame.

        Parameters
        ----------
        kind : {"ads", "crm"}
            Which table.
        start, end : date or str, optional
            First and last day, both included.
        channel : str or list of str, optional
            Only for ads; compared after the same normalisation as the rows.
        columns : list of str, optional
            The columns to give, in that order; by default all of the contract.

        Returns
        -------
        DataFrame
            Rows in natural-key order, with a fresh index.

        Raises
        ------
        OptionError
            When ``kind`` is no table or a day is no day.
        SchemaMismatch
            When a column is not in the contract, or crm is asked for a channel.
        StoreError
            When the store cannot be read.
        """
        table = table_of((), kind)
        wanted = select(table, start=start, end=end, channel=channel, columns=columns)
        asked = replace(wanted, columns=tuple(dict.fromkeys((*wanted.columns, *table.key))))
        rows = self.reading(lambda reader: reader.scan(asked))
        if table.key[0] != "date":  # days in order are in key order already
            rows = rows.sort_by([(name, "ascending") for name in table.key])
        return typed(rows.select(list(wanted.columns)), table)

    def rows(self, table: Table) -> pd.DataFrame:
        """Give a whole table of the store's own, such as its runs."""
        return self.reading(lambda reader: reader.rows(table))

    def quarantine(
        self, rejected: pd.DataFrame, *, kind: Kind, source: str, run_id: str, now: datetime
    ) -> int:
        """Keep rejected rows as they were received, each distinct one once.

        Parameters
        ----------
        rejected : DataFrame
            The values as received, and a text column ``reasons``.
        kind : {"ads", "crm"}
            The table that refused them.
        source, run_id : str
            Where they came from, and the run that met them.
        now : datetime
            The instant to record, with a time zone.

        Returns
        -------
        int
            How many of them had not been seen before with the same reasons.
        """
        if rejected.empty:
            return 0
        with self.transaction(run_id=run_id, now=now) as commit:
            return commit.quarantine(rejected, kind=kind, source=source)

    def read_quarantine(self, *, kind: Kind | None = None) -> pd.DataFrame:
        """Give the rejected rows, of one table or both, in the order they were first seen."""
        rows = self.rows(QUARANTINE)
        return in_order(rows if kind is None else rows[rows["kind"] == kind])

    def upsert_tags(self, sheet: pd.DataFrame) -> int:
        """Keep the rows of a UTM sheet; one that is there already gets the new ``valid_from``.

        Parameters
        ----------
        sheet : DataFrame
            Rows of the tags table.

        Returns
        -------
        int
            How many rows are new or changed; none written otherwise.
        """
        if sheet.empty:
            return 0
        with self.transaction() as commit:
            return commit.upsert_tags(sheet)

    def read_tags(self) -> pd.DataFrame:
        """Give the tags table: the triples that campaigns are also known under."""
        return self.rows(TAGS)


B = TypeVar("B", bound=Backend)


def pinned(backend: B, reader: Reader) -> B:
    """Give a back end that reads all it is asked for with one reader, and writes nothing."""

    def read(load: Callable[[Reader], T]) -> T:
        return load(reader)

    def refuse(**_: object) -> None:
        message = "Nothing can be written while a store is read as of one commit; write afterwards."
        raise StoreError(message)

    fixed = copy(backend)
    vars(fixed).update(reading=read, transaction=refuse)
    return fixed
