"""What tables and charts say of periods that are not whole: which, and why."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from admira.core.coverage import Covered, cuts_of, period_cuts
from admira.present.formats import day_text, grain_text, period_text
from admira.present.language import say

_DAY = pd.Timedelta(days=1)

MARK = "*"


def partial_note(periods: "pd.Series | pd.DatetimeIndex", said: Mapping[Any, Any]) -> str:
    """Name the periods that are not whole, and say why; nothing where all are.

    Parameters
    ----------
    periods : Series or index of days
        The first day of each period shown.
    said : mapping
        The ``attrs`` of the KPI table.

    Examples
    --------
    >>> months = pd.to_datetime(["2025-11-01", "2025-12-01"])
    >>> said = {"grain": "month", "covered": {"last": "2025-12-15", "last_by": "rows"}}
    >>> partial_note(months, said)
    'Not whole: Dec 2025 (the rows end on Dec 15, 2025).'
    """
    days = pd.DatetimeIndex(periods).unique().sort_values()
    grain, cuts = said.get("grain"), cuts_of(days, said)
    names = [_names(days[cut], grain) for cut in cuts]
    return _note(names, said)


def period_note(said: Mapping[Any, Any]) -> str:
    """Do the same for a table without days, whose rows are all of one period."""
    if "whole" not in said:
        return ""
    name = period_text(*said["whole"])
    return _note([name if cut[0] else "" for cut in period_cuts(said)], said)


def _names(days: pd.DatetimeIndex, grain: str | None) -> str:
    """Name one period, or the first and the last of several."""
    if days.empty:
        return ""
    first, last = (grain_text(day, grain) for day in (days[0], days[-1]))
    return first if len(days) == 1 else say("{first} to {last}", first=first, last=last)


def _note(names: list[str], said: Mapping[Any, Any]) -> str:
    """Write the note; what is cut at both ends is named once."""
    reasons = _reasons(Covered.read(said.get("covered") or {}))
    if names[0] and names[0] == names[1]:
        names, reasons = names[:1], [f"{reasons[0]}; {reasons[1]}"]
    told = [f"{name} ({why})" for name, why in zip(names, reasons, strict=True) if name]
    return say("Not whole: {periods}.", periods=", ".join(told)) if told else ""


def _reasons(covered: Covered) -> list[str]:
    """Say why nothing is before the first day covered, and nothing behind the last."""
    first = "" if covered.first is None else day_text(covered.first)
    last = "" if covered.last is None else day_text(covered.last)
    if covered.first_by == "asked":
        before = say("the days asked for begin on {day}", day=first)
    else:
        before = say("the rows begin on {day}", day=first)
    if covered.last_by == "today" and covered.last is not None:
        return [before, say("{day} is not over", day=day_text(covered.last + _DAY))]
    if covered.last_by == "asked":
        return [before, say("the days asked for end on {day}", day=last)]
    return [before, say("the rows end on {day}", day=last)]
