"""UTM tags and click ids: from fields, landing URLs and tag strings, macros resolved."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from admira.core.tags import normalize_tag
from admira.schemas import CLICK_ID_CHANNELS, Kind
from admira.sources.distinct import Cells, first_filled, is_blank, read_texts_once, texts_in
from admira.sources.mapping import UtmRule
from admira.sources.paths import LISTS, Fields

TAGS = ("utm_campaign", "utm_source", "utm_medium")

_NAMES = frozenset({*TAGS, *CLICK_ID_CHANNELS})

# Of a link: what parts one parameter from the next; and how HTML and JSON write an ampersand.
_PARTS = re.compile(r"[?&#]")
_ESCAPED_AMPERSAND = re.compile(r"&(?:amp;)+|\\u0026", re.IGNORECASE)


def parse_utm(url: str) -> dict[str, str]:
    """Give the UTM tags and click ids of a link, decoded once and otherwise as written.

    The query and what follows ``#`` are read; of a parameter that occurs twice the first value
    counts; letter case of the names makes no difference, and ``&amp;`` is an ampersand.

    Parameters
    ----------
    url : str
        A link, or only its query.

    Returns
    -------
    dict of str to str
        ``utm_campaign``, ``utm_source``, ``utm_medium`` and click ids such as ``gclid``, those
        that are there and not blank.  Whatever is no link gives an empty dict.

    Examples
    --------
    >>> parse_utm("https://example.com/?UTM_Source=google&amp;utm_campaign=back+to%20school#top")
    {'utm_source': 'google', 'utm_campaign': 'back to school'}
    >>> parse_utm("https://example.com/#/offer?utm_medium=cpc&utm_medium=email&gclid=Cj0K")
    {'utm_medium': 'cpc', 'gclid': 'Cj0K'}
    """
    if not isinstance(url, str) or "=" not in url:
        return {}
    tags: dict[str, str] = {}
    for part in _PARTS.split(_ESCAPED_AMPERSAND.sub("&", url)):
        key, _, encoded = part.partition("=")
        name = _decoded(key).strip().lower()
        if name in _NAMES and name not in tags:
            value = _decoded(encoded)
            if not is_blank(value):
                tags[name] = value
    return tags


# Gives what one place says of a tag in every row, or ``None`` if that is never there.
_Place = Callable[[str], Cells | None]


class Tagged(NamedTuple):
    """The tag columns of a table, and how many rows lost a tag to a macro or took the default."""

    columns: dict[str, Cells]
    unresolved: int
    defaulted: int


def utm_columns(fields: Fields, rule: UtmRule, kind: Kind, mapped: Mapping[str, Cells]) -> Tagged:
    """Give the tags of every row, each from the first place that says something.

    Tags that the mapping's own columns make come first, then fields, links and tag strings, in
    the rule's order.  Macros are resolved from the row before a place is judged; one that cannot
    be resolved says nothing.  The default is for rows in which no place says or meant anything.

    Parameters
    ----------
    fields : Fields
        The rows as received.
    rule : UtmRule
        Where the tags are.
    kind : {"ads", "crm"}
        Click ids are of crm only.
    mapped : mapping of column to cells
        The columns that the mapping has made.

    Returns
    -------
    Tagged
        ``utm_campaign`` always; source and medium where the rows have any place for tags; click
        ids where some row has one.
    """
    size = len(fields)
    macros = _Macros(rule.macros, fields, mapped)
    places = list(_places(fields, rule, mapped))
    columns: dict[str, Cells] = {}
    unresolved: set[int] = set()
    for name in (*TAGS, *(CLICK_ID_CHANNELS if kind == "crm" else ())):
        columns[name], lost = _gathered(name, places, macros, size)
        unresolved |= lost if name in TAGS else set()
    defaulted = _take_defaults(columns, rule.default, macros, unresolved)
    kept = {
        name: cells
        for name, cells in columns.items()
        if name == "utm_campaign"
        or (name in TAGS and (places or rule.default))
        or any(cell is not None for cell in cells)
    }
    return Tagged(kept, len(unresolved), defaulted)


def tags_in(cell: Any) -> dict[str, str]:
    """Give the tags of a link, a query, a list of links, or a list of keys and values."""
    if isinstance(cell, str):
        return parse_utm(cell)
    if not isinstance(cell, LISTS):
        return {}
    pairs: dict[str, str] = {}
    for item in cell:
        if isinstance(item, str) and (found := parse_utm(item)):
            return found
        if isinstance(item, Mapping):
            name, value = str(item.get("key")).strip().lower(), item.get("value")
            if name in _NAMES and isinstance(value, str) and not is_blank(value):
                pairs.setdefault(name, value)
    return pairs


class _Macros:
    """What stands for a macro in each row: a mapped column, else a path of the row."""

    def __init__(
        self, sources: Mapping[str, str], fields: Fields, mapped: Mapping[str, Cells]
    ) -> None:
        self._columns = {
            macro.lower(): mapped[path] if path in mapped else fields.cells(path)
            for macro, path in sources.items()
        }
        longest_first = sorted(self._columns, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def resolved(self, cells: Cells) -> Cells:
        """Give the cells with every macro that the row can resolve filled in."""
        if not self._columns:
            return cells
        templates = {text for text in texts_in(cells) if self._pattern.search(text)}
        if not templates:
            return cells
        return [
            self._fill(cell, row) if isinstance(cell, str) and cell in templates else cell
            for row, cell in enumerate(cells)
        ]

    def _fill(self, template: str, row: int) -> str:
        def value_of(macro: re.Match[str]) -> str:
            value = self._columns[macro[0].lower()][row]
            is_plain = isinstance(value, str | int) and not isinstance(value, bool)
            return macro[0] if is_blank(value) or not is_plain else str(value).strip()

        return self._pattern.sub(value_of, template)


def _places(fields: Fields, rule: UtmRule, mapped: Mapping[str, Cells]) -> Iterator[_Place]:
    """Give the places where tags may be and that the rows have, in order."""
    if not mapped.keys().isdisjoint(_NAMES):
        yield mapped.get
    stated = {
        name: first_filled([fields.cells(path) for path in there])
        for name, paths in rule.fields.items()
        if (there := [path for path in paths if fields.has(path)])
    }
    if stated:
        yield stated.get
    for path in (*rule.urls, *rule.tags):
        if fields.has(path):
            yield _place_in_links(fields.cells(path))


def _decoded(text: str) -> str:
    """Decode a part of a link once; most have nothing to decode."""
    return unquote_plus(text) if "%" in text or "+" in text else text


def _place_in_links(cells: Cells) -> _Place:
    """Give the tags in a column of links or tag strings, each distinct one read once."""
    read = read_texts_once(cells, parse_utm)
    parsed = [tags if isinstance(tags, dict) else tags_in(tags) for tags in read]
    return lambda name: [tags.get(name) for tags in parsed]


def _gathered(
    name: str, places: list[_Place], macros: _Macros, size: int
) -> tuple[Cells, set[int]]:
    """Give one tag of every row, and the rows that have none because of a macro."""
    gathered: Cells | None = None
    lost: set[int] = set()
    for place in places:
        offered = place(name)
        if offered is None:
            continue
        offered = macros.resolved(offered)
        left = {text for text in texts_in(offered) if _is_macro(text)}
        if left:
            lost |= {
                row for row, cell in enumerate(offered) if isinstance(cell, str) and cell in left
            }
        meant = read_texts_once(offered, _meant)
        gathered = meant if gathered is None else first_filled([gathered, meant])
    told = [None] * size if gathered is None else gathered
    return told, {row for row in lost if told[row] is None}


def _take_defaults(
    columns: dict[str, Cells], default: Mapping[str, str], macros: _Macros, unresolved: set[int]
) -> int:
    """Give the rows without any tag the default ones, and count them."""
    if not default:
        return 0
    triples = zip(*(columns[name] for name in TAGS), strict=True)
    untagged = [
        row
        for row, triple in enumerate(triples)
        if triple == (None, None, None) and row not in unresolved
    ]
    for name, text in default.items():
        offered = macros.resolved([text] * len(columns[name]))
        cells = list(columns[name])
        for row in untagged:
            cells[row] = _meant(offered[row])
        columns[name] = cells
    return len(untagged)


def _meant(text: str) -> str | None:
    """Give a tag as written, unless it is a placeholder or a macro that nobody filled in."""
    return text if normalize_tag(text) else None


def _is_macro(text: str) -> bool:
    """Tell a macro from the other texts that say nothing: those have no braces or underscores."""
    return ("{" in text or "_" in text) and not normalize_tag(text)
