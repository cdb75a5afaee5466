"""A pull over pages: whole or failed, and never in a circle."""

import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admira.errors import OptionError, SourceRejected, SourceUnavailable
from admira.sources.http import HttpClient, Request
from admira.sources.paging import fetch_pages

from .loopback import QUICK, Loopback, Reply, Serve, reply_json, serving

CURSOR = {"param": "after", "from": "next"}
LINK = {"url": "next"}


def pull(server: Loopback, next_rule: Mapping[str, Any] | None, **options: Any) -> list[Any]:
    """Pull all pages and give their records."""
    options = {"records_path": "rows", "client": QUICK, "name": "ADS API"} | options
    client = options.pop("client")
    pages = fetch_pages(client, Request(f"{server.url}/ads"), next_rule=next_rule, **options)
    assert pages.pages_done == len(pages.documents) == len(server.requests)
    return [row for page in pages.documents for row in page.get("rows", [])]


def rows(*found: int, **beside: Any) -> Reply:
    return reply_json({"rows": found, **beside})


def test_without_a_rule_there_is_one_page(serve: Serve) -> None:
    server = serve(rows(1, next="/more"), rows(2))
    assert pull(server, None) == [1]


@pytest.mark.parametrize("end", [{}, {"next": None}, {"next": ""}, {"next": False}, {"next": {}}])
@pytest.mark.parametrize("rule", [CURSOR, LINK], ids=["cursor", "link"])
def test_a_page_without_a_next_one_is_the_last(
    serve: Serve, rule: Mapping[str, str], end: dict[str, Any]
) -> None:
    assert pull(serve(rows(1, next="two"), rows(2, **end)), rule) == [1, 2]


def test_an_empty_page_with_a_cursor_is_the_last(serve: Serve) -> None:
    assert pull(serve(rows(1, next="two"), rows(next="three"), rows(9)), CURSOR) == [1]


def test_an_empty_page_with_a_link_is_not(serve: Serve) -> None:
    assert pull(serve(rows(1, next="two"), rows(next="three"), rows(2)), LINK) == [1, 2]


@pytest.mark.parametrize("link", ["three?x=1", "/three?x=1", "{server}/three?x=1", "?x=1"])
def test_a_link_is_seen_from_the_page_that_holds_it(serve: Serve, link: str) -> None:
    server = serve()
    server.play(rows(1, next="/two"), rows(2, next=link.format(server=server.url)), rows(3))
    assert pull(server, LINK) == [1, 2, 3]
    path = "/two" if link.startswith("?") else "/three"
    assert (server.requests[2].path, server.requests[2].query) == (path, {"x": "1"})


def test_a_link_may_stand_in_the_header(serve: Serve) -> None:
    first, last = '</ads?page=1>; rel="first"', '</ads?page=2>; rel="last"'
    server = serve(
        Reply((b"[1]",), headers={"Link": f'{first}, </ads?page=2>; rel="next last"'}),
        Reply((b"[2]",), headers={"Link": f"{first}, {last}"}),
    )
    pages = fetch_pages(QUICK, Request(server.url), next_rule={"link": "next"})
    assert pages.documents == [[1], [2]]
    assert server.requests[1].query == {"page": "2"}


@pytest.mark.parametrize("start", [0, 1])
def test_numbered_pages_end_at_their_total(serve: Serve, start: int) -> None:
    server = serve(rows(1, pages=2), rows(2, pages="2"), rows(9, pages=2))
    assert pull(server, {"page": "p", "total": "pages", "start": start}) == [1, 2]
    assert [asked.query["p"] for asked in server.requests] == [str(start), str(start + 1)]


def test_numbered_pages_without_a_total_end_with_an_empty_one(serve: Serve) -> None:
    assert pull(serve(rows(1), rows(2), rows()), {"page": "page"}) == [1, 2]


def test_no_pages_at_all_are_no_error(serve: Serve) -> None:
    assert pull(serve(rows(pages=0)), {"page": "page", "total": "pages"}) == []
    assert pull(serve(rows(total=0)), {"offset": "from", "total": "total"}) == []


def test_an_offset_grows_by_what_came_and_a_short_page_is_no_end(serve: Serve) -> None:
    server = serve(rows(1, 2), rows(3), rows(4, 5), rows())
    assert pull(server, {"offset": "from", "limit": 2}) == [1, 2, 3, 4, 5]
    assert [asked.query for asked in server.requests] == [
        {"limit": "2", "from": text} for text in ("0", "2", "3", "5")
    ]


