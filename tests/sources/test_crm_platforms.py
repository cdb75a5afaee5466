"""How each CRM pages, throttles and fails, played by a server and counted to the request."""

from typing import Any

import pytest

from admira.errors import SourceRejected
from admira.sources.auth import Bearer, QueryKey
from admira.sources.documents import values_at
from admira.sources.http import Request
from admira.sources.paging import Pages, fetch_pages

from .loopback import QUICK, Reply, Serve, reply_json


def records(pages: Pages, path: str) -> list[Any]:
    return [
        record for page in pages.documents for found in values_at(page, path) for record in found
    ]


def test_hubspots_after_is_absent_on_the_last_page(serve: Serve) -> None:
    server = serve(
        reply_json({"results": [1], "paging": {"next": {"after": "100", "link": "ignored"}}}),
        Reply(status=429, headers={"Retry-After": "0"}),
        reply_json({"policyName": "TEN_SECONDLY_ROLLING", "retry_after": 0.3}, status=429),
        reply_json({"results": [2]}),
    )
    pages = fetch_pages(
        QUICK,
        Request(f"{server.url}/crm/v3/objects/deals", params={"limit": "100"}, auth=Bearer("t")),
        next_rule={"param": "after", "from": "paging.next.after"},
        retry={"retry_after": "retry_after"},
        records_path="results",
    )
    assert records(pages, "results") == [1, 2]
    assert [asked.query.get("after") for asked in server.requests] == [None, *["100"] * 3]
    _, second, third, fourth = server.requests
    assert third.at_seconds - second.at_seconds < 0.25
    assert fourth.at_seconds - third.at_seconds > 0.25


def test_salesforce_gives_a_relative_address_until_it_is_done(serve: Serve) -> None:
    limit = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]
    server = serve(
        reply_json(
            {"done": False, "nextRecordsUrl": "/services/data/v64.0/query/01g-2", "records": [1]}
        ),
        reply_json(limit, status=403),
        reply_json({"done": True, "records": [2]}),
    )
    pages = fetch_pages(
        QUICK,
        Request(f"{server.url}/services/data/v64.0/query", params={"q": "SELECT Id"}),
        next_rule={"url": "nextRecordsUrl"},
        retry={
            "statuses": [403],
            "body": {"path": "0.errorCode", "values": [limit[0]["errorCode"]]},
        },
        records_path="records",
    )
    assert records(pages, "records") == [1, 2]
    assert [(asked.path, asked.query) for asked in server.requests] == [
        ("/services/data/v64.0/query", {"q": "SELECT Id"}),
        ("/services/data/v64.0/query/01g-2", {}),
        ("/services/data/v64.0/query/01g-2", {}),
    ]


def test_another_403_of_salesforce_is_final(serve: Serve) -> None:
    server = serve(reply_json([{"errorCode": "INSUFFICIENT_ACCESS"}], status=403))
    retry = {
        "statuses": [403],
        "body": {"path": "0.errorCode", "values": ["REQUEST_LIMIT_EXCEEDED"]},
    }
    with pytest.raises(
        SourceRejected, match=r"403 Forbidden with 0\.errorCode INSUFFICIENT_ACCESS"
    ):
        fetch_pages(QUICK, Request(server.url), retry=retry)
    assert len(server.requests) == 1


def test_pipedrives_next_start_replaces_the_start_of_the_address(serve: Serve) -> None:
    def deals(found: list[int], **pagination: Any) -> Reply:
        return reply_json({"data": found, "additional_data": {"pagination": pagination}})

    server = serve(
        deals([1, 2], more_items_in_collection=True, next_start=2),
        deals([3], more_items_in_collection=False),
    )
    pages = fetch_pages(
        QUICK,
        Request(f"{server.url}/v1/deals?start=0&limit=2", auth=QueryKey("api_token", "t0ken")),
        next_rule={"param": "start", "from": "additional_data.pagination.next_start"},
        records_path="data",
    )
    assert records(pages, "data") == [1, 2, 3]
    assert [asked.query for asked in server.requests] == [
        {"start": "0", "limit": "2", "api_token": "t0ken"},
        {"start": "2", "limit": "2", "api_token": "t0ken"},
    ]
