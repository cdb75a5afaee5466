"""A short run of the benchmarks: it fails only on what cannot be noise."""

from pathlib import Path

import duckdb
import pandas as pd
import pytest

import admira
from tests.benchmarks.__main__ import main
from tests.benchmarks.agreement import differences, questions
from tests.benchmarks.report import Row, Target, beside, growth, table
from tests.benchmarks.runs import Lap, Measured, listing, written
from tests.benchmarks.tables import as_pandas, build, build_json, changed_day

_DAYS, _CHANNELS = 20, 6


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = str(tmp_path_factory.mktemp("tables"))
    build(folder, rows=4_000, opportunities=800, days=_DAYS)[0]()
    return folder


@pytest.fixture(scope="module")
def store(tables: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    return _filled(tables, tmp_path_factory.mktemp("filled"))


@pytest.fixture
def own_store(tables: str, tmp_path: Path) -> str:
    return _filled(tables, tmp_path)


def _filled(tables: str, place: Path) -> str:
    folder = str(place / "store")
    opened = admira.open_store(folder)
    assert opened.upsert(as_pandas(tables, "ads")).inserted == 3_960
    assert opened.upsert(as_pandas(tables, "crm")).inserted == 800
    return folder


def test_every_partition_is_one_file_and_every_row_is_there_once(store: str, tables: str) -> None:
    files = [name for name in listing(store) if name.startswith("ads/")]
    assert len(files) == _DAYS * _CHANNELS
    with duckdb.connect() as connection:
        for name in ("ads", "crm"):
            path = f"{store}/{name}/**/*.parquet"
            count = "SELECT count(*) FROM read_parquet(?, hive_partitioning = true)"
            stored = connection.execute(count, [path]).fetchall()
            assert stored == [(len(as_pandas(tables, name)),)]


def test_a_days_upsert_writes_that_days_files_and_its_rerun_none(
    own_store: str, tables: str
) -> None:
    before = listing(f"{own_store}/ads")
    counts = admira.open_store(own_store).upsert(changed_day(tables, 0))
    assert counts.updated == len(as_pandas(tables, "day"))
    changed = written(before, listing(f"{own_store}/ads"))
    day = f"{as_pandas(tables, 'day')['date'].iloc[0]:%Y-%m-%d}"
    assert len(changed) == _CHANNELS
    assert all(name.startswith(f"date={day}/") for name in changed)
    after = listing(own_store)
    admira.open_store(own_store).upsert(changed_day(tables, 0))
    assert written(after, listing(own_store)) == []


@pytest.mark.parametrize(("by", "start"), questions("2024-01-12"))
def test_admira_and_its_rivals_give_the_same_kpis(
    store: str, tables: str, by: list[str], start: str | None
) -> None:
    found = differences(tables, store, by, start)
    assert {"DuckDB", "polars"} <= {*found}
    assert ("pandas" in found) is (start is None)
    assert set(found.values()) == {""}


def test_a_difference_of_kpis_is_noticed(own_store: str, tables: str) -> None:
    admira.open_store(own_store).upsert(changed_day(tables, 7))
    assert differences(tables, own_store, ["channel"], None)["pandas"] == "clicks differs"


def test_the_json_files_are_taken_whole(tmp_path: Path) -> None:
    count = build_json(str(tmp_path), rows=600, opportunities=60, days=5)[0]()
    report = admira.ingest("memory:", ads=tmp_path / "ads.json", crm=tmp_path / "crm.json")
    assert report["ads"].accepted + report["crm"].accepted == count


def test_the_command_measures_in_processes_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    size = ["--rows", "600", "--days", "5", "--repeats", "1", "--folder", str(tmp_path)]
    found = main([*size, "--only", "rerun"])
    assert "most files it wrote anywhere" in capsys.readouterr().out
    files = next(row for _, row in found if row.unit == "files")
    assert files.ours == 0
    assert files.is_met
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("target", "ratio", "is_met"),
    [(Target("≤", 1.2), 0.5, True), (Target("≤", 0.4), 0.5, False), (Target("≥", 2), 2.0, True)],
)
def test_a_target_is_of_ours_to_the_rivals_or_turned(
    target: Target, ratio: float, *, is_met: bool
) -> None:
    row = Row("work", "rival", ours=1.0, theirs=2.0, target=target)
    assert row.ratio == ratio
    assert row.is_met is is_met


def test_a_rival_that_was_left_out_is_named() -> None:
    measured = Measured()
    measured.repeats.append([Lap(seconds=1.0, start_megabytes=10.0, peak_megabytes=12.0)])
    row = beside("merge", {"admira": measured}, "Delta Lake", Target("≥", 10))
    assert "Delta Lake left out" in " ".join(table([(1_000, row)]).split())
    assert row.is_met is None


def test_growth_is_a_power_of_the_rows() -> None:
    found = [(rows, Row("sort", "", ours=rows**1.5 / 1e6)) for rows in (10_000, 1_000_000)]
    assert growth(found) == "sort, admira: 1.000 s → 1000.0 s (rows^1.50)"


def test_the_days_rows_differ_from_turn_to_turn(tables: str) -> None:
    turns = [changed_day(tables, turn)[["clicks", "cost"]] for turn in (0, 1)]
    assert (turns[0] != turns[1]).all(axis=None)
    pd.testing.assert_frame_equal(turns[0], changed_day(tables, 0)[["clicks", "cost"]])
