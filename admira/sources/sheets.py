"""An export opened once: the lines that may be its header, and the way to the lines below."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from io import StringIO
from itertools import islice

from admira.errors import SourceRejected
from admira.sources.archives import is_workbook
from admira.sources.decode import Undecodable
from admira.sources.encodings import text_of
from admira.sources.workbooks import sheets_of

SEPARATORS = (",", ";", "\t", "|")

# A header stands within so many lines, is of at most so many lines itself, and all that
# within so many characters.
_TOP_LINES, _HEADER_LINES, _TOP_CHARACTERS = 50, 10, 1 << 20

# Excel's own way to say which separator follows.
_TOLD_SEPARATOR = re.compile(r'"?sep=([,;\t|:~^])"?[,;\s]*', re.IGNORECASE)

# The first bytes of Excel's format of before 2007.
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class TopLine:
    """A line that may be the header, read with one separator.

    ``number`` counts the lines above it; ``below`` reads the lines under it.
    """

    number: int
    cells: tuple[str, ...]
    separator: str
    below: Callable[[], Iterator[list[str]]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """An export as opened: its name, and its top lines in order.

    A line is there once for each separator, first the one that gives it the most cells.
    """

    label: str
    top: tuple[TopLine, ...]


def open_sheet(content: bytes, label: str) -> Sheet:
    r"""Open delimited text in any encoding, or a workbook, without judging what it holds.

    Raises
    ------
    SourceRejected
        When it is empty, or cannot be read at all.
    AmbiguousData
        When a workbook holds ids as numbers that are too large to be exact.
    MissingExtra
        When a workbook's reader is not installed.

    Examples
    --------
    >>> sheet = open_sheet(b"Report of August\nDay;Clicks\n2025-08-01;7\n", "ads.csv")
    >>> line = next(line for line in sheet.top if "Day" in line.cells)
    >>> line.number, line.cells, line.separator, list(line.below())
    (1, ('Day', 'Clicks'), ';', [['2025-08-01', '7']])
    """
    try:
        top = _top_of_workbook(content, label) if is_workbook(content) else _top_of_text(content)
        sheet = Sheet(label, tuple(top))
    except Undecodable as error:
        raise SourceRejected(f"{label} cannot be read: {error}.") from None
    if not sheet.top:
        raise SourceRejected(f"{label} cannot be read: it is empty.")
    return sheet


def _top_of_workbook(content: bytes, label: str) -> Iterator[TopLine]:
    for rows in sheets_of(content, label):
        for number, row in enumerate(rows[:_TOP_LINES]):
            if any(map(str.strip, row)):
                cells = tuple(map(str.strip, row))
                yield TopLine(number, cells, "\t", partial(islice, rows, number + 1, None))


def _top_of_text(content: bytes) -> Iterator[TopLine]:
    if content.startswith(_OLD_WORKBOOK):
        raise Undecodable("it is an Excel workbook of an old kind; save it as .xlsx or CSV")
    text = text_of(content)
    lines = list(islice(StringIO(text[:_TOP_CHARACTERS], newline=""), _TOP_LINES + _HEADER_LINES))
    told = _TOLD_SEPARATOR.fullmatch(lines[0]) if lines else None
    separators = (told[1],) if told else SEPARATORS
    start = 0
    for number, line in enumerate(lines[:_TOP_LINES]):
        if not (told and number == 0):
            yield from _readings(text, lines, number, start, separators)
        start += len(line)


def _readings(
    text: str, lines: Sequence[str], number: int, start: int, separators: Sequence[str]
) -> list[TopLine]:
    """Read one line with every separator; most cells first, none where it is blank."""
    readings = []
    for separator in separators:
        try:
            record = lines[number : number + _HEADER_LINES]
            cells = next(csv.reader(record, delimiter=separator, strict=True))
        except csv.Error:
            continue
        if any(map(str.strip, cells)):
            below = partial(_lines_below, text, start, number, separator)
            readings.append(TopLine(number, tuple(map(str.strip, cells)), separator, below))
    return sorted(readings, key=lambda reading: -len(reading.cells))


def _lines_below(text: str, start: int, number: int, separator: str) -> Iterator[list[str]]:
    """Read what follows the header, which starts there."""
    rest = StringIO(text[start:], newline="")
    lines = csv.reader(rest, delimiter=separator, strict=True)
    try:
        yield from islice(lines, 1, None)
    except csv.Error as error:
        line = number + lines.line_num
        raise Undecodable(
            f"it is not separated text: {error}, line {line}; look for a stray quotation mark"
        ) from None
