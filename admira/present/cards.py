"""A period at a glance: five KPIs, how they changed, and how far that can be trusted yet."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from admira.core.periods import Period
from admira.present.cells import colour, why_missing
from admira.present.formats import (
    NOT_AVAILABLE,
    change_text,
    metric_text,
    period_text,
)
from admira.present.html import MUTED, render, sparkline
from admira.present.language import say
from admira.schemas.metrics import metrics


@dataclass(frozen=True, slots=True)
class Card:
    """One KPI, written."""

    metric: str
    label: str
    formula: str
    text: str
    why: str
    change: str
    change_title: str
    colour: str
    trend: Markup
    blended: str


@dataclass(frozen=True, slots=True, repr=False)
class Summary:
    """Five KPIs of a period, beside those of an earlier one.

    Attributes
    ----------
    period, before : Period
        The days of both, first and last included.
    currency : str or None
        The money of all figures.
    frame : DataFrame, one row per KPI
        ``metric``, ``paid``, ``blended``, ``before`` (of paid channels; at equal age where
        ``basis`` says so), ``change`` (missing where it would mislead) and ``basis``: ``"as is"``,
        ``"equal age"`` or ``"unripe"``.
    kpis : DataFrame of one row
        All metrics of the paid channels.
    open_share, open_share_before : float
        How many of the opportunities are not decided yet.
    trends : DataFrame, one row per day, week or month
        The five KPIs over the period.
    notes : list of str
        What to know before reading the changes.
    """

    period: Period
    before: Period
    currency: str | None
    frame: pd.DataFrame
    kpis: pd.DataFrame
    open_share: float
    open_share_before: float
    trends: pd.DataFrame
    notes: list[str]

    @property
    def period_text(self) -> str:
        """The period, written."""
        return period_text(*self.period)

    @property
    def cost_text(self) -> str:
        """What was spent, written."""
        return metric_text("cost", self.kpis["cost"].iloc[0], self.currency)

    @property
    def counts(self) -> list[tuple[str, str]]:
        """The funnel in counts, written: figure and label."""
        row = self.kpis.iloc[0]
        names = ("leads", "opportunities", "closed_won", "revenue")
        return [
            (metric_text(name, row[name], self.currency), say(metrics[name].label).lower())
            for name in names
        ]

    @property
    def cards(self) -> list[Card]:
        """The five cards, written."""
        return [self._card(row) for row in self.frame.to_dict("records")]

    def _card(self, row: dict[Any, Any]) -> Card:
        name, metric = row["metric"], metrics[row["metric"]]
        text = metric_text(name, row["paid"], self.currency)
        change, title, tint = self._change(row)
        return Card(
            metric=name,
            label=say(metric.label),
            formula=f"{name} = {metric.formula}",
            text=text,
            why=why_missing(name) if text == NOT_AVAILABLE else "",
            change=change,
            change_title=title,
            colour=tint,
            trend=sparkline([None if pd.isna(v) else float(v) for v in self.trends[name]]),
            blended=say(
                "blended {figure}", figure=metric_text(name, row["blended"], self.currency)
            ),
        )

    def _change(self, row: dict[Any, Any]) -> tuple[str, str, str]:
        """Write a change: its text, what the pointer shows, its colour."""
        before = metric_text(row["metric"], row["before"], self.currency)
        title = f"{before} ({period_text(*self.before)})"
        if row["basis"] == "unripe":
            return say("too early to compare"), title, MUTED
        if pd.isna(row["change"]):
            return say("nothing to compare with"), title, MUTED
        arrow = "▲" if row["change"] > 0 else "▼" if row["change"] < 0 else "="
        text = f"{arrow} {change_text(row['change'])}"
        if row["basis"] == "equal age":
            text = say("{change} at equal age", change=text)
        return text, title, colour(row["metric"], row["change"])

    def __repr__(self) -> str:
        """Name the period and the first KPIs."""
        shown = ", ".join(f"{card.label} {card.text}" for card in self.cards[:2])
        return f"<Summary {self.period_text}: {shown}, …>"

    def _repr_html_(self) -> str:
        """Show the cards."""
        return render("cards", summary=self)
