"""How a notebook shows the objects of the layers below, which know nothing of presentation."""

from functools import singledispatch

import pandas as pd

from admira.core.reconcile import Reconciliation
from admira.core.validate import Validated
from admira.ingest_report import IngestReport
from admira.present.answers import answer_html
from admira.present.boxes import ALARMING, IN_RED, WELL, Box, Listing, Steps, listing, wrapped
from admira.present.cells import Cell
from admira.present.formats import NOT_AVAILABLE, count_text, dimension_text, money_text
from admira.present.html import GOOD
from admira.present.ingests import ingest_html
from admira.present.language import say
from admira.schemas.metrics import metrics
from admira.schemas.registry import Measure, MetricRegistry, Ratio
from admira.showing import Answer
from admira.stores.base import Upserted
from admira.stores.quarantine import Quarantine
from admira.stores.verification import Verification

SHOWN_PROBLEMS = 20


@singledispatch
def html_of(thing: object) -> str:
    """Draw an object as HTML that survives JupyterLab's sanitizer.

    Examples
    --------
    >>> from admira.schemas.metrics import metrics
    >>> "cost / leads" in html_of(metrics)
    True
    """
    raise TypeError(f"{type(thing).__name__} has no view")


html_of.register(IngestReport, ingest_html)
html_of.register(Answer, answer_html)


@html_of.register
def _validated(checked: Validated) -> str:
    reasons = [[reason, count_text(rows)] for reason, rows in checked.reasons.items()]
    rejected = len(checked.rejected)
    tables = [listing([say("Reason"), say("Rows")], reasons, right=[1])] if rejected else []
    if rejected:
        tables.append(_first_rows(checked.rejected))
    return Box(
        "Validated",
        [say("{count} accepted", count=count_text(len(checked.accepted)))],
        ALARMING if rejected else WELL,
        say("{count} rejected", count=count_text(rejected)) if rejected else "",
        tables,
    ).html()


def _first_rows(rejected: pd.DataFrame) -> Listing:
    """Show the first rejected rows as they are, the reasons in front."""
    names = ["reasons", *(str(name) for name in rejected if name != "reasons")]
    rows = [[dimension_text(row[n]) for n in names] for row in rejected.head().to_dict("records")]
    found = listing(names, rows, title=say("The first rejected rows"))
    left = len(rejected) - len(rows)
    if left:
        found.notes.append(say("… {count} more rows.", count=count_text(left)))
    return found


@html_of.register
def _reconciliation(totals: Reconciliation) -> str:
    """Show each total in and out; a join whose totals differ never comes so far."""
    rows: list[list[str | Cell]] = [
        [
            _quantity(str(row["quantity"])),
            _amount(row["total_in"]),
            _amount(row["total_out"]),
            _amount(row["difference"]),
            Cell("✓" if row["reconciles"] else "✗", style="" if row["reconciles"] else IN_RED),
        ]
        for row in totals.to_dict("records")
    ]
    heads = [say("Quantity"), say("In"), say("Out"), say("Difference"), say("Reconciles")]
    good = int(totals["reconciles"].sum())
    told = say(
        "{good} of {all} totals reconcile", good=count_text(good), all=count_text(len(totals))
    )
    colour = WELL if good == len(totals) else ALARMING
    return Box(
        say("Reconciliation"), [told], colour, listings=[listing(heads, rows, right=[1, 2, 3, 4])]
    ).html()


def _quantity(name: str) -> str:
    words = {"records": say("CRM records"), "records_weighing_1": say("CRM records weighing 1")}
    return words.get(name) or say(metrics[name].label)


def _amount(value: float) -> str:
    """Write a total to the cent; what rounding leaves of nothing is nothing."""
    return money_text(round(value, 2) + 0.0)


