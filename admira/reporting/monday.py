"""What a report says of Monday's questions: days that stand out, and tags that lead nowhere."""

import pandas as pd

from admira.present.boxes import listing
from admira.present.cells import Cell
from admira.present.formats import count_text, day_text, dimension_text, metric_text
from admira.present.language import say
from admira.questions.tag_audit import TagAudit
from admira.reporting.figures import Figures
from admira.reporting.quality import Told

DAYS = 12
TAGS = 10


def unusual_days(figures: Figures) -> Told:
    """Say on which days a channel's cost was far from what its weekday had been before."""
    found = figures.store.anomalies("cost", by="channel", **figures.period._asdict())
    is_shown = found["currency"].isna() | (found["currency"] == figures.currency)
    ours = found[is_shown].assign(size=lambda rows: rows["z"].abs())
    if ours.empty:
        return Told(say("No channel's daily cost was far from that of the same weekdays before."))
    most = ours.sort_values("size", ascending=False, kind="stable").head(DAYS)
    rows: list[list[str | Cell]] = [
        [
            day_text(row["date"]),
            dimension_text(row["channel"]),
            *(metric_text("cost", row[name], figures.currency) for name in ("value", "expected")),
        ]
        for row in most.sort_values(["date", "channel"]).to_dict("records")
    ]
    heads = [say("Date"), say("Channel"), say("Cost"), say("Usual for that weekday")]
    table = listing(heads, rows, right=[2, 3])
    left = len(ours) - len(most)
    if left:
        table.notes.append(say("… {count} more days.", count=count_text(left)))
    return Told(say("Days on which a channel's cost was far from the same weekdays before."), table)


def audit_of(figures: Figures) -> TagAudit | None:
    """Give the tags of the period that lead to no campaign, and what would mend them."""
    audit: TagAudit = figures.store.tag_audit(**figures.period._asdict(), top=TAGS)
    frames: list[pd.DataFrame] = [audit.unmatched, audit.untagged, audit.silent, audit.ambiguous]
    return audit if any(len(frame) for frame in frames) else None
