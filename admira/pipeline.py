"""The shell around the verbs: extract, normalize, validate and upsert both tables in one go."""

import logging
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import Any

from admira.batches import check_rejects, gone_from, prepare, write
from admira.core.campaigns import read_sheet
from admira.errors import OptionError
from admira.ingest_plan import Since, marks_in, moved, windows
from admira.ingest_report import IngestReport
from admira.log import log_event
from admira.operations import operation
from admira.present.progress import Clock, ProgressOption, watched
from admira.run_history import past_tables, recorded
from admira.schemas import Kind
from admira.sources.extract import sources_for
from admira.sources.fan_out import Extracted, OnSourceError, extract_all
from admira.sources.http import HttpClient
from admira.sources.presets import load_preset
from admira.sources.source import Source
from admira.store import Store, open_store
from admira.stores.records import RUNS, WATERMARKS
from admira.unusual import unusual

# A store cannot keep them: its files hold the contract's columns, for every engine alike.
_UNKNOWN_COLUMNS = ("ignore", "fail")


def ingest(
    store: Store | str | os.PathLike[str],
    *,
    ads: Any = None,
    crm: Any = None,
    tags: Any = None,
    since: Since = None,
    until: str | date | None = None,
    lookback_days: int = 30,
    crm_complete: bool | None = None,
    max_reject_rate: float | None = None,
    max_removed_rate: float = 0.5,
    unknown_columns: str = "ignore",
    client: HttpClient | None = None,
    max_workers: int = 8,
    on_source_error: OnSourceError = "raise",
    run_id: str | None = None,
    now: datetime | None = None,
    progress: ProgressOption = None,
) -> IngestReport:
    """Bring both tables of a store up to date from their sources.

    All sources are read side by side before anything is written: if one is down, nothing is.  Then
    both tables, the rejected rows, the watermarks and the run's report are one commit, all of it or
    nothing.  Running it twice is the same as running it once.

    Parameters
    ----------
    store : Store, or what :func:`open_store` takes
        Where the rows go.
    ads, crm : source, or list of sources, optional
        What :func:`extract_ads` and :func:`extract_crm` take; a :class:`Source` says its preset.
        By default ``ADS_API_URL`` and ``CRM_API_URL`` from the environment or ``.env``.
    tags : DataFrame, optional
        The team's UTM sheet, which the store keeps; see :func:`campaign_map`.
    since, until : day, optional
        Half-open window ``[since, until)``; by default everything.  ``since="auto"`` asks each
        source for what can be new: ads from ``lookback_days`` before the day up to which they were
        read, opportunities for what changed from then on, where every one has ``updated_at``.
    lookback_days : int
        How far platforms restate their figures.
    crm_complete : bool, optional
        Whether the opportunities read are all there are, so that those that the store holds
        besides were deleted at the source and are removed, into quarantine.  By default only where
        the presets of all sources say so.
    max_reject_rate : float, optional
        The share of a table's rows that may be rejected; above it nothing is written.
    max_removed_rate : float
        The share of the store's opportunities that a complete read may remove.
    unknown_columns : {"ignore", "fail"}
        Columns that the contract does not know are left out, and their values counted in the
        report; or nothing is written.  To keep them, :func:`normalize` and :func:`validate` frames
        of your own: a store's files hold the contract's columns and no others.
    client : HttpClient, optional
        Time-outs, waits and rate limits of HTTP sources.
    max_workers : int
        How many sources are read at a time.
    on_source_error : {"raise", "skip"}
        ``"skip"`` goes on without a source that cannot be read; the report names it.
    run_id : str, optional
        The run's name, which is the ``request_id`` of what it logs; by default that of the
        :func:`operation` around it, else a new one.
    now : datetime, optional
        The instant that the store records, and that ends the last complete day (UTC); the clock's
        by default.
    progress : callable or bool, optional
        Called as ``progress(step, steps_done, steps)`` before each step, and once at the end.  By
        default a bar in a notebook or a terminal, where it takes longer than half a second; False
        shows none.

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
    AmbiguousData
        When rows can be read in more than one way.
    DataError
        When more rows are rejected or removed than allowed, or an unknown column is to fail.
    OptionError
        When an option has a value that does not exist, or ``crm_complete`` meets a window.
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
    started = now or datetime.now(UTC)
    if unknown_columns not in _UNKNOWN_COLUMNS:
        raise OptionError("unknown_columns", unknown_columns, _UNKNOWN_COLUMNS)
    with operation("ingest.run", request_id=run_id) as run:
        target = store if isinstance(store, Store) else open_store(store)
        with recorded(target.backend, run, started), watched(progress) as tell:
            sheet = None if tags is None else read_sheet(tags)
            sources: dict[Kind, list[Source]] = {
                "ads": sources_for("ads", ads),
                "crm": sources_for("crm", crm),
            }
            clock = Clock(tell, steps=sum(map(len, sources.values())) + 2 * len(sources))
            marks = marks_in(target.watermarks())
            known = _ids_known(target, sources["crm"], claimed=crm_complete)
            extracted = extract_all(
                sources,
                window_of=windows(sources, since, until, marks=marks, lookback_days=lookback_days),
                client=client,
                max_workers=max_workers,
                on_source_error=on_source_error,
                on_start=clock.tell,
                on_done=clock.tick,
            )
            is_complete = _is_complete(extracted["crm"], claimed=crm_complete)
            batches = []
            for kind, found in extracted.items():
                with clock.step(f"{kind}: normalize and validate"):
                    batch = prepare(kind, found, tz=target.tz, unknown_columns=unknown_columns)
                    check_rejects(batch, max_reject_rate)
                    batches.append(batch)
            past = past_tables(target.backend)
            reports = []
            with target.backend.transaction(run_id=run.request_id, now=started) as commit:
                if sheet is not None:
                    commit.upsert_tags(sheet)
                for batch in batches:
                    kind = batch.report.kind
                    is_all = kind == "crm" and is_complete
                    gone = gone_from(batch, known, max_removed_rate) if is_all else set()
                    with clock.step(f"{kind}: write"):
                        table = write(batch, commit, gone=gone)
                    reports.append(replace(table, anomalies=unusual(table, past)))
                    moves = moved(kind, extracted[kind].coverage, marks, started)
                    commit.record(WATERMARKS, moves.assign(run_id=run.request_id))
                report = IngestReport(
                    run.request_id,
                    started,
                    tuple(reports),
                    seconds=clock.finish(),
                    retries=run.count("http.retry_scheduled"),
                )
                commit.record(RUNS, report.as_run())
        _tell(report)
    return report


def _tell(report: IngestReport) -> None:
    """Log what was done with each table, and what is unusual about it."""
    rows = sum(table.fetched for table in report.tables)
    log_event("ingest.written", rows=rows, seconds=report.seconds, retries=report.retries)
    for table in report.tables:
        log_event(
            "ingest.table_written",
            kind=table.kind,
            source=table.source,
            fetched=table.fetched,
            accepted=table.accepted,
            rejected=table.rejected_rows,
            inserted=table.inserted,
            updated=table.updated,
            removed=len(table.removed),
            partitions_rewritten=table.partitions_rewritten,
        )
        for anomaly in table.anomalies:
            log_event(
                "ingest.anomaly_found",
                level=logging.WARNING,
                kind=table.kind,
                source=table.source,
                **asdict(anomaly),
            )


def _ids_known(store: Store, sources: Sequence[Source], *, claimed: bool | None) -> set[str]:
    """Give the ids that the store holds before a read that may turn out to be complete."""
    says_so = any(
        source.preset is not None and load_preset(source.preset, source.params).complete
        for source in sources
    )
    if claimed or (claimed is None and says_so):
        return set(store.backend.read("crm", columns=["opportunity_id"])["opportunity_id"])
    return set()


def _is_complete(extracted: Extracted, *, claimed: bool | None) -> bool:
    """Tell whether the opportunities read are all there are.

    Raises
    ------
    OptionError
        When that is claimed of a read that cannot be complete.
    """
    is_open = all(each.window.is_open for each in extracted.coverage)
    if claimed and not (is_open and not extracted.skipped):
        raise OptionError(
            "crm_complete", claimed, ["False, where days are asked for or a source was skipped"]
        )
    says_so = bool(extracted.pulls) and all(pull.is_complete for pull in extracted.pulls)
    return bool(claimed) or (claimed is None and says_so and is_open and not extracted.skipped)
