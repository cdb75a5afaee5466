"""The pieces of work that are measured, each with its rivals and its target."""

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.engine_works import engines
from tests.benchmarks.report import Row, Target, beside
from tests.benchmarks.runs import Lap, Place, Turn, interleaved, listing, run, written

_BY_CHANNEL = ["channel"]
_BY_ALL = ["date", "channel", "campaign_id"]
_DELTA_MERGES = {"Delta Lake merge": False, "Delta Lake merge, partitions named": True}


def bulk_write(place: Place) -> list[Row]:
    """Write all partitions, with fsync."""
    tables = place.tables
    turns: dict[str, Turn] = {
        "admira": lambda _: run("ours:bulk_write", tables=tables, store=place.new("bulk")),
    }
    if place.has("deltalake"):
        turns["Delta Lake"] = lambda _: run(
            "rivals:delta_write", tables=tables, lake=place.new("bulk")
        )
    turns["pyarrow dataset"] = lambda _: run(
        "rivals:arrow_write", tables=tables, folder=place.new("bulk")
    )
    measured = interleaved(turns, place.repeats, they_write=True)
    place.new("bulk")
    work = "bulk write of all partitions"
    return [
        beside(work, measured, "Delta Lake", Target("≤", 4)),
        beside(work, measured, "pyarrow dataset"),
    ]


def upsert(place: Place) -> list[Row]:
    """Replace one day in a store of all days."""
    tables, history = place.tables, place.store("history")
    day = place.store("day", ("day",))
    lake, file = place.path("delta"), place.path("one.parquet")
    place.once("one.parquet", "rivals:one_file", tables=tables, file=file)
    counts: list[int] = []

    def into_all_days(turn: int) -> list[Lap]:
        before = listing(f"{history}/ads")
        laps = run("ours:upsert_day", tables=tables, store=history, turn=turn)
        counts.append(len(written(before, listing(f"{history}/ads"))))
        return laps

    turns: dict[str, Turn] = {
        "admira": into_all_days,
        "admira, that day alone": lambda turn: run(
            "ours:upsert_day", tables=tables, store=day, turn=turn
        ),
        "pandas, one file": lambda turn: run(
            "rivals:pandas_upsert", tables=tables, file=file, turn=turn
        ),
    }
    if place.has("deltalake"):
        place.once("delta", "rivals:delta_write", tables=tables, lake=lake)
        for who, names_partitions in _DELTA_MERGES.items():
            turns[who] = lambda turn, names_partitions=names_partitions: run(
                "rivals:delta_merge",
                tables=tables,
                lake=lake,
                turn=turn,
                names_partitions=names_partitions,
            )
    measured = interleaved(turns, place.repeats, they_write=True)
    updated = {rows for each in measured.values() for rows in each.found()} - {None}
    if len(updated) != 1:
        raise RuntimeError(f"The same upsert updated {sorted(updated)} rows")
    work = "one day's upsert into all days"
    channels = len({Path(name).parent.name for name in listing(f"{history}/ads")})
    return [
        beside(work, measured, "admira, that day alone", Target("≤", 1.2)),
        beside(work, measured, "Delta Lake merge", Target("≥", 10)),
        beside(work, measured, "Delta Lake merge, partitions named"),
        beside(work, measured, "pandas, one file"),
        Row(
            "most files it wrote in ads/",
            "",
            max(counts),
            target=Target("=", channels),
            unit="files",
        ),
    ]


def rerun(place: Place) -> list[Row]:
    """Repeat an upsert: nothing is written."""
    tables, history = place.tables, place.store("history")
    again = {"tables": tables, "store": history, "turn": 1_000}
    run("ours:upsert_day", **again)
    counts: list[int] = []

    def repeat(_: int) -> list[Lap]:
        before = listing(history)
        laps = run("ours:upsert_day", **again)
        counts.append(len(written(before, listing(history))))
        return laps

    measured = interleaved({"admira": repeat}, place.repeats)
    work = "identical re-run of that upsert"
    return [
        Row(work, "", measured["admira"].seconds()),
        Row("most files it wrote anywhere", "", max(counts), target=Target("=", 0), unit="files"),
    ]


def agree(place: Place) -> list[Row]:
    """See whether all give the same KPIs; it also warms admira's caches, as a first use does."""
    options = {"tables": place.tables, "store": place.store("store"), "start": place.start}
    found = run("agreement:agree", **options)[0].found
    if found != "equal":
        raise RuntimeError(f"The KPIs of admira and its rivals differ: {found}")
    return [
        Row("KPIs that differ, ours from any rival's", "", 0, target=Target("=", 0), unit="columns")
    ]


def by_channel(place: Place) -> list[Row]:
    """KPIs by channel over all days, first and next query of a process, and their memory."""
    store = place.store("store")
    turns = _queries(place, store, _BY_CHANNEL)
    measured = interleaved(turns, place.repeats)
    first, following = "KPIs by channel, all days, first query", "the same, next query"
    needed = run("tables:needed_megabytes", tables=place.tables)[0].found
    on_disk = sum(size for *_, size in listing(store).values()) / 1e6
    memory, growth = "memory that the first query adds", measured["admira"].growth()
    return [
        beside(first, measured, "DuckDB", Target("≤", 0.5 if place.is_large else 0.25)),
        beside(first, measured, "polars"),
        beside(following, measured, "DuckDB", Target("≤", 0.1), step=1),
        beside(following, measured, "polars", step=1),
        Row(memory, "the columns it needs, as Arrow", growth, needed, Target("≤", 1), unit="MB"),
        Row(memory, "the store's files", growth, on_disk, unit="MB"),
    ]


