"""Credentials: where they go, where they never go, and how long a token serves."""

import logging
import threading
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from requests.auth import AuthBase

from admira.errors import AdmiraError, SourceRejected, SourceUnavailable
from admira.sources.auth import (
    Basic,
    Bearer,
    HeaderKey,
    OAuth2ClientCredentials,
    OAuth2RefreshToken,
    QueryKey,
)
from admira.sources.http import HttpClient, Request
from admira.sources.paging import fetch_pages

from .loopback import QUICK, Loopback, Reply, Serve, reply_json

SECRET = "s3cr3t"  # noqa: S105 - a secret to look for
CURSOR = {"param": "after", "from": "next"}

PLAIN: list[AuthBase] = [
    Bearer(SECRET),
    HeaderKey("x-api-token", SECRET),
    QueryKey("api_token", SECRET),
    Basic("user", SECRET),
]


def ask(server: Loopback, auth: AuthBase, client: HttpClient = QUICK) -> Any:
    return fetch_pages(client, Request(f"{server.url}/ads?q=1", auth=auth), next_rule=CURSOR)


def client_credentials(server: Loopback, **options: Any) -> OAuth2ClientCredentials:
    return OAuth2ClientCredentials(f"{server.url}/token", "app", SECRET, **options)


def token(number: int, **beside: Any) -> Reply:
    return reply_json({"access_token": f"{SECRET}-{number}", "expires_in": 3600, **beside})


