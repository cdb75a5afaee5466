"""What a store is after its process stopped: as before a commit or as after it, at any step."""

import os
import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import sleep
from urllib.parse import quote

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from admira.schemas import TABLES
from admira.store import Store, open_store
from admira.stores.parquet import ParquetStore
from tests.stores.rows import ads, crm
from tests.stores.test_parquet import READERS
from tests.stores.workers import (
    ACTIONS,
    DAYS,
    LOCK,
    TZ,
    Fault,
    archive,
    asked,
    attempts,
    change,
    commit_number,
    commit_on_and_on,
    contents,
    make,
    record,
    recover,
    repeats,
    retain,
    started,
    wait_at,
)

Contents = dict[str, list[str]]

STOP = Fault()


@pytest.fixture(autouse=True)
def _only_processes_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Force nothing to disk: that is for machines that stop."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a store, only to be copied."""
    folder = tmp_path_factory.mktemp("made")
    make(folder)
    return folder


def held(folder: Path) -> Contents:
    return ParquetStore(folder / "store").reading(contents)


def held_unrecovered(folder: Path) -> Contents:
    """Read a store as others find it while its writer is still there."""
    with ParquetStore(folder / "store").files.lock(LOCK, 0.0):
        return held(folder)


def state_of(found: Contents, states: list[Contents]) -> int:
    """Tell which of the states this is; it must be one of them as a whole."""
    assert found in states, [name for name in found if found[name] != states[0][name]]
    return states.index(found)


def is_once(moments: list[int]) -> bool:
    """Tell whether all is as before up to one moment, and as after from then on."""
    return moments == sorted(moments) and set(moments) == {0, 1}


def problems(folder: Path) -> tuple[str, ...]:
    return open_store(folder / "store").verify().problems


def staged(folder: Path) -> list[str]:
    found = folder.glob("*/_admira/staging/**/*")
    return [str(path) for path in found if path.is_file()]


def partitions(folder: Path) -> list[str]:
    found = [path for kind in TABLES for path in folder.glob(f"{kind}/**/*.parquet")]
    return sorted(str(path.relative_to(folder)) for path in found)


class Stops:
    """The folders that an action leaves when it stops, each put where the action was done."""

    def __init__(self, template: Path | None, folder: Path, action: str) -> None:
        self.folder = folder
        *self.stopped, self.end = asked(record, template, folder, action)

    def put(self, copy: Path) -> Path:
        shutil.rmtree(self.folder)
        shutil.copytree(copy, self.folder)
        return self.folder


# A commit that stops


@pytest.mark.parametrize("action", ["change", "make_at_once"])
def test_a_commit_that_stops_at_any_step_counts_as_a_whole_or_not_at_all(
    made: Path, tmp_path: Path, action: str
) -> None:
    template = made if action == "change" else None
    stops = Stops(template, tmp_path / "place", action)
    states = [held(template or tmp_path / "none"), held(stops.put(stops.end))]
    moments = []
    for number, copy in enumerate(stops.stopped):
        folder = stops.put(copy)
        unrecovered = state_of(held_unrecovered(folder), states)
        moments.append(state_of(held(folder), states))
        assert unrecovered == moments[-1], copy.name
        assert problems(folder) == (), copy.name
        again, state = (
            (recover, states[moments[-1]]) if number % 3 else (ACTIONS[action].act, states[1])
        )
        again(folder)
        assert staged(folder) == [], copy.name
        assert held(folder) == state, copy.name
        assert state == states[0] or ParquetStore(folder / "store").tz == TZ
    assert len(moments) > 40
    assert is_once(moments)


