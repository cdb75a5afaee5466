"""Exports into frames of text: the rows under the header, without totals, footers and blanks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from admira.errors import SourceRejected
from admira.sources.decode import Undecodable
from admira.sources.footers import Footers, blank_cells
from admira.sources.headers import header_of
from admira.sources.mapping import CsvRule
from admira.sources.sheets import Sheet

# So many lines are turned into columns at a time: many small lists are slow to keep.
_BATCH_LINES = 1 << 13


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of an export, and an account of everything that is no row.

    ``frame`` holds text under the header's names, ``None`` where a line was too short.
    ``dropped`` counts ``"total rows"``, ``"footers"`` and ``"blank lines"``; ``total_rows`` are
    those that state amounts.  ``preamble_lines`` stood above the header.  ``short_lines`` and
    ``long_lines`` are among the rows.
    """

    frame: pd.DataFrame
    total_rows: pd.DataFrame
    preamble_lines: int = 0
    short_lines: int = 0
    long_lines: int = 0
    dropped: dict[str, int] = field(default_factory=dict)


def read_table(sheet: Sheet, rule: CsvRule | None = None) -> Table:
    r"""Read the rows under the header of an export, as text and in order.

    Every line is accounted for: it stands in the preamble, is the header, a row, or dropped and
    counted.  A line shorter than the header lacks its last cells.  Blank cells beyond the header
    are nothing; a line with more than that cannot be read, so that all its cells show the whole
    line, for `admira.normalize` to reject.

    Parameters
    ----------
    sheet : Sheet
        From `open_sheet`.
    rule : CsvRule, optional
        How to tell header, totals and footers.  Patterns are for whole cells, whatever their
        case; a blank in them is any blank.  Without a rule the first line is the header, and
        only blank lines are dropped.

    Returns
    -------
    Table
        Rows under a new index; columns without a name and without content are left out.

    Raises
    ------
    SchemaMismatch
        When no line has the columns of a header.
    SourceRejected
        When the text is quoted in no clear way, or two columns of one name differ.
    OptionError
        When a pattern is no regular expression.

    Examples
    --------
    >>> from admira.sources.sheets import open_sheet
    >>> export = b"Kampagnen\n\nTag;Klicks\n2025-08-01;7\nGesamt: Konto;7\n"
    >>> rule = CsvRule(header_has=(("Day", "Tag"),), drop_if_any_cell=("Gesamt: .*",))
    >>> table = read_table(open_sheet(export, "ads.csv"), rule)
    >>> table.frame
              Tag Klicks
    0  2025-08-01      7
    >>> table.preamble_lines, table.dropped
    (2, {'total rows': 1})
    """
    header = header_of(sheet, rule)
    try:
        cells, odd_lines = _cells(header.below(), len(header.cells))
    except Undecodable as error:
        raise SourceRejected(f"{sheet.label} cannot be read: {error}.") from None
    surplus = _surplus(odd_lines, len(header.cells))
    is_blank = _blank_lines(cells, surplus)
    is_footer, is_total = Footers.of(rule).among(cells, header.cells, surplus, is_blank)
    is_row = ~(is_blank | is_footer | is_total)
    counts = {"total rows": is_total, "footers": is_footer, "blank lines": is_blank}
    named = _named(cells, header.cells, is_row, sheet.label)
    rows = named[is_row]
    odd_rows = {place: line for place, line in odd_lines.items() if is_row[place]}
    for place in surplus.keys() & odd_rows.keys():
        rows.loc[place] = header.separator.join(odd_rows[place])
    return Table(
        frame=rows.reset_index(drop=True),
        total_rows=named[is_total].reset_index(drop=True),
        preamble_lines=header.number,
        short_lines=_short_lines(odd_rows.values(), header.cells),
        long_lines=len(surplus.keys() & odd_rows.keys()),
        dropped={reason: int(mask.sum()) for reason, mask in counts.items() if mask.any()},
    )


def _cells(lines: Iterator[list[str]], width: int) -> tuple[pd.DataFrame, dict[int, list[str]]]:
    """Give the cells as a frame of so many numbered columns, and the lines of another length.

    Those are cut in the frame, or filled up with ``None``.
    """
    columns: list[list[str | None]] = [[] for _ in range(width)]
    odd_lines: dict[int, list[str]] = {}
    filling = [None] * width
    start = 0
    while batch := list(islice(lines, _BATCH_LINES)):
        odd = {place: line for place, line in enumerate(batch) if len(line) != width}
        fitted: list[list[Any]] = list(batch)
        for place, line in odd.items():
            odd_lines[start + place] = line
            fitted[place] = [*line, *filling][:width]
        for column, cells in zip(columns, zip(*fitted, strict=True), strict=True):
            column.extend(cells)
        start += len(batch)
    arrays = {
        position: np.fromiter(column, dtype=object, count=start)
        for position, column in enumerate(columns)
    }
    return pd.DataFrame(arrays, dtype=object, copy=False), odd_lines


def _surplus(odd_lines: Mapping[int, list[str]], width: int) -> dict[int, list[str]]:
    """Give what lines say beyond the last column, by their places."""
    beyond = {place: line[width:] for place, line in odd_lines.items()}
    return {place: cells for place, cells in beyond.items() if any(map(str.strip, cells))}


def _blank_lines(cells: pd.DataFrame, surplus: Mapping[int, object]) -> np.ndarray:
    """Mark the lines whose cells are all blank; each column only looks at those that may be."""
    is_blank = np.ones(len(cells), dtype=bool)
    is_blank[list(surplus)] = False
    for position in cells:
        suspects = np.flatnonzero(is_blank)
        is_blank[suspects] = blank_cells(cells[position].to_numpy()[suspects])
    return is_blank


def _named(
    cells: pd.DataFrame, names: Sequence[str], is_row: np.ndarray, label: str
) -> pd.DataFrame:
    """Give the columns their names; one that is there twice and says the same stays once."""
    columns: dict[str, pd.Series] = {}
    for position, name in enumerate(names):
        column = cells[position]
        shown = name or f"column {position + 1}"
        if shown in columns:
            if not column[is_row].equals(columns[shown][is_row]):
                raise SourceRejected(
                    f"{label} cannot be read: the column {shown!r} occurs twice, with different "
                    "content; leave one out of the export or rename it."
                )
        elif name or not blank_cells(column[is_row]).all():
            columns[shown] = column
    return pd.DataFrame(columns, copy=False)


def _short_lines(lines: Iterable[Sequence[str]], names: Sequence[str]) -> int:
    """Count the lines that end before the last column that has a name."""
    width = max(place for place, name in enumerate(names, start=1) if name)
    return sum(len(line) < width for line in lines)
