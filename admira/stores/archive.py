"""Older partitions to a second root of the same layout: copied, compared, then removed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pandas as pd

from admira.errors import StoreError
from admira.schemas import TABLES, Table
from admira.stores.draft import FileDraft
from admira.stores.files import Files, files_at
from admira.stores.journal import STAGING
from admira.stores.partitions import Layout, Partition
from admira.stores.settings import SETTINGS, Settings, agreed_settings
from admira.stores.view import Place, View

Due = dict[Table, dict[Partition, Place]]


def due(view: View, hot: Files, first: date) -> Due:
    """Give the partitions of earlier days that are still in the store itself."""
    day = first.isoformat()
    return {
        table: {
            partition: place
            for partition, place in view.places(table).items()
            if partition[0] < day and place.files is hot
        }
        for table in TABLES.values()
    }


def listed(found: Mapping[Table, Mapping[Partition, Place]]) -> pd.DataFrame:
    """List partitions as a frame: ``kind``, ``date``, ``channel`` (of ads) and ``path``."""
    rows = [
        {"kind": table.name, **dict(zip(table.partitions, partition, strict=True)), "path": p.name}
        for table, places in found.items()
        for partition, p in places.items()
    ]
    frame = pd.DataFrame(rows, columns=["kind", "date", "channel", "path"]).astype("str")
    return frame.assign(date=frame["date"].astype("datetime64[us]"))


def archive(draft: FileDraft, found: Due, url: str) -> None:
    """Copy partitions to the archive, see that they arrived, and let the commit remove them here.

    Cut short, it leaves copies in both places, of which the store's own counts.
    """
    there = files_at(url)
    for table, places in found.items():
        layout = Layout(table)
        for number, (partition, place) in enumerate(places.items()):
            content, path = place.read(), layout.path(partition)
            if layout.decoded(content, table.key, place.name).num_rows:
                _copy(there, f"{STAGING}/archive/{table.name}-{number}", path, content)
            else:  # an emptied partition has nothing to keep, here or there
                there.remove(path)
            draft.remove(path)
        there.settle([layout.path(partition) for partition in places], contents=True)


def make_archive(url: str, settings: Settings) -> None:
    """Make the archive a store of its own right, or see that it is one of the same kind."""
    there = files_at(url)
    recorded = agreed_settings(there, settings.tz)
    if there.fingerprint(SETTINGS) is None:
        draft = f"{STAGING}/archive/settings"
        there.write(draft, replace(recorded, archive=None).encoded())
        there.move(draft, SETTINGS)


def _copy(there: Files, draft: str, path: str, content: bytes) -> None:
    """Copy one file and see that it arrived."""
    there.write(draft, content)
    there.settle([draft], contents=True)
    if there.read(draft) != content:
        raise StoreError(
            f"{there.name(path)} does not read as it was written; nothing was removed. Check the "
            "archive's disk, then run again."
        )
    there.move(draft, path)
