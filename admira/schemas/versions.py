"""Which versions of the contract this admira can read."""

import re

from admira.schemas.model import SCHEMA_VERSION

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
    major, known = (int(each.partition(".")[0]) for each in (version, SCHEMA_VERSION))
    if major > known:
        return "Install a newer admira."
    return None if major == known else "Install the admira that wrote it, or write a new store."
