"""What is in each folder, listed again only where the folder has changed since."""

import json
import os
from contextlib import suppress
from pathlib import Path
from time import time_ns

# What was written this short a time ago could be written again without its time changing.
SETTLED_NS = 100_000_000
_WORTH_KEEPING = 256


class Listings:
    """The names in the folders under a root, remembered with each folder's time and inode.

    A folder's time changes with every entry that comes or goes; asking for it takes a quarter of
    the time that a listing does, and there are thousands of folders.  What is remembered is kept in
    a file between processes; deleting it, or failing to write it, loses nothing but time.
    """

    def __init__(self, root: str, kept_in: str) -> None:
        self._root = root
        self._kept_in = Path(kept_in)
        self._known: dict[str, tuple[int, int, list[str]]] | None = None
        self._new = 0

    def names(self, folder: str) -> list[str]:
        """List a folder in order, without the marks that systems and tools leave."""
        known = self._recalled()
        path = self._root + folder
        try:
            about = os.stat(path)  # noqa: PTH116 - thousands of times
            changed_at, inode, names = known.get(folder, (0, 0, []))
            if about.st_mtime_ns == changed_at and about.st_ino == inode:
                return names
            found = os.listdir(path)  # noqa: PTH208 - thousands of times
        except FileNotFoundError:
            return []
        names = sorted(name for name in found if not is_mark(name))
        if time_ns() - about.st_mtime_ns > SETTLED_NS:
            known[folder] = (about.st_mtime_ns, about.st_ino, names)
            self._new += 1
        return names

    def _recalled(self) -> dict[str, tuple[int, int, list[str]]]:
        """Give what is remembered, from an earlier process where there is a file."""
        if self._known is None:
            self._known = {}
            with suppress(OSError, ValueError, TypeError, AttributeError):
                kept = json.loads(self._kept_in.read_bytes())
                self._known = {f: (int(t), int(i), list(n)) for f, (t, i, n) in kept.items()}
        return self._known

    def keep(self) -> None:
        """Write down what is remembered, where much of it is new and there is a place for it."""
        if self._new < _WORTH_KEEPING or not self._kept_in.parent.parent.is_dir():
            return
        self._new = 0
        draft = self._kept_in.with_name(f".listings-{os.getpid()}")
        with suppress(OSError):
            self._kept_in.parent.mkdir(exist_ok=True)
            draft.write_text(json.dumps(self._known))
            draft.replace(self._kept_in)


def is_mark(name: str) -> bool:
    """Tell the marks that systems and tools leave from data."""
    return name[:1] in ("", ".", "_") and not name.endswith(".parquet")