def test_the_limit_of_the_request_wins(serve: Serve) -> None:
    server = serve(rows(1, total=1))
    request = Request(server.url, params={"limit": "500"})
    rule = {"offset": "from", "limit": 2, "total": "total"}
    fetch_pages(QUICK, request, next_rule=rule, records_path="rows")
    assert server.requests[0].query == {"limit": "500", "from": "0"}


def test_fewer_records_than_the_total_are_no_pull(serve: Serve) -> None:
    server = serve(rows(1, 2, total=5), rows(3, total=5), rows(total=5))
    with pytest.raises(
        SourceUnavailable, match=r"end after 3 records, although total says 5; .* 3 pages were read"
    ):
        pull(server, {"offset": "from", "total": "total"})


@pytest.mark.parametrize("rule", [CURSOR, LINK], ids=["cursor", "link"])
def test_a_circle_is_an_error(serve: Serve, rule: Mapping[str, str]) -> None:
    server = serve(rows(1, next="two"), rows(2, next="three"), rows(3, next="two"))
    with pytest.raises(SourceRejected) as caught:
        pull(server, rule, max_pages=9)
    assert len(server.requests) == 3
    assert str(caught.value) == (
        "ADS API cannot be read: page 3 leads back to a page that was read before "
        f"({server.host}); check how the preset says to page. 3 pages were read before that; an "
        "unfinished pull is not kept."
    )


def test_a_server_that_does_not_hear_the_page_is_found_out(serve: Serve) -> None:
    for rule in ({"page": "page", "total": "total"}, {"offset": "from", "total": "total"}):
        server = serve(rows(1, 2, total=9))
        with pytest.raises(SourceRejected, match="page 2 holds what the page before held"):
            pull(server, rule, max_pages=9)
        assert len(server.requests) == 2


@pytest.mark.parametrize("max_pages", [1, 3])
def test_too_many_pages_are_an_error(serve: Serve, max_pages: int) -> None:
    server = serve(*[rows(n, next=f"c{n}") for n in range(9)])
    with pytest.raises(SourceRejected, match=f"has more than {max_pages} pages"):
        pull(server, CURSOR, max_pages=max_pages)
    assert len(server.requests) == max_pages
    just = serve(*[rows(n, next=f"c{n}") for n in range(max_pages - 1)], rows(9))
    assert len(pull(just, CURSOR, max_pages=max_pages)) == max_pages


@pytest.mark.parametrize(
    ("failing", "error", "cause"),
    [
        (Reply(status=500), SourceUnavailable, "4 tries failed.*500"),
        (Reply(status=401), SourceRejected, "401 Unauthorized"),
        (Reply((b"{",)), SourceUnavailable, "cannot be decoded"),
        (Reply((b"{",), length=99), SourceUnavailable, "cut short"),
    ],
    ids=["status", "refusal", "garbage", "cut"],
)
def test_a_pull_that_breaks_says_why_and_how_far_it_came(
    serve: Serve, failing: Reply, error: type[Exception], cause: str
) -> None:
    server = serve(rows(1, next="two"), rows(2, next="three"), failing)
    with pytest.raises(error, match=rf"{cause}.*\. 2 pages were read before that"):
        pull(server, CURSOR)


def test_a_page_is_asked_for_again_by_itself(serve: Serve) -> None:
    server = serve(rows(1, next="two"), Reply(status=503), Reply((b"{",)), rows(2))
    pages = fetch_pages(QUICK, Request(server.url), next_rule=CURSOR, records_path="rows")
    assert pages.documents == [{"rows": [1], "next": "two"}, {"rows": [2]}]
    assert [asked.query for asked in server.requests] == [{}, *[{"after": "two"}] * 3]


def test_the_deadline_is_each_pages_own(serve: Serve) -> None:
    slow = [rows(n, next=f"c{n}" if n < 3 else None).__dict__ for n in range(4)]
    server = serve(*[Reply(**reply | {"wait_seconds": 1}) for reply in slow])
    client = HttpClient(deadline_seconds=3, waits_seconds=())
    assert pull(server, CURSOR, client=client) == [0, 1, 2, 3]


