"""What a store says and keeps when the disk, the lock or somebody else's files make trouble."""

import os
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from subprocess import run
from time import sleep

import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest

from admira.errors import StoreError
from admira.store import Store, open_store
from admira.stores.parquet import ParquetStore
from tests.stores.rows import ads, crm, fill, reject


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = open_store(tmp_path / "store")
    fill(made.backend)
    return made


def folder_of(store: Store) -> Path:
    assert isinstance(store.backend, ParquetStore)
    return store.backend.path


# A disk that is full


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(place)]
    if run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a file system can only be mounted by the administrator")
    yield place
    run(["umount", str(place)], check=True)  # noqa: S607


def test_a_full_disk_stops_a_commit_and_leaves_the_store_as_it_was(small_disk: Path) -> None:
    store = open_store(small_disk / "store")
    store.upsert(ads({}))
    many = ads(*({"campaign_id": os.urandom(400).hex()} for _ in range(2_000)))
    with pytest.raises(StoreError, match=r"could not be .*No space left on device"):
        store.upsert(many)
    assert store.ads()["campaign_id"].tolist() == ["C-1"]
    assert list(small_disk.glob("store/_admira/staging/*")) == []
    assert store.upsert(ads({"clicks": 11})).updated == 1
    assert store.verify().is_sound


@pytest.mark.parametrize("number", range(16))
def test_no_space_at_any_step_leaves_the_state_before_or_after(
    store: Store, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    steps = iter(range(10_000))
    fsync, replace = os.fsync, os.replace

    def full(work: Callable[..., None]) -> Callable[..., None]:
        def tried(*arguments: object) -> None:
            if next(steps) >= number:
                raise OSError(28, "No space left on device")
            work(*arguments)

        return tried

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full(fsync))
        patched.setattr(os, "replace", full(replace))
        with pytest.raises(StoreError, match="No space left") as told:
            store.upsert(ads({"clicks": 99}, {"date": "2025-08-02", "clicks": 99}))
    again = open_store(folder_of(store))
    found = again.ads()["clicks"].tolist()
    assert found in ([10, 10, 10], [10, 99, 99])
    assert "next opened" in str(told.value) or 99 not in found
    assert "recorded and holds" not in str(told.value) or 99 in found
    assert again.verify().is_sound
    assert again.upsert(ads({"clicks": 98})).updated == 1
    assert again.verify().is_sound


# A lock that somebody holds


def hold(pipe: Connection, folder: Path) -> None:
    with ParquetStore(folder).transaction():
        pipe.send(os.getpid())
        sleep(60)


def test_a_writer_is_told_who_writes_and_a_killed_one_frees_the_lock(store: Store) -> None:
    folder = folder_of(store)
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    writer = context.Process(target=hold, args=(theirs, folder))
    writer.start()
    try:
        number = ours.recv()
        waiting = open_store(folder, lock_timeout_seconds=0.1)
        with pytest.raises(StoreError) as told:
            waiting.upsert(ads({"clicks": 99}))
        assert f"(process {number}), since 20" in str(told.value)
        assert "waited 0.1 s" in str(told.value)
        assert "lock_timeout_seconds" in str(told.value)
        assert len(waiting.ads()) == 3  # readers wait for nobody
    finally:
        writer.kill()
        writer.join()
    assert waiting.upsert(ads({"clicks": 99})).updated == 1


# What a check finds


def part(store: Store, path: str) -> Path:
    return folder_of(store) / path


ADS_PART = "ads/date=2025-08-01/channel=google_ads/part-0.parquet"
CRM_PART = "crm/date=2025-08-01/part-0.parquet"


def rewritten(path: Path, change: Callable[[pyarrow.Table], pyarrow.Table]) -> None:
    pyarrow.parquet.write_table(change(pyarrow.parquet.read_table(path, partitioning=None)), path)


