"""How commands end, as whoever schedules them sees it: may running it again help?"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import admira
from admira.cli import run
from admira.datasets import worked_example, write
from admira.exit_codes import ExitCode, exit_code_of
from admira.stores.locks import file_lock
from tests.sources.loopback import Loopback, Reply, closed_port, serving

SECRET = "a secret of two"  # noqa: S105 - shared with the receiver of these tests


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder with sources and a store, and wait for nothing for long."""
    write(tmp_path, worked_example())
    monkeypatch.chdir(tmp_path)
    admira.ingest("shop", ads="ads.json", crm="crm.json")
    for name in ("ADMIRA_DEADLINE_SECONDS", "ADMIRA_LOCK_TIMEOUT_SECONDS"):
        monkeypatch.setenv(name, "0.1")
    monkeypatch.setenv("SINK_SECRET", SECRET)


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving(Reply()) as started:
        yield started


def ended(*arguments: str) -> int:
    """Run a command in this process and give its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["admira", *arguments])
        with pytest.raises(SystemExit) as end:
            run()
    return int(end.value.code or 0)


def ingest(ads: str) -> int:
    return ended("ingest", "--store", "shop", "--ads", ads, "--crm", "crm.json")


def export(url: str) -> int:
    return ended("export", "--store", "shop", "--date", "2025-08-01", "--url", url)


def test_what_worked_is_0(server: Loopback) -> None:
    assert ingest("ads.json") == ExitCode.DONE
    assert export(server.url) == ExitCode.DONE


def test_what_may_pass_is_75(server: Loopback) -> None:
    server.play(Reply(status=503))
    assert ingest(server.url) == ExitCode.TRY_LATER
    assert export(server.url) == ExitCode.TRY_LATER


def test_nobody_there_may_pass() -> None:
    nobody = f"http://127.0.0.1:{closed_port()}"
    assert ingest(nobody) == ExitCode.TRY_LATER
    assert export(nobody) == ExitCode.TRY_LATER


def test_a_store_that_somebody_else_writes_is_75(capsys: pytest.CaptureFixture[str]) -> None:
    changed = Path("ads.json").read_text().replace('"clicks": 1200', '"clicks": 1201')
    Path("ads.json").write_text(changed)
    with file_lock(Path("shop/_admira/lock/writer"), 0):
        assert ingest("ads.json") == ExitCode.TRY_LATER
    said = " ".join(capsys.readouterr().err.split())
    assert "is being written by" in said
    assert "waited 0.1 s" in said
    assert "ADMIRA_LOCK_TIMEOUT_SECONDS" in said


def test_what_was_refused_is_1(server: Loopback) -> None:
    server.play(Reply(status=401))
    assert ingest(server.url) == ExitCode.FAILED
    assert export(server.url) == ExitCode.FAILED


def test_what_lacks_a_column_is_1() -> None:
    Path("ads.json").write_text('[{"date": "2025-08-01", "campaign_id": "C-1"}]')
    assert ingest("ads.json") == ExitCode.FAILED


def test_wrong_usage_is_2() -> None:
    assert ended("ingest", "--sinse", "auto") == ExitCode.WRONG_USAGE


def test_only_a_store_that_cannot_be_read_is_3() -> None:
    ask = ("doctor", "--ads", "ads.json", "--crm", "crm.json")
    assert ended(*ask, "--store", "none") == ExitCode.NOT_ALIVE
    assert ended(*ask, "--store", "shop") == ExitCode.FAILED  # its watermark is of 2025


def test_every_other_error_stays() -> None:
    kinds = [admira.DataError, admira.StoreError, admira.SourceRejected, admira.ExportError]
    assert {exit_code_of(kind("no")) for kind in kinds} == {ExitCode.FAILED}


def test_the_program_ends_so_too() -> None:
    nobody = f"http://127.0.0.1:{closed_port()}"
    call = [sys.executable, "-m", "admira", "ingest", "--ads", nobody, "--crm", "crm.json"]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.TRY_LATER
    assert done.stderr.startswith("admira: ")