def test_the_budget_is_for_all_pages(serve: Serve) -> None:
    server = serve(*[Reply(rows(n, next=f"c{n}").body, wait_seconds=0.8) for n in range(99)])
    began = time.monotonic()
    with pytest.raises(SourceUnavailable, match=r"the budget of 3 s for the whole pull"):
        pull(server, CURSOR, budget_seconds=3)
    assert 2.2 < time.monotonic() - began < 30
    assert 2 <= len(server.requests) <= 4


def test_the_budget_ends_the_wait_for_a_page(serve: Serve) -> None:
    server = serve(Reply(wait_seconds=60))
    began = time.monotonic()
    with pytest.raises(SourceUnavailable, match=r"and the budget of 0\.5 s .* leaves no time"):
        pull(server, None, budget_seconds=0.5)
    assert time.monotonic() - began < 15
    assert len(server.requests) == 1


def test_a_wait_beyond_the_budget_is_not_begun(serve: Serve) -> None:
    server = serve(Reply(status=429, headers={"Retry-After": "25"}), rows(1))
    with pytest.raises(SourceUnavailable, match=r"and the budget of 20 s .* leaves no time"):
        pull(server, None, budget_seconds=20)
    assert len(server.requests) == 1


def test_pages_share_a_connection(serve: Serve) -> None:
    server = serve(rows(1))
    with QUICK.exchange() as exchange:
        for _ in range(3):
            exchange.ask(Request(server.url), lambda answer: answer.body)
        assert server.connections == 1


@pytest.mark.parametrize(
    ("rule", "page", "cause"),
    [
        (CURSOR, {"next": {"a": 1}}, "next of page 1 is no cursor"),
        (CURSOR, {"next": True}, "next of page 1 is no cursor"),
        (LINK, {"next": 7}, "next of page 1 is no address"),
        (LINK, {"next": "http://[::1"}, "next of page 1 is no address"),
        ({"page": "page", "total": "total"}, {}, "total of page 1 is no count"),
        ({"page": "page", "total": "total"}, {"total": "many"}, "total of page 1 is no count"),
        ({"offset": "from", "total": "total"}, {"total": True}, "total of page 1 is no count"),
    ],
)
def test_a_page_that_does_not_say_how_to_go_on_is_an_error(
    serve: Serve, rule: Mapping[str, Any], page: dict[str, Any], cause: str
) -> None:
    with pytest.raises(SourceRejected, match=cause):
        pull(serve(rows(1, **page)), rule)


def test_records_that_are_nowhere_cannot_end_a_pull(serve: Serve) -> None:
    server = serve(reply_json({"rows": [1]}))
    with pytest.raises(SourceRejected, match="which part of a page the records are"):
        pull(server, {"page": "page"}, records_path=None)


@pytest.mark.parametrize(
    "options",
    [
        {"next_rule": {}},
        {"next_rule": {"url": "next", "param": "after"}},
        {"next_rule": {"param": "after"}},
        {"next_rule": {"page": "page", "form": "x"}},
        {"next_rule": {"url": 7}},
        {"ok": {"equals": [0]}},
        {"ok": {"path": "code", "is": 0}},
        {"retry": {"status": [400]}},
        {"retry": {"body": ["code"]}},
        {"max_pages": 0},
        {"max_pages": True},
        {"budget_seconds": 0},
    ],
    ids=str,
)
def test_a_rule_of_another_form_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        fetch_pages(QUICK, Request("http://127.0.0.1:9"), **options)


@settings(max_examples=25)
@given(
    sizes=st.lists(st.integers(1, 3), max_size=4),
    rule=st.sampled_from(["cursor", "link", "page", "offset", "offset without total"]),
)
def test_every_record_comes_once_and_in_order(sizes: list[int], rule: str) -> None:
    total = sum(sizes)
    numbers = iter(range(total))
    pages = [[next(numbers) for _ in range(size)] for size in sizes]
    rules: dict[str, Mapping[str, Any]] = {
        "cursor": CURSOR,
        "link": LINK,
        "page": {"page": "page", "total": "pages"},
        "offset": {"offset": "from", "total": "total"},
        "offset without total": {"offset": "from"},
    }
    replies = [
        rows(*page, total=total, pages=len(sizes), next=f"p{n}" if n < len(sizes) else None)
        for n, page in enumerate(pages, start=1)
    ]
    with serving(*replies, rows(total=total, pages=len(sizes))) as server:
        assert pull(server, rules[rule]) == list(range(total))
        ends_empty = rule == "offset without total" or not sizes
        assert len(server.requests) == len(sizes) + ends_empty
