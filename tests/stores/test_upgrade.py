"""A store that an earlier minor version of the contract was written under: read, and brought on."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet
import pytest
from pandas.testing import assert_frame_equal

import admira
from admira.errors import StoreError
from admira.schemas import ADS, CRM, PLATFORM_MEASURES, SCHEMA_VERSION, TABLES
from admira.schemas.versions import forms_of, names_under
from admira.stores.parquet import ParquetStore
from tests.stores.rows import ads
from tests.stores.test_crashes import STOP, is_once, staged, state_of
from tests.stores.test_parquet import READERS
from tests.stores.workers import (
    Fault,
    archive_old,
    asked,
    attempts,
    contents,
    old_store,
    record,
    started,
    upgrade_old,
    wait_at,
)

CLAIMED = {"platform_conversions": 2.5, "platform_value": 80.0}
LATE = {"date": "2025-08-04", "campaign_id": "C-1"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return old_store(tmp_path)


def versions(folder: Path) -> set[str]:
    """Give the versions of the contract that the files of ads say they are of."""
    files = (folder / "ads").rglob("*.parquet")
    found = [pyarrow.parquet.read_schema(file).metadata[b"schema_version"] for file in files]
    return {version.decode() for version in found}


def ad_files(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in (folder / "ads").rglob("*.parquet")}


def settings(folder: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((folder / "_admira/settings.json").read_text())
    return said


# What the contract was


def test_a_column_that_came_later_may_be_absent_and_may_be_missing() -> None:
    later = [each for table in TABLES.values() for each in table.columns if each.since != "1.0"]
    assert [column.name for column in later] == [*PLATFORM_MEASURES]
    for column in later:
        assert (column.required, column.nullable, column.default) == (False, True, None)


def test_a_table_is_known_as_it_was_under_each_version() -> None:
    assert ADS.names == [*names_under(ADS, "1.0"), *PLATFORM_MEASURES]
    assert [len(form) for form in forms_of(ADS)] == [14, 12]
    assert forms_of(CRM) == (tuple(CRM.names),)
    assert names_under(ADS, "1.12") == tuple(ADS.names)


# Read as it is


def on_arrow(rows: Any) -> pyarrow.Table:
    """Give the frame of an engine on Arrow."""
    if isinstance(rows, pl.LazyFrame):
        return rows.collect().to_arrow()
    return rows if isinstance(rows, pyarrow.Table) else rows.to_arrow_table()


def test_a_store_of_an_earlier_version_is_read_and_nothing_is_written(folder: Path) -> None:
    before = ad_files(folder / "store")
    store = admira.open_store(folder / "store")
    rows = store.ads()
    assert len(rows) == 6
    assert rows[[*PLATFORM_MEASURES]].isna().all(axis=None)
    assert list(rows) == ADS.names
    assert store.verify().is_sound
    changes = store.changes("ads")
    assert changes["change"].tolist() == ["inserted"] * 6 + ["updated"]
    assert changes[[*PLATFORM_MEASURES]].isna().all(axis=None)
    assert store.metrics([])["cost"].tolist() == [29.5]
    assert len(store.quarantine()) == 1
    assert ad_files(folder / "store") == before
    assert settings(folder / "store")["schema_version"] == "1.0"


@pytest.mark.parametrize("engine", ["arrow", "polars", "duckdb"])
def test_engines_read_it_as_admira_does(folder: Path, engine: Any) -> None:
    store = admira.open_store(folder / "store")
    native = on_arrow(store.scan("ads", engine))
    assert native.column_names == ADS.names
    assert [native[name].null_count for name in PLATFORM_MEASURES] == [6, 6]
    ours = store.metrics(["date", "channel"], platform=True)
    assert_frame_equal(store.metrics(["date", "channel"], platform=True, engine=engine), ours)
    assert ours[[*PLATFORM_MEASURES]].isna().all(axis=None)


@pytest.mark.parametrize("version", ["1.1", "1.7"])
def test_a_file_that_claims_this_version_must_hold_its_columns(folder: Path, version: str) -> None:
    path = folder / "store/ads/date=2025-08-02/channel=google_ads/part-0.parquet"
    rows = pyarrow.parquet.ParquetFile(path).read()
    said = {"schema_version": version}
    pyarrow.parquet.write_table(rows.replace_schema_metadata(said), path)
    with pytest.raises(StoreError, match=r"part-0.parquet should hold the columns .*Restore"):
        admira.open_store(folder / "store").ads()


def test_a_file_of_an_earlier_version_must_not_hold_later_columns(folder: Path) -> None:
    path = folder / "store/ads/date=2025-08-02/channel=google_ads/part-0.parquet"
    rows = pyarrow.parquet.ParquetFile(path).read()
    for name in PLATFORM_MEASURES:
        rows = rows.append_column(name, pyarrow.nulls(len(rows), pyarrow.float64()))
    pyarrow.parquet.write_table(rows, path)
    with pytest.raises(StoreError, match="should hold the columns"):
        admira.open_store(folder / "store").ads()


def test_a_file_of_another_tool_may_know_the_contract_of_any_time(folder: Path) -> None:
    path = folder / "store/ads/date=2025-08-02/channel=google_ads/part-0.parquet"
    rows = pl.from_arrow(pyarrow.parquet.ParquetFile(path).read())
    assert isinstance(rows, pl.DataFrame)
    rows.with_columns(clicks=pl.lit(99, dtype=pl.Int64)).write_parquet(path)
    store = admira.open_store(folder / "store")
    assert store.ads(start="2025-08-02", channel="google_ads")["clicks"].tolist() == [99]
    claims = {name: pl.lit(value) for name, value in CLAIMED.items()}
    rows.with_columns(**claims).write_parquet(path)
    assert store.ads()["platform_value"].tolist()[4:5] == [80.0]
    rows.with_columns(platform_value=pl.lit(1.0)).write_parquet(path)
    with pytest.raises(StoreError, match="should hold the columns"):
        store.ads()


# Brought on by the first commit


def test_the_first_commit_brings_every_partition_on(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = admira.open_store(folder / "store")
    before = store.ads()
    caplog.set_level("INFO", "admira")
    done = store.upsert(ads({**LATE, **CLAIMED}))
    assert (done.inserted, done.updated, done.partitions_rewritten) == (1, 0, 1)
    assert versions(folder / "store") == {SCHEMA_VERSION}
    assert settings(folder / "store")["schema_version"] == SCHEMA_VERSION
    told = json.loads((folder / "store/_admira/contract.json").read_text(encoding="utf-8"))
    assert told["schema_version"] == SCHEMA_VERSION
    assert_frame_equal(store.ads(end="2025-08-03"), before)
    assert store.ads(start="2025-08-04")[[*PLATFORM_MEASURES]].to_numpy().tolist() == [[2.5, 80.0]]
    (line,) = [each for each in caplog.messages if "store.upgrade_staged" in each]
    assert "from_version=1.0 to_version=1.1 files=4" in line
    assert store.verify().is_sound


def test_it_is_one_commit_and_no_change_of_any_row(folder: Path) -> None:
    store = admira.open_store(folder / "store")
    store.upsert(ads({**LATE, **CLAIMED}))
    journal = sorted(file.name for file in (folder / "store/_admira/journal").iterdir())
    assert journal[-1] == "000000000005.json"
    changes = store.changes("ads")
    assert changes["change"].tolist() == ["inserted"] * 6 + ["updated", "inserted"]
    assert changes["commit"].tolist()[-1] == "000000000005"


def test_a_second_run_writes_nothing(folder: Path) -> None:
    store = admira.open_store(folder / "store")
    store.upsert(ads({**LATE, **CLAIMED}))
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    again = admira.open_store(folder / "store").upsert(ads({**LATE, **CLAIMED}))
    assert (again.unchanged, again.partitions_rewritten) == (1, 0)
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    lock = folder / "store/_admira/lock/writer"
    assert {path for path in after if after[path] != before.get(path)} <= {lock}


def test_what_changes_nothing_does_not_bring_it_on(folder: Path) -> None:
    store = admira.open_store(folder / "store")
    assert store.upsert(store.ads(channel="meta_ads")).unchanged == 1
    assert versions(folder / "store") == {"1.0"}


def test_a_row_that_gets_its_claims_is_updated_and_keeps_them(folder: Path) -> None:
    store = admira.open_store(folder / "store")
    rows = store.ads(channel="meta_ads").assign(**CLAIMED)
    assert store.upsert(rows).updated == 1
    assert store.changes("ads")["platform_value"].isna().tolist()[-1]
    bare = rows.drop(columns=[*CLAIMED]).assign(clicks=21)
    assert store.upsert(bare).updated == 1
    kept = store.ads(channel="meta_ads")
    assert kept[["clicks", *CLAIMED]].to_numpy().tolist() == [[21.0, 2.5, 80.0]]
    assert store.changes("ads")["platform_value"].tolist()[-1] == 80.0
    nothing = rows.assign(platform_conversions=np.nan, platform_value=np.nan)
    assert store.upsert(nothing).updated == 1
    assert store.ads(channel="meta_ads")[[*CLAIMED]].isna().all(axis=None)


def test_a_partition_that_the_commit_removes_stays_removed(folder: Path) -> None:
    store = admira.open_store(folder / "store")
    store.retain("2025-08-02", kind="ads", dry_run=False)
    assert store.ads()["date"].dt.day.tolist() == [2, 2]
    assert versions(folder / "store") == {SCHEMA_VERSION}
    assert settings(folder / "store")["kept_from"] == {"ads": "2025-08-02"}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_other_engines_read_the_folder_as_one_data_set_before_and_after(
    folder: Path, reader: Callable[[Path], pd.DataFrame]
) -> None:
    store = admira.open_store(folder / "store")
    for late in ([], [{**LATE, **CLAIMED}]):
        if late:
            store.upsert(ads(*late))
        rows = reader(folder / "store/ads").astype(dict.fromkeys(ADS.partitions, "str"))
        in_order = ADS.complete(rows).sort_values(list(ADS.key), ignore_index=True)
        assert_frame_equal(in_order, store.ads(start="2025-08-01"))


def test_repair_brings_on_what_an_earlier_admira_wrote_since(folder: Path) -> None:
    path = "store/ads/date=2025-08-02/channel=google_ads/part-0.parquet"
    earlier = (folder / path).read_bytes()
    store = admira.open_store(folder / "store")
    assert store.repair().is_sound
    assert versions(folder / "store") == {SCHEMA_VERSION}
    before = store.ads()
    (folder / path).write_bytes(earlier)
    assert_frame_equal(store.ads(), before)
    assert versions(folder / "store") == {"1.0", SCHEMA_VERSION}
    store.repair()
    assert versions(folder / "store") == {SCHEMA_VERSION}
    assert_frame_equal(store.ads(), before)
    files = ad_files(folder / "store")
    entries = [*(folder / "store/_admira/journal").iterdir()]
    store.repair()
    assert ad_files(folder / "store") == files
    assert [*(folder / "store/_admira/journal").iterdir()] == entries


def test_a_broken_file_is_left_as_it_is_and_named(folder: Path) -> None:
    path = folder / "store/ads/date=2025-08-02/channel=google_ads/part-0.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    broken = path.read_bytes()
    store = admira.open_store(folder / "store")
    assert store.upsert(ads({**LATE, **CLAIMED})).inserted == 1
    assert path.read_bytes() == broken
    (problem,) = store.repair().problems
    assert str(path) in problem
    path.unlink()
    assert versions(folder / "store") == {SCHEMA_VERSION}


def test_the_archive_is_brought_on_before_partitions_of_this_version_join_it(folder: Path) -> None:
    store = admira.open_store(folder / "store")
    before = store.ads()
    moved = store.archive("2025-08-02", dry_run=False)
    assert len(moved) == 3
    assert versions(folder / "archive") == versions(folder / "store") == {SCHEMA_VERSION}
    assert settings(folder / "archive") == {"schema_version": SCHEMA_VERSION, "tz": store.tz}
    assert_frame_equal(store.ads(), before)
    assert store.verify().is_sound


# Whenever it stops


@pytest.mark.parametrize(("action", "stride"), [("upgrade_old", 2), ("archive_old", 4)])
def test_an_upgrade_that_stops_at_any_step_counts_as_a_whole_or_not_at_all(
    tmp_path: Path, action: str, stride: int
) -> None:
    place = tmp_path / "place"
    *stopped, end = asked(record, old_store(tmp_path / "made"), place, action)
    act = {"upgrade_old": upgrade_old, "archive_old": archive_old}[action]
    states = [held(old_store(tmp_path / "before")), held(put(end, place))]
    moments, mixed = [], set()
    for number, copy in enumerate(stopped[::stride]):
        put(copy, place)
        moments.append(state_of(held(place), states))
        mixed |= {tuple(sorted(versions(place / "store")))}
        assert admira.open_store(place / "store").verify().is_sound, copy.name
        if number % 4 == 0:
            act(place)
            assert held(place) == states[1], copy.name
            assert versions(place / "store") == {SCHEMA_VERSION}, copy.name
            assert staged(place) == [], copy.name
    assert len(moments) > 15
    assert is_once(moments) if action == "upgrade_old" else moments == [0] * len(moments)
    assert {("1.0",), (SCHEMA_VERSION,)} <= mixed


def put(copy: Path, place: Path) -> Path:
    """Put a copy where the action was done, for the store knows its archive by its path."""
    shutil.rmtree(place)
    shutil.copytree(copy, place)
    return place


def held(folder: Path) -> dict[str, list[str]]:
    return ParquetStore(folder / "store").reading(contents)


def test_a_process_that_ends_in_an_upgrade_leaves_it_to_be_finished(tmp_path: Path) -> None:
    folder = old_store(tmp_path / "made")
    *stopped, done = asked(attempts, folder, tmp_path, "upgrade_old", STOP, 9)
    states = [held(folder), held(done.folder)]
    assert is_once([state_of(held(each.folder), states) for each in stopped])


def test_a_reader_sees_an_upgrade_as_a_whole(tmp_path: Path) -> None:
    folder = old_store(tmp_path)
    store = admira.open_store(folder / "store")
    before = store.ads()
    with started(wait_at, folder, "upgrade_old", "/ads/", 4) as (_, pipe):
        pipe.recv()
        rows = store.ads()
        assert_frame_equal(rows[rows["date"] < "2025-08-04"], before)
        assert len(rows) == len(before) + 1
        assert versions(folder / "store") == {"1.0", SCHEMA_VERSION}


def test_a_disk_that_fails_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    folder = old_store(tmp_path / "made")
    full = Fault(28, lasts=True, where="staging")
    failed = asked(attempts, folder, tmp_path, "upgrade_old", full, 7)[:-1]
    assert failed
    for each in failed:
        assert each.error.startswith("StoreError"), each
