"""A host that keeps failing is left alone for a while, and a host is asked at a steady pace."""

import logging
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from admira.errors import SourceRejected, SourceUnavailable
from admira.sources.http import HttpClient, Request
from admira.sources.paging import fetch_pages

from .loopback import Loopback, Reply, Serve, reply_json

GOOD = reply_json([1])


def client_of(opens_after: int = 3, rest_seconds: float = 60) -> HttpClient:
    return HttpClient(
        timeout_seconds=20,
        waits_seconds=(),
        circuit_opens_after=opens_after,
        circuit_rest_seconds=rest_seconds,
    )


def fail(client: HttpClient, server: Loopback, times: int) -> None:
    for _ in range(times):
        with pytest.raises(SourceUnavailable, match="1 try failed"):
            client.get_json(server.url)


def test_a_circuit_opens_after_failed_calls_and_says_until_when(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    server, client = serve(Reply(status=500)), client_of()
    with caplog.at_level(logging.INFO, "admira"):
        fail(client, server, 3)
    (record,) = caplog.records
    assert (record.event, record.facts) == (
        "http.circuit_opened",
        {"host": server.host, "rest_seconds": 60},
    )
    with pytest.raises(SourceUnavailable) as caught:
        client.get_json(f"{server.url}/?token=secret", name="ADS API")
    told = re.fullmatch(
        rf"ADS API unavailable \({server.host}\): circuit open until (\d\d:\d\d:\d\d) UTC, because "
        r"3 calls in a row failed; try again then\.",
        str(caught.value),
    )
    assert told
    near = datetime.now(UTC) + timedelta(seconds=60)
    assert told[1] in {f"{near + timedelta(seconds=n):%H:%M:%S}" for n in range(-30, 3)}
    assert len(server.requests) == 3


def test_after_its_rest_a_circuit_closes_with_a_call_that_works(serve: Serve) -> None:
    server, client = (
        serve(*[Reply(status=500)] * 3, GOOD, *[Reply(status=500)] * 2, GOOD),
        client_of(rest_seconds=3),
    )
    fail(client, server, 3)
    with pytest.raises(SourceUnavailable, match="circuit open"):
        client.get_json(server.url)
    time.sleep(3.1)
    assert client.get_json(server.url) == [1]
    fail(client, server, 2)
    assert client.get_json(server.url) == [1]
    assert len(server.requests) == 7


def test_after_its_rest_a_circuit_opens_again_with_a_call_that_fails(serve: Serve) -> None:
    server, client = serve(Reply(status=500)), client_of(rest_seconds=3)
    fail(client, server, 3)
    time.sleep(3.1)
    fail(client, server, 1)
    with pytest.raises(SourceUnavailable, match="circuit open"):
        client.get_json(server.url)
    assert len(server.requests) == 4


@pytest.mark.parametrize("between", [GOOD, Reply(status=404)], ids=["good", "refused"])
def test_only_failures_in_a_row_count(serve: Serve, between: Reply) -> None:
    bad = Reply(status=500)
    server, client = serve(bad, bad, between, bad, bad, between), client_of()
    for _ in range(2):
        fail(client, server, 2)
        with suppress(SourceRejected):
            client.get_json(server.url)
    assert len(server.requests) == 6


def test_a_circuit_is_its_hosts_own(serve: Serve) -> None:
    bad, good, client = serve(Reply(status=500)), serve(GOOD), client_of(1)
    fail(client, bad, 1)
    assert client.get_json(good.url) == [1]


def test_a_circuit_is_its_clients_own(serve: Serve) -> None:
    server = serve(Reply(status=500))
    fail(client_of(1), server, 1)
    fail(client_of(1), server, 1)


def test_a_circuit_does_not_make_calls_wait_for_each_other(serve: Serve) -> None:
    server, client = serve(Reply((b"[1]",), wait_seconds=3)), client_of()
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(client.get_json, [server.url] * 4)) == [[1]] * 4
    moments = sorted(request.at_seconds for request in server.requests)
    assert moments[-1] - moments[0] < 3


def test_a_pull_over_pages_stops_at_an_open_circuit(serve: Serve) -> None:
    server, client = serve(reply_json({"next": "two"}), Reply(status=500)), client_of(1)
    rule = {"param": "after", "from": "next"}
    with pytest.raises(SourceUnavailable, match=r"1 try failed.* 1 page was read before"):
        fetch_pages(client, Request(server.url), next_rule=rule)
    with pytest.raises(SourceUnavailable, match="circuit open until"):
        fetch_pages(client, Request(server.url), next_rule=rule)
    assert len(server.requests) == 2


def test_requests_to_a_host_keep_the_pace_over_all_threads(serve: Serve) -> None:
    server = serve(Reply(status=500), Reply(status=500), GOOD)
    client = HttpClient(waits_seconds=(0.001,) * 3, requests_per_second=10)
    began = time.monotonic()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(client.get_json, [server.url] * 4))
    moments = sorted(request.at_seconds for request in server.requests)
    assert len(moments) == 6
    assert moments[-1] - moments[0] > 0.4
    assert time.monotonic() - began < 20


def test_a_pace_is_each_hosts_own(serve: Serve) -> None:
    servers = [serve(GOOD) for _ in range(3)]
    client = HttpClient(requests_per_second=0.02)
    began = time.monotonic()
    for server in servers:
        client.get_json(server.url)
    assert time.monotonic() - began < 40


def test_waiting_for_ones_turn_takes_nothing_from_the_deadline(serve: Serve) -> None:
    server = serve(Reply((b"[1]",), wait_seconds=0.1))
    client = HttpClient(deadline_seconds=2, waits_seconds=(), requests_per_second=0.3)
    for _ in range(2):
        assert client.get_json(server.url) == [1]
    assert len(server.requests) == 2
