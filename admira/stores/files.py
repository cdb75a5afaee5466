"""Where a store's files are: named by their path under its root, on disk or elsewhere."""

import ctypes
import os
import stat
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from time import time_ns
from typing import Protocol, TypeAlias

import pyarrow

from admira.errors import StoreError
from admira.stores.listings import SETTLED_NS, Listings

# What changes whenever a file is replaced: size, time and inode on disk, the ETag elsewhere.
Fingerprint: TypeAlias = tuple[int | str, ...]

# Says of a folder, by the names from the one searched down to it, whether to look inside.
Enters: TypeAlias = Callable[[tuple[str, ...]], bool]


_IS_LINUX = sys.platform == "linux"
_MANY = 64


class Files(Protocol):
    """The files under a root; paths are relative to it and written with ``/``.

    What cannot be done raises a ``StoreError`` that names the path and says what to do.
    """

    @property
    def url(self) -> str:
        """The root, as people write it."""
        ...

    def name(self, path: str) -> str:
        """Give a path as people write it, root included."""
        ...

    def read(self, path: str) -> bytes | None:
        """Give a file's content, as it was at one instant; nothing where there is no such file."""
        ...

    def open(self, path: str) -> pyarrow.NativeFile | None:
        """Open a file to read parts of it; nothing where there is no such file."""
        ...

    def fingerprint(self, path: str) -> Fingerprint | None:
        """Give what changes whenever the file is replaced; nothing where there is no such file."""
        ...

    def is_settled(self, fingerprint: Fingerprint) -> bool:
        """Tell whether whatever changes the file from now on will show in its fingerprint."""
        ...

    def find(self, folder: str, enters: Enters) -> dict[str, Fingerprint]:
        """Give every file under a folder, but for the marks that systems and tools leave."""
        ...

    def names(self, folder: str) -> list[str]:
        """List the names of files and folders in a folder; none where there is no such folder."""
        ...

    def write(self, path: str, content: bytes) -> None:
        """Write a file that no reader looks at yet."""
        ...

    def move(self, source: str, target: str) -> None:
        """Put a file in the place of another, all or nothing; done already if it is not there."""
        ...

    def create(self, source: str, target: str, content: bytes) -> bool:
        """Publish a written file under a new name, for good; false if the name is taken."""
        ...

    def remove(self, path: str) -> None:
        """Remove a file if it is there, and the folders that this leaves empty."""
        ...

    def settle(self, paths: Collection[str], *, contents: bool) -> None:
        """Force to disk that these files are there, or are gone; and what they hold, if asked."""
        ...

    def lock(self, path: str, timeout_seconds: float) -> AbstractContextManager[None]:
        """Hold the one lock of that name."""
        ...


