"""Rejected rows as they are kept: one per distinct content, as received, in JSON."""

import json
import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from admira.core.problems import count_problems
from admira.schemas import Column, Kind, Table
from admira.showing import ShownFrame

_NAMED = 3

REMOVED = "opportunity_id: no longer in the source"

QUARANTINE = Table(
    name="quarantine",
    grain="one row per distinct rejected row and reasons",
    key=("kind", "reasons", "row"),
    partitions=("kind",),
    columns=(
        Column("kind", "text", "", "the table that refused the row", one_of=("ads", "crm")),
        Column("source", "text", "", "where the row came from"),
        Column("reasons", "text", "", "why it was refused"),
        Column("row", "text", "JSON", "the row as received, without its missing values"),
        Column("first_run", "text", "", "the run that met it first"),
        Column("first_seen", "instant", "UTC", "when that was"),
        Column("replayed_run", "text", "", "the run that took it in after all", nullable=True),
    ),
)


def described(
    rejected: pd.DataFrame, *, kind: Kind, source: str, run_id: str, now: datetime
) -> pd.DataFrame:
    """Give rejected rows as they are kept in quarantine.

    A row's text does not depend on the rows beside it: fields are sorted, and those that say
    nothing are left out, as a frame cannot tell a null from a field that was not there.
    """
    received = rejected.drop(columns="reasons").to_dict("records")
    return QUARANTINE.complete(
        pd.DataFrame(
            {
                "kind": kind,
                "source": source,
                "reasons": [_encodable(str(reasons)) for reasons in rejected["reasons"]],
                "row": [_json(fields) for fields in received],
                "first_run": run_id,
                "first_seen": pd.Timestamp(now).tz_convert("UTC"),
            },
            index=pd.RangeIndex(len(rejected)),
        )
    )


def unseen(stored: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Give the rows found that are not stored yet, each once."""
    contents = pd.concat([stored, found])[list(QUARANTINE.key)]
    return found[~contents.duplicated().to_numpy()[len(stored) :]]


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Give quarantined rows in the order they were first seen, with a fresh index."""
    return rows.sort_values(["first_seen", *QUARANTINE.key], ignore_index=True)


class Quarantine(ShownFrame):
    """Rows that were rejected or removed, as they were received, each with its reasons."""

    def _line(self) -> str:
        counts = [f"{why} {n:,}" for why, n in count_problems(self["reasons"]).items()]
        more = [f"{len(counts) - _NAMED} more reasons"] if len(counts) > _NAMED else []
        return "; ".join([super()._line(), ", ".join([*counts[:_NAMED], *more])]).rstrip("; ")


def quarantined(rows: pd.DataFrame) -> Quarantine:
    """Put the values that the reasons name beside them, as they were received."""
    found = [_received(*pair) for pair in zip(rows["reasons"], rows["row"], strict=True)]
    shown = rows.reset_index(drop=True)
    shown.insert(list(shown).index("reasons") + 1, "received", pd.Series(found, dtype="str"))
    return Quarantine(shown)


def _received(reasons: str, row: str) -> str:
    """Write the values of the fields that the reasons begin with."""
    fields = json.loads(row)
    named = dict.fromkeys(reason.partition(":")[0] for reason in reasons.split("; "))
    return ", ".join(json.dumps(fields.get(name), ensure_ascii=False) for name in named)


def _json(fields: Mapping[Any, Any]) -> str:
    """Write a row's fields as JSON."""
    said = {str(name): _plain(value) for name, value in fields.items()}
    said = {name: value for name, value in said.items() if value is not None}
    return _encodable(json.dumps(said, sort_keys=True, ensure_ascii=False, allow_nan=False))


def _encodable(text: str) -> str:
    r"""Write lone surrogates, which UTF-8 cannot hold, as JSON writes them: ``\udc80``."""
    return text.encode("utf-8", "backslashreplace").decode()


def _plain(value: Any) -> Any:  # noqa: PLR0911 - one line per type reads best
    """Give the value as one that JSON has: a missing one is null, what JSON lacks is text."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, Iterable):
        return [_plain(inner) for inner in value]
    return str(value)