@html_of.register
def _quarantine(kept: Quarantine) -> str:
    """Show how many rows there are of each reason, and the first ones with what was refused."""
    if kept.empty:
        return Box(say("Quarantine"), [say("No row is in quarantine.")], WELL).html()
    counts = kept.groupby(["kind", "reasons"], sort=False)["received"].agg(["size", "first"])
    rows: list[list[str | Cell]] = [
        [str(kind), wrapped(str(reasons)), count_text(size), wrapped(str(first))]
        for (kind, reasons), size, first in counts.sort_values("size", ascending=False).itertuples()
    ]
    heads = [say("Table"), say("Reason"), say("Rows"), say("Received, such as")]
    table = listing(heads, rows[:SHOWN_PROBLEMS], right=[2])
    if len(rows) > SHOWN_PROBLEMS:
        left = count_text(len(rows) - SHOWN_PROBLEMS)
        table.notes.append(say("… {count} more reasons.", count=left))
    steps = Steps(
        say("What to do about them"),
        [
            ("print(store.quarantine())", say("every row, as it was received")),
            ("store.replay(fix=…)", say("tries them again after your function mended them")),
        ],
    )
    told = say("{count} rows", count=count_text(len(kept)))
    taken = int(kept["replayed_run"].notna().sum())
    facts = [say("{count} taken in since", count=count_text(taken))] if taken else []
    colour = WELL if taken == len(kept) else ALARMING
    return Box(say("Quarantine"), [told, *facts], colour, listings=[table], steps=steps).html()


@html_of.register
def _verification(found: Verification) -> str:
    counts = found.partitions.groupby("kind", sort=False)["rows"].agg(["sum", "size"])
    rows = [
        [str(kind), count_text(total), count_text(parts)]
        for kind, total, parts in counts.itertuples()
    ]
    problems, left = found.problems[:SHOWN_PROBLEMS], len(found.problems) - SHOWN_PROBLEMS
    notes = [say("… {count} more.", count=count_text(left))] if left > 0 else []
    return Box(
        "Verification",
        [say("sound")] if found.is_sound else [],
        WELL if found.is_sound else ALARMING,
        ""
        if found.is_sound
        else say("problems found: {count}", count=count_text(len(found.problems))),
        [listing([say("Table"), say("Rows"), say("Partitions")], rows, right=[1, 2])]
        if rows
        else [],
        [*problems, *notes],
    ).html()


@html_of.register
def _upserted(done: Upserted) -> str:
    facts = [
        say("{count} inserted", count=count_text(done.inserted)),
        say("{count} updated", count=count_text(done.updated)),
        say("{count} unchanged", count=count_text(done.unchanged)),
    ]
    if done.stale:
        facts.append(say("{count} older than what is stored", count=count_text(done.stale)))
    if done.expired:
        facts.append(say("{count} of days no longer kept", count=count_text(done.expired)))
    written = say(
        "{rewritten} of {touched} partitions rewritten",
        rewritten=count_text(done.partitions_rewritten),
        touched=count_text(done.partitions_touched),
    )
    return Box("Upserted", [*facts, written]).html()


@html_of.register
def _glossary(registry: MetricRegistry) -> str:
    heads = [
        say("Metric"),
        say("Column"),
        say("Formula"),
        say("Unit"),
        say("Good"),
        say("What it means"),
    ]
    rows = [_entry(registry[name]) for name in registry]
    table = listing(heads, rows)
    table.notes.append(
        say("Ratios are quotients of sums; where the denominator is 0 there is none.")
    )
    count = say("{count} metrics", count=count_text(len(registry)))
    return Box(say("Metrics"), [count], listings=[table]).html()


def _entry(metric: Measure | Ratio) -> list[str | Cell]:
    """Write one metric of the glossary."""
    label, unit, meaning = (
        say(text) if text else "" for text in (metric.label, metric.unit, metric.meaning)
    )
    return [label, metric.name, wrapped(metric.formula), unit, _direction(metric), wrapped(meaning)]


def _direction(metric: Measure | Ratio) -> Cell:
    """Say whether more is better."""
    if metric.good == "up":
        return Cell(say("▲ more"), align="left", style=f"color:{GOOD}")
    if metric.good == "down":
        return Cell(say("▼ less"), align="left", style=f"color:{GOOD}")
    return Cell(NOT_AVAILABLE, align="left")
