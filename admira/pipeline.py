"""The shell around the verbs: extract, normalize, validate and upsert both tables in one go."""

import os
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from functools import partial, reduce
from time import perf_counter
from typing import NamedTuple

import pandas as pd

from admira.core.normalize import normalize_counted
from admira.core.settle import settle
from admira.core.upsert import upsert
from admira.core.validate import validate
from admira.ingest_report import IngestReport, TableReport
from admira.log import log_event
from admira.schemas import TABLES, Kind
from admira.sources.extract import Extracted, Source, extract
from admira.sources.http import HttpClient
from admira.store import Store, open_store

Progress = Callable[[str, int, int], None]


def ingest(
    store: Store | str | os.PathLike[str],
    *,
    ads: Source | None = None,
    crm: Source | None = None,
    since: str | date | None = None,
    until: str | date | None = None,
    client: HttpClient | None = None,
    run_id: str | None = None,
    now: datetime | None = None,
    progress: Progress | None = None,
) -> IngestReport:
    """Bring both tables of a store up to date from their sources.

    Both sources are read whole before anything is written: if one is down, nothing is.  Running
    it twice is the same as running it once.

    Parameters
    ----------
    store : Store, or what :func:`open_store` takes
        Where the rows go.
    ads, crm : source, optional
        What :func:`extract_ads` and :func:`extract_crm` take; by default ``ADS_API_URL`` and
        ``CRM_API_URL`` from the environment or ``.env``.
    since, until : day, optional
        Half-open window ``[since, until)``.
    client : HttpClient, optional
        Time-outs and waits of HTTP sources.
    run_id : str, optional
        The run's name; a new one by default.
    now : datetime, optional
        The instant that quarantine records; the clock's by default.
    progress : callable, optional
        Called as ``progress(step, steps_done, steps)`` before each step, and once at the end.

    Returns
    -------
    IngestReport
        What was fetched, accepted, rejected and why, and what it did to the store.

    Raises
    ------
    SourceUnavailable, SourceRejected
        When a source cannot be read; the message names it.
    SchemaMismatch
        When a source lacks a column that must exist.
    StoreError
        When the store cannot be written.

    Examples
    --------
    >>> import admira
    >>> store = admira.open_store("memory:")
    >>> example = admira.datasets.worked_example()
    >>> report = admira.ingest(store, ads=example.ads, crm=example.crm)
    >>> report["crm"].fetched, report["crm"].inserted
    (6, 6)
    >>> admira.ingest(store, ads=example.ads, crm=example.crm).partitions_rewritten
    0
    """
    target = store if isinstance(store, Store) else open_store(store)
    run = run_id or uuid.uuid4().hex[:12]
    started = now or datetime.now(UTC)
    clock = _Clock(progress, steps=6)
    batches = []
    for kind, source in _sources(ads, crm):
        with clock.step(kind, "extract"):
            extracted = extract(kind, source, since=since, until=until, client=client)
        with clock.step(kind, "normalize and validate"):
            batches.append(_prepare(kind, extracted, tz=target.tz))
    reports = []
    for batch in batches:
        with clock.step(batch.report.kind, "write"):
            report = _write(batch, target, run_id=run, now=started)
        reports.append(replace(report, seconds=clock.seconds[report.kind]))
    clock.finish()
    log_event("ingest.finished", run_id=run, **{each.kind: each.accepted for each in reports})
    return IngestReport(run, started, tuple(reports))


def demo(store: Store | str | os.PathLike[str] = "memory:") -> Store:
    """Give a store of demo data to play with: 120 days, 60 campaigns, 6 channels, with its dirt.

    Parameters
    ----------
    store : Store, or what :func:`open_store` takes
        Where the data goes; by default into memory.

    Returns
    -------
    Store

    Examples
    --------
    >>> import admira
    >>> store = admira.demo()
    >>> len(store.metrics(by="channel", scope="paid"))
    6
    """
    from admira.datasets import generate

    target = store if isinstance(store, Store) else open_store(store)
    data = generate()
    ingest(target, ads=data.ads, crm=data.crm)
    return target


def _sources(
    ads: Source | None, crm: Source | None
) -> tuple[tuple[Kind, Source | None], tuple[Kind, Source | None]]:
    """Name the two tables in the order in which they are read and written."""
    return ("ads", ads), ("crm", crm)


class _Batch(NamedTuple):
    """One table's rows between extraction and store."""

    accepted: pd.DataFrame
    rejected: list[tuple[str, pd.DataFrame]]
    report: TableReport


def _prepare(kind: Kind, extracted: Extracted, *, tz: str) -> _Batch:
    """Normalize and validate each pull, and let later pulls replace earlier ones by natural key."""
    table = TABLES[kind]
    fixed: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    rejected, settled = [], []
    for pull in extracted.pulls:
        rows, fixes = normalize_counted(pull.frame, kind=kind, tz=tz)
        passed, failed = validate(rows, kind=kind, raw=pull.frame)
        fixed.update(fixes)
        reasons.update(failed["reasons"])
        rejected.append((pull.source, failed))
        settled.append(settle(passed, table))
    accepted = reduce(partial(upsert, kind=kind), (each.rows for each in settled))
    replaced = sum(len(each.rows) for each in settled) - len(accepted)
    outside = extracted.out_of_window
    report = TableReport(
        kind=kind,
        source=extracted.source_label,
        fetched=extracted.fetched,
        accepted=len(accepted),
        rejected=dict(reasons.most_common()),
        repeated=sum(each.repeated for each in settled),
        superseded=sum(each.superseded for each in settled) + replaced,
        dropped={"outside the window": outside} if outside else {},
        fixed=dict(sorted(fixed.items())),
    )
    return _Batch(accepted, rejected, report)


def _write(batch: _Batch, store: Store, *, run_id: str, now: datetime) -> TableReport:
    """Write one table's accepted rows, and its rejected ones into quarantine."""
    kind = batch.report.kind
    written = store.backend.upsert(batch.accepted, kind=kind)
    quarantined = sum(
        store.backend.quarantine(rejected, kind=kind, source=source, run_id=run_id, now=now)
        for source, rejected in batch.rejected
        if len(rejected)
    )
    return replace(batch.report, quarantined=quarantined, **asdict(written))


def _silent(_step: str, _done: int, _steps: int) -> None:
    """Tell nobody."""


class _Clock:
    """Tells the caller of each step before it starts, and adds up the seconds of each table."""

    def __init__(self, progress: Progress | None, *, steps: int) -> None:
        self.seconds: defaultdict[Kind, float] = defaultdict(float)
        self._progress = progress or _silent
        self._steps = steps
        self._done = 0

    @contextmanager
    def step(self, kind: Kind, doing: str) -> Iterator[None]:
        """Time one step of one table."""
        self._progress(f"{kind}: {doing}", self._done, self._steps)
        begun = perf_counter()
        yield
        self.seconds[kind] += perf_counter() - begun
        self._done += 1

    def finish(self) -> None:
        """Tell the caller that all is done."""
        self._progress("done", self._steps, self._steps)
