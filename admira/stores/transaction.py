"""One commit over all tables: what may be done to a store, whatever it keeps its rows in."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Protocol
from uuid import uuid4

import pandas as pd

from admira.core.campaigns import campaign_map, joined_maps
from admira.schemas import TAGS, Kind, Table, table_of
from admira.stores.base import Upserted
from admira.stores.merge import merge, ready
from admira.stores.quarantine import QUARANTINE, described, unseen
from admira.stores.records import CHANGES, HISTORY
from admira.stores.tags import keep_tags


class Draft(Protocol):
    """The tables as they will be after a commit; nobody else sees them before."""

    @property
    def number(self) -> int:
        """The number that the commit will have."""
        ...

    @property
    def kept_from(self) -> Mapping[str, date]:
        """Of a table, the first day that the store keeps."""
        ...

    def drop_before(self, table: Table, first: date) -> pd.DataFrame:
        """Let the rows of earlier days be gone, and none of them be kept later; give the rows."""
        ...

    def homes(self, table: Table, incoming: pd.DataFrame) -> pd.DataFrame:
        """Give at least the stored rows of all partitions that hold, or will hold, these keys."""
        ...

    def rows(self, table: Table) -> pd.DataFrame:
        """Give a whole table."""
        ...

    def put(self, table: Table, rows: pd.DataFrame, changed: pd.DataFrame) -> None:
        """Let the partitions named in ``changed`` hold just those of the rows that are theirs."""
        ...


class Transaction:
    """What one commit does; it counts when the commit ends.

    Parameters
    ----------
    draft : Draft
        The tables as they will be.
    run_id : str, optional
        The run whose commit it is.
    now : datetime, optional
        The instant to record.
    """

    def __init__(
        self, draft: Draft, *, run_id: str | None = None, now: datetime | None = None
    ) -> None:
        self.run_id = run_id or uuid4().hex[:12]
        self.now = now or datetime.now(UTC)
        self._draft = draft
        self._log: defaultdict[Kind, list[pd.DataFrame]] = defaultdict(list)

    def upsert(self, rows: pd.DataFrame, *, kind: Kind | None = None) -> Upserted:
        """Insert rows, and replace those with the same natural key; see ``Backend.upsert``."""
        table = table_of(rows.columns, kind)
        return self.upsert_ready(ready(rows, table), table)

    def upsert_ready(self, whole: pd.DataFrame, table: Table) -> Upserted:
        """Upsert a batch that ``ready`` gave."""
        batch = self._still_kept(whole, table)
        if batch.empty:
            return Upserted(expired=len(whole))
        merged = merge(self._draft.homes(table, batch), batch, table)
        if merged.counts.partitions_rewritten:
            self._draft.put(table, merged.rows, merged.changed)
            self._note(table, "updated", merged.before)
            self._note(table, "inserted", merged.inserted[_place_of(table)])
        return replace(merged.counts, expired=len(whole) - len(batch))

    def _still_kept(self, batch: pd.DataFrame, table: Table) -> pd.DataFrame:
        """Leave out rows of days that the store dropped."""
        first = self._draft.kept_from.get(table.name)
        return batch if first is None else batch[batch["date"] >= pd.Timestamp(first)]

    def drop_before(self, kind: Kind, first: date) -> int:
        """Drop the rows of all days before one, for good; the campaign map still knows of the ads.

        Says how many rows there were.
        """
        table = table_of((), kind)
        first = max(first, self._draft.kept_from.get(table.name, first))
        dropped = self._draft.drop_before(table, first)
        if kind == "ads" and len(dropped):
            known = [campaign_map(dropped), self._draft.rows(HISTORY)]
            history = HISTORY.complete(joined_maps(pd.concat(known, ignore_index=True)))
            self._draft.put(HISTORY, history, history)
        return len(dropped)

    def remove(self, kind: Kind, ids: Collection[str], *, reason: str) -> list[str]:
        """Remove rows by id, which go to quarantine with the reason; give the ids there were."""
        if not ids:
            return []
        table = table_of((), kind)
        (key,) = table.key
        gone = pd.DataFrame({key: pd.Series(sorted(ids), dtype=table[key].dtype)})
        stored = self._draft.homes(table, gone)
        is_gone = stored[key].isin(gone[key])
        removed = stored[is_gone]
        if removed.empty:
            return []
        self.quarantine(removed.assign(reasons=reason), kind=kind, source="store")
        self._draft.put(table, stored[~is_gone], removed)
        self._note(table, "removed", removed)
        return sorted(removed[key])

    def quarantine(self, rejected: pd.DataFrame, *, kind: Kind, source: str) -> int:
        """Keep rejected rows, each distinct one once; see ``Backend.quarantine``."""
        found = described(rejected, kind=kind, source=source, run_id=self.run_id, now=self.now)
        if found.empty:
            return 0
        stored = self._draft.homes(QUARANTINE, found)
        fresh = unseen(stored, found)
        if len(fresh):
            self._draft.put(QUARANTINE, pd.concat([stored, fresh]), fresh)
        return len(fresh)

    def upsert_tags(self, sheet: pd.DataFrame) -> int:
        """Keep the rows of a UTM sheet; see ``Backend.upsert_tags``."""
        rows, changed = keep_tags(self._draft.rows(TAGS), sheet)
        if changed:
            self._draft.put(TAGS, rows, rows)
        return changed

    def record(self, table: Table, rows: pd.DataFrame) -> None:
        """Put rows in the place of those with the same key in a table of the store's own."""
        complete = table.complete(rows)
        key = list(table.key)
        together = pd.concat([self._draft.homes(table, complete), complete])
        together = together.drop_duplicates(key, keep="last")
        self._draft.put(table, together, complete)

    def replace(self, table: Table, rows: pd.DataFrame) -> None:
        """Let a table of the store's own that has no partitions hold these rows and no others."""
        complete = table.complete(rows)
        self._draft.put(table, complete, complete)

    def rows(self, table: Table) -> pd.DataFrame:
        """Give a whole table as it will be."""
        return self._draft.rows(table)

    def finish(self) -> None:
        """Write down what the commit did to which rows."""
        for kind, frames in self._log.items():
            table = CHANGES[kind]
            noted = table.complete(pd.concat(frames, ignore_index=True))
            self._draft.put(table, noted, noted)

    def _note(self, table: Table, change: str, rows: pd.DataFrame) -> None:
        """Remember rows for the log of changes."""
        if len(rows):
            kind: Kind = table.name  # type: ignore[assignment]  # one of the two with a log
            self._log[kind].append(
                rows.assign(
                    commit=f"{self._draft.number:012d}",
                    change=change,
                    run_id=self.run_id,
                    changed_at=pd.Timestamp(self.now).tz_convert("UTC"),
                )
            )


def _place_of(table: Table) -> list[str]:
    """Give the columns that say which row it is and where it is stored."""
    return list(dict.fromkeys((*table.key, *table.partitions)))
