"""What the stores' tests do in other processes: commit, read, wait, stop and fail half-way."""

import builtins
import json
import multiprocessing
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, NamedTuple, Self

import pandas as pd
import pyarrow
import pyarrow.compute as pc

from admira.schemas import ADS, CRM, TABLES
from admira.store import Store, open_store
from admira.stores.parquet import ParquetStore
from admira.stores.quarantine import QUARANTINE
from admira.stores.reading import Reader
from admira.stores.records import CHANGES
from admira.stores.selection import select
from tests.stores.rows import NOW, ads, crm, reject

# Processes are forked from one that has imported this module and has no threads.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.stores.workers"])

TZ = "Europe/Madrid"
LOCK = "_admira/lock/writer"
DAYS = [f"2025-08-0{day}" for day in range(1, 5)]
CHANNELS = ["google_ads", "meta_ads"]


@contextmanager
def started(work: Callable[..., None], *arguments: Any) -> Iterator[tuple[Any, Connection]]:
    """Run work in a process of its own, with a pipe to it; at the end it is killed."""
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(target=work, args=(there, *arguments))
    process.start()
    there.close()
    try:
        yield process, here
    finally:
        process.kill()
        process.join()
        process.close()
        here.close()


def asked(work: Callable[..., None], *arguments: Any) -> Any:
    """Give what work in a process of its own sends."""
    with started(work, *arguments) as (_, pipe):
        return pipe.recv()


# What a store holds


def contents(reader: Reader) -> dict[str, list[str]]:
    """Give the rows of every table that the actions below change, but for the commits' numbers."""
    held = {}
    for table in (*TABLES.values(), QUARANTINE, *CHANGES.values()):
        rows, _ = reader.checked(table)
        names = [name for name in rows.column_names if name != "commit"]
        held[table.name] = sorted(map(str, rows.select(names).to_pylist()))
    return held


def answers(store: Store) -> dict[str, str]:
    """Give the rows and the KPIs of a store, as text."""
    return {
        "ads": store.ads().to_csv(),
        "crm": store.crm().to_csv(),
        "campaigns": store.campaigns().to_csv(),
        "metrics": store.metrics(by=["date", "channel"]).to_csv(),
    }


def answer(pipe: Connection, folder: Path) -> None:
    """Send the answers that a new process gets."""
    pipe.send(answers(open_store(folder)))


# What is done to a store, in a folder that has it as ``store`` and its archive as ``archive``


def make(folder: Path) -> None:
    """Make a store of several partitions."""
    store = ParquetStore(folder / "store", tz=TZ)
    store.upsert(ads(*({"date": day, "channel": name} for day in DAYS for name in CHANNELS)))
    rest = [{"opportunity_id": f"O-{day}", "date": day} for day in DAYS[1:]]
    store.upsert(crm({"amount": 1.0}, *rest))
    reject(store, {"date": "soon"})


def _commit(store: ParquetStore, days: list[str], run_id: str) -> None:
    """Commit to all tables at once: several ad partitions, a row that moves, a rejected one."""
    moved = {"date": days[-1], "created_at": f"{days[-1]}T09:00:00Z", "amount": 2.0}
    rejected = pd.DataFrame([{"reasons": "cost: below 0", "cost": -1}], dtype=object)
    with store.transaction(run_id=run_id, now=NOW) as commit:
        commit.upsert(ads(*({"date": day, "clicks": 99} for day in days)))
        commit.upsert(crm(moved))
        commit.quarantine(rejected, kind="ads", source="api")


def change(folder: Path) -> None:
    """Change a store by one commit to all tables."""
    _commit(ParquetStore(folder / "store"), [*DAYS[:2], "2025-08-09"], "r2")


def make_at_once(folder: Path) -> None:
    """Make a store by one commit to all tables."""
    _commit(ParquetStore(folder / "store", tz=TZ), DAYS[:2], "r1")


def archive(folder: Path) -> None:
    """Move the first two days to the archive."""
    store = open_store(folder / "store")
    store.archive(DAYS[2], to=str(folder / "archive"), dry_run=False)


