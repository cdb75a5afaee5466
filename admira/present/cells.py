"""The cells of a KPI table: figures with their bar, their change and what the pointer tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from markupsafe import Markup

from admira.core.metrics import regrouped
from admira.core.periods import beside
from admira.core.totals import MEASURES
from admira.present.formats import (
    NOT_AVAILABLE,
    change_text,
    dimension_text,
    grain_text,
    metric_text,
)
from admira.present.html import BAD, FILL, GOOD, MUTED
from admira.present.language import say
from admira.present.partial import MARK
from admira.schemas.metrics import metrics
from admira.schemas.registry import Measure, Ratio

# What fits a page, in the order in which a campaign is read: spend, funnel, return.
OVERVIEW = (
    "clicks",
    "cost",
    "leads",
    "opportunities",
    "closed_won",
    "revenue",
    "cpc",
    "cpa",
    "cvr_lead_to_opp",
    "cvr_opp_to_won",
    "roas",
)

# What platforms claim, where a table has it.
CLAIMED = ("platform_conversions", "platform_value", "platform_cpa", "platform_roas")

_ENDINGS = ("_previous", "_change", "_target", "_versus")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text, what the pointer shows over it, how it looks, and a small note."""

    text: str | Markup
    title: str = ""
    align: str = "right"
    style: str = ""
    note: str = ""
    note_colour: str = MUTED
    aim: str = ""
    aim_colour: str = MUTED


@dataclass(frozen=True, slots=True)
class Look:
    """How the rows of a table are written: metrics, dimensions, money, and the longest bar."""

    names: tuple[str, ...]
    dimensions: tuple[str, ...]
    currency: str | None = None
    bar: str | None = None
    longest: float = 0.0
    grain: str | None = None
    whole: frozenset[str] = frozenset()
    is_exact: bool = False
    partial: frozenset[pd.Timestamp] = frozenset()

    def cells(self, row: Mapping[Any, Any]) -> list[Cell]:
        """Write one group."""
        money = row["currency"] if "currency" in self.dimensions else self.currency
        money = None if pd.isna(money) else money
        named = [Cell(self._named(row[name]), align="left") for name in self.dimensions]
        return [*named, *(self._barred(row, name, money) for name in self.names)]

    def _named(self, value: object) -> str:
        if isinstance(value, pd.Timestamp):
            return grain_text(value, self.grain) + (MARK if value in self.partial else "")
        return dimension_text(value)

    def total(self, label: str, row: Mapping[Any, Any]) -> list[Cell]:
        """Write a total under the groups; it has no bar."""
        blanks = [Cell("", align="left")] * (len(self.dimensions) - 1)
        figures = [self._figure(row, name, self.currency) for name in self.names]
        return [Cell(label, align="left"), *blanks, *figures]

    def _barred(self, row: Mapping[Any, Any], name: str, currency: str | None) -> Cell:
        cell = self._figure(row, name, currency)
        if name != self.bar or self.longest <= 0 or pd.isna(row[name]):
            return cell
        width = max(0.0, 100 * float(row[name]) / self.longest)
        style = f"background:linear-gradient(90deg,{FILL} {width:.1f}%,transparent {width:.1f}%)"
        return replace(cell, style=style)

    def _figure(self, row: Mapping[Any, Any], name: str, currency: str | None) -> Cell:
        is_whole = name in self.whole
        return figure(row, name, currency, is_whole=is_whole, is_exact=self.is_exact)


def figure(
    row: Mapping[Any, Any],
    name: str,
    currency: str | None,
    *,
    is_whole: bool = False,
    is_exact: bool = False,
) -> Cell:
    """Write one figure, how it changed, and how far it is from its target, where the row says."""
    value = row[name]
    text = exact = metric_text(name, value, currency, is_exact=True)
    title = why_missing(name) if exact == NOT_AVAILABLE else exact
    if isinstance(metrics.figure(name), Measure) and not is_exact:  # only sums go without cents
        text = metric_text(name, value, currency, is_whole=is_whole)
    cell = Cell(text, title)
    if f"{name}_change" in row:
        before = metric_text(name, row[f"{name}_previous"], currency, is_exact=True)
        title = say("{now}, before: {before}", now=cell.title, before=before)
        note, tint = _difference(name, row[f"{name}_change"])
        cell = replace(cell, title=title, note=note, note_colour=tint)
    if not pd.isna(row.get(f"{name}_target")):
        target = metric_text(name, row[f"{name}_target"], currency, is_exact=True)
        title = say("{now}, target: {target}", now=cell.title, target=target)
        off, tint = _difference(name, row[f"{name}_versus"])
        cell = replace(cell, title=title, aim=say("{off} vs target", off=off), aim_colour=tint)
    return cell


