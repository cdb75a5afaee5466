"""A pull over all of its pages: complete, or an error that says how far it came."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from admira.errors import SourceError
from admira.sources.addresses import host_of
from admira.sources.decode import decode, format_of_answer
from admira.sources.documents import items_at
from admira.sources.exchange import Exchange
from admira.sources.failures import FailedTry, last_error
from admira.sources.http import HttpClient, require_count
from admira.sources.pagers import Page, Pager, pager_of
from admira.sources.request import Answer, Request
from admira.sources.verdicts import AnswerRules


@dataclass(frozen=True)
class Pages:
    """What a whole pull gave; it does not show the documents, which may hold secrets.

    Attributes
    ----------
    documents : list
        The decoded document of each page, in order.
    pages_done : int
        How many pages there are.
    """

    documents: list[Any] = field(repr=False)
    pages_done: int


def fetch_pages(
    client: HttpClient,
    request: Request,
    *,
    next_rule: Mapping[str, Any] | None = None,
    ok: Mapping[str, Any] | None = None,
    retry: Mapping[str, Any] | None = None,
    records_path: str | None = None,
    name: str = "API",
    max_pages: int = 10_000,
    budget_seconds: float | None = None,
) -> Pages:
    """Ask for a page, and for the next one, until there is none.

    A pull is complete or it fails: no page is left out.  Nothing is asked of another host than
    the first.  The client's deadline holds for each page, the budget for all of them.

    Parameters
    ----------
    client : HttpClient
        How a page is asked for.
    request : Request
        The first page's request.
    next_rule : mapping, optional
        A preset's ``next``; by default there is one page.
    ok, retry : mapping, optional
        A preset's ``ok`` and ``retry``: see `AnswerRules`.
    records_path : str, optional
        Where the records are in a page; by default the page is a list of them.
    name : str, default "API"
        What errors and logs call the other side.
    max_pages : int, default 10000
        A pull with more pages fails.
    budget_seconds : float, optional
        Longest time from the first request to the start of the last page.

    Returns
    -------
    Pages
        The documents of all pages, in order.

    Raises
    ------
    SourceUnavailable
        When a page cannot be had after the client's tries, or the budget is spent.
    SourceRejected
        When the API refuses a page, leads in a circle or to another host, or has too many pages.
    OptionError
        When a rule has a form that is not known.

    Examples
    --------
    >>> fetch_pages(HttpClient(), Request("ftp://example.com/ads"), name="ADS API")
    Traceback (most recent call last):
    admira.errors.SourceRejected: ADS API cannot be read: the address is not a valid http or https
    URL (example.com); check the address.
    """
    require_count("max_pages", max_pages)
    pager, rules = pager_of(next_rule), AnswerRules.of(ok, retry)
    documents: list[Any] = []
    error: SourceError
    try:
        with client.exchange(
            name=name, rules=rules, stays=True, budget_seconds=budget_seconds
        ) as exchange:
            for document in _documents(
                exchange, request, pager, rules, records_path=records_path, max_pages=max_pages
            ):
                documents.append(document)  # noqa: PERF402 - what came before an error counts
    except FailedTry as failure:
        error = last_error(name, host_of(request.url), failure)
    except SourceError as failure:
        error = failure
    else:
        return Pages(documents, len(documents))
    raise type(error)(f"{error}{_progress(len(documents))}")


def _documents(
    exchange: Exchange,
    request: Request,
    pager: Pager,
    rules: AnswerRules,
    *,
    records_path: str | None,
    max_pages: int,
) -> Iterator[Any]:
    """Read page after page; no request is made twice."""
    made: set[str] = set()
    records: list[Any] | None = None
    records_so_far = 0
    asked = pager.first(request)
    for number in range(1, max_pages + 1):
        _require_new(asked, made, number)
        document, answer = exchange.ask(asked, partial(_read, rules))
        yield document
        before, records = records, _records_in(document, records_path)
        records_so_far += len(records or ())
        is_repeated = bool(records) and records == before
        page = Page(number, asked, answer, document, records, records_so_far, is_repeated)
        following = pager.after(page)
        if following is None:
            return
        asked = following
    advice = "ask for fewer days, or allow more by max_pages"
    raise FailedTry(f"it has more than {max_pages} pages", again=False, advice=advice)


def _require_new(request: Request, made: set[str], number: int) -> None:
    """Remember a request, and raise when it was made before."""
    said = json.dumps([request.url, request.params, request.json], sort_keys=True, default=str)
    if said in made:
        raise FailedTry(
            f"page {number - 1} leads back to a page that was read before",
            again=False,
            advice="check how the preset says to page",
        )
    made.add(said)


def _read(rules: AnswerRules, answer: Answer) -> tuple[Any, Answer]:
    """Decode a page, and raise when a good status hides an error."""
    form = format_of_answer(urlsplit(answer.url).path, answer.content_type)
    document = decode(answer.body, form)
    failure = rules.failure(HTTPStatus.OK, answer.headers, document)
    if failure is not None:
        raise failure
    return document, answer._replace(body=b"")


def _records_in(document: Any, path: str | None) -> list[Any] | None:
    """Find the records of a page, ``None`` when there is no telling where they are."""
    if path is None:
        return document if isinstance(document, list) else None
    return items_at(document, path)


def _progress(pages_done: int) -> str:
    if not pages_done:
        return ""
    pages = "1 page was" if pages_done == 1 else f"{pages_done} pages were"
    return f" {pages} read before that; an unfinished pull is not kept."
