"""What a store answers to a choice: groups, their lines over time, and what they were before."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from admira.core.filters import VALUE_FILTERS
from admira.core.metrics import regrouped
from admira.explorer.choice import Choice

SHOWN = 50

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
        The periods that have rows.
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
    lines, dates = _lines(choice, groups, ask)
    if choice.compare is None:
        return Answers(groups, lines, dates)
    asked = {"by": choice.dimensions(has_date=False), **choice.selection_before}
    before, over_time = _summed(choice, ask(asked)), None
    if choice.split is None:
        over_time = _summed(choice, ask(choice.question_before), "date")
    return Answers(groups, lines, dates, before, over_time)


def leading(groups: pd.DataFrame) -> pd.DataFrame:
    """Give the groups that are shown, those with most cost first."""
    return groups.sort_values(["cost", "revenue"], ascending=False, kind="stable").head(SHOWN)


def _lines(
    choice: Choice, groups: pd.DataFrame, ask: Ask
) -> tuple[pd.DataFrame, tuple[pd.Timestamp, ...]]:
    """Give the groups shown over time, and all periods that there are."""
    question, split = choice.question, choice.split
    if split is None or split in question or split not in _FILTERS or len(groups) <= SHOWN:
        every = lines = _summed(choice, ask(question), "date")
    else:
        shown = {split: leading(groups)[split].tolist()}
        lines = _summed(choice, ask({**question, **shown}), "date")
        every = choice.kept(ask(choice.question_of_dates))
    return lines, tuple(every["date"].drop_duplicates().sort_values())


def _summed(choice: Choice, kpis: pd.DataFrame, *dates: str) -> pd.DataFrame:
    """Keep the money and the campaigns chosen; the money is then of one currency."""
    kept = choice.kept(kpis)
    if not choice.is_one_currency:
        return kept
    return regrouped(kept, [*dates, *([choice.split] if choice.split else [])])
