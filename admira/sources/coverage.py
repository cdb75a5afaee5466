"""What a source was asked for and how far its rows reach: what a watermark is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from admira.schemas import Kind
from admira.sources.pulls import Pull
from admira.sources.source import Source
from admira.sources.window import Window, day_of

# Which column tells what is new: rows of ads by their day, opportunities by their last change.
_COUNTED_BY: dict[Kind, str] = {"ads": "date", "crm": "updated_at"}


@dataclass(frozen=True, slots=True)
class Coverage:
    """One source's part of a run.

    Attributes
    ----------
    source : str
        Its label.
    window : Window
        The days that it was asked for.
    by : str
        The column by which later runs may ask for what is new; empty where they cannot, and have
        to read everything.
    latest : date or None
        The last day that its rows speak of in that column.
    """

    source: str
    window: Window
    by: str
    latest: date | None


def coverage_of(kind: Kind, source: Source, window: Window, pulls: Sequence[Pull]) -> Coverage:
    """Say how far the pulls of one source reach.

    Opportunities count by ``updated_at`` where every one has it.  Leads and deals that are joined
    to each other must come together, and rows that are given in memory are all there is: neither
    can be asked for what is new.
    """
    column = _COUNTED_BY[kind]
    frames = [pull.frame for pull in pulls if len(pull.frame)]
    values = [frame[column] for frame in frames if column in frame]
    is_linked = any(pull.links is not None for pull in pulls)
    has_gaps = kind == "crm" and any(each.isna().any() for each in values)
    if not source.is_elsewhere or is_linked or len(values) < len(frames) or has_gaps:
        return Coverage(source.label, window, "", None)
    return Coverage(source.label, window, column, _latest(values, in_utc=kind == "crm"))


def _latest(columns: Sequence[pd.Series], *, in_utc: bool) -> date | None:
    """Give the last day of all cells that can be read as one; each distinct text is read once."""
    found = None
    for column in columns:
        hashable = column[[not isinstance(value, list | dict) for value in column]]
        for value in hashable.unique():
            day = day_of(value, in_utc=in_utc)
            if day is not None and (found is None or day > found):
                found = day
    return found
