"""A circuit per host, which opens when calls keep failing and closes with the first that works."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from circuitbreaker import CircuitBreaker

from admira.errors import SourceUnavailable
from admira.log import log_event


class Circuits:
    """Stops asking a host for a while after so many calls in a row ended unavailable.

    After the rest calls go through again: the first that works closes the circuit, the first
    that fails opens it for another rest.  A host that refuses a call is there: that works.

    The library counts and times; pybreaker would make all threads wait for one call at a time.
    """

    def __init__(self, opens_after: int, rest_seconds: float) -> None:
        self._opens_after = opens_after
        self._rest_seconds = rest_seconds
        self._circuits: dict[str, CircuitBreaker] = {}
        self._lock = threading.Lock()

    @contextmanager
    def guarding(self, host: str, name: str) -> Iterator[None]:
        """Count how a call to a host ends; raise at once while its circuit is open."""
        circuit = self._circuit_of(host)
        if circuit.opened:
            raise SourceUnavailable(
                f"{name} unavailable ({host}): circuit open until {circuit.open_until:%H:%M:%S} "
                f"UTC, because {circuit.failure_count} calls in a row failed; try again then."
            )
        failed = False
        try:
            yield
        except SourceUnavailable:
            failed = True
            raise
        finally:
            self._count(circuit, host, failed=failed)

    def _circuit_of(self, host: str) -> CircuitBreaker:
        with self._lock:
            if host not in self._circuits:
                self._circuits[host] = CircuitBreaker(
                    self._opens_after, self._rest_seconds, SourceUnavailable, host
                )
            return self._circuits[host]

    def _count(self, circuit: CircuitBreaker, host: str, *, failed: bool) -> None:
        """Tell the library how a call ended, one thread at a time and without the error.

        It has no lock, and would keep the error with all that hangs on its traceback.
        """
        with self._lock:
            circuit.__exit__(SourceUnavailable if failed else None, None, None)
        if failed and circuit.opened:
            log_event(
                "http.circuit_opened",
                level=logging.WARNING,
                host=host,
                rest_seconds=self._rest_seconds,
            )
