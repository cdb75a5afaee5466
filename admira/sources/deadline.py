"""A deadline that ends with the start of an answer, and time-outs that hold for its body too."""

from time import monotonic
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, Timeout
from urllib3.connection import HTTPConnection

from admira.sources.addresses import is_loopback

# urllib3 refuses a time-out of 0; this is as good as none.
_NO_TIME_SECONDS = 0.001


class Deadline:
    """A moment to come, on a clock that nobody can set."""

    def __init__(self, seconds: float, within: "Deadline | None" = None) -> None:
        self._ends = monotonic() + seconds
        self._within = within

    def remaining_seconds(self) -> float:
        """Give the time that is left, here and of the longer one around it; 0 when it passed."""
        left_seconds = max(self._ends - monotonic(), 0.0)
        return min(left_seconds, self._within.remaining_seconds()) if self._within else left_seconds

    def move(self, seconds: float) -> None:
        """Put it off by the time that something took which is not to count."""
        self._ends += seconds


class DeadlineAdapter(HTTPAdapter):
    """Sends requests that wait for the start of an answer no longer than a deadline.

    Each request, redirects too, may take ``timeout_seconds`` to connect and as long between
    bytes, but connecting and waiting for the head together end at the deadline.  The body
    may take longer than that: then only the time-out between bytes counts.  Whoever sends sets
    ``deadline`` anew for each request.
    """

    def __init__(self, timeout_seconds: float) -> None:
        self.deadline = Deadline(timeout_seconds)
        self._timeout_seconds = timeout_seconds
        self._pools: set[HTTPConnectionPool] = set()
        super().__init__()

    def send(
        self, request: requests.PreparedRequest, *args: Any, **options: Any
    ) -> requests.Response:
        """Send one request with what is left of the deadline; to this machine past any proxy."""
        options["timeout"] = Timeout(
            connect=self._timeout_seconds,
            read=self._timeout_seconds,
            total=max(self.deadline.remaining_seconds(), _NO_TIME_SECONDS),
        )
        if is_loopback(request.url or ""):
            options["proxies"] = {}
        return super().send(request, *args, **options)

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> HTTPConnectionPool:
        """Give a pool whose connections take up the full time-out again after the head."""
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        if pool not in self._pools:
            patient = _patient_with_bodies(type(pool).ConnectionCls, self._timeout_seconds)
            pool.ConnectionCls = patient
            self._pools.add(pool)
        return pool

    def close(self) -> None:
        """Close every connection now; urllib3 waits until the garbage is collected."""
        super().close()
        for pool in self._pools:
            pool.close()


def _patient_with_bodies(base: type[HTTPConnection], seconds: float) -> type[HTTPConnection]:
    """Derive a connection whose head may have been hurried, and whose body is not."""

    class PatientConnection(base):  # type: ignore[misc, valid-type]  # http, https or proxied
        def getresponse(self) -> Any:
            socket = self.sock  # kept: it leaves the connection when the server means to close
            response = super().getresponse()
            socket.settimeout(seconds)
            return response

    return PatientConnection