def retain(folder: Path) -> None:
    """Drop the first three days."""
    open_store(folder / "store").retain(date.fromisoformat(DAYS[3]), dry_run=False, now=NOW)


def recover(folder: Path) -> None:
    """Open a store, and begin a commit that does nothing."""
    with ParquetStore(folder / "store").transaction():
        pass


def read(folder: Path) -> None:
    """Read a store, through its cache."""
    answers(open_store(folder / "store"))


OLD_STORE = Path(__file__).with_name("store-1.0")


def old_store(folder: Path) -> Path:
    """Put the store that was written under contract 1.0 into a folder, and its archive."""
    shutil.copytree(OLD_STORE, folder, dirs_exist_ok=True)
    _point_to_archive(folder)
    return folder


def _point_to_archive(folder: Path) -> None:
    """Let a store that was put somewhere know where its archive is."""
    settings = folder / "store/_admira/settings.json"
    said = json.loads(settings.read_text())
    settings.write_text(json.dumps({**said, "archive": str(folder / "archive")}))


def upgrade_old(folder: Path) -> None:
    """Make the first commit to the store that was written under contract 1.0."""
    late = {"date": "2025-08-04", "platform_conversions": 2.5, "platform_value": 80.0}
    with ParquetStore(folder / "store").transaction(run_id="r2", now=NOW) as commit:
        commit.upsert(ads(late))


def archive_old(folder: Path) -> None:
    """Move its first day to its archive."""
    open_store(folder / "store").archive("2025-08-02", dry_run=False)


class Action(NamedTuple):
    """Something done to a store, and what is done before."""

    act: Callable[[Path], None]
    prepare: Callable[[Path], None] = lambda _: None


ACTIONS = {
    "change": Action(change),
    "make_at_once": Action(make_at_once),
    "archive": Action(archive),
    "retain": Action(retain, archive),
    "recover": Action(recover),
    "read": Action(read),
    "upgrade_old": Action(upgrade_old, _point_to_archive),
    "archive_old": Action(archive_old, _point_to_archive),
}


def commit_on_and_on(pipe: Connection, folder: Path, first: int) -> None:
    """Commit number after number to all tables, and tell of each when it is done."""
    os.fsync = lambda _: None  # type: ignore[assignment]  # processes stop here, not machines
    store = ParquetStore(folder, lock_timeout_seconds=0)
    for number in count(first):
        commit_number(store, number)
        pipe.send(number)


def commit_number(store: ParquetStore, number: int) -> None:
    """Write one number into all tables; the opportunity changes its day each time."""
    day = f"2025-08-{number % 9 + 1:02}"
    rejected = pd.DataFrame([{"reasons": "cost: below 0", "number": number}], dtype=object)
    with store.transaction(run_id=str(number), now=NOW) as commit:
        commit.upsert(ads(*({"date": d, "clicks": number} for d in DAYS[:2])))
        commit.upsert(crm({"date": day, "created_at": f"{day}T09:00:00Z", "amount": number}))
        commit.quarantine(rejected, kind="ads", source="api")


def write_versions(pipe: Connection, folder: Path, writer: int, commits: int) -> None:
    """Commit versions, each the same number in all rows, and count up a row of both writers.

    At the end, send what was written last to each of the rows that are this writer's alone.
    """
    os.fsync = lambda _: None  # type: ignore[assignment]
    store = ParquetStore(folder)
    last: dict[str, int] = {}
    for turn in range(commits):
        version = 2 * turn + writer
        mine = f"W-{writer}-{turn % 5}"
        last[mine] = version
        day = f"2025-08-{version % 9 + 1:02}"
        with store.transaction() as commit:
            stored = commit.rows(ADS)
            counted = stored.loc[stored["campaign_id"] == "counter", "clicks"].sum()
            rows = [{"date": d, "channel": n, "clicks": version} for d in DAYS for n in CHANNELS]
            rows += [{"campaign_id": "counter", "clicks": counted + 1}]
            rows += [{"campaign_id": mine, "clicks": version}]
            commit.upsert(ads(*rows))
            moved = {"date": day, "created_at": f"{day}T09:00:00Z", "amount": version}
            commit.upsert(crm(moved, {"opportunity_id": "O-2", "amount": version}))
    pipe.send(last)


