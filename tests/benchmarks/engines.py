"""What is measured of the engines: a store's KPIs on each, first and next, and their memory."""

import tempfile
from collections.abc import Callable
from typing import Any

import admira

Steps = list[Callable[[], Any]]

# What DuckDB is not told of in MiB, for the bridge; a tighter limit makes it spill, and hold more.
_BESIDE = 100

# How the plans of Spark, of DuckDB and of polars call the reading of files.
_SCANS = ("FileScan parquet", "READ_PARQUET", "PARQUET_SCAN", "Parquet SCAN")


def compact(store: str) -> Steps:
    """Make the files that engines read."""
    opened = admira.open_store(store)
    return [lambda: int(opened.compact()["files"].sum())]


def bridge(store: str) -> Steps:
    """Ask for the first KPIs ever of a compacted store: map and bridge are made for it."""
    return _asked(store, ["channel"], "duckdb", None)[:1]


def arrow(store: str, by: list[str]) -> Steps:
    """Ask for KPIs on Arrow, in a new process, twice."""
    return _asked(store, by, "arrow", None)


def polars(store: str, by: list[str]) -> Steps:
    """Ask for KPIs on polars, twice."""
    return _asked(store, by, "polars", None)


def duckdb(store: str, by: list[str], mebibytes: int | None = None) -> Steps:
    """Ask for KPIs on DuckDB twice; the whole process is to hold no more than so much memory."""
    if mebibytes is None:
        return _asked(store, by, "duckdb", None)
    import duckdb as engine
    import psutil

    session = engine.connect(config={"temp_directory": tempfile.mkdtemp()})
    steps = _asked(store, by, "duckdb", session)
    own = psutil.Process().memory_info().rss >> 20  # Python, pandas and Arrow, all imported now
    session.execute(f"SET memory_limit = '{mebibytes - own - _BESIDE}MiB'")
    return steps


def spark(store: str, by: list[str], master: str = "local[2]") -> Steps:
    """Ask for KPIs on Spark, twice; then say how many megabytes its processes held at most."""
    import psutil
    from pyspark.sql import SparkSession

    from admira.engines.spark import _LOCAL, quiet

    with quiet():
        builder = SparkSession.builder.master(master).config(map=_LOCAL)
        session = builder.config("spark.driver.memory", "2g").getOrCreate()

    def held() -> float:
        processes = psutil.Process().children(recursive=True)
        return sum(_peak_megabytes(process.pid) for process in processes)

    return [*_asked(store, by, "spark", session), held]


def _asked(store: str, by: list[str], engine: Any, session: Any) -> Steps:
    # What is imported at its first use is loaded before the clock starts.
    admira.open_store("memory:").metrics(by, engine=engine, session=session)

    opened = admira.open_store(store)

    def ask() -> float:
        return float(opened.metrics(by, engine=engine, session=session)["revenue"].sum())

    def scans() -> int:
        facts = opened.facts(engine=engine, session=session)
        plan = _plan(admira.compute_metrics(facts, by=[*by, "currency"]))
        return sum(plan.count(scan) for scan in _SCANS)

    return [ask, ask, scans]


def _plan(frame: Any) -> str:
    """Give the plan of a lazy frame as its engine writes it; an eager one has none."""
    if hasattr(frame, "_jdf"):
        return str(frame._jdf.queryExecution().executedPlan().toString())  # noqa: SLF001 - as explain() does
    return str(frame.explain()) if hasattr(frame, "explain") else ""


def _peak_megabytes(pid: int) -> float:
    """Give the most memory that another process has held so far."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:  # noqa: PTH123 - of the system
        lines = dict(line.split(":", 1) for line in status)
    return int(lines.get("VmHWM", "0 kB").split()[0]) / 1000
