"""Counters for Prometheus to fetch over HTTP, for processes that live long."""

import os
from contextlib import ExitStack
from threading import Thread
from typing import Any, Self

from admira.errors import OptionError
from admira.monitoring.gauges import StoreGauges
from admira.monitoring.recorder import Recorder, prometheus
from admira.store import Store

_PORTS = 65536


class MetricsServer:
    """Answers at ``/metrics`` until it is closed; use it in a ``with`` block, or call ``close``.

    Attributes
    ----------
    port : int
        Where it listens.
    registry : prometheus_client.CollectorRegistry
        What it answers from.
    """

    def __init__(
        self, recorder: Recorder, server: Any, thread: Thread, recording: ExitStack
    ) -> None:
        self.registry = recorder.registry
        self.port: int = server.server_port
        self._server, self._thread, self._recording = server, thread, recording

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Count and answer no more."""
        self._recording.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __repr__(self) -> str:
        """Say where it listens."""
        return f"<MetricsServer on port {self.port}>"


def start_metrics_server(
    port: int,
    *,
    store: Store | str | os.PathLike[str] | None = None,
    address: str = "127.0.0.1",
) -> MetricsServer:
    """Count what this process does from now on, and give it to Prometheus at ``/metrics``.

    Parameters
    ----------
    port : int
        0 takes a free one.
    store : Store, or what :func:`open_store` takes, optional
        A store whose runs, watermarks and size are told too, as they are whenever asked.
    address : str
        The address to listen on: by default for this machine alone, ``"0.0.0.0"`` for all.

    Returns
    -------
    MetricsServer
        Its ``close`` ends it.

    Raises
    ------
    OptionError
        When there is no such port or address, or it is taken.
    MissingExtra
        When ``prometheus-client`` is not installed.

    Examples
    --------
    >>> from urllib.request import urlopen
    >>> import admira
    >>> store = admira.demo()
    >>> with admira.start_metrics_server(0, store=store) as server:
    ...     kpis = store.metrics("channel")
    ...     answer = urlopen(f"http://127.0.0.1:{server.port}/metrics").read().decode()
    >>> 'admira_operations_total{endpoint="metrics.channel",status="ok"} 1.0' in answer
    True
    """
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port < _PORTS:
        raise OptionError("port", port, ["a port, 0 to 65535"])
    recorder = Recorder()
    if store is not None:
        recorder.registry.register(StoreGauges(store))
    try:
        server, thread = prometheus().start_http_server(port, address, recorder.registry)
    except OSError as error:
        free = f"one that can be listened on at {address} ({error.strerror or error})"
        raise OptionError("port", port, [free]) from None
    recording = ExitStack()
    recording.enter_context(recorder.recording())
    return MetricsServer(recorder, server, thread, recording)
