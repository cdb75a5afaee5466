"""A store that lives in memory, for tests, notebooks and small pipelines."""

from collections.abc import Sequence
from datetime import date, datetime
from threading import RLock

import pandas as pd

from admira.core.dates import time_zone
from admira.schemas import TABLES, TAGS, Kind, table_of
from admira.stores.base import Upserted
from admira.stores.merge import merge, ready
from admira.stores.quarantine import QUARANTINE, described, in_order, unseen
from admira.stores.selection import select
from admira.stores.tags import keep_tags


class MemoryStore:
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
        self._rows: dict[str, pd.DataFrame] = {
            name: table.empty() for name, table in TABLES.items()
        }
        self._rejected = QUARANTINE.empty()
        self._tags = TAGS.empty()

    def __repr__(self) -> str:
        """Say what it is."""
        return f"MemoryStore(tz={self._tz!r})"

    @property
    def tz(self) -> str:
        """The reporting time zone."""
        return self._tz

    def upsert(self, rows: pd.DataFrame, *, kind: Kind | None = None) -> Upserted:
        """Insert rows, and replace those with the same natural key; see ``Backend.upsert``."""
        table = table_of(rows.columns, kind)
        batch = ready(rows, table)
        with self._lock:
            merged = merge(self._rows[table.name], batch, table)
            self._rows[table.name] = merged.rows
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
        """Give the rows of one table, typed and in natural-key order; see ``Backend.read``."""
        table = table_of((), kind)
        asked = select(table, start=start, end=end, channel=channel, columns=columns)
        with self._lock:
            rows = self._rows[kind]
        return asked.arrange(asked.filter(rows))

    def quarantine(
        self, rejected: pd.DataFrame, *, kind: Kind, source: str, run_id: str, now: datetime
    ) -> int:
        """Keep rejected rows, each distinct one once; see ``Backend.quarantine``."""
        found = described(rejected, kind=kind, source=source, run_id=run_id, now=now)
        with self._lock:
            fresh = unseen(self._rejected, found)
            self._rejected = pd.concat([self._rejected, fresh], ignore_index=True)
        return len(fresh)

    def read_quarantine(self, *, kind: Kind | None = None) -> pd.DataFrame:
        """Give the rejected rows in the order they were first seen."""
        with self._lock:
            rows = self._rejected
        return in_order(rows if kind is None else rows[rows["kind"] == kind])

    def upsert_tags(self, sheet: pd.DataFrame) -> int:
        """Keep the rows of a UTM sheet; see ``Backend.upsert_tags``."""
        with self._lock:
            self._tags, changed = keep_tags(self._tags, sheet)
        return changed

    def read_tags(self) -> pd.DataFrame:
        """Give the triples that campaigns are also known under."""
        return self._tags.copy()
