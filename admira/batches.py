"""One table on its way from the sources to the store, with the account of its rows."""

from collections import Counter
from dataclasses import asdict, replace
from functools import partial, reduce
from typing import NamedTuple

import pandas as pd

from admira.core.normalize import normalize_counted
from admira.core.settle import settle, settle_segments
from admira.core.upsert import upsert
from admira.core.validate import validate
from admira.errors import DataError
from admira.ingest_plan import described
from admira.ingest_report import TableReport
from admira.schemas import ID_COLUMNS, TABLES, TAGS, Kind
from admira.sources.fan_out import Extracted
from admira.stores.quarantine import REMOVED
from admira.stores.transaction import Transaction


class Batch(NamedTuple):
    """One table's rows between extraction and store.

    ``ids`` are those of all rows, the rejected ones included: what the source still has.
    """

    accepted: pd.DataFrame
    rejected: list[tuple[str, pd.DataFrame]]
    tags: pd.DataFrame
    ids: set[str]
    report: TableReport


def prepare(kind: Kind, extracted: Extracted, *, tz: str, unknown_columns: str = "ignore") -> Batch:
    """Normalize and validate each pull, and let later pulls replace earlier ones by natural key."""
    table = TABLES[kind]
    fixed: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    rejected, settled = [], []
    ids: set[str] = set()
    for pull in extracted.pulls:
        rows, fixes = normalize_counted(
            pull.frame, kind=kind, tz=tz, unknown_columns=unknown_columns
        )
        if kind == "crm":
            ids.update(rows[ID_COLUMNS[kind]].dropna())
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
        days=_days(accepted),
        daily_spend=_daily_spend(accepted) if kind == "ads" else {},
        rejected=dict(reasons.most_common()),
        repeated=sum(pull.repeated for pull in extracted.pulls)
        + sum(each.repeated for each in settled),
        superseded=sum(each.superseded for each in settled)
        + sum(len(each.rows) for each in settled)
        - len(accepted),
        merged=extracted.merged + sum(each.merged for each in settled),
        dropped=dict(dropped),
        fixed=dict(sorted(fixed.items())),
        windows={each.source: described(each) for each in extracted.coverage},
        notes=dict(notes),
        warnings=tuple(warning for pull in extracted.pulls for warning in pull.warnings),
        skipped=extracted.skipped,
    )
    tags = pd.concat([TAGS.empty(), *(each.tags for each in settled)])
    return Batch(accepted, rejected, tags, ids, report)


def _days(accepted: pd.DataFrame) -> tuple[str, str] | None:
    """Give the first and last day of the rows."""
    days = accepted["date"]
    return None if accepted.empty else (f"{days.min():%Y-%m-%d}", f"{days.max():%Y-%m-%d}")


def _daily_spend(ads: pd.DataFrame) -> dict[str, float]:
    """Give the mean cost of the days with rows, by currency."""
    currencies = ads["currency"].fillna("") if "currency" in ads else pd.Series("", ads.index)
    grouped = ads.groupby(currencies)
    spend = (grouped["cost"].sum() / grouped["date"].nunique()).round(6)
    return {str(currency): float(cost) for currency, cost in spend.items()}


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


def check_rejects(batch: Batch, max_reject_rate: float | None) -> None:
    """Refuse a table of which more rows were rejected than is allowed.

    Raises
    ------
    DataError
        With the most frequent reasons.
    """
    report = batch.report
    if max_reject_rate is None or not report.rejected_rows:
        return
    rate = report.rejected_rows / report.fetched
    if rate > max_reject_rate:
        reasons = ", ".join(f"{reason} × {n:,}" for reason, n in [*report.rejected.items()][:3])
        raise DataError(
            f"{report.rejected_rows:,} of {report.fetched:,} {report.kind} rows ({rate:.1%}) were "
            f"rejected, more than max_reject_rate={max_reject_rate:g} allows: {reasons}. Nothing "
            "was written."
        )


def gone_from(batch: Batch, known: set[str], max_removed_rate: float) -> set[str]:
    """Give the opportunities that the store knew and a complete read no longer has.

    Raises
    ------
    DataError
        When they are more than ``max_removed_rate`` of those known.
    """
    gone = known - batch.ids
    if gone and len(gone) / len(known) > max_removed_rate:
        raise DataError(
            f"The store holds {len(known):,} opportunities, of which {len(gone):,} are not in the "
            f"{len(batch.ids):,} that were read as complete: more than "
            f"max_removed_rate={max_removed_rate:g} allows. Nothing was written. Check that the "
            "source was read to its end, or raise the rate."
        )
    return gone


def write(batch: Batch, commit: Transaction, *, gone: set[str]) -> TableReport:
    """Write one table's accepted rows, and its rejected and removed ones into quarantine."""
    kind = batch.report.kind
    written = commit.upsert(batch.accepted, kind=kind)
    if len(batch.tags):
        commit.upsert_tags(batch.tags)
    quarantined = sum(
        commit.quarantine(rejected, kind=kind, source=source)
        for source, rejected in batch.rejected
        if len(rejected)
    )
    removed = commit.remove(kind, gone, reason=REMOVED)
    return replace(batch.report, quarantined=quarantined, removed=tuple(removed), **asdict(written))
