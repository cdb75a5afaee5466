"""The tables of a store as of one commit, read through what is derived of them if that pays."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

import pandas as pd
import pyarrow

from admira.core.frames import typed
from admira.errors import StoreError
from admira.schemas import Table
from admira.stores.cache import Cache, digest
from admira.stores.files import Fingerprint
from admira.stores.listings import SETTLED_NS
from admira.stores.partitions import Keeps, Layout, Partition
from admira.stores.reading import Pieces
from admira.stores.selection import Selection
from admira.stores.threads import side_by_side
from admira.stores.view import Place, Vanished, View

# A month of which at least this share is asked for is read whole, and kept.
_WORTH_KEEPING = 0.5

_ROW_GROUP = 250_000

# What takes more bytes is not held when it was read for something derived of it: it would fill the
# memory, and make room for others before anyone asks for it again.
_LARGE_MONTH = 2 * 2**20

T = TypeVar("T")

Places = dict[Partition, Place]


class Snapshot:
    """Reads the partitions that a view lists; what was read once is not read again."""

    def __init__(self, view: View, cache: Cache) -> None:
        self.view = view
        self._cache = cache
        self._pieces: dict[tuple[Place, tuple[str, ...]], pyarrow.Table] = {}
        self._told: dict[object, Any] = {}
        self._told_at = -1

    def begin(self) -> None:
        """Let go of what was read for an earlier question."""
        self._pieces.clear()

    def scan(self, asked: Selection) -> pyarrow.Table:
        """Give the rows and columns asked for, month by month, each in natural-key order."""
        table = asked.table
        if "date" not in table.partitions:
            return self._read(table, self.view.places(table, asked.keeps), asked.columns)
        schema = asked.schema
        months = self._asked(asked)

        def piece(month: str) -> pyarrow.Table:
            rows = self._month(asked, month, months[month])
            return asked.filter(rows).select(schema.names).cast(schema)

        return pyarrow.concat_tables([schema.empty_table(), *side_by_side(piece, months)])

    def pieces(self, asked: Selection) -> Pieces:
        """Give the months that have a day asked for, each as the file that is derived of it.

        Where none can be kept, as on a disk that is only read, the month's rows are given.
        """
        table, months = asked.table, self._asked(asked)
        files = side_by_side(lambda month: self._month_file(table, month, months[month]), months)
        lacking = [month for file, month in zip(files, months.values(), strict=True) if not file]
        rows = [self._read(table, month.places, table.names) for month in lacking]
        return Pieces(
            tuple(file for file in files if file),
            asked.filter(pyarrow.concat_tables(rows)) if rows else None,
            self.view.root,
            self.view.filesystem,
        )

    def bytes_stored(self, asked: Selection) -> int:
        """Say how large the months are that can hold rows asked for, as they are stored."""
        return sum(month.size for month in self._asked(asked).values())

    def _month_file(self, table: Table, name: str, month: "Month") -> str | None:
        """Give the file of a month's rows, which is made if it is not there."""
        subject, made_of = f"{table.name}/{name}", month.made_of
        found = self._cache.file(subject, made_of)
        if found is None and _will_settle(month.places):
            self._cache.keep_stream(subject, made_of, self._row_groups(table, month.places))
            found = self._cache.file(subject, made_of)
        return found

    def _row_groups(self, table: Table, places: Places) -> Iterator[pyarrow.Table]:
        """Give a month in natural-key order, in parts; where that is day by day, days are read."""
        if table.key[0] != "date":
            yield self._decoded(table, places).sort_by(_order(table))
            return
        waiting: list[pyarrow.Table] = []
        for _, named in groupby(places.items(), key=lambda item: item[0][0]):
            waiting.append(self._decoded(table, dict(named)).sort_by(_order(table)))
            if sum(map(len, waiting)) >= _ROW_GROUP:
                yield pyarrow.concat_tables(waiting)
                waiting = []
        if waiting:
            yield pyarrow.concat_tables(waiting)

    def _decoded(self, table: Table, places: Places) -> pyarrow.Table:
        """Read whole partitions, which are not held."""
        layout = Layout(table)
        pieces = {p: layout.decoded(at.read(), table.names, at.name) for p, at in places.items()}
        return layout.together(pieces, table.names)

    def rows(self, table: Table) -> pd.DataFrame:
        """Give a whole table in pandas, typed."""
        return typed(self.scan(Selection(table, columns=tuple(table.names))), table)

    def days(self, table: Table) -> tuple[date, ...]:
        """Give the first and the last day of a table, without opening a file."""
        days = {partition[0] for partition in self.view.places(table)}
        return tuple(date.fromisoformat(end(days)) for end in (min, max)) if days else ()

    def digest(self, *tables: Table) -> str:
        """Give a text that differs whenever a file of these tables does."""

        def made() -> str:
            return digest((table.name, _prints(self.view.places(table))) for table in tables)

        return self._once(tables, made)

    def _asked(self, asked: Selection) -> dict[str, "Month"]:
        """Give the months that can hold rows asked for."""
        months = self._months(asked.table, asked.keeps_month)
        return {name: month for name, month in months.items() if asked.keeps_month("date", name)}

    def _months(self, table: Table, keeps: Keeps | None = None) -> dict[str, "Month"]:
        """Give the months of a table that can hold rows asked for; all where that costs nothing."""
        if keeps is not None and not self.view.is_listed(table):
            return _by_month(self.view.places(table, keeps))
        return self._once(table, lambda: _by_month(self.view.places(table)))

    def _once(self, what: object, make: Callable[[], T]) -> T:
        """Give what is made of the listings; made anew once these may be others."""
        if self._told_at != self.view.looks:
            self._told, self._told_at = {}, self.view.looks
        if what not in self._told:
            self._told[what] = make()
        found: T = self._told[what]
        return found

    def derived(self, subject: str, made_of: str, names: Sequence[str]) -> pyarrow.Table | None:
        """Give columns of a table that was derived before from the same contents."""
        return self._cache.read(subject, made_of, names)

    def keep(
        self,
        subject: str,
        made_of: str,
        rows: pyarrow.Table,
        *tables: Table,
        is_lasting: bool = True,
    ) -> None:
        """Keep a table that was derived from the contents of these tables."""
        if self.view.generation and all(_is_settled(self.view.places(table)) for table in tables):
            (self._cache.keep if is_lasting else self._cache.hold)(subject, made_of, rows)

    def by_month(
        self,
        table: Table,
        columns: Sequence[str],
        subject: str,
        make: Callable[[pyarrow.Table], pyarrow.Table],
    ) -> pyarrow.Table:
        """Give what ``make`` makes of each month's rows; only months that changed are made anew."""
        asked = Selection(table, columns=tuple(columns))
        made = [make(table.arrow().empty_table().select(list(columns)))]
        for month, whole in self._months(table).items():
            name = f"{subject}/{month}"
            found = self._cache.read(name, whole.made_of, made[0].column_names)
            if found is None:
                found = make(self._month(asked, month, whole).select(list(columns)))
                if _is_settled(whole.places):
                    self._cache.keep(name, whole.made_of, found)
                if whole.size > _LARGE_MONTH:
                    self._cache.let_go(f"{table.name}/{month}")
            if found.nbytes > _LARGE_MONTH:
                self._cache.let_go(name)
            made.append(found.cast(made[0].schema))
        return pyarrow.concat_tables(made)

    def _month(self, asked: Selection, month: str, whole: "Month") -> pyarrow.Table:
        """Give the rows of a month: out of the cache, into the cache, or as they are asked for."""
        table = asked.table
        subject = f"{table.name}/{month}"
        found = self._cache.read(subject, whole.made_of, asked.needed)
        if found is not None:
            return found
        keeps = partial(Layout(table).keeps, asked.keeps)
        places = {p: place for p, place in whole.places.items() if keeps(p)}
        if len(places) < _WORTH_KEEPING * len(whole.places):
            names = (*asked.needed, *table.key)
            return self._read(table, places, names).sort_by(_order(table))
        rows = self._read(table, whole.places, table.names).sort_by(_order(table)).combine_chunks()
        if _is_settled(whole.places):
            self._cache.keep(subject, whole.made_of, rows)
            for place in whole.places.values():  # they are in the cache now
                self._pieces.pop((place, tuple(table.names)), None)
        return rows

    def checked(self, table: Table) -> tuple[pyarrow.Table, list[str]]:
        """Give a whole table from its partitions alone, and what is wrong with their files."""
        layout, pieces, problems = Layout(table), {}, []
        for partition, place in self.view.places(table).items():
            try:
                pieces[partition] = layout.decoded(place.read(), table.names, place.name)
            except Vanished:
                raise
            except StoreError as error:
                problems.append(str(error))
        return layout.together(pieces, table.names), problems

    def _read(self, table: Table, places: Places, names: Sequence[str]) -> pyarrow.Table:
        """Read columns of partitions."""
        layout, wanted = Layout(table), tuple(dict.fromkeys(names))
        pieces = {}
        for partition, place in places.items():
            known = self._pieces.get((place, wanted))
            if known is None:
                known = layout.decoded(place.read(), wanted, place.name)
                self._pieces[place, wanted] = known
            pieces[partition] = known
        return layout.together(pieces, wanted)


class Month(NamedTuple):
    """The partitions of a month, what tells their contents from any others, their bytes."""

    places: Places
    made_of: str
    size: int


def _by_month(places: Places) -> dict[str, Month]:
    """Part the partitions of a table by the month of their day."""
    months: defaultdict[str, Places] = defaultdict(dict)
    for partition, place in places.items():
        months[partition[0][:7]][partition] = place
    return {
        month: Month(of, digest(_prints(of)), sum(place.size for place in of.values()))
        for month, of in sorted(months.items())
    }


def _prints(places: Places) -> list[tuple[Partition, Fingerprint]]:
    """Give what tells these files from any others."""
    return [(partition, place.fingerprint) for partition, place in places.items()]


def _is_settled(places: Places) -> bool:
    return all(place.files.is_settled(place.fingerprint) for place in places.values())


def _will_settle(places: Places) -> bool:
    """Wait until whatever changes these files will show; say whether that came."""
    if not _is_settled(places):
        time.sleep(2 * SETTLED_NS / 1e9)
    return _is_settled(places)


def _order(table: Table) -> list[tuple[str, str]]:
    return [(name, "ascending") for name in table.key]
