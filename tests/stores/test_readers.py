"""What readers see while others write, and after somebody else changed the files."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import run
from threading import Event, Thread
from time import monotonic, sleep, time_ns

import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest

from admira.errors import StoreError
from admira.schemas import TABLES
from admira.store import Store, open_store
from admira.stores.files import LocalFiles
from admira.stores.journal import Journal
from admira.stores.parquet import ParquetStore
from tests.stores.rows import ads
from tests.stores.workers import (
    ACTIONS,
    DAYS,
    LOCK,
    TZ,
    answer,
    answers,
    asked,
    contents,
    make,
    read_versions,
    started,
    wait_at,
    write_every,
    write_versions,
)

COMMITS = 60


# Beside writers


@pytest.mark.parametrize("kind", ["folder", "memory:"])
def test_questions_asked_at_once_are_answered_as_of_one_commit(tmp_path: Path, kind: str) -> None:
    store = open_store(tmp_path / "store" if kind == "folder" else kind)
    store.upsert(ads({"cost": 1.0}))
    rounds = []

    def ask(seen: Store) -> tuple[float, ...]:
        first = seen.metrics([])["cost"].sum()
        if not rounds:  # somebody else's commit between two questions
            other = store if kind == "memory:" else open_store(tmp_path / "store")
            other.upsert(ads({"cost": 5.0}, {"cost": 5.0, "campaign_id": "C-2"}))
        rounds.append(first)
        return first, seen.metrics("channel")["cost"].sum(), seen.ads()["cost"].sum()

    first, second, third = store.at_once(ask)
    assert first == second == third
    assert store.metrics([])["cost"].sum() == 10.0


@pytest.mark.parametrize("kind", ["folder", "memory:"])
def test_a_store_that_follows_commits_sees_each_and_looks_for_files_once(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path / "store" if kind == "folder" else kind)
    store.upsert(ads({"cost": 1.0}, {"cost": 1.0, "date": "2025-09-01"}))
    follower = store.following_commits()
    assert follower.metrics([])["cost"].sum() == 2.0
    walks = []
    original = LocalFiles.find
    monkeypatch.setattr(
        LocalFiles, "find", lambda *given: walks.append(given[1]) or original(*given)
    )
    assert follower.metrics("channel")["cost"].sum() == 2.0
    assert walks == []
    other = store if kind == "memory:" else open_store(tmp_path / "store")
    for cost in (5.0, 7.0):
        other.upsert(ads({"cost": cost}, {"cost": 3.0, "campaign_id": f"C-{cost}"}))
        assert follower.metrics("channel").equals(store.metrics("channel"))
        pd.testing.assert_frame_equal(follower.ads(), store.ads())
    follower.upsert(ads({"cost": 0.5}))
    assert store.ads()["cost"].sum() == follower.metrics([])["cost"].sum() == 7.5
    if kind == "folder":
        other.archive("2025-08-15", str(tmp_path / "archive"), dry_run=False)
        pd.testing.assert_frame_equal(follower.ads(), store.ads())
        other.retain("2025-08-15", dry_run=False)
        pd.testing.assert_frame_equal(follower.ads(), store.ads())
        assert follower.ads()["cost"].sum() == 1.0


def test_a_store_that_follows_commits_finds_what_was_taken_away(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.upsert(ads({}, {"date": "2025-08-02"}))
    follower = store.following_commits()
    assert len(follower.ads()) == 2
    shutil.rmtree(tmp_path / "ads/date=2025-08-02")
    assert len(follower.ads()) == 1


def test_a_store_that_is_made_while_it_is_opened_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Journal.current

    def current(journal: Journal, path: str) -> bytes | None:
        found = original(journal, path)
        monkeypatch.setattr(Journal, "current", original)
        open_store(tmp_path, tz="Europe/Madrid").upsert(ads({}))  # the first commit, just now
        return found

    monkeypatch.setattr(Journal, "current", current)
    assert open_store(tmp_path).tz == "Europe/Madrid"


def test_nothing_is_written_by_what_is_asked_at_once(tmp_path: Path) -> None:
    for store in (open_store(tmp_path / "store"), open_store("memory:")):
        store.upsert(ads({}))
        with pytest.raises(StoreError, match="write afterwards"):
            store.at_once(lambda seen: seen.upsert(ads({"campaign_id": "C-2"})))
        assert len(store.ads()) == 1


def test_readers_see_one_version_everywhere_and_no_commit_of_two_writers_is_lost(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "store"
    with (
        started(read_versions, folder, False) as (_, reader),  # noqa: FBT003
        started(read_versions, folder, True) as (_, opener),  # noqa: FBT003
        started(write_versions, folder, 0, COMMITS) as (_, writer),
        started(write_versions, folder, 1, COMMITS) as (_, other),
    ):
        last = writer.recv() | other.recv()
        met = []
        for pipe in (reader, opener):
            pipe.send("stop")
            met.append(pipe.recv())
    for each in met:
        torn = [versions for versions in each.versions if len(versions) > 1]
        assert torn == []
        assert each.sizes <= {(0, 0), (8, 2)}
        assert each.counted == sorted(each.counted)
        assert len(set(each.counted)) > COMMITS / 4
        assert each.slowest_seconds < 10
    assert sum(len(each.versions) for each in met) > 500
    store = open_store(folder)
    rows = store.ads().set_index("campaign_id")["clicks"]
    assert rows["counter"] == 2 * COMMITS
    assert rows[sorted(last)].to_dict() == last
    assert store.verify().problems == ()


def test_a_reader_of_many_partitions_gets_on_beside_a_busy_writer(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    days = [day.date().isoformat() for day in pd.date_range("2025-01-01", "2025-07-31")]
    ParquetStore(folder).upsert(ads(*({"date": day, "channel": n} for day in days for n in "ab")))
    with started(write_every, folder, 0.15) as (_, writer):
        while not ParquetStore(folder).read("ads", channel="google_ads")["clicks"].any():
            sleep(0.01)
        for _ in range(8):
            shutil.rmtree(folder / "_admira/cache", ignore_errors=True)
            began = monotonic()
            rows = ParquetStore(folder).read("ads")
            assert monotonic() - began < 8
            assert len(rows) == 2 * len(days) + 7
            assert rows.loc[rows["channel"] == "google_ads", "clicks"].nunique() == 1  # noqa: PD101
        writer.send("stop")
        assert writer.recv() > 5


# A commit that is recorded and not yet applied


@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_recorded_commit_is_seen_before_it_is_applied(tmp_path: Path, number: int) -> None:
    for name in ("before", "after", "now"):
        make(tmp_path / name)
    ACTIONS["change"].act(tmp_path / "after")
    early = ParquetStore(tmp_path / "now/store")
    with started(wait_at, tmp_path / "now", "change", "part-0", number) as (_, pipe):
        pipe.recv()
        late = ParquetStore(tmp_path / "now/store")
        for store in (early, late):
            held = dict(rows_of(store).items())
            assert held == rows_of(ParquetStore(tmp_path / "after/store"))
        assert held != rows_of(ParquetStore(tmp_path / "before/store"))
        assert Store(late).verify().problems == ()


def test_a_commit_that_is_not_recorded_is_not_seen(tmp_path: Path) -> None:
    make(tmp_path)
    before = rows_of(ParquetStore(tmp_path / "store"))
    with started(wait_at, tmp_path, "change", "journal", 1) as (_, pipe):
        pipe.recv()
        assert rows_of(ParquetStore(tmp_path / "store")) == before


@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_store_is_opened_with_its_time_zone_while_its_first_commit_is_applied(
    tmp_path: Path, number: int
) -> None:
    with started(wait_at, tmp_path, "make_at_once", "part-0", number) as (_, pipe):
        pipe.recv()
        store = ParquetStore(tmp_path / "store")
        assert (store.tz, len(store.read("ads"))) == (TZ, 2)


def rows_of(store: ParquetStore) -> dict[str, str]:
    return {kind: store.read(kind).to_csv() for kind in TABLES}


# Files that cannot be written


@contextmanager
def read_only(folder: Path, place: Path) -> Iterator[Path]:
    """Give a folder that nothing can be written in."""
    if os.geteuid() != 0:
        mode = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
        for path in mode:  # noqa: PLC0206
            path.chmod(mode[path] & ~0o222)
        yield folder
        for path in mode:  # noqa: PLC0206
            path.chmod(mode[path])
        return
    place.mkdir()
    for options in (["--bind", str(folder), str(place)], ["-o", "remount,ro,bind", str(place)]):
        if run(["mount", *options], check=False, capture_output=True).returncode:  # noqa: S607
            pytest.skip("root ignores permissions, and nothing can be mounted here")
    try:
        yield place
    finally:
        run(["umount", str(place)], check=True)  # noqa: S607


def test_a_store_that_cannot_be_written_is_read(tmp_path: Path) -> None:
    make(tmp_path)
    expected = answers(open_store(tmp_path / "store"))
    shutil.rmtree(tmp_path / "store/_admira/cache", ignore_errors=True)
    with read_only(tmp_path / "store", tmp_path / "copy") as folder:
        for _ in range(2):
            assert answers(open_store(folder)) == expected


def test_a_store_that_cannot_be_written_shows_the_commit_that_was_being_applied(
    tmp_path: Path,
) -> None:
    make(tmp_path)
    with started(wait_at, tmp_path, "change", "part-0", 2) as (_, pipe):
        pipe.recv()
    with read_only(tmp_path / "store", tmp_path / "copy") as folder:
        seen = ParquetStore(folder).reading(contents)
    assert seen == ParquetStore(tmp_path / "store").reading(contents)
    assert "99" in str(seen["ads"])


# Never stale

ADS_PART = f"ads/date={DAYS[1]}/channel=google_ads/part-0.parquet"
CRM_PART = f"crm/date={DAYS[1]}/part-0.parquet"
VALUES = {"clicks": 77, "amount": 77.0, "stage": "closed_won"}


@pytest.fixture
def warm(tmp_path: Path) -> Store:
    """Give a store that has answered before, in this process and from its cache."""
    make(tmp_path)
    sleep(0.15)  # only what was written some time ago is kept
    store = open_store(tmp_path / "store")
    for _ in range(2):
        answers(store)
    kept = [*(tmp_path / "store/_admira/cache").rglob("*.parquet")]
    assert {path.parent.name for path in kept} >= {"ads", "crm"}
    return store


def in_place(path: Path, rows: pd.DataFrame) -> None:
    """Overwrite a file, as pandas does."""
    with path.open("wb") as file:
        rows.to_parquet(file, index=False)


def by_rename(path: Path, rows: pd.DataFrame) -> None:
    """Replace a file by one written elsewhere, as pyarrow does it."""
    new = path.with_name("new")
    table = pyarrow.Table.from_pandas(rows, preserve_index=False)
    pyarrow.parquet.write_table(table, new)
    new.replace(path)


def assert_fresh(store: Store, before: dict[str, str]) -> None:
    """See that a store answers as one that was never asked, here and in a new process."""
    folder = store.backend.path  # type: ignore[attr-defined]
    shown = answers(store)
    copy = folder.with_name(f"{folder.name}-copied")
    shutil.copytree(folder, copy)
    shutil.rmtree(copy / "_admira/cache")
    expected = asked(answer, copy)
    shutil.rmtree(copy)
    assert shown == expected
    assert asked(answer, folder) == expected
    assert shown["metrics"] != before["metrics"]


@pytest.mark.parametrize("replace", [in_place, by_rename])
@pytest.mark.parametrize("part", [ADS_PART, CRM_PART])
def test_a_partition_that_others_replace_is_seen_at_once(
    warm: Store, part: str, replace: Callable[[Path, pd.DataFrame], None]
) -> None:
    path = warm.backend.path / part  # type: ignore[attr-defined]
    before = answers(warm)
    rows = pd.read_parquet(path, partitioning=None)
    values = {name: value for name, value in VALUES.items() if name in rows}
    replace(path, rows.assign(**values))
    assert_fresh(warm, before)
    before, size = answers(warm), path.stat().st_size
    sleep(0.15)
    answers(warm)
    replace(
        path, rows.assign(**{**values, **{n: v + 1 for n, v in values.items() if n != "stage"}})
    )
    assert path.stat().st_size == size
    assert_fresh(warm, before)


def test_changes_in_quick_succession_are_all_seen(warm: Store) -> None:
    path = warm.backend.path / ADS_PART  # type: ignore[attr-defined]
    rows = pd.read_parquet(path, partitioning=None)
    for clicks in range(100, 160):
        (in_place if clicks % 2 else by_rename)(path, rows.assign(clicks=clicks))
        assert clicks in warm.ads()["clicks"].to_list()


def test_a_file_that_could_change_without_a_sign_is_read_each_time(warm: Store) -> None:
    path = warm.backend.path / ADS_PART  # type: ignore[attr-defined]
    rows = pd.read_parquet(path, partitioning=None)
    soon = time_ns() + 10**12  # as on a clock whose present instant is not over yet
    sizes = set()
    for clicks in (100, 101, 102):
        in_place(path, rows.assign(clicks=clicks))
        os.utime(path, ns=(soon, soon))
        assert clicks in warm.ads()["clicks"].to_list()
        assert clicks in warm.metrics(by=["date", "channel", "campaign_id"])["clicks"].to_list()
        sizes.add(path.stat().st_size)
    assert len(sizes) == 1


@pytest.mark.parametrize("part", [ADS_PART, CRM_PART])
def test_a_partition_that_others_remove_or_add_is_seen_at_once(warm: Store, part: str) -> None:
    path = warm.backend.path / part  # type: ignore[attr-defined]
    before, content = answers(warm), path.read_bytes()
    path.unlink()
    assert_fresh(warm, before)
    before = answers(warm)
    path.write_bytes(content)
    assert_fresh(warm, before)
    before = answers(warm)
    shutil.rmtree(path.parent)
    assert_fresh(warm, before)
    before, new = answers(warm), Path(str(path).replace(DAYS[1], "2025-08-19"))
    new.parent.mkdir(parents=True)
    new.write_bytes(content)
    assert_fresh(warm, before)


# The cache


def test_a_cache_that_is_deleted_at_any_time_changes_no_answer(warm: Store) -> None:
    expected = answers(warm)
    folder, is_done = warm.backend.path, Event()  # type: ignore[attr-defined]

    def delete() -> None:
        while not is_done.is_set():
            shutil.rmtree(folder / "_admira/cache", ignore_errors=True)

    deleting = Thread(target=delete)
    deleting.start()
    try:
        for _ in range(20):
            assert answers(warm) == expected
            assert answers(open_store(folder)) == expected
    finally:
        is_done.set()
        deleting.join()
    assert ParquetStore(folder).upsert(ads({"clicks": 5})).updated == 1


BREAKS: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda _: b"",
    "cut in half": lambda content: content[: len(content) // 2],
    "garbage": lambda content: b"\xa5" * len(content),
    "a file of other columns": lambda _: pd.DataFrame({"a": [1]}).to_parquet(),
}


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 0x40]) + content[place + 1 :]


@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS)
def test_a_broken_cache_is_passed_over_and_replaced(
    warm: Store, broken: Callable[[bytes], bytes]
) -> None:
    folder = warm.backend.path  # type: ignore[attr-defined]
    expected = answers(warm)
    kept = {path: path.read_bytes() for path in folder.glob("_admira/cache/**/*.parquet")}
    for path, content in kept.items():
        path.write_bytes(broken(content))
    assert answers(open_store(folder)) == expected
    assert {path: path.read_bytes() for path in kept} == kept
    assert answers(warm) == expected


def test_a_cache_with_one_bit_changed_never_changes_an_answer(warm: Store) -> None:
    folder = warm.backend.path  # type: ignore[attr-defined]
    expected = answers(warm)["ads"]
    (path,) = folder.glob("_admira/cache/ads/2025-08.*.parquet")
    content = path.read_bytes()
    for place in range(0, len(content), 23):
        path.write_bytes(flipped(content, place))
        assert open_store(folder).ads().to_csv() == expected, place


def test_a_cache_is_no_folder_of_the_data(warm: Store) -> None:
    folder = warm.backend.path  # type: ignore[attr-defined]
    with warm.backend.files.lock(LOCK, 0.0):  # type: ignore[attr-defined]
        assert answers(open_store(folder)) == answers(warm)  # readers keep it beside a writer
