"""A store that lives in memory, for tests, notebooks and small pipelines."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from threading import RLock
from typing import TypeVar

import pandas as pd
import pyarrow
import pyarrow.compute as pc

from admira.core.dates import time_zone
from admira.core.frames import typed
from admira.errors import StoreError
from admira.schemas import Kind, Table, table_of
from admira.stores.base import Backend
from admira.stores.reading import Pieces, Reader
from admira.stores.selection import Selection
from admira.stores.transaction import Transaction

T = TypeVar("T")

_DERIVED = 16


class MemoryStore(Backend):
    """Keeps the tables in memory; threads may share it.

    Parameters
    ----------
    tz : str, optional
        The reporting time zone, an IANA name.

    Examples
    --------
    >>> import pandas as pd
    >>> from admira.stores.memory import MemoryStore
    >>> store = MemoryStore()
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
    >>> store.upsert(ads).inserted
    1
    >>> store.upsert(ads).unchanged
    1
    >>> store.read("ads", columns=["campaign_id", "clicks"])
      campaign_id  clicks
    0      C-1001    1200
    """

    def __init__(self, *, tz: str = "UTC") -> None:
        self._tz = time_zone(tz).key
        self._lock = RLock()
        self._state = _State({}, 0, {})
        self._derived: OrderedDict[tuple[str, str], pyarrow.Table] = OrderedDict()

    def __repr__(self) -> str:
        """Say what it is."""
        return f"MemoryStore(tz={self._tz!r})"

    @property
    def tz(self) -> str:
        """The reporting time zone."""
        return self._tz

    @property
    def is_made(self) -> bool:
        """It is there as soon as it is opened."""
        return True

    @contextmanager
    def transaction(
        self, *, run_id: str | None = None, now: datetime | None = None
    ) -> Iterator[Transaction]:
        """Begin a commit; see ``Backend.transaction``."""
        with self._lock:
            draft = _MemoryDraft(self._state)
            commit = Transaction(draft, run_id=run_id, now=now)
            yield commit
            commit.finish()
            self._state = draft.state()

    def archive(self, first: date, to: str | None, *, is_dry_run: bool) -> pd.DataFrame:
        """Refuse: memory has no second root."""
        del first, to, is_dry_run
        raise StoreError("A store in memory has no archive; open one in a folder, or on S3.")

    def outdated(self, kind: Kind, first: date) -> pd.DataFrame:
        """List the partitions of days before one."""
        table = table_of((), kind)
        rows = typed(self._state.table(table), table)
        early = rows.loc[rows["date"] < pd.Timestamp(first), list(table.partitions)]
        found = early.drop_duplicates().assign(kind=kind, path="memory")
        return found.reindex(columns=["kind", "date", "channel", "path"])

    def sweep_archive(self) -> None:
        """Do nothing: there is no archive."""

    def repair(self) -> None:
        """Forget what is derived."""
        self._derived.clear()

    def reading(self, load: Callable[[Reader], T]) -> T:
        """Give what ``load`` reads; a state never changes, so nothing can come between."""
        return load(_MemoryReader(self._state, self._derived))


class _State:
    """The tables after one commit, as Arrow; never changed, only followed by another."""

    def __init__(
        self, tables: dict[Table, pyarrow.Table], number: int, kept_from: dict[str, date]
    ) -> None:
        self.tables = tables
        self.number = number
        self.kept_from = kept_from

    def table(self, table: Table) -> pyarrow.Table:
        """Give a table; before its first row, an empty one."""
        found = self.tables.get(table)
        return table.arrow().empty_table() if found is None else found


class _MemoryDraft:
    """The tables as they will be after a commit."""

    def __init__(self, before: _State) -> None:
        self.number = before.number + 1
        self.kept_from = before.kept_from
        self._before = before
        self._frames: dict[Table, pd.DataFrame] = {}

    def homes(self, table: Table, incoming: pd.DataFrame) -> pd.DataFrame:
        """Give the whole table: there is nothing to spare."""
        del incoming
        return self.rows(table)

    def rows(self, table: Table) -> pd.DataFrame:
        """Give a whole table."""
        if table not in self._frames:
            return typed(self._before.table(table), table)
        return self._frames[table]

    def put(self, table: Table, rows: pd.DataFrame, changed: pd.DataFrame) -> None:
        """Keep the rows of the partitions in ``changed``, and what there is of the others."""
        names = list(table.partitions)
        if names:
            stored = self.rows(table)
            others = stored[~_is_in(stored, changed, names)]
            rows = pd.concat([others, rows[_is_in(rows, changed, names)]])
        order = list(table.key) or names
        self._frames[table] = rows.sort_values(order, ignore_index=True)

    def drop_before(self, table: Table, first: date) -> pd.DataFrame:
        """Let the rows of earlier days be gone, and none of them be kept later; give the rows."""
        rows = self.rows(table)
        is_early = rows["date"] < pd.Timestamp(first)
        self._frames[table] = rows[~is_early].reset_index(drop=True)
        self.kept_from = {**self.kept_from, table.name: first}
        return rows[is_early]

    def state(self) -> _State:
        """Give the state after the commit."""
        if not self._frames:
            return self._before
        new = {
            table: pyarrow.Table.from_pandas(rows, schema=table.arrow(), preserve_index=False)
            for table, rows in self._frames.items()
        }
        return _State({**self._before.tables, **new}, self.number, self.kept_from)


def _is_in(rows: pd.DataFrame, changed: pd.DataFrame, names: list[str]) -> pd.Series:
    """Tell which rows are of the partitions named."""
    distinct = changed[names].drop_duplicates().assign(is_in=True)
    met = rows[names].merge(distinct, "left", names, validate="m:1")
    return met["is_in"].notna().set_axis(rows.index)


class _MemoryReader:
    """The tables of one state."""

    def __init__(self, state: _State, derived: OrderedDict[tuple[str, str], pyarrow.Table]) -> None:
        self._state = state
        self._derived = derived

    def scan(self, asked: Selection) -> pyarrow.Table:
        """Give the rows and columns asked for, in natural-key order."""
        return asked.filter(self._state.table(asked.table)).select(list(asked.columns))

    def pieces(self, asked: Selection) -> Pieces:
        """Give the rows: there are no files."""
        return Pieces(rows=asked.filter(self._state.table(asked.table)))

    def bytes_stored(self, asked: Selection) -> int:
        """Say 0: nothing has to be brought into memory."""
        del asked
        return 0

    def rows(self, table: Table) -> pd.DataFrame:
        """Give a whole table in pandas, typed."""
        return typed(self._state.table(table), table)

    def days(self, table: Table) -> tuple[date, ...]:
        """Give the first and the last day of a table."""
        found = self._state.table(table)["date"]
        return tuple(pc.min_max(found).as_py().values()) if len(found) else ()

    def checked(self, table: Table) -> tuple[pyarrow.Table, list[str]]:
        """Give a whole table; memory does not break."""
        return self._state.table(table), []

    def digest(self, *tables: Table) -> str:
        """Give the number of the commit: it is as good as any."""
        del tables
        return str(self._state.number)

    def by_month(
        self,
        table: Table,
        columns: Sequence[str],
        subject: str,
        make: Callable[[pyarrow.Table], pyarrow.Table],
    ) -> pyarrow.Table:
        """Make it of all months at once."""
        del subject
        return make(self._state.table(table).select(list(columns)))

    def derived(self, subject: str, made_of: str, names: Sequence[str]) -> pyarrow.Table | None:
        """Give columns of a table that was derived from the same contents."""
        found = self._derived.get((subject, made_of))
        return None if found is None else found.select(list(names))

    def keep(
        self,
        subject: str,
        made_of: str,
        rows: pyarrow.Table,
        *tables: Table,
        is_lasting: bool = True,
    ) -> None:
        """Keep a derived table, and let go of the oldest."""
        del tables, is_lasting
        self._derived[subject, made_of] = rows
        while len(self._derived) > _DERIVED:
            self._derived.popitem(last=False)
