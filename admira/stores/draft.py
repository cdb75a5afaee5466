"""A commit to a store of files while it is being prepared: staged beside the files in place."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import count
from uuid import uuid4

import pandas as pd
import pyarrow

from admira.core.frames import typed
from admira.schemas import TABLES, Table
from admira.schemas.contracts import json_contract
from admira.schemas.versions import is_earlier
from admira.stores.files import Files, Fingerprint
from admira.stores.index import IdIndex, decoded_index
from admira.stores.journal import OWN, STAGING, Entry, Journal
from admira.stores.partitions import (
    Layout,
    Partition,
    encoded,
    partitions_of,
    rows_move,
)
from admira.stores.settings import CONTRACT, SETTINGS, Settings
from admira.stores.threads import side_by_side
from admira.stores.upgrading import upgrade
from admira.stores.view import Place, View

_MANY = 64


class FileDraft:
    """Stages what a commit writes, and reads what was staged before what is in place."""

    def __init__(self, files: Files, view: View) -> None:
        self.number = view.generation + 1
        self._files = files
        self.view = view
        self._folder = f"{STAGING}/{uuid4().hex}"
        self._names = count()
        self._writes: dict[str, str] = {}
        self._removes: set[str] = set()
        self._indexes: dict[Table, IdIndex] = {}
        self._is_out_of_hand = False

    def homes(self, table: Table, incoming: pd.DataFrame) -> pd.DataFrame:
        """Give the rows of the partitions that these rows belong in, or are stored in."""
        homes = set()
        if set(table.partitions) <= set(incoming.columns):
            homes.update(partitions_of(incoming, table))
        if rows_move(table):
            homes.update(self.index(table).partitions(incoming))
        return self._read(table, sorted(homes))

    def rows(self, table: Table) -> pd.DataFrame:
        """Give a whole table."""
        places = self.view.places(table)
        layout = Layout(table)
        staged = {layout.partition(p) for p in self._writes if p.startswith(f"{layout.folder}/")}
        return self._read(table, sorted({*places, *staged}))

    def _read(self, table: Table, partitions: Sequence[Partition]) -> pd.DataFrame:
        """Give the rows of partitions, those that are not there left out."""
        layout = Layout(table)
        # Many are found faster in a listing of all than one by one.
        listed = self.view.places(table) if len(partitions) > _MANY else None
        pieces = {}
        for partition in partitions:
            found = self._content(layout, partition, listed)
            if found is not None:
                content, name = found
                pieces[partition] = layout.decoded(content, table.names, name)
        return typed(layout.together(pieces, table.names), table)

    def _content(
        self, layout: Layout, partition: Partition, listed: Mapping[Partition, Place] | None
    ) -> tuple[bytes, str] | None:
        """Give the content of a partition's file as it will be, and its name."""
        path = layout.path(partition)
        if path in self._removes:
            return None
        if path in self._writes:
            staged = f"{self._folder}/{self._writes[path]}"
            return self._files.read(staged) or b"", self._files.name(staged)
        if listed is None:
            place = self.view.place(layout.table, partition)
        else:
            place = listed.get(partition)
        return None if place is None else (place.read(), place.name)

    def put(self, table: Table, rows: pd.DataFrame, changed: pd.DataFrame) -> None:
        """Stage the partitions in ``changed`` anew; those with no row left are to be removed."""
        layout, names = Layout(table), list(table.partitions)
        partitions = partitions_of(changed, table)
        if names:
            distinct = changed[names].drop_duplicates()
            rows = rows.merge(distinct, on=names, validate="m:1")
        contents = dict(layout.parts(rows)) if len(rows) else {}
        for partition in partitions:
            if partition not in contents and self.view.is_archived(table, partition):
                contents[partition] = layout.schema.empty_table()
        self.write({layout.path(p): content for p, content in contents.items()})
        for partition in partitions:
            if partition not in contents:
                self.remove(layout.path(partition))
        if rows_move(table):
            staged = {p: self._fingerprint(layout.path(p)) for p in contents}
            self._indexes[table] = self.index(table).replaced(
                [day for (day,) in partitions], rows, {day: f for (day,), f in staged.items()}
            )

    def write(self, tables: Mapping[str, pyarrow.Table | bytes]) -> None:
        """Stage files, side by side where there are many."""
        named = {path: str(next(self._names)) for path in tables}

        def stage(path: str) -> None:
            content = tables[path]
            written = content if isinstance(content, bytes) else encoded(content)
            self._files.write(f"{self._folder}/{named[path]}", written)

        side_by_side(stage, tables)
        self._writes |= named
        self._removes -= named.keys()

    @property
    def kept_from(self) -> Mapping[str, date]:
        """Of a table, the first day that the store keeps."""
        return self.view.settings.kept_from

    def drop_before(self, table: Table, first: date) -> pd.DataFrame:
        """Let the partitions of earlier days be gone, and no row of them be kept; give the rows."""
        day = first.isoformat()
        places = self.view.places(table, lambda name, value: name != "date" or value < day)
        dropped = self._read(table, list(places))
        for partition, place in places.items():
            if place.files is self._files:
                self.remove(Layout(table).path(partition))
        settings = self.view.settings
        self.settle(replace(settings, kept_from={**settings.kept_from, table.name: first}))
        return dropped

    def settle(self, settings: Settings) -> None:
        """Let the store have these settings, and say under which contract it is."""
        self.view.settings = settings
        self.write(
            {SETTINGS: settings.encoded(), CONTRACT: json_contract(TABLES.values()).encode()}
        )

    def changes(self, path: str) -> bool:
        """Tell whether a file will be another after the commit, or none."""
        return path in self._writes or path in self._removes

    def remove(self, path: str) -> None:
        """Let a file be gone after the commit."""
        self._writes.pop(path, None)
        self._removes.add(path)

    def _fingerprint(self, path: str) -> Fingerprint:
        """Give the fingerprint that a staged file keeps once it is in place."""
        return self._files.fingerprint(f"{self._folder}/{self._writes[path]}") or ()

    def index(self, table: Table) -> IdIndex:
        """Give the index of ids as the partitions will be; only files that differ are read."""
        if table not in self._indexes:
            places = {day: place for (day,), place in self.view.places(table).items()}
            found = {day: place.fingerprint for day, place in places.items()}
            kept = decoded_index(self._files.read(_index_path(table)), table)
            days = kept.outdated(found)
            if days:
                read = self._read_ids(table, places, days)
                kept = kept.replaced(days, read, {d: found[d] for d in days if d in found})
            self._indexes[table] = kept
        return self._indexes[table]

    def _read_ids(self, table: Table, places: Mapping[str, Place], days: list[str]) -> pd.DataFrame:
        """Read keys and days of some partitions."""
        layout, names = Layout(table), (*table.key, *table.partitions)
        present = [day for day in days if day in places]

        def piece(day: str) -> pyarrow.Table:
            return layout.decoded(places[day].read(), names, places[day].name)

        read = side_by_side(piece, present)
        pieces: dict[Partition, pyarrow.Table] = {
            (day,): rows for day, rows in zip(present, read, strict=True)
        }
        return typed(layout.together(pieces, names), table)

    def commit(self, journal: Journal, *, run_id: str, now: datetime) -> None:
        """Make it so; without a change nothing is written."""
        if not (self._writes or self._removes):
            return
        if is_earlier(self.view.settings.schema_version):
            upgrade(self, self._files)
        if SETTINGS not in self._writes and self._files.fingerprint(SETTINGS) is None:
            self.settle(self.view.settings)
        entry = Entry(
            generation=self.number,
            staging=self._folder,
            writes=self._writes,
            removes=tuple(sorted(self._removes)),
            run_id=run_id,
            at=now.isoformat(),
        )
        self._is_out_of_hand = True
        journal.commit(entry)
        self.keep_indexes()

    def keep_indexes(self) -> None:
        """Write each index down beside the one in place, then over it."""
        for table, index in self._indexes.items():
            path = _index_path(table)
            self._files.write(f"{path}.new", index.encoded())
            self._files.settle([f"{path}.new"], contents=True)
            self._files.move(f"{path}.new", path)

    def discard(self, journal: Journal) -> None:
        """Remove what was staged, unless the journal has it: then it decides."""
        if not self._is_out_of_hand:
            journal.discard(self._folder)


def _index_path(table: Table) -> str:
    return f"{OWN}/index/{table.name}.parquet"
