"""Which rows and columns a read asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow
import pyarrow.compute as pc

from admira.core.tags import normalize_tag
from admira.errors import OptionError, SchemaMismatch
from admira.schemas import Table


@dataclass(frozen=True, slots=True)
class Selection:
    """The filters of one read, checked: days as ISO text, channels normalised.

    ``is_coded`` asks for text dictionary-encoded, as what groups by it wants it.
    """

    table: Table
    start: str | None = None
    end: str | None = None
    channels: frozenset[str] | None = None
    columns: tuple[str, ...] = ()
    is_coded: bool = False

    @property
    def schema(self) -> pyarrow.Schema:
        """The columns asked for, as they are to come."""
        plain = pyarrow.schema([self.table.arrow().field(name) for name in self.columns])
        return coded(plain) if self.is_coded else plain

    @property
    def needed(self) -> list[str]:
        """The columns to fetch: those asked for, and those that the filters look at."""
        wanted = set(self.columns)
        wanted |= {"date"} if self.start is not None or self.end is not None else set()
        wanted |= {"channel"} if self.channels is not None else set()
        return [name for name in self.table.names if name in wanted]

    def keeps(self, name: str, value: str) -> bool:
        """Tell whether a partition with that value of that column can hold rows asked for."""
        if name == "date":
            return (self.start or value) <= value <= (self.end or value)
        return name != "channel" or self.channels is None or value in self.channels

    def keeps_month(self, name: str, value: str) -> bool:
        """Tell the same of months: of each that has a day asked for, all partitions."""
        if name != "date":
            return True
        return (self.start or value)[:7] <= value[:7] <= (self.end or value)[:7]

    def filter(self, rows: pyarrow.Table) -> pyarrow.Table:
        """Give the rows asked for, by their values."""
        conditions = []
        if self.start is not None:
            conditions.append(pc.field("date") >= _day_scalar(self.start))
        if self.end is not None:
            conditions.append(pc.field("date") <= _day_scalar(self.end))
        if self.channels is not None:
            wanted = pyarrow.array(sorted(self.channels), pyarrow.string())
            conditions.append(pc.field("channel").isin(wanted))
        for condition in conditions:
            rows = rows.filter(condition)
        return rows


def select(
    table: Table,
    *,
    start: date | str | None = None,
    end: date | str | None = None,
    channel: str | Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    is_coded: bool = False,
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
        is_coded=is_coded,
    )


def coded(plain: pyarrow.Schema) -> pyarrow.Schema:
    """Give a schema with its text dictionary-encoded."""
    return pyarrow.schema(
        field.with_type(_CODED) if field.type == pyarrow.string() else field for field in plain
    )


_CODED = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())


def _day(option: str, value: date | str | None) -> str | None:
    """Give the day as ISO text."""
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        raise OptionError(option, value, ["a date", "text such as 2025-08-31"]) from None


def _day_scalar(day: str) -> pyarrow.Scalar:
    """Give a day as Arrow compares it."""
    return pyarrow.scalar(date.fromisoformat(day), pyarrow.date32())
