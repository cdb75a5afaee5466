"""A pace that all threads keep together: so many requests a second to each host."""

import threading
from time import monotonic, sleep


class Pace:
    """Gives each request to a host its turn, evenly spaced; ``None`` sets no pace.

    Thirty lines rather than a library: turns in a row need one number per host, where the
    limiters on offer bring buckets, back ends and threads of their own.
    """

    def __init__(self, requests_per_second: float | None) -> None:
        self._seconds_apart = 0.0 if requests_per_second is None else 1 / requests_per_second
        self._next_turn: dict[str, float] = {}
        self._lock = threading.Lock()

    def take_turn(self, host: str) -> float:
        """Wait for the next turn at a host, and give the seconds that this took."""
        if not self._seconds_apart:
            return 0.0
        with self._lock:
            now = monotonic()
            turn = max(now, self._next_turn.get(host, now))
            self._next_turn[host] = turn + self._seconds_apart
        sleep(turn - now)
        return turn - now