def last_days(place: Place) -> list[Row]:
    """KPIs by channel over the last days."""
    turns = _queries(place, place.store("store"), _BY_CHANNEL, place.start)
    measured = interleaved(turns, place.repeats)
    work = f"KPIs by channel, last {place.last_days} days, first query"
    return [beside(work, measured, "DuckDB", Target("≤", 0.25)), beside(work, measured, "polars")]


def by_all(place: Place) -> list[Row]:
    """KPIs by date, channel and campaign over all days."""
    turns = _queries(place, place.store("store"), _BY_ALL)
    measured = interleaved(turns, place.repeats)
    work = "KPIs by date, channel and campaign, all days"
    return [beside(work, measured, "DuckDB", Target("≤", 0.5)), beside(work, measured, "polars")]


def after_upsert(place: Place) -> list[Row]:
    """KPIs by channel right after one day was replaced, and with no cache at all.

    The upsert of each turn finds a cache, since the uncached query of the turn before made one.
    """
    history = place.store("history")

    def replaced(turn: int) -> list[Lap]:
        run("ours:upsert_day", tables=place.tables, store=history, turn=2_000 + turn)
        return run("ours:query", store=history, by=_BY_CHANNEL)

    def uncached(_: int) -> list[Lap]:
        shutil.rmtree(Path(history, "_admira", "cache"), ignore_errors=True)
        return run("ours:query", store=history, by=_BY_CHANNEL)

    turns = _queries(place, history, _BY_CHANNEL)
    rivals = {who: turn for who, turn in turns.items() if who == "DuckDB"}
    measured = interleaved({"replaced": replaced, **rivals, "uncached": uncached}, place.repeats)
    return [
        beside("KPIs by channel, first query after an upsert", measured, "DuckDB", ours="replaced"),
        beside("KPIs by channel, first query, no cache", measured, "DuckDB", ours="uncached"),
    ]


def join(place: Place) -> list[Row]:
    """Join and metrics on frames in memory."""
    tables = place.tables
    found = []
    for by in (_BY_CHANNEL, _BY_ALL):
        turns: dict[str, Turn] = {
            "admira": lambda _, by=by: run("ours:join", tables=tables, by=by),
            "pandas": lambda _, by=by: run("kpis_pandas:query", tables=tables, by=by),
        }
        work = f"join_utm + compute_metrics, by {', '.join(by)}"
        found.append(beside(work, interleaved(turns, place.repeats), "pandas", Target("≤", 1)))
    return found


def ingest(place: Place) -> list[Row]:
    """Bring JSON files into a new store, and the part of it that reads and checks them."""
    folder, rows = Path(place.path("json")), place.ingest_rows
    size = {"rows": rows, "opportunities": rows // 5, "days": place.days}
    count = run("tables:build_json", tables=str(folder), **size)[0].found
    files = {name: str(folder / f"{name}.json") for name in ("ads", "crm")}
    turns: dict[str, Turn] = {
        "admira": lambda _: run("ours:ingest", store=place.new("loaded"), **files),
        "prepare": lambda _: run("ours:prepare", **files),
    }
    if place.has("dlt"):
        turns["dlt"] = lambda _: run("rivals:dlt_merge", folder=place.new("loaded"), **files)
    measured = interleaved(turns, place.repeats, they_write=True)
    place.new("loaded")
    for who, each in measured.items():
        if set(each.found()) != {count}:
            raise RuntimeError(f"{who} took {each.found()} of {count} rows")
    speed = count / measured["prepare"].seconds()
    return [
        beside(f"ingest of {count:,} rows of JSON", measured, "dlt", Target("≥", 20)),
        Row(
            "decode, normalize, validate",
            "",
            speed,
            target=Target("≥", 200_000),
            unit="rows/s",
        ),
    ]


def imports(place: Place) -> list[Row]:
    """Import admira, in processes that have imported nothing yet."""
    turns: dict[str, Turn] = {
        "admira": lambda _: run("imports:module", name="admira"),
        "every name": lambda _: run("imports:all_of_admira"),
        "import pandas": lambda _: run("imports:module", name="pandas"),
    }
    measured = interleaved(turns, 2 * place.repeats + 1)
    return [
        beside("import admira", measured, "import pandas", Target("≤", 1.15)),
        beside("import admira and every name", measured, "import pandas", ours="every name"),
    ]


def _queries(place: Place, store: str, by: list[str], start: str | None = None) -> dict[str, Turn]:
    """Give all who can answer a question, each in a process of its own."""
    asked = {"store": store, "by": by, "start": start}
    turns: dict[str, Turn] = {"admira": lambda _: run("ours:query", **asked)}
    if place.has("duckdb"):
        turns["DuckDB"] = lambda _: run("kpis_duckdb:query", **asked)
    if place.has("polars"):
        turns["polars"] = lambda _: run("kpis_polars:query", **asked)
    return turns


WORKS: dict[str, Callable[[Place], list[Row]]] = {
    "bulk_write": bulk_write,
    "upsert": upsert,
    "rerun": rerun,
    "agree": agree,
    "by_channel": by_channel,
    "last_days": last_days,
    "by_all": by_all,
    "after_upsert": after_upsert,
    "join": join,
    "ingest": ingest,
    "imports": imports,
    "engines": engines,
}
