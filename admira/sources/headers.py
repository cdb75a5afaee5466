"""Where the header of an export is: found by the names of its columns, never by counting lines."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from admira.errors import SchemaMismatch
from admira.sources.mapping import CsvRule
from admira.sources.names import column_named, folded
from admira.sources.sheets import Sheet, TopLine

_LONGEST_NAME = 60


def header_among(lines: Iterable[TopLine], rule: CsvRule | None) -> TopLine | None:
    """Give the first line that has all of a rule's columns; without a rule, the first line."""
    return next((line for line in lines if not _missing(line, rule)), None)


def header_of(sheet: Sheet, rule: CsvRule | None) -> TopLine:
    """Find the header of a sheet.

    Raises
    ------
    SchemaMismatch
        When no line has the columns; the message shows the line that comes nearest.
    """
    header = header_among(sheet.top, rule)
    if header is not None:
        return header
    nearest = min(sheet.top, key=lambda line: (len(_missing(line, rule)), -len(line.cells)))
    missing = [alternatives[0] for alternatives in _missing(nearest, rule)]
    found = [name[:_LONGEST_NAME] for name in nearest.cells if name]
    raise SchemaMismatch(
        sheet.label, missing=missing, found=found, hint=_hint(missing, found, nearest.number)
    )


def _missing(line: TopLine, rule: CsvRule | None) -> list[tuple[str, ...]]:
    """List the columns of a rule that a line lacks."""
    wanted = rule.header_has if rule else ()
    return [names for names in wanted if column_named(names, line.cells) is None]


def _hint(missing: Sequence[str], found: Sequence[str], number: int) -> str:
    by_folded = {folded(name): name for name in found}
    pairs = (
        (name, by_folded[close])
        for name in missing
        for close in get_close_matches(folded(name), by_folded, n=1)
    )
    asked = "".join(f" Is {close!r} what should be {name!r}?" for name, close in pairs)
    return (
        f"Line {number + 1} comes nearest to a header; add the columns to the export, or name them "
        f"in the preset's csv.header_has.{asked}"
    )
