"""The steps of a column's rule, applied to all rows at once."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from admira.schemas import Column
from admira.sources.dates import read_dates
from admira.sources.decimals import scaled, summed
from admira.sources.distinct import (
    Cells,
    compared,
    filled,
    first_filled,
    is_blank,
    read_texts_once,
)
from admira.sources.documents import items_at
from admira.sources.mapping import ColumnRule
from admira.sources.numbers import plain_numbers
from admira.sources.paths import Fields, steps_of, value_at


def applied(
    rule: ColumnRule,
    column: Column,
    fields: Fields,
    *,
    decimal: str,
    document: Any,
    notes: dict[str, int],
) -> Cells:
    """Give a canonical column as its rule makes it; what a step cannot read passes through it.

    Numbers are cleaned of thousands marks and currencies in columns of numbers, dates rewritten
    in columns of dates, with or without a step that says so.  ``notes`` takes the count of ids
    that a lookup did not find.
    """
    if rule.const is not None:
        return [rule.const] * len(fields)
    if rule.add:
        cells = summed([plain_numbers(fields.cells(path), decimal) for path in rule.add])
    else:
        cells = first_filled([fields.cells(path) for path in rule.paths] or [[None] * len(fields)])
    if rule.strip is not None:
        cells = _stripped(cells, re.compile(rule.strip))
    if rule.lookup is not None:
        cells, unresolved = _looked_up(cells, rule.lookup, document)
        notes["unresolved_lookups"] = notes.get("unresolved_lookups", 0) + unresolved
    if rule.when:
        cells = _chosen(cells, rule.when, fields)
    if rule.map:
        cells = _mapped(cells, rule.map)
    if column.type in ("count", "number"):
        cells = plain_numbers(cells, decimal)
    if rule.scale is not None:
        cells = scaled(cells, Decimal(rule.scale))
    if column.type in ("day", "instant"):
        cells = read_dates(cells, rule.date or "auto", column=column.name)
    return cells if rule.default is None else filled(cells, rule.default)


def _stripped(cells: Cells, pattern: re.Pattern[str]) -> Cells:
    """Cut the pattern's matches out of every text."""
    return read_texts_once(cells, lambda text: pattern.sub("", text))


def _looked_up(cells: Cells, lookup: Mapping[str, str], document: Any) -> tuple[Cells, int]:
    """Give what a table of the document has for every id, and count the ids that it lacks."""
    key, value = steps_of(lookup["key"]), steps_of(lookup["value"])
    known: dict[str, Any] = {}
    for item in items_at(document, lookup["table"]):
        known.setdefault(_id_text(value_at(item, key)), value_at(item, value))
    known.pop("", None)
    ids = list(map(_id_text, cells))
    return list(map(known.get, ids)), sum(bool(text) and text not in known for text in ids)


def _chosen(
    cells: Cells, rules: tuple[tuple[Mapping[str, str], str], ...], fields: Fields
) -> Cells:
    """Give every row the value of the first rule whose fields all have the texts it names."""
    texts = {
        path: list(map(compared, fields.cells(path))) for fitting, _ in rules for path in fitting
    }
    chosen = list(cells)
    is_open = [True] * len(chosen)
    for fitting, value in rules:
        wanted = tuple(compared(text) for text in fitting.values())
        for row, found in enumerate(zip(*(texts[path] for path in fitting), strict=True)):
            if is_open[row] and found == wanted:
                chosen[row], is_open[row] = value, False
    return chosen


def _mapped(cells: Cells, pairs: tuple[tuple[str, str], ...]) -> Cells:
    """Put the mapping's word for every value that it knows; others stay."""
    meaning = {compared(text): value for text, value in reversed(pairs)}
    return [meaning.get(compared(cell), cell) for cell in cells]


def _id_text(cell: Any) -> str:
    """Write an id as text, ``""`` if it is none; letter case counts."""
    if is_blank(cell) or isinstance(cell, bool) or not isinstance(cell, str | int):
        return ""
    return cell.strip() if isinstance(cell, str) else format(Decimal(cell), "f")
