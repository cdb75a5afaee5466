"""What a report says about its own ground: attribution, rows refused, runs, reconciliation."""

from typing import NamedTuple

import pandas as pd

from admira.core.periods import Period
from admira.errors import ReconciliationError
from admira.present.boxes import IN_RED, Listing, listing
from admira.present.cells import Cell
from admira.present.formats import (
    NOT_AVAILABLE,
    count_text,
    day_text,
    metric_text,
    money_text,
    percent_text,
)
from admira.present.html import GOOD
from admira.present.language import say
from admira.present.match_quality import quality_frame, way_labels
from admira.schemas.metrics import metrics
from admira.schemas.tables import STAGES
from admira.store import Store

REASONS = 12

_WRAPPED = "white-space:normal"
_TO_A_CAMPAIGN = ["exact", "campaign"]


class Told(NamedTuple):
    """A sentence, with the table that bears it out; an alarming one is shown in red."""

    text: str
    table: Listing | None = None
    is_alarming: bool = False


def attribution(shares: pd.DataFrame, currency: str | None) -> Told:
    """Say how much of leads and revenue was matched how."""
    quality = quality_frame(shares)
    if not quality["leads"].sum() + quality["revenue"].sum():
        return Told(say("No opportunities in this period, so there is nothing to attribute."))
    known = quality[quality["way"].isin(_TO_A_CAMPAIGN)]
    leads, revenue = (
        _share(known[f"{name}_share"].sum(min_count=1)) for name in ("leads", "revenue")
    )
    text = say(
        "{leads} of leads and {revenue} of revenue are attributed to a campaign.",
        leads=leads,
        revenue=revenue,
    )
    labels, meanings = way_labels(), _way_meanings()
    rows: list[list[str | Cell]] = [
        [
            labels[row["way"]],
            Cell(meanings[row["way"]], align="left", style=_WRAPPED),
            count_text(row["leads"]),
            _share(row["leads_share"]),
            metric_text("revenue", row["revenue"], currency),
            _share(row["revenue_share"]),
        ]
        for row in quality.to_dict("records")
    ]
    heads = [
        say("Match"),
        say("What it means"),
        say("Leads"),
        say("Share of leads"),
        say("Revenue"),
        say("Share of revenue"),
    ]
    return Told(text, listing(heads, rows, right=[2, 3, 4, 5]))


def _share(share: float) -> str:
    return NOT_AVAILABLE if pd.isna(share) else percent_text(share)


def _way_meanings() -> dict[str, str]:
    """Say what the ways of matching mean."""
    return {
        "exact": say("The opportunity's tags or campaign id are those of the campaign."),
        "campaign": say("The campaign's name fits; source or medium is missing on one side."),
        "click_id": say("No campaign tag, but a click id tells the platform."),
        "unattributed": say("Its tags fit no campaign, or contradict it."),
        "untagged": say("Neither a campaign tag nor a click id."),
    }


def quarantined(store: Store) -> Told:
    """Say which rows of the whole store were refused, and why."""
    rows = store.quarantine()
    rows = rows[rows["replayed_run"].isna()]
    if rows.empty:
        return Told(say("No row is in quarantine."))
    found = rows.value_counts(["kind", "reasons"], sort=False)
    counts = found.sort_values(ascending=False, kind="stable").reset_index()
    shown: list[list[str | Cell]] = [
        [str(kind), Cell(str(reason), align="left", style=_WRAPPED), count_text(count)]
        for kind, reason, count in counts.head(REASONS).itertuples(index=False)
    ]
    table = listing([say("Table"), say("Reason"), say("Rows")], shown, right=[2])
    left = int(counts["count"].iloc[REASONS:].sum())
    if left:
        table.notes.append(say("… {count} more rows.", count=count_text(left)))
    text = say(
        "{count} rows are in quarantine, as received, and count nowhere: store.quarantine().",
        count=count_text(len(rows)),
    )
    return Told(text, table)


