"""Records into raw frames: canonical names, values as received, nothing lost."""

from collections.abc import Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd

from admira.errors import SourceRejected
from admira.schemas import ID_COLUMNS, Kind, table_of

# Where the canonical API keeps its records.
_ENVELOPES: dict[Kind, tuple[str, ...]] = {
    "ads": ("external", "ads", "performance"),
    "crm": ("external", "crm", "opportunities"),
}


def records_in(document: Any, kind: Kind, label: str) -> list[Any]:
    """Find the records in a document: a list, the API's envelope, or one lone record.

    Raises
    ------
    SourceRejected
        When the document is none of these; the message lists the keys that are there.
    """
    if isinstance(document, list | tuple):
        return list(document)
    if isinstance(document, Mapping) and ID_COLUMNS[kind] in document:
        return [document]
    inner = document
    path: list[str] = []
    for step in _ENVELOPES[kind]:
        if not isinstance(inner, Mapping) or step not in inner:
            raise _no_records(kind, label, inner, path)
        path.append(step)
        inner = inner[step]
    if not isinstance(inner, list | tuple):
        raise _no_records(kind, label, inner, path)
    return list(inner)


def frame_of(records: Sequence[Any], kind: Kind) -> pd.DataFrame:
    """Give the records as a frame of objects, one row each and in order, values as received.

    A key that some records lack is ``None`` there; a record that is no object becomes a row
    that holds it in the id column.  No records give no rows under the required columns.
    """
    rows = records
    if not set(map(type, records)) <= {dict}:
        id_column = ID_COLUMNS[kind]
        rows = [row if isinstance(row, Mapping) else {id_column: row} for row in records]
    names = list(dict.fromkeys(chain.from_iterable(rows))) or table_of((), kind).required
    return pd.DataFrame({_shown(name): _cells(rows, name) for name in names}, copy=False)


def stacked(frames: Sequence[pd.DataFrame], kind: Kind) -> pd.DataFrame:
    """Stack raw frames in order, so that no value changes its type on the way.

    Columns that have one dtype everywhere keep it; others become objects, with ``None`` in the
    rows of a frame that lacks the column.
    """
    filled = [frame for frame in frames if len(frame)]
    if len(filled) <= 1:
        return next(iter([*filled, *frames]), frame_of([], kind))
    names = list(dict.fromkeys(chain.from_iterable(filled)))
    return pd.DataFrame({name: _stacked_column(filled, name) for name in names}, copy=False)


def _stacked_column(frames: Sequence[pd.DataFrame], name: Any) -> pd.Series:
    parts = [frame[name] if name in frame else objects([None] * len(frame)) for frame in frames]
    if len({part.dtype for part in parts}) > 1:
        parts = [part.astype(object) for part in parts]
    return pd.concat(parts, ignore_index=True)


def _cells(rows: Sequence[Mapping[str, Any]], name: str) -> pd.Series:
    """Give one key of every row, ``None`` where a row lacks it."""
    try:
        return objects(list(map(itemgetter(name), rows)))
    except KeyError:
        return objects([row.get(name) for row in rows])


def objects(values: list[Any]) -> pd.Series:
    """Give a series of exactly these objects: no dtype is guessed, no list is unpacked."""
    cells = np.fromiter(values, dtype=object, count=len(values))
    return pd.Series(cells, dtype=object, copy=False)


def _shown(name: Any) -> str:
    """Write a key as a column's name, which must be text that can be stored."""
    return str(name).encode("utf-8", "backslashreplace").decode()


def _no_records(kind: Kind, label: str, found: Any, path: Sequence[str]) -> SourceRejected:
    envelope = ".".join(_ENVELOPES[kind])
    where = f" under {'.'.join(path)}" if path else ""
    return SourceRejected(
        f"{label} holds no {kind} rows: expected a list of records, here or under {envelope}; "
        f"found {_described(found)}{where}."
    )


def _described(found: Any, limit: int = 12) -> str:
    if isinstance(found, Mapping):
        keys = [repr(key) for key in found]
        more = f" and {len(keys) - limit} more" if len(keys) > limit else ""
        return (
            f"an object with the keys {', '.join(keys[:limit])}{more}"
            if keys
            else "an empty object"
        )
    if found is None:
        return "null"
    return {bool: "true or false", str: "text", int: "a number", float: "a number"}.get(
        type(found), type(found).__name__
    )
