"""What a store holds, in a few words: rows and days of each table, and its last run."""

from functools import partial
from typing import Any, NamedTuple, Protocol

import pandas as pd
import pyarrow
import pyarrow.compute as pc

from admira.errors import StoreError
from admira.schemas import TABLES
from admira.stores.base import Backend
from admira.stores.reading import Reader
from admira.stores.selection import Selection, select


class Contents(NamedTuple):
    """How much of one table there is; the days are missing where there are no rows."""

    table: str
    rows: int
    days: tuple[Any, Any] | None

    def __str__(self) -> str:
        """Write it for people who read logs."""
        told = f" from {self.days[0]} to {self.days[1]}" if self.days else ""
        return f"{self.table} {self.rows:,} rows{told}"


class Described(Protocol):
    """What is asked of a store."""

    backend: Backend

    def runs(self) -> pd.DataFrame:
        """Give its history."""


def contents_of(backend: Backend) -> list[Contents]:
    """Count each table."""
    found = []
    for table in TABLES.values():
        asked = select(table, columns=["date"])
        days = backend.reading(partial(_scanned, asked=asked))["date"]
        span = pc.min_max(days).as_py()
        found.append(
            Contents(table.name, len(days), (span["min"], span["max"]) if len(days) else None)
        )
    return found


def contents_text(backend: Backend) -> str:
    """Describe a store on one line; one that cannot be read says so."""
    try:
        return "; ".join(map(str, contents_of(backend)))
    except StoreError as error:
        return f"cannot be read: {error}"


def contents_html(store: Described) -> str:
    """Describe a store in a notebook: its tables, its last run, and what to call next."""
    from admira.present.boxes import ALARMING, Box, listing
    from admira.present.formats import NOT_AVAILABLE, count_text, period_text
    from admira.present.language import say

    place = str(store.backend)
    try:
        found, last = contents_of(store.backend), _last_run(store.runs())
    except StoreError as error:
        return Box("Store", [place], ALARMING, say("cannot be read"), notes=[str(error)]).html()
    rows = [
        [
            each.table,
            count_text(each.rows),
            period_text(*each.days) if each.days else NOT_AVAILABLE,
        ]
        for each in found
    ]
    table = listing([say("Table"), say("Rows"), say("Days")], rows, right=[1])
    notes = [last] if last else []
    return Box("Store", [place], listings=[table], notes=notes, steps=_steps(found)).html()


def _last_run(runs: pd.DataFrame) -> str:
    """Say when the last ingest was, and what it did."""
    from admira.present.formats import count_text, day_text
    from admira.present.language import say

    ended = runs[runs["status"] != "running"]
    if ended.empty:
        return ""
    started, run = ended["started_at"].iloc[-1], ended["run_id"].iloc[-1]
    when = {"run": run, "day": day_text(started.date()), "time": f"{started:%H:%M}"}
    last = ended[ended["run_id"] == run]
    if last["status"].iloc[-1] == "error":
        why = last["error"].iloc[-1]
        return say("Last run {run}, {day} {time} UTC, failed: {why}", **when, why=why)
    return say(
        "Last run {run}, {day} {time} UTC: {accepted} rows accepted, {rejected} rejected.",
        **when,
        accepted=count_text(last["accepted"].sum()),
        rejected=count_text(last["rejected"].sum()),
    )


def _steps(found: list[Contents]) -> Any:
    """Suggest what to call next."""
    from admira.present.boxes import Steps
    from admira.present.language import say

    if not any(each.rows for each in found):
        calls = [
            ('admira.ingest(store, ads="ads.csv", crm="crm.csv")', say("your own files")),
            ("admira.demo(store)", say("demo data to play with")),
        ]
        return Steps(say("The store is empty; fill it:"), calls, is_open=True)
    calls = [
        ("store.summary()", say("the KPIs at a glance")),
        ('store.metrics(by="channel")', say("the KPIs as a table")),
        ("admira.explore(store)", say("charts to filter and click")),
    ]
    return Steps(say("Next:"), calls, is_open=True)


def _scanned(reader: Reader, asked: Selection) -> pyarrow.Table:
    return reader.scan(asked)
