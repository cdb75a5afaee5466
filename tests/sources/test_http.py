"""The HTTP client against a real server: what is asked again, how often, and what is said."""

import gc
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from admira.errors import OptionError, SourceRejected, SourceUnavailable
from admira.sources.http import HttpClient
from admira.sources.request import Request
from admira.sources.verdicts import AnswerRules, BodyTest

from .loopback import QUICK, Reply, Serve, closed_port, reply_json

GOOD = reply_json([{"clicks": 1}])


def test_a_good_answer_takes_one_request(serve: Serve) -> None:
    server = serve(GOOD)
    assert QUICK.get_json(f"{server.url}/ads", params={"since": "2025-08-01"}) == [{"clicks": 1}]
    (request,) = server.requests
    assert (request.path, request.query) == ("/ads", {"since": "2025-08-01"})


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 422, 451, 304])
def test_a_refusal_is_not_asked_again(serve: Serve, status: int) -> None:
    server = serve(Reply(status=status, headers={"Retry-After": "0"}))
    with pytest.raises(SourceRejected, match=f"ADS API cannot be read: it answered {status}"):
        QUICK.get_json(server.url, name="ADS API")
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
def test_a_passing_status_is_asked_again(serve: Serve, status: int) -> None:
    server = serve(Reply(status=status), Reply(status=status), GOOD)
    assert QUICK.get_json(server.url) == [{"clicks": 1}]
    assert len(server.requests) == 3


def test_after_the_last_wait_the_api_is_unavailable(serve: Serve) -> None:
    server = serve(Reply(status=500))
    with pytest.raises(SourceUnavailable) as caught:
        QUICK.get_json(server.url, name="CRM API")
    assert len(server.requests) == 4
    assert str(caught.value) == (
        f"CRM API unavailable ({server.host}): 4 tries failed, the last one because it answered "
        "500 Internal Server Error; try again later."
    )