def test_a_sound_store_is_said_to_be_sound(store: Store) -> None:
    found = store.verify()
    assert found.is_sound
    assert found.summary == "sound: ads 3 rows in 3 partitions, crm 2 rows in 2 partitions"
    sums = found.partitions.groupby("kind")[["rows", "clicks"]].sum()
    assert sums.loc["ads"].tolist() == [3, 30]


def the_only_problem(store: Store) -> str:
    (problem,) = store.verify().problems
    return problem


def test_a_corrupt_file_is_named(store: Store) -> None:
    path = part(store, ADS_PART)
    path.write_bytes(b"broken")
    assert str(path) in the_only_problem(store)


def test_other_columns_are_named(store: Store) -> None:
    path = part(store, ADS_PART)
    rewritten(path, lambda rows: rows.drop_columns(["clicks"]))
    problem = the_only_problem(store)
    assert str(path) in problem
    assert "should hold the columns" in problem


def test_every_broken_file_is_named(store: Store) -> None:
    for path in (ADS_PART, CRM_PART):
        part(store, path).write_bytes(b"broken")
    assert len(store.verify().problems) == 2


def test_a_file_that_has_no_business_there_is_named(store: Store) -> None:
    path = part(store, "ads/date=2025-08-01/channel=google_ads/data_0.parquet")
    path.write_bytes(part(store, ADS_PART).read_bytes())
    problem = the_only_problem(store)
    assert str(path) in problem
    assert "does not belong in a store" in problem


def test_a_key_in_two_partitions_is_named(store: Store) -> None:
    there = part(store, "crm/date=2025-08-09/part-0.parquet")
    there.parent.mkdir()
    there.write_bytes(part(store, CRM_PART).read_bytes())
    problems = store.verify().problems
    assert any("'opportunity_id': 'O-1'" in each and "more than once" in each for each in problems)
    assert any("another day than that of created_at" in each for each in problems)


def test_a_row_under_another_day_is_named(store: Store) -> None:
    part(store, "crm/date=2025-08-01").rename(part(store, "crm/date=2025-08-09"))
    problem = the_only_problem(store)
    assert "O-1 of 2025-08-01 09:00 UTC under 2025-08-09" in problem


def test_a_missing_value_and_a_negative_one_are_named(store: Store) -> None:
    def change(rows: pyarrow.Table) -> pyarrow.Table:
        place = rows.column_names.index("clicks")
        gap = pyarrow.array([None], pyarrow.int64())
        rows = rows.set_column(place, pyarrow.field("clicks", pyarrow.int64()), gap)
        return rows.set_column(
            rows.column_names.index("cost"), "cost", pyarrow.array([-1.0], pyarrow.float64())
        )

    rewritten(part(store, ADS_PART), change)
    problems = store.verify().problems
    assert any("clicks" in each for each in problems)


def test_repair_builds_anew_what_is_derived_and_touches_no_partition(store: Store) -> None:
    folder = folder_of(store)
    sleep(0.15)
    answer = store.metrics(by="channel")
    partitions = {path: path.stat().st_mtime_ns for path in folder.glob("ads/**/*.parquet")}
    index = folder / "_admira/index/crm.parquet"
    index.write_bytes(b"broken")
    for path in folder.glob("_admira/cache/**/*.parquet"):
        path.write_bytes(b"broken")
    assert store.repair().is_sound
    assert pd.read_parquet(index)["opportunity_id"].tolist() == ["O-1", "O-2"]
    assert list(folder.glob("_admira/cache/**/*.parquet")) == []
    pd.testing.assert_frame_equal(store.metrics(by="channel"), answer)
    assert {path: path.stat().st_mtime_ns for path in partitions} == partitions


def test_a_check_of_nothing_finds_nothing_wrong(tmp_path: Path) -> None:
    for url in ("memory:", tmp_path / "new"):
        store = open_store(url)
        assert store.verify().is_sound
        assert "nothing stored" in repr(store.verify())
    reject(store.backend, {"date": "soon"})
    store.upsert(crm({}))
    assert store.verify().is_sound
