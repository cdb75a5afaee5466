"""What every store can do, whatever it keeps its rows in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

import pandas as pd

from admira.schemas import Kind


@dataclass(frozen=True, slots=True)
class Upserted:
    """What one upsert did, counted in natural keys and in partitions.

    A key that occurs several times in a batch counts once, as its last row.

    Attributes
    ----------
    inserted, updated, unchanged : int
        Keys that were new, that were stored with other values, that were stored as they came.
    partitions_touched : int
        Partitions that hold a key of the batch, or held one before.
    partitions_rewritten : int
        Those among them whose rows changed; no other was written or removed.
    """

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    partitions_touched: int = 0
    partitions_rewritten: int = 0


class Backend(Protocol):
    """Keeps ads, crm and the rows that were rejected; the ``Store`` that users hold stands above.

    A back end never changes the frames it is given, and nothing done to a frame it gave reaches
    the stored rows.
    """

    @property
    def tz(self) -> str:
        """The reporting time zone, fixed when the store is created."""
        ...

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
        ...

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
        ...

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
        ...

    def read_quarantine(self, *, kind: Kind | None = None) -> pd.DataFrame:
        """Give the rejected rows, of one table or both, in the order they were first seen."""
        ...

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
        ...

    def read_tags(self) -> pd.DataFrame:
        """Give the tags table: the triples that campaigns are also known under."""
        ...
