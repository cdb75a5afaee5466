"""The export command, as a shell calls it, against a receiver on this machine."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import admira
from admira import ExportError
from admira.cli import app

from .sources.loopback import Reply, serving

SECRET = "a secret of two"  # noqa: S105 - shared with the receiver of these tests


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand where a store of the worked example and a .env are."""
    example = admira.datasets.worked_example()
    admira.ingest(tmp_path / "shop", ads=example.ads, crm=example.crm)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SINK_URL", raising=False)
    monkeypatch.delenv("SINK_SECRET", raising=False)
    (tmp_path / ".env").write_text(f"ADMIRA_STORE=shop\nSINK_SECRET='{SECRET}'\n")
    return tmp_path


def said(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["export", *arguments])
    if done.exception is not None:
        raise done.exception
    return done.output


def test_a_day_is_sent_and_the_receipt_names_its_key(folder: Path) -> None:
    with serving(Reply(status=202)) as server:
        said_before = (folder / ".env").read_text()
        (folder / ".env").write_text(f"{said_before}SINK_URL={server.url}/kpis\n")
        told = said("--date", "2025-08-01")
        receipt = json.loads(said("--date", "2025-08-01", "--json"))
        first, again = server.requests
    assert told.startswith(f"3 rows of 2025-08-01 taken by {server.host} (202), key ")
    key = hmac.new(SECRET.encode(), first.body, hashlib.sha256).hexdigest()
    assert first.headers["X-Signature"] == key
    assert first.headers["Idempotency-Key"] == again.headers["Idempotency-Key"]
    assert receipt["idempotency_key"] == first.headers["Idempotency-Key"]
    cost = {row["channel"]: row["cost"] for row in first.json["rows"]}
    assert (cost["google_ads"], cost["meta_ads"]) == (350.75, 200)


def test_a_period_is_sent_under_its_last_day(folder: Path) -> None:
    assert folder
    with serving(Reply()) as server:
        options = ("--start", "2025-08-01", "--by", "date,channel", "--grain", "month")
        said("--url", server.url, "--date", "2025-08-31", "--scope", "paid", *options)
        sent = server.requests[0].json
    assert (sent["date"], sent["grain"], sent["scope"]) == ("2025-08-31", "month", "paid")
    assert [row["date"] for row in sent["rows"]] == ["2025-08-01", "2025-08-01"]
    assert sum(row["cost"] for row in sent["rows"]) == 850.75


def test_without_a_day_it_is_yesterday(folder: Path) -> None:
    assert folder
    days = {f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"}
    with serving(Reply()) as server:
        said("--url", server.url)
        sent = server.requests[0].json
    days.add(f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}")  # midnight may have passed
    assert sent["date"] in days
    assert sent["rows"] == []


def test_a_refusal_fails_the_command(folder: Path) -> None:
    assert folder
    with serving(Reply(status=422, body=(b"unknown tenant",))) as server:
        with pytest.raises(ExportError, match=r"422 .* It said: unknown tenant"):
            said("--url", server.url, "--date", "2025-08-01")
        assert len(server.requests) == 1


def test_kpis_that_differ_from_the_facts_are_not_sent(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = admira.open_store(folder / "shop").facts().head(1)
    monkeypatch.setattr(admira.Store, "facts", lambda *_, **__: facts)
    with serving(Reply()) as server:
        with pytest.raises(admira.ReconciliationError, match="Nothing was sent"):
            said("--url", server.url, "--date", "2025-08-01")
        assert not server.requests


@pytest.mark.parametrize("name", ["kpis.csv", "kpis.parquet", "kpis.xlsx"])
def test_a_file_is_written_instead(folder: Path, name: str) -> None:
    told = said("--date", "2025-08-31", "--start", "2025-08-01", "--out", name)
    assert told == f"4 rows written to {name}.\n"
    read = {
        ".csv": pd.read_csv,
        ".parquet": pd.read_parquet,
        ".xlsx": lambda path: pd.read_excel(path, engine="calamine"),
    }[Path(name).suffix](folder / name)
    assert read["cost"].sum() == 850.75


def test_a_file_of_another_kind_is_refused(folder: Path) -> None:
    assert folder
    with pytest.raises(admira.OptionError, match=r"a name that ends in \.csv"):
        said("--date", "2025-08-01", "--out", "kpis.docx")
