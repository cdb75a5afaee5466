"""The tables of an explanation: how its opportunities were matched, and the rows behind it."""

from typing import Any

import pandas as pd

from admira.core.campaigns import TRIPLE
from admira.explanations.rows import adding, funnel_terms, terms_of
from admira.explanations.words import figure_text, reason_text
from admira.present.cells import Cell, head
from admira.present.formats import NOT_AVAILABLE, count_text, dimension_text, money_text
from admira.present.language import say
from admira.present.tables import TITLES, MetricTable, Row
from admira.schemas import AD_MEASURES
from admira.schemas.metrics import metrics

SHOWN = 20


def tables_of(
    metric: str,
    ads: pd.DataFrame,
    opportunities: pd.DataFrame,
    matches: pd.DataFrame,
    currency: str | None,
) -> list[MetricTable]:
    """Make the tables of an explanation, those that say something."""
    terms = terms_of(metrics[metric])
    made = []
    if not matches.empty:
        made += [
            _matches_table(metric, matches, currency),
            _opportunities_table(metric, opportunities, currency),
        ]
    if not ads.empty and {*terms} & {*AD_MEASURES}:
        made.append(_ads_table(ads, currency))
    return made


def _matches_table(metric: str, matches: pd.DataFrame, currency: str | None) -> MetricTable:
    """Show how the opportunities met their campaigns."""
    terms = funnel_terms(metrics[metric])
    heads = [
        _left(say("Match")),
        _left(say("In plain words")),
        _right(say("Opportunities")),
        _right(say("Weight"), say("What the shares of these opportunities add up to")),
        *(head(name) for name in terms),
    ]
    rows = [
        Row(
            [
                _left(row["match"]),
                _left(row["why"]),
                _right(count_text(row["records"])),
                _right(_weight(row["weight"])),
                *_figures(row, terms, currency),
            ]
        )
        for row in matches.to_dict("records")
    ]
    return MetricTable(matches, heads, rows, title=say("How the opportunities were matched"))


def _opportunities_table(
    metric: str, opportunities: pd.DataFrame, currency: str | None
) -> MetricTable:
    """Show the opportunities that add most."""
    terms = funnel_terms(metrics[metric])
    counted = adding(opportunities, metrics[metric])
    shown = counted.head(SHOWN)
    heads = [
        _left(say("Opportunity")),
        _left(say("Date")),
        _left(say("Stage")),
        _right(say("Amount")),
        _left(say("Its tags"), "utm_campaign / utm_source / utm_medium"),
        _left(say("Credited to")),
        _right(say("Weight")),
        *(head(name) for name in terms),
        _left(say("Why")),
    ]
    rows = [
        Row(
            [
                _left(row["opportunity_id"]),
                _left(row["date"]),
                _left(row["stage"]),
                _right(_money(row["amount"], currency)),
                _left(_tags(row)),
                _left(_campaign(row), row["campaign_id"]),
                _right(_weight(row["match_weight"])),
                *_figures(row, terms, currency),
                _left(reason_text(row["match"], row["match_reason"], row["match_candidates"])),
            ]
        )
        for row in shown.to_dict("records")
    ]
    notes = _left_out(counted, shown)
    silent = len(opportunities) - len(counted)
    if silent:
        notes.append(
            say("{count} more shares are in this cell and add nothing.", count=count_text(silent))
        )
    return MetricTable(shown, heads, rows, notes, title=say("The opportunities"))


def _ads_table(ads: pd.DataFrame, currency: str | None) -> MetricTable:
    """Show the most expensive ad rows."""
    shown = ads.head(SHOWN)
    heads = [
        *(_left(say(TITLES[name])) for name in ("date", "channel", "campaign_name")),
        *(head(name) for name in AD_MEASURES),
    ]
    rows = [
        Row(
            [
                _left(row["date"]),
                _left(row["channel"]),
                _left(_name(row), row["campaign_id"]),
                *_figures(row, AD_MEASURES, currency),
            ]
        )
        for row in shown.to_dict("records")
    ]
    return MetricTable(shown, heads, rows, _left_out(ads, shown), title=say("The ad rows"))


def _left(value: Any, title: str = "") -> Cell:
    return Cell(dimension_text(value), title, align="left")


def _right(text: str, title: str = "") -> Cell:
    return Cell(text, title)


def _figures(row: dict[Any, Any], names: Any, currency: str | None) -> list[Cell]:
    return [_right(figure_text(name, row[name], currency)) for name in names]


def _weight(weight: float) -> str:
    """Write a weight as exactly as a count of leads."""
    return figure_text("leads", weight, None)


def _money(amount: Any, currency: str | None) -> str:
    return dimension_text(amount) if pd.isna(amount) else money_text(float(amount), currency)


def _tags(row: dict[Any, Any]) -> str:
    """Write an opportunity's own tags; none is a dash."""
    tags = [row[name] or NOT_AVAILABLE for name in TRIPLE]
    return " / ".join(map(str, tags)) if {*tags} != {NOT_AVAILABLE} else NOT_AVAILABLE


def _campaign(row: dict[Any, Any]) -> str:
    """Name whom an opportunity is credited to."""
    channel = dimension_text(row["channel"])
    is_bucket = row["channel"] == row["campaign_id"]
    return channel if is_bucket else f"{channel} · {_name(row)}"


def _name(row: dict[Any, Any]) -> str:
    """Give a campaign's name, or its id where it has none."""
    name = row["campaign_name"]
    return dimension_text(row["campaign_id"] if pd.isna(name) else name)


def _left_out(rows: pd.DataFrame, shown: pd.DataFrame) -> list[str]:
    left = len(rows) - len(shown)
    return [say("… and {count} more", count=count_text(left))] if left else []
