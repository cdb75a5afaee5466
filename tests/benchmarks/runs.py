"""Running what is measured: a process of its own each time, ours and the rivals' in turn."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

_ROOT = Path(__file__).parents[2]
_FIRST_DAY = date(2024, 1, 1)  # as admira.datasets.large has it
_LARGE_STORE_ROWS = 5_000_000

# This process stays small: a child begins with its parent's peak memory, so that a large parent
# would be counted into every measurement.  It imports neither admira nor pandas.


@dataclass(frozen=True)
class Lap:
    """One step of a job: its seconds, its process's peak memory before and after, what it gave."""

    seconds: float
    start_megabytes: float
    peak_megabytes: float
    found: Any = None


Turn = Callable[[int], list[Lap]]


def run(job: str, **options: Any) -> list[Lap]:
    """Run a job in a process of its own and give its laps."""
    command = [sys.executable, "-m", "tests.benchmarks.child", job, json.dumps(options)]
    environment = {**os.environ, "RUNTIME__DLTHUB_TELEMETRY": "false", "PYTHONPATH": str(_ROOT)}
    done = subprocess.run(
        command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        message = f"{job} {options} failed:\n{done.stderr}"
        raise RuntimeError(message)
    return [Lap(**each) for each in json.loads(done.stdout.splitlines()[-1])]


class Measured:
    """The laps of all repeats of one contender."""

    def __init__(self) -> None:
        self.repeats: list[list[Lap]] = []

    def _median(self, name: str, step: int) -> float:
        return median(getattr(laps[step], name) for laps in self.repeats)

    def seconds(self, step: int = 0) -> float:
        """Give the median seconds of a step."""
        return self._median("seconds", step)

    def peak(self, step: int = 0) -> float:
        """Give the median peak memory of the process up to the end of a step, in megabytes."""
        return self._median("peak_megabytes", step)

    def growth(self, step: int = 0) -> float:
        """Give by how many megabytes a step raised that peak."""
        return self.peak(step) - self._median("start_megabytes", step)

    def found(self) -> list[Any]:
        """Give what the first step gave in each repeat."""
        return [laps[0].found for laps in self.repeats]


def interleaved(
    turns: Mapping[str, Turn], repeats: int, *, they_write: bool = False
) -> dict[str, Measured]:
    """Run the contenders in turn, A B C A B C …, so that noise of the machine meets all alike.

    Before each of those that write, the system's buffers are emptied, so that nobody's fsync waits
    for what another one wrote.
    """
    measured = {who: Measured() for who in turns}
    for turn in range(repeats):
        for who, start in turns.items():
            if they_write:
                os.sync()
            measured[who].repeats.append(start(turn))
    return measured


@dataclass(frozen=True)
class Place:
    """One size of the benchmark: how many rows, how many repeats, and the folder it works in."""

    folder: Path
    rows: int
    days: int
    repeats: int
    ingest_rows: int
    left_out: frozenset[str] = frozenset()

    @property
    def opportunities(self) -> int:
        """A fifth of the ad rows."""
        return self.rows // 5

    @property
    def last_days(self) -> int:
        """How many days the short report covers."""
        return min(90, max(1, self.days // 2))

    @property
    def start(self) -> str:
        """The first day of the short report."""
        return (_FIRST_DAY + timedelta(self.days - self.last_days)).isoformat()

    @property
    def is_large(self) -> bool:
        """Whether the targets of the large store hold."""
        return self.rows >= _LARGE_STORE_ROWS

    def has(self, package: str) -> bool:
        """Say whether a rival is installed and wanted."""
        return package not in self.left_out and find_spec(package) is not None

    def path(self, name: str) -> str:
        """Give the path of a file or folder in this place."""
        return str(self.folder / name)

    def new(self, name: str) -> str:
        """Give a path where nothing is."""
        path = self.folder / name
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        return str(path)

    def once(self, name: str, job: str, **options: Any) -> str:
        """Give the path of what a job makes, which is run where it is not there yet."""
        if not (self.folder / name).exists():
            run(job, **options)
        return self.path(name)

    @property
    def tables(self) -> str:
        """The tables of this size, each in one Parquet file."""
        path = self.path("tables")
        size = {"rows": self.rows, "opportunities": self.opportunities, "days": self.days}
        return self.once("tables", "tables:build", tables=path, **size)

    def store(self, name: str, tables: tuple[str, ...] = ("ads", "crm")) -> str:
        """Give a store of admira's that holds some of the tables."""
        path = self.path(name)
        return self.once(name, "ours:fill", tables=self.tables, store=path, names=tables)


def listing(folder: str) -> dict[str, tuple[int, int, int]]:
    """List all files below a folder, each with what changes when it is written."""
    found = {}
    for path in Path(folder).rglob("*"):
        if path.is_file():
            stat = path.stat()
            found[str(path.relative_to(folder))] = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
    return found


def written(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Name the files that are new, gone or written anew."""
    return sorted(
        name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    )