class Read(NamedTuple):
    """What a reader met: reads, the versions of each, the counter's values, the slowest read."""

    versions: list[set[float]]
    counted: list[int]
    sizes: set[tuple[int, int]]
    slowest_seconds: float


def read_versions(pipe: Connection, folder: Path, is_opened_anew: bool) -> None:  # noqa: FBT001
    """Read both tables over and over until told to stop; send what was met."""
    store = ParquetStore(folder)
    versions, counted, sizes, slowest = [], [], set(), 0.0
    while not pipe.poll():
        started_at = monotonic()
        if is_opened_anew:
            store = ParquetStore(folder)
        rows, opportunities = store.reading(both)
        slowest = max(slowest, monotonic() - started_at)
        clicks = dict(zip(rows["campaign_id"].to_pylist(), rows["clicks"].to_pylist(), strict=True))
        shared = rows.filter(pc.equal(rows["campaign_id"], "C-1"))
        versions.append({*shared["clicks"].to_pylist(), *opportunities["amount"].to_pylist()})
        counted.append(clicks.get("counter", 0))
        sizes.add((len(shared), len(opportunities)))
    pipe.send(Read(versions, counted, sizes, slowest))


def both(reader: Reader) -> tuple[pyarrow.Table, pyarrow.Table]:
    """Read both tables as of one commit."""
    return (
        reader.scan(select(ADS, columns=["campaign_id", "clicks"])),
        reader.scan(select(CRM, columns=["opportunity_id", "amount"])),
    )


def write_every(pipe: Connection, folder: Path, seconds: float) -> None:
    """Commit at that pace until told to stop; send how often."""
    os.fsync = lambda _: None  # type: ignore[assignment]
    store = ParquetStore(folder)
    for number in count(1):
        store.upsert(ads(*({"date": f"2025-0{m}-01", "clicks": number} for m in range(1, 8))))
        if pipe.poll(seconds):
            pipe.send(number)
            return


# Steps and faults

Step = Callable[[str, str], None]

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
STEPS_IN_NEED_OF_SPACE = frozenset({"open", "write", "fsync", "os.mkdir"})
STEPS = STEPS_IN_NEED_OF_SPACE | {"os.rename", "os.link", "os.remove", "os.rmdir", "os.truncate"}


