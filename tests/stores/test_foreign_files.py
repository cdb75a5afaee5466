"""How a Parquet store meets files that something else wrote, broke or removed."""

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from admira.errors import StoreError
from admira.stores.parquet import ParquetStore
from tests.stores.rows import ads, crm, fill


@pytest.fixture
def store(tmp_path: Path) -> ParquetStore:
    return ParquetStore(tmp_path / "store")


# The index of ids


def test_a_lost_index_is_built_anew(store: ParquetStore) -> None:
    fill(store)
    (store.path / "_admira/index/crm.parquet").unlink()
    assert store.upsert(crm({"date": "2025-08-05"})).updated == 1
    assert len(store.read("crm")) == 2


def test_a_broken_index_is_built_anew(store: ParquetStore) -> None:
    fill(store)
    (store.path / "_admira/index/crm.parquet").write_bytes(b"broken")
    assert store.upsert(crm({"date": "2025-08-05"})).updated == 1
    assert len(store.read("crm")) == 2


def test_the_index_follows_partitions_that_others_replace_and_remove(
    store: ParquetStore, tmp_path: Path
) -> None:
    fill(store)
    other = ParquetStore(tmp_path / "other")
    other.upsert(crm({"opportunity_id": "O-7"}))
    path = "crm/date=2025-08-01/part-0.parquet"
    (other.path / path).replace(store.path / path)
    (store.path / "crm/date=2025-08-02/part-0.parquet").unlink()
    rows = crm({"opportunity_id": "O-7", "date": "2025-08-09"}, {"opportunity_id": "O-2"})
    done = store.upsert(rows)
    assert (done.updated, done.inserted) == (1, 1)
    assert store.read("crm")["opportunity_id"].tolist() == ["O-2", "O-7"]


def test_the_index_is_not_read_again_where_nothing_changed(store: ParquetStore) -> None:
    fill(store)
    path = store.path / "crm/date=2025-08-02/part-0.parquet"
    found = path.stat()
    path.write_bytes(b"?" * found.st_size)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert store.upsert(crm({"stage": "opportunity"})).updated == 1


def test_a_row_left_behind_by_a_crash_is_healed_by_the_next_upsert(store: ParquetStore) -> None:
    fill(store)
    path = "crm/date=2025-08-01/part-0.parquet"
    old = (store.path / path).read_bytes()
    store.upsert(crm({"date": "2025-08-05"}))
    (store.path / path).parent.mkdir()
    (store.path / path).write_bytes(old)
    done = store.upsert(crm({"date": "2025-08-05"}))
    assert (done.inserted, done.updated, done.unchanged) == (0, 0, 1)
    assert store.read("crm")["opportunity_id"].tolist() == ["O-1", "O-2"]


# Files of others


def test_a_partition_that_another_tool_replaced_is_the_truth(store: ParquetStore) -> None:
    fill(store)
    path = store.path / "ads/date=2025-08-02/channel=google_ads/part-0.parquet"
    rows = pd.read_parquet(path, partitioning=None).assign(clicks=99)
    pl.from_pandas(rows[rows.columns[::-1]]).write_parquet(path)
    assert store.read("ads", start="2025-08-02")["clicks"].tolist() == [99]
    assert store.upsert(ads({"date": "2025-08-02", "clicks": 99})).unchanged == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.drop(columns="clicks"),
        lambda rows: rows.assign(spend=1.0),
        lambda rows: rows.assign(clicks="many"),
        lambda rows: rows.assign(campaign_id=None),
    ],
    ids=["a column less", "a column more", "another type", "a missing value"],
)
def test_a_file_with_other_columns_is_refused_by_path(
    store: ParquetStore, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    fill(store)
    path = store.path / "ads/date=2025-08-02/channel=google_ads/part-0.parquet"
    change(pd.read_parquet(path, partitioning=None)).to_parquet(path)
    for action in (lambda: store.read("ads"), lambda: store.upsert(ads({"date": "2025-08-02"}))):
        with pytest.raises(StoreError, match=r"date=2025-08-02/channel=google_ads/part-0.*Restore"):
            action()


def test_a_corrupt_file_is_refused_by_path(store: ParquetStore) -> None:
    fill(store)
    path = store.path / "crm/date=2025-08-02/part-0.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(StoreError, match=r"date=2025-08-02/part-0.parquet .* Restore the file"):
        store.read("crm")


@pytest.mark.parametrize(
    "name",
    [
        "extra.parquet",
        "date=2025-08-01/extra.parquet",
        "date=2025-08-01/.part-0.parquet",
        "date=2025-08-01/channel=google_ads/part-1.parquet",
        "date=2025-08-01/channel=a b/part-0.parquet",
        "date=2025-08-01/channel=/part-0.parquet",
        "date=soon/channel=x/part-0.parquet",
        "date=20250801/channel=x/part-0.parquet",
        "day=2025-08-01/channel=x/part-0.parquet",
    ],
)
def test_a_file_with_another_name_is_refused_by_path(store: ParquetStore, name: str) -> None:
    fill(store)
    path = store.path / "ads" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    with pytest.raises(StoreError, match="does not belong in a store"):
        store.read("ads")


@pytest.mark.parametrize("name", [".DS_Store", "_SUCCESS"])
def test_marks_of_systems_are_passed_over(store: ParquetStore, name: str) -> None:
    fill(store)
    (store.path / "ads" / name).write_bytes(b"")
    (store.path / "ads/date=2025-08-01" / name).write_bytes(b"")
    assert len(store.read("ads")) == 3
