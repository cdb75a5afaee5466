"""The history of ingests: what each did, which ones failed, and which were cut short."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

import pandas as pd

from admira.errors import AdmiraError, StoreError
from admira.ingest_report import as_run
from admira.log import scrubbed
from admira.operations import Operation
from admira.stores.base import Backend
from admira.stores.records import RUNS

# After so long, a run that never told how it ended will not tell any more.
GIVEN_UP = timedelta(hours=6)

_COLUMNS = (
    "run_id",
    "started_at",
    "seconds",
    "status",
    "error",
    "retries",
    "kind",
    "source",
    "rejected",
    "removed",
)
_COUNTS = (
    "fetched",
    "accepted",
    "inserted",
    "updated",
    "unchanged",
    "stale",
    "expired",
    "quarantined",
    "partitions_rewritten",
)


@contextmanager
def recorded(backend: Backend, run: Operation, started_at: datetime) -> Iterator[None]:
    """Record that a run began, and on an error that it failed; its commit records that it worked.

    A run that is killed stays on record as begun.  A store that was never written to is left
    alone: a failed run makes none.
    """
    if backend.is_made:
        _record(backend, run, started_at, status="running")
    try:
        yield
    except BaseException as error:
        if backend.is_made:
            why = type(error).__name__
            if isinstance(error, AdmiraError):
                why = f"{why}: {scrubbed(error)}"
            with suppress(StoreError):  # the first error is the one to tell
                _record(backend, run, started_at, status="error", error=why)
        raise


def _record(
    backend: Backend, run: Operation, started_at: datetime, *, status: str, error: str = ""
) -> None:
    """Write one run's row as a commit of its own, which touches nothing else."""
    report: dict[str, Any] = {
        "run_id": run.request_id,
        "started_at": started_at.isoformat(),
        "seconds": run.seconds if error else None,
        "status": status,
        "error": error,
        "retries": run.count("http.retry_scheduled"),
        "tables": {},
    }
    with backend.transaction(run_id=run.request_id, now=started_at) as commit:
        commit.record(RUNS, as_run(run.request_id, started_at, report))


def reports_of(backend: Backend) -> list[dict[str, Any]]:
    """Give all runs' reports, in the order in which they began."""
    stored = backend.rows(RUNS).sort_values(["started_at", "run_id"])
    return [
        {"status": "ok", **json.loads(run["report"]), "started_at": run["started_at"]}
        for run in stored.to_dict("records")
    ]


def past_tables(backend: Backend) -> list[Mapping[str, Any]]:
    """Give what earlier runs that worked reported of each table, in their order."""
    reports = [report for report in reports_of(backend) if report["status"] == "ok"]
    return [table for report in reports for table in report["tables"].values()]


def runs_of(backend: Backend) -> pd.DataFrame:
    """Give one row per run and table, and one per run that has no tables to tell of."""
    rows = [
        _row(report, table)
        for report in reports_of(backend)
        for table in report["tables"].values() or [None]
    ]
    found = pd.DataFrame(rows, columns=[*_COLUMNS, *_COUNTS, "anomalies"])
    types = {"seconds": "float64", "error": "str", "kind": "str", "source": "str"}
    return found.astype(types).assign(started_at=pd.to_datetime(found["started_at"], utc=True))


def _row(report: Mapping[str, Any], table: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give one run's row about one table; a run that failed did nothing, so it counts nothing."""
    told = table or {"rejected": {}, "removed": (), **dict.fromkeys(_COUNTS, 0)}
    return {
        "run_id": report["run_id"],
        "started_at": report["started_at"],
        "seconds": report["seconds"],
        "status": report["status"],
        "error": report.get("error", ""),
        "retries": report.get("retries", 0),
        "kind": told.get("kind"),
        "source": told.get("source"),
        "rejected": sum(told["rejected"].values()),
        "removed": len(told["removed"]),
        **{name: told[name] for name in _COUNTS},
        "anomalies": len(told.get("anomalies", ())),
    }


def outcomes(runs: pd.DataFrame, now: datetime | None = None) -> pd.Series:
    """Say of each run, in order, whether it was ``ok``, ``error``, ``cut short`` or ``running``.

    A run that never told how it ended was cut short when a later one began, or 6 hours passed.

    Examples
    --------
    >>> began = pd.to_datetime(["2025-08-01T06:00Z", "2025-08-02T06:00Z", "2025-08-03T06:00Z"])
    >>> status = ["ok", "running", "running"]
    >>> runs = pd.DataFrame({"run_id": [*"abc"], "started_at": began, "status": status})
    >>> list(outcomes(runs, datetime(2025, 8, 3, 6, 30, tzinfo=UTC)))
    ['ok', 'cut short', 'running']
    """
    each = runs.drop_duplicates("run_id").set_index("run_id")
    is_open = each["status"] == "running"
    until = pd.Timestamp(now or datetime.now(UTC)) - GIVEN_UP
    is_lost = is_open & (
        (each["started_at"] < each["started_at"].max()) | (until > each["started_at"])
    )
    return each["status"].mask(is_lost, "cut short")


def failures_in_a_row(found: pd.Series) -> int:
    """Count the runs since the last that worked; one that is under way does not count.

    Examples
    --------
    >>> failures_in_a_row(pd.Series(["error", "ok", "error", "cut short", "running"]))
    2
    """
    ended = [status for status in reversed([*found]) if status != "running"]
    return len([*takewhile(lambda status: status != "ok", ended)])
