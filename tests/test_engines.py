"""A store on other engines: the same numbers from few files, which are never stale."""

import gc
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow
import pytest

import admira
from admira.core.frames import collect
from admira.engines import size
from admira.errors import MissingExtra, OptionError, SchemaMismatch, StoreError
from admira.schemas import FACTS
from tests.core.tables import ad, ads_frame, crm_frame, opportunity

FRAMES = {"arrow": pyarrow.Table, "polars": pl.LazyFrame, "duckdb": duckdb.DuckDBPyRelation}
engines = pytest.mark.parametrize("engine", FRAMES)


def filled(url: str, ads: pd.DataFrame, crm: pd.DataFrame) -> admira.Store:
    store = admira.open_store(url)
    store.upsert(ads)
    store.upsert(crm)
    return store


@pytest.fixture(scope="module", params=["memory", "files"])
def demo(request: Any, tmp_path_factory: pytest.TempPathFactory) -> admira.Store:
    made = admira.demo()
    if request.param == "memory":
        return made
    return filled(str(tmp_path_factory.mktemp("with [a] {b} *?")), made.ads(), made.crm())


@pytest.fixture
def small(tmp_path: Path) -> admira.Store:
    ads = [ad("2025-07-31", "C-1", "sale/google/cpc", cost=1.0), ad("2025-08-01", "C-2", cost=2.0)]
    crm = [opportunity("O-1", "2025-08-02", "sale/google/cpc", stage="closed_won", amount=9.0)]
    return filled(str(tmp_path / "store"), ads_frame(*ads), crm_frame(*crm))


def in_pandas(frame: Any) -> pd.DataFrame:
    return collect(nw.from_native(frame))


@engines
def test_the_worked_example_gives_the_same_kpis(engine: str, tmp_path: Path) -> None:
    example = admira.datasets.worked_example()
    store = filled(str(tmp_path), example.ads_frame, example.crm_frame)
    kpis = store.metrics("channel", engine=engine)
    pd.testing.assert_frame_equal(kpis, store.metrics("channel"), rtol=1e-9)
    assert kpis.attrs == store.metrics("channel").attrs


@engines
@pytest.mark.parametrize(
    "asked",
    [
        {"by": ["date", "utm_source"], "grain": "week", "scope": "paid"},
        {"by": ["match", "channel"], "start": "2025-11-10", "end": "2025-12-03", "limit": 7},
        {"by": "channel", "lands_on": "ad_day", "funnel": "snapshot", "ambiguous": "winner"},
        {"by": "campaign_id", "lands_on": "closed", "window_days": 30, "channel": "Google_Ads"},
        {"by": "channel", "lands_on": "closed", "start": "2025-12-01"},
        {"by": [], "zero_division": 0.0, "aliases": None, "period": "2025-11"},
    ],
)
def test_the_demo_data_gives_the_same_kpis(
    engine: str, asked: dict[str, Any], demo: admira.Store
) -> None:
    expected = demo.metrics(**asked)
    pd.testing.assert_frame_equal(demo.metrics(**asked, engine=engine), expected, rtol=1e-9)


@engines
def test_facts_are_a_frame_of_the_engine_that_the_verbs_take(
    engine: str, demo: admira.Store
) -> None:
    facts = demo.facts(engine=engine, start="2025-11-01", channel="meta_ads")
    assert isinstance(facts, FRAMES[engine])
    expected = demo.facts(start="2025-11-01", channel="meta_ads")
    columns = ["opportunity_id", "date", "campaign_id", "match_weight"]
    found, expected = (
        FACTS.complete(rows).sort_values(columns, ignore_index=True)
        for rows in (in_pandas(facts), expected)
    )
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9)
    kpis = in_pandas(admira.compute_metrics(facts, by="channel"))
    assert kpis["cost"].sum() == pytest.approx(expected["cost"].sum())


@engines
def test_a_scan_gives_the_rows_asked_for(engine: str, demo: admira.Store) -> None:
    asked: dict[str, Any] = {"start": "2025-11-05", "end": "2025-12-01", "channel": "meta_ads"}
    found = demo.scan("ads", engine, **asked)
    assert isinstance(found, FRAMES[engine])
    key = ["date", "campaign_id"]
    rows = in_pandas(found).sort_values(key, ignore_index=True)
    pd.testing.assert_frame_equal(rows, demo.ads(**asked).sort_values(key, ignore_index=True))


