"""What differs between two versions of the contract, and whether it breaks anybody."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from admira.errors import OptionError
from admira.schemas.contracts import contract

Contract = str | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ContractChange:
    """One difference between two contracts.

    Attributes
    ----------
    table, column : str
        Where; the column is ``""`` for what concerns the whole table.
    what : str
        Which claim: ``"type"``, ``"unit"``, ``"key"``, ``"required"``, … or ``"table"`` and
        ``"column"`` for those that came or went.
    before, after : object
        What each contract says; ``None`` where it says nothing.
    is_breaking : bool
        Whether somebody who reads or writes by the earlier contract may be in trouble.
    """

    table: str
    column: str
    what: str
    before: Any
    after: Any
    is_breaking: bool

    def __str__(self) -> str:
        """Say the change in a line."""
        place = ".".join(filter(None, (self.table, self.column)))
        verdict = "breaking" if self.is_breaking else "compatible"
        return f"{verdict}: {self.what} of {place}: {self.before!r} -> {self.after!r}"


def contract_diff(before: Contract, after: Contract | None = None) -> list[ContractChange]:
    """Compare two contracts, table by table and column by column.

    Breaking is what a reader could trip over (a column that goes, that means or holds something
    else, that may now be missing) and what a writer could (a column that must now be there, values
    that are no longer taken).  New tables, new optional columns, better words and looser bounds
    break nobody.

    Parameters
    ----------
    before, after : str or mapping
        What :func:`contract` gave, as text or decoded; the contract of this admira by default.

    Returns
    -------
    list of ContractChange
        In the order of the tables and columns; empty where nothing differs.

    Raises
    ------
    OptionError
        When one of them is no contract in JSON.

    Examples
    --------
    >>> import admira, json
    >>> changed = json.loads(admira.contract())
    >>> changed["tables"]["ads"]["columns"]["cost"]["unit"] = "cents"
    >>> for change in admira.contract_diff(admira.contract(), changed):
    ...     print(change)
    breaking: unit of ads.cost: 'account currency' -> 'cents'
    """
    old, new = _tables("before", before), _tables("after", contract() if after is None else after)
    changes = []
    for name in {**old, **new}:
        if name in old and name in new:
            changes += _between(name, old[name], new[name])
        else:
            is_gone = name not in new
            was, now = (tables.get(name, {}).get("grain") for tables in (old, new))
            changes.append(ContractChange(name, "", "table", was, now, is_breaking=is_gone))
    return changes


def _tables(option: str, given: Contract) -> dict[str, Any]:
    """Give the tables of a contract."""
    try:
        document = json.loads(given) if isinstance(given, str) else given
        tables: dict[str, Any] = dict(document["tables"])
        for table in tables.values():
            dict(table["columns"])
    except (ValueError, TypeError, KeyError):
        raise OptionError(option, "something else", ["a contract in JSON"]) from None
    return tables


def _between(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[ContractChange]:
    """Compare the two forms of one table."""
    changes = [
        ContractChange(name, "", what, old.get(what), new.get(what), is_breaking=True)
        for what in ("grain", "key", "partitions")
        if old.get(what) != new.get(what)
    ]
    for column in {**old["columns"], **new["columns"]}:
        before, after = (_claims(table, column) for table in (old, new))
        if before is None or after is None:
            is_breaking = after is None or after["required"]
            was, now = (claims and claims["type"] for claims in (before, after))
            changes.append(ContractChange(name, column, "column", was, now, bool(is_breaking)))
            continue
        changes += [
            ContractChange(name, column, what, old_value, new_value, breaks)
            for what in {**before, **after}
            if (old_value := before.get(what)) != (new_value := after.get(what))
            for breaks in [_breaks(what, old_value, new_value)]
        ]
    return changes


def _claims(table: Mapping[str, Any], column: str) -> dict[str, Any] | None:
    """Give all that a contract says of a column; nothing where there is none."""
    if column not in table["columns"]:
        return None
    return {**table["columns"][column], "required": column in table.get("required", ())}


def _breaks(what: str, before: Any, after: Any) -> bool:
    """Judge a claim that changed."""
    if what == "meaning":
        return False
    if what == "required":
        return bool(after)
    if what == "at_least":
        return after is not None and (before is None or after > before)
    if what == "one_of":
        return after is not None and (before is None or not set(before) <= set(after))
    if what == "not_blank":
        return bool(after)
    return True
