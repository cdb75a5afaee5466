"""Which addresses can be asked, by which way, and what is never said about them."""

import logging
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
import requests

from admira.errors import AdmiraError, SourceRejected, SourceUnavailable
from admira.sources.http import HttpClient

from .loopback import QUICK, Loopback, Reply, Serve, closed_port, reply_json

GOOD = reply_json([{"clicks": 1}])
SECRET = "s3cr3t"  # noqa: S105 - a secret to look for


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ads.json",
        "ftp://example.com/ads",
        "s3://bucket/ads",
        "http://",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:port/",
        "http://*.example.com/",
        "http://.example.com/",
        "http://exa mple.com/\x00",
        "http://" + "a" * 70 + ".com/",
        "https://\ud800/",
    ],
)
def test_an_address_that_cannot_be_asked_is_rejected(url: str) -> None:
    with pytest.raises(SourceRejected, match="not a valid http or https URL"):
        QUICK.get_json(url)


@pytest.mark.parametrize("location", ["http://[::1", "ftp://example.com/", "http://127.0.0.1:x/"])
def test_a_redirect_to_nowhere_is_rejected(serve: Serve, location: str) -> None:
    server = serve(Reply(status=302, headers={"Location": location}))
    with pytest.raises(SourceRejected, match="not a valid http or https URL"):
        QUICK.get_json(server.url)
    assert len(server.requests) == 1


def _secret_url(server: Loopback) -> str:
    return f"http://user:{SECRET}@{server.host}/ads?token={SECRET}"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=500),
        Reply(status=401),
        Reply(hang_up=True),
        Reply((b"<html>",)),
        Reply((b"[",), length=99),
        Reply(wait_seconds=30),
        Reply(status=302, headers={"Location": f"http://[?token={SECRET}"}),
        Reply(headers={"A B": "no header"}),
    ],
    ids=lambda reply: f"{reply.status}",
)
def test_no_secret_of_the_address_is_told(
    serve: Serve, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(reply)
    client = HttpClient(timeout_seconds=1, waits_seconds=(0.01,))
    with caplog.at_level(logging.DEBUG):
        try:
            client.get_json(_secret_url(server), params={"key": SECRET}, name="ADS API")
        except AdmiraError as error:
            told = _chain(error)
        else:
            told = []
    assert server.requests[0].query == {"token": SECRET, "key": SECRET}
    assert SECRET not in f"{told} {caplog.text} {client!r}"


@pytest.mark.parametrize("host", [f"127.0.0.1:{closed_port()}", "nowhere.invalid"], ids=[1, 2])
def test_no_secret_of_an_address_that_nobody_answers_is_told(host: str) -> None:
    client = HttpClient(waits_seconds=(0.01,))
    with pytest.raises(SourceUnavailable) as caught:
        client.get_json(f"http://user:{SECRET}@{host}/ads?token={SECRET}")
    assert SECRET not in str(_chain(caught.value))


def _chain(error: BaseException | None) -> list[str]:
    """Write an error and all that it hangs on, shown or not."""
    if error is None:
        return []
    return [f"{error!r} {error}", *_chain(error.__cause__), *_chain(error.__context__)]


def test_the_log_of_other_requests_stays_as_it_was(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(GOOD)
    with caplog.at_level(logging.DEBUG, "urllib3"):
        QUICK.get_json(f"{server.url}/ours")
        requests.get(f"{server.url}/theirs", timeout=5)
    assert "/ours" not in caplog.text
    assert "/theirs" in caplog.text


def test_this_machine_is_asked_past_any_proxy(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert QUICK.get_json(serve(GOOD).url) == [{"clicks": 1}]


def test_a_proxy_that_is_down_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(SourceUnavailable, match="proxy"):
        QUICK.get_json("http://api.example.com/ads")


def test_plain_http_behind_https_is_unavailable(serve: Serve) -> None:
    server = serve(GOOD)
    with pytest.raises(SourceUnavailable, match="no secure connection could be made"):
        QUICK.get_json(server.url.replace("http:", "https:"))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_a_certificate_of_ones_own_is_refused_until_it_is_named(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, certificate = serve(GOOD), _certificate(tmp_path)
    server.use_tls(_tls_context(certificate))
    url = server.url.replace("http:", "https:")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SourceRejected, match="certificate is not trusted here"):
        QUICK.get_json(url)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    assert QUICK.get_json(url) == [{"clicks": 1}]


def _certificate(folder: Path) -> Path:
    """Make a self-signed certificate for this machine, its key in the same file."""
    made = folder / "self.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(folder / "key.pem"), "-out", str(made)),
        ],
        check=True,
        capture_output=True,
    )
    made.write_text(made.read_text() + (folder / "key.pem").read_text())
    return made


def _tls_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
