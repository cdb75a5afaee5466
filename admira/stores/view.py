"""Which files a store holds as of one commit, and where each of them is."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from admira.errors import StoreError
from admira.schemas import Table
from admira.stores.files import Files, Fingerprint, files_at
from admira.stores.journal import Entry, Journal
from admira.stores.partitions import Keeps, Layout, Partition
from admira.stores.settings import SETTINGS, Settings, decoded_settings


class Vanished(StoreError):
    """A file that a view lists is no longer there: the view is of the past."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the content of one partition is, and what tells it from any other content."""

    files: Files
    path: str
    fingerprint: Fingerprint
    staged: str | None = None

    @property
    def name(self) -> str:
        """The path as people write it."""
        return self.files.name(self.path)

    @property
    def size(self) -> int:
        """The file's size in bytes: the first number of every fingerprint."""
        return next((part for part in self.fingerprint if isinstance(part, int)), 0)

    def read(self) -> bytes:
        """Give the file's content: the staged one until it is in place."""
        content = None if self.staged is None else self.files.read(self.staged)
        if content is None:
            content = self.files.read(self.path)
        if content is None:
            raise Vanished(
                f"{self.name} was removed while it was being read. Read again; if that does not "
                "help, restore it from a backup."
            )
        return content


class View:
    """The partitions of a store and its archive as of one generation, listed when asked for.

    A commit that is being applied counts as applied.  Where a partition is in both, the store's
    own file counts.
    """

    def __init__(self, files: Files, given: Settings) -> None:
        self._files = files
        self._given = given
        self._journal = Journal(files)
        self._lists: dict[Table, dict[Partition, Place]] = {}
        self.looks = 0  # rises whenever what is listed may be other than before
        self._start(self._journal.generation())

    @property
    def root(self) -> str:
        """Where the store is."""
        return self._files.url

    @property
    def filesystem(self) -> Any:
        """What reads the store's files where the operating system does not, in fsspec's words."""
        return getattr(self._files, "filesystem", None)

    def _start(self, generation: int) -> None:
        self.looks += 1
        self.generation = generation
        self._pending: Entry | None = self._journal.pending(generation)
        self.settings = self._read_settings()
        self._archive = (
            None if self.settings.archive is None else _archive_at(self.settings.archive)
        )

    def _read_settings(self) -> Settings:
        """Give the settings as of this generation; those given for a store still to be made."""
        place = self._find_here(SETTINGS)
        if place is None:
            return self._given
        recorded = decoded_settings(place.read(), place.name)
        return recorded if recorded.archive else replace(recorded, archive=self._given.archive)

    def is_current(self) -> bool:
        """Tell whether no commit has come since."""
        return self._journal.generation() == self.generation

    def advance(self) -> None:
        """Become the view of the newest commit, looking again only at what the journal names."""
        generation = self._journal.generation()
        changed = self._journal.changed(self.generation, generation)
        self._start(generation)
        if changed is None or SETTINGS in changed:
            self._lists.clear()
            return
        for table, places in self._lists.items():
            layout = self._layout(table)
            self._look_again(places, layout, _inside(layout, changed))

    def forget(self) -> None:
        """List everything anew when next asked: somebody else moves files."""
        self.looks += 1
        self._lists.clear()

    def is_listed(self, table: Table) -> bool:
        """Tell whether all of a table's partitions have been looked for."""
        return table in self._lists

    def places(self, table: Table, keeps: Keeps | None = None) -> dict[Partition, Place]:
        """Give the partitions that can hold rows asked for, in order, without opening a file."""
        layout, listed = self._layout(table), self._lists.get(table)
        if listed is not None:
            return {p: place for p, place in listed.items() if layout.keeps(keeps, p)}
        places = self._listing(layout, keeps)
        if keeps is None:
            self._lists[table] = places
        return places

    def place(self, table: Table, partition: Partition) -> Place | None:
        """Give where one partition is, if it is there."""
        layout = self._layout(table)
        folder, _, _ = layout.path(partition).rpartition("/")
        for name in self._files.find(folder, lambda _: False):
            layout.partition(name)
        return self._find(layout.path(partition))

    def is_archived(self, table: Table, partition: Partition) -> bool:
        """Tell whether the archive has a file of the partition, even if the store's own counts."""
        path = Layout(table).path(partition)
        return self._archive is not None and self._archive.fingerprint(path) is not None

    def _layout(self, table: Table) -> Layout:
        return Layout(table, self._files.name)

    def _listing(self, layout: Layout, keeps: Keeps | None) -> dict[Partition, Place]:
        """List a table's partitions in the store and its archive."""
        places = {}
        for files in (self._archive, self._files):
            if files is not None:
                here = Layout(layout.table, files.name)
                for path, fingerprint in files.find(layout.folder, here.enters(keeps)).items():
                    places[here.partition(path)] = Place(files, path, fingerprint)
        if self._pending is not None:
            inside = _inside(layout, self._pending.paths)
            kept = [path for path in inside if layout.keeps(keeps, layout.partition(path))]
            self._look_again(places, layout, kept)
        first = self.settings.kept_from.get(layout.table.name)
        if first is not None:  # what the archive still has of days that were dropped
            places = {p: place for p, place in places.items() if p[0] >= first.isoformat()}
        return dict(sorted(places.items()))

    def _look_again(
        self, places: dict[Partition, Place], layout: Layout, paths: Iterable[str]
    ) -> None:
        """Correct a listing for some paths."""
        for path in paths:
            partition, place = layout.partition(path), self._find(path)
            if place is None:
                places.pop(partition, None)
            else:
                places[partition] = place

    def _find(self, path: str) -> Place | None:
        """Look for one file: staged, in place, in the archive."""
        found = self._find_here(path)
        if found is None and self._archive is not None:
            fingerprint = self._archive.fingerprint(path)
            if fingerprint is not None:
                return Place(self._archive, path, fingerprint)
        return found

    def _find_here(self, path: str) -> Place | None:
        """Look for one file: staged, or in place."""
        entry = self._pending
        if entry is not None and path in entry.writes:
            staged = entry.staged(path)
            found = self._files.fingerprint(staged)
            if found is not None:
                return Place(self._files, path, found, staged)
        is_removed = entry is not None and path in entry.removes
        found = None if is_removed else self._files.fingerprint(path)
        return None if found is None else Place(self._files, path, found)


# Opened once: an archive on S3 has a client that takes its time to make.
_archive_at = lru_cache(maxsize=16)(files_at)


def _inside(layout: Layout, paths: Iterable[str]) -> list[str]:
    """Give the paths in a table's folder."""
    return [path for path in paths if path.startswith(f"{layout.folder}/")]
