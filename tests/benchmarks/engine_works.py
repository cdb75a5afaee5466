"""The engines beside the best SQL and beside each other, on a store generated to partitions."""

from tests.benchmarks.report import Row, Target, beside
from tests.benchmarks.runs import Lap, Place, Turn, interleaved, run

_BY = ["channel"]
_MEGABYTES = 2  # the step of a Spark job that says how much its processes held


def engines(place: Place) -> list[Row]:
    """KPIs by channel over all days, on every engine that is installed."""
    store = place.path("partitions")
    size = {"rows": place.rows, "opportunities": place.opportunities, "days": place.days}
    place.once("partitions", "partitions:build", store=store, **size)
    made = run("engines:compact", store=store)[0]
    turns = {name: turn for name, (package, turn) in _turns(store).items() if place.has(package)}
    for turn in turns.values():  # map and bridge are kept, as in a store in use
        turn(0)
    measured = interleaved(turns, place.repeats)
    found = [Row("compaction into a file per month", "", made.seconds)]
    for name in turns.keys() - {"DuckDB SQL"}:
        is_duckdb = name == "DuckDB engine"
        target = Target("≤", 1) if is_duckdb else None
        for step, asked in enumerate(("first query", "next query")):
            work = f"KPIs by channel, all days, {name}, {asked}"
            found.append(beside(work, measured, "DuckDB SQL", target, ours=name, step=step))
        if name.startswith("Spark"):
            held = measured[name].repeats[0][_MEGABYTES].found
            found.append(Row(f"memory of {name}", "", held, unit="MB"))
    return sorted(found, key=lambda row: row.work)


def _turns(store: str) -> dict[str, tuple[str, Turn]]:
    """Give the engines, each with the package that it needs."""
    asked = {"store": store, "by": _BY}

    def job(name: str, **more: str) -> Turn:
        def start(_: int) -> list[Lap]:
            return run(name, **asked, **more)

        return start

    return {
        "DuckDB SQL": ("duckdb", job("kpis_duckdb:query")),
        "DuckDB engine": ("duckdb", job("engines:duckdb")),
        "DuckDB engine, 1 GiB": ("duckdb", job("engines:duckdb", memory_limit="1GiB")),
        "polars engine": ("polars", job("engines:polars")),
        "Arrow": ("pyarrow", job("engines:arrow")),
        "Spark local[2]": ("pyspark", job("engines:spark")),
        "Spark local-cluster": ("pyspark", job("engines:spark", master="local-cluster[2,1,2048]")),
    }
