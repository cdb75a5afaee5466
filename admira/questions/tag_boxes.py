"""A tag audit as people see it: a line, and the tables that say something."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from admira.core.campaigns import TRIPLE
from admira.present.boxes import ALARMING, WELL, Box, Listing, Steps, listing, wrapped
from admira.present.cells import Cell
from admira.present.formats import (
    NOT_AVAILABLE,
    count_text,
    dimension_text,
    grain_text,
    metric_text,
    percent_text,
)
from admira.present.language import say
from admira.schemas import UNTAGGED

if TYPE_CHECKING:
    from admira.questions.tag_audit import TagAudit

_SHOWN = 20


def audit_text(audit: "TagAudit") -> str:
    """Say on one line what leads nowhere."""
    return " · ".join(_facts(audit))


def audit_html(audit: "TagAudit") -> str:
    """Show an audit."""
    tables = [
        _unmatched(audit),
        _untagged(audit.untagged),
        _silent(audit.silent),
        _ambiguous(audit.ambiguous),
    ]
    has_mend = audit.unmatched["mend"].notna().any()
    calls = [
        ("store.alias(audit.aliases)", say("reads all of them as suggested; read it first")),
        ("store.add_tags(audit.mends)", say("or makes the campaigns known under these tags too")),
    ]
    return Box(
        say("Tag audit"),
        _facts(audit),
        ALARMING if any(table.rows for table in tables) else WELL,
        listings=[table for table in tables if table.rows],
        steps=Steps(say("Next:"), calls, is_open=True) if has_mend else None,
    ).html()


def _facts(audit: "TagAudit") -> list[str]:
    """Say how much leads nowhere."""
    unmatched = audit.unmatched["leads"].sum() + audit.rest["leads"].sum()
    is_bare = audit.untagged["channel"] == UNTAGGED
    untagged = audit.untagged.loc[is_bare, "leads"].sum()
    silent = len(audit.silent[["channel", "campaign_id"]].drop_duplicates())
    shared = len(audit.ambiguous[TRIPLE].drop_duplicates())
    return [
        say("leads whose tags met no campaign: {count}", count=count_text(unmatched)),
        say("leads without tags: {count}", count=count_text(untagged)),
        say("campaigns with cost but no tag: {count}", count=count_text(silent)),
        say("tags that several campaigns share: {count}", count=count_text(shared)),
    ]


def _unmatched(audit: "TagAudit") -> Listing:
    """Show the triples that met no campaign, each with the nearest one."""
    heads = [
        say("Tags"),
        say("Why"),
        say("Leads"),
        say("Share"),
        say("Revenue"),
        say("Nearest campaign"),
        say("What differs"),
        say("Similarity"),
        say("To mend it"),
    ]
    rows = [
        [
            _tags(row),
            wrapped(_why(row["reason"])),
            count_text(row["leads"]),
            _percent(row["leads_share"]),
            _money("revenue", row),
            _near(row),
            wrapped(row["differs"]),
            _percent(row["similarity"]),
            _line(row["alias"]),
        ]
        for row in audit.unmatched.to_dict("records")
    ]
    table = listing(heads, rows, right=[2, 3, 4, 7], title=say("Tags that met no campaign"))
    table.notes.extend(
        say(
            "… and {count} more, with leads: {leads}, revenue: {revenue}",
            count=count_text(row["triples"]),
            leads=count_text(row["leads"]),
            revenue=_money("revenue", row),
        )
        for row in audit.rest.to_dict("records")
    )
    return table


def _untagged(rows: pd.DataFrame) -> Listing:
    """Show what has no campaign tag, by month."""
    heads = [
        say("Month"),
        say("Click id"),
        say("Source"),
        say("Medium"),
        say("Leads"),
        say("Share"),
        say("Revenue"),
    ]
    texts: list[list[str | Cell]] = [
        [
            grain_text(row["month"], "month"),
            NOT_AVAILABLE if row["channel"] == UNTAGGED else dimension_text(row["channel"]),
            row["utm_source"] or NOT_AVAILABLE,
            row["utm_medium"] or NOT_AVAILABLE,
            count_text(row["leads"]),
            _percent(row["leads_share"]),
            _money("revenue", row),
        ]
        for row in rows.head(_SHOWN).to_dict("records")
    ]
    table = listing(heads, texts, right=[4, 5, 6], title=say("Without a campaign tag"))
    return _with_left(table, rows)


def _silent(rows: pd.DataFrame) -> Listing:
    """Show the campaigns with cost but no tag."""
    heads = [
        say("Channel"),
        say("Campaign"),
        say("Clicks"),
        say("Cost"),
        say("Share of its cost"),
        say("In the UTM sheet"),
    ]
    texts: list[list[str | Cell]] = [
        [
            dimension_text(row["channel"]),
            _campaign(row),
            count_text(row["clicks"]),
            _money("cost", row),
            _percent(row["cost_share"]),
            say("yes") if row["is_in_sheet"] else say("no"),
        ]
        for row in rows.head(_SHOWN).to_dict("records")
    ]
    table = listing(heads, texts, right=[2, 3, 4], title=say("Campaigns with cost but no tag"))
    return _with_left(table, rows)


def _ambiguous(rows: pd.DataFrame) -> Listing:
    """Show the triples that several campaigns share."""
    heads = [
        say("Tags"),
        say("Channel"),
        say("Campaign"),
        say("Weight"),
        say("Leads"),
        say("Revenue"),
    ]
    texts: list[list[str | Cell]] = [
        [
            _tags(row),
            dimension_text(row["channel"]),
            _campaign(row),
            _percent(row["weight"]),
            count_text(row["leads"]),
            _money("revenue", row),
        ]
        for row in rows.head(_SHOWN).to_dict("records")
    ]
    table = listing(heads, texts, right=[3, 4, 5], title=say("Tags that several campaigns share"))
    return _with_left(table, rows)


def _with_left(table: Listing, rows: pd.DataFrame) -> Listing:
    """Say how many rows a table leaves out."""
    left = len(rows) - len(table.rows)
    if left:
        table.notes.append(say("… and {count} more", count=count_text(left)))
    return table


def _why(reason: str) -> str:
    """Say in plain words why tags met no campaign."""
    texts = {
        "utm_unknown": say("tagged, but no campaign has these tags"),
        "utm_conflict": say("the campaign is known, but its source or medium differs"),
    }
    return texts.get(reason, reason)


def _tags(row: dict[Any, Any], prefix: str = "") -> str:
    """Write a triple; what is missing is a dash."""
    return " / ".join(row[f"{prefix}{name}"] or NOT_AVAILABLE for name in TRIPLE)


def _near(row: dict[Any, Any]) -> str | Cell:
    """Name the nearest campaign; how many share its tags; its tags under the pointer."""
    if pd.isna(row["near_campaign_id"]):
        return NOT_AVAILABLE
    name = row["near_campaign_name"]
    text = f"{row['near_channel']} · {row['near_campaign_id'] if pd.isna(name) else name}"
    if row["near_campaigns"] > 1:
        more = count_text(row["near_campaigns"] - 1)
        text = say("{campaign} and {count} more with the same tags", campaign=text, count=more)
    return Cell(text, _tags(row, "near_"), align="left", style="white-space:normal")


def _line(alias: Any) -> str | Cell:
    """Write the call that mends one row, to be copied."""
    if alias is None or not isinstance(alias, tuple):
        return NOT_AVAILABLE
    style = "white-space:normal;font-family:monospace"
    return Cell(call_text(*alias), align="left", style=style)


def call_text(old: Any, new: Any) -> str:
    """Write the call that reads old tags as new ones.

    Examples
    --------
    >>> call_text("sprng", "spring")
    "store.alias('sprng', 'spring')"
    """
    return f"store.alias({old!r}, {new!r})"


def _campaign(row: dict[Any, Any]) -> str | Cell:
    """Name a campaign, by its id where it has no name; the id under the pointer."""
    name = row["campaign_name"]
    text = dimension_text(row["campaign_id"] if pd.isna(name) else name)
    return Cell(text, row["campaign_id"], align="left")


def _percent(share: Any) -> str:
    return NOT_AVAILABLE if pd.isna(share) else percent_text(float(share))


def _money(name: str, row: dict[Any, Any]) -> str:
    return metric_text(name, row[name], None if pd.isna(row["currency"]) else row["currency"])
