"""What one ingest did, as a notebook shows it: a row per table, why, and what to do about it."""

import json

from admira.ingest_report import Anomaly, IngestReport, TableReport
from admira.present.boxes import ALARMING, IN_RED, WELL, Box, Listing, Steps, listing, wrapped
from admira.present.cells import Cell
from admira.present.formats import (
    NOT_AVAILABLE,
    count_text,
    money_text,
    percent_text,
    period_text,
)
from admira.present.language import say


def ingest_html(report: IngestReport) -> str:
    """Draw what one ingest did; the run's time and length, which differ each time, stay out.

    Examples
    --------
    >>> import admira
    >>> example = admira.datasets.worked_example()
    >>> store = admira.load(ads=example.ads, crm=example.crm, store="memory:")
    >>> "10 rows read" in ingest_html(store.report)
    True
    """
    rejected = sum(table.rejected_rows for table in report.tables)
    warnings = [text for table in report.tables for text in _warnings(table)]
    read = sum(table.fetched for table in report.tables)
    accepted = sum(table.accepted for table in report.tables)
    return Box(
        "IngestReport",
        [
            say("{count} rows read", count=count_text(read)),
            say("{count} accepted", count=count_text(accepted)),
        ],
        ALARMING if rejected or warnings else WELL,
        say("{count} in quarantine", count=count_text(rejected)) if rejected else "",
        [_listing(report)],
        warnings,
        [(say("Where every row went"), "\n".join(map(str, report.tables)))],
        _steps(report, rejected) if rejected else None,
    ).html()


def _listing(report: IngestReport) -> Listing:
    """Make a row per table: where it came from, how many rows went where, and why."""
    heads = [
        say("Table"),
        say("Source"),
        say("Read"),
        say("Accepted"),
        say("Quarantined"),
        say("Days"),
        say("Why"),
    ]
    return listing(heads, [_row(table) for table in report.tables], right=[2, 3, 4])


def _row(table: TableReport) -> list[str | Cell]:
    reasons = [f"{reason} ({count_text(rows)})" for reason, rows in table.rejected.items()]
    return [
        f"{'!' if table.rejected or table.skipped else '✓'} {table.kind}",
        table.source,
        count_text(table.fetched),
        count_text(table.accepted),
        Cell(count_text(table.rejected_rows), style=IN_RED if table.rejected else ""),
        period_text(*table.days) if table.days else NOT_AVAILABLE,
        wrapped(" · ".join(reasons)),
    ]


def _warnings(table: TableReport) -> list[str]:
    """Give what asks for a look besides the rejected rows."""
    told = [f"{table.kind}: {_unusual(anomaly)}" for anomaly in table.anomalies]
    told += [f"{table.kind}: {sentence}" for sentence in table.warnings]
    told += [
        say("{table}: {source} was skipped: {reason}", table=table.kind, source=each, reason=why)
        for each, why in table.skipped.items()
    ]
    if table.removed:
        removed = say(
            "{table}: removed because no longer at the source: {count}",
            table=table.kind,
            count=count_text(len(table.removed)),
        )
        told.append(removed)
    return told


def _unusual(anomaly: Anomaly) -> str:
    """Say what is unusual beside the runs before."""
    if anomaly.what == "reject_rate":
        found, usual = percent_text(anomaly.found), percent_text(anomaly.usual)
        return say("{found} of the rows rejected; usually {usual}", found=found, usual=usual)
    if anomaly.what == "high_spend":
        found, usual = (
            money_text(each, anomaly.currency or None) for each in (anomaly.found, anomaly.usual)
        )
        return say("{found} spent a day; usually {usual}", found=found, usual=usual)
    found, usual = count_text(anomaly.found), count_text(anomaly.usual)
    return say("{found} rows accepted; usually {usual}", found=found, usual=usual)


def _steps(report: IngestReport, rejected: int) -> Steps:
    """Say what to do about the rejected rows; those that an earlier run met go by its name."""
    is_new = any(table.quarantined for table in report.tables)
    run = f"run={json.dumps(report.run_id, ensure_ascii=False)}" if is_new else ""
    meaning = (
        say("the rows as received, each with its reasons")
        if is_new
        else say("the rows as received; earlier runs had met them all")
    )
    fix = ", ".join(part for part in (run, "fix=mend") if part)
    calls = [
        (f"store.quarantine({run})", meaning),
        (f"store.replay({fix})", say("tries them again, mended by a function of yours")),
    ]
    count = count_text(rejected)
    return Steps(say("What to do about rows in quarantine: {count}", count=count), calls)