def _difference(name: str, relative: Any) -> tuple[str, str]:
    """Write a relative difference of a metric, and give its colour."""
    if pd.isna(relative):
        return NOT_AVAILABLE, MUTED
    return change_text(relative), colour(name, relative)


def colour(name: str, change: float) -> str:
    """Give the colour of a change: good, bad, or neither."""
    good = metrics.figure(name).good
    if not good or change == 0:
        return MUTED
    return GOOD if (change > 0) == (good == "up") else BAD


def why_missing(name: str) -> str:
    """Say why a ratio has no value."""
    metric = metrics.figure(name)
    is_claim = metric in metrics.claims
    if not isinstance(metric, Ratio):
        return say("n/a: no platform states it") if is_claim else ""
    terms = " + ".join(say(metrics.figure(term).label) for term in metric.denominator)
    if is_claim:
        return say("n/a: {denominator} is 0, or no platform states it", denominator=terms)
    return say("n/a: {denominator} is 0", denominator=terms)


def head(name: str) -> Cell:
    """Write the title of a metric's column, with its formula and meaning."""
    metric = metrics.figure(name)
    return Cell(say(metric.label), f"{metric.name} = {metric.formula}: {say(metric.meaning)}")


def is_companion(name: str) -> bool:
    """Tell the columns that say what a metric was before or should be, and the difference."""
    stem = next((name.removesuffix(end) for end in _ENDINGS if name.endswith(end)), None)
    return stem is not None and stem in metrics.columns


def has_currencies(kpis: pd.DataFrame) -> bool:
    """Tell whether a KPI table has money in several currencies, which is never added."""
    return "currency" in kpis and len(kpis["currency"].drop_duplicates()) > 1


def totals_of(kpis: pd.DataFrame, dimensions: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Give the named totals of a KPI table, as ratios of sums.

    Where no campaign can be credited with some of it, what was paid for comes first.
    """
    if has_currencies(kpis):
        return {}
    if "channel" not in dimensions:
        named = {"paid": say("Paid"), "all": say("All (blended)")}
        return {named.get(kpis.attrs.get("scope", ""), say("Total")): _total(kpis)}
    is_bucket = kpis["channel"].str.startswith("(").fillna(value=False).astype(bool)
    if not is_bucket.any():
        return {say("Paid"): _total(kpis)}
    return {say("Paid"): _total(kpis[~is_bucket]), say("All (blended)"): _total(kpis)}


def _total(kpis: pd.DataFrame) -> pd.DataFrame:
    """Sum a KPI table to one row, what it was before likewise, beside the targets that all share.

    Targets of measures are not summed: several rows may share one.
    """
    total = _sum(kpis)
    for name in metrics:
        aims: list[Any] = [*kpis[f"{name}_target"].unique()] if f"{name}_target" in kpis else []
        if len(aims) == 1 and name not in MEASURES and not pd.isna(aims[0]):
            off = total[name] / aims[0] - 1 if aims[0] else pd.NA
            total = total.assign(**{f"{name}_target": aims[0], f"{name}_versus": off})
    return total


def _sum(kpis: pd.DataFrame) -> pd.DataFrame:
    """Sum a KPI table to one row, and what it was before likewise."""
    now = regrouped(kpis, [])
    earlier = [name for name in kpis if str(name).endswith("_previous")]
    if not earlier:
        return now
    names = [str(name).removesuffix("_previous") for name in earlier]
    before = kpis[earlier].set_axis(names, axis="columns")
    return beside(now, regrouped(before, []), [], names)
