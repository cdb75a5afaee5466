"""Reading one source: pull by pull, in canonical columns, with an account of every row."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any, Literal
from urllib.parse import urlsplit

import pandas as pd

from admira.errors import OptionError, SourceRejected
from admira.schemas import ID_COLUMNS, Kind
from admira.sources.addresses import is_url
from admira.sources.archives import ROW_SUFFIXES, NamedContent, unpacked
from admira.sources.collector import collector_paused
from admira.sources.decode import (
    Undecodable,
    decode,
    format_of_answer,
    format_of_name,
    require_each_once,
)
from admira.sources.documents import items_at, values_at
from admira.sources.files import contents_of
from admira.sources.http import HttpClient
from admira.sources.mapper import has_identity, map_rows
from admira.sources.mapping import Preset
from admira.sources.paging import fetch_pages
from admira.sources.presets import load_preset, packaged_presets
from admira.sources.recognise import recognise
from admira.sources.records import frame_of, records_in
from admira.sources.request import Answer, Request
from admira.sources.sheets import Sheet, open_sheet
from admira.sources.source import Source
from admira.sources.tabular import read_table
from admira.sources.totals import checked_total
from admira.sources.window import Window

OUTSIDE = "outside the window"
API_NAMES: dict[Kind, str] = {"ads": "ADS API", "crm": "CRM API"}


@dataclass(frozen=True)
class Pull:
    """One pull of a source: an answer, a file, a frame or a list.

    ``frame`` holds its raw rows in canonical columns.  ``fetched`` also counts the ``repeated``
    ones (replays) and the ``dropped`` ones, by reason.  ``rows`` says whether a natural key has
    one row or segments to be summed, ``touch`` of which visit the tags are,
    ``form`` which preset read it.  ``links`` holds, row by row, the ids that tie leads to deals.
    ``is_complete`` is the form's claim that nothing is missing.
    """

    source: str
    fetched: int
    frame: pd.DataFrame
    repeated: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    rows: Literal["one", "segments"] = "one"
    touch: str = ""
    form: str = ""
    links: pd.DataFrame | None = None
    is_complete: bool = False

    def within(self, window: Window, kind: Kind) -> "Pull":
        """Leave out the rows of other days, and count them."""
        names = [] if self.links is None else list(self.links.columns)
        tied = self.frame if self.links is None else self.frame.join(self.links)
        kept = window.rows_within(tied, kind)
        outside = len(tied) - len(kept)
        return replace(
            self,
            frame=kept.drop(columns=names),
            links=None if self.links is None else kept[names],
            dropped=self.dropped | ({OUTSIDE: outside} if outside else {}),
        )


def pulls_of(kind: Kind, source: Source, window: Window, client: HttpClient) -> list[Pull]:
    """Read a source whole, in the form it says or shows."""
    preset = None if source.preset is None else load_preset(source.preset, source.params)
    if preset is not None and preset.kind != kind:
        raise OptionError("preset", preset.name, packaged_names(kind))
    found = (
        _plain_pulls(kind, source, window, client)
        if preset is None
        else _platform_pulls(kind, source, preset, window, client)
    )
    return [pull.within(window, kind) for pull in found]


def packaged_names(kind: Kind) -> list[str]:
    """Name the presets of one table."""
    return [preset.name for preset in packaged_presets() if preset.kind == kind]


def _plain_pulls(kind: Kind, source: Source, window: Window, client: HttpClient) -> Iterator[Pull]:
    """Read rows in canonical columns; a file in another form is recognised by its headers."""
    place = source.place
    if source.params and (not isinstance(place, str | os.PathLike) or is_url(os.fspath(place))):
        raise _idle_params(source.params)
    if isinstance(place, Request) or (isinstance(place, str) and is_url(place)):
        request = _asked(place, window)

        def read(answer: Answer) -> pd.DataFrame:
            form = format_of_answer(urlsplit(request.url).path, answer.content_type)
            return _raw(decode(answer.body, form), kind, source.label)

        with client.exchange(name=API_NAMES[kind]) as exchange:
            yield _canonical(source.label, exchange.ask(request, read))
    elif isinstance(place, str | os.PathLike):
        for content in contents_of(os.fspath(place)):
            yield _file_pull(kind, content, source.params)
    else:
        document = list(place) if isinstance(place, tuple) else place
        name = "The frame" if isinstance(place, pd.DataFrame) else "The source"
        yield _canonical(source.label, _raw(document, kind, name))


def _canonical(label: str, frame: pd.DataFrame) -> Pull:
    return Pull(label, len(frame), frame)


def _idle_params(params: Mapping[str, Any]) -> OptionError:
    """Give the error about parameters of a form where no form is."""
    return OptionError("params", dict(params), ["nothing, unless preset= is given"])


def _file_pull(kind: Kind, content: NamedContent, params: Mapping[str, Any]) -> Pull:
    """Read a file in canonical columns, or in the one platform's form that its headers show."""
    form = format_of_name(content.name)
    if form in ("json", "jsonl", "parquet"):
        if params:
            raise _idle_params(params)
        return _canonical(content.label, _raw(_decoded(content), kind, content.label))
    suffix = PurePath(content.name).suffix
    if suffix.lower() not in ROW_SUFFIXES:
        raise SourceRejected(
            f"{content.label} is of no known kind: expected a name that ends in "
            f"{', '.join(sorted(ROW_SUFFIXES))}; found {suffix or 'no suffix'}."
        )
    sheet = open_sheet(content.content, content.label)
    if form == "csv" and _is_canonical(sheet, kind):
        if params:
            raise _idle_params(params)
        return _canonical(content.label, _raw(_decoded(content), kind, content.label))
    preset = recognise(sheet, [each for each in packaged_presets() if each.kind == kind])
    return _sheet_pull(sheet, load_preset(preset.name, params) if params else preset)


