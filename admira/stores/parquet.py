"""A store of plain Parquet files, one per partition, that any engine can read."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pandas as pd

from admira.errors import StoreError
from admira.schemas import CRM, Kind, table_of
from admira.stores.archive import archive, due, listed, make_archive
from admira.stores.base import Backend
from admira.stores.cache import FOLDER as CACHE
from admira.stores.cache import Cache
from admira.stores.draft import FileDraft
from admira.stores.files import LocalFiles, files_at
from admira.stores.journal import OWN, Journal
from admira.stores.partitions import Layout
from admira.stores.reading import Reader
from admira.stores.settings import SETTINGS, agreed_settings, decoded_settings
from admira.stores.snapshot import Snapshot
from admira.stores.transaction import Transaction
from admira.stores.upgrading import upgrade, upgrade_archive
from admira.stores.view import Vanished, View

T = TypeVar("T")

_ROUNDS = 3
_LOCK = f"{OWN}/lock/writer"


class ParquetStore(Backend):
    """Keeps the tables in date and channel partitions under a folder.

    The folder is made at the first write; before that, reads are empty.  A commit reads and
    rewrites only the partitions that hold an incoming key, writes none whose rows would not
    change, and counts as a whole or not at all, whenever the process or the machine stops.  Readers
    see the store before or after a commit, and wait for none.

    Parameters
    ----------
    path : str or Path
        The store's folder; ``~`` is expanded.
    tz : str, optional
        The reporting time zone, an IANA name.  A new store records it (``"UTC"`` by default);
        a store that is there already must have the same one.
    archive : str, optional
        Where older partitions are, a folder or an ``s3://`` URL; a store that has an archive
        records it and always reads it.
    lock_timeout_seconds : float
        How long a writer waits for another one.

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

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        tz: str | None = None,
        archive: str | None = None,
        lock_timeout_seconds: float = 60.0,
    ) -> None:
        self.files = files_at(os.fspath(path))
        if isinstance(self.files, LocalFiles) and self.files.root.is_file():
            raise StoreError(f"{self.files.url} is a file; a store is a folder. Give another path.")
        self.lock_timeout_seconds = lock_timeout_seconds
        self._cache = Cache(self.files)
        self._journal = Journal(self.files)
        self._given = agreed_settings(self.files, tz, archive)
        self._followed: Snapshot | None = None
        self._roll_forward()

    def __repr__(self) -> str:
        """Say where it is."""
        return f"ParquetStore({self.files.url!r}, tz={self.tz!r})"

    @property
    def path(self) -> Path:
        """The store's folder, where it is one."""
        return Path(self.files.url)

    @property
    def tz(self) -> str:
        """The reporting time zone."""
        return self._given.tz

    @property
    def is_made(self) -> bool:
        """Whether the store is there already."""
        return self._journal.current(SETTINGS) is not None

    def _roll_forward(self) -> None:
        """Finish a commit that was cut short, unless its writer is still at it."""
        if self._journal.pending(self._journal.generation()) is not None:
            with suppress(StoreError), self.files.lock(_LOCK, 0.0):
                self._journal.recover()

    @contextmanager
    def transaction(
        self, *, run_id: str | None = None, now: datetime | None = None
    ) -> Iterator[Transaction]:
        """Begin a commit; see ``Backend.transaction``."""
        run, at = run_id or uuid4().hex[:12], now or datetime.now(UTC)
        with self._drafting(run, at) as draft:
            commit = Transaction(draft, run_id=run, now=at)
            yield commit
            commit.finish()

    @contextmanager
    def _drafting(self, run_id: str, now: datetime) -> Iterator[FileDraft]:
        """Hold the lock, finish what was left undone, and commit what is done to the draft."""
        with self.files.lock(_LOCK, self.lock_timeout_seconds):
            self._journal.recover()
            # Somebody else may have made the store meanwhile.
            agreed_settings(self.files, self._given.tz, self._given.archive)
            draft = FileDraft(self.files, self._view())
            try:
                yield draft
                draft.commit(self._journal, run_id=run_id, now=now)
            except BaseException:
                draft.discard(self._journal)
                raise

    def archive(self, first: date, to: str | None, *, is_dry_run: bool) -> pd.DataFrame:
        """Move partitions of days before ``first`` to the archive; see ``Store.archive``."""
        url = self._archive_url(to)
        if is_dry_run:
            return listed(due(self._view(), self.files, first))
        # Known first, read along from then on: a copy that goes stale meanwhile never counts.
        with self._drafting("archive", datetime.now(UTC)) as draft:
            make_archive(url, draft.view.settings)
            upgrade(draft, self.files)  # so that files of one version only get there
            upgrade_archive(files_at(url))
            if not self._is_recorded(url):
                draft.settle(replace(draft.view.settings, archive=url))
        with self._drafting("archive", datetime.now(UTC)) as draft:
            found = due(draft.view, self.files, first)
            moved = listed(found)
            archive(draft, found, url)
        return moved

    def _is_recorded(self, url: str) -> bool:
        content = self._journal.current(SETTINGS)
        return content is not None and decoded_settings(content, SETTINGS).archive == url

    def _archive_url(self, to: str | None) -> str:
        """Give where the archive is to be."""
        recorded = self._view().settings.archive
        if to is not None and "://" not in to:
            to = str(Path(to).expanduser().absolute())
        if (to or recorded) is None:
            raise StoreError(
                f"{self.files.url} has no archive yet; say where it is to be with to=."
            )
        if recorded is not None and to not in (None, recorded):
            raise StoreError(
                f"{self.files.url} has its archive at {files_at(recorded).url}; found "
                f"to={files_at(to or recorded).url!r}. A store has one."
            )
        url = to or recorded or ""
        if files_at(url).url == self.files.url:
            raise StoreError(f"{self.files.url} is the store itself; archive it elsewhere.")
        return url

    def outdated(self, kind: Kind, first: date) -> pd.DataFrame:
        """List the partitions of days before one, in the store and its archive."""
        table = table_of((), kind)
        places = self._view().places(table)
        return listed({table: {p: at for p, at in places.items() if p[0] < first.isoformat()}})

    def sweep_archive(self) -> None:
        """Remove from the archive what the store no longer keeps."""
        settings = self._view().settings
        if settings.archive is None:
            return
        there = files_at(settings.archive)
        for name, first in settings.kept_from.items():
            layout = Layout(table_of((), name), there.name)
            for path in there.find(layout.folder, layout.enters(None)):
                if layout.partition(path)[0] < first.isoformat():
                    there.remove(path)

    def repair(self) -> None:
        """Finish what was left undone, and work out anew whatever is derived."""
        with self._drafting("repair", datetime.now(UTC)) as draft:
            for folder in (f"{OWN}/index", CACHE):
                for path in self.files.find(folder, lambda _: True):
                    self.files.remove(path)
            draft.index(CRM)
            draft.keep_indexes()
            upgrade(draft, self.files)
        self._cache = Cache(self.files)

    def reading(self, load: Callable[[Reader], T]) -> T:
        """Give what ``load`` reads, all of it as of one commit; see ``Backend.reading``.

        After a round in which a commit came between, only what the journal names is read again;
        after three such rounds writers are made to wait for one.
        """
        snapshot = self._followed or Snapshot(self._view(), self._cache)
        snapshot.begin()
        for _ in range(_ROUNDS):
            try:
                loaded = load(snapshot)
            except Vanished:
                snapshot.view.forget()
                snapshot.view.advance()
                continue
            if snapshot.view.is_current():
                return loaded
            snapshot.view.advance()
        with self.files.lock(_LOCK, self.lock_timeout_seconds):
            return load(Snapshot(self._view(), self._cache))

    def following_commits(self) -> "ParquetStore":
        """Give the same store, which looks for files once; see ``Backend.following_commits``."""
        follower = copy(self)
        vars(follower).update(_followed=Snapshot(self._view(), self._cache))
        return follower

    def _view(self) -> View:
        return View(self.files, self._given)
