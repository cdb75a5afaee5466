"""Which versions of the contract this admira can read, and what a table was under each."""

import re
from functools import cache

from admira.schemas.model import SCHEMA_VERSION, Table

_VERSION = re.compile(r"[0-9]{1,6}\.[0-9]{1,6}")


def remedy_for(version: object) -> str | None:
    """Say what to do about data under another version of the contract; nothing where it is read.

    Within one major version columns are only added, so those of every minor one are read.

    Examples
    --------
    >>> remedy_for("1.7")
    >>> remedy_for("2.0")
    'Install a newer admira.'
    """
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        return "Restore what it was, such as '1.0', from a backup."
    major, known = _parts(version)[0], _parts(SCHEMA_VERSION)[0]
    if major > known:
        return "Install a newer admira."
    return None if major == known else "Install the admira that wrote it, or write a new store."


def is_earlier(version: str) -> bool:
    """Tell whether a version that is read came before this admira's.

    Examples
    --------
    >>> is_earlier("1.0"), is_earlier("1.10")
    (True, False)
    """
    return _parts(version) < _parts(SCHEMA_VERSION)


@cache
def names_under(table: Table, version: str) -> tuple[str, ...]:
    """Name the columns that a table had under a version of the contract.

    Examples
    --------
    >>> from admira.schemas import ADS
    >>> names_under(ADS, "1.0")[-1]
    'currency'
    """
    return tuple(each.name for each in table.columns if _parts(each.since) <= _parts(version))


@cache
def forms_of(table: Table) -> tuple[tuple[str, ...], ...]:
    """List the columns that a table has had under each version that changed them, the latest first.

    Examples
    --------
    >>> from admira.schemas import ADS, CRM
    >>> len(forms_of(ADS)), len(forms_of(CRM))
    (2, 1)
    """
    versions = sorted({column.since for column in table.columns}, key=_parts, reverse=True)
    return tuple(names_under(table, version) for version in versions)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