def _is_canonical(sheet: Sheet, kind: Kind) -> bool:
    """Tell whether the first line has the contract's id column, by its very name."""
    return any(ID_COLUMNS[kind] in line.cells for line in sheet.top if line.number == 0)


def _decoded(content: NamedContent) -> Any:
    """Decode a file by its suffix, which is one that is known."""
    try:
        return decode(content.content, format_of_name(content.name) or "csv")
    except Undecodable as error:
        raise SourceRejected(f"{content.label} cannot be read: {error}.") from None


def _platform_pulls(
    kind: Kind, source: Source, preset: Preset, window: Window, client: HttpClient
) -> Iterator[Pull]:
    """Read rows in a platform's form."""
    place = source.place
    if isinstance(place, pd.DataFrame):
        yield _pull(source.label, preset, place)
    elif isinstance(place, Request) or (isinstance(place, str) and is_url(place)):
        yield _api_pull(kind, source, preset, _asked(place, window), client)
    elif isinstance(place, str | os.PathLike):
        for content in contents_of(os.fspath(place)):
            if format_of_name(content.name) in ("json", "jsonl"):
                document = _decoded(content)
                yield _document_pull(content.label, preset, [document])
            else:
                yield _sheet_pull(open_sheet(content.content, content.label), preset)
    else:
        yield _document_pull(source.label, preset, [place])


def _asked(place: str | Request, window: Window) -> Request:
    """Give the request to make: a URL is asked for the window's days, a Request as it says."""
    if isinstance(place, Request):
        return place.filled(window.since, window.until)
    return Request(place, params=window.params())


def _api_pull(
    kind: Kind, source: Source, preset: Preset, request: Request, client: HttpClient
) -> Pull:
    """Read an API page by page, or an export behind a URL."""
    if preset.csv is not None and preset.records is None:
        with client.exchange(name=API_NAMES[kind]) as exchange:
            body = exchange.ask(request, lambda answer: answer.body)
        (export,) = unpacked(NamedContent(source.label, urlsplit(request.url).path, body))
        return _sheet_pull(open_sheet(export.content, export.label), preset)
    pages = fetch_pages(
        client,
        request,
        next_rule=preset.next,
        ok=preset.ok,
        retry=preset.retry,
        records_path=preset.records,
        name=API_NAMES[kind],
        budget_seconds=source.budget_seconds,
    )
    return _document_pull(source.label, preset, pages.documents)


