"""One thing that admira was asked to do: its name, its request id, how it ended, how long it took.

An operation is bound by a context variable, so that every event in it, and every operation inside
it, carries its request id; copied contexts carry it to worker threads.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from time import perf_counter
from typing import Any
from uuid import uuid4

from admira.errors import AdmiraError
from admira.log import AROUND, Around, log_event
from admira.schemas import FACTS

_LOCK = Lock()


@dataclass(eq=False, slots=True)
class Operation:
    """One thing that admira was asked to do.

    Attributes
    ----------
    endpoint : str
        Its name, such as ``ingest.run`` or ``metrics.channel``.
    request_id : str
        The name that its events, its report and its run in the store's history share.
    facts : dict
        What is logged of it at its end, besides.
    """

    endpoint: str
    request_id: str
    outer: Around | None = field(default=None, repr=False)
    facts: dict[str, Any] = field(default_factory=dict)
    status: str = "ok"
    _began: float = field(default_factory=perf_counter, repr=False)
    _took: float | None = field(default=None, repr=False)
    _events: Counter[str] = field(default_factory=Counter, repr=False)

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return perf_counter() - self._began if self._took is None else self._took

    def fields(self) -> dict[str, Any]:
        """Give what every event in it carries."""
        return {
            "request_id": self.request_id,
            "endpoint": self.endpoint,
            "status": self.status,
            "duration_ms": round(self.seconds * 1000, 3),
        }

    def note(self, event: str) -> None:
        """Count an event, here and in what is around."""
        with _LOCK:
            self._events[event] += 1
        if self.outer is not None:
            self.outer.note(event)

    def count(self, event: str) -> int:
        """Say how often an event happened in it, in threads and inner operations too."""
        return self._events[event]

    def end(self, error: BaseException | None) -> None:
        """Tell how it ended; of an error that is not admira's own, the type alone.

        What goes wrong inside another operation is that one's to judge: a source may be skipped.
        """
        self._took = self.seconds
        if error is None:
            log_event("operation.finished", **self.facts)
            return
        self.status = "error"
        why = {"error": type(error).__name__}
        if isinstance(error, AdmiraError):
            why["reason"] = str(error)
        level = logging.ERROR if self.outer is None else logging.WARNING
        log_event("operation.failed", level=level, **{**self.facts, **why})


@contextmanager
def operation(endpoint: str, *, request_id: str | None = None, **facts: Any) -> Iterator[Operation]:
    """Give what happens in a ``with`` block a name and a request id.

    Calls of admira in the block, and the threads it starts for them, log the same request id; an
    ingest in it uses that as the name of its run.

    Parameters
    ----------
    endpoint : str
        What is done, in the form ``subject.verb``.
    request_id : str, optional
        By default that of the operation around it, else a new one.
    **facts
        What is logged of it at its end.

    Yields
    ------
    Operation
        Its ``request_id``, and ``facts`` to add to.

    Examples
    --------
    >>> import admira
    >>> store, example = admira.open_store("memory:"), admira.datasets.worked_example()
    >>> with admira.operation("morning.kpis", request_id="2025-08-20") as morning:
    ...     report = admira.ingest(store, ads=example.ads, crm=example.crm)
    ...     kpis = store.metrics("channel")
    >>> report.run_id, morning.status
    ('2025-08-20', 'ok')
    """
    outer = AROUND.get()
    name = request_id or getattr(outer, "request_id", None) or uuid4().hex[:12]
    here = Operation(endpoint, name, outer, facts)
    bound = AROUND.set(here)
    try:
        yield here
    except BaseException as error:
        here.end(error)
        raise
    else:
        here.end(None)
    finally:
        AROUND.reset(bound)


def metrics_endpoint(by: str | Sequence[str]) -> str:
    """Name the question for KPIs by some dimensions; names that are none stay out of logs.

    Examples
    --------
    >>> metrics_endpoint("channel"), metrics_endpoint(["date", "channel"]), metrics_endpoint([])
    ('metrics.channel', 'metrics.date_channel', 'metrics.total')
    """
    names = [by] if isinstance(by, str) else by if isinstance(by, list | tuple) else ["other"]
    known = [name if name in FACTS.names else "other" for name in names]
    return f"metrics.{'_'.join(known) or 'total'}"
