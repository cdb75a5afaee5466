"""export_metrics against a receiver that checks the bytes it got by itself, without admira."""

import hashlib
import hmac
import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import admira
from admira import ExportError, HttpClient, OptionError, ReconciliationError, SettingsError
from tests.sources.loopback import QUICK, Loopback, Reply, Request, Serve, closed_port, serving

SECRET = "a secret of two"  # noqa: S105 - shared with the receiver of these tests
NOW = datetime(2025, 9, 1, 6, tzinfo=UTC)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start receivers that play the replies given, and stop them after the test."""
    with ExitStack() as receivers:

        def start(*replies: Reply) -> Loopback:
            return receivers.enter_context(serving(*replies))

        yield start


@pytest.fixture(autouse=True)
def no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in an empty folder, with no receiver named."""
    monkeypatch.chdir(tmp_path)
    for name in ("SINK_URL", "SINK_SECRET"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def store() -> admira.Store:
    example = admira.datasets.worked_example()
    return admira.load(ads=example.ads, crm=example.crm, store="memory:")


@pytest.fixture(scope="module")
def kpis(store: admira.Store) -> pd.DataFrame:
    return store.metrics("channel")


def is_genuine(request: Request) -> bool:
    """Check a signature as a receiver would who never heard of admira."""
    expected = hmac.new(SECRET.encode(), request.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, request.headers["X-Signature"])


def send(server: Loopback, kpis: Any, **options: Any) -> admira.ExportReceipt:
    given = {"date": "2025-08-31", "secret": SECRET, "client": QUICK, "now": NOW} | options
    return admira.export_metrics(kpis, url=f"{server.url}/kpis?token=hush", **given)


def test_the_receiver_can_check_what_it_got(serve: Serve, kpis: pd.DataFrame) -> None:
    server = serve(Reply(status=201))
    receipt = send(server, kpis, request_id="run-7")
    (request,) = server.requests
    assert is_genuine(request)
    assert (request.method, request.headers["Content-Type"]) == ("POST", "application/json")
    assert request.body == receipt.body
    assert request.headers["X-Signature"] == receipt.signature
    assert admira.verify_signature(
        request.body, request.headers["X-Signature"], ["next", SECRET], max_age_seconds=60, now=NOW
    )
    sent = request.json
    assert {name: value for name, value in sent.items() if name != "rows"} == {
        "currency": "EUR",
        "date": "2025-08-31",
        "exported_at": "2025-09-01T06:00:00.000Z",
        "grain": None,
        "request_id": "run-7",
        "schema_version": admira.SCHEMA_VERSION,
        "scope": "all",
    }
    google = next(row for row in sent["rows"] if row["channel"] == "google_ads")
    assert (google["clicks"], google["cost"], google["revenue"]) == (2200, 650.75, 5000)
    assert next(row for row in sent["rows"] if row["channel"] == "(untagged)")["roas"] is None
    assert request.headers["X-Request-Id"] == "run-7"
    assert (receipt.status, receipt.rows, receipt.receiver) == (201, 4, server.host)
    assert receipt.to_dict()["exported_at"] == "2025-09-01T06:00:00.000Z"
    json.dumps(receipt.to_dict())


def test_log_report_run_history_and_export_share_one_request_id(
    serve: Serve, tmp_path: Path
) -> None:
    server, example = serve(Reply()), admira.datasets.worked_example()
    store, log = admira.open_store("memory:"), tmp_path / "admira.log"
    handler = admira.configure_logging(path=log)
    try:
        with admira.operation("morning.kpis") as morning:
            report = admira.ingest(store, ads=example.ads, crm=example.crm)
            receipt = send(server, store.metrics("channel"))
    finally:
        logging.getLogger("admira").removeHandler(handler)
        handler.close()
    ids = {json.loads(line)["request_id"] for line in log.read_text().splitlines()}
    body = json.loads(server.requests[0].body)
    ids |= {report.run_id, receipt.request_id, body["request_id"], *store.runs()["run_id"]}
    assert ids == {morning.request_id}
    endpoints = {json.loads(line)["endpoint"] for line in log.read_text().splitlines()}
    assert {"ingest.run", "metrics.channel", "export.run", "morning.kpis"} <= endpoints


def test_500_then_200_delivers_once(serve: Serve, kpis: pd.DataFrame) -> None:
    server = serve(Reply(status=500), Reply(status=200))
    receipt = send(server, kpis)
    first, second = server.requests
    assert first.body == second.body == receipt.body
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert is_genuine(second)


def test_a_receiver_that_hangs_up_is_asked_again_with_the_same_key(
    serve: Serve, kpis: pd.DataFrame
) -> None:
    server = serve(Reply(hang_up=True), Reply(status=204, body=()))
    assert send(server, kpis).status == 204
    assert len({request.headers["Idempotency-Key"] for request in server.requests}) == 1


def test_400_fails_at_once_with_what_it_said(serve: Serve, kpis: pd.DataFrame) -> None:
    server = serve(Reply(body=(b"no such\n tenant " + b"x" * 300,), status=400))
    with pytest.raises(ExportError) as caught:
        send(server, kpis)
    assert len(server.requests) == 1
    error = caught.value
    assert error.status == 400
    assert error.answer == "no such\n tenant " + "x" * 184
    assert str(error) == (
        f"The receiver refused the KPIs: it answered 400 Bad Request ({server.host}); check the "
        f"request. It said: no such tenant {'x' * 184}"
    )
    assert error.__context__ is None


def test_an_error_repeats_no_secret_that_the_receiver_echoes(
    serve: Serve, kpis: pd.DataFrame, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(Reply(status=200))
    signature = send(server, kpis, request_id="run-7").signature
    echo = f"{'-' * 188} {SECRET} {signature} token=hush"
    server.play(Reply(body=(echo.encode(),), status=403))
    with caplog.at_level(logging.DEBUG), pytest.raises(ExportError) as caught:
        send(server, kpis, request_id="run-7")
    for shown in (str(caught.value), caught.value.answer, caplog.text):
        assert "secret" not in shown
        assert "hush" not in shown
        assert signature not in shown
    assert caught.value.answer == f"{'-' * 188} *** *** ***"


def test_after_the_last_wait_it_says_how_often_it_tried(serve: Serve, kpis: pd.DataFrame) -> None:
    server = serve(Reply(body=(b"busy",), status=503))
    with pytest.raises(ExportError, match=r"4 tries failed.*try again later\. It said: busy$") as e:
        send(server, kpis)
    assert (e.value.status, e.value.answer, len(server.requests)) == (503, "busy", 4)


def test_a_receiver_that_is_not_there_is_an_export_error(kpis: pd.DataFrame) -> None:
    url = f"http://127.0.0.1:{closed_port()}/"
    with pytest.raises(ExportError, match="the connection was refused; try again later") as caught:
        admira.export_metrics(kpis, date="2025-08-31", url=url, secret=SECRET, client=QUICK)
    assert caught.value.status is None
    assert caught.value.answer == ""


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_drops_the_body_is_no_acknowledgement(
    serve: Serve, kpis: pd.DataFrame, status: int
) -> None:
    server = serve(Reply(status=status, headers={"Location": "/there"}), Reply(status=200))
    with pytest.raises(ExportError, match=r"redirects with 30. .*drops what was posted"):
        send(server, kpis)
    assert len(server.requests) == 1


def test_a_redirect_on_the_same_host_that_keeps_the_body_is_followed(
    serve: Serve, kpis: pd.DataFrame
) -> None:
    server = serve(Reply(status=308, headers={"Location": "/there"}), Reply(status=200))
    send(server, kpis)
    assert (server.requests[1].path, server.requests[1].method) == ("/there", "POST")
    assert is_genuine(server.requests[1])


def test_no_other_host_gets_the_kpis(serve: Serve, kpis: pd.DataFrame) -> None:
    other = serve(Reply(status=200))
    server = serve(Reply(status=307, headers={"Location": f"{other.url}/kpis"}))
    with pytest.raises(ExportError, match="leads to another address"):
        send(server, kpis)
    assert not other.requests


def test_a_replay_is_recognised_by_its_key(
    serve: Serve, store: admira.Store, kpis: pd.DataFrame
) -> None:
    server = serve(Reply(status=200))
    later = datetime(2025, 9, 2, tzinfo=UTC)
    taken: dict[str, bytes] = {}
    for sent in (kpis, store.metrics("channel"), kpis.astype({"clicks": "Int32"})):
        send(server, sent, now=later)
        send(server, sent)
    for request in server.requests:
        taken.setdefault(request.headers["Idempotency-Key"], request.body)
    assert len(taken) == 1
    assert len({request.headers["X-Signature"] for request in server.requests}) > 1
    send(server, kpis, date="2025-08-30")
    send(server, kpis.assign(cost=kpis["cost"] + 0.01))
    assert len({request.headers["Idempotency-Key"] for request in server.requests}) == 3


def test_kpis_that_differ_from_their_facts_are_not_sent(
    serve: Serve, store: admira.Store, kpis: pd.DataFrame
) -> None:
    server = serve(Reply(status=200))
    facts = store.facts()
    with pytest.raises(ReconciliationError, match=r"cost: 850\.75.* in, 850\.85.* Nothing was se"):
        send(server, kpis.assign(cost=kpis["cost"] + 0.025), facts=facts)
    with pytest.raises(ReconciliationError, match="leads"):
        send(server, kpis.head(2), facts=facts)
    with pytest.raises(admira.SchemaMismatch, match="metrics rows lack 'clicks'"):
        send(server, kpis[["channel", "roas"]], facts=facts)
    assert not server.requests
    send(server, kpis, facts=facts)
    send(server, store.metrics("channel", scope="paid"), facts=facts)
    send(server, store.metrics(["date", "campaign_id"]), facts=facts)
    assert len(server.requests) == 3


def test_each_currency_reconciles_by_itself(serve: Serve, store: admira.Store) -> None:
    server = serve(Reply(status=200))
    facts = store.facts().assign(currency=lambda rows: rows["channel"].str[:3].str.upper())
    kpis = admira.compute_metrics(facts, by=["currency"])
    send(server, kpis, facts=facts)
    swapped = kpis.assign(cost=kpis["cost"].to_numpy()[::-1])
    with pytest.raises(ReconciliationError, match=r"cost in MET: 200\.0+ in, 0\.0+ out"):
        send(server, swapped, facts=facts)


def test_no_rows_are_an_export_too(serve: Serve, store: admira.Store) -> None:
    server = serve(Reply(status=200))
    send(
        server, store.metrics("channel", start="2030-01-01"), facts=store.facts(start="2030-01-01")
    )
    assert server.requests[0].json["rows"] == []


def test_the_receiver_and_the_secret_come_from_the_settings(
    serve: Serve, kpis: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = serve(Reply(status=200))
    monkeypatch.setenv("SINK_URL", f"{server.url}/from/environment")
    with pytest.raises(SettingsError, match=r"^SINK_SECRET should be set to what signs KPIs"):
        admira.export_metrics(kpis, date="2025-08-31")
    (tmp_path / ".env").write_text(f"SINK_SECRET='{SECRET}'\n", encoding="utf-8")
    admira.export_metrics(kpis, date="2025-08-31")
    assert server.requests[0].path == "/from/environment"
    assert is_genuine(server.requests[0])


def test_without_a_receiver_nothing_is_done(kpis: pd.DataFrame) -> None:
    with pytest.raises(
        SettingsError, match=r"^SINK_URL should be set to where KPIs are sent, or g"
    ):
        admira.export_metrics(kpis, date="2025-08-31", secret=SECRET)


@pytest.mark.parametrize(
    "options",
    [{"date": "someday"}, {"date": None}, {"now": datetime(2025, 9, 1)}],  # noqa: DTZ001
)
def test_a_day_that_is_none_and_a_moment_without_a_zone_are_refused(
    serve: Serve, kpis: pd.DataFrame, options: dict[str, Any]
) -> None:
    server = serve(Reply(status=200))
    with pytest.raises(OptionError):
        send(server, kpis, **options)
    assert not server.requests


def test_a_circuit_that_is_open_is_an_export_error(serve: Serve, kpis: pd.DataFrame) -> None:
    server = serve(Reply(status=500))
    client = HttpClient(waits_seconds=(), circuit_opens_after=1)
    with pytest.raises(ExportError, match="1 try failed"):
        send(server, kpis, client=client)
    with pytest.raises(ExportError, match="circuit open until"):
        send(server, kpis, client=client)
    assert len(server.requests) == 1
