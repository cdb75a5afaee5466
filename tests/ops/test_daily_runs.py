"""The daily command as processes: two that overlap, one that is killed, and the next one."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Barrier

import pandas as pd
import pytest

import admira
from admira.datasets import worked_example, write
from tests.sources.loopback import Loopback, Reply, Request, reply_json

Process = subprocess.Popen[str]
EXAMPLE = worked_example()
DAYS = 60


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, EXAMPLE)
    monkeypatch.chdir(tmp_path)
    for name in ("ADMIRA_TIMEOUT_SECONDS", "ADMIRA_DEADLINE_SECONDS"):
        monkeypatch.setenv(name, "60")


@pytest.fixture
def processes() -> Iterator[ExitStack]:
    """End at the end whatever was begun."""
    with ExitStack() as stack:
        yield stack


class Meeting(Loopback):
    """A source that answers only once both have asked, so that both come to write at once."""

    def __init__(self, replies: list[Reply]) -> None:
        self._both = Barrier(2, timeout=60)
        super().__init__(replies)

    def take_turn(self, request: Request) -> Reply:
        reply = super().take_turn(request)
        self._both.wait()
        return reply

    close = Loopback.stop


def begun(processes: ExitStack, ads: str) -> Process:
    """Begin the daily command in a process of its own."""
    call = [sys.executable, "-m", "admira", "ingest", "--store", "shop", "--since", "auto"]
    process = processes.enter_context(
        subprocess.Popen(
            [*call, "--ads", ads, "--crm", "crm.json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    processes.callback(process.kill)
    return process


def finished(process: Process) -> None:
    said, told = process.communicate(timeout=60)
    assert process.returncode == 0, said + told


def partitions() -> dict[Path, int]:
    """Give every partition with the moment when it was written."""
    return {
        path: path.stat().st_mtime_ns for path in Path("shop").glob("[!_]*/date=*/**/*.parquet")
    }


def test_two_that_overlap_write_one_after_the_other_and_nothing_twice(
    processes: ExitStack,
) -> None:
    with closing(Meeting([reply_json(EXAMPLE.ads_envelope)])) as api:
        for process in [begun(processes, api.url) for _ in range(2)]:
            finished(process)
    store = admira.open_store("shop")
    runs = store.runs().query("kind == 'ads' and fetched > 0")
    assert sorted(runs["inserted"]) == [0, len(EXAMPLE.ads)]
    assert list(runs["updated"]) == [0, 0]
    assert store.verify().is_sound


def test_one_that_is_killed_is_made_up_for_by_the_next_and_a_third_writes_nothing(
    processes: ExitStack,
) -> None:
    days = pd.date_range("2025-01-01", periods=DAYS).strftime("%Y-%m-%d")
    Path("ads.json").write_text(json.dumps([EXAMPLE.ads[0] | {"date": day} for day in days]))
    killed = begun(processes, "ads.json")
    while sum(len(files) for *_, files in os.walk("shop/_admira/staging")) < DAYS // 4:
        assert killed.poll() is None, killed.communicate()
        time.sleep(0.001)
    killed.kill()
    assert killed.wait() < 0  # in the middle of its commit
    left = len(partitions())
    finished(begun(processes, "ads.json"))
    store = admira.open_store("shop")
    assert (len(store.ads()), len(store.crm())) == (DAYS, len(EXAMPLE.crm))
    assert store.verify().is_sound
    written = partitions()
    assert left < len(written)
    finished(begun(processes, "ads.json"))
    assert partitions() == written
