"""Files on disk: read whole, written aside and moved into place, errors told in one sentence."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from admira.errors import StoreError


@contextmanager
def explained(path: Path, done: str) -> Iterator[None]:
    """Turn an operating system's error into a sentence: which path, what failed, what to do."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{path} could not be {done}: {error.strerror or error}. "
            "Check its permissions and the disk's free space, then run again."
        ) from error


def replace_files(
    contents: Iterable[tuple[Path, bytes]], removed: Iterable[Path] = (), *, root: Path, aside: Path
) -> None:
    """Put new contents in the place of files under ``root``, each file all or nothing.

    Everything is written under ``aside`` and forced to disk before the first file is replaced, so
    that a full disk changes nothing.  Removals come last, and take folders that they empty along.
    """
    with explained(aside, "written"):
        aside.mkdir(parents=True, exist_ok=True)
        staging = TemporaryDirectory(dir=aside, ignore_cleanup_errors=True)
    with staging as folder:
        written = {}
        for number, (path, content) in enumerate(contents):
            with explained(path, "written"):
                written[path] = _write(Path(folder) / str(number), content)
        for path, staged in written.items():
            with explained(path, "replaced"):
                path.parent.mkdir(parents=True, exist_ok=True)
                staged.replace(path)
    emptied = list(removed)
    for path in emptied:
        with explained(path, "removed"):
            path.unlink(missing_ok=True)
            _prune(path.parent, root)
    for place in {place for path in (*written, *emptied) for place in path.parents}:
        if place.is_relative_to(root) and place.exists():
            with explained(place, "forced to disk"):
                _sync_folder(place)


def _write(path: Path, content: bytes) -> Path:
    """Write a new file and force it to disk."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return path


def _prune(folder: Path, root: Path) -> None:
    """Remove the folder if it is empty, then those above it that this leaves empty."""
    while folder != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _sync_folder(folder: Path) -> None:
    """Force a folder's entries to disk, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
