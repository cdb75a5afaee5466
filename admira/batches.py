"""One table on its way from the sources to the store, with the account of its rows."""

from collections import Counter
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial, reduce
from typing import NamedTuple

import pandas as pd

from admira.core.normalize import normalize_counted
from admira.core.settle import settle, settle_segments
from admira.core.upsert import upsert
from admira.core.validate import validate
from admira.ingest_report import TableReport
from admira.schemas import TABLES, TAGS, Kind
from admira.sources.extract import Extracted
from admira.store import Store


class Batch(NamedTuple):
    """One table's rows between extraction and store."""

    accepted: pd.DataFrame
    rejected: list[tuple[str, pd.DataFrame]]
    tags: pd.DataFrame
    report: TableReport


def prepare(kind: Kind, extracted: Extracted, *, tz: str) -> Batch:
    """Normalize and validate each pull, and let later pulls replace earlier ones by natural key."""
    table = TABLES[kind]
    fixed: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    rejected, settled = [], []
    for pull in extracted.pulls:
        rows, fixes = normalize_counted(pull.frame, kind=kind, tz=tz)
        passed, failed = validate(rows, kind=kind, raw=pull.frame)
        fixed.update(fixes)
        reasons.update(failed["reasons"])
        dropped.update(pull.dropped)
        notes.update(pull.notes)
        rejected.append((pull.source, failed))
        settled.append(
            settle_segments(passed) if pull.rows == "segments" else settle(passed, table)
        )
    # No empty frame to begin with: a column that no pull has must stay absent, so that the store
    # keeps what it knows.
    batches = [each.rows for each in settled] or [table.empty()]
    accepted = reduce(partial(upsert, kind=kind), batches)
    if kind == "ads":
        notes.update(_untagged(accepted))
    report = TableReport(
        kind=kind,
        source=extracted.source_label,
        fetched=extracted.fetched,
        accepted=len(accepted),
        rejected=dict(reasons.most_common()),
        repeated=sum(pull.repeated for pull in extracted.pulls)
        + sum(each.repeated for each in settled),
        superseded=sum(each.superseded for each in settled)
        + sum(len(each.rows) for each in settled)
        - len(accepted),
        merged=extracted.merged + sum(each.merged for each in settled),
        dropped=dict(dropped),
        fixed=dict(sorted(fixed.items())),
        notes=dict(notes),
        warnings=tuple(warning for pull in extracted.pulls for warning in pull.warnings),
        skipped=extracted.skipped,
    )
    tags = pd.concat([TAGS.empty(), *(each.tags for each in settled)])
    return Batch(accepted, rejected, tags, report)


def _untagged(ads: pd.DataFrame) -> dict[str, int]:
    """Count the campaigns without a tag, and the cost that no tag can be credited with."""
    untagged = ads[ads["utm_campaign"] == ""]
    if untagged.empty:
        return {}
    campaigns = untagged[["channel", "campaign_id"]].drop_duplicates()
    return {
        "campaigns_without_tag": len(campaigns),
        "cost_without_tag": round(float(untagged["cost"].sum())),
    }


def write(batch: Batch, store: Store, *, run_id: str, now: datetime) -> TableReport:
    """Write one table's accepted rows, and its rejected ones into quarantine."""
    kind = batch.report.kind
    written = store.backend.upsert(batch.accepted, kind=kind)
    if len(batch.tags):
        store.add_tags(batch.tags)
    quarantined = sum(
        store.backend.quarantine(rejected, kind=kind, source=source, run_id=run_id, now=now)
        for source, rejected in batch.rejected
        if len(rejected)
    )
    return replace(batch.report, quarantined=quarantined, **asdict(written))
