"""Counters for Prometheus in a text file, for processes that come and go, such as cron's."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from admira.errors import OptionError
from admira.log import log_event
from admira.monitoring.gauges import StoreGauges
from admira.monitoring.recorder import Recorder, prometheus
from admira.store import Store

_LOCK_SECONDS = 30


@contextmanager
def metrics_file(
    path: str | os.PathLike[str], *, store: Store | str | os.PathLike[str] | None = None
) -> Iterator[None]:
    """Count what happens in a ``with`` block, and add it to a text file for node_exporter.

    The counters go on from what the file holds, so that they count over all runs of a cron job,
    whatever process it was; gauges are as of the end of the block.  The file is written when the
    block ends, with an error too, and is replaced as a whole.

    Parameters
    ----------
    path : str or path
        A file whose name ends in ``.prom``, in the folder that node_exporter's textfile collector
        reads.
    store : Store, or what :func:`open_store` takes, optional
        A store whose runs, watermarks and size are told too.

    Raises
    ------
    OptionError
        When the file cannot be written, or holds something else.
    MissingExtra
        When ``prometheus-client`` is not installed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import admira
    >>> path = pathlib.Path(tempfile.mkdtemp(), "admira.prom")
    >>> store, example = admira.open_store("memory:"), admira.datasets.worked_example()
    >>> for day in ("monday", "tuesday"):
    ...     with admira.metrics_file(path, store=store):
    ...         report = admira.ingest(store, ads=example.ads, crm=example.crm, run_id=day)
    >>> 'admira_operations_total{endpoint="ingest.run",status="ok"} 2.0' in path.read_text()
    True
    """
    recorder, target = Recorder(), Path(path)
    if target.suffix != ".prom":
        raise OptionError("path", str(target), ["a name that ends in .prom, as node_exporter asks"])
    _families(target)  # a file of something else is told of before the work, not after
    try:
        with recorder.recording():
            yield
    except BaseException:
        try:
            _write(target, recorder, store)
        except OptionError as error:  # the first error is the one to raise
            log_event("metrics.not_written", reason=str(error))
        raise
    _write(target, recorder, store)


def _write(path: Path, recorder: Recorder, store: Any) -> None:
    """Add this process's counts to those of the file."""
    client = prometheus()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock"), timeout=_LOCK_SECONDS):
            registry = client.CollectorRegistry()
            registry.register(_Sums(_families(path), recorder.registry.collect()))
            if store is not None:
                registry.register(StoreGauges(store))
            client.write_to_textfile(str(path), registry)
    except OSError as error:
        expected = f"a file that can be written ({error.strerror or error})"
        raise OptionError("path", str(path), [expected]) from None


def _families(path: Path) -> list[Any]:
    """Read the metrics of this process's kind that a file holds."""
    from prometheus_client.parser import text_string_to_metric_families

    prometheus()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError("path", str(path), [f"a file that can be read ({error})"]) from None
    try:
        return list(text_string_to_metric_families(text))
    except (ValueError, IndexError, KeyError):
        expected = "a file of metrics; remove what is there, or name another"
        raise OptionError("path", str(path), [expected]) from None


class _Sums:
    """Gives metrics of this process, counters and histograms with what was counted before."""

    def __init__(self, before: Iterable[Any], now: Iterable[Any]) -> None:
        self._families = {family.name: family for family in now}
        self._before = [
            family
            for family in before
            if family.name in self._families and family.type in ("counter", "histogram")
        ]

    def collect(self) -> Iterator[Any]:
        """Add up the samples of the same name and labels."""
        from prometheus_client.metrics_core import Metric

        earlier = {family.name: family.samples for family in self._before}
        for name, family in self._families.items():
            sums: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
            for sample in (*earlier.get(name, ()), *family.samples):
                if not sample.name.endswith("_created"):
                    key = (sample.name, tuple(sorted(sample.labels.items())))
                    sums[key] = sums.get(key, 0.0) + sample.value
            together = Metric(name, family.documentation, family.type)
            for (sample_name, labels), value in sums.items():
                together.add_sample(sample_name, dict(labels), value)
            yield together
