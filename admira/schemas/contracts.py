"""The contract as a document: plain JSON, and YAML by the Open Data Contract Standard."""

import json
from collections.abc import Iterable
from typing import Any, Literal, get_args

from admira.errors import MissingExtra, OptionError
from admira.schemas.metrics import metrics
from admira.schemas.model import SCHEMA_VERSION, Column, Table, Type
from admira.schemas.tables import ADS, CAMPAIGNS, CRM, FACTS

Format = Literal["json", "odcs"]

# What a type is for people, in ODCS and in SQL.
_TYPES: dict[Type, tuple[str, str, str]] = {
    "text": ("text, trimmed", "string", "VARCHAR"),
    "tag": ("text in lower case; missing is the empty text", "string", "VARCHAR"),
    "count": ("a whole number", "integer", "BIGINT"),
    "number": ("a floating-point number", "number", "DOUBLE"),
    "ratio": ("a floating-point number; missing where the denominator is 0", "number", "DOUBLE"),
    "day": ("a day without a time zone", "date", "DATE"),
    "instant": ("an instant in UTC, to the microsecond", "timestamp", "TIMESTAMP"),
}
_CLAIMS = ("at_least", "not_blank", "one_of", "default")


def contract(format: str = "json") -> str:  # noqa: A002 - what people call it
    """Give the contract of all tables as text, ready to be written into a file.

    Parameters
    ----------
    format : {"json", "odcs"}
        Plain JSON, which :func:`contract_diff` compares; or YAML by the Open Data Contract Standard
        3.1, for catalogues and checking tools (extra ``contract``).

    Returns
    -------
    str
        Of ``ads``, ``crm``, ``campaigns``, ``facts`` and ``metrics``: grain, key, partitions,
        required and optional columns; of each column type, unit, meaning, and what its values must
        be.  Ratios of your own are not part of it.  The same text for the same version.

    Raises
    ------
    OptionError
        When there is no such format.
    MissingExtra
        When YAML is asked for and PyYAML is not installed.

    Examples
    --------
    >>> import admira, json
    >>> ads = json.loads(admira.contract())["tables"]["ads"]
    >>> ads["key"], ads["columns"]["cost"]["unit"]
    (['date', 'campaign_id', 'channel'], 'account currency')
    >>> admira.contract("odcs").splitlines()[:2]
    ['apiVersion: v3.1.0', 'kind: DataContract']
    """
    if format not in get_args(Format):
        raise OptionError("format", format, get_args(Format))
    tables = (ADS, CRM, CAMPAIGNS, FACTS, metrics.table(own=False))
    return json_contract(tables) if format == "json" else _as_yaml(_odcs(tables))


def json_contract(tables: Iterable[Table]) -> str:
    """Write the contract of some tables as JSON."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "types": {name: meaning for name, (meaning, _, _) in _TYPES.items()},
        "tables": {table.name: _described(table) for table in tables},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _described(table: Table) -> dict[str, Any]:
    return {
        "grain": table.grain,
        "key": list(table.key),
        "partitions": list(table.partitions),
        "required": table.required,
        "optional": [column.name for column in table.columns if not column.required],
        "columns": {column.name: _claims(column) for column in table.columns},
    }


def _claims(column: Column) -> dict[str, Any]:
    """Give what the contract says of a column; claims that it does not make are left out."""
    more = {name: getattr(column, name) for name in _CLAIMS}
    return {
        "type": column.type,
        "unit": column.unit,
        "meaning": column.meaning,
        "nullable": column.nullable,
        **{
            name: list(value) if isinstance(value, tuple) else value
            for name, value in more.items()
            if value is not None and value is not False
        },
    }


def _odcs(tables: Iterable[Table]) -> dict[str, Any]:
    """Give the contract as the standard wants it."""
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "urn:admira:contract",
        "name": "admira",
        "version": SCHEMA_VERSION,
        "status": "active",
        "description": {
            "purpose": "Ad spend and CRM opportunities, joined on UTM tags so that every "
            "opportunity counts once.",
        },
        "schema": [_odcs_table(table) for table in tables],
    }


def _odcs_table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "physicalType": "table",
        "logicalType": "object",
        "dataGranularityDescription": table.grain,
        "properties": [_odcs_column(column, table) for column in table.columns],
    }


def _odcs_column(column: Column, table: Table) -> dict[str, Any]:
    """Describe a column; the standard's ``required`` is that no value is missing."""
    _, logical, physical = _TYPES[column.type]
    found: dict[str, Any] = {
        "name": column.name,
        "description": column.meaning,
        "logicalType": logical,
        "physicalType": physical,
        "required": not column.nullable,
    }
    if column.at_least is not None:
        found["logicalTypeOptions"] = {"minimum": column.at_least}
    elif column.not_blank and logical == "string":
        found["logicalTypeOptions"] = {"minLength": 1}
    if column.name in table.key:
        found |= {"primaryKey": True, "primaryKeyPosition": table.key.index(column.name) + 1}
    if column.name in table.partitions:
        place = table.partitions.index(column.name) + 1
        found |= {"partitioned": True, "partitionKeyPosition": place}
    said = {
        "type": column.type,
        "unit": column.unit,
        "requiredInBatch": column.required,
        "oneOf": list(column.one_of or ()),
        "default": column.default,
    }
    found["customProperties"] = [
        {"property": name, "value": value}
        for name, value in said.items()
        if value not in ("", [], None)
    ]
    return found


def _as_yaml(document: dict[str, Any]) -> str:
    """Write plain values as YAML, in their order."""
    try:
        import yaml
    except ModuleNotFoundError:
        raise MissingExtra("Writing the contract as YAML", "contract") from None
    written: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return written
