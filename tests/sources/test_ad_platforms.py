"""How ad platforms page, throttle and fail, played by a server and counted to the request."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from admira.errors import SourceRejected, SourceUnavailable
from admira.sources.auth import Bearer, HeaderKey, QueryKey
from admira.sources.documents import values_at
from admira.sources.http import Request
from admira.sources.paging import Pages, fetch_pages

from .loopback import QUICK, Reply, Serve, reply_json

META_RETRY = {
    "statuses": [400, 403],
    "body": {
        "path": "error.code",
        "values": [4, 17, 32, 613, 80014],
        "ranges": [[80000, 80006], [80008, 80009]],
    },
}
TIKTOK: Mapping[str, Any] = {
    "next_rule": {"page": "page", "total": "data.page_info.total_page"},
    "ok": {"path": "code", "equals": [0]},
    "retry": {
        "statuses": [200],
        "body": [
            {"path": "code", "values": [40100, 40700, 50000, 50002], "ranges": [[40200, 40202]]},
            {"path": "message", "contains": ["QPS limit"]},
        ],
    },
    "records_path": "data.list",
}


def records(pages: Pages, path: str) -> list[Any]:
    return [
        record for page in pages.documents for found in values_at(page, path) for record in found
    ]


def test_google_streams_batches_in_one_answer_to_a_post(serve: Serve) -> None:
    server = serve(
        reply_json(
            [{"results": [{"clicks": "1"}, {"clicks": "2"}]}, {"results": [{"clicks": "3"}]}]
        )
    )
    request = Request(
        f"{server.url}/v21/customers/1/googleAds:searchStream",
        "POST",
        json={"query": "SELECT metrics.clicks WHERE segments.date BETWEEN '{since}' AND '{last}'"},
        headers={"developer-token": "d-token", "login-customer-id": "42"},
        auth=Bearer("a-token"),
    ).filled(date(2025, 8, 1), date(2025, 9, 1))
    pages = fetch_pages(QUICK, request, records_path="*.results")
    assert records(pages, "*.results") == [{"clicks": "1"}, {"clicks": "2"}, {"clicks": "3"}]
    (asked,) = server.requests
    assert asked.method == "POST"
    assert asked.json["query"].endswith("BETWEEN '2025-08-01' AND '2025-08-31'")
    assert asked.headers["Authorization"] == "Bearer a-token"
    assert asked.headers["developer-token"] == "d-token"
    assert asked.headers["login-customer-id"] == "42"


def test_googles_page_token_goes_into_the_body(serve: Serve) -> None:
    server = serve(
        reply_json({"results": [1], "nextPageToken": "two"}),
        reply_json({"results": [2], "nextPageToken": "three"}),
        reply_json({"results": [3]}),
    )
    pages = fetch_pages(
        QUICK,
        Request(f"{server.url}/search", "POST", json={"query": "SELECT"}),
        next_rule={"param": "pageToken", "from": "nextPageToken"},
        records_path="results",
    )
    assert records(pages, "results") == [1, 2, 3]
    assert [asked.json for asked in server.requests] == [
        {"query": "SELECT"},
        {"query": "SELECT", "pageToken": "two"},
        {"query": "SELECT", "pageToken": "three"},
    ]
    assert [asked.query for asked in server.requests] == [{}] * 3


def test_google_says_in_the_body_how_long_to_wait(serve: Serve) -> None:
    details = [{"@type": "QuotaFailure"}, {"@type": "RetryInfo", "retryDelay": "0.4s"}]
    error = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": details}}
    server = serve(reply_json(error, status=429), reply_json([]))
    fetch_pages(QUICK, Request(server.url), retry={"retry_after": "error.details.*.retryDelay"})
    first, second = server.requests
    assert 0.35 < second.at_seconds - first.at_seconds < 1.5


def test_metas_next_link_is_followed_with_the_token_in_it(serve: Serve) -> None:
    server = serve()
    link = f"{server.url}/v23.0/act_1/insights?access_token=t0ken&limit=2&after=MQ"
    server.play(
        reply_json({"data": [1, 2], "paging": {"cursors": {"after": "MQ"}, "next": link}}),
        reply_json({"data": [], "paging": {"next": link.replace("MQ", "Mg")}}),
        reply_json({"data": [3], "paging": {"cursors": {"after": "Mw"}}}),
    )
    pages = fetch_pages(
        QUICK,
        Request(
            f"{server.url}/v23.0/act_1/insights",
            params={"limit": "2"},
            auth=QueryKey("access_token", "t0ken"),
        ),
        next_rule={"url": "paging.next"},
        records_path="data",
    )
    assert records(pages, "data") == [1, 2, 3]
    assert [asked.query for asked in server.requests] == [
        {"access_token": "t0ken", "limit": "2"},
        {"access_token": "t0ken", "limit": "2", "after": "MQ"},
        {"access_token": "t0ken", "limit": "2", "after": "Mg"},
    ]


@pytest.mark.parametrize(("status", "code"), [(400, 4), (400, 17), (403, 80003), (400, 80009)])
def test_meta_throttles_by_a_refusal_that_passes(serve: Serve, status: int, code: int) -> None:
    throttled = reply_json(
        {"error": {"code": code, "message": "User request limit"}}, status=status
    )
    server = serve(throttled, throttled, reply_json({"data": [1]}))
    pages = fetch_pages(QUICK, Request(server.url), retry=META_RETRY, records_path="data")
    assert pages.documents == [{"data": [1]}]
    assert len(server.requests) == 3


@pytest.mark.parametrize(("status", "code"), [(400, 190), (400, 80007), (401, 17), (400, "17a")])
def test_another_refusal_of_meta_is_final_and_told_by_its_code(
    serve: Serve, status: int, code: int | str
) -> None:
    server = serve(reply_json({"error": {"code": code, "message": "token t0ken"}}, status=status))
    with pytest.raises(SourceRejected) as caught:
        fetch_pages(QUICK, Request(server.url), retry=META_RETRY, name="Meta")
    assert len(server.requests) == 1
    assert "t0ken" not in str(caught.value)
    assert ("with error.code" in str(caught.value)) == isinstance(code, int)


def test_a_refusal_without_a_json_body_is_judged_by_its_status(serve: Serve) -> None:
    refused = serve(Reply((b"<html>",), status=400))
    with pytest.raises(SourceRejected, match="it answered 400 Bad Request"):
        fetch_pages(QUICK, Request(refused.url), retry=META_RETRY)
    assert len(refused.requests) == 1
    passing = serve(Reply((b"<html>",), status=503), reply_json([]))
    fetch_pages(QUICK, Request(passing.url), retry=META_RETRY)
    assert len(passing.requests) == 2


def test_linkedin_gets_its_versions_with_every_page(serve: Serve) -> None:
    server = serve(
        reply_json({"elements": [1], "metadata": {"nextPageToken": "two"}}),
        Reply(status=429),
        reply_json({"elements": [2], "metadata": {}}),
    )
    versions = {"LinkedIn-Version": "202508", "X-Restli-Protocol-Version": "2.0.0"}
    pages = fetch_pages(
        QUICK,
        Request(f"{server.url}/rest/adAnalytics?q=analytics", headers=versions, auth=Bearer("t")),
        next_rule={"param": "pageToken", "from": "metadata.nextPageToken"},
        records_path="elements",
    )
    assert records(pages, "elements") == [1, 2]
    assert [asked.query.get("pageToken") for asked in server.requests] == [None, "two", "two"]
    for asked in server.requests:
        assert versions.items() <= asked.headers.items()
        assert asked.query["q"] == "analytics"


def tiktok_page(rows: list[Any], number: int, pages: int) -> Reply:
    info = {"page": number, "total_page": pages}
    return reply_json({"code": 0, "message": "OK", "data": {"list": rows, "page_info": info}})


def test_tiktok_counts_its_pages_and_throttles_with_a_good_status(serve: Serve) -> None:
    server = serve(
        reply_json({"code": 40100, "message": "Too many requests"}),
        tiktok_page([1, 2], 1, 3),
        reply_json({"code": 40200, "message": "busy"}),
        reply_json({"code": 51010, "message": "Reached the QPS limit of the app"}),
        tiktok_page([3, 4], 2, 3),
        tiktok_page([5], 3, 3),
    )
    pages = fetch_pages(
        QUICK,
        Request(
            f"{server.url}/open_api/v1.3/report/integrated/get/?page=7&page_size=2",
            auth=HeaderKey("Access-Token", "t0ken"),
        ),
        **TIKTOK,
    )
    assert records(pages, "data.list") == [1, 2, 3, 4, 5]
    assert [asked.query["page"] for asked in server.requests] == ["1", "1", "2", "2", "2", "3"]
    assert {asked.query["page_size"] for asked in server.requests} == {"2"}
    assert {asked.headers["Access-Token"] for asked in server.requests} == {"t0ken"}


def test_another_code_of_tiktok_is_final(serve: Serve) -> None:
    server = serve(tiktok_page([1], 1, 3), reply_json({"code": 40105, "message": "token t0ken"}))
    with pytest.raises(SourceRejected) as caught:
        fetch_pages(QUICK, Request(server.url), name="TikTok", **TIKTOK)
    assert len(server.requests) == 2
    assert str(caught.value) == (
        f"TikTok cannot be read: it answered 200 OK with code 40105 ({server.host}); check the "
        "request. 1 page was read before that; an unfinished pull is not kept."
    )


def test_a_throttle_that_does_not_end_is_unavailable(serve: Serve) -> None:
    server = serve(reply_json({"code": 40100, "message": "Too many requests"}))
    with pytest.raises(SourceUnavailable, match=r"4 tries failed.*200 OK with code 40100"):
        fetch_pages(QUICK, Request(server.url), **TIKTOK)
    assert len(server.requests) == 4


def test_an_answer_without_the_code_it_should_have_is_no_good_answer(serve: Serve) -> None:
    server = serve(reply_json({"data": {"list": [1], "page_info": {"total_page": 1}}}))
    with pytest.raises(SourceRejected, match="200 OK without a code in code"):
        fetch_pages(QUICK, Request(server.url), **TIKTOK)


def test_pinterests_bookmark_ends_with_null(serve: Serve) -> None:
    server = serve(
        reply_json({"items": [1], "bookmark": "b=="}), reply_json({"items": [2], "bookmark": None})
    )
    pages = fetch_pages(
        QUICK,
        Request(f"{server.url}/v5/ad_accounts/1/campaigns", params={"page_size": "1"}),
        next_rule={"param": "bookmark", "from": "bookmark"},
        records_path="items",
    )
    assert records(pages, "items") == [1, 2]
    assert [asked.query for asked in server.requests] == [
        {"page_size": "1"},
        {"page_size": "1", "bookmark": "b=="},
    ]


def test_reddits_next_url_is_asked_with_the_same_body(serve: Serve) -> None:
    server = serve()
    server.play(
        reply_json({"data": [1], "pagination": {"next_url": f"{server.url}/reports?page.token=x"}}),
        reply_json({"data": [2], "pagination": {"next_url": None}}),
    )
    pages = fetch_pages(
        QUICK,
        Request(f"{server.url}/reports", "POST", json={"fields": ["SPEND"]}, auth=Bearer("t")),
        next_rule={"url": "pagination.next_url"},
        records_path="data",
    )
    assert records(pages, "data") == [1, 2]
    assert [asked.json for asked in server.requests] == [{"fields": ["SPEND"]}] * 2
    assert [asked.query for asked in server.requests] == [{}, {"page.token": "x"}]


def test_analytics_moves_the_offset_in_the_body_up_to_its_row_count(serve: Serve) -> None:
    server = serve(
        reply_json({"rows": [1, 2], "rowCount": 3}), reply_json({"rows": [3], "rowCount": 3})
    )
    pages = fetch_pages(
        QUICK,
        Request(f"{server.url}/v1beta/properties/1:runReport", "POST", json={"metrics": []}),
        next_rule={"offset": "offset", "limit": 2, "total": "rowCount"},
        records_path="rows",
    )
    assert records(pages, "rows") == [1, 2, 3]
    assert [asked.json for asked in server.requests] == [
        {"metrics": [], "limit": 2, "offset": 0},
        {"metrics": [], "limit": 2, "offset": 2},
    ]
