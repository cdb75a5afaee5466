"""Excel workbooks into rows of text, each cell as it would stand in a good CSV."""

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from typing import Any

from admira.errors import AmbiguousData, MissingExtra
from admira.sources.decode import Undecodable

# From here on, numbers in a workbook stand for several integers: an id may have lost its end.
_EXACT_BELOW = 1 << 53


def sheets_of(content: bytes, label: str) -> Iterator[list[list[str]]]:
    """Give the rows of each sheet in turn, from the first row and column on.

    Raises
    ------
    Undecodable
        When it is no workbook that can be read.
    AmbiguousData
        When a number is too large to be exact.
    MissingExtra
        When the reader is not installed.
    """
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        raise MissingExtra("Reading an Excel workbook", "excel") from None
    try:
        workbook = CalamineWorkbook.from_filelike(BytesIO(content))
        for name in workbook.sheet_names:
            rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
            yield [[_text(cell, f"{label}, sheet {name!r}") for cell in row] for row in rows]
    except CalamineError:
        raise Undecodable("it is no Excel workbook, damaged, or locked by a password") from None


def _text(cell: Any, place: str) -> str:
    """Write a typed cell as text: ISO dates, plain digits, no exponents."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, int | float):
        return _digits(cell, place)
    if isinstance(cell, datetime):
        return (cell.date() if cell.time() == time() else cell).isoformat()
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def _digits(number: float, place: str) -> str:
    if not float(number).is_integer():
        return format(Decimal(repr(number)), "f")
    if abs(number) >= _EXACT_BELOW:
        raise AmbiguousData(
            f"{place} holds {int(number)} as a number, and Excel keeps 15 digits of it: such an id "
            "must be text. Export the file as CSV, or make the column text before it is filled."
        )
    return str(int(number))
