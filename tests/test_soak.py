"""A hundred ingests in a row with random faults: what is counted agrees, and nothing piles up."""

import gc
import logging
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

import admira
from admira.datasets import worked_example
from admira.errors import SourceError
from admira.run_history import outcomes
from tests.sources.loopback import Loopback, Reply, reply_json, serving
from tests.stores.workers import started
from tests.test_monitoring import samples

INGESTS, SETTLED = 100, 40
EXAMPLE = worked_example()
MEGABYTE = 1 << 20

FAULTS = {
    "500": Reply(status=500, body=(b"{}",)),
    "429": Reply(status=429, headers={"Retry-After": "0"}),
    "time-out": Reply(wait_seconds=30),
    "cut body": Reply((b"[",), length=1000, cut=True),
    "hang up": Reply(hang_up=True),
    "refused": Reply(status=403),
}
SELDOM = [1.0 if name != "time-out" else 0.15 for name in FAULTS]  # each takes its time
TRIES = 3


def client() -> admira.HttpClient:
    return admira.HttpClient(timeout_seconds=2, waits_seconds=(0.0, 0.0), circuit_opens_after=1000)


def begin_and_hang(pipe: Any, folder: Path, url: str) -> None:
    """Ingest from an API that does not answer, and tell when it has been asked."""
    pipe.send("begun")
    admira.ingest(folder, ads=f"{url}/ads", crm=[], client=admira.HttpClient(timeout_seconds=60))


def killed(folder: Path) -> None:
    """Begin an ingest in a process of its own, and kill that while it waits for its source."""
    with (
        serving(Reply(wait_seconds=60)) as api,
        started(begin_and_hang, folder, api.url) as (process, pipe),
    ):
        pipe.recv()
        while not api.requests:
            process.join(0.01)
        process.kill()
        process.join()


def script(chance: random.Random, *tables: Reply) -> tuple[list[Reply], int, bool]:
    """Draw what the API answers: the replies, how many tries are tried again, and whether it works.

    Each table is asked for up to three times, whether or not another one could be had.
    """
    replies: list[Reply] = []
    retries, works = 0, True
    for good in tables:
        faults = chance.choices([*FAULTS], SELDOM, k=chance.choice([0, 0, 0, 1, 2, 3]))
        refused = [position for position, fault in enumerate(faults) if fault == "refused"]
        played = faults[: refused[0] + 1] if refused else faults
        is_had = not refused and len(played) < TRIES
        replies += [*map(FAULTS.__getitem__, played), *([good] if is_had else [])]
        retries += len(played) - (0 if is_had else 1)
        works = works and is_had
    return replies, retries, works


def test_a_hundred_ingests_with_faults_agree_with_the_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # processes stop here, not machines
    monkeypatch.setattr(logging.getLogger("admira"), "propagate", False)  # pytest keeps each record
    chance = random.Random(7)
    folder, path = tmp_path / "store", tmp_path / "admira.prom"
    store = admira.open_store(folder)
    admira.ingest(store, ads=EXAMPLE.ads, crm=EXAMPLE.crm, run_id="before")
    expected: Counter[str] = Counter(ok=1)
    tried = 0
    kills = set(chance.sample(range(INGESTS), 6))
    sizes: dict[int, tuple[int, int]] = {}
    with serving() as api:
        for number in range(INGESTS):
            if number in kills:
                killed(folder)
                expected["cut short"] += 1
                continue
            works, retries = one(chance, number, store, api, path)
            expected["ok" if works else "error"] += 1
            tried += retries
            if number in (SETTLED, INGESTS - 1):
                gc.collect()
                memory = psutil.Process().memory_info().rss
                sizes[number] = (len(gc.get_objects()), memory)
    runs = store.runs()
    assert Counter(outcomes(runs)) == expected
    assert min(expected.values()) >= 6
    whole = runs.drop_duplicates("run_id").iloc[1:]
    ended = whole[whole["status"] != "running"]
    found = samples(path.read_text())
    assert found["admira_operations_total", "ingest.run", "ok"] == expected["ok"] - 1
    assert found["admira_operations_total", "ingest.run", "error"] == expected["error"]
    assert [found["admira_runs", name] for name in ("ok", "error", "cut short")] == [
        expected[name] for name in ("ok", "error", "cut short")
    ]
    retried = sum(value for name, value in found.items() if name[0] == "admira_retries_total")
    assert retried == tried == ended["retries"].sum() > INGESTS / 2
    assert found["admira_operation_seconds_count", "ingest.run"] == len(ended)
    took = found["admira_operation_seconds_sum", "ingest.run"]
    assert 0 < ended["seconds"].sum() <= took * 1.01
    assert store.verify().problems == ()
    assert len(store.ads()) == len(EXAMPLE.ads)
    (objects, memory), (objects_later, memory_later) = sizes.values()
    assert objects_later - objects < objects * 0.02
    assert memory_later - memory < 32 * MEGABYTE


def one(
    chance: random.Random, number: int, store: admira.Store, api: Loopback, path: Path
) -> tuple[bool, int]:
    """Ingest once, through a new client and the text file as cron would; say how it must end."""
    ads = [replace_clicks(row, number) for row in EXAMPLE.ads]
    replies, retries, works = script(chance, reply_json(ads), reply_json(EXAMPLE.crm))
    api.play(*replies)
    marks = store.watermarks()
    work = {"ads": f"{api.url}/ads", "crm": f"{api.url}/crm", "client": client()}
    if works:
        with admira.metrics_file(path, store=store):
            report = admira.ingest(store, **work, max_workers=1)
        assert report.retries == retries
        assert report["ads"].updated == len(ads)
    else:
        with pytest.raises(SourceError), admira.metrics_file(path, store=store):
            admira.ingest(store, **work, max_workers=1)
        assert marks.equals(store.watermarks())
    return works, retries


def replace_clicks(row: dict[str, Any], number: int) -> dict[str, Any]:
    return {**row, "clicks": number + 10_000}
