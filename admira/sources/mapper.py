"""Rows of a platform's form into raw rows in canonical columns, as a preset says."""

from collections.abc import Sequence
from difflib import get_close_matches
from itertools import compress, pairwise
from typing import Any, NamedTuple

import pandas as pd

from admira.errors import AmbiguousData, SchemaMismatch, listed
from admira.schemas import ID_COLUMNS, TABLES, Kind, Table
from admira.sources.distinct import Cells, compared, first_filled, is_blank
from admira.sources.mapping import ColumnRule, Preset
from admira.sources.names import folded
from admira.sources.paths import Fields, FrameFields, RecordFields
from admira.sources.rules import applied
from admira.sources.utm import TAGS, utm_columns


class Mapped(NamedTuple):
    """Raw rows in canonical columns, and the account of what happened on the way.

    ``dropped`` counts rows that were left out, by reason; ``notes`` counts what should be told:
    ``unresolved_macros``, ``default_tags``, ``unresolved_lookups``.  ``links`` holds
    the ids of the preset's ``link``, row by row.
    """

    frame: pd.DataFrame
    dropped: dict[str, int]
    notes: dict[str, int]
    links: pd.DataFrame


def map_rows(rows: Sequence[Any] | pd.DataFrame, preset: Preset, document: Any = None) -> Mapped:
    """Give the rows of a platform in canonical columns, in order, values as received but plain.

    Nothing is judged: what cannot be read stays as received, so that `admira.normalize` rejects
    it with the value shown.  A record that is no object becomes a row that holds it in the id
    column.  Rows in are rows out plus ``dropped``.

    Parameters
    ----------
    rows : list of decoded JSON records, or DataFrame
        A frame's columns are found by their names as people write them: letter case, no-break
        spaces and outer spaces make no difference, and ``"Amount spent (*)"`` finds
        ``"Amount spent (EUR)"``, whose brackets the preset's ``currency`` may name.
    preset : Preset
        The mapping.
    document : optional
        The document that the records came in, for ``lookup``.

    Returns
    -------
    Mapped
        ``frame`` has object columns under a new index: those of the mapping that the rows have a
        field for, all that must exist, and the tags.

    Raises
    ------
    SchemaMismatch
        When no row has a field for a column that must exist; measures of JSON records may be
        missing, for platforms leave out zeros.
    AmbiguousData
        When there is no column per day, rows are about a range of days, or dates may be day first
        or month first.

    Examples
    --------
    >>> from admira.sources.mapping_format import mapping_from
    >>> preset = mapping_from({
    ...     "name": "shop", "kind": "ads", "columns": {
    ...         "date": {"from": "day"}, "campaign_id": {"from": "campaign.id"},
    ...         "channel": {"const": "shop_ads"}, "clicks": {"from": "clicks", "default": 0},
    ...         "impressions": {"from": "views", "default": 0},
    ...         "cost": {"from": "costMicros", "scale": "0.000001"},
    ...     }, "utm": {"urls": ["link"], "macros": {"{id}": "campaign.id"}},
    ... }, where="shop")
    >>> record = {
    ...     "day": "2025-08-01", "campaign": {"id": 12}, "clicks": 7, "costMicros": "36150000",
    ...     "link": "https://example.com/?utm_source=shop&utm_campaign=sale-{id}",
    ... }
    >>> map_rows([record], preset).frame[["campaign_id", "impressions", "cost", "utm_campaign"]]
      campaign_id impressions   cost utm_campaign
    0          12           0  36.15      sale-12
    """
    table = TABLES[preset.kind]
    fields, dropped = _kept(rows, preset)
    if len(fields) or fields.names():
        _require_columns(fields, preset, table)
    _refuse_ranges(fields, preset)
    notes: dict[str, int] = {}
    cells = {
        name: applied(
            rule, table[name], fields, decimal=preset.decimal, document=document, notes=notes
        )
        for name, rule in preset.columns.items()
        if (table[name].required and name not in TAGS) or _has_place(fields, rule)
    }
    _add_currency(cells, fields, preset)
    tagged = utm_columns(fields, preset.utm, preset.kind, cells)
    notes |= {"unresolved_macros": tagged.unresolved, "default_tags": tagged.defaulted}
    cells |= tagged.columns
    for name in table.required:
        cells.setdefault(name, [None] * len(fields))
    _keep_strangers(cells, fields, preset.kind)
    return Mapped(
        _frame({name: cells[name] for name in table.names if name in cells}, len(fields)),
        dropped,
        {note: count for note, count in notes.items() if count},
        _frame({name: fields.cells(path) for name, path in preset.link.items()}, len(fields)),
    )


def has_identity(rows: Sequence[Any] | pd.DataFrame, preset: Preset) -> bool:
    """Tell whether all the fields of ``row_key`` are there, so that raw rows can be told apart."""
    fields = _fields_of(rows)
    return bool(preset.row_key) and all(map(fields.has, preset.row_key))


