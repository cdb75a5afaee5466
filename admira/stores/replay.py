"""Rejected rows once more: normalised and validated again, and taken in where they now pass."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import pandas as pd

from admira.core.frames import typed
from admira.core.normalize import normalize
from admira.core.validate import validate
from admira.errors import DataError
from admira.schemas import TABLES, Kind
from admira.stores.base import Backend, Upserted
from admira.stores.quarantine import QUARANTINE, REMOVED
from admira.stores.records import CHANGES
from admira.stores.selection import Selection
from admira.stores.transaction import Transaction

Fix = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did: ``tried = accepted + outdated + rejected``.

    Attributes
    ----------
    run_id : str
        The run's name, which the rows taken in now carry in quarantine.
    tried : int
        Rows in quarantine that were tried.
    accepted : int
        Those that now pass.
    outdated : int
        Those that now pass, but whose record the store has got or lost since they were rejected.
    rejected : int
        Those that still do not.
    inserted, updated, unchanged : int
        What the accepted ones did to the store.
    """

    run_id: str
    tried: int = 0
    accepted: int = 0
    outdated: int = 0
    rejected: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0


def replay(
    backend: Backend,
    rows: pd.DataFrame,
    *,
    fix: Fix | None = None,
    run_id: str | None = None,
    now: datetime | None = None,
) -> Replayed:
    """Try rows of the quarantine again, in one commit; what is taken in is not tried again."""
    run = run_id or uuid4().hex[:12]
    is_open = rows["replayed_run"].isna() & (rows["reasons"] != REMOVED)
    tried = rows[is_open].sort_values("first_seen", kind="stable")
    if tried.empty:
        return Replayed(run)
    done = []
    with backend.transaction(run_id=run, now=now) as commit:
        for kind in TABLES:
            waiting = tried[tried["kind"] == kind].reset_index(drop=True)
            if len(waiting):
                done.append(_replay_table(backend, commit, kind, waiting, fix))
    return Replayed(run, **{name: sum(each[name] for each in done) for name in done[0]})


def _replay_table(
    backend: Backend, commit: Transaction, kind: Kind, waiting: pd.DataFrame, fix: Fix | None
) -> dict[str, int]:
    """Try the rows of one table again."""
    raw = _received(waiting, kind)
    if fix is not None:
        raw = fix(raw)
    if len(raw) != len(waiting):
        raise DataError(
            f"fix must give back one row for each of the {len(waiting)} {kind} rows, in order; "
            f"found {len(raw)}."
        )
    rows = normalize(raw, kind=kind, tz=backend.tz)
    passed, failed = validate(rows, kind=kind, raw=pd.DataFrame({"place": range(len(rows))}))
    fine = waiting.drop(index=failed["place"].to_list()).reset_index(drop=True)
    is_outdated = _is_outdated(backend, kind, passed, fine["first_seen"])
    accepted = passed[~is_outdated]
    written = Upserted()
    if len(accepted):
        written = commit.upsert(accepted, kind=kind)
    if len(fine):
        commit.record(QUARANTINE, fine.assign(replayed_run=commit.run_id))
    return {
        "tried": len(waiting),
        "accepted": len(accepted),
        "outdated": int(is_outdated.sum()),
        "rejected": len(failed),
        "inserted": written.inserted,
        "updated": written.updated,
        "unchanged": written.unchanged,
    }


def _received(waiting: pd.DataFrame, kind: Kind) -> pd.DataFrame:
    """Give the rows as they were received; a column that none of them has is missing throughout."""
    raw = pd.DataFrame([json.loads(row) for row in waiting["row"]], dtype=object)
    absent = [name for name in TABLES[kind].required if name not in raw]
    return raw.assign(**dict.fromkeys(absent))


def _is_outdated(
    backend: Backend, kind: Kind, rows: pd.DataFrame, first_seen: pd.Series
) -> pd.Series:
    """Tell of which rows the store has got, changed or lost the record since they were rejected."""
    key = list(TABLES[kind].key)
    asked = Selection(CHANGES[kind], columns=(*key, "changed_at"))
    changes = typed(backend.reading(lambda reader: reader.scan(asked)), CHANGES[kind])
    latest = changes.groupby(key, as_index=False)["changed_at"].max()
    met = rows[key].merge(latest, "left", key, validate="m:1")
    return (met["changed_at"] > first_seen).set_axis(rows.index)