def test_without_waits_there_is_one_try(serve: Serve) -> None:
    server = serve(Reply(status=503))
    with pytest.raises(SourceUnavailable, match=r"1 try failed because it answered 503"):
        HttpClient(waits_seconds=()).get_json(server.url)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("broken", "cause"),
    [
        (Reply(hang_up=True), "the connection broke"),
        (Reply((b'[{"clicks"',), length=1000), "cut short"),
        (Reply((b'[{"clicks"',), chunked=True, cut=True), "cut short"),
        (Reply((b"[]",), length=1000), "cut short"),
        (Reply((b"[]",), chunked=True, cut=True), "cut short"),
        (Reply((b'[{"clicks": 1',)), "cannot be decoded"),
        (Reply((b"<html>busy</html>",)), "cannot be decoded"),
        (Reply((b"",)), "cannot be decoded"),
        (Reply((b"no gzip",), headers={"Content-Encoding": "gzip"}), "decompressed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_answer_is_asked_for_again(serve: Serve, broken: Reply, cause: str) -> None:
    server = serve(broken, GOOD)
    assert QUICK.get_json(server.url) == [{"clicks": 1}]
    assert len(server.requests) == 2
    always = serve(broken)
    with pytest.raises(SourceUnavailable, match=f"4 tries failed.*{cause}"):
        QUICK.get_json(always.url)
    assert len(always.requests) == 4


def test_a_refused_connection_is_tried_again_and_named(caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.INFO, "admira"),
        pytest.raises(SourceUnavailable, match=r"4 tries failed.*the connection was refused"),
    ):
        QUICK.get_json(f"http://127.0.0.1:{closed_port()}/ads", name="ADS API")
    assert [record.event for record in caplog.records] == ["http.retry_scheduled"] * 3
    assert [record.facts["wait_seconds"] for record in caplog.records] == [0.01, 0.02, 0.03]


def test_a_name_that_is_not_known_is_unavailable() -> None:
    client = HttpClient(waits_seconds=(0.01,))
    with pytest.raises(SourceUnavailable, match="2 tries failed"):
        client.get_json("http://nowhere.invalid/ads")


def test_the_retry_is_logged_before_its_wait(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(Reply(status=502), GOOD)
    with caplog.at_level(logging.INFO, "admira"):
        QUICK.get_json(server.url, name="ADS API")
    (record,) = caplog.records
    assert record.facts == {
        "api": "ADS API",
        "host": server.host,
        "tries": 1,
        "wait_seconds": 0.01,
        "cause": "it answered 502 Bad Gateway",
    }
    assert record.levelno == logging.WARNING
    ahead = time.time() - time.monotonic()
    assert record.created - ahead < server.requests[1].at_seconds


def test_a_redirect_is_followed_and_a_circle_of_them_refused(serve: Serve) -> None:
    server = serve(Reply(status=302, headers={"Location": "/there"}), GOOD)
    assert QUICK.get_json(f"{server.url}/here") == [{"clicks": 1}]
    assert [request.path for request in server.requests] == ["/here", "/there"]
    circle = serve(Reply(status=302, headers={"Location": "/there"}))
    with pytest.raises(SourceRejected, match="redirects in circles"):
        QUICK.get_json(circle.url)


@pytest.mark.parametrize(
    "replies",
    [
        [Reply(status=408), GOOD],
        [Reply(status=500)],
        [Reply(wait_seconds=0.3), GOOD],
        [Reply((b"[", 0.3, b"]")), GOOD],
    ],
    ids=["passing", "unavailable", "late head", "late body"],
)
def test_every_connection_is_closed_when_the_call_ends(serve: Serve, replies: list[Reply]) -> None:
    server = serve(*replies)
    client = HttpClient(timeout_seconds=0.1, waits_seconds=(0.01,))
    gc.disable()
    try:
        with suppress(SourceUnavailable):
            client.get_json(server.url)
        patience = time.monotonic() + 20
        while server.connections and time.monotonic() < patience:
            time.sleep(0.01)
        assert server.connections == 0
    finally:
        gc.enable()


def test_one_client_serves_many_threads(serve: Serve) -> None:
    server = serve(*[Reply(status=500), GOOD] * 8, GOOD)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(QUICK.get_json, [server.url] * 16))
    assert answers == [[{"clicks": 1}]] * 16
    assert len(server.requests) == 24


@pytest.mark.parametrize(
    "options",
    [
        {"timeout_seconds": 0},
        {"timeout_seconds": -1},
        {"timeout_seconds": float("nan")},
        {"timeout_seconds": "5"},
        {"timeout_seconds": True},
        {"deadline_seconds": 0},
        {"deadline_seconds": float("inf")},
        {"deadline_seconds": None},
        {"waits_seconds": (0.1, -0.1)},
        {"waits_seconds": 0.3},
        {"waits_seconds": "0.3"},
        {"waits_seconds": ("0.3",)},
        {"requests_per_second": 0},
        {"requests_per_second": "5"},
        {"circuit_opens_after": 0},
        {"circuit_opens_after": 2.5},
        {"circuit_rest_seconds": 0},
    ],
    ids=str,
)
def test_a_time_that_is_none_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        HttpClient(**options)


def test_a_client_shows_its_times_and_cannot_be_changed() -> None:
    client = HttpClient(waits_seconds=[1, 2])
    assert repr(client) == (
        "HttpClient(timeout_seconds=5, deadline_seconds=10, waits_seconds=(1, 2), "
        "requests_per_second=None, circuit_opens_after=5, circuit_rest_seconds=60)"
    )
    assert client == HttpClient(waits_seconds=(1, 2))
    assert hash(client) == hash(HttpClient(waits_seconds=(1, 2)))
    with pytest.raises(AttributeError):
        client.timeout_seconds = 1


def test_an_error_says_the_last_status_but_not_the_answer_unless_asked(serve: Serve) -> None:
    server = serve(Reply(body=(b"a secret",), status=404))
    read = AnswerRules(passing=(BodyTest("error"),))
    with QUICK.exchange(rules=read) as exchange, pytest.raises(SourceRejected) as caught:
        exchange.ask(Request(server.url), lambda answer: answer.body)
    assert (caught.value.status, caught.value.answer) == (404, "")
    server.play(Reply(status=500), Reply(status=503))
    with pytest.raises(SourceUnavailable) as spent:
        QUICK.get_json(server.url)
    assert spent.value.status == 503
    with QUICK.exchange(rules=AnswerRules(tells_answer=True)) as exchange:
        server.play(Reply(body=(b"no such account",), status=404))
        with pytest.raises(SourceRejected) as told:
            exchange.ask(Request(server.url), lambda answer: answer.body)
    assert told.value.answer == "no such account"


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_never_turns_a_post_into_a_get(serve: Serve, status: int) -> None:
    server = serve(Reply(status=status, headers={"Location": "/there"}), GOOD)
    with QUICK.exchange(name="ADS API") as exchange, pytest.raises(SourceRejected, match="drops"):
        exchange.ask(Request(server.url, "POST", json={"days": 7}), lambda answer: answer.body)
    assert len(server.requests) == 1
