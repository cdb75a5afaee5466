"""What this process did, counted for Prometheus from the events that it logs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from admira.errors import MissingExtra
from admira.log import Around, listen, stop_listening

# From an answer out of memory to the ingest of a large history.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)


def prometheus() -> Any:
    """Give the client library.

    Raises
    ------
    MissingExtra
        When it is not installed.
    """
    try:
        import prometheus_client
    except ModuleNotFoundError as error:
        raise MissingExtra("Watching with Prometheus", "prometheus") from error
    return prometheus_client


class Recorder:
    """Counts operations, retries and rows in a registry of its own."""

    def __init__(self) -> None:
        client = prometheus()
        self.registry = registry = client.CollectorRegistry()
        self._operations = client.Counter(
            "admira_operations",
            "Operations, by how they ended.",
            ["endpoint", "status"],
            registry=registry,
        )
        self._seconds = client.Histogram(
            "admira_operation_seconds",
            "How long operations took.",
            ["endpoint"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._retries = client.Counter(
            "admira_retries", "How often a source was asked again.", ["source"], registry=registry
        )
        self._rows = client.Counter(
            "admira_rows",
            "Rows of ingests that worked: fetched, accepted, rejected.",
            ["kind", "source", "outcome"],
            registry=registry,
        )
        self._anomalies = client.Counter(
            "admira_anomalies",
            "What was unusual about ingests.",
            ["kind", "source", "what"],
            registry=registry,
        )
        self._speed = client.Gauge(
            "admira_ingest_rows_per_second",
            "Rows that the last ingest fetched, by the second.",
            registry=registry,
        )

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Count what happens in a ``with`` block, in all threads."""
        listen(self.note)
        try:
            yield
        finally:
            stop_listening(self.note)

    def note(self, event: str, facts: Mapping[str, Any], around: Around | None) -> None:
        """Count one event."""
        if event in ("operation.finished", "operation.failed") and around is not None:
            fields = around.fields()
            endpoint = fields["endpoint"]
            self._operations.labels(endpoint, fields["status"]).inc()
            self._seconds.labels(endpoint).observe(fields["duration_ms"] / 1000)
        elif event == "http.retry_scheduled":
            told = {} if around is None else around.facts
            self._retries.labels(told.get("source", facts["api"])).inc()
        elif event == "ingest.table_written":
            for outcome in ("fetched", "accepted", "rejected"):
                labels = (facts["kind"], facts["source"], outcome)
                self._rows.labels(*labels).inc(facts[outcome])
        elif event == "ingest.anomaly_found":
            self._anomalies.labels(facts["kind"], facts["source"], facts["what"]).inc()
        elif event == "ingest.written":
            self._speed.set(facts["rows"] / max(facts["seconds"], 1e-9))
