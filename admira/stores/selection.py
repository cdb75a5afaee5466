"""Which rows and columns a read asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from admira.core.tags import normalize_tag
from admira.errors import OptionError, SchemaMismatch
from admira.schemas import Table


@dataclass(frozen=True, slots=True)
class Selection:
    """The filters of one read, checked: days as ISO text, channels normalised."""

    table: Table
    start: str | None
    end: str | None
    channels: frozenset[str] | None
    columns: tuple[str, ...]

    @property
    def needed(self) -> list[str]:
        """The columns to fetch: those asked for, and the natural key that orders the rows."""
        wanted = {*self.columns, *self.table.key}
        return [name for name in self.table.names if name in wanted]

    def keeps(self, name: str, value: str) -> bool:
        """Tell whether a partition with that value of that column can hold rows asked for."""
        if name == "date":
            return (self.start or value) <= value <= (self.end or value)
        return name != "channel" or self.channels is None or value in self.channels

    def filter(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Give the rows asked for, by their values."""
        wanted = pd.Series(data=True, index=rows.index)
        if self.start is not None:
            wanted &= rows["date"] >= pd.Timestamp(self.start)
        if self.end is not None:
            wanted &= rows["date"] <= pd.Timestamp(self.end)
        if self.channels is not None:
            wanted &= rows["channel"].isin(self.channels)
        return rows[wanted]

    def arrange(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Give the columns asked for, in natural-key order, with a fresh index."""
        return rows.sort_values(list(self.table.key), ignore_index=True)[list(self.columns)]


def select(
    table: Table,
    *,
    start: date | str | None = None,
    end: date | str | None = None,
    channel: str | Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> Selection:
    """Check the filters of a read.

    Raises
    ------
    OptionError
        When a day is no day.
    SchemaMismatch
        When a column is not in the contract, or the table has no channel to filter by.
    """
    if columns is not None:
        table.require(table.names, columns)
    if channel is not None and "channel" not in table.names:
        raise SchemaMismatch(
            table.name,
            missing=["channel"],
            found=table.names,
            hint="Read them whole; join_utm gives each opportunity its channel.",
        )
    named = [channel] if isinstance(channel, str) else channel
    return Selection(
        table,
        start=_day("start", start),
        end=_day("end", end),
        channels=None if named is None else frozenset(normalize_tag(name) for name in named),
        columns=tuple(table.names if columns is None else columns),
    )


def _day(option: str, value: date | str | None) -> str | None:
    """Give the day as ISO text."""
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        raise OptionError(option, value, ["a date", "text such as 2025-08-31"]) from None
