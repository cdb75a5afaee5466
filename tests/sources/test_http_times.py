"""Time-outs, the deadline and waits of the HTTP client, against a real server."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from admira.errors import SourceUnavailable
from admira.sources.http import HttpClient

from .loopback import QUICK, Reply, Serve, reply_json

GOOD = reply_json([{"clicks": 1}])


@pytest.mark.parametrize(
    "silent",
    [Reply(wait_seconds=30), Reply((b"[", 30.0, b"]"))],
    ids=["before the head", "within the body"],
)
def test_the_time_out_holds_between_bytes(serve: Serve, silent: Reply) -> None:
    server = serve(silent, GOOD)
    client = HttpClient(timeout_seconds=2, waits_seconds=(0.01,))
    assert client.get_json(server.url) == [{"clicks": 1}]
    assert len(server.requests) == 2


def test_a_body_may_take_longer_than_time_out_and_deadline(serve: Serve) -> None:
    pieces = [b"[0", *[piece for n in range(8) for piece in (0.5, b",%d" % n)], b"]"]
    server = serve(Reply(tuple(pieces)))
    client = HttpClient(timeout_seconds=3, deadline_seconds=3, waits_seconds=())
    assert client.get_json(server.url) == [0, *range(8)]
    assert len(server.requests) == 1


def test_a_body_after_a_late_head_has_the_full_time_out(serve: Serve) -> None:
    server = serve(Reply(status=500, wait_seconds=2), Reply((b"[", 3.0, b"]")))
    client = HttpClient(timeout_seconds=20, deadline_seconds=4.5, waits_seconds=(0.01,))
    assert client.get_json(server.url) == []
    assert len(server.requests) == 2


def test_the_deadline_ends_the_wait_for_a_head(serve: Serve) -> None:
    server = serve(Reply(wait_seconds=30))
    client = HttpClient(timeout_seconds=20, deadline_seconds=0.3)
    began = time.monotonic()
    with pytest.raises(SourceUnavailable, match=r"deadline of 0\.3 s leaves no time for another"):
        client.get_json(server.url)
    assert 0.25 < time.monotonic() - began < 15
    assert len(server.requests) == 1


def test_the_deadline_counts_waits_and_tries_together(serve: Serve) -> None:
    server = serve(Reply(status=500))
    client = HttpClient(timeout_seconds=20, deadline_seconds=3, waits_seconds=(1.2,) * 10)
    with pytest.raises(SourceUnavailable, match=r"[23] tries failed.*deadline"):
        client.get_json(server.url)
    assert len(server.requests) in {2, 3}


def test_the_deadline_counts_redirects(serve: Serve) -> None:
    server = serve(Reply(status=302, headers={"Location": "/again"}, wait_seconds=0.2))
    client = HttpClient(timeout_seconds=20, deadline_seconds=0.5, waits_seconds=())
    with pytest.raises(SourceUnavailable):
        client.get_json(server.url)
    assert len(server.requests) <= 3


def test_a_wait_that_the_server_asks_for_replaces_ours(serve: Serve) -> None:
    server = serve(Reply(status=429, headers={"Retry-After": "1"}), GOOD)
    assert QUICK.get_json(server.url) == [{"clicks": 1}]
    first, second = server.requests
    assert 0.95 < second.at_seconds - first.at_seconds < 10


def test_a_wait_may_be_asked_for_as_a_date(serve: Serve) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=4), usegmt=True)
    server = serve(Reply(status=429, headers={"Retry-After": moment}), GOOD)
    assert QUICK.get_json(server.url) == [{"clicks": 1}]
    first, second = server.requests
    assert 0.5 < second.at_seconds - first.at_seconds < 20


@pytest.mark.parametrize("status", [408, 429, 503])
@pytest.mark.parametrize("asked", ["3600", "Fri, 01 Aug 2099 00:00:00 GMT", "9" * 400])
def test_a_wait_beyond_the_deadline_is_not_begun(serve: Serve, status: int, asked: str) -> None:
    server = serve(Reply(status=status, headers={"Retry-After": asked}), GOOD)
    began = time.monotonic()
    with pytest.raises(
        SourceUnavailable, match=f"1 try failed because it answered {status}.*deadline"
    ):
        QUICK.get_json(server.url)
    assert time.monotonic() - began < 20
    assert len(server.requests) == 1


@pytest.mark.parametrize("asked", ["soon", "-5", "", "nan", "Fri, 99 Aug 2025", "1e3"])
def test_a_wait_that_makes_no_sense_is_ours(serve: Serve, asked: str) -> None:
    server = serve(Reply(status=429, headers={"Retry-After": asked}), GOOD)
    assert QUICK.get_json(server.url) == [{"clicks": 1}]
    assert len(server.requests) == 2
