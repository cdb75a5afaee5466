"""The commands about the store itself, as a shell calls them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import admira
from admira.cli import app
from admira.datasets import worked_example


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    example = worked_example()
    bad = {**example.ads[0], "campaign_id": "C-9", "clicks": "many"}
    admira.ingest(tmp_path / "store", ads=[*example.ads, bad], crm=example.crm, run_id="first")
    return tmp_path / "store"


def said(*arguments: str, exit_code: int = 0) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == exit_code, done.output
    return done.output


def test_verify_tells_a_sound_store_from_a_broken_one(folder: Path) -> None:
    assert "sound: ads 4 rows in 3 partitions" in said("verify", "--store", str(folder))
    broken = folder / "ads/date=2025-08-01/channel=meta_ads/part-0.parquet"
    broken.write_bytes(b"broken")
    told = said("verify", "--store", str(folder), exit_code=1)
    assert str(broken) in told
    assert "1 problem:" in told
    assert "Restore the file from a backup" in told
    assert str(broken) in said("repair", "--store", str(folder), exit_code=1)


def test_repair_builds_anew_what_is_derived(folder: Path) -> None:
    (folder / "_admira/index/crm.parquet").write_bytes(b"broken")
    assert "sound" in said("repair", "--store", str(folder))
    assert (folder / "_admira/index/crm.parquet").read_bytes()[:4] == b"PAR1"


def test_runs_are_listed(folder: Path) -> None:
    assert "first" in said("runs", "--store", str(folder))
    assert said("runs", "--store", str(folder / "new")) == "No runs yet.\n"


def test_replay_says_what_came_of_it(folder: Path) -> None:
    told = said("quarantine", "replay", "--store", str(folder))
    assert told == "1 tried: 0 accepted, 0 outdated, 1 rejected again\n"


def test_archive_and_retain_only_list_until_told(folder: Path, tmp_path: Path) -> None:
    old = str(tmp_path / "old")
    told = said("archive", "2025-08-02", "--store", str(folder), "--to", old)
    assert not (tmp_path / "old").exists()
    assert "would be moved to the archive. Add --execute to do it." in told
    done = said("archive", "2025-08-02", "--store", str(folder), "--to", old, "--execute")
    assert "2 of ads and 1 of crm partitions from 2025-08-01 to 2025-08-01 were moved" in done
    assert len(admira.open_store(folder).ads()) == 4
    assert "would be dropped" in said("retain", "2025-08-02", "--store", str(folder))
    said("retain", "2025-08-02", "--store", str(folder), "--execute")
    assert len(admira.open_store(folder).ads()) == 2
    assert "Nothing to be dropped." in said("retain", "2025-08-02", "--store", str(folder))


def test_a_daily_run_reads_what_can_be_new(folder: Path, tmp_path: Path) -> None:
    example = worked_example()
    for name in ("ads", "crm"):
        (tmp_path / f"{name}.json").write_text(json.dumps(getattr(example, name)))
    places = ("--ads", str(tmp_path / "ads.json"), "--crm", str(tmp_path / "crm.json"))
    said("ingest", "--store", str(folder), *places)
    told = said(
        "ingest", "--store", str(folder), *places, "--since", "auto", "--lookback-days", "0"
    )
    assert "outside the window" in told
