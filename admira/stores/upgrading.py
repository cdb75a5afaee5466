"""Bringing partitions of an earlier minor version of the contract to that of this admira."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Protocol

import pyarrow

from admira.errors import StoreError
from admira.log import log_event
from admira.schemas import SCHEMA_VERSION, TABLES, Table
from admira.schemas.versions import forms_of, is_earlier
from admira.stores.files import Files
from admira.stores.journal import STAGING
from admira.stores.partitions import Layout, encoded
from admira.stores.settings import SETTINGS, Settings, decoded_settings
from admira.stores.threads import side_by_side
from admira.stores.view import View

_AT_ONCE = 256  # files that are in memory at a time


class Staged(Protocol):
    """What a commit to a store of files is being made of."""

    view: View

    def changes(self, path: str) -> bool:
        """Tell whether the commit replaces or removes a file anyway."""

    def write(self, tables: Mapping[str, pyarrow.Table | bytes]) -> None:
        """Stage files."""

    def settle(self, settings: Settings) -> None:
        """Let the store have these settings."""


def upgrade(staged: Staged, files: Files) -> None:
    """Let a commit bring every partition of a store to this contract, and the store say so.

    Engines read a table's folder as one data set, so its files must all have the same columns.
    Rows stay what they are, which is why the log of changes has nothing to tell.
    """
    settings, count = staged.view.settings, 0
    for table in _grown():
        places = staged.view.places(table)
        paths = [place.path for place in places.values() if place.files is files]
        for rewritten in _rewritten(table, files, (p for p in paths if not staged.changes(p))):
            staged.write(rewritten)
            count += len(rewritten)
    if is_earlier(settings.schema_version):
        log_event(
            "store.upgrade_staged",
            from_version=settings.schema_version,
            to_version=SCHEMA_VERSION,
            files=count,
        )
        staged.settle(replace(settings, schema_version=SCHEMA_VERSION))


def upgrade_archive(there: Files) -> None:
    """Bring an archive to this contract, file by file; cut short, it is simply done again.

    Nothing but the columns of a file changes, so whoever reads meanwhile reads the same rows.
    """
    settings = decoded_settings(there.read(SETTINGS) or b"", there.name(SETTINGS))
    if not is_earlier(settings.schema_version):
        return
    for table in _grown():
        layout = Layout(table, there.name)
        for rewritten in _rewritten(table, there, there.find(layout.folder, layout.enters(None))):
            for number, (path, content) in enumerate(rewritten.items()):
                _replace(there, f"{STAGING}/upgrade/{table.name}-{number}", path, content)
    said = replace(settings, schema_version=SCHEMA_VERSION).encoded()
    _replace(there, f"{STAGING}/upgrade/settings", SETTINGS, said)


def _grown() -> list[Table]:
    """List the tables that have got columns since the first version."""
    return [table for table in TABLES.values() if len(forms_of(table)) > 1]


def _rewritten(table: Table, files: Files, paths: Iterable[str]) -> Iterator[dict[str, bytes]]:
    """Give, some at a time, the files that lack columns, as they are with them."""
    layout = Layout(table, files.name)

    def made(path: str) -> bytes | None:
        content = files.read(path)
        try:
            if content is None or layout.is_complete(content):
                return None
            rows = layout.decoded(content, table.names, files.name(path))
        except (StoreError, pyarrow.ArrowException, OSError, ValueError):
            return None  # a broken file is left to whoever reads it, and to verify, which names it
        return encoded(rows.replace_schema_metadata(layout.schema.metadata))

    waiting = iter(paths)
    while some := list(islice(waiting, _AT_ONCE)):
        found = zip(some, side_by_side(made, some), strict=True)
        yield {path: content for path, content in found if content is not None}


def _replace(files: Files, draft: str, path: str, content: bytes) -> None:
    """Write a file beside the one in place, then over it."""
    files.write(draft, content)
    files.settle([draft], contents=True)
    files.move(draft, path)
    files.settle([path], contents=False)
