"""One source of rows: where it is, in which platform's form, and how to read that form."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pandas as pd

from admira.errors import OptionError
from admira.sources.addresses import is_url, label_of
from admira.sources.request import Request

Place: TypeAlias = (
    str
    | os.PathLike[str]
    | Request
    | Sequence[Mapping[str, Any]]
    | Mapping[str, Any]
    | pd.DataFrame
)
Preset: TypeAlias = str | os.PathLike[str] | Mapping[str, Any]


@dataclass(frozen=True, repr=False)
class Source:
    """A place of rows with the form they are in, for calls that take several.

    Parameters
    ----------
    place : str, path, Request, list of dicts, dict or DataFrame
        A URL, a file, a folder, a glob, a request to an API, or the rows themselves.
    preset : str, path or dict, optional
        A platform's form: a name from :func:`admira.presets`, a file of your own, or a mapping.
        By default the canonical columns, or the one form whose headers a file has.
    params : mapping, optional
        What differs from the preset, by dotted path: ``{"decimal": ","}``.
    budget_seconds : float, optional
        Longest time for all pages of an API.

    Examples
    --------
    >>> Source("exports/*.csv", preset="google_ads_csv", params={"decimal": ","})
    Source('exports/*.csv', preset='google_ads_csv')
    """

    place: Place
    preset: Preset | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    budget_seconds: float | None = None

    @property
    def label(self) -> str:
        """What logs and reports call the place; no credentials, no query."""
        if isinstance(self.place, Request):
            return label_of(self.place.url)
        if isinstance(self.place, str | os.PathLike):
            place = os.fspath(self.place)
            return label_of(place) if is_url(place) else place
        return "frame" if isinstance(self.place, pd.DataFrame) else "records"

    @property
    def is_elsewhere(self) -> bool:
        """Whether the rows are at an address that can be asked again, not in memory."""
        return isinstance(self.place, str | os.PathLike | Request)

    def __repr__(self) -> str:
        """Name the place and the form."""
        form = self.preset.get("name", "own") if isinstance(self.preset, Mapping) else self.preset
        return f"Source({self.label!r}" + (f", preset={form!r})" if form is not None else ")")


def sources_in(given: Any) -> list[Source]:
    """Give the sources that an argument names: one, or a list of them.

    A list of dicts is one source, the records themselves.

    Raises
    ------
    OptionError
        When it is no place at all.
    """
    if isinstance(given, list | tuple) and given and all(map(_is_a_source_itself, given)):
        return [each if isinstance(each, Source) else Source(each) for each in given]
    if isinstance(given, Source):
        return [given]
    if isinstance(given, str | os.PathLike | Request | list | tuple | Mapping | pd.DataFrame):
        return [Source(given)]
    raise OptionError(
        "source",
        type(given).__name__,
        ["a URL", "a path", "a glob", "a list of dicts", "a dict", "a DataFrame", "a Request"],
    )


def _is_a_source_itself(item: Any) -> bool:
    """Tell a source in a list from a record in it."""
    return isinstance(item, str | os.PathLike | Request | pd.DataFrame | Source)
