"""What one ingest did, table by table, so that every row fetched is accounted for."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

import pandas as pd

from admira.errors import listed
from admira.schemas import Kind
from admira.showing import html_of


@dataclass(frozen=True, slots=True)
class Anomaly:
    """What is unusual about one run's table.

    Attributes
    ----------
    what : {"zero_rows", "few_rows", "high_spend", "reject_rate"}
        Rows accepted, the mean cost of a day, or the share of rows that were rejected.
    found, usual : float
        This run's figure, and the median of those before it.
    currency : str
        Of the spend; empty where it is not known.
    """

    what: Literal["zero_rows", "few_rows", "high_spend", "reject_rate"]
    found: float
    usual: float
    currency: str = ""

    def __str__(self) -> str:
        """Say both figures."""
        if self.what == "reject_rate":
            return f"{self.found:.1%} of the rows rejected; usually {self.usual:.1%}"
        if self.what == "high_spend":
            money = f" {self.currency}" if self.currency else ""
            return f"{self.found:,.2f}{money} spent a day; usually {self.usual:,.2f}"
        return f"{self.found:,.0f} rows accepted; usually {self.usual:,.0f}"


@dataclass(frozen=True, slots=True)
class TableReport:
    """What one ingest did with one table.

    ``fetched = accepted + rejected + repeated + superseded + merged + dropped``, always.

    Attributes
    ----------
    kind : {"ads", "crm"}
        Which table.
    source : str
        Where the rows came from, without credentials.
    fetched : int
        Rows that the source gave.
    accepted : int
        Rows that count: one per natural key.
    rejected : dict of str to int
        Rows in quarantine, by reason; a row with two reasons counts under both joined.
    repeated, superseded : int
        Accepted rows that an identical, or a different, later row of the same key replaced.
    merged : int
        Rows summed into another one of the same key (segmented sources).
    dropped : dict of str to int
        Rows left out on purpose, by reason.
    fixed : dict of str to int
        Values mended on the way, by kind.
    inserted, updated, unchanged, stale, expired : int
        What the accepted rows did to the store; stale ones are older than the stored ones by
        ``updated_at``, expired ones of days that it no longer keeps: neither was written.
    removed : tuple of str
        Ids that the store held and a complete read no longer has.
    quarantined : int
        Rejected rows that quarantine had not held before.
    partitions_touched, partitions_rewritten : int
        Partitions that hold an accepted key, and those among them whose rows changed.
    windows : dict of str to str
        Each source's label, with the part of it that was read.
    notes : dict of str to int
        What else should be known: unresolved macros, campaigns without a tag, …
    warnings : tuple of str
        Sentences that ask for a look.
    skipped : dict of str to str
        Sources that could not be read, with the reason, where they were to be skipped.
    days : tuple of str, or None
        First and last day of the accepted rows.
    daily_spend : dict of str to float
        Mean cost of the days with rows, by currency (ads only).
    anomalies : tuple of Anomaly
        What is unusual beside the runs before.
    """

    kind: Kind
    source: str
    fetched: int
    accepted: int
    rejected: dict[str, int] = field(default_factory=dict)
    repeated: int = 0
    superseded: int = 0
    merged: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    fixed: dict[str, int] = field(default_factory=dict)
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    stale: int = 0
    expired: int = 0
    removed: tuple[str, ...] = ()
    quarantined: int = 0
    partitions_touched: int = 0
    partitions_rewritten: int = 0
    windows: dict[str, str] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    skipped: dict[str, str] = field(default_factory=dict)
    days: tuple[str, str] | None = None
    daily_spend: dict[str, float] = field(default_factory=dict)
    anomalies: tuple[Anomaly, ...] = ()

    @property
    def rejected_rows(self) -> int:
        """How many rows were rejected."""
        return sum(self.rejected.values())

    @property
    def is_complete(self) -> bool:
        """Say whether every row fetched is accounted for."""
        return self.fetched == (
            self.accepted
            + self.rejected_rows
            + self.repeated
            + self.superseded
            + self.merged
            + sum(self.dropped.values())
        )

    def __str__(self) -> str:
        """Give a paragraph: where every row went."""
        lines = [f"    {label}: {text}" for label, text in _facts(self)]
        return "\n".join((f"  {self.kind} from {self.source}", *lines))


@dataclass(frozen=True, slots=True, repr=False)
class IngestReport:
    """What one ingest did.

    Attributes
    ----------
    run_id : str
        The run's name, also kept with the rows it put into quarantine; the ``request_id`` of what
        it logged.
    started_at : datetime
        When it began, UTC.
    tables : tuple of TableReport
        Ads first, then crm.
    seconds : float
        How long it all took.
    retries : int
        How often a source was asked again.
    """

    run_id: str
    started_at: datetime
    tables: tuple[TableReport, ...]
    seconds: float = 0.0
    retries: int = 0

    def __getitem__(self, kind: Kind) -> TableReport:
        """Give the report of one table: ``report["ads"]``."""
        return next(table for table in self.tables if table.kind == kind)

    @property
    def partitions_rewritten(self) -> int:
        """How many partitions changed; a second run over the same rows changes none."""
        return sum(table.partitions_rewritten for table in self.tables)

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """What is unusual about any of its tables, beside the runs before."""
        return tuple(each for table in self.tables for each in table.anomalies)

    def to_dict(self) -> dict[str, Any]:
        """Give everything as plain values, ready for JSON."""
        return {
            "run_id": self.run_id,
            "started_at": self.started_at.isoformat(),
            "seconds": self.seconds,
            "status": "ok",
            "retries": self.retries,
            "tables": {table.kind: asdict(table) for table in self.tables},
        }

    def as_run(self) -> pd.DataFrame:
        """Give the one row of the runs table that this run is."""
        return as_run(self.run_id, self.started_at, self.to_dict())

    def __repr__(self) -> str:
        """Give the counts of each table on one line."""
        counts = [
            f"{table.kind} {table.fetched:,} fetched, {table.accepted:,} accepted, "
            f"{table.rejected_rows:,} rejected"
            for table in self.tables
        ]
        return f"<IngestReport {self.run_id}: {'; '.join(counts)}>"

    def __str__(self) -> str:
        """Give a paragraph per table."""
        head = f"IngestReport {self.run_id}, {self.seconds:.1f} s"
        return "\n".join((head, *map(str, self.tables)))

    def _repr_html_(self) -> str:
        """Give a row per table, what asks for a look, and what to do about it."""
        return html_of(self)


def as_run(run_id: str, started_at: datetime, report: Mapping[str, Any]) -> pd.DataFrame:
    """Give a run's row of the runs table."""
    started = pd.Timestamp(started_at).tz_convert("UTC")
    month = started.tz_localize(None).normalize().replace(day=1)
    return pd.DataFrame(
        {
            "month": [month],
            "run_id": run_id,
            "started_at": started,
            "report": json.dumps(report, ensure_ascii=False),
        }
    )


