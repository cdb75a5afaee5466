"""What a store says of itself to Prometheus: its runs, its watermarks, its size."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from admira.contents import contents_of
from admira.errors import StoreError
from admira.run_history import failures_in_a_row, outcomes
from admira.store import Store, open_store
from admira.stores.files import LocalFiles

_OUTCOMES = ("ok", "error", "cut short", "running")


class StoreGauges:
    """Reads the store each time it is asked, so that what other processes did shows too."""

    def __init__(self, store: Store | Any) -> None:
        self._given = store

    def collect(self) -> Iterator[Any]:
        """Give the metrics; of a store that cannot be read, that alone."""
        from prometheus_client.metrics_core import GaugeMetricFamily

        try:
            store = self._given if isinstance(self._given, Store) else open_store(self._given)
            found = [*_of_runs(store), *_of_watermarks(store), *_of_size(store)]
            is_up = store.backend.is_made
        except StoreError:
            found, is_up = [], False
        about = "Whether the store is there and can be read."
        yield GaugeMetricFamily("admira_store_up", about, value=float(is_up))
        yield from found


def _of_runs(store: Store) -> Iterator[Any]:
    """Count the runs by how they ended, and say when the last one worked."""
    from prometheus_client.metrics_core import GaugeMetricFamily

    runs = store.runs()
    found = outcomes(runs)
    counts = Counter(found)
    about = "Ingests in the store's history, by how they ended."
    total = GaugeMetricFamily("admira_runs", about, labels=["outcome"])
    for outcome in _OUTCOMES:
        total.add_metric([outcome], counts[outcome])
    yield total
    about = "Ingests that failed or were cut short since the last one that worked."
    in_a_row = failures_in_a_row(found)
    yield GaugeMetricFamily("admira_failed_runs_in_a_row", about, value=in_a_row)
    worked = runs[runs["status"] == "ok"]
    if len(worked):
        ended = worked["started_at"] + pd.to_timedelta(worked["seconds"].fillna(0.0), unit="s")
        about = "When the last ingest that worked ended."
        yield GaugeMetricFamily(
            "admira_last_success_timestamp_seconds", about, value=ended.max().timestamp()
        )
        unusual = worked.loc[worked["run_id"] == worked["run_id"].iloc[-1], "anomalies"].sum()
        about = "How much was unusual about the last ingest that worked."
        yield GaugeMetricFamily("admira_last_run_anomalies", about, value=float(unusual))


def _of_watermarks(store: Store) -> Iterator[Any]:
    """Give the end of the day up to which each source was read; its age is the time since."""
    from prometheus_client.metrics_core import GaugeMetricFamily

    about = "End of the day (UTC) up to which a source was read completely."
    family = GaugeMetricFamily(
        "admira_watermark_timestamp_seconds", about, labels=["kind", "source"]
    )
    for mark in store.watermarks().dropna(subset="day").to_dict("records"):
        end = (mark["day"] + timedelta(days=1)).tz_localize("UTC")
        family.add_metric([mark["kind"], mark["source"]], end.timestamp())
    yield family


def _of_size(store: Store) -> Iterator[Any]:
    """Give the rows of each table and, on this machine's disks, the bytes of all files."""
    from prometheus_client.metrics_core import GaugeMetricFamily

    rows = GaugeMetricFamily("admira_store_rows", "Rows in the store.", labels=["kind"])
    for each in contents_of(store.backend):
        rows.add_metric([each.table], each.rows)
    yield rows
    folder = folder_of(store)
    if folder is not None:
        about = "Size of the store's files."
        yield GaugeMetricFamily("admira_store_bytes", about, value=_bytes_in(folder))


def folder_of(store: Store) -> Path | None:
    """Give a store's folder, where it is one of this machine."""
    files = getattr(store.backend, "files", None)
    return files.root if isinstance(files, LocalFiles) else None


def _bytes_in(folder: Path) -> int:
    """Add up the files in a folder and all that are in it."""
    held = 0
    for inside, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # a writer may be at work
                held += Path(inside, name).stat().st_size
    return held
