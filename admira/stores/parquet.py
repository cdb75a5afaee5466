"""A store of plain Parquet files, one per partition, that any engine can read."""

import os
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pyarrow
import pyarrow.parquet

from admira.errors import StoreError
from admira.schemas import TAGS, Kind, Table, table_of
from admira.stores.base import Upserted
from admira.stores.files import explained, replace_files
from admira.stores.index import IdIndex, load_index
from admira.stores.merge import merge, ready
from admira.stores.partitions import Layout, Partition, encoded, partitions_of
from admira.stores.quarantine import QUARANTINE, described, in_order, unseen
from admira.stores.selection import select
from admira.stores.settings import agreed_zone, settings_path, settings_text
from admira.stores.tags import keep_tags

_TAGS_FILE = "tags.parquet"


class ParquetStore:
    """Keeps the tables in date and channel partitions under a folder.

    The folder is made at the first write; before that, reads are empty.  An upsert reads and
    rewrites only the partitions that hold an incoming key, and writes none whose rows would not
    change.  Each file is replaced whole or not at all.

    Parameters
    ----------
    path : str or Path
        The store's folder; ``~`` is expanded.
    tz : str, optional
        The reporting time zone, an IANA name.  A new store records it (``"UTC"`` by default);
        a store that is there already must have the same one.

    Raises
    ------
    StoreError
        When the path is a file, the store was created with another time zone, or its settings
        cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from admira.stores.parquet import ParquetStore
    >>> ads = pd.DataFrame(
    ...     {
    ...         "date": pd.to_datetime(["2025-08-01"]).astype("datetime64[us]"),
    ...         "campaign_id": ["C-1001"],
    ...         "channel": ["google_ads"],
    ...         "clicks": [1200],
    ...         "impressions": [45000],
    ...         "cost": [350.75],
    ...         "utm_campaign": ["back_to_school"],
    ...     }
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = ParquetStore(folder)
    ...     first, again = store.upsert(ads), store.upsert(ads)
    ...     clicks = store.read("ads", columns=["clicks"])
    >>> first.partitions_rewritten, again.partitions_rewritten
    (1, 0)
    >>> clicks
       clicks
    0    1200
    """

    def __init__(self, path: str | os.PathLike[str], *, tz: str | None = None) -> None:
        self.path = Path(path).expanduser().absolute()
        if self.path.is_file():
            raise StoreError(f"{self.path} is a file; a store is a folder. Give another path.")
        self._own = self.path / "_admira"
        self._tz = agreed_zone(self.path, tz)

    def __repr__(self) -> str:
        """Say where it is."""
        return f"ParquetStore({str(self.path)!r}, tz={self._tz!r})"

    @property
    def tz(self) -> str:
        """The reporting time zone."""
        return self._tz

    def upsert(self, rows: pd.DataFrame, *, kind: Kind | None = None) -> Upserted:
        """Insert rows, and replace those with the same natural key; see ``Backend.upsert``."""
        table = table_of(rows.columns, kind)
        batch = ready(rows, table)
        if batch.empty:
            return Upserted()
        layout = self._layout(table)
        merged = merge(layout.read(self._homes(layout, batch)), batch, table)
        if merged.counts.partitions_rewritten:
            self._replace(layout, merged.rows, merged.changed)
        return merged.counts

    def read(
        self,
        kind: Kind,
        *,
        start: date | str | None = None,
        end: date | str | None = None,
        channel: str | Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Give the rows of one table, typed and in natural-key order; see ``Backend.read``.

        Only the partitions that ``start``, ``end`` and ``channel`` leave are opened.
        """
        table = table_of((), kind)
        asked = select(table, start=start, end=end, channel=channel, columns=columns)
        layout = self._layout(table)
        return asked.arrange(layout.read(layout.partitions(asked.keeps), asked.needed))

    def quarantine(
        self, rejected: pd.DataFrame, *, kind: Kind, source: str, run_id: str, now: datetime
    ) -> int:
        """Keep rejected rows, each distinct one once; see ``Backend.quarantine``."""
        found = described(rejected, kind=kind, source=source, run_id=run_id, now=now)
        if found.empty:
            return 0
        layout = self._layout(QUARANTINE)
        stored = layout.read(self._homes(layout, found))
        fresh = unseen(stored, found)
        if len(fresh):
            self._replace(layout, pd.concat([stored, fresh]), fresh)
        return len(fresh)

    def read_quarantine(self, *, kind: Kind | None = None) -> pd.DataFrame:
        """Give the rejected rows in the order they were first seen."""
        layout = self._layout(QUARANTINE)
        wanted = layout.partitions(lambda _, value: kind in (None, value))
        return in_order(layout.read(wanted))

    def upsert_tags(self, sheet: pd.DataFrame) -> int:
        """Keep the rows of a UTM sheet; see ``Backend.upsert_tags``."""
        rows, changed = keep_tags(self.read_tags(), sheet)
        if changed:
            self._record_settings()
            content = pyarrow.Table.from_pandas(rows, schema=TAGS.arrow(), preserve_index=False)
            self._write([(self._own / _TAGS_FILE, encoded(content))])
        return changed

    def read_tags(self) -> pd.DataFrame:
        """Give the triples that campaigns are also known under."""
        path = self._own / _TAGS_FILE
        if not path.exists():
            return TAGS.empty()
        with explained(path, "read"):
            content = path.read_bytes()
        try:
            kept = pyarrow.parquet.read_table(pyarrow.BufferReader(content))
            return TAGS.complete(kept.to_pandas(date_as_object=False))
        except (pyarrow.ArrowException, OSError, ValueError) as error:
            raise StoreError(
                f"{path} cannot be read ({error}); remove it and give the UTM sheet again."
            ) from error

    def _layout(self, table: Table) -> Layout:
        """Say where a table's partitions are."""
        return Layout(self.path / table.name, table)

    def _homes(self, layout: Layout, incoming: pd.DataFrame) -> list[Partition]:
        """List the partitions there are that incoming rows belong in, or are stored in."""
        homes = {p for p in partitions_of(incoming, layout.table) if layout.holds(p)}
        if _rows_move(layout.table):
            homes.update(self._index(layout).partitions(incoming))
        return sorted(homes)

    def _replace(self, layout: Layout, rows: pd.DataFrame, changed: pd.DataFrame) -> None:
        """Write the partitions in ``changed`` anew from the rows; remove those with none left."""
        names = list(layout.table.partitions)
        distinct = changed[names].drop_duplicates()
        left = rows.merge(distinct, on=names, validate="m:1")
        emptied = {*partitions_of(distinct, layout.table)} - {*partitions_of(left, layout.table)}
        self._record_settings()
        self._write(layout.files(left), [layout.path(partition) for partition in sorted(emptied)])
        if _rows_move(layout.table):
            self._index(layout)

    def _index(self, layout: Layout) -> IdIndex:
        """Give the index of ids as the partitions are now, and keep it where it changed."""
        path = self._own / "index" / f"{layout.table.name}.parquet"
        kept = load_index(path, layout.table)
        index = kept.refreshed(layout)
        if index is not kept:
            self._write([(path, index.encoded())])
        return index

    def _record_settings(self) -> None:
        """Write the settings of a new store; refuse one that was made meanwhile for another tz."""
        if not settings_path(self.path).exists():
            self._write([(settings_path(self.path), settings_text(self._tz))])
        agreed_zone(self.path, self._tz)

    def _write(self, contents: Iterable[tuple[Path, bytes]], removed: Iterable[Path] = ()) -> None:
        """Replace and remove files of the store."""
        replace_files(contents, removed, root=self.path, aside=self._own / "staging")


def _rows_move(table: Table) -> bool:
    """Tell whether a row can change its partition and keep its natural key."""
    return not set(table.partitions) <= set(table.key)