@engines
def test_the_verbs_run_on_what_was_scanned(engine: str, demo: admira.Store) -> None:
    ads, crm = demo.scan("ads", engine), demo.scan("crm", engine)
    facts = admira.join_utm(ads, crm, campaigns=demo.campaigns())
    kpis = in_pandas(admira.compute_metrics(facts, by="channel"))
    expected = demo.metrics("channel")
    pd.testing.assert_series_equal(kpis["revenue"], expected["revenue"], rtol=1e-9)


def test_an_engine_reads_a_file_per_month(small: admira.Store) -> None:
    assert small.compact().to_dict("records") == [
        {"kind": "ads", "files": 2, "rows_in_no_file": 0},
        {"kind": "crm", "files": 1, "rows_in_no_file": 0},
    ]
    plan = small.scan("ads", "polars", start="2025-08-01").explain()
    assert "2025-08." in plan
    assert "2025-07." not in plan


def test_a_months_file_is_made_in_parts_of_a_few_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admira.stores.snapshot._ROW_GROUP", 4)
    ads = ads_frame(
        *(
            ad(f"2025-08-{day:02}", f"C-{number}", "sale" if day < 9 else f"tag{day}{number}")
            for day in range(1, 13)
            for number in range(4)
        )
    )
    store = filled(str(tmp_path), ads, crm_frame(opportunity("O-1", "2025-08-02")))
    for engine in FRAMES:
        rows = in_pandas(store.scan("ads", engine))
        rows = rows.sort_values(["date", "campaign_id"], ignore_index=True)
        pd.testing.assert_frame_equal(rows, store.ads())
    (file,) = Path(tmp_path, "_admira", "cache", "ads").iterdir()
    assert pyarrow.parquet.ParquetFile(file).num_row_groups == 12


@pytest.mark.parametrize(("large_month", "is_held"), [(0, False), (2**20, True)])
def test_rows_of_large_months_are_let_go_once_the_map_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large_month: int, *, is_held: bool
) -> None:
    monkeypatch.setattr("admira.stores.snapshot._LARGE_MONTH", large_month)
    days = pd.date_range("2025-08-01", "2025-08-31").strftime("%Y-%m-%d")
    ads = ads_frame(*(ad(day, f"C-{number}", "sale") for day in days for number in range(50)))
    store = filled(str(tmp_path), ads, crm_frame(opportunity("O-1", "2025-08-02", "sale")))
    store.compact()
    before = pyarrow.total_allocated_bytes()
    assert len(store.campaigns()) == 50
    gc.collect()
    rows_of_ads = len(ads) * 8  # the clicks alone
    assert (pyarrow.total_allocated_bytes() - before > rows_of_ads) is is_held
    assert len(store.campaigns()) == 50  # of the maps that are kept by now
    maps = [path for path, _ in store.backend._cache._held if "/campaigns/" in path]  # type: ignore[attr-defined]  # noqa: SLF001
    assert bool(maps) is is_held


def test_map_and_bridge_made_in_turns_say_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ads = ads_frame(
        *(
            ad(
                f"2025-08-{day:02}",
                f"C-{n}",
                "sale",
                clicks=n,
                cost=0.1,
                campaign_name=f"{day // 9}",
            )
            for day in range(1, 21)
            for n in range(4)
        )
    )
    tags = ["sale", "sale/google/cpc", "other", ""]
    crm = crm_frame(*(opportunity(f"O-{n}", "2025-08-02", tag) for n, tag in enumerate(tags)))
    at_once = filled(str(tmp_path / "at once"), ads, crm)
    expected = at_once.metrics("campaign_id", engine="duckdb")
    monkeypatch.setattr("admira.engines.bridges._ROWS_A_TURN", 33)
    monkeypatch.setattr("admira.engines.bridges.SITUATIONS_A_TURN", 3)
    in_turns = filled(str(tmp_path / "in turns"), ads, crm)
    found = in_turns.metrics("campaign_id", engine="duckdb")
    pd.testing.assert_frame_equal(in_turns.campaigns(), at_once.campaigns())
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9)


