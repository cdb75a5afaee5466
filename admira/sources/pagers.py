"""What to ask for after a page: the five ways in which APIs lead from one page to the next."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import urljoin

from requests.utils import parse_header_links

from admira.errors import OptionError
from admira.sources.documents import value_at
from admira.sources.failures import FailedTry
from admira.sources.request import Answer, Request

_FORMS = (
    "{url = path}",
    "{link = 'next'}",
    "{param = name, from = path}",
    "{page = name, total = path, start = 1}",
    "{offset = name, limit = size, total = path}",
)


@dataclass(frozen=True)
class Page:
    """A page that was read, and what came before it.

    ``records`` is ``None`` where it is not known which part of the document they are.
    ``is_repeated`` says that they are those of the page before.
    """

    number: int
    request: Request
    answer: Answer
    document: Any
    records: list[Any] | None
    records_so_far: int
    is_repeated: bool


class Pager(Protocol):
    """A way from one page to the next."""

    def first(self, request: Request) -> Request:
        """Give the request for the first page."""

    def after(self, page: Page) -> Request | None:
        """Give the request for the page after this one, ``None`` after the last.

        Raises
        ------
        FailedTry
            When the page does not say what it must for that.
        """


def pager_of(rule: Mapping[str, Any] | None) -> Pager:
    """Read the ``next`` of a preset; ``None`` means that there is one page.

    Raises
    ------
    OptionError
        When the rule has none of the five forms.

    Examples
    --------
    >>> pager_of({"param": "after", "from": "paging.next.after"})
    CursorPages(name='after', path='paging.next.after')
    """
    if rule is None:
        return OnePage()
    match rule:
        case {"url": str() as path, **rest} if not rest:
            return LinkedPages(path)
        case {"link": str() as relation, **rest} if not rest:
            return HeaderLinkedPages(relation)
        case {"param": str() as name, "from": str() as path, **rest} if not rest:
            return CursorPages(name, path)
        case {"page": str() as name, **rest} if set(rest) <= {"total", "start"}:
            return NumberedPages(name, **rest)
        case {"offset": str() as name, **rest} if set(rest) <= {"total", "limit"}:
            return OffsetPages(name, **rest)
    raise OptionError("next", rule, _FORMS)


@dataclass(frozen=True)
class OnePage:
    """No way on: there is one page."""

    def first(self, request: Request) -> Request:
        """Ask as told."""
        return request

    def after(self, page: Page) -> Request | None:  # noqa: ARG002 - what pagers share
        """Stop."""
        return None


@dataclass(frozen=True)
class LinkedPages(OnePage):
    """The body holds the next address, whole or as seen from the page; without it that was all.

    An empty page is no end: Meta leaves rows out after it has cut the pages.
    """

    path: str

    def after(self, page: Page) -> Request | None:
        """Follow the link, which says all that the query has to say."""
        return _linked(page, value_at(page.document, self.path), self.path)


@dataclass(frozen=True)
class HeaderLinkedPages(OnePage):
    """The header ``Link`` holds the next address, under ``rel=next``."""

    relation: str

    def after(self, page: Page) -> Request | None:
        """Follow the link, which says all that the query has to say."""
        links = parse_header_links(page.answer.headers.get("Link", ""))
        targets = (link["url"] for link in links if self.relation in link.get("rel", "").split())
        return _linked(page, next(targets, None), "the Link header")


@dataclass(frozen=True)
class CursorPages(OnePage):
    """The body holds a cursor that goes into a parameter; without it that was all.

    An empty page is the end, whatever cursor it holds: some APIs send one with the last page.
    """

    name: str
    path: str

    def after(self, page: Page) -> Request | None:
        """Send the cursor along."""
        cursor = value_at(page.document, self.path)
        if not cursor or page.records == []:
            return None
        if isinstance(cursor, bool) or not isinstance(cursor, str | int):
            raise _broken(f"{self.path} of page {page.number} is no cursor")
        return page.request.with_param(self.name, cursor)


@dataclass(frozen=True)
class NumberedPages:
    """Pages have numbers; the body says how many there are, else an empty one is the end."""

    name: str
    total: str | None = None
    start: int = 1

    def first(self, request: Request) -> Request:
        """Ask for the first number."""
        return request.with_param(self.name, self.start)

    def after(self, page: Page) -> Request | None:
        """Ask for the next number."""
        _require_news(page, self.name)
        if self.total is None:
            is_last = not _known_records(page)
        else:
            is_last = page.number >= _count_at(page, self.total)
        return None if is_last else page.request.with_param(self.name, self.start + page.number)


@dataclass(frozen=True)
class OffsetPages:
    """Pages begin at a record; the body says how many there are, else an empty page is the end.

    The offset grows by what came, and a short page is no end: a server may give fewer records
    than it was asked for.
    """

    name: str
    total: str | None = None
    limit: int | None = None

    def first(self, request: Request) -> Request:
        """Ask from the first record on, ``limit`` of them unless the request says how many."""
        if self.limit is not None and not request.has_param("limit"):
            request = request.with_param("limit", self.limit)
        return request.with_param(self.name, 0)

    def after(self, page: Page) -> Request | None:
        """Ask from the record on that comes after those that came."""
        _require_news(page, self.name)
        records = _known_records(page)
        total = None if self.total is None else _count_at(page, self.total)
        if total is not None and page.records_so_far >= total:
            return None
        if records:
            return page.request.with_param(self.name, page.records_so_far)
        if total is None:
            return None
        raise FailedTry(
            f"its pages end after {page.records_so_far} records, although {self.total} says {total}"
        )


def _linked(page: Page, link: Any, place: str) -> Request | None:
    if not link:
        return None
    if isinstance(link, str):
        with suppress(ValueError):
            return replace(page.request, url=urljoin(page.answer.url, link), params={})
    raise _broken(f"{place} of page {page.number} is no address")


def _count_at(page: Page, path: str) -> int:
    """Read a number of pages or records."""
    count = value_at(page.document, path)
    if isinstance(count, bool) or not re.fullmatch(r"[0-9]{1,15}", str(count)):
        raise _broken(f"{path} of page {page.number} is no count")
    return int(count)


def _known_records(page: Page) -> list[Any]:
    """Give the records of a page whose emptiness matters."""
    if page.records is None:
        raise _broken("nothing says which part of a page the records are")
    return page.records


def _require_news(page: Page, name: str) -> None:
    if page.is_repeated:
        raise _broken(f"page {page.number} holds what the page before held, whatever {name} says")


def _broken(cause: str) -> FailedTry:
    return FailedTry(cause, again=False, advice="check how the preset says to page")
