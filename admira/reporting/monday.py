"""What a report says of Monday's questions: what moved, pacing, odd days, tags gone astray."""

from dataclasses import replace
from typing import Any, NamedTuple

import pandas as pd
from markupsafe import Markup

from admira.present.answers import answer_table
from admira.present.boxes import listing
from admira.present.cells import Cell
from admira.present.formats import count_text, day_text, dimension_text, metric_text
from admira.present.language import say
from admira.present.tables import MetricTable
from admira.questions.tag_audit import TagAudit
from admira.reporting.charts import drawing
from admira.reporting.figures import MOVERS, Figures
from admira.reporting.quality import Told

DAYS = 12
TAGS = 10


class Answered(NamedTuple):
    """What a question gave, as a picture and a table."""

    picture: Markup
    table: MetricTable


def cpa_movers(figures: Figures) -> Answered | None:
    """Say which campaigns moved cost per lead; nothing where a period has none."""
    both = figures.compared([], scope="paid").iloc[0]
    if both[["cpa", "cpa_previous"]].isna().any() or not both["cost"] + both["cost_previous"]:
        return None
    found = figures.store.movers(
        "cpa",
        by=["channel", "campaign_id"],
        start=figures.period.start,
        end=figures.period.end,
        against=(figures.before.start, figures.before.end),
        currency=figures.currency,
        top=MOVERS,
    )
    return _answered(found)


def pacing_of(figures: Figures, budgets: Any) -> Answered:
    """Say where the budgets of the month lead in which the period ends, as of its last ads."""
    month = figures.period.end.replace(day=1)
    end = figures.period.end
    kpis = figures.kpis(["date"], scope="paid", period=figures.period._replace(start=month))
    spent = kpis.loc[kpis["cost"] > 0, "date"]
    today = end if spent.empty else spent.max()
    paced = figures.store.pacing(budgets, month=f"{month:%Y-%m}", today=today)
    is_shown = paced["currency"].isna() | (paced["currency"] == figures.currency)
    shown = paced[is_shown | (figures.currency is None)].reset_index(drop=True)
    shown.attrs = {**paced.attrs, "currency": figures.currency}
    return _answered(shown)


def _answered(found: pd.DataFrame) -> Answered:
    """Draw an answer; the picture has its title."""
    return Answered(drawing(found.admira.plot()), replace(answer_table(found), title=""))


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
