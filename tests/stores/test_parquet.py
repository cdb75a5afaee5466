"""What a Parquet store promises about its files."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow
import pyarrow.parquet
import pytest
from pandas.testing import assert_frame_equal

from admira.errors import OptionError, StoreError
from admira.schemas import ADS, SCHEMA_VERSION, TABLES, Kind, Table
from admira.stores.parquet import ParquetStore
from tests.stores.rows import ads, crm, fill


@pytest.fixture
def store(tmp_path: Path) -> ParquetStore:
    return ParquetStore(tmp_path / "store")


def files_in(store: ParquetStore) -> list[Path]:
    return [path for path in sorted(store.path.rglob("*")) if path.is_file()]


def listing(store: ParquetStore) -> dict[Path, tuple[int, int, bytes]]:
    """List every file with its inode, time and bytes."""
    return {
        path: (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes())
        for path in files_in(store)
    }


def folders_in(store: ParquetStore) -> dict[Path, int]:
    """List every folder, but the lock's, with the time of the last change to its entries."""
    return {
        path: path.stat().st_mtime_ns
        for path in store.path.rglob("*")
        if path.is_dir() and path.name != "lock"
    }


# Layout


def test_files_are_where_the_contract_says(store: ParquetStore) -> None:
    fill(store)
    assert [str(path.relative_to(store.path)) for path in files_in(store)] == [
        "_admira/changes/ads/commit=000000000001/part-0.parquet",
        "_admira/changes/crm/commit=000000000002/part-0.parquet",
        "_admira/contract.json",
        "_admira/index/crm.parquet",
        "_admira/journal/000000000001.json",
        "_admira/journal/000000000002.json",
        "_admira/journal/000000000003.json",
        "_admira/lock/writer",
        "_admira/settings.json",
        "ads/date=2025-08-01/channel=a%2Fb%20%C3%B1/part-0.parquet",
        "ads/date=2025-08-01/channel=google_ads/part-0.parquet",
        "ads/date=2025-08-02/channel=google_ads/part-0.parquet",
        "crm/date=2025-08-01/part-0.parquet",
        "crm/date=2025-08-02/part-0.parquet",
        "quarantine/kind=ads/part-0.parquet",
    ]


@pytest.mark.parametrize("table", TABLES.values())
def test_every_file_holds_all_the_contracts_columns_typed_in_order(
    store: ParquetStore, table: Table
) -> None:
    fill(store)
    for path in (store.path / table.name).rglob("*.parquet"):
        found = pyarrow.parquet.read_schema(path)
        expected = [field for field in table.arrow() if field.name not in table.partitions]
        assert found == pyarrow.schema(expected)
        assert found.metadata == {b"schema_version": SCHEMA_VERSION.encode()}


READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    "pandas": pd.read_parquet,
    "duckdb": lambda folder: (
        duckdb.connect()
        .execute("set timezone = 'UTC'")
        .sql(f"from read_parquet('{folder}/**/*.parquet', hive_partitioning = true)")
        .to_arrow_table()
        .to_pandas(date_as_object=False)
    ),
    "polars": lambda folder: pl.scan_parquet(folder, hive_partitioning=True).collect().to_pandas(),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("kind", TABLES)
def test_other_engines_read_the_same_rows(
    store: ParquetStore, reader: Callable[[Path], pd.DataFrame], kind: Kind
) -> None:
    table = TABLES[kind]
    fill(store)
    store.upsert(ads({"clicks": 11, "campaign_name": "Sale"}))
    store.upsert(crm({"date": "2025-08-04", "amount": 2.5, "closed_date": "2025-08-09"}))
    rows = reader(store.path / kind)
    assert set(rows) == set(table.names)
    rows = rows.astype(dict.fromkeys(table.partitions, "str"))
    in_order = table.complete(rows).sort_values(list(table.key), ignore_index=True)
    assert_frame_equal(in_order, store.read(kind))


# What is written


def test_an_identical_rerun_writes_nothing(store: ParquetStore) -> None:
    fill(store)
    before = listing(store), folders_in(store)
    fill(store)
    fill(ParquetStore(store.path))
    assert (listing(store), folders_in(store)) == before


def test_only_changed_partitions_are_written(store: ParquetStore) -> None:
    fill(store)
    before = listing(store)
    store.upsert(ads({}, {"channel": "a/b ñ", "clicks": 11}))
    after = listing(store)
    changed = [path for path in before if after[path] != before[path]]
    assert changed == [store.path / "ads/date=2025-08-01/channel=a%2Fb%20%C3%B1/part-0.parquet"]


def test_an_upsert_opens_only_partitions_that_hold_an_incoming_key(store: ParquetStore) -> None:
    fill(store)
    for path in store.path.rglob("date=2025-08-01/**/part-0.parquet"):
        path.write_bytes(b"whoever opens this fails")
    rows = ads({"date": "2025-08-02"}, {"date": "2025-08-03"})
    assert store.upsert(rows).partitions_touched == 2


