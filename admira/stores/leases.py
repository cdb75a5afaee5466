"""A lock that is an object: a lease that its holder renews by conditional writes."""

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Protocol
from uuid import uuid4

from admira.errors import StoreBusy, StoreError
from admira.log import log_event
from admira.stores.locks import holder

# A writer that is gone holds its lock for no longer than this.
LEASE_SECONDS = 45.0
# A writer that renewed its lease this long ago renews it before it writes anything more.
_FRESH_SHARE = 1 / 3


@dataclass(frozen=True, slots=True)
class Found:
    """An object's content, and how long ago it was written by the service's own clock."""

    content: bytes
    etag: str
    age_seconds: float


class Objects(Protocol):
    """Where the lock's object is."""

    @property
    def url(self) -> str:
        """The root of the store, as people write it."""
        ...

    def name(self, path: str) -> str:
        """Give a path as people write it."""
        ...

    def found(self, path: str) -> Found | None:
        """Give an object's content and what the service says about it."""
        ...

    def put(self, path: str, content: bytes, **condition: str) -> str | None:
        """Put an object under a condition; give its ETag, or nothing if it is not met."""
        ...


class Lease:
    """A lock's object, ours for as long as we renew it.

    It is taken, renewed and given back by conditional writes alone, each with another content
    and so another ETag; none of them can overwrite what somebody else wrote.
    """

    def __init__(self, files: Objects, path: str) -> None:
        self.held_by: bytes | None = None
        self._files = files
        self._path = path
        self._token = uuid4().hex
        self._holder = holder()
        self._turn = 0
        self._etag = ""
        self._renewed = (0.0, 0.0)
        self._mutex = Lock()
        self._is_over = Event()

    def take(self) -> bool:
        """Try once to take the lock."""
        self._holder = holder()
        found = self._files.found(self._path)
        if found is not None and not self._is_ours(found) and not _is_free(found):
            self.held_by = found.content
            return False
        condition = {"IfNoneMatch": "*"} if found is None else {"IfMatch": found.etag}
        if not self._put(condition):
            return False
        if found is not None and _lease_seconds(found.content):
            log_event("lock.taken_over", level=logging.WARNING, lock=self._files.name(self._path))
        return True

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew the lease in the background, and give the lock back in the end."""
        beating = Thread(target=self._beat, name="admira-lease", daemon=True)
        beating.start()
        try:
            yield
        finally:
            self._is_over.set()
            self._give_back()
            beating.join()

    def _beat(self) -> None:
        """Renew the lease in time until the lock is given back."""
        while not self._is_over.wait(LEASE_SECONDS * _FRESH_SHARE / 2):
            with suppress(StoreError):  # whoever writes next is told
                self.keep()

    def keep(self) -> None:
        """Renew the lease unless it is fresh; raise if somebody else has taken it over."""
        with self._mutex:
            if _elapsed(self._renewed) < LEASE_SECONDS * _FRESH_SHARE or self._is_over.is_set():
                return
            if not self._put({"IfMatch": self._etag}):
                raise StoreBusy(
                    f"{self._files.url} was taken over by another writer, since this one did not "
                    f"answer for {LEASE_SECONDS:g} s. Run again."
                )

    def _give_back(self) -> None:
        """Leave a lease of no length behind, if the lock is still ours."""
        try:
            with self._mutex:
                self._put({"IfMatch": self._etag}, lease_seconds=0.0)
        except StoreError as error:
            log_event("lock.not_released", level=logging.WARNING, reason=str(error))

    def _put(self, condition: dict[str, str], lease_seconds: float | None = None) -> bool:
        """Write the lock's object if the condition holds; tell whether it is ours after that."""
        begun = _clocks()
        self._turn += 1
        seconds = LEASE_SECONDS if lease_seconds is None else lease_seconds
        note = {"lease_seconds": seconds, "token": self._token, "turn": self._turn}
        content = json.dumps(self._holder | note).encode()
        etag = self._files.put(self._path, content, **condition)
        if etag is None:
            # The service may have done it although its answer was lost.
            found = self._files.found(self._path)
            if found is None or found.content != content:
                self.held_by = None if found is None else found.content
                return False
            etag = found.etag
        self._etag, self._renewed = etag, begun
        return True

    def _is_ours(self, found: Found) -> bool:
        """Tell whether an earlier try of ours wrote this."""
        return self._token.encode() in found.content


def _is_free(found: Found) -> bool:
    """Tell whether a lease has run out, or was given back."""
    return found.age_seconds >= _lease_seconds(found.content)


def _lease_seconds(content: bytes) -> float:
    """Give how long a lock's object counts."""
    try:
        return float(json.loads(content)["lease_seconds"])
    except (ValueError, KeyError, TypeError):
        return LEASE_SECONDS


def _clocks() -> tuple[float, float]:
    """Read both clocks: one stands still while a machine sleeps, the other may be set back."""
    return time.monotonic(), time.time()


def _elapsed(since: tuple[float, float]) -> float:
    """Give the seconds that have passed, by the clock that says more."""
    return max(now - then for now, then in zip(_clocks(), since, strict=True))
