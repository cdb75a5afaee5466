"""What a reader of a store can ask for, all of it as of one commit."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pandas as pd
import pyarrow

from admira.schemas import Table
from admira.stores.selection import Selection


class Pieces(NamedTuple):
    """Where the rows of a table are, for engines that read files themselves.

    Each file holds whole months, typed, with all the contract's columns, and its name says of which
    contents it was made: while it is there it never changes.  ``rows`` are those in no file.
    ``root`` is the store's; ``filesystem`` reads the files where the operating system does not.
    """

    files: tuple[str, ...] = ()
    rows: pyarrow.Table | None = None
    root: str = ""
    filesystem: Any = None

    def are_there(self) -> bool:
        """Tell whether no file was removed since, as a commit does with what it outdates."""
        if self.filesystem is not None:
            return all(map(self.filesystem.exists, self.files))
        return all(Path(file).exists() for file in self.files)


class Reader(Protocol):
    """The tables as of one commit."""

    def pieces(self, asked: Selection) -> Pieces:
        """Give the months that have a day asked for in few files, which are made where needed."""
        ...

    def bytes_stored(self, asked: Selection) -> int:
        """Say how large the partitions are that can hold rows asked for, as they are stored."""
        ...

    def scan(self, asked: Selection) -> pyarrow.Table:
        """Give the rows and columns asked for; of a table with days, each month in key order.

        Text that is asked for dictionary-encoded may come so, or as it is.
        """
        ...

    def rows(self, table: Table) -> pd.DataFrame:
        """Give a whole table in pandas, typed."""
        ...

    def days(self, table: Table) -> tuple[date, ...]:
        """Give the first and the last day of a table with days; nothing where it has no rows."""
        ...

    def checked(self, table: Table) -> tuple[pyarrow.Table, list[str]]:
        """Give a whole table as it is stored, and a sentence for each part that cannot be read."""
        ...

    def digest(self, *tables: Table) -> str:
        """Give a text that differs whenever the content of these tables does."""
        ...

    def by_month(
        self,
        table: Table,
        columns: Sequence[str],
        subject: str,
        make: Callable[[pyarrow.Table], pyarrow.Table],
    ) -> pyarrow.Table:
        """Give what ``make`` makes of columns of each month's rows, stacked; kept per month."""
        ...

    def derived(self, subject: str, made_of: str, names: Sequence[str]) -> pyarrow.Table | None:
        """Give columns of a table that was derived from the contents of that digest, if kept."""
        ...

    def keep(
        self,
        subject: str,
        made_of: str,
        rows: pyarrow.Table,
        *tables: Table,
        is_lasting: bool = True,
    ) -> None:
        """Keep a table that was derived from the contents of these tables.

        What is not lasting is held by this process alone, while there is room.
        """
        ...