def test_two_tables_are_scanned_once_each(small: admira.Store) -> None:
    small.metrics("channel", engine="duckdb")
    facts = small.facts(engine="duckdb")
    plan = admira.compute_metrics(facts, by=["channel", "currency"]).explain()
    assert plan.count("READ_PARQUET") + plan.count("PARQUET_SCAN") == 2


@engines
def test_a_folders_name_is_no_pattern(engine: str, tmp_path: Path, small: admira.Store) -> None:
    small.compact()
    for name in ("store*", "stores"):  # the first would also name the second
        shutil.copytree(small.backend.path, tmp_path / name, copy_function=shutil.copy2)
    store = admira.open_store(tmp_path / "store*")
    store.compact()
    shutil.copytree(tmp_path / "store*", tmp_path / "stores", dirs_exist_ok=True)
    assert store.metrics([], engine=engine)["cost"].item() == 3.0


@engines
def test_what_is_committed_counts_at_once(engine: str, small: admira.Store) -> None:
    assert small.metrics([], engine=engine)["cost"].item() == 3.0
    small.upsert(ads_frame(ad("2025-08-01", "C-2", cost=5.0)))
    assert small.metrics([], engine=engine)["cost"].item() == 6.0
    small.upsert(crm_frame(opportunity("O-1", "2025-07-31", "", stage="lead")))
    assert small.metrics("channel", engine=engine)["channel"].tolist() == [
        "(untagged)",
        "google_ads",
    ]


@engines
def test_a_partition_that_someone_else_replaced_counts_at_once(
    engine: str, small: admira.Store
) -> None:
    small.metrics([], engine=engine)
    path = Path(
        small.backend.path, "ads", "date=2025-08-01", "channel=google_ads", "part-0.parquet"
    )
    rows = pyarrow.parquet.read_table(path)
    cost = rows.schema.get_field_index("cost")
    changed = rows.set_column(cost, rows.schema.field("cost"), pyarrow.array([40.0]))
    pyarrow.parquet.write_table(changed, path)
    assert small.metrics([], engine=engine)["cost"].item() == 41.0


def test_a_store_whose_cache_cannot_be_kept_is_read_all_the_same(small: admira.Store) -> None:
    Path(small.backend.path, "_admira", "cache").write_text("no folder", encoding="utf-8")
    assert small.compact()["rows_in_no_file"].tolist() == [2, 1]
    for engine in FRAMES:
        assert small.metrics([], engine=engine)["revenue"].item() == 9.0


