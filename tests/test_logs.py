"""What is logged: nothing unless asked, one object a line, one request id, and nothing private."""

import json
import logging
import logging.handlers
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import admira
from admira.datasets import worked_example
from admira.errors import OptionError, SourceError
from tests.sources.loopback import Loopback, Reply, reply_json, serving

EXAMPLE = worked_example()
MANDATORY = {"timestamp", "level", "event", "request_id", "endpoint", "status", "duration_ms"}
SECRETS = ("s3cr3t", "t0ken", "h3ader", "passw0rd", "since=", "ana@example.com", "@")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "logs" / "admira.log"
    handler = admira.configure_logging(path=path, level="DEBUG")
    yield path
    logging.getLogger("admira").removeHandler(handler)
    logging.getLogger("admira").setLevel(logging.NOTSET)
    handler.close()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def quick() -> admira.HttpClient:
    return admira.HttpClient(timeout_seconds=20, waits_seconds=(0.0, 0.0))


def urls(server: Loopback) -> dict[str, Any]:
    with_secrets = server.url.replace("http://", "http://me:passw0rd@")
    ads = admira.Request(
        f"{server.url}/ads?token=t0ken", headers={"Authorization": "Bearer h3ader"}
    )
    return {"ads": ads, "crm": f"{with_secrets}/crm?key=s3cr3t"}


# What a line holds


def test_every_line_of_an_ingest_parses_and_carries_the_mandatory_fields(log: Path) -> None:
    store = admira.open_store("memory:")
    with serving(Reply(status=500), reply_json(EXAMPLE.ads), reply_json(EXAMPLE.crm)) as server:
        report = admira.ingest(
            store, **urls(server), client=quick(), max_workers=1, since="2025-08-01", run_id="r-1"
        )
    found = lines(log)
    assert all(set(line) >= MANDATORY for line in found)
    assert {line["request_id"] for line in found} == {"r-1"}
    assert report.run_id == store.runs()["run_id"].iloc[0] == "r-1"
    (retry,) = [line for line in found if line["event"] == "http.retry_scheduled"]
    assert (retry["endpoint"], retry["level"]) == ("extract.ads", "warning")
    ends = [line["endpoint"] for line in found if line["event"] == "operation.finished"]
    assert ends == ["extract.ads", "extract.crm", "extract.run", "ingest.run"]
    last = found[-1]
    assert last["status"] == "ok"
    assert last["timestamp"].endswith("+00:00")
    assert last["duration_ms"] >= max(line["duration_ms"] for line in found[:-1])
    assert (report.retries, store.runs()["retries"].tolist()) == (1, [1, 1])


def test_a_failure_is_an_error_with_its_reason(log: Path) -> None:
    store = admira.open_store("memory:")
    with serving(Reply(status=403)) as server, pytest.raises(SourceError):
        admira.ingest(store, **urls(server), client=quick(), run_id="r-1")
    last = lines(log)[-1]
    assert (last["event"], last["endpoint"]) == ("operation.failed", "ingest.run")
    assert (last["level"], last["status"], last["error"]) == ("error", "error", "SourceRejected")
    assert "403" in last["reason"]
    inner = [line for line in lines(log) if line["endpoint"] == "extract.ads"]
    assert inner[-1]["level"] == "warning"  # the ingest may be told to do without it


def test_questions_are_named_by_what_they_ask(log: Path) -> None:
    store = admira.demo()
    log.write_text("")
    store.metrics("channel")
    store.metrics(["date", "campaign_id"])
    store.metrics([])
    with pytest.raises(OptionError):
        store.metrics(["ana@example.com"])
    store.reconcile()
    ends = [
        (line["endpoint"], line["status"])
        for line in lines(log)
        if line["event"].startswith("operation.")
    ]
    assert ends == [
        ("metrics.channel", "ok"),
        ("metrics.date_campaign_id", "ok"),
        ("metrics.total", "ok"),
        ("metrics.other", "error"),
        ("facts.run", "ok"),
        ("reconcile.run", "ok"),
    ]
    ids = [line["request_id"] for line in lines(log) if line["event"].startswith("operation.")]
    assert len({*ids}) == 5  # reconcile and its facts are one
    assert ids[-1] == ids[-2]


def test_an_operation_around_gives_its_name_to_all_in_it(log: Path) -> None:
    store = admira.open_store("memory:")
    with admira.operation("morning.kpis", request_id="m-1") as morning:
        report = admira.ingest(store, ads=EXAMPLE.ads, crm=EXAMPLE.crm)
        store.metrics("channel")
    assert report.run_id == morning.request_id == "m-1"
    assert {line["request_id"] for line in lines(log)} == {"m-1"}
    admira.normalize(admira.extract_ads(EXAMPLE.ads))
    outside = lines(log)[-1]
    assert outside["event"] == "ads.normalized"
    assert [outside[name] for name in ("request_id", "endpoint", "duration_ms")] == [None] * 3


