"""One writer at a time: a lock that says who holds it and since when."""

import getpass
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from admira.errors import StoreBusy
from admira.stores.files import explained

_POLL_SECONDS = 0.02


def holder() -> dict[str, str | int]:
    """Describe this process, for whoever waits for it."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return {"user": user, "host": platform.node(), "pid": os.getpid(), "since": since}


def locked_error(place: str, timeout_seconds: float, found: bytes | None) -> StoreBusy:
    """Give the error about a lock that somebody else holds."""
    try:
        by = json.loads(found or b"")
        who = f"{by['user']} on {by['host']} (process {by['pid']}), since {by['since']}"
    except (ValueError, KeyError, TypeError):
        who = "another process"
    return StoreBusy(
        f"{place} is being written by {who}; waited {timeout_seconds:g} s. Run again when that is "
        "done, or wait longer with lock_timeout_seconds (commands: ADMIRA_LOCK_TIMEOUT_SECONDS)."
    )


@contextmanager
def file_lock(path: Path, timeout_seconds: float) -> Iterator[None]:
    """Hold the lock on a file; the system frees it when the process ends, however it ends."""
    note = path.with_name("holder.json")
    with explained(path, "locked"):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not the library's singleton and not reentrant: every writer is one of its own.
        lock = FileLock(path, thread_local=False)
        try:
            lock.acquire(timeout=timeout_seconds, poll_interval=_POLL_SECONDS)
        except Timeout:
            found = note.read_bytes() if note.exists() else None
            raise locked_error(str(path.parents[2]), timeout_seconds, found) from None
    try:
        with suppress(OSError):  # a full disk must not stop a writer that only removes
            note.write_text(json.dumps(holder()))
        yield
    finally:
        with suppress(OSError):
            note.unlink(missing_ok=True)
        lock.release()