def _facts(table: TableReport) -> list[tuple[str, str]]:
    """Describe one table's report line by line; what did not happen is left out."""
    lines = [("fetched", f"{table.fetched:,} rows"), ("accepted", f"{table.accepted:,}")]
    lines += [("rejected", f"{table.rejected_rows:,}{_by(table.rejected)}")]
    parts = {window for window in table.windows.values() if window != "everything"}
    if parts:
        lines += [("read", f"{part} of {label}") for label, part in table.windows.items()]
    for label, count in (
        ("repeated", table.repeated),
        ("superseded", table.superseded),
        ("merged", table.merged),
    ):
        if count:
            lines.append((label, f"{count:,}"))
    for label, counts in (("dropped", table.dropped), ("fixed", table.fixed)):
        if counts:
            lines.append((label, f"{sum(counts.values()):,}{_by(counts)}"))
    lines += [(name.replace("_", " "), f"{count:,}") for name, count in table.notes.items()]
    lines += [("unusual", str(anomaly)) for anomaly in table.anomalies]
    lines += [("warning", sentence) for sentence in table.warnings]
    lines += [("skipped", f"{source}: {reason}") for source, reason in table.skipped.items()]
    rare = {"stale": table.stale, "expired": table.expired, "removed": len(table.removed)}
    told = "".join(f", {count:,} {what}" for what, count in rare.items() if count)
    if table.removed:
        lines.append(("removed", listed(table.removed)))
    parts_of = f"{table.partitions_rewritten:,} of {table.partitions_touched:,} partitions"
    effect = (
        f"{table.inserted:,} inserted, {table.updated:,} updated, {table.unchanged:,} unchanged"
        f"{told}; {parts_of} rewritten"
    )
    return [*lines, ("store", effect)]


def _by(counts: dict[str, int]) -> str:
    """Write counts in brackets: `` (blank: 3, not a date: 1)``."""
    each = ", ".join(f"{reason}: {count:,}" for reason, count in counts.items())
    return f" ({each})" if each else ""