@pytest.mark.parametrize("action", ["change", "archive"])
def test_a_recovery_that_stops_again_and_again_is_finished_by_the_next(
    made: Path, tmp_path: Path, action: str
) -> None:
    stops = Stops(made, tmp_path / "place", action)
    states = [held(made), held(stops.put(stops.end))]
    recoveries = 0
    for copy in stops.stopped[len(stops.stopped) // 3 :: 7]:
        folder = stops.put(copy)
        moment = state_of(held_unrecovered(folder), states)
        recoveries += len(asked(repeats, folder, "recover", STOP)) - 1
        assert [path for path in staged(folder) if path.startswith(f"{folder}/store")] == []
        assert held(folder) == states[moment], copy.name
        assert problems(folder) == (), copy.name
    assert recoveries > 20


def test_a_process_that_ends_at_a_step_frees_the_lock_and_can_be_repeated(
    made: Path, tmp_path: Path
) -> None:
    *stopped, done = asked(attempts, made, tmp_path, "change", STOP, 9)
    states = [held(made), held(done.folder)]
    assert is_once([state_of(held(each.folder), states) for each in stopped])
    for each in stopped:
        with ParquetStore(each.folder / "store").files.lock(LOCK, 0.0):
            pass
        change(each.folder)
        assert held(each.folder) == states[1], each.met


def test_what_a_stopped_commit_left_is_swept_once(made: Path, tmp_path: Path) -> None:
    stops = Stops(made, tmp_path / "place", "change")
    for copy in stops.stopped[::5]:
        folder = stops.put(copy)
        recover(folder)
        assert list(folder.glob("store/_admira/staging/*")) == [], copy.name
        entries = [*folder.glob("store/_admira/journal/*")]
        recover(folder)
        assert [*folder.glob("store/_admira/journal/*")] == entries, copy.name


# Days that are moved or dropped


@pytest.mark.parametrize("action", ["archive", "retain"])
def test_moving_and_dropping_days_that_stops_at_any_step_loses_and_doubles_no_row(
    made: Path, tmp_path: Path, action: str
) -> None:
    stops = Stops(made, tmp_path / "place", action)
    hot = partitions(stops.put(stops.end) / "store")
    states = [held(made), held(stops.folder)]
    moments = []
    for copy in stops.stopped:
        folder = stops.put(copy)
        unrecovered = state_of(held_unrecovered(folder), states)
        moments.append(state_of(held(folder), states))
        assert unrecovered == moments[-1], copy.name
        assert problems(folder) == (), copy.name
        ACTIONS[action].act(folder)
        assert held(folder) == states[1], copy.name
        assert partitions(folder / "store") == hot, copy.name
        assert staged(folder) == [], copy.name
    assert len(moments) > 30
    assert moments == [0] * len(moments) if action == "archive" else is_once(moments)


def test_days_dropped_leave_the_archive_however_often_dropping_them_stops(
    made: Path, tmp_path: Path
) -> None:
    stops = Stops(made, tmp_path / "place", "retain")
    for copy in stops.stopped[::4]:
        folder = stops.put(copy)
        retain(folder)
        assert partitions(folder / "archive") == [], copy.name


def test_days_once_dropped_stay_dropped_when_fewer_are_dropped_later(tmp_path: Path) -> None:
    make(tmp_path)
    store = open_store(tmp_path / "store")
    store.retain(DAYS[3], kind="ads", dry_run=False)
    store.retain(DAYS[1], dry_run=False)
    assert store.backend.upsert(ads({"date": DAYS[2]})).expired == 1


def test_a_row_that_moves_after_an_archive_stopped_is_not_counted_twice(
    made: Path, tmp_path: Path
) -> None:
    stops = Stops(made, tmp_path / "place", "archive")
    for copy in stops.stopped[::4]:
        folder = stops.put(copy)
        moved = crm({"date": DAYS[3], "created_at": f"{DAYS[3]}T09:00:00Z"})
        assert ParquetStore(folder / "store").upsert(moved).updated == 1
        archive(folder)
        assert problems(folder) == (), copy.name
        assert len(held(folder)["crm"]) == len(held(made)["crm"]), copy.name


# A process that is killed


def test_a_killed_writer_loses_nothing_that_it_told_of_and_leaves_nothing_half_done(
    tmp_path: Path,
) -> None:
    chance = random.Random(20250820)
    folder, number = tmp_path / "store", 0
    for _ in range(20):
        told = number
        with started(commit_on_and_on, folder, number + 1) as (process, pipe), suppress(EOFError):
            for _ in range(chance.randint(1, 8)):
                told = pipe.recv()
            sleep(chance.uniform(0.0, 0.06))
            process.kill()
            while True:
                told = pipe.recv()
        store = ParquetStore(folder, lock_timeout_seconds=0)
        number = whole_number(store)
        assert number in {told, told + 1}
        assert Store(store).verify().problems == ()
        assert staged(tmp_path) == [] or number == told
        number += 1
        commit_number(store, number)  # the lock is free at once
        assert whole_number(store) == number
        assert staged(tmp_path) == []
    assert number >= 100


def whole_number(store: ParquetStore) -> int:
    """Give the number that was committed last; all tables must agree on it."""
    found = store.reading(contents)
    rows = Store(store)
    numbers = {*rows.ads()["clicks"], *rows.crm()["amount"], len(found["quarantine"])}
    assert len(numbers) == 1, numbers
    assert (len(found["ads"]), len(found["crm"])) == (2, 1)
    return int(numbers.pop())


# Other engines


def stop_half_way(folder: Path) -> None:
    """Kill a writer that has replaced the first partition of several, and open the store again."""
    with started(wait_at, folder, "change", "/ads/", 2) as (_, pipe):
        pipe.recv()
    ParquetStore(folder / "store")


def upsert(rows: pd.DataFrame) -> Callable[[Path], object]:
    return lambda folder: ParquetStore(folder / "store").upsert(rows)


FINISHED: dict[str, Callable[[Path], object]] = {
    "made": lambda _: None,
    "upserted": upsert(ads({"clicks": 7}, {"date": "2025-08-20", "channel": "a/b ñ"})),
    "moved": upsert(crm({"date": "2025-08-08"})),
    "rolled forward": stop_half_way,
    "repaired": lambda folder: open_store(folder / "store").repair(),
    "archived": archive,
    "joined by a late row": upsert(ads({"date": DAYS[0], "campaign_id": "C-9"})),
    "left by an archived row": upsert(crm({"opportunity_id": f"O-{DAYS[1]}", "date": DAYS[3]})),
    "dropped": retain,
}
AFTER_THE_ARCHIVE = {"archived", "joined by a late row", "left by an archived row"}


def is_hot(rows: pd.DataFrame, folder: Path) -> list[bool]:
    """Tell which rows have their partition in the folder of a table, and not in the archive."""
    days = rows["date"].dt.strftime("%Y-%m-%d")
    places = [folder / f"date={day}" for day in days]
    if "channel" in rows:
        names = rows["channel"].map(partial(quote, safe=""))
        places = [place / f"channel={name}" for place, name in zip(places, names, strict=True)]
    return [(place / "part-0.parquet").exists() for place in places]


def test_other_engines_read_the_same_rows_after_every_finished_step(tmp_path: Path) -> None:
    make(tmp_path)
    for step, finish in FINISHED.items():
        finish(tmp_path)
        store = open_store(tmp_path / "store")
        for kind, table in TABLES.items():
            rows = store.read(kind)
            hot = rows[is_hot(rows, tmp_path / "store" / kind)].reset_index(drop=True)
            assert 0 < len(hot) <= len(rows)
            assert len(hot) == len(rows) or step in AFTER_THE_ARCHIVE
            for name, reader in READERS.items():
                found = reader(tmp_path / "store" / kind)
                found = found.astype(dict.fromkeys(table.partitions, "str"))
                found = table.complete(found).sort_values(list(table.key), ignore_index=True)
                assert_frame_equal(found, hot, obj=f"{kind} {step} by {name}")