class LocalFiles:
    """Files in a folder of this machine's file system."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._prefix = f"{root}{os.sep}"
        self._listings = Listings(self._prefix, f"{root}/_admira/cache/listings.json")

    @property
    def url(self) -> str:
        """The folder's path."""
        return str(self.root)

    def name(self, path: str) -> str:
        """Give the whole path."""
        return self._prefix + path

    def read(self, path: str) -> bytes | None:
        """Give a file's content; a file that is replaced meanwhile is read to its end."""
        with explained(self.name(path), "read"):
            try:
                with open(self.name(path), "rb") as file:  # noqa: PTH123 - thousands of times
                    return file.read()
            except FileNotFoundError:
                return None

    def open(self, path: str) -> pyarrow.NativeFile | None:
        """Open a file; it is never mapped into memory, since others may overwrite it."""
        with explained(self.name(path), "read"):
            try:
                return pyarrow.OSFile(self.name(path))
            except FileNotFoundError:
                return None

    def fingerprint(self, path: str) -> Fingerprint | None:
        """Give size, time of change and inode."""
        with explained(self.name(path), "read"):
            try:
                found = os.stat(self.name(path))  # noqa: PTH116 - thousands of times
            except FileNotFoundError:
                return None
        return (found.st_size, found.st_mtime_ns, found.st_ino)

    def is_settled(self, fingerprint: Fingerprint) -> bool:
        """Tell whether the file is older than the steps in which the system tells the time."""
        _, changed_at, _ = fingerprint
        return time_ns() - int(changed_at) > SETTLED_NS

    def find(self, folder: str, enters: Enters) -> dict[str, Fingerprint]:
        """Walk the folders that ``enters`` lets through."""
        found: dict[str, Fingerprint] = {}
        with explained(self.name(folder), "read"):
            self._walk(folder, (), enters, found)
        self._listings.keep()
        return found

    def _walk(
        self, folder: str, above: tuple[str, ...], enters: Enters, found: dict[str, Fingerprint]
    ) -> None:
        """Add the files under one folder to those found."""
        for name in self._listings.names(folder):
            path = f"{folder}/{name}"
            if "=" not in name:
                try:
                    about = os.stat(self._prefix + path)  # noqa: PTH116 - thousands of times
                except FileNotFoundError:
                    continue
                if not stat.S_ISDIR(about.st_mode):
                    found[path] = (about.st_size, about.st_mtime_ns, about.st_ino)
                    continue
            down = (*above, name)
            if enters(down):
                self._walk(path, down, enters, found)

    def names(self, folder: str) -> list[str]:
        """List a folder."""
        with explained(self.name(folder), "read"):
            try:
                return os.listdir(self.name(folder))  # noqa: PTH208 - thousands of times
            except (FileNotFoundError, NotADirectoryError):
                return []

    def write(self, path: str, content: bytes) -> None:
        """Write a file, and the folders above it."""
        target = self.name(path)
        with explained(target, "written"):
            try:
                file = open(target, "wb")  # noqa: PTH123, SIM115 - thousands of times
            except FileNotFoundError:
                os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120
                file = open(target, "wb")  # noqa: PTH123, SIM115
            with file:
                file.write(content)

    def move(self, source: str, target: str) -> None:
        """Rename a file over another."""
        path = self.name(target)
        with explained(path, "replaced"), suppress(FileNotFoundError):
            try:
                os.replace(self.name(source), path)  # noqa: PTH105 - thousands of times
            except FileNotFoundError:
                os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
                os.replace(self.name(source), path)  # noqa: PTH105

    def create(self, source: str, target: str, content: bytes) -> bool:
        """Give a written file a further name, and force the name to disk."""
        del content  # it is in the source already
        with explained(self.name(target), "written"):
            self._folder(target).mkdir(parents=True, exist_ok=True)
            if Path(self.name(target)).exists():
                return False
            os.replace(self.name(source), self.name(target))  # noqa: PTH105
        self.settle([target], contents=False)
        return True

    def remove(self, path: str) -> None:
        """Unlink a file and the empty folders above it."""
        with explained(self.name(path), "removed"):
            Path(self.name(path)).unlink(missing_ok=True)
            for folder in Path(path).parents[:-1]:
                try:
                    (self.root / folder).rmdir()
                except FileNotFoundError:
                    continue
                except OSError:
                    break

    def settle(self, paths: Collection[str], *, contents: bool) -> None:
        """Sync each file and each folder above, as far as the root; many files all at once."""
        with explained(self.root, "forced to disk"):
            if len(paths) > _MANY and _sync_all(self.root):
                return
            for path in paths if contents else ():
                _sync(self.name(path))
            folders = {folder for path in paths for folder in Path(path).parents}
            for folder in sorted(folders, key=str):
                _sync(str(self.root / folder))

    def lock(self, path: str, timeout_seconds: float) -> AbstractContextManager[None]:
        """Hold a lock that the system frees when the process ends, however it ends."""
        from admira.stores.locks import file_lock

        return file_lock(Path(self.name(path)), timeout_seconds)

    def _folder(self, path: str) -> Path:
        return Path(self.name(path)).parent


def files_at(url: str) -> Files:
    """Give the files under a root: a folder, or ``s3://bucket/prefix``."""
    if "://" not in url:
        return LocalFiles(Path(url).expanduser().absolute())
    if url.startswith("s3://"):
        from admira.stores.objects import ObjectFiles

        return ObjectFiles(url)
    scheme = url.partition("://")[0]
    raise StoreError(
        f"A store at {scheme}:// is not supported; give a folder, or s3://bucket/path."
    )


@contextmanager
def explained(path: str | Path, done: str) -> Iterator[None]:
    """Turn an operating system's error into a sentence: which path, what failed, what to do."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{error.filename or path} could not be {done}: {error.strerror or error}. "
            "Check its permissions and the disk's free space, then run again."
        ) from error


def _sync(path: str) -> None:
    """Force a file, or a folder's entries, to disk where the system can and it is there."""
    if os.name != "posix":
        return
    with suppress(FileNotFoundError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _sync_all(folder: Path) -> bool:
    """Force a whole file system to disk, in the time of some dozens of files; false if it can't."""
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None) if _IS_LINUX else None
    if syncfs is None:
        return False
    handle = os.open(folder, os.O_RDONLY)
    try:
        if syncfs(handle) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(handle)
    return True