def _kept(rows: Sequence[Any] | pd.DataFrame, preset: Preset) -> tuple[Fields, dict[str, int]]:
    """Give the rows that the preset does not leave out, and how many it does, by reason."""
    dropped: dict[str, int] = {}
    for path, value in preset.drop_where.items():
        is_kept = [text != compared(value) for text in map(compared, _fields_of(rows).cells(path))]
        if not all(is_kept):
            dropped[f"{path} = {value}"] = is_kept.count(False)
            rows = (
                rows[is_kept] if isinstance(rows, pd.DataFrame) else list(compress(rows, is_kept))
            )
    return _fields_of(rows), dropped


def _fields_of(rows: Sequence[Any] | pd.DataFrame) -> Fields:
    return FrameFields(rows) if isinstance(rows, pd.DataFrame) else RecordFields(rows)


def _has_place(fields: Fields, rule: ColumnRule) -> bool:
    """Tell whether the rows have a field from which the rule can make its column."""
    if rule.const is not None:
        return True
    if rule.add:
        return all(map(fields.has, rule.add))
    conditions = [path for fitting, _ in rule.when for path in fitting]
    return any(map(fields.has, [*rule.paths, *conditions]))


def _require_columns(fields: Fields, preset: Preset, table: Table) -> None:
    """Raise unless the rows have a field for every column that must exist."""
    may_leave_out_zeros = isinstance(fields, RecordFields)
    for name, rule in preset.columns.items():
        is_measure = table[name].type in ("count", "number")
        is_needed = table[name].required and name not in TAGS
        if is_needed and not (is_measure and may_leave_out_zeros) and not _has_place(fields, rule):
            raise _missing(name, rule, fields, preset)


def _missing(
    name: str, rule: ColumnRule, fields: Fields, preset: Preset
) -> AmbiguousData | SchemaMismatch:
    """Say which fields a column could come from, what was found, and what comes nearest."""
    conditions = [path for fitting, _ in rule.when for path in fitting]
    absent = [path for path in (*rule.paths, *rule.add, *conditions) if not fields.has(path)]
    found = fields.names()
    if (preset.kind, name) == ("ads", "date"):
        return AmbiguousData(
            f"The rows do not say which day they are about: {preset.name} expects "
            f"{_named(absent, ' or ')}; found {_named(found)}. Export the report broken down by "
            "day, or name the column with params={'columns.date.from': ...}."
        )
    nearest = _nearest(absent, found)
    operation = "add" if rule.add else "from"
    return SchemaMismatch(
        preset.kind,
        missing=[name],
        found=found,
        hint=f"{preset.name} takes it from {_named(absent, ' and ' if rule.add else ' or ')}. "
        f"{f'Did you mean {nearest!r}? ' if nearest else ''}"
        f"Name another field with params={{'columns.{name}.{operation}': ...}}.",
    )


def _nearest(absent: list[str], found: list[str]) -> str | None:
    """Give the name found that comes nearest to one of those that are absent."""
    spelled = {folded(name): name for name in reversed(found)}
    near = [match for path in absent for match in get_close_matches(folded(path), spelled, n=1)]
    return spelled[near[0]] if near else None


def _refuse_ranges(fields: Fields, preset: Preset) -> None:
    """Raise where a row is about more than one day."""
    for first, last in pairwise(preset.same):
        for start, end in zip(fields.cells(first), fields.cells(last), strict=True):
            if not is_blank(start) and not is_blank(end) and start != end:
                raise AmbiguousData(
                    f"{preset.name} rows are about ranges of days, such as {first} {start} to "
                    f"{last} {end}: there is no per-day column. Ask for, or export, a daily "
                    "breakdown."
                )


def _add_currency(cells: dict[str, Cells], fields: Fields, preset: Preset) -> None:
    """Add the currency, where the rows say it and the mapping has no column for it."""
    if "currency" in cells:
        return
    stated = [_currency(fields, path) for path in preset.currency if fields.has(path)]
    if stated:
        cells["currency"] = first_filled(stated)


def _currency(fields: Fields, path: str) -> Cells:
    """Give the currency that a field holds, or the one in the brackets of a column's name."""
    code = fields.bracketed(path)
    return fields.cells(path) if code is None else [code] * len(fields)


def _keep_strangers(cells: dict[str, Cells], fields: Fields, kind: Kind) -> None:
    """Keep a record that is no object in the id column, where quarantine will show it."""
    if not isinstance(fields, RecordFields):
        return
    id_column = ID_COLUMNS[kind]
    strangers = fields.strangers()
    if strangers:
        cells[id_column] = [strangers.get(row, cell) for row, cell in enumerate(cells[id_column])]


def _frame(columns: dict[str, Cells], size: int) -> pd.DataFrame:
    """Give a frame of exactly these cells: no dtype is guessed."""
    return pd.DataFrame(
        {name: pd.Series(cells, dtype=object) for name, cells in columns.items()},
        index=pd.RangeIndex(size),
        copy=False,
    )


def _named(names: list[str], between: str = ", ") -> str:
    """Join names for a sentence; where there are none, say so."""
    return listed(names, between) or "nothing"
