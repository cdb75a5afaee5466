"""A store says under which contract it is, and refuses what is of one that is not known."""

import json
from pathlib import Path

import pyarrow.parquet
import pytest

import admira
from admira.datasets import worked_example
from admira.errors import StoreError
from admira.stores.parquet import ParquetStore

from .rows import ads


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ParquetStore(tmp_path).upsert(worked_example().ads_frame)
    return tmp_path


def restamped(path: Path, version: str | None) -> None:
    """Write a file again as another version of the contract, or another tool, would."""
    rows = pyarrow.parquet.ParquetFile(path).read()
    said = None if version is None else {"schema_version": version}
    pyarrow.parquet.write_table(rows.replace_schema_metadata(said), path)


def first_file(folder: Path) -> Path:
    return folder / "ads/date=2025-08-01/channel=google_ads/part-0.parquet"


def test_a_new_store_holds_the_contract_of_its_tables(folder: Path) -> None:
    text = (folder / "_admira/contract.json").read_text(encoding="utf-8")
    assert list(json.loads(text)["tables"]) == ["ads", "crm"]
    assert {change.table for change in admira.contract_diff(text)} == {
        "campaigns",
        "facts",
        "metrics",
    }


def test_stamping_makes_no_second_run_write(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    again = ParquetStore(folder).upsert(worked_example().ads_frame)
    assert again.partitions_rewritten == 0
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    lock = folder / "_admira/lock/writer"
    assert {path for path in after if after[path] != before.get(path)} <= {lock}


@pytest.mark.parametrize(
    ("version", "remedy"),
    [("2.0", "Install a newer admira"), ("0.9", "Install the admira that wrote it")],
)
def test_a_file_of_another_major_version_is_refused_by_its_path(
    folder: Path, version: str, remedy: str
) -> None:
    restamped(first_file(folder), version)
    with pytest.raises(StoreError) as caught:
        admira.open_store(folder).ads()
    assert str(caught.value).startswith(
        f"{first_file(folder)} says schema_version '{version}'; this admira reads '1.1'. {remedy}"
    )
    with pytest.raises(StoreError, match=f"says schema_version '{version}'"):
        admira.open_store(folder).upsert(ads({"date": "2025-08-01", "channel": "google_ads"}))
    (problem,) = admira.open_store(folder).verify().problems
    assert f"says schema_version '{version}'" in problem


@pytest.mark.parametrize("version", ["1.9", None])
def test_a_file_of_a_later_minor_version_or_of_nobody_is_read(
    folder: Path, version: str | None
) -> None:
    restamped(first_file(folder), version)
    assert len(admira.open_store(folder).ads()) == 4


def test_a_store_of_a_newer_major_version_is_refused_when_it_is_opened(folder: Path) -> None:
    settings = folder / "_admira/settings.json"
    said = json.loads(settings.read_text())
    settings.write_text(json.dumps({**said, "schema_version": "2.0"}))
    with pytest.raises(StoreError, match=r"says schema_version '2\.0'.*Install a newer admira\."):
        admira.open_store(folder)


def test_a_store_of_a_later_minor_version_keeps_saying_so(folder: Path) -> None:
    settings = folder / "_admira/settings.json"
    said = json.loads(settings.read_text())
    settings.write_text(json.dumps({**said, "schema_version": "1.9"}))
    store = admira.open_store(folder)
    assert len(store.ads()) == 4
    store.retain("2025-08-02", dry_run=False)
    assert json.loads(settings.read_text())["schema_version"] == "1.9"