# Nothing private


def test_no_secret_query_or_address_of_a_person_is_logged(log: Path) -> None:
    rows = [*EXAMPLE.ads, {**EXAMPLE.ads[0], "campaign_id": "x", "clicks": "ana@example.com"}]
    people = [{**each, "contact_email": "ana@example.com"} for each in EXAMPLE.crm]
    people[0]["stage"] = "s3cr3t"
    store = admira.open_store("memory:")
    with serving(
        Reply(status=503),
        reply_json(rows),
        reply_json({"detail": "s3cr3t"}, status=500),
        reply_json(people),
    ) as server:
        report = admira.ingest(
            store, **urls(server), client=quick(), max_workers=1, since="2025-08-01"
        )
        assert report["ads"].rejected_rows == 1
        assert report["crm"].accepted == len(people)
        assert "t0ken" in server.requests[0].query.values()
        assert server.requests[0].headers["Authorization"] == "Bearer h3ader"
        server.play(reply_json({"detail": "s3cr3t t0ken"}, status=401))
        with pytest.raises(SourceError):
            admira.ingest(store, **urls(server), client=quick(), max_workers=1)
    text = log.read_text(encoding="utf-8")
    assert "http.retry_scheduled" in text
    assert "operation.failed" in text
    for secret in SECRETS:
        assert secret not in text, secret
    history = store.runs().to_csv()
    for secret in SECRETS:
        assert secret not in history, secret


def test_what_a_message_holds_by_mistake_is_left_out(log: Path) -> None:
    with pytest.raises(OptionError), admira.operation("test.run"):
        raise OptionError("url", "https://u:passw0rd@api/ads?token=t0ken of ana@example.com", [])
    text = log.read_text(encoding="utf-8")
    assert "https://api/ads of (e-mail)" in text
    assert not any(secret in text for secret in SECRETS)


# Where it goes


def test_nothing_is_written_unless_it_is_asked_for() -> None:
    script = "import admira; s = admira.demo(); s.metrics('channel', channel='x')"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == ("", "")


def test_without_a_path_it_goes_to_standard_error() -> None:
    script = "import admira; admira.configure_logging(); admira.extract_ads([])"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == ""
    assert {"extract.run"} < {json.loads(line)["endpoint"] for line in run.stderr.splitlines()}


def test_a_second_call_replaces_the_first(log: Path, tmp_path: Path) -> None:
    handler = admira.configure_logging(json=False, path=tmp_path / "plain.log")
    with admira.operation("test.run", request_id="t-1"):
        pass
    logging.getLogger("admira").removeHandler(handler)
    handler.close()
    assert log.read_text() == ""
    (line,) = (tmp_path / "plain.log").read_text().splitlines()
    assert " INFO operation.finished request_id=t-1 endpoint=test.run status=ok " in line


def test_each_day_has_its_file_and_thirty_are_kept(log: Path) -> None:
    handler = logging.getLogger("admira").handlers[-1]
    assert isinstance(handler, logging.handlers.TimedRotatingFileHandler)
    assert (handler.when, handler.utc, handler.backupCount) == ("MIDNIGHT", True, 30)
    for day in range(40):
        handler.rolloverAt = int(time.time()) - 86_400 * (40 - day)
        with admira.operation("test.run", request_id=f"day-{day}"):
            pass
    kept = sorted(each.name for each in log.parent.iterdir())
    assert len(kept) == 31
    assert lines(log)[-1]["request_id"] == "day-39"


def test_a_day_that_another_process_moved_aside_stays(log: Path) -> None:
    handler = logging.getLogger("admira").handlers[-1]
    assert isinstance(handler, logging.handlers.TimedRotatingFileHandler)
    yesterday = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86_400))
    aside = log.with_name(f"admira.log.{yesterday}")
    aside.write_text("yesterday\n")
    log.write_text("today, by another process\n")
    handler.rolloverAt = int(time.time()) // 86_400 * 86_400
    with admira.operation("test.run"):
        pass
    assert aside.read_text() == "yesterday\n"
    assert log.read_text().startswith("today, by another process\n{")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"level": "LOUD"}, "level='LOUD' is not understood; expected one of: DEBUG"),
        ({"keep_days": 0}, "keep_days=0 is not understood"),
        ({"path": "/proc/none/admira.log"}, "a file that can be written"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(options: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        admira.configure_logging(**options)
