"""What a store answers to a choice: groups, their lines over time, and what they were before."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from admira.core.filters import VALUE_FILTERS
from admira.core.grains import begins
from admira.core.metrics import regrouped
from admira.core.spine import spine_of
from admira.explorer.choice import Choice
from admira.present.tables import SHOWN, leading_rows

_FILTERS = (*VALUE_FILTERS, "campaign_name")

Ask = Callable[[dict[str, Any]], pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Answers:
    """The KPIs that are drawn: few rows, however many days and groups a choice has.

    Attributes
    ----------
    groups : DataFrame, one row per group
        All of them.
    lines : DataFrame, one row per period and group
        The groups with most cost, over time.
    dates : tuple of Timestamp
        The periods from the first rows to the last.
    before : DataFrame, one row per group, or None
        The period to compare with.
    lines_before : DataFrame, one row per period, or None
        The same over time, where groups are not told apart.
    """

    groups: pd.DataFrame
    lines: pd.DataFrame
    dates: tuple[pd.Timestamp, ...] = ()
    before: pd.DataFrame | None = None
    lines_before: pd.DataFrame | None = None


def answers_of(choice: Choice, ask: Ask) -> Answers:
    """Ask a store for what is drawn of a choice.

    Groups that are not drawn are not asked for over time: there may be a million rows of them.
    """
    groups = _summed(choice, ask({"by": choice.dimensions(has_date=False), **choice.selection}))
    lines = _lines(choice, groups, ask)
    dates = (
        tuple(_periods(choice).union(pd.DatetimeIndex(lines["date"]).unique()))
        if len(groups)
        else ()
    )
    if choice.compare is None:
        return Answers(groups, lines, dates)
    if choice.period_before.end < choice.known.first:  # nothing was then
        none = None if choice.split else lines.iloc[:0]
        return Answers(groups, lines, dates, groups.iloc[:0], none)
    asked = {"by": choice.dimensions(has_date=False), **choice.selection_before}
    before, over_time = _summed(choice, ask(asked)), None
    if choice.split is None:
        over_time = _summed(choice, ask(choice.question_before), "date")
    return Answers(groups, lines, dates, before, over_time)


def _lines(choice: Choice, groups: pd.DataFrame, ask: Ask) -> pd.DataFrame:
    """Give the groups shown over time."""
    question, split = choice.question, choice.split
    if split is None or split in question or split not in _FILTERS or len(groups) <= SHOWN:
        return _summed(choice, ask(question), "date")
    shown = {split: leading_rows(groups, SHOWN)[split].tolist()}
    return _summed(choice, ask({**question, **shown}), "date")


def _periods(choice: Choice) -> pd.DatetimeIndex:
    """Give every day, week, … of the period in which the store had rows."""
    first = max(choice.period.start, choice.known.first)
    last = min(choice.period.end, choice.known.last)
    return spine_of(begins(choice.grain, first), begins(choice.grain, last), choice.grain)


def _summed(choice: Choice, kpis: pd.DataFrame, *dates: str) -> pd.DataFrame:
    """Keep the money and the campaigns chosen; the money is then of one currency."""
    kept = choice.kept(kpis)
    if not choice.is_one_currency:
        return kept
    return regrouped(kept, [*dates, *([choice.split] if choice.split else [])])
