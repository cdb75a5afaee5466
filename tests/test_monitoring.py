"""What Prometheus and a doctor are told, and that alerts and dashboard ask for what there is."""

import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

import admira
from admira.cli import app
from admira.datasets import worked_example
from admira.errors import OptionError, SourceError
from admira.monitoring.gauges import StoreGauges
from admira.monitoring.recorder import Recorder
from tests.sources.loopback import Reply, closed_port, reply_json, serving

EXAMPLE = worked_example()
OPS = Path(__file__).parents[1] / "data" / "ops"
BAD = {**EXAMPLE.ads[0], "campaign_id": "C-9", "clicks": "many"}


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Read metrics as ``(name, label value, …)`` to figure, the labels in the order of names."""
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def asked(server: Any) -> dict[tuple[str, ...], float]:
    with urlopen(f"http://127.0.0.1:{server.port}/metrics") as answer:
        return samples(answer.read().decode())


# Counters and gauges


def test_a_server_counts_operations_errors_retries_and_rows(tmp_path: Path) -> None:
    store = admira.open_store(tmp_path / "store")
    client = admira.HttpClient(waits_seconds=(0.0,))
    with admira.start_metrics_server(0, store=store) as metrics:
        assert asked(metrics)["admira_store_up",] == 0
        replies = (Reply(status=500), reply_json([*EXAMPLE.ads, BAD]), reply_json(EXAMPLE.crm))
        with serving(*replies) as api:
            label = f"{api.url}/ads"
            admira.ingest(
                store, ads=f"{label}?key=s3cr3t", crm=f"{api.url}/crm", client=client, max_workers=1
            )
        with pytest.raises(OptionError):
            store.metrics("nothing")
        store.metrics("channel")
        found = asked(metrics)
    assert found["admira_operations_total", "ingest.run", "ok"] == 1
    assert found["admira_operations_total", "extract.ads", "ok"] == 1
    assert found["admira_operations_total", "metrics.other", "error"] == 1
    assert found["admira_operations_total", "metrics.channel", "ok"] == 1
    assert found["admira_operation_seconds_count", "metrics.channel"] == 1
    assert found["admira_retries_total", label] == 1
    rows = {
        name: found["admira_rows_total", "ads", name, label] for name in ("fetched", "rejected")
    }
    assert rows == {"fetched": 5, "rejected": 1}
    assert found["admira_ingest_rows_per_second",] > 0
    assert found["admira_store_up",] == 1
    assert found["admira_runs", "ok"] == 1
    assert found["admira_store_rows", "crm"] == 6
    files = [each for each in (tmp_path / "store").rglob("*") if each.is_file()]
    assert found["admira_store_bytes",] == sum(each.stat().st_size for each in files)
    mark = datetime(2025, 8, 3, tzinfo=UTC).timestamp()
    assert found["admira_watermark_timestamp_seconds", "ads", label] == mark
    ended = store.runs()["started_at"].iloc[-1] + timedelta(
        seconds=store.runs()["seconds"].iloc[-1]
    )
    assert found["admira_last_success_timestamp_seconds",] == pytest.approx(ended.timestamp())


TOTAL = {"endpoint": "metrics.total", "status": "ok"}


def test_a_closed_server_counts_no_more_and_frees_its_port() -> None:
    with admira.start_metrics_server(0) as first:
        port = first.port
    store = admira.open_store("memory:")
    store.metrics([])
    assert first.registry.get_sample_value("admira_operations_total", TOTAL) is None
    with admira.start_metrics_server(port) as second:
        assert not [name for name in asked(second) if name[0] == "admira_operations_total"]
        with pytest.raises(OptionError, match=f"port={port} is not understood; .*listened on"):
            admira.start_metrics_server(port)


@pytest.mark.parametrize("port", [-1, 65536, "9464", True, 1.5])
def test_a_port_that_is_none_is_refused(port: Any) -> None:
    with pytest.raises(OptionError, match="expected one of: a port, 0 to 65535"):
        admira.start_metrics_server(port)


def test_three_failed_ingests_in_a_row_show(tmp_path: Path) -> None:
    path, store = tmp_path / "admira.prom", admira.open_store(tmp_path / "store")
    admira.ingest(store, ads=EXAMPLE.ads, crm=EXAMPLE.crm)
    for failed in (1, 2, 3):
        with pytest.raises(SourceError), admira.metrics_file(path, store=store):
            admira.ingest(store, ads="/nowhere/ads.json", crm=[])
        found = samples(path.read_text())
        assert found["admira_failed_runs_in_a_row",] == failed
        assert found["admira_operations_total", "ingest.run", "error"] == failed
    with admira.metrics_file(path, store=tmp_path / "store"):
        admira.ingest(store, ads=EXAMPLE.ads, crm=EXAMPLE.crm)
    found = samples(path.read_text())
    assert found["admira_failed_runs_in_a_row",] == 0
    assert (found["admira_runs", "ok"], found["admira_runs", "error"]) == (2, 3)


def test_the_text_file_counts_on_over_processes(tmp_path: Path) -> None:
    path = tmp_path / "admira.prom"
    script = (
        f"import admira; s = admira.open_store('memory:')\n"
        f"with admira.metrics_file({str(path)!r}): s.metrics('channel')"
    )
    for _ in range(2):
        subprocess.run([sys.executable, "-c", script], check=True)
    found = samples(path.read_text())
    assert found["admira_operations_total", "metrics.channel", "ok"] == 2
    assert found["admira_operation_seconds_count", "metrics.channel"] == 2
    assert found["admira_operation_seconds_bucket", "metrics.channel", "+Inf"] == 2
    assert found["admira_operation_seconds_sum", "metrics.channel"] > 0


def test_a_file_of_something_else_is_told_of_before_the_work(tmp_path: Path) -> None:
    path = tmp_path / "notes.prom"
    path.write_text("buy milk {")
    with pytest.raises(OptionError, match="a file of metrics"), admira.metrics_file(path):
        pytest.fail("the work began")
    with pytest.raises(OptionError, match=r"ends in \.prom"), admira.metrics_file("metrics.txt"):
        pytest.fail("the work began")
    assert path.read_text() == "buy milk {"


def test_the_works_error_comes_first(tmp_path: Path) -> None:
    folder = tmp_path / "file"
    folder.write_text("")
    with (
        pytest.raises(OptionError, match="a file that can be"),
        admira.metrics_file(folder / "admira.prom"),
    ):
        pass
    work = KeyError("the work's own")
    with pytest.raises(KeyError), admira.metrics_file(tmp_path / "sub" / "admira.prom"):
        raise work
    assert (tmp_path / "sub" / "admira.prom").exists()


def test_a_store_that_cannot_be_read_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    store, path = admira.open_store(tmp_path / "store"), tmp_path / "admira.prom"
    admira.ingest(store, ads=EXAMPLE.ads, crm=EXAMPLE.crm)
    (tmp_path / "store/_admira/settings.json").write_text("{}")
    with admira.metrics_file(path, store=tmp_path / "store"):
        admira.open_store("memory:").metrics([])
    found = samples(path.read_text())
    assert found["admira_store_up",] == 0
    assert not [name for name in found if name[0] == "admira_runs"]
    assert found["admira_operations_total", "metrics.total", "ok"] == 1


# Alerts and dashboard


def exported() -> set[str]:
    """Give the name of every sample that admira can export."""
    store = admira.open_store("memory:")
    admira.ingest(store, ads=EXAMPLE.ads, crm=EXAMPLE.crm)
    families = [*Recorder().registry.collect(), *StoreGauges(store).collect()]
    names = {"admira_store_bytes"}  # of stores on disk
    for family in families:
        endings = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
        names |= {family.name + ending for ending in endings.get(family.type, [""])}
    return names


def test_alerts_and_dashboard_ask_for_metrics_that_are_exported() -> None:
    rules = yaml.safe_load((OPS / "prometheus-alerts.yml").read_text())["groups"][0]["rules"]
    board = json.loads((OPS / "grafana-dashboard.json").read_text())
    shown = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked_for = {
        name
        for expression in (*(rule["expr"] for rule in rules), *shown)
        for name in re.findall(r"\badmira_\w+", expression)
    }
    assert asked_for <= exported()
    in_rules = {rule["alert"] for rule in rules if "alert" in rule}
    assert {"AdmiraErrorRate", "AdmiraSlowAnswers", "AdmiraIngestsFail"} < in_rules
    assert exported() - {name for name in asked_for if name in "".join(shown)} == {
        "admira_operation_seconds_sum",
        "admira_operation_seconds_count",
    }
    assert [panel["id"] for panel in board["panels"]] == [*range(1, len(board["panels"]) + 1)]


def test_readme_lists_every_metric_that_is_exported() -> None:
    text = (OPS.parents[1] / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(admira_\w+)` \|", text, re.MULTILINE))
    parts = {f"admira_operation_seconds_{part}" for part in ("bucket", "sum", "count")}
    assert listed == exported() - parts | {"admira_operation_seconds"}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_the_alerts_fire_when_they_should() -> None:
    for command in ("check", "test"):
        name = "prometheus-alerts.yml" if command == "check" else "prometheus-alerts.test.yml"
        done = subprocess.run(
            ["promtool", command, "rules", name],  # noqa: S607 - wherever it is installed
            cwd=OPS,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


# Health


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    paths = {}
    for name in ("ads", "crm"):
        paths[name] = tmp_path / f"{name}.json"
        paths[name].write_text(json.dumps(getattr(EXAMPLE, name)))
    now = datetime(2025, 8, 4, 6, tzinfo=UTC)
    admira.ingest(tmp_path / "store", **paths, now=now)
    return tmp_path / "store"


EARLY = datetime(2025, 8, 4, 8, tzinfo=UTC)


def bad(found: admira.Health) -> list[str]:
    return [check.name for check in found.checks if not check.is_ok]


def test_a_fresh_store_is_alive_and_ready(folder: Path) -> None:
    found = admira.health(folder, ads=folder.parent / "ads.json", crm=EXAMPLE.crm, now=EARLY)
    assert (found.is_alive, found.is_ready, bad(found)) == (True, True, [])
    names = [check.name for check in found.checks]
    assert names == ["store", "disk", "runs", "watermark", "source", "source"]
    assert "ads 4 rows from 2025-08-01 to 2025-08-02" in str(found)
    assert "2.0 hours ago, of at most 26; none failed since" in str(found)
    assert repr(found) == "<Health ready>"


def test_a_source_is_judged_by_the_newest_mark_of_its_address_at_any_port(tmp_path: Path) -> None:
    urls, store = [], tmp_path / "store"
    for day in (5, 7):
        rows = [{**row, "date": f"2025-08-0{day - 3}"} for row in EXAMPLE.ads[:1]]
        with serving(reply_json(rows)) as api:
            urls.append(f"{api.url}/ads")
            now = datetime(2025, 8, day, 6, tzinfo=UTC)
            admira.ingest(store, ads=urls[-1], crm=[], now=now)
    other = tmp_path / "more.json"
    other.write_text(json.dumps([{**EXAMPLE.ads[1], "date": "2025-08-01"}]))
    admira.ingest(store, ads=other, crm=[], now=datetime(2025, 8, 7, 7, tzinfo=UTC))
    found = admira.health(store, now=datetime(2025, 8, 7, 8, tzinfo=UTC))
    marks = sorted(check.detail for check in found.checks if check.name == "watermark")
    limit = "days ago, of at most 3; that was on 2025-08-07"
    assert marks == [
        f"ads from {other} read up to 2025-08-01, 6 {limit}",
        f"ads from {urls[1]} read up to 2025-08-04, 3 {limit}",
    ]
    assert bad(found) == ["watermark"]


def test_what_is_late_is_told(folder: Path) -> None:
    def late(**options: Any) -> list[str]:
        return bad(admira.health(folder, **{"now": EARLY, **options}))

    assert late(max_run_hours=1) == ["runs"]
    assert late(max_watermark_days=1) == ["watermark"]
    assert late(max_watermark_days=2) == []
    assert late(min_free_gigabytes=10**9) == ["disk"]
    assert late(now=EARLY + timedelta(days=9)) == ["runs", "watermark"]
    for day in (5, 6, 7):
        now = EARLY.replace(hour=7, minute=day)
        with pytest.raises(SourceError):
            admira.ingest(folder, ads="/nowhere/ads.json", crm=[], now=now)
    found = admira.health(folder, now=EARLY)
    assert bad(found) == ["runs"]
    assert "3 failed since" in str(found)
    assert (found.is_alive, found.is_ready) == (True, False)


def test_a_store_that_is_not_there_or_broken_is_not_alive(folder: Path, tmp_path: Path) -> None:
    assert not admira.health(tmp_path / "new").is_alive
    assert not (tmp_path / "new").exists()
    (folder / "_admira/settings.json").write_text("{}")
    found = admira.health(folder, now=EARLY)
    assert (found.is_alive, bad(found)) == (False, ["store"])
    assert "should hold the store's settings" in found.checks[0].detail


def test_a_store_on_s3_is_judged_alike_and_has_no_disk(bucket: str) -> None:
    assert not admira.health(bucket).is_alive
    admira.ingest(bucket, ads=EXAMPLE.ads, crm=EXAMPLE.crm, now=EARLY)
    found = admira.health(bucket, now=EARLY)
    assert (found.is_ready, [check.name for check in found.checks]) == (True, ["store", "runs"])
    with pytest.raises(SourceError):
        admira.ingest(bucket, ads="/nowhere/ads.json", crm=[], now=EARLY + timedelta(hours=1))
    found = admira.health(bucket, now=EARLY + timedelta(days=2))
    assert bad(found) == ["runs"]
    assert "1 failed since" in str(found)
    place, _, connection = bucket.partition("?")
    found = admira.health(f"{place}-of-nobody?{connection}")
    assert (found.is_alive, bad(found)) == (False, ["store"])


def test_a_source_is_asked_without_its_secrets(folder: Path) -> None:
    with serving(Reply(status=404)) as api:
        place = api.url.replace("http://", "http://me:passw0rd@") + "/ads?key=s3cr3t"
        found = admira.health(folder, ads=place, crm=f"{api.url}/crm", now=EARLY)
        assert bad(found) == []
        assert "s3cr3t" not in str(found)
        assert "passw0rd" not in str(found)
    place = f"http://127.0.0.1:{closed_port()}/ads?key=s3cr3t"
    found = admira.health(folder, ads=place, crm="/nowhere/*.json", now=EARLY)
    assert bad(found) == ["source", "source"]
    assert "does not answer (ConnectionError)" in str(found)
    assert "s3cr3t" not in str(found)


def test_a_source_that_is_down_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Reply(status=503, body=())) as api:
        monkeypatch.setenv("ADS_API_URL", f"{api.url}/ads?key=s3cr3t")
        found = admira.health(folder, now=EARLY)
        (asked_for,) = api.requests
    assert bad(found) == ["source"]
    assert "answers 503" in str(found)
    assert (asked_for.method, asked_for.path, asked_for.query) == ("HEAD", "/ads", {})


@pytest.mark.parametrize("name", ["max_run_hours", "max_watermark_days", "min_free_gigabytes"])
@pytest.mark.parametrize("limit", [-1, "1", True, float("nan")])
def test_a_limit_that_is_no_number_is_refused(name: str, limit: Any) -> None:
    options: dict[str, Any] = {name: limit}
    with pytest.raises(OptionError, match=f"{name}="):
        admira.health("memory:", **options)


def test_the_doctors_exit_code_says_how_it_is(folder: Path, tmp_path: Path) -> None:
    def doctor(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["doctor", *arguments])
        return done.exit_code, done.output

    late = ("--max-run-hours", "1000000", "--max-watermark-days", "100000")
    assert doctor("--store", str(folder), *late)[0] == 0
    code, told = doctor("--store", str(folder), "--json")
    assert code == 1
    assert json.loads(told)["is_alive"] is True
    assert doctor("--store", str(tmp_path / "new"))[0] == 3
    ads = f"google_ads_csv={tmp_path / 'none.csv'}"
    code, told = doctor("--store", str(folder), *late, "--ads", ads)
    assert code == 1
    assert f"BAD source: {tmp_path / 'none.csv'}: is not there" in told
