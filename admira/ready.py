"""Stores that are ready in one call: of your own data, or of the demo's."""

import os
import tempfile
from datetime import UTC, datetime
from typing import Any

from admira.pipeline import ingest
from admira.present.progress import ProgressOption
from admira.store import Store, open_store


def load(
    *,
    ads: Any,
    crm: Any,
    tags: Any = None,
    store: Store | str | os.PathLike[str] | None = None,
    **options: Any,
) -> Store:
    """Load your own files, frames or URLs into a store, ready for KPIs: the first thing to do.

    Parameters
    ----------
    ads, crm : source, or list of sources
        As in :func:`ingest`.
    tags : DataFrame, optional
        The team's UTM sheet.
    store : Store, or what :func:`open_store` takes, optional
        Where the rows go; by default a new folder among the system's temporary files.
    **options
        Further options of :func:`ingest`.

    Returns
    -------
    Store
        Its ``report`` says what was read, rejected and why.

    Raises
    ------
    AdmiraError
        As :func:`ingest` does.

    Examples
    --------
    >>> import admira
    >>> example = admira.datasets.worked_example()
    >>> store = admira.load(ads=example.ads, crm=example.crm, store="memory:")
    >>> store.report["ads"].accepted
    4
    """
    place = tempfile.mkdtemp(prefix="admira-") if store is None else store
    target = place if isinstance(place, Store) else open_store(place)
    target.report = ingest(target, ads=ads, crm=crm, tags=tags, **options)
    return target


def demo(
    store: Store | str | os.PathLike[str] = "memory:", *, progress: ProgressOption = None
) -> Store:
    """Give a store of demo data to play with: 120 days, 60 campaigns, 6 channels, with its dirt.

    Parameters
    ----------
    store : Store, or what :func:`open_store` takes
        Where the data goes; by default into memory.
    progress : callable or bool, optional
        As in :func:`ingest`.

    Returns
    -------
    Store

    Examples
    --------
    >>> import admira
    >>> store = admira.demo()
    >>> len(store.metrics(by="channel", scope="paid"))
    6
    """
    from admira.datasets import generate

    target = store if isinstance(store, Store) else open_store(store)
    data = generate()
    made = datetime(2026, 1, 1, tzinfo=UTC)  # the day after its last one, so that it never changes
    target.report = ingest(
        target, ads=data.ads, crm=data.crm, run_id="demo", now=made, progress=progress
    )
    return target