def test_a_query_whose_files_a_commit_removed_is_run_again(
    small: admira.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = small.backend.reading

    def overtaken(load: Any) -> Any:
        found = reading(load)
        if not done and hasattr(found, "ads"):
            done.append(True)
            for file in found.ads.files:
                Path(file).unlink()
        return found

    done: list[bool] = []
    monkeypatch.setattr(small.backend, "reading", overtaken)
    assert small.metrics([], engine="duckdb")["cost"].item() == 3.0
    assert done


def test_a_query_that_fails_says_whose_it_was(small: admira.Store) -> None:
    session = duckdb.connect(config={"memory_limit": "1MB", "temp_directory": ""})
    with pytest.raises(StoreError, match=r"DuckDB could not work this out: .*Ask for fewer days"):
        small.metrics(["date", "channel"], engine="duckdb", session=session)


@engines
def test_mixed_currencies_are_refused_on_every_engine(engine: str, tmp_path: Path) -> None:
    ads = [ad("2025-08-01", f"C-{code}", cost=1.0, currency=code) for code in ("EUR", "USD")]
    store = filled(str(tmp_path), ads_frame(*ads), crm_frame(opportunity("O-1", "2025-08-02")))
    with pytest.raises(admira.AmbiguousData, match="EUR, USD"):
        store.metrics("channel", engine=engine)
    assert len(store.metrics("currency", engine=engine)) == 3


@engines
def test_an_empty_store_has_kpis_on_every_engine(engine: str, tmp_path: Path) -> None:
    store = admira.open_store(tmp_path / "new")
    assert store.metrics([], engine=engine)["leads"].tolist() == [0.0]
    assert store.metrics("channel", engine=engine).empty
    assert in_pandas(store.facts(engine=engine)).empty


@engines
def test_facts_and_kpis_are_written_as_parquet(
    engine: str, demo: admira.Store, tmp_path: Path
) -> None:
    demo.write_facts(str(tmp_path / "facts"), engine=engine, start="2025-11-01")
    demo.write_metrics(str(tmp_path / "kpis"), ["channel", "currency"], engine=engine)
    facts = pd.read_parquet(tmp_path / "facts")
    assert facts["revenue"].sum() == pytest.approx(demo.facts(start="2025-11-01")["revenue"].sum())
    assert [*facts] == FACTS.names
    kpis = pd.read_parquet(tmp_path / "kpis")
    assert kpis["cost"].sum() == pytest.approx(demo.metrics("currency")["cost"].sum())


def test_nothing_is_written_over(small: admira.Store, tmp_path: Path) -> None:
    for engine in ("arrow", "duckdb"):
        with pytest.raises(StoreError, match="is there already"):
            small.write_facts(str(tmp_path), engine=engine)


def test_a_store_past_its_share_of_memory_is_worked_on_by_duckdb(
    small: admira.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(small.scan("ads"), pyarrow.Table)
    expected, facts = small.metrics("channel"), small.facts()
    small.upsert(crm_frame(opportunity("O-2", "2025-08-02", stage="lead")))
    small.upsert(crm_frame(opportunity("O-2", "2025-08-02", stage="opportunity")))
    monkeypatch.setattr(size, "_ALWAYS_FITS", 0)
    monkeypatch.setattr(size, "MEMORY_SHARE", 0.0)
    assert isinstance(small.scan("ads"), duckdb.DuckDBPyRelation)
    assert small.metrics("channel")["cost"].tolist() == [0.0, *expected["cost"]]
    assert len(small.facts()) == len(facts) + 1


def test_facts_that_would_not_fit_are_refused_with_a_way_out(
    small: admira.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(size, "_ALWAYS_FITS", 0)
    monkeypatch.setattr(size, "MEMORY_SHARE", 0.0)
    monkeypatch.setattr("admira.engines.plan.MEMORY_SHARE", 0.0)
    with pytest.raises(StoreError, match="engine='duckdb'"):
        small.facts()


def test_without_duckdb_a_large_store_says_what_to_install(
    small: admira.Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(size, "_ALWAYS_FITS", 0)
    monkeypatch.setattr(size, "MEMORY_SHARE", 0.0)
    monkeypatch.setattr(size, "find_spec", lambda _: None)
    assert small.metrics([])["cost"].item() == 3.0
    assert "pip install 'admira[duckdb]'" in caplog.text


@pytest.mark.parametrize(
    ("engine", "package"), [("duckdb", "duckdb"), ("spark", "pyspark"), ("polars", "polars")]
)
def test_without_its_extra_every_call_says_which_to_install(
    engine: str, package: str, small: admira.Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    calls = [
        lambda: small.scan("ads", engine),
        lambda: small.facts(engine=engine),
        lambda: small.metrics(engine=engine),
        lambda: small.write_facts(str(tmp_path / "facts"), engine=engine),
    ]
    for call in calls:
        with pytest.raises(MissingExtra, match=rf"pip install 'admira\[{engine}\]'"):
            call()


def test_nothing_imports_an_engine_until_it_is_asked_for() -> None:
    script = """
        import sys
        import admira
        store = admira.open_store("memory:")
        store.upsert(admira.datasets.worked_example().ads_frame)
        store.metrics(); store.facts(); store.summary()
        print([name for name in ("duckdb", "pyspark", "polars", "py4j") if name in sys.modules])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_what_does_not_exist_is_refused(small: admira.Store) -> None:
    with pytest.raises(OptionError, match="expected one of: arrow, polars, duckdb, spark"):
        small.metrics(engine="sparc")
    with pytest.raises(OptionError, match="expected one of: ads, crm"):
        small.scan("deals", "arrow")
    with pytest.raises(OptionError, match="session"):
        small.scan("ads", "polars", session=duckdb.connect())
    with pytest.raises(SchemaMismatch, match="channel"):
        small.scan("crm", "arrow", channel="meta_ads")
    with pytest.raises(OptionError, match="lands"):
        small.facts(engine="duckdb", lands="created")
