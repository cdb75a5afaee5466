"""Measure admira beside its rivals: ``python -m tests.benchmarks --rows 100000 1000000``."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from tests.benchmarks.report import Row, growth, table
from tests.benchmarks.runs import Place
from tests.benchmarks.works import WORKS

_NOTES = """\
Medians of {repeats} runs, ours and the rivals' in turn, each in a process of its own whose clock
starts after imports.  Files are in the page cache.  Memory is a process's peak resident set, in
brackets what the work added to the peak before it.  Delta Lake and pyarrow get an Arrow table and
do not fsync; ours gets a pandas frame and does."""


def main(arguments: Sequence[str] | None = None) -> list[tuple[int, Row]]:
    """Measure what is asked for and print one table."""
    asked = _parser().parse_args(arguments)
    left_out = {name for name in ("deltalake", "dlt", "pyspark") if getattr(asked, f"no_{name}")}
    found: list[tuple[int, Row]] = []
    if asked.folder is not None:
        Path(asked.folder).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="admira-benchmarks-", dir=asked.folder) as folder:
        for rows in sorted(asked.rows):
            place = Place(
                Path(folder, str(rows)),
                rows,
                asked.days,
                asked.repeats,
                asked.ingest_rows,
                frozenset(left_out),
            )
            for name in asked.only or WORKS:
                begun = perf_counter()
                found += [(rows, row) for row in WORKS[name](place)]
                _tell(f"{rows:,} rows, {name}: {perf_counter() - begun:.0f} s")
            shutil.rmtree(place.folder, ignore_errors=True)
    print(table(found))  # noqa: T201 - the table is what this command is for
    print("\n" + _NOTES.format(repeats=asked.repeats))  # noqa: T201 - likewise
    if len(asked.rows) > 1:
        print("\nHow each figure grows\n" + growth(found))  # noqa: T201 - likewise
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    add = parser.add_argument
    add("--rows", type=int, nargs="+", default=[1_000_000], help="ad rows; a fifth as many deals")
    add("--days", type=int, default=730, help="days that the rows are spread over")
    add("--repeats", type=int, default=5, help="runs of each contender")
    add("--ingest-rows", type=int, default=100_000, help="ad rows of the JSON files")
    add("--only", nargs="+", choices=WORKS, metavar="NAME", help=f"of {', '.join(WORKS)}")
    add("--folder", type=Path, help="where to work; by default among the temporary files")
    add("--no-delta", dest="no_deltalake", action="store_true", help="leave Delta Lake out")
    add("--no-spark", dest="no_pyspark", action="store_true", help="leave Spark out")
    add("--no-dlt", action="store_true", help="leave dlt out")
    return parser


def _tell(progress: str) -> None:
    """Say on the error stream how far it is."""
    sys.stderr.write(f"{progress}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