@pytest.mark.parametrize(
    ("auth", "headers", "query"),
    [
        (Bearer("t"), {"Authorization": "Bearer t"}, {}),
        (HeaderKey("Access-Token", "t"), {"Access-Token": "t"}, {}),
        (QueryKey("api_token", "t&="), {}, {"api_token": "t&="}),
        (Basic("ü", "pä"), {"Authorization": f"Basic {b64encode('ü:pä'.encode()).decode()}"}, {}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_credentials_go_where_the_platform_looks_for_them(
    serve: Serve, auth: AuthBase, headers: dict[str, str], query: dict[str, str]
) -> None:
    server = serve(reply_json({"next": "two"}), reply_json({}))
    ask(server, auth)
    first, second = server.requests
    assert headers.items() <= first.headers.items()
    assert headers.items() <= second.headers.items()
    assert first.query == {"q": "1", **query}
    assert second.query == {"q": "1", "after": "two", **query}


@pytest.mark.parametrize("auth", PLAIN, ids=lambda auth: type(auth).__name__)
@pytest.mark.parametrize(
    "reply",
    [
        reply_json({"error": {"code": SECRET, "message": SECRET}}, status=400),
        Reply(status=500),
        Reply((SECRET.encode(),)),
        reply_json({"next": f"http://{SECRET}@127.0.0.1:1/?token={SECRET}"}),
        Reply(status=302, headers={"Location": f"http://127.0.0.1:1/?token={SECRET}"}),
    ],
    ids=["code", "status", "garbage", "link", "redirect"],
)
def test_no_secret_is_told(
    serve: Serve, auth: AuthBase, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(reply)
    request = Request(
        f"{server.url}/ads?token={SECRET}",
        params={"key": SECRET},
        headers={"developer-token": SECRET},
        auth=auth,
    )
    retry = {"body": {"path": "error.code", "values": [4]}}
    with caplog.at_level(logging.DEBUG), pytest.raises(AdmiraError) as caught:
        fetch_pages(QUICK, request, next_rule={"url": "next"}, retry=retry)
    told = [f"{error!r} {error}" for error in _chain(caught.value)]
    assert SECRET not in f"{told} {caplog.text} {request!r} {auth!r} {QUICK!r}"


def test_pages_do_not_show_what_they_hold(serve: Serve) -> None:
    server = serve(reply_json({"paging": {"previous": SECRET}}))
    assert repr(ask(server, Bearer(SECRET))) == "Pages(pages_done=1)"


def _chain(error: BaseException | None) -> list[BaseException]:
    if error is None:
        return []
    return [error, *_chain(error.__cause__), *_chain(error.__context__)]


@pytest.mark.parametrize("auth", [*PLAIN, None], ids=lambda auth: type(auth).__name__)
@pytest.mark.parametrize(
    "link",
    [
        "{other}/ads",
        "//{other_host}/ads",
        "http://{host}@{other_host}/ads",
        "http://{other_host}\\@{host}/ads",
        "https://{host}/ads",
        "http://localhost:1/ads",
        "ftp://{host}/ads",
    ],
)
def test_a_next_link_to_another_address_is_refused(
    serve: Serve, auth: AuthBase | None, link: str
) -> None:
    server, other = serve(), serve(reply_json({}))
    names = {"host": server.host, "other": other.url, "other_host": other.host}
    server.play(reply_json({"next": link.format(**names)}))
    with pytest.raises(SourceRejected, match=r"it leads to another address.* 1 page was read"):
        fetch_pages(QUICK, Request(server.url, auth=auth), next_rule={"url": "next"})
    assert (len(server.requests), len(other.requests)) == (1, 0)


@pytest.mark.parametrize(
    "request_of",
    [
        *(lambda url, auth=auth: Request(url, auth=auth) for auth in PLAIN),
        lambda url: Request(url, headers={"developer-token": SECRET}),
        lambda url: Request(url, "POST", json={"secret": SECRET}),
        lambda url: Request(url, "POST", form={"secret": SECRET}),
        lambda url: Request(url, "POST", body=SECRET.encode()),
        lambda url: Request(url.replace("//", f"//user:{SECRET}@")),
    ],
)
def test_a_redirect_to_another_address_is_refused_where_there_is_something_to_keep(
    serve: Serve, request_of: Any
) -> None:
    other = serve(Reply())
    server = serve(Reply(status=307, headers={"Location": f"{other.url}/ads"}))
    with QUICK.exchange() as exchange, pytest.raises(SourceRejected, match="another address"):
        exchange.ask(request_of(f"{server.url}/ads"), lambda answer: answer.body)
    assert (len(server.requests), len(other.requests)) == (1, 0)


def test_a_redirect_on_the_same_host_keeps_the_credentials(serve: Serve) -> None:
    server = serve(Reply(status=307, headers={"Location": "/there"}), reply_json({}))
    ask(server, HeaderKey("x-api-token", SECRET))
    assert server.requests[1].path == "/there"
    assert server.requests[1].headers["x-api-token"] == SECRET


def test_a_bare_download_may_be_redirected_to_another_host(serve: Serve) -> None:
    other = serve(reply_json([1]))
    server = serve(Reply(status=302, headers={"Location": f"{other.url}/file"}))
    assert QUICK.get_json(f"{server.url}/file?signature={SECRET}") == [1]
    assert other.requests[0].query == {}


def test_a_token_is_fetched_once_for_all_pages(serve: Serve) -> None:
    tokens = serve(token(1))
    server = serve(reply_json({"next": "a"}), reply_json({"next": "b"}), reply_json({}))
    ask(server, client_credentials(tokens, scope="ads.read"))
    (asked,) = tokens.requests
    assert (asked.method, asked.path) == ("POST", "/token")
    assert asked.form == {
        "grant_type": "client_credentials",
        "scope": "ads.read",
        "client_id": "app",
        "client_secret": SECRET,
    }
    assert [asked.headers["Authorization"] for asked in server.requests] == [
        f"Bearer {SECRET}-1"
    ] * 3


def test_a_token_is_fetched_once_for_all_threads(serve: Serve) -> None:
    tokens, server = serve(token(1)), serve(reply_json({}))
    auth, all_start = client_credentials(tokens), threading.Barrier(8)

    def pull(_: int) -> None:
        all_start.wait()
        ask(server, auth)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(pull, range(8)))
    assert (len(tokens.requests), len(server.requests)) == (1, 8)


def test_a_refused_token_is_replaced_once(serve: Serve) -> None:
    tokens = serve(token(1), token(2))
    server = serve(reply_json({"next": "a"}), Reply(status=401), reply_json({}))
    ask(server, client_credentials(tokens), HttpClient(waits_seconds=()))
    assert len(tokens.requests) == 2
    assert [asked.headers["Authorization"][-1] for asked in server.requests] == ["1", "1", "2"]


def test_a_refused_token_that_another_thread_has_replaced_is_not_replaced_again() -> None:
    asked: list[Request] = []

    def ask_json(request: Request) -> Any:
        asked.append(request)
        return {"access_token": f"{SECRET}-{len(asked)}"}

    auth = OAuth2ClientCredentials("https://login.example.com/token", "app", SECRET)
    auth.prepare(ask_json)
    auth.renew(ask_json, f"Bearer {SECRET}-1")
    auth.renew(ask_json, f"Bearer {SECRET}-1")
    assert len(asked) == 2


def test_a_new_token_that_is_refused_too_is_the_end(serve: Serve) -> None:
    tokens, server = serve(token(1), token(2)), serve(Reply(status=401))
    with pytest.raises(SourceRejected, match=r"401 Unauthorized .*check the credentials"):
        ask(server, client_credentials(tokens))
    assert (len(tokens.requests), len(server.requests)) == (2, 2)


def test_a_plain_token_that_is_refused_is_the_end(serve: Serve) -> None:
    server = serve(Reply(status=401))
    with pytest.raises(SourceRejected, match="check the credentials"):
        ask(server, Bearer(SECRET))
    assert len(server.requests) == 1


@pytest.mark.parametrize(("expires_in", "fetched"), [(0, 3), ("0", 3), (None, 1), ("soon", 1)])
def test_a_token_is_replaced_when_it_ends(serve: Serve, expires_in: Any, fetched: int) -> None:
    tokens = serve(token(1, expires_in=expires_in))
    server = serve(reply_json({"next": "a"}), reply_json({"next": "b"}), reply_json({}))
    ask(server, client_credentials(tokens))
    assert len(tokens.requests) == fetched


def test_a_refresh_token_that_was_replaced_is_used_from_then_on(serve: Serve) -> None:
    replaced = {"refresh_token": "second"}
    tokens = serve(token(1, **replaced), token(2))
    server = serve(Reply(status=401), reply_json({}))
    auth = OAuth2RefreshToken(f"{tokens.url}/token", "app", SECRET, "first", client_auth="basic")
    ask(server, auth)
    assert [asked.form for asked in tokens.requests] == [
        {"grant_type": "refresh_token", "refresh_token": "first"},
        {"grant_type": "refresh_token", "refresh_token": "second"},
    ]
    credentials = b64encode(f"app:{SECRET}".encode()).decode()
    assert {asked.headers["Authorization"] for asked in tokens.requests} == {f"Basic {credentials}"}


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (
            reply_json({"error": "invalid_grant", "error_description": SECRET}, status=400),
            SourceRejected,
            "ADS API's token address .* 400 Bad Request with error invalid_grant .*the credentials",
        ),
        (Reply(status=503), SourceUnavailable, "ADS API's token address unavailable"),
        (reply_json({"token": SECRET}), SourceRejected, "its answer holds no access_token"),
        (reply_json([SECRET]), SourceRejected, "its answer holds no access_token"),
        (
            Reply(status=307, headers={"Location": "http://127.0.0.1:1/"}),
            SourceRejected,
            "it leads to another address",
        ),
    ],
    ids=["refused", "unavailable", "no token", "no object", "redirect"],
)
def test_without_a_token_nothing_is_asked(
    serve: Serve,
    reply: Reply,
    error: type[Exception],
    words: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tokens, server = serve(reply), serve(reply_json({}))
    auth = OAuth2RefreshToken(f"{tokens.url}/token?key={SECRET}", "app", SECRET, SECRET)
    with caplog.at_level(logging.DEBUG), pytest.raises(error, match=words) as caught:
        fetch_pages(QUICK, Request(server.url, auth=auth), name="ADS API")
    assert server.requests == []
    told = [f"{failure!r} {failure}" for failure in _chain(caught.value)]
    assert SECRET not in f"{told} {caplog.text}"


def test_no_token_is_shown(serve: Serve) -> None:
    tokens, server = serve(token(1)), serve(reply_json({}))
    for auth in (
        client_credentials(tokens),
        OAuth2RefreshToken(tokens.url, "app", SECRET, f"{SECRET} too"),
    ):
        ask(server, auth)
        assert SECRET not in repr(auth)
        assert auth == auth.__class__(**_given(auth))


def _given(auth: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(auth).items() if not name.startswith("_")}
