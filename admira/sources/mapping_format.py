"""Mappings as plain documents (TOML, JSON, dicts), checked and read into presets."""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from admira.errors import SchemaMismatch
from admira.schemas import CLICK_ID_CHANNELS, TABLES, Kind, Table
from admira.sources.mapping import ColumnRule, CsvRule, Preset, UtmRule
from admira.sources.node import Node

T = TypeVar("T")

_TOP_LEVEL = tuple(field.name for field in fields(Preset))
_OPERATIONS = (
    "from", "const", "scale", "add", "strip", "date", "map", "when", "default", "lookup",
)  # fmt: skip
_UTM = tuple(field.name for field in fields(UtmRule))
_CSV = tuple(field.name for field in fields(CsvRule))
_LOOKUP = ("table", "key", "value")

_TAGS = ("utm_campaign", "utm_source", "utm_medium")

# normalize works these out; a mapping has nothing to say about them.
_DERIVED = {"ads": (), "crm": ("date", "closed_date")}

# A date that tells whether a format keeps year, month and day apart.
_SAMPLE = datetime(2024, 12, 31, 0, 0)  # noqa: DTZ001 - only its day matters


def mapping_from(document: Mapping[str, Any], *, where: str) -> Preset:
    """Read a mapping from a plain dict, as TOML or JSON would give it, and check all of it.

    Parameters
    ----------
    document : mapping
        ``name``, ``kind`` and ``columns``, and what else the format of mappings knows.
    where : str
        What to call the mapping in messages: its name or file.

    Returns
    -------
    Preset
        The mapping, ready for `map_rows`.

    Raises
    ------
    OptionError
        When a key is not known, or a value is not what its key takes.
    SchemaMismatch
        When a column that must exist has no rule.  Tags come from ``utm``; a missing ``amount``
        means that no row has one.

    Examples
    --------
    >>> preset = mapping_from({
    ...     "name": "leads", "kind": "crm", "columns": {
    ...         "opportunity_id": {"from": "id"}, "stage": {"const": "lead"},
    ...         "created_at": {"from": ["created", "createdAt"], "date": "auto"},
    ... }}, where="leads")
    >>> preset.columns["created_at"].paths
    ('created', 'createdAt')
    """
    top = Node(where, "", document)
    parts = top.table(_TOP_LEVEL)
    kind: Kind = top.required("kind").one_of(TABLES)
    columns = _columns(top.required("columns"), TABLES[kind], where)
    return Preset(
        name=top.required("name").text(),
        kind=kind,
        columns=columns,
        utm=_given(parts, "utm", lambda utm: _utm_rule(utm, kind), UtmRule()),
        records=_given(parts, "records", Node.text, None),
        empty=_given(parts, "empty", Node.text, None),
        csv=_given(parts, "csv", _csv_rule, None),
        rows=_given(parts, "rows", lambda rows: rows.one_of(("one", "segments")), "one"),
        row_key=_given(parts, "row_key", Node.texts, ()),
        decimal=_given(parts, "decimal", lambda mark: mark.one_of((".", ",")), "."),
        drop_where=_given(parts, "drop_where", _texts_by_path, {}),
        same=_given(parts, "same", Node.texts, ()),
        currency=_given(parts, "currency", lambda place: _currency(place, columns), ()),
        next=_given(parts, "next", Node.plain, None),
        retry=_given(parts, "retry", Node.plain, None),
        ok=_given(parts, "ok", Node.plain, None),
        touch=_given(parts, "touch", lambda touch: touch.one_of(("first", "last", "")), ""),
        link=_given(parts, "link", _link, {}),
        complete=_given(parts, "complete", _claim, _NOT_SAID),
        description=_given(parts, "description", Node.text, ""),
    )


_NOT_SAID = False


def _claim(node: Node) -> bool:
    """Read true or false."""
    if not isinstance(node.value, bool):
        raise node.refused("true", "false")
    return node.value


def _given(parts: Mapping[str, Node], name: str, read: Callable[[Node], T], otherwise: T) -> T:
    """Read a part that is there, else give what counts without it."""
    return read(parts[name]) if name in parts else otherwise


def _columns(node: Node, table: Table, where: str) -> dict[str, ColumnRule]:
    """Read the rules of all columns, those that must exist among them."""
    known = [name for name in table.names if name not in _DERIVED[table.name]]
    rules = {name: _column_rule(rule, table, name) for name, rule in node.table(known).items()}
    missing = [
        column.name
        for column in table.columns
        if column.required and not column.nullable and column.name not in (*_TAGS, *rules)
    ]
    if missing:
        raise SchemaMismatch(
            table.name,
            missing=[f"columns.{name}" for name in missing],
            found=[f"columns.{name}" for name in rules],
            hint=f"Give each of them a rule in the mapping {where}.",
        )
    return rules


