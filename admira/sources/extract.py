"""The extracting verbs: a URL, file, glob, frame or list in, a raw frame out."""

import os
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import urlsplit

import pandas as pd

from admira.config import Settings
from admira.errors import OptionError, SourceRejected
from admira.log import log_event
from admira.schemas import Kind
from admira.sources.addresses import is_url, label_of
from admira.sources.decode import Undecodable, decode, format_of_answer, require_each_once
from admira.sources.files import files_meant_by, read_file
from admira.sources.http import Answer, HttpClient
from admira.sources.records import frame_of, records_in, stacked
from admira.sources.window import Window

Source: TypeAlias = (
    str | os.PathLike[str] | Sequence[Mapping[str, Any]] | Mapping[str, Any] | pd.DataFrame
)

_API_NAMES: dict[Kind, str] = {"ads": "ADS API", "crm": "CRM API"}


class Pull(NamedTuple):
    """One pull of a source: an answer, a file, a frame or a list.

    ``frame`` holds its raw rows; ``fetched`` also counts those that the window left out.
    """

    source: str
    fetched: int
    frame: pd.DataFrame


class Extracted(NamedTuple):
    """What a source gave, pull by pull; of one natural key, a later pull replaces an earlier."""

    kind: Kind
    source_label: str
    pulls: tuple[Pull, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """The raw rows of all pulls, one pull after the other."""
        return stacked([pull.frame for pull in self.pulls], self.kind)

    @property
    def fetched(self) -> int:
        """How many rows the source gave."""
        return sum(pull.fetched for pull in self.pulls)

    @property
    def out_of_window(self) -> int:
        """How many of them the window left out."""
        return self.fetched - sum(len(pull.frame) for pull in self.pulls)


def extract_ads(
    source: Source | None = None,
    *,
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
    return extract("ads", source, since=since, until=until, client=client).frame


def extract_crm(
    source: Source | None = None,
    *,
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
    return extract("crm", source, since=since, until=until, client=client).frame


def extract(
    kind: Kind,
    source: Source | None = None,
    *,
    since: str | date | None = None,
    until: str | date | None = None,
    client: HttpClient | None = None,
) -> Extracted:
    """Pull one table, with the account of its pulls that `extract_ads` does not give."""
    window = Window.of(since, until)
    given = _configured(kind) if source is None else source
    label, parts = _parts(kind, given, window, client or HttpClient())
    extracted = Extracted(
        kind,
        label,
        tuple(Pull(name, len(frame), window.rows_within(frame, kind)) for name, frame in parts),
    )
    log_event(
        f"{kind}.extracted",
        rows=extracted.fetched - extracted.out_of_window,
        out_of_window=extracted.out_of_window,
        pulls=len(parts),
        source=label,
    )
    return extracted


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


def _parts(
    kind: Kind, source: Source, window: Window, client: HttpClient
) -> tuple[str, list[tuple[str, pd.DataFrame]]]:
    """Give the source's label, and the label and frame of each of its pulls."""
    if isinstance(source, pd.DataFrame):
        return "frame", [("frame", _raw(source, kind, "The frame"))]
    if isinstance(source, list | tuple | Mapping):
        return "records", [("records", _raw(source, kind, "The source"))]
    if not isinstance(source, str | os.PathLike):
        raise OptionError(
            "source",
            type(source).__name__,
            ["a URL", "a path", "a glob", "a list of dicts", "a dict", "a pandas DataFrame"],
        )
    place = os.fspath(source)
    if is_url(place):
        frame = _asked(kind, place, window, client)
        return label_of(place), [(label_of(place), frame)]
    files = files_meant_by(place)
    return place, [(str(file), _raw(read_file(file), kind, str(file))) for file in files]


def _asked(kind: Kind, url: str, window: Window, client: HttpClient) -> pd.DataFrame:
    """Ask a URL for its rows."""

    def read(answer: Answer) -> pd.DataFrame:
        form = format_of_answer(urlsplit(url).path, answer.content_type)
        return _raw(decode(answer.body, form), kind, label_of(url))

    return client.get(url, read, params=window.params(), name=_API_NAMES[kind])


def _raw(document: Any, kind: Kind, label: str) -> pd.DataFrame:
    """Make a raw frame of whatever was decoded or given."""
    if not isinstance(document, pd.DataFrame):
        return frame_of(records_in(document, kind, label), kind)
    try:
        require_each_once([str(name) for name in document.columns])
    except Undecodable as error:
        raise SourceRejected(f"{label} cannot be read: {error}.") from None
    return document.reset_index(drop=True)
