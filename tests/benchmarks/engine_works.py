"""The engines beside the best SQL and beside each other, on a store generated to partitions."""

from tests.benchmarks.report import Row, Target, beside
from tests.benchmarks.runs import Lap, Measured, Place, Turn, interleaved, run

_BY = ["channel"]
_STEPS = {"first query": 0, "next query": 1}
_SCANS, _HELD = 2, 3  # the further steps of an engine's job
_SQL = {"DuckDB SQL": "monthly", "DuckDB SQL, partitions": "partitions"}


def engines(place: Place) -> list[Row]:
    """KPIs by channel over all days, on every engine that is installed."""
    store = place.path("partitions")
    size = {"rows": place.rows, "opportunities": place.opportunities, "days": place.days}
    place.once("partitions", "partitions:build", store=store, **size)
    compacted = run("engines:compact", store=store)[0]
    decided = run("engines:bridge", store=store)[0]
    run("engines:arrow", store=store, by=_BY)  # it keeps sums of its own, as in a store in use
    turns = {name: turn for name, (package, turn) in _turns(store).items() if place.has(package)}
    measured = interleaved(turns, place.repeats)
    found = [
        _once("once: a file per month", compacted),
        _once("once: map and bridge, then KPIs by channel on DuckDB", decided),
    ]
    for name, each in measured.items():
        found += _rows_of(name, each, measured, place)
    return found


def _rows_of(name: str, own: Measured, measured: dict[str, Measured], place: Place) -> list[Row]:
    """Give what is told of one contender."""
    rival = next(iter(_SQL))
    target = Target("≤", 1) if name == "DuckDB engine" and place.is_large else None
    if name == rival or rival not in measured:
        found = [Row(f"{name}, {asked}", "", own.seconds(step)) for asked, step in _STEPS.items()]
    else:
        found = [
            beside(f"{name}, {asked}", measured, rival, target, ours=name, step=step)
            for asked, step in _STEPS.items()
        ]
    speed = place.rows / own.seconds(1)
    found.append(Row(f"{name}, speed of the next query", "", speed, unit="rows/s"))
    laps = own.repeats[0]
    scans = laps[_SCANS].found if len(laps) > _SCANS else 0
    if scans:  # an eager engine has no plan to count them in
        found.append(
            Row(f"{name}, scans of tables", "", scans, target=Target("=", 2), unit="scans")
        )
    held = laps[_HELD].found if len(laps) > _HELD else own.peak(1)
    limit = Target("≤", 1024 * 1.048576) if "1 GiB" in name else None
    found.append(Row(f"{name}, peak memory", "", held, target=limit, unit="MB"))
    return found


def _once(work: str, lap: Lap) -> Row:
    return Row(work, "", lap.seconds, memory=(f"{lap.peak_megabytes:,.0f}", ""))


def _turns(store: str) -> dict[str, tuple[str, Turn]]:
    """Give the contenders, each with the package that it needs."""
    asked = {"store": store, "by": _BY}

    def job(name: str, **more: str | int) -> Turn:
        def start(_: int) -> list[Lap]:
            return run(name, **asked, **more)

        return start

    sql = {name: ("duckdb", job("kpis_duckdb:query", files=files)) for name, files in _SQL.items()}
    return {
        **sql,
        "DuckDB engine": ("duckdb", job("engines:duckdb")),
        "DuckDB engine, 1 GiB": ("duckdb", job("engines:duckdb", mebibytes=1024)),
        "polars engine": ("polars", job("engines:polars")),
        "Arrow": ("pyarrow", job("engines:arrow")),
        "Spark local[2]": ("pyspark", job("engines:spark")),
        "Spark local-cluster": ("pyspark", job("engines:spark", master="local-cluster[2,1,2048]")),
    }
