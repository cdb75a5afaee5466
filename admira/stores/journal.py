"""The journal: one entry per commit, written before the first file is replaced."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from admira.errors import StoreBusy, StoreError
from admira.stores.files import Files
from admira.stores.threads import side_by_side

OWN = "_admira"
STAGING = f"{OWN}/staging"
_FOLDER = f"{OWN}/journal"
_PLAN = "plan.json"
_DRAFT = "entry.json"
_MANY = 64
_KEPT = 64


@dataclass(frozen=True, slots=True)
class Entry:
    """What one commit does to the files of a store.

    Attributes
    ----------
    generation : int
        The number of the commit; the store as it is after it.
    staging : str
        The folder of the files that it brings.
    writes : dict of str to str
        The path of each file replaced, to its name in ``staging``.
    removes : tuple of str
        The paths removed.
    run_id, at : str
        Whose commit it is, and when it was made.
    """

    generation: int
    staging: str
    writes: dict[str, str]
    removes: tuple[str, ...]
    run_id: str
    at: str

    def staged(self, path: str) -> str:
        """Give where the new file of a path is until it is in place."""
        return f"{self.staging}/{self.writes[path]}"

    @property
    def paths(self) -> list[str]:
        """Every path that the commit changes."""
        return [*self.writes, *self.removes]

    def encoded(self) -> bytes:
        """Write the entry as JSON."""
        return json.dumps(asdict(self)).encode()


class Journal:
    """The commits of a store; the newest entry is the store's state, applied or not."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def generation(self) -> int:
        """Give the number of the newest commit; 0 before the first."""
        return max(self._generations(), default=0)

    def _generations(self) -> list[int]:
        """List the numbers of the entries that are kept."""
        names = self._files.names(_FOLDER)
        return [int(name[:-5]) for name in names if name.endswith(".json")]

    def entry(self, generation: int) -> Entry | None:
        """Give the entry of a commit; nothing where it is no longer kept."""
        content = self._files.read(_path(generation))
        if content is None:
            return None
        try:
            fields: dict[str, Any] = json.loads(content)
            return Entry(**{**fields, "removes": tuple(fields["removes"])})
        except (ValueError, TypeError, KeyError):
            name = self._files.name(_path(generation))
            raise StoreError(
                f"{name} is no journal entry. Restore it from a backup; without it, what its "
                "commit replaced cannot be told."
            ) from None

    def changed(self, since: int, until: int) -> set[str] | None:
        """Give the paths that commits after ``since`` changed; nothing where it cannot be told."""
        entries = [self.entry(number) for number in range(since + 1, until + 1)]
        if None in entries:
            return None
        return {path for entry in entries if entry is not None for path in entry.paths}

    def pending(self, generation: int) -> Entry | None:
        """Give the entry of a commit that may not yet be applied throughout."""
        entry = self.entry(generation) if generation else None
        if entry is None or self._files.fingerprint(f"{entry.staging}/{_PLAN}") is None:
            return None
        return entry

    def current(self, path: str) -> bytes | None:
        """Give a file as the newest commit has it, in place or still staged."""
        entry = self.pending(self.generation())
        staged = None
        if entry is not None and path in entry.writes:
            staged = self._files.read(entry.staged(path))
        return self._files.read(path) if staged is None else staged

    def commit(self, entry: Entry) -> None:
        """Record a commit whose files are staged, then put them in place.

        From the moment that the entry is there the commit holds, whatever happens next.
        """
        try:
            self._stage(entry)
        except BaseException:
            self._sweep(entry.staging)
            raise
        try:
            is_recorded = self._create(entry)
        except StoreError as error:
            # The entry may be there or not, so what is staged must stay for whoever finds it.
            raise StoreError(
                f"{error} Whether the commit was recorded shows when the store is next opened: it "
                "is then finished, or it never was."
            ) from error
        if not is_recorded:
            self._sweep(entry.staging)
            raise StoreBusy(
                f"{self._files.url} was changed by another writer meanwhile; nothing of this "
                "commit was written. Run again."
            )
        try:
            self._apply(entry)
        except StoreError as error:
            raise StoreError(
                f"{error} The commit itself is recorded and holds: what is left to do is done "
                "when the store is next opened."
            ) from error
        for number in self._generations():
            if number <= entry.generation - _KEPT:
                self._files.remove(_path(number))

    def _stage(self, entry: Entry) -> None:
        """Write the plan of a commit, and force all that is staged to disk."""
        names = (_PLAN, _DRAFT)
        for name in names:
            self._files.write(f"{entry.staging}/{name}", entry.encoded())
        paths = [f"{entry.staging}/{name}" for name in (*entry.writes.values(), *names)]
        self._files.settle(paths, contents=True)

    def _create(self, entry: Entry) -> bool:
        """Make an entry the newest; false if there is one of that number already."""
        draft, path = f"{entry.staging}/{_DRAFT}", _path(entry.generation)
        return self._files.create(draft, path, entry.encoded())

    def recover(self) -> None:
        """Finish the last commit if it was cut short, and sweep what no commit ever recorded.

        To be called under the writer's lock.
        """
        entry = self.pending(self.generation())
        if entry is not None:
            self._apply(entry)
        left = self._files.names(STAGING)
        if left:
            self._fence(f"{STAGING}/{left[0]}")
        for name in left:
            self._sweep(f"{STAGING}/{name}")

    def _fence(self, folder: str) -> None:
        """Take the next number, so that a writer who lost its lock can no longer commit."""
        at = datetime.now(UTC).isoformat()
        entry = Entry(self.generation() + 1, folder, {}, (), "recovery", at)
        self._files.write(f"{folder}/{_DRAFT}", entry.encoded())
        self._files.settle([f"{folder}/{_DRAFT}"], contents=True)
        self._create(entry)

    def _apply(self, entry: Entry) -> None:
        """Put the staged files in place; doing it again changes nothing."""

        def move(path: str) -> None:
            self._files.move(entry.staged(path), path)

        side_by_side(move, entry.writes, at_least=_MANY)
        for path in entry.removes:
            self._files.remove(path)
        self._files.settle([*entry.paths, f"{entry.staging}/{_PLAN}"], contents=False)
        self._sweep(entry.staging)

    def _sweep(self, staging: str) -> None:
        """Remove a staging folder, the plan last: as long as it is there, a commit is pending."""
        names = [name for name in self._files.names(staging) if name != _PLAN]
        for name in (*names, _PLAN):
            self._files.remove(f"{staging}/{name}")

    def discard(self, staging: str) -> None:
        """Remove what was staged for a commit that will not be; what cannot be removed is swept."""
        with suppress(StoreError):
            self._sweep(staging)


def _path(generation: int) -> str:
    """Give the path of an entry."""
    return f"{_FOLDER}/{generation:012d}.json"
