"""Other engines on a store: past the memory with DuckDB, past the machine with Spark."""

from collections.abc import Sequence
from operator import methodcaller
from typing import TYPE_CHECKING, Any

import pandas as pd

from admira.core.days import Day
from admira.core.metrics import compute_metrics
from admira.engines.bridges import by_value
from admira.engines.model import Engine, EngineName, engine_named
from admira.engines.plan import FactsWanted, facts_on, failed, scan_on
from admira.engines.size import default_engine
from admira.errors import StoreError
from admira.schemas import TABLES, Kind, table_of
from admira.stores.base import Backend
from admira.stores.selection import select

if TYPE_CHECKING:
    from admira.engines.backfill import Backfilled


class Engines:
    """The part of a ``Store`` that hands its tables to other engines."""

    backend: Backend

    def scan(
        self,
        kind: Kind,
        engine: EngineName | None = None,
        session: Any = None,
        *,
        start: Day = None,
        end: Day = None,
        **filters: Any,
    ) -> Any:
        """Give one table as a frame of an engine, which the verbs take as they take any other.

        The frame is over the few files that are derived of the partitions, one per month, and
        only over months with a day asked for.  It stays what it is whatever is committed later; a
        file that a later commit outdated is gone, and then the engine says so: scan again.

        Parameters
        ----------
        kind : {"ads", "crm"}
            Which table.
        engine : {"arrow", "polars", "duckdb", "spark"}, optional
            Whose frame; by default Arrow's while the rows fit a quarter of the memory, else
            DuckDB's.
        session : optional
            A ``SparkSession`` or DuckDB connection of yours; by default one that the process
            shares.
        start, end : day, optional
            First and last day, both included.
        **filters
            ``channel`` and ``campaign_id`` (ads only), ``utm_campaign``, ``utm_source``,
            ``utm_medium``: one value or a list.

        Returns
        -------
        pyarrow.Table, polars.LazyFrame, duckdb.DuckDBPyRelation or pyspark.sql.DataFrame
            All the contract's columns.  No engine promises an order of rows.

        Raises
        ------
        OptionError
            When the table, the engine or a filter does not exist.
        MissingExtra
            When the engine's package is not installed.
        StoreError
            When the store cannot be read.

        Examples
        --------
        >>> import admira
        >>> store = admira.open_store("memory:")
        >>> store.upsert(admira.datasets.worked_example().ads_frame).inserted
        4
        >>> ads = store.scan("ads", engine="duckdb", channel="meta_ads")
        >>> ads.aggregate("sum(cost) AS cost").fetchall()
        [(200.0,)]
        """
        chosen = self._chosen(engine, session, kind)
        return scan_on(self.backend, chosen, kind, start=start, end=end, filters=filters)

    def compact(self) -> pd.DataFrame:
        """Make the files that engines read, one per table and month, where they are not there yet.

        Whatever reads the store makes those it needs; this makes all, for instance after a run.

        Returns
        -------
        DataFrame
            One row per table: ``kind``, ``files`` (how many) and ``rows_in_no_file``, of months for
            which none could be kept.

        Examples
        --------
        >>> import tempfile
        >>> import admira
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store = admira.open_store(folder)
        ...     inserted = store.upsert(admira.datasets.worked_example().ads_frame).inserted
        ...     made = store.compact()
        >>> made
          kind  files  rows_in_no_file
        0  ads      1                0
        1  crm      0                0
        """
        made = []
        for kind, table in TABLES.items():
            pieces = self.backend.reading(methodcaller("pieces", select(table)))
            left = 0 if pieces.rows is None else len(pieces.rows)
            made.append({"kind": kind, "files": len(pieces.files), "rows_in_no_file": left})
        return pd.DataFrame(made)

    def backfill(
        self,
        raw: Any,
        *,
        kind: Kind | None = None,
        source: str = "backfill",
        rows_a_commit: int = 1_000_000,
    ) -> "Backfilled":
        """Load a Spark DataFrame of raw rows that is too large for one machine's memory.

        Spark's workers run :func:`admira.normalize` and :func:`admira.validate`, so the rules are
        those of every other load; the store writes what they accept, some days at a time, each a
        commit of its own.  Of several rows of a natural key the last one counts.  Running it again
        changes nothing, so a backfill that was cut short is simply repeated.

        Parameters
        ----------
        raw : pyspark.sql.DataFrame
            One row per record as received, in canonical column names.  The workers need admira.
        kind : {"ads", "crm"}, optional
            Which table; by default the key column tells.
        source : str
            What quarantine says of where rejected rows came from.
        rows_a_commit : int
            About how many rows come to this machine at a time.

        Returns
        -------
        Backfilled
            ``fetched``, ``accepted``, ``rejected``, ``repeated``, ``commits`` and ``upserted``.

        Raises
        ------
        SchemaMismatch
            When a column that must exist is missing.
        StoreError
            When the store cannot be written, or Spark cannot do it.
        """
        from admira.engines.backfill import backfill

        return backfill(self.backend, raw, kind=kind, source=source, rows_a_commit=rows_a_commit)

    def write_facts(
        self,
        folder: str,
        *,
        engine: EngineName | None = None,
        session: Any = None,
        start: Day = None,
        end: Day = None,
        **filters_and_options: Any,
    ) -> None:
        """Write the facts as Parquet files into a new folder; no more is in memory than need be.

        Parameters
        ----------
        folder : str
            A folder that is not there yet; for Spark a URL as the cluster writes it.
        engine, session
            Who does it, as in :meth:`scan`.
        start, end, **filters_and_options
            As in ``store.facts``.

        Raises
        ------
        StoreError
            When the folder is there already, or cannot be written.
        """
        chosen = self._chosen(engine, session, *TABLES)
        facts = facts_on(
            self.backend, chosen, FactsWanted.of(start, end, *by_value(filters_and_options))
        )
        _write(chosen, facts, folder)

    def write_metrics(
        self,
        folder: str,
        by: str | Sequence[str] = ("date", "channel", "campaign_id", "currency"),
        *,
        engine: EngineName | None = None,
        session: Any = None,
        grain: str | None = None,
        scope: str = "all",
        start: Day = None,
        end: Day = None,
        **filters_and_options: Any,
    ) -> None:
        """Write the KPIs as Parquet files into a new folder, for tables of more rows than memory.

        With ``"currency"`` in ``by`` the tables are read once; without it they are read once more
        before, to make sure that money in several currencies is not added.

        Parameters
        ----------
        folder, engine, session
            As in :meth:`write_facts`.
        by, grain, scope, start, end, **filters_and_options
            As in ``store.metrics``.
        """
        chosen = self._chosen(engine, session, *TABLES)
        facts = facts_on(
            self.backend, chosen, FactsWanted.of(start, end, *by_value(filters_and_options))
        )
        _write(chosen, compute_metrics(facts, by=by, grain=grain, scope=scope), folder)

    def _chosen(self, engine: EngineName | None, session: Any, *kinds: Kind) -> Engine:
        """Give the engine asked for, else the one that the size of the tables asks for."""
        if engine is not None:
            return engine_named(engine, session)
        asked = [select(table_of((), kind)) for kind in kinds]
        name = self.backend.reading(lambda reader: default_engine(reader, *asked))
        return engine_named(name, session)


def _write(engine: Engine, rows: Any, folder: str) -> None:
    """Write rows where nothing is yet."""
    try:
        engine.write(rows, folder)
    except FileExistsError:
        raise StoreError(f"{folder} is there already; name a folder that is not.") from None
    except engine.errors as error:
        raise failed(engine, error) from error