def _document_pull(label: str, preset: Preset, documents: list[Any]) -> Pull:
    """Map the records of decoded documents; all pages are one pull."""
    records = [record for each in documents for record in _records_of(each, preset, label)]
    whole = documents[0] if len(documents) == 1 else documents
    return _pull(label, preset, records, whole)


def _records_of(document: Any, preset: Preset, label: str) -> list[Any]:
    """Find the records of one document: where the preset says, or all of a bare list."""
    path = preset.records
    if path is not None and values_at(document, path):
        return items_at(document, path)
    if preset.empty is not None and values_at(document, preset.empty):
        return []
    if isinstance(document, list):
        return document
    keys = ", ".join(map(repr, document)) if isinstance(document, dict) else type(document).__name__
    raise SourceRejected(
        f"{label} holds no rows of {preset.name}: expected a list"
        f"{f' under {path!r}' if path else ''}; found {keys or 'an empty object'}."
    )


def _sheet_pull(sheet: Sheet, preset: Preset) -> Pull:
    """Map the rows of an export; what is no row is dropped and counted."""
    table = read_table(sheet, preset.csv)
    pull = _pull(sheet.label, preset, table.frame)
    # Blank lines and the preamble are no rows at all; totals and footers are rows left out.
    left_out = {reason: rows for reason, rows in table.dropped.items() if reason != "blank lines"}
    warning = None
    if preset.kind == "ads" and len(table.total_rows):
        warning = checked_total(sheet.label, table.total_rows, pull.frame["cost"], preset)
    return replace(
        pull,
        fetched=pull.fetched + sum(left_out.values()),
        dropped=left_out | pull.dropped,
        warnings=(*pull.warnings, *([warning] if warning else [])),
    )


def _pull(label: str, preset: Preset, rows: list[Any] | pd.DataFrame, document: Any = None) -> Pull:
    """Map rows; among segments that can be told apart, an exact repeat is a replay."""
    warnings: tuple[str, ...] = ()
    original = _without_replays(rows) if preset.rows == "segments" else rows
    repeats = len(rows) - len(original)
    if repeats and not has_identity(rows, preset):
        fields = ", ".join(preset.row_key) or "row_key"
        told = f"{repeats:,} rows repeat others, and nothing tells replays from segments"
        warnings = (f"{label}: {told} of equal figures (no {fields}): they add up.",)
        original = rows
    with collector_paused():
        mapped = map_rows(original, preset, document)
    return Pull(
        label,
        len(rows),
        mapped.frame,
        repeated=len(rows) - len(original),
        dropped=mapped.dropped,
        notes=mapped.notes,
        warnings=warnings,
        rows=preset.rows,
        touch=preset.touch,
        is_complete=preset.complete,
        form=preset.name,
        links=mapped.links if preset.link else None,
    )


def _without_replays(rows: list[Any] | pd.DataFrame) -> list[Any] | pd.DataFrame:
    """Leave out rows that repeat an earlier one in every field, known or not."""
    if isinstance(rows, pd.DataFrame):
        return rows[~rows.astype("str").duplicated()].reset_index(drop=True)
    seen: dict[str, Any] = {}
    for row in rows:
        seen.setdefault(repr(row), row)
    return list(seen.values())


def _raw(document: Any, kind: Kind, label: str) -> pd.DataFrame:
    """Make a raw frame of whatever was decoded or given, in canonical columns."""
    if not isinstance(document, pd.DataFrame):
        return frame_of(records_in(document, kind, label), kind)
    try:
        require_each_once([str(name) for name in document.columns])
    except Undecodable as error:
        raise SourceRejected(f"{label} cannot be read: {error}.") from None
    return document.reset_index(drop=True)