def test_a_read_opens_only_the_partitions_asked_for(store: ParquetStore) -> None:
    fill(store)
    (store.path / "ads/date=2025-08-01/channel=google_ads/part-0.parquet").write_bytes(b"broken")
    assert len(store.read("ads", start="2025-08-02")) == 1
    assert len(store.read("ads", channel="A/B  Ñ")) == 1
    with pytest.raises(StoreError):
        store.read("ads")


def test_an_emptied_partition_goes_with_its_folder(store: ParquetStore) -> None:
    store.upsert(crm({}))
    store.upsert(crm({"date": "2025-08-03"}))
    assert [path.name for path in (store.path / "crm").iterdir()] == ["date=2025-08-03"]
    assert len(store.read("crm")) == 1


def test_nothing_is_left_in_staging(store: ParquetStore) -> None:
    fill(store)
    assert list(store.path.glob("_admira/staging/*")) == []


def test_every_file_and_folder_is_forced_to_disk(
    store: ParquetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = set()

    def fsync(handle: int) -> None:
        synced.add(os.fstat(handle).st_ino)

    monkeypatch.setattr(os, "fsync", fsync)
    fill(store)
    own = store.path / "_admira"
    promised = {*store.path.rglob("*"), store.path} - {own / "lock", own / "lock" / "writer"}
    assert [path for path in promised if path.stat().st_ino not in synced] == []


# Settings and paths


def test_a_store_that_is_not_there_reads_empty_and_is_not_made(store: ParquetStore) -> None:
    assert store.read("ads").empty
    assert store.read_quarantine().empty
    assert store.upsert(ADS.empty()).inserted == 0
    assert not store.path.exists()


def test_a_store_records_its_time_zone(tmp_path: Path) -> None:
    ParquetStore(tmp_path, tz="Europe/Madrid").upsert(ads({}))
    assert ParquetStore(tmp_path).tz == "Europe/Madrid"
    with pytest.raises(StoreError, match=r"tz='Europe/Madrid'.*found tz='UTC'. Open it without tz"):
        ParquetStore(tmp_path, tz="UTC")


def test_a_store_made_meanwhile_with_another_time_zone_is_refused(tmp_path: Path) -> None:
    early = ParquetStore(tmp_path, tz="UTC")
    ParquetStore(tmp_path, tz="Europe/Madrid").upsert(ads({}))
    with pytest.raises(StoreError, match="Europe/Madrid"):
        early.upsert(ads({"clicks": 11}))


def test_a_time_zone_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="Mars/Olympus"):
        ParquetStore(tmp_path, tz="Mars/Olympus")


@pytest.mark.parametrize("text", ["", "[]", '{"schema_version": "1.0"}'])
def test_broken_settings_are_refused_by_path(store: ParquetStore, text: str) -> None:
    fill(store)
    (store.path / "_admira/settings.json").write_text(text)
    with pytest.raises(StoreError, match=r"settings.json should hold .* Restore it"):
        ParquetStore(store.path)


def test_settings_of_another_version_are_refused(store: ParquetStore) -> None:
    fill(store)
    text = json.dumps({"schema_version": "2.0", "tz": "UTC"})
    (store.path / "_admira/settings.json").write_text(text)
    with pytest.raises(StoreError, match=r"schema_version '2.0'; this admira reads '1.1'"):
        ParquetStore(store.path)


def test_lost_settings_are_never_guessed(store: ParquetStore) -> None:
    fill(store)
    (store.path / "_admira/settings.json").unlink()
    with pytest.raises(StoreError, match="time zone of their days is unknown"):
        ParquetStore(store.path)


def test_a_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="is a file; a store is a folder"):
        ParquetStore(tmp_path / "file")


def test_paths_are_text_or_path_and_start_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    ParquetStore("~/a/b").upsert(ads({}))
    assert len(ParquetStore(tmp_path / "a" / "b").read("ads")) == 1


# What the operating system refuses


def test_a_full_disk_leaves_the_store_as_it_was(
    store: ParquetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    before = listing(store)
    fsyncs = iter(range(10))

    def fsync(_: int) -> None:
        if next(fsyncs) == 1:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(StoreError, match=r"could not be forced to disk: No space left"):
        store.upsert(ads({"clicks": 1}, {"date": "2025-08-02", "clicks": 1}))
    assert listing(store) == before


def test_an_error_of_the_system_is_one_sentence_and_chained(store: ParquetStore) -> None:
    fill(store)
    path = store.path / "ads/date=2025-08-02/channel=google_ads/part-0.parquet"
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreError):
        store.read("ads")
    long = ads({"channel": "x" * 300})
    with pytest.raises(StoreError, match=r"File name too long\. Check") as caught:
        store.upsert(long)
    assert isinstance(caught.value.__cause__, OSError)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Not a directory"):
        ParquetStore(tmp_path / "file" / "store")