def watch(folder: Path, step: Step) -> None:
    """Call ``step`` before whatever this process does to files in a folder, until it ends.

    Nothing is really forced to disk: what a process leaves when it stops does not depend on it.
    """
    root, opened = f"{folder}{os.sep}", builtins.open

    def inside(event: str, path: Any) -> None:
        if str(path).startswith(root):
            step(event, str(path))

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            if arguments[2] & _WRITES:
                inside(event, arguments[0])
        elif event in STEPS:
            inside(event, arguments[event in {"os.rename", "os.link"}])

    def open_in_halves(path: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        file = opened(path, mode, *arguments, **options)
        return HalfWritten(file, step) if mode == "wb" and str(path).startswith(root) else file

    def fsync(handle: int) -> None:
        inside("fsync", os.readlink(f"/proc/self/fd/{handle}"))  # noqa: PTH115

    sys.addaudithook(hook)
    builtins.open = open_in_halves  # type: ignore[assignment]
    os.fsync = fsync  # type: ignore[assignment]


class HalfWritten:
    """A file of which half is on disk before the other half is written."""

    def __init__(self, file: Any, step: Step) -> None:
        self._file, self._step = file, step

    def write(self, content: bytes) -> int:
        half = len(content) // 2
        self._file.write(content[:half])
        self._file.flush()
        self._step("write", self._file.name)
        return half + int(self._file.write(content[half:]))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def record(pipe: Connection, template: Path | None, folder: Path, action: str) -> None:
    """Do something to a store; send copies of its folder as it was before each step, and after.

    What is copied is what a process that stops there leaves behind.
    """
    copies, one_at_a_time = folder.with_name("copies"), Lock()
    names: list[Path] = []
    if template is not None:
        shutil.copytree(template, folder)
    folder.mkdir(parents=True, exist_ok=True)
    ACTIONS[action].prepare(folder)

    def step(event: str, path: str) -> None:
        if event == "fsync":  # the folder looks as it does at the step after
            return
        with one_at_a_time:
            about = path.removeprefix(f"{folder}{os.sep}").replace(os.sep, " ")
            names.append(copies / f"{len(names):03} {event} {about}")
            shutil.copytree(folder, names[-1])

    watch(folder, step)
    ACTIONS[action].act(folder)
    shutil.copytree(folder, copies / "end")
    pipe.send([*names, copies / "end"])


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens at one step and, where it ``lasts``, at all later ones of that kind.

    ``steps`` are those that count, if their path has ``where`` in it.  With ``number`` the system
    refuses with that error; without, the process stops there.
    """

    number: int | None = None
    lasts: bool = False
    steps: frozenset[str] = STEPS
    where: str = ""

    def watching(self, first: int, log: int) -> Step:
        """Give what to call before every step; each that the fault is met at is noted down."""
        numbers = count(1)

        def step(event: str, path: str) -> None:
            if event not in self.steps or self.where not in path:
                return
            number = next(numbers)
            if number == first or (self.lasts and number > first):
                os.write(log, f"{event} {path}\n".encode())
                if self.number is None:
                    os._exit(9)
                raise OSError(self.number, os.strerror(self.number), path)

        return step


class Attempt(NamedTuple):
    """How an action went that met a fault.

    ``met`` has the steps at which it did, ``error`` and ``cause`` what the action raised.
    """

    folder: Path
    met: list[str]
    error: str = ""
    cause: str = ""


def _attempt(folder: Path, action: str, fault: Fault, first: int) -> Attempt:
    """Do something to the store in a folder, in a process that meets a fault at one step."""
    noted, told = os.pipe(), os.pipe()
    process = os.fork()
    if process == 0:
        error: BaseException | None = None
        try:
            ACTIONS[action].prepare(folder)
            watch(folder, fault.watching(first, noted[1]))
            ACTIONS[action].act(folder)
        except BaseException as raised:  # noqa: BLE001 - whatever it is, the test is told
            error = raised
        os.write(told[1], json.dumps([_said(error), _said(error and error.__cause__)]).encode())
        os._exit(0)
    os.close(noted[1])
    os.close(told[1])
    with os.fdopen(noted[0], "rb") as log, os.fdopen(told[0], "rb") as outcome:
        met, errors = log.read().decode().splitlines(), outcome.read()
    os.waitpid(process, 0)
    return Attempt(folder, met, *(json.loads(errors) if errors else ()))


def _said(error: BaseException | None) -> str:
    return "" if error is None else f"{type(error).__name__}: {error}"


def attempts(  # noqa: PLR0917
    pipe: Connection, template: Path | None, into: Path, action: str, fault: Fault, stride: int = 1
) -> None:
    """Send how an action went with a fault at its first step, at a later one, ... to the end."""
    done: list[Attempt] = []
    for first in count(1, stride):
        folder = into / f"{first:03}"
        if template is not None:
            shutil.copytree(template, folder)
        done.append(_attempt(folder, action, fault, first))
        if not done[-1].met:
            break
    pipe.send(done)


def repeats(pipe: Connection, folder: Path, action: str, fault: Fault) -> None:
    """Repeat an action: the first time it meets the fault at its first step, then at its second."""
    done: list[Attempt] = []
    while not done or done[-1].met:
        done.append(_attempt(folder, action, fault, len(done) + 1))
    pipe.send(done)


def wait_at(pipe: Connection, folder: Path, action: str, where: str, number: int) -> None:
    """Do something to a store, but at one step of replacing files say so, and wait."""
    numbers = count(1)

    def step(event: str, path: str) -> None:
        if event == "os.rename" and where in path and next(numbers) == number:
            pipe.send(path)
            pipe.recv()

    watch(folder, step)
    ACTIONS[action].act(folder)
