"""The extracting verbs: a URL, file, glob, frame or list in, a raw frame out."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from admira.config import Settings
from admira.errors import OptionError, SourceRejected
from admira.schemas import Kind
from admira.sources.fan_out import Extracted, extract_all
from admira.sources.http import HttpClient
from admira.sources.source import Place, Preset, Source, sources_in
from admira.sources.window import Window


def extract_ads(
    source: Place | Source | Sequence[Any] | None = None,
    *,
    preset: Preset | None = None,
    params: Mapping[str, Any] | None = None,
    since: str | date | None = None,
    until: str | date | None = None,
    client: HttpClient | None = None,
) -> pd.DataFrame:
    """Pull advertising performance, as received.

    Nothing is judged here: a wrong value stays in its cell for `admira.normalize` to find, and
    a record that is no object at all becomes a row that holds it as its ``campaign_id``.

    Parameters
    ----------
    source : str, path, list of dicts, dict or DataFrame, optional
        A URL, a file (``.json``, ``.jsonl``, ``.ndjson``, ``.csv``, ``.parquet``), a glob of
        files, records, or the API's envelope
        ``{"external": {"ads": {"performance": [...]}}}``.  By default the URL in
        ``ADS_API_URL``, from the environment or ``.env``.
    since, until : date or str, optional
        Days, ``since`` included, ``until`` not.  A URL is asked for them, and rows of other days
        are left out, whatever the source.
    client : HttpClient, optional
        How a URL is asked; by default ``HttpClient()``.

    Returns
    -------
    DataFrame
        One row per record, in the order received (files of a glob by name), under a new index.
        Columns are objects that hold the values as received; those of frames and Parquet keep
        their dtypes.

    Raises
    ------
    SourceUnavailable
        When the API gives no usable answer, after the client's tries.
    SourceRejected
        When the source cannot be read as it is, or none is given or set.
    OptionError
        When ``since`` or ``until`` is not a day, or ``source`` is of no known kind.

    Examples
    --------
    >>> rows = [
    ...     {"date": "2025-08-01", "campaign_id": "C-1001", "clicks": 1200},
    ...     {"date": "2025-08-02", "campaign_id": "C-1001", "clicks": "n/a"},
    ... ]
    >>> extract_ads({"external": {"ads": {"performance": rows}}}, since="2025-08-02")
             date campaign_id clicks
    0  2025-08-02      C-1001    n/a
    """
    return extract(
        "ads",
        source,
        preset=preset,
        params=params,
        since=since,
        until=until,
        client=client,
    ).frame


def extract_crm(
    source: Place | Source | Sequence[Any] | None = None,
    *,
    preset: Preset | None = None,
    params: Mapping[str, Any] | None = None,
    since: str | date | None = None,
    until: str | date | None = None,
    client: HttpClient | None = None,
) -> pd.DataFrame:
    """Pull CRM opportunities, as received.

    Nothing is judged here: a wrong value stays in its cell for `admira.normalize` to find, and
    a record that is no object at all becomes a row that holds it as its ``opportunity_id``.

    Parameters
    ----------
    source : str, path, list of dicts, dict or DataFrame, optional
        A URL, a file (``.json``, ``.jsonl``, ``.ndjson``, ``.csv``, ``.parquet``), a glob of
        files, records, or the API's envelope
        ``{"external": {"crm": {"opportunities": [...]}}}``.  By default the URL in
        ``CRM_API_URL``, from the environment or ``.env``.
    since, until : date or str, optional
        Days in UTC, ``since`` included, ``until`` not.  A URL is asked for them, and records
        that were neither created nor updated on them are left out, whatever the source.
    client : HttpClient, optional
        How a URL is asked; by default ``HttpClient()``.

    Returns
    -------
    DataFrame
        One row per record, in the order received (files of a glob by name), under a new index.
        Columns are objects that hold the values as received; those of frames and Parquet keep
        their dtypes.

    Raises
    ------
    SourceUnavailable
        When the API gives no usable answer, after the client's tries.
    SourceRejected
        When the source cannot be read as it is, or none is given or set.
    OptionError
        When ``since`` or ``until`` is not a day, or ``source`` is of no known kind.

    Examples
    --------
    >>> extract_crm([{"opportunity_id": 120210000000000000001, "stage": "lead"}])
              opportunity_id stage
    0  120210000000000000001  lead
    """
    return extract(
        "crm",
        source,
        preset=preset,
        params=params,
        since=since,
        until=until,
        client=client,
    ).frame


def extract(
    kind: Kind,
    source: Any = None,
    *,
    preset: Preset | None = None,
    params: Mapping[str, Any] | None = None,
    since: str | date | None = None,
    until: str | date | None = None,
    client: HttpClient | None = None,
) -> Extracted:
    """Pull one table, with the account of its pulls that `extract_ads` does not give."""
    given = sources_for(kind, source, preset=preset, params=params)
    window = Window.of(since, until)
    return extract_all({kind: given}, window_of=lambda *_: window, client=client)[kind]


def sources_for(
    kind: Kind,
    given: Any,
    *,
    preset: Preset | None = None,
    params: Mapping[str, Any] | None = None,
) -> list[Source]:
    """Name the sources of a table: those given, or the one that the environment names."""
    sources = sources_in(_configured(kind) if given is None else given)
    if preset is None and not params:
        return sources
    if any(each.preset is not None for each in sources):
        raise OptionError("preset", preset, ["nothing, where a Source says its own"])
    return [
        Source(each.place, preset, params or {}, budget_seconds=each.budget_seconds)
        for each in sources
    ]


def _configured(kind: Kind) -> str:
    """Give the source that the environment names."""
    settings = Settings()
    named = settings.ads_api_url if kind == "ads" else settings.crm_api_url
    if named is None:
        raise SourceRejected(
            f"No source for {kind}: pass source=, or set {kind.upper()}_API_URL in the environment "
            "or in a .env file."
        )
    return named