def _column_rule(node: Node, table: Table, name: str) -> ColumnRule:
    """Read one column's rule."""
    parts = node.table(_OPERATIONS)
    kind_of_column = table[name].type
    for operation in ("scale", "add"):
        if operation in parts and kind_of_column not in ("count", "number"):
            raise parts[operation].refused("nothing: the column holds no numbers")
    if "date" in parts and kind_of_column not in ("day", "instant"):
        raise parts["date"].refused("nothing: the column holds no dates")
    return ColumnRule(
        paths=_given(parts, "from", Node.texts, ()),
        add=_given(parts, "add", Node.texts, ()),
        strip=_given(parts, "strip", Node.pattern, None),
        lookup=_given(parts, "lookup", _lookup, None),
        when=_given(parts, "when", _conditions, ()),
        map=_given(parts, "map", _pairs, ()),
        scale=_given(parts, "scale", _decimal, None),
        date=_given(parts, "date", _date_rule, None),
        default=_given(parts, "default", Node.scalar, None),
        const=_given(parts, "const", Node.scalar, None),
    )


def _utm_rule(node: Node, kind: Kind) -> UtmRule:
    """Read where the tags are."""
    parts = node.table(_UTM)
    names = (*_TAGS, *(CLICK_ID_CHANNELS if kind == "crm" else ()))
    fields_of_tags = parts["fields"].table(names) if "fields" in parts else {}
    return UtmRule(
        fields={name: paths.texts() for name, paths in fields_of_tags.items()},
        urls=_given(parts, "urls", Node.texts, ()),
        tags=_given(parts, "tags", Node.texts, ()),
        macros=_given(parts, "macros", _texts_by_path, {}),
        default=_given(parts, "default", _default_tags, {}),
    )


def _default_tags(node: Node) -> dict[str, str]:
    return {name: text.text() for name, text in node.table(_TAGS).items()}


def _link(node: Node) -> dict[str, str]:
    return {name: path.text() for name, path in node.table(("deal_id", "lead_id")).items()}


def _texts_by_path(node: Node) -> dict[str, str]:
    return {path: text.scalar_text() for path, text in node.table().items()}


def _csv_rule(node: Node) -> CsvRule:
    """Read how the table is found in a file."""
    parts = node.table(_CSV)
    return CsvRule(
        header_has=_given(parts, "header_has", _names, ()),
        drop_if_any_cell=_given(parts, "drop_if_any_cell", _patterns, ()),
        drop_if_blank=_given(parts, "drop_if_blank", Node.texts, ()),
    )


def _names(node: Node) -> tuple[tuple[str, ...], ...]:
    return tuple(names.texts() for names in node.items())


def _patterns(node: Node) -> tuple[str, ...]:
    return tuple(pattern.pattern() for pattern in node.items())


def _currency(node: Node, columns: Mapping[str, ColumnRule]) -> tuple[str, ...]:
    """Read where the currency is; ``"header"`` means in the brackets of the money's column."""
    if node.value != "header":
        return node.texts()
    rules = [columns[name] for name in ("cost", "amount") if name in columns]
    bracketed = [path for rule in rules for path in (*rule.paths, *rule.add) if "(*)" in path]
    if not bracketed:
        raise node.refused("a path; or a path of cost or amount that ends in ' (*)' beside it")
    return tuple(bracketed)


def _lookup(node: Node) -> dict[str, str]:
    parts = node.table(_LOOKUP)
    return {name: node.required(name).text() for name in parts | dict.fromkeys(_LOOKUP)}


def _conditions(node: Node) -> tuple[tuple[dict[str, str], str], ...]:
    """Read ordered pairs of fields with their texts, and the value for rows that have them."""
    pairs = [pair.pair("a table of fields and texts, and a value") for pair in node.items()]
    return tuple((_texts_by_path(fitting), value.scalar_text()) for fitting, value in pairs)


def _pairs(node: Node) -> tuple[tuple[str, str], ...]:
    """Read ordered pairs of texts, from a table or a list of pairs."""
    if isinstance(node.value, Mapping):
        return tuple((text, value.scalar_text()) for text, value in node.table().items())
    return tuple(
        (text.scalar_text(), value.scalar_text())
        for text, value in (pair.pair("two texts") for pair in node.items())
    )


def _decimal(node: Node) -> str:
    """Read a factor, as text so that it is exact."""
    expected = "a decimal number as text, such as '0.000001'"
    try:
        factor = Decimal(node.text())
    except InvalidOperation:
        raise node.refused(expected) from None
    if not factor.is_finite() or not re.fullmatch(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", node.text()):
        raise node.refused(expected)
    return node.text()


def _date_rule(node: Node) -> str:
    """Read how dates are written: a format must tell year, month and day."""
    rule = node.text()
    if rule in ("auto", "ymd_object"):
        return rule
    try:
        read = datetime.strptime(_SAMPLE.strftime(rule), rule)  # noqa: DTZ007 - a day is never re-zoned
    except (ValueError, re.error):
        read = None
    if read is None or read.date() != _SAMPLE.date():
        raise node.refused("'auto'", "'ymd_object'", "a format such as '%d/%m/%Y'")
    return rule