def unknown_stages(store: Store, period: Period) -> Told | None:
    """Say which stages of the period's opportunities nobody knows."""
    stages = store.crm(start=period.start, end=period.end)["stage"].value_counts()
    unknown = stages[~stages.index.isin(STAGES)]
    if unknown.empty:
        return None
    named = ", ".join(f"{stage} ({count_text(count)})" for stage, count in unknown.items())
    return Told(
        say("Opportunities in stages that are not known count as leads: {named}.", named=named)
    )


def last_runs(store: Store) -> Told:
    """Say what the last ingest of each table did."""
    runs = store.runs().query("status == 'ok'").drop_duplicates("kind", keep="last")
    if runs.empty:
        return Told(say("No ingest is recorded: the rows were put in one by one."))
    counts = ["fetched", "accepted", "rejected", "inserted", "updated", "unchanged"]
    rows: list[list[str | Cell]] = [
        [
            str(run["kind"]),
            instant_text(run["started_at"]),
            Cell(str(run["source"]), align="left", style=f"{_WRAPPED};overflow-wrap:anywhere"),
            *(count_text(run[name]) for name in counts),
        ]
        for run in runs.to_dict("records")
    ]
    heads = [
        say("Table"),
        say("Last ingest"),
        say("Source"),
        say("Fetched"),
        say("Accepted"),
        say("Rejected"),
        say("Inserted"),
        say("Updated"),
        say("Unchanged"),
    ]
    return Told(
        say("The last ingest of each table, and what it did."),
        listing(heads, rows, right=[3, 4, 5, 6, 7, 8]),
    )


def instant_text(instant: pd.Timestamp) -> str:
    """Write an instant, in UTC."""
    there = pd.Timestamp(instant).tz_convert("UTC")
    return f"{day_text(there.date())} {there:%H:%M} UTC"


def reconciliation(store: Store) -> Told:
    """Show that what went into the join came out of it; where it did not, say so in red."""
    try:
        totals = store.reconcile()
    except ReconciliationError as error:
        wrong = [
            [name, before, after, after - before, False]
            for name, (before, after) in error.differences.items()
        ]
        return Told(str(error), _totals(wrong), is_alarming=True)
    names = ["quantity", "total_in", "total_out", "difference", "reconciles"]
    text = say(
        "All totals of the store come out of the join as they went in: nothing is counted twice, "
        "nothing is lost."
    )
    return Told(text, _totals(totals[names].to_numpy().tolist()))


def _totals(rows: list[list[object]]) -> Listing:
    """List totals before and after the join."""
    shown: list[list[str | Cell]] = [
        [
            _quantity(str(name)),
            *(_exact(str(name), total) for total in totals),
            Cell("✓" if is_same else "✗", style=f"color:{GOOD}" if is_same else IN_RED),
        ]
        for name, *totals, is_same in rows
    ]
    heads = [say("Quantity"), say("Ads and CRM"), say("After the join"), say("Difference"), ""]
    return listing(heads, shown, right=[1, 2, 3, 4])


def _exact(name: str, total: object) -> str:
    """Write a total to the cent; what adding in another order changes is nothing."""
    value = round(float(str(total)), 2) + 0.0  # no -0.0
    is_count = name not in _MONEY and value.is_integer()
    return count_text(value) if is_count else money_text(value)


_MONEY = ("cost", "revenue")


def _quantity(name: str) -> str:
    words = {
        "records": say("Opportunity records"),
        "records_weighing_1": say("Records whose shares add up to 1"),
    }
    return words.get(name) or say(metrics[name].label)


def glossary() -> Told:
    """Say what each metric is."""
    rows: list[list[str | Cell]] = [
        [
            say(metric.label),
            Cell(metric.formula, align="left", style=_WRAPPED),
            say(metric.unit) if metric.unit else "",
            Cell(say(metric.meaning) if metric.meaning else "", align="left", style=_WRAPPED),
        ]
        for metric in map(metrics.__getitem__, metrics)
    ]
    heads = [say("Metric"), say("Formula"), say("Unit"), say("What it means")]
    text = say("Ratios are quotients of sums; where the denominator is 0 there is none.")
    return Told(text, listing(heads, rows))
